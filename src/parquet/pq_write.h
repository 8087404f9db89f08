/* Writes Parquet files: columns are encoded independently, by any number of threads, then spliced in order, so that equal rows
 * and options give byte-identical files within one release.
 *
 * What is written: format 2.x, data pages v1 with CRC, PLAIN and RLE_DICTIONARY (profile `dense` adds BYTE_STREAM_SPLIT and
 * DELTA_BINARY_PACKED), statistics with min_value/max_value and null_count and column orders, column index and offset index, encoding_stats,
 * sorting_columns, logical and legacy converted types, ARROW:schema (Arrow IPC schema message, base64, so that zoned timestamps keep
 * their zone), split-block bloom filters, key-value metadata. Never INT96, never codec 5.
 *
 * Knows nothing of prices or markets. */
#ifndef BB_PQ_WRITE_H
#define BB_PQ_WRITE_H

#include "base/buf.h"
#include "parquet/pq_types.h"

struct bb_pq_column {
    const char *name;
    enum bb_pq_type type;
    enum bb_pq_logical logical;
    int nullable;
    const char *zone; /* timestamps: zone name in ARROW:schema ("UTC", "America/New_York") */
    int bloom;        /* write a bloom filter when the chunk has more than 8 distinct values */
};

/* Working memory of compression that all chunks of a run borrow from, a page at a time: bytes do not depend on it. */
struct bb_pq_compressors;
struct bb_pq_compressors *bb_pq_compressors_new(struct bb_budget *budget); /* NULL: no memory */
void bb_pq_compressors_free(struct bb_pq_compressors *compressors);        /* after all its chunks */
void bb_pq_compressors_give_back(struct bb_pq_compressors *compressors); /* the memory of those that nobody uses */

struct bb_pq_options {
    enum bb_pq_codec codec;
    int level;                             /* of zstd, gzip; 0: the default for the codec */
    int dense;                             /* BYTE_STREAM_SPLIT and DELTA where they are smaller */
    struct bb_pq_compressors *compressors; /* NULL: each chunk has its own, which costs about a megabyte a column */
    size_t page_rows;                      /* rows per data page at most; 0: default of pq_defaults.h */
    int copies_in_thread; /* bb_pq_file_append_copied: the bytes follow in a thread, see bb_pq_file_copier */
};

/* One key-value of the footer. */
struct bb_pq_kv {
    const char *key;
    struct bb_str value;
};

/* ---- one column chunk; owned by one thread at a time ---- */
struct bb_pq_chunk;
enum bb_status bb_pq_chunk_new(const struct bb_pq_column *column, const struct bb_pq_options *options,
                               struct bb_budget *budget, struct bb_pq_chunk **chunk_ret,
                               struct bb_error *err) BB_WARN_UNUSED;
void bb_pq_chunk_free(struct bb_pq_chunk *chunk);

/* BOOLEAN, INT32, INT64 columns: the same value n times. valid 0: NULL n times. */
enum bb_status bb_pq_put_run(struct bb_pq_chunk *chunk, int64_t value, int valid, size_t n,
                             struct bb_error *err) BB_WARN_UNUSED;

/* DOUBLE: values with their validity (valid == NULL: all are there). Never NaN, never -0.0. */
enum bb_status bb_pq_put_doubles(struct bb_pq_chunk *chunk, const double *values, const uint8_t *valid, size_t n,
                                 struct bb_error *err) BB_WARN_UNUSED;
/* DOUBLE, all rows of a run equal (voltage, constants): the same as put_doubles with n copies. */
enum bb_status bb_pq_put_double_run(struct bb_pq_chunk *chunk, double value, int valid, size_t n,
                                    struct bb_error *err) BB_WARN_UNUSED;

/* BYTE_ARRAY: codes into a table of texts that the caller keeps and may extend between calls; a code keeps its text for the life of
 * the chunk. Several codes may have one text. BB_PQ_NULL_CODE is NULL, and so is a code whose text has no p. Always
 * dictionary-encoded unless the dictionary grows beyond its limit. */
#define BB_PQ_NULL_CODE UINT32_MAX
typedef struct bb_str (*bb_pq_text_of)(void *ctx, uint32_t code);
void bb_pq_set_texts(struct bb_pq_chunk *chunk, bb_pq_text_of text_of, void *ctx);
/* n codes (uint32_t), each stride_nbytes behind the one before: a member of the caller's rows, or an array. */
enum bb_status bb_pq_put_codes(struct bb_pq_chunk *chunk, const void *codes, size_t stride_nbytes, size_t n,
                               struct bb_error *err) BB_WARN_UNUSED;
enum bb_status bb_pq_put_code_run(struct bb_pq_chunk *chunk, uint32_t code, size_t n,
                                  struct bb_error *err) BB_WARN_UNUSED;

size_t bb_pq_chunk_rows(const struct bb_pq_chunk *chunk);

/* Encodes what is left and fixes the chunk's bytes and metadata (offsets relative to the chunk). After this the chunk can be
 * appended to a file, and reset to be used for the next row group. */
enum bb_status bb_pq_chunk_finish(struct bb_pq_chunk *chunk, struct bb_error *err) BB_WARN_UNUSED;
void bb_pq_chunk_reset(struct bb_pq_chunk *chunk);

/* ---- the file ---- */
struct bb_pq_file;
/* fd is open for writing at offset 0 and stays the caller's. columns and sorting (column numbers, all ascending, nulls first) are kept
 * by reference. */
enum bb_status bb_pq_file_new(int fd, const struct bb_pq_column *columns, size_t n_columns, const int *sorting,
                              size_t n_sorting, const struct bb_pq_options *options, struct bb_budget *budget,
                              struct bb_pq_file **file_ret, struct bb_error *err) BB_WARN_UNUSED;
void bb_pq_file_free(struct bb_pq_file *file); /* also after a failure; does not touch fd */

/* Appends a row group of finished chunks, one per column, all of the same number of rows > 0. same_as (may be NULL):
 * same_as[i] = j < i says that column i has the values of column j (datetime_utc and interval_start_utc): chunks[i] is
 * NULL then and j's bytes are written again for i. */
enum bb_status bb_pq_file_append_group(struct bb_pq_file *file, struct bb_pq_chunk *const *chunks,
                                       const int *same_as, struct bb_error *err) BB_WARN_UNUSED;

/* Bytes of the caller's own between row groups, which readers of Parquet pass over; their place is for a key-value. */
enum bb_status bb_pq_file_append_blob(struct bb_pq_file *file, struct bb_str bytes, uint64_t *offset_ret,
                                      struct bb_error *err) BB_WARN_UNUSED;

/* A row group of a file that busbar wrote with the same columns and codec: its pages are copied byte for byte, statistics and indexes follow.
 * Nothing is decoded. Begins at a multiple of 4096 bytes from where it was when it is large, so that file systems that can share blocks do.
 * bb_pq_file_can_copy asks once per file. The reader stays open until the file is checked or freed. */
struct bb_pq_reader;
int bb_pq_file_can_copy(const struct bb_pq_file *file, const struct bb_pq_reader *reader);
enum bb_status bb_pq_file_append_copied(struct bb_pq_file *file, struct bb_pq_reader *reader, size_t group,
                                        struct bb_error *err) BB_WARN_UNUSED;

/* Writes indexes, bloom filters, the footer with kvs (ARROW:schema is added by itself) and the magic. *nbytes_ret is the file size. With
 * copies_in_thread the row groups may still be on their way: bb_pq_check_written waits for them. */
enum bb_status bb_pq_file_finish(struct bb_pq_file *file, const struct bb_pq_kv *kvs, size_t n_kvs,
                                 uint64_t *nbytes_ret, struct bb_error *err) BB_WARN_UNUSED;

/* Whether the finished file has the page indexes that were written to it: BB_SKIP if not. reader: of that file. */
enum bb_status bb_pq_file_check_indexes(const struct bb_pq_file *file, struct bb_pq_reader *reader,
                                        struct bb_error *err) BB_WARN_UNUSED;

/* What copies row groups in a thread of its own; NULL: none is copied, or all are. */
struct bb_pq_copier;
struct bb_pq_copier *bb_pq_file_copier(const struct bb_pq_file *file);

#endif
