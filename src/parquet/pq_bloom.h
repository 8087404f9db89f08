/* Split-block bloom filter of the Parquet format: blocks of 256 bits, XXH64 with seed 0 over the PLAIN bytes of a value (texts
 * without their length). */
#ifndef BB_PQ_BLOOM_H
#define BB_PQ_BLOOM_H

#include "base/buf.h"

uint64_t bb_pq_bloom_hash(const void *p, size_t n);

/* Bytes of a filter for n_values distinct values: a power of two (the Arrow readers take no other), 32 at least. */
size_t bb_pq_bloom_nbytes(size_t n_values);

/* bits: nbytes of a filter, zeroed before the first insert. */
void bb_pq_bloom_insert(uint8_t *bits, size_t nbytes, uint64_t hash);
int bb_pq_bloom_has(const uint8_t *bits, size_t nbytes, uint64_t hash);

/* Appends header and bits as they stand in the file. False: no memory. */
int bb_pq_bloom_write(const uint8_t *bits, size_t nbytes, struct bb_buf *out) BB_WARN_UNUSED;

#endif
