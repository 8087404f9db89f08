/* The fast path of decimal.h against strtod on prices as operators write them, and the speed of both doors. The texts end
 * 16 bytes before a page that cannot be read. */
#include "base/decimal.h"
#include "base/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define N_TEXTS 4096

static uint64_t state = 20240310;

static uint32_t draw(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((state >> 33) % below);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int write_price(char *p, int kind)
{
    const char *sign = draw(3) == 0 ? "-" : "";
    switch (kind) {
    case 0: return sprintf(p, "%s%u.%06u", sign, draw(100), draw(1000000)); /* PJM */
    case 1: return sprintf(p, "%s%u.%02u", sign, draw(200), draw(100));     /* MISO, NYISO, ERCOT */
    case 2: return sprintf(p, "%s%u.%05u", sign, draw(100), draw(100000));  /* CAISO */
    case 3: return sprintf(p, "%s%u.%u", sign, draw(1000), draw(10));
    case 4:
        return sprintf(p, "%s%u.%07u%08u", sign, draw(1000), draw(10000000),
                       draw(100000000)); /* ERCOT: 33.3174743652344 */
    default: return sprintf(p, "%s.%u", sign, draw(1000));
    }
}

static double bench(enum bb_number (*parse)(const char *, size_t, double *), char (*texts)[32],
                    const unsigned char *lengths, double *sum)
{
    double best = 1e9, value;
    for (int round = 0; round < 30; round++) {
        double start = now_s();
        for (int again = 0; again < 10; again++)
            for (int i = 0; i < N_TEXTS; i++) {
                if (parse(texts[i], lengths[i], &value) != BB_NUMBER_OK) exit(1);
                *sum += value;
            }
        best = BB_MIN(best, now_s() - start);
    }
    return N_TEXTS * 10 / best * 1e-6;
}

int main(void)
{
    static const char *const names[] = { "12.345678", "12.34", "12.34567", "12.3", "12.345678901234567", ".123" };
    static char texts[N_TEXTS][32];
    static unsigned char lengths[N_TEXTS];
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
         *guard = map + page;
    double sum = 0, padded, exact;
    if (map == MAP_FAILED || mprotect(guard, page, PROT_NONE) != 0) return 1;

    for (int round = 0; round < 300000; round++) {
        char text[40];
        double want, got;
        int n = write_price(text, round % 6);
        want = strtod(text, NULL);
        if (want == 0) want = 0;                  /* no negative zero */
        memset(guard - 16, "5.,-e"[draw(5)], 16); /* what stands behind must not matter */
        memcpy(guard - 16 - n, text, (size_t)n);
        if (bb_decimal_parse_padded(guard - 16 - n, (size_t)n, &got) != BB_NUMBER_OK ||
            memcmp(&want, &got, 8) != 0) {
            fprintf(stderr, "padded: \"%s\" gives %.17g, want %.17g\n", text, got, want);
            return 1;
        }
        memcpy(guard - n, text, (size_t)n);
        if (bb_decimal_parse(guard - n, (size_t)n, &got) != BB_NUMBER_OK || memcmp(&want, &got, 8) != 0) {
            fprintf(stderr, "\"%s\" gives %.17g, want %.17g\n", text, got, want);
            return 1;
        }
    }
    for (int kind = 0; kind < 6; kind++) {
        for (int i = 0; i < N_TEXTS; i++) lengths[i] = (unsigned char)write_price(texts[i], kind);
        padded = bench(bb_decimal_parse_padded, texts, lengths, &sum);
        exact = bench(bb_decimal_parse, texts, lengths, &sum);
        printf("%-18s padded %6.1f M/s   unpadded %6.1f M/s\n", names[kind], padded, exact);
    }
    printf("(sum %g)\n", sum);
    munmap(map, 2 * page);
    return 0;
}
