/* Reads the Thrift compact protocol, the form of Parquet's footer, page headers and indexes.
 *
 * A position in a block of bytes with a sticky failure: after the first fault every call returns zero or an empty text and moves
 * nothing, so that a parser checks once at the end of a structure. Lists and texts are never longer than the bytes that are left, nesting
 * is limited, so hostile bytes cost no more time or memory than their own number. Texts are slices of the block. */
#ifndef BB_PQ_THRIFT_READ_H
#define BB_PQ_THRIFT_READ_H

#include "base/str.h"

enum bb_thrift_type {
    BB_THRIFT_STOP = 0,
    BB_THRIFT_TRUE = 1,
    BB_THRIFT_FALSE = 2,
    BB_THRIFT_I8 = 3,
    BB_THRIFT_I16 = 4,
    BB_THRIFT_I32 = 5,
    BB_THRIFT_I64 = 6,
    BB_THRIFT_DOUBLE = 7,
    BB_THRIFT_BINARY = 8,
    BB_THRIFT_LIST = 9,
    BB_THRIFT_SET = 10,
    BB_THRIFT_MAP = 11,
    BB_THRIFT_STRUCT = 12
};

struct bb_thrift {
    const uint8_t *p, *end;
    int bad;           /* malformed, or of another type than wanted */
    int short_of_data; /* bad because the block ended; more bytes might help */
    int depth;
};

/* One field of the structure being read. last_id of the previous field is kept by the caller in the same struct, zeroed at the start. */
struct bb_thrift_field {
    int id;
    enum bb_thrift_type type;
};

void bb_thrift_init(struct bb_thrift *t, const void *p, size_t n);

/* Goes to the next field; 0 at the end of the structure or after a fault. The caller must read or skip the field's value. */
int bb_thrift_next(struct bb_thrift *t, struct bb_thrift_field *field);

/* The value of the field just announced; wrong type is a fault. */
int32_t bb_thrift_i32(struct bb_thrift *t, const struct bb_thrift_field *field);
int64_t bb_thrift_i64(struct bb_thrift *t, const struct bb_thrift_field *field);
int bb_thrift_i8(struct bb_thrift *t, const struct bb_thrift_field *field);
int bb_thrift_bool(struct bb_thrift *t, const struct bb_thrift_field *field);
struct bb_str bb_thrift_binary(struct bb_thrift *t, const struct bb_thrift_field *field);
/* Number of elements, all of type element. */
size_t bb_thrift_list(struct bb_thrift *t, const struct bb_thrift_field *field, enum bb_thrift_type element);
void bb_thrift_skip(struct bb_thrift *t, const struct bb_thrift_field *field);
/* Checks that the field is a structure and enters it: then read with bb_thrift_next and a fresh field. */
void bb_thrift_enter(struct bb_thrift *t, const struct bb_thrift_field *field);

/* Elements of a list. A list of structures: read each with a fresh field and bb_thrift_next. */
int64_t bb_thrift_item_i32(struct bb_thrift *t);
int64_t bb_thrift_item_i64(struct bb_thrift *t);
int bb_thrift_item_bool(struct bb_thrift *t);
struct bb_str bb_thrift_item_binary(struct bb_thrift *t);

void bb_thrift_fault(struct bb_thrift *t); /* the caller found the content impossible */

#endif
