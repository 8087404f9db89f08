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

#include "convert/feed.h"
#include "io/leaf_modified.h"

#include <stdlib.h>

#define BATCH_ROWS    1024
#define ROWS_PER_TEXT 7 /* 24 hours of 48 bytes in a record of some 170 */
#define SMALL_LIMIT   ((size_t)128 << 20)
#define ROUND_NBYTES  ((size_t)16 << 20)
#define MAX_PASSES                                                                                                 \
    8 /* each further pass excludes at least one more source; a source that changes while being read must not loop for ever */

#define MAX_FRUGAL                                                                                                 \
    2 /* each halves the rows' share and takes a quarter of the workers; what fails then has too little memory */

struct block_span {
    uint32_t sequence, min_utc_s, max_utc_s;
};

struct open_source {
    size_t source; /* index into job->sources */
    struct bb_feed *feed;
    struct bb_reader *reader;
    _Atomic int exhausted; /* looked at before the lock is taken */
    int damaged, disordered;
    unsigned n_users;         /* workers inside a block of it */
    struct block_span *spans; /* of the blocks that are done and not folded yet, in any order */
    size_t n_spans, cap_spans;
    uint32_t next_sequence; /* of the first block that is not folded yet */
    uint32_t reached_utc_s; /* rows before this are behind us, if the order holds */
};

struct job_worker {
    struct job *job;
    unsigned index;
    struct bb_worker *parser;
    struct bb_feed_buffer buffer;
    struct bb_router router;
    struct bb_row_batch batch;
    struct open_source *own;
    size_t opening;  /* the source that is about to be own, + 1 */
    int lake_failed; /* the lake's files or the rejects cannot be read or written: no fault of the input */
};

struct job {
    struct bb_run *run;
    struct bb_plan *plan;
    const struct bb_job *job;
    const struct bb_zone *zone;
    struct bb_tables *tables;
    struct job_worker *workers;
    unsigned n_workers;
    pthread_mutex_t mutex;  /* open sources, spans, next source, error */
    pthread_cond_t changed; /* a source was opened or closed, or the rows are full */
    unsigned n_opening;     /* workers that open a source: others may soon help with it */
    size_t next_source;
    _Atomic size_t rows_limit_nbytes;          /* of this round, and of what may come beside a drain */
    size_t round_nbytes;                       /* what a round tries to do with: see share_memory */
    int overlaps;                              /* blocks are parsed beside a drain */
    unsigned frugal;                           /* passes that memory ran out in before this one */
    _Atomic int full, failed, spoilt, starved; /* starved: spoilt, because memory ran out */
    struct bb_error error;
};

static struct bb_plan_source *plan_source(const struct job *j, size_t source)
{
    return &j->plan->sources[j->job->sources[source]];
}

/* Nothing is read of it: found damaged, or in the lake already. */
static int is_out(const struct bb_plan_source *s) { return s->excluded || s->old; }

static void fail(struct job *j, const struct bb_error *err)
{
    pthread_mutex_lock(&j->mutex);
    if (!j->failed) j->error = *err;
    j->failed = 1;
    pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->mutex);
}

/* ---- sources ---- */

static void close_source(struct open_source *os)
{
    if (!os) return;
    bb_reader_free(os->reader);
    bb_feed_close(os->feed);
    bb_free(os->spans);
    bb_free(os);
}

/* The file is lost, the run goes on. Rows that were used already spoil the pass. */
static enum bb_status exclude(struct job *j, size_t source, int rows_used, struct bb_error *err)
{
    struct bb_plan_source *s = plan_source(j, source);
    struct bb_error why = *err;
    if (s->excluded) return BB_OK;
    s->excluded = 1;
    if (rows_used) j->spoilt = 1;
    return bb_run_refuse_file(j->run, (int)j->job->dataset.iso, s->leaf->path, s->leaf->member, why.text, err);
}

static enum bb_status open_reader(struct job *j, struct open_source *os, const struct bb_block *first,
                                  struct bb_error *err)
{
    struct bb_plan_source *s = plan_source(j, os->source);
    struct bb_detection *found = bb_calloc(&j->run->budget, sizeof *found);
    struct bb_evidence evidence = { .path = s->leaf->path,
                                    .member = s->leaf->member,
                                    .name = s->leaf->name,
                                    .head = { first->text, first->n },
                                    .head_is_all = first->is_last,
                                    .forced_report = s->report,
                                    .forced_iso = (int)j->job->dataset.iso,
                                    .modified_utc_s = bb_leaf_modified_utc_s(s->leaf) };
    enum bb_status status;
    if (!found) return bb_fail_budget(err, &j->run->budget, "the detection of a file");
    status = bb_detect(&evidence, found, err);
    if (status == BB_OK) bb_unknown_words_note_columns(&j->run->unknown, s->report, found->unread);
    if (status == BB_OK)
        status = bb_reader_new(found, &j->job->dataset, &evidence, j->zone, j->tables->places, &j->run->budget,
                               &os->reader, err);
    if (status == BB_OK && j->run->names) bb_reader_use_names(os->reader, j->run->names);
    if (status == BB_OK && j->run->reference) bb_reader_use_reference(os->reader, j->run->reference);
    bb_free(found);
    if (status == BB_REJECT) status = BB_SKIP; /* was a price file when the plan was made */
    return status;
}

/* The next source that nobody reads yet; NULL when there is none. */
static enum bb_status open_next(struct job_worker *w, struct open_source **os_ret, struct bb_error *err)
{
    struct job *j = w->job;
    *os_ret = NULL;
    for (;;) {
        struct open_source *os;
        size_t source;
        enum bb_status status;
        pthread_mutex_lock(&j->mutex);
        while (j->next_source < j->job->n_sources && is_out(plan_source(j, j->next_source))) j->next_source++;
        source = j->next_source;
        if (source < j->job->n_sources) j->next_source++;
        w->opening = source + 1;
        pthread_mutex_unlock(&j->mutex);
        if (source >= j->job->n_sources) return BB_OK;
        os = bb_calloc(&j->run->budget, sizeof *os);
        if (!os) return bb_fail_budget(err, &j->run->budget, "an open file");
        os->source = source;
        os->reached_utc_s = plan_source(j, source)->first_utc_s;
        status = bb_feed_open(plan_source(j, source)->leaf, j->run->block_nbytes, &j->run->budget, &os->feed, err);
        if (status == BB_OK) {
            *os_ret = os;
            return BB_OK;
        }
        close_source(os);
        if (status != BB_SKIP && status != BB_IO) return status;
        BB_TRY(exclude(j, source, 0, err));
    }
}

/* ---- one block ---- */

struct reject_ctx {
    struct job *job;
    const struct bb_plan_source *source;
    enum bb_status status;
    struct bb_error error;
};

static void on_reject(void *ctx_, const struct bb_reject *reject)
{
    struct reject_ctx *ctx = ctx_;
    bb_tables_count_reject(ctx->job->tables, reject->reason);
    if (ctx->source->reported || ctx->status != BB_OK) return;
    ctx->status =
        bb_run_reject_row(ctx->job->run, (int)ctx->job->job->dataset.iso, ctx->source->leaf, reject, &ctx->error);
}

static void on_unknown(void *ctx_, const char *column, struct bb_str word)
{
    const struct reject_ctx *ctx = ctx_;
    bb_unknown_words_note(&ctx->job->run->unknown, ctx->source->report, ctx->job->job->dataset.kind == BB_ANCILLARY,
                          column, word);
}

/* With less memory in use the next pass may do. */
static enum bb_status starve(struct job *j, enum bb_status status)
{
    if (status != BB_BUDGET || j->frugal == MAX_FRUGAL) return status;
    j->starved = j->spoilt = 1;
    return BB_OK;
}

static enum bb_status flush_batch(struct bb_row_batch *batch, struct bb_error *err)
{
    struct job_worker *w = batch->ctx;
    enum bb_status status = BB_OK;
    if (batch->n > 0 && !w->job->spoilt) {
        struct bb_plan_source *s = plan_source(w->job, w->router.source);
        if (!s->used) { /* rows of one source are all of one kind */
            s->joined = (batch->rows[0].flags & BB_ROW_PARTIAL) != 0;
            s->preliminary = (batch->rows[0].flags & BB_ROW_PRELIMINARY) != 0;
            s->used = 1;
        }
        status = starve(w->job, bb_router_send(&w->router, batch->rows, batch->n, err));
        w->lake_failed |= status != BB_OK;
    }
    batch->n = 0;
    return status;
}

static enum bb_status add_span(struct job *j, struct open_source *os, uint32_t sequence,
                               const struct bb_block_counts *counts, struct bb_error *err)
{
    int ok;
    pthread_mutex_lock(&j->mutex);
    ok = bb_grow(&j->run->budget, (void **)&os->spans, &os->cap_spans, os->n_spans + 1, sizeof *os->spans);
    if (ok) os->spans[os->n_spans++] = (struct block_span){ sequence, counts->min_utc_s, counts->max_utc_s };
    pthread_mutex_unlock(&j->mutex);
    return ok ? BB_OK : bb_fail_budget(err, &j->run->budget, "the list of blocks");
}

/* Of two runs in one interval the later wins, of one run the later block. */
#define MAX_RUN_S 512
#define RUN_SHIFT 23 /* blocks behind 2^23, a TB of text, share their place */

struct run_slices {
    struct job *job;
    size_t source;
    uint32_t sequence;
    uint32_t slices[MAX_RUN_S]; /* + 1; 0: none yet */
};

static enum bb_status slice_of_run(void *ctx, uint32_t run_s, uint32_t *slice_ret, struct bb_error *err)
{
    struct run_slices *runs = ctx;
    uint32_t *known = &runs->slices[BB_MIN(run_s, MAX_RUN_S - 1u)];
    if (!*known) {
        uint32_t place =
            (uint32_t)(known - runs->slices) << RUN_SHIFT | BB_MIN(runs->sequence, (1u << RUN_SHIFT) - 1);
        BB_TRY(bb_tables_add_slice(runs->job->tables, runs->source, place, slice_ret, err));
        *known = *slice_ret + 1;
    }
    *slice_ret = *known - 1;
    return BB_OK;
}

static enum bb_status parse_block(struct job_worker *w, struct open_source *os, struct bb_block *block,
                                  uint32_t sequence, struct bb_error *err)
{
    struct job *j = w->job;
    struct bb_plan_source *s = plan_source(j, os->source);
    struct reject_ctx rejects = { .job = j, .source = s };
    struct run_slices runs = { .job = j, .source = os->source, .sequence = sequence };
    struct bb_block_counts counts = { 0 };
    enum bb_status status;
    BB_TRY(bb_tables_add_slice(j->tables, os->source, sequence, &block->slice, err));
    w->router.source = os->source;
    block->on_reject = on_reject;
    block->reject_ctx = &rejects;
    block->on_unknown = on_unknown;
    block->unknown_ctx = &rejects;
    block->slice_of_run = slice_of_run;
    block->run_ctx = &runs;
    status = bb_reader_block(os->reader, w->parser, block, &w->batch, &counts, err);
    if (status == BB_OK) status = flush_batch(&w->batch, err);
    w->batch.n = 0;
    if (status != BB_OK) return status;
    if (rejects.status != BB_OK) {
        *err = rejects.error;
        w->lake_failed = 1;
        return rejects.status;
    }
    if (!s->reported) {
        j->run->n_records += counts.records;
        s->n_records += counts.records;
        s->n_rejects += counts.rejects;
        j->run->n_rows += counts.rows;
        pthread_mutex_lock(&j->mutex);
        j->run->result->unknown_words += counts.unknown_words;
        pthread_mutex_unlock(&j->mutex);
    }
    return add_span(j, os, sequence, &counts, err);
}

/* The first block makes the reader and belongs to whoever opened the source; the others wait for it. */
static enum bb_status read_one(struct job_worker *w, struct open_source *os, int *ended_ret, struct bb_error *err)
{
    struct job *j = w->job;
    struct bb_plan_source *s = plan_source(j, os->source);
    struct bb_block block = { 0 };
    struct bb_reject too_long = { .column = "",
                                  .reason = "line_too_long",
                                  .detail =
                                      "the line is longer than any record: passed over; download the file anew" };
    uint32_t sequence = 0;
    enum bb_status status = bb_feed_next(os->feed, &w->buffer, &block, &sequence, &too_long, err);
    *ended_ret = 0;
    if (status == BB_REJECT) {
        struct reject_ctx rejects = { .job = j, .source = s };
        on_reject(&rejects, &too_long);
        s->n_rejects++;
        if (rejects.status != BB_OK) *err = rejects.error;
        return rejects.status;
    }
    if (status == BB_OK && block.is_first) status = open_reader(j, os, &block, err);
    if (status == BB_OK && !os->reader)
        status = bb_fail(err, BB_BUG, "%.*s: a block before the first one", BB_STR_ARG(s->leaf->path));
    if (status == BB_OK) status = parse_block(w, os, &block, sequence, err);
    if (!s->reported) {
        j->run->done_nbytes += bb_feed_progress(os->feed);
        bb_run_progress(j->run, "reading");
    }
    if (status == BB_EOF) {
        *ended_ret = 1;
        return BB_OK;
    }
    if ((status == BB_SKIP || status == BB_IO) && !w->lake_failed) {
        *ended_ret = 1;
        return exclude(j, os->source, s->used, err);
    }
    return status;
}

/* ---- fill ---- */

/* The first block is read in private: it makes the reader. */
static enum bb_status open_own(struct job_worker *w, struct bb_error *err)
{
    struct job *j = w->job;
    struct open_source *fresh = NULL;
    int ended = 0;
    enum bb_status status = open_next(w, &fresh, err);
    if (status == BB_OK && fresh) status = read_one(w, fresh, &ended, err);
    if (status != BB_OK) {
        close_source(fresh);
        fresh = NULL;
    }
    pthread_mutex_lock(&j->mutex);
    if (fresh) {
        fresh->exhausted = ended;
        w->own = fresh;
    }
    w->opening = 0;
    j->n_opening--;
    pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->mutex);
    return status;
}

static struct open_source *own_or_other(struct job_worker *w)
{
    struct job *j = w->job;
    if (w->own) return w->own;
    for (unsigned i = 0; i < j->n_workers; i++) {
        struct open_source *other = j->workers[i].own;
        if (other && !other->exhausted && !plan_source(j, other->source)->sequential) return other;
    }
    return NULL;
}

/* Own source first, else a new one, else help with somebody's; while somebody opens one, that is waited for. Counts itself as a user of what it
 * returns. */
static enum bb_status choose(struct job_worker *w, struct open_source **os_ret, struct bb_error *err)
{
    struct job *j = w->job;
    enum bb_status status = BB_OK;
    int opens;
    pthread_mutex_lock(&j->mutex);
    opens = !w->own && j->next_source < j->job->n_sources;
    j->n_opening += opens;
    pthread_mutex_unlock(&j->mutex);
    if (opens) status = open_own(w, err);
    if (status != BB_OK) return status;
    pthread_mutex_lock(&j->mutex);
    while (!(*os_ret = own_or_other(w)) && j->n_opening > 0) pthread_cond_wait(&j->changed, &j->mutex);
    if (*os_ret) (*os_ret)->n_users++;
    pthread_mutex_unlock(&j->mutex);
    return BB_OK;
}

/* Whoever leaves an exhausted source last closes it. */
static void leave(struct job *j, struct open_source *os, int ended)
{
    int last;
    pthread_mutex_lock(&j->mutex);
    if (ended) os->exhausted = 1;
    os->n_users--;
    last = os->exhausted && os->n_users == 0;
    if (last)
        for (unsigned i = 0; i < j->n_workers; i++)
            if (j->workers[i].own == os) j->workers[i].own = NULL;
    if (last) pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->mutex);
    if (last) {
        struct bb_plan_source *s = plan_source(j, os->source);
        char hash[33];
        if (!s->excluded) {
            bb_feed_identity(os->feed, hash, &s->content_nbytes);
            if (strcmp(s->hash, hash) != 0)
                memcpy(s->hash, hash, sizeof s->hash); /* known ones are looked up meanwhile */
        }
        if (!s->reported) j->run->files_done++;
        close_source(os);
    }
}

/* Files that have been begun hold memory too, more with each year; what they leave is shared anew each round: half for rows, half for
 * sorting and encoding them. Where the limit is small it is a third for rows, or a fifth with many threads, for a file's columns take 20 MB
 * and more whatever the limit is. The blocks that the other workers are in the middle of still add to the rows: up to ROWS_PER_TEXT bytes
 * for each byte of text. */
static size_t rows_share(struct job *j)
{
    size_t parts = j->run->budget.limit_nbytes >= SMALL_LIMIT ? 2 : j->n_workers > 2 ? 5 : 3;
    size_t share = (bb_budget_left(&j->run->budget) + bb_tables_held_nbytes(j->tables)) / parts >> j->frugal;
    size_t in_flight = (size_t)(j->n_workers - 1) * j->run->block_nbytes * ROWS_PER_TEXT;
    return share - BB_MIN(in_flight, share / 2);
}

/* A round begins with 16 MiB of rows, which stay in the third-level cache and are taken from the system once; make_room doubles it up to the
 * share where a drain frees too little. */
static void share_memory(struct job *j) { j->rows_limit_nbytes = BB_MIN(rows_share(j), j->round_nbytes); }

static int is_short(struct job *j) { return bb_budget_left(&j->run->budget) < j->run->budget.limit_nbytes / 4; }

static int is_full(struct job *j)
{
    return bb_tables_held_nbytes(j->tables) >= j->rows_limit_nbytes || is_short(j);
}

static void wake(struct job *j)
{
    pthread_mutex_lock(&j->mutex);
    pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->mutex);
}

static int may_fill(struct job *j) { return !j->full && !j->failed && !bb_run_stopped(j->run); }

/* One block, by any worker. 0: this worker can do nothing now. */
static int fill_piece(void *ctx, unsigned worker)
{
    struct job *j = ctx;
    struct job_worker *w = &j->workers[worker];
    struct open_source *os;
    struct bb_error err;
    enum bb_status status;
    int ended = 0;
    if (worker >= j->n_workers) return 0;
    if (!may_fill(j)) {
        wake(j); /* whoever waits for this worker's source: a signal does not wake it */
        return 0;
    }
    status = choose(w, &os, &err);
    if (status == BB_OK && !os) return 0;
    if (status == BB_OK) {
        if (!os->exhausted) status = read_one(w, os, &ended, &err);
        leave(j, os, ended);
    }
    if (status != BB_OK) {
        fail(j, &err);
        return 0;
    }
    if (!j->spoilt && is_full(j)) {
        j->full = 1;
        wake(j);
    }
    return 1;
}

static int others_read(const struct job *j)
{
    int n = j->n_opening > 0;
    for (unsigned i = 0; i < j->n_workers; i++) n |= j->workers[i].own != NULL;
    return n;
}

/* Until the rows are full or nothing is left to read. What only another worker can read is waited for. */
static void fill(struct job *j)
{
    int more = 1;
    j->full = 0;
    bb_pool_background(j->run->pool, fill_piece, j);
    while (more && may_fill(j)) {
        if (fill_piece(j, 0)) continue;
        pthread_mutex_lock(&j->mutex);
        more = others_read(j);
        if (more && may_fill(j)) pthread_cond_wait(&j->changed, &j->mutex);
        pthread_mutex_unlock(&j->mutex);
    }
    if (!j->overlaps || !more || j->failed) bb_pool_background(j->run->pool, NULL, NULL);
}

/* ---- how far everything is ---- */

static uint32_t floor_to_day(const struct job *j, uint32_t utc_s)
{
    int64_t start, end;
    bb_zone_day(j->zone, bb_zone_local(j->zone, utc_s).wall.day, &start, &end);
    return start > 0 ? (uint32_t)start : 0;
}

static int by_sequence(const void *a, const void *b)
{
    uint32_t x = ((const struct block_span *)a)->sequence, y = ((const struct block_span *)b)->sequence;
    return x < y ? -1 : x > y;
}

static uint32_t unit_of(const struct job *j, size_t source, uint32_t utc_s)
{
    return plan_source(j, source)->order == BB_ORDER_TIME ? utc_s : floor_to_day(j, utc_s);
}

/* As far as no block is missing: somebody may be in the middle of one. */
static void fold_spans(struct job *j, struct open_source *os)
{
    size_t n = 0;
    qsort(os->spans, os->n_spans, sizeof *os->spans, by_sequence);
    for (; n < os->n_spans && os->spans[n].sequence == os->next_sequence; n++, os->next_sequence++) {
        const struct block_span *span = &os->spans[n];
        if (span->min_utc_s > span->max_utc_s) continue; /* no row */
        if (unit_of(j, os->source, span->min_utc_s) < unit_of(j, os->source, os->reached_utc_s)) os->disordered = 1;
        os->reached_utc_s = BB_MAX(os->reached_utc_s, span->max_utc_s);
    }
    os->n_spans -= n;
    if (n > 0) memmove(os->spans, os->spans + n, os->n_spans * sizeof *os->spans);
}

/* No row before this can come any more, if the hints hold. */
static uint32_t low_water(struct job *j)
{
    uint32_t low = UINT32_MAX;
    for (unsigned i = 0; i < j->n_workers; i++) {
        struct open_source *os = j->workers[i].own;
        size_t opening = j->workers[i].opening;
        if (opening > 0 && opening <= j->job->n_sources)
            low = BB_MIN(low, floor_to_day(j, plan_source(j, opening - 1)->first_utc_s));
        if (!os) continue;
        fold_spans(j, os);
        if (os->disordered) return 0;
        low = BB_MIN(low, unit_of(j, os->source, os->reached_utc_s));
    }
    for (size_t s = j->next_source; s < j->job->n_sources; s++) {
        const struct bb_plan_source *source = plan_source(j, s);
        if (is_out(source)) continue;
        return BB_MIN(low,
                      floor_to_day(j, source->first_utc_s)); /* the first one is the earliest: they are sorted */
    }
    return low;
}

static int all_read(struct job *j)
{
    int all;
    pthread_mutex_lock(&j->mutex);
    all = !others_read(j) && j->next_source >= j->job->n_sources;
    pthread_mutex_unlock(&j->mutex);
    return all;
}

static uint32_t low_water_locked(struct job *j)
{
    uint32_t low;
    pthread_mutex_lock(&j->mutex);
    low = low_water(j);
    pthread_mutex_unlock(&j->mutex);
    return low;
}

/* Beside a drain a round's worth of rows may come, where the share has room for it. */
static void resume_beside(struct job *j)
{
    if (!j->overlaps) return;
    j->rows_limit_nbytes =
        BB_MAX(j->rows_limit_nbytes, BB_MIN(rows_share(j), bb_tables_held_nbytes(j->tables) + ROUND_NBYTES));
    j->full = is_full(j);
    if (!j->full) bb_pool_background(j->run->pool, fill_piece, j);
}

static enum bb_status make_room(struct job *j, int drain_early, struct bb_error *err)
{
    uint32_t low = drain_early ? low_water_locked(j) : 0;
    size_t held;
    BB_TRY(bb_tables_seal(j->tables, err));
    held = bb_tables_left_nbytes(j->tables);
    if (low > 0) {
        resume_beside(j);
        BB_TRY(bb_tables_drain(j->tables, low, err));
    }
    if (bb_tables_left_nbytes(j->tables) <= held / 2) return BB_OK;
    /* Too little came free: the next round would be short. A larger one helps where the round's size ended it, not the budget. */
    if (!is_short(j) && j->rows_limit_nbytes < rows_share(j) && j->round_nbytes < SIZE_MAX / 2) {
        j->round_nbytes *= 2;
        return BB_OK;
    }
    bb_pool_background(j->run->pool, NULL, NULL);
    return bb_tables_spill(j->tables, err);
}

/* ---- a pass ---- */

static void reset_workers(struct job *j)
{
    for (unsigned i = 0; j->workers && i < j->n_workers; i++) {
        struct job_worker *w = &j->workers[i];
        close_source(w->own);
        bb_worker_free(w->parser);
        bb_feed_buffer_reset(&w->buffer);
        bb_router_reset(&w->router);
        bb_free(w->batch.rows);
    }
    bb_free(j->workers);
    j->workers = NULL;
}

static enum bb_status init_workers(struct job *j, struct bb_error *err)
{
    struct bb_run *run = j->run;
    j->n_workers = BB_MAX(bb_pool_threads(run->pool) >> 2 * j->frugal, 1u);
    j->workers = bb_calloc(&run->budget, j->n_workers * sizeof *j->workers);
    if (!j->workers) return bb_fail_budget(err, &run->budget, "the workers");
    for (unsigned i = 0; i < j->n_workers; i++) {
        struct job_worker *w = &j->workers[i];
        w->job = j;
        w->index = i;
        bb_router_init(&w->router, j->tables, i);
        w->parser = bb_worker_new(&run->budget);
        w->batch.rows = bb_alloc(&run->budget, BATCH_ROWS * sizeof *w->batch.rows);
        w->batch.cap = BATCH_ROWS;
        w->batch.flush = flush_batch;
        w->batch.ctx = w;
        if (!w->parser || !w->batch.rows) return bb_fail_budget(err, &run->budget, "the workers");
        BB_TRY(bb_feed_buffer_init(&w->buffer, run->block_nbytes, &run->budget, err));
    }
    return BB_OK;
}

/* Every source must at least claim an order and say where it starts. */
static int hints_suffice(const struct job *j)
{
    for (size_t i = 0; i < j->job->n_sources; i++)
        if (!is_out(plan_source(j, i)) &&
            (plan_source(j, i)->order == BB_ORDER_NONE || plan_source(j, i)->first_utc_s == 0))
            return 0;
    return 1;
}

static enum bb_status pass(struct job *j, int drain_early, struct bb_error *err)
{
    BB_TRY(init_workers(j, err));
    j->round_nbytes = drain_early ? ROUND_NBYTES : SIZE_MAX;
    j->overlaps = drain_early && !j->frugal && j->run->budget.limit_nbytes >= SMALL_LIMIT;
    for (;;) {
        share_memory(j);
        fill(j);
        if (j->failed) {
            *err = j->error;
            return j->error.status;
        }
        if (bb_run_stopped(j->run)) return bb_fail(err, BB_INTERRUPTED, "interrupted");
        if (bb_tables_late(j->tables)) j->spoilt = 1;
        if (all_read(j)) break;
        if (!j->spoilt) {
            enum bb_status status = starve(j, make_room(j, drain_early, err));
            if (status != BB_OK && !bb_tables_late(j->tables)) return status;
        }
    }
    bb_pool_background(j->run->pool, NULL, NULL);
    if (j->failed) { /* by the last block, after the look above */
        *err = j->error;
        return j->error.status;
    }
    if (bb_tables_late(j->tables)) j->spoilt = 1;
    if (j->spoilt) return BB_OK;
    reset_workers(j); /* their memory is better used by the merge */
    return starve(j, bb_tables_finish(j->tables, err));
}

enum bb_status bb_job_run(struct bb_run *run, struct bb_plan *plan, const struct bb_job *job,
                          const struct bb_zone *zone, struct bb_tables *tables_ret, struct bb_error *err)
{
    enum bb_status status = BB_OK;
    unsigned frugal = 0;
    int orderly = 1; /* nothing spoke against the hints */
    for (int n = 0; n < MAX_PASSES; n++) {
        struct job j = {
            .run = run, .plan = plan, .job = job, .zone = zone, .tables = tables_ret, .frugal = frugal
        };
        BB_TRY(bb_tables_init(tables_ret, run, plan, job, zone, frugal, err));
        pthread_mutex_init(&j.mutex, NULL);
        pthread_cond_init(&j.changed, NULL);
        for (size_t i = 0; i < job->n_sources; i++) plan_source(&j, i)->used = 0;
        status = pass(&j, orderly && hints_suffice(&j), err);
        bb_pool_background(run->pool, NULL, NULL);
        reset_workers(&j);
        pthread_cond_destroy(&j.changed);
        pthread_mutex_destroy(&j.mutex);
        if (status == BB_OK && !j.spoilt) return BB_OK;
        bb_tables_reset(tables_ret);
        if (status != BB_OK) return status;
        frugal += j.starved;
        orderly &= j.starved;
        for (size_t i = 0; i < job->n_sources; i++) plan->sources[job->sources[i]].reported = 1;
    }
    return bb_fail(err, BB_IO,
                   "the input files change while they are being read; try again when nothing writes to them");
}
