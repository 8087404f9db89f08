/* MISO, daily LMP files: a preamble, then one line per location and component with 24 hour columns, all LMP lines first, then all MCC, then all
 * MLC. The clock is Eastern Standard Time all year: every day has 24 hours. Quarterly bundles have the same records with
 * their day in front; weekly files one line per five minutes and location. */
#include "generate/gen_report.h"

#include <stdio.h>
#include <stdlib.h>

struct layout {
    const char *name; /* "da_expost_lmp" */
    const char *title;
    int real_time;   /* two fixed decimals, unpadded date; else the day-ahead spelling: .92, 29 */
    int preliminary; /* some prices differ from the final file's */
    int bundle;      /* quarterly */
};

enum { HUB, LOADZONE, INTERFACE, GENNODE };
static const char *const type_words[] = { "Hub", "Loadzone", "Interface", "Gennode" };

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct bb_gen_node *)a)->name, ((const struct bb_gen_node *)b)->name);
}

static enum bb_status make_nodes(struct bb_gen_run *run, struct bb_error *err)
{
    static const struct {
        const char *name;
        int kind;
    } named[] = {
        { "ILLINOIS.HUB", HUB }, { "AECI", INTERFACE },   { "INDIANA.HUB", HUB },    { "MINN.HUB", HUB },
        { "MICHIGAN.HUB", HUB }, { "ARKANSAS.HUB", HUB }, { "LOUISIANA.HUB", HUB },  { "TEXAS.HUB", HUB },
        { "MS.HUB", HUB },       { "PJMC", INTERFACE },   { "SWPP", INTERFACE },     { "MHEB", INTERFACE },
        { "ONT", INTERFACE },    { "TVA", INTERFACE },    { "SOCO", INTERFACE },     { "LGEE", INTERFACE },
        { "WEC.AZ", HUB },       { "MGE.AZ", HUB },       { "ALTE.ALTE", LOADZONE }, { "CIN.PSI", LOADZONE },
    };
    static const char *const areas[] = { "AMIL", "AMMO", "ALTE", "ALTW", "BREC", "CIN",  "CLEC", "CONS",
                                         "CWLP", "DECO", "DPC",  "EAI",  "EES",  "GRE",  "HE",   "IPL",
                                         "LAFA", "MDU",  "MEC",  "MGE",  "MP",   "NIPS", "NSP",  "OTP" };
    size_t n_named = BB_MIN(BB_ARRAY_LEN(named), (run->n_nodes + 1) / 2);
    uint64_t layout_seed = bb_gen_mix(run->options->seed, 0x4d4953u);
    (void)err;
    for (size_t i = 0; i < run->n_nodes; i++) {
        struct bb_gen_node *node = &run->nodes[i];
        uint64_t bits = bb_gen_mix(layout_seed, i);
        char *p = node->name;
        node->area = (uint8_t)((bits >> 50) % BB_ARRAY_LEN(areas));
        if (i < n_named) {
            p = bb_gen_puts(p, named[i].name);
            node->kind = (uint8_t)named[i].kind;
        } else { /* a number keeps names apart */
            unsigned kind = bits % 100;
            node->kind = GENNODE;
            if (kind < 34) node->kind = LOADZONE;
            if (kind < 17) node->kind = HUB;
            p = bb_gen_puts(p, areas[node->area]);
            *p++ = '.';
            p = bb_gen_word(p, bits >> 8, 4);
            p = bb_gen_uint(p, i - n_named);
            if (node->kind == HUB) p = bb_gen_puts(p, (bits >> 40 & 1) ? ".AZ" : ".ARR");
        }
        *p = 0;
        node->n_name = (uint8_t)(p - node->name);
        bb_gen_node_character(node, layout_seed, i);
        p = node->text;
        p = bb_gen_put(p, node->name, node->n_name);
        *p++ = ',';
        p = bb_gen_puts(p, type_words[node->kind]);
        *p++ = ',';
        node->n_text = (uint8_t)(p - node->text);
    }
    qsort(run->nodes, run->n_nodes, sizeof *run->nodes, by_name);
    return BB_OK;
}

/* A file per day; the archive form is a zip of the month's files. */
static enum bb_status plan(struct bb_gen_run *run, uint64_t i, struct bb_gen_file *file, int *found_ret,
                           struct bb_error *err)
{
    const struct layout *layout = run->report->layout;
    struct bb_date d;
    *found_ret = bb_gen_cut_days(run->options, BB_FILES_PER_DAY, i, &file->first_day, &file->n_days);
    if (!*found_ret) return BB_OK;
    BB_TRY(bb_gen_need_slots(run, file->first_day, 1, err));
    file->n_rows = run->n_nodes * 3;
    file->stamp = (struct bb_wall){ file->first_day + (layout->real_time && !layout->preliminary ? 5 : 1), 23400 };
    d = bb_date_of(file->first_day);
    snprintf(file->name, sizeof file->name, "%04d%02d%02d_%s.csv", (int)d.year, (int)d.month, (int)d.day,
             layout->name);
    snprintf(file->archive, sizeof file->archive, "%04d%02d_%s_csv.zip", (int)d.year, (int)d.month, layout->name);
    return BB_OK;
}

static void label_slot(const struct bb_gen_run *run, struct bb_gen_slot *slot) { (void)run, (void)slot; }

static char *head(const struct bb_gen_run *run, const struct bb_gen_file *file, char *p)
{
    const struct layout *layout = run->report->layout;
    p = bb_gen_puts(p, layout->title);
    *p++ = '\n';
    p = bb_gen_us_date(p, file->first_day, !layout->real_time);
    p = bb_gen_puts(p, "\n\n,,,All Hours-Ending are Eastern Standard Time (EST)\nNode,Type,Value");
    for (uint64_t hour = 1; hour <= 24; hour++) {
        p = bb_gen_puts(p, ",HE ");
        p = bb_gen_uint(p, hour);
    }
    *p++ = '\n';
    return p;
}

/* "1,234.56" in quotes, as the bundles have it; small numbers as everywhere. */
static char *thousands(char *p, int64_t cents)
{
    int64_t v = cents < 0 ? -cents : cents;
    if (v < 100000) return bb_gen_fixed(p, cents, 2);
    *p++ = '"';
    if (cents < 0) *p++ = '-';
    p = bb_gen_uint(p, (uint64_t)v / 100000);
    *p++ = ',';
    p = bb_gen_padded(p, (uint32_t)(v / 100 % 1000), 3);
    *p++ = '.';
    p = bb_gen_padded(p, (uint32_t)(v % 100), 2);
    *p++ = '"';
    return p;
}

static char *row(const struct bb_gen_run *run, const struct bb_gen_file *file, uint64_t index,
                 enum bb_gen_posting posting, char *p)
{
    static const char *const values[] = { "LMP", "MCC", "MLC" };
    const struct layout *layout = run->report->layout;
    size_t in_day = (size_t)(index % (run->n_nodes * 3)), day = (size_t)(index / (run->n_nodes * 3));
    unsigned value = (unsigned)(in_day / run->n_nodes);
    const struct bb_gen_node *node = &run->nodes[in_day % run->n_nodes];
    if (layout->bundle) { /* the three records of a location together, the day in front */
        value = (unsigned)(in_day % 3);
        node = &run->nodes[in_day / 3];
        p = bb_gen_us_date(p, file->first_day + (int32_t)day, 1);
        *p++ = ',';
    }
    p = bb_gen_put(p, node->text, node->n_text);
    p = bb_gen_put(p, values[value], 3);
    for (size_t i = day * 24; i < day * 24 + 24; i++) {
        const struct bb_gen_slot *slot = &run->slots[i];
        int earlier = posting == BB_GEN_SUPERSEDED ||
                      (layout->preliminary && bb_gen_mix(slot->noise, node->noise + 1u) % 5 == 0);
        struct bb_gen_price price = bb_gen_price_at(slot, node, earlier);
        int64_t mec = bb_gen_round(price.energy, 10000), mcc = bb_gen_round(price.congestion, 10000),
                mlc = bb_gen_round(price.loss, 10000);
        /* hourly real-time values are averages, each rounded on its own; day-ahead ones add up to the cent */
        int64_t lmp =
            layout->real_time ? bb_gen_round(price.energy + price.congestion + price.loss, 10000) : mec + mcc + mlc;
        int64_t cents = value == 0 ? lmp : value == 1 ? mcc : mlc;
        *p++ = ',';
        if (layout->bundle)
            p = thousands(p, cents);
        else
            p = layout->real_time ? bb_gen_fixed(p, cents, 2) : bb_gen_trimmed(p, cents, 2, 0);
    }
    *p++ = '\n';
    return p;
}

/* The layout's name tells which bundle: a file per quarter of a year. */
static enum bb_status plan_bundle(struct bb_gen_run *run, uint64_t i, struct bb_gen_file *file, int *found_ret,
                                  struct bb_error *err)
{
    static const char *const quarters[] = { "Jan-Mar", "Apr-Jun", "Jul-Sep", "Oct-Dec" };
    const struct layout *layout = run->report->layout;
    int32_t end = run->options->first_day + run->options->n_days, next = run->options->first_day;
    struct bb_date d, after;
    for (uint64_t k = 0;; k++) {
        *found_ret = next < end;
        if (!*found_ret) return BB_OK;
        file->first_day = next;
        d = bb_date_of(next);
        after =
            (struct bb_date){ d.month > 9 ? d.year + 1 : d.year, d.month > 9 ? 1 : (d.month - 1) / 3 * 3 + 4, 1 };
        next = BB_MIN(bb_day_of(after), end);
        if (k == i) break;
    }
    file->n_days = next - file->first_day;
    BB_TRY(bb_gen_need_slots(run, file->first_day, file->n_days, err));
    file->n_rows = (uint64_t)file->n_days * run->n_nodes * 3;
    file->stamp = (struct bb_wall){ next + 20, 23400 };
    snprintf(file->name, sizeof file->name, "%04d_%s_%s.csv", (int)d.year, quarters[(d.month - 1) / 3],
             layout->name);
    snprintf(file->archive, sizeof file->archive, "%04d_%s_%s.zip", (int)d.year, quarters[(d.month - 1) / 3],
             layout->name);
    return BB_OK;
}

static char *head_bundle(const struct bb_gen_run *run, const struct bb_gen_file *file, char *p)
{
    (void)run, (void)file;
    p = bb_gen_puts(p, "\nMARKET_DAY,NODE,TYPE,VALUE");
    for (uint64_t hour = 1; hour <= 24; hour++) {
        p = bb_gen_puts(p, ",HE");
        p = bb_gen_uint(p, hour);
    }
    *p++ = '\n';
    return p;
}

/* The weeks begin on Mondays; a file is named after the Monday two weeks later. */
static enum bb_status plan_week(struct bb_gen_run *run, uint64_t i, struct bb_gen_file *file, int *found_ret,
                                struct bb_error *err)
{
    int32_t first = run->options->first_day, end = first + run->options->n_days;
    int32_t monday =
        first - (first + 3) % 7 + 7 * (int32_t)BB_MIN(i, (uint64_t)10000); /* 1970-01-01 was a Thursday */
    struct bb_date d = bb_date_of(monday + 14);
    file->first_day = BB_MAX(first, monday);
    file->n_days = BB_MIN(end, monday + 7) - file->first_day;
    *found_ret = monday < end;
    if (!*found_ret) return BB_OK;
    BB_TRY(bb_gen_need_slots(run, file->first_day, file->n_days, err));
    file->n_rows = run->n_slots * run->n_nodes;
    file->stamp = (struct bb_wall){ monday + 14, 23400 };
    snprintf(file->name, sizeof file->name, "%04d%02d%02d_5MIN_LMP.csv", (int)d.year, (int)d.month, (int)d.day);
    snprintf(file->archive, sizeof file->archive, "%04d%02d%02d_5MIN_LMP.zip", (int)d.year, (int)d.month,
             (int)d.day);
    return BB_OK;
}

static void label_five_minutes(const struct bb_gen_run *run, struct bb_gen_slot *slot)
{
    char *p = bb_gen_us_date(slot->text, slot->wall.day, 1);
    (void)run;
    *p++ = ' ';
    p = bb_gen_padded(p, (uint32_t)slot->wall.second / 3600, 2);
    *p++ = ':';
    p = bb_gen_padded(p, (uint32_t)slot->wall.second / 60 % 60, 2);
    *p++ = ',';
    slot->n_text = (uint32_t)(p - slot->text);
}

static char *head_week(const struct bb_gen_run *run, const struct bb_gen_file *file, char *p)
{
    (void)run;
    p = bb_gen_puts(p, "Weekly Real-Time 5-Min LMP\n");
    p = bb_gen_us_date(p, file->first_day, 1);
    return bb_gen_puts(p, "\n\nAll times are Eastern Standard Time (EST), interval beginning\n"
                          "MKTHOUR_EST,PNODENAME,LMP,CON_LMP,LOSS_LMP\n");
}

static char *row_week(const struct bb_gen_run *run, const struct bb_gen_file *file, uint64_t index,
                      enum bb_gen_posting posting, char *p)
{
    const struct bb_gen_slot *slot = &run->slots[index / run->n_nodes];
    const struct bb_gen_node *node = &run->nodes[index % run->n_nodes];
    struct bb_gen_price price = bb_gen_price_at(slot, node, posting == BB_GEN_SUPERSEDED);
    int64_t mec = bb_gen_round(price.energy, 10000), mcc = bb_gen_round(price.congestion, 10000),
            mlc = bb_gen_round(price.loss, 10000);
    (void)file;
    p = bb_gen_put(p, slot->text, slot->n_text);
    p = bb_gen_put(p, node->name, node->n_name);
    *p++ = ',';
    p = bb_gen_fixed(p, mec + mcc + mlc, 2);
    *p++ = ',';
    p = bb_gen_fixed(p, mcc, 2);
    *p++ = ',';
    p = bb_gen_fixed(p, mlc, 2);
    *p++ = '\n';
    return p;
}

static char *foot_week(const struct bb_gen_run *run, const struct bb_gen_file *file, char *p)
{
    (void)run, (void)file;
    return bb_gen_puts(p, "\n* Prices are subject to correction.\n");
}

static const struct layout expost = { "da_expost_lmp", "Day Ahead Market ExPost LMPs", 0, 0, 0 };
static const struct layout exante = { "da_exante_lmp", "Day Ahead Market ExAnte LMPs", 0, 0, 0 };
static const struct layout final = { "rt_lmp_final", "Realtime Market LMPs", 1, 0, 0 };
static const struct layout prelim = { "rt_lmp_prelim", "Realtime Market LMPs", 1, 1, 0 };
static const struct layout da_bundle = { "DA_LMPs", "", 0, 0, 1 };
static const struct layout rt_bundle = { "RT_LMPs", "", 1, 0, 1 };

#define REPORT(id, text, salt, layout)                                                                             \
    {                                                                                                              \
        id, text, "Etc/GMT+5", 60, 2612, salt, layout, make_nodes, plan, label_slot, head, row                     \
    }

static const struct bb_gen_report reports[] = {
    REPORT("miso.da_expost_lmp", "MISO day-ahead ex-post LMPs, a file per day", 21, &expost),
    REPORT("miso.da_exante_lmp", "MISO day-ahead ex-ante LMPs, a file per day", 22, &exante),
    REPORT("miso.rt_lmp_final", "MISO real-time hourly LMPs, final", 23, &final),
    REPORT("miso.rt_lmp_prelim",
           "MISO real-time hourly LMPs, preliminary: a fifth of the prices differ from the final ones", 23,
           &prelim),
    { "miso.DA_LMPs", "MISO day-ahead LMPs, a file per quarter", "Etc/GMT+5", 60, 2612, 21, &da_bundle, make_nodes,
      plan_bundle, label_slot, head_bundle, row, NULL },
    { "miso.RT_LMPs", "MISO real-time hourly LMPs, a file per quarter", "Etc/GMT+5", 60, 2612, 23, &rt_bundle,
      make_nodes, plan_bundle, label_slot, head_bundle, row, NULL },
    { "miso.5MIN_LMP", "MISO real-time five-minute LMPs, a file per week", "Etc/GMT+5", 5, 2500, 24, NULL,
      make_nodes, plan_week, label_five_minutes, head_week, row_week, foot_week },
};
const struct bb_gen_market bb_gen_miso = { reports, BB_ARRAY_LEN(reports) };
