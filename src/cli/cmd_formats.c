#include "busbar.h"
#include "cli/json_text.h"
#include "cli/options.h"
#include "cli/parse_values.h"
#include "cli/terminal.h"
#include "cli/text_table.h"

#include <stdio.h>
#include <string.h>

static const char *const field_names[] = { "id",      "iso",       "title",   "datasets", "file_names",
                                           "layouts", "time_rule", "refusal", "kind" };
enum { N_FIELDS = sizeof field_names / sizeof *field_names };

static const char *field(const struct busbar_report_info *info, int i)
{
    const char *kind = info->refusal ? "refused" : info->is_reference ? "locations" : "prices";
    const char *const fields[N_FIELDS] = { info->id,        info->iso,        info->title,
                                           info->datasets,  info->file_names, info->layouts,
                                           info->time_rule, info->refusal,    kind };
    return fields[i] ? fields[i] : "";
}

/* Steps *i to the next report of the wanted operators. */
static bool next_report(size_t *i, unsigned iso_mask, struct busbar_report_info *info)
{
    for (; *i < busbar_report_count(); ++*i) {
        *info = busbar_report_at(*i);
        int iso = busbar_iso_parse(info->iso, strlen(info->iso));
        if (iso_mask == 0 || (iso >= 0 && (iso_mask >> iso & 1))) {
            ++*i;
            return true;
        }
    }
    return false;
}

static void report_cell(const void *ctx, size_t row, int column, char *text)
{
    static const int shown[] = { 0, 3, 4, 2 };
    const unsigned *iso_mask = ctx;
    struct busbar_report_info info = { 0 };
    size_t i = 0;
    do next_report(&i, *iso_mask, &info);
    while (row--);
    snprintf(text, CLI_TABLE_CELL_NBYTES, "%s", field(&info, shown[column]));
}

static void put_table(unsigned iso_mask)
{
    struct busbar_report_info info;
    size_t n = 0;
    for (size_t i = 0; next_report(&i, iso_mask, &info);) n++;
    struct cli_table table = { .n_columns = 4,
                               .titles = { "report", "datasets", "usual file names", "title" },
                               .n_rows = n,
                               .cell = report_cell,
                               .ctx = &iso_mask,
                               .width = cli_terminal_width(stdout) };
    cli_put_table(stdout, &table);
}

static void put_markdown_cell(const char *text, int code)
{
    fputs(code ? "| `" : "| ", stdout);
    for (; *text; text++) {
        if (*text == '|' || (!code && strchr("<*_", *text))) putchar('\\');
        putchar(*text);
    }
    fputs(code ? "` " : " ", stdout);
}

static void put_markdown(unsigned iso_mask)
{
    struct busbar_report_info info;
    char iso[16] = "";
    for (size_t i = 0; next_report(&i, iso_mask, &info);) {
        if (strcmp(iso, info.iso) != 0) {
            printf("%s## %s\n\n| report | title | datasets | usual file names | layouts | time "
                   "|\n|---|---|---|---|---|---|\n",
                   *iso ? "\n" : "", info.iso);
            snprintf(iso, sizeof iso, "%s", info.iso);
        }
        static const int shown[] = { 0, 2, 3, 4, 5, 6 };
        for (size_t c = 0; c < sizeof shown / sizeof *shown; c++)
            put_markdown_cell(field(&info, shown[c]), c == 0 || c == 2 || c == 3);
        puts("|");
    }
}

static void put_json(unsigned iso_mask)
{
    struct busbar_report_info info;
    bool is_first = true;
    putchar('[');
    for (size_t i = 0; next_report(&i, iso_mask, &info); is_first = false) {
        fputs(is_first ? "\n  {" : ",\n  {", stdout);
        for (int f = 0; f < N_FIELDS; f++) {
            printf("%s\"%s\": ", f ? ", " : "", field_names[f]);
            cli_put_json(stdout, field(&info, f));
        }
        putchar('}');
    }
    puts("\n]");
}

int cli_formats(const struct cli_args *args)
{
    const char *isos = args->values[CLI_FORMATS_ISO];
    unsigned iso_mask = 0;
    struct cli_bad_word bad;
    if (isos && !cli_parse_isos(isos, &iso_mask, &bad))
        return cli_misuse(CLI_FORMATS,
                          "--iso: \"%.*s\" is not an operator; take pjm, caiso, nyiso, ercot, miso, isone or spp",
                          bad.nbytes, bad.text);
    if (args->values[CLI_FORMATS_MARKDOWN] && args->values[CLI_FORMATS_JSON])
        return cli_misuse(CLI_FORMATS, "--markdown and --json exclude each other; give one");
    if (args->values[CLI_FORMATS_MARKDOWN])
        put_markdown(iso_mask);
    else if (args->values[CLI_FORMATS_JSON])
        put_json(iso_mask);
    else
        put_table(iso_mask);
    return 0;
}
