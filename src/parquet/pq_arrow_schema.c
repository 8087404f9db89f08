/* A flatbuffer is written here from front to back: a table is put down with holes where it refers to others, each of these is put
 * behind it, and the hole is filled with the distance. References always point forward in flatbuffers, so nothing is moved. */
#include "parquet/pq_arrow_schema.h"

/* Arrow's numbers (Schema.fbs, Message.fbs). */
enum { METADATA_V5 = 4, HEADER_SCHEMA = 1 };
enum { TYPE_INT = 2, TYPE_FLOATING_POINT = 3, TYPE_UTF8 = 5, TYPE_BOOL = 6, TYPE_DATE = 8, TYPE_TIMESTAMP = 10 };
enum { PRECISION_SINGLE = 1, PRECISION_DOUBLE = 2, DATE_DAY = 0, UNIT_MICROSECOND = 2, UNIT_NANOSECOND = 3 };

#define PREFIX_NBYTES 8u /* continuation marker and length; the flatbuffer starts behind, itself aligned to 8 */
#define MAX_SLOTS     7

struct fb {
    struct bb_buf b;
    int failed;
};

struct slot { /* nbytes 0: absent; 4-byte values may be holes */
    unsigned nbytes;
    uint64_t value;
};

static void put(struct fb *fb, const void *p, size_t n)
{
    if (!fb->failed && !bb_buf_put(&fb->b, p, n)) fb->failed = 1;
}

static void put_number(struct fb *fb, uint64_t v, size_t nbytes) { put(fb, &v, nbytes); }

static void align(struct fb *fb, size_t to)
{
    while (!fb->failed && fb->b.n % to != 0) put_number(fb, 0, 1);
}

/* Fills the hole at place with the distance to here. */
static void refer(struct fb *fb, size_t place)
{
    uint32_t distance = (uint32_t)(fb->b.n - place);
    if (!fb->failed) memcpy(fb->b.p + place, &distance, 4);
}

/* Writes vtable and table, fills the hole that refers to it (0: none) and tells where each slot lies. */
static void table(struct fb *fb, size_t hole, const struct slot *slots, unsigned n_slots, size_t *places)
{
    uint16_t vtable[2 + MAX_SLOTS] = { 0 };
    unsigned at = 4;
    size_t start, vtable_nbytes = (2 + n_slots) * 2;
    for (unsigned size = 8; size;
         size /= 2) { /* big slots first; the table starts at 4 modulo 8, so its first slot is aligned to 8 */
        for (unsigned i = 0; i < n_slots; i++) {
            if (slots[i].nbytes != size) continue;
            vtable[2 + i] = (uint16_t)at;
            at += size;
        }
    }
    vtable[0] = (uint16_t)vtable_nbytes;
    vtable[1] = (uint16_t)at;
    align(fb, 2);
    while (!fb->failed && (fb->b.n + vtable_nbytes) % 8 != 4) put_number(fb, 0, 2);
    put(fb, vtable, vtable_nbytes);
    start = fb->b.n;
    if (hole) refer(fb, hole);
    put_number(fb, vtable_nbytes, 4);
    for (unsigned size = 8; size; size /= 2) {
        for (unsigned i = 0; i < n_slots; i++)
            if (slots[i].nbytes == size) put_number(fb, slots[i].value, size);
    }
    for (unsigned i = 0; i < n_slots; i++) places[i] = vtable[2 + i] ? start + vtable[2 + i] : 0;
}

static void text(struct fb *fb, size_t hole, const char *s)
{
    size_t n = strlen(s);
    align(fb, 4);
    refer(fb, hole);
    put_number(fb, n, 4);
    put(fb, s, n + 1);
}

static void type_of(struct fb *fb, size_t hole, const struct bb_pq_column *column, unsigned type)
{
    struct slot slots[2] = { { 0 } };
    size_t places[2];
    switch (type) {
    case TYPE_INT: {
        static const uint8_t bits[] = { 8, 16, 32 };
        unsigned width = column->type == BB_PQ_INT64 ? 64 : 32, is_signed = 1;
        if (column->logical >= BB_PQ_UINT8) {
            width = bits[column->logical - BB_PQ_UINT8];
            is_signed = 0;
        } else if (column->logical >= BB_PQ_INT8) {
            width = bits[column->logical - BB_PQ_INT8];
        }
        slots[0] = (struct slot){ 4, width };
        slots[1] = (struct slot){ 1, is_signed };
        table(fb, hole, slots, 2, places);
        return;
    }
    case TYPE_FLOATING_POINT:
        slots[0] = (struct slot){ 2, column->type == BB_PQ_FLOAT ? PRECISION_SINGLE : PRECISION_DOUBLE };
        table(fb, hole, slots, 1, places);
        return;
    case TYPE_DATE:
        slots[0] = (struct slot){ 2, DATE_DAY };
        table(fb, hole, slots, 1, places);
        return;
    case TYPE_TIMESTAMP:
        slots[0] = (struct slot){ 2, column->logical == BB_PQ_TIMESTAMP_NS ? UNIT_NANOSECOND : UNIT_MICROSECOND };
        slots[1] = (struct slot){ 4, 0 };
        table(fb, hole, slots, 2, places);
        text(fb, places[1], column->zone ? column->zone : "UTC");
        return;
    default: table(fb, hole, slots, 0, places); return;
    }
}

static unsigned arrow_type(const struct bb_pq_column *column)
{
    switch (column->logical) {
    case BB_PQ_STRING: return TYPE_UTF8;
    case BB_PQ_DATE: return TYPE_DATE;
    case BB_PQ_TIMESTAMP_US:
    case BB_PQ_TIMESTAMP_NS: return TYPE_TIMESTAMP;
    default: break;
    }
    if (column->type == BB_PQ_BOOLEAN) return TYPE_BOOL;
    return column->type == BB_PQ_FLOAT || column->type == BB_PQ_DOUBLE ? TYPE_FLOATING_POINT : TYPE_INT;
}

static void field(struct fb *fb, size_t hole, const struct bb_pq_column *column)
{
    unsigned type = arrow_type(column);
    struct slot slots[6] = { { 4, 0 }, { 1, column->nullable != 0 }, { 1, type }, { 4, 0 }, { 0, 0 }, { 4, 0 } };
    size_t places[6]; /* name, nullable, type's number, type, dictionary, children */
    table(fb, hole, slots, 6, places);
    text(fb, places[0], column->name);
    type_of(fb, places[3], column, type);
    align(fb, 4);
    refer(fb, places[5]); /* readers want the list of children even when it is empty */
    put_number(fb, 0, 4);
}

static void message(struct fb *fb, const struct bb_pq_column *columns, size_t n_columns)
{
    struct slot slots[4] = { { 2, METADATA_V5 }, { 1, HEADER_SCHEMA }, { 4, 0 }, { 8, 0 } };
    struct slot schema[2] = { { 2, 0 }, { 4, 0 } };
    size_t places[4], schema_places[2], list;
    put_number(fb, 0xffffffffu, 4);
    put_number(fb, 0, 4); /* length, below */
    put_number(fb, 0, 4); /* the root's place */
    table(fb, PREFIX_NBYTES, slots, 4, places);
    table(fb, places[2], schema, 2, schema_places);
    align(fb, 4);
    refer(fb, schema_places[1]);
    put_number(fb, n_columns, 4);
    list = fb->b.n;
    for (size_t i = 0; i < n_columns; i++) put_number(fb, 0, 4);
    for (size_t i = 0; i < n_columns; i++) field(fb, list + i * 4, &columns[i]);
    align(fb, 8);
    if (!fb->failed) {
        uint32_t length = (uint32_t)(fb->b.n - PREFIX_NBYTES);
        memcpy(fb->b.p + 4, &length, 4);
    }
}

static int put_base64(const struct bb_buf *in, struct bb_buf *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *p = (const uint8_t *)in->p;
    if (!bb_buf_reserve(out, (in->n + 2) / 3 * 4)) return 0;
    for (size_t i = 0; i < in->n; i += 3) {
        size_t left = in->n - i;
        uint32_t v = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
        char *q = out->p + out->n;
        q[0] = digits[v >> 18];
        q[1] = digits[v >> 12 & 63];
        q[2] = left > 1 ? digits[v >> 6 & 63] : '=';
        q[3] = left > 2 ? digits[v & 63] : '=';
        out->n += 4;
    }
    return 1;
}

int bb_pq_arrow_schema(const struct bb_pq_column *columns, size_t n_columns, struct bb_buf *out)
{
    struct fb fb = { .failed = 0 };
    int ok;
    bb_buf_init(&fb.b, out->budget, (size_t)1 << 24);
    message(&fb, columns, n_columns);
    ok = !fb.failed && put_base64(&fb.b, out);
    bb_buf_reset(&fb.b);
    return ok;
}
