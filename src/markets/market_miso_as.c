/* MISO, ancillary prices (ASM MCP): docs/formats/miso.md. Time as in market_miso.c.
 * A file has two tables: the system's prices, then each resource with the price of its reserve zone. The zone's prices are
 * what is kept. The titles do not tell ex-post, ex-ante, final and preliminary files apart: the names do. */
#include "markets/market_miso.h"

#include <stdio.h>

static const struct bb_column columns[] = { { "MCP Type", BB_AS_PRODUCT },
                                            { "Zone", BB_AS_REGION, .beside = -1 },
                                            { "Pnode", BB_IGNORED, .beside = -1 },
                                            { "HE 1", BB_HOUR_VALUES },
                                            { NULL, BB_IGNORED } };

static const struct bb_product products[] = { { "GENREGMCP", BB_AS_REG },
                                              { "DEMREGMCP", BB_AS_REG },
                                              { "SERREGMCP", BB_AS_REG },
                                              { "GENSPINMCP", BB_AS_SPIN },
                                              { "DEMSPINMCP", BB_AS_SPIN },
                                              { "GENSUPPMCP", BB_AS_SUPPLEMENTAL },
                                              { "DEMSUPPMCP", BB_AS_SUPPLEMENTAL },
                                              { "REGMILEAGEMCP", BB_AS_REG_MILEAGE, .unit = BB_AS_PER_MW_MILE },
                                              { NULL, NULL } };
static const struct bb_region regions[] = { { "-", "MISO" }, { NULL, NULL } };

static int holds(struct bb_str s, const char *word) { return bb_str_find_nocase(s, bb_str_of(word)) != NULL; }

/* 1, 0: its name says that it is this report, another one; -1: its name says nothing. */
static int name_says(struct bb_str name, const struct bb_format *format)
{
    static const char *const words[][3] = { { "asm_expost_damcp", "asm_da_expost", "da_expost_asm" },
                                            { "asm_exante_damcp", "asm_da_exante", "da_exante_asm" },
                                            { "asm_rtmcp_final", "asm_rt_final", "rt_final_asm" },
                                            { "asm_rtmcp_prelim", "asm_rt_prelim", "rt_prelim_asm" },
                                            { "asm_damcp", "asm_damcp", "asm_damcp" } };
    for (size_t i = 0; i < BB_ARRAY_LEN(words); i++)
        for (int k = 0; k < 3; k++)
            if (holds(name, words[i][k])) return strcmp(format->report + 5, words[i][0]) == 0;
    return -1;
}

static int judge(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *binding,
                 struct bb_facts *facts, char why[200])
{
    int named = name_says(sniff->evidence->name, format), title_rt = 0, title_da = 0;
    if (named < 0) named = name_says(sniff->evidence->path, format);
    for (int i = 0; i < binding->header_line; i++) {
        title_rt |= holds(bb_sniff_line(sniff, (size_t)i), "real time market");
        title_da |= holds(bb_sniff_line(sniff, (size_t)i), "dayahead market");
    }
    if (named == 0) {
        snprintf(why, 200, "its name is that of another report");
        return -1;
    }
    if (named < 0 && !sniff->evidence->forced_report) {
        snprintf(
            why, 200,
            "nothing in it tells ex-post, ex-ante, final and preliminary prices apart; give it its usual name or "
            "use --report");
        return -1;
    }
    bb_miso_settle_day(sniff, binding, facts);
    if (format->market == BB_RT ? title_da : title_rt)
        snprintf(facts->doubt, sizeof facts->doubt,
                 "its title and its name are those of different reports; one of them is wrong");
    snprintf(why, 200, "name");
    return 16;
}

#define ASM(id)                                                                                                    \
    .report = "miso." id, .data_source = "MISO " id, .iso = BB_MISO, .kind = BB_ANCILLARY, .minutes = 60,          \
    .shape = BB_WIDE, .order = BB_ORDER_DAY, .columns = columns, .max_preamble = 10, .products = products,         \
    .regions = regions, .names = id, .judge = judge, .time_rule = BB_MISO_EST_RULE,                                \
    .layouts = "a table of the system and one of resources, each with its zone's price; a price on which two "     \
               "resources of a zone disagree is rejected",                                                         \
    .file_names = "YYYYMMDD_" id ".csv"
#define FLAGS (BB_FORMAT_LOOSE | BB_FORMAT_AGREE | BB_FORMAT_SEQUENTIAL)

static const struct bb_format formats[] = {
    { ASM("asm_expost_damcp"), .title = "ASM Day-Ahead Market ExPost MCPs", .market = BB_DA, .default_version = 1,
      .flags = FLAGS, .datasets = "da_as_hourly" },
    { ASM("asm_exante_damcp"), .title = "ASM Day-Ahead Market ExAnte MCPs", .market = BB_DA_EXANTE,
      .default_version = 1, .flags = FLAGS, .datasets = "da_exante_as_hourly" },
    { ASM("asm_damcp"), .title = "ASM Day-Ahead Market MCPs, until February 2015", .market = BB_DA,
      .default_version = 1, .flags = FLAGS, .datasets = "da_as_hourly" },
    { ASM("asm_rtmcp_final"), .title = "ASM Real-Time Market MCPs, final", .market = BB_RT, .default_version = 2,
      .flags = FLAGS, .datasets = "rt_as_hourly" },
    { ASM("asm_rtmcp_prelim"), .title = "ASM Real-Time Market MCPs, preliminary", .market = BB_RT,
      .default_version = 1, .flags = FLAGS | BB_FORMAT_PRELIMINARY, .datasets = "rt_as_hourly" },
};

const struct bb_market_table bb_market_miso_as = { BB_MISO, formats, BB_ARRAY_LEN(formats) };
