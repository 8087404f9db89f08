/* Packed bytes to plain bytes, in any nesting of packings, in constant memory.
 *
 * Nothing is ever allocated by a size that an archive claims; what a member yields beyond its claim is damage. */
#ifndef BB_INFLATE_STREAM_H
#define BB_INFLATE_STREAM_H

#include "base/mem.h"
#include "io/byte_range.h"

enum bb_packing {
    BB_PACKING_STORED,  /* as is; only useful with a check */
    BB_PACKING_DEFLATE, /* raw, as in a zip */
    BB_PACKING_GZIP,    /* with headers, any number of members one after the other */
    BB_PACKING_ZSTD     /* any number of frames */
};
#define BB_MAX_PACKINGS 4

/* How content lies in its range. packings[0] is the outermost: what the bytes on disk are in. */
struct bb_packed {
    uint8_t n_packings;
    uint8_t packings[BB_MAX_PACKINGS];
    uint8_t checked; /* the outermost packing's output must have this size and this CRC-32 */
    uint32_t crc;
    uint64_t size;
};

struct bb_inflate;

/* About 90 KB for each deflate or gzip layer and 64 KB for each layer's input (none when the range is in memory); zstd needs
 * its frame's window. first_read_nbytes: how much to read at first, for callers who want only the beginning (what was read is inflated
 * at once, whether it is asked for or not); then twice as much each time, up to the usual; 0 the usual from the start.
 * range's descriptor must stay open. */
enum bb_status bb_inflate_new(const struct bb_byte_range *range, const struct bb_packed *packed,
                              size_t first_read_nbytes, struct bb_budget *budget, struct bb_inflate **inflate_ret,
                              struct bb_error *err) BB_WARN_UNUSED;
/* The same object for another content, keeping its memory: looking into a hundred thousand members must not give memory back
 * to the system and ask for it each time (four times as slow). After a failure only bb_inflate_free is allowed. */
enum bb_status bb_inflate_restart(struct bb_inflate *inflate, const struct bb_byte_range *range,
                                  const struct bb_packed *packed, size_t first_read_nbytes,
                                  struct bb_error *err) BB_WARN_UNUSED;
void bb_inflate_free(struct bb_inflate *inflate);
/* As bb_stream_read in source.h. */
enum bb_status bb_inflate_read(struct bb_inflate *inflate, void *p, size_t cap, size_t *n_ret,
                               struct bb_error *err);
/* Bytes of the range consumed so far (read ahead by up to 64 KB). May be called by other threads than the reader. */
uint64_t bb_inflate_position(const struct bb_inflate *inflate);

#endif
