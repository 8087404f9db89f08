#include "generate/gen_text.h"

static const char pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748"
    "49505152535455565758596061626364656667686970717273747576777879808182838485868788899091929394959697"
    "9899";

static const uint64_t power_of_10[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000 };

char *bb_gen_uint(char *p, uint64_t v)
{
    char text[20];
    int at = 20;
    while (v >= 100) {
        at -= 2;
        memcpy(text + at, pairs + v % 100 * 2, 2);
        v /= 100;
    }
    if (v >= 10) {
        at -= 2;
        memcpy(text + at, pairs + v * 2, 2);
    } else {
        text[--at] = (char)('0' + v);
    }
    return bb_gen_put(p, text + at, (size_t)(20 - at));
}

char *bb_gen_padded(char *p, uint32_t v, int n_digits)
{
    int i = n_digits;
    for (; i >= 2; i -= 2, v /= 100) memcpy(p + i - 2, pairs + v % 100 * 2, 2);
    if (i == 1) p[0] = (char)('0' + v % 10);
    return p + n_digits;
}

char *bb_gen_fixed(char *p, int64_t v, int decimals)
{
    uint64_t magnitude = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    uint64_t whole = magnitude / power_of_10[decimals];
    if (v < 0) *p++ = '-';
    p = bb_gen_uint(p, whole);
    if (decimals == 0) return p;
    *p++ = '.';
    return bb_gen_padded(p, (uint32_t)(magnitude - whole * power_of_10[decimals]), decimals);
}

char *bb_gen_trimmed(char *p, int64_t v, int decimals, int leading_zero)
{
    char *start = p;
    if (v == 0) {
        *p++ = '0';
        return p;
    }
    p = bb_gen_fixed(p, v, decimals);
    if (decimals > 0) {
        while (p[-1] == '0') p--;
        if (p[-1] == '.') p--;
    }
    if (!leading_zero) {
        if (*start == '-') start++;
        if (start[0] == '0' && p - start > 1) {
            memmove(start, start + 1, (size_t)(p - start - 1));
            p--;
        }
    }
    return p;
}

char *bb_gen_date(char *p, int32_t day, char separator)
{
    struct bb_date d = bb_date_of(day);
    p = bb_gen_padded(p, (uint32_t)d.year, 4);
    if (separator) *p++ = separator;
    p = bb_gen_padded(p, (uint32_t)d.month, 2);
    if (separator) *p++ = separator;
    return bb_gen_padded(p, (uint32_t)d.day, 2);
}

char *bb_gen_us_date(char *p, int32_t day, int padded)
{
    struct bb_date d = bb_date_of(day);
    p = padded ? bb_gen_padded(p, (uint32_t)d.month, 2) : bb_gen_uint(p, (uint64_t)d.month);
    *p++ = '/';
    p = padded ? bb_gen_padded(p, (uint32_t)d.day, 2) : bb_gen_uint(p, (uint64_t)d.day);
    *p++ = '/';
    return bb_gen_padded(p, (uint32_t)d.year, 4);
}

char *bb_gen_us_stamp(char *p, struct bb_wall wall)
{
    uint32_t hour = (uint32_t)wall.second / 3600, minute = (uint32_t)wall.second / 60 % 60;
    p = bb_gen_us_date(p, wall.day, 0);
    *p++ = ' ';
    p = bb_gen_uint(p, hour % 12 == 0 ? 12 : hour % 12);
    *p++ = ':';
    p = bb_gen_padded(p, minute, 2);
    *p++ = ':';
    p = bb_gen_padded(p, (uint32_t)wall.second % 60, 2);
    return bb_gen_put(p, hour < 12 ? " AM" : " PM", 3);
}

char *bb_gen_clock(char *p, int32_t second, char separator)
{
    p = bb_gen_padded(p, (uint32_t)second / 3600, 2);
    *p++ = separator;
    p = bb_gen_padded(p, (uint32_t)second / 60 % 60, 2);
    *p++ = separator;
    return bb_gen_padded(p, (uint32_t)second % 60, 2);
}
