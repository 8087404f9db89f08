#include "convert/quality_rows.h"

#include "table/columns.h"

#include <math.h>
#include <stdio.h>

enum { TIME, NAME, ID, ZONE, TYPE, VOLTAGE, UNIT, VALUE, LAST_VALUE = VALUE + BB_N_VALUES - 1, N_FIELDS };

struct bb_quality_rows {
    struct bb_budget *budget;
    struct bb_places *places;
    struct bb_quality *quality;
    int columns[N_FIELDS],
        at[N_FIELDS]; /* of the file, and their places in the scan; -1: this kind of file has no such column */
    int ns, energy;
    /* places come in the same order in every instant: after each one, the one that followed it last time is tried first */
    struct bb_place_key *keys;
    uint32_t *follower;
    size_t n_keys, cap_keys, cap_follower;
    uint32_t previous;
};

static enum bb_status find_columns(struct bb_quality_rows *q, struct bb_pq_reader *reader, struct bb_error *err)
{
    static const char *const energy[N_FIELDS] = { "datetime_utc",
                                                  "settlement_location",
                                                  "settlement_location_id",
                                                  "zone",
                                                  "settlement_location_type",
                                                  "voltage_kv",
                                                  NULL,
                                                  "lmp_total",
                                                  "lmp_energy",
                                                  "lmp_congestion",
                                                  "lmp_loss" };
    static const char *const ancillary[N_FIELDS] = {
        "datetime_utc", "as_product", "as_region", "as_product_standard",
        NULL,           NULL,         "unit",      "market_clearing_price",
        NULL,           NULL,         NULL
    };
    for (int f = 0; f < N_FIELDS; f++) {
        const char *name = q->energy ? energy[f] : ancillary[f];
        const struct bb_pq_read_column *c;
        int column = name ? bb_pq_reader_find(reader, name) : -1,
            is_text = f == NAME || f == ID || f == ZONE || f == TYPE || f == UNIT;
        q->columns[f] = q->at[f] = -1;
        if (!name) continue;
        if (column < 0) return bb_fail(err, BB_SKIP, "there is no column %s", name);
        c = bb_pq_reader_column(reader, (size_t)column);
        if (c->type != (f == TIME ? BB_PQ_INT64 : is_text ? BB_PQ_BYTE_ARRAY : BB_PQ_DOUBLE))
            return bb_fail(err, BB_SKIP, "column %s is of an unexpected type", name);
        if (f == TIME) q->ns = c->logical == BB_PQ_TIMESTAMP_NS;
        q->columns[f] = column;
    }
    return BB_OK;
}

enum bb_status bb_quality_rows_new(struct bb_pq_reader *reader, const struct bb_ledger *ledger,
                                   const struct bb_zone *zone, struct bb_budget *budget,
                                   struct bb_quality_rows **rows_ret, struct bb_error *err)
{
    struct bb_quality_rows *q = bb_calloc(budget, sizeof *q);
    enum bb_status status;
    if (!q) return bb_fail_budget(err, budget, "the quality of a file");
    q->budget = budget;
    q->energy = ledger->dataset.kind == BB_ENERGY;
    q->previous = UINT32_MAX;
    q->places = bb_places_new(budget);
    status = q->places ? find_columns(q, reader, err) : bb_fail_budget(err, budget, "the list of locations");
    if (status == BB_OK)
        status =
            bb_quality_new(budget, &ledger->dataset, ledger->half, ledger->year, zone, q->places, &q->quality, err);
    if (status != BB_OK) {
        bb_quality_rows_free(q);
        return status;
    }
    *rows_ret = q;
    return BB_OK;
}

void bb_quality_rows_free(struct bb_quality_rows *q)
{
    if (!q) return;
    bb_quality_free(q->quality);
    bb_places_free(q->places);
    bb_free(q->keys);
    bb_free(q->follower);
    bb_free(q);
}

size_t bb_quality_rows_columns(const struct bb_quality_rows *q, int columns[BB_QUALITY_MAX_COLUMNS])
{
    size_t n = 0;
    for (int f = 0; f < N_FIELDS; f++)
        if (q->columns[f] >= 0) columns[n++] = q->columns[f];
    return n;
}

void bb_quality_rows_scanned(struct bb_quality_rows *q, const int *columns, size_t n)
{
    for (int f = 0; f < N_FIELDS; f++) {
        q->at[f] = -1;
        for (size_t i = 0; i < n && q->columns[f] >= 0; i++)
            if (columns[i] == q->columns[f]) q->at[f] = (int)i;
    }
}

static inline struct bb_str text_at(const struct bb_quality_rows *q, const struct bb_row_scan *scan, int field,
                                    size_t i)
{
    const struct bb_pq_values *v = q->at[field] < 0 ? NULL : &scan->at[q->at[field]];
    return v && v->valid[i] ? v->v.str[i] : (struct bb_str){ "", 0 };
}

static inline double voltage_at(const struct bb_quality_rows *q, const struct bb_row_scan *scan, size_t i)
{
    const struct bb_pq_values *v = q->at[VOLTAGE] < 0 ? NULL : &scan->at[q->at[VOLTAGE]];
    return v && v->valid[i] ? v->v.f64[i] : NAN;
}

static inline int same_voltage(double a, double b) { return a == b || (a != a && b != b); }

static enum bb_type type_of(struct bb_str name)
{
    for (int t = 0; t < BB_N_TYPE; t++)
        if (bb_str_is(name, bb_type_names[t])) return (enum bb_type)t;
    return BB_TYPE_NODE;
}

static int is_key_of(const struct bb_quality_rows *q, const struct bb_row_scan *scan, size_t i,
                     const struct bb_place_key *k)
{
    if (!bb_str_eq(k->name, text_at(q, scan, NAME, i)) || !bb_str_eq(k->id, text_at(q, scan, ID, i)) ||
        !bb_str_eq(k->zone, text_at(q, scan, ZONE, i)))
        return 0;
    if (!q->energy) return bb_str_eq(k->unit, text_at(q, scan, UNIT, i));
    return bb_str_is(text_at(q, scan, TYPE, i), bb_type_names[k->type]) &&
           same_voltage(k->voltage_kv, voltage_at(q, scan, i));
}

/* A place that does not follow the one before it as it did last time. */
static enum bb_status look_up(struct bb_quality_rows *q, const struct bb_row_scan *scan, size_t i,
                              uint32_t *place_ret, struct bb_error *err)
{
    struct bb_buf identity;
    struct bb_place_key key = { .name = text_at(q, scan, NAME, i),
                                .id = text_at(q, scan, ID, i),
                                .zone = text_at(q, scan, ZONE, i),
                                .unit = text_at(q, scan, UNIT, i),
                                .type = q->energy ? type_of(text_at(q, scan, TYPE, i)) : BB_TYPE_NODE,
                                .voltage_kv = voltage_at(q, scan, i) };
    enum bb_status status;
    size_t before = q->cap_follower;
    bb_buf_init(&identity, q->budget, SIZE_MAX / 2);
    key.identity = key.id.n ? key.id : key.name;
    if (!q->energy) { /* as the markets make it: a product in a region */
        if (!bb_buf_put(&identity, key.name.p, key.name.n) || !bb_buf_putc(&identity, '\x1f') ||
            !bb_buf_put(&identity, key.id.p, key.id.n))
            return bb_buf_reset(&identity), bb_fail_budget(err, q->budget, "the list of locations");
        key.identity = bb_buf_str(&identity);
    }
    status = bb_places_intern(q->places, &key, place_ret, err);
    bb_buf_reset(&identity);
    BB_TRY(status);
    if (!bb_grow(q->budget, (void **)&q->keys, &q->cap_keys, *place_ret + (size_t)1, sizeof *q->keys) ||
        !bb_grow(q->budget, (void **)&q->follower, &q->cap_follower, *place_ret + (size_t)1, sizeof *q->follower))
        return bb_fail_budget(err, q->budget, "the list of locations");
    for (size_t k = before; k < q->cap_follower; k++) q->follower[k] = UINT32_MAX;
    for (; q->n_keys <= *place_ret; q->n_keys++) q->keys[q->n_keys] = *bb_places_at(q->places, (uint32_t)q->n_keys);
    return BB_OK;
}

static inline enum bb_status place_at(struct bb_quality_rows *q, const struct bb_row_scan *scan, size_t i,
                                      uint32_t *place_ret, struct bb_error *err)
{
    uint32_t guess = q->previous == UINT32_MAX ? UINT32_MAX : q->follower[q->previous];
    if (guess != UINT32_MAX && is_key_of(q, scan, i, &q->keys[guess])) {
        *place_ret = guess;
    } else {
        BB_TRY(look_up(q, scan, i, place_ret, err));
        if (q->previous != UINT32_MAX) q->follower[q->previous] = *place_ret;
    }
    q->previous = *place_ret;
    return BB_OK;
}

enum bb_status bb_quality_rows_add(struct bb_quality_rows *q, const struct bb_row_scan *scan, size_t n,
                                   struct bb_error *err)
{
    struct bb_row batch[BB_SCAN_BATCH_ROWS];
    enum bb_status status;
    for (size_t from = 0; from < n;) {
        size_t part = BB_MIN(n - from, (size_t)BB_SCAN_BATCH_ROWS);
        for (size_t i = 0; i < part; i++) {
            struct bb_row *row = &batch[i];
            int64_t utc_s = scan->at[q->at[TIME]].v.i64[from + i] / (q->ns ? 1000000000 : 1000000);
            if (utc_s < 0 || utc_s >= UINT32_MAX)
                return bb_fail(err, BB_SKIP, "an instant lies outside of 1970 … 2105");
            *row = (struct bb_row){ .start_utc_s = (uint32_t)utc_s };
            for (int v = 0; v < BB_N_VALUES; v++) {
                const struct bb_pq_values *values = q->at[VALUE + v] < 0 ? NULL : &scan->at[q->at[VALUE + v]];
                if (!values || !values->valid[from + i]) continue;
                row->present |= (uint8_t)(1 << v);
                row->value[v] = values->v.f64[from + i];
            }
            BB_TRY(place_at(q, scan, from + i, &row->place, err));
        }
        status = bb_quality_add(q->quality, batch, part, err);
        if (status == BB_BUG) return bb_fail_as(err, BB_SKIP); /* here it is the file that is wrong */
        BB_TRY(status);
        from += part;
    }
    return BB_OK;
}

enum bb_status bb_quality_rows_group_end(struct bb_quality_rows *q, struct bb_error *err)
{
    return bb_quality_group_end(q->quality, err);
}

enum bb_status bb_quality_rows_finish(struct bb_quality_rows *q, struct bb_quality_state **state_ret,
                                      struct bb_error *err)
{
    const struct bb_quality_state *state;
    BB_TRY(bb_quality_finish(q->quality, &state, err));
    *state_ret = bb_quality_take(q->quality);
    return BB_OK;
}
