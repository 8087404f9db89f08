/* One decoded value and the order that Parquet defines for its column. */
#ifndef BB_PQ_VALUE_H
#define BB_PQ_VALUE_H

#include "parquet/pq_read.h"

struct bb_pq_value { /* which member counts follows from the column's type */
    int64_t i;
    double d;
    struct bb_str s;
};

static inline struct bb_pq_value bb_pq_value_at(enum bb_pq_type type, const struct bb_pq_values *values, size_t i)
{
    struct bb_pq_value v = { 0 };
    if (type == BB_PQ_BYTE_ARRAY) {
        v.s = values->v.str[i];
    } else if (type == BB_PQ_FLOAT || type == BB_PQ_DOUBLE) {
        v.d = values->v.f64[i];
    } else {
        v.i = values->v.i64[i];
    }
    return v;
}

/* <0, 0, >0. NaN is equal to everything. */
static inline int bb_pq_value_cmp(enum bb_pq_type type, const struct bb_pq_value *a, const struct bb_pq_value *b)
{
    if (type == BB_PQ_BYTE_ARRAY) return a->s.p == b->s.p && a->s.n == b->s.n ? 0 : bb_str_cmp(a->s, b->s);
    if (type == BB_PQ_FLOAT || type == BB_PQ_DOUBLE) return a->d < b->d ? -1 : a->d > b->d;
    return a->i < b->i ? -1 : a->i > b->i;
}

/* From the PLAIN bytes of statistics; 0 when their number is wrong. */
int bb_pq_value_from_plain(const struct bb_pq_read_column *column, struct bb_str bytes,
                           struct bb_pq_value *value_ret);
/* The PLAIN bytes without length, in scratch where they need room. */
struct bb_str bb_pq_value_to_plain(enum bb_pq_type type, const struct bb_pq_value *value, uint8_t scratch[8]);
/* For messages; cut to the buffer. */
const char *bb_pq_value_text(enum bb_pq_type type, const struct bb_pq_value *value, char text[64]);

/* 0 for columns with an annotation that busbar does not know: the order of their statistics is another. */
int bb_pq_column_is_ordered(const struct bb_pq_read_column *column);

#endif
