/* Times the sort from add to emit and checks what comes out. Prints ns per row; asserts no times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "sort/sort.h"

enum { N_PLACES = 6435, N_INSTANTS = 240, BATCH = 1024, N_ROUNDS = 4 };

static const struct bb_slice the_slice = { 1, 0 };
static const struct bb_slice *slices(void *ctx)
{
    (void)ctx;
    return &the_slice;
}

static struct bb_places *new_places(struct bb_budget *budget)
{
    struct bb_places *places = bb_places_new(budget);
    assert_non_null(places);
    for (uint32_t i = 0; i < N_PLACES; i++) {
        char text[16]; /* names in an order that has nothing to do with the ids */
        int n = snprintf(text, sizeof text, "%08x", (i + 1) * 2654435761u);
        struct bb_place_key key = { .identity = { text, (size_t)n }, .name = { text, (size_t)n } };
        uint32_t place;
        assert_int_equal(bb_places_intern(places, &key, &place, NULL), BB_OK);
        assert_int_equal(place, i);
    }
    return places;
}

struct check {
    const uint32_t *place_at;
    uint64_t n_rows;
};

static enum bb_status check_rows(void *ctx, const struct bb_row *rows, size_t n, struct bb_error *err)
{
    struct check *c = ctx;
    (void)err;
    for (size_t i = 0; i < n; i++, c->n_rows++) {
        uint64_t instant = c->n_rows / N_PLACES;
        uint32_t place = c->place_at[c->n_rows % N_PLACES];
        if (rows[i].start_utc_s != 1704067200u + instant * 300 || rows[i].place != place ||
            rows[i].value[0] != (double)(instant * N_PLACES + place))
            fail_msg("row %llu is wrong", (unsigned long long)c->n_rows);
    }
    return BB_OK;
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void run(const char *what, int shuffled, unsigned n_threads, size_t n_spills)
{
    struct bb_budget budget;
    struct bb_error err;
    struct bb_pool *pool;
    struct bb_places *places;
    struct bb_sort *sort;
    struct bb_sort_counts counts;
    struct check check = { 0 };
    const struct bb_place_order *order;
    size_t n = (size_t)N_PLACES * N_INSTANTS;
    struct bb_row *rows = calloc(n, sizeof *rows);
    uint64_t random = 42;
    double at[3], add_ns = 1e18, drain_ns = 1e18;
    assert_non_null(rows);
    bb_budget_init(&budget, 0, 0);
    pool = bb_pool_new(&budget, n_threads);
    places = new_places(&budget);
    assert_int_equal(bb_places_rank(places, &order, &err), BB_OK);
    check.place_at = order->place_at;
    for (size_t i = 0; i < n; i++)
        rows[i] = (struct bb_row){ .start_utc_s = 1704067200u + (uint32_t)(i / N_PLACES) * 300,
                                   .place = (uint32_t)(i % N_PLACES),
                                   .version = 1,
                                   .present = 15,
                                   .value = { (double)i, 1, 2, 3 } };
    for (size_t i = n; shuffled && i > 1; i--) {
        struct bb_row row = rows[i - 1];
        size_t j = (size_t)((random = random * 6364136223846793005u + 1442695040888963407u) >> 33) % i;
        rows[i - 1] = rows[j];
        rows[j] = row;
    }
    struct bb_sort_options options = {
        .budget = &budget, .pool = pool, .n_workers = 1, .places = places, .slices = slices, .temp_dir = P_tmpdir
    };
    for (int round = 0; round < N_ROUNDS; round++) { /* the best one counts */
        assert_int_equal(bb_sort_new(&options, &sort, &err), BB_OK);
        check.n_rows = 0;
        at[0] = now_ns();
        for (size_t i = 0; i < n; i += BATCH) {
            assert_int_equal(bb_sort_add(sort, 0, rows + i, n - i < BATCH ? n - i : BATCH, &err), BB_OK);
            if (n_spills && (i / BATCH + 1) % (n / BATCH / n_spills + 1) == 0)
                assert_int_equal(bb_sort_spill(sort, 0, &err), BB_OK);
        }
        at[1] = now_ns();
        assert_int_equal(bb_sort_drain(sort, UINT32_MAX, 65536, check_rows, &check, &err), BB_OK);
        at[2] = now_ns();
        add_ns = at[1] - at[0] < add_ns ? at[1] - at[0] : add_ns;
        drain_ns = at[2] - at[1] < drain_ns ? at[2] - at[1] : drain_ns;
        bb_sort_get_counts(sort, &counts);
        assert_int_equal(check.n_rows, n);
        assert_int_equal(counts.rows, n);
        bb_sort_free(sort);
    }
    printf("sort %-22s %u thread%s: add %5.1f, drain %5.1f ns/row\n", what, n_threads, n_threads == 1 ? " " : "s",
           add_ns / (double)n, drain_ns / (double)n);
    bb_places_free(places);
    bb_pool_free(pool);
    free(rows);
    assert_int_equal(budget.used_nbytes, 0);
}

static void test_speed(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 2; threads++) {
        run("time-ascending", 0, threads, 0);
        run("shuffled", 1, threads, 0);
        run("time-ascending, 4 runs", 0, threads, 4);
        run("shuffled, 4 runs", 1, threads, 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_speed) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
