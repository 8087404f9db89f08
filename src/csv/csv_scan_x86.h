/* The kernels of csv_scan.c for x86-64: SSE2 (every processor), AVX2 and AVX-512. */
#include <immintrin.h>

/* SSE2 */
#define SCAN_TARGET
#define SCAN_NAME(x) sse2_##x

static inline uint64_t sse2_equal(const __m128i v[4], char wanted)
{
    __m128i w = _mm_set1_epi8(wanted);
    uint64_t mask = 0;
    for (int i = 0; i < 4; i++) mask |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v[i], w)) << (16 * i);
    return mask;
}

static inline struct scan_masks sse2_masks(const char *p)
{
    __m128i v[4];
    for (int i = 0; i < 4; i++) v[i] = _mm_loadu_si128((const __m128i *)(p + 16 * i));
    return (struct scan_masks){ sse2_equal(v, ','), sse2_equal(v, '\n'), sse2_equal(v, '"') };
}

static inline uint64_t sse2_prefix_xor(uint64_t quotes) { return prefix_xor_by_shifts(quotes); }
static inline void sse2_put(uint32_t *out, uint32_t base, uint64_t mask) { put_by_count(out, base, mask); }

#include "csv/csv_scan_template.h"

/* AVX2 */
#define SCAN_TARGET  __attribute__((target("avx2,bmi,bmi2,popcnt,pclmul")))
#define SCAN_NAME(x) avx2_##x

SCAN_TARGET static inline uint64_t avx2_equal(__m256i low, __m256i high, char wanted)
{
    __m256i w = _mm256_set1_epi8(wanted);
    return (uint64_t)(unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, w)) |
           (uint64_t)(unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, w)) << 32;
}

SCAN_TARGET static inline struct scan_masks avx2_masks(const char *p)
{
    __m256i low = _mm256_loadu_si256((const __m256i *)p), high = _mm256_loadu_si256((const __m256i *)(p + 32));
    return (struct scan_masks){ avx2_equal(low, high, ','), avx2_equal(low, high, '\n'),
                                avx2_equal(low, high, '"') };
}

SCAN_TARGET static inline uint64_t avx2_prefix_xor(uint64_t quotes)
{
    /* A product without carries by all ones adds up, modulo 2, all lower bits. */
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((int64_t)quotes), _mm_set1_epi8(-1), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

/* The bodies are inlined, so that tzcnt and blsr of this target are used. */
SCAN_TARGET static inline void avx2_put(uint32_t *out, uint32_t base, uint64_t mask)
{
    put_by_count(out, base, mask);
}

#include "csv/csv_scan_template.h"

/* AVX-512 */
#define SCAN_TARGET                                                                                                \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi2,avx2,bmi,bmi2,popcnt,pclmul")))
#define SCAN_NAME(x) avx512_##x

SCAN_TARGET static inline struct scan_masks avx512_masks(const char *p)
{
    __m512i v = _mm512_loadu_si512(p);
    return (struct scan_masks){ _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(',')),
                                _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\n')),
                                _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('"')) };
}

SCAN_TARGET static inline uint64_t avx512_prefix_xor(uint64_t quotes)
{
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((int64_t)quotes), _mm_set1_epi8(-1), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

SCAN_TARGET static inline void avx512_put(uint32_t *out, uint32_t base, uint64_t mask)
{
    static const uint8_t places[64] = { 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                        16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
                                        32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
                                        48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63 };
    __m512i packed = _mm512_maskz_compress_epi8(mask, _mm512_loadu_si512(places));
    __m512i bases = _mm512_set1_epi32((int)base);
    int n = __builtin_popcountll(mask);
    _mm512_storeu_si512(out, _mm512_add_epi32(bases, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed))));
    if (BB_LIKELY(n <= 16)) return;
    _mm512_storeu_si512(out + 16,
                        _mm512_add_epi32(bases, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 1))));
    if (n <= 32) return;
    _mm512_storeu_si512(out + 32,
                        _mm512_add_epi32(bases, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 2))));
    _mm512_storeu_si512(out + 48,
                        _mm512_add_epi32(bases, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 3))));
}

#include "csv/csv_scan_template.h"
