/* The way from the row store and the runs to whole instants in the order of the lake. */
#ifndef BB_DRAIN_H
#define BB_DRAIN_H

#include "sort/instant_slots.h"
#include "sort/merge.h"
#include "sort/row_store.h"
#include "sort/sort.h"

struct bb_drain_job {
    const struct bb_sort_options *options;
    struct bb_row_store *store;
    struct bb_run_list *runs;
    uint64_t end_utc_s; /* all instants before; BB_NO_INSTANT for all */
    size_t max_rows;
    bb_sort_emit emit;
    void *emit_ctx;
    struct bb_resolve_counts *counts; /* added to */
};

/* The memory that sorting may use beside the rows: an eighth of the budget, or what is left of it. */
size_t bb_drain_allowance(const struct bb_budget *budget);

/* Emits and forgets. After a failure the store and the runs can only be freed. */
enum bb_status bb_drain_run(const struct bb_drain_job *job, struct bb_error *err) BB_WARN_UNUSED;

#endif
