#include "io/archive_set.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMORY_MAX_NBYTES   ((size_t)4 << 20) /* larger inner archives go to a file */
#define UNPACKED_MAX_NBYTES ((uint64_t)4 << 30)
#define CHUNK_NBYTES        ((size_t)128 << 10)
#define ROOM_NBYTES         ((size_t)64) /* behind what an archive is said to have: to see that it ends there */
#define DECOMPRESSOR_NBYTES ((size_t)16 << 10) /* what libdeflate takes for one, rounded up */
#define KEPT_SHARE          8                  /* of the budget */
#define KEPT_MAX_NBYTES     ((size_t)64 << 20) /* when it has no limit */
#define MAX_IDLE            4

enum progress { UNPACKING, READY, FAILED };

struct bb_unpacked {
    struct bb_archive *archive;
    unsigned n_holders; /* under the lock, as is progress */
    enum progress progress;
    int kept; /* one of the holders is the set's list of kept ones */
    struct bb_unpacked *kept_before, *kept_behind;
    uint8_t *mem;
    size_t mem_cap, first_nbytes;
    int fd;
    uint64_t n;
    struct bb_error *failure; /* for who waited; NULL: no memory to say it */
};

struct bb_archive {
    struct bb_archive *next;
    struct bb_archive_place place;
    struct bb_unpacked *live; /* under the lock, as is n_unread */
    unsigned n_unread;        /* members for which the bytes are kept */
};

struct bb_archive_set {
    struct bb_budget *budget;
    char *temp_dir;
    pthread_mutex_t lock; /* nothing is allocated under it: see bb_budget_set_lender */
    struct bb_archive *archives;
    pthread_cond_t unpacked;    /* some archive left UNPACKING */
    struct bb_unpacked *recent; /* one hold of its own */
    struct bb_unpacked *first_kept, *last_kept;
    size_t kept_nbytes, kept_max_nbytes;
    struct bb_inflate *idle[MAX_IDLE];
    unsigned n_idle;
};

static void reclaim(void *set, size_t nbytes);

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
    if (bb_budget_set_lender(budget, reclaim, set))
        set->kept_max_nbytes = budget->limit_nbytes ? budget->limit_nbytes / KEPT_SHARE : KEPT_MAX_NBYTES;
    return set;
}

static void unpacked_free(struct bb_unpacked *u)
{
    if (!u) return;
    bb_free(u->mem);
    bb_free(u->failure);
    if (u->fd >= 0) close(u->fd);
    bb_free(u);
}

/* Under the lock. What is kept and held by nobody else is lent. */
static void add_holder(struct bb_archive_set *set, struct bb_unpacked *u)
{
    if (u->kept && u->n_holders == 1) bb_budget_take_back(set->budget, u->mem_cap);
    u->n_holders++;
}

/* Under the lock. */
static void let_go(struct bb_archive_set *set, struct bb_unpacked *u)
{
    if (!u) return;
    if (--u->n_holders > 0) {
        if (u->kept && u->n_holders == 1) bb_budget_lend(set->budget, u->mem_cap);
        return;
    }
    if (u->archive->live == u) u->archive->live = NULL;
    unpacked_free(u);
}

/* Under the lock. */
static void stop_keeping(struct bb_archive_set *set, struct bb_unpacked *u)
{
    if (u->kept_before)
        u->kept_before->kept_behind = u->kept_behind;
    else
        set->first_kept = u->kept_behind;
    if (u->kept_behind)
        u->kept_behind->kept_before = u->kept_before;
    else
        set->last_kept = u->kept_before;
    set->kept_nbytes -= u->mem_cap;
    if (u->n_holders == 1) bb_budget_take_back(set->budget, u->mem_cap);
    u->kept = 0;
    let_go(set, u);
}

/* The last ones first: they are read last. */
static void reclaim(void *set_, size_t nbytes)
{
    struct bb_archive_set *set = set_;
    struct bb_unpacked *u, *before;
    size_t freed = 0;
    pthread_mutex_lock(&set->lock);
    for (u = set->last_kept; u && freed < nbytes; u = before) {
        before = u->kept_before;
        if (u->n_holders > 1) continue;
        freed += u->mem_cap;
        stop_keeping(set, u);
    }
    pthread_mutex_unlock(&set->lock);
}

void bb_archive_set_free(struct bb_archive_set *set)
{
    if (!set) return;
    while (set->first_kept) stop_keeping(set, set->first_kept);
    if (set->kept_max_nbytes) (void)bb_budget_set_lender(set->budget, NULL, NULL);
    let_go(set, set->recent);
    while (set->archives) {
        struct bb_archive *next = set->archives->next;
        bb_free(set->archives);
        set->archives = next;
    }
    while (set->n_idle) bb_inflate_free(set->idle[--set->n_idle]);
    pthread_cond_destroy(&set->unpacked);
    pthread_mutex_destroy(&set->lock);
    bb_free(set->temp_dir);
    bb_free(set);
}

struct bb_archive *bb_archive_set_add(struct bb_archive_set *set, const struct bb_archive_place *place)
{
    struct bb_archive *a = bb_alloc(set->budget, sizeof *a);
    if (!a) return NULL;
    *a = (struct bb_archive){ .place = *place };
    pthread_mutex_lock(&set->lock);
    a->next = set->archives;
    set->archives = a;
    pthread_mutex_unlock(&set->lock);
    return a;
}

const struct bb_archive_place *bb_archive_place_of(const struct bb_archive *archive) { return &archive->place; }

void bb_archive_keep(struct bb_archive_set *set, struct bb_archive *archive, unsigned n_members)
{
    struct bb_unpacked *u;
    pthread_mutex_lock(&set->lock);
    u = archive->live;
    if (n_members > 0 && u && u->progress == READY && u->mem && !u->kept && u->n_holders > 0 &&
        u->mem_cap <= set->kept_max_nbytes - BB_MIN(set->kept_nbytes, set->kept_max_nbytes)) {
        archive->n_unread = n_members;
        u->kept = 1;
        u->kept_behind = NULL;
        u->kept_before = set->last_kept;
        if (set->last_kept)
            set->last_kept->kept_behind = u;
        else
            set->first_kept = u;
        set->last_kept = u;
        set->kept_nbytes += u->mem_cap;
        if (set->recent == u)
            set->recent = NULL; /* its hold is the list's now */
        else
            u->n_holders++;
    }
    pthread_mutex_unlock(&set->lock);
}

void bb_archive_member_was_read(struct bb_archive_set *set, struct bb_archive *archive)
{
    pthread_mutex_lock(&set->lock);
    if (archive->n_unread > 0 && --archive->n_unread == 0 && archive->live && archive->live->kept)
        stop_keeping(set, archive->live);
    pthread_mutex_unlock(&set->lock);
}

size_t bb_archive_set_kept_nbytes(struct bb_archive_set *set)
{
    size_t n;
    pthread_mutex_lock(&set->lock);
    n = set->kept_nbytes;
    pthread_mutex_unlock(&set->lock);
    return n;
}

struct bb_inflate *bb_archive_set_take_inflate(struct bb_archive_set *set)
{
    struct bb_inflate *inflate;
    pthread_mutex_lock(&set->lock);
    inflate = set->n_idle ? set->idle[--set->n_idle] : NULL;
    pthread_mutex_unlock(&set->lock);
    return inflate;
}

void bb_archive_set_give_inflate(struct bb_archive_set *set, struct bb_inflate *inflate)
{
    pthread_mutex_lock(&set->lock);
    if (inflate && set->n_idle < MAX_IDLE) {
        set->idle[set->n_idle++] = inflate;
        inflate = NULL;
    }
    pthread_mutex_unlock(&set->lock);
    bb_inflate_free(inflate);
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
    size_t cap = u->mem_cap ? BB_MAX(u->mem_cap * 2, CHUNK_NBYTES) : u->first_nbytes;
    uint8_t *moved;
    if (u->fd < 0 && cap <= MEMORY_MAX_NBYTES && (cap <= CHUNK_NBYTES || cap <= bb_budget_left(set->budget) / 8)) {
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

/* A small archive at once, which is faster. 0: something is wrong with it, or there is no memory; the stream will tell. */
static int unpack_at_once(struct bb_archive_set *set, const struct bb_byte_range *from,
                          const struct bb_packed *packed, struct bb_unpacked *u)
{
    struct libdeflate_decompressor *decompressor;
    struct bb_error ignored;
    size_t n = 0;
    int ok = 0;
    if (!from->mem || packed->n_packings != 1 || packed->packings[0] != BB_PACKING_DEFLATE || !packed->checked ||
        packed->size > CHUNK_NBYTES - ROOM_NBYTES || make_room(set, u, &ignored) != BB_OK ||
        u->mem_cap < packed->size || !bb_budget_charge(set->budget, DECOMPRESSOR_NBYTES))
        return 0;
    decompressor = libdeflate_alloc_decompressor();
    if (decompressor) {
        ok = libdeflate_deflate_decompress(decompressor, from->mem, (size_t)from->n, u->mem, (size_t)packed->size,
                                           &n) == LIBDEFLATE_SUCCESS &&
             n == packed->size && libdeflate_crc32(0, u->mem, n) == packed->crc;
        libdeflate_free_decompressor(decompressor);
    }
    bb_budget_release(set->budget, DECOMPRESSOR_NBYTES);
    if (ok) u->n = n;
    return ok;
}

static enum bb_status unpack_from(struct bb_archive_set *set, const struct bb_archive_place *place,
                                  const struct bb_byte_range *from, struct bb_unpacked *u, struct bb_error *err)
{
    struct bb_inflate *inflate;
    enum bb_status status;
    if (unpack_at_once(set, from, &place->packed, u)) return BB_OK;
    inflate = bb_archive_set_take_inflate(set);
    status = inflate ? bb_inflate_restart(inflate, from, &place->packed, 0, err)
                     : bb_inflate_new(from, &place->packed, 0, set->budget, &inflate, err);
    if (status == BB_OK) {
        status = unpack_all(set, inflate, u, err);
        if (status == BB_IO) bb_fail_prefix(err, "%s", place->path.p);
    }
    if (status == BB_OK)
        bb_archive_set_give_inflate(set, inflate);
    else
        bb_inflate_free(inflate);
    return status;
}

static enum bb_status unpack(struct bb_archive_set *set, const struct bb_archive_place *place,
                             const struct bb_byte_range *packed, struct bb_unpacked *u, uint64_t *unpacked_nbytes,
                             struct bb_error *err)
{
    struct bb_archive_bytes parent = { .own_fd = -1 };
    struct bb_byte_range part;
    enum bb_status status = BB_OK;
    if (packed) {
        part = *packed;
    } else if (place->parent) {
        status = bb_archive_open(set, place->parent, NULL, &parent, err);
        *unpacked_nbytes += parent.unpacked_nbytes;
    } else if (place->mem) {
        parent.range = (struct bb_byte_range){ .mem = place->mem, .fd = -1, .n = place->n };
    } else {
        if (bb_open_file(place->path.p, &parent.own_fd, &parent.range.n, err) != BB_OK)
            return bb_fail_prefix(err, "%s", place->path.p);
        parent.range.fd = parent.own_fd;
    }
    if (status != BB_OK) return status;
    if (!packed) part = bb_byte_range_part(&parent.range, place->offset, place->n);
    status = unpack_from(set, place, &part, u, err);
    *unpacked_nbytes += u->n;
    if (!packed) bb_archive_close(set, &parent);
    return status;
}

/* Under the lock. NULL: nobody has its bytes and nobody is getting them. */
static struct bb_unpacked *join(struct bb_archive_set *set, struct bb_archive *a)
{
    struct bb_unpacked *u = a->live;
    if (!u) return NULL;
    add_holder(set, u);
    while (u->progress == UNPACKING) pthread_cond_wait(&set->unpacked, &set->lock);
    return u;
}

/* For an archive that has a check, the size that it should have: most then need no second piece of memory. */
static size_t first_room(const struct bb_archive_place *place)
{
    if (place->packed.n_packings != 1 || !place->packed.checked) return CHUNK_NBYTES;
    return (size_t)BB_MIN(place->packed.size + ROOM_NBYTES, (uint64_t)CHUNK_NBYTES);
}

/* Finds the unpacked bytes of an archive or makes them; who comes second waits for the first. */
static enum bb_status hold(struct bb_archive_set *set, struct bb_archive *a, const struct bb_byte_range *packed,
                           struct bb_archive_bytes *bytes, struct bb_error *err)
{
    struct bb_unpacked *u, *fresh = NULL;
    struct bb_error why;
    enum bb_status status = BB_OK;
    pthread_mutex_lock(&set->lock);
    u = join(set, a);
    if (!u) {
        pthread_mutex_unlock(&set->lock);
        fresh = bb_calloc(set->budget, sizeof *fresh);
        if (!fresh) return bb_fail_budget(err, set->budget, "unpacking an archive within an archive");
        pthread_mutex_lock(&set->lock);
        u = join(set, a); /* somebody may have begun meanwhile */
    }
    if (!u) {
        u = fresh;
        fresh = NULL;
        u->archive = a;
        u->fd = -1;
        u->n_holders = 1;
        u->first_nbytes = first_room(&a->place);
        a->live = u;
        pthread_mutex_unlock(&set->lock);
        status = unpack(set, &a->place, packed, u, &bytes->unpacked_nbytes, &why);
        if (status != BB_OK && (u->failure = bb_alloc(set->budget, sizeof why)) != NULL) *u->failure = why;
        pthread_mutex_lock(&set->lock);
        u->progress = status == BB_OK ? READY : FAILED;
        if (status == BB_OK) {
            let_go(set, set->recent);
            set->recent = u;
            add_holder(set, u);
        }
        pthread_cond_broadcast(&set->unpacked);
    }
    if (u->progress == FAILED) {
        if (status == BB_OK && u->failure)
            why = *u->failure;
        else if (status == BB_OK)
            bb_fail_budget(&why, set->budget, "unpacking an archive within an archive");
        status = why.status;
        if (err) *err = why;
        if (a->live == u) a->live = NULL; /* who comes later tries again: memory may be there by then */
        let_go(set, u);
        u = NULL;
    }
    pthread_mutex_unlock(&set->lock);
    bb_free(fresh);
    bytes->held = u;
    return status;
}

enum bb_status bb_archive_open(struct bb_archive_set *set, struct bb_archive *archive,
                               const struct bb_byte_range *packed, struct bb_archive_bytes *bytes_ret,
                               struct bb_error *err)
{
    const struct bb_archive_place *place = &archive->place;
    struct bb_archive_bytes bytes = { .own_fd = -1 };
    enum bb_status status = BB_OK;
    uint64_t size;
    *bytes_ret = bytes;
    if (place->packed.n_packings == 0 && !place->parent) {
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
    } else if (place->packed.n_packings == 1 && place->packed.packings[0] == BB_PACKING_STORED && place->parent) {
        /* its members have checks of their own, so its own CRC is not worth a copy */
        status = bb_archive_open(set, place->parent, NULL, &bytes, err);
        bytes.range = bb_byte_range_part(&bytes.range, place->offset, place->n);
    } else {
        status = hold(set, archive, packed, &bytes, err);
        if (status == BB_OK)
            bytes.range =
                (struct bb_byte_range){ .mem = bytes.held->mem, .fd = bytes.held->fd, .n = bytes.held->n };
    }
    *bytes_ret = bytes;
    return status;
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
