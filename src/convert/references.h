/* Lists of locations among the inputs (PJM pnode, CAISO ATL_PNODE_MAP, ERCOT settlement points): read whole before any price file, so that what
 * price files leave out can be filled in. */
#ifndef BB_REFERENCES_H
#define BB_REFERENCES_H

#include "convert/run.h"
#include "markets/reference.h"

/* Takes the records of one list. A damaged list is refused like any file (BB_SKIP); *n_taken_ret counts the locations that it told something of. */
enum bb_status bb_references_read(struct bb_run *run, const struct bb_leaf *leaf, struct bb_reference *reference,
                                  uint64_t *n_taken_ret, struct bb_error *err) BB_WARN_UNUSED;

#endif
