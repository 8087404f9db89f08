/* CAISO, OASIS: a line is one price component. A single zip holds one CSV with all components of (day, node) in neighbouring
 * blocks; a group zip holds one member per component and, but for the day-ahead market, one operating hour. */
#include "generate/gen_report.h"

#include <stdio.h>
#include <stdlib.h>

struct component {
    const char *type, *item;
};
enum { LMP, MCC, MCE, MCL, MGHG };
static const struct component components[] = {
    { "LMP", "LMP_PRC" },      { "MCC", "LMP_CONG_PRC" }, { "MCE", "LMP_ENE_PRC" },
    { "MCL", "LMP_LOSS_PRC" }, { "MGHG", "LMP_GHG_PRC" },
};

struct layout {
    const char *report; /* "PRC_LMP" */
    const char *market; /* "DAM" */
    const char *price;  /* column name; differs by report and version */
    int version, n_components;
    const char *group;        /* "DAM_LMP_GRP", NULL: single zip */
    int hourly;               /* one group zip per operating hour */
    int component_per_member; /* a group zip of version 1 has one member with all */
    int interval_first; /* OPR_INTERVAL right behind OPR_HR (day-ahead), not before GROUP; OPR_HR without leading zero */
};

enum { PLAIN_NODE, AGGREGATE_NODE };

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct bb_gen_node *)a)->name, ((const struct bb_gen_node *)b)->name);
}

static enum bb_status make_nodes(struct bb_gen_run *run, struct bb_error *err)
{
    static const char *const named[] = { "TH_NP15_GEN-APND", "DLAP_PGAE-APND", "TH_SP15_GEN-APND",
                                         "TH_ZP26_GEN-APND", "DLAP_SCE-APND",  "DLAP_SDGE-APND",
                                         "DLAP_VEA-APND",    "CLAP_BART-APND", "SLAP_PGF1-APND",
                                         "ELAP_PACE-APND",   "ELAP_NEVP-APND" };
    static const char *const kinds[] = { "6_N001",   "1_B1",         "7_N012",        "2_N024",
                                         "5_GNODE7", "7_UNITS-APND", "2_PDRP14-APND", "6_RDRR03-APND" };
    size_t n_named = BB_MIN(BB_ARRAY_LEN(named), (run->n_nodes + 1) / 2);
    uint64_t layout_seed = bb_gen_mix(run->options->seed, 0x434149u);
    (void)err;
    for (size_t i = 0; i < run->n_nodes; i++) {
        struct bb_gen_node *node = &run->nodes[i];
        char *p = node->name;
        uint64_t bits = bb_gen_mix(layout_seed, i);
        if (i < n_named) {
            p = bb_gen_puts(p, named[i]);
        } else { /* three letters and a number make the name unique */
            size_t number = i - n_named;
            unsigned code = (unsigned)(number * 7919 % 17576);
            p = bb_gen_word(p, bits, 3);
            *p++ = (char)('A' + code / 676);
            *p++ = (char)('A' + code / 26 % 26);
            *p++ = (char)('A' + code % 26);
            *p++ = '_';
            if (number >= 17576) p = bb_gen_uint(p, number / 17576);
            p = bb_gen_puts(p, kinds[(bits >> 40) % BB_ARRAY_LEN(kinds)]);
        }
        node->n_name = (uint8_t)(p - node->name);
        *p = 0;
        node->kind = node->n_name > 5 && memcmp(p - 5, "-APND", 5) == 0 ? AGGREGATE_NODE : PLAIN_NODE;
        node->area = (uint8_t)(bits >> 48) % BB_GEN_AREAS;
        node->id = (bits >> 33) % 29 == 0; /* outside the own area: its price has a greenhouse-gas part */
        bb_gen_node_character(node, layout_seed, i);
        p = node->text;
        for (int k = 0; k < 3; k++) {
            p = bb_gen_put(p, node->name, node->n_name);
            *p++ = ',';
        }
        node->n_text = (uint8_t)(p - node->text);
    }
    qsort(run->nodes, run->n_nodes, sizeof *run->nodes, by_name);
    return BB_OK;
}

static int operating_hour(const struct bb_gen_slot *slot)
{
    return slot->second_of_two ? 25 : slot->wall.second / 3600 + 1;
}

static char *day_range(char *p, int32_t first, int32_t last)
{
    p = bb_gen_date(p, first, 0);
    *p++ = '_';
    p = bb_gen_date(p, last, 0);
    *p++ = '_';
    return p;
}

static enum bb_status plan_single(struct bb_gen_run *run, uint64_t i, struct bb_gen_file *file, int *found_ret,
                                  struct bb_error *err)
{
    const struct layout *layout = run->report->layout;
    int32_t end;
    int n;
    *found_ret = bb_gen_cut_days(run->options, run->options->files_per, i, &file->first_day, &file->n_days);
    if (!*found_ret) return BB_OK;
    BB_TRY(bb_gen_need_slots(run, file->first_day, file->n_days, err));
    file->part = -1;
    file->n_rows = run->n_slots * run->n_nodes * (uint64_t)layout->n_components;
    end = file->first_day + file->n_days;
    file->stamp = (struct bb_wall){ end + 2, 33696 };
    {
        char text[96], *p = day_range(text, file->first_day, end);
        p = bb_gen_puts(p, layout->report);
        *p++ = '_';
        p = bb_gen_puts(p, layout->market);
        *p++ = '_';
        p = bb_gen_date(p, file->stamp.day, 0);
        *p++ = '_';
        p = bb_gen_clock(p, file->stamp.second, '_');
        n = (int)(p - text);
        snprintf(file->name, sizeof file->name, "%.*s_v%d.csv", n, text, layout->version);
        snprintf(file->archive, sizeof file->archive, "%.*s_v%d.zip", n, text, layout->version);
    }
    return BB_OK;
}

/* Members in the order of (day, operating hour, component). */
static enum bb_status plan_group(struct bb_gen_run *run, uint64_t i, struct bb_gen_file *file, int *found_ret,
                                 struct bb_error *err)
{
    const struct layout *layout = run->report->layout;
    int members = layout->component_per_member ? layout->n_components : 1;
    uint64_t unit = i / (unsigned)members, day = unit; /* day, or hour counted over all days */
    uint64_t slots_per_hour = (uint64_t)(60 / run->report->minutes);
    char text[32], hour[8] = "N", part[24] = "";
    *found_ret = 0;
    if (layout->hourly) {
        int64_t first, start, end, instant;
        bb_zone_day(run->zone, run->options->first_day, &first, &end);
        instant = first + (int64_t)unit * 3600;
        day = (uint64_t)(bb_zone_local(run->zone, instant).wall.day - run->options->first_day);
        if (day >= (uint64_t)run->options->n_days) return BB_OK;
        bb_zone_day(run->zone, run->options->first_day + (int32_t)day, &start, &end);
        file->hour_slot = (int)((instant - start) / 3600 * (int64_t)slots_per_hour);
    } else if (day >= (uint64_t)run->options->n_days) {
        return BB_OK;
    }
    *found_ret = 1;
    file->first_day = run->options->first_day + (int32_t)day;
    file->n_days = 1;
    BB_TRY(bb_gen_need_slots(run, file->first_day, 1, err));
    file->part = layout->component_per_member ? (int)(i % (unsigned)members) : -1;
    file->n_rows = (layout->hourly ? slots_per_hour : run->n_slots) * run->n_nodes *
                   (uint64_t)(layout->component_per_member ? 1 : layout->n_components);
    file->stamp = (struct bb_wall){ file->first_day, 50520 };
    *day_range(text, file->first_day, file->first_day) = 0;
    if (layout->hourly) snprintf(hour, sizeof hour, "%02d", operating_hour(&run->slots[file->hour_slot]));
    if (layout->component_per_member) snprintf(part, sizeof part, "%s_", components[file->part].type);
    snprintf(file->archive, sizeof file->archive, "%s%s_%s_N_v%d_csv.zip", text, layout->group, hour,
             layout->version);
    snprintf(file->name, sizeof file->name, "%s%s_%s_%s%s%sv%d.csv", text, layout->report, layout->market,
             layout->hourly ? hour : "", layout->hourly ? "_" : "", part, layout->version);
    return BB_OK;
}

static char *gmt(char *p, int64_t utc_s)
{
    p = bb_gen_date(p, (int32_t)(utc_s / 86400), '-');
    *p++ = 'T';
    p = bb_gen_clock(p, (int32_t)(utc_s % 86400), ':');
    return bb_gen_puts(p, "-00:00,"); /* negative zero, as OASIS writes it */
}

static void label_slot(const struct bb_gen_run *run, struct bb_gen_slot *slot)
{
    const struct layout *layout = run->report->layout;
    char *p = gmt(slot->text, slot->utc_s);
    p = gmt(p, slot->utc_s + run->report->minutes * 60);
    p = bb_gen_date(p, slot->day, '-');
    *p++ = ',';
    p = layout->interval_first ? bb_gen_uint(p, (uint64_t)operating_hour(slot))
                               : bb_gen_padded(p, (uint32_t)operating_hour(slot), 2);
    p = bb_gen_puts(p, layout->interval_first ? ",0," : ",");
    slot->n_text = (uint32_t)(p - slot->text);
}

static char *head(const struct bb_gen_run *run, const struct bb_gen_file *file, char *p)
{
    const struct layout *layout = run->report->layout;
    (void)file;
    return p + snprintf(p, BB_GEN_LINE_MAX,
                        "INTERVALSTARTTIME_GMT,INTERVALENDTIME_GMT,OPR_DT,OPR_HR,%sNODE_ID_XML,NODE_ID,NODE,MARKET_"
                        "RUN_ID,LMP_TYPE,"
                        "XML_DATA_ITEM,PNODE_RESMRID,GRP_TYPE,POS,%s,%sGROUP\n",
                        layout->interval_first ? "OPR_INTERVAL," : "", layout->price,
                        layout->interval_first ? "" : "OPR_INTERVAL,");
}

/* Hundred-thousandths of a dollar. */
static int64_t price_of(const struct bb_gen_run *run, const struct bb_gen_slot *slot,
                        const struct bb_gen_node *node, int component, int earlier)
{
    const struct layout *layout = run->report->layout;
    struct bb_gen_price price = bb_gen_price_at(slot, node, earlier);
    int64_t mce = bb_gen_round(price.energy, 10), mcc = bb_gen_round(price.congestion, 10),
            mcl = bb_gen_round(price.loss, 10), mghg = 0;
    uint64_t bits = bb_gen_mix(slot->noise, node->noise ^ 0x67686700u);
    int64_t error;
    if (node->id && !layout->interval_first && bits % 3 == 0) mghg = -(int64_t)(bits >> 40 & 0xfffff);
    if (component == MCE) return mce;
    if (component == MCC) return mcc;
    if (component == MCL) return mcl;
    if (component == MGHG) return mghg;
    /* the total is rounded on its own: off by one in the last place, by ten in the fifteen-minute market */
    error = strcmp(layout->market, "RTPD") == 0 ? (int64_t)(bits >> 8 & 15) - 7 : (bits & 15) == 0;
    return mce + mcc + mcl + mghg + error;
}

static char *row(const struct bb_gen_run *run, const struct bb_gen_file *file, uint64_t index,
                 enum bb_gen_posting posting, char *p)
{
    const struct layout *layout = run->report->layout;
    uint64_t n_types = file->part >= 0 ? 1 : (uint64_t)layout->n_components;
    uint64_t first_slot = 0, n_slots, block, within, number, slots_per_hour = (uint64_t)(60 / run->report->minutes);
    const struct bb_gen_slot *slot;
    const struct bb_gen_node *node;
    int component;
    if (layout->hourly && layout->group) { /* one hour */
        first_slot = (uint64_t)file->hour_slot;
        n_slots = slots_per_hour;
        block = index / n_slots;
        within = index % n_slots;
        number = block;
    } else {
        uint64_t at = index / (run->n_nodes * n_types); /* a slot of the right day */
        int32_t day = run->slots[at].day;
        first_slot = run->slots[at].day_first_slot;
        n_slots = run->slots[at].day_n_slots;
        index -= first_slot * run->n_nodes * n_types;
        block = index / n_slots;
        within = index % n_slots;
        number = (uint64_t)(day - file->first_day) * run->n_nodes * n_types + block;
        if (run->report->minutes == 60) { /* hours of a block come in no order; 7 is prime to 23, 24 and 25 */
            within = (within * 7 + run->nodes[block / n_types].noise) % n_slots;
        } else { /* interval 1 of all hours, then interval 2 of all hours */
            uint64_t n_hours = n_slots / slots_per_hour;
            within = within % n_hours * slots_per_hour + within / n_hours;
        }
    }
    node = &run->nodes[block / n_types];
    component = file->part >= 0 ? file->part : (int)(block % n_types);
    slot = &run->slots[first_slot + within];
    p = bb_gen_put(p, slot->text, slot->n_text);
    p = bb_gen_put(p, node->text, node->n_text);
    p = bb_gen_puts(p, layout->market);
    *p++ = ',';
    p = bb_gen_puts(p, components[component].type);
    *p++ = ',';
    p = bb_gen_puts(p, components[component].item);
    *p++ = ',';
    p = bb_gen_put(p, node->name, node->n_name);
    p = bb_gen_puts(p, node->kind == AGGREGATE_NODE ? ",ALL_APNODES,0," : ",ALL,1,");
    p = bb_gen_trimmed(p, price_of(run, slot, node, component, posting == BB_GEN_SUPERSEDED), 5, 1);
    *p++ = ',';
    if (!layout->interval_first) {
        p = bb_gen_uint(p, (uint64_t)(slot->wall.second % 3600 / 60 / run->report->minutes + 1));
        *p++ = ',';
    }
    p = bb_gen_uint(p, number + 1);
    *p++ = '\n';
    return p;
}

static const struct layout dam = { "PRC_LMP", "DAM", "MW", 1, 4, NULL, 0, 0, 1 };
static const struct layout dam_group = { "PRC_LMP", "DAM", "MW", 12, 4, "DAM_LMP_GRP", 0, 1, 1 };
static const struct layout rtpd = { "PRC_RTPD_LMP", "RTPD", "PRC", 3, 5, NULL, 0, 0, 0 };
static const struct layout rtpd_group = { "PRC_RTPD_LMP", "RTPD", "PRC", 3, 5, "RTPD_LMP_GRP", 1, 1, 0 };
static const struct layout rtm = { "PRC_INTVL_LMP", "RTM", "VALUE", 3, 5, NULL, 0, 0, 0 };
static const struct layout rtm_group = { "PRC_INTVL_LMP", "RTM", "VALUE", 3, 5, "RTM_LMP_GRP", 1, 1, 0 };
static const struct layout hasp = { "PRC_HASP_LMP", "HASP", "MW", 1, 4, NULL, 0, 0, 0 };
static const struct layout hasp_group = { "PRC_HASP_LMP", "HASP", "MW", 1, 4, "HASP_LMP_GRP", 1, 0, 0 };

#define REPORT(id, text, minutes, salt, layout, plan)                                                              \
    {                                                                                                              \
        id, text, "America/Los_Angeles", minutes, 16577, salt, layout, make_nodes, plan, label_slot, head, row     \
    }

static const struct bb_gen_report reports[] = {
    REPORT("caiso.prc_lmp", "CAISO day-ahead LMPs, single zip: one CSV, components in blocks", 60, 11, &dam,
           plan_single),
    REPORT("caiso.dam_lmp_grp", "CAISO day-ahead LMPs, group zip: one member per component and day", 60, 11,
           &dam_group, plan_group),
    REPORT("caiso.prc_rtpd_lmp", "CAISO fifteen-minute market LMPs, single zip", 15, 12, &rtpd, plan_single),
    REPORT("caiso.rtpd_lmp_grp", "CAISO fifteen-minute market LMPs, hourly group zips", 15, 12, &rtpd_group,
           plan_group),
    REPORT("caiso.prc_intvl_lmp", "CAISO five-minute LMPs, single zip", 5, 13, &rtm, plan_single),
    REPORT("caiso.rtm_lmp_grp", "CAISO five-minute LMPs, hourly group zips", 5, 13, &rtm_group, plan_group),
    REPORT("caiso.prc_hasp_lmp", "CAISO hour-ahead advisory LMPs, single zip", 15, 14, &hasp, plan_single),
    REPORT("caiso.hasp_lmp_grp", "CAISO hour-ahead advisory LMPs, hourly group zips with one member", 15, 14,
           &hasp_group, plan_group),
};
const struct bb_gen_market bb_gen_caiso = { reports, BB_ARRAY_LEN(reports) };
