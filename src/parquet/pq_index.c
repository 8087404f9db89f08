/* What a file says about its pages: bounds, column index, offset index, bloom filter. */
#include "parquet/pq_chunk.h"

#include "parquet/pq_bloom.h"
#include "parquet/pq_thrift_write.h"

enum { ORDER_UNORDERED = 0, ORDER_ASCENDING = 1 };

size_t bb_pq_plain_number(const struct bb_pq_chunk *c, uint64_t bits, uint8_t out[8])
{
    if (c->column.type == BB_PQ_FLOAT) {
        double d;
        float f;
        memcpy(&d, &bits, 8);
        f = (float)d;
        memcpy(out, &f, 4);
        return 4;
    }
    memcpy(out, &bits, 8);
    return c->column.type == BB_PQ_BOOLEAN ? 1 : c->column.type == BB_PQ_INT32 ? 4 : 8;
}

/* Length of the UTF-8 character at p, 0 if there is none. */
static size_t character_nbytes(const uint8_t *p, size_t n)
{
    size_t length = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    if (length == 0 || length > n) return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    return length;
}

static uint32_t decode(const uint8_t *p, size_t n)
{
    uint32_t v = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) v = v << 6 | (p[i] & 0x3f);
    return v;
}

static size_t encode(uint32_t v, uint8_t *p)
{
    size_t n = v < 0x80 ? 1 : v < 0x800 ? 2 : v < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--) {
        p[i] = (uint8_t)(0x80 | (v & 0x3f));
        v >>= 6;
    }
    p[0] = n == 1 ? (uint8_t)v : (uint8_t)((0xf00u >> n) | v);
    return n;
}

/* Longest start of s of whole characters (whole bytes if it is not UTF-8) within the limit. */
static size_t cut_nbytes(struct bb_str s)
{
    size_t at = 0;
    while (at < s.n) {
        size_t n = character_nbytes((const uint8_t *)s.p + at, s.n - at);
        if (n == 0) return BB_PQ_BOUND_NBYTES;
        if (at + n > BB_PQ_BOUND_NBYTES) break;
        at += n;
    }
    return at;
}

/* Makes the start of a text greater than every text that begins with it, by its last character that can be raised; in place, out
 * has 4 bytes behind n. Returns the new length, 0 if none can. */
static size_t raise_text(uint8_t *out, size_t n)
{
    size_t starts[BB_PQ_BOUND_NBYTES], n_starts = 0, at = 0;
    while (at < n) {
        size_t length = character_nbytes(out + at, n - at);
        if (length == 0) { /* not UTF-8: raise a byte */
            while (n && out[n - 1] == 0xff) n--;
            if (n) out[n - 1]++;
            return n;
        }
        starts[n_starts++] = at;
        at += length;
    }
    while (n_starts--) {
        uint32_t v = decode(out + starts[n_starts], n - starts[n_starts]) + 1;
        if (v == 0xd800) v = 0xe000;
        if (v <= 0x10ffff) return starts[n_starts] + encode(v, out + starts[n_starts]);
        n = starts[n_starts];
    }
    return 0;
}

static int keep_text(struct bb_pq_chunk *c, const void *p, size_t n, uint64_t *start_ret, uint32_t *nbytes_ret)
{
    *start_ret = c->bound_texts.n;
    *nbytes_ret = (uint32_t)n;
    return bb_buf_put(&c->bound_texts, p, n);
}

enum bb_status bb_pq_text_bounds(struct bb_pq_chunk *c, struct bb_str min, struct bb_str max,
                                 struct bb_pq_bounds *b, struct bb_error *err)
{
    uint8_t raised[BB_PQ_BOUND_NBYTES + 4];
    *b = (struct bb_pq_bounds){ .has = 1, .min_exact = 1, .max_exact = 1 };
    if (min.n > BB_PQ_BOUND_NBYTES) {
        min.n = cut_nbytes(min);
        b->min_exact = 0;
    }
    if (max.n > BB_PQ_BOUND_NBYTES) {
        size_t n = cut_nbytes(max);
        memcpy(raised, max.p, n);
        n = raise_text(raised, n);
        if (n) { /* otherwise nothing shorter is greater: the whole text */
            max = (struct bb_str){ (const char *)raised, n };
            b->max_exact = 0;
        }
    }
    if (!keep_text(c, min.p, min.n, &b->min, &b->min_nbytes) ||
        !keep_text(c, max.p, max.n, &b->max, &b->max_nbytes))
        return bb_pq_chunk_no_memory(c, err);
    return BB_OK;
}

struct bb_str bb_pq_bound_bytes(const struct bb_pq_chunk *c, const struct bb_pq_bounds *b, int want_max,
                                uint8_t scratch[8])
{
    uint64_t v = want_max ? b->max : b->min;
    if (c->column.type == BB_PQ_BYTE_ARRAY)
        return (struct bb_str){ c->bound_texts.p ? c->bound_texts.p + v : "",
                                want_max ? b->max_nbytes : b->min_nbytes };
    return (struct bb_str){ (const char *)scratch, bb_pq_plain_number(c, v, scratch) };
}

/* Order of one bound of a with one of b. */
static int compare(const struct bb_pq_chunk *c, const struct bb_pq_bounds *a, const struct bb_pq_bounds *b,
                   int want_max)
{
    uint64_t x = want_max ? a->max : a->min, y = want_max ? b->max : b->min;
    uint8_t scratch[2][8];
    switch (c->column.type) {
    case BB_PQ_BYTE_ARRAY:
        return bb_str_cmp(bb_pq_bound_bytes(c, a, want_max, scratch[0]),
                          bb_pq_bound_bytes(c, b, want_max, scratch[1]));
    case BB_PQ_DOUBLE:
    case BB_PQ_FLOAT: {
        double d, e;
        memcpy(&d, &x, 8);
        memcpy(&e, &y, 8);
        return d < e ? -1 : d > e;
    }
    default: return (int64_t)x < (int64_t)y ? -1 : (int64_t)x > (int64_t)y;
    }
}

struct bb_pq_bounds bb_pq_chunk_bounds(const struct bb_pq_chunk *c)
{
    struct bb_pq_bounds all = { .has = 0 };
    for (size_t i = 0; i < c->n_notes; i++) {
        const struct bb_pq_bounds *b = &c->notes[i].bounds;
        int order;
        if (!b->has) {
            if (c->notes[i].nulls < c->notes[i].rows)
                return (struct bb_pq_bounds){ .has = 0 }; /* only NaN: no order */
            continue;
        }
        if (!all.has) {
            all = *b;
            continue;
        }
        order = compare(c, b, &all, 0);
        if (order < 0 || (order == 0 && b->min_exact)) {
            all.min = b->min;
            all.min_nbytes = b->min_nbytes;
            all.min_exact = b->min_exact;
        }
        order = compare(c, b, &all, 1);
        if (order > 0 || (order == 0 && b->max_exact)) {
            all.max = b->max;
            all.max_nbytes = b->max_nbytes;
            all.max_exact = b->max_exact;
        }
    }
    return all;
}

int bb_pq_write_column_index(const struct bb_pq_chunk *c, struct bb_buf *out)
{
    const struct bb_pq_page_note *previous = NULL;
    int ascending = 1;
    struct bb_pq_tw w;
    for (size_t i = 0; i < c->n_notes; i++) {
        const struct bb_pq_page_note *note = &c->notes[i];
        if (note->nulls == note->rows) continue;
        if (!note->bounds.has) return 1; /* a page of NaN has no place in a column index */
        if (previous && (compare(c, &previous->bounds, &note->bounds, 0) > 0 ||
                         compare(c, &previous->bounds, &note->bounds, 1) > 0))
            ascending = 0;
        previous = note;
    }
    bb_pq_tw_init(&w, out);
    bb_pq_tw_list(&w, 1, BB_PQ_TW_BOOL, c->n_notes);
    for (size_t i = 0; i < c->n_notes; i++) bb_pq_tw_item_bool(&w, c->notes[i].nulls == c->notes[i].rows);
    for (int want_max = 0; want_max <= 1; want_max++) {
        bb_pq_tw_list(&w, 2 + want_max, BB_PQ_TW_BINARY, c->n_notes);
        for (size_t i = 0; i < c->n_notes; i++) {
            uint8_t scratch[8];
            struct bb_str bound = { "", 0 };
            if (c->notes[i].bounds.has) bound = bb_pq_bound_bytes(c, &c->notes[i].bounds, want_max, scratch);
            bb_pq_tw_item_binary(&w, bound);
        }
    }
    bb_pq_tw_i32(&w, 4, ascending ? ORDER_ASCENDING : ORDER_UNORDERED);
    bb_pq_tw_list(&w, 5, BB_PQ_TW_I64, c->n_notes);
    for (size_t i = 0; i < c->n_notes; i++) bb_pq_tw_item_i64(&w, c->notes[i].nulls);
    bb_pq_tw_end(&w);
    return bb_pq_tw_ok(&w);
}

int bb_pq_write_offset_index(const struct bb_pq_chunk *c, uint64_t data_offset, struct bb_buf *out)
{
    struct bb_pq_tw w;
    bb_pq_tw_init(&w, out);
    bb_pq_tw_list(&w, 1, BB_PQ_TW_STRUCT, c->n_notes);
    for (size_t i = 0; i < c->n_notes; i++) {
        bb_pq_tw_item_struct(&w);
        bb_pq_tw_i64(&w, 1, (int64_t)(data_offset + c->notes[i].offset));
        bb_pq_tw_i32(&w, 2, (int32_t)c->notes[i].nbytes);
        bb_pq_tw_i64(&w, 3, c->notes[i].first_row);
        bb_pq_tw_end(&w);
    }
    bb_pq_tw_end(&w);
    return bb_pq_tw_ok(&w);
}

enum bb_status bb_pq_chunk_bloom(struct bb_pq_chunk *c, struct bb_error *err)
{
    int is_text = c->column.type == BB_PQ_BYTE_ARRAY;
    size_t n = is_text ? c->dict_text.n : c->dict64.n, nbytes;
    uint8_t *bits;
    int ok;
    /* Only a chunk whose every value is in the dictionary knows all of its values. */
    if (!c->column.bloom || c->plain || n <= BB_PQ_BLOOM_MORE_THAN) return BB_OK;
    nbytes = bb_pq_bloom_nbytes(n);
    bits = bb_calloc(c->budget, nbytes);
    if (!bits) return bb_pq_chunk_no_memory(c, err);
    for (size_t i = 0; i < n; i++) {
        uint8_t number[8];
        struct bb_str s;
        if (is_text) {
            s = bb_pq_dict_text_at(&c->dict_text, i);
        } else {
            s = (struct bb_str){ (const char *)number, bb_pq_plain_number(c, c->dict64.values[i], number) };
        }
        bb_pq_bloom_insert(bits, nbytes, bb_pq_bloom_hash(s.p, s.n));
    }
    ok = bb_pq_bloom_write(bits, nbytes, &c->bloom);
    bb_free(bits);
    return ok ? BB_OK : bb_pq_chunk_no_memory(c, err);
}
