/* Copies ranges of bytes into the file that is being written, in a thread of its own: the kernel moves them while the caller
 * goes on encoding what is new. Ranges get their place when they are added, so the rest of the file can be written meanwhile.
 *
 * Where the file system lets two files share blocks (XFS, btrfs), whole blocks are shared instead, when a range lies in both
 * files alike within a block; then only the parts of a block at its two ends are copied.
 *
 * In front of the copied bytes runs a mark: everything below it is written and synced, so it can be read back while the rest is
 * still being copied. Only for the file writer (pq_file.c, pq_copy.c) and the check (pq_check.c). */
#ifndef BB_PQ_COPIER_H
#define BB_PQ_COPIER_H

#include "parquet/pq_shared.h"

struct bb_pq_copier;

/* fd: open for writing, the caller's. Its thread starts with the first range; where the system has no more threads, and with
 * threaded 0, ranges are copied while they are added. NULL: no memory. */
struct bb_pq_copier *bb_pq_copier_new(int fd, int threaded, struct bb_budget *budget);
/* Gives up what is not copied yet. NULL is fine. Before the descriptors are closed. */
void bb_pq_copier_free(struct bb_pq_copier *copier);

/* n bytes at offset from of from_fd, to offset to; ranges in ascending order of to, and from_fd open until bb_pq_copier_wait
 * has returned. name is for messages and kept by reference. Fails with what an earlier range failed with. */
enum bb_status bb_pq_copier_add(struct bb_pq_copier *copier, int from_fd, const char *name, uint64_t from,
                                uint64_t to, uint64_t n, struct bb_error *err) BB_WARN_UNUSED;

/* No more ranges. Everything that the caller wrote itself must be synced by now. */
void bb_pq_copier_end(struct bb_pq_copier *copier);
/* Waits until all bytes below offset are written and synced; any number of threads, after bb_pq_copier_end. */
enum bb_status bb_pq_copier_wait(struct bb_pq_copier *copier, uint64_t offset, struct bb_error *err) BB_WARN_UNUSED;
/* What was shared; below an offset that bb_pq_copier_wait was asked for nothing is added any more. The copier's. */
struct bb_pq_shared *bb_pq_copier_shared(struct bb_pq_copier *copier);

#endif
