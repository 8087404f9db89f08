#include "lake/quality_state.h"

#include <math.h>
#include <stdlib.h>

void bb_quality_state_free(struct bb_quality_state *s)
{
    if (!s) return;
    bb_free(s->slots);
    bb_free(s->entries);
    bb_free(s->ranges);
    bb_free(s->groups);
    bb_free(s->text);
    bb_free(s);
}

uint32_t bb_quality_slot_of(const struct bb_quality_state *s, uint32_t ordinal)
{
    size_t low = 0, high = s->n_slots;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (s->slots[middle].first_ordinal <= ordinal)
            low = middle;
        else
            high = middle;
    }
    return s->slots[low].first + (ordinal - s->slots[low].first_ordinal);
}

static void merge_extremes(struct bb_quality_extreme *to, unsigned *n_to, const struct bb_quality_extreme *from,
                           unsigned n_from, double direction)
{
    struct bb_quality_extreme all[2 * BB_QUALITY_EXTREMES];
    unsigned i = 0, k = 0, n = 0;
    while (i < *n_to ||
           k < n_from) { /* groups follow each other in time: on equal prices the one that is there is earlier */
        int take_old = k == n_from || (i < *n_to && to[i].price * direction >= from[k].price * direction);
        all[n++] = take_old ? to[i++] : from[k++];
    }
    *n_to = BB_MIN(n, BB_QUALITY_EXTREMES);
    memcpy(to, all, *n_to * sizeof *to);
}

void bb_quality_totals(const struct bb_quality_state *s, struct bb_quality_group *t)
{
    *t = (struct bb_quality_group){ 0 };
    for (size_t i = 0; i < s->n_groups; i++) {
        const struct bb_quality_group *g = &s->groups[i];
        t->rows += g->rows;
        t->null_prices += g->null_prices;
        t->outside += g->outside;
        t->sums_checked += g->sums_checked;
        t->sums_off += g->sums_off;
        t->largest_sum_error = BB_MAX(t->largest_sum_error, g->largest_sum_error);
        merge_extremes(t->high, &t->n_high, g->high, g->n_high, 1.0);
        merge_extremes(t->low, &t->n_low, g->low, g->n_low, -1.0);
    }
}

/* ---- building ---- */

struct candidate { /* an entry to be, from the new rows or from the old file */
    struct bb_place_key key;
    uint32_t index; /* place, or entry of old */
    int of_old;
};

struct build {
    const struct bb_state_parts *parts;
    struct bb_budget *budget;
    struct bb_quality_state *state;
    struct candidate *candidates;
    size_t n_candidates;
    uint32_t *entry_of_place, *entry_of_old;       /* where each became what */
    uint32_t *new_first_in_all, *old_first_in_all; /* see bb_slots_map */
    struct bb_range_list ranges;
};

static enum bb_status no_room(const struct build *b, struct bb_error *err)
{
    return bb_fail_budget(err, b->budget, "the quality of a file");
}

static enum bb_status list_candidates(struct build *b, struct bb_error *err)
{
    const struct bb_presence *p = b->parts->presence;
    const struct bb_quality_state *old = b->parts->old;
    size_t n_old = old ? old->n_entries : 0, i_old = 0;
    const struct bb_place_order *order;
    BB_TRY(bb_places_rank(b->parts->places, &order, err));
    b->candidates = bb_alloc(b->budget, (p->n_marks + n_old + 1) * sizeof *b->candidates);
    b->entry_of_place = bb_calloc(b->budget, (p->n_marks + 1) * sizeof *b->entry_of_place);
    b->entry_of_old = bb_calloc(b->budget, (n_old + 1) * sizeof *b->entry_of_old);
    if (!b->candidates || !b->entry_of_place || !b->entry_of_old) return no_room(b, err);
    /* Places in their order and the entries of the old file, which has the same one. */
    for (size_t rank = 0; rank < order->n_places; rank++) {
        uint32_t place = order->place_at[rank];
        struct candidate fresh;
        if (place >= p->n_marks || p->marks[place].first_utc_s == UINT32_MAX) continue;
        fresh = (struct candidate){ *bb_places_at(b->parts->places, place), place, 0 };
        for (; i_old < n_old && bb_place_key_cmp(&old->entries[i_old].key, &fresh.key) <= 0; i_old++)
            b->candidates[b->n_candidates++] = (struct candidate){ old->entries[i_old].key, (uint32_t)i_old, 1 };
        b->candidates[b->n_candidates++] = fresh;
    }
    for (; i_old < n_old; i_old++)
        b->candidates[b->n_candidates++] = (struct candidate){ old->entries[i_old].key, (uint32_t)i_old, 1 };
    return BB_OK;
}

static enum bb_status unite_slots(struct build *b, struct bb_error *err)
{
    const struct bb_presence *p = b->parts->presence;
    const struct bb_quality_state *old = b->parts->old;
    struct bb_quality_state *s = b->state;
    size_t n_old = old ? old->n_slots : 0;
    BB_TRY(bb_slots_unite(p->slots, p->n_slots, old ? old->slots : NULL, n_old, b->budget, &s->slots, &s->n_slots,
                          err));
    if (s->n_slots)
        s->n_ordinals = s->slots[s->n_slots - 1].first_ordinal + s->slots[s->n_slots - 1].last -
                        s->slots[s->n_slots - 1].first + 1;
    b->new_first_in_all = bb_alloc(b->budget, (p->n_slots + 1) * sizeof(uint32_t));
    b->old_first_in_all = bb_alloc(b->budget, (n_old + 1) * sizeof(uint32_t));
    if (!b->new_first_in_all || !b->old_first_in_all) return no_room(b, err);
    bb_slots_map(p->slots, p->n_slots, s->slots, s->n_slots, b->new_first_in_all);
    if (old) bb_slots_map(old->slots, n_old, s->slots, s->n_slots, b->old_first_in_all);
    return BB_OK;
}

static enum bb_status add_ranges(struct build *b, const struct candidate *c, size_t at, struct bb_error *err)
{
    const struct bb_presence *p = b->parts->presence;
    const struct bb_quality_state *old = b->parts->old;
    size_t low = 0, high = p->n_closed;
    if (c->of_old)
        return bb_ranges_translate(old->ranges + old->entries[c->index].first_range,
                                   old->entries[c->index].n_ranges, old->slots, old->n_slots, b->old_first_in_all,
                                   b->budget, &b->ranges, at, err);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (p->closed[middle].place < c->index)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < p->n_closed && p->closed[low].place == c->index; low++)
        BB_TRY(bb_ranges_translate(&p->closed[low].range, 1, p->slots, p->n_slots, b->new_first_in_all, b->budget,
                                   &b->ranges, at, err));
    return BB_OK;
}

static void copy_text(struct bb_quality_state *s, struct bb_str *text)
{
    if (text->n) memcpy(s->text + s->text_nbytes, text->p, text->n);
    text->p = s->text + s->text_nbytes;
    s->text_nbytes += text->n;
}

static enum bb_status build_entries(struct build *b, struct bb_error *err)
{
    struct bb_quality_state *s = b->state;
    size_t text_nbytes = 0;
    for (size_t i = 0; i < b->n_candidates; i++) {
        const struct bb_place_key *k = &b->candidates[i].key;
        text_nbytes += k->identity.n + k->name.n + k->id.n + k->zone.n + k->unit.n;
    }
    s->text = bb_alloc(b->budget, text_nbytes + 1);
    s->entries = bb_calloc(b->budget, (b->n_candidates + 1) * sizeof *s->entries);
    if (!s->text || !s->entries) return no_room(b, err);
    s->first_utc_s = UINT32_MAX;
    for (size_t i = 0; i < b->n_candidates;) {
        struct bb_quality_entry *e = &s->entries[s->n_entries];
        size_t at = b->ranges.n, k = i;
        *e = (struct bb_quality_entry){ .key = b->candidates[i].key, .first_utc_s = UINT32_MAX, .first_range = at };
        for (; k < b->n_candidates && bb_place_key_cmp(&b->candidates[i].key, &b->candidates[k].key) == 0; k++) {
            const struct candidate *c = &b->candidates[k];
            const struct bb_presence_mark *mark = c->of_old ? NULL : &b->parts->presence->marks[c->index];
            e->first_utc_s =
                BB_MIN(e->first_utc_s, mark ? mark->first_utc_s : b->parts->old->entries[c->index].first_utc_s);
            e->last_utc_s =
                BB_MAX(e->last_utc_s, mark ? mark->last_utc_s : b->parts->old->entries[c->index].last_utc_s);
            *(c->of_old ? &b->entry_of_old[c->index] : &b->entry_of_place[c->index]) = (uint32_t)s->n_entries;
            BB_TRY(add_ranges(b, c, at, err));
        }
        bb_ranges_join(&b->ranges, at);
        if (b->ranges.n > BB_QUALITY_MAX_RANGES && b->ranges.n > at + 1) {
            s->n_unlisted_gaps += b->ranges.n - at - 1;
            b->ranges.p[at].last = b->ranges.p[b->ranges.n - 1].last;
            b->ranges.n = at + 1;
        }
        e->n_ranges = b->ranges.n - at;
        s->first_utc_s = BB_MIN(s->first_utc_s, e->first_utc_s);
        s->last_utc_s = BB_MAX(s->last_utc_s, e->last_utc_s);
        copy_text(s, &e->key.identity);
        copy_text(s, &e->key.name);
        copy_text(s, &e->key.id);
        copy_text(s, &e->key.zone);
        copy_text(s, &e->key.unit);
        s->n_entries++;
        i = k;
    }
    if (s->n_entries == 0) s->first_utc_s = 0;
    s->ranges = b->ranges.p;
    s->n_ranges = b->ranges.n;
    b->ranges.p = NULL;
    return BB_OK;
}

static enum bb_status build_groups(struct build *b, struct bb_error *err)
{
    struct bb_quality_state *s = b->state;
    s->groups = bb_alloc(b->budget, (b->parts->n_groups + 1) * sizeof *s->groups);
    if (!s->groups) return no_room(b, err);
    for (size_t i = 0; i < b->parts->n_groups; i++) {
        const struct bb_group_note *note = &b->parts->groups[i];
        const uint32_t *entry_of = note->of_old ? b->entry_of_old : b->entry_of_place;
        struct bb_quality_group *g = &s->groups[s->n_groups++];
        *g = note->group;
        for (unsigned k = 0; k < g->n_high; k++) g->high[k].entry = entry_of[g->high[k].entry];
        for (unsigned k = 0; k < g->n_low; k++) g->low[k].entry = entry_of[g->low[k].entry];
    }
    return BB_OK;
}

enum bb_status bb_quality_build(const struct bb_state_parts *parts, struct bb_budget *budget,
                                struct bb_quality_state **state_ret, struct bb_error *err)
{
    struct build b = { .parts = parts, .budget = budget };
    enum bb_status status = BB_OK;
    b.state = bb_calloc(budget, sizeof *b.state);
    if (!b.state) return no_room(&b, err);
    b.state->dataset = parts->dataset;
    b.state->half = parts->half;
    b.state->year = parts->year;
    b.state->base_utc_s = parts->presence->base_utc_s;
    b.state->n_unlisted_gaps = parts->presence->n_unlisted_gaps + (parts->old ? parts->old->n_unlisted_gaps : 0);
    status = list_candidates(&b, err);
    if (status == BB_OK) status = unite_slots(&b, err);
    if (status == BB_OK) status = build_entries(&b, err);
    if (status == BB_OK) status = build_groups(&b, err);
    bb_free(b.candidates);
    bb_free(b.entry_of_place);
    bb_free(b.entry_of_old);
    bb_free(b.new_first_in_all);
    bb_free(b.old_first_in_all);
    bb_free(b.ranges.p);
    if (status != BB_OK) {
        bb_quality_state_free(b.state);
        return status;
    }
    *state_ret = b.state;
    return BB_OK;
}
