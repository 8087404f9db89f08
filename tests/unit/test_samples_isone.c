/* ISO-NE's own files and such as were rebuilt from descriptions, where they lie beside the source tree (or in $BUSBAR_SAMPLES): which
 * report each is, and its rows, first and last instant and sum of all prices and quantities, taken from the files by a Python script
 * written from the format's description (tests/interop/check_isone.py). Nothing of the files themselves is kept here. */
#include "sample_case.h"

static const struct sample samples[] = {
    { "isone/da_lmp_hourly/WW_DALMP_ISO_20260604.csv", "isone.WW_DALMP_ISO", 29016, 1780545600u, 1780628400u,
      2666421.540000 },
    { "isone/dst_excerpts/hour_ending_labels_from_published_reports.csv", NULL, 0, 0, 0, 0 },
    { "isone/reconstructed/WW_DALMP_ISO_20251102.reconstructed.csv", "isone.WW_DALMP_ISO", 4, 1762056000u,
      1762066800u, 259.360000 },
    { "isone/reconstructed/WW_DALMP_ISO_20260308.reconstructed.csv", "isone.WW_DALMP_ISO", 4, 1772946000u,
      1772956800u, 234.500000 },
    { "isone/reconstructed/daasreservedata_20250301_20250331.reconstructed.csv", "isone.daasreservedata", 20,
      1741496400u, 1762063200u, 11511.050000 },
    { "isone/reconstructed/fiveminreserveprice_final.reconstructed.csv", "isone.fiveminreserveprice_final", 6,
      1719288000u, 1719288000u, 2300.000000 },
    { "isone/reconstructed/lmp_5min_20240625_00-04.reconstructed.csv", NULL, 0, 0, 0, 0 },
    { "isone/reconstructed/lmp_rt_prelim_20240814.reconstructed.csv", "isone.lmp_rt_prelim", 2, 1723608000u,
      1723608000u, 98.180000 },
    { "isone/rt_lmp_hourly_final/lmp_rt_final_20260602.csv", "isone.lmp_rt_final", 29064, 1780372800u, 1780455600u,
      2184733.920000 },
};

static void every_sample(void **unused)
{
    (void)unused;
    samples_check(samples, BB_ARRAY_LEN(samples), 0, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_sample) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
