#include "generate/gen_zip.h"

#include "base/buf.h"

#include <zlib.h>

#define CHUNK_NBYTES ((size_t)64 << 10)

struct bb_gen_zip {
    struct bb_gen_sink sink;
    struct bb_budget *budget;
    z_stream deflate;
    int deflate_ready, in_member;
    uint64_t offset; /* bytes given to the sink */
    uint32_t crc, dos_stamp, n_members;
    uint64_t plain_nbytes, member_offset, data_offset;
    struct bb_buf directory;
    size_t name_nbytes;
    char name[256];
    char chunk[CHUNK_NBYTES];
};

static void *zlib_alloc(void *budget, unsigned n, unsigned size) { return bb_alloc(budget, (size_t)n * size); }
static void zlib_free(void *budget, void *p)
{
    (void)budget;
    bb_free(p);
}

static char *le16(char *p, uint32_t v)
{
    *p++ = (char)(v & 255);
    *p++ = (char)(v >> 8 & 255);
    return p;
}
static char *le32(char *p, uint32_t v) { return le16(le16(p, v & 0xffff), v >> 16); }

static enum bb_status emit(struct bb_gen_zip *zip, const char *p, size_t n, struct bb_error *err)
{
    zip->offset += n;
    if (zip->offset > 0xffffffffu) {
        return bb_fail(err, BB_MISUSE,
                       "the zip would be larger than 4 GiB; write more, smaller files (files per day)");
    }
    return zip->sink.write(zip->sink.ctx, p, n, err);
}

enum bb_status bb_gen_zip_new(struct bb_gen_sink sink, int level, struct bb_budget *budget,
                              struct bb_gen_zip **zip_ret, struct bb_error *err)
{
    struct bb_gen_zip *zip = bb_calloc(budget, sizeof *zip);
    *zip_ret = NULL;
    if (!zip) return bb_fail_budget(err, budget, "packing");
    zip->sink = sink;
    zip->budget = budget;
    bb_buf_init(&zip->directory, budget, (size_t)16 << 20);
    zip->deflate.zalloc = zlib_alloc;
    zip->deflate.zfree = zlib_free;
    zip->deflate.opaque = budget;
    if (deflateInit2(&zip->deflate, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        bb_gen_zip_free(zip);
        return bb_fail_budget(err, budget, "packing");
    }
    zip->deflate_ready = 1;
    *zip_ret = zip;
    return BB_OK;
}

static enum bb_status pump(struct bb_gen_zip *zip, int flush, struct bb_error *err)
{
    int rc;
    do {
        zip->deflate.next_out = (Bytef *)zip->chunk;
        zip->deflate.avail_out = (uInt)CHUNK_NBYTES;
        rc = deflate(&zip->deflate, flush);
        if (rc == Z_STREAM_ERROR) return bb_fail(err, BB_BUG, "deflate lost its state");
        BB_TRY(emit(zip, zip->chunk, CHUNK_NBYTES - zip->deflate.avail_out, err));
    } while (zip->deflate.avail_out == 0 || (flush == Z_FINISH && rc != Z_STREAM_END));
    return BB_OK;
}

enum bb_status bb_gen_zip_write(void *ctx, const char *p, size_t n, struct bb_error *err)
{
    struct bb_gen_zip *zip = ctx;
    zip->plain_nbytes += n;
    if (zip->plain_nbytes > 0xffffffffu) {
        return bb_fail(err, BB_MISUSE, "%s would be larger than 4 GiB in its zip; write more, smaller files",
                       zip->name);
    }
    zip->crc = (uint32_t)crc32_z(zip->crc, (const Bytef *)p, n);
    while (n > 0) {
        size_t piece = BB_MIN(n, (size_t)1 << 30);
        zip->deflate.next_in = (Bytef *)(uintptr_t)p;
        zip->deflate.avail_in = (uInt)piece;
        BB_TRY(pump(zip, Z_NO_FLUSH, err));
        p += piece;
        n -= piece;
    }
    return BB_OK;
}

static enum bb_status end_member(struct bb_gen_zip *zip, struct bb_error *err)
{
    char text[64], *p = text;
    uint64_t packed;
    if (!zip->in_member) return BB_OK;
    zip->in_member = 0;
    zip->deflate.next_in = NULL;
    zip->deflate.avail_in = 0;
    BB_TRY(pump(zip, Z_FINISH, err));
    packed = zip->offset - zip->data_offset;
    p = le32(p, 0x08074b50);
    p = le32(p, zip->crc);
    p = le32(p, (uint32_t)packed);
    p = le32(p, (uint32_t)zip->plain_nbytes);
    BB_TRY(emit(zip, text, (size_t)(p - text), err));

    p = text;
    p = le32(p, 0x02014b50);
    p = le16(p, 20);
    p = le16(p, 20);
    p = le16(p, 8); /* sizes follow the data */
    p = le16(p, Z_DEFLATED);
    p = le32(p, zip->dos_stamp);
    p = le32(p, zip->crc);
    p = le32(p, (uint32_t)packed);
    p = le32(p, (uint32_t)zip->plain_nbytes);
    p = le16(p, (uint32_t)zip->name_nbytes);
    p = le32(p, 0); /* no extra field, no comment */
    p = le32(p, 0); /* first disk, binary */
    p = le32(p, 0);
    p = le32(p, (uint32_t)zip->member_offset);
    if (!bb_buf_put(&zip->directory, text, (size_t)(p - text)) ||
        !bb_buf_put(&zip->directory, zip->name, zip->name_nbytes)) {
        return bb_fail_budget(err, zip->budget, "the directory of a zip");
    }
    zip->n_members++;
    return BB_OK;
}

static uint32_t dos_stamp(struct bb_wall w)
{
    struct bb_date d = bb_date_of(w.day);
    uint32_t time =
        (uint32_t)w.second / 3600 << 11 | (uint32_t)w.second / 60 % 60 << 5 | (uint32_t)w.second % 60 / 2;
    uint32_t date = (uint32_t)BB_MAX(d.year - 1980, 0) << 9 | (uint32_t)d.month << 5 | (uint32_t)d.day;
    return date << 16 | time;
}

enum bb_status bb_gen_zip_member(struct bb_gen_zip *zip, const char *name, struct bb_wall stamp,
                                 struct bb_error *err)
{
    char text[32], *p = text;
    BB_TRY(end_member(zip, err));
    zip->name_nbytes = strlen(name);
    if (zip->name_nbytes >= sizeof zip->name)
        return bb_fail(err, BB_BUG, "%s: name too long for a zip member", name);
    memcpy(zip->name, name, zip->name_nbytes + 1);
    if (zip->n_members == 65535)
        return bb_fail(err, BB_MISUSE, "more than 65,535 members in one zip; generate fewer days at once");
    zip->member_offset = zip->offset;
    zip->dos_stamp = dos_stamp(stamp);
    zip->crc = 0;
    zip->plain_nbytes = 0;
    deflateReset(&zip->deflate);
    p = le32(p, 0x04034b50);
    p = le16(p, 20);
    p = le16(p, 8);
    p = le16(p, Z_DEFLATED);
    p = le32(p, zip->dos_stamp);
    p = le32(p, 0); /* check sum and sizes: see the descriptor behind the data */
    p = le32(p, 0);
    p = le32(p, 0);
    p = le16(p, (uint32_t)zip->name_nbytes);
    p = le16(p, 0);
    BB_TRY(emit(zip, text, (size_t)(p - text), err));
    BB_TRY(emit(zip, name, zip->name_nbytes, err));
    zip->data_offset = zip->offset;
    zip->in_member = 1;
    return BB_OK;
}

enum bb_status bb_gen_zip_finish(struct bb_gen_zip *zip, struct bb_error *err)
{
    char text[32], *p = text;
    uint64_t at;
    BB_TRY(end_member(zip, err));
    at = zip->offset;
    BB_TRY(emit(zip, bb_buf_str(&zip->directory).p, zip->directory.n, err));
    p = le32(p, 0x06054b50);
    p = le32(p, 0);
    p = le16(p, zip->n_members);
    p = le16(p, zip->n_members);
    p = le32(p, (uint32_t)zip->directory.n);
    p = le32(p, (uint32_t)at);
    p = le16(p, 0);
    return emit(zip, text, (size_t)(p - text), err);
}

void bb_gen_zip_free(struct bb_gen_zip *zip)
{
    if (!zip) return;
    if (zip->deflate_ready) deflateEnd(&zip->deflate);
    bb_buf_reset(&zip->directory);
    bb_free(zip);
}
