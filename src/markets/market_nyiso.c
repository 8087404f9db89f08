/* NYISO, MIS postings of locational prices and their custom-report twins: docs/formats/nyiso.md. Ancillary prices are in
 * market_nyiso_as.c.
 * Time: Eastern prevailing time without a mark for the repeated hour: row order tells. Hourly stamps are the beginning, five-minute
 * stamps the end of the interval, also off the grid.
 * Identity: PTID. Sign: the published congestion is turned; energy = total - congestion - loss is derived. */
#include "markets/market_nyiso.h"
#include "markets/eastern_hint.h"

#include <stdio.h>

/* The header's last name was cut by a character until 2016, and some old files end it with a stray quote. */
#define PRICES(total, loss, congestion)                                                                            \
    { total, BB_PRICE_TOTAL }, { loss, BB_PRICE_LOSS }, { congestion, BB_PRICE_CONGESTION, .negated = 1 }
#define POSTED_PRICES PRICES("LBMP*", "Marginal Cost Losses*", "Marginal Cost Congestion*")
#define END                                                                                                        \
    {                                                                                                              \
        NULL, BB_IGNORED                                                                                           \
    }

static const struct bb_column hourly_columns[] = { { "Time Stamp", BB_TIME_LOCAL_BEGIN },
                                                   { "Name", BB_LOCATION_NAME },
                                                   { "PTID", BB_LOCATION_ID },
                                                   POSTED_PRICES,
                                                   END };
static const struct bb_column fivemin_columns[] = { { "Time Stamp", BB_TIME_LOCAL_END },
                                                    { "Name", BB_LOCATION_NAME },
                                                    { "PTID", BB_LOCATION_ID },
                                                    POSTED_PRICES,
                                                    END };

static const struct bb_column load_columns[] = {
    { "Time Stamp", BB_IGNORED }, { "Name", BB_IGNORED }, { "PTID", BB_IGNORED }, { "*Load*", BB_IGNORED }, END
};

/* Custom reports: a zone column in the hourly one, and a version. */
#define CUSTOM_COLUMNS(market)                                                                                     \
    { "Zone Name", BB_LOCATION_NAME }, { "Zone PTID", BB_LOCATION_ID },                                            \
        PRICES(market " Zonal LBMP", market " Zonal Losses", market " Zonal Congestion"),                          \
        { market " Zonal Price Version", BB_VERSION, .optional = 1 }, END
static const struct bb_column custom_da_columns[] = { { "Eastern Date Hour", BB_TIME_LOCAL_BEGIN },
                                                      { "Eastern Date Hour Time Zone", BB_TIME_ZONE_LABEL,
                                                        .optional = 1 },
                                                      CUSTOM_COLUMNS("DAM") };
static const struct bb_column custom_rtd_columns[] = { { "RTD End Time Stamp", BB_TIME_LOCAL_END },
                                                       CUSTOM_COLUMNS("RTD") };
static const struct bb_column custom_rtc_columns[] = { { "RTC End Time Stamp", BB_TIME_LOCAL_END },
                                                       CUSTOM_COLUMNS("RTC") };

/* ---- locations ---- */

static int ptid_of(struct bb_str id)
{
    int64_t v;
    return bb_integer_parse(id.p, id.n, &v) == 0 && v < 10000000 ? (int)v : 0;
}
static int is_zone(int ptid) { return ptid >= 61752 && ptid <= 61762; }
static int is_proxy(int ptid) { return ptid >= 61844 && ptid <= 61847; }

static void finish_zone(struct bb_place_key *key)
{
    int ptid = ptid_of(key->id);
    key->type = is_proxy(ptid) ? BB_TYPE_INTERFACE : BB_TYPE_ZONE;
    if (!is_proxy(ptid)) key->zone = key->name;
}

/* ---- which stamps a file holds ---- */

enum bb_nyiso_grid bb_nyiso_grid(struct bb_sniff *sniff, const struct bb_binding *b, int time_field,
                                 int64_t *first_s_ret)
{
    struct bb_str fields[BB_MAX_FIELDS], text = { "", 0 };
    char last_text[40];
    size_t at = b->data_at, n_last = 0;
    int64_t first = 0;
    int have_first = 0, has_seconds = 0;
    *first_s_ret = 0;
    for (;;) {
        struct bb_str line = bb_sniff_next_line(sniff, &at);
        struct bb_wall wall;
        int64_t stamp;
        if (line.n == 0) break;
        if (n_last && line.n > n_last && memcmp(line.p, last_text, n_last) == 0) continue; /* same stamp */
        if (bb_line_fields(line, fields, (size_t)time_field + 1) <= (size_t)time_field) continue;
        text = fields[time_field];
        if (bb_stamp_wall(text.p, text.n, &wall) != 0) continue;
        stamp = bb_wall_as_utc(wall);
        if (stamp % 900 != 0) {
            if (!have_first) *first_s_ret = stamp;
            return BB_NYISO_FIVE_MINUTES;
        }
        if (time_field == 0) { /* the raw text up to its comma */
            const char *comma = memchr(line.p, ',', line.n);
            size_t n = comma ? (size_t)(comma - line.p) + 1 : 0;
            n_last = n <= sizeof last_text ? n : 0;
            if (n_last) memcpy(last_text, line.p, n);
        }
        if (!have_first) {
            const char *colon = memchr(text.p, ':', text.n);
            has_seconds = colon && memchr(colon + 1, ':', (size_t)(text.p + text.n - colon) - 1) != NULL;
            have_first = 1;
            *first_s_ret = first = stamp;
        } else if (stamp != first && stamp % 3600 == 0 && first % 3600 == 0) {
            return BB_NYISO_HOURLY;
        }
    }
    if (!have_first) return BB_NYISO_NO_STAMP;
    return first % 3600 == 0 && !has_seconds ? BB_NYISO_HOURLY : BB_NYISO_QUARTERS;
}

void bb_nyiso_note_first(struct bb_facts *facts, int64_t first_s, int end_minutes)
{
    uint32_t utc_s = bb_eastern_hint((struct bb_wall){ (int32_t)(first_s / 86400), (int32_t)(first_s % 86400) });
    if (first_s > 0 && utc_s) facts->first_utc_s = utc_s - (uint32_t)end_minutes * 60u;
}

const char bb_nyiso_quarters[] = "its stamps are whole quarters of an hour only, and nothing tells advisory "
                                 "commitment prices from dispatch prices; "
                                 "use the posting of the finished day";

/* ---- which posting a file is ---- */

enum posting { NONE, DAY_AHEAD, REAL_TIME_HOURLY, REAL_TIME };

static int holds(struct bb_str s, const char *word) { return bb_str_find_nocase(s, bb_str_of(word)) != NULL; }

static enum posting posting_of(struct bb_str name)
{
    if (holds(name, "damlbmp") || holds(name, "dam_lbmp") || holds(name, "day_ahead")) return DAY_AHEAD;
    if (holds(name, "rtlbmp") || holds(name, "rt_tw_lbmp")) return REAL_TIME_HOURLY;
    if (holds(name, "realtime") || holds(name, "rt_lbmp")) return REAL_TIME;
    return NONE;
}

static enum posting posting_named(const struct bb_evidence *e)
{
    enum posting p = posting_of(e->name);
    if (p == NONE) p = posting_of(e->member);
    return p == NONE ? posting_of(e->path) : p;
}

static int judge(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *b,
                 struct bb_facts *facts, char why[200])
{
    struct bb_str id = bb_sniff_field(sniff, format, b, BB_LOCATION_ID);
    enum posting mine = posting_of(bb_str_of(format->report)), named = posting_named(sniff->evidence);
    int wants_zones = holds(bb_str_of(format->report), "_zone"), ptid = ptid_of(id);
    enum bb_nyiso_grid grid;
    int64_t first_s;
    snprintf(facts->variant, sizeof facts->variant, "%s",
             b->header_nbytes && sniff->evidence->head.p[b->header_at] == '"' ? "quoted" : "unquoted");
    if (ptid && wants_zones != (is_zone(ptid) || is_proxy(ptid))) {
        snprintf(why, 200, "its PTIDs are those of %s", wants_zones ? "generators" : "zones");
        return -1;
    }
    grid = bb_nyiso_grid(sniff, b, b->field[0], &first_s);
    bb_nyiso_note_first(facts, first_s, mine == REAL_TIME ? 5 : 0);
    if (sniff->evidence->forced_report && grid != BB_NYISO_QUARTERS) return 0;
    if (grid == BB_NYISO_QUARTERS || (grid == BB_NYISO_HOURLY && named == REAL_TIME)) {
        if (mine != REAL_TIME) {
            snprintf(why, 200, "its stamps are not those of hours");
            return -1;
        }
        if (sniff->evidence->head_is_all) snprintf(facts->doubt, sizeof facts->doubt, "%s", bb_nyiso_quarters);
        return 4;
    }
    if (grid != BB_NYISO_NO_STAMP && (grid == BB_NYISO_FIVE_MINUTES) != (mine == REAL_TIME)) {
        snprintf(why, 200, "its stamps are those of %s", mine == REAL_TIME ? "hours" : "five-minute intervals");
        return -1;
    }
    if (mine == REAL_TIME) return 4;
    if (named == mine) {
        snprintf(why, 200, "name");
        return 4;
    }
    if (named == DAY_AHEAD || named == REAL_TIME_HOURLY) {
        snprintf(why, 200, "its name is that of another report");
        return -1;
    }
    return 0; /* day-ahead or real-time: then only the name tells */
}

static int judge_custom(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *b,
                        struct bb_facts *facts, char why[200])
{
    struct bb_str stamp = bb_sniff_field(sniff, format, b, format->columns[0].role);
    struct bb_wall wall;
    (void)why;
    if (stamp.n && bb_stamp_wall(stamp.p, stamp.n, &wall) == 0)
        bb_nyiso_note_first(facts, bb_wall_as_utc(wall), format->minutes == 60 ? 0 : format->minutes);
    snprintf(facts->variant, sizeof facts->variant, "custom report");
    return 0;
}

#define HOURLY_RULE                                                                                                \
    "Eastern prevailing time, the stamp is the beginning of the hour; the repeated hour of autumn follows from "   \
    "the "                                                                                                         \
    "order of a location's rows"
#define FIVE_RULE                                                                                                  \
    "Eastern prevailing time, the stamp is the end of the interval, start = stamp - 5 minutes also off the grid; " \
    "the "                                                                                                         \
    "repeated hour of autumn follows from the order of a location's rows; a file of the current day is cut at "    \
    "its "                                                                                                         \
    "modification time"
#define LAYOUTS                                                                                                    \
    "quoted or not, header with the cut last name (until 2016), stamps with or without seconds, a seventh "        \
    "column, an "                                                                                                  \
    "empty first line"
#define POSTING(id, minutes_, shape_flags)                                                                         \
    .report = "nyiso." id, .data_source = "NYISO " id, .iso = BB_NYISO, .kind = BB_ENERGY, .minutes = minutes_,    \
    .shape = BB_FLAT, .order = BB_ORDER_TIME, .default_version = 1, .max_preamble = 2, .names = id,                \
    .flags = BB_FORMAT_ID_IS_IDENTITY | BB_FORMAT_DERIVE_ENERGY | BB_FORMAT_ROW_ORDER | BB_FORMAT_EXTRA_FIELDS |   \
             (shape_flags)
#define HOURLY(id)                                                                                                 \
    POSTING(id, 60, 0), .columns = hourly_columns, .judge = judge, .layouts = LAYOUTS, .time_rule = HOURLY_RULE,   \
                        .file_names = "YYYYMMDD" id ".csv, YYYYMM01" id "_csv.zip"
#define FIVE(id)                                                                                                   \
    POSTING(id, 5, BB_FORMAT_OFF_GRID | BB_FORMAT_CUT_NOW),                                                        \
        .columns = fivemin_columns, .judge = judge, .layouts = LAYOUTS, .time_rule = FIVE_RULE,                    \
        .file_names = "YYYYMMDD" id ".csv, YYYYMM01" id "_csv.zip, " id "-YYYYMMDD.csv"

static const struct bb_format formats[] = {
    { HOURLY("damlbmp_zone"), .title = "Day-Ahead Market LBMP, zones", .market = BB_DA, .finish_place = finish_zone,
      .datasets = "da_energy_hourly" },
    { HOURLY("damlbmp_gen"), .title = "Day-Ahead Market LBMP, generators", .market = BB_DA,
      .default_type = BB_TYPE_GEN, .datasets = "da_energy_hourly" },
    { HOURLY("rtlbmp_zone"), .title = "Time-weighted Real-Time LBMP, zones", .market = BB_RT,
      .finish_place = finish_zone, .datasets = "rt_energy_hourly" },
    { HOURLY("rtlbmp_gen"), .title = "Time-weighted Real-Time LBMP, generators", .market = BB_RT,
      .default_type = BB_TYPE_GEN, .datasets = "rt_energy_hourly" },
    { FIVE("realtime_zone"), .title = "Real-Time Dispatch LBMP, zones", .market = BB_RT,
      .finish_place = finish_zone, .datasets = "rt_energy_5min" },
    { FIVE("realtime_gen"), .title = "Real-Time Dispatch LBMP, generators", .market = BB_RT,
      .default_type = BB_TYPE_GEN, .datasets = "rt_energy_5min" },
    { .report = "nyiso.load",
      .data_source = "NYISO load",
      .title = "NYISO's posting of loads",
      .iso = BB_NYISO,
      .columns = load_columns,
      .max_preamble = 2,
      .names = "pal",
      .refusal = "it holds loads in megawatts and no prices",
      .datasets = "none",
      .file_names = "YYYYMMDDpal.csv, YYYYMMDDpalIntegrated.csv",
      .layouts = "as downloaded",
      .time_rule = "none" },
    { POSTING("oasis_dam_zonal_lbmp", 60, 0), .title = "Custom report: Day-Ahead Market Zonal LBMP",
      .market = BB_DA, .columns = custom_da_columns, .judge = judge_custom, .finish_place = finish_zone,
      .datasets = "da_energy_hourly", .file_names = "OASIS_Day-Ahead_Market_Zonal_LBMP.csv",
      .layouts = "as downloaded, or saved again by a spreadsheet",
      .time_rule = "beginning of the hour, with its zone (EDT or EST) in a column" },
    { POSTING("oasis_rtd_zonal_lbmp", 5, BB_FORMAT_OFF_GRID),
      .title = "Custom report: Real-Time Dispatch Zonal LBMP", .market = BB_RT, .columns = custom_rtd_columns,
      .judge = judge_custom, .finish_place = finish_zone, .datasets = "rt_energy_5min",
      .file_names = "OASIS_Real_Time_Dispatch_Zonal_LBMP.csv",
      .layouts = "as downloaded, or saved again by a spreadsheet", .time_rule = FIVE_RULE },
    { POSTING("oasis_rtc_zonal_lbmp", 15, 0), .title = "Custom report: Real-Time Commitment Zonal LBMP",
      .market = BB_RTC, .columns = custom_rtc_columns, .judge = judge_custom, .finish_place = finish_zone,
      .datasets = "rtc_energy_15min", .file_names = "OASIS_Real_Time_Commitment_Zonal_LBMP.csv",
      .layouts = "as downloaded, or saved again by a spreadsheet",
      .time_rule =
          "Eastern prevailing time, the stamp is the end of the interval; the repeated hour of autumn follows "
          "from the order of a zone's rows" },
};

const struct bb_market_table bb_market_nyiso = { BB_NYISO, formats, BB_ARRAY_LEN(formats) };
