/* Rows from text: instants, places, prices, versions, and what happens to bad records. Expectations are worked out by hand
 * from the format cards. */
#include "market_case.h"

#include <math.h>
#include <pthread.h>

#define HEADER                                                                                                     \
    "datetime_beginning_utc,datetime_beginning_ept,pnode_id,pnode_name,voltage,equipment,type,zone,system_energy_" \
    "price_da,"                                                                                                    \
    "total_lmp_da,congestion_price_da,marginal_loss_price_da,row_is_current,version_nbr\r\n"
#define GOOD                                                                                                       \
    "11/2/2025 5:00:00 AM,11/2/2025 1:00:00 AM,48592,OAK,230 "                                                     \
    "KV,T-10,LOAD,PSEG,42.78,44.250000,0.480000,0.990000,True,1\r\n"
#define T_05Z 1762059600u /* 2025-11-02 05:00 UTC */

static void pjm_row(void **unused)
{
    struct market_case c;
    struct bb_place_key place;
    (void)unused;
    case_read(&c, "da.csv",
              HEADER GOOD "2025-11-02T06:00:00,x,1,PJM-RTO,,,ZONE,,38.71,39.234239,,-0.0,False,12\r\n");
    assert_int_equal(c.status, BB_OK);
    assert_int_equal(c.n_rejects, 0);
    assert_int_equal(c.n_rows, 2);
    assert_int_equal(c.counts.records, 2);
    assert_int_equal(c.rows[0].start_utc_s, T_05Z);
    assert_int_equal(c.rows[0].slice, 9);
    assert_int_equal(c.rows[0].version, 1);
    assert_int_equal(c.rows[0].flags, 0);
    assert_int_equal(c.rows[0].present, 15);
    assert_true(c.rows[0].value[BB_VALUE_ENERGY] == 42.78 && c.rows[0].value[BB_VALUE_TOTAL] == 44.25);
    assert_true(c.rows[0].value[BB_VALUE_CONGESTION] == 0.48 && c.rows[0].value[BB_VALUE_LOSS] == 0.99);
    place = case_place(&c, 0);
    assert_text(place.identity, "48592");
    assert_text(place.id, "48592");
    assert_text(place.name, "OAK");
    assert_text(place.zone, "PSEG");
    assert_int_equal(place.type, BB_TYPE_LOAD);
    assert_true(place.voltage_kv == 230.0f);
    assert_int_equal(c.rows[1].start_utc_s, T_05Z + 3600);
    assert_int_equal(c.rows[1].version, 12);
    assert_int_equal(c.rows[1].flags, BB_ROW_NOT_CURRENT);
    assert_int_equal(c.rows[1].present, 1 << BB_VALUE_TOTAL | 1 << BB_VALUE_ENERGY | 1 << BB_VALUE_LOSS);
    assert_true(c.rows[1].value[BB_VALUE_LOSS] == 0 && !signbit(c.rows[1].value[BB_VALUE_LOSS]));
    place = case_place(&c, 1);
    assert_int_equal(place.type, BB_TYPE_ZONE);
    assert_int_equal(place.zone.n, 0);
    assert_true(isnan(place.voltage_kv));
    assert_int_equal(c.counts.min_utc_s, T_05Z);
    assert_int_equal(c.counts.max_utc_s, T_05Z + 3600);
    case_end(&c);
}

/* Columns moved about, quoted, the version and flag columns absent, a pandas index, exponents and thousands. */
static void pjm_resaved(void **unused)
{
    struct market_case c;
    struct bb_place_key place;
    (void)unused;
    case_read(
        &c, "da.csv",
        ",\"total_lmp_da\",pnode_name,type,datetime_beginning_utc,congestion_price_da,pnode_id,marginal_loss_price_"
        "da,"
        "system_energy_price_da,zone\n"
        "0,\"1,204.55\",\"A \"\"B\"\", C\",hub, 2025-11-02 05:00:00.000 ,1e-06,2156110049,-7e-05,$1204.5,\" X \"\n"
        "1,5,D,NEWWORD,2025-11-02T05:00:00,1,7,2,3,\n"
        "2,6,D,NEWWORD,2025-11-02T06:00:00,1,7,2,3,\n");
    assert_int_equal(c.status, BB_OK);
    assert_int_equal(c.n_rejects, 0);
    assert_int_equal(c.n_rows, 3);
    assert_true(c.rows[0].value[BB_VALUE_TOTAL] == 1204.55 && c.rows[0].value[BB_VALUE_CONGESTION] == 1e-6);
    assert_true(c.rows[0].value[BB_VALUE_LOSS] == -7e-5 && c.rows[0].value[BB_VALUE_ENERGY] == 1204.5);
    place = case_place(&c, 0);
    assert_text(place.name, "A \"B\", C");
    assert_text(place.identity, "2156110049");
    assert_text(place.zone, " X ");
    assert_int_equal(place.type, BB_TYPE_HUB);
    assert_int_equal(c.rows[0].start_utc_s, T_05Z);
    assert_int_equal(c.rows[0].version, 1);
    assert_int_equal(c.rows[2].start_utc_s, T_05Z + 3600);
    assert_int_equal(c.rows[1].place, c.rows[2].place);
    assert_int_equal(case_place(&c, 1).type, BB_TYPE_NODE);
    assert_int_equal(c.counts.unknown_words, 2); /* counted by record, however often the place was seen */
    case_end(&c);
}

static void two_datasets(void **unused)
{
    static const char text[] = "datetime_beginning_utc,datetime_beginning_ept,pnode_id,pnode_name,voltage,"
                               "equipment,type,zone,system_energy_price_rt,"
                               "total_lmp_rt,congestion_price_rt,marginal_loss_price_rt,system_energy_price_da,"
                               "total_lmp_da,congestion_price_da,"
                               "marginal_loss_price_da\n1/1/2024 5:00:00 AM,,1,OAK,,,HUB,,1,2,3,4,5,6,7,8\n";
    (void)unused;
    for (int part = 0; part < 2; part++) {
        struct market_case c;
        case_detect(&c, "x.csv", text);
        case_read_n(&c, text, strlen(text), 0, part);
        assert_int_equal(c.n_rows, 1);
        assert_true(c.rows[0].value[BB_VALUE_ENERGY] == 1 + 4 * part &&
                    c.rows[0].value[BB_VALUE_TOTAL] == 2 + 4 * part);
        assert_true(c.rows[0].value[BB_VALUE_CONGESTION] == 3 + 4 * part &&
                    c.rows[0].value[BB_VALUE_LOSS] == 4 + 4 * part);
        case_end(&c);
    }
}

static void unverified(void **unused)
{
    struct market_case c;
    (void)unused;
    case_read(&c, "x.csv",
              "datetime_beginning_utc,datetime_beginning_ept,pnode_id,pnode_name,type,total_lmp_rt,congestion_"
              "price_rt,marginal_loss_price_rt\n"
              "1/1/2024 5:05:00 AM,,48592,ALDENE  230 KV  T-10,LOAD,28.470000,0.600000,0.200000\n"
              "1/1/2024 5:10:00 AM,,48592,ALDENE  230 KV  T-10,LOAD,28.470000,,0.200000\n");
    assert_int_equal(c.status, BB_OK);
    assert_int_equal(c.n_rows, 2);
    assert_true(c.rows[0].value[BB_VALUE_ENERGY] == 27.67); /* 28.47 - 0.6 - 0.2 in binary is not */
    assert_int_equal(c.rows[0].present, 15);
    assert_int_equal(c.rows[0].flags, BB_ROW_PRELIMINARY);
    assert_int_equal(c.rows[0].version, 1);
    assert_int_equal(c.rows[1].present, 1 << BB_VALUE_TOTAL | 1 << BB_VALUE_LOSS);
    assert_false(c.detection.derive_energy);
    case_end(&c);
}

static void expect_reject(const struct market_case *c, size_t i, uint64_t line, const char *column,
                          const char *reason)
{
    assert_true(i < c->n_rejects);
    if (strcmp(c->rejects[i].reason, reason) != 0)
        fail_msg("%s, not %s: %s", c->rejects[i].reason, reason, c->rejects[i].detail);
    assert_string_equal(c->rejects[i].column, column);
    assert_int_equal(c->rejects[i].line, line);
}

static void bad_records(void **unused)
{
    struct market_case c;
    static const char text[] = HEADER                                                              /* line 1 */
        GOOD                                                                                       /* 2 */
        "11/2/2025 5:00:00 AM,,48592,OAK,230 KV,T-10,LOAD,PSEG,42.78,4x4,0.48,0.99,True,1\r\n"     /* 3 */
        "13/2/2025 5:00:00 AM,,48592,OAK,230 KV,T-10,LOAD,PSEG,42.78,44,0.48,0.99,True,1\r\n"      /* 4 */
        "\r\n"                                                                                     /* 5 */
        ",,,,,,,,,,,,,\r\n"                                                                        /* 6 */
        "11/2/2025 5:00:00 AM,,48592,,230 KV,T-10,LOAD,PSEG,42.78,44,0.48,0.99,True,1\r\n"         /* 7 */
        "11/2/2025 5:00:00 AM,,,OAK,230 KV,T-10,LOAD,PSEG,42.78,44,0.48,0.99,True,1\r\n"           /* 8 */
        "11/2/2025 5:00:00 AM,,48592,OAK\r\n"                                                      /* 9 */
        "11/2/2025 5:00:00 AM,,48592,OAK,230 KV,T-10,LOAD,PSEG,42.78,44,0.48,0.99,True,1,more\r\n" /* 10 */
        "11/2/2025 5:00:00 AM,,48592,OAK,230 KV,T-10,LOAD,PSEG,42.78,44,0.48,0.99,True,1,,\r\n"    /* 11: read */
        "11/2/2025 5:00:00 AM,,48592,OAK,230 KV,T-10,LOAD,PSEG,42.78,44,0.48,0.99,maybe,1\r\n"     /* 12 */
        "11/2/2025 5:00:00 AM,,48592,OAK,230 KV,T-10,LOAD,PSEG,42.78,44,0.48,0.99,True,-1\r\n"     /* 13 */
        "11/2/2025 5:05:00 AM,,48592,OAK,230 KV,T-10,LOAD,PSEG,42.78,44,0.48,0.99,True,1\r\n"      /* 14 */
        "11/2/2025 5:00:00 AM,,48592,OA\xFFK,230 KV,T-10,LOAD,PSEG,42.78,44,0.48,0.99,True,1\r\n"  /* 15 */
        HEADER                                                                                /* 16: joined files */
        ",,48592,OAK,230 KV,T-10,LOAD,PSEG,42.78,44,0.48,0.99,True,1\r\n"                     /* 17 */
        "11/2/1925 5:00:00 AM,,48592,OAK,230 KV,T-10,LOAD,PSEG,42.78,44,0.48,0.99,True,1\r\n" /* 18 */
        GOOD                                                                                  /* 19 */
        "11/2/2025 6:00:00 AM,,48592,OAK,230 KV,T-10,LO";                                     /* 20: cut */
    static const size_t blocks[] = { 0, 1, 100, 700 };
    (void)unused;
    for (size_t b = 0; b < BB_ARRAY_LEN(blocks); b++) {
        case_detect(&c, "da.csv", text);
        case_read_n(&c, text, strlen(text), blocks[b], 0);
        assert_int_equal(c.status, BB_OK);
        assert_int_equal(c.n_rows, 3);
        expect_reject(&c, 0, 3, "total_lmp_da", "bad_number");
        assert_non_null(strstr(c.rejects[0].detail, "4x4"));
        assert_memory_equal(text + c.rejects[0].byte, c.rejects[0].text, strlen(c.rejects[0].text));
        expect_reject(&c, 1, 4, "datetime_beginning_utc", "bad_time");
        expect_reject(&c, 2, 7, "pnode_name", "missing_name");
        expect_reject(&c, 3, 8, "pnode_id", "missing_name");
        expect_reject(&c, 4, 9, "", "field_count");
        assert_non_null(strstr(c.rejects[4].detail, "cut off"));
        expect_reject(&c, 5, 10, "", "field_count");
        expect_reject(&c, 6, 12, "row_is_current", "bad_flag");
        expect_reject(&c, 7, 13, "version_nbr", "bad_version");
        expect_reject(&c, 8, 14, "datetime_beginning_utc", "off_grid");
        expect_reject(&c, 9, 15, "pnode_name", "bad_name");
        expect_reject(&c, 10, 17, "datetime_beginning_utc", "missing_time");
        expect_reject(&c, 11, 18, "datetime_beginning_utc", "bad_time");
        expect_reject(&c, 12, 20, "", "field_count");
        assert_memory_equal(text + c.rejects[12].byte, c.rejects[12].text, strlen(c.rejects[12].text));
        assert_int_equal(c.n_rejects, 13);
        assert_int_equal(c.counts.rejects, 13);
        assert_int_equal(c.counts.records, 16);
        case_end(&c);
    }
}

static void endless_line(void **unused)
{
    size_t long_n = (size_t)300 << 10, n = 0;
    char *text = malloc(long_n + 4096);
    struct market_case c;
    (void)unused;
    case_put(text, long_n + 4096, &n, "%s%s", HEADER, GOOD);
    memset(text + n, 'x', long_n);
    n += long_n;
    case_put(text, long_n + 4096, &n, "\n%s", GOOD);
    case_detect_n(&c, "da.csv", text, n, n, NULL);
    case_read_n(&c, text, n, 0, 0);
    assert_int_equal(c.status, BB_OK);
    assert_int_equal(c.n_rows, 2);
    assert_int_equal(c.n_rejects, 1);
    expect_reject(&c, 0, 3, "", "line_too_long");
    case_end(&c);
    free(text);
}

#define CAISO_HEADER                                                                                               \
    "INTERVALSTARTTIME_GMT,INTERVALENDTIME_GMT,OPR_DT,OPR_HR,OPR_INTERVAL,NODE_ID_XML,NODE_ID,NODE,MARKET_RUN_ID," \
    "LMP_TYPE,XML_DATA_ITEM,"                                                                                      \
    "PNODE_RESMRID,GRP_TYPE,POS,MW,GROUP\n"
#define CAISO(begin, end, day, hr, node, run, type, item, value)                                                   \
    begin ":00:00-00:00," end ":00:00-00:00," day "," hr ",0," node "," node "," node "," run "," type "," item    \
          "," node ",ALL,1," value ",1\n"

static void caiso_components(void **unused)
{
    struct market_case c;
    struct bb_place_key place;
    static const char text[] = CAISO_HEADER
        /* the autumn day: 08Z is hour 2 in daylight time, 09Z the repeated hour (25), 10Z hour 3 */
        CAISO("2019-11-03T09", "2019-11-03T10", "2019-11-03", "25", "TH_SP15_GEN-APND", "DAM", "LMP", "LMP_PRC",
              "39.66263") CAISO("2019-11-03T08", "2019-11-03T09", "2019-11-03", "2", "TH_SP15_GEN-APND", "DAM",
                                "MCE", "LMP_ENE_PRC", "38")
            CAISO("2019-11-03T08", "2019-11-03T09", "2019-11-03", "2", "DLAP_SCE-APND", "DAM", "MCC",
                  "LMP_CONG_PRC", "-7e-05") CAISO("2019-11-03T08", "2019-11-03T09", "2019-11-03", "2",
                                                  "X_UNITS-APND", "DAM", "MCL", "LMP_LOSS_PRC", "0")
                CAISO("2019-11-03T08", "2019-11-03T09", "2019-11-03", "2", "OAK_1_N001", "DAM", "MGHG",
                      "LMP_GHG_PRC", "1") CAISO("2019-11-03T08", "2019-11-03T09", "2019-11-03", "2", "OAK_1_N001",
                                                "DAM", "LMP", "LMP_PRC", "")
                    CAISO("2019-11-03T08", "2019-11-03T09", "2019-11-03", "2", "OAK_1_N001", "DAM", "LMP",
                          "LMP_ENE_PRC", "1") CAISO("2019-11-03T08", "2019-11-03T09", "2019-11-03", "2",
                                                    "OAK_1_N001", "DAM", "XYZ", "LMP_PRC", "1")
                        CAISO("2019-11-03T08", "2019-11-03T09", "2019-11-03", "2", "OAK_1_N001", "HASP", "LMP",
                              "LMP_PRC", "1") CAISO("2019-11-03T08", "2019-11-03T09", "2019-11-02", "2",
                                                    "OAK_1_N001", "DAM", "LMP", "LMP_PRC", "1")
                            CAISO("2019-11-03T08", "2019-11-03T10", "2019-11-03", "2", "OAK_1_N001", "DAM", "LMP",
                                  "LMP_PRC", "1") CAISO("2019-11-04T07", "2019-11-04T08", "2019-11-03", "24",
                                                        "OAK_1_N001", "DAM", "LMP", "LMP_PRC", "-1.5");
    static const size_t blocks[] = { 0, 1 };
    (void)unused;
    for (size_t b = 0; b < 2; b++) {
        case_detect(&c, "x.csv", text);
        case_read_n(&c, text, strlen(text), blocks[b], 0);
        assert_int_equal(c.status, BB_OK);
        assert_int_equal(c.n_rows, 5);
        assert_int_equal(c.rows[0].start_utc_s, 1572771600);
        assert_int_equal(c.rows[0].present, 1 << BB_VALUE_TOTAL);
        assert_int_equal(c.rows[0].flags, BB_ROW_PARTIAL);
        assert_true(c.rows[0].value[BB_VALUE_TOTAL] == 39.66263);
        assert_int_equal(c.rows[1].start_utc_s, 1572768000);
        assert_int_equal(c.rows[1].present, 1 << BB_VALUE_ENERGY);
        assert_int_equal(c.rows[0].place, c.rows[1].place);
        assert_int_equal(c.rows[2].present, 1 << BB_VALUE_CONGESTION);
        assert_true(c.rows[2].value[BB_VALUE_CONGESTION] == -7e-5);
        assert_int_equal(c.rows[3].present, 1 << BB_VALUE_LOSS);
        assert_true(c.rows[4].value[BB_VALUE_TOTAL] == -1.5);
        assert_int_equal(c.rows[4].start_utc_s, 1572850800);
        place = case_place(&c, 0);
        assert_text(place.identity, "TH_SP15_GEN-APND");
        assert_text(place.id, "TH_SP15_GEN-APND");
        assert_int_equal(place.type, BB_TYPE_HUB);
        assert_int_equal(case_place(&c, 2).type, BB_TYPE_ZONE);
        assert_int_equal(case_place(&c, 3).type, BB_TYPE_AGGREGATE);
        assert_int_equal(case_place(&c, 4).type, BB_TYPE_NODE);
        assert_int_equal(c.n_rejects, 5);
        expect_reject(&c, 0, 8, "XML_DATA_ITEM", "contradiction");
        expect_reject(&c, 1, 9, "LMP_TYPE", "unknown_component");
        expect_reject(&c, 2, 10, "MARKET_RUN_ID", "other_market");
        expect_reject(&c, 3, 11, "OPR_DT", "contradiction");
        expect_reject(&c, 4, 12, "INTERVALENDTIME_GMT", "contradiction");
        assert_int_equal(c.counts.unknown_words, 0);
        assert_false(c.detection.derive_energy);
        case_end(&c);
    }
}

/* What a line shares with the one before is not read again: a flawed line between must neither lend nor hide anything. */
#define HOUR_1(node, run, type, item, value)                                                                       \
    CAISO("2024-01-01T08", "2024-01-01T09", "2024-01-01", "1", node, run, type, item, value)
#define HOUR_8(node, run, type, item, value)                                                                       \
    CAISO("2024-01-01T15", "2024-01-01T16", "2024-01-01", "8", node, run, type, item, value)
static void caiso_repeats(void **unused)
{
    struct market_case c;
    static const char text[] = CAISO_HEADER HOUR_1("A_1_N001", "DAM", "LMP", "LMP_PRC", "1.5")
        HOUR_8("A_1_N001", "DAM", "LMP", "LMP_PRC", "2") HOUR_8("A_1_N001", "HASP", "LMP", "LMP_PRC", "3")
            HOUR_8("A_1_N001", "DAM", "MGHG", "LMP_GHG_PRC", "4")
                HOUR_8("A_1_N001", "DAM", "MGHG", "LMP_GHG_PRC", "x")
                    HOUR_1("A_1_N001", "DAM", "MCC", "LMP_CONG_PRC", "-.25")
                        HOUR_1("A_1_N001", "DAM", "MCC", "LMP_CONG_PRC", "bad")
                            HOUR_8("A_1_N001", "DAM", "MCC", "LMP_CONG_PRC", "12345.678901")
                                HOUR_8("A_1_N002", "DAM", "MCC", "LMP_CONG_PRC", "7")
                                    HOUR_8("A_1_N001", "DAM", "MCC", "LMP_PRC", "8")
                                        HOUR_8("A_1_N002", "DAM", "LMP", "LMP_PRC", "9");
    static const size_t blocks[] = { 0, 1 };
    (void)unused;
    for (size_t b = 0; b < 2; b++) {
        double sums[BB_N_VALUES] = { 0 };
        uint64_t n_values = 0, hour_8 = 0;
        case_detect(&c, "x.csv", text);
        case_read_n(&c, text, strlen(text), blocks[b], 0);
        assert_int_equal(c.status, BB_OK);
        for (size_t i = 0; i < c.n_rows; i++) {
            hour_8 += c.rows[i].start_utc_s == 1704121200u;
            n_values += (unsigned)__builtin_popcount(c.rows[i].present);
            for (int v = 0; v < BB_N_VALUES; v++) sums[v] += c.rows[i].value[v];
            if (c.rows[i].value[BB_VALUE_TOTAL] == 9 || c.rows[i].value[BB_VALUE_CONGESTION] == 7)
                assert_text(case_place(&c, i).identity, "A_1_N002");
            else
                assert_text(case_place(&c, i).identity, "A_1_N001");
        }
        assert_int_equal(n_values, 6);
        assert_int_equal(hour_8, b ? 4 : 2); /* a block of its own for each line joins nothing */
        assert_true(sums[BB_VALUE_TOTAL] == 12.5);
        assert_true(sums[BB_VALUE_CONGESTION] == -.25 + 12345.678901 + 7);
        assert_int_equal(c.n_rejects, 4);
        expect_reject(&c, 0, 4, "MARKET_RUN_ID", "other_market");
        expect_reject(&c, 1, 6, "MW", "bad_number");
        expect_reject(&c, 2, 8, "MW", "bad_number");
        expect_reject(&c, 3, 11, "XML_DATA_ITEM", "contradiction");
        case_end(&c);
    }
}

/* The columns that make up a key do not stand side by side here. */
static void caiso_scattered(void **unused)
{
    struct market_case c;
    (void)unused;
    case_read(
        &c, "x.csv",
        "NODE_ID,INTERVALSTARTTIME_GMT,VALUE,LMP_TYPE,OPR_DT,NODE,INTERVALENDTIME_GMT,MARKET_RUN_ID,XML_DATA_ITEM\n"
        "A,2025-07-18T07:00:00-00:00,-1.68082,MCC,2025-07-18,A,2025-07-18T07:05:00-00:00,RTM,LMP_CONG_PRC\n"
        "A,2025-07-18T07:05:00-00:00,48.94640,MCE,2025-07-18,A,2025-07-18T07:10:00-00:00,RTM,LMP_ENE_PRC\n"
        "B,2025-07-18T07:00:00-00:00,3,MCC,2025-07-18,B,2025-07-18T07:05:00-00:00,\"RTM\",LMP_CONG_PRC\n");
    assert_int_equal(c.status, BB_OK);
    assert_int_equal(c.n_rejects, 0);
    assert_int_equal(c.n_rows, 3);
    assert_int_equal(c.rows[0].start_utc_s, 1752822000);
    assert_int_equal(c.rows[1].start_utc_s, 1752822300);
    assert_int_equal(c.rows[2].start_utc_s, 1752822000);
    assert_int_equal(c.rows[0].place, c.rows[1].place);
    assert_int_not_equal(c.rows[0].place, c.rows[2].place);
    assert_true(c.rows[1].value[BB_VALUE_ENERGY] == 48.9464);
    case_end(&c);
}

#define MISO_HOURS                                                                                                 \
    "HE 1,HE 2,HE 3,HE 4,HE 5,HE 6,HE 7,HE 8,HE 9,HE 10,HE 11,HE 12,HE 13,HE 14,HE 15,HE 16,HE 17,HE 18,HE 19,HE " \
    "20,HE 21,HE 22,HE 23,HE 24\n"
#define MISO(node, type, value, first)                                                                             \
    node "," type "," value "," first ",2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24\n"

static void miso_hours(void **unused)
{
    struct market_case c;
    (void)unused;
    /* 2025-03-09 is a switch day elsewhere; MISO counts 24 hours of Eastern Standard Time */
    case_read(&c, "20250309_rt_lmp_prelim.csv",
              "Realtime Market LMPs\r\n3/9/2025\r\n\r\n,,,All Hours-Ending are Eastern Standard Time "
              "(EST)\r\nNode,Type,Value," MISO_HOURS MISO("OAK.HUB", "Hub", "LMP", ".92")
                  MISO("OAK.HUB", "Hub", "MCC", "-.37") MISO("OAK.HUB", "Hub", "MLC", "\"1,234.56\"")
                      MISO("OAK.AZ", "Hub", "LMP", "\"$1,234.56\"") MISO("OAK.AZ", "Loadzone", "LMP", "")
                          MISO("A", "Interface", "LMP", "29") MISO("B.C", "Gennode", "LMP", "abc")
                              MISO("B.C", "Odd", "LMP", "1") MISO("B.C", "Gennode", "LOAD", "1") "\n\n");
    assert_int_equal(c.status, BB_OK);
    assert_int_equal(c.counts.rows, 8 * 24 - 2);
    /* the hub's three lines are one row per hour; an empty cell and a bad one are none */
    assert_int_equal(c.n_rows, 6 * 24 - 2);
    for (int i = 0; i < 6 * 24 - 2; i++)
        assert_int_equal(c.rows[i].start_utc_s, 1741496400 + (i + 2) / 6 * 3600); /* 2025-03-09 05:00 UTC on */
    assert_true(c.rows[0].value[BB_VALUE_TOTAL] == 0.92 && c.rows[0].value[BB_VALUE_CONGESTION] == -0.37);
    assert_true(c.rows[0].value[BB_VALUE_LOSS] == 1234.56 && c.rows[1].value[BB_VALUE_TOTAL] == 1234.56);
    assert_int_equal(c.rows[0].present, 1 << BB_VALUE_TOTAL | 1 << BB_VALUE_CONGESTION | 1 << BB_VALUE_LOSS);
    assert_int_equal(c.rows[1].present, 1 << BB_VALUE_TOTAL);
    assert_true(c.rows[1].value[BB_VALUE_CONGESTION] == 0 && c.rows[136].value[BB_VALUE_LOSS] == 24);
    assert_int_equal(c.rows[0].version, 1);
    assert_int_equal(c.rows[0].flags, BB_ROW_PARTIAL | BB_ROW_PRELIMINARY);
    assert_int_equal(case_place(&c, 0).type, BB_TYPE_HUB);
    assert_text(case_place(&c, 0).identity, "OAK.HUB");
    assert_int_equal(case_place(&c, 0).id.n, 7);
    assert_int_equal(case_place(&c, 5).type, BB_TYPE_AGGREGATE);
    assert_int_equal(case_place(&c, 6).type, BB_TYPE_ZONE);
    assert_int_equal(case_place(&c, 7).type, BB_TYPE_INTERFACE);
    assert_int_equal(case_place(&c, 8).type, BB_TYPE_GEN);
    assert_int_equal(c.counts.unknown_words, 1);
    assert_int_equal(c.n_rejects, 2);
    expect_reject(&c, 0, 12, "HE 1", "bad_number");
    expect_reject(&c, 1, 14, "Value", "unknown_component");
    case_end(&c);
    case_read(&c, "20240728_rt_lmp_final_hubs_only.csv",
              "Node,Type,Value," MISO_HOURS MISO("OAK.HUB", "Hub", "LMP", "29.0"));
    assert_int_equal(c.status, BB_OK);
    assert_int_equal(c.rows[0].version, 2);
    assert_int_equal(c.rows[0].flags, BB_ROW_PARTIAL);
    assert_int_equal(c.rows[0].start_utc_s, 1722142800);
    case_end(&c);
}

/* Many locations over many instants in an order that breaks the prediction. */
static void places_in_any_order(void **unused)
{
    size_t n = 0;
    char *text = malloc((size_t)8 << 20);
    struct market_case c;
    unsigned state = 1;
    int ids[20000];
    (void)unused;
    case_put(text, (size_t)8 << 20, &n, "%s", HEADER);
    for (int i = 0; i < 20000; i++) {
        state = state * 1664525u + 1013904223u;
        ids[i] = (int)(state >> 16) % 3000;
        case_put(text, (size_t)8 << 20, &n, "1/%d/2024 %d:00:00 PM,,%d,N%d,,,GEN,Z%d,%d,1,2,3,True,1\n", 1 + i % 31,
                 1 + i % 11, ids[i], ids[i], ids[i] % 9, i);
    }
    case_detect_n(&c, "da.csv", text, n, n, NULL);
    case_read_n(&c, text, n, 50000, 0);
    assert_int_equal(c.status, BB_OK);
    assert_int_equal(c.n_rows, 20000);
    assert_true(bb_places_count(c.places) <= 3000);
    for (size_t i = 0; i < 20000; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", ids[i]);
        assert_true(bb_str_is(case_place(&c, i).identity, id));
        assert_true(c.rows[i].value[BB_VALUE_ENERGY] == (double)i);
        assert_int_equal(c.rows[i].start_utc_s, 1704067200 + (i % 31) * 86400 + (13 + i % 11) * 3600);
    }
    case_end(&c);
    free(text);
}

/* Opened and saved in a spreadsheet: dates without seconds, capitals, padding. */
static void excel_resaved(void **unused)
{
    struct market_case c;
    (void)unused;
    case_read(&c, "da.csv",
              "datetime_beginning_utc,datetime_beginning_ept,pnode_id,pnode_name,voltage,equipment,type,zone,"
              "system_energy_price_da,"
              "total_lmp_da,congestion_price_da,marginal_loss_price_da,row_is_current,version_nbr,,\r\n"
              "11/2/2025 5:00,11/2/2025 1:00,1,PJM-RTO,,,ZONE,,22.05,22.11465,0.050303,0.014347,TRUE,1,,\r\n"
              "11/2/2025 17:00,11/2/2025 12:00,1,PJM-RTO,,,ZONE,,22.05,22.11465,0.050303,0.014347,FALSE,1.0,,\r\n"
              ",,,,,,,,,,,,,,,\r\n");
    assert_int_equal(c.status, BB_OK);
    assert_int_equal(c.n_rejects, 0);
    assert_int_equal(c.n_rows, 2);
    assert_int_equal(c.rows[0].start_utc_s, T_05Z);
    assert_int_equal(c.rows[1].start_utc_s, T_05Z + 12 * 3600);
    assert_int_equal(c.rows[0].flags, 0);
    assert_int_equal(c.rows[1].flags, BB_ROW_NOT_CURRENT);
    case_end(&c);
}

/* One reader, several workers at once. */
struct share {
    struct bb_reader *reader;
    struct market_case *c;
    const char *text;
    size_t n, n_rows;
    struct bb_row *rows;
};

static enum bb_status keep(struct bb_row_batch *batch, struct bb_error *err)
{
    return bb_fail(err, BB_BUG, "%zu rows where the test expects fewer", batch->n);
}

static void *read_share(void *ctx)
{
    struct share *s = ctx;
    struct bb_worker *worker = bb_worker_new(&s->c->budget);
    struct bb_row_batch batch = { s->rows, 0, 20001, keep, NULL };
    struct bb_block_counts counts;
    struct bb_error err;
    char *buffer = calloc(1, s->n + 128);
    struct bb_block block = { .text = buffer + 64, .n = s->n, .first_line = 1 };
    memcpy(block.text, s->text, s->n);
    if (bb_reader_block(s->reader, worker, &block, &batch, &counts, &err) == BB_OK) s->n_rows = batch.n;
    bb_worker_free(worker);
    free(buffer);
    return NULL;
}

static void several_workers(void **unused)
{
    enum { SHARES = 3, ROWS = 20000 };
    char *text = malloc((size_t)2 << 20);
    size_t n = 0;
    struct share shares[SHARES];
    pthread_t threads[SHARES];
    struct market_case c;
    struct bb_reader *reader;
    (void)unused;
    case_put(text, (size_t)2 << 20, &n, "%s", HEADER);
    for (int i = 0; i < ROWS; i++)
        case_put(text, (size_t)2 << 20, &n, "1/1/2024 %d:00:00 PM,,%d,N%d,,,GEN,Z,%d,1,2,3,True,1\n", 1 + i / 2000,
                 i % 2000, i % 2000, i);
    case_detect_n(&c, "da.csv", text, n, n, NULL);
    c.places = bb_places_new(&c.budget);
    assert_int_equal(bb_zone_open("America/New_York", NULL, &c.budget, &c.zone, &c.err), BB_OK);
    assert_int_equal(bb_reader_new(&c.detection, &c.detection.datasets[0], &c.evidence, c.zone, c.places, &c.budget,
                                   &reader, &c.err),
                     BB_OK);
    for (int i = 0; i < SHARES; i++) {
        shares[i] = (struct share){ reader, &c, text, n, 0, calloc(20001, sizeof(struct bb_row)) };
        assert_int_equal(pthread_create(&threads[i], NULL, read_share, &shares[i]), 0);
    }
    for (int i = 0; i < SHARES; i++) pthread_join(threads[i], NULL);
    assert_int_equal(bb_places_count(c.places), 2000);
    for (int i = 0; i < SHARES; i++) {
        assert_int_equal(shares[i].n_rows, ROWS);
        assert_memory_equal(shares[i].rows, shares[0].rows, ROWS * sizeof(struct bb_row));
        for (int k = 0; k < ROWS; k++) {
            char id[16];
            snprintf(id, sizeof id, "%d", k % 2000);
            assert_true(bb_str_is(bb_places_at(c.places, shares[i].rows[k].place)->identity, id));
            assert_true(shares[i].rows[k].value[BB_VALUE_ENERGY] == k);
        }
    }
    for (int i = 0; i < SHARES; i++) free(shares[i].rows);
    bb_reader_free(reader);
    case_end(&c);
    free(text);
}

/* A reader that cannot get memory says so and leaves nothing behind. */
static void small_budget(void **unused)
{
    static const char text[] = HEADER GOOD;
    (void)unused;
    for (long fail = 1; fail < 40; fail++) {
        struct market_case c;
        struct bb_reader *reader = NULL;
        struct bb_worker *worker = NULL;
        case_detect(&c, "da.csv", text);
        c.places = bb_places_new(&c.budget);
        assert_int_equal(bb_zone_open("America/New_York", NULL, &c.budget, &c.zone, &c.err), BB_OK);
        bb_mem_fail_countdown = fail;
        c.status = bb_reader_new(&c.detection, &c.detection.datasets[0], &c.evidence, c.zone, c.places, &c.budget,
                                 &reader, &c.err);
        assert_true(c.status == BB_OK ? reader != NULL : c.status == BB_BUDGET && reader == NULL);
        if (reader) worker = bb_worker_new(&c.budget);
        if (worker) {
            char *buffer = calloc(1, sizeof text + 128);
            struct bb_row rows[4];
            struct bb_row_batch batch = { rows, 0, 4, case_flush, &c };
            struct bb_block block = { .text = buffer + 64, .n = sizeof text - 1, .first_line = 1 };
            struct bb_block_counts counts;
            memcpy(block.text, text, sizeof text);
            c.status = bb_reader_block(reader, worker, &block, &batch, &counts, &c.err);
            assert_true(c.status == BB_OK || c.status == BB_BUDGET);
            free(buffer);
        }
        bb_mem_fail_countdown = 0;
        bb_worker_free(worker);
        bb_reader_free(reader);
        case_end(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(pjm_row),          cmocka_unit_test(pjm_resaved),
                                        cmocka_unit_test(two_datasets),     cmocka_unit_test(unverified),
                                        cmocka_unit_test(bad_records),      cmocka_unit_test(endless_line),
                                        cmocka_unit_test(caiso_components), cmocka_unit_test(caiso_scattered),
                                        cmocka_unit_test(miso_hours),       cmocka_unit_test(places_in_any_order),
                                        cmocka_unit_test(excel_resaved),    cmocka_unit_test(several_workers),
                                        cmocka_unit_test(small_budget),     cmocka_unit_test(caiso_repeats) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
