/* Rows that are added while others are drained: what a drain takes, what is left for the next one, and what came too late. */
#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sort/row_store.h"
#include "sort/sort.h"

#define DAY0 1704067200u

struct world {
    struct bb_budget budget;
    struct bb_pool *pool;
    struct bb_places *places;
};

static const struct bb_slice *slices_of(void *ctx)
{
    static const struct bb_slice slice = { (uint64_t)1 << 32, 0 };
    (void)ctx;
    return &slice;
}

/* Ids of places are their ranks. */
static void make_plain(struct world *w, uint32_t n_places)
{
    memset(w, 0, sizeof *w);
    bb_budget_init(&w->budget, 0, 0);
    w->pool = bb_pool_new(&w->budget, 2);
    w->places = bb_places_new(&w->budget);
    assert_true(w->pool && w->places);
    for (uint32_t i = 0; i < n_places; i++) {
        char name[16];
        uint32_t place;
        struct bb_place_key key = { .name = { name, (size_t)snprintf(name, sizeof name, "P%05u", i) },
                                    .voltage_kv = NAN };
        key.identity = key.name;
        assert_int_equal(bb_places_intern(w->places, &key, &place, NULL), BB_OK);
        assert_int_equal(place, i);
    }
}

static void free_world(struct world *w)
{
    bb_places_free(w->places);
    bb_pool_free(w->pool);
    assert_int_equal(w->budget.used_nbytes, 0);
}

static struct bb_sort *new_sort(struct world *w)
{
    struct bb_sort_options options = { .budget = &w->budget,
                                       .pool = w->pool,
                                       .n_workers = 2,
                                       .places = w->places,
                                       .slices = slices_of,
                                       .temp_dir = "/tmp" };
    struct bb_sort *sort;
    assert_int_equal(bb_sort_new(&options, &sort, NULL), BB_OK);
    return sort;
}

static struct bb_row plain_row(uint32_t start_utc_s, uint32_t place)
{
    return (
        struct bb_row){ .start_utc_s = start_utc_s, .place = place, .version = 1, .present = 1, .value = { 1.0 } };
}

struct got {
    struct bb_row *rows;
    size_t n, cap;
};

static enum bb_status keep(void *ctx, const struct bb_row *rows, size_t n, struct bb_error *err)
{
    struct got *got = ctx;
    (void)err;
    assert_true(got->n + n <= got->cap);
    memcpy(got->rows + got->n, rows, n * sizeof *rows);
    got->n += n;
    return BB_OK;
}

/* A drain that has nothing to emit passes its bound all the same. */
static void test_late_after_empty_drain(void **state)
{
    struct world w;
    struct bb_row rows[4], row = plain_row(DAY0, 0);
    struct got got = { .rows = rows, .cap = 4 };
    (void)state;
    make_plain(&w, 2);
    struct bb_sort *sort = new_sort(&w);
    assert_int_equal(bb_sort_drain(sort, DAY0 + 1, 10, keep, &got, NULL), BB_OK);
    assert_int_equal(got.n, 0);
    assert_int_equal(bb_sort_add(sort, 0, &row, 1, NULL), BB_OK);
    assert_int_equal(bb_sort_late(sort), 1);
    bb_sort_free(sort);
    free_world(&w);
}

/* What was added since the last seal is held, but not left. */
static void test_seal(void **state)
{
    struct world w;
    struct bb_row rows[8], row = plain_row(DAY0, 0);
    struct got got = { .rows = rows, .cap = 8 };
    (void)state;
    make_plain(&w, 2);
    struct bb_sort *sort = new_sort(&w);
    assert_int_equal(bb_sort_add(sort, 0, &row, 1, NULL), BB_OK);
    size_t one = bb_sort_held_nbytes(sort);
    assert_true(one > 0);
    assert_int_equal(bb_sort_left_nbytes(sort), 0);
    assert_int_equal(bb_sort_first_instant(sort), DAY0);
    assert_int_equal(bb_sort_seal(sort, NULL), BB_OK);
    assert_int_equal(bb_sort_left_nbytes(sort), one);
    assert_int_equal(bb_sort_held_nbytes(sort), one);
    assert_int_equal(bb_sort_first_instant(sort), DAY0);
    row.start_utc_s -= 300;
    assert_int_equal(bb_sort_add(sort, 0, &row, 1, NULL), BB_OK);
    assert_int_equal(bb_sort_left_nbytes(sort), one);
    assert_int_equal(bb_sort_held_nbytes(sort), 2 * one);
    assert_int_equal(bb_sort_first_instant(sort), DAY0 - 300);
    assert_int_equal(bb_sort_drain(sort, UINT32_MAX, 10, keep, &got, NULL), BB_OK);
    assert_int_equal(got.n, 2);
    assert_int_equal(bb_sort_held_nbytes(sort), 0);
    bb_sort_free(sort);
    free_world(&w);
}

/* Rows come while others are drained: each worker's come in ascending instants, and the bound is what all have passed. */
enum { LIVE_WORKERS = 2, LIVE_INSTANTS = 3000, LIVE_PLACES = 20 };

struct live_worker {
    struct bb_sort *sort;
    unsigned index;
    _Atomic uint32_t reached; /* all instants before are added */
    int failed;
};

static void *add_live(void *arg)
{
    struct live_worker *w = arg;
    for (uint32_t t = 0; t < LIVE_INSTANTS; t++) {
        struct bb_row rows[LIVE_PLACES];
        uint32_t n = 0;
        for (uint32_t p = w->index; p < LIVE_PLACES; p += LIVE_WORKERS) rows[n++] = plain_row(DAY0 + t * 300, p);
        if (bb_sort_add(w->sort, w->index, rows, n, NULL) != BB_OK) w->failed = 1;
        w->reached = t + 1;
    }
    return NULL;
}

static void test_adding_beside_drains(void **state)
{
    struct world w;
    struct live_worker workers[LIVE_WORKERS];
    pthread_t threads[LIVE_WORKERS];
    enum { N = LIVE_INSTANTS * LIVE_PLACES };
    struct got got = { .rows = calloc(N + 1, sizeof *got.rows), .cap = N + 1 };
    uint32_t bound = 0;
    (void)state;
    make_plain(&w, LIVE_PLACES);
    assert_non_null(got.rows);
    struct bb_sort *sort = new_sort(&w);
    for (unsigned i = 0; i < LIVE_WORKERS; i++) {
        workers[i] = (struct live_worker){ .sort = sort, .index = i };
        assert_int_equal(pthread_create(&threads[i], NULL, add_live, &workers[i]), 0);
    }
    for (int round = 0; bound < LIVE_INSTANTS; round++) {
        bound = BB_MIN(workers[0].reached, workers[1].reached);
        if (round % 7 == 6) assert_int_equal(bb_sort_spill(sort, 0, NULL), BB_OK);
        assert_int_equal(bb_sort_drain(sort, DAY0 + bound * 300, 1000, keep, &got, NULL), BB_OK);
        assert_int_equal(got.n, bound * LIVE_PLACES);
    }
    for (unsigned i = 0; i < LIVE_WORKERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].failed, 0);
    }
    assert_int_equal(bb_sort_late(sort), 0);
    assert_int_equal(bb_sort_drain(sort, UINT32_MAX, 1000, keep, &got, NULL), BB_OK);
    assert_int_equal(got.n, N);
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(got.rows[i].start_utc_s, DAY0 + i / LIVE_PLACES * 300);
        assert_int_equal(got.rows[i].place, i % LIVE_PLACES);
    }
    assert_int_equal(bb_sort_held_nbytes(sort), 0);
    bb_sort_free(sort);
    free_world(&w);
    free(got.rows);
}

/* A row that comes from inside a drain, for an instant that this drain is past. */
struct intruder {
    struct bb_sort *sort;
    uint32_t start_utc_s;
};

static enum bb_status add_in_drain(void *ctx, const struct bb_row *rows, size_t n, struct bb_error *err)
{
    struct intruder *in = ctx;
    struct bb_row row = plain_row(in->start_utc_s, 0);
    (void)rows, (void)n;
    return bb_sort_add(in->sort, 1, &row, 1, err);
}

static void test_late_during_drain(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct world w;
        struct bb_row rows[4], row = plain_row(DAY0, 0);
        struct got got = { .rows = rows, .cap = 4 };
        make_plain(&w, 2);
        struct bb_sort *sort = new_sort(&w);
        struct intruder in = { sort, DAY0 + 300 - (uint32_t)late };
        assert_int_equal(bb_sort_add(sort, 0, &row, 1, NULL), BB_OK);
        assert_int_equal(bb_sort_drain(sort, DAY0 + 300, 10, add_in_drain, &in, NULL), BB_OK);
        assert_int_equal(bb_sort_late(sort), late);
        assert_int_equal(bb_sort_drain(sort, UINT32_MAX, 10, keep, &got, NULL), BB_OK);
        assert_int_equal(got.n, 1);
        assert_int_equal(rows[0].start_utc_s, in.start_utc_s);
        bb_sort_free(sort);
        free_world(&w);
    }
}

static void test_take(void **state)
{
    struct bb_budget budget;
    struct bb_row_store to, from;
    struct bb_row row = plain_row(DAY0 + 3600, 0);
    (void)state;
    bb_budget_init(&budget, 0, 0);
    assert_true(bb_row_store_init(&to, &budget, 2) && bb_row_store_init(&from, &budget, 2));
    assert_true(bb_row_store_take(&to, &from, 1)); /* nothing */
    assert_int_equal(bb_row_store_first(&to), UINT32_MAX);
    assert_true(bb_row_store_add(&to, 1, &row, 1));
    assert_int_equal(to.lanes[1].grid_s, 3600);
    row.start_utc_s = DAY0 + 300;
    for (int i = 0; i < 5000; i++) assert_true(bb_row_store_add(&from, 1, &row, 1));
    size_t held = bb_row_store_held_nbytes(&to) + bb_row_store_held_nbytes(&from);
    size_t units = bb_row_store_units(&to) + bb_row_store_units(&from);
    assert_true(bb_row_store_take(&to, &from, 0)); /* another lane */
    assert_int_equal(bb_row_store_rows(&from), 5000);
    assert_true(bb_row_store_take(&to, &from, 1));
    assert_int_equal(bb_row_store_rows(&to), 5001);
    assert_int_equal(bb_row_store_rows(&from), 0);
    assert_int_equal(bb_row_store_held_nbytes(&to), held);
    assert_int_equal(bb_row_store_held_nbytes(&from), 0);
    assert_int_equal(bb_row_store_units(&to), units);
    assert_int_equal(bb_row_store_units(&from), 0);
    assert_int_equal(bb_row_store_first(&to), DAY0 + 300);
    assert_int_equal(bb_row_store_first(&from), UINT32_MAX);
    assert_int_equal(to.lanes[1].grid_s, 300);
    assert_int_equal(from.lanes[1].grid_s, BB_GRID_S);
    row.start_utc_s = DAY0 + 7200; /* a later, coarser lot spoils neither the grid nor the first instant */
    assert_true(bb_row_store_add(&from, 1, &row, 1));
    assert_int_equal(from.lanes[1].grid_s, 3600);
    assert_true(bb_row_store_take(&to, &from, 1));
    assert_int_equal(to.lanes[1].grid_s, 300);
    assert_int_equal(bb_row_store_first(&to), DAY0 + 300);
    assert_int_equal(bb_row_store_rows(&to), 5002);
    bb_row_store_reset(&from);
    bb_row_store_reset(&to);
    assert_int_equal(budget.used_nbytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_late_after_empty_drain),
        cmocka_unit_test(test_late_during_drain),
        cmocka_unit_test(test_seal),
        cmocka_unit_test(test_adding_beside_drains),
        cmocka_unit_test(test_take),
    };
    return cmocka_run_group_tests_name("sort beside adding", tests, NULL, NULL);
}
