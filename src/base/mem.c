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
}

size_t bb_budget_left(const struct bb_budget *budget)
{
    size_t used = atomic_load_explicit(&((struct bb_budget *)budget)->used_nbytes, memory_order_relaxed);
    if (budget->limit_nbytes == 0) return SIZE_MAX;
    return used < budget->limit_nbytes ? budget->limit_nbytes - used : 0;
}

int bb_budget_charge(struct bb_budget *budget, size_t nbytes)
{
    size_t used = atomic_fetch_add_explicit(&budget->used_nbytes, nbytes, memory_order_relaxed) + nbytes;
    size_t peak;
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

void *bb_alloc(struct bb_budget *budget, size_t nbytes)
{
    size_t gross = gross_nbytes(nbytes);
    struct header *h;
    if (nbytes > SIZE_MAX / 2 || fails_on_purpose() || !bb_budget_charge(budget, gross)) return NULL;
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

void *bb_calloc(struct bb_budget *budget, size_t nbytes)
{
    void *p = bb_alloc(budget, nbytes);
    if (p && gross_nbytes(nbytes) < MMAP_FROM_NBYTES) memset(p, 0, nbytes); /* mapped pages are zero already */
    return p;
}

void bb_free(void *p)
{
    struct header *h;
    size_t nbytes;
    if (!p) return;
    h = (struct header *)p - 1;
    nbytes = h->nbytes;
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
    if (gross == old) return p;
    if (CAN_MOVE_PAGES && old >= MMAP_FROM_NBYTES &&
        gross >= MMAP_FROM_NBYTES) { /* moving page tables beats copying */
        if (gross > old && (fails_on_purpose() || !bb_budget_charge(budget, gross - old))) return NULL;
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
