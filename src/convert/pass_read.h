/* One pass over the sources of a job: what its workers share, and how a worker reads. For job.c, which says who reads what and when. */
#ifndef BB_PASS_READ_H
#define BB_PASS_READ_H

#include "convert/open_source.h"
#include "convert/router.h"

struct bb_pass;
struct bb_pass_worker {
    struct bb_pass *pass;
    unsigned index;
    struct bb_worker *parser;
    struct bb_feed_buffer buffer;
    struct bb_router router;
    struct bb_row_batch batch;
    struct bb_open_source *own;
    size_t opening;  /* the source that is about to be own, + 1 */
    int lake_failed; /* the lake's files or the rejects cannot be read or written: no fault of the input */
};

struct bb_pass {
    struct bb_run *run;
    struct bb_plan *plan;
    const struct bb_job *job;
    const struct bb_zone *zone;
    struct bb_tables *tables;
    struct bb_pass_worker *workers;
    unsigned n_workers;
    pthread_mutex_t mutex;  /* open sources, spans, next source, error */
    pthread_cond_t changed; /* a source was opened or closed, or the rows are full */
    unsigned n_opening;     /* workers that open a source: others may soon help with it */
    size_t next_source;
    _Atomic size_t rows_limit_nbytes;          /* of this round, and of what may come beside a drain */
    size_t round_nbytes;                       /* what a round tries to do with: see share_memory */
    int drains;                                /* drains may be expected: time hints hold so far */
    int overlaps;                              /* blocks are parsed beside a drain */
    unsigned frugal;                           /* passes that memory ran out in before this one */
    _Atomic int full, failed, spoilt, starved; /* starved: spoilt, because memory ran out */
    struct bb_error error;
};

/* source: index into job->sources, as everywhere here. */
static inline struct bb_plan_source *bb_pass_source(const struct bb_pass *p, size_t source)
{
    return &p->plan->sources[p->job->sources[source]];
}

/* Nothing is read of it: found damaged, or in the lake already. */
static inline int bb_plan_source_is_out(const struct bb_plan_source *s) { return s->excluded || s->old; }

/* Opens the next source that nobody reads yet and says so in worker->opening; *source_ret is NULL when there is none. What cannot be opened is
 * refused and passed over. */
enum bb_status bb_pass_open_next(struct bb_pass_worker *worker, struct bb_open_source **source_ret,
                                 struct bb_error *err) BB_WARN_UNUSED;
/* Reads one block and sends its rows to the tables. The first block makes the reader: nobody else may know the source before it is done; later
 * ones may be read by several workers at a time. *ended_ret: the source has no more; a damaged one is refused, and rows of it that were used
 * spoil the pass. */
enum bb_status bb_pass_read_block(struct bb_pass_worker *worker, struct bb_open_source *source, int *ended_ret,
                                  struct bb_error *err) BB_WARN_UNUSED;
/* Sends the rows of a worker's batch (ctx: the worker) to the tables, unless the pass is spoilt; the batch is empty afterwards. */
enum bb_status bb_pass_flush(struct bb_row_batch *batch, struct bb_error *err);
/* Turns BB_BUDGET into BB_OK and a spoilt pass, as long as the next one can do with less memory; other results stay. */
enum bb_status bb_pass_starve(struct bb_pass *pass, enum bb_status status) BB_WARN_UNUSED;

#endif
