/* Writes Thrift's compact protocol, as Parquet uses it, into a buffer. A failure (no memory, too deep) sticks: the caller looks at
 * bb_pq_tw_ok once at the end. One writer belongs to one thread. */
#ifndef BB_PQ_THRIFT_WRITE_H
#define BB_PQ_THRIFT_WRITE_H

#include "base/buf.h"

/* Element types of lists. */
enum { BB_PQ_TW_BOOL = 1, BB_PQ_TW_I32 = 5, BB_PQ_TW_I64 = 6, BB_PQ_TW_BINARY = 8, BB_PQ_TW_STRUCT = 12 };

struct bb_pq_tw {
    struct bb_buf *out;
    int failed;
    int depth;
    int last[12]; /* id of the last field, per open struct */
};

/* Opens the outermost struct; bb_pq_tw_end closes it. */
void bb_pq_tw_init(struct bb_pq_tw *w, struct bb_buf *out);
int bb_pq_tw_ok(const struct bb_pq_tw *w); /* no failure and every struct closed */

/* Fields of the open struct; ids must rise. */
void bb_pq_tw_bool(struct bb_pq_tw *w, int id, int value);
void bb_pq_tw_i8(struct bb_pq_tw *w, int id, int value);
void bb_pq_tw_i16(struct bb_pq_tw *w, int id, int value);
void bb_pq_tw_i32(struct bb_pq_tw *w, int id, int32_t value);
void bb_pq_tw_i64(struct bb_pq_tw *w, int id, int64_t value);
void bb_pq_tw_binary(struct bb_pq_tw *w, int id, struct bb_str value);
void bb_pq_tw_struct(struct bb_pq_tw *w, int id); /* closed by bb_pq_tw_end */
void bb_pq_tw_end(struct bb_pq_tw *w);
void bb_pq_tw_list(struct bb_pq_tw *w, int id, int element_type, size_t n);

/* Elements of the list just begun. */
void bb_pq_tw_item_bool(struct bb_pq_tw *w, int value);
void bb_pq_tw_item_i32(struct bb_pq_tw *w, int32_t value);
void bb_pq_tw_item_i64(struct bb_pq_tw *w, int64_t value);
void bb_pq_tw_item_binary(struct bb_pq_tw *w, struct bb_str value);
void bb_pq_tw_item_struct(struct bb_pq_tw *w); /* closed by bb_pq_tw_end */

/* A struct with one empty struct in it: how Parquet spells a choice without arguments (STRING, DATE, MICROS). */
void bb_pq_tw_empty(struct bb_pq_tw *w, int id);

#endif
