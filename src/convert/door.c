#include "convert/door.h"

#include "lake/quality_view.h"

#include <stdio.h>

#define OUT_NBYTES ((size_t)64 << 10)

static enum busbar_result public_result(enum bb_status status)
{
    switch (status) {
    case BB_OK:
    case BB_EOF: return BUSBAR_OK;
    case BB_REJECT:
    case BB_SKIP: return BUSBAR_PARTIAL;
    case BB_IO: return BUSBAR_IO;
    case BB_BUDGET: return BUSBAR_BUDGET;
    case BB_MISUSE: return BUSBAR_USAGE;
    case BB_INTERRUPTED: return BUSBAR_INTERRUPTED;
    case BB_BUG: break;
    }
    return BUSBAR_FAULT;
}

enum busbar_result bb_leave(enum bb_status status, const struct bb_error *err, struct busbar_error *error)
{
    if (status != BB_OK && status != BB_EOF && error) snprintf(error->text, sizeof error->text, "%s", err->text);
    return public_result(status);
}

void bb_out_init(struct bb_out *out, busbar_write write, void *ctx, struct bb_budget *budget)
{
    *out = (struct bb_out){ .write = write, .ctx = ctx };
    bb_buf_init(&out->buf, budget, 4 * OUT_NBYTES);
}

static void send(struct bb_out *out)
{
    if (out->buf.n && !out->failed && out->write(out->ctx, out->buf.p, out->buf.n) != 0) out->failed = 1;
    out->buf.n = 0;
}

void bb_out_put(struct bb_out *out, struct bb_str text)
{
    if (out->buf.n + text.n > OUT_NBYTES) send(out);
    if (text.n > OUT_NBYTES) {
        if (!out->failed && out->write(out->ctx, text.p, text.n) != 0) out->failed = 1;
    } else if (!bb_buf_put(&out->buf, text.p, text.n)) {
        out->failed = 1;
    }
}

void bb_out_printf(struct bb_out *out, const char *fmt, ...)
{
    char text[2048];
    va_list args;
    int n;
    va_start(args, fmt);
    n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (n > 0) bb_out_put(out, (struct bb_str){ text, BB_MIN((size_t)n, sizeof text - 1) });
}

enum bb_status bb_out_end(struct bb_out *out, struct bb_error *err)
{
    send(out);
    bb_buf_reset(&out->buf);
    return out->failed ? bb_fail(err, BB_IO, "the output could not be written") : BB_OK;
}

const char *bb_count_text(uint64_t n, char out[BB_AMOUNT_TEXT])
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n), k = 0;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) out[k++] = ',';
        out[k++] = digits[i];
    }
    out[k] = '\0';
    return out;
}

const char *bb_size_text(uint64_t nbytes, const char *blank, char out[BB_AMOUNT_TEXT])
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
    double v = (double)nbytes;
    size_t u = 0;
    while (v >= 999.5 && u + 1 < BB_ARRAY_LEN(units)) v /= 1000.0, u++;
    snprintf(out, BB_AMOUNT_TEXT, "%.*f%s%s", u == 0 || v >= 99.95 ? 0 : 1, v, blank, units[u]);
    return out;
}

const char *bb_minute_text(int64_t utc_s, char out[BB_AMOUNT_TEXT])
{
    char text[BB_TIME_TEXT];
    bb_utc_text(utc_s, text);
    snprintf(out, BB_AMOUNT_TEXT, "%.10s %.5s", text, text + 11);
    return out;
}
