#include "parquet/pq_thrift_read.h"

#define DEPTH_MAX 16 /* Parquet's own structures nest seven deep */

void bb_thrift_init(struct bb_thrift *t, const void *p, size_t n)
{
    *t = (struct bb_thrift){ .p = p, .end = (const uint8_t *)p + n };
}

void bb_thrift_fault(struct bb_thrift *t)
{
    t->bad = 1;
    t->p = t->end;
}

static void fault_short(struct bb_thrift *t)
{
    if (!t->bad) t->short_of_data = 1;
    bb_thrift_fault(t);
}

static size_t left(const struct bb_thrift *t) { return (size_t)(t->end - t->p); }

static unsigned byte(struct bb_thrift *t)
{
    if (t->p == t->end) {
        fault_short(t);
        return 0;
    }
    return *t->p++;
}

static uint64_t long_varint(struct bb_thrift *t)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        unsigned b = byte(t);
        if (t->bad) return 0;
        if (shift == 63 && b > 1) break;
        value |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80)) return value;
    }
    bb_thrift_fault(t);
    return 0;
}

/* Most numbers of a footer have one byte. */
static inline uint64_t varint(struct bb_thrift *t)
{
    return t->p != t->end && !(*t->p & 0x80) ? *t->p++ : long_varint(t);
}

static inline int64_t zigzag(struct bb_thrift *t)
{
    uint64_t u = varint(t);
    return (int64_t)(u >> 1) ^ -(int64_t)(u & 1);
}

static int64_t zigzag_in(struct bb_thrift *t, int64_t min, int64_t max)
{
    int64_t value = zigzag(t);
    if (value < min || value > max) {
        bb_thrift_fault(t);
        return 0;
    }
    return value;
}

int bb_thrift_next(struct bb_thrift *t, struct bb_thrift_field *field)
{
    unsigned b = byte(t);
    int64_t id;
    if (t->bad || (b & 15) == BB_THRIFT_STOP) return 0;
    field->type = (enum bb_thrift_type)(b & 15);
    id = b >> 4 ? field->id + (int)(b >> 4) : zigzag_in(t, INT16_MIN, INT16_MAX);
    if (field->type > BB_THRIFT_STRUCT || id > INT16_MAX) bb_thrift_fault(t);
    field->id = (int)id;
    return !t->bad;
}

int32_t bb_thrift_i32(struct bb_thrift *t, const struct bb_thrift_field *field)
{
    if (field->type != BB_THRIFT_I32) bb_thrift_fault(t);
    return (int32_t)zigzag_in(t, INT32_MIN, INT32_MAX);
}

int64_t bb_thrift_i64(struct bb_thrift *t, const struct bb_thrift_field *field)
{
    if (field->type != BB_THRIFT_I64) bb_thrift_fault(t);
    return zigzag(t);
}

int bb_thrift_i8(struct bb_thrift *t, const struct bb_thrift_field *field)
{
    if (field->type != BB_THRIFT_I8) bb_thrift_fault(t);
    return (int8_t)byte(t);
}

int bb_thrift_bool(struct bb_thrift *t, const struct bb_thrift_field *field)
{
    if (field->type != BB_THRIFT_TRUE && field->type != BB_THRIFT_FALSE) bb_thrift_fault(t);
    return field->type == BB_THRIFT_TRUE;
}

struct bb_str bb_thrift_item_binary(struct bb_thrift *t)
{
    uint64_t n = varint(t);
    struct bb_str s = { "", 0 };
    if (n > left(t)) {
        fault_short(t);
        return s;
    }
    if (n == 0) return s;
    s = (struct bb_str){ (const char *)t->p, (size_t)n };
    t->p += n;
    return s;
}

struct bb_str bb_thrift_binary(struct bb_thrift *t, const struct bb_thrift_field *field)
{
    if (field->type != BB_THRIFT_BINARY) bb_thrift_fault(t);
    return bb_thrift_item_binary(t);
}

static size_t list_head(struct bb_thrift *t, unsigned *element)
{
    unsigned b = byte(t);
    uint64_t n = b >> 4;
    *element = b & 15;
    if (n == 15) n = varint(t);
    if (n > left(t)) { /* an element has a byte at least */
        fault_short(t);
        return 0;
    }
    return (size_t)n;
}

static int is_bool(unsigned type) { return type == BB_THRIFT_TRUE || type == BB_THRIFT_FALSE; }

size_t bb_thrift_list(struct bb_thrift *t, const struct bb_thrift_field *field, enum bb_thrift_type element)
{
    unsigned found;
    size_t n;
    if (field->type != BB_THRIFT_LIST) bb_thrift_fault(t);
    n = list_head(t, &found);
    if (n != 0 && found != (unsigned)element && !(is_bool(found) && is_bool(element))) bb_thrift_fault(t);
    return t->bad ? 0 : n;
}

void bb_thrift_enter(struct bb_thrift *t, const struct bb_thrift_field *field)
{
    if (field->type != BB_THRIFT_STRUCT) bb_thrift_fault(t);
}

static void skip_value(struct bb_thrift *t, unsigned type, int in_list)
{
    size_t n;
    unsigned element, key;
    switch (type) {
    case BB_THRIFT_TRUE:
    case BB_THRIFT_FALSE:
        if (in_list) byte(t);
        return;
    case BB_THRIFT_I8: byte(t); return;
    case BB_THRIFT_I16:
    case BB_THRIFT_I32:
    case BB_THRIFT_I64: varint(t); return;
    case BB_THRIFT_DOUBLE:
        if (left(t) < 8) {
            fault_short(t);
        } else {
            t->p += 8;
        }
        return;
    case BB_THRIFT_BINARY: bb_thrift_item_binary(t); return;
    default: break;
    }
    if (t->depth == DEPTH_MAX) {
        bb_thrift_fault(t);
        return;
    }
    t->depth++;
    if (type == BB_THRIFT_LIST || type == BB_THRIFT_SET) {
        n = list_head(t, &element);
        while (n-- && !t->bad) skip_value(t, element, 1);
    } else if (type == BB_THRIFT_MAP) {
        uint64_t pairs = varint(t);
        if (pairs > left(t)) fault_short(t);
        key = pairs && !t->bad ? byte(t) : 0;
        while (pairs-- && !t->bad) {
            skip_value(t, key >> 4, 1);
            skip_value(t, key & 15, 1);
        }
    } else if (type == BB_THRIFT_STRUCT) {
        struct bb_thrift_field field = { 0 };
        while (bb_thrift_next(t, &field)) skip_value(t, field.type, 0);
    } else {
        bb_thrift_fault(t);
    }
    t->depth--;
}

void bb_thrift_skip(struct bb_thrift *t, const struct bb_thrift_field *field) { skip_value(t, field->type, 0); }

int64_t bb_thrift_item_i32(struct bb_thrift *t) { return zigzag_in(t, INT32_MIN, INT32_MAX); }
int64_t bb_thrift_item_i64(struct bb_thrift *t) { return zigzag(t); }
int bb_thrift_item_bool(struct bb_thrift *t)
{
    unsigned b = byte(t);
    if (b > 2) bb_thrift_fault(t); /* 1 true; 2, in old writers 0, false */
    return b == 1;
}
