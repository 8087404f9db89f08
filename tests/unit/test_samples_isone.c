/* ISO-NE's own files and such as were rebuilt from descriptions, where they lie beside the source tree (or in $BUSBAR_SAMPLES): which
 * report each is, and its rows, first and last instant and sum of all prices and quantities, taken from the files by a Python script
 * written from the format's description (tests/interop/check_isone.py). Nothing of the files themselves is kept here. */
#include "market_case.h"

#include <math.h>

static const struct {
    const char *path, *report; /* report NULL: refused */
    size_t rows;
    uint32_t first, last;
    double sum;
} samples[] = {
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
