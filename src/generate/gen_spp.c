/* SPP: one flat CSV, stamps of interval ends by the local clock and in GMT, instants ascending and names ascending within one. From
 * April 2026 there is a second balancing area, whose column stands third in day-ahead and last in real-time files; on some days
 * header, dates and numbers are spelled as a spreadsheet spells them. */
#include "generate/gen_report.h"
#include "time/stamp.h"

#include <stdio.h>
#include <stdlib.h>

enum subject { LOCATIONS, BUSES, PRICES_OF_RESERVES, CLEARED_RESERVES };
enum posted { PER_DAY, PER_DAY_LATER, PER_INTERVAL };

struct layout {
    const char *name; /* "DA-LMP-SL" */
    enum subject subject;
    enum posted posted;
    int day_ahead;
};

#define FIRST_DAY_OF_WEST 20544 /* 2026-04-01 */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct bb_gen_node *)a)->name, ((const struct bb_gen_node *)b)->name);
}

static const struct layout *layout_of(const struct bb_gen_run *run) { return run->report->layout; }
static int is_energy(const struct layout *l) { return l->subject == LOCATIONS || l->subject == BUSES; }

/* Reserve zones: numbers, and the whole area. */
static void make_reserve_zones(struct bb_gen_run *run)
{
    for (size_t i = 0; i < run->n_nodes; i++) {
        struct bb_gen_node *node = &run->nodes[i];
        char *p = node->name;
        p = i + 1 == run->n_nodes ? bb_gen_puts(p, "SPP") : bb_gen_uint(p, i + 1);
        *p = 0;
        node->n_name = (uint8_t)(p - node->name);
        bb_gen_node_character(node, run->options->seed, i);
        memcpy(node->text, node->name, node->n_name);
        node->text[node->n_name] = ',';
        node->n_text = (uint8_t)(node->n_name + 1);
    }
}

enum { EAST, WEST };

static enum bb_status make_nodes(struct bb_gen_run *run, struct bb_error *err)
{
    static const struct {
        const char *name, *pnode;
        int area;
    } named[] = { { "SPPNORTH_HUB", "SPPNORTH_H", EAST },
                  { "SPPSOUTH_HUB", "SPPSOUTH_H", EAST },
                  { "AECI", "AECI", EAST },
                  { "MISO", "MISO", EAST },
                  { "CSWS_HUB", "CSWS_HUB_H", EAST },
                  { "ERCOTE", "ERCOTE", EAST },
                  { "SWPW_HUB", "SWPW_HUB_H", WEST },
                  { "MEC", "MEC", EAST },
                  { "CISO", "CISO", WEST },
                  { "ERCOTN", "ERCOTN", EAST },
                  { "NSP", "NSP", EAST },
                  { "BPA", "BPA", WEST } };
    const struct layout *l = layout_of(run);
    size_t n_named = l->subject == LOCATIONS ? BB_MIN(BB_ARRAY_LEN(named), (run->n_nodes + 1) / 2) : 0;
    uint64_t layout_seed = bb_gen_mix(run->options->seed, 0x535050u + (unsigned)l->subject);
    (void)err;
    if (!is_energy(l)) {
        make_reserve_zones(run);
        return BB_OK;
    }
    for (size_t i = 0; i < run->n_nodes; i++) {
        struct bb_gen_node *node = &run->nodes[i];
        uint64_t bits = bb_gen_mix(layout_seed, i);
        char pnode[32], *p = node->name;
        node->area = (uint8_t)((bits >> 50) % BB_GEN_AREAS);
        if (i < n_named) {
            p = bb_gen_puts(p, named[i].name);
            node->kind = (uint8_t)named[i].area;
            snprintf(pnode, sizeof pnode, "%s", named[i].pnode);
        } else { /* several locations share a pnode; a number keeps names apart */
            p = bb_gen_word(p, bits, 4);
            *p++ = '.';
            p = bb_gen_word(p, bits >> 20, 3);
            p = bb_gen_uint(p, i);
            node->kind = bits >> 40 & 7 ? EAST : WEST;
            *bb_gen_puts(pnode, "P") = 0;
            *bb_gen_uint(pnode + 1, i / 2) = 0;
        }
        *p = 0;
        node->n_name = (uint8_t)(p - node->name);
        bb_gen_node_character(node, layout_seed, i);
        p = bb_gen_put(node->text, node->name, node->n_name);
        *p++ = ',';
        if (l->subject == LOCATIONS) {
            p = bb_gen_puts(p, pnode);
            *p++ = ',';
        }
        node->n_text = (uint8_t)(p - node->text);
    }
    qsort(run->nodes, run->n_nodes, sizeof *run->nodes, by_name);
    return BB_OK;
}

/* Days that come out of a spreadsheet. */
static int is_odd(const struct bb_gen_run *run, int32_t day)
{
    return is_energy(layout_of(run)) && bb_gen_mix(run->options->seed, (uint64_t)(uint32_t)day) % 12 == 0;
}

/* The end's clock time; when the clock is put back, the old clock's. */
static struct bb_wall end_label(const struct bb_gen_run *run, const struct bb_gen_slot *slot)
{
    int32_t step = run->report->minutes * 60;
    struct bb_wall end = bb_zone_local(run->zone, slot->utc_s + step).wall;
    int64_t by_start = bb_wall_as_utc(slot->wall) + step;
    if (bb_wall_as_utc(end) < by_start)
        end = (struct bb_wall){ (int32_t)(by_start / 86400), (int32_t)(by_start % 86400) };
    return end;
}

static char *stamp(char *p, struct bb_wall wall, int odd)
{
    p = bb_gen_us_date(p, wall.day, !odd);
    *p++ = ' ';
    if (!odd) return bb_gen_clock(p, wall.second, ':');
    p = bb_gen_uint(p, (uint64_t)wall.second / 3600);
    *p++ = ':';
    return bb_gen_padded(p, (uint32_t)wall.second / 60 % 60, 2);
}

static void label_slot(const struct bb_gen_run *run, struct bb_gen_slot *slot)
{
    int64_t end = slot->utc_s + run->report->minutes * 60;
    struct bb_wall utc = { (int32_t)(end / 86400), (int32_t)(end % 86400) };
    int odd = is_odd(run, slot->day);
    char *p = stamp(slot->text, end_label(run, slot), odd);
    *p++ = ',';
    p = stamp(p, utc, odd);
    *p++ = ',';
    slot->n_text = (uint32_t)(p - slot->text);
}

static enum bb_status plan_interval(struct bb_gen_run *run, uint64_t i, struct bb_gen_file *file, int *found_ret,
                                    struct bb_error *err)
{
    const struct bb_gen_slot *slot;
    struct bb_wall end;
    struct bb_date d;
    uint64_t in_day = 0;
    file->first_day = run->options->first_day;
    file->n_days = 1;
    *found_ret = 0;
    for (;; file->first_day++) {
        int64_t from, to;
        if (file->first_day == run->options->first_day + run->options->n_days) return BB_OK;
        bb_zone_day(run->zone, file->first_day, &from, &to);
        in_day = (uint64_t)(to - from) / ((uint64_t)run->report->minutes * 60);
        if (i < in_day) break;
        i -= in_day;
    }
    *found_ret = 1;
    BB_TRY(bb_gen_need_slots(run, file->first_day, 1, err));
    file->hour_slot = (int)i;
    file->n_rows = run->n_nodes;
    slot = &run->slots[i];
    end = end_label(run, slot);
    d = bb_date_of(end.day);
    file->stamp = end;
    snprintf(file->name, sizeof file->name, "%s-%04d%02d%02d%02d%02d%s.csv", layout_of(run)->name, (int)d.year,
             (int)d.month, (int)d.day, end.second / 3600, end.second / 60 % 60, slot->second_of_two ? "d" : "");
    return BB_OK;
}

static enum bb_status plan(struct bb_gen_run *run, uint64_t i, struct bb_gen_file *file, int *found_ret,
                           struct bb_error *err)
{
    const struct layout *l = layout_of(run);
    struct bb_date d;
    if (l->posted == PER_INTERVAL) {
        BB_TRY(plan_interval(run, i, file, found_ret, err));
        if (!*found_ret) return BB_OK;
        d = bb_date_of(file->first_day);
    } else {
        *found_ret = bb_gen_cut_days(run->options, BB_FILES_PER_DAY, i, &file->first_day, &file->n_days);
        if (!*found_ret) return BB_OK;
        BB_TRY(bb_gen_need_slots(run, file->first_day, 1, err));
        file->n_rows = run->n_slots * run->n_nodes;
        d = bb_date_of(file->first_day);
        file->stamp = (struct bb_wall){ file->first_day + (l->posted == PER_DAY_LATER ? 5 : -1), 64800 };
        snprintf(file->name, sizeof file->name, "%s-%04d%02d%02d%s.csv", l->name, (int)d.year, (int)d.month,
                 (int)d.day, l->day_ahead ? "0100" : "");
    }
    snprintf(file->archive, sizeof file->archive, "%s-%04d%02d.zip", l->name, (int)d.year, (int)d.month);
    return BB_OK;
}

static char *head(const struct bb_gen_run *run, const struct bb_gen_file *file, char *p)
{
    const struct layout *l = layout_of(run);
    int west = file->first_day >= FIRST_DAY_OF_WEST, odd = is_odd(run, file->first_day);
    char *start = p;
    if (l->subject == PRICES_OF_RESERVES)
        return bb_gen_puts(
            p, l->day_ahead ? "Interval,GMTIntervalEnd,Reserve Zone,RegUP,RegDN,Spin,Supp,RampUP,RampDN,UncUP\n"
                            : "Interval,GMTIntervalEnd,Reserve Zone,RegUPService,RegDNService,RegUpMile, "
                              "RegDNMile,RampUP,RampDN,Spin,Supp,UncUP\n");
    if (l->subject == CLEARED_RESERVES)
        return bb_gen_puts(
            p, "Interval,GMTIntervalEnd,Reserve Zone,RegUP_Clr,RegDN_Clr,RampUP_Clr,RampDN_Clr,Spin_Clr,"
               "Supp_Clr\n");
    if (l->posted == PER_DAY_LATER) {
        int spaced = !west;
        static const char *const words[] = {
            "GMT Interval", "Settlement Location Name", "PNODE Name", "LMP", "MLC", "MCC", "MEC"
        };
        p = bb_gen_puts(p, "Interval");
        for (size_t i = 0; i < BB_ARRAY_LEN(words); i++) {
            if (i == 1 && l->subject == BUSES) continue;
            p = bb_gen_puts(p, spaced ? ", " : ",");
            p = bb_gen_puts(p, words[i]);
        }
        if (west) p = bb_gen_puts(p, ",BAA");
        *p++ = '\n';
        return p;
    }
    p = bb_gen_puts(p, "Interval,GMTIntervalEnd,");
    if (west && l->day_ahead) p = bb_gen_puts(p, "BAA,");
    if (l->subject == LOCATIONS) p = bb_gen_puts(p, odd ? "Settlement_Location," : "Settlement Location,");
    p = bb_gen_puts(p, "Pnode,LMP,MLC,MCC,MEC");
    if (west && !l->day_ahead) p = bb_gen_puts(p, ",BAA");
    *p++ = '\n';
    for (char *q = start; odd && q < p; q++)
        if (*q >= 'a' && *q <= 'z') *q = (char)(*q - 32);
    return p;
}

static char *money(char *p, int64_t tenths_of_mills, int odd)
{
    return odd ? bb_gen_trimmed(p, tenths_of_mills, 4, 1) : bb_gen_fixed(p, tenths_of_mills, 4);
}

static char *reserves(const struct layout *l, const struct bb_gen_slot *slot, const struct bb_gen_node *node,
                      enum bb_gen_posting posting, char *p)
{
    int n = l->subject == CLEARED_RESERVES ? 6 : l->day_ahead ? 7 : 9;
    for (int i = 0; i < n; i++) {
        uint64_t bits = bb_gen_mix(slot->noise, bb_gen_mix(node->noise, (uint64_t)i));
        /* most products cost nothing most of the time */
        int64_t v = bits % 3 == 0 ? 0 : (int64_t)(bits >> 8) % 400000;
        if (posting == BB_GEN_SUPERSEDED) v += 7300;
        if (i) *p++ = ',';
        p = bb_gen_fixed(p, v, 4);
    }
    *p++ = '\n';
    return p;
}

static char *row(const struct bb_gen_run *run, const struct bb_gen_file *file, uint64_t index,
                 enum bb_gen_posting posting, char *p)
{
    const struct layout *l = layout_of(run);
    size_t at = l->posted == PER_INTERVAL ? (size_t)file->hour_slot : (size_t)(index / run->n_nodes);
    const struct bb_gen_slot *slot = &run->slots[at];
    const struct bb_gen_node *node = &run->nodes[index % run->n_nodes];
    struct bb_gen_price price;
    int64_t mec, mcc, mlc;
    int odd = is_odd(run, file->first_day), west = file->first_day >= FIRST_DAY_OF_WEST;
    p = bb_gen_put(p, slot->text, slot->n_text);
    if (west && l->day_ahead && is_energy(l)) p = bb_gen_puts(p, node->kind == WEST ? "SWPW," : "SPP,");
    p = bb_gen_put(p, node->text, node->n_text);
    if (!is_energy(l)) return reserves(l, slot, node, posting, p);
    price = bb_gen_price_at(slot, node, posting == BB_GEN_SUPERSEDED);
    /* the sum is exact; what rounding leaves over is in the energy part */
    mec = bb_gen_round(price.energy, 100) + (int64_t)((node->noise + slot->noise) % 7 == 0);
    mcc = bb_gen_round(price.congestion, 100);
    mlc = bb_gen_round(price.loss, 100);
    p = money(p, mec + mcc + mlc, odd);
    *p++ = ',';
    p = money(p, mlc, odd);
    *p++ = ',';
    p = money(p, mcc, odd);
    *p++ = ',';
    p = money(p, mec, odd);
    if (west && !l->day_ahead) p = bb_gen_puts(p, node->kind == WEST ? ",SWPW" : ",SPP");
    *p++ = '\n';
    return p;
}

static const struct layout da_sl = { "DA-LMP-SL", LOCATIONS, PER_DAY, 1 }, da_b = { "DA-LMP-B", BUSES, PER_DAY, 1 },
                           rt_sl = { "RTBM-LMP-SL", LOCATIONS, PER_INTERVAL, 0 },
                           rt_b = { "RTBM-LMP-B", BUSES, PER_INTERVAL, 0 },
                           daily_sl = { "RTBM-LMP-DAILY-SL", LOCATIONS, PER_DAY_LATER, 0 },
                           daily_b = { "RTBM-LMP-DAILY-B", BUSES, PER_DAY_LATER, 0 },
                           da_mcp = { "DA-MCP", PRICES_OF_RESERVES, PER_DAY, 1 },
                           rt_mcp = { "RTBM-MCP", PRICES_OF_RESERVES, PER_INTERVAL, 0 },
                           daily_mcp = { "RTBM-MCP-DAILY", PRICES_OF_RESERVES, PER_DAY_LATER, 0 },
                           rt_or = { "RTBM-OR", CLEARED_RESERVES, PER_INTERVAL, 0 };

#define REPORT(id, text, minutes, n, salt, layout)                                                                 \
    {                                                                                                              \
        id, text, "America/Chicago", minutes, n, salt, layout, make_nodes, plan, label_slot, head, row             \
    }

static const struct bb_gen_report reports[] = {
    REPORT("spp.DA-LMP-SL", "SPP day-ahead LMPs by settlement location, a file per day", 60, 1580, 51, &da_sl),
    REPORT("spp.DA-LMP-B", "SPP day-ahead LMPs by bus, a file per day", 60, 11000, 51, &da_b),
    REPORT("spp.RTBM-LMP-SL", "SPP real-time LMPs by settlement location, a file per five minutes", 5, 1540, 52,
           &rt_sl),
    REPORT("spp.RTBM-LMP-DAILY-SL", "SPP real-time LMPs by settlement location, a file per day", 5, 1540, 52,
           &daily_sl),
    REPORT("spp.RTBM-LMP-B", "SPP real-time LMPs by bus, a file per five minutes", 5, 11000, 52, &rt_b),
    REPORT("spp.RTBM-LMP-DAILY-B", "SPP real-time LMPs by bus, a file per day", 5, 11000, 52, &daily_b),
    REPORT("spp.DA-MCP", "SPP day-ahead prices of operating reserves, 7 products by reserve zone", 60, 6, 53,
           &da_mcp),
    REPORT("spp.RTBM-MCP",
           "SPP real-time prices of operating reserves, 9 products by reserve zone, a file per five minutes", 5, 6,
           54, &rt_mcp),
    REPORT("spp.RTBM-MCP-DAILY",
           "SPP real-time prices of operating reserves, 9 products by reserve zone, a file per day", 5, 6, 54,
           &daily_mcp),
    REPORT("spp.RTBM-OR",
           "SPP real-time cleared operating reserves, 6 products by reserve zone, a file per five minutes", 5, 6,
           55, &rt_or),
};
const struct bb_gen_market bb_gen_spp = { reports, BB_ARRAY_LEN(reports) };
