/* Local stamps that alone do not say when: in autumn an hour of the wall clock happens twice. Where a report has no mark
 * for it, the order of the records of one location decides: in the first pass until the stamp first fails to grow, in the second
 * from there on. "Seen before" would not do: stamps off the grid occur once and yet belong to the second pass.
 * The memory is per file and location; blocks must come in order (BB_FORMAT_SEQUENTIAL).
 *
 * Hours by number (BB_FORMAT_DOUBLED_HOUR): a second "2" on the long day is the repeated hour. On the short day reports differ in
 * which number they leave out; "3" is the second hour of the day where "1" came before and "2" did not. */
#ifndef BB_ROW_ORDER_H
#define BB_ROW_ORDER_H

#include "base/mem.h"

enum bb_order_kind {
    BB_ORDER_SETTLED = 0,  /* nothing to decide */
    BB_ORDER_TWICE,        /* the stamp happens twice: utc_s or second_utc_s */
    BB_ORDER_LEFT_OUT,     /* not a price yet: the record is another dataset's */
    BB_ORDER_SHORT_FIRST,  /* short day, hour ending 1: remembered */
    BB_ORDER_SHORT_SECOND, /* short day, hour ending 2: remembered */
    BB_ORDER_SHORT_THIRD   /* short day, hour ending 3: the second hour, or no hour at all */
};

struct bb_order_need {
    enum bb_order_kind kind;
    int field;             /* of the stamp, for rejects */
    uint32_t second_utc_s; /* TWICE: start of the interval in the second pass */
    uint16_t run_s;        /* BB_FORMAT_FLOOR: from the start of the interval to the stamp */
};

/* Per location: the last stamp within the repeated hour (as the instant of the first pass), or the last short day. */
struct bb_order_entry {
    uint32_t last_utc_s;
    uint8_t second;         /* the second pass has begun */
    uint8_t hours_of_short; /* bit 1, 2: hour ending 1, 2 came, on the short day that begins before last_utc_s */
};

struct bb_row_order {
    struct bb_order_entry *entries; /* by place */
    size_t n, cap;
    uint64_t last_line, last_hash; /* of the last record that was looked at, and its instant */
    uint32_t last_utc_s;
};

/* Decides *utc_s, the start of the interval in the first pass on entry. 1: decided; 0: there is no such hour; -1: no memory. */
int bb_row_order_decide(struct bb_row_order *order, struct bb_budget *budget, const struct bb_order_need *need,
                        uint32_t place, uint32_t *utc_s);
void bb_row_order_reset(struct bb_row_order *order);

#endif
