/* Archives put together byte by byte after PKWARE's APPNOTE and RFC 1952, for tests of what reads them. Packing is zlib's; the code under
 * test unpacks with other libraries. */
#ifndef ZIP_CASE_H
#define ZIP_CASE_H

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <cmocka.h>

struct bytes {
    uint8_t *p;
    size_t n, cap;
};

static inline void put(struct bytes *b, const void *p, size_t n)
{
    if (b->n + n > b->cap) {
        b->cap = (b->n + n) * 2;
        b->p = realloc(b->p, b->cap);
        assert_non_null(b->p);
    }
    if (n > 0) memcpy(b->p + b->n, p, n);
    b->n += n;
}
static inline void put_le(struct bytes *b, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint8_t c = i < 8 ? (uint8_t)(v >> 8 * i) : 0;
        put(b, &c, 1);
    }
}

static inline struct bytes deflated(const void *p, size_t n, int window_bits)
{
    z_stream z = { 0 };
    struct bytes b = { 0 };
    b.cap = n + n / 100 + 1000;
    b.p = malloc(b.cap);
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)p;
    z.avail_in = (uInt)n;
    z.next_out = b.p;
    z.avail_out = (uInt)b.cap;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    b.n = z.total_out;
    deflateEnd(&z);
    return b;
}

enum {
    DESCRIPTOR = 1, /* sizes and CRC behind the data, zeros in the local header */
    ZIP64 = 2,      /* sizes and offset in the zip64 field */
    WRONG_CRC = 4,
    ENCRYPTED = 8,
    BROKEN_LOCAL = 16, /* the local header's signature and lengths are garbage */
    LOCAL_EXTRA = 32,  /* a local extra field that the directory does not have */
    SIZE_TOO_SMALL = 64
};

struct zip {
    struct bytes all, directory;
    unsigned n;
    uint64_t shift; /* offsets count from here */
};

static inline void zip_add(struct zip *z, const char *name, const void *p, size_t n, unsigned method, unsigned how)
{
    struct bytes packed = { 0 };
    uint32_t crc = (uint32_t)crc32(0, p, (uInt)n) ^ (how & WRONG_CRC ? 1u : 0u);
    uint64_t at = z->all.n - z->shift, size = how & SIZE_TOO_SMALL ? n - 1 : n;
    unsigned flags = (how & DESCRIPTOR ? 8u : 0u) | (how & ENCRYPTED ? 1u : 0u), name_n = (unsigned)strlen(name);
    size_t header = z->all.n;
    if (method == 8) {
        packed = deflated(p, n, -15);
    } else if (method == 93) {
        packed.cap = packed.n = ZSTD_compressBound(n);
        packed.p = malloc(packed.cap);
        packed.n = ZSTD_compress(packed.p, packed.cap, p, n, 3);
    } else {
        put(&packed, p, n);
    }
    put_le(&z->all, 0x04034b50, 4);
    put_le(&z->all, 20, 2);
    put_le(&z->all, flags, 2);
    put_le(&z->all, method, 2);
    put_le(&z->all, 0x8d31, 2); /* 17:41:34 */
    put_le(&z->all, 0x5876, 2); /* 2024-03-22 */
    put_le(&z->all, how & DESCRIPTOR ? 0 : crc, 4);
    put_le(&z->all, how & DESCRIPTOR ? 0 : how & ZIP64 ? 0xffffffff : packed.n, 4);
    put_le(&z->all, how & DESCRIPTOR ? 0 : how & ZIP64 ? 0xffffffff : size, 4);
    put_le(&z->all, name_n, 2);
    put_le(&z->all, (how & LOCAL_EXTRA ? 9u : 0u) + (how & ZIP64 && !(how & DESCRIPTOR) ? 20u : 0u), 2);
    put(&z->all, name, name_n);
    if (how & LOCAL_EXTRA) put(&z->all, "UT\5\0\1abcd", 9);
    if (how & ZIP64 && !(how & DESCRIPTOR)) {
        put_le(&z->all, 1 | 16 << 16, 4);
        put_le(&z->all, size, 8);
        put_le(&z->all, packed.n, 8);
    }
    if (how & BROKEN_LOCAL) memset(z->all.p + header, 0xa5, 30);
    put(&z->all, packed.p, packed.n);
    if (how & DESCRIPTOR) {
        put_le(&z->all, 0x08074b50, 4);
        put_le(&z->all, crc, 4);
        put_le(&z->all, packed.n, how & ZIP64 ? 8 : 4);
        put_le(&z->all, size, how & ZIP64 ? 8 : 4);
    }
    put_le(&z->directory, 0x02014b50, 4);
    put_le(&z->directory, 20 | 20 << 16, 4);
    put_le(&z->directory, flags, 2);
    put_le(&z->directory, method, 2);
    put_le(&z->directory, 0x8d31, 2);
    put_le(&z->directory, 0x5876, 2);
    put_le(&z->directory, crc, 4);
    put_le(&z->directory, how & ZIP64 ? 0xffffffff : packed.n, 4);
    put_le(&z->directory, how & ZIP64 ? 0xffffffff : size, 4);
    put_le(&z->directory, name_n, 2);
    put_le(&z->directory, how & ZIP64 ? 28 : 0, 2);
    put_le(&z->directory, 0, 2 + 2 + 2 + 4);
    put_le(&z->directory, how & ZIP64 ? 0xffffffff : at, 4);
    put(&z->directory, name, name_n);
    if (how & ZIP64) {
        put_le(&z->directory, 1 | 24 << 16, 4);
        put_le(&z->directory, size, 8);
        put_le(&z->directory, packed.n, 8);
        put_le(&z->directory, at, 8);
    }
    z->n++;
    free(packed.p);
}

static inline struct bytes zip_end(struct zip *z, int zip64, const char *comment)
{
    uint64_t start = z->all.n - z->shift, n = z->directory.n, end;
    put(&z->all, z->directory.p, z->directory.n);
    end = z->all.n - z->shift;
    if (zip64) {
        put_le(&z->all, 0x06064b50, 4);
        put_le(&z->all, 44, 8);
        put_le(&z->all, 45 | 45 << 16, 4);
        put_le(&z->all, 0, 8);
        put_le(&z->all, z->n, 8);
        put_le(&z->all, z->n, 8);
        put_le(&z->all, n, 8);
        put_le(&z->all, start, 8);
        put_le(&z->all, 0x07064b50, 4);
        put_le(&z->all, 0, 4);
        put_le(&z->all, end, 8);
        put_le(&z->all, 1, 4);
    }
    put_le(&z->all, 0x06054b50, 4);
    put_le(&z->all, 0, 4);
    put_le(&z->all, zip64 ? 0xffff : z->n, 2);
    put_le(&z->all, zip64 ? 0xffff : z->n, 2);
    put_le(&z->all, zip64 ? 0xffffffff : n, 4);
    put_le(&z->all, zip64 ? 0xffffffff : start, 4);
    put_le(&z->all, strlen(comment), 2);
    put(&z->all, comment, strlen(comment));
    free(z->directory.p);
    return z->all;
}

/* Prices as they look: packs about 4:1. */
static inline struct bytes table(size_t n_rows, unsigned seed)
{
    struct bytes b = { 0 };
    char line[100];
    for (size_t i = 0; i < n_rows; i++) {
        seed = seed * 1103515245u + 12345u;
        put(&b, line,
            (size_t)sprintf(line, "01/%02u/2024 %02u:00,NODE_%u,%u.%02u\n", (unsigned)(1 + i / 24 % 28),
                            (unsigned)(i % 24), seed >> 20, seed >> 8 & 127, seed >> 16 & 63));
    }
    return b;
}

#endif
