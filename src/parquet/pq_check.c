#include "parquet/pq_copier.h"
#include "parquet/pq_meta.h"
#include "parquet/pq_write.h"

#include <libdeflate.h>
#include <pthread.h>

#define PIECE_NBYTES ((size_t)1 << 20)   /* at least the longest page header */
#define READ_NBYTES  ((size_t)128 << 10) /* at a time: stays in the second-level cache until its checksum is made */
_Static_assert(PIECE_NBYTES >= BB_PQ_HEAD_MAX_NBYTES, "a header must fit");

/* The file as a stream: one buffer moves over it. */
struct stream {
    struct bb_pq_reader *reader;
    uint8_t *p;
    uint64_t at; /* of p in the file */
    size_t n;
};

/* Bytes of the file from pos on, as many as are in the buffer, at least wanted unless limit comes first. */
static enum bb_status stream_get(struct stream *s, uint64_t pos, size_t wanted, uint64_t limit,
                                 const uint8_t **p_ret, size_t *n_ret, struct bb_error *err)
{
    size_t kept = pos >= s->at && pos <= s->at + s->n ? (size_t)(s->at + s->n - pos) : 0;
    wanted = (size_t)BB_MIN((uint64_t)wanted, limit - pos);
    if (kept < wanted) {
        size_t n = (size_t)BB_MIN((uint64_t)BB_MAX(wanted, READ_NBYTES), s->reader->footer_offset - pos);
        if (kept) memmove(s->p, s->p + s->n - kept, kept);
        s->at = pos;
        s->n = kept;
        BB_TRY(bb_pq_read_at(s->reader, pos + kept, s->p + kept, n - kept, err));
        s->n = n;
    }
    *p_ret = s->p + (pos - s->at);
    *n_ret = (size_t)BB_MIN((uint64_t)s->n - (pos - s->at), limit - pos);
    return BB_OK;
}

struct chunk_check {
    struct stream *stream;
    const struct bb_pq_read_column *column;
    const struct bb_pq_read_chunk *chunk;
    size_t group, column_number;
    struct bb_pq_read_page *pages;
    size_t n_pages;
    struct bb_pq_index_head index;
};

static enum bb_status wrong(const struct chunk_check *c, struct bb_error *err, int64_t offset, const char *what)
{
    if (offset < 0)
        return bb_pq_fail(c->stream->reader, err, "row group %zu, column %.*s: %s", c->group,
                          BB_STR_ARG(c->column->name), what);
    return bb_pq_fail(c->stream->reader, err, "row group %zu, column %.*s, page at %lld: %s", c->group,
                      BB_STR_ARG(c->column->name), (long long)offset, what);
}

static enum bb_status check_payload(const struct chunk_check *c, const struct bb_pq_page_head *head, uint64_t pos,
                                    struct bb_error *err)
{
    uint64_t end = pos + (uint64_t)head->compressed_nbytes, page = pos - head->head_nbytes;
    uint32_t crc = 0;
    while (pos < end) {
        const uint8_t *p = NULL;
        size_t n = 0;
        BB_TRY(stream_get(c->stream, pos, 1, end, &p, &n, err));
        crc = libdeflate_crc32(crc, p, n);
        pos += n;
    }
    if (!head->has_crc) return wrong(c, err, (int64_t)page, "it has no checksum");
    return crc == head->crc ? BB_OK : wrong(c, err, (int64_t)page, "its checksum is not that of its bytes");
}

static enum bb_status check_pages(const struct chunk_check *c, struct bb_error *err)
{
    int64_t start = bb_pq_chunk_start(c->chunk), pos = start, end = start + c->chunk->total_compressed_nbytes;
    int64_t n_values = 0, uncompressed = 0;
    size_t n_data = 0;
    while (pos < end) {
        struct bb_pq_page_head head = { 0 };
        const uint8_t *p = NULL;
        size_t n = 0;
        int r;
        BB_TRY(stream_get(c->stream, (uint64_t)pos, 512, (uint64_t)end, &p, &n, err));
        r = bb_pq_page_head_read(p, n, &head);
        if (r == 0) {
            BB_TRY(stream_get(c->stream, (uint64_t)pos, PIECE_NBYTES, (uint64_t)end, &p, &n, err));
            r = bb_pq_page_head_read(p, n, &head);
        }
        if (r <= 0 || head.type == 1) return wrong(c, err, pos, "its header is damaged");
        if (head.compressed_nbytes > end - pos - (int64_t)head.head_nbytes)
            return wrong(c, err, pos, "it is longer than the column's data");
        if (head.encoding < 0 || head.encoding > 31 || !(c->chunk->encodings & (uint32_t)1 << head.encoding))
            return wrong(c, err, pos, "its encoding is not in the column's list");
        if ((head.type == BB_PQ_DICTIONARY_PAGE) != (pos == start && c->chunk->dictionary_page_offset >= 0))
            return wrong(c, err, pos, "a dictionary page and its place in the footer do not agree");
        if (head.type != BB_PQ_DICTIONARY_PAGE) {
            if (n_data == 0 && pos != c->chunk->data_page_offset)
                return wrong(c, err, pos, "the first data page is not where the footer says");
            if (c->pages) {
                const struct bb_pq_read_page *page = n_data < c->n_pages ? &c->pages[n_data] : NULL;
                if (!page) return wrong(c, err, pos, "it is not in the offset index");
                if (page->offset != pos || page->first_row != n_values ||
                    page->compressed_nbytes != (int64_t)head.head_nbytes + head.compressed_nbytes)
                    return wrong(c, err, pos, "place, size or first row are not those of the offset index");
                if (c->index.has_null_counts && (page->null_count < 0 || page->null_count > head.n_values ||
                                                 (page->null_count == head.n_values) != page->null_page))
                    return wrong(c, err, pos, "its number of NULLs in the column index is impossible");
            }
            n_data++;
            n_values += head.n_values;
        }
        BB_TRY(check_payload(c, &head, (uint64_t)pos + head.head_nbytes, err));
        uncompressed += (int64_t)head.head_nbytes + head.uncompressed_nbytes;
        pos += (int64_t)head.head_nbytes + head.compressed_nbytes;
    }
    if (n_values != c->chunk->n_values)
        return wrong(c, err, -1, "its pages have not as many values as the footer says");
    if (uncompressed != c->chunk->total_uncompressed_nbytes)
        return wrong(c, err, -1, "its uncompressed size is not that of the footer");
    if (c->pages && n_data != c->n_pages)
        return wrong(c, err, -1, "the offset index has more pages than the column");
    return BB_OK;
}

static enum bb_status check_stats(const struct chunk_check *c, struct bb_error *err)
{
    const struct bb_pq_read_stats *stats = &c->chunk->stats;
    size_t width = (size_t)bb_pq_stat_width(c->column->type);
    int64_t n_nulls = 0;
    if (stats->has_null_count && (stats->null_count < 0 || stats->null_count > c->chunk->n_values))
        return wrong(c, err, -1, "its number of NULLs is impossible");
    if (stats->has_min_max && width != 0 && (stats->min.n != width || stats->max.n != width))
        return wrong(c, err, -1, "its minimum or maximum has not the size of a value");
    if (!c->pages || !c->index.has_column_index) return BB_OK;
    for (size_t i = 0; i < c->n_pages; i++) {
        const struct bb_pq_read_page *page = &c->pages[i];
        size_t wanted = page->null_page ? 0 : width;
        if ((wanted != 0 || page->null_page) && (page->min.n != wanted || page->max.n != wanted))
            return wrong(c, err, page->offset,
                         "its minimum or maximum in the column index has not the size of a value");
        n_nulls += c->index.has_null_counts ? page->null_count : 0;
    }
    if (stats->has_null_count && c->index.has_null_counts && n_nulls != stats->null_count)
        return wrong(c, err, -1, "column index and statistics disagree about the number of NULLs");
    return BB_OK;
}

static enum bb_status check_chunk(struct stream *stream, size_t group, size_t column, struct bb_error *err)
{
    struct bb_pq_reader *reader = stream->reader;
    struct chunk_check c = {
        .stream = stream, .column = &reader->columns[column], .group = group, .column_number = column
    };
    struct bb_pq_bloom bloom;
    enum bb_status status;
    c.chunk = bb_pq_group_chunk(reader, group, column);
    status = bb_pq_read_index(reader, group, column, &c.pages, &c.n_pages, &c.index, err);
    if (status != BB_OK && status != BB_EOF) return status;
    status = check_pages(&c, err);
    if (status == BB_OK) status = check_stats(&c, err);
    if (status == BB_OK) {
        status = bb_pq_bloom_read(reader, group, column, 0, &bloom, err);
        if (status == BB_EOF) status = BB_OK;
    }
    bb_free(c.pages);
    return status;
}

struct file_check {
    struct bb_pq_reader *reader;
    struct bb_pq_copier *copier; /* may still be at work; NULL: nothing is missing */
    uint8_t **pieces;            /* per thread */
    pthread_mutex_t mutex;
    _Atomic size_t failed_group; /* the first one, so that threads do not decide what is told; SIZE_MAX: none */
    struct bb_error error;
};

static enum bb_status wait_for_group(const struct file_check *f, size_t group, struct bb_error *err)
{
    int64_t end = 0;
    for (size_t c = 0; c < f->reader->n_columns; c++) {
        const struct bb_pq_read_chunk *chunk = bb_pq_group_chunk(f->reader, group, c);
        end = BB_MAX(end, bb_pq_chunk_start(chunk) + chunk->total_compressed_nbytes);
    }
    return f->copier ? bb_pq_copier_wait(f->copier, (uint64_t)end, err) : BB_OK;
}

static void check_group(void *ctx, size_t group, unsigned worker)
{
    struct file_check *f = ctx;
    struct stream stream = { .reader = f->reader, .p = f->pieces[worker] };
    struct bb_error err;
    enum bb_status status = BB_OK;
    if (group > f->failed_group) return;
    status = wait_for_group(f, group, &err);
    for (size_t c = 0; c < f->reader->n_columns && status == BB_OK; c++)
        status = check_chunk(&stream, group, c, &err);
    if (status == BB_OK) return;
    pthread_mutex_lock(&f->mutex);
    if (group < f->failed_group) {
        f->failed_group = group;
        f->error = err;
    }
    pthread_mutex_unlock(&f->mutex);
}

static enum bb_status check_groups(struct file_check *f, struct bb_pool *pool, struct bb_budget *budget,
                                   struct bb_error *err)
{
    unsigned n_threads = pool ? bb_pool_threads(pool) : 1;
    int ok = 1;
    f->pieces = bb_calloc(budget, n_threads * sizeof *f->pieces);
    for (unsigned i = 0; f->pieces && i < n_threads; i++)
        ok &= (f->pieces[i] = bb_alloc(budget, PIECE_NBYTES)) != NULL;
    if (f->pieces && ok) {
        pthread_mutex_init(&f->mutex, NULL);
        if (pool) bb_pool_run(pool, check_group, f, f->reader->n_groups);
        for (size_t g = 0; !pool && g < f->reader->n_groups && g <= f->failed_group; g++) check_group(f, g, 0);
        pthread_mutex_destroy(&f->mutex);
    }
    for (unsigned i = 0; f->pieces && i < n_threads; i++) bb_free(f->pieces[i]);
    if (!f->pieces || !ok) {
        bb_free(f->pieces);
        return bb_fail_budget(err, budget, "the check of a Parquet file");
    }
    bb_free(f->pieces);
    if (f->failed_group == SIZE_MAX) return BB_OK;
    if (err) *err = f->error;
    return f->error.status;
}

static enum bb_status check_file(const char *path, struct bb_pq_copier *copier, struct bb_pool *pool,
                                 struct bb_budget *budget, int64_t *rows_ret, struct bb_error *err)
{
    struct file_check f = { .copier = copier, .failed_group = SIZE_MAX };
    enum bb_status status = bb_pq_reader_open(path, budget, &f.reader, err);
    *rows_ret = 0;
    if (status != BB_OK) return status;
    status = bb_pq_hold_indexes(f.reader, bb_budget_left(budget) / 8, err);
    if (status == BB_OK) status = check_groups(&f, pool, budget, err);
    if (status == BB_OK) *rows_ret = f.reader->n_rows;
    bb_pq_reader_close(f.reader);
    return status;
}

enum bb_status bb_pq_check_written(const char *path, struct bb_pq_file *file, struct bb_pool *pool,
                                   struct bb_budget *budget, int64_t *rows_ret, struct bb_error *err)
{
    struct bb_pq_copier *copier = bb_pq_file_copier(file);
    if (copier) bb_pq_copier_end(copier);
    BB_TRY(check_file(path, copier, pool, budget, rows_ret, err));
    return copier ? bb_pq_copier_wait(copier, UINT64_MAX, err) : BB_OK;
}

enum bb_status bb_pq_check_file_by(const char *path, struct bb_pool *pool, struct bb_budget *budget,
                                   int64_t *rows_ret, struct bb_error *err)
{
    return check_file(path, NULL, pool, budget, rows_ret, err);
}

enum bb_status bb_pq_check_file(const char *path, struct bb_budget *budget, int64_t *rows_ret, struct bb_error *err)
{
    return bb_pq_check_file_by(path, NULL, budget, rows_ret, err);
}
