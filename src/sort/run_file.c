#include "sort/run_file.h"

#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    *file =
        (struct bb_run_file){ .fd = -1, .temp_dir = temp_dir, .block_rows = BB_MIN(block_rows, BB_BLOCK_MAX_ROWS) };
}

void bb_run_file_reset(struct bb_run_file *file)
{
    if (file->fd >= 0) close(file->fd);
    file->fd = -1;
    file->nbytes = 0;
}

size_t bb_run_block_nbytes(const struct bb_run_file *file) { return block_nbytes(file->block_rows); }

enum bb_status bb_run_file_open(struct bb_run_file *file, struct bb_budget *budget, struct bb_error *err)
{
    static const char name[] = "/.busbar-rows-XXXXXX";
    size_t n = strlen(file->temp_dir);
    char *path;
    int errno_value;
    if (file->fd >= 0) return BB_OK;
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

enum bb_status bb_run_block_write(const struct bb_run_file *file, uint64_t run_at, struct bb_run_block *block,
                                  struct bb_error *err)
{
    size_t left = block_nbytes(block->n_rows);
    uint64_t at = run_at + (uint64_t)block->number * bb_run_block_nbytes(file);
    const char *p = (const char *)block;
    block->checksum = checksum_of(block);
    while (left > 0) {
        ssize_t done = pwrite(file->fd, p, left, (off_t)at);
        if (done <= 0) {
            int errno_value = done == 0 ? ENOSPC : errno;
            if (done < 0 && errno_value == EINTR) continue;
            return bb_fail_errno(
                err, BB_IO, errno_value,
                "cannot write rows to a temporary file in %s; make room there or name another folder with "
                "--temp-dir",
                file->temp_dir);
        }
        p += done;
        left -= (size_t)done;
        at += (size_t)done;
    }
    return BB_OK;
}

static enum bb_status fail_damaged(const struct bb_run_file *file, uint64_t at, const char *what,
                                   struct bb_error *err)
{
    return bb_fail(
        err, BB_IO,
        "a temporary file in %s is damaged at byte %llu: %s; check the disk or name another folder with --temp-dir",
        file->temp_dir, (unsigned long long)at, what);
}

enum bb_status bb_run_block_read(const struct bb_run_file *file, const struct bb_run *run, uint32_t number,
                                 struct bb_run_block *block, struct bb_error *err)
{
    size_t most = bb_run_block_nbytes(file), got = 0;
    uint64_t at = run->at + (uint64_t)number * most;
    while (got < most) {
        ssize_t done = pread(file->fd, (char *)block + got, most - got, (off_t)(at + got));
        if (done == 0) break; /* the last block of the file may be short */
        if (done < 0 && errno == EINTR) continue;
        if (done < 0)
            return bb_fail_errno(err, BB_IO, errno, "cannot read rows back from a temporary file in %s",
                                 file->temp_dir);
        got += (size_t)done;
    }
    if (got < sizeof *block) return fail_damaged(file, at, "it ends early", err);
    if (block->n_rows == 0 || block->n_rows > file->block_rows || block->number != number)
        return fail_damaged(file, at, "this is not what was written", err);
    if (got < block_nbytes(block->n_rows)) return fail_damaged(file, at, "it ends early", err);
    if (block->checksum != checksum_of(block))
        return fail_damaged(file, at, "its checksum does not match its content", err);
    return BB_OK;
}
