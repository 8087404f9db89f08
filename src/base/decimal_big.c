#include "base/decimal_big.h"

#include <string.h>

typedef unsigned __int128 u128;

/* 768 digits are 2552 bits; 5^1180 are 2740; a numerator is shifted to at most the length of its denominator. */
#define MAX_LIMBS  46
#define MAX_DIGITS 768

struct big { /* little-endian; limbs above n are not defined */
    uint64_t limb[MAX_LIMBS];
    int n;
};

enum bb_number bb_decimal_round(u128 v, int exp2, int sticky, double *value_ret)
{
    uint64_t high = (uint64_t)(v >> 64), top, mantissa, rest, half, bits;
    int lsb, shift;

    /* To 64 bits with the highest one set; what falls out goes to sticky. */
    if (high != 0) {
        int up = __builtin_clzll(high);
        v <<= up;
        top = (uint64_t)(v >> 64);
        sticky |= (uint64_t)v != 0;
        exp2 += 64 - up;
    } else {
        int up = __builtin_clzll((uint64_t)v);
        top = (uint64_t)v << up;
        exp2 -= up;
    }
    /* The last bit that the double keeps is worth 2^lsb: 53 bits, fewer for subnormal numbers. */
    lsb = exp2 + 11 > -1074 ? exp2 + 11 : -1074;
    if (lsb > 971) return BB_NUMBER_TOO_LARGE;
    shift = lsb - exp2;
    if (shift > 64) {
        *value_ret = 0;
        return BB_NUMBER_OK;
    }
    mantissa = shift == 64 ? 0 : top >> shift;
    half = (uint64_t)1 << (shift - 1);
    rest = top & (half | (half - 1));
    if (rest > half || (rest == half && (sticky || (mantissa & 1)))) mantissa++;
    /* The hidden bit adds itself to the exponent field; a carry out of the mantissa does the right thing too. */
    bits = ((uint64_t)(lsb + 1074) << 52) + mantissa;
    if (bits >= (uint64_t)0x7FF << 52) return BB_NUMBER_TOO_LARGE;
    memcpy(value_ret, &bits, sizeof bits);
    return BB_NUMBER_OK;
}

static void multiply_add(struct big *b, uint64_t factor, uint64_t addend)
{
    u128 carry = addend;
    for (int i = 0; i < b->n; i++) {
        carry += (u128)b->limb[i] * factor;
        b->limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    if (carry != 0) b->limb[b->n++] = (uint64_t)carry;
}

static void multiply_by_5_to(struct big *b, int power)
{
    const uint64_t five_to_27 = 7450580596923828125;
    for (; power >= 27; power -= 27) multiply_add(b, five_to_27, 0);
    for (; power > 0; power--) multiply_add(b, 5, 0);
}

static int bit_length(const struct big *b) { return 64 * b->n - __builtin_clzll(b->limb[b->n - 1]); }

static void shift_left(struct big *b, int bits)
{
    int limbs = bits / 64, rest = bits % 64;
    if (rest) multiply_add(b, (uint64_t)1 << rest, 0);
    if (limbs) {
        memmove(b->limb + limbs, b->limb, (size_t)b->n * sizeof b->limb[0]);
        memset(b->limb, 0, (size_t)limbs * sizeof b->limb[0]);
        b->n += limbs;
    }
}

static int compare(const struct big *a, const struct big *b)
{
    if (a->n != b->n) return a->n < b->n ? -1 : 1;
    for (int i = a->n - 1; i >= 0; i--)
        if (a->limb[i] != b->limb[i]) return a->limb[i] < b->limb[i] ? -1 : 1;
    return 0;
}

static void subtract(struct big *a, const struct big *b) /* a >= b */
{
    uint64_t borrow = 0;
    for (int i = 0; i < a->n; i++) {
        u128 take = (u128)(i < b->n ? b->limb[i] : 0) + borrow;
        borrow = a->limb[i] < take;
        a->limb[i] -= (uint64_t)take;
    }
    while (a->n > 0 && a->limb[a->n - 1] == 0) a->n--;
}

/* number * 2^exp2, number not 0 */
static enum bb_number round_big(const struct big *number, int exp2, double *value_ret)
{
    int n = number->n, sticky = 0;
    u128 v;
    if (n <= 2)
        return bb_decimal_round(((u128)(n > 1 ? number->limb[1] : 0) << 64) | number->limb[0], exp2, 0, value_ret);
    for (int i = 0; i < n - 2; i++) sticky |= number->limb[i] != 0;
    v = ((u128)number->limb[n - 1] << 64) | number->limb[n - 2];
    return bb_decimal_round(v, exp2 + 64 * (n - 2), sticky, value_ret);
}

static enum bb_number scale_big(struct big *number, int n_digits, int exp10, double *value_ret)
{
    struct big divisor = { .limb = { 1 }, .n = 1 };
    uint64_t quotient = 0;
    int exp2, gap;

    *value_ret = 0;
    if (number->n == 0) return BB_NUMBER_OK;
    if (exp10 < 0 && n_digits + exp10 < -330) return BB_NUMBER_OK;
    if (n_digits + exp10 > 310) return BB_NUMBER_TOO_LARGE;
    exp2 = exp10;
    if (exp10 >= 0) {
        multiply_by_5_to(number, exp10);
        return round_big(number, exp2, value_ret);
    }
    multiply_by_5_to(&divisor, -exp10);
    gap = bit_length(&divisor) - bit_length(number);
    shift_left(gap > 0 ? number : &divisor, gap > 0 ? gap : -gap);
    exp2 -= gap;
    /* Both have one length now; 64 steps of long division give 63 or 64 bits of quotient, plenty for a double. */
    for (int i = 0; i < 64; i++) {
        quotient <<= 1;
        if (compare(number, &divisor) >= 0) {
            subtract(number, &divisor);
            quotient |= 1;
        }
        if (number->n > 0) shift_left(number, 1);
    }
    return bb_decimal_round(quotient, exp2 - 63, number->n > 0, value_ret);
}

enum bb_number bb_decimal_big_u64(uint64_t mantissa, int exp10, double *value_ret)
{
    struct big number = { .limb = { mantissa }, .n = mantissa != 0 };
    int n_digits = 1;
    for (uint64_t rest = mantissa; rest >= 10; rest /= 10) n_digits++;
    return scale_big(&number, n_digits, exp10, value_ret);
}

enum bb_number bb_decimal_big_text(const char *text, size_t n, int exp10, double *value_ret)
{
    struct big number = { .n = 0 };
    int n_digits = 0;
    if (n > MAX_DIGITS) return BB_NUMBER_BAD;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9') continue;
        multiply_add(&number, 10, (uint64_t)(text[i] - '0'));
        n_digits += number.n > 0;
    }
    return scale_big(&number, n_digits, exp10, value_ret);
}
