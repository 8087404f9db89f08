/* gridstatus: CSV exports of the Python library's LMP frames, of every operator, and of the hosted service of that name:
 * docs/formats/gridstatus_export.md. Ancillary exports are in market_gridstatus_as.c.
 * Time: local, each stamp with its offset; the hosted service writes UTC without one, and of midnight only the date.
 * Sign: as the lake's, except in NYISO files of old versions, which tell by their arithmetic. Prices are taken as the text has
 * them. */
#include "markets/market_gridstatus.h"
#include "base/decimal.h"
#include "markets/market_isone.h"
#include "markets/market_spp.h"

#include <math.h>
#include <stdio.h>

/* clang-format off */
#define STAMPS                                                                                                     \
    { "Interval Start", BB_TIME_UTC_BEGIN, .either = 1 }, { "Time", BB_TIME_UTC_BEGIN, .either = 1 },              \
    { "Interval End", BB_TIME_UTC_END, .optional = 1 }, { "Market", BB_MARKET_RUN, .optional = 1 }
#define ERCOT_STAMPS                                                                                               \
    { "Interval Start", BB_TIME_UTC_BEGIN, .either = 1 }, { "Time", BB_TIME_UTC_BEGIN, .either = 1 },              \
    { "SCED Timestamp", BB_TIME_UTC_BEGIN, .either = 1 },                                                          \
    { "Interval End", BB_TIME_UTC_END, .optional = 1 }, { "Market", BB_MARKET_RUN, .optional = 1 }
#define UTC_STAMPS                                                                                                 \
    { "interval_start_utc", BB_TIME_UTC_BEGIN }, { "interval_end_utc", BB_TIME_UTC_END, .optional = 1 },           \
    { "market", BB_MARKET_RUN, .optional = 1 }
#define TYPE   { "Location Type", BB_LOCATION_TYPE, .optional = 1 }
#define PRICES                                                                                                     \
    { "LMP", BB_PRICE_TOTAL }, { "Energy", BB_PRICE_ENERGY, .optional = 1 },                                       \
    { "Congestion", BB_PRICE_CONGESTION, .optional = 1 }, { "Loss", BB_PRICE_LOSS, .optional = 1 },                \
    { "Losses", BB_PRICE_LOSS, .optional = 1 }, { NULL, BB_IGNORED }
#define NAMED    { "Location", BB_LOCATION_NAME }, TYPE
#define NY_NAMED { "Location", BB_LOCATION_NAME, .either = 1 }, { "Zone", BB_LOCATION_NAME, .either = 1 }, TYPE
#define NE_NAMED { "Location", BB_LOCATION_NAME }, { "Location Id", BB_LOCATION_ID, .optional = 1 }, TYPE
#define SPP_NAMED                                                                                                  \
    { "BAA", BB_LOCATION_ZONE, .optional = 1 }, { "Location", BB_LOCATION_NAME }, TYPE,                            \
    { "PNode", BB_LOCATION_ID, .optional = 1 }
/* The short name is the one of the price feeds; the other comes from the list of nodes. */
#define PJM_NAMED                                                                                                  \
    { "Location Id", BB_LOCATION_ID, .either = 1 }, { "Location", BB_LOCATION_ID, .either = 1 },                   \
    { "Location Short Name", BB_LOCATION_NAME, .either = 1 }, { "Location Name", BB_LOCATION_NAME, .either = 1 },  \
    { "Location Name", BB_LOCATION_OTHER, .optional = 1 }, TYPE
#define ERCOT_PRICES { "LMP", BB_PRICE_TOTAL, .either = 1 }, { "SPP", BB_PRICE_TOTAL, .either = 1 }, { NULL, BB_IGNORED }

static const struct bb_column named[] = { STAMPS, NAMED, PRICES }, named_utc[] = { UTC_STAMPS, NAMED, PRICES };
static const struct bb_column ny_named[] = { STAMPS, NY_NAMED, PRICES }, ny_named_utc[] = { UTC_STAMPS, NY_NAMED, PRICES };
static const struct bb_column ne_named[] = { STAMPS, NE_NAMED, PRICES }, ne_named_utc[] = { UTC_STAMPS, NE_NAMED, PRICES };
static const struct bb_column spp_named[] = { STAMPS, SPP_NAMED, PRICES }, spp_named_utc[] = { UTC_STAMPS, SPP_NAMED, PRICES };
static const struct bb_column pjm_named[] = { STAMPS, PJM_NAMED, PRICES }, pjm_named_utc[] = { UTC_STAMPS, PJM_NAMED, PRICES };
static const struct bb_column ercot_named[] = { ERCOT_STAMPS, NAMED, ERCOT_PRICES },
                              ercot_named_utc[] = { UTC_STAMPS, NAMED, ERCOT_PRICES };
/* clang-format on */

/* ---- locations ---- */

static const struct bb_word pjm_types[] = { { "ZONE", BB_TYPE_ZONE },
                                            { "HUB", BB_TYPE_HUB },
                                            { "LOAD", BB_TYPE_LOAD },
                                            { "GEN", BB_TYPE_GEN },
                                            { "AGGREGATE", BB_TYPE_AGGREGATE },
                                            { "INTERFACE", BB_TYPE_INTERFACE },
                                            { "EXT", BB_TYPE_INTERFACE },
                                            { "TIE", BB_TYPE_INTERFACE },
                                            { "EHV", BB_TYPE_BUS },
                                            { "RESIDUAL_METERED_EDC", BB_TYPE_AGGREGATE },
                                            { NULL, 0 } };
static const struct bb_word caiso_types[] = { { "Node", BB_TYPE_NODE },
                                              { "AP Node", BB_TYPE_AGGREGATE },
                                              { "Trading Hub", BB_TYPE_HUB },
                                              { "DLAP", BB_TYPE_ZONE },
                                              { NULL, 0 } };
static const struct bb_word nyiso_types[] = {
    { "Zone", BB_TYPE_ZONE }, { "Generator", BB_TYPE_GEN }, { "Reference Bus", BB_TYPE_SYSTEM }, { NULL, 0 }
};
static const struct bb_word isone_types[] = { { "HUB", BB_TYPE_HUB },
                                              { "LOAD ZONE", BB_TYPE_ZONE },
                                              { "EXT. NODE", BB_TYPE_INTERFACE },
                                              { "HUB NODE", BB_TYPE_NODE },
                                              { "NETWORK NODE", BB_TYPE_NODE },
                                              { "DRRAZ", BB_TYPE_AGGREGATE },
                                              { "DRR AGGREGATION ZONE", BB_TYPE_AGGREGATE },
                                              { NULL, 0 } };
static const struct bb_word miso_types[] = { { "Gennode", BB_TYPE_GEN },
                                             { "Loadzone", BB_TYPE_ZONE },
                                             { "Hub", BB_TYPE_AGGREGATE },
                                             { "Interface", BB_TYPE_INTERFACE },
                                             { NULL, 0 } };
static const struct bb_word spp_types[] = { { "Settlement Location", BB_TYPE_NODE },
                                            { "Hub", BB_TYPE_HUB },
                                            { "Interface", BB_TYPE_INTERFACE },
                                            { "Bus", BB_TYPE_BUS },
                                            { NULL, 0 } };
/* Energy-weighted prices of a zone are a location of their own. */
static const struct bb_word ercot_types[] = { { "Trading Hub", BB_TYPE_HUB },
                                              { "Load Zone", BB_TYPE_ZONE },
                                              { "Load Zone Energy Weighted", BB_TYPE_ZONE, "_EW" },
                                              { "Load Zone DC Tie", BB_TYPE_DC_TIE },
                                              { "Load Zone DC Tie Energy Weighted", BB_TYPE_DC_TIE, "_EW" },
                                              { "Resource Node", BB_TYPE_GEN },
                                              { "Electrical Bus", BB_TYPE_BUS },
                                              { NULL, 0 } };

static enum bb_type caiso_type(struct bb_str name, enum bb_type type)
{
    if (name.n > 3 && memcmp(name.p, "TH_", 3) == 0) return BB_TYPE_HUB;
    if (name.n > 5 && memcmp(name.p, "DLAP_", 5) == 0) return BB_TYPE_ZONE;
    if (name.n > 5 && memcmp(name.p + name.n - 5, "-APND", 5) == 0) return BB_TYPE_AGGREGATE;
    return type == BB_TYPE_AGGREGATE ? type : BB_TYPE_NODE;
}

static enum bb_type miso_type(struct bb_str name, enum bb_type type)
{
    return name.n > 4 && memcmp(name.p + name.n - 4, ".HUB", 4) == 0 ? BB_TYPE_HUB : type;
}

/* Exports name zones and proxies without their numbers, which are their identity in NYISO's own files. */
static void finish_nyiso(struct bb_place_key *key)
{
    static const struct {
        const char *name, *ptid;
        int is_proxy;
    } known[] = { { "WEST", "61752", 0 },   { "GENESE", "61753", 0 }, { "CENTRL", "61754", 0 },
                  { "NORTH", "61755", 0 },  { "MHK VL", "61756", 0 }, { "CAPITL", "61757", 0 },
                  { "HUD VL", "61758", 0 }, { "MILLWD", "61759", 0 }, { "DUNWOD", "61760", 0 },
                  { "N.Y.C.", "61761", 0 }, { "LONGIL", "61762", 0 }, { "H Q", "61844", 1 },
                  { "NPX", "61845", 1 },    { "O H", "61846", 1 },    { "PJM", "61847", 1 } };
    if (key->type != BB_TYPE_ZONE) return;
    for (size_t i = 0; i < BB_ARRAY_LEN(known); i++) {
        if (!bb_str_is(key->name, known[i].name)) continue;
        key->id = key->identity = bb_str_of(known[i].ptid);
        if (known[i].is_proxy)
            key->type = BB_TYPE_INTERFACE;
        else
            key->zone = key->name;
        return;
    }
}

/* ---- which market, how long, from when ---- */

struct market_word {
    const char *word;
    enum bb_market market;
    int minutes, preliminary;
    const char *refusal;
};

static const char exante[] =
    "the real-time ex-ante prices are another product than the ex-post prices, and busbar has no "
    "dataset for it; export the ex-post market";
static const struct market_word market_words[] = {
    { "DAY_AHEAD_HOURLY", BB_DA, 60, 0, NULL },
    { "DAY_AHEAD_HOURLY_EX_POST", BB_DA, 60, 0, NULL },
    { "DAY_AHEAD_HOURLY_EX_ANTE", BB_DA_EXANTE, 60, 0, NULL },
    { "REAL_TIME_5_MIN", BB_RT, 5, 0, NULL },
    { "REAL_TIME_5_MIN_FINAL", BB_RT, 5, 0, NULL },
    { "REAL_TIME_5_MIN_EX_POST_FINAL", BB_RT, 5, 0, NULL },
    { "REAL_TIME_5_MIN_EX_POST_PRELIM", BB_RT, 5, 1, NULL },
    { "REAL_TIME_5_MIN_EX_ANTE", BB_RT, 5, 0, exante },
    { "REAL_TIME_15_MIN", BB_RT, 15, 0, NULL },
    { "REAL_TIME_HOURLY", BB_RT, 60, 0, NULL },
    { "REAL_TIME_HOURLY_FINAL", BB_RT, 60, 0, NULL },
    { "REAL_TIME_HOURLY_PRELIM", BB_RT, 60, 1, NULL },
    { "REAL_TIME_HOURLY_EX_POST_FINAL", BB_RT, 60, 0, NULL },
    { "REAL_TIME_HOURLY_EX_POST_PRELIM", BB_RT, 60, 1, NULL },
    { "REAL_TIME_HOURLY_EX_ANTE", BB_RT, 60, 0, exante },
    { "REAL_TIME_SCED", BB_RT, 5, 0, NULL },
    { "REAL_TIME_WEIS", BB_RT, 5, 0,
      "these are prices of SPP's western imbalance market, which is another market and has no dataset" },
};

static int holds(struct bb_str s, const char *word) { return bb_str_find_nocase(s, bb_str_of(word)) != NULL; }

/* Where no column names the market, the file's name or its folder does. */
static int named_market(const struct bb_evidence *e, enum bb_market *market_ret)
{
    static const char *const da[] = { "day_ahead", "day-ahead", "dayahead", "da_lmp", "lmp_da", "_da_" };
    static const char *const rt[] = { "real_time", "real-time", "realtime", "rt_lmp",
                                      "lmp_rt",    "_rt_",      "5_min",    "fivemin" };
    const struct bb_str where[] = { e->name, e->member, e->path };
    for (size_t k = 0; k < BB_ARRAY_LEN(where); k++) {
        for (size_t i = 0; i < BB_ARRAY_LEN(da); i++)
            if (holds(where[k], da[i])) return *market_ret = BB_DA, 1;
        for (size_t i = 0; i < BB_ARRAY_LEN(rt); i++)
            if (holds(where[k], rt[i])) return *market_ret = BB_RT, 1;
    }
    return 0;
}

int bb_export_instant(const struct bb_sniff *sniff, const struct bb_format *format, const struct bb_binding *b,
                      enum bb_role role, int64_t *utc_s_ret)
{
    struct bb_str s = bb_sniff_field(sniff, format, b, role);
    struct bb_wall wall;
    if (s.n && bb_stamp_utc(s.p, s.n, utc_s_ret) == 0) return *utc_s_ret > 0 && *utc_s_ret < UINT32_MAX;
    if (format->flags & BB_FORMAT_OFFSETS || s.n == 0 || bb_stamp_wall(s.p, s.n, &wall) != 0) return 0;
    *utc_s_ret = bb_wall_as_utc(wall);
    return *utc_s_ret > 0 && *utc_s_ret < UINT32_MAX;
}

static const char *bound_header(const struct bb_format *format, const struct bb_binding *b, enum bb_role role)
{
    for (int i = 0; format->columns[i].header; i++)
        if (format->columns[i].role == role && b->field[i] >= 0) return format->columns[i].header;
    return "";
}

static void settle_market(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *b,
                          struct bb_facts *facts)
{
    struct bb_str word = bb_sniff_field(sniff, format, b, BB_MARKET_RUN);
    int by_sced = strcmp(bound_header(format, b, BB_TIME_UTC_BEGIN), "SCED Timestamp") == 0;
    int64_t begin = 0, end = 0, length = 0;
    int known = 0;
    facts->minutes = 0;
    if (bb_export_instant(sniff, format, b, BB_TIME_UTC_BEGIN, &begin)) facts->first_utc_s = (uint32_t)begin;
    if (begin && bb_export_instant(sniff, format, b, BB_TIME_UTC_END, &end)) length = end - begin;
    if (length == 3600 || length == 900 || length == 300) facts->minutes = (int)(length / 60);
    if (word.n) {
        for (size_t i = 0; i < BB_ARRAY_LEN(market_words); i++) {
            const struct market_word *w = &market_words[i];
            if (!bb_str_eq_nocase(word, bb_str_of(w->word))) continue;
            known = 1;
            facts->market = w->market;
            facts->preliminary = w->preliminary;
            if (facts->minutes == 0) facts->minutes = w->minutes;
            if (w->refusal) snprintf(facts->doubt, sizeof facts->doubt, "%s", w->refusal);
        }
        if (!known)
            snprintf(facts->doubt, sizeof facts->doubt,
                     "its column Market says \"%.*s\", which busbar does not know", (int)BB_MIN(word.n, (size_t)60),
                     word.p);
        snprintf(facts->market_run, sizeof facts->market_run, "%.*s", (int)BB_MIN(word.n, (size_t)39), word.p);
    } else if (by_sced || (facts->minutes && facts->minutes < 60)) {
        facts->market = BB_RT;
    } else if (!named_market(sniff->evidence, &facts->market) && begin) {
        snprintf(
            facts->doubt, sizeof facts->doubt,
            "nothing says whether these are day-ahead or real-time prices; put day_ahead or real_time into the "
            "file's name");
    }
    if (facts->minutes == 0) facts->minutes = by_sced ? 5 : 60;
    /* NYISO's quarter-hour prices are commitment prices, CAISO's hourly ones those of the hour-ahead process */
    if (format->iso == BB_NYISO && facts->market == BB_RT && facts->minutes == 15) facts->market = BB_RTC;
    if (format->iso == BB_CAISO && bb_str_eq_nocase(word, BB_STR("REAL_TIME_HOURLY"))) facts->market = BB_HASP;
    if (begin == 0 && bb_sniff_field(sniff, format, b, BB_TIME_UTC_BEGIN).n)
        snprintf(
            facts->doubt, sizeof facts->doubt,
            "its times carry no offset from UTC, so the repeated hour cannot be told; export them with their zone");
}

/* Before version 0.20 there was only Time, and it was not always the start of the interval. */
static void settle_shift(const struct bb_format *format, const struct bb_binding *b, struct bb_facts *facts)
{
    if (strcmp(bound_header(format, b, BB_TIME_UTC_BEGIN), "Time") != 0) return;
    if (format->iso == BB_NYISO && facts->market != BB_DA && facts->minutes < 60) facts->shift_s = -300;
    if (format->iso == BB_SPP && facts->market == BB_DA) facts->shift_s = -3300;
    snprintf(facts->variant, sizeof facts->variant, "Time only%s",
             facts->shift_s == -300    ? ", which is the end"
             : facts->shift_s == -3300 ? ", which is 5 minutes before the end"
                                       : "");
    if (facts->first_utc_s) facts->first_utc_s = (uint32_t)((int64_t)facts->first_utc_s + facts->shift_s);
}

/* ---- NYISO's congestion ---- */

static int field_of(const struct bb_format *format, const struct bb_binding *b, enum bb_role role)
{
    for (int i = 0; format->columns[i].header; i++)
        if (format->columns[i].role == role && b->field[i] >= 0) return b->field[i];
    return -1;
}

/* Up to version 0.27 congestion was left as NYISO publishes it: LMP = energy - congestion + loss. Only records with
 * congestion tell; a minus before a zero was never published and comes from turning the sign. 1: it is to be turned. */
static int congestion_is_turned(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *b)
{
    static const enum bb_role roles[4] = { BB_PRICE_TOTAL, BB_PRICE_ENERGY, BB_PRICE_CONGESTION, BB_PRICE_LOSS };
    struct bb_str fields[BB_MAX_FIELDS];
    double apart_as_is = 0, apart_turned = 0;
    size_t at = b->data_at;
    int field[4];
    for (int k = 0; k < 4; k++)
        if ((field[k] = field_of(format, b, roles[k])) < 0) return 0;
    while (fabs(apart_as_is - apart_turned) < 1) {
        struct bb_str line = bb_sniff_next_line(sniff, &at);
        double v[4];
        size_t n;
        int ok = 1;
        if (line.n == 0) break;
        n = bb_line_fields(line, fields, BB_MAX_FIELDS);
        for (int k = 0; k < 4 && ok; k++)
            ok = (size_t)field[k] < n &&
                 bb_decimal_parse(fields[field[k]].p, fields[field[k]].n, &v[k]) == BB_NUMBER_OK;
        if (!ok) continue;
        if (v[2] == 0 && fields[field[2]].n && fields[field[2]].p[0] == '-') return 0;
        apart_as_is += fabs(v[0] - v[1] - v[2] - v[3]);
        apart_turned += fabs(v[0] - v[1] + v[2] - v[3]);
    }
    return apart_turned < apart_as_is;
}

static int judge(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *b,
                 struct bb_facts *facts, char why[200])
{
    int iso = sniff->evidence->forced_report ? (int)format->iso : bb_export_iso(format, sniff, b);
    if (iso != (int)format->iso) {
        if (iso < 0)
            snprintf(why, 200,
                     "nothing in a gridstatus export or its name says of which operator it is: use --iso");
        else
            snprintf(why, 200, "it is an export of %s prices", bb_iso_infos[iso].name);
        return -1;
    }
    settle_market(format, sniff, b, facts);
    settle_shift(format, b, facts);
    if (format->iso == BB_NYISO && !facts->doubt[0]) {
        facts->turn_congestion = congestion_is_turned(format, sniff, b);
        if (facts->turn_congestion)
            snprintf(facts->variant + strlen(facts->variant), sizeof facts->variant - strlen(facts->variant),
                     "%scongestion as published", facts->variant[0] ? ", " : "");
    }
    return 8;
}

/* New England's five-minute prices are told apart by id, its hourly ones by name. */
static int judge_isone(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *b,
                       struct bb_facts *facts, char why[200])
{
    int points = judge(format, sniff, b, facts, why), minutes = facts->minutes;
    if (points < 0 || (minutes == 60) == (format->minutes == 60)) return points;
    snprintf(why, 200, "its intervals last %d minutes", minutes);
    return -1;
}

#define DATASETS "da_energy_hourly, rt_energy_hourly, rt_energy_15min, rt_energy_5min"
#define GENERAL(OPERATOR)                                                                                          \
    .data_source = #OPERATOR " gridstatus", .iso = BB_##OPERATOR, .kind = BB_ENERGY, .market = BB_DA,              \
    .shape = BB_FLAT, .order = BB_ORDER_DAY, .default_version = 1, .names = "lmp_day_ahead lmp_real_time",         \
    .datasets = DATASETS
#define EXPORT(OPERATOR, id, columns_, more_flags)                                                                 \
    GENERAL(OPERATOR), .report = id, .title = "gridstatus export of " #OPERATOR " prices", .columns = columns_,    \
                       .flags = BB_FORMAT_LOOSE | BB_FORMAT_OFFSETS | (more_flags),                                \
                       .file_names = "YYYY-MM-DD_lmp_day_ahead_hourly.csv, YYYY-MM-DD_lmp_real_time_5_min.csv",    \
                       .layouts = "every version of the library since 2022; with the unnamed index column",        \
                       .time_rule = "Interval Start with its offset (before version 0.20 Time); operator from "    \
                                    "columns, locations, file or folder name, or --iso"
#define HOSTED(OPERATOR, id, columns_, more_flags)                                                                 \
    GENERAL(OPERATOR), .report = id, .title = "gridstatus.io download of " #OPERATOR " prices",                    \
                       .columns = columns_, .flags = BB_FORMAT_LOOSE | (more_flags), .file_names = "any",          \
                       .layouts = "snake_case names, with or without quotes",                                      \
                       .time_rule = "interval_start_utc in UTC; a bare date is midnight; operator as in exports"
#define PJM_ .judge = judge, .types = pjm_types, .default_type = BB_TYPE_NODE, .minutes = 60
#define CAISO_                                                                                                     \
    .judge = judge, .types = caiso_types, .default_type = BB_TYPE_NODE, .type_of = caiso_type, .minutes = 60
#define NYISO_                                                                                                     \
    .judge = judge, .types = nyiso_types, .default_type = BB_TYPE_ZONE, .finish_place = finish_nyiso, .minutes = 60
#define ERCOT_ .judge = judge, .types = ercot_types, .default_type = BB_TYPE_GEN, .minutes = 60
#define MISO_  .judge = judge, .types = miso_types, .default_type = BB_TYPE_NODE, .type_of = miso_type, .minutes = 60
#define SPP_                                                                                                       \
    .judge = judge, .types = spp_types, .type_of = bb_spp_type_of, .default_type = BB_TYPE_NODE,                   \
    .default_zone = "SPP", .minutes = 60
#define ISONE_                                                                                                     \
    .types = isone_types, .finish_place = bb_isone_finish_export, .default_type = BB_TYPE_NODE,                    \
    .judge = judge_isone, .minutes = 60
#define ISONE5_                                                                                                    \
    .types = isone_types, .finish_place = bb_isone_finish_fivemin_export, .default_type = BB_TYPE_NODE,            \
    .judge = judge_isone, .minutes = 5
#define BY_ID   BB_FORMAT_ID_IS_IDENTITY
#define BY_BOTH (BB_FORMAT_ID_IS_IDENTITY | BB_FORMAT_NAME_IS_ID)

static const struct bb_format formats[] = {
    { EXPORT(PJM, "pjm.gridstatus_lmp", pjm_named, BY_ID), PJM_ },
    { EXPORT(CAISO, "caiso.gridstatus_lmp", named, BY_BOTH), CAISO_ },
    { EXPORT(NYISO, "nyiso.gridstatus_lmp", ny_named, BY_BOTH | BB_FORMAT_OFF_GRID), NYISO_ },
    { EXPORT(ERCOT, "ercot.gridstatus_lmp", ercot_named, BB_FORMAT_NAME_IS_ID | BB_FORMAT_FLOOR), ERCOT_ },
    { EXPORT(MISO, "miso.gridstatus_lmp", named, BB_FORMAT_NAME_IS_ID), MISO_ },
    { EXPORT(ISONE, "isone.gridstatus_lmp", ne_named, 0), ISONE_ },
    { EXPORT(ISONE, "isone.gridstatus_lmp_5min", ne_named, BY_BOTH), ISONE5_ },
    { EXPORT(SPP, "spp.gridstatus_lmp", spp_named, 0), SPP_ },
    { HOSTED(PJM, "pjm.gridstatus_api", pjm_named_utc, BY_ID), PJM_ },
    { HOSTED(CAISO, "caiso.gridstatus_api", named_utc, BY_BOTH), CAISO_ },
    { HOSTED(NYISO, "nyiso.gridstatus_api", ny_named_utc, BY_BOTH | BB_FORMAT_OFF_GRID), NYISO_ },
    { HOSTED(ERCOT, "ercot.gridstatus_api", ercot_named_utc, BB_FORMAT_NAME_IS_ID | BB_FORMAT_FLOOR), ERCOT_ },
    { HOSTED(MISO, "miso.gridstatus_api", named_utc, BB_FORMAT_NAME_IS_ID), MISO_ },
    { HOSTED(ISONE, "isone.gridstatus_api", ne_named_utc, 0), ISONE_ },
    { HOSTED(ISONE, "isone.gridstatus_api_5min", ne_named_utc, BY_BOTH), ISONE5_ },
    { HOSTED(SPP, "spp.gridstatus_api", spp_named_utc, 0), SPP_ },
};

const struct bb_market_table bb_market_gridstatus = { BB_PJM, formats, BB_ARRAY_LEN(formats) };
