/* Which bytes of a file that is being written lie in blocks that it shares with an older file: the file system let both have the same
 * blocks instead of copying them. Nothing was written there, and what the blocks hold was written, synced, read back and checked when the
 * older file was made. The copier (pq_copier.c) notes them, the check (pq_check.c) asks. Any number of threads. */
#ifndef BB_PQ_SHARED_H
#define BB_PQ_SHARED_H

#include "base/mem.h"

#include <pthread.h>

struct bb_pq_interval {
    uint64_t from, to;
};

struct bb_pq_shared {
    struct bb_budget *budget;
    pthread_mutex_t mutex;
    struct bb_pq_interval *list; /* ascending, with gaps between them */
    size_t n, cap;
};

void bb_pq_shared_init(struct bb_pq_shared *shared, struct bb_budget *budget);
void bb_pq_shared_reset(struct bb_pq_shared *shared);
/* Bytes from … to - 1, not below earlier ones. Without memory they are forgotten: then they are read back like what was written. */
void bb_pq_shared_add(struct bb_pq_shared *shared, uint64_t from, uint64_t to);
/* Whether all of from … to - 1 are shared; whether any is. An empty range is, and is not. */
int bb_pq_shared_has(struct bb_pq_shared *shared, uint64_t from, uint64_t to);
int bb_pq_shared_has_any(struct bb_pq_shared *shared, uint64_t from, uint64_t to);
/* Where the next shared bytes begin behind offset; UINT64_MAX: nowhere. */
uint64_t bb_pq_shared_next(struct bb_pq_shared *shared, uint64_t offset);

#endif
