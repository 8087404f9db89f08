#include "sort/run_file.h"

#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bb_run_block {
    uint64_t checksum; /* XXH3 of all that follows */
    uint32_t number;   /* in its run */
    uint32_t n_rows;
    struct bb_row rows[];
};

static size_t block_nbytes(uint32_t n_rows)
{
    return sizeof(struct bb_run_block) + (size_t)n_rows * sizeof(struct bb_row);
}

static uint64_t checksum_of(const struct bb_run_block *block)
{
    size_t skip = sizeof block->checksum;
    return bb_hash64((const char *)block + skip, block_nbytes(block->n_rows) - skip);
}

void bb_run_file_init(struct bb_run_file *file, const char *temp_dir, uint32_t block_rows)
{
    *file = (struct bb_run_file){ .fd = -1, .temp_dir = temp_dir, .block_rows = block_rows };
}

void bb_run_file_reset(struct bb_run_file *file)
{
    if (file->fd >= 0) close(file->fd);
    file->fd = -1;
    file->nbytes = 0;
}

size_t bb_run_block_nbytes(const struct bb_run_file *file) { return block_nbytes(file->block_rows); }

static enum bb_status open_file(struct bb_run_file *file, struct bb_budget *budget, struct bb_error *err)
{
    static const char name[] = "/.busbar-rows-XXXXXX";
    size_t n = strlen(file->temp_dir);
    char *path;
    int errno_value;
    file->fd = open(file->temp_dir, O_TMPFILE | O_RDWR | O_CLOEXEC,
                    0600); /* never has a name that a killed run could leave */
    if (file->fd >= 0) return BB_OK;
    path = bb_alloc(budget, n + sizeof name);
    if (!path) return bb_fail_budget(err, budget, "the name of a temporary file");
    memcpy(path, file->temp_dir, n);
    memcpy(path + n, name, sizeof name);
    file->fd = mkostemp(path, O_CLOEXEC); /* file systems without O_TMPFILE */
    errno_value = errno;
    if (file->fd >= 0) unlink(path);
    bb_free(path);
    if (file->fd >= 0) return BB_OK;
    return bb_fail_errno(err, BB_IO, errno_value,
                         "cannot create a temporary file in %s; name another folder with --temp-dir",
                         file->temp_dir);
}

enum bb_status bb_run_writer_begin(struct bb_run_writer *writer, struct bb_run_file *file, struct bb_budget *budget,
                                   struct bb_error *err)
{
    memset(writer, 0, sizeof *writer);
    if (file->fd < 0) BB_TRY(open_file(file, budget, err));
    writer->block = bb_alloc(budget, block_nbytes(file->block_rows));
    if (!writer->block) return bb_fail_budget(err, budget, "writing rows to a temporary file");
    writer->block->number = writer->block->n_rows = 0;
    writer->file = file;
    writer->at = file->nbytes;
    return BB_OK;
}

void bb_run_writer_abort(struct bb_run_writer *writer)
{
    if (writer->block && ftruncate(writer->file->fd, (off_t)writer->file->nbytes) != 0) {
        /* the rest only takes space until the file is closed: the next run overwrites it */
    }
    bb_free(writer->block);
    writer->block = NULL;
}

static enum bb_status flush(struct bb_run_writer *writer, struct bb_error *err)
{
    struct bb_run_block *block = writer->block;
    size_t left = block_nbytes(block->n_rows);
    const char *p = (const char *)block;
    block->checksum = checksum_of(block);
    while (left > 0) {
        ssize_t done = pwrite(writer->file->fd, p, left, (off_t)writer->at);
        if (done <= 0) {
            int errno_value = done == 0 ? ENOSPC : errno;
            if (done < 0 && errno_value == EINTR) continue;
            bb_run_writer_abort(writer);
            return bb_fail_errno(
                err, BB_IO, errno_value,
                "cannot write rows to a temporary file in %s; make room there or name another folder with "
                "--temp-dir",
                writer->file->temp_dir);
        }
        p += done;
        left -= (size_t)done;
        writer->at += (size_t)done;
    }
    block->number++;
    block->n_rows = 0;
    return BB_OK;
}

enum bb_status bb_run_writer_put(struct bb_run_writer *writer, const struct bb_row *row, struct bb_error *err)
{
    struct bb_run_block *block = writer->block;
    if (block->number == 0 && block->n_rows == 0) writer->run.first_utc_s = row->start_utc_s;
    block->rows[block->n_rows++] = *row;
    return block->n_rows == writer->file->block_rows ? flush(writer, err) : BB_OK;
}

enum bb_status bb_run_writer_finish(struct bb_run_writer *writer, struct bb_error *err)
{
    if (writer->block->n_rows > 0) BB_TRY(flush(writer, err));
    writer->run.at = writer->file->nbytes;
    writer->run.end = writer->file->nbytes = writer->at;
    bb_free(writer->block);
    writer->block = NULL;
    return BB_OK;
}

enum bb_status bb_run_reader_open(struct bb_run_reader *reader, const struct bb_run_file *file,
                                  const struct bb_run *run, struct bb_budget *budget, struct bb_error *err)
{
    enum bb_status status;
    *reader = (struct bb_run_reader){ .file = file, .run = *run };
    reader->block = bb_alloc(budget, block_nbytes(file->block_rows));
    if (!reader->block) return bb_fail_budget(err, budget, "reading rows back from a temporary file");
    reader->rows = reader->block->rows;
    status = bb_run_reader_more(reader, err);
    if (status == BB_OK)
        reader->pos = run->skip_rows;
    else
        bb_run_reader_close(reader, NULL);
    return status;
}

static enum bb_status fail_damaged(const struct bb_run_reader *reader, const char *what, struct bb_error *err)
{
    return bb_fail(
        err, BB_IO,
        "a temporary file in %s is damaged at byte %llu: %s; check the disk or name another folder with --temp-dir",
        reader->file->temp_dir, (unsigned long long)reader->run.at, what);
}

enum bb_status bb_run_reader_more(struct bb_run_reader *reader, struct bb_error *err)
{
    struct bb_run *run = &reader->run;
    struct bb_run_block *block = reader->block;
    size_t want = (size_t)BB_MIN((uint64_t)block_nbytes(reader->file->block_rows), run->end - run->at), got = 0;
    reader->pos = reader->n = 0;
    if (want == 0) return BB_OK;
    while (got < want) {
        ssize_t done = pread(reader->file->fd, (char *)block + got, want - got, (off_t)(run->at + got));
        if (done == 0) return fail_damaged(reader, "it ends early", err);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0)
            return bb_fail_errno(err, BB_IO, errno, "cannot read rows back from a temporary file in %s",
                                 reader->file->temp_dir);
        got += (size_t)done;
    }
    if (block->n_rows == 0 || block->n_rows > reader->file->block_rows || block_nbytes(block->n_rows) != want ||
        block->number != run->block || block->checksum != checksum_of(block) || run->skip_rows >= block->n_rows)
        return fail_damaged(reader, "its checksum does not match its content", err);
    reader->n = block->n_rows;
    run->at += want;
    run->block++;
    run->skip_rows = 0;
    return BB_OK;
}

int bb_run_reader_close(struct bb_run_reader *reader, struct bb_run *run_ret)
{
    int left = reader->block && reader->pos < reader->n;
    if (left && run_ret) {
        *run_ret = reader->run;
        run_ret->at -= block_nbytes(reader->n);
        run_ret->block--;
        run_ret->skip_rows = reader->pos;
        run_ret->first_utc_s = reader->rows[reader->pos].start_utc_s;
    }
    bb_free(reader->block);
    reader->block = NULL;
    return left;
}
