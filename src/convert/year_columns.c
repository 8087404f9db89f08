#include "convert/year_columns.h"
#include "convert/year_file.h"
#include "table/columns.h"

#include <math.h>

#define GATHER_ROWS 2048 /* rows gathered on the stack at a time: 16 KiB of doubles stay in the first-level cache */

static const int sorting_energy[] = { BB_COL_DATETIME_UTC, BB_COL_LOCATION, BB_COL_LOCATION_ID };
static const int sorting_ancillary[] = { BB_COL_AS_DATETIME_UTC, BB_COL_AS_PRODUCT, BB_COL_AS_REGION };

/* ---- schema ---- */

static struct bb_pq_column column_of(const struct bb_year_columns *y, size_t i)
{
    size_t n;
    const struct bb_column_info *info = &bb_columns(y->setup->dataset->kind, &n)[y->contract_of[i]];
    const struct bb_year_file_style *style = y->setup->style;
    struct bb_pq_column c = { .name = info->name, .nullable = info->nullable };
    switch (info->kind) {
    case BB_KIND_TIME:
    case BB_KIND_TIME_LOCAL:
        c.type = BB_PQ_INT64;
        c.logical = style->timestamp_ns ? BB_PQ_TIMESTAMP_NS : BB_PQ_TIMESTAMP_US;
        c.zone = info->kind == BB_KIND_TIME ? "UTC" : bb_iso_infos[y->setup->dataset->iso].zone_name;
        break;
    case BB_KIND_DATE: c.type = BB_PQ_INT32, c.logical = BB_PQ_DATE; break;
    case BB_KIND_TINY: c.type = BB_PQ_INT32, c.logical = style->unsigned_types ? BB_PQ_UINT8 : BB_PQ_INT8; break;
    case BB_KIND_SMALL: c.type = BB_PQ_INT32, c.logical = style->unsigned_types ? BB_PQ_UINT16 : BB_PQ_INT16; break;
    case BB_KIND_INT: c.type = BB_PQ_INT32, c.logical = style->unsigned_types ? BB_PQ_UINT_32 : BB_PQ_INT_32; break;
    case BB_KIND_TEXT: c.type = BB_PQ_BYTE_ARRAY, c.logical = BB_PQ_STRING; break;
    case BB_KIND_PRICE:
    case BB_KIND_NUMBER: c.type = BB_PQ_DOUBLE; break;
    case BB_KIND_FLAG: c.type = BB_PQ_BOOLEAN; break;
    }
    if (y->setup->dataset->kind == BB_ENERGY)
        c.bloom = y->contract_of[i] == BB_COL_LOCATION || y->contract_of[i] == BB_COL_LOCATION_ID;
    return c;
}

static int file_column(const struct bb_year_columns *y, int contract_column)
{
    for (size_t i = 0; i < y->n; i++)
        if (y->contract_of[i] == contract_column) return (int)i;
    return -1;
}

/* Columns that repeat another one are encoded once. */
static int twin_of(const struct bb_year_columns *y, size_t i)
{
    int column = y->contract_of[i];
    if (y->setup->dataset->kind == BB_ANCILLARY)
        return column == BB_COL_AS_DATETIME_LOCAL || column == BB_COL_AS_INTERVAL_START
                   ? file_column(y, BB_COL_AS_DATETIME_UTC)
                   : -1;
    if (column == BB_COL_DATETIME_LOCAL || column == BB_COL_INTERVAL_START)
        return file_column(y, BB_COL_DATETIME_UTC);
    if (column == BB_COL_SYSTEM_LAMBDA && bb_iso_infos[y->setup->dataset->iso].lambda_is_energy)
        return file_column(y, BB_COL_LMP_ENERGY);
    return -1;
}

/* Nobody interns while rows are encoded. Place codes carry texts; small enumerations of the file's own carry theirs by these. */
static struct bb_str place_name(void *ctx, uint32_t code) { return bb_places_at(ctx, code)->name; }
static struct bb_str or_null(struct bb_str text) { return text.n ? text : (struct bb_str){ NULL, 0 }; }
static struct bb_str place_id(void *ctx, uint32_t code) { return or_null(bb_places_at(ctx, code)->id); }
static struct bb_str place_zone(void *ctx, uint32_t code) { return or_null(bb_places_at(ctx, code)->zone); }
static struct bb_str place_unit(void *ctx, uint32_t code) { return bb_places_at(ctx, code)->unit; }
static struct bb_str place_type(void *ctx, uint32_t code)
{
    return bb_str_of(bb_type_names[bb_places_at(ctx, code)->type]);
}
static struct bb_str yes_or_no(void *ctx, uint32_t code)
{
    (void)ctx;
    return code ? BB_STR("Y") : BB_STR("N");
}
static struct bb_str iso_text(void *ctx, uint32_t code)
{
    (void)ctx;
    return bb_str_of(bb_iso_infos[code].name);
}
static struct bb_str market_text(void *ctx, uint32_t code)
{
    (void)ctx;
    return bb_str_of(bb_market_names[code]);
}

enum source_of_values {
    FROM_START,
    FROM_END,
    FROM_DAY,
    FROM_HOUR,
    FROM_INTERVAL,
    FROM_MINUTES,
    FROM_ISO,
    FROM_MARKET,
    FROM_DST,
    FROM_NAME,
    FROM_TYPE,
    FROM_ID,
    FROM_ZONE,
    FROM_UNIT,
    FROM_VOLTAGE,
    FROM_VALUE0,
    FROM_VALUE1,
    FROM_VALUE2,
    FROM_VALUE3,
    FROM_LAMBDA,
    FROM_REPORT,
    FROM_VERSION,
    FROM_CURRENT
};

static enum source_of_values origin(const struct bb_year_columns *y, size_t i)
{
    static const uint8_t energy[BB_N_ENERGY_COLUMNS] = {
        [BB_COL_DATETIME_UTC] = FROM_START,
        [BB_COL_DATETIME_LOCAL] = FROM_START,
        [BB_COL_INTERVAL_START] = FROM_START,
        [BB_COL_INTERVAL_END] = FROM_END,
        [BB_COL_DELIVERY_DATE] = FROM_DAY,
        [BB_COL_DELIVERY_HOUR] = FROM_HOUR,
        [BB_COL_DELIVERY_INTERVAL] = FROM_INTERVAL,
        [BB_COL_INTERVAL_MINUTES] = FROM_MINUTES,
        [BB_COL_ISO] = FROM_ISO,
        [BB_COL_MARKET_TYPE] = FROM_MARKET,
        [BB_COL_LOCATION] = FROM_NAME,
        [BB_COL_LOCATION_TYPE] = FROM_TYPE,
        [BB_COL_LOCATION_ID] = FROM_ID,
        [BB_COL_ZONE] = FROM_ZONE,
        [BB_COL_VOLTAGE] = FROM_VOLTAGE,
        [BB_COL_LMP_TOTAL] = FROM_VALUE0,
        [BB_COL_LMP_ENERGY] = FROM_VALUE1,
        [BB_COL_LMP_CONGESTION] = FROM_VALUE2,
        [BB_COL_LMP_LOSS] = FROM_VALUE3,
        [BB_COL_SYSTEM_LAMBDA] = FROM_LAMBDA,
        [BB_COL_DST_FLAG] = FROM_DST,
        [BB_COL_DATA_SOURCE] = FROM_REPORT,
        [BB_COL_VERSION] = FROM_VERSION,
        [BB_COL_IS_CURRENT] = FROM_CURRENT,
    };
    static const uint8_t ancillary[BB_N_ANCILLARY_COLUMNS] = {
        [BB_COL_AS_DATETIME_UTC] = FROM_START,
        [BB_COL_AS_DATETIME_LOCAL] = FROM_START,
        [BB_COL_AS_INTERVAL_START] = FROM_START,
        [BB_COL_AS_INTERVAL_END] = FROM_END,
        [BB_COL_AS_DELIVERY_DATE] = FROM_DAY,
        [BB_COL_AS_DELIVERY_HOUR] = FROM_HOUR,
        [BB_COL_AS_INTERVAL_MINUTES] = FROM_MINUTES,
        [BB_COL_AS_ISO] = FROM_ISO,
        [BB_COL_AS_MARKET_TYPE] = FROM_MARKET,
        [BB_COL_AS_PRODUCT] = FROM_NAME,
        [BB_COL_AS_PRODUCT_STANDARD] = FROM_ZONE,
        [BB_COL_AS_REGION] = FROM_ID,
        [BB_COL_AS_PRICE] = FROM_VALUE0,
        [BB_COL_AS_QUANTITY] = FROM_VALUE1,
        [BB_COL_AS_UNIT] = FROM_UNIT,
        [BB_COL_AS_DATA_SOURCE] = FROM_REPORT,
        [BB_COL_AS_VERSION] = FROM_VERSION,
        [BB_COL_AS_IS_CURRENT] = FROM_CURRENT,
    };
    return (enum source_of_values)(y->setup->dataset->kind == BB_ENERGY ? energy[y->contract_of[i]]
                                                                        : ancillary[y->contract_of[i]]);
}

static void set_texts(struct bb_year_columns *y, size_t i)
{
    struct bb_pq_chunk *c = y->chunks[i];
    switch (origin(y, i)) {
    case FROM_NAME: bb_pq_set_texts(c, place_name, y->setup->places); break;
    case FROM_TYPE: bb_pq_set_texts(c, place_type, y->setup->places); break;
    case FROM_ID: bb_pq_set_texts(c, place_id, y->setup->places); break;
    case FROM_ZONE: bb_pq_set_texts(c, place_zone, y->setup->places); break;
    case FROM_UNIT: bb_pq_set_texts(c, place_unit, y->setup->places); break;
    case FROM_ISO: bb_pq_set_texts(c, iso_text, NULL); break;
    case FROM_MARKET: bb_pq_set_texts(c, market_text, NULL); break;
    case FROM_DST: bb_pq_set_texts(c, yes_or_no, NULL); break;
    case FROM_REPORT: bb_pq_set_texts(c, y->setup->report_text, y->setup->ctx); break;
    default: break;
    }
}

static void choose_columns(struct bb_year_columns *y)
{
    int energy = y->setup->dataset->kind == BB_ENERGY, iso = energy ? BB_COL_ISO : BB_COL_AS_ISO;
    const int *sorting = energy ? sorting_energy : sorting_ancillary;
    size_t n;
    bb_columns(y->setup->dataset->kind, &n);
    for (size_t i = 0; i < n; i++)
        if (!y->setup->style->hive || (int)i != iso) y->contract_of[y->n++] = (uint8_t)i;
    for (int i = 0; i < 3; i++) y->sorting[i] = file_column(y, sorting[i]);
}

/* The heavy columns first, so that no thread is left alone with one at the end. */
static void order_encoders(struct bb_year_columns *y)
{
    for (int heavy = 1; heavy >= 0; heavy--)
        for (size_t i = 0; i < y->n; i++) {
            enum source_of_values from = origin(y, i);
            int is_heavy = (from >= FROM_VALUE0 && from <= FROM_VALUE3) || from == FROM_NAME || from == FROM_ID;
            if (y->same_as[i] < 0 && is_heavy == heavy) y->encoded[y->n_encoded++] = (uint8_t)i;
        }
}

enum bb_status bb_year_columns_init(struct bb_year_columns *y, const struct bb_year_file_setup *setup,
                                    const struct bb_pq_options *options, struct bb_error *err)
{
    *y = (struct bb_year_columns){ .setup = setup };
    choose_columns(y);
    for (size_t i = 0; i < y->n; i++) {
        y->list[i] = column_of(y, i);
        y->same_as[i] = twin_of(y, i);
        if (y->same_as[i] >= 0) continue;
        BB_TRY(bb_pq_chunk_new(&y->list[i], options, setup->budget, &y->chunks[i], err));
        set_texts(y, i);
    }
    order_encoders(y);
    return BB_OK;
}

void bb_year_columns_reset(struct bb_year_columns *y)
{
    for (size_t i = 0; i < y->n; i++) {
        bb_pq_chunk_free(y->chunks[i]);
        y->chunks[i] = NULL;
    }
    bb_free(y->facts);
    y->facts = NULL;
}

enum bb_status bb_year_columns_learn(struct bb_year_columns *y, struct bb_error *err)
{
    size_t n = bb_places_count(y->setup->places);
    if (!bb_grow(y->setup->budget, (void **)&y->facts, &y->cap_facts, n, sizeof *y->facts))
        return bb_fail_budget(err, y->setup->budget, "the list of locations");
    for (; y->n_facts < n; y->n_facts++) {
        const struct bb_place_key *key = bb_places_at(y->setup->places, (uint32_t)y->n_facts);
        y->facts[y->n_facts] = (struct bb_place_facts){ key->voltage_kv, y->setup->dataset->kind == BB_ENERGY &&
                                                                             key->type == BB_TYPE_SYSTEM };
        y->any_voltage |= !isnan(key->voltage_kv);
        y->any_system |= y->facts[y->n_facts].is_system;
        y->any_id |= key->id.n > 0;
        y->any_zone |= key->zone.n > 0;
    }
    return BB_OK;
}

/* ---- columns of one segment ---- */

static enum bb_status put_per_instant(struct bb_year_columns *y, size_t column, struct bb_error *err)
{
    int64_t unit = y->setup->style->timestamp_ns ? 1000000000 : 1000000, length_s = y->setup->dataset->minutes * 60;
    enum source_of_values from = origin(y, column);
    for (size_t i = 0; i < y->n_instants; i++) {
        const struct bb_year_instant *at = &y->instants[i];
        int64_t v = 0;
        switch (from) {
        case FROM_START: v = at->start_utc_s * unit; break;
        case FROM_END: v = (at->start_utc_s + length_s) * unit; break;
        case FROM_DAY: v = at->day; break;
        case FROM_HOUR: v = at->hour; break;
        case FROM_INTERVAL: v = at->interval; break;
        default:
            BB_TRY(bb_pq_put_code_run(y->chunks[column], (uint32_t)at->second_of_two, at->n_rows, err));
            continue;
        }
        BB_TRY(bb_pq_put_run(y->chunks[column], v, 1, at->n_rows, err));
    }
    return BB_OK;
}

static enum bb_status put_places(struct bb_year_columns *y, size_t column, struct bb_error *err)
{
    enum source_of_values from = origin(y, column);
    if ((from == FROM_ID && !y->any_id) || (from == FROM_ZONE && !y->any_zone))
        return bb_pq_put_code_run(y->chunks[column], BB_PQ_NULL_CODE, y->n_rows, err);
    return bb_pq_put_codes(y->chunks[column], &y->rows->place, sizeof *y->rows, y->n_rows, err);
}

static enum bb_status put_numbers(struct bb_year_columns *y, size_t column, struct bb_error *err)
{
    enum source_of_values from = origin(y, column);
    unsigned which = from >= FROM_VALUE0 && from <= FROM_VALUE3 ? (unsigned)(from - FROM_VALUE0) : 0;
    double values[GATHER_ROWS];
    uint8_t valid[GATHER_ROWS];
    if ((from == FROM_VOLTAGE && !y->any_voltage) || (from == FROM_LAMBDA && !y->any_system))
        return bb_pq_put_double_run(y->chunks[column], 0.0, 0, y->n_rows, err);
    for (size_t i = 0; i < y->n_rows;) {
        size_t n = BB_MIN(y->n_rows - i, (size_t)GATHER_ROWS);
        const struct bb_row *rows = y->rows + i;
        unsigned all = 1;
        for (size_t k = 0; k < n; k++) {
            const struct bb_place_facts *facts = &y->facts[rows[k].place];
            if (from == FROM_VOLTAGE) {
                valid[k] = !isnan(facts->voltage_kv);
                values[k] = valid[k] ? facts->voltage_kv : 0.0;
            } else {
                valid[k] = (uint8_t)(rows[k].present >> which & 1) & (from != FROM_LAMBDA || facts->is_system);
                values[k] = valid[k] ? rows[k].value[which] : 0.0;
            }
            all &= valid[k];
        }
        BB_TRY(bb_pq_put_doubles(y->chunks[column], values, all ? NULL : valid, n, err));
        i += n;
    }
    return BB_OK;
}

static inline uint32_t main_source(const struct bb_year_columns *y, uint32_t slice)
{
    return slice & BB_ORIGIN_JOIN ? y->joins[slice & ~BB_ORIGIN_JOIN].main : y->slices[slice].source;
}

/* Runs of rows that agree in one small attribute. */
static enum bb_status put_row_runs(struct bb_year_columns *y, size_t column, struct bb_error *err)
{
    enum source_of_values from = origin(y, column);
    const struct bb_row *rows = y->rows;
    size_t n = y->n_rows;
    for (size_t i = 0; i < n;) {
        size_t k = i + 1;
        if (from == FROM_REPORT) {
            uint32_t source = main_source(y, rows[i].slice);
            while (k < n && (rows[k].slice == rows[k - 1].slice || main_source(y, rows[k].slice) == source)) k++;
            BB_TRY(bb_pq_put_code_run(y->chunks[column], source, k - i, err));
        } else if (from == FROM_VERSION) {
            while (k < n && rows[k].version == rows[i].version) k++;
            BB_TRY(bb_pq_put_run(y->chunks[column], rows[i].version, 1, k - i, err));
        } else {
            unsigned flag = rows[i].flags & BB_ROW_NOT_CURRENT;
            while (k < n && (rows[k].flags & BB_ROW_NOT_CURRENT) == flag) k++;
            BB_TRY(bb_pq_put_run(y->chunks[column], !flag, 1, k - i, err));
        }
        i = k;
    }
    return BB_OK;
}

enum bb_status bb_year_columns_put(struct bb_year_columns *y, size_t column, struct bb_error *err)
{
    const struct bb_dataset *d = y->setup->dataset;
    switch (origin(y, column)) {
    case FROM_START:
    case FROM_END:
    case FROM_DAY:
    case FROM_HOUR:
    case FROM_INTERVAL:
    case FROM_DST: return put_per_instant(y, column, err);
    case FROM_MINUTES: return bb_pq_put_run(y->chunks[column], d->minutes, 1, y->n_rows, err);
    case FROM_ISO: return bb_pq_put_code_run(y->chunks[column], (uint32_t)d->iso, y->n_rows, err);
    case FROM_MARKET: return bb_pq_put_code_run(y->chunks[column], (uint32_t)d->market, y->n_rows, err);
    case FROM_NAME:
    case FROM_TYPE:
    case FROM_ID:
    case FROM_ZONE:
    case FROM_UNIT: return put_places(y, column, err);
    case FROM_REPORT:
    case FROM_VERSION:
    case FROM_CURRENT: return put_row_runs(y, column, err);
    default: return put_numbers(y, column, err);
    }
}
