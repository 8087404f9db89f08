#include "busbar.h"
#include "cli/options.h"
#include "cli/parse_values.h"
#include "cli/terminal.h"

#include <stdio.h>
#include <string.h>

enum { MAX_COLUMNS = 64, USUAL_ROWS = 20 };

/* Cuts "a,b" into its names, inside text. Returns how many, -1 if there are too many or one is empty. */
static int split_columns(char *text, const char **names)
{
    int n = 0;
    for (;;) {
        size_t length = strcspn(text, ",");
        if (length == 0 || n == MAX_COLUMNS) return -1;
        names[n++] = text;
        if (text[length] == '\0') return n;
        text[length] = '\0';
        text += length + 1;
    }
}

static int choose_columns(struct busbar_show_options *o, const char *given, char *text, size_t nbytes,
                          const char **names)
{
    if (!given) return 0;
    size_t length = strlen(given);
    if (length >= nbytes) return cli_misuse(CLI_SHOW, "--columns: the list is too long");
    memcpy(text, given, length + 1);
    int n = split_columns(text, names);
    if (n < 0)
        return cli_misuse(CLI_SHOW, "--columns: \"%s\" is not a list of names separated by commas (at most %d)",
                          given, MAX_COLUMNS);
    o->columns = names;
    o->n_columns = (size_t)n;
    return 0;
}

static int choose_rows(struct busbar_show_options *o, const struct cli_args *args)
{
    const char *rows = args->values[CLI_SHOW_ROWS], *where = args->values[CLI_SHOW_WHERE];
    uint64_t n = USUAL_ROWS;
    if (rows && strcmp(rows, "all") == 0)
        o->max_rows = -1;
    else if (rows && !cli_parse_count(rows, INT64_MAX, &n))
        return cli_misuse(CLI_SHOW, "--rows: \"%s\" is not a number of rows; write 20, or all", rows);
    else
        o->max_rows = (int64_t)n;
    if (where) {
        if (strncmp(where, "location=", 9) == 0 && where[9] != '\0')
            o->location = where + 9;
        else if (strncmp(where, "location_id=", 12) == 0 && where[12] != '\0')
            o->location_id = where + 12;
        else
            return cli_misuse(CLI_SHOW,
                              "--where: \"%s\" is not understood; write location=NAME or location_id=ID, and times "
                              "with --from and --to",
                              where);
    }
    o->from = args->values[CLI_SHOW_FROM];
    o->to = args->values[CLI_SHOW_TO];
    return 0;
}

int cli_show(const struct cli_args *args)
{
    const char *const *v = args->values;
    struct busbar_show_options options = { .size = sizeof options, .path = args->operands[0] };
    struct busbar_error error = { .text = "" };
    const char *names[MAX_COLUMNS];
    char column_text[2048], stats[256] = "";
    int code;
    if (v[CLI_SHOW_CSV] && v[CLI_SHOW_JSON])
        return cli_misuse(CLI_SHOW, "--csv and --json exclude each other; give one");
    options.form = v[CLI_SHOW_CSV] ? BUSBAR_CSV : v[CLI_SHOW_JSON] ? BUSBAR_JSON_LINES : BUSBAR_TABLE;
    options.describe = v[CLI_SHOW_DESCRIBE] != NULL;
    if ((code = choose_columns(&options, v[CLI_SHOW_COLUMNS], column_text, sizeof column_text, names)) != 0 ||
        (code = choose_rows(&options, args)) != 0)
        return code;

    struct cli_line_cut cut = { .width = options.form == BUSBAR_TABLE ? cli_terminal_width(stdout) : 0 };
    code = (int)busbar_show(&options, stats, cli_write_cut, &cut, &error);
    bool is_filtered = options.location || options.location_id || options.from || options.to;
    if (code == BUSBAR_OK && is_filtered && stats[0] && !v[CLI_SHOW_QUIET]) {
        fflush(stdout);
        fprintf(stderr, "%s\n", stats);
    }
    if (error.text[0]) cli_fail(CLI_SHOW, code, "%s", error.text);
    return code;
}
