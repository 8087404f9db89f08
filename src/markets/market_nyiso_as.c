/* NYISO, ancillary service prices, day-ahead hourly and real-time five-minute, in three layouts: by zone (since June 2016), East and
 * West side by side (2001 to 2016), one region (until 2001): docs/formats/nyiso.md.
 * Time: as for energy; the layout by zone names EDT or EST beside the stamp, which belongs to the stamp, an end in real time. */
#include "markets/market_nyiso.h"

#include <stdio.h>

#define SPIN     "10 Min Spinning Reserve"
#define NON_SYNC "10 Min Non-Synchronous Reserve"
#define OPER     "30 Min Operating Reserve"
#define CAPACITY "Regulation Capacity"
#define MOVEMENT "Regulation Movement"

static const struct bb_product products[] = {
    { SPIN, BB_AS_SPIN, "10_MIN_SPIN", NULL, NULL },
    { NON_SYNC, BB_AS_NON_SPIN, "10_MIN_NON_SYNC", NULL, NULL },
    { OPER, BB_AS_SUPPLEMENTAL, "30_MIN_OR", NULL, NULL },
    { CAPACITY, BB_AS_REG, "REGULATION_CAPACITY", NULL, NULL },
    { MOVEMENT, BB_AS_REG_MILEAGE, "REGULATION_MOVEMENT", BB_AS_PER_MW_MILE, NULL },
    { NULL, NULL, NULL, NULL, NULL },
};

/* Units and brackets in these headers vary and are cut. */
#define PRICE(pattern, word)                                                                                       \
    {                                                                                                              \
        pattern, BB_AS_WIDE_PRICE, .product = word                                                                 \
    }
#define REGIONAL(prefix, place)                                                                                    \
    { prefix " 10 Min Spin*", BB_AS_WIDE_PRICE, .product = SPIN, .region = place },                                \
        { prefix " 10 Min Non-Sync*", BB_AS_WIDE_PRICE, .product = NON_SYNC, .region = place },                    \
        { prefix " 30 Min*", BB_AS_WIDE_PRICE, .product = OPER, .region = place },                                 \
    {                                                                                                              \
        prefix " Regulation*", BB_AS_WIDE_PRICE, .product = CAPACITY, .region = place                              \
    }
#define RESERVES PRICE("10 Min Spin*", SPIN), PRICE("10 Min Non-Sync*", NON_SYNC), PRICE("30 Min*", OPER)
#define END                                                                                                        \
    {                                                                                                              \
        NULL, BB_IGNORED                                                                                           \
    }
#define LABEL                                                                                                      \
    {                                                                                                              \
        "Time Zone", BB_TIME_ZONE_LABEL, .optional = 1                                                             \
    }
#define BY_ZONE(stamp)                                                                                             \
    { "Time Stamp", stamp }, LABEL, { "Name", BB_AS_REGION }, { "PTID", BB_IGNORED }, RESERVES,                    \
        PRICE("*Regulation Capacity*", CAPACITY)

static const struct bb_column da_zone_columns[] = { BY_ZONE(BB_TIME_LOCAL_BEGIN),
                                                    { "*Regulation Movement*", BB_FORBIDDEN },
                                                    END };
static const struct bb_column rt_zone_columns[] = { BY_ZONE(BB_TIME_LOCAL_END),
                                                    PRICE("*Regulation Movement*", MOVEMENT), END };
static const struct bb_column da_wide_columns[] = {
    { "Time Stamp", BB_TIME_LOCAL_BEGIN },     LABEL, REGIONAL("East", "EAST"), REGIONAL("West", "WEST"),
    { "*Regulation Movement*", BB_FORBIDDEN }, END
};
static const struct bb_column rt_wide_columns[] = { { "Time Stamp", BB_TIME_LOCAL_END },
                                                    LABEL,
                                                    REGIONAL("East", "EAST"),
                                                    REGIONAL("West", "WEST"),
                                                    { "*Regulation Movement*", BB_AS_WIDE_PRICE, .optional = 1,
                                                      .product = MOVEMENT, .region = "NYCA" },
                                                    END };
static const struct bb_column da_oldest_columns[] = { { "Time Stamp", BB_TIME_LOCAL_BEGIN },
                                                      LABEL,
                                                      RESERVES,
                                                      PRICE("Regulation*", CAPACITY),
                                                      { "Name", BB_FORBIDDEN },
                                                      { "*Regulation Movement*", BB_FORBIDDEN },
                                                      END };

static int judge(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *b,
                 struct bb_facts *facts, char why[200])
{
    int64_t first_s;
    enum bb_nyiso_grid grid = bb_nyiso_grid(sniff, b, b->field[0], &first_s);
    int is_hourly = format->minutes == 60;
    bb_nyiso_note_first(facts, first_s, is_hourly ? 0 : 5);
    snprintf(facts->variant, sizeof facts->variant, "%s",
             format->columns == da_oldest_columns                                       ? "one region"
             : format->columns == da_wide_columns || format->columns == rt_wide_columns ? "East and West"
                                                                                        : "by zone");
    if (grid == BB_NYISO_NO_STAMP) return 0;
    if (grid == BB_NYISO_QUARTERS && !is_hourly) {
        if (sniff->evidence->head_is_all) snprintf(facts->doubt, sizeof facts->doubt, "%s", bb_nyiso_quarters);
        return 4;
    }
    if ((grid == BB_NYISO_HOURLY) != is_hourly) {
        snprintf(why, 200, "its stamps are those of %s", is_hourly ? "shorter intervals" : "hours");
        return -1;
    }
    return 4;
}

#define REPORT(id, columns_)                                                                                       \
    .report = "nyiso." id, .data_source = "NYISO " id, .iso = BB_NYISO, .kind = BB_ANCILLARY, .shape = BB_WIDE_AS, \
    .order = BB_ORDER_TIME, .default_version = 1, .max_preamble = 2, .columns = columns_, .products = products,    \
    .as_region = "NYCA", .judge = judge, .names = id,                                                              \
    .layouts = "by zone since June 2016 (with EDT or EST); East and West 2001 to 2016; one region until 2001",     \
    .file_names = "YYYYMMDD" id ".csv, YYYYMM01" id "_csv.zip"
#define DAY_AHEAD(columns_)                                                                                        \
    REPORT("damasp", columns_), .title = "Day-Ahead Ancillary Service Prices", .market = BB_DA, .minutes = 60,     \
                                .flags = BB_FORMAT_ROW_ORDER, .datasets = "da_as_hourly",                          \
                                .time_rule = "beginning of the hour, Eastern prevailing time; the repeated hour "  \
                                             "by the Time Zone column, else by row order"
#define REAL_TIME(columns_)                                                                                        \
    REPORT("rtasp", columns_), .title = "Real-Time Ancillary Service Prices", .market = BB_RT, .minutes = 5,       \
                               .flags = BB_FORMAT_ROW_ORDER | BB_FORMAT_OFF_GRID | BB_FORMAT_CUT_NOW,              \
                               .datasets = "rt_as_5min",                                                           \
                               .time_rule = "end of the interval, Eastern prevailing time, start = stamp - 5 "     \
                                            "minutes; the repeated hour by the Time Zone column (which belongs "   \
                                            "to the stamp), else by row order"

static const struct bb_format formats[] = {
    { DAY_AHEAD(da_zone_columns) }, { DAY_AHEAD(da_wide_columns) }, { DAY_AHEAD(da_oldest_columns) },
    { REAL_TIME(rt_zone_columns) }, { REAL_TIME(rt_wide_columns) },
};

const struct bb_market_table bb_market_nyiso_as = { BB_NYISO, formats, BB_ARRAY_LEN(formats) };
