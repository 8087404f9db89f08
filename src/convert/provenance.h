/* Which source each row of a file came from, so that a later update decides between old and new rows by the same precedence as one
 * conversion of everything. Kept beside the columns: for each row group a small compressed list of runs (rows, code) where
 * readers of Parquet do not look: many lists together, behind the last row group or, when they are large, between two. A code is a
 * source of the ledger, or a join: the four sources of a row's four values. Codes are handed out in the order of first
 * appearance, so equal rows give equal bytes. */
#ifndef BB_PROVENANCE_H
#define BB_PROVENANCE_H

#include "parquet/pq_compress.h"
#include "parquet/pq_decompress.h"
#include "table/row.h"

#define BB_ORIGIN_JOIN 0x80000000u /* bit of an origin, and of a row's slice: the rest is the number of a join */
#define BB_NO_CODE     UINT32_MAX

struct bb_join {
    uint32_t sources[BB_N_VALUES];
    uint32_t main;
}; /* of each value; main: of the highest rank */

struct bb_code {
    uint32_t origin;
}; /* what a code stands for: source, or BB_ORIGIN_JOIN | join */

struct bb_provenance {
    struct bb_budget *budget;
    const struct bb_join *(*joins)(void *ctx); /* the table may move between calls */
    void *ctx;
    uint32_t *code_of_source, *code_of_join;
    size_t n_sources, n_joins, cap_joins;
    struct bb_code *codes;
    size_t n_codes, cap_codes;
    struct bb_buf runs; /* of the open row group */
    uint32_t code, last_origin;
    uint64_t run_rows;
    struct bb_pq_compressor *packer;
    struct bb_buf packed; /* lists that are not in the file yet */
    uint32_t *packed_nbytes;
    size_t n_packed, cap_packed;
    struct bb_buf places; /* "offset:length" of each group's list that is, separated by blanks */
};

enum bb_status bb_provenance_init(struct bb_provenance *p, size_t n_sources,
                                  const struct bb_join *(*joins)(void *ctx), void *ctx, struct bb_budget *budget,
                                  struct bb_error *err) BB_WARN_UNUSED;
void bb_provenance_reset(struct bb_provenance *p);

/* n more rows of the open group came from origin. */
enum bb_status bb_provenance_add(struct bb_provenance *p, uint32_t origin, uint64_t n,
                                 struct bb_error *err) BB_WARN_UNUSED;
/* Packs the open group's list, and writes it when there is much to write. */
enum bb_status bb_provenance_end_group(struct bb_provenance *p, struct bb_pq_file *file,
                                       struct bb_error *err) BB_WARN_UNUSED;
/* Writes what is left: places is complete then. */
enum bb_status bb_provenance_write(struct bb_provenance *p, struct bb_pq_file *file,
                                   struct bb_error *err) BB_WARN_UNUSED;

/* Where the next row group's list lies: takes one "offset:length" off the front of *places, the footer's "busbar.provenance". 0: there is none,
 * or it does not lie in a file of file_nbytes. */
int bb_provenance_place(struct bb_str *places, uint64_t file_nbytes, uint64_t *offset_ret, uint64_t *nbytes_ret);

/* Reads such a list: runs of codes. The unpacker, for BB_PQ_ZSTD, serves one list after the other. */
struct bb_provenance_list {
    struct bb_buf bytes;
    size_t at;
};
enum bb_status bb_provenance_open(struct bb_provenance_list *list, struct bb_str compressed,
                                  struct bb_pq_decompress *unpacker, struct bb_error *err) BB_WARN_UNUSED;
/* 1: one run; 0: the end; -1: damaged. */
int bb_provenance_next(struct bb_provenance_list *list, uint64_t *rows_ret, uint32_t *code_ret);
void bb_provenance_close(struct bb_provenance_list *list);

#endif
