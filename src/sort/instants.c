#include "sort/instants.h"

#include <string.h>

#define COARSE_BUCKETS     2048u
#define MAX_SLOTS          ((uint64_t)4 << 20)
#define MIN_SLOTS          16384u
#define MIN_WINDOW_ROWS    4096u
#define MAX_PARTS          16u
#define PARALLEL_FROM_ROWS 32768u

struct window {
    uint64_t from, end; /* starts of interest */
    uint64_t n_rows;
    uint32_t base;   /* slot of a start = (start - base) / grid */
    uint32_t grid_s; /* divides every start */
    double per_grid;
    size_t n_slots;
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

/* Exact, as every distance is a multiple of the grid; once per row, so not a division. */
static size_t slot_of(const struct window *w, uint32_t start)
{
    return (size_t)((double)(start - w->base) * w->per_grid + 0.5);
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
                uint32_t start = chunk->starts_utc_s[i];
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
static void narrow(const struct bb_row_store *store, struct window *w, uint64_t max_rows, uint32_t *min_ret,
                   uint32_t *max_ret)
{
    while (w->n_rows > max_rows && *min_ret < *max_ret) {
        uint64_t width = ((uint64_t)*max_ret - *min_ret) / COARSE_BUCKETS + 1, sum = 0;
        uint32_t counts[COARSE_BUCKETS] = { 0 }, number, k = 0;
        struct bb_row_walk walk = bb_row_walk_begin(store, w->from, w->end);
        struct bb_stretch s;
        while (bb_row_walk_next(&walk, &number, &s))
            if (s.start_utc_s >= w->from && s.start_utc_s < w->end)
                counts[(s.start_utc_s - *min_ret) / width] += s.n_rows;
        while (k < COARSE_BUCKETS && sum + counts[k] <= max_rows) sum += counts[k++];
        w->end = *min_ret + (uint64_t)BB_MAX(k, 1u) * width;
        survey(store, w, min_ret, max_ret);
    }
}

/* What the threads share: each counts and then places one part of the rows. at[part * n_slots + slot] is first the number of rows of a
 * part in a slot, then the place of the first of them in the index. */
struct grouping {
    const struct window *window;
    const struct bb_row_walk *parts;
    uint32_t *at, *index;
};

static void count_task(void *ctx, size_t part, unsigned worker)
{
    const struct grouping *g = ctx;
    const struct window *w = g->window;
    struct bb_row_walk walk = g->parts[part];
    uint32_t *at = g->at + part * w->n_slots, number;
    struct bb_stretch s;
    (void)worker;
    while (bb_row_walk_next(&walk, &number, &s))
        if (s.start_utc_s >= w->from && s.start_utc_s < w->end) at[slot_of(w, s.start_utc_s)] += s.n_rows;
}

static void scatter_task(void *ctx, size_t part, unsigned worker)
{
    const struct grouping *g = ctx;
    const struct window *w = g->window;
    struct bb_row_walk walk = g->parts[part];
    uint32_t *at = g->at + part * w->n_slots, number;
    struct bb_stretch s;
    (void)worker;
    while (bb_row_walk_next(&walk, &number, &s)) {
        uint32_t *cursor;
        if (s.start_utc_s < w->from || s.start_utc_s >= w->end) continue;
        cursor = &at[slot_of(w, s.start_utc_s)];
        for (uint32_t i = 0; i < s.n_rows; i++) g->index[*cursor + i] = number + i;
        *cursor += s.n_rows;
    }
}

static uint32_t count_instants(const struct window *w, const uint32_t *at, unsigned n_parts)
{
    uint32_t n = 0;
    for (size_t slot = 0; slot < w->n_slots; slot++) {
        uint32_t any = 0;
        for (unsigned part = 0; part < n_parts; part++) any |= at[part * w->n_slots + slot];
        n += any != 0;
    }
    return n;
}

static void number_instants(struct bb_instants *instants, const struct window *w, uint32_t *at, unsigned n_parts)
{
    uint32_t sum = 0, n = 0;
    for (size_t slot = 0; slot < w->n_slots; slot++) {
        uint32_t first = sum;
        for (unsigned part = 0; part < n_parts; part++) {
            uint32_t *cell = &at[part * w->n_slots + slot], n_rows = *cell;
            *cell = sum;
            sum += n_rows;
        }
        if (sum == first) continue;
        instants->start_utc_s[n] = w->base + (uint32_t)slot * w->grid_s;
        instants->first[n++] = first;
    }
    instants->first[n] = sum;
}

static int group_window(struct bb_instants *instants, const struct bb_row_store *store, const struct window *w,
                        struct bb_pool *pool)
{
    struct bb_row_walk all = bb_row_walk_begin(store, w->from, w->end), parts[MAX_PARTS];
    unsigned n_parts = pool ? BB_MIN(bb_pool_threads(pool), MAX_PARTS) : 1;
    struct grouping g = { .window = w, .parts = parts };
    int ok = 0;
    if (w->n_rows < PARALLEL_FROM_ROWS || w->n_slots * n_parts > w->n_rows) n_parts = 1;
    bb_row_walk_split(&all, n_parts, parts);
    g.at = bb_calloc(instants->budget, n_parts * w->n_slots * sizeof *g.at);
    if (g.at) {
        if (n_parts > 1)
            bb_pool_run(pool, count_task, &g, n_parts);
        else
            count_task(&g, 0, 0);
        instants->n = count_instants(w, g.at, n_parts);
        instants->start_utc_s = bb_alloc(instants->budget, (size_t)instants->n * sizeof *instants->start_utc_s);
        instants->first = bb_alloc(instants->budget, ((size_t)instants->n + 1) * sizeof *instants->first);
        instants->index = bb_alloc(instants->budget, (size_t)w->n_rows * sizeof *instants->index);
        ok = instants->start_utc_s && instants->first && instants->index;
    }
    if (ok) {
        number_instants(instants, w, g.at, n_parts);
        g.index = instants->index;
        if (n_parts > 1)
            bb_pool_run(pool, scatter_task, &g, n_parts);
        else
            scatter_task(&g, 0, 0);
    }
    bb_free(g.at);
    if (!ok) bb_instants_reset(instants);
    return ok;
}

enum bb_status bb_instants_group(struct bb_instants *instants, const struct bb_row_store *store,
                                 struct bb_pool *pool, uint64_t from_utc_s, uint64_t end_utc_s,
                                 size_t allowance_nbytes, uint64_t *done_ret, struct bb_error *err)
{
    /* 4 bytes of index per row, 8 per instant of which there are few, 4 per slot */
    uint64_t max_rows = BB_MAX(allowance_nbytes / 6, MIN_WINDOW_ROWS);
    uint64_t max_slots = BB_MIN(BB_MAX((uint64_t)allowance_nbytes / 16, MIN_SLOTS), MAX_SLOTS);
    struct window w = { .from = from_utc_s, .end = end_utc_s, .grid_s = BB_GRID_S };
    uint32_t min, max;
    bb_instants_reset(instants);
    *done_ret = end_utc_s;
    survey(store, &w, &min, &max);
    if (w.n_rows == 0) return BB_OK;
    for (unsigned i = 0; i < store->n_lanes; i++) w.grid_s = BB_MIN(w.grid_s, store->lanes[i].grid_s);
    w.per_grid = 1.0 / w.grid_s;
    w.base = min;
    for (;;) {
        if ((max - min) / w.grid_s >= max_slots) {
            w.end = min + max_slots * w.grid_s;
            survey(store, &w, &min, &max);
        }
        narrow(store, &w, max_rows, &min, &max);
        w.n_slots = (max - min) / w.grid_s + 1;
        *done_ret = w.end;
        if (group_window(instants, store, &w, pool)) return BB_OK;
        /* more instants per row than expected, or less memory: a smaller part may do */
        if ((max_rows <= MIN_WINDOW_ROWS && max_slots <= MIN_SLOTS) || min == max)
            return bb_fail_budget(err, instants->budget, "putting the rows into order");
        max_rows = BB_MAX(BB_MIN(max_rows, w.n_rows) / 2, MIN_WINDOW_ROWS);
        max_slots = BB_MAX(max_slots / 2, MIN_SLOTS);
    }
}
