/* Components of a day put together: which rows come out, in which order, and what happens when there is no room. The rows that a
 * file makes are compared with those that its lines make one by one: the sort must see the same values in the same precedence. */
#include <math.h>

#include "market_case.h"
#include "markets/day_table.h"

struct kept {
    struct bb_row rows[4096];
    size_t n;
};

static enum bb_status keep(struct bb_row_batch *batch, struct bb_error *err)
{
    struct kept *k = batch->ctx;
    (void)err;
    assert_true(k->n + batch->n <= BB_ARRAY_LEN(k->rows));
    memcpy(k->rows + k->n, batch->rows, batch->n * sizeof *batch->rows);
    k->n += batch->n;
    batch->n = 0;
    return BB_OK;
}

static void say(struct bb_day_table *t, uint32_t identity, uint32_t place, uint32_t slice, int component,
                double first)
{
    struct bb_day_line line;
    assert_int_equal(bb_day_table_line(t, identity, place, slice, component, &line), BB_DAY_KEPT);
    for (int h = 0; h < BB_DAY_HOURS; h++) line.cells[h][0] = first + h;
    *line.hours = 0xFFFFFF;
}

static void send(struct bb_day_table *t, struct kept *k)
{
    struct bb_row rows[7];
    struct bb_row_batch batch = { rows, 0, 7, keep, k };
    struct bb_error err;
    k->n = 0;
    assert_int_equal(bb_day_table_send(t, 2, BB_ROW_PARTIAL, &batch, &err), BB_OK);
    assert_int_equal(keep(&batch, &err), BB_OK);
    assert_int_equal(t->n, 0);
}

static void init(struct bb_day_table *t, struct bb_budget *budget, size_t max_nbytes)
{
    bb_budget_init(budget, 0, 0);
    bb_day_table_init(t, budget, max_nbytes);
    for (uint32_t h = 0; h < BB_DAY_HOURS; h++) t->start_utc_s[h] = 1000 * h;
}

static void end(struct bb_day_table *t, struct bb_budget *budget)
{
    bb_day_table_reset(t);
    assert_int_equal(budget->used_nbytes, 0);
}

/* 20 locations, component after component: a row per hour and location with all three, the last line's slice. */
static void sections(void **unused)
{
    static struct kept k;
    struct bb_day_table t;
    struct bb_budget budget;
    (void)unused;
    init(&t, &budget, 1 << 20);
    for (int round = 0; round < 2; round++) { /* the table is as good as new after it was sent */
        for (uint32_t i = 0; i < 20; i++) say(&t, i, 100 + i, 5, BB_VALUE_TOTAL, i);
        for (uint32_t i = 20; i-- > 0;) say(&t, i, 100 + i, 6, BB_VALUE_LOSS, 0.25);
        for (uint32_t i = 0; i < 19; i++) say(&t, i, 100 + i, 7, BB_VALUE_CONGESTION, -1000.0);
        send(&t, &k);
        assert_int_equal(k.n, 24 * 20);
        for (uint32_t r = 0; r < 24 * 20; r++) {
            const struct bb_row *row = &k.rows[r];
            uint32_t h = r / 20, i = r % 20;
            assert_int_equal(row->start_utc_s, 1000 * h);
            assert_int_equal(row->place, 100 + i);
            assert_int_equal(row->slice, i == 19 ? 6 : 7);
            assert_int_equal(row->version, 2);
            assert_int_equal(row->flags, BB_ROW_PARTIAL);
            assert_int_equal(row->present, i == 19 ? 9 : 13);
            assert_true(row->value[BB_VALUE_TOTAL] == i + h && row->value[BB_VALUE_LOSS] == 0.25 + h);
            assert_true(row->value[BB_VALUE_CONGESTION] == (i == 19 ? 0 : -1000.0 + h));
            assert_true(row->value[BB_VALUE_ENERGY] == 0);
        }
    }
    end(&t, &budget);
}

/* A component that is said again, and the other spelling of an identity, begin an entry of their own behind the older one; only the newest is
 * added to. */
static void order_of_one_identity(void **unused)
{
    static const struct {
        uint32_t place, slice;
        unsigned present;
        double first;
    } wanted[] = { { 1, 10, 1, 1 }, { 1, 11, 5, 2 }, { 2, 12, 1, 4 }, { 1, 13, 12, 5 }, { 9, 10, 1, 7 } };
    static struct kept k;
    struct bb_day_table t;
    struct bb_budget budget;
    (void)unused;
    init(&t, &budget, 1 << 20);
    say(&t, 3, 1, 10, BB_VALUE_TOTAL, 1);
    say(&t, 3, 1, 10, BB_VALUE_TOTAL, 2); /* again */
    say(&t, 3, 1, 11, BB_VALUE_CONGESTION, 3);
    say(&t, 3, 2, 12, BB_VALUE_TOTAL, 4);      /* other spelling */
    say(&t, 3, 1, 13, BB_VALUE_CONGESTION, 5); /* … and back: not to the older entries */
    say(&t, 3, 1, 13, BB_VALUE_LOSS, 6);
    say(&t, 4, 9, 10, BB_VALUE_TOTAL, 7);
    send(&t, &k);
    assert_int_equal(k.n, 24 * 5);
    for (size_t i = 0; i < 24 * 5; i++) {
        const struct bb_row *row = &k.rows[i];
        unsigned first = row->present & 1 ? BB_VALUE_TOTAL : BB_VALUE_CONGESTION;
        assert_int_equal(row->place, wanted[i % 5].place);
        assert_int_equal(row->slice, wanted[i % 5].slice);
        assert_int_equal(row->present, wanted[i % 5].present);
        assert_true(row->value[first] == wanted[i % 5].first + (double)(i / 5));
    }
    end(&t, &budget);
}

/* Hours without a value make no row. */
static void gaps(void **unused)
{
    static struct kept k;
    struct bb_day_table t;
    struct bb_budget budget;
    struct bb_day_line line;
    (void)unused;
    init(&t, &budget, 1 << 20);
    assert_int_equal(bb_day_table_line(&t, 0, 0, 1, BB_VALUE_TOTAL, &line), BB_DAY_KEPT);
    line.cells[3][0] = 5;
    *line.hours = 1u << 3;
    assert_int_equal(bb_day_table_line(&t, 0, 0, 1, BB_VALUE_LOSS, &line), BB_DAY_KEPT);
    line.cells[23][0] = -5;
    *line.hours = 1u << 23;
    assert_int_equal(bb_day_table_line(&t, 1, 1, 1, BB_VALUE_LOSS, &line), BB_DAY_KEPT); /* all cells empty */
    send(&t, &k);
    assert_int_equal(k.n, 2);
    assert_int_equal(k.rows[0].start_utc_s, 3000);
    assert_int_equal(k.rows[0].present, 1 << BB_VALUE_TOTAL);
    assert_true(k.rows[0].value[BB_VALUE_TOTAL] == 5 && k.rows[0].value[BB_VALUE_LOSS] == 0);
    assert_int_equal(k.rows[1].start_utc_s, 23000);
    assert_true(k.rows[1].value[BB_VALUE_LOSS] == -5 && k.rows[1].value[BB_VALUE_TOTAL] == 0);
    end(&t, &budget);
}

/* Within its bound: who is in stays, others are turned away, and who is in and wants another entry has the table sent. */
static void no_room(void **unused)
{
    struct bb_day_table t;
    struct bb_budget budget;
    struct bb_day_line line;
    uint32_t n = 0;
    (void)unused;
    init(&t, &budget, 100000);
    while (bb_day_table_line(&t, n, n, 1, BB_VALUE_TOTAL, &line) == BB_DAY_KEPT) n++;
    assert_true(n >= 100 && n <= 100000 / 576); /* 3 × 24 doubles each */
    for (int v = 1; v < 3; v++) assert_int_equal(bb_day_table_line(&t, n - 1, n - 1, 1, v, &line), BB_DAY_KEPT);
    assert_true(budget.used_nbytes <= 100000 + 4096);
    assert_int_equal(bb_day_table_line(&t, n, n, 1, BB_VALUE_TOTAL, &line), BB_DAY_NO_ROOM);
    assert_int_equal(bb_day_table_line(&t, UINT32_MAX, 0, 1, BB_VALUE_TOTAL, &line), BB_DAY_NO_ROOM);
    assert_int_equal(bb_day_table_line(&t, 5, 5, 1, BB_VALUE_TOTAL, &line), BB_DAY_SEND);
    bb_day_table_clear(&t);
    assert_int_equal(bb_day_table_line(&t, 5, 5, 1, BB_VALUE_TOTAL, &line), BB_DAY_KEPT);
    end(&t, &budget);
    init(&t, &budget, 0);
    assert_int_equal(bb_day_table_line(&t, 0, 0, 1, BB_VALUE_TOTAL, &line), BB_DAY_NO_ROOM);
    end(&t, &budget);
    for (long k = 1; k <= 3; k++) { /* no memory for any of its arrays */
        init(&t, &budget, 1 << 20);
        bb_mem_fail_countdown = k;
        assert_int_equal(bb_day_table_line(&t, 0, 0, 1, BB_VALUE_TOTAL, &line), BB_DAY_NO_ROOM);
        assert_int_equal(bb_day_table_line(&t, 0, 0, 1, BB_VALUE_TOTAL, &line), BB_DAY_KEPT);
        end(&t, &budget);
    }
}

/* ---- through the reader ---- */

#define HEAD                                                                                                       \
    "Title\n01/02/2024\n\n,,,All Hours-Ending are Eastern Standard Time (EST)\nNode,Type,Value,HE 1,HE 2,HE 3,HE " \
    "4,HE 5,HE 6,HE 7,HE 8,HE 9,HE 10,HE 11,HE 12,HE 13,HE 14,HE 15,HE 16,HE 17,HE 18,HE 19,HE 20,HE 21,HE "       \
    "22,HE 23,HE 24\n"
#define N_NODES 40

/* Lines about N_NODES locations, as generated or in an order of their own; every sixth line is said again with other values. */
static size_t make_file(char *text, size_t cap, int shuffled)
{
    static const char *const words[] = { "LMP", "MCC", "MLC" };
    static const char *const types[] = { "Gennode", "Loadzone" };
    size_t n = (size_t)snprintf(text, cap, "%s", HEAD);
    unsigned seed = 7;
    for (int i = 0; i < 3 * N_NODES * 7 / 6; i++) {
        int k = shuffled ? (i * 53) % (3 * N_NODES) : i % (3 * N_NODES);
        n += (size_t)snprintf(text + n, cap - n, "N%d,%s,%s", k % N_NODES, types[i % 11 == 0], words[k / N_NODES]);
        for (int h = 0; h < 24; h++) {
            seed = seed * 1103515245u + 12345u;
            n += (size_t)(seed >> 16 & 15 ? snprintf(text + n, cap - n, ",%d.%02d", (int)(seed >> 20 & 63) - 20,
                                                     (int)(seed >> 8 & 63))
                                          : snprintf(text + n, cap - n, ","));
        }
        n += (size_t)snprintf(text + n, cap - n, "\n");
    }
    return n;
}

/* Per identity, hour and component: the value that was said last, and how often there was one. That is all that the sort looks at within one
 * slice. */
struct summary {
    double last[N_NODES][24][BB_N_VALUES];
    int said[N_NODES][24][BB_N_VALUES];
};

static void sum_up(const struct market_case *c, struct summary *s)
{
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < c->n_rows; i++) {
        const struct bb_row *row = &c->rows[i];
        int node = atoi(bb_places_at(c->places, row->place)->identity.p + 1);
        uint32_t h = (row->start_utc_s - 1704171600u) / 3600; /* 2024-01-02 05:00 UTC */
        assert_true(h < 24 && node < N_NODES);
        for (int v = 0; v < BB_N_VALUES; v++) {
            if (!(row->present >> v & 1)) continue;
            s->last[node][h][v] = row->value[v];
            s->said[node][h][v]++;
        }
    }
}

static void blocks_change_nothing(void **unused)
{
    static char text[1 << 16];
    static struct summary one_by_one, joined;
    struct market_case c;
    (void)unused;
    for (int shuffled = 0; shuffled < 2; shuffled++) {
        size_t n = make_file(text, sizeof text, shuffled), n_values;
        /* as the operator's bundle is read: each block by itself, here each line */
        static char bundle[1 << 17];
        size_t m = 0;
        char *line = strstr(text, "Node,");
        for (char *next; *line; line = next) {
            next = strchr(line, '\n') + 1;
            m += (size_t)snprintf(bundle + m, sizeof bundle - m, "%s,%.*s", m ? "01/02/2024" : "MARKET_DAY",
                                  (int)(next - line), line);
        }
        case_detect(&c, "2024_Jan-Mar_DA_LMPs.csv", bundle);
        if (c.status != BB_OK) fail_msg("%s", c.err.text);
        case_read_n(&c, bundle, m, 10, 0);
        n_values = c.counts.rows;
        assert_int_equal(c.n_rows, n_values); /* nothing was joined */
        sum_up(&c, &one_by_one);
        case_end(&c);
        for (size_t block = 0; block < 9000; block += 1777) {
            case_detect(&c, "20240102_da_expost_lmp.csv", text);
            if (c.status != BB_OK) fail_msg("%s", c.err.text);
            case_read_n(&c, text, n, block, 0);
            assert_int_equal(c.n_rejects, 0);
            assert_int_equal(c.counts.rows, n_values);
            assert_int_equal(c.counts.min_utc_s, 1704171600);
            assert_int_equal(c.counts.max_utc_s, 1704171600 + 23 * 3600);
            assert_true(c.n_rows < n_values / 4 * 3); /* in any number of blocks */
            sum_up(&c, &joined);
            assert_memory_equal(&joined, &one_by_one, sizeof joined);
            case_end(&c);
        }
    }
}

/* A file that is given up in its middle leaves nothing to the next one that the worker reads. */
static void file_given_up(void **unused)
{
    static char room[64 + (1 << 12) + 64];
    struct market_case c;
    struct bb_worker *worker;
    struct bb_row rows[48];
    struct bb_row_batch batch = { rows, 0, 48, case_flush, &c };
    char *text = room + 64;
    size_t n = (size_t)snprintf(text, 1 << 12, "%s%s", HEAD,
                                "A,Hub,LMP,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24\n");
    (void)unused;
    case_detect(&c, "20240102_da_expost_lmp.csv", text);
    assert_int_equal(c.status, BB_OK);
    assert_true(c.detection.sequential);
    c.places = bb_places_new(&c.budget);
    assert_int_equal(bb_zone_open("Etc/GMT+5", NULL, &c.budget, &c.zone, &c.err), BB_OK);
    worker = bb_worker_new(&c.budget);
    for (int last = 0; last < 2; last++) {
        struct bb_block block = {
            .text = text, .n = n, .first_line = 1, .slice = 1, .is_first = 1, .is_last = last
        };
        struct bb_block_counts counts;
        struct bb_reader *reader;
        assert_int_equal(bb_reader_new(&c.detection, &c.detection.datasets[0], &c.evidence, c.zone, c.places,
                                       &c.budget, &reader, &c.err),
                         BB_OK);
        assert_int_equal(bb_reader_block(reader, worker, &block, &batch, &counts, &c.err), BB_OK);
        assert_int_equal(counts.rows, 24);
        assert_int_equal(batch.n, last ? 24 : 0);
        bb_reader_free(reader);
    }
    bb_worker_free(worker);
    case_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections), cmocka_unit_test(order_of_one_identity), cmocka_unit_test(gaps),
        cmocka_unit_test(no_room),  cmocka_unit_test(blocks_change_nothing), cmocka_unit_test(file_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
