#include "markets/day_table.h"

#include <string.h>

/* Identities beyond are those of other files: their lines go on by themselves. */
#define IDENTITIES_PER_ENTRY 8
#define ENTRY_NBYTES                                                                                               \
    (sizeof(struct bb_day_entry) + 3 * sizeof(bb_day_tile) / BB_DAY_TILE + IDENTITIES_PER_ENTRY * sizeof(uint32_t))
#define FIRST_ENTRIES 64 /* a file of the hubs alone */

void bb_day_table_init(struct bb_day_table *t, struct bb_budget *budget, size_t max_nbytes)
{
    memset(t, 0, sizeof *t);
    t->budget = budget;
    t->max_entries = max_nbytes / ENTRY_NBYTES / BB_DAY_TILE * BB_DAY_TILE;
}

void bb_day_table_reset(struct bb_day_table *t)
{
    bb_free(t->entries);
    for (int v = 0; v < BB_N_VALUES; v++) bb_free(t->tiles[v]);
    bb_free(t->newest);
    bb_day_table_init(t, t->budget, 0);
}

void bb_day_table_clear(struct bb_day_table *t)
{
    for (size_t i = 0; i < t->n; i++) t->newest[t->entries[i].identity] = 0;
    t->n = 0;
}

/* Room for element at, doubled as long as that is within what all of the table may hold. */
static int make_room(struct bb_day_table *t, void **array, size_t *cap, size_t at, size_t first, size_t max,
                     size_t element_nbytes)
{
    size_t new_cap = *cap ? *cap : first;
    void *larger;
    if (at < *cap) return 1;
    if (at >= max) return 0;
    while (new_cap <= at) new_cap *= 2;
    new_cap = BB_MIN(new_cap, max);
    larger = bb_realloc(t->budget, *array, new_cap * element_nbytes);
    if (!larger) return 0;
    *array = larger;
    *cap = new_cap;
    return 1;
}

static int room_for_identity(struct bb_day_table *t, uint32_t identity)
{
    size_t had = t->cap_newest;
    if (!make_room(t, (void **)&t->newest, &t->cap_newest, identity, FIRST_ENTRIES,
                   t->max_entries * IDENTITIES_PER_ENTRY, sizeof *t->newest))
        return 0;
    memset(t->newest + had, 0, (t->cap_newest - had) * sizeof *t->newest);
    return 1;
}

static int room_for_entry(struct bb_day_table *t)
{
    return make_room(t, (void **)&t->entries, &t->cap_entries, t->n, FIRST_ENTRIES, t->max_entries,
                     sizeof *t->entries);
}

static int room_for_values(struct bb_day_table *t, size_t entry, int component)
{
    return make_room(t, (void **)&t->tiles[component], &t->cap_tiles[component], entry / BB_DAY_TILE,
                     FIRST_ENTRIES / BB_DAY_TILE, t->max_entries / BB_DAY_TILE, sizeof(bb_day_tile));
}

enum bb_day_room bb_day_table_line(struct bb_day_table *t, uint32_t identity, uint32_t place, uint32_t slice,
                                   int component, struct bb_day_line *line_ret)
{
    struct bb_day_entry *entry;
    size_t i = t->n;
    uint32_t newest = identity < t->cap_newest ? t->newest[identity] : 0;
    if (newest) {
        entry = &t->entries[newest - 1];
        if (entry->place == place && !(entry->said >> component & 1)) i = newest - 1;
    }
    if ((i == t->n && (!room_for_identity(t, identity) || !room_for_entry(t))) || !room_for_values(t, i, component))
        return newest ? BB_DAY_SEND : BB_DAY_NO_ROOM;
    entry = &t->entries[i];
    if (i == t->n) {
        *entry = (struct bb_day_entry){ .place = place, .identity = identity };
        t->newest[identity] = (uint32_t)++t->n;
    }
    entry->said |= 1u << component;
    entry->slice = slice;
    line_ret->cells = (double(*)[BB_DAY_TILE]) & t->tiles[component][i / BB_DAY_TILE][0][i % BB_DAY_TILE];
    line_ret->hours = &entry->hours[component];
    return BB_DAY_KEPT;
}

/* The values that an entry has for an hour; 0: none, and no row. */
static unsigned present_at(const struct bb_day_entry *entry, int h)
{
    unsigned present = 0;
    for (int v = 0; v < BB_N_VALUES; v++) present |= (entry->hours[v] >> h & 1) << v;
    return present;
}

enum bb_status bb_day_table_send(struct bb_day_table *t, uint16_t version, uint8_t flags, struct bb_row_batch *out,
                                 struct bb_error *err)
{
    for (int h = 0; h < BB_DAY_HOURS; h++) {
        for (size_t i = 0; i < t->n; i++) {
            const struct bb_day_entry *entry = &t->entries[i];
            unsigned present = present_at(entry, h);
            struct bb_row *row = &out->rows[out->n];
            if (!present) continue;
            row->start_utc_s = t->start_utc_s[h];
            row->place = entry->place;
            row->slice = entry->slice;
            row->version = version;
            row->present = (uint8_t)present;
            row->flags = flags;
            for (int v = 0; v < BB_N_VALUES; v++)
                row->value[v] = present >> v & 1 ? t->tiles[v][i / BB_DAY_TILE][h][i % BB_DAY_TILE] : 0;
            if (BB_UNLIKELY(++out->n == out->cap)) BB_TRY(out->flush(out, err));
        }
    }
    bb_day_table_clear(t);
    return BB_OK;
}
