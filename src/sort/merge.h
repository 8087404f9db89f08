/* Several runs read as one: instant by instant, within an instant in the order of the runs, which is the order of adding.
 *
 * The rows are used where their blocks were loaded, by numbers as in row_store.h. Which blocks are next follows from the first instants of all of
 * them: one thread plans, any thread loads, one thread takes. */
#ifndef BB_MERGE_H
#define BB_MERGE_H

#include "sort/run_list.h"

struct bb_merge_run;
struct bb_merge_slot;

struct bb_merge {
    struct bb_run_list *list;
    uint64_t end_utc_s;
    struct bb_merge_run *runs; /* of from … from + n - 1 of the list */
    size_t from, n;
    struct bb_merge_slot *slots; /* loaded blocks, and room for some */
    size_t n_slots, cap_slots;
    uint32_t slots_at_once;
    uint32_t free_slot, used_slot; /* lists of them */
    uint32_t *planned;             /* slots that are to be loaded */
    size_t n_planned, cap_planned;
    size_t n_waiting;            /* rows loaded or planned and not taken yet */
    uint64_t whole_utc_s;        /* all rows before are loaded, or planned */
    const struct bb_row **units; /* first those of the store, then one per slot */
    size_t n_store_units, cap_units;
};

/* Opens the runs from … from + n - 1 of the list for their rows before end_utc_s. The first n_units units are somebody else's, to be
 * filled in by him. Slots are allocated slots_at_once at a time. Close, whatever the result is. */
enum bb_status bb_merge_open(struct bb_merge *merge, struct bb_run_list *list, size_t from, size_t n,
                             uint64_t end_utc_s, size_t n_units, uint32_t slots_at_once,
                             struct bb_error *err) BB_WARN_UNUSED;
/* Says what to load (merge->n_planned blocks) so that about n_rows rows wait, or what is left, and at least one whole instant. */
enum bb_status bb_merge_plan(struct bb_merge *merge, size_t n_rows, struct bb_error *err) BB_WARN_UNUSED;
/* Loads planned block i, each once. From any thread. */
enum bb_status bb_merge_load(struct bb_merge *merge, size_t i, struct bb_error *err) BB_WARN_UNUSED;
/* After that: the next instant of which all rows are loaded; BB_NO_INSTANT when there is none. */
uint64_t bb_merge_next(const struct bb_merge *merge);
/* Appends the numbers of all rows of that instant to the index. They are valid until bb_merge_forget. False: no memory. */
int bb_merge_take(struct bb_merge *merge, uint64_t instant, uint32_t **index, size_t *cap_index,
                  size_t *n_index) BB_WARN_UNUSED;
/* What was taken is used no more. */
void bb_merge_forget(struct bb_merge *merge);
int bb_merge_is_read(
    const struct bb_merge *merge); /* none of the opened runs has a block that is still to be planned */
/* Frees the memory. keep: the list forgets what was taken (all runs must have been opened). */
void bb_merge_close(struct bb_merge *merge, int keep);

#endif
