#include "parquet/pq_decode.h"

/* A bit-packed value of up to 64 bits; reads only bytes below end. */
static uint64_t unpack_at(const uint8_t *p, const uint8_t *end, uint64_t bit, unsigned width)
{
    const uint8_t *from = p + (bit >> 3);
    unsigned shift = (unsigned)(bit & 7);
    uint64_t value;
    if (width == 0) return 0;
    if (end - from >= 9) {
        value = bb_load_u64(from) >> shift;
        if (shift + width > 64) value |= (uint64_t)from[8] << (64 - shift);
    } else {
        uint8_t tail[9] = { 0 };
        memcpy(tail, from, (size_t)(end - from));
        value = bb_load_u64(tail) >> shift;
        if (shift + width > 64) value |= (uint64_t)tail[8] << (64 - shift);
    }
    return width == 64 ? value : value & (((uint64_t)1 << width) - 1);
}

/* Returns 0 when the bytes end or the number has more than 64 bits. */
static int varint(const uint8_t **p_ref, const uint8_t *end, uint64_t *value_ret)
{
    const uint8_t *p = *p_ref;
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && p < end; shift += 7) {
        unsigned b = *p++;
        if (shift == 63 && b > 1) return 0;
        value |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80)) {
            *p_ref = p;
            *value_ret = value;
            return 1;
        }
    }
    return 0;
}

/* ---- run lengths and bit packing ---- */

int bb_pq_rle_in_init(struct bb_pq_rle_in *in, const uint8_t *p, size_t n, unsigned width)
{
    *in = (struct bb_pq_rle_in){ .p = p, .end = p + n, .width = width };
    return width <= 32;
}

static int rle_next_run(struct bb_pq_rle_in *in)
{
    uint64_t head;
    unsigned value_nbytes = (in->width + 7) / 8;
    if (!varint(&in->p, in->end, &head) || head > UINT32_MAX) return 0;
    if (head & 1) {
        uint64_t nbytes = (head >> 1) * in->width;
        if (nbytes > (uint64_t)(in->end - in->p)) return 0;
        in->packed = in->p;
        in->packed_at = 0;
        in->packed_n = (head >> 1) * 8;
        in->p += nbytes;
        return 1;
    }
    if ((size_t)(in->end - in->p) < value_nbytes) return 0;
    in->run_left = (uint32_t)(head >> 1);
    in->value = 0;
    memcpy(&in->value, in->p, value_nbytes);
    in->p += value_nbytes;
    return in->width == 32 || in->value >> in->width == 0;
}

size_t bb_pq_rle_in_read(struct bb_pq_rle_in *in, uint32_t *out, size_t n)
{
    size_t done = 0;
    while (done < n) {
        if (in->run_left > 0) {
            size_t k = n - done < in->run_left ? n - done : in->run_left;
            for (size_t i = 0; i < k; i++) out[done + i] = in->value;
            in->run_left -= (uint32_t)k;
            done += k;
        } else if (in->packed_at < in->packed_n) {
            uint64_t there = in->packed_n - in->packed_at, bit = in->packed_at * in->width;
            size_t k = n - done < there ? n - done : (size_t)there, i = 0;
            /* The run's own bytes end at p; the page's bytes behind it may be loaded too. */
            if (in->width > 0 && in->width <= 24)
                for (; i < k && in->end - (in->packed + (bit >> 3)) >= 4; i++, bit += in->width)
                    out[done + i] =
                        bb_load_u32(in->packed + (bit >> 3)) >> (bit & 7) & (((uint32_t)1 << in->width) - 1);
            for (; i < k; i++, bit += in->width)
                out[done + i] = (uint32_t)unpack_at(in->packed, in->end, bit, in->width);
            in->packed_at += k;
            done += k;
        } else if (!rle_next_run(in)) {
            in->run_left = 0;
            in->packed_n = in->packed_at = 0;
            in->p = in->end;
            return done;
        }
    }
    return done;
}

/* ---- delta ---- */

static uint64_t unzigzag(uint64_t u) { return (u >> 1) ^ (0 - (u & 1)); }

int bb_pq_delta_in_init(struct bb_pq_delta_in *in, const uint8_t *p, size_t n)
{
    uint64_t block, n_miniblocks, first;
    *in = (struct bb_pq_delta_in){ .p = p, .end = p + n };
    if (!varint(&in->p, in->end, &block) || !varint(&in->p, in->end, &n_miniblocks) ||
        !varint(&in->p, in->end, &in->total) || !varint(&in->p, in->end, &first))
        return 0;
    /* The format wants 128 and 32; the upper limit keeps products small. */
    if (block == 0 || block > (1u << 20) || block % 128 != 0) return 0;
    if (n_miniblocks == 0 || n_miniblocks > 1024 || block % n_miniblocks != 0 || block / n_miniblocks % 32 != 0)
        return 0;
    in->left = in->total;
    in->n_miniblocks = in->miniblock = (unsigned)n_miniblocks;
    in->per_miniblock = in->packed_at = block / n_miniblocks;
    in->last = unzigzag(first);
    return 1;
}

static int delta_next_miniblock(struct bb_pq_delta_in *in)
{
    uint64_t nbytes;
    if (++in->miniblock >= in->n_miniblocks) {
        uint64_t min;
        if (!varint(&in->p, in->end, &min) || (size_t)(in->end - in->p) < in->n_miniblocks) return 0;
        in->min_delta = unzigzag(min);
        in->widths = in->p;
        in->p += in->n_miniblocks;
        in->miniblock = 0;
    }
    if (in->widths[in->miniblock] > 64) return 0;
    nbytes = in->per_miniblock * in->widths[in->miniblock] / 8;
    if (nbytes > (uint64_t)(in->end - in->p)) return 0;
    in->packed = in->p;
    in->p += nbytes;
    in->packed_at = 0;
    return 1;
}

size_t bb_pq_delta_in_read(struct bb_pq_delta_in *in, int64_t *out, size_t n)
{
    size_t done = 0;
    if (in->bad) return 0;
    if (n > in->left) n = (size_t)in->left;
    if (n > 0 && !in->first_is_given) {
        in->first_is_given = 1;
        out[done++] = (int64_t)in->last;
    }
    while (done < n) {
        unsigned width;
        size_t k;
        if (in->packed_at == in->per_miniblock && !delta_next_miniblock(in)) {
            in->bad = 1;
            break;
        }
        width = in->widths[in->miniblock];
        k = n - done < in->per_miniblock - in->packed_at ? n - done : (size_t)(in->per_miniblock - in->packed_at);
        for (size_t i = 0; i < k; i++) {
            in->last += in->min_delta + unpack_at(in->packed, in->end, (in->packed_at + i) * width, width);
            out[done + i] = (int64_t)in->last;
        }
        in->packed_at += k;
        done += k;
    }
    in->left -= done;
    return done;
}

/* ---- the rest ---- */

void bb_pq_split_read(const uint8_t *p, size_t n_all, size_t at, unsigned width, void *out, size_t n)
{
    uint8_t *o = out;
    for (unsigned b = 0; b < width; b++)
        for (size_t i = 0; i < n; i++) o[i * width + b] = p[b * n_all + at + i];
}

void bb_pq_bits_read(const uint8_t *p, size_t at, int64_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) out[i] = p[(at + i) >> 3] >> ((at + i) & 7) & 1;
}

size_t bb_pq_plain_texts_read(const uint8_t **p_ref, const uint8_t *end, struct bb_str *out, size_t n)
{
    const uint8_t *p = *p_ref;
    size_t done = 0;
    for (; done < n; done++) {
        size_t nbytes;
        if (end - p < 4) break;
        nbytes = bb_load_u32(p);
        if (nbytes > (size_t)(end - p) - 4) break;
        out[done] = (struct bb_str){ (const char *)p + 4, nbytes };
        p += 4 + nbytes;
    }
    *p_ref = p;
    return done;
}
