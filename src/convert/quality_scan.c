/* A quality state from the rows of a file, for files that carry none, and as a second opinion. */
#include "convert/lake_file.h"
#include "convert/row_scan.h"
#include "table/columns.h"

#include <math.h>

enum { TIME, NAME, ID, ZONE, TYPE, VOLTAGE, UNIT, VALUE, LAST_VALUE = VALUE + BB_N_VALUES - 1, N_FIELDS };

struct scan {
    struct bb_pq_reader *reader;
    struct bb_places *places;
    struct bb_quality *quality;
    int columns[N_FIELDS], at[N_FIELDS]; /* -1: this kind of file has no such column */
    size_t n_columns;
    int ns;
    int energy;
};

static enum bb_status find_columns(struct scan *s, struct bb_error *err)
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
        const char *name = s->energy ? energy[f] : ancillary[f];
        const struct bb_pq_read_column *c;
        int column = name ? bb_pq_reader_find(s->reader, name) : -1,
            is_text = f == NAME || f == ID || f == ZONE || f == TYPE || f == UNIT;
        s->at[f] = -1;
        if (!name) continue;
        if (column < 0) return bb_fail(err, BB_SKIP, "there is no column %s", name);
        c = bb_pq_reader_column(s->reader, (size_t)column);
        if (c->type != (f == TIME ? BB_PQ_INT64 : is_text ? BB_PQ_BYTE_ARRAY : BB_PQ_DOUBLE))
            return bb_fail(err, BB_SKIP, "column %s is of an unexpected type", name);
        if (f == TIME) s->ns = c->logical == BB_PQ_TIMESTAMP_NS;
        s->at[f] = (int)s->n_columns;
        s->columns[s->n_columns++] = column;
    }
    return BB_OK;
}

static struct bb_str text_at(const struct scan *s, const struct bb_row_scan *rows, int field, size_t i)
{
    const struct bb_pq_values *v = s->at[field] < 0 ? NULL : &rows->at[s->at[field]];
    return v && v->valid[i] ? v->v.str[i] : (struct bb_str){ "", 0 };
}

static enum bb_type type_of(struct bb_str name)
{
    for (int t = 0; t < BB_N_TYPE; t++)
        if (bb_str_is(name, bb_type_names[t])) return (enum bb_type)t;
    return BB_TYPE_NODE;
}

static enum bb_status row_at(struct scan *s, const struct bb_row_scan *rows, size_t i, struct bb_row *row,
                             struct bb_error *err)
{
    struct bb_place_key key = { .name = text_at(s, rows, NAME, i),
                                .id = text_at(s, rows, ID, i),
                                .zone = text_at(s, rows, ZONE, i),
                                .unit = text_at(s, rows, UNIT, i),
                                .type = type_of(text_at(s, rows, TYPE, i)),
                                .voltage_kv = NAN };
    int64_t utc_s = rows->at[s->at[TIME]].v.i64[i] / (s->ns ? 1000000000 : 1000000);
    if (utc_s < 0 || utc_s >= UINT32_MAX) return bb_fail(err, BB_SKIP, "an instant lies outside of 1970 … 2105");
    if (s->at[VOLTAGE] >= 0 && rows->at[s->at[VOLTAGE]].valid[i])
        key.voltage_kv = rows->at[s->at[VOLTAGE]].v.f64[i];
    key.identity = s->energy && key.id.n ? key.id : key.name;
    *row = (struct bb_row){ .start_utc_s = (uint32_t)utc_s };
    for (int v = 0; v < BB_N_VALUES; v++) {
        const struct bb_pq_values *values = s->at[VALUE + v] < 0 ? NULL : &rows->at[s->at[VALUE + v]];
        if (!values || !values->valid[i]) continue;
        row->present |= (uint8_t)(1 << v);
        row->value[v] = values->v.f64[i];
    }
    return bb_places_intern(s->places, &key, &row->place, err);
}

static enum bb_status scan_group(struct scan *s, size_t group, struct bb_error *err)
{
    struct bb_row_scan rows;
    struct bb_row batch[BB_SCAN_BATCH_ROWS];
    size_t n = 0;
    enum bb_status status;
    BB_TRY(bb_row_scan_open(&rows, s->reader, group, s->columns, s->n_columns, err));
    while ((status = bb_row_scan_next(&rows, &n, err)) == BB_OK) {
        for (size_t i = 0; i < n && status == BB_OK; i++) status = row_at(s, &rows, i, &batch[i], err);
        if (status == BB_OK) status = bb_quality_add(s->quality, batch, n, err);
        if (status == BB_BUG) status = BB_SKIP; /* here it is the file that is wrong: disorder, another year */
        if (status != BB_OK) break;
    }
    bb_row_scan_close(&rows);
    return status == BB_EOF ? bb_quality_group_end(s->quality, err) : status;
}

enum bb_status bb_quality_scan(struct bb_pq_reader *reader, const struct bb_ledger *ledger,
                               struct bb_budget *budget, struct bb_quality_state **state_ret, struct bb_error *err)
{
    struct scan s = { .reader = reader, .energy = ledger->dataset.kind == BB_ENERGY };
    struct bb_zone *zone = NULL;
    const struct bb_quality_state *state;
    enum bb_status status;
    BB_TRY(find_columns(&s, err));
    BB_TRY(bb_zone_open(bb_iso_infos[ledger->dataset.iso].zone_name, NULL, budget, &zone, err));
    s.places = bb_places_new(budget);
    status = s.places ? bb_quality_new(budget, &ledger->dataset, ledger->half, ledger->year, zone, s.places,
                                       &s.quality, err)
                      : bb_fail_budget(err, budget, "the list of locations");
    for (size_t g = 0; g < bb_pq_reader_groups(reader) && status == BB_OK; g++) status = scan_group(&s, g, err);
    if (status == BB_OK) status = bb_quality_finish(s.quality, &state, err);
    if (status == BB_OK) *state_ret = bb_quality_take(s.quality);
    bb_quality_free(s.quality);
    bb_places_free(s.places);
    bb_zone_close(zone);
    return status;
}
