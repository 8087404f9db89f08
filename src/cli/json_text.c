#include "cli/json_text.h"

#include <inttypes.h>

#include "cli/terminal.h"

static void put_escaped(FILE *file, unsigned char c)
{
    switch (c) {
    case '"': fputs("\\\"", file); return;
    case '\\': fputs("\\\\", file); return;
    case '\n': fputs("\\n", file); return;
    case '\t': fputs("\\t", file); return;
    default: fprintf(file, c < 0x20 || c == 0x7f ? "\\u%04x" : "%c", c);
    }
}

void cli_put_json(FILE *file, const char *text)
{
    if (!text) {
        fputs("null", file);
        return;
    }
    fputc('"', file);
    while (*text) {
        size_t n = cli_utf8_nbytes(text);
        if (n == 1)
            put_escaped(file, (unsigned char)*text);
        else if (n == 0)
            fputs("\\ufffd", file);
        else
            fwrite(text, 1, n, file);
        text += n ? n : 1;
    }
    fputc('"', file);
}

static void put_text(const char *name, const char *text)
{
    if (!text || !*text) return;
    fprintf(stderr, ",\"%s\":", name);
    cli_put_json(stderr, text);
}

static void put_number(const char *name, uint64_t number) { fprintf(stderr, ",\"%s\":%" PRIu64, name, number); }

void cli_put_event_json(const struct busbar_event *event, double seconds)
{
    static const char *const names[] = {
        [BUSBAR_EVENT_PROGRESS] = "progress",     [BUSBAR_EVENT_FILE_REFUSED] = "file_refused",
        [BUSBAR_EVENT_FILE_EMPTY] = "file_empty", [BUSBAR_EVENT_ROW_REJECTED] = "row_rejected",
        [BUSBAR_EVENT_WARNING] = "warning",       [BUSBAR_EVENT_PUBLISHED] = "published"
    };
    fprintf(stderr, "{\"event\":\"%s\",\"seconds\":%.3f", names[event->kind], seconds);
    put_text("path", event->path);
    put_text("member", event->member);
    put_text("dataset", event->dataset);
    put_text("phase", event->phase);
    switch (event->kind) {
    case BUSBAR_EVENT_PROGRESS:
        put_number("done_nbytes", event->done_nbytes);
        put_number("total_nbytes", event->total_nbytes);
        put_number("rows", event->rows);
        put_number("files_done", event->files_done);
        put_number("files_total", event->files_total);
        break;
    case BUSBAR_EVENT_ROW_REJECTED:
        put_number("line", event->line);
        put_number("byte", event->byte);
        put_text("column", event->column);
        put_text("reason", event->reason);
        break;
    case BUSBAR_EVENT_PUBLISHED:
        fprintf(stderr, ",\"year\":%d", event->year);
        put_number("rows", event->rows);
        put_number("nbytes", event->nbytes);
        break;
    case BUSBAR_EVENT_FILE_REFUSED:
    case BUSBAR_EVENT_FILE_EMPTY:
    case BUSBAR_EVENT_WARNING: break;
    }
    put_text("text", event->text);
    put_text("record", event->record);
    fputs("}\n", stderr);
}

void cli_put_error_json(int exit_code, const char *text)
{
    fprintf(stderr, "{\"event\":\"error\",\"exit_code\":%d", exit_code);
    put_text("text", text);
    fputs("}\n", stderr);
}

void cli_put_summary_json(const struct busbar_convert_result *result, unsigned long long peak_rss_nbytes)
{
    fprintf(stderr, "{\"event\":\"summary\",\"seconds\":%.3f", result->seconds);
    put_number("files_read", result->files_read);
    put_number("files_skipped", result->files_skipped);
    put_number("files_refused", result->files_refused);
    put_number("files_empty", result->files_empty);
    put_number("records", result->records);
    put_number("rows", result->rows);
    put_number("duplicates", result->duplicates);
    put_number("revisions", result->revisions);
    put_number("rejects", result->rejects);
    put_number("unknown_words", result->unknown_words);
    put_number("input_nbytes", result->input_nbytes);
    put_number("output_nbytes", result->output_nbytes);
    put_number("spilled_nbytes", result->spilled_nbytes);
    put_number("datasets_published", result->datasets_published);
    put_number("groups_kept", result->groups_kept);
    put_number("rows_kept", result->rows_kept);
    put_number("kept_nbytes", result->kept_nbytes);
    put_number("peak_nbytes", result->peak_nbytes);
    put_number("peak_rss_nbytes", peak_rss_nbytes);
    fputs("}\n", stderr);
}
