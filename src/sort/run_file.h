/* Rows on disk: runs, each sorted by instant (rows of one instant in the order of adding), in one unlinked temporary file.
 *
 * A run is a list of blocks of a fixed number of rows (the last one shorter), each with a checksum over its content and its
 * number in the run, so that a disk that lies is noticed. A writer and readers of one file belong to one thread. */
#ifndef BB_RUN_FILE_H
#define BB_RUN_FILE_H

#include "table/row.h"

struct bb_run_file {
    int fd; /* -1: not there yet */
    uint64_t nbytes;
    uint32_t block_rows;
    const char *temp_dir;
};

struct bb_run {           /* rows of a file that are still to be read */
    uint64_t at, end;     /* file offsets of the next block and behind the last */
    uint32_t block;       /* number of the next block */
    uint32_t skip_rows;   /* of the next block: read already */
    uint32_t first_utc_s; /* of the next row */
};

void bb_run_file_init(struct bb_run_file *file, const char *temp_dir, uint32_t block_rows);
void bb_run_file_reset(struct bb_run_file *file);
size_t bb_run_block_nbytes(const struct bb_run_file *file);

struct bb_run_block;

struct bb_run_writer {
    struct bb_run_file *file;
    struct bb_run_block *block;
    struct bb_run run; /* complete after finish */
    uint64_t at;       /* file offset of the next block */
};

/* begin creates the file if need be. After a failure of put or finish the file is as it was before begin. finish and abort
 * free the writer's memory; put with rows not in ascending instants is a mistake of the caller. */
enum bb_status bb_run_writer_begin(struct bb_run_writer *writer, struct bb_run_file *file, struct bb_budget *budget,
                                   struct bb_error *err) BB_WARN_UNUSED;
enum bb_status bb_run_writer_put(struct bb_run_writer *writer, const struct bb_row *row,
                                 struct bb_error *err) BB_WARN_UNUSED;
enum bb_status bb_run_writer_finish(struct bb_run_writer *writer, struct bb_error *err) BB_WARN_UNUSED;
void bb_run_writer_abort(struct bb_run_writer *writer);

struct bb_run_reader {
    const struct bb_run_file *file;
    struct bb_run_block *block;
    struct bb_run run;         /* position of the block after the loaded one */
    const struct bb_row *rows; /* rows[pos] … rows[n - 1] are loaded and unread */
    uint32_t pos, n;           /* pos == n: the run is at its end */
};

/* Loads the first block. */
enum bb_status bb_run_reader_open(struct bb_run_reader *reader, const struct bb_run_file *file,
                                  const struct bb_run *run, struct bb_budget *budget,
                                  struct bb_error *err) BB_WARN_UNUSED;
/* Call when pos has reached n: loads the next block, if there is one. BB_IO when it is damaged. */
enum bb_status bb_run_reader_more(struct bb_run_reader *reader, struct bb_error *err) BB_WARN_UNUSED;
/* Frees the memory; *run_ret is what is left unread (may be NULL). Returns false when nothing is left. */
int bb_run_reader_close(struct bb_run_reader *reader, struct bb_run *run_ret);

#endif
