#include "convert/year_file.h"
#include "parquet/pq_read.h"
#include "parquet/pq_write.h"
#include "table/columns.h"

#include <math.h>
#include <stdio.h>

#define GATHER_ROWS 2048 /* rows gathered on the stack at a time: 16 KiB of doubles stay in the first-level cache */

struct instant { /* what all rows of one instant share */
    size_t first_row, n_rows;
    int64_t start_utc_s;
    int32_t day;
    int hour, interval, second_of_two;
};

struct place_facts { /* what the encoders ask per row; the texts are only asked for once per group and place */
    double voltage_kv;
    int is_system;
};

struct bb_year_file {
    struct bb_year_file_setup setup;
    struct bb_publication pub;
    size_t n_columns;                         /* of the file; in the hive layout iso lives in the path */
    uint8_t contract_of[BB_LAKE_MAX_COLUMNS]; /* number of the column in the contract's list */
    int sorting[3];
    struct bb_pq_column columns[BB_LAKE_MAX_COLUMNS];
    struct bb_pq_chunk *chunks[BB_LAKE_MAX_COLUMNS];
    int same_as[BB_LAKE_MAX_COLUMNS];
    struct bb_pq_options options;
    struct bb_pq_file *file;
    struct bb_provenance provenance;
    const struct bb_pq_reader *asked_reader; /* whose row groups can be copied, or not */
    int can_copy;
    struct bb_quality *quality;
    const struct bb_quality_state *quality_state; /* once finished */
    struct bb_buf quality_bytes;                  /* the same, packed for the file */
    struct bb_error notes_error;
    size_t group_rows;
    uint64_t n_rows;
    int32_t last_day;
    struct instant *instants;
    size_t n_instants, cap_instants;
    struct place_facts *facts;
    size_t n_facts, cap_facts;
    int any_voltage, any_system, any_id, any_zone; /* else the column is NULL so far, without a look at the rows */
    /* the segment that the column tasks work on */
    const struct bb_row *rows;
    const struct instant *segment;
    size_t n_segment, n_segment_rows;
    const struct bb_slice *slices;
    const struct bb_join *joins;
    uint8_t tasks[BB_LAKE_MAX_COLUMNS];
    size_t n_tasks;
    int ended; /* no more rows */
    _Atomic int failed;
    struct bb_error task_error[BB_LAKE_MAX_COLUMNS];
};

static const int sorting_energy[] = { BB_COL_DATETIME_UTC, BB_COL_LOCATION, BB_COL_LOCATION_ID };
static const int sorting_ancillary[] = { BB_COL_AS_DATETIME_UTC, BB_COL_AS_PRODUCT, BB_COL_AS_REGION };

/* ---- schema ---- */

static struct bb_pq_column column_of(const struct bb_year_file *f, size_t i)
{
    size_t n;
    const struct bb_column_info *info = &bb_columns(f->setup.dataset->kind, &n)[f->contract_of[i]];
    const struct bb_year_file_style *style = f->setup.style;
    struct bb_pq_column c = { .name = info->name, .nullable = info->nullable };
    switch (info->kind) {
    case BB_KIND_TIME:
    case BB_KIND_TIME_LOCAL:
        c.type = BB_PQ_INT64;
        c.logical = style->timestamp_ns ? BB_PQ_TIMESTAMP_NS : BB_PQ_TIMESTAMP_US;
        c.zone = info->kind == BB_KIND_TIME ? "UTC" : bb_iso_infos[f->setup.dataset->iso].zone_name;
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
    if (f->setup.dataset->kind == BB_ENERGY)
        c.bloom = f->contract_of[i] == BB_COL_LOCATION || f->contract_of[i] == BB_COL_LOCATION_ID;
    return c;
}

static int file_column(const struct bb_year_file *f, int contract_column)
{
    for (size_t i = 0; i < f->n_columns; i++)
        if (f->contract_of[i] == contract_column) return (int)i;
    return -1;
}

/* Columns that repeat another one are encoded once. */
static int twin_of(const struct bb_year_file *f, size_t i)
{
    int column = f->contract_of[i];
    if (f->setup.dataset->kind == BB_ANCILLARY)
        return column == BB_COL_AS_DATETIME_LOCAL || column == BB_COL_AS_INTERVAL_START
                   ? file_column(f, BB_COL_AS_DATETIME_UTC)
                   : -1;
    if (column == BB_COL_DATETIME_LOCAL || column == BB_COL_INTERVAL_START)
        return file_column(f, BB_COL_DATETIME_UTC);
    if (column == BB_COL_SYSTEM_LAMBDA && bb_iso_infos[f->setup.dataset->iso].lambda_is_energy)
        return file_column(f, BB_COL_LMP_ENERGY);
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

static enum source_of_values origin(const struct bb_year_file *f, size_t i)
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
    return (enum source_of_values)(f->setup.dataset->kind == BB_ENERGY ? energy[f->contract_of[i]]
                                                                       : ancillary[f->contract_of[i]]);
}

static void set_texts(struct bb_year_file *f, size_t i)
{
    struct bb_pq_chunk *c = f->chunks[i];
    switch (origin(f, i)) {
    case FROM_NAME: bb_pq_set_texts(c, place_name, f->setup.places); break;
    case FROM_TYPE: bb_pq_set_texts(c, place_type, f->setup.places); break;
    case FROM_ID: bb_pq_set_texts(c, place_id, f->setup.places); break;
    case FROM_ZONE: bb_pq_set_texts(c, place_zone, f->setup.places); break;
    case FROM_UNIT: bb_pq_set_texts(c, place_unit, f->setup.places); break;
    case FROM_ISO: bb_pq_set_texts(c, iso_text, NULL); break;
    case FROM_MARKET: bb_pq_set_texts(c, market_text, NULL); break;
    case FROM_DST: bb_pq_set_texts(c, yes_or_no, NULL); break;
    case FROM_REPORT: bb_pq_set_texts(c, f->setup.report_text, f->setup.ctx); break;
    default: break;
    }
}

/* ---- columns of one segment ---- */

static enum bb_status put_per_instant(struct bb_year_file *f, size_t column, struct bb_error *err)
{
    int64_t unit = f->setup.style->timestamp_ns ? 1000000000 : 1000000, length_s = f->setup.dataset->minutes * 60;
    enum source_of_values from = origin(f, column);
    for (size_t i = 0; i < f->n_segment; i++) {
        const struct instant *at = &f->segment[i];
        int64_t v = 0;
        switch (from) {
        case FROM_START: v = at->start_utc_s * unit; break;
        case FROM_END: v = (at->start_utc_s + length_s) * unit; break;
        case FROM_DAY: v = at->day; break;
        case FROM_HOUR: v = at->hour; break;
        case FROM_INTERVAL: v = at->interval; break;
        default:
            BB_TRY(bb_pq_put_code_run(f->chunks[column], (uint32_t)at->second_of_two, at->n_rows, err));
            continue;
        }
        BB_TRY(bb_pq_put_run(f->chunks[column], v, 1, at->n_rows, err));
    }
    return BB_OK;
}

static enum bb_status put_places(struct bb_year_file *f, size_t column, struct bb_error *err)
{
    enum source_of_values from = origin(f, column);
    if ((from == FROM_ID && !f->any_id) || (from == FROM_ZONE && !f->any_zone))
        return bb_pq_put_code_run(f->chunks[column], BB_PQ_NULL_CODE, f->n_segment_rows, err);
    return bb_pq_put_codes(f->chunks[column], &f->rows->place, sizeof *f->rows, f->n_segment_rows, err);
}

static enum bb_status put_numbers(struct bb_year_file *f, size_t column, struct bb_error *err)
{
    enum source_of_values from = origin(f, column);
    unsigned which = from >= FROM_VALUE0 && from <= FROM_VALUE3 ? (unsigned)(from - FROM_VALUE0) : 0;
    double values[GATHER_ROWS];
    uint8_t valid[GATHER_ROWS];
    if ((from == FROM_VOLTAGE && !f->any_voltage) || (from == FROM_LAMBDA && !f->any_system))
        return bb_pq_put_double_run(f->chunks[column], 0.0, 0, f->n_segment_rows, err);
    for (size_t i = 0; i < f->n_segment_rows;) {
        size_t n = BB_MIN(f->n_segment_rows - i, (size_t)GATHER_ROWS);
        const struct bb_row *rows = f->rows + i;
        unsigned all = 1;
        for (size_t k = 0; k < n; k++) {
            const struct place_facts *facts = &f->facts[rows[k].place];
            if (from == FROM_VOLTAGE) {
                valid[k] = !isnan(facts->voltage_kv);
                values[k] = valid[k] ? facts->voltage_kv : 0.0;
            } else {
                valid[k] = (uint8_t)(rows[k].present >> which & 1) & (from != FROM_LAMBDA || facts->is_system);
                values[k] = valid[k] ? rows[k].value[which] : 0.0;
            }
            all &= valid[k];
        }
        BB_TRY(bb_pq_put_doubles(f->chunks[column], values, all ? NULL : valid, n, err));
        i += n;
    }
    return BB_OK;
}

static inline uint32_t origin_of(const struct bb_year_file *f, uint32_t slice)
{
    return slice & BB_ORIGIN_JOIN ? slice : f->slices[slice].source;
}

static inline uint32_t main_source(const struct bb_year_file *f, uint32_t slice)
{
    return slice & BB_ORIGIN_JOIN ? f->joins[slice & ~BB_ORIGIN_JOIN].main : f->slices[slice].source;
}

/* Runs of rows that agree in one small attribute. */
static enum bb_status put_row_runs(struct bb_year_file *f, size_t column, struct bb_error *err)
{
    enum source_of_values from = origin(f, column);
    const struct bb_row *rows = f->rows;
    size_t n = f->n_segment_rows;
    for (size_t i = 0; i < n;) {
        size_t k = i + 1;
        if (from == FROM_REPORT) {
            uint32_t source = main_source(f, rows[i].slice);
            while (k < n && (rows[k].slice == rows[k - 1].slice || main_source(f, rows[k].slice) == source)) k++;
            BB_TRY(bb_pq_put_code_run(f->chunks[column], source, k - i, err));
        } else if (from == FROM_VERSION) {
            while (k < n && rows[k].version == rows[i].version) k++;
            BB_TRY(bb_pq_put_run(f->chunks[column], rows[i].version, 1, k - i, err));
        } else {
            unsigned flag = rows[i].flags & BB_ROW_NOT_CURRENT;
            while (k < n && (rows[k].flags & BB_ROW_NOT_CURRENT) == flag) k++;
            BB_TRY(bb_pq_put_run(f->chunks[column], !flag, 1, k - i, err));
        }
        i = k;
    }
    return BB_OK;
}

static enum bb_status put_column(struct bb_year_file *f, size_t column, struct bb_error *err)
{
    const struct bb_dataset *d = f->setup.dataset;
    switch (origin(f, column)) {
    case FROM_START:
    case FROM_END:
    case FROM_DAY:
    case FROM_HOUR:
    case FROM_INTERVAL:
    case FROM_DST: return put_per_instant(f, column, err);
    case FROM_MINUTES: return bb_pq_put_run(f->chunks[column], d->minutes, 1, f->n_segment_rows, err);
    case FROM_ISO: return bb_pq_put_code_run(f->chunks[column], (uint32_t)d->iso, f->n_segment_rows, err);
    case FROM_MARKET: return bb_pq_put_code_run(f->chunks[column], (uint32_t)d->market, f->n_segment_rows, err);
    case FROM_NAME:
    case FROM_TYPE:
    case FROM_ID:
    case FROM_ZONE:
    case FROM_UNIT: return put_places(f, column, err);
    case FROM_REPORT:
    case FROM_VERSION:
    case FROM_CURRENT: return put_row_runs(f, column, err);
    default: return put_numbers(f, column, err);
    }
}

static enum bb_status note_origins(struct bb_year_file *f, struct bb_error *err)
{
    const struct bb_row *rows = f->rows;
    for (size_t i = 0, n = f->n_segment_rows; i < n;) {
        size_t k = i + 1;
        while (k < n && rows[k].slice == rows[i].slice) k++;
        BB_TRY(bb_provenance_add(&f->provenance, origin_of(f, rows[i].slice), k - i, err));
        i = k;
    }
    return BB_OK;
}

static enum bb_status note_rows(struct bb_year_file *f, struct bb_error *err)
{
    BB_TRY(note_origins(f, err));
    return bb_quality_add(f->quality, f->rows, f->n_segment_rows, err);
}

/* One task per column, and one for what is noted of the rows beside them. */
static void column_task(void *ctx, size_t task, unsigned worker)
{
    struct bb_year_file *f = ctx;
    size_t column;
    (void)worker;
    if (task == f->n_tasks) {
        if (note_rows(f, &f->notes_error) != BB_OK) f->failed = 1;
        return;
    }
    column = f->tasks[task];
    if (put_column(f, column, &f->task_error[column]) != BB_OK) f->failed = 1;
}

static void finish_task(void *ctx, size_t task, unsigned worker)
{
    struct bb_year_file *f = ctx;
    size_t column = f->tasks[task];
    (void)worker;
    if (bb_pq_chunk_finish(f->chunks[column], &f->task_error[column]) != BB_OK) f->failed = 1;
}

/* One task sums up the quality of all groups, which takes longer than any column of the last one. */
static void last_task(void *ctx, size_t task, unsigned worker)
{
    struct bb_year_file *f = ctx;
    enum bb_status status;
    if (task > 0) {
        if (f->group_rows > 0) finish_task(f, task - 1, worker);
        return;
    }
    status = bb_quality_finish(f->quality, &f->quality_state, &f->notes_error);
    if (status == BB_OK) status = bb_quality_write_state(f->quality_state, &f->quality_bytes, &f->notes_error);
    if (status != BB_OK) f->failed = 1;
}

static enum bb_status run_tasks(struct bb_year_file *f, bb_pool_task fn, size_t n_more, struct bb_error *err)
{
    f->failed = 0;
    f->notes_error.status = BB_OK;
    for (size_t i = 0; i < f->n_tasks; i++) f->task_error[f->tasks[i]].status = BB_OK;
    if (f->setup.one_by_one)
        for (size_t task = 0; task < f->n_tasks + n_more; task++) fn(f, task, 0);
    else
        bb_pool_run(f->setup.pool, fn, f, f->n_tasks + n_more);
    if (!f->failed) return BB_OK;
    if (f->notes_error.status != BB_OK) {
        if (err) *err = f->notes_error;
        return f->notes_error.status;
    }
    for (size_t i = 0; i < f->n_tasks; i++)
        if (f->task_error[f->tasks[i]].status != BB_OK) {
            if (err) *err = f->task_error[f->tasks[i]];
            return f->task_error[f->tasks[i]].status;
        }
    return bb_fail(err, BB_BUG, "%s: a column failed without saying why", f->pub.final_path);
}

/* ---- groups ---- */

/* The Parquet writer knows a descriptor only: a failed write gets its place here. */
static enum bb_status with_path(const struct bb_year_file *f, enum bb_status status, struct bb_error *err)
{
    return status == BB_IO && err ? bb_fail_prefix(err, "%s", f->pub.final_path) : status;
}

static enum bb_status append_group(struct bb_year_file *f, struct bb_error *err)
{
    if (f->group_rows == 0) return BB_OK;
    BB_TRY(with_path(f, bb_pq_file_append_group(f->file, f->chunks, f->same_as, err), err));
    BB_TRY(bb_provenance_end_group(&f->provenance, f->file, err));
    for (size_t i = 0; i < f->n_tasks; i++) bb_pq_chunk_reset(f->chunks[f->tasks[i]]);
    f->group_rows = 0;
    return BB_OK;
}

static enum bb_status close_group(struct bb_year_file *f, struct bb_error *err)
{
    if (f->group_rows == 0) return BB_OK;
    BB_TRY(bb_quality_group_end(f->quality, err));
    BB_TRY(run_tasks(f, finish_task, 0, err));
    return append_group(f, err);
}

static enum bb_status put_segment(struct bb_year_file *f, const struct bb_row *rows, const struct instant *first,
                                  size_t n_instants, struct bb_error *err)
{
    const struct instant *last = first + n_instants - 1;
    if (n_instants == 0) return BB_OK;
    f->rows = rows + first->first_row;
    f->segment = first;
    f->n_segment = n_instants;
    f->n_segment_rows = last->first_row + last->n_rows - first->first_row;
    BB_TRY(run_tasks(f, column_task, 1, err));
    f->group_rows += f->n_segment_rows;
    f->n_rows += f->n_segment_rows;
    return BB_OK;
}

/* Where the rows of an instant end. Rows are ascending, and an instant may have many: steps that double, then halves. */
static size_t end_of_instant(const struct bb_row *rows, size_t from, size_t n)
{
    uint32_t start = rows[from].start_utc_s;
    size_t low = from, step = 1, high;
    while (low + step < n && rows[low + step].start_utc_s == start) {
        low += step;
        step *= 2;
    }
    high = BB_MIN(low + step, n);
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (rows[mid].start_utc_s == start)
            low = mid;
        else
            high = mid;
    }
    return high;
}

static enum bb_status list_instants(struct bb_year_file *f, const struct bb_row *rows, size_t n,
                                    struct bb_error *err)
{
    f->n_instants = 0;
    for (size_t i = 0; i < n;) {
        struct bb_local local = bb_zone_local(f->setup.zone, rows[i].start_utc_s);
        struct instant *at;
        size_t k = end_of_instant(rows, i, n);
        if (!bb_grow(f->setup.budget, (void **)&f->instants, &f->cap_instants, f->n_instants + 1,
                     sizeof *f->instants))
            return bb_fail_budget(err, f->setup.budget, "the list of instants");
        at = &f->instants[f->n_instants++];
        at->first_row = i;
        at->n_rows = k - i;
        at->start_utc_s = rows[i].start_utc_s;
        at->day = local.wall.day;
        at->hour = local.wall.second / 3600 + 1;
        at->interval =
            f->setup.dataset->minutes == 60 ? 0 : local.wall.second % 3600 / 60 / f->setup.dataset->minutes + 1;
        at->second_of_two = local.second_of_two;
        i = k;
    }
    return BB_OK;
}

static enum bb_status learn_places(struct bb_year_file *f, struct bb_error *err)
{
    size_t n = bb_places_count(f->setup.places);
    if (!bb_grow(f->setup.budget, (void **)&f->facts, &f->cap_facts, n, sizeof *f->facts))
        return bb_fail_budget(err, f->setup.budget, "the list of locations");
    for (; f->n_facts < n; f->n_facts++) {
        const struct bb_place_key *key = bb_places_at(f->setup.places, (uint32_t)f->n_facts);
        f->facts[f->n_facts] = (struct place_facts){ key->voltage_kv, f->setup.dataset->kind == BB_ENERGY &&
                                                                          key->type == BB_TYPE_SYSTEM };
        f->any_voltage |= !isnan(key->voltage_kv);
        f->any_system |= f->facts[f->n_facts].is_system;
        f->any_id |= key->id.n > 0;
        f->any_zone |= key->zone.n > 0;
    }
    return BB_OK;
}

enum bb_status bb_year_file_add(void *file, const struct bb_row *rows, size_t n, struct bb_error *err)
{
    struct bb_year_file *f = file;
    size_t from = 0, pending_rows = 0;
    if (f->ended) return bb_fail(err, BB_BUG, "%s: a row after the last one", f->pub.final_path);
    BB_TRY(learn_places(f, err));
    BB_TRY(list_instants(f, rows, n, err));
    f->slices = f->setup.slices(f->setup.ctx);
    f->joins = f->setup.joins(f->setup.ctx);
    for (size_t i = 0; i < f->n_instants; i++) {
        const struct instant *at = &f->instants[i];
        size_t group_rows = f->group_rows + pending_rows;
        int day_border = group_rows > 0 && at->day != f->last_day;
        if ((day_border && group_rows >= BB_GROUP_MIN_ROWS) ||
            (group_rows > 0 && group_rows + at->n_rows > BB_GROUP_MAX_ROWS)) {
            BB_TRY(put_segment(f, rows, f->instants + from, i - from, err));
            BB_TRY(close_group(f, err));
            from = i;
            pending_rows = 0;
        }
        f->last_day = at->day;
        pending_rows += at->n_rows;
    }
    return put_segment(f, rows, f->instants + from, f->n_instants - from, err);
}

/* ---- life ---- */

static void choose_columns(struct bb_year_file *f)
{
    int energy = f->setup.dataset->kind == BB_ENERGY, iso = energy ? BB_COL_ISO : BB_COL_AS_ISO;
    const int *sorting = energy ? sorting_energy : sorting_ancillary;
    size_t n;
    bb_columns(f->setup.dataset->kind, &n);
    for (size_t i = 0; i < n; i++)
        if (!f->setup.style->hive || (int)i != iso) f->contract_of[f->n_columns++] = (uint8_t)i;
    for (int i = 0; i < 3; i++) f->sorting[i] = file_column(f, sorting[i]);
}

/* The heavy columns first, so that no thread is left alone with one at the end. */
static void plan_tasks(struct bb_year_file *f)
{
    for (int heavy = 1; heavy >= 0; heavy--)
        for (size_t i = 0; i < f->n_columns; i++) {
            enum source_of_values from = origin(f, i);
            int is_heavy = (from >= FROM_VALUE0 && from <= FROM_VALUE3) || from == FROM_NAME || from == FROM_ID;
            if (f->same_as[i] < 0 && is_heavy == heavy) f->tasks[f->n_tasks++] = (uint8_t)i;
        }
}

enum bb_status bb_year_file_new(const struct bb_year_file_setup *setup, const char *final_path,
                                struct bb_year_file **file_ret, struct bb_error *err)
{
    struct bb_year_file *f = bb_calloc(setup->budget, sizeof *f);
    enum bb_status status;
    if (!f) return bb_fail_budget(err, setup->budget, "a file of the lake");
    f->setup = *setup;
    f->pub.fd = -1;
    bb_buf_init(&f->quality_bytes, setup->budget, BB_QUALITY_MAX_NBYTES);
    choose_columns(f);
    f->options = (struct bb_pq_options){ .codec = (enum bb_pq_codec)setup->style->codec,
                                         .level = setup->style->level,
                                         .dense = setup->style->dense,
                                         .copies_in_thread = bb_pool_threads(setup->pool) > 1,
                                         .compressors = setup->compressors };
    status = bb_publish_begin(final_path, &f->pub, err);
    if (status == BB_OK)
        status = bb_provenance_init(&f->provenance, setup->n_sources, setup->joins, setup->ctx, setup->budget, err);
    if (status == BB_OK)
        status = bb_quality_new(setup->budget, setup->dataset, setup->half, setup->year, setup->zone, setup->places,
                                &f->quality, err);
    if (status == BB_OK && setup->old_quality) bb_quality_merge_presence(f->quality, setup->old_quality);
    for (size_t i = 0; i < f->n_columns && status == BB_OK; i++) {
        f->columns[i] = column_of(f, i);
        f->same_as[i] = twin_of(f, i);
        if (f->same_as[i] >= 0) continue;
        status = bb_pq_chunk_new(&f->columns[i], &f->options, setup->budget, &f->chunks[i], err);
        if (status == BB_OK) set_texts(f, i);
    }
    if (status == BB_OK)
        status = bb_pq_file_new(f->pub.fd, f->columns, f->n_columns, f->sorting, 3, &f->options, setup->budget,
                                &f->file, err);
    if (status != BB_OK) {
        bb_year_file_free(f);
        return status;
    }
    plan_tasks(f);
    *file_ret = f;
    return BB_OK;
}

enum bb_status bb_year_file_copy_group(struct bb_year_file *f, struct bb_pq_reader *reader, size_t group,
                                       enum bb_status (*add_origins)(void *ctx, struct bb_provenance *to,
                                                                     struct bb_error *err),
                                       void *ctx, struct bb_error *err)
{
    if (f->asked_reader != reader) {
        f->can_copy = bb_pq_file_can_copy(f->file, reader), f->asked_reader = reader;
        if (f->can_copy) BB_TRY(bb_pq_hold_indexes(reader, bb_budget_left(f->setup.budget) / 8, err));
    }
    if (!f->can_copy || !f->setup.old_quality || group >= f->setup.old_quality->n_groups) return BB_EOF;
    BB_TRY(close_group(f, err));
    BB_TRY(with_path(f, bb_pq_file_append_copied(f->file, reader, group, err), err));
    BB_TRY(add_origins(ctx, &f->provenance, err));
    BB_TRY(bb_provenance_end_group(&f->provenance, f->file, err));
    BB_TRY(bb_quality_copy_group(f->quality, f->setup.old_quality, group, err));
    f->n_rows += (uint64_t)bb_pq_group_rows(reader, group);
    return BB_OK;
}

const struct bb_provenance *bb_year_file_provenance(const struct bb_year_file *f) { return &f->provenance; }

/* What the encoders hold, 4 MB and more for each file, is not needed for the footer. */
static void free_encoders(struct bb_year_file *f)
{
    for (size_t i = 0; i < f->n_columns; i++) {
        bb_pq_chunk_free(f->chunks[i]);
        f->chunks[i] = NULL;
    }
    bb_free(f->instants);
    bb_free(f->facts);
    f->instants = NULL;
    f->facts = NULL;
}

enum bb_status bb_year_file_end_rows(struct bb_year_file *f, struct bb_error *err)
{
    if (f->ended) return BB_OK;
    BB_TRY(bb_quality_group_end(f->quality, err));
    BB_TRY(run_tasks(f, last_task, 1, err));
    BB_TRY(append_group(f, err));
    f->ended = 1;
    free_encoders(f);
    return BB_OK;
}

const struct bb_quality_state *bb_year_file_quality(const struct bb_year_file *f) { return f->quality_state; }

enum bb_status bb_year_file_finish(struct bb_year_file *f, struct bb_str ledger, uint64_t *rows_ret,
                                   uint64_t *nbytes_ret, struct bb_error *err)
{
    char place[64];
    struct bb_pq_kv kvs[] = { { "busbar.ledger", ledger },
                              { "busbar.provenance", { "", 0 } },
                              { "busbar.quality", { place, 0 } } };
    uint64_t offset = 0;
    int64_t rows = 0;
    BB_TRY(with_path(f, bb_provenance_write(&f->provenance, f->file, err), err));
    kvs[1].value = bb_buf_str(&f->provenance.places);
    BB_TRY(with_path(f, bb_pq_file_append_blob(f->file, bb_buf_str(&f->quality_bytes), &offset, err), err));
    kvs[2].value.n =
        (size_t)snprintf(place, sizeof place, "%llu:%zu", (unsigned long long)offset, f->quality_bytes.n);
    bb_buf_reset(&f->quality_bytes);
    BB_TRY(with_path(f, bb_pq_file_finish(f->file, kvs, BB_ARRAY_LEN(kvs), nbytes_ret, err), err));
    BB_TRY(bb_publish_sync(&f->pub, err));
    BB_TRY(with_path(f, bb_pq_check_written(f->pub.temp_path, f->file, f->setup.pool, f->setup.budget, &rows, err),
                     err));
    if (rows < 0 || (uint64_t)rows != f->n_rows)
        return bb_fail(err, BB_BUG, "%s: wrote %llu rows, read back %lld", f->pub.temp_path,
                       (unsigned long long)f->n_rows, (long long)rows);
    *rows_ret = f->n_rows;
    return BB_OK;
}

const struct bb_publication *bb_year_file_publication(const struct bb_year_file *f) { return &f->pub; }
enum bb_status bb_year_file_publish(struct bb_year_file *f, struct bb_error *err)
{
    return bb_publish_commit(&f->pub, err);
}

const char *bb_year_file_path(const struct bb_year_file *f) { return f->pub.final_path; }

void bb_year_file_rest(struct bb_year_file *f)
{
    free_encoders(f);
    bb_pq_file_free(f->file);
    bb_provenance_reset(&f->provenance);
    bb_buf_reset(&f->quality_bytes);
    bb_quality_free(f->quality);
    f->quality = NULL;
    f->file = NULL;
}

void bb_year_file_free(struct bb_year_file *f)
{
    if (!f) return;
    bb_year_file_rest(f);
    bb_publish_abort(&f->pub);
    bb_free(f);
}
