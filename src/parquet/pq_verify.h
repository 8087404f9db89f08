/* The deep check of one Parquet file: every promise that the format and busbar's files make about themselves, compared with the decoded
 * data. Knows nothing of prices or markets. */
#ifndef BB_PQ_VERIFY_H
#define BB_PQ_VERIFY_H

#include "parquet/pq_read.h"

/* where: "row group 3, column lmp_total, row 1234" (all counted from 0, the row within its group) or "footer". */
typedef void (*bb_pq_on_problem)(void *ctx, const char *where, const char *what);

/* Decodes everything and reports at most max_problems of these:
 *   footer: no ARROW:schema, no writer's name, no column orders, a type annotation that is missing in one of its two forms;
 *   pages: damage of any kind, no checksum, wrong number of values, bytes left over, dictionary with a value twice;
 *   lists: encodings and encoding_stats that do not name what the pages use, sizes that do not add up;
 *   statistics and column index: missing, or a minimum, maximum (exact where it says so) or number of NULLs that is not true;
 *   offset index: missing, or place, size or first row of a page that is not true; a boundary order that does not hold;
 *   bloom filter: lacks a value;
 *   order: rows that are not in the order of sorting_columns, within and across row groups (NULLs as declared, texts by bytes).
 * Damaged chunks are reported and passed over; the rest is still checked. The file is read twice where it is sorted.
 *
 * BB_OK: the whole check was made, *n_problems_ret tells the result (max_problems: there may be more). BB_IO, BB_BUDGET: it was not. */
enum bb_status bb_pq_verify_file(const char *path, struct bb_budget *budget, size_t max_problems,
                                 bb_pq_on_problem on_problem, void *ctx, size_t *n_problems_ret,
                                 struct bb_error *err) BB_WARN_UNUSED;

/* ---- between the parts of the check ---- */
struct bb_pq_verify {
    struct bb_pq_reader *reader;
    size_t max_problems, n_problems;
    bb_pq_on_problem on_problem;
    void *ctx;
};
#define BB_PQ_NOWHERE ((size_t)-1)
/* Reports unless the maximum is reached. column, row: BB_PQ_NOWHERE and -1 where it is not about one. */
void bb_pq_problem(struct bb_pq_verify *v, size_t group, size_t column, int64_t row, const char *fmt, ...)
    BB_PRINTF(5, 6);

/* The order of all rows (pq_verify_order.c). group_is_damaged: one byte per group; such groups are left out. */
enum bb_status bb_pq_verify_order(struct bb_pq_verify *v, const uint8_t *group_is_damaged,
                                  struct bb_error *err) BB_WARN_UNUSED;

#endif
