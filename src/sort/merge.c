#include "sort/merge.h"

#include "sort/row_store.h"

#include <string.h>

#define NO_SLOT UINT32_MAX

_Static_assert(BB_BLOCK_MAX_ROWS <= BB_UNIT_ROWS, "the rows of a slot are numbered as one unit");

struct bb_merge_run {
    uint32_t next_block;  /* neither loaded nor planned yet */
    uint32_t first, last; /* of the slots with its rows, in this order */
};

struct bb_merge_slot {
    struct bb_run_block *block;
    uint32_t run, number; /* what is in it, or will be */
    uint32_t pos;         /* of its first row that was not taken */
    uint32_t next;
};

/* ---- loading ---- */

enum bb_status bb_merge_open(struct bb_merge *merge, struct bb_run_list *list, size_t from, size_t n,
                             uint64_t end_utc_s, size_t n_units, uint32_t slots_at_once, struct bb_error *err)
{
    *merge = (struct bb_merge){ .list = list,
                                .end_utc_s = end_utc_s,
                                .from = from,
                                .n = n,
                                .slots_at_once = slots_at_once,
                                .free_slot = NO_SLOT,
                                .used_slot = NO_SLOT,
                                .n_store_units = n_units };
    merge->runs = bb_alloc(list->budget, n * sizeof *merge->runs);
    if (!merge->runs ||
        !bb_grow(list->budget, (void **)&merge->units, &merge->cap_units, n_units, sizeof *merge->units))
        return bb_fail_budget(err, list->budget, "merging rows");
    for (size_t i = 0; i < n; i++)
        merge->runs[i] = (struct bb_merge_run){ list->runs[from + i].next, NO_SLOT, NO_SLOT };
    return BB_OK;
}

static uint64_t first_to_load(const struct bb_merge *merge, size_t i)
{
    const struct bb_run *run = &merge->list->runs[merge->from + i];
    uint32_t block = merge->runs[i].next_block;
    return block < run->n_blocks ? run->first_utc_s[block] : BB_NO_INSTANT;
}

static uint64_t first_loaded(const struct bb_merge *merge)
{
    uint64_t first = BB_NO_INSTANT;
    for (size_t i = 0; i < merge->n; i++) {
        uint32_t at = merge->runs[i].first;
        if (at != NO_SLOT) first = BB_MIN(first, merge->slots[at].block->rows[merge->slots[at].pos].start_utc_s);
    }
    return first;
}

static int add_slots(struct bb_merge *merge)
{
    struct bb_budget *budget = merge->list->budget;
    size_t block_nbytes = bb_run_block_nbytes(&merge->list->file), n = merge->n_slots + merge->slots_at_once;
    char *blocks;
    if (merge->n_store_units + n > (size_t)1 << (32 - BB_UNIT_BITS) ||
        !bb_grow(budget, (void **)&merge->slots, &merge->cap_slots, n, sizeof *merge->slots) ||
        !bb_grow(budget, (void **)&merge->units, &merge->cap_units, merge->n_store_units + n, sizeof *merge->units))
        return 0;
    blocks = bb_alloc(budget, merge->slots_at_once * block_nbytes);
    if (!blocks) return 0;
    for (; merge->n_slots < n; merge->n_slots++, blocks += block_nbytes) {
        struct bb_merge_slot *slot = &merge->slots[merge->n_slots];
        slot->block = (struct bb_run_block *)blocks;
        slot->next = merge->free_slot;
        merge->free_slot = (uint32_t)merge->n_slots;
        merge->units[merge->n_store_units + merge->n_slots] = slot->block->rows;
    }
    return 1;
}

static int plan_block(struct bb_merge *merge, size_t i)
{
    struct bb_merge_run *run = &merge->runs[i];
    const struct bb_run *on_disk = &merge->list->runs[merge->from + i];
    struct bb_merge_slot *slot;
    uint32_t at;
    if (merge->free_slot == NO_SLOT && !add_slots(merge)) return 0;
    if (!bb_grow(merge->list->budget, (void **)&merge->planned, &merge->cap_planned, merge->n_planned + 1,
                 sizeof *merge->planned))
        return 0;
    at = merge->free_slot;
    slot = &merge->slots[at];
    merge->free_slot = slot->next;
    slot->run = (uint32_t)i;
    slot->number = run->next_block++;
    slot->pos = slot->number == on_disk->next ? on_disk->skip_rows : 0;
    slot->next = NO_SLOT;
    if (run->last == NO_SLOT)
        run->first = at;
    else
        merge->slots[run->last].next = at;
    run->last = at;
    merge->planned[merge->n_planned++] = at;
    merge->n_waiting += merge->list->file.block_rows;
    return 1;
}

enum bb_status bb_merge_plan(struct bb_merge *merge, size_t n_rows, struct bb_error *err)
{
    uint64_t earliest = first_loaded(merge);
    merge->n_planned = 0;
    for (;;) {
        uint64_t first = BB_NO_INSTANT;
        size_t run = 0;
        for (size_t i = 0; i < merge->n; i++)
            if (first_to_load(merge, i) < first) first = first_to_load(merge, run = i);
        merge->whole_utc_s = BB_MIN(first, merge->end_utc_s);
        if (first >= merge->end_utc_s || (merge->n_waiting >= n_rows && earliest < first)) return BB_OK;
        if (!plan_block(merge, run)) return bb_fail_budget(err, merge->list->budget, "the rows of one instant");
        earliest = BB_MIN(earliest, first);
    }
}

enum bb_status bb_merge_load(struct bb_merge *merge, size_t i, struct bb_error *err)
{
    struct bb_merge_slot *slot = &merge->slots[merge->planned[i]];
    const struct bb_run_file *file = &merge->list->file;
    const struct bb_run *run = &merge->list->runs[merge->from + slot->run];
    BB_TRY(bb_run_block_read(file, run, slot->number, slot->block, err));
    if (slot->pos < slot->block->n_rows) return BB_OK;
    return bb_fail(err, BB_BUG, "block %u has %u rows, of which %u were taken", slot->number, slot->block->n_rows,
                   slot->pos);
}

/* ---- taking ---- */

uint64_t bb_merge_next(const struct bb_merge *merge)
{
    uint64_t next = first_loaded(merge);
    return next < merge->whole_utc_s ? next : BB_NO_INSTANT;
}

static int append_numbers(struct bb_budget *budget, uint32_t number, size_t n, uint32_t **index, size_t *cap_index,
                          size_t *n_index)
{
    uint32_t *to;
    if (!bb_grow(budget, (void **)index, cap_index, *n_index + n, sizeof **index)) return 0;
    to = *index + *n_index;
    for (size_t i = 0; i < n; i++) to[i] = number + (uint32_t)i;
    *n_index += n;
    return 1;
}

int bb_merge_take(struct bb_merge *merge, uint64_t instant, uint32_t **index, size_t *cap_index, size_t *n_index)
{
    for (size_t i = 0; i < merge->n; i++) {
        struct bb_merge_run *run = &merge->runs[i];
        while (run->first != NO_SLOT) {
            uint32_t at = run->first, end;
            struct bb_merge_slot *slot = &merge->slots[at];
            if (slot->block->rows[slot->pos].start_utc_s != instant) break;
            end = (uint32_t)bb_row_instant_end(slot->block->rows, slot->pos, slot->block->n_rows);
            if (!append_numbers(merge->list->budget,
                                (uint32_t)((merge->n_store_units + at) << BB_UNIT_BITS) + slot->pos,
                                end - slot->pos, index, cap_index, n_index))
                return 0;
            slot->pos = end;
            if (end < slot->block->n_rows) break;
            merge->n_waiting -= merge->list->file.block_rows;
            run->first = slot->next;
            if (run->first == NO_SLOT) run->last = NO_SLOT;
            slot->next = merge->used_slot;
            merge->used_slot = at;
        }
    }
    return 1;
}

void bb_merge_forget(struct bb_merge *merge)
{
    while (merge->used_slot != NO_SLOT) {
        struct bb_merge_slot *slot = &merge->slots[merge->used_slot];
        uint32_t next = slot->next;
        slot->next = merge->free_slot;
        merge->free_slot = merge->used_slot;
        merge->used_slot = next;
    }
}

int bb_merge_is_read(const struct bb_merge *merge)
{
    for (size_t i = 0; i < merge->n; i++)
        if (first_to_load(merge, i) != BB_NO_INSTANT) return 0;
    return 1;
}

/* What is left of run i begins with the first row that was not taken. */
static void note_left(const struct bb_merge *merge, size_t i)
{
    struct bb_run *run = &merge->list->runs[i];
    if (merge->runs[i].first != NO_SLOT) {
        const struct bb_merge_slot *slot = &merge->slots[merge->runs[i].first];
        run->next = slot->number;
        run->skip_rows = slot->pos;
        run->first_utc_s[run->next] = slot->block->rows[slot->pos].start_utc_s;
    } else if (run->next != merge->runs[i].next_block) {
        run->next = merge->runs[i].next_block;
        run->skip_rows = 0;
    }
}

static void forget_empty(struct bb_run_list *list)
{
    size_t n_left = 0;
    for (size_t i = 0; i < list->n; i++)
        if (bb_run_first(&list->runs[i]) == BB_NO_INSTANT)
            bb_free(list->runs[i].first_utc_s);
        else
            list->runs[n_left++] = list->runs[i];
    list->n = n_left;
    if (n_left == 0) bb_run_file_reset(&list->file);
}

void bb_merge_close(struct bb_merge *merge, int keep)
{
    for (size_t i = 0; keep && i < merge->n; i++) note_left(merge, i);
    if (keep) forget_empty(merge->list);
    for (size_t i = 0; i < merge->n_slots; i += merge->slots_at_once) bb_free(merge->slots[i].block);
    bb_free(merge->slots);
    bb_free(merge->runs);
    bb_free(merge->planned);
    bb_free(merge->units);
    *merge = (struct bb_merge){ .list = merge->list };
}
