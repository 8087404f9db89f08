#include "parquet/pq_decode.h"
#include "parquet/pq_decompress.h"
#include "parquet/pq_meta.h"

#include <libdeflate.h>
#include <stdio.h>

#define READ_AHEAD_NBYTES                                                                                          \
    ((size_t)128 << 10) /* several small pages with one system call; the budget pays it per open column */
#define BATCH_ROWS ((size_t)4096)

struct block {
    uint8_t *p;
    size_t cap;
};

struct bb_pq_cursor {
    struct bb_pq_reader *reader;
    const struct bb_pq_read_column *column;
    const struct bb_pq_read_chunk *chunk;
    size_t group, column_number;
    int64_t start, pos, end; /* of the chunk in the file; pos: next page header */
    int64_t next_row;        /* first row of the next page */
    struct bb_pq_decompress decompress;
    int fault; /* a failure ends the cursor: every later call fails too */

    struct block window; /* bytes of the file from window_at on */
    int64_t window_at;
    size_t window_n;
    int single_reads; /* pages are picked by the offset index: reading ahead would read what is passed over */

    struct bb_pq_read_page *pages; /* the offset index, when rows are skipped */
    size_t n_pages;
    int has_pages; /* -1: the chunk has none */

    /* dictionary */
    int has_dictionary, start_is_checked;
    struct block dictionary_bytes; /* texts point here */
    void *dictionary;              /* int64_t, double or struct bb_str */
    size_t n_dictionary;
    struct bb_pq_page_seen dictionary_seen;

    /* page */
    struct bb_pq_page_seen seen;
    int64_t page_left; /* values not yet given, NULLs included */
    struct block raw;
    const uint8_t *values, *values_end;
    size_t n_split, value_at; /* split and bits: values in all, values given */
    int has_levels;
    struct bb_pq_rle_in levels, codes;
    struct bb_pq_delta_in delta;

    /* batch */
    uint8_t *valid;
    uint32_t *scratch;
    void *out;
};

static int element_nbytes(const struct bb_pq_cursor *c)
{
    return c->column->type == BB_PQ_BYTE_ARRAY ? sizeof(struct bb_str) : 8;
}
static unsigned plain_width(const struct bb_pq_cursor *c)
{
    return c->column->type == BB_PQ_INT32 || c->column->type == BB_PQ_FLOAT ? 4 : 8;
}
static int is_unsigned(const struct bb_pq_cursor *c)
{
    return c->column->logical == BB_PQ_UINT8 || c->column->logical == BB_PQ_UINT16 ||
           c->column->logical == BB_PQ_UINT_32;
}

static enum bb_status fail(struct bb_pq_cursor *c, struct bb_error *err, const char *fmt, ...) BB_PRINTF(3, 4);
static enum bb_status fail(struct bb_pq_cursor *c, struct bb_error *err, const char *fmt, ...)
{
    struct bb_error inner;
    va_list args;
    char text[384];
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    c->fault = 1;
    bb_fail(&inner, BB_SKIP, "row group %zu, column %.*s, page at %lld: %s", c->group, BB_STR_ARG(c->column->name),
            (long long)c->seen.offset, text);
    return bb_pq_fail(c->reader, err, "%s", inner.text);
}

static enum bb_status no_memory(struct bb_pq_cursor *c, struct bb_error *err)
{
    c->fault = 1;
    return bb_fail_budget(err, c->reader->budget, "a Parquet page");
}

/* Room for n bytes; the old content is lost. */
static int block_fit(struct bb_pq_cursor *c, struct block *b, size_t n)
{
    if (b->p && n <= b->cap) return 1;
    bb_free(b->p);
    b->cap = n + n / 4 + 64;
    b->p = bb_alloc(c->reader->budget, b->cap);
    if (!b->p) b->cap = 0;
    return b->p != NULL;
}

/* ---- bytes ---- */

/* Makes the file's bytes [pos, pos + n) lie in the window; *p_ret is the first. wanted ≥ n is read when a read is needed anyway. */
static enum bb_status window_get(struct bb_pq_cursor *c, int64_t pos, size_t n, size_t wanted,
                                 const uint8_t **p_ret, struct bb_error *err)
{
    enum bb_status status;
    size_t kept = 0;
    if (pos >= c->window_at && pos <= c->window_at + (int64_t)c->window_n)
        kept = (size_t)(c->window_at + (int64_t)c->window_n - pos);
    if (kept < n) {
        wanted = (size_t)BB_MIN((int64_t)wanted, c->end - pos);
        if (wanted > c->window.cap || !c->window.p) {
            size_t cap = wanted + 64;
            uint8_t *fresh = bb_alloc(c->reader->budget, cap);
            if (!fresh) return no_memory(c, err);
            if (kept) memcpy(fresh, c->window.p + c->window_n - kept, kept);
            bb_free(c->window.p);
            c->window = (struct block){ fresh, cap };
        } else if (kept) {
            memmove(c->window.p, c->window.p + c->window_n - kept, kept);
        }
        c->window_at = pos;
        c->window_n = kept;
        status = bb_pq_read_at(c->reader, (uint64_t)pos + kept, c->window.p + kept, wanted - kept, err);
        if (status != BB_OK) {
            c->fault = 1;
            return status;
        }
        c->window_n = wanted;
    }
    *p_ret = c->window.p + (pos - c->window_at);
    return BB_OK;
}

/* How much to read for the page at pos: with an index exactly its size, else generously. */
static size_t page_nbytes_hint(const struct bb_pq_cursor *c)
{
    size_t lo = 0, hi = c->n_pages;
    if (!c->single_reads) return READ_AHEAD_NBYTES;
    if (c->pos < c->pages[0].offset) return (size_t)BB_MIN(c->pages[0].offset - c->pos, (int64_t)READ_AHEAD_NBYTES);
    while (hi - lo > 1) {
        size_t middle = lo + (hi - lo) / 2;
        if (c->pages[middle].offset <= c->pos) {
            lo = middle;
        } else {
            hi = middle;
        }
    }
    return c->pages[lo].offset == c->pos ? (size_t)c->pages[lo].compressed_nbytes : READ_AHEAD_NBYTES;
}

/* Header of the page at pos. */
static enum bb_status read_head(struct bb_pq_cursor *c, struct bb_pq_page_head *head, struct bb_error *err)
{
    int64_t left = c->end - c->pos;
    size_t ahead = page_nbytes_hint(c), have;
    const uint8_t *p = NULL;
    int r;
    have = (size_t)BB_MIN(left, (int64_t)256);
    for (;;) {
        BB_TRY(window_get(c, c->pos, have, BB_MAX(have, ahead), &p, err));
        have = (size_t)(c->window_at + (int64_t)c->window_n - c->pos);
        r = bb_pq_page_head_read(p, have, head);
        if (r != 0 || (int64_t)have >= left) break;
        have = (size_t)BB_MIN(left, (int64_t)BB_MIN(have * 4, BB_PQ_HEAD_MAX_NBYTES));
    }
    if (r <= 0) return fail(c, err, "its header is damaged");
    if (head->type == 1) return fail(c, err, "it is an index page; busbar reads data and dictionary pages");
    if (head->compressed_nbytes > left - (int64_t)head->head_nbytes)
        return fail(c, err, "it is longer than the column's data");
    return BB_OK;
}

/* The page's bytes without levels of version 2, decompressed. */
static enum bb_status read_body(struct bb_pq_cursor *c, const struct bb_pq_page_head *head, struct block *to,
                                int must_copy, const uint8_t **body_ret, size_t *nbytes_ret,
                                const uint8_t **levels_ret, struct bb_error *err)
{
    const uint8_t *p = NULL;
    size_t in = (size_t)head->compressed_nbytes, out = (size_t)head->uncompressed_nbytes, levels = 0;
    int64_t at = c->pos + (int64_t)head->head_nbytes;
    enum bb_pq_codec codec = c->chunk->codec;
    BB_TRY(window_get(c, at, in, in, &p, err));
    if (head->has_crc && libdeflate_crc32(0, p, in) != head->crc)
        return fail(c, err, "its checksum is not that of its %zu bytes; the file was damaged after it was written",
                    in);
    if (head->type == BB_PQ_DATA_PAGE_V2) {
        levels = (size_t)head->def_nbytes + (size_t)head->rep_nbytes;
        if (!head->is_compressed) codec = BB_PQ_NONE;
    }
    *levels_ret = p;
    p += levels;
    in -= levels;
    out -= levels;
    if (!bb_pq_decompress_is_plausible(codec, in, out))
        return fail(c, err, "%zu bytes of %s cannot become %zu bytes", in, bb_pq_codec_name(codec), out);
    if (codec == BB_PQ_NONE && !must_copy) {
        *body_ret = p;
    } else {
        struct bb_error inner;
        if (!block_fit(c, to, out)) return no_memory(c, err);
        if (codec == BB_PQ_NONE) {
            memcpy(to->p, p, out);
        } else {
            enum bb_status status = bb_pq_decompress_page(&c->decompress, p, in, to->p, out, &inner);
            if (status == BB_BUDGET) return no_memory(c, err);
            if (status != BB_OK) return fail(c, err, "%s", inner.text);
        }
        *body_ret = to->p;
    }
    *nbytes_ret = out;
    return BB_OK;
}

/* ---- values of one kind ---- */

static void widen(const struct bb_pq_cursor *c, const uint8_t *p, size_t n, void *out)
{
    int64_t *i64 = out;
    double *f64 = out;
    switch (c->column->type) {
    case BB_PQ_INT32:
        if (is_unsigned(c)) {
            for (size_t i = 0; i < n; i++) i64[i] = (int64_t)bb_load_u32(p + 4 * i);
        } else {
            for (size_t i = 0; i < n; i++) i64[i] = (int32_t)bb_load_u32(p + 4 * i);
        }
        break;
    case BB_PQ_FLOAT:
        for (size_t i = 0; i < n; i++) {
            float f;
            memcpy(&f, p + 4 * i, 4);
            f64[i] = f;
        }
        break;
    default: memcpy(out, p, 8 * n);
    }
}

/* n PLAIN values; 0 when there are not as many. */
static int read_plain(struct bb_pq_cursor *c, void *out, size_t n)
{
    size_t left = (size_t)(c->values_end - c->values);
    if (c->column->type == BB_PQ_BYTE_ARRAY) return bb_pq_plain_texts_read(&c->values, c->values_end, out, n) == n;
    if (c->column->type == BB_PQ_BOOLEAN) {
        if (n > left * 8 - BB_MIN(left * 8, c->value_at)) return 0;
        bb_pq_bits_read(c->values, c->value_at, out, n);
        c->value_at += n;
        return 1;
    }
    if (n > left / plain_width(c)) return 0;
    widen(c, c->values, n, out);
    c->values += n * plain_width(c);
    return 1;
}

static int read_split(struct bb_pq_cursor *c, void *out, size_t n)
{
    uint8_t piece[512 * 8];
    unsigned width = plain_width(c);
    if (n > c->n_split - c->value_at) return 0;
    for (size_t done = 0; done < n;) {
        size_t k = BB_MIN(n - done, sizeof piece / 8);
        bb_pq_split_read(c->values, c->n_split, c->value_at, width, piece, k);
        widen(c, piece, k, (char *)out + done * 8);
        done += k;
        c->value_at += k;
    }
    return 1;
}

static int read_coded(struct bb_pq_cursor *c, void *out, size_t n)
{
    if (bb_pq_rle_in_read(&c->codes, c->scratch, n) != n) return 0;
    for (size_t i = 0; i < n; i++)
        if (c->scratch[i] >= c->n_dictionary) return 0;
    if (c->column->type == BB_PQ_BYTE_ARRAY) {
        struct bb_str *to = out;
        const struct bb_str *from = c->dictionary;
        for (size_t i = 0; i < n; i++) to[i] = from[c->scratch[i]];
    } else { /* 8 bytes, whatever they mean */
        uint64_t *to = out;
        const uint64_t *from = c->dictionary;
        for (size_t i = 0; i < n; i++) to[i] = from[c->scratch[i]];
    }
    return 1;
}

static int read_delta(struct bb_pq_cursor *c, int64_t *out, size_t n)
{
    if (bb_pq_delta_in_read(&c->delta, out, n) != n) return 0;
    if (c->column->type == BB_PQ_INT32)
        for (size_t i = 0; i < n; i++)
            out[i] = is_unsigned(c) ? (int64_t)(uint32_t)out[i] : (int64_t)(int32_t)(uint32_t)out[i];
    return 1;
}

static int read_present(struct bb_pq_cursor *c, void *out, size_t n)
{
    if (n == 0) return 1;
    switch (c->seen.head.encoding) {
    case BB_PQ_PLAIN: return read_plain(c, out, n);
    case BB_PQ_PLAIN_DICTIONARY:
    case BB_PQ_RLE_DICTIONARY: return read_coded(c, out, n);
    case BB_PQ_BYTE_STREAM_SPLIT: return read_split(c, out, n);
    case BB_PQ_DELTA_BINARY_PACKED: return read_delta(c, out, n);
    default: { /* RLE booleans */
        int64_t *to = out;
        if (bb_pq_rle_in_read(&c->codes, c->scratch, n) != n) return 0;
        for (size_t i = 0; i < n; i++) to[i] = c->scratch[i];
        return 1;
    }
    }
}

static size_t trailing(const struct bb_pq_cursor *c)
{
    size_t left = (size_t)(c->values_end - c->values);
    switch (c->seen.head.encoding) {
    case BB_PQ_PLAIN: return c->column->type == BB_PQ_BOOLEAN ? left - BB_MIN(left, (c->value_at + 7) / 8) : left;
    case BB_PQ_BYTE_STREAM_SPLIT: return (c->n_split - c->value_at) * plain_width(c);
    case BB_PQ_DELTA_BINARY_PACKED: return (size_t)(c->delta.end - c->delta.p);
    default: return (size_t)(c->codes.end - c->codes.p);
    }
}

/* ---- pages ---- */

static enum bb_status load_dictionary(struct bb_pq_cursor *c, const struct bb_pq_page_head *head,
                                      struct bb_error *err)
{
    const uint8_t *body = NULL, *levels;
    size_t nbytes = 0, n = (size_t)head->n_values;
    if (c->has_dictionary || c->pos != c->start)
        return fail(c, err, "a dictionary page may only be the first page of the column");
    if (head->encoding != BB_PQ_PLAIN && head->encoding != BB_PQ_PLAIN_DICTIONARY)
        return fail(c, err, "the dictionary is %s, must be PLAIN", bb_pq_encoding_name(head->encoding));
    if (c->column->type == BB_PQ_BOOLEAN) return fail(c, err, "a BOOLEAN column cannot have a dictionary");
    BB_TRY(read_body(c, head, &c->dictionary_bytes, 1, &body, &nbytes, &levels, err));
    c->values = body;
    c->values_end = body + nbytes;
    if (n > nbytes / (c->column->type == BB_PQ_BYTE_ARRAY ? 4 : plain_width(c)))
        return fail(c, err, "the dictionary promises %zu values, its %zu bytes hold fewer", n, nbytes);
    c->dictionary = bb_alloc(c->reader->budget, n * (size_t)element_nbytes(c) + 1);
    if (!c->dictionary) return no_memory(c, err);
    if (!read_plain(c, c->dictionary, n)) return fail(c, err, "the dictionary ends before its %zu values", n);
    c->n_dictionary = n;
    c->has_dictionary = 1;
    c->dictionary_seen = (struct bb_pq_page_seen){ .offset = c->pos,
                                                   .head = *head,
                                                   .trailing_nbytes = (size_t)(c->values_end - c->values) };
    if (c->column->type != BB_PQ_BYTE_ARRAY) { /* the values were copied */
        bb_free(c->dictionary_bytes.p);
        c->dictionary_bytes = (struct block){ 0 };
    }
    return BB_OK;
}

static enum bb_status start_values(struct bb_pq_cursor *c, const struct bb_pq_page_head *head, struct bb_error *err)
{
    size_t nbytes = (size_t)(c->values_end - c->values);
    enum bb_pq_type type = c->column->type;
    c->value_at = 0;
    switch (head->encoding) {
    case BB_PQ_PLAIN: return BB_OK;
    case BB_PQ_PLAIN_DICTIONARY:
    case BB_PQ_RLE_DICTIONARY:
        if (!c->has_dictionary) return fail(c, err, "it uses a dictionary, but the column has none");
        /* A page of NULLs only may end here. */
        if (!bb_pq_rle_in_init(&c->codes, c->values + (nbytes > 0), nbytes - (nbytes > 0),
                               nbytes > 0 ? c->values[0] : 0))
            return fail(c, err, "its dictionary codes have %d bits, at most 32 are possible", c->values[0]);
        return BB_OK;
    case BB_PQ_RLE:
        if (type != BB_PQ_BOOLEAN) break;
        if (nbytes > 0 && (nbytes < 4 || bb_load_u32(c->values) > nbytes - 4))
            return fail(c, err, "its values are cut off");
        bb_pq_rle_in_init(&c->codes, c->values + (nbytes ? 4 : 0), nbytes ? bb_load_u32(c->values) : 0, 1);
        return BB_OK;
    case BB_PQ_DELTA_BINARY_PACKED:
        if (type != BB_PQ_INT32 && type != BB_PQ_INT64) break;
        c->delta = (struct bb_pq_delta_in){ .p = c->values, .end = c->values };
        if (nbytes > 0 && !bb_pq_delta_in_init(&c->delta, c->values, nbytes))
            return fail(c, err, "its delta header is damaged");
        return BB_OK;
    case BB_PQ_BYTE_STREAM_SPLIT:
        if (type == BB_PQ_BOOLEAN || type == BB_PQ_BYTE_ARRAY) break;
        if (nbytes % plain_width(c) != 0)
            return fail(c, err, "its %zu bytes are not streams of whole values", nbytes);
        c->n_split = nbytes / plain_width(c);
        return BB_OK;
    default: break;
    }
    return fail(c, err,
                "%s values are encoded as %s; busbar reads PLAIN, dictionaries, RLE booleans, BYTE_STREAM_SPLIT of "
                "numbers and "
                "DELTA_BINARY_PACKED of integers",
                bb_pq_type_name((int)type), bb_pq_encoding_name(head->encoding));
}

static enum bb_status load_data(struct bb_pq_cursor *c, const struct bb_pq_page_head *head, struct bb_error *err)
{
    const uint8_t *body = NULL, *levels = NULL;
    size_t nbytes = 0, levels_nbytes = 0;
    BB_TRY(read_body(c, head, &c->raw, 0, &body, &nbytes, &levels, err));
    c->has_levels = c->column->nullable;
    if (head->type == BB_PQ_DATA_PAGE_V2) {
        if (head->rep_nbytes != 0) return fail(c, err, "it has repetition levels in a flat table");
        levels_nbytes = (size_t)head->def_nbytes;
    } else if (c->has_levels) {
        if (head->level_encoding != BB_PQ_RLE)
            return fail(c, err, "its levels are encoded as %s; busbar reads RLE levels only",
                        bb_pq_encoding_name(head->level_encoding));
        if (nbytes < 4 || bb_load_u32(body) > nbytes - 4) return fail(c, err, "its levels are cut off");
        levels_nbytes = bb_load_u32(body);
        levels = body + 4;
        body += 4 + levels_nbytes;
        nbytes -= 4 + levels_nbytes;
    }
    if (c->has_levels) bb_pq_rle_in_init(&c->levels, levels, levels_nbytes, 1);
    c->values = body;
    c->values_end = body + nbytes;
    return start_values(c, head, err);
}

static enum bb_status make_batch_room(struct bb_pq_cursor *c, struct bb_error *err)
{
    if (c->out) return BB_OK;
    c->valid = bb_alloc(c->reader->budget, BATCH_ROWS);
    c->scratch = bb_alloc(c->reader->budget, BATCH_ROWS * sizeof *c->scratch);
    c->out = c->valid && c->scratch ? bb_alloc(c->reader->budget, BATCH_ROWS * (size_t)element_nbytes(c)) : NULL;
    return c->out ? BB_OK : no_memory(c, err);
}

/* Reads the dictionary if the column begins with one. Afterwards pos is at a data page, wherever it was before. */
static enum bb_status check_start(struct bb_pq_cursor *c, struct bb_error *err)
{
    struct bb_pq_page_head head;
    int64_t pos = c->pos;
    if (c->start_is_checked || c->start >= c->end) return BB_OK;
    c->start_is_checked = 1;
    if (c->chunk->dictionary_page_offset < 0 && pos != c->start &&
        !(c->single_reads && c->pages[0].offset > c->start))
        return BB_OK;
    c->pos = c->seen.offset = c->start;
    BB_TRY(read_head(c, &head, err));
    if (head.type == BB_PQ_DICTIONARY_PAGE) {
        BB_TRY(load_dictionary(c, &head, err));
        c->pos += (int64_t)head.head_nbytes + head.compressed_nbytes;
        if (pos != c->start) c->pos = pos;
    } else if (c->chunk->dictionary_page_offset >= 0) {
        return fail(c, err, "a dictionary page is promised here, this is a %s", bb_pq_page_name(head.type));
    } else {
        c->pos = pos;
    }
    return BB_OK;
}

/* Header of the next data page at pos, checked against what is left. BB_EOF at the end of the column. */
static enum bb_status next_head(struct bb_pq_cursor *c, struct bb_pq_page_head *head, struct bb_error *err)
{
    int64_t left = c->chunk->n_values - c->next_row;
    if (left == 0) return BB_EOF;
    BB_TRY(check_start(c, err));
    c->seen.offset = c->pos;
    if (c->pos >= c->end)
        return fail(c, err, "the column ends after %lld of %lld values", (long long)c->next_row,
                    (long long)c->chunk->n_values);
    BB_TRY(read_head(c, head, err));
    if (head->type == BB_PQ_DICTIONARY_PAGE)
        return fail(c, err, "a dictionary page may only be the first page of the column");
    if (head->n_values > left)
        return fail(c, err, "it has %d values, the column only %lld more", (int)head->n_values, (long long)left);
    return BB_OK;
}

static enum bb_status load_page(struct bb_pq_cursor *c, struct bb_error *err)
{
    struct bb_pq_page_head head;
    BB_TRY(next_head(c, &head, err));
    BB_TRY(make_batch_room(c, err));
    c->seen.head = head;
    c->seen.first_row = c->next_row;
    c->seen.trailing_nbytes = 0;
    BB_TRY(load_data(c, &head, err));
    c->page_left = head.n_values;
    c->next_row += head.n_values;
    c->pos += (int64_t)head.head_nbytes + head.compressed_nbytes;
    return BB_OK;
}

/* n values of the loaded page, n ≤ page_left, BATCH_ROWS. */
static enum bb_status give(struct bb_pq_cursor *c, size_t n, struct bb_pq_values *values, struct bb_error *err)
{
    size_t n_present = n;
    if (c->has_levels) {
        if (bb_pq_rle_in_read(&c->levels, c->scratch, n) != n)
            return fail(c, err, "its levels end before its values");
        n_present = 0;
        for (size_t i = 0; i < n; i++) n_present += c->valid[i] = (uint8_t)c->scratch[i];
    } else {
        memset(c->valid, 1, n);
    }
    if (!read_present(c, c->out, n_present)) return fail(c, err, "its values are damaged or fewer than promised");
    if (n_present < n) { /* spread from the end, NULLs between */
        size_t from = n_present;
        if (c->column->type == BB_PQ_BYTE_ARRAY) {
            struct bb_str *v = c->out;
            for (size_t i = n; i-- > 0;) v[i] = c->valid[i] ? v[--from] : (struct bb_str){ "", 0 };
        } else {
            uint64_t *v = c->out;
            for (size_t i = n; i-- > 0;) v[i] = c->valid[i] ? v[--from] : 0;
        }
    }
    c->page_left -= (int64_t)n;
    if (c->page_left == 0) c->seen.trailing_nbytes = trailing(c);
    *values = (struct bb_pq_values){ .n = n, .valid = c->valid };
    values->v.i64 = c->out;
    return BB_OK;
}

/* ---- the cursor ---- */

enum bb_status bb_pq_cursor_open(struct bb_pq_reader *reader, size_t group, size_t column,
                                 struct bb_pq_cursor **cursor_ret, struct bb_error *err)
{
    struct bb_pq_cursor *c;
    *cursor_ret = NULL;
    if (group >= reader->n_groups || column >= reader->n_columns)
        return bb_fail(err, BB_MISUSE, "%s: row group %zu, column %zu is asked for; the file has %zu and %zu",
                       reader->path, group, column, reader->n_groups, reader->n_columns);
    c = bb_calloc(reader->budget, sizeof *c);
    if (!c) return bb_fail_budget(err, reader->budget, "a Parquet page");
    c->reader = reader;
    c->group = group;
    c->column_number = column;
    c->column = &reader->columns[column];
    c->chunk = bb_pq_group_chunk(reader, group, column);
    c->start = c->pos = bb_pq_chunk_start(c->chunk);
    c->end = c->start + c->chunk->total_compressed_nbytes;
    bb_pq_decompress_init(&c->decompress, c->chunk->codec, reader->budget);
    *cursor_ret = c;
    return BB_OK;
}

void bb_pq_cursor_close(struct bb_pq_cursor *c)
{
    if (!c) return;
    bb_pq_decompress_reset(&c->decompress);
    bb_free(c->window.p);
    bb_free(c->pages);
    bb_free(c->dictionary_bytes.p);
    bb_free(c->dictionary);
    bb_free(c->raw.p);
    bb_free(c->valid);
    bb_free(c->scratch);
    bb_free(c->out);
    bb_free(c);
}

enum bb_status bb_pq_cursor_next(struct bb_pq_cursor *c, size_t max, struct bb_pq_values *values,
                                 struct bb_error *err)
{
    *values = (struct bb_pq_values){ 0 };
    if (c->fault) return fail(c, err, "reading ended here after a failure");
    while (c->page_left == 0) BB_TRY(load_page(c, err));
    return give(c, (size_t)BB_MIN((int64_t)BB_MIN(max, BATCH_ROWS), c->page_left), values, err);
}

/* Moves pos to the page with the given row, when the offset index shows a way; else nothing happens. */
static enum bb_status jump_to(struct bb_pq_cursor *c, int64_t row, struct bb_error *err)
{
    size_t lo = 0, hi;
    if (c->has_pages == 0) {
        enum bb_status status =
            bb_pq_read_pages(c->reader, c->group, c->column_number, &c->pages, &c->n_pages, err);
        if (status != BB_OK && status != BB_EOF) {
            c->fault = 1;
            return status;
        }
        c->has_pages = status == BB_OK && c->n_pages > 0 ? 1 : -1;
    }
    if (c->has_pages < 0) return BB_OK;
    hi = c->n_pages;
    while (hi - lo > 1) { /* the last page that begins at or before row */
        size_t middle = lo + (hi - lo) / 2;
        if (c->pages[middle].first_row <= row) {
            lo = middle;
        } else {
            hi = middle;
        }
    }
    if (c->pages[lo].first_row > c->next_row) {
        c->next_row = c->pages[lo].first_row;
        c->pos = c->pages[lo].offset;
    }
    c->single_reads = 1;
    return BB_OK;
}

enum bb_status bb_pq_cursor_skip(struct bb_pq_cursor *c, int64_t n_rows, struct bb_error *err)
{
    struct bb_pq_values ignored;
    if (c->fault) return fail(c, err, "reading ended here after a failure");
    while (n_rows > 0) {
        int64_t k = n_rows >= c->page_left ? 0 : BB_MIN(n_rows, (int64_t)BATCH_ROWS);
        int64_t left = c->chunk->n_values - c->next_row, before = c->next_row;
        struct bb_pq_page_head head;
        if (k > 0) {
            BB_TRY(give(c, (size_t)k, &ignored, err));
            n_rows -= k;
            continue;
        }
        n_rows -= c->page_left; /* the rest of the page need not be decoded */
        c->page_left = 0;
        if (n_rows == 0) break;
        if (n_rows >= left) { /* to the end: nothing to read at all */
            c->next_row = c->chunk->n_values;
            c->pos = c->end;
            return n_rows > left ? BB_EOF : BB_OK;
        }
        BB_TRY(jump_to(c, c->next_row + n_rows, err));
        n_rows -= c->next_row - before;
        if (n_rows == 0) break;
        if (c->next_row != before) { /* the page with the wanted row is next, decode its beginning */
            BB_TRY(load_page(c, err));
            continue;
        }
        BB_TRY(next_head(c, &head, err));
        if (head.n_values <= n_rows) { /* without an index the headers show the way */
            n_rows -= head.n_values;
            c->next_row += head.n_values;
            c->pos += (int64_t)head.head_nbytes + head.compressed_nbytes;
        } else {
            BB_TRY(load_page(c, err));
        }
    }
    return BB_OK;
}

const struct bb_pq_page_seen *bb_pq_cursor_page(const struct bb_pq_cursor *c) { return &c->seen; }
const struct bb_pq_page_seen *bb_pq_cursor_dictionary(const struct bb_pq_cursor *c)
{
    return c->has_dictionary ? &c->dictionary_seen : NULL;
}
int64_t bb_pq_cursor_offset(const struct bb_pq_cursor *c) { return c->pos; }

void bb_pq_cursor_dictionary_values(const struct bb_pq_cursor *c, struct bb_pq_values *values)
{
    *values = (struct bb_pq_values){ .n = c->n_dictionary };
    values->v.i64 = c->dictionary;
}
