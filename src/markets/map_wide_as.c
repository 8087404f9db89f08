/* WIDE_AS: a record is one interval of one region; each product has a column of its own for its price and perhaps one for
 * its cleared quantity. A record becomes a row per product; a product whose cells are empty becomes none. */
#include "markets/mapper.h"

static int map_product(struct bb_pass *pass, const struct bb_record *rec, struct bb_str place_raw, uint32_t utc_s,
                       int p)
{
    const struct bb_wide_column *column = &pass->reader->wide[p];
    struct bb_row *row = bb_pass_row(pass);
    double price = 0, quantity = 0;
    int has_price = 0, has_quantity = 0;
    /* A cell that cannot be read is a reject; the other products of the record are not. */
    if (column->field >= 0 && !bb_pass_price(pass, rec, column->field, &price, &has_price)) return 1;
    if (column->quantity_field >= 0 && !bb_pass_price(pass, rec, column->quantity_field, &quantity, &has_quantity))
        return 1;
    if (!has_price && !has_quantity) return 1;
    if (!bb_pass_wide_place(pass, rec, place_raw, p, &row->place)) return pass->status == BB_OK;
    if (!bb_pass_vintage(pass, rec, &row->version, &row->flags)) return 1;
    row->start_utc_s = utc_s;
    row->slice = pass->block->slice;
    memset(row->value, 0, sizeof row->value);
    row->value[BB_VALUE_PRICE] = price;
    row->value[BB_VALUE_QUANTITY] = quantity;
    row->present = (uint8_t)(has_price << BB_VALUE_PRICE | has_quantity << BB_VALUE_QUANTITY);
    return bb_pass_emit(pass);
}

enum bb_status bb_map_wide_as(struct bb_pass *pass)
{
    const struct bb_reader *reader = pass->reader;
    size_t n_records = pass->worker->index.n_lines;
    for (size_t r = 0; r < n_records; r++) {
        struct bb_record rec;
        struct bb_str place_raw;
        uint32_t utc_s;
        if (!bb_record_open(pass, r, &rec) || !bb_pass_time(pass, &rec, &utc_s)) {
            if (pass->status != BB_OK) return pass->status;
            continue;
        }
        place_raw = bb_span_raw(pass, &rec, &reader->place);
        if (BB_UNLIKELY(pass->need.kind != BB_ORDER_SETTLED)) {
            /* the first product stands for the region: all products of a record share its stamp */
            uint32_t place;
            if (!bb_pass_wide_place(pass, &rec, place_raw, 0, &place) ||
                !bb_pass_order(pass, &rec, place, &utc_s)) {
                if (pass->status != BB_OK) return pass->status;
                continue;
            }
        }
        for (int p = 0; p < reader->n_wide; p++)
            if (!map_product(pass, &rec, place_raw, utc_s, p)) return pass->status;
    }
    return BB_OK;
}
