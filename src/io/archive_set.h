/* The archives that a list of leaves found, and their bytes when somebody needs them.
 *
 * An outer archive is opened by its path; one stored in another is a part of that one's bytes; one packed in another is
 * unpacked: to memory when small, else to a file without a name. Unpacked archives live while somebody holds them. The most
 * recent one is kept beyond, so that reading its members in order unpacks it once; so are small ones from when they were listed
 * until their members were read, as far as an eighth of the budget goes: these bytes are lent to the budget (base/mem.h) and given
 * up when anything else needs the room. All functions are for any thread, but for making and freeing a set. */
#ifndef BB_ARCHIVE_SET_H
#define BB_ARCHIVE_SET_H

#include "base/mem.h"
#include "base/str.h"
#include "io/byte_range.h"
#include "io/inflate_stream.h"

struct bb_archive_set;
struct bb_archive; /* one of a set; lives as long as the set */

/* Where an archive lies. */
struct bb_archive_place {
    struct bb_archive *parent; /* NULL: a file, or memory */
    struct bb_str path;        /* of the outermost file, NUL-terminated; must stay */
    const void *mem;           /* instead of the file, when not NULL */
    uint64_t offset, n;        /* the packed bytes within the parent; n: size of the file */
    struct bb_packed packed;
};

/* temp_dir is copied; NULL: the system's. */
struct bb_archive_set *bb_archive_set_new(const char *temp_dir, struct bb_budget *budget);
void bb_archive_set_free(struct bb_archive_set *set);
/* NULL: no memory. */
struct bb_archive *bb_archive_set_add(struct bb_archive_set *set, const struct bb_archive_place *place);
const struct bb_archive_place *bb_archive_place_of(const struct bb_archive *archive);

struct bb_unpacked;
struct bb_archive_bytes {
    struct bb_byte_range range;
    int own_fd; /* -1: none */
    struct bb_unpacked *held;
    uint64_t unpacked_nbytes; /* by this very call, also where it failed: what a hostile archive is limited by */
};
/* packed: its packed bytes, for who has them at hand; NULL: they are fetched where they are needed. BB_SKIP: damaged, too large, or
 * changed since it was added; BB_IO (names the file), BB_BUDGET. err is not NULL. */
enum bb_status bb_archive_open(struct bb_archive_set *set, struct bb_archive *archive,
                               const struct bb_byte_range *packed, struct bb_archive_bytes *bytes_ret,
                               struct bb_error *err) BB_WARN_UNUSED;
void bb_archive_close(struct bb_archive_set *set, struct bb_archive_bytes *bytes);

/* Asks for the bytes of an archive, which is open, to be kept until n_members of its members were read to their ends. */
void bb_archive_keep(struct bb_archive_set *set, struct bb_archive *archive, unsigned n_members);
void bb_archive_member_was_read(struct bb_archive_set *set, struct bb_archive *archive);
/* Of all archives, those that somebody reads included. For tests. */
size_t bb_archive_set_kept_nbytes(struct bb_archive_set *set);

/* An inflater that nobody uses, for bb_inflate_restart; NULL: there is none. Small files would else spend more on getting one than on
 * inflating. What is given back may not have failed for want of memory; NULL is fine. */
struct bb_inflate *bb_archive_set_take_inflate(struct bb_archive_set *set);
void bb_archive_set_give_inflate(struct bb_archive_set *set, struct bb_inflate *inflate);

/* Opens a regular file for reading. BB_IO; the text does not name the path, err is not NULL. */
enum bb_status bb_open_file(const char *path, int *fd_ret, uint64_t *size_ret, struct bb_error *err) BB_WARN_UNUSED;

#endif
