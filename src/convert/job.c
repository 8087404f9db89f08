/* The loop: fill – all workers parse blocks until the rows use up their share of the memory – then drain – all workers sort and encode what
 * is complete – and so on. Whoever has nothing to do in a drain goes on parsing (bb_pool_background), as far as memory allows: nobody
 * waits for anybody's block.
 *
 * What is complete follows from time hints: a source that has not been opened cannot reach before its first instant, one that is being read
 * cannot reach before its last block, if its format promises order and its blocks so far kept the promise. A hint is never trusted: a row
 * that comes for an instant already written (sort says `late`), or a source that turns out to be damaged after rows of it were
 * used, spoils the pass. A spoilt pass only reads on, to find whatever else is wrong; then the job starts over, without early drains and without
 * the damaged sources. That costs time in rare cases and keeps the common case free of bookkeeping per row. A pass that memory runs out in is
 * spoilt as well: the next one holds fewer rows, reads with fewer workers and encodes one column after the other. */
#include "convert/job.h"

#include "convert/pass_reach.h"
#include "parquet/pq_write.h"

#include <stdlib.h>

#define BATCH_ROWS    1024
#define ROWS_PER_TEXT 7  /* 24 hours of 48 bytes in a record of some 170 */
#define JOINING_PARTS 16 /* of the limit: what all workers may hold to join components while they read */
#define SMALL_LIMIT   ((size_t)128 << 20)
#define ROUND_NBYTES  ((size_t)16 << 20)
#define MAX_PASSES                                                                                                 \
    8 /* each further pass excludes at least one more source; a source that changes while being read must not loop for ever */

static void fail(struct bb_pass *p, const struct bb_error *err)
{
    pthread_mutex_lock(&p->mutex);
    if (!p->failed) p->error = *err;
    p->failed = 1;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->mutex);
}

/* ---- fill ---- */

/* The first block is read in private: it makes the reader. */
static enum bb_status open_own(struct bb_pass_worker *w, struct bb_error *err)
{
    struct bb_pass *p = w->pass;
    struct bb_open_source *fresh = NULL;
    int ended = 0;
    enum bb_status status = bb_pass_open_next(w, &fresh, err);
    if (status == BB_OK && fresh) status = bb_pass_read_block(w, fresh, &ended, err);
    if (status != BB_OK) {
        bb_open_source_close(fresh);
        fresh = NULL;
    }
    pthread_mutex_lock(&p->mutex);
    if (fresh) {
        fresh->exhausted = ended;
        w->own = fresh;
    }
    w->opening = 0;
    p->n_opening--;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->mutex);
    return status;
}

static struct bb_open_source *own_or_other(struct bb_pass_worker *w)
{
    struct bb_pass *p = w->pass;
    if (w->own) return w->own;
    for (unsigned i = 0; i < p->n_workers; i++) {
        struct bb_open_source *other = p->workers[i].own;
        if (other && !other->exhausted && !bb_pass_source(p, other->source)->sequential) return other;
    }
    return NULL;
}

/* Own source first, else a new one, else help with somebody's; while somebody opens one, that is waited for. Counts itself as a user of what it
 * returns. */
static enum bb_status choose(struct bb_pass_worker *w, struct bb_open_source **os_ret, struct bb_error *err)
{
    struct bb_pass *p = w->pass;
    enum bb_status status = BB_OK;
    int opens;
    pthread_mutex_lock(&p->mutex);
    opens = !w->own && p->next_source < p->job->n_sources;
    p->n_opening += opens;
    pthread_mutex_unlock(&p->mutex);
    if (opens) status = open_own(w, err);
    if (status != BB_OK) return status;
    pthread_mutex_lock(&p->mutex);
    while (!(*os_ret = own_or_other(w)) && p->n_opening > 0) pthread_cond_wait(&p->changed, &p->mutex);
    if (*os_ret) (*os_ret)->n_users++;
    pthread_mutex_unlock(&p->mutex);
    return BB_OK;
}

/* Whoever leaves an exhausted source last closes it. */
static void leave(struct bb_pass *p, struct bb_open_source *os, int ended)
{
    int last;
    pthread_mutex_lock(&p->mutex);
    if (ended) os->exhausted = 1;
    os->n_users--;
    last = os->exhausted && os->n_users == 0;
    if (last)
        for (unsigned i = 0; i < p->n_workers; i++)
            if (p->workers[i].own == os) p->workers[i].own = NULL;
    if (last) pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->mutex);
    if (last) {
        struct bb_plan_source *s = bb_pass_source(p, os->source);
        char hash[33];
        if (!s->excluded) {
            bb_feed_identity(os->feed, hash, &s->content_nbytes);
            if (strcmp(s->hash, hash) != 0)
                memcpy(s->hash, hash, sizeof s->hash); /* known ones are looked up meanwhile */
        }
        if (!s->reported && !s->lost) p->run->files_done++;
        bb_open_source_close(os);
    }
}

static int is_small(const struct bb_pass *p) { return p->run->budget.limit_nbytes < SMALL_LIMIT; }

/* Files that have been begun hold memory too, more with each year; what they leave is shared anew each round: half for rows, half for
 * sorting and encoding them. Where the limit is small it is a third for rows, or a fifth with many threads, for a file's columns take 20 MB
 * and more whatever the limit is. The blocks that the other workers are in the middle of still add to the rows: up to ROWS_PER_TEXT bytes
 * for each byte of text. */
static size_t rows_share(struct bb_pass *p)
{
    size_t parts = !is_small(p) ? 2 : p->n_workers > 2 ? 5 : 3;
    size_t share = (bb_budget_left(&p->run->budget) + bb_tables_held_nbytes(p->tables)) / parts >> p->frugal;
    size_t in_flight = (size_t)(p->n_workers - 1) * p->run->block_nbytes * ROWS_PER_TEXT;
    return share - BB_MIN(in_flight, share / 2);
}

/* While no drain is possible, nothing is sorted or encoded beside the filling: rows may take half as much again. */
static size_t undrained_share(struct bb_pass *p) { return is_small(p) ? rows_share(p) : rows_share(p) / 2 * 3; }

/* A round begins with 16 MiB of rows, which stay in the third-level cache and are taken from the system once; make_room doubles it up to the
 * share where a drain frees too little. */
static void share_memory(struct bb_pass *p)
{
    p->rows_limit_nbytes = p->drains ? BB_MIN(rows_share(p), p->round_nbytes) : undrained_share(p);
}

/* Sorting and encoding need a quarter; spilling, half of that. */
static int is_short(struct bb_pass *p)
{
    size_t part = p->drains || is_small(p) ? 4 : 8;
    return bb_budget_left(&p->run->budget) < p->run->budget.limit_nbytes / part;
}

static int is_full(struct bb_pass *p)
{
    return bb_tables_held_nbytes(p->tables) >= p->rows_limit_nbytes || is_short(p);
}

static void wake(struct bb_pass *p)
{
    pthread_mutex_lock(&p->mutex);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->mutex);
}

static int may_fill(struct bb_pass *p) { return !p->full && !p->failed && !bb_run_stopped(p->run); }

/* One block, by any worker. 0: this worker can do nothing now. */
static int fill_piece(void *ctx, unsigned worker)
{
    struct bb_pass *p = ctx;
    struct bb_pass_worker *w = &p->workers[worker];
    struct bb_open_source *os;
    struct bb_error err;
    enum bb_status status;
    int ended = 0;
    if (worker >= p->n_workers) return 0;
    if (!may_fill(p)) {
        wake(p); /* whoever waits for this worker's source: a signal does not wake it */
        return 0;
    }
    status = choose(w, &os, &err);
    if (status == BB_OK && !os) return 0;
    if (status == BB_OK) {
        if (!os->exhausted) status = bb_pass_read_block(w, os, &ended, &err);
        leave(p, os, ended);
    }
    if (!w->lake_failed) status = bb_pass_starve(p, status); /* the block is lost to the pass, which is spoilt */
    if (status != BB_OK) {
        fail(p, &err);
        return 0;
    }
    if (!p->spoilt && is_full(p)) {
        p->full = 1;
        wake(p);
    }
    return 1;
}

/* Until the rows are full or nothing is left to read. What only another worker can read is waited for. */
static void fill(struct bb_pass *p)
{
    int more = 1;
    p->full = 0;
    bb_pool_background(p->run->pool, fill_piece, p);
    while (more && may_fill(p)) {
        if (fill_piece(p, 0)) continue;
        pthread_mutex_lock(&p->mutex);
        more = bb_pass_is_reading(p);
        if (more && may_fill(p)) pthread_cond_wait(&p->changed, &p->mutex);
        pthread_mutex_unlock(&p->mutex);
    }
    if (!p->overlaps || !more || p->failed) bb_pool_background(p->run->pool, NULL, NULL);
}

/* ---- make room ---- */

/* Beside a drain a round's worth of rows may come, where the share has room for it. */
static void resume_beside(struct bb_pass *p)
{
    if (!p->overlaps) return;
    p->rows_limit_nbytes =
        BB_MAX(p->rows_limit_nbytes, BB_MIN(rows_share(p), bb_tables_held_nbytes(p->tables) + ROUND_NBYTES));
    p->full = is_full(p);
    if (!p->full) bb_pool_background(p->run->pool, fill_piece, p);
}

/* No more than must: half of the rows stay, and some of them are still in memory when the last one is read. Where memory is small, few would be, for
 * twice as many runs. */
static enum bb_status spill_half(struct bb_pass *p, struct bb_error *err)
{
    size_t most = undrained_share(p);
    if (!is_short(p) && bb_tables_held_nbytes(p->tables) < most) return BB_OK;
    bb_pool_background(p->run->pool, NULL, NULL);
    return bb_tables_spill(p->tables, is_short(p) || is_small(p) ? 0 : most / 2, err);
}

/* What was filled while no drain was possible leaves too little to sort and encode with. */
static enum bb_status spill_excess(struct bb_pass *p, struct bb_error *err)
{
    return p->drains ? BB_OK : bb_tables_spill(p->tables, rows_share(p), err);
}

static enum bb_status make_room(struct bb_pass *p, int drain_early, struct bb_error *err)
{
    uint32_t low = drain_early ? bb_pass_low_water(p) : 0;
    size_t held;
    if (low == 0) {
        p->drains = 0;
        return spill_half(p, err);
    }
    BB_TRY(spill_excess(p, err));
    p->drains = 1;
    BB_TRY(bb_tables_seal(p->tables, err));
    held = bb_tables_left_nbytes(p->tables);
    resume_beside(p);
    BB_TRY(bb_tables_drain(p->tables, low, err));
    if (bb_tables_left_nbytes(p->tables) <= held / 4 * 3) return BB_OK;
    /* Too little came free: the next round would be short. A larger one helps where the round's size ended it, not the budget. */
    if (!is_short(p) && p->rows_limit_nbytes < rows_share(p) && p->round_nbytes < SIZE_MAX / 2) {
        p->round_nbytes *= 2;
        return BB_OK;
    }
    bb_pool_background(p->run->pool, NULL, NULL);
    return bb_tables_spill(p->tables, 0, err);
}

/* ---- a pass ---- */

static void reset_workers(struct bb_pass *p)
{
    for (unsigned i = 0; p->workers && i < p->n_workers; i++) {
        struct bb_pass_worker *w = &p->workers[i];
        bb_open_source_close(w->own);
        bb_worker_free(w->parser);
        bb_feed_buffer_reset(&w->buffer);
        bb_router_reset(&w->router);
        bb_free(w->batch.rows);
    }
    bb_free(p->workers);
    p->workers = NULL;
}

static enum bb_status init_workers(struct bb_pass *p, struct bb_error *err)
{
    struct bb_run *run = p->run;
    p->n_workers = BB_MAX(bb_pool_threads(run->pool) >> 2 * p->frugal, 1u);
    p->workers = bb_calloc(&run->budget, p->n_workers * sizeof *p->workers);
    if (!p->workers) return bb_fail_budget(err, &run->budget, "the workers");
    for (unsigned i = 0; i < p->n_workers; i++) {
        struct bb_pass_worker *w = &p->workers[i];
        w->pass = p;
        w->index = i;
        bb_router_init(&w->router, p->tables, i);
        w->parser = bb_worker_new(&run->budget);
        w->batch.rows = bb_alloc(&run->budget, BATCH_ROWS * sizeof *w->batch.rows);
        w->batch.cap = BATCH_ROWS;
        w->batch.flush = bb_pass_flush;
        w->batch.ctx = w;
        if (!w->parser || !w->batch.rows) return bb_fail_budget(err, &run->budget, "the workers");
        if (run->budget.limit_nbytes)
            bb_worker_limit(w->parser, run->budget.limit_nbytes / JOINING_PARTS / p->n_workers);
        BB_TRY(bb_feed_buffer_init(&w->buffer, run->block_nbytes, &run->budget, err));
    }
    return BB_OK;
}

/* Every source must at least claim an order and say where it starts. */
static int hints_suffice(const struct bb_pass *p)
{
    for (size_t i = 0; i < p->job->n_sources; i++)
        if (!bb_plan_source_is_out(bb_pass_source(p, i)) &&
            (bb_pass_source(p, i)->order == BB_ORDER_NONE || bb_pass_source(p, i)->first_utc_s == 0))
            return 0;
    return 1;
}

static enum bb_status run_pass(struct bb_pass *p, int drain_early, struct bb_error *err)
{
    BB_TRY(init_workers(p, err));
    p->round_nbytes = ROUND_NBYTES;
    p->drains = drain_early;
    p->overlaps = drain_early && !p->frugal && !is_small(p);
    for (;;) {
        share_memory(p);
        fill(p);
        if (p->failed) {
            *err = p->error;
            return p->error.status;
        }
        if (bb_run_stopped(p->run)) return bb_fail(err, BB_INTERRUPTED, "interrupted");
        if (bb_tables_late(p->tables)) p->spoilt = 1;
        if (bb_pass_all_read(p)) break;
        if (!p->spoilt) {
            enum bb_status status = bb_pass_starve(p, make_room(p, drain_early, err));
            if (status != BB_OK && !bb_tables_late(p->tables)) return status;
        }
    }
    bb_pool_background(p->run->pool, NULL, NULL);
    if (p->failed) { /* by the last block, after the look above */
        *err = p->error;
        return p->error.status;
    }
    if (bb_tables_late(p->tables)) p->spoilt = 1;
    if (p->spoilt) return BB_OK;
    reset_workers(p); /* their memory is better used by the merge */
    BB_TRY(bb_pass_starve(p, spill_excess(p, err)));
    return p->spoilt ? BB_OK : bb_pass_starve(p, bb_tables_finish(p->tables, err));
}

static void begin_sources(struct bb_pass *p)
{
    for (size_t i = 0; i < p->job->n_sources; i++) {
        struct bb_plan_source *s = bb_pass_source(p, i);
        s->used = s->told = s->lost = 0;
        s->n_rows = s->n_unknown_words = 0;
        s->n_records_before = s->n_records;
    }
}

/* After a spoilt pass, which told all that it read. What it read in part the next one tells, which needs that no reject was told: those are
 * not taken back. */
static enum bb_status note_reported(struct bb_pass *p, struct bb_error *err)
{
    for (size_t i = 0; i < p->job->n_sources; i++) {
        struct bb_plan_source *s = bb_pass_source(p, i);
        if (s->reported) continue;
        s->reported = !s->lost;
        if (!s->lost) continue;
        if (s->told) return bb_fail_budget(err, &p->run->budget, "reading with so many threads");
        p->run->n_records -= s->n_records - s->n_records_before;
        p->run->n_rows -= s->n_rows;
        p->run->result->unknown_words -= s->n_unknown_words;
        s->n_records = s->n_records_before;
    }
    return BB_OK;
}

enum bb_status bb_job_run(struct bb_run *run, struct bb_plan *plan, const struct bb_job *job,
                          const struct bb_zone *zone, struct bb_tables *tables_ret, struct bb_error *err)
{
    enum bb_status status = BB_OK;
    unsigned frugal = 0;
    int orderly = 1; /* nothing spoke against the hints */
    for (int n = 0; n < MAX_PASSES; n++) {
        struct bb_pass p = {
            .run = run, .plan = plan, .job = job, .zone = zone, .tables = tables_ret, .frugal = frugal
        };
        BB_TRY(bb_tables_init(tables_ret, run, plan, job, zone, frugal, err));
        pthread_mutex_init(&p.mutex, NULL);
        pthread_cond_init(&p.changed, NULL);
        begin_sources(&p);
        status = run_pass(&p, orderly && hints_suffice(&p), err);
        bb_pool_background(run->pool, NULL, NULL);
        reset_workers(&p);
        pthread_cond_destroy(&p.changed);
        pthread_mutex_destroy(&p.mutex);
        if (status == BB_OK && !p.spoilt) return BB_OK;
        bb_tables_reset(tables_ret);
        if (status != BB_OK) return status;
        if (p.starved) bb_pq_compressors_give_back(run->compressors); /* the next pass needs fewer */
        frugal += p.starved;
        orderly &= p.starved;
        BB_TRY(note_reported(&p, err));
    }
    return bb_fail(err, BB_IO,
                   "the input files change while they are being read; try again when nothing writes to them");
}
