/* Several runs read as one: instant by instant, within an instant in the order of the runs, which is the order of adding. */
#ifndef BB_MERGE_H
#define BB_MERGE_H

#include "sort/run_file.h"

#define BB_NO_INSTANT ((uint64_t)1 << 32)

struct bb_run_list { /* in the order of spilling; all in one file */
    struct bb_budget *budget;
    struct bb_run_file file;
    struct bb_run *runs;
    size_t n, cap;
};

void bb_run_list_init(struct bb_run_list *list, struct bb_budget *budget, const char *temp_dir,
                      uint32_t block_rows);
void bb_run_list_reset(struct bb_run_list *list);

uint64_t bb_run_list_first(const struct bb_run_list *list); /* BB_NO_INSTANT if there is nothing */

/* Merges neighbours until at most max_runs (>= 2) are left, in as many passes over a fresh file as that takes. Needs room for
 * max_runs + 1 blocks. On failure the list is as it was. */
enum bb_status bb_run_list_reduce(struct bb_run_list *list, size_t max_runs, struct bb_error *err) BB_WARN_UNUSED;

struct bb_merge {
    struct bb_run_list *list;
    struct bb_run_reader *readers; /* of runs from … from + n - 1; those without rows of interest are not open */
    size_t from, n;
};

/* Opens the runs from … from + n - 1 of the list that begin before end_utc_s. */
enum bb_status bb_merge_open(struct bb_merge *merge, struct bb_run_list *list, size_t from, size_t n,
                             uint64_t end_utc_s, struct bb_error *err) BB_WARN_UNUSED;
uint64_t bb_merge_next(const struct bb_merge *merge); /* BB_NO_INSTANT at the end */
/* Copies rows of that instant, as many as there are up to room; 0 when it is used up. */
enum bb_status bb_merge_take(struct bb_merge *merge, uint64_t instant, struct bb_row *to, size_t room,
                             size_t *n_ret, struct bb_error *err) BB_WARN_UNUSED;
/* Frees the memory. keep: the list forgets what was taken (all runs must have been opened from 0). */
void bb_merge_close(struct bb_merge *merge, int keep);

#endif
