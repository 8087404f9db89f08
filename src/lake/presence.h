/* When each place had a row: ranges of consecutive ordinals (see lake/quality.h), collected in the order of time, and united with an older file's. */
#ifndef BB_PRESENCE_H
#define BB_PRESENCE_H

#include "lake/quality.h"

struct bb_presence_mark { /* of one place: its range that is still growing */
    uint32_t last_ordinal, first_ordinal;
    uint32_t first_utc_s, last_utc_s; /* over all ranges; first is UINT32_MAX while there was no row */
};

struct bb_presence_closed {
    uint32_t place;
    struct bb_quality_range range;
};

struct bb_presence {
    struct bb_budget *budget;
    int64_t base_utc_s, end_utc_s;   /* of the year */
    uint32_t slot_s;                 /* length of an interval */
    uint32_t now_utc_s, now_ordinal; /* the instant at hand */
    uint32_t n_ordinals;
    struct bb_presence_mark *marks;
    struct bb_presence_closed *closed;
    struct bb_quality_slots *slots;
    size_t n_marks, cap_marks, n_closed, cap_closed, n_slots, cap_slots;
    uint64_t n_unlisted_gaps;
    int no_memory; /* a range could not be kept; bb_presence_finish and bb_presence_instant fail */
};

void bb_presence_init(struct bb_presence *p, struct bb_budget *budget, int64_t base_utc_s, int64_t end_utc_s,
                      uint32_t slot_s);
void bb_presence_reset(struct bb_presence *p);
/* Room for places 0 … n_places - 1. */
enum bb_status bb_presence_places(struct bb_presence *p, size_t n_places, struct bb_error *err) BB_WARN_UNUSED;
/* The rows to come are of this instant; not earlier than the one before. */
enum bb_status bb_presence_instant(struct bb_presence *p, uint32_t utc_s, struct bb_error *err) BB_WARN_UNUSED;
/* The slow half of bb_presence_note. */
void bb_presence_reopen(struct bb_presence *p, uint32_t place);

/* The place has a row at the instant at hand. */
static inline void bb_presence_note(struct bb_presence *p, uint32_t place)
{
    struct bb_presence_mark *mark = &p->marks[place];
    if (p->now_ordinal - mark->last_ordinal > 1 || mark->first_utc_s == UINT32_MAX) bb_presence_reopen(p, place);
    mark->last_ordinal = p->now_ordinal;
    mark->last_utc_s = p->now_utc_s;
}

/* Closes all ranges and sorts them by place, then time. Nothing may be noted after this. */
enum bb_status bb_presence_finish(struct bb_presence *p, struct bb_error *err) BB_WARN_UNUSED;

/* ---- sets of slots and how their ordinals correspond ---- */
/* The union of two lists; *out_ret is freed with bb_free. */
enum bb_status bb_slots_unite(const struct bb_quality_slots *a, size_t n_a, const struct bb_quality_slots *b,
                              size_t n_b, struct bb_budget *budget, struct bb_quality_slots **out_ret,
                              size_t *n_ret, struct bb_error *err) BB_WARN_UNUSED;
/* Ordinal in `to` of the first slot of each entry of `from`, which is a part of `to`. */
void bb_slots_map(const struct bb_quality_slots *from, size_t n_from, const struct bb_quality_slots *to,
                  size_t n_to, uint32_t *first_in_to);

/* Appends the ordinal ranges, translated by bb_slots_map's result, to a growing list; a range that touches
 * the last one of out->p[at …] is joined to it. */
struct bb_range_list {
    struct bb_quality_range *p;
    size_t n, cap;
};
enum bb_status bb_ranges_translate(const struct bb_quality_range *ranges, size_t n,
                                   const struct bb_quality_slots *from, size_t n_from, const uint32_t *first_in_to,
                                   struct bb_budget *budget, struct bb_range_list *out, size_t at,
                                   struct bb_error *err) BB_WARN_UNUSED;
/* Sorts out->p[at …] and joins what overlaps or touches. */
void bb_ranges_join(struct bb_range_list *out, size_t at);

#endif
