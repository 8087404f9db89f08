/* Where the bytes of decimal prices repeat, told to zstd, which then need not search.
 *
 * The rule: a price is k / 10^d = (q + r / 5^d) / 2^d with r = k modulo 5^d. The mantissa of its double is that times a power of two, and when
 * the power is 2^40 or more, as it is for prices of up to three digits and five decimals, q leaves the lowest 40 bits alone: they are
 * those of r / 5^d, shifted. So the low five bytes of the doubles take few forms (25 with two decimals, 3,125 with five, 15,625 with six,
 * times the few sizes that prices have), and a price has most of its bytes in common with an earlier one of the page, though hardly
 * ever all of them. Six bytes also repeat, where q has its last bits in common.
 *
 * Looked at is only the grid of the values: for each value the last one before it with the same low six bytes, or else five; where whole
 * values are equal, as many as follow. The byte before joins where it is equal: sign and most of the exponent of the neighbour. */
#ifndef BB_PQ_DECIMAL_REPEATS_H
#define BB_PQ_DECIMAL_REPEATS_H

#include "base/mem.h"
#include "parquet/pq_defaults.h"

#ifndef ZSTD_STATIC_LINKING_ONLY
#define ZSTD_STATIC_LINKING_ONLY /* for ZSTD_Sequence */
#endif
#include <zstd.h>

/* Values are numbered in 16 bits, so that the tables stay in the nearer caches. */
#define BB_PQ_DECIMAL_REPEATS_VALUES 65536u

/* Working memory: belongs to one thread at a time. */
struct bb_pq_decimal_repeats {
    /* By a hash of the low bytes: number of the last value that had them. 0 is the first value, which is where an empty slot leads:
     * what it has in common is compared like any other's. */
    uint16_t of_five[1u << BB_PQ_DECIMAL_FIVE_LOG], of_six[1u << BB_PQ_DECIMAL_SIX_LOG];
    size_t cap;                /* sequences that there is room for */
    ZSTD_Sequence sequences[]; /* as ZSTD_compressSequences takes them, with explicit block delimiters; .rep is 0 */
};

/* Most sequences that a page of n bytes has: one for each value, and one to end each block. */
size_t bb_pq_decimal_repeats_most(size_t n);

/* NULL: no memory. bb_free frees it. */
struct bb_pq_decimal_repeats *bb_pq_decimal_repeats_new(size_t cap, struct bb_budget *budget);

/* Takes a page of n > 0 bytes whose doubles (little-endian, at most BB_PQ_DECIMAL_REPEATS_VALUES) begin at values_at <= n; what stands before
 * them, and what is left over behind the last whole one, is passed on as it is. Returns the number of sequences, which cover the page; cap must be
 * at least bb_pq_decimal_repeats_most(n). Depends on the page alone, not on pages before. */
size_t bb_pq_decimal_repeats_find(struct bb_pq_decimal_repeats *repeats, const uint8_t *page, size_t n,
                                  size_t values_at);

#endif
