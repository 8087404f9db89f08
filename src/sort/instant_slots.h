/* Puts the rows of one instant into the order of the lake: scattered by the rank of their location, read out through a bitmap
 * of the ranks. A location's identity meets in the slot of its lowest rank; a winner that belongs to a higher rank of the
 * same identity moves on to that slot, which the walk reaches later. */
#ifndef BB_INSTANT_SLOTS_H
#define BB_INSTANT_SLOTS_H

#include "sort/resolve.h"
#include "table/places.h"

struct bb_slot_plan { /* shared by all workers of a drain */
    size_t n_places;
    const uint32_t *rank_of;
    const uint32_t *meet_at; /* [place]: lowest rank of its identity; rank_of itself while no identity is shared */
    uint32_t *own_meet_at;   /* what must be freed of it */
    const struct bb_slice *slices;
    int derive_energy;
    uint32_t (*combine)(void *ctx, const uint32_t from[BB_N_VALUES]);
    void *combine_ctx;
};

enum bb_status bb_slot_plan_init(struct bb_slot_plan *plan, struct bb_budget *budget, struct bb_places *places,
                                 struct bb_error *err) BB_WARN_UNUSED;
void bb_slot_plan_reset(struct bb_slot_plan *plan);

struct bb_slots { /* one worker's */
    struct bb_budget *budget;
    uint32_t *
        slot; /* [n_places]: position of the latest row in the instant + 1; 0: empty, as all are between instants */
    uint64_t *used; /* bit per slot */
    uint32_t *next; /* [rows]: earlier row of the same identity, position + 1 */
    size_t cap_next;
    struct bb_met_row *met;
    size_t cap_met;
    struct bb_resolve_counts counts;
    uint32_t last_from[BB_N_VALUES], last_combined; /* neighbours mostly come from the same blocks */
    int has_last;
};

size_t bb_slots_nbytes(size_t n_places); /* memory of one, without the parts that grow with an instant's rows */
int bb_slots_init(struct bb_slots *slots, struct bb_budget *budget, size_t n_places) BB_WARN_UNUSED;
void bb_slots_reset(struct bb_slots *slots);

/* index: the row numbers (see row_store.h) of one instant in the order of adding. Writes the winners, at most n. On failure
 * the slots can only be reset. */
enum bb_status bb_slots_order(struct bb_slots *slots, const struct bb_slot_plan *plan,
                              const struct bb_row *const *units, const uint32_t *index, size_t n,
                              struct bb_row *out, size_t *n_out_ret, struct bb_error *err) BB_WARN_UNUSED;

#endif
