/* The components of one day's rows, put together before they become rows.
 *
 * MISO's day files list all locations with their LMP, then all with their MCC, then all with their MLC, 24 hours side by side: the
 * lines of one row lie thousands of lines apart. As partial rows, line by line, they are three times as many rows as there will be, and
 * neighbours in neither time nor place: the sort then does little but wait for memory. Here they fill a table of locations and hours,
 * which is sent on hour by hour.
 *
 * That is a saving and nothing else. What finds no room, or comes in another block of a file that several workers read, is a partial
 * row and meets the others in the sort. The result is the same, for the order of the lines that speak of one identity is kept:
 * a line adds to the newest entry of its identity only, and only where that one has the same spelling and lacks the component;
 * otherwise it begins a new entry, which is sent behind the older one. */
#ifndef BB_DAY_TABLE_H
#define BB_DAY_TABLE_H

#include "table/row.h"

#define BB_DAY_HOURS 24
#define BB_DAY_TILE  8 /* entries whose values of one hour and component are one line of the cache */

struct bb_day_entry {
    uint32_t place, identity;
    uint32_t slice;              /* of the last line that it was given */
    uint32_t hours[BB_N_VALUES]; /* bit h: there is a value; a component without a line has none */
    uint32_t said;               /* bit v: component v had a line */
};

typedef double bb_day_tile[BB_DAY_HOURS][BB_DAY_TILE];

struct bb_day_table {
    struct bb_budget *budget;
    size_t max_entries, n, cap_entries;
    struct bb_day_entry *entries;
    bb_day_tile *tiles[BB_N_VALUES]; /* per component, for 8 entries each */
    size_t cap_tiles[BB_N_VALUES];
    uint32_t *newest; /* per identity: its newest entry + 1 */
    size_t cap_newest;
    /* Set by the caller while the table is empty: whatever it tells days apart by, and when the hours of this one start. */
    uint32_t day;
    uint32_t start_utc_s[BB_DAY_HOURS];
};

/* May hold max_nbytes, which it takes as it needs them. */
void bb_day_table_init(struct bb_day_table *table, struct bb_budget *budget, size_t max_nbytes);
void bb_day_table_reset(struct bb_day_table *table);
/* Forgets the lines, keeps the memory. */
void bb_day_table_clear(struct bb_day_table *table);

/* Where the caller puts the values of one line: cells[h][0] and bit h of *hours. Valid until the next line. */
struct bb_day_line {
    double (*cells)[BB_DAY_TILE];
    uint32_t *hours;
};

enum bb_day_room {
    BB_DAY_KEPT,
    BB_DAY_NO_ROOM, /* the line goes on by itself */
    BB_DAY_SEND     /* older lines of the identity are in the table: send it, then ask again */
};
enum bb_day_room bb_day_table_line(struct bb_day_table *table, uint32_t identity, uint32_t place, uint32_t slice,
                                   int component, struct bb_day_line *line_ret);

/* All entries as rows, hour by hour, into the batch (flushed when full); the table is empty then. */
enum bb_status bb_day_table_send(struct bb_day_table *table, uint16_t version, uint8_t flags,
                                 struct bb_row_batch *out, struct bb_error *err);

#endif
