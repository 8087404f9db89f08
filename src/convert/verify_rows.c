#include "convert/verify_rows.h"

#include "base/hash.h"
#include "convert/quality_rows.h"
#include "convert/verify_ledger.h"
#include "convert/verify_quality.h"
#include "table/columns.h"
#include "time/stamp.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

struct check {
    const char *path;
    struct bb_budget *budget;
    struct bb_pq_reader *reader;
    size_t max_problems, n_problems;
    bb_pq_on_problem on_problem;
    void *ctx;
    struct bb_dataset dataset;
    enum bb_half half;
    int year;
    struct bb_zone *zone;
    const struct bb_column_info *infos;
    size_t n_columns;
    int64_t unit;
    int columns[BB_LAKE_MAX_COLUMNS]; /* file column of each contract column, -1: lives in the path */
    int at[BB_LAKE_MAX_COLUMNS];      /* its place in the scan, -1 likewise */
    int scanned[BB_LAKE_MAX_COLUMNS];
    size_t n_scanned;
    size_t group;
    int64_t row;
    struct bb_verify_ledger ledger;
    struct bb_quality_rows *quality;
    struct bb_verify_quality stored_quality;
    /* per instant */
    int64_t instant, end;
    struct bb_local local;
    int year_of_day, hour, interval;
    enum bb_type type; /* of the row before */
    /* the key before, copied: the cursor's texts do not live that long */
    struct bb_buf last_name, last_id;
    int have_last, last_has_id;
    /* identities of this instant */
    uint64_t *seen;
    size_t n_seen, cap_seen;
};

static void problem(struct check *c, const char *column, const char *fmt, ...) BB_PRINTF(3, 4);
static void problem(struct check *c, const char *column, const char *fmt, ...)
{
    char where[160], what[512];
    va_list args;
    if (c->n_problems++ >= c->max_problems) return;
    snprintf(where, sizeof where, "row group %zu, row %lld%s%s", c->group, (long long)c->row,
             *column ? ", column " : "", column);
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    c->on_problem(c->ctx, where, what);
}

/* ---- what the file says it is ---- */

/* Problems that others find, with a place of their own. */
static void other_problem(void *ctx, const char *where, const char *what)
{
    struct check *c = ctx;
    if (c->n_problems++ < c->max_problems) c->on_problem(c->ctx, where, what);
}

static enum bb_status identify(struct check *c, struct bb_error *err)
{
    enum bb_status status = bb_verify_ledger_open(&c->ledger, c->reader, c->budget, other_problem, c, err);
    const struct bb_ledger *head = &c->ledger.head;
    char name[64], expected[96];
    if (status == BB_SKIP) return bb_fail_prefix(err, "%s", c->path);
    BB_TRY(status);
    c->dataset = head->dataset;
    c->half = head->half;
    c->year = head->year;
    bb_dataset_name(&c->dataset, c->half, name);
    snprintf(expected, sizeof expected, "%s_%d.parquet", name, c->year);
    if (!bb_str_is(bb_path_base(bb_str_of(c->path)), expected))
        problem(c, "", "the file's name should be %s", expected);
    return BB_OK;
}

static int logical_fits(enum bb_column_kind kind, const struct bb_pq_read_column *column)
{
    switch (kind) {
    case BB_KIND_TIME:
    case BB_KIND_TIME_LOCAL: return column->logical == BB_PQ_TIMESTAMP_US || column->logical == BB_PQ_TIMESTAMP_NS;
    case BB_KIND_DATE: return column->logical == BB_PQ_DATE;
    case BB_KIND_TINY: return column->logical == BB_PQ_INT8 || column->logical == BB_PQ_UINT8;
    case BB_KIND_SMALL: return column->logical == BB_PQ_INT16 || column->logical == BB_PQ_UINT16;
    case BB_KIND_INT: return column->logical == BB_PQ_INT_32 || column->logical == BB_PQ_UINT_32;
    case BB_KIND_TEXT: return column->logical == BB_PQ_STRING;
    case BB_KIND_PRICE:
    case BB_KIND_NUMBER: return column->type == BB_PQ_DOUBLE;
    case BB_KIND_FLAG: return column->type == BB_PQ_BOOLEAN;
    }
    return 0;
}

static void check_schema(struct check *c)
{
    size_t n_file = bb_pq_reader_columns(c->reader), next = 0;
    c->infos = bb_columns(c->dataset.kind, &c->n_columns);
    for (size_t i = 0; i < c->n_columns; i++) {
        const struct bb_pq_read_column *column = next < n_file ? bb_pq_reader_column(c->reader, next) : NULL;
        c->columns[i] = -1;
        if (!column || !bb_str_is(column->name, c->infos[i].name)) {
            if (strcmp(c->infos[i].name, "iso") == 0 && strstr(c->path, "/iso="))
                continue; /* hive layout: it lives in the path */
            problem(c, c->infos[i].name, "the column is missing or not in its place (number %zu)", i + 1);
            continue;
        }
        if (!logical_fits(c->infos[i].kind, column))
            problem(c, c->infos[i].name, "the column has another type than the contract says");
        c->columns[i] = (int)next++;
    }
    if (next < n_file) problem(c, "", "%zu columns that the contract does not know", n_file - next);
}

/* ---- rows ---- */

static int64_t int_at(const struct check *c, const struct bb_row_scan *scan, int column, size_t i)
{
    return scan->at[c->at[column]].v.i64[i];
}
static struct bb_str text_at(const struct check *c, const struct bb_row_scan *scan, int column, size_t i)
{
    const struct bb_pq_values *v = &scan->at[c->at[column]];
    return v->valid[i] ? v->v.str[i] : (struct bb_str){ NULL, 0 };
}

static void new_instant(struct check *c, int64_t utc)
{
    if (c->have_last && utc < c->instant) problem(c, "datetime_utc", "goes back in time");
    c->instant = utc;
    c->end = utc + c->dataset.minutes * 60 * c->unit;
    c->local = bb_zone_local(c->zone, utc / c->unit);
    c->year_of_day = bb_date_of(c->local.wall.day).year;
    c->hour = c->local.wall.second / 3600 + 1;
    c->interval = c->dataset.minutes == 60 ? 0 : c->local.wall.second % 3600 / 60 / c->dataset.minutes + 1;
    c->n_seen = 0;
    c->have_last = 0;
}

static void check_times(struct check *c, const struct bb_row_scan *scan, size_t i)
{
    int energy = c->dataset.kind == BB_ENERGY;
    int64_t utc = int_at(c, scan, 0, i);
    if (int_at(c, scan, 1, i) != utc) problem(c, "datetime_local", "is another instant than datetime_utc");
    if (int_at(c, scan, 2, i) != utc) problem(c, "interval_start_utc", "differs from datetime_utc");
    if (int_at(c, scan, 3, i) != c->end)
        problem(c, "interval_end_utc", "is not %d minutes after the start", c->dataset.minutes);
    if (int_at(c, scan, 4, i) != c->local.wall.day)
        problem(c, "delivery_date", "is not the local day of the start");
    if (c->year_of_day != c->year) problem(c, "delivery_date", "belongs into the file of %d", c->year_of_day);
    if (int_at(c, scan, 5, i) != c->hour) problem(c, "delivery_hour", "is not the local hour ending of the start");
    if (energy && int_at(c, scan, BB_COL_DELIVERY_INTERVAL, i) != c->interval)
        problem(c, "delivery_interval", "is not the number of the interval in its hour");
    if (int_at(c, scan, energy ? BB_COL_INTERVAL_MINUTES : BB_COL_AS_INTERVAL_MINUTES, i) != c->dataset.minutes)
        problem(c, "interval_minutes", "is not %d", c->dataset.minutes);
}

/* One of few words. Most rows have that of the row before, at the same place in the dictionary. */
static int is_word(const struct check *c, const struct bb_row_scan *scan, int column, size_t i, const char *word)
{
    const struct bb_pq_values *v = &scan->at[c->at[column]];
    if (i > 0 && v->valid[i] && v->valid[i - 1] && v->v.str[i].p == v->v.str[i - 1].p &&
        v->v.str[i].n == v->v.str[i - 1].n)
        return 1; /* it was told of the first of them if it is not */
    return bb_str_is(text_at(c, scan, column, i), word);
}

static void check_type(struct check *c, const struct bb_row_scan *scan, size_t i)
{
    struct bb_str type = text_at(c, scan, BB_COL_LOCATION_TYPE, i);
    if (!bb_str_is(type, bb_type_names[c->type])) {
        int t = 0;
        while (t < BB_N_TYPE && !bb_str_is(type, bb_type_names[t])) t++;
        if (t == BB_N_TYPE) {
            problem(c, "settlement_location_type", "is none of the normalised types");
            return;
        }
        c->type = (enum bb_type)t;
    }
    if (bb_type_half(c->type) != c->half)
        problem(c, "settlement_location_type", "%s belongs into the other half", bb_type_names[c->type]);
}

/* first: of its instant. */
static void check_constants(struct check *c, const struct bb_row_scan *scan, size_t i, int first)
{
    int energy = c->dataset.kind == BB_ENERGY, iso = energy ? BB_COL_ISO : BB_COL_AS_ISO;
    const char *dst = c->local.second_of_two ? "Y" : "N";
    if (c->at[iso] >= 0 && !is_word(c, scan, iso, i, bb_iso_infos[c->dataset.iso].name))
        problem(c, "iso", "is not %s", bb_iso_infos[c->dataset.iso].name);
    if (!is_word(c, scan, energy ? BB_COL_MARKET_TYPE : BB_COL_AS_MARKET_TYPE, i,
                 bb_market_names[c->dataset.market]))
        problem(c, "market_type", "is not %s", bb_market_names[c->dataset.market]);
    if (!energy) return;
    if (first ? !bb_str_is(text_at(c, scan, BB_COL_DST_FLAG, i), dst) : !is_word(c, scan, BB_COL_DST_FLAG, i, dst))
        problem(c, "dst_flag", "should be %s", dst);
    check_type(c, scan, i);
}

static void check_numbers(struct check *c, const struct bb_row_scan *scan, size_t i)
{
    for (size_t k = 0; k < c->n_columns; k++) {
        const struct bb_pq_values *v = c->at[k] < 0 ? NULL : &scan->at[c->at[k]];
        if (!v) continue;
        if ((c->infos[k].kind != BB_KIND_PRICE && c->infos[k].kind != BB_KIND_NUMBER) || !v->valid[i]) continue;
        if (isnan(v->v.f64[i]) || isinf(v->v.f64[i]))
            problem(c, c->infos[k].name, "is not a finite number");
        else if (v->v.f64[i] == 0 && signbit(v->v.f64[i]))
            problem(c, c->infos[k].name, "is a negative zero");
    }
}

/* PJM names repeat: there the id is the key, and in name order equal ids need not be neighbours. */
static enum bb_status check_identity(struct check *c, struct bb_str id, struct bb_error *err)
{
    uint64_t hash = bb_hash64(id.p, id.n) | 1;
    for (size_t i = 0; c->cap_seen && i < c->cap_seen; i++) {
        uint64_t *slot = &c->seen[(hash + i) & (c->cap_seen - 1)];
        if (*slot == 0) break;
        if (*slot == hash) {
            problem(c, "settlement_location_id", "\"%.*s\" comes twice in one instant", BB_STR_ARG(id));
            return BB_OK;
        }
    }
    if ((c->n_seen + 1) * 2 > c->cap_seen) {
        size_t cap = c->cap_seen ? c->cap_seen * 2 : 1024;
        uint64_t *fresh = bb_calloc(c->budget, cap * sizeof *fresh);
        if (!fresh) return bb_fail_budget(err, c->budget, "the locations of one instant");
        for (size_t i = 0; i < c->cap_seen; i++)
            if (c->seen[i]) {
                size_t at = c->seen[i] & (cap - 1);
                while (fresh[at]) at = (at + 1) & (cap - 1);
                fresh[at] = c->seen[i];
            }
        bb_free(c->seen);
        c->seen = fresh;
        c->cap_seen = cap;
    }
    for (size_t at = hash & (c->cap_seen - 1);; at = (at + 1) & (c->cap_seen - 1))
        if (c->seen[at] == 0) {
            c->seen[at] = hash;
            break;
        }
    c->n_seen++;
    return BB_OK;
}

static enum bb_status check_key(struct check *c, const struct bb_row_scan *scan, size_t i, struct bb_error *err)
{
    int energy = c->dataset.kind == BB_ENERGY;
    struct bb_str name = text_at(c, scan, energy ? BB_COL_LOCATION : BB_COL_AS_PRODUCT, i);
    struct bb_str id = text_at(c, scan, energy ? BB_COL_LOCATION_ID : BB_COL_AS_REGION, i);
    if (c->have_last) {
        int order = bb_str_cmp(bb_buf_str(&c->last_name), name);
        if (order == 0)
            order = !id.p && !c->last_has_id ? 0
                    : !c->last_has_id        ? -1
                    : !id.p                  ? 1
                                             : bb_str_cmp(bb_buf_str(&c->last_id), id);
        if (order > 0)
            problem(c, energy ? "settlement_location" : "as_product", "\"%.*s\" is not in order", BB_STR_ARG(name));
        if (order == 0)
            problem(c, energy ? "settlement_location" : "as_product", "\"%.*s\" comes twice in one instant",
                    BB_STR_ARG(name));
    }
    c->have_last = 1;
    c->last_has_id = id.p != NULL;
    c->last_name.n = c->last_id.n = 0;
    if (!bb_buf_put(&c->last_name, name.p, name.n) || !bb_buf_put(&c->last_id, id.p, id.n))
        return bb_fail_budget(err, c->budget, "a location's name");
    return energy && c->dataset.iso == BB_PJM && id.p ? check_identity(c, id, err) : BB_OK;
}

static enum bb_status check_group(struct check *c, struct bb_error *err)
{
    struct bb_row_scan scan;
    enum bb_status status;
    size_t n = 0;
    BB_TRY(bb_verify_ledger_group_begin(&c->ledger, c->group, err));
    BB_TRY(bb_row_scan_open(&scan, c->reader, c->group, c->scanned, c->n_scanned, err));
    for (c->row = 0; (status = bb_row_scan_next(&scan, &n, err)) == BB_OK;) {
        for (size_t i = 0; i < n && status == BB_OK; i++, c->row++) {
            int64_t utc = int_at(c, &scan, 0, i);
            bb_verify_ledger_row(&c->ledger, (uint32_t)(utc / c->unit));
            int first = utc != c->instant || (c->row == 0 && c->group == 0);
            if (first) {
                new_instant(c, utc);
                if (c->seen) memset(c->seen, 0, c->cap_seen * sizeof *c->seen);
            }
            check_times(c, &scan, i);
            check_constants(c, &scan, i, first);
            check_numbers(c, &scan, i);
            status = check_key(c, &scan, i, err);
        }
        /* rows that are no lake's have no quality: what is wrong with them is told already */
        if (status == BB_OK && c->n_problems == 0) status = bb_quality_rows_add(c->quality, &scan, n, err);
        if (status != BB_OK || c->n_problems >= c->max_problems) break;
    }
    bb_row_scan_close(&scan);
    if (status != BB_EOF) return status;
    bb_verify_ledger_group_end(&c->ledger);
    return bb_quality_rows_group_end(c->quality, err);
}

/* What the file says of itself, once its rows are known to be sound. */
static enum bb_status check_quality(struct check *c, struct bb_error *err)
{
    struct bb_quality_state *rescan = NULL;
    enum bb_status status;
    BB_TRY(bb_quality_rows_finish(c->quality, &rescan, err));
    c->stored_quality.path = c->path;
    c->stored_quality.reader = c->reader;
    c->stored_quality.head = &c->ledger.head;
    c->stored_quality.zone = c->zone;
    c->stored_quality.budget = c->budget;
    c->stored_quality.on_problem = other_problem;
    c->stored_quality.ctx = c;
    status = bb_verify_quality(&c->stored_quality, rescan, err);
    bb_quality_state_free(rescan);
    return status;
}

static enum bb_status check_file(struct check *c, struct bb_error *err)
{
    BB_TRY(identify(c, err));
    check_schema(c);
    if (c->n_problems) return BB_OK; /* the rows cannot be read by name */
    for (size_t i = 0; i < c->n_columns; i++) {
        c->at[i] = c->columns[i] < 0 ? -1 : (int)c->n_scanned;
        if (c->columns[i] >= 0) c->scanned[c->n_scanned++] = c->columns[i];
    }
    c->unit =
        bb_pq_reader_column(c->reader, (size_t)c->columns[0])->logical == BB_PQ_TIMESTAMP_NS ? 1000000000 : 1000000;
    BB_TRY(bb_zone_open(bb_iso_infos[c->dataset.iso].zone_name, NULL, c->budget, &c->zone, err));
    BB_TRY(bb_quality_rows_new(c->reader, &c->ledger.head, c->zone, c->budget, &c->quality, err));
    bb_quality_rows_scanned(c->quality, c->scanned, c->n_scanned);
    for (c->group = 0; c->group < bb_pq_reader_groups(c->reader) && c->n_problems < c->max_problems; c->group++)
        BB_TRY(check_group(c, err));
    if (c->n_problems) return BB_OK;
    bb_verify_ledger_end(&c->ledger);
    return check_quality(c, err);
}

enum bb_status bb_verify_rows(const char *path, struct bb_budget *budget, size_t max_problems,
                              bb_pq_on_problem on_problem, void *ctx, int64_t *rows_ret, struct bb_error *err)
{
    struct check c = {
        .path = path, .budget = budget, .max_problems = max_problems, .on_problem = on_problem, .ctx = ctx
    };
    enum bb_status status;
    if (stat(path, &c.stored_quality.before) != 0)
        return bb_fail_errno(err, BB_IO, errno, "%s: cannot be read", path);
    BB_TRY(bb_pq_reader_open(path, budget, &c.reader, err));
    bb_buf_init(&c.last_name, budget, (size_t)1 << 20);
    bb_buf_init(&c.last_id, budget, (size_t)1 << 20);
    status = check_file(&c, err);
    *rows_ret = bb_pq_reader_rows(c.reader);
    bb_quality_rows_free(c.quality);
    bb_verify_ledger_close(&c.ledger);
    bb_zone_close(c.zone);
    bb_free(c.seen);
    bb_buf_reset(&c.last_name);
    bb_buf_reset(&c.last_id);
    bb_pq_reader_close(c.reader);
    return status;
}
