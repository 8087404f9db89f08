#include "base/pool.h"

#include <pthread.h>

#define STACK_NBYTES ((size_t)512 << 10)

struct worker {
    struct bb_pool *pool;
    unsigned index;
    unsigned long dry_offer; /* the background work in which it found nothing to do; others still may */
    pthread_t thread;
};

struct bb_pool {
    unsigned n_threads;
    struct bb_budget *budget;
    struct worker
        *workers; /* n_threads; the first one is the caller, who has no thread of the pool. NULL: only he */
    pthread_mutex_t mutex; /* of everything below: a task is long beside it */
    pthread_cond_t wake, done;
    int stop;
    bb_pool_task fn;
    void *ctx;
    size_t n_tasks, next_task, n_done;
    bb_pool_piece piece;
    void *piece_ctx;
    unsigned n_in_pieces;
    unsigned long n_offers; /* of background work: who was dry before the last one may not be dry any more */
};

/* The mutex is held before and after. */
static void take_tasks(struct bb_pool *pool, unsigned worker)
{
    while (pool->next_task < pool->n_tasks) {
        bb_pool_task fn = pool->fn;
        void *ctx = pool->ctx;
        size_t task = pool->next_task++;
        pthread_mutex_unlock(&pool->mutex);
        fn(ctx, task, worker);
        pthread_mutex_lock(&pool->mutex);
        if (++pool->n_done == pool->n_tasks) pthread_cond_signal(&pool->done);
    }
}

static int has_piece(const struct bb_pool *pool, unsigned worker)
{
    return pool->piece && pool->workers[worker].dry_offer != pool->n_offers;
}

static void do_piece(struct bb_pool *pool, unsigned worker)
{
    bb_pool_piece fn = pool->piece;
    void *ctx = pool->piece_ctx;
    unsigned long offer = pool->n_offers;
    int more;
    pool->n_in_pieces++;
    pthread_mutex_unlock(&pool->mutex);
    more = fn(ctx, worker);
    pthread_mutex_lock(&pool->mutex);
    if (!more) pool->workers[worker].dry_offer = offer;
    if (--pool->n_in_pieces == 0) pthread_cond_signal(&pool->done);
}

static void *worker_main(void *arg)
{
    struct worker *self = arg;
    struct bb_pool *pool = self->pool;
    pthread_mutex_lock(&pool->mutex);
    while (!pool->stop) {
        if (pool->next_task < pool->n_tasks)
            take_tasks(pool, self->index);
        else if (has_piece(pool, self->index))
            do_piece(pool, self->index);
        else
            pthread_cond_wait(&pool->wake, &pool->mutex);
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
    pool->workers = bb_calloc(budget, n_threads * sizeof *pool->workers);
    if (!pool->workers) {
        bb_pool_free(pool);
        return NULL;
    }
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_NBYTES);
    while (pool->n_threads < n_threads) {
        struct worker *w = &pool->workers[pool->n_threads];
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
        pthread_join(pool->workers[i].thread, NULL);
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
    if (pool->n_threads == 1 || n_tasks == 1) {
        for (size_t task = 0; task < n_tasks; task++) fn(ctx, task, 0);
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    pool->fn = fn;
    pool->ctx = ctx;
    pool->n_tasks = n_tasks;
    pool->next_task = pool->n_done = 0;
    pthread_cond_broadcast(&pool->wake);
    take_tasks(pool, 0);
    while (pool->n_done < pool->n_tasks) {
        if (has_piece(pool, 0))
            do_piece(pool, 0);
        else
            pthread_cond_wait(&pool->done, &pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
}

void bb_pool_background(struct bb_pool *pool, bb_pool_piece fn, void *ctx)
{
    pthread_mutex_lock(&pool->mutex);
    pool->piece = fn;
    pool->piece_ctx = ctx;
    pool->n_offers++;
    if (fn) pthread_cond_broadcast(&pool->wake);
    while (!fn && pool->n_in_pieces > 0) pthread_cond_wait(&pool->done, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}

int bb_pool_has_background(const struct bb_pool *pool) { return pool->piece != NULL; }
