#include "parquet/pq_shared.h"

void bb_pq_shared_init(struct bb_pq_shared *shared, struct bb_budget *budget)
{
    *shared = (struct bb_pq_shared){ .budget = budget };
    pthread_mutex_init(&shared->mutex, NULL);
}

void bb_pq_shared_reset(struct bb_pq_shared *shared)
{
    bb_free(shared->list);
    pthread_mutex_destroy(&shared->mutex);
}

void bb_pq_shared_add(struct bb_pq_shared *shared, uint64_t from, uint64_t to)
{
    pthread_mutex_lock(&shared->mutex);
    if (shared->n > 0 && shared->list[shared->n - 1].to == from)
        shared->list[shared->n - 1].to = to;
    else if (bb_grow(shared->budget, (void **)&shared->list, &shared->cap, shared->n + 1, sizeof *shared->list))
        shared->list[shared->n++] = (struct bb_pq_interval){ from, to };
    pthread_mutex_unlock(&shared->mutex);
}

/* The first that ends behind offset; n: none. */
static size_t first_behind(const struct bb_pq_shared *shared, uint64_t offset)
{
    size_t low = 0, high = shared->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (shared->list[mid].to > offset)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

int bb_pq_shared_has(struct bb_pq_shared *shared, uint64_t from, uint64_t to)
{
    size_t i;
    int has;
    if (from >= to) return 1;
    pthread_mutex_lock(&shared->mutex);
    i = first_behind(shared, from);
    has = i < shared->n && shared->list[i].from <= from && to <= shared->list[i].to;
    pthread_mutex_unlock(&shared->mutex);
    return has;
}

int bb_pq_shared_has_any(struct bb_pq_shared *shared, uint64_t from, uint64_t to)
{
    size_t i;
    int has;
    if (from >= to) return 0;
    pthread_mutex_lock(&shared->mutex);
    i = first_behind(shared, from);
    has = i < shared->n && shared->list[i].from < to;
    pthread_mutex_unlock(&shared->mutex);
    return has;
}

uint64_t bb_pq_shared_next(struct bb_pq_shared *shared, uint64_t offset)
{
    uint64_t next = UINT64_MAX;
    pthread_mutex_lock(&shared->mutex);
    for (size_t i = first_behind(shared, offset); i < shared->n && next == UINT64_MAX; i++)
        if (shared->list[i].from > offset) next = shared->list[i].from;
    pthread_mutex_unlock(&shared->mutex);
    return next;
}
