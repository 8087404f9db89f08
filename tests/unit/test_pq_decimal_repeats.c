/* Sequences that pq_decimal_repeats.h makes are true (each names bytes that are there already, and together they are the page), zstd unpacks to
 * the page what it makes of them, decimal prices come out smaller than by zstd's own search, and nothing depends on pages before. */
#include "parquet/pq_compress.h"
#include "parquet/pq_decimal_repeats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAGE_MOST_NBYTES ((size_t)1500000)

static struct bb_budget budget;
static struct bb_error err;
static uint8_t *page, *packed, *unpacked;
static uint64_t state64;

static uint64_t any(void)
{
    state64 += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = state64;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void put_value(size_t values_at, size_t i, double v) { memcpy(page + values_at + i * 8, &v, 8); }

/* Walks over the sequences as the format describes them; returns how many name an earlier place. */
static size_t check_sequences(const ZSTD_Sequence *s, size_t n_sequences, size_t n)
{
    size_t at = 0, block = 0, repeats = 0;
    assert_true(n_sequences > 0 && n_sequences <= bb_pq_decimal_repeats_most(n));
    for (size_t i = 0; i < n_sequences; i++) {
        at += s[i].litLength;
        assert_true(at <= n);
        if (s[i].matchLength == 0) {
            assert_int_equal(s[i].offset, 0);
            assert_true(at - block > 0 && at - block <= ZSTD_BLOCKSIZE_MAX);
            block = at;
            continue;
        }
        assert_true(s[i].offset > 0 && s[i].offset <= at);
        assert_true(s[i].matchLength >= 5 && s[i].matchLength <= n - at);
        assert_memory_equal(page + at, page + at - s[i].offset, BB_MIN(s[i].matchLength, s[i].offset));
        for (size_t k = 0; k < s[i].matchLength; k++) assert_int_equal(page[at + k], page[at + k - s[i].offset]);
        at += s[i].matchLength;
        repeats++;
    }
    assert_int_equal(at, n);
    assert_int_equal(block, n); /* the last one ends a block */
    return repeats;
}

static size_t pack(struct bb_pq_compressor *c, size_t n, size_t values_at, enum bb_pq_effort effort)
{
    size_t got = 0;
    assert_int_equal(bb_pq_compress(c, page, n, values_at, effort, packed, bb_pq_compress_bound(c, n), &got, &err),
                     BB_OK);
    return got;
}

/* Compressed size of the page, after all that can be checked. */
static size_t check_page(struct bb_pq_compressor *c, size_t n, size_t values_at)
{
    struct bb_pq_decimal_repeats *r = bb_pq_decimal_repeats_new(bb_pq_decimal_repeats_most(n), &budget);
    size_t got;
    /* A copy that ends where the page ends: reading beyond it is seen by a sanitizer. */
    uint8_t *exact = malloc(n);
    assert_non_null(r);
    assert_non_null(exact);
    memcpy(exact, page, n);
    check_sequences(r->sequences, bb_pq_decimal_repeats_find(r, exact, n, values_at), n);
    free(exact);
    bb_free(r);
    got = pack(c, n, values_at, BB_PQ_DECIMALS);
    memset(unpacked, 0xa5, n);
    assert_int_equal(ZSTD_decompress(unpacked, n, packed, got), n);
    assert_memory_equal(unpacked, page, n);
    assert_int_equal(ZSTD_findFrameCompressedSize(packed, got), got); /* one frame, as every reader takes it */
    assert_int_equal(ZSTD_getFrameContentSize(packed, got), n);
    return got;
}

static struct bb_pq_compressor *compressor(void)
{
    struct bb_pq_compressor *c;
    assert_int_equal(bb_pq_compressor_new(BB_PQ_ZSTD, 0, NULL, &budget, &c, &err), BB_OK);
    return c;
}

/* The forms that the contract names: a page of prices with d decimals has hardly a value without a repetition. */
static void decimals_repeat(void **state)
{
    (void)state;
    static const struct {
        double divisor;
        unsigned percent; /* of zstd's own search, at most */
        size_t repeats;   /* at least */
    } cases[] = { { 100, 85, 65000 }, { 100000, 96, 60000 }, { 1000000, 90, 40000 } };
    for (size_t k = 0; k < BB_ARRAY_LEN(cases); k++) {
        struct bb_pq_compressor *c = compressor();
        struct bb_pq_decimal_repeats *r = bb_pq_decimal_repeats_new(bb_pq_decimal_repeats_most(524298), &budget);
        size_t n = 524298, got, searched, n_repeats;
        memset(page, 3, 10);
        for (size_t i = 0; i < 65536; i++)
            put_value(10, i,
                      round((30 + (double)(any() >> 11) * 0x1p-53 * 50) * cases[k].divisor) / cases[k].divisor);
        n_repeats = check_sequences(r->sequences, bb_pq_decimal_repeats_find(r, page, n, 10), n);
        assert_true(n_repeats >= cases[k].repeats);
        got = check_page(c, n, 10);
        searched = pack(c, n, 10, BB_PQ_FAR);
        assert_true(got <= searched * (size_t)cases[k].percent / 100);
        bb_free(r);
        bb_pq_compressor_free(c);
    }
}

/* Whole values that repeat one after the other become one long repetition, also across the batches in which they are looked up. */
static void sequences_of_values_repeat_as_one(void **state)
{
    (void)state;
    struct bb_pq_decimal_repeats *r = bb_pq_decimal_repeats_new(bb_pq_decimal_repeats_most(128000), &budget);
    for (size_t i = 0; i < 8000; i++) put_value(0, i, (double)any());
    memcpy(page + 64000, page, 64000);
    assert_in_range(check_sequences(r->sequences, bb_pq_decimal_repeats_find(r, page, 128000, 0), 128000), 1, 20);
    /* all equal: one per block */
    for (size_t i = 0; i < 65536; i++) put_value(0, i, 7.25);
    bb_free(r);
    r = bb_pq_decimal_repeats_new(bb_pq_decimal_repeats_most(524288), &budget);
    assert_in_range(check_sequences(r->sequences, bb_pq_decimal_repeats_find(r, page, 524288, 0), 524288), 4, 5);
    bb_free(r);
}

static void hostile_values_round_trip(void **state)
{
    (void)state;
    struct bb_pq_compressor *c = compressor();
    static const size_t borders[] = { 0, 131072, 262144, 393216, 524288 };
    for (int kind = 0; kind < 6; kind++) {
        for (size_t i = 0; i < PAGE_MOST_NBYTES / 8; i++) {
            uint64_t bits = kind == 0   ? 0
                            : kind == 1 ? UINT64_C(0x7ff8000000000000) | any() % 3
                            : kind == 2 ? any()
                            : kind == 3 ? (any() & UINT64_C(0xff00000000000000)) |
                                              UINT64_C(0x00123456789abcde) /* seven bytes */
                            : kind == 4 ? (i % 2 ? UINT64_C(0x7ff0000000000000) : UINT64_C(0x8000000000000000))
                                        : (any() & UINT64_C(0xffffff0000000000)) | any() % 5;
            memcpy(page + i * 8, &bits, 8);
        }
        for (size_t n = 1; n < 40; n++) {
            for (size_t values_at = 0; values_at <= BB_MIN(n, 18); values_at++) check_page(c, n, values_at);
        }
        for (size_t b = 1; b < BB_ARRAY_LEN(borders); b++) {
            for (size_t more = 0; more < 20; more += 1 + b) {
                for (size_t values_at = 0; values_at < 20; values_at += 1 + more) {
                    check_page(c, borders[b] - 10 + more, values_at);
                }
            }
        }
    }
    /* what stands before the values may be longer than a block; more values than are numbered are compressed all the same */
    for (size_t k = 0; k < 12; k++) check_page(c, 262144 + 4000, 131072 - 6 + k);
    check_page(c, 300000, 300000);
    check_page(c, 300000, 299999);
    pack(c, PAGE_MOST_NBYTES, 0, BB_PQ_DECIMALS);
    assert_int_equal(
        ZSTD_decompress(unpacked, PAGE_MOST_NBYTES, packed, pack(c, PAGE_MOST_NBYTES, 0, BB_PQ_DECIMALS)),
        PAGE_MOST_NBYTES);
    assert_memory_equal(unpacked, page, PAGE_MOST_NBYTES);
    bb_pq_compressor_free(c);
}

/* Pages made of pieces that are random, decimal, equal or copied, of any size, with any bytes before and behind them. */
static void random_pages_round_trip(void **state)
{
    (void)state;
    struct bb_pq_compressor *c = compressor();
    for (unsigned turn = 0; turn < 150; turn++) {
        size_t values_at = any() % (any() % 4 ? 30 : 3000), n_values = any() % (any() % 4 ? 3000 : 65537);
        size_t n = values_at + n_values * 8 + any() % 8;
        if (n == 0) n = 1;
        for (size_t i = 0; i < n; i += 8) {
            uint64_t word = any();
            memcpy(page + i, &word, 8);
        }
        for (size_t i = 0; i < n_values;) {
            size_t most = 1 + any() % (n_values / 3 + 1), end = BB_MIN(n_values, i + most), from = any() % (i + 1);
            double scale = pow(10, (double)(any() % 7)), spread = pow(10, (double)(any() % 6));
            unsigned kind = any() % 5;
            for (; i < end; i++) {
                if (kind == 0) put_value(values_at, i, (double)any());
                if (kind == 1)
                    put_value(values_at, i, round((double)(any() >> 11) * 0x1p-53 * spread * scale) / scale);
                if (kind == 2) put_value(values_at, i, 25.5);
                if (kind == 3) memmove(page + values_at + i * 8, page + values_at + from++ * 8, 8);
            }
        }
        check_page(c, n, values_at);
    }
    bb_pq_compressor_free(c);
}

/* Whatever the compressor did before: same page, same bytes; and other efforts are not disturbed. */
static void pages_do_not_depend_on_pages_before(void **state)
{
    (void)state;
    struct bb_pq_compressor *c = compressor(), *fresh;
    static const enum bb_pq_effort efforts[] = { BB_PQ_DECIMALS, BB_PQ_USUAL, BB_PQ_HASTY,   BB_PQ_DECIMALS,
                                                 BB_PQ_FAR,      BB_PQ_NEAR,  BB_PQ_THOROUGH };
    uint8_t *other = malloc(PAGE_MOST_NBYTES);
    for (unsigned turn = 0; turn < 28; turn++) {
        enum bb_pq_effort effort = efforts[turn % BB_ARRAY_LEN(efforts)];
        size_t n = 5 + 8 * (any() % 65536), got, again;
        memset(page, 0, 5);
        for (size_t i = 0; i < n / 8; i++) put_value(5, i, (double)(any() % 1000000) / 10000);
        got = pack(c, n, 5, effort);
        memcpy(other, packed, got);
        fresh = compressor();
        again = pack(fresh, n, 5, effort);
        assert_int_equal(again, got);
        assert_memory_equal(packed, other, got);
        assert_int_equal(ZSTD_decompress(unpacked, n, packed, got), n);
        assert_memory_equal(unpacked, page, n);
        bb_pq_compressor_free(fresh);
    }
    free(other);
    bb_pq_compressor_free(c);
    assert_int_equal(budget.used_nbytes, 0);
}

/* A budget that is too small is told as such, and everything is given back. */
static void short_memory_is_reported(void **state)
{
    (void)state;
    size_t n = 524288, failures = 0;
    for (size_t i = 0; i < n / 8; i++) put_value(0, i, (double)(any() % 1000000) / 10000);
    for (size_t limit = (size_t)64 << 10;; limit += (size_t)128 << 10) {
        struct bb_pq_compressor *c;
        size_t got = 0;
        enum bb_status status;
        bb_budget_init(&budget, limit, 0);
        status = bb_pq_compressor_new(BB_PQ_ZSTD, 0, NULL, &budget, &c, &err);
        if (status == BB_OK) {
            status = bb_pq_compress(c, page, n, 0, BB_PQ_DECIMALS, packed, bb_pq_compress_bound(c, n), &got, &err);
            bb_pq_compressor_free(c);
        }
        assert_int_equal(budget.used_nbytes, 0);
        if (status == BB_OK) break;
        assert_int_equal(status, BB_BUDGET);
        failures++;
        assert_true(limit < (size_t)4 << 20); /* this much is enough */
    }
    assert_true(failures >= 3);
}

static int set_up(void **state)
{
    (void)state;
    bb_budget_init(&budget, (size_t)64 << 20, 0);
    state64 = 20240101;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(decimals_repeat, set_up),
        cmocka_unit_test_setup(sequences_of_values_repeat_as_one, set_up),
        cmocka_unit_test_setup(hostile_values_round_trip, set_up),
        cmocka_unit_test_setup(random_pages_round_trip, set_up),
        cmocka_unit_test_setup(pages_do_not_depend_on_pages_before, set_up),
        cmocka_unit_test_setup(short_memory_is_reported, set_up),
    };
    int failed;
    page = malloc(PAGE_MOST_NBYTES + 64);
    packed = malloc(ZSTD_compressBound(PAGE_MOST_NBYTES));
    unpacked = malloc(PAGE_MOST_NBYTES);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(page);
    free(packed);
    free(unpacked);
    return failed;
}
