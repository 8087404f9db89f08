/* FLAT: a record is one interval of one location with all its prices. */
#include "markets/mapper.h"

static inline __attribute__((always_inline)) enum bb_status run(struct bb_pass *pass, const int n_prices)
{
    const struct bb_reader *reader = pass->reader;
    size_t n_records = pass->worker->index.n_lines;
    for (size_t r = 0; r < n_records; r++) {
        struct bb_record rec;
        struct bb_row *row = bb_pass_row(pass);
        uint8_t present = 0;
        if (!bb_record_open(pass, r, &rec)) {
            if (BB_UNLIKELY(pass->status != BB_OK)) return pass->status;
            continue;
        }
        if (!bb_pass_time(pass, &rec, &row->start_utc_s) || !bb_pass_place(pass, &rec, &row->place)) goto lost;
        if (BB_UNLIKELY(reader->run_field >= 0) && !bb_pass_run(pass, &rec)) goto lost;
        if (BB_UNLIKELY(pass->need.kind != BB_ORDER_SETTLED) &&
            !bb_pass_order(pass, &rec, row->place, &row->start_utc_s))
            goto lost;
        memset(row->value, 0, sizeof row->value);
        for (int i = 0; i < n_prices; i++) {
            double value = 0;
            int there = 0;
            if (!bb_pass_price_again(pass, &rec, reader->price_field[i], &pass->last_prices[i], &value, &there))
                goto lost;
            if (reader->price_negated[i]) value = 0.0 - value;
            row->value[reader->price_slot[i]] = value;
            present |= (uint8_t)(there << reader->price_slot[i]);
        }
        if (!bb_pass_vintage(pass, &rec, &row->version, &row->flags)) goto lost;
        row->present = present;
        row->slice = pass->slice;
        if (reader->derive_energy &&
            (present & 15) == (1 << BB_VALUE_TOTAL | 1 << BB_VALUE_CONGESTION | 1 << BB_VALUE_LOSS)) {
            row->value[BB_VALUE_ENERGY] = bb_decimal_residual(
                row->value[BB_VALUE_TOTAL], row->value[BB_VALUE_CONGESTION], row->value[BB_VALUE_LOSS]);
            row->present |= 1 << BB_VALUE_ENERGY;
        }
        if (!bb_pass_emit(pass)) return pass->status;
        continue;
    lost:
        if (pass->status != BB_OK) return pass->status;
    }
    return BB_OK;
}

enum bb_status bb_map_flat(struct bb_pass *pass)
{
    return pass->reader->n_prices == 4 ? run(pass, 4) : run(pass, pass->reader->n_prices);
}
