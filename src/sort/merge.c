#include "sort/merge.h"

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
    bb_free(list->runs);
    list->runs = NULL;
    list->n = list->cap = 0;
}

uint64_t bb_run_list_first(const struct bb_run_list *list)
{
    uint64_t first = BB_NO_INSTANT;
    for (size_t i = 0; i < list->n; i++) first = BB_MIN(first, list->runs[i].first_utc_s);
    return first;
}

enum bb_status bb_merge_open(struct bb_merge *merge, struct bb_run_list *list, size_t from, size_t n,
                             uint64_t end_utc_s, struct bb_error *err)
{
    *merge = (struct bb_merge){ .list = list, .from = from, .n = n };
    if (n == 0) return BB_OK;
    merge->readers = bb_calloc(list->budget, n * sizeof *merge->readers);
    if (!merge->readers) {
        merge->n = 0;
        return bb_fail_budget(err, list->budget, "merging rows");
    }
    for (size_t i = 0; i < n; i++) {
        enum bb_status status;
        if (list->runs[from + i].first_utc_s >= end_utc_s) continue;
        status = bb_run_reader_open(&merge->readers[i], &list->file, &list->runs[from + i], list->budget, err);
        if (status == BB_OK) continue;
        bb_merge_close(merge, 0);
        return status;
    }
    return BB_OK;
}

uint64_t bb_merge_next(const struct bb_merge *merge)
{
    uint64_t next = BB_NO_INSTANT;
    for (size_t i = 0; i < merge->n; i++) {
        const struct bb_run_reader *r = &merge->readers[i];
        if (r->pos < r->n) next = BB_MIN(next, r->rows[r->pos].start_utc_s);
    }
    return next;
}

enum bb_status bb_merge_take(struct bb_merge *merge, uint64_t instant, struct bb_row *to, size_t room,
                             size_t *n_ret, struct bb_error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < merge->n && n < room; i++) {
        struct bb_run_reader *r = &merge->readers[i];
        while (n < room && r->pos < r->n && r->rows[r->pos].start_utc_s == instant) {
            uint32_t from = r->pos, end = (uint32_t)BB_MIN((size_t)r->n, from + (room - n));
            while (r->pos < end && r->rows[r->pos].start_utc_s == instant) r->pos++;
            memcpy(to + n, r->rows + from, (r->pos - from) * sizeof *to);
            n += r->pos - from;
            if (r->pos == r->n) BB_TRY(bb_run_reader_more(r, err));
        }
    }
    *n_ret = n;
    return BB_OK;
}

void bb_merge_close(struct bb_merge *merge, int keep)
{
    struct bb_run_list *list = merge->list;
    size_t n_left = 0;
    for (size_t i = 0; i < merge->n; i++) {
        struct bb_run_reader *r = &merge->readers[i];
        struct bb_run left = list->runs[merge->from + i];
        int was_open = r->block != NULL;
        if (!was_open || bb_run_reader_close(r, &left)) {
            if (keep) list->runs[n_left++] = left;
        }
    }
    if (keep) list->n = n_left;
    if (keep && n_left == 0) bb_run_file_reset(&list->file);
    bb_free(merge->readers);
    merge->readers = NULL;
    merge->n = 0;
}

static enum bb_status copy_merged(struct bb_merge *merge, struct bb_run_writer *writer, struct bb_error *err)
{
    struct bb_row rows[128];
    uint64_t instant;
    while ((instant = bb_merge_next(merge)) != BB_NO_INSTANT) {
        size_t n;
        do {
            BB_TRY(bb_merge_take(merge, instant, rows, BB_ARRAY_LEN(rows), &n, err));
            for (size_t i = 0; i < n; i++) BB_TRY(bb_run_writer_put(writer, &rows[i], err));
        } while (n > 0);
    }
    return BB_OK;
}

static enum bb_status merge_neighbours(struct bb_run_list *list, size_t from, size_t n, struct bb_run_file *into,
                                       struct bb_run *run_ret, struct bb_error *err)
{
    struct bb_run_writer writer;
    struct bb_merge merge;
    enum bb_status status;
    BB_TRY(bb_merge_open(&merge, list, from, n, BB_NO_INSTANT, err));
    status = bb_run_writer_begin(&writer, into, list->budget, err);
    if (status == BB_OK) {
        status = copy_merged(&merge, &writer, err);
        if (status == BB_OK) status = bb_run_writer_finish(&writer, err);
        if (status != BB_OK) bb_run_writer_abort(&writer);
    }
    bb_merge_close(&merge, 0);
    *run_ret = writer.run;
    return status;
}

enum bb_status bb_run_list_reduce(struct bb_run_list *list, size_t max_runs, struct bb_error *err)
{
    while (list->n > max_runs) {
        struct bb_run_file fresh;
        size_t n_merged = (list->n + max_runs - 1) / max_runs, done = 0;
        struct bb_run *merged = bb_alloc(list->budget, n_merged * sizeof *merged);
        if (!merged) return bb_fail_budget(err, list->budget, "merging rows");
        bb_run_file_init(&fresh, list->file.temp_dir, list->file.block_rows);
        for (size_t i = 0; i < n_merged; i++) {
            size_t n = (list->n - done) / (n_merged - i); /* even shares */
            enum bb_status status = merge_neighbours(list, done, n, &fresh, &merged[i], err);
            if (status != BB_OK) {
                bb_run_file_reset(&fresh);
                bb_free(merged);
                return status;
            }
            done += n;
        }
        bb_run_file_reset(&list->file);
        bb_free(list->runs);
        list->file = fresh;
        list->runs = merged;
        list->n = list->cap = n_merged;
    }
    return BB_OK;
}
