#include "markets/place_cache.h"
#include "base/hash.h"

/* Enough for every location of the largest operator several times over; beyond it the text is hostile. */
#define MAX_ENTRIES ((size_t)1 << 17)
#define MAX_ARENA   ((size_t)16 << 20)

void bb_place_cache_init(struct bb_place_cache *c, struct bb_budget *budget)
{
    memset(c, 0, sizeof *c);
    c->budget = budget;
}

void bb_place_cache_reset(struct bb_place_cache *c)
{
    bb_free(c->entries);
    bb_free(c->arena);
    bb_free(c->table);
    bb_place_cache_init(c, c->budget);
}

static uint64_t hash_of(uint64_t layout, struct bb_str raw) { return bb_hash64(raw.p, raw.n) ^ layout; }

const struct bb_place_entry *bb_place_cache_find(struct bb_place_cache *c, uint64_t layout, struct bb_str raw)
{
    uint64_t hash = hash_of(layout, raw);
    if (c->table_size == 0) return NULL;
    for (size_t i = hash & (c->table_size - 1);; i = (i + 1) & (c->table_size - 1)) {
        struct bb_place_entry *e;
        if (c->table[i] == 0) return NULL;
        e = &c->entries[c->table[i] - 1];
        if (e->hash != hash || e->layout != layout || e->n != raw.n ||
            memcmp(c->arena + e->text, raw.p, raw.n) != 0)
            continue;
        c->entries[c->last].next = c->table[i] - 1;
        c->last = c->table[i] - 1;
        return e;
    }
}

static int make_table(struct bb_place_cache *c, size_t size)
{
    uint32_t *table = bb_calloc(c->budget, size * sizeof *table);
    if (!table) return 0;
    for (size_t n = 0; n < c->n; n++) {
        size_t i = c->entries[n].hash & (size - 1);
        while (table[i]) i = (i + 1) & (size - 1);
        table[i] = (uint32_t)n + 1;
    }
    bb_free(c->table);
    c->table = table;
    c->table_size = size;
    return 1;
}

int bb_place_cache_add(struct bb_place_cache *c, uint64_t layout, struct bb_str raw, uint32_t place, int unknown)
{
    struct bb_place_entry *e;
    size_t i;
    if (c->n == MAX_ENTRIES || c->arena_n + raw.n > MAX_ARENA) {
        c->n = c->arena_n = 0;
        c->last = 0;
        if (c->table_size) memset(c->table, 0, c->table_size * sizeof *c->table);
    }
    if (!bb_grow(c->budget, (void **)&c->entries, &c->cap, c->n + 1, sizeof *c->entries)) return 0;
    if (!bb_grow(c->budget, (void **)&c->arena, &c->arena_cap, c->arena_n + raw.n + 1, 1)) return 0;
    if ((c->n + 1) * 2 > c->table_size && !make_table(c, c->table_size ? c->table_size * 2 : 1024)) return 0;
    e = &c->entries[c->n];
    *e = (struct bb_place_entry){ hash_of(layout, raw), layout,      (uint32_t)c->arena_n, (uint32_t)raw.n, place,
                                  (uint32_t)c->n,       unknown != 0 };
    memcpy(c->arena + c->arena_n, raw.p, raw.n);
    c->arena_n += raw.n;
    for (i = e->hash & (c->table_size - 1); c->table[i];) i = (i + 1) & (c->table_size - 1);
    c->table[i] = (uint32_t)c->n + 1;
    c->entries[c->last].next = (uint32_t)c->n;
    c->last = (uint32_t)c->n++;
    return 1;
}
