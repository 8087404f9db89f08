#include "io/byte_range.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum bb_status bb_byte_range_read(const struct bb_byte_range *range, uint64_t at, void *p, size_t n, size_t *n_ret,
                                  struct bb_error *err)
{
    size_t done = 0;
    *n_ret = 0;
    if (at >= range->n) return BB_OK;
    n = (size_t)BB_MIN((uint64_t)n, range->n - at);
    if (range->mem) {
        memcpy(p, range->mem + at, n);
        *n_ret = n;
        return BB_OK;
    }
    if (range->near && at >= range->near_at && n <= range->near_n && at - range->near_at <= range->near_n - n) {
        memcpy(p, range->near + (at - range->near_at), n);
        *n_ret = n;
        return BB_OK;
    }
    while (done < n) {
        ssize_t got = pread(range->fd, (char *)p + done, n - done, (off_t)(range->offset + at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return bb_fail_errno(err, BB_IO, errno, "reading at byte %llu", (unsigned long long)(at + done));
        if (got == 0) break;
        done += (size_t)got;
    }
    *n_ret = done;
    return BB_OK;
}

struct bb_byte_range bb_byte_range_part(const struct bb_byte_range *range, uint64_t offset, uint64_t n)
{
    struct bb_byte_range part = *range;
    offset = BB_MIN(offset, range->n);
    part.n = BB_MIN(n, range->n - offset);
    if (part.mem) {
        part.mem += offset;
    } else if (part.near && offset >= part.near_at && part.n <= part.near_n &&
               offset - part.near_at <= part.near_n - part.n) {
        part = (struct bb_byte_range){ .mem = part.near + (offset - part.near_at), .fd = -1, .n = part.n };
    } else {
        part.near = NULL;
        part.offset += offset;
    }
    return part;
}
