#include "parquet/pq_decompress.h"

#include <libdeflate.h>
#include <lz4.h>
#include <snappy-c.h>
#include <stdint.h>
#include <string.h>
#include <zstd.h>

#define DEFLATE_CONTEXT_NBYTES                                                                                     \
    ((size_t)64 << 10) /* libdeflate does not tell; its decompressor is a little over 11 KB */

static const char *const names[] = { "none", "snappy", "gzip", "lzo", "brotli", "lz4 (Hadoop framing)",
                                     "zstd", "lz4_raw" };

const char *bb_pq_codec_name(int codec)
{
    return codec >= 0 && (size_t)codec < BB_ARRAY_LEN(names) ? names[codec] : "codec";
}

int bb_pq_codec_is_supported(int codec)
{
    return codec == BB_PQ_NONE || codec == BB_PQ_SNAPPY || codec == BB_PQ_GZIP || codec == BB_PQ_ZSTD ||
           codec == BB_PQ_LZ4_RAW;
}

void bb_pq_decompress_init(struct bb_pq_decompress *d, enum bb_pq_codec codec, struct bb_budget *budget)
{
    *d = (struct bb_pq_decompress){ .codec = codec, .budget = budget };
}

void bb_pq_decompress_reset(struct bb_pq_decompress *d)
{
    if (d->context && d->codec == BB_PQ_ZSTD) ZSTD_freeDCtx(d->context);
    if (d->context && d->codec == BB_PQ_GZIP) libdeflate_free_decompressor(d->context);
    if (d->charged_nbytes) bb_budget_release(d->budget, d->charged_nbytes);
    d->context = NULL;
    d->charged_nbytes = 0;
}

int bb_pq_decompress_is_plausible(enum bb_pq_codec codec, size_t compressed_nbytes, size_t uncompressed_nbytes)
{
    size_t most; /* bytes out per byte in, from each format's densest element */
    switch (codec) {
    case BB_PQ_NONE: return compressed_nbytes == uncompressed_nbytes;
    case BB_PQ_SNAPPY: most = 22; break;      /* 3 bytes copy 64 */
    case BB_PQ_GZIP: most = 1032; break;      /* 2 bits copy 258 */
    case BB_PQ_LZ4_RAW: most = 255; break;    /* a length byte adds 255 */
    case BB_PQ_ZSTD: most = 128 << 10; break; /* a run block of 4 bytes makes 128 KiB */
    default: return 0;
    }
    return uncompressed_nbytes == 0 || (uncompressed_nbytes - 1) / most <= compressed_nbytes;
}

static int make_context(struct bb_pq_decompress *d)
{
    size_t nbytes;
    d->context = d->codec == BB_PQ_ZSTD ? (void *)ZSTD_createDCtx() : (void *)libdeflate_alloc_decompressor();
    if (!d->context) return 0;
    nbytes = d->codec == BB_PQ_ZSTD ? ZSTD_sizeof_DCtx(d->context) : DEFLATE_CONTEXT_NBYTES;
    if (!bb_budget_charge(d->budget, nbytes)) {
        bb_pq_decompress_reset(d);
        return 0;
    }
    d->charged_nbytes = nbytes;
    return 1;
}

/* A gzip page may be several members one after another. */
static int gunzip(void *context, const uint8_t *in, size_t in_nbytes, uint8_t *out, size_t out_nbytes)
{
    while (in_nbytes > 0) {
        size_t used = 0, made = 0;
        if (libdeflate_gzip_decompress_ex(context, in, in_nbytes, out, out_nbytes, &used, &made) !=
            LIBDEFLATE_SUCCESS)
            return 0;
        in += used;
        in_nbytes -= used;
        out += made;
        out_nbytes -= made;
    }
    return out_nbytes == 0;
}

enum bb_status bb_pq_decompress_page(struct bb_pq_decompress *d, const void *in, size_t in_nbytes, void *out,
                                     size_t out_nbytes, struct bb_error *err)
{
    int good = 0;
    size_t made = out_nbytes;
    if (out_nbytes == 0 && in_nbytes == 0) return BB_OK;
    if (!d->context && (d->codec == BB_PQ_ZSTD || d->codec == BB_PQ_GZIP) && !make_context(d))
        return bb_fail_budget(err, d->budget, "decompressing a Parquet page");
    switch (d->codec) {
    case BB_PQ_NONE:
        good = in_nbytes == out_nbytes;
        if (good) memcpy(out, in, in_nbytes);
        break;
    case BB_PQ_SNAPPY:
        good = snappy_uncompressed_length(in, in_nbytes, &made) == SNAPPY_OK && made == out_nbytes &&
               snappy_uncompress(in, in_nbytes, out, &made) == SNAPPY_OK;
        break;
    case BB_PQ_GZIP: good = gunzip(d->context, in, in_nbytes, out, out_nbytes); break;
    case BB_PQ_ZSTD: good = ZSTD_decompressDCtx(d->context, out, out_nbytes, in, in_nbytes) == out_nbytes; break;
    case BB_PQ_LZ4_RAW:
        good = in_nbytes <= INT32_MAX && out_nbytes <= INT32_MAX &&
               LZ4_decompress_safe(in, out, (int)in_nbytes, (int)out_nbytes) == (int)out_nbytes;
        break;
    }
    if (good) return BB_OK;
    return bb_fail(err, BB_SKIP, "%zu bytes of %s do not decompress to the %zu bytes promised", in_nbytes,
                   bb_pq_codec_name(d->codec), out_nbytes);
}
