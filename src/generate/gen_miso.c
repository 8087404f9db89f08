/* MISO: a preamble, then one line per location and component with 24 hour columns, all LMP lines first, then all MCC, then all
 * MLC. The clock is Eastern Standard Time all year: every day has 24 hours. */
#include "generate/gen_report.h"

#include <stdio.h>
#include <stdlib.h>

struct layout {
    const char *name; /* "da_expost_lmp" */
    const char *title;
    int real_time;   /* two fixed decimals, unpadded date; else the day-ahead spelling: .92, 29 */
    int preliminary; /* some prices differ from the final file's */
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

static char *row(const struct bb_gen_run *run, const struct bb_gen_file *file, uint64_t index,
                 enum bb_gen_posting posting, char *p)
{
    static const char *const values[] = { "LMP", "MCC", "MLC" };
    const struct layout *layout = run->report->layout;
    unsigned value = (unsigned)(index / run->n_nodes);
    const struct bb_gen_node *node = &run->nodes[index % run->n_nodes];
    (void)file;
    p = bb_gen_put(p, node->text, node->n_text);
    p = bb_gen_put(p, values[value], 3);
    for (size_t i = 0; i < run->n_slots; i++) {
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
        p = layout->real_time ? bb_gen_fixed(p, cents, 2) : bb_gen_trimmed(p, cents, 2, 0);
    }
    *p++ = '\n';
    return p;
}

static const struct layout expost = { "da_expost_lmp", "Day Ahead Market ExPost LMPs", 0, 0 };
static const struct layout exante = { "da_exante_lmp", "Day Ahead Market ExAnte LMPs", 0, 0 };
static const struct layout final = { "rt_lmp_final", "Realtime Market LMPs", 1, 0 };
static const struct layout prelim = { "rt_lmp_prelim", "Realtime Market LMPs", 1, 1 };

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
};
const struct bb_gen_market bb_gen_miso = { reports, BB_ARRAY_LEN(reports) };
