/* The small fixed row that travels between reader and encoder. Text never travels: a location (or an ancillary product
 * and region) is a place, an id handed out by table/places.h. */
#ifndef BB_ROW_H
#define BB_ROW_H

#include "base/mem.h"

enum { BB_VALUE_TOTAL, BB_VALUE_ENERGY, BB_VALUE_CONGESTION, BB_VALUE_LOSS, BB_N_VALUES };
enum { BB_VALUE_PRICE = 0, BB_VALUE_QUANTITY = 1 }; /* ancillary rows */

#define BB_ROW_NOT_CURRENT 1u /* PJM row_is_current = False */
#define BB_ROW_PARTIAL     2u /* one component of a row; rows with one key are joined, see sort/resolve.h */
#define BB_ROW_PRELIMINARY                                                                                         \
    4u /* unverified or preliminary: loses against a row of the key without it, whatever the versions */

struct bb_row {
    uint32_t start_utc_s;      /* start of the interval, seconds since 1970-01-01 UTC */
    uint32_t place;            /* id in the job's struct bb_places */
    uint32_t slice;            /* index into the job's slice table: which block of which source it was read from */
    uint16_t version;          /* published version, or 1 preliminary / 2 final */
    uint8_t present;           /* bit i: value[i] is there; an absent value is 0.0 here and NULL in the lake */
    uint8_t flags;             /* BB_ROW_… */
    double value[BB_N_VALUES]; /* $/MWh: total, energy, congestion, loss; or clearing price, cleared MW */
};
_Static_assert(sizeof(struct bb_row) == 48, "row stores and spill files count on 48 bytes");

/* Where the rows of the instant at `from` end, among n ascending rows. An instant may have many: steps that double, then halves. */
static inline size_t bb_row_instant_end(const struct bb_row *rows, size_t from, size_t n)
{
    uint32_t start = rows[from].start_utc_s;
    size_t low = from, step = 1, high;
    while (low + step < n && rows[low + step].start_utc_s == start) {
        low += step;
        step *= 2;
    }
    high = BB_MIN(low + step, n);
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (rows[mid].start_utc_s == start)
            low = mid;
        else
            high = mid;
    }
    return high;
}

/* A worker's own buffer between a reader and the row store. flush empties it (n becomes 0); readers call it when n == cap. */
struct bb_row_batch {
    struct bb_row *rows;
    size_t n, cap;
    enum bb_status (*flush)(struct bb_row_batch *batch, struct bb_error *err);
    void *ctx;
};

/* One block of one source. order is all that precedence needs: source rank in the high 32 bits (later publication, then
 * greater base name, then greater content hash ranks higher), block number within the source in the low 32 bits. */
struct bb_slice {
    uint64_t order;
    uint32_t source; /* index into the job's sources */
};

#endif
