/* ERCOT, portal CSVs, API CSVs and yearly workbooks: docs/formats/ercot.md.
 * Time: Central Prevailing Time without an offset; hours are hours ending; DSTFlag or Repeated Hour Flag is Y in the second pass
 * through the repeated autumn hour and nowhere else. Rows of API answers stand in any order: only the flag decides.
 * Identity: the name. LZ and LZEW share names and are told apart by _EW. */
#include "base/decimal.h"
#include "markets/reader.h"

#include <stdio.h>

#define END                                                                                                        \
    {                                                                                                              \
        NULL, BB_IGNORED                                                                                           \
    }
#define DAY_AND_HOUR                                                                                               \
    { "DeliveryDate", BB_TIME_DATE }, { "HourEnding", BB_TIME_HOUR_ENDING }
#define DAY_AND_QUARTER                                                                                            \
    { "DeliveryDate", BB_TIME_DATE }, { "DeliveryHour", BB_TIME_HOUR_ENDING },                                     \
    {                                                                                                              \
        "DeliveryInterval", BB_TIME_INTERVAL                                                                       \
    }
#define DST_FLAG                                                                                                   \
    {                                                                                                              \
        "DSTFlag", BB_TIME_REPEATED, .optional = 1                                                                 \
    }
#define SCED_STAMP                                                                                                 \
    { "SCEDTimestamp", BB_TIME_LOCAL_BEGIN }, { "RepeatedHourFlag", BB_TIME_REPEATED, .either = 1 },               \
    {                                                                                                              \
        "repeatHourFlag", BB_TIME_REPEATED, .either = 1                                                            \
    }
#define MCPC                                                                                                       \
    { "MCPC", BB_AS_PRICE, .either = 1 }, { "CappedMCPC", BB_AS_PRICE, .either = 1 },                              \
        { "CAPPED_MCPC", BB_AS_PRICE, .either = 1 }, { "UncappedMCPC", BB_IGNORED, .optional = 1 },                \
    {                                                                                                              \
        "UNCAPPED_MCPC", BB_IGNORED, .optional = 1                                                                 \
    }

static const struct bb_column dam_spp_columns[] = {
    DAY_AND_HOUR, { "SettlementPoint", BB_LOCATION_NAME }, { "SettlementPointPrice", BB_PRICE_TOTAL }, DST_FLAG, END
};
static const struct bb_column rtm_spp_columns[] = { DAY_AND_QUARTER,
                                                    { "SettlementPointName", BB_LOCATION_NAME, .either = 1 },
                                                    { "SettlementPoint", BB_LOCATION_NAME, .either = 1 },
                                                    { "SettlementPointType", BB_LOCATION_TYPE },
                                                    { "SettlementPointPrice", BB_PRICE_TOTAL },
                                                    DST_FLAG,
                                                    END };
static const struct bb_column dam_bus_columns[] = {
    DAY_AND_HOUR, { "BusName", BB_LOCATION_NAME }, { "LMP", BB_PRICE_TOTAL }, DST_FLAG, END
};
static const struct bb_column sced_point_columns[] = { SCED_STAMP,
                                                       { "SettlementPoint", BB_LOCATION_NAME },
                                                       { "LMP", BB_PRICE_TOTAL },
                                                       { "RTDTimestamp", BB_FORBIDDEN },
                                                       END };
static const struct bb_column sced_bus_columns[] = { SCED_STAMP,
                                                     { "ElectricalBus", BB_LOCATION_NAME },
                                                     { "LMP", BB_PRICE_TOTAL, .either = 1 },
                                                     { "CappedLMP", BB_PRICE_TOTAL, .either = 1 },
                                                     { "UncappedLMP", BB_IGNORED, .optional = 1 },
                                                     END };
static const struct bb_column dam_lambda_columns[] = {
    DAY_AND_HOUR, { "SystemLambda", BB_PRICE_TOTAL }, DST_FLAG, END
};
static const struct bb_column sced_lambda_columns[] = { SCED_STAMP,
                                                        { "SystemLambda", BB_PRICE_TOTAL, .either = 1 },
                                                        { "CappedSystemLambda", BB_PRICE_TOTAL, .either = 1 },
                                                        { "UncappedSystemLambda", BB_IGNORED, .optional = 1 },
                                                        { "RTORPA", BB_FORBIDDEN },
                                                        { "RTOLCAP", BB_FORBIDDEN },
                                                        { "PRC", BB_FORBIDDEN },
                                                        END };
#define YEARLY_HOUR                                                                                                \
    { "Delivery Date", BB_TIME_DATE }, { "Hour Ending", BB_TIME_HOUR_ENDING },                                     \
    {                                                                                                              \
        "Repeated Hour Flag", BB_TIME_REPEATED                                                                     \
    }
static const struct bb_column yearly_dam_columns[] = {
    YEARLY_HOUR, { "Settlement Point", BB_LOCATION_NAME }, { "Settlement Point Price", BB_PRICE_TOTAL }, END
};
static const struct bb_column yearly_rtm_columns[] = { { "Delivery Date", BB_TIME_DATE },
                                                       { "Delivery Hour", BB_TIME_HOUR_ENDING },
                                                       { "Delivery Interval", BB_TIME_INTERVAL },
                                                       { "Repeated Hour Flag", BB_TIME_REPEATED },
                                                       { "Settlement Point Name", BB_LOCATION_NAME },
                                                       { "Settlement Point Type", BB_LOCATION_TYPE },
                                                       { "Settlement Point Price", BB_PRICE_TOTAL },
                                                       END };

static const struct bb_column dam_mcpc_columns[] = { DAY_AND_HOUR,
                                                     { "AncillaryType", BB_AS_PRODUCT, .either = 1 },
                                                     { "AncillaryServiceType", BB_AS_PRODUCT, .either = 1 },
                                                     { "MCPC", BB_AS_PRICE },
                                                     DST_FLAG,
                                                     { "SASMID", BB_FORBIDDEN },
                                                     END };
static const struct bb_column yearly_dam_mcpc_columns[] = { YEARLY_HOUR,
                                                            { "REGDN", BB_AS_WIDE_PRICE, .product = "REGDN" },
                                                            { "REGUP", BB_AS_WIDE_PRICE, .product = "REGUP" },
                                                            { "RRS", BB_AS_WIDE_PRICE, .product = "RRS" },
                                                            { "NSPIN", BB_AS_WIDE_PRICE, .product = "NSPIN" },
                                                            { "ECRS", BB_AS_WIDE_PRICE, .product = "ECRS",
                                                              .optional = 1 },
                                                            END };
static const struct bb_column rtm_mcpc_columns[] = { DAY_AND_QUARTER,
                                                     { "RepeatedHourFlag", BB_TIME_REPEATED, .either = 1 },
                                                     { "repeatHourFlag", BB_TIME_REPEATED, .either = 1 },
                                                     { "DSTFlag", BB_TIME_REPEATED, .either = 1 },
                                                     { "ASType", BB_AS_PRODUCT },
                                                     MCPC,
                                                     END };
static const struct bb_column sced_mcpc_columns[] = { SCED_STAMP, { "ASType", BB_AS_PRODUCT }, MCPC, END };
static const struct bb_column yearly_rtm_mcpc_columns[] = { { "Delivery Date", BB_TIME_DATE },
                                                            { "Delivery Hour", BB_TIME_HOUR_ENDING },
                                                            { "Delivery Interval", BB_TIME_INTERVAL },
                                                            { "AS Type", BB_AS_PRODUCT },
                                                            MCPC,
                                                            { "Repeated Hour Flag", BB_TIME_REPEATED },
                                                            END };
static const struct bb_column yearly_sced_mcpc_columns[] = { { "SCED Timestamp", BB_TIME_LOCAL_BEGIN },
                                                             { "Repeated Hour Flag", BB_TIME_REPEATED },
                                                             { "AS Type", BB_AS_PRODUCT },
                                                             MCPC,
                                                             END };

/* Look-alikes and reference files. */
static const struct bb_column rtd_columns[] = { { "RTDTimestamp", BB_IGNORED },
                                                { "IntervalEnding", BB_IGNORED },
                                                END };
static const struct bb_column correction_columns[] = { { "DeliveryDate", BB_IGNORED, .optional = 1 },
                                                       { "*Original", BB_IGNORED },
                                                       { "*Corrected", BB_IGNORED },
                                                       { "PriceCorrectionTime", BB_IGNORED },
                                                       END };
static const struct bb_column sasm_columns[] = {
    { "DeliveryDate", BB_IGNORED }, { "SASMID", BB_IGNORED }, { "MCPC", BB_IGNORED }, END
};
static const struct bb_column adder_columns[] = { { "DeliveryDate", BB_IGNORED },
                                                  { "DeliveryInterval", BB_IGNORED },
                                                  { "RTRSVPOR", BB_IGNORED },
                                                  { "RTRSVPOFF", BB_IGNORED },
                                                  END };
static const struct bb_column sced_adder_columns[] = {
    { "SCEDTimestamp", BB_IGNORED }, { "RTORPA", BB_IGNORED }, { "RTOLCAP", BB_IGNORED }, END
};
static const struct bb_column points_columns[] = { { "ELECTRICAL_BUS", BB_LOCATION_NAME },
                                                   { "PSSE_BUS_NAME", BB_IGNORED },
                                                   { "VOLTAGE_LEVEL", BB_LOCATION_VOLTAGE },
                                                   { "SUBSTATION", BB_IGNORED },
                                                   { "SETTLEMENT_LOAD_ZONE", BB_LOCATION_ZONE },
                                                   { "RESOURCE_NODE", BB_REFERENCE_ALSO },
                                                   { "HUB", BB_IGNORED },
                                                   END };
static const struct bb_column noie_columns[] = { { "PHYSICAL_LOAD", BB_LOCATION_NAME },
                                                 { "NOIE", BB_IGNORED },
                                                 { "VOLTAGE_NAME", BB_IGNORED },
                                                 { "ELECTRICAL_BUS", BB_IGNORED },
                                                 END };
static const struct bb_column units_columns[] = {
    { "RESOURCE_NODE", BB_LOCATION_NAME }, { "UNIT_SUBSTATION", BB_IGNORED }, { "UNIT_NAME", BB_IGNORED }, END
};
static const struct bb_column ccp_columns[] = { { "CCP_NAME", BB_LOCATION_NAME },
                                                { "LOGICALREOURCENODENAME", BB_IGNORED, .either = 1 },
                                                { "LOGICALRESOURCENODENAME", BB_IGNORED, .either = 1 },
                                                END };
static const struct bb_column names_columns[] = { { "NAME", BB_LOCATION_NAME }, END };

/* Energy-weighted prices carry the name of the zone whose price they are not. */
static const struct bb_word types[] = { { "RN", BB_TYPE_GEN },
                                        { "PCCRN", BB_TYPE_GEN },
                                        { "LCCRN", BB_TYPE_GEN },
                                        { "PUN", BB_TYPE_GEN },
                                        { "LZ", BB_TYPE_ZONE },
                                        { "LZEW", BB_TYPE_ZONE, "_EW" },
                                        { "HU", BB_TYPE_HUB },
                                        { "SH", BB_TYPE_HUB },
                                        { "AH", BB_TYPE_HUB },
                                        { "LZ_DC", BB_TYPE_DC_TIE },
                                        { "LZ_DCEW", BB_TYPE_DC_TIE, "_EW" },
                                        { NULL, 0 } };
static const struct bb_product products[] = { { "REGUP", BB_AS_REG_UP },     { "REGDN", BB_AS_REG_DOWN },
                                              { "RRS", BB_AS_SPIN },         { "NSPIN", BB_AS_NON_SPIN },
                                              { "ECRS", BB_AS_CONTINGENCY }, { NULL, NULL } };

static int begins(struct bb_str s, const char *with)
{
    size_t n = strlen(with);
    return s.n > n && memcmp(s.p, with, n) == 0;
}

/* Where no column says the type. DC2SES_ALL is a resource node: the ties are these five. */
static enum bb_type type_of_name(struct bb_str name, enum bb_type type)
{
    static const char *const ties[] = { "DC_E", "DC_L", "DC_N", "DC_R", "DC_S" };
    for (size_t i = 0; i < BB_ARRAY_LEN(ties); i++)
        if (bb_str_is(name, ties[i])) return BB_TYPE_DC_TIE;
    return begins(name, "HB_") ? BB_TYPE_HUB : begins(name, "LZ_") ? BB_TYPE_ZONE : type;
}

/* ---- stamps ---- */

/* The first Sunday of the month or the n-th after it. */
static int32_t sunday_of(int32_t year, int32_t month, int nth)
{
    int32_t first = bb_day_of((struct bb_date){ year, month, 1 });
    return first + (10 - first % 7) % 7 + 7 * nth; /* day 3 was a Sunday */
}

/* Central time for ordering postings, where no zone is at hand: the rule in force since 2007, older than any nodal price. */
static int64_t central_utc(struct bb_wall wall, int second_pass)
{
    int32_t year = bb_date_of(wall.day).year;
    int64_t standard = bb_wall_as_utc(wall) + 6 * 3600;
    int64_t from = ((int64_t)sunday_of(year, 3, 1) * 24 + 8) * 3600,
            to = ((int64_t)sunday_of(year, 11, 0) * 24 + 7) * 3600;
    int64_t in_summer = standard - 3600;
    if (in_summer < from || in_summer >= to) return standard;
    return second_pass && standard < to + 3600 && in_summer >= to - 3600 ? standard : in_summer;
}

/* The posting stamp of a portal name: "cdr.00012331.0000000000000000.20250804.123222.DAMSPNP4190.csv", also with milliseconds
 * or without the dot between day and time (yearly files). 0: none. */
static int64_t posting_stamp(struct bb_str name)
{
    for (size_t i = 0; i + 16 <= name.n; i++) {
        const char *p = name.p + i;
        size_t digits = 0;
        int32_t day;
        int second = 0;
        char clock[6];
        if (p[0] != '.' || bb_stamp_date(p + 1, 8, &day) != 0 || memchr(p + 1, '/', 8) || memchr(p + 1, '-', 8))
            continue;
        p += p[9] == '.' ? 10 : 9;
        while (p + digits < name.p + name.n && p[digits] >= '0' && p[digits] <= '9') digits++;
        if ((digits != 6 && digits != 9) || p[digits] != '.' || p + digits == name.p + name.n) continue;
        memcpy(clock, p, sizeof clock);
        for (int k = 0; k < 3; k++) {
            int part = (clock[2 * k] - '0') * 10 + clock[2 * k + 1] - '0';
            if (part >= (k == 0 ? 24 : 60)) part = -1;
            second = part < 0 || second < 0 ? -1 : second * 60 + part;
        }
        if (second < 0) continue;
        return central_utc((struct bb_wall){ day, second }, bb_str_find_nocase(name, BB_STR("xhr")) != NULL);
    }
    return 0;
}

/* The members of yearly archives have no stamp; the archive has. */
static int64_t posting_of(const struct bb_evidence *evidence)
{
    int64_t stamp = posting_stamp(evidence->name);
    if (stamp == 0) stamp = posting_stamp(evidence->member);
    return stamp ? stamp : posting_stamp(bb_path_base(evidence->path));
}

static int says_second(struct bb_str flag)
{
    return bb_str_eq_nocase(flag, BB_STR("Y")) || bb_str_eq_nocase(flag, BB_STR("true")) || bb_str_is(flag, "1");
}

static int small_number(struct bb_str s)
{
    double v;
    return bb_decimal_parse(s.p, s.n, &v) == BB_NUMBER_OK && v >= 1 && v <= 24 ? (int)v : 1;
}

/* When the first record's interval begins or its run was made; 0: no record. */
static int64_t first_stamp(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *binding)
{
    struct bb_str stamp = bb_sniff_field(sniff, format, binding, BB_TIME_LOCAL_BEGIN),
                  date = bb_sniff_field(sniff, format, binding, BB_TIME_DATE),
                  hour = bb_sniff_field(sniff, format, binding, BB_TIME_HOUR_ENDING),
                  number = bb_sniff_field(sniff, format, binding, BB_TIME_INTERVAL);
    int second_pass = says_second(bb_sniff_field(sniff, format, binding, BB_TIME_REPEATED));
    struct bb_wall wall = { 0, 0 };
    int hour_ending = 1, extra;
    if (stamp.n) {
        if (bb_stamp_wall(stamp.p, stamp.n, &wall) != 0) return 0;
    } else {
        if (bb_stamp_date(date.p, date.n, &wall.day) != 0) return 0;
        if (hour.n && bb_stamp_hour_ending(hour.p, hour.n, &hour_ending, &extra) != 0) return 0;
        wall.second = (BB_MIN(hour_ending, 24) - 1) * 3600 + (number.n ? (small_number(number) - 1) % 4 * 900 : 0);
    }
    return central_utc(wall, second_pass);
}

static int judge(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *binding,
                 struct bb_facts *facts, char why[200])
{
    struct bb_str header = bb_sniff_line(sniff, (size_t)binding->header_line), name = sniff->evidence->name;
    int64_t first = first_stamp(format, sniff, binding);
    int by_run = (format->flags & BB_FORMAT_FLOOR) != 0;
    int is_api = memmem(header.p, header.n, "deliveryDate", 12) || memmem(header.p, header.n, "repeatHourFlag", 14);
    if (bb_str_find_nocase(name, BB_STR("RTCMT")) || bb_str_find_nocase(name, BB_STR(".00004104."))) {
        snprintf(why, 200, "it comes from the RTC+B market trials, which are no prices of the market");
        return -1;
    }
    if (is_api) facts->order = BB_ORDER_NONE;
    snprintf(facts->variant, sizeof facts->variant, "%s",
             bb_str_find_nocase(bb_path_suffix(name), BB_STR(".xlsx")) ? "workbook"
             : is_api                                                  ? "API spelling"
                                                                       : "portal spelling");
    if (first > 0 && first < UINT32_MAX)
        facts->first_utc_s = (uint32_t)(by_run ? first - first % (format->minutes * 60) : first);
    /* Two runs of one slot: the later run wins, however late the earlier one was posted again. */
    facts->publication_utc_s = by_run && first > 0 ? first : posting_of(sniff->evidence);
    return 0;
}

/* One column called NAME is little evidence: the names must be ERCOT's. */
static int judge_names(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *binding,
                       struct bb_facts *facts, char why[200])
{
    struct bb_str name = bb_sniff_field(sniff, format, binding, BB_LOCATION_NAME);
    (void)facts;
    if (binding->n_fields == 1 && (begins(name, "DC_") || begins(name, "HB_"))) return 0;
    snprintf(why, 200, "it is no list of hubs and DC ties");
    return -1;
}

#define FLAG_RULE                                                                                                  \
    " in Central Prevailing Time; the flag is Y (true) in the second pass through the repeated autumn hour only; " \
    "row order never decides"
#define HOUR_RULE    "DeliveryDate and HourEnding (the hour [h-1, h))" FLAG_RULE
#define QUARTER_RULE "DeliveryDate, DeliveryHour (hour ending) and DeliveryInterval 1-4" FLAG_RULE
#define SCED_RULE    "SCEDTimestamp, put back to five minutes" FLAG_RULE "; of two runs in one slot the later wins"
#define CSV_LAYOUTS                                                                                                \
    "portal CSV (padded numbers, with or without DSTFlag), API CSV (camelCase, ISO dates, True/False, rows in "    \
    "any "                                                                                                         \
    "order)"
#define BOOK_LAYOUTS "workbook (xlsx, sheets by month), sheet saved as CSV (quoted thousands)"

#define ERCOT(id) .report = "ercot." id, .data_source = "ERCOT " id, .iso = BB_ERCOT, .default_version = 1
#define ENERGY(id, of, m, c)                                                                                       \
    ERCOT(id), .kind = BB_ENERGY, .market = of, .minutes = m, .shape = BB_FLAT, .columns = c, .judge = judge
#define ANCILLARY(id, of, m, how, c)                                                                               \
    ERCOT(id), .kind = BB_ANCILLARY, .market = of, .minutes = m, .shape = how, .columns = c, .judge = judge,       \
               .products = products, .as_region = "SYSTEM"
#define BY_NAME        .flags = BB_FORMAT_NAME_IS_ID, .default_type = BB_TYPE_GEN, .type_of = type_of_name
#define BY_TYPE        .flags = BB_FORMAT_NAME_IS_ID, .default_type = BB_TYPE_GEN, .types = types
#define REFUSED(id, c) ERCOT(id), .columns = c, .datasets = "none", .layouts = "as downloaded", .time_rule = "none"
#define REFERENCE(id, c)                                                                                           \
    ERCOT(id), .columns = c, .flags = BB_FORMAT_REFERENCE, .datasets = "none", .layouts = "as downloaded",         \
               .time_rule = "none"

static const struct bb_format formats[] = {
    { ENERGY("NP4-190", BB_DA, 60, dam_spp_columns), BY_NAME, .title = "DAM Settlement Point Prices",
      .names = "NP4190 NP4-190 12331 dam_prices dam_spp", .datasets = "da_energy_hourly",
      .file_names = "cdr.00012331.0000000000000000.YYYYMMDD.HHMMSS.DAMSPNP4190.csv, dam_prices_YYYY.csv",
      .layouts = CSV_LAYOUTS, .time_rule = HOUR_RULE },
    { ENERGY("NP6-905", BB_RT, 15, rtm_spp_columns), BY_TYPE,
      .title = "Settlement Point Prices at Resource Nodes, Hubs and Load Zones",
      .names = "NP6905 NP6-905 12301 rtm_prices rtm_spp", .datasets = "rt_energy_15min",
      .file_names =
          "cdr.00012301.0000000000000000.YYYYMMDD.HHMMSS.SPPHLZNP6905_YYYYMMDD_HHMM.csv, rtm_prices_YYYY.csv",
      .layouts = CSV_LAYOUTS, .time_rule = QUARTER_RULE },
    { ENERGY("NP4-180", BB_DA, 60, yearly_dam_columns), BY_NAME, .order = BB_ORDER_DAY, .max_preamble = 10,
      .title = "Historical DAM Load Zone and Hub Prices", .names = "DAMLZHBSPP 13060",
      .datasets = "da_energy_hourly", .file_names = "rpt.00013060.0000000000000000.DAMLZHBSPP_YYYY.xlsx",
      .layouts = BOOK_LAYOUTS, .time_rule = HOUR_RULE },
    { ENERGY("NP6-785", BB_RT, 15, yearly_rtm_columns), BY_TYPE, .order = BB_ORDER_DAY, .max_preamble = 10,
      .title = "Historical RTM Load Zone and Hub Prices", .names = "RTMLZHBSPP 13061",
      .datasets = "rt_energy_15min", .file_names = "rpt.00013061.0000000000000000.RTMLZHBSPP_YYYY.xlsx",
      .layouts = BOOK_LAYOUTS, .time_rule = QUARTER_RULE "; a row without hour and interval is rejected" },
    { ENERGY("NP4-183", BB_DA, 60, dam_bus_columns), .flags = BB_FORMAT_NAME_IS_ID, .default_type = BB_TYPE_BUS,
      .title = "DAM Hourly LMPs", .names = "NP4183 NP4-183 12328", .datasets = "da_energy_hourly",
      .file_names = "cdr.00012328.0000000000000000.YYYYMMDD.HHMMSS.DAMHRLMPNP4183.csv", .layouts = CSV_LAYOUTS,
      .time_rule = HOUR_RULE },
    { ENERGY("NP6-788", BB_RT, 5, sced_point_columns), .flags = BB_FORMAT_NAME_IS_ID | BB_FORMAT_FLOOR,
      .default_type = BB_TYPE_GEN, .type_of = type_of_name,
      .title = "LMPs by Resource Nodes, Load Zones and Trading Hubs", .names = "NP6788 NP6-788 12300",
      .datasets = "rt_energy_5min",
      .file_names = "cdr.00012300.0000000000000000.YYYYMMDD.HHMMSS.LMPSROSNODENP6788_YYYYMMDD_HHMMSS.csv",
      .layouts = CSV_LAYOUTS, .time_rule = SCED_RULE },
    { ENERGY("NP6-787", BB_RT, 5, sced_bus_columns), .flags = BB_FORMAT_NAME_IS_ID | BB_FORMAT_FLOOR,
      .default_type = BB_TYPE_BUS, .title = "LMPs by Electrical Bus", .names = "NP6787 NP6-787 11485",
      .datasets = "rt_energy_5min", .file_names = "cdr.00011485.0000000000000000.YYYYMMDD.HHMMSS.…NP6787_….csv",
      .layouts = CSV_LAYOUTS "; capped and uncapped columns since autumn 2026: the capped one is stored",
      .time_rule = SCED_RULE },
    { ENERGY("NP4-523", BB_DA, 60, dam_lambda_columns), .flags = BB_FORMAT_NAME_IS_ID,
      .default_type = BB_TYPE_SYSTEM, .only_location = "SYSTEM_LAMBDA", .title = "DAM System Lambda",
      .names = "NP4523 NP4-523 13113", .datasets = "da_energy_hourly",
      .file_names = "cdr.00013113.0000000000000000.YYYYMMDD.HHMMSS.…NP4523.csv", .layouts = CSV_LAYOUTS,
      .time_rule = HOUR_RULE },
    { ENERGY("NP6-322", BB_RT, 5, sced_lambda_columns), .flags = BB_FORMAT_NAME_IS_ID | BB_FORMAT_FLOOR,
      .default_type = BB_TYPE_SYSTEM, .only_location = "SYSTEM_LAMBDA", .title = "SCED System Lambda",
      .names = "NP6322 NP6-322 13114", .datasets = "rt_energy_5min",
      .file_names = "cdr.00013114.0000000000000000.YYYYMMDD.HHMMSS.SCEDSYSLAMBDANP6322_YYYYMMDD_HHMMSS.csv",
      .layouts = CSV_LAYOUTS "; capped and uncapped columns since October 2026: the capped one is stored",
      .time_rule = SCED_RULE },

    { ANCILLARY("NP4-188", BB_DA, 60, BB_FLAT, dam_mcpc_columns), .title = "DAM Clearing Prices for Capacity",
      .names = "NP4188 NP4-188 12329", .datasets = "da_as_hourly",
      .file_names = "cdr.00012329.0000000000000000.YYYYMMDD.HHMMSS.DAMCPCNP4188.csv", .layouts = CSV_LAYOUTS,
      .time_rule = HOUR_RULE },
    { ANCILLARY("NP4-181", BB_DA, 60, BB_WIDE_AS, yearly_dam_mcpc_columns), .order = BB_ORDER_DAY,
      .max_preamble = 10, .title = "Historical DAM Clearing Prices for Capacity", .names = "DAMASMCPC 13091",
      .datasets = "da_as_hourly",
      .file_names = "rpt.00013091.0000000000000000.YYYYMMDDHHMMSS.DAMASMCPC_YYYY.csv, .xlsx",
      .layouts = "CSV, workbook since October 2026; ECRS empty or missing before June 2023",
      .time_rule = HOUR_RULE },
    { ANCILLARY("NP6-331", BB_RT, 15, BB_FLAT, rtm_mcpc_columns),
      .title = "Real-Time Clearing Prices for Capacity by 15-minute interval", .names = "NP6331 NP6-331 24898",
      .datasets = "rt_as_15min", .file_names = "cdr.00024898.0000000000000000.YYYYMMDD.HHMMSS.…NP6331_….csv",
      .layouts = CSV_LAYOUTS, .time_rule = QUARTER_RULE },
    { ANCILLARY("NP6-332", BB_RT, 5, BB_FLAT, sced_mcpc_columns), .flags = BB_FORMAT_FLOOR,
      .title = "Real-Time Clearing Prices for Capacity by SCED interval", .names = "NP6332 NP6-332 24891",
      .datasets = "rt_as_5min", .file_names = "cdr.00024891.0000000000000000.YYYYMMDD.HHMMSS.…NP6332_….csv",
      .layouts = CSV_LAYOUTS "; capped and uncapped columns since autumn 2026: the capped one is stored",
      .time_rule = SCED_RULE },
    { ANCILLARY("NP6-796", BB_RT, 15, BB_FLAT, yearly_rtm_mcpc_columns), .order = BB_ORDER_DAY, .max_preamble = 10,
      .title = "Historical real-time clearing prices for capacity by 15-minute interval",
      .names = "15Min_RTM_MCPC NP6-796", .datasets = "rt_as_15min", .file_names = "…HIST_15Min_RTM_MCPC_YYYY.xlsx",
      .layouts = BOOK_LAYOUTS, .time_rule = QUARTER_RULE },
    { ANCILLARY("NP6-795", BB_RT, 5, BB_FLAT, yearly_sced_mcpc_columns), .order = BB_ORDER_DAY, .max_preamble = 10,
      .flags = BB_FORMAT_FLOOR, .title = "Historical real-time clearing prices for capacity by SCED interval",
      .names = "SCED_MCPC NP6-795 25569", .datasets = "rt_as_5min", .file_names = "…SCED_MCPC_YYYY.xlsx",
      .layouts = BOOK_LAYOUTS, .time_rule = SCED_RULE },

    { REFUSED("NP6-970", rtd_columns), .title = "RTD indicative LMPs", .names = "NP6970",
      .file_names = "…RTDLMPRNLZHUBNP6970_….csv",
      .refusal = "it holds forecasts of the look-ahead dispatch, which nobody settles; use NP6-788 or NP6-905" },
    { REFUSED("NP4-196", correction_columns), .title = "ERCOT's list of corrected prices", .names = "NP4196 NP4197",
      .file_names = "…NP4196….csv, …NP4197….csv",
      .refusal = "it lists old and new values side by side; for hubs and zones use the yearly files (NP4-180, "
                 "NP6-785), which hold the corrected prices" },
    { REFUSED("NP6-569", sasm_columns), .title = "SASM clearing prices for capacity", .names = "NP6569",
      .file_names = "…NP6569….csv",
      .refusal =
          "prices of the supplemental ancillary services market are neither day-ahead nor real-time ones; use "
          "NP4-188 or NP6-331" },
    { REFUSED("NP6-324", adder_columns), .title = "real-time price adders by 15-minute interval", .names = "NP6324",
      .file_names = "…NP6324….csv",
      .refusal = "adders are no prices of their own; NP6-905 holds the settlement point prices that include them" },
    { REFUSED("NP6-323", sced_adder_columns), .title = "real-time price adders by SCED interval", .names = "NP6323",
      .file_names = "…NP6323….csv",
      .refusal = "adders are no prices of their own; NP6-905 holds the settlement point prices that include them" },

    { REFERENCE("Settlement_Points", points_columns), .title = "Settlement points and electrical buses (NP4-160)",
      .names = "Settlement_Points", .file_names = "Settlement_Points_MMDDYYYY_HHMMSS.csv" },
    { REFERENCE("NOIE_Mapping", noie_columns), .title = "Loads of non-opt-in entities (NP4-160)",
      .names = "NOIE_Mapping", .file_names = "NOIE_Mapping_MMDDYYYY_HHMMSS.csv" },
    { REFERENCE("Resource_Node_to_Unit", units_columns), .title = "Resource nodes and units (NP4-160)",
      .names = "Resource_Node_to_Unit", .file_names = "Resource_Node_to_Unit_MMDDYYYY_HHMMSS.csv" },
    { REFERENCE("CCP_Resource_Names", ccp_columns), .title = "Combined-cycle plants (NP4-160)",
      .names = "CCP_Resource_Names", .file_names = "CCP_Resource_Names_MMDDYYYY_HHMMSS.csv" },
    { REFERENCE("Hub_Name_AND_DC_Ties", names_columns), .title = "Hubs and DC ties (NP4-160)", .judge = judge_names,
      .names = "Hub_Name_AND_DC_Ties", .file_names = "Hub_Name_AND_DC_Ties_MMDDYYYY_HHMMSS.csv" },
};

const struct bb_market_table bb_market_ercot = { BB_ERCOT, formats, BB_ARRAY_LEN(formats) };
