/* Whole instants on their way out, a batch at a time: blocks are loaded, rows are listed by instant, instants are put into order. All of it is
 * cut into pieces that any thread may do, so that the next batch can be made while the last one is used. */
#ifndef BB_BATCH_H
#define BB_BATCH_H

#include "sort/instant_slots.h"
#include "sort/instants.h"
#include "sort/merge.h"

struct bb_batch_task;

struct bb_batch_maker {
    struct bb_budget *budget;
    struct bb_pool *pool;
    const struct bb_slot_plan *plan;
    struct bb_slots *slots; /* one per thread that orders; n_slots == 1: only the caller does */
    unsigned n_slots;
    struct bb_merge merge; /* the rows in runs; the caller opens and closes it */
    /* The rows in memory of a window of instants, which ends at window_end_utc_s. */
    const struct bb_instants *memory;
    uint64_t window_end_utc_s;
    size_t batch_rows, most_batch_rows; /* what it should have, and may have where that keeps all threads busy */
    int closes_file;                    /* nobody reads the runs after this */
    int looks_ahead;                    /* the next batch is made beside the use of the last one */

    /* The batch in the making. */
    pthread_mutex_t mutex;
    int stage; /* enum stage, in batch.c */
    size_t next_piece, n_pieces, n_done;
    enum bb_status status; /* of the first failure */
    struct bb_error err;
    uint32_t at; /* position in memory */
    const uint32_t *first, *index;
    size_t n_instants;               /* the rows of instant i are index[first[i]] … index[first[i + 1] - 1] */
    uint32_t *own_first, *own_index; /* of a batch that has rows from runs */
    size_t cap_first, cap_index;
    struct bb_batch_task *tasks;
    struct bb_row *out, *last_out;
    size_t cap_out, cap_last_out;
};

/* Everything above "The batch in the making" is set, but for the merge and the window, which may follow until the first batch is begun. Reset it,
 * whatever the result is. */
enum bb_status bb_batch_maker_init(struct bb_batch_maker *maker, struct bb_error *err) BB_WARN_UNUSED;
void bb_batch_maker_reset(struct bb_batch_maker *maker);

/* The next batches are of this window, from its start; nobody is in bb_batch_piece. */
void bb_batch_window(struct bb_batch_maker *maker, uint64_t end_utc_s);
/* Begins the next batch; nobody is in bb_batch_piece. */
enum bb_status bb_batch_begin(struct bb_batch_maker *maker, struct bb_error *err) BB_WARN_UNUSED;
/* A piece of it, by any thread: a bb_pool_piece. */
int bb_batch_piece(void *maker, unsigned worker);
/* Does what is left of it, by all threads; nobody is in bb_batch_piece. The rows are valid until the one after is finished,
 * or, where the maker does not look ahead, begun. *n_ret == 0: the window
 * is at its end. */
enum bb_status bb_batch_finish(struct bb_batch_maker *maker, const struct bb_row **rows_ret, size_t *n_ret,
                               struct bb_error *err) BB_WARN_UNUSED;

#endif
