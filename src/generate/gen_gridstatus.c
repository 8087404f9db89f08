/* CSV files as pandas writes gridstatus' frames: local stamps with their offsets, floats as Python spells them. */
#include "generate/gen_report.h"

#include <stdio.h>

enum kind { NYISO, SPP, HOSTED, ANCILLARY };
struct layout {
    enum kind kind;
    const char *file; /* 2024-03-10_<file>.csv */
    const char *market;
};
static const struct layout nyiso_da = { NYISO, "lmp_day_ahead_hourly", "DAY_AHEAD_HOURLY" },
                           spp_rt = { SPP, "lmp_real_time_5_min", "REAL_TIME_5_MIN" },
                           caiso_fmm = { HOSTED, "caiso_lmp_real_time_15_min", "REAL_TIME_15_MIN" },
                           nyiso_as = { ANCILLARY, "as_day_ahead_hourly", "" };

static const char *const zones[] = { "CAPITL", "CENTRL", "DUNWOD", "GENESE", "H Q", "HUD VL", "LONGIL", "MHK VL",
                                     "MILLWD", "N.Y.C.", "NORTH",  "NPX",    "O H", "PJM",    "WEST" };
static const char *const reserve_zones[] = { "CAPITL", "CENTRL", "DUNWOD", "GENESE", "HUD VL", "LONGIL",
                                             "MHK VL", "MILLWD", "N.Y.C.", "NORTH",  "WEST" };

static enum bb_status make_nodes(struct bb_gen_run *run, struct bb_error *err)
{
    const struct layout *l = run->report->layout;
    uint64_t seed = bb_gen_mix(run->options->seed, 0x67726964u);
    (void)err;
    if (l->kind == NYISO) run->n_nodes = BB_MIN(run->n_nodes, BB_ARRAY_LEN(zones));
    if (l->kind == ANCILLARY) run->n_nodes = BB_MIN(run->n_nodes, BB_ARRAY_LEN(reserve_zones));
    for (size_t i = 0; i < run->n_nodes; i++) {
        struct bb_gen_node *node = &run->nodes[i];
        char *p = node->name;
        if (l->kind == NYISO || l->kind == ANCILLARY) {
            p = bb_gen_puts(p, l->kind == NYISO ? zones[i] : reserve_zones[i]);
        } else { /* five letters from the number are unique */
            for (size_t k = 0, left = i; k < 5; k++, left /= 26) *p++ = (char)('A' + left % 26);
            p = bb_gen_puts(p, l->kind == HOSTED ? "_1_N001" : "_GEN");
        }
        *p = 0;
        node->n_name = (uint8_t)(p - node->name);
        node->area = (uint8_t)(i % BB_GEN_AREAS);
        bb_gen_node_character(node, seed, i);
    }
    return BB_OK;
}

static enum bb_status plan(struct bb_gen_run *run, uint64_t i, struct bb_gen_file *file, int *found_ret,
                           struct bb_error *err)
{
    const struct layout *l = run->report->layout;
    char *p = file->name;
    *found_ret = bb_gen_cut_days(run->options, run->options->files_per, i, &file->first_day, &file->n_days);
    if (!*found_ret) return BB_OK;
    BB_TRY(bb_gen_need_slots(run, file->first_day, file->n_days, err));
    file->n_rows = run->n_slots * run->n_nodes;
    file->stamp = (struct bb_wall){ file->first_day + file->n_days + 1, 40920 };
    p = bb_gen_date(p, file->first_day, '-');
    *p++ = '_';
    p = bb_gen_puts(p, l->file);
    snprintf(file->archive, sizeof file->archive, "%.*s.zip", (int)(p - file->name), file->name);
    bb_gen_puts(p, ".csv");
    return BB_OK;
}

static char *local_stamp(const struct bb_gen_run *run, char *p, int64_t utc_s)
{
    struct bb_wall wall = bb_zone_local(run->zone, utc_s).wall;
    int64_t offset = utc_s - ((int64_t)wall.day * 86400 + wall.second);
    p = bb_gen_date(p, wall.day, '-');
    *p++ = ' ';
    p = bb_gen_clock(p, wall.second, ':');
    *p++ = '-';
    p = bb_gen_padded(p, (uint32_t)(offset / 3600), 2);
    return bb_gen_puts(p, ":00,");
}

/* Like R: midnight loses its time of day. */
static char *utc_stamp(char *p, int64_t utc_s)
{
    p = bb_gen_date(p, (int32_t)(utc_s / 86400), '-');
    if (utc_s % 86400) {
        *p++ = ' ';
        p = bb_gen_clock(p, (int32_t)(utc_s % 86400), ':');
    }
    *p++ = ',';
    return p;
}

static void label_slot(const struct bb_gen_run *run, struct bb_gen_slot *slot)
{
    const struct layout *l = run->report->layout;
    int64_t end = slot->utc_s + run->report->minutes * 60;
    char *p = slot->text;
    if (l->kind == HOSTED) {
        p = utc_stamp(p, slot->utc_s);
        p = utc_stamp(p, end);
    } else {
        if (l->kind != ANCILLARY) p = local_stamp(run, p, slot->utc_s);
        p = local_stamp(run, p, slot->utc_s);
        p = local_stamp(run, p, end);
    }
    slot->n_text = (uint32_t)(p - slot->text);
}

static char *head(const struct bb_gen_run *run, const struct bb_gen_file *file, char *p)
{
    static const char *const heads[] = {
        "Time,Interval Start,Interval End,Market,Location,Location Type,LMP,Energy,Congestion,Loss\n",
        "Time,Interval Start,Interval End,Market,Location,Location Type,PNode,LMP,Energy,Congestion,Loss\n",
        "\"interval_start_utc\",\"interval_end_utc\",\"market\",\"location\",\"location_type\",\"lmp\",\"energy\","
        "\"congestion\",\"loss\"\n",
        "Interval Start,Interval End,Zone,10 Min Spin Reserves,10 Min Non-Spin Reserves,30 Min Reserves,"
        "Regulation Capacity\n"
    };
    (void)file;
    return bb_gen_puts(p, heads[((const struct layout *)run->report->layout)->kind]);
}

/* Python's way: as few digits as possible, but one behind the point. */
static char *python_float(char *p, int64_t v, int decimals)
{
    char *start = p;
    p = bb_gen_trimmed(p, v, decimals, 1);
    if (!memchr(start, '.', (size_t)(p - start))) p = bb_gen_puts(p, ".0");
    return p;
}

static char *row(const struct bb_gen_run *run, const struct bb_gen_file *file, uint64_t index,
                 enum bb_gen_posting posting, char *p)
{
    const struct layout *l = run->report->layout;
    size_t at = (size_t)(index / run->n_nodes);
    const struct bb_gen_slot *slot = &run->slots[at];
    const struct bb_gen_node *node = &run->nodes[index - at * run->n_nodes];
    int decimals = l->kind == NYISO ? 2 : l->kind == SPP ? 4 : 5;
    int64_t unit = l->kind == NYISO ? 10000 : l->kind == SPP ? 100 : 10, energy, congestion, loss;
    struct bb_gen_price price = bb_gen_price_at(slot, node, posting == BB_GEN_SUPERSEDED);
    (void)file;
    p = bb_gen_put(p, slot->text, slot->n_text);
    if (l->kind == ANCILLARY) {
        uint64_t bits = bb_gen_mix(slot->noise, node->noise);
        p = bb_gen_put(p, node->name, node->n_name);
        for (int k = 0; k < 4; k++, bits >>= 12) {
            *p++ = ',';
            p = python_float(p, (int64_t)(bits % 3000) + (posting == BB_GEN_SUPERSEDED ? 73 : 0), 2);
        }
        *p++ = '\n';
        return p;
    }
    energy = bb_gen_round(price.energy, unit);
    congestion = bb_gen_round(price.congestion, unit);
    loss = bb_gen_round(price.loss, unit);
    if (l->kind == HOSTED) {
        p += snprintf(p, 200, "\"%s\",\"%s\",\"Node\",", l->market, node->name);
        p = bb_gen_trimmed(p, energy + congestion + loss, decimals, 1);
        *p++ = ',';
        p = bb_gen_trimmed(p, energy, decimals, 1);
        *p++ = ',';
        p = bb_gen_trimmed(p, congestion, decimals, 1);
        *p++ = ',';
        p = bb_gen_trimmed(p, loss, decimals, 1);
        *p++ = '\n';
        return p;
    }
    p += snprintf(p, 200, "%s,%s,%s,", l->market, node->name, l->kind == NYISO ? "Zone" : "Settlement Location");
    if (l->kind == SPP) p += snprintf(p, 80, "%s_P,", node->name);
    p = python_float(p, energy + congestion + loss, decimals);
    *p++ = ',';
    p = python_float(p, energy, decimals);
    *p++ = ',';
    if (l->kind == NYISO && congestion == 0) *p++ = '-'; /* what turning a zero leaves */
    p = python_float(p, congestion, decimals);
    *p++ = ',';
    p = python_float(p, loss, decimals);
    *p++ = '\n';
    return p;
}

#define REPORT(id, description, zone, minutes, n, salt, layout)                                                    \
    {                                                                                                              \
        id, description, zone, minutes, n, salt, &layout, make_nodes, plan, label_slot, head, row                  \
    }
static const struct bb_gen_report reports[] = {
    REPORT("nyiso.gridstatus_lmp", "gridstatus export of NYISO day-ahead prices", "America/New_York", 60, 15, 99,
           nyiso_da),
    REPORT("spp.gridstatus_lmp", "gridstatus export of SPP real-time prices", "America/Chicago", 5, 1200, 100,
           spp_rt),
    REPORT("caiso.gridstatus_api", "gridstatus.io download of CAISO fifteen-minute prices", "America/Los_Angeles",
           15, 16, 101, caiso_fmm),
    REPORT("nyiso.gridstatus_as_da", "gridstatus export of NYISO day-ahead ancillary prices", "America/New_York",
           60, 11, 102, nyiso_as),
};
const struct bb_gen_market bb_gen_gridstatus = { reports, BB_ARRAY_LEN(reports) };
