/* Decimal numbers as the operators spell them, to the nearest double, whatever the locale. */
#ifndef BB_DECIMAL_H
#define BB_DECIMAL_H

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
 * (sign, up to 16 digits, one point) run without branches per digit. */
enum bb_number bb_decimal_parse_padded(const char *p, size_t n, double *value_ret);

/* total - congestion - loss in decimal arithmetic: the operands are doubles that came from decimal texts of at most 15
 * significant digits, whose texts are recovered exactly; the result is the double nearest to the exact difference.
 * Never -0.0. Operands that are no such decimals with at most 22 places behind the point (and below 10^15) are subtracted
 * in binary. */
double bb_decimal_residual(double total, double congestion, double loss);

/* Plain unsigned integer, 1…18 digits, nothing else; 0 on success. */
int bb_integer_parse(const char *p, size_t n, int64_t *value_ret);

#endif
