/* A dictionary of 64-bit values: open addressing with indexes only, so that the table of a few thousand prices stays in the
 * nearest caches. */
#include "parquet/pq_chunk.h"

#define FIRST_LOG2_SLOTS  10u
#define SPARSE_LOG2_SLOTS 15u

int bb_pq_dict64_grow(struct bb_pq_dict64 *d, struct bb_budget *budget)
{
    unsigned log2_slots;
    uint32_t *slots;
    if (d->n == d->cap && !bb_grow(budget, (void **)&d->values, &d->cap, d->n + 1, sizeof *d->values)) return 0;
    /* Half full, looking up takes a sixth longer; but larger tables leave the nearest caches, and four of them are too much for 64 MB. */
    if (d->slots && (d->n + 1) * (d->log2_slots < SPARSE_LOG2_SLOTS ? 4 : 2) <= (size_t)1 << d->log2_slots)
        return 1;
    log2_slots = d->slots ? d->log2_slots + 1 : FIRST_LOG2_SLOTS;
    slots = bb_calloc(budget, sizeof *slots << log2_slots);
    if (!slots) return 0;
    bb_free(d->slots);
    d->slots = slots;
    d->log2_slots = log2_slots;
    for (size_t i = 0; i < d->n; i++) {
        size_t at = bb_pq_dict64_slot(d, d->values[i]), mask = ((size_t)1 << log2_slots) - 1;
        while (slots[at]) at = (at + 1) & mask;
        slots[at] = (uint32_t)(i + 1);
    }
    return 1;
}

int bb_pq_dict64_add(struct bb_pq_dict64 *d, struct bb_budget *budget, uint64_t bits, uint32_t *idx_ret)
{
    size_t at, mask;
    if (!bb_pq_dict64_grow(d, budget)) return 0;
    mask = ((size_t)1 << d->log2_slots) - 1;
    for (at = bb_pq_dict64_slot(d, bits); d->slots[at]; at = (at + 1) & mask) {
        if (d->values[d->slots[at] - 1] == bits) {
            *idx_ret = d->slots[at] - 1;
            return 1;
        }
    }
    d->values[d->n] = bits;
    d->slots[at] = (uint32_t)++d->n;
    *idx_ret = (uint32_t)(d->n - 1);
    return 1;
}

void bb_pq_dict64_clear(struct bb_pq_dict64 *d)
{
    d->n = 0;
    if (d->slots) memset(d->slots, 0, sizeof *d->slots << d->log2_slots);
}

void bb_pq_dict64_free(struct bb_pq_dict64 *d)
{
    bb_free(d->values);
    bb_free(d->slots);
    *d = (struct bb_pq_dict64){ 0 };
}

enum bb_status bb_pq_dict64_plain(struct bb_pq_chunk *c, struct bb_error *err)
{
    if (!bb_buf_reserve(&c->raw, c->dict64.n * 8)) return bb_pq_chunk_no_memory(c, err);
    for (size_t i = 0; i < c->dict64.n; i++) {
        uint8_t out[8];
        size_t n = bb_pq_plain_number(c, c->dict64.values[i], out);
        memcpy(c->raw.p + c->raw.n, out, n);
        c->raw.n += n;
    }
    return BB_OK;
}
