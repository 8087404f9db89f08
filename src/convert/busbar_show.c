/* busbar_show: a look into one Parquet file, reading as little as its indexes allow. */
#include "base/json.h"
#include "convert/door.h"
#include "convert/row_filter.h"
#include "convert/row_scan.h"
#include "table/dataset.h"
#include "time/stamp.h"

#include <stdio.h>
#include <stdlib.h>

#define CELL_MAX          512
#define TABLE_SAMPLE_ROWS 64 /* rows whose widths decide the table's columns */

struct show {
    const struct busbar_show_options *o;
    struct bb_budget budget;
    struct bb_pq_reader *reader;
    struct bb_out out;
    struct bb_zone *zone;
    int columns[BB_SCAN_MAX_COLUMNS];
    size_t n_shown;
    struct bb_row_filter filter;
    int64_t rows_left;
    size_t groups_read;
    char (*sample)[BB_SCAN_MAX_COLUMNS][CELL_MAX];
    size_t n_sample;
    int widths[BB_SCAN_MAX_COLUMNS];
    int header_done;
};

/* ---- which rows ---- */

static enum bb_status find_column(const struct show *s, const char *name, int *column_ret, struct bb_error *err)
{
    *column_ret = bb_pq_reader_find(s->reader, name);
    if (*column_ret >= 0) return BB_OK;
    return bb_fail(err, BB_MISUSE, "%s has no column \"%s\"; `busbar show --describe FILE` lists them", s->o->path,
                   name);
}

static enum bb_status add_column(struct show *s, const char *name, struct bb_error *err)
{
    if (s->n_shown == BB_SCAN_MAX_COLUMNS)
        return bb_fail(err, BB_MISUSE, "more than %d columns", BB_SCAN_MAX_COLUMNS);
    return find_column(s, name, &s->columns[s->n_shown++], err);
}

static enum bb_status find_text_column(const struct show *s, const char *name, int *column_ret,
                                       struct bb_error *err)
{
    BB_TRY(find_column(s, name, column_ret, err));
    if (bb_pq_reader_column(s->reader, (size_t)*column_ret)->type != BB_PQ_BYTE_ARRAY)
        return bb_fail(err, BB_MISUSE, "%s: column %s holds no text", s->o->path, name);
    return BB_OK;
}

static enum bb_status parse_bound(const char *text, int64_t unit, int64_t *bound, struct bb_error *err)
{
    int64_t utc_s;
    struct bb_wall wall;
    size_t n = strlen(text);
    if (bb_stamp_utc(text, n, &utc_s) != 0) {
        if (bb_stamp_wall(text, n, &wall) != 0)
            return bb_fail(err, BB_MISUSE, "\"%s\" is no instant; write it as 2024-03-10 or 2024-03-10T05:00:00Z",
                           text);
        utc_s = bb_wall_as_utc(wall);
    }
    *bound = utc_s * unit;
    return BB_OK;
}

static enum bb_status choose_rows(struct show *s, struct bb_error *err)
{
    struct bb_row_filter *f = &s->filter;
    *f = (struct bb_row_filter){ .reader = s->reader,
                                 .budget = &s->budget,
                                 .name_column = -1,
                                 .id_column = -1,
                                 .time_column = -1,
                                 .name = bb_str_of(s->o->location),
                                 .id = bb_str_of(s->o->location_id),
                                 .from_utc = INT64_MIN,
                                 .to_utc = INT64_MAX };
    if (s->o->location) BB_TRY(find_text_column(s, "settlement_location", &f->name_column, err));
    if (s->o->location_id) BB_TRY(find_text_column(s, "settlement_location_id", &f->id_column, err));
    if (s->o->from || s->o->to) {
        const struct bb_pq_read_column *column;
        int64_t unit;
        BB_TRY(find_column(s, "datetime_utc", &f->time_column, err));
        column = bb_pq_reader_column(s->reader, (size_t)f->time_column);
        if (column->type != BB_PQ_INT64)
            return bb_fail(err, BB_MISUSE, "%s: column datetime_utc holds no instants", s->o->path);
        unit = column->logical == BB_PQ_TIMESTAMP_NS ? 1000000000 : 1000000;
        if (s->o->from) BB_TRY(parse_bound(s->o->from, unit, &f->from_utc, err));
        if (s->o->to) BB_TRY(parse_bound(s->o->to, unit, &f->to_utc, err));
    }
    return BB_OK;
}

static enum bb_status choose_columns(struct show *s, struct bb_error *err)
{
    size_t n = bb_pq_reader_columns(s->reader);
    if (s->o->n_columns == 0 && n > BB_SCAN_MAX_COLUMNS)
        return bb_fail(err, BB_MISUSE, "%s has %zu columns; name some with --columns", s->o->path, n);
    if (s->o->n_columns == 0)
        for (size_t i = 0; i < n; i++) s->columns[s->n_shown++] = (int)i;
    for (size_t i = 0; i < s->o->n_columns; i++) BB_TRY(add_column(s, s->o->columns[i], err));
    return choose_rows(s, err);
}

/* ---- cells ---- */

static size_t time_text(const struct show *s, const struct bb_pq_read_column *c, int64_t value, char *out)
{
    int64_t unit = c->logical == BB_PQ_TIMESTAMP_NS ? 1000000000 : 1000000,
            utc_s = value / unit - (value % unit < 0);
    int local = s->zone && bb_str_is(c->name, "datetime_local");
    struct bb_local at = { .wall = { (int32_t)(utc_s / 86400 - (utc_s % 86400 < 0)),
                                     (int32_t)(((utc_s % 86400) + 86400) % 86400) } };
    struct bb_date d;
    int minutes;
    if (local) at = bb_zone_local(s->zone, utc_s);
    d = bb_date_of(at.wall.day);
    minutes = at.offset_s / 60;
    if (local)
        return (size_t)snprintf(out, CELL_MAX, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", d.year, d.month, d.day,
                                at.wall.second / 3600, at.wall.second / 60 % 60, at.wall.second % 60,
                                minutes < 0 ? '-' : '+', abs(minutes) / 60, abs(minutes) % 60);
    return (size_t)snprintf(out, CELL_MAX, "%04d-%02d-%02dT%02d:%02d:%02dZ", d.year, d.month, d.day,
                            at.wall.second / 3600, at.wall.second / 60 % 60, at.wall.second % 60);
}

static size_t cell_text(const struct show *s, int column, const struct bb_pq_values *v, size_t i, char *out)
{
    const struct bb_pq_read_column *c = bb_pq_reader_column(s->reader, (size_t)column);
    struct bb_date d;
    out[0] = '\0';
    if (!v->valid[i]) return 0;
    if (c->type == BB_PQ_BYTE_ARRAY) return (size_t)snprintf(out, CELL_MAX, "%.*s", BB_STR_ARG(v->v.str[i]));
    if (c->type == BB_PQ_DOUBLE || c->type == BB_PQ_FLOAT) return bb_json_number_text(v->v.f64[i], out);
    if (c->type == BB_PQ_BOOLEAN) return (size_t)snprintf(out, CELL_MAX, "%s", v->v.i64[i] ? "true" : "false");
    if (c->logical == BB_PQ_TIMESTAMP_US || c->logical == BB_PQ_TIMESTAMP_NS)
        return time_text(s, c, v->v.i64[i], out);
    if (c->logical == BB_PQ_DATE) {
        d = bb_date_of((int32_t)v->v.i64[i]);
        return (size_t)snprintf(out, CELL_MAX, "%04d-%02d-%02d", d.year, d.month, d.day);
    }
    return (size_t)snprintf(out, CELL_MAX, "%lld", (long long)v->v.i64[i]);
}

static struct bb_str column_name(const struct show *s, size_t k)
{
    return bb_pq_reader_column(s->reader, (size_t)s->columns[k])->name;
}

static int is_number(const struct show *s, size_t k)
{
    const struct bb_pq_read_column *c = bb_pq_reader_column(s->reader, (size_t)s->columns[k]);
    return c->type == BB_PQ_DOUBLE || c->type == BB_PQ_FLOAT ||
           ((c->type == BB_PQ_INT32 || c->type == BB_PQ_INT64) && c->logical != BB_PQ_DATE &&
            c->logical != BB_PQ_TIMESTAMP_US && c->logical != BB_PQ_TIMESTAMP_NS);
}

/* ---- rows out ---- */

static void put_table_row(struct show *s, char (*cells)[CELL_MAX])
{
    for (size_t k = 0; k < s->n_shown; k++) {
        int last = k + 1 == s->n_shown, width = s->widths[k];
        if (is_number(s, k))
            bb_out_printf(&s->out, "%*s", width, cells[k]);
        else
            bb_out_printf(&s->out, "%-*s", last ? 0 : width, cells[k]);
        bb_out_put(&s->out, last ? BB_STR("\n") : BB_STR("  "));
    }
}

static void flush_sample(struct show *s)
{
    char names[BB_SCAN_MAX_COLUMNS][CELL_MAX];
    if (s->header_done) return;
    s->header_done = 1;
    for (size_t k = 0; k < s->n_shown; k++) {
        s->widths[k] = snprintf(names[k], CELL_MAX, "%.*s", BB_STR_ARG(column_name(s, k)));
        for (size_t i = 0; i < s->n_sample; i++) s->widths[k] = BB_MAX(s->widths[k], (int)strlen(s->sample[i][k]));
    }
    put_table_row(s, names);
    for (size_t i = 0; i < s->n_sample; i++) put_table_row(s, s->sample[i]);
}

static void put_csv_cell(struct show *s, const char *text)
{
    if (!strpbrk(text, ",\"\n\r")) {
        bb_out_put(&s->out, bb_str_of(text));
        return;
    }
    bb_out_put(&s->out, BB_STR("\""));
    for (const char *p = text; *p; p++) bb_out_printf(&s->out, *p == '"' ? "\"\"" : "%c", *p);
    bb_out_put(&s->out, BB_STR("\""));
}

static enum bb_status put_json_row(struct show *s, const struct bb_row_scan *scan, size_t i, struct bb_error *err)
{
    struct bb_buf text;
    struct bb_json j;
    int ok;
    bb_buf_init(&text, &s->budget, (size_t)1 << 20);
    bb_json_init(&j, &text, 0);
    bb_json_open(&j, '{');
    for (size_t k = 0; k < s->n_shown; k++) {
        const struct bb_pq_read_column *c = bb_pq_reader_column(s->reader, (size_t)s->columns[k]);
        char name[CELL_MAX], cell[CELL_MAX];
        snprintf(name, sizeof name, "%.*s", BB_STR_ARG(c->name));
        cell_text(s, s->columns[k], &scan->at[k], i, cell);
        if (!scan->at[k].valid[i])
            bb_json_put_cstr(&j, name, NULL);
        else if (is_number(s, k) && c->type != BB_PQ_DOUBLE && c->type != BB_PQ_FLOAT)
            bb_json_put_int(&j, name, scan->at[k].v.i64[i]);
        else if (is_number(s, k))
            bb_json_put_num(&j, name, scan->at[k].v.f64[i]);
        else if (c->type == BB_PQ_BOOLEAN)
            bb_json_put_bool(&j, name, scan->at[k].v.i64[i] != 0);
        else
            bb_json_put_cstr(&j, name, cell);
    }
    bb_json_close(&j, '}');
    ok = bb_json_ok(&j) && bb_buf_putc(&text, '\n');
    if (ok) bb_out_put(&s->out, bb_buf_str(&text));
    bb_buf_reset(&text);
    return ok ? BB_OK : bb_fail_budget(err, &s->budget, "a row as text");
}

static enum bb_status put_row(struct show *s, const struct bb_row_scan *scan, size_t i, struct bb_error *err)
{
    char cells[BB_SCAN_MAX_COLUMNS][CELL_MAX];
    if (s->o->form == BUSBAR_JSON_LINES) return put_json_row(s, scan, i, err);
    for (size_t k = 0; k < s->n_shown; k++) cell_text(s, s->columns[k], &scan->at[k], i, cells[k]);
    if (s->o->form == BUSBAR_CSV) {
        for (size_t k = 0; k < s->n_shown; k++) {
            put_csv_cell(s, cells[k]);
            bb_out_put(&s->out, k + 1 < s->n_shown ? BB_STR(",") : BB_STR("\n"));
        }
    } else if (s->n_sample < TABLE_SAMPLE_ROWS) {
        memcpy(s->sample[s->n_sample++], cells, sizeof cells);
    } else {
        flush_sample(s);
        put_table_row(s, cells);
    }
    return BB_OK;
}

static enum bb_status show_range(struct show *s, struct bb_row_scan *scan, int64_t from, int64_t to,
                                 struct bb_error *err)
{
    while (from < to && s->rows_left != 0 && !s->out.failed) {
        size_t n = 0;
        scan->batch_rows = (size_t)BB_MIN(to - from, (int64_t)BB_SCAN_BATCH_ROWS);
        BB_TRY(bb_row_scan_next(scan, &n, err));
        for (size_t i = 0; i < n && from < to && s->rows_left != 0; i++, from++) {
            BB_TRY(put_row(s, scan, i, err));
            if (s->rows_left > 0) s->rows_left--;
        }
    }
    return BB_OK;
}

static enum bb_status show_group(struct show *s, size_t group, struct bb_row_ranges *ranges, struct bb_error *err)
{
    struct bb_row_scan scan;
    int64_t row = 0;
    enum bb_status status = BB_OK;
    BB_TRY(bb_row_filter_group(&s->filter, group, ranges, err));
    if (ranges->n == 0) return BB_OK;
    s->groups_read++;
    BB_TRY(bb_row_scan_open(&scan, s->reader, group, s->columns, s->n_shown, err));
    for (size_t i = 0; i < ranges->n && status == BB_OK && s->rows_left != 0 && !s->out.failed; i++) {
        status = bb_row_scan_skip(&scan, ranges->p[i].from - row, err);
        if (status == BB_OK) status = show_range(s, &scan, ranges->p[i].from, ranges->p[i].to, err);
        row = ranges->p[i].to;
    }
    bb_row_scan_close(&scan);
    return status == BB_EOF ? BB_OK : status;
}

static enum bb_status show_rows(struct show *s, struct bb_error *err)
{
    struct bb_row_ranges ranges = { 0 };
    enum bb_status status = BB_OK;
    BB_TRY(choose_columns(s, err));
    s->rows_left = s->o->max_rows;
    s->sample = bb_alloc(&s->budget, TABLE_SAMPLE_ROWS * sizeof *s->sample);
    if (!s->sample) return bb_fail_budget(err, &s->budget, "the table");
    if (s->o->form == BUSBAR_CSV)
        for (size_t k = 0; k < s->n_shown; k++) {
            bb_out_put(&s->out, column_name(s, k));
            bb_out_put(&s->out, k + 1 < s->n_shown ? BB_STR(",") : BB_STR("\n"));
        }
    for (size_t g = 0; g < bb_pq_reader_groups(s->reader) && status == BB_OK && s->rows_left != 0 && !s->out.failed;
         g++)
        status = show_group(s, g, &ranges, err);
    bb_free(ranges.p);
    if (status == BB_OK && s->o->form == BUSBAR_TABLE) flush_sample(s);
    return status;
}

/* ---- what the file says about itself ---- */

static void describe(struct show *s)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } encodings[] = {
        { 1u << BB_PQ_PLAIN, "PLAIN" },
        { 1u << BB_PQ_RLE_DICTIONARY, "RLE_DICTIONARY" },
        { 1u << BB_PQ_DELTA_BINARY_PACKED, "DELTA_BINARY_PACKED" },
        { 1u << BB_PQ_BYTE_STREAM_SPLIT, "BYTE_STREAM_SPLIT" },
    };
    static const char *const types[] = { "BOOLEAN", "INT32", "INT64", "", "FLOAT", "DOUBLE", "BYTE_ARRAY" };
    struct bb_str by = bb_pq_reader_created_by(s->reader), ledger = bb_pq_reader_kv(s->reader, "busbar.ledger");
    size_t groups = bb_pq_reader_groups(s->reader);
    bb_out_printf(&s->out, "%s\n%lld rows in %zu row groups, %llu bytes, written by %.*s\n\n", s->o->path,
                  (long long)bb_pq_reader_rows(s->reader), groups,
                  (unsigned long long)bb_pq_reader_file_nbytes(s->reader), BB_STR_ARG(by));
    bb_out_printf(&s->out, "%-26s %-10s %-5s %14s %14s  %s\n", "column", "type", "null", "compressed",
                  "uncompressed", "encodings");
    for (size_t c = 0; c < bb_pq_reader_columns(s->reader); c++) {
        const struct bb_pq_read_column *column = bb_pq_reader_column(s->reader, c);
        int64_t small = 0, large = 0;
        uint32_t used = 0;
        for (size_t g = 0; g < groups; g++) {
            const struct bb_pq_read_chunk *chunk = bb_pq_group_chunk(s->reader, g, c);
            small += chunk->total_compressed_nbytes;
            large += chunk->total_uncompressed_nbytes;
            used |= chunk->encodings;
        }
        bb_out_printf(&s->out, "%-26.*s %-10s %-5s %14lld %14lld ", BB_STR_ARG(column->name), types[column->type],
                      column->nullable ? "yes" : "no", (long long)small, (long long)large);
        for (size_t e = 0; e < BB_ARRAY_LEN(encodings); e++)
            if (used & encodings[e].bit) bb_out_printf(&s->out, " %s", encodings[e].name);
        bb_out_put(&s->out, BB_STR("\n"));
    }
    if (ledger.p) {
        bb_out_put(&s->out, BB_STR("\nledger: "));
        bb_out_put(&s->out, ledger);
        bb_out_put(&s->out, BB_STR("\n"));
    }
}

/* The operator's zone is that of the ledger's iso; without one datetime_local is shown in UTC. */
static void find_zone(struct show *s)
{
    struct bb_str ledger = bb_pq_reader_kv(s->reader, "busbar.ledger"), mark = BB_STR("\"iso\":\"");
    const char *at = ledger.p ? bb_str_find_nocase(ledger, mark) : NULL, *end;
    struct bb_error ignored;
    int iso;
    if (!at) return;
    at += mark.n;
    end = memchr(at, '"', (size_t)(ledger.p + ledger.n - at));
    iso = end ? bb_iso_of((struct bb_str){ at, (size_t)(end - at) }) : -1;
    if (iso >= 0 && bb_zone_open(bb_iso_infos[iso].zone_name, NULL, &s->budget, &s->zone, &ignored) != BB_OK)
        s->zone = NULL;
}

enum busbar_result busbar_show(const struct busbar_show_options *options, char *stats_text, busbar_write write,
                               void *ctx, struct busbar_error *error)
{
    struct show s = { .o = options };
    struct bb_error err, out_err;
    enum bb_status status, out_status;
    if (options->size != sizeof *options)
        return bb_leave(bb_fail(&err, BB_MISUSE, "busbar_show_options.size is %zu, expected %zu", options->size,
                                sizeof *options),
                        &err, error);
    bb_budget_init(&s.budget, 0, 0);
    status = bb_pq_reader_open(options->path, &s.budget, &s.reader, &err);
    if (status != BB_OK) return bb_leave(status == BB_SKIP ? BB_IO : status, &err, error);
    find_zone(&s);
    bb_out_init(&s.out, write, ctx, &s.budget);
    if (options->describe)
        describe(&s);
    else
        status = show_rows(&s, &err);
    out_status = bb_out_end(&s.out, &out_err);
    if (status == BB_OK && out_status != BB_OK) err = out_err, status = out_status;
    if (stats_text) {
        char part[BB_AMOUNT_TEXT], all[BB_AMOUNT_TEXT];
        snprintf(stats_text, 256, "read %s of %s, %zu of %zu row groups",
                 bb_size_text(bb_pq_reader_bytes_read(s.reader), " ", part),
                 bb_size_text(bb_pq_reader_file_nbytes(s.reader), " ", all), s.groups_read,
                 bb_pq_reader_groups(s.reader));
    }
    bb_zone_close(s.zone);
    bb_pq_reader_close(s.reader);
    bb_free(s.sample);
    return bb_leave(status == BB_SKIP ? BB_IO : status, &err, error);
}
