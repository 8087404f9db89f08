#include "parquet/pq_copier.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <unistd.h>

#define STACK_NBYTES ((size_t)128 << 10)
#define PIECE_NBYTES                                                                                               \
    ((uint64_t)4 << 20) /* at a time: that the rest is not wanted any more is noticed between two */
#define START_NBYTES ((uint64_t)8 << 20) /* the disk begins with them */
#define SYNC_NBYTES                                                                                                \
    ((uint64_t)128                                                                                                 \
     << 20) /* what lies behind can be read back; waiting for the disk keeps the copying waiting too */
#define BLOCK_NBYTES ((size_t)64 << 10)

struct range {
    int fd;
    const char *name;
    uint64_t from, to, n;
};

struct bb_pq_copier {
    int fd;
    struct bb_budget *budget;
    int threaded, running;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t moved; /* something was added, copied, synced, or failed */
    struct range *ranges;
    size_t next, n, cap;
    int ended, stop;
    int done;
    uint64_t synced_nbytes;                     /* everything below is */
    uint64_t unsynced_nbytes, unstarted_nbytes; /* of what was copied; sharing leaves nothing to write */
    struct bb_error error;
    char *block;                /* where the kernel cannot copy by itself */
    uint64_t share_nbytes;      /* a block of the file system; 0: it does not tell */
    int unshared_fd;            /* the file system cannot share blocks with this one; -1: not known of any */
    struct bb_pq_shared shared; /* what it did share */
};

struct bb_pq_copier *bb_pq_copier_new(int fd, int threaded, struct bb_budget *budget)
{
    struct bb_pq_copier *c = bb_calloc(budget, sizeof *c);
    struct statfs fs;
    if (!c) return NULL;
    c->fd = fd;
    c->budget = budget;
    c->threaded = threaded;
    c->share_nbytes = fstatfs(fd, &fs) == 0 && fs.f_bsize > 0 ? (uint64_t)fs.f_bsize : 0;
    c->unshared_fd = -1;
    bb_pq_shared_init(&c->shared, budget);
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->moved, NULL);
    return c;
}

static void set(struct bb_pq_copier *c, int *flag)
{
    pthread_mutex_lock(&c->mutex);
    *flag = 1;
    pthread_cond_broadcast(&c->moved);
    pthread_mutex_unlock(&c->mutex);
}

static int is_set(struct bb_pq_copier *c, const int *flag)
{
    int value;
    pthread_mutex_lock(&c->mutex);
    value = *flag;
    pthread_mutex_unlock(&c->mutex);
    return value;
}

void bb_pq_copier_free(struct bb_pq_copier *c)
{
    if (!c) return;
    if (c->running) {
        set(c, &c->stop);
        pthread_join(c->thread, NULL);
        bb_budget_release(c->budget, STACK_NBYTES);
    }
    pthread_mutex_destroy(&c->mutex);
    pthread_cond_destroy(&c->moved);
    bb_pq_shared_reset(&c->shared);
    bb_free(c->ranges);
    bb_free(c->block);
    bb_free(c);
}

/* ---- one range ---- */

static enum bb_status cannot_read(const struct range *r, int error, struct bb_error *err)
{
    return error ? bb_fail_errno(err, BB_IO, error, "%s: cannot be read", r->name)
                 : bb_fail(err, BB_IO, "%s: became shorter while it was read", r->name);
}

static enum bb_status cannot_write(const struct range *r, int error, struct bb_error *err)
{
    return bb_fail_errno(err, BB_IO, error, "cannot copy %llu bytes of Parquet to offset %llu",
                         (unsigned long long)r->n, (unsigned long long)r->to);
}

/* Through memory. */
static enum bb_status copy_block(struct bb_pq_copier *c, struct range *r, struct bb_error *err)
{
    size_t n = (size_t)BB_MIN(r->n, (uint64_t)BLOCK_NBYTES), done = 0;
    ssize_t got;
    if (!c->block && !(c->block = bb_alloc(c->budget, BLOCK_NBYTES)))
        return bb_fail_budget(err, c->budget, "copying row groups");
    do got = pread(r->fd, c->block, n, (off_t)r->from);
    while (got < 0 && errno == EINTR);
    if (got <= 0) return cannot_read(r, got < 0 ? errno : 0, err);
    for (n = (size_t)got; done < n; done += (size_t)got) {
        got = pwrite(c->fd, c->block + done, n - done, (off_t)(r->to + done));
        if (got < 0 && errno == EINTR) got = 0;
        if (got < 0) return cannot_write(r, errno, err);
    }
    r->from += n, r->to += n, r->n -= n;
    return BB_OK;
}

/* n bytes that r begins with. */
static enum bb_status copy_bytes(struct bb_pq_copier *c, struct range *r, uint64_t n, struct bb_error *err)
{
    uint64_t rest = r->n - n;
    while (r->n > rest) {
        off_t in = (off_t)r->from, out = (off_t)r->to;
        ssize_t got;
        if (c->running && is_set(c, &c->stop)) return bb_fail(err, BB_INTERRUPTED, "interrupted");
        got = copy_file_range(r->fd, &in, c->fd, &out, (size_t)BB_MIN(r->n - rest, PIECE_NBYTES), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)) {
            struct range part = { r->fd, r->name, r->from, r->to, r->n - rest };
            BB_TRY(copy_block(c, &part, err));
            got = (ssize_t)(part.from - r->from);
        }
        if (got < 0) return cannot_write(r, errno, err);
        if (got == 0) return cannot_read(r, 0, err);
        r->from += (uint64_t)got, r->to += (uint64_t)got, r->n -= (uint64_t)got;
        c->unsynced_nbytes += (uint64_t)got, c->unstarted_nbytes += (uint64_t)got;
    }
    return BB_OK;
}

/* The whole blocks that r begins with. Where the file system cannot, whatever its reason, it is not asked again for these two files. */
static void share_blocks(struct bb_pq_copier *c, struct range *r)
{
    uint64_t n = r->n / c->share_nbytes * c->share_nbytes;
    struct file_clone_range clone = {
        .src_fd = r->fd, .src_offset = r->from, .src_length = n, .dest_offset = r->to
    };
    int done;
    do done = ioctl(c->fd, FICLONERANGE, &clone);
    while (done != 0 && errno == EINTR);
    if (done != 0) {
        c->unshared_fd = r->fd;
        return;
    }
    bb_pq_shared_add(&c->shared, r->to, r->to + n);
    r->from += n, r->to += n, r->n -= n;
}

/* Where both offsets lie alike in their blocks, file systems that can share blocks do not move a byte: all but the parts of a block at both ends. */
static enum bb_status copy_range(struct bb_pq_copier *c, struct range *r, struct bb_error *err)
{
    uint64_t block = c->share_nbytes, head = block ? (block - r->to % block) % block : 0;
    if (r->fd != c->unshared_fd && block && r->from % block == r->to % block && r->n >= head + block) {
        if (head) BB_TRY(copy_bytes(c, r, head, err));
        share_blocks(c, r);
    }
    return copy_bytes(c, r, r->n, err);
}

/* ---- the thread ---- */

static enum bb_status sync_below(struct bb_pq_copier *c, uint64_t offset, struct bb_error *err)
{
    if (fdatasync(c->fd) != 0)
        return bb_fail_errno(err, BB_IO, errno, "cannot sync %llu copied bytes", (unsigned long long)offset);
    pthread_mutex_lock(&c->mutex);
    c->synced_nbytes = offset;
    c->unsynced_nbytes = 0;
    pthread_cond_broadcast(&c->moved);
    pthread_mutex_unlock(&c->mutex);
    return BB_OK;
}

/* The disk works while the copying goes on; only a hint, what fails is told by the sync. */
static void start_writing(struct bb_pq_copier *c, uint64_t end)
{
    uint64_t n = BB_MIN(end, c->unstarted_nbytes);
    (void)!sync_file_range(c->fd, (off_t)(end - n), (off_t)n, SYNC_FILE_RANGE_WRITE);
    c->unstarted_nbytes = 0;
}

/* 1: a range; 0: the last one is copied, or nobody wants it any more. */
static int next_range(struct bb_pq_copier *c, struct range *r)
{
    int got;
    pthread_mutex_lock(&c->mutex);
    while (c->next == c->n && !c->ended && !c->stop) pthread_cond_wait(&c->moved, &c->mutex);
    got = c->next < c->n && !c->stop;
    if (got) *r = c->ranges[c->next++];
    pthread_mutex_unlock(&c->mutex);
    return got;
}

static enum bb_status copy_all(struct bb_pq_copier *c, struct bb_error *err)
{
    struct range r;
    while (next_range(c, &r)) {
        BB_TRY(copy_range(c, &r, err));
        if (c->unstarted_nbytes >= START_NBYTES) start_writing(c, r.to);
        if (c->unsynced_nbytes >= SYNC_NBYTES) BB_TRY(sync_below(c, r.to, err));
    }
    return sync_below(c, UINT64_MAX, err);
}

static void *copier_main(void *arg)
{
    struct bb_pq_copier *c = arg;
    struct bb_error err = { .status = BB_OK };
    enum bb_status status = copy_all(c, &err);
    pthread_mutex_lock(&c->mutex);
    if (status != BB_OK) c->error = err;
    c->done = 1;
    pthread_cond_broadcast(&c->moved);
    pthread_mutex_unlock(&c->mutex);
    return NULL;
}

static void start(struct bb_pq_copier *c)
{
    pthread_attr_t attr;
    if (!bb_budget_charge(c->budget, STACK_NBYTES)) return;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_NBYTES);
    c->running = pthread_create(&c->thread, &attr, copier_main, c) == 0;
    pthread_attr_destroy(&attr);
    if (!c->running) bb_budget_release(c->budget, STACK_NBYTES);
}

/* ---- for the caller ---- */

struct bb_pq_shared *bb_pq_copier_shared(struct bb_pq_copier *c) { return &c->shared; }

static int put_range(struct bb_pq_copier *c, const struct range *r)
{
    struct range *last = c->n > c->next ? &c->ranges[c->n - 1] : NULL;
    if (last && last->fd == r->fd && last->from + last->n == r->from && last->to + last->n == r->to) {
        last->n += r->n;
        return 1;
    }
    if (!bb_grow(c->budget, (void **)&c->ranges, &c->cap, c->n + 1, sizeof *c->ranges)) return 0;
    c->ranges[c->n++] = *r;
    return 1;
}

enum bb_status bb_pq_copier_add(struct bb_pq_copier *c, int from_fd, const char *name, uint64_t from, uint64_t to,
                                uint64_t n, struct bb_error *err)
{
    struct range r = { from_fd, name, from, to, n };
    enum bb_status status;
    int kept;
    if (c->threaded && !c->running) start(c);
    if (!c->running) {
        c->threaded = 0; /* a thread that comes later would not find what was copied without it */
        return copy_range(c, &r, err);
    }
    pthread_mutex_lock(&c->mutex);
    status = c->error.status;
    if (status != BB_OK && err) *err = c->error;
    kept = status != BB_OK || put_range(c, &r);
    pthread_cond_broadcast(&c->moved);
    pthread_mutex_unlock(&c->mutex);
    return kept ? status : bb_fail_budget(err, c->budget, "copying row groups");
}

void bb_pq_copier_end(struct bb_pq_copier *c) { set(c, &c->ended); }

enum bb_status bb_pq_copier_wait(struct bb_pq_copier *c, uint64_t offset, struct bb_error *err)
{
    enum bb_status status = BB_OK;
    if (!c->running) return BB_OK;
    pthread_mutex_lock(&c->mutex);
    while (c->synced_nbytes < offset && !c->done) pthread_cond_wait(&c->moved, &c->mutex);
    if (c->synced_nbytes < offset) {
        status = c->error.status;
        if (err) *err = c->error;
    }
    pthread_mutex_unlock(&c->mutex);
    return status;
}
