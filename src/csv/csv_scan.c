#include "csv/csv_scan.h"

#include "base/cpu.h"

/* One loop serves as reference and as the repair of blocks with a newline inside quotes: the quote state goes in and
 * comes out. */
static unsigned scan_bytes(const char *text, size_t from, size_t to, unsigned in_quotes, struct bb_csv_index *index)
{
    for (size_t i = from; i < to; i++) {
        char c = text[i];
        if (c == '\n') {
            index->lines[index->n_lines++] = (uint32_t)index->n_seps;
            index->seps[index->n_seps++] = (uint32_t)i;
            in_quotes = 0;
        } else if (c == '"') {
            in_quotes ^= 1;
            index->has_quotes = 1;
        } else if (c == ',' && !in_quotes) {
            index->seps[index->n_seps++] = (uint32_t)i;
        }
    }
    return in_quotes;
}

static void scan_scalar(const char *text, size_t n, struct bb_csv_index *index)
{
    index->n_seps = index->n_lines = 0;
    index->has_quotes = 0;
    scan_bytes(text, 0, n, 0, index);
}

/* What the instruction sets share. A kernel works on blocks of 64 bytes, one bit per byte. */
struct scan_masks {
    uint64_t commas, newlines, quotes;
};

static inline __attribute__((always_inline, unused)) uint64_t prefix_xor_by_shifts(uint64_t bits)
{
    for (int distance = 1; distance < 64; distance *= 2) bits ^= bits << distance;
    return bits;
}

static inline __attribute__((always_inline, unused)) int trailing_zeros(uint64_t bits)
{
    return bits ? __builtin_ctzll(bits) : 64; /* one instruction where BMI is there */
}

/* Eight at a time without asking how many there are: price text has 6 to 10 separators in 64 bytes, and writing some
 * places too many is cheaper than a branch that nobody can predict. Past the last bit the count of zeros is 64, which is
 * overwritten by the next block. */
static inline __attribute__((always_inline, unused)) void put_by_count(uint32_t *out, uint32_t base, uint64_t mask)
{
    int n = __builtin_popcountll(mask);
    for (int done = 0; done < n; done += 8)
        for (int i = 0; i < 8; i++) {
            out[done + i] = base + (uint32_t)trailing_zeros(mask);
            mask &= mask - 1;
        }
}

#if defined(__x86_64__)
#include "csv/csv_scan_x86.h"
#elif defined(__aarch64__)
#include "csv/csv_scan_arm.h"
#endif

static const struct kernel { /* the fastest first */
    const char *name;
    unsigned feature; /* of bb_cpu_features(); 0: always */
    bb_csv_scan_fn scan;
} kernels[] = {
#if defined(__x86_64__)
    { "avx512", BB_CPU_AVX512, avx512_scan },
    { "avx2", BB_CPU_AVX2, avx2_scan },
    { "sse2", BB_CPU_SSE2, sse2_scan },
#elif defined(__aarch64__)
    { "neon", BB_CPU_NEON, neon_scan },
#endif
    { "scalar", 0, scan_scalar },
};

bb_csv_scan_fn bb_csv_scan_kernel(const char *name)
{
    unsigned features = bb_cpu_features();
    for (size_t i = 0; i < BB_ARRAY_LEN(kernels); i++)
        if (strcmp(kernels[i].name, name) == 0 && (kernels[i].feature & ~features) == 0) return kernels[i].scan;
    return NULL;
}

void bb_csv_scan(const char *text, size_t n, struct bb_csv_index *index)
{
    unsigned features = bb_cpu_features(); /* some loads per piece of 128 KB, so there is nothing to remember */
    const struct kernel *kernel = kernels;
    while ((kernel->feature & ~features) != 0) kernel++;
    kernel->scan(text, n, index);
}

enum bb_status bb_csv_index_init(struct bb_csv_index *index, struct bb_budget *budget, struct bb_error *err)
{
    size_t nbytes = (1 + BB_CSV_PIECE_MAX_NBYTES + 64) * sizeof(uint32_t);
    uint32_t *seps, *lines;
    memset(index, 0, sizeof *index);
    seps = bb_alloc(budget, nbytes);
    lines = bb_alloc(budget, nbytes);
    if (!seps || !lines) {
        bb_free(seps);
        bb_free(lines);
        return bb_fail_budget(err, budget, "the index of a piece of CSV text");
    }
    *seps = *lines = UINT32_MAX;
    index->seps = seps + 1;
    index->lines = lines + 1;
    return BB_OK;
}

void bb_csv_index_reset(struct bb_csv_index *index)
{
    bb_free(index->seps ? index->seps - 1 : NULL);
    bb_free(index->lines ? index->lines - 1 : NULL);
    memset(index, 0, sizeof *index);
}

struct bb_str bb_csv_unquote(struct bb_str field, char *scratch)
{
    struct bb_str s = bb_str_trim(field);
    const char *quote;
    size_t n = 0;
    if (s.n < 2 || s.p[0] != '"' || s.p[s.n - 1] != '"') return s;
    s.p++, s.n -= 2;
    quote = s.n ? memchr(s.p, '"', s.n) : NULL;
    if (!quote) return s;
    for (size_t i = 0; i < s.n; i++) {
        scratch[n++] = s.p[i];
        if (s.p[i] == '"' && i + 1 < s.n && s.p[i + 1] == '"') i++;
    }
    return (struct bb_str){ scratch, n };
}
