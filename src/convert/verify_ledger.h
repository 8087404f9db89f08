/* Does the ledger of a file agree with its rows? Each row's origin must be a source that the ledger knows; no source can have won more rows than it
 * delivered, or one outside of its span; together they delivered every row, and their spans end where the file's rows do. */
#ifndef BB_VERIFY_LEDGER_H
#define BB_VERIFY_LEDGER_H

#include "convert/provenance.h"
#include "lake/ledger.h"
#include "parquet/pq_verify.h"

struct bb_claim; /* what the ledger says of a source, and what the rows say */

struct bb_verify_ledger {
    struct bb_budget *budget;
    struct bb_pq_reader *reader;
    bb_pq_on_problem on_problem;
    void *ctx;
    struct bb_ledger head;
    struct bb_claim *claims;
    uint32_t *claim_of_code, *join_of_code;
    struct bb_ledger_join *joins;
    size_t n_claims, cap_claims, n_codes, cap_claim_codes, cap_join_codes, n_joins, cap_joins;
    struct bb_buf names;
    struct bb_str places; /* of the provenance of the row groups to come */
    struct bb_provenance_list list;
    struct bb_pq_decompress unpacker;
    int list_is_open, list_is_bad; /* bad: of this row group, told already */
    uint64_t run_left;
    uint32_t run_code, run_first_utc_s, now_utc_s, first_utc_s;
    uint64_t run_rows, rows;
    size_t group;
};

/* Reads the ledger. BB_SKIP: it is none. */
enum bb_status bb_verify_ledger_open(struct bb_verify_ledger *v, struct bb_pq_reader *reader,
                                     struct bb_budget *budget, bb_pq_on_problem on_problem, void *ctx,
                                     struct bb_error *err) BB_WARN_UNUSED;
void bb_verify_ledger_close(struct bb_verify_ledger *v); /* also when open failed */
/* For every row group in order: begin, then every row in order, then end. */
enum bb_status bb_verify_ledger_group_begin(struct bb_verify_ledger *v, size_t group,
                                            struct bb_error *err) BB_WARN_UNUSED;
void bb_verify_ledger_next_run(struct bb_verify_ledger *v, uint32_t utc_s);
static inline void bb_verify_ledger_row(struct bb_verify_ledger *v, uint32_t utc_s)
{
    if (v->run_left == 0) bb_verify_ledger_next_run(v, utc_s);
    v->run_left--;
    v->run_rows++;
    v->now_utc_s = utc_s;
}
void bb_verify_ledger_group_end(struct bb_verify_ledger *v);
/* When all rows were seen. */
void bb_verify_ledger_end(struct bb_verify_ledger *v);

#endif
