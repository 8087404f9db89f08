/* What is known about the contents of one file of the lake beyond its rows: where prices are present and where they are missing,
 * which prices are odd. Collected while rows are written, without a second pass; stored inside the file as a blob of a few
 * kilobytes, from which status, report, metadata and the quality JSON are made.
 *
 * Terms. A slot is a place on the grid of expected intervals, counted from the first instant of the local year in steps of the
 * dataset's minutes (UTC runs evenly, so days of 23 and 25 hours have their right number of slots). An instant off the grid counts to the slot
 * that it falls into. An ordinal numbers the slots that have a row at all, from 0: an interval that is missing for everybody costs nothing per place.
 * Presence is true for the whole file; since keys never vanish from a lake file, an update's presence is the old file's united with that of
 * the rows it writes. Counters and extremes are kept per row group, so that a group that is copied unread keeps its own. */
#ifndef BB_QUALITY_H
#define BB_QUALITY_H

#include "base/buf.h"
#include "table/places.h"
#include "table/row.h"
#include "time/zone.h"

#define BB_QUALITY_LOW_PRICE      (-1000.0)
#define BB_QUALITY_HIGH_PRICE     10000.0
#define BB_QUALITY_LISTED_SOURCES 1000
#define BB_QUALITY_EXTREMES       5                  /* per direction, each of another interval */
#define BB_QUALITY_MAX_RANGES     ((size_t)1 << 19)  /* of presence per file; gaps beyond are only counted */
#define BB_QUALITY_MAX_NBYTES     ((size_t)64 << 20) /* of a state, unpacked */

/* ---- the finished state of one file ---- */
struct bb_quality_extreme {
    uint32_t start_utc_s;
    uint32_t entry; /* index into entries */
    double price;
};

struct bb_quality_group { /* one row group */
    uint64_t rows, null_prices;
    uint64_t outside;                /* prices below -1000 or above 10000 */
    uint64_t sums_checked, sums_off; /* rows with all components; of these the ones that do not add up */
    double largest_sum_error;        /* |energy + congestion + loss - total|, in $/MWh */
    unsigned n_high, n_low;
    struct bb_quality_extreme high[BB_QUALITY_EXTREMES],
        low[BB_QUALITY_EXTREMES]; /* the greatest and smallest prices, one per interval */
};

struct bb_quality_range {
    uint32_t first, last;
}; /* ordinals, inclusive */

struct bb_quality_slots {
    uint32_t first, last, first_ordinal;
}; /* consecutive slots that have rows */

struct bb_quality_entry {             /* one spelling of a location, or a product and region */
    struct bb_place_key key;          /* texts belong to the state */
    uint32_t first_utc_s, last_utc_s; /* instants */
    size_t first_range, n_ranges;
};

struct bb_quality_state {
    struct bb_dataset dataset;
    enum bb_half half;
    int year;
    int64_t base_utc_s; /* of slot 0 */
    uint64_t
        n_unlisted_gaps; /* gaps of single places that did not fit BB_QUALITY_MAX_RANGES and count as present */
    uint32_t first_utc_s, last_utc_s; /* instants of the first and last row */
    uint32_t n_ordinals;
    struct bb_quality_slots *slots;
    struct bb_quality_entry *entries; /* in the lake's order of locations */
    struct bb_quality_range *ranges;
    struct bb_quality_group *groups;
    size_t n_slots, n_entries, n_ranges, n_groups;
    char *text;
    size_t text_nbytes;
};
void bb_quality_state_free(struct bb_quality_state *state); /* NULL is fine */

/* All groups together; extremes sorted, the most extreme first. */
void bb_quality_totals(const struct bb_quality_state *state, struct bb_quality_group *totals_ret);
uint32_t bb_quality_slot_of(const struct bb_quality_state *state, uint32_t ordinal); /* ordinal < n_ordinals */
static inline int64_t bb_quality_slot_utc_s(const struct bb_quality_state *state, uint32_t slot)
{
    return state->base_utc_s + (int64_t)slot * state->dataset.minutes * 60;
}

/* Bytes for the blob: versioned, packed, the same for equal states. */
enum bb_status bb_quality_write_state(const struct bb_quality_state *state, struct bb_buf *out,
                                      struct bb_error *err) BB_WARN_UNUSED;
/* The bytes may be hostile. BB_SKIP: damaged, or of another version. */
enum bb_status bb_quality_read_state(struct bb_str bytes, struct bb_budget *budget,
                                     struct bb_quality_state **state_ret, struct bb_error *err) BB_WARN_UNUSED;

/* ---- collecting ---- */
struct bb_quality;
/* zone and places must outlive it. One thread at a time. */
enum bb_status bb_quality_new(struct bb_budget *budget, const struct bb_dataset *dataset, enum bb_half half,
                              int year, const struct bb_zone *zone, struct bb_places *places,
                              struct bb_quality **q_ret, struct bb_error *err) BB_WARN_UNUSED;
void bb_quality_free(struct bb_quality *q);
/* Rows in the order of the lake, any number per call (an instant may be cut). */
enum bb_status bb_quality_add(struct bb_quality *q, const struct bb_row *rows, size_t n,
                              struct bb_error *err) BB_WARN_UNUSED;
/* The rows since the last group end (or copied group) are one row group; nothing happens when there were none. */
enum bb_status bb_quality_group_end(struct bb_quality *q, struct bb_error *err) BB_WARN_UNUSED;

/* For updates. The new file's next row group is the old file's group i, copied. old must live until finish, and be the same in all calls. */
enum bb_status bb_quality_copy_group(struct bb_quality *q, const struct bb_quality_state *old, size_t group,
                                     struct bb_error *err) BB_WARN_UNUSED;
/* The old file's presence belongs to the new file's. Call it once, any time before finish. */
void bb_quality_merge_presence(struct bb_quality *q, const struct bb_quality_state *old);

/* Ends the last group and puts everything together; the state stays q's (bb_quality_free frees it) unless taken. */
enum bb_status bb_quality_finish(struct bb_quality *q, const struct bb_quality_state **state_ret,
                                 struct bb_error *err) BB_WARN_UNUSED;
struct bb_quality_state *bb_quality_take(struct bb_quality *q); /* after finish; the caller frees it */

/* ---- LAKE/quality/<iso>/<dataset>_<year>.json ---- */
struct bb_quality_source {
    struct bb_str name, member, report;
    uint64_t rows;
    uint32_t first_utc_s, last_utc_s;
};
struct bb_quality_reject {
    struct bb_str reason;
    uint64_t n;
};
struct bb_quality_facts { /* what the caller knows beside the rows */
    uint64_t duplicates, revisions;
    const struct bb_quality_reject *rejects; /* of the runs that made the file */
    size_t n_rejects;
    const struct bb_quality_source *sources; /* the first BB_QUALITY_LISTED_SOURCES are looked at */
    size_t n_sources;
};
/* Appends the JSON text. Lists are bounded, with a count of what is left out. */
enum bb_status bb_quality_json(const struct bb_quality_state *state, const struct bb_zone *zone,
                               const struct bb_quality_facts *facts, struct bb_budget *budget, struct bb_buf *out,
                               struct bb_error *err) BB_WARN_UNUSED;
/* Its path; out holds BB_PATH_MAX bytes (lake/lake.h). */
void bb_quality_path(const char *root, const struct bb_dataset *dataset, enum bb_half half, int year, char *out);

#endif
