#include "sort/resolve.h"

#include "base/decimal.h"

#include <stdlib.h>
#include <string.h>

#define ALL_VALUES    ((1u << BB_N_VALUES) - 1)
#define INSERTION_MAX 24 /* components of a few sources: shifting beats qsort */

/* Final before preliminary, then the higher version, then the current one. */
static uint32_t vintage_of(const struct bb_row *row)
{
    return (uint32_t) !(row->flags & BB_ROW_PRELIMINARY) << 17 | (uint32_t)row->version * 2 |
           !(row->flags & BB_ROW_NOT_CURRENT);
}

/* Whether b, added earlier than a, takes precedence. */
static int earlier_wins(const struct bb_met_row *a, const struct bb_met_row *b)
{
    uint32_t va = vintage_of(a->row), vb = vintage_of(b->row);
    return va != vb ? vb > va : b->order > a->order;
}

static size_t best_of(const struct bb_met_row *met, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (earlier_wins(&met[best], &met[i])) best = i;
    return best;
}

const struct bb_row *bb_resolve_best(const struct bb_met_row *met, size_t n) { return met[best_of(met, n)].row; }

static int same_content(const struct bb_row *a, const struct bb_row *b)
{
    return a->version == b->version && !((a->flags ^ b->flags) & BB_ROW_NOT_CURRENT) && a->present == b->present &&
           memcmp(a->value, b->value, sizeof a->value) == 0;
}

static void choose_full(const struct bb_met_row *met, size_t n, struct bb_row *winner,
                        struct bb_resolve_counts *counts)
{
    size_t best = best_of(met, n);
    *winner = *met[best].row;
    for (size_t i = 0; i < n; i++) {
        if (i == best) continue;
        if (same_content(met[i].row, winner))
            counts->duplicates++;
        else
            counts->revisions++;
    }
}

/* The usual case: the components of one row, each given once. */
static int join_disjoint(const struct bb_met_row *met, size_t n, struct bb_row *winner, uint32_t from[BB_N_VALUES])
{
    unsigned present = 0;
    uint32_t vintage = vintage_of(met[0].row);
    for (size_t i = 0; i < n; i++) {
        if (vintage_of(met[i].row) != vintage || !met[i].row->present || (present & met[i].row->present)) return 0;
        present |= met[i].row->present;
    }
    *winner = *met[best_of(met, n)].row;
    for (size_t i = 0; i < n; i++)
        for (unsigned v = 0; v < BB_N_VALUES; v++)
            if (met[i].row->present >> v & 1) winner->value[v] = met[i].row->value[v], from[v] = met[i].row->slice;
    winner->present = (uint8_t)present;
    return 1;
}

static int sort_cmp(const void *a, const void *b)
{
    const struct bb_met_row *x = a, *y = b;
    uint32_t vx = vintage_of(x->row), vy = vintage_of(y->row);
    if (vx != vy) return vx > vy ? -1 : 1;
    return x->order != y->order ? (x->order > y->order ? -1 : 1) : 0;
}

static void merge_sorted(struct bb_met_row *to, const struct bb_met_row *a, size_t na, const struct bb_met_row *b,
                         size_t nb)
{
    while (na > 0 && nb > 0) {
        if (sort_cmp(a, b) <= 0)
            *to++ = *a++, na--;
        else
            *to++ = *b++, nb--;
    }
    memcpy(to, na ? a : b, (na + nb) * sizeof *to);
}

/* Highest precedence first; stable, which qsort is not. spare: room for n rows. */
static void sort_met(struct bb_met_row *met, size_t n, struct bb_met_row *spare)
{
    size_t half = n / 2;
    if (n > INSERTION_MAX) {
        sort_met(met, half, spare);
        sort_met(met + half, n - half, spare);
        memcpy(spare, met, n * sizeof *met);
        merge_sorted(met, spare, half, spare + half, n - half);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        struct bb_met_row x = met[i];
        size_t at = i;
        for (; at > 0 && sort_cmp(&met[at - 1], &x) > 0; at--) met[at] = met[at - 1];
        met[at] = x;
    }
}

struct source_row {
    unsigned present;    /* components that the source gave */
    unsigned overridden; /* … that a later source had given */
    unsigned used;       /* … that the winner has from here */
    int overridden_differs;
    uint64_t lost[BB_N_VALUES], lost_differing[BB_N_VALUES];
};

static uint64_t most(const uint64_t of[BB_N_VALUES])
{
    uint64_t m = 0;
    for (unsigned v = 0; v < BB_N_VALUES; v++) m = BB_MAX(m, of[v]);
    return m;
}

static void give(struct source_row *source, const struct bb_row *row, struct bb_row *winner, int joins,
                 uint32_t from[BB_N_VALUES])
{
    for (unsigned v = 0; v < BB_N_VALUES; v++) {
        unsigned bit = 1u << v;
        int differs;
        if (!(row->present & bit)) continue;
        if (joins && !(winner->present & bit)) {
            winner->value[v] = row->value[v];
            from[v] = row->slice;
            winner->present |= (uint8_t)bit;
            source->present |= bit;
            source->used |= bit;
            continue;
        }
        differs = memcmp(&row->value[v], &winner->value[v], sizeof row->value[v]) != 0;
        if (source->present & bit) {
            source->lost[v]++;
            source->lost_differing[v] += (unsigned)differs;
        } else {
            source->present |= bit;
            source->overridden |= bit;
            source->overridden_differs |= differs;
        }
    }
}

static void join(struct bb_met_row *met, size_t n, struct bb_row *winner, uint32_t from_slice[BB_N_VALUES],
                 struct bb_resolve_counts *counts)
{
    uint32_t top;
    size_t n_top = 0, from, i;
    unsigned top_partial = 0;
    sort_met(met, n, met + n);
    top = vintage_of(met[0].row);
    for (; n_top < n && vintage_of(met[n_top].row) == top; n_top++)
        top_partial |= met[n_top].row->flags & BB_ROW_PARTIAL;
    if (!top_partial) { /* full rows complete nothing */
        choose_full(met, n_top, winner, counts);
        for (unsigned v = 0; v < BB_N_VALUES; v++) from_slice[v] = winner->slice;
    } else {
        *winner = *met[0].row;
        winner->present = 0;
        memset(winner->value, 0, sizeof winner->value);
    }
    for (from = i = top_partial ? 0 : n_top; i < n; from = i) {
        struct source_row source = { 0 };
        uint32_t vintage = vintage_of(met[from].row);
        uint64_t lost;
        for (; i < n && vintage_of(met[i].row) == vintage && met[i].order >> 32 == met[from].order >> 32; i++)
            give(&source, met[i].row, winner, vintage == top, from_slice);
        lost = most(source.lost);
        if (vintage != top) {
            counts->revisions += lost + 1;
            continue;
        }
        counts->revisions += most(source.lost_differing);
        counts->duplicates += lost - most(source.lost_differing);
        if (source.overridden_differs)
            counts->revisions++;
        else if (from > 0 && !source.used)
            counts->duplicates++;
    }
}

void bb_resolve_derive_energy(struct bb_row *row)
{
    const unsigned operands = 1u << BB_VALUE_TOTAL | 1u << BB_VALUE_CONGESTION | 1u << BB_VALUE_LOSS;
    if ((row->present & ALL_VALUES) != operands) return;
    row->value[BB_VALUE_ENERGY] =
        bb_decimal_residual(row->value[BB_VALUE_TOTAL], row->value[BB_VALUE_CONGESTION], row->value[BB_VALUE_LOSS]);
    row->present |= 1u << BB_VALUE_ENERGY;
}

void bb_resolve(struct bb_met_row *met, size_t n, int derive_energy, struct bb_row *winner,
                uint32_t from[BB_N_VALUES], struct bb_resolve_counts *counts)
{
    uint32_t top = 0;
    unsigned any_partial = 0, only_partial;
    for (size_t i = 0; i < n; i++) {
        any_partial |= met[i].row->flags & BB_ROW_PARTIAL;
        top = BB_MAX(top, vintage_of(met[i].row));
    }
    only_partial = any_partial;
    for (size_t i = 0; i < n; i++)
        if (vintage_of(met[i].row) == top) only_partial &= met[i].row->flags;
    if (!any_partial) {
        choose_full(met, n, winner, counts);
        for (unsigned v = 0; v < BB_N_VALUES; v++) from[v] = winner->slice;
    } else if (!join_disjoint(met, n, winner, from)) {
        join(met, n, winner, from, counts);
    }
    winner->flags &= (uint8_t) ~(BB_ROW_PARTIAL | BB_ROW_PRELIMINARY);
    if (derive_energy) bb_resolve_derive_energy(winner);
    if (only_partial) counts->partial_with[winner->present & ALL_VALUES]++;
    counts->seen |= winner->present;
    counts->rows++;
}

void bb_resolve_add_counts(struct bb_resolve_counts *sum, const struct bb_resolve_counts *more)
{
    sum->rows += more->rows;
    sum->duplicates += more->duplicates;
    sum->revisions += more->revisions;
    for (unsigned i = 0; i <= ALL_VALUES; i++) sum->partial_with[i] += more->partial_with[i];
    sum->seen |= more->seen;
}

uint64_t bb_resolve_incomplete(const struct bb_resolve_counts *counts)
{
    const unsigned total = 1u << BB_VALUE_TOTAL, others = ALL_VALUES & ~total;
    uint64_t n = 0;
    for (unsigned present = 0; present <= ALL_VALUES; present++) {
        unsigned has = present & others, wanted = counts->seen & others;
        if ((counts->seen & total & ~present) || (has && has != wanted)) n += counts->partial_with[present];
    }
    return n;
}
