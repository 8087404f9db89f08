/* Provenance lists: runs come back with the codes they were given, codes in the order of first appearance, joins after their sources; hostile
 * bytes end in an answer. */
#include "convert/provenance.h"
#include "parquet/pq_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include <cmocka.h>

static struct bb_budget budget;
static struct bb_pq_decompress unpacker;
static struct bb_error err;
static const struct bb_pq_column columns[] = { { "t", BB_PQ_INT64, BB_PQ_PLAIN_TYPE, 0, NULL, 0 } };
static const struct bb_pq_options options = { .codec = BB_PQ_NONE };
static struct bb_join joins[2] = { { { 5, 3, 5, 9 }, 9 }, { { 3, 3, 3, 4 }, 3 } };
static const struct bb_join *joins_of(void *ctx)
{
    (void)ctx;
    return joins;
}

/* What stands at "offset:length" of the places, unpacked. */
static struct bb_provenance_list list_of(int fd, const char *place)
{
    struct bb_provenance_list list;
    unsigned long long offset;
    size_t n;
    char *packed;
    assert_int_equal(sscanf(place, "%llu:%zu", &offset, &n), 2);
    packed = malloc(n + 1);
    assert_int_equal(pread(fd, packed, n, (off_t)offset), n);
    assert_int_equal(bb_provenance_open(&list, (struct bb_str){ packed, n }, &unpacker, &err), BB_OK);
    free(packed);
    return list;
}

static void check_run(struct bb_provenance_list *list, uint64_t rows, uint32_t code)
{
    uint64_t got_rows;
    uint32_t got_code;
    assert_int_equal(bb_provenance_next(list, &got_rows, &got_code), 1);
    assert_int_equal(got_rows, rows);
    assert_int_equal(got_code, code);
}

static void there_and_back(void **state)
{
    struct bb_provenance p;
    struct bb_pq_file *file;
    struct bb_provenance_list list;
    uint64_t rows;
    uint32_t code;
    char *second;
    int fd = memfd_create("provenance", 0);
    (void)state;
    assert_int_equal(bb_pq_file_new(fd, columns, 1, NULL, 0, &options, &budget, &file, &err), BB_OK);
    assert_int_equal(bb_provenance_init(&p, 10, joins_of, NULL, &budget, &err), BB_OK);
    assert_int_equal(bb_provenance_add(&p, 7, 100, &err), BB_OK);
    assert_int_equal(bb_provenance_add(&p, 7, 27, &err), BB_OK); /* one run */
    assert_int_equal(bb_provenance_add(&p, 0, 1, &err), BB_OK);
    assert_int_equal(bb_provenance_add(&p, 7, ((uint64_t)1 << 40) + 5, &err), BB_OK);
    assert_int_equal(bb_provenance_end_group(&p, file, &err), BB_OK);
    assert_int_equal(bb_provenance_add(&p, BB_ORIGIN_JOIN | 0, 3, &err),
                     BB_OK); /* of 5, 3, 5, 9: codes 2, 3, 4; itself 5 */
    assert_int_equal(bb_provenance_add(&p, 0, 2, &err), BB_OK);
    assert_int_equal(bb_provenance_add(&p, BB_ORIGIN_JOIN | 1, 4, &err), BB_OK); /* of 3 and 4: code 6; itself 7 */
    assert_int_equal(bb_provenance_add(&p, BB_ORIGIN_JOIN | 0, 1, &err), BB_OK);
    assert_int_equal(bb_provenance_end_group(&p, file, &err), BB_OK);
    assert_int_equal(p.places.n, 0); /* so little is written once, with all others */
    assert_int_equal(bb_provenance_write(&p, file, &err), BB_OK);
    assert_true(bb_buf_putc(&p.places, '\0'));
    second = strchr(p.places.p, ' ');
    assert_non_null(second);
    assert_int_equal(bb_pq_file_finish(file, NULL, 0, &rows, &err), BB_OK); /* the blobs are in the file now */

    list = list_of(fd, p.places.p);
    check_run(&list, 127, 0);
    check_run(&list, 1, 1);
    check_run(&list, ((uint64_t)1 << 40) + 5, 0);
    assert_int_equal(bb_provenance_next(&list, &rows, &code), 0);
    bb_provenance_close(&list);
    list = list_of(fd, second + 1);
    check_run(&list, 3, 5);
    check_run(&list, 2, 1);
    check_run(&list, 4, 7);
    check_run(&list, 1, 5);
    assert_int_equal(bb_provenance_next(&list, &rows, &code), 0);
    bb_provenance_close(&list);

    assert_int_equal(p.n_codes, 8);
    assert_int_equal(p.codes[0].origin, 7);
    assert_int_equal(p.codes[1].origin, 0);
    assert_int_equal(p.codes[2].origin, 5);
    assert_int_equal(p.codes[3].origin, 3);
    assert_int_equal(p.codes[4].origin, 9);
    assert_int_equal(p.codes[5].origin, BB_ORIGIN_JOIN | 0);
    assert_int_equal(p.codes[6].origin, 4);
    assert_int_equal(p.codes[7].origin, BB_ORIGIN_JOIN | 1);
    assert_int_equal(p.code_of_source[1], BB_NO_CODE);
    bb_provenance_reset(&p);
    bb_pq_file_free(file);
    close(fd);
    bb_pq_decompress_reset(&unpacker);
    assert_int_equal(budget.used_nbytes, 0);
}

/* Many sources in turn make long lists: they are written from time to time, and each is found again. */
static void long_lists(void **state)
{
    enum { GROUPS = 12, RUNS = 20000, SOURCES = 1000 };
    struct bb_provenance p;
    struct bb_pq_file *file;
    struct bb_str places;
    uint64_t nbytes, offset, n, rows;
    uint32_t code, x = 1;
    size_t n_early;
    int fd = memfd_create("provenance", 0);
    (void)state;
    assert_int_equal(bb_pq_file_new(fd, columns, 1, NULL, 0, &options, &budget, &file, &err), BB_OK);
    assert_int_equal(bb_provenance_init(&p, SOURCES, joins_of, NULL, &budget, &err), BB_OK);
    for (uint32_t s = 0; s < SOURCES; s++) assert_int_equal(bb_provenance_add(&p, s, 1, &err), BB_OK);
    assert_int_equal(bb_provenance_end_group(&p, file, &err), BB_OK); /* so that code and source are the same */
    for (int g = 0; g < GROUPS; g++) {
        for (int i = 0; i < RUNS; i++) {
            x = x * 1664525 + 1013904223;
            assert_int_equal(bb_provenance_add(&p, x % 500 * 2 + (uint32_t)i % 2, (x >> 20) + 1, &err), BB_OK);
        }
        assert_int_equal(bb_provenance_end_group(&p, file, &err), BB_OK);
    }
    n_early = p.places.n;
    assert_int_equal(bb_provenance_write(&p, file, &err), BB_OK);
    assert_true(n_early > 0);
    assert_int_equal(bb_pq_file_finish(file, NULL, 0, &nbytes, &err), BB_OK);
    places = bb_buf_str(&p.places);
    assert_true(bb_provenance_place(&places, nbytes, &offset, &n));
    x = 1;
    for (int g = 0; g < GROUPS; g++) {
        struct bb_provenance_list list;
        char place[64];
        assert_true(bb_provenance_place(&places, nbytes, &offset, &n));
        snprintf(place, sizeof place, "%llu:%llu", (unsigned long long)offset, (unsigned long long)n);
        list = list_of(fd, place);
        for (int i = 0; i < RUNS; i++) {
            x = x * 1664525 + 1013904223;
            check_run(&list, (x >> 20) + 1, x % 500 * 2 + (uint32_t)i % 2);
        }
        assert_int_equal(bb_provenance_next(&list, &rows, &code), 0);
        bb_provenance_close(&list);
    }
    assert_int_equal(places.n, 0);
    bb_provenance_reset(&p);
    bb_pq_file_free(file);
    close(fd);
    bb_pq_decompress_reset(&unpacker);
    assert_int_equal(budget.used_nbytes, 0);
}

static enum bb_status open_runs(const char *runs, size_t n, struct bb_provenance_list *list)
{
    char packed[256];
    size_t packed_n = ZSTD_compress(packed, sizeof packed, runs, n, 1);
    assert_false(ZSTD_isError(packed_n));
    return bb_provenance_open(list, (struct bb_str){ packed, packed_n }, &unpacker, &err);
}

static void bad_runs(void **state)
{
    static const struct {
        const char *runs;
        size_t n;
    } cases[] = {
        { "\x05", 1 },                                                  /* no code */
        { "\x85", 1 },                                                  /* a number that does not end */
        { "\x05\x80\x80", 3 },                                          /* a code that does not end */
        { "\x00\x01", 2 },                                              /* no rows */
        { "\x05\x80\x80\x80\x80\x08", 6 },                              /* code 2^31 */
        { "\x05\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 13 }, /* more than 64 bits */
    };
    (void)state;
    for (size_t i = 0; i < BB_ARRAY_LEN(cases); i++) {
        struct bb_provenance_list list;
        uint64_t rows;
        uint32_t code;
        assert_int_equal(open_runs(cases[i].runs, cases[i].n, &list), BB_OK);
        assert_int_equal(bb_provenance_next(&list, &rows, &code), -1);
        bb_provenance_close(&list);
    }
    bb_pq_decompress_reset(&unpacker);
    assert_int_equal(budget.used_nbytes, 0);
}

static void bad_frames(void **state)
{
    static char zeros[100000];
    char packed[4096], longer[sizeof packed];
    struct bb_provenance_list list;
    ZSTD_CCtx *c = ZSTD_createCCtx();
    size_t n;
    (void)state;
    assert_int_equal(bb_provenance_open(&list, BB_STR(""), &unpacker, &err), BB_SKIP);
    assert_int_equal(bb_provenance_open(&list, BB_STR("no zstd frame at all"), &unpacker, &err), BB_SKIP);
    n = ZSTD_compress(packed, sizeof packed, zeros, sizeof zeros, 1);
    for (size_t k = 0; k < n; k++)
        assert_int_equal(bb_provenance_open(&list, (struct bb_str){ packed, k }, &unpacker, &err), BB_SKIP);
    for (size_t at = 0; at < n; at++)
        for (int bit = 0; bit < 8; bit++) {
            enum bb_status status;
            memcpy(longer, packed, n);
            longer[at] ^= (char)(1 << bit);
            status = bb_provenance_open(&list, (struct bb_str){ longer, n }, &unpacker, &err);
            assert_true(status == BB_OK || status == BB_SKIP || status == BB_BUDGET);
            if (status == BB_OK) bb_provenance_close(&list);
        }
    /* a frame that claims more than a list may have */
    ZSTD_CCtx_setPledgedSrcSize(c, (size_t)1 << 40);
    {
        ZSTD_outBuffer out = { packed, sizeof packed, 0 };
        ZSTD_inBuffer in = { zeros, 1000, 0 };
        ZSTD_compressStream2(c, &out, &in, ZSTD_e_flush);
        assert_int_equal(bb_provenance_open(&list, (struct bb_str){ packed, out.pos }, &unpacker, &err), BB_SKIP);
    }
    ZSTD_freeCCtx(c);
    bb_pq_decompress_reset(&unpacker);
    assert_int_equal(budget.used_nbytes, 0);
}

static void no_memory(void **state)
{
    struct bb_budget small;
    struct bb_provenance p;
    (void)state;
    bb_budget_init(&small, 100, 0);
    assert_int_equal(bb_provenance_init(&p, 1000, joins_of, NULL, &small, &err), BB_BUDGET);
    bb_provenance_reset(&p);
    assert_int_equal(small.used_nbytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(there_and_back), cmocka_unit_test(long_lists),
                                        cmocka_unit_test(bad_runs), cmocka_unit_test(bad_frames),
                                        cmocka_unit_test(no_memory) };
    bb_budget_init(&budget, (size_t)64 << 20, 0);
    bb_pq_decompress_init(&unpacker, BB_PQ_ZSTD, &budget);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
