/* The central directory of a zip archive, entry by entry, in constant memory.
 *
 * Understands zip64, archive comments, data before the archive (self-extracting programs), and leaves the local headers
 * alone but for where a member's data begin. Split archives are refused. Every field is hostile until checked. */
#ifndef BB_ZIP_DIRECTORY_H
#define BB_ZIP_DIRECTORY_H

#include "base/mem.h"
#include "base/str.h"
#include "io/byte_range.h"

#define BB_ZIP_NAME_MAX_NBYTES 4096

struct bb_zip_entry {
    struct bb_str name;     /* raw bytes; valid until the next call */
    uint16_t method, flags; /* as in the archive: 0 stored, 8 deflate, 93 zstd; flag bit 0 encrypted */
    uint32_t crc;
    uint64_t size, stored_size;
    uint64_t header_offset; /* of the local header, within the range */
    uint64_t next_offset;  /* where the following entry's header begins, or the directory: the data end before it */
    uint16_t extra_nbytes; /* of the central entry */
    int64_t time_s;        /* DOS time taken as UTC; 0: none or impossible */
};

struct bb_zip_directory {
    struct bb_byte_range range;
    uint64_t start, n;     /* of the central directory within range */
    uint64_t shift;        /* bytes before the archive */
    uint64_t pos;          /* next entry */
    const uint8_t *window; /* a piece of the directory */
    uint64_t window_at;
    size_t window_n;
    uint8_t *own_window; /* NULL: the range is in memory */
    size_t window_cap;
};

/* Finds the directory. BB_SKIP: not a whole zip archive (truncated, split, damaged); BB_IO, BB_BUDGET. Reset in every case
 * but only needed after BB_OK. */
enum bb_status bb_zip_directory_init(struct bb_zip_directory *zip, const struct bb_byte_range *range,
                                     struct bb_budget *budget, struct bb_error *err) BB_WARN_UNUSED;
/* A directory that was found, again, for who wants some entries only: those of the nbytes from pos on. range is the same archive. */
enum bb_status bb_zip_directory_init_part(struct bb_zip_directory *part, const struct bb_zip_directory *whole,
                                          const struct bb_byte_range *range, uint64_t pos, uint64_t nbytes,
                                          struct bb_budget *budget, struct bb_error *err) BB_WARN_UNUSED;
void bb_zip_directory_reset(struct bb_zip_directory *zip);
void bb_zip_directory_rewind(struct bb_zip_directory *zip);
/* The next entry; BB_EOF at the end; BB_SKIP: the rest of the directory is damaged. */
enum bb_status bb_zip_directory_next(struct bb_zip_directory *zip, struct bb_zip_entry *entry,
                                     struct bb_error *err) BB_WARN_UNUSED;

/* Where the data of entry may begin, best guess first: the local header's answer where it agrees with the directory, else
 * (and then) what the neighbours and the directory suggest, because a damaged local header need not lose a member that the
 * directory describes. *certain_ret: the first one needs no proof. *n_ret 0: none lies within the archive. Call before the
 * next bb_zip_directory_next. */
#define BB_ZIP_MAX_STARTS 9
enum bb_status bb_zip_data_starts(const struct bb_zip_directory *zip, const struct bb_zip_entry *entry,
                                  uint64_t starts[BB_ZIP_MAX_STARTS], unsigned *n_ret, int *certain_ret,
                                  struct bb_error *err) BB_WARN_UNUSED;

#endif
