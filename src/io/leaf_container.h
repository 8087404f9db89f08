/* What a leaf is wrapped in, for people and for deciding what a look at its end costs. */
#ifndef BB_LEAF_CONTAINER_H
#define BB_LEAF_CONTAINER_H

#include "io/source.h"

enum bb_wrapping { BB_IN_ZIP, BB_IN_GZIP, BB_IN_ZSTD, BB_IN_WORKBOOK };
#define BB_MAX_WRAPPINGS 16
extern const char *const bb_wrapping_names[]; /* "zip", "gzip", "zstd", "xlsx" */

/* Innermost first: a gzip within a zip gives GZIP, ZIP. 0: a plain file. Wrappings beyond BB_MAX_WRAPPINGS are not told. */
int bb_leaf_wrappings(const struct bb_leaf *leaf, enum bb_wrapping wrappings_ret[BB_MAX_WRAPPINGS]);

#endif
