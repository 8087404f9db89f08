#include "parquet/pq_bloom.h"

#include "parquet/pq_defaults.h"
#include "parquet/pq_thrift_write.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define BLOCK_NBYTES 32u

/* From the specification: one bit in each of the block's eight words. */
static const uint32_t salts[8] = { 0x47b6137bu, 0x44974d91u, 0x8824ad5bu, 0xa2b7289du,
                                   0x705495c7u, 0x2df1424bu, 0x9efc4947u, 0x5c6bfb31u };

uint64_t bb_pq_bloom_hash(const void *p, size_t n) { return XXH64(p, n, 0); }

size_t bb_pq_bloom_nbytes(size_t n_values)
{
    size_t nbytes = BLOCK_NBYTES;
    if (n_values > BB_PQ_BLOOM_MAX_NBYTES) return BB_PQ_BLOOM_MAX_NBYTES;
    while (nbytes * 8 < n_values * BB_PQ_BLOOM_BITS_PER_VALUE && nbytes < BB_PQ_BLOOM_MAX_NBYTES) nbytes *= 2;
    return nbytes;
}

static size_t block_of(size_t nbytes, uint64_t hash)
{
    return (size_t)(((hash >> 32) * (nbytes / BLOCK_NBYTES)) >> 32) * BLOCK_NBYTES;
}

void bb_pq_bloom_insert(uint8_t *bits, size_t nbytes, uint64_t hash)
{
    uint8_t *block = bits + block_of(nbytes, hash);
    for (unsigned i = 0; i < 8; i++) {
        unsigned bit = ((uint32_t)hash * salts[i]) >> 27;
        block[i * 4 + bit / 8] |= (uint8_t)(1u << (bit & 7));
    }
}

int bb_pq_bloom_has(const uint8_t *bits, size_t nbytes, uint64_t hash)
{
    const uint8_t *block = bits + block_of(nbytes, hash);
    for (unsigned i = 0; i < 8; i++) {
        unsigned bit = ((uint32_t)hash * salts[i]) >> 27;
        if (!(block[i * 4 + bit / 8] & (1u << (bit & 7)))) return 0;
    }
    return 1;
}

int bb_pq_bloom_write(const uint8_t *bits, size_t nbytes, struct bb_buf *out)
{
    struct bb_pq_tw w;
    bb_pq_tw_init(&w, out);
    bb_pq_tw_i32(&w, 1, (int32_t)nbytes);
    for (int id = 2; id <= 4;
         id++) { /* algorithm BLOCK, hash XXHASH, compression UNCOMPRESSED: each the first of its choice */
        bb_pq_tw_struct(&w, id);
        bb_pq_tw_empty(&w, 1);
        bb_pq_tw_end(&w);
    }
    bb_pq_tw_end(&w);
    return bb_pq_tw_ok(&w) && bb_buf_put(out, bits, nbytes);
}
