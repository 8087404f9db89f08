/* What detection says about ERCOT's files beside the report: posting time, order, first instant; look-alikes by their text. */
#include "market_case.h"

#define DAM  "DeliveryDate,HourEnding,SettlementPoint,SettlementPointPrice,DSTFlag\n"
#define SCED "SCEDTimestamp,RepeatedHourFlag,SettlementPoint,LMP\n"

static void facts(const char *name, const char *text, const char *report, int64_t publication, uint32_t first,
                  enum bb_file_order order)
{
    struct market_case c;
    case_detect(&c, name, text);
    if (c.status != BB_OK) fail_msg("%s: %s", name, c.err.text);
    assert_string_equal(c.detection.report, report);
    assert_int_equal(c.detection.publication_utc_s, publication);
    assert_int_equal(c.detection.first_utc_s, first);
    assert_int_equal(c.detection.order, order);
    case_end(&c);
}

/* date -u -d '2025-08-04 12:32:22 CDT' +%s and so on */
static void postings(void **unused)
{
    (void)unused;
    facts("cdr.00012331.0000000000000000.20250804.123222.DAMSPNP4190.csv", DAM "08/05/2025,01:00,A, 1,N\n",
          "ercot.NP4-190", 1754328742, 1754370000u, BB_ORDER_TIME);
    facts("cdr.00012331.0000000000000000.20250104.123222123.DAMSPNP4190.csv", DAM "01/05/2025,02:00,A, 1,N\n",
          "ercot.NP4-190", 1736015542, 1736060400u, BB_ORDER_TIME);
    /* the hour before and after each change of the clock */
    facts("x.20250309.015959.csv", DAM, "ercot.NP4-190", 1741507199, 0, BB_ORDER_TIME);
    facts("x.20250309.030000.csv", DAM, "ercot.NP4-190", 1741507200, 0, BB_ORDER_TIME);
    facts("x.20251102.013000.SPP.csv", DAM, "ercot.NP4-190", 1762065000, 0, BB_ORDER_TIME);
    facts("x.20251102.013000.SPP_xhr.csv", DAM, "ercot.NP4-190", 1762068600, 0, BB_ORDER_TIME);
    facts("x.20251102.020000.SPP.csv", DAM, "ercot.NP4-190", 1762070400, 0, BB_ORDER_TIME);
    /* no stamp, or none that can be one */
    facts("dam.csv", DAM, "ercot.NP4-190", 0, 0, BB_ORDER_TIME);
    facts("x.20251102.256000.SPP.csv", DAM, "ercot.NP4-190", 0, 0, BB_ORDER_TIME);
    facts("x.20251302.015000.SPP.csv", DAM, "ercot.NP4-190", 0, 0, BB_ORDER_TIME);
    facts("rpt.00013091.0000000000000000.20260101081728.DAMASMCPC_2025.csv",
          "Delivery Date,Hour Ending,Repeated Hour Flag,REGDN,REGUP ,RRS,NSPIN\n11/02/2025,02:00,Y,1,2,3,4\n",
          "ercot.NP4-181", 1767277048, 1762066800u, BB_ORDER_DAY);
    /* a run is as late as it ran, not as it was posted */
    facts("cdr.00012300.0000000000000000.20260625.114020.LMPSROSNODENP6788_20260625_004018.csv",
          SCED "06/25/2026 00:44:18,N,A, 1\n", "ercot.NP6-788", 1782366258, 1782366000u, BB_ORDER_TIME);
    facts("y.csv", SCED "11/02/2025 01:59:59,Y,A, 1\n", "ercot.NP6-788", 1762070399, 1762070100u, BB_ORDER_TIME);
    /* answers of the API stand in any order */
    facts("dam_prices_2024.csv",
          "deliveryDate,hourEnding,settlementPoint,settlementPointPrice,DSTFlag\n2024-01-01,08:00,A,1,False\n",
          "ercot.NP4-190", 0, 1704114000u, BB_ORDER_NONE);
    facts("rtm_prices_2024.csv",
          "deliveryDate,deliveryHour,deliveryInterval,settlementPoint,settlementPointType,settlementPointPrice,"
          "DSTFlag\n"
          "2024-01-01,24,4,A,RN,1,False\n",
          "ercot.NP6-905", 0, 1704174300u, BB_ORDER_NONE);
    facts("z.csv", "SCEDTimestamp,repeatHourFlag,systemLambda\n2026-01-01T00:00:10,false,1\n", "ercot.NP6-322",
          1767247210, 1767247200u, BB_ORDER_NONE);
}

/* The stamp of the archive counts where its member has none. */
static void posting_of_archive(void **unused)
{
    static const char text[] =
        "Delivery Date,Hour Ending,Repeated Hour Flag,Settlement Point,Settlement Point Price\n";
    struct market_case c;
    (void)unused;
    case_detect(&c, "rpt.00013060.0000000000000000.20250804.123222000.DAMLZHBSPP_2025.zip", text);
    c.evidence.name = BB_STR("rpt.00013060.0000000000000000.DAMLZHBSPP_2025.xlsx");
    assert_int_equal(bb_detect(&c.evidence, &c.detection, &c.err), BB_OK);
    assert_int_equal(c.detection.publication_utc_s, 1754328742);
    c.evidence.path = BB_STR("bundle.zip");
    c.evidence.member = BB_STR("rpt.00013060.0000000000000000.20250104.123222000.DAMLZHBSPP_2025.zip/x.xlsx");
    assert_int_equal(bb_detect(&c.evidence, &c.detection, &c.err), BB_OK);
    assert_int_equal(c.detection.publication_utc_s, 1736015542);
    case_end(&c);
}

static void refused(const char *name, const char *text, const char *says)
{
    struct market_case c;
    case_detect(&c, name, text);
    assert_int_equal(c.status, BB_SKIP);
    if (!strstr(c.err.text, says)) fail_msg("%s: %s", name, c.err.text);
    case_end(&c);
}

static void look_alikes(void **unused)
{
    (void)unused;
    refused("a.csv",
            "RTDTimestamp,RepeatedHourFlag,IntervalId,IntervalEnding,IntervalRepeatedHourFlag,SettlementPoint,"
            "SettlementPointType,LMP\n",
            "forecasts");
    refused("a.csv",
            "DeliveryDate,HourEnding,SettlementPoint,SPPOriginal,SPPCorrected,PriceCorrectionTime,DSTFlag\n",
            "NP4-180");
    refused("a.csv",
            "SCEDTimestamp,RepeatedHourFlag,ASType,CappedMCPCOriginal,UncappedMCPCOriginal,CappedMCPCCorrected,"
            "UncappedMCPCCorrected,PriceCorrectionTime\n",
            "corrected");
    refused("a.csv", "DeliveryDate,HourEnding,SASMID,ASType,MCPC,DSTFlag\n", "supplemental");
    refused("a.csv", "DeliveryDate,DeliveryHour,DeliveryInterval,RTRSVPOR,RTRSVPOFF,RTRDP,DSTFlag\n", "adders");
    refused("a.csv", "SCEDTimestamp,RepeatedHourFlag,BatchID,SystemLambda,PRC,RTORPA,RTOFFPA,RTOLCAP\n", "adders");
    refused("LMPRTCMT.csv", SCED, "market trials");
    refused("a.csv", "NAME\nsomething\n", "no list of hubs");
    /* disclosure and plans that share columns with price reports */
    refused("a.csv", "Delivery Date,Hour Ending,Total Cleared AS - RegUp\n", "not a report");
    refused("a.csv", "DeliveryDate,HourEnding,AncillaryType,Quantity,DSTFlag\n", "MCPC");
    refused("a.csv", "DeliveryDate,HourEnding,SettlementPoint,Price,DSTFlag\n", "SettlementPointPrice");
}

/* Every word of the flag, and where it may stand. */
static void flags(void **unused)
{
    static const char *const second[] = { "Y", "true", "True", "TRUE", "1", " Y ", "\"Y\"" };
    static const char *const first[] = { "N", "false", "False", "0", "n" };
    struct market_case c;
    char text[400];
    (void)unused;
    for (size_t i = 0; i < 12; i++) {
        int is_second = i < 7;
        snprintf(text, sizeof text, DAM "11/02/2025,02:00,A, 1,%s\n", is_second ? second[i] : first[i - 7]);
        case_read(&c, "a.csv", text);
        assert_int_equal(c.status, BB_OK);
        assert_int_equal(c.n_rejects, 0);
        assert_int_equal(c.rows[0].start_utc_s, is_second ? 1762066800u : 1762063200u);
        case_end(&c);
    }
    case_read(&c, "a.csv",
              DAM "11/02/2025,02:00,A, 1,\n11/02/2025,02:00,A, 1,X\n11/02/2025,03:00,A, 1,Y\n11/02/2025,25,A, 1,N\n"
                  "11/02/2025,00:00,A, 1,N\n11/02/2025,,A, 1,N\n03/09/2025,03:00,A, 1,N\n03/09/2025,03:00,A, 1,Y\n"
                  "11/02/2025,04:00,A, 1,\n");
    assert_int_equal(c.status, BB_OK);
    assert_int_equal(c.n_rows, 1);
    assert_int_equal(c.n_rejects, 8);
    assert_string_equal(c.rejects[0].reason, "ambiguous_hour");
    assert_string_equal(c.rejects[1].reason, "bad_time");
    assert_string_equal(c.rejects[1].column, "DSTFlag");
    assert_string_equal(c.rejects[2].reason, "contradiction");
    assert_string_equal(c.rejects[3].reason, "bad_time");
    assert_string_equal(c.rejects[4].reason, "bad_time");
    assert_string_equal(c.rejects[5].reason, "missing_time");
    assert_string_equal(c.rejects[6].reason, "no_such_local_time");
    assert_string_equal(c.rejects[7].reason, "no_such_local_time");
    case_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(postings), cmocka_unit_test(posting_of_archive),
                                        cmocka_unit_test(look_alikes), cmocka_unit_test(flags) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
