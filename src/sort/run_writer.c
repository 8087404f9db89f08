#include "sort/run_writer.h"

#include "sort/row_store.h"

#include <string.h>
#include <unistd.h>

#define BLOCKS_PER_TASK 8u
#define ROWS_AHEAD      16u /* fetched before they are copied: in no order, they lie far apart */

struct bb_run_lane {
    struct bb_run_block *block;
    enum bb_status status;
    struct bb_error err;
};

struct piece { /* one call of put */
    struct bb_run_writer *writer;
    const struct bb_row *const *units;
    const uint32_t *index;
    size_t n;
    uint32_t first_block, n_blocks;
};

enum bb_status bb_run_writer_begin(struct bb_run_writer *writer, struct bb_run_file *file, struct bb_pool *pool,
                                   struct bb_budget *budget, struct bb_error *err)
{
    unsigned n_lanes = bb_pool_threads(pool);
    *writer = (struct bb_run_writer){ .file = file, .budget = budget, .pool = pool, .run.at = file->nbytes };
    BB_TRY(bb_run_file_open(file, budget, err));
    writer->lanes = bb_calloc(budget, n_lanes * sizeof *writer->lanes);
    for (unsigned i = 0; writer->lanes && i < n_lanes; i++) {
        writer->lanes[i].block = bb_alloc(budget, bb_run_block_nbytes(file));
        if (!writer->lanes[i].block && i > 0) break; /* fewer threads do it too */
        if (!writer->lanes[i].block) return bb_fail_budget(err, budget, "writing rows to a temporary file");
    }
    return writer->lanes ? BB_OK : bb_fail_budget(err, budget, "writing rows to a temporary file");
}

static void copy_rows(const struct piece *p, size_t from, uint32_t n, struct bb_row *to)
{
    const uint32_t *index = p->index + from;
    size_t left = p->n - from;
    for (uint32_t i = 0; i < n; i++) {
        if (i + ROWS_AHEAD < left) bb_row_fetch(bb_row_at(p->units, index[i + ROWS_AHEAD]));
        to[i] = *bb_row_at(p->units, index[i]);
    }
}

static enum bb_status write_block(const struct piece *p, struct bb_run_block *block, uint32_t i,
                                  struct bb_error *err)
{
    struct bb_run_writer *writer = p->writer;
    size_t from = (size_t)i * writer->file->block_rows;
    block->number = p->first_block + i;
    block->n_rows = (uint32_t)BB_MIN(p->n - from, (size_t)writer->file->block_rows);
    copy_rows(p, from, block->n_rows, block->rows);
    writer->run.first_utc_s[block->number] = block->rows[0].start_utc_s;
    return bb_run_block_write(writer->file, writer->run.at, block, err);
}

static void write_task(void *ctx, size_t task, unsigned worker)
{
    const struct piece *p = ctx;
    struct bb_run_lane *lane = &p->writer->lanes[worker];
    uint32_t from = (uint32_t)task * BLOCKS_PER_TASK, to = BB_MIN(from + BLOCKS_PER_TASK, p->n_blocks);
    for (uint32_t i = from; i < to && lane->status == BB_OK; i++)
        lane->status = write_block(p, lane->block, i, &lane->err);
}

enum bb_status bb_run_writer_put(struct bb_run_writer *writer, const struct bb_row *const *units,
                                 const uint32_t *index, size_t n, struct bb_error *err)
{
    struct bb_run *run = &writer->run;
    unsigned n_lanes = bb_pool_threads(writer->pool);
    uint32_t block_rows = writer->file->block_rows;
    struct piece p = { .writer = writer, .units = units, .index = index, .n = n, .first_block = run->n_blocks };
    size_t n_tasks;
    p.n_blocks = (uint32_t)((n + block_rows - 1) / block_rows);
    n_tasks = (p.n_blocks + BLOCKS_PER_TASK - 1) / BLOCKS_PER_TASK;
    if (!bb_grow(writer->budget, (void **)&run->first_utc_s, &writer->cap_blocks, run->n_blocks + p.n_blocks,
                 sizeof *run->first_utc_s))
        return bb_fail_budget(err, writer->budget, "writing rows to a temporary file");
    if (writer->lanes[n_lanes - 1].block)
        bb_pool_run(writer->pool, write_task, &p, n_tasks);
    else
        for (size_t task = 0; task < n_tasks; task++) write_task(&p, task, 0);
    for (unsigned i = 0; i < n_lanes; i++)
        if (writer->lanes[i].status != BB_OK) {
            if (err) *err = writer->lanes[i].err;
            return writer->lanes[i].status;
        }
    run->n_blocks += p.n_blocks;
    writer->n_rows += n;
    return BB_OK;
}

static void free_lanes(struct bb_run_writer *writer)
{
    for (unsigned i = 0; writer->lanes && i < bb_pool_threads(writer->pool); i++) bb_free(writer->lanes[i].block);
    bb_free(writer->lanes);
    writer->lanes = NULL;
}

void bb_run_writer_finish(struct bb_run_writer *writer, struct bb_run *run_ret)
{
    free_lanes(writer);
    writer->file->nbytes = writer->run.at + (uint64_t)writer->run.n_blocks * bb_run_block_nbytes(writer->file);
    *run_ret = writer->run;
}

void bb_run_writer_abort(struct bb_run_writer *writer)
{
    free_lanes(writer);
    bb_free(writer->run.first_utc_s);
    if (writer->file->fd >= 0 && ftruncate(writer->file->fd, (off_t)writer->file->nbytes) != 0) {
        /* the rest only takes space until the file is closed: the next run overwrites it */
    }
}
