/* busbar_status: what a lake holds, a line per dataset and year. */
#include "base/json.h"
#include "convert/door.h"
#include "convert/lake_file.h"
#include "lake/quality_view.h"

#include <stdio.h>

#define JSON_MAX_NBYTES ((size_t)256 << 20)
#define CELL_NBYTES     72

enum {
    OPERATOR,
    DATASET,
    YEAR,
    ROWS,
    LOCATIONS,
    FIRST,
    LAST,
    COMPLETE,
    MISSING,
    GAPS,
    SOURCES,
    SIZE,
    CHANGED,
    N_CELLS
};

struct line {
    char cells[N_CELLS][CELL_NBYTES];
};

struct status {
    struct bb_budget budget;
    struct bb_buf json_text;
    struct bb_json json;
    int as_json;
    struct line *lines;
    size_t n, cap;
    uint64_t n_files, rows, nbytes, n_strange;
};

static enum bb_status add_line(struct status *s, const struct bb_lake_file *f, const struct bb_quality_view *v,
                               const struct bb_quality_group *t, struct bb_error *err)
{
    const struct bb_quality_state *q = f->state;
    struct line *l;
    char name[64];
    if (!bb_grow(&s->budget, (void **)&s->lines, &s->cap, s->n + 1, sizeof *s->lines))
        return bb_fail_budget(err, &s->budget, "the list of files");
    l = &s->lines[s->n++];
    memset(l, 0, sizeof *l);
    bb_dataset_name(&q->dataset, q->half, name);
    snprintf(l->cells[OPERATOR], CELL_NBYTES, "%s", bb_iso_infos[q->dataset.iso].name);
    snprintf(l->cells[DATASET], CELL_NBYTES, "%s", name);
    snprintf(l->cells[YEAR], CELL_NBYTES, "%d", q->year);
    bb_count_text(t->rows, l->cells[ROWS]);
    bb_count_text(v->n_locations, l->cells[LOCATIONS]);
    bb_minute_text(q->first_utc_s, l->cells[FIRST]);
    bb_minute_text(q->last_utc_s, l->cells[LAST]);
    snprintf(l->cells[COMPLETE], CELL_NBYTES, "%.2f %%", bb_quality_completeness(v));
    bb_count_text(v->slots_expected - v->slots_seen, l->cells[MISSING]);
    bb_count_text(v->n_with_gaps, l->cells[GAPS]);
    bb_count_text(f->n_sources, l->cells[SOURCES]);
    bb_size_text(f->nbytes, " ", l->cells[SIZE]);
    bb_minute_text(f->changed_utc_s, l->cells[CHANGED]);
    return BB_OK;
}

static void put_utc(struct bb_json *j, const char *key, int64_t utc_s)
{
    char text[BB_TIME_TEXT];
    bb_json_put_cstr(j, key, bb_utc_text(utc_s, text));
}

static void put_file(struct bb_json *j, const struct bb_lake_file *f, const struct bb_quality_view *v,
                     const struct bb_quality_group *t)
{
    const struct bb_quality_state *q = f->state;
    char name[64];
    bb_dataset_name(&q->dataset, q->half, name);
    bb_json_open(j, '{');
    bb_json_put_cstr(j, "iso", bb_iso_infos[q->dataset.iso].name);
    bb_json_put_cstr(j, "dataset", name);
    bb_json_put_int(j, "year", q->year);
    bb_json_put_cstr(j, "path", f->path);
    bb_json_put_int(j, "rows", (int64_t)t->rows);
    bb_json_put_int(j, "locations", (int64_t)v->n_locations);
    put_utc(j, "first", q->first_utc_s);
    put_utc(j, "last", q->last_utc_s);
    bb_json_put_int(j, "interval_minutes", q->dataset.minutes);
    bb_json_put_int(j, "intervals_expected", v->slots_expected);
    bb_json_put_int(j, "intervals_seen", v->slots_seen);
    bb_json_put_num(j, "completeness_percent", bb_quality_completeness(v));
    bb_json_put_int(j, "values_expected", (int64_t)v->values_expected);
    bb_json_put_int(j, "values_seen", (int64_t)v->values_seen);
    bb_json_put_int(j, "locations_with_gaps", (int64_t)v->n_with_gaps);
    bb_json_put_int(j, "locations_late", (int64_t)v->n_late);
    bb_json_put_int(j, "locations_gone", (int64_t)v->n_gone);
    bb_json_put_int(j, "null_prices", (int64_t)t->null_prices);
    bb_json_put_int(j, "outliers", (int64_t)t->outside);
    bb_json_put_int(j, "sums_off", (int64_t)t->sums_off);
    bb_json_put_int(j, "duplicates", (int64_t)f->ledger.duplicates);
    bb_json_put_int(j, "revisions", (int64_t)f->ledger.revisions);
    bb_json_put_int(j, "sources", (int64_t)f->n_sources);
    bb_json_put_int(j, "bytes", (int64_t)f->nbytes);
    put_utc(j, "changed", f->changed_utc_s);
    bb_json_close(j, '}');
}

static enum bb_status visit(void *ctx, const char *path, struct bb_error *err)
{
    struct status *s = ctx;
    struct bb_lake_file *file;
    struct bb_quality_view view;
    struct bb_quality_group totals;
    enum bb_status status = bb_lake_file_load(path, &s->budget, &file, err);
    if (status == BB_SKIP) {
        s->n_strange++;
        return BB_OK;
    }
    BB_TRY(status);
    status = bb_quality_view_init(&view, file->state, &s->budget, err);
    if (status == BB_OK) {
        bb_quality_totals(file->state, &totals);
        s->n_files++;
        s->rows += totals.rows;
        s->nbytes += file->nbytes;
        if (s->as_json)
            put_file(&s->json, file, &view, &totals);
        else
            status = add_line(s, file, &view, &totals, err);
        bb_quality_view_reset(&view);
    }
    bb_lake_file_free(file);
    return status;
}

static void print_table(const struct status *s, struct bb_out *out)
{
    static const char *const titles[N_CELLS] = { "operator",     "dataset",     "year",       "rows",
                                                 "locations",    "first (UTC)", "last (UTC)", "complete",
                                                 "missing",      "with gaps",   "sources",    "size",
                                                 "changed (UTC)" };
    static const int is_left[N_CELLS] = { [OPERATOR] = 1, [DATASET] = 1, [FIRST] = 1, [LAST] = 1, [CHANGED] = 1 };
    size_t widths[N_CELLS];
    char rows[CELL_NBYTES], size[CELL_NBYTES];
    for (int c = 0; c < N_CELLS; c++) {
        widths[c] = strlen(titles[c]);
        for (size_t i = 0; i < s->n; i++) widths[c] = BB_MAX(widths[c], strlen(s->lines[i].cells[c]));
    }
    for (size_t i = 0; i <= s->n; i++)
        for (int c = 0; c < N_CELLS; c++) {
            const char *text = i == 0 ? titles[c] : s->lines[i - 1].cells[c], *end = c == N_CELLS - 1 ? "\n" : "  ";
            if (is_left[c] && c == N_CELLS - 1)
                bb_out_printf(out, "%s%s", text, end);
            else if (is_left[c])
                bb_out_printf(out, "%-*s%s", (int)widths[c], text, end);
            else
                bb_out_printf(out, "%*s%s", (int)widths[c], text, end);
        }
    bb_size_text(s->nbytes, " ", size);
    bb_out_printf(out, "%llu file%s, %s rows, %s\n", (unsigned long long)s->n_files, s->n_files == 1 ? "" : "s",
                  bb_count_text(s->rows, rows), size);
    if (s->n_strange)
        bb_out_printf(out, "%llu other Parquet files; `busbar verify` says what is wrong with them\n",
                      (unsigned long long)s->n_strange);
}

static enum bb_status print_json(struct status *s, struct bb_out *out, struct bb_error *err)
{
    bb_json_close(&s->json, ']');
    bb_json_put_int(&s->json, "rows", (int64_t)s->rows);
    bb_json_put_int(&s->json, "bytes", (int64_t)s->nbytes);
    bb_json_put_int(&s->json, "other_parquet_files", (int64_t)s->n_strange);
    bb_json_close(&s->json, '}');
    if (!bb_json_ok(&s->json) || !bb_buf_putc(&s->json_text, '\n'))
        return bb_fail_budget(err, &s->budget, "the list of files");
    bb_out_put(out, bb_buf_str(&s->json_text));
    return BB_OK;
}

enum busbar_result busbar_status(const char *lake, int json, busbar_write write, void *ctx,
                                 struct busbar_error *error)
{
    struct status s = { .as_json = json };
    struct bb_out out;
    struct bb_error err, out_err;
    enum bb_status status, out_status;
    bb_budget_init(&s.budget, 0, 0);
    bb_buf_init(&s.json_text, &s.budget, JSON_MAX_NBYTES);
    bb_out_init(&out, write, ctx, &s.budget);
    if (json) {
        bb_json_init(&s.json, &s.json_text, 1);
        bb_json_open(&s.json, '{');
        bb_json_put_cstr(&s.json, "lake", lake);
        bb_json_key(&s.json, "files");
        bb_json_open(&s.json, '[');
    }
    status = bb_lake_walk(lake, visit, &s, &err);
    if (status == BB_OK && s.n_files == 0)
        status = bb_fail(&err, BB_MISUSE, "%s holds no file of a busbar lake", lake);
    if (status == BB_OK && json)
        status = print_json(&s, &out, &err);
    else if (status == BB_OK)
        print_table(&s, &out);
    out_status = bb_out_end(&out, &out_err);
    if (status == BB_OK && out_status != BB_OK) err = out_err, status = out_status;
    bb_buf_reset(&s.json_text);
    bb_free(s.lines);
    return bb_leave(status, &err, error);
}
