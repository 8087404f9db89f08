/* PJM, Data Miner 2 feeds: docs/formats/pjm.md.
 * Time: datetime_beginning_utc is the start of the interval; the EPT column says the same ambiguously and is only
 * compared: a row in which they differ is rejected.
 * Identity: pnode_id; names repeat. Sign: energy + congestion + loss = total. */
#include "markets/reader.h"

#include <stdio.h>

#define TIME_COLUMNS                                                                                               \
    { "datetime_beginning_utc", BB_TIME_UTC_BEGIN },                                                               \
    {                                                                                                              \
        "datetime_beginning_ept", BB_TIME_CHECK_LOCAL_BEGIN, .optional = 1                                         \
    }
#define LOCATION_COLUMNS                                                                                           \
    { "pnode_id", BB_LOCATION_ID }, { "pnode_name", BB_LOCATION_NAME },                                            \
        { "voltage", BB_LOCATION_VOLTAGE, .optional = 1 }, { "equipment", BB_LOCATION_OTHER, .optional = 1 },      \
        { "type", BB_LOCATION_TYPE },                                                                              \
    {                                                                                                              \
        "zone", BB_LOCATION_ZONE, .optional = 1                                                                    \
    }
#define PRICE_COLUMNS(suffix, part)                                                                                \
    { "system_energy_price_" suffix, BB_PRICE_ENERGY, .dataset = part },                                           \
        { "total_lmp_" suffix, BB_PRICE_TOTAL, .dataset = part },                                                  \
        { "congestion_price_" suffix, BB_PRICE_CONGESTION, .dataset = part },                                      \
    {                                                                                                              \
        "marginal_loss_price_" suffix, BB_PRICE_LOSS, .dataset = part                                              \
    }
#define VERSION_COLUMNS                                                                                            \
    { "row_is_current", BB_IS_CURRENT, .optional = 1 }, { "version_nbr", BB_VERSION, .optional = 1 }
#define NO_VERSION_COLUMNS                                                                                         \
    { "row_is_current", BB_FORBIDDEN }, { "version_nbr", BB_FORBIDDEN }
#define END                                                                                                        \
    {                                                                                                              \
        NULL, BB_IGNORED                                                                                           \
    }

static const struct bb_column da_columns[] = {
    TIME_COLUMNS, LOCATION_COLUMNS, PRICE_COLUMNS("da", 0), VERSION_COLUMNS, { "total_lmp_rt", BB_FORBIDDEN }, END
};
static const struct bb_column rt_columns[] = {
    TIME_COLUMNS, LOCATION_COLUMNS, PRICE_COLUMNS("rt", 0), VERSION_COLUMNS, { "total_lmp_da", BB_FORBIDDEN }, END
};
static const struct bb_column rt_monthly_columns[] = {
    TIME_COLUMNS, LOCATION_COLUMNS, PRICE_COLUMNS("rt", 0), NO_VERSION_COLUMNS, { "total_lmp_da", BB_FORBIDDEN },
    END
};
static const struct bb_column rt_da_columns[] = { TIME_COLUMNS,           LOCATION_COLUMNS, PRICE_COLUMNS("rt", 1),
                                                  PRICE_COLUMNS("da", 2), VERSION_COLUMNS,  END };

/* Preliminary: no energy component, no versions, long names. */
#define UNVERIFIED_COLUMNS                                                                                         \
    { "type", BB_LOCATION_TYPE }, { "total_lmp_rt", BB_PRICE_TOTAL },                                              \
        { "congestion_price_rt", BB_PRICE_CONGESTION }, { "marginal_loss_price_rt", BB_PRICE_LOSS },               \
        { "system_energy_price_rt", BB_FORBIDDEN }, { "zone", BB_FORBIDDEN }, { "voltage", BB_FORBIDDEN },         \
        { "equipment", BB_FORBIDDEN }, NO_VERSION_COLUMNS
static const struct bb_column unverified_fivemin_columns[] = { TIME_COLUMNS,
                                                               { "pnode_id", BB_LOCATION_ID },
                                                               { "pnode_name", BB_LOCATION_NAME },
                                                               UNVERIFIED_COLUMNS,
                                                               { "occ_check", BB_IGNORED, .optional = 1 },
                                                               { "ref_caseid_used_multi_interval", BB_IGNORED,
                                                                 .optional = 1 },
                                                               END };
static const struct bb_column unverified_hourly_columns[] = {
    TIME_COLUMNS, { "pnode_id", BB_FORBIDDEN }, { "pnode_name", BB_LOCATION_NAME }, UNVERIFIED_COLUMNS, END
};
static const struct bb_column pnode_columns[] = { { "pnode_id", BB_LOCATION_ID },
                                                  { "pnode_name", BB_LOCATION_NAME },
                                                  { "pnode_type", BB_IGNORED },
                                                  { "pnode_subtype", BB_LOCATION_TYPE },
                                                  { "zone", BB_LOCATION_ZONE, .optional = 1 },
                                                  { "voltage_level", BB_LOCATION_VOLTAGE, .optional = 1 },
                                                  { "effective_date", BB_EFFECTIVE_FROM, .optional = 1 },
                                                  { "termination_date", BB_IGNORED, .optional = 1 },
                                                  END };

static const struct bb_word types[] = { { "LOAD", BB_TYPE_LOAD },
                                        { "GEN", BB_TYPE_GEN },
                                        { "ZONE", BB_TYPE_ZONE },
                                        { "AGGREGATE", BB_TYPE_AGGREGATE },
                                        { "HUB", BB_TYPE_HUB },
                                        { "INTERFACE", BB_TYPE_INTERFACE },
                                        { "EXT", BB_TYPE_INTERFACE },
                                        { "TIE", BB_TYPE_INTERFACE },
                                        { "EHV", BB_TYPE_BUS },
                                        { "RESIDUAL_METERED_EDC", BB_TYPE_AGGREGATE },
                                        { NULL, 0 } };

static void note_spelling(const struct bb_format *format, const struct bb_sniff *sniff,
                          const struct bb_binding *binding, struct bb_facts *facts)
{
    struct bb_str text = bb_sniff_field(sniff, format, binding, BB_TIME_UTC_BEGIN);
    snprintf(facts->variant, sizeof facts->variant, "%s",
             text.n == 0                   ? "no records"
             : memchr(text.p, '/', text.n) ? "US dates"
                                           : "ISO dates");
}

static int judge_hourly(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *binding,
                        struct bb_facts *facts, char why[200])
{
    struct bb_str text = bb_sniff_field(sniff, format, binding, BB_TIME_UTC_BEGIN);
    struct bb_wall wall;
    (void)why;
    note_spelling(format, sniff, binding, facts);
    if (text.n && bb_stamp_wall(text.p, text.n, &wall) == 0 && wall.day > 0 && wall.day < 47482)
        facts->first_utc_s = (uint32_t)bb_wall_as_utc(wall);
    return 0;
}

/* Hourly and five-minute real-time feeds have one header: the step between the first two instants tells them apart. A
 * file with one instant is left to its name (this judge then adds nothing, and names decide or tie). */
static int judge_step(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *binding,
                      struct bb_facts *facts, char why[200])
{
    int step = bb_sniff_minutes(sniff, format, binding, &facts->first_utc_s);
    note_spelling(format, sniff, binding, facts);
    if (step == 0 && facts->first_utc_s % 3600 != 0) step = 5;
    if (step == 0) return 0;
    if (step == 15) step = 5;
    if (step < 0) {
        snprintf(why, 200, "its first two instants are not a multiple of five minutes apart");
        return -1;
    }
    if (step != format->minutes) {
        snprintf(why, 200, "its instants are %s apart", step == 60 ? "whole hours" : "five minutes");
        return -1;
    }
    snprintf(why, 200, "instants %s apart", step == 60 ? "whole hours" : "five minutes");
    return 16;
}

#define UTC_RULE "datetime_beginning_utc is the start of the interval in UTC; the EPT column must agree"
#define LAYOUTS                                                                                                    \
    "US dates (as downloaded), ISO dates (JSON saved as CSV), with a leading index column; columns in any order"
#define PJM(id) .report = "pjm." id, .data_source = "PJM " id, .iso = BB_PJM, .kind = BB_ENERGY

static const struct bb_format formats[] = {
    { PJM("da_hrl_lmps"), .title = "Day-Ahead Hourly LMPs", .market = BB_DA, .minutes = 60, .shape = BB_FLAT,
      .order = BB_ORDER_TIME, .flags = BB_FORMAT_ID_IS_IDENTITY, .default_version = 1, .columns = da_columns,
      .types = types, .names = "da_hrl da_lmp nodal_da", .judge = judge_hourly, .datasets = "da_energy_hourly",
      .file_names = "da_hrl_lmps.csv, nodal_da_lmp_YYYY-MM-DD.csv", .layouts = LAYOUTS, .time_rule = UTC_RULE },
    { PJM("rt_hrl_lmps"), .title = "Real-Time Hourly LMPs", .market = BB_RT, .minutes = 60, .shape = BB_FLAT,
      .order = BB_ORDER_TIME, .flags = BB_FORMAT_ID_IS_IDENTITY, .default_version = 1, .columns = rt_columns,
      .types = types, .names = "rt_hrl rt_hourly hourly", .judge = judge_step, .datasets = "rt_energy_hourly",
      .file_names = "rt_hrl_lmps.csv, nodal_rt_hourly_lmp_YYYY-MM-DD.csv", .layouts = LAYOUTS,
      .time_rule =
          UTC_RULE ". Resolution: the step between the first two instants; with one instant the name must tell" },
    { PJM("rt_fivemin_hrl_lmps"), .title = "Real-Time Five Minute LMPs", .market = BB_RT, .minutes = 5,
      .shape = BB_FLAT, .order = BB_ORDER_TIME, .flags = BB_FORMAT_ID_IS_IDENTITY, .default_version = 1,
      .columns = rt_columns, .types = types, .names = "fivemin 5min five_min", .judge = judge_step,
      .datasets = "rt_energy_5min", .file_names = "rt_fivemin_hrl_lmps.csv, nodal_rt_5min_lmp_YYYY-MM-DD.csv",
      .layouts = LAYOUTS,
      .time_rule =
          UTC_RULE ". Resolution: the step between the first two instants; with one instant the name must tell" },
    { PJM("rt_fivemin_mnt_lmps"), .title = "Settlements Verified Five Minute LMPs", .market = BB_RT, .minutes = 5,
      .shape = BB_FLAT, .order = BB_ORDER_TIME, .flags = BB_FORMAT_ID_IS_IDENTITY, .default_version = 1,
      .columns = rt_monthly_columns, .types = types, .names = "fivemin_mnt", .judge = judge_step,
      .datasets = "rt_energy_5min", .file_names = "rt_fivemin_mnt_lmps.csv", .layouts = LAYOUTS,
      .time_rule = UTC_RULE },
    { PJM("rt_da_monthly_lmps"), .title = "Settlements Verified Hourly LMPs", .market = BB_RT,
      .second_market = BB_DA + 1, .minutes = 60, .shape = BB_FLAT, .order = BB_ORDER_TIME,
      .flags = BB_FORMAT_ID_IS_IDENTITY, .default_version = 1, .columns = rt_da_columns, .types = types,
      .names = "rt_da_monthly", .judge = judge_hourly, .datasets = "rt_energy_hourly, da_energy_hourly",
      .file_names = "rt_da_monthly_lmps.csv", .layouts = LAYOUTS, .time_rule = UTC_RULE },
    { PJM("rt_unverified_fivemin_lmps"), .title = "Unverified Five Minute LMPs", .market = BB_RT, .minutes = 5,
      .shape = BB_FLAT, .order = BB_ORDER_TIME,
      .flags = BB_FORMAT_ID_IS_IDENTITY | BB_FORMAT_PRELIMINARY | BB_FORMAT_DERIVE_ENERGY, .default_version = 1,
      .columns = unverified_fivemin_columns, .types = types, .names = "unverified_fivemin", .judge = judge_hourly,
      .datasets = "rt_energy_5min", .file_names = "rt_unverified_fivemin_lmps.csv", .layouts = LAYOUTS,
      .time_rule = UTC_RULE },
    { PJM("rt_unverified_hrl_lmps"), .title = "Unverified Hourly LMPs", .market = BB_RT, .minutes = 60,
      .shape = BB_FLAT, .order = BB_ORDER_TIME,
      .flags = BB_FORMAT_ID_IS_IDENTITY | BB_FORMAT_ID_FROM_LIST | BB_FORMAT_PRELIMINARY | BB_FORMAT_DERIVE_ENERGY,
      .default_version = 1, .columns = unverified_hourly_columns, .types = types, .names = "unverified_hrl",
      .judge = judge_hourly, .datasets = "rt_energy_hourly", .file_names = "rt_unverified_hrl_lmps.csv",
      .layouts = LAYOUTS "; together with the list pnode, which has the ids that this feed leaves out",
      .time_rule = UTC_RULE },
    { PJM("pnode"), .title = "List of Pricing Nodes", .flags = BB_FORMAT_REFERENCE, .columns = pnode_columns,
      .types = types, .names = "pnode", .datasets = "none", .file_names = "pnode.csv", .layouts = "as downloaded",
      .time_rule = "none" },
};

const struct bb_market_table bb_market_pjm = { BB_PJM, formats, BB_ARRAY_LEN(formats) };
