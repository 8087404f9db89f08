/* What the Parquet writer writes, the reader gives back: every codec, profile and kind of column, with NULLs, runs, large and small
 * dictionaries, long texts; and each file passes the check before publication and the deep check without a complaint. The reader shares
 * no code with the writer and is tested against pyarrow's files on its own. */
#include "parquet/pq_verify.h"
#include "parquet/pq_write.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { TS, TS_AGAIN, LOC, ID, LMP, KV, SMALL, UNSIGNED, WIDE, DAY, FLAG, BIG, NOTE, N_COLUMNS };

static const struct bb_pq_column columns[N_COLUMNS] = {
    [TS] = { "ts", BB_PQ_INT64, BB_PQ_TIMESTAMP_US, 0, "UTC", 0 },
    [TS_AGAIN] = { "ts_again", BB_PQ_INT64, BB_PQ_TIMESTAMP_US, 0, "America/New_York", 0 },
    [LOC] = { "loc", BB_PQ_BYTE_ARRAY, BB_PQ_STRING, 0, NULL, 1 },
    [ID] = { "id", BB_PQ_BYTE_ARRAY, BB_PQ_STRING, 1, NULL, 1 },
    [LMP] = { "lmp", BB_PQ_DOUBLE, BB_PQ_PLAIN_TYPE, 1, NULL, 0 },
    [KV] = { "kv", BB_PQ_DOUBLE, BB_PQ_PLAIN_TYPE, 0, NULL, 0 },
    [SMALL] = { "small", BB_PQ_INT32, BB_PQ_INT8, 1, NULL, 0 },
    [UNSIGNED] = { "unsigned", BB_PQ_INT32, BB_PQ_UINT_32, 0, NULL, 0 },
    [WIDE] = { "wide", BB_PQ_INT32, BB_PQ_INT_32, 0, NULL, 0 },
    [DAY] = { "day", BB_PQ_INT32, BB_PQ_DATE, 0, NULL, 0 },
    [FLAG] = { "flag", BB_PQ_BOOLEAN, BB_PQ_PLAIN_TYPE, 1, NULL, 0 },
    [BIG] = { "big", BB_PQ_INT64, BB_PQ_TIMESTAMP_NS, 1, "UTC", 0 },
    [NOTE] = { "note", BB_PQ_BYTE_ARRAY, BB_PQ_STRING, 1, NULL, 1 },
};
static const int sorting[] = { TS, LOC, ID };
static const int same_as[N_COLUMNS] = { -1, TS, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 };

static struct bb_budget budget;
static struct bb_error err;
static uint32_t encodings_seen; /* a profile that never came to use would prove nothing */

/* Mixes a seed, a column and a row number: values are computed twice, never kept. */
static uint64_t mix(uint64_t a)
{
    a ^= a >> 33;
    a *= 0xff51afd7ed558ccdULL;
    a ^= a >> 33;
    a *= 0xc4ceb9fe1a85ec53ULL;
    return a ^ a >> 33;
}

struct plan {
    unsigned seed;
    size_t n_rows[3]; /* of the row groups */
    size_t n_locations;
    int null_percent;
    int lively; /* doubles and integers that do not repeat */
    struct bb_pq_options options;
};

struct value {
    int valid;
    int64_t i;
    double d;
    uint32_t code;
};

static struct value value_of(const struct plan *p, int column, size_t row)
{
    uint64_t r = mix(p->seed * 1000003ULL + (uint64_t)column * 7919 + mix(row)),
             run = mix(p->seed + (uint64_t)column + row / 100);
    struct value v = { .valid = 1 };
    switch (column) {
    case TS:
    case TS_AGAIN: v.i = 1704067200000000 + (int64_t)(row / (2 * p->n_locations)) * 300000000; break;
    case LOC: v.code = (uint32_t)(row % (2 * p->n_locations) / 2); break;
    case ID: v.valid = row % 2, v.code = 1000000 + (uint32_t)(row % 7); break; /* NULL sorts first */
    case LMP: v.d = p->lively ? (double)(int64_t)r / 7e15 : (double)(int64_t)(r % 4000) / 100 - 15; break;
    case KV: v.d = p->lively ? (double)(run % 100000) / 8 : (double)(run % 5) * 115; break;
    case SMALL: v.i = (int8_t)run; break;
    case UNSIGNED: v.i = (uint32_t)(p->lively ? r : run % 3 * 2000000000); break;
    case WIDE: v.i = p->lively ? (int32_t)r : (int32_t)(run % 10) * -200000000; break;
    case DAY: v.i = 19000 + (int64_t)(row / 5000); break;
    case FLAG: v.i = (int64_t)(run & 1); break;
    case BIG: v.i = p->lively ? (int64_t)r : (int64_t)(row / 3 * 1000000007); break;
    case NOTE: v.code = (uint32_t)(2000000 + r % (p->lively ? 50000 : 20)); break;
    }
    if (v.d == 0) v.d = 0; /* no negative zero */
    if (columns[column].nullable && column != ID)
        v.valid = (int)((column == LMP ? r : run) >> 40 & 0xffff) % 100 >= p->null_percent;
    if (columns[column].type == BB_PQ_BYTE_ARRAY && !v.valid) v.code = BB_PQ_NULL_CODE;
    return v;
}

/* One text at a time per table slot: the writer may ask for two texts before it uses either. */
static struct bb_str text_of(void *ctx, uint32_t code)
{
    static char slots[16][300];
    static unsigned next;
    char *s = slots[next++ % 16];
    (void)ctx;
    if (code < 1000000) return (struct bb_str){ s, (size_t)snprintf(s, 300, "LOCATION.%06u", code) };
    if (code < 2000000) return (struct bb_str){ s, (size_t)snprintf(s, 300, "%u", code) };
    code -= 2000000;
    if (code == 0) return (struct bb_str){ s, 0 };
    if (code % 50 == 1) { /* long, equal in the first 64 bytes, and the largest of all */
        memset(s, 0xff, 250);
        return (struct bb_str){ s, 250 + (size_t)snprintf(s + 250, 50, "%u", code) };
    }
    return (struct bb_str){ s, (size_t)snprintf(s, 300, "\xc3\xa9%u", code) };
}

static void put_column(struct bb_pq_chunk *chunk, const struct plan *p, int column, size_t from, size_t n)
{
    for (size_t row = from; row < from + n;) {
        size_t k = 1, limit = BB_MIN(from + n - row, 1 + mix(row) % 3000);
        struct value v = value_of(p, column, row);
        enum bb_status status = BB_OK;
        if (column == LMP || (column == NOTE && row % 3)) { /* in arrays */
            double *d = malloc(limit * sizeof *d);
            uint32_t *codes = malloc(limit * sizeof *codes);
            uint8_t *valid = malloc(limit);
            for (k = 0; k < limit; k++) {
                v = value_of(p, column, row + k);
                d[k] = v.valid ? v.d : 0;
                valid[k] = (uint8_t)v.valid;
                codes[k] = v.code;
            }
            status = column == LMP ? bb_pq_put_doubles(chunk, d, p->null_percent ? valid : NULL, k, &err)
                                   : bb_pq_put_codes(chunk, codes, sizeof(uint32_t), k, &err);
            free(d);
            free(codes);
            free(valid);
        } else { /* in runs */
            for (; k < limit; k++) {
                struct value w = value_of(p, column, row + k);
                if (w.valid != v.valid || (w.valid && (w.i != v.i || w.d != v.d || w.code != v.code))) break;
            }
            if (columns[column].type == BB_PQ_BYTE_ARRAY) {
                status = bb_pq_put_code_run(chunk, v.code, k, &err);
            } else if (columns[column].type == BB_PQ_DOUBLE) {
                status = bb_pq_put_double_run(chunk, v.d, v.valid, k, &err);
            } else {
                status = bb_pq_put_run(chunk, v.i, v.valid, k, &err);
            }
        }
        if (status != BB_OK) fail_msg("%s", err.text);
        row += k;
    }
}

static int write_file(const struct plan *p)
{
    static const struct bb_pq_kv kv = { "busbar.test", { "a value", 7 } };
    struct bb_pq_chunk *chunks[N_COLUMNS] = { 0 };
    struct bb_pq_file *file;
    uint64_t nbytes;
    size_t row = 0;
    int fd = memfd_create("round trip", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(bb_pq_file_new(fd, columns, N_COLUMNS, sorting, 3, &p->options, &budget, &file, &err), BB_OK);
    for (int c = 0; c < N_COLUMNS; c++) {
        if (same_as[c] >= 0) continue;
        assert_int_equal(bb_pq_chunk_new(&columns[c], &p->options, &budget, &chunks[c], &err), BB_OK);
        bb_pq_set_texts(chunks[c], text_of, NULL);
    }
    for (int g = 0; g < 3 && p->n_rows[g] > 0; g++) {
        for (int c = 0; c < N_COLUMNS; c++) {
            if (!chunks[c]) continue;
            put_column(chunks[c], p, c, row, p->n_rows[g]);
            if (bb_pq_chunk_finish(chunks[c], &err) != BB_OK) fail_msg("%s", err.text);
        }
        if (bb_pq_file_append_group(file, chunks, same_as, &err) != BB_OK) fail_msg("%s", err.text);
        for (int c = 0; c < N_COLUMNS; c++)
            if (chunks[c]) bb_pq_chunk_reset(chunks[c]);
        row += p->n_rows[g];
    }
    assert_int_equal(bb_pq_file_finish(file, &kv, 1, &nbytes, &err), BB_OK);
    assert_int_equal(lseek(fd, 0, SEEK_END), nbytes);
    bb_pq_file_free(file);
    for (int c = 0; c < N_COLUMNS; c++) bb_pq_chunk_free(chunks[c]);
    assert_int_equal(budget.used_nbytes, 0);
    return fd;
}

static void check_values(const struct plan *p, int column, const struct bb_pq_values *values, size_t row)
{
    for (size_t i = 0; i < values->n; i++) {
        struct value v = value_of(p, column, row + i);
        if (values->valid[i] != v.valid) fail_msg("%s, row %zu: NULL or not", columns[column].name, row + i);
        if (!v.valid) continue;
        if (columns[column].type == BB_PQ_BYTE_ARRAY) {
            if (!bb_str_eq(values->v.str[i], text_of(NULL, v.code)))
                fail_msg("%s, row %zu", columns[column].name, row + i);
        } else if (columns[column].type == BB_PQ_DOUBLE) {
            if (memcmp(&values->v.f64[i], &v.d, 8) != 0) fail_msg("%s, row %zu", columns[column].name, row + i);
        } else if (values->v.i64[i] != v.i) {
            fail_msg("%s, row %zu: %lld for %lld", columns[column].name, row + i, (long long)values->v.i64[i],
                     (long long)v.i);
        }
    }
}

static void read_back(const struct plan *p, const char *path)
{
    struct bb_pq_reader *reader;
    size_t row = 0;
    if (bb_pq_reader_open(path, &budget, &reader, &err) != BB_OK) fail_msg("%s", err.text);
    assert_int_equal(bb_pq_reader_columns(reader), N_COLUMNS);
    assert_true(bb_str_is(bb_pq_reader_kv(reader, "busbar.test"), "a value"));
    for (size_t g = 0; g < bb_pq_reader_groups(reader); g++) {
        int out[8];
        assert_int_equal(bb_pq_group_rows(reader, g), p->n_rows[g]);
        assert_int_equal(bb_pq_group_sorting(reader, g, out), 3);
        assert_int_equal(out[2], ID);
        for (int c = 0; c < N_COLUMNS; c++) {
            const struct bb_pq_read_column *column = bb_pq_reader_column(reader, (size_t)c);
            struct bb_pq_cursor *cursor;
            struct bb_pq_values values;
            enum bb_status status;
            size_t at = 0, skip = p->n_rows[g] / 3;
            encodings_seen |= bb_pq_group_chunk(reader, g, (size_t)c)->encodings;
            assert_true(bb_str_is(column->name, columns[c].name));
            assert_int_equal(column->type, columns[c].type);
            assert_int_equal(column->logical, columns[c].logical);
            assert_int_equal(column->nullable, columns[c].nullable);
            assert_int_equal(bb_pq_cursor_open(reader, g, (size_t)c, &cursor, &err), BB_OK);
            while ((status = bb_pq_cursor_next(cursor, 1777, &values, &err)) == BB_OK) {
                check_values(p, c, &values, row + at);
                at += values.n;
            }
            if (status != BB_EOF) fail_msg("%s", err.text);
            assert_int_equal(at, p->n_rows[g]);
            bb_pq_cursor_close(cursor);
            assert_int_equal(bb_pq_cursor_open(reader, g, (size_t)c, &cursor, &err), BB_OK);
            assert_int_equal(bb_pq_cursor_skip(cursor, (int64_t)skip, &err), BB_OK);
            assert_int_equal(bb_pq_cursor_next(cursor, 100, &values, &err), BB_OK);
            check_values(p, c, &values, row + skip);
            bb_pq_cursor_close(cursor);
        }
        if (p->n_locations > 10 && p->n_rows[g] > 20) /* more than 8 values */
            assert_int_equal(
                bb_pq_bloom_may_contain(reader, g, LOC, text_of(NULL, value_of(p, LOC, row).code), &err), 1);
        row += p->n_rows[g];
    }
    bb_pq_reader_close(reader);
}

static void on_problem(void *ctx, const char *where, const char *what)
{
    (void)ctx;
    print_error("%s: %s\n", where, what);
}

static void round_trip(const struct plan *p)
{
    char path[64];
    int64_t rows;
    size_t n_problems;
    int fd = write_file(p);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    read_back(p, path);
    if (bb_pq_check_file(path, &budget, &rows, &err) != BB_OK) fail_msg("%s", err.text);
    assert_int_equal(rows, p->n_rows[0] + p->n_rows[1] + p->n_rows[2]);
    assert_int_equal(bb_pq_verify_file(path, &budget, 20, on_problem, NULL, &n_problems, &err), BB_OK);
    if (n_problems > 0)
        fail_msg(
            "seed %u: codec %d, dense %d, page rows %zu, %zu+%zu+%zu rows, %zu locations, %d%% NULL, lively %d",
            p->seed, p->options.codec, p->options.dense, p->options.page_rows, p->n_rows[0], p->n_rows[1],
            p->n_rows[2], p->n_locations, p->null_percent, p->lively);
    assert_int_equal(budget.used_nbytes, 0);
    close(fd);
}

static void every_codec_and_profile(void **state)
{
    static const enum bb_pq_codec codecs[] = { BB_PQ_NONE, BB_PQ_SNAPPY, BB_PQ_GZIP, BB_PQ_ZSTD, BB_PQ_LZ4_RAW };
    static const size_t page_rows[] = { 0, 100, 1000 };
    static const size_t n_rows[] = { 1, 2, 7, 8, 9, 64, 1000, 4097, 20000 };
    static const int null_percent[] = { 0, 10, 90, 100 };
    unsigned n = 0;
    (void)state;
    for (size_t c = 0; c < BB_ARRAY_LEN(codecs); c++) {
        for (int dense = 0; dense < 2; dense++) {
            for (int lively = 0; lively < 2; lively++) {
                for (size_t i = 0; i < BB_ARRAY_LEN(n_rows); i++, n++) {
                    struct plan p = {
                        .seed = n,
                        .n_rows = { n_rows[i], n_rows[(i + 5) % 9], n % 3 ? 0 : 500 },
                        .n_locations = n % 4 == 0 ? 3 : 1 + mix(n) % 700,
                        .null_percent = null_percent[mix(n) % 4],
                        .lively = lively,
                        .options = { .codec = codecs[c], .dense = dense, .page_rows = page_rows[mix(n + 9) % 3] }
                    };
                    round_trip(&p);
                }
            }
        }
    }
    assert_true(encodings_seen & 1 << BB_PQ_PLAIN);
    assert_true(encodings_seen & 1 << BB_PQ_RLE_DICTIONARY);
    assert_true(encodings_seen & 1 << BB_PQ_BYTE_STREAM_SPLIT);
    assert_true(encodings_seen & 1 << BB_PQ_DELTA_BINARY_PACKED);
}

/* Row groups with more pages than one at the default size, dictionaries that overflow. */
static void large_row_groups(void **state)
{
    (void)state;
    for (unsigned dense = 0; dense < 2; dense++) {
        struct plan p = { .seed = 77 + dense,
                          .n_rows = { 200000, 70000, 0 },
                          .n_locations = 2000,
                          .null_percent = 5,
                          .lively = 1,
                          .options = { .codec = BB_PQ_ZSTD, .dense = (int)dense } };
        round_trip(&p);
    }
}

static int set_up(void **state)
{
    (void)state;
    bb_budget_init(&budget, (size_t)256 << 20, 0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_codec_and_profile, set_up),
        cmocka_unit_test_setup(large_row_groups, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
