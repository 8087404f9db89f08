#include "lake/quality.h"

#include "lake/presence.h"
#include "lake/quality_state.h"
#include "lake/sum_tolerance.h"

#include <math.h>

struct bb_quality {
    struct bb_budget *budget;
    struct bb_dataset dataset;
    enum bb_half half;
    int year;
    double tolerance;
    struct bb_places *places;
    struct bb_presence presence;
    struct bb_quality_group group; /* of the rows since the last group end; entries of extremes are place ids */
    struct bb_group_note *groups;  /* ended ones */
    size_t n_groups, cap_groups;
    const struct bb_quality_state *old;
    struct bb_quality_state *state;
};

enum bb_status bb_quality_new(struct bb_budget *budget, const struct bb_dataset *dataset, enum bb_half half,
                              int year, const struct bb_zone *zone, struct bb_places *places,
                              struct bb_quality **q_ret, struct bb_error *err)
{
    struct bb_quality *q = bb_calloc(budget, sizeof *q);
    int64_t base, end, ignored;
    if (!q) return bb_fail_budget(err, budget, "the quality of a file");
    bb_zone_day(zone, bb_day_of((struct bb_date){ year, 1, 1 }), &base, &ignored);
    bb_zone_day(zone, bb_day_of((struct bb_date){ year + 1, 1, 1 }), &end, &ignored);
    *q = (struct bb_quality){ .budget = budget,
                              .dataset = *dataset,
                              .half = half,
                              .year = year,
                              .places = places,
                              .tolerance = bb_sum_tolerance(dataset) };
    bb_presence_init(&q->presence, budget, base, end, (uint32_t)dataset->minutes * 60);
    *q_ret = q;
    return BB_OK;
}

void bb_quality_free(struct bb_quality *q)
{
    if (!q) return;
    bb_presence_reset(&q->presence);
    bb_free(q->groups);
    bb_quality_state_free(q->state);
    bb_free(q);
}

/* ---- rows ---- */

/* The lists hold one price per interval, the most extreme first; ties go to the earlier interval. */
static void keep_extreme(struct bb_quality_extreme *list, unsigned *n, uint32_t utc_s, uint32_t place, double price,
                         double direction)
{
    unsigned at = *n;
    for (unsigned i = 0; i < *n; i++) {
        if (list[i].start_utc_s != utc_s) continue;
        if (list[i].price * direction >= price * direction) return;
        for (; i + 1 < *n; i++) list[i] = list[i + 1];
        at = --*n;
    }
    while (at > 0 && list[at - 1].price * direction < price * direction) at--;
    if (at == BB_QUALITY_EXTREMES) return;
    if (*n < BB_QUALITY_EXTREMES) ++*n;
    for (unsigned i = *n - 1; i > at; i--) list[i] = list[i - 1];
    list[at] = (struct bb_quality_extreme){ utc_s, place, price };
}

static void add_instant(struct bb_quality *q, const struct bb_row *rows, size_t n)
{
    struct bb_quality_group *g = &q->group;
    double high = -INFINITY, low = INFINITY, largest = g->largest_sum_error, tolerance = q->tolerance;
    uint32_t high_at = 0, low_at = 0;
    uint64_t n_null = 0, n_outside = 0, n_checked = 0, n_off = 0;
    for (size_t i = 0; i < n; i++) {
        const struct bb_row *row = &rows[i];
        double total = row->value[BB_VALUE_TOTAL];
        bb_presence_note(&q->presence, row->place);
        if (BB_UNLIKELY(!(row->present & 1))) {
            n_null++;
            continue;
        }
        if (total > high) high = total, high_at = row->place;
        if (total < low) low = total, low_at = row->place;
        if (BB_UNLIKELY(total < BB_QUALITY_LOW_PRICE || total > BB_QUALITY_HIGH_PRICE)) n_outside++;
        if ((row->present & 15) == 15) {
            double error = fabs(row->value[BB_VALUE_ENERGY] + row->value[BB_VALUE_CONGESTION] +
                                row->value[BB_VALUE_LOSS] - total);
            n_checked++;
            n_off += error > tolerance;
            largest = error > largest ? error : largest;
        }
    }
    g->rows += n;
    g->null_prices += n_null;
    g->outside += n_outside;
    g->sums_checked += n_checked;
    g->sums_off += n_off;
    g->largest_sum_error = largest;
    if (n_null == n) return;
    keep_extreme(g->high, &g->n_high, rows[0].start_utc_s, high_at, high, 1.0);
    keep_extreme(g->low, &g->n_low, rows[0].start_utc_s, low_at, low, -1.0);
}

enum bb_status bb_quality_add(struct bb_quality *q, const struct bb_row *rows, size_t n, struct bb_error *err)
{
    BB_TRY(bb_presence_places(&q->presence, bb_places_count(q->places), err));
    for (size_t i = 0; i < n;) {
        size_t k = i + 1;
        while (k < n && rows[k].start_utc_s == rows[i].start_utc_s) k++;
        BB_TRY(bb_presence_instant(&q->presence, rows[i].start_utc_s, err));
        add_instant(q, rows + i, k - i);
        i = k;
    }
    return BB_OK;
}

/* ---- groups ---- */

static enum bb_status push_group(struct bb_quality *q, const struct bb_quality_group *group, int of_old,
                                 struct bb_error *err)
{
    if (!bb_grow(q->budget, (void **)&q->groups, &q->cap_groups, q->n_groups + 1, sizeof *q->groups))
        return bb_fail_budget(err, q->budget, "the quality of a file");
    q->groups[q->n_groups++] = (struct bb_group_note){ *group, of_old };
    return BB_OK;
}

enum bb_status bb_quality_group_end(struct bb_quality *q, struct bb_error *err)
{
    if (q->group.rows == 0) return BB_OK;
    BB_TRY(push_group(q, &q->group, 0, err));
    q->group = (struct bb_quality_group){ 0 };
    return BB_OK;
}

enum bb_status bb_quality_copy_group(struct bb_quality *q, const struct bb_quality_state *old, size_t group,
                                     struct bb_error *err)
{
    if (group >= old->n_groups) return bb_fail(err, BB_BUG, "quality: row group %zu of %zu", group, old->n_groups);
    BB_TRY(bb_quality_group_end(q, err));
    bb_quality_merge_presence(q, old);
    return push_group(q, &old->groups[group], 1, err);
}

void bb_quality_merge_presence(struct bb_quality *q, const struct bb_quality_state *old) { q->old = old; }

enum bb_status bb_quality_finish(struct bb_quality *q, const struct bb_quality_state **state_ret,
                                 struct bb_error *err)
{
    BB_TRY(bb_quality_group_end(q, err));
    BB_TRY(bb_presence_finish(&q->presence, err));
    struct bb_state_parts parts = { .dataset = q->dataset,
                                    .half = q->half,
                                    .year = q->year,
                                    .places = q->places,
                                    .presence = &q->presence,
                                    .groups = q->groups,
                                    .n_groups = q->n_groups,
                                    .old = q->old };
    BB_TRY(bb_quality_build(&parts, q->budget, &q->state, err));
    bb_presence_reset(&q->presence);
    bb_free(q->groups);
    q->groups = NULL;
    q->n_groups = q->cap_groups = 0;
    *state_ret = q->state;
    return BB_OK;
}

struct bb_quality_state *bb_quality_take(struct bb_quality *q)
{
    struct bb_quality_state *state = q->state;
    q->state = NULL;
    return state;
}
