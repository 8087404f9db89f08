#include "io/archive_set.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMORY_MAX_NBYTES   ((size_t)4 << 20) /* larger inner archives go to a file */
#define UNPACKED_MAX_NBYTES ((uint64_t)4 << 30)
#define CHUNK_NBYTES        ((size_t)128 << 10)

enum progress { UNPACKING, READY, FAILED };

struct bb_unpacked {
    uint32_t index;
    unsigned n_holders; /* under the lock, as is progress */
    enum progress progress;
    uint8_t *mem;
    size_t mem_cap;
    int fd;
    uint64_t n;
    struct bb_error failure;
};

struct archive {
    struct bb_archive_place place;
    struct bb_unpacked *live; /* under the lock */
};

struct bb_archive_set {
    struct bb_budget *budget;
    char *temp_dir;
    struct archive *archives;
    size_t n, cap;
    _Atomic uint64_t unpacked_nbytes;
    pthread_mutex_t lock;
    pthread_cond_t unpacked;    /* some archive left UNPACKING */
    struct bb_unpacked *recent; /* one hold of its own */
};

struct bb_archive_set *bb_archive_set_new(const char *temp_dir, struct bb_budget *budget)
{
    struct bb_archive_set *set = bb_calloc(budget, sizeof *set);
    size_t n;
    if (!set) return NULL;
    if (!temp_dir || !*temp_dir) temp_dir = P_tmpdir;
    n = strlen(temp_dir) + 1;
    set->temp_dir = bb_alloc(budget, n);
    if (!set->temp_dir) {
        bb_free(set);
        return NULL;
    }
    memcpy(set->temp_dir, temp_dir, n);
    set->budget = budget;
    pthread_mutex_init(&set->lock, NULL);
    pthread_cond_init(&set->unpacked, NULL);
    return set;
}

static void unpacked_free(struct bb_unpacked *u)
{
    if (!u) return;
    bb_free(u->mem);
    if (u->fd >= 0) close(u->fd);
    bb_free(u);
}

void bb_archive_set_free(struct bb_archive_set *set)
{
    if (!set) return;
    unpacked_free(set->recent);
    pthread_cond_destroy(&set->unpacked);
    pthread_mutex_destroy(&set->lock);
    bb_free(set->archives);
    bb_free(set->temp_dir);
    bb_free(set);
}

int bb_archive_set_add(struct bb_archive_set *set, const struct bb_archive_place *place, uint32_t *index_ret)
{
    if (set->n >= BB_NO_ARCHIVE) return 0;
    if (!bb_grow(set->budget, (void **)&set->archives, &set->cap, set->n + 1, sizeof *set->archives)) return 0;
    set->archives[set->n] = (struct archive){ .place = *place };
    *index_ret = (uint32_t)set->n++;
    return 1;
}

const struct bb_archive_place *bb_archive_place_of(const struct bb_archive_set *set, uint32_t index)
{
    return &set->archives[index].place;
}

uint64_t bb_archive_set_unpacked_nbytes(const struct bb_archive_set *set)
{
    return atomic_load(&((struct bb_archive_set *)set)->unpacked_nbytes);
}

enum bb_status bb_open_file(const char *path, int *fd_ret, uint64_t *size_ret, struct bb_error *err)
{
    struct stat st;
    int fd;
    /* NONBLOCK: a file that became a pipe since it was listed must not stop us here */
    do {
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) return bb_fail_errno(err, BB_IO, errno, "cannot be opened");
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return bb_fail(err, BB_IO, "is no longer a file");
    }
    *fd_ret = fd;
    *size_ret = (uint64_t)st.st_size;
    return BB_OK;
}

static enum bb_status open_temp_file(const struct bb_archive_set *set, int *fd_ret, struct bb_error *err)
{
    char path[4096];
    int fd = open(set->temp_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) { /* not every file system has files without a name */
        int n = snprintf(path, sizeof path, "%s/busbar-XXXXXX", set->temp_dir);
        if (n < 0 || (size_t)n >= sizeof path)
            return bb_fail(err, BB_MISUSE, "the name of the folder for temporary files is too long");
        fd = mkostemp(path, O_CLOEXEC);
        if (fd >= 0) unlink(path);
    }
    if (fd < 0)
        return bb_fail_errno(err, BB_IO, errno,
                             "cannot make a temporary file in %s; name another folder with --temp-dir",
                             set->temp_dir);
    *fd_ret = fd;
    return BB_OK;
}

static enum bb_status write_all(const struct bb_archive_set *set, int fd, const uint8_t *p, size_t n,
                                struct bb_error *err)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0)
            return bb_fail_errno(
                err, BB_IO, errno,
                "cannot write an unpacked archive to a temporary file in %s; name another folder with "
                "--temp-dir",
                set->temp_dir);
        p += done;
        n -= (size_t)done;
    }
    return BB_OK;
}

/* Memory while it is little, against the ceiling and against what the budget has left; else everything goes to the file and
 * the memory becomes its buffer. */
static enum bb_status make_room(struct bb_archive_set *set, struct bb_unpacked *u, struct bb_error *err)
{
    size_t cap = u->mem_cap ? u->mem_cap * 2 : CHUNK_NBYTES;
    uint8_t *moved;
    if (u->fd < 0 && cap <= MEMORY_MAX_NBYTES && (cap == CHUNK_NBYTES || cap <= bb_budget_left(set->budget) / 8)) {
        moved = bb_realloc(set->budget, u->mem, cap);
        if (moved) {
            u->mem = moved;
            u->mem_cap = cap;
            return BB_OK;
        }
    }
    if (!u->mem) return bb_fail_budget(err, set->budget, "unpacking an archive within an archive");
    if (u->fd < 0) {
        BB_TRY(open_temp_file(set, &u->fd, err));
        BB_TRY(write_all(set, u->fd, u->mem, (size_t)u->n, err));
    }
    return BB_OK;
}

static enum bb_status unpack_all(struct bb_archive_set *set, struct bb_inflate *from, struct bb_unpacked *u,
                                 struct bb_error *err)
{
    for (;;) {
        enum bb_status status;
        size_t n, used = u->fd < 0 ? (size_t)u->n : 0;
        if (used == u->mem_cap || u->mem_cap == 0) {
            BB_TRY(make_room(set, u, err));
            used = u->fd < 0 ? (size_t)u->n : 0;
        }
        status = bb_inflate_read(from, u->mem + used, u->mem_cap - used, &n, err);
        if (status == BB_EOF) break;
        BB_TRY(status);
        if (u->fd >= 0) BB_TRY(write_all(set, u->fd, u->mem, n, err));
        u->n += n;
        atomic_fetch_add_explicit(&set->unpacked_nbytes, n, memory_order_relaxed);
        if (u->n > UNPACKED_MAX_NBYTES)
            return bb_fail(err, BB_SKIP, "this inner archive unpacks to more than %llu GB; unpack it first",
                           (unsigned long long)(UNPACKED_MAX_NBYTES >> 30));
    }
    if (u->fd >= 0) {
        bb_free(u->mem);
        u->mem = NULL;
    }
    return BB_OK;
}

static enum bb_status unpack(struct bb_archive_set *set, const struct bb_archive_place *place,
                             struct bb_unpacked *u, struct bb_error *err)
{
    struct bb_archive_bytes parent;
    struct bb_byte_range part;
    struct bb_inflate *inflate;
    enum bb_status status;
    if (place->parent == BB_NO_ARCHIVE) {
        parent = (struct bb_archive_bytes){ .own_fd = -1 };
        if (place->mem) {
            parent.range = (struct bb_byte_range){ .mem = place->mem, .fd = -1, .n = place->n };
        } else {
            if (bb_open_file(place->path.p, &parent.own_fd, &parent.range.n, err) != BB_OK)
                return bb_fail_prefix(err, "%s", place->path.p);
            parent.range.fd = parent.own_fd;
        }
    } else {
        BB_TRY(bb_archive_open(set, place->parent, &parent, err));
    }
    part = bb_byte_range_part(&parent.range, place->offset, place->n);
    status = bb_inflate_new(&part, &place->packed, 0, set->budget, &inflate, err);
    if (status == BB_OK) {
        status = unpack_all(set, inflate, u, err);
        if (status == BB_IO) bb_fail_prefix(err, "%s", place->path.p);
        bb_inflate_free(inflate);
    }
    bb_archive_close(set, &parent);
    return status;
}

/* Under the lock. */
static void let_go(struct bb_archive_set *set, struct bb_unpacked *u)
{
    if (!u || --u->n_holders > 0) return;
    if (set->archives[u->index].live == u) set->archives[u->index].live = NULL;
    unpacked_free(u);
}

/* Finds the unpacked bytes of an archive or makes them; who comes second waits for the first. */
static enum bb_status hold(struct bb_archive_set *set, uint32_t index, struct bb_unpacked **u_ret,
                           struct bb_error *err)
{
    struct archive *a = &set->archives[index];
    struct bb_unpacked *u;
    enum bb_status status = BB_OK;
    pthread_mutex_lock(&set->lock);
    u = a->live;
    if (u) {
        u->n_holders++;
        while (u->progress == UNPACKING) pthread_cond_wait(&set->unpacked, &set->lock);
    } else {
        u = bb_calloc(set->budget, sizeof *u);
        if (!u) {
            pthread_mutex_unlock(&set->lock);
            return bb_fail_budget(err, set->budget, "unpacking an archive within an archive");
        }
        u->index = index;
        u->fd = -1;
        u->n_holders = 1;
        a->live = u;
        pthread_mutex_unlock(&set->lock);
        status = unpack(set, &a->place, u, &u->failure);
        pthread_mutex_lock(&set->lock);
        u->progress = status == BB_OK ? READY : FAILED;
        if (status == BB_OK) {
            let_go(set, set->recent);
            set->recent = u;
            u->n_holders++;
        }
        pthread_cond_broadcast(&set->unpacked);
    }
    if (u->progress == FAILED) {
        status = u->failure.status;
        if (err) *err = u->failure;
        if (a->live == u) a->live = NULL; /* who comes later tries again: memory may be there by then */
        let_go(set, u);
        u = NULL;
    }
    pthread_mutex_unlock(&set->lock);
    *u_ret = u;
    return status;
}

enum bb_status bb_archive_open(struct bb_archive_set *set, uint32_t index, struct bb_archive_bytes *bytes_ret,
                               struct bb_error *err)
{
    const struct bb_archive_place *place = &set->archives[index].place;
    struct bb_archive_bytes bytes = { .own_fd = -1 };
    uint64_t size;
    if (place->packed.n_packings == 0 && place->parent == BB_NO_ARCHIVE) {
        bytes.range = (struct bb_byte_range){ .mem = place->mem, .fd = -1, .n = place->n };
        if (!place->mem) {
            if (bb_open_file(place->path.p, &bytes.own_fd, &size, err) != BB_OK)
                return bb_fail_prefix(err, "%s", place->path.p);
            bytes.range.fd = bytes.own_fd;
            if (size != place->n) {
                close(bytes.own_fd);
                return bb_fail(err, BB_SKIP,
                               "the file's size changed from %llu to %llu bytes while busbar worked on it",
                               (unsigned long long)place->n, (unsigned long long)size);
            }
        }
    } else if (place->packed.n_packings == 1 && place->packed.packings[0] == BB_PACKING_STORED &&
               place->parent != BB_NO_ARCHIVE) {
        /* its members have checks of their own, so its own CRC is not worth a copy */
        BB_TRY(bb_archive_open(set, place->parent, &bytes, err));
        bytes.range = bb_byte_range_part(&bytes.range, place->offset, place->n);
    } else {
        BB_TRY(hold(set, index, &bytes.held, err));
        bytes.range = (struct bb_byte_range){ .mem = bytes.held->mem, .fd = bytes.held->fd, .n = bytes.held->n };
    }
    *bytes_ret = bytes;
    return BB_OK;
}

void bb_archive_close(struct bb_archive_set *set, struct bb_archive_bytes *bytes)
{
    if (bytes->own_fd >= 0) close(bytes->own_fd);
    if (bytes->held) {
        pthread_mutex_lock(&set->lock);
        let_go(set, bytes->held);
        pthread_mutex_unlock(&set->lock);
    }
    *bytes = (struct bb_archive_bytes){ .own_fd = -1 };
}
