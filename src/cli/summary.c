#include "cli/summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/json_text.h"
#include "cli/progress.h"
#include "cli/quantity.h"
#include "cli/terminal.h"
#include "cli/text_table.h"

/* Enough to see what is wrong; a thousand lines of the same kind would hide the rest. -v prints all. */
enum { SHOWN_AT_MOST = 10 };

static void put_place(const struct busbar_event *event)
{
    cli_put_safe(stderr, event->path ? event->path : "?");
    if (event->member && *event->member) {
        fputc('(', stderr);
        cli_put_safe(stderr, event->member);
        fputc(')', stderr);
    }
}

static void put_text(const char *text)
{
    fputs(": ", stderr);
    cli_put_safe(stderr, text ? text : "no reason was given");
    fputc('\n', stderr);
}

static void put_row_rejected(const struct cli_summary *summary, const struct busbar_event *event)
{
    if (summary->rows_rejected > SHOWN_AT_MOST && !summary->is_verbose) return;
    put_place(event);
    fprintf(stderr, ":%" PRIu64, event->line);
    if (event->column && *event->column) {
        fputs(": ", stderr);
        cli_put_safe(stderr, event->column);
    }
    put_text(event->text);
}

static void remember_published(struct cli_summary *summary, const struct busbar_event *event)
{
    const char *name = event->dataset ? event->dataset : "?";
    struct cli_summary_dataset *at = summary->datasets, *end = at + summary->n_datasets;
    while (at < end && strcmp(at->name, name) != 0) at++;
    if (at == end) {
        if (summary->n_datasets == CLI_SUMMARY_MAX_DATASETS)
            at = end - 1; /* the last line then stands for all others */
        else {
            *at = (struct cli_summary_dataset){ .first_year = event->year, .last_year = event->year };
            bool is_last = ++summary->n_datasets == CLI_SUMMARY_MAX_DATASETS;
            snprintf(at->name, sizeof at->name, "%s", is_last ? "other datasets" : name);
        }
    }
    if (event->year < at->first_year) at->first_year = event->year;
    if (event->year > at->last_year) at->last_year = event->year;
    at->files++;
    at->rows += event->rows;
    at->nbytes += event->nbytes;
}

static void put_published(const struct busbar_event *event)
{
    char rows[CLI_QUANTITY_NBYTES], size[CLI_QUANTITY_NBYTES];
    fputs("written: ", stderr);
    cli_put_safe(stderr, event->path ? event->path : "?");
    fprintf(stderr, "  %s rows, %s\n", cli_count(rows, event->rows), cli_size(size, event->nbytes));
}

void cli_summary_take(void *ctx, const struct busbar_event *event)
{
    struct cli_summary *summary = ctx;
    if (event->kind == BUSBAR_EVENT_PROGRESS) {
        cli_progress_show(event);
        return;
    }
    if (event->kind == BUSBAR_EVENT_PUBLISHED) remember_published(summary, event);
    if (event->kind == BUSBAR_EVENT_ROW_REJECTED) summary->rows_rejected++;
    if (event->kind == BUSBAR_EVENT_FILE_EMPTY) summary->files_empty++;
    if (summary->is_quiet) return;
    if (summary->is_json) {
        cli_put_event_json(event, cli_progress_seconds());
        return;
    }
    cli_progress_away();
    switch (event->kind) {
    case BUSBAR_EVENT_FILE_REFUSED:
        fputs("refused: ", stderr);
        put_place(event);
        put_text(event->text);
        break;
    case BUSBAR_EVENT_FILE_EMPTY:
        if (summary->files_empty > SHOWN_AT_MOST && !summary->is_verbose) break;
        fputs("nothing in: ", stderr);
        put_place(event);
        put_text(event->text);
        break;
    case BUSBAR_EVENT_ROW_REJECTED: put_row_rejected(summary, event); break;
    case BUSBAR_EVENT_WARNING:
        fputs("warning", stderr);
        if (event->path) {
            fputs(": ", stderr);
            put_place(event);
        }
        put_text(event->text);
        break;
    case BUSBAR_EVENT_PUBLISHED:
        if (summary->is_verbose) put_published(event);
        break;
    case BUSBAR_EVENT_PROGRESS: break;
    }
}

/* VmHWM, not getrusage: the latter also counts what the process was before exec, which may be a large parent's copy. */
static uint64_t peak_rss_nbytes(void)
{
    struct rusage usage;
    char line[128];
    unsigned long long kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    if (status) {
        while (kib == 0 && fgets(line, sizeof line, status))
            if (strncmp(line, "VmHWM:", 6) == 0) kib = strtoull(line + 6, NULL, 10);
        fclose(status);
    }
    if (kib == 0 && getrusage(RUSAGE_SELF, &usage) == 0) kib = (unsigned long long)usage.ru_maxrss;
    return kib * 1024;
}

static void dataset_cell(const void *ctx, size_t row, int column, char *text)
{
    const struct cli_summary_dataset *d = &((const struct cli_summary *)ctx)->datasets[row];
    switch (column) {
    case 0: snprintf(text, CLI_TABLE_CELL_NBYTES, "%s", d->name); break;
    case 1:
        if (d->first_year == d->last_year)
            snprintf(text, CLI_TABLE_CELL_NBYTES, "%d", d->first_year);
        else
            snprintf(text, CLI_TABLE_CELL_NBYTES, "%d-%d", d->first_year, d->last_year);
        break;
    case 2: cli_count(text, d->files); break;
    case 3: cli_count(text, d->rows); break;
    default: cli_size(text, d->nbytes);
    }
}

static void put_datasets(const struct cli_summary *summary)
{
    if (summary->n_datasets == 0) return;
    struct cli_table table = { .n_columns = 5,
                               .titles = { "dataset", "years", "files", "rows", "size" },
                               .right_mask = 4 | 8 | 16,
                               .n_rows = summary->n_datasets,
                               .cell = dataset_cell,
                               .ctx = summary,
                               .width = cli_terminal_width(stderr) };
    cli_put_table(stderr, &table);
    fputc('\n', stderr);
}

static void put_more(uint64_t seen, const char *what, const char *lake)
{
    char n[CLI_QUANTITY_NBYTES];
    if (seen <= SHOWN_AT_MOST) return;
    fprintf(stderr, "… and %s more %s", cli_count(n, seen - SHOWN_AT_MOST), what);
    if (lake) {
        fputs(", see ", stderr);
        cli_put_safe(stderr, lake);
        fputs("/rejects/", stderr);
    }
    fputc('\n', stderr);
}

/* ", 3 refused": parts that are zero are left out. */
static void put_part(uint64_t n, const char *what)
{
    char text[CLI_QUANTITY_NBYTES];
    if (n) fprintf(stderr, ", %s %s", cli_count(text, n), what);
}

void cli_summary_put(const struct cli_summary *summary, const struct busbar_convert_result *r)
{
    char a[CLI_QUANTITY_NBYTES], b[CLI_QUANTITY_NBYTES], c[CLI_QUANTITY_NBYTES], d[CLI_QUANTITY_NBYTES];
    uint64_t rss_nbytes = peak_rss_nbytes();
    cli_progress_away();
    if (summary->is_quiet) return;
    if (summary->is_json) {
        cli_put_summary_json(r, rss_nbytes);
        return;
    }
    if (!summary->is_verbose) {
        put_more(summary->rows_rejected, "rejected rows",
                 summary->options->dry_run ? NULL : summary->options->lake);
        put_more(summary->files_empty, "files with nothing in them (-v names them)", NULL);
    }
    put_datasets(summary);

    fprintf(stderr, "files   %s read", cli_count(a, r->files_read));
    put_part(r->files_skipped, "known already");
    put_part(r->files_empty, "with nothing in them");
    put_part(r->files_refused, "refused");
    fprintf(stderr, "\nrows    %s from %s records", cli_count(a, r->rows), cli_count(b, r->records));
    put_part(r->duplicates, "duplicates");
    put_part(r->revisions, "revisions");
    put_part(r->rejects, "rejected");
    put_part(r->unknown_words, "unknown words");
    if (r->groups_kept)
        fprintf(stderr, "\nupdate  %s row groups kept (%s copied), %s rows written anew (%s)",
                cli_count(a, r->groups_kept), cli_size(c, r->kept_nbytes), cli_count(b, r->rows - r->rows_kept),
                cli_size(d, r->output_nbytes > r->kept_nbytes ? r->output_nbytes - r->kept_nbytes : 0));
    double seconds = r->seconds > 1e-6 ? r->seconds : 1e-6;
    fprintf(stderr, "\ntime    %s", cli_duration(a, r->seconds));
    if (r->input_nbytes)
        fprintf(stderr, " for %s: %s rows/s, %s/s", cli_size(b, r->input_nbytes),
                cli_rate(c, (double)r->rows / seconds), cli_size(d, (uint64_t)((double)r->input_nbytes / seconds)));
    fputc('\n', stderr);
    uint64_t limit_nbytes =
        summary->options->memory_limit_nbytes ? summary->options->memory_limit_nbytes : 256u << 20;
    fprintf(stderr, "memory  %s at most, limit %s", cli_memory(a, rss_nbytes), cli_memory(b, limit_nbytes));
    if (summary->is_verbose) fprintf(stderr, ", %s by busbar's own account", cli_memory(c, r->peak_nbytes));
    if (r->spilled_nbytes) fprintf(stderr, ", %s went through temporary files", cli_size(d, r->spilled_nbytes));
    fputc('\n', stderr);
    if (summary->options->dry_run)
        fputs("lake    untouched: this was a dry run\n", stderr);
    else {
        fprintf(stderr, "lake    %s file%s written, %s: ", cli_count(a, r->datasets_published),
                r->datasets_published == 1 ? "" : "s", cli_size(b, r->output_nbytes));
        cli_put_safe(stderr, summary->options->lake);
        fputc('\n', stderr);
    }
}
