/* One file of the lake as status, report and metadata see it: its ledger's head and its quality state; and the list of all of them. */
#ifndef BB_LAKE_FILE_H
#define BB_LAKE_FILE_H

#include "lake/lake.h"
#include "lake/ledger.h"
#include "lake/quality.h"
#include "parquet/pq_read.h"

struct bb_lake_file {
    char path[BB_PATH_MAX];
    struct bb_ledger ledger; /* head only */
    struct bb_quality_state *state;
    uint64_t nbytes, n_sources;
    int64_t changed_utc_s;            /* the file's modification time */
    char *first_source, *last_source; /* names, in the order of the ledger; NULL without sources */
    int state_was_computed;           /* the file carried none: its rows were read */
};

/* The state that is stored in the file (footer key "busbar.quality" = "offset:length" of the blob). BB_EOF: it carries none that this busbar
 * understands. */
enum bb_status bb_quality_of_file(const char *path, struct bb_pq_reader *reader, struct bb_budget *budget,
                                  struct bb_quality_state **state_ret, struct bb_error *err) BB_WARN_UNUSED;
/* The state computed from the rows: slow, but needs nothing but the columns of the contract. */
enum bb_status bb_quality_scan(struct bb_pq_reader *reader, const struct bb_ledger *ledger,
                               struct bb_budget *budget, struct bb_quality_state **state_ret,
                               struct bb_error *err) BB_WARN_UNUSED;

/* Reads ledger and state, computing the latter when there is none. BB_SKIP: no file of busbar's. */
enum bb_status bb_lake_file_load(const char *path, struct bb_budget *budget, struct bb_lake_file **file_ret,
                                 struct bb_error *err) BB_WARN_UNUSED;
void bb_lake_file_free(struct bb_lake_file *file);

/* Calls visit for every .parquet file of the lake in the order of paths, both layouts. BB_IO when root is no folder. */
typedef enum bb_status (*bb_lake_visit)(void *ctx, const char *path, struct bb_error *err);
enum bb_status bb_folder_walk(const char *folder, bb_lake_visit visit, void *ctx,
                              struct bb_error *err) BB_WARN_UNUSED; /* of any folder */
enum bb_status bb_lake_walk(const char *root, bb_lake_visit visit, void *ctx, struct bb_error *err) BB_WARN_UNUSED;

/* Writes the registries of these operators (bit per enum bb_iso) and market_info.json anew, from what the lake holds. */
enum bb_status bb_lake_write_metadata(const char *root, unsigned iso_mask, struct bb_budget *budget,
                                      struct bb_error *err) BB_WARN_UNUSED;

#endif
