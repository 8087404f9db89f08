/* Row groups carried over: the file that holds them passes the deep check, its rows and everything that the footer and the indexes say of them are those
 * of the file they came from; files that differ are not copied from; hostile ones end in an answer. */
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
#define GROUP_ROWS 5000
#define N_GROUPS   3

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
        for (int i = 0; i < GROUP_ROWS; i++) {
            int row = group * GROUP_ROWS + i;
            double lmp = (double)((row * 2654435761u) % 1000003) / 100 - 40;
            uint8_t valid = row % 97 != 0 || !of[c].nullable;
            uint32_t code = row % 100 == 0 && of[c].nullable ? BB_PQ_NULL_CODE : (uint32_t)(row % 100);
            enum bb_status status =
                c == TS    ? bb_pq_put_run(chunks[c], 1704067200000000 + row / 100 * 3600000000LL, 1, 1, &err)
                : c == LOC ? bb_pq_put_codes(chunks[c], &code, 1, &err)
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

static void end(struct bb_pq_file *file)
{
    uint64_t nbytes;
    assert_int_equal(bb_pq_file_finish(file, NULL, 0, &nbytes, &err), BB_OK);
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
    end(file);
    return fd;
}

static struct bb_pq_reader *reader_of(int fd)
{
    struct bb_pq_reader *reader;
    assert_int_equal(bb_pq_reader_open_fd(dup(fd), "copied", &budget, &reader, &err), BB_OK);
    return reader;
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
    int from_fd = whole_file(options, columns), fd;
    struct bb_pq_reader *from = reader_of(from_fd), *to;
    struct bb_pq_file *file = begin(&fd, columns, N_COLUMNS, options);
    char path[64];
    size_t n_problems;
    int64_t rows;
    uint64_t offset;
    assert_true(bb_pq_file_can_copy(file, from));
    assert_int_equal(bb_pq_file_append_blob(file, BB_STR("so that offsets differ"), &offset, &err), BB_OK);
    assert_int_equal(bb_pq_file_append_copied(file, from, 0, &err), BB_OK);
    put_group(file, columns, options, 1); /* one that is encoded anew between two that are not */
    assert_int_equal(bb_pq_file_append_copied(file, from, 2, &err), BB_OK);
    assert_int_equal(bb_pq_file_append_blob(file, BB_STR("behind"), &offset, &err), BB_OK);
    end(file);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    assert_int_equal(bb_pq_check_file(path, &budget, &rows, &err), BB_OK);
    assert_int_equal(rows, N_GROUPS * GROUP_ROWS);
    assert_int_equal(bb_pq_verify_file(path, &budget, 20, on_problem, NULL, &n_problems, &err), BB_OK);
    assert_int_equal(n_problems, 0);
    to = reader_of(fd);
    for (size_t g = 0; g < N_GROUPS; g++)
        for (size_t c = 0; c < N_COLUMNS; c++) same_chunk(from, to, g, g, c);
    assert_int_equal(bb_pq_bloom_may_contain(to, 0, LOC, BB_STR("LOC042"), &err), 1);
    assert_int_equal(bb_pq_bloom_may_contain(to, 2, LOC, BB_STR("LOC042"), &err), 1);
    bb_pq_reader_close(to);
    bb_pq_reader_close(from);
    close(fd);
    close(from_fd);
    assert_int_equal(budget.used_nbytes, 0);
}

static void copied(void **state)
{
    static const enum bb_pq_codec codecs[] = { BB_PQ_NONE, BB_PQ_SNAPPY, BB_PQ_GZIP, BB_PQ_ZSTD, BB_PQ_LZ4_RAW };
    (void)state;
    for (size_t i = 0; i < BB_ARRAY_LEN(codecs); i++)
        for (int dense = 0; dense < 2; dense++)
            same_as_before(&(struct bb_pq_options){ .codec = codecs[i], .dense = dense, .page_rows = 700 });
}

static int can_copy(const struct bb_pq_options *from_options, const struct bb_pq_column *to_columns,
                    size_t n_columns, const struct bb_pq_options *to_options)
{
    int from_fd = whole_file(from_options, columns), fd, answer;
    struct bb_pq_reader *from = reader_of(from_fd);
    struct bb_pq_file *file = begin(&fd, to_columns, n_columns, to_options);
    answer = bb_pq_file_can_copy(file, from);
    bb_pq_file_free(file);
    bb_pq_reader_close(from);
    close(fd);
    close(from_fd);
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
    const struct CMUnitTest tests[] = { cmocka_unit_test(copied), cmocka_unit_test(who_may),
                                        cmocka_unit_test(hostile) };
    bb_budget_init(&budget, (size_t)128 << 20, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
