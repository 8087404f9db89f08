/* WIDE and WIDE_LONG: a record holds the hours of one day side by side; with a component word its cells are partial rows. */
#include "markets/mapper.h"

/* The record's own day, where it has one. */
static int settle_day(struct bb_pass *pass, const struct bb_record *rec)
{
    uint32_t midnight_utc_s;
    if (!bb_pass_time(pass, rec, &midnight_utc_s)) return 0;
    if (pass->hours_of == midnight_utc_s) return 1;
    bb_reader_hours(pass->reader, bb_zone_local(pass->reader->zone, midnight_utc_s).wall.day, pass->hour_utc_s);
    pass->hours_of = midnight_utc_s;
    return 1;
}

static int map_hours(struct bb_pass *pass, const struct bb_record *rec, uint32_t place, int slot)
{
    const struct bb_reader *reader = pass->reader;
    const int64_t *hour_utc_s = reader->time.n ? pass->hour_utc_s : reader->hour_utc_s;
    for (int h = 0; h < reader->n_hours; h++) {
        struct bb_row *row = bb_pass_row(pass);
        double value;
        int there = 0;
        if (!bb_pass_price(pass, rec, reader->first_hour + h, &value, &there)) {
            if (pass->status != BB_OK) return 0;
            continue; /* this cell is a reject, the others of the record are not */
        }
        if (!there) continue;
        if (BB_UNLIKELY(hour_utc_s[h] < 0)) {
            struct bb_flaw flaw;
            bb_flaw_set(&flaw, "no_such_local_time", reader->first_hour + h, "this day has no such hour");
            bb_pass_reject(pass, rec, &flaw);
            continue;
        }
        if (!bb_pass_vintage(pass, rec, &row->version, &row->flags)) return pass->status == BB_OK;
        row->start_utc_s = (uint32_t)hour_utc_s[h];
        row->place = place;
        row->slice = pass->block->slice;
        memset(row->value, 0, sizeof row->value);
        row->value[slot] = value;
        row->present = (uint8_t)(1 << slot);
        if (!bb_pass_emit(pass)) return 0;
    }
    return 1;
}

enum bb_status bb_map_wide(struct bb_pass *pass)
{
    size_t n_records = pass->worker->index.n_lines;
    for (size_t r = 0; r < n_records; r++) {
        struct bb_record rec;
        uint32_t place;
        int slot = BB_VALUE_TOTAL;
        if (!bb_record_open(pass, r, &rec)) continue;
        if (pass->reader->format->shape == BB_WIDE_LONG && !bb_pass_component(pass, &rec, &slot)) goto lost;
        if (pass->reader->time.n && !settle_day(pass, &rec)) goto lost;
        if (!bb_pass_place(pass, &rec, &place)) goto lost;
        if (slot != BB_WORD_DROPPED && !map_hours(pass, &rec, place, slot)) return pass->status;
        continue;
    lost:
        if (pass->status != BB_OK) return pass->status;
    }
    return BB_OK;
}
