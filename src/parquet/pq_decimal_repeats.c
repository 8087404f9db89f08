#include "parquet/pq_decimal_repeats.h"

#include <string.h>

#define BLOCK_NBYTES ((size_t)ZSTD_BLOCKSIZE_MAX)
#define BATCH_VALUES 1024u

/* Bytes 1 to 5 and 1 to 6 of a word that begins with the byte before a value. */
#define FIVE UINT64_C(0x0000ffffffffff00)
#define SIX  UINT64_C(0x00ffffffffffff00)

size_t bb_pq_decimal_repeats_most(size_t n)
{
    /* Blocks end with a value, so each may be up to seven bytes short of what zstd allows. */
    return n / 8 + n / (BLOCK_NBYTES - 7) + 2;
}

struct bb_pq_decimal_repeats *bb_pq_decimal_repeats_new(size_t cap, struct bb_budget *budget)
{
    struct bb_pq_decimal_repeats *r;
    r = bb_calloc(budget, sizeof *r + cap * sizeof *r->sequences); /* .rep is never written */
    if (r) r->cap = cap;
    return r;
}

static uint64_t load(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

/* For the values [from, end): the earlier value that has most in common with each. before: the byte before value 0. This is a loop of its own,
 * and chooses by a mask, because whether six bytes repeat is as good as a coin's fall: a branch costs as much as all the rest. */
static void choose(struct bb_pq_decimal_repeats *r, const uint8_t *before, size_t from, size_t end,
                   uint16_t *restrict chosen)
{
    for (size_t i = from; i < end; i++) {
        uint64_t word = load(before + i * 8), value = word >> 8;
        uint16_t *five = &r->of_five[(value << 24) * UINT64_C(0x9e3779b185ebca87) >> (64 - BB_PQ_DECIMAL_FIVE_LOG)];
        uint16_t *six = &r->of_six[(value << 16) * UINT64_C(0x9e3779b185ebca87) >> (64 - BB_PQ_DECIMAL_SIX_LOG)];
        uint32_t a = *five, b = *six;
        uint32_t six_repeat = !((load(before + (size_t)b * 8) ^ word) & SIX);
        *five = *six = (uint16_t)i;
        *chosen++ = (uint16_t)(a ^ ((a ^ b) & -six_repeat));
    }
}

size_t bb_pq_decimal_repeats_find(struct bb_pq_decimal_repeats *r, const uint8_t *page, size_t n, size_t values_at)
{
    uint16_t chosen[BATCH_VALUES];
    ZSTD_Sequence *s = r->sequences;
    const uint8_t *before;
    size_t n_values, i = 1, n_chosen = 1, batch = 1, start = 0, end;
    memset(r->of_five, 0, sizeof r->of_five);
    memset(r->of_six, 0, sizeof r->of_six);
    if (values_at == 0) values_at = BB_MIN(n, 8); /* there must be a byte before value 0 */
    n_values = (n - values_at) / 8;
    before = page + values_at - 1;
    for (; start < n; start = end) {
        size_t behind; /* of the values that end in this block */
        size_t at;     /* of value i in the page */
        size_t literals_at = start;
        unsigned has_literal = 0; /* the byte before is not part of a match or of another block */
        end = BB_MIN(n, start + BLOCK_NBYTES);
        behind = end > values_at ? BB_MIN(n_values, (end - values_at) / 8) : 0;
        if (end < n && behind > 0) end = values_at + behind * 8;
        for (at = values_at + i * 8; i < behind;) {
            size_t c, equal = 0, nbytes, joins; /* c: the earlier value; joins: so does the byte before, 0 or 1 */
            uint64_t differ;
            while (i >= n_chosen) {
                batch = n_chosen;
                n_chosen = BB_MIN(n_values, batch + BATCH_VALUES);
                choose(r, before, batch, n_chosen, chosen);
            }
            c = chosen[i - batch];
            differ = load(before + i * 8) ^ load(before + c * 8);
            joins = ((uint8_t)differ == 0) & has_literal;
            has_literal = 1;
            if (BB_LIKELY(!(differ & FIVE))) {
                nbytes = 5 + !(differ & SIX);
                if (BB_UNLIKELY(!(differ >> 8))) { /* seven bytes, or whole values */
                    while (i + equal < behind &&
                           load(before + 1 + (i + equal) * 8) == load(before + 1 + (c + equal) * 8))
                        equal++;
                    nbytes = equal ? equal * 8 : 7;
                    has_literal = !equal;
                }
                s->offset = (unsigned)((i - c) * 8);
                s->litLength = (unsigned)(at - joins - literals_at);
                s->matchLength = (unsigned)(nbytes + joins);
                s++;
                literals_at = at + nbytes;
            }
            equal += !equal;
            i += equal;
            at += equal * 8;
        }
        s->offset = s->matchLength = 0;
        s->litLength = (unsigned)(end - literals_at);
        s++;
    }
    return (size_t)(s - r->sequences);
}
