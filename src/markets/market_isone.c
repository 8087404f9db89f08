/* ISO New England, locational prices of ISO Express: docs/formats/isone.md. Ancillary prices are in market_isone_as.c.
 * Records begin with a letter (record_letter.h); the trailer's count must be right.
 * Time: Eastern prevailing time. Hours by number, the repeated one is 02X; five-minute stamps are the beginning, without a date and
 * without a mark for the repeated hour.
 * Identity: the name in hourly reports, the id in five-minute reports. Sign: energy + congestion + loss = total. */
#include "markets/market_isone.h"
#include "base/decimal.h"
#include "markets/eastern_hint.h"

#include <math.h>
#include <stdio.h>

#define END                                                                                                        \
    {                                                                                                              \
        NULL, BB_IGNORED                                                                                           \
    }
#define PRICE_COLUMNS                                                                                              \
    { "Locational Marginal Price", BB_PRICE_TOTAL, .either = 1 }, { "LMP", BB_PRICE_TOTAL, .either = 1 },          \
        { "Energy Component", BB_PRICE_ENERGY }, { "Congestion Component", BB_PRICE_CONGESTION },                  \
        { "Marginal Loss Component", BB_PRICE_LOSS, .either = 1 },                                                 \
    {                                                                                                              \
        "Loss Component", BB_PRICE_LOSS, .either = 1                                                               \
    }

static const struct bb_column hourly_columns[] = { { "H", BB_RECORD_LETTER },
                                                   { "Date", BB_TIME_DATE },
                                                   { "Hour Ending", BB_TIME_HOUR_ENDING },
                                                   { "Location ID", BB_LOCATION_ID },
                                                   { "Location Name", BB_LOCATION_NAME },
                                                   { "Location Type", BB_LOCATION_TYPE },
                                                   PRICE_COLUMNS,
                                                   END };
static const struct bb_column prelim_columns[] = { { "H", BB_RECORD_LETTER },
                                                   { "Date", BB_TIME_DATE, .either = 1 },
                                                   { "Local Date", BB_TIME_DATE, .either = 1 },
                                                   { "Hour Ending", BB_TIME_HOUR_ENDING },
                                                   { "Location", BB_LOCATION_NAME, .either = 1 },
                                                   { "Location Name", BB_LOCATION_NAME, .either = 1 },
                                                   { "Location ID", BB_FORBIDDEN },
                                                   PRICE_COLUMNS,
                                                   END };
static const struct bb_column fivemin_columns[] = { { "H", BB_RECORD_LETTER },
                                                    { "Location ID", BB_LOCATION_ID },
                                                    { "Local Time", BB_TIME_LOCAL_BEGIN },
                                                    PRICE_COLUMNS,
                                                    { "Hour Ending", BB_FORBIDDEN },
                                                    END };

/* ---- locations ---- */

static const struct bb_word types[] = { { "HUB", BB_TYPE_HUB },
                                        { "LOAD ZONE", BB_TYPE_ZONE },
                                        { "EXT. NODE", BB_TYPE_INTERFACE },
                                        { "HUB NODE", BB_TYPE_NODE },
                                        { "DRRAZ", BB_TYPE_AGGREGATE },
                                        { "DRR AGGREGATION ZONE", BB_TYPE_AGGREGATE },
                                        { "NETWORK NODE", BB_TYPE_NODE },
                                        { NULL, 0 } };

/* The points that people look up by name keep their ids; five-minute files do not name them. */
static const struct {
    int id;
    const char *id_text, *name;
} named[] = {
    { 4000, "4000", ".H.INTERNAL_HUB" },  { 4001, "4001", ".Z.MAINE" },
    { 4002, "4002", ".Z.NEWHAMPSHIRE" },  { 4003, "4003", ".Z.VERMONT" },
    { 4004, "4004", ".Z.CONNECTICUT" },   { 4005, "4005", ".Z.RHODEISLAND" },
    { 4006, "4006", ".Z.SEMASS" },        { 4007, "4007", ".Z.WCMASS" },
    { 4008, "4008", ".Z.NEMASSBOST" },    { 4010, "4010", ".I.SALBRYNB345 1" },
    { 4011, "4011", ".I.ROSETON 345 1" }, { 4012, "4012", ".I.HQ_P1_P2345 5" },
    { 4013, "4013", ".I.HQHIGATE120 2" }, { 4014, "4014", ".I.SHOREHAM138 99" },
    { 4017, "4017", ".I.NRTHPORT138 5" }, { 4018, "4018", ".I.HQMRL_RD345 1" },
};

static int starts(struct bb_str s, const char *with)
{
    return s.n >= strlen(with) && memcmp(s.p, with, strlen(with)) == 0;
}

/* Characters 12 to 15 of a bus's name, blank padded: "UN.FRNKLNSQ13.810CC" is on 13.8 kV. */
static double voltage_of(struct bb_str name)
{
    static const char *const buses[] = { "UN.", "LD.", "HC.", "AR.", ".I." };
    size_t i = 0, n = BB_MIN(name.n, (size_t)15);
    struct bb_str s;
    double kv;
    while (i < BB_ARRAY_LEN(buses) && !starts(name, buses[i])) i++;
    if (i == BB_ARRAY_LEN(buses) || n < 12) return NAN;
    s = bb_str_trim((struct bb_str){ name.p + 11, n - 11 });
    for (i = 0; i < s.n; i++)
        if (s.p[i] != '.' && (s.p[i] < '0' || s.p[i] > '9')) return NAN;
    return bb_decimal_parse(s.p, s.n, &kv) == BB_NUMBER_OK && kv > 0 ? kv : NAN;
}

static enum bb_type type_of_name(struct bb_str name)
{
    if (starts(name, ".H.")) return BB_TYPE_HUB;
    if (starts(name, ".Z.")) return BB_TYPE_ZONE;
    if (starts(name, ".I.")) return BB_TYPE_INTERFACE;
    if (starts(name, "DR.")) return BB_TYPE_AGGREGATE;
    return BB_TYPE_NODE;
}

void bb_isone_finish_export(struct bb_place_key *key)
{
    if (key->type == BB_TYPE_NODE) key->type = type_of_name(key->name);
    key->voltage_kv = voltage_of(key->name);
}

void bb_isone_finish_fivemin_export(struct bb_place_key *key)
{
    bb_isone_finish_export(key);
    for (size_t i = 0; i < BB_ARRAY_LEN(named); i++)
        if (bb_str_eq(key->id, key->name) && bb_str_is(key->name, named[i].name))
            key->id = key->identity = bb_str_of(named[i].id_text);
}

static void finish_named(struct bb_place_key *key) { key->voltage_kv = voltage_of(key->name); }

static void finish_by_name(struct bb_place_key *key)
{
    key->type = type_of_name(key->name);
    key->voltage_kv = voltage_of(key->name);
}

static void finish_by_id(struct bb_place_key *key)
{
    int64_t id;
    if (bb_integer_parse(key->id.p, key->id.n, &id) != 0 || id < 4000 || id > 4099) {
        key->type = BB_TYPE_NODE;
        return;
    }
    key->type = id == 4000 ? BB_TYPE_HUB : id < 4010 ? BB_TYPE_ZONE : BB_TYPE_INTERFACE;
    for (size_t i = 0; i < BB_ARRAY_LEN(named); i++)
        if (named[i].id == id) key->name = bb_str_of(named[i].name);
    key->voltage_kv = voltage_of(key->name);
}

/* ---- comments ---- */

static int holds(struct bb_str s, const char *word) { return bb_str_find_nocase(s, bb_str_of(word)) != NULL; }

/* The text of a C record, or n == 0. */
static struct bb_str comment(const struct bb_sniff *sniff, int i)
{
    struct bb_str fields[2], none = { "", 0 };
    size_t n = bb_line_fields(bb_sniff_line(sniff, (size_t)i), fields, 2);
    return n == 2 && bb_str_is(fields[0], "C") ? fields[1] : none;
}

int bb_isone_says(const struct bb_sniff *sniff, const struct bb_binding *b, const char *words)
{
    for (int i = 0; i < b->header_line; i++)
        if (holds(comment(sniff, i), words)) return 1;
    return 0;
}

static int dates_after(struct bb_str s, const char *label, int32_t day[2])
{
    const char *at = bb_str_find_nocase(s, bb_str_of(label)), *end = s.p + s.n, *dash;
    struct bb_str rest, to;
    if (!at) return 0;
    at += strlen(label);
    rest = (struct bb_str){ at, (size_t)(end - at) };
    dash = bb_str_find_nocase(rest, BB_STR(" - "));
    to = dash ? (struct bb_str){ dash + 3, (size_t)(end - dash) - 3 } : rest;
    if (dash) rest.n = (size_t)(dash - rest.p);
    return bb_stamp_date(rest.p, rest.n, &day[0]) == 0 && bb_stamp_date(to.p, to.n, &day[1]) == 0 &&
           day[0] <= day[1];
}

/* "Report generated: 06/03/2026 12:57:12 EDT" */
static int64_t generated(struct bb_str s)
{
    const char *at = bb_str_find_nocase(s, BB_STR("Report generated:"));
    struct bb_str text;
    struct bb_wall wall;
    int offset_h = 0;
    if (!at) return 0;
    text = bb_str_trim((struct bb_str){ at + 17, s.n - (size_t)(at - s.p) - 17 });
    if (text.n > 4 && holds((struct bb_str){ text.p + text.n - 4, 4 }, " EDT")) offset_h = 4;
    if (text.n > 4 && holds((struct bb_str){ text.p + text.n - 4, 4 }, " EST")) offset_h = 5;
    if (!offset_h || bb_stamp_wall(text.p, text.n - 4, &wall) != 0) return 0;
    return bb_wall_as_utc(wall) + offset_h * 3600;
}

/* Day and, where the record has a stamp, time of the first record. */
static int first_wall(const struct bb_sniff *sniff, const struct bb_format *format, const struct bb_binding *b,
                      struct bb_wall *wall)
{
    /* the record behind the names is the line of units */
    struct bb_str fields[BB_MAX_FIELDS];
    int field = -1;
    for (int i = 0; format->columns[i].header; i++)
        if (b->field[i] >= 0 &&
            (format->columns[i].role == BB_TIME_DATE || format->columns[i].role == BB_TIME_LOCAL_BEGIN))
            field = b->field[i];
    for (size_t i = (size_t)b->header_line + 1; field >= 0 && i < sniff->n_lines; i++) {
        size_t n = bb_line_fields(bb_sniff_line(sniff, i), fields, BB_MAX_FIELDS);
        if (n <= (size_t)field || n > BB_MAX_FIELDS || !bb_str_is(fields[0], "D")) continue;
        return bb_stamp_wall(fields[field].p, fields[field].n, wall) == 0;
    }
    return 0;
}

void bb_isone_note(struct bb_sniff *sniff, const struct bb_format *format, const struct bb_binding *b,
                   struct bb_facts *facts)
{
    struct bb_wall wall;
    int32_t said[2] = { 0, 0 }, named_day;
    int has_said = 0;
    for (int i = 0; i < b->header_line; i++) {
        struct bb_str s = comment(sniff, i);
        int64_t stamp = generated(s);
        if (stamp > 0) facts->publication_utc_s = stamp;
        if (!has_said) has_said = dates_after(s, "Report for:", said);
    }
    if (bb_name_day(sniff->evidence->name, &named_day)) {
        if (has_said && (named_day < said[0] || named_day > said[1])) {
            struct bb_date d = bb_date_of(named_day), from = bb_date_of(said[0]);
            snprintf(
                facts->doubt, sizeof facts->doubt,
                "its name says %04d-%02d-%02d and its text that it is for %04d-%02d-%02d; one of them is wrong",
                (int)d.year, (int)d.month, (int)d.day, (int)from.year, (int)from.month, (int)from.day);
        }
        facts->day_known = 1;
        facts->day = named_day;
    }
    if (has_said) { /* a range says no day */
        facts->day_known = said[0] == said[1];
        facts->day = said[0];
    }
    wall = (struct bb_wall){ facts->day, 0 };
    if (first_wall(sniff, format, b, &wall) || facts->day_known) facts->first_utc_s = bb_eastern_hint(wall);
}

/* ---- which posting a file is ---- */

static int judge_hourly(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *b,
                        struct bb_facts *facts, char why[200])
{
    const struct bb_evidence *e = sniff->evidence;
    int is_da = format->market == BB_DA, is_prelim = (format->flags & BB_FORMAT_PRELIMINARY) != 0;
    int says_da = bb_isone_says(sniff, b, "day-ahead"), says_rt = bb_isone_says(sniff, b, "real-time");
    int named_da = holds(e->name, "dalmp") || holds(e->name, "lmp_da"), named_rt = holds(e->name, "lmp_rt");
    int named_prelim = holds(e->name, "prelim") || bb_isone_says(sniff, b, "prelim");
    bb_isone_note(sniff, format, b, facts);
    snprintf(facts->variant, sizeof facts->variant, "%s",
             is_prelim && format->columns == prelim_columns ? "names only" : "ids, names and types");
    if (e->forced_report) return 0;
    if (is_da ? says_rt : says_da) {
        snprintf(why, 200, "its title is that of another report");
        return -1;
    }
    if (!says_da && !says_rt && (is_da ? named_rt : named_da)) {
        snprintf(why, 200, "its name is that of another report");
        return -1;
    }
    if (!is_da && format->columns == hourly_columns && is_prelim != named_prelim) {
        snprintf(why, 200, named_prelim ? "it is called preliminary" : "it is not called preliminary");
        return -1;
    }
    return says_da || says_rt ? 16 : 0;
}

/* Where a text names it last: the innermost folder counts. 0: nowhere. */
static size_t last_place(struct bb_str s, const char *word)
{
    size_t at = 0;
    const char *p;
    while ((p = bb_str_find_nocase((struct bb_str){ s.p + at, s.n - at }, bb_str_of(word))) != NULL)
        at = (size_t)(p - s.p) + strlen(word);
    return at;
}

/* 1: preliminary, -1: final, 0: neither. */
static int folder_says(struct bb_str s)
{
    size_t prelim = last_place(s, "prelim"), final = last_place(s, "final");
    return (prelim > final) - (final > prelim);
}

/* Preliminary and final five-minute files have one name; the folder tells, or a comment. */
static int judge_fivemin(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *b,
                         struct bb_facts *facts, char why[200])
{
    const struct bb_evidence *e = sniff->evidence;
    int is_prelim = (format->flags & BB_FORMAT_PRELIMINARY) != 0;
    int in_name = folder_says(e->name);
    int in_place = folder_says(e->member) ? folder_says(e->member) : folder_says(e->path);
    int in_text = bb_isone_says(sniff, b, "prelim") - bb_isone_says(sniff, b, "final");
    int prelim = in_text ? in_text : in_name ? in_name : in_place; /* 0: nothing says it */
    bb_isone_note(sniff, format, b, facts);
    snprintf(facts->variant, sizeof facts->variant, "ids only");
    if (e->forced_report || prelim == 0) return 0;
    if (is_prelim != (prelim > 0)) {
        snprintf(why, 200, "its folder, name or text says %s", prelim > 0 ? "preliminary" : "final");
        return -1;
    }
    snprintf(why, 200, "%s", is_prelim ? "preliminary" : "final");
    return 4;
}

#define HOUR_RULE                                                                                                  \
    "Eastern prevailing time, hours by number: HE n is [n-1, n), 02X the second of the two in autumn; in spring "  \
    "03 is "                                                                                                       \
    "left out (or 02, and 03 is then the second hour)"
#define FIVE_RULE                                                                                                  \
    "Eastern prevailing time, the stamp is the beginning; the day is that of the report; the repeated hour "       \
    "follows from "                                                                                                \
    "the order of a location's rows"
#define REPORT(id)                                                                                                 \
    .report = "isone." id, .data_source = "ISONE " id, .iso = BB_ISONE, .kind = BB_ENERGY, .shape = BB_FLAT,       \
    .order = BB_ORDER_TIME, .max_preamble = 8
#define HOURLY(id, columns_, more_flags)                                                                           \
    REPORT(id), .minutes = 60, .columns = columns_, .judge = judge_hourly, .time_rule = HOUR_RULE,                 \
                .flags = BB_FORMAT_ROW_ORDER | (more_flags)
#define FIVE(id, more_flags)                                                                                       \
    REPORT(id), .minutes = 5, .columns = fivemin_columns, .judge = judge_fivemin, .time_rule = FIVE_RULE,          \
                .finish_place = finish_by_id, .names = "lmp_5min fiveminlmp", .datasets = "rt_energy_5min",        \
                .layouts = "a file per four hours; rolling files with a date in the stamp",                        \
                .file_names = "lmp_5min_YYYYMMDD_HH-HH.csv in a folder whose name says prelim or final",           \
                .flags = BB_FORMAT_ROW_ORDER | BB_FORMAT_BY_ID | BB_FORMAT_ID_IS_IDENTITY | (more_flags)
#define LAYOUTS "three or four lines of comments; hours quoted or bare"

static const struct bb_format formats[] = {
    { HOURLY("WW_DALMP_ISO", hourly_columns, 0), .title = "Day-Ahead Energy Market Hourly LMP Report",
      .market = BB_DA, .default_version = 1, .types = types, .finish_place = finish_named,
      .names = "WW_DALMP lmp_da", .datasets = "da_energy_hourly",
      .file_names = "WW_DALMP_ISO_YYYYMMDD.csv, lmp_da_YYYYMMDD.csv", .layouts = LAYOUTS },
    { HOURLY("lmp_rt_final", hourly_columns, 0), .title = "Real-Time Energy Market Hourly LMP Report, final",
      .market = BB_RT, .default_version = 2, .types = types, .finish_place = finish_named, .names = "lmp_rt_final",
      .datasets = "rt_energy_hourly", .file_names = "lmp_rt_final_YYYYMMDD.csv", .layouts = LAYOUTS },
    { HOURLY("lmp_rt_prelim", prelim_columns, BB_FORMAT_PRELIMINARY),
      .title = "Real-Time Energy Market Hourly LMP Report, preliminary", .market = BB_RT, .default_version = 1,
      .finish_place = finish_by_name, .names = "lmp_rt_prelim", .datasets = "rt_energy_hourly",
      .file_names = "lmp_rt_prelim_YYYYMMDD.csv", .layouts = "names only; with ids and types" },
    { HOURLY("lmp_rt_prelim", hourly_columns, BB_FORMAT_PRELIMINARY),
      .title = "Real-Time Energy Market Hourly LMP Report, preliminary", .market = BB_RT, .default_version = 1,
      .types = types, .finish_place = finish_named, .names = "lmp_rt_prelim", .datasets = "rt_energy_hourly",
      .file_names = "lmp_rt_prelim_YYYYMMDD.csv", .layouts = "names only; with ids and types" },
    { FIVE("lmp_5min_final", 0), .title = "Five-Minute Locational Marginal Prices, final", .market = BB_RT,
      .default_version = 2 },
    { FIVE("lmp_5min_prelim", BB_FORMAT_PRELIMINARY),
      .title = "Five-Minute Locational Marginal Prices, preliminary", .market = BB_RT, .default_version = 1 },
};

const struct bb_market_table bb_market_isone = { BB_ISONE, formats, BB_ARRAY_LEN(formats) };
