#include "parquet/pq_meta.h"

#include <libdeflate.h>

#define PIECE_NBYTES ((size_t)1 << 20) /* at least the longest page header */
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
        size_t n = (size_t)BB_MIN((uint64_t)PIECE_NBYTES, s->reader->footer_offset - pos);
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

enum bb_status bb_pq_check_file(const char *path, struct bb_budget *budget, int64_t *rows_ret, struct bb_error *err)
{
    struct stream stream = { 0 };
    enum bb_status status = bb_pq_reader_open(path, budget, &stream.reader, err);
    *rows_ret = 0;
    if (status != BB_OK) return status;
    stream.p = bb_alloc(budget, PIECE_NBYTES);
    if (!stream.p) status = bb_fail_budget(err, budget, "the check of a Parquet file");
    for (size_t g = 0; g < stream.reader->n_groups && status == BB_OK; g++)
        for (size_t c = 0; c < stream.reader->n_columns && status == BB_OK; c++)
            status = check_chunk(&stream, g, c, err);
    if (status == BB_OK) *rows_ret = stream.reader->n_rows;
    bb_free(stream.p);
    bb_pq_reader_close(stream.reader);
    return status;
}
