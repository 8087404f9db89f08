/* ERCOT: portal CSVs (a file per day, per quarter of an hour or per dispatch run), and sheets of the yearly workbooks saved as
 * CSV. Local time without an offset; a flag marks the second pass through the repeated hour. Prices at points are one number. */
#include "generate/gen_report.h"

#include <stdio.h>
#include <stdlib.h>

enum shape {
    DAY_HOUR_POINT,      /* DeliveryDate,HourEnding,point,price,flag */
    DAY_QUARTER_TYPED,   /* DeliveryDate,DeliveryHour,DeliveryInterval,point,type,price,flag */
    RUN_POINT,           /* SCEDTimestamp,flag,point,price */
    YEARLY_HOUR,         /* Delivery Date,Hour Ending,flag,point,price */
    YEARLY_QUARTER,      /* Delivery Date,Delivery Hour,Delivery Interval,flag,point,type,price */
    DAY_QUARTER_PRODUCT, /* DeliveryDate,DeliveryHour,DeliveryInterval,flag,product,price */
    YEARLY_WIDE          /* Delivery Date,Hour Ending,flag,REGDN,REGUP,RRS,NSPIN,ECRS */
};
enum points { POINTS, TYPED_POINTS, HUBS_AND_ZONES, TYPED_HUBS_AND_ZONES, BUSES, PRODUCTS, NOTHING };
enum pace { PER_DAY, PER_SLOT, PER_YEAR };

struct layout {
    enum shape shape;
    enum points points;
    enum pace pace;
    const char *table_id, *friendly; /* "00012331", "DAMSPNP4190" */
    const char *header;
    int decimals; /* of a price; -1: trailing zeros cut */
    int width;    /* prices right-justified to so many characters */
    int stamp;    /* of the interval in the name: 0 none, 1 its end HHMM, 2 the run HHMMSS */
};

static const struct {
    const char *name, *type;
    int only_typed;
} named[] = {
    { "HB_BUSAVG", "SH", 0 },  { "LZ_HOUSTON", "LZ", 0 }, { "LZ_HOUSTON", "LZEW", 1 }, { "HB_HOUSTON", "HU", 0 },
    { "HB_HUBAVG", "AH", 0 },  { "LZ_NORTH", "LZ", 0 },   { "LZ_NORTH", "LZEW", 1 },   { "HB_NORTH", "HU", 0 },
    { "HB_PAN", "HU", 0 },     { "HB_SOUTH", "HU", 0 },   { "HB_WEST", "HU", 0 },      { "LZ_AEN", "LZEW", 1 },
    { "LZ_AEN", "LZ", 0 },     { "LZ_CPS", "LZ", 0 },     { "LZ_CPS", "LZEW", 1 },     { "LZ_LCRA", "LZ", 0 },
    { "LZ_LCRA", "LZEW", 1 },  { "LZ_RAYBN", "LZ", 0 },   { "LZ_RAYBN", "LZEW", 1 },   { "LZ_SOUTH", "LZ", 0 },
    { "LZ_SOUTH", "LZEW", 1 }, { "LZ_WEST", "LZ", 0 },    { "LZ_WEST", "LZEW", 1 },    { "DC_E", "LZ_DC", 0 },
    { "DC_E", "LZ_DCEW", 1 },  { "DC_L", "LZ_DC", 0 },    { "DC_L", "LZ_DCEW", 1 },    { "DC_N", "LZ_DC", 0 },
    { "DC_N", "LZ_DCEW", 1 },  { "DC_R", "LZ_DC", 0 },    { "DC_R", "LZ_DCEW", 1 },
};
static const char *const products[] = { "REGDN", "REGUP", "RRS", "NSPIN", "ECRS" };

static int by_name(const void *a, const void *b)
{
    const struct bb_gen_node *x = a, *y = b;
    int c = strcmp(x->name, y->name);
    return c ? c : (x->id > y->id) - (x->id < y->id);
}

static void set_name(struct bb_gen_node *node, const char *name)
{
    node->n_name = (uint8_t)snprintf(node->name, sizeof node->name, "%s", name);
}

static void make_point(struct bb_gen_node *node, const struct layout *layout, uint64_t bits, size_t number)
{
    static const char *const suffixes[] = { "_RN", "_ALL", "_CC1", "_PUN1", "_G1", "_UNIT1", "" };
    static const char *const types[] = { "RN", "RN", "LCCRN", "PUN", "RN", "PCCRN", "RN" };
    size_t kind = bits % BB_ARRAY_LEN(suffixes);
    char *p = node->name;
    if (layout->points == BUSES) { /* some are nothing but digits */
        if (bits % 11 == 0) {
            p = bb_gen_padded(p, (uint32_t)number, 4 + (number > 9999) * 2);
        } else {
            p = bb_gen_word(p, bits >> 8, 4 + (int)(bits >> 50 & 3));
            *p++ = '_';
            p = bb_gen_uint(p, number);
            if (bits >> 55 & 1) *p++ = (bits >> 56 & 1) ? 'A' : '_';
        }
    } else {
        if (bits >> 60 == 0) *p++ = '7';
        p = bb_gen_word(p, bits >> 8, 3 + (int)(bits >> 50 & 3));
        p = bb_gen_uint(p, number);
        p = bb_gen_puts(p, suffixes[kind]);
        node->n_text = (uint8_t)(bb_gen_puts(node->text, types[kind]) - node->text);
    }
    *p = 0;
    node->n_name = (uint8_t)(p - node->name);
}

static enum bb_status make_nodes(struct bb_gen_run *run, struct bb_error *err)
{
    const struct layout *layout = run->report->layout;
    uint64_t layout_seed = bb_gen_mix(run->options->seed, 0x4552434f54u);
    int typed = layout->points == TYPED_POINTS || layout->points == TYPED_HUBS_AND_ZONES;
    int only_named = layout->points == HUBS_AND_ZONES || layout->points == TYPED_HUBS_AND_ZONES;
    size_t i = 0, most = layout->points == PRODUCTS  ? BB_ARRAY_LEN(products)
                         : layout->points == NOTHING ? 1
                                                     : SIZE_MAX;
    size_t n_named = only_named ? run->n_nodes : (run->n_nodes + 1) / 2;
    (void)err;
    run->n_nodes = BB_MIN(run->n_nodes, most);
    if (layout->points == PRODUCTS || layout->points == NOTHING) {
        for (; i < run->n_nodes; i++) set_name(&run->nodes[i], layout->points == PRODUCTS ? products[i] : "");
    } else if (layout->points != BUSES) {
        for (size_t k = 0; k < BB_ARRAY_LEN(named) && i < n_named; k++) {
            struct bb_gen_node *node = &run->nodes[i];
            if ((named[k].only_typed && !typed) || (only_named && named[k].name[0] == 'D')) continue;
            set_name(node, named[k].name);
            node->n_text = (uint8_t)(bb_gen_puts(node->text, named[k].type) - node->text);
            node->id = (int64_t)k;
            i++;
        }
        if (only_named) run->n_nodes = i;
    }
    for (; i < run->n_nodes; i++) make_point(&run->nodes[i], layout, bb_gen_mix(layout_seed, i), i);
    for (i = 0; i < run->n_nodes; i++) {
        run->nodes[i].area = (uint8_t)(bb_gen_mix(layout_seed, i | (uint64_t)1 << 40) % BB_GEN_AREAS);
        bb_gen_node_character(&run->nodes[i], layout_seed, i);
    }
    if (layout->points != PRODUCTS) qsort(run->nodes, run->n_nodes, sizeof *run->nodes, by_name);
    return BB_OK;
}

/* The day and the slot in it of the i-th interval since the first day. */
static int find_slot(const struct bb_gen_run *run, uint64_t i, int32_t *day_ret, int *slot_ret)
{
    const struct bb_generate_options *o = run->options;
    int64_t origin, begin, end, at;
    int32_t day;
    bb_zone_day(run->zone, o->first_day, &origin, &end);
    at = origin + (int64_t)i * run->report->minutes * 60;
    for (day = o->first_day + BB_MAX((int32_t)((at - origin) / 86400) - 1, 0); day < o->first_day + o->n_days;
         day++) {
        bb_zone_day(run->zone, day, &begin, &end);
        if (at >= end) continue;
        *day_ret = day;
        *slot_ret = (int)((at - begin) / (run->report->minutes * 60));
        return 1;
    }
    return 0;
}

/* When the dispatch of a slot ran: some seconds into it. */
static int run_second(const struct bb_gen_slot *slot) { return 10 + (int)(slot->noise % 40); }

static char *put_wall(char *p, struct bb_wall wall, int with_seconds)
{
    p = bb_gen_date(p, wall.day, 0);
    *p++ = '_';
    p = bb_gen_padded(p, (uint32_t)(wall.second / 3600 * 100 + wall.second / 60 % 60), 4);
    return with_seconds ? bb_gen_padded(p, (uint32_t)(wall.second % 60), 2) : p;
}

static enum bb_status plan(struct bb_gen_run *run, uint64_t i, struct bb_gen_file *file, int *found_ret,
                           struct bb_error *err)
{
    const struct layout *layout = run->report->layout;
    char *p = file->name;
    struct bb_date first;
    file->hour_slot = -1;
    if (layout->pace == PER_SLOT) {
        *found_ret = find_slot(run, i, &file->first_day, &file->hour_slot);
        file->n_days = 1;
    } else {
        *found_ret =
            bb_gen_cut_days(run->options, layout->pace == PER_DAY ? BB_FILES_PER_DAY : run->options->files_per, i,
                            &file->first_day, &file->n_days);
    }
    if (!*found_ret) return BB_OK;
    BB_TRY(bb_gen_need_slots(run, file->first_day, file->n_days, err));
    first = bb_date_of(file->first_day);
    file->n_rows =
        (layout->pace == PER_SLOT ? 1 : run->n_slots) * (layout->shape == YEARLY_WIDE ? 1 : run->n_nodes);
    file->stamp = (struct bb_wall){ file->first_day - 1, 45144 }; /* day-ahead results: the noon before */
    if (layout->pace == PER_SLOT) {
        file->stamp = run->slots[file->hour_slot].wall;
        file->stamp.second += layout->stamp == 2 ? run_second(&run->slots[file->hour_slot]) + 2 : 1020;
        if (file->stamp.second >= 86400)
            file->stamp = (struct bb_wall){ file->stamp.day + 1, file->stamp.second - 86400 };
    }
    if (layout->pace == PER_YEAR) {
        snprintf(file->name, sizeof file->name, "rpt.%s.0000000000000000.%s_%04d-%02d-%02d.csv", layout->table_id,
                 layout->friendly, (int)first.year, (int)first.month, (int)first.day);
        snprintf(file->archive, sizeof file->archive, "rpt.%s.0000000000000000.%s_%04d-%02d-%02d.zip",
                 layout->table_id, layout->friendly, (int)first.year, (int)first.month, (int)first.day);
        return BB_OK;
    }
    p += snprintf(p, 60, "cdr.%s.0000000000000000.", layout->table_id);
    p = bb_gen_date(p, file->stamp.day, 0);
    *p++ = '.';
    p = bb_gen_padded(p,
                      (uint32_t)(file->stamp.second / 3600 * 10000 + file->stamp.second / 60 % 60 * 100 +
                                 file->stamp.second % 60),
                      6);
    *p++ = '.';
    p = bb_gen_puts(p, layout->friendly);
    if (layout->stamp) {
        struct bb_wall wall = run->slots[file->hour_slot].wall;
        wall.second += layout->stamp == 2 ? run_second(&run->slots[file->hour_slot]) : run->report->minutes * 60;
        if (wall.second >= 86400) wall = (struct bb_wall){ wall.day + 1, wall.second - 86400 };
        if (run->slots[file->hour_slot].second_of_two) p = bb_gen_puts(p, "_xhr");
        *p++ = '_';
        p = put_wall(p, wall, layout->stamp == 2);
    }
    snprintf(file->archive, sizeof file->archive, "%.*s_csv.zip", (int)(p - file->name), file->name);
    bb_gen_puts(p, ".csv");
    return BB_OK;
}

/* The columns that say when, as the shape has them before the location: date, hour, quarter, flag. */
static void label_slot(const struct bb_gen_run *run, struct bb_gen_slot *slot)
{
    const struct layout *layout = run->report->layout;
    int hour = slot->wall.second / 3600 + 1, quarter = slot->wall.second / 900 % 4 + 1;
    char flag = slot->second_of_two ? 'Y' : 'N', *p = slot->text;
    p = bb_gen_us_date(p, slot->wall.day, 1);
    switch (layout->shape) {
    case DAY_HOUR_POINT: p += snprintf(p, 20, ",%02d:00,", hour); break;
    case YEARLY_HOUR:
    case YEARLY_WIDE: p += snprintf(p, 20, ",%02d:00,%c,", hour, flag); break;
    case DAY_QUARTER_TYPED: p += snprintf(p, 20, ",%d,%d,", hour, quarter); break;
    case YEARLY_QUARTER:
    case DAY_QUARTER_PRODUCT: p += snprintf(p, 20, ",%d,%d,%c,", hour, quarter, flag); break;
    case RUN_POINT:
        *p++ = ' ';
        p = bb_gen_clock(p, slot->wall.second + run_second(slot), ':');
        p += snprintf(p, 20, ",%c,", flag);
        break;
    }
    slot->n_text = (uint32_t)(p - slot->text);
}

static char *head(const struct bb_gen_run *run, const struct bb_gen_file *file, char *p)
{
    const struct layout *layout = run->report->layout;
    (void)file;
    p = bb_gen_puts(p, layout->header);
    *p++ = '\n';
    return p;
}

/* A spreadsheet puts thousands apart and the number into quotes. */
static char *put_spreadsheet(char *p, int64_t cents)
{
    int64_t whole = (cents < 0 ? -cents : cents) / 100;
    if (whole < 1000) return bb_gen_trimmed(p, cents, 2, 1);
    return p + snprintf(p, 40, "\"%s%lld,%03d.%02d\"", cents < 0 ? "-" : "", (long long)(whole / 1000),
                        (int)(whole % 1000), (int)((cents < 0 ? -cents : cents) % 100));
}

static char *put_price(const struct layout *layout, char *p, int64_t micro)
{
    char text[40], *end;
    size_t n;
    int64_t cents = bb_gen_round(micro, 10000);
    if (layout->shape == YEARLY_HOUR || layout->shape == YEARLY_QUARTER) return put_spreadsheet(p, cents);
    if (layout->points == NOTHING)
        end = bb_gen_trimmed(text, micro, 6, 1);
    else if (layout->decimals < 0)
        end = bb_gen_trimmed(text, cents, 2, 1);
    else
        end = bb_gen_fixed(text, cents, 2);
    n = (size_t)(end - text);
    for (size_t i = n; i < (size_t)layout->width; i++) *p++ = ' ';
    if (layout->width == 1) *p++ = ' ';
    return bb_gen_put(p, text, n);
}

static int64_t price_of(const struct layout *layout, const struct bb_gen_slot *slot, const struct bb_gen_node *node,
                        enum bb_gen_posting posting)
{
    struct bb_gen_price price = bb_gen_price_at(slot, node, posting == BB_GEN_SUPERSEDED);
    int64_t total = price.energy + price.congestion + price.loss;
    if (layout->points != PRODUCTS) return total;
    return (total < 0 ? -total : total) / (4 + node->noise % 40); /* reserve costs a part of energy */
}

static char *row(const struct bb_gen_run *run, const struct bb_gen_file *file, uint64_t index,
                 enum bb_gen_posting posting, char *p)
{
    const struct layout *layout = run->report->layout;
    size_t per_slot = layout->shape == YEARLY_WIDE ? 1 : run->n_nodes;
    size_t at = file->hour_slot >= 0 ? (size_t)file->hour_slot : (size_t)(index / per_slot);
    const struct bb_gen_slot *slot = &run->slots[at];
    const struct bb_gen_node *node = &run->nodes[index % per_slot];
    p = bb_gen_put(p, slot->text, slot->n_text);
    if (layout->shape == YEARLY_WIDE) {
        for (size_t i = 0; i < BB_ARRAY_LEN(products); i++) {
            if (i) *p++ = ',';
            if (i < run->n_nodes) p = put_price(layout, p, price_of(layout, slot, &run->nodes[i], posting));
        }
        *p++ = '\n';
        return p;
    }
    if (layout->points != NOTHING) {
        p = bb_gen_put(p, node->name, node->n_name);
        *p++ = ',';
    }
    if (layout->shape == DAY_QUARTER_TYPED || layout->shape == YEARLY_QUARTER) {
        p = bb_gen_put(p, node->text, node->n_text);
        *p++ = ',';
    }
    p = put_price(layout, p, price_of(layout, slot, node, posting));
    if (layout->shape == DAY_HOUR_POINT || layout->shape == DAY_QUARTER_TYPED)
        p = bb_gen_puts(p, slot->second_of_two ? ",Y" : ",N");
    *p++ = '\n';
    return p;
}

#define LAYOUT(name, s, pt, pc, id, fr, h, d, w, st)                                                               \
    static const struct layout name = { s, pt, pc, id, fr, h, d, w, st };
LAYOUT(dam_spp, DAY_HOUR_POINT, POINTS, PER_DAY, "00012331", "DAMSPNP4190",
       "DeliveryDate,HourEnding,SettlementPoint,SettlementPointPrice,DSTFlag", 2, 1, 0)
LAYOUT(rtm_spp, DAY_QUARTER_TYPED, TYPED_POINTS, PER_SLOT, "00012301", "SPPHLZNP6905",
       "DeliveryDate,DeliveryHour,DeliveryInterval,SettlementPointName,SettlementPointType,SettlementPointPrice,"
       "DSTFlag",
       -1, 0, 1)
LAYOUT(dam_bus, DAY_HOUR_POINT, BUSES, PER_DAY, "00012328", "DAMHRLMPNP4183",
       "DeliveryDate,HourEnding,BusName,LMP,DSTFlag", -1, 0, 0)
LAYOUT(sced_point, RUN_POINT, POINTS, PER_SLOT, "00012300", "LMPSROSNODENP6788",
       "SCEDTimestamp,RepeatedHourFlag,SettlementPoint,LMP", 2, 12, 2)
LAYOUT(sced_bus, RUN_POINT, BUSES, PER_SLOT, "00011485", "LMPSELECTRICALBUSNP6787",
       "SCEDTimestamp,RepeatedHourFlag,ElectricalBus,LMP", 2, 12, 2)
LAYOUT(dam_lambda, DAY_HOUR_POINT, NOTHING, PER_DAY, "00013113", "DAMSYSLAMBDANP4523",
       "DeliveryDate,HourEnding,SystemLambda,DSTFlag", 6, 0, 0)
LAYOUT(sced_lambda, RUN_POINT, NOTHING, PER_SLOT, "00013114", "SCEDSYSLAMBDANP6322",
       "SCEDTimeStamp,RepeatedHourFlag,SystemLambda", 6, 0, 2)
LAYOUT(yearly_dam, YEARLY_HOUR, HUBS_AND_ZONES, PER_YEAR, "00013060", "DAMLZHBSPP",
       "Delivery Date,Hour Ending,Repeated Hour Flag,Settlement Point,Settlement Point Price", -1, 0, 0)
LAYOUT(
    yearly_rtm, YEARLY_QUARTER, TYPED_HUBS_AND_ZONES, PER_YEAR, "00013061", "RTMLZHBSPP",
    "Delivery Date,Delivery Hour,Delivery Interval,Repeated Hour Flag,Settlement Point Name,Settlement Point Type,"
    "Settlement Point Price",
    -1, 0, 0)
LAYOUT(dam_mcpc, DAY_HOUR_POINT, PRODUCTS, PER_DAY, "00012329", "DAMCPCNP4188",
       "DeliveryDate,HourEnding,AncillaryType,MCPC,DSTFlag", -1, 0, 0)
LAYOUT(yearly_mcpc, YEARLY_WIDE, PRODUCTS, PER_YEAR, "00013091", "DAMASMCPC",
       "Delivery Date,Hour Ending,Repeated Hour Flag,REGDN,REGUP ,RRS,NSPIN,ECRS", -1, 0, 0)
LAYOUT(rtm_mcpc, DAY_QUARTER_PRODUCT, PRODUCTS, PER_SLOT, "00024898", "RTMCPCNP6331",
       "DeliveryDate,DeliveryHour,DeliveryInterval,RepeatedHourFlag,ASType,MCPC", -1, 0, 1)
LAYOUT(sced_mcpc, RUN_POINT, PRODUCTS, PER_SLOT, "00024891", "SCEDMCPCNP6332",
       "SCEDTimestamp,RepeatedHourFlag,ASType,MCPC", -1, 0, 2)

#define REPORT(id, text, minutes, n, salt, layout)                                                                 \
    {                                                                                                              \
        "ercot." id, text, "America/Chicago", minutes, n, salt, &layout, make_nodes, plan, label_slot, head, row   \
    }
static const struct bb_gen_report reports[] = {
    REPORT("NP4-190", "ERCOT day-ahead settlement point prices, a file per day", 60, 1118, 31, dam_spp),
    REPORT("NP6-905", "ERCOT real-time settlement point prices, a file per 15 minutes", 15, 1136, 32, rtm_spp),
    REPORT("NP4-183", "ERCOT day-ahead LMPs of electrical buses", 60, 15000, 31, dam_bus),
    REPORT("NP6-788", "ERCOT dispatch LMPs of settlement points, a file per run", 5, 1118, 33, sced_point),
    REPORT("NP6-787", "ERCOT dispatch LMPs of electrical buses, a file per run", 5, 15000, 33, sced_bus),
    REPORT("NP4-523", "ERCOT day-ahead system lambda", 60, 1, 31, dam_lambda),
    REPORT("NP6-322", "ERCOT dispatch system lambda, a file per run", 5, 1, 33, sced_lambda),
    REPORT("NP4-180", "ERCOT day-ahead hub and zone prices, sheets saved as CSV", 60, 15, 31, yearly_dam),
    REPORT("NP6-785", "ERCOT real-time hub and zone prices, sheets saved as CSV", 15, 23, 32, yearly_rtm),
    REPORT("NP4-188", "ERCOT day-ahead ancillary clearing prices, a file per day", 60, 5, 34, dam_mcpc),
    REPORT("NP4-181", "ERCOT day-ahead ancillary clearing prices, wide", 60, 5, 34, yearly_mcpc),
    REPORT("NP6-331", "ERCOT real-time ancillary clearing prices, a file per 15 minutes", 15, 5, 35, rtm_mcpc),
    REPORT("NP6-332", "ERCOT dispatch ancillary clearing prices, a file per run", 5, 5, 36, sced_mcpc),
};
const struct bb_gen_market bb_gen_ercot = { reports, BB_ARRAY_LEN(reports) };
