/* From what the user names (files, folders, archives in archives) to streams of bytes.
 *
 * A leaf is one raw file as the operator wrote it: a plain file, the content of a .gz or .zst, or a member of a zip, of a zip
 * within a zip, and so on, at most four wrappings deep. What a file is, its first bytes say; a name is never believed. Listing
 * opens directories of archives and looks at the first bytes of each member; only inner archives are inflated. A zip that is a
 * document is one leaf and not walked into; the content of an xlsx workbook is the CSV text of its sheets (xlsx_text.h). */
#ifndef BB_SOURCE_H
#define BB_SOURCE_H

#include "base/pool.h"
#include "base/str.h"

/* Texts are bytes as the file system or the archive gave them, not always UTF-8; those from archives (member, name) without
 * control characters. member and name are for display and for telling reports apart: no file is ever opened or created by a
 * name from an archive. */
struct bb_leaf {
    struct bb_str path;   /* of the outermost file, as found from the user's input; NUL-terminated */
    struct bb_str member; /* "" for a plain file; else "inner.zip/name.csv": what to show behind path */
    struct bb_str name;   /* base name of the innermost thing, compression suffix removed ("x.csv" of x.csv.gz) */
    uint64_t size;        /* bytes of content when known (plain file, zip directory), else 0 */
    uint64_t stored_size; /* bytes on disk, for progress */
    int64_t
        member_time_s; /* modification time of the innermost archive member (DOS time taken as UTC), 0 unknown: never the
                                plain file's own, which copies change */
    const struct bb_source_locator *locator; /* how to open it; belongs to the list */
    uint8_t looked_at;                       /* for whoever looks (struct bb_listing), 0 at first */
    uint8_t gone; /* found, but not in the list: its file passed a limit and was listed again */
};

/* The leaves of some inputs. Order: by path, then place in the archive's directory; the same for the same inputs on every
 * machine. A damaged or hostile archive becomes a problem, not a failure: the rest is still listed. */
struct bb_leaf_list;
struct bb_leaf_problem {
    struct bb_str path, member;
    struct bb_error error;
}; /* the text does not repeat path and member */

/* In a walked folder entries that begin with a dot are left out (so are such members of an archive), symbolic links are
 * followed, other things than files are problems. A path of inputs that does not exist is BB_IO. Inner archives beyond
 * 4 MiB go to unnamed files in temp_dir (NULL: the system's usual place); the most recent one stays there until the list is
 * freed. budget is used until then. */
enum bb_status bb_leaf_list_new(const char *const *inputs, size_t n_inputs, const char *temp_dir,
                                struct bb_budget *budget, struct bb_leaf_list **list_ret,
                                struct bb_error *err) BB_WARN_UNUSED;
/* Where the walk comes through `folder`, those of its files are passed over, unseen, that is_own says it has itself: below is a file's path
 * below the folder. A file that an input names is never passed over. */
struct bb_apart {
    const char *folder; /* need not exist */
    int (*is_own)(struct bb_str below);
};
#define BB_LEAF_HEAD_NBYTES 4096u
/* What else can be asked for; all zero: nothing. */
struct bb_listing {
    const struct bb_apart *apart;
    struct bb_pool *pool; /* its threads share the work; what is listed is the same */
    /* Called for each leaf as soon as it is found, by any of the threads, while what surrounds it is at hand: a stream over it then costs
     * little. head: the first BB_LEAF_HEAD_NBYTES of its content, or nothing where there are fewer or they were not needed for listing. */
    void (*look)(void *ctx, struct bb_leaf *leaf, struct bb_str head);
    void *ctx;
};
enum bb_status bb_leaf_list_with(const char *const *inputs, size_t n_inputs, const struct bb_listing *listing,
                                 const char *temp_dir, struct bb_budget *budget, struct bb_leaf_list **list_ret,
                                 struct bb_error *err) BB_WARN_UNUSED;
/* As bb_leaf_list_new, for one file that is in memory; data must stay until the list is freed. */
enum bb_status bb_leaf_list_of_bytes(const char *name, const void *data, size_t n, const char *temp_dir,
                                     struct bb_budget *budget, struct bb_leaf_list **list_ret,
                                     struct bb_error *err) BB_WARN_UNUSED;
void bb_leaf_list_free(struct bb_leaf_list *list); /* after all its streams are closed */
size_t bb_leaf_count(const struct bb_leaf_list *list);
const struct bb_leaf *bb_leaf_at(const struct bb_leaf_list *list, size_t i);
size_t bb_leaf_problem_count(const struct bb_leaf_list *list);
const struct bb_leaf_problem *bb_leaf_problem_at(const struct bb_leaf_list *list, size_t i);

/* A stream over one leaf's content. Sequential; one thread at a time, but any number of streams of one list may be open in
 * any threads. Needs about 170 KB per packed leaf, next to nothing for a plain file; one file descriptor. Checks the archive's
 * CRC at the end: a difference is BB_SKIP from the read after the last byte was delivered. Texts of BB_SKIP do not repeat path
 * and member; those of BB_IO name the file. */
struct bb_stream;
enum bb_status bb_stream_open(const struct bb_leaf *leaf, struct bb_budget *budget, struct bb_stream **stream_ret,
                              struct bb_error *err) BB_WARN_UNUSED;
/* The same for who reads only the beginning, perhaps: packed content is not inflated far ahead. */
enum bb_status bb_stream_open_to_look(const struct bb_leaf *leaf, struct bb_budget *budget,
                                      struct bb_stream **stream_ret, struct bb_error *err) BB_WARN_UNUSED;
void bb_stream_close(struct bb_stream *stream);
/* Fills p with up to cap bytes; *n_ret < cap only at the end; BB_OK while *n_ret > 0, BB_EOF when nothing is left.
 * BB_SKIP: damaged (place and reason in err); all bytes before the damage were delivered by earlier calls. BB_IO: the file
 * cannot be read. With any of these *n_ret is 0, and every later call answers the same. */
enum bb_status bb_stream_read(struct bb_stream *stream, char *p, size_t cap, size_t *n_ret, struct bb_error *err);
/* Passes over n bytes, or to the end when fewer are left. Costs nothing in a plain file; packed content is unpacked. Results as for
 * bb_stream_read, without BB_EOF. */
enum bb_status bb_stream_skip(struct bb_stream *stream, uint64_t n, struct bb_error *err) BB_WARN_UNUSED;
/* Bytes consumed on disk so far, for progress. */
uint64_t bb_stream_stored_position(const struct bb_stream *stream);

#endif
