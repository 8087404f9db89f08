/* WIDE and WIDE_LONG: a record holds the hours of one day side by side; with a component word its cells are parts of rows. */
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

static const int64_t *hours_for(const struct bb_pass *pass)
{
    return pass->reader->time.n ? pass->hour_utc_s : pass->reader->hour_utc_s;
}

/* 0: there is no value, as the cell is empty or a reject, of which the other cells know nothing; or pass->status says what failed. */
static inline int read_cell(struct bb_pass *pass, const struct bb_record *rec, const int64_t *hour_utc_s, int h,
                            double *value_ret)
{
    int field = pass->reader->first_hour + h, there = 0;
    struct bb_flaw flaw;
    if (!bb_pass_price(pass, rec, field, value_ret, &there) || !there) return 0;
    if (BB_LIKELY(hour_utc_s[h] >= 0)) return 1;
    bb_flaw_set(&flaw, "no_such_local_time", field, "this day has no such hour");
    bb_pass_reject(pass, rec, &flaw);
    return 0;
}

static int map_hours(struct bb_pass *pass, const struct bb_record *rec, uint32_t place, int slot)
{
    const struct bb_reader *reader = pass->reader;
    const int64_t *hour_utc_s = hours_for(pass);
    for (int h = 0; h < reader->n_hours; h++) {
        struct bb_row *row = bb_pass_row(pass);
        double value;
        if (!read_cell(pass, rec, hour_utc_s, h, &value)) {
            if (pass->status != BB_OK) return 0;
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

/* ---- WIDE_LONG: by the day table ---- */

static int send_day(struct bb_pass *pass)
{
    const struct bb_reader *reader = pass->reader;
    pass->status = bb_day_table_send(&pass->worker->day, reader->version, reader->flags, pass->out, pass->err);
    return pass->status == BB_OK;
}

/* An empty table may be of any day. */
static int settle_table(struct bb_pass *pass, const int64_t *hour_utc_s)
{
    struct bb_day_table *table = &pass->worker->day;
    if (table->n > 0 && table->day == pass->hours_of) return 1;
    if (table->n > 0 && !send_day(pass)) return 0;
    table->day = pass->hours_of;
    for (int h = 0; h < BB_DAY_HOURS; h++) table->start_utc_s[h] = (uint32_t)hour_utc_s[h];
    return 1;
}

static void count_line(struct bb_block_counts *counts, const struct bb_day_table *table, uint32_t hours)
{
    uint32_t first, last;
    if (!hours) return;
    first = table->start_utc_s[__builtin_ctz(hours)];
    last = table->start_utc_s[31 - __builtin_clz(hours)];
    counts->min_utc_s = BB_MIN(counts->min_utc_s, first);
    counts->max_utc_s = BB_MAX(counts->max_utc_s, last);
    counts->rows += (unsigned)__builtin_popcount(hours);
}

static int fill_line(struct bb_pass *pass, const struct bb_record *rec, const int64_t *hour_utc_s,
                     struct bb_day_line line)
{
    const struct bb_reader *reader = pass->reader;
    uint32_t hours = 0;
    for (int h = 0; h < reader->n_hours; h++) {
        double value;
        if (!read_cell(pass, rec, hour_utc_s, h, &value)) {
            if (pass->status != BB_OK) return 0;
            continue;
        }
        line.cells[h][0] = value;
        hours |= 1u << h;
    }
    *line.hours = hours;
    count_line(pass->counts, &pass->worker->day, hours);
    return 1;
}

static int keep_hours(struct bb_pass *pass, const struct bb_record *rec, uint32_t place, int slot)
{
    const int64_t *hour_utc_s = hours_for(pass);
    uint32_t identity = bb_places_identity(pass->reader->places, place);
    struct bb_day_table *table = &pass->worker->day;
    struct bb_day_line line;
    enum bb_day_room room;
    if (!settle_table(pass, hour_utc_s)) return 0;
    room = bb_day_table_line(table, identity, place, pass->block->slice, slot, &line);
    if (room == BB_DAY_SEND) {
        if (!send_day(pass)) return 0;
        room = bb_day_table_line(table, identity, place, pass->block->slice, slot, &line);
    }
    return room == BB_DAY_KEPT ? fill_line(pass, rec, hour_utc_s, line) : map_hours(pass, rec, place, slot);
}

static int uses_table(const struct bb_reader *reader)
{
    return reader->format->shape == BB_WIDE_LONG && reader->version_field < 0 && reader->current_field < 0;
}

/* A file of one day is read by one worker, block by block, and its rows may wait until its end. Of others a block's may wait: several workers
 * read them, and who asks how far the file has come knows of blocks only. */
static int spans_blocks(const struct bb_reader *reader)
{
    return reader->format->flags & BB_FORMAT_SEQUENTIAL && reader->time.n == 0;
}

void bb_wide_begin(struct bb_pass *pass)
{
    if (pass->block->is_first || !spans_blocks(pass->reader)) bb_day_table_clear(&pass->worker->day);
}

enum bb_status bb_wide_end(struct bb_pass *pass)
{
    if (pass->worker->day.n > 0 && (pass->block->is_last || !spans_blocks(pass->reader))) (void)send_day(pass);
    return pass->status;
}

enum bb_status bb_map_wide(struct bb_pass *pass)
{
    size_t n_records = pass->worker->index.n_lines;
    int table = uses_table(pass->reader);
    for (size_t r = 0; r < n_records; r++) {
        struct bb_record rec;
        uint32_t place;
        int slot = BB_VALUE_TOTAL;
        if (!bb_record_open(pass, r, &rec)) continue;
        if (pass->reader->format->shape == BB_WIDE_LONG && !bb_pass_component(pass, &rec, &slot)) goto lost;
        if (pass->reader->time.n && !settle_day(pass, &rec)) goto lost;
        if (!bb_pass_place(pass, &rec, &place)) goto lost;
        if (slot == BB_WORD_DROPPED) continue;
        if (!(table ? keep_hours(pass, &rec, place, slot) : map_hours(pass, &rec, place, slot)))
            return pass->status;
        continue;
    lost:
        if (pass->status != BB_OK) return pass->status;
    }
    return BB_OK;
}
