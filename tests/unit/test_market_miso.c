/* MISO beside its daily LMP files: footers, a day in every record, zone prices told by many resources. Invented prices in the
 * operator's layouts. */
#include "market_case.h"

#define HE(sep)                                                                                                    \
    "HE" sep "1,HE" sep "2,HE" sep "3,HE" sep "4,HE" sep "5,HE" sep "6,HE" sep "7,HE" sep "8,HE" sep "9,HE" sep    \
    "10,HE" sep "11,HE" sep "12,HE" sep "13,HE" sep "14,HE" sep "15,HE" sep "16,HE" sep "17,HE" sep "18,HE" sep    \
    "19,HE" sep "20,HE" sep "21,HE" sep "22,HE" sep "23,HE" sep "24"
#define WEEKLY "Title\nDate\n\nNote\nMKTHOUR_EST,PNODENAME,LMP,CON_LMP,LOSS_LMP\n"
/* 24 cells of which the first is given */
#define CELLS(first) first ",2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24"

static void read_blocks(struct market_case *c, const char *name, const char *text, size_t block_nbytes)
{
    case_detect(c, name, text);
    if (c->status != BB_OK) fail_msg("%s: %s", name, c->err.text);
    case_read_n(c, text, strlen(text), block_nbytes, 0);
}

static void weekly(void **unused)
{
    struct market_case c;
    (void)unused;
    /* the last week of the year 2024 in a file of January: the name's date is the posting's */
    read_blocks(&c, "20250113_5MIN_LMP.csv",
                WEEKLY "12/31/2024 23:55,INDIANA.HUB,25.10,1.20,.40\n"
                       "12/31/2024 23:55,\"A.B\",\"1,234.50\",-2,\n"
                       "\n"
                       "* These prices are subject to change, 2025 or not.\nSecond line\n",
                0);
    assert_string_equal(c.detection.report, "miso.5MIN_LMP");
    assert_int_equal(c.detection.version, 2);
    assert_int_equal(c.detection.publication_utc_s, 1736726400); /* 2025-01-13 */
    assert_int_equal(c.n_rows, 2);
    assert_int_equal(c.n_rejects, 0);
    assert_int_equal(c.rows[0].start_utc_s, 1735707300); /* 2025-01-01 04:55 UTC */
    assert_true(c.rows[0].value[BB_VALUE_ENERGY] == 23.5 && c.rows[0].value[BB_VALUE_CONGESTION] == 1.2 &&
                c.rows[0].value[BB_VALUE_LOSS] == 0.4);
    assert_true(case_place(&c, 0).type == BB_TYPE_HUB && case_place(&c, 1).type == BB_TYPE_NODE);
    assert_text(case_place(&c, 1).name, "A.B");
    assert_text(case_place(&c, 1).id, "A.B");
    assert_true(c.rows[1].value[BB_VALUE_TOTAL] == 1234.5);
    assert_int_equal(c.rows[1].present, 1 << BB_VALUE_TOTAL | 1 << BB_VALUE_CONGESTION); /* no loss, so no energy */
    case_end(&c);
    /* saved again: no preamble, other names, pandas' spelling; no footer, but a record that was cut off */
    read_blocks(
        &c, "20250113_5MIN_LMP.csv",
        "MKTHOUR_EST,PNODENAME,LMP,MLC_LMP,CON_LMP\n2024-03-10 02:30:00,X,25.0,0.5,1\n2024-11-03 01:30:00,X,2\n",
        0);
    assert_int_equal(c.n_rows, 1);
    assert_int_equal(c.rows[0].start_utc_s, 1710055800); /* an hour that summer time lacks exists here: 07:30 UTC */
    assert_true(c.rows[0].value[BB_VALUE_ENERGY] == 23.5 && c.rows[0].value[BB_VALUE_LOSS] == 0.5);
    assert_int_equal(c.n_rejects, 1);
    assert_string_equal(c.rejects[0].reason, "field_count");
    case_end(&c);
    /* words between records are no footer, neither are more lines than a footer has */
    read_blocks(&c, "20250113_5MIN_LMP.csv",
                WEEKLY "12/31/2024 23:50,A,1,0,0\nsubtotal\n12/31/2024 23:55,A,1,0,0\na\nb\nc\nd\ne\nf\ng\nh\ni\n",
                0);
    assert_int_equal(c.n_rows, 2);
    assert_int_equal(c.n_rejects, 2);
    assert_int_equal(c.rejects[0].line, 7);
    assert_int_equal(c.rejects[1].line, 9);
    case_end(&c);
    read_blocks(&c, "20250113_5MIN_LMP.csv", WEEKLY "the end\n", 0);
    assert_int_equal(c.n_rows + c.n_rejects, 0);
    case_end(&c);
    read_blocks(&c, "20241002_rollingmarketday.csv",
                "INTERVAL,CPNODE,LMP,MLC,MCC\n2024-10-01T16:50:00,AMIL.RISING.H,28.25,-2.94,-3.31\n", 0);
    assert_string_equal(c.detection.report, "miso.BIReporter");
    assert_int_equal(c.detection.version, 1);
    assert_int_equal(c.n_rows, 1);
    assert_int_equal(c.rows[0].start_utc_s, 1727819400); /* 21:50 UTC */
    assert_true(c.rows[0].value[BB_VALUE_ENERGY] == 34.5);
    assert_true(c.rows[0].flags & BB_ROW_PRELIMINARY);
    case_end(&c);
    case_detect(&c, "RT LMP Hourly771348.csv",
                "PNODENAME, MKTHOUR_EST, LMP, CONGESTIONLMP, LOSSLMP, PRICINGTYPE, ENERGYLMP\nA,1,1,1,1,X,1\n");
    assert_int_equal(c.status, BB_SKIP);
    assert_non_null(strstr(c.err.text, "pricing types"));
    case_end(&c);
}

static void quarterly(void **unused)
{
    static const char text[] = "\nMARKET_DAY,NODE,TYPE,VALUE," HE(
        "") "\n"
            "03/09/2025,A.HUB,Hub,LMP," CELLS("\"1,234.56\"") "\n"
                                                              "03/09/2025,A.HUB,Hub,MCC," CELLS(
                                                                  "1") "\n"
                                                                       "03/10/2025,B,Gennode,LMP," CELLS(
                                                                           "") "\n"
                                                                               "13/10/2025,B,Gennode,LMP," CELLS(
                                                                                   "1") "\n";
    struct market_case c;
    (void)unused;
    read_blocks(&c, "2025_Jan-Mar_RT_LMPs.csv", text, 0);
    assert_string_equal(c.detection.report, "miso.RT_LMPs");
    assert_int_equal(c.detection.version, 2);
    assert_true(c.detection.derive_energy);
    assert_int_equal(c.counts.rows, 24 + 24 + 23);
    assert_int_equal(c.n_rows, 24 + 23);                 /* two components of a row have become one */
    assert_int_equal(c.rows[0].start_utc_s, 1741496400); /* 2025-03-09 05:00 UTC */
    assert_true(c.rows[0].value[BB_VALUE_TOTAL] == 1234.56 && c.rows[0].value[BB_VALUE_CONGESTION] == 1);
    assert_int_equal(c.rows[0].present, 1 << BB_VALUE_TOTAL | 1 << BB_VALUE_CONGESTION);
    for (size_t h = 0; h < 24; h++) assert_int_equal(c.rows[h].start_utc_s, 1741496400 + 3600 * h);
    assert_int_equal(c.rows[24].present, 1 << BB_VALUE_TOTAL);
    assert_int_equal(c.rows[24].start_utc_s, 1741496400 + 25 * 3600); /* the next day's second hour */
    assert_int_equal(c.n_rejects, 1);
    assert_string_equal(c.rejects[0].reason, "bad_time");
    case_end(&c);
    read_blocks(&c, "2025-Jan-Mar_DA_LMPs.csv", text, 10);
    assert_string_equal(c.detection.report, "miso.DA_LMPs");
    assert_int_equal(c.detection.version, 1);
    assert_int_equal(c.n_rows, 71);
    case_end(&c);
}

/* The two tables; the second one's prices of a zone agree but for one cell. */
static size_t make_asm(char text[8192])
{
    size_t n = 0;
    case_put(text, 8192, &n,
             "Real Time Market MCPs.,Not settlement quality data.\r\n\r\n11/02/2025,,All Hours-Ending are Eastern "
             "Standard Time (EST)\r\n\r\n,,MCP Type, " HE(" ") "\r\n");
    case_put(text, 8192, &n,
             "Miso-Wide,-,GENREGMCP," CELLS("10.5") "\r\nMiso-Wide,-,REGMILEAGEMCP," CELLS("1.25") "\r\n\r\n");
    case_put(text, 8192, &n, "Pnode,Zone,MCP Type, " HE(" ") "\r\n");
    case_put(text, 8192, &n,
             "A.ONE,Zone 1,GENREGMCP," CELLS("11.00") "\r\nA.ONE,Zone 1,GENSPINMCP," CELLS("") "\r\n");
    case_put(text, 8192, &n,
             "A.TWO,Zone 1,GENREGMCP," CELLS("11") "\r\nA.TWO,Zone 1,GENSPINMCP," CELLS("7") "\r\n");
    case_put(text, 8192, &n,
             "B.ONE,Zone 2,GENREGMCP," CELLS("12") "\r\nB.TWO,Zone 2,GENREGMCP," CELLS("13") "\r\n");
    case_put(text, 8192, &n, "B.TRE,Zone 2,GENREGMCP," CELLS("12") "\r\n");
    return n;
}

static double asm_price(const struct market_case *c, const char *product, const char *region, uint32_t start)
{
    double price = -1;
    for (size_t i = 0; i < c->n_rows; i++) {
        struct bb_place_key key = case_place(c, i);
        if (!bb_str_is(key.name, product) || !bb_str_is(key.id, region) || c->rows[i].start_utc_s != start)
            continue;
        assert_true(price == -1); /* a price stands once */
        assert_int_equal(c->rows[i].present, 1 << BB_VALUE_PRICE);
        assert_int_equal(c->rows[i].slice, 9);
        price = c->rows[i].value[BB_VALUE_PRICE];
    }
    return price;
}

static void zone_prices(void **unused)
{
    static const size_t blocks[] = { 0, 200, 1 };
    char text[8192];
    uint32_t first = 1762059600; /* 2025-11-02 05:00 UTC: the day has 24 hours here */
    (void)unused;
    make_asm(text);
    for (size_t b = 0; b < BB_ARRAY_LEN(blocks); b++) {
        struct market_case c;
        read_blocks(&c, "20251102_asm_rtmcp_prelim.csv", text, blocks[b]);
        assert_int_equal(c.status, BB_OK);
        assert_string_equal(c.detection.report, "miso.asm_rtmcp_prelim");
        assert_true(c.detection.sequential);
        assert_int_equal(c.detection.version, 1);
        assert_int_equal(c.n_rows, 24 * 5 - 1); /* five products and zones, one price in doubt */
        assert_true(asm_price(&c, "GENREGMCP", "MISO", first) == 10.5);
        assert_true(asm_price(&c, "REGMILEAGEMCP", "MISO", first) == 1.25);
        assert_true(asm_price(&c, "GENREGMCP", "Zone 1", first) == 11);
        assert_true(asm_price(&c, "GENSPINMCP", "Zone 1", first) == 7);
        assert_true(asm_price(&c, "GENREGMCP", "Zone 2", first) == -1);
        assert_true(asm_price(&c, "GENREGMCP", "Zone 2", first + 23 * 3600) == 24);
        assert_int_equal(c.n_rejects, 1);
        assert_string_equal(c.rejects[0].reason, "contradiction");
        assert_string_equal(c.rejects[0].column, "HE 1");
        assert_int_equal(c.rejects[0].line, 15);
        assert_int_equal(c.counts.records, 9);
        for (size_t i = 0; i < c.n_rows; i++) {
            struct bb_place_key key = case_place(&c, i);
            assert_true(c.rows[i].flags & BB_ROW_PRELIMINARY);
            assert_text(key.unit, bb_str_is(key.name, "REGMILEAGEMCP") ? "$/MW-mile" : "$/MW");
            assert_text(key.zone, bb_str_is(key.name, "REGMILEAGEMCP") ? "REG_MILEAGE"
                                  : bb_str_is(key.name, "GENSPINMCP")  ? "SPIN"
                                                                       : "REG");
        }
        case_end(&c);
    }
}

static void posting(void **unused)
{
    static const struct {
        const char *name, *report; /* NULL: refused */
    } files[] = { { "20251102_asm_rtmcp_final.csv", "miso.asm_rtmcp_final" },
                  { "rt_prelim_asm/20251102.csv", "miso.asm_rtmcp_prelim" },
                  { "20251102.csv", NULL },
                  { "20251102_asm_expost_damcp.csv", NULL },
                  { "20251103_asm_rtmcp_final.csv", NULL } };
    static const char before_2015[] =
        "Title\n02/28/2015\n\nNote\nNode,Type,Value," HE(" ") "\nA,Hub,LMP," CELLS("1") "\n";
    struct market_case c;
    char text[8192];
    (void)unused;
    make_asm(text);
    for (size_t i = 0; i < BB_ARRAY_LEN(files); i++) {
        case_detect(&c, files[i].name, text);
        if (files[i].report) {
            if (c.status != BB_OK) fail_msg("%s: %s", files[i].name, c.err.text);
            assert_string_equal(c.detection.report, files[i].report);
        } else if (c.status != BB_SKIP) {
            fail_msg("%s: taken for %s", files[i].name, c.detection.report);
        }
        case_end(&c);
    }
    case_detect(&c, "20150228_da_lmp.csv", before_2015);
    assert_int_equal(c.status, BB_OK);
    assert_string_equal(c.detection.report, "miso.da_lmp");
    case_end(&c);
    case_detect(&c, "20160228_da_lmp.csv", "Node,Type,Value," HE(" ") "\nA,Hub,LMP," CELLS("1") "\n");
    assert_int_equal(c.status, BB_SKIP);
    case_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(weekly), cmocka_unit_test(quarterly),
                                        cmocka_unit_test(zone_prices), cmocka_unit_test(posting) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
