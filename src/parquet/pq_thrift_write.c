#include "parquet/pq_thrift_write.h"

enum { T_TRUE = 1, T_FALSE = 2, T_BYTE = 3, T_I16 = 4, T_LIST = 9 };

#define NUMBER_NBYTES 10 /* of a varint at most */

static int has_room(struct bb_pq_tw *w, size_t n)
{
    if (w->failed) return 0;
    if (w->out->cap - w->out->n >= n) return 1;
    w->failed = !bb_buf_reserve(w->out, n);
    return !w->failed;
}

static void byte(struct bb_pq_tw *w, unsigned value)
{
    if (has_room(w, 1)) w->out->p[w->out->n++] = (char)value;
}

static void varint(struct bb_pq_tw *w, uint64_t v)
{
    char *out;
    if (!has_room(w, NUMBER_NBYTES)) return;
    out = w->out->p + w->out->n;
    for (; v >= 0x80; v >>= 7) *out++ = (char)(v | 0x80);
    *out++ = (char)v;
    w->out->n = (size_t)(out - w->out->p);
}

static void zigzag(struct bb_pq_tw *w, int64_t v) { varint(w, ((uint64_t)v << 1) ^ (uint64_t)(v >> 63)); }

static void push(struct bb_pq_tw *w)
{
    if (w->depth >= (int)BB_ARRAY_LEN(w->last)) {
        w->failed = 1;
        return;
    }
    w->last[w->depth++] = 0;
}

static void field(struct bb_pq_tw *w, int id, int type)
{
    int delta;
    if (w->failed || w->depth == 0) {
        w->failed = 1;
        return;
    }
    delta = id - w->last[w->depth - 1];
    w->last[w->depth - 1] = id;
    if (delta > 0 && delta <= 15) {
        byte(w, (unsigned)delta << 4 | (unsigned)type);
    } else {
        byte(w, (unsigned)type);
        zigzag(w, id);
    }
}

void bb_pq_tw_init(struct bb_pq_tw *w, struct bb_buf *out)
{
    *w = (struct bb_pq_tw){ .out = out };
    push(w);
}

int bb_pq_tw_ok(const struct bb_pq_tw *w) { return !w->failed && w->depth == 0; }

void bb_pq_tw_bool(struct bb_pq_tw *w, int id, int value) { field(w, id, value ? T_TRUE : T_FALSE); }

void bb_pq_tw_i8(struct bb_pq_tw *w, int id, int value)
{
    field(w, id, T_BYTE);
    byte(w, (unsigned)value & 0xff);
}

void bb_pq_tw_i16(struct bb_pq_tw *w, int id, int value)
{
    field(w, id, T_I16);
    zigzag(w, value);
}

void bb_pq_tw_i32(struct bb_pq_tw *w, int id, int32_t value)
{
    field(w, id, BB_PQ_TW_I32);
    zigzag(w, value);
}

void bb_pq_tw_i64(struct bb_pq_tw *w, int id, int64_t value)
{
    field(w, id, BB_PQ_TW_I64);
    zigzag(w, value);
}

void bb_pq_tw_binary(struct bb_pq_tw *w, int id, struct bb_str value)
{
    field(w, id, BB_PQ_TW_BINARY);
    bb_pq_tw_item_binary(w, value);
}

void bb_pq_tw_struct(struct bb_pq_tw *w, int id)
{
    field(w, id, BB_PQ_TW_STRUCT);
    push(w);
}

void bb_pq_tw_end(struct bb_pq_tw *w)
{
    if (w->depth == 0) {
        w->failed = 1;
        return;
    }
    byte(w, 0);
    w->depth--;
}

void bb_pq_tw_list(struct bb_pq_tw *w, int id, int element_type, size_t n)
{
    field(w, id, T_LIST);
    if (n < 15) {
        byte(w, (unsigned)n << 4 | (unsigned)element_type);
    } else {
        byte(w, 0xf0u | (unsigned)element_type);
        varint(w, n);
    }
}

void bb_pq_tw_item_bool(struct bb_pq_tw *w, int value) { byte(w, value ? T_TRUE : T_FALSE); }
void bb_pq_tw_item_i32(struct bb_pq_tw *w, int32_t value) { zigzag(w, value); }
void bb_pq_tw_item_i64(struct bb_pq_tw *w, int64_t value) { zigzag(w, value); }

void bb_pq_tw_item_binary(struct bb_pq_tw *w, struct bb_str value)
{
    varint(w, value.n);
    if (!w->failed && !bb_buf_put(w->out, value.p, value.n)) w->failed = 1;
}

void bb_pq_tw_item_struct(struct bb_pq_tw *w) { push(w); }

void bb_pq_tw_empty(struct bb_pq_tw *w, int id)
{
    bb_pq_tw_struct(w, id);
    bb_pq_tw_end(w);
}
