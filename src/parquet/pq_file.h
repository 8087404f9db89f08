/* Inside of the file writer: what pq_file.c and pq_copy.c share. Only for these two. */
#ifndef BB_PQ_FILE_H
#define BB_PQ_FILE_H

#include "parquet/pq_copier.h"
#include "parquet/pq_write.h"

struct bb_pq_piece { /* of one of the buffers that are written behind the row groups */
    uint64_t start;
    uint32_t nbytes; /* 0: there is none */
};

/* What the footer will say of one column chunk. */
struct bb_pq_chunk_note {
    uint64_t dictionary_offset, data_offset; /* dictionary_offset 0: none */
    uint64_t compressed_nbytes, uncompressed_nbytes;
    uint64_t nulls;
    uint32_t pages_of_encoding[BB_PQ_BYTE_STREAM_SPLIT + 1];
    struct bb_pq_piece bloom, column_index, offset_index, min, max; /* min and max lie in texts */
    uint8_t has_bounds, min_exact, max_exact;
};

struct bb_pq_group_note {
    uint64_t rows, offset, compressed_nbytes, uncompressed_nbytes;
};

/* Bytes that are carried over from an older file and that the copier was not told of yet: few long ranges are shared or copied in less time than
 * many short ones, and no block is cut where one ends. */
struct bb_pq_carried {
    struct bb_pq_reader *reader; /* the older file; NULL: nothing was carried over */
    uint64_t from, to, nbytes;
};

/* Bloom filters, one after another: those of copied row groups are carried over in long ranges too, without being looked at. */
struct bb_pq_bloom_run {
    struct bb_pq_reader *reader; /* NULL: from is a place in blooms */
    uint64_t from, nbytes;
};

struct bb_pq_file {
    int fd;
    const struct bb_pq_column *columns;
    size_t n_columns;
    const int *sorting;
    size_t n_sorting;
    struct bb_pq_options options;
    struct bb_budget *budget;
    struct bb_buf out;           /* not written yet */
    uint64_t written_nbytes;     /* with what the copier was told to copy */
    struct bb_pq_copier *copier; /* NULL: nothing is copied */
    struct bb_pq_carried carried;
    struct bb_buf blooms, column_indexes, offset_indexes, texts;
    struct bb_pq_bloom_run *bloom_runs;
    size_t n_bloom_runs, bloom_runs_cap;
    uint64_t blooms_nbytes;          /* of all runs */
    uint64_t indexes_offset;         /* column indexes, then offset indexes; once finished */
    struct bb_pq_chunk_note *chunks; /* group by group */
    size_t n_chunks, chunks_cap;
    struct bb_pq_group_note *groups;
    size_t n_groups, groups_cap;
    uint64_t rows;
};

uint64_t bb_pq_file_offset(const struct bb_pq_file *f); /* where the next byte goes */
enum bb_status bb_pq_file_put(struct bb_pq_file *f, const void *p, size_t n, struct bb_error *err) BB_WARN_UNUSED;
enum bb_status bb_pq_file_flush(struct bb_pq_file *f, struct bb_error *err) BB_WARN_UNUSED;
/* Room in chunks and groups for one more. */
enum bb_status bb_pq_file_room_for_group(struct bb_pq_file *f, struct bb_error *err) BB_WARN_UNUSED;
void bb_pq_file_count_group(struct bb_pq_file *f, const struct bb_pq_group_note *note);

/* One more filter; its piece is its place among all of them. */
enum bb_status bb_pq_file_add_bloom(struct bb_pq_file *f, struct bb_pq_reader *reader, uint64_t from,
                                    uint32_t nbytes, struct bb_pq_piece *piece,
                                    struct bb_error *err) BB_WARN_UNUSED;
/* Writes them all; *offset_ret is where the first one lies. */
enum bb_status bb_pq_file_write_blooms(struct bb_pq_file *f, uint64_t *offset_ret,
                                       struct bb_error *err) BB_WARN_UNUSED;
/* Tells the copier of all that it does not know yet. */
enum bb_status bb_pq_file_carry_end(struct bb_pq_file *f, struct bb_error *err) BB_WARN_UNUSED;

#endif
