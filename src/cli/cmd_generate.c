#include "busbar.h"
#include "cli/options.h"
#include "cli/parse_values.h"
#include "cli/quantity.h"
#include "cli/report_names.h"
#include "cli/terminal.h"
#include "cli/text_table.h"

#include <limits.h>
#include <stdio.h>

static void generator_cell(const void *ctx, size_t row, int column, char *text)
{
    (void)ctx;
    const char *description = "", *id = busbar_generator_at(row, &description);
    snprintf(text, CLI_TABLE_CELL_NBYTES, "%s", column == 0 ? id : description ? description : "");
}

static void put_list(void)
{
    struct cli_table table = { .n_columns = 2,
                               .titles = { "report", "what is made" },
                               .n_rows = busbar_generator_count(),
                               .cell = generator_cell,
                               .width = cli_terminal_width(stdout) };
    cli_put_table(stdout, &table);
}

static int choose_count(const char *name, const char *text, int *number)
{
    uint64_t n;
    if (!text) return 0;
    if (!cli_parse_count(text, INT_MAX, &n) || n == 0)
        return cli_misuse(CLI_GENERATE, "--%s: \"%s\" is not a whole number from 1", name, text);
    *number = (int)n;
    return 0;
}

static int choose_share(const char *name, const char *text, double *share)
{
    if (text && !cli_parse_share(text, share))
        return cli_misuse(CLI_GENERATE, "--%s: \"%s\" is not a share; write 0.01 or 1%%", name, text);
    return 0;
}

static int choose(struct busbar_generate_options *o, const struct cli_args *args)
{
    static const char *const spans[] = { "day", "month", "all", NULL };
    const char *const *v = args->values;
    int code;
    if ((code = choose_count("nodes", v[CLI_GENERATE_NODES], &o->nodes)) != 0 ||
        (code = choose_count("days", v[CLI_GENERATE_DAYS], &o->days)) != 0 ||
        (code = choose_share("duplicates", v[CLI_GENERATE_DUPLICATES], &o->duplicates)) != 0 ||
        (code = choose_share("revisions", v[CLI_GENERATE_REVISIONS], &o->revisions)) != 0 ||
        (code = choose_share("bad-rows", v[CLI_GENERATE_BAD_ROWS], &o->bad_rows)) != 0)
        return code;
    if (v[CLI_GENERATE_SEED] && !cli_parse_count(v[CLI_GENERATE_SEED], UINT64_MAX, &o->seed))
        return cli_misuse(CLI_GENERATE, "--seed: \"%s\" is not a whole number", v[CLI_GENERATE_SEED]);
    if (v[CLI_GENERATE_FILES_PER]) {
        if (cli_parse_choice(v[CLI_GENERATE_FILES_PER], spans) < 0)
            return cli_misuse(CLI_GENERATE, "--files-per: \"%s\" is not a span; take day, month or all",
                              v[CLI_GENERATE_FILES_PER]);
        o->files_per = v[CLI_GENERATE_FILES_PER];
    }
    if (v[CLI_GENERATE_FROM]) o->first_day = v[CLI_GENERATE_FROM];
    o->out_dir = v[CLI_GENERATE_OUTPUT];
    o->zip = v[CLI_GENERATE_ZIP] != NULL || v[CLI_GENERATE_ZIP_OF_ZIPS] != NULL;
    o->zip_of_zips = v[CLI_GENERATE_ZIP_OF_ZIPS] != NULL;
    o->truncate_last = v[CLI_GENERATE_TRUNCATE] != NULL;
    o->shuffle = v[CLI_GENERATE_SHUFFLE] != NULL;
    return 0;
}

int cli_generate(const struct cli_args *args)
{
    struct busbar_generate_options options;
    if (args->values[CLI_GENERATE_LIST]) {
        put_list();
        return 0;
    }
    if (args->n_operands == 0)
        return cli_misuse(CLI_GENERATE, "which report? They are listed by: busbar generate --list");
    if (!args->values[CLI_GENERATE_OUTPUT]) return cli_misuse(CLI_GENERATE, "where to? -o DIR names the folder");
    busbar_generate_options_init(&options);
    int code = choose(&options, args);
    for (int i = 0; i < args->n_operands && code == 0; i++)
        code = cli_check_generator(CLI_GENERATE, args->operands[i]);
    for (int i = 0; i < args->n_operands && code == 0; i++) {
        struct busbar_error error = { .text = "" };
        uint64_t rows = 0, nbytes = 0;
        options.report = args->operands[i];
        code = (int)busbar_generate(&options, &rows, &nbytes, &error);
        char a[CLI_QUANTITY_NBYTES], b[CLI_QUANTITY_NBYTES];
        if (code)
            cli_fail(CLI_GENERATE, code, "%s", error.text);
        else if (!args->values[CLI_GENERATE_QUIET])
            fprintf(stderr, "%s: %s rows, %s\n", options.report, cli_count(a, rows), cli_size(b, nbytes));
    }
    return code;
}
