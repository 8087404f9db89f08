/* Groups rows by their instant without comparing rows: a counting sort of row numbers over the possible instants, of which
 * an operator's time grid leaves few. */
#ifndef BB_INSTANTS_H
#define BB_INSTANTS_H

#include "base/pool.h"
#include "sort/row_store.h"

struct bb_instants {
    struct bb_budget *budget;
    uint32_t n;            /* distinct instants, ascending */
    uint32_t *start_utc_s; /* [n] */
    uint32_t *first;       /* [n + 1]: the rows of instant i are index[first[i]] … index[first[i + 1] - 1] */
    uint32_t *index;       /* row numbers; within an instant by lane, then in the order of adding */
};

void bb_instants_init(struct bb_instants *instants, struct bb_budget *budget);
void bb_instants_reset(struct bb_instants *instants);

/* Groups the rows with from <= start < end, or, where that would take (much) more than allowance_nbytes, those of the longest
 * front part of that range that does not, at least one instant. *done_ret is the end of what was grouped (end itself when
 * that is all). BB_BUDGET when even a small part does not fit. Many rows are grouped by all threads of pool, which may be NULL. */
enum bb_status bb_instants_group(struct bb_instants *instants, const struct bb_row_store *store,
                                 struct bb_pool *pool, uint64_t from_utc_s, uint64_t end_utc_s,
                                 size_t allowance_nbytes, uint64_t *done_ret, struct bb_error *err) BB_WARN_UNUSED;

#endif
