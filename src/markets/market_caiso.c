/* CAISO, OASIS reports: docs/formats/caiso.md.
 * Time: the GMT columns. OPR_DT and OPR_HR must agree with them (25 is the repeated hour, not the last).
 * One record is one component; the greenhouse-gas part (MGHG) is knowingly not stored. */
#include "markets/market_caiso.h"

#include <stdio.h>

/* All four price reports share these columns; their order and the name of the price column differ by report and layout
 * version, so MARKET_RUN_ID says which report a file is. */
static const struct bb_column lmp_columns[] = { { "INTERVALSTARTTIME_GMT", BB_TIME_UTC_BEGIN },
                                                { "INTERVALENDTIME_GMT", BB_TIME_UTC_END },
                                                { "OPR_DT", BB_TIME_CHECK_LOCAL, .optional = 1 },
                                                { "OPR_HR", BB_TIME_CHECK_LOCAL_HOUR, .optional = 1 },
                                                { "NODE_ID", BB_LOCATION_ID },
                                                { "NODE", BB_LOCATION_NAME },
                                                { "MARKET_RUN_ID", BB_MARKET_RUN },
                                                { "LMP_TYPE", BB_COMPONENT },
                                                { "XML_DATA_ITEM", BB_COMPONENT_ITEM, .optional = 1 },
                                                { "MW", BB_COMPONENT_VALUE, .either = 1 },
                                                { "VALUE", BB_COMPONENT_VALUE, .either = 1 },
                                                { "PRC", BB_COMPONENT_VALUE, .either = 1 },
                                                { NULL, BB_IGNORED } };
static const struct bb_column pnode_columns[] = { { "PNODE_ID", BB_LOCATION_ID },
                                                  { "PNODE_TYPE", BB_IGNORED },
                                                  { "EFF_START_DT", BB_IGNORED },
                                                  { "EFF_END_DT", BB_IGNORED },
                                                  { NULL, BB_IGNORED } };
static const struct bb_column pnode_map_columns[] = { { "APNODE_ID", BB_LOCATION_ZONE },
                                                      { "PNODE_ID", BB_LOCATION_ID },
                                                      { "EFF_START_DT", BB_EFFECTIVE_FROM },
                                                      { "EFF_END_DT", BB_IGNORED },
                                                      { NULL, BB_IGNORED } };
static const struct bb_column tac_map_columns[] = { { "TAC_AREA_ID", BB_IGNORED },
                                                    { "PNODE_ID", BB_LOCATION_ID },
                                                    { "EFF_START_DT", BB_IGNORED },
                                                    { "EFF_END_DT", BB_IGNORED },
                                                    { NULL, BB_IGNORED } };

static const struct bb_word components[] = {
    { "LMP", BB_VALUE_TOTAL, "LMP_PRC" },           { "MCE", BB_VALUE_ENERGY, "LMP_ENE_PRC" },
    { "MCC", BB_VALUE_CONGESTION, "LMP_CONG_PRC" }, { "MCL", BB_VALUE_LOSS, "LMP_LOSS_PRC" },
    { "MGHG", BB_WORD_DROPPED, "LMP_GHG_PRC" },     { NULL, 0, NULL }
};

static enum bb_type type_of(struct bb_str name, enum bb_type type)
{
    (void)type;
    if (name.n > 3 && memcmp(name.p, "TH_", 3) == 0) return BB_TYPE_HUB;
    if (name.n > 5 && memcmp(name.p, "DLAP_", 5) == 0) return BB_TYPE_ZONE;
    if (name.n > 5 && memcmp(name.p + name.n - 5, "-APND", 5) == 0) return BB_TYPE_AGGREGATE;
    return BB_TYPE_NODE;
}

int64_t bb_caiso_request_stamp(struct bb_str name)
{
    for (size_t i = 0; i + 17 <= name.n; i++) {
        const char *p = name.p + i;
        int32_t day;
        int part[3], ok = p[8] == '_' && p[11] == '_' && p[14] == '_';
        for (int k = 0; ok && k < 3; k++) {
            const char *q = p + 9 + 3 * k;
            ok = q[0] >= '0' && q[0] <= '9' && q[1] >= '0' && q[1] <= '9';
            part[k] = ok ? (q[0] - '0') * 10 + q[1] - '0' : 0;
        }
        if (!ok || (i + 17 < name.n && p[17] >= '0' && p[17] <= '9') || (i && p[-1] >= '0' && p[-1] <= '9'))
            continue;
        if (part[0] > 23 || part[1] > 59 || part[2] > 59 || bb_stamp_date(p, 8, &day) != 0) continue;
        return (int64_t)day * 86400 + part[0] * 3600 + part[1] * 60 + part[2];
    }
    return 0;
}

int bb_caiso_judge_run(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *binding,
                       struct bb_facts *facts, char why[200])
{
    struct bb_str run = bb_sniff_field(sniff, format, binding, BB_MARKET_RUN);
    struct bb_str begin = bb_sniff_field(sniff, format, binding, BB_TIME_UTC_BEGIN);
    int64_t utc_s;
    facts->publication_utc_s = bb_caiso_request_stamp(sniff->evidence->name);
    if (begin.n && bb_stamp_utc(begin.p, begin.n, &utc_s) == 0 && utc_s > 0 && utc_s < UINT32_MAX)
        facts->first_utc_s = (uint32_t)utc_s;
    if (run.n == 0) return 0;
    if (!bb_str_eq_nocase(run, bb_str_of(format->market_run))) {
        snprintf(why, 200, "its MARKET_RUN_ID is %.*s", (int)BB_MIN(run.n, (size_t)40), run.p);
        return -1;
    }
    snprintf(why, 200, "MARKET_RUN_ID %s", format->market_run);
    return 16;
}

static int judge(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *binding,
                 struct bb_facts *facts, char why[200])
{
    for (int i = 0; format->columns[i].header; i++)
        if (format->columns[i].role == BB_COMPONENT_VALUE && binding->field[i] >= 0)
            snprintf(facts->variant, sizeof facts->variant, "%s column", format->columns[i].header);
    return bb_caiso_judge_run(format, sniff, binding, facts, why);
}

#define GMT_RULE                                                                                                   \
    "INTERVALSTARTTIME_GMT and INTERVALENDTIME_GMT; OPR_DT and OPR_HR must be the local day and hour of the start"
#define LAYOUTS                                                                                                    \
    "price column MW, VALUE or PRC; columns in any order; with a leading index column; any component may be "      \
    "missing"
#define LMP(id)                                                                                                    \
    .report = "caiso." id, .data_source = "CAISO " id, .iso = BB_CAISO, .kind = BB_ENERGY, .shape = BB_LONG,       \
    .order = BB_ORDER_DAY, .flags = BB_FORMAT_ID_IS_IDENTITY, .default_version = 1, .columns = lmp_columns,        \
    .type_of = type_of, .components = components, .judge = judge, .layouts = LAYOUTS, .time_rule = GMT_RULE
#define ATL(id, c)                                                                                                 \
    .report = "caiso." id, .data_source = "CAISO " id, .iso = BB_CAISO, .flags = BB_FORMAT_REFERENCE,              \
    .columns = c, .names = id, .datasets = "none", .layouts = "as downloaded", .time_rule = "none"

static const struct bb_format formats[] = {
    { LMP("PRC_LMP"), .title = "Locational Marginal Prices, day-ahead market", .market = BB_DA, .minutes = 60,
      .market_run = "DAM", .names = "PRC_LMP", .datasets = "da_energy_hourly",
      .file_names = "YYYYMMDD_YYYYMMDD_PRC_LMP_DAM_…_vN.csv, DAM_LMP_GRP zips" },
    { LMP("PRC_RTPD_LMP"), .title = "Fifteen Minute Market LMPs", .market = BB_RT, .minutes = 15,
      .market_run = "RTPD", .names = "PRC_RTPD_LMP", .datasets = "rt_energy_15min",
      .file_names = "YYYYMMDD_YYYYMMDD_PRC_RTPD_LMP_RTPD_…_vN.csv, RTPD_LMP_GRP zips" },
    { LMP("PRC_INTVL_LMP"), .title = "Interval LMPs, real-time market", .market = BB_RT, .minutes = 5,
      .market_run = "RTM", .names = "PRC_INTVL_LMP", .datasets = "rt_energy_5min",
      .file_names = "YYYYMMDD_YYYYMMDD_PRC_INTVL_LMP_RTM_…_vN.csv, RTM_LMP_GRP zips" },
    { LMP("PRC_HASP_LMP"), .title = "Hour-Ahead Scheduling Process LMPs", .market = BB_HASP, .minutes = 15,
      .market_run = "HASP", .names = "PRC_HASP_LMP", .datasets = "hasp_energy_15min",
      .file_names = "YYYYMMDD_YYYYMMDD_PRC_HASP_LMP_HASP_…_vN.csv, HASP_LMP_GRP zips" },
    { ATL("ATL_PNODE", pnode_columns), .title = "Pricing nodes", .file_names = "…_ATL_PNODE_…_v1.csv" },
    { ATL("ATL_PNODE_MAP", pnode_map_columns), .title = "Pricing nodes of trading hubs and aggregates",
      .file_names = "…_ATL_PNODE_MAP_…_v1.csv" },
    { ATL("ATL_TAC_AREA_MAP", tac_map_columns), .title = "Pricing nodes of transmission access charge areas",
      .file_names = "…_ATL_TAC_AREA_MAP_…_v1.csv" },
};

const struct bb_market_table bb_market_caiso = { BB_CAISO, formats, BB_ARRAY_LEN(formats) };
