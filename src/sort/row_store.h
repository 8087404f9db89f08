/* The rows in memory: one lane per worker, each a list of chunks that only that worker appends to.
 *
 * Chunks start at 1024 rows so that a job with many open files stays small, and grow to 8192 rows, which the allocator
 * maps and therefore gives back to the system when they are freed, and to 2 MiB, which it maps as a huge page. A chunk
 * remembers the stretches of equal starts in it as long as these are few: time-ascending input is then grouped without
 * looking at the rows again; and the starts in an array of their own, for when they are many.
 *
 * bb_row_store_add may run in one thread per lane at the same time, together with the functions that only ask for
 * numbers; everything else needs all lanes quiet. */
#ifndef BB_ROW_STORE_H
#define BB_ROW_STORE_H

#include "table/row.h"

#define BB_UNIT_BITS       10 /* a row's number is unit << 10 | position; a chunk is 1, 8 or 40 units */
#define BB_UNIT_ROWS       (1u << BB_UNIT_BITS)
#define BB_CHUNK_STRETCHES 64u
#define BB_GRID_S          3600u

struct bb_stretch { /* consecutive rows of one instant */
    uint32_t start_utc_s, n_rows;
};

struct bb_row_chunk {
    uint32_t cap_rows, n_rows;
    uint32_t min_utc_s, max_utc_s;
    uint32_t n_stretches; /* BB_CHUNK_STRETCHES + 1: too many, look at the rows */
    uint32_t reserved;
    struct bb_stretch stretches[BB_CHUNK_STRETCHES];
    uint32_t *starts_utc_s; /* of the rows, once more: grouping reads 4 bytes a row and not 48 */
    struct bb_row rows[];
};

struct bb_row_lane {
    struct bb_row_chunk **chunks;
    size_t n_chunks, cap_chunks;
    uint64_t n_taken; /* rows that were taken away last time: as many may come again */
    uint32_t grid_s;  /* BB_GRID_S, 900, 300, 60 or 1, of which each divides the one before: divides every start */
    _Atomic uint32_t min_utc_s;
    _Atomic uint64_t n_rows;
    _Atomic size_t held_nbytes;
    char apart[64]; /* lanes of two threads do not share a cache line */
};

struct bb_row_store {
    struct bb_budget *budget;
    struct bb_row_lane *lanes;
    unsigned n_lanes;
};

int bb_row_store_init(struct bb_row_store *store, struct bb_budget *budget, unsigned n_lanes) BB_WARN_UNUSED;
void bb_row_store_reset(struct bb_row_store *store);

/* Takes all rows (true) or, when the budget is reached, none. */
int bb_row_store_add(struct bb_row_store *store, unsigned lane, const struct bb_row *rows, size_t n) BB_WARN_UNUSED;

size_t bb_row_store_held_nbytes(const struct bb_row_store *store); /* memory of all chunks */
uint64_t bb_row_store_rows(const struct bb_row_store *store);
uint32_t bb_row_store_first(const struct bb_row_store *store); /* smallest start; UINT32_MAX if empty */

/* Moves all rows of a lane behind those of the same lane of another store. False: no memory, nothing moved. */
int bb_row_store_take(struct bb_row_store *to, struct bb_row_store *from, unsigned lane) BB_WARN_UNUSED;

/* Forgets the rows with start < end_utc_s; the others keep their order. end_utc_s may be 2^32. */
void bb_row_store_drop(struct bb_row_store *store, uint64_t end_utc_s);

/* The chunks that were added first, lane by lane, about nbytes of them in all, as a store to read from; they still belong to the store. The front is
 * given up by bb_row_store_end_front, which frees them if they are to be dropped. */
int bb_row_store_begin_front(const struct bb_row_store *store, size_t nbytes,
                             struct bb_row_store *front_ret) BB_WARN_UNUSED;
void bb_row_store_end_front(struct bb_row_store *store, struct bb_row_store *front, int drop);

/* The row of a number, in a table of units. */
static inline const struct bb_row *bb_row_at(const struct bb_row *const *units, uint32_t number)
{
    return units[number >> BB_UNIT_BITS] + (number & (BB_UNIT_ROWS - 1));
}

/* A row that will be wanted soon, into the cache: it mostly lies across two lines. */
static inline void bb_row_fetch(const struct bb_row *row)
{
    __builtin_prefetch(row);
    __builtin_prefetch((const char *)(row + 1) - 1);
}

/* Walks over all rows, or one part of them, as stretches, lane by lane in the order of adding. number is that of the stretch's first row;
 * chunks without a row in [from, end) are skipped, other rows outside are not filtered. */
struct bb_row_walk {
    const struct bb_row_store *store;
    uint64_t from_utc_s, end_utc_s;
    unsigned lane;
    size_t chunk, chunks_left;
    uint32_t unit, row, stretch;
};

static inline struct bb_row_walk bb_row_walk_begin(const struct bb_row_store *store, uint64_t from_utc_s,
                                                   uint64_t end_utc_s)
{
    return (struct bb_row_walk){
        .store = store, .from_utc_s = from_utc_s, .end_utc_s = end_utc_s, .chunks_left = SIZE_MAX
    };
}

/* The same walk as n_parts walks of about as many rows each, in this order; some may be empty. */
void bb_row_walk_split(const struct bb_row_walk *walk, unsigned n_parts, struct bb_row_walk *parts_ret);

static inline int bb_row_walk_next(struct bb_row_walk *w, uint32_t *number_ret, struct bb_stretch *ret)
{
    for (; w->lane < w->store->n_lanes; w->lane++, w->chunk = 0) {
        const struct bb_row_lane *lane = &w->store->lanes[w->lane];
        for (; w->chunk < lane->n_chunks; w->chunk++, w->chunks_left--, w->row = w->stretch = 0) {
            if (w->chunks_left == 0) return 0;
            const struct bb_row_chunk *c = lane->chunks[w->chunk];
            if (w->row < c->n_rows && c->max_utc_s >= w->from_utc_s && c->min_utc_s < w->end_utc_s) {
                *number_ret = (w->unit << BB_UNIT_BITS) + w->row;
                if (c->n_stretches <= BB_CHUNK_STRETCHES) {
                    *ret = c->stretches[w->stretch++];
                } else {
                    uint32_t i = w->row, start = c->starts_utc_s[i];
                    while (++i < c->n_rows && c->starts_utc_s[i] == start) {
                    }
                    *ret = (struct bb_stretch){ start, i - w->row };
                }
                w->row += ret->n_rows;
                return 1;
            }
            w->unit += c->cap_rows >> BB_UNIT_BITS;
        }
    }
    return 0;
}

/* units[number >> 10] + (number & 1023) is a row: fills in the table for the rows of the store. */
size_t bb_row_store_units(const struct bb_row_store *store);
void bb_row_store_unit_table(const struct bb_row_store *store, const struct bb_row **units);

#endif
