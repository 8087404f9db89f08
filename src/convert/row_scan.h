/* Rows of one row group, some columns side by side: cursors move page by page, and pages of different columns end at different rows; this hands out
 * stretches in which all columns have values. */
#ifndef BB_ROW_SCAN_H
#define BB_ROW_SCAN_H

#include "parquet/pq_read.h"

#define BB_SCAN_MAX_COLUMNS 32
#define BB_SCAN_BATCH_ROWS  1024

struct bb_row_scan {
    size_t n_columns;
    size_t
        batch_rows; /* what next asks of a cursor at most: BB_SCAN_BATCH_ROWS after open; fewer where few rows are wanted */
    enum bb_pq_type types[BB_SCAN_MAX_COLUMNS];
    struct bb_pq_cursor *cursors[BB_SCAN_MAX_COLUMNS];
    struct bb_pq_values ahead[BB_SCAN_MAX_COLUMNS]; /* what the cursor gave last */
    size_t used[BB_SCAN_MAX_COLUMNS];               /* of that */
    struct bb_pq_values at[BB_SCAN_MAX_COLUMNS];    /* the current stretch; at[i].n is the same for all */
};

/* columns: column numbers of the file. Fewer than BB_SCAN_MAX_COLUMNS. */
enum bb_status bb_row_scan_open(struct bb_row_scan *scan, struct bb_pq_reader *reader, size_t group,
                                const int *columns, size_t n_columns, struct bb_error *err) BB_WARN_UNUSED;
void bb_row_scan_close(struct bb_row_scan *scan);
/* Passes over rows that come next; pages that lie in them are not read. */
enum bb_status bb_row_scan_skip(struct bb_row_scan *scan, int64_t n_rows, struct bb_error *err) BB_WARN_UNUSED;
/* The next stretch of *n_ret rows in scan->at; BB_EOF at the end of the group. */
enum bb_status bb_row_scan_next(struct bb_row_scan *scan, size_t *n_ret, struct bb_error *err) BB_WARN_UNUSED;

#endif
