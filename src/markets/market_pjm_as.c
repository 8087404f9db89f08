/* PJM, ancillary feeds of Data Miner 2: docs/formats/pjm.md.
 * Time: datetime_beginning_utc as in the price feeds. The reports differ little: day-ahead and real-time have one header, so the
 * name says which; hourly and five-minute have one too, so their stamps say which.
 * Regions are RTO and MAD in every report, products have one spelling. */
#include "markets/reader.h"

#include <stdio.h>

#define TIME_COLUMNS                                                                                               \
    { "datetime_beginning_utc", BB_TIME_UTC_BEGIN },                                                               \
    {                                                                                                              \
        "datetime_beginning_ept", BB_TIME_CHECK_LOCAL_BEGIN, .optional = 1                                         \
    }
#define END                                                                                                        \
    {                                                                                                              \
        NULL, BB_IGNORED                                                                                           \
    }

static const struct bb_column price_columns[] = { TIME_COLUMNS,
                                                  { "ancillary_service", BB_AS_PRODUCT },
                                                  { "unit", BB_COMPONENT },
                                                  { "value", BB_COMPONENT_VALUE },
                                                  { "row_is_current", BB_IS_CURRENT, .optional = 1 },
                                                  { "version_nbr", BB_VERSION, .optional = 1 },
                                                  END };
static const struct bb_column fivemin_columns[] = { TIME_COLUMNS,
                                                    { "ancillary_service", BB_AS_PRODUCT },
                                                    { "unit", BB_COMPONENT },
                                                    { "value", BB_COMPONENT_VALUE },
                                                    { "version_nbr", BB_VERSION, .optional = 1 },
                                                    { "row_is_current", BB_IS_CURRENT, .optional = 1 },
                                                    END };
/* The real-time market results also tell how the price of regulation is made up and what was asked for; price and quantity
 * are stored. */
#define RESULT_COLUMNS                                                                                             \
    TIME_COLUMNS, { "locale", BB_AS_REGION }, { "service", BB_AS_PRODUCT }, { "mcp", BB_AS_PRICE },                \
        { "mcp_capped", BB_IGNORED, .optional = 1 }, { "as_req_mw", BB_IGNORED, .optional = 1 },                   \
    {                                                                                                              \
        "total_mw", BB_AS_QUANTITY                                                                                 \
    }
static const struct bb_column rt_result_columns[] = {
    RESULT_COLUMNS, { "reg_ccp", BB_IGNORED, .optional = 1 }, { "tier1_mw", BB_IGNORED, .optional = 1 }, END
};
static const struct bb_column da_result_columns[] = {
    RESULT_COLUMNS, { "reg_ccp", BB_FORBIDDEN }, { "tier1_mw", BB_FORBIDDEN }, END
};
static const struct bb_column regulation_columns[] = { TIME_COLUMNS,
                                                       { "requirement", BB_IGNORED },
                                                       { "rto_perfscore", BB_IGNORED },
                                                       { "deficiency", BB_IGNORED, .optional = 1 },
                                                       { "total_mw", BB_AS_QUANTITY },
                                                       { "mcp", BB_FORBIDDEN },
                                                       END };

static const struct bb_word units[] = { { "Price", BB_VALUE_PRICE },
                                        { "$/MWh", BB_VALUE_PRICE },
                                        { "$/MW", BB_VALUE_PRICE },
                                        { "$", BB_VALUE_PRICE },
                                        { "MW", BB_VALUE_QUANTITY },
                                        { "MWh", BB_VALUE_QUANTITY },
                                        { NULL, 0 } };

static const struct bb_product products[] = {
    { "Regulation", BB_AS_REG },
    { "REG", BB_AS_REG, "Regulation" },
    { "Regulation Capability", BB_AS_REG },
    { "Regulation Performance", BB_AS_REG_PERFORMANCE, .unit = BB_AS_PER_MW_MILE },
    { "Synchronized Reserve", BB_AS_SPIN },
    { "SR", BB_AS_SPIN, "Synchronized Reserve" },
    { "Non-Synchronized Reserve", BB_AS_NON_SPIN },
    { "NonSynchronized Reserve", BB_AS_NON_SPIN, "Non-Synchronized Reserve" },
    { "NSR", BB_AS_NON_SPIN, "Non-Synchronized Reserve" },
    { "Primary Reserve", BB_AS_PRIMARY },
    { "PR", BB_AS_PRIMARY, "Primary Reserve" },
    { "Secondary Reserve", BB_AS_SUPPLEMENTAL },
    { "SecR", BB_AS_SUPPLEMENTAL, "Secondary Reserve" },
    { "Thirty Minutes Reserve", BB_AS_SUPPLEMENTAL },
    { "Thirty Minute Reserve", BB_AS_SUPPLEMENTAL, "Thirty Minutes Reserve" },
    { "30 Minutes Reserve", BB_AS_SUPPLEMENTAL, "Thirty Minutes Reserve" },
    { "30MIN", BB_AS_SUPPLEMENTAL, "Thirty Minutes Reserve" },
    { "Day-ahead Scheduling Reserve", BB_AS_SUPPLEMENTAL },
    { NULL, NULL }
};
static const struct bb_region regions[] = { { "RTO", "RTO" },
                                            { "PJM_RTO", "RTO" },
                                            { "PJM RTO", "RTO" },
                                            { "PJM RTO Reserve Zone", "RTO" },
                                            { "PJM_RTO Reserve Zone", "RTO" },
                                            { "MAD", "MAD" },
                                            { "Mid-Atlantic/Dominion", "MAD" },
                                            { "Mid-Atlantic Dominion", "MAD" },
                                            { "Mid-Atlantic/Dominion Reserve Subzone", "MAD" },
                                            { "Mid-Atlantic Dominion Reserve Subzone", "MAD" },
                                            { "MAD Reserve Subzone", "MAD" },
                                            { NULL, NULL } };

/* "RTO Regulation Capability": the region stands before the product. */
static void split_region(struct bb_str *product, struct bb_str *region)
{
    static const char *const prefixes[] = { "PJM RTO ", "RTO ", "MAD ", "Mid-Atlantic/Dominion ",
                                            "Mid-Atlantic Dominion " };
    for (size_t i = 0; i < BB_ARRAY_LEN(prefixes); i++) {
        struct bb_str p = bb_str_of(prefixes[i]);
        if (product->n <= p.n || !bb_str_eq_nocase((struct bb_str){ product->p, p.n }, p)) continue;
        if (region->n == 0) *region = (struct bb_str){ product->p, p.n - 1 };
        *product = bb_str_trim((struct bb_str){ product->p + p.n, product->n - p.n });
        return;
    }
}

/* ---- which market, which resolution ---- */

enum said { SAID_NOTHING, SAID_DA, SAID_RT };

static int holds(struct bb_str s, const char *word) { return bb_str_find_nocase(s, bb_str_of(word)) != NULL; }

static enum said said_by(struct bb_str name)
{
    static const char *const da[] = { "da_anc", "da_res", "da_as",     "as_da",    "da-as",    "as-da",
                                      "/da/",   "_da_",   "day_ahead", "dayahead", "day-ahead" };
    static const char *const rt[] = {
        "ancillary_services", "reserve_market", "rt_as",    "as_rt", "rt-as", "as-rt", "/rt/", "_rt_",
        "real_time",          "realtime",       "real-time"
    };
    for (size_t i = 0; i < BB_ARRAY_LEN(da); i++)
        if (holds(name, da[i])) return SAID_DA;
    for (size_t i = 0; i < BB_ARRAY_LEN(rt); i++)
        if (holds(name, rt[i])) return SAID_RT;
    return SAID_NOTHING;
}

/* The file's own name first, then the place in the archive, then the folders. */
static enum said market_said(const struct bb_evidence *e)
{
    enum said said = said_by(e->name);
    if (said == SAID_NOTHING) said = said_by(e->member);
    return said == SAID_NOTHING ? said_by(e->path) : said;
}

/* Points for the market that names give, -1 when they give the other one. */
static int judge_market(const struct bb_format *format, const struct bb_evidence *e, char why[200])
{
    enum said want = format->market == BB_DA ? SAID_DA : SAID_RT, said = market_said(e);
    if (e->forced_report || said == SAID_NOTHING) return 0;
    if (said == want) return 8;
    snprintf(why, 200, "its name or folder says %s", said == SAID_DA ? "day-ahead" : "real-time");
    return -1;
}

static int named_fivemin(const struct bb_evidence *e)
{
    return holds(e->name, "fivemin") || holds(e->name, "5min") || holds(e->name, "five_min");
}

static int judge_prices(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *binding,
                        struct bb_facts *facts, char why[200])
{
    int step = bb_sniff_minutes(sniff, format, binding, &facts->first_utc_s);
    int market = judge_market(format, sniff->evidence, why);
    if (market < 0) return -1;
    if (step == 15) step = 5;
    if (step == 0 && facts->first_utc_s % 3600 != 0) step = 5;
    if (step == 0 && !sniff->evidence->forced_report && named_fivemin(sniff->evidence)) step = 5;
    if (step < 0 || (step && step != format->minutes)) {
        snprintf(why, 200, "its instants are %s apart", step == 60 ? "whole hours" : "five minutes or less");
        return -1;
    }
    return market + (step ? 16 : 0);
}

/* The real-time results are hourly up to August 2022 and five-minute from then on. */
#define FIVEMIN_FROM_UTC_S 1662004800u /* 2022-09-01 00:00 in New York */
static int judge_results(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *binding,
                         struct bb_facts *facts, char why[200])
{
    int step = bb_sniff_minutes(sniff, format, binding, &facts->first_utc_s), points;
    points = judge_market(format, sniff->evidence, why);
    if (points < 0) return -1;
    if (step == 0) step = format->market == BB_RT && facts->first_utc_s >= FIVEMIN_FROM_UTC_S ? 5 : 60;
    if (step == 15) step = 5;
    if (step < 0 || (format->market == BB_DA && step != 60)) {
        snprintf(why, 200, "its instants are not whole hours apart");
        return -1;
    }
    facts->minutes = step;
    if (format->market == BB_RT && facts->first_utc_s && facts->first_utc_s < FIVEMIN_FROM_UTC_S) {
        facts->minutes = 60;
        facts->second_minutes = 5;
        facts->second_from_utc_s = FIVEMIN_FROM_UTC_S;
    }
    snprintf(facts->variant, sizeof facts->variant, "%s", step == 60 ? "hourly" : "five-minute");
    return points;
}

#define UTC_RULE  "datetime_beginning_utc is the start of the interval in UTC; the EPT column must agree"
#define NAME_RULE UTC_RULE ". Day-ahead or real-time: file or folder name, or --report"
#define LAYOUTS   "US dates (as downloaded), ISO dates (JSON saved as CSV); columns in any order"
#define PJM_AS(id)                                                                                                 \
    .report = "pjm." id, .data_source = "PJM " id, .iso = BB_PJM, .kind = BB_ANCILLARY, .order = BB_ORDER_TIME,    \
    .default_version = 1, .products = products, .regions = regions, .as_region = "RTO", .layouts = LAYOUTS

static const struct bb_format formats[] = {
    { PJM_AS("ancillary_services"), .title = "Real-Time Ancillary Service Prices, hourly", .market = BB_RT,
      .minutes = 60, .shape = BB_LONG, .columns = price_columns, .components = units, .as_split = split_region,
      .names = "ancillary_services", .judge = judge_prices, .datasets = "rt_as_hourly",
      .file_names = "ancillary_services.csv, ancillary_services_YYYY-MM-DD_YYYY-MM-DD.csv",
      .time_rule = NAME_RULE },
    { PJM_AS("ancillary_services_fivemin_hrl"), .title = "Real-Time Ancillary Service Prices, five-minute",
      .market = BB_RT, .minutes = 5, .shape = BB_LONG, .columns = fivemin_columns, .components = units,
      .as_split = split_region, .names = "ancillary_services", .judge = judge_prices, .datasets = "rt_as_5min",
      .file_names = "ancillary_services_fivemin_hrl.csv", .time_rule = NAME_RULE },
    { PJM_AS("da_ancillary_services"), .title = "Day-Ahead Ancillary Service Prices", .market = BB_DA,
      .minutes = 60, .shape = BB_LONG, .columns = price_columns, .components = units, .as_split = split_region,
      .names = "da_ancillary", .judge = judge_prices, .datasets = "da_as_hourly",
      .file_names = "da_ancillary_services.csv", .time_rule = NAME_RULE },
    { PJM_AS("reserve_market_results"), .title = "Real-Time Ancillary Market Results", .market = BB_RT,
      .minutes = 5, .shape = BB_FLAT, .flags = BB_FORMAT_PARTIAL, .columns = rt_result_columns,
      .names = "reserve_market", .judge = judge_results, .datasets = "rt_as_hourly, rt_as_5min",
      .file_names = "reserve_market_results.csv",
      .time_rule = UTC_RULE ". Hourly up to 2022-08-31, five-minute from then on" },
    { PJM_AS("da_reserve_market_results"), .title = "Day-Ahead Ancillary Market Results", .market = BB_DA,
      .minutes = 60, .shape = BB_FLAT, .flags = BB_FORMAT_PARTIAL, .columns = da_result_columns,
      .names = "da_reserve", .judge = judge_results, .datasets = "da_as_hourly",
      .file_names = "da_reserve_market_results.csv", .time_rule = NAME_RULE },
    { PJM_AS("reg_market_results"), .title = "Regulation Market Results", .market = BB_RT, .minutes = 60,
      .shape = BB_FLAT, .columns = regulation_columns, .names = "reg_market",
      .refusal = "it tells how much regulation was asked for and cleared, but no price; the prices are in "
                 "reserve_market_results and ancillary_services",
      .datasets = "none", .file_names = "reg_market_results.csv", .time_rule = UTC_RULE },
};

const struct bb_market_table bb_market_pjm_as = { BB_PJM, formats, BB_ARRAY_LEN(formats) };
