/* Where rows come from: the slices and joins of a job's tables, and its sources as ledgers name them.
 *
 * A slice is one block of one source, a join the sources of a row whose values came from several. Both lists grow while others read them without a
 * lock: an entry never changes once its number was handed out, and an outgrown array stays until the tables are reset. */
#ifndef BB_ROW_ORIGINS_H
#define BB_ROW_ORIGINS_H

#include "convert/tables.h"

/* All sources are indexes into job->sources. */
const struct bb_plan_source *bb_tables_source(const struct bb_tables *t, uint32_t source);

/* Once, by bb_tables_init: makes the sources findable by what a ledger says of them. */
void bb_tables_index_sources(struct bb_tables *t);
/* The source of the job that a ledger names; 0 if none. */
int bb_tables_find_source(const struct bb_tables *t, const struct bb_ledger_source *s, size_t *source_ret);
/* The name that a ledger gives a leaf: the archive's for a member, without folders. Points into the leaf. */
struct bb_str bb_ledger_name_of(const struct bb_leaf *leaf);

/* Registers a block; from any thread. */
enum bb_status bb_tables_add_slice(struct bb_tables *t, size_t source, uint32_t sequence, uint32_t *slice_ret,
                                   struct bb_error *err) BB_WARN_UNUSED;
/* The slice that rows of the lake's files carry when they came from source. */
enum bb_status bb_tables_old_slice(struct bb_tables *t, uint32_t source, uint32_t *slice_ret,
                                   struct bb_error *err) BB_WARN_UNUSED;
/* The origin (with BB_ORIGIN_JOIN) of rows whose values came from these sources; from any thread. */
enum bb_status bb_tables_join(struct bb_tables *t, const uint32_t sources[BB_N_VALUES], uint32_t *origin_ret,
                              struct bb_error *err) BB_WARN_UNUSED;

/* What bb_sort_options and bb_year_file_setup ask for; tables is the struct bb_tables. The arrays hold all that was handed out before the call. */
const struct bb_slice *bb_tables_slices(void *tables);
const struct bb_join *bb_tables_joins(void *tables);
struct bb_str bb_tables_report_text(void *tables, uint32_t source);
uint32_t bb_tables_combine(void *tables, const uint32_t from[BB_N_VALUES]);

#endif
