/* The index of small texts written by hand, and unquoting. The kernels are compared in tests/kernels/check_csv_scan.c. */
#include "csv/csv_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct bb_budget budget;

/* "a|b|c;d|e": the fields of all records as the index sees them. */
static void assert_fields(const char *text, const char *want)
{
    struct bb_csv_index ix;
    struct bb_error err;
    char padded[512] = { 0 }, got[512];
    size_t n = strlen(text), at = 0;
    assert_true(n < sizeof padded - 64);
    memcpy(padded, text, n);
    assert_int_equal(bb_csv_index_init(&ix, &budget, &err), BB_OK);
    bb_csv_scan(padded, n, &ix);
    got[0] = '\0';
    for (size_t r = 0; r < ix.n_lines; r++)
        for (size_t f = 0; f < bb_csv_n_fields(&ix, r); f++) {
            struct bb_str field = bb_csv_field(padded, &ix, r, f);
            at += (size_t)snprintf(got + at, sizeof got - at, "%s%.*s", f ? "|" : r ? ";" : "", BB_STR_ARG(field));
        }
    assert_string_equal(got, want);
    assert_int_equal(ix.has_quotes, strchr(text, '"') != NULL);
    bb_csv_index_reset(&ix);
}

static void test_fields(void **state)
{
    (void)state;
    assert_fields("", "");
    assert_fields("no newline,yet", "");
    assert_fields("a,b\nc,d,e\nrest", "a|b;c|d|e");
    assert_fields("a,b\r\nc\r\n\r\n", "a|b;c;");
    assert_fields(",,\n,\n\n", "||;|;");
    assert_fields("\"a,b\",c\n", "\"a,b\"|c");
    assert_fields("\"a \"\"x,y\"\" b\",c\n", "\"a \"\"x,y\"\" b\"|c");
    assert_fields("a\"b,c\"d,e\n", "a\"b,c\"d|e");
    /* A newline inside quotes ends the record and the quotes. */
    assert_fields("\"a,b\nc,d\n\"e,f\",g\n", "\"a,b;c|d;\"e,f\"|g");
    /* Quotes over the border between two blocks of 64 bytes. */
    assert_fields("0123456789012345678901234567890123456789012345678901234567,\"a,b,c,d,e,f\",z\n",
                  "0123456789012345678901234567890123456789012345678901234567|\"a,b,c,d,e,f\"|z");
    assert_fields("0123456789012345678901234567890123456789012345678901234567,\"a,b,c,d\nx,y\n",
                  "0123456789012345678901234567890123456789012345678901234567|\"a,b,c,d;x|y");
}

static void assert_unquoted(const char *field, const char *want)
{
    char scratch[64];
    struct bb_str got = bb_csv_unquote(bb_str_of(field), scratch);
    assert_int_equal(got.n, strlen(want));
    assert_memory_equal(got.p, want, got.n);
}

static void test_unquote(void **state)
{
    (void)state;
    assert_unquoted("", "");
    assert_unquoted("  a b ", "a b");
    assert_unquoted("\"a\"", "a");
    assert_unquoted(" \"a \" ", "a ");
    assert_unquoted("\"\"", "");
    assert_unquoted("\"", "\"");
    assert_unquoted("\"a", "\"a");
    assert_unquoted("a\"\"b", "a\"\"b");
    assert_unquoted("\"a \"\"b\"\"\"", "a \"b\"");
    assert_unquoted("\"a\"b\"", "a\"b");
    assert_unquoted("\"\"\"\"", "\"");
}

static void test_small_budget(void **state)
{
    struct bb_budget small;
    struct bb_csv_index ix;
    struct bb_error err;
    (void)state;
    bb_budget_init(&small, 600 << 10, 0); /* room for one of the two arrays */
    assert_int_equal(bb_csv_index_init(&ix, &small, &err), BB_BUDGET);
    assert_int_equal(small.used_nbytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_fields), cmocka_unit_test(test_unquote),
                                        cmocka_unit_test(test_small_budget) };
    bb_budget_init(&budget, 0, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
