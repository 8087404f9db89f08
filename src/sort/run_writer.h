/* A run in the making: rows in order, from memory into blocks, by all threads. */
#ifndef BB_RUN_WRITER_H
#define BB_RUN_WRITER_H

#include "base/pool.h"
#include "sort/run_file.h"

struct bb_run_lane;

struct bb_run_writer {
    struct bb_run_file *file;
    struct bb_budget *budget;
    struct bb_pool *pool;
    struct bb_run_lane *lanes; /* one per thread */
    struct bb_run run;         /* in the making */
    size_t cap_blocks;
    uint64_t n_rows;
};

/* Creates the file if need be. After a failure, of this or of put, the file is as it was before; abort then. */
enum bb_status bb_run_writer_begin(struct bb_run_writer *writer, struct bb_run_file *file, struct bb_pool *pool,
                                   struct bb_budget *budget, struct bb_error *err) BB_WARN_UNUSED;
/* The rows index[0] … index[n - 1] (numbers as in row_store.h), none of which is before those of the last call. */
enum bb_status bb_run_writer_put(struct bb_run_writer *writer, const struct bb_row *const *units,
                                 const uint32_t *index, size_t n, struct bb_error *err) BB_WARN_UNUSED;
/* Frees the writer's memory. The run is the caller's, with its first_utc_s. */
void bb_run_writer_finish(struct bb_run_writer *writer, struct bb_run *run_ret);
void bb_run_writer_abort(struct bb_run_writer *writer);

#endif
