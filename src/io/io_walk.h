/* From what the user named to regular files, in byte order of their paths, each once. */
#ifndef BB_IO_WALK_H
#define BB_IO_WALK_H

#include "io/source.h"

/* Text that lives as long as its arena; NUL-terminated. */
struct bb_text_block;
struct bb_text_arena {
    struct bb_budget *budget;
    struct bb_text_block *blocks;
};
/* p NULL: no memory. */
struct bb_str bb_text_put(struct bb_text_arena *arena, struct bb_str s);
void bb_text_arena_reset(struct bb_text_arena *arena);

struct bb_walk {
    struct bb_budget *budget;
    struct bb_text_arena *arena; /* for paths */
    struct bb_str *paths;
    size_t n, cap;
    /* Told of what lies in a folder but cannot be read; path is valid during the call. May be NULL. */
    enum bb_status (*problem)(void *ctx, struct bb_str path, const struct bb_error *why, struct bb_error *err);
    void *ctx;
    const struct bb_apart *apart; /* may be NULL */
};

/* A folder is walked; entries that begin with a dot are left out; symbolic links are followed, loops of them end. BB_IO: an
 * input itself does not exist or cannot be read; BB_BUDGET. paths is to be freed with bb_free in every case. */
enum bb_status bb_walk(struct bb_walk *walk, const char *const *inputs, size_t n_inputs,
                       struct bb_error *err) BB_WARN_UNUSED;

#endif
