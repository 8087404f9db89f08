#include "sort/instants.h"

#include <string.h>

#define COARSE_BUCKETS  2048u
#define MAX_SLOTS       ((uint64_t)1 << 26) /* two years of seconds in 12 MB */
#define MIN_WINDOW_ROWS 4096u

struct window {
    uint64_t from, end; /* starts of interest */
    uint64_t n_rows;
    uint32_t base; /* slot of a start = (start - base) / grid */
    uint32_t grid_s;
    size_t n_slots;
};

/* A set of slots that knows how many members lie before each: the dense number of an instant. */
struct slot_set {
    uint64_t *bits;
    uint32_t *before; /* members in earlier words */
};

void bb_instants_init(struct bb_instants *instants, struct bb_budget *budget)
{
    memset(instants, 0, sizeof *instants);
    instants->budget = budget;
}

void bb_instants_reset(struct bb_instants *instants)
{
    bb_free(instants->start_utc_s);
    bb_free(instants->first);
    bb_free(instants->index);
    bb_instants_init(instants, instants->budget);
}

static size_t slot_of(const struct window *w, uint32_t start)
{
    uint32_t distance = start - w->base;
    return w->grid_s == 1 ? distance : distance / 60;
}

static uint32_t dense_of(const struct slot_set *set, size_t slot)
{
    uint64_t below = ((uint64_t)1 << (slot & 63)) - 1;
    return set->before[slot >> 6] + (uint32_t)__builtin_popcountll(set->bits[slot >> 6] & below);
}

/* Counts the rows in [from, end) and their span; looks at rows only in chunks that lie across a border. */
static void survey(const struct bb_row_store *store, struct window *w, uint32_t *min_ret, uint32_t *max_ret)
{
    uint32_t min = UINT32_MAX, max = 0;
    w->n_rows = 0;
    for (unsigned l = 0; l < store->n_lanes; l++) {
        for (size_t c = 0; c < store->lanes[l].n_chunks; c++) {
            const struct bb_row_chunk *chunk = store->lanes[l].chunks[c];
            if (chunk->n_rows == 0 || chunk->max_utc_s < w->from || chunk->min_utc_s >= w->end) continue;
            if (chunk->min_utc_s >= w->from && chunk->max_utc_s < w->end) {
                w->n_rows += chunk->n_rows;
                min = BB_MIN(min, chunk->min_utc_s);
                max = BB_MAX(max, chunk->max_utc_s);
                continue;
            }
            for (uint32_t i = 0; i < chunk->n_rows; i++) {
                uint32_t start = chunk->rows[i].start_utc_s;
                if (start < w->from || start >= w->end) continue;
                w->n_rows++;
                min = BB_MIN(min, start);
                max = BB_MAX(max, start);
            }
        }
    }
    *min_ret = min;
    *max_ret = max;
}

/* Moves w->end down until at most max_rows rows or a single second are left. */
static void narrow(const struct bb_row_store *store, struct window *w, uint64_t max_rows, uint32_t *min_ret, uint32_t *max_ret)
{
    while (w->n_rows > max_rows && *min_ret < *max_ret) {
        uint64_t width = ((uint64_t)*max_ret - *min_ret) / COARSE_BUCKETS + 1, sum = 0;
        uint32_t counts[COARSE_BUCKETS] = { 0 }, number, k = 0;
        struct bb_row_walk walk = bb_row_walk_begin(store, w->from, w->end);
        struct bb_stretch s;
        while (bb_row_walk_next(&walk, &number, &s))
            if (s.start_utc_s >= w->from && s.start_utc_s < w->end) counts[(s.start_utc_s - *min_ret) / width] += s.n_rows;
        while (k < COARSE_BUCKETS && sum + counts[k] <= max_rows) sum += counts[k++];
        w->end = *min_ret + (uint64_t)BB_MAX(k, 1u) * width;
        survey(store, w, min_ret, max_ret);
    }
}

static int mark(const struct bb_row_store *store, const struct window *w, struct bb_instants *instants, struct slot_set *set)
{
    size_t n_words = (w->n_slots + 63) / 64;
    struct bb_row_walk walk = bb_row_walk_begin(store, w->from, w->end);
    struct bb_stretch s;
    uint32_t number, n = 0;
    set->bits = bb_calloc(instants->budget, n_words * sizeof *set->bits);
    set->before = bb_alloc(instants->budget, n_words * sizeof *set->before);
    if (!set->bits || !set->before) return 0;
    while (bb_row_walk_next(&walk, &number, &s)) {
        size_t slot;
        if (s.start_utc_s < w->from || s.start_utc_s >= w->end) continue;
        slot = slot_of(w, s.start_utc_s);
        set->bits[slot >> 6] |= (uint64_t)1 << (slot & 63);
    }
    for (size_t i = 0; i < n_words; i++) {
        set->before[i] = n;
        n += (uint32_t)__builtin_popcountll(set->bits[i]);
    }
    instants->n = n;
    instants->start_utc_s = bb_alloc(instants->budget, (size_t)n * sizeof *instants->start_utc_s);
    if (!instants->start_utc_s) return 0;
    n = 0;
    for (size_t i = 0; i < n_words; i++)
        for (uint64_t bits = set->bits[i]; bits; bits &= bits - 1)
            instants->start_utc_s[n++] = w->base + (uint32_t)(i * 64 + (size_t)__builtin_ctzll(bits)) * w->grid_s;
    return 1;
}

static int scatter(const struct bb_row_store *store, const struct window *w, struct bb_instants *instants,
                   const struct slot_set *set)
{
    uint32_t *first, number;
    struct bb_row_walk walk = bb_row_walk_begin(store, w->from, w->end);
    struct bb_stretch s;
    instants->first = first = bb_calloc(instants->budget, ((size_t)instants->n + 2) * sizeof *first);
    instants->index = bb_alloc(instants->budget, (size_t)w->n_rows * sizeof *instants->index);
    if (!first || !instants->index) return 0;
    while (bb_row_walk_next(&walk, &number, &s))
        if (s.start_utc_s >= w->from && s.start_utc_s < w->end) first[dense_of(set, slot_of(w, s.start_utc_s)) + 2] += s.n_rows;
    for (uint32_t i = 2; i < instants->n + 2; i++) first[i] += first[i - 1];
    /* first[i + 1] now is where instant i begins; as its cursor it ends up where instant i + 1 begins */
    walk = bb_row_walk_begin(store, w->from, w->end);
    while (bb_row_walk_next(&walk, &number, &s)) {
        uint32_t *cursor;
        if (s.start_utc_s < w->from || s.start_utc_s >= w->end) continue;
        cursor = &first[dense_of(set, slot_of(w, s.start_utc_s)) + 1];
        for (uint32_t i = 0; i < s.n_rows; i++) instants->index[*cursor + i] = number + i;
        *cursor += s.n_rows;
    }
    return 1;
}

static int group_window(struct bb_instants *instants, const struct bb_row_store *store, const struct window *w)
{
    struct slot_set set = { NULL, NULL };
    int ok = mark(store, w, instants, &set) && scatter(store, w, instants, &set);
    bb_free(set.bits);
    bb_free(set.before);
    if (!ok) bb_instants_reset(instants);
    return ok;
}

enum bb_status bb_instants_group(struct bb_instants *instants, const struct bb_row_store *store, uint64_t from_utc_s,
                                 uint64_t end_utc_s, size_t allowance_nbytes, uint64_t *done_ret, struct bb_error *err)
{
    /* 4 bytes of index per row, and 8 per instant of which there are few; 12 bytes per 64 slots */
    uint64_t max_rows = BB_MAX(allowance_nbytes / 5, MIN_WINDOW_ROWS);
    uint64_t max_slots = BB_MIN(BB_MAX((uint64_t)allowance_nbytes / 4 * 5, 65536), MAX_SLOTS);
    struct window w = { .from = from_utc_s, .end = end_utc_s, .grid_s = 60 };
    uint32_t min, max;
    bb_instants_reset(instants);
    *done_ret = end_utc_s;
    survey(store, &w, &min, &max);
    if (w.n_rows == 0) return BB_OK;
    for (unsigned i = 0; i < store->n_lanes; i++) w.grid_s = BB_MIN(w.grid_s, store->lanes[i].grid_s);
    for (;;) {
        w.base = min - min % w.grid_s;
        if (((uint64_t)max - w.base) / w.grid_s >= max_slots) {
            w.end = w.base + max_slots * w.grid_s;
            survey(store, &w, &min, &max);
        }
        narrow(store, &w, max_rows, &min, &max);
        w.n_slots = (max - w.base) / w.grid_s + 1;
        *done_ret = w.end;
        if (group_window(instants, store, &w)) return BB_OK;
        /* more instants per row than expected, or less memory: a smaller part may do */
        if ((max_rows <= MIN_WINDOW_ROWS && max_slots <= 65536) || min == max)
            return bb_fail_budget(err, instants->budget, "putting the rows into order");
        max_rows = BB_MAX(BB_MIN(max_rows, w.n_rows) / 2, MIN_WINDOW_ROWS);
        max_slots = BB_MAX(max_slots / 2, 65536);
    }
}
