/* One file of the lake being written: sorted rows of one dataset, half and year become row groups.
 *
 * Row groups end on delivery-day borders: a group is closed at the first border where it holds at least BB_GROUP_MIN_ROWS rows; a day
 * that would make it larger than BB_GROUP_MAX_ROWS is cut between two instants. The rule looks only at the rows, so the bytes do not depend on
 * batches, threads or budget. Columns are encoded in parallel. */
#ifndef BB_YEAR_FILE_H
#define BB_YEAR_FILE_H

#include "base/pool.h"
#include "convert/provenance.h"
#include "lake/lake.h"
#include "lake/quality.h"
#include "parquet/pq_read.h"
#include "table/places.h"
#include "table/row.h"
#include "time/zone.h"

#define BB_GROUP_MIN_ROWS                                                                                          \
    ((size_t)128 << 10) /* below this, footers and dictionaries weigh more than skipping saves */
#define BB_GROUP_MAX_ROWS ((size_t)1 << 20) /* what one group may hold in memory while it is built */

struct bb_year_file_style {
    int dense, unsigned_types, timestamp_ns, hive; /* profile and options of the contract */
    int codec, level;                              /* enum bb_pq_codec */
};

struct bb_year_file_setup {
    struct bb_budget *budget;
    struct bb_pool *pool;
    struct bb_pq_compressors *compressors;
    int one_by_one; /* columns are encoded one after the other: less memory for compressing */
    const struct bb_dataset *dataset;
    enum bb_half half;
    int year;
    const struct bb_quality_state
        *old_quality; /* of the lake file that is merged in; NULL: there is none, no group can be copied */
    const struct bb_year_file_style *style;
    const struct bb_zone *zone;
    struct bb_places *places;
    /* Where a row came from: its slice's source, or the join that its slice is (BB_ORIGIN_JOIN). The tables may move between calls. */
    const struct bb_slice *(*slices)(void *ctx);
    const struct bb_join *(*joins)(void *ctx);
    struct bb_str (*report_text)(void *ctx, uint32_t source); /* data_source */
    size_t n_sources;
    void *ctx;
};

struct bb_year_file;
/* Makes the hidden file; final_path as by bb_lake_path. */
enum bb_status bb_year_file_new(const struct bb_year_file_setup *setup, const char *final_path,
                                struct bb_year_file **file_ret, struct bb_error *err) BB_WARN_UNUSED;
/* Rows in the order of the lake, whole instants per call; the signature is that of bb_sort_emit, ctx is the file. */
enum bb_status bb_year_file_add(void *file, const struct bb_row *rows, size_t n, struct bb_error *err);
/* A row group of another lake file with the same columns, byte for byte, and its provenance in today's origins (add_origins calls
 * bb_provenance_add). BB_EOF: the files differ in codec or columns; nothing was written, decode it instead. */
enum bb_status bb_year_file_copy_group(struct bb_year_file *file, struct bb_pq_reader *reader, size_t group,
                                       enum bb_status (*add_origins)(void *ctx, struct bb_provenance *to,
                                                                     struct bb_error *err),
                                       void *ctx, struct bb_error *err) BB_WARN_UNUSED;
/* After end_rows: coverage and oddities of the whole file, until the file is freed or rests. */
const struct bb_quality_state *bb_year_file_quality(const struct bb_year_file *file);
/* The codes that were handed out so far: what the ledger must explain. */
const struct bb_provenance *bb_year_file_provenance(const struct bb_year_file *file);
/* Ends the last row group: the provenance and the quality are complete. */
enum bb_status bb_year_file_end_rows(struct bb_year_file *file, struct bb_error *err) BB_WARN_UNUSED;
/* Writes the footer with the ledger (JSON), syncs, reads back and checks. */
enum bb_status bb_year_file_finish(struct bb_year_file *file, struct bb_str ledger, uint64_t *rows_ret,
                                   uint64_t *nbytes_ret, struct bb_error *err) BB_WARN_UNUSED;
/* After finish: gives back all memory but the name, so that many finished files can wait. */
void bb_year_file_rest(struct bb_year_file *file);
/* After finish: gives the file its name. */
const struct bb_publication *bb_year_file_publication(const struct bb_year_file *file);
enum bb_status bb_year_file_publish(struct bb_year_file *file, struct bb_error *err) BB_WARN_UNUSED;
void bb_year_file_free(struct bb_year_file *file); /* removes what was not published */
const char *bb_year_file_path(const struct bb_year_file *file);

#endif
