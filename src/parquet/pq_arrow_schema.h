/* The value of the footer key ARROW:schema: an Arrow IPC message with the schema, in base64. It carries what Parquet's own types
 * cannot say: the zone name of a timestamp. */
#ifndef BB_PQ_ARROW_SCHEMA_H
#define BB_PQ_ARROW_SCHEMA_H

#include "parquet/pq_write.h"

/* Appends the base64 text. False: no memory. */
int bb_pq_arrow_schema(const struct bb_pq_column *columns, size_t n_columns, struct bb_buf *out) BB_WARN_UNUSED;

#endif
