/* MISO, daily market reports: docs/formats/miso.md.
 * Time: Eastern Standard Time all year; HE h is the hour from h-1 to h. The day stands in the preamble or the name.
 * One record is one component of one node with 24 hours; energy = LMP - MCC - MLC is derived where the three meet. */
#include "markets/reader.h"

#include <stdio.h>

static const struct bb_column lmp_columns[] = { { "Node", BB_LOCATION_NAME },   { "Type", BB_LOCATION_TYPE },
                                                { "Value", BB_COMPONENT },      { "HE 1", BB_HOUR_VALUES },
                                                { "MARKET_DAY", BB_FORBIDDEN }, { NULL, BB_IGNORED } };
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

static int holds(struct bb_str s, const char *word) { return bb_str_find_nocase(s, bb_str_of(word)) != NULL; }

enum posting { NONE, DA_EXPOST, DA_EXANTE, RT, RT_FINAL, RT_PRELIM };

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
    return NONE;
}

static void settle_day(const struct bb_sniff *sniff, const struct bb_binding *binding, struct bb_facts *facts)
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
    settle_day(sniff, binding, facts);
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

#define EST_RULE "Eastern Standard Time all year; HE h is [h-1, h); the day stands in the preamble or the file name"
#define LAYOUTS                                                                                                    \
    "preamble plain, padded with commas, or absent (hubs_only files); HE 1 or HE1; numbers with $, thousands, no " \
    "leading zero"
#define MISO_FLAGS (BB_FORMAT_LOOSE | BB_FORMAT_DERIVE_ENERGY | BB_FORMAT_NAME_IS_ID)
#define DAILY(id)                                                                                                  \
    .report = "miso." id, .data_source = "MISO " id, .iso = BB_MISO, .kind = BB_ENERGY, .minutes = 60,             \
    .shape = BB_WIDE_LONG, .order = BB_ORDER_DAY, .columns = lmp_columns, .max_preamble = 10, .types = types,      \
    .type_of = type_of, .components = components, .names = id, .judge = judge_posting, .layouts = LAYOUTS,         \
    .time_rule = EST_RULE, .file_names = "YYYYMMDD_" id ".csv, YYYYMMDD_" id "_hubs_only.csv"

static const struct bb_format formats[] = {
    { DAILY("da_expost_lmp"), .title = "Day Ahead Market ExPost LMPs", .market = BB_DA, .default_version = 1,
      .flags = MISO_FLAGS, .datasets = "da_energy_hourly" },
    { DAILY("da_exante_lmp"), .title = "Day Ahead Market ExAnte LMPs", .market = BB_DA_EXANTE, .default_version = 1,
      .flags = MISO_FLAGS, .datasets = "da_exante_energy_hourly" },
    { DAILY("rt_lmp_final"), .title = "Realtime Market LMPs, final", .market = BB_RT, .default_version = 2,
      .flags = MISO_FLAGS, .datasets = "rt_energy_hourly" },
    { DAILY("rt_lmp_prelim"), .title = "Realtime Market LMPs, preliminary", .market = BB_RT, .default_version = 1,
      .flags = MISO_FLAGS | BB_FORMAT_PRELIMINARY, .datasets = "rt_energy_hourly" },
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
