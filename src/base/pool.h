/* A fixed set of worker threads that run numbered tasks. With n_threads == 1 everything runs in the caller.
 *
 * One thread, the caller, says what is to be done. Beside its tasks it may name background work, which a worker, or the caller while it waits
 * for the last tasks, does whenever there is no task left. */
#ifndef BB_POOL_H
#define BB_POOL_H

#include "base/mem.h"

struct bb_pool;

/* task is 0 … n_tasks-1, each run exactly once, by any worker; worker is 0 … n_threads-1 (0: the caller) and is never used by two
 * threads at the same time, so per-worker state needs no lock. */
typedef void (*bb_pool_task)(void *ctx, size_t task, unsigned worker);
/* A piece of background work, a millisecond or so, for tasks wait for it. 0: there is nothing that this worker
 * could do, until bb_pool_background says so again; others are still asked. */
typedef int (*bb_pool_piece)(void *ctx, unsigned worker);

/* n_threads includes the calling thread. Stacks are 512 KiB and charged to the budget. NULL: no memory or threads. */
struct bb_pool *bb_pool_new(struct bb_budget *budget, unsigned n_threads);
void bb_pool_free(struct bb_pool *pool);
unsigned bb_pool_threads(const struct bb_pool *pool);

/* Returns when all tasks are done. Not reentrant: a task must not call it on its own pool. */
void bb_pool_run(struct bb_pool *pool, bb_pool_task fn, void *ctx, size_t n_tasks);

/* From now on workers do pieces in the background; called again with the same work when there is more of it. NULL: no
 * more; returns when nobody is inside a piece any more. */
void bb_pool_background(struct bb_pool *pool, bb_pool_piece fn, void *ctx);
/* Asked by the caller: is there background work, whether or not any is left? */
int bb_pool_has_background(const struct bb_pool *pool);

#endif
