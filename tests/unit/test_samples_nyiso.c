/* NYISO's own files and such as were rebuilt from descriptions, where they lie beside the source tree (or in $BUSBAR_SAMPLES): which
 * report each is, and its rows, first and last instant and sum of all prices and quantities, taken from the files by a Python script
 * written from the format's description (tests/interop/check_nyiso.py). Nothing of the files themselves is kept here. */
#include "sample_case.h"

static const struct sample samples[] = {
    { "nyiso/custom_report/OASIS_Day-Ahead_Market_Zonal_LBMP.csv", "nyiso.oasis_dam_zonal_lbmp", 2208, 1717214400u,
      1725159600u, 166357.940000 },
    { "nyiso/custom_report/OASIS_Real_Time_Commitment_Zonal_LBMP.csv", "nyiso.oasis_rtc_zonal_lbmp", 8819,
      1717214400u, 1725162300u, 653510.060000 },
    { "nyiso/damlbmp_zone/20220718damlbmp_zone.csv", "nyiso.damlbmp_zone", 360, 1658116800u, 1658199600u,
      61248.940000 },
    { "nyiso/damlbmp_zone/rowsubset_20250309damlbmp_zone.csv", "nyiso.damlbmp_zone", 69, 1741496400u, 1741575600u,
      6701.680000 },
    { "nyiso/dst_excerpts/20211107realtime_zone.excerpt_CAPITL_0005_0300.csv", "nyiso.realtime_zone", 51,
      1636257600u, 1636271700u, 9094.600000 },
    { "nyiso/dst_excerpts/20251102damlbmp_zone.excerpt_2zones.csv", "nyiso.damlbmp_zone", 50, 1762056000u,
      1762142400u, 4624.320000 },
    { "nyiso/realtime_latest/lmp_20160218_quarter_hour_stamps.csv", NULL, 0, 0, 0, 0 },
    { "nyiso/realtime_zone/20220718realtime_zone.csv", "nyiso.realtime_zone", 4575, 1658116800u, 1658202900u,
      820148.480000 },
    { "nyiso/reconstructed/20000101damasp.reconstructed.csv", "nyiso.damasp", 4, 946702800u, 946702800u,
      19.500000 },
    { "nyiso/reconstructed/20100101damasp.reconstructed.csv", "nyiso.damasp", 8, 1262322000u, 1262322000u,
      56.500000 },
    { "nyiso/reconstructed/20150101rtasp.reconstructed.csv", "nyiso.rtasp", 9, 1420088400u, 1420088400u,
      57.000000 },
    { "nyiso/reconstructed/20160301damlbmp_zone.reconstructed.csv", "nyiso.damlbmp_zone", 1, 1456808400u,
      1456808400u, 28.320000 },
    { "nyiso/reconstructed/20220718damlbmp_gen.reconstructed.csv", "nyiso.damlbmp_gen", 3, 1658116800u, 1658116800u,
      431.280000 },
    { "nyiso/reconstructed/20220718rtlbmp_zone.reconstructed.csv", "nyiso.rtlbmp_zone", 2, 1658116800u, 1658116800u,
      272.220000 },
    { "nyiso/reconstructed/20240530rtasp.reconstructed.csv", "nyiso.rtasp", 10, 1717041600u, 1717041600u,
      13.000000 },
    { "nyiso/reconstructed/20251102damasp.reconstructed.csv", "nyiso.damasp", 16, 1762059600u, 1762063200u,
      58.800000 },
    { "nyiso/rtlbmp_zone/rowsubset_20250309rtlbmp_zone.csv", "nyiso.rtlbmp_zone", 69, 1741496400u, 1741575600u,
      5839.180000 },
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
