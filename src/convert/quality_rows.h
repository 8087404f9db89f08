/* A quality state (lake/quality.h) from the rows of a file, as a second opinion on the one that was collected while they were written, and for
 * files that carry none. The caller scans the row groups, in order, with at least the columns named here. */
#ifndef BB_QUALITY_ROWS_H
#define BB_QUALITY_ROWS_H

#include "convert/row_scan.h"
#include "lake/ledger.h"
#include "lake/quality.h"

#define BB_QUALITY_MAX_COLUMNS 16

struct bb_quality_rows;
/* ledger: its head. zone must outlive it. BB_SKIP: a column is missing or of another type. */
enum bb_status bb_quality_rows_new(struct bb_pq_reader *reader, const struct bb_ledger *ledger,
                                   const struct bb_zone *zone, struct bb_budget *budget,
                                   struct bb_quality_rows **rows_ret, struct bb_error *err) BB_WARN_UNUSED;
void bb_quality_rows_free(struct bb_quality_rows *rows);
/* The columns of the file that are needed; returns how many. */
size_t bb_quality_rows_columns(const struct bb_quality_rows *rows, int columns[BB_QUALITY_MAX_COLUMNS]);
/* Which columns of the file the scans to come have, in their order. */
void bb_quality_rows_scanned(struct bb_quality_rows *rows, const int *columns, size_t n);
/* The stretch of n rows that bb_row_scan_next gave. BB_SKIP: rows that cannot be in a file of the lake (disorder, another year). */
enum bb_status bb_quality_rows_add(struct bb_quality_rows *rows, const struct bb_row_scan *scan, size_t n,
                                   struct bb_error *err) BB_WARN_UNUSED;
enum bb_status bb_quality_rows_group_end(struct bb_quality_rows *rows, struct bb_error *err) BB_WARN_UNUSED;
/* The caller frees the state. An entry's identity is its id where it has one, else its name: which of them the operator's
 * identity is, the rows do not say. */
enum bb_status bb_quality_rows_finish(struct bb_quality_rows *rows, struct bb_quality_state **state_ret,
                                      struct bb_error *err) BB_WARN_UNUSED;

#endif
