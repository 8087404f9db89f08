/* Result codes and the error that travels with them.
 *
 * A code says what the caller may still do; the text says what happened: place, value, expectation, way out.
 * Functions that return enum bb_status fill *err exactly when they return something other than BB_OK or BB_EOF.
 * The struct lives on the caller's stack, owns nothing and may be copied. */
#ifndef BB_STATUS_H
#define BB_STATUS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

enum bb_status {
    BB_OK = 0,
    BB_EOF,         /* nothing more to read; not an error */
    BB_REJECT,      /* this row is lost, go on with the next */
    BB_SKIP,        /* this file or archive member is lost, go on with the next */
    BB_IO,          /* input/output failure: disk full, unreadable, locked; the run stops */
    BB_BUDGET,      /* the memory budget does not allow it; the run stops unless the caller can free something */
    BB_MISUSE,      /* the caller asked for something impossible (an option, a name) */
    BB_INTERRUPTED, /* a signal asked the run to stop */
    BB_BUG          /* busbar's own fault */
};

struct bb_error {
    enum bb_status status;
    char text[1024]; /* one sentence, UTF-8, no newline at the end */
};

#define BB_WARN_UNUSED     __attribute__((warn_unused_result))
#define BB_PRINTF(fmt, va) __attribute__((format(printf, fmt, va)))

/* Fills *err (may be NULL) and returns status, so that `return bb_fail(err, BB_SKIP, "...")` reads well. */
enum bb_status bb_fail(struct bb_error *err, enum bb_status status, const char *fmt, ...) BB_PRINTF(3, 4);

/* Like bb_fail, with ": " and strerror(errno_value) appended. */
enum bb_status bb_fail_errno(struct bb_error *err, enum bb_status status, int errno_value, const char *fmt, ...)
    BB_PRINTF(4, 5);

/* Puts "prefix: " before the text that is already in *err; returns err->status. */
enum bb_status bb_fail_prefix(struct bb_error *err, const char *fmt, ...) BB_PRINTF(2, 3);

/* Changes what the failure in *err means, in the code and in the struct; returns status. */
enum bb_status bb_fail_as(struct bb_error *err, enum bb_status status);

/* Passes any failure on to the caller. */
#define BB_TRY(expr)                                                                                               \
    do {                                                                                                           \
        enum bb_status bb_try_status_ = (expr);                                                                    \
        if (bb_try_status_ != BB_OK) return bb_try_status_;                                                        \
    } while (0)

#define BB_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define BB_LIKELY(x)    __builtin_expect(!!(x), 1)
#define BB_UNLIKELY(x)  __builtin_expect(!!(x), 0)
#define BB_MIN(a, b)    ((a) < (b) ? (a) : (b))
#define BB_MAX(a, b)    ((a) > (b) ? (a) : (b))

#endif
