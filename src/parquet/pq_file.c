/* Splices finished chunks into a file and writes what follows them: bloom filters, indexes, footer. */
#include "parquet/pq_file.h"

#include "parquet/pq_chunk.h"

#include "parquet/pq_arrow_schema.h"
#include "parquet/pq_meta.h"
#include "parquet/pq_thrift_write.h"

#include <errno.h>
#include <unistd.h>

#define COMPARE_NBYTES  ((size_t)16 << 10)
#define FORMAT_VERSION  2
#define TAIL_MAX_NBYTES ((size_t)INT32_MAX)

static enum bb_status no_memory(const struct bb_pq_file *f, struct bb_error *err)
{
    return bb_fail_budget(err, f->budget, "the indexes and the footer of a Parquet file");
}

static enum bb_status write_all(struct bb_pq_file *f, const char *p, size_t n, struct bb_error *err)
{
    while (n) {
        ssize_t got = pwrite(f->fd, p, BB_MIN(n, (size_t)1 << 30), (off_t)f->written_nbytes);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return bb_fail_errno(err, BB_IO, errno, "cannot write %zu bytes of Parquet at offset %llu", n,
                                 (unsigned long long)f->written_nbytes);
        if (got == 0)
            return bb_fail(err, BB_IO, "cannot write %zu bytes of Parquet at offset %llu: the system took none", n,
                           (unsigned long long)f->written_nbytes);
        f->written_nbytes += (uint64_t)got;
        p += got;
        n -= (size_t)got;
    }
    return BB_OK;
}

enum bb_status bb_pq_file_flush(struct bb_pq_file *f, struct bb_error *err)
{
    BB_TRY(write_all(f, f->out.p, f->out.n, err));
    f->out.n = 0;
    return BB_OK;
}

enum bb_status bb_pq_file_put(struct bb_pq_file *f, const void *p, size_t n, struct bb_error *err)
{
    if (f->out.n + n > BB_PQ_WRITE_NBYTES) BB_TRY(bb_pq_file_flush(f, err));
    if (n >= BB_PQ_WRITE_NBYTES) return write_all(f, p, n, err);
    return bb_buf_put(&f->out, p, n) ? BB_OK : no_memory(f, err);
}

uint64_t bb_pq_file_offset(const struct bb_pq_file *f) { return f->written_nbytes + f->out.n; }

enum bb_status bb_pq_file_new(int fd, const struct bb_pq_column *columns, size_t n_columns, const int *sorting,
                              size_t n_sorting, const struct bb_pq_options *options, struct bb_budget *budget,
                              struct bb_pq_file **file_ret, struct bb_error *err)
{
    struct bb_pq_file *f;
    enum bb_status status;
    if (n_columns == 0) return bb_fail(err, BB_MISUSE, "a Parquet file needs at least one column");
    for (size_t i = 0; i < n_sorting; i++)
        if (sorting[i] < 0 || (size_t)sorting[i] >= n_columns)
            return bb_fail(err, BB_MISUSE, "sorting column %d is not one of %zu columns", sorting[i], n_columns);
    f = bb_calloc(budget, sizeof *f);
    if (!f) return bb_fail_budget(err, budget, "a Parquet file");
    f->fd = fd;
    f->columns = columns;
    f->n_columns = n_columns;
    f->sorting = sorting;
    f->n_sorting = n_sorting;
    f->options = *options;
    f->budget = budget;
    bb_buf_init(&f->out, budget, BB_PQ_WRITE_NBYTES);
    bb_buf_init(&f->blooms, budget, TAIL_MAX_NBYTES);
    bb_buf_init(&f->column_indexes, budget, TAIL_MAX_NBYTES);
    bb_buf_init(&f->offset_indexes, budget, TAIL_MAX_NBYTES);
    bb_buf_init(&f->texts, budget, TAIL_MAX_NBYTES);
    status = bb_buf_reserve(&f->out, BB_PQ_WRITE_NBYTES) ? bb_pq_file_put(f, "PAR1", 4, err) : no_memory(f, err);
    if (status != BB_OK) {
        bb_pq_file_free(f);
        return status;
    }
    *file_ret = f;
    return BB_OK;
}

void bb_pq_file_free(struct bb_pq_file *f)
{
    if (!f) return;
    bb_pq_copier_free(f->copier);
    bb_buf_reset(&f->out);
    bb_buf_reset(&f->blooms);
    bb_buf_reset(&f->column_indexes);
    bb_buf_reset(&f->offset_indexes);
    bb_buf_reset(&f->texts);
    bb_free(f->bloom_runs);
    bb_free(f->chunks);
    bb_free(f->groups);
    bb_free(f);
}

struct bb_pq_copier *bb_pq_file_copier(const struct bb_pq_file *f) { return f->copier; }

/* ---- row groups ---- */

static struct bb_pq_chunk *chunk_for(struct bb_pq_chunk *const *chunks, const int *same_as, size_t i)
{
    return same_as && same_as[i] >= 0 && (size_t)same_as[i] < i && !chunks[i] ? chunks[same_as[i]] : chunks[i];
}

static enum bb_status check_group(const struct bb_pq_file *f, struct bb_pq_chunk *const *chunks, const int *same_as,
                                  struct bb_error *err)
{
    size_t rows = 0;
    for (size_t i = 0; i < f->n_columns; i++) {
        const struct bb_pq_chunk *c = chunk_for(chunks, same_as, i);
        const char *name = f->columns[i].name;
        if (!c) return bb_fail(err, BB_BUG, "column %s: no chunk for the row group", name);
        if (!c->finished) return bb_fail(err, BB_BUG, "column %s: its chunk is not finished", name);
        if (c->column.type != f->columns[i].type || !c->column.nullable != !f->columns[i].nullable ||
            c->options.codec != f->options.codec)
            return bb_fail(err, BB_BUG, "column %s: its chunk has another type, nullability or codec", name);
        if (i == 0) rows = c->rows;
        if (c->rows == 0 || c->rows != rows)
            return bb_fail(err, BB_BUG, "column %s: %zu rows in a row group of %zu", name, c->rows, rows);
    }
    return BB_OK;
}

static int keep(struct bb_buf *where, struct bb_str bytes, struct bb_pq_piece *piece)
{
    piece->start = where->n;
    piece->nbytes = (uint32_t)bytes.n;
    return bb_buf_put(where, bytes.p, bytes.n);
}

static enum bb_status append_chunk(struct bb_pq_file *f, const struct bb_pq_chunk *c, struct bb_error *err)
{
    struct bb_pq_chunk_note *note = &f->chunks[f->n_chunks];
    struct bb_pq_bounds bounds = bb_pq_chunk_bounds(c);
    uint64_t offset = bb_pq_file_offset(f);
    int ok = 1;
    *note = (struct bb_pq_chunk_note){ .dictionary_offset = c->dict_page.n ? offset : 0,
                                       .data_offset = offset + c->dict_page.n,
                                       .compressed_nbytes = c->dict_page.n + c->pages.n,
                                       .uncompressed_nbytes = c->uncompressed_nbytes,
                                       .nulls = c->total_nulls,
                                       .has_bounds = bounds.has,
                                       .min_exact = bounds.min_exact,
                                       .max_exact = bounds.max_exact };
    memcpy(note->pages_of_encoding, c->pages_of_encoding, sizeof note->pages_of_encoding);
    if (bounds.has) {
        uint8_t scratch[8];
        ok = keep(&f->texts, bb_pq_bound_bytes(c, &bounds, 0, scratch), &note->min) &&
             keep(&f->texts, bb_pq_bound_bytes(c, &bounds, 1, scratch), &note->max);
    }
    note->column_index.start = f->column_indexes.n;
    note->offset_index.start = f->offset_indexes.n;
    ok = ok && keep(&f->blooms, bb_buf_str(&c->bloom), &note->bloom) &&
         bb_pq_write_column_index(c, &f->column_indexes) &&
         bb_pq_write_offset_index(c, note->data_offset, &f->offset_indexes);
    if (!ok) return no_memory(f, err);
    BB_TRY(bb_pq_file_add_bloom(f, NULL, note->bloom.start, note->bloom.nbytes, &note->bloom, err));
    note->column_index.nbytes = (uint32_t)(f->column_indexes.n - note->column_index.start);
    note->offset_index.nbytes = (uint32_t)(f->offset_indexes.n - note->offset_index.start);
    BB_TRY(bb_pq_file_put(f, c->dict_page.p, c->dict_page.n, err));
    BB_TRY(bb_pq_file_put(f, c->pages.p, c->pages.n, err));
    f->n_chunks++;
    return BB_OK;
}

enum bb_status bb_pq_file_room_for_group(struct bb_pq_file *f, struct bb_error *err)
{
    if (!bb_grow(f->budget, (void **)&f->chunks, &f->chunks_cap, f->n_chunks + f->n_columns, sizeof *f->chunks) ||
        !bb_grow(f->budget, (void **)&f->groups, &f->groups_cap, f->n_groups + 1, sizeof *f->groups))
        return no_memory(f, err);
    return BB_OK;
}

void bb_pq_file_count_group(struct bb_pq_file *f, const struct bb_pq_group_note *note)
{
    f->groups[f->n_groups++] = *note;
    f->rows += note->rows;
}

enum bb_status bb_pq_file_append_blob(struct bb_pq_file *f, struct bb_str bytes, uint64_t *offset_ret,
                                      struct bb_error *err)
{
    *offset_ret = bb_pq_file_offset(f);
    return bb_pq_file_put(f, bytes.p, bytes.n, err);
}

enum bb_status bb_pq_file_append_group(struct bb_pq_file *f, struct bb_pq_chunk *const *chunks, const int *same_as,
                                       struct bb_error *err)
{
    struct bb_pq_group_note group = { .offset = bb_pq_file_offset(f) };
    BB_TRY(check_group(f, chunks, same_as, err));
    BB_TRY(bb_pq_file_carry_end(f, err));
    BB_TRY(bb_pq_file_room_for_group(f, err));
    group.rows = chunk_for(chunks, same_as, 0)->rows;
    for (size_t i = 0; i < f->n_columns; i++) {
        const struct bb_pq_chunk *c = chunk_for(chunks, same_as, i);
        BB_TRY(append_chunk(f, c, err));
        group.compressed_nbytes += c->dict_page.n + c->pages.n;
        group.uncompressed_nbytes += c->uncompressed_nbytes;
    }
    bb_pq_file_count_group(f, &group);
    return BB_OK;
}

/* ---- footer ---- */

/* Legacy numbers of ConvertedType by enum bb_pq_logical, -1: none. */
static const int converted_types[] = { -1, 0, 6, 10, -1, 15, 16, 17, 11, 12, 13 };

static void put_logical(struct bb_pq_tw *w, enum bb_pq_logical logical)
{
    static const int8_t bits[] = { 8, 16, 32 };
    bb_pq_tw_struct(w, 10);
    switch (logical) {
    case BB_PQ_STRING: bb_pq_tw_empty(w, 1); break;
    case BB_PQ_DATE: bb_pq_tw_empty(w, 6); break;
    case BB_PQ_TIMESTAMP_US:
    case BB_PQ_TIMESTAMP_NS:
        bb_pq_tw_struct(w, 8);
        bb_pq_tw_bool(w, 1, 1);
        bb_pq_tw_struct(w, 2);
        bb_pq_tw_empty(w, logical == BB_PQ_TIMESTAMP_US ? 2 : 3);
        bb_pq_tw_end(w);
        bb_pq_tw_end(w);
        break;
    default:
        bb_pq_tw_struct(w, 10);
        bb_pq_tw_i8(w, 1, bits[(logical - BB_PQ_INT8) % 3]);
        bb_pq_tw_bool(w, 2, logical < BB_PQ_UINT8);
        bb_pq_tw_end(w);
        break;
    }
    bb_pq_tw_end(w);
}

static void put_schema(struct bb_pq_tw *w, const struct bb_pq_file *f)
{
    bb_pq_tw_list(w, 2, BB_PQ_TW_STRUCT, f->n_columns + 1);
    bb_pq_tw_item_struct(w);
    bb_pq_tw_i32(w, 3, 0);
    bb_pq_tw_binary(w, 4, BB_STR("schema"));
    bb_pq_tw_i32(w, 5, (int32_t)f->n_columns);
    bb_pq_tw_end(w);
    for (size_t i = 0; i < f->n_columns; i++) {
        const struct bb_pq_column *column = &f->columns[i];
        bb_pq_tw_item_struct(w);
        bb_pq_tw_i32(w, 1, column->type);
        bb_pq_tw_i32(w, 3, column->nullable != 0);
        bb_pq_tw_binary(w, 4, bb_str_of(column->name));
        if (converted_types[column->logical] >= 0) bb_pq_tw_i32(w, 6, converted_types[column->logical]);
        if (column->logical != BB_PQ_PLAIN_TYPE) put_logical(w, column->logical);
        bb_pq_tw_end(w);
    }
}

/* min and max of the days before column orders are read as signed numbers, so only those may have them. */
static int has_legacy_order(const struct bb_pq_column *column)
{
    return (column->type == BB_PQ_INT32 || column->type == BB_PQ_INT64) && column->logical < BB_PQ_UINT8;
}

static void put_statistics(struct bb_pq_tw *w, const struct bb_pq_file *f, const struct bb_pq_column *column,
                           const struct bb_pq_chunk_note *note)
{
    struct bb_str min = { f->texts.p + note->min.start, note->min.nbytes },
                  max = { f->texts.p + note->max.start, note->max.nbytes };
    bb_pq_tw_struct(w, 12);
    if (note->has_bounds && has_legacy_order(column)) {
        bb_pq_tw_binary(w, 1, max);
        bb_pq_tw_binary(w, 2, min);
    }
    bb_pq_tw_i64(w, 3, (int64_t)note->nulls);
    if (note->has_bounds) {
        bb_pq_tw_binary(w, 5, max);
        bb_pq_tw_binary(w, 6, min);
        bb_pq_tw_bool(w, 7, note->max_exact);
        bb_pq_tw_bool(w, 8, note->min_exact);
    }
    bb_pq_tw_end(w);
}

static void put_encodings(struct bb_pq_tw *w, const struct bb_pq_column *column,
                          const struct bb_pq_chunk_note *note)
{
    int used[BB_PQ_BYTE_STREAM_SPLIT + 1] = { 0 };
    size_t n = 0;
    for (size_t e = 0; e < BB_ARRAY_LEN(used); e++) used[e] = note->pages_of_encoding[e] != 0;
    if (note->dictionary_offset) used[BB_PQ_PLAIN] = 1;
    if (column->nullable) used[BB_PQ_RLE] = 1;
    for (size_t e = 0; e < BB_ARRAY_LEN(used); e++) n += (size_t)used[e];
    bb_pq_tw_list(w, 2, BB_PQ_TW_I32, n);
    for (size_t e = 0; e < BB_ARRAY_LEN(used); e++)
        if (used[e]) bb_pq_tw_item_i32(w, (int32_t)e);
}

static void put_page_encoding(struct bb_pq_tw *w, enum bb_pq_page kind, int encoding, uint32_t count)
{
    bb_pq_tw_item_struct(w);
    bb_pq_tw_i32(w, 1, kind);
    bb_pq_tw_i32(w, 2, encoding);
    bb_pq_tw_i32(w, 3, (int32_t)count);
    bb_pq_tw_end(w);
}

static void put_encoding_stats(struct bb_pq_tw *w, const struct bb_pq_chunk_note *note)
{
    size_t n = note->dictionary_offset != 0;
    for (size_t e = 0; e < BB_ARRAY_LEN(note->pages_of_encoding); e++) n += note->pages_of_encoding[e] != 0;
    bb_pq_tw_list(w, 13, BB_PQ_TW_STRUCT, n);
    if (note->dictionary_offset) put_page_encoding(w, BB_PQ_DICTIONARY_PAGE, BB_PQ_PLAIN, 1);
    for (size_t e = 0; e < BB_ARRAY_LEN(note->pages_of_encoding); e++)
        if (note->pages_of_encoding[e]) put_page_encoding(w, BB_PQ_DATA_PAGE, (int)e, note->pages_of_encoding[e]);
}

/* Where the three buffers behind the row groups begin in the file. */
struct tail {
    uint64_t blooms, column_indexes, offset_indexes;
};

static void put_chunk(struct bb_pq_tw *w, const struct bb_pq_file *f, const struct tail *tail, size_t i,
                      const struct bb_pq_chunk_note *note, uint64_t rows)
{
    const struct bb_pq_column *column = &f->columns[i];
    bb_pq_tw_item_struct(w);
    bb_pq_tw_i64(w, 2, 0); /* file_offset: of metadata outside the footer, of which there is none */
    bb_pq_tw_struct(w, 3);
    bb_pq_tw_i32(w, 1, column->type);
    put_encodings(w, column, note);
    bb_pq_tw_list(w, 3, BB_PQ_TW_BINARY, 1);
    bb_pq_tw_item_binary(w, bb_str_of(column->name));
    bb_pq_tw_i32(w, 4, f->options.codec);
    bb_pq_tw_i64(w, 5, (int64_t)rows);
    bb_pq_tw_i64(w, 6, (int64_t)note->uncompressed_nbytes);
    bb_pq_tw_i64(w, 7, (int64_t)note->compressed_nbytes);
    bb_pq_tw_i64(w, 9, (int64_t)note->data_offset);
    if (note->dictionary_offset) bb_pq_tw_i64(w, 11, (int64_t)note->dictionary_offset);
    put_statistics(w, f, column, note);
    put_encoding_stats(w, note);
    if (note->bloom.nbytes) {
        bb_pq_tw_i64(w, 14, (int64_t)(tail->blooms + note->bloom.start));
        bb_pq_tw_i32(w, 15, (int32_t)note->bloom.nbytes);
    }
    bb_pq_tw_end(w);
    bb_pq_tw_i64(w, 4, (int64_t)(tail->offset_indexes + note->offset_index.start));
    bb_pq_tw_i32(w, 5, (int32_t)note->offset_index.nbytes);
    if (note->column_index.nbytes) {
        bb_pq_tw_i64(w, 6, (int64_t)(tail->column_indexes + note->column_index.start));
        bb_pq_tw_i32(w, 7, (int32_t)note->column_index.nbytes);
    }
    bb_pq_tw_end(w);
}

static void put_groups(struct bb_pq_tw *w, const struct bb_pq_file *f, const struct tail *tail)
{
    bb_pq_tw_list(w, 4, BB_PQ_TW_STRUCT, f->n_groups);
    for (size_t g = 0; g < f->n_groups; g++) {
        const struct bb_pq_group_note *group = &f->groups[g];
        bb_pq_tw_item_struct(w);
        bb_pq_tw_list(w, 1, BB_PQ_TW_STRUCT, f->n_columns);
        for (size_t i = 0; i < f->n_columns; i++)
            put_chunk(w, f, tail, i, &f->chunks[g * f->n_columns + i], group->rows);
        bb_pq_tw_i64(w, 2, (int64_t)group->uncompressed_nbytes);
        bb_pq_tw_i64(w, 3, (int64_t)group->rows);
        if (f->n_sorting) {
            bb_pq_tw_list(w, 4, BB_PQ_TW_STRUCT, f->n_sorting);
            for (size_t i = 0; i < f->n_sorting; i++) {
                bb_pq_tw_item_struct(w);
                bb_pq_tw_i32(w, 1, f->sorting[i]);
                bb_pq_tw_bool(w, 2, 0);
                bb_pq_tw_bool(w, 3, 1);
                bb_pq_tw_end(w);
            }
        }
        bb_pq_tw_i64(w, 5, (int64_t)group->offset);
        bb_pq_tw_i64(w, 6, (int64_t)group->compressed_nbytes);
        if (g <= INT16_MAX) bb_pq_tw_i16(w, 7, (int)g);
        bb_pq_tw_end(w);
    }
}

static void put_kv(struct bb_pq_tw *w, struct bb_str key, struct bb_str value)
{
    bb_pq_tw_item_struct(w);
    bb_pq_tw_binary(w, 1, key);
    bb_pq_tw_binary(w, 2, value);
    bb_pq_tw_end(w);
}

static int write_footer(const struct bb_pq_file *f, const struct tail *tail, const struct bb_pq_kv *kvs,
                        size_t n_kvs, struct bb_buf *out)
{
    struct bb_pq_tw w;
    struct bb_buf arrow;
    bb_buf_init(&arrow, f->budget, TAIL_MAX_NBYTES);
    bb_pq_tw_init(&w, out);
    bb_pq_tw_i32(&w, 1, FORMAT_VERSION);
    put_schema(&w, f);
    bb_pq_tw_i64(&w, 3, (int64_t)f->rows);
    put_groups(&w, f, tail);
    bb_pq_tw_list(&w, 5, BB_PQ_TW_STRUCT, n_kvs + 1);
    for (size_t i = 0; i < n_kvs; i++) put_kv(&w, bb_str_of(kvs[i].key), kvs[i].value);
    if (!bb_pq_arrow_schema(f->columns, f->n_columns, &arrow)) w.failed = 1;
    put_kv(&w, BB_STR("ARROW:schema"), bb_buf_str(&arrow));
    bb_buf_reset(&arrow);
    bb_pq_tw_binary(&w, 6, BB_STR(BB_PQ_CREATED_BY));
    bb_pq_tw_list(&w, 7, BB_PQ_TW_STRUCT, f->n_columns);
    for (size_t i = 0; i < f->n_columns; i++) {
        bb_pq_tw_item_struct(&w);
        bb_pq_tw_empty(&w, 1); /* the order of the type */
        bb_pq_tw_end(&w);
    }
    bb_pq_tw_end(&w);
    return bb_pq_tw_ok(&w);
}

enum bb_status bb_pq_file_finish(struct bb_pq_file *f, const struct bb_pq_kv *kvs, size_t n_kvs,
                                 uint64_t *nbytes_ret, struct bb_error *err)
{
    struct tail tail;
    struct bb_buf footer;
    uint32_t footer_nbytes;
    enum bb_status status = BB_OK;
    BB_TRY(bb_pq_file_write_blooms(f, &tail.blooms, err));
    BB_TRY(bb_pq_file_carry_end(f, err));
    tail.column_indexes = f->indexes_offset = bb_pq_file_offset(f);
    BB_TRY(bb_pq_file_put(f, f->column_indexes.p, f->column_indexes.n, err));
    tail.offset_indexes = bb_pq_file_offset(f);
    BB_TRY(bb_pq_file_put(f, f->offset_indexes.p, f->offset_indexes.n, err));
    bb_buf_init(&footer, f->budget, TAIL_MAX_NBYTES);
    if (!write_footer(f, &tail, kvs, n_kvs, &footer)) status = no_memory(f, err);
    footer_nbytes = (uint32_t)footer.n;
    if (status == BB_OK) status = bb_pq_file_put(f, footer.p, footer.n, err);
    if (status == BB_OK) status = bb_pq_file_put(f, &footer_nbytes, 4, err);
    if (status == BB_OK) status = bb_pq_file_put(f, "PAR1", 4, err);
    if (status == BB_OK) status = bb_pq_file_flush(f, err);
    if (status == BB_OK && nbytes_ret) *nbytes_ret = f->written_nbytes;
    bb_buf_reset(&footer);
    return status;
}

/* ---- afterwards ---- */

static enum bb_status compare(const struct bb_buf *written, struct bb_pq_reader *reader, uint64_t offset,
                              struct bb_error *err)
{
    char piece[COMPARE_NBYTES];
    for (size_t at = 0; at < written->n; at += sizeof piece) {
        size_t n = BB_MIN(written->n - at, sizeof piece);
        BB_TRY(bb_pq_read_at(reader, offset + at, piece, n, err));
        if (memcmp(piece, written->p + at, n) != 0)
            return bb_pq_fail(reader, err, "its indexes are not those that were written");
    }
    return BB_OK;
}

enum bb_status bb_pq_file_check_indexes(const struct bb_pq_file *f, struct bb_pq_reader *reader,
                                        struct bb_error *err)
{
    BB_TRY(compare(&f->column_indexes, reader, f->indexes_offset, err));
    return compare(&f->offset_indexes, reader, f->indexes_offset + f->column_indexes.n, err);
}
