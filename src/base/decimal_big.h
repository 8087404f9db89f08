/* The slow, always exact part of decimal.h: rounding of integers of any size to the nearest double (ties to even).
 * All results are magnitudes; BB_NUMBER_TOO_LARGE means beyond the largest double. No allocation, any thread. */
#ifndef BB_DECIMAL_BIG_H
#define BB_DECIMAL_BIG_H

#include "base/decimal.h"

/* (v + something in (0,1) if sticky) * 2^exp2. With sticky, v must be at least 2^62; v is not 0. */
enum bb_number bb_decimal_round(unsigned __int128 v, int exp2, int sticky, double *value_ret);

/* mantissa * 10^exp10 */
enum bb_number bb_decimal_big_u64(uint64_t mantissa, int exp10, double *value_ret);

/* The digits in text[0 … n), n <= 768, read as one integer (a point and commas are skipped), times 10^exp10. */
enum bb_number bb_decimal_big_text(const char *text, size_t n, int exp10, double *value_ret);

#endif
