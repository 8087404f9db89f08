#include "sort/sort.h"

#include "sort/drain.h"
#include "sort/instants.h"
#include "sort/run_writer.h"

#include <pthread.h>
#include <string.h>

#define MIN_BLOCK_NBYTES ((size_t)8 << 10)
#define MAX_BLOCK_NBYTES                                                                                           \
    (BB_BLOCK_MAX_ROWS * sizeof(struct bb_row)) /* larger ones read no faster and cost fan-in */

struct bb_sort {
    struct bb_sort_options options;
    struct bb_row_store incoming;  /* what workers add, while the others are on their way out */
    pthread_mutex_t *lane_mutexes; /* of incoming: its worker's and the drain's */
    struct bb_row_store store;
    struct bb_run_list runs;
    _Atomic uint64_t drained_utc_s; /* all instants before are out, or on their way */
    _Atomic int late;
    uint64_t n_runs, spilled_nbytes;
    struct bb_resolve_counts counts;
    char temp_dir[];
};

static uint32_t block_rows_for(const struct bb_budget *budget)
{
    size_t nbytes = budget->limit_nbytes ? budget->limit_nbytes / 1024 : MAX_BLOCK_NBYTES;
    nbytes = BB_MIN(BB_MAX(nbytes, MIN_BLOCK_NBYTES), MAX_BLOCK_NBYTES);
    return (uint32_t)(nbytes / sizeof(struct bb_row));
}

enum bb_status bb_sort_new(const struct bb_sort_options *options, struct bb_sort **sort_ret, struct bb_error *err)
{
    const char *temp_dir = options->temp_dir ? options->temp_dir : ".";
    size_t n = strlen(temp_dir) + 1;
    struct bb_sort *sort = bb_calloc(options->budget, sizeof *sort + n);
    *sort_ret = NULL;
    if (!sort) return bb_fail_budget(err, options->budget, "sorting");
    memcpy(sort->temp_dir, temp_dir, n);
    sort->options = *options;
    sort->options.temp_dir = sort->temp_dir;
    bb_run_list_init(&sort->runs, options->budget, sort->temp_dir, block_rows_for(options->budget));
    sort->lane_mutexes = bb_alloc(options->budget, options->n_workers * sizeof *sort->lane_mutexes);
    for (unsigned i = 0; sort->lane_mutexes && i < options->n_workers; i++)
        pthread_mutex_init(&sort->lane_mutexes[i], NULL);
    if (!sort->lane_mutexes || !bb_row_store_init(&sort->incoming, options->budget, options->n_workers) ||
        !bb_row_store_init(&sort->store, options->budget, options->n_workers)) {
        bb_sort_free(sort);
        return bb_fail_budget(err, options->budget, "sorting");
    }
    *sort_ret = sort;
    return BB_OK;
}

void bb_sort_free(struct bb_sort *sort)
{
    if (!sort) return;
    for (unsigned i = 0; sort->lane_mutexes && i < sort->options.n_workers; i++)
        pthread_mutex_destroy(&sort->lane_mutexes[i]);
    bb_free(sort->lane_mutexes);
    bb_row_store_reset(&sort->incoming);
    bb_row_store_reset(&sort->store);
    bb_run_list_reset(&sort->runs);
    bb_free(sort);
}

enum bb_status bb_sort_add(struct bb_sort *sort, unsigned worker, const struct bb_row *rows, size_t n,
                           struct bb_error *err)
{
    uint64_t drained_utc_s;
    int added;
    if (worker >= sort->options.n_workers) return bb_fail(err, BB_BUG, "there is no worker %u", worker);
    pthread_mutex_lock(&sort->lane_mutexes[worker]);
    added = bb_row_store_add(&sort->incoming, worker, rows, n);
    pthread_mutex_unlock(&sort->lane_mutexes[worker]);
    if (!added) return bb_fail_budget(err, sort->options.budget, "the rows to sort");
    drained_utc_s = sort->drained_utc_s; /* a drain says how far it goes before it takes the rows */
    if (drained_utc_s > 0) {
        uint32_t min = UINT32_MAX;
        for (size_t i = 0; i < n; i++) min = BB_MIN(min, rows[i].start_utc_s);
        if (n > 0 && min < drained_utc_s) atomic_store_explicit(&sort->late, 1, memory_order_relaxed);
    }
    return BB_OK;
}

int bb_sort_late(const struct bb_sort *sort)
{
    return atomic_load_explicit(&((struct bb_sort *)sort)->late, memory_order_relaxed);
}

size_t bb_sort_held_nbytes(const struct bb_sort *sort)
{
    return bb_row_store_held_nbytes(&sort->incoming) + bb_row_store_held_nbytes(&sort->store);
}

size_t bb_sort_left_nbytes(const struct bb_sort *sort) { return bb_row_store_held_nbytes(&sort->store); }

uint32_t bb_sort_first_instant(const struct bb_sort *sort)
{
    uint64_t memory = BB_MIN(bb_row_store_first(&sort->incoming), bb_row_store_first(&sort->store)),
             disk = bb_run_list_first(&sort->runs);
    return (uint32_t)BB_MIN(memory, disk); /* UINT32_MAX from memory also stands for none */
}

enum bb_status bb_sort_seal(struct bb_sort *sort, struct bb_error *err)
{
    int ok = 1;
    for (unsigned i = 0; i < sort->options.n_workers; i++) {
        pthread_mutex_lock(&sort->lane_mutexes[i]);
        ok &= bb_row_store_take(&sort->store, &sort->incoming, i);
        pthread_mutex_unlock(&sort->lane_mutexes[i]);
    }
    return ok ? BB_OK : bb_fail_budget(err, sort->options.budget, "the rows to sort");
}

static enum bb_status write_instants(const struct bb_sort *sort, const struct bb_row_store *rows,
                                     struct bb_run_writer *writer, const struct bb_row *const *units,
                                     struct bb_error *err)
{
    struct bb_budget *budget = sort->options.budget;
    size_t allowance = bb_drain_allowance(budget) / 4 * 3;
    struct bb_instants instants;
    enum bb_status status = BB_OK;
    bb_instants_init(&instants, budget);
    for (uint64_t from = 0, done; from < BB_NO_INSTANT && status == BB_OK; from = done) {
        status = bb_instants_group(&instants, rows, sort->options.pool, from, BB_NO_INSTANT, allowance, &done, err);
        if (status == BB_OK && instants.n > 0)
            status = bb_run_writer_put(writer, units, instants.index, instants.first[instants.n], err);
    }
    bb_instants_reset(&instants);
    return status;
}

static enum bb_status write_run(struct bb_sort *sort, const struct bb_row_store *rows, struct bb_error *err)
{
    struct bb_budget *budget = sort->options.budget;
    struct bb_run_list *runs = &sort->runs;
    struct bb_run_writer writer;
    enum bb_status status;
    const struct bb_row **units = bb_alloc(budget, bb_row_store_units(rows) * sizeof *units);
    if (!units || !bb_grow(budget, (void **)&runs->runs, &runs->cap, runs->n + 1, sizeof *runs->runs)) {
        bb_free(units);
        return bb_fail_budget(err, budget, "writing rows to a temporary file");
    }
    bb_row_store_unit_table(rows, units);
    status = bb_run_writer_begin(&writer, &runs->file, sort->options.pool, budget, err);
    if (status == BB_OK) status = write_instants(sort, rows, &writer, units, err);
    bb_free(units);
    if (status != BB_OK) {
        bb_run_writer_abort(&writer);
        return status;
    }
    bb_run_writer_finish(&writer, &runs->runs[runs->n++]);
    sort->n_runs++;
    sort->spilled_nbytes +=
        writer.n_rows * sizeof(struct bb_row) + writer.run.n_blocks * sizeof(struct bb_run_block);
    return BB_OK;
}

enum bb_status bb_sort_spill(struct bb_sort *sort, size_t keep_nbytes, struct bb_error *err)
{
    struct bb_row_store oldest;
    enum bb_status status;
    size_t held;
    BB_TRY(bb_sort_seal(sort, err));
    held = bb_row_store_held_nbytes(&sort->store);
    if (bb_row_store_rows(&sort->store) == 0 || held <= keep_nbytes) return BB_OK;
    if (!bb_row_store_begin_front(&sort->store, held - keep_nbytes, &oldest))
        return bb_fail_budget(err, sort->options.budget, "writing rows to a temporary file");
    status = write_run(sort, &oldest, err);
    bb_row_store_end_front(&sort->store, &oldest, status == BB_OK);
    return status;
}

enum bb_status bb_sort_drain(struct bb_sort *sort, uint32_t before_utc_s, size_t max_rows, bb_sort_emit emit,
                             void *ctx, struct bb_error *err)
{
    struct bb_drain_job job = {
        .options = &sort->options,
        .store = &sort->store,
        .runs = &sort->runs,
        .end_utc_s = before_utc_s == UINT32_MAX ? BB_NO_INSTANT : before_utc_s,
        .max_rows = max_rows,
        .emit = emit,
        .emit_ctx = ctx,
        .counts = &sort->counts,
    };
    if (sort->drained_utc_s < job.end_utc_s) sort->drained_utc_s = job.end_utc_s;
    BB_TRY(bb_sort_seal(sort, err));
    return bb_sort_first_instant(sort) < job.end_utc_s ? bb_drain_run(&job, err) : BB_OK;
}

enum bb_status bb_sort_pass_over(struct bb_sort *sort, uint64_t before_utc_s, struct bb_error *err)
{
    if (sort->drained_utc_s < before_utc_s) sort->drained_utc_s = before_utc_s;
    BB_TRY(bb_sort_seal(sort, err)); /* who adds after this sees how far it is */
    if (bb_sort_first_instant(sort) < before_utc_s) sort->late = 1;
    return BB_OK;
}

void bb_sort_get_counts(const struct bb_sort *sort, struct bb_sort_counts *counts_ret)
{
    *counts_ret = (struct bb_sort_counts){
        .rows = sort->counts.rows,
        .duplicates = sort->counts.duplicates,
        .revisions = sort->counts.revisions,
        .incomplete = bb_resolve_incomplete(&sort->counts),
        .runs = sort->n_runs,
        .spilled_nbytes = sort->spilled_nbytes,
    };
}
