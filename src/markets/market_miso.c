/* MISO, LMP reports: docs/formats/miso.md. Ancillary prices: market_miso_as.c.
 * Time: Eastern Standard Time all year; HE h is the hour from h-1 to h. The day stands in the preamble or the name.
 * In hourly reports one record is one component of one node with 24 hours; energy = LMP - MCC - MLC is derived where the
 * three meet. The five-minute reports have one record per interval and node, without MEC as well. */
#include "markets/market_miso.h"

#include <stdio.h>

static const struct bb_column lmp_columns[] = { { "Node", BB_LOCATION_NAME },   { "Type", BB_LOCATION_TYPE },
                                                { "Value", BB_COMPONENT },      { "HE 1", BB_HOUR_VALUES },
                                                { "MARKET_DAY", BB_FORBIDDEN }, { NULL, BB_IGNORED } };
/* clang-format off */
#define CONGESTION(x) { x, BB_PRICE_CONGESTION, .either = 1 }
#define LOSS(x)       { x, BB_PRICE_LOSS, .either = 1 }
/* clang-format on */
static const struct bb_column weekly_columns[] = { { "MKTHOUR_EST", BB_TIME_LOCAL_BEGIN },
                                                   { "PNODENAME", BB_LOCATION_NAME },
                                                   { "LMP", BB_PRICE_TOTAL },
                                                   CONGESTION("CON_LMP"),
                                                   CONGESTION("MCC_LMP"),
                                                   LOSS("LOSS_LMP"),
                                                   LOSS("MLC_LMP"),
                                                   { "PRICINGTYPE", BB_FORBIDDEN },
                                                   { NULL, BB_IGNORED } };
static const struct bb_column reporter_columns[] = {
    { "INTERVAL", BB_TIME_LOCAL_BEGIN }, { "CPNODE", BB_LOCATION_NAME },
    { "LMP", BB_PRICE_TOTAL },           { "MLC", BB_PRICE_LOSS },
    { "MCC", BB_PRICE_CONGESTION },      { NULL, BB_IGNORED }
};
static const struct bb_column quarterly_columns[] = { { "MARKET_DAY", BB_TIME_DATE }, { "NODE", BB_LOCATION_NAME },
                                                      { "TYPE", BB_LOCATION_TYPE },   { "VALUE", BB_COMPONENT },
                                                      { "HE1", BB_HOUR_VALUES },      { NULL, BB_IGNORED } };
static const struct bb_column long_hourly_columns[] = { { "PNODENAME", BB_LOCATION_NAME },
                                                        { "MKTHOUR_EST", BB_IGNORED },
                                                        { "LMP", BB_IGNORED },
                                                        { "CONGESTIONLMP", BB_IGNORED },
                                                        { "LOSSLMP", BB_IGNORED },
                                                        { "PRICINGTYPE", BB_IGNORED },
                                                        { NULL, BB_IGNORED } };
static const struct bb_column epnode_columns[] = {
    { "EPNode", BB_LOCATION_NAME }, { "Value", BB_COMPONENT }, { "HE 1", BB_HOUR_VALUES }, { NULL, BB_IGNORED }
};

static const struct bb_word types[] = { { "Hub", BB_TYPE_AGGREGATE },
                                        { "Loadzone", BB_TYPE_ZONE },
                                        { "Interface", BB_TYPE_INTERFACE },
                                        { "Gennode", BB_TYPE_GEN },
                                        { NULL, 0 } };
static const struct bb_word components[] = { { "LMP", BB_VALUE_TOTAL },
                                             { "MCC", BB_VALUE_CONGESTION },
                                             { "MLC", BB_VALUE_LOSS },
                                             { "MEC", BB_VALUE_ENERGY },
                                             { NULL, 0 } };

/* MISO's word Hub covers hundreds of aggregates; the trading hubs are those whose name says so. */
static enum bb_type type_of(struct bb_str name, enum bb_type type)
{
    if (type == BB_TYPE_AGGREGATE && name.n > 4 && memcmp(name.p + name.n - 4, ".HUB", 4) == 0) return BB_TYPE_HUB;
    return type;
}

/* Five-minute files have no types; until another file of the lake knows more, only the hubs are told by their names. */
static enum bb_type type_by_name(struct bb_str name, enum bb_type type)
{
    return name.n > 4 && memcmp(name.p + name.n - 4, ".HUB", 4) == 0 ? BB_TYPE_HUB : type;
}

static int holds(struct bb_str s, const char *word) { return bb_str_find_nocase(s, bb_str_of(word)) != NULL; }

enum posting { NONE, DA_BEFORE_2015, DA_EXPOST, DA_EXANTE, RT, RT_FINAL, RT_PRELIM };

static enum posting posting_of_title(const struct bb_sniff *sniff, int n_lines)
{
    for (int i = 0; i < n_lines; i++) {
        struct bb_str line = bb_sniff_line(sniff, (size_t)i);
        if (holds(line, "expost")) return DA_EXPOST;
        if (holds(line, "exante")) return DA_EXANTE;
        if (holds(line, "realtime") || holds(line, "real-time") || holds(line, "real time")) return RT;
    }
    return NONE;
}

static enum posting posting_of_name(struct bb_str name)
{
    if (holds(name, "da_expost")) return DA_EXPOST;
    if (holds(name, "da_exante")) return DA_EXANTE;
    if (holds(name, "rt_lmp_final") || holds(name, "rt_final")) return RT_FINAL;
    if (holds(name, "rt_lmp_prelim") || holds(name, "rt_prelim")) return RT_PRELIM;
    if (holds(name, "da_lmp")) return DA_BEFORE_2015;
    return NONE;
}

void bb_miso_settle_day(const struct bb_sniff *sniff, const struct bb_binding *binding, struct bb_facts *facts)
{
    struct bb_str fields[4];
    int32_t in_name = 0, in_text = 0;
    int named = bb_name_day(sniff->evidence->name, &in_name), written = 0;
    for (int i = 0; i < binding->header_line && !written; i++) {
        struct bb_str line = bb_sniff_line(sniff, (size_t)i);
        size_t n = BB_MIN(bb_line_fields(line, fields, 4), (size_t)4);
        if (n && fields[0].n) written = bb_stamp_date(fields[0].p, fields[0].n, &in_text) == 0;
    }
    if (!named && !written) {
        snprintf(
            facts->doubt, sizeof facts->doubt,
            "neither the lines before the header nor the file's name say which day it is; name it YYYYMMDD_…csv");
        return;
    }
    if (named && written && in_name != in_text) {
        struct bb_date a = bb_date_of(in_name), b = bb_date_of(in_text);
        snprintf(facts->doubt, sizeof facts->doubt,
                 "its name says %04d-%02d-%02d and its text %04d-%02d-%02d; one of them is wrong", (int)a.year,
                 (int)a.month, (int)a.day, (int)b.year, (int)b.month, (int)b.day);
        return;
    }
    facts->day_known = 1;
    facts->day = written ? in_text : in_name;
    if (facts->day > 0 && facts->day < 49000) facts->first_utc_s = (uint32_t)facts->day * 86400u + 5u * 3600u;
}

static int judge_posting(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *binding,
                         struct bb_facts *facts, char why[200])
{
    enum posting mine = posting_of_name(bb_str_of(format->report + 5)), title, name;
    int mine_is_rt = mine == RT_FINAL || mine == RT_PRELIM;
    title = posting_of_title(sniff, binding->header_line);
    name = posting_of_name(sniff->evidence->name);
    if (name == NONE && title == RT) {
        if (holds(sniff->evidence->name, "prelim"))
            name = RT_PRELIM;
        else if (holds(sniff->evidence->name, "final"))
            name = RT_FINAL;
        else
            name = posting_of_name(sniff->evidence->path);
    }
    if (title == NONE && name == NONE) name = posting_of_name(sniff->evidence->path);
    if (title == NONE && name == NONE && !sniff->evidence->forced_report) {
        snprintf(why, 200,
                 "neither a title nor its name tells ex-post, ex-ante, final and preliminary prices apart; "
                 "give it its usual name or use --report");
        return -1;
    }
    if (title != NONE && (title == RT ? !mine_is_rt : title != mine)) {
        snprintf(why, 200, "its title is that of another report");
        return -1;
    }
    if (title == NONE && name != NONE && name != mine) {
        snprintf(why, 200, "its name is that of another report");
        return -1;
    }
    bb_miso_settle_day(sniff, binding, facts);
    if (mine == DA_BEFORE_2015 && facts->day >= 16495) { /* 2015-03-01 */
        snprintf(why, 200, "since March 2015 the day-ahead prices are ex-post and ex-ante ones");
        return -1;
    }
    snprintf(facts->variant, sizeof facts->variant, "%s",
             binding->header_line == 0 ? "without preamble" : "with preamble");
    if (name != NONE && name != mine) {
        int name_is_rt = name == RT_FINAL || name == RT_PRELIM;
        if (mine_is_rt && name_is_rt) {
            snprintf(why, 200, "its name is that of another report");
            return -1;
        }
        snprintf(facts->doubt, sizeof facts->doubt,
                 "its title and its name are those of different reports; one of them is wrong");
    }
    if (title != NONE)
        snprintf(why, 200, "title");
    else if (name == mine)
        snprintf(why, 200, "name");
    return (title != NONE ? 16 : 0) + (name == mine ? 4 : 0);
}

static void note_first(struct bb_sniff *sniff, const struct bb_format *format, const struct bb_binding *binding,
                       enum bb_role role, struct bb_facts *facts)
{
    struct bb_str text = bb_sniff_field(sniff, format, binding, role);
    struct bb_wall wall;
    if (text.n && bb_stamp_wall(text.p, text.n, &wall) == 0 && wall.day > 0 && wall.day < 49000)
        facts->first_utc_s = (uint32_t)(bb_wall_as_utc(wall) + 5 * 3600);
}

/* The date in the name is that of the posting, two weeks after the first day of the week it holds. */
static int judge_weekly(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *binding,
                        struct bb_facts *facts, char why[200])
{
    int32_t day;
    (void)why;
    note_first(sniff, format, binding, BB_TIME_LOCAL_BEGIN, facts);
    if (bb_name_day(sniff->evidence->name, &day)) facts->publication_utc_s = (int64_t)day * 86400;
    snprintf(facts->variant, sizeof facts->variant, "%s",
             binding->header_line == 0 ? "saved again without preamble" : "with preamble");
    return 0;
}

static int judge_reporter(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *binding,
                          struct bb_facts *facts, char why[200])
{
    (void)why;
    note_first(sniff, format, binding, BB_TIME_LOCAL_BEGIN, facts);
    return 0;
}

/* Day-ahead and real-time bundles have one layout; the archive's name or the member's tells them apart. */
static int judge_bundle(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *binding,
                        struct bb_facts *facts, char why[200])
{
    const struct bb_evidence *e = sniff->evidence;
    const char *mine = format->market == BB_RT ? "RT_LMP" : "DA_LMP",
               *other = format->market == BB_RT ? "DA_LMP" : "RT_LMP";
    struct bb_str places[3] = { e->name, e->member, bb_path_base(e->path) };
    note_first(sniff, format, binding, BB_TIME_DATE, facts);
    for (int i = 0; i < 3; i++) {
        if (holds(places[i], mine)) {
            snprintf(why, 200, "name");
            return 16;
        }
        if (holds(places[i], other)) {
            snprintf(why, 200, "its name is that of another report");
            return -1;
        }
    }
    return 0;
}

#define LAYOUTS                                                                                                    \
    "preamble plain, padded with commas, or absent (hubs_only files); HE 1 or HE1; numbers with $, thousands, no " \
    "leading zero"
#define MISO_FLAGS  (BB_FORMAT_LOOSE | BB_FORMAT_DERIVE_ENERGY | BB_FORMAT_NAME_IS_ID)
#define DAILY_FLAGS (MISO_FLAGS | BB_FORMAT_SEQUENTIAL)
#define STAMP_RULE  "Eastern Standard Time all year; the stamp is the beginning of the interval"
#define BUNDLE(id)                                                                                                 \
    .report = "miso." id, .data_source = "MISO " id, .iso = BB_MISO, .kind = BB_ENERGY, .minutes = 60,             \
    .shape = BB_WIDE_LONG, .order = BB_ORDER_DAY, .columns = quarterly_columns, .max_preamble = 10,                \
    .flags = MISO_FLAGS, .types = types, .type_of = type_of, .components = components, .names = id,                \
    .judge = judge_bundle, .layouts = "lines before the header or none; numbers with quoted thousands",            \
    .time_rule = "Eastern Standard Time all year; HE h is [h-1, h) of MARKET_DAY",                                 \
    .file_names = "YYYY-Mon-Mon_" id ".zip, YYYY_Mon-Mon_" id ".zip"
#define DAILY(id)                                                                                                  \
    .report = "miso." id, .data_source = "MISO " id, .iso = BB_MISO, .kind = BB_ENERGY, .minutes = 60,             \
    .shape = BB_WIDE_LONG, .order = BB_ORDER_DAY, .columns = lmp_columns, .max_preamble = 10, .types = types,      \
    .type_of = type_of, .components = components, .names = id, .judge = judge_posting, .layouts = LAYOUTS,         \
    .time_rule = BB_MISO_EST_RULE, .file_names = "YYYYMMDD_" id ".csv, YYYYMMDD_" id "_hubs_only.csv"

static const struct bb_format formats[] = {
    { DAILY("da_expost_lmp"), .title = "Day Ahead Market ExPost LMPs", .market = BB_DA, .default_version = 1,
      .flags = DAILY_FLAGS, .datasets = "da_energy_hourly" },
    { DAILY("da_exante_lmp"), .title = "Day Ahead Market ExAnte LMPs", .market = BB_DA_EXANTE, .default_version = 1,
      .flags = DAILY_FLAGS, .datasets = "da_exante_energy_hourly" },
    { DAILY("rt_lmp_final"), .title = "Realtime Market LMPs, final", .market = BB_RT, .default_version = 2,
      .flags = DAILY_FLAGS, .datasets = "rt_energy_hourly" },
    { DAILY("rt_lmp_prelim"), .title = "Realtime Market LMPs, preliminary", .market = BB_RT, .default_version = 1,
      .flags = DAILY_FLAGS | BB_FORMAT_PRELIMINARY, .datasets = "rt_energy_hourly" },
    { DAILY("da_lmp"), .title = "Day Ahead Market LMPs, until February 2015", .market = BB_DA, .default_version = 1,
      .flags = DAILY_FLAGS, .datasets = "da_energy_hourly" },
    { BUNDLE("DA_LMPs"), .title = "Historical Day-Ahead LMPs, a quarter of a year", .market = BB_DA,
      .default_version = 1, .datasets = "da_energy_hourly" },
    { BUNDLE("RT_LMPs"), .title = "Historical Real-Time LMPs, a quarter of a year", .market = BB_RT,
      .default_version = 2, .datasets = "rt_energy_hourly" },
    { .report = "miso.5MIN_LMP",
      .data_source = "MISO 5MIN_LMP",
      .title = "Weekly Real-Time 5-Min LMP",
      .iso = BB_MISO,
      .market = BB_RT,
      .kind = BB_ENERGY,
      .minutes = 5,
      .shape = BB_FLAT,
      .order = BB_ORDER_TIME,
      .flags = MISO_FLAGS,
      .default_version = 2,
      .columns = weekly_columns,
      .max_preamble = 10,
      .max_footer = 8,
      .type_of = type_by_name,
      .names = "5MIN_LMP",
      .judge = judge_weekly,
      .datasets = "rt_energy_5min",
      .file_names = "YYYYMMDD_5MIN_LMP.zip, YYYYMMDD_5MIN_LMP.csv",
      .layouts = "preamble and footer, or saved again without them; CON_LMP or MCC_LMP, LOSS_LMP or MLC_LMP",
      .time_rule = STAMP_RULE ". The date in the name is the posting's and is not used" },
    { .report = "miso.BIReporter",
      .data_source = "MISO BIReporter",
      .title = "Real-Time 5-Min LMP, preliminary (BI reporter)",
      .iso = BB_MISO,
      .market = BB_RT,
      .kind = BB_ENERGY,
      .minutes = 5,
      .shape = BB_FLAT,
      .order = BB_ORDER_TIME,
      .flags = MISO_FLAGS | BB_FORMAT_PRELIMINARY,
      .default_version = 1,
      .columns = reporter_columns,
      .max_preamble = 10,
      .type_of = type_by_name,
      .names = "currentinterval rollingmarketday previousmarketday rt_5min",
      .judge = judge_reporter,
      .datasets = "rt_energy_5min",
      .file_names = "YYYYMMDD_currentinterval.csv, YYYYMMDD_rollingmarketday.csv, YYYYMMDD_previousmarketday.csv",
      .layouts = "columns in any order",
      .time_rule = STAMP_RULE },
    { .report = "miso.RT_LMP_Hourly",
      .data_source = "MISO RT_LMP_Hourly",
      .title = "MISO's long hourly real-time file with PRICINGTYPE",
      .iso = BB_MISO,
      .columns = long_hourly_columns,
      .max_preamble = 10,
      .flags = BB_FORMAT_LOOSE,
      .refusal =
          "nothing says which of its pricing types settled and whether its stamps begin or end the hour; use "
          "rt_lmp_final or the quarterly RT_LMPs",
      .datasets = "none",
      .file_names = "RT LMP HourlyNNNNNN.csv",
      .layouts = "as downloaded",
      .time_rule = "none" },
    { .report = "miso.load_epnodes",
      .data_source = "MISO Load_EPNodes",
      .title = "MISO's EPNode price file",
      .iso = BB_MISO,
      .columns = epnode_columns,
      .max_preamble = 10,
      .flags = BB_FORMAT_LOOSE,
      .refusal = "its electrical nodes are another name space than the pricing nodes; use the LMP reports",
      .datasets = "none",
      .file_names = "DA_Load_EPNodes_YYYYMMDD.zip",
      .layouts = "as downloaded",
      .time_rule = "none" },
};

const struct bb_market_table bb_market_miso = { BB_MISO, formats, BB_ARRAY_LEN(formats) };
