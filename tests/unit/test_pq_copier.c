/* The thread that copies: what arrives is what was there, wherever ranges lie and whoever copies; a failure is told to everyone who waits, also to who
 * comes later; given up in the middle, it ends. */
#include "parquet/pq_copier.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define SOURCE_NBYTES ((size_t)3 << 20)

static struct bb_budget budget;
static struct bb_error err;
static unsigned char source[SOURCE_NBYTES];

static int source_fd(void)
{
    int fd = memfd_create("source", 0);
    uint32_t x = 1;
    for (size_t i = 0; i < SOURCE_NBYTES; i++) source[i] = (unsigned char)((x = x * 1664525 + 1013904223) >> 24);
    assert_int_equal(pwrite(fd, source, SOURCE_NBYTES, 0), (ssize_t)SOURCE_NBYTES);
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

static void ranges(int threaded, int elsewhere)
{
    static const struct {
        uint64_t gap, from, n;
    } list[] = { { 4, 4, 900000 },      /* the same place, not at a block's border */
                 { 0, 900004, 100000 }, /* goes on in both */
                 { 77, 123, 5000 },     /* shifted */
                 { 0, 0, 1 },           { 1, 4096, 4096 }, { 8192, 1, 0 }, { 0, SOURCE_NBYTES - 3000001, 3000001 },
                 { 3, 4097, 1000000 } };
    unsigned char *wanted = calloc(1, (size_t)8 << 20), *got = calloc(1, (size_t)8 << 20);
    int from = source_fd(), to = target_fd(elsewhere);
    struct bb_pq_copier *copier = bb_pq_copier_new(to, threaded, &budget);
    uint64_t at = 0, middle = 0;
    assert_non_null(copier);
    for (size_t i = 0; i < BB_ARRAY_LEN(list); i++) {
        at += list[i].gap;
        memcpy(wanted + at, source + list[i].from, (size_t)list[i].n);
        assert_int_equal(bb_pq_copier_add(copier, from, "source", list[i].from, at, list[i].n, &err), BB_OK);
        at += list[i].n;
        if (i == 2) middle = at;
    }
    bb_pq_copier_end(copier);
    assert_int_equal(bb_pq_copier_wait(copier, middle, &err), BB_OK);
    assert_int_equal(pread(to, got, (size_t)middle, 0), (ssize_t)middle);
    assert_memory_equal(got, wanted, (size_t)middle);
    assert_int_equal(bb_pq_copier_wait(copier, UINT64_MAX, &err), BB_OK);
    assert_int_equal(lseek(to, 0, SEEK_END), at);
    assert_int_equal(pread(to, got, (size_t)at, 0), (ssize_t)at);
    assert_memory_equal(got, wanted, (size_t)at);
    bb_pq_copier_free(copier);
    close(from);
    close(to);
    free(wanted);
    free(got);
    assert_int_equal(budget.used_nbytes, 0);
}

static void what_arrives(void **state)
{
    (void)state;
    for (int threaded = 0; threaded < 2; threaded++)
        for (int elsewhere = 0; elsewhere < 2; elsewhere++) ranges(threaded, elsewhere);
}

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
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_arrives), cmocka_unit_test(failures),
                                        cmocka_unit_test(no_memory), cmocka_unit_test(given_up) };
    bb_budget_init(&budget, (size_t)16 << 20, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
