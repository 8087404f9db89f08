/* Inside of the Parquet reader: the open file with its parsed footer, and page headers. Only for the reader's own files (pq_meta,
 * pq_cursor, pq_read_index, pq_check, pq_verify). */
#ifndef BB_PQ_META_H
#define BB_PQ_META_H

#include "parquet/pq_read.h"

#include <stdatomic.h>

#define BB_PQ_FOOTER_MAX_NBYTES ((uint64_t)256 << 20)
#define BB_PQ_INDEX_MAX_NBYTES  ((int32_t)64 << 20)
#define BB_PQ_PAGE_MAX_NBYTES   ((int32_t)256 << 20)
#define BB_PQ_PAGE_MAX_VALUES   ((int32_t)1 << 26)
#define BB_PQ_HEAD_MAX_NBYTES   ((size_t)1 << 20) /* of one page header with its statistics */
#define BB_PQ_COLUMNS_MAX       10000

struct bb_pq_sorting {
    int32_t column;
    int descending, nulls_first;
};
struct bb_pq_encoding_stat {
    int32_t page, encoding, count;
};

struct bb_pq_group {
    int64_t n_rows, total_nbytes, compressed_nbytes, file_offset; /* -1: not told */
    size_t first_chunk;                                           /* in chunks */
    size_t first_sorting, n_sorting;                              /* in sortings */
    int has_sorting;
};

struct bb_pq_reader {
    int fd, head_only;
    char *path; /* for messages */
    struct bb_budget *budget;
    uint64_t file_nbytes, footer_offset;
    _Atomic uint64_t bytes_read;
    uint8_t *footer; /* all slices below point into it */
    size_t footer_nbytes;
    int64_t n_rows;
    size_t n_columns, cap_columns, n_groups, cap_groups, n_chunks, cap_chunks, n_kvs, cap_kvs, n_sortings,
        cap_sortings, n_stats, cap_stats;
    struct bb_pq_read_column *columns;
    struct bb_pq_group *groups;
    struct bb_pq_read_chunk *chunks;
    struct bb_pq_sorting *sortings;
    struct bb_pq_encoding_stat *stats;
    struct {
        struct bb_str key, value;
    } * kvs;
    struct bb_str created_by;
    size_t n_column_orders;
    uint8_t *held; /* the file's bytes from held_offset on; NULL: none are */
    uint64_t held_offset;
    size_t held_nbytes;
};

struct bb_pq_page_head {
    int32_t type, uncompressed_nbytes, compressed_nbytes;
    int has_crc, has_body_head; /* body head: the structure that belongs to type is there */
    uint32_t crc;
    int32_t n_values, encoding, level_encoding;
    /* version 2 */
    int32_t n_nulls, n_rows, def_nbytes, rep_nbytes;
    int is_compressed;
    size_t head_nbytes;
};
/* 1: read; 0: the n bytes end inside the header; -1: malformed or beyond the limits above. */
int bb_pq_page_head_read(const uint8_t *p, size_t n, struct bb_pq_page_head *head_ret);
int bb_pq_stat_width(enum bb_pq_type type); /* bytes of a PLAIN value, 0: any */
const char *bb_pq_page_name(int type);
const char *bb_pq_encoding_name(int encoding);
const char *bb_pq_type_name(int type);

/* Exactly n bytes at offset, which must lie before the end of the file. */
enum bb_status bb_pq_read_at(struct bb_pq_reader *reader, uint64_t offset, void *p, size_t n,
                             struct bb_error *err) BB_WARN_UNUSED;

/* "<path>: <text>", BB_SKIP. */
enum bb_status bb_pq_fail(const struct bb_pq_reader *reader, struct bb_error *err, const char *fmt, ...)
    BB_PRINTF(3, 4);

/* First byte of a chunk's pages. */
static inline int64_t bb_pq_chunk_start(const struct bb_pq_read_chunk *chunk)
{
    return chunk->dictionary_page_offset >= 0 ? chunk->dictionary_page_offset : chunk->data_page_offset;
}

/* ---- indexes ---- */
struct bb_pq_index_head {
    int has_column_index, has_null_counts;
    int boundary_order; /* 0 none, 1 ascending, 2 descending */
};
/* Like bb_pq_read_pages, with what concerns all pages. */
enum bb_status bb_pq_read_index(struct bb_pq_reader *reader, size_t group, size_t column,
                                struct bb_pq_read_page **pages_ret, size_t *n_ret,
                                struct bb_pq_index_head *head_ret, struct bb_error *err) BB_WARN_UNUSED;

struct bb_pq_bloom {
    uint32_t n_blocks;
    uint64_t bits_offset;
    uint8_t *bits; /* freed with bb_free */
};
/* The filter's header, and with_bits its bits. BB_EOF: the chunk has no filter. */
enum bb_status bb_pq_bloom_read(struct bb_pq_reader *reader, size_t group, size_t column, int with_bits,
                                struct bb_pq_bloom *bloom_ret, struct bb_error *err) BB_WARN_UNUSED;
/* block: the 32 bytes that belong to hash, i.e. number bb_pq_bloom_block(hash, n_blocks). */
uint32_t bb_pq_bloom_block(uint64_t hash, uint32_t n_blocks);
int bb_pq_bloom_block_has(const uint8_t block[32], uint64_t hash);
uint64_t bb_pq_read_bloom_hash(struct bb_str value);

/* ---- what verify asks a cursor ---- */
struct bb_pq_page_seen {
    int64_t offset, first_row;
    struct bb_pq_page_head head;
    size_t
        trailing_nbytes; /* behind the values; known once the page's last value was given, for PLAIN, split and delta */
};
const struct bb_pq_page_seen *bb_pq_cursor_page(const struct bb_pq_cursor *cursor);       /* of the last batch */
const struct bb_pq_page_seen *bb_pq_cursor_dictionary(const struct bb_pq_cursor *cursor); /* NULL: none was read */
/* Entries of the dictionary, as values; valid as long as the cursor. */
void bb_pq_cursor_dictionary_values(const struct bb_pq_cursor *cursor, struct bb_pq_values *values_ret);
int64_t bb_pq_cursor_offset(const struct bb_pq_cursor *cursor); /* of the next page's header */

#endif
