/* Cuts a column's values into pages, so that the bytes depend on the sequence of values alone: a page ends when it has page_rows
 * rows (or, for plain texts, its bytes), never where a call ends. */
#include "parquet/pq_chunk.h"

#include "parquet/pq_thrift_write.h"

#include <libdeflate.h>

#define HEADER_ROOM_NBYTES 64u /* page headers take 25 to 45 bytes */

enum bb_status bb_pq_chunk_no_memory(const struct bb_pq_chunk *chunk, struct bb_error *err)
{
    bb_fail_budget(err, chunk->budget, "a Parquet column");
    bb_fail_prefix(err, "column %s", chunk->column.name);
    return BB_BUDGET;
}

static enum bb_status check_column(const struct bb_pq_column *column, struct bb_error *err)
{
    int fits;
    switch (column->logical) {
    case BB_PQ_PLAIN_TYPE: fits = column->type != BB_PQ_BYTE_ARRAY; break;
    case BB_PQ_STRING: fits = column->type == BB_PQ_BYTE_ARRAY; break;
    case BB_PQ_TIMESTAMP_US:
    case BB_PQ_TIMESTAMP_NS: fits = column->type == BB_PQ_INT64; break;
    default: fits = column->type == BB_PQ_INT32; break;
    }
    if (!fits)
        return bb_fail(err, BB_MISUSE, "column %s: physical type %d does not carry logical type %d", column->name,
                       (int)column->type, (int)column->logical);
    return BB_OK;
}

enum bb_status bb_pq_chunk_new(const struct bb_pq_column *column, const struct bb_pq_options *options,
                               struct bb_budget *budget, struct bb_pq_chunk **chunk_ret, struct bb_error *err)
{
    struct bb_pq_chunk *c;
    enum bb_status status;
    BB_TRY(check_column(column, err));
    c = bb_calloc(budget, sizeof *c);
    if (!c) return bb_fail_budget(err, budget, "a Parquet column");
    c->column = *column;
    c->options = *options;
    c->budget = budget;
    c->page_rows = options->page_rows ? BB_MIN(options->page_rows, BB_PQ_PAGE_ROWS_MAX) : BB_PQ_PAGE_ROWS;
    bb_buf_init(&c->raw, budget, INT32_MAX);
    bb_buf_init(&c->pages, budget, SIZE_MAX / 2);
    bb_buf_init(&c->dict_page, budget, INT32_MAX);
    bb_buf_init(&c->bound_texts, budget, SIZE_MAX / 2);
    bb_buf_init(&c->bloom, budget, BB_PQ_BLOOM_MAX_NBYTES + 64);
    bb_buf_init(&c->dict_text.plain, budget, BB_PQ_DICT_TEXT_NBYTES);
    bb_pq_chunk_reset(c);
    status = bb_pq_compressor_new(
        options->codec,
        options->dense && options->codec == BB_PQ_ZSTD && !options->level ? BB_PQ_DENSE_ZSTD_LEVEL : options->level,
        options->compressors, budget, &c->compressor, err);
    if (status != BB_OK) {
        bb_pq_chunk_free(c);
        return status;
    }
    *chunk_ret = c;
    return BB_OK;
}

void bb_pq_chunk_free(struct bb_pq_chunk *c)
{
    if (!c) return;
    bb_pq_compressor_free(c->compressor);
    bb_pq_dict64_free(&c->dict64);
    bb_pq_dict_text_free(&c->dict_text);
    bb_buf_reset(&c->raw);
    bb_buf_reset(&c->pages);
    bb_buf_reset(&c->dict_page);
    bb_buf_reset(&c->bound_texts);
    bb_buf_reset(&c->bloom);
    bb_free(c->levels);
    bb_free(c->runs);
    bb_free(c->int_runs);
    bb_free(c->doubles);
    bb_free(c->notes);
    bb_free(c);
}

static void clear_page(struct bb_pq_chunk *c)
{
    c->n = c->nulls = c->n_levels = c->n_runs = c->n_int_runs = c->n_doubles = c->one_n = c->text_nbytes = 0;
}

void bb_pq_chunk_reset(struct bb_pq_chunk *c)
{
    clear_page(c);
    c->plain = 0;
    c->effort = BB_PQ_USUAL;
    c->plain_encoding = BB_PQ_RLE;
    bb_pq_dict64_clear(&c->dict64);
    bb_pq_dict_text_clear(&c->dict_text);
    c->raw.n = c->pages.n = c->dict_page.n = c->bound_texts.n = c->bloom.n = c->n_notes = 0;
    memset(c->pages_of_encoding, 0, sizeof c->pages_of_encoding);
    c->rows = c->total_nulls = 0;
    c->uncompressed_nbytes = 0;
    c->finished = 0;
}

void bb_pq_set_texts(struct bb_pq_chunk *chunk, bb_pq_text_of text_of, void *ctx)
{
    chunk->text_of = text_of;
    chunk->text_ctx = ctx;
}

size_t bb_pq_chunk_rows(const struct bb_pq_chunk *chunk) { return chunk->rows + chunk->n; }

enum bb_status bb_pq_chunk_levels(struct bb_pq_chunk *c, int valid, size_t n, struct bb_error *err)
{
    if (!c->column.nullable) {
        if (!valid)
            return bb_fail(err, BB_BUG, "column %s: NULL in a column that is declared without", c->column.name);
    } else if (!bb_pq_run_add(c->budget, &c->levels, &c->n_levels, &c->levels_cap, valid != 0, (uint32_t)n)) {
        return bb_pq_chunk_no_memory(c, err);
    }
    c->n += n;
    if (!valid) c->nulls += n;
    return BB_OK;
}

enum bb_status bb_pq_page_begin(struct bb_pq_chunk *c, struct bb_error *err)
{
    uint32_t nbytes;
    c->raw.n = c->values_at = 0;
    if (!c->column.nullable) return BB_OK;
    if (!bb_buf_put(&c->raw, "\0\0\0\0", 4) || !bb_pq_rle_encode(c->levels, c->n_levels, 1, &c->raw))
        return bb_pq_chunk_no_memory(c, err);
    nbytes = (uint32_t)(c->raw.n - 4);
    memcpy(c->raw.p, &nbytes, 4);
    c->values_at = c->raw.n;
    return BB_OK;
}

/* Room behind the pages, with an eighth to spare: moving a large block costs nothing, and what is held counts against the budget. */
static int make_room(struct bb_buf *out, size_t more_nbytes)
{
    size_t cap = out->n + more_nbytes + out->n / 8;
    char *moved;
    if (out->cap - out->n >= more_nbytes) return 1;
    if (cap > out->max_nbytes) return 0;
    moved = bb_realloc(out->budget, out->p, cap);
    if (!moved) return 0;
    out->p = moved;
    out->cap = cap;
    return 1;
}

/* Compresses raw to where the pages end, leaving room for the header before it; nothing is kept yet. */
static enum bb_status compress_behind(struct bb_pq_chunk *c, struct bb_buf *out, enum bb_pq_effort effort,
                                      size_t *nbytes_ret, struct bb_error *err)
{
    size_t bound = bb_pq_compress_bound(c->compressor, c->raw.n);
    if (!make_room(out, HEADER_ROOM_NBYTES + bound)) return bb_pq_chunk_no_memory(c, err);
    return bb_pq_compress(c->compressor, c->raw.p, c->raw.n, BB_MIN(c->values_at, c->raw.n), effort,
                          out->p + out->n + HEADER_ROOM_NBYTES, bound, nbytes_ret, err);
}

enum bb_status bb_pq_page_try(struct bb_pq_chunk *c, enum bb_pq_effort effort, size_t most_nbytes,
                              size_t *nbytes_ret, struct bb_error *err)
{
    enum bb_status status;
    size_t all = c->raw.n;
    c->raw.n = BB_MIN(all, most_nbytes);
    status = compress_behind(c, &c->pages, effort, nbytes_ret, err);
    c->raw.n = all;
    return status;
}

/* Header before the compressed bytes that compress_behind left. n_values: rows of a data page, entries of a dictionary. */
static enum bb_status put_page(struct bb_pq_chunk *c, struct bb_buf *out, enum bb_pq_page kind,
                               enum bb_pq_encoding encoding, size_t n_values, size_t compressed_nbytes,
                               struct bb_error *err)
{
    char *body = out->p + out->n + HEADER_ROOM_NBYTES;
    size_t before = out->n, header_nbytes;
    struct bb_pq_tw w;
    if (compressed_nbytes > INT32_MAX)
        return bb_fail(err, BB_BUG, "column %s: a page is larger than 2 GiB", c->column.name);
    bb_pq_tw_init(&w, out);
    bb_pq_tw_i32(&w, 1, kind);
    bb_pq_tw_i32(&w, 2, (int32_t)c->raw.n);
    bb_pq_tw_i32(&w, 3, (int32_t)compressed_nbytes);
    bb_pq_tw_i32(&w, 4, (int32_t)libdeflate_crc32(0, body, compressed_nbytes));
    if (kind == BB_PQ_DATA_PAGE) {
        bb_pq_tw_struct(&w, 5);
        bb_pq_tw_i32(&w, 1, (int32_t)n_values);
        bb_pq_tw_i32(&w, 2, encoding);
        bb_pq_tw_i32(&w, 3, BB_PQ_RLE);
        bb_pq_tw_i32(&w, 4, BB_PQ_RLE);
    } else {
        bb_pq_tw_struct(&w, 7);
        bb_pq_tw_i32(&w, 1, (int32_t)n_values);
        bb_pq_tw_i32(&w, 2, BB_PQ_PLAIN);
    }
    bb_pq_tw_end(&w);
    bb_pq_tw_end(&w);
    header_nbytes = out->n - before;
    if (!bb_pq_tw_ok(&w) || header_nbytes > HEADER_ROOM_NBYTES) return bb_pq_chunk_no_memory(c, err);
    memmove(out->p + out->n, body, compressed_nbytes);
    out->n += compressed_nbytes;
    c->uncompressed_nbytes += header_nbytes + c->raw.n;
    return BB_OK;
}

enum bb_status bb_pq_page_end(struct bb_pq_chunk *c, enum bb_pq_encoding encoding,
                              const struct bb_pq_bounds *bounds, struct bb_error *err)
{
    size_t compressed_nbytes, start = c->pages.n;
    if (!bb_grow(c->budget, (void **)&c->notes, &c->notes_cap, c->n_notes + 1, sizeof *c->notes))
        return bb_pq_chunk_no_memory(c, err);
    BB_TRY(compress_behind(c, &c->pages,
                           encoding == BB_PQ_PLAIN || c->effort == BB_PQ_THOROUGH ? c->effort : BB_PQ_USUAL,
                           &compressed_nbytes, err));
    BB_TRY(put_page(c, &c->pages, BB_PQ_DATA_PAGE, encoding, c->n, compressed_nbytes, err));
    c->notes[c->n_notes++] = (struct bb_pq_page_note){ .offset = start,
                                                       .first_row = (int64_t)c->rows,
                                                       .nbytes = (uint32_t)(c->pages.n - start),
                                                       .rows = (uint32_t)c->n,
                                                       .nulls = (uint32_t)c->nulls,
                                                       .bounds = *bounds };
    c->pages_of_encoding[encoding]++;
    return BB_OK;
}

enum bb_status bb_pq_put_indexes(struct bb_pq_chunk *c, size_t n_entries, struct bb_error *err)
{
    unsigned width_bits = bb_pq_bits_for(n_entries);
    /* Whole bytes: a repeated sequence of locations is then found by the codec wherever it starts. Without a codec fewer bits win. */
    if (c->options.codec != BB_PQ_NONE) width_bits = (width_bits + 7) & ~7u;
    if (!bb_buf_putc(&c->raw, (char)width_bits) || !bb_pq_rle_encode(c->runs, c->n_runs, width_bits, &c->raw))
        return bb_pq_chunk_no_memory(c, err);
    return BB_OK;
}

enum bb_status bb_pq_chunk_cut(struct bb_pq_chunk *c, struct bb_error *err)
{
    if (c->n == 0) return BB_OK;
    if (c->nulls == c->n) { /* no value at all: whatever the encoding, there is nothing behind the levels */
        struct bb_pq_bounds none = { .has = 0 };
        BB_TRY(bb_pq_page_begin(c, err));
        BB_TRY(bb_pq_page_end(c, BB_PQ_PLAIN, &none, err));
    } else if (c->column.type == BB_PQ_DOUBLE || c->column.type == BB_PQ_FLOAT) {
        BB_TRY(bb_pq_doubles_page(c, err));
    } else if (c->column.type == BB_PQ_BYTE_ARRAY) {
        BB_TRY(bb_pq_texts_page(c, err));
    } else {
        BB_TRY(bb_pq_ints_page(c, err));
    }
    c->rows += c->n;
    c->total_nulls += c->nulls;
    clear_page(c);
    return BB_OK;
}

static enum bb_status put_dictionary(struct bb_pq_chunk *c, struct bb_error *err)
{
    size_t n_entries = c->dict64.n, nbytes;
    c->raw.n = 0;
    if (c->column.type == BB_PQ_BYTE_ARRAY) {
        n_entries = c->dict_text.n;
        if (!bb_buf_put(&c->raw, c->dict_text.plain.p, c->dict_text.plain.n)) return bb_pq_chunk_no_memory(c, err);
    } else {
        BB_TRY(bb_pq_dict64_plain(c, err));
    }
    BB_TRY(compress_behind(c, &c->dict_page, c->effort == BB_PQ_THOROUGH ? c->effort : BB_PQ_USUAL, &nbytes, err));
    return put_page(c, &c->dict_page, BB_PQ_DICTIONARY_PAGE, BB_PQ_PLAIN, n_entries, nbytes, err);
}

enum bb_status bb_pq_chunk_finish(struct bb_pq_chunk *c, struct bb_error *err)
{
    if (c->finished) return BB_OK;
    if (c->rows == 0) c->effort = BB_PQ_THOROUGH; /* the only page, and not a full one */
    BB_TRY(bb_pq_chunk_cut(c, err));
    if (c->pages_of_encoding[BB_PQ_RLE_DICTIONARY]) BB_TRY(put_dictionary(c, err));
    BB_TRY(bb_pq_chunk_bloom(c, err));
    c->finished = 1;
    return BB_OK;
}
