/* SPP, prices by settlement location and by bus: docs/formats/spp.md. Ancillary prices: market_spp_as.c.
 * Time: the GMT column is the END of the interval; the local label says the same and is only compared.
 * Identity: the location's name; several locations share one pnode. Sign: energy + congestion + loss = total.
 * Headers change their case, blanks and underscores from day to day, and BAA stands anywhere: columns go by name. */
#include "markets/market_spp.h"

#include <stdio.h>

/* clang-format off */
#define PRICES { "LMP", BB_PRICE_TOTAL }, { "MLC", BB_PRICE_LOSS }, { "MCC", BB_PRICE_CONGESTION }, { "MEC", BB_PRICE_ENERGY }
#define BAA    { "BAA", BB_LOCATION_ZONE, .optional = 1 }
#define PNODE  { "Pnode", BB_LOCATION_ID, .either = 1 }, { "PNODE Name", BB_LOCATION_ID, .either = 1 }
#define BUS    { "Pnode", BB_LOCATION_NAME, .either = 1 }, { "PNODE Name", BB_LOCATION_NAME, .either = 1 }
#define PLACE  { "Settlement Location", BB_LOCATION_NAME, .either = 1 }, { "Settlement Location Name", BB_LOCATION_NAME, .either = 1 }
#define NO_LOCATION { "Settlement Location", BB_FORBIDDEN }, { "Settlement Location Name", BB_FORBIDDEN }
#define NO_COMPONENT_ROWS { "Price Type", BB_FORBIDDEN }
#define END    { NULL, BB_IGNORED }

static const struct bb_column da_columns[] = { BB_SPP_TIME, BAA, PLACE, PNODE, PRICES, NO_COMPONENT_ROWS, END };
static const struct bb_column rt_columns[] = { BB_SPP_TIME, PLACE, PNODE, PRICES, BAA, NO_COMPONENT_ROWS, END };
static const struct bb_column da_bus_columns[] = { BB_SPP_TIME, BAA, NO_LOCATION, BUS, PRICES, END };
static const struct bb_column rt_bus_columns[] = { BB_SPP_TIME, NO_LOCATION, BUS, PRICES, BAA, END };
static const struct bb_column monthly_columns[] = { { "Date", BB_IGNORED }, { "Settlement Location Name", BB_IGNORED },
                                                    { "PNODE Name", BB_IGNORED, .optional = 1 },
                                                    { "Price Type", BB_IGNORED }, { "HE01", BB_IGNORED, .either = 1 },
                                                    { "HE1", BB_IGNORED, .either = 1 }, END };
/* clang-format on */

/* Many participants' own aggregates end in _HUB too; these are the trading hubs. */
static const char *const hubs[] = { "SPPNORTH_HUB", "SPPSOUTH_HUB", "SWPW_HUB" };
static const char *const interfaces[] = { "AECI", "ALTW",   "AMRN",   "BLKW", "CLEC",   "DPC",    "EDDY",
                                          "EES",  "ERCOTE", "ERCOTN", "GRE",  "LAM345", "MCWEST", "MDU",
                                          "MEC",  "MISO",   "NSP",    "OTP",  "RCEAST", "SCSE",   "SGE",
                                          "SPA",  "SPC",    "CISO",   "BPA",  "AESO",   "AVA",    "AVRN" };

enum bb_type bb_spp_type_of(struct bb_str name, enum bb_type type)
{
    for (size_t i = 0; i < BB_ARRAY_LEN(hubs); i++)
        if (bb_str_is(name, hubs[i])) return BB_TYPE_HUB;
    for (size_t i = 0; i < BB_ARRAY_LEN(interfaces); i++)
        if (bb_str_is(name, interfaces[i])) return BB_TYPE_INTERFACE;
    return type;
}

static int holds(struct bb_str s, const char *word) { return bb_str_find_nocase(s, bb_str_of(word)) != NULL; }

/* What a file's name (or its folder) says it is. */
enum name_kind { UNNAMED, DAY_AHEAD, RT, RT_DAILY, MONTHLY, WEIS };

static enum name_kind name_kind_of(const struct bb_evidence *e)
{
    if (holds(e->name, "WEIS-")) return WEIS;
    if (holds(e->name, "MONTHLY")) return MONTHLY;
    if (holds(e->name, "RTBM") || holds(e->name, "rt_lmp") || holds(e->name, "rt_mcp") || holds(e->name, "rt_or"))
        return holds(e->name, "DAILY") || holds(e->path, "_daily") ? RT_DAILY : RT;
    if (holds(e->name, "DA-LMP") || holds(e->name, "da_lmp") || holds(e->name, "DA-MCP") ||
        holds(e->name, "da_mcp"))
        return DAY_AHEAD;
    return UNNAMED;
}

/* 1: this column of the format's table was found in the file. */
static int is_bound(const struct bb_format *format, const struct bb_binding *binding, const char *header)
{
    for (int i = 0; format->columns[i].header; i++)
        if (strcmp(format->columns[i].header, header) == 0) return binding->field[i] >= 0;
    return 0;
}

/* Day-ahead and real-time files share a header, and so may interval files and daily files. The step between the first two
 * instants tells hours from five minutes; a file of one instant that is a full hour is left to its name. */
int bb_spp_judge(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *binding,
                 struct bb_facts *facts, char why[200])
{
    enum name_kind name = name_kind_of(sniff->evidence);
    int is_rt = format->market == BB_RT, is_daily = format->default_version == 2, points = 0, step, many, unread;
    int daily_header = is_bound(format, binding, "GMT Interval");
    step = bb_sniff_minutes(sniff, format, binding, &facts->first_utc_s);
    many = step != 0;
    if (name == WEIS) {
        snprintf(why, 200, "its name is that of the WEIS market");
        return -1;
    }
    if (step == 0 && facts->first_utc_s % 3600 != 0) step = 5;
    if (step == 15) step = 5;
    if (step < 0) {
        snprintf(why, 200, "its first two instants are not a multiple of five minutes apart");
        return -1;
    }
    if (facts->first_utc_s > (uint32_t)format->minutes * 60u) facts->first_utc_s -= (uint32_t)format->minutes * 60u;
    if (step && step != format->minutes) {
        snprintf(why, 200, "its instants are %s apart", step == 60 ? "whole hours" : "five minutes");
        return -1;
    }
    if (step) {
        snprintf(why, 200, "instants %s apart", step == 60 ? "whole hours" : "five minutes");
        points += 16;
    }
    if (name != UNNAMED && (name == DAY_AHEAD) == is_rt) {
        if (!step) {
            snprintf(why, 200, "its name is that of the other market");
            return -1;
        }
        snprintf(facts->doubt, sizeof facts->doubt,
                 "its name says %s prices, but its instants are %s apart; one of them is wrong",
                 name == DAY_AHEAD ? "day-ahead" : "real-time", step == 60 ? "whole hours" : "five minutes");
    }
    /* Ancillary files have one header; those of more than one interval are daily files or yearly roll-ups of them. */
    if (is_rt && is_daily != (daily_header || name == RT_DAILY || (format->kind == BB_ANCILLARY && many))) {
        snprintf(why, 200,
                 is_daily ? "it is no daily file by header or name" : "it is a daily file by header or name");
        return -1;
    }
    if (!is_rt && daily_header) {
        snprintf(why, 200, "only real-time daily files call their column GMT Interval");
        return -1;
    }
    unread = binding->n_fields - binding->n_found;
    if (unread)
        snprintf(facts->variant, sizeof facts->variant, "%s BAA, %d columns that are not read",
                 is_bound(format, binding, "BAA") ? "with" : "without", unread);
    else
        snprintf(facts->variant, sizeof facts->variant, "%s BAA",
                 is_bound(format, binding, "BAA") ? "with" : "without");
    return points;
}

static int judge_weis(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *binding,
                      struct bb_facts *facts, char why[200])
{
    (void)format, (void)binding, (void)facts;
    if (name_kind_of(sniff->evidence) == WEIS) return 16;
    snprintf(why, 200, "its name does not begin with WEIS");
    return -1;
}

#define LAYOUTS                                                                                                    \
    "any case, blanks and underscores in the header; BAA anywhere or absent; dates MM/DD/YYYY HH:MM:SS, "          \
    "M/D/YYYY H:MM; zeros at the end of numbers kept or dropped"
#define SPP(id)                                                                                                    \
    .report = "spp." id, .data_source = "SPP " id, .iso = BB_SPP, .kind = BB_ENERGY, .shape = BB_FLAT,             \
    .order = BB_ORDER_TIME, .judge = bb_spp_judge, .layouts = LAYOUTS, .time_rule = BB_SPP_TIME_RULE,              \
    .default_zone = "SPP"
#define BY_LOCATION .flags = BB_FORMAT_LOOSE, .default_type = BB_TYPE_NODE, .type_of = bb_spp_type_of
#define BY_BUS      .flags = BB_FORMAT_LOOSE | BB_FORMAT_NAME_IS_ID, .default_type = BB_TYPE_BUS

static const struct bb_format formats[] = {
    { SPP("DA-LMP-SL"), BY_LOCATION, .title = "Day-Ahead LMPs by settlement location", .market = BB_DA,
      .minutes = 60, .default_version = 1, .columns = da_columns, .names = "DA-LMP-SL da_lmp da-lmp",
      .datasets = "da_energy_hourly", .file_names = "DA-LMP-SL-YYYYMMDD0100.csv" },
    { SPP("DA-LMP-B"), BY_BUS, .title = "Day-Ahead LMPs by bus", .market = BB_DA, .minutes = 60,
      .default_version = 1, .columns = da_bus_columns, .names = "DA-LMP-B da-lmp-by-bus",
      .datasets = "da_energy_hourly", .file_names = "DA-LMP-B-YYYYMMDD0100.csv" },
    { SPP("RTBM-LMP-SL"), BY_LOCATION, .title = "Real-Time LMPs by settlement location, a file per interval",
      .market = BB_RT, .minutes = 5, .default_version = 1, .columns = rt_columns,
      .names = "RTBM-LMP-SL rt_lmp rtbm-lmp", .datasets = "rt_energy_5min",
      .file_names = "RTBM-LMP-SL-YYYYMMDDHHMM.csv, RTBM-LMP-SL-YYYYMMDDHHMMd.csv (repeated hour)" },
    { SPP("RTBM-LMP-DAILY-SL"), BY_LOCATION, .title = "Real-Time LMPs by settlement location, a file per day",
      .market = BB_RT, .minutes = 5, .default_version = 2, .columns = rt_columns,
      .names = "RTBM-LMP-DAILY-SL rt_lmp_daily", .datasets = "rt_energy_5min",
      .file_names = "RTBM-LMP-DAILY-SL-YYYYMMDD.csv" },
    { SPP("RTBM-LMP-B"), BY_BUS, .title = "Real-Time LMPs by bus, a file per interval", .market = BB_RT,
      .minutes = 5, .default_version = 1, .columns = rt_bus_columns, .names = "RTBM-LMP-B rtbm-lmp-by-bus",
      .datasets = "rt_energy_5min", .file_names = "RTBM-LMP-B-YYYYMMDDHHMM.csv" },
    { SPP("RTBM-LMP-DAILY-B"), BY_BUS, .title = "Real-Time LMPs by bus, a file per day", .market = BB_RT,
      .minutes = 5, .default_version = 2, .columns = rt_bus_columns, .names = "RTBM-LMP-DAILY-B",
      .datasets = "rt_energy_5min", .file_names = "RTBM-LMP-DAILY-B-YYYYMMDD.csv" },
    { .report = "spp.MONTHLY-SL",
      .data_source = "SPP MONTHLY-SL",
      .title = "SPP's monthly file with 24 hour columns",
      .iso = BB_SPP,
      .columns = monthly_columns,
      .flags = BB_FORMAT_LOOSE,
      .names = "MONTHLY-SL",
      .refusal =
          "its 24 columns cannot hold the 25 hours of the autumn day, and its real-time prices are averages; "
          "use the daily files of the same year archive",
      .datasets = "none",
      .file_names = "DA-LMP-MONTHLY-SL-YYYYMM.csv, RTBM-LMP-MONTHLY-SL-YYYYMM.csv",
      .layouts = "as downloaded",
      .time_rule = "none" },
    { .report = "spp.WEIS",
      .data_source = "SPP WEIS",
      .title = "a price file of SPP's WEIS market",
      .iso = BB_SPP,
      .columns = rt_columns,
      .flags = BB_FORMAT_LOOSE,
      .judge = judge_weis,
      .names = "WEIS-",
      .refusal =
          "the Western Energy Imbalance Service is another market with the same location names; busbar reads "
          "the Integrated Marketplace (RTBM and DA reports)",
      .datasets = "none",
      .file_names = "WEIS-RTBM-LMP-SL-YYYYMMDDHHMM.csv",
      .layouts = "as downloaded",
      .time_rule = "none" },
};

const struct bb_market_table bb_market_spp = { BB_SPP, formats, BB_ARRAY_LEN(formats) };
