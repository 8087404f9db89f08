/* Hashes: XXH3 for tables and content, never for security. */
#ifndef BB_HASH_H
#define BB_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t bb_hash64(const void *p, size_t n);

/* Streaming content hash (XXH3, 128 bits) for the ledger; text form is 32 hex digits. */
struct bb_hasher;
struct bb_budget;
struct bb_hasher *bb_hasher_new(struct bb_budget *budget);
void bb_hasher_free(struct bb_hasher *h);
void bb_hasher_update(struct bb_hasher *h, const void *p, size_t n);
void bb_hasher_hex(const struct bb_hasher *h, char hex[33]);

#endif
