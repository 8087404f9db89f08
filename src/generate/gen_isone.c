/* ISO-NE locational prices: hourly reports of a day, five-minute reports of four hours in a folder that says final or preliminary. */
#include "generate/gen_isone_records.h"

#include <stdio.h>
#include <stdlib.h>

enum kind { DAY_AHEAD, REAL_TIME, NAMES_ONLY, FIVE_MINUTES };
struct layout {
    const char *name, *title, *folder;
    enum kind kind;
    int preliminary;
};

static const struct {
    int id;
    const char *name, *type;
} named[] = {
    { 4000, ".H.INTERNAL_HUB", "HUB" },        { 4001, ".Z.MAINE", "LOAD ZONE" },
    { 4002, ".Z.NEWHAMPSHIRE", "LOAD ZONE" },  { 4003, ".Z.VERMONT", "LOAD ZONE" },
    { 4004, ".Z.CONNECTICUT", "LOAD ZONE" },   { 4005, ".Z.RHODEISLAND", "LOAD ZONE" },
    { 4006, ".Z.SEMASS", "LOAD ZONE" },        { 4007, ".Z.WCMASS", "LOAD ZONE" },
    { 4008, ".Z.NEMASSBOST", "LOAD ZONE" },    { 4010, ".I.SALBRYNB345 1", "EXT. NODE" },
    { 4011, ".I.ROSETON 345 1", "EXT. NODE" }, { 4013, ".I.HQHIGATE120 2", "EXT. NODE" },
};

static int by_id(const void *a, const void *b)
{
    int64_t x = ((const struct bb_gen_node *)a)->id, y = ((const struct bb_gen_node *)b)->id;
    return (x > y) - (x < y);
}

static const char *name_node(struct bb_gen_node *node, uint64_t bits)
{
    static const char *const voltages[] = { "115 ", "13.8", "345 ", "34.5", "46  ", "4.16", "230 " };
    static const char *const prefixes[] = { "LD.", "UN.", "AR.", "HC." };
    unsigned kind = bits % 100;
    const char *prefix = prefixes[kind < 62 ? 0 : kind < 94 ? 1 : kind < 96 ? 2 : 3];
    char *p = node->name;
    if (kind == 99) {
        p = bb_gen_puts(p, "DR.CT_");
        p = bb_gen_word(p, bits >> 8, 5);
        node->n_name = (uint8_t)(p - node->name);
        return "DRRAZ";
    }
    p = bb_gen_puts(p, prefix);
    p = bb_gen_word(p, bits >> 8, 5 + (int)(bits >> 40 & 3));
    while (p < node->name + 11) *p++ = ' '; /* padded: the voltage begins at the twelfth character */
    p = bb_gen_puts(p, voltages[(bits >> 44) % BB_ARRAY_LEN(voltages)]);
    p = bb_gen_word(p, bits >> 20, 4);
    node->n_name = (uint8_t)(p - node->name);
    return prefix[0] == 'H' ? "HUB NODE" : "NETWORK NODE";
}

static void finish_node(const struct layout *layout, struct bb_gen_node *node, const char *type)
{
    char *p = node->text;
    *p++ = '"';
    if (layout->kind != NAMES_ONLY) {
        p = bb_gen_uint(p, (uint64_t)node->id);
        *p++ = '"';
    }
    if (layout->kind != NAMES_ONLY && layout->kind != FIVE_MINUTES) {
        *p++ = ',';
        *p++ = '"';
    }
    if (layout->kind != FIVE_MINUTES) {
        p = bb_gen_put(p, node->name, node->n_name);
        *p++ = '"';
    }
    if (layout->kind != NAMES_ONLY && layout->kind != FIVE_MINUTES) {
        *p++ = ',';
        *p++ = '"';
        p = bb_gen_puts(p, type);
        *p++ = '"';
    }
    *p++ = ',';
    node->n_text = (uint8_t)(p - node->text);
}

static enum bb_status make_nodes(struct bb_gen_run *run, struct bb_error *err)
{
    const struct layout *layout = run->report->layout;
    uint64_t seed = bb_gen_mix(run->options->seed, 0x49534fu);
    size_t n_named = BB_MIN(BB_ARRAY_LEN(named), (run->n_nodes + 1) / 2);
    int64_t id = 320;
    (void)err;
    for (size_t i = 0; i < run->n_nodes; i++) {
        struct bb_gen_node *node = &run->nodes[i];
        uint64_t bits = bb_gen_mix(seed, i);
        const char *type;
        node->area = (uint8_t)(bits >> 50) % BB_GEN_AREAS;
        if (i < n_named) {
            node->id = named[i].id;
            node->n_name = (uint8_t)snprintf(node->name, sizeof node->name, "%s", named[i].name);
            type = named[i].type;
        } else {
            id += 1 + (int64_t)(bits >> 30 & 3);
            if (id >= 4000 && id < 4100) id = 4100;
            node->id = id;
            type = name_node(node, bits);
            /* hourly reports tell locations by their names: make each its own */
            if (node->n_name + 4 < (int)sizeof node->name) {
                char *p = node->name + node->n_name;
                p = bb_gen_uint(p, (uint64_t)id);
                node->n_name = (uint8_t)(p - node->name);
            }
        }
        bb_gen_node_character(node, seed, (uint64_t)node->id);
        finish_node(layout, node, type);
    }
    qsort(run->nodes, run->n_nodes, sizeof *run->nodes, by_id);
    return BB_OK;
}

static enum bb_status plan(struct bb_gen_run *run, uint64_t i, struct bb_gen_file *file, int *found_ret,
                           struct bb_error *err)
{
    const struct layout *layout = run->report->layout;
    uint64_t parts = layout->kind == FIVE_MINUTES ? 6 : 1;
    struct bb_date d;
    size_t n = 0, first = 0;
    *found_ret = bb_gen_cut_days(run->options, BB_FILES_PER_DAY, i / parts, &file->first_day, &file->n_days);
    if (!*found_ret) return BB_OK;
    BB_TRY(bb_gen_need_slots(run, file->first_day, 1, err));
    file->part = (int)(i % parts);
    for (size_t k = 0; k < run->n_slots; k++) {
        int part = parts == 1 ? 0 : run->slots[k].wall.second / (4 * 3600);
        if (part < file->part) first = k + 1;
        n += part == file->part;
    }
    file->hour_slot = (int)first;
    file->n_rows = n * run->n_nodes;
    file->stamp = (struct bb_wall){ file->first_day + (layout->kind == DAY_AHEAD ? -1
                                                       : layout->preliminary     ? 1
                                                                                 : 3),
                                    46632 };
    d = bb_date_of(file->first_day);
    if (parts == 1)
        snprintf(file->name, sizeof file->name, "%s_%04d%02d%02d.csv", layout->name, (int)d.year, (int)d.month,
                 (int)d.day);
    else
        snprintf(file->name, sizeof file->name, "%s/%s_%04d%02d%02d_%02d-%02d.csv", layout->folder, layout->name,
                 (int)d.year, (int)d.month, (int)d.day, file->part * 4, file->part * 4 + 4);
    snprintf(file->archive, sizeof file->archive, "%s_%04d%02d.zip", layout->name, (int)d.year, (int)d.month);
    return BB_OK;
}

static void label_slot(const struct bb_gen_run *run, struct bb_gen_slot *slot)
{
    const struct layout *layout = run->report->layout;
    char *p = slot->text;
    if (layout->kind == FIVE_MINUTES) {
        *p++ = '"';
        p = bb_gen_clock(p, slot->wall.second, ':');
        *p++ = '"';
    } else {
        *p++ = '"';
        p = bb_gen_us_date(p, slot->wall.day, 1);
        p = bb_gen_puts(p, "\",");
        if (layout->kind != REAL_TIME) *p++ = '"';
        p = bb_gen_isone_hour(slot, 1, p);
        if (layout->kind != REAL_TIME) *p++ = '"';
    }
    *p++ = ',';
    slot->n_text = (uint32_t)(p - slot->text);
}

static char *head(const struct bb_gen_run *run, const struct bb_gen_file *file, char *p)
{
    const struct layout *layout = run->report->layout;
    p = bb_gen_isone_comments(file, layout->title, p);
    switch (layout->kind) {
    case NAMES_ONLY:
        p = bb_gen_isone_header(
            "Date|Hour Ending|Location|LMP|Energy Component|Congestion Component|Loss Component", p);
        return bb_gen_isone_header("Date|HE|String|Number|Number|Number|Number", p);
    case FIVE_MINUTES:
        p = bb_gen_isone_header("Location ID|Local Time|Energy Component|Congestion Component|Loss Component|LMP",
                                p);
        return bb_gen_isone_header("String|Time|Number|Number|Number|Number", p);
    default:
        p = bb_gen_isone_header(
            "Date|Hour Ending|Location ID|Location Name|Location Type|Locational Marginal Price|"
            "Energy Component|Congestion Component|Marginal Loss Component",
            p);
        return bb_gen_isone_header("Date|HE|String|String|String|Number|Number|Number|Number", p);
    }
}

static char *row(const struct bb_gen_run *run, const struct bb_gen_file *file, uint64_t index,
                 enum bb_gen_posting posting, char *p)
{
    const struct layout *layout = run->report->layout;
    size_t at = (size_t)(index / run->n_nodes);
    const struct bb_gen_slot *slot = &run->slots[(size_t)file->hour_slot + at];
    const struct bb_gen_node *node = &run->nodes[index - at * run->n_nodes];
    int earlier =
        posting == BB_GEN_SUPERSEDED || (layout->preliminary && bb_gen_mix(slot->noise, node->noise + 1u) % 5 == 0);
    struct bb_gen_price price = bb_gen_price_at(slot, node, earlier);
    int64_t energy = bb_gen_round(price.energy, 10000), congestion = bb_gen_round(price.congestion, 10000),
            loss = bb_gen_round(price.loss, 10000), total = energy + congestion + loss;
    const int64_t cents[4] = { layout->kind == FIVE_MINUTES ? energy : total,
                               layout->kind == FIVE_MINUTES ? congestion : energy,
                               layout->kind == FIVE_MINUTES ? loss : congestion,
                               layout->kind == FIVE_MINUTES ? total : loss };
    p = bb_gen_puts(p, "\"D\",");
    if (layout->kind == FIVE_MINUTES) {
        p = bb_gen_put(p, node->text, node->n_text);
        p = bb_gen_put(p, slot->text, slot->n_text);
    } else {
        p = bb_gen_put(p, slot->text, slot->n_text);
        p = bb_gen_put(p, node->text, node->n_text);
    }
    for (int i = 0; i < 4; i++) {
        if (i) *p++ = ',';
        p = bb_gen_isone_number(cents[i], p);
    }
    *p++ = '\n';
    return p;
}

static const struct layout da = { "WW_DALMP_ISO", "Day-Ahead Energy Market Hourly LMP Report", "", DAY_AHEAD, 0 },
                           rt_final = { "lmp_rt_final", "Real-Time Energy Market Hourly LMP Report", "", REAL_TIME,
                                        0 },
                           rt_prelim = { "lmp_rt_prelim", "Real-Time Energy Market Hourly LMP Report", "",
                                         NAMES_ONLY, 1 },
                           five_final = { "lmp_5min", "Five-Minute Locational Marginal Prices", "5min-rt-final",
                                          FIVE_MINUTES, 0 },
                           five_prelim = { "lmp_5min", "Five-Minute Locational Marginal Prices", "5min-rt-prelim",
                                           FIVE_MINUTES, 1 };

#define REPORT(id, text, minutes, salt, layout)                                                                    \
    {                                                                                                              \
        "isone." id, "ISO-NE " text, "America/New_York", minutes, 1209, salt, &layout, make_nodes, plan,           \
            label_slot, head, row, bb_gen_isone_trailer                                                            \
    }

static const struct bb_gen_report reports[] = {
    REPORT("WW_DALMP_ISO", "day-ahead hourly LMPs", 60, 51, da),
    REPORT("lmp_rt_final", "real-time hourly LMPs, final", 60, 52, rt_final),
    REPORT("lmp_rt_prelim", "real-time hourly LMPs, preliminary, names only", 60, 52, rt_prelim),
    REPORT("lmp_5min_final", "real-time five-minute LMPs, final", 5, 53, five_final),
    REPORT("lmp_5min_prelim", "real-time five-minute LMPs, preliminary", 5, 53, five_prelim),
};
const struct bb_gen_market bb_gen_isone = { reports, BB_ARRAY_LEN(reports) };
