/* Encodes Parquet's hybrid of run lengths and bit-packed groups, and its delta encoding, from a list of runs.
 *
 * The result depends on the sequence of values alone when neighbouring runs have different values. */
#ifndef BB_PQ_RLE_H
#define BB_PQ_RLE_H

#include "base/buf.h"

struct bb_pq_run {
    uint32_t value, n;
}; /* value n times, n > 0 */
struct bb_pq_run64 {
    int64_t value;
    uint32_t n;
};

/* Adds value n times to the list, merged with its last run. False: no memory. */
static inline int bb_pq_run_add(struct bb_budget *budget, struct bb_pq_run **runs, size_t *n_runs, size_t *cap,
                                uint32_t value, uint32_t n)
{
    if (*n_runs && (*runs)[*n_runs - 1].value == value) {
        (*runs)[*n_runs - 1].n += n;
        return 1;
    }
    if (*n_runs == *cap && !bb_grow(budget, (void **)runs, cap, *n_runs + 1, sizeof **runs)) return 0;
    (*runs)[(*n_runs)++] = (struct bb_pq_run){ value, n };
    return 1;
}

/* Bits that hold 0 … n_values - 1; at least 1. */
unsigned bb_pq_bits_for(uint64_t n_values);

/* Appends the hybrid encoding (without length or width) of values of width_bits 1 … 32. False: no memory. */
int bb_pq_rle_encode(const struct bb_pq_run *runs, size_t n_runs, unsigned width_bits,
                     struct bb_buf *out) BB_WARN_UNUSED;

/* Appends DELTA_BINARY_PACKED of type_bits 32 or 64 (differences wrap in that width). False: no memory. */
int bb_pq_delta_encode(const struct bb_pq_run64 *runs, size_t n_runs, unsigned type_bits,
                       struct bb_buf *out) BB_WARN_UNUSED;

#endif
