/* SPP's reports: what is told apart by what, labels on the days when the clock changes, columns that come and go. Invented prices
 * in the operator's layouts; and the operator's own files, where they lie beside the source tree (or in $BUSBAR_SAMPLES). */
#include "market_case.h"

#define SL    "Interval,GMTIntervalEnd,Settlement Location,Pnode,LMP,MLC,MCC,MEC\n"
#define BUS   "Interval,GMTIntervalEnd,Pnode,LMP,MLC,MCC,MEC,BAA\n"
#define DAILY "Interval, GMT Interval, Settlement Location Name, PNODE Name, LMP, MLC, MCC, MEC\n"
#define MCP                                                                                                        \
    "Interval,GMTIntervalEnd,Reserve Zone,RegUPService,RegDNService,RegUpMile, "                                   \
    "RegDNMile,RampUP,RampDN,Spin,Supp,UncUP\n"

static void is(const char *name, const char *text, const char *report, int version)
{
    struct market_case c;
    case_detect(&c, name, text);
    if (c.status != BB_OK) fail_msg("%s: %s", name, c.err.text);
    assert_string_equal(c.detection.report, report);
    assert_int_equal(c.detection.version, version);
    case_end(&c);
}

static void is_refused(const char *name, const char *text, const char *word)
{
    struct market_case c;
    case_detect(&c, name, text);
    assert_int_equal(c.status, BB_SKIP);
    if (!strstr(c.err.text, word)) fail_msg("%s: \"%s\" without \"%s\"", name, c.err.text, word);
    case_end(&c);
}

static void detection(void **unused)
{
    static const char noon[] = SL "07/01/2025 12:05:00,07/01/2025 17:05:00,AEC,SOUC,3,1,1,1\n";
    static const char hour[] = SL "07/01/2025 12:00:00,07/01/2025 17:00:00,AEC,SOUC,3,1,1,1\n";
    static const char hours[] = SL "07/01/2025 12:00:00,07/01/2025 17:00:00,AEC,SOUC,3,1,1,1\n"
                                   "07/01/2025 13:00:00,07/01/2025 18:00:00,AEC,SOUC,3,1,1,1\n";
    static const char fives[] = SL "07/01/2025 12:00:00,07/01/2025 17:00:00,AEC,SOUC,3,1,1,1\n"
                                   "07/01/2025 12:05:00,07/01/2025 17:05:00,AEC,SOUC,3,1,1,1\n";
    (void)unused;
    is("x.csv", noon, "spp.RTBM-LMP-SL", 1);
    is("x.csv", hours, "spp.DA-LMP-SL", 1);
    is("DA-LMP-SL-202507010100.csv", hour, "spp.DA-LMP-SL", 1);
    is("RTBM-LMP-SL-202507011200.csv", hour, "spp.RTBM-LMP-SL", 1);
    is("RTBM-LMP-SL-202511020125d.csv", noon, "spp.RTBM-LMP-SL", 1);
    is("RTBM-LMP-SL-latestInterval.csv", noon, "spp.RTBM-LMP-SL", 1);
    is_refused("x.csv", hour, "spp.RTBM-LMP-SL");
    is("RTBM-LMP-DAILY-SL-20250701.csv", fives, "spp.RTBM-LMP-DAILY-SL", 2);
    is("x.csv", DAILY "07/01/2025 12:05:00,07/01/2025 17:05:00,AEC,SOUC,3,1,1,1\n", "spp.RTBM-LMP-DAILY-SL", 2);
    is("SPP_da_lmp_20260604.csv",
       "INTERVAL,GMTINTERVALEND,BAA,SETTLEMENT_LOCATION,PNODE,LMP,MLC,MCC,MEC\n6/4/2026 1:00,6/4/2026 "
       "6:00,SPP,AEC,SOUC,7,"
       "1,1,5\n",
       "spp.DA-LMP-SL", 1);
    is("RTBM-LMP-B-202609102145.csv", BUS "09/10/2026 21:45:00,09/11/2026 02:45:00,OKGE,34.5,0.5,3.8,30.2,SPP\n",
       "spp.RTBM-LMP-B", 1);
    is("DA-LMP-B-202609100100.csv", BUS "09/10/2026 21:00:00,09/11/2026 02:00:00,OKGE,34.5,0.5,3.8,30.2,SPP\n",
       "spp.DA-LMP-B", 1);
    is("RTBM-LMP-DAILY-B-20260910.csv",
       "Interval,GMT Interval,PNODE Name,LMP,MLC,MCC,MEC,BAA\n09/10/2026 21:45:00,09/11/2026 "
       "02:45:00,OKGE,34.5,0.5,3.8,"
       "30.2,SPP\n",
       "spp.RTBM-LMP-DAILY-B", 2);
    is_refused("DA-LMP-SL-202507010100.csv", fives, "one of them is wrong");
    is_refused("RTBM-LMP-SL-202507011200.csv", hours, "one of them is wrong");
    is_refused("WEIS-RTBM-LMP-SL-202507011205.csv", noon, "Western Energy Imbalance Service");
    is_refused("DA-LMP-MONTHLY-SL-202507.csv",
               "Date, Settlement Location Name, PNODE Name, Price Type, HE01, HE02\n2025/07/01,AEC,SOUC,LMP,1,2\n",
               "25 hours");
}

/* Ends of hours on 2025-11-02 (25 hours) and 2026-03-08 (23): the labels that the operator prints. */
static void clock_changes(void **unused)
{
    static const struct {
        const char *label, *gmt;
        uint32_t begin;
    } hours[] = { { "11/02/2025 01:00:00", "11/02/2025 06:00:00", 1762059600 },
                  { "11/02/2025 02:00:00", "11/02/2025 07:00:00", 1762063200 },
                  { "11/02/2025 02:00:00", "11/02/2025 08:00:00", 1762066800 },
                  { "11/02/2025 03:00:00", "11/02/2025 09:00:00", 1762070400 },
                  { "11/03/2025 00:00:00", "11/03/2025 06:00:00", 1762146000 },
                  { "3/8/2026 1:00", "3/8/2026 7:00", 1772949600 },
                  { "3/8/2026 3:00", "3/8/2026 8:00", 1772953200 },
                  { "3/8/2026 4:00", "3/8/2026 9:00", 1772956800 } };
    char text[4096];
    size_t n = 0, want = BB_ARRAY_LEN(hours);
    struct market_case c;
    (void)unused;
    case_put(text, sizeof text, &n, SL);
    for (size_t i = 0; i < want; i++)
        case_put(text, sizeof text, &n, "%s,%s,AEC,SOUC,%zu.5,0.25,-1,2.1250\n", hours[i].label, hours[i].gmt, i);
    case_put(text, sizeof text, &n, "11/02/2025 03:00:00,11/02/2025 08:00:00,B,B,1,1,1,1\n"); /* an hour too late */
    case_put(text, sizeof text, &n,
             "11/02/2025 01:00:00,11/02/2025 07:00:00,C,C,1,1,1,1\n"); /* true clock: taken */
    case_read(&c, "DA-LMP-SL-202511020100.csv", text);
    assert_int_equal(c.status, BB_OK);
    assert_int_equal(c.n_rows, want + 1);
    for (size_t i = 0; i < want; i++) {
        assert_int_equal(c.rows[i].start_utc_s, hours[i].begin);
        assert_true(c.rows[i].value[BB_VALUE_TOTAL] == (double)i + 0.5 && c.rows[i].value[BB_VALUE_LOSS] == 0.25 &&
                    c.rows[i].value[BB_VALUE_CONGESTION] == -1 && c.rows[i].value[BB_VALUE_ENERGY] == 2.125);
    }
    assert_int_equal(c.n_rejects, 1);
    assert_string_equal(c.rejects[0].reason, "contradiction");
    assert_string_equal(c.rejects[0].column, "Interval");
    assert_int_equal(c.rejects[0].line, want + 2);
    case_end(&c);
}

static void places(void **unused)
{
    struct market_case c;
    struct bb_place_key key;
    (void)unused;
    case_read(&c, "RTBM-LMP-SL-202606011205.csv",
              "Interval,GMTIntervalEnd,Settlement Location,Pnode,LMP,MLC,MCC,MEC,BAA\n"
              "06/01/2026 12:05:00,06/01/2026 17:05:00,SPPSOUTH_HUB,SPPSOUTH_H,1,0,0,1,SPP\n"
              "06/01/2026 12:05:00,06/01/2026 17:05:00,SWPW_HUB,SWPW_HUB_H,1,0,0,1,SWPW\n"
              "06/01/2026 12:05:00,06/01/2026 17:05:00,LES_HUB,LES_H,1,0,0,1,\n"
              "06/01/2026 12:05:00,06/01/2026 17:05:00,MEC,MEC,1,0,0,1,SPP\n"
              "06/01/2026 12:05:00,06/01/2026 17:05:00,CISO,CISO,1,0,0,1,SWPW\n");
    assert_int_equal(c.n_rows, 5);
    key = case_place(&c, 0);
    assert_true(key.type == BB_TYPE_HUB);
    assert_text(key.name, "SPPSOUTH_HUB");
    assert_text(key.identity, "SPPSOUTH_HUB");
    assert_text(key.id, "SPPSOUTH_H");
    assert_text(key.zone, "SPP");
    key = case_place(&c, 1);
    assert_true(key.type == BB_TYPE_HUB);
    assert_text(key.zone, "SWPW");
    key = case_place(&c, 2);
    assert_true(key.type == BB_TYPE_NODE); /* a participant's hub */
    assert_text(key.zone, "SPP");
    assert_true(case_place(&c, 3).type == BB_TYPE_INTERFACE);
    assert_true(case_place(&c, 4).type == BB_TYPE_INTERFACE);
    case_end(&c);
    case_read(&c, "RTBM-LMP-B-202609102145.csv",
              "Interval,GMTIntervalEnd,Pnode,LMP,MLC,MCC,MEC\n"
              "09/10/2026 21:45:00,09/11/2026 02:45:00,OKGE,34.5,0.5,3.8,30.2\n");
    assert_int_equal(c.n_rows, 1);
    assert_true(case_place(&c, 0).type == BB_TYPE_BUS);
    assert_text(case_place(&c, 0).id, "OKGE");
    assert_text(case_place(&c, 0).zone, "SPP");
    assert_int_equal(c.rows[0].start_utc_s, 1789094400); /* 2026-09-11 02:40 UTC */
    case_end(&c);
}

static void has(const struct market_case *c, size_t i, const char *product, const char *region,
                const char *standard, const char *unit, double price)
{
    struct bb_place_key key = case_place(c, i);
    assert_text(key.name, product);
    assert_text(key.id, region);
    assert_text(key.zone, standard);
    assert_text(key.unit, unit);
    assert_true(c->rows[i].value[BB_VALUE_PRICE] == price && c->rows[i].present == 1 << BB_VALUE_PRICE);
}

static void ancillary(void **unused)
{
    struct market_case c;
    (void)unused;
    case_read(&c, "RTBM-MCP-202507011205.csv",
              MCP "07/01/2025 12:05:00,07/01/2025 17:05:00,1,1.5,2.5,3.5,4.5,5.5,6.5,7.5,8.5,\n");
    assert_string_equal(c.detection.report, "spp.RTBM-MCP");
    assert_int_equal(c.detection.version, 1);
    assert_int_equal(c.n_rows, 8); /* the product that has no price yet makes no row */
    assert_int_equal(c.counts.unknown_words, 0);
    has(&c, 0, "RegUPService", "1", "REG_UP", "$/MW", 1.5);
    has(&c, 1, "RegDNService", "1", "REG_DOWN", "$/MW", 2.5);
    has(&c, 2, "RegUpMile", "1", "REG_UP_MILEAGE", "$/MW-mile", 3.5);
    has(&c, 3, "RegDNMile", "1", "REG_DOWN_MILEAGE", "$/MW-mile", 4.5);
    has(&c, 4, "RampUP", "1", "RAMP_UP", "$/MW", 5.5);
    has(&c, 5, "RampDN", "1", "RAMP_DOWN", "$/MW", 6.5);
    has(&c, 6, "Spin", "1", "SPIN", "$/MW", 7.5);
    has(&c, 7, "Supp", "1", "SUPPLEMENTAL", "$/MW", 8.5);
    assert_int_equal(c.rows[7].start_utc_s, 1751389200); /* 2025-07-01 17:00 UTC */
    case_end(&c);
    /* a roll-up of a year, without the products of later years */
    case_read(&c, "RTBM_MCP_2020.csv",
              "Interval,GMTIntervalEnd,Reserve Zone,RegUPService,RegDNService,RegUpMile,RegDNMile,Spin,Supp\n"
              "01/01/2020 00:05:00,01/01/2020 06:05:00,SPP,1,2,3,4,5,6\n"
              "01/01/2020 00:10:00,01/01/2020 06:10:00,SPP,1,2,3,4,5,6\n");
    assert_string_equal(c.detection.report, "spp.RTBM-MCP-DAILY");
    assert_int_equal(c.detection.version, 2);
    assert_int_equal(c.n_rows, 12);
    has(&c, 4, "Spin", "SPP", "SPIN", "$/MW", 5);
    case_end(&c);
    case_read(&c, "DA-MCP-202201010100.csv",
              "Interval,GMTIntervalEnd,Reserve Zone,RegUP,RegDN,Spin,Supp,RAMPUP,RAMPDN\n"
              "01/01/2022 01:00:00,01/01/2022 07:00:00,5,1,2,3,4,5,6\n"
              "01/01/2022 02:00:00,01/01/2022 08:00:00,5,1,2,x,4,5,6\n");
    assert_string_equal(c.detection.report, "spp.DA-MCP");
    assert_int_equal(c.n_rows, 11); /* the cell that is no number costs its product, not the others */
    has(&c, 0, "RegUP", "5", "REG_UP", "$/MW", 1);
    has(&c, 4, "RampUP", "5", "RAMP_UP", "$/MW", 5);
    assert_int_equal(c.n_rejects, 1);
    assert_string_equal(c.rejects[0].column, "Spin");
    case_end(&c);
    case_read(&c, "RTBM-OR-202507011205.csv",
              "Interval,GMTIntervalEnd,Reserve Zone,RegUP_Clr,RegDN_Clr,RampUP_Clr,RampDN_Clr,Spin_Clr,Supp_Clr\n"
              "07/01/2025 12:05:00,07/01/2025 17:05:00,1,300.5,2,3,4,5,6\n");
    assert_string_equal(c.detection.report, "spp.RTBM-OR");
    assert_int_equal(c.n_rows, 6);
    assert_text(case_place(&c, 0).name, "RegUPService"); /* meets the price in one row */
    assert_true(c.rows[0].value[BB_VALUE_QUANTITY] == 300.5 && c.rows[0].present == 1 << BB_VALUE_QUANTITY);
    assert_true(c.rows[0].flags & BB_ROW_PARTIAL);
    case_end(&c);
}

static void own_files(void **unused)
{
    static const struct {
        const char *path, *report;
        size_t rows;
    } files[] = { { "da_lmp_sl/firstlines_rowsubset_DA-LMP-SL-202604010100.csv", "spp.DA-LMP-SL", 7 },
                  { "da_lmp_sl/rowsubset_DA-LMP-SL-202511020100.csv", "spp.DA-LMP-SL", 56 },
                  { "da_lmp_sl/rowsubset_DA-LMP-SL-202603080100.csv", "spp.DA-LMP-SL", 52 },
                  { "da_lmp_sl/rowsubset_DA-LMP-SL-202606040100.csv", "spp.DA-LMP-SL", 57 },
                  { "da_mcp/DA-MCP-202511020100.csv", "spp.DA-MCP", 150 * 7 },
                  { "rtbm_lmp_daily_sl/firstlines_rowsubset_RTBM-LMP-DAILY-SL-20260601.csv",
                    "spp.RTBM-LMP-DAILY-SL", 12 },
                  { "rtbm_lmp_daily_sl/rowsubset_RTBM-LMP-DAILY-SL-20250701.csv", "spp.RTBM-LMP-DAILY-SL", 69 },
                  { "rtbm_lmp_sl_5min/rowsubset_RTBM-LMP-SL-202507011205.csv", "spp.RTBM-LMP-SL", 3 },
                  { "rtbm_lmp_sl_5min/rowsubset_RTBM-LMP-SL-202606011205.csv", "spp.RTBM-LMP-SL", 6 } };
    const char *folder = getenv("BUSBAR_SAMPLES");
    static char text[1 << 16];
    size_t checked = 0;
    (void)unused;
    for (size_t i = 0; i < BB_ARRAY_LEN(files); i++) {
        struct market_case c;
        char path[4096];
        size_t n;
        FILE *f;
        snprintf(path, sizeof path, "%s/spp/%s", folder && *folder ? folder : "../shared/samples", files[i].path);
        f = fopen(path, "rb");
        if (!f) continue;
        n = fread(text, 1, sizeof text - 1, f);
        fclose(f);
        text[n] = 0;
        case_read(&c, path, text);
        if (c.status != BB_OK) fail_msg("%s: %s", path, c.err.text);
        if (strcmp(c.detection.report, files[i].report) != 0 || c.n_rows != files[i].rows || c.n_rejects)
            fail_msg("%s: %s, %zu rows, %zu rejects", path, c.detection.report, c.n_rows, c.n_rejects);
        assert_int_equal(c.counts.unknown_words, 0);
        case_end(&c);
        checked++;
    }
    printf("%zu of %zu sample files checked\n", checked, BB_ARRAY_LEN(files));
    if (checked == 0) {
        printf("SKIPPED: no sample files of SPP (set BUSBAR_SAMPLES)\n");
        skip();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(detection), cmocka_unit_test(clock_changes),
                                        cmocka_unit_test(places), cmocka_unit_test(ancillary),
                                        cmocka_unit_test(own_files) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
