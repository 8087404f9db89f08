#include "convert/tables.h"

#include "convert/row_origins.h"
#include "convert/table_finish.h"
#include "convert/table_merge.h"

#include <stdlib.h>
#include <unistd.h>

enum bb_status bb_tables_init(struct bb_tables *t, struct bb_run *run, const struct bb_plan *plan,
                              const struct bb_job *job, const struct bb_zone *zone, unsigned frugal,
                              struct bb_error *err)
{
    size_t n = job->n_sources;
    *t = (struct bb_tables){ .run = run, .plan = plan, .job = job, .zone = zone, .frugal = frugal };
    for (size_t i = 0; i < n; i++) t->derive_energy |= plan->sources[job->sources[i]].derive_energy;
    pthread_mutex_init(&t->mutex, NULL);
    pthread_mutex_init(&t->joins_mutex, NULL);
    t->places = bb_places_new(&run->budget);
    t->old_slices = bb_alloc(&run->budget, n * sizeof *t->old_slices);
    t->by_name = bb_alloc(&run->budget, n * sizeof *t->by_name);
    t->years = bb_calloc(&run->budget, n * sizeof *t->years);
    t->held = bb_calloc(&run->budget, n * sizeof *t->held);
    if (!t->places || !t->old_slices || !t->by_name || !t->years || !t->held) {
        bb_tables_reset(t);
        return bb_fail_budget(err, &run->budget, "the list of locations and sources");
    }
    for (size_t i = 0; i < n; i++) {
        const struct bb_plan_source *s = bb_tables_source(t, (uint32_t)i);
        t->old_slices[i] = BB_NO_CODE;
        for (int k = 0; k < s->n_datasets; k++)
            if (bb_dataset_cmp(&s->datasets[k], &job->dataset) == 0) t->held[i] = s->held[k];
    }
    bb_tables_index_sources(t);
    return BB_OK;
}

static void free_table(struct bb_table *table)
{
    if (!table) return;
    bb_sort_free(table->sort);
    bb_year_file_free(table->file); /* may still be copying from the old one */
    bb_old_file_close(table->old);
    if (table->has_quality) bb_publish_abort(&table->quality);
    bb_free(table->sources);
    bb_free(table);
}

void bb_tables_reset(struct bb_tables *t)
{
    for (size_t i = 0; i < t->n; i++) free_table(t->list[i]);
    bb_free(t->list);
    bb_free(t->slices);
    bb_free(t->joins);
    for (unsigned i = 0; i < t->n_outgrown; i++) bb_free(t->outgrown[i]);
    bb_free(t->join_table);
    bb_free(t->old_slices);
    bb_free(t->by_name);
    bb_free(t->years);
    bb_free(t->held);
    bb_places_free(t->places);
    pthread_mutex_destroy(&t->mutex);
    pthread_mutex_destroy(&t->joins_mutex);
    *t = (struct bb_tables){ 0 };
}

void bb_tables_keep_files_only(struct bb_tables *t)
{
    for (size_t i = 0; i < t->n; i++) {
        bb_sort_free(t->list[i]->sort);
        t->list[i]->sort = NULL;
        if (t->list[i]->file) bb_year_file_rest(t->list[i]->file);
        bb_old_file_close(t->list[i]->old);
        t->list[i]->old = NULL;
    }
    bb_free(t->slices);
    t->slices = NULL;
    bb_places_free(t->places);
    t->places = NULL;
}

static enum bb_status on_old_source(void *ctx, const struct bb_ledger_source *s, size_t source)
{
    struct bb_table *table = ctx;
    struct bb_table_source *to = &table->sources[source];
    to->held = bb_tables_source(table->tables, (uint32_t)source)->old ||
               bb_year_set_has(&table->tables->held[source], table->year);
    if (!to->held) return BB_OK; /* is read again: it counts anew */
    to->rows = s->rows;
    to->first_utc_s = s->first_utc_s;
    to->last_utc_s = s->last_utc_s;
    to->n_files = s->n_files;
    to->years = s->years;
    return BB_OK;
}

void bb_table_path(const struct bb_table *table, char path[BB_PATH_MAX])
{
    const struct bb_tables *t = table->tables;
    bb_lake_path(bb_lake_root(t->run->lake), t->run->style.hive, &t->job->dataset, table->half, table->year, path);
}

/* What the lake holds of this table is merged; --rebuild starts over. */
static enum bb_status open_old(struct bb_table *table, struct bb_error *err)
{
    const struct bb_run *run = table->tables->run;
    char path[BB_PATH_MAX];
    if (!run->lake || run->options->rebuild) return BB_OK;
    bb_table_path(table, path);
    if (access(path, F_OK) != 0) return BB_OK;
    return bb_old_file_open(path, table->tables, on_old_source, table, &table->old, err);
}

static enum bb_status new_table(struct bb_tables *t, enum bb_half half, int year, struct bb_table **table_ret,
                                struct bb_error *err)
{
    struct bb_run *run = t->run;
    struct bb_sort_options options = { .budget = &run->budget,
                                       .pool = run->pool,
                                       .n_workers = bb_pool_threads(run->pool),
                                       .places = t->places,
                                       .slices = bb_tables_slices,
                                       .slices_ctx = t,
                                       .derive_energy = t->derive_energy,
                                       .one_batch = t->frugal > 0,
                                       .temp_dir = run->temp_dir,
                                       .combine = bb_tables_combine };
    struct bb_table *table = bb_calloc(&run->budget, sizeof *table);
    int64_t next_day_utc_s;
    enum bb_status status;
    if (!table) return bb_fail_budget(err, &run->budget, "a table");
    table->half = half;
    table->year = year;
    bb_zone_day(t->zone, bb_day_of((struct bb_date){ year + 1, 1, 1 }), &table->end_utc_s, &next_day_utc_s);
    table->tables = t;
    table->sources = bb_calloc(&run->budget, t->job->n_sources * sizeof *table->sources);
    status = table->sources && bb_grow(&run->budget, (void **)&t->list, &t->cap, t->n + 1, sizeof *t->list)
                 ? bb_sort_new(&options, &table->sort, err)
                 : bb_fail_budget(err, &run->budget, "a table");
    if (status != BB_OK) {
        free_table(table);
        return status;
    }
    for (size_t i = 0; i < t->job->n_sources; i++) table->sources[i].first_utc_s = UINT32_MAX;
    status = open_old(table, err);
    if (status != BB_OK) {
        free_table(table);
        return status;
    }
    t->list[t->n++] = table;
    *table_ret = table;
    return BB_OK;
}

enum bb_status bb_tables_find(struct bb_tables *t, enum bb_half half, int year, struct bb_table **table_ret,
                              struct bb_error *err)
{
    enum bb_status status = BB_OK;
    *table_ret = NULL;
    pthread_mutex_lock(&t->mutex);
    for (size_t i = 0; i < t->n && !*table_ret; i++)
        if (t->list[i]->half == half && t->list[i]->year == year) *table_ret = t->list[i];
    if (!*table_ret) status = new_table(t, half, year, table_ret, err);
    pthread_mutex_unlock(&t->mutex);
    return status;
}

void bb_tables_count_reject(struct bb_tables *t, const char *reason)
{
    size_t i = 0;
    pthread_mutex_lock(&t->mutex);
    while (i < t->n_rejects && !bb_str_is(t->rejects[i].reason, reason)) i++;
    if (i < BB_MAX_REJECT_REASONS) {
        t->rejects[i].reason = bb_str_of(reason);
        t->rejects[i].n++;
        if (i == t->n_rejects) t->n_rejects++;
    }
    pthread_mutex_unlock(&t->mutex);
}

/* ---- all tables of the job ---- */

size_t bb_tables_held_nbytes(struct bb_tables *t)
{
    size_t sum = 0;
    pthread_mutex_lock(&t->mutex); /* another worker may be adding a table */
    for (size_t i = 0; i < t->n; i++) sum += bb_sort_held_nbytes(t->list[i]->sort);
    pthread_mutex_unlock(&t->mutex);
    return sum;
}

/* NULL behind the last one; a worker may be adding one. */
static struct bb_table *table_at(struct bb_tables *t, size_t i)
{
    struct bb_table *table = NULL;
    pthread_mutex_lock(&t->mutex);
    if (i < t->n) table = t->list[i];
    pthread_mutex_unlock(&t->mutex);
    return table;
}

size_t bb_tables_left_nbytes(struct bb_tables *t)
{
    size_t sum = 0;
    const struct bb_table *table;
    for (size_t i = 0; (table = table_at(t, i)); i++) sum += bb_sort_left_nbytes(table->sort);
    return sum;
}

int bb_tables_late(struct bb_tables *t)
{
    const struct bb_table *table;
    for (size_t i = 0; (table = table_at(t, i)); i++)
        if (bb_sort_late(table->sort)) return 1;
    return 0;
}

enum bb_status bb_tables_seal(struct bb_tables *t, struct bb_error *err)
{
    const struct bb_table *table;
    for (size_t i = 0; (table = table_at(t, i)); i++) BB_TRY(bb_sort_seal(table->sort, err));
    return BB_OK;
}

enum bb_status bb_tables_drain(struct bb_tables *t, uint32_t before_utc_s, struct bb_error *err)
{
    struct bb_table *table;
    for (size_t i = 0; (table = table_at(t, i)); i++) {
        BB_TRY(bb_table_advance(table, before_utc_s, err));
        /* A row that comes for this year all the same is late and voids the pass. */
        if (table->file && before_utc_s >= table->end_utc_s) BB_TRY(bb_year_file_end_rows(table->file, err));
    }
    return BB_OK;
}

enum bb_status bb_tables_spill(struct bb_tables *t, size_t keep_nbytes, struct bb_error *err)
{
    size_t held = bb_tables_held_nbytes(t);
    double share = keep_nbytes < held ? (double)keep_nbytes / (double)held : 1;
    const struct bb_table *table;
    for (size_t i = 0; (table = table_at(t, i)); i++) {
        size_t keep = (size_t)((double)bb_sort_held_nbytes(table->sort) * share);
        BB_TRY(bb_sort_spill(table->sort, keep, err));
    }
    return BB_OK;
}

static int by_half_and_year(const void *a_, const void *b_)
{
    const struct bb_table *a = *(struct bb_table *const *)a_, *b = *(struct bb_table *const *)b_;
    if (a->year != b->year) return a->year < b->year ? -1 : 1;
    return (int)a->half - (int)b->half;
}

enum bb_status bb_tables_finish(struct bb_tables *t, struct bb_error *err)
{
    if (t->n) qsort(t->list, t->n, sizeof *t->list, by_half_and_year);
    for (size_t i = 0; i < t->n; i++) BB_TRY(bb_table_finish(t->list[i], err));
    return BB_OK;
}
