/* The Parquet reader, the check before publication and the deep check on arbitrary bytes. */
#include "parquet/pq_verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define VALUES_MAX ((int64_t)1 << 18) /* a few bytes can rightly stand for billions of equal values */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_chunk(struct bb_pq_reader *reader, size_t group, size_t column, int64_t *left)
{
    struct bb_pq_cursor *cursor;
    struct bb_pq_values values;
    struct bb_pq_read_page *pages;
    struct bb_error err;
    size_t n;
    enum bb_status status = bb_pq_read_pages(reader, group, column, &pages, &n, &err);
    volatile char last = 0;
    if (status == BB_OK) {
        for (size_t i = 0; i < n; i++)
            if (pages[i].min.n) last = pages[i].min.p[pages[i].min.n - 1];
        bb_free(pages);
    }
    bb_pq_bloom_may_contain(reader, group, column, BB_STR("N05"), &err);
    if (bb_pq_cursor_open(reader, group, column, &cursor, &err) != BB_OK) abort();
    status = BB_OK;
    for (int step = 0; status == BB_OK && *left > 0; step++) {
        status = bb_pq_cursor_next(cursor, step % 3 ? 1000 : 3, &values, &err);
        if (status != BB_OK) break;
        if (values.n == 0) abort();
        *left -= (int64_t)values.n;
        for (size_t i = 0; i < values.n; i++) {
            if (values.valid[i] > 1) abort();
            if (bb_pq_reader_column(reader, column)->type == BB_PQ_BYTE_ARRAY && values.v.str[i].n)
                last = values.v.str[i].p[values.v.str[i].n - 1];
        }
        if (step % 4 == 3) status = bb_pq_cursor_skip(cursor, 11 * step, &err);
    }
    (void)last;
    bb_pq_cursor_close(cursor);
}

static void ignore(void *ctx, const char *where, const char *what)
{
    (void)ctx;
    if (!where[0] || !what[0]) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bb_budget budget;
    struct bb_error err;
    struct bb_pq_reader *reader;
    int64_t rows, left = VALUES_MAX;
    size_t n_problems;
    char path[64];
    int fd = memfd_create("fuzz", MFD_CLOEXEC), is_small = 0;
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    bb_budget_init(&budget, (size_t)32 << 20, 0);
    if (bb_pq_reader_open_fd(dup(fd), "fuzz", &budget, &reader, &err) == BB_OK) {
        for (size_t g = 0; g < bb_pq_reader_groups(reader); g++)
            for (size_t c = 0; c < bb_pq_reader_columns(reader); c++) read_chunk(reader, g, c, &left);
        is_small = bb_pq_reader_rows(reader) <= VALUES_MAX / (int64_t)bb_pq_reader_columns(reader);
        bb_pq_reader_close(reader);
    }
    if (bb_pq_check_file(path, &budget, &rows, &err) == BB_OK && rows < 0) abort();
    if (is_small && bb_pq_verify_file(path, &budget, 20, ignore, NULL, &n_problems, &err) == BB_OK &&
        n_problems > 20)
        abort();
    if (budget.used_nbytes != 0) abort();
    close(fd);
    return 0;
}
