/* SPP, ancillary prices and cleared quantities by reserve zone: docs/formats/spp.md. Time as in market_spp.c.
 * A record has a column per product; which ones, and in which order, changed over the years. */
#include "markets/market_spp.h"

/* clang-format off */
#define PRICE(header)      { header, BB_AS_WIDE_PRICE, .product = header }
#define MAY_PRICE(header)  { header, BB_AS_WIDE_PRICE, .optional = 1, .product = header }
#define CLEARED(header, p) { header, BB_AS_WIDE_QUANTITY, .product = p }
#define MAY_CLEARED(header, p) { header, BB_AS_WIDE_QUANTITY, .optional = 1, .product = p }
#define REGION             { "Reserve Zone", BB_AS_REGION }
#define BAA                { "BAA", BB_IGNORED, .optional = 1 }
#define END                { NULL, BB_IGNORED }

static const struct bb_column da_columns[] = { BB_SPP_TIME, REGION, PRICE("RegUP"), PRICE("RegDN"), PRICE("Spin"),
                                               PRICE("Supp"), MAY_PRICE("RampUP"), MAY_PRICE("RampDN"),
                                               MAY_PRICE("UncUP"), BAA, END };
static const struct bb_column rt_columns[] = { BB_SPP_TIME, REGION, PRICE("RegUPService"), PRICE("RegDNService"),
                                               MAY_PRICE("RegUpMile"), MAY_PRICE("RegDNMile"), MAY_PRICE("RampUP"),
                                               MAY_PRICE("RampDN"), PRICE("Spin"), PRICE("Supp"), MAY_PRICE("UncUP"),
                                               BAA, END };
/* The products bear the names of the price files, so that price and quantity meet in one row. */
static const struct bb_column cleared_columns[] = { BB_SPP_TIME, REGION, CLEARED("RegUP_Clr", "RegUPService"),
                                                    CLEARED("RegDN_Clr", "RegDNService"),
                                                    MAY_CLEARED("RampUP_Clr", "RampUP"),
                                                    MAY_CLEARED("RampDN_Clr", "RampDN"),
                                                    CLEARED("Spin_Clr", "Spin"), CLEARED("Supp_Clr", "Supp"),
                                                    MAY_CLEARED("UncUP_Clr", "UncUP"),
                                                    MAY_CLEARED("STSUncUP_Clr", "STSUncUP"), BAA, END };
/* clang-format on */

static const struct bb_product products[] = { { "RegUP", BB_AS_REG_UP },
                                              { "RegUPService", BB_AS_REG_UP },
                                              { "RegDN", BB_AS_REG_DOWN },
                                              { "RegDNService", BB_AS_REG_DOWN },
                                              { "RegUpMile", BB_AS_REG_UP_MILEAGE, .unit = BB_AS_PER_MW_MILE },
                                              { "RegDNMile", BB_AS_REG_DOWN_MILEAGE, .unit = BB_AS_PER_MW_MILE },
                                              { "Spin", BB_AS_SPIN },
                                              { "Supp", BB_AS_SUPPLEMENTAL },
                                              { "RampUP", BB_AS_RAMP_UP },
                                              { "RampDN", BB_AS_RAMP_DOWN },
                                              { "UncUP", BB_AS_UNCERTAINTY_UP },
                                              { "STSUncUP", BB_AS_UNCERTAINTY_UP },
                                              { NULL, NULL } };

#define LAYOUTS                                                                                                    \
    "a column per product, in any order, those of later years optional; any case, blanks and underscores in the "  \
    "header"
#define SPP(id)                                                                                                    \
    .report = "spp." id, .data_source = "SPP " id, .iso = BB_SPP, .kind = BB_ANCILLARY, .shape = BB_WIDE_AS,       \
    .order = BB_ORDER_TIME, .products = products, .judge = bb_spp_judge, .layouts = LAYOUTS,                       \
    .time_rule = BB_SPP_TIME_RULE
#define RT(version_, columns_)                                                                                     \
    .market = BB_RT, .minutes = 5, .flags = BB_FORMAT_LOOSE | BB_FORMAT_PARTIAL, .default_version = version_,      \
    .columns = columns_, .datasets = "rt_as_5min"

static const struct bb_format formats[] = {
    { SPP("DA-MCP"), .title = "Day-Ahead market clearing prices of operating reserves", .market = BB_DA,
      .minutes = 60, .flags = BB_FORMAT_LOOSE, .default_version = 1, .columns = da_columns,
      .names = "DA-MCP da_mcp", .datasets = "da_as_hourly", .file_names = "DA-MCP-YYYYMMDD0100.csv" },
    { SPP("RTBM-MCP"), RT(1, rt_columns), .title = "Real-Time market clearing prices of operating reserves",
      .names = "RTBM-MCP rt_mcp", .file_names = "RTBM-MCP-YYYYMMDDHHMM.csv, RTBM-MCP-YYYYMMDDHHMMd.csv" },
    { SPP("RTBM-MCP-DAILY"), RT(2, rt_columns),
      .title = "Real-Time market clearing prices of operating reserves, a file per day or year",
      .names = "RTBM-MCP-DAILY RTBM_MCP_ rt_mcp_daily",
      .file_names = "RTBM-MCP-DAILY-YYYYMMDD.csv, RTBM_MCP_YYYY.csv.zip" },
    { SPP("RTBM-OR"), RT(1, cleared_columns), .title = "Real-Time cleared operating reserves", .names = "RTBM-OR",
      .file_names = "RTBM-OR-YYYYMMDDHHMM.csv" },
    { SPP("RTBM-OR-DAILY"), RT(2, cleared_columns),
      .title = "Real-Time cleared operating reserves, a file per day or year", .names = "RTBM-OR-DAILY RTBM_OR_",
      .file_names = "RTBM-OR-DAILY-YYYYMMDD.csv" },
};

const struct bb_market_table bb_market_spp_as = { BB_SPP, formats, BB_ARRAY_LEN(formats) };
