/* The archives that a list of leaves found, and their bytes when somebody needs them.
 *
 * An outer archive is opened by its path; one stored in another is a part of that one's bytes; one packed in another is
 * unpacked: to memory when small, else to a file without a name. Unpacked archives live while somebody holds them; the most
 * recent one is kept beyond, so that reading its members in order unpacks it once. Adding is for one thread; opening and
 * closing for any. */
#ifndef BB_ARCHIVE_SET_H
#define BB_ARCHIVE_SET_H

#include "base/mem.h"
#include "base/str.h"
#include "io/byte_range.h"
#include "io/inflate_stream.h"

#define BB_NO_ARCHIVE UINT32_MAX

struct bb_archive_set;

/* Where an archive lies. */
struct bb_archive_place {
    uint32_t parent;    /* BB_NO_ARCHIVE: a file, or memory */
    struct bb_str path; /* of the outermost file, NUL-terminated; must stay */
    const void *mem;    /* instead of the file, when not NULL */
    uint64_t offset, n; /* the packed bytes within the parent; n: size of the file */
    struct bb_packed packed;
};

/* temp_dir is copied; NULL: the system's. */
struct bb_archive_set *bb_archive_set_new(const char *temp_dir, struct bb_budget *budget);
void bb_archive_set_free(struct bb_archive_set *set);
int bb_archive_set_add(struct bb_archive_set *set, const struct bb_archive_place *place,
                       uint32_t *index_ret) BB_WARN_UNUSED;
/* Valid until the next one is added. */
const struct bb_archive_place *bb_archive_place_of(const struct bb_archive_set *set, uint32_t index);
/* How many bytes were unpacked so far: what a hostile archive is limited by. */
uint64_t bb_archive_set_unpacked_nbytes(const struct bb_archive_set *set);

struct bb_unpacked;
struct bb_archive_bytes {
    struct bb_byte_range range;
    int own_fd; /* -1: none */
    struct bb_unpacked *held;
};
/* BB_SKIP: damaged, too large, or changed since it was added; BB_IO (names the file), BB_BUDGET. err is not NULL. */
enum bb_status bb_archive_open(struct bb_archive_set *set, uint32_t index, struct bb_archive_bytes *bytes_ret,
                               struct bb_error *err) BB_WARN_UNUSED;
void bb_archive_close(struct bb_archive_set *set, struct bb_archive_bytes *bytes);

/* Opens a regular file for reading. BB_IO; the text does not name the path, err is not NULL. */
enum bb_status bb_open_file(const char *path, int *fd_ret, uint64_t *size_ret, struct bb_error *err) BB_WARN_UNUSED;

#endif
