#include "base/status.h"

#include <stdio.h>
#include <string.h>

static void append(struct bb_error *err, const char *fmt, va_list args)
{
    size_t used = strlen(err->text);
    vsnprintf(err->text + used, sizeof err->text - used, fmt, args);
}

enum bb_status bb_fail(struct bb_error *err, enum bb_status status, const char *fmt, ...)
{
    if (err) {
        va_list args;
        err->status = status;
        err->text[0] = '\0';
        va_start(args, fmt);
        append(err, fmt, args);
        va_end(args);
    }
    return status;
}

/* strerror_r has two incompatible signatures; this picks whatever the C library offers. */
static const char *text_of_errno(int errno_value, char *scratch, size_t n)
{
#if defined(__GLIBC__) && defined(_GNU_SOURCE)
    return strerror_r(errno_value, scratch, n);
#else
    if (strerror_r(errno_value, scratch, n) != 0) snprintf(scratch, n, "error %d", errno_value);
    return scratch;
#endif
}

enum bb_status bb_fail_errno(struct bb_error *err, enum bb_status status, int errno_value, const char *fmt, ...)
{
    if (err) {
        va_list args;
        char scratch[128];
        size_t used;
        err->status = status;
        err->text[0] = '\0';
        va_start(args, fmt);
        append(err, fmt, args);
        va_end(args);
        used = strlen(err->text);
        snprintf(err->text + used, sizeof err->text - used, ": %s",
                 text_of_errno(errno_value, scratch, sizeof scratch));
    }
    return status;
}

enum bb_status bb_fail_as(struct bb_error *err, enum bb_status status)
{
    if (err) err->status = status;
    return status;
}

enum bb_status bb_fail_prefix(struct bb_error *err, const char *fmt, ...)
{
    struct bb_error old;
    va_list args;
    size_t used;
    if (!err) return BB_BUG;
    old = *err;
    err->text[0] = '\0';
    va_start(args, fmt);
    append(err, fmt, args);
    va_end(args);
    used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, ": %s", old.text);
    return old.status;
}
