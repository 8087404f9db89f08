/* Rows that go to disk by all threads and come back while others are used: what stays, what is asked of the pool, and what a failure leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "sort/sort.h"

#define DAY0     1704067200u
#define PLACES   500u
#define INSTANTS 400u
#define ROWS     (PLACES * INSTANTS)

struct world {
    struct bb_budget budget;
    struct bb_pool *pool;
    struct bb_places *places;
    struct bb_sort *sort;
};

static const struct bb_slice *slices_of(void *ctx)
{
    static const struct bb_slice slice = { (uint64_t)1 << 32, 0 };
    (void)ctx;
    return &slice;
}

/* Ids of places are their ranks. */
static void begin(struct world *w, unsigned n_threads)
{
    struct bb_sort_options options;
    memset(w, 0, sizeof *w);
    alarm(60); /* what hangs */
    bb_budget_init(&w->budget, (size_t)256 << 20, 0);
    w->pool = bb_pool_new(&w->budget, n_threads);
    w->places = bb_places_new(&w->budget);
    assert_true(w->pool && w->places);
    for (uint32_t i = 0; i < PLACES; i++) {
        char name[16];
        uint32_t place;
        struct bb_place_key key = { .name = { name, (size_t)snprintf(name, sizeof name, "P%05u", i) },
                                    .voltage_kv = NAN };
        key.identity = key.name;
        assert_int_equal(bb_places_intern(w->places, &key, &place, NULL), BB_OK);
        assert_int_equal(place, i);
    }
    options = (struct bb_sort_options){ .budget = &w->budget,
                                        .pool = w->pool,
                                        .n_workers = 2,
                                        .places = w->places,
                                        .slices = slices_of,
                                        .temp_dir = P_tmpdir };
    assert_int_equal(bb_sort_new(&options, &w->sort, NULL), BB_OK);
}

static void end(struct world *w)
{
    bb_sort_free(w->sort);
    bb_places_free(w->places);
    bb_pool_free(w->pool);
    assert_int_equal(w->budget.used_nbytes, 0);
}

/* Rows from … to - 1 of all rows in an order that has nothing to do with theirs. */
static void add_shuffled(struct world *w, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        uint32_t k = (uint32_t)((uint64_t)i * 77777 % ROWS); /* prime to the number of rows */
        struct bb_row row = {
            .start_utc_s = DAY0 + k / PLACES * 300, .place = k % PLACES, .version = 1, .present = 1, .value = { k }
        };
        assert_int_equal(bb_sort_add(w->sort, i / 1000 % 2, &row, 1, NULL), BB_OK);
    }
}

struct seen {
    struct world *w;
    uint64_t n;
    unsigned n_batches, n_with_background;
    enum bb_status result; /* of every batch after the second */
};

static enum bb_status check_order(void *ctx, const struct bb_row *rows, size_t n, struct bb_error *err)
{
    struct seen *seen = ctx;
    seen->n_with_background += (unsigned)bb_pool_has_background(seen->w->pool);
    for (size_t i = 0; i < n; i++, seen->n++)
        if (rows[i].value[0] != (double)seen->n || rows[i].place != seen->n % PLACES ||
            rows[i].start_utc_s != DAY0 + seen->n / PLACES * 300)
            fail_msg("row %llu", (unsigned long long)seen->n);
    if (++seen->n_batches < 3 || seen->result == BB_OK) return BB_OK;
    return bb_fail(err, seen->result, "as told");
}

static void the_oldest_rows_go_and_the_rest_comes_back_with_them(void **state)
{
    (void)state;
    for (unsigned n_threads = 1; n_threads <= 3; n_threads++) {
        struct world w;
        struct seen seen = { .w = &w };
        struct bb_sort_counts counts;
        size_t held;
        begin(&w, n_threads);
        for (uint32_t part = 0; part < 4; part++) {
            add_shuffled(&w, ROWS / 4 * part, ROWS / 4 * (part + 1));
            held = bb_sort_held_nbytes(w.sort);
            assert_int_equal(bb_sort_spill(w.sort, held / 2, NULL), BB_OK);
            assert_in_range(bb_sort_held_nbytes(w.sort), held / 4, held / 2); /* chunks go whole */
        }
        held = bb_sort_held_nbytes(w.sort);
        assert_int_equal(bb_sort_spill(w.sort, held, NULL), BB_OK);
        assert_int_equal(bb_sort_held_nbytes(w.sort), held);
        assert_int_equal(bb_sort_first_instant(w.sort), DAY0);
        assert_int_equal(bb_sort_drain(w.sort, DAY0 + 33 * 300, 3000, check_order, &seen, NULL), BB_OK);
        assert_int_equal(seen.n, 33 * PLACES);
        assert_int_equal(bb_sort_first_instant(w.sort), DAY0 + 33 * 300);
        assert_int_equal(bb_sort_drain(w.sort, UINT32_MAX, 3000, check_order, &seen, NULL), BB_OK);
        assert_int_equal(seen.n, ROWS);
        assert_int_equal(seen.n_with_background, n_threads > 1 ? seen.n_batches : 0);
        assert_false(bb_pool_has_background(w.pool));
        bb_sort_get_counts(w.sort, &counts);
        assert_int_equal(counts.runs, 4);
        assert_in_range(counts.spilled_nbytes, ROWS / 2 * sizeof(struct bb_row), ROWS * sizeof(struct bb_row));
        end(&w);
    }
}

static int nothing(void *ctx, unsigned worker)
{
    (void)ctx;
    (void)worker;
    return 0;
}

static void work_in_the_background_is_left_alone(void **state)
{
    struct world w;
    struct seen seen = { .w = &w };
    (void)state;
    begin(&w, 3);
    add_shuffled(&w, 0, ROWS / 2);
    assert_int_equal(bb_sort_spill(w.sort, 0, NULL), BB_OK);
    add_shuffled(&w, ROWS / 2, ROWS);
    bb_pool_background(w.pool, nothing, NULL);
    assert_int_equal(bb_sort_drain(w.sort, UINT32_MAX, 3000, check_order, &seen, NULL), BB_OK);
    assert_int_equal(seen.n, ROWS);
    assert_true(bb_pool_has_background(w.pool));
    bb_pool_background(w.pool, NULL, NULL);
    end(&w);
}

static void a_failure_of_who_takes_the_rows_ends_the_drain(void **state)
{
    struct world w;
    struct seen seen = { .w = &w, .result = BB_INTERRUPTED };
    struct bb_error err = { 0 };
    (void)state;
    begin(&w, 3);
    add_shuffled(&w, 0, ROWS);
    assert_int_equal(bb_sort_spill(w.sort, 0, NULL), BB_OK);
    assert_int_equal(bb_sort_drain(w.sort, UINT32_MAX, 3000, check_order, &seen, &err), BB_INTERRUPTED);
    assert_string_equal(err.text, "as told");
    assert_int_equal(seen.n_batches, 3);
    assert_false(bb_pool_has_background(w.pool));
    end(&w);
}

static int temp_fd(void)
{
    for (int fd = 3; fd < 64; fd++) {
        char link[32], to[512];
        ssize_t n;
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        n = readlink(link, to, sizeof to - 1);
        if (n <= 0) continue;
        to[n] = 0;
        if (strstr(to, "/#") || strstr(to, ".busbar-rows-")) return fd;
    }
    return -1;
}

/* Found while rows of earlier blocks are used. */
static void damage_in_the_middle_is_found(void **state)
{
    struct world w;
    struct seen seen = { .w = &w };
    struct bb_error err = { 0 };
    char byte;
    int fd;
    (void)state;
    begin(&w, 3);
    add_shuffled(&w, 0, ROWS);
    assert_int_equal(bb_sort_spill(w.sort, 0, NULL), BB_OK);
    assert_true((fd = temp_fd()) >= 0);
    assert_int_equal(pread(fd, &byte, 1, ROWS / 2 * sizeof(struct bb_row)), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, ROWS / 2 * sizeof(struct bb_row)), 1);
    assert_int_equal(bb_sort_drain(w.sort, UINT32_MAX, 3000, check_order, &seen, &err), BB_IO);
    assert_non_null(strstr(err.text, "damaged"));
    assert_in_range(seen.n, ROWS / 4, ROWS / 2);
    end(&w);
}

static void a_full_disk_leaves_earlier_runs_as_they_were(void **state)
{
    struct world w;
    struct seen seen = { .w = &w };
    struct bb_error err = { 0 };
    struct rlimit old, tiny;
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    begin(&w, 3);
    add_shuffled(&w, 0, ROWS / 2);
    assert_int_equal(bb_sort_spill(w.sort, 0, NULL), BB_OK);
    add_shuffled(&w, ROWS / 2, ROWS);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tiny = old;
    tiny.rlim_cur = ROWS / 4 * 3 * sizeof(struct bb_row);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
    assert_int_equal(bb_sort_spill(w.sort, 0, &err), BB_IO);
    assert_non_null(strstr(err.text, "--temp-dir"));
    assert_int_equal(bb_sort_spill(w.sort, bb_sort_held_nbytes(w.sort) / 4 * 3, &err), BB_OK); /* fits */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(bb_sort_drain(w.sort, UINT32_MAX, 3000, check_order, &seen, NULL), BB_OK);
    assert_int_equal(seen.n, ROWS);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_rows_go_and_the_rest_comes_back_with_them),
        cmocka_unit_test(work_in_the_background_is_left_alone),
        cmocka_unit_test(a_failure_of_who_takes_the_rows_ends_the_drain),
        cmocka_unit_test(damage_in_the_middle_is_found),
        cmocka_unit_test(a_full_disk_leaves_earlier_runs_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
