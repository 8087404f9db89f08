#include "sort/batch.h"

#include "sort/row_store.h"

#include <string.h>

#define TASKS_PER_THREAD 4u
#define ROW_NBYTES       sizeof(struct bb_row)

enum stage {
    LOADING,  /* pieces are blocks */
    LISTING,  /* by one thread */
    LISTED,   /* there was no memory for the ordered rows */
    ORDERING, /* pieces are tasks */
};

struct bb_batch_task {
    size_t from, to; /* instants of the batch */
    size_t n_out;
};

enum bb_status bb_batch_maker_init(struct bb_batch_maker *m, struct bb_error *err)
{
    pthread_mutex_init(&m->mutex, NULL);
    m->tasks = bb_alloc(m->budget, m->n_slots * TASKS_PER_THREAD * sizeof *m->tasks);
    return m->tasks ? BB_OK : bb_fail_budget(err, m->budget, "putting the rows into order");
}

void bb_batch_maker_reset(struct bb_batch_maker *m)
{
    pthread_mutex_destroy(&m->mutex);
    bb_free(m->tasks);
    bb_free(m->own_first);
    bb_free(m->own_index);
    bb_free(m->out);
    bb_free(m->last_out);
}

void bb_batch_window(struct bb_batch_maker *m, uint64_t end_utc_s)
{
    m->window_end_utc_s = end_utc_s;
    m->at = 0;
}

static void note_failure(struct bb_batch_maker *m, enum bb_status status, const struct bb_error *err)
{
    if (status == BB_OK || m->status != BB_OK) return;
    m->status = status;
    m->err = *err;
}

/* ---- listing ---- */

static enum bb_status fail_list(struct bb_batch_maker *m, struct bb_error *err)
{
    return bb_fail_budget(err, m->budget, "the rows of one instant");
}

static enum bb_status list_merged(struct bb_batch_maker *m, struct bb_error *err)
{
    const struct bb_instants *memory = m->memory;
    uint64_t end_utc_s = BB_MIN(m->window_end_utc_s, m->merge.whole_utc_s);
    size_t n_index = 0, n_instants = 0;
    while (n_index < m->batch_rows) {
        uint64_t on_disk = bb_merge_next(&m->merge),
                 in_memory = m->at < memory->n ? memory->start_utc_s[m->at] : BB_NO_INSTANT;
        uint64_t instant = BB_MIN(on_disk, in_memory);
        if (instant >= end_utc_s) break;
        if (!bb_grow(m->budget, (void **)&m->own_first, &m->cap_first, n_instants + 2, sizeof *m->own_first))
            return fail_list(m, err);
        m->own_first[n_instants++] = (uint32_t)n_index;
        if (on_disk == instant && /* runs are older than memory */
            !bb_merge_take(&m->merge, instant, &m->own_index, &m->cap_index, &n_index))
            return fail_list(m, err);
        if (in_memory == instant) {
            size_t n = memory->first[m->at + 1] - memory->first[m->at];
            if (!bb_grow(m->budget, (void **)&m->own_index, &m->cap_index, n_index + n, sizeof *m->own_index))
                return fail_list(m, err);
            memcpy(m->own_index + n_index, memory->index + memory->first[m->at], n * sizeof *m->own_index);
            n_index += n;
            m->at++;
        }
    }
    if (n_instants) m->own_first[n_instants] = (uint32_t)n_index;
    m->first = m->own_first;
    m->index = m->own_index;
    m->n_instants = n_instants;
    return BB_OK;
}

/* An instant is one thread's: with all components of all locations it alone may have half the rows of a batch. */
static void list_memory(struct bb_batch_maker *m)
{
    const struct bb_instants *memory = m->memory;
    uint32_t from = m->at;
    while (m->at < memory->n &&
           (m->at == from || memory->first[m->at + 1] - memory->first[from] <=
                                 (m->at - from < m->n_slots ? m->most_batch_rows : m->batch_rows)))
        m->at++;
    m->first = memory->first + from;
    m->index = memory->index;
    m->n_instants = m->at - from;
}

static size_t listed_rows(const struct bb_batch_maker *m)
{
    return m->n_instants ? m->first[m->n_instants] - m->first[0] : 0;
}

static void split(struct bb_batch_maker *m)
{
    uint64_t n_rows = listed_rows(m);
    size_t max_tasks = m->n_slots == 1 ? 1 : BB_MIN(m->n_instants, (size_t)m->n_slots * TASKS_PER_THREAD), n = 0,
           at = 0;
    while (at < m->n_instants) {
        uint64_t until = n_rows * (n + 1) / max_tasks;
        m->tasks[n].from = at;
        while (at < m->n_instants && (at == m->tasks[n].from || m->first[at + 1] - m->first[0] <= until)) at++;
        if (n + 1 == max_tasks) at = m->n_instants;
        m->tasks[n++].to = at;
    }
    m->next_piece = m->n_done = 0;
    m->n_pieces = n;
}

static int room_for_out(struct bb_batch_maker *m)
{
    if (listed_rows(m) <= m->cap_out) return 1;
    bb_free(m->out);
    m->cap_out = 0;
    m->out = bb_alloc(m->budget, listed_rows(m) * ROW_NBYTES);
    if (!m->out) return 0;
    m->cap_out = listed_rows(m);
    return 1;
}

/* From LISTING to ORDERING, or to LISTED. */
static void list(struct bb_batch_maker *m)
{
    struct bb_error err;
    enum bb_status status = BB_OK;
    int ready;
    if (bb_merge_next(&m->merge) < m->window_end_utc_s)
        status = list_merged(m, &err);
    else
        list_memory(m);
    ready = status == BB_OK && room_for_out(m);
    pthread_mutex_lock(&m->mutex);
    note_failure(m, status, &err);
    if (ready) split(m);
    m->stage = ready ? ORDERING : LISTED;
    pthread_mutex_unlock(&m->mutex);
}

/* ---- pieces ---- */

static void order_instants(struct bb_batch_maker *m, struct bb_batch_task *task, unsigned worker)
{
    struct bb_row *out = m->out + (m->first[task->from] - m->first[0]);
    struct bb_error err;
    enum bb_status status = BB_OK;
    task->n_out = 0;
    for (size_t i = task->from; i < task->to && status == BB_OK; i++) {
        size_t n = 0;
        status = bb_slots_order(&m->slots[worker], m->plan, m->merge.units, m->index + m->first[i],
                                m->first[i + 1] - m->first[i], out + task->n_out, &n, &err);
        task->n_out += n;
    }
    if (status == BB_OK) return;
    pthread_mutex_lock(&m->mutex);
    note_failure(m, status, &err);
    pthread_mutex_unlock(&m->mutex);
}

static void load_block(struct bb_batch_maker *m, size_t block)
{
    struct bb_error err;
    enum bb_status status = bb_merge_load(&m->merge, block, &err);
    if (status == BB_OK) return;
    pthread_mutex_lock(&m->mutex);
    note_failure(m, status, &err);
    pthread_mutex_unlock(&m->mutex);
}

/* One piece of a stage; the mutex is held before and after. 0: there is none for this worker. */
static int do_piece(struct bb_batch_maker *m, enum stage stage, unsigned worker)
{
    size_t piece = m->next_piece;
    if (m->stage != (int)stage || piece == m->n_pieces || m->status != BB_OK) return 0;
    if (stage == ORDERING && worker >= m->n_slots) return 0;
    m->next_piece++;
    pthread_mutex_unlock(&m->mutex);
    if (stage == LOADING)
        load_block(m, piece);
    else
        order_instants(m, &m->tasks[piece], worker);
    pthread_mutex_lock(&m->mutex);
    m->n_done++;
    return 1;
}

/* Giving back a large file takes time, which is better spent beside the last batches than behind them. */
static int close_file(struct bb_batch_maker *m)
{
    if (!m->closes_file || m->stage != ORDERING || m->status != BB_OK || !bb_merge_is_read(&m->merge)) return 0;
    m->closes_file = 0;
    pthread_mutex_unlock(&m->mutex);
    bb_run_file_reset(&m->merge.list->file);
    pthread_mutex_lock(&m->mutex);
    return 1;
}

int bb_batch_piece(void *ctx, unsigned worker)
{
    struct bb_batch_maker *m = ctx;
    int did, lists;
    pthread_mutex_lock(&m->mutex);
    did = do_piece(m, LOADING, worker);
    lists = m->stage == LOADING && m->n_done == m->n_pieces && m->status == BB_OK;
    if (lists) m->stage = LISTING;
    if (!did && !lists) did = do_piece(m, ORDERING, worker) || close_file(m);
    pthread_mutex_unlock(&m->mutex);
    if (lists) list(m);
    return did || lists;
}

struct rest { /* of one stage */
    struct bb_batch_maker *maker;
    enum stage stage;
};

static void rest_task(void *ctx, size_t task, unsigned worker)
{
    struct rest *r = ctx;
    (void)task;
    pthread_mutex_lock(&r->maker->mutex);
    while (do_piece(r->maker, r->stage, worker)) {
    }
    pthread_mutex_unlock(&r->maker->mutex);
}

static void do_rest(struct bb_batch_maker *m, enum stage stage)
{
    struct rest r = { m, stage };
    size_t left = m->n_pieces - m->next_piece, n = BB_MIN(left, (size_t)bb_pool_threads(m->pool));
    if (stage == ORDERING) n = BB_MIN(n, m->n_slots);
    if (n > 1)
        bb_pool_run(m->pool, rest_task, &r, n);
    else if (n == 1)
        rest_task(&r, 0, 0);
}

/* ---- a batch ---- */

enum bb_status bb_batch_begin(struct bb_batch_maker *m, struct bb_error *err)
{
    m->stage = LOADING;
    m->status = BB_OK;
    m->next_piece = m->n_done = 0;
    BB_TRY(bb_merge_plan(&m->merge, m->batch_rows, err));
    m->n_pieces = m->merge.n_planned;
    return BB_OK;
}

static size_t close_gaps(struct bb_batch_maker *m) /* which losers left */
{
    size_t n_out = 0;
    for (size_t i = 0; i < m->n_pieces; i++) {
        const struct bb_batch_task *task = &m->tasks[i];
        size_t at = m->first[task->from] - m->first[0];
        if (at != n_out) memmove(m->out + n_out, m->out + at, task->n_out * ROW_NBYTES);
        n_out += task->n_out;
    }
    return n_out;
}

static void swap_outs(struct bb_batch_maker *m)
{
    struct bb_row *out = m->out;
    size_t cap = m->cap_out;
    m->out = m->last_out;
    m->cap_out = m->cap_last_out;
    m->last_out = out;
    m->cap_last_out = cap;
}

enum bb_status bb_batch_finish(struct bb_batch_maker *m, const struct bb_row **rows_ret, size_t *n_ret,
                               struct bb_error *err)
{
    if (m->stage == LOADING) {
        do_rest(m, LOADING);
        if (m->status == BB_OK) list(m);
    }
    if (m->stage == LISTED && m->status == BB_OK) { /* the rows of the last batch make room for these */
        bb_free(m->last_out);
        m->last_out = NULL;
        m->cap_last_out = 0;
        if (!room_for_out(m)) return bb_fail_budget(err, m->budget, "the rows of one batch");
        split(m);
        m->stage = ORDERING;
    }
    if (m->stage == ORDERING) do_rest(m, ORDERING);
    if (m->status != BB_OK) {
        if (err) *err = m->err;
        return m->status;
    }
    *n_ret = close_gaps(m);
    *rows_ret = m->out;
    bb_merge_forget(&m->merge);
    if (m->looks_ahead) swap_outs(m);
    return BB_OK;
}
