/* From the raw bytes of a record's time columns to its instant. A report spells few instants, each very often; a small
 * table remembers them, and which one followed each: CAISO's files have the hours of a location in an order of their own, and
 * the same for every location. A text may stand in any of four entries: with one for each, a third of the hours of two weeks shared theirs
 * with another, and rows in no order asked for both in turn. One per worker. */
#ifndef BB_TIME_CACHE_H
#define BB_TIME_CACHE_H

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#define BB_TIME_CACHE_SIZE                                                                                         \
    1024 /* a month of 15-minute stamps spreads over three; a day of five-minute stamps fits */
#define BB_TIME_WAYS     4
#define BB_TIME_TEXT_MAX 80

struct bb_time_entry {
    uint64_t layout;
    uint32_t utc_s;
    uint16_t n;     /* 0: empty */
    uint16_t run_s; /* see struct bb_order_need */
    uint16_t next;  /* entry that came after this one last time */
    char text[BB_TIME_TEXT_MAX];
};

struct bb_time_cache {
    uint32_t tags[BB_TIME_CACHE_SIZE]; /* from the hash of the text that each entry was last offered to */
    struct bb_time_entry entries[BB_TIME_CACHE_SIZE];
    uint16_t last;  /* entry that was asked for last */
    uint16_t turns; /* entries that had to make room */
};

static inline int bb_time_entry_is(const struct bb_time_entry *e, uint64_t layout, struct bb_str raw)
{
    return e->n == raw.n && raw.n && e->layout == layout && bb_text_same(e->text, raw.p, raw.n);
}
/* The entry that followed last time if it is the text's, else NULL. */
static inline const struct bb_time_entry *bb_time_cache_next(struct bb_time_cache *cache, uint64_t layout,
                                                             struct bb_str raw)
{
    uint16_t next = cache->entries[cache->last].next;
    if (!bb_time_entry_is(&cache->entries[next], layout, raw)) return NULL;
    cache->last = next;
    return &cache->entries[next];
}
static inline uint16_t bb_time_cache_find(struct bb_time_cache *cache, uint64_t layout, struct bb_str raw)
{
    uint64_t hash = bb_hash64(raw.p, raw.n) ^ layout;
    uint32_t tag = (uint32_t)(hash >> 32) | 1; /* 0: empty */
    size_t first = (size_t)hash % (BB_TIME_CACHE_SIZE / BB_TIME_WAYS) * BB_TIME_WAYS, at = first;
    while (at < first + BB_TIME_WAYS && cache->tags[at] != 0 && cache->tags[at] != tag) at++;
    if (at == first + BB_TIME_WAYS) at = first + cache->turns++ % BB_TIME_WAYS;
    cache->tags[at] = tag;
    return (uint16_t)at;
}
/* The entry of a text, or the one that it may take. */
static inline struct bb_time_entry *bb_time_cache_slot(struct bb_time_cache *cache, uint64_t layout,
                                                       struct bb_str raw)
{
    struct bb_time_entry *before = &cache->entries[cache->last];
    if (!bb_time_entry_is(&cache->entries[before->next], layout, raw))
        before->next = bb_time_cache_find(cache, layout, raw);
    cache->last = before->next;
    return &cache->entries[cache->last];
}
static inline void bb_time_entry_set(struct bb_time_entry *e, uint64_t layout, struct bb_str raw, uint32_t utc_s,
                                     uint16_t run_s)
{
    if (raw.n == 0 || raw.n > BB_TIME_TEXT_MAX) return;
    e->layout = layout;
    e->utc_s = utc_s;
    e->n = (uint16_t)raw.n;
    e->run_s = run_s;
    memcpy(e->text, raw.p, raw.n);
}

#endif
