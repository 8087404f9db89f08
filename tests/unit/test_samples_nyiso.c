/* NYISO's own files and such as were rebuilt from descriptions, where they lie beside the source tree (or in $BUSBAR_SAMPLES): which
 * report each is, and its rows, first and last instant and sum of all prices and quantities, taken from the files by a Python script
 * written from the format's description (tests/interop/check_nyiso.py). Nothing of the files themselves is kept here. */
#include "market_case.h"

#include <math.h>

static const struct {
    const char *path, *report; /* report NULL: refused */
    size_t rows;
    uint32_t first, last;
    double sum;
} samples[] = {
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

static char *load(const char *folder, const char *path, size_t *n)
{
    char full[4096], *text;
    FILE *f;
    snprintf(full, sizeof full, "%s/%s", folder, path);
    f = fopen(full, "rb");
    if (!f) return NULL;
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    text = malloc(*n + 1);
    assert_int_equal(fread(text, 1, *n, f), *n);
    fclose(f);
    return text;
}

static void check(size_t i, const char *text, size_t n, size_t block_nbytes)
{
    struct market_case c;
    double sum = 0;
    case_detect_n(&c, samples[i].path, text, n, n < 65536 ? n : 65536, NULL);
    if (!samples[i].report) {
        if (c.status != BB_SKIP) fail_msg("%s: taken for %s", samples[i].path, c.detection.report);
        case_end(&c);
        return;
    }
    if (c.status != BB_OK) fail_msg("%s: %s", samples[i].path, c.err.text);
    if (strcmp(c.detection.report, samples[i].report) != 0)
        fail_msg("%s: taken for %s", samples[i].path, c.detection.report);
    if (c.detection.first_utc_s != samples[i].first)
        fail_msg("%s: detection says that it begins at %u", samples[i].path, c.detection.first_utc_s);
    assert_true(c.detection.sequential);
    case_read_n(&c, text, n, block_nbytes, 0);
    if (c.status != BB_OK) fail_msg("%s: %s", samples[i].path, c.err.text);
    for (size_t r = 0; r < c.n_rows; r++)
        for (int k = 0; k < BB_N_VALUES; k++) sum += c.rows[r].value[k];
    if (c.n_rejects != 0 || c.n_rows != samples[i].rows || c.counts.min_utc_s != samples[i].first ||
        c.counts.max_utc_s != samples[i].last || fabs(sum - samples[i].sum) > 1e-5)
        fail_msg("%s: %zu rows, %u to %u, sum %.6f, %zu rejects", samples[i].path, c.n_rows, c.counts.min_utc_s,
                 c.counts.max_utc_s, sum, c.n_rejects);
    assert_int_equal(c.counts.unknown_words, 0);
    case_end(&c);
}

static void every_sample(void **unused)
{
    const char *set = getenv("BUSBAR_SAMPLES"), *folder = set && *set ? set : "../shared/samples";
    size_t n_checked = 0;
    (void)unused;
    for (size_t i = 0; i < BB_ARRAY_LEN(samples); i++) {
        size_t n;
        char *text = load(folder, samples[i].path, &n);
        if (!text) continue;
        check(i, text, n, 0);
        check(i, text, n, 700); /* what is remembered from row to row outlives a block */
        free(text);
        n_checked++;
    }
    printf("%zu of %zu sample files checked\n", n_checked, BB_ARRAY_LEN(samples));
    if (n_checked == 0) {
        printf("SKIPPED: no sample files in %s (set BUSBAR_SAMPLES)\n", folder);
        skip();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_sample) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
