#include "sort/row_store.h"

#include <string.h>

#define SMALL_ROWS BB_UNIT_ROWS
#define LARGE_ROWS (8 * BB_UNIT_ROWS)
#define HUGE_ROWS                                                                                                  \
    (40 * BB_UNIT_ROWS) /* just over 2 MiB: a huge page, which fills four times as fast as small ones */
#define TOO_MANY   (BB_CHUNK_STRETCHES + 1)
#define HUGE_SHARE 24u                                /* of the budget */
#define MAX_UNITS  ((size_t)1 << (32 - BB_UNIT_BITS)) /* row numbers are 32 bits */

int bb_row_store_init(struct bb_row_store *store, struct bb_budget *budget, unsigned n_lanes)
{
    memset(store, 0, sizeof *store);
    store->budget = budget;
    store->lanes = bb_calloc(budget, n_lanes * sizeof *store->lanes);
    if (!store->lanes) return 0;
    store->n_lanes = n_lanes;
    for (unsigned i = 0; i < n_lanes; i++) {
        store->lanes[i].grid_s = BB_GRID_S;
        atomic_init(&store->lanes[i].min_utc_s, UINT32_MAX);
    }
    return 1;
}

void bb_row_store_reset(struct bb_row_store *store)
{
    for (unsigned i = 0; i < store->n_lanes; i++) {
        for (size_t c = 0; c < store->lanes[i].n_chunks; c++) bb_free(store->lanes[i].chunks[c]);
        bb_free(store->lanes[i].chunks);
    }
    bb_free(store->lanes);
    memset(store, 0, sizeof *store);
}

static size_t chunk_nbytes(uint32_t cap_rows)
{
    return sizeof(struct bb_row_chunk) + (size_t)cap_rows * (sizeof(struct bb_row) + sizeof(uint32_t));
}

/* A chunk is at most half of what the lane holds or held already, or small. Huge ones only while the unfilled ends of all lanes stay a small part of
 * the budget: at 64 MB and 4 threads they would take a third of the rows' share. */
static uint32_t next_cap(const struct bb_row_store *store, const struct bb_row_lane *lane)
{
    uint64_t held = BB_MAX(lane->n_taken, atomic_load_explicit(&lane->n_rows, memory_order_relaxed));
    size_t limit = store->budget->limit_nbytes;
    int may_be_huge = limit == 0 || chunk_nbytes(HUGE_ROWS) * store->n_lanes <= limit / HUGE_SHARE;
    if (held >= 2 * HUGE_ROWS && may_be_huge) return HUGE_ROWS;
    return held >= 2 * LARGE_ROWS ? LARGE_ROWS : SMALL_ROWS;
}

static size_t most_chunks(const struct bb_row_store *store)
{
    return MAX_UNITS * BB_UNIT_ROWS / HUGE_ROWS / store->n_lanes;
}

static int new_chunk(struct bb_row_store *store, struct bb_row_lane *lane)
{
    uint32_t cap = next_cap(store, lane);
    struct bb_row_chunk *chunk;
    if (lane->n_chunks >= most_chunks(store)) return 0;
    if (!bb_grow(store->budget, (void **)&lane->chunks, &lane->cap_chunks, lane->n_chunks + 1,
                 sizeof *lane->chunks))
        return 0;
    while (!(chunk = bb_alloc(store->budget, chunk_nbytes(cap))) && cap > SMALL_ROWS)
        cap = cap == HUGE_ROWS ? LARGE_ROWS : SMALL_ROWS;
    if (!chunk) return 0;
    chunk->cap_rows = cap;
    chunk->starts_utc_s = (uint32_t *)(chunk->rows + cap);
    chunk->n_rows = chunk->n_stretches = chunk->max_utc_s = chunk->reserved = 0;
    chunk->min_utc_s = UINT32_MAX;
    lane->chunks[lane->n_chunks++] = chunk;
    atomic_fetch_add_explicit(&lane->held_nbytes, chunk_nbytes(cap), memory_order_relaxed);
    return 1;
}

static void free_chunk(struct bb_row_lane *lane, struct bb_row_chunk *chunk)
{
    atomic_fetch_sub_explicit(&lane->held_nbytes, chunk_nbytes(chunk->cap_rows), memory_order_relaxed);
    bb_free(chunk);
}

static void note_stretch(struct bb_row_chunk *chunk, uint32_t start, uint32_t n)
{
    chunk->min_utc_s = BB_MIN(chunk->min_utc_s, start);
    chunk->max_utc_s = BB_MAX(chunk->max_utc_s, start);
    if (chunk->n_stretches == TOO_MANY) return;
    if (chunk->n_stretches > 0 && chunk->stretches[chunk->n_stretches - 1].start_utc_s == start) {
        chunk->stretches[chunk->n_stretches - 1].n_rows += n;
    } else if (chunk->n_stretches < BB_CHUNK_STRETCHES) {
        chunk->stretches[chunk->n_stretches++] = (struct bb_stretch){ start, n };
    } else {
        chunk->n_stretches = TOO_MANY;
    }
}

static void append(struct bb_row_chunk *chunk, const struct bb_row *rows, uint32_t n)
{
    uint32_t *starts = chunk->starts_utc_s + chunk->n_rows;
    memcpy(chunk->rows + chunk->n_rows, rows, n * sizeof *rows);
    for (uint32_t i = 0; i < n; i++) starts[i] = rows[i].start_utc_s;
    chunk->n_rows += n;
    for (uint32_t i = 0, from = 0; i < n; from = i) {
        while (++i < n && starts[i] == starts[from]) {
        }
        note_stretch(chunk, starts[from], i - from);
    }
}

static uint32_t finer_grid(const struct bb_row *rows, size_t n, uint32_t grid_s)
{
    uint32_t last = 0;
    for (size_t i = 0; i < n && grid_s > 1; i++) {
        if (rows[i].start_utc_s == last) continue;
        last = rows[i].start_utc_s;
        while (last % grid_s != 0) grid_s = grid_s > 900 ? 900 : grid_s > 300 ? 300 : grid_s > 60 ? 60 : 1;
    }
    return grid_s;
}

int bb_row_store_add(struct bb_row_store *store, unsigned lane_index, const struct bb_row *rows, size_t n)
{
    struct bb_row_lane *lane = &store->lanes[lane_index];
    size_t had = lane->n_chunks, at = had ? had - 1 : 0, room = 0, left = n;
    uint32_t min;
    if (had) room = lane->chunks[at]->cap_rows - lane->chunks[at]->n_rows;
    while (room < n) {
        if (!new_chunk(store, lane)) {
            while (lane->n_chunks > had) free_chunk(lane, lane->chunks[--lane->n_chunks]);
            return 0;
        }
        room += lane->chunks[lane->n_chunks - 1]->cap_rows;
    }
    min = atomic_load_explicit(&lane->min_utc_s, memory_order_relaxed);
    for (; left > 0; at++) {
        struct bb_row_chunk *chunk = lane->chunks[at];
        uint32_t part = (uint32_t)BB_MIN(left, (size_t)(chunk->cap_rows - chunk->n_rows));
        append(chunk, rows, part);
        min = BB_MIN(min, chunk->min_utc_s);
        lane->grid_s = finer_grid(rows, part, lane->grid_s);
        rows += part;
        left -= part;
    }
    atomic_store_explicit(&lane->min_utc_s, min, memory_order_relaxed);
    atomic_fetch_add_explicit(&lane->n_rows, n, memory_order_relaxed);
    return 1;
}

int bb_row_store_take(struct bb_row_store *to_store, struct bb_row_store *from_store, unsigned lane)
{
    struct bb_row_lane *to = &to_store->lanes[lane], *from = &from_store->lanes[lane];
    uint64_t n_rows = from->n_rows;
    if (from->n_chunks == 0) return 1;
    if (to->n_chunks + from->n_chunks > most_chunks(to_store) ||
        !bb_grow(to_store->budget, (void **)&to->chunks, &to->cap_chunks, to->n_chunks + from->n_chunks,
                 sizeof *to->chunks))
        return 0;
    memcpy(to->chunks + to->n_chunks, from->chunks, from->n_chunks * sizeof *to->chunks);
    to->n_chunks += from->n_chunks;
    to->grid_s = BB_MIN(to->grid_s, from->grid_s);
    if (from->min_utc_s < to->min_utc_s) to->min_utc_s = from->min_utc_s;
    to->n_rows += n_rows;
    to->held_nbytes += from->held_nbytes;
    from->held_nbytes = 0;
    from->n_rows = 0;
    from->min_utc_s = UINT32_MAX;
    from->n_chunks = 0;
    from->grid_s = BB_GRID_S;
    from->n_taken = n_rows;
    return 1;
}

size_t bb_row_store_held_nbytes(const struct bb_row_store *store)
{
    size_t nbytes = 0;
    for (unsigned i = 0; i < store->n_lanes; i++)
        nbytes += atomic_load_explicit(&store->lanes[i].held_nbytes, memory_order_relaxed);
    return nbytes;
}

uint64_t bb_row_store_rows(const struct bb_row_store *store)
{
    uint64_t rows = 0;
    for (unsigned i = 0; i < store->n_lanes; i++)
        rows += atomic_load_explicit(&store->lanes[i].n_rows, memory_order_relaxed);
    return rows;
}

uint32_t bb_row_store_first(const struct bb_row_store *store)
{
    uint32_t first = UINT32_MAX;
    for (unsigned i = 0; i < store->n_lanes; i++) {
        uint32_t min = atomic_load_explicit(&store->lanes[i].min_utc_s, memory_order_relaxed);
        first = BB_MIN(first, min);
    }
    return first;
}

/* Keeps the rows from end_utc_s on, at the front of the chunk. */
static void cut_chunk(struct bb_row_chunk *chunk, uint64_t end_utc_s)
{
    uint32_t n = chunk->n_rows, kept = 0;
    chunk->n_rows = chunk->n_stretches = chunk->max_utc_s = 0;
    chunk->min_utc_s = UINT32_MAX;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t start = chunk->starts_utc_s[i];
        if (start < end_utc_s) continue;
        note_stretch(chunk, start, 1);
        if (kept != i) chunk->rows[kept] = chunk->rows[i];
        chunk->starts_utc_s[kept] = start;
        kept++;
    }
    chunk->n_rows = kept;
}

static void drop_in_lane(struct bb_row_lane *lane, uint64_t end_utc_s)
{
    size_t n_kept = 0;
    uint64_t n_rows = 0;
    uint32_t min = UINT32_MAX;
    for (size_t i = 0; i < lane->n_chunks; i++) {
        struct bb_row_chunk *chunk = lane->chunks[i], *last = n_kept ? lane->chunks[n_kept - 1] : NULL;
        if (chunk->min_utc_s < end_utc_s) {
            if (chunk->max_utc_s < end_utc_s)
                chunk->n_rows = 0;
            else
                cut_chunk(chunk, end_utc_s);
        }
        n_rows += chunk->n_rows;
        if (chunk->n_rows > 0) min = BB_MIN(min, chunk->min_utc_s);
        if (chunk->n_rows == 0) {
            free_chunk(lane, chunk);
        } else if (last && last->cap_rows - last->n_rows >= chunk->n_rows) {
            append(last, chunk->rows,
                   chunk->n_rows); /* or a trickle of early drains would leave chunks of one row each */
            free_chunk(lane, chunk);
        } else {
            lane->chunks[n_kept++] = chunk;
        }
    }
    lane->n_chunks = n_kept;
    if (n_kept == 0) lane->grid_s = BB_GRID_S;
    atomic_store_explicit(&lane->n_rows, n_rows, memory_order_relaxed);
    atomic_store_explicit(&lane->min_utc_s, min, memory_order_relaxed);
}

void bb_row_store_drop(struct bb_row_store *store, uint64_t end_utc_s)
{
    for (unsigned i = 0; i < store->n_lanes; i++) drop_in_lane(&store->lanes[i], end_utc_s);
}

static uint32_t first_of_chunks(const struct bb_row_lane *lane)
{
    uint32_t first = UINT32_MAX;
    for (size_t i = 0; i < lane->n_chunks; i++) first = BB_MIN(first, lane->chunks[i]->min_utc_s);
    return first;
}

int bb_row_store_begin_front(const struct bb_row_store *store, size_t nbytes, struct bb_row_store *front_ret)
{
    double share = (double)nbytes / (double)BB_MAX(bb_row_store_held_nbytes(store), 1u);
    if (!bb_row_store_init(front_ret, store->budget, store->n_lanes)) return 0;
    for (unsigned l = 0; l < store->n_lanes; l++) {
        const struct bb_row_lane *lane = &store->lanes[l];
        struct bb_row_lane *front = &front_ret->lanes[l];
        double wanted_nbytes = (double)lane->held_nbytes * share;
        front->chunks = lane->chunks;
        front->grid_s = lane->grid_s;
        while (front->n_chunks < lane->n_chunks && (double)front->held_nbytes < wanted_nbytes) {
            const struct bb_row_chunk *chunk = lane->chunks[front->n_chunks++];
            front->n_rows += chunk->n_rows;
            front->held_nbytes += chunk_nbytes(chunk->cap_rows);
        }
        front->min_utc_s = first_of_chunks(front);
    }
    return 1;
}

void bb_row_store_end_front(struct bb_row_store *store, struct bb_row_store *front, int drop)
{
    for (unsigned l = 0; drop && l < store->n_lanes; l++) {
        struct bb_row_lane *lane = &store->lanes[l];
        size_t n = front->lanes[l].n_chunks;
        lane->n_rows -= front->lanes[l].n_rows;
        for (size_t i = 0; i < n; i++) free_chunk(lane, lane->chunks[i]);
        lane->n_chunks -= n;
        if (n > 0) memmove(lane->chunks, lane->chunks + n, lane->n_chunks * sizeof *lane->chunks);
        lane->min_utc_s = first_of_chunks(lane);
        if (lane->n_chunks == 0) lane->grid_s = BB_GRID_S;
    }
    bb_free(front->lanes);
}

void bb_row_walk_split(const struct bb_row_walk *walk, unsigned n_parts, struct bb_row_walk *parts_ret)
{
    uint64_t all = bb_row_store_rows(walk->store), seen = 0;
    struct bb_row_walk part = *walk;
    uint32_t unit = 0;
    unsigned n = 0;
    part.chunks_left = 0;
    for (unsigned l = 0; l < walk->store->n_lanes; l++) {
        const struct bb_row_lane *lane = &walk->store->lanes[l];
        for (size_t c = 0; c < lane->n_chunks; c++) {
            if (part.chunks_left++ == 0) part.lane = l, part.chunk = c, part.unit = unit;
            unit += lane->chunks[c]->cap_rows >> BB_UNIT_BITS;
            seen += lane->chunks[c]->n_rows;
            if (n + 1 == n_parts || seen < all * (n + 1) / n_parts) continue;
            parts_ret[n++] = part;
            part.chunks_left = 0;
        }
    }
    parts_ret[n++] = part;
    part.chunks_left = 0;
    while (n < n_parts) parts_ret[n++] = part;
}

size_t bb_row_store_units(const struct bb_row_store *store)
{
    size_t n = 0;
    for (unsigned l = 0; l < store->n_lanes; l++)
        for (size_t c = 0; c < store->lanes[l].n_chunks; c++)
            n += store->lanes[l].chunks[c]->cap_rows >> BB_UNIT_BITS;
    return n;
}

void bb_row_store_unit_table(const struct bb_row_store *store, const struct bb_row **units)
{
    for (unsigned l = 0; l < store->n_lanes; l++)
        for (size_t c = 0; c < store->lanes[l].n_chunks; c++) {
            const struct bb_row_chunk *chunk = store->lanes[l].chunks[c];
            for (uint32_t i = 0; i < chunk->cap_rows; i += BB_UNIT_ROWS) *units++ = chunk->rows + i;
        }
}
