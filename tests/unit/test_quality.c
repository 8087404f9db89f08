/* Quality states against a model that keeps every (location, slot) pair in plain arrays. */
#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <zstd.h>

#include "lake/quality_view.h"

#define N_PLACES 40
#define N_SLOTS  600

static uint64_t random_state = 7;
static uint32_t draw(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % below);
}

struct world {
    struct bb_budget budget;
    struct bb_zone *zone;
    struct bb_places *places;
    uint32_t place[N_PLACES];
};

static void make_world(struct world *w, const char *zone)
{
    memset(w, 0, sizeof *w);
    bb_budget_init(&w->budget, 0, 0);
    assert_int_equal(bb_zone_open(zone, NULL, &w->budget, &w->zone, NULL), BB_OK);
    w->places = bb_places_new(&w->budget);
    for (int i = N_PLACES - 1; i >= 0; i--) { /* ids run against the order of names */
        char name[16], id[16];
        struct bb_place_key key = { .name = { name, (size_t)snprintf(name, sizeof name, "P%03d", i) },
                                    .id = { id, (size_t)snprintf(id, sizeof id, "%d", 1000 + i) },
                                    .zone = BB_STR("EAST"),
                                    .type = BB_TYPE_NODE,
                                    .voltage_kv = i % 2 ? 138.0 : NAN };
        key.identity = key.id;
        assert_int_equal(bb_places_intern(w->places, &key, &w->place[i], NULL), BB_OK);
    }
}

static void free_world(struct world *w)
{
    bb_places_free(w->places);
    bb_zone_close(w->zone);
    assert_int_equal(w->budget.used_nbytes, 0);
}

static const struct bb_dataset hourly = { BB_PJM, BB_DA, BB_ENERGY, 60 };

static struct bb_quality *new_quality(struct world *w, const struct bb_dataset *d, int year)
{
    struct bb_quality *q;
    assert_int_equal(bb_quality_new(&w->budget, d, BB_NODAL, year, w->zone, w->places, &q, NULL), BB_OK);
    return q;
}

static void add(struct bb_quality *q, uint32_t utc_s, uint32_t place, double total)
{
    struct bb_row row = {
        .start_utc_s = utc_s, .place = place, .present = 15, .value = { total, total, 0.0, 0.0 }
    };
    assert_int_equal(bb_quality_add(q, &row, 1, NULL), BB_OK);
}

static const struct bb_quality_state *finish(struct bb_quality *q)
{
    const struct bb_quality_state *s;
    struct bb_error err;
    if (bb_quality_finish(q, &s, &err) != BB_OK) fail_msg("%s", err.text);
    return s;
}

/* 2024-01-01T05:00Z: the first instant of the year in New York */
#define YEAR0 1704085200u

typedef uint8_t model[N_PLACES][N_SLOTS];

static void check_against(struct world *w, const struct bb_quality_state *s, model m)
{
    struct bb_quality_view v;
    size_t n = 0, ordinals = 0;
    uint64_t seen = 0, expected = 0;
    uint8_t any[N_SLOTS] = { 0 };
    for (int i = 0; i < N_PLACES; i++)
        for (int k = 0; k < N_SLOTS; k++) any[k] |= m[i][k];
    for (int k = 0; k < N_SLOTS; k++) ordinals += any[k];
    assert_int_equal(s->n_ordinals, ordinals);
    assert_int_equal(bb_quality_view_init(&v, s, &w->budget, NULL), BB_OK);
    for (int i = 0; i < N_PLACES; i++) {
        int first = -1, last = -1, here = 0;
        char name[16];
        uint8_t got[N_SLOTS] = { 0 };
        for (int k = 0; k < N_SLOTS; k++)
            if (m[i][k]) {
                first = first < 0 ? k : first;
                last = k;
                here++;
            }
        if (!here) continue;
        snprintf(name, sizeof name, "P%03d", i);
        const struct bb_quality_location *l = &v.locations[n++];
        assert_true(bb_str_is(l->entry->key.name, name));
        assert_int_equal(l->first_slot, first);
        assert_int_equal(l->last_slot, last);
        assert_int_equal(l->first_utc_s, YEAR0 + 3600u * (uint32_t)first);
        assert_int_equal(l->last_utc_s, YEAR0 + 3600u * (uint32_t)last);
        assert_int_equal(l->n_seen, here);
        for (size_t r = 0; r < l->n_ranges; r++)
            for (uint32_t o = v.ranges.p[l->first_range + r].first; o <= v.ranges.p[l->first_range + r].last; o++)
                got[bb_quality_slot_of(s, o)] = 1;
        assert_memory_equal(got, m[i], N_SLOTS);
        seen += (uint64_t)here;
        expected += (uint64_t)(last - first + 1);
    }
    assert_int_equal(v.n_locations, n);
    assert_int_equal(v.values_seen, seen);
    assert_int_equal(v.values_expected, expected);
    bb_quality_view_reset(&v);
}

static void fill_model(model m)
{
    memset(m, 0, sizeof(model));
    for (int i = 0; i < N_PLACES; i++) {
        int from = (int)draw(3) ? 0 : (int)draw(N_SLOTS), to = (int)draw(3) ? N_SLOTS : (int)draw(N_SLOTS);
        for (int k = from; k < to; k++) m[i][k] = draw(50) != 0;
    }
    for (int hole = 0; hole < 4; hole++) { /* nobody has these */
        int at = (int)draw(N_SLOTS - 30);
        for (int k = at; k < at + 1 + (int)draw(30); k++)
            for (int i = 0; i < N_PLACES; i++) m[i][k] = 0;
    }
}

static void feed(struct world *w, struct bb_quality *q, model m, int from, int to)
{
    for (int k = from; k < to; k++)
        for (int i = 0; i < N_PLACES; i++)
            if (m[i][k]) add(q, YEAR0 + 3600u * (uint32_t)k, w->place[i], (double)(i * 7 % 13) + k);
}

static void bytes_of(struct world *w, const struct bb_quality_state *s, struct bb_buf *out)
{
    bb_buf_init(out, &w->budget, 1 << 20);
    assert_int_equal(bb_quality_write_state(s, out, NULL), BB_OK);
}

static void test_presence_and_round_trip(void **unused)
{
    (void)unused;
    struct world w;
    make_world(&w, "America/New_York");
    for (int round = 0; round < 20; round++) {
        static model m;
        struct bb_quality *q = new_quality(&w, &hourly, 2024);
        struct bb_quality_state *read;
        struct bb_buf bytes, again;
        fill_model(m);
        feed(&w, q, m, 0, N_SLOTS);
        const struct bb_quality_state *s = finish(q);
        check_against(&w, s, m);
        bytes_of(&w, s, &bytes);
        assert_int_equal(bb_quality_read_state(bb_buf_str(&bytes), &w.budget, &read, NULL), BB_OK);
        check_against(&w, read, m);
        assert_int_equal(read->first_utc_s, s->first_utc_s);
        assert_int_equal(read->last_utc_s, s->last_utc_s);
        bytes_of(&w, read, &again);
        assert_int_equal(again.n, bytes.n);
        assert_memory_equal(again.p, bytes.p, bytes.n);
        bb_buf_reset(&bytes);
        bb_buf_reset(&again);
        bb_quality_state_free(read);
        bb_quality_free(q);
    }
    free_world(&w);
}

/* An update writes groups 0 and 2 anew, with more rows, and copies groups 1 and 3. */
static void test_update(void **unused)
{
    (void)unused;
    struct world w;
    make_world(&w, "America/New_York");
    for (int round = 0; round < 20; round++) {
        static model before, after;
        struct bb_quality *old = new_quality(&w, &hourly, 2024), *new = new_quality(&w, &hourly, 2024),
                          *whole = new_quality(&w, &hourly, 2024);
        fill_model(before);
        memcpy(after, before, sizeof after);
        for (int k = 0; k < N_SLOTS; k++)
            if (k / 150 % 2 == 0)
                for (int i = 0; i < N_PLACES; i++) after[i][k] |= draw(4) == 0;
        for (int g = 0; g < 4; g++) {
            feed(&w, old, before, g * 150, g * 150 + 150);
            assert_int_equal(bb_quality_group_end(old, NULL), BB_OK);
            feed(&w, whole, after, g * 150, g * 150 + 150);
            assert_int_equal(bb_quality_group_end(whole, NULL), BB_OK);
        }
        const struct bb_quality_state *old_state = finish(old), *want = finish(whole);
        assert_int_equal(old_state->n_groups, 4);
        for (size_t g = 0; g < 4; g++) {
            if (g % 2) {
                assert_int_equal(bb_quality_copy_group(new, old_state, g, NULL), BB_OK);
            } else {
                feed(&w, new, after, (int)g * 150, (int)g * 150 + 150);
                assert_int_equal(bb_quality_group_end(new, NULL), BB_OK);
            }
        }
        const struct bb_quality_state *got = finish(new);
        struct bb_buf a, b;
        check_against(&w, got, after);
        bytes_of(&w, got, &a);
        bytes_of(&w, want, &b);
        assert_int_equal(a.n, b.n); /* byte for byte what one conversion of everything gives */
        assert_memory_equal(a.p, b.p, b.n);
        bb_buf_reset(&a);
        bb_buf_reset(&b);
        bb_quality_free(old);
        bb_quality_free(new);
        bb_quality_free(whole);
    }
    free_world(&w);
}

/* ---- an update by a run of its own ---- */

/* A run has a registry of its own, with ids in whatever order its files name the locations. Every fourth location changes its zone after the
 * older file was made: another spelling of the same one. */
#define N_SPELLINGS (2 * N_PLACES)
#define FIRST_OLD                                                                                                  \
    5 /* the older file holds locations from here to LAST_OLD: the lake's order has others before and behind */
#define LAST_OLD 33
#define FIRST_RESTING                                                                                              \
    30 /* these have no older row in the group that is written anew, and in some rounds no new row at all */

static void spell(int spelling, char name[16], char id[16], struct bb_place_key *key)
{
    int i = spelling % N_PLACES;
    *key = (struct bb_place_key){ .name = { name, (size_t)snprintf(name, 16, "P%03d", i) },
                                  .id = { id, (size_t)snprintf(id, 16, "%d", 1000 + i) },
                                  .zone = spelling < N_PLACES ? BB_STR("EAST") : BB_STR("WEST"),
                                  .type = BB_TYPE_NODE,
                                  .voltage_kv = NAN };
    key->identity = key->id;
}

static int spelling_since(int place) { return place % 4 == 0 ? place + N_PLACES : place; }

struct run {
    struct world w;
    uint32_t place_of[N_SPELLINGS];
};

/* Also the spellings that get no row are known to it. */
static void make_run(struct run *r)
{
    int order[N_SPELLINGS];
    memset(r, 0, sizeof *r);
    bb_budget_init(&r->w.budget, 0, 0);
    assert_int_equal(bb_zone_open("America/New_York", NULL, &r->w.budget, &r->w.zone, NULL), BB_OK);
    r->w.places = bb_places_new(&r->w.budget);
    for (int n = 0; n < N_SPELLINGS; n++) {
        int at = (int)draw((uint32_t)n + 1);
        order[n] = order[at];
        order[at] = n;
    }
    for (int n = 0; n < N_SPELLINGS; n++) {
        char name[16], id[16];
        struct bb_place_key key;
        spell(order[n], name, id, &key);
        assert_int_equal(bb_places_intern(r->w.places, &key, &r->place_of[order[n]], NULL), BB_OK);
    }
}

/* No two rows have one price, and the price says whose it is. */
static double price_at(int place, int slot)
{
    return (double)((slot * 7919 + place * 104729) % 9973 * N_PLACES + place);
}

/* spelled[i][k]: 1 + the spelling that location i has in slot k; 0: no row. */
static void feed_spelled(struct run *r, struct bb_quality *q, model spelled, int from, int to)
{
    for (int k = from; k < to; k++)
        for (int i = 0; i < N_PLACES; i++)
            if (spelled[i][k]) add(q, YEAR0 + 3600u * (uint32_t)k, r->place_of[spelled[i][k] - 1], price_at(i, k));
    assert_int_equal(bb_quality_group_end(q, NULL), BB_OK);
}

/* One entry for each spelling that has a row, by name and then zone, with its own first and last row. */
static void check_entries(const struct bb_quality_state *s, model spelled)
{
    size_t n = 0;
    for (int i = 0; i < N_PLACES; i++)
        for (int spelling = i; spelling < N_SPELLINGS; spelling += N_PLACES) {
            int first = -1, last = -1;
            for (int k = 0; k < N_SLOTS; k++)
                if (spelled[i][k] == spelling + 1) {
                    first = first < 0 ? k : first;
                    last = k;
                }
            if (first < 0) continue;
            char name[16], id[16];
            struct bb_place_key want;
            spell(spelling, name, id, &want);
            assert_true(n < s->n_entries);
            assert_true(bb_str_eq(s->entries[n].key.name, want.name));
            assert_true(bb_str_eq(s->entries[n].key.zone, want.zone));
            assert_int_equal(s->entries[n].first_utc_s, YEAR0 + 3600u * (uint32_t)first);
            assert_int_equal(s->entries[n].last_utc_s, YEAR0 + 3600u * (uint32_t)last);
            n++;
        }
    assert_int_equal(s->n_entries, n);
}

/* Whose price an extreme is: the price says the location, the model how it was spelled then. */
static void check_extreme(const struct bb_quality_state *s, const struct bb_quality_extreme *e, model spelled)
{
    int i = (int)e->price % N_PLACES, k = (int)((e->start_utc_s - YEAR0) / 3600);
    char name[16], id[16];
    struct bb_place_key want;
    assert_true(e->price == price_at(i, k));
    assert_true(spelled[i][k] != 0);
    spell(spelled[i][k] - 1, name, id, &want);
    assert_true(e->entry < s->n_entries);
    assert_true(bb_str_eq(s->entries[e->entry].key.name, want.name));
    assert_true(bb_str_eq(s->entries[e->entry].key.zone, want.zone));
}

static void check_groups(const struct bb_quality_state *s, model spelled)
{
    static const int ends[] = { 0, 150, 300, 450, N_SLOTS };
    assert_int_equal(s->n_groups, 4);
    for (int g = 0; g < 4; g++) {
        uint64_t rows = 0;
        double high = -1.0, low = 1e9;
        for (int k = ends[g]; k < ends[g + 1]; k++)
            for (int i = 0; i < N_PLACES; i++)
                if (spelled[i][k]) {
                    rows++;
                    high = fmax(high, price_at(i, k));
                    low = fmin(low, price_at(i, k));
                }
        assert_int_equal(s->groups[g].rows, rows);
        assert_int_equal(s->groups[g].n_high, BB_QUALITY_EXTREMES);
        assert_int_equal(s->groups[g].n_low, BB_QUALITY_EXTREMES);
        assert_true(s->groups[g].high[0].price == high);
        assert_true(s->groups[g].low[0].price == low);
        for (int n = 0; n < BB_QUALITY_EXTREMES; n++) {
            check_extreme(s, &s->groups[g].high[n], spelled);
            check_extreme(s, &s->groups[g].low[n], spelled);
        }
    }
}

/* Groups 0 and 2 are copied, group 1 gets late rows, group 3 is new. What is new are locations before, between and behind those of the older file,
 * and spellings. The older state is what its bytes say. In odd rounds late rows take the place of older ones of another spelling: what such a
 * spelling had stays in the state, so only locations and groups are as if everything had been converted at once. */
static void test_update_with_new_places(void **unused)
{
    (void)unused;
    for (int round = 0; round < 20; round++) {
        static model before, after, present;
        static struct run first, second, all;
        struct bb_quality_state *old;
        struct bb_buf bytes, a, b;
        make_run(&first);
        make_run(&second);
        make_run(&all);
        fill_model(present);
        memset(before, 0, sizeof before);
        for (int i = FIRST_OLD; i <= LAST_OLD; i++) /* every third one is new between them */
            for (int k = 0; k < 450; k++)
                if (present[i][k] && i % 3 && (i < FIRST_RESTING || k < 150 || k >= 300))
                    before[i][k] = (uint8_t)(i + 1);
        memcpy(after, before, sizeof after);
        for (int i = 0; i < (round % 3 ? N_PLACES : FIRST_RESTING); i++)
            for (int k = 150; k < N_SLOTS; k++)
                if (k < 300 ? draw(6) == 0 && (round % 2 || !before[i][k]) : k >= 450 && present[i][k] && i % 5)
                    after[i][k] = (uint8_t)(spelling_since(i) + 1); /* every fifth one is gone in the new group */
        struct bb_quality *q_old = new_quality(&first.w, &hourly, 2024),
                          *q_new = new_quality(&second.w, &hourly, 2024),
                          *q_all = new_quality(&all.w, &hourly, 2024);
        for (int g = 0; g < 3; g++) feed_spelled(&first, q_old, before, g * 150, g * 150 + 150);
        bytes_of(&first.w, finish(q_old), &bytes);
        assert_int_equal(bb_quality_read_state(bb_buf_str(&bytes), &second.w.budget, &old, NULL), BB_OK);
        check_entries(old, before);
        for (int g = 0; g < 4; g++) {
            feed_spelled(&all, q_all, after, g * 150, g * 150 + 150);
            if (g % 2)
                feed_spelled(&second, q_new, after, g * 150, g * 150 + 150);
            else
                assert_int_equal(bb_quality_copy_group(q_new, old, (size_t)g, NULL), BB_OK);
        }
        const struct bb_quality_state *got = finish(q_new);
        for (int i = 0; i < N_PLACES; i++)
            for (int k = 0; k < N_SLOTS; k++) present[i][k] = after[i][k] != 0;
        check_against(&second.w, got, present);
        check_groups(got, after);
        bytes_of(&second.w, got, &a);
        bytes_of(&all.w, finish(q_all), &b);
        if (round % 2 == 0) {
            check_entries(got, after);
            assert_int_equal(a.n, b.n);
            assert_memory_equal(a.p, b.p, b.n);
        }
        bb_buf_reset(&bytes);
        bb_buf_reset(&a);
        bb_buf_reset(&b);
        bb_quality_state_free(old);
        bb_quality_free(q_old);
        bb_quality_free(q_new);
        bb_quality_free(q_all);
        free_world(&first.w);
        free_world(&second.w);
        free_world(&all.w);
    }
}

static void test_counters(void **unused)
{
    (void)unused;
    struct world w;
    struct bb_quality_group t;
    make_world(&w, "America/New_York");
    struct bb_quality *q = new_quality(&w, &hourly, 2024);
    struct bb_row rows[] = {
        { .start_utc_s = YEAR0, .place = w.place[0], .present = 15, .value = { 30.0, 25.0, 4.0, 1.0 } },
        { .start_utc_s = YEAR0,
          .place = w.place[1],
          .present = 15,
          .value = { 30.0, 25.0, 4.0, 1.02 } }, /* 2 cents off */
        { .start_utc_s = YEAR0,
          .place = w.place[2],
          .present = 15,
          .value = { 30.0, 25.0, 4.0, 1.01 } },                                            /* rounding */
        { .start_utc_s = YEAR0, .place = w.place[3], .present = 0 },                       /* no price at all */
        { .start_utc_s = YEAR0, .place = w.place[4], .present = 1, .value = { -1000.0 } }, /* still inside */
        { .start_utc_s = YEAR0 + 3600, .place = w.place[0], .present = 1, .value = { -1000.01 } },
        { .start_utc_s = YEAR0 + 3600, .place = w.place[1], .present = 1, .value = { 10000.5 } },
        { .start_utc_s = YEAR0 + 3600, .place = w.place[2], .present = 1, .value = { 10000.0 } },
        { .start_utc_s = YEAR0 + 7200,
          .place = w.place[2],
          .present = 7,
          .value = { 50.0, 1.0, 1.0 } }, /* not all components */
    };
    assert_int_equal(bb_quality_add(q, rows, 7, NULL), BB_OK);
    assert_int_equal(bb_quality_add(q, rows + 7, 1, NULL), BB_OK); /* an instant that is cut */
    assert_int_equal(bb_quality_group_end(q, NULL), BB_OK);
    assert_int_equal(bb_quality_add(q, rows + 8, 1, NULL), BB_OK);
    const struct bb_quality_state *s = finish(q);
    assert_int_equal(s->n_groups, 2);
    bb_quality_totals(s, &t);
    assert_int_equal(t.rows, 9);
    assert_int_equal(t.null_prices, 1);
    assert_int_equal(t.outside, 2);
    assert_int_equal(t.sums_checked, 3);
    assert_int_equal(t.sums_off, 1);
    assert_true(fabs(t.largest_sum_error - 0.02) < 1e-9);
    assert_int_equal(t.n_high, 3);
    assert_true(t.high[0].price == 10000.5 && t.high[1].price == 50.0 && t.high[2].price == 30.0);
    assert_int_equal(t.high[0].start_utc_s, YEAR0 + 3600);
    assert_true(bb_str_is(s->entries[t.high[0].entry].key.name, "P001"));
    assert_int_equal(t.n_low, 3);
    assert_true(t.low[0].price == -1000.01 && t.low[1].price == -1000.0 && t.low[2].price == 50.0);
    bb_quality_free(q);
    free_world(&w);
}

/* The ten greatest of many, over several groups, against qsort. */
static void test_extremes(void **unused)
{
    (void)unused;
    struct world w;
    struct bb_quality_group t;
    double highest[N_SLOTS], lowest[N_SLOTS];
    make_world(&w, "America/New_York");
    struct bb_quality *q = new_quality(&w, &hourly, 2024);
    for (uint32_t k = 0; k < N_SLOTS; k++) {
        highest[k] = -1e9;
        lowest[k] = 1e9;
        for (int i = 0; i < N_PLACES; i++) {
            double price = (double)draw(2000000) / 100.0 - 3000.0;
            add(q, YEAR0 + 3600 * k, w.place[i], price);
            highest[k] = price > highest[k] ? price : highest[k];
            lowest[k] = price < lowest[k] ? price : lowest[k];
        }
        if (k % 77 == 0) assert_int_equal(bb_quality_group_end(q, NULL), BB_OK);
    }
    bb_quality_totals(finish(q), &t);
    for (int n = 0; n < BB_QUALITY_EXTREMES; n++) {
        int h = 0, l = 0;
        for (int k = 0; k < N_SLOTS; k++) {
            if (highest[k] > highest[h]) h = k;
            if (lowest[k] < lowest[l]) l = k;
        }
        assert_true(t.high[n].price == highest[h] && t.high[n].start_utc_s == YEAR0 + 3600u * (uint32_t)h);
        assert_true(t.low[n].price == lowest[l] && t.low[n].start_utc_s == YEAR0 + 3600u * (uint32_t)l);
        highest[h] = -1e9;
        lowest[l] = 1e9;
    }
    bb_quality_free(q);
    free_world(&w);
}

/* Every quarter of an hour of a year, by adding 900 seconds: independent of zones. Days then have 92, 96 or 100 of them. */
static void test_days(void **unused)
{
    (void)unused;
    struct world w;
    const struct bb_dataset quarter = { BB_ERCOT, BB_RT, BB_ENERGY, 15 };
    struct bb_quality_view v;
    struct bb_quality_day *days;
    size_t n;
    char text[BB_TIME_TEXT];
    make_world(&w, "America/Chicago");
    struct bb_quality *q = new_quality(&w, &quarter, 2024);
    uint32_t start = 1704088800 /* 2024-01-01T06:00Z */, end = 1735711200 /* 2025-01-01T06:00Z */;
    for (uint32_t t = start; t < end; t += 900) {
        if (t == 1710057600) continue; /* 2024-03-10T08:00Z, which is 03:00 of the spring day */
        add(q, t, w.place[0], 1.0);
        if (t >= 1730610000 && t < 1730700000) continue; /* 2024-11-03T05:00Z and the 25 hours of that day */
        add(q, t, w.place[1], 1.0);
    }
    assert_int_equal(bb_quality_view_init(&v, finish(q), &w.budget, NULL), BB_OK);
    assert_int_equal(v.slots_expected, 366 * 96);
    assert_int_equal(v.slots_seen, 366 * 96 - 1);
    assert_int_equal(v.values_seen, 2 * (366 * 96 - 1) - 100);
    assert_int_equal(v.values_expected, 2 * 366 * 96);
    assert_int_equal(bb_quality_days(&v, w.zone, &w.budget, &days, &n, NULL), BB_OK);
    assert_int_equal(n, 366);
    for (size_t i = 0; i < n; i++) {
        bb_day_text(days[i].day, text);
        int spring = strcmp(text, "2024-03-10") == 0, autumn = strcmp(text, "2024-11-03") == 0;
        assert_int_equal(days[i].slots_in_day, spring ? 92 : autumn ? 100 : 96);
        assert_int_equal(days[i].slots_expected, days[i].slots_in_day);
        assert_int_equal(days[i].slots_seen, days[i].slots_in_day - (unsigned)spring);
        assert_int_equal(days[i].values_expected, 2 * days[i].slots_in_day);
        assert_int_equal(days[i].values_seen, spring ? 182 : autumn ? 100 : 192);
        assert_int_equal(days[i].locations, autumn ? 1 : 2);
    }
    bb_free(days);
    bb_quality_view_reset(&v);
    bb_quality_free(q);
    free_world(&w);
}

/* Stamps off the grid (NYISO) count to their slot, and first and last are the true instants. */
static void test_off_grid(void **unused)
{
    (void)unused;
    struct world w;
    const struct bb_dataset five = { BB_NYISO, BB_RT, BB_ENERGY, 5 };
    make_world(&w, "America/New_York");
    struct bb_quality *q = new_quality(&w, &five, 2024);
    static const uint32_t at[] = { 30, 300, 437, 599, 600, 1200 };
    for (size_t i = 0; i < BB_ARRAY_LEN(at); i++) add(q, YEAR0 + at[i], w.place[3], 1.0);
    const struct bb_quality_state *s = finish(q);
    assert_int_equal(s->n_ordinals, 4);
    assert_int_equal(s->n_ranges, 1);
    assert_int_equal(s->n_slots, 2);
    assert_int_equal(s->entries[0].first_utc_s, YEAR0 + 30);
    assert_int_equal(s->entries[0].last_utc_s, YEAR0 + 1200);
    bb_quality_free(q);
    free_world(&w);
}

static void test_json(void **unused)
{
    (void)unused;
    struct world w;
    struct bb_buf out;
    static const struct bb_quality_reject rejects[] = { { { "bad number", 10 }, 3 } };
    static const struct bb_quality_source sources[] = {
        { { "da_hrl_lmps.csv", 15 }, { "", 0 }, { "pjm.da_hrl_lmps", 15 }, 99, YEAR0, YEAR0 + 3600 }
    };
    static const char *const wanted[] = {
        "\"rows\": 39,",
        "\"completeness_percent\": 91.67,",
        "\"values_expected\": 42,",
        "\"expected\": 24,\n    \"seen\": 22,",
        "\"from\": \"2024-01-01T07:00:00Z\",\n        \"to\": \"2024-01-01T09:00:00Z\",\n        \"intervals\": 2",
        "\"count\": 2,",
        "\"appear_late\": 1,",
        "\"first\": \"2024-01-01T11:00:00Z\"",
        "\"duplicates\": 5,",
        "\"revisions\": 6,",
        "\"reason\": \"bad number\",\n      \"rows\": 3",
        "\"name\": \"da_hrl_lmps.csv\"",
        "\"location\": \"P001\",\n        \"id\": \"1001\",\n        \"intervals\": 1",
    };
    struct bb_quality_facts facts = { 5, 6, rejects, 1, sources, 1 };
    make_world(&w, "America/New_York");
    struct bb_quality *q = new_quality(&w, &hourly, 2024);
    for (uint32_t k = 0; k < 24; k++) {
        if (k == 2 || k == 3) continue; /* missing for all */
        add(q, YEAR0 + 3600 * k, w.place[0], 1.0);
        if (k >= 6 && k != 9) add(q, YEAR0 + 3600 * k, w.place[1], 1.0); /* comes late, and misses one */
    }
    bb_buf_init(&out, &w.budget, 1 << 20);
    assert_int_equal(bb_quality_json(finish(q), w.zone, &facts, &w.budget, &out, NULL), BB_OK);
    assert_int_equal(bb_buf_putc(&out, '\0'), 1);
    for (size_t i = 0; i < BB_ARRAY_LEN(wanted); i++)
        if (!strstr(out.p, wanted[i])) fail_msg("no %s in %s", wanted[i], out.p);
    bb_buf_reset(&out);
    bb_quality_free(q);
    free_world(&w);
}

/* Damaged bytes: an error or some state, never a crash. Unpacked content is damaged too, by packing it again. */
static void test_hostile(void **unused)
{
    (void)unused;
    struct world w;
    static model m;
    struct bb_buf bytes;
    make_world(&w, "America/New_York");
    struct bb_quality *q = new_quality(&w, &hourly, 2024);
    fill_model(m);
    feed(&w, q, m, 0, N_SLOTS);
    bytes_of(&w, finish(q), &bytes);
    for (size_t n = 0; n < bytes.n; n++) {
        struct bb_quality_state *s = NULL;
        assert_int_equal(bb_quality_read_state((struct bb_str){ bytes.p, n }, &w.budget, &s, NULL), BB_SKIP);
    }
    for (size_t i = 0; i < bytes.n; i++) {
        struct bb_quality_state *s = NULL;
        char kept = bytes.p[i];
        bytes.p[i] ^= (char)(1 << draw(8));
        if (bb_quality_read_state(bb_buf_str(&bytes), &w.budget, &s, NULL) == BB_OK) bb_quality_state_free(s);
        bytes.p[i] = kept;
    }
    static char raw[1 << 20], packed[16 + (1 << 20)];
    size_t n_raw = ZSTD_decompress(raw, sizeof raw, bytes.p + 16, bytes.n - 16);
    assert_false(ZSTD_isError(n_raw));
    memcpy(packed, bytes.p, 16);
    size_t n_read = 0;
    for (size_t i = 0; i<n_raw; i += n_raw> 4000 ? 1 + draw(3) : 1) {
        struct bb_quality_state *s = NULL;
        struct bb_quality_view v;
        char kept = raw[i];
        raw[i] = (char)draw(256);
        size_t n = ZSTD_compress(packed + 16, sizeof packed - 16, raw, n_raw, 1);
        if (bb_quality_read_state((struct bb_str){ packed, 16 + n }, &w.budget, &s, NULL) == BB_OK) {
            struct bb_quality_day *days;
            size_t n_days;
            n_read++;
            assert_int_equal(bb_quality_view_init(&v, s, &w.budget, NULL), BB_OK);
            if (bb_quality_days(&v, w.zone, &w.budget, &days, &n_days, NULL) == BB_OK) bb_free(days);
            bb_quality_view_reset(&v);
        }
        bb_quality_state_free(s);
        raw[i] = kept;
    }
    assert_true(n_read > 0);
    bb_buf_reset(&bytes);
    bb_quality_free(q);
    free_world(&w);
}

static void test_wrong_year(void **unused)
{
    (void)unused;
    struct world w;
    make_world(&w, "America/New_York");
    struct bb_quality *q = new_quality(&w, &hourly, 2024);
    struct bb_row row = { .start_utc_s = YEAR0 - 1, .place = w.place[0] };
    assert_int_equal(bb_quality_add(q, &row, 1, NULL), BB_BUG);
    bb_quality_free(q);
    free_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_presence_and_round_trip),
        cmocka_unit_test(test_update),
        cmocka_unit_test(test_update_with_new_places),
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_off_grid),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_wrong_year),
    };
    return cmocka_run_group_tests_name("quality", tests, NULL, NULL);
}
