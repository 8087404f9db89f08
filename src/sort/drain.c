#include "sort/drain.h"

#include "sort/batch.h"

#include <string.h>

#define MAX_FAN_IN 512u /* the next instant is found by asking every run */
/* Where a batch has many blocks, room for them comes in pieces that are large enough to stay with the budget when they are freed (mem.h). */
#define LARGE_BATCH_ROWS (64 * BB_UNIT_ROWS)
#define SLOTS_AT_ONCE    8u
#define ROW_NBYTES       sizeof(struct bb_row)

struct drain {
    const struct bb_drain_job *job;
    struct bb_budget *budget;
    struct bb_slot_plan plan;
    struct bb_slots *slots;
    unsigned n_slots;
    struct bb_instants memory;
    struct bb_batch_maker maker;
};

size_t bb_drain_allowance(const struct bb_budget *budget)
{
    size_t left = bb_budget_left(budget);
    if (budget->limit_nbytes == 0) return (size_t)1 << 40; /* no limit */
    return BB_MIN(left, budget->limit_nbytes / 8);
}

static enum bb_status prepare_slots(struct drain *d, size_t allowance, struct bb_error *err)
{
    size_t threads = bb_pool_threads(d->job->options->pool);
    d->n_slots = bb_slots_nbytes(d->plan.n_places) * threads <= allowance / 4 ? (unsigned)threads : 1;
    d->slots = bb_calloc(d->budget, d->n_slots * sizeof *d->slots);
    if (!d->slots) return bb_fail_budget(err, d->budget, "putting the rows into order");
    for (unsigned i = 0; i < d->n_slots; i++)
        if (!bb_slots_init(&d->slots[i], d->budget, d->plan.n_places))
            return bb_fail_budget(err, d->budget, "putting the locations into order");
    return BB_OK;
}

/* So few runs that a block of each may wait. */
static enum bb_status reduce_runs(struct drain *d, size_t allowance, struct bb_error *err)
{
    struct bb_run_list *runs = d->job->runs;
    size_t fan_in = allowance / 4 / bb_run_block_nbytes(&runs->file), n_wanted = 0;
    fan_in = BB_MIN(BB_MAX(fan_in, 2u), MAX_FAN_IN);
    for (size_t i = 0; i < runs->n; i++) n_wanted += bb_run_first(&runs->runs[i]) < d->job->end_utc_s;
    return n_wanted > fan_in ? bb_run_list_reduce(runs, fan_in, d->job->options->pool, err) : BB_OK;
}

static enum bb_status prepare(struct drain *d, struct bb_error *err)
{
    const struct bb_drain_job *job = d->job;
    const struct bb_sort_options *o = job->options;
    struct bb_batch_maker *m = &d->maker;
    size_t allowance, row_nbytes, n_store_units = bb_row_store_units(job->store);
    BB_TRY(bb_slot_plan_init(&d->plan, d->budget, o->places, err));
    d->plan.slices = o->slices(o->slices_ctx);
    d->plan.derive_energy = o->derive_energy;
    d->plan.combine = o->combine;
    d->plan.combine_ctx = o->slices_ctx;
    allowance = bb_drain_allowance(d->budget);
    BB_TRY(reduce_runs(d, allowance, err));
    BB_TRY(prepare_slots(d, allowance, err));

    row_nbytes = job->runs->n > 0 ? 2 * ROW_NBYTES + sizeof(uint32_t) : ROW_NBYTES;
    m->most_batch_rows = BB_MAX(allowance / 2 / row_nbytes, 1);
    m->batch_rows = BB_MAX(BB_MIN(job->max_rows, m->most_batch_rows / 2), 1);
    m->closes_file = job->end_utc_s == BB_NO_INSTANT;
    m->budget = d->budget;
    m->pool = o->pool;
    m->plan = &d->plan;
    m->slots = d->slots;
    m->n_slots = d->n_slots;
    m->memory = &d->memory;
    BB_TRY(bb_batch_maker_init(m, err));
    BB_TRY(bb_merge_open(&m->merge, job->runs, 0, job->runs->n, job->end_utc_s, n_store_units,
                         m->batch_rows >= LARGE_BATCH_ROWS ? SLOTS_AT_ONCE : 1, err));
    bb_row_store_unit_table(job->store, m->merge.units);
    m->looks_ahead = !o->one_batch && bb_pool_threads(o->pool) > 1 && !bb_pool_has_background(o->pool) &&
                     bb_budget_left(d->budget) >= 2 * allowance;
    return BB_OK;
}

static void release(struct drain *d, int keep)
{
    bb_merge_close(&d->maker.merge, keep);
    if (d->maker.budget) bb_batch_maker_reset(&d->maker);
    bb_slot_plan_reset(&d->plan);
    for (unsigned i = 0; d->slots && i < d->n_slots; i++) {
        bb_resolve_add_counts(d->job->counts, &d->slots[i].counts);
        bb_slots_reset(&d->slots[i]);
    }
    bb_free(d->slots);
    bb_instants_reset(&d->memory);
}

static enum bb_status emit_window(struct drain *d, uint64_t end_utc_s, struct bb_error *err)
{
    const struct bb_drain_job *job = d->job;
    struct bb_pool *pool = job->options->pool;
    bb_batch_window(&d->maker, end_utc_s);
    BB_TRY(bb_batch_begin(&d->maker, err));
    for (;;) {
        const struct bb_row *rows;
        enum bb_status status;
        size_t n;
        BB_TRY(bb_batch_finish(&d->maker, &rows, &n, err));
        if (n == 0) return BB_OK;
        if (d->maker.looks_ahead) {
            BB_TRY(bb_batch_begin(&d->maker, err));
            bb_pool_background(pool, bb_batch_piece, &d->maker);
        }
        status = job->emit(job->emit_ctx, rows, n, err);
        if (d->maker.looks_ahead) bb_pool_background(pool, NULL, NULL);
        if (status == BB_OK && !d->maker.looks_ahead) status = bb_batch_begin(&d->maker, err);
        if (status != BB_OK) return status;
    }
}

static enum bb_status drain_windows(struct drain *d, struct bb_error *err)
{
    const struct bb_drain_job *job = d->job;
    size_t allowance = bb_drain_allowance(d->budget), share = allowance / 8 * (job->runs->n > 0 ? 3 : 5);
    for (uint64_t from = 0, done; from < job->end_utc_s; from = done) {
        BB_TRY(
            bb_instants_group(&d->memory, job->store, job->options->pool, from, job->end_utc_s, share, &done, err));
        BB_TRY(emit_window(d, done, err));
    }
    return BB_OK;
}

enum bb_status bb_drain_run(const struct bb_drain_job *job, struct bb_error *err)
{
    struct drain d = { .job = job, .budget = job->options->budget, .maker.merge.list = job->runs };
    enum bb_status status;
    bb_instants_init(&d.memory, d.budget);
    status = prepare(&d, err);
    if (status == BB_OK) status = drain_windows(&d, err);
    release(&d, status == BB_OK);
    if (status == BB_OK) bb_row_store_drop(job->store, job->end_utc_s);
    return status;
}
