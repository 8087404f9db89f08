/* One open source as blocks of whole records. Blocks are handed out in order, under the feed's lock, to any worker; parsing happens
 * outside. The partial record at a block's end waits here for the next block. */
#ifndef BB_FEED_H
#define BB_FEED_H

#include "base/hash.h"
#include "io/source.h"
#include "markets/reader.h"

#include <pthread.h>

#define BB_FEED_PAD 64 /* readable bytes before and behind a block's text: what struct bb_block promises */

/* A worker's own buffer for blocks. */
struct bb_feed_buffer {
    char *memory; /* PAD + block + 1 + PAD */
    size_t block_nbytes;
};
enum bb_status bb_feed_buffer_init(struct bb_feed_buffer *buffer, size_t block_nbytes, struct bb_budget *budget,
                                   struct bb_error *err);
void bb_feed_buffer_reset(struct bb_feed_buffer *buffer);

struct bb_feed;
enum bb_status bb_feed_open(const struct bb_leaf *leaf, size_t block_nbytes, struct bb_budget *budget,
                            struct bb_feed **feed_ret, struct bb_error *err) BB_WARN_UNUSED;
void bb_feed_close(struct bb_feed *feed);

/* Fills *block (text, n, first_line, first_byte, is_first, is_last) and *sequence_ret (0, 1, 2 …). Locks by itself.
 * BB_EOF: nothing left. BB_SKIP: the archive member is damaged here. BB_REJECT: a line longer than a block was passed over; *too_long_ret
 * says which, and its text holds the start of it (in buffer); call again to go on. */
enum bb_status bb_feed_next(struct bb_feed *feed, struct bb_feed_buffer *buffer, struct bb_block *block,
                            uint32_t *sequence_ret, struct bb_reject *too_long_ret,
                            struct bb_error *err) BB_WARN_UNUSED;

/* After the last block: hash (32 hex digits) and size of the content. */
void bb_feed_identity(const struct bb_feed *feed, char hash[33], uint64_t *nbytes_ret);
/* Bytes on disk consumed since the last call, for progress. */
uint64_t bb_feed_progress(struct bb_feed *feed);

#endif
