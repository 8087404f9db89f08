/* Which rows of a row group a question asks for: a location, an id, a span of time. Column by column, and each column only where the ones before
 * left something: pages that the page index rules out are not read, and nothing of a row group that statistics or a bloom filter rule out. */
#ifndef BB_ROW_FILTER_H
#define BB_ROW_FILTER_H

#include "parquet/pq_read.h"

struct bb_row_range {
    int64_t from, to; /* rows of the group, to exclusive */
};
struct bb_row_ranges {
    struct bb_row_range *p;
    size_t n, cap;
};

struct bb_row_filter {
    struct bb_pq_reader *reader;
    struct bb_budget *budget;
    int name_column, id_column, time_column; /* of the file; -1: not asked */
    struct bb_str name, id;
    int64_t from_utc, to_utc; /* in the file's unit; to exclusive */
};

/* Replaces *ranges by the rows of the group that match, in order, neighbours joined. The caller frees ranges->p. */
enum bb_status bb_row_filter_group(const struct bb_row_filter *filter, size_t group, struct bb_row_ranges *ranges,
                                   struct bb_error *err) BB_WARN_UNUSED;

#endif
