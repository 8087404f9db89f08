#include "sort/drain.h"

#include "sort/instants.h"

#include <string.h>

#define MAX_FAN_IN       512u /* the next instant is found by asking every run */
#define TASKS_PER_THREAD 4u
#define ROW_NBYTES       sizeof(struct bb_row)

/* Whole instants on their way out: the rows of instant i are index[first[i]] … index[first[i + 1] - 1]. */
struct batch {
    const uint32_t *first, *index;
    size_t n_instants;
};

struct task {
    size_t from, to; /* instants of the batch */
    size_t n_out;
    enum bb_status status;
    struct bb_error err;
};

struct drain {
    const struct bb_drain_job *job;
    struct bb_budget *budget;
    struct bb_slot_plan plan;
    struct bb_slots *slots;
    unsigned n_slots; /* workers that order instants; 1: only the caller */
    struct bb_instants memory;
    struct bb_merge merge;
    const struct bb_row **units; /* those of the store, then the loaded ones */
    size_t n_store_units, n_units, cap_units;
    uint32_t load_block_units;
    size_t loaded_rows;      /* of the batch in the making, in the loaded units */
    uint32_t *first, *index; /* of a batch that has rows from runs */
    size_t cap_first, cap_index;
    struct task *tasks;
    struct batch batch;
    struct bb_row *out;
    size_t cap_out;
    size_t batch_rows, most_batch_rows; /* what it should have, and may have where that keeps all threads busy */
};

size_t bb_drain_allowance(const struct bb_budget *budget)
{
    size_t left = bb_budget_left(budget);
    if (budget->limit_nbytes == 0) return (size_t)1 << 40;
    return BB_MIN(left, budget->limit_nbytes / 8);
}

static enum bb_status prepare(struct drain *d, struct bb_error *err)
{
    const struct bb_drain_job *job = d->job;
    const struct bb_sort_options *o = job->options;
    size_t allowance, row_nbytes, threads = bb_pool_threads(o->pool), slots_nbytes, n_wanted = 0;
    BB_TRY(bb_slot_plan_init(&d->plan, d->budget, o->places, err));
    d->plan.slices = o->slices(o->slices_ctx);
    d->plan.derive_energy = o->derive_energy;
    d->plan.combine = o->combine;
    d->plan.combine_ctx = o->slices_ctx;
    allowance = bb_drain_allowance(d->budget);

    for (size_t i = 0; i < job->runs->n; i++) n_wanted += job->runs->runs[i].first_utc_s < job->end_utc_s;
    if (n_wanted > 0) {
        size_t fan_in = allowance / 4 / bb_run_block_nbytes(&job->runs->file);
        fan_in = BB_MIN(BB_MAX(fan_in, 2u), MAX_FAN_IN);
        if (n_wanted > fan_in) BB_TRY(bb_run_list_reduce(job->runs, fan_in, err));
    }
    BB_TRY(bb_merge_open(&d->merge, job->runs, 0, job->runs->n, job->end_utc_s, err));

    slots_nbytes = bb_slots_nbytes(d->plan.n_places);
    d->n_slots = slots_nbytes * threads <= allowance / 4 ? (unsigned)threads : 1;
    d->slots = bb_calloc(d->budget, d->n_slots * sizeof *d->slots);
    d->tasks = bb_alloc(d->budget, d->n_slots * TASKS_PER_THREAD * sizeof *d->tasks);
    if (!d->slots || !d->tasks) return bb_fail_budget(err, d->budget, "putting the rows into order");
    for (unsigned i = 0; i < d->n_slots; i++)
        if (!bb_slots_init(&d->slots[i], d->budget, d->plan.n_places))
            return bb_fail_budget(err, d->budget, "putting the locations into order");

    row_nbytes = job->runs->n > 0 ? 2 * ROW_NBYTES + sizeof(uint32_t) : ROW_NBYTES;
    d->most_batch_rows = BB_MAX(allowance / 2 / row_nbytes, 1);
    d->batch_rows = BB_MAX(BB_MIN(job->max_rows, d->most_batch_rows / 2), 1);
    d->load_block_units = d->batch_rows >= 64 * BB_UNIT_ROWS ? 8 : 1;
    d->n_units = d->n_store_units = bb_row_store_units(job->store);
    if (!bb_grow(d->budget, (void **)&d->units, &d->cap_units, d->n_store_units, sizeof *d->units))
        return bb_fail_budget(err, d->budget, "putting the rows into order");
    bb_row_store_unit_table(job->store, d->units);
    return BB_OK;
}

static void release(struct drain *d, int keep)
{
    bb_merge_close(&d->merge, keep);
    bb_slot_plan_reset(&d->plan);
    for (unsigned i = 0; d->slots && i < d->n_slots; i++) {
        bb_resolve_add_counts(d->job->counts, &d->slots[i].counts);
        bb_slots_reset(&d->slots[i]);
    }
    bb_free(d->slots);
    bb_free(d->tasks);
    bb_instants_reset(&d->memory);
    for (size_t u = d->n_store_units; u < d->n_units; u += d->load_block_units) bb_free((void *)d->units[u]);
    bb_free(d->units);
    bb_free(d->first);
    bb_free(d->index);
    bb_free(d->out);
}

static void order_task(void *ctx, size_t task_index, unsigned worker)
{
    struct drain *d = ctx;
    struct task *task = &d->tasks[task_index];
    const struct batch *b = &d->batch;
    struct bb_row *out = d->out + (b->first[task->from] - b->first[0]);
    task->n_out = 0;
    task->status = BB_OK;
    for (size_t i = task->from; i < task->to && task->status == BB_OK; i++) {
        size_t n = 0;
        task->status = bb_slots_order(&d->slots[worker], &d->plan, d->units, b->index + b->first[i],
                                      b->first[i + 1] - b->first[i], out + task->n_out, &n, &task->err);
        task->n_out += n;
    }
}

static size_t split(struct drain *d)
{
    const struct batch *b = &d->batch;
    uint64_t n_rows = b->first[b->n_instants] - b->first[0];
    size_t max_tasks = d->n_slots == 1 ? 1 : BB_MIN(b->n_instants, (size_t)d->n_slots * TASKS_PER_THREAD), n = 0,
           at = 0;
    while (at < b->n_instants) {
        uint64_t until = n_rows * (n + 1) / max_tasks;
        d->tasks[n].from = at;
        while (at < b->n_instants && (at == d->tasks[n].from || b->first[at + 1] - b->first[0] <= until)) at++;
        if (n + 1 == max_tasks) at = b->n_instants;
        d->tasks[n++].to = at;
    }
    return n;
}

static enum bb_status emit_batch(struct drain *d, struct bb_error *err)
{
    const struct batch *b = &d->batch;
    size_t n_rows = b->first[b->n_instants] - b->first[0], n_tasks, n_out = 0;
    if (n_rows > d->cap_out) {
        bb_free(d->out);
        d->cap_out = 0;
        d->out = bb_alloc(d->budget, n_rows * ROW_NBYTES);
        if (!d->out) return bb_fail_budget(err, d->budget, "the rows of one batch");
        d->cap_out = n_rows;
    }
    n_tasks = split(d);
    if (d->n_slots == 1) {
        for (size_t i = 0; i < n_tasks; i++) order_task(d, i, 0);
    } else {
        bb_pool_run(d->job->options->pool, order_task, d, n_tasks);
    }
    for (size_t i = 0; i < n_tasks; i++) {
        const struct task *task = &d->tasks[i];
        size_t at = b->first[task->from] - b->first[0];
        if (task->status != BB_OK) {
            if (err) *err = task->err;
            return task->status;
        }
        if (at != n_out)
            memmove(d->out + n_out, d->out + at, task->n_out * ROW_NBYTES); /* closes the losers' gaps */
        n_out += task->n_out;
    }
    return n_out ? d->job->emit(d->job->emit_ctx, d->out, n_out, err) : BB_OK;
}

/* The next loaded row's place; *room_ret rows fit behind it. */
static struct bb_row *load_room(struct drain *d, size_t *room_ret)
{
    size_t block_rows = (size_t)d->load_block_units * BB_UNIT_ROWS, block = d->loaded_rows / block_rows;
    size_t unit = d->n_store_units + block * d->load_block_units, used = d->loaded_rows % block_rows;
    if (unit == d->n_units) {
        struct bb_row *rows;
        if (d->n_units + d->load_block_units > (size_t)1 << (32 - BB_UNIT_BITS) ||
            !bb_grow(d->budget, (void **)&d->units, &d->cap_units, d->n_units + d->load_block_units,
                     sizeof *d->units))
            return NULL;
        rows = bb_alloc(d->budget, block_rows * ROW_NBYTES);
        if (!rows) return NULL;
        for (uint32_t i = 0; i < d->load_block_units; i++) d->units[d->n_units++] = rows + (size_t)i * BB_UNIT_ROWS;
    }
    *room_ret = block_rows - used;
    return (struct bb_row *)d->units[unit] + used;
}

static enum bb_status fail_load(const struct drain *d, struct bb_error *err)
{
    return bb_fail_budget(err, d->budget, "the rows of one instant");
}

static enum bb_status load_instant(struct drain *d, uint64_t instant, size_t *n_index, struct bb_error *err)
{
    for (;;) {
        size_t room, n;
        uint32_t number;
        struct bb_row *to = load_room(d, &room);
        if (!to) return fail_load(d, err);
        BB_TRY(bb_merge_take(&d->merge, instant, to, room, &n, err));
        if (n == 0) return BB_OK;
        if (!bb_grow(d->budget, (void **)&d->index, &d->cap_index, *n_index + n, sizeof *d->index))
            return fail_load(d, err);
        number = (uint32_t)((d->n_store_units << BB_UNIT_BITS) + d->loaded_rows);
        for (size_t i = 0; i < n; i++) d->index[*n_index + i] = number + (uint32_t)i;
        *n_index += n;
        d->loaded_rows += n;
    }
}

/* One batch of instants before done_utc_s from runs and memory; *at is the position in d->memory. */
static enum bb_status make_merged_batch(struct drain *d, uint32_t *at, uint64_t done_utc_s, struct bb_error *err)
{
    const struct bb_instants *m = &d->memory;
    size_t n_index = 0, n_instants = 0;
    d->loaded_rows = 0;
    while (n_index < d->batch_rows) {
        uint64_t on_disk = bb_merge_next(&d->merge), in_memory = *at < m->n ? m->start_utc_s[*at] : BB_NO_INSTANT;
        uint64_t instant = BB_MIN(on_disk, in_memory);
        if (instant >= done_utc_s) break;
        if (!bb_grow(d->budget, (void **)&d->first, &d->cap_first, n_instants + 2, sizeof *d->first))
            return fail_load(d, err);
        d->first[n_instants++] = (uint32_t)n_index;
        if (on_disk == instant) BB_TRY(load_instant(d, instant, &n_index, err)); /* runs are older than memory */
        if (in_memory == instant) {
            size_t n = m->first[*at + 1] - m->first[*at];
            if (!bb_grow(d->budget, (void **)&d->index, &d->cap_index, n_index + n, sizeof *d->index))
                return fail_load(d, err);
            memcpy(d->index + n_index, m->index + m->first[*at], n * sizeof *d->index);
            n_index += n;
            ++*at;
        }
    }
    if (n_instants) d->first[n_instants] = (uint32_t)n_index;
    d->batch = (struct batch){ d->first, d->index, n_instants };
    return BB_OK;
}

/* An instant is one thread's: with all components of all locations it alone may have half the rows of a batch. */
static void make_memory_batch(struct drain *d, uint32_t *at)
{
    const struct bb_instants *m = &d->memory;
    uint32_t from = *at;
    while (*at < m->n && (*at == from || m->first[*at + 1] - m->first[from] <=
                                             (*at - from < d->n_slots ? d->most_batch_rows : d->batch_rows)))
        ++*at;
    d->batch = (struct batch){ m->first + from, m->index, *at - from };
}

static enum bb_status emit_window(struct drain *d, uint64_t done_utc_s, struct bb_error *err)
{
    uint32_t at = 0;
    for (;;) {
        if (bb_merge_next(&d->merge) < done_utc_s)
            BB_TRY(make_merged_batch(d, &at, done_utc_s, err));
        else
            make_memory_batch(d, &at);
        if (d->batch.n_instants == 0) return BB_OK;
        BB_TRY(emit_batch(d, err));
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
    struct drain d = { .job = job, .budget = job->options->budget, .merge.list = job->runs };
    enum bb_status status;
    bb_instants_init(&d.memory, d.budget);
    status = prepare(&d, err);
    if (status == BB_OK) status = drain_windows(&d, err);
    release(&d, status == BB_OK);
    if (status == BB_OK) bb_row_store_drop(job->store, job->end_utc_s);
    return status;
}
