/* The memory account. Every byte that busbar holds for longer than one call is charged to one budget, so that a run
 * with --memory-limit 256M stays under 256 MB whatever the input is.
 *
 * Ownership, for the whole code base: X_init/X_reset for structs the caller places, X_new/X_free for the heap
 * (free(NULL) is fine); slices (struct bb_str) never own.
 *
 * Nobody else calls malloc. All functions here may be called from any thread. */
#ifndef BB_MEM_H
#define BB_MEM_H

#include "base/status.h"

#include <pthread.h>
#include <stdatomic.h>

#define BB_MAX_KEPT 96

struct bb_budget {
    size_t limit_nbytes;        /* 0: no limit, only counting */
    _Atomic size_t used_nbytes; /* kept blocks included: it is what the system gave */
    _Atomic size_t peak_nbytes;
    _Atomic size_t kept_nbytes;
    pthread_mutex_t mutex; /* of the kept blocks */
    struct {
        void *block;
        size_t nbytes;
    } kept[BB_MAX_KEPT]; /* oldest first */
    unsigned n_kept;
    _Atomic int keeps;
    void (*reclaim)(void *ctx, size_t nbytes);
    void *reclaim_ctx;
};

/* used starts at base_nbytes: what the process held before (program text, libraries, stacks). */
void bb_budget_init(struct bb_budget *budget, size_t limit_nbytes, size_t base_nbytes);

/* From now on large blocks that are freed may stay with the budget, up to three quarters of its limit, and are handed out again: the kernel
 * clears what it gives, which is a sixth of the time of a run that gives rows back and takes them again each round. They count as free
 * (bb_budget_left) and go back to the system as soon as anything else needs the room. Whoever asked for it ends with bb_budget_drop_kept. */
void bb_budget_keep_blocks(struct bb_budget *budget);
void bb_budget_drop_kept(struct bb_budget *budget);
/* What is kept now goes back to the system, by the thread that calls. */
void bb_budget_give_kept_back(struct bb_budget *budget);

/* Memory that somebody only holds to save work later: it is lent to the budget, counts as free (bb_budget_left), and is asked back when anything
 * else needs the room: reclaim frees about nbytes of what is lent, or less when there is no more. It is called by whichever thread is
 * short, so nobody may allocate under a lock that it takes. One lender at a time: 0 when there is one already. To be set and unset
 * (NULL) while no other thread uses the budget. */
int bb_budget_set_lender(struct bb_budget *budget, void (*reclaim)(void *ctx, size_t nbytes), void *ctx);
void bb_budget_lend(struct bb_budget *budget, size_t nbytes);
void bb_budget_take_back(struct bb_budget *budget, size_t nbytes);

/* Bytes that may still be allocated; SIZE_MAX without a limit. */
size_t bb_budget_left(const struct bb_budget *budget);

/* Charges memory that is allocated elsewhere (a compression context, a library's buffers). Returns false and charges
 * nothing when it does not fit. */
int bb_budget_charge(struct bb_budget *budget, size_t nbytes) BB_WARN_UNUSED;
void bb_budget_release(struct bb_budget *budget, size_t nbytes);

/* NULL when the budget or the system has no more. Blocks of 256 KiB and more come from mmap and go back to the system
 * at once when freed, unless the budget keeps them, so that the account and the kernel's resident size agree. 16-byte aligned. */
void *bb_alloc(struct bb_budget *budget, size_t nbytes) BB_WARN_UNUSED;
void *bb_calloc(struct bb_budget *budget, size_t nbytes) BB_WARN_UNUSED;
/* Like realloc: on NULL the old block is still valid. p == NULL allocates from budget. */
void *bb_realloc(struct bb_budget *budget, void *p, size_t nbytes) BB_WARN_UNUSED;
void bb_free(void *p); /* NULL is fine; the block remembers its budget */

/* Grows *array (of elements of element_nbytes) so that it holds at least need elements: doubles *cap. */
int bb_grow(struct bb_budget *budget, void **array, size_t *cap, size_t need, size_t element_nbytes) BB_WARN_UNUSED;

/* "the memory budget of 256 MB is too small for <what>" with a way out; returns BB_BUDGET. */
enum bb_status bb_fail_budget(struct bb_error *err, const struct bb_budget *budget, const char *what);

/* Test hook: the n-th next allocation fails (0: none). Used by the torture tests; costs one relaxed load. */
extern _Atomic long bb_mem_fail_countdown;

#endif
