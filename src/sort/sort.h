/* Rows in, one row per key out, in the order of the lake, in bounded memory, without a comparison sort.
 *
 * One struct bb_sort serves one file of the lake (dataset, half, year). Workers add rows in any order. bb_sort_drain emits
 * every instant before a bound: rows are grouped by instant by counting, and within an instant scattered by the identity
 * and then read out in the places' rank order; rows that meet on one key are joined, dropped or counted (resolve.h).
 * When memory is short the caller spills: the rows become a run in a checksummed temporary file, and a later drain merges.
 * The result does not depend on the order of adding, the number of workers or the number of spills.
 *
 * Rows may be added while others are drained or spilled: these take what is there when they begin (bb_sort_seal). */
#ifndef BB_SORT_H
#define BB_SORT_H

#include "base/pool.h"
#include "table/places.h"
#include "table/row.h"

struct bb_sort;

struct bb_sort_options {
    struct bb_budget *budget;
    struct bb_pool *pool;
    unsigned n_workers; /* threads that call bb_sort_add, numbered from 0 */
    struct bb_places *places;
    const struct bb_slice *(*slices)(
        void *ctx); /* base of the slice table, for all slices of sealed rows until the drain ends */
    void *slices_ctx;
    int derive_energy;    /* a winner with total, congestion and loss but no energy gets the decimal residual */
    int one_batch;        /* at a time, not the next one beside the use of the last: less memory */
    const char *temp_dir; /* runs are unlinked files here */
    /* A winner whose values came from several sources: from[v] is the slice of value v (of its own slice where it has none). Returns the id
     * that the emitted row carries as its slice; called from any thread. NULL: such a row keeps the slice of its best part. */
    uint32_t (*combine)(void *ctx, const uint32_t from[BB_N_VALUES]);
};

struct bb_sort_counts {
    uint64_t rows;       /* emitted */
    uint64_t duplicates; /* losers equal to their winner in prices, version and is_current, counted in rows */
    uint64_t revisions;  /* losers that differ */
    uint64_t
        incomplete; /* winners made of partial rows that lack values which others have: bb_resolve_incomplete */
    uint64_t runs, spilled_nbytes; /* what was spilled, for the report and for tests */
};

enum bb_status bb_sort_new(const struct bb_sort_options *options, struct bb_sort **sort_ret,
                           struct bb_error *err) BB_WARN_UNUSED;
void bb_sort_free(struct bb_sort *sort);

/* Called by worker (0 … n_workers-1), each from one thread at a time; all rows of one slice come from one worker, in the
 * order in which they stand in it. BB_BUDGET when the rows do not fit: spill or drain, then
 * try again (none of the rows was taken). */
enum bb_status bb_sort_add(struct bb_sort *sort, unsigned worker, const struct bb_row *rows, size_t n,
                           struct bb_error *err) BB_WARN_UNUSED;

/* 1 when a row was added for an instant that an earlier drain had already passed: the file being written is void and the
 * caller starts over without draining early. Such rows are kept. */
int bb_sort_late(const struct bb_sort *sort);

/* May be asked while rows are added. */
size_t bb_sort_held_nbytes(const struct bb_sort *sort); /* memory in rows */
size_t
bb_sort_left_nbytes(const struct bb_sort *sort); /* of it, what was there at the last seal and is not out yet */
uint32_t
bb_sort_first_instant(const struct bb_sort *sort); /* smallest start held (memory or runs); UINT32_MAX if none */

/* What was added so far is for the next drain or spill, which also do this by themselves; what comes later waits for the one after it. On failure
 * (BB_BUDGET) nothing is lost. */
enum bb_status bb_sort_seal(struct bb_sort *sort, struct bb_error *err) BB_WARN_UNUSED;

/* Writes the rows that were added first to a run and frees their memory, so that about keep_nbytes stay; 0: all of them. On failure (disk full, no
 * memory for the index) nothing is lost and the sort may be used as if it had not been called. */
enum bb_status bb_sort_spill(struct bb_sort *sort, size_t keep_nbytes, struct bb_error *err) BB_WARN_UNUSED;

/* Winners of whole instants, ascending. rows is contiguous and valid during the call only. */
typedef enum bb_status (*bb_sort_emit)(void *ctx, const struct bb_row *rows, size_t n, struct bb_error *err);

/* Emits all instants < before_utc_s (UINT32_MAX: everything) in batches of at most about max_rows rows (more when one instant
 * alone holds more), and forgets them. The memory it needs beside the rows (index, slots, batch) is part of the budget; it must
 * work when about an eighth of the budget is free: the caller keeps that. After a failure the sort can only be freed. */
enum bb_status bb_sort_drain(struct bb_sort *sort, uint32_t before_utc_s, size_t max_rows, bb_sort_emit emit,
                             void *ctx, struct bb_error *err) BB_WARN_UNUSED;

/* The instants before before_utc_s went out by another way, without rows of this sort: such as are here, or come later, are late. */
enum bb_status bb_sort_pass_over(struct bb_sort *sort, uint64_t before_utc_s, struct bb_error *err) BB_WARN_UNUSED;

void bb_sort_get_counts(const struct bb_sort *sort, struct bb_sort_counts *counts_ret);

#endif
