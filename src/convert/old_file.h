/* A file that the lake already holds, while new rows are merged into it: row group by row group, its rows go back into the sort with the
 * sources that they once came from, or its bytes are carried over. */
#ifndef BB_OLD_FILE_H
#define BB_OLD_FILE_H

#include "convert/provenance.h"
#include "lake/ledger.h"
#include "lake/quality.h"
#include "parquet/pq_read.h"
#include "table/places.h"

struct bb_tables;

struct bb_old_group {
    uint32_t first_utc_s, last_utc_s;
    uint64_t provenance_offset, provenance_nbytes;
};

struct bb_old_file {
    struct bb_tables *tables;
    struct bb_pq_reader *reader;
    char *path;
    struct bb_ledger head; /* counts of earlier conversions */
    uint32_t *origin_of_code;
    size_t n_codes, cap_codes;
    struct bb_quality_state *quality; /* NULL: an earlier busbar wrote the file */
    struct bb_old_group *groups;
    struct bb_pq_decompress unpacker; /* of the lists of sources */
    size_t n_groups, next_group;      /* groups before next_group are dealt with */
};

/* What the ledger says of each source is handed over first; then groups and provenance are located. BB_IO: the file is damaged or of another
 * busbar. */
enum bb_status bb_old_file_open(const char *path, struct bb_tables *tables,
                                enum bb_status (*on_source)(void *ctx, const struct bb_ledger_source *s,
                                                            size_t source),
                                void *ctx, struct bb_old_file **old_ret, struct bb_error *err) BB_WARN_UNUSED;
void bb_old_file_close(struct bb_old_file *old);

/* Feeds the rows of a group, in order, in pieces of whole instants. A row that was joined from several sources comes as partial rows again. */
typedef enum bb_status (*bb_old_rows)(void *ctx, const struct bb_row *rows, size_t n, struct bb_error *err);
enum bb_status bb_old_file_load(struct bb_old_file *old, size_t group, bb_old_rows feed, void *ctx,
                                struct bb_error *err) BB_WARN_UNUSED;

/* The group's provenance as (rows, origin of today). */
enum bb_status bb_old_file_origins(struct bb_old_file *old, size_t group,
                                   enum bb_status (*on_run)(void *ctx, uint32_t origin, uint64_t rows,
                                                            struct bb_error *err),
                                   void *ctx, struct bb_error *err) BB_WARN_UNUSED;

#endif
