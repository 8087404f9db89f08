/* Rows on disk: runs, each sorted by instant (rows of one instant in the order of adding), in one unlinked temporary file.
 *
 * A run is a list of blocks, each in a place of its own of the same size, with a checksum over its content and its number in the
 * run, so that a disk that lies is noticed. Any block may hold fewer rows than fit. What is kept in memory of a block is its first instant:
 * who reads knows beforehand which blocks he needs. Blocks may be written and read by several threads at once. */
#ifndef BB_RUN_FILE_H
#define BB_RUN_FILE_H

#include "table/row.h"

#define BB_NO_INSTANT     ((uint64_t)1 << 32)
#define BB_BLOCK_MAX_ROWS 1024u /* a unit of row numbers: see row_store.h */

struct bb_run_file {
    int fd; /* -1: not there yet */
    uint64_t nbytes;
    uint32_t block_rows; /* at most BB_BLOCK_MAX_ROWS */
    const char *temp_dir;
};

struct bb_run_block {
    uint64_t checksum; /* XXH3 of all that follows */
    uint32_t number;   /* in its run */
    uint32_t n_rows;
    struct bb_row rows[];
};

struct bb_run {
    uint64_t at; /* file offset of block 0 */
    uint32_t n_blocks;
    uint32_t next;         /* the first block with rows that are still to be read */
    uint32_t skip_rows;    /* of it: read already */
    uint32_t *first_utc_s; /* [n_blocks]: of each block's first row, or first row that is left */
};

void bb_run_file_init(struct bb_run_file *file, const char *temp_dir, uint32_t block_rows);
void bb_run_file_reset(struct bb_run_file *file);
/* Creates the file if it is not there yet. */
enum bb_status bb_run_file_open(struct bb_run_file *file, struct bb_budget *budget,
                                struct bb_error *err) BB_WARN_UNUSED;

size_t bb_run_block_nbytes(const struct bb_run_file *file);
static inline uint64_t bb_run_first(const struct bb_run *run) /* BB_NO_INSTANT: nothing is left */
{
    return run->next < run->n_blocks ? run->first_utc_s[run->next] : BB_NO_INSTANT;
}

/* Fills in the checksum and writes the block, whose number and rows are set, into its place of the run that begins at run_at. */
enum bb_status bb_run_block_write(const struct bb_run_file *file, uint64_t run_at, struct bb_run_block *block,
                                  struct bb_error *err) BB_WARN_UNUSED;
/* block has room for bb_run_block_nbytes. BB_IO when it is damaged or cannot be read. */
enum bb_status bb_run_block_read(const struct bb_run_file *file, const struct bb_run *run, uint32_t number,
                                 struct bb_run_block *block, struct bb_error *err) BB_WARN_UNUSED;

#endif
