#include "parquet/pq_meta.h"
#include "parquet/pq_thrift_read.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define BLOOM_HEAD_NBYTES 64 /* ours has 14; other writers' are as short */
#define BLOOM_MAX_NBYTES  ((int64_t)128 << 20)

static enum bb_status damaged(const struct bb_pq_reader *reader, size_t group, size_t column, const char *what,
                              struct bb_error *err)
{
    return bb_pq_fail(reader, err, "row group %zu, column %.*s: %s", group,
                      BB_STR_ARG(reader->columns[column].name), what);
}

/* ---- all at once ---- */

static void reach(uint64_t *from, int64_t offset)
{
    if (offset >= 0) *from = BB_MIN(*from, (uint64_t)offset);
}

enum bb_status bb_pq_hold_indexes(struct bb_pq_reader *reader, size_t max_nbytes, struct bb_error *err)
{
    uint64_t from = reader->footer_offset;
    enum bb_status status;
    uint8_t *held;
    for (size_t i = 0; i < reader->n_chunks; i++) {
        reach(&from, reader->chunks[i].offset_index_offset);
        reach(&from, reader->chunks[i].column_index_offset);
    }
    if (reader->held || from == reader->footer_offset || reader->footer_offset - from > max_nbytes) return BB_OK;
    held = bb_alloc(reader->budget, (size_t)(reader->footer_offset - from));
    if (!held) return BB_OK; /* then one by one */
    status = bb_pq_read_at(reader, from, held, (size_t)(reader->footer_offset - from), err);
    if (status != BB_OK) {
        bb_free(held);
        return status;
    }
    reader->held_offset = from;
    reader->held_nbytes = (size_t)(reader->footer_offset - from);
    reader->held = held;
    return BB_OK;
}

/* ---- page index ---- */

static size_t offset_index_length(const uint8_t *p, size_t nbytes)
{
    struct bb_thrift t;
    struct bb_thrift_field f = { 0 };
    bb_thrift_init(&t, p, nbytes);
    while (bb_thrift_next(&t, &f)) {
        if (f.id == 1) return bb_thrift_list(&t, &f, BB_THRIFT_STRUCT);
        bb_thrift_skip(&t, &f);
    }
    return 0;
}

static int parse_offset_index(const uint8_t *p, size_t nbytes, struct bb_pq_read_page *pages, size_t n)
{
    struct bb_thrift t;
    struct bb_thrift_field f = { 0 };
    size_t found = 0;
    bb_thrift_init(&t, p, nbytes);
    while (bb_thrift_next(&t, &f)) {
        if (f.id != 1 || found > 0) {
            bb_thrift_skip(&t, &f);
            continue;
        }
        if (bb_thrift_list(&t, &f, BB_THRIFT_STRUCT) != n) return 0;
        for (found = 0; found < n && !t.bad; found++) {
            struct bb_thrift_field pf = { 0 };
            struct bb_pq_read_page *page = &pages[found];
            *page = (struct bb_pq_read_page){
                .offset = -1, .first_row = -1, .compressed_nbytes = -1, .null_count = -1
            };
            while (bb_thrift_next(&t, &pf)) {
                switch (pf.id) {
                case 1: page->offset = bb_thrift_i64(&t, &pf); break;
                case 2: page->compressed_nbytes = bb_thrift_i32(&t, &pf); break;
                case 3: page->first_row = bb_thrift_i64(&t, &pf); break;
                default: bb_thrift_skip(&t, &pf);
                }
            }
        }
    }
    return !t.bad && found == n;
}

static int parse_column_index(const uint8_t *p, size_t nbytes, struct bb_pq_read_page *pages, size_t n,
                              struct bb_pq_index_head *head)
{
    struct bb_thrift t;
    struct bb_thrift_field f = { 0 };
    unsigned seen = 0;
    bb_thrift_init(&t, p, nbytes);
    while (bb_thrift_next(&t, &f)) {
        if (f.id >= 1 && f.id <= 5) seen |= 1u << f.id;
        switch (f.id) {
        case 1:
            if (bb_thrift_list(&t, &f, BB_THRIFT_TRUE) != n) return 0;
            for (size_t i = 0; i < n; i++) pages[i].null_page = bb_thrift_item_bool(&t);
            break;
        case 2:
            if (bb_thrift_list(&t, &f, BB_THRIFT_BINARY) != n) return 0;
            for (size_t i = 0; i < n; i++) pages[i].min = bb_thrift_item_binary(&t);
            break;
        case 3:
            if (bb_thrift_list(&t, &f, BB_THRIFT_BINARY) != n) return 0;
            for (size_t i = 0; i < n; i++) pages[i].max = bb_thrift_item_binary(&t);
            break;
        case 4: head->boundary_order = bb_thrift_i32(&t, &f); break;
        case 5:
            if (bb_thrift_list(&t, &f, BB_THRIFT_I64) != n) return 0;
            for (size_t i = 0; i < n; i++) pages[i].null_count = bb_thrift_item_i64(&t);
            head->has_null_counts = 1;
            break;
        default: bb_thrift_skip(&t, &f);
        }
    }
    head->has_column_index = 1;
    return !t.bad && (seen & 0x1e) == 0x1e && head->boundary_order >= 0 && head->boundary_order <= 2;
}

static const char *pages_fault(const struct bb_pq_read_chunk *chunk, int64_t n_rows,
                               const struct bb_pq_read_page *pages, size_t n)
{
    int64_t end = bb_pq_chunk_start(chunk) + chunk->total_compressed_nbytes, at = chunk->data_page_offset;
    if (n == 0 && n_rows > 0) return "damaged offset index: it has no page";
    for (size_t i = 0; i < n; i++) {
        if (pages[i].compressed_nbytes <= 0 || pages[i].offset < at ||
            pages[i].offset > end - pages[i].compressed_nbytes)
            return "damaged offset index: a page lies outside the column's data";
        if (i == 0 ? pages[i].first_row != 0 : pages[i].first_row <= pages[i - 1].first_row)
            return "damaged offset index: rows of the pages do not ascend from 0";
        if (pages[i].first_row >= n_rows && n_rows > 0)
            return "damaged offset index: a page begins behind the last row";
        at = pages[i].offset + pages[i].compressed_nbytes;
    }
    return NULL;
}

enum bb_status bb_pq_read_index(struct bb_pq_reader *reader, size_t group, size_t column,
                                struct bb_pq_read_page **pages_ret, size_t *n_ret, struct bb_pq_index_head *head,
                                struct bb_error *err)
{
    const struct bb_pq_read_chunk *chunk = bb_pq_group_chunk(reader, group, column);
    size_t oi_nbytes = (size_t)chunk->offset_index_nbytes, n;
    size_t ci_nbytes = chunk->column_index_offset >= 0 ? (size_t)chunk->column_index_nbytes : 0;
    struct bb_pq_read_page *pages = NULL;
    uint8_t *oi, *ci;
    const char *fault = NULL;
    enum bb_status status;
    *pages_ret = NULL;
    *n_ret = 0;
    *head = (struct bb_pq_index_head){ 0 };
    if (chunk->offset_index_offset < 0) return BB_EOF;
    oi = bb_alloc(reader->budget, oi_nbytes + 1);
    if (!oi) return bb_fail_budget(err, reader->budget, "the page index of a Parquet file");
    status = bb_pq_read_at(reader, (uint64_t)chunk->offset_index_offset, oi, oi_nbytes, err);
    if (status != BB_OK) goto out;
    n = offset_index_length(oi, oi_nbytes);
    if (n > oi_nbytes / 4) { /* a page takes a field head and a byte for each of three numbers at least */
        status = damaged(reader, group, column, "damaged offset index: more pages than bytes", err);
        goto out;
    }
    /* The column index stays behind the pages: minima and maxima are slices of it. */
    pages = bb_alloc(reader->budget, n * sizeof *pages + ci_nbytes + 1);
    if (!pages) {
        status = bb_fail_budget(err, reader->budget, "the page index of a Parquet file");
        goto out;
    }
    if (!parse_offset_index(oi, oi_nbytes, pages, n)) fault = "damaged offset index: it is not Parquet metadata";
    if (!fault) fault = pages_fault(chunk, reader->groups[group].n_rows, pages, n);
    if (!fault && chunk->column_index_offset >= 0) {
        ci = (uint8_t *)(pages + n);
        status = bb_pq_read_at(reader, (uint64_t)chunk->column_index_offset, ci, ci_nbytes, err);
        if (status != BB_OK) goto out;
        if (!parse_column_index(ci, ci_nbytes, pages, n, head))
            fault = "damaged column index: it does not fit the offset index";
    }
    if (fault) status = damaged(reader, group, column, fault, err);
out:
    bb_free(oi);
    if (status != BB_OK) {
        bb_free(pages);
        return status;
    }
    *pages_ret = pages;
    *n_ret = n;
    return BB_OK;
}

enum bb_status bb_pq_read_pages(struct bb_pq_reader *reader, size_t group, size_t column,
                                struct bb_pq_read_page **pages_ret, size_t *n_ret, struct bb_error *err)
{
    struct bb_pq_index_head head;
    return bb_pq_read_index(reader, group, column, pages_ret, n_ret, &head, err);
}

/* ---- bloom filter ---- */

uint64_t bb_pq_read_bloom_hash(struct bb_str value) { return XXH64(value.p, value.n, 0); }

uint32_t bb_pq_bloom_block(uint64_t hash, uint32_t n_blocks) { return (uint32_t)(((hash >> 32) * n_blocks) >> 32); }

int bb_pq_bloom_block_has(const uint8_t block[32], uint64_t hash)
{
    static const uint32_t salt[8] = { 0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                                      0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U };
    for (int i = 0; i < 8; i++) {
        uint32_t word, mask = 1u << (((uint32_t)hash * salt[i]) >> 27);
        memcpy(&word, block + 4 * i, 4);
        if (!(word & mask)) return 0;
    }
    return 1;
}

/* Which member of a one-of-several structure is there. */
static int union_member(struct bb_thrift *t, const struct bb_thrift_field *of)
{
    struct bb_thrift_field f = { 0 };
    int id = 0;
    bb_thrift_enter(t, of);
    while (bb_thrift_next(t, &f)) {
        id = f.id;
        bb_thrift_skip(t, &f);
    }
    return id;
}

enum bb_status bb_pq_bloom_read(struct bb_pq_reader *reader, size_t group, size_t column, int with_bits,
                                struct bb_pq_bloom *bloom, struct bb_error *err)
{
    const struct bb_pq_read_chunk *chunk = bb_pq_group_chunk(reader, group, column);
    uint8_t head[BLOOM_HEAD_NBYTES];
    struct bb_thrift t;
    struct bb_thrift_field f = { 0 };
    int64_t nbytes = -1;
    int algorithm = 0, hash = 0, compression = 0;
    size_t n = BLOOM_HEAD_NBYTES, head_nbytes;
    *bloom = (struct bb_pq_bloom){ 0 };
    if (chunk->bloom_offset < 0) return BB_EOF;
    if (chunk->bloom_nbytes > 0) n = BB_MIN(n, (size_t)chunk->bloom_nbytes);
    n = BB_MIN(n, (size_t)(reader->footer_offset - (uint64_t)chunk->bloom_offset));
    BB_TRY(bb_pq_read_at(reader, (uint64_t)chunk->bloom_offset, head, n, err));
    bb_thrift_init(&t, head, n);
    while (bb_thrift_next(&t, &f)) {
        switch (f.id) {
        case 1: nbytes = bb_thrift_i32(&t, &f); break;
        case 2: algorithm = union_member(&t, &f); break;
        case 3: hash = union_member(&t, &f); break;
        case 4: compression = union_member(&t, &f); break;
        default: bb_thrift_skip(&t, &f);
        }
    }
    head_nbytes = (size_t)(t.p - head);
    if (t.bad)
        return damaged(reader, group, column, "damaged bloom filter: its header is not Parquet metadata", err);
    if (algorithm != 1 || hash != 1 || compression != 1)
        return damaged(reader, group, column,
                       "its bloom filter is not the uncompressed split-block filter with XXH64", err);
    bloom->bits_offset = (uint64_t)chunk->bloom_offset + head_nbytes;
    if (nbytes < 32 || nbytes % 32 != 0 || nbytes > BLOOM_MAX_NBYTES ||
        (uint64_t)nbytes > reader->footer_offset - bloom->bits_offset ||
        (chunk->bloom_nbytes > 0 && nbytes != chunk->bloom_nbytes - (int64_t)head_nbytes))
        return damaged(reader, group, column, "damaged bloom filter: its size is impossible", err);
    bloom->n_blocks = (uint32_t)(nbytes / 32);
    if (with_bits) {
        bloom->bits = bb_alloc(reader->budget, (size_t)nbytes);
        if (!bloom->bits) return bb_fail_budget(err, reader->budget, "a bloom filter");
        enum bb_status status = bb_pq_read_at(reader, bloom->bits_offset, bloom->bits, (size_t)nbytes, err);
        if (status != BB_OK) {
            bb_free(bloom->bits);
            bloom->bits = NULL;
            return status;
        }
    }
    return BB_OK;
}

int bb_pq_bloom_may_contain(struct bb_pq_reader *reader, size_t group, size_t column, struct bb_str value,
                            struct bb_error *err)
{
    struct bb_pq_bloom bloom;
    uint64_t hash = bb_pq_read_bloom_hash(value);
    uint8_t block[32];
    uint64_t offset;
    if (bb_pq_bloom_read(reader, group, column, 0, &bloom, err) != BB_OK) return -1;
    offset = bloom.bits_offset + (uint64_t)bb_pq_bloom_block(hash, bloom.n_blocks) * 32;
    if (bb_pq_read_at(reader, offset, block, sizeof block, err) != BB_OK) return -1;
    return bb_pq_bloom_block_has(block, hash);
}
