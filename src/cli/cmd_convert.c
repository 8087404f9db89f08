/* busbar convert: options into struct busbar_convert_options, signals into its stop flag, its events into the summary. */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "busbar.h"
#include "cli/json_text.h"
#include "cli/options.h"
#include "cli/parse_values.h"
#include "cli/progress.h"
#include "cli/report_names.h"
#include "cli/summary.h"

static volatile int stop_signal;

static void on_signal(int number) { stop_signal = number; }

/* The first signal asks the run to end and clean up; SA_RESETHAND lets the second one end the process at once. */
static void listen_to_signals(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART | (int)SA_RESETHAND };
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction before;
        /* nohup and shells with job control off have SIGHUP or SIGINT ignored on purpose. */
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
}

static unsigned processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return (unsigned)CPU_COUNT(&set);
    long online = sysconf(_SC_NPROCESSORS_ONLN); /* more than 1,024 processors do not fit the set */
    return online > 0 ? (unsigned)online : 1;
}

static int choose_markets(struct busbar_convert_options *o, const struct cli_args *args)
{
    static const char *const markets[] = { "da", "rt", NULL }, *const kinds[] = { "energy", "ancillary", NULL };
    const char *const *v = args->values;
    struct cli_bad_word bad;
    if (v[CLI_CONVERT_ISO] && !cli_parse_isos(v[CLI_CONVERT_ISO], &o->iso_mask, &bad))
        return cli_misuse(CLI_CONVERT,
                          "--iso: \"%.*s\" is not an operator; take pjm, caiso, nyiso, ercot, miso, isone or spp",
                          bad.nbytes, bad.text);
    if (v[CLI_CONVERT_MARKET] && !cli_parse_words(v[CLI_CONVERT_MARKET], markets, &o->market_mask, &bad))
        return cli_misuse(CLI_CONVERT, "--market: \"%.*s\" is not a market; take da, rt or da,rt", bad.nbytes,
                          bad.text);
    if (v[CLI_CONVERT_KIND] && !cli_parse_words(v[CLI_CONVERT_KIND], kinds, &o->kind_mask, &bad))
        return cli_misuse(CLI_CONVERT, "--kind: \"%.*s\" is not a kind of price; take energy, ancillary or both",
                          bad.nbytes, bad.text);
    int ways =
        (v[CLI_CONVERT_MARKET] != NULL) + (v[CLI_CONVERT_DA_ONLY] != NULL) + (v[CLI_CONVERT_RT_ONLY] != NULL);
    if (ways > 1)
        return cli_misuse(CLI_CONVERT,
                          "--market, --da-only and --rt-only exclude each other; --market da,rt takes both");
    if (v[CLI_CONVERT_KIND] && v[CLI_CONVERT_AS_ONLY])
        return cli_misuse(CLI_CONVERT, "--kind and --as-only exclude each other; --kind ancillary says the same");
    if (v[CLI_CONVERT_DA_ONLY]) o->market_mask = 1;
    if (v[CLI_CONVERT_RT_ONLY]) o->market_mask = 2;
    if (v[CLI_CONVERT_AS_ONLY]) o->kind_mask = 2;
    return 0;
}

static int choose_output(struct busbar_convert_options *o, const struct cli_args *args)
{
    static const char *const profiles[] = { "lake", "seed", "dense", NULL }, *const units[] = { "us", "ns", NULL },
                             *const layouts[] = { "plain", "hive", NULL };
    const char *const *v = args->values;
    int choice;
    if (v[CLI_CONVERT_PROFILE]) {
        if ((choice = cli_parse_choice(v[CLI_CONVERT_PROFILE], profiles)) < 0)
            return cli_misuse(CLI_CONVERT, "--profile: \"%s\" is not a profile; take lake, seed or dense",
                              v[CLI_CONVERT_PROFILE]);
        o->profile = (enum busbar_profile)choice;
    }
    if (v[CLI_CONVERT_TIMESTAMP_UNIT]) {
        if ((choice = cli_parse_choice(v[CLI_CONVERT_TIMESTAMP_UNIT], units)) < 0)
            return cli_misuse(CLI_CONVERT, "--timestamp-unit: \"%s\" is not a unit; take us or ns",
                              v[CLI_CONVERT_TIMESTAMP_UNIT]);
        o->timestamp_ns = choice;
        if (!choice && o->profile == BUSBAR_SEED)
            return cli_misuse(CLI_CONVERT,
                              "--profile seed has timestamps in ns; leave --timestamp-unit us out, or take "
                              "another profile");
    }
    if (v[CLI_CONVERT_LAYOUT]) {
        if ((choice = cli_parse_choice(v[CLI_CONVERT_LAYOUT], layouts)) < 0)
            return cli_misuse(CLI_CONVERT, "--layout: \"%s\" is not a layout; take plain or hive",
                              v[CLI_CONVERT_LAYOUT]);
        o->hive = choice;
    }
    if (v[CLI_CONVERT_COMPRESSION] && !cli_parse_compression(v[CLI_CONVERT_COMPRESSION], o))
        return cli_misuse(CLI_CONVERT,
                          "--compression: \"%s\" is not a compression; take zstd, snappy, lz4, gzip or none, or "
                          "zstd:9 for a level",
                          v[CLI_CONVERT_COMPRESSION]);
    if (v[CLI_CONVERT_MAX_REJECTS] && !cli_parse_max_rejects(v[CLI_CONVERT_MAX_REJECTS], o))
        return cli_misuse(CLI_CONVERT,
                          "--max-rejects: \"%s\" is neither a number of rows (1000) nor a share of them (0.1%%)",
                          v[CLI_CONVERT_MAX_REJECTS]);
    o->strict = v[CLI_CONVERT_STRICT] != NULL;
    o->dry_run = v[CLI_CONVERT_DRY_RUN] != NULL;
    o->rebuild = v[CLI_CONVERT_REBUILD] != NULL;
    o->temp_dir = v[CLI_CONVERT_TEMP_DIR];
    return 0;
}

static int choose_means(struct busbar_convert_options *o, const struct cli_args *args)
{
    const char *const *v = args->values;
    uint64_t threads;
    if (v[CLI_CONVERT_YEAR] && !cli_parse_years(v[CLI_CONVERT_YEAR], o))
        return cli_misuse(
            CLI_CONVERT,
            "--year: \"%s\" is not a list of years; write 2024, 2022-2024 or 2021,2023-2024 (at most %d parts)",
            v[CLI_CONVERT_YEAR], BUSBAR_MAX_YEAR_RANGES);
    if (v[CLI_CONVERT_MEMORY_LIMIT] && !cli_parse_size(v[CLI_CONVERT_MEMORY_LIMIT], &o->memory_limit_nbytes))
        return cli_misuse(CLI_CONVERT, "--memory-limit: \"%s\" is not a size; write 256M or 1G",
                          v[CLI_CONVERT_MEMORY_LIMIT]);
    o->threads = processors();
    if (v[CLI_CONVERT_THREADS]) {
        if (!cli_parse_count(v[CLI_CONVERT_THREADS], 1024, &threads) || threads == 0)
            return cli_misuse(CLI_CONVERT, "--threads: \"%s\" is not a number from 1 to 1024",
                              v[CLI_CONVERT_THREADS]);
        o->threads = (unsigned)threads;
    }
    if (v[CLI_CONVERT_REPORT]) {
        o->report = v[CLI_CONVERT_REPORT];
        return cli_check_report(CLI_CONVERT, o->report);
    }
    return 0;
}

static int choose_voice(struct cli_summary *summary, enum cli_progress_mode *mode, const struct cli_args *args)
{
    static const char *const modes[] = { "auto", "always", "never", "json", NULL };
    const char *when = args->values[CLI_CONVERT_PROGRESS];
    summary->is_quiet = args->values[CLI_CONVERT_QUIET] != NULL;
    summary->is_verbose = args->values[CLI_CONVERT_VERBOSE] != NULL;
    int choice = when ? cli_parse_choice(when, modes) : 0;
    if (choice < 0)
        return cli_misuse(CLI_CONVERT, "--progress: \"%s\" is unknown; take auto, always, never or json", when);
    *mode = (enum cli_progress_mode)choice;
    summary->is_json = *mode == CLI_PROGRESS_JSON;
    if (summary->is_quiet && (summary->is_verbose || *mode == CLI_PROGRESS_ALWAYS || summary->is_json))
        return cli_misuse(CLI_CONVERT, "--quiet cannot be had together with %s",
                          summary->is_verbose ? "--verbose" : "--progress");
    if (summary->is_quiet) *mode = CLI_PROGRESS_NEVER;
    return 0;
}

static int say_error(const struct cli_summary *summary, int code, const char *text)
{
    cli_progress_away();
    if (summary->is_json)
        cli_put_error_json(code, text);
    else
        cli_fail(CLI_CONVERT, code, "%s", text);
    return code;
}

int cli_convert(const struct cli_args *args)
{
    struct busbar_convert_options options;
    struct busbar_convert_result result = { .size = sizeof result };
    struct busbar_error error = { .text = "" };
    struct cli_summary summary = { .options = &options };
    enum cli_progress_mode mode = CLI_PROGRESS_AUTO;
    int code;

    busbar_convert_options_init(&options);
    options.inputs = (const char *const *)args->operands;
    options.n_inputs = (size_t)args->n_operands;
    options.lake = args->values[CLI_CONVERT_OUTPUT];
    if (!options.lake && !args->values[CLI_CONVERT_DRY_RUN])
        return cli_misuse(CLI_CONVERT, "where to? -o LAKE names the folder for the lake");
    if ((code = choose_markets(&options, args)) != 0 || (code = choose_output(&options, args)) != 0 ||
        (code = choose_means(&options, args)) != 0 || (code = choose_voice(&summary, &mode, args)) != 0)
        return code;

    options.on_event = cli_summary_take;
    options.event_ctx = &summary;
    options.stop = &stop_signal;
    listen_to_signals();
    cli_progress_begin(mode);
    code = (int)busbar_convert(&options, &result, &error);

    if (code == BUSBAR_INTERRUPTED) {
        int number = stop_signal ? stop_signal : SIGINT;
        return say_error(
            &summary, 128 + number,
            summary.n_datasets
                ? "interrupted; what was written before is whole, and the same command again does the rest"
                : "interrupted; the lake is as it was before this run");
    }
    if (code == BUSBAR_OK || code == BUSBAR_PARTIAL || code == BUSBAR_NOTHING) cli_summary_put(&summary, &result);
    if (error.text[0] || (code != BUSBAR_OK && code != BUSBAR_PARTIAL))
        say_error(&summary, code,
                  error.text[0] ? error.text : "failed without giving a reason, which is a fault of busbar");
    return code;
}
