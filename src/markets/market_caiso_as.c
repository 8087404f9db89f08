/* CAISO, ancillary reports of OASIS: docs/formats/caiso.md.
 * Time: the GMT columns; OPR_DT and OPR_HR must agree. The price column is named MW. Prices of nested regions are
 * shadow prices and stay apart. AS_RESULTS holds quantities: its AS_MW records complete the price rows of their key. */
#include "markets/market_caiso.h"

#include <stdio.h>

#define TIME_COLUMNS                                                                                               \
    { "INTERVALSTARTTIME_GMT", BB_TIME_UTC_BEGIN }, { "INTERVALENDTIME_GMT", BB_TIME_UTC_END },                    \
        { "OPR_DT", BB_TIME_CHECK_LOCAL, .optional = 1 },                                                          \
    {                                                                                                              \
        "OPR_HR", BB_TIME_CHECK_LOCAL_HOUR, .optional = 1                                                          \
    }
#define VALUE_COLUMNS                                                                                              \
    { "MW", BB_COMPONENT_VALUE, .either = 1 }, { "PRC", BB_COMPONENT_VALUE, .either = 1 },                         \
    {                                                                                                              \
        "VALUE", BB_COMPONENT_VALUE, .either = 1                                                                   \
    }
static const struct bb_column price_columns[] = { TIME_COLUMNS,
                                                  { "ANC_TYPE", BB_AS_PRODUCT },
                                                  { "ANC_REGION", BB_AS_REGION },
                                                  { "MARKET_RUN_ID", BB_MARKET_RUN },
                                                  { "XML_DATA_ITEM", BB_AS_ITEM, .optional = 1 },
                                                  VALUE_COLUMNS,
                                                  { "RESULT_TYPE", BB_FORBIDDEN },
                                                  { NULL, BB_IGNORED } };
static const struct bb_column result_columns[] = { TIME_COLUMNS,
                                                   { "RESULT_TYPE", BB_COMPONENT },
                                                   { "ANC_TYPE", BB_AS_PRODUCT },
                                                   { "ANC_REGION", BB_AS_REGION },
                                                   { "MARKET_RUN_ID", BB_MARKET_RUN },
                                                   VALUE_COLUMNS,
                                                   { NULL, BB_IGNORED } };

/* Of what was bought, provided by its users themselves, and both together, the last is the cleared quantity; the cost is
 * money. */
static const struct bb_word result_types[] = { { "AS_MW", BB_VALUE_QUANTITY },
                                               { "AS_BUY_MW", BB_WORD_DROPPED },
                                               { "AS_SELF_MW", BB_WORD_DROPPED },
                                               { "AS_COST", BB_WORD_DROPPED },
                                               { NULL, 0 } };

/* Mileage is a payment for movement: other products than the capacity they go with. */
static const struct bb_product products[] = {
    { "RU", BB_AS_REG_UP, .item = "RU_CLR_PRC" },
    { "RD", BB_AS_REG_DOWN, .item = "RD_CLR_PRC" },
    { "SR", BB_AS_SPIN, .item = "SP_CLR_PRC" },
    { "NR", BB_AS_NON_SPIN, .item = "NS_CLR_PRC" },
    { "RMU", BB_AS_REG_UP_MILEAGE, .unit = BB_AS_PER_MW_MILE, .item = "RMU_CLR_PRC" },
    { "RMD", BB_AS_REG_DOWN_MILEAGE, .unit = BB_AS_PER_MW_MILE, .item = "RMD_CLR_PRC" },
    { NULL, NULL }
};

/* The first record says how long its intervals are. */
static int judge(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *binding,
                 struct bb_facts *facts, char why[200])
{
    struct bb_str text = bb_sniff_field(sniff, format, binding, BB_TIME_UTC_END);
    int points = bb_caiso_judge_run(format, sniff, binding, facts, why);
    int64_t end, step;
    if (facts->first_utc_s == 0 || text.n == 0 || bb_stamp_utc(text.p, text.n, &end) != 0) return points;
    step = end - facts->first_utc_s;
    if (step == 3600 || step == 900 || step == 300) facts->minutes = (int)(step / 60);
    return points;
}

#define GMT_RULE                                                                                                   \
    "INTERVALSTARTTIME_GMT and INTERVALENDTIME_GMT; OPR_DT and OPR_HR must be the local day and hour of the start"
#define CAISO_AS(id, source)                                                                                       \
    .report = "caiso." id, .data_source = "CAISO " source, .iso = BB_CAISO, .kind = BB_ANCILLARY,                  \
    .shape = BB_LONG, .order = BB_ORDER_DAY, .default_version = 1, .products = products, .judge = judge,           \
    .time_rule = GMT_RULE
#define PRICES                                                                                                     \
    .columns = price_columns,                                                                                      \
    .layouts = "price column MW, PRC or VALUE; columns in any order; all products or one per file"
#define QUANTITIES                                                                                                 \
    .columns = result_columns, .components = result_types,                                                         \
    .layouts = "records AS_MW are quantities; AS_BUY_MW, AS_SELF_MW and AS_COST are known and not stored"

static const struct bb_format formats[] = {
    { CAISO_AS("PRC_AS", "PRC_AS"), PRICES, .title = "Ancillary Service Clearing Prices, day-ahead market",
      .market = BB_DA, .minutes = 60, .market_run = "DAM", .names = "PRC_AS", .datasets = "da_as_hourly",
      .file_names = "YYYYMMDD_YYYYMMDD_PRC_AS_DAM_…_vN.csv, DAM_PRC_AS_GRP zips" },
    { CAISO_AS("PRC_AS_HASP", "PRC_AS"), PRICES,
      .title = "Ancillary Service Clearing Prices, hour-ahead scheduling process", .market = BB_HASP, .minutes = 60,
      .market_run = "HASP", .names = "PRC_AS", .datasets = "hasp_as_hourly",
      .file_names = "YYYYMMDD_YYYYMMDD_PRC_AS_HASP_…_vN.csv" },
    { CAISO_AS("PRC_INTVL_AS", "PRC_INTVL_AS"), PRICES,
      .title = "Interval Ancillary Service Clearing Prices, real-time market", .market = BB_RT, .minutes = 15,
      .market_run = "RTM", .names = "PRC_INTVL_AS", .datasets = "rt_as_15min",
      .file_names = "YYYYMMDD_YYYYMMDD_PRC_INTVL_AS_RTM_…_vN.csv" },
    { CAISO_AS("AS_RESULTS", "AS_RESULTS"), QUANTITIES, .title = "Ancillary Service Results, day-ahead market",
      .market = BB_DA, .minutes = 60, .market_run = "DAM", .names = "AS_RESULTS", .datasets = "da_as_hourly",
      .file_names = "YYYYMMDD_YYYYMMDD_AS_RESULTS_DAM_…_vN.csv" },
    { CAISO_AS("AS_RESULTS_HASP", "AS_RESULTS"), QUANTITIES,
      .title = "Ancillary Service Results, hour-ahead scheduling process", .market = BB_HASP, .minutes = 60,
      .market_run = "HASP", .names = "AS_RESULTS", .datasets = "hasp_as_hourly",
      .file_names = "YYYYMMDD_YYYYMMDD_AS_RESULTS_HASP_…_vN.csv" },
    { CAISO_AS("AS_RESULTS_RTM", "AS_RESULTS"), QUANTITIES, .title = "Ancillary Service Results, real-time market",
      .market = BB_RT, .minutes = 15, .market_run = "RTM", .names = "AS_RESULTS", .datasets = "rt_as_15min",
      .file_names = "YYYYMMDD_YYYYMMDD_AS_RESULTS_RTM_…_vN.csv" },
};

const struct bb_market_table bb_market_caiso_as = { BB_CAISO, formats, BB_ARRAY_LEN(formats) };
