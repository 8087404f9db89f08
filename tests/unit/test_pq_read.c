/* The Parquet reader against files written by pyarrow (tests/interop/fixtures/make_pq_fixtures.py has the same formulas), against
 * bytes from the format's description, and against damage. */
#include "parquet/pq_decode.h"
#include "parquet/pq_thrift_read.h"
#include "parquet/pq_verify.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define FIXTURES "tests/interop/fixtures/"
#define ROWS     100
#define GROUP    60 /* rows of the first row group */

static struct bb_budget budget;
static struct bb_error err;

/* ---- values of the fixtures ---- */

struct want {
    int valid;
    int64_t i;
    double d;
    char s[8];
};

static struct want want_of(const char *column, int i)
{
    struct want w = { .valid = 1 };
    if (strcmp(column, "ts") == 0) w.i = 1704067200000000 + i / 10 * 3600000000LL;
    if (strcmp(column, "loc") == 0) snprintf(w.s, sizeof w.s, "N%02d", i % 10);
    if (strcmp(column, "lmp") == 0) w.valid = i % 7 != 3, w.d = (i * 37 % 101) / 4.0 - 5;
    if (strcmp(column, "num") == 0) w.valid = i % 5 != 0, w.i = i * i - 3000;
    if (strcmp(column, "ok") == 0) w.valid = i % 11 != 10, w.i = i % 3 == 0;
    if (strcmp(column, "u16") == 0) w.i = (int64_t)i * 9973 % 65536;
    if (strcmp(column, "u32") == 0) w.i = (int64_t)i * 2654435761 % 4294967296;
    if (strcmp(column, "day") == 0) w.i = 19723 + i / 20;
    if (strcmp(column, "big") == 0) w.i = (int64_t)(i - 50) * 1000000000000000 + i;
    if (strcmp(column, "f32") == 0) w.d = i / 8.0 - 3;
    if (strcmp(column, "none") == 0) w.valid = 0;
    return w;
}

static void name_of(const struct bb_pq_read_column *column, char name[32])
{
    snprintf(name, 32, "%.*s", BB_STR_ARG(column->name));
}

static void check_batch(const struct bb_pq_read_column *column, const struct bb_pq_values *values, int row)
{
    char name[32];
    name_of(column, name);
    for (size_t k = 0; k < values->n; k++) {
        struct want w = want_of(name, row + (int)k);
        assert_int_equal(values->valid[k], w.valid);
        if (column->type == BB_PQ_BYTE_ARRAY) {
            assert_true(bb_str_is(values->v.str[k], w.valid ? w.s : ""));
        } else if (column->type == BB_PQ_DOUBLE || column->type == BB_PQ_FLOAT) {
            assert_true(values->v.f64[k] == (w.valid ? w.d : 0));
        } else {
            assert_int_equal(values->v.i64[k], w.valid ? w.i : 0);
        }
    }
}

/* Reads rows from skip on in pieces of max and compares; returns the number of values seen. */
static int check_column(struct bb_pq_reader *reader, size_t group, size_t column, int skip, size_t max)
{
    struct bb_pq_cursor *cursor;
    struct bb_pq_values values;
    enum bb_status status;
    int row = group == 0 ? 0 : GROUP, n = 0;
    assert_int_equal(bb_pq_cursor_open(reader, group, column, &cursor, &err), BB_OK);
    assert_int_equal(bb_pq_cursor_skip(cursor, skip, &err), BB_OK);
    while ((status = bb_pq_cursor_next(cursor, max, &values, &err)) == BB_OK) {
        assert_in_range(values.n, 1, max);
        check_batch(bb_pq_reader_column(reader, column), &values, row + skip + n);
        n += (int)values.n;
    }
    if (status != BB_EOF) fail_msg("%s", err.text);
    bb_pq_cursor_close(cursor);
    return n;
}

static struct bb_pq_reader *open_fixture(const char *name)
{
    char path[256];
    struct bb_pq_reader *reader;
    snprintf(path, sizeof path, FIXTURES "%s.parquet", name);
    if (bb_pq_reader_open(path, &budget, &reader, &err) != BB_OK) fail_msg("%s", err.text);
    return reader;
}

static const char *const good[] = { "plain_none", "plain_bare",      "no_index",     "dict_snappy",
                                    "dict_gzip",  "dict_zstd_bloom", "plain_lz4",    "special_zstd",
                                    "v2_snappy",  "types_dict",      "types_special" };

static void all_values_of_all_fixtures(void **state)
{
    (void)state;
    for (size_t f = 0; f < BB_ARRAY_LEN(good); f++) {
        struct bb_pq_reader *reader = open_fixture(good[f]);
        size_t n_columns = bb_pq_reader_columns(reader);
        assert_int_equal(n_columns, strncmp(good[f], "types", 5) == 0 ? 6 : 5);
        assert_int_equal(bb_pq_reader_rows(reader), ROWS);
        assert_int_equal(bb_pq_reader_groups(reader), 2);
        assert_int_equal(bb_pq_group_rows(reader, 0), GROUP);
        for (size_t c = 0; c < n_columns; c++) {
            assert_int_equal(check_column(reader, 0, c, 0, 4096), GROUP);
            assert_int_equal(check_column(reader, 1, c, 0, 4096), ROWS - GROUP);
            for (int skip = 0; skip <= GROUP; skip++)
                assert_int_equal(check_column(reader, 0, c, skip, 7), GROUP - skip);
        }
        bb_pq_reader_close(reader);
        assert_int_equal(budget.used_nbytes, 0);
    }
}

/* Skipping in several steps, from the middle of pages, comes to the same rows. */
static void skip_in_steps(void **state)
{
    (void)state;
    for (size_t f = 0; f < BB_ARRAY_LEN(good); f++) {
        struct bb_pq_reader *reader = open_fixture(good[f]);
        for (int step = 1; step < 30; step += 4) {
            for (size_t c = 0; c < bb_pq_reader_columns(reader); c++) {
                struct bb_pq_cursor *cursor;
                struct bb_pq_values values;
                int row = 0;
                assert_int_equal(bb_pq_cursor_open(reader, 0, c, &cursor, &err), BB_OK);
                for (;;) {
                    enum bb_status status = bb_pq_cursor_next(cursor, 3, &values, &err);
                    if (status == BB_EOF) break;
                    assert_int_equal(status, BB_OK);
                    check_batch(bb_pq_reader_column(reader, c), &values, row);
                    row += (int)values.n;
                    status = bb_pq_cursor_skip(cursor, step, &err);
                    assert_int_equal(status, row + step > GROUP ? BB_EOF : BB_OK);
                    row += step;
                }
                assert_true(row >= GROUP);
                bb_pq_cursor_close(cursor);
            }
        }
        bb_pq_reader_close(reader);
    }
}

static void footer_of_a_fixture(void **state)
{
    struct bb_pq_reader *reader = open_fixture("dict_zstd_bloom");
    const struct bb_pq_read_chunk *chunk;
    int sorting[8];
    int64_t i64, rows;
    (void)state;
    assert_int_equal(bb_pq_reader_find(reader, "lmp"), 2);
    assert_int_equal(bb_pq_reader_find(reader, "lm"), -1);
    assert_int_equal(bb_pq_reader_column(reader, 0)->logical, BB_PQ_TIMESTAMP_US);
    assert_int_equal(bb_pq_reader_column(reader, 0)->nullable, 0);
    assert_int_equal(bb_pq_reader_column(reader, 0)->has_converted_type, 1);
    assert_int_equal(bb_pq_reader_column(reader, 1)->logical, BB_PQ_STRING);
    assert_int_equal(bb_pq_reader_column(reader, 2)->nullable, 1);
    assert_int_equal(bb_pq_reader_column(reader, 2)->logical, BB_PQ_PLAIN_TYPE);
    assert_int_equal(bb_pq_group_sorting(reader, 1, sorting), 2);
    assert_int_equal(sorting[0], 0);
    assert_int_equal(sorting[1], 1);
    assert_true(bb_pq_reader_kv(reader, "ARROW:schema").n > 100);
    assert_null(bb_pq_reader_kv(reader, "no such key").p);
    assert_true(bb_str_find_nocase(bb_pq_reader_created_by(reader), BB_STR("arrow")) != NULL);
    chunk = bb_pq_group_chunk(reader, 0, 0);
    assert_int_equal(chunk->codec, BB_PQ_ZSTD);
    assert_int_equal(chunk->n_values, GROUP);
    assert_true(chunk->encodings & 1 << BB_PQ_RLE_DICTIONARY);
    assert_int_equal(chunk->stats.null_count, 0);
    assert_int_equal(chunk->stats.max.n, 8);
    memcpy(&i64, chunk->stats.max.p, 8);
    assert_int_equal(i64, want_of("ts", GROUP - 1).i);
    chunk = bb_pq_group_chunk(reader, 0, 2);
    assert_int_equal(chunk->stats.null_count, 9); /* 3, 10, …, 59 */
    rows = bb_pq_reader_rows(reader);
    bb_pq_reader_close(reader);

    assert_int_equal(bb_pq_reader_open_head(FIXTURES "dict_zstd_bloom.parquet", &budget, &reader, &err), BB_OK);
    assert_int_equal(bb_pq_reader_groups(reader), 0); /* passed over */
    assert_int_equal(bb_pq_reader_columns(reader), 5);
    assert_true(bb_pq_reader_kv(reader, "ARROW:schema").n > 100);
    assert_int_equal(bb_pq_reader_rows(reader), rows);
    bb_pq_reader_close(reader);

    reader = open_fixture("types_dict");
    assert_int_equal(bb_pq_reader_column(reader, 0)->logical, BB_PQ_UINT16);
    assert_int_equal(bb_pq_reader_column(reader, 1)->logical, BB_PQ_UINT_32);
    assert_int_equal(bb_pq_reader_column(reader, 2)->logical, BB_PQ_DATE);
    assert_int_equal(bb_pq_reader_column(reader, 4)->type, BB_PQ_FLOAT);
    assert_int_equal(bb_pq_group_sorting(reader, 0, sorting), 0);
    bb_pq_reader_close(reader);
}

static void page_index_of_a_fixture(void **state)
{
    struct bb_pq_reader *reader = open_fixture("plain_none");
    struct bb_pq_read_page *pages;
    size_t n;
    double d;
    (void)state;
    assert_int_equal(bb_pq_read_pages(reader, 0, 2, &pages, &n, &err), BB_OK);
    assert_int_equal(n, 3); /* 25 + 25 + 10 rows */
    for (size_t p = 0; p < n; p++) {
        double min = 1e9, max = -1e9;
        int n_nulls = 0;
        assert_int_equal(pages[p].first_row, 25 * p);
        assert_int_equal(pages[p].null_page, 0);
        for (int i = 25 * (int)p; i < 25 * (int)p + 25 && i < GROUP; i++) {
            struct want w = want_of("lmp", i);
            n_nulls += !w.valid;
            if (w.valid && w.d < min) min = w.d;
            if (w.valid && w.d > max) max = w.d;
        }
        assert_int_equal(pages[p].null_count, n_nulls);
        memcpy(&d, pages[p].min.p, 8);
        assert_true(d == min);
        memcpy(&d, pages[p].max.p, 8);
        assert_true(d == max);
    }
    bb_free(pages);
    bb_pq_reader_close(reader);

    reader = open_fixture("types_special");
    assert_int_equal(bb_pq_read_pages(reader, 1, 5, &pages, &n, &err), BB_OK);
    assert_int_equal(pages[0].null_page, 1);
    bb_free(pages);
    bb_pq_reader_close(reader);

    reader = open_fixture("no_index");
    assert_int_equal(bb_pq_read_pages(reader, 0, 2, &pages, &n, &err), BB_EOF);
    bb_pq_reader_close(reader);
}

static void skipping_reads_fewer_bytes(void **state)
{
    uint64_t nbytes[2];
    (void)state;
    for (int skip = 0; skip < 2; skip++) {
        struct bb_pq_reader *reader = open_fixture("plain_none");
        uint64_t before = bb_pq_reader_bytes_read(reader);
        assert_true(before > 8 && before < bb_pq_reader_file_nbytes(reader));
        check_column(reader, 0, 1, skip ? 55 : 0, 4096);
        nbytes[skip] = bb_pq_reader_bytes_read(reader) - before;
        bb_pq_reader_close(reader);
    }
    /* All texts: 60 × 7 bytes. The last page alone: 10 × 7, beside the index. */
    assert_true(nbytes[0] >= 420);
    assert_true(nbytes[1] < nbytes[0] / 2 + 200);
}

static void bloom_filter(void **state)
{
    struct bb_pq_reader *reader = open_fixture("dict_zstd_bloom");
    int n_false = 0;
    (void)state;
    for (int i = 0; i < 10; i++) {
        char s[16];
        snprintf(s, sizeof s, "N%02d", i);
        assert_int_equal(bb_pq_bloom_may_contain(reader, 0, 1, bb_str_of(s), &err), 1);
    }
    for (int i = 10; i < 100; i++) {
        char s[16];
        snprintf(s, sizeof s, "N%02d", i);
        n_false += bb_pq_bloom_may_contain(reader, 0, 1, bb_str_of(s), &err);
    }
    assert_in_range(n_false, 0, 5); /* 1 % is what the filter was made for */
    assert_int_equal(bb_pq_bloom_may_contain(reader, 0, 0, BB_STR("12345678"), &err), -1);
    bb_pq_reader_close(reader);
}

static void refusals_name_what_is_there(void **state)
{
    static const struct {
        const char *name, *text;
    } cases[] = {
        { "refuse_nested", "column a is a group" },
        { "refuse_decimal", "column a is FIXED_LEN_BYTE_ARRAY" },
        { "refuse_int96", "column a is INT96" },
        { "refuse_brotli", "codec 4 (brotli)" },
    };
    struct bb_pq_reader *reader;
    struct bb_pq_cursor *cursor;
    struct bb_pq_values values;
    (void)state;
    for (size_t i = 0; i < BB_ARRAY_LEN(cases); i++) {
        char path[256];
        snprintf(path, sizeof path, FIXTURES "%s.parquet", cases[i].name);
        assert_int_equal(bb_pq_reader_open(path, &budget, &reader, &err), BB_SKIP);
        assert_null(reader);
        assert_non_null(strstr(err.text, cases[i].text));
        assert_non_null(strstr(err.text, path));
    }
    reader = open_fixture("refuse_delta_text");
    assert_int_equal(bb_pq_cursor_open(reader, 0, 0, &cursor, &err), BB_OK);
    assert_int_equal(bb_pq_cursor_next(cursor, 10, &values, &err), BB_SKIP);
    assert_non_null(strstr(err.text, "DELTA_LENGTH_BYTE_ARRAY"));
    assert_int_equal(bb_pq_cursor_next(cursor, 10, &values, &err), BB_SKIP);
    bb_pq_cursor_close(cursor);
    bb_pq_reader_close(reader);
    assert_int_equal(bb_pq_reader_open("tests/interop/fixtures/no such file", &budget, &reader, &err), BB_IO);
    assert_int_equal(bb_pq_reader_open("tests", &budget, &reader, &err), BB_SKIP);
    assert_int_equal(bb_pq_reader_open("tests/interop/fixtures/make_pq_fixtures.py", &budget, &reader, &err),
                     BB_SKIP);
    assert_non_null(strstr(err.text, "not a Parquet file"));
    assert_int_equal(budget.used_nbytes, 0);
}

/* ---- decoders ---- */

static void rle_hybrid(void **state)
{
    /* From the format's description: 0…7 in three bits each; then 5 times 6; then a packed run of one group again. */
    static const uint8_t bytes[] = { 0x03, 0x88, 0xC6, 0xFA, 0x0A, 0x06, 0x03, 0x88, 0xC6, 0xFA };
    static const uint32_t want[] = { 0, 1, 2, 3, 4, 5, 6, 7, 6, 6, 6, 6, 6, 0, 1, 2, 3, 4, 5, 6, 7 };
    (void)state;
    for (size_t piece = 1; piece <= 21; piece++) {
        struct bb_pq_rle_in in;
        uint32_t out[32];
        size_t n = 0;
        assert_true(bb_pq_rle_in_init(&in, bytes, sizeof bytes, 3));
        while (n < 21) {
            size_t k = BB_MIN(piece, 21 - n);
            assert_int_equal(bb_pq_rle_in_read(&in, out + n, k), k);
            n += k;
        }
        assert_memory_equal(out, want, sizeof want);
        assert_int_equal(bb_pq_rle_in_read(&in, out, 1), 0);
    }
    for (size_t n = 0; n < sizeof bytes; n++) { /* cut anywhere: never more than what is there */
        struct bb_pq_rle_in in;
        uint32_t out[32];
        bb_pq_rle_in_init(&in, bytes, n, 3);
        assert_int_equal(bb_pq_rle_in_read(&in, out, 32), n < 4 ? 0 : n < 6 ? 8 : 13);
    }
}

static void rle_widths(void **state)
{
    (void)state;
    for (unsigned width = 0; width <= 32; width++) {
        uint8_t bytes[1 + 4 * 32 + 8] = { 0x09 }; /* four groups packed */
        uint32_t want[32], out[32];
        struct bb_pq_rle_in in;
        for (unsigned i = 0; i < 32; i++) {
            want[i] = width == 0 ? 0 : (uint32_t)(2654435761u * (i + 1)) >> (32 - width);
            for (unsigned b = 0; b < width; b++)
                if (want[i] >> b & 1) bytes[1 + (i * width + b) / 8] |= (uint8_t)(1 << (i * width + b) % 8);
        }
        bb_pq_rle_in_init(&in, bytes, 1 + 4 * width, width);
        assert_int_equal(bb_pq_rle_in_read(&in, out, 32), 32);
        assert_memory_equal(out, want, sizeof want);
    }
    struct bb_pq_rle_in in;
    assert_false(bb_pq_rle_in_init(&in, (const uint8_t *)"", 0, 33));
    /* A run's value must fit the width. */
    uint32_t out[4];
    bb_pq_rle_in_init(&in, (const uint8_t *)"\x08\x04", 2, 2);
    assert_int_equal(bb_pq_rle_in_read(&in, out, 4), 0);
}

static void delta_binary_packed(void **state)
{
    /* 7 5 3 1 2 3 4 5: deltas −2 −2 −2 1 1 1 1, minimum −2, the rest in two bits; blocks of 128 values in 4 miniblocks. */
    static const uint8_t bytes[] = { 0x80, 0x01, 0x04, 0x08, 0x0e, 0x03, 2, 0, 0, 0, 0xC0, 0x3F, 0, 0, 0, 0, 0, 0 };
    static const int64_t want[] = { 7, 5, 3, 1, 2, 3, 4, 5 };
    (void)state;
    for (size_t piece = 1; piece <= 8; piece++) {
        struct bb_pq_delta_in in;
        int64_t out[16];
        size_t n = 0, k;
        assert_true(bb_pq_delta_in_init(&in, bytes, sizeof bytes));
        while ((k = bb_pq_delta_in_read(&in, out + n, piece)) > 0) n += k;
        assert_int_equal(n, 8);
        assert_memory_equal(out, want, sizeof want);
        assert_ptr_equal(in.p, in.end);
    }
    for (size_t n = 0; n < sizeof bytes; n++) {
        struct bb_pq_delta_in in;
        int64_t out[16];
        if (bb_pq_delta_in_init(&in, bytes, n)) assert_true(bb_pq_delta_in_read(&in, out, 16) <= 1);
    }
}

static void thrift_faults(void **state)
{
    struct bb_thrift t;
    struct bb_thrift_field f = { 0 };
    uint8_t deep[64];
    (void)state;
    /* A list that promises more than there is. */
    bb_thrift_init(&t, "\x19\xF8\xFF\xFF\xFF\xFF\x0F", 7);
    assert_true(bb_thrift_next(&t, &f));
    assert_int_equal(bb_thrift_list(&t, &f, BB_THRIFT_BINARY), 0);
    assert_true(t.bad && t.short_of_data);
    /* Structures without end. */
    memset(deep, 0x1c, sizeof deep);
    f.id = 0;
    bb_thrift_init(&t, deep, sizeof deep);
    assert_true(bb_thrift_next(&t, &f));
    bb_thrift_skip(&t, &f);
    assert_true(t.bad && !t.short_of_data);
    /* A number of the wrong size, a number without end. */
    f = (struct bb_thrift_field){ .type = BB_THRIFT_I32 };
    bb_thrift_init(&t, "\x80\x80\x80\x80\x10", 5); /* 2^31 as a signed number */
    bb_thrift_i32(&t, &f);
    assert_true(t.bad);
    bb_thrift_init(&t, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
    f.type = BB_THRIFT_I64;
    bb_thrift_i64(&t, &f);
    assert_true(t.bad);
}

/* ---- verify and damage ---- */

struct file {
    uint8_t *p;
    size_t n;
};

static struct file load_fixture(const char *name)
{
    char path[256];
    struct file file = { malloc(1 << 16), 0 };
    FILE *f;
    snprintf(path, sizeof path, FIXTURES "%s.parquet", name);
    f = fopen(path, "rb");
    assert_non_null(f);
    file.n = fread(file.p, 1, 1 << 16, f);
    fclose(f);
    return file;
}

static int as_memory_file(const uint8_t *p, size_t n, char path[64])
{
    int fd = memfd_create("fixture", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, p, n), n);
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

struct problems {
    size_t n;
    char text[8192];
};

static void on_problem(void *ctx, const char *where, const char *what)
{
    struct problems *p = ctx;
    size_t used = strlen(p->text);
    p->n++;
    snprintf(p->text + used, sizeof p->text - used, "%s: %s\n", where, what);
}

static void verify_bytes(const uint8_t *p, size_t n, struct problems *problems)
{
    char path[64];
    int fd = as_memory_file(p, n, path);
    size_t n_problems;
    *problems = (struct problems){ 0 };
    assert_int_equal(bb_pq_verify_file(path, &budget, 50, on_problem, problems, &n_problems, &err), BB_OK);
    assert_int_equal(n_problems, problems->n);
    assert_int_equal(budget.used_nbytes, 0);
    close(fd);
}

static void good_files_have_no_problems(void **state)
{
    (void)state;
    for (size_t f = 0; f < BB_ARRAY_LEN(good); f++) {
        struct file file = load_fixture(good[f]);
        struct problems problems;
        size_t known = 0;
        verify_bytes(file.p, file.n, &problems);
        if (strcmp(good[f], "plain_bare") == 0) known = 10; /* no checksums */
        if (strcmp(good[f], "no_index") == 0) known = 10;
        if (strncmp(good[f], "types", 5) == 0) known = 2; /* nothing said about the order */
        if (problems.n != known) fail_msg("%s: %s", good[f], problems.text);
        free(file.p);
    }
}

static uint8_t *find_bytes(const struct file *file, const void *what, size_t n, int number)
{
    for (uint8_t *p = file->p; p + n <= file->p + file->n; p++)
        if (memcmp(p, what, n) == 0 && number-- == 0) return p;
    fail();
    return NULL;
}

static void expect(const struct file *file, const char *const *texts, size_t n)
{
    struct problems problems;
    verify_bytes(file->p, file->n, &problems);
    for (size_t i = 0; i < n; i++)
        if (!strstr(problems.text, texts[i])) fail_msg("\"%s\" is not among:\n%s", texts[i], problems.text);
    assert_int_equal(problems.n, 10 + n); /* ten missing checksums are known */
}

/* plain_bare has neither compression nor checksums: a changed value must contradict everything that was said about it. */
static void a_changed_value_contradicts_the_metadata(void **state)
{
    static const char *const loc[] = {
        "row group 0, column loc, row 0: the maximum of the page in the column index is given as \"N09\", but the "
        "largest value is \"N95\"",
        "row group 0, column loc: the maximum of the statistics is given as \"N09\", but the largest value is "
        "\"N95\"",
        "row group 0, column loc: the bloom filter lacks \"N95\"",
        "row group 0, column ts, row 6: the row lies before the row in front of it",
    };
    static const char *const lmp[] = {
        "row group 0, column lmp, row 0: the minimum of the page in the column index is given as -5, but the "
        "smallest value is -1000",
        "row group 0, column lmp: the minimum of the statistics is given as -5, but the smallest value is -1000",
    };
    static const char *const lmp_is_nan[] = {
        "row group 0, column lmp, row 0: the value is not a number",
        "row group 0, column lmp: the minimum of the statistics is given as -5, but the smallest value is -4.5",
    };
    struct file file = load_fixture("plain_bare");
    double d = -1000;
    uint8_t *p = find_bytes(&file, "N05", 3, 0);
    (void)state;
    p[1] = '9';
    expect(&file, loc, BB_ARRAY_LEN(loc));
    p[1] = '0';
    d = -5; /* row 0 */
    p = find_bytes(&file, &d, 8, 0);
    d = -1000;
    memcpy(p, &d, 8);
    expect(&file, lmp, BB_ARRAY_LEN(lmp));
    d = __builtin_nan("");
    memcpy(p, &d, 8);
    expect(&file, lmp_is_nan, BB_ARRAY_LEN(lmp_is_nan)); /* pyarrow says that its minimum is exact */
    free(file.p);
}

static void order_across_row_groups(void **state)
{
    static const char *const texts[] = {
        "row group 1, column ts, row 0: the row lies before",
        "column ts, row 0: the minimum of the page",
        "row group 1, column ts: the minimum of the statistics",
    };
    struct file file = load_fixture("plain_bare");
    int64_t ts = want_of("ts", GROUP).i;
    uint8_t *p = find_bytes(&file, &ts, 8, 0);
    (void)state;
    for (int i = 0; i < 10; i++) { /* the first hour of the second group moves before the first group */
        ts = want_of("ts", 0).i - 1;
        assert_true(p[8 * i] == (uint8_t)want_of("ts", GROUP).i);
        memcpy(p + 8 * i, &ts, 8);
    }
    expect(&file, texts, BB_ARRAY_LEN(texts));
    free(file.p);
}

static void a_false_index_is_told(void **state)
{
    struct file file = load_fixture("plain_bare");
    struct problems problems;
    double min = -5;
    uint8_t *p = NULL;
    (void)state;
    /* The last -5.0 in the file that is a bound: raise it above the values. */
    for (int i = 0; i < 20; i++) {
        uint8_t *q;
        for (q = p ? p + 1 : file.p; q + 8 <= file.p + file.n && memcmp(q, &min, 8) != 0; q++) {
        }
        if (q + 8 > file.p + file.n) break;
        p = q;
    }
    assert_non_null(p);
    min = 3;
    memcpy(p, &min, 8);
    verify_bytes(file.p, file.n, &problems);
    assert_non_null(strstr(problems.text, "column lmp: the minimum of the statistics is given as 3"));
    free(file.p);
}

/* One byte of the metadata is changed, found by the bytes around it (Thrift: a field's head, then its value). */
static void lies_in_the_metadata(void **state)
{
    static const struct {
        const char *bytes;
        size_t n, at;
        uint8_t lie;
        const char *text;
    } cases[] = {
        { "\x16\x12\x28\x08", 4, 1, 0x10, "row group 0, column lmp: its statistics say 8 NULLs, there are 9" },
        { "\x15\x00\x15\x00\x15\x06\x00", 7, 5, 0x08,
          "row group 0, column ts: its encoding_stats say 4 data pages encoded as PLAIN, there are 3" },
        { "\x15\x00\x19\x36", 4, 1, 0x02,
          "row group 0, column lmp, row 50: the column index says that its pages are ascending, this one is not" },
        { "\x16\x32\x00", 3, 1, 0x34, "row group 0, column ts, row 25: the offset index says" },
        { "ARROW:schema", 12, 0, 'B', "footer: ARROW:schema is missing" },
        { "\x25\x14\x4c\x8c", 4, 1, 0x12,
          "footer, column ts: its logical type and its legacy converted type do not mean the same" },
    };
    (void)state;
    for (size_t i = 0; i < BB_ARRAY_LEN(cases); i++) {
        struct file file = load_fixture("plain_none");
        struct problems problems;
        find_bytes(&file, cases[i].bytes, cases[i].n, 0)[cases[i].at] = cases[i].lie;
        verify_bytes(file.p, file.n, &problems);
        if (problems.n == 0 || !strstr(problems.text, cases[i].text))
            fail_msg("\"%s\" is not among:\n%s", cases[i].text, problems.text);
        free(file.p);
    }
}

static enum bb_status check_bytes(const uint8_t *p, size_t n)
{
    char path[64];
    int64_t rows;
    int fd = as_memory_file(p, n, path);
    size_t used_nbytes = budget.used_nbytes;
    enum bb_status status = bb_pq_check_file(path, &budget, &rows, &err);
    if (status == BB_OK) assert_int_equal(rows, ROWS);
    close(fd);
    assert_int_equal(budget.used_nbytes, used_nbytes);
    return status;
}

static void check_before_publication(void **state)
{
    struct file file = load_fixture("plain_none");
    struct bb_pq_reader *reader = open_fixture("plain_none");
    struct problems problems;
    (void)state;
    assert_int_equal(check_bytes(file.p, file.n), BB_OK);
    for (size_t n = 0; n < file.n; n++) assert_int_equal(check_bytes(file.p, n), BB_SKIP);
    /* Any changed byte of any page is seen. */
    for (size_t g = 0; g < 2; g++) {
        for (size_t c = 0; c < 5; c++) {
            struct bb_pq_read_page *pages;
            size_t n;
            assert_int_equal(bb_pq_read_pages(reader, g, c, &pages, &n, &err), BB_OK);
            for (size_t i = 0; i < n; i++) {
                uint8_t *last = file.p + pages[i].offset + pages[i].compressed_nbytes - 1;
                for (int k = 0; k < 8; k++) {
                    last[-k] ^= 0x10;
                    assert_int_equal(check_bytes(file.p, file.n), BB_SKIP);
                    assert_non_null(strstr(err.text, "checksum"));
                    last[-k] ^= 0x10;
                }
            }
            bb_free(pages);
        }
    }
    bb_pq_reader_close(reader);
    find_bytes(&file, "N05", 3, 0)[0] = 'M';
    verify_bytes(file.p, file.n, &problems);
    assert_int_equal(problems.n, 1); /* the damaged page; nothing is said of what cannot be read */
    assert_non_null(strstr(problems.text, "row group 0, column loc, row 0: page at "));
    assert_non_null(strstr(problems.text, "checksum"));
    free(file.p);
    file = load_fixture("plain_bare");
    assert_int_equal(check_bytes(file.p, file.n), BB_SKIP);
    assert_non_null(strstr(err.text, "has no checksum"));
    free(file.p);
}

/* Every byte of a file set to other values: never a crash, a leak or more memory than the budget has. */
static void any_byte_may_be_wrong(void **state)
{
    static const char *const names[] = { "plain_bare", "special_zstd", "v2_snappy" };
    struct problems problems;
    (void)state;
    for (size_t f = 0; f < BB_ARRAY_LEN(names); f++) {
        struct file file = load_fixture(names[f]);
        for (size_t i = 0; i < file.n; i++) {
            uint8_t was = file.p[i];
            file.p[i] = (uint8_t)(was ^ (i % 2 ? 0xff : 0x01));
            char path[64];
            int fd = as_memory_file(file.p, file.n, path);
            size_t n;
            problems = (struct problems){ 0 };
            enum bb_status status = bb_pq_verify_file(path, &budget, 50, on_problem, &problems, &n, &err);
            assert_true(status == BB_OK || status == BB_BUDGET);
            assert_int_equal(budget.used_nbytes, 0);
            close(fd);
            file.p[i] = was;
        }
        free(file.p);
    }
}

static void memory_runs_out(void **state)
{
    size_t n_problems;
    struct problems problems = { 0 };
    enum bb_status status;
    long n = 0;
    (void)state;
    do { /* the n-th allocation fails, for every n */
        bb_mem_fail_countdown = ++n;
        status = bb_pq_verify_file(FIXTURES "dict_zstd_bloom.parquet", &budget, 50, on_problem, &problems,
                                   &n_problems, &err);
        assert_int_equal(budget.used_nbytes, 0);
        assert_true(status == BB_OK || status == BB_BUDGET);
    } while (status != BB_OK);
    bb_mem_fail_countdown = 0;
    assert_true(n > 50);
    assert_int_equal(problems.n, 0);
}

static int set_up(void **state)
{
    (void)state;
    bb_budget_init(&budget, (size_t)64 << 20, 0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_values_of_all_fixtures, set_up),
        cmocka_unit_test_setup(skip_in_steps, set_up),
        cmocka_unit_test_setup(footer_of_a_fixture, set_up),
        cmocka_unit_test_setup(page_index_of_a_fixture, set_up),
        cmocka_unit_test_setup(skipping_reads_fewer_bytes, set_up),
        cmocka_unit_test_setup(bloom_filter, set_up),
        cmocka_unit_test_setup(refusals_name_what_is_there, set_up),
        cmocka_unit_test_setup(rle_hybrid, set_up),
        cmocka_unit_test_setup(rle_widths, set_up),
        cmocka_unit_test_setup(delta_binary_packed, set_up),
        cmocka_unit_test_setup(thrift_faults, set_up),
        cmocka_unit_test_setup(good_files_have_no_problems, set_up),
        cmocka_unit_test_setup(a_changed_value_contradicts_the_metadata, set_up),
        cmocka_unit_test_setup(order_across_row_groups, set_up),
        cmocka_unit_test_setup(a_false_index_is_told, set_up),
        cmocka_unit_test_setup(lies_in_the_metadata, set_up),
        cmocka_unit_test_setup(check_before_publication, set_up),
        cmocka_unit_test_setup(any_byte_may_be_wrong, set_up),
        cmocka_unit_test_setup(memory_runs_out, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
