#include "parquet/pq_rle.h"

#include "parquet/pq_defaults.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the Parquet writer stores numbers as they lie in memory: it needs a little-endian machine"
#endif

unsigned bb_pq_bits_for(uint64_t n_values)
{
    return n_values <= 2 ? 1 : 64 - (unsigned)__builtin_clzll(n_values - 1);
}

static uint8_t *put_varint(uint8_t *p, uint64_t v)
{
    while (v >= 0x80) {
        *p++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *p++ = (uint8_t)v;
    return p;
}

/* Where the encoder stands: run i, of which skip values are used up. */
struct place {
    size_t i;
    uint32_t skip;
};

/* How many values from here on go into one literal stretch, and where it ends: always at a group of eight unless the sequence ends. */
static size_t measure_literals(const struct bb_pq_run *runs, size_t n_runs, uint32_t min_run, struct place from,
                               struct place *end)
{
    size_t total = runs[from.i].n - from.skip; /* the caller knows that the first is short */
    struct place at = { from.i + 1, 0 };
    while (at.i < n_runs) {
        uint32_t n = runs[at.i].n, fill;
        if (n >= min_run) {
            fill = (uint32_t)(-total & 7);
            if (n - min_run >= fill) {
                total += fill;
                at.skip = fill;
                break;
            }
        }
        total += n;
        at.i++;
    }
    *end = at;
    return total;
}

#define PACK_WHOLE(type)                                                                                           \
    do {                                                                                                           \
        type *q = (type *)(void *)p, v;                                                                            \
        for (size_t i = from.i; left; i++) {                                                                       \
            size_t n = runs[i].n;                                                                                  \
            v = (type)runs[i].value;                                                                               \
            memcpy(q++, &v, sizeof v);                                                                             \
            left--;                                                                                                \
            if (BB_LIKELY(n == 1)) continue;                                                                       \
            if (i == from.i) n -= from.skip;                                                                       \
            for (n = BB_MIN(n - 1, left), left -= n; n; n--) memcpy(q++, &v, sizeof v);                            \
        }                                                                                                          \
    } while (0)

/* Packs total values; p has room for all groups and 8 bytes more. */
static void pack(const struct bb_pq_run *runs, struct place from, size_t total, unsigned width_bits, uint8_t *p)
{
    uint64_t acc = 0;
    unsigned fill = 0;
    size_t left = total;
    memset(p + total * width_bits / 8, 0, (-total & 7) * width_bits / 8 + 8);
    if (width_bits == 8) {
        PACK_WHOLE(uint8_t);
        return;
    }
    if (width_bits == 16) {
        PACK_WHOLE(uint16_t);
        return;
    }
    for (size_t i = from.i; left; i++) {
        size_t n = runs[i].n - (i == from.i ? from.skip : 0);
        if (n > left) n = left;
        left -= n;
        do {
            acc |= (uint64_t)runs[i].value << fill;
            fill += width_bits;
            while (fill >= 8) {
                *p++ = (uint8_t)acc;
                acc >>= 8;
                fill -= 8;
            }
        } while (--n);
    }
    if (fill) *p = (uint8_t)acc;
}

int bb_pq_rle_encode(const struct bb_pq_run *runs, size_t n_runs, unsigned width_bits, struct bb_buf *out)
{
    uint32_t min_run = width_bits >= 8 ? BB_PQ_RLE_MIN_RUN : BB_PQ_RLE_MIN_RUN_NARROW;
    struct place at = { 0, 0 };
    while (at.i < n_runs) {
        uint32_t n = runs[at.i].n - at.skip;
        uint8_t *p;
        if (n >= min_run) {
            if (!bb_buf_reserve(out, 16)) return 0;
            p = put_varint((uint8_t *)out->p + out->n, (uint64_t)n << 1);
            memcpy(p, &runs[at.i].value, 4);
            p += (width_bits + 7) / 8;
            out->n = (size_t)(p - (uint8_t *)out->p);
            at = (struct place){ at.i + 1, 0 };
        } else {
            struct place end;
            size_t total = measure_literals(runs, n_runs, min_run, at, &end), groups = (total + 7) / 8;
            if (!bb_buf_reserve(out, 10 + groups * width_bits + 8)) return 0;
            p = put_varint((uint8_t *)out->p + out->n, (uint64_t)groups << 1 | 1);
            pack(runs, at, total, width_bits, p);
            out->n = (size_t)(p - (uint8_t *)out->p) + groups * width_bits;
            at = end;
        }
    }
    return 1;
}

/* Block and miniblock as every other writer has them; readers are tested with these. */
#define DELTA_BLOCK      128u
#define DELTA_MINIBLOCKS 4u
#define DELTA_MINI       (DELTA_BLOCK / DELTA_MINIBLOCKS)

static uint64_t zigzag(int64_t v) { return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63); }

static int put_delta_block(const int64_t *deltas, size_t n, unsigned type_bits, struct bb_buf *out)
{
    int64_t least = deltas[0];
    uint64_t mask = type_bits == 64 ? UINT64_MAX : UINT32_MAX;
    uint8_t *p, *widths;
    for (size_t i = 1; i < n; i++) least = BB_MIN(least, deltas[i]);
    if (!bb_buf_reserve(out, 10 + DELTA_MINIBLOCKS + DELTA_BLOCK * 8)) return 0;
    p = put_varint((uint8_t *)out->p + out->n, zigzag(least));
    widths = p;
    memset(widths, 0, DELTA_MINIBLOCKS);
    p += DELTA_MINIBLOCKS;
    for (size_t m = 0; m * DELTA_MINI < n; m++) {
        size_t first = m * DELTA_MINI, end = BB_MIN(first + DELTA_MINI, n);
        uint64_t all = 0;
        unsigned width;
        for (size_t i = first; i < end; i++) all |= ((uint64_t)deltas[i] - (uint64_t)least) & mask;
        width = all ? 64 - (unsigned)__builtin_clzll(all) : 0;
        widths[m] = (uint8_t)width;
        memset(p, 0, DELTA_MINI * width / 8); /* a last miniblock is padded with zeros */
        for (size_t i = first; i < end; i++) {
            uint64_t v = ((uint64_t)deltas[i] - (uint64_t)least) & mask;
            size_t bit = (i - first) * width;
            for (unsigned done = 0; done < width;) {
                unsigned in_byte = (unsigned)((bit + done) & 7), take = BB_MIN(8 - in_byte, width - done);
                p[(bit + done) >> 3] |= (uint8_t)(((v >> done) & ((1u << take) - 1)) << in_byte);
                done += take;
            }
        }
        p += DELTA_MINI * width / 8;
    }
    out->n = (size_t)(p - (uint8_t *)out->p);
    return 1;
}

int bb_pq_delta_encode(const struct bb_pq_run64 *runs, size_t n_runs, unsigned type_bits, struct bb_buf *out)
{
    int64_t deltas[DELTA_BLOCK], previous = n_runs ? runs[0].value : 0;
    size_t n = 0;
    uint64_t total = 0;
    uint8_t *p;
    for (size_t i = 0; i < n_runs; i++) total += runs[i].n;
    if (!bb_buf_reserve(out, 40)) return 0;
    p = put_varint((uint8_t *)out->p + out->n, DELTA_BLOCK);
    p = put_varint(p, DELTA_MINIBLOCKS);
    p = put_varint(p, total);
    p = put_varint(p, zigzag(previous));
    out->n = (size_t)(p - (uint8_t *)out->p);
    for (size_t i = 0; i < n_runs; i++) {
        for (uint32_t k = i == 0; k < runs[i].n; k++) {
            uint64_t delta = (uint64_t)runs[i].value - (uint64_t)previous;
            deltas[n++] = type_bits == 64 ? (int64_t)delta : (int32_t)(uint32_t)delta;
            previous = runs[i].value;
            if (n == DELTA_BLOCK) {
                if (!put_delta_block(deltas, n, type_bits, out)) return 0;
                n = 0;
            }
        }
    }
    return n == 0 || put_delta_block(deltas, n, type_bits, out);
}
