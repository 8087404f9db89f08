/* CAISO's ancillary reports as single zips of OASIS hold them: rows of a trade date in no order. A node is a product of a
 * region. */
#include "generate/gen_report.h"

#include <stdio.h>

struct layout {
    const char *report, *run;
    int is_results; /* four kinds of lines per key, of which one is the quantity */
};
static const struct layout dam = { "PRC_AS", "DAM", 0 }, rtm = { "PRC_INTVL_AS", "RTM", 0 },
                           results = { "AS_RESULTS", "DAM", 1 };

static const char *const regions[] = { "AS_CAISO",    "AS_CAISO_EXP", "AS_NP26",
                                       "AS_NP26_EXP", "AS_SP26",      "AS_SP26_EXP" };
static const char *const types[][2] = { { "NR", "NS" },   { "RD", "RD" }, { "RMD", "RMD" },
                                        { "RMU", "RMU" }, { "RU", "RU" }, { "SR", "SP" } };
static const char *const kinds[] = { "AS_BUY_MW", "AS_COST", "AS_MW", "AS_SELF_MW" };

static enum bb_status make_nodes(struct bb_gen_run *run, struct bb_error *err)
{
    (void)err;
    run->n_nodes = BB_MIN(run->n_nodes, BB_ARRAY_LEN(regions) * BB_ARRAY_LEN(types));
    for (size_t i = 0; i < run->n_nodes; i++) {
        struct bb_gen_node *node = &run->nodes[i];
        node->kind = (uint8_t)(i / BB_ARRAY_LEN(regions));
        node->area = (uint8_t)(i % BB_ARRAY_LEN(regions));
        bb_gen_node_character(node, bb_gen_mix(run->options->seed, 0x43415341u), i);
    }
    return BB_OK;
}

static enum bb_status plan(struct bb_gen_run *run, uint64_t i, struct bb_gen_file *file, int *found_ret,
                           struct bb_error *err)
{
    const struct layout *l = run->report->layout;
    char text[96], *p = text;
    int32_t end;
    *found_ret = bb_gen_cut_days(run->options, run->options->files_per, i, &file->first_day, &file->n_days);
    if (!*found_ret) return BB_OK;
    BB_TRY(bb_gen_need_slots(run, file->first_day, file->n_days, err));
    file->n_rows = run->n_slots * run->n_nodes * (l->is_results ? BB_ARRAY_LEN(kinds) : 1);
    end = file->first_day + file->n_days;
    file->stamp = (struct bb_wall){ end + 2, 33696 };
    p = bb_gen_date(p, file->first_day, 0);
    *p++ = '_';
    p = bb_gen_date(p, end, 0);
    p += snprintf(p, 40, "_%s_%s_", l->report, l->run);
    p = bb_gen_date(p, file->stamp.day, 0);
    *p++ = '_';
    p = bb_gen_clock(p, file->stamp.second, '_');
    snprintf(file->name, sizeof file->name, "%.*s_v1.csv", (int)(p - text), text);
    snprintf(file->archive, sizeof file->archive, "%.*s_v1.zip", (int)(p - text), text);
    return BB_OK;
}

static char *gmt(char *p, int64_t utc_s)
{
    p = bb_gen_date(p, (int32_t)(utc_s / 86400), '-');
    *p++ = 'T';
    p = bb_gen_clock(p, (int32_t)(utc_s % 86400), ':');
    return bb_gen_puts(p, "-00:00,");
}

static void label_slot(const struct bb_gen_run *run, struct bb_gen_slot *slot)
{
    const struct layout *l = run->report->layout;
    int hour = slot->second_of_two ? 25 : slot->wall.second / 3600 + 1;
    char *p = gmt(slot->text, slot->utc_s);
    p = gmt(p, slot->utc_s + run->report->minutes * 60);
    p = bb_gen_date(p, slot->day, '-');
    *p++ = ',';
    p = l == &rtm ? bb_gen_padded(p, (uint32_t)hour, 2) : bb_gen_uint(p, (uint64_t)hour);
    *p++ = ',';
    slot->n_text = (uint32_t)(p - slot->text);
}

static char *head(const struct bb_gen_run *run, const struct bb_gen_file *file, char *p)
{
    const struct layout *l = run->report->layout;
    (void)file;
    p = bb_gen_puts(p, "INTERVALSTARTTIME_GMT,INTERVALENDTIME_GMT,OPR_DT,OPR_HR,");
    return bb_gen_puts(
        p, l == &dam   ? "OPR_INTERVAL,OPR_TYPE,ANC_TYPE,ANC_REGION,MARKET_RUN_ID,XML_DATA_ITEM,MW,GROUP\n"
           : l == &rtm ? "OPR_TYPE,ANC_TYPE,XML_DATA_ITEM,MARKET_RUN_ID,MW,ANC_REGION,OPR_INTERVAL,GROUP\n"
                       : "OPR_INTERVAL,MARKET_RUN_ID,RESULT_TYPE,ANC_TYPE,ANC_REGION,MW,GROUP\n");
}

static char *row(const struct bb_gen_run *run, const struct bb_gen_file *file, uint64_t index,
                 enum bb_gen_posting posting, char *p)
{
    const struct layout *l = run->report->layout;
    uint64_t n_kinds = l->is_results ? BB_ARRAY_LEN(kinds) : 1, per_slot = run->n_nodes * n_kinds;
    const struct bb_gen_slot *slot = &run->slots[index / per_slot];
    const struct bb_gen_node *node = &run->nodes[index % per_slot / n_kinds];
    uint64_t bits = bb_gen_mix(slot->noise, node->noise + (uint64_t)(index % n_kinds) * 977);
    int64_t value = (int64_t)(bits % 1500000) * ((bits >> 40) % 2); /* in 1/100,000 */
    const char *anc = types[node->kind][0], *item = types[node->kind][1], *region = regions[node->area];
    (void)file;
    if (posting == BB_GEN_SUPERSEDED) value += 73000;
    p = bb_gen_put(p, slot->text, slot->n_text);
    if (l == &dam) {
        p += snprintf(p, 200, "0,Hourly,%s,%s,DAM,%s_CLR_PRC,", anc, region, item);
        p = bb_gen_trimmed(p, value, 5, 1);
        return bb_gen_puts(p, ",1\n");
    }
    if (l == &rtm) {
        p += snprintf(p, 200, "Hourly,%s,%s_CLR_PRC,RTM,", anc, item);
        p = bb_gen_trimmed(p, value, 5, 1);
        return p + snprintf(p, 80, ",%s,%d,1\n", region, slot->wall.second % 3600 / 900 + 1);
    }
    p += snprintf(p, 200, "0,DAM,%s,%s,%s,", kinds[index % n_kinds], anc, region);
    p = bb_gen_trimmed(p, value, 2, 1);
    return bb_gen_puts(p, ",1\n");
}

#define REPORT(id, description, minutes, salt, layout)                                                             \
    {                                                                                                              \
        "caiso." id, description, "America/Los_Angeles", minutes, 36, salt, &layout, make_nodes, plan, label_slot, \
            head, row                                                                                              \
    }
static const struct bb_gen_report reports[] = {
    REPORT("PRC_AS", "CAISO day-ahead ancillary prices", 60, 96, dam),
    REPORT("PRC_INTVL_AS", "CAISO real-time ancillary prices", 15, 97, rtm),
    REPORT("AS_RESULTS", "CAISO day-ahead ancillary quantities; one line in four is a quantity", 60, 98, results),
};
const struct bb_gen_market bb_gen_caiso_as = { reports, BB_ARRAY_LEN(reports) };
