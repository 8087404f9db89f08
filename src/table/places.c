#include "table/places.h"
#include "base/hash.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#define TEXT_BLOCK_NBYTES ((size_t)32 << 10)

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

struct bb_places {
    struct bb_budget *budget;
    pthread_rwlock_t lock;
    struct place *places;
    size_t n, cap;
    uint32_t *table; /* open addressing, place + 1, 0 = empty */
    size_t table_size;
    uint32_t *identity_table; /* a place of that identity + 1 */
    size_t identity_table_size, n_identities;
    struct text_block *text;
    uint32_t *rank_of, *place_at, *identity_of;
    size_t n_ranked;
};

struct bb_places *bb_places_new(struct bb_budget *budget)
{
    struct bb_places *p = bb_calloc(budget, sizeof *p);
    if (!p) return NULL;
    p->budget = budget;
    pthread_rwlock_init(&p->lock, NULL);
    return p;
}

void bb_places_free(struct bb_places *p)
{
    if (!p) return;
    while (p->text) {
        struct text_block *next = p->text->next;
        bb_free(p->text);
        p->text = next;
    }
    bb_free(p->places);
    bb_free(p->table);
    bb_free(p->identity_table);
    bb_free(p->rank_of);
    bb_free(p->place_at);
    bb_free(p->identity_of);
    pthread_rwlock_destroy(&p->lock);
    bb_free(p);
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

static int key_cmp(const struct bb_place_key *a, const struct bb_place_key *b)
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
    if (p->table_size == 0) return 0;
    for (size_t i = hash & (p->table_size - 1);; i = (i + 1) & (p->table_size - 1)) {
        const struct place *at;
        if (p->table[i] == 0) return 0;
        at = &p->places[p->table[i] - 1];
        if (at->hash == hash && key_cmp(&at->key, key) == 0) {
            *place_ret = p->table[i] - 1;
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

static uint32_t *rehash(struct bb_places *p, size_t size, int by_identity)
{
    uint32_t *table = bb_calloc(p->budget, size * sizeof *table);
    if (!table) return NULL;
    for (size_t n = 0; n < p->n; n++) {
        const struct bb_str identity = p->places[n].key.identity;
        uint64_t hash = by_identity ? bb_hash64(identity.p, identity.n) : p->places[n].hash;
        size_t i = hash & (size - 1);
        int known = 0;
        while (table[i] != 0 && !known) {
            if (by_identity && p->places[table[i] - 1].identity == p->places[n].identity)
                known = 1;
            else
                i = (i + 1) & (size - 1);
        }
        if (!known) table[i] = (uint32_t)n + 1;
    }
    return table;
}

static int make_room(struct bb_places *p)
{
    size_t size = p->table_size ? p->table_size : 512;
    if (!bb_grow(p->budget, (void **)&p->places, &p->cap, p->n + 1, sizeof *p->places)) return 0;
    if (p->table_size && (p->n + 1) * 2 <= p->table_size) return 1;
    if ((p->n + 1) * 2 > size) size *= 2;
    for (int by_identity = 0; by_identity < 2; by_identity++) {
        uint32_t *table = rehash(p, size, by_identity);
        if (!table) return 0;
        bb_free(by_identity ? p->identity_table : p->table);
        if (by_identity)
            p->identity_table = table, p->identity_table_size = size;
        else
            p->table = table, p->table_size = size;
    }
    return 1;
}

static uint32_t identity_index(struct bb_places *p, struct bb_str identity, uint32_t place)
{
    size_t i = bb_hash64(identity.p, identity.n) & (p->identity_table_size - 1);
    for (;; i = (i + 1) & (p->identity_table_size - 1)) {
        if (p->identity_table[i] == 0) {
            p->identity_table[i] = place + 1;
            return (uint32_t)p->n_identities++;
        }
        if (bb_str_eq(p->places[p->identity_table[i] - 1].key.identity, identity))
            return p->places[p->identity_table[i] - 1].identity;
    }
}

static int add(struct bb_places *p, const struct bb_place_key *key, uint64_t hash, uint32_t *place_ret)
{
    struct place *at;
    size_t i;
    if (p->n >= UINT32_MAX - 1 || !make_room(p)) return 0;
    at = &p->places[p->n];
    at->key = *key;
    at->hash = hash;
    if (!copy_text(p, &at->key.identity) || !copy_text(p, &at->key.name) || !copy_text(p, &at->key.id) ||
        !copy_text(p, &at->key.zone) || !copy_text(p, &at->key.unit))
        return 0;
    at->identity = identity_index(p, at->key.identity, (uint32_t)p->n);
    for (i = hash & (p->table_size - 1); p->table[i] != 0;) i = (i + 1) & (p->table_size - 1);
    p->table[i] = (uint32_t)p->n + 1;
    *place_ret = (uint32_t)p->n++;
    return 1;
}

enum bb_status bb_places_intern(struct bb_places *p, const struct bb_place_key *key, uint32_t *place_ret,
                                struct bb_error *err)
{
    uint64_t hash = hash_of(key);
    int ok;
    pthread_rwlock_rdlock(&p->lock);
    ok = find(p, key, hash, place_ret);
    pthread_rwlock_unlock(&p->lock);
    if (ok) return BB_OK;
    pthread_rwlock_wrlock(&p->lock);
    ok = find(p, key, hash, place_ret) || add(p, key, hash, place_ret);
    pthread_rwlock_unlock(&p->lock);
    return ok ? BB_OK : bb_fail_budget(err, p->budget, "the list of locations");
}

size_t bb_places_count(const struct bb_places *p) { return p->n; }
size_t bb_places_identities(const struct bb_places *p) { return p->n_identities; }

struct bb_place_key bb_places_get(struct bb_places *p, uint32_t place)
{
    struct bb_place_key key;
    pthread_rwlock_rdlock(&p->lock); /* the array may move under an intern in another thread; the texts do not */
    key = p->places[place].key;
    pthread_rwlock_unlock(&p->lock);
    return key;
}

const struct bb_place_key *bb_places_at(const struct bb_places *p, uint32_t place) { return &p->places[place].key; }

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
    return key_cmp(&p->places[a->place].key, &p->places[b->place].key);
}

enum bb_status bb_places_rank(struct bb_places *p, const uint32_t **rank_of, const uint32_t **place_at,
                              const uint32_t **identity_of, struct bb_error *err)
{
    if (p->n_ranked != p->n) {
        size_t nbytes = p->n * sizeof(uint32_t);
        uint32_t *a = bb_realloc(p->budget, p->rank_of, nbytes);
        if (a) p->rank_of = a;
        uint32_t *b = bb_realloc(p->budget, p->place_at, nbytes);
        if (b) p->place_at = b;
        uint32_t *c = bb_realloc(p->budget, p->identity_of, nbytes);
        if (c) p->identity_of = c;
        struct ranked *ranked = bb_alloc(p->budget, p->n * sizeof *ranked);
        p->n_ranked = 0;
        if (!a || !b || !c || !ranked) {
            bb_free(ranked);
            return bb_fail_budget(err, p->budget, "the order of locations");
        }
        for (size_t i = 0; i < p->n; i++)
            ranked[i] = (struct ranked){ prefix_of(p->places[i].key.name), (uint32_t)i };
        qsort_r(ranked, p->n, sizeof *ranked, by_key, p);
        for (size_t i = 0; i < p->n; i++) {
            b[i] = ranked[i].place;
            a[b[i]] = (uint32_t)i;
            c[i] = p->places[i].identity;
        }
        bb_free(ranked);
        p->n_ranked = p->n;
    }
    *rank_of = p->rank_of;
    *place_at = p->place_at;
    *identity_of = p->identity_of;
    return BB_OK;
}
