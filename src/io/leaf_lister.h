/* What one thread finds when it looks into files and archives; for leaf_list.c, which puts the pieces together.
 *
 * A file is listed by one lister, but for the members of a large archive: the lister notes pieces of its directory, which any lister lists
 * later. What is found hangs in chains, in order; a chain can hold such an archive in the middle. */
#ifndef BB_LEAF_LISTER_H
#define BB_LEAF_LISTER_H

#include "base/buf.h"
#include "io/io_walk.h"
#include "io/leaf_list.h"
#include "io/zip_directory.h"

/* What one outer file may cost; a real one never comes near. */
#define BB_MAX_MEMBERS         1000000u
#define BB_MAX_ARCHIVES        65536u
#define BB_MAX_PROBLEMS        200u
#define BB_MAX_UNPACKED_NBYTES ((uint64_t)64 << 30)
#define BB_MAX_PROOF_NBYTES    ((uint64_t)1 << 30)
#define BB_MAX_DEPTH           4u /* wrappings around a thing */

enum bb_found_kind { BB_FOUND_LEAF, BB_FOUND_PROBLEM, BB_FOUND_PIECES };
struct bb_found {
    struct bb_found *next;
    enum bb_found_kind kind;
};

struct bb_chain {
    struct bb_found *first, *last;
};

struct bb_found_leaf {
    struct bb_found found;
    struct bb_leaf leaf;
    struct bb_source_locator locator;
};

struct bb_found_problem {
    struct bb_found found;
    struct bb_found_problem *older; /* of its lister */
    struct bb_leaf_problem told;
    size_t serial; /* place among all problems, see leaf_list.c */
};

/* Something that may be a leaf or an archive: packed bytes in an archive or in a file of their own. */
struct bb_thing {
    struct bb_str member, name;
    uint64_t size, offset, stored_size;
    int64_t time_s;
    struct bb_archive *archive, *workbook;
    const void *mem;
    struct bb_packed packed;
    unsigned depth; /* wrappings around it */
};

/* An outer file at hand. What it costs is counted here, by all who list pieces of it. */
struct bb_outer_file {
    struct bb_str path;
    const void *mem; /* instead of the file, when not NULL */
    uint64_t mem_n;
    struct bb_chain found;
    /* Where a limit cuts would depend on the threads: a file that passes one is listed again, by one thread and without pieces. */
    int in_pieces;
    _Atomic int passed_limit;
    _Atomic uint64_t n_members, n_archives, n_problems, unpacked_nbytes, proof_nbytes;
};

struct bb_piece {
    uint64_t pos, nbytes;        /* of its entries in the directory */
    unsigned n_entries;          /* 0: all that follow */
    uint64_t data_from, data_to; /* where their data lie, if the archive is sound */
    struct bb_chain found;
};

struct bb_found_pieces {
    struct bb_found found;
    struct bb_found_pieces *older; /* of its lister */
    struct bb_outer_file *file;
    struct bb_archive *archive;
    struct bb_thing around;
    struct bb_zip_directory directory; /* without a window */
    struct bb_piece *pieces;
    size_t n_pieces, cap_pieces;
};

struct bb_leaf_chunk;
struct bb_lister {
    struct bb_budget *budget;
    struct bb_archive_set *archives;
    struct bb_text_arena arena;
    struct bb_leaf_chunk *chunks;
    struct bb_found_problem *problems; /* all it ever found: to be freed */
    struct bb_found_pieces *pieces;
    struct bb_buf scratch;     /* for names */
    struct bb_inflate *peeker; /* for first bytes */
    char head[BB_LEAF_HEAD_NBYTES];
    uint8_t *near;                                                     /* a piece's bytes, read at once */
    void (*look)(void *ctx, struct bb_leaf *leaf, struct bb_str head); /* NULL: nobody wants to */
    void *look_ctx;
    struct bb_outer_file *file;
    struct bb_chain *found; /* where to hang what is found */
};

void bb_lister_init(struct bb_lister *lister, struct bb_archive_set *archives, struct bb_budget *budget);
/* Gives up what is only needed for listing; what was found stays. */
void bb_lister_rest(struct bb_lister *lister);
void bb_lister_reset(struct bb_lister *lister);

/* file->found must be empty. Failures of what is in the file are problems in the chain; others stop the run. */
enum bb_status bb_lister_file(struct bb_lister *lister, struct bb_outer_file *file,
                              struct bb_error *err) BB_WARN_UNUSED;
/* A problem of the outer file (or of what should be one) by itself. */
enum bb_status bb_lister_problem(struct bb_lister *lister, struct bb_chain *chain, struct bb_str path,
                                 struct bb_str member, const struct bb_error *why,
                                 struct bb_error *err) BB_WARN_UNUSED;

/* ---- between leaf_lister.c, which looks at one thing, and zip_lister.c, which lists what is in a zip ---- */

#define BB_THING_HEAD_NBYTES 8u

/* The first bytes of a thing's content. */
struct bb_thing_head {
    uint8_t p[BB_THING_HEAD_NBYTES];
    size_t n;
    size_t text_n; /* of lister->head, until the next peek */
    int goes_on;   /* lister->peeker has what follows */
};

/* Returns BB_BUDGET. */
enum bb_status bb_lister_fail_room(struct bb_lister *lister, struct bb_error *err);
/* Puts found at the end of the chain. */
void bb_chain_hang(struct bb_chain *chain, struct bb_found *found);
/* A failure of something inside the file at hand: BB_SKIP becomes a problem of it, anything else stops the run. */
enum bb_status bb_lister_tolerate(struct bb_lister *lister, struct bb_str member, const struct bb_error *why,
                                  struct bb_error *err) BB_WARN_UNUSED;
/* Reads the beginning of what is packed in range, into head and lister->head. why: BB_SKIP when it cannot be unpacked. */
enum bb_status bb_lister_peek(struct bb_lister *lister, const struct bb_byte_range *range,
                              const struct bb_packed *packed, struct bb_thing_head *head,
                              struct bb_error *why) BB_WARN_UNUSED;
int bb_head_is_zip(const struct bb_thing_head *head);
/* Finds what is in a thing. range: its packed bytes; head: the beginning of its content, of the last peek. */
enum bb_status bb_lister_examine(struct bb_lister *lister, struct bb_thing thing, const struct bb_byte_range *range,
                                 struct bb_thing_head head, struct bb_error *err) BB_WARN_UNUSED;
/* The thing is a leaf, and shown to lister->look. head: of the last peek, whose bytes are still there, and nothing was peeked at since; NULL:
 * what the leaf begins with is not at hand. */
enum bb_status bb_lister_add_leaf(struct bb_lister *lister, const struct bb_thing *thing,
                                  const struct bb_thing_head *head, struct bb_error *err) BB_WARN_UNUSED;

#endif
