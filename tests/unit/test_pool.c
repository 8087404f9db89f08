/* Background work of the pool. Threads wait for each other through flags, not through time; what must not hang is under an alarm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sched.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/pool.h"

struct work {
    struct bb_pool *pool;
    atomic_int offered; /* pieces left to do */
    atomic_int n_pieces, n_dry, n_tasks, n_by_caller;
    atomic_int entered, gate;
    atomic_uint in_piece; /* bit per worker */
};

static void wait_for(atomic_int *flag, int value)
{
    while (atomic_load(flag) < value) sched_yield();
}

static struct bb_budget budget;

static void begin(struct work *w, unsigned n_threads)
{
    *w = (struct work){ .n_pieces = 0 };
    bb_budget_init(&budget, 0, 0);
    w->pool = bb_pool_new(&budget, n_threads);
    assert_non_null(w->pool);
    assert_int_equal(bb_pool_threads(w->pool), n_threads);
}

static void end(struct work *w)
{
    bb_pool_free(w->pool);
    assert_int_equal(budget.used_nbytes, 0);
}

static int piece(void *ctx, unsigned worker)
{
    struct work *w = ctx;
    if (atomic_fetch_or(&w->in_piece, 1u << worker) >> worker & 1) abort(); /* one worker twice at a time */
    if (worker == 0) w->n_by_caller++;
    int left = atomic_load(&w->offered);
    while (left > 0 && !atomic_compare_exchange_weak(&w->offered, &left, left - 1)) {
    }
    atomic_fetch_and(&w->in_piece, ~(1u << worker));
    if (left <= 0) {
        w->n_dry++;
        return 0;
    }
    w->n_pieces++;
    return 1;
}

static void task_waits_for_pieces(void *ctx, size_t task, unsigned worker)
{
    struct work *w = ctx;
    (void)worker;
    if (task == 0) wait_for(&w->n_pieces, 1000); /* as many as there are: another worker must do them all */
    w->n_tasks++;
}

static void test_pieces_beside_tasks(void **state)
{
    struct work w;
    (void)state;
    for (unsigned n_threads = 2; n_threads <= 4; n_threads++) {
        begin(&w, n_threads);
        for (int again = 1; again <= 20; again++) {
            w.n_pieces = w.n_tasks = 0;
            w.offered = 1000;
            bb_pool_background(w.pool, piece, &w);
            bb_pool_run(w.pool, task_waits_for_pieces, &w, 2 + n_threads);
            assert_int_equal(w.n_tasks, 2 + n_threads);
            assert_int_equal(w.n_pieces, 1000);
        }
        bb_pool_background(w.pool, NULL, NULL);
        end(&w);
    }
}

static int held_piece(void *ctx, unsigned worker)
{
    struct work *w = ctx;
    (void)worker;
    w->entered++;
    wait_for(&w->gate, 1);
    w->n_pieces++;
    return 0;
}

static void plain_task(void *ctx, size_t task, unsigned worker)
{
    struct work *w = ctx;
    (void)task, (void)worker;
    w->n_tasks++;
}

/* The only other worker sits in a piece; the caller does all tasks and does not wait for it, and the end of background work does. */
static void test_long_piece(void **state)
{
    struct work w;
    (void)state;
    begin(&w, 2);
    bb_pool_background(w.pool, held_piece, &w);
    wait_for(&w.entered, 1);
    bb_pool_run(w.pool, plain_task, &w, 50);
    assert_int_equal(w.n_tasks, 50);
    assert_int_equal(w.n_pieces, 0);
    w.gate = 1;
    bb_pool_background(w.pool, NULL, NULL);
    assert_int_equal(w.n_pieces, w.entered);
    end(&w);
}

static int slow_piece(void *ctx, unsigned worker)
{
    struct work *w = ctx;
    (void)worker;
    w->entered++;
    usleep(3000);
    w->entered--;
    return 1;
}

static void test_nobody_inside_after_the_end(void **state)
{
    struct work w;
    (void)state;
    begin(&w, 4);
    for (int i = 0; i < 20; i++) {
        bb_pool_background(w.pool, slow_piece, &w);
        wait_for(&w.entered, 1);
        bb_pool_background(w.pool, NULL, NULL);
        assert_int_equal(w.entered, 0);
        usleep(500);
        assert_int_equal(w.entered, 0);
    }
    end(&w);
}

static void slow_task(void *ctx, size_t task, unsigned worker)
{
    (void)ctx;
    (void)worker;
    usleep(task == 0 ? 1 : 2000);
}

/* What says 0 is left alone until the next offer. Each of the three is asked once: the caller, too, when it waits for another's task. */
static void test_dry(void **state)
{
    struct work w;
    (void)state;
    begin(&w, 3);
    bb_pool_background(w.pool, piece, &w);
    for (int i = 0; i < 1000 && w.n_dry < 3; i++) bb_pool_run(w.pool, slow_task, &w, 2);
    for (int i = 0; i < 20; i++) bb_pool_run(w.pool, plain_task, &w, 10);
    assert_int_equal(w.n_dry, 3);
    int dry = w.n_dry;
    w.offered = 7;
    bb_pool_run(w.pool, plain_task, &w, 10);
    assert_int_equal(w.n_pieces, 0);
    bb_pool_background(w.pool, piece, &w);
    wait_for(&w.n_dry, dry + 1);
    bb_pool_background(w.pool, NULL, NULL);
    assert_int_equal(w.n_pieces, 7);
    end(&w);
}

/* The first piece has found nothing and is about to say so when the next offer comes. */
static int late_to_say_so(void *ctx, unsigned worker)
{
    struct work *w = ctx;
    (void)worker;
    if (w->entered++ == 0) wait_for(&w->gate, 1);
    return 0;
}

static void test_offer_is_not_lost(void **state)
{
    struct work w;
    (void)state;
    for (int i = 0; i < 50; i++) {
        begin(&w, 2);
        bb_pool_background(w.pool, late_to_say_so, &w);
        wait_for(&w.entered, 1);
        bb_pool_background(w.pool, late_to_say_so, &w);
        w.gate = 1;
        wait_for(&w.entered, 2);
        bb_pool_background(w.pool, NULL, NULL);
        assert_int_equal(w.entered, 2);
        end(&w);
    }
}

static void held_task(void *ctx, size_t task, unsigned worker)
{
    struct work *w = ctx;
    (void)task;
    if (worker == 0) { /* until a worker has the other task, which ends when the caller has done a piece */
        wait_for(&w->entered, 1);
    } else {
        w->entered++;
        wait_for(&w->n_by_caller, 1);
    }
    w->n_tasks++;
}

static void test_caller_helps_while_it_waits(void **state)
{
    struct work w;
    (void)state;
    begin(&w, 2);
    w.offered = 1 << 30;
    bb_pool_background(w.pool, piece, &w);
    bb_pool_run(w.pool, held_task, &w, 2);
    assert_int_equal(w.n_tasks, 2);
    bb_pool_background(w.pool, NULL, NULL);
    end(&w);
}

static int note_tasks_left(void *ctx, unsigned worker)
{
    struct work *w = ctx;
    (void)worker;
    if (atomic_load(&w->gate) && atomic_load(&w->n_tasks) < 2000 - 1) w->n_dry++;
    w->n_pieces++;
    return 1;
}

static void gated_task(void *ctx, size_t task, unsigned worker)
{
    struct work *w = ctx;
    (void)worker;
    w->n_tasks++;   /* have begun, but for one that the other worker may just have taken */
    if (task < 2) { /* both workers are in a task: from now on no piece may begin before the last task has */
        w->entered++;
        wait_for(&w->entered, 2);
        w->gate = 1;
    }
}

static void test_tasks_come_first(void **state)
{
    struct work w;
    (void)state;
    begin(&w, 2);
    bb_pool_background(w.pool, note_tasks_left, &w);
    wait_for(&w.n_pieces, 10);
    bb_pool_run(w.pool, gated_task, &w, 2000);
    bb_pool_background(w.pool, NULL, NULL);
    assert_int_equal(w.n_tasks, 2000);
    assert_int_equal(w.n_dry, 0);
    end(&w);
}

static void test_one_thread(void **state)
{
    struct work w;
    (void)state;
    begin(&w, 1);
    w.offered = 5;
    bb_pool_background(w.pool, piece, &w);
    bb_pool_run(w.pool, plain_task, &w, 9);
    bb_pool_background(w.pool, NULL, NULL);
    assert_int_equal(w.n_tasks, 9);
    assert_int_equal(w.n_pieces, 0);
    assert_int_equal(w.offered, 5);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_beside_tasks),
        cmocka_unit_test(test_long_piece),
        cmocka_unit_test(test_nobody_inside_after_the_end),
        cmocka_unit_test(test_dry),
        cmocka_unit_test(test_offer_is_not_lost),
        cmocka_unit_test(test_caller_helps_while_it_waits),
        cmocka_unit_test(test_tasks_come_first),
        cmocka_unit_test(test_one_thread),
    };
    alarm(100);
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
