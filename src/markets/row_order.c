#include "markets/row_order.h"

#include <string.h>

#define WITHIN_A_DAY_S (24u * 3600u)

static struct bb_order_entry *entry_of(struct bb_row_order *order, struct bb_budget *budget, uint32_t place)
{
    if (place >= order->n) {
        if (!bb_grow(budget, (void **)&order->entries, &order->cap, (size_t)place + 1, sizeof *order->entries))
            return NULL;
        memset(order->entries + order->n, 0, (order->cap - order->n) * sizeof *order->entries);
        order->n = order->cap;
    }
    return &order->entries[place];
}

/* Another autumn's memory is none: files may hold several years. */
static void forget_old(struct bb_order_entry *e, uint32_t utc_s)
{
    uint32_t apart = utc_s > e->last_utc_s ? utc_s - e->last_utc_s : e->last_utc_s - utc_s;
    if (apart > WITHIN_A_DAY_S) *e = (struct bb_order_entry){ 0 };
}

int bb_row_order_decide(struct bb_row_order *order, struct bb_budget *budget, const struct bb_order_need *need,
                        uint32_t place, uint32_t *utc_s)
{
    struct bb_order_entry *e = entry_of(order, budget, place);
    uint32_t first = *utc_s;
    if (!e) return -1;
    forget_old(e, first);
    switch (need->kind) {
    case BB_ORDER_TWICE:
        if (e->last_utc_s && first <= e->last_utc_s) e->second = 1;
        if (e->second) *utc_s = need->second_utc_s;
        break;
    case BB_ORDER_SHORT_FIRST: e->hours_of_short |= 2; break;
    case BB_ORDER_SHORT_SECOND: e->hours_of_short |= 4; break;
    case BB_ORDER_SHORT_THIRD:
        if (e->hours_of_short != 2) return 0;
        break;
    default: break;
    }
    e->last_utc_s = first;
    return 1;
}

void bb_row_order_reset(struct bb_row_order *order)
{
    bb_free(order->entries);
    *order = (struct bb_row_order){ 0 };
}
