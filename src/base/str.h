/* A slice of text: never owns, never ends with NUL. */
#ifndef BB_STR_H
#define BB_STR_H

#include <stdint.h>
#include <string.h>

struct bb_str {
    const char *p;
    size_t n;
};

#define BB_STR(literal) ((struct bb_str){ (literal), sizeof(literal) - 1 })
/* For printf: "%.*s", BB_STR_ARG(s) */
#define BB_STR_ARG(s) (int)((s).n > 400 ? 400 : (s).n), (s).p

static inline struct bb_str bb_str_of(const char *cstring)
{
    struct bb_str s = { cstring, cstring ? strlen(cstring) : 0 };
    return s;
}
static inline int bb_str_eq(struct bb_str a, struct bb_str b) { return a.n == b.n && memcmp(a.p, b.p, a.n) == 0; }
static inline int bb_str_is(struct bb_str a, const char *cstring)
{
    return strlen(cstring) == a.n && memcmp(a.p, cstring, a.n) == 0;
}

/* memcmp(a, b, n) == 0 without a call, for the keys that every record is compared by. Different keys of one column mostly
 * end differently: the last bytes come first. What is left is seen in pieces as large as fit, the last of them in part twice. */
static inline int bb_text_same(const char *a, const char *b, size_t n)
{
    typedef uint64_t pair __attribute__((vector_size(16)));
    uint64_t x, y;
    pair p, q, u, v, diff = { 0 };
    if (n < 8) {
        for (size_t i = 0; i < n; i++)
            if (a[i] != b[i]) return 0;
        return 1;
    }
    memcpy(&x, a + n - 8, 8);
    memcpy(&y, b + n - 8, 8);
    if (x != y) return 0;
    if (n < 16) {
        memcpy(&x, a, 8);
        memcpy(&y, b, 8);
        return x == y;
    }
    for (; n > 40; a += 32, b += 32, n -= 32) {
        memcpy(&p, a, 16), memcpy(&q, b, 16);
        memcpy(&u, a + 16, 16), memcpy(&v, b + 16, 16);
        diff |= (p ^ q) | (u ^ v);
    }
    if (n > 24) { /* 25 … 40 are left, of which the last 8 have been seen */
        memcpy(&p, a, 16), memcpy(&q, b, 16);
        diff |= p ^ q;
        a += 16, b += 16, n -= 16;
    }
    n = n < 16 ? 16 - n : 0; /* 9 … 24: with what stands before, where they are fewer than 16 */
    memcpy(&p, a - n, 16), memcpy(&q, b - n, 16);
    diff |= p ^ q;
    return (diff[0] | diff[1]) == 0;
}

/* ASCII only, whatever the locale. */
static inline char bb_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }
int bb_str_eq_nocase(struct bb_str a, struct bb_str b);
/* First place of needle in s without regard to case, or NULL. */
const char *bb_str_find_nocase(struct bb_str s, struct bb_str needle);
/* Without blanks and tabs at both ends. */
struct bb_str bb_str_trim(struct bb_str s);
/* Byte order, a prefix before the longer text: the order of the lake. */
int bb_str_cmp(struct bb_str a, struct bb_str b);
/* Path parts: "a/b.csv" -> "b.csv"; ".csv" of "b.csv" ("" without a dot). */
struct bb_str bb_path_base(struct bb_str path);
struct bb_str bb_path_suffix(struct bb_str path);

#endif
