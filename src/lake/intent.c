#include "lake/intent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define INTENT_NAME       ".busbar.publishing"
#define INTENT_MAX_NBYTES ((size_t)16 << 20)
#define END_LINE          "end\n" /* the rename makes the file whole or absent; this is for file systems that promise less */

void bb_intent_init(struct bb_intent *intent, const char *root, struct bb_budget *budget)
{
    intent->root = root;
    bb_buf_init(&intent->lines, budget, INTENT_MAX_NBYTES);
}

void bb_intent_reset(struct bb_intent *intent) { bb_buf_reset(&intent->lines); }

static int path_of_intent(const char *root, char out[BB_PATH_MAX])
{
    return (size_t)snprintf(out, BB_PATH_MAX, "%s/%s", root, INTENT_NAME) < BB_PATH_MAX;
}

int bb_intent_is_declared(const char *root)
{
    char path[BB_PATH_MAX];
    struct stat st;
    return path_of_intent(root, path) && stat(path, &st) == 0;
}

/* The part below root; NULL if it lies elsewhere. */
static const char *below(const char *root, const char *path)
{
    size_t n = strlen(root);
    if (strncmp(root, path, n) != 0) return NULL;
    path += n;
    while (*path == '/') path++;
    return path;
}

enum bb_status bb_intent_add(struct bb_intent *intent, const struct bb_publication *pub, struct bb_error *err)
{
    const char *from = below(intent->root, pub->temp_path), *to = below(intent->root, pub->final_path);
    struct bb_buf *b = &intent->lines;
    if (!from || !to) return bb_fail(err, BB_BUG, "%s does not lie in %s", pub->final_path, intent->root);
    if (!bb_buf_puts(b, from) || !bb_buf_putc(b, '\t') || !bb_buf_puts(b, to) || !bb_buf_putc(b, '\n'))
        return bb_fail_budget(err, b->budget, "the list of files to publish");
    return BB_OK;
}

enum bb_status bb_intent_declare(struct bb_intent *intent, struct bb_error *err)
{
    char path[BB_PATH_MAX];
    struct bb_buf *b = &intent->lines;
    if (b->n == 0) return BB_OK;
    if (!path_of_intent(intent->root, path)) return bb_fail(err, BB_IO, "%.200s…: path is too long", intent->root);
    if (!bb_buf_puts(b, END_LINE)) return bb_fail_budget(err, b->budget, "the list of files to publish");
    return bb_publish_text(path, bb_buf_str(b), err);
}

static enum bb_status sync_folder(const char *folder, struct bb_error *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed;
    if (fd < 0) return bb_fail_errno(err, BB_IO, errno, "%s: cannot open the folder to sync it", folder);
    failed = fsync(fd) != 0 && errno != EINVAL; /* some file systems cannot sync folders and say EINVAL */
    close(fd);
    return failed ? bb_fail_errno(err, BB_IO, errno, "%s: cannot sync the folder", folder) : BB_OK;
}

void bb_intent_withdraw(const struct bb_intent *intent)
{
    char path[BB_PATH_MAX];
    if (path_of_intent(intent->root, path)) unlink(path);
}

/* ---- after a crash ---- */

static enum bb_status read_intent(const char *path, struct bb_buf *text, struct bb_error *err)
{
    struct stat st;
    enum bb_status status = BB_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? BB_EOF : bb_fail_errno(err, BB_IO, errno, "%s: cannot be read", path);
    if (fstat(fd, &st) != 0 || (uint64_t)st.st_size > INTENT_MAX_NBYTES) {
        status = bb_fail(err, BB_IO, "%s: is not what busbar wrote; remove it and convert again", path);
    } else if (!bb_buf_reserve(text, (size_t)st.st_size + 1)) {
        status = bb_fail_budget(err, text->budget, "the list of files to publish");
    }
    while (status == BB_OK && text->n < (size_t)st.st_size) {
        ssize_t n = read(fd, text->p + text->n, (size_t)st.st_size - text->n);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) status = bb_fail_errno(err, BB_IO, errno, "%s: cannot be read", path);
        if (n <= 0) break;
        text->n += (size_t)n;
    }
    close(fd);
    return status;
}

/* A lake may come from elsewhere: nothing outside of it is touched, and only a hidden file of busbar's is moved. */
static int is_own(struct bb_str from, struct bb_str to)
{
    size_t folder = to.n;
    while (folder > 0 && to.p[folder - 1] != '/') folder--;
    if (to.n == 0 || to.p[0] == '/' || memmem(to.p, to.n, "..", 2) || folder == to.n) return 0;
    if (from.n < to.n + 6 || memcmp(from.p, to.p, folder) != 0 || from.p[folder] != '.') return 0;
    return memcmp(from.p + folder + 1, to.p + folder, to.n - folder) == 0 &&
           memcmp(from.p + to.n + 1, ".tmp-", 5) == 0;
}

static enum bb_status finish_one(const char *root, struct bb_str line, struct bb_error *err)
{
    char from[BB_PATH_MAX], to[BB_PATH_MAX], *slash;
    const char *tab = memchr(line.p, '\t', line.n);
    struct bb_str hidden, final;
    if (!tab) return BB_SKIP;
    hidden = (struct bb_str){ line.p, (size_t)(tab - line.p) };
    final = (struct bb_str){ tab + 1, line.n - hidden.n - 1 };
    if (!is_own(hidden, final) || memchr(line.p, '\0', line.n)) return BB_SKIP;
    if ((size_t)snprintf(from, sizeof from, "%s/%.*s", root, (int)hidden.n, hidden.p) >= sizeof from ||
        (size_t)snprintf(to, sizeof to, "%s/%.*s", root, (int) final.n, final.p) >= sizeof to)
        return BB_SKIP;
    /* Not there: it got its name before the crash. */
    if (rename(from, to) != 0 && errno != ENOENT)
        return bb_fail_errno(err, BB_IO, errno, "%s: cannot rename to %s", from, to);
    slash = strrchr(to, '/');
    *slash = '\0';
    return sync_folder(to, err);
}

static enum bb_status finish_all(const char *root, const char *path, struct bb_str text, struct bb_error *err)
{
    size_t end = text.n >= strlen(END_LINE) ? text.n - strlen(END_LINE) : 0;
    enum bb_status status = BB_OK;
    if (text.n < strlen(END_LINE) || memcmp(text.p + end, END_LINE, strlen(END_LINE)) != 0)
        return BB_OK; /* never took effect */
    for (size_t at = 0; at < end && status == BB_OK;) {
        const char *newline = memchr(text.p + at, '\n', end - at);
        size_t n = newline ? (size_t)(newline - text.p) - at : end - at;
        status = finish_one(root, (struct bb_str){ text.p + at, n }, err);
        at += n + 1;
    }
    if (status == BB_SKIP)
        return bb_fail(err, BB_IO, "%s: is not what busbar wrote; remove it and convert again", path);
    return status;
}

enum bb_status bb_intent_resume(const char *root, struct bb_budget *budget, int *unfinished_ret,
                                struct bb_error *err)
{
    char path[BB_PATH_MAX];
    struct bb_buf text;
    enum bb_status status;
    *unfinished_ret = 0;
    if (!path_of_intent(root, path)) return bb_fail(err, BB_IO, "%.200s…: path is too long", root);
    bb_buf_init(&text, budget, INTENT_MAX_NBYTES + 1);
    status = read_intent(path, &text, err);
    if (status == BB_OK) {
        *unfinished_ret = 1;
        status = finish_all(root, path, bb_buf_str(&text), err);
        /* The names are given; they must not be given again, to hidden files of a later run. */
        if (status == BB_OK && text.n > strlen(END_LINE)) status = bb_publish_text(path, BB_STR(END_LINE), err);
    } else if (status == BB_EOF) {
        status = BB_OK;
    }
    bb_buf_reset(&text);
    return status;
}
