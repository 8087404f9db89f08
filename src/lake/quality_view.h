/* A state looked at by location and by day: what JSON, status and report tell. */
#ifndef BB_QUALITY_VIEW_H
#define BB_QUALITY_VIEW_H

#include "lake/presence.h"

struct bb_quality_location {              /* all spellings of one identity together */
    const struct bb_quality_entry *entry; /* the spelling seen last */
    uint32_t first_utc_s, last_utc_s;     /* instants */
    uint32_t first_slot, last_slot;
    uint32_t n_seen;              /* slots with a row */
    size_t first_range, n_ranges; /* in view->ranges */
};
static inline uint32_t bb_location_expected(const struct bb_quality_location *l)
{
    return l->last_slot - l->first_slot + 1;
}

struct bb_quality_view {
    const struct bb_quality_state *state;
    struct bb_quality_location *locations; /* in the lake's order */
    size_t n_locations;
    struct bb_range_list ranges;
    uint32_t slots_expected, slots_seen; /* from the first to the last slot that has a row */
    uint64_t values_expected,
        values_seen; /* over locations: slots between a location's own first and last, and those with a row */
    size_t
        n_with_gaps; /* locations that lack an interval for which others have a row, between their first and last */
    size_t n_late, n_gone; /* that appear after the first, or vanish before the last interval */
};
enum bb_status bb_quality_view_init(struct bb_quality_view *view, const struct bb_quality_state *state,
                                    struct bb_budget *budget, struct bb_error *err) BB_WARN_UNUSED;
void bb_quality_view_reset(struct bb_quality_view *view);
/* 0 … 100; 100 when nothing was expected. Never rounded up to 100: that means complete. */
double bb_quality_percent(uint64_t seen, uint64_t expected);
/* One number for a file: the smaller one of the percentage of intervals that have a row at all and of the percentage of values. */
double bb_quality_completeness(const struct bb_quality_view *view);

struct bb_quality_day {
    int32_t day;           /* local */
    uint32_t slots_in_day; /* 23, 24 or 25 hours' worth */
    uint32_t slots_expected, slots_seen;
    uint64_t values_expected, values_seen;
    uint32_t locations; /* with a row, in the fullest interval */
};
/* Every local day from the first to the last row; *days_ret is freed with bb_free. */
enum bb_status bb_quality_days(const struct bb_quality_view *view, const struct bb_zone *zone,
                               struct bb_budget *budget, struct bb_quality_day **days_ret, size_t *n_ret,
                               struct bb_error *err) BB_WARN_UNUSED;

/* "2024-03-10T05:00:00Z" and "2024-03-10". */
#define BB_TIME_TEXT 24
const char *bb_utc_text(int64_t utc_s, char out[BB_TIME_TEXT]);
const char *bb_day_text(int32_t day, char out[BB_TIME_TEXT]);

#endif
