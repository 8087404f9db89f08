#include "convert/row_scan.h"

#include <string.h>

enum bb_status bb_row_scan_open(struct bb_row_scan *scan, struct bb_pq_reader *reader, size_t group,
                                const int *columns, size_t n_columns, struct bb_error *err)
{
    memset(scan, 0, sizeof *scan);
    scan->batch_rows = BB_SCAN_BATCH_ROWS;
    for (size_t i = 0; i < n_columns; i++) {
        enum bb_status status = bb_pq_cursor_open(reader, group, (size_t)columns[i], &scan->cursors[i], err);
        if (status != BB_OK) {
            bb_row_scan_close(scan);
            return status;
        }
        scan->types[i] = bb_pq_reader_column(reader, (size_t)columns[i])->type;
        scan->n_columns++;
    }
    return BB_OK;
}

void bb_row_scan_close(struct bb_row_scan *scan)
{
    for (size_t i = 0; i < BB_SCAN_MAX_COLUMNS; i++) bb_pq_cursor_close(scan->cursors[i]);
    memset(scan, 0, sizeof *scan);
}

enum bb_status bb_row_scan_skip(struct bb_row_scan *scan, int64_t n_rows, struct bb_error *err)
{
    for (size_t i = 0; i < scan->n_columns && n_rows > 0; i++) {
        size_t ahead = scan->ahead[i].n - scan->used[i];
        if ((uint64_t)n_rows <= ahead) {
            scan->used[i] += (size_t)n_rows;
            continue;
        }
        scan->used[i] = scan->ahead[i].n;
        BB_TRY(bb_pq_cursor_skip(scan->cursors[i], n_rows - (int64_t)ahead, err));
    }
    return BB_OK;
}

enum bb_status bb_row_scan_next(struct bb_row_scan *scan, size_t *n_ret, struct bb_error *err)
{
    size_t n = SIZE_MAX;
    for (size_t i = 0; i < scan->n_columns; i++) {
        if (scan->used[i] == scan->ahead[i].n) {
            enum bb_status status = bb_pq_cursor_next(scan->cursors[i], scan->batch_rows, &scan->ahead[i], err);
            if (status == BB_EOF && i > 0)
                return bb_fail(err, BB_SKIP, "columns of one row group have different numbers of rows");
            if (status != BB_OK) return status;
            scan->used[i] = 0;
        }
        n = BB_MIN(n, scan->ahead[i].n - scan->used[i]);
    }
    for (size_t i = 0; i < scan->n_columns; i++) {
        const struct bb_pq_values *ahead = &scan->ahead[i];
        size_t from = scan->used[i];
        scan->at[i] = (struct bb_pq_values){ .n = n, .valid = ahead->valid + from };
        if (scan->types[i] == BB_PQ_BYTE_ARRAY)
            scan->at[i].v.str = ahead->v.str + from;
        else if (scan->types[i] == BB_PQ_DOUBLE || scan->types[i] == BB_PQ_FLOAT)
            scan->at[i].v.f64 = ahead->v.f64 + from;
        else
            scan->at[i].v.i64 = ahead->v.i64 + from;
        scan->used[i] += n;
    }
    *n_ret = n;
    return BB_OK;
}
