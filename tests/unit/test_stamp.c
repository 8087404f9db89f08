/* Dates and times as the operators spell them. Expected values by Python's datetime. */
#include "time/stamp.h"

#include "base/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REFUSED INT64_MIN

struct stamp_case {
    const char *text;
    int64_t want; /* REFUSED, days, wall seconds or UTC seconds */
};

/* A copy that ends where the text ends, for the sanitizer. */
static char *copy_of(const char *text)
{
    size_t n = strlen(text);
    char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    return n ? memcpy(copy, text, n) : copy;
}

static int64_t parse_date(const char *p, size_t n)
{
    int32_t day;
    return bb_stamp_date(p, n, &day) == 0 ? day : REFUSED;
}

static int64_t parse_wall(const char *p, size_t n)
{
    struct bb_wall wall;
    if (bb_stamp_wall(p, n, &wall) != 0) return REFUSED;
    assert_in_range(wall.second, 0, 86399);
    return bb_wall_as_utc(wall);
}

static int64_t parse_utc(const char *p, size_t n)
{
    int64_t utc_s;
    return bb_stamp_utc(p, n, &utc_s) == 0 ? utc_s : REFUSED;
}

static void check_cases(const struct stamp_case *cases, size_t n, int64_t (*parse)(const char *, size_t))
{
    for (size_t i = 0; i < n; i++) {
        char *copy = copy_of(cases[i].text);
        int64_t got = parse(copy, strlen(cases[i].text));
        if (got != cases[i].want) {
            print_error("\"%s\": got %lld, want %lld\n", cases[i].text, (long long)got, (long long)cases[i].want);
            fail();
        }
        free(copy);
    }
}

static void test_dates(void **state)
{
    static const struct stamp_case cases[] = {
        { "2024-01-31", 19753 },
        { "20240131", 19753 },
        { "1/31/2024", 19753 },
        { "01/31/2024", 19753 },
        { "2024/01/31", 19753 },
        { "2024/1/31", 19753 },
        { "1/31/24", 19753 },
        { "31-Jan-2024", 19753 },
        { "31-JAN-2024", 19753 },
        { " 1/31/2024 ", 19753 },
        { "\t2024-01-31", 19753 },
        { "2024-01-31 00:00:00", 19753 },
        { "2024-01-31T00:00:00", 19753 },
        { "2024-01-31T00:00:00.000", 19753 },
        { "1/31/2024 12:00:00 AM", 19753 },
        { "1/31/2024 0:00", 19753 },
        { "2/29/2024", 19782 },
        { "2/29/2000", 11016 },
        { "1-Mar-2023", 19417 },
        { "1/1/00", 10957 },
        { "12/31/68", 36159 },
        { "1/1/69", -365 },
        { "12/31/99", 10956 },
        { "1/1/1600", -135140 },
        { "12/31/9999", 2932896 },
        { "", REFUSED },
        { " ", REFUSED },
        { "2/29/2023", REFUSED },
        { "2/29/1900", REFUSED },
        { "13/1/2024", REFUSED },
        { "31/1/2024", REFUSED },
        { "4/31/2024", REFUSED },
        { "0/1/2024", REFUSED },
        { "1/0/2024", REFUSED },
        { "1/1/1599", REFUSED },
        { "2024-1-31", REFUSED },
        { "2024-01-311", REFUSED },
        { "202401311", REFUSED },
        { "2024013", REFUSED },
        { "1/31/024", REFUSED },
        { "1/31/2", REFUSED },
        { "1/31/20245", REFUSED },
        { "1/31", REFUSED },
        { "1/31/", REFUSED },
        { "001/31/2024", REFUSED },
        { "2024-01/31", REFUSED },
        { "2024/01-31", REFUSED },
        { "31-Foo-2024", REFUSED },
        { "31-Ja", REFUSED },
        { "31-Jan-24", REFUSED },
        { "31-01-2024", REFUSED },
        { "2024-01-31 01:00:00", REFUSED },
        { "2024-01-31 24:00", REFUSED },
        { "2024-01-31T", REFUSED },
        { "2024-01-31 x", REFUSED },
        { "2024-01-31x", REFUSED },
        { "2024-01-31Z", REFUSED },
        { "-024-01-31", REFUSED },
        { "1//31/2024", REFUSED },
        { "Hourly", REFUSED },
        { "2024.01.31", REFUSED },
    };
    (void)state;
    check_cases(cases, BB_ARRAY_LEN(cases), parse_date);
}

static void test_walls(void **state)
{
    static const struct stamp_case cases[] = {
        { "6/16/2025 12:00:00 AM", 1750032000 },
        { "6/16/2025 12:59:59 AM", 1750035599 },
        { "6/16/2025 1:00:00 AM", 1750035600 },
        { "6/16/2025 12:00:00 PM", 1750075200 },
        { "6/16/2025 11:05:09 pm", 1750115109 },
        { "6/16/2025 11:05PM", 1750115100 },
        { "06/16/2025 23:05:09", 1750115109 },
        { "6/16/2025 6:00", 1750053600 },
        { "06/16/2025 06:00", 1750053600 },
        { "2025-06-16T06:00:00", 1750053600 },
        { "2025-06-16 06:00:00.000", 1750053600 },
        { "2025-06-16 06:00:00.123456789012", 1750053600 },
        { "2025-06-16  06:00", 1750053600 },
        { "20250616T0600", REFUSED },
        { "20250616 06:00", 1750053600 },
        { "16-Jun-2025 06:00", 1750053600 },
        { "06/16/2025 24:00", 1750118400 },
        { "06/16/2025 24:00:00", 1750118400 },
        { "12/31/2025 24:00", 1767225600 },
        { "07/14/2026", 1783987200 },
        { "6/16/25 6:00", 1750053600 },
        { "  6/16/2025 6:00  ", 1750053600 },
        { "12/31/1969 23:59:59", -1 },
        { "2024-02-29T23:59:59", 1709251199 },
        { "6/16/2025 24:01", REFUSED },
        { "6/16/2025 25:00", REFUSED },
        { "6/16/2025 24:00:01", REFUSED },
        { "6/16/2025 6:60", REFUSED },
        { "6/16/2025 6:00:60", REFUSED },
        { "6/16/2025 6:0", REFUSED },
        { "6/16/2025 6", REFUSED },
        { "6/16/2025 6:", REFUSED },
        { "6/16/2025 006:00", REFUSED },
        { "6/16/2025 6:00:0", REFUSED },
        { "6/16/2025 6:00:00.", REFUSED },
        { "6/16/2025 0:00 AM", REFUSED },
        { "6/16/2025 13:00 PM", REFUSED },
        { "6/16/2025 24:00 AM", REFUSED },
        { "6/16/2025 1:00 XM", REFUSED },
        { "6/16/2025 1:00 A", REFUSED },
        { "6/16/2025 1:00 AM x", REFUSED },
        { "6/16/20251:00", REFUSED },
        { "6/16/2025 1:00 EDT", REFUSED },
        { "6/16/2025T", REFUSED },
        { "2/30/2025 1:00", REFUSED },
        { "6/16/2025 -1:00", REFUSED },
        { "2025-06-16T06:00:00Z", REFUSED },
        { "2025-06-16 06:00-05:00", REFUSED },
    };
    (void)state;
    check_cases(cases, BB_ARRAY_LEN(cases), parse_wall);
}

static void test_utc(void **state)
{
    static const struct stamp_case cases[] = {
        { "2020-01-02T05:00:00-00:00", 1577941200 },
        { "2020-01-02T05:00:00+00:00", 1577941200 },
        { "2020-01-02T05:00:00Z", 1577941200 },
        { "2020-01-02 05:00:00 Z", 1577941200 },
        { "2020-01-02T00:00:00-05:00", 1577941200 },
        { "2020-01-02T00:00:00.000000-0500", 1577941200 },
        { "2020-01-02 00:00:00-05", 1577941200 },
        { "2020-01-02 00:00 -05:00", 1577941200 },
        { "2020-01-02T10:45:00+05:45", 1577941200 },
        { "1/2/2020 12:00:00 AM -05:00", 1577941200 },
        { "2020-01-01T24:00:00-05:00", 1577941200 },
        { "2020-01-02T05:00:00.5Z", 1577941200 },
        { "1969-12-31T23:59:59Z", -1 },
        { "2020-01-02T05:00:00", REFUSED },
        { "2020-01-02", REFUSED },
        { "2020-01-02Z", REFUSED },
        { "2020-01-02T05:00:00-5", REFUSED },
        { "2020-01-02T05:00:00-05:0", REFUSED },
        { "2020-01-02T05:00:00-050", REFUSED },
        { "2020-01-02T05:00:00-05:60", REFUSED },
        { "2020-01-02T05:00:00+24:00", REFUSED },
        { "2020-01-02T05:00:00-05:00x", REFUSED },
        { "2020-01-02T05:00:00+", REFUSED },
        { "2020-01-02T05:00:00ZZ", REFUSED },
        { "2020-01-02T05:00:00-05:", REFUSED },
        { "2020-02-30T05:00:00Z", REFUSED },
        { "20200102-05", REFUSED },
        { "", REFUSED },
    };
    (void)state;
    check_cases(cases, BB_ARRAY_LEN(cases), parse_utc);
}

static void test_hour_ending(void **state)
{
    static const struct {
        const char *text;
        int hour, extra; /* hour 0: refused */
    } cases[] = {
        { "1", 1, 0 },        { "24", 24, 0 },      { "01", 1, 0 },   { "01:00", 1, 0 }, { "1:00", 1, 0 },
        { "24:00", 24, 0 },   { "01:00:00", 1, 0 }, { "HE 1", 1, 0 }, { "HE01", 1, 0 },  { "he24", 24, 0 },
        { "HE 25", 25, 1 },   { "25", 25, 1 },      { "02X", 2, 1 },  { "02x", 2, 1 },   { " 7 ", 7, 0 },
        { "HE 02X", 2, 1 },   { "", 0, 0 },         { "0", 0, 0 },    { "00", 0, 0 },    { "00:00", 0, 0 },
        { "26", 0, 0 },       { "25:00", 0, 0 },    { "25X", 0, 0 },  { "-1", 0, 0 },    { "1:30", 0, 0 },
        { "01:00:30", 0, 0 }, { "01:0", 0, 0 },     { "01:", 0, 0 },  { "HE", 0, 0 },    { "HE ", 0, 0 },
        { "H1", 0, 0 },       { "1.0", 0, 0 },      { "001", 0, 0 },  { "X", 0, 0 },     { "02XX", 0, 0 },
        { "1 2", 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < BB_ARRAY_LEN(cases); i++) {
        char *copy = copy_of(cases[i].text);
        int hour = 0, extra = 0, result = bb_stamp_hour_ending(copy, strlen(cases[i].text), &hour, &extra);
        if (result != (cases[i].hour ? 0 : -1) || hour != cases[i].hour || extra != cases[i].extra) {
            print_error("\"%s\": %d, hour %d, extra %d\n", cases[i].text, result, hour, extra);
            fail();
        }
        free(copy);
    }
}

/* Every day of 1990 … 2069 in every spelling. */
static void test_every_day(void **state)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    (void)state;
    for (int32_t day = 7305; day < 36525; day++) {
        struct bb_date d = bb_date_of(day);
        char texts[6][64];
        snprintf(texts[0], sizeof texts[0], "%04d-%02d-%02d", d.year, d.month, d.day);
        snprintf(texts[1], sizeof texts[1], "%04d%02d%02d", d.year, d.month, d.day);
        snprintf(texts[2], sizeof texts[2], "%d/%d/%04d", d.month, d.day, d.year);
        snprintf(texts[3], sizeof texts[3], "%02d/%02d/%04d", d.month, d.day, d.year);
        snprintf(texts[4], sizeof texts[4], "%d-%.3s-%04d", d.day, months + 3 * (d.month - 1), d.year);
        snprintf(texts[5], sizeof texts[5], "%d/%d/%02d", d.month, d.day, d.year % 100);
        for (int i = 0; i < (d.year < 2069 ? 6 : 5); i++)
            assert_int_equal(parse_date(texts[i], strlen(texts[i])), day);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_dates), cmocka_unit_test(test_walls),
                                        cmocka_unit_test(test_utc), cmocka_unit_test(test_hour_ending),
                                        cmocka_unit_test(test_every_day) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
