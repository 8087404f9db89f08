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
    uint64_t ahead; /* nothing is read ahead across this offset */
};

/* Bytes of the file from pos on, as many as are in the buffer, at least wanted unless limit comes first. */
static enum bb_status stream_get(struct stream *s, uint64_t pos, size_t wanted, uint64_t limit,
                                 const uint8_t **p_ret, size_t *n_ret, struct bb_error *err)
{
    size_t kept = pos >= s->at && pos <= s->at + s->n ? (size_t)(s->at + s->n - pos) : 0;
    wanted = (size_t)BB_MIN((uint64_t)wanted, limit - pos);
    if (kept < wanted) {
        uint64_t ahead = s->ahead > pos ? BB_MIN(s->ahead - pos, (uint64_t)READ_NBYTES) : READ_NBYTES;
        size_t n = (size_t)BB_MIN(BB_MAX((uint64_t)wanted, ahead), s->reader->footer_offset - pos);
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
    size_t group;
    struct bb_pq_read_page *pages;
    size_t n_pages;
    struct bb_pq_index_head index;
    struct bb_pq_shared *shared; /* NULL: none of the row group's bytes are */
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

/* What pages add up to. */
struct page_sums {
    int64_t n_values, uncompressed_nbytes;
    size_t n_data;
    int some_shared;
};

/* Where the page at pos ends, as footer and offset index say. */
static int64_t end_of_page(const struct chunk_check *c, int64_t pos, size_t n_data)
{
    if (n_data == 0 && pos < c->chunk->data_page_offset) return c->chunk->data_page_offset;
    return n_data < c->n_pages ? pos + c->pages[n_data].compressed_nbytes : pos;
}

static enum bb_status check_null_count(const struct chunk_check *c, const struct bb_pq_read_page *page, int64_t pos,
                                       int64_t n_values, struct bb_error *err)
{
    if (c->index.has_null_counts &&
        (page->null_count < 0 || page->null_count > n_values || (page->null_count == n_values) != page->null_page))
        return wrong(c, err, pos, "its number of NULLs in the column index is impossible");
    return BB_OK;
}

/* A page in blocks that the older file has too: that it lies where the indexes want it is all that is new about it. */
static enum bb_status pass_shared_page(const struct chunk_check *c, int64_t *pos, struct page_sums *sums,
                                       struct bb_error *err)
{
    int64_t end = end_of_page(c, *pos, sums->n_data), next_row = c->chunk->n_values;
    sums->some_shared = 1;
    if (*pos >= c->chunk->data_page_offset) {
        const struct bb_pq_read_page *page = &c->pages[sums->n_data++];
        if (page->offset != *pos || page->first_row != sums->n_values)
            return wrong(c, err, *pos, "place or first row are not those of the offset index");
        if (sums->n_data < c->n_pages) next_row = c->pages[sums->n_data].first_row;
        BB_TRY(check_null_count(c, page, *pos, next_row - sums->n_values, err));
        sums->n_values = next_row;
    }
    *pos = end;
    return BB_OK;
}

static enum bb_status read_head(const struct chunk_check *c, int64_t pos, int64_t end, struct bb_pq_page_head *head,
                                struct bb_error *err)
{
    const uint8_t *p = NULL;
    size_t n = 0;
    int r;
    BB_TRY(stream_get(c->stream, (uint64_t)pos, 512, (uint64_t)end, &p, &n, err));
    r = bb_pq_page_head_read(p, n, head);
    if (r == 0) {
        BB_TRY(stream_get(c->stream, (uint64_t)pos, PIECE_NBYTES, (uint64_t)end, &p, &n, err));
        r = bb_pq_page_head_read(p, n, head);
    }
    if (r <= 0 || head->type == 1) return wrong(c, err, pos, "its header is damaged");
    if (head->compressed_nbytes > end - pos - (int64_t)head->head_nbytes)
        return wrong(c, err, pos, "it is longer than the column's data");
    return BB_OK;
}

static enum bb_status check_page(const struct chunk_check *c, int64_t *pos_inout, int64_t end,
                                 struct page_sums *sums, struct bb_error *err)
{
    struct bb_pq_page_head head = { 0 };
    int64_t start = bb_pq_chunk_start(c->chunk), pos = *pos_inout;
    BB_TRY(read_head(c, pos, end, &head, err));
    if (head.encoding < 0 || head.encoding > 31 || !(c->chunk->encodings & (uint32_t)1 << head.encoding))
        return wrong(c, err, pos, "its encoding is not in the column's list");
    if ((head.type == BB_PQ_DICTIONARY_PAGE) != (pos == start && c->chunk->dictionary_page_offset >= 0))
        return wrong(c, err, pos, "a dictionary page and its place in the footer do not agree");
    if (head.type != BB_PQ_DICTIONARY_PAGE) {
        if (sums->n_data == 0 && pos != c->chunk->data_page_offset)
            return wrong(c, err, pos, "the first data page is not where the footer says");
        if (c->pages) {
            const struct bb_pq_read_page *page = sums->n_data < c->n_pages ? &c->pages[sums->n_data] : NULL;
            if (!page) return wrong(c, err, pos, "it is not in the offset index");
            if (page->offset != pos || page->first_row != sums->n_values ||
                page->compressed_nbytes != (int64_t)head.head_nbytes + head.compressed_nbytes)
                return wrong(c, err, pos, "place, size or first row are not those of the offset index");
            BB_TRY(check_null_count(c, page, pos, head.n_values, err));
        }
        sums->n_data++;
        sums->n_values += head.n_values;
    }
    BB_TRY(check_payload(c, &head, (uint64_t)pos + head.head_nbytes, err));
    sums->uncompressed_nbytes += (int64_t)head.head_nbytes + head.uncompressed_nbytes;
    *pos_inout = pos + (int64_t)head.head_nbytes + head.compressed_nbytes;
    return BB_OK;
}

static enum bb_status check_pages(const struct chunk_check *c, struct bb_error *err)
{
    int64_t pos = bb_pq_chunk_start(c->chunk), end = pos + c->chunk->total_compressed_nbytes;
    struct page_sums sums = { 0 };
    while (pos < end) {
        int64_t page_end = c->shared ? end_of_page(c, pos, sums.n_data) : pos;
        if (page_end > pos && page_end <= end && bb_pq_shared_has(c->shared, (uint64_t)pos, (uint64_t)page_end)) {
            BB_TRY(pass_shared_page(c, &pos, &sums, err));
            continue;
        }
        c->stream->ahead = c->shared ? BB_MAX((uint64_t)page_end, bb_pq_shared_next(c->shared, (uint64_t)pos)) : 0;
        BB_TRY(check_page(c, &pos, end, &sums, err));
    }
    if (sums.n_values != c->chunk->n_values)
        return wrong(c, err, -1, "its pages have not as many values as the footer says");
    if (!sums.some_shared && sums.uncompressed_nbytes != c->chunk->total_uncompressed_nbytes)
        return wrong(c, err, -1, "its uncompressed size is not that of the footer");
    if (c->pages && sums.n_data != c->n_pages)
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

static enum bb_status check_chunk(struct stream *stream, struct bb_pq_shared *shared, size_t group, size_t column,
                                  struct bb_error *err)
{
    struct bb_pq_reader *reader = stream->reader;
    struct chunk_check c = {
        .stream = stream, .column = &reader->columns[column], .group = group, .shared = shared
    };
    enum bb_status status;
    c.chunk = bb_pq_group_chunk(reader, group, column);
    status = bb_pq_read_index(reader, group, column, &c.pages, &c.n_pages, &c.index, err);
    if (status != BB_OK && status != BB_EOF) return status;
    status = check_pages(&c, err);
    if (status == BB_OK) status = check_stats(&c, err);
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

/* Until all bytes of the row group are written and synced. *shared_ret stays NULL when all of them were written. */
static enum bb_status wait_for_group(const struct file_check *f, size_t group, struct bb_pq_shared **shared_ret,
                                     struct bb_error *err)
{
    int64_t start = INT64_MAX, end = 0;
    if (!f->copier) return BB_OK;
    for (size_t c = 0; c < f->reader->n_columns; c++) {
        const struct bb_pq_read_chunk *chunk = bb_pq_group_chunk(f->reader, group, c);
        start = BB_MIN(start, bb_pq_chunk_start(chunk));
        end = BB_MAX(end, bb_pq_chunk_start(chunk) + chunk->total_compressed_nbytes);
    }
    BB_TRY(bb_pq_copier_wait(f->copier, (uint64_t)end, err));
    if (bb_pq_shared_has_any(bb_pq_copier_shared(f->copier), (uint64_t)start, (uint64_t)end))
        *shared_ret = bb_pq_copier_shared(f->copier);
    return BB_OK;
}

static void check_group(void *ctx, size_t group, unsigned worker)
{
    struct file_check *f = ctx;
    struct stream stream = { .reader = f->reader, .p = f->pieces[worker] };
    struct bb_pq_shared *shared = NULL;
    struct bb_error err;
    enum bb_status status = BB_OK;
    if (group > f->failed_group) return;
    status = wait_for_group(f, group, &shared, &err);
    for (size_t c = 0; c < f->reader->n_columns && status == BB_OK; c++)
        status = check_chunk(&stream, shared, group, c, &err);
    if (status == BB_OK) return;
    pthread_mutex_lock(&f->mutex);
    if (group < f->failed_group) {
        f->failed_group = group;
        f->error = err;
    }
    pthread_mutex_unlock(&f->mutex);
}

/* They lie behind all row groups, so they come last. */
static enum bb_status check_blooms(const struct file_check *f, struct bb_error *err)
{
    struct bb_pq_shared *shared = f->copier ? bb_pq_copier_shared(f->copier) : NULL;
    if (f->copier) BB_TRY(bb_pq_copier_wait(f->copier, UINT64_MAX, err));
    for (size_t g = 0; g < f->reader->n_groups; g++)
        for (size_t c = 0; c < f->reader->n_columns; c++) {
            const struct bb_pq_read_chunk *chunk = bb_pq_group_chunk(f->reader, g, c);
            uint64_t from = (uint64_t)chunk->bloom_offset;
            struct bb_pq_bloom bloom;
            enum bb_status status;
            if (chunk->bloom_offset < 0 || (shared && chunk->bloom_nbytes > 0 &&
                                            bb_pq_shared_has(shared, from, from + (uint64_t)chunk->bloom_nbytes)))
                continue;
            status = bb_pq_bloom_read(f->reader, g, c, 0, &bloom, err);
            if (status != BB_OK && status != BB_EOF) return status;
        }
    return BB_OK;
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

/* file, copier: NULL where the file is not one that is being written. */
static enum bb_status check_file(const char *path, const struct bb_pq_file *file, struct bb_pq_copier *copier,
                                 struct bb_pool *pool, struct bb_budget *budget, int64_t *rows_ret,
                                 struct bb_error *err)
{
    struct file_check f = { .copier = copier, .failed_group = SIZE_MAX };
    enum bb_status status = bb_pq_reader_open(path, budget, &f.reader, err);
    *rows_ret = 0;
    if (status != BB_OK) return status;
    status = bb_pq_hold_indexes(f.reader, bb_budget_left(budget) / 8, err);
    if (status == BB_OK && file) status = bb_pq_file_check_indexes(file, f.reader, err);
    if (status == BB_OK) status = check_groups(&f, pool, budget, err);
    if (status == BB_OK) status = check_blooms(&f, err);
    if (status == BB_OK) *rows_ret = f.reader->n_rows;
    bb_pq_reader_close(f.reader);
    return status;
}

enum bb_status bb_pq_check_written(const char *path, struct bb_pq_file *file, struct bb_pool *pool,
                                   struct bb_budget *budget, int64_t *rows_ret, struct bb_error *err)
{
    struct bb_pq_copier *copier = bb_pq_file_copier(file);
    if (copier) bb_pq_copier_end(copier);
    return check_file(path, file, copier, pool, budget, rows_ret, err);
}

enum bb_status bb_pq_check_file_by(const char *path, struct bb_pool *pool, struct bb_budget *budget,
                                   int64_t *rows_ret, struct bb_error *err)
{
    return check_file(path, NULL, NULL, pool, budget, rows_ret, err);
}

enum bb_status bb_pq_check_file(const char *path, struct bb_budget *budget, int64_t *rows_ret, struct bb_error *err)
{
    return bb_pq_check_file_by(path, NULL, budget, rows_ret, err);
}
