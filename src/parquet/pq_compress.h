/* One page in, one compressed page out, for each codec that busbar writes. A compressor keeps its working memory between calls,
 * charged to the budget; it belongs to one thread at a time. Equal input gives equal output. */
#ifndef BB_PQ_COMPRESS_H
#define BB_PQ_COMPRESS_H

#include "base/mem.h"
#include "parquet/pq_write.h"

struct bb_pq_compressor;

/* With shared the working memory is borrowed for each page from there, else it is the compressor's own. level 0: the codec's default.
 * BB_MISUSE for a level the codec does not have. */
enum bb_status bb_pq_compressor_new(enum bb_pq_codec codec, int level, struct bb_pq_compressors *shared,
                                    struct bb_budget *budget, struct bb_pq_compressor **compressor_ret,
                                    struct bb_error *err) BB_WARN_UNUSED;
void bb_pq_compressor_free(struct bb_pq_compressor *compressor);

/* Room that dst must have for n bytes. */
size_t bb_pq_compress_bound(const struct bb_pq_compressor *compressor, size_t n);

/* How zstd, at its own level, looks for repetitions. HASTY: hardly, it only packs what entropy coding gives; DECIMALS: where
 * pq_decimal_repeats.h says that those of doubles are; FAR: anywhere in a page; NEAR: for those of an integer; THOROUGH: longer, for
 * pages so few that it does not matter. Other codecs and levels that somebody asked for know only USUAL. */
enum bb_pq_effort { BB_PQ_USUAL, BB_PQ_HASTY, BB_PQ_DECIMALS, BB_PQ_FAR, BB_PQ_NEAR, BB_PQ_THOROUGH };
/* Are there ways but the usual one? (zstd at its default level.) */
int bb_pq_can_be_hasty(const struct bb_pq_compressor *compressor);

/* values_at <= n: where in src the values begin; only DECIMALS wants to know. */
enum bb_status bb_pq_compress(struct bb_pq_compressor *compressor, const void *src, size_t n, size_t values_at,
                              enum bb_pq_effort effort, void *dst, size_t dst_cap, size_t *n_ret,
                              struct bb_error *err) BB_WARN_UNUSED;

#endif
