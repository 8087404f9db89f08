#include "lake/lake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum bb_status bb_publish_begin(const char *final_path, struct bb_publication *pub, struct bb_error *err)
{
    const char *slash = strrchr(final_path, '/');
    size_t folder_nbytes = slash ? (size_t)(slash - final_path) + 1 : 0;
    pub->fd = -1;
    pub->temp_path[0] = '\0';
    if (strlen(final_path) + 32 > BB_PATH_MAX) return bb_fail(err, BB_IO, "%.200s…: path is too long", final_path);
    BB_TRY(bb_make_folder_of(final_path, err));
    memmove(pub->final_path, final_path, strlen(final_path) + 1);
    snprintf(pub->temp_path, sizeof pub->temp_path, "%.*s.%s.tmp-%ld", (int)folder_nbytes, final_path,
             final_path + folder_nbytes, (long)getpid());
    pub->fd = open(pub->temp_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (pub->fd < 0) return bb_fail_errno(err, BB_IO, errno, "%s: cannot make the file", pub->temp_path);
    return BB_OK;
}

enum bb_status bb_publish_write(struct bb_publication *pub, struct bb_str text, struct bb_error *err)
{
    for (size_t done = 0; done < text.n;) {
        ssize_t n = write(pub->fd, text.p + done, text.n - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return bb_fail_errno(err, BB_IO, n < 0 ? errno : ENOSPC, "%s: cannot write", pub->temp_path);
        done += (size_t)n;
    }
    return BB_OK;
}

enum bb_status bb_publish_sync(struct bb_publication *pub, struct bb_error *err)
{
    if (fsync(pub->fd) != 0) return bb_fail_errno(err, BB_IO, errno, "%s: cannot sync to disk", pub->temp_path);
    return BB_OK;
}

static enum bb_status sync_folder_of(const char *path, struct bb_error *err)
{
    char folder[BB_PATH_MAX];
    const char *slash = strrchr(path, '/');
    int fd, failed;
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return bb_fail_errno(err, BB_IO, errno, "%s: cannot open the folder to sync it", folder);
    failed = fsync(fd) != 0 && errno != EINVAL; /* some file systems cannot sync folders and say EINVAL */
    close(fd);
    if (failed) return bb_fail_errno(err, BB_IO, errno, "%s: cannot sync the folder", folder);
    return BB_OK;
}

enum bb_status bb_publish_commit(struct bb_publication *pub, struct bb_error *err)
{
    if (pub->fd >= 0) {
        int failed = close(pub->fd) != 0;
        pub->fd = -1;
        if (failed) return bb_fail_errno(err, BB_IO, errno, "%s: cannot close", pub->temp_path);
    }
    if (rename(pub->temp_path, pub->final_path) != 0)
        return bb_fail_errno(err, BB_IO, errno, "%s: cannot rename to %s", pub->temp_path, pub->final_path);
    pub->temp_path[0] = '\0';
    return sync_folder_of(pub->final_path, err);
}

void bb_publish_abort(struct bb_publication *pub)
{
    if (pub->fd >= 0) close(pub->fd);
    pub->fd = -1;
    if (pub->temp_path[0]) unlink(pub->temp_path);
    pub->temp_path[0] = '\0';
}

enum bb_status bb_publish_text(const char *final_path, struct bb_str text, struct bb_error *err)
{
    struct bb_publication pub;
    enum bb_status status = bb_publish_begin(final_path, &pub, err);
    if (status == BB_OK) status = bb_publish_write(&pub, text, err);
    if (status == BB_OK) status = bb_publish_sync(&pub, err);
    if (status == BB_OK) status = bb_publish_commit(&pub, err);
    if (status != BB_OK) bb_publish_abort(&pub);
    return status;
}
