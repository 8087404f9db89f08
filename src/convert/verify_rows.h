/* The lake's own promises about one file (contract 3.1–3.3), checked by reading every row: schema, columns that follow from others, order, one row
 * per key, year; and that ledger (verify_ledger.h) and quality (verify_quality.h) say what the rows say. The format's promises are
 * checked elsewhere (parquet/pq_verify.h). */
#ifndef BB_VERIFY_ROWS_H
#define BB_VERIFY_ROWS_H

#include "parquet/pq_verify.h"

/* BB_OK: the check was made; problems went to on_problem, at most max_problems. BB_SKIP: not a file of a lake. */
enum bb_status bb_verify_rows(const char *path, struct bb_budget *budget, size_t max_problems,
                              bb_pq_on_problem on_problem, void *ctx, int64_t *rows_ret,
                              struct bb_error *err) BB_WARN_UNUSED;

#endif
