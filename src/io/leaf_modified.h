/* When a plain file was last changed. Only for telling a file that is still growing today from a finished one: no precedence
 * follows from it, because copying changes it. */
#ifndef BB_LEAF_MODIFIED_H
#define BB_LEAF_MODIFIED_H

#include "io/source.h"

/* Seconds since 1970 UTC; 0 when the leaf is packed in an archive or the file cannot be asked. */
int64_t bb_leaf_modified_utc_s(const struct bb_leaf *leaf);

#endif
