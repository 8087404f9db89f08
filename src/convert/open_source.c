#include "convert/open_source.h"

#include <stdlib.h>

void bb_open_source_close(struct bb_open_source *os)
{
    if (!os) return;
    bb_reader_free(os->reader);
    bb_feed_close(os->feed);
    bb_free(os->spans);
    bb_free(os);
}

enum bb_status bb_open_source_add_span(struct bb_open_source *os, struct bb_budget *budget, uint32_t sequence,
                                       const struct bb_block_counts *counts, struct bb_error *err)
{
    if (!bb_grow(budget, (void **)&os->spans, &os->cap_spans, os->n_spans + 1, sizeof *os->spans))
        return bb_fail_budget(err, budget, "the list of blocks");
    os->spans[os->n_spans++] = (struct bb_block_span){ sequence, counts->min_utc_s, counts->max_utc_s };
    return BB_OK;
}

uint32_t bb_floor_to_day(const struct bb_zone *zone, uint32_t utc_s)
{
    int64_t start, end;
    bb_zone_day(zone, bb_zone_local(zone, utc_s).wall.day, &start, &end);
    return start > 0 ? (uint32_t)start : 0;
}

static int by_sequence(const void *a, const void *b)
{
    uint32_t x = ((const struct bb_block_span *)a)->sequence, y = ((const struct bb_block_span *)b)->sequence;
    return x < y ? -1 : x > y;
}

static uint32_t unit_of(const struct bb_zone *zone, int order, uint32_t utc_s)
{
    return order == BB_ORDER_TIME ? utc_s : bb_floor_to_day(zone, utc_s);
}

/* As far as no block is missing: somebody may be in the middle of one. */
static void fold_spans(struct bb_open_source *os, int order, const struct bb_zone *zone)
{
    size_t n = 0;
    qsort(os->spans, os->n_spans, sizeof *os->spans, by_sequence);
    for (; n < os->n_spans && os->spans[n].sequence == os->next_sequence; n++, os->next_sequence++) {
        const struct bb_block_span *span = &os->spans[n];
        if (span->min_utc_s > span->max_utc_s) continue; /* no row */
        if (unit_of(zone, order, span->min_utc_s) < unit_of(zone, order, os->reached_utc_s)) os->disordered = 1;
        os->reached_utc_s = BB_MAX(os->reached_utc_s, span->max_utc_s);
    }
    os->n_spans -= n;
    if (n > 0) memmove(os->spans, os->spans + n, os->n_spans * sizeof *os->spans);
}

uint32_t bb_open_source_reached(struct bb_open_source *os, int order, const struct bb_zone *zone)
{
    fold_spans(os, order, zone);
    return os->disordered ? 0 : unit_of(zone, order, os->reached_utc_s);
}
