/* LONG: a record is one price component of one interval and location. It becomes a partial row; the parts of a row meet in
 * the sort. */
#include "markets/mapper.h"

enum bb_status bb_map_long(struct bb_pass *pass)
{
    const struct bb_reader *reader = pass->reader;
    size_t n_records = pass->worker->index.n_lines;
    for (size_t r = 0; r < n_records; r++) {
        struct bb_record rec;
        struct bb_row *row = bb_pass_row(pass);
        double value;
        int slot = BB_VALUE_PRICE, there = 0;
        if (!bb_record_open(pass, r, &rec)) continue;
        if (!bb_pass_time(pass, &rec, &row->start_utc_s) ||
            (reader->component.n && !bb_pass_component(pass, &rec, &slot)))
            goto lost;
        if (!bb_pass_run(pass, &rec)) goto lost;
        if (!bb_pass_place(pass, &rec, &row->place)) goto lost;
        if (!bb_pass_price(pass, &rec, reader->value_field, &value, &there)) goto lost;
        if (slot == BB_WORD_DROPPED || !there) continue;
        if (!bb_pass_vintage(pass, &rec, row)) goto lost;
        memset(row->value, 0, sizeof row->value);
        row->value[slot] = value;
        row->present = (uint8_t)(1 << slot);
        row->slice = pass->block->slice;
        if (!bb_pass_emit(pass)) return pass->status;
        continue;
    lost:
        if (pass->status != BB_OK) return pass->status;
    }
    return BB_OK;
}
