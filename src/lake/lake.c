#include "lake/lake.h"

#include "lake/intent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_NAME        ".busbar.lock"
#define WAIT_POLL_MS     200
#define STALE_WALK_DEPTH 6 /* the deepest folder of the lake */

struct bb_lake {
    char root[BB_PATH_MAX];
    int lock_fd, was_unfinished;
};

/* Hidden names that bb_publish_begin makes: ".<name>.tmp-<digits>". */
static int is_stale_name(const char *name)
{
    const char *mark = strstr(name, ".tmp-");
    if (name[0] != '.' || !mark || mark[5] == '\0') return 0;
    return mark[5 + strspn(mark + 5, "0123456789")] == '\0';
}

static void remove_stale(const char *folder, int depth)
{
    DIR *dir = opendir(folder);
    struct dirent *e;
    if (!dir) return;
    while ((e = readdir(dir)) != NULL) {
        char path[BB_PATH_MAX];
        struct stat st;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, e->d_name) >= sizeof path) continue;
        if (lstat(path, &st) != 0) continue;
        if (S_ISDIR(st.st_mode) && depth > 0) remove_stale(path, depth - 1);
        if (S_ISREG(st.st_mode) && is_stale_name(e->d_name)) unlink(path);
    }
    closedir(dir);
}

/* Only what busbar makes is walked: a lake may lie in, or hold, something large. */
static void remove_stale_of_lake(const char *root)
{
    static const char *const folders[] = { "parquet", "energy", "ancillary", "metadata", "quality", "rejects" };
    char path[BB_PATH_MAX];
    remove_stale(root, 0);
    for (size_t i = 0; i < BB_ARRAY_LEN(folders); i++)
        if ((size_t)snprintf(path, sizeof path, "%s/%s", root, folders[i]) < sizeof path)
            remove_stale(path, STALE_WALK_DEPTH);
}

static enum bb_status make_folder(const char *path, struct bb_error *err)
{
    char part[BB_PATH_MAX];
    size_t n = strlen(path);
    if (n >= sizeof part) return bb_fail(err, BB_IO, "%.200s…: path is longer than %d bytes", path, BB_PATH_MAX);
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0') continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return bb_fail_errno(err, BB_IO, errno, "%s: cannot make the folder", part);
    }
    return BB_OK;
}

enum bb_status bb_make_folder_of(const char *path, struct bb_error *err)
{
    char folder[BB_PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path) return BB_OK;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    return make_folder(folder, err);
}

static void read_holder(int fd, char *out, size_t n)
{
    ssize_t got = pread(fd, out, n - 1, 0);
    out[got > 0 ? got : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    if (out[0] == '\0') snprintf(out, n, "another run");
}

static enum bb_status take_lock(struct bb_lake *lake, bb_lake_wait wait, void *wait_ctx, struct bb_error *err)
{
    char path[BB_PATH_MAX], holder[256];
    int n;
    if ((size_t)snprintf(path, sizeof path, "%s/%s", lake->root, LOCK_NAME) >= sizeof path)
        return bb_fail(err, BB_IO, "%.200s…: path is too long", lake->root);
    lake->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lake->lock_fd < 0) return bb_fail_errno(err, BB_IO, errno, "%s: cannot open the lock", path);
    while (flock(lake->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        struct timespec pause = { 0, WAIT_POLL_MS * 1000000L };
        if (errno != EWOULDBLOCK && errno != EINTR)
            return bb_fail_errno(err, BB_IO, errno, "%s: cannot lock", path);
        read_holder(lake->lock_fd, holder, sizeof holder);
        if (wait && wait(wait_ctx, holder))
            return bb_fail(err, BB_INTERRUPTED, "interrupted while %s was being written by %s", lake->root, holder);
        if (!wait)
            return bb_fail(err, BB_IO, "%s is being written by %s; wait for it to end, or end it", lake->root,
                           holder);
        nanosleep(&pause, NULL);
    }
    n = snprintf(holder, sizeof holder, "busbar process %ld\n", (long)getpid());
    if (ftruncate(lake->lock_fd, 0) != 0 || pwrite(lake->lock_fd, holder, (size_t)n, 0) != n)
        return bb_fail_errno(err, BB_IO, errno, "%s: cannot write the lock", path);
    return BB_OK;
}

enum bb_status bb_lake_open(const char *root, struct bb_budget *budget, bb_lake_wait wait, void *wait_ctx,
                            struct bb_lake **lake_ret, struct bb_error *err)
{
    struct bb_lake *lake = bb_calloc(budget, sizeof *lake);
    enum bb_status status;
    if (!lake) return bb_fail_budget(err, budget, "the lake's handle");
    lake->lock_fd = -1;
    if ((size_t)snprintf(lake->root, sizeof lake->root, "%s", root) >= sizeof lake->root) {
        bb_free(lake);
        return bb_fail(err, BB_IO, "%.200s…: path is longer than %d bytes", root, BB_PATH_MAX);
    }
    status = make_folder(root, err);
    if (status == BB_OK) status = take_lock(lake, wait, wait_ctx, err);
    if (status == BB_OK) status = bb_intent_resume(root, budget, &lake->was_unfinished, err);
    if (status != BB_OK) {
        bb_lake_close(lake);
        return status;
    }
    remove_stale_of_lake(root);
    *lake_ret = lake;
    return BB_OK;
}

void bb_lake_close(struct bb_lake *lake)
{
    if (!lake) return;
    if (lake->lock_fd >= 0) close(lake->lock_fd);
    bb_free(lake);
}

const char *bb_lake_root(const struct bb_lake *lake) { return lake->root; }
int bb_lake_was_unfinished(const struct bb_lake *lake) { return lake->was_unfinished; }

void bb_lake_path(const char *root, int hive, const struct bb_dataset *dataset, enum bb_half half, int year,
                  char *out)
{
    const char *iso = bb_iso_infos[dataset->iso].folder;
    char name[64];
    bb_dataset_name(dataset, half, name);
    if (hive)
        snprintf(out, BB_PATH_MAX, "%s/%s/iso=%s/dataset=%s/year=%d/%s_%d.parquet", root,
                 dataset->kind == BB_ENERGY ? "energy" : "ancillary", iso, name, year, name, year);
    else
        snprintf(out, BB_PATH_MAX, "%s/parquet/%s/%s/%s_%d.parquet", root, iso, name, name, year);
}

int bb_lake_is_own(struct bb_str below)
{
    static const char *const own[][2] = { { "parquet/", ".parquet" },       { "energy/iso=", ".parquet" },
                                          { "ancillary/iso=", ".parquet" }, { "metadata/", ".json" },
                                          { "quality/", ".json" },          { "rejects/", ".jsonl" } };
    for (size_t i = 0; i < BB_ARRAY_LEN(own); i++) {
        size_t n = strlen(own[i][0]);
        if (below.n > n && memcmp(below.p, own[i][0], n) == 0 && bb_str_is(bb_path_suffix(below), own[i][1]))
            return 1;
    }
    return 0;
}
