/* The kernel of csv_scan.c for 64-bit ARM, where NEON is always there. */
#include <arm_neon.h>

#define SCAN_TARGET
#define SCAN_NAME(x) neon_##x

/* NEON has no movemask: each byte keeps the bit of its place, and three rounds of pairwise additions bring 64 bytes to 8. */
static inline uint64_t neon_equal(const uint8x16_t v[4], char wanted)
{
    static const uint8_t place_bits[16] = { 1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128 };
    uint8x16_t w = vdupq_n_u8((uint8_t)wanted), bits = vld1q_u8(place_bits), m[4], low, high;
    for (int i = 0; i < 4; i++) m[i] = vandq_u8(vceqq_u8(v[i], w), bits);
    low = vpaddq_u8(m[0], m[1]);
    high = vpaddq_u8(m[2], m[3]);
    low = vpaddq_u8(low, high);
    low = vpaddq_u8(low, low);
    return vgetq_lane_u64(vreinterpretq_u64_u8(low), 0);
}

static inline struct scan_masks neon_masks(const char *p)
{
    uint8x16_t v[4];
    for (int i = 0; i < 4; i++) v[i] = vld1q_u8((const uint8_t *)p + 16 * i);
    return (struct scan_masks){ neon_equal(v, ','), neon_equal(v, '\n'), neon_equal(v, '"') };
}

static inline uint64_t neon_prefix_xor(uint64_t quotes) { return prefix_xor_by_shifts(quotes); }
static inline void neon_put(uint32_t *out, uint32_t base, uint64_t mask) { put_by_count(out, base, mask); }

#include "csv/csv_scan_template.h"
