#include "base/pool.h"

#include <pthread.h>

#define STACK_NBYTES ((size_t)512 << 10)

struct worker {
    struct bb_pool *pool;
    unsigned index;
    pthread_t thread;
};

struct bb_pool {
    unsigned n_threads;
    struct bb_budget *budget;
    struct worker *workers; /* n_threads - 1: the caller is worker 0 */
    pthread_mutex_t mutex;
    pthread_cond_t wake, done;
    unsigned long round; /* counts bb_pool_run calls */
    unsigned n_busy;
    int stop;
    bb_pool_task fn;
    void *ctx;
    size_t n_tasks;
    _Atomic size_t next_task;
};

static void take_tasks(struct bb_pool *pool, unsigned worker)
{
    for (;;) {
        size_t task = atomic_fetch_add(&pool->next_task, 1);
        if (task >= pool->n_tasks) return;
        pool->fn(pool->ctx, task, worker);
    }
}

static void *worker_main(void *arg)
{
    struct worker *self = arg;
    struct bb_pool *pool = self->pool;
    unsigned long seen = 0;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while (pool->round == seen && !pool->stop) pthread_cond_wait(&pool->wake, &pool->mutex);
        if (pool->stop) break;
        seen = pool->round;
        pthread_mutex_unlock(&pool->mutex);
        take_tasks(pool, self->index);
        pthread_mutex_lock(&pool->mutex);
        if (--pool->n_busy == 0) pthread_cond_signal(&pool->done);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

struct bb_pool *bb_pool_new(struct bb_budget *budget, unsigned n_threads)
{
    struct bb_pool *pool = bb_calloc(budget, sizeof *pool);
    pthread_attr_t attr;
    if (!pool) return NULL;
    pool->budget = budget;
    pool->n_threads = 1;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    if (n_threads <= 1) return pool;
    pool->workers = bb_calloc(budget, (n_threads - 1) * sizeof *pool->workers);
    if (!pool->workers) {
        bb_pool_free(pool);
        return NULL;
    }
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_NBYTES);
    while (pool->n_threads < n_threads) {
        struct worker *w = &pool->workers[pool->n_threads - 1];
        w->pool = pool;
        w->index = pool->n_threads;
        if (!bb_budget_charge(budget, STACK_NBYTES)) break;
        if (pthread_create(&w->thread, &attr, worker_main, w) != 0) {
            bb_budget_release(budget, STACK_NBYTES);
            break;
        }
        pool->n_threads++;
    }
    pthread_attr_destroy(&attr);
    return pool; /* with fewer workers than asked for if the system has no more: the result does not depend on it */
}

void bb_pool_free(struct bb_pool *pool)
{
    if (!pool) return;
    pthread_mutex_lock(&pool->mutex);
    pool->stop = 1;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 1; i < pool->n_threads; i++) {
        pthread_join(pool->workers[i - 1].thread, NULL);
        bb_budget_release(pool->budget, STACK_NBYTES);
    }
    pthread_cond_destroy(&pool->wake);
    pthread_cond_destroy(&pool->done);
    pthread_mutex_destroy(&pool->mutex);
    bb_free(pool->workers);
    bb_free(pool);
}

unsigned bb_pool_threads(const struct bb_pool *pool) { return pool->n_threads; }

void bb_pool_run(struct bb_pool *pool, bb_pool_task fn, void *ctx, size_t n_tasks)
{
    if (n_tasks == 0) return;
    pool->fn = fn;
    pool->ctx = ctx;
    pool->n_tasks = n_tasks;
    atomic_store(&pool->next_task, 0);
    if (pool->n_threads == 1 || n_tasks == 1) {
        take_tasks(pool, 0);
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    pool->n_busy = pool->n_threads - 1;
    pool->round++;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    take_tasks(pool, 0);
    pthread_mutex_lock(&pool->mutex);
    while (pool->n_busy > 0) pthread_cond_wait(&pool->done, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}
