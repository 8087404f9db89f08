/* gridstatus: CSV exports of the Python library's ancillary frames of NYISO and SPP: docs/formats/gridstatus_export.md. Products
 * bear the words of the operators' own files, so that rows of both meet. Times carry their offsets. */
#include "markets/market_gridstatus.h"

#include <stdio.h>

/* clang-format off */
#define STAMPS                                                                                                     \
    { "Interval Start", BB_TIME_UTC_BEGIN }, { "Interval End", BB_TIME_UTC_END, .optional = 1 },                   \
    { "Time", BB_IGNORED, .optional = 1 }, { "Market", BB_IGNORED, .optional = 1 }
#define PRICE(header, word)     { header, BB_AS_WIDE_PRICE, .product = word }
#define MAY_PRICE(header, word) { header, BB_AS_WIDE_PRICE, .optional = 1, .product = word }
#define CLEARED(header, word)   { header, BB_AS_WIDE_QUANTITY, .optional = 1, .product = word }
#define END                     { NULL, BB_IGNORED }
/* clang-format on */

static const struct bb_column nyiso_columns[] = { STAMPS,
                                                  { "Zone", BB_AS_REGION },
                                                  PRICE("10 Min Spin Reserves", "10_MIN_SPIN"),
                                                  PRICE("10 Min Non-Spin Reserves", "10_MIN_NON_SYNC"),
                                                  PRICE("30 Min Reserves", "30_MIN_OR"),
                                                  MAY_PRICE("Regulation Capacity", "REGULATION_CAPACITY"),
                                                  END };
static const struct bb_column spp_da_columns[] = { STAMPS,
                                                   { "Reserve Zone", BB_AS_REGION },
                                                   PRICE("Reg Up", "RegUP"),
                                                   PRICE("Reg Dn", "RegDN"),
                                                   MAY_PRICE("Ramp Up", "RampUP"),
                                                   MAY_PRICE("Ramp Dn", "RampDN"),
                                                   PRICE("Spin", "Spin"),
                                                   PRICE("Supp", "Supp"),
                                                   MAY_PRICE("Unc Up", "UncUP"),
                                                   END };
static const struct bb_column spp_rt_columns[] = { STAMPS,
                                                   { "Reserve Zone", BB_AS_REGION },
                                                   PRICE("Reg Up Service", "RegUPService"),
                                                   PRICE("Reg DN Service", "RegDNService"),
                                                   MAY_PRICE("Reg Up Mile", "RegUpMile"),
                                                   MAY_PRICE("Reg DN Mile", "RegDNMile"),
                                                   MAY_PRICE("Ramp Up", "RampUP"),
                                                   MAY_PRICE("Ramp DN", "RampDN"),
                                                   PRICE("Spin", "Spin"),
                                                   PRICE("Supp", "Supp"),
                                                   MAY_PRICE("Unc Up", "UncUP"),
                                                   END };
static const struct bb_column spp_cleared_columns[] = { STAMPS,
                                                        { "Reserve Zone", BB_AS_REGION },
                                                        { "Reg_Up_Cleared", BB_AS_WIDE_QUANTITY,
                                                          .product = "RegUPService" },
                                                        CLEARED("Reg_Dn_Cleared", "RegDNService"),
                                                        CLEARED("Ramp_Up_Cleared", "RampUP"),
                                                        CLEARED("Ramp_Dn_Cleared", "RampDN"),
                                                        CLEARED("Spin_Cleared", "Spin"),
                                                        CLEARED("Supp_Cleared", "Supp"),
                                                        CLEARED("Unc_Up_Cleared", "UncUP"),
                                                        END };

static const struct bb_product nyiso_products[] = { { "10_MIN_SPIN", BB_AS_SPIN },
                                                    { "10_MIN_NON_SYNC", BB_AS_NON_SPIN },
                                                    { "30_MIN_OR", BB_AS_SUPPLEMENTAL },
                                                    { "REGULATION_CAPACITY", BB_AS_REG },
                                                    { NULL, NULL } };
static const struct bb_product spp_products[] = { { "RegUP", BB_AS_REG_UP },
                                                  { "RegUPService", BB_AS_REG_UP },
                                                  { "RegDN", BB_AS_REG_DOWN },
                                                  { "RegDNService", BB_AS_REG_DOWN },
                                                  { "RegUpMile", BB_AS_REG_UP_MILEAGE, .unit = BB_AS_PER_MW_MILE },
                                                  { "RegDNMile", BB_AS_REG_DOWN_MILEAGE,
                                                    .unit = BB_AS_PER_MW_MILE },
                                                  { "Spin", BB_AS_SPIN },
                                                  { "Supp", BB_AS_SUPPLEMENTAL },
                                                  { "RampUP", BB_AS_RAMP_UP },
                                                  { "RampDN", BB_AS_RAMP_DOWN },
                                                  { "UncUP", BB_AS_UNCERTAINTY_UP },
                                                  { NULL, NULL } };

/* Hourly is day-ahead, five-minute real-time; files of both have the same columns (NYISO). */
static int judge(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *b,
                 struct bb_facts *facts, char why[200])
{
    int64_t begin = 0, end = 0;
    int minutes = 0;
    if (bb_export_instant(sniff, format, b, BB_TIME_UTC_BEGIN, &begin)) facts->first_utc_s = (uint32_t)begin;
    if (begin && bb_export_instant(sniff, format, b, BB_TIME_UTC_END, &end)) minutes = (int)((end - begin) / 60);
    if (begin == 0 && bb_sniff_field(sniff, format, b, BB_TIME_UTC_BEGIN).n)
        snprintf(
            facts->doubt, sizeof facts->doubt,
            "its times carry no offset from UTC, so the repeated hour cannot be told; export them with their zone");
    if (minutes == 0) return 0;
    if (minutes != format->minutes) {
        snprintf(why, 200, "its intervals last %d minutes", minutes);
        return -1;
    }
    return 8;
}

#define EXPORT(OPERATOR, id, columns_, products_)                                                                  \
    .report = id, .data_source = #OPERATOR " gridstatus", .iso = BB_##OPERATOR, .kind = BB_ANCILLARY,              \
    .shape = BB_WIDE_AS, .order = BB_ORDER_DAY, .default_version = 1, .columns = columns_, .products = products_,  \
    .judge = judge, .layouts = "every version of the library; with the unnamed index column",                      \
    .time_rule = "Interval Start with its offset"
#define DAY_AHEAD                                                                                                  \
    .market = BB_DA, .minutes = 60, .names = "as_day_ahead day_ahead", .datasets = "da_as_hourly",                 \
    .file_names = "YYYY-MM-DD_as_day_ahead_hourly.csv"
#define REAL_TIME                                                                                                  \
    .market = BB_RT, .minutes = 5, .names = "as_real_time real_time", .datasets = "rt_as_5min",                    \
    .file_names = "YYYY-MM-DD_as_real_time_5_min.csv"
#define FLAGS BB_FORMAT_LOOSE | BB_FORMAT_OFFSETS

static const struct bb_format formats[] = {
    { EXPORT(NYISO, "nyiso.gridstatus_as_da", nyiso_columns, nyiso_products), DAY_AHEAD, .flags = FLAGS,
      .title = "gridstatus export of NYISO day-ahead ancillary prices" },
    { EXPORT(NYISO, "nyiso.gridstatus_as_rt", nyiso_columns, nyiso_products), REAL_TIME,
      .flags = FLAGS | BB_FORMAT_OFF_GRID, .title = "gridstatus export of NYISO real-time ancillary prices" },
    { EXPORT(SPP, "spp.gridstatus_as_da", spp_da_columns, spp_products), DAY_AHEAD, .flags = FLAGS,
      .title = "gridstatus export of SPP day-ahead operating reserve prices" },
    { EXPORT(SPP, "spp.gridstatus_as_rt", spp_rt_columns, spp_products), REAL_TIME,
      .flags = FLAGS | BB_FORMAT_PARTIAL, .title = "gridstatus export of SPP real-time ancillary prices" },
    { EXPORT(SPP, "spp.gridstatus_or", spp_cleared_columns, spp_products), REAL_TIME,
      .flags = FLAGS | BB_FORMAT_PARTIAL, .title = "gridstatus export of SPP cleared operating reserves" },
};

const struct bb_market_table bb_market_gridstatus_as = { BB_NYISO, formats, BB_ARRAY_LEN(formats) };
