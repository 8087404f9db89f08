/* Which inputs the lake holds already, by the ledgers of its files. */
#ifndef BB_KNOWN_H
#define BB_KNOWN_H

#include "convert/plan.h"
#include "convert/seen.h"

/* For the datasets of the plan's sources: reads the ledgers of all years, takes known sources out of the plan (their n_datasets becomes 0 and
 * files_skipped is counted), and appends the ledgers' sources as old ones, so that they are ranked with the rest. */
enum bb_status bb_known_apply(struct bb_run *run, struct bb_plan *plan, const struct bb_dataset *datasets,
                              size_t n_datasets, struct bb_seen *seen, struct bb_error *err) BB_WARN_UNUSED;

/* The hash of a leaf's content, by reading it all. */
enum bb_status bb_known_hash(struct bb_run *run, const struct bb_leaf *leaf, char hash[33],
                             struct bb_error *err) BB_WARN_UNUSED;

#endif
