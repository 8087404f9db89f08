/* What happens when rows meet on one key (instant and identity of the location).
 *
 * Precedence of full rows: final before BB_ROW_PRELIMINARY; then higher version; then current before BB_ROW_NOT_CURRENT; then the
 * higher slice order (later publication, later source, later block); then the later row of the slice. The others are losers:
 * duplicates when they equal the winner in prices, version and currentness, else revisions.
 *
 * Partial rows (BB_ROW_PARTIAL) of the highest vintage (version and currentness) are joined: each component comes from the
 * row of highest precedence that has it, everything else from the row of highest precedence. A lower vintage never completes
 * a higher one. Losers are counted in rows, not component lines, so the lines of one source and vintage first make up one
 * source-row:
 *   - within it a component given k times has k - 1 losers; the source-row lost as many rows as its most repeated component,
 *     of which those that differ from the winner are revisions (as many as the component with most of them has);
 *   - a source-row of which a component was overridden by a later source: a revision if any overridden value differs, else
 *     a duplicate if none of its components was used, else nothing;
 *   - a source-row of a lower vintage is a revision, and so are the rows lost within it.
 * A full row that meets partial rows counts as a source's lines of all its components; but where the highest vintage has full
 * rows only, these do not complete each other. */
#ifndef BB_RESOLVE_H
#define BB_RESOLVE_H

#include "table/row.h"

struct bb_met_row {
    const struct bb_row *row;
    uint64_t order; /* of its slice */
};

struct bb_resolve_counts {
    uint64_t rows, duplicates, revisions;
    uint64_t partial_with[16]; /* winners made of partial rows only, by what is present */
    unsigned seen;             /* values that any winner has */
};

/* The row that supplies everything but the components. met: n >= 1 rows of one key, the latest added first. */
const struct bb_row *bb_resolve_best(const struct bb_met_row *met, size_t n);

/* Makes the winner, without BB_ROW_PARTIAL, and counts the losers. met must have room for 2n and is reordered. With derive_energy
 * a winner with total, congestion and loss but no energy gets the decimal residual. from_ret[v]: the slice that value v came
 * from, for the values that met rows supplied. */
void bb_resolve(struct bb_met_row *met, size_t n, int derive_energy, struct bb_row *winner_ret,
                uint32_t from_ret[BB_N_VALUES], struct bb_resolve_counts *counts);

/* The same for a single row, which nearly every row is, full or not. */
void bb_resolve_derive_energy(struct bb_row *row);
static inline void bb_resolve_single(const struct bb_row *row, int derive_energy, struct bb_row *winner_ret,
                                     struct bb_resolve_counts *counts)
{
    *winner_ret = *row;
    winner_ret->flags &= BB_ROW_NOT_CURRENT;
    if (derive_energy) bb_resolve_derive_energy(winner_ret);
    if (row->flags & BB_ROW_PARTIAL) counts->partial_with[winner_ret->present & ((1u << BB_N_VALUES) - 1)]++;
    counts->seen |= winner_ret->present;
    counts->rows++;
}

void bb_resolve_add_counts(struct bb_resolve_counts *sum, const struct bb_resolve_counts *more);

/* Winners made of partial rows only that lack the total, or have some but not all of the other values; values that no
 * winner of the sort has are not missed. */
uint64_t bb_resolve_incomplete(const struct bb_resolve_counts *counts);

#endif
