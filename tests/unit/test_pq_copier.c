/* The thread that copies: what arrives is what was there, wherever ranges lie and whoever copies; a failure is told to everyone
 * who waits, also to who comes later; given up in the middle, it ends. Where the file system of the folder can share blocks, it
 * does, and what is noted as shared is. */
#include "parquet/pq_copier.h"

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define SOURCE_NBYTES ((size_t)3 << 20)

static struct bb_budget budget;
static struct bb_error err;
static unsigned char source[SOURCE_NBYTES];

static void fill(int fd)
{
    uint32_t x = 1;
    for (size_t i = 0; i < SOURCE_NBYTES; i++) source[i] = (unsigned char)((x = x * 1664525 + 1013904223) >> 24);
    assert_int_equal(pwrite(fd, source, SOURCE_NBYTES, 0), (ssize_t)SOURCE_NBYTES);
    assert_int_equal(fsync(fd), 0);
}

static int source_fd(void)
{
    int fd = memfd_create("source", 0);
    fill(fd);
    return fd;
}

/* A file of another file system than memfd's is one that the kernel does not copy to by itself. */
static int target_fd(int elsewhere)
{
    FILE *file = elsewhere ? tmpfile() : NULL;
    int fd = file ? dup(fileno(file)) : memfd_create("target", 0);
    if (file) fclose(file);
    return fd;
}

/* A copier under way, and what has to be in the file that it writes. */
struct copying {
    int from, to;
    struct bb_pq_copier *copier;
    unsigned char *wanted;
    uint64_t end;
};

static struct copying begin(int from, int to, int threaded)
{
    struct copying c = { from, to, bb_pq_copier_new(to, threaded, &budget), calloc(1, (size_t)8 << 20), 0 };
    assert_non_null(c.copier);
    assert_non_null(c.wanted);
    return c;
}

static void add(struct copying *c, uint64_t from, uint64_t to, uint64_t n)
{
    memcpy(c->wanted + to, source + from, (size_t)n);
    assert_int_equal(bb_pq_copier_add(c->copier, c->from, "source", from, to, n, &err), BB_OK);
    c->end = to + n;
}

static void arrived(struct copying *c, uint64_t end)
{
    unsigned char *got = calloc(1, (size_t)end);
    assert_int_equal(pread(c->to, got, (size_t)end, 0), (ssize_t)end);
    assert_memory_equal(got, c->wanted, (size_t)end);
    free(got);
}

static void all_arrived(struct copying *c)
{
    assert_int_equal(bb_pq_copier_wait(c->copier, UINT64_MAX, &err), BB_OK);
    assert_int_equal(lseek(c->to, 0, SEEK_END), c->end);
    arrived(c, c->end);
}

static void end(struct copying *c)
{
    bb_pq_copier_free(c->copier);
    close(c->from);
    close(c->to);
    free(c->wanted);
    assert_int_equal(budget.used_nbytes, 0);
}

static void ranges(int threaded, int elsewhere)
{
    static const struct {
        uint64_t gap, from, n;
    } list[] = { { 4, 4, 900000 },      /* the same place, not at a block's border */
                 { 0, 900004, 100000 }, /* goes on in both */
                 { 77, 123, 5000 },     /* shifted */
                 { 0, 0, 1 },           { 1, 4096, 4096 }, { 8192, 1, 0 }, { 0, SOURCE_NBYTES - 3000001, 3000001 },
                 { 3, 4097, 1000000 } };
    struct copying c = begin(source_fd(), target_fd(elsewhere), threaded);
    uint64_t middle = 0;
    for (size_t i = 0; i < BB_ARRAY_LEN(list); i++) {
        add(&c, list[i].from, c.end + list[i].gap, list[i].n);
        if (i == 2) middle = c.end;
    }
    bb_pq_copier_end(c.copier);
    assert_int_equal(bb_pq_copier_wait(c.copier, middle, &err), BB_OK);
    arrived(&c, middle);
    all_arrived(&c);
    end(&c);
}

static void what_arrives(void **state)
{
    (void)state;
    for (int threaded = 0; threaded < 2; threaded++)
        for (int elsewhere = 0; elsewhere < 2; elsewhere++) ranges(threaded, elsewhere);
}

/* ---- sharing ---- */

/* Without a name, in TMPDIR or the current folder. */
static int folder_fd(void)
{
    const char *folder = getenv("TMPDIR");
    char path[4096];
    int fd;
    snprintf(path, sizeof path, "%s/busbar-test-XXXXXX", folder && *folder ? folder : ".");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    return fd;
}

static int can_share(void)
{
    int from = folder_fd(), to = folder_fd(), can;
    fill(from);
    can = ioctl(to, FICLONE, from) == 0;
    close(from);
    close(to);
    return can;
}

/* Bytes that the kernel says another file has too. */
static uint64_t shared_nbytes(int fd)
{
    static uint64_t memory[8192];
    struct fiemap *map = (struct fiemap *)memory;
    uint64_t sum = 0;
    map->fm_length = UINT64_MAX;
    map->fm_flags = FIEMAP_FLAG_SYNC;
    map->fm_extent_count = (sizeof memory - sizeof *map) / sizeof map->fm_extents[0];
    assert_int_equal(ioctl(fd, FS_IOC_FIEMAP, map), 0);
    for (uint32_t i = 0; i < map->fm_mapped_extents; i++)
        if (map->fm_extents[i].fe_flags & FIEMAP_EXTENT_SHARED) sum += map->fm_extents[i].fe_length;
    return sum;
}

static void shares(int threaded)
{
    static const struct {
        uint64_t from, to, n;
    } list[] = { { 4, 4, 900000 },            /* blocks 1 to 218, and a part of a block at both ends */
                 { 909312, 1048576, 65536 },  /* from block border to block border */
                 { 100000, 1200001, 300000 }, /* shifted: nothing can be shared */
                 { 4096, 2097152, 4095 },     /* less than a block */
                 { 1003520, 2101248, 1000001 } };
    int from = folder_fd();
    struct copying c;
    struct bb_pq_shared *shared;
    uint64_t sum = 0;
    fill(from);
    c = begin(from, folder_fd(), threaded);
    for (size_t i = 0; i < BB_ARRAY_LEN(list); i++) add(&c, list[i].from, list[i].to, list[i].n);
    bb_pq_copier_end(c.copier);
    all_arrived(&c);
    shared = bb_pq_copier_shared(c.copier);
    for (size_t i = 0; i < shared->n; i++) sum += shared->list[i].to - shared->list[i].from;
    assert_true(sum >= 1900000 - 4 * 65536); /* blocks are 64 KiB at most */
    assert_int_equal(sum, shared_nbytes(c.to));
    assert_false(bb_pq_shared_has_any(shared, 0, 512));
    assert_true(bb_pq_shared_has(shared, 131072, 800000));
    assert_false(bb_pq_shared_has_any(shared, 1200001, 1500001));
    end(&c);
}

static void shared_where_possible(void **state)
{
    (void)state;
    if (!can_share()) {
        print_message("the file system of this folder (or of TMPDIR) cannot share blocks: nothing to see\n");
        skip();
    }
    for (int threaded = 0; threaded < 2; threaded++) shares(threaded);
}

static void intervals(void **state)
{
    struct bb_pq_shared s;
    (void)state;
    bb_pq_shared_init(&s, &budget);
    assert_true(bb_pq_shared_has(&s, 5, 5));
    assert_false(bb_pq_shared_has(&s, 5, 6));
    assert_int_equal(bb_pq_shared_next(&s, 0), UINT64_MAX);
    bb_pq_shared_add(&s, 100, 200);
    bb_pq_shared_add(&s, 200, 300); /* one with it */
    bb_pq_shared_add(&s, 301, 400);
    assert_int_equal(s.n, 2);
    assert_true(bb_pq_shared_has(&s, 100, 300));
    assert_true(bb_pq_shared_has(&s, 299, 300));
    assert_false(bb_pq_shared_has(&s, 99, 300));
    assert_false(bb_pq_shared_has(&s, 100, 301));
    assert_false(bb_pq_shared_has(&s, 250, 350));
    assert_true(bb_pq_shared_has_any(&s, 250, 350));
    assert_true(bb_pq_shared_has_any(&s, 0, 101));
    assert_false(bb_pq_shared_has_any(&s, 0, 100));
    assert_false(bb_pq_shared_has_any(&s, 300, 301));
    assert_false(bb_pq_shared_has_any(&s, 400, 500));
    assert_int_equal(bb_pq_shared_next(&s, 0), 100);
    assert_int_equal(bb_pq_shared_next(&s, 100), 301);
    assert_int_equal(bb_pq_shared_next(&s, 300), 301);
    assert_int_equal(bb_pq_shared_next(&s, 301), UINT64_MAX);
    bb_mem_fail_countdown = 1; /* what there is no memory for is not known, the rest is */
    for (uint64_t i = 0; i < 100; i++) bb_pq_shared_add(&s, 500 + 2 * i, 501 + 2 * i);
    bb_mem_fail_countdown = 0;
    assert_true(bb_pq_shared_has(&s, 301, 400));
    assert_int_equal(s.n, 101);
    bb_pq_shared_reset(&s);
    assert_int_equal(budget.used_nbytes, 0);
}

/* ---- what goes wrong ---- */

static void *wait_for_all(void *copier)
{
    struct bb_error own = { .status = BB_OK };
    enum bb_status status = bb_pq_copier_wait(copier, UINT64_MAX, &own);
    return (void *)(uintptr_t)(status == own.status ? status : BB_BUG);
}

/* what: a part of the sentence. */
static void fails(int from, int to, uint64_t offset, int threaded, const char *what)
{
    struct bb_pq_copier *copier = bb_pq_copier_new(to, threaded, &budget);
    enum bb_status status = bb_pq_copier_add(copier, from, "source", offset, 0, 1000, &err);
    if (threaded) {
        pthread_t other;
        void *told;
        assert_int_equal(status, BB_OK);
        assert_int_equal(pthread_create(&other, NULL, wait_for_all, copier), 0);
        bb_pq_copier_end(copier);
        assert_int_equal(bb_pq_copier_wait(copier, 500, &err), BB_IO);
        pthread_join(other, &told);
        assert_int_equal((uintptr_t)told, BB_IO);
        assert_non_null(strstr(err.text, what));
        status = bb_pq_copier_add(copier, from, "source", 0, 2000, 1000, &err);
    }
    assert_int_equal(status, BB_IO);
    assert_non_null(strstr(err.text, what));
    bb_pq_copier_free(copier);
    assert_int_equal(budget.used_nbytes, 0);
}

static void failures(void **state)
{
    (void)state;
    for (int threaded = 0; threaded < 2; threaded++) {
        int from = source_fd(), to = target_fd(0), elsewhere = target_fd(1);
        int sealed = memfd_create("sealed", MFD_ALLOW_SEALING);
        char path[64];
        int read_only;
        fails(from, to, SOURCE_NBYTES - 10, threaded, "source: became shorter");
        fails(from, elsewhere, SOURCE_NBYTES - 10, threaded, "source: became shorter");
        snprintf(path, sizeof path, "/proc/self/fd/%d", to);
        read_only = open(path, O_RDONLY);
        fails(from, read_only, 0, threaded, "cannot copy 1000 bytes");
        assert_int_equal(fcntl(sealed, F_ADD_SEALS, F_SEAL_GROW), 0);
        fails(from, sealed, 0, threaded, "cannot copy 1000 bytes");
        close(from);
        close(to);
        close(elsewhere);
        close(sealed);
        close(read_only);
    }
}

static void no_memory(void **state)
{
    int from = source_fd(), to = target_fd(1);
    (void)state;
    for (int threaded = 0; threaded < 2; threaded++)
        for (long n = 1; n < 6; n++) {
            struct bb_pq_copier *copier = NULL;
            enum bb_status status = BB_OK;
            bb_mem_fail_countdown = n;
            copier = bb_pq_copier_new(to, threaded, &budget);
            if (copier) {
                for (uint64_t i = 0; i < 3 && status == BB_OK; i++)
                    status = bb_pq_copier_add(copier, from, "source", i * 7, i * 1000, 900, &err);
                bb_pq_copier_end(copier);
                if (status == BB_OK) status = bb_pq_copier_wait(copier, UINT64_MAX, &err);
                assert_true(status == BB_OK || status == BB_BUDGET);
            }
            bb_mem_fail_countdown = 0;
            bb_pq_copier_free(copier);
            assert_int_equal(budget.used_nbytes, 0);
        }
    close(from);
    close(to);
}

static void given_up(void **state)
{
    int from = source_fd();
    (void)state;
    for (int i = 0; i < 50; i++) {
        int to = target_fd(i % 2);
        struct bb_pq_copier *copier = bb_pq_copier_new(to, 1, &budget);
        for (uint64_t k = 0; k < (uint64_t)i; k++)
            assert_int_equal(bb_pq_copier_add(copier, from, "source", 0, k * SOURCE_NBYTES, SOURCE_NBYTES, &err),
                             BB_OK);
        bb_pq_copier_free(copier);
        assert_int_equal(budget.used_nbytes, 0);
        close(to);
    }
    close(from);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_arrives), cmocka_unit_test(shared_where_possible),
                                        cmocka_unit_test(intervals),    cmocka_unit_test(failures),
                                        cmocka_unit_test(no_memory),    cmocka_unit_test(given_up) };
    bb_budget_init(&budget, (size_t)16 << 20, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
