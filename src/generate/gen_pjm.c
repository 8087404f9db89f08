/* PJM, Data Miner: one flat CSV, US date spelling, CRLF, instants ascending and pnode_id ascending within one. */
#include "generate/gen_pjm.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    TYPE_AGGREGATE,
    TYPE_EHV,
    TYPE_EXT,
    TYPE_GEN,
    TYPE_HUB,
    TYPE_INTERFACE,
    TYPE_LOAD,
    TYPE_RESIDUAL,
    TYPE_ZONE
};
static const char *const type_words[] = { "AGGREGATE", "EHV",       "EXT",  "GEN",
                                          "HUB",       "INTERFACE", "LOAD", "RESIDUAL_METERED_EDC",
                                          "ZONE" };

static const char *const zones[] = { "AECO", "AEP",  "APS",     "ATSI",  "BGE",  "COMED", "DAY",
                                     "DEOK", "DOM",  "DPL",     "DUQ",   "EKPC", "JCPL",  "METED",
                                     "OVEC", "PECO", "PENELEC", "PEPCO", "PPL",  "PSEG",  "RECO" };

/* Points that people look up by name; made-up points come behind. In the order in which small files get them. */
static const struct {
    int64_t id;
    const char *name;
    int type;
} named[] = {
    { 1, "PJM-RTO", TYPE_ZONE },
    { 51288, "WESTERN HUB", TYPE_HUB },
    { 8445784, "AEP", TYPE_ZONE },
    { 51217, "EASTERN HUB", TYPE_HUB },
    { 33092371, "COMED", TYPE_ZONE },
    { 33092313, "CHICAGO HUB", TYPE_HUB },
    { 34964545, "DOM", TYPE_ZONE },
    { 5021723, "NYIS", TYPE_INTERFACE },
    { 51301, "PSEG", TYPE_ZONE },
    { 33092311, "CHICAGO GEN HUB", TYPE_HUB },
    { 33092315, "N ILLINOIS HUB", TYPE_HUB },
    { 34497125, "AEP GEN HUB", TYPE_HUB },
    { 34497127, "AEP-DAYTON HUB", TYPE_HUB },
    { 34497151, "OHIO HUB", TYPE_HUB },
    { 35010337, "DOMINION HUB", TYPE_HUB },
    { 4669664, "NEW JERSEY HUB", TYPE_HUB },
    { 51287, "WEST INT HUB", TYPE_HUB },
    { 116013751, "ATSI GEN HUB", TYPE_HUB },
    { 51291, "AECO", TYPE_ZONE },
    { 8394954, "APS", TYPE_ZONE },
    { 116013753, "ATSI", TYPE_ZONE },
    { 51292, "BGE", TYPE_ZONE },
    { 34508503, "DAY", TYPE_ZONE },
    { 124076095, "DEOK", TYPE_ZONE },
    { 51293, "DPL", TYPE_ZONE },
    { 37737283, "DUQ", TYPE_ZONE },
    { 970242670, "EKPC", TYPE_ZONE },
    { 51295, "JCPL", TYPE_ZONE },
    { 51296, "METED", TYPE_ZONE },
    { 1709725933, "OVEC", TYPE_ZONE },
    { 51297, "PECO", TYPE_ZONE },
    { 51300, "PENELEC", TYPE_ZONE },
    { 51298, "PEPCO", TYPE_ZONE },
    { 51299, "PPL", TYPE_ZONE },
    { 7633629, "RECO", TYPE_ZONE },
    { 1369000700, "NIPSCO", TYPE_INTERFACE },
};

static int by_id(const void *a, const void *b)
{
    int64_t x = ((const struct bb_gen_node *)a)->id, y = ((const struct bb_gen_node *)b)->id;
    return (x > y) - (x < y);
}

/* "id,name,voltage,equipment,type,zone," */
static void finish_node(struct bb_gen_node *node, const char *voltage, const char *equipment, const char *zone)
{
    char *p = node->text;
    p = bb_gen_uint(p, (uint64_t)node->id);
    *p++ = ',';
    p = bb_gen_put(p, node->name, node->n_name);
    *p++ = ',';
    p = bb_gen_puts(p, voltage);
    *p++ = ',';
    p = bb_gen_puts(p, equipment);
    *p++ = ',';
    p = bb_gen_puts(p, type_words[node->kind]);
    *p++ = ',';
    p = bb_gen_puts(p, zone);
    *p++ = ',';
    node->n_text = (uint8_t)(p - node->text);
}

static enum bb_status make_nodes(struct bb_gen_run *run, struct bb_error *err)
{
    static const char *const voltages[] = { "230 KV",  "138 KV", "69 KV",   "115 KV", "345 KV", "500 KV",
                                            "34.5 KV", "13 KV",  "12.5 KV", "765 KV", "26 KV",  "4.1 KV" };
    /* where the named points take less room than half of the file */
    size_t n_named = BB_MIN(BB_ARRAY_LEN(named), (run->n_nodes + 1) / 2), i = 0;
    int64_t id = 48592;
    char station[8];
    int n_station = 0, at_station = 0;
    uint64_t layout_seed =
        bb_gen_mix(run->options->seed, 0x504a4du); /* day-ahead and real-time know the same nodes */
    (void)err;
    for (; i < n_named; i++) {
        struct bb_gen_node *node = &run->nodes[i];
        node->id = named[i].id;
        node->kind = (uint8_t)named[i].type;
        node->n_name = (uint8_t)snprintf(node->name, sizeof node->name, "%s", named[i].name);
        node->area = (uint8_t)(bb_gen_mix(layout_seed, i) % BB_ARRAY_LEN(zones));
        finish_node(node, "", "", "");
    }
    for (; i < run->n_nodes; i++) {
        struct bb_gen_node *node = &run->nodes[i];
        uint64_t bits = bb_gen_mix(layout_seed, i | (uint64_t)1 << 32);
        unsigned kind = bits % 1000;
        char voltage[16], equipment[16], *p = equipment;
        int taken;
        /* ids grow over the years and no longer fit 32 bits */
        id += 1 + (int64_t)((bits >> 10) % 7);
        if (i == run->n_nodes / 2) id = 1183224720;
        if (i == run->n_nodes - run->n_nodes / 8) id = 2156108903;
        do {
            taken = 0;
            for (size_t k = 0; k < BB_ARRAY_LEN(named); k++) taken |= named[k].id == id;
            id += taken;
        } while (taken);
        node->id = id;
        node->kind = TYPE_LOAD;
        if (kind < 160) node->kind = TYPE_GEN;
        if (kind < 54) node->kind = TYPE_AGGREGATE;
        if (kind < 26) node->kind = TYPE_EHV;
        if (kind < 12) node->kind = TYPE_EXT;
        if (kind < 4) node->kind = TYPE_RESIDUAL;
        if (at_station == 0) { /* one to four transformers of one station share its name */
            n_station = (int)(bb_gen_word(station, bits >> 13, 5 + (int)(bits >> 40 & 3)) - station);
            at_station = 1 + (int)(bits >> 43 & 3);
            if ((bits >> 45) % 64 == 0) n_station = (int)(bb_gen_puts(station, "STUART2") - station);
        }
        at_station--;
        memcpy(node->name, station, (size_t)n_station);
        node->n_name = (uint8_t)n_station;
        node->area = (uint8_t)(bits >> 50) % BB_ARRAY_LEN(zones);
        snprintf(voltage, sizeof voltage, "%s", voltages[(bits >> 58) % BB_ARRAY_LEN(voltages)]);
        if (node->kind == TYPE_AGGREGATE || node->kind == TYPE_RESIDUAL) {
            const char *suffix = node->kind == TYPE_RESIDUAL ? "_RESID_AGG" : "_AGG";
            memcpy(node->name + n_station, suffix, strlen(suffix));
            node->n_name = (uint8_t)(n_station + (int)strlen(suffix));
            finish_node(node, "", "", "");
            continue;
        }
        if (node->kind == TYPE_GEN) {
            p = bb_gen_puts(p, "UNIT");
        } else if (node->kind == TYPE_LOAD) {
            p = bb_gen_puts(p, (bits >> 20 & 1) ? "T-" : "TX");
        }
        if (node->kind != TYPE_EHV) p = bb_gen_uint(p, 1 + (uint64_t)at_station * 10);
        *p = 0;
        finish_node(node, node->kind == TYPE_EHV ? "500 KV" : voltage, equipment, zones[node->area]);
    }
    for (i = 0; i < run->n_nodes; i++)
        bb_gen_node_character(&run->nodes[i], layout_seed, (uint64_t)run->nodes[i].id);
    qsort(run->nodes, run->n_nodes, sizeof *run->nodes, by_id);
    return BB_OK;
}

enum bb_status bb_gen_pjm_plan(struct bb_gen_run *run, uint64_t i, struct bb_gen_file *file, int *found_ret,
                               struct bb_error *err)
{
    const char *feed = strchr(run->report->id, '.') + 1;
    char *p = file->name;
    *found_ret = bb_gen_cut_days(run->options, run->options->files_per, i, &file->first_day, &file->n_days);
    if (!*found_ret) return BB_OK;
    BB_TRY(bb_gen_need_slots(run, file->first_day, file->n_days, err));
    file->n_rows = run->n_slots * run->n_nodes;
    file->stamp = (struct bb_wall){ file->first_day + file->n_days + 3, 40920 };
    p = bb_gen_puts(p, feed);
    *p++ = '_';
    p = bb_gen_date(p, file->first_day, '-');
    if (file->n_days > 1) {
        *p++ = '_';
        p = bb_gen_date(p, file->first_day + file->n_days - 1, '-');
    }
    snprintf(file->archive, sizeof file->archive, "%.*s.zip", (int)(p - file->name), file->name);
    bb_gen_puts(p, ".csv");
    return BB_OK;
}

void bb_gen_pjm_label_slot(const struct bb_gen_run *run, struct bb_gen_slot *slot)
{
    struct bb_wall utc = { (int32_t)(slot->utc_s / 86400), (int32_t)(slot->utc_s % 86400) };
    char *p = bb_gen_us_stamp(slot->text, utc);
    (void)run;
    *p++ = ',';
    p = bb_gen_us_stamp(p, slot->wall);
    *p++ = ',';
    slot->n_text = (uint32_t)(p - slot->text);
}

enum { DAY_AHEAD, HOURLY, FIVE_MINUTES };

static char *head(const struct bb_gen_run *run, const struct bb_gen_file *file, char *p)
{
    const char *product = *(const int *)run->report->layout == DAY_AHEAD ? "da" : "rt";
    (void)file;
    return p +
           snprintf(p, BB_GEN_LINE_MAX,
                    "datetime_beginning_utc,datetime_beginning_ept,pnode_id,pnode_name,voltage,equipment,type,zone,"
                    "system_energy_price_%s,total_lmp_%s,congestion_price_%s,marginal_loss_price_%s,row_is_current,"
                    "version_nbr\r\n",
                    product, product, product, product);
}

static char *row(const struct bb_gen_run *run, const struct bb_gen_file *file, uint64_t index,
                 enum bb_gen_posting posting, char *p)
{
    size_t at = (size_t)(index / run->n_nodes);
    const struct bb_gen_slot *slot = &run->slots[at];
    const struct bb_gen_node *node = &run->nodes[index - at * run->n_nodes];
    struct bb_gen_price price = bb_gen_price_at(slot, node, posting == BB_GEN_SUPERSEDED);
    int64_t cents = bb_gen_round(price.energy, 10000) * 10000, total;
    int is_bus = node->kind == TYPE_LOAD || node->kind == TYPE_GEN || node->kind == TYPE_EXT;
    int product = *(const int *)run->report->layout;
    (void)file;
    if (is_bus) { /* the markets price buses in cents */
        price.congestion = bb_gen_round(price.congestion, 10000) * 10000;
        price.loss = bb_gen_round(price.loss, 10000) * 10000;
    }
    total = cents + price.congestion + price.loss;
    /* hourly real-time prices are averages, each rounded on its own: the sum may be off by half a cent, at buses by one */
    if (product == HOURLY)
        total += is_bus ? (node->noise + slot->noise) % 3 == 0 ? 10000 : 0 : price.energy - cents;
    /* day-ahead: by one in the last place */
    if (product == DAY_AHEAD && !is_bus) total += (int64_t)((node->noise + slot->noise) % 5 == 0);
    p = bb_gen_put(p, slot->text, slot->n_text);
    p = bb_gen_put(p, node->text, node->n_text);
    p = product == DAY_AHEAD ? bb_gen_fixed(p, cents / 10000, 2) : bb_gen_fixed(p, cents, 6);
    *p++ = ',';
    p = bb_gen_fixed(p, total, 6);
    *p++ = ',';
    p = bb_gen_fixed(p, price.congestion, 6);
    *p++ = ',';
    p = bb_gen_fixed(p, price.loss, 6);
    /* an unfiltered export shows the superseded posting right before the current one */
    if (posting == BB_GEN_SUPERSEDED) return bb_gen_put(p, ",False,1\r\n", 10);
    if (posting == BB_GEN_CURRENT) return bb_gen_put(p, ",True,2\r\n", 9);
    return bb_gen_put(p, ",True,1\r\n", 9);
}

static const int day_ahead = DAY_AHEAD, hourly = HOURLY, five_minutes = FIVE_MINUTES;

static const struct bb_gen_report reports[] = {
    { "pjm.da_hrl_lmps", "PJM day-ahead hourly LMPs, all nodes", "America/New_York", 60, 12708, 1, &day_ahead,
      make_nodes, bb_gen_pjm_plan, bb_gen_pjm_label_slot, head, row },
    { "pjm.rt_hrl_lmps", "PJM real-time hourly LMPs, settlement verified", "America/New_York", 60, 12708, 2,
      &hourly, make_nodes, bb_gen_pjm_plan, bb_gen_pjm_label_slot, head, row },
    { "pjm.rt_fivemin_hrl_lmps", "PJM real-time five-minute LMPs", "America/New_York", 5, 12708, 3, &five_minutes,
      make_nodes, bb_gen_pjm_plan, bb_gen_pjm_label_slot, head, row },
};
const struct bb_gen_market bb_gen_pjm = { reports, BB_ARRAY_LEN(reports) };
