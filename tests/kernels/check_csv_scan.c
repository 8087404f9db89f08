/* Every kernel of csv_scan.h against the scalar reference on text full of hazards, and its speed on text like PJM's.
 * The text ends 64 bytes before a page that cannot be read: whoever reads further than the header allows dies here. */
#include "base/cpu.h"
#include "csv/csv_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static uint64_t state = 20240310;

static uint32_t draw(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((state >> 33) % below);
}

static void fail(const char *kernel, const char *what, size_t n, uint64_t seed)
{
    fprintf(stderr, "%s: %s differs from the scalar kernel (length %zu, state before the text %llu)\n", kernel,
            what, n, (unsigned long long)seed);
    exit(1);
}

static void compare(const char *kernel, const struct bb_csv_index *want, const struct bb_csv_index *got, size_t n,
                    uint64_t seed)
{
    if (want->n_seps != got->n_seps) fail(kernel, "n_seps", n, seed);
    if (want->n_lines != got->n_lines) fail(kernel, "n_lines", n, seed);
    if (want->has_quotes != got->has_quotes) fail(kernel, "has_quotes", n, seed);
    if (memcmp(want->seps, got->seps, want->n_seps * sizeof *want->seps) != 0) fail(kernel, "seps", n, seed);
    if (memcmp(want->lines, got->lines, want->n_lines * sizeof *want->lines) != 0) fail(kernel, "lines", n, seed);
}

/* A few mixes, from text as it should be to nothing but separators; above ASCII too. */
static void fill(char *p, size_t n)
{
    static const char *const mixes[] = { "0123456789.-AbcdE ,,,\n",
                                         "abc,\"\n",
                                         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\n,",
                                         ",",
                                         "\n",
                                         "\"",
                                         ",\n",
                                         "x\",",
                                         "\xff\xac\x8a\xa2\x0a\x2c\x22\x00" };
    const char *mix = mixes[draw((uint32_t)BB_ARRAY_LEN(mixes))];
    uint32_t len = (uint32_t)strlen(mix);
    for (size_t i = 0; i < n; i++) p[i] = mix[draw(len)];
}

static size_t price_text(char *p, size_t n, int quoted)
{
    size_t at = 0;
    const char *q = quoted ? "\"" : "";
    while (at + 300 < n)
        at += (size_t)sprintf(p + at,
                              "6/16/2025 %u:00:00 AM,6/16/2025 12:00:00 AM,%u,%sNODE %u KV%s,345 KV,%sGEN%s,,AEP,"
                              "%u.%06u,%u.%06u,%d.%06u,-%u.%06u,TRUE,1\r\n",
                              draw(12) + 1, 1000000 + draw(40000000), q, draw(100000), q, q, q, draw(90),
                              draw(1000000), draw(90), draw(1000000), (int)draw(9) - 4, draw(1000000), draw(3),
                              draw(1000000));
    return at;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void bench(const char *name, const char *what, bb_csv_scan_fn scan, const char *text, size_t n,
                  struct bb_csv_index *index)
{
    double best = 1e9;
    for (int round = 0; round < 20; round++) {
        double start = now_s();
        for (int i = 0; i < 10; i++) scan(text, n, index);
        best = BB_MIN(best, now_s() - start);
    }
    printf("%-7s %-9s %6.2f GB/s\n", name, what, (double)n * 10 / best * 1e-9);
}

int main(void)
{
    static const struct {
        const char *name;
        unsigned feature;
    } kernels[] = { { "scalar", 0 },
                    { "sse2", BB_CPU_SSE2 },
                    { "avx2", BB_CPU_AVX2 },
                    { "avx512", BB_CPU_AVX512 },
                    { "neon", BB_CPU_NEON } };
    size_t page = (size_t)sysconf(_SC_PAGESIZE), room = BB_CSV_PIECE_MAX_NBYTES + page;
    struct bb_budget budget;
    struct bb_error err;
    struct bb_csv_index want, got, chosen;
    bb_csv_scan_fn scalar = bb_csv_scan_kernel("scalar");
    char *map = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *guard = map + room, *plain, *quoted;
    size_t n_plain, n_quoted;

    bb_budget_init(&budget, 0, 0);
    if (map == MAP_FAILED || mprotect(guard, page, PROT_NONE) != 0 || bb_csv_index_init(&want, &budget, &err) ||
        bb_csv_index_init(&got, &budget, &err) || bb_csv_index_init(&chosen, &budget, &err))
        return 1;

    for (int round = 0; round < 40000; round++) {
        uint64_t seed = state;
        size_t n = round % 400 == 0 ? BB_CSV_PIECE_MAX_NBYTES - draw(100) : draw(400);
        char *text = guard - 64 - n;
        fill(text, n + 64); /* what stands behind the text must not matter */
        scalar(text, n, &want);
        for (size_t k = 1; k < BB_ARRAY_LEN(kernels); k++) {
            bb_csv_scan_fn scan = bb_csv_scan_kernel(kernels[k].name);
            if (!scan) continue;
            scan(text, n, &got);
            compare(kernels[k].name, &want, &got, n, seed);
        }
        bb_cpu_disable((unsigned)round & 15);
        bb_csv_scan(text, n, &chosen);
        compare("the chosen kernel", &want, &chosen, n, seed);
        bb_cpu_disable(0);
    }
    for (size_t k = 1; k < BB_ARRAY_LEN(kernels); k++) { /* a hidden feature takes its kernel away */
        bb_cpu_disable(kernels[k].feature);
        if (bb_csv_scan_kernel(kernels[k].name)) fail(kernels[k].name, "the effect of bb_cpu_disable", 0, 0);
        bb_cpu_disable(0);
    }

    plain = malloc(BB_CSV_PIECE_MAX_NBYTES + 64);
    quoted = malloc(BB_CSV_PIECE_MAX_NBYTES + 64);
    if (!plain || !quoted) return 1;
    n_plain = price_text(plain, BB_CSV_PIECE_MAX_NBYTES, 0);
    n_quoted = price_text(quoted, BB_CSV_PIECE_MAX_NBYTES, 1);
    for (size_t k = 0; k < BB_ARRAY_LEN(kernels); k++) {
        bb_csv_scan_fn scan = bb_csv_scan_kernel(kernels[k].name);
        if (!scan) {
            printf("%-7s not on this machine\n", kernels[k].name);
            continue;
        }
        bench(kernels[k].name, "plain", scan, plain, n_plain, &got);
        bench(kernels[k].name, "quoted", scan, quoted, n_quoted, &got);
    }
    free(plain);
    free(quoted);
    bb_csv_index_reset(&want);
    bb_csv_index_reset(&got);
    bb_csv_index_reset(&chosen);
    munmap(map, room + page);
    return 0;
}
