/* The account and the blocks that stay with it. */
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MEBI  ((size_t)1 << 20)
#define LIMIT (16 * MEBI)

static int all_are(const uint8_t *p, size_t n, uint8_t value)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != value) return 0;
    return 1;
}

/* A block that was freed is handed out again, and counts as free until then. */
static void kept_and_handed_out(void **unused)
{
    struct bb_budget budget;
    uint8_t *a, *b;
    size_t left;
    (void)unused;
    bb_budget_init(&budget, LIMIT, 0);
    bb_budget_keep_blocks(&budget);
    left = bb_budget_left(&budget);
    a = bb_alloc(&budget, MEBI);
    assert_non_null(a);
    memset(a, 0xA5, MEBI);
    assert_true(bb_budget_left(&budget) <= left - MEBI);
    bb_free(a);
    assert_int_equal(bb_budget_left(&budget), left);
    assert_true(budget.used_nbytes >= MEBI); /* the system has not got it back */
    b = bb_calloc(&budget, MEBI - 100);
    assert_ptr_equal(b, a);
    assert_true(all_are(b, MEBI - 100, 0)); /* cleared although it is not fresh */
    assert_true(bb_budget_left(&budget) <= left - MEBI);
    bb_free(b);
    b = bb_alloc(&budget, MEBI / 2); /* twice what is asked for: not taken */
    assert_non_null(b);
    assert_ptr_not_equal(b, a);
    bb_free(b);
    bb_budget_drop_kept(&budget);
    assert_int_equal(budget.used_nbytes, 0);
    assert_int_equal(budget.kept_nbytes, 0);
}

/* Kept blocks make room for anything else, and are not kept beyond three quarters of the limit. */
static void kept_blocks_give_way(void **unused)
{
    struct bb_budget budget;
    void *blocks[14], *large;
    (void)unused;
    bb_budget_init(&budget, LIMIT, 0);
    bb_budget_keep_blocks(&budget);
    for (size_t i = 0; i < 14; i++) assert_non_null(blocks[i] = bb_alloc(&budget, MEBI));
    for (size_t i = 0; i < 14; i++) bb_free(blocks[i]);
    assert_true(budget.used_nbytes <= LIMIT / 4 * 3 + MEBI);
    assert_true(budget.used_nbytes >= LIMIT / 2);
    large = bb_alloc(&budget, 15 * MEBI);
    assert_non_null(large);
    assert_true(budget.used_nbytes <= LIMIT);
    assert_true(budget.peak_nbytes <= LIMIT);
    assert_null(bb_alloc(&budget, 2 * MEBI));
    bb_free(large);
    bb_budget_drop_kept(&budget);
    assert_int_equal(budget.used_nbytes, 0);
}

/* A block that grows into a kept one takes its content along. */
static void growth_into_a_kept_block(void **unused)
{
    struct bb_budget budget;
    uint8_t *kept, *p, *grown;
    (void)unused;
    bb_budget_init(&budget, LIMIT, 0);
    bb_budget_keep_blocks(&budget);
    kept = bb_alloc(&budget, 2 * MEBI);
    p = bb_alloc(&budget, MEBI);
    assert_non_null(kept);
    assert_non_null(p);
    memset(kept, 0xFF, 2 * MEBI);
    memset(p, 7, MEBI);
    bb_free(kept);
    grown = bb_realloc(&budget, p, 2 * MEBI);
    assert_non_null(grown);
    assert_true(all_are(grown, MEBI, 7));
    memset(grown, 1, 2 * MEBI);
    bb_free(grown);
    bb_budget_drop_kept(&budget);
    assert_int_equal(budget.used_nbytes, 0);
}

/* Without being asked the account gives everything back at once. */
static void nothing_is_kept_unasked(void **unused)
{
    struct bb_budget budget;
    void *p;
    (void)unused;
    bb_budget_init(&budget, LIMIT, 1000);
    p = bb_alloc(&budget, MEBI);
    assert_non_null(p);
    bb_free(p);
    assert_int_equal(budget.used_nbytes, 1000);
    assert_null(bb_alloc(&budget, LIMIT));
    assert_int_equal(budget.used_nbytes, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_and_handed_out),
        cmocka_unit_test(kept_blocks_give_way),
        cmocka_unit_test(growth_into_a_kept_block),
        cmocka_unit_test(nothing_is_kept_unasked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
