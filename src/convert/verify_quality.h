/* Does what a file says of its own quality agree with its rows? Twice: the state stored inside the file against one made from its rows anew, and
 * LAKE/quality/… against what that state and the ledger make. */
#ifndef BB_VERIFY_QUALITY_H
#define BB_VERIFY_QUALITY_H

#include "lake/ledger.h"
#include "lake/quality.h"
#include "parquet/pq_read.h"
#include "parquet/pq_verify.h"

#include <sys/stat.h>

struct bb_verify_quality {
    const char *path;
    struct stat before; /* of path, before it was opened */
    struct bb_pq_reader *reader;
    const struct bb_ledger *head;
    const struct bb_zone *zone;
    struct bb_budget *budget;
    bb_pq_on_problem on_problem;
    void *ctx;
    size_t n_problems; /* told; starts at 0 */
};

/* rescan: of the rows (quality_rows.h); its entries get the identities of the stored state's. What the rows cannot tell is not compared: spellings
 * of a location that no row has any more, gaps beyond BB_QUALITY_MAX_RANGES, rejects. The JSON is left alone where path does not
 * lie in a lake, where another version of busbar wrote the file, and while a run gives names to files. */
enum bb_status bb_verify_quality(struct bb_verify_quality *v, struct bb_quality_state *rescan,
                                 struct bb_error *err) BB_WARN_UNUSED;

#endif
