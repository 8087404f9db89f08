#include "table/places.h"
#include "base/hash.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#define TEXT_BLOCK_NBYTES ((size_t)32 << 10)
#define FIRST_SHELF_BITS  10u /* places of the first shelf; each further one has twice as many */
#define MAX_SHELVES       (32u - FIRST_SHELF_BITS)

struct place { /* six texts as offsets would save little: the registry is small beside the rows */
    struct bb_place_key key;
    uint64_t hash;
    uint32_t identity;
};

struct text_block {
    struct text_block *next;
    size_t used;
    char text[];
};

/* Open addressing. When it is too small a larger one takes its place; who still reads the old one finds less in it and asks again
 * under the lock. */
struct table {
    struct table *older; /* until nobody can be reading them */
    size_t size;
    _Atomic uint32_t slots[]; /* place + 1, 0 = empty */
};

/* Looking up takes no lock: a place never moves and is complete before its number stands in the table. Two threads that read files of the
 * same locations would else sleep more than they read. */
struct bb_places {
    struct bb_budget *budget;
    pthread_mutex_t mutex; /* of adding */
    struct place *shelves[MAX_SHELVES];
    _Atomic size_t n; /* complete ones */
    struct table *_Atomic table;
    uint32_t *identity_table; /* a place of that identity + 1 */
    size_t identity_table_size;
    uint32_t n_identities;
    struct text_block *text;
    struct bb_place_order order;
};

struct bb_places *bb_places_new(struct bb_budget *budget)
{
    struct bb_places *p = bb_calloc(budget, sizeof *p);
    if (!p) return NULL;
    p->budget = budget;
    pthread_mutex_init(&p->mutex, NULL);
    return p;
}

static void free_tables(struct table *t)
{
    while (t) {
        struct table *older = t->older;
        bb_free(t);
        t = older;
    }
}

void bb_places_free(struct bb_places *p)
{
    if (!p) return;
    while (p->text) {
        struct text_block *next = p->text->next;
        bb_free(p->text);
        p->text = next;
    }
    for (unsigned i = 0; i < MAX_SHELVES; i++) bb_free(p->shelves[i]);
    free_tables(p->table);
    bb_free(p->identity_table);
    bb_free(p->order.rank_of);
    bb_free(p->order.place_at);
    bb_free(p->order.identity_of);
    pthread_mutex_destroy(&p->mutex);
    bb_free(p);
}

static unsigned shelf_of(size_t place)
{
    return 63u - (unsigned)__builtin_clzll(place + (1u << FIRST_SHELF_BITS)) - FIRST_SHELF_BITS;
}

static struct place *at(const struct bb_places *p, size_t place)
{
    unsigned shelf = shelf_of(place);
    return p->shelves[shelf] + (place + (1u << FIRST_SHELF_BITS) - ((size_t)1 << (shelf + FIRST_SHELF_BITS)));
}

static uint64_t mix(uint64_t h, struct bb_str s) { return (h ^ bb_hash64(s.p, s.n)) * 0x9E3779B97F4A7C15u + s.n; }

static uint64_t hash_of(const struct bb_place_key *k)
{
    uint64_t voltage = 0;
    uint64_t h = mix(1, k->identity);
    h = mix(h, k->name);
    h = mix(h, k->id);
    h = mix(h, k->zone);
    h = mix(h, k->unit);
    if (!isnan(k->voltage_kv)) memcpy(&voltage, &k->voltage_kv, sizeof voltage);
    h ^= voltage * 0x9E3779B97F4A7C15u + (uint64_t)k->type;
    return h ^ h >> 29;
}

static int voltage_cmp(double a, double b)
{
    if (isnan(a) || isnan(b)) return isnan(a) ? (isnan(b) ? 0 : -1) : 1;
    return a < b ? -1 : a > b;
}

int bb_place_key_cmp(const struct bb_place_key *a, const struct bb_place_key *b)
{
    int c = bb_str_cmp(a->name, b->name);
    if (c == 0) c = bb_str_cmp(a->id, b->id);
    if (c == 0) c = bb_str_cmp(a->zone, b->zone);
    if (c == 0) c = (int)a->type - (int)b->type;
    if (c == 0) c = voltage_cmp(a->voltage_kv, b->voltage_kv);
    if (c == 0) c = bb_str_cmp(a->unit, b->unit);
    if (c == 0) c = bb_str_cmp(a->identity, b->identity);
    return c;
}

static int find(const struct bb_places *p, const struct bb_place_key *key, uint64_t hash, uint32_t *place_ret)
{
    const struct table *t = atomic_load_explicit(&p->table, memory_order_acquire);
    if (!t) return 0;
    for (size_t i = hash & (t->size - 1);; i = (i + 1) & (t->size - 1)) {
        uint32_t place = atomic_load_explicit(&t->slots[i], memory_order_acquire);
        if (place == 0) return 0;
        if (at(p, place - 1)->hash == hash && bb_place_key_cmp(&at(p, place - 1)->key, key) == 0) {
            *place_ret = place - 1;
            return 1;
        }
    }
}

static int copy_text(struct bb_places *p, struct bb_str *s)
{
    struct text_block *block = p->text;
    size_t cap = BB_MAX(TEXT_BLOCK_NBYTES - sizeof *block, s->n);
    if (s->n == 0) {
        s->p = "";
        return 1;
    }
    if (!block || block->used + s->n > TEXT_BLOCK_NBYTES - sizeof *block) {
        block = bb_alloc(p->budget, sizeof *block + cap);
        if (!block) return 0;
        block->next = p->text;
        block->used = 0;
        p->text = block;
    }
    memcpy(block->text + block->used, s->p, s->n);
    s->p = block->text + block->used;
    block->used += s->n;
    return 1;
}

static void put(struct table *t, uint64_t hash, size_t place)
{
    size_t i = hash & (t->size - 1);
    while (atomic_load_explicit(&t->slots[i], memory_order_relaxed) != 0) i = (i + 1) & (t->size - 1);
    atomic_store_explicit(&t->slots[i], (uint32_t)place + 1, memory_order_release);
}

static int larger_table(struct bb_places *p, size_t size)
{
    struct table *t = bb_calloc(p->budget, sizeof *t + size * sizeof t->slots[0]);
    if (!t) return 0;
    t->size = size;
    t->older = p->table;
    for (size_t i = 0; i < p->n; i++) put(t, at(p, i)->hash, i);
    atomic_store_explicit(&p->table, t, memory_order_release);
    return 1;
}

static uint32_t *identity_slot(struct bb_places *p, struct bb_str identity)
{
    size_t i = bb_hash64(identity.p, identity.n) & (p->identity_table_size - 1);
    while (p->identity_table[i] != 0 && !bb_str_eq(at(p, p->identity_table[i] - 1)->key.identity, identity))
        i = (i + 1) & (p->identity_table_size - 1);
    return &p->identity_table[i];
}

static int larger_identity_table(struct bb_places *p, size_t size)
{
    uint32_t *table = bb_calloc(p->budget, size * sizeof *table);
    if (!table) return 0;
    bb_free(p->identity_table);
    p->identity_table = table;
    p->identity_table_size = size;
    for (size_t i = 0; i < p->n; i++) {
        uint32_t *slot = identity_slot(p, at(p, i)->key.identity);
        if (*slot == 0) *slot = (uint32_t)i + 1;
    }
    return 1;
}

static int make_room(struct bb_places *p)
{
    unsigned shelf = shelf_of(p->n);
    size_t size = p->table ? p->table->size : 512;
    if (!p->shelves[shelf])
        p->shelves[shelf] = bb_alloc(p->budget, ((size_t)1 << (shelf + FIRST_SHELF_BITS)) * sizeof(struct place));
    if (!p->shelves[shelf]) return 0;
    if (p->table && (p->n + 1) * 2 <= size) return 1;
    if ((p->n + 1) * 2 > size) size *= 2;
    return larger_identity_table(p, size) && larger_table(p, size);
}

static int add(struct bb_places *p, const struct bb_place_key *key, uint64_t hash, uint32_t *place_ret)
{
    struct place *fresh;
    uint32_t *slot;
    if (p->n >= ((size_t)1 << 31) || !make_room(p)) return 0;
    fresh = at(p, p->n);
    fresh->key = *key;
    fresh->hash = hash;
    if (!copy_text(p, &fresh->key.identity) || !copy_text(p, &fresh->key.name) || !copy_text(p, &fresh->key.id) ||
        !copy_text(p, &fresh->key.zone) || !copy_text(p, &fresh->key.unit))
        return 0;
    slot = identity_slot(p, fresh->key.identity);
    if (*slot == 0) {
        *slot = (uint32_t)p->n + 1;
        fresh->identity = p->n_identities++;
    } else {
        fresh->identity = at(p, *slot - 1)->identity;
    }
    put(p->table, hash, p->n);
    *place_ret = (uint32_t)p->n++;
    return 1;
}

enum bb_status bb_places_intern(struct bb_places *p, const struct bb_place_key *key, uint32_t *place_ret,
                                struct bb_error *err)
{
    uint64_t hash = hash_of(key);
    int ok;
    if (find(p, key, hash, place_ret)) return BB_OK;
    pthread_mutex_lock(&p->mutex);
    ok = find(p, key, hash, place_ret) || add(p, key, hash, place_ret);
    pthread_mutex_unlock(&p->mutex);
    return ok ? BB_OK : bb_fail_budget(err, p->budget, "the list of locations");
}

size_t bb_places_count(const struct bb_places *p) { return p->n; }

const struct bb_place_key *bb_places_at(const struct bb_places *p, uint32_t place) { return &at(p, place)->key; }

uint32_t bb_places_identity(const struct bb_places *p, uint32_t place) { return at(p, place)->identity; }

struct ranked {
    uint64_t
        prefix; /* the name's first eight bytes, the first one highest: tells most places apart without a look at their texts */
    uint32_t place;
};

static uint64_t prefix_of(struct bb_str s)
{
    uint64_t v = 0;
    if (s.n) memcpy(&v, s.p, BB_MIN(s.n, sizeof v));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

static int by_key(const void *a_, const void *b_, void *ctx)
{
    const struct bb_places *p = ctx;
    const struct ranked *a = a_, *b = b_;
    if (a->prefix != b->prefix) return a->prefix < b->prefix ? -1 : 1;
    return bb_place_key_cmp(&at(p, a->place)->key, &at(p, b->place)->key);
}

static int room_for_order(struct bb_places *p, size_t n, struct ranked **ranked_ret)
{
    uint32_t **arrays[] = { &p->order.rank_of, &p->order.place_at, &p->order.identity_of };
    for (size_t i = 0; i < BB_ARRAY_LEN(arrays); i++) {
        uint32_t *array = bb_realloc(p->budget, *arrays[i], n * sizeof *array);
        if (!array) return 0;
        *arrays[i] = array;
    }
    *ranked_ret = bb_alloc(p->budget, n * sizeof **ranked_ret);
    return *ranked_ret != NULL;
}

enum bb_status bb_places_rank(struct bb_places *p, const struct bb_place_order **order_ret, struct bb_error *err)
{
    struct bb_place_order *o = &p->order;
    struct ranked *ranked;
    size_t n;
    uint32_t n_identities;
    pthread_mutex_lock(&p->mutex); /* what is added meanwhile is not in the order */
    n = p->n;
    n_identities = p->n_identities;
    pthread_mutex_unlock(&p->mutex);
    *order_ret = o;
    if (o->n_places == n) return BB_OK;
    o->n_places = 0;
    if (!room_for_order(p, n, &ranked)) return bb_fail_budget(err, p->budget, "the order of locations");
    for (size_t i = 0; i < n; i++) ranked[i] = (struct ranked){ prefix_of(at(p, i)->key.name), (uint32_t)i };
    qsort_r(ranked, n, sizeof *ranked, by_key, p);
    for (size_t i = 0; i < n; i++) {
        o->place_at[i] = ranked[i].place;
        o->rank_of[ranked[i].place] = (uint32_t)i;
        o->identity_of[i] = at(p, i)->identity;
    }
    bb_free(ranked);
    o->n_places = n;
    o->n_identities = n_identities;
    return BB_OK;
}
