/* The Parquet writer: its encodings against slow references and published vectors, that bytes depend on the values alone, and that
 * failures are reported. With a directory as argument it writes sample files instead, which
 * tests/interop/check_pq_writer.py compares with what other readers make of them. */
#include "parquet/pq_bloom.h"
#include "parquet/pq_chunk.h"
#include "parquet/pq_thrift_write.h"
#include "parquet/pq_write.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the sample: every row's values follow from its number; check_pq_writer.py has the same formulas ---- */

enum {
    UTC,
    LOCAL,
    NANO,
    MARKET,
    LOCATION,
    DAY,
    I8,
    I16,
    I32,
    U8,
    U16,
    U32,
    FLAG,
    NOISY,
    CENTS,
    ENERGY,
    NOTHING,
    SINGLE,
    SEQUENCE,
    LONG_TEXT,
    N_COLUMNS
};

static const struct bb_pq_column columns[N_COLUMNS] = {
    [UTC] = { "utc", BB_PQ_INT64, BB_PQ_TIMESTAMP_US, 0, "UTC", 0 },
    [LOCAL] = { "local", BB_PQ_INT64, BB_PQ_TIMESTAMP_US, 0, "America/New_York", 0 },
    [NANO] = { "nano", BB_PQ_INT64, BB_PQ_TIMESTAMP_NS, 1, "US/Pacific", 0 },
    [MARKET] = { "market", BB_PQ_BYTE_ARRAY, BB_PQ_STRING, 0, NULL, 1 },
    [LOCATION] = { "location", BB_PQ_BYTE_ARRAY, BB_PQ_STRING, 1, NULL, 1 },
    [DAY] = { "day", BB_PQ_INT32, BB_PQ_DATE, 0, NULL, 0 },
    [I8] = { "i8", BB_PQ_INT32, BB_PQ_INT8, 0, NULL, 0 },
    [I16] = { "i16", BB_PQ_INT32, BB_PQ_INT16, 1, NULL, 0 },
    [I32] = { "i32", BB_PQ_INT32, BB_PQ_INT_32, 0, NULL, 0 },
    [U8] = { "u8", BB_PQ_INT32, BB_PQ_UINT8, 0, NULL, 0 },
    [U16] = { "u16", BB_PQ_INT32, BB_PQ_UINT16, 0, NULL, 1 },
    [U32] = { "u32", BB_PQ_INT32, BB_PQ_UINT_32, 0, NULL, 0 },
    [FLAG] = { "flag", BB_PQ_BOOLEAN, BB_PQ_PLAIN_TYPE, 1, NULL, 0 },
    [NOISY] = { "noisy", BB_PQ_DOUBLE, BB_PQ_PLAIN_TYPE, 0, NULL, 0 },
    [CENTS] = { "cents", BB_PQ_DOUBLE, BB_PQ_PLAIN_TYPE, 1, NULL, 0 },
    [ENERGY] = { "energy", BB_PQ_DOUBLE, BB_PQ_PLAIN_TYPE, 1, NULL, 0 },
    [NOTHING] = { "nothing", BB_PQ_DOUBLE, BB_PQ_PLAIN_TYPE, 1, NULL, 0 },
    [SINGLE] = { "single", BB_PQ_FLOAT, BB_PQ_PLAIN_TYPE, 0, NULL, 0 },
    [SEQUENCE] = { "sequence", BB_PQ_INT64, BB_PQ_PLAIN_TYPE, 0, NULL, 0 },
    [LONG_TEXT] = { "long_text", BB_PQ_BYTE_ARRAY, BB_PQ_STRING, 0, NULL, 0 },
};
static const int sorting[] = { UTC, LOCATION };
static const int same_as[N_COLUMNS] = {
    [UTC] = -1, [LOCAL] = UTC, [NANO] = -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1
};

#define BASE_UTC_S  INT64_C(1704067200) /* 2024-01-01 */
#define N_LOCATIONS 500

/* Texts by code; codes 1000 to 1499 repeat 0 to 499, 2000 is the market, 3000 and more the long ones, 10000 and more unique. */
static struct bb_str text_of(void *ctx, uint32_t code)
{
    char *scratch = ctx; /* is written over by the next call: the writer must not keep the pointer */
    int n;
    if (code >= 10000) {
        n = snprintf(scratch, 200, "unique text number %08u that is long enough to fill a dictionary", code);
    } else if (code >= 3000) {
        n = snprintf(scratch, 200, "%c%s%03u", (char)('A' + code % 26),
                     "0123456789012345678901234567890123456789012345678901234567890\xc3\xa9 and then some",
                     code - 3000);
    } else if (code >= 2000) {
        n = snprintf(scratch, 200, "PJM");
    } else {
        n = snprintf(scratch, 200, "LOC %04u \xc3\xbcn\xc3\xaf", code % 1000);
    }
    return (struct bb_str){ scratch, (size_t)n };
}

static int64_t integer_at(int column, int64_t i, int *valid)
{
    *valid = 1;
    switch (column) {
    case UTC: return (BASE_UTC_S + i / N_LOCATIONS * 3600) * 1000000;
    case NANO: *valid = i / N_LOCATIONS % 7 != 3; return (BASE_UTC_S + i / N_LOCATIONS * 300) * 1000000000 + 1;
    case DAY: return 19723 + i / 2000;
    case I8: return i / 100 % 256 - 128;
    case I16: *valid = i % 3 != 0; return i % 65536 - 32768;
    case I32: return (i % 1000 - 500) * 4000000;
    case U8: return i % 256;
    case U16: return i / 10 % 65536;
    case U32: return 4294967295 - i % 7;
    case FLAG: *valid = i % 11 != 0; return i / 37 % 2;
    default: return i * 1000003 - 7;
    }
}

static uint32_t code_at(int column, int64_t i)
{
    if (column == MARKET) return 2000;
    if (column == LONG_TEXT) return 3000 + (uint32_t)(i / 50 % 90);
    if (i % 1001 == 0) return BB_PQ_NULL_CODE;
    return (uint32_t)(i % N_LOCATIONS + (i / N_LOCATIONS % 2 ? 1000 : 0));
}

static double double_at(int column, int64_t i, uint8_t *valid)
{
    *valid = 1;
    switch (column) {
    case NOISY: return (double)(uint32_t)(i * 2654435761) / 1e6 - 2000;
    case CENTS: *valid = i % 13 != 5; return (double)(i * 7919 % 3001 - 1500) / 100;
    case ENERGY: *valid = i / N_LOCATIONS != 2; return (double)(i / N_LOCATIONS % 40) / 4;
    case NOTHING: *valid = 0; return 0;
    default: return (double)(i % 1000) / 8;
    }
}

/* Puts rows [from, to) of one column, piece rows per call (1: one by one through the run functions). */
static void put_rows(struct bb_pq_chunk *chunk, int column, int64_t from, int64_t to, int64_t piece)
{
    struct bb_error err = { 0 };
    enum bb_status status = BB_OK;
    double *values = malloc((size_t)piece * sizeof *values);
    uint32_t *codes = malloc((size_t)piece * sizeof *codes);
    uint8_t *valid = malloc((size_t)piece);
    for (int64_t i = from, n; i < to && status == BB_OK; i += n) {
        n = to - i < piece ? to - i : piece;
        if (columns[column].type == BB_PQ_BYTE_ARRAY) {
            for (int64_t k = 0; k < n; k++) codes[k] = code_at(column, i + k);
            status = piece == 1 ? bb_pq_put_code_run(chunk, codes[0], 1, &err)
                                : bb_pq_put_codes(chunk, codes, sizeof(uint32_t), (size_t)n, &err);
        } else if (columns[column].type == BB_PQ_DOUBLE || columns[column].type == BB_PQ_FLOAT) {
            int all = 1;
            for (int64_t k = 0; k < n; k++) {
                values[k] = double_at(column, i + k, &valid[k]);
                all = all && valid[k];
            }
            status = piece == 1 ? bb_pq_put_double_run(chunk, values[0], valid[0], 1, &err)
                                : bb_pq_put_doubles(chunk, values, all ? NULL : valid, (size_t)n, &err);
        } else {
            int64_t k = 0;
            while (k < n && status == BB_OK) {
                int there, next_there;
                int64_t value = integer_at(column, i + k, &there), run = 1;
                while (k + run < n && integer_at(column, i + k + run, &next_there) == value && next_there == there)
                    run++;
                status = bb_pq_put_run(chunk, value, there, (size_t)run, &err);
                k += run;
            }
        }
    }
    if (status != BB_OK) print_error("%s\n", err.text);
    assert_int_equal(status, BB_OK);
    free(values);
    free(codes);
    free(valid);
}

static int write_sample(int fd, const struct bb_pq_options *options, const int64_t *group_rows, size_t n_groups,
                        int64_t piece, uint64_t *nbytes)
{
    struct bb_pq_chunk *chunks[N_COLUMNS] = { 0 };
    struct bb_pq_file *file = NULL;
    struct bb_budget budget;
    struct bb_error err = { 0 };
    char scratch[200];
    int64_t row = 0;
    const struct bb_pq_kv kvs[] = { { "busbar", BB_STR("{\"ledger\": []}") } };
    enum bb_status status;
    bb_budget_init(&budget, 0, 0);
    status = bb_pq_file_new(fd, columns, N_COLUMNS, sorting, 2, options, &budget, &file, &err);
    for (int c = 0; c < N_COLUMNS && status == BB_OK; c++) {
        if (same_as[c] >= 0) continue;
        status = bb_pq_chunk_new(&columns[c], options, &budget, &chunks[c], &err);
        if (status == BB_OK) bb_pq_set_texts(chunks[c], text_of, scratch);
    }
    for (size_t g = 0; g < n_groups && status == BB_OK; g++) {
        for (int c = 0; c < N_COLUMNS && status == BB_OK; c++) {
            if (!chunks[c]) continue;
            put_rows(chunks[c], c, row, row + group_rows[g], piece);
            assert_int_equal(bb_pq_chunk_rows(chunks[c]), group_rows[g]);
            status = bb_pq_chunk_finish(chunks[c], &err);
        }
        if (status == BB_OK) status = bb_pq_file_append_group(file, chunks, same_as, &err);
        for (int c = 0; c < N_COLUMNS; c++)
            if (chunks[c]) bb_pq_chunk_reset(chunks[c]);
        row += group_rows[g];
    }
    if (status == BB_OK) status = bb_pq_file_finish(file, kvs, 1, nbytes, &err);
    for (int c = 0; c < N_COLUMNS; c++) bb_pq_chunk_free(chunks[c]);
    bb_pq_file_free(file);
    if (status != BB_OK) print_message("%s\n", err.text);
    assert_int_equal(budget.used_nbytes, 0);
    return status;
}

/* ---- thrift ---- */

static void thrift_bytes_follow_the_compact_protocol(void **state)
{
    /* By hand from the specification: zigzag varints, field headers by difference of ids, long form beyond 15. */
    static const uint8_t want[] = { 0x15, 0x01,             /* 1: i32 -1 */
                                    0x26, 0xd8, 0x04,       /* 3: i64 300 */
                                    0x11, 0x12,             /* 4: true, 5: false */
                                    0x18, 0x02, 'h',  'i',  /* 6: binary */
                                    0x05, 0x2e, 0x02,       /* 23: i32 1, id in full */
                                    0x19, 0x25, 0x02, 0x03, /* 24: list of i32 1, -2 */
                                    0x1c, 0x13, 0x08, 0x00, /* 25: struct { 1: i8 8 } */
                                    0x14, 0xff, 0x01,       /* 26: i16 -128 */
                                    0x00 };
    struct bb_budget budget;
    struct bb_buf out;
    struct bb_pq_tw w;
    (void)state;
    bb_budget_init(&budget, 0, 0);
    bb_buf_init(&out, &budget, 1000);
    bb_pq_tw_init(&w, &out);
    bb_pq_tw_i32(&w, 1, -1);
    bb_pq_tw_i64(&w, 3, 300);
    bb_pq_tw_bool(&w, 4, 1);
    bb_pq_tw_bool(&w, 5, 0);
    bb_pq_tw_binary(&w, 6, BB_STR("hi"));
    bb_pq_tw_i32(&w, 23, 1);
    bb_pq_tw_list(&w, 24, BB_PQ_TW_I32, 2);
    bb_pq_tw_item_i32(&w, 1);
    bb_pq_tw_item_i32(&w, -2);
    bb_pq_tw_struct(&w, 25);
    bb_pq_tw_i8(&w, 1, 8);
    bb_pq_tw_end(&w);
    bb_pq_tw_i16(&w, 26, -128);
    assert_false(bb_pq_tw_ok(&w)); /* still open */
    bb_pq_tw_end(&w);
    assert_true(bb_pq_tw_ok(&w));
    assert_int_equal(out.n, sizeof want);
    assert_memory_equal(out.p, want, sizeof want);
    bb_buf_reset(&out);
}

static void thrift_failure_sticks(void **state)
{
    struct bb_budget budget;
    struct bb_buf out;
    struct bb_pq_tw w;
    (void)state;
    bb_budget_init(&budget, 0, 0);
    bb_buf_init(&out, &budget, 3);
    bb_pq_tw_init(&w, &out);
    bb_pq_tw_i64(&w, 1, INT64_MAX);
    out.n = 0;
    bb_pq_tw_end(&w);
    assert_false(bb_pq_tw_ok(&w));
    bb_buf_reset(&out);
}

/* ---- hybrid and delta ---- */

static uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static const uint8_t *take_varint(const uint8_t *p, uint64_t *v)
{
    *v = 0;
    for (unsigned shift = 0;; shift += 7) {
        *v |= (uint64_t)(*p & 0x7f) << shift;
        if (!(*p++ & 0x80)) return p;
    }
}

static uint64_t take_bits(const uint8_t *p, size_t bit, unsigned width)
{
    uint64_t v = 0;
    for (unsigned k = 0; k < width; k++) v |= (uint64_t)(p[(bit + k) / 8] >> ((bit + k) % 8) & 1) << k;
    return v;
}

/* Bit by bit, as the specification words it. */
static size_t slow_hybrid(const uint8_t *p, const uint8_t *end, unsigned width, uint32_t *out, size_t most)
{
    size_t n = 0;
    while (p < end && n < most) {
        uint64_t header;
        p = take_varint(p, &header);
        if (header & 1) {
            size_t count = (header >> 1) * 8;
            for (size_t k = 0; k < count && n < most; k++) out[n++] = (uint32_t)take_bits(p, k * width, width);
            p += (header >> 1) * width;
        } else {
            uint32_t v = (uint32_t)take_bits(p, 0, width);
            for (size_t k = 0; k < header >> 1 && n < most; k++) out[n++] = v;
            p += (width + 7) / 8;
        }
    }
    assert_ptr_equal(p, end);
    return n;
}

static void hybrid_bytes_are_those_of_the_specification(void **state)
{
    static const uint8_t want_packed[] = { 0x03, 0x88, 0xc6,
                                           0xfa };          /* 0 … 7 in three bits: the specification's example */
    static const uint8_t want_run[] = { 0xc8, 0x01, 0x05 }; /* 100 times 5 */
    struct bb_pq_run runs[8];
    struct bb_budget budget;
    struct bb_buf out;
    (void)state;
    bb_budget_init(&budget, 0, 0);
    bb_buf_init(&out, &budget, 1000);
    for (uint32_t i = 0; i < 8; i++) runs[i] = (struct bb_pq_run){ i, 1 };
    assert_true(bb_pq_rle_encode(runs, 8, 3, &out));
    assert_int_equal(out.n, sizeof want_packed);
    assert_memory_equal(out.p, want_packed, sizeof want_packed);
    out.n = 0;
    runs[0] = (struct bb_pq_run){ 5, 100 };
    assert_true(bb_pq_rle_encode(runs, 1, 8, &out));
    assert_int_equal(out.n, sizeof want_run);
    assert_memory_equal(out.p, want_run, sizeof want_run);
    bb_buf_reset(&out);
}

static void hybrid_decodes_to_what_went_in(void **state)
{
    uint64_t seed = 88172645463325252u;
    struct bb_budget budget;
    struct bb_buf out;
    static struct bb_pq_run runs[300];
    static uint32_t want[20000], got[20000];
    (void)state;
    bb_budget_init(&budget, 0, 0);
    bb_buf_init(&out, &budget, 1 << 20);
    for (unsigned round = 0; round < 3000; round++) {
        unsigned width = 1 + round % 32, longest = round % 5 == 0 ? 1 : round % 5 == 1 ? 9 : 60;
        size_t n_runs = 1 + random_next(&seed) % 299, n = 0;
        uint32_t mask = width == 32 ? UINT32_MAX : (1u << width) - 1;
        for (size_t i = 0; i < n_runs; i++) {
            uint32_t value = (uint32_t)random_next(&seed) & mask;
            if (i && value == runs[i - 1].value) value ^= 1;
            runs[i] = (struct bb_pq_run){ value, 1 + (uint32_t)(random_next(&seed) % longest) };
            for (uint32_t k = 0; k < runs[i].n; k++) want[n++] = value;
        }
        out.n = 0;
        assert_true(bb_pq_rle_encode(runs, n_runs, width, &out));
        assert_int_equal(slow_hybrid((uint8_t *)out.p, (uint8_t *)out.p + out.n, width, got, n), n);
        assert_memory_equal(got, want, n * sizeof *want);
    }
    bb_buf_reset(&out);
}

static size_t slow_delta(const uint8_t *p, unsigned type_bits, int64_t *out)
{
    uint64_t block, minis, total, v;
    size_t n = 0;
    p = take_varint(take_varint(take_varint(p, &block), &minis), &total);
    p = take_varint(p, &v);
    if (total) out[n++] = (int64_t)(v >> 1 ^ -(v & 1));
    while (n < total) {
        const uint8_t *widths;
        int64_t least;
        p = take_varint(p, &v);
        least = (int64_t)(v >> 1 ^ -(v & 1));
        widths = p;
        p += minis;
        for (size_t m = 0; m < minis && n < total; m++) {
            for (size_t k = 0; k < block / minis && n < total; k++, n++) {
                uint64_t sum = (uint64_t)out[n - 1] + (uint64_t)least + take_bits(p, k * widths[m], widths[m]);
                out[n] = type_bits == 64 ? (int64_t)sum : (int32_t)(uint32_t)sum;
            }
            p += block / minis * widths[m] / 8;
        }
    }
    return n;
}

static void delta_decodes_to_what_went_in(void **state)
{
    static const uint8_t want_small[] = {
        0x80, 0x01, 0x04, 0x05, 0x02, 0x02, 0, 0, 0, 0
    }; /* 1 … 5: the specification's example */
    uint64_t seed = 7;
    static struct bb_pq_run64 runs[500];
    static int64_t want[5000], got[5000];
    struct bb_budget budget;
    struct bb_buf out;
    (void)state;
    bb_budget_init(&budget, 0, 0);
    bb_buf_init(&out, &budget, 1 << 20);
    for (int64_t i = 0; i < 5; i++) runs[i] = (struct bb_pq_run64){ i + 1, 1 };
    assert_true(bb_pq_delta_encode(runs, 5, 64, &out));
    assert_int_equal(out.n, sizeof want_small);
    assert_memory_equal(out.p, want_small, sizeof want_small);
    for (unsigned round = 0; round < 600; round++) {
        unsigned type_bits = round % 2 ? 64 : 32, shift = (unsigned)(random_next(&seed) % 64);
        size_t n_runs = 1 + random_next(&seed) % 499, n = 0;
        for (size_t i = 0; i < n_runs; i++) {
            int64_t value = (int64_t)(random_next(&seed) >> shift);
            if (type_bits == 32) value = (int32_t)value;
            runs[i] = (struct bb_pq_run64){ value, 1 + (uint32_t)(random_next(&seed) % 10) };
            for (uint32_t k = 0; k < runs[i].n; k++) want[n++] = value;
        }
        out.n = 0;
        assert_true(bb_pq_delta_encode(runs, n_runs, type_bits, &out));
        assert_int_equal(slow_delta((uint8_t *)out.p, type_bits, got), n);
        assert_memory_equal(got, want, n * sizeof *want);
    }
    bb_buf_reset(&out);
}

/* ---- bloom filter ---- */

static void bloom_hash_and_bits(void **state)
{
    uint8_t bits[1024] = { 0 };
    unsigned false_answers = 0;
    (void)state;
    assert_true(bb_pq_bloom_hash("", 0) == UINT64_C(0xef46db3751d8e999)); /* published vectors of XXH64, seed 0 */
    assert_true(bb_pq_bloom_hash("a", 1) == UINT64_C(0xd24ec4f1a98c6e5b));
    assert_true(bb_pq_bloom_hash("abc", 3) == UINT64_C(0x44bc2cf5ad770999));
    assert_int_equal(bb_pq_bloom_nbytes(1), 32);
    assert_int_equal(bb_pq_bloom_nbytes(800), 1024);
    assert_int_equal(bb_pq_bloom_nbytes(6434), 8192);
    /* Low word 1 sets bit salt >> 27 in each word of the block that the high word picks: here the last of 32. */
    bb_pq_bloom_insert(bits, sizeof bits, UINT64_C(0xffffffff00000001));
    assert_int_equal(bits[31 * 32 + 1], 1); /* salt 0x47b6137b >> 27 = 8 */
    assert_int_equal(bits[31 * 32 + 4 + 1], 1);
    assert_int_equal(bits[31 * 32 + 8 + 2], 2); /* 0x8824ad5b >> 27 = 17 */
    memset(bits, 0, sizeof bits);
    for (int i = 0; i < 800; i++) bb_pq_bloom_insert(bits, sizeof bits, bb_pq_bloom_hash(&i, sizeof i));
    for (int i = 0; i < 800; i++) assert_true(bb_pq_bloom_has(bits, sizeof bits, bb_pq_bloom_hash(&i, sizeof i)));
    for (int i = 800; i < 10800; i++)
        false_answers += (unsigned)bb_pq_bloom_has(bits, sizeof bits, bb_pq_bloom_hash(&i, sizeof i));
    assert_in_range(false_answers, 1, 200);
}

/* ---- bounds ---- */

static void check_cut(struct bb_pq_chunk *chunk, struct bb_str text, const char *want_min, int min_exact,
                      const char *want_max, int max_exact)
{
    struct bb_pq_bounds b;
    uint8_t scratch[8];
    assert_int_equal(bb_pq_text_bounds(chunk, text, text, &b, NULL), BB_OK);
    assert_true(bb_str_is(bb_pq_bound_bytes(chunk, &b, 0, scratch), want_min));
    assert_true(bb_str_is(bb_pq_bound_bytes(chunk, &b, 1, scratch), want_max));
    assert_int_equal(b.min_exact, min_exact);
    assert_int_equal(b.max_exact, max_exact);
}

#define X60 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void long_texts_are_cut_to_bounds(void **state)
{
    struct bb_pq_options options = { .codec = BB_PQ_NONE };
    struct bb_pq_chunk *chunk;
    struct bb_budget budget;
    char high[100];
    (void)state;
    bb_budget_init(&budget, 0, 0);
    assert_int_equal(bb_pq_chunk_new(&columns[LOCATION], &options, &budget, &chunk, NULL), BB_OK);
    check_cut(chunk, BB_STR(""), "", 1, "", 1);
    check_cut(chunk, BB_STR(X60 "abcd"), X60 "abcd", 1, X60 "abcd", 1);
    check_cut(chunk, BB_STR(X60 "abcde"), X60 "abcd", 0, X60 "abce", 0);
    check_cut(chunk, BB_STR(X60 "abc\xc3\xa9"), X60 "abc", 0, X60 "abd", 0); /* a character is not cut in two */
    check_cut(chunk,
              BB_STR(X60 "ab\xc3\xbf"
                         "z"),
              X60 "ab\xc3\xbf", 0, X60 "ab\xc4\x80", 0);
    check_cut(chunk,
              BB_STR(X60 "a\xed\x9f\xbf"
                         "z"),
              X60 "a\xed\x9f\xbf", 0, X60 "a\xee\x80\x80", 0); /* over the surrogates */
    check_cut(chunk,
              BB_STR(X60 "\xf4\x8f\xbf\xbf"
                         "z"),
              X60 "\xf4\x8f\xbf\xbf", 0, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxy", 0);
    check_cut(chunk,
              BB_STR(X60 "ab\xff\xff"
                         "z"),
              X60 "ab\xff\xff", 0, X60 "ac", 0); /* not UTF-8 */
    memset(high, 0xff, sizeof high);
    {
        struct bb_pq_bounds b;
        struct bb_str text = { high, sizeof high };
        assert_int_equal(bb_pq_text_bounds(chunk, text, text, &b, NULL), BB_OK);
        assert_int_equal(b.min_nbytes, 64);
        assert_int_equal(b.max_nbytes, sizeof high); /* nothing shorter is greater */
        assert_true(b.max_exact);
    }
    bb_pq_chunk_free(chunk);
    assert_int_equal(budget.used_nbytes, 0);
}

/* ---- whole files ---- */

static int temporary_file(void)
{
    int fd = memfd_create("test_pq_write", 0);
    assert_true(fd >= 0);
    return fd;
}

static char *contents(int fd, uint64_t nbytes)
{
    char *p = malloc(nbytes);
    assert_non_null(p);
    assert_int_equal(lseek(fd, 0, SEEK_END), nbytes);
    assert_int_equal(pread(fd, p, nbytes, 0), nbytes);
    close(fd);
    return p;
}

static void bytes_depend_on_values_alone(void **state)
{
    static const int64_t group_rows[] = { 9000, 777 };
    static const int64_t pieces[] = { 1, 7, 100, 1024, 100000 };
    (void)state;
    for (int dense = 0; dense < 2; dense++) {
        struct bb_pq_options options = { .codec = dense ? BB_PQ_ZSTD : BB_PQ_LZ4_RAW,
                                         .dense = dense,
                                         .page_rows = dense ? 0 : 1000 };
        char *want = NULL;
        uint64_t want_nbytes = 0;
        for (size_t i = 0; i < BB_ARRAY_LEN(pieces); i++) {
            int fd = temporary_file();
            uint64_t nbytes;
            char *got;
            assert_int_equal(write_sample(fd, &options, group_rows, 2, pieces[i], &nbytes), BB_OK);
            got = contents(fd, nbytes);
            if (!want) {
                want = got;
                want_nbytes = nbytes;
                assert_memory_equal(want, "PAR1", 4);
                assert_memory_equal(want + nbytes - 4, "PAR1", 4);
                continue;
            }
            assert_int_equal(nbytes, want_nbytes);
            assert_memory_equal(got, want, nbytes);
            free(got);
        }
        free(want);
    }
}

/* A file of one row group and one column, which is finished here and freed. */
static uint64_t write_only_column(int fd, const struct bb_pq_column *column, const struct bb_pq_options *options,
                                  struct bb_pq_chunk *chunk, struct bb_budget *budget)
{
    struct bb_pq_file *file = NULL;
    uint64_t nbytes = 0;
    assert_int_equal(bb_pq_file_new(fd, column, 1, NULL, 0, options, budget, &file, NULL), BB_OK);
    assert_int_equal(bb_pq_file_append_group(file, &chunk, NULL, NULL), BB_OK);
    assert_int_equal(bb_pq_file_finish(file, NULL, 0, &nbytes, NULL), BB_OK);
    bb_pq_file_free(file);
    bb_pq_chunk_free(chunk);
    assert_int_equal(budget->used_nbytes, 0);
    return nbytes;
}

/* Texts beyond the dictionary's limit: the change to plain pages must not depend on the calls either. */
static uint64_t write_unique_texts(int fd, size_t rows, size_t piece)
{
    struct bb_pq_options options = { .codec = BB_PQ_ZSTD };
    struct bb_pq_chunk *chunk = NULL;
    struct bb_budget budget;
    char scratch[200];
    uint32_t codes[5000];
    bb_budget_init(&budget, 0, 0);
    assert_int_equal(bb_pq_chunk_new(&columns[LOCATION], &options, &budget, &chunk, NULL), BB_OK);
    bb_pq_set_texts(chunk, text_of, scratch);
    for (size_t i = 0, n; i < rows; i += n) {
        n = BB_MIN(piece, rows - i);
        for (size_t k = 0; k < n; k++)
            codes[k] = (i + k) % 997 == 5 ? BB_PQ_NULL_CODE : (uint32_t)(10000 + (i + k) / 2);
        assert_int_equal(bb_pq_put_codes(chunk, codes, sizeof(uint32_t), n, NULL), BB_OK);
    }
    assert_int_equal(bb_pq_chunk_finish(chunk, NULL), BB_OK);
    assert_true(chunk->pages_of_encoding[BB_PQ_PLAIN] > 1);
    assert_true(chunk->pages_of_encoding[BB_PQ_RLE_DICTIONARY] > 1);
    assert_int_equal(chunk->bloom.n, 0);
    return write_only_column(fd, &columns[LOCATION], &options, chunk, &budget);
}

static void full_text_dictionary_turns_plain(void **state)
{
    int a = temporary_file(), b = temporary_file();
    uint64_t nbytes = write_unique_texts(a, 300000, 5000);
    char *want, *got;
    (void)state;
    assert_int_equal(write_unique_texts(b, 300000, 613), nbytes);
    want = contents(a, nbytes);
    got = contents(b, nbytes);
    assert_memory_equal(got, want, nbytes);
    free(want);
    free(got);
}

/* Codes from 500000 on are NULL. */
static struct bb_str text_or_none(void *ctx, uint32_t code)
{
    return code >= 500000 ? (struct bb_str){ NULL, 0 } : text_of(ctx, code);
}

static uint64_t write_nulls(int fd, int by_text, int unique, size_t piece)
{
    enum { ROWS = 200000 };
    struct bb_pq_options options = { .codec = BB_PQ_ZSTD, .page_rows = 700 };
    struct member {
        uint32_t before, code, after[2];
    } *rows = calloc(ROWS, sizeof *rows);
    struct bb_pq_chunk *chunk = NULL;
    struct bb_budget budget;
    char scratch[200];
    assert_non_null(rows);
    bb_budget_init(&budget, 0, 0);
    assert_int_equal(bb_pq_chunk_new(&columns[LOCATION], &options, &budget, &chunk, NULL), BB_OK);
    bb_pq_set_texts(chunk, text_or_none, scratch);
    for (size_t i = 0; i < ROWS; i++) {
        int is_null = i % 13 == 4 || (i >= 3000 && i < 5000); /* alone, and over whole pages */
        uint32_t none = by_text ? 500000 + (uint32_t)(i % 3) : BB_PQ_NULL_CODE;
        uint32_t some = (uint32_t)(unique ? 10000 + i : i % 40);
        rows[i] = (struct member){ 1, is_null ? none : some, { 2, 3 } };
    }
    for (size_t i = 0; i < ROWS; i += piece)
        assert_int_equal(bb_pq_put_codes(chunk, &rows[i].code, sizeof *rows, BB_MIN(piece, ROWS - i), NULL), BB_OK);
    assert_int_equal(bb_pq_put_code_run(chunk, by_text ? 500007 : BB_PQ_NULL_CODE, 3000, NULL), BB_OK);
    assert_int_equal(bb_pq_chunk_finish(chunk, NULL), BB_OK);
    if (unique) assert_true(chunk->pages_of_encoding[BB_PQ_PLAIN] > 5);
    free(rows);
    return write_only_column(fd, &columns[LOCATION], &options, chunk, &budget);
}

static void codes_without_text_are_null(void **state)
{
    static const size_t pieces[] = { 150000, 1, 37 };
    struct bb_pq_options options = { .codec = BB_PQ_ZSTD };
    struct bb_pq_chunk *chunk;
    struct bb_budget budget;
    const uint32_t none = 500000;
    char scratch[200];
    (void)state;
    for (int unique = 0; unique < 2; unique++) {
        int a = temporary_file();
        uint64_t nbytes = write_nulls(a, 0, unique, 150000);
        char *want = contents(a, nbytes);
        for (size_t i = 0; i < BB_ARRAY_LEN(pieces); i++) {
            int b = temporary_file();
            assert_int_equal(write_nulls(b, 1, unique, pieces[i]), nbytes);
            char *got = contents(b, nbytes);
            assert_memory_equal(got, want, nbytes);
            free(got);
        }
        free(want);
    }
    bb_budget_init(&budget, 0, 0); /* MARKET has no NULL */
    assert_int_equal(bb_pq_chunk_new(&columns[MARKET], &options, &budget, &chunk, NULL), BB_OK);
    bb_pq_set_texts(chunk, text_or_none, scratch);
    assert_int_equal(bb_pq_put_codes(chunk, &none, sizeof none, 1, NULL), BB_BUG);
    bb_pq_chunk_free(chunk);
    assert_int_equal(budget.used_nbytes, 0);
}

static void encodings_follow_the_values(void **state)
{
    struct bb_pq_options options = { .codec = BB_PQ_ZSTD };
    struct bb_budget budget;
    struct bb_pq_chunk *chunk;
    (void)state;
    bb_budget_init(&budget, 0, 0);
    assert_int_equal(bb_pq_chunk_new(&columns[NOISY], &options, &budget, &chunk, NULL), BB_OK);
    put_rows(chunk, NOISY, 0, 200000, 4096);
    assert_int_equal(bb_pq_chunk_finish(chunk, NULL), BB_OK);
    assert_int_equal(chunk->pages_of_encoding[BB_PQ_PLAIN], 4);
    assert_int_equal(chunk->pages_of_encoding[BB_PQ_RLE_DICTIONARY], 0);
    assert_int_equal(chunk->dict_page.n, 0);
    bb_pq_chunk_reset(chunk); /* two repeated pages, then noise: both encodings in one chunk */
    for (int64_t i = 0; i < 131072; i++)
        assert_int_equal(bb_pq_put_double_run(chunk, (double)(i % 100), 1, 1, NULL), BB_OK);
    put_rows(chunk, NOISY, 0, 100000, 4096);
    assert_int_equal(bb_pq_chunk_finish(chunk, NULL), BB_OK);
    assert_int_equal(chunk->pages_of_encoding[BB_PQ_PLAIN], 2);
    assert_int_equal(chunk->pages_of_encoding[BB_PQ_RLE_DICTIONARY], 2);
    assert_int_equal(chunk->dict64.n, 100);
    bb_pq_chunk_reset(chunk); /* a constant column is nearly free */
    assert_int_equal(bb_pq_put_double_run(chunk, 5, 1, 10000000, NULL), BB_OK);
    assert_int_equal(bb_pq_chunk_finish(chunk, NULL), BB_OK);
    assert_in_range(chunk->pages.n, 1, 153 * 60);
    bb_pq_chunk_free(chunk);
    assert_int_equal(budget.used_nbytes, 0);
}

static void full_disk_is_reported(void **state)
{
    struct bb_pq_options options = { .codec = BB_PQ_NONE };
    struct bb_pq_column column = columns[NOISY];
    struct bb_pq_chunk *chunk;
    struct bb_pq_file *file;
    struct bb_budget budget;
    struct bb_error err;
    uint64_t nbytes;
    int fd = open("/dev/full", O_WRONLY);
    (void)state;
    if (fd < 0) skip();
    bb_budget_init(&budget, 0, 0);
    assert_int_equal(bb_pq_chunk_new(&column, &options, &budget, &chunk, &err), BB_OK);
    assert_int_equal(bb_pq_file_new(fd, &column, 1, NULL, 0, &options, &budget, &file, &err), BB_OK);
    put_rows(chunk, NOISY, 0, 1000, 100); /* small: only the last flush fails */
    assert_int_equal(bb_pq_chunk_finish(chunk, &err), BB_OK);
    assert_int_equal(bb_pq_file_append_group(file, &chunk, NULL, &err), BB_OK);
    assert_int_equal(bb_pq_file_finish(file, NULL, 0, &nbytes, &err), BB_IO);
    assert_non_null(strstr(err.text, strerror(ENOSPC)));
    bb_pq_file_free(file);
    bb_pq_chunk_reset(chunk);
    assert_int_equal(bb_pq_file_new(fd, &column, 1, NULL, 0, &options, &budget, &file, &err), BB_OK);
    put_rows(chunk, NOISY, 0, 100000, 1000); /* large: the row group fails */
    assert_int_equal(bb_pq_chunk_finish(chunk, &err), BB_OK);
    assert_int_equal(bb_pq_file_append_group(file, &chunk, NULL, &err), BB_IO);
    assert_non_null(strstr(err.text, strerror(ENOSPC)));
    bb_pq_file_free(file);
    bb_pq_chunk_free(chunk);
    close(fd);
    assert_int_equal(budget.used_nbytes, 0);
}

static void misuse_is_refused(void **state)
{
    struct bb_pq_options options = { .codec = BB_PQ_ZSTD }, bad = { .codec = 5 },
                         level = { .codec = BB_PQ_SNAPPY, .level = 3 };
    struct bb_pq_column wrong = { "wrong", BB_PQ_INT32, BB_PQ_STRING, 0, NULL, 0 };
    struct bb_pq_chunk *chunk = NULL;
    struct bb_pq_file *file = NULL;
    struct bb_budget budget;
    struct bb_error err;
    const int far[] = { 3 };
    int fd = temporary_file();
    (void)state;
    bb_budget_init(&budget, 0, 0);
    assert_int_equal(bb_pq_chunk_new(&columns[I8], &bad, &budget, &chunk, &err), BB_MISUSE);
    assert_int_equal(bb_pq_chunk_new(&columns[I8], &level, &budget, &chunk, &err), BB_MISUSE);
    assert_int_equal(bb_pq_chunk_new(&wrong, &options, &budget, &chunk, &err), BB_MISUSE);
    assert_int_equal(bb_pq_file_new(fd, columns, 1, far, 1, &options, &budget, &file, &err), BB_MISUSE);
    assert_int_equal(bb_pq_chunk_new(&columns[I8], &options, &budget, &chunk, &err), BB_OK);
    assert_int_equal(bb_pq_put_run(chunk, 128, 1, 1, &err), BB_BUG);
    assert_non_null(strstr(err.text, "i8"));
    assert_int_equal(bb_pq_put_run(chunk, 0, 0, 1, &err), BB_BUG); /* NULL in a column without */
    assert_int_equal(bb_pq_put_run(chunk, 127, 1, 1, &err), BB_OK);
    assert_int_equal(bb_pq_file_new(fd, &columns[I8], 1, NULL, 0, &options, &budget, &file, &err), BB_OK);
    assert_int_equal(bb_pq_file_append_group(file, &chunk, NULL, &err), BB_BUG); /* not finished */
    bb_pq_chunk_reset(chunk);
    assert_int_equal(bb_pq_chunk_finish(chunk, &err), BB_OK);
    assert_int_equal(bb_pq_file_append_group(file, &chunk, NULL, &err), BB_BUG); /* no rows */
    bb_pq_file_free(file);
    bb_pq_chunk_free(chunk);
    close(fd);
    assert_int_equal(budget.used_nbytes, 0);
}

/* Every allocation in turn fails once: each time an error, never a leak. */
static enum bb_status small_file(int fd, struct bb_budget *budget, struct bb_error *err)
{
    static const int used[] = { NANO, LOCATION, CENTS };
    struct bb_pq_options options = { .codec = BB_PQ_ZSTD, .page_rows = 500 };
    struct bb_pq_column some[3];
    struct bb_pq_chunk *chunks[3] = { 0 };
    struct bb_pq_file *file = NULL;
    char scratch[200];
    uint64_t nbytes;
    enum bb_status status = BB_OK;
    for (int i = 0; i < 3; i++) some[i] = columns[used[i]];
    for (int i = 0; i < 3 && status == BB_OK; i++) {
        status = bb_pq_chunk_new(&some[i], &options, budget, &chunks[i], err);
        if (status == BB_OK) bb_pq_set_texts(chunks[i], text_of, scratch);
    }
    for (int64_t row = 0; row < 1600 && status == BB_OK; row++) {
        int there;
        uint8_t valid;
        int64_t value = integer_at(NANO, row, &there);
        double price = double_at(CENTS, row, &valid);
        uint32_t code = code_at(LOCATION, row);
        status = bb_pq_put_run(chunks[0], value, there, 1, err);
        if (status == BB_OK) status = bb_pq_put_codes(chunks[1], &code, sizeof(uint32_t), 1, err);
        if (status == BB_OK) status = bb_pq_put_doubles(chunks[2], &price, &valid, 1, err);
    }
    for (int i = 0; i < 3 && status == BB_OK; i++) status = bb_pq_chunk_finish(chunks[i], err);
    if (status == BB_OK) status = bb_pq_file_new(fd, some, 3, NULL, 0, &options, budget, &file, err);
    if (status == BB_OK) status = bb_pq_file_append_group(file, chunks, NULL, err);
    if (status == BB_OK) status = bb_pq_file_finish(file, NULL, 0, &nbytes, err);
    bb_pq_file_free(file);
    for (int i = 0; i < 3; i++) bb_pq_chunk_free(chunks[i]);
    return status;
}

static void every_failing_allocation_is_survived(void **state)
{
    long n;
    enum bb_status status = BB_BUDGET;
    (void)state;
    for (n = 1; n < 2000 && status != BB_OK; n++) {
        struct bb_budget budget;
        struct bb_error err = { 0 };
        int fd = temporary_file();
        bb_budget_init(&budget, 0, 0);
        bb_mem_fail_countdown = n;
        status = small_file(fd, &budget, &err);
        if (status != BB_OK) {
            assert_int_equal(status, BB_BUDGET);
            assert_non_null(strstr(err.text, "--memory-limit"));
            assert_int_equal(bb_mem_fail_countdown, 0);
        }
        assert_int_equal(budget.used_nbytes, 0);
        close(fd);
    }
    bb_mem_fail_countdown = 0;
    assert_in_range(n, 40, 1999);
}

/* ---- sample files for other readers ---- */

static void write_to(const char *directory, const char *name, const struct bb_pq_options *options)
{
    static const int64_t group_rows[] = { 150000, 1003 };
    char path[4096];
    uint64_t nbytes = 0;
    int fd;
    snprintf(path, sizeof path, "%s/%s.parquet", directory, name);
    fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0666);
    if (fd < 0 || write_sample(fd, options, group_rows, 2, 1777, &nbytes) != BB_OK || close(fd) != 0) {
        fprintf(stderr, "cannot write %s\n", path);
        exit(1);
    }
    printf("%s %llu\n", path, (unsigned long long)nbytes);
}

static int write_samples(const char *directory)
{
    static const struct {
        const char *name;
        enum bb_pq_codec codec;
    } codecs[] = { { "none", BB_PQ_NONE },
                   { "snappy", BB_PQ_SNAPPY },
                   { "gzip", BB_PQ_GZIP },
                   { "zstd", BB_PQ_ZSTD },
                   { "lz4", BB_PQ_LZ4_RAW } };
    char path[4096];
    int fd;
    for (size_t i = 0; i < BB_ARRAY_LEN(codecs); i++) {
        for (int dense = 0; dense < 2; dense++) {
            struct bb_pq_options options = { .codec = codecs[i].codec,
                                             .dense = dense,
                                             .page_rows = i == 0 ? 1000 : 0 };
            char name[40];
            snprintf(name, sizeof name, "%s%s", codecs[i].name, dense ? "_dense" : "");
            write_to(directory, name, &options);
        }
    }
    snprintf(path, sizeof path, "%s/unique_texts.parquet", directory);
    fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0666);
    if (fd < 0) return 1;
    write_unique_texts(fd, 300000, 5000);
    return close(fd) != 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thrift_bytes_follow_the_compact_protocol),
        cmocka_unit_test(thrift_failure_sticks),
        cmocka_unit_test(hybrid_bytes_are_those_of_the_specification),
        cmocka_unit_test(hybrid_decodes_to_what_went_in),
        cmocka_unit_test(delta_decodes_to_what_went_in),
        cmocka_unit_test(bloom_hash_and_bits),
        cmocka_unit_test(long_texts_are_cut_to_bounds),
        cmocka_unit_test(bytes_depend_on_values_alone),
        cmocka_unit_test(full_text_dictionary_turns_plain),
        cmocka_unit_test(codes_without_text_are_null),
        cmocka_unit_test(encodings_follow_the_values),
        cmocka_unit_test(full_disk_is_reported),
        cmocka_unit_test(misuse_is_refused),
        cmocka_unit_test(every_failing_allocation_is_survived),
    };
    if (argc == 2) return write_samples(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
