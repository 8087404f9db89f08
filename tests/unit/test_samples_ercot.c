/* ERCOT's real files, where they lie beside the source tree (or in $BUSBAR_SAMPLES): which report each is, and its rows, first and
 * last instant and sum of all prices, taken from the files by tests/interop/check_ercot.py's own reading. Workbooks are read
 * through the same stream as the pipeline reads them. Nothing of the files themselves is kept here. */
#include "sample_case.h"

static const struct sample samples[] = {
    { "ercot/api_csv_dam/da_lmp_HB_HOUSTON.csv", "ercot.NP4-190", 10128, 1704088800u, 1740546000u, 289864.110000 },
    { "ercot/api_csv_dam/da_lmp_HB_NORTH.csv", "ercot.NP4-190", 10128, 1704088800u, 1740546000u, 281855.190000 },
    { "ercot/api_csv_dam/da_lmp_HB_SOUTH.csv", "ercot.NP4-190", 10128, 1704088800u, 1740546000u, 286280.790000 },
    { "ercot/api_json_np4190/np4-190-cd_HB_HUBAVG_2025-11-02.json", NULL, 0, 0, 0, 0 },
    { "ercot/api_json_np4190/np4-190-cd_HB_HUBAVG_2026-03-08.json", NULL, 0, 0, 0, 0 },
    { "ercot/archive_first_rows/np4-183-cd-history-samples.csv", "ercot.NP4-183", 3, 1399006800u, 1399006800u,
      91.170000 },
    { "ercot/archive_first_rows/np4-188-cd.csv", "ercot.NP4-188", 3, 1399006800u, 1399006800u, 24.610000 },
    { "ercot/archive_first_rows/np4-190-cd.csv", "ercot.NP4-190", 3, 1399006800u, 1399006800u, 90.340000 },
    { "ercot/archive_first_rows/np4-523-cd-history-samples.csv", "ercot.NP4-523", 3, 1399006800u, 1399014000u,
      84.107800 },
    { "ercot/archive_first_rows/np6-322-cd-history-samples.csv", "ercot.NP6-322", 1, 1398920400u, 1398920400u,
      28.879713 },
    { "ercot/archive_first_rows/np6-331-cd-history-samples.csv", "ercot.NP6-331", 3, 1764913500u, 1764913500u,
      28.640000 },
    { "ercot/archive_first_rows/np6-332-cd-history-samples.csv", "ercot.NP6-332", 3, 1764914700u, 1764914700u,
      2.730000 },
    { "ercot/archive_first_rows/np6-787-cd-history-samples.csv", "ercot.NP6-787", 3, 1398920400u, 1398920400u,
      86.640000 },
    { "ercot/archive_first_rows/np6-788-cd-history-samples.csv", "ercot.NP6-788", 3, 1398920700u, 1398920700u,
      92.850000 },
    { "ercot/archive_first_rows/np6-905-cd.csv", "ercot.NP6-905", 3, 1398919500u, 1398919500u, 91.500000 },
    { "ercot/dam_lzhb_yearly_xlsx/rpt.00013060.0000000000000000.DAMLZHBSPP_2019.xlsx", "ercot.NP4-180", 129121,
      1546322400u, 1577854800u, 4994041.000000 },
    { "ercot/dam_lzhb_yearly_xlsx/rpt.00013060.0000000000000000.DAMLZHBSPP_2025.xlsx", "ercot.NP4-180", 124920,
      1735711200u, 1765688400u, 4350118.180000 },
    { "ercot/derived_not_raw/DAM-2021-02.csv", "ercot.NP4-180", 10080, 1612159200u, 1614574800u, 14969375.610000 },
    { "ercot/derived_not_raw/DAMLZHBSPP_sheetrows_20190310.csv", "ercot.NP4-180", 322, 1552197600u, 1552276800u,
      8597.790000 },
    { "ercot/derived_not_raw/DAMLZHBSPP_sheetrows_20191103.csv", "ercot.NP4-180", 375, 1572757200u, 1572843600u,
      6754.660000 },
    { "ercot/derived_not_raw/DAMLZHBSPP_sheetrows_20250309.csv", "ercot.NP4-180", 345, 1741500000u, 1741579200u,
      13439.020000 },
    { "ercot/derived_not_raw/DAMLZHBSPP_sheetrows_20251102.csv", "ercot.NP4-180", 375, 1762059600u, 1762146000u,
      12219.690000 },
    { "ercot/derived_not_raw/RTM-2021-02.csv", "ercot.NP6-785", 61824, 1612159200u, 1614577500u, 94809210.990000 },
    { "ercot/derived_not_raw/reconstructed_DAMSPNP4190_20190310.csv", "ercot.NP4-190", 322, 1552197600u,
      1552276800u, 8597.790000 },
    { "ercot/derived_not_raw/reconstructed_DAMSPNP4190_20191103.csv", "ercot.NP4-190", 375, 1572757200u,
      1572843600u, 6754.660000 },
    { "ercot/derived_not_raw/reconstructed_DAMSPNP4190_20250309.csv", "ercot.NP4-190", 345, 1741500000u,
      1741579200u, 13439.020000 },
    { "ercot/derived_not_raw/reconstructed_DAMSPNP4190_20251102.csv", "ercot.NP4-190", 375, 1762059600u,
      1762146000u, 12219.690000 },
    { "ercot/lmp_settlement_point_np6788/excerpt_LMPSROSNODENP6788_20260625_004018.csv", "ercot.NP6-788", 43,
      1782366000u, 1782366000u, 1102.540000 },
    { "ercot/rt_mcpc_np6332/NP6-332-CD-capped-2026-10.csv", "ercot.NP6-332", 5, 1791085500u, 1791085500u,
      8.720000 },
    { "ercot/rtm_spp_np6905/cdr.00012301.0000000000000000.20240329.010211.SPPHLZNP6905_20240329_0100.csv",
      "ercot.NP6-905", 908, 1711691100u, 1711691100u, 1204.060000 },
    { "ercot/settlement_points_list_10008/CCP_Resource_Names_07172021_144918.csv", "ercot.CCP_Resource_Names", 0, 0,
      0, 0 },
    { "ercot/settlement_points_list_10008/Hub_Name_AND_DC_Ties_07172021_144918.csv", "ercot.Hub_Name_AND_DC_Ties",
      0, 0, 0, 0 },
    { "ercot/settlement_points_list_10008/NOIE_Mapping_07172021_144918.csv", "ercot.NOIE_Mapping", 0, 0, 0, 0 },
    { "ercot/settlement_points_list_10008/Resource_Node_to_Unit_07172021_144918.csv", "ercot.Resource_Node_to_Unit",
      0, 0, 0, 0 },
    { "ercot/settlement_points_list_10008/Settlement_Points_07172021_144918.csv", "ercot.Settlement_Points", 0, 0,
      0, 0 },
    { "ercot/system_lambda_np6322/NP6-322-CD-capped-2026-10.csv", "ercot.NP6-322", 1, 1791085500u, 1791085500u,
      59.549110 },
};

static void every_sample(void **unused)
{
    (void)unused;
    samples_check(samples, BB_ARRAY_LEN(samples), 100000, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_sample) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
