/* Numbers against the C library's strtod in the "C" locale, on generated texts, and a list of spellings by hand. */
#include "base/decimal.h"
#include "base/status.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static locale_t c_locale;
static uint64_t seed = 20240310;

static uint64_t draw64(void)
{
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return seed;
}

static unsigned draw(unsigned below) { return (unsigned)((draw64() >> 32) % below); }

/* Both doors must give strtod's double; infinity is BAD. */
static void assert_as_strtod(const char *text, size_t n)
{
    char padded[1024];
    double want = strtod_l(text, NULL, c_locale), got = -1, got_padded = -1;
    enum bb_number result = isinf(want) ? BB_NUMBER_TOO_LARGE : BB_NUMBER_OK;
    if (want == 0) want = 0;
    memcpy(padded, text, n);
    memset(padded + n, "07.,e"[draw(5)], 16);
    if (bb_decimal_parse(text, n, &got) != result || bb_decimal_parse_padded(padded, n, &got_padded) != result ||
        (result == BB_NUMBER_OK && (memcmp(&want, &got, 8) != 0 || memcmp(&want, &got_padded, 8) != 0))) {
        print_error("\"%.*s\": strtod %.17g, parse %.17g, parse_padded %.17g\n", (int)n, text, want, got,
                    got_padded);
        fail();
    }
}

static void test_prices(void **state)
{
    char text[64];
    (void)state;
    for (int i = 0; i < 1000000; i++) {
        int n = snprintf(text, sizeof text, "%s%u.%0*u", draw(3) ? "" : "-", draw(10000) >> draw(14),
                         (int)draw(9) + 1, draw(1000000000) >> draw(30));
        assert_as_strtod(text, (size_t)n);
    }
}

static void test_random_digits(void **state)
{
    char text[800];
    (void)state;
    for (int i = 0; i < 1000000; i++) {
        unsigned n_digits = draw(100) ? draw(24) + 1 : draw(700) + 1, point = draw(n_digits + 1);
        size_t n = 0;
        if (draw(2)) text[n++] = "+-"[draw(2)];
        for (unsigned k = 0; k < n_digits; k++) {
            if (k == point && draw(3)) text[n++] = '.';
            text[n++] = (char)('0' + (draw(3) ? draw(10) : draw(2) * 9));
        }
        if (draw(3) == 0)
            n += (size_t)sprintf(text + n, "%c%d", "eE"[draw(2)],
                                 draw(2) ? (int)draw(60) - 30 : (int)draw(700) - 360);
        text[n] = '\0';
        assert_as_strtod(text, n);
    }
}

static double any_double(int exponent_range)
{
    uint64_t bits = (draw64() & (((uint64_t)1 << 52) - 1)) |
                    (uint64_t)(1023 - exponent_range + (int)draw(2 * (unsigned)exponent_range)) << 52;
    double value;
    if (draw(4) == 0) bits &= ~(uint64_t)0 << draw(52); /* few bits: many ties among short texts */
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void test_printed_doubles(void **state)
{
    static const int ranges[] = { 8, 64, 300, 1022 };
    char text[64];
    (void)state;
    for (int i = 0; i < 600000; i++) {
        double value = any_double(ranges[i % 4]);
        int n = snprintf(text, sizeof text, "%.*g", 15 + (int)draw(6), value);
        assert_as_strtod(text, (size_t)n);
    }
}

/* Halfway between two doubles, exactly, and a hair above and below. */
static void test_ties(void **state)
{
    static const int ranges[] = { 8, 60, 300, 1000 };
    char text[1200];
    int n_checked = 0;
    (void)state;
    for (int i = 0; i < 60000; i++) {
        double low = any_double(ranges[i % 4]), high = nextafter(low, INFINITY);
        long double middle =
            ((long double)low + (long double)high) / 2; /* exact: 64 bits or more on all we build for */
        int n = snprintf(text, sizeof text, "%.780Le", middle);
        char *e = strchr(text, 'e'), exponent[16];
        assert_true(n > 0 && e);
        snprintf(exponent, sizeof exponent, "%s", e);
        while (e[-1] == '0') e--;
        if (e - text > 740) continue;
        strcpy(e, exponent);
        assert_as_strtod(text, strlen(text));
        snprintf(e, sizeof text - (size_t)(e - text), "0001%s", exponent);
        assert_as_strtod(text, strlen(text));
        e[-1]--; /* the last digit of a tie is a 5 */
        snprintf(e, sizeof text - (size_t)(e - text), "9999%s", exponent);
        assert_as_strtod(text, strlen(text));
        n_checked++;
    }
    assert_true(n_checked > 50000);
}

static void test_borders(void **state)
{
    static const char *const texts[] = {
        "0",
        "0e9999",
        "0.000e-9999",
        "1e-400",
        "1e400",
        "4.9e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "2.2250738585072014e-308",
        "2.2250738585072011e-308",
        "2.225073858507201e-308",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "179769313486231580793728971405301e276",
        "9007199254740991",
        "9007199254740992",
        "9007199254740993",
        "9007199254740994",
        "9007199254740995",
        "18446744073709551615",
        "18446744073709551616",
        "9999999999999999999",
        "9223372036854775807.5",
        "1e22",
        "1e23",
        "8.5e22",
        "1e27",
        "1e28",
        "1e-27",
        "1e-28",
        "123456789012345678e-27",
        "99999999.99999999",
        "00000000000000000000000000001.5",
        "0.00000000000000000000000000000000000000000000001",
        "1.0000000000000000000000000000000000000000000001",
        "6.631236846766476e-316",
        "1.00000000000000011102230246251565404236316680908203125",
        "1.00000000000000011102230246251565404236316680908203124",
        "1.00000000000000011102230246251565404236316680908203126",
    };
    (void)state;
    for (size_t i = 0; i < BB_ARRAY_LEN(texts); i++) assert_as_strtod(texts[i], strlen(texts[i]));
}

static void test_spellings(void **state)
{
    static const struct {
        const char *text;
        enum bb_number result;
        double value;
    } cases[] = {
        { "", BB_NUMBER_EMPTY, 0 },
        { "   ", BB_NUMBER_EMPTY, 0 },
        { " \t", BB_NUMBER_EMPTY, 0 },
        { ".92", BB_NUMBER_OK, 0.92 },
        { "29", BB_NUMBER_OK, 29 },
        { "26.10", BB_NUMBER_OK, 26.1 },
        { "1e-06", BB_NUMBER_OK, 1e-6 },
        { "-7e-05", BB_NUMBER_OK, -7e-5 },
        { "$1,234.56", BB_NUMBER_OK, 1234.56 },
        { "1,234.56", BB_NUMBER_OK, 1234.56 },
        { "-$1,234.5", BB_NUMBER_OK, -1234.5 },
        { "$-3", BB_NUMBER_OK, -3 },
        { "1,234,567", BB_NUMBER_OK, 1234567 },
        { "999,000", BB_NUMBER_OK, 999000 },
        { "+5", BB_NUMBER_OK, 5 },
        { "  28.88", BB_NUMBER_OK, 28.88 },
        { "28.88\t ", BB_NUMBER_OK, 28.88 },
        { "5.", BB_NUMBER_OK, 5 },
        { "-0.0", BB_NUMBER_OK, 0 },
        { "-0", BB_NUMBER_OK, 0 },
        { "-0.000000000", BB_NUMBER_OK, 0 },
        { "-0e5", BB_NUMBER_OK, 0 },
        { "-1e-400", BB_NUMBER_OK, 0 },
        { "007", BB_NUMBER_OK, 7 },
        { "NaN", BB_NUMBER_BAD, 0 },
        { "nan", BB_NUMBER_BAD, 0 },
        { "inf", BB_NUMBER_BAD, 0 },
        { "-Infinity", BB_NUMBER_BAD, 0 },
        { "0x10", BB_NUMBER_BAD, 0 },
        { "--1", BB_NUMBER_BAD, 0 },
        { "+-1", BB_NUMBER_BAD, 0 },
        { "-$-1", BB_NUMBER_BAD, 0 },
        { "1,23", BB_NUMBER_BAD, 0 },
        { "1234,567", BB_NUMBER_BAD, 0 },
        { ",123", BB_NUMBER_BAD, 0 },
        { "1,2345", BB_NUMBER_BAD, 0 },
        { "1,234,56", BB_NUMBER_BAD, 0 },
        { "1,", BB_NUMBER_BAD, 0 },
        { "1.234,567", BB_NUMBER_BAD, 0 },
        { "1.2.3", BB_NUMBER_BAD, 0 },
        { ".", BB_NUMBER_BAD, 0 },
        { "-", BB_NUMBER_BAD, 0 },
        { "-.", BB_NUMBER_BAD, 0 },
        { "$", BB_NUMBER_BAD, 0 },
        { "1e", BB_NUMBER_BAD, 0 },
        { "1e+", BB_NUMBER_BAD, 0 },
        { "e5", BB_NUMBER_BAD, 0 },
        { ".e5", BB_NUMBER_BAD, 0 },
        { "1e5.0", BB_NUMBER_BAD, 0 },
        { "1 2", BB_NUMBER_BAD, 0 },
        { "12a", BB_NUMBER_BAD, 0 },
        { "1.5f", BB_NUMBER_BAD, 0 },
        { "- 1", BB_NUMBER_BAD, 0 },
        { "1/2", BB_NUMBER_BAD, 0 },
        { "12345678:", BB_NUMBER_BAD, 0 },
        { "123456789", BB_NUMBER_OK, 123456789 },
        { "1,5", BB_NUMBER_BAD, 0 },
        { "12.34567890a", BB_NUMBER_BAD, 0 },
        { "12.3456789012:", BB_NUMBER_BAD, 0 },
        { "\xb2.5", BB_NUMBER_BAD, 0 },
    };
    (void)state;
    for (size_t i = 0; i < BB_ARRAY_LEN(cases); i++) {
        char padded[64];
        double got = 77, got_padded = 77;
        size_t n = strlen(cases[i].text);
        char *exact = malloc(n + 1); /* one byte short of a NUL, for the sanitizer's sake */
        assert_non_null(exact);
        memcpy(exact + 1, cases[i].text, n);
        memset(padded, '9', sizeof padded);
        memcpy(padded, cases[i].text, n);
        if (bb_decimal_parse(exact + 1, n, &got) != cases[i].result ||
            bb_decimal_parse_padded(padded, n, &got_padded) != cases[i].result) {
            print_error("\"%s\" is judged wrongly\n", cases[i].text);
            fail();
        }
        if (cases[i].result != BB_NUMBER_OK) {
            assert_true(got == 77 && got_padded == 77); /* untouched */
        } else {
            assert_memory_equal(&got, &cases[i].value, 8); /* by bits: no negative zero */
            assert_memory_equal(&got_padded, &cases[i].value, 8);
        }
        free(exact);
    }
}

static void test_long_texts(void **state)
{
    size_t n = 65536;
    char *text = malloc(n);
    double value;
    (void)state;
    assert_non_null(text);
    memset(text, '1', n);
    assert_int_equal(bb_decimal_parse(text, n, &value), BB_NUMBER_BAD);
    assert_int_equal(bb_decimal_parse(text, 769, &value), BB_NUMBER_BAD);
    assert_int_equal(bb_decimal_parse(text, 768, &value), BB_NUMBER_TOO_LARGE); /* 10^767 */
    memset(text, '9', n);
    text[300] = '.';
    assert_int_equal(bb_decimal_parse(text, 768, &value), BB_NUMBER_OK);
    assert_true(value == 1e300);
    memset(text, ' ', n);
    assert_int_equal(bb_decimal_parse(text, n, &value), BB_NUMBER_EMPTY);
    text[40000] = '7';
    assert_int_equal(bb_decimal_parse(text, n, &value), BB_NUMBER_OK);
    assert_true(value == 7);
    free(text);
}

static void test_locale(void **state)
{
    static const char *const names[] = { "de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8" };
    double value;
    (void)state;
    for (size_t i = 0; i < BB_ARRAY_LEN(names) && !setlocale(LC_ALL, names[i]); i++) {
    }
    print_message("locale %s, decimal point '%s'\n", setlocale(LC_ALL, NULL), localeconv()->decimal_point);
    test_borders(NULL);
    assert_int_equal(bb_decimal_parse("1,5", 3, &value), BB_NUMBER_BAD);
    assert_true(bb_decimal_residual(0.3, 0.1, 1e-20) == 0.19999999999999999999);
    setlocale(LC_ALL, "C");
}

/* What strtod makes of integer * 10^-decimals. */
static double scaled(__int128 integer, int decimals)
{
    char text[64];
    int negative = integer < 0, at = sizeof text - 8;
    unsigned __int128 rest = negative ? -(unsigned __int128)integer : (unsigned __int128)integer;
    snprintf(text + at, 8, "e-%d", decimals);
    do text[--at] = (char)('0' + (int)(rest % 10));
    while ((rest /= 10) != 0);
    if (negative) text[--at] = '-';
    return strtod_l(text + at, NULL, c_locale);
}

static void test_residual(void **state)
{
    (void)state;
    for (int i = 0; i < 1000000; i++) {
        int decimals[3], same = (int)draw(8), most = 0, mixed = draw(3) == 0;
        int64_t integers[3];
        double operands[3], want, got;
        __int128 sum = 0;
        for (int k = 0; k < 3; k++) {
            decimals[k] = mixed ? (int)draw(23) : same;
            integers[k] = (int64_t)(draw64() % 1000000000000000) >> draw(50);
            if (draw(2)) integers[k] = -integers[k];
            operands[k] = scaled(integers[k], decimals[k]);
            if (decimals[k] > most) most = decimals[k];
        }
        for (int k = 0; k < 3; k++) {
            __int128 term = integers[k];
            for (int j = decimals[k]; j < most; j++) term *= 10;
            sum += k == 0 ? term : -term;
        }
        want = scaled(sum, most);
        if (want == 0) want = 0;
        got = bb_decimal_residual(operands[0], operands[1], operands[2]);
        if (memcmp(&want, &got, 8) != 0) {
            print_error("%.15g - %.15g - %.15g: want %.17g, got %.17g\n", operands[0], operands[1], operands[2],
                        want, got);
            fail();
        }
    }
}

static void test_residual_by_hand(void **state)
{
    double zero = bb_decimal_residual(0.3, 0.1, 0.2), value; /* binary: -2.8e-17 */
    (void)state;
    assert_true(zero == 0 && !signbit(zero));
    assert_true(bb_decimal_residual(30.1, 0.2, 0.3) == 29.6);
    assert_true(bb_decimal_residual(34.233346, -0.001, 1.5e-05) == 34.234331);
    value = bb_decimal_residual(-0.0, 0.0, 0.0);
    assert_true(value == 0 && !signbit(value));
    value = bb_decimal_residual(1e300, 1e300, 0); /* no price: still no harm */
    assert_true(value == 0 && !signbit(value));
    assert_true(bb_decimal_residual(1.0 / 3, 0, 0) == 1.0 / 3);
}

static void test_integer(void **state)
{
    int64_t value = -5;
    (void)state;
    assert_int_equal(bb_integer_parse("0", 1, &value), 0);
    assert_int_equal(value, 0);
    assert_int_equal(bb_integer_parse("999999999999999999", 18, &value), 0);
    assert_true(value == 999999999999999999);
    assert_int_equal(bb_integer_parse("0042", 4, &value), 0);
    assert_int_equal(value, 42);
    assert_int_equal(bb_integer_parse("", 0, &value), -1);
    assert_int_equal(bb_integer_parse("1000000000000000000", 19, &value), -1);
    assert_int_equal(bb_integer_parse("-1", 2, &value), -1);
    assert_int_equal(bb_integer_parse("1.0", 3, &value), -1);
    assert_int_equal(bb_integer_parse(" 1", 2, &value), -1);
    assert_int_equal(value, 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings),       cmocka_unit_test(test_borders),
        cmocka_unit_test(test_prices),          cmocka_unit_test(test_random_digits),
        cmocka_unit_test(test_printed_doubles), cmocka_unit_test(test_ties),
        cmocka_unit_test(test_long_texts),      cmocka_unit_test(test_locale),
        cmocka_unit_test(test_residual),        cmocka_unit_test(test_residual_by_hand),
        cmocka_unit_test(test_integer),
    };
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c_locale) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
