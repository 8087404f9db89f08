/* LONG: a record is one price component of one interval and location. It becomes a partial row; the parts of a row meet in
 * the sort. Where they stand close together in the file, as the blocks of a location in CAISO's single zips do, they are put
 * together here already: a fourth or fifth of the rows has to be sorted. That is a saving and nothing else: parts that are
 * missed (another piece of text, a batch that was full) meet later with the same result. */
#include "markets/mapper.h"

/* Where in the batch the last row of an interval is. An interval's start divided by 256 s tells apart what a location has
 * in a day, down to five minutes. What stands here may be old: can_join looks at the row itself. */
#define JOIN_SLOTS 1024u
static inline uint16_t *join_slot(uint16_t *slots, uint32_t start_utc_s)
{
    return &slots[(start_utc_s >> 8) & (JOIN_SLOTS - 1)];
}

/* A component that the row has already makes a row of its own: which of the two counts is decided where all rows of a key
 * meet. */
static inline int can_join(const struct bb_row *to, uint32_t start_utc_s, uint32_t place, uint32_t slice,
                           uint16_t version, uint8_t flags, int slot)
{
    return to->start_utc_s == start_utc_s && to->place == place && to->slice == slice && to->version == version &&
           to->flags == flags && !(to->present & 1 << slot);
}

enum bb_status bb_map_long(struct bb_pass *pass)
{
    const struct bb_reader *reader = pass->reader;
    size_t n_records = pass->worker->index.n_lines;
    uint16_t joins[JOIN_SLOTS] = { 0 }, *at;
    const int joining = reader->component.n && pass->out->cap <= UINT16_MAX;
    for (size_t r = 0; r < n_records; r++) {
        struct bb_record rec;
        struct bb_row *row;
        double value = 0;
        uint32_t start_utc_s, place;
        uint16_t version;
        uint8_t flags;
        int slot = BB_VALUE_PRICE, there = 1;
        if (!bb_record_open(pass, r, &rec)) continue;
        if (!bb_pass_time_in_turn(pass, &rec, &start_utc_s)) goto lost;
        if (!bb_pass_subject(pass, &rec, &slot, &place)) goto lost;
        if (!bb_pass_price(pass, &rec, reader->value_field, &value, &there)) goto lost;
        if (slot == BB_WORD_DROPPED || !there) continue;
        if (!bb_pass_vintage(pass, &rec, &version, &flags)) goto lost;
        if (joining) {
            at = join_slot(joins, start_utc_s);
            row = &pass->out->rows[*at];
            if (*at < pass->out->n && can_join(row, start_utc_s, place, pass->block->slice, version, flags, slot)) {
                row->value[slot] = value;
                row->present |= (uint8_t)(1 << slot);
                pass->counts->rows++;
                continue;
            }
            *at = (uint16_t)pass->out->n;
        }
        row = bb_pass_row(pass);
        *row = (struct bb_row){ .start_utc_s = start_utc_s,
                                .place = place,
                                .slice = pass->block->slice,
                                .version = version,
                                .present = (uint8_t)(1 << slot),
                                .flags = flags };
        row->value[slot] = value;
        if (!bb_pass_emit(pass)) return pass->status;
        continue;
    lost:
        if (pass->status != BB_OK) return pass->status;
    }
    return BB_OK;
}
