/* A quality state from the rows of a file, for files that carry none. */
#include "convert/lake_file.h"
#include "convert/quality_rows.h"

static enum bb_status scan_group(struct bb_quality_rows *rows, struct bb_pq_reader *reader, size_t group,
                                 const int *columns, size_t n_columns, struct bb_error *err)
{
    struct bb_row_scan scan;
    size_t n = 0;
    enum bb_status status;
    BB_TRY(bb_row_scan_open(&scan, reader, group, columns, n_columns, err));
    while ((status = bb_row_scan_next(&scan, &n, err)) == BB_OK) {
        status = bb_quality_rows_add(rows, &scan, n, err);
        if (status != BB_OK) break;
    }
    bb_row_scan_close(&scan);
    return status == BB_EOF ? bb_quality_rows_group_end(rows, err) : status;
}

enum bb_status bb_quality_scan(struct bb_pq_reader *reader, const struct bb_ledger *ledger,
                               struct bb_budget *budget, struct bb_quality_state **state_ret, struct bb_error *err)
{
    struct bb_quality_rows *rows = NULL;
    struct bb_zone *zone = NULL;
    int columns[BB_QUALITY_MAX_COLUMNS];
    size_t n_columns = 0;
    enum bb_status status;
    BB_TRY(bb_zone_open(bb_iso_infos[ledger->dataset.iso].zone_name, NULL, budget, &zone, err));
    status = bb_quality_rows_new(reader, ledger, zone, budget, &rows, err);
    if (status == BB_OK) {
        n_columns = bb_quality_rows_columns(rows, columns);
        bb_quality_rows_scanned(rows, columns, n_columns);
    }
    for (size_t g = 0; g < bb_pq_reader_groups(reader) && status == BB_OK; g++)
        status = scan_group(rows, reader, g, columns, n_columns, err);
    if (status == BB_OK) status = bb_quality_rows_finish(rows, state_ret, err);
    bb_quality_rows_free(rows);
    bb_zone_close(zone);
    return status;
}
