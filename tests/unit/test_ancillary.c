/* Ancillary records in every shape (products, regions, units, quantities), and lists of locations that complete price files.
 * Expectations are written by hand from the format cards. */
#include "market_case.h"

#include <math.h>

#include "markets/reference.h"

static size_t find_row(const struct market_case *c, const char *product, const char *region, uint32_t utc_s)
{
    for (size_t i = 0; i < c->n_rows; i++) {
        struct bb_place_key key = case_place(c, i);
        if (c->rows[i].start_utc_s == utc_s && bb_str_is(key.name, product) && bb_str_is(key.id, region)) return i;
    }
    fail_msg("no row of %s in %s at %u", product, region, utc_s);
    return 0;
}

static void assert_as(const struct market_case *c, const char *product, const char *region, uint32_t utc_s,
                      const char *standard, const char *unit, int present, double price, double quantity)
{
    size_t i = find_row(c, product, region, utc_s);
    struct bb_place_key key = case_place(c, i);
    char identity[200];
    snprintf(identity, sizeof identity, "%s\x1F%s", product, region);
    assert_text(key.identity, identity);
    assert_text(key.zone, standard);
    assert_text(key.unit, unit);
    assert_int_equal(c->rows[i].present, present);
    assert_true(c->rows[i].value[BB_VALUE_PRICE] == price);
    assert_true(c->rows[i].value[BB_VALUE_QUANTITY] == quantity);
}

static void pjm_prices(void **unused)
{
    static const char text[] =
        "datetime_beginning_utc,datetime_beginning_ept,ancillary_service,unit,value,row_is_current,version_nbr\r\n"
        "9/1/2024 4:00:00 AM,9/1/2024 12:00:00 AM,RTO Synchronized Reserve,Price,0.030000,True,1\r\n"
        "9/1/2024 4:00:00 AM,9/1/2024 12:00:00 AM,MAD Non-Synchronized Reserve,Price,1.5,True,2\r\n"
        "9/1/2024 4:00:00 AM,9/1/2024 12:00:00 AM,RTO Regulation  Performance,Price,2,True,1\r\n"
        "9/1/2024 4:00:00 AM,9/1/2024 12:00:00 AM,RTO Synchronized Reserve,MW,812.5,True,1\r\n"
        "9/1/2024 4:00:00 AM,9/1/2024 12:00:00 AM,RTO Synchronized Reserve,Ratio,3,True,1\r\n"
        "9/1/2024 4:00:00 AM,9/1/2024 12:00:00 AM,Mid-Atlantic/Dominion Sunshine Reserve,Price,4,False,1\r\n"
        "9/1/2024 5:00:00 AM,9/1/2024 1:00:00 AM,Day-ahead Scheduling Reserve,Price,,True,1\r\n"
        "9/1/2024 5:00:00 AM,9/1/2024 1:00:00 AM,Day-ahead Scheduling Reserve,Price,5,True,1\r\n";
    struct market_case c;
    (void)unused;
    case_read(&c, "raw/ancillary_services.csv", text);
    assert_int_equal(c.status, BB_OK);
    assert_string_equal(c.detection.report, "pjm.ancillary_services");
    assert_int_equal(c.detection.datasets[0].market, BB_RT);
    assert_int_equal(c.detection.datasets[0].minutes, 60);
    assert_int_equal(c.n_rows, 6);
    assert_int_equal(c.n_rejects, 1);
    assert_string_equal(c.rejects[0].column, "unit");
    assert_int_equal(c.rejects[0].line, 6);
    assert_int_equal(c.counts.unknown_words, 1);
    assert_as(&c, "Non-Synchronized Reserve", "MAD", 1725163200u, "NON_SPIN", "$/MW", 1, 1.5, 0);
    assert_int_equal(c.rows[find_row(&c, "Non-Synchronized Reserve", "MAD", 1725163200u)].version, 2);
    assert_as(&c, "Regulation Performance", "RTO", 1725163200u, "REG_PERFORMANCE", "$/MW-mile", 1, 2, 0);
    assert_as(&c, "Sunshine Reserve", "MAD", 1725163200u, "OTHER", "$/MW", 1, 4, 0);
    assert_as(&c, "Day-ahead Scheduling Reserve", "RTO", 1725166800u, "SUPPLEMENTAL", "$/MW", 1, 5, 0);
    /* price and quantity of one key are two parts of a row */
    assert_int_equal(c.rows[0].present, 1);
    assert_int_equal(c.rows[3].present, 2);
    assert_true(c.rows[3].value[BB_VALUE_QUANTITY] == 812.5);
    assert_int_equal(c.rows[0].place, c.rows[3].place);
    assert_int_equal(c.rows[0].flags & BB_ROW_PARTIAL, BB_ROW_PARTIAL);
    case_end(&c);
}

#define PJM_HEAD                                                                                                   \
    "datetime_beginning_utc,datetime_beginning_ept,ancillary_service,unit,value,row_is_current,version_nbr\n"
static void pjm_which_market(void **unused)
{
    static const char hours[] = PJM_HEAD "2024-09-01T04:00:00,,RTO Regulation,Price,1,True,1\n"
                                         "2024-09-01T05:00:00,,RTO Regulation,Price,1,True,1\n";
    static const char fives[] = PJM_HEAD "2024-09-01T04:00:00,,RTO Regulation,Price,1,True,1\n"
                                         "2024-09-01T04:05:00,,RTO Regulation,Price,1,True,1\n";
    static const struct {
        const char *name, *text, *report; /* NULL: undecided */
    } cases[] = {
        { "da_ancillary_services.csv", hours, "pjm.da_ancillary_services" },
        { "lake/da_ancillary_services/2024.csv", hours, "pjm.da_ancillary_services" },
        { "ancillary_services_2024-01-01_2024-03-31.csv", hours, "pjm.ancillary_services" },
        { "x/ancillary_services/2024.csv", hours, "pjm.ancillary_services" },
        { "ancillary_services_fivemin_hrl.csv", fives, "pjm.ancillary_services_fivemin_hrl" },
        { "2024.csv", fives, "pjm.ancillary_services_fivemin_hrl" },
        { "2024.csv", hours, NULL },
    };
    (void)unused;
    for (size_t i = 0; i < BB_ARRAY_LEN(cases); i++) {
        struct market_case c;
        case_detect(&c, cases[i].name, cases[i].text);
        if (!cases[i].report) {
            assert_int_equal(c.status, BB_SKIP);
            assert_non_null(strstr(c.err.text, "--report"));
        } else {
            if (c.status != BB_OK) fail_msg("%s: %s", cases[i].name, c.err.text);
            assert_string_equal(c.detection.report, cases[i].report);
        }
        case_end(&c);
        if (cases[i].report) continue;
        case_detect_n(&c, cases[i].name, cases[i].text, strlen(cases[i].text), strlen(cases[i].text),
                      "pjm.da_ancillary_services");
        assert_int_equal(c.status, BB_OK);
        case_end(&c);
    }
}

static void pjm_results(void **unused)
{
    static const char text[] =
        "datetime_beginning_utc,datetime_beginning_ept,locale,service,mcp,mcp_capped,reg_ccp,reg_pcp,as_req_mw,"
        "total_mw,as_mw,ss_mw,tier1_mw,ircmwt2,dsr_as_mw,nsr_mw,regd_mw\n"
        "8/1/2024 4:00:00 AM,8/1/2024 12:00:00 AM,PJM_RTO,REG,22.28,22.28,21.46,0.81,800.00,698.00,698.00,475.20,"
        "0.00,0.00,77.10,,220.80\n"
        "8/1/2024 4:05:00 AM,8/1/2024 12:05:00 AM,MAD,30MIN,0.5,0.5,,,800.00,,698.00,475.20,0.00,0.00,77.10,,\n";
    static const char da[] =
        "datetime_beginning_utc,datetime_beginning_ept,locale,service,mcp,mcp_capped,as_req_mw,total_mw,as_mw,ss_"
        "mw,"
        "ircmwt2,dsr_as_mw,nsr_mw\n"
        "8/1/2024 4:00:00 AM,8/1/2024 12:00:00 AM,PJM RTO Reserve Zone,Synchronized Reserve,3,3,1,1200.5,,,,,\n"
        "8/1/2024 5:00:00 AM,8/1/2024 1:00:00 AM,Mid-Atlantic/Dominion Reserve Subzone,Primary "
        "Reserve,4,4,1,7,,,,,\n";
    struct market_case c;
    (void)unused;
    case_read(&c, "reserve_market_results.csv", text);
    assert_int_equal(c.status, BB_OK);
    assert_int_equal(c.detection.datasets[0].minutes, 5);
    assert_int_equal(c.n_rows, 2);
    assert_as(&c, "Regulation", "RTO", 1722484800u, "REG", "$/MW", 3, 22.28, 698);
    assert_as(&c, "Thirty Minutes Reserve", "MAD", 1722485100u, "SUPPLEMENTAL", "$/MW", 1, 0.5, 0);
    case_end(&c);
    case_read(&c, "da_reserve_market_results.csv", da);
    assert_int_equal(c.status, BB_OK);
    assert_int_equal(c.detection.datasets[0].market, BB_DA);
    assert_as(&c, "Synchronized Reserve", "RTO", 1722484800u, "SPIN", "$/MW", 3, 3, 1200.5);
    assert_as(&c, "Primary Reserve", "MAD", 1722488400u, "PRIMARY", "$/MW", 3, 4, 7);
    case_end(&c);
}

#define CAISO_HEAD                                                                                                 \
    "INTERVALSTARTTIME_GMT,INTERVALENDTIME_GMT,OPR_DT,OPR_HR,OPR_INTERVAL,OPR_TYPE,ANC_TYPE,ANC_REGION,"           \
    "MARKET_RUN_ID,XML_DATA_ITEM,MW,GROUP\n"
static void caiso(void **unused)
{
    static const char prices[] = CAISO_HEAD
        "2024-11-03T09:00:00-00:00,2024-11-03T10:00:00-00:00,2024-11-03,25,0,Hourly,NR,AS_SP26,DAM,NS_CLR_PRC,0.5,"
        "1\n"
        "2024-11-03T08:00:00-00:00,2024-11-03T09:00:00-00:00,2024-11-03,2,0,Hourly,RMU,AS_SP26,DAM,RMU_CLR_PRC,0."
        "25,1\n"
        "2024-11-03T08:00:00-00:00,2024-11-03T09:00:00-00:00,2024-11-03,2,0,Hourly,RU,AS_SP26,DAM,RD_CLR_PRC,1,1\n"
        "2024-11-03T08:00:00-00:00,2024-11-03T09:00:00-00:00,2024-11-03,2,0,Hourly,RU,AS_SP26,HASP,RU_CLR_PRC,1,"
        "1\n";
    static const char results[] =
        "INTERVALSTARTTIME_GMT,INTERVALENDTIME_GMT,OPR_DT,OPR_HR,MARKET_RUN_ID,RESULT_TYPE,ANC_TYPE,ANC_REGION,MW\n"
        "2024-11-03T09:00:00-00:00,2024-11-03T10:00:00-00:00,2024-11-03,25,DAM,AS_COST,NR,AS_SP26,99\n"
        "2024-11-03T09:00:00-00:00,2024-11-03T10:00:00-00:00,2024-11-03,25,DAM,AS_MW,NR,AS_SP26,120.5\n";
    struct market_case c;
    (void)unused;
    case_read(&c, "as.csv", prices);
    assert_int_equal(c.status, BB_OK);
    assert_string_equal(c.detection.report, "caiso.PRC_AS");
    assert_int_equal(c.n_rows, 2);
    assert_as(&c, "NR", "AS_SP26", 1730624400u, "NON_SPIN", "$/MW", 1, 0.5, 0);
    assert_as(&c, "RMU", "AS_SP26", 1730620800u, "REG_UP_MILEAGE", "$/MW-mile", 1, 0.25, 0);
    assert_int_equal(c.n_rejects, 2);
    assert_string_equal(c.rejects[0].reason, "contradiction");
    assert_string_equal(c.rejects[1].reason, "other_market");
    case_end(&c);
    case_read(&c, "as.csv", results);
    assert_int_equal(c.status, BB_OK);
    assert_string_equal(c.detection.report, "caiso.AS_RESULTS");
    assert_int_equal(c.n_rows, 1);
    assert_as(&c, "NR", "AS_SP26", 1730624400u, "NON_SPIN", "$/MW", 2, 0, 120.5);
    case_end(&c);
}

/* A column per product: cells that are empty make no row, a cell that is no number costs only its own. */
static void wide_products(void **unused)
{
    static const char text[] = ",Interval Start,Interval End,Zone,10 Min Spin Reserves,10 Min Non-Spin Reserves,"
                               "30 Min Reserves,Regulation Capacity\n"
                               "0,2024-11-03 01:00:00-04:00,2024-11-03 01:00:00-05:00,CAPITL,5.5,3.25,0.0,7.17\n"
                               "1,2024-11-03 01:00:00-05:00,2024-11-03 02:00:00-05:00,CAPITL,4.5,,x,7.18\n"
                               "2,2024-11-03 01:00:00-05:00,2024-11-03 02:00:00-05:00,,1,1,1,1\n";
    struct market_case c;
    (void)unused;
    case_read(&c, "2024-11-03_as_day_ahead_hourly.csv", text);
    assert_int_equal(c.status, BB_OK);
    assert_string_equal(c.detection.report, "nyiso.gridstatus_as_da");
    assert_int_equal(c.n_rows, 6);
    assert_as(&c, "10_MIN_SPIN", "CAPITL", 1730610000u, "SPIN", "$/MW", 1, 5.5, 0);
    assert_as(&c, "30_MIN_OR", "CAPITL", 1730610000u, "SUPPLEMENTAL", "$/MW", 1, 0, 0);
    assert_as(&c, "10_MIN_SPIN", "CAPITL", 1730613600u, "SPIN", "$/MW", 1, 4.5, 0);
    assert_as(&c, "REGULATION_CAPACITY", "CAPITL", 1730613600u, "REG", "$/MW", 1, 7.18, 0);
    assert_int_equal(c.n_rejects, 5); /* the cell, and four prices of nowhere */
    assert_string_equal(c.rejects[0].column, "30 Min Reserves");
    assert_string_equal(c.rejects[1].reason, "missing_name");
    assert_int_equal(c.rows[0].flags & BB_ROW_PARTIAL, 0);
    case_end(&c);
}

static void all_standards_are_words_of_the_lake(void **unused)
{
    static const char *const words[] = { "REG",
                                         "REG_UP",
                                         "REG_DOWN",
                                         "REG_MILEAGE",
                                         "REG_UP_MILEAGE",
                                         "REG_DOWN_MILEAGE",
                                         "REG_PERFORMANCE",
                                         "SPIN",
                                         "NON_SPIN",
                                         "PRIMARY",
                                         "SUPPLEMENTAL",
                                         "CONTINGENCY",
                                         "RAMP_UP",
                                         "RAMP_DOWN",
                                         "UNCERTAINTY_UP",
                                         "SHORT_TERM",
                                         "FORECAST_ENERGY" };
    const struct bb_format *format;
    size_t n_products = 0;
    (void)unused;
    for (size_t i = 0; (format = bb_format_at(i)) != NULL; i++) {
        for (const struct bb_product *p = format->products; p && p->word; p++) {
            int known = 0;
            for (size_t k = 0; k < BB_ARRAY_LEN(words); k++) known |= strcmp(words[k], p->standard) == 0;
            if (!known) fail_msg("%s: %s -> %s", format->report, p->word, p->standard);
            n_products++;
        }
        for (const struct bb_column *col = format->columns; format->shape == BB_WIDE_AS && col->header; col++) {
            int listed = 0;
            if (col->role != BB_AS_WIDE_PRICE && col->role != BB_AS_WIDE_QUANTITY) continue;
            for (const struct bb_product *p = format->products; p->word; p++)
                listed |= bb_str_eq_nocase(bb_str_of(p->word), bb_str_of(col->product));
            if (!listed)
                fail_msg("%s: column %s is of %s, which is not listed", format->report, col->header, col->product);
        }
    }
    assert_true(n_products > 20);
}

/* ---- lists of locations ---- */

static void read_list(struct bb_reference *ref, const char *name, const char *text, size_t piece)
{
    struct market_case c;
    size_t n = strlen(text), at = 0;
    uint64_t taken = 0;
    case_detect(&c, name, text);
    assert_int_equal(c.status, BB_OK);
    assert_true(c.detection.is_reference);
    while (at < n) {
        size_t take = BB_MIN(piece, n - at);
        while (at + take < n && text[at + take - 1] != '\n') take++;
        assert_int_equal(bb_reference_read(ref, &c.detection, text + at, take, at, &taken, &c.err), BB_OK);
        at += take;
    }
    case_end(&c);
}

static void lists_complete_prices(void **unused)
{
    static const char pnodes[] =
        "pnode_id,pnode_name,pnode_type,pnode_subtype,zone,voltage_level,effective_date,termination_date\n"
        "7,OLDTOWN 34 KV  T1,BUS,LOAD,NEWZONE,34.5 KV,4/1/2020 12:00:00 AM,12/31/9999 12:00:00 AM\n"
        "7,OLDTOWN 34 KV  T1,BUS,LOAD,OLDZONE,34.5 KV,4/1/1998 12:00:00 AM,3/31/2020 12:00:00 AM\n"
        "8,HILLSIDE,AGGREGATE,HUB,,,4/1/1998 12:00:00 AM,12/31/9999 12:00:00 AM\n"
        "2156110049,FARM 4 KV,BUS,GEN,DOM,4.1 KV,12/11/2019 12:00:00 AM,12/31/9999 12:00:00 AM\n";
    static const char prices[] =
        "datetime_beginning_utc,datetime_beginning_ept,pnode_id,pnode_name,type,total_lmp_rt,congestion_price_rt,"
        "marginal_loss_price_rt\n"
        "9/1/2024 4:00:00 AM,9/1/2024 12:00:00 AM,7,OLDTOWN 34 KV  T1,LOAD,1,0,0\n"
        "9/1/2024 4:00:00 AM,9/1/2024 12:00:00 AM,8,HILLSIDE,AGGREGATE,1,0,0\n"
        "9/1/2024 4:00:00 AM,9/1/2024 12:00:00 AM,2156110049,FARM 4 KV,NEWWORD,1,0,0\n"
        "9/1/2024 4:00:00 AM,9/1/2024 12:00:00 AM,9,NOWHERE,LOAD,1,0,0\n";
    (void)unused;
    for (size_t piece = 1; piece < 400; piece *= 6) {
        struct bb_budget budget;
        struct bb_reference *ref;
        struct market_case c;
        struct bb_place_key key = { .identity = BB_STR("7"), .name = BB_STR("x"), .voltage_kv = NAN };
        bb_budget_init(&budget, 0, 0);
        ref = bb_reference_new(&budget);
        assert_non_null(ref);
        read_list(ref, "pnode.csv", pnodes, piece);
        assert_int_equal(bb_reference_count(ref), 3);
        bb_reference_fill(ref, BB_PJM, &key);
        assert_text(key.zone, "NEWZONE");
        assert_true(key.voltage_kv == 34.5);
        assert_int_equal(key.type, BB_TYPE_LOAD);
        key = (struct bb_place_key){
            .identity = BB_STR("7"), .zone = BB_STR("SAID"), .type = BB_TYPE_GEN, .voltage_kv = 69
        };
        bb_reference_fill(ref, BB_PJM, &key); /* what the price file says stays */
        assert_text(key.zone, "SAID");
        assert_true(key.voltage_kv == 69);
        assert_int_equal(key.type, BB_TYPE_GEN);
        key = (struct bb_place_key){ .identity = BB_STR("8"), .type = BB_TYPE_NODE, .voltage_kv = NAN };
        bb_reference_fill(ref, BB_PJM, &key); /* a hub would move to the other half */
        assert_int_equal(key.type, BB_TYPE_NODE);
        key = (struct bb_place_key){ .identity = BB_STR("7"), .voltage_kv = NAN };
        bb_reference_fill(ref, BB_CAISO, &key); /* another operator's 7 */
        assert_int_equal(key.zone.n, 0);
        assert_true(isnan(key.voltage_kv));
        case_detect(&c, "rt_unverified_fivemin_lmps.csv", prices);
        assert_int_equal(c.status, BB_OK);
        c.reference = ref;
        case_read_n(&c, prices, strlen(prices), 0, 0);
        assert_int_equal(c.n_rows, 4);
        assert_text(case_place(&c, 0).zone, "NEWZONE");
        assert_int_equal(case_place(&c, 1).type, BB_TYPE_AGGREGATE);
        assert_int_equal(case_place(&c, 2).type, BB_TYPE_GEN);
        assert_text(case_place(&c, 2).zone, "DOM");
        assert_int_equal(case_place(&c, 3).zone.n, 0);
        bb_reference_free(ref);
        case_end(&c);
        assert_int_equal(budget.used_nbytes, 0);
    }
}

static void caiso_lists(void **unused)
{
    static const char map[] =
        "APNODE_ID,PNODE_ID,DESCRIPTION,COMMENTS,EFF_START_DT_GMT,EFF_END_DT_GMT,EFF_START_DT,EFF_END_DT\n"
        "TH_NP15_GEN-APND,HILL_2_N003,x,,2017-10-01T07:00:00-00:00,2031-01-01T07:59:59-00:00,"
        "2017-10-01T00:00:00,2030-12-31T23:59:59\n";
    static const char tac[] =
        "TAC_AREA_ID,PNODE_ID,DESCRIPTION,COMMENTS,EFF_START_DT,EFF_END_DT,EFF_START_DT_GMT,EFF_END_DT_GMT\n"
        "TAC_ECNTR,HILL_2_N003,TAC_ECNTR,,2023-05-01T00:00:00,2030-12-31T23:59:59,"
        "2023-05-01T07:00:00-00:00,2031-01-01T07:59:59-00:00\n";
    struct bb_budget budget;
    struct bb_reference *ref;
    struct bb_place_key key = { .identity = BB_STR("HILL_2_N003"), .voltage_kv = NAN };
    (void)unused;
    bb_budget_init(&budget, 0, 0);
    ref = bb_reference_new(&budget);
    read_list(ref, "map.csv", map, 4096);
    read_list(ref, "tac.csv", tac, 4096); /* areas of another kind: the trading hub stays */
    assert_int_equal(bb_reference_count(ref), 1);
    bb_reference_fill(ref, BB_CAISO, &key);
    assert_text(key.zone, "TH_NP15_GEN-APND");
    bb_reference_free(ref);
    assert_int_equal(budget.used_nbytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pjm_prices),
        cmocka_unit_test(pjm_which_market),
        cmocka_unit_test(pjm_results),
        cmocka_unit_test(caiso),
        cmocka_unit_test(wide_products),
        cmocka_unit_test(all_standards_are_words_of_the_lake),
        cmocka_unit_test(lists_complete_prices),
        cmocka_unit_test(caiso_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
