/* Decoders of Parquet's value encodings over one page's bytes. Each is a position that is read in pieces of any size, so that a cursor
 * never needs a whole page of values. All of them treat the bytes as hostile: a decoder returns how many values it could give; fewer
 * than asked means that the bytes are malformed or too few, and it gives nothing more from then on. */
#ifndef BB_PQ_DECODE_H
#define BB_PQ_DECODE_H

#include "base/str.h"

/* Unaligned little-endian loads; busbar runs on little-endian machines only. */
static inline uint32_t bb_load_u32(const void *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline uint64_t bb_load_u64(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* The hybrid of run lengths and bit packing: levels, dictionary codes, RLE booleans. */
struct bb_pq_rle_in {
    const uint8_t *p, *end;
    unsigned width;           /* bits of a value, 0..32 */
    uint32_t run_left, value; /* of a run */
    const uint8_t *packed;    /* of a packed group */
    uint64_t packed_at, packed_n;
};
int bb_pq_rle_in_init(struct bb_pq_rle_in *in, const uint8_t *p, size_t n,
                      unsigned width); /* 0: width is impossible */
size_t bb_pq_rle_in_read(struct bb_pq_rle_in *in, uint32_t *out, size_t n);

/* DELTA_BINARY_PACKED. */
struct bb_pq_delta_in {
    const uint8_t *p, *end;
    uint64_t total, left; /* values of the page, and of these not yet given */
    uint64_t last;        /* modulo 2^64, cut by the caller for INT32 */
    uint64_t per_miniblock, min_delta;
    unsigned n_miniblocks, miniblock; /* in the current block */
    const uint8_t *widths, *packed;
    uint64_t packed_at; /* values taken from the current miniblock */
    int first_is_given, bad;
};
int bb_pq_delta_in_init(struct bb_pq_delta_in *in, const uint8_t *p, size_t n); /* 0: malformed */
size_t bb_pq_delta_in_read(struct bb_pq_delta_in *in, int64_t *out, size_t n);

/* n values of width 4 or 8 bytes from BYTE_STREAM_SPLIT data of n_all values, beginning with number at. */
void bb_pq_split_read(const uint8_t *p, size_t n_all, size_t at, unsigned width, void *out, size_t n);

/* Bits of a PLAIN boolean page, beginning with number at. */
void bb_pq_bits_read(const uint8_t *p, size_t at, int64_t *out, size_t n);

/* PLAIN texts; advances *p_ref. */
size_t bb_pq_plain_texts_read(const uint8_t **p_ref, const uint8_t *end, struct bb_str *out, size_t n);

#endif
