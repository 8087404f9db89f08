/* Random access to a run of bytes: part of an open file or of a block of memory. A value: owns nothing, any thread. */
#ifndef BB_BYTE_RANGE_H
#define BB_BYTE_RANGE_H

#include "base/status.h"

struct bb_byte_range {
    const uint8_t *mem; /* NULL: fd */
    int fd;
    uint64_t offset; /* of the run in the file; 0 for memory */
    uint64_t n;
    const uint8_t *near; /* of a file: bytes of the run that were read before, near_n from near_at on; NULL: none */
    uint64_t near_at, near_n;
};

/* Reads up to n bytes at `at`; *n_ret < n only where the run or the file ends. BB_IO otherwise. */
enum bb_status bb_byte_range_read(const struct bb_byte_range *range, uint64_t at, void *p, size_t n, size_t *n_ret,
                                  struct bb_error *err) BB_WARN_UNUSED;

/* A part of range; what reaches beyond its end is cut off. In memory where all of it was read before. */
struct bb_byte_range bb_byte_range_part(const struct bb_byte_range *range, uint64_t offset, uint64_t n);

#endif
