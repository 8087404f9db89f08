/* gridstatus exports: which operator, which market, when, and NYISO's congestion in old and new versions. Expectations are
 * written by hand from the format card. Real exports are checked where they lie ($BUSBAR_SAMPLES, else ../shared/samples). */
#include "market_case.h"

#include <math.h>

#define LMP_HEAD "Time,Interval Start,Interval End,Market,Location,Location Type,LMP,Energy,Congestion,Loss\n"

/* One record; %s: name of the location. */
static void one(struct market_case *c, const char *name, const char *text) { case_read(c, name, text); }

struct vintage {
    const char *name, *text, *report, *location, *id, *zone;
    enum bb_market market;
    int minutes;
    enum bb_type type;
    uint32_t utc_s;
};

static const struct vintage vintages[] = {
    { "2024-01-01_lmp_day_ahead_hourly.csv",
      LMP_HEAD
      "2024-01-01 00:00:00-05:00,2024-01-01 00:00:00-05:00,2024-01-01 01:00:00-05:00,DAY_AHEAD_HOURLY,CAPITL,"
      "Zone,25.02,24.24,-0.0,0.78\n",
      "nyiso.gridstatus_lmp", "CAPITL", "61757", "CAPITL", BB_DA, 60, BB_TYPE_ZONE, 1704085200u },
    { "x.csv",
      LMP_HEAD "2024-01-01 00:00:00-05:00,2024-01-01 00:00:00-05:00,2024-01-01 00:05:00-05:00,REAL_TIME_5_MIN,H Q,"
               "Zone,25.02,24.24,0.0,0.78\n",
      "nyiso.gridstatus_lmp", "H Q", "61844", "", BB_RT, 5, BB_TYPE_INTERFACE, 1704085200u },
    { "x.csv",
      LMP_HEAD "2024-01-01 00:00:00-05:00,2024-01-01 00:00:00-05:00,2024-01-01 01:00:00-05:00,DAY_AHEAD_HOURLY,"
               "SOMEMILL___1,Generator,25.02,24.24,0.0,0.78\n",
      "nyiso.gridstatus_lmp", "SOMEMILL___1", "SOMEMILL___1", "", BB_DA, 60, BB_TYPE_GEN, 1704085200u },
    /* the first version named locations by zone and had no types; the second had no intervals; real-time stamps were ends */
    { "x.csv",
      "Time,Market,Zone,LMP,Energy,Congestion,Losses\n2022-08-10 00:05:00-04:00,REAL_TIME_5_MIN,WEST,10,9,0,1\n",
      "nyiso.gridstatus_lmp", "WEST", "61752", "WEST", BB_RT, 5, BB_TYPE_ZONE, 1660104000u },
    { "x.csv",
      "Time,Market,Location,Location Type,LMP,Energy,Congestion,Loss\n"
      "2022-08-10 00:00:00-04:00,DAY_AHEAD_HOURLY,WEST,Zone,10,9,0,1\n",
      "nyiso.gridstatus_lmp", "WEST", "61752", "WEST", BB_DA, 60, BB_TYPE_ZONE, 1660104000u },
    { "x.csv",
      "Time,Market,Location,Location Type,LMP,Energy,Congestion,Loss\n"
      "2022-08-10 00:55:00-05:00,DAY_AHEAD_HOURLY,AEC,Settlement Location,10,9,0,1\n",
      "spp.gridstatus_lmp", "AEC", "", "SPP", BB_DA, 60, BB_TYPE_NODE, 1660107600u },
    { "x.csv",
      "Time,Interval Start,Interval End,Market,Location,Location Type,PNode,LMP,Energy,Congestion,Loss\n"
      "2024-01-01 00:00:00-06:00,2024-01-01 00:00:00-06:00,2024-01-01 01:00:00-06:00,DAY_AHEAD_HOURLY,AEC,"
      "Settlement Location,SOUC,27.3629,27.0081,0.0509,0.3039\n",
      "spp.gridstatus_lmp", "AEC", "SOUC", "SPP", BB_DA, 60, BB_TYPE_NODE, 1704088800u },
    { "x.csv",
      "Time,Interval Start,Interval End,Market,BAA,Location,Location Type,PNode,LMP,Energy,Congestion,Loss\n"
      "2026-05-01 00:00:00-05:00,2026-05-01 00:00:00-05:00,2026-05-01 "
      "00:05:00-05:00,REAL_TIME_5_MIN,SWPW,WESTHUB,Hub,"
      "P1,27,27,0,0\n",
      "spp.gridstatus_lmp", "WESTHUB", "P1", "SWPW", BB_RT, 5, BB_TYPE_HUB, 1777611600u },
    { "x.csv",
      ",Time,Market,Location,Location Name,Location Type,LMP,Energy,Congestion,Loss\n"
      "0,2022-08-10 00:00:00-04:00,REAL_TIME_HOURLY,51217,EASTERN HUB,HUB,10,9,0,1\n",
      "pjm.gridstatus_lmp", "EASTERN HUB", "51217", "", BB_RT, 60, BB_TYPE_HUB, 1660104000u },
    { "x.csv",
      "Time,Interval Start,Interval End,Market,Location Id,Location Name,Location Short Name,Location "
      "Type,LMP,Energy,"
      "Congestion,Loss\n2025-08-10 00:00:00-04:00,2025-08-10 00:00:00-04:00,2025-08-10 "
      "01:00:00-04:00,DAY_AHEAD_HOURLY,"
      "2156110049,HILL 230 KV  T1,HILL T1,LOAD,10,9,0,1\n",
      "pjm.gridstatus_lmp", "HILL T1", "2156110049", "", BB_DA, 60, BB_TYPE_LOAD, 1754798400u },
    { "x.csv",
      LMP_HEAD
      "2024-07-01 00:00:00-05:00,2024-07-01 00:00:00-05:00,2024-07-01 01:00:00-05:00,REAL_TIME_HOURLY_PRELIM,"
      "SOME.HUB,Hub,10,9,0,1\n",
      "miso.gridstatus_lmp", "SOME.HUB", "SOME.HUB", "", BB_RT, 60, BB_TYPE_HUB, 1719810000u },
    { "x.csv",
      LMP_HEAD "2024-07-01 00:00:00-05:00,2024-07-01 00:00:00-05:00,2024-07-01 01:00:00-05:00,"
               "DAY_AHEAD_HOURLY_EX_ANTE,ABC.DEF1,Gennode,10,9,0,1\n",
      "miso.gridstatus_lmp", "ABC.DEF1", "ABC.DEF1", "", BB_DA_EXANTE, 60, BB_TYPE_GEN, 1719810000u },
    { "raw/2024-07-01_lmp_day_ahead.csv",
      "Interval Start,Interval End,Location,Location Type,LMP,Energy,Congestion,Loss\n"
      "2024-07-01 00:00:00-04:00,2024-07-01 01:00:00-04:00,.Z.MAINE,LOAD ZONE,10,9,0,1\n",
      "isone.gridstatus_lmp", ".Z.MAINE", "", "", BB_DA, 60, BB_TYPE_ZONE, 1719806400u },
    { "x.csv",
      "Time,Interval Start,Interval End,Market,Location,Location Id,Location Type,LMP,Energy,Congestion,Loss\n"
      "2024-07-01 00:00:00-04:00,2024-07-01 00:00:00-04:00,2024-07-01 00:05:00-04:00,REAL_TIME_5_MIN,.Z.MAINE,4001,"
      "LOAD ZONE,10,9,0,1\n",
      "isone.gridstatus_lmp_5min", ".Z.MAINE", "4001", "", BB_RT, 5, BB_TYPE_ZONE, 1719806400u },
    { "x.csv",
      LMP_HEAD
      "2024-07-01 00:00:00-04:00,2024-07-01 00:00:00-04:00,2024-07-01 00:05:00-04:00,REAL_TIME_5_MIN,.Z.MAINE,"
      "LOAD ZONE,10,9,0,1\n",
      "isone.gridstatus_lmp_5min", ".Z.MAINE", "4001", "", BB_RT, 5, BB_TYPE_ZONE, 1719806400u },
    { "x.csv",
      "Time,Interval Start,Interval End,Market,Location,Location Type,LMP,Energy,Congestion,Loss,GHG\n"
      "2025-07-01 00:00:00-07:00,2025-07-01 00:00:00-07:00,2025-07-01 "
      "00:15:00-07:00,REAL_TIME_15_MIN,TH_NP15_GEN-APND,"
      "Node,10,9,0,1,0\n",
      "caiso.gridstatus_lmp", "TH_NP15_GEN-APND", "TH_NP15_GEN-APND", "", BB_RT, 15, BB_TYPE_HUB, 1751353200u },
    { "x.csv",
      "Time,Interval Start,Interval End,Location,Location Type,Market,SPP\n"
      "2024-07-01 00:00:00-05:00,2024-07-01 00:00:00-05:00,2024-07-01 00:15:00-05:00,LZ_NORTH,Load Zone Energy "
      "Weighted,"
      "REAL_TIME_15_MIN,10\n",
      "ercot.gridstatus_lmp", "LZ_NORTH_EW", "LZ_NORTH_EW", "", BB_RT, 15, BB_TYPE_ZONE, 1719810000u },
    { "x.csv",
      "SCED Timestamp,Market,Location,Location Type,LMP\n"
      "2024-07-01 00:05:14-05:00,REAL_TIME_SCED,HB_NORTH,Trading Hub,10\n",
      "ercot.gridstatus_lmp", "HB_NORTH", "HB_NORTH", "", BB_RT, 5, BB_TYPE_HUB, 1719810300u },
    /* the hosted service: UTC without an offset, of midnight only the date */
    { "x.csv",
      "\"interval_start_utc\",\"interval_end_utc\",\"market\",\"location\",\"location_type\",\"lmp\",\"energy\","
      "\"congestion\",\"loss\"\n2020-01-02,2020-01-02 "
      "00:15:00,\"REAL_TIME_15_MIN\",\"HILL_1_N011\",\"Node\",10,9,0,1e-05\n",
      "caiso.gridstatus_api", "HILL_1_N011", "HILL_1_N011", "", BB_RT, 15, BB_TYPE_NODE, 1577923200u },
};

static void every_vintage(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < BB_ARRAY_LEN(vintages); i++) {
        const struct vintage *v = &vintages[i];
        struct market_case c;
        struct bb_place_key key;
        one(&c, v->name, v->text);
        if (c.status != BB_OK) fail_msg("case %zu (%s): %s", i, v->report, c.err.text);
        assert_string_equal(c.detection.report, v->report);
        if (c.n_rows != 1) fail_msg("case %zu (%s): %s", i, v->report, c.rejects[0].detail);
        key = case_place(&c, 0);
        if (c.detection.datasets[0].market != v->market || c.detection.datasets[0].minutes != v->minutes)
            fail_msg("case %zu: market %d, %d minutes", i, c.detection.datasets[0].market,
                     c.detection.datasets[0].minutes);
        if (!bb_str_is(key.name, v->location) || !bb_str_is(key.id, v->id) || !bb_str_is(key.zone, v->zone))
            fail_msg("case %zu: %.*s / %.*s / %.*s", i, BB_STR_ARG(key.name), BB_STR_ARG(key.id),
                     BB_STR_ARG(key.zone));
        if (key.type != v->type || c.rows[0].start_utc_s != v->utc_s)
            fail_msg("case %zu: type %s, %u", i, bb_type_names[key.type], c.rows[0].start_utc_s);
        assert_int_equal(c.rows[0].version, 1);
        assert_int_equal(c.rows[0].flags, strstr(v->text, "PRELIM") ? BB_ROW_PRELIMINARY : 0);
        assert_int_equal(c.counts.unknown_words, 0);
        assert_int_equal(c.detection.first_utc_s, strstr(v->text, "SCED T") ? v->utc_s + 14 : v->utc_s);
        case_end(&c);
    }
}

/* LMP = energy + congestion + loss in the lake, whatever the version; zero is zero; noise stays what the text says. */
static void congestion_sign(void **unused)
{
    static const struct {
        const char *rows; /* LMP,Energy,Congestion,Loss lines */
        double congestion[3];
    } cases[] = {
        { "72.06,67.54,0.75,5.27\n", { -0.75 } },                /* as published: 67.54 - 0.75 + 5.27 */
        { "72.06,67.54,-0.75,5.27\n", { -0.75 } },               /* turned by the library */
        { "10,9,0.0,1\n72.06,67.54,0.75,5.27\n", { 0, -0.75 } }, /* told by a later record */
        { "10,9,-0.0,1\n72.06,67.54,-0.75,5.27\n", { 0, -0.75 } },
        { "10,9,0.0,1\n", { 0 } }, /* nothing to turn */
        { "72.06,66.78999999999999,0.0,5.27\n", { 0 } },
    };
    (void)unused;
    for (size_t i = 0; i < BB_ARRAY_LEN(cases); i++) {
        struct market_case c;
        char text[1000];
        size_t n = 0, row = 0;
        const char *p = cases[i].rows;
        case_put(text, sizeof text, &n, LMP_HEAD);
        while (*p) {
            size_t len = strcspn(p, "\n") + 1;
            case_put(text, sizeof text, &n,
                     "2022-07-18 %02zu:00:00-04:00,2022-07-18 %02zu:00:00-04:00,2022-07-18 %02zu:00:00-04:00,"
                     "DAY_AHEAD_HOURLY,CAPITL,Zone,%.*s",
                     row, row, row + 1, (int)len, p);
            p += len;
            row++;
        }
        case_read(&c, "x.csv", text);
        assert_int_equal(c.status, BB_OK);
        assert_int_equal(c.n_rows, row);
        for (size_t k = 0; k < row; k++) {
            assert_true(c.rows[k].value[BB_VALUE_CONGESTION] == cases[i].congestion[k]);
            assert_false(signbit(c.rows[k].value[BB_VALUE_CONGESTION]) && cases[i].congestion[k] == 0);
        }
        if (strstr(cases[i].rows, "66.78")) assert_true(c.rows[0].value[BB_VALUE_ENERGY] == 66.78999999999999);
        case_end(&c);
    }
}

/* Congestion may first occur behind the head of the file. */
static void congestion_sign_far_into_the_file(void **unused)
{
    size_t cap = 300000, n = 0;
    char *text = malloc(cap);
    struct market_case c;
    (void)unused;
    case_put(text, cap, &n, LMP_HEAD);
    for (int i = 0; i < 1000; i++)
        case_put(text, cap, &n,
                 "2022-07-%02d %02d:00:00-04:00,2022-07-%02d %02d:00:00-04:00,2022-07-%02d %02d:59:59-04:00,"
                 "DAY_AHEAD_HOURLY,CAPITL,Zone,10,9,%s,1%s\n",
                 i / 24 % 30 + 1, i % 24, i / 24 % 30 + 1, i % 24, i / 24 % 30 + 1, i % 24,
                 i < 999 ? "0.0" : "-2.0", i < 999 ? "" : ".0");
    /* the last record: 10 = 9 - (-2) + loss only if loss were -1; make it plain */
    case_put(text, cap, &n,
             "2022-08-20 00:00:00-04:00,2022-08-20 00:00:00-04:00,2022-08-20 "
             "01:00:00-04:00,DAY_AHEAD_HOURLY,CAPITL,Zone,"
             "112,9,-102,1\n");
    case_detect_n(&c, "x.csv", text, n, 65536, NULL);
    assert_int_equal(c.status, BB_OK);
    assert_true(c.detection.turn_congestion);
    case_end(&c);
    free(text);
}

static void both_switch_days(void **unused)
{
    static const char text[] =
        LMP_HEAD "2024-11-03 01:00:00-04:00,2024-11-03 01:00:00-04:00,2024-11-03 "
                 "01:00:00-05:00,DAY_AHEAD_HOURLY,WEST,Zone,1,1,0,0\n"
                 "2024-11-03 01:00:00-05:00,2024-11-03 01:00:00-05:00,2024-11-03 "
                 "02:00:00-05:00,DAY_AHEAD_HOURLY,WEST,Zone,2,2,0,0\n"
                 "2024-03-10 01:00:00-05:00,2024-03-10 01:00:00-05:00,2024-03-10 "
                 "03:00:00-04:00,DAY_AHEAD_HOURLY,WEST,Zone,3,3,0,0\n"
                 "2024-03-10T03:00:00.000000-0400,2024-03-10T03:00:00.000000-0400,2024-03-10T04:00:00.000000-0400,"
                 "DAY_AHEAD_HOURLY,WEST,Zone,4,4,0,0\n"
                 "2024-03-10 05:00:00,2024-03-10 05:00:00,2024-03-10 06:00:00,DAY_AHEAD_HOURLY,WEST,Zone,5,5,0,0\n"
                 "2024-03-10 05:00:00-04:00,2024-03-10 05:00:00-04:00,2024-03-10 "
                 "06:00:00-04:00,REAL_TIME_HOURLY,WEST,Zone,5,5,0,0\n";
    static const uint32_t want[] = { 1730610000u, 1730613600u, 1710050400u, 1710054000u };
    struct market_case c;
    (void)unused;
    case_read(&c, "x.csv", text);
    assert_int_equal(c.status, BB_OK);
    assert_int_equal(c.n_rows, 4);
    for (size_t i = 0; i < 4; i++) assert_int_equal(c.rows[i].start_utc_s, want[i]);
    assert_int_equal(c.n_rejects, 2);
    assert_string_equal(c.rejects[0].reason, "bad_time"); /* local time without its offset */
    assert_string_equal(c.rejects[1].reason, "other_market");
    case_end(&c);
}

static void refusals(void **unused)
{
    static const struct {
        const char *name, *text, *because;
    } cases[] = {
        { "x.csv",
          LMP_HEAD
          "2024-07-01 00:00:00,2024-07-01 00:00:00,2024-07-01 01:00:00,DAY_AHEAD_HOURLY,WEST,Zone,1,1,0,0\n",
          "no offset" },
        { "x.csv",
          LMP_HEAD "2024-07-01 00:00:00-05:00,2024-07-01 00:00:00-05:00,2024-07-01 00:05:00-05:00,"
                   "REAL_TIME_5_MIN_EX_ANTE,ABC.X,Gennode,1,1,0,0\n",
          "ex-ante" },
        { "x.csv",
          LMP_HEAD "2024-07-01 00:00:00-05:00,2024-07-01 00:00:00-05:00,2024-07-01 00:05:00-05:00,BALANCING,ABC.X,"
                   "Gennode,1,1,0,0\n",
          "BALANCING" },
        { "x.csv",
          "Interval Start,Interval End,Location,LMP\n2024-07-01 00:00:00-05:00,2024-07-01 "
          "01:00:00-05:00,SOMEWHERE,1\n",
          "--iso" },
        { "isone/x.csv",
          "Interval Start,Interval End,Location,LMP\n2024-07-01 00:00:00-04:00,2024-07-01 "
          "01:00:00-04:00,SOMEWHERE,1\n",
          "day-ahead or real-time" },
    };
    (void)unused;
    for (size_t i = 0; i < BB_ARRAY_LEN(cases); i++) {
        struct market_case c;
        case_detect(&c, cases[i].name, cases[i].text);
        if (c.status != BB_SKIP || !strstr(c.err.text, cases[i].because))
            fail_msg("case %zu: %s (%s)", i, c.status == BB_OK ? c.detection.report : "", c.err.text);
        case_end(&c);
    }
}

/* What decides where the file itself does not: its name, its folder, --iso. */
static void operator_from_outside(void **unused)
{
    static const char text[] = "Interval Start,Interval End,Market,Location,LMP\n"
                               "2024-07-01 00:00:00-05:00,2024-07-01 01:00:00-05:00,DAY_AHEAD_HOURLY,SOMEWHERE,1\n";
    static const struct {
        const char *name;
        int forced;
        const char *report;
    } cases[] = { { "SPP_data/x.csv", -1, "spp.gridstatus_lmp" },
                  { "data/miso_2024.csv", -1, "miso.gridstatus_lmp" },
                  { "ercot/miso_2024.csv", -1, "miso.gridstatus_lmp" },
                  { "x.csv", BB_ERCOT, "ercot.gridstatus_lmp" },
                  { "CAISO_data/x.csv", -1, NULL } }; /* California is never at -05:00 */
    (void)unused;
    for (size_t i = 0; i < BB_ARRAY_LEN(cases); i++) {
        struct market_case c;
        case_detect(&c, cases[i].name, text);
        c.evidence.forced_iso = cases[i].forced;
        c.status = bb_detect(&c.evidence, &c.detection, &c.err);
        if (cases[i].report) {
            if (c.status != BB_OK) fail_msg("case %zu: %s", i, c.err.text);
            assert_string_equal(c.detection.report, cases[i].report);
        } else {
            assert_int_equal(c.status, BB_SKIP);
        }
        case_end(&c);
    }
}

/* ---- real files ---- */

static void samples(void **unused)
{
    static const struct {
        const char *path, *report;
        size_t rows;
    } files[] = {
        { "gridstatus_export/derived/2021-11-07_lmp_real_time_5_min.CAPITL.v033.csv", "nyiso.gridstatus_lmp", 51 },
        { "gridstatus_export/derived/2022-07-18_lmp_day_ahead_hourly.v019.csv", "nyiso.gridstatus_lmp", 360 },
        { "gridstatus_export/derived/2022-07-18_lmp_day_ahead_hourly.v020-v027.csv", "nyiso.gridstatus_lmp", 360 },
        { "gridstatus_export/derived/2022-07-18_lmp_day_ahead_hourly.v033.csv", "nyiso.gridstatus_lmp", 360 },
        { "gridstatus_export/derived/2022-07-18_lmp_real_time_5_min.v033.csv", "nyiso.gridstatus_lmp", 4575 },
        { "gridstatus_export/derived/2025-11-02_lmp_day_ahead_hourly.2zones.v033.csv", "nyiso.gridstatus_lmp", 50 },
        { "gridstatus_export/hosted_api/caiso_lmp_real_time_15_min_STANDFD2_1_N011_R_written.csv",
          "caiso.gridstatus_api", 35040 },
        { "gridstatus_export/real_excerpts/nyiso_lmp_day_ahead_hourly_2024-01-01.one_row.csv",
          "nyiso.gridstatus_lmp", 1 },
        { "gridstatus_export/real_excerpts/spp_lmp_day_ahead_hourly_2024-01-01.one_row.csv", "spp.gridstatus_lmp",
          1 },
        { "pjm/ancillary_services/RTO_Synchronized_Reserve_202409.csv", "pjm.ancillary_services", 720 },
        { "pjm/reserve_market_results/PJM_RTO_REG_202408_5min.csv", "pjm.reserve_market_results", 8928 },
        { "pjm/DERIVED_or_RECONSTRUCTED/RECONSTRUCTED_header_ancillary_services_fivemin_hrl.csv",
          "pjm.ancillary_services_fivemin_hrl", 0 },
        { "pjm/DERIVED_or_RECONSTRUCTED/RECONSTRUCTED_header_da_ancillary_services.csv",
          "pjm.da_ancillary_services", 0 },
        { "pjm/DERIVED_or_RECONSTRUCTED/RECONSTRUCTED_header_da_reserve_market_results.csv",
          "pjm.da_reserve_market_results", 0 },
        { "caiso/PRC_AS_DAM/EXTRACT_asprc_nr_fallback_20241103.csv", "caiso.PRC_AS", 150 },
        { "caiso/PRC_AS_DAM/EXTRACT_asprc_ru_spring_20250309_partial.csv", "caiso.PRC_AS", 125 },
        { "caiso/DERIVED_or_RECONSTRUCTED/RECONSTRUCTED_PRC_AS_DAM_v12.csv", "caiso.PRC_AS", 1 },
        { "caiso/DERIVED_or_RECONSTRUCTED/RECONSTRUCTED_header_PRC_INTVL_AS_RTM_v1.csv", "caiso.PRC_INTVL_AS", 0 },
    };
    const char *folder = getenv("BUSBAR_SAMPLES");
    size_t n_checked = 0;
    (void)unused;
    if (!folder || !*folder) folder = "../shared/samples";
    for (size_t i = 0; i < BB_ARRAY_LEN(files); i++) {
        char path[4096];
        struct market_case c;
        FILE *f;
        char *text;
        size_t n;
        snprintf(path, sizeof path, "%s/%s", folder, files[i].path);
        if (!(f = fopen(path, "rb"))) continue;
        fseek(f, 0, SEEK_END);
        n = (size_t)ftell(f);
        rewind(f);
        text = malloc(n + 1);
        assert_int_equal(fread(text, 1, n, f), n);
        fclose(f);
        case_detect_n(&c, files[i].path, text, n, BB_MIN(n, (size_t)65536), NULL);
        if (c.status != BB_OK) fail_msg("%s: %s", path, c.err.text);
        assert_string_equal(c.detection.report, files[i].report);
        case_read_n(&c, text, n, 100000, 0);
        if (c.n_rows != files[i].rows || c.n_rejects || c.counts.unknown_words)
            fail_msg("%s: %zu rows, %zu rejects", path, c.n_rows, c.n_rejects);
        case_end(&c);
        free(text);
        n_checked++;
    }
    printf("%zu of %zu sample files checked\n", n_checked, BB_ARRAY_LEN(files));
    if (n_checked == 0) {
        printf("SKIPPED: no sample files in %s (set BUSBAR_SAMPLES)\n", folder);
        skip();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vintage),
        cmocka_unit_test(congestion_sign),
        cmocka_unit_test(congestion_sign_far_into_the_file),
        cmocka_unit_test(both_switch_days),
        cmocka_unit_test(refusals),
        cmocka_unit_test(operator_from_outside),
        cmocka_unit_test(samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
