#include "io/io_walk.h"

#include "base/buf.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define MAX_DEPTH    64
#define PATH_NBYTES  ((size_t)4096)
#define BLOCK_NBYTES ((size_t)64 << 10)

struct bb_text_block {
    struct bb_text_block *next;
    size_t n, cap;
    char text[];
};

struct bb_str bb_text_put(struct bb_text_arena *arena, struct bb_str s)
{
    struct bb_text_block *b = arena->blocks;
    char *p;
    if (!b || b->cap - b->n <= s.n) {
        /* the first block is small: most lists name a few files */
        size_t cap = BB_MAX(b ? BLOCK_NBYTES : (size_t)2048, s.n + 1);
        b = bb_alloc(arena->budget, sizeof *b + cap);
        if (!b) return (struct bb_str){ NULL, 0 };
        *b = (struct bb_text_block){ .next = arena->blocks, .cap = cap };
        arena->blocks = b;
    }
    p = b->text + b->n;
    if (s.n > 0) memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    b->n += s.n + 1;
    return (struct bb_str){ p, s.n };
}

void bb_text_arena_reset(struct bb_text_arena *arena)
{
    while (arena->blocks) {
        struct bb_text_block *next = arena->blocks->next;
        bb_free(arena->blocks);
        arena->blocks = next;
    }
}

/* The folders we are in: a symbolic link to one of them is a loop. */
struct inside {
    const struct inside *outer;
    dev_t dev;
    ino_t ino;
    unsigned depth;
    size_t apart_nbytes; /* of the path of the folder set apart that this one lies in; 0: in none */
};

static int is_loop(const struct inside *in, const struct stat *st)
{
    for (; in; in = in->outer) {
        if (in->dev == st->st_dev && in->ino == st->st_ino) return 1;
    }
    return 0;
}

static enum bb_status add_file(struct bb_walk *walk, struct bb_str path, struct bb_error *err)
{
    struct bb_str kept;
    if (!bb_grow(walk->budget, (void **)&walk->paths, &walk->cap, walk->n + 1, sizeof *walk->paths))
        return bb_fail_budget(err, walk->budget, "the list of input files");
    kept = bb_text_put(walk->arena, path);
    if (!kept.p) return bb_fail_budget(err, walk->budget, "the list of input files");
    walk->paths[walk->n++] = kept;
    return BB_OK;
}

static enum bb_status tell(struct bb_walk *walk, const struct bb_buf *path, const struct bb_error *why,
                           struct bb_error *err)
{
    return walk->problem ? walk->problem(walk->ctx, bb_buf_str(path), why, err) : BB_OK;
}

/* However the folder is spelled, and by whichever link the walk came. */
static int is_apart(const struct bb_walk *walk, const struct stat *st)
{
    struct stat apart;
    return walk->apart && stat(walk->apart->folder, &apart) == 0 && apart.st_dev == st->st_dev &&
           apart.st_ino == st->st_ino;
}

static int is_own(const struct bb_walk *walk, const struct bb_buf *path, const struct inside *in)
{
    size_t from = in->apart_nbytes;
    if (from == 0) return 0;
    from += path->p[from] == '/';
    return walk->apart->is_own((struct bb_str){ path->p + from, path->n - from });
}

static enum bb_status walk_folder(struct bb_walk *walk, struct bb_buf *path, const struct inside *in,
                                  struct bb_error *err);

/* path is the entry's, ends with NUL at path->p[path->n]. */
static enum bb_status walk_entry(struct bb_walk *walk, struct bb_buf *path, const struct inside *in,
                                 struct bb_error *err)
{
    struct bb_error why;
    struct stat st;
    if (stat(path->p, &st) != 0) {
        bb_fail_errno(&why, BB_SKIP, errno, "cannot be read");
        return tell(walk, path, &why, err);
    }
    if (S_ISREG(st.st_mode)) return is_own(walk, path, in) ? BB_OK : add_file(walk, bb_buf_str(path), err);
    if (S_ISDIR(st.st_mode)) {
        struct inside here = { in, st.st_dev, st.st_ino, in->depth + 1, in->apart_nbytes };
        if (is_apart(walk, &st)) here.apart_nbytes = path->n;
        if (is_loop(in, &st)) return BB_OK; /* everything in it is found anyway */
        if (here.depth > MAX_DEPTH) {
            bb_fail(&why, BB_SKIP, "lies more than %d folders deep; name a deeper folder as input", MAX_DEPTH);
            return tell(walk, path, &why, err);
        }
        return walk_folder(walk, path, &here, err);
    }
    bb_fail(&why, BB_SKIP, "is neither a file nor a folder");
    return tell(walk, path, &why, err);
}

static int append_name(struct bb_buf *path, const char *name)
{
    if (path->n > 0 && path->p[path->n - 1] != '/' && !bb_buf_putc(path, '/')) return 0;
    if (!bb_buf_puts(path, name) || !bb_buf_reserve(path, 1)) return 0;
    path->p[path->n] = '\0';
    return 1;
}

static enum bb_status walk_folder(struct bb_walk *walk, struct bb_buf *path, const struct inside *in,
                                  struct bb_error *err)
{
    DIR *dir = opendir(path->p);
    enum bb_status status = BB_OK;
    size_t n = path->n;
    struct bb_error why;
    if (!dir) {
        if (in->depth == 0) return bb_fail_errno(err, BB_IO, errno, "cannot read the folder %s", path->p);
        bb_fail_errno(&why, BB_SKIP, errno, "this folder cannot be read");
        return tell(walk, path, &why, err);
    }
    while (status == BB_OK) {
        struct dirent *e;
        errno = 0;
        e = readdir(dir);
        if (!e && errno != 0) status = bb_fail_errno(err, BB_IO, errno, "reading the folder %s", path->p);
        if (!e) break;
        if (e->d_name[0] == '.') continue;
        if (append_name(path, e->d_name)) {
            status = walk_entry(walk, path, in, err);
        } else {
            path->n = n;
            bb_fail(&why, BB_SKIP, "holds an entry whose path is longer than %zu bytes", PATH_NBYTES);
            status = tell(walk, path, &why, err);
        }
        path->n = n;
        path->p[n] = '\0';
    }
    closedir(dir);
    return status;
}

static enum bb_status walk_input(struct bb_walk *walk, struct bb_buf *path, const char *input, struct bb_error *err)
{
    struct stat st;
    size_t n = strlen(input);
    while (n > 1 && input[n - 1] == '/') n--;
    path->n = 0;
    if (n == 0) return bb_fail(err, BB_MISUSE, "an input has an empty name");
    if (n >= PATH_NBYTES - 1 || !bb_buf_put(path, input, n) || !bb_buf_reserve(path, 1))
        return bb_fail(err, BB_MISUSE, "the name of an input is longer than %zu bytes", PATH_NBYTES);
    path->p[n] = '\0';
    if (stat(input, &st) != 0) return bb_fail_errno(err, BB_IO, errno, "cannot read the input %s", input);
    if (S_ISREG(st.st_mode)) return add_file(walk, bb_buf_str(path), err);
    if (S_ISDIR(st.st_mode)) {
        struct inside here = { NULL, st.st_dev, st.st_ino, 0, is_apart(walk, &st) ? n : 0 };
        return walk_folder(walk, path, &here, err);
    }
    return bb_fail(err, BB_IO, "the input %s is neither a file nor a folder (a pipe must be saved to a file first)",
                   input);
}

static int by_bytes(const void *a, const void *b)
{
    return bb_str_cmp(*(const struct bb_str *)a, *(const struct bb_str *)b);
}

enum bb_status bb_walk(struct bb_walk *walk, const char *const *inputs, size_t n_inputs, struct bb_error *err)
{
    enum bb_status status = BB_OK;
    struct bb_buf path;
    size_t kept = 0;
    bb_buf_init(&path, walk->budget, PATH_NBYTES);
    /* All of it now: later a name that does not fit is too long, not short of memory. */
    if (!bb_buf_reserve(&path, PATH_NBYTES))
        return bb_fail_budget(err, walk->budget, "the names of the input files");
    for (size_t i = 0; i < n_inputs && status == BB_OK; i++) status = walk_input(walk, &path, inputs[i], err);
    bb_buf_reset(&path);
    BB_TRY(status);
    if (walk->n > 1) qsort(walk->paths, walk->n, sizeof *walk->paths, by_bytes);
    for (size_t i = 0; i < walk->n; i++) {
        if (kept > 0 && bb_str_eq(walk->paths[i], walk->paths[kept - 1])) continue;
        walk->paths[kept++] = walk->paths[i];
    }
    walk->n = kept;
    return BB_OK;
}
