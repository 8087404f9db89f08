/* NYISO, MIS: a CSV per day, names in alphabetical order within a stamp; hourly stamps are the beginning, five-minute stamps the end
 * of the interval, some of them off the grid. The repeated hour has no mark: rows must stay in their order. */
#include "generate/gen_report.h"

#include <stdio.h>
#include <stdlib.h>

struct layout {
    const char *name;
    uint8_t is_end, is_quoted, is_generators, is_ancillary;
};

static const struct {
    const char *name;
    int ptid;
} zones[] = { { "CAPITL", 61757 }, { "CENTRL", 61754 }, { "DUNWOD", 61760 }, { "GENESE", 61753 },
              { "HUD VL", 61758 }, { "LONGIL", 61762 }, { "MHK VL", 61756 }, { "MILLWD", 61759 },
              { "N.Y.C.", 61761 }, { "NORTH", 61755 },  { "WEST", 61752 },   { "H Q", 61844 },
              { "NPX", 61845 },    { "O H", 61846 },    { "PJM", 61847 } };
#define N_ZONES 11 /* without the proxies of the neighbours, which have no reserve prices */

static int by_name(const void *a_, const void *b_)
{
    const struct bb_gen_node *a = a_, *b = b_;
    int c = memcmp(a->name, b->name, BB_MIN(a->n_name, b->n_name));
    return c ? c : a->n_name - b->n_name;
}

/* Name and PTID as the report writes them; ancillary reports need them apart from the stamp's zone only by a comma. */
static void finish_node(const struct layout *layout, struct bb_gen_node *node)
{
    char *p = node->text;
    if (layout->is_quoted) *p++ = '"';
    p = bb_gen_put(p, node->name, node->n_name);
    if (layout->is_quoted) *p++ = '"';
    *p++ = ',';
    p = bb_gen_uint(p, (uint64_t)node->id);
    *p++ = ',';
    node->n_text = (uint8_t)(p - node->text);
}

static enum bb_status make_nodes(struct bb_gen_run *run, struct bb_error *err)
{
    static const char *const units[] = { "_GT_1", "_GT_2", "___HYD", "_ST", "___CC", "", "_WT_PWR" };
    const struct layout *layout = run->report->layout;
    uint64_t seed = bb_gen_mix(run->options->seed, 0x4e5949u);
    (void)err;
    if (!layout->is_generators)
        run->n_nodes = BB_MIN(run->n_nodes, layout->is_ancillary ? (size_t)N_ZONES : BB_ARRAY_LEN(zones));
    for (size_t i = 0; i < run->n_nodes; i++) {
        struct bb_gen_node *node = &run->nodes[i];
        uint64_t bits = bb_gen_mix(seed, i);
        char *p = node->name;
        node->area = (uint8_t)(bits >> 50) % BB_GEN_AREAS;
        if (!layout->is_generators) {
            node->id = zones[i].ptid;
            p = bb_gen_puts(p, zones[i].name);
        } else if (i == 0) {
            node->id = 24008;
            p = bb_gen_puts(p, "NYISO_LBMP_REFERENCE");
        } else {
            node->id = (i < 900 ? 23511 : 322000) + (int64_t)i;
            if (node->id >= 24008 && i < 900) node->id++;
            p = bb_gen_word(p, bits, 5 + (int)(bits >> 40 & 3));
            if (bits >> 60 & 1) p = bb_gen_puts(p, " ST");
            p = bb_gen_puts(p, units[(bits >> 32) % BB_ARRAY_LEN(units)]);
        }
        node->n_name = (uint8_t)(p - node->name);
        bb_gen_node_character(node, seed, (uint64_t)node->id);
        finish_node(layout, node);
    }
    qsort(run->nodes, run->n_nodes, sizeof *run->nodes, by_name);
    return BB_OK;
}

static enum bb_status plan(struct bb_gen_run *run, uint64_t i, struct bb_gen_file *file, int *found_ret,
                           struct bb_error *err)
{
    const struct layout *layout = run->report->layout;
    struct bb_date d;
    *found_ret = bb_gen_cut_days(run->options, BB_FILES_PER_DAY, i, &file->first_day, &file->n_days);
    if (!*found_ret) return BB_OK;
    BB_TRY(bb_gen_need_slots(run, file->first_day, 1, err));
    file->n_rows = run->n_slots * run->n_nodes;
    file->stamp = (struct bb_wall){ file->first_day + 1, 125 };
    d = bb_date_of(file->first_day);
    snprintf(file->name, sizeof file->name, "%04d%02d%02d%s.csv", (int)d.year, (int)d.month, (int)d.day,
             layout->name);
    snprintf(file->archive, sizeof file->archive, "%04d%02d01%s_csv.zip", (int)d.year, (int)d.month, layout->name);
    return BB_OK;
}

/* One dispatch in forty comes at an odd time, a little earlier than the grid has it. */
static void label_slot(const struct bb_gen_run *run, struct bb_gen_slot *slot)
{
    const struct layout *layout = run->report->layout;
    struct bb_local local = { slot->wall, 0, 0 };
    char *p = slot->text;
    if (layout->is_end) {
        int64_t end = slot->utc_s + 300 - (slot->noise % 40 == 7 ? (int64_t)(slot->noise >> 20) % 230 + 1 : 0);
        local = bb_zone_local(run->zone, end);
    } else {
        local = bb_zone_local(run->zone, slot->utc_s);
    }
    if (layout->is_quoted) *p++ = '"';
    p = bb_gen_us_date(p, local.wall.day, 1);
    *p++ = ' ';
    p = bb_gen_padded(p, (uint32_t)local.wall.second / 3600, 2);
    *p++ = ':';
    p = bb_gen_padded(p, (uint32_t)local.wall.second / 60 % 60, 2);
    if (layout->is_end) {
        *p++ = ':';
        p = bb_gen_padded(p, (uint32_t)local.wall.second % 60, 2);
    }
    if (layout->is_quoted) *p++ = '"';
    *p++ = ',';
    if (layout->is_ancillary) {
        const char *zone = local.offset_s == -4 * 3600 ? "EDT" : "EST";
        if (layout->is_quoted) *p++ = '"';
        p = bb_gen_puts(p, zone);
        if (layout->is_quoted) *p++ = '"';
        *p++ = ',';
    }
    slot->n_text = (uint32_t)(p - slot->text);
}

static char *names(char *p, const char *const *list, size_t n, int quoted)
{
    for (size_t i = 0; i < n; i++) {
        if (i) *p++ = ',';
        if (quoted) *p++ = '"';
        p = bb_gen_puts(p, list[i]);
        if (quoted) *p++ = '"';
    }
    *p++ = '\n';
    return p;
}

static char *head(const struct bb_gen_run *run, const struct bb_gen_file *file, char *p)
{
    static const char *const lbmp[] = { "Time Stamp",
                                        "Name",
                                        "PTID",
                                        "LBMP ($/MWHr)",
                                        "Marginal Cost Losses ($/MWHr)",
                                        "Marginal Cost Congestion ($/MWHr)" };
    static const char *const asp[] = { "Time Stamp",
                                       "Time Zone",
                                       "Name",
                                       "PTID",
                                       "10 Min Spinning Reserve ($/MWHr)",
                                       "10 Min Non-Synchronous Reserve ($/MWHr)",
                                       "30 Min Operating Reserve ($/MWHr)",
                                       "NYCA Regulation Capacity ($/MWHr)",
                                       "NYCA Regulation Movement ($/MW)" };
    const struct layout *layout = run->report->layout;
    (void)file;
    if (!layout->is_ancillary) return names(p, lbmp, BB_ARRAY_LEN(lbmp), layout->is_quoted);
    return names(p, asp, BB_ARRAY_LEN(asp) - !layout->is_end, layout->is_quoted);
}

static char *row_ancillary(const struct layout *layout, const struct bb_gen_slot *slot,
                           const struct bb_gen_node *node, int earlier, char *p)
{
    /* zones of one reserve region share a price; regulation has one price */
    uint64_t region = bb_gen_mix(slot->noise, (uint64_t)(node->id % 3) + (earlier ? 100 : 0));
    uint64_t all = bb_gen_mix(slot->noise, earlier ? 201 : 200);
    int64_t thirty = (region & 7) ? 0 : (int64_t)(region >> 8) % 200,
            non_sync = thirty + (int64_t)(region >> 20) % 150, spin = non_sync + (int64_t)(region >> 32) % 700;
    const int64_t cents[5] = { spin, non_sync, thirty, 400 + (int64_t)(all % 2500), (int64_t)(all >> 32) % 60 };
    for (int i = 0; i < 4 + layout->is_end; i++) {
        if (i) *p++ = ',';
        p = bb_gen_fixed(p, cents[i], 2);
    }
    *p++ = '\n';
    return p;
}

static char *row(const struct bb_gen_run *run, const struct bb_gen_file *file, uint64_t index,
                 enum bb_gen_posting posting, char *p)
{
    const struct layout *layout = run->report->layout;
    size_t at = (size_t)(index / run->n_nodes);
    const struct bb_gen_slot *slot = &run->slots[at];
    const struct bb_gen_node *node = &run->nodes[index - at * run->n_nodes];
    struct bb_gen_price price = bb_gen_price_at(slot, node, posting == BB_GEN_SUPERSEDED);
    int64_t energy = bb_gen_round(price.energy, 10000), congestion = bb_gen_round(price.congestion, 10000),
            loss = bb_gen_round(price.loss, 10000);
    (void)file;
    p = bb_gen_put(p, slot->text, slot->n_text);
    p = bb_gen_put(p, node->text, node->n_text);
    if (layout->is_ancillary) return row_ancillary(layout, slot, node, posting == BB_GEN_SUPERSEDED, p);
    p = bb_gen_fixed(p, energy + congestion + loss, 2);
    *p++ = ',';
    p = bb_gen_fixed(p, loss, 2);
    *p++ = ',';
    p = bb_gen_fixed(p, -congestion, 2); /* the other way round than everywhere else */
    *p++ = '\n';
    return p;
}

static const struct layout damlbmp_zone = { "damlbmp_zone", 0, 0, 0, 0 },
                           damlbmp_gen = { "damlbmp_gen", 0, 0, 1, 0 }, rtlbmp_zone = { "rtlbmp_zone", 0, 1, 0, 0 },
                           rtlbmp_gen = { "rtlbmp_gen", 0, 1, 1, 0 },
                           realtime_zone = { "realtime_zone", 1, 1, 0, 0 },
                           realtime_gen = { "realtime_gen", 1, 1, 1, 0 }, damasp = { "damasp", 0, 0, 0, 1 },
                           rtasp = { "rtasp", 1, 1, 0, 1 };

#define REPORT(id, text, minutes, nodes, salt)                                                                     \
    {                                                                                                              \
        "nyiso." #id, "NYISO " text, "America/New_York", minutes, nodes, salt, &id, make_nodes, plan, label_slot,  \
            head, row, NULL                                                                                        \
    }

static const struct bb_gen_report reports[] = {
    REPORT(damlbmp_zone, "day-ahead LBMP, zones", 60, 15, 41),
    REPORT(damlbmp_gen, "day-ahead LBMP, generators", 60, 750, 41),
    REPORT(rtlbmp_zone, "time-weighted real-time LBMP, zones", 60, 15, 42),
    REPORT(rtlbmp_gen, "time-weighted real-time LBMP, generators", 60, 750, 42),
    REPORT(realtime_zone, "real-time dispatch LBMP, zones", 5, 15, 43),
    REPORT(realtime_gen, "real-time dispatch LBMP, generators", 5, 750, 43),
    REPORT(damasp, "day-ahead ancillary service prices", 60, 11, 44),
    REPORT(rtasp, "real-time ancillary service prices", 5, 11, 45),
};
const struct bb_gen_market bb_gen_nyiso = { reports, BB_ARRAY_LEN(reports) };
