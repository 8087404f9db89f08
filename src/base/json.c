#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void bb_json_init(struct bb_json *j, struct bb_buf *out, int pretty)
{
    *j = (struct bb_json){ .out = out, .pretty = pretty };
}

int bb_json_ok(const struct bb_json *j) { return !j->failed; }

static inline void raw(struct bb_json *j, const char *p, size_t n)
{
    if (!j->failed && !bb_buf_put(j->out, p, n)) j->failed = 1;
}

static void line_break(struct bb_json *j)
{
    static const char blanks[] = "\n                                ";
    if (j->pretty) raw(j, blanks, 1 + BB_MIN((size_t)j->depth * 2, sizeof blanks - 2));
}

static void before_value(struct bb_json *j)
{
    if (j->need_comma) raw(j, ",", 1);
    if (j->depth) line_break(j);
    j->need_comma = 1;
}

static void value_start(struct bb_json *j)
{
    if (j->depth < 0) {
        j->depth = -j->depth;
        j->need_comma = 1;
    } else {
        before_value(j);
    }
}

void bb_json_open(struct bb_json *j, char bracket)
{
    value_start(j);
    raw(j, &bracket, 1);
    j->depth++;
    j->need_comma = 0;
}

void bb_json_close(struct bb_json *j, char bracket)
{
    j->depth--;
    if (j->need_comma) line_break(j);
    raw(j, &bracket, 1);
    j->need_comma = 1;
}

/* Length of the valid UTF-8 sequence at p, 0 if there is none. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
    uint32_t c;
    if (p[0] < 0x80) return 1;
    if (p[0] >= 0xC2 && p[0] <= 0xDF) return left >= 2 && (p[1] & 0xC0) == 0x80 ? 2 : 0;
    if (p[0] >= 0xE0 && p[0] <= 0xEF) {
        if (left < 3 || (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80) return 0;
        c = (uint32_t)(p[0] & 15) << 12 | (uint32_t)(p[1] & 63) << 6 | (p[2] & 63);
        return c >= 0x800 && (c < 0xD800 || c > 0xDFFF) ? 3 : 0;
    }
    if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        if (left < 4 || (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80 || (p[3] & 0xC0) != 0x80) return 0;
        c = (uint32_t)(p[0] & 7) << 18 | (uint32_t)(p[1] & 63) << 12 | (uint32_t)(p[2] & 63) << 6 | (p[3] & 63);
        return c >= 0x10000 && c <= 0x10FFFF ? 4 : 0;
    }
    return 0;
}

static int is_plain(unsigned char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

/* Bytes at p that stand for themselves, by eights; a carry between bytes can only stop the eights too early. */
static size_t plain_length(const char *p, size_t n)
{
    const uint64_t ones = 0x0101010101010101u, high = ones * 0x80;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t v, quote, slash;
        memcpy(&v, p + i, 8);
        quote = v ^ ones * '"';
        slash = v ^ ones * '\\';
        if ((v | (v - ones * 0x20) | (v + ones) | (quote - ones) | (slash - ones)) & high) break;
    }
    while (i < n && is_plain((unsigned char)p[i])) i++;
    return i;
}

static void quoted(struct bb_json *j, struct bb_str s)
{
    raw(j, "\"", 1);
    for (size_t i = 0; i < s.n;) {
        unsigned char c = (unsigned char)s.p[i];
        size_t len = plain_length(s.p + i, s.n - i);
        char escape[8];
        if (len == 0 && c >= 0x80) len = utf8_sequence((const unsigned char *)s.p + i, s.n - i);
        if (len > 0) {
            raw(j, s.p + i, len);
            i += len;
            continue;
        }
        if (c >= 0x80)
            raw(j, "\xEF\xBF\xBD", 3);
        else if (c == '"' || c == '\\')
            escape[0] = '\\', escape[1] = (char)c, raw(j, escape, 2);
        else
            raw(j, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", c));
        i++;
    }
    raw(j, "\"", 1);
}

void bb_json_key(struct bb_json *j, const char *key)
{
    before_value(j);
    quoted(j, bb_str_of(key));
    raw(j, j->pretty ? ": " : ":", j->pretty ? 2 : 1);
    j->need_comma = 0;
    j->depth = -j->depth; /* the value stays on the key's line */
}

void bb_json_str(struct bb_json *j, struct bb_str value)
{
    value_start(j);
    quoted(j, value);
}

static size_t integer_text(int64_t value, char out[40])
{
    char digits[20];
    uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
    size_t n = 0, at = 0;
    do digits[n++] = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (value < 0) out[at++] = '-';
    while (n > 0) out[at++] = digits[--n];
    return at;
}

void bb_json_int(struct bb_json *j, int64_t value)
{
    char text[40];
    value_start(j);
    raw(j, text, integer_text(value, text));
}

size_t bb_json_number_text(double value, char out[40])
{
    int n = 0;
    if (value != 0 && fabs(value) < 1e15 && (double)(int64_t)value == value) { /* what printf makes of it, sooner */
        size_t length = integer_text((int64_t)value, out);
        out[length] = 0;
        return length;
    }
    if (isnan(value) || isinf(value)) {
        memcpy(out, "null", 5);
        return 4;
    }
    for (int digits = 15; digits <= 17; digits++) {
        n = snprintf(out, 40, "%.*g", digits, value);
        if (strtod(out, NULL) == value) break;
    }
    return (size_t)n;
}

void bb_json_num(struct bb_json *j, double value)
{
    char text[40];
    size_t n = bb_json_number_text(value, text);
    value_start(j);
    raw(j, text, n);
}

void bb_json_bool(struct bb_json *j, int value)
{
    value_start(j);
    raw(j, value ? "true" : "false", value ? 4 : 5);
}

void bb_json_null(struct bb_json *j)
{
    value_start(j);
    raw(j, "null", 4);
}

void bb_json_put_str(struct bb_json *j, const char *key, struct bb_str value)
{
    bb_json_key(j, key);
    bb_json_str(j, value);
}

void bb_json_put_cstr(struct bb_json *j, const char *key, const char *value)
{
    bb_json_key(j, key);
    if (value)
        bb_json_str(j, bb_str_of(value));
    else
        bb_json_null(j);
}

void bb_json_put_int(struct bb_json *j, const char *key, int64_t value)
{
    bb_json_key(j, key);
    bb_json_int(j, value);
}

void bb_json_put_num(struct bb_json *j, const char *key, double value)
{
    bb_json_key(j, key);
    bb_json_num(j, value);
}

void bb_json_put_bool(struct bb_json *j, const char *key, int value)
{
    bb_json_key(j, key);
    bb_json_bool(j, value);
}

void bb_json_again(struct bb_json *j, size_t at, size_t n)
{
    if (!j->failed && bb_buf_reserve(j->out, n)) /* which may move what is repeated */
        raw(j, j->out->p + at, n);
    else
        j->failed = 1;
}
