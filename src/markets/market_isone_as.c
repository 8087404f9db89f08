/* ISO New England, ancillary services of ISO Express: day-ahead ancillary services (since March 2025), real-time reserve prices
 * and regulation clearing prices: docs/formats/isone.md. Titles of the columns of reserve and regulation reports differ between
 * postings, so they are found by their words. */
#include "markets/market_isone.h"

#include <stdio.h>

#define TMSR        "TMSR"
#define TMNSR       "TMNSR"
#define TMOR        "TMOR"
#define FER         "FER"
#define REG_CAP     "REG_CAPACITY"
#define REG_SERVICE "REG_SERVICE"

static const struct bb_product products[] = {
    { TMSR, BB_AS_SPIN, NULL, NULL, NULL },
    { TMNSR, BB_AS_NON_SPIN, NULL, NULL, NULL },
    { TMOR, BB_AS_SUPPLEMENTAL, NULL, NULL, NULL },
    { FER, BB_AS_FORECAST_ENERGY, NULL, NULL, NULL },
    { REG_CAP, BB_AS_REG, NULL, NULL, NULL },
    { REG_SERVICE, BB_AS_REG_MILEAGE, NULL, BB_AS_PER_MW_MILE, NULL },
    { NULL, NULL, NULL, NULL, NULL },
};
static const struct bb_region regions[] = {
    { "7000", "ROS" }, { "7001", "SWCT" }, { "7002", "CT" }, { "7003", "NEMABSTN" }, { NULL, NULL }
};

#define PRICE(pattern, word)                                                                                       \
    {                                                                                                              \
        pattern, BB_AS_WIDE_PRICE, .either = 1, .product = word                                                    \
    }
#define MEGAWATTS(pattern, word)                                                                                   \
    {                                                                                                              \
        pattern, BB_AS_WIDE_QUANTITY, .optional = 1, .product = word                                               \
    }
#define END                                                                                                        \
    {                                                                                                              \
        NULL, BB_IGNORED                                                                                           \
    }
#define LETTER                                                                                                     \
    {                                                                                                              \
        "H", BB_RECORD_LETTER                                                                                      \
    }
#define DATE_AND_HOUR                                                                                              \
    { "Date", BB_TIME_DATE, .either = 1 }, { "Local Date", BB_TIME_DATE, .either = 1 },                            \
        { "Hour Ending", BB_TIME_HOUR_ENDING, .either = 1 },                                                       \
        { "Local Hour Ending", BB_TIME_HOUR_ENDING, .either = 1 },                                                 \
    {                                                                                                              \
        "HE", BB_TIME_HOUR_ENDING, .either = 1                                                                     \
    }
#define STAMP                                                                                                      \
    { "*Local Time*", BB_TIME_LOCAL_BEGIN, .either = 1 }, { "Local Date/Time", BB_TIME_LOCAL_BEGIN, .either = 1 }, \
        { "Local Date Time", BB_TIME_LOCAL_BEGIN, .either = 1 },                                                   \
    {                                                                                                              \
        "Begin Date", BB_TIME_LOCAL_BEGIN, .either = 1                                                             \
    }
#define RESERVE_PRICES                                                                                             \
    PRICE("*Ten?Min*Spin*Price*", TMSR), PRICE("*TMSR*Price*", TMSR), PRICE("*Ten?Minute Reserve*Price*", TMNSR),  \
        PRICE("*TMNSR*Price*", TMNSR), PRICE("*TMR*Price*", TMNSR), PRICE("*Total Reserve*Price*", TMOR),          \
        PRICE("*Total Thirty*Price*", TMOR), PRICE("*TMOR*Price*", TMOR)
#define RESERVE_MEGAWATTS                                                                                          \
    MEGAWATTS("*Ten?Minute Spinning*Designated*", TMSR), MEGAWATTS("*TMSR*Designated*", TMSR),                     \
        MEGAWATTS("*Non?Spinning*Designated*", TMNSR), MEGAWATTS("*TMNSR*Designated*", TMNSR),                     \
        MEGAWATTS("*Thirty*Designated*", TMOR), MEGAWATTS("*TMOR*Designated*", TMOR)
/* Many columns, none of them a product. */
#define REQUIREMENTS                                                                                               \
    { "*Requirement*", BB_IGNORED, .optional = 1 }, { "*Zone Name*", BB_IGNORED, .optional = 1 }
#define ZONE_ID                                                                                                    \
    { "*Reserve Zone ID*", BB_AS_REGION, .either = 1 }, { "Location ID", BB_AS_REGION, .either = 1 },              \
    {                                                                                                              \
        "Zone ID", BB_AS_REGION, .either = 1                                                                       \
    }

static const struct bb_column daas_columns[] = {
    LETTER,
    { "Local Date", BB_TIME_DATE },
    { "Hour Ending", BB_TIME_HOUR_ENDING },
    { "Location ID", BB_AS_REGION },
    { "Ten Minute Spinning Reserve Clearing Price", BB_AS_WIDE_PRICE, .product = TMSR },
    { "Ten Minute Reserve Clearing Price", BB_AS_WIDE_PRICE, .product = TMNSR },
    { "Total Thirty Reserve Clearing Price", BB_AS_WIDE_PRICE, .product = TMOR },
    { "FER Price", BB_AS_WIDE_PRICE, .product = FER },
    MEGAWATTS("TMSR Designated MW", TMSR),
    MEGAWATTS("TMNSR Designated MW", TMNSR),
    MEGAWATTS("TMOR Designated MW", TMOR),
    MEGAWATTS("EIR Designated MW", FER),
    REQUIREMENTS,
    END
};
static const struct bb_column reserve_hourly_columns[] = { LETTER,
                                                           DATE_AND_HOUR,
                                                           ZONE_ID,
                                                           RESERVE_PRICES,
                                                           RESERVE_MEGAWATTS,
                                                           REQUIREMENTS,
                                                           { "*FER*Price*", BB_FORBIDDEN },
                                                           END };
static const struct bb_column reserve_5min_columns[] = {
    LETTER, STAMP, ZONE_ID, RESERVE_PRICES, RESERVE_MEGAWATTS, REQUIREMENTS, END
};
#define REGULATION_PRICES                                                                                          \
    PRICE("*Service*", REG_SERVICE), PRICE("*Capacity*", REG_CAP), { "*Reserve*", BB_FORBIDDEN }, END
static const struct bb_column regulation_5min_columns[] = { LETTER, STAMP, REGULATION_PRICES };
static const struct bb_column regulation_hourly_columns[] = { LETTER, DATE_AND_HOUR, REGULATION_PRICES };
/* Until March 2015 there was one price. */
static const struct bb_column regulation_single_columns[] = { LETTER,
                                                              DATE_AND_HOUR,
                                                              PRICE("*Clearing Price*", REG_CAP),
                                                              { "*Service*", BB_FORBIDDEN },
                                                              { "*Reserve*", BB_FORBIDDEN },
                                                              { "*Location*", BB_FORBIDDEN },
                                                              END };

static int holds(struct bb_str s, const char *word) { return bb_str_find_nocase(s, bb_str_of(word)) != NULL; }

static int judge(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *b,
                 struct bb_facts *facts, char why[200])
{
    const struct bb_evidence *e = sniff->evidence;
    int is_prelim = (format->flags & BB_FORMAT_PRELIMINARY) != 0;
    int prelim = bb_isone_says(sniff, b, "prelim") || holds(e->name, "prelim");
    int final = bb_isone_says(sniff, b, "final") || holds(e->name, "final");
    if (!prelim && !final) {
        prelim = holds(e->path, "prelim") || holds(e->member, "prelim");
        final = holds(e->path, "final") || holds(e->member, "final");
    }
    bb_isone_note(sniff, format, b, facts);
    if (e->forced_report) return 0;
    if (bb_isone_says(sniff, b, "regulation") != (holds(bb_str_of(format->report), "rcp")) && b->header_line > 0) {
        snprintf(why, 200, "its title is that of another report");
        return -1;
    }
    if (prelim != final && is_prelim != prelim) {
        snprintf(why, 200, "its title, name or folder says %s", prelim ? "preliminary" : "final");
        return -1;
    }
    return prelim != final ? 4 : 0;
}

static int judge_daas(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *b,
                      struct bb_facts *facts, char why[200])
{
    (void)why;
    bb_isone_note(sniff, format, b, facts);
    return 0;
}

#define HOUR_RULE                                                                                                  \
    "Eastern prevailing time, hours by number: HE n is [n-1, n); the repeated hour is 02X or a second 02; in "     \
    "spring 03 "                                                                                                   \
    "is left out (or 02, and 03 is then the second hour)"
#define STAMP_RULE                                                                                                 \
    "Eastern prevailing time, the stamp is the beginning; the repeated hour follows from the order of a zone's "   \
    "rows"
#define REPORT(id, columns_)                                                                                       \
    .report = "isone." id, .data_source = "ISONE " id, .iso = BB_ISONE, .kind = BB_ANCILLARY, .shape = BB_WIDE_AS, \
    .order = BB_ORDER_TIME, .max_preamble = 8, .columns = columns_, .products = products, .regions = regions,      \
    .layouts = "comments, names, units, data, trailer"
#define HOURLY    .minutes = 60, .time_rule = HOUR_RULE, .flags = BB_FORMAT_ROW_ORDER | BB_FORMAT_DOUBLED_HOUR
#define FIVE      .minutes = 5, .time_rule = STAMP_RULE, .market = BB_RT, .datasets = "rt_as_5min", .judge = judge
#define RT_HOURLY .market = BB_RT, .datasets = "rt_as_hourly", .judge = judge

static const struct bb_format formats[] = {
    { REPORT("daasreservedata", daas_columns), HOURLY, .market = BB_DA, .default_version = 1,
      .title = "Day-Ahead Hourly Reserve Requirements Prices Designations and Forecast", .judge = judge_daas,
      .names = "daasreservedata", .datasets = "da_as_hourly",
      .file_names = "daasreservedata_YYYYMMDD_YYYYMMDD.csv (the name is the downloader's)" },
    { REPORT("finalhourlyreserveprice", reserve_hourly_columns), HOURLY, RT_HOURLY, .default_version = 2,
      .title = "Final Hourly Reserve Zone Prices & Designations", .names = "hourlyreserveprice hourly_reserve",
      .file_names = "finalhourlyreserveprice.csv" },
    { REPORT("prelimhourlyreserveprice", reserve_hourly_columns), .minutes = 60, .time_rule = HOUR_RULE,
      .flags = BB_FORMAT_ROW_ORDER | BB_FORMAT_DOUBLED_HOUR | BB_FORMAT_PRELIMINARY, RT_HOURLY,
      .default_version = 1, .title = "Preliminary Hourly Reserve Zone Prices & Designations",
      .names = "prelimhourlyreserveprice", .file_names = "prelimhourlyreserveprice.csv" },
    { REPORT("fiveminreserveprice_final", reserve_5min_columns), FIVE,
      .flags = BB_FORMAT_ROW_ORDER | BB_FORMAT_LOOSE, .default_version = 2,
      .title = "Five-Minute Reserve Zone Prices & Designation, final", .names = "fiveminreserveprice",
      .file_names = "fiveminreserveprice_final.csv (the name is the downloader's)" },
    { REPORT("fiveminreserveprice_prelim", reserve_5min_columns), FIVE,
      .flags = BB_FORMAT_ROW_ORDER | BB_FORMAT_LOOSE | BB_FORMAT_PRELIMINARY, .default_version = 1,
      .title = "Five-Minute Reserve Zone Prices & Designation, preliminary", .names = "fiveminreserveprice",
      .file_names = "fiveminreserveprice_prelim.csv (the name is the downloader's)" },
    { REPORT("fiveminrcp_final", regulation_5min_columns), FIVE, .as_region = "SYSTEM",
      .flags = BB_FORMAT_ROW_ORDER | BB_FORMAT_FLOOR, .default_version = 2,
      .title = "Final Real-Time Five-Minute Regulation Clearing Prices", .names = "fiveminrcp rcp regulation",
      .file_names = "fiveminrcp_final.csv (the name is the downloader's)" },
    { REPORT("fiveminrcp_prelim", regulation_5min_columns), FIVE, .as_region = "SYSTEM",
      .flags = BB_FORMAT_ROW_ORDER | BB_FORMAT_FLOOR | BB_FORMAT_PRELIMINARY, .default_version = 1,
      .title = "Preliminary Real-Time Five-Minute Regulation Clearing Prices", .names = "fiveminrcp rcp regulation",
      .file_names = "fiveminrcp_prelim.csv (the name is the downloader's)" },
    { REPORT("hourlyrcp_final", regulation_hourly_columns), HOURLY, RT_HOURLY, .as_region = "SYSTEM",
      .default_version = 2, .title = "Final Real-Time Hourly Regulation Clearing Prices",
      .names = "hourlyrcp final_regulation", .file_names = "hourlyrcp_final.csv, final_regulation_YYYYMMDD.csv" },
    { REPORT("hourlyrcp_final", regulation_single_columns), HOURLY, RT_HOURLY, .as_region = "SYSTEM",
      .default_version = 2, .title = "Final Real-Time Hourly Regulation Clearing Prices",
      .names = "hourlyrcp final_regulation", .file_names = "hourlyrcp_final.csv, final_regulation_YYYYMMDD.csv" },
};

const struct bb_market_table bb_market_isone_as = { BB_ISONE, formats, BB_ARRAY_LEN(formats) };
