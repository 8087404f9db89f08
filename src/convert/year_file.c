#include "convert/year_file.h"

#include "base/clock.h"
#include "convert/year_columns.h"
#include "parquet/pq_read.h"
#include "parquet/pq_write.h"

#include <stdio.h>

struct bb_year_file {
    struct bb_year_file_setup setup;
    struct bb_publication pub;
    struct bb_year_columns columns;
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
    struct bb_year_instant *instants;
    size_t n_instants, cap_instants;
    int ended;                                 /* no more rows */
    uint64_t cost_ns[BB_LAKE_MAX_COLUMNS + 1]; /* of the column tasks of the segment before */
    uint8_t turn[BB_LAKE_MAX_COLUMNS + 1];     /* the same tasks, the most expensive first */
    _Atomic int failed;
    struct bb_error task_error[BB_LAKE_MAX_COLUMNS];
};

/* ---- a segment: whole instants of one group, all columns at once ---- */

static inline uint32_t origin_of(const struct bb_year_file *f, uint32_t slice)
{
    return slice & BB_ORIGIN_JOIN ? slice : f->columns.slices[slice].source;
}

static enum bb_status note_origins(struct bb_year_file *f, struct bb_error *err)
{
    const struct bb_row *rows = f->columns.rows;
    for (size_t i = 0, n = f->columns.n_rows; i < n;) {
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
    return bb_quality_add(f->quality, f->columns.rows, f->columns.n_rows, err);
}

/* One task per column, and one for what is noted of the rows beside them. */
static size_t n_column_tasks(const struct bb_year_file *f) { return f->columns.n_encoded + 1; }

/* Prices without repetition take twenty times as long as a column of
 * few values: whichever was most work the last time is begun first, so that no thread is left alone with it at the end. */
static void order_tasks(struct bb_year_file *f)
{
    for (size_t task = 0; task < n_column_tasks(f); task++) {
        size_t k = task;
        for (; k > 0 && f->cost_ns[f->turn[k - 1]] < f->cost_ns[task]; k--) f->turn[k] = f->turn[k - 1];
        f->turn[k] = (uint8_t)task;
    }
}

static enum bb_status put_column(struct bb_year_file *f, size_t task)
{
    size_t column;
    if (task == f->columns.n_encoded) return note_rows(f, &f->notes_error);
    column = f->columns.encoded[task];
    return bb_year_columns_put(&f->columns, column, &f->task_error[column]);
}

static void column_task(void *ctx, size_t i, unsigned worker)
{
    struct bb_year_file *f = ctx;
    size_t task = f->turn[i];
    uint64_t from_ns = bb_clock_ns();
    (void)worker;
    if (put_column(f, task) != BB_OK) f->failed = 1;
    f->cost_ns[task] = bb_clock_ns() - from_ns;
}

static void finish_column(struct bb_year_file *f, size_t column)
{
    if (bb_pq_chunk_finish(f->columns.chunks[column], &f->task_error[column]) != BB_OK) f->failed = 1;
}

/* Whatever took long to fill has the most to finish; of the notes there is nothing left to do. */
static void finish_task(void *ctx, size_t i, unsigned worker)
{
    struct bb_year_file *f = ctx;
    size_t task = f->turn[i];
    (void)worker;
    if (task < f->columns.n_encoded) finish_column(f, f->columns.encoded[task]);
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

static enum bb_status run_tasks(struct bb_year_file *f, bb_pool_task fn, size_t n_tasks, struct bb_error *err)
{
    f->failed = 0;
    f->notes_error.status = BB_OK;
    for (size_t i = 0; i < f->columns.n_encoded; i++) f->task_error[f->columns.encoded[i]].status = BB_OK;
    if (f->setup.one_by_one)
        for (size_t task = 0; task < n_tasks; task++) fn(f, task, 0);
    else
        bb_pool_run(f->setup.pool, fn, f, n_tasks);
    if (!f->failed) return BB_OK;
    if (f->notes_error.status != BB_OK) {
        if (err) *err = f->notes_error;
        return f->notes_error.status;
    }
    for (size_t i = 0; i < f->columns.n_encoded; i++)
        if (f->task_error[f->columns.encoded[i]].status != BB_OK) {
            if (err) *err = f->task_error[f->columns.encoded[i]];
            return f->task_error[f->columns.encoded[i]].status;
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
    BB_TRY(with_path(f, bb_pq_file_append_group(f->file, f->columns.chunks, f->columns.same_as, err), err));
    BB_TRY(bb_provenance_end_group(&f->provenance, f->file, err));
    for (size_t i = 0; i < f->columns.n_encoded; i++) bb_pq_chunk_reset(f->columns.chunks[f->columns.encoded[i]]);
    f->group_rows = 0;
    return BB_OK;
}

static enum bb_status close_group(struct bb_year_file *f, struct bb_error *err)
{
    if (f->group_rows == 0) return BB_OK;
    BB_TRY(bb_quality_group_end(f->quality, err));
    BB_TRY(run_tasks(f, finish_task, n_column_tasks(f), err));
    return append_group(f, err);
}

static enum bb_status put_segment(struct bb_year_file *f, const struct bb_row *rows,
                                  const struct bb_year_instant *first, size_t n_instants, struct bb_error *err)
{
    const struct bb_year_instant *last = first + n_instants - 1;
    if (n_instants == 0) return BB_OK;
    f->columns.rows = rows + first->first_row;
    f->columns.instants = first;
    f->columns.n_instants = n_instants;
    f->columns.n_rows = last->first_row + last->n_rows - first->first_row;
    order_tasks(f);
    BB_TRY(run_tasks(f, column_task, n_column_tasks(f), err));
    f->group_rows += f->columns.n_rows;
    f->n_rows += f->columns.n_rows;
    return BB_OK;
}

static enum bb_status list_instants(struct bb_year_file *f, const struct bb_row *rows, size_t n,
                                    struct bb_error *err)
{
    f->n_instants = 0;
    for (size_t i = 0; i < n;) {
        struct bb_local local = bb_zone_local(f->setup.zone, rows[i].start_utc_s);
        struct bb_year_instant *at;
        size_t k = bb_row_instant_end(rows, i, n);
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

enum bb_status bb_year_file_add(void *file, const struct bb_row *rows, size_t n, struct bb_error *err)
{
    struct bb_year_file *f = file;
    size_t from = 0, pending_rows = 0;
    if (f->ended) return bb_fail(err, BB_BUG, "%s: a row after the last one", f->pub.final_path);
    BB_TRY(bb_year_columns_learn(&f->columns, err));
    BB_TRY(list_instants(f, rows, n, err));
    f->columns.slices = f->setup.slices(f->setup.ctx);
    f->columns.joins = f->setup.joins(f->setup.ctx);
    for (size_t i = 0; i < f->n_instants; i++) {
        const struct bb_year_instant *at = &f->instants[i];
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

enum bb_status bb_year_file_new(const struct bb_year_file_setup *setup, const char *final_path,
                                struct bb_year_file **file_ret, struct bb_error *err)
{
    struct bb_year_file *f = bb_calloc(setup->budget, sizeof *f);
    enum bb_status status;
    if (!f) return bb_fail_budget(err, setup->budget, "a file of the lake");
    f->setup = *setup;
    f->pub.fd = -1;
    bb_buf_init(&f->quality_bytes, setup->budget, BB_QUALITY_MAX_NBYTES);
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
    if (status == BB_OK) status = bb_year_columns_init(&f->columns, &f->setup, &f->options, err);
    if (status == BB_OK)
        status = bb_pq_file_new(f->pub.fd, f->columns.list, f->columns.n, f->columns.sorting, 3, &f->options,
                                setup->budget, &f->file, err);
    if (status != BB_OK) {
        bb_year_file_free(f);
        return status;
    }
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
    bb_year_columns_reset(&f->columns);
    bb_free(f->instants);
    f->instants = NULL;
}

enum bb_status bb_year_file_end_rows(struct bb_year_file *f, struct bb_error *err)
{
    if (f->ended) return BB_OK;
    BB_TRY(bb_quality_group_end(f->quality, err));
    BB_TRY(run_tasks(f, last_task, 1 + n_column_tasks(f), err));
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
