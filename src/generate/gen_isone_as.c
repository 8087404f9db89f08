/* ISO-NE ancillary services: day-ahead reserves with the doubled hour 02, real-time reserves by zone, regulation. */
#include "generate/gen_isone_records.h"

#include <stdio.h>

enum kind { DAY_AHEAD, RESERVE_HOURLY, RESERVE_5MIN, REGULATION };
struct layout {
    const char *name, *title, *header, *units;
    enum kind kind;
};

static const char *const zones[] = { "ROS", "SWCT", "CT", "NEMABSTN" };

static enum bb_status make_nodes(struct bb_gen_run *run, struct bb_error *err)
{
    const struct layout *layout = run->report->layout;
    size_t n_zones = layout->kind == DAY_AHEAD || layout->kind == REGULATION ? 1 : BB_ARRAY_LEN(zones);
    (void)err;
    run->n_nodes = BB_MIN(run->n_nodes, n_zones);
    for (size_t i = 0; i < run->n_nodes; i++) {
        struct bb_gen_node *node = &run->nodes[i];
        node->id = 7000 + (int64_t)i;
        node->n_text =
            (uint8_t)snprintf(node->text, sizeof node->text,
                              layout->kind == RESERVE_5MIN ? "\"%d\",\"%s\"" : "\"%d\"", (int)node->id, zones[i]);
        bb_gen_node_character(node, run->options->seed, (uint64_t)node->id);
    }
    return BB_OK;
}

static enum bb_status plan(struct bb_gen_run *run, uint64_t i, struct bb_gen_file *file, int *found_ret,
                           struct bb_error *err)
{
    const struct layout *layout = run->report->layout;
    struct bb_date a, b;
    *found_ret = bb_gen_cut_days(run->options, run->options->files_per, i, &file->first_day, &file->n_days);
    if (!*found_ret) return BB_OK;
    BB_TRY(bb_gen_need_slots(run, file->first_day, file->n_days, err));
    file->n_rows = run->n_slots * run->n_nodes;
    file->stamp = (struct bb_wall){ file->first_day + file->n_days + 2, 28800 };
    a = bb_date_of(file->first_day);
    b = bb_date_of(file->first_day + file->n_days - 1);
    snprintf(file->name, sizeof file->name, "%s_%04d%02d%02d_%04d%02d%02d.csv", layout->name, (int)a.year,
             (int)a.month, (int)a.day, (int)b.year, (int)b.month, (int)b.day);
    snprintf(file->archive, sizeof file->archive, "%s_%04d.zip", layout->name, (int)a.year);
    return BB_OK;
}

static void label_slot(const struct bb_gen_run *run, struct bb_gen_slot *slot)
{
    const struct layout *layout = run->report->layout;
    char *p = slot->text;
    *p++ = '"';
    p = bb_gen_us_date(p, slot->wall.day, 1);
    if (layout->kind == RESERVE_5MIN || layout->kind == REGULATION) {
        *p++ = ' ';
        p = bb_gen_clock(p, slot->wall.second, ':');
    } else {
        p = bb_gen_puts(p, "\",\"");
        p = bb_gen_isone_hour(slot, layout->kind != DAY_AHEAD, p);
    }
    p = bb_gen_puts(p, "\",");
    slot->n_text = (uint32_t)(p - slot->text);
}

static char *head(const struct bb_gen_run *run, const struct bb_gen_file *file, char *p)
{
    const struct layout *layout = run->report->layout;
    p = bb_gen_isone_comments(file, layout->title, p);
    p = bb_gen_isone_header(layout->header, p);
    return bb_gen_isone_header(layout->units, p);
}

static char *numbers(char *p, const int64_t *cents, int n)
{
    for (int i = 0; i < n; i++) {
        if (i) *p++ = ',';
        p = bb_gen_isone_number(cents[i], p);
    }
    return p;
}

static char *row(const struct bb_gen_run *run, const struct bb_gen_file *file, uint64_t index,
                 enum bb_gen_posting posting, char *p)
{
    static const int64_t needs[] = { 60000, 150000, 230000, 1200000 };
    const struct layout *layout = run->report->layout;
    size_t at = (size_t)(index / run->n_nodes);
    const struct bb_gen_slot *slot = &run->slots[at];
    const struct bb_gen_node *node = &run->nodes[index - at * run->n_nodes];
    uint64_t bits = bb_gen_mix(slot->noise, (uint64_t)node->id + (posting == BB_GEN_SUPERSEDED ? 9000 : 0));
    int64_t tmor = (bits & 3) ? 0 : (int64_t)(bits >> 8) % 300, tmnsr = tmor + (int64_t)(bits >> 20) % 100;
    const int64_t prices[4] = { tmnsr + (int64_t)(bits >> 32) % 400, tmnsr, tmor, (int64_t)(bits >> 44) % 90 };
    const int64_t megawatts[4] = { 60000 + (int64_t)(bits >> 16) % 9000, 90000, (int64_t)(bits >> 24) % 90000, 0 };
    (void)file;
    p = bb_gen_puts(p, "\"D\",");
    p = bb_gen_put(p, slot->text, slot->n_text);
    if (layout->kind == REGULATION) {
        const int64_t both[2] = { (int64_t)(bits % 60), 500 + (int64_t)(bits >> 32) % 4000 };
        p = numbers(p, both, 2);
    } else {
        p = bb_gen_put(p, node->text, node->n_text);
        *p++ = ',';
        if (layout->kind == DAY_AHEAD || layout->kind == RESERVE_5MIN) {
            p = numbers(p, needs, layout->kind == DAY_AHEAD ? 4 : 3);
            *p++ = ',';
        }
        if (layout->kind == RESERVE_5MIN) {
            p = numbers(p, megawatts, 3);
            *p++ = ',';
            p = numbers(p, prices, 3);
        } else {
            int n = layout->kind == DAY_AHEAD ? 4 : 3;
            p = numbers(p, prices, n);
            *p++ = ',';
            p = numbers(p, megawatts, n);
        }
    }
    *p++ = '\n';
    return p;
}

static const struct layout
    daas = { "daasreservedata", "Day-Ahead Hourly Reserve Requirements Prices Designations and Forecast",
             "Local Date|Hour Ending|Location ID|Ten Minute Spinning Reserve Requirement|Total Ten Minute Reserve "
             "Requirement|"
             "Total Thirty Minute Reserve Requirement|Forecasted MW Requirement|Ten Minute Spinning Reserve "
             "Clearing Price|Ten "
             "Minute Reserve Clearing Price|Total Thirty Reserve Clearing Price|FER Price|TMSR Designated MW|TMNSR "
             "Designated "
             "MW|TMOR Designated MW|EIR Designated MW",
             "Date|HE|String|MW|MW|MW|MW|$|$|$|$|MW|MW|MW|MW", DAY_AHEAD },
    hourly = { "finalhourlyreserveprice", "Final Hourly Reserve Zone Prices & Designations",
               "Date|Hour Ending|Reserve Zone ID|Ten Minute Spinning Reserve Clearing Price|Ten Minute Reserve "
               "Clearing Price|"
               "Total Reserve Clearing Price|TMSR Designated MW|TMNSR Designated MW|TMOR Designated MW",
               "Date|HE|String|$|$|$|MW|MW|MW", RESERVE_HOURLY },
    fivemin = { "fiveminreserveprice_final", "Five-Minute Reserve Zone Prices & Designation final version",
                "Local Time|Reserve Zone ID|Reserve Zone Name|Ten-Minute Spinning Requirement|Ten-Minute "
                "Requirement|Total "
                "Requirement|Ten Minute Spinning Reserve Designated MW|Ten Minute Non Spinning Reserve Designated "
                "MW|Thirty "
                "Minute OperatingReserve Designated MW|Ten-Minute Spinning Reserve Clearing Price|Ten-Minute "
                "Reserve Clearing "
                "Price|Total Reserve Clearing Price",
                "Date/Time|String|String|MW|MW|MW|MW|MW|MW|$|$|$", RESERVE_5MIN },
    regulation = { "fiveminrcp_final", "Final Real-Time Five-Minute Regulation Clearing Prices",
                   "Local Time|Regulation Service Price|Regulation Capacity Price", "Date/Time|$|$", REGULATION };

#define REPORT(id, text, minutes, nodes, salt, layout)                                                             \
    {                                                                                                              \
        "isone." id, "ISO-NE " text, "America/New_York", minutes, nodes, salt, &layout, make_nodes, plan,          \
            label_slot, head, row, bb_gen_isone_trailer                                                            \
    }

static const struct bb_gen_report reports[] = {
    REPORT("daasreservedata", "day-ahead ancillary services", 60, 1, 54, daas),
    REPORT("finalhourlyreserveprice", "real-time reserve prices, hourly", 60, 4, 55, hourly),
    REPORT("fiveminreserveprice_final", "real-time reserve prices, five-minute", 5, 4, 56, fivemin),
    REPORT("fiveminrcp_final", "regulation clearing prices, five-minute", 5, 1, 57, regulation),
};
const struct bb_gen_market bb_gen_isone_as = { reports, BB_ARRAY_LEN(reports) };
