/* Real files of the operators, where they lie beside the source tree (or in $BUSBAR_SAMPLES): which report each is, and its
 * rows, first and last instant and sum of all prices, taken from the files by a Python script written from the format
 * cards. Nothing of the files themselves is kept here. */
#include "market_case.h"

#include <math.h>

struct sample {
    const char *path, *report; /* report NULL: refused */
    size_t rows;
    uint32_t first, last;
    double sum;
};

static const struct sample samples[] = {
    { "caiso/ATL_PNODE/20230917_20230918_ATL_PNODE_N_20230921_12_16_19_v1.csv", "caiso.ATL_PNODE", 0, 0, 0, 0 },
    { "caiso/ATL_PNODE_MAP/20230917_20230918_ATL_PNODE_MAP_N_20230921_11_06_29_v1.csv", "caiso.ATL_PNODE_MAP", 0, 0,
      0, 0 },
    { "caiso/ATL_TAC_AREA_MAP/20230917_20230918_ATL_TAC_AREA_MAP_N_20230921_10_30_28_v1.csv",
      "caiso.ATL_TAC_AREA_MAP", 0, 0, 0, 0 },
    { "caiso/DERIVED_or_RECONSTRUCTED/EXTRACT_PRC_LMP_DAM_3slack_fallback_20191103.csv", "caiso.PRC_LMP", 300,
      1572764400u, 1572850800u, 5514.98537 },
    { "caiso/DERIVED_or_RECONSTRUCTED/EXTRACT_PRC_LMP_DAM_3slack_spring_20200308.csv", "caiso.PRC_LMP", 276,
      1583654400u, 1583733600u, 3233.27406 },
    { "caiso/DERIVED_or_RECONSTRUCTED/TRANSCRIBED_PRC_INTVL_LMP_RTM_v3_20250718.csv", "caiso.PRC_INTVL_LMP", 3,
      1752822000u, 1752822000u, 97.75167 },
    { "caiso/DERIVED_or_RECONSTRUCTED/TRANSCRIBED_PRC_LMP_DAM_TH_SP15_20260714.csv", "caiso.PRC_LMP", 5,
      1784012400u, 1784026800u, 237.77329 },
    { "caiso/PRC_LMP_DAM/20190915_20191013_PRC_LMP_DAM_20200511_15_28_17_v1.csv", "caiso.PRC_LMP", 2688,
      1568530800u, 1570946400u, 44472.04763 },
    { "caiso/PRC_LMP_DAM/20191012_20191106_PRC_LMP_DAM_20200511_15_31_06_v1.csv", "caiso.PRC_LMP", 2404,
      1570863600u, 1573023600u, 45385.87034 },
    { "caiso/PRC_LMP_DAM/20191101_20191201_PRC_LMP_DAM_20200603_00_24_23_v1.csv", "caiso.PRC_LMP", 8652,
      1572591600u, 1575183600u, 182262.75593 },
    { "caiso/PRC_LMP_DAM/20200301_20200401_PRC_LMP_DAM_20200603_08_32_02_v1.csv", "caiso.PRC_LMP", 8916,
      1583049600u, 1585720800u, 115501.45899 },
    { "caiso/PRC_LMP_DAM/20200501_20200601_PRC_LMP_DAM_20200603_08_45_10_v1.csv", "caiso.PRC_LMP", 7200,
      1588662000u, 1590904800u, 69252.58041 },
    { "caiso/PRC_LMP_DAM/20200510_20200511_PRC_LMP_DAM_20200510_10_49_47_v1.csv", "caiso.PRC_LMP", 96, 1589094000u,
      1589176800u, 757.99137 },
    { "caiso/PRC_RTPD_LMP/20230601_20230701_PRC_RTPD_LMP_RTPD_20230927_12_19_12_v2.csv", "caiso.PRC_RTPD_LMP",
      11520, 1685606400u, 1688197500u, 150455.90359 },
    { "caiso/PRC_RTPD_LMP/20230731_20230830_PRC_RTPD_LMP_RTPD_20230927_12_23_20_v2.csv", "caiso.PRC_RTPD_LMP",
      11520, 1690790400u, 1693381500u, 261436.40009 },
    { "caiso/PRC_RTPD_LMP/20230917_20230919_PRC_RTPD_LMP_RTPD_20230921_11_49_39_v2.csv", "caiso.PRC_RTPD_LMP", 768,
      1694995200u, 1695167100u, 11555.86035 },
    { "caiso/PRC_RTPD_LMP/20230917_20230919_PRC_RTPD_LMP_RTPD_20230921_11_57_28_v2.csv", "caiso.PRC_RTPD_LMP", 768,
      1694995200u, 1695167100u, 12220.47062 },
    { "caiso/PRC_RTPD_LMP/20230917_20230919_PRC_RTPD_LMP_RTPD_20230927_11_26_02_v2.csv", "caiso.PRC_RTPD_LMP", 768,
      1694995200u, 1695167100u, 11567.77121 },
    { "miso/api_json/20261002_public-api_GetAncillaryServicesMcp.json", NULL, 0, 0, 0, 0 },
    { "miso/api_json/fixture_da_exante_lmp_api_sample_response.json", NULL, 0, 0, 0, 0 },
    { "miso/api_json/fixture_da_expost_lmp_sample_response.json", NULL, 0, 0, 0, 0 },
    { "miso/api_json/fixture_lmp_consolidated_sample_response.json", NULL, 0, 0, 0, 0 },
    { "miso/api_json/fixture_public_asm_mcp_sample_response.json", NULL, 0, 0, 0, 0 },
    { "miso/api_json/fixture_public_exante_lmp_sample_response.json", NULL, 0, 0, 0, 0 },
    { "miso/api_json/fixture_rt_exante_lmp_sample_response_5min.json", NULL, 0, 0, 0, 0 },
    { "miso/api_json/fixture_rt_exante_lmp_sample_response_hourly.json", NULL, 0, 0, 0, 0 },
    { "miso/da_exante_lmp/20251202_da_exante_lmp.REDUCED.csv", "miso.da_exante_lmp", 72, 1764651600u, 1764734400u,
      3609.08 },
    { "miso/da_expost_lmp/20251102_da_expost_lmp.REDUCED.csv", "miso.da_expost_lmp", 456, 1762059600u, 1762142400u,
      7565.86 },
    { "miso/da_expost_lmp/20260714_da_expost_lmp.REDUCED.csv", "miso.da_expost_lmp", 216, 1784005200u, 1784088000u,
      10730.29 },
    { "miso/reconstructed/RECONSTRUCTED_20240728_da_expost_lmp_hubs_only.csv", "miso.da_expost_lmp", 72,
      1722142800u, 1722225600u, 1062.36 },
    { "miso/rt_lmp_final/20260926_rt_lmp_final.REDUCED.csv", "miso.rt_lmp_final", 1584, 1790398800u, 1790481600u,
      13596.74 },
    { "miso/rt_lmp_prelim/20261001_rt_lmp_prelim.REDUCED.csv", "miso.rt_lmp_prelim", 1584, 1790830800u, 1790913600u,
      14671.66 },
    { "pjm/DERIVED_or_RECONSTRUCTED/DERIVED_ISOSPELL_da_hrl_lmps_ALDENE_fallback_20251102.csv", "pjm.da_hrl_lmps",
      25, 1762056000u, 1762142400u, 2339.12 },
    { "pjm/DERIVED_or_RECONSTRUCTED/DERIVED_ISOSPELL_da_hrl_lmps_ALDENE_spring_20260308.csv", "pjm.da_hrl_lmps", 23,
      1772946000u, 1773025200u, 1170.10 },
    { "pjm/DERIVED_or_RECONSTRUCTED/DERIVED_ISOSPELL_rt_hrl_lmps_ALDENE_fallback_20251102.csv", "pjm.rt_hrl_lmps",
      25, 1762056000u, 1762142400u, 2057.47 },
    { "pjm/DERIVED_or_RECONSTRUCTED/DERIVED_ISOSPELL_rt_hrl_lmps_ALDENE_spring_20260308.csv", "pjm.rt_hrl_lmps", 23,
      1772946000u, 1773025200u, 982.56 },
    { "pjm/DERIVED_or_RECONSTRUCTED/EXTRACT_da_hrl_lmps_ALDENE_fallback_20251102.csv", "pjm.da_hrl_lmps", 25,
      1762056000u, 1762142400u, 2339.120000 },
    { "pjm/DERIVED_or_RECONSTRUCTED/EXTRACT_da_hrl_lmps_ALDENE_spring_20260308.csv", "pjm.da_hrl_lmps", 23,
      1772946000u, 1773025200u, 1170.100000 },
    { "pjm/DERIVED_or_RECONSTRUCTED/EXTRACT_rt_hrl_lmps_ALDENE_fallback_20251102.csv", "pjm.rt_hrl_lmps", 25,
      1762056000u, 1762142400u, 2057.470000 },
    { "pjm/DERIVED_or_RECONSTRUCTED/EXTRACT_rt_hrl_lmps_ALDENE_spring_20260308.csv", "pjm.rt_hrl_lmps", 23,
      1772946000u, 1773025200u, 982.560000 },
    { "pjm/DERIVED_or_RECONSTRUCTED/EXTRACT_rt_hrl_lmps_PJM-RTO_20240304-06_version1_and_2.csv", "pjm.rt_hrl_lmps",
      96, 1709528400u, 1709784000u, 4537.638444 },
    { "pjm/DERIVED_or_RECONSTRUCTED/TRANSCRIBED_rt_fivemin_hrl_lmps_PJM-RTO_20250901.csv",
      "pjm.rt_fivemin_hrl_lmps", 14, 1756699200u, 1756742400u, 455.787762 },
    { "pjm/da_hrl_lmps/12hubs_20250501-20250801_us-dates.csv", "pjm.da_hrl_lmps", 26508, 1746072000u, 1754020800u,
      2311593.978788 },
    { "pjm/da_hrl_lmps/ALDENE_load_20250616-20260615_us-dates.csv", "pjm.da_hrl_lmps", 8737, 1750046400u,
      1781496000u, 894126.380000 },
    { "pjm/pnode/pnode-20191215121613.csv", "pjm.pnode", 0, 0, 0, 0 },
    { "pjm/reg_market_results/202304_hourly.csv", NULL, 0, 0, 0, 0 },
    { "pjm/rt_hrl_lmps/12hubs_20250501-20250801_us-dates.csv", "pjm.rt_hrl_lmps", 26508, 1746072000u, 1754020800u,
      2362972.172578 },
    { "pjm/rt_hrl_lmps/ALDENE_load_20250615-20260614_us-dates.csv", "pjm.rt_hrl_lmps", 8760, 1749960000u,
      1781492400u, 883900.900000 },
    { "pjm/rt_hrl_lmps/EDITED_EXCEL_RESAVED_PJM-RTO_202304.csv", NULL, 0, 0, 0, 0 },
    { "caiso/DERIVED_or_RECONSTRUCTED/TRANSCRIBED_http429_body_saved_as.zip", NULL, 0, 0, 0, 0 },
};

static const char *folder(void)
{
    const char *s = getenv("BUSBAR_SAMPLES");
    return s && *s ? s : "../shared/samples";
}

static char *load(const char *path, size_t *n)
{
    char full[4096], *text;
    FILE *f;
    snprintf(full, sizeof full, "%s/%s", folder(), path);
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

static void check(const struct sample *s, const char *text, size_t n)
{
    struct market_case c;
    double sum = 0;
    size_t n_rows = 0; /* parts of a row may come joined */
    case_detect_n(&c, s->path, text, n, n < 65536 ? n : 65536, NULL);
    if (!s->report) {
        if (c.status != BB_SKIP) fail_msg("%s: taken for %s", s->path, c.detection.report);
        case_end(&c);
        return;
    }
    if (c.status != BB_OK) fail_msg("%s: %s", s->path, c.err.text);
    if (strcmp(c.detection.report, s->report) != 0) fail_msg("%s: taken for %s", s->path, c.detection.report);
    if (c.detection.is_reference) {
        case_end(&c);
        return;
    }
    case_read_n(&c, text, n, 100000, 0);
    assert_int_equal(c.status, BB_OK);
    for (size_t i = 0; i < c.n_rows; i++) {
        n_rows += c.rows[i].flags & BB_ROW_PARTIAL ? (size_t)__builtin_popcount(c.rows[i].present) : 1;
        for (int k = 0; k < BB_N_VALUES; k++) sum += c.rows[i].value[k];
    }
    if (c.n_rejects != 0 || n_rows != s->rows || c.counts.min_utc_s != s->first || c.counts.max_utc_s != s->last ||
        fabs(sum - s->sum) > 1e-5)
        fail_msg("%s: %zu rows (%zu), %u to %u (%u to %u), sum %.6f (%.6f), %zu rejects", s->path, n_rows, s->rows,
                 c.counts.min_utc_s, c.counts.max_utc_s, s->first, s->last, sum, s->sum, c.n_rejects);
    assert_int_equal(c.counts.unknown_words, 0);
    case_end(&c);
}

static void every_sample(void **unused)
{
    size_t n_checked = 0;
    (void)unused;
    for (size_t i = 0; i < BB_ARRAY_LEN(samples); i++) {
        size_t n;
        char *text = load(samples[i].path, &n);
        if (!text) continue;
        check(&samples[i], text, n);
        free(text);
        n_checked++;
    }
    printf("%zu of %zu sample files checked\n", n_checked, BB_ARRAY_LEN(samples));
    if (n_checked == 0) {
        printf("SKIPPED: no sample files in %s (set BUSBAR_SAMPLES)\n", folder());
        skip();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_sample) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
