/* From decimal text to the nearest double in three steps, each exact, each slower than the one before:
 *   1. up to 16 digits, at most 8 on each side of the point: two 8-digit words, one division;
 *   2. any text of up to 19 digits and a power of ten of at most 27: one 128-bit product or quotient and a rounding;
 *   3. everything else: big integers.
 * A double holds integers up to 2^53 and powers of ten up to 10^22 exactly, and IEEE division rounds once, hence step 1. */
#include "base/decimal.h"

#include "base/decimal_big.h"
#include "base/status.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

#if FLT_EVAL_METHOD != 0
#error "decimal.c needs arithmetic in plain double precision (no x87)"
#endif

typedef unsigned __int128 u128;

#define MANTISSA_MAX     ((uint64_t)1 << 53)
#define SHORT_MAX_CHARS  21  /* a sign, a point, 19 digits */
#define NUMBER_MAX_CHARS 768 /* more is no price; bounds the big integers */

static const double ten_to[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
static const uint64_t five_to[] = { 1,
                                    5,
                                    25,
                                    125,
                                    625,
                                    3125,
                                    15625,
                                    78125,
                                    390625,
                                    1953125,
                                    9765625,
                                    48828125,
                                    244140625,
                                    1220703125,
                                    6103515625u,
                                    30517578125u,
                                    152587890625u,
                                    762939453125u,
                                    3814697265625u,
                                    19073486328125u,
                                    95367431640625u,
                                    476837158203125u,
                                    2384185791015625u,
                                    11920928955078125u,
                                    59604644775390625u,
                                    298023223876953125u,
                                    1490116119384765625u,
                                    7450580596923828125u }; /* all below 2^63 */
static const uint32_t ten_to_u32[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000 };

static double with_sign(double magnitude, int negative)
{
    return negative && magnitude != 0 ? -magnitude : magnitude;
}

/* mantissa * 10^exp10, nearest. TOO_LARGE on overflow. mantissa < 2^64 exactly known. */
static enum bb_number scale_exact(uint64_t mantissa, int exp10, double *value_ret)
{
    uint64_t five;
    u128 v;
    int exp2, shift;
    if (mantissa == 0) {
        *value_ret = 0;
        return BB_NUMBER_OK;
    }
    if (mantissa <= MANTISSA_MAX && exp10 >= -22 && exp10 <= 22) {
        *value_ret = exp10 < 0 ? (double)mantissa / ten_to[-exp10] : (double)mantissa * ten_to[exp10];
        return BB_NUMBER_OK;
    }
    if (exp10 < -27 || exp10 > 27) return bb_decimal_big_u64(mantissa, exp10, value_ret);
    five = five_to[exp10 < 0 ? -exp10 : exp10];
    if (exp10 >= 0) return bb_decimal_round((u128)mantissa * five, exp10, 0, value_ret);
    shift = __builtin_clzll(mantissa);
    v = (u128)(mantissa << shift) << 64; /* >= 2^127, so the quotient has at least 64 bits */
    exp2 = exp10 - 64 - shift;
    return bb_decimal_round(v / five, exp2, v % five != 0, value_ret);
}

/* The digits of a number without sign, currency and blanks. */
struct digits {
    uint64_t mantissa; /* the first 19 significant ones */
    int n_significant; /* how many there were in all, leading zeros not counted */
    int exp10;         /* value = mantissa * 10^exp10 when n_significant <= 19 */
};

static int is_digit(char c) { return (unsigned char)(c - '0') <= 9; }

static void add_digit(struct digits *d, char c, int behind_point)
{
    if (d->n_significant || c != '0') {
        if (d->n_significant < 19) d->mantissa = d->mantissa * 10 + (uint64_t)(c - '0');
        d->n_significant++;
    }
    d->exp10 -= behind_point;
}

/* Integer part with or without thousands separators; returns the end, or NULL when the groups are wrong. */
static const char *take_integer(const char *p, const char *end, struct digits *d)
{
    int group = 0, n_groups = 0;
    for (; p < end; p++) {
        if (is_digit(*p)) {
            add_digit(d, *p, 0);
            group++;
        } else if (*p == ',') {
            if (group == 0 || group > 3 || (n_groups > 0 && group != 3)) return NULL;
            n_groups++;
            group = 0;
        } else {
            break;
        }
    }
    return n_groups > 0 && group != 3 ? NULL : p;
}

/* "e-06"; returns the end (always `end`) or NULL. Exponents beyond ±9999 are held there: the value is 0 or too large. */
static const char *take_exponent(const char *p, const char *end, int *exponent_ret)
{
    int negative = 0, exponent = 0;
    if (p < end && (*p == '+' || *p == '-')) negative = *p++ == '-';
    if (p == end) return NULL;
    for (; p < end; p++) {
        if (!is_digit(*p)) return NULL;
        if (exponent < 9999) exponent = exponent * 10 + (*p - '0');
    }
    *exponent_ret = negative ? -exponent : exponent;
    return p;
}

static enum bb_number parse_any(const char *p, size_t n, double *value_ret)
{
    struct bb_str s = bb_str_trim((struct bb_str){ p, n });
    const char *end = s.p + s.n, *first, *last;
    struct digits d = { 0 };
    int negative = 0, exponent = 0, n_points = 0;
    enum bb_number result;
    double magnitude;

    if (s.n == 0) return BB_NUMBER_EMPTY;
    if (s.n > NUMBER_MAX_CHARS) return BB_NUMBER_BAD;
    p = s.p;
    if (*p == '+' || *p == '-') {
        negative = *p++ == '-';
        if (p < end && *p == '$') p++;
    } else if (*p == '$') {
        p++;
        if (p < end && (*p == '+' || *p == '-')) negative = *p++ == '-';
    }
    first = p;
    p = take_integer(p, end, &d);
    if (!p) return BB_NUMBER_BAD;
    if (p < end && *p == '.') {
        n_points = 1;
        for (p++; p < end && is_digit(*p); p++) add_digit(&d, *p, 1);
    }
    last = p;
    if (last - first - n_points < 1) return BB_NUMBER_BAD;
    if (p < end && (*p == 'e' || *p == 'E')) {
        p = take_exponent(p + 1, end, &exponent);
        if (!p) return BB_NUMBER_BAD;
    }
    if (p != end) return BB_NUMBER_BAD;
    if (d.n_significant <= 19)
        result = scale_exact(d.mantissa, d.exp10 + exponent, &magnitude);
    else
        result = bb_decimal_big_text(first, (size_t)(last - first), d.exp10 + exponent, &magnitude);
    if (result == BB_NUMBER_OK) *value_ret = with_sign(magnitude, negative);
    return result;
}

/* Drops all but the first n bytes (0 … 8) and right-aligns them behind zeros. Two steps, for a shift by 64 is undefined. */
static uint64_t keep_bytes(uint64_t word, size_t n)
{
    unsigned half = 32 - 4 * (unsigned)n;
    return (word << half) << half;
}

/* 9 to 16 digits behind the point (floats that somebody has printed in full), or anything else. Kept out of line: inlined,
 * it costs the common case a tenth of its speed. p is behind the sign. */
static __attribute__((noinline)) enum bb_number parse_long_fraction(const char *text, size_t n_text, const char *p,
                                                                    size_t n_whole, size_t n_frac,
                                                                    double *value_ret)
{
    const uint64_t zeros = 0x3030303030303030;
    uint64_t whole, first, second, mantissa;
    enum bb_number result;
    double magnitude;
    if (n_frac <= 8 || n_frac > 16 || n_whole + n_frac > 19 || p[n_whole] != '.')
        return parse_any(text, n_text, value_ret);
    whole = keep_bytes(bb_decimal_word(p) ^ zeros, n_whole);
    first = bb_decimal_word(p + n_whole + 1) ^ zeros;
    second = keep_bytes(bb_decimal_word(p + n_whole + 9) ^ zeros, n_frac - 8);
    if (!bb_decimal_are_digits(whole) || !bb_decimal_are_digits(first) || !bb_decimal_are_digits(second))
        return parse_any(text, n_text, value_ret);
    mantissa = (bb_decimal_eight(whole) * 100000000 + bb_decimal_eight(first)) * ten_to_u32[n_frac - 8] +
               bb_decimal_eight(second);
    result = scale_exact(mantissa, -(int)n_frac, &magnitude);
    if (result == BB_NUMBER_OK) *value_ret = with_sign(magnitude, p > text);
    return result;
}

enum bb_number bb_decimal_parse_any(const char *text, size_t n_text, double *value_ret)
{
    const uint64_t ones = 0x0101010101010101;
    const char *p = text;
    size_t n = n_text, n_whole, n_frac;
    uint64_t word, points, whole, frac, mantissa, bits;
    unsigned negative;
    double value;

    if (BB_UNLIKELY(n_text - 1 >= SHORT_MAX_CHARS)) return parse_any(text, n_text, value_ret);
    negative = *p == '-';
    p += negative;
    n -= negative;
    word = bb_decimal_word(p);
    points = word ^ ones * '.';
    points = (points - ones) & ~points & ones << 7; /* the lowest bit set is exact, those above may not be */
    n_whole = points ? (size_t)__builtin_ctzll(points) / 8 : 8;
    n_whole = n_whole < n ? n_whole : n;
    n_frac = n - n_whole;
    if (n_frac) n_frac--;
    if (BB_UNLIKELY(n_frac > 8 || n_whole + n_frac == 0 || (n_whole == 8 && n > 8 && p[8] != '.')))
        return parse_long_fraction(text, n_text, p, n_whole, n_frac, value_ret);
    whole = keep_bytes(word ^ ones * '0', n_whole);
    frac = keep_bytes(bb_decimal_word(p + n_whole + (n_whole < n)) ^ ones * '0', n_frac);
    if (BB_UNLIKELY(!bb_decimal_are_digits(whole) || !bb_decimal_are_digits(frac)))
        return parse_any(text, n_text, value_ret);
    mantissa = bb_decimal_eight(whole) * ten_to_u32[n_frac] + bb_decimal_eight(frac);
    if (BB_UNLIKELY(mantissa > MANTISSA_MAX)) return parse_any(text, n_text, value_ret);
    value = (double)(int64_t)mantissa / ten_to[n_frac];
    memcpy(&bits, &value, 8);
    bits |= (uint64_t)(negative & (mantissa != 0)) << 63;
    memcpy(value_ret, &bits, 8);
    return BB_NUMBER_OK;
}

enum bb_number bb_decimal_parse(const char *p, size_t n, double *value_ret)
{
    char padded[SHORT_MAX_CHARS + 16] = { 0 };
    if (n - 1 >= SHORT_MAX_CHARS) return parse_any(p, n, value_ret);
    memcpy(padded, p, n);
    return bb_decimal_parse_padded(padded, n, value_ret);
}

/* The integer m with m / 10^decimals == value, below 10^15, as a decimal text of at most 15 digits has it. Such a text is the
 * only one for its double, so the first match is the right one. The rounding errors of the product stay below 0.25. */
static int as_integer(double value, int decimals, int64_t *integer_ret)
{
    double product = value * ten_to[decimals], nearest;
    if (!(fabs(product) < 1e15)) return 0;
    nearest = rint(product);
    *integer_ret = (int64_t)nearest;
    return nearest / ten_to[decimals] == value;
}

static int find_integer(double value, int64_t *integer_ret, int *decimals_ret)
{
    for (int decimals = 0; decimals <= 22; decimals++)
        if (as_integer(value, decimals, integer_ret)) {
            *decimals_ret = decimals;
            return 1;
        }
    return 0;
}

static double residual_of_any(const double operands[3])
{
    int64_t integers[3];
    int decimals[3], most = 0, negative;
    __int128 sum = 0, term;
    u128 magnitude;
    char text[40];
    size_t at = sizeof text;
    double value;

    for (int i = 0; i < 3; i++) {
        /* Not from a decimal text of 15 digits, or nothing like a price: nothing exact is promised. */
        if (!find_integer(operands[i], &integers[i], &decimals[i]))
            return operands[0] - operands[1] - operands[2] + 0.0;
        if (decimals[i] > most) most = decimals[i];
    }
    for (int i = 0; i < 3; i++) { /* each below 10^37, three of them below 2^127 */
        term = integers[i];
        for (int k = decimals[i]; k < most; k++) term *= 10;
        sum += i == 0 ? term : -term;
    }
    negative = sum < 0;
    magnitude = negative ? -(u128)sum : (u128)sum;
    do text[--at] = (char)('0' + (int)(magnitude % 10));
    while ((magnitude /= 10) != 0);
    if (bb_decimal_big_text(text + at, sizeof text - at, -most, &value) != BB_NUMBER_OK) return NAN;
    return with_sign(value, negative);
}

double bb_decimal_residual(double total, double congestion, double loss)
{
    int64_t t, c, l;
    /* Six decimals are what the operators publish at most, as a rule; any scale serves as long as all three fit. */
    if (as_integer(total, 6, &t) && as_integer(congestion, 6, &c) && as_integer(loss, 6, &l))
        return (double)(t - c - l) / 1e6; /* below 3 * 10^15 < 2^53 */
    return residual_of_any((const double[3]){ total, congestion, loss });
}

int bb_integer_parse(const char *p, size_t n, int64_t *value_ret)
{
    int64_t value = 0;
    if (n < 1 || n > 18) return -1;
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(p[i])) return -1;
        value = value * 10 + (p[i] - '0');
    }
    *value_ret = value;
    return 0;
}
