/* From when to when a file has prices, for `busbar detect`: as cheap as it can be and still be true. */
#ifndef BB_TIME_SPAN_H
#define BB_TIME_SPAN_H

#include "io/source.h"
#include "markets/reader.h"

/* Of files that must be read in full (packed, or in no order that can be relied on), those are read that have no more text than this:
 * about a second. */
#define BB_TIME_SPAN_MAX_NBYTES ((uint64_t)256 << 20)

struct bb_time_span {
    uint32_t first_utc_s, last_utc_s; /* starts of the earliest and the latest interval; 0: unknown */
    char why[1024];                   /* why last_utc_s is unknown; "" and last_utc_s 0: there are no prices */
};

/* Plain files: the intervals of the first and the last MiB, which in files whose records stand in order of time or day are the first and the last
 * ones. Everything else is read in full. A file that turns out damaged has its place and reason in span_ret->why. */
enum bb_status bb_time_span_of(const struct bb_leaf *leaf, const struct bb_detection *found,
                               struct bb_budget *budget, struct bb_time_span *span_ret,
                               struct bb_error *err) BB_WARN_UNUSED;

#endif
