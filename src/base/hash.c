#include "base/hash.h"
#include "base/mem.h"

#include <stdio.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

struct bb_hasher {
    void *block; /* what bb_alloc gave; the state inside is aligned to 64 bytes as XXH3 needs it */
    XXH3_state_t *state;
};

uint64_t bb_hash64(const void *p, size_t n) { return XXH3_64bits(p, n); }

struct bb_hasher *bb_hasher_new(struct bb_budget *budget)
{
    struct bb_hasher *h = bb_alloc(budget, sizeof *h);
    if (!h) return NULL;
    h->block = bb_alloc(budget, sizeof(XXH3_state_t) + 64);
    if (!h->block) {
        bb_free(h);
        return NULL;
    }
    h->state = (XXH3_state_t *)(((uintptr_t)h->block + 63) & ~(uintptr_t)63);
    XXH3_128bits_reset(h->state);
    return h;
}

void bb_hasher_free(struct bb_hasher *h)
{
    if (!h) return;
    bb_free(h->block);
    bb_free(h);
}

void bb_hasher_update(struct bb_hasher *h, const void *p, size_t n) { XXH3_128bits_update(h->state, p, n); }

void bb_hasher_hex(const struct bb_hasher *h, char hex[33])
{
    XXH128_hash_t sum = XXH3_128bits_digest(h->state);
    snprintf(hex, 33, "%016llx%016llx", (unsigned long long)sum.high64, (unsigned long long)sum.low64);
}
