/* The sort against a model: random rows in random portions, threads, budgets, spills and early drains; the model sorts with
 * qsort and applies the rules of sort/resolve.h key by key in the plainest way. */
#include <setjmp.h>
#include <stdarg.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#include "sort/sort.h"

#define MAX_WORKERS 4
#define DAY0        1704067200u

static uint64_t random_state = 1;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % below);
}

/* One world: places, slices, and the rows of every slice in their order. */
struct item {
    struct bb_row row;
    uint32_t position; /* in its slice */
    uint32_t phase;    /* of adding; ends with a drain */
};

struct world {
    struct bb_budget budget;
    struct bb_pool *pool;
    struct bb_places *places;
    const uint32_t *rank_of, *identity_of;
    struct bb_slice *slices;
    uint32_t n_slices, n_phases, phase_s;
    struct item *items;
    size_t n;
    int derive_energy;
    unsigned n_workers;
};

static const struct bb_slice *slices_of(void *ctx) { return ((struct world *)ctx)->slices; }

static void make_places(struct world *w, uint32_t n_places, uint32_t n_identities)
{
    w->places = bb_places_new(&w->budget);
    assert_non_null(w->places);
    for (uint32_t i = 0; i < n_places; i++) {
        char identity[16], name[16];
        uint32_t place;
        struct bb_place_key key = {
            .identity = { identity, (size_t)snprintf(identity, sizeof identity, "%u", i % n_identities) },
            .name = { name, (size_t)snprintf(name, sizeof name, "%05u%u", draw(100000), i) }
        };
        assert_int_equal(bb_places_intern(w->places, &key, &place, NULL), BB_OK);
    }
    const struct bb_place_order *order;
    assert_int_equal(bb_places_rank(w->places, &order, NULL), BB_OK);
    w->rank_of = order->rank_of, w->identity_of = order->identity_of;
}

static void make_world(struct world *w, unsigned n_threads, unsigned n_workers)
{
    memset(w, 0, sizeof *w);
    bb_budget_init(&w->budget, 0, 0);
    w->pool = bb_pool_new(&w->budget, n_threads);
    assert_non_null(w->pool);
    w->n_workers = n_workers;
}

static void free_world(struct world *w)
{
    bb_places_free(w->places);
    bb_pool_free(w->pool);
    free(w->slices);
    free(w->items);
    assert_int_equal(w->budget.used_nbytes, 0);
}

static void make_rows(struct world *w, size_t n, uint32_t n_places, uint32_t n_instants, int partial_percent,
                      int off_grid)
{
    uint32_t n_sources = 1 + draw(5);
    int with_absent = (int)draw(2);
    w->n_phases = 1 + draw(3);
    w->phase_s = n_instants * 300;
    w->n_slices = n_sources * 3 * w->n_phases;
    w->slices = calloc(w->n_slices, sizeof *w->slices);
    w->items = calloc(n, sizeof *w->items);
    assert_true(w->slices && w->items);
    w->n = n;
    w->derive_energy = (int)draw(2);
    for (uint32_t i = 0; i < w->n_slices; i++) { /* indexes say nothing about the order */
        uint32_t k = (i * 7 + 3) % w->n_slices;
        if (w->n_slices % 7 == 0) k = i;
        w->slices[i] = (struct bb_slice){ (uint64_t)(1 + k % n_sources) << 32 | k / n_sources, k % n_sources };
    }
    uint32_t *positions = calloc(w->n_slices, sizeof *positions);
    assert_non_null(positions);
    for (size_t i = 0; i < n; i++) {
        struct item *it = &w->items[i];
        struct bb_row *row = &it->row;
        it->phase = (uint32_t)(i * w->n_phases / n);
        row->slice = draw(w->n_slices / w->n_phases) * w->n_phases + it->phase;
        it->position = positions[row->slice]++;
        row->start_utc_s = DAY0 + it->phase * w->phase_s + draw(n_instants) * 300 + (off_grid ? draw(3) : 0);
        row->place = draw(n_places);
        row->version = (uint16_t)(1 + (draw(4) == 0));
        row->flags = draw(5) == 0 ? BB_ROW_NOT_CURRENT : 0;
        row->present = 15;
        if (with_absent) row->present = (uint8_t)draw(16);
        if (draw(3) == 0) row->present = 13; /* no energy */
        if ((int)draw(100) < partial_percent) {
            row->flags |= BB_ROW_PARTIAL;
            row->present = (uint8_t)(1u << draw(4));
            if (draw(8) == 0) row->present |= (uint8_t)(1u << draw(4));
        }
        for (unsigned v = 0; v < BB_N_VALUES; v++)
            if (row->present >> v & 1) row->value[v] = 0.25 * (1 + draw(3));
    }
    free(positions);
}

/* ---- the model ---- */

struct model {
    struct bb_row *rows;
    size_t n, n_kept;
    struct bb_sort_counts counts;
    uint64_t partial_with[16];
    unsigned seen;
};

static const struct world *cmp_world;

static int vintage(const struct bb_row *r) { return r->version * 10 + (r->flags & BB_ROW_NOT_CURRENT ? 0 : 1); }

/* Negative when a has precedence. */
static int precedence(const struct item *a, const struct item *b)
{
    uint64_t oa = cmp_world->slices[a->row.slice].order, ob = cmp_world->slices[b->row.slice].order;
    if (vintage(&a->row) != vintage(&b->row)) return vintage(&b->row) - vintage(&a->row);
    if (oa != ob) return oa > ob ? -1 : 1;
    return a->position > b->position ? -1 : 1;
}

static int by_key(const void *x, const void *y)
{
    const struct item *a = x, *b = y;
    uint32_t ia = cmp_world->identity_of[a->row.place], ib = cmp_world->identity_of[b->row.place];
    if (a->row.start_utc_s != b->row.start_utc_s) return a->row.start_utc_s < b->row.start_utc_s ? -1 : 1;
    if (ia != ib) return ia < ib ? -1 : 1;
    return precedence(a, b);
}

static int by_lake(const void *x, const void *y)
{
    const struct bb_row *a = x, *b = y;
    if (a->start_utc_s != b->start_utc_s) return a->start_utc_s < b->start_utc_s ? -1 : 1;
    return cmp_world->rank_of[a->place] < cmp_world->rank_of[b->place] ? -1 : 1;
}

static uint64_t source_of(const struct item *it) { return cmp_world->slices[it->row.slice].order >> 32; }

/* items[0 … n-1]: one key, highest precedence first. */
static void model_key(struct model *m, const struct item *items, size_t n)
{
    struct bb_row win = items[0].row;
    size_t giver[BB_N_VALUES] = { 0 }, n_top = 0;
    int any_partial = 0, top_partial = 0, top_full = 0;
    for (size_t i = 0; i < n; i++) {
        int partial = (items[i].row.flags & BB_ROW_PARTIAL) != 0, top = vintage(&items[i].row) == vintage(&win);
        any_partial |= partial;
        if (top) top_partial |= partial, top_full |= !partial, n_top++;
    }
    if (top_partial) {
        win.present = 0;
        for (unsigned v = 0; v < BB_N_VALUES; v++) {
            win.value[v] = 0;
            for (size_t i = 0; i < n_top; i++) {
                if (!(items[i].row.present >> v & 1)) continue;
                win.present |= (uint8_t)(1u << v);
                win.value[v] = items[i].row.value[v];
                giver[v] = i;
                break;
            }
        }
    }
    for (size_t i = 1; i < (any_partial ? (top_partial ? 0 : n_top) : n); i++) {
        const struct bb_row *r = &items[i].row;
        int same = vintage(r) == vintage(&win) && r->present == win.present &&
                   !memcmp(r->value, win.value, sizeof r->value);
        if (same)
            m->counts.duplicates++;
        else
            m->counts.revisions++;
    }
    for (size_t i = 0; any_partial && i < n; i++) { /* i: first row of a source and vintage */
        size_t end = i + 1, lost = 0, lost_differing = 0;
        int differs = 0, used = 0;
        int is_top = vintage(&items[i].row) == vintage(&win);
        if (i > 0 && vintage(&items[i].row) == vintage(&items[i - 1].row) &&
            source_of(&items[i]) == source_of(&items[i - 1]))
            continue;
        if (is_top && !top_partial) continue;
        while (end < n && vintage(&items[end].row) == vintage(&items[i].row) &&
               source_of(&items[end]) == source_of(&items[i]))
            end++;
        for (unsigned v = 0; v < BB_N_VALUES; v++) {
            size_t given = 0, differing = 0;
            for (size_t j = i; j < end; j++) {
                const struct bb_row *r = &items[j].row;
                if (!(r->present >> v & 1)) continue;
                if (given++ == 0) { /* what the source says in the end */
                    if (is_top && giver[v] == j)
                        used = 1;
                    else if (r->value[v] != win.value[v])
                        differs = 1;
                } else if (r->value[v] != win.value[v]) {
                    differing++;
                }
            }
            if (given > 1 && given - 1 > lost) lost = given - 1;
            if (differing > lost_differing) lost_differing = differing;
        }
        if (!is_top) {
            m->counts.revisions += lost + 1;
        } else {
            m->counts.revisions += lost_differing + (unsigned)differs;
            m->counts.duplicates += lost - lost_differing + (!differs && !used && i > 0);
        }
    }
    win.flags &= (uint8_t)~BB_ROW_PARTIAL;
    if (cmp_world->derive_energy && win.present == 13) {
        win.present = 15;
        win.value[1] = win.value[0] - win.value[2] - win.value[3]; /* quarters: exact */
    }
    if (top_partial && !top_full) m->partial_with[win.present]++;
    m->seen |= win.present;
    m->rows[m->n++] = win;
}

static void run_model(const struct world *w, struct model *m)
{
    struct item *items = malloc(w->n * sizeof *items + 1);
    memset(m, 0, sizeof *m);
    m->rows = calloc(w->n + 1, sizeof *m->rows);
    assert_true(items && m->rows);
    memcpy(items, w->items, w->n * sizeof *items);
    cmp_world = w;
    qsort(items, w->n, sizeof *items, by_key);
    for (size_t i = 0, end; i < w->n; i = end) {
        for (end = i + 1; end < w->n && items[end].row.start_utc_s == items[i].row.start_utc_s &&
                          w->identity_of[items[end].row.place] == w->identity_of[items[i].row.place];)
            end++;
        model_key(m, items + i, end - i);
    }
    qsort(m->rows, m->n, sizeof *m->rows, by_lake);
    m->counts.rows = m->n;
    for (unsigned p = 0; p < 16; p++) {
        int lacks_total = (m->seen & 1) && !(p & 1), some = (p & 14) != 0, all = (p & 14) == (m->seen & 14);
        if (lacks_total || (some && !all)) m->counts.incomplete += m->partial_with[p];
    }
    free(items);
}

/* ---- the sort ---- */

struct got {
    struct bb_row *rows;
    size_t n, cap, max_batch;
};

static enum bb_status keep(void *ctx, const struct bb_row *rows, size_t n, struct bb_error *err)
{
    struct got *g = ctx;
    (void)err;
    assert_true(n > 0 && g->n + n <= g->cap);
    memcpy(g->rows + g->n, rows, n * sizeof *rows);
    g->n += n;
    if (n > g->max_batch) g->max_batch = n;
    return BB_OK;
}

static struct bb_sort *new_sort(struct world *w)
{
    struct bb_sort_options o = { .budget = &w->budget,
                                 .pool = w->pool,
                                 .n_workers = w->n_workers,
                                 .places = w->places,
                                 .slices = slices_of,
                                 .slices_ctx = w,
                                 .derive_energy = w->derive_energy,
                                 .temp_dir = P_tmpdir };
    struct bb_sort *sort;
    assert_int_equal(bb_sort_new(&o, &sort, NULL), BB_OK);
    return sort;
}

/* Adds the rows of one phase: slices whole to one worker, in random portions, workers in turn at random. */
static void add_phase(struct world *w, struct bb_sort *sort, uint32_t phase, uint32_t spill_one_in)
{
    struct bb_row *lane[MAX_WORKERS];
    size_t n_lane[MAX_WORKERS] = { 0 }, at[MAX_WORKERS] = { 0 }, left = 0;
    uint32_t salt = draw(1000);
    struct bb_error err;
    for (unsigned k = 0; k < w->n_workers; k++) assert_non_null(lane[k] = malloc(w->n * sizeof *lane[k] + 1));
    for (size_t i = 0; i < w->n; i++) {
        unsigned k = (w->items[i].row.slice * 31 + salt) / 3 % w->n_workers;
        if (w->items[i].phase != phase) continue;
        lane[k][n_lane[k]++] = w->items[i].row;
        left++;
    }
    while (left > 0) {
        unsigned k = draw(w->n_workers);
        size_t n = 1 + draw(draw(2) ? 8 : 3000);
        if (n > n_lane[k] - at[k]) n = n_lane[k] - at[k];
        if (bb_sort_add(sort, k, lane[k] + at[k], n, &err) == BB_BUDGET) {
            assert_int_equal(bb_sort_spill(sort, 0, &err), BB_OK);
            assert_int_equal(bb_sort_held_nbytes(sort), 0);
            assert_int_equal(bb_sort_add(sort, k, lane[k] + at[k], n, &err), BB_OK);
        }
        at[k] += n;
        left -= n;
        if (spill_one_in && draw(spill_one_in) == 0)
            assert_int_equal(bb_sort_spill(sort, bb_sort_held_nbytes(sort) / 4 * draw(4), &err), BB_OK);
    }
    for (unsigned k = 0; k < w->n_workers; k++) free(lane[k]);
}

static void compare(const struct world *w, const struct model *m, const struct got *g,
                    const struct bb_sort_counts *c)
{
    (void)w;
    assert_int_equal(g->n, m->n);
    for (size_t i = 0; i < m->n; i++)
        if (memcmp(&g->rows[i], &m->rows[i], sizeof m->rows[i]) != 0)
            fail_msg("row %zu of %zu: start %u place %u present %u version %u slice %u, wanted %u %u %u %u %u", i,
                     m->n, g->rows[i].start_utc_s, g->rows[i].place, g->rows[i].present, g->rows[i].version,
                     g->rows[i].slice, m->rows[i].start_utc_s, m->rows[i].place, m->rows[i].present,
                     m->rows[i].version, m->rows[i].slice);
    assert_int_equal(c->rows, m->counts.rows);
    assert_int_equal(c->duplicates, m->counts.duplicates);
    assert_int_equal(c->revisions, m->counts.revisions);
    assert_int_equal(c->incomplete, m->counts.incomplete);
}

static void run_and_compare(struct world *w, const struct model *m, uint32_t spill_one_in, size_t free_nbytes,
                            int early)
{
    struct bb_sort *sort;
    struct bb_sort_counts counts;
    struct bb_error err = { 0 };
    struct got got = { .rows = malloc(m->n * sizeof *got.rows + 1), .cap = m->n };
    size_t max_rows = 1 + draw(draw(2) ? 100 : 100000);
    assert_non_null(got.rows);
    w->budget.limit_nbytes = free_nbytes ? w->budget.used_nbytes + free_nbytes : 0;
    sort = new_sort(w);
    assert_int_equal(bb_sort_first_instant(sort), UINT32_MAX);
    for (uint32_t p = 0; p < w->n_phases; p++) {
        uint32_t end = DAY0 + (p + 1) * w->phase_s;
        add_phase(w, sort, p, spill_one_in);
        if (!early) continue;
        if (draw(2)) { /* in two steps: some rows of the phase stay behind */
            uint32_t middle = DAY0 + p * w->phase_s + draw(w->phase_s);
            if (bb_sort_drain(sort, middle, max_rows, keep, &got, &err) != BB_OK) fail_msg("%s", err.text);
            assert_true(bb_sort_first_instant(sort) >= middle);
        }
        if (bb_sort_drain(sort, end, max_rows, keep, &got, &err) != BB_OK) fail_msg("%s", err.text);
    }
    if (bb_sort_drain(sort, UINT32_MAX, max_rows, keep, &got, &err) != BB_OK) fail_msg("%s", err.text);
    assert_int_equal(bb_sort_first_instant(sort), UINT32_MAX);
    assert_int_equal(bb_sort_late(sort), 0);
    bb_sort_get_counts(sort, &counts);
    compare(w, m, &got, &counts);
    if (free_nbytes) assert_true(w->budget.peak_nbytes <= w->budget.limit_nbytes || w->budget.limit_nbytes == 0);
    bb_sort_free(sort);
    w->budget.limit_nbytes = 0;
    free(got.rows);
}

static void test_model(void **state)
{
    static const unsigned threads[] = { 1, 2, 4 };
    (void)state;
    for (uint32_t round = 0; round < 120; round++) {
        struct world w;
        struct model m;
        size_t n = 1 + draw(draw(3) ? 400 : 20000);
        uint32_t n_places = 1 + draw(draw(2) ? 20 : 400), n_identities = draw(2) ? n_places : 1 + draw(n_places);
        random_state = round + 1;
        make_world(&w, threads[round % 3], 1 + draw(MAX_WORKERS));
        make_places(&w, n_places, n_identities);
        make_rows(&w, n, n_places, 1 + draw(draw(2) ? 5 : 400), (int)(draw(3) * 50), round % 4 == 3);
        run_model(&w, &m);
        run_and_compare(&w, &m, 0, 0, 0);
        w.budget.peak_nbytes = 0;
        run_and_compare(&w, &m, draw(2) ? 20 : 4, 0, (int)draw(2));
        w.budget.peak_nbytes = 0;
        run_and_compare(&w, &m, draw(2) ? 0 : 10, ((size_t)2 << 20) + draw(4 << 20), (int)draw(2));
        free(m.rows);
        free_world(&w);
    }
}

/* Written out by hand, so that the model's reading of the rules is checked as well. */
static void expect_key(const struct bb_row *rows, size_t n, struct bb_row want, uint64_t duplicates,
                       uint64_t revisions, uint64_t incomplete)
{
    struct world w;
    struct bb_row got_row;
    struct got got = { .rows = &got_row, .cap = 1 };
    struct bb_sort_counts c;
    make_world(&w, 1, 1);
    make_places(&w, 2, 1);
    w.slices = calloc(4, sizeof *w.slices);
    assert_non_null(w.slices);
    w.slices[0].order = (uint64_t)1 << 32; /* source 1, blocks 0 and 1 */
    w.slices[1].order = (uint64_t)1 << 32 | 1;
    w.slices[2].order = (uint64_t)2 << 32;
    w.slices[3].order = (uint64_t)3 << 32;
    struct bb_sort *sort = new_sort(&w);
    for (size_t i = 0; i < n; i++) assert_int_equal(bb_sort_add(sort, 0, &rows[i], 1, NULL), BB_OK);
    assert_int_equal(bb_sort_drain(sort, UINT32_MAX, 10, keep, &got, NULL), BB_OK);
    bb_sort_get_counts(sort, &c);
    assert_int_equal(got.n, 1);
    assert_memory_equal(&got_row, &want, sizeof want);
    assert_int_equal(c.duplicates, duplicates);
    assert_int_equal(c.revisions, revisions);
    assert_int_equal(c.incomplete, incomplete);
    bb_sort_free(sort);
    free_world(&w);
}

#define FULL(s, v, f, x)                                                                                           \
    {                                                                                                              \
        .start_utc_s = 60, .slice = s, .version = v, .flags = f, .present = 1, .value = { x }                      \
    }
#define PART(s, v, c, x)                                                                                           \
    {                                                                                                              \
        .start_utc_s = 60, .slice = s, .version = v, .flags = BB_ROW_PARTIAL, .present = 1u << (c), .value = {     \
            [c] = x                                                                                                \
        }                                                                                                          \
    }
#define EXPECT(dup, rev, inc, want, ...)                                                                           \
    do {                                                                                                           \
        const struct bb_row rows_[] = { __VA_ARGS__ };                                                             \
        expect_key(rows_, sizeof rows_ / sizeof rows_[0], (struct bb_row)want, dup, rev, inc);                     \
    } while (0)
#define W(...)                                                                                                     \
    {                                                                                                              \
        __VA_ARGS__                                                                                                \
    }

static void test_rules(void **state)
{
    (void)state;
    EXPECT(1, 0, 0, FULL(2, 1, 0, 5), FULL(2, 1, 0, 5), FULL(0, 1, 0, 5));
    EXPECT(0, 1, 0, FULL(2, 1, 0, 5), FULL(2, 1, 0, 5), FULL(0, 1, 0, 6));
    EXPECT(0, 1, 0, FULL(0, 2, 0, 5), FULL(2, 1, 0, 5), FULL(0, 2, 0, 5)); /* version before source */
    EXPECT(0, 1, 0, FULL(0, 1, 0, 5), FULL(0, 1, 0, 5),
           FULL(2, 1, BB_ROW_NOT_CURRENT, 5)); /* current before source */
    EXPECT(0, 1, 0, FULL(2, 2, BB_ROW_NOT_CURRENT, 5), FULL(0, 1, 0, 5), FULL(2, 2, BB_ROW_NOT_CURRENT, 5));
    EXPECT(0, 1, 0, FULL(1, 1, 0, 5), FULL(1, 1, 0, 5), FULL(0, 1, 0, 6));                   /* later block */
    EXPECT(1, 1, 0, FULL(1, 1, 0, 6), FULL(1, 1, 0, 5), FULL(1, 1, 0, 6), FULL(1, 1, 0, 6)); /* later row */
    /* four component lines of one source: one row, nothing lost */
    EXPECT(0, 0, 0, W(.start_utc_s = 60, .slice = 1, .version = 1, .present = 15, .value = { 9, 4, 3, 2 }),
           PART(0, 1, 0, 9), PART(1, 1, 1, 4), PART(0, 1, 2, 3), PART(0, 1, 3, 2));
    /* components of a lower version beside a full row of a higher one */
    EXPECT(0, 2, 0, FULL(0, 2, 0, 5), FULL(0, 2, 0, 5), PART(2, 1, 0, 5), PART(2, 1, 1, 4), PART(3, 1, 0, 5));
}

static void test_partial_counts(void **state)
{
    (void)state;
    EXPECT(1, 0, 0, W(.start_utc_s = 60, .slice = 2, .version = 1, .present = 3, .value = { 9, 4 }),
           PART(0, 1, 0, 9), PART(0, 1, 1, 4), PART(2, 1, 0, 9), PART(2, 1, 1, 4));
    EXPECT(0, 1, 0, W(.start_utc_s = 60, .slice = 2, .version = 1, .present = 3, .value = { 9, 5 }),
           PART(0, 1, 0, 9), PART(0, 1, 1, 4), PART(2, 1, 0, 9), PART(2, 1, 1, 5));
    /* a component used, the other overridden by an equal one: nothing */
    EXPECT(0, 0, 0, W(.start_utc_s = 60, .slice = 2, .version = 1, .present = 3, .value = { 9, 4 }),
           PART(0, 1, 0, 9), PART(0, 1, 1, 4), PART(2, 1, 0, 9));
    /* a component given three times by one source, once differing */
    EXPECT(1, 1, 0, W(.start_utc_s = 60, .slice = 0, .version = 1, .present = 3, .value = { 9, 4 }),
           PART(0, 1, 0, 9), PART(0, 1, 0, 8), PART(0, 1, 1, 4), PART(0, 1, 0, 9));
    /* a preliminary component does not complete a final row, which therefore lacks its total */
    EXPECT(0, 1, 0, W(.start_utc_s = 60, .slice = 0, .version = 2, .present = 2, .value = { 0, 4 }),
           PART(2, 1, 0, 9), PART(0, 2, 1, 4));
    /* a full row joined by a later component */
    EXPECT(0, 0, 0, W(.start_utc_s = 60, .slice = 2, .version = 1, .present = 3, .value = { 5, 4 }),
           FULL(0, 1, 0, 5), PART(2, 1, 1, 4));
}

static struct bb_row plain_row(uint32_t start, uint32_t place)
{
    return (struct bb_row){
        .start_utc_s = start, .place = place, .version = 1, .present = 15, .value = { start + place, 1, 2, 3 }
    };
}

static void make_plain(struct world *w, uint32_t n_places)
{
    make_world(w, 2, 2);
    make_places(w, n_places, n_places);
    w->slices = calloc(1, sizeof *w->slices);
    assert_non_null(w->slices);
}

static void add_plain(struct bb_sort *sort, uint32_t n_instants, uint32_t n_places)
{
    for (uint32_t t = 0; t < n_instants; t++)
        for (uint32_t p = 0; p < n_places; p++) {
            struct bb_row row = plain_row(DAY0 + t * 300, p);
            assert_int_equal(bb_sort_add(sort, 0, &row, 1, NULL), BB_OK);
        }
}

static void test_late(void **state)
{
    struct world w;
    struct bb_row rows[8], row = plain_row(DAY0 + 300, 0);
    struct got got = { .rows = rows, .cap = 8 };
    (void)state;
    make_plain(&w, 2);
    struct bb_sort *sort = new_sort(&w);
    assert_int_equal(bb_sort_add(sort, 0, &row, 1, NULL), BB_OK);
    assert_int_equal(bb_sort_first_instant(sort), DAY0 + 300);
    assert_int_equal(bb_sort_drain(sort, DAY0 + 300, 10, keep, &got, NULL), BB_OK);
    assert_int_equal(got.n, 0);
    assert_int_equal(bb_sort_add(sort, 1, &row, 1, NULL), BB_OK); /* at the bound: in time */
    assert_int_equal(bb_sort_late(sort), 0);
    row.start_utc_s -= 1;
    assert_int_equal(bb_sort_add(sort, 1, &row, 1, NULL), BB_OK);
    assert_int_equal(bb_sort_late(sort), 1);
    assert_int_equal(bb_sort_drain(sort, UINT32_MAX, 10, keep, &got, NULL), BB_OK); /* kept all the same */
    assert_int_equal(got.n, 2);
    assert_int_equal(rows[0].start_utc_s, DAY0 + 299);
    bb_sort_free(sort);
    free_world(&w);
}

/* A row group of the older file was carried over while rows came for it: before the look at them, or after. */
static void test_passed_over(void **state)
{
    (void)state;
    for (int before = 0; before < 2; before++) {
        struct world w;
        struct bb_row row = plain_row(DAY0 + 300, 0);
        make_plain(&w, 2);
        struct bb_sort *sort = new_sort(&w);
        if (!before) assert_int_equal(bb_sort_pass_over(sort, DAY0 + 300, NULL), BB_OK);
        assert_int_equal(bb_sort_add(sort, 1, &row, 1, NULL), BB_OK);
        if (before) assert_int_equal(bb_sort_pass_over(sort, DAY0 + 300, NULL), BB_OK);
        assert_int_equal(bb_sort_late(sort), 0);
        if (before) {
            assert_int_equal(bb_sort_pass_over(sort, DAY0 + 301, NULL), BB_OK);
        } else {
            row.start_utc_s -= 1;
            assert_int_equal(bb_sort_add(sort, 1, &row, 1, NULL), BB_OK);
        }
        assert_int_equal(bb_sort_late(sort), 1);
        bb_sort_free(sort);
        free_world(&w);
    }
}

/* Instants from one end of the range to the other, at odd seconds: more than one window, no regular grid. */
static void test_wild_instants(void **state)
{
    struct world w;
    enum { N = 20000 };
    struct got got = { .rows = calloc(N, sizeof *got.rows), .cap = N };
    (void)state;
    make_plain(&w, 3);
    w.budget.limit_nbytes = w.budget.used_nbytes + (6 << 20);
    assert_non_null(got.rows);
    struct bb_sort *sort = new_sort(&w);
    for (uint32_t i = 0; i < N;
         i++) { /* a permutation of N starts 214747 s apart, from 0 to UINT32_MAX less some */
        struct bb_row row = plain_row((i * 7919 % N) * 214747u + 1, 1);
        assert_int_equal(bb_sort_add(sort, i & 1, &row, 1, NULL), BB_OK);
        if (i == N / 2) assert_int_equal(bb_sort_spill(sort, 0, NULL), BB_OK);
    }
    assert_int_equal(bb_sort_drain(sort, UINT32_MAX, 1000, keep, &got, NULL), BB_OK);
    assert_int_equal(got.n, N);
    for (uint32_t i = 0; i < N; i++) assert_int_equal(got.rows[i].start_utc_s, i * 214747u + 1);
    bb_sort_free(sort);
    free_world(&w);
    free(got.rows);
}

/* More runs than the budget can read at once. */
static void test_many_runs(void **state)
{
    struct world w;
    enum { RUNS = 300, PLACES = 50 };
    struct got got = { .rows = calloc(RUNS * PLACES, sizeof *got.rows), .cap = RUNS * PLACES };
    struct bb_sort_counts c;
    (void)state;
    make_plain(&w, PLACES);
    assert_non_null(got.rows);
    w.budget.limit_nbytes = 2 << 20; /* an eighth of it, and of that a quarter for blocks of 8 KiB: 8 at once */
    struct bb_sort *sort = new_sort(&w);
    for (uint32_t r = 0; r < RUNS; r++) { /* run r holds parts of many instants, and revisions of its own rows */
        for (uint32_t p = 0; p < PLACES; p++) {
            struct bb_row row = plain_row(DAY0 + (r + p * 7) % RUNS * 300, p);
            row.value[0] = 1;
            assert_int_equal(bb_sort_add(sort, 0, &row, 1, NULL), BB_OK);
            row.value[0] = 2;
            assert_int_equal(bb_sort_add(sort, 0, &row, 1, NULL), BB_OK);
        }
        assert_int_equal(bb_sort_spill(sort, 0, NULL), BB_OK);
    }
    assert_int_equal(bb_sort_drain(sort, DAY0 + RUNS / 2 * 300, 500, keep, &got, NULL), BB_OK);
    assert_int_equal(got.n, RUNS / 2 * PLACES);
    assert_int_equal(bb_sort_first_instant(sort), DAY0 + RUNS / 2 * 300);
    assert_int_equal(bb_sort_drain(sort, UINT32_MAX, 500, keep, &got, NULL), BB_OK);
    assert_int_equal(got.n, RUNS * PLACES);
    bb_sort_get_counts(sort, &c);
    assert_int_equal(c.runs, RUNS);
    assert_true(c.spilled_nbytes >= (uint64_t)RUNS * PLACES * 2 * sizeof(struct bb_row));
    assert_int_equal(c.revisions, RUNS * PLACES);
    for (uint32_t i = 0; i < RUNS * PLACES; i++) {
        assert_int_equal(got.rows[i].start_utc_s, DAY0 + i / PLACES * 300);
        assert_int_equal(w.rank_of[got.rows[i].place], i % PLACES);
        assert_true(got.rows[i].value[0] == 2); /* later row of the slice */
    }
    bb_sort_free(sort);
    free_world(&w);
    free(got.rows);
}

struct counter {
    struct world *w;
    uint32_t n_places;
    uint64_t n;
};

static enum bb_status count_plain(void *ctx, const struct bb_row *rows, size_t n, struct bb_error *err)
{
    struct counter *c = ctx;
    (void)err;
    for (size_t i = 0; i < n; i++, c->n++) {
        if (rows[i].start_utc_s != DAY0 + c->n / c->n_places * 300 ||
            c->w->rank_of[rows[i].place] != c->n % c->n_places)
            fail_msg("row %llu", (unsigned long long)c->n);
    }
    return BB_OK;
}

/* Twenty times the budget, in no order of time. */
static void test_larger_than_memory(void **state)
{
    struct world w;
    enum { PLACES = 1000, INSTANTS = 3500, BATCH = 250 };
    struct bb_row batch[BATCH];
    struct bb_sort_counts c;
    struct counter counter = { &w, PLACES, 0 };
    (void)state;
    make_plain(&w, PLACES);
    w.budget.limit_nbytes = 8 << 20;
    struct bb_sort *sort = new_sort(&w);
    for (uint32_t k = 0; k < INSTANTS; k++) {
        uint32_t start = DAY0 + (k * 1009 % INSTANTS) * 300;
        for (uint32_t p = 0; p < PLACES; p += BATCH) {
            for (uint32_t i = 0; i < BATCH; i++) batch[i] = plain_row(start, p + i);
            if (bb_budget_left(&w.budget) > w.budget.limit_nbytes / 8 &&
                bb_sort_add(sort, k & 1, batch, BATCH, NULL) == BB_OK)
                continue;
            assert_int_equal(bb_sort_spill(sort, 0, NULL), BB_OK);
            assert_int_equal(bb_sort_add(sort, k & 1, batch, BATCH, NULL), BB_OK);
        }
    }
    assert_int_equal(bb_sort_drain(sort, UINT32_MAX, 65536, count_plain, &counter, NULL), BB_OK);
    assert_int_equal(counter.n, PLACES * INSTANTS);
    bb_sort_get_counts(sort, &c);
    assert_true(c.runs >= 20);
    assert_true(w.budget.peak_nbytes <= w.budget.limit_nbytes);
    bb_sort_free(sort);
    free_world(&w);
}

/* The descriptor of the unlinked temporary file. */
static int temp_fd(void)
{
    for (int fd = 3; fd < 64; fd++) {
        char link[32], to[512];
        ssize_t n;
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        n = readlink(link, to, sizeof to - 1);
        if (n <= 0) continue;
        to[n] = 0;
        if (strstr(to, "/#") || strstr(to, ".busbar-rows-"))
            return fd; /* without a name from the start, or since */
    }
    return -1;
}

static void test_damaged_run(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct world w;
        struct got got = { .rows = calloc(4000, sizeof *got.rows), .cap = 4000 };
        struct bb_error err = { 0 };
        char byte;
        int fd;
        off_t at = how == 0 ? 150000 : 12; /* in a row; in a block's header */
        make_plain(&w, 40);
        struct bb_sort *sort = new_sort(&w);
        add_plain(sort, 100, 40);
        assert_int_equal(bb_sort_spill(sort, 0, NULL), BB_OK);
        assert_true((fd = temp_fd()) >= 0);
        if (how == 2) {
            assert_int_equal(ftruncate(fd, 100000), 0);
        } else {
            assert_int_equal(pread(fd, &byte, 1, at), 1);
            byte ^= 4;
            assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        }
        assert_int_equal(bb_sort_drain(sort, UINT32_MAX, 100, keep, &got, &err), BB_IO);
        assert_int_equal(err.status, BB_IO);
        assert_non_null(strstr(err.text, "damaged"));
        bb_sort_free(sort);
        free_world(&w);
        free(got.rows);
    }
}

static void test_disk_full(void **state)
{
    struct world w;
    struct got got = { .rows = calloc(8000, sizeof *got.rows), .cap = 8000 };
    struct bb_error err = { 0 };
    struct rlimit old, tiny;
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    make_plain(&w, 40);
    struct bb_sort *sort = new_sort(&w);
    add_plain(sort, 100, 40);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tiny = old;
    tiny.rlim_cur = 100000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
    assert_int_equal(bb_sort_spill(sort, 0, &err), BB_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_non_null(strstr(err.text, P_tmpdir));
    assert_non_null(strstr(err.text, "--temp-dir"));
    assert_int_equal(bb_sort_spill(sort, 0, &err), BB_OK); /* there is room again: nothing was lost */
    assert_int_equal(bb_sort_drain(sort, UINT32_MAX, 1000, keep, &got, &err), BB_OK);
    assert_int_equal(got.n, 4000);
    bb_sort_free(sort);

    struct bb_sort_options o = { .budget = &w.budget,
                                 .pool = w.pool,
                                 .n_workers = 1,
                                 .places = w.places,
                                 .slices = slices_of,
                                 .slices_ctx = &w,
                                 .temp_dir = "/nonexistent/folder" };
    assert_int_equal(bb_sort_new(&o, &sort, NULL), BB_OK);
    add_plain(sort, 1, 1);
    assert_int_equal(bb_sort_spill(sort, 0, &err), BB_IO);
    assert_non_null(strstr(err.text, "/nonexistent/folder"));
    bb_sort_free(sort);
    free_world(&w);
    free(got.rows);
}

static void test_budget_too_small(void **state)
{
    struct world w;
    struct bb_row row = plain_row(DAY0, 0);
    struct bb_error err = { 0 };
    enum bb_status status;
    size_t n = 0, held;
    (void)state;
    make_plain(&w, 1);
    struct bb_sort *sort = new_sort(&w);
    w.budget.limit_nbytes = w.budget.used_nbytes + 200000;
    while ((status = bb_sort_add(sort, 0, &row, 1, &err)) == BB_OK) n++;
    assert_int_equal(status, BB_BUDGET);
    assert_true(n >= 2048);
    held = bb_sort_held_nbytes(sort);
    struct bb_row *many = calloc(10000, sizeof *many);
    assert_non_null(many);
    assert_int_equal(bb_sort_add(sort, 1, many, 10000, &err), BB_BUDGET); /* all or nothing */
    assert_int_equal(bb_sort_held_nbytes(sort), held);
    w.budget.limit_nbytes = w.budget.used_nbytes; /* not even an index fits */
    assert_int_equal(bb_sort_spill(sort, 0, &err), BB_BUDGET);
    assert_non_null(strstr(err.text, "--memory-limit"));
    free(many);
    bb_sort_free(sort);
    free_world(&w);
}

/* Every allocation fails once: an error or the right rows, and nothing leaks. */
static void test_every_allocation_fails(void **state)
{
    struct world w;
    struct got got = { .rows = calloc(2000, sizeof *got.rows), .cap = 2000 };
    (void)state;
    make_world(&w, 2, 2);
    make_places(&w, 40, 30);
    w.slices = calloc(1, sizeof *w.slices);
    for (long n = 1;; n++) {
        struct bb_sort_options o = { .budget = &w.budget,
                                     .pool = w.pool,
                                     .n_workers = 2,
                                     .places = w.places,
                                     .slices = slices_of,
                                     .slices_ctx = &w,
                                     .temp_dir = P_tmpdir };
        struct bb_sort *sort = NULL;
        size_t before = w.budget.used_nbytes;
        enum bb_status status;
        struct bb_row rows[1500];
        int reached;
        got.n = 0;
        for (uint32_t i = 0; i < 1500; i++) rows[i] = plain_row(DAY0 + i % 50 * 300, i % 40);
        bb_mem_fail_countdown = n;
        status = bb_sort_new(&o, &sort, NULL);
        if (status == BB_OK) status = bb_sort_add(sort, 0, rows, 1000, NULL);
        if (status == BB_OK) status = bb_sort_spill(sort, 0, NULL);
        if (status == BB_OK) status = bb_sort_add(sort, 1, rows + 1000, 500, NULL);
        if (status == BB_OK) status = bb_sort_drain(sort, DAY0 + 25 * 300, 100, keep, &got, NULL);
        if (status == BB_OK) status = bb_sort_drain(sort, UINT32_MAX, 100, keep, &got, NULL);
        reached = bb_mem_fail_countdown == 0;
        bb_mem_fail_countdown = 0;
        bb_sort_free(sort);
        assert_int_equal(w.budget.used_nbytes, before);
        if (status != BB_OK) assert_int_equal(status, BB_BUDGET);
        if (!reached) {
            assert_int_equal(status, BB_OK);
            assert_true(n > 20);
            break;
        }
    }
    free_world(&w);
    free(got.rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_partial_counts),
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_passed_over),
        cmocka_unit_test(test_wild_instants),
        cmocka_unit_test(test_many_runs),
        cmocka_unit_test(test_larger_than_memory),
        cmocka_unit_test(test_damaged_run),
        cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_budget_too_small),
        cmocka_unit_test(test_every_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
