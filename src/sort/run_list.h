/* The runs of a sort, all in one file. */
#ifndef BB_RUN_LIST_H
#define BB_RUN_LIST_H

#include "base/pool.h"
#include "sort/run_file.h"

struct bb_run_list { /* in the order of spilling */
    struct bb_budget *budget;
    struct bb_run_file file;
    struct bb_run *runs;
    size_t n, cap;
};

void bb_run_list_init(struct bb_run_list *list, struct bb_budget *budget, const char *temp_dir,
                      uint32_t block_rows);
void bb_run_list_reset(struct bb_run_list *list);

uint64_t bb_run_list_first(const struct bb_run_list *list); /* BB_NO_INSTANT if there is nothing */

/* Merges neighbours until at most max_runs (>= 2) are left, in as many passes over a fresh file as that takes. Needs room for about
 * 2 * max_runs blocks. On failure the list is as it was. */
enum bb_status bb_run_list_reduce(struct bb_run_list *list, size_t max_runs, struct bb_pool *pool,
                                  struct bb_error *err) BB_WARN_UNUSED;

#endif
