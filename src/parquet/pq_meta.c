#include "parquet/pq_decompress.h"
#include "parquet/pq_meta.h"
#include "parquet/pq_thrift_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_MIN_NBYTES 64 /* of a column chunk in the footer: those of busbar have 120 and more */

/* ---- names ---- */

const char *bb_pq_type_name(int type)
{
    static const char *const names[] = { "BOOLEAN", "INT32",  "INT64",      "INT96",
                                         "FLOAT",   "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY" };
    return type >= 0 && (size_t)type < BB_ARRAY_LEN(names) ? names[type] : "of an unknown type";
}

const char *bb_pq_encoding_name(int encoding)
{
    static const char *const names[] = {
        "PLAIN",          "GROUP_VAR_INT",       "PLAIN_DICTIONARY",        "RLE",
        "BIT_PACKED",     "DELTA_BINARY_PACKED", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY",
        "RLE_DICTIONARY", "BYTE_STREAM_SPLIT"
    };
    return encoding >= 0 && (size_t)encoding < BB_ARRAY_LEN(names) ? names[encoding] : "an unknown encoding";
}

const char *bb_pq_page_name(int type)
{
    static const char *const names[] = { "data page", "index page", "dictionary page", "data page v2" };
    return type >= 0 && (size_t)type < BB_ARRAY_LEN(names) ? names[type] : "page of an unknown type";
}

int bb_pq_stat_width(enum bb_pq_type type)
{
    switch (type) {
    case BB_PQ_BOOLEAN: return 1;
    case BB_PQ_INT32:
    case BB_PQ_FLOAT: return 4;
    case BB_PQ_BYTE_ARRAY: return 0;
    default: return 8;
    }
}

/* ---- the file ---- */

enum bb_status bb_pq_fail(const struct bb_pq_reader *reader, struct bb_error *err, const char *fmt, ...)
{
    char text[768];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return bb_fail(err, BB_SKIP, "%s: %s", reader->path, text);
}

enum bb_status bb_pq_reader_bytes(struct bb_pq_reader *reader, uint64_t offset, void *p, size_t n,
                                  struct bb_error *err)
{
    if (offset > reader->file_nbytes || n > reader->file_nbytes - offset)
        return bb_pq_fail(reader, err, "%zu bytes at %llu lie outside the file", n, (unsigned long long)offset);
    return bb_pq_read_at(reader, offset, p, n, err);
}

enum bb_status bb_pq_read_at(struct bb_pq_reader *reader, uint64_t offset, void *p, size_t n, struct bb_error *err)
{
    uint8_t *to = p;
    if (offset > reader->file_nbytes || n > reader->file_nbytes - offset)
        return bb_pq_fail(reader, err, "%zu bytes at %llu are wanted, but the file has %llu", n,
                          (unsigned long long)offset, (unsigned long long)reader->file_nbytes);
    if (reader->held && offset >= reader->held_offset && offset - reader->held_offset <= reader->held_nbytes &&
        n <= reader->held_nbytes - (offset - reader->held_offset)) {
        memcpy(p, reader->held + (offset - reader->held_offset), n);
        return BB_OK;
    }
    while (n > 0) {
        ssize_t got = pread(reader->fd, to, n, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return bb_fail_errno(err, BB_IO, errno, "%s: cannot be read", reader->path);
        if (got == 0) return bb_fail(err, BB_IO, "%s: became shorter while it was read", reader->path);
        to += got;
        n -= (size_t)got;
        offset += (uint64_t)got;
        atomic_fetch_add_explicit(&reader->bytes_read, (uint64_t)got, memory_order_relaxed);
    }
    return BB_OK;
}

/* ---- the footer ---- */

/* A zeroed element at the end of one of the reader's lists. Lists grow element by element: a hostile length alone takes no memory. */
static void *push(struct bb_pq_reader *reader, void *array_ref, size_t *n, size_t *cap, size_t element_nbytes)
{
    void *array;
    memcpy(&array, array_ref, sizeof array);
    if (!bb_grow(reader->budget, &array, cap, *n + 1, element_nbytes)) return NULL;
    memcpy(array_ref, &array, sizeof array);
    return memset((char *)array + (*n)++ * element_nbytes, 0, element_nbytes);
}
#define PUSH(reader, list, n, cap)                                                                                 \
    push(reader, &(reader)->list, &(reader)->n, &(reader)->cap, sizeof *(reader)->list)

static enum bb_status no_memory(struct bb_pq_reader *reader, struct bb_error *err)
{
    return bb_fail_budget(err, reader->budget, "the footer of a Parquet file");
}

struct annotation {
    int has_logical, kind, utc, unit, bits, is_signed; /* of LogicalType: field number; TIMESTAMP; INTEGER */
    int converted;                                     /* -1: none */
};

static int time_unit(struct bb_thrift *t, const struct bb_thrift_field *of)
{
    struct bb_thrift_field f = { 0 };
    int unit = 0;
    bb_thrift_enter(t, of);
    while (bb_thrift_next(t, &f)) {
        unit = f.id;
        bb_thrift_skip(t, &f);
    }
    return unit;
}

static void read_logical(struct bb_thrift *t, const struct bb_thrift_field *of, struct annotation *a)
{
    struct bb_thrift_field kind = { 0 };
    bb_thrift_enter(t, of);
    a->has_logical = 1;
    while (bb_thrift_next(t, &kind)) {
        struct bb_thrift_field f = { 0 };
        a->kind = kind.id;
        bb_thrift_enter(t, &kind);
        while (bb_thrift_next(t, &f)) {
            if (kind.id == 8 && f.id == 1) {
                a->utc = bb_thrift_bool(t, &f);
            } else if (kind.id == 8 && f.id == 2) {
                a->unit = time_unit(t, &f);
            } else if (kind.id == 10 && f.id == 1) {
                a->bits = bb_thrift_i8(t, &f);
            } else if (kind.id == 10 && f.id == 2) {
                a->is_signed = bb_thrift_bool(t, &f);
            } else {
                bb_thrift_skip(t, &f);
            }
        }
    }
}

static enum bb_pq_logical meaning(const struct annotation *a, int type)
{
    if (type == BB_PQ_BYTE_ARRAY) {
        if (a->has_logical ? a->kind == 1 : a->converted == 0) return BB_PQ_STRING;
    } else if (type == BB_PQ_INT64) {
        if (a->has_logical ? a->kind == 8 && a->utc && a->unit == 2 : a->converted == 10) return BB_PQ_TIMESTAMP_US;
        if (a->has_logical && a->kind == 8 && a->utc && a->unit == 3) return BB_PQ_TIMESTAMP_NS;
    } else if (type == BB_PQ_INT32) {
        static const enum bb_pq_logical of_signed[] = { BB_PQ_INT8, BB_PQ_INT16, BB_PQ_INT_32 };
        static const enum bb_pq_logical of_unsigned[] = { BB_PQ_UINT8, BB_PQ_UINT16, BB_PQ_UINT_32 };
        if (a->has_logical ? a->kind == 6 : a->converted == 6) return BB_PQ_DATE;
        if (a->has_logical && a->kind == 10) {
            int i = a->bits == 8 ? 0 : a->bits == 16 ? 1 : a->bits == 32 ? 2 : -1;
            if (i >= 0) return a->is_signed ? of_signed[i] : of_unsigned[i];
        } else if (!a->has_logical && a->converted >= 15 && a->converted <= 17) {
            return of_signed[a->converted - 15];
        } else if (!a->has_logical && a->converted >= 11 && a->converted <= 13) {
            return of_unsigned[a->converted - 11];
        }
    }
    return BB_PQ_PLAIN_TYPE;
}

static enum bb_status read_schema(struct bb_pq_reader *reader, struct bb_thrift *t,
                                  const struct bb_thrift_field *of, struct bb_error *err)
{
    size_t n = bb_thrift_list(t, of, BB_THRIFT_STRUCT);
    int64_t wanted = -1;
    if (reader->n_columns > 0) bb_thrift_fault(t);
    for (size_t i = 0; i < n && !t->bad; i++) {
        struct bb_thrift_field f = { 0 };
        struct annotation a = { .converted = -1 }, legacy;
        struct bb_str name = { "", 0 };
        int64_t type = -1, repetition = -1, n_children = -1;
        struct bb_pq_read_column *column;
        while (bb_thrift_next(t, &f)) {
            switch (f.id) {
            case 1: type = bb_thrift_i32(t, &f); break;
            case 3: repetition = bb_thrift_i32(t, &f); break;
            case 4: name = bb_thrift_binary(t, &f); break;
            case 5: n_children = bb_thrift_i32(t, &f); break;
            case 6: a.converted = bb_thrift_i32(t, &f); break;
            case 10: read_logical(t, &f, &a); break;
            default: bb_thrift_skip(t, &f);
            }
        }
        if (t->bad) break;
        if (i == 0) { /* the root */
            wanted = n_children;
            continue;
        }
        if (n_children > 0 || type < 0)
            return bb_pq_fail(reader, err, "column %.*s is a group of columns; busbar reads flat tables only",
                              BB_STR_ARG(name));
        if (repetition != 0 && repetition != 1)
            return bb_pq_fail(reader, err,
                              "column %.*s is repeated; busbar reads required and optional columns only",
                              BB_STR_ARG(name));
        if (type != BB_PQ_BOOLEAN && type != BB_PQ_INT32 && type != BB_PQ_INT64 && type != BB_PQ_FLOAT &&
            type != BB_PQ_DOUBLE && type != BB_PQ_BYTE_ARRAY)
            return bb_pq_fail(
                reader, err,
                "column %.*s is %s; busbar reads BOOLEAN, INT32, INT64, FLOAT, DOUBLE and BYTE_ARRAY only",
                BB_STR_ARG(name), bb_pq_type_name((int)type));
        if (reader->n_columns == BB_PQ_COLUMNS_MAX)
            return bb_pq_fail(reader, err, "more than %d columns", BB_PQ_COLUMNS_MAX);
        legacy = (struct annotation){ .converted = a.converted };
        column = PUSH(reader, columns, n_columns, cap_columns);
        if (!column) return no_memory(reader, err);
        *column = (struct bb_pq_read_column){ .name = name,
                                              .type = (enum bb_pq_type)type,
                                              .logical = meaning(&a, (int)type),
                                              .nullable = repetition == 1,
                                              .has_logical_type = a.has_logical,
                                              .has_converted_type = a.converted >= 0,
                                              .annotations_differ =
                                                  a.has_logical && a.converted >= 0 &&
                                                  meaning(&a, (int)type) != meaning(&legacy, (int)type) };
    }
    if (!t->bad && (wanted < 0 || (uint64_t)wanted != reader->n_columns))
        return bb_pq_fail(reader, err, "damaged footer: the schema promises %lld columns and has %zu",
                          (long long)wanted, reader->n_columns);
    return BB_OK;
}

static void read_stats(struct bb_thrift *t, const struct bb_thrift_field *of, struct bb_pq_read_stats *stats)
{
    struct bb_thrift_field f = { 0 };
    int has_min = 0, has_max = 0;
    bb_thrift_enter(t, of);
    while (bb_thrift_next(t, &f)) {
        switch (f.id) {
        case 3: stats->null_count = bb_thrift_i64(t, &f), stats->has_null_count = 1; break;
        case 5: stats->max = bb_thrift_binary(t, &f), has_max = 1; break;
        case 6: stats->min = bb_thrift_binary(t, &f), has_min = 1; break;
        case 7: stats->max_is_exact = bb_thrift_bool(t, &f); break;
        case 8: stats->min_is_exact = bb_thrift_bool(t, &f); break;
        default: bb_thrift_skip(t, &f); /* also the old min and max, whose order is not defined */
        }
    }
    stats->has_min_max = has_min && has_max;
}

static enum bb_status read_encoding_stats(struct bb_pq_reader *reader, struct bb_thrift *t,
                                          const struct bb_thrift_field *of, struct bb_pq_read_chunk *chunk,
                                          struct bb_error *err)
{
    size_t n = bb_thrift_list(t, of, BB_THRIFT_STRUCT);
    chunk->has_encoding_stats = 1;
    chunk->first_encoding_stat = reader->n_stats;
    for (size_t i = 0; i < n && !t->bad; i++) {
        struct bb_thrift_field f = { 0 };
        struct bb_pq_encoding_stat *stat = PUSH(reader, stats, n_stats, cap_stats);
        if (!stat) return no_memory(reader, err);
        while (bb_thrift_next(t, &f)) {
            switch (f.id) {
            case 1: stat->page = bb_thrift_i32(t, &f); break;
            case 2: stat->encoding = bb_thrift_i32(t, &f); break;
            case 3: stat->count = bb_thrift_i32(t, &f); break;
            default: bb_thrift_skip(t, &f);
            }
        }
    }
    chunk->n_encoding_stats = reader->n_stats - chunk->first_encoding_stat;
    return BB_OK;
}

/* ColumnMetaData */
static enum bb_status read_chunk_meta(struct bb_pq_reader *reader, struct bb_thrift *t,
                                      const struct bb_thrift_field *of, const struct bb_pq_read_column *column,
                                      struct bb_pq_read_chunk *chunk, struct bb_error *err)
{
    struct bb_thrift_field f = { 0 };
    int64_t type = -1, codec = -1;
    int path_is_right = 0;
    bb_thrift_enter(t, of);
    while (bb_thrift_next(t, &f)) {
        switch (f.id) {
        case 1: type = bb_thrift_i32(t, &f); break;
        case 2:
            for (size_t n = bb_thrift_list(t, &f, BB_THRIFT_I32); n > 0 && !t->bad; n--) {
                int64_t encoding = bb_thrift_item_i32(t);
                if (encoding < 0 || encoding > 31) bb_thrift_fault(t);
                if (!t->bad) chunk->encodings |= (uint32_t)1 << encoding;
            }
            break;
        case 3: {
            size_t n = bb_thrift_list(t, &f, BB_THRIFT_BINARY);
            path_is_right = n == 1;
            for (; n > 0 && !t->bad; n--)
                if (!bb_str_eq(bb_thrift_item_binary(t), column->name)) path_is_right = 0;
            break;
        }
        case 4: codec = bb_thrift_i32(t, &f); break;
        case 5: chunk->n_values = bb_thrift_i64(t, &f); break;
        case 6: chunk->total_uncompressed_nbytes = bb_thrift_i64(t, &f); break;
        case 7: chunk->total_compressed_nbytes = bb_thrift_i64(t, &f); break;
        case 9: chunk->data_page_offset = bb_thrift_i64(t, &f); break;
        case 11: chunk->dictionary_page_offset = bb_thrift_i64(t, &f); break;
        case 12: read_stats(t, &f, &chunk->stats); break;
        case 13: BB_TRY(read_encoding_stats(reader, t, &f, chunk, err)); break;
        case 14: chunk->bloom_offset = bb_thrift_i64(t, &f); break;
        case 15: chunk->bloom_nbytes = bb_thrift_i32(t, &f); break;
        default: bb_thrift_skip(t, &f);
        }
    }
    if (t->bad) return BB_OK; /* the caller tells */
    if (!path_is_right || type != (int64_t)column->type)
        return bb_pq_fail(
            reader, err,
            "damaged footer: row group %zu, column %.*s: its data belong to another column of the schema",
            reader->n_groups - 1, BB_STR_ARG(column->name));
    if (!bb_pq_codec_is_supported((int)codec))
        return bb_pq_fail(
            reader, err,
            "column %.*s is compressed with codec %lld (%s); busbar reads none, snappy, gzip, zstd and lz4_raw",
            BB_STR_ARG(column->name), (long long)codec, bb_pq_codec_name((int)codec));
    chunk->codec = (enum bb_pq_codec)codec;
    return BB_OK;
}

/* A piece of the file that the footer points to lies between the first magic and the footer. */
static int lies_inside(const struct bb_pq_reader *reader, int64_t offset, int64_t nbytes)
{
    return offset >= 4 && nbytes >= 0 && (uint64_t)offset <= reader->footer_offset &&
           (uint64_t)nbytes <= reader->footer_offset - (uint64_t)offset;
}

static enum bb_status check_chunk(const struct bb_pq_reader *reader, const struct bb_pq_read_column *column,
                                  struct bb_pq_read_chunk *chunk, struct bb_error *err)
{
    const char *what = NULL;
    if (chunk->dictionary_page_offset < 4) chunk->dictionary_page_offset = -1; /* some writers say 0 for none */
    if (chunk->dictionary_page_offset >= chunk->data_page_offset) what = "its dictionary lies behind its data";
    if (!lies_inside(reader, chunk->data_page_offset, 0) ||
        !lies_inside(reader, bb_pq_chunk_start(chunk), chunk->total_compressed_nbytes))
        what = "its pages lie outside the file";
    if (chunk->total_uncompressed_nbytes < 0) what = "its size is negative";
    if (chunk->offset_index_offset >= 0 &&
        !lies_inside(reader, chunk->offset_index_offset, chunk->offset_index_nbytes))
        what = "its offset index lies outside the file";
    if (chunk->column_index_offset >= 0 &&
        !lies_inside(reader, chunk->column_index_offset, chunk->column_index_nbytes))
        what = "its column index lies outside the file";
    if (chunk->bloom_offset >= 0 && !lies_inside(reader, chunk->bloom_offset, chunk->bloom_nbytes))
        what = "its bloom filter lies outside the file";
    if (chunk->offset_index_nbytes > BB_PQ_INDEX_MAX_NBYTES || chunk->column_index_nbytes > BB_PQ_INDEX_MAX_NBYTES)
        what = "its page index is larger than 64 MB";
    if (!what) return BB_OK;
    return bb_pq_fail(reader, err, "damaged footer: row group %zu, column %.*s: %s", reader->n_groups - 1,
                      BB_STR_ARG(column->name), what);
}

static enum bb_status read_chunks(struct bb_pq_reader *reader, struct bb_thrift *t,
                                  const struct bb_thrift_field *of, struct bb_error *err)
{
    size_t n = bb_thrift_list(t, of, BB_THRIFT_STRUCT);
    if (t->bad) return BB_OK;
    if (n != reader->n_columns)
        return bb_pq_fail(reader, err, "damaged footer: row group %zu has %zu columns, the schema %zu",
                          reader->n_groups - 1, n, reader->n_columns);
    for (size_t i = 0; i < n && !t->bad; i++) {
        const struct bb_pq_read_column *column = &reader->columns[i];
        struct bb_pq_read_chunk *chunk = PUSH(reader, chunks, n_chunks, cap_chunks);
        struct bb_thrift_field f = { 0 };
        int has_meta = 0;
        if (!chunk) return no_memory(reader, err);
        chunk->n_values = chunk->data_page_offset = chunk->dictionary_page_offset = -1;
        chunk->offset_index_offset = chunk->column_index_offset = chunk->bloom_offset = -1;
        while (bb_thrift_next(t, &f)) {
            switch (f.id) {
            case 1:
                return bb_pq_fail(reader, err, "column %.*s lies in another file; busbar reads whole files only",
                                  BB_STR_ARG(column->name));
            case 3:
                has_meta = 1;
                BB_TRY(read_chunk_meta(reader, t, &f, column, chunk, err));
                break;
            case 4: chunk->offset_index_offset = bb_thrift_i64(t, &f); break;
            case 5: chunk->offset_index_nbytes = bb_thrift_i32(t, &f); break;
            case 6: chunk->column_index_offset = bb_thrift_i64(t, &f); break;
            case 7: chunk->column_index_nbytes = bb_thrift_i32(t, &f); break;
            case 8:
                return bb_pq_fail(reader, err, "column %.*s is encrypted; busbar reads plain files only",
                                  BB_STR_ARG(column->name));
            default: bb_thrift_skip(t, &f);
            }
        }
        if (t->bad) break;
        if (!has_meta)
            return bb_pq_fail(reader, err, "damaged footer: row group %zu, column %.*s has no metadata",
                              reader->n_groups - 1, BB_STR_ARG(column->name));
        BB_TRY(check_chunk(reader, column, chunk, err));
    }
    return BB_OK;
}

static enum bb_status read_sorting(struct bb_pq_reader *reader, struct bb_thrift *t,
                                   const struct bb_thrift_field *of, struct bb_pq_group *group,
                                   struct bb_error *err)
{
    size_t n = bb_thrift_list(t, of, BB_THRIFT_STRUCT);
    if (group->has_sorting) bb_thrift_fault(t);
    group->has_sorting = 1;
    group->first_sorting = reader->n_sortings;
    for (size_t i = 0; i < n && !t->bad; i++) {
        struct bb_thrift_field f = { 0 };
        struct bb_pq_sorting *s = PUSH(reader, sortings, n_sortings, cap_sortings);
        if (!s) return no_memory(reader, err);
        s->column = -1;
        while (bb_thrift_next(t, &f)) {
            switch (f.id) {
            case 1: s->column = bb_thrift_i32(t, &f); break;
            case 2: s->descending = bb_thrift_bool(t, &f); break;
            case 3: s->nulls_first = bb_thrift_bool(t, &f); break;
            default: bb_thrift_skip(t, &f);
            }
        }
        if (!t->bad && (s->column < 0 || (size_t)s->column >= reader->n_columns))
            return bb_pq_fail(reader, err, "damaged footer: row group %zu is sorted by column number %d of %zu",
                              reader->n_groups - 1, (int)s->column, reader->n_columns);
    }
    group->n_sorting = reader->n_sortings - group->first_sorting;
    return BB_OK;
}

static enum bb_status read_groups(struct bb_pq_reader *reader, struct bb_thrift *t,
                                  const struct bb_thrift_field *of, struct bb_error *err)
{
    size_t n = bb_thrift_list(t, of, BB_THRIFT_STRUCT), n_chunks = 0;
    if (n > 0 && (reader->n_columns == 0 || reader->n_groups > 0)) bb_thrift_fault(t);
    /* All at once rather than doubled again and again; no more than the bytes that are left can hold. */
    if (!t->bad) n_chunks = BB_MIN(n * reader->n_columns, (size_t)(t->end - t->p) / CHUNK_MIN_NBYTES);
    if (n_chunks > 0) {
        reader->chunks = bb_alloc(reader->budget, n_chunks * sizeof *reader->chunks);
        reader->stats = bb_alloc(reader->budget, 2 * n_chunks * sizeof *reader->stats);
        if (!reader->chunks || !reader->stats) return no_memory(reader, err);
        reader->cap_chunks = n_chunks;
        reader->cap_stats = 2 * n_chunks;
    }
    for (size_t i = 0; i < n && !t->bad; i++) {
        struct bb_thrift_field f = { 0 };
        struct bb_pq_group *group = PUSH(reader, groups, n_groups, cap_groups);
        if (!group) return no_memory(reader, err);
        group->n_rows = group->file_offset = group->total_nbytes = group->compressed_nbytes = -1;
        group->first_chunk = reader->n_chunks;
        while (bb_thrift_next(t, &f)) {
            switch (f.id) {
            case 1: BB_TRY(read_chunks(reader, t, &f, err)); break;
            case 2: group->total_nbytes = bb_thrift_i64(t, &f); break;
            case 3: group->n_rows = bb_thrift_i64(t, &f); break;
            case 5: group->file_offset = bb_thrift_i64(t, &f); break;
            case 6: group->compressed_nbytes = bb_thrift_i64(t, &f); break;
            case 4: BB_TRY(read_sorting(reader, t, &f, group, err)); break;
            default: bb_thrift_skip(t, &f);
            }
        }
        if (t->bad) break;
        if (group->n_rows < 0 || reader->n_chunks - group->first_chunk != reader->n_columns)
            return bb_pq_fail(reader, err, "damaged footer: row group %zu is not complete", i);
        for (size_t c = 0; c < reader->n_columns; c++)
            if (reader->chunks[group->first_chunk + c].n_values != group->n_rows)
                return bb_pq_fail(reader, err,
                                  "damaged footer: row group %zu has %lld rows, but column %.*s %lld values", i,
                                  (long long)group->n_rows, BB_STR_ARG(reader->columns[c].name),
                                  (long long)reader->chunks[group->first_chunk + c].n_values);
    }
    return BB_OK;
}

static enum bb_status read_kvs(struct bb_pq_reader *reader, struct bb_thrift *t, const struct bb_thrift_field *of,
                               struct bb_error *err)
{
    size_t n = bb_thrift_list(t, of, BB_THRIFT_STRUCT);
    for (size_t i = 0; i < n && !t->bad; i++) {
        struct bb_thrift_field f = { 0 };
        struct bb_str key = { "", 0 }, value = { "", 0 };
        if (!PUSH(reader, kvs, n_kvs, cap_kvs)) return no_memory(reader, err);
        while (bb_thrift_next(t, &f)) {
            switch (f.id) {
            case 1: key = bb_thrift_binary(t, &f); break;
            case 2: value = bb_thrift_binary(t, &f); break;
            default: bb_thrift_skip(t, &f);
            }
        }
        reader->kvs[reader->n_kvs - 1].key = key;
        reader->kvs[reader->n_kvs - 1].value = value;
    }
    return BB_OK;
}

static enum bb_status read_footer(struct bb_pq_reader *reader, struct bb_error *err)
{
    struct bb_thrift t;
    struct bb_thrift_field f = { 0 };
    int64_t n_rows = -1, sum = 0;
    bb_thrift_init(&t, reader->footer, reader->footer_nbytes);
    while (bb_thrift_next(&t, &f)) {
        switch (f.id) {
        case 2: BB_TRY(read_schema(reader, &t, &f, err)); break;
        case 3: n_rows = bb_thrift_i64(&t, &f); break;
        case 4:
            if (reader->head_only)
                bb_thrift_skip(&t, &f);
            else
                BB_TRY(read_groups(reader, &t, &f, err));
            break;
        case 5: BB_TRY(read_kvs(reader, &t, &f, err)); break;
        case 6: reader->created_by = bb_thrift_binary(&t, &f); break;
        case 7:
            for (size_t n = bb_thrift_list(&t, &f, BB_THRIFT_STRUCT); n > 0 && !t.bad; n--) {
                struct bb_thrift_field order = { 0 };
                int by_type = 0;
                while (bb_thrift_next(&t, &order)) {
                    by_type = order.id == 1;
                    bb_thrift_skip(&t, &order);
                }
                reader->n_column_orders += (size_t)by_type;
            }
            break;
        case 8: return bb_pq_fail(reader, err, "is encrypted; busbar reads plain files only");
        default: bb_thrift_skip(&t, &f);
        }
    }
    if (t.bad)
        return bb_pq_fail(reader, err, "damaged footer: its %zu bytes are not Parquet metadata",
                          reader->footer_nbytes);
    for (size_t g = 0; g < reader->n_groups; g++)
        if (__builtin_add_overflow(sum, reader->groups[g].n_rows, &sum)) sum = -2;
    if (reader->head_only) sum = n_rows;
    if (n_rows < 0 || sum != n_rows || reader->n_columns == 0)
        return bb_pq_fail(reader, err,
                          "damaged footer: %lld rows in %zu columns promised, the row groups have %lld",
                          (long long)n_rows, reader->n_columns, (long long)sum);
    reader->n_rows = n_rows;
    return BB_OK;
}

static enum bb_status load(struct bb_pq_reader *reader, struct bb_error *err)
{
    struct stat st;
    uint8_t head[4], tail[8];
    uint32_t nbytes;
    if (fstat(reader->fd, &st) != 0) return bb_fail_errno(err, BB_IO, errno, "%s: cannot be read", reader->path);
    if (!S_ISREG(st.st_mode)) return bb_pq_fail(reader, err, "is not a regular file");
    reader->file_nbytes = (uint64_t)st.st_size;
    if (reader->file_nbytes < 12)
        return bb_pq_fail(reader, err, "is not a Parquet file: it has only %llu bytes",
                          (unsigned long long)reader->file_nbytes);
    BB_TRY(bb_pq_read_at(reader, 0, head, 4, err));
    BB_TRY(bb_pq_read_at(reader, reader->file_nbytes - 8, tail, 8, err));
    if (memcmp(head, "PARE", 4) == 0 && memcmp(tail + 4, "PARE", 4) == 0)
        return bb_pq_fail(reader, err, "has an encrypted footer; busbar reads plain files only");
    if (memcmp(head, "PAR1", 4) != 0)
        return bb_pq_fail(reader, err, "is not a Parquet file: it does not begin with PAR1");
    if (memcmp(tail + 4, "PAR1", 4) != 0)
        return bb_pq_fail(
            reader, err,
            "is not a whole Parquet file: it does not end with PAR1; was it cut off while it was copied?");
    memcpy(&nbytes, tail, 4);
    if (nbytes > reader->file_nbytes - 12 || nbytes > BB_PQ_FOOTER_MAX_NBYTES)
        return bb_pq_fail(reader, err, "damaged: a footer of %u bytes does not fit a file of %llu", nbytes,
                          (unsigned long long)reader->file_nbytes);
    reader->footer_nbytes = nbytes;
    reader->footer_offset = reader->file_nbytes - 8 - nbytes;
    reader->footer = bb_alloc(reader->budget, nbytes + 1);
    if (!reader->footer) return no_memory(reader, err);
    BB_TRY(bb_pq_read_at(reader, reader->footer_offset, reader->footer, nbytes, err));
    return read_footer(reader, err);
}

static enum bb_status open_reader(int fd, const char *name, int head_only, struct bb_budget *budget,
                                  struct bb_pq_reader **reader_ret, struct bb_error *err)
{
    size_t name_nbytes = strlen(name) + 1;
    struct bb_pq_reader *reader = bb_calloc(budget, sizeof *reader);
    enum bb_status status;
    *reader_ret = NULL;
    if (!reader || !(reader->path = bb_alloc(budget, name_nbytes))) {
        bb_free(reader);
        close(fd);
        return bb_fail_budget(err, budget, "the footer of a Parquet file");
    }
    memcpy(reader->path, name, name_nbytes);
    reader->fd = fd;
    reader->head_only = head_only;
    reader->budget = budget;
    status = load(reader, err);
    if (status != BB_OK) {
        bb_pq_reader_close(reader);
        return status;
    }
    *reader_ret = reader;
    return BB_OK;
}

enum bb_status bb_pq_reader_open_fd(int fd, const char *name, struct bb_budget *budget,
                                    struct bb_pq_reader **reader_ret, struct bb_error *err)
{
    return open_reader(fd, name, 0, budget, reader_ret, err);
}

static enum bb_status open_path(const char *path, int head_only, struct bb_budget *budget,
                                struct bb_pq_reader **reader_ret, struct bb_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *reader_ret = NULL;
    if (fd < 0) return bb_fail_errno(err, BB_IO, errno, "%s: cannot be opened", path);
    return open_reader(fd, path, head_only, budget, reader_ret, err);
}

enum bb_status bb_pq_reader_open(const char *path, struct bb_budget *budget, struct bb_pq_reader **reader_ret,
                                 struct bb_error *err)
{
    return open_path(path, 0, budget, reader_ret, err);
}

enum bb_status bb_pq_reader_open_head(const char *path, struct bb_budget *budget, struct bb_pq_reader **reader_ret,
                                      struct bb_error *err)
{
    return open_path(path, 1, budget, reader_ret, err);
}

void bb_pq_reader_close(struct bb_pq_reader *reader)
{
    if (!reader) return;
    close(reader->fd);
    bb_free(reader->path);
    bb_free(reader->held);
    bb_free(reader->footer);
    bb_free(reader->columns);
    bb_free(reader->groups);
    bb_free(reader->chunks);
    bb_free(reader->sortings);
    bb_free(reader->stats);
    bb_free(reader->kvs);
    bb_free(reader);
}

size_t bb_pq_reader_columns(const struct bb_pq_reader *reader) { return reader->n_columns; }
const struct bb_pq_read_column *bb_pq_reader_column(const struct bb_pq_reader *reader, size_t column)
{
    return &reader->columns[column];
}
int64_t bb_pq_reader_rows(const struct bb_pq_reader *reader) { return reader->n_rows; }
uint64_t bb_pq_reader_file_nbytes(const struct bb_pq_reader *reader) { return reader->file_nbytes; }
size_t bb_pq_reader_groups(const struct bb_pq_reader *reader) { return reader->n_groups; }
int64_t bb_pq_group_rows(const struct bb_pq_reader *reader, size_t group) { return reader->groups[group].n_rows; }
struct bb_str bb_pq_reader_created_by(const struct bb_pq_reader *reader) { return reader->created_by; }

uint64_t bb_pq_reader_bytes_read(const struct bb_pq_reader *reader)
{
    return atomic_load_explicit(&((struct bb_pq_reader *)reader)->bytes_read, memory_order_relaxed);
}

int bb_pq_reader_find(const struct bb_pq_reader *reader, const char *name)
{
    for (size_t i = 0; i < reader->n_columns; i++)
        if (bb_str_is(reader->columns[i].name, name)) return (int)i;
    return -1;
}

size_t bb_pq_group_sorting(const struct bb_pq_reader *reader, size_t group, int out[8])
{
    const struct bb_pq_group *g = &reader->groups[group];
    size_t n = BB_MIN(g->n_sorting, (size_t)8);
    for (size_t i = 0; i < n; i++) {
        if (reader->sortings[g->first_sorting + i].descending) return 0;
        out[i] = reader->sortings[g->first_sorting + i].column;
    }
    return n;
}

const struct bb_pq_read_chunk *bb_pq_group_chunk(const struct bb_pq_reader *reader, size_t group, size_t column)
{
    return &reader->chunks[reader->groups[group].first_chunk + column];
}

struct bb_str bb_pq_reader_kv(const struct bb_pq_reader *reader, const char *key)
{
    for (size_t i = 0; i < reader->n_kvs; i++)
        if (bb_str_is(reader->kvs[i].key, key)) return reader->kvs[i].value;
    return (struct bb_str){ NULL, 0 };
}
