/* Decimal numbers as the operators spell them, to the nearest double, whatever the locale. */
#ifndef BB_DECIMAL_H
#define BB_DECIMAL_H

#include "base/status.h"
#include "base/str.h"

/* Result of parsing one cell. */
enum bb_number { BB_NUMBER_OK, BB_NUMBER_EMPTY, BB_NUMBER_BAD, BB_NUMBER_TOO_LARGE };

/* Takes blanks around, a sign, ".92", "29", "26.10", "1e-06", "-7e-05", "$1,234.56", "1,234.56" (thousands in groups of
 * three), "-0.0" (gives +0.0: the lake has no negative zero). Refuses "", "NaN", "inf", hex, two signs, "1,23".
 * The result is the double nearest to the text (ties to even); a number beyond the largest double is TOO_LARGE, one of more
 * than 768 characters BAD. *value_ret is written only with BB_NUMBER_OK.
 * Reads at most [p, p + n): nothing beyond is touched. */
enum bb_number bb_decimal_parse(const char *p, size_t n, double *value_ret);

/* Like bb_decimal_parse but the caller promises that at least 16 bytes behind p + n are readable, which lets the common case
 * (sign, up to 16 digits, one point) run without branches per digit. The half of it that nearly every price takes, up to
 * eight digits in all, is inlined. */
static inline enum bb_number bb_decimal_parse_padded(const char *p, size_t n, double *value_ret);
enum bb_number bb_decimal_parse_any(const char *p, size_t n, double *value_ret); /* the other half: any text */

/* total - congestion - loss in decimal arithmetic: the operands are doubles that came from decimal texts of at most 15
 * significant digits, whose texts are recovered exactly; the result is the double nearest to the exact difference.
 * Never -0.0. Operands that are no such decimals with at most 22 places behind the point (and below 10^15) are subtracted
 * in binary. */
double bb_decimal_residual(double total, double congestion, double loss);

/* Plain unsigned integer, 1…18 digits, nothing else; 0 on success. */
int bb_integer_parse(const char *p, size_t n, int64_t *value_ret);

/* ---- eight digits in one word ---- */

static inline uint64_t bb_decimal_word(const char *p) /* the first byte in the lowest */
{
    uint64_t word;
    memcpy(&word, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline int bb_decimal_are_digits(uint64_t word) /* of bytes from which '0' has been taken */
{
    const uint64_t ones = 0x0101010101010101;
    return ((word | (word + ones * 6)) & ones * 0xF0) == 0;
}

/* The value of 8 digits 0 … 9, one per byte, the first in the lowest byte: pairs, then fours, then eight. */
static inline uint64_t bb_decimal_eight(uint64_t word)
{
    word = word * 10 + (word >> 8);
    return (((word & 0x000000FF000000FF) * 0x000F424000000064) +
            (((word >> 16) & 0x000000FF000000FF) * 0x0000271000000001)) >>
           32;
}

static inline enum bb_number bb_decimal_parse_padded(const char *text, size_t n_text, double *value_ret)
{
    static const double ten_to[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8 };
    const uint64_t ones = 0x0101010101010101;
    unsigned negative = *text == '-';
    const char *p = text + negative;
    size_t n = n_text - negative, n_whole, n_digits;
    uint64_t word, stops, whole, digits, mantissa, bits;
    double value;

    if (BB_UNLIKELY(n_text - 1 >= 10)) return bb_decimal_parse_any(text, n_text, value_ret);
    word = bb_decimal_word(p);
    stops = word ^ ones * '.';
    stops = (stops - ones) & ~stops & ones << 7; /* the lowest bit set is exact, those above may not be */
    stops |= (uint64_t)0x80 << 4 * n << 4 * n;   /* the end of a text without a point; twice, for 64 is undefined */
    if (BB_UNLIKELY(stops == 0)) return bb_decimal_parse_any(text, n_text, value_ret);
    n_whole = (size_t)__builtin_ctzll(stops) / 8;
    n_digits = n - (n_whole != n);
    if (BB_UNLIKELY(n_digits - 1 >= 8)) return bb_decimal_parse_any(text, n_text, value_ret);
    /* The bytes before the point from where they are, those behind it from a place further: the point is gone. */
    whole = ((stops >> 7) - 1) & ~(stops >> 7);
    digits = bb_decimal_word(p + 1);
    digits ^= (word ^ digits) & whole;
    digits = (digits ^ ones * '0') << (64 - 8 * n_digits);
    if (BB_UNLIKELY(!bb_decimal_are_digits(digits))) return bb_decimal_parse_any(text, n_text, value_ret);
    mantissa = bb_decimal_eight(digits);
    value = (double)(int64_t)mantissa / ten_to[n_digits - n_whole];
    memcpy(&bits, &value, 8);
    bits |= (uint64_t)(negative & (mantissa != 0)) << 63;
    memcpy(value_ret, &bits, 8);
    return BB_NUMBER_OK;
}

#endif
