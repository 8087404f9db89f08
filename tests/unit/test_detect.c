/* Detection: each report is recognised by what it is, look-alikes are told apart, everything else is named. The texts are
 * written here after the format cards. */
#include "market_case.h"

#define PJM_TIME  "datetime_beginning_utc,datetime_beginning_ept,"
#define PJM_PLACE "pnode_id,pnode_name,voltage,equipment,type,zone,"
#define PJM_DA                                                                                                     \
    PJM_TIME PJM_PLACE "system_energy_price_da,total_lmp_da,congestion_price_da,marginal_loss_price_da,row_is_"    \
                       "current,version_nbr\r\n"
#define PJM_RT                                                                                                     \
    PJM_TIME PJM_PLACE "system_energy_price_rt,total_lmp_rt,congestion_price_rt,marginal_loss_price_rt,row_is_"    \
                       "current,version_nbr\r\n"
#define PJM_ROW(when, id)                                                                                          \
    when "," when "," #id ",OAK,138 KV,T1,LOAD,AEP,20.000000,21.500000,1.000000,0.500000,True,1\r\n"

#define CAISO_DAM                                                                                                  \
    "INTERVALSTARTTIME_GMT,INTERVALENDTIME_GMT,OPR_DT,OPR_HR,OPR_INTERVAL,NODE_ID_XML,NODE_ID,NODE,MARKET_RUN_ID," \
    "LMP_TYPE,XML_DATA_ITEM,"                                                                                      \
    "PNODE_RESMRID,GRP_TYPE,POS,MW,GROUP\n"
#define CAISO_RT(price)                                                                                            \
    "INTERVALSTARTTIME_GMT,INTERVALENDTIME_GMT,OPR_DT,OPR_HR,NODE_ID_XML,NODE_ID,NODE,MARKET_RUN_ID,LMP_TYPE,XML_" \
    "DATA_ITEM,"                                                                                                   \
    "PNODE_RESMRID,GRP_TYPE,POS," price ",OPR_INTERVAL,GROUP\n"
#define HOURS                                                                                                      \
    "HE 1,HE 2,HE 3,HE 4,HE 5,HE 6,HE 7,HE 8,HE 9,HE 10,HE 11,HE 12,HE 13,HE 14,HE 15,HE 16,HE 17,HE 18,HE 19,HE " \
    "20,HE 21,HE 22,HE 23,HE 24"
#define CELLS    "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24"
#define NOTE     ",,,All Hours-Ending are Eastern Standard Time (EST)\n"
#define ANY_ISO  (-2)
#define MISO_ROW "OAK.HUB,Hub,LMP," CELLS "\n"

static void expect(const char *name, const char *text, const char *report, int minutes)
{
    struct market_case c;
    case_detect(&c, name, text);
    if (c.status != BB_OK) fail_msg("%s: %s", name, c.err.text);
    assert_string_equal(c.detection.report, report);
    if (minutes) {
        assert_int_equal(c.detection.datasets[0].minutes, minutes);
    } else {
        assert_true(c.detection.is_reference);
        assert_int_equal(c.detection.n_datasets, 0);
    }
    case_end(&c);
}

/* every word of words (divided by '|') must stand in the message */
static void expect_refusal_of(int iso, const char *name, const char *text, enum bb_status status, const char *words)
{
    struct market_case c;
    char copy[200], *save = NULL;
    case_detect(&c, name, text);
    if (c.status != status)
        fail_msg("%s: status %d, %s", name, (int)c.status, c.status ? c.err.text : c.detection.report);
    snprintf(copy, sizeof copy, "%s", words);
    for (char *w = strtok_r(copy, "|", &save); w; w = strtok_r(NULL, "|", &save))
        if (!strstr(c.err.text, w)) fail_msg("\"%s\" is not in \"%s\"", w, c.err.text);
    if (iso != ANY_ISO && c.detection.iso != iso)
        fail_msg("%s: operator %d, wanted %d", name, c.detection.iso, iso);
    case_end(&c);
}

static void expect_refusal(const char *name, const char *text, enum bb_status status, const char *words)
{
    expect_refusal_of(ANY_ISO, name, text, status, words);
}

static void pjm_reports(void **unused)
{
    struct market_case c;
    (void)unused;
    expect("x.csv", PJM_DA PJM_ROW("1/1/2024 5:00:00 AM", 1), "pjm.da_hrl_lmps", 60);
    expect("x.csv", PJM_RT PJM_ROW("1/1/2024 5:00:00 AM", 1) PJM_ROW("1/1/2024 6:00:00 AM", 1), "pjm.rt_hrl_lmps",
           60);
    expect("x.csv", PJM_RT PJM_ROW("2024-01-01T05:00:00", 1) PJM_ROW("2024-01-01T05:05:00", 1),
           "pjm.rt_fivemin_hrl_lmps", 5);
    /* one instant, but not a full hour: five minutes */
    expect("x.csv", PJM_RT PJM_ROW("1/1/2024 5:05:00 AM", 1), "pjm.rt_fivemin_hrl_lmps", 5);
    /* a gap in an hourly file is still whole hours */
    expect("x.csv", PJM_RT PJM_ROW("1/1/2024 5:00:00 AM", 1) PJM_ROW("1/3/2024 8:00:00 PM", 1), "pjm.rt_hrl_lmps",
           60);
    /* another order, an index column, a byte order mark */
    expect(
        "x.csv",
        "\xEF\xBB\xBF,version_nbr,type,pnode_name,pnode_id,marginal_loss_price_da,congestion_price_da,total_lmp_da,"
        "system_energy_price_da,datetime_beginning_utc\n0,1,HUB,OAK,1,0,0,1,1,2024-01-01T05:00:00\n",
        "pjm.da_hrl_lmps", 60);
    expect("x.csv",
           PJM_TIME PJM_PLACE
           "system_energy_price_rt,total_lmp_rt,congestion_price_rt,marginal_loss_price_rt\n"
           "1/1/2024 5:00:00 AM,,1,OAK,,,HUB,,1,1,0,0\n1/1/2024 5:05:00 AM,,1,OAK,,,HUB,,1,1,0,0\n",
           "pjm.rt_fivemin_mnt_lmps", 5);
    expect("x.csv",
           PJM_TIME "pnode_id,pnode_name,type,total_lmp_rt,congestion_price_rt,marginal_loss_price_rt,occ_check,"
                    "ref_caseid_used_multi_interval\n",
           "pjm.rt_unverified_fivemin_lmps", 5);
    expect("x.csv",
           "pnode_id,pnode_name,pnode_type,pnode_subtype,zone,voltage_level,effective_date,termination_date\n",
           "pjm.pnode", 0);
    case_detect(&c, "x.csv",
                PJM_TIME PJM_PLACE "system_energy_price_rt,total_lmp_rt,congestion_price_rt,marginal_loss_price_rt,"
                                   "system_energy_price_da,total_lmp_da,congestion_price_da,marginal_loss_price_"
                                   "da\n1/1/2024 5:00:00 AM,,1,OAK,,,HUB,,1,1,0,0,2,2,0,0\n");
    assert_int_equal(c.status, BB_OK);
    assert_string_equal(c.detection.report, "pjm.rt_da_monthly_lmps");
    assert_int_equal(c.detection.n_datasets, 2);
    assert_int_equal(c.detection.datasets[0].market, BB_RT);
    assert_int_equal(c.detection.datasets[1].market, BB_DA);
    assert_int_equal(c.detection.first_utc_s, 1704085200);
    case_end(&c);
}

static void one_instant_needs_a_name(void **unused)
{
    static const char text[] = PJM_RT PJM_ROW("1/1/2024 5:00:00 AM", 1) PJM_ROW("1/1/2024 5:00:00 AM", 2);
    struct market_case c;
    (void)unused;
    expect_refusal("x.csv", text, BB_SKIP, "pjm.rt_hrl_lmps|pjm.rt_fivemin_hrl_lmps|--report");
    expect("rt_hrl_lmps (1).csv", text, "pjm.rt_hrl_lmps", 60);
    expect("/data/rt_5min_nodal/x.csv", text, "pjm.rt_fivemin_hrl_lmps", 5);
    expect("/data/rt_hourly_nodal/nodal_2024-01-01.csv", text, "pjm.rt_hrl_lmps", 60);
    case_detect_n(&c, "x.csv", text, strlen(text), strlen(text), "pjm.rt_fivemin_hrl_lmps");
    assert_int_equal(c.status, BB_OK);
    assert_string_equal(c.detection.report, "pjm.rt_fivemin_hrl_lmps");
    /* the name never wins over the data */
    expect("rt_fivemin_hrl_lmps.csv", PJM_RT PJM_ROW("1/1/2024 5:00:00 AM", 1) PJM_ROW("1/1/2024 6:00:00 AM", 1),
           "pjm.rt_hrl_lmps", 60);
}

/* The second instant lies far behind the head that detection was given. */
static void asks_for_more(void **unused)
{
    size_t n = 0, head;
    char *text = malloc(400 * 200);
    struct market_case c;
    (void)unused;
    case_put(text, 400 * 200, &n, "%s", PJM_RT);
    for (int i = 0; i < 300; i++) case_put(text, 400 * 200, &n, "%s", PJM_ROW("1/1/2024 5:00:00 AM", 1));
    case_put(text, 400 * 200, &n, "%s", PJM_ROW("1/1/2024 5:05:00 AM", 1));
    head = n / 3;
    case_detect_n(&c, "x.csv", text, n, head, NULL);
    assert_int_equal(c.status, BB_OK);
    assert_string_equal(c.detection.report, "pjm.rt_fivemin_hrl_lmps");
    case_end(&c);
    free(text);
}

/* A packed file whose end is damaged: the text moves to where more would fit, and then there is no more. */
static enum bb_status moves_and_fails(void *ctx, struct bb_evidence *e, struct bb_error *err)
{
    char **text = ctx, *moved = malloc(e->head.n);
    (void)err;
    memcpy(moved, *text, e->head.n);
    memset(*text, 'x', e->head.n);
    free(*text);
    *text = moved;
    e->head.p = moved;
    return BB_SKIP;
}

static void text_moves_and_ends(void **unused)
{
    static const char text[] = PJM_RT PJM_ROW("1/1/2024 5:00:00 AM", 1) PJM_ROW("1/1/2024 6:00:00 AM", 1);
    size_t n = strlen(text);
    char *moving = malloc(n);
    struct market_case c;
    (void)unused;
    memcpy(moving, text, n);
    case_detect(&c, "x.csv", text);
    c.evidence.head = (struct bb_str){ moving, n };
    c.evidence.head_is_all = 0;
    c.evidence.more = moves_and_fails;
    c.evidence.more_ctx = &moving;
    c.status = bb_detect(&c.evidence, &c.detection, &c.err);
    assert_int_equal(c.status, BB_OK);
    assert_string_equal(c.detection.report, "pjm.rt_hrl_lmps");
    assert_ptr_equal(c.evidence.head.p, moving);
    /* Rows of one instant: whoever looks for a second one comes to the end of the text. */
    n = strlen(PJM_RT PJM_ROW("1/1/2024 5:00:00 AM", 1));
    c.evidence.head = (struct bb_str){ moving, n };
    c.evidence.head_is_all = 0;
    c.status = bb_detect(&c.evidence, &c.detection, &c.err);
    assert_int_equal(c.status, BB_SKIP);
    assert_non_null(strstr(c.err.text, "--report"));
    case_end(&c);
    free(moving);
}

static void caiso_reports(void **unused)
{
    struct market_case c;
    (void)unused;
#define CAISO_ROW(end, run)                                                                                        \
    "2024-07-02T07:00:00-00:00," end ",2024-07-02,1,0,N1,N1,N1," run ",LMP,LMP_PRC,N1,ALL,1,30.5,1\n"
#define CAISO_RT_ROW(end, run)                                                                                     \
    "2024-07-02T07:00:00-00:00," end ",2024-07-02,01,N1,N1,N1," run ",LMP,LMP_PRC,N1,ALL,1,30.5,1,1\n"
    expect("x.csv", CAISO_DAM CAISO_ROW("2024-07-02T08:00:00-00:00", "DAM"), "caiso.PRC_LMP", 60);
    expect("x.csv", CAISO_RT("PRC") CAISO_RT_ROW("2024-07-02T07:15:00-00:00", "RTPD"), "caiso.PRC_RTPD_LMP", 15);
    expect("x.csv", CAISO_RT("VALUE") CAISO_RT_ROW("2024-07-02T07:05:00-00:00", "RTM"), "caiso.PRC_INTVL_LMP", 5);
    expect("x.csv", CAISO_RT("MW") CAISO_RT_ROW("2024-07-02T07:05:00-00:00", "RTM"), "caiso.PRC_INTVL_LMP", 5);
    expect("x.csv", CAISO_RT("MW") CAISO_RT_ROW("2024-07-02T07:15:00-00:00", "HASP"), "caiso.PRC_HASP_LMP", 15);
    expect("x.csv", "," CAISO_RT("MW") "0," CAISO_RT_ROW("2024-07-02T07:15:00-00:00", "HASP"), "caiso.PRC_HASP_LMP",
           15);
    expect("ATL.csv",
           "PNODE_ID,PNODE_TYPE,DESCRIPTION,COMMENTS,EFF_START_DT,EFF_END_DT,EFF_START_DT_GMT,EFF_END_DT_GMT\n",
           "caiso.ATL_PNODE", 0);
    expect("ATL.csv",
           "APNODE_ID,PNODE_ID,DESCRIPTION,COMMENTS,EFF_START_DT_GMT,EFF_END_DT_GMT,EFF_START_DT,EFF_END_DT\n",
           "caiso.ATL_PNODE_MAP", 0);
    expect("ATL.csv", "TAC_AREA_ID,PNODE_ID,DESCRIPTION,COMMENTS,EFF_START_DT,EFF_END_DT\n",
           "caiso.ATL_TAC_AREA_MAP", 0);
    /* only a header: the name decides, without it nothing does */
    expect("20240702_20240703_PRC_RTPD_LMP_RTPD_v2.csv", CAISO_RT("PRC"), "caiso.PRC_RTPD_LMP", 15);
    expect_refusal("x.csv", CAISO_RT("PRC"), BB_SKIP, "--report");
    expect_refusal("x.csv", CAISO_DAM CAISO_ROW("2024-07-02T08:00:00-00:00", "RUC"), BB_SKIP, "RUC");
    case_detect(&c, "20240701_20240801_PRC_LMP_DAM_20240805_08_27_07_v1.csv",
                CAISO_DAM CAISO_ROW("2024-07-02T08:00:00-00:00", "DAM"));
    assert_int_equal(c.detection.publication_utc_s, 1722846427); /* 2024-08-05 08:27:07 */
    assert_int_equal(c.detection.order, BB_ORDER_DAY);
    assert_int_equal(c.detection.first_utc_s, 1719903600);
    case_end(&c);
    case_detect(&c, "20240701_20240801_PRC_LMP_DAM_LMP_v12.csv",
                CAISO_DAM CAISO_ROW("2024-07-02T08:00:00-00:00", "DAM"));
    assert_int_equal(c.detection.publication_utc_s, 0);
    case_end(&c);
}

static void miso_reports(void **unused)
{
    struct market_case c;
    (void)unused;
    expect("x.csv", "Day Ahead Market ExPost LMPs\n07/14/2026\n\n" NOTE "Node,Type,Value," HOURS "\n" MISO_ROW,
           "miso.da_expost_lmp", 60);
    expect("x.csv", "Day Ahead Market ExAnte LMPs\n7/4/2026\n" NOTE "Node,Type,Value," HOURS "\n" MISO_ROW,
           "miso.da_exante_lmp", 60);
    expect("20260926_rt_lmp_final.csv",
           "Realtime Market LMPs\n9/26/2026\n\n" NOTE "Node,Type,Value," HOURS "\n" MISO_ROW, "miso.rt_lmp_final",
           60);
    expect("20260926_rt_lmp_prelim.csv",
           "Realtime Market LMPs\n9/26/2026\n\n" NOTE "Node,Type,Value," HOURS "\n" MISO_ROW, "miso.rt_lmp_prelim",
           60);
    expect("20251201_da_expost_lmp.csv",
           "Day Ahead Market ExPost "
           "LMPs,,,,,,,,,,,,,,,,,,,,,,,,,,\n12/1/2025,,,,,,,,,,,,,,,,,,,,,,,,,,\n,,,,,,,,,,,,,,,,,,,,,,,,,,\n"
           ",,,All Hours-Ending are Eastern Standard Time (EST),,,,,,,,,,,,,,,,,,,,,,,\nNode,Type,Value," HOURS
           "\n" MISO_ROW,
           "miso.da_expost_lmp", 60);
    expect("20240728_da_expost_lmp_hubs_only.csv", "Node,Type,Value," HOURS "\n" MISO_ROW, "miso.da_expost_lmp",
           60);
    expect("20240728_rt_lmp_final_hubs_only.csv",
           "node,type,value,HE1,HE2,HE3,HE4,HE5,HE6,HE7,HE8,HE9,HE10,HE11,HE12,HE13,HE14,HE15,HE16,HE17,HE18,HE19,"
           "HE20,HE21,HE22,HE23,HE24\n" MISO_ROW,
           "miso.rt_lmp_final", 60);
    case_detect(&c, "20251201_da_expost_lmp.csv",
                "Day Ahead Market ExPost LMPs\n12/1/2025\nNode,Type,Value," HOURS "\n" MISO_ROW);
    assert_int_equal(c.status, BB_OK);
    assert_int_equal(c.detection.first_utc_s, 1764565200); /* 2025-12-01 05:00 UTC */
    assert_true(c.detection.derive_energy);
    case_end(&c);
    /* preliminary or final is said by the name alone */
    expect_refusal("x.csv", "Realtime Market LMPs\n9/26/2026\n" NOTE "Node,Type,Value," HOURS "\n" MISO_ROW,
                   BB_SKIP, "miso.rt_lmp_final|miso.rt_lmp_prelim|--report");
    expect_refusal("20260927_da_expost_lmp.csv",
                   "Day Ahead Market ExPost LMPs\n9/26/2026\n" NOTE "Node,Type,Value," HOURS "\n" MISO_ROW, BB_SKIP,
                   "2026-09-27|2026-09-26");
    expect_refusal("20260926_da_expost_lmp.csv",
                   "Day Ahead Market ExAnte LMPs\n9/26/2026\n" NOTE "Node,Type,Value," HOURS "\n" MISO_ROW, BB_SKIP,
                   "title|name");
    expect_refusal("hubs.csv", "Node,Type,Value," HOURS "\n" MISO_ROW, BB_SKIP, "name");
    expect_refusal("da_expost_lmp_hubs_only.csv", "Node,Type,Value," HOURS "\n" MISO_ROW, BB_SKIP, "which day");
    expect_refusal("DA_Load_EPNodes_20240101.csv",
                   "Day-Ahead EPNode Price data\nEPNode,Value," HOURS "\nA,LMP," CELLS "\n", BB_SKIP,
                   "EPNode|name space");
    expect("2024_Jul-Sep_RT_LMPs.csv", "\nMARKET_DAY,NODE,TYPE,VALUE," HOURS "\n07/01/2024," MISO_ROW,
           "miso.RT_LMPs", 60);
    expect("2024-Jul-Sep_DA_LMPs.csv", "\nMARKET_DAY,NODE,TYPE,VALUE," HOURS "\n07/01/2024," MISO_ROW,
           "miso.DA_LMPs", 60);
    expect_refusal("x.csv", "\nMARKET_DAY,NODE,TYPE,VALUE," HOURS "\n07/01/2024," MISO_ROW, BB_SKIP,
                   "miso.RT_LMPs|miso.DA_LMPs|--report");
}

static void renamed_column(void **unused)
{
    (void)unused;
    expect_refusal(
        "rt_hrl_lmps.csv",
        PJM_TIME PJM_PLACE
        "system_energy_price_rt,value,congestion_price_rt,marginal_loss_price_rt,row_is_current,version_nbr\n"
        "1/1/2024 5:00:00 AM,,1,OAK,,,HUB,,1,1,0,0,TRUE,1\n",
        BB_SKIP, "pjm.rt_hrl_lmps|total_lmp_rt|renamed");
    /* without its energy column an hourly file must not pass as the unverified feed */
    expect_refusal("rt_hrl_lmps.csv",
                   PJM_TIME PJM_PLACE
                   "energy,total_lmp_rt,congestion_price_rt,marginal_loss_price_rt,row_is_current,version_nbr\n",
                   BB_SKIP, "system_energy_price_rt");
    expect_refusal("x.csv", "a,b,c\n1,2,3\n", BB_SKIP, "a,b,c|busbar formats");
}

/* Where the rejects of a file go that is none. */
static void operator_of_refused_files(void **unused)
{
    (void)unused;
    expect_refusal_of(BB_PJM, "x.csv",
                      PJM_TIME PJM_PLACE "system_energy_price_rt,value,congestion_price_rt,marginal_loss_price_rt,"
                                         "row_is_current,version_nbr\n",
                      BB_SKIP, "closest: pjm.rt_hrl_lmps");
    expect_refusal_of(BB_CAISO, "x.csv", CAISO_DAM CAISO_ROW("2024-07-02T08:00:00-00:00", "RUC"), BB_SKIP, "RUC");
    expect_refusal_of(BB_CAISO, "x.csv", CAISO_RT("PRC"), BB_SKIP, "--report");
    expect_refusal_of(BB_CAISO, "x.xml", "<m:R><m:ERR_CODE>1015</m:ERR_CODE></m:R>", BB_SKIP, "1015");
    expect_refusal_of(BB_CAISO, "x.zip", "<html><p>CAISO Acceptable Use Policy Violation</p></html>", BB_SKIP,
                      "acceptable use");
    expect_refusal_of(BB_MISO, "hubs.csv", "Node,Type,Value," HOURS "\n" MISO_ROW, BB_SKIP, "name");
    expect_refusal_of(BB_MISO, "x.csv",
                      "\n\nDay-Ahead EPNode Price data\nEPNode,Value," HOURS "\nA,LMP," CELLS "\n", BB_SKIP, "");
    expect_refusal_of(BB_ISONE, "x.csv", "No data exists for this period.", BB_REJECT, "ISO-NE");
    expect_refusal_of(-1, "pjm_da_hrl_lmps.csv", "a,b,c\n1,2,3\n", BB_SKIP, "not a report");
    expect_refusal_of(-1, "x.csv", "<!doctype html><html lang=en>", BB_SKIP, "HTML");
    expect_refusal_of(-1, "x.csv", "", BB_SKIP, "empty");
}

static void not_data(void **unused)
{
    struct market_case c;
    char header[4000];
    size_t header_n = 0;
    (void)unused;
    expect_refusal("x.csv", "", BB_SKIP, "empty");
    expect_refusal("x.csv", " \r\n\n", BB_SKIP, "blank");
    expect_refusal("x.csv", "<!doctype html><html lang=en>", BB_SKIP, "HTML");
    expect_refusal("x.zip", "<html><body><p>CAISO Acceptable Use Policy Violation. Please retry</p></body></html>",
                   BB_SKIP, "acceptable use");
    expect_refusal("INVALID_REQUEST.xml",
                   "<?xml version=\"1.0\"?><m:R><m:ERR_CODE>1000</m:ERR_CODE>\n<m:ERR_DESC>No data "
                   "returned</m:ERR_DESC></m:R>",
                   BB_REJECT, "1000|No data returned");
    expect_refusal("INVALID_REQUEST.xml",
                   "<m:R><m:ERR_CODE>1015</m:ERR_CODE><m:ERR_DESC>still in processing</m:ERR_DESC></m:R>", BB_SKIP,
                   "1015|still in processing");
    expect_refusal("x.xml", "<?xml version=\"1.0\"?><a/>", BB_SKIP, "XML|CSV");
    expect_refusal("x.json", "{\"data\":[]}", BB_SKIP, "JSON");
    expect_refusal("x.csv", "[object Object]", BB_SKIP, "object Object|download");
    expect_refusal("x.csv", "No data exists for this period.", BB_REJECT, "ISO-NE");
    expect_refusal("x.pdf", "%PDF-1.7", BB_SKIP, "PDF");
    expect_refusal("x.xlsx", "PK\3\4....xl/workbook.xml", BB_SKIP, "xlsx");
    expect_refusal("x.csv", "PK\3\4....", BB_SKIP, "zip");
    expect_refusal("x.xls", "\xD0\xCF\x11\xE0", BB_SKIP, "xls");
    expect_refusal("x.parquet", "PAR1....", BB_SKIP, "Parquet");
    expect_refusal("x.csv.gz", "\x1F\x8B\x08", BB_SKIP, "gzip");
    expect_refusal("x.csv",
                   "\xFF\xFE"
                   "d",
                   BB_SKIP, "UTF-16");
    for (int i = 0; i < 400; i++) case_put(header, sizeof header, &header_n, "a,b,c,");
    expect_refusal("x.csv", header, BB_SKIP, "not a report");
    case_detect_n(&c, "x.csv", PJM_DA, strlen(PJM_DA), strlen(PJM_DA), "pjm.nonsense");
    assert_int_equal(c.status, BB_MISUSE);
    case_detect_n(&c, "x.csv", PJM_DA, strlen(PJM_DA), strlen(PJM_DA), "caiso.PRC_LMP");
    assert_int_equal(c.status, BB_SKIP);
    assert_non_null(strstr(c.err.text, "caiso.PRC_LMP"));
}

static void explains_itself(void **unused)
{
    struct market_case c;
    (void)unused;
    case_detect(&c, "x.csv", PJM_RT PJM_ROW("1/1/2024 5:00:00 AM", 1) PJM_ROW("1/1/2024 6:00:00 AM", 1));
    assert_int_equal(c.detection.n_bids, 2);
    assert_string_equal(c.detection.bids[0].report, "pjm.rt_hrl_lmps");
    assert_true(c.detection.bids[0].points > c.detection.bids[1].points);
    assert_string_equal(c.detection.bids[1].report, "pjm.rt_fivemin_hrl_lmps");
    assert_non_null(strstr(c.detection.bids[1].why, "whole hours"));
    case_end(&c);
}

static void registry(void **unused)
{
    (void)unused;
    assert_true(bb_format_count() >= 20);
    for (size_t i = 0; i < bb_format_count(); i++) {
        struct bb_format_info info = bb_format_info_at(i);
        assert_non_null(info.report);
        assert_true(info.title && info.data_source && info.datasets && info.file_names && info.layouts &&
                    info.time_rule);
        assert_true(strncmp(info.report, bb_iso_infos[info.iso].folder, strlen(bb_iso_infos[info.iso].folder)) ==
                    0);
        for (size_t k = 0; k < i; k++) assert_string_not_equal(info.report, bb_format_info_at(k).report);
    }
    assert_null(bb_format_info_at(bb_format_count()).report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pjm_reports),    cmocka_unit_test(one_instant_needs_a_name),
        cmocka_unit_test(asks_for_more),  cmocka_unit_test(text_moves_and_ends),
        cmocka_unit_test(caiso_reports),  cmocka_unit_test(miso_reports),
        cmocka_unit_test(renamed_column), cmocka_unit_test(operator_of_refused_files),
        cmocka_unit_test(not_data),       cmocka_unit_test(explains_itself),
        cmocka_unit_test(registry)
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
