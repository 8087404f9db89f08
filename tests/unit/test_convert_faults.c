/* The n-th allocation of a conversion fails, for n = 1, 2, 3 …: no crash, no leak (under ASan), the budget is named, and the lake is as it was. */
#include "base/mem.h"
#include "busbar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FIRST_DENSE_RUNS 60 /* every allocation up to here fails once, then they are sampled */
#define MAX_RUNS         2000

static char folder[64] = "/tmp/busbar-faults-XXXXXX";

static void shell(const char *format)
{
    char command[1024];
    /* %s stands for the test's folder, any number of times */
    size_t n = 0;
    for (const char *p = format; *p && n + sizeof folder < sizeof command; p++) {
        if (p[0] == '%' && p[1] == 's') {
            n += (size_t)snprintf(command + n, sizeof command - n, "%s", folder);
            p++;
        } else {
            command[n++] = *p;
        }
    }
    command[n] = '\0';
    assert_int_equal(system(command), 0);
}

static const char *in_folder(char *out, size_t n, const char *name)
{
    snprintf(out, n, "%s/%s", folder, name);
    return out;
}

/* What is published, in one number; hidden files and rejects do not count. */
static void lake_sum(char sum[80], int with_metadata)
{
    char command[384];
    FILE *f;
    snprintf(
        command, sizeof command,
        "cd %s/lake && find . -type f ! -name '.*' ! -path './rejects/*' %s | LC_ALL=C sort | xargs sha256sum | "
        "sha256sum",
        folder, with_metadata ? "" : "! -path './metadata/*'");
    f = popen(command, "r");
    assert_non_null(f);
    assert_non_null(fgets(sum, 80, f));
    assert_int_equal(pclose(f), 0);
}

static int n_hidden(void)
{
    char command[256], text[32] = "";
    FILE *f;
    snprintf(command, sizeof command,
             "find %s/lake -type f -name '.*' ! -name .busbar.lock ! -name .busbar.seen ! -name .busbar.publishing "
             "| wc -l",
             folder);
    f = popen(command, "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof text, f));
    pclose(f);
    return atoi(text);
}

static void generate(const char *report, const char *sub, int nodes, const char *first_day, int days, int zip)
{
    struct busbar_generate_options o;
    struct busbar_error error = { "" };
    char out[128];
    busbar_generate_options_init(&o);
    o.report = report;
    o.out_dir = in_folder(out, sizeof out, sub);
    o.nodes = nodes;
    o.first_day = first_day;
    o.days = days;
    o.zip = zip;
    o.duplicates = o.bad_rows = 0.02;
    if (busbar_generate(&o, NULL, NULL, &error) != BUSBAR_OK) fail_msg("%s", error.text);
}

static enum busbar_result convert(const char *sub, unsigned threads, struct busbar_convert_result *result,
                                  struct busbar_error *error)
{
    struct busbar_convert_options o;
    char input[128], lake[128];
    const char *inputs[] = { in_folder(input, sizeof input, sub) };
    busbar_convert_options_init(&o);
    o.inputs = inputs;
    o.n_inputs = 1;
    o.lake = in_folder(lake, sizeof lake, "lake");
    o.threads = threads;
    o.memory_limit_nbytes = (uint64_t)2 << 30; /* a sanitizer's own memory counts too */
    *result = (struct busbar_convert_result){ .size = sizeof *result };
    error->text[0] = '\0';
    return busbar_convert(&o, result, error);
}

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    generate("pjm.da_hrl_lmps", "first", 8, "2024-03-01", 2, 0);
    generate("pjm.da_hrl_lmps", "second/pjm", 8, "2024-03-02", 2, 1);
    generate("miso.da_expost_lmp", "second/miso", 3, "2024-03-02", 1, 0);
    generate("caiso.dam_lmp_grp", "second/caiso", 3, "2024-03-10", 1, 1);
    shell("cd %s/second && echo '<html>' > page.csv && gzip -k page.csv && zip -q nested.zip pjm/*.zip");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    shell("rm -rf %s");
    return 0;
}

static void every_allocation_fails(unsigned threads, long step)
{
    char old_sum[80], new_sum[80], new_data_sum[80], sum[80];
    struct busbar_convert_result result, whole;
    struct busbar_error error, caught_up;
    enum busbar_result code;
    long n = 1;
    int n_runs = 0, n_failed = 0, n_made_up = 0;
    shell("rm -rf %s/lake %s/old");
    code = convert("first", threads, &result, &error);
    if (code != BUSBAR_PARTIAL) fail_msg("%d %s", (int)code, error.text);
    shell("cp -a %s/lake %s/old");
    lake_sum(old_sum, 1);
    code = convert("second", threads, &whole, &error);
    if (code != BUSBAR_PARTIAL) fail_msg("%d %s", (int)code, error.text);
    lake_sum(new_sum, 1);
    lake_sum(new_data_sum, 0);
    assert_string_not_equal(old_sum, new_sum);
    shell("rm -rf %s/lake && cp -a %s/old %s/lake");
    for (; n_runs < MAX_RUNS; n_runs++) {
        int reached;
        atomic_store(&bb_mem_fail_countdown, n);
        code = convert("second", threads, &result, &error);
        reached = atomic_exchange(&bb_mem_fail_countdown, 0) <= 0;
        lake_sum(sum, 1);
        if (code == BUSBAR_PARTIAL) { /* done without that memory: then nothing may be missing */
            if (strcmp(sum, new_sum) != 0 || result.files_refused != whole.files_refused ||
                result.rejects != whole.rejects || result.records != whole.records || result.rows != whole.rows ||
                result.duplicates != whole.duplicates || result.revisions != whole.revisions ||
                result.files_read != whole.files_read || result.unknown_words != whole.unknown_words)
                fail_msg("allocation %ld: success, but not the whole lake: %llu refused, %llu rejects", n,
                         (unsigned long long)result.files_refused, (unsigned long long)result.rejects);
            if (!reached) break;
            n_made_up++;
            shell("rm -rf %s/lake && cp -a %s/old %s/lake");
        } else {
            n_failed++;
            if (code != BUSBAR_BUDGET)
                fail_msg("allocation %ld: result %d, expected BUSBAR_BUDGET: %s", n, (int)code, error.text);
            if (!strstr(error.text, "memory"))
                fail_msg("allocation %ld: the error does not speak of memory: %s", n, error.text);
            if (strcmp(sum, old_sum) !=
                0) { /* the metadata come last: then all files are the new ones, and the next run catches up */
                lake_sum(sum, 0);
                if (strcmp(sum, new_data_sum) == 0 &&
                    convert("second", threads, &result, &caught_up) == BUSBAR_PARTIAL)
                    lake_sum(sum, 1);
                if (strcmp(sum, new_sum) == 0) {
                    shell("rm -rf %s/lake && cp -a %s/old %s/lake");
                    memcpy(sum, old_sum, sizeof sum);
                }
            }
            if (strcmp(sum, old_sum) != 0) fail_msg("allocation %ld: the lake has changed: %s", n, error.text);
            if (n_hidden() != 0) fail_msg("allocation %ld: temporary files are left: %s", n, error.text);
        }
        n += n_runs < FIRST_DENSE_RUNS / (int)step ? step : step + n / 40;
    }
    assert_true(n_runs < MAX_RUNS);
    assert_true(n_failed > 20); /* what is needed before any file is read, and after the last one */
    assert_true(n_made_up > 0); /* a pass that memory ran out in was followed by a more frugal one */
    print_message("%u threads: %d runs, %d of them failed, %ld allocations\n", threads, n_runs, n_failed, n);
}

static void test_one_thread(void **state)
{
    (void)state;
    every_allocation_fails(1, 1);
}

static void test_three_threads(void **state)
{
    (void)state;
    every_allocation_fails(3, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_one_thread), cmocka_unit_test(test_three_threads) };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
