/* Zones against Python's zoneinfo (zone_expectations.h), rules by hand, damaged files, and the calendar. */
#include "time/zone.h"

#include "time/zone_rule.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/zone_expectations.h"

static struct bb_budget budget;

static struct bb_zone *open_zone(const char *name)
{
    struct bb_zone *zone;
    struct bb_error err;
    if (bb_zone_open(name, NULL, &budget, &zone, &err) != BB_OK) {
        print_error("%s\n", err.text);
        fail();
    }
    return zone;
}

static struct bb_wall wall_of(int64_t wall_s) /* never negative in these tests */
{
    return (struct bb_wall){ (int32_t)(wall_s / 86400), (int32_t)(wall_s % 86400) };
}

static void assert_local(const struct bb_zone *zone, int64_t utc_s, int32_t offset_s, int second_of_two)
{
    struct bb_local local = bb_zone_local(zone, utc_s);
    struct bb_wall want = wall_of(utc_s + offset_s);
    if (local.offset_s != offset_s || local.second_of_two != second_of_two || local.wall.day != want.day ||
        local.wall.second != want.second) {
        print_error("%s at %lld: offset %d (want %d), second of two %d (want %d)\n", bb_zone_name(zone),
                    (long long)utc_s, (int)local.offset_s, (int)offset_s, local.second_of_two, second_of_two);
        fail();
    }
}

static void assert_utc(const struct bb_zone *zone, int64_t wall_s, enum bb_wall_kind kind, int64_t first,
                       int64_t second)
{
    int64_t got[2] = { -1, -1 };
    enum bb_wall_kind got_kind = bb_zone_utc(zone, wall_of(wall_s), got);
    if (got_kind != kind || got[0] != first || got[1] != second) {
        print_error("%s, wall %lld: kind %d (want %d), %lld and %lld (want %lld and %lld)\n", bb_zone_name(zone),
                    (long long)wall_s, got_kind, kind, (long long)got[0], (long long)got[1], (long long)first,
                    (long long)second);
        fail();
    }
}

static void check_change(const struct bb_zone *zone, const struct expected_change *c)
{
    int64_t t = c->utc_s, b = c->before_s, a = c->after_s, start, end;
    assert_local(zone, t - 1, c->before_s, 0);
    assert_utc(zone, t + BB_MIN(a, b) - 1, BB_WALL_UNIQUE, t + BB_MIN(a, b) - 1 - b, t + BB_MIN(a, b) - 1 - b);
    assert_utc(zone, t + BB_MAX(a, b), BB_WALL_UNIQUE, t + BB_MAX(a, b) - a, t + BB_MAX(a, b) - a);
    if (a > b) {
        assert_local(zone, t, c->after_s, 0);
        assert_utc(zone, t + b, BB_WALL_GAP, -1, -1);
        assert_utc(zone, t + (a + b) / 2, BB_WALL_GAP, -1, -1);
        assert_utc(zone, t + a - 1, BB_WALL_GAP, -1, -1);
    } else {
        assert_local(zone, t, c->after_s, 1);
        assert_local(zone, t + b - a - 1, c->after_s, 1);
        assert_local(zone, t + b - a, c->after_s, 0);
        assert_utc(zone, t + a, BB_WALL_TWICE, t + a - b, t);
        assert_utc(zone, t + (a + b) / 2, BB_WALL_TWICE, t + (a + b) / 2 - b, t + (a + b) / 2 - a);
        assert_utc(zone, t + b - 1, BB_WALL_TWICE, t - 1, t + b - a - 1);
    }
    bb_zone_day(zone, c->day, &start, &end);
    assert_int_equal(start, c->day_start_utc_s);
    assert_int_equal(end, c->day_end_utc_s);
    bb_zone_day(zone, c->day - 1, &start, &end);
    assert_int_equal(end, c->day_start_utc_s);
    assert_int_equal(end - start, 86400);
    bb_zone_day(zone, c->day + 1, &start, &end);
    assert_int_equal(start, c->day_end_utc_s);
    assert_int_equal(end - start, 86400);
}

static void test_changes(void **state)
{
    (void)state;
    for (size_t z = 0; z < BB_ARRAY_LEN(expected_zones); z++) {
        const struct expected_zone *want = &expected_zones[z];
        struct bb_zone *zone = open_zone(want->name);
        size_t next = want->first;
        int32_t offset_s = want->start_s;
        int64_t repeated_until = 0;
        assert_string_equal(bb_zone_name(zone), want->name);
        for (size_t i = want->first; i < want->end; i++) check_change(zone, &expected_changes[i]);
        /* Nothing changes in between. */
        for (int64_t t = EXPECTED_FIRST_UTC_S; t < EXPECTED_END_UTC_S; t += 5399) {
            for (; next < want->end && expected_changes[next].utc_s <= t; next++) {
                repeated_until = expected_changes[next].utc_s + offset_s - expected_changes[next].after_s;
                offset_s = expected_changes[next].after_s;
            }
            assert_local(zone, t, offset_s, t < repeated_until);
        }
        bb_zone_close(zone);
    }
    assert_int_equal(budget.used_nbytes, 0);
}

/* "EST5EDT,M3.2.0,M11.1.0" and the Gregorian calendar repeat every 400 years. */
static void test_far_years(void **state)
{
    struct bb_zone *zone = open_zone("America/New_York");
    const int64_t cycle_s = INT64_C(146097) * 86400;
    int64_t start, end;
    (void)state;
    for (size_t i = expected_zones[0].end - 20; i < expected_zones[0].end; i++) {
        struct expected_change later = expected_changes[i];
        later.utc_s += cycle_s, later.day += 146097;
        later.day_start_utc_s += cycle_s, later.day_end_utc_s += cycle_s;
        check_change(zone, &later);
    }
    /* Before there were zones the sun's time: 4:56:02 behind. No overflow at the ends of the types. */
    assert_int_equal(bb_zone_local(zone, -INT64_C(5000000000)).offset_s, -17762);
    (void)bb_zone_local(zone, INT64_MAX);
    (void)bb_zone_local(zone, INT64_MIN);
    bb_zone_day(zone, INT_MAX, &start, &end);
    bb_zone_day(zone, INT_MIN, &start, &end);
    bb_zone_close(zone);
}

static void assert_rule(const char *text, int64_t utc_s, int64_t start, int64_t end, int32_t offset_s)
{
    struct bb_zone_rule rule;
    int64_t got_start, got_end;
    int32_t got_offset;
    assert_int_equal(bb_zone_rule_parse(bb_str_of(text), &rule), 0);
    bb_zone_rule_span(&rule, utc_s, &got_start, &got_end, &got_offset);
    assert_int_equal(got_start, start);
    assert_int_equal(got_end, end);
    assert_int_equal(got_offset, offset_s);
}

static void test_rules(void **state)
{
    static const char *const refused[] = { "",
                                           "E5",
                                           "EST",
                                           "EST5EDT",
                                           "EST5EDT,M3.2.0",
                                           "EST5EDT,M13.2.0,M11.1.0",
                                           "EST5EDT,M3.6.0,M11.1.0",
                                           "EST5EDT,M3.2.7,M11.1.0",
                                           "EST5EDT,M3.2.0,M11.1.0x",
                                           "EST25",
                                           "EST5:60",
                                           "<-05>",
                                           "<-05",
                                           "EST5EDT,J0,J300",
                                           "EST5EDT,366,10",
                                           "EST5EDT,M3.2.0/168,M11.1.0",
                                           "EST5,M3.2.0,M11.1.0",
                                           "EST99999999999999" };
    struct bb_zone_rule rule;
    (void)state;
    /* Times by `date -u -d … +%s`. Eastern: 2040-03-11 07:00Z … 2040-11-04 06:00Z. */
    assert_rule("EST5EDT,M3.2.0,M11.1.0", 2220000000, 2215062000, 2235621600, -14400);
    assert_rule("EST5EDT4,M3.2.0/2:00:00,M11.1.0/02", 2215061999, 2204172000, 2215062000, -18000);
    assert_rule("<-05>5", 0, INT64_MIN, INT64_MAX, -18000);
    assert_rule("<+0545>-5:45", 0, INT64_MIN, INT64_MAX, 20700);
    /* Nuuk: Saturday 23:00 before the last Sunday of March, 2024-03-31 01:00Z … 2024-10-27 01:00Z. */
    assert_rule("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1720000000, 1711846800, 1729990800, -3600);
    /* Daylight saving time for good (RFC 8536): every instant has it. 2024-01-01 05:00Z … 2025-01-01 05:00Z. */
    assert_rule("EST5EDT,0/0,J365/25", 1720000000, 1704085200, 1735707600, -14400);
    assert_rule("EST5EDT,0/0,J365/25", 1704085200, 1704085200, 1735707600, -14400);
    /* J60 is 1 March in every year, day 59 is 29 February in a leap year: 2024-03-01 and 2024-02-29, 02:00 at UTC. */
    assert_rule("AAA0BBB,J60,J300", 1709258400, 1709258400, 1729990800, 3600);
    assert_rule("AAA0BBB,59,J300", 1709172000, 1709172000, 1729990800, 3600);
    for (size_t i = 0; i < BB_ARRAY_LEN(refused); i++)
        assert_int_equal(bb_zone_rule_parse(bb_str_of(refused[i]), &rule), -1);
}

static size_t read_file(const char *path, char *p, size_t cap)
{
    FILE *f = fopen(path, "rb");
    size_t n;
    assert_non_null(f);
    n = fread(p, 1, cap, f);
    fclose(f);
    return n;
}

/* Every shortened and many damaged files: refused or usable, never a crash. */
static void test_damaged_files(void **state)
{
    char dir[64], path[96], *text = malloc(65536);
    struct bb_zone *zone;
    struct bb_error err;
    size_t n;
    (void)state;
    assert_non_null(text);
    snprintf(dir, sizeof dir, "%.40s/zone_test_XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : P_tmpdir);
    if (!mkdtemp(dir)) fail();
    snprintf(path, sizeof path, "%s/Damaged", dir);
    n = read_file("/usr/share/zoneinfo/America/New_York", text, 65536);
    for (size_t i = 0; i < 2 * n; i++) {
        FILE *f = fopen(path, "wb");
        int64_t instants[2];
        size_t length = i < n ? i : n;
        assert_non_null(f);
        if (i >= n) text[i - n] ^= (char)(1 << (i % 8));
        fwrite(text, 1, length, f);
        fclose(f);
        if (i >= n) text[i - n] ^= (char)(1 << (i % 8));
        if (bb_zone_open("Damaged", dir, &budget, &zone, &err) == BB_OK) {
            assert_true(i >= n);
            for (int64_t t = -3000000000; t < 5000000000; t += 400000000) {
                struct bb_local local = bb_zone_local(zone, t);
                assert_int_equal((int64_t)local.wall.day * 86400 + local.wall.second, t + local.offset_s);
                assert_int_not_equal(bb_zone_utc(zone, local.wall, instants), BB_WALL_GAP);
            }
            bb_zone_close(zone);
        } else {
            assert_int_equal(err.status, BB_IO);
            assert_non_null(strstr(err.text, "tzdata"));
        }
    }
    unlink(path);
    rmdir(dir);
    free(text);
    assert_int_equal(budget.used_nbytes, 0);
}

static void test_names(void **state)
{
    static const char *const refused[] = {
        "",          "/etc/passwd",
        "../passwd", "America/../x",
        "A B",       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    };
    struct bb_zone *zone;
    struct bb_error err;
    struct bb_budget small;
    (void)state;
    for (size_t i = 0; i < BB_ARRAY_LEN(refused); i++)
        assert_int_equal(bb_zone_open(refused[i], NULL, &budget, &zone, &err), BB_MISUSE);
    assert_int_equal(bb_zone_open("No/Such_Place", NULL, &budget, &zone, &err), BB_IO);
    assert_non_null(strstr(err.text, "install"));
    assert_int_equal(bb_zone_open("America", NULL, &budget, &zone, &err), BB_IO); /* a folder */
    bb_budget_init(&small, 1000, 0);
    assert_int_equal(bb_zone_open("America/New_York", NULL, &small, &zone, &err), BB_BUDGET);
    bb_zone_close(NULL);
}

static void test_calendar(void **state)
{
    static const int32_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int32_t day = bb_day_of((struct bb_date){ 1600, 1, 1 });
    (void)state;
    assert_int_equal(day, -135140); /* Python: (date(1600, 1, 1) - date(1970, 1, 1)).days */
    assert_int_equal(bb_day_of((struct bb_date){ 1970, 1, 1 }), 0);
    assert_int_equal(bb_day_of((struct bb_date){ 2024, 2, 29 }), 19782);
    assert_int_equal(bb_day_of((struct bb_date){ 9999, 12, 31 }), 2932896);
    for (int32_t year = 1600; year <= 9999; year++)
        for (int32_t month = 1; month <= 12; month++) {
            int32_t length = lengths[month - 1];
            if (month == 2 && (year % 400 == 0 || (year % 4 == 0 && year % 100 != 0))) length++;
            assert_false(bb_date_valid(year, month, 0));
            assert_false(bb_date_valid(year, month, length + 1));
            for (int32_t d = 1; d <= length; d++, day++) {
                struct bb_date date = bb_date_of(day);
                if (bb_day_of((struct bb_date){ year, month, d }) != day || date.year != year ||
                    date.month != month || date.day != d || !bb_date_valid(year, month, d)) {
                    print_error("%d-%d-%d\n", (int)year, (int)month, (int)d);
                    fail();
                }
            }
        }
    assert_false(bb_date_valid(1599, 12, 31));
    assert_false(bb_date_valid(10000, 1, 1));
    assert_false(bb_date_valid(2024, 0, 1));
    assert_false(bb_date_valid(2024, 13, 1));
    for (int32_t d = -2000000; d < -100000; d += 997) assert_int_equal(bb_day_of(bb_date_of(d)), d);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_changes), cmocka_unit_test(test_far_years),
                                        cmocka_unit_test(test_rules),   cmocka_unit_test(test_damaged_files),
                                        cmocka_unit_test(test_names),   cmocka_unit_test(test_calendar) };
    bb_budget_init(&budget, 0, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
