/* Fast text: digits without printf, and lines gathered in a large buffer on their way to a sink. */
#ifndef BB_GEN_TEXT_H
#define BB_GEN_TEXT_H

#include "base/mem.h"
#include "time/zone.h"

#include <string.h>

/* Where bytes go: a file, or a zip member. */
struct bb_gen_sink {
    enum bb_status (*write)(void *ctx, const char *p, size_t n, struct bb_error *err);
    void *ctx;
};

#define BB_GEN_LINE_MAX 2048 /* no line, header or preamble that a report writes at once is longer */

/* Each appends at p and returns the end. No NUL is written. */
static inline char *bb_gen_put(char *p, const char *text, size_t n)
{
    memcpy(p, text, n);
    return p + n;
}
static inline char *bb_gen_puts(char *p, const char *cstring) { return bb_gen_put(p, cstring, strlen(cstring)); }
char *bb_gen_uint(char *p, uint64_t v);
char *bb_gen_padded(char *p, uint32_t v, int n_digits); /* with leading zeros */
/* v / 10^decimals with exactly so many decimals: -4390000, 6 -> "-4.390000" */
char *bb_gen_fixed(char *p, int64_t v, int decimals);
/* The same without trailing zeros, "0" for zero; without leading_zero ".92" and "-.37". */
char *bb_gen_trimmed(char *p, int64_t v, int decimals, int leading_zero);

char *bb_gen_date(char *p, int32_t day, char separator);     /* 2024-03-10; separator 0: 20240310 */
char *bb_gen_us_date(char *p, int32_t day, int padded);      /* 3/10/2024 or 03/10/2024 */
char *bb_gen_us_stamp(char *p, struct bb_wall wall);         /* 3/10/2024 3:00:00 AM */
char *bb_gen_clock(char *p, int32_t second, char separator); /* 09:21:36 */

#endif
