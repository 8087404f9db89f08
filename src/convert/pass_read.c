#include "convert/pass_read.h"

#include "convert/row_origins.h"
#include "io/leaf_modified.h"

#define MAX_FRUGAL                                                                                                 \
    3 /* each halves the rows' share and takes a quarter of the workers; what fails then has too little memory */

/* ---- sources ---- */

/* The file is lost, the run goes on. Rows that were used already spoil the pass. */
static enum bb_status exclude(struct bb_pass *p, size_t source, int rows_used, struct bb_error *err)
{
    struct bb_plan_source *s = bb_pass_source(p, source);
    struct bb_error why = *err;
    if (s->excluded) return BB_OK;
    s->excluded = 1;
    if (rows_used) p->spoilt = 1;
    return bb_run_refuse_file(p->run, (int)p->job->dataset.iso, s->leaf->path, s->leaf->member, why.text, err);
}

static enum bb_status open_reader(struct bb_pass *p, struct bb_open_source *os, const struct bb_block *first,
                                  struct bb_error *err)
{
    struct bb_plan_source *s = bb_pass_source(p, os->source);
    struct bb_detection *found = bb_calloc(&p->run->budget, sizeof *found);
    struct bb_evidence evidence = { .path = s->leaf->path,
                                    .member = s->leaf->member,
                                    .name = s->leaf->name,
                                    .head = { first->text, first->n },
                                    .head_is_all = first->is_last,
                                    .forced_report = s->report,
                                    .forced_iso = (int)p->job->dataset.iso,
                                    .modified_utc_s = bb_leaf_modified_utc_s(s->leaf) };
    enum bb_status status;
    if (!found) return bb_fail_budget(err, &p->run->budget, "the detection of a file");
    status = bb_detect(&evidence, found, err);
    if (status == BB_OK) bb_unknown_words_note_columns(&p->run->unknown, s->report, found->unread);
    if (status == BB_OK)
        status = bb_reader_new(found, &p->job->dataset, &evidence, p->zone, p->tables->places, &p->run->budget,
                               &os->reader, err);
    if (status == BB_OK && p->run->names) bb_reader_use_names(os->reader, p->run->names);
    if (status == BB_OK && p->run->reference) bb_reader_use_reference(os->reader, p->run->reference);
    bb_free(found);
    if (status == BB_REJECT) status = BB_SKIP; /* was a price file when the plan was made */
    return status;
}

/* The next source that nobody reads yet; NULL when there is none. */
enum bb_status bb_pass_open_next(struct bb_pass_worker *w, struct bb_open_source **os_ret, struct bb_error *err)
{
    struct bb_pass *p = w->pass;
    *os_ret = NULL;
    for (;;) {
        struct bb_open_source *os;
        size_t source;
        enum bb_status status;
        pthread_mutex_lock(&p->mutex);
        while (p->next_source < p->job->n_sources && bb_plan_source_is_out(bb_pass_source(p, p->next_source)))
            p->next_source++;
        source = p->next_source;
        if (source < p->job->n_sources) p->next_source++;
        w->opening = source + 1;
        pthread_mutex_unlock(&p->mutex);
        if (source >= p->job->n_sources) return BB_OK;
        os = bb_calloc(&p->run->budget, sizeof *os);
        status = os ? BB_OK : bb_fail_budget(err, &p->run->budget, "an open file");
        if (os) {
            os->source = source;
            os->reached_utc_s = bb_pass_source(p, source)->first_utc_s;
            status = bb_feed_open(bb_pass_source(p, source)->leaf, p->run->block_nbytes, &p->run->budget, &os->feed,
                                  err);
        }
        if (status == BB_OK) {
            *os_ret = os;
            return BB_OK;
        }
        bb_open_source_close(os);
        if (status == BB_BUDGET) bb_pass_source(p, source)->lost = 1;
        if (status != BB_SKIP && status != BB_IO) return status;
        BB_TRY(exclude(p, source, 0, err));
    }
}

/* ---- one block ---- */

struct reject_ctx {
    struct bb_pass *pass;
    struct bb_plan_source *source;
    enum bb_status status;
    struct bb_error error;
};

static void on_reject(void *ctx_, const struct bb_reject *reject)
{
    struct reject_ctx *ctx = ctx_;
    bb_tables_count_reject(ctx->pass->tables, reject->reason);
    if (ctx->source->reported || ctx->status != BB_OK) return;
    ctx->source->told = 1;
    ctx->status =
        bb_run_reject_row(ctx->pass->run, (int)ctx->pass->job->dataset.iso, ctx->source->leaf, reject, &ctx->error);
}

static void on_unknown(void *ctx_, const char *column, struct bb_str word)
{
    const struct reject_ctx *ctx = ctx_;
    bb_unknown_words_note(&ctx->pass->run->unknown, ctx->source->report,
                          ctx->pass->job->dataset.kind == BB_ANCILLARY, column, word);
}

/* With less memory in use the next pass may do. */
enum bb_status bb_pass_starve(struct bb_pass *p, enum bb_status status)
{
    if (status != BB_BUDGET || p->frugal == MAX_FRUGAL) return status;
    p->starved = p->spoilt = 1;
    return BB_OK;
}

enum bb_status bb_pass_flush(struct bb_row_batch *batch, struct bb_error *err)
{
    struct bb_pass_worker *w = batch->ctx;
    enum bb_status status = BB_OK;
    if (batch->n > 0 && !w->pass->spoilt) {
        struct bb_plan_source *s = bb_pass_source(w->pass, w->router.source);
        if (!s->used) { /* rows of one source are all of one kind */
            s->joined = (batch->rows[0].flags & BB_ROW_PARTIAL) != 0;
            s->preliminary = (batch->rows[0].flags & BB_ROW_PRELIMINARY) != 0;
            s->used = 1;
        }
        status = bb_pass_starve(w->pass, bb_router_send(&w->router, batch->rows, batch->n, err));
        w->lake_failed |= status != BB_OK;
    }
    batch->n = 0;
    return status;
}

/* Of two runs in one interval the later wins, of one run the later block. */
#define MAX_RUN_S 512
#define RUN_SHIFT 23 /* blocks behind 2^23, a TB of text, share their place */

struct run_slices {
    struct bb_pass *pass;
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
        BB_TRY(bb_tables_add_slice(runs->pass->tables, runs->source, place, slice_ret, err));
        *known = *slice_ret + 1;
    }
    *slice_ret = *known - 1;
    return BB_OK;
}

static enum bb_status parse_block(struct bb_pass_worker *w, struct bb_open_source *os, struct bb_block *block,
                                  uint32_t sequence, struct bb_error *err)
{
    struct bb_pass *p = w->pass;
    struct bb_plan_source *s = bb_pass_source(p, os->source);
    struct reject_ctx rejects = { .pass = p, .source = s };
    struct run_slices runs = { .pass = p, .source = os->source, .sequence = sequence };
    struct bb_block_counts counts = { 0 };
    enum bb_status status;
    BB_TRY(bb_tables_add_slice(p->tables, os->source, sequence, &block->slice, err));
    w->router.source = os->source;
    block->on_reject = on_reject;
    block->reject_ctx = &rejects;
    block->on_unknown = on_unknown;
    block->unknown_ctx = &rejects;
    block->slice_of_run = slice_of_run;
    block->run_ctx = &runs;
    status = bb_reader_block(os->reader, w->parser, block, &w->batch, &counts, err);
    if (status == BB_OK) status = bb_pass_flush(&w->batch, err);
    w->batch.n = 0;
    if (status != BB_OK) return status;
    if (rejects.status != BB_OK) {
        *err = rejects.error;
        w->lake_failed = 1;
        return rejects.status;
    }
    if (!s->reported) {
        p->run->n_records += counts.records;
        s->n_records += counts.records;
        s->n_rejects += counts.rejects;
        s->n_rows += counts.rows;
        s->n_unknown_words += counts.unknown_words;
        p->run->n_rows += counts.rows;
        pthread_mutex_lock(&p->mutex);
        p->run->result->unknown_words += counts.unknown_words;
        pthread_mutex_unlock(&p->mutex);
    }
    pthread_mutex_lock(&p->mutex);
    status = bb_open_source_add_span(os, &p->run->budget, sequence, &counts, err);
    pthread_mutex_unlock(&p->mutex);
    return status;
}

/* The first block makes the reader and belongs to whoever opened the source; the others wait for it. */
enum bb_status bb_pass_read_block(struct bb_pass_worker *w, struct bb_open_source *os, int *ended_ret,
                                  struct bb_error *err)
{
    struct bb_pass *p = w->pass;
    struct bb_plan_source *s = bb_pass_source(p, os->source);
    struct bb_block block = { 0 };
    struct bb_reject too_long = { .column = "",
                                  .reason = "line_too_long",
                                  .detail =
                                      "the line is longer than any record: passed over; download the file anew" };
    uint32_t sequence = 0;
    enum bb_status status = bb_feed_next(os->feed, &w->buffer, &block, &sequence, &too_long, err);
    *ended_ret = 0;
    if (status == BB_REJECT) {
        struct reject_ctx rejects = { .pass = p, .source = s };
        on_reject(&rejects, &too_long);
        s->n_rejects++;
        if (rejects.status != BB_OK) *err = rejects.error;
        return rejects.status;
    }
    if (status == BB_OK && block.is_first) status = open_reader(p, os, &block, err);
    if (status == BB_OK && !os->reader)
        status = bb_fail(err, BB_BUG, "%.*s: a block before the first one", BB_STR_ARG(s->leaf->path));
    if (status == BB_OK) status = parse_block(w, os, &block, sequence, err);
    if (!s->reported) {
        p->run->done_nbytes += bb_feed_progress(os->feed);
        bb_run_progress(p->run, "reading");
    }
    if (status == BB_EOF) {
        *ended_ret = 1;
        return BB_OK;
    }
    if ((status == BB_SKIP || status == BB_IO) && !w->lake_failed) {
        *ended_ret = 1;
        return exclude(p, os->source, s->used, err);
    }
    if (status == BB_BUDGET) s->lost = 1;
    return status;
}
