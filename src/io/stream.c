#include "io/leaf_list.h"
#include "io/xlsx_text.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define LOOK_NBYTES ((size_t)1536) /* of packed bytes: 4 KiB of a report's text or more */

struct bb_stream {
    struct bb_archive_set *archives;
    struct bb_archive *archive; /* that the bytes are of; NULL: a file of its own */
    int at_end;                 /* all was read */
    struct bb_archive_bytes bytes;
    struct bb_inflate *inflate; /* NULL: a plain file, read as it is … */
    struct bb_xlsx_text *xlsx;  /* … or a workbook, read as text */
    _Atomic uint64_t plain_n;
    const char *path;
    struct bb_error failure; /* sticky; status 0: none */
};

static enum bb_status open_own_file(struct bb_stream *s, const struct bb_leaf *leaf, struct bb_error *err)
{
    const struct bb_source_locator *at = leaf->locator;
    s->bytes.own_fd = -1;
    s->bytes.range = (struct bb_byte_range){ .mem = at->mem, .fd = -1, .n = leaf->stored_size };
    if (at->mem) return BB_OK;
    if (bb_open_file(leaf->path.p, &s->bytes.own_fd, &s->bytes.range.n, err) != BB_OK)
        return bb_fail_prefix(err, "%s", leaf->path.p);
    s->bytes.range.fd = s->bytes.own_fd;
    (void)posix_fadvise(s->bytes.own_fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return BB_OK;
}

static enum bb_status open_stream(const struct bb_leaf *leaf, size_t first_read_nbytes, struct bb_budget *budget,
                                  struct bb_stream **stream_ret, struct bb_error *err)
{
    const struct bb_source_locator *at = leaf->locator;
    struct bb_stream *s = bb_calloc(budget, sizeof *s);
    struct bb_error unwanted;
    enum bb_status status;
    if (!err) err = &unwanted;
    *stream_ret = NULL;
    if (!s) return bb_fail_budget(err, budget, "reading a file");
    s->archives = at->archives;
    s->archive = at->workbook ? at->workbook : at->archive;
    s->path = leaf->path.p;
    if (at->workbook) {
        status = bb_archive_open(at->archives, at->workbook, NULL, &s->bytes, err);
    } else if (!at->archive) {
        status = open_own_file(s, leaf, err);
    } else {
        status = bb_archive_open(at->archives, at->archive, NULL, &s->bytes, err);
        if (status == BB_OK) s->bytes.range = bb_byte_range_part(&s->bytes.range, at->offset, leaf->stored_size);
    }
    if (status == BB_OK && at->workbook) {
        status = bb_xlsx_text_new(&s->bytes.range, budget, &s->xlsx, err);
        if (status != BB_OK) bb_archive_close(s->archives, &s->bytes);
    } else if (status == BB_OK && (at->n_packings > 0 || s->bytes.range.mem)) {
        struct bb_packed packed = {
            .n_packings = at->n_packings, .checked = at->checked, .crc = at->crc, .size = at->content_size
        };
        memcpy(packed.packings, at->packings, sizeof packed.packings);
        s->inflate = bb_archive_set_take_inflate(s->archives);
        status = s->inflate ? bb_inflate_restart(s->inflate, &s->bytes.range, &packed, first_read_nbytes, err)
                            : bb_inflate_new(&s->bytes.range, &packed, first_read_nbytes, budget, &s->inflate, err);
        if (status != BB_OK) bb_inflate_free(s->inflate);
        if (status != BB_OK) bb_archive_close(s->archives, &s->bytes);
    }
    if (status != BB_OK) {
        bb_free(s);
        return status;
    }
    *stream_ret = s;
    return BB_OK;
}

enum bb_status bb_stream_open(const struct bb_leaf *leaf, struct bb_budget *budget, struct bb_stream **stream_ret,
                              struct bb_error *err)
{
    return open_stream(leaf, 0, budget, stream_ret, err);
}

enum bb_status bb_stream_open_to_look(const struct bb_leaf *leaf, struct bb_budget *budget,
                                      struct bb_stream **stream_ret, struct bb_error *err)
{
    return open_stream(leaf, LOOK_NBYTES, budget, stream_ret, err);
}

void bb_stream_close(struct bb_stream *s)
{
    if (!s) return;
    bb_archive_set_give_inflate(s->archives, s->inflate);
    bb_xlsx_text_free(s->xlsx);
    bb_archive_close(s->archives, &s->bytes);
    if (s->at_end && s->archive) bb_archive_member_was_read(s->archives, s->archive);
    bb_free(s);
}

/* Straight into the caller's memory. A file that grows while it is read is read to where it ends then. */
static enum bb_status read_plain(struct bb_stream *s, char *p, size_t cap, size_t *n_ret)
{
    size_t n = 0;
    while (n < cap && s->failure.status == BB_OK) {
        ssize_t got = read(s->bytes.own_fd, p + n, cap - n);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) bb_fail_errno(&s->failure, BB_IO, errno, "reading %s", s->path);
        if (got <= 0) break;
        n += (size_t)got;
    }
    *n_ret = n;
    atomic_fetch_add_explicit(&s->plain_n, n, memory_order_relaxed);
    if (n > 0 || cap == 0) return BB_OK;
    return s->failure.status != BB_OK ? s->failure.status : BB_EOF;
}

enum bb_status bb_stream_read(struct bb_stream *s, char *p, size_t cap, size_t *n_ret, struct bb_error *err)
{
    enum bb_status status;
    if (s->xlsx) {
        status = bb_xlsx_text_read(s->xlsx, p, cap, n_ret, err);
        s->at_end |= status == BB_EOF;
        if (status == BB_IO && err) bb_fail_prefix(err, "%s", s->path);
        return status;
    }
    if (!s->inflate) {
        status = read_plain(s, p, cap, n_ret);
        if (status != BB_OK && status != BB_EOF && err) *err = s->failure;
        return status;
    }
    status = bb_inflate_read(s->inflate, p, cap, n_ret, err);
    s->at_end |= status == BB_EOF;
    if (status == BB_IO && err) bb_fail_prefix(err, "%s", s->path);
    return status;
}

enum bb_status bb_stream_skip(struct bb_stream *s, uint64_t n, struct bb_error *err)
{
    char passed[4096];
    if (!s->inflate && !s->xlsx) {
        if (lseek(s->bytes.own_fd, (off_t)n, SEEK_CUR) >= 0) return BB_OK;
        return bb_fail_errno(err, BB_IO, errno, "reading %s", s->path);
    }
    while (n > 0) {
        size_t got;
        enum bb_status status = bb_stream_read(s, passed, BB_MIN(n, sizeof passed), &got, err);
        if (status == BB_EOF) return BB_OK;
        if (status != BB_OK) return status;
        n -= got;
    }
    return BB_OK;
}

uint64_t bb_stream_stored_position(const struct bb_stream *s)
{
    if (s->xlsx) return bb_xlsx_text_position(s->xlsx);
    if (s->inflate) return bb_inflate_position(s->inflate);
    return atomic_load_explicit(&((struct bb_stream *)s)->plain_n, memory_order_relaxed);
}
