#include "sort/run_list.h"

#include "sort/merge.h"
#include "sort/run_writer.h"

#include <string.h>

void bb_run_list_init(struct bb_run_list *list, struct bb_budget *budget, const char *temp_dir, uint32_t block_rows)
{
    memset(list, 0, sizeof *list);
    list->budget = budget;
    bb_run_file_init(&list->file, temp_dir, block_rows);
}

void bb_run_list_reset(struct bb_run_list *list)
{
    bb_run_file_reset(&list->file);
    for (size_t i = 0; i < list->n; i++) bb_free(list->runs[i].first_utc_s);
    bb_free(list->runs);
    list->runs = NULL;
    list->n = list->cap = 0;
}

uint64_t bb_run_list_first(const struct bb_run_list *list)
{
    uint64_t first = BB_NO_INSTANT;
    for (size_t i = 0; i < list->n; i++) first = BB_MIN(first, bb_run_first(&list->runs[i]));
    return first;
}

/* ---- fewer runs ---- */

struct loading {
    struct bb_merge *merge;
    _Atomic int failed;
    enum bb_status status; /* of the first failure */
    struct bb_error err;
};

static void load_task(void *ctx, size_t task, unsigned worker)
{
    struct loading *l = ctx;
    struct bb_error err;
    enum bb_status status = bb_merge_load(l->merge, task, &err);
    (void)worker;
    if (status == BB_OK || atomic_exchange(&l->failed, 1)) return;
    l->status = status;
    l->err = err;
}

static enum bb_status load_all(struct bb_merge *merge, struct bb_pool *pool, struct bb_error *err)
{
    struct loading l = { .merge = merge };
    bb_pool_run(pool, load_task, &l, merge->n_planned);
    if (l.status != BB_OK && err) *err = l.err;
    return l.status;
}

static enum bb_status copy_merged(struct bb_merge *merge, struct bb_run_writer *writer, struct bb_error *err)
{
    struct bb_budget *budget = merge->list->budget;
    size_t n_rows = merge->n * merge->list->file.block_rows, cap = 0, n;
    uint32_t *index = NULL;
    enum bb_status status;
    do {
        uint64_t instant;
        n = 0;
        status = bb_merge_plan(merge, n_rows, err);
        if (status == BB_OK) status = load_all(merge, writer->pool, err);
        while (status == BB_OK && (instant = bb_merge_next(merge)) != BB_NO_INSTANT)
            if (!bb_merge_take(merge, instant, &index, &cap, &n))
                status = bb_fail_budget(err, budget, "merging rows");
        if (status == BB_OK) status = bb_run_writer_put(writer, merge->units, index, n, err);
        bb_merge_forget(merge);
    } while (status == BB_OK && n > 0);
    bb_free(index);
    return status;
}

static enum bb_status merge_neighbours(struct bb_run_list *list, size_t from, size_t n, struct bb_run_file *into,
                                       struct bb_pool *pool, struct bb_run *run_ret, struct bb_error *err)
{
    struct bb_run_writer writer;
    struct bb_merge merge;
    enum bb_status status = bb_merge_open(&merge, list, from, n, BB_NO_INSTANT, 0, 1, err);
    if (status == BB_OK) {
        status = bb_run_writer_begin(&writer, into, pool, list->budget, err);
        if (status == BB_OK) status = copy_merged(&merge, &writer, err);
        if (status == BB_OK)
            bb_run_writer_finish(&writer, run_ret);
        else
            bb_run_writer_abort(&writer);
    }
    bb_merge_close(&merge, 0);
    return status;
}

enum bb_status bb_run_list_reduce(struct bb_run_list *list, size_t max_runs, struct bb_pool *pool,
                                  struct bb_error *err)
{
    while (list->n > max_runs) {
        struct bb_run_list fresh;
        size_t n_merged = (list->n + max_runs - 1) / max_runs, done = 0;
        bb_run_list_init(&fresh, list->budget, list->file.temp_dir, list->file.block_rows);
        fresh.runs = bb_alloc(list->budget, n_merged * sizeof *fresh.runs);
        if (!fresh.runs) return bb_fail_budget(err, list->budget, "merging rows");
        fresh.cap = n_merged;
        while (fresh.n < n_merged) {
            size_t n = (list->n - done) / (n_merged - fresh.n); /* even shares */
            enum bb_status status = merge_neighbours(list, done, n, &fresh.file, pool, &fresh.runs[fresh.n], err);
            if (status != BB_OK) {
                bb_run_list_reset(&fresh);
                return status;
            }
            fresh.n++;
            done += n;
        }
        bb_run_list_reset(list);
        *list = fresh;
    }
    return BB_OK;
}
