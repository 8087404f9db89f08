#include "convert/verify_rows.h"

#include "base/hash.h"
#include "convert/row_scan.h"
#include "table/columns.h"
#include "base/decimal.h"
#include "time/stamp.h"

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
    /* per instant */
    int64_t instant;
    struct bb_local local;
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

static struct bb_str ledger_text(struct bb_str ledger, const char *key)
{
    char mark[64];
    const char *p, *end;
    snprintf(mark, sizeof mark, "\"%s\":", key);
    p = bb_str_find_nocase(ledger, bb_str_of(mark));
    if (!p) return (struct bb_str){ NULL, 0 };
    p += strlen(mark);
    if (*p == '"') p++;
    for (end = p; end < ledger.p + ledger.n && *end != '"' && *end != ',' && *end != '}';) end++;
    return (struct bb_str){ p, (size_t)(end - p) };
}

static int64_t ledger_int(struct bb_str ledger, const char *key)
{
    struct bb_str text = ledger_text(ledger, key);
    int64_t value = -1;
    if (!text.p || bb_integer_parse(text.p, text.n, &value) != 0) return -1;
    return value;
}

static enum bb_status identify(struct check *c, struct bb_error *err)
{
    struct bb_str ledger = bb_pq_reader_kv(c->reader, "busbar.ledger"), name;
    char expected[64];
    int iso;
    if (!ledger.p) return bb_fail(err, BB_SKIP, "%s has no ledger in its footer: not a file of a lake", c->path);
    name = ledger_text(ledger, "iso");
    iso = name.p ? bb_iso_of(name) : -1;
    if (iso < 0) return bb_fail(err, BB_SKIP, "%s: the ledger names no operator", c->path);
    c->dataset.iso = (enum bb_iso)iso;
    name = ledger_text(ledger, "dataset");
    if (!name.p || !bb_dataset_parse(name, &c->dataset, &c->half))
        return bb_fail(err, BB_SKIP, "%s: the ledger names no dataset", c->path);
    c->year = (int)ledger_int(ledger, "year");
    if (ledger_int(ledger, "rows") != bb_pq_reader_rows(c->reader))
        problem(c, "", "the ledger counts %lld rows, the file holds %lld", (long long)ledger_int(ledger, "rows"),
                (long long)bb_pq_reader_rows(c->reader));
    snprintf(expected, sizeof expected, "%.*s_%d.parquet", BB_STR_ARG(name), c->year);
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
    c->local = bb_zone_local(c->zone, utc / c->unit);
    c->n_seen = 0;
    c->have_last = 0;
}

static void check_times(struct check *c, const struct bb_row_scan *scan, size_t i)
{
    int energy = c->dataset.kind == BB_ENERGY;
    int64_t utc = int_at(c, scan, 0, i);
    struct bb_date day = bb_date_of(c->local.wall.day);
    if (int_at(c, scan, 1, i) != utc) problem(c, "datetime_local", "is another instant than datetime_utc");
    if (int_at(c, scan, 2, i) != utc) problem(c, "interval_start_utc", "differs from datetime_utc");
    if (int_at(c, scan, 3, i) != utc + c->dataset.minutes * 60 * c->unit)
        problem(c, "interval_end_utc", "is not %d minutes after the start", c->dataset.minutes);
    if (int_at(c, scan, 4, i) != c->local.wall.day)
        problem(c, "delivery_date", "is not the local day of the start");
    if (day.year != c->year) problem(c, "delivery_date", "belongs into the file of %d", day.year);
    if (int_at(c, scan, 5, i) != c->local.wall.second / 3600 + 1)
        problem(c, "delivery_hour", "is not the local hour ending of the start");
    if (energy && int_at(c, scan, BB_COL_DELIVERY_INTERVAL, i) !=
                      (c->dataset.minutes == 60 ? 0 : c->local.wall.second % 3600 / 60 / c->dataset.minutes + 1))
        problem(c, "delivery_interval", "is not the number of the interval in its hour");
    if (int_at(c, scan, energy ? BB_COL_INTERVAL_MINUTES : BB_COL_AS_INTERVAL_MINUTES, i) != c->dataset.minutes)
        problem(c, "interval_minutes", "is not %d", c->dataset.minutes);
}

static void check_constants(struct check *c, const struct bb_row_scan *scan, size_t i)
{
    int energy = c->dataset.kind == BB_ENERGY, iso = energy ? BB_COL_ISO : BB_COL_AS_ISO;
    if (c->at[iso] >= 0 && !bb_str_is(text_at(c, scan, iso, i), bb_iso_infos[c->dataset.iso].name))
        problem(c, "iso", "is not %s", bb_iso_infos[c->dataset.iso].name);
    if (!bb_str_is(text_at(c, scan, energy ? BB_COL_MARKET_TYPE : BB_COL_AS_MARKET_TYPE, i),
                   bb_market_names[c->dataset.market]))
        problem(c, "market_type", "is not %s", bb_market_names[c->dataset.market]);
    if (!energy) return;
    if (!bb_str_is(text_at(c, scan, BB_COL_DST_FLAG, i), c->local.second_of_two ? "Y" : "N"))
        problem(c, "dst_flag", "should be %s", c->local.second_of_two ? "Y" : "N");
    for (int t = 0; t < BB_N_TYPE; t++)
        if (bb_str_is(text_at(c, scan, BB_COL_LOCATION_TYPE, i), bb_type_names[t])) {
            if (bb_type_half((enum bb_type)t) != c->half)
                problem(c, "settlement_location_type", "%s belongs into the other half", bb_type_names[t]);
            return;
        }
    problem(c, "settlement_location_type", "is none of the normalised types");
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
    BB_TRY(bb_row_scan_open(&scan, c->reader, c->group, c->scanned, c->n_scanned, err));
    for (c->row = 0; (status = bb_row_scan_next(&scan, &n, err)) == BB_OK;) {
        for (size_t i = 0; i < n && status == BB_OK; i++, c->row++) {
            int64_t utc = int_at(c, &scan, 0, i);
            if (utc != c->instant || (c->row == 0 && c->group == 0)) {
                new_instant(c, utc);
                if (c->seen) memset(c->seen, 0, c->cap_seen * sizeof *c->seen);
            }
            check_times(c, &scan, i);
            check_constants(c, &scan, i);
            check_numbers(c, &scan, i);
            status = check_key(c, &scan, i, err);
        }
        if (status != BB_OK || c->n_problems >= c->max_problems) break;
    }
    bb_row_scan_close(&scan);
    return status == BB_EOF ? BB_OK : status;
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
    for (c->group = 0; c->group < bb_pq_reader_groups(c->reader) && c->n_problems < c->max_problems; c->group++)
        BB_TRY(check_group(c, err));
    return BB_OK;
}

enum bb_status bb_verify_rows(const char *path, struct bb_budget *budget, size_t max_problems,
                              bb_pq_on_problem on_problem, void *ctx, int64_t *rows_ret, struct bb_error *err)
{
    struct check c = {
        .path = path, .budget = budget, .max_problems = max_problems, .on_problem = on_problem, .ctx = ctx
    };
    enum bb_status status = bb_pq_reader_open(path, budget, &c.reader, err);
    if (status != BB_OK) return status;
    bb_buf_init(&c.last_name, budget, (size_t)1 << 20);
    bb_buf_init(&c.last_id, budget, (size_t)1 << 20);
    status = check_file(&c, err);
    *rows_ret = bb_pq_reader_rows(c.reader);
    bb_zone_close(c.zone);
    bb_free(c.seen);
    bb_buf_reset(&c.last_name);
    bb_buf_reset(&c.last_id);
    bb_pq_reader_close(c.reader);
    return status;
}
