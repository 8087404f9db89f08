#include "base/json_pull.h"
#include "base/decimal.h"

void bb_json_pull_init(struct bb_json_pull *p, struct bb_str text)
{
    *p = (struct bb_json_pull){ .text = text, .want_value = 1 };
}

static char peek(struct bb_json_pull *p)
{
    while (p->at < p->text.n && strchr(" \t\r\n", p->text.p[p->at]) && p->text.p[p->at]) p->at++;
    return p->at < p->text.n ? p->text.p[p->at] : '\0';
}

static int read_string(struct bb_json_pull *p)
{
    size_t from = ++p->at;
    p->escaped = 0;
    for (; p->at < p->text.n; p->at++) {
        char c = p->text.p[p->at];
        if (c == '\\') {
            p->escaped = 1;
            p->at++;
        } else if (c == '"') {
            p->raw = (struct bb_str){ p->text.p + from, p->at - from };
            p->at++;
            return 1;
        }
    }
    return 0;
}

static enum bb_json_token open_level(struct bb_json_pull *p, char bracket)
{
    if (p->depth == (int)sizeof p->nesting) return BB_JSON_ERROR;
    p->nesting[p->depth++] = bracket;
    p->at++;
    p->want_key = bracket == '{';
    p->want_value = bracket == '[';
    return bracket == '{' ? BB_JSON_OBJECT : BB_JSON_ARRAY;
}

static enum bb_json_token close_level(struct bb_json_pull *p, char open)
{
    if (p->depth == 0 || p->nesting[p->depth - 1] != open) return BB_JSON_ERROR;
    p->depth--;
    p->at++;
    p->want_key = p->want_value = 0;
    return open == '{' ? BB_JSON_OBJECT_END : BB_JSON_ARRAY_END;
}

static enum bb_json_token read_value(struct bb_json_pull *p, char c)
{
    size_t from = p->at;
    if (c == '{' || c == '[') return open_level(p, c);
    p->want_value = 0;
    if (c == '"') return read_string(p) ? BB_JSON_STRING : BB_JSON_ERROR;
    while (p->at < p->text.n && !strchr(",]} \t\r\n", p->text.p[p->at])) p->at++;
    p->raw = (struct bb_str){ p->text.p + from, p->at - from };
    if (p->raw.n == 0) return BB_JSON_ERROR;
    return c == '-' || (c >= '0' && c <= '9') ? BB_JSON_NUMBER : BB_JSON_WORD;
}

enum bb_json_token bb_json_pull_next(struct bb_json_pull *p)
{
    char c = peek(p);
    if (c == '\0') return p->at >= p->text.n && p->depth == 0 && !p->want_value ? BB_JSON_END : BB_JSON_ERROR;
    if (c == '}') return p->want_value ? BB_JSON_ERROR : close_level(p, '{'); /* after a colon a value must come */
    if (c == ']') return close_level(p, '[');
    if (c == ',') {
        if (p->depth == 0 || p->want_key || p->want_value) return BB_JSON_ERROR;
        p->at++;
        p->want_key = p->nesting[p->depth - 1] == '{';
        p->want_value = !p->want_key;
        c = peek(p);
    }
    if (p->want_key) {
        if (c != '"' || !read_string(p) || peek(p) != ':') return BB_JSON_ERROR;
        p->at++;
        p->want_key = 0;
        p->want_value = 1;
        return BB_JSON_KEY;
    }
    return p->want_value ? read_value(p, c) : BB_JSON_ERROR;
}

int64_t bb_json_pull_int(const struct bb_json_pull *p)
{
    int64_t value;
    int negative = p->raw.n > 0 && p->raw.p[0] == '-';
    if (bb_integer_parse(p->raw.p + negative, p->raw.n - (size_t)negative, &value) != 0) return 0;
    return negative ? -value : value;
}

static int hex4(const char *p, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++) {
        char c = bb_lower(p[i]);
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) return 0;
        *out = *out << 4 | (uint32_t)digit;
    }
    return 1;
}

static int put_utf8(struct bb_buf *out, uint32_t c)
{
    char text[3];
    if (c < 0x80) return bb_buf_putc(out, (char)c);
    if (c < 0x800) {
        text[0] = (char)(0xC0 | c >> 6), text[1] = (char)(0x80 | (c & 63));
        return bb_buf_put(out, text, 2);
    }
    text[0] = (char)(0xE0 | c >> 12), text[1] = (char)(0x80 | (c >> 6 & 63)), text[2] = (char)(0x80 | (c & 63));
    return bb_buf_put(out, text, 3);
}

int bb_json_pull_text(const struct bb_json_pull *p, struct bb_buf *out)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    if (!p->escaped) return bb_buf_put(out, p->raw.p, p->raw.n);
    for (size_t i = 0; i < p->raw.n; i++) {
        const char *known;
        uint32_t code;
        if (p->raw.p[i] != '\\' || i + 1 == p->raw.n) {
            if (!bb_buf_putc(out, p->raw.p[i])) return 0;
            continue;
        }
        i++;
        if (p->raw.p[i] == 'u' && i + 4 < p->raw.n && hex4(p->raw.p + i + 1, &code)) {
            if (!put_utf8(out, code)) return 0;
            i += 4;
            continue;
        }
        known = strchr(from, p->raw.p[i]);
        if (!bb_buf_putc(out, known && *known ? to[known - from] : p->raw.p[i])) return 0;
    }
    return 1;
}
