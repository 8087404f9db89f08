#include "lake/presence.h"

#include <stdlib.h>

#define NEVER UINT32_MAX

void bb_presence_init(struct bb_presence *p, struct bb_budget *budget, int64_t base_utc_s, int64_t end_utc_s,
                      uint32_t slot_s)
{
    *p = (struct bb_presence){
        .budget = budget, .base_utc_s = base_utc_s, .end_utc_s = end_utc_s, .slot_s = slot_s
    };
}

void bb_presence_reset(struct bb_presence *p)
{
    bb_free(p->marks);
    bb_free(p->closed);
    bb_free(p->slots);
    *p = (struct bb_presence){ 0 };
}

enum bb_status bb_presence_places(struct bb_presence *p, size_t n_places, struct bb_error *err)
{
    if (!bb_grow(p->budget, (void **)&p->marks, &p->cap_marks, n_places, sizeof *p->marks))
        return bb_fail_budget(err, p->budget, "the presence of locations");
    for (; p->n_marks < n_places; p->n_marks++)
        p->marks[p->n_marks] = (struct bb_presence_mark){ .first_utc_s = NEVER };
    return BB_OK;
}

enum bb_status bb_presence_instant(struct bb_presence *p, uint32_t utc_s, struct bb_error *err)
{
    struct bb_quality_slots *last = p->n_slots ? &p->slots[p->n_slots - 1] : NULL;
    uint32_t slot;
    if (p->no_memory) return bb_fail_budget(err, p->budget, "the presence of locations");
    if (utc_s < p->base_utc_s || utc_s >= p->end_utc_s || (last && utc_s < p->now_utc_s))
        return bb_fail(err, BB_BUG, "quality: instant %u is out of order or outside its year", utc_s);
    p->now_utc_s = utc_s;
    slot = (uint32_t)((utc_s - p->base_utc_s) / p->slot_s);
    if (last && slot == last->last) return BB_OK;
    p->now_ordinal = p->n_ordinals;
    if (last && slot == last->last + 1) {
        last->last = slot;
    } else {
        if (!bb_grow(p->budget, (void **)&p->slots, &p->cap_slots, p->n_slots + 1, sizeof *p->slots))
            return bb_fail_budget(err, p->budget, "the presence of locations");
        p->slots[p->n_slots++] = (struct bb_quality_slots){ slot, slot, p->now_ordinal };
    }
    p->n_ordinals++;
    return BB_OK;
}

static int close_range(struct bb_presence *p, uint32_t place)
{
    const struct bb_presence_mark *mark = &p->marks[place];
    if (!bb_grow(p->budget, (void **)&p->closed, &p->cap_closed, p->n_closed + 1, sizeof *p->closed)) return 0;
    p->closed[p->n_closed++] = (struct bb_presence_closed){ place, { mark->first_ordinal, mark->last_ordinal } };
    return 1;
}

void bb_presence_reopen(struct bb_presence *p, uint32_t place)
{
    struct bb_presence_mark *mark = &p->marks[place];
    if (mark->first_utc_s == NEVER) {
        mark->first_utc_s = p->now_utc_s;
    } else if (p->n_closed >= BB_QUALITY_MAX_RANGES) {
        p->n_unlisted_gaps++;
        return;
    } else if (!close_range(p, place)) {
        p->no_memory = 1;
    }
    mark->first_ordinal = p->now_ordinal;
}

static int by_place(const void *a_, const void *b_)
{
    const struct bb_presence_closed *a = a_, *b = b_;
    if (a->place != b->place) return a->place < b->place ? -1 : 1;
    return a->range.first < b->range.first ? -1 : 1;
}

enum bb_status bb_presence_finish(struct bb_presence *p, struct bb_error *err)
{
    for (uint32_t place = 0; place < p->n_marks && !p->no_memory; place++)
        if (p->marks[place].first_utc_s != NEVER && !close_range(p, place)) p->no_memory = 1;
    if (p->no_memory) return bb_fail_budget(err, p->budget, "the presence of locations");
    if (p->n_closed) qsort(p->closed, p->n_closed, sizeof *p->closed, by_place);
    return BB_OK;
}

/* ---- sets ---- */

enum bb_status bb_slots_unite(const struct bb_quality_slots *a, size_t n_a, const struct bb_quality_slots *b,
                              size_t n_b, struct bb_budget *budget, struct bb_quality_slots **out_ret,
                              size_t *n_ret, struct bb_error *err)
{
    struct bb_quality_slots *out = bb_alloc(budget, (n_a + n_b + 1) * sizeof *out);
    size_t n = 0, i = 0, k = 0;
    uint32_t ordinal = 0;
    if (!out) return bb_fail_budget(err, budget, "the presence of locations");
    while (i < n_a || k < n_b) {
        const struct bb_quality_slots *next = k == n_b || (i < n_a && a[i].first <= b[k].first) ? &a[i++] : &b[k++];
        if (n && next->first <= out[n - 1].last + 1)
            out[n - 1].last = BB_MAX(out[n - 1].last, next->last);
        else
            out[n++] = *next;
    }
    for (i = 0; i < n; i++) {
        out[i].first_ordinal = ordinal;
        ordinal += out[i].last - out[i].first + 1;
    }
    *out_ret = out;
    *n_ret = n;
    return BB_OK;
}

void bb_slots_map(const struct bb_quality_slots *from, size_t n_from, const struct bb_quality_slots *to,
                  size_t n_to, uint32_t *first_in_to)
{
    for (size_t i = 0, k = 0; i < n_from; i++) {
        while (k + 1 < n_to && to[k].last < from[i].first) k++;
        first_in_to[i] = to[k].first_ordinal + (from[i].first - to[k].first);
    }
}

static enum bb_status push(struct bb_range_list *out, size_t at, struct bb_quality_range range,
                           struct bb_budget *budget, struct bb_error *err)
{
    if (out->n > at && out->p[out->n - 1].last + 1 == range.first) {
        out->p[out->n - 1].last = range.last;
        return BB_OK;
    }
    if (!bb_grow(budget, (void **)&out->p, &out->cap, out->n + 1, sizeof *out->p))
        return bb_fail_budget(err, budget, "the presence of locations");
    out->p[out->n++] = range;
    return BB_OK;
}

enum bb_status bb_ranges_translate(const struct bb_quality_range *ranges, size_t n,
                                   const struct bb_quality_slots *from, size_t n_from, const uint32_t *first_in_to,
                                   struct bb_budget *budget, struct bb_range_list *out, size_t at,
                                   struct bb_error *err)
{
    for (size_t i = 0; i < n; i++) {
        size_t low = 0, high = n_from; /* the last piece that starts at or before the range */
        while (high - low > 1) {
            size_t middle = (low + high) / 2;
            if (from[middle].first_ordinal <= ranges[i].first)
                low = middle;
            else
                high = middle;
        }
        for (; low < n_from && from[low].first_ordinal <= ranges[i].last; low++) {
            const struct bb_quality_slots *piece = &from[low];
            uint32_t first = BB_MAX(ranges[i].first, piece->first_ordinal);
            uint32_t last = BB_MIN(ranges[i].last, piece->first_ordinal + (piece->last - piece->first));
            struct bb_quality_range to = { first_in_to[low] + (first - piece->first_ordinal),
                                           first_in_to[low] + (last - piece->first_ordinal) };
            BB_TRY(push(out, at, to, budget, err));
        }
    }
    return BB_OK;
}

static int by_first(const void *a_, const void *b_)
{
    const struct bb_quality_range *a = a_, *b = b_;
    return a->first < b->first ? -1 : a->first > b->first;
}

void bb_ranges_join(struct bb_range_list *out, size_t at)
{
    size_t n = at;
    if (out->n - at < 2) return;
    qsort(out->p + at, out->n - at, sizeof *out->p, by_first);
    for (size_t i = at; i < out->n; i++) {
        if (n > at && out->p[i].first <= out->p[n - 1].last + 1)
            out->p[n - 1].last = BB_MAX(out->p[n - 1].last, out->p[i].last);
        else
            out->p[n++] = out->p[i];
    }
    out->n = n;
}
