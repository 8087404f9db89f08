/* A source that is being read, and how far its blocks have reached. */
#ifndef BB_OPEN_SOURCE_H
#define BB_OPEN_SOURCE_H

#include "convert/feed.h"
#include "convert/plan.h"
#include "time/zone.h"

struct bb_block_span {
    uint32_t sequence, min_utc_s, max_utc_s;
};

struct bb_open_source {
    size_t source; /* index into job->sources */
    struct bb_feed *feed;
    struct bb_reader *reader;
    _Atomic int exhausted;       /* looked at before the lock is taken */
    int disordered;              /* its blocks broke the order */
    unsigned n_users;            /* workers inside a block of it */
    struct bb_block_span *spans; /* of the blocks that are done and not folded yet, in any order */
    size_t n_spans, cap_spans;
    uint32_t next_sequence; /* of the first block that is not folded yet */
    uint32_t reached_utc_s; /* rows before this are behind us, if the order holds */
};

/* NULL is allowed. */
void bb_open_source_close(struct bb_open_source *source);
/* Notes that a block is done; blocks come in any order. The caller holds the lock of the source. */
enum bb_status bb_open_source_add_span(struct bb_open_source *source, struct bb_budget *budget, uint32_t sequence,
                                       const struct bb_block_counts *counts, struct bb_error *err) BB_WARN_UNUSED;
/* No row before this can come from it any more, if the order (enum bb_file_order) holds: an instant of a source in time order, else the start of
 * its day. 0: its blocks broke the order. The caller holds the lock of the source. */
uint32_t bb_open_source_reached(struct bb_open_source *source, int order, const struct bb_zone *zone);
/* Where the day of the wall clock began. */
uint32_t bb_floor_to_day(const struct bb_zone *zone, uint32_t utc_s);

#endif
