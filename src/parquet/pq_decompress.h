/* Decompresses one Parquet page at a time; keeps the codec's context between pages. One thread at a time. */
#ifndef BB_PQ_DECOMPRESS_H
#define BB_PQ_DECOMPRESS_H

#include "base/mem.h"
#include "parquet/pq_types.h"

struct bb_pq_decompress {
    enum bb_pq_codec codec;
    void *context; /* made at the first page; NULL for codecs without one */
    size_t charged_nbytes;
    struct bb_budget *budget;
};

void bb_pq_decompress_init(struct bb_pq_decompress *d, enum bb_pq_codec codec, struct bb_budget *budget);
void bb_pq_decompress_reset(struct bb_pq_decompress *d);

/* Name of a codec number of the format, also of those that are not supported; "codec" if unknown. */
const char *bb_pq_codec_name(int codec);
int bb_pq_codec_is_supported(int codec);

/* 0 when no input of compressed_nbytes can become uncompressed_nbytes: saves the memory for pages that lie about their size. */
int bb_pq_decompress_is_plausible(enum bb_pq_codec codec, size_t compressed_nbytes, size_t uncompressed_nbytes);

/* Fills out with exactly out_nbytes, else BB_SKIP: the text names codec and sizes, not the place. BB_BUDGET: no memory for the context. */
enum bb_status bb_pq_decompress_page(struct bb_pq_decompress *d, const void *in, size_t in_nbytes, void *out,
                                     size_t out_nbytes, struct bb_error *err) BB_WARN_UNUSED;

#endif
