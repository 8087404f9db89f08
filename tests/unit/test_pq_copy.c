/* Row groups carried over: the file that holds them passes the deep check, its rows and everything that the footer and the
 * indexes say of them are those of the file they came from; large ones keep their place in a block; what goes wrong while the bytes
 * follow in a thread, or between copy and check, is noticed, but for pages in blocks that both files share, which nobody reads;
 * files that differ are not copied from; hostile ones end in an answer. */
#include "parquet/pq_copier.h"
#include "parquet/pq_verify.h"
#include "parquet/pq_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { TS, LOC, LMP, FLAG, N_COLUMNS };
#define N_GROUPS 3
static int group_rows = 5000;

static const struct bb_pq_column columns[N_COLUMNS] = { { "ts", BB_PQ_INT64, BB_PQ_TIMESTAMP_US, 0, "UTC", 0 },
                                                        { "loc", BB_PQ_BYTE_ARRAY, BB_PQ_STRING, 1, NULL, 1 },
                                                        { "lmp", BB_PQ_DOUBLE, BB_PQ_PLAIN_TYPE, 1, NULL, 0 },
                                                        { "flag", BB_PQ_BOOLEAN, BB_PQ_PLAIN_TYPE, 0, NULL, 0 } };
static const int sorting[] = { TS, LOC };
static struct bb_budget budget;
static struct bb_error err;

static struct bb_str text_of(void *ctx, uint32_t code)
{
    static char texts[101][16];
    (void)ctx;
    snprintf(texts[code], sizeof texts[0], "LOC%03u", code);
    return bb_str_of(texts[code]);
}

static void put_group(struct bb_pq_file *file, const struct bb_pq_column *of, const struct bb_pq_options *options,
                      int group)
{
    struct bb_pq_chunk *chunks[N_COLUMNS];
    for (int c = 0; c < N_COLUMNS; c++) {
        assert_int_equal(bb_pq_chunk_new(&of[c], options, &budget, &chunks[c], &err), BB_OK);
        if (of[c].type == BB_PQ_BYTE_ARRAY) bb_pq_set_texts(chunks[c], text_of, NULL);
        for (int i = 0; i < group_rows; i++) {
            int row = group * group_rows + i;
            double lmp = (double)((row * 2654435761u) % 1000003) / 100 - 40;
            uint8_t valid = row % 97 != 0 || !of[c].nullable;
            uint32_t code = row % 100 == 0 && of[c].nullable ? BB_PQ_NULL_CODE : (uint32_t)(row % 100);
            enum bb_status status =
                c == TS    ? bb_pq_put_run(chunks[c], 1704067200000000 + row / 100 * 3600000000LL, 1, 1, &err)
                : c == LOC ? bb_pq_put_codes(chunks[c], &code, sizeof(uint32_t), 1, &err)
                : c == LMP ? bb_pq_put_doubles(chunks[c], &(double){ valid ? lmp : 0 }, &valid, 1, &err)
                           : bb_pq_put_run(chunks[c], row / 700 % 2, 1, 1, &err);
            assert_int_equal(status, BB_OK);
        }
        assert_int_equal(bb_pq_chunk_finish(chunks[c], &err), BB_OK);
    }
    assert_int_equal(bb_pq_file_append_group(file, chunks, NULL, &err), BB_OK);
    for (int c = 0; c < N_COLUMNS; c++) bb_pq_chunk_free(chunks[c]);
}

static struct bb_pq_file *begin(int *fd, const struct bb_pq_column *of, size_t n,
                                const struct bb_pq_options *options)
{
    struct bb_pq_file *file;
    *fd = memfd_create("copy", 0);
    assert_int_equal(bb_pq_file_new(*fd, of, n, sorting, 2, options, &budget, &file, &err), BB_OK);
    return file;
}

static const char *path_of(int fd)
{
    static char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}

static void end(struct bb_pq_file *file, int fd)
{
    uint64_t nbytes;
    int64_t rows;
    assert_int_equal(bb_pq_file_finish(file, NULL, 0, &nbytes, &err), BB_OK);
    assert_int_equal(bb_pq_check_written(path_of(fd), file, NULL, &budget, &rows, &err), BB_OK);
    assert_int_equal(rows, N_GROUPS * group_rows);
    assert_int_equal(lseek(fd, 0, SEEK_END), nbytes);
    bb_pq_file_free(file);
}

static int whole_file(const struct bb_pq_options *options, const struct bb_pq_column *of)
{
    int fd;
    struct bb_pq_file *file = begin(&fd, of, N_COLUMNS, options);
    uint64_t offset;
    for (int g = 0; g < N_GROUPS; g++) {
        put_group(file, of, options, g);
        assert_int_equal(bb_pq_file_append_blob(file, BB_STR("something between"), &offset, &err), BB_OK);
    }
    end(file, fd);
    return fd;
}

static struct bb_pq_reader *reader_of(int fd)
{
    struct bb_pq_reader *reader;
    assert_int_equal(bb_pq_reader_open_fd(dup(fd), "copied", &budget, &reader, &err), BB_OK);
    return reader;
}

/* A whole file that is only there to be copied from: it goes with its reader. */
static struct bb_pq_reader *open_whole(const struct bb_pq_options *options)
{
    int fd = whole_file(options, columns);
    struct bb_pq_reader *reader = reader_of(fd);
    close(fd);
    return reader;
}

static void wait_for_copies(struct bb_pq_file *file)
{
    bb_pq_copier_end(bb_pq_file_copier(file));
    assert_int_equal(bb_pq_copier_wait(bb_pq_file_copier(file), UINT64_MAX, &err), BB_OK);
}

static void same_text(struct bb_str a, struct bb_str b)
{
    assert_int_equal(a.n, b.n);
    if (a.n) assert_memory_equal(a.p, b.p, a.n);
}

static void same_chunk(struct bb_pq_reader *a, struct bb_pq_reader *b, size_t group_a, size_t group_b,
                       size_t column)
{
    const struct bb_pq_read_chunk *x = bb_pq_group_chunk(a, group_a, column),
                                  *y = bb_pq_group_chunk(b, group_b, column);
    struct bb_pq_read_page *p, *q;
    size_t n, m;
    int64_t shift = y->data_page_offset - x->data_page_offset;
    assert_int_equal(x->n_values, y->n_values);
    assert_int_equal(x->total_compressed_nbytes, y->total_compressed_nbytes);
    assert_int_equal(x->total_uncompressed_nbytes, y->total_uncompressed_nbytes);
    assert_int_equal(x->codec, y->codec);
    assert_int_equal(x->encodings, y->encodings);
    assert_int_equal(x->has_encoding_stats, y->has_encoding_stats);
    assert_int_equal(x->n_encoding_stats, y->n_encoding_stats);
    assert_int_equal(x->bloom_nbytes, y->bloom_nbytes);
    assert_int_equal(x->bloom_offset >= 0, y->bloom_offset >= 0);
    assert_int_equal(x->dictionary_page_offset < 0, y->dictionary_page_offset < 0);
    if (x->dictionary_page_offset >= 0)
        assert_int_equal(y->dictionary_page_offset - x->dictionary_page_offset, shift);
    assert_int_equal(x->stats.has_min_max, y->stats.has_min_max);
    assert_int_equal(x->stats.null_count, y->stats.null_count);
    assert_int_equal(x->stats.min_is_exact, y->stats.min_is_exact);
    assert_int_equal(x->stats.max_is_exact, y->stats.max_is_exact);
    same_text(x->stats.min, y->stats.min);
    same_text(x->stats.max, y->stats.max);
    assert_int_equal(bb_pq_read_pages(a, group_a, column, &p, &n, &err), BB_OK);
    assert_int_equal(bb_pq_read_pages(b, group_b, column, &q, &m, &err), BB_OK);
    assert_int_equal(n, m);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(q[i].offset - p[i].offset, shift);
        assert_int_equal(p[i].first_row, q[i].first_row);
        assert_int_equal(p[i].compressed_nbytes, q[i].compressed_nbytes);
        assert_int_equal(p[i].null_page, q[i].null_page);
        assert_int_equal(p[i].null_count, q[i].null_count);
        same_text(p[i].min, q[i].min);
        same_text(p[i].max, q[i].max);
    }
    bb_free(p);
    bb_free(q);
}

static void on_problem(void *ctx, const char *where, const char *what)
{
    (void)ctx;
    print_error("%s: %s\n", where, what);
}

static void same_as_before(const struct bb_pq_options *options)
{
    int fd;
    struct bb_pq_reader *from = open_whole(options), *to;
    struct bb_pq_file *file = begin(&fd, columns, N_COLUMNS, options);
    size_t n_problems;
    int64_t rows;
    uint64_t offset;
    assert_true(bb_pq_file_can_copy(file, from));
    assert_int_equal(bb_pq_file_append_blob(file, BB_STR("so that offsets differ"), &offset, &err), BB_OK);
    assert_int_equal(bb_pq_file_append_copied(file, from, 0, &err), BB_OK);
    put_group(file, columns, options, 1); /* one that is encoded anew between two that are not */
    assert_int_equal(bb_pq_file_append_copied(file, from, 2, &err), BB_OK);
    assert_int_equal(bb_pq_file_append_blob(file, BB_STR("behind"), &offset, &err), BB_OK);
    end(file, fd);
    assert_int_equal(bb_pq_check_file(path_of(fd), &budget, &rows, &err), BB_OK);
    assert_int_equal(rows, N_GROUPS * group_rows);
    assert_int_equal(bb_pq_verify_file(path_of(fd), &budget, 20, on_problem, NULL, &n_problems, &err), BB_OK);
    assert_int_equal(n_problems, 0);
    to = reader_of(fd);
    for (size_t g = 0; g < N_GROUPS; g++)
        for (size_t c = 0; c < N_COLUMNS; c++) same_chunk(from, to, g, g, c);
    assert_int_equal(bb_pq_bloom_may_contain(to, 0, LOC, BB_STR("LOC042"), &err), 1);
    assert_int_equal(bb_pq_bloom_may_contain(to, 2, LOC, BB_STR("LOC042"), &err), 1);
    bb_pq_reader_close(to);
    bb_pq_reader_close(from);
    close(fd);
    assert_int_equal(budget.used_nbytes, 0);
}

static void copied(void **state)
{
    static const enum bb_pq_codec codecs[] = { BB_PQ_NONE, BB_PQ_SNAPPY, BB_PQ_GZIP, BB_PQ_ZSTD, BB_PQ_LZ4_RAW };
    (void)state;
    for (size_t i = 0; i < BB_ARRAY_LEN(codecs); i++)
        for (int dense = 0; dense < 2; dense++)
            for (int thread = 0; thread < 2; thread++)
                same_as_before(&(struct bb_pq_options){
                    .codec = codecs[i], .dense = dense, .page_rows = 700, .copies_in_thread = thread });
}

static int64_t start_of(const struct bb_pq_reader *reader, size_t group)
{
    const struct bb_pq_read_chunk *chunk = bb_pq_group_chunk(reader, group, TS);
    return chunk->dictionary_page_offset >= 0 ? chunk->dictionary_page_offset : chunk->data_page_offset;
}

/* Blocks of the old file can only be shared when they lie at the same place of a block in the new one. */
static void large_ones_keep_their_place(void **state)
{
    static const struct bb_pq_options options = { .codec = BB_PQ_NONE, .copies_in_thread = 1 };
    int fd;
    struct bb_pq_reader *from, *to;
    struct bb_pq_file *file;
    uint64_t offset;
    (void)state;
    group_rows = 60000;
    from = open_whole(&options);
    file = begin(&fd, columns, N_COLUMNS, &options);
    assert_int_equal(bb_pq_file_append_copied(file, from, 0, &err), BB_OK);
    put_group(file, columns, &options, 1);
    assert_int_equal(
        bb_pq_file_append_blob(file, BB_STR("longer than all that stands between the groups"), &offset, &err),
        BB_OK);
    assert_int_equal(bb_pq_file_append_copied(file, from, 2, &err), BB_OK);
    end(file, fd);
    to = reader_of(fd);
    assert_true(start_of(from, 1) - start_of(from, 0) > 256 << 10);
    assert_int_equal(start_of(to, 0), start_of(from, 0));
    assert_int_not_equal(start_of(to, 2), start_of(from, 2));
    assert_int_equal((start_of(to, 2) - start_of(from, 2)) % 4096, 0);
    for (size_t c = 0; c < N_COLUMNS; c++) same_chunk(from, to, 2, 2, c);
    bb_pq_reader_close(to);
    bb_pq_reader_close(from);
    close(fd);
    group_rows = 5000;
    assert_int_equal(budget.used_nbytes, 0);
}

/* ---- what goes wrong on the way ---- */

static struct bb_pq_file *copy_all(int *fd, struct bb_pq_reader *from, const struct bb_pq_options *options)
{
    struct bb_pq_file *file = begin(fd, columns, N_COLUMNS, options);
    uint64_t nbytes;
    enum bb_status status = BB_OK;
    for (size_t g = 0; g < N_GROUPS && status == BB_OK; g++) status = bb_pq_file_append_copied(file, from, g, &err);
    if (status == BB_OK) status = bb_pq_file_finish(file, NULL, 0, &nbytes, &err);
    if (status == BB_OK) return file;
    assert_int_equal(status, BB_IO);
    bb_pq_file_free(file);
    return NULL;
}

/* One bit in every 23rd byte of the copied pages, between copy and check: payloads are under checksums, headers under the indexes and the footer. */
static void damaged_after_the_copy(void **state)
{
    (void)state;
    for (int thread = 0; thread < 2; thread++) {
        const struct bb_pq_options options = { .codec = BB_PQ_ZSTD, .page_rows = 2000, .copies_in_thread = thread };
        int fd;
        struct bb_pq_reader *from = open_whole(&options);
        int64_t begin_at = start_of(from, 0), end_at = start_of(from, 2);
        size_t n_seen = 0, n_missed = 0;
        for (int64_t at = begin_at; at < end_at; at += 23) {
            struct bb_pq_file *file = copy_all(&fd, from, &options);
            int64_t rows;
            char byte;
            enum bb_status status;
            assert_non_null(file);
            wait_for_copies(file);
            assert_int_equal(pread(fd, &byte, 1, at), 1);
            byte ^= 4;
            assert_int_equal(pwrite(fd, &byte, 1, at), 1);
            status = bb_pq_check_written(path_of(fd), file, NULL, &budget, &rows, &err);
            n_seen += status == BB_SKIP;
            n_missed += status == BB_OK;
            bb_pq_file_free(file);
            close(fd);
        }
        /* Missed: the text between the groups, and bits of a page header that mean nothing (statistics, a field's width). */
        assert_true(n_seen > 500);
        if (n_missed * 100 >= n_seen) fail_msg("%zu noticed, %zu not", n_seen, n_missed);
        bb_pq_reader_close(from);
    }
    assert_int_equal(budget.used_nbytes, 0);
}

struct place {
    int64_t from, to;
};

/* All pages of the file, dictionaries too, as the indexes of the file that it was copied from say. */
static size_t list_pages(struct bb_pq_reader *reader, struct place *list)
{
    size_t n = 0;
    for (size_t g = 0; g < N_GROUPS; g++)
        for (size_t c = 0; c < N_COLUMNS; c++) {
            const struct bb_pq_read_chunk *chunk = bb_pq_group_chunk(reader, g, c);
            struct bb_pq_read_page *pages;
            size_t n_pages;
            assert_int_equal(bb_pq_read_pages(reader, g, c, &pages, &n_pages, &err), BB_OK);
            if (chunk->dictionary_page_offset >= 0)
                list[n++] = (struct place){ chunk->dictionary_page_offset, chunk->data_page_offset };
            for (size_t i = 0; i < n_pages; i++)
                list[n++] = (struct place){ pages[i].offset, pages[i].offset + pages[i].compressed_nbytes };
            bb_free(pages);
        }
    return n;
}

static enum bb_status check_changed(int fd, struct bb_pq_file *file, int64_t at, struct bb_pool *pool)
{
    char byte, changed;
    int64_t rows;
    enum bb_status status;
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    changed = byte ^ 4;
    assert_int_equal(pwrite(fd, &changed, 1, at), 1);
    status = bb_pq_check_written(path_of(fd), file, pool, &budget, &rows, &err);
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    return status;
}

/* As if the file system had shared the bytes from the middle of one group to the middle of another: a page wholly inside is not
 * read, so that nobody notices what became of it; all others are, also those that the borders cut. */
static void shared_pages_are_not_read(void **state)
{
    const struct bb_pq_options options = { .codec = BB_PQ_ZSTD, .page_rows = 700, .copies_in_thread = 1 };
    int fd;
    struct bb_pq_reader *from = open_whole(&options);
    struct place pages[400];
    size_t n_pages = list_pages(from, pages), n_passed = 0, n_seen = 0, n_missed = 0, n_cut = 0;
    struct bb_pq_file *file = copy_all(&fd, from, &options);
    struct bb_pool *pool = bb_pool_new(&budget, 2);
    int64_t first = pages[n_pages / 4].from + 30, last = pages[n_pages * 3 / 4].from + 30, rows;
    (void)state;
    assert_non_null(file);
    assert_true(n_pages > 60 && n_pages <= BB_ARRAY_LEN(pages));
    wait_for_copies(file);
    bb_pq_shared_add(bb_pq_copier_shared(bb_pq_file_copier(file)), (uint64_t)first, (uint64_t)last);
    assert_int_equal(bb_pq_check_written(path_of(fd), file, NULL, &budget, &rows, &err), BB_OK);
    assert_int_equal(rows, N_GROUPS * group_rows);
    for (size_t i = 0; i < n_pages; i++) {
        int inside = pages[i].from >= first && pages[i].to <= last;
        n_cut += !inside && pages[i].to > first && pages[i].from < last;
        for (int64_t at = pages[i].from; at < pages[i].to; at += 11) {
            enum bb_status status = check_changed(fd, file, at, at % 2 ? pool : NULL);
            if (inside) {
                assert_int_equal(status, BB_OK);
                n_passed++;
            } else {
                n_seen += status == BB_SKIP;
                n_missed += status == BB_OK;
            }
        }
    }
    assert_true(n_passed > 500);
    assert_true(n_seen > 500);
    assert_int_equal(n_cut, 2);
    if (n_missed * 100 >= n_seen) fail_msg("%zu noticed, %zu not", n_seen, n_missed); /* as above */
    bb_pool_free(pool);
    bb_pq_file_free(file);
    bb_pq_reader_close(from);
    close(fd);
    assert_int_equal(budget.used_nbytes, 0);
}

/* Nothing of a shared page is read, but its indexes are, whatever they say: each byte of them changed. */
static void indexes_of_shared_pages(void **state)
{
    const struct bb_pq_options options = { .codec = BB_PQ_ZSTD, .page_rows = 700, .copies_in_thread = 1 };
    int fd;
    struct bb_pq_reader *from = open_whole(&options), *to;
    struct bb_pq_file *file = copy_all(&fd, from, &options);
    size_t n_seen = 0, n_missed = 0;
    int64_t end;
    (void)state;
    assert_non_null(file);
    wait_for_copies(file);
    to = reader_of(fd);
    end = bb_pq_group_chunk(to, 0, 0)->column_index_offset; /* of everything that is copied */
    bb_pq_shared_add(bb_pq_copier_shared(bb_pq_file_copier(file)), 4, (uint64_t)end);
    for (size_t g = 0; g < N_GROUPS; g++)
        for (size_t c = 0; c < N_COLUMNS; c++) {
            const struct bb_pq_read_chunk *chunk = bb_pq_group_chunk(to, g, c);
            struct place lists[] = {
                { chunk->offset_index_offset, chunk->offset_index_offset + chunk->offset_index_nbytes },
                { chunk->column_index_offset, chunk->column_index_offset + chunk->column_index_nbytes }
            };
            for (int i = 0; i < 2; i++)
                for (int64_t at = lists[i].from; at < lists[i].to; at++) {
                    enum bb_status status = check_changed(fd, file, at, NULL);
                    n_seen += status == BB_SKIP;
                    n_missed += status == BB_OK;
                }
        }
    assert_true(n_seen > 500);
    assert_int_equal(n_missed, 0);
    bb_pq_reader_close(to);
    bb_pq_file_free(file);
    bb_pq_reader_close(from);
    close(fd);
    assert_int_equal(budget.used_nbytes, 0);
}

/* The old file loses its end after it was opened: by the time of the check at the latest that is told. */
static void source_gets_shorter(void **state)
{
    (void)state;
    for (int thread = 0; thread < 2; thread++) {
        const struct bb_pq_options options = { .codec = BB_PQ_ZSTD, .copies_in_thread = thread };
        int from_fd = whole_file(&options, columns), fd;
        struct bb_pq_reader *from = reader_of(from_fd);
        struct bb_pq_file *file;
        int64_t rows;
        /* The indexes must be there still, so a hole would do as well; a size that ends inside the last group does not. */
        assert_int_equal(bb_pq_hold_indexes(from, SIZE_MAX, &err), BB_OK);
        assert_int_equal(ftruncate(from_fd, (off_t)start_of(from, 2) + 100), 0);
        file = copy_all(&fd, from, &options);
        if (!thread) assert_null(file);
        if (file) {
            assert_int_equal(bb_pq_check_written(path_of(fd), file, NULL, &budget, &rows, &err), BB_IO);
            bb_pq_file_free(file);
        }
        assert_non_null(strstr(err.text, "became shorter"));
        bb_pq_reader_close(from);
        close(fd);
        close(from_fd);
    }
    assert_int_equal(budget.used_nbytes, 0);
}

static int can_copy(const struct bb_pq_options *from_options, const struct bb_pq_column *to_columns,
                    size_t n_columns, const struct bb_pq_options *to_options)
{
    int fd, answer;
    struct bb_pq_reader *from = open_whole(from_options);
    struct bb_pq_file *file = begin(&fd, to_columns, n_columns, to_options);
    answer = bb_pq_file_can_copy(file, from);
    bb_pq_file_free(file);
    bb_pq_reader_close(from);
    close(fd);
    return answer;
}

static void who_may(void **state)
{
    static const struct bb_pq_options zstd = { .codec = BB_PQ_ZSTD }, snappy = { .codec = BB_PQ_SNAPPY },
                                      dense = { .codec = BB_PQ_ZSTD, .dense = 1 };
    struct bb_pq_column other[N_COLUMNS];
    (void)state;
    assert_true(can_copy(&zstd, columns, N_COLUMNS, &zstd));
    assert_true(can_copy(&zstd, columns, N_COLUMNS, &dense));  /* loses nothing but bytes */
    assert_false(can_copy(&dense, columns, N_COLUMNS, &zstd)); /* holds encodings that not every reader knows */
    assert_false(can_copy(&snappy, columns, N_COLUMNS, &zstd));
    assert_false(can_copy(&zstd, columns, N_COLUMNS - 1, &zstd));
    memcpy(other, columns, sizeof other);
    other[LMP].name = "price";
    assert_false(can_copy(&zstd, other, N_COLUMNS, &zstd));
    memcpy(other, columns, sizeof other);
    other[TS].logical = BB_PQ_TIMESTAMP_NS;
    assert_false(can_copy(&zstd, other, N_COLUMNS, &zstd));
    memcpy(other, columns, sizeof other);
    other[LMP].nullable = 0;
    assert_false(can_copy(&zstd, other, N_COLUMNS, &zstd));
    assert_int_equal(budget.used_nbytes, 0);
}

/* Every byte of footer and indexes changed, one at a time: what can be opened is copied or refused. */
static void hostile(void **state)
{
    static const struct bb_pq_options options = { .codec = BB_PQ_ZSTD, .page_rows = 2000 };
    int from_fd = whole_file(&options, columns);
    off_t nbytes = lseek(from_fd, 0, SEEK_END);
    char *bytes = malloc((size_t)nbytes);
    uint32_t footer;
    off_t begin_at;
    size_t n_refused = 0, n_copied = 0;
    (void)state;
    assert_int_equal(pread(from_fd, bytes, (size_t)nbytes, 0), nbytes);
    memcpy(&footer, bytes + nbytes - 8, sizeof footer);
    begin_at = nbytes - 8 - (off_t)footer - 2500; /* indexes and bloom filters stand before it */
    for (off_t at = begin_at; at < nbytes - 4; at++)
        for (int way = 0; way < 3; way++) {
            char changed = way == 0 ? (char)(bytes[at] ^ 1) : way == 1 ? (char)0xFF : (char)0x80;
            struct bb_pq_reader *reader;
            assert_int_equal(pwrite(from_fd, &changed, 1, at), 1);
            if (bb_pq_reader_open_fd(dup(from_fd), "hostile", &budget, &reader, &err) == BB_OK) {
                int fd;
                struct bb_pq_file *file = begin(&fd, columns, N_COLUMNS, &options);
                enum bb_status status = BB_OK;
                uint64_t size;
                if (bb_pq_file_can_copy(file, reader))
                    for (size_t g = 0; g < bb_pq_reader_groups(reader) && status == BB_OK; g++)
                        status = bb_pq_file_append_copied(file, reader, g, &err);
                else
                    status = BB_SKIP;
                if (status == BB_OK) status = bb_pq_file_finish(file, NULL, 0, &size, &err);
                n_copied += status == BB_OK;
                n_refused += status != BB_OK;
                bb_pq_file_free(file);
                bb_pq_reader_close(reader);
                close(fd);
            } else {
                n_refused++;
            }
            assert_int_equal(pwrite(from_fd, bytes + at, 1, at), 1);
        }
    assert_true(n_refused > 500);
    assert_true(n_copied > 100); /* names of sorting columns, bloom bits and the like */
    free(bytes);
    close(from_fd);
    assert_int_equal(budget.used_nbytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(copied),
                                        cmocka_unit_test(large_ones_keep_their_place),
                                        cmocka_unit_test(damaged_after_the_copy),
                                        cmocka_unit_test(shared_pages_are_not_read),
                                        cmocka_unit_test(indexes_of_shared_pages),
                                        cmocka_unit_test(source_gets_shorter),
                                        cmocka_unit_test(who_may),
                                        cmocka_unit_test(hostile) };
    bb_budget_init(&budget, (size_t)128 << 20, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
