/* bb_text_same against memcmp: every length up to several pieces, a difference at every place or none, and both texts at
 * the end of readable memory. */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_N = 300 };

static char *before_guard(size_t page)
{
    char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(map != MAP_FAILED);
    assert_int_equal(mprotect(map + page, page, PROT_NONE), 0);
    return map + page;
}

static void test_text_same(void **state)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *end_a = before_guard(page), *end_b = before_guard(page);
    (void)state;
    for (size_t n = 0; n <= MAX_N; n++) {
        char *a = end_a - n, *b = end_b - n;
        for (size_t i = 0; i < n; i++) a[i] = b[i] = (char)('A' + i % 23);
        /* what stands before must not matter */
        a[-1] = 'x', b[-1] = 'y';
        assert_true(bb_text_same(a, b, n));
        for (size_t i = 0; i < n; i++) {
            b[i] ^= (char)(1 << i % 8);
            assert_false(bb_text_same(a, b, n));
            assert_false(bb_text_same(b, a, n));
            b[i] = a[i];
        }
        assert_true(bb_text_same(b, a, n));
    }
    munmap(end_a - page, 2 * page);
    munmap(end_b - page, 2 * page);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_text_same) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
