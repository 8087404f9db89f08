/* The repeated hour by row order, hours by number, record letters, zone labels, times of day and the cut of the current day, on texts in
 * the layouts of NYISO and ISO-NE. Instants are written out by hand: in 2021 the clock went back on 7 November at 06:00 UTC,
 * in 2026 it goes forward on 8 March at 07:00 UTC. */
#include "market_case.h"

#define LBMP "Time Stamp,Name,PTID,LBMP ($/MWHr),Marginal Cost Losses ($/MWHr),Marginal Cost Congestion ($/MWHr)\n"
#define RT_HEADER                                                                                                  \
    "\"Time Stamp\",\"Name\",\"PTID\",\"LBMP ($/MWHr)\",\"Marginal Cost Losses ($/MWHr)\",\"Marginal Cost "        \
    "Congestion ($/MWHr)\"\n"
#define NOV7_0500 1636261200u /* 01:00 EDT */

static void expect_starts(const struct market_case *c, const uint32_t *starts, size_t n)
{
    assert_int_equal(c->n_rows, n);
    for (size_t i = 0; i < n; i++)
        if (c->rows[i].start_utc_s != starts[i])
            fail_msg("row %zu starts at %u, want %u", i, c->rows[i].start_utc_s, starts[i]);
}

/* Off-grid stamps occur once and still belong to the second pass; each location has its own turn. */
static void five_minutes(void **unused)
{
    static const char text[] = RT_HEADER "\"11/07/2021 00:55:00\",\"CAPITL\",61757,1.00,0.00,0.00\n"
                                         "\"11/07/2021 01:00:00\",\"CAPITL\",61757,1.00,0.00,0.00\n"
                                         "\"11/07/2021 01:55:00\",\"CAPITL\",61757,1.00,0.00,0.00\n"
                                         "\"11/07/2021 01:55:00\",\"WEST\",61752,1.00,0.00,0.00\n"
                                         "\"11/07/2021 01:57:48\",\"CAPITL\",61757,1.00,0.00,0.00\n"
                                         "\"11/07/2021 01:00:00\",\"CAPITL\",61757,2.00,0.00,0.00\n"
                                         "\"11/07/2021 01:02:48\",\"CAPITL\",61757,2.00,0.00,0.00\n"
                                         "\"11/07/2021 01:57:00\",\"WEST\",61752,1.00,0.00,0.00\n"
                                         "\"11/07/2021 01:55:00\",\"CAPITL\",61757,2.00,0.00,0.00\n"
                                         "\"11/07/2021 02:00:00\",\"CAPITL\",61757,2.00,0.00,0.00\n"
                                         "\"11/07/2021 02:05:00\",\"CAPITL\",61757,2.00,0.00,0.00\n";
    static const uint32_t starts[] = { NOV7_0500 - 600,  NOV7_0500 - 300,  NOV7_0500 + 3000, NOV7_0500 + 3000,
                                       NOV7_0500 + 3168, NOV7_0500 + 3300, NOV7_0500 + 3468, NOV7_0500 + 3120,
                                       NOV7_0500 + 6600, NOV7_0500 + 6900, NOV7_0500 + 7200 };
    struct market_case c;
    (void)unused;
    for (size_t block = 0; block < 3; block++) {
        case_detect(&c, "20211107realtime_zone.csv", text);
        case_read_n(&c, text, strlen(text), block * 90, 0);
        assert_int_equal(c.status, BB_OK);
        assert_int_equal(c.n_rejects, 0);
        expect_starts(&c, starts, BB_ARRAY_LEN(starts));
        case_end(&c);
    }
}

/* A line that stands there twice is a copy, not the second pass. */
static void a_copied_line(void **unused)
{
    static const char text[] = RT_HEADER "\"11/07/2021 01:05:00\",\"CAPITL\",61757,1.00,0.00,0.00\n"
                                         "\"11/07/2021 01:05:00\",\"CAPITL\",61757,1.00,0.00,0.00\n"
                                         "\"11/07/2021 01:10:00\",\"CAPITL\",61757,1.00,0.00,0.00\n"
                                         "\"11/07/2021 01:05:00\",\"CAPITL\",61757,1.00,0.00,0.00\n";
    static const uint32_t starts[] = { NOV7_0500, NOV7_0500, NOV7_0500 + 300, NOV7_0500 + 3600 };
    struct market_case c;
    (void)unused;
    case_read(&c, "20211107realtime_zone.csv", text);
    assert_int_equal(c.status, BB_OK);
    expect_starts(&c, starts, BB_ARRAY_LEN(starts));
    case_end(&c);
}

/* Hourly: 01:00 comes twice; the memory of one autumn is not that of the next. */
static void two_autumns(void **unused)
{
    static const char text[] = LBMP "11/07/2021 01:00,WEST,61752,1.00,0.00,0.00\n"
                                    "11/07/2021 01:00,WEST,61752,1.00,0.00,0.00\n"
                                    "11/07/2021 02:00,WEST,61752,1.00,0.00,0.00\n"
                                    "11/06/2022 01:00,WEST,61752,1.00,0.00,0.00\n"
                                    "11/06/2022 01:00,WEST,61752,1.00,0.00,0.00\n";
    static const uint32_t starts[] = { NOV7_0500, NOV7_0500 + 3600, NOV7_0500 + 7200, 1667710800u, 1667714400u };
    struct market_case c;
    (void)unused;
    case_read(&c, "damlbmp_zone.csv", text);
    assert_int_equal(c.status, BB_OK);
    expect_starts(&c, starts, BB_ARRAY_LEN(starts));
    case_end(&c);
}

static void spring(void **unused)
{
    static const char text[] = LBMP "03/08/2026 01:00,WEST,61752,1.00,0.00,0.00\n"
                                    "03/08/2026 02:00,WEST,61752,1.00,0.00,0.00\n"
                                    "03/08/2026 03:00,WEST,61752,1.00,0.00,0.00\n";
    static const uint32_t starts[] = { 1772949600u, 1772953200u };
    struct market_case c;
    (void)unused;
    case_read(&c, "20260308damlbmp_zone.csv", text);
    expect_starts(&c, starts, BB_ARRAY_LEN(starts));
    assert_int_equal(c.n_rejects, 1);
    assert_string_equal(c.rejects[0].reason, "no_such_local_time");
    assert_int_equal(c.rejects[0].line, 3);
    case_end(&c);
}

/* Congestion is turned, energy derived exactly, the cut header, a seventh column and an empty first line are taken. */
static void signs_and_layouts(void **unused)
{
    static const char text[] = "\r\n\"Time Stamp\",\"Name\",\"PTID\",\"LBMP ($/MWHr)\",\"Marginal Cost Losses "
                               "($/MWHr)\",\"Marginal Cost Congestion ($/MWH\"\r\n"
                               "\"03/01/2016 00:00\",\"N.Y.C.\",61761,14.16,0.47,-7.20,0\r\n"
                               "\"03/01/2016 00:00\",\"H Q\",61844,\"14.16\",0.47,0.00\r\n";
    struct market_case c;
    (void)unused;
    case_read(&c, "20160301damlbmp_zone.csv", text);
    assert_int_equal(c.status, BB_OK);
    assert_int_equal(c.n_rows, 2);
    assert_true(c.rows[0].value[BB_VALUE_CONGESTION] == 7.2);
    assert_true(c.rows[0].value[BB_VALUE_ENERGY] == 6.49);
    assert_true(c.rows[1].value[BB_VALUE_TOTAL] == 14.16);
    assert_true(c.rows[1].value[BB_VALUE_CONGESTION] == 0 &&
                !__builtin_signbit(c.rows[1].value[BB_VALUE_CONGESTION]));
    assert_int_equal(case_place(&c, 0).type, BB_TYPE_ZONE);
    assert_text(case_place(&c, 0).zone, "N.Y.C.");
    assert_text(case_place(&c, 0).identity, "61761");
    assert_int_equal(case_place(&c, 1).type, BB_TYPE_INTERFACE);
    assert_int_equal(case_place(&c, 1).zone.n, 0);
    case_end(&c);
}

static void which_posting(void **unused)
{
    static const struct {
        const char *name, *rows, *report;
    } cases[] = {
        { "20220718damlbmp_zone.csv", "07/18/2022 00:00,WEST,61752,1,0,0\n", "nyiso.damlbmp_zone" },
        { "20220718rtlbmp_zone.csv", "07/18/2022 00:00,WEST,61752,1,0,0\n", "nyiso.rtlbmp_zone" },
        { "20220718damlbmp_gen.csv", "07/18/2022 00:00,X,24138,1,0,0\n", "nyiso.damlbmp_gen" },
        { "RT_TW_LBMP_GEN/CSV/a.csv", "07/18/2022 00:00,X,24138,1,0,0\n", "nyiso.rtlbmp_gen" },
        { "realtime_gen-20261018.csv", "10/18/2026 00:05:00,X,24138,1,0,0\n", "nyiso.realtime_gen" },
        { "any.csv", "07/18/2022 00:15:00,X,24138,1,0,0\n07/18/2022 00:18:12,X,24138,1,0,0\n",
          "nyiso.realtime_gen" },
        { "any.csv", "07/18/2022 00:00,WEST,61752,1,0,0\n", NULL }, /* day-ahead or real-time: nothing says it */
        { "realtime_zone_lbmp.csv", "07/18/2022 00:15:00,WEST,61752,1,0,0\n", NULL }, /* RTC or RTD */
        { "20220718realtime_zone.csv",
          "07/18/2022 00:15:00,WEST,61752,1,0,0\n07/18/2022 00:30:00,WEST,61752,1,0,0\n", NULL },
    };
    (void)unused;
    for (size_t i = 0; i < BB_ARRAY_LEN(cases); i++) {
        struct market_case c;
        char text[1000];
        snprintf(text, sizeof text, LBMP "%s", cases[i].rows);
        case_detect(&c, cases[i].name, text);
        if (!cases[i].report) {
            if (c.status != BB_SKIP) fail_msg("case %zu: taken for %s", i, c.detection.report);
        } else if (c.status != BB_OK || strcmp(c.detection.report, cases[i].report) != 0) {
            fail_msg("case %zu: %s", i, c.status == BB_OK ? c.detection.report : c.err.text);
        }
        case_end(&c);
    }
}

/* Rows behind the file's own time are advisory, but only in a file of that very day. */
static void the_current_day(void **unused)
{
    static const char text[] = RT_HEADER "\"07/18/2022 10:00:00\",\"WEST\",61752,1.00,0.00,0.00\n"
                                         "\"07/18/2022 10:05:00\",\"WEST\",61752,1.00,0.00,0.00\n"
                                         "\"07/18/2022 10:15:00\",\"WEST\",61752,9.00,0.00,0.00\n"
                                         "\"07/18/2022 10:30:00\",\"WEST\",61752,9.00,0.00,0.00\n";
    static const struct {
        int64_t modified;
        size_t rows;
    } cases[] = { { 0, 4 },
                  { 1658153150, 2 }, /* 10:05:50 that day */
                  { 1658153100, 2 }, /* 10:05:00: the interval that ends then is over */
                  { 1658153099, 1 },
                  { 1658066700, 4 }, /* a day before: made up or copied oddly, not a file of the day */
                  { 1658289600, 4 } };
    (void)unused;
    for (size_t i = 0; i < BB_ARRAY_LEN(cases); i++) {
        struct market_case c;
        case_detect(&c, "20220718realtime_zone.csv", text);
        c.evidence.modified_utc_s = cases[i].modified;
        case_read_n(&c, text, strlen(text), 0, 0);
        if (c.n_rows != cases[i].rows || c.n_rejects) fail_msg("case %zu: %zu rows", i, c.n_rows);
        case_end(&c);
    }
}

/* The zone beside the stamp is the stamp's: an end at 02:00 EST may be named by either clock. */
static void zone_labels(void **unused)
{
    static const char text[] =
        "\"Time Stamp\",\"Time Zone\",\"Name\",\"PTID\",\"10 Min Spinning Reserve ($/MWHr)\",\"10 Min "
        "Non-Synchronous "
        "Reserve ($/MWHr)\",\"30 Min Operating Reserve ($/MWHr)\",\"NYCA Regulation Capacity ($/MWHr)\",\"NYCA "
        "Regulation Movement ($/MW)\"\n"
        "\"11/07/2021 01:05:00\",\"EDT\",\"WEST\",61752,1.00,2.00,3.00,4.00,5.00\n"
        "\"11/07/2021 01:05:00\",\"EST\",\"WEST\",61752,1.00,2.00,3.00,4.00,\n"
        "\"07/18/2022 01:05:00\",\"EST\",\"WEST\",61752,1.00,2.00,3.00,4.00,5.00\n"
        "\"07/18/2022 01:05:00\",\"\",\"WEST\",61752,1.00,2.00,3.00,4.00,5.00\n";
    struct market_case c;
    (void)unused;
    case_read(&c, "20211107rtasp.csv", text);
    assert_int_equal(c.status, BB_OK);
    assert_int_equal(c.n_rows, 9);
    assert_int_equal(c.rows[0].start_utc_s, NOV7_0500);
    assert_int_equal(c.rows[5].start_utc_s, NOV7_0500 + 3600);
    assert_text(case_place(&c, 0).name, "10_MIN_SPIN");
    assert_text(case_place(&c, 0).zone, "SPIN");
    assert_text(case_place(&c, 0).id, "WEST");
    assert_text(case_place(&c, 4).zone, "REG_MILEAGE");
    assert_text(case_place(&c, 4).unit, "$/MW-mile");
    assert_int_equal(c.n_rejects, 2);
    assert_string_equal(c.rejects[0].reason, "contradiction");
    assert_string_equal(c.rejects[1].reason, "missing_time");
    case_end(&c);
}

/* ---- ISO-NE ---- */

#define COMMENTS(title, day)                                                                                       \
    "\"C\",\"" title "\"\n\"C\",\"Filename: x.csv\"\n\"C\",\"Report for: " day " - " day                           \
    "\"\n\"C\",\"Report generated: 06/03/2026 12:57:12 EDT\"\n"
#define HOURLY_H                                                                                                   \
    "\"H\",\"Date\",\"Hour Ending\",\"Location ID\",\"Location Name\",\"Location Type\",\"Locational Marginal "    \
    "Price\",\"Energy Component\",\"Congestion Component\",\"Marginal Loss Component\"\n"                          \
    "\"H\",\"Date\",\"HE\",\"String\",\"String\",\"String\",\"Number\",\"Number\",\"Number\",\"Number\"\n"
#define DA COMMENTS("Day-Ahead Energy Market Hourly LMP Report", "11/02/2025")
#define D(hour, price)                                                                                             \
    "\"D\",\"11/02/2025\"," hour ",\"4011\",\".I.ROSETON 345 1\",\"EXT. NODE\"," price "," price ",0.0,0.0\n"

/* On 2 November 2025 the clock goes back at 06:00 UTC; the day begins at 1762056000. */
static void hours_by_number(void **unused)
{
    static const char text[] = DA HOURLY_H D("\"01\"", "1.0") D("02", "2.0") D("02", "2.0") D("02X", "3.0")
        D("\"03\"", "4.0") D("24", "5.0") D("25", "5.0") "\"T\",\"7 lines\"";
    static const uint32_t starts[] = {
        1762056000u, 1762059600u, 1762059600u, 1762063200u, 1762066800u, 1762142400u
    };
    struct market_case c;
    (void)unused;
    case_read(&c, "WW_DALMP_ISO_20251102.csv", text);
    assert_int_equal(c.status, BB_OK);
    expect_starts(&c, starts, BB_ARRAY_LEN(starts));
    assert_int_equal(c.n_rejects, 1);
    assert_int_equal(c.detection.publication_utc_s, 1780505832);
    assert_text(case_place(&c, 0).name, ".I.ROSETON 345 1");
    assert_text(case_place(&c, 0).identity, ".I.ROSETON 345 1");
    assert_true(case_place(&c, 0).voltage_kv == 345);
    case_end(&c);
}

#define DAAS                                                                                                       \
    "\"H\",\"Local Date\",\"Hour Ending\",\"Location ID\",\"Ten Minute Spinning Reserve Clearing Price\",\"Ten "   \
    "Minute Reserve Clearing Price\",\"Total Thirty Reserve Clearing Price\",\"FER Price\",\"EIR Designated "      \
    "MW\"\n"
#define A(day, hour) "\"D\",\"" day "\",\"" hour "\",\"7000\",1.0,,,,\n"

/* 02 twice without a mark; on the short day 03 is left out, or 02 is and 03 is the second hour; never both. */
static void hours_by_rank(void **unused)
{
    static const char text[] = DAAS A("11/02/2025", "01") A("11/02/2025", "02") A("11/02/2025", "02")
        A("11/02/2025", "03") A("03/08/2026", "01") A("03/08/2026", "02") A("03/08/2026", "03")
            A("03/08/2026", "04") A("03/14/2027", "01") A("03/14/2027", "03") A("03/14/2027", "04")
                A("03/12/2028", "03") "\"T\",\"12 lines\"\n";
    static const uint32_t starts[] = { 1762056000u, 1762059600u, 1762063200u, 1762066800u, 1772946000u,
                                       1772949600u, 1772953200u, 1805000400u, 1805004000u, 1805007600u };
    struct market_case c;
    (void)unused;
    case_read(&c, "daasreservedata_20251101_20280401.csv", text);
    assert_int_equal(c.status, BB_OK);
    expect_starts(&c, starts, BB_ARRAY_LEN(starts));
    assert_int_equal(c.n_rejects, 2);
    assert_string_equal(c.rejects[0].reason, "no_such_local_time");
    assert_text(case_place(&c, 0).id, "ROS");
    case_end(&c);
}

#define FIVE                                                                                                       \
    "\"C\",\"Five-Minute Locational Marginal Prices\"\n\"C\",\"Report for: 11/02/2025\"\n"                         \
    "\"H\",\"Location ID\",\"Local Time\",\"Energy Component\",\"Congestion Component\",\"Loss "                   \
    "Component\",\"LMP\"\n"

static void times_of_day(void **unused)
{
    static const char text[] = FIVE "\"D\",\"4000\",\"00:55:00\",1,0,0,1\n\"D\",\"4000\",\"01:00:00\",1,0,0,1\n"
                                    "\"D\",\"321\",\"01:00:00\",1,0,0,1\n\"D\",\"4000\",\"01:55:00\",1,0,0,1\n"
                                    "\"D\",\"4000\",\"01:00:00\",2,0,0,2\n\"D\",\"321\",\"01:00:00\",2,0,0,2\n"
                                    "\"T\",\"6 lines\"\n";
    static const uint32_t starts[] = {
        1762059300u, 1762059600u, 1762059600u, 1762062900u, 1762063200u, 1762063200u
    };
    struct market_case c;
    (void)unused;
    case_read(&c, "5min-rt-prelim/lmp_5min_20251102_00-04.csv", text);
    assert_int_equal(c.status, BB_OK);
    assert_string_equal(c.detection.report, "isone.lmp_5min_prelim");
    assert_int_equal(c.detection.version, 1);
    expect_starts(&c, starts, BB_ARRAY_LEN(starts));
    assert_int_equal(c.rows[0].flags & BB_ROW_PRELIMINARY, BB_ROW_PRELIMINARY);
    assert_text(case_place(&c, 0).name, ".H.INTERNAL_HUB");
    assert_int_equal(case_place(&c, 0).type, BB_TYPE_HUB);
    assert_text(case_place(&c, 2).identity, "321");
    assert_text(case_place(&c, 2).name, "321");
    case_end(&c);
    case_detect(&c, "lmp_5min_20251102_00-04.csv", text);
    assert_int_equal(c.status, BB_SKIP); /* preliminary or final? */
    case_end(&c);
    case_detect(&c, "5min-rt-final/lmp_5min_20251103_00-04.csv", text);
    assert_int_equal(c.status, BB_SKIP); /* its name and its text name different days */
    case_end(&c);
}

static void trailers(void **unused)
{
    static const struct {
        const char *end;
        enum bb_status status;
    } cases[] = {
        { "\"T\",\"1 lines\"", BB_OK },
        { "\n\"T\",\"1 lines\"\n\n", BB_OK },
        { "T,1 lines\n", BB_OK },
        { "\"T\",\"2 lines\"\n", BB_SKIP },
        { "\"T\",\"0 lines\"\n", BB_SKIP },
        { "\"T\",\"\"\n", BB_SKIP },
        { "\"T\"\n", BB_SKIP },
        { "", BB_SKIP },
        { "\"T\",\"1 lines\"\n" D("02", "1.0"), BB_SKIP },
        { "\"T\",\"1 lines\"\n\"T\",\"1 lines\"\n", BB_SKIP },
        { "\"T\",\"1 lines\"\n" DA HOURLY_H D("02", "1.0") "\"T\",\"1 lines\"\n", BB_OK }, /* two reports joined */
        { "\"T\",\"1 lines\"\n" DA HOURLY_H D("02", "1.0"), BB_SKIP },
    };
    (void)unused;
    for (size_t i = 0; i < BB_ARRAY_LEN(cases); i++) {
        for (size_t block = 0; block < 400; block += 130) {
            struct market_case c;
            char text[4000];
            snprintf(text, sizeof text, "%s%s", DA HOURLY_H D("01", "1.0"), cases[i].end);
            case_detect(&c, "WW_DALMP_ISO_20251102.csv", text);
            case_read_n(&c, text, strlen(text), block, 0);
            if (c.status != cases[i].status || c.n_rejects)
                fail_msg("case %zu, blocks of %zu: status %d, %s", i, block, (int)c.status, c.err.text);
            case_end(&c);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_minutes),    cmocka_unit_test(a_copied_line),     cmocka_unit_test(two_autumns),
        cmocka_unit_test(spring),          cmocka_unit_test(signs_and_layouts), cmocka_unit_test(which_posting),
        cmocka_unit_test(the_current_day), cmocka_unit_test(zone_labels),       cmocka_unit_test(hours_by_number),
        cmocka_unit_test(hours_by_rank),   cmocka_unit_test(times_of_day),      cmocka_unit_test(trailers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
