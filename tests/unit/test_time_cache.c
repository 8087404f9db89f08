/* The table of time texts: what it knows, and how much it forgets when texts come in no order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "markets/time_cache.h"

static struct bb_time_cache *cache;

static int setup(void **state)
{
    (void)state;
    cache = calloc(1, sizeof *cache);
    return cache == NULL;
}

static int teardown(void **state)
{
    (void)state;
    free(cache);
    return 0;
}

/* 1 when the text was known; it is afterwards. */
static int ask(uint64_t layout, struct bb_str text, uint32_t utc_s)
{
    struct bb_time_entry *e = bb_time_cache_slot(cache, layout, text);
    if (bb_time_entry_is(e, layout, text)) {
        assert_int_equal(e->utc_s, utc_s);
        return 1;
    }
    bb_time_entry_set(e, layout, text, utc_s, 0);
    assert_true(bb_time_entry_is(e, layout, text));
    return 0;
}

static void hours_of_two_weeks_stay_whatever_their_order(void **state)
{
    enum { HOURS = 384, ASKED = 100000 };
    unsigned known = 0, random = 1;
    (void)state;
    for (unsigned i = 0; i < ASKED; i++) {
        char text[BB_TIME_TEXT_MAX];
        unsigned hour;
        random = random * 1103515245u + 12345u;
        hour = (random >> 8) % HOURS;
        snprintf(text, sizeof text, "1/%u/2024 %02u:00:00,1/%u/2024 %02u:00", hour / 24 + 1, hour % 24,
                 hour / 24 + 1, hour % 24);
        known += (unsigned)ask(7, bb_str_of(text), 1704067200u + hour * 3600);
    }
    assert_true(known > ASKED / 100 * 96); /* one entry for each text: 83 % */
}

static void one_text_means_another_time_in_another_layout(void **state)
{
    struct bb_str text = bb_str_of("1/6/2024 12:00:00 PM");
    (void)state;
    assert_int_equal(ask(1, text, 100), 0);
    assert_int_equal(ask(2, text, 200), 0);
    assert_int_equal(ask(1, text, 100), 1);
    assert_int_equal(ask(2, text, 200), 1);
}

/* What is never settled (the hour that comes twice) is asked for each time and takes one entry, not all of its set. */
static void an_unsettled_text_takes_one_entry(void **state)
{
    struct bb_str text = bb_str_of("11/3/2024 1:00:00 AM");
    const struct bb_time_entry *first = bb_time_cache_slot(cache, 1, text);
    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_ptr_equal(bb_time_cache_slot(cache, 1, text), first);
        assert_int_equal(bb_time_entry_is(first, 1, text), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hours_of_two_weeks_stay_whatever_their_order, setup, teardown),
        cmocka_unit_test_setup_teardown(one_text_means_another_time_in_another_layout, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unsettled_text_takes_one_entry, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
