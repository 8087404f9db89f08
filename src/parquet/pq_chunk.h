/* Inside of a column chunk, shared by the files of the writer: pq_chunk.c cuts pages, pq_doubles.c, pq_ints.c and pq_texts.c encode
 * them, pq_index.c describes them, pq_file.c writes them. Not for anybody else. */
#ifndef BB_PQ_CHUNK_H
#define BB_PQ_CHUNK_H

#include "parquet/pq_compress.h"
#include "parquet/pq_defaults.h"
#include "parquet/pq_rle.h"
#include "parquet/pq_write.h"

/* Least and greatest value of a page or chunk. Numbers: the int64 value, or the bits of a double. Texts: where they stand in the
 * chunk's bound_texts, cut to BB_PQ_BOUND_NBYTES. */
struct bb_pq_bounds {
    uint64_t min, max;
    uint32_t min_nbytes, max_nbytes; /* texts only */
    uint8_t has, min_exact, max_exact;
};

struct bb_pq_page_note {
    uint64_t offset; /* from the chunk's first data page */
    int64_t first_row;
    uint32_t nbytes; /* with its header */
    uint32_t rows, nulls;
    struct bb_pq_bounds bounds;
};

/* Distinct 64-bit values in order of first appearance. */
struct bb_pq_dict64 {
    uint64_t *values;
    size_t n, cap;
    uint32_t *slots; /* index + 1, 0: free; at most half full */
    unsigned log2_slots;
};

/* Distinct texts in order of first appearance. */
struct bb_pq_dict_text {
    struct bb_buf plain; /* the dictionary page's contents: length, bytes, … */
    uint32_t *starts;    /* of a text in plain, behind its length */
    uint64_t *prefixes;  /* first 8 bytes as a big-endian number: most comparisons end here */
    uint8_t *marks;      /* scratch: this page has it */
    size_t n, starts_cap, prefixes_cap, marks_cap;
    uint32_t *slots;
    unsigned log2_slots;
    uint32_t *of_code; /* caller's code -> index, UINT32_MAX: not seen yet */
    size_t of_code_cap;
};

struct bb_pq_chunk {
    struct bb_pq_column column;
    struct bb_pq_options options;
    struct bb_budget *budget;
    struct bb_pq_compressor *compressor;
    bb_pq_text_of text_of;
    void *text_ctx;

    /* The page that is being filled. */
    size_t page_rows; /* rows a page may have */
    size_t n, nulls;
    struct bb_pq_run *levels; /* validity, nullable columns only */
    size_t n_levels, levels_cap;
    struct bb_pq_run *runs; /* texts: dictionary indexes (codes once plain); others: scratch for indexes */
    size_t n_runs, runs_cap;
    struct bb_pq_run64 *int_runs;
    size_t n_int_runs, int_runs_cap;
    double *
        doubles; /* doubles: the first one_n values are all `one`; only if they are not all of them they are here */
    size_t n_doubles, doubles_cap, one_n;
    double one;
    size_t text_nbytes; /* plain texts: bytes of the page so far */

    /* The chunk so far. */
    int plain;                          /* the dictionary has been given up */
    enum bb_pq_encoding plain_encoding; /* what is used instead; BB_PQ_RLE: not decided yet */
    enum bb_pq_effort effort;           /* for plain numbers; THOROUGH: for all pages */
    struct bb_pq_dict64 dict64;
    struct bb_pq_dict_text dict_text;
    size_t values_at; /* in raw */
    struct bb_buf raw, pages, dict_page, bound_texts, bloom;
    struct bb_pq_page_note *notes;
    size_t n_notes, notes_cap;
    uint32_t pages_of_encoding[BB_PQ_BYTE_STREAM_SPLIT + 1];
    size_t rows, total_nulls;
    uint64_t uncompressed_nbytes; /* with headers */
    int finished;
};

enum bb_status bb_pq_chunk_no_memory(const struct bb_pq_chunk *chunk, struct bb_error *err);

/* Starts chunk->raw with the levels; the encoder appends its values, at chunk->values_at. */
enum bb_status bb_pq_page_begin(struct bb_pq_chunk *chunk, struct bb_error *err) BB_WARN_UNUSED;
/* Compressed size of the first most_nbytes of chunk->raw, without keeping anything. */
enum bb_status bb_pq_page_try(struct bb_pq_chunk *chunk, enum bb_pq_effort effort, size_t most_nbytes,
                              size_t *nbytes_ret, struct bb_error *err) BB_WARN_UNUSED;
/* Compresses chunk->raw into the chunk's pages and notes it. */
enum bb_status bb_pq_page_end(struct bb_pq_chunk *chunk, enum bb_pq_encoding encoding,
                              const struct bb_pq_bounds *bounds, struct bb_error *err) BB_WARN_UNUSED;
/* Appends chunk->runs as dictionary indexes (width byte and hybrid) of a dictionary of n_entries. */
enum bb_status bb_pq_put_indexes(struct bb_pq_chunk *chunk, size_t n_entries, struct bb_error *err) BB_WARN_UNUSED;

/* Encode the page that is full (or the chunk's last); the page's values are consumed. */
enum bb_status bb_pq_doubles_page(struct bb_pq_chunk *chunk, struct bb_error *err) BB_WARN_UNUSED;
enum bb_status bb_pq_ints_page(struct bb_pq_chunk *chunk, struct bb_error *err) BB_WARN_UNUSED;
enum bb_status bb_pq_texts_page(struct bb_pq_chunk *chunk, struct bb_error *err) BB_WARN_UNUSED;

/* Closes the page under construction. */
enum bb_status bb_pq_chunk_cut(struct bb_pq_chunk *chunk, struct bb_error *err) BB_WARN_UNUSED;
/* Adds n rows of one validity; rows then are part of the page. */
enum bb_status bb_pq_chunk_levels(struct bb_pq_chunk *chunk, int valid, size_t n,
                                  struct bb_error *err) BB_WARN_UNUSED;

/* PLAIN form of a number of the column's type; returns its bytes (1, 4 or 8). bits as in struct bb_pq_bounds. */
size_t bb_pq_plain_number(const struct bb_pq_chunk *chunk, uint64_t bits, uint8_t out[8]);
/* Appends all values of dict64 in PLAIN form to chunk->raw. */
enum bb_status bb_pq_dict64_plain(struct bb_pq_chunk *chunk, struct bb_error *err) BB_WARN_UNUSED;

/* Index of bits, added when it is new: *idx_ret. False: no memory. */
int bb_pq_dict64_add(struct bb_pq_dict64 *d, struct bb_budget *budget, uint64_t bits,
                     uint32_t *idx_ret) BB_WARN_UNUSED;
int bb_pq_dict64_grow(struct bb_pq_dict64 *d, struct bb_budget *budget) BB_WARN_UNUSED; /* room for one more */
void bb_pq_dict64_clear(struct bb_pq_dict64 *d);
void bb_pq_dict64_free(struct bb_pq_dict64 *d);
static inline size_t bb_pq_dict64_slot(const struct bb_pq_dict64 *d, uint64_t bits)
{
    return (size_t)((bits * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - d->log2_slots));
}

struct bb_str bb_pq_dict_text_at(const struct bb_pq_dict_text *d, size_t i);
void bb_pq_dict_text_clear(struct bb_pq_dict_text *d);
void bb_pq_dict_text_free(struct bb_pq_dict_text *d);

/* ---- pq_index.c ---- */
/* Stores a page's least and greatest text. */
enum bb_status bb_pq_text_bounds(struct bb_pq_chunk *chunk, struct bb_str min, struct bb_str max,
                                 struct bb_pq_bounds *bounds_ret, struct bb_error *err) BB_WARN_UNUSED;
struct bb_str bb_pq_bound_bytes(const struct bb_pq_chunk *chunk, const struct bb_pq_bounds *b, int want_max,
                                uint8_t scratch[8]);
/* Over all pages; has == 0: every row is NULL (or no order). */
struct bb_pq_bounds bb_pq_chunk_bounds(const struct bb_pq_chunk *chunk);
/* Append the indexes as they stand in the file; data_offset is where the chunk's first data page lies. The column index may be
 * left out (nothing appended). False: no memory. */
int bb_pq_write_column_index(const struct bb_pq_chunk *chunk, struct bb_buf *out) BB_WARN_UNUSED;
int bb_pq_write_offset_index(const struct bb_pq_chunk *chunk, uint64_t data_offset,
                             struct bb_buf *out) BB_WARN_UNUSED;
/* Fills chunk->bloom when one is wanted and pays. */
enum bb_status bb_pq_chunk_bloom(struct bb_pq_chunk *chunk, struct bb_error *err) BB_WARN_UNUSED;

#endif
