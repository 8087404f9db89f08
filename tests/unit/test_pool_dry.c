/* Background work of the pool: a worker that finds nothing must not send the others home. */
#include "base/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#define N_THREADS 4
#define N_PIECES  20

struct own_work {
    _Atomic int owner; /* the worker who came first, + 1 */
    _Atomic int n_dry, n_done;
};

static void sleep_ms(long ms) { nanosleep(&(struct timespec){ 0, ms * 1000000 }, NULL); }

/* Only the first who comes has work, as with a source that one worker alone may read. */
static int piece(void *ctx, unsigned worker)
{
    struct own_work *w = ctx;
    int none = 0;
    if (!atomic_compare_exchange_strong(&w->owner, &none, (int)worker + 1) && none != (int)worker + 1) {
        w->n_dry++;
        return 0;
    }
    if (w->n_done == 0) {
        for (int ms = 0; ms < 2000 && w->n_dry < N_THREADS - 2; ms++) sleep_ms(1);
        sleep_ms(20); /* so that they are out again */
    }
    return ++w->n_done < N_PIECES;
}

static void wait_for(const struct own_work *w, int n)
{
    for (int ms = 0; ms < 5000 && w->n_done < n; ms++) sleep_ms(1);
}

static void test_dry_worker_does_not_end_the_work_of_others(void **state)
{
    struct bb_budget budget;
    struct bb_pool *pool;
    struct own_work work = { 0 };
    (void)state;
    bb_budget_init(&budget, 0, 0);
    pool = bb_pool_new(&budget, N_THREADS);
    assert_non_null(pool);
    assert_int_equal(bb_pool_threads(pool), N_THREADS);
    bb_pool_background(pool, piece, &work);
    wait_for(&work, N_PIECES);
    assert_int_equal(work.n_done, N_PIECES);
    bb_pool_background(pool, NULL, NULL);
    assert_int_equal(work.n_done, N_PIECES); /* who is dry is asked again only when there is more */
    work.n_done = N_PIECES - 1;
    bb_pool_background(pool, piece, &work);
    wait_for(&work, N_PIECES);
    assert_int_equal(work.n_done, N_PIECES);
    bb_pool_background(pool, NULL, NULL);
    bb_pool_free(pool);
}

struct counted {
    _Atomic int n;
};

static void count(void *ctx, size_t task, unsigned worker)
{
    struct counted *c = ctx;
    (void)task;
    assert_true(worker < N_THREADS);
    c->n++;
}

static void test_tasks_run_once_beside_background_work(void **state)
{
    struct bb_budget budget;
    struct bb_pool *pool;
    struct own_work work = { 0 };
    struct counted counted = { 0 };
    (void)state;
    bb_budget_init(&budget, 0, 0);
    pool = bb_pool_new(&budget, N_THREADS);
    assert_non_null(pool);
    bb_pool_background(pool, piece, &work);
    for (size_t n = 0; n < 200; n++) bb_pool_run(pool, count, &counted, n);
    bb_pool_background(pool, NULL, NULL);
    assert_int_equal(counted.n, 199 * 200 / 2);
    bb_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dry_worker_does_not_end_the_work_of_others),
        cmocka_unit_test(test_tasks_run_once_beside_background_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
