/* The registry of locations under many threads: whoever asks, a key has one id. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <math.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "table/places.h"

enum { N_KEYS = 12000, N_THREADS = 4 };

struct texts {
    char identity[16], name[32], zone[16];
};

/* Two places have one identity; names run against the numbers. */
static struct bb_place_key key_of(uint32_t i, struct texts *t)
{
    struct bb_place_key key = { .type = i % 2 ? BB_TYPE_NODE : BB_TYPE_HUB, .voltage_kv = i % 3 ? i : NAN };
    key.identity = (struct bb_str){ t->identity, (size_t)snprintf(t->identity, sizeof t->identity, "i%u", i / 2) };
    key.name =
        (struct bb_str){ t->name, (size_t)snprintf(t->name, sizeof t->name, "SAME PREFIX %05u", N_KEYS - i) };
    key.zone = (struct bb_str){ t->zone, i % 5 ? (size_t)snprintf(t->zone, sizeof t->zone, "Z%u", i % 5) : 0 };
    return key;
}

struct shared {
    struct bb_places *places;
    atomic_int n_ready, n_left, n_bad;
};

struct thread {
    struct shared *shared;
    uint32_t seed;
    uint32_t id[N_KEYS];
};

static void *intern_all(void *arg)
{
    struct thread *t = arg;
    struct shared *s = t->shared;
    uint32_t at = t->seed * 977;
    s->n_ready++;
    while (s->n_ready < N_THREADS) {
    }
    for (uint32_t i = 0; i < N_KEYS; i++) {
        struct texts texts;
        at = (at + 7 + 4 * (t->seed / 2)) % N_KEYS; /* pairs of threads take the same way, so that they meet */
        struct bb_place_key key = key_of(at, &texts);
        if (bb_places_intern(s->places, &key, &t->id[at], NULL) != BB_OK) s->n_bad++;
        if (bb_place_key_cmp(bb_places_at(s->places, t->id[at]), &key) != 0) s->n_bad++;
        if (t->id[at] >= bb_places_count(s->places)) s->n_bad++;
    }
    s->n_left--;
    return NULL;
}

static void check_order(const struct bb_places *places, const struct bb_place_order *o)
{
    for (uint32_t rank = 0; rank < o->n_places; rank++) {
        uint32_t place = o->place_at[rank];
        assert_true(place < o->n_places);
        assert_int_equal(o->rank_of[place], rank);
        assert_true(o->identity_of[place] < o->n_identities);
        if (rank > 0)
            assert_true(bb_place_key_cmp(bb_places_at(places, o->place_at[rank - 1]), bb_places_at(places, place)) <
                        0);
    }
}

static void test_threads(void **state)
{
    static struct thread threads[N_THREADS];
    struct bb_budget budget;
    struct shared s = { .n_left = N_THREADS };
    pthread_t ids[N_THREADS];
    const struct bb_place_order *order;
    static uint8_t taken[N_KEYS];
    size_t before = 0, identities[2] = { 0 };
    (void)state;
    bb_budget_init(&budget, 0, 0);
    s.places = bb_places_new(&budget);
    assert_non_null(s.places);
    for (uint32_t i = 0; i < N_THREADS; i++) {
        threads[i] = (struct thread){ .shared = &s, .seed = i };
        assert_int_equal(pthread_create(&ids[i], NULL, intern_all, &threads[i]), 0);
    }
    while (s.n_left > 0) { /* a snapshot, while the others go on */
        assert_int_equal(bb_places_rank(s.places, &order, NULL), BB_OK);
        assert_in_range(order->n_places, before, N_KEYS);
        before = order->n_places;
        check_order(s.places, order);
    }
    for (unsigned i = 0; i < N_THREADS; i++) pthread_join(ids[i], NULL);
    assert_int_equal(s.n_bad, 0);
    assert_int_equal(bb_places_count(s.places), N_KEYS);
    assert_int_equal(bb_places_rank(s.places, &order, NULL), BB_OK);
    assert_int_equal(order->n_places, N_KEYS);
    assert_int_equal(order->n_identities, N_KEYS / 2);
    check_order(s.places, order);
    for (uint32_t i = 0; i < N_KEYS; i++) {
        struct texts texts;
        struct bb_place_key key = key_of(i, &texts);
        uint32_t id = threads[0].id[i];
        for (unsigned k = 1; k < N_THREADS; k++) assert_int_equal(threads[k].id[i], id);
        assert_true(id < N_KEYS && !taken[id]);
        taken[id] = 1;
        assert_int_equal(bb_place_key_cmp(bb_places_at(s.places, id), &key), 0);
        assert_int_equal(order->rank_of[id], N_KEYS - 1 - i); /* names run against the numbers */
        identities[i % 2] = order->identity_of[id];
        if (i % 2) assert_int_equal(identities[0], identities[1]);
    }
    bb_places_free(s.places);
    assert_int_equal(budget.used_nbytes, 0);
}

/* Texts longer than a block of the registry, and of nothing. */
static void test_odd_texts(void **state)
{
    struct bb_budget budget;
    struct bb_places *places;
    enum { LONG = 100000 };
    char *text = malloc(LONG);
    (void)state;
    assert_non_null(text);
    memset(text, 'x', LONG);
    bb_budget_init(&budget, 0, 0);
    places = bb_places_new(&budget);
    for (uint32_t i = 0; i < 6; i++) {
        struct bb_place_key key = { .name = { text, i % 3 == 0 ? 0 : LONG - i % 3 }, .voltage_kv = NAN };
        uint32_t id;
        assert_int_equal(bb_places_intern(places, &key, &id, NULL), BB_OK);
        assert_int_equal(id, i % 3);
        assert_true(bb_str_eq(bb_places_at(places, id)->name, key.name));
        assert_ptr_not_equal(bb_places_at(places, id)->name.p, text);
    }
    bb_places_free(places);
    free(text);
    assert_int_equal(budget.used_nbytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_threads), cmocka_unit_test(test_odd_texts) };
    return cmocka_run_group_tests_name("places", tests, NULL, NULL);
}
