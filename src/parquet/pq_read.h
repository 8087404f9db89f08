/* Reads Parquet files as busbar writes them, and refuses politely what it does not know. Used by verify, show, updates and the
 * check before a file is published. Input may be hostile: every length and offset is checked; ends in an error, never in a crash,
 * inside the memory budget. */
#ifndef BB_PQ_READ_H
#define BB_PQ_READ_H

#include "base/buf.h"
#include "base/pool.h"
#include "parquet/pq_types.h"

struct bb_pq_read_column { /* one leaf of the schema */
    struct bb_str name;
    enum bb_pq_type type;
    enum bb_pq_logical logical; /* BB_PQ_PLAIN_TYPE when the annotation is not one of ours */
    int nullable;
    int has_logical_type;
    int has_converted_type; /* the legacy annotation is there as well */
    int annotations_differ; /* both are there and do not mean the same */
};

struct bb_pq_read_stats {
    int has_min_max, has_null_count, min_is_exact, max_is_exact;
    struct bb_str min, max; /* raw bytes, PLAIN without length */
    int64_t null_count;
};

struct bb_pq_read_chunk {
    int64_t n_values, dictionary_page_offset /* -1: none */, data_page_offset, total_compressed_nbytes,
        total_uncompressed_nbytes;
    int64_t offset_index_offset, column_index_offset, bloom_offset; /* -1: none */
    int32_t offset_index_nbytes, column_index_nbytes, bloom_nbytes;
    enum bb_pq_codec codec;
    uint32_t encodings; /* bit (1 << enum bb_pq_encoding) */
    int has_encoding_stats;
    size_t first_encoding_stat, n_encoding_stats; /* in the reader's own list */
    struct bb_pq_read_stats stats;
};

struct bb_pq_read_page { /* offset index and column index of one page */
    int64_t offset, first_row;
    int32_t compressed_nbytes;
    int null_page;
    struct bb_str min, max; /* p == NULL: no column index */
    int64_t null_count;     /* -1: unknown */
};

struct bb_pq_reader;
enum bb_status
bb_pq_reader_open(const char *path, struct bb_budget *budget, struct bb_pq_reader **reader_ret,
                  struct bb_error *err) BB_WARN_UNUSED; /* BB_SKIP: not Parquet or damaged; BB_IO: cannot be read */
/* For who wants schema, number of rows and key-values only, and those of many files: the row groups are passed over, the reader
 * has none, and damage in them is not noticed. */
enum bb_status bb_pq_reader_open_head(const char *path, struct bb_budget *budget, struct bb_pq_reader **reader_ret,
                                      struct bb_error *err) BB_WARN_UNUSED;
/* Takes fd over, also on failure; name is for messages. */
enum bb_status bb_pq_reader_open_fd(int fd, const char *name, struct bb_budget *budget,
                                    struct bb_pq_reader **reader_ret, struct bb_error *err) BB_WARN_UNUSED;
void bb_pq_reader_close(struct bb_pq_reader *reader); /* after its cursors; NULL is fine */
/* An open reader may be used by several threads at once, each with cursors of its own. */

size_t bb_pq_reader_columns(const struct bb_pq_reader *reader);
const struct bb_pq_read_column *bb_pq_reader_column(const struct bb_pq_reader *reader, size_t column);
int bb_pq_reader_find(const struct bb_pq_reader *reader, const char *name); /* column number or -1 */
int64_t bb_pq_reader_rows(const struct bb_pq_reader *reader);
uint64_t bb_pq_reader_file_nbytes(const struct bb_pq_reader *reader);
uint64_t bb_pq_reader_bytes_read(const struct bb_pq_reader *reader); /* from the file so far, footer included */
size_t bb_pq_reader_groups(const struct bb_pq_reader *reader);
int64_t bb_pq_group_rows(const struct bb_pq_reader *reader, size_t group);
/* Column numbers of sorting_columns, all ascending; returns their count (0 also when one is descending). */
size_t bb_pq_group_sorting(const struct bb_pq_reader *reader, size_t group, int out[8]);
const struct bb_pq_read_chunk *bb_pq_group_chunk(const struct bb_pq_reader *reader, size_t group, size_t column);
/* Footer key-value; p == NULL if absent. */
struct bb_str bb_pq_reader_kv(const struct bb_pq_reader *reader, const char *key);
struct bb_str bb_pq_reader_created_by(const struct bb_pq_reader *reader);

/* Raw bytes of the file, for what the caller stored between row groups. Within the file. */
enum bb_status bb_pq_reader_bytes(struct bb_pq_reader *reader, uint64_t offset, void *p, size_t n,
                                  struct bb_error *err) BB_WARN_UNUSED;

/* Reads the indexes of all chunks at once, when they are no more than max_nbytes, for who asks for most of them; else nothing
 * happens. Not while other threads use the reader. */
enum bb_status bb_pq_hold_indexes(struct bb_pq_reader *reader, size_t max_nbytes,
                                  struct bb_error *err) BB_WARN_UNUSED;
/* Pages of a chunk from its indexes; *pages_ret is freed with bb_free. BB_EOF when the chunk has no offset index. */
enum bb_status bb_pq_read_pages(struct bb_pq_reader *reader, size_t group, size_t column,
                                struct bb_pq_read_page **pages_ret, size_t *n_ret,
                                struct bb_error *err) BB_WARN_UNUSED;
/* 1: may contain, 0: surely not, -1: no filter, or it cannot be used (*err tells why). value: PLAIN bytes without length.
 * Reads the filter's header and one block. */
int bb_pq_bloom_may_contain(struct bb_pq_reader *reader, size_t group, size_t column, struct bb_str value,
                            struct bb_error *err);

/* ---- decoding: a cursor over one chunk, a batch at a time ---- */
struct bb_pq_values {
    size_t n;
    uint8_t *valid; /* 1: there, 0: NULL; never NULL itself */
    union {
        int64_t *i64;       /* BOOLEAN, INT32, INT64; unsigned logical types are never negative here */
        double *f64;        /* FLOAT, DOUBLE */
        struct bb_str *str; /* BYTE_ARRAY; the texts live until the cursor's next call */
    } v;
};
struct bb_pq_cursor;
enum bb_status bb_pq_cursor_open(struct bb_pq_reader *reader, size_t group, size_t column,
                                 struct bb_pq_cursor **cursor_ret, struct bb_error *err) BB_WARN_UNUSED;
void bb_pq_cursor_close(struct bb_pq_cursor *cursor);
/* Up to max values in order, a few thousand at most and never across a page border; BB_EOF at the end. Values of NULL
 * slots are zero or empty. Checks each page's CRC when it is there. After a failure the cursor only fails. Skipping rows
 * reads no page that the offset index says can be passed over; BB_EOF when fewer than n_rows were left. */
enum bb_status bb_pq_cursor_next(struct bb_pq_cursor *cursor, size_t max, struct bb_pq_values *values_ret,
                                 struct bb_error *err);
enum bb_status bb_pq_cursor_skip(struct bb_pq_cursor *cursor, int64_t n_rows, struct bb_error *err) BB_WARN_UNUSED;

/* The check before publication: magic, footer, every page header and CRC (a page without is refused), row counts, that
 * offset index, column index and statistics lie inside the file and agree with the pages' headers. Reads the file once in
 * large pieces, decompresses nothing. BB_SKIP says what is wrong. */
enum bb_status bb_pq_check_file(const char *path, struct bb_budget *budget, int64_t *rows_ret,
                                struct bb_error *err) BB_WARN_UNUSED;
/* The same by all threads of the pool (may be NULL), one row group each at a time. */
enum bb_status bb_pq_check_file_by(const char *path, struct bb_pool *pool, struct bb_budget *budget,
                                   int64_t *rows_ret, struct bb_error *err) BB_WARN_UNUSED;
/* The same for a file that was finished, and synced but for the row groups that are still being copied: those are checked as soon as they are
 * synced too. After BB_OK all of the file is. BB_IO also when copying failed.
 *
 * Pages and bloom filters in blocks that the file shares with the one they were carried over from are not read: nothing was written there, and what
 * the blocks hold was read back when that file was made. That footer and indexes place them one after another, with all rows, is checked; and that
 * the indexes of the whole file are byte for byte what was written. A page that touches a byte that was written is read like all else. */
struct bb_pq_file;
enum bb_status bb_pq_check_written(const char *path, struct bb_pq_file *file, struct bb_pool *pool,
                                   struct bb_budget *budget, int64_t *rows_ret,
                                   struct bb_error *err) BB_WARN_UNUSED;

#endif
