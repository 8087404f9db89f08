/* How a finished state is put together; for quality*.c only. */
#ifndef BB_QUALITY_STATE_H
#define BB_QUALITY_STATE_H

#include "lake/presence.h"

struct bb_group_note {
    struct bb_quality_group group; /* entries of extremes are place ids, or the old state's entries */
    int of_old;
};

struct bb_state_parts {
    struct bb_dataset dataset;
    enum bb_half half;
    int year;
    struct bb_places *places;
    const struct bb_presence *presence; /* finished */
    const struct bb_group_note *groups;
    size_t n_groups;
    const struct bb_quality_state *old; /* NULL: none */
};
enum bb_status bb_quality_build(const struct bb_state_parts *parts, struct bb_budget *budget,
                                struct bb_quality_state **state_ret, struct bb_error *err) BB_WARN_UNUSED;

#endif
