#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

_Atomic long bb_mem_fail_countdown;

/* The thread sanitizer does not see mremap: it would take a block that moves to where another thread had one for shared. */
#if defined(__SANITIZE_THREAD__)
#define CAN_MOVE_PAGES 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CAN_MOVE_PAGES 0
#endif
#endif
#ifndef CAN_MOVE_PAGES
#define CAN_MOVE_PAGES 1
#endif

#define HUGE_PAGE_NBYTES ((size_t)2 << 20)
#define MMAP_FROM_NBYTES ((size_t)256 << 10) /* below this the heap is faster and its waste is small */

struct header { /* 16 bytes before every block */
    struct bb_budget *budget;
    size_t nbytes; /* including this header; rounded to pages when mapped */
};
_Static_assert(sizeof(struct header) == 16, "blocks must stay 16-byte aligned");

void bb_budget_init(struct bb_budget *budget, size_t limit_nbytes, size_t base_nbytes)
{
    budget->limit_nbytes = limit_nbytes;
    atomic_init(&budget->used_nbytes, base_nbytes);
    atomic_init(&budget->peak_nbytes, base_nbytes);
    atomic_init(&budget->kept_nbytes, 0);
    pthread_mutex_init(&budget->mutex, NULL);
    budget->n_kept = 0;
    budget->keeps = 0;
    budget->reclaim = NULL;
    budget->reclaim_ctx = NULL;
}

/* ---- lent memory ---- */

int bb_budget_set_lender(struct bb_budget *budget, void (*reclaim)(void *ctx, size_t nbytes), void *ctx)
{
    if (reclaim && budget->reclaim) return 0;
    budget->reclaim = reclaim;
    budget->reclaim_ctx = ctx;
    return 1;
}

void bb_budget_lend(struct bb_budget *budget, size_t nbytes)
{
    atomic_fetch_add_explicit(&budget->kept_nbytes, nbytes, memory_order_relaxed);
}

void bb_budget_take_back(struct bb_budget *budget, size_t nbytes)
{
    atomic_fetch_sub_explicit(&budget->kept_nbytes, nbytes, memory_order_relaxed);
}

/* ---- kept blocks ---- */

void bb_budget_keep_blocks(struct bb_budget *budget) { budget->keeps = 1; }

static void forget_kept(struct bb_budget *budget, unsigned i)
{
    atomic_fetch_sub_explicit(&budget->kept_nbytes, budget->kept[i].nbytes, memory_order_relaxed);
    budget->n_kept--;
    memmove(&budget->kept[i], &budget->kept[i + 1], (budget->n_kept - i) * sizeof budget->kept[0]);
}

/* Gives kept blocks back to the system until no more than allowed_nbytes are in use. */
static void give_back(struct bb_budget *budget, size_t allowed_nbytes)
{
    if (!budget->keeps) return;
    pthread_mutex_lock(&budget->mutex);
    while (budget->n_kept > 0 &&
           atomic_load_explicit(&budget->used_nbytes, memory_order_relaxed) > allowed_nbytes) {
        size_t nbytes = budget->kept[0].nbytes;
        munmap(budget->kept[0].block, nbytes);
        forget_kept(budget, 0);
        atomic_fetch_sub_explicit(&budget->used_nbytes, nbytes, memory_order_relaxed);
    }
    pthread_mutex_unlock(&budget->mutex);
}

/* Block by block, and not under the lock, so that nobody waits; counted off before, so that nobody finds no room for a block that is on its way. */
void bb_budget_give_kept_back(struct bb_budget *budget)
{
    for (;;) {
        size_t nbytes = 0;
        void *block = NULL;
        pthread_mutex_lock(&budget->mutex);
        if (budget->n_kept > 0) {
            block = budget->kept[0].block;
            nbytes = budget->kept[0].nbytes;
            forget_kept(budget, 0);
            atomic_fetch_sub_explicit(&budget->used_nbytes, nbytes, memory_order_relaxed);
        }
        pthread_mutex_unlock(&budget->mutex);
        if (!block) return;
        munmap(block, nbytes);
    }
}

void bb_budget_drop_kept(struct bb_budget *budget)
{
    give_back(budget, 0);
    budget->keeps = 0;
}

/* 1 when the block stays; otherwise it is still the caller's. */
static int keep(struct bb_budget *budget, void *block, size_t nbytes)
{
    int kept = 0;
    if (!budget->keeps ||
        atomic_load_explicit(&budget->used_nbytes, memory_order_relaxed) > budget->limit_nbytes / 4 * 3)
        return 0;
    pthread_mutex_lock(&budget->mutex);
    if (budget->n_kept < BB_MAX_KEPT) {
        budget->kept[budget->n_kept].block = block;
        budget->kept[budget->n_kept++].nbytes = nbytes;
        atomic_fetch_add_explicit(&budget->kept_nbytes, nbytes, memory_order_relaxed);
        kept = 1;
    }
    pthread_mutex_unlock(&budget->mutex);
    return kept;
}

/* The best fitting block of at most an eighth more than gross bytes; NULL when there is none. */
static void *take_kept(struct bb_budget *budget, size_t gross, size_t *nbytes_ret)
{
    void *block = NULL;
    unsigned best = BB_MAX_KEPT;
    if (!budget->keeps || atomic_load_explicit(&budget->kept_nbytes, memory_order_relaxed) < gross) return NULL;
    pthread_mutex_lock(&budget->mutex);
    for (unsigned i = budget->n_kept; i-- > 0;) {
        size_t nbytes = budget->kept[i].nbytes;
        if (nbytes < gross || nbytes > gross + gross / 8) continue;
        if (best == BB_MAX_KEPT || nbytes < budget->kept[best].nbytes) best = i;
        if (nbytes == gross) break;
    }
    if (best < BB_MAX_KEPT) {
        block = budget->kept[best].block;
        *nbytes_ret = budget->kept[best].nbytes;
        forget_kept(budget, best);
    }
    pthread_mutex_unlock(&budget->mutex);
    return block;
}

size_t bb_budget_left(const struct bb_budget *budget)
{
    struct bb_budget *b = (struct bb_budget *)budget;
    size_t used = atomic_load_explicit(&b->used_nbytes, memory_order_relaxed),
           kept = atomic_load_explicit(&b->kept_nbytes, memory_order_relaxed);
    if (budget->limit_nbytes == 0) return SIZE_MAX;
    used -= BB_MIN(kept, used);
    return used < budget->limit_nbytes ? budget->limit_nbytes - used : 0;
}

int bb_budget_charge(struct bb_budget *budget, size_t nbytes)
{
    size_t used = atomic_fetch_add_explicit(&budget->used_nbytes, nbytes, memory_order_relaxed) + nbytes;
    size_t peak;
    if (budget->limit_nbytes != 0 && used > budget->limit_nbytes) {
        give_back(budget, budget->limit_nbytes);
        used = atomic_load_explicit(&budget->used_nbytes, memory_order_relaxed);
        if (used > budget->limit_nbytes && budget->reclaim) {
            budget->reclaim(budget->reclaim_ctx, used - budget->limit_nbytes);
            give_back(budget, budget->limit_nbytes); /* what was reclaimed may have been kept */
            used = atomic_load_explicit(&budget->used_nbytes, memory_order_relaxed);
        }
    }
    if (budget->limit_nbytes != 0 && used > budget->limit_nbytes) {
        atomic_fetch_sub_explicit(&budget->used_nbytes, nbytes, memory_order_relaxed);
        return 0;
    }
    peak = atomic_load_explicit(&budget->peak_nbytes, memory_order_relaxed);
    while (used > peak && !atomic_compare_exchange_weak_explicit(&budget->peak_nbytes, &peak, used,
                                                                 memory_order_relaxed, memory_order_relaxed)) {
    }
    return 1;
}

void bb_budget_release(struct bb_budget *budget, size_t nbytes)
{
    atomic_fetch_sub_explicit(&budget->used_nbytes, nbytes, memory_order_relaxed);
}

static int fails_on_purpose(void)
{
    if (BB_LIKELY(atomic_load_explicit(&bb_mem_fail_countdown, memory_order_relaxed) == 0)) return 0;
    return atomic_fetch_sub(&bb_mem_fail_countdown, 1) == 1;
}

static size_t gross_nbytes(size_t nbytes)
{
    size_t gross = nbytes + sizeof(struct header);
    if (gross >= MMAP_FROM_NBYTES) gross = (gross + 4095) & ~(size_t)4095;
    return gross;
}

/* Blocks of 2 MiB and more are aligned for and offered to the kernel as huge pages: filling fresh memory then costs 6 instead
 * of 37 ns per 48-byte row on a virtual machine. Where the kernel declines, nothing changes. */
static void *map(size_t gross)
{
    size_t extra = gross >= HUGE_PAGE_NBYTES ? HUGE_PAGE_NBYTES : 0, before;
    char *p = mmap(NULL, gross + extra, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return NULL;
    if (!extra) return p;
    before = (HUGE_PAGE_NBYTES - ((uintptr_t)p & (HUGE_PAGE_NBYTES - 1))) & (HUGE_PAGE_NBYTES - 1);
    if (before > 0) munmap(p, before);
    if (extra > before) munmap(p + before + gross, extra - before);
    madvise(p + before, gross, MADV_HUGEPAGE);
    return p + before;
}

/* cleared_ret: NULL, or whether all bytes are zero. */
static void *allocate(struct bb_budget *budget, size_t nbytes, int *cleared_ret)
{
    size_t gross = gross_nbytes(nbytes), kept_nbytes;
    struct header *h;
    if (nbytes > SIZE_MAX / 2 || fails_on_purpose()) return NULL;
    if (gross >= MMAP_FROM_NBYTES && (h = take_kept(budget, gross, &kept_nbytes))) {
        h->budget = budget;
        h->nbytes = kept_nbytes;
        return h + 1;
    }
    if (cleared_ret) *cleared_ret = gross >= MMAP_FROM_NBYTES;
    if (!bb_budget_charge(budget, gross)) return NULL;
    if (gross >= MMAP_FROM_NBYTES) {
        h = map(gross);
    } else {
        h = malloc(gross);
    }
    if (!h) {
        bb_budget_release(budget, gross);
        return NULL;
    }
    h->budget = budget;
    h->nbytes = gross;
    return h + 1;
}

void *bb_alloc(struct bb_budget *budget, size_t nbytes) { return allocate(budget, nbytes, NULL); }

void *bb_calloc(struct bb_budget *budget, size_t nbytes)
{
    int cleared = 0;
    void *p = allocate(budget, nbytes, &cleared);
    if (p && !cleared) memset(p, 0, nbytes);
    return p;
}

void bb_free(void *p)
{
    struct header *h;
    size_t nbytes;
    if (!p) return;
    h = (struct header *)p - 1;
    nbytes = h->nbytes;
    if (nbytes >= MMAP_FROM_NBYTES && keep(h->budget, h, nbytes)) return;
    bb_budget_release(h->budget, nbytes);
    if (nbytes >= MMAP_FROM_NBYTES) {
        munmap(h, nbytes);
    } else {
        free(h);
    }
}

void *bb_realloc(struct bb_budget *budget, void *p, size_t nbytes)
{
    struct header *h, *moved;
    size_t gross = gross_nbytes(nbytes), old;
    void *fresh;
    if (!p) return bb_alloc(budget, nbytes);
    h = (struct header *)p - 1;
    old = h->nbytes;
    if (gross == old || (gross < old && gross > old / 8 * 7)) return p;
    if (CAN_MOVE_PAGES && old >= MMAP_FROM_NBYTES &&
        gross >= MMAP_FROM_NBYTES) { /* moving page tables beats copying */
        size_t kept_nbytes;
        if (gross > old && fails_on_purpose()) return NULL;
        if (gross > old && (moved = take_kept(budget, gross, &kept_nbytes))) { /* but not clearing pages */
            memcpy(moved, h, old);
            moved->nbytes = kept_nbytes;
            bb_free(p);
            return moved + 1;
        }
        if (gross > old && !bb_budget_charge(budget, gross - old)) return NULL;
        moved = mremap(h, old, gross, MREMAP_MAYMOVE);
        if (moved == MAP_FAILED) {
            if (gross > old) bb_budget_release(budget, gross - old);
            return NULL;
        }
        if (gross < old) bb_budget_release(budget, old - gross);
        moved->nbytes = gross;
        return moved + 1;
    }
    fresh = bb_alloc(budget, nbytes);
    if (!fresh) return NULL;
    memcpy(fresh, p, BB_MIN(old - sizeof *h, nbytes));
    bb_free(p);
    return fresh;
}

int bb_grow(struct bb_budget *budget, void **array, size_t *cap, size_t need, size_t element_nbytes)
{
    size_t fresh = *cap ? *cap : 16;
    void *moved;
    if (need <= *cap) return 1;
    while (fresh < need) {
        if (fresh > SIZE_MAX / 4 / element_nbytes) return 0;
        fresh *= 2;
    }
    moved = bb_realloc(budget, *array, fresh * element_nbytes);
    if (!moved) return 0;
    *array = moved;
    *cap = fresh;
    return 1;
}

enum bb_status bb_fail_budget(struct bb_error *err, const struct bb_budget *budget, const char *what)
{
    return bb_fail(err, BB_BUDGET, "the memory budget of %zu MB is too small for %s; give more with --memory-limit",
                   budget->limit_nbytes >> 20, what);
}
