/* From the raw bytes of a record's location columns to a place, without looking inside them: reports list the same locations
 * in the same order again and again, so the entry that followed last time is compared first. One per worker. */
#ifndef BB_PLACE_CACHE_H
#define BB_PLACE_CACHE_H

#include "base/mem.h"
#include "base/str.h"

struct bb_place_entry {
    uint64_t hash; /* of text and layout */
    uint64_t layout;
    uint32_t text, n; /* in the arena */
    uint32_t place;
    uint32_t next;    /* the entry that followed last time; itself at first */
    uint32_t unknown; /* 1: its type word is not in the map */
};

struct bb_place_cache {
    struct bb_budget *budget;
    struct bb_place_entry *entries;
    size_t n, cap;
    char *arena;
    size_t arena_n, arena_cap;
    uint32_t *table; /* open addressing, entry + 1 */
    size_t table_size;
    uint32_t last; /* entry of the record before */
};

void bb_place_cache_init(struct bb_place_cache *cache, struct bb_budget *budget);
void bb_place_cache_reset(struct bb_place_cache *cache);

/* Entry for these bytes read under this layout (format and column map), or NULL. Becomes the successor of the last. */
const struct bb_place_entry *bb_place_cache_find(struct bb_place_cache *cache, uint64_t layout, struct bb_str raw);
/* Adds what find did not find. When the cache has grown beyond its bound it starts anew. 0: no memory. */
int bb_place_cache_add(struct bb_place_cache *cache, uint64_t layout, struct bb_str raw, uint32_t place,
                       int unknown) BB_WARN_UNUSED;

/* The common case: the entry that followed last time. */
static inline const struct bb_place_entry *bb_place_cache_next(struct bb_place_cache *cache, uint64_t layout,
                                                               struct bb_str raw)
{
    const struct bb_place_entry *e;
    if (cache->n == 0) return NULL;
    e = &cache->entries[cache->entries[cache->last].next];
    if (e->n != raw.n || e->layout != layout || !bb_text_same(cache->arena + e->text, raw.p, raw.n)) return NULL;
    cache->last = (uint32_t)(e - cache->entries);
    return e;
}

#endif
