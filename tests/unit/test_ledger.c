/* The ledger: what was written is read again, the same sources give the same bytes in any order, one content named twice stands there once, and
 * what is damaged is refused. The JSON itself is judged by the words below, not by the reader. */
#include "lake/ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct bb_budget budget;
static struct bb_error err;

static struct bb_ledger_source source(const char *name, const char *member, const char *hash, uint32_t code)
{
    struct bb_ledger_source s = { .name = bb_str_of(name),
                                  .member = bb_str_of(member),
                                  .report = BB_STR("pjm.da_hrl_lmps"),
                                  .content_nbytes = 12345,
                                  .rows = 24,
                                  .publication_utc_s = 1709548200,
                                  .first_utc_s = 1704085200,
                                  .last_utc_s = 1704168000,
                                  .n_files = 1,
                                  .code = code };
    memset(s.hash, '0', 32);
    memcpy(s.hash + 32 - strlen(hash), hash, strlen(hash));
    bb_year_set_add(&s.years, 2024);
    return s;
}

static struct bb_ledger ledger_of(struct bb_ledger_source *sources, size_t n)
{
    return (struct bb_ledger){ .dataset = { BB_PJM, BB_DA, BB_ENERGY, 60 },
                               .half = BB_NODAL,
                               .year = 2024,
                               .rows = 100,
                               .duplicates = 3,
                               .revisions = 2,
                               .sources = sources,
                               .n_sources = n };
}

static void write_it(struct bb_ledger *l, struct bb_buf *out)
{
    bb_buf_init(out, &budget, (size_t)1 << 20);
    assert_true(bb_ledger_write(l, out));
}

struct heard {
    struct bb_ledger_source sources[8];
    char texts[8][256];
    struct bb_ledger_join joins[8];
    size_t n_sources, n_joins;
    enum bb_status answer;
};

static enum bb_status on_source(void *ctx, const struct bb_ledger_source *s, struct bb_error *e)
{
    struct heard *h = ctx;
    if (h->answer != BB_OK) return bb_fail(e, h->answer, "no more");
    if (h->n_sources == 8) return BB_OK;
    h->sources[h->n_sources] = *s;
    snprintf(h->texts[h->n_sources], sizeof h->texts[0], "%.*s|%.*s|%.*s", BB_STR_ARG(s->name),
             BB_STR_ARG(s->member), BB_STR_ARG(s->report));
    h->n_sources++;
    return BB_OK;
}

static enum bb_status on_join(void *ctx, const struct bb_ledger_join *j, struct bb_error *e)
{
    struct heard *h = ctx;
    (void)e;
    if (h->n_joins < 8) h->joins[h->n_joins++] = *j;
    return BB_OK;
}

static enum bb_status read_it(struct bb_str json, struct heard *h, struct bb_ledger *head)
{
    const struct bb_ledger_reading reading = { on_source, on_join, h };
    return bb_ledger_read(json, &reading, &budget, head, &err);
}

static void words(void **state)
{
    struct bb_ledger_source s[] = { source("b.zip", "x/y \"1\".csv", "ff", 0) };
    struct bb_ledger_join joins[] = { { 4, { 0, 1, 2, 3 } } };
    struct bb_ledger l = ledger_of(s, 1);
    struct bb_buf out;
    (void)state;
    s[0].joined = s[0].preliminary = s[0].derived = 1;
    bb_year_set_add(&s[0].years, 2023);
    l.joins = joins;
    l.n_joins = 1;
    write_it(&l, &out);
    assert_true(bb_buf_putc(&out, '\0'));
    assert_string_equal(
        out.p,
        "{\"busbar\":\"" BUSBAR_VERSION
        "\",\"iso\":\"PJM\",\"dataset\":\"da_energy_hourly_nodal\",\"year\":2024,\"rows\":100,\"duplicates\":3,"
        "\"revisions\":2,\"sources\":[{\"name\":\"b.zip\",\"member\":\"x/y "
        "\\\"1\\\".csv\",\"report\":\"pjm.da_hrl_lmps\",\"bytes\":12345,"
        "\"xxh3\":\"000000000000000000000000000000ff\",\"rows\":24,\"first\":\"2024-01-01T05:00:00Z\",\"last\":"
        "\"2024-01-02T04:00:00Z\","
        "\"published\":\"2024-03-04T10:30:00Z\",\"files\":1,\"years\":\"2023 "
        "2024\",\"code\":0,\"joined\":true,\"preliminary\":true,"
        "\"derived\":true}],\"joins\":[[4,0,1,2,3]]}");
    bb_buf_reset(&out);
}

static void there_and_back(void **state)
{
    struct bb_ledger_source s[] = { source("a.csv", "", "1", 2),
                                    source("b.zip", "m\xC3\xA9\n.csv", "2", UINT32_MAX),
                                    source("c.csv", "", "3", 0) };
    struct bb_ledger_join joins[] = { { 7, { 2, 0, 2, 0 } }, { 9, { 1, 1, 1, 2 } } };
    struct bb_ledger l = ledger_of(s, 3), head;
    struct heard h = { .n_sources = 0 };
    struct bb_buf out;
    (void)state;
    s[0].publication_utc_s = 0;
    bb_year_set_add(&s[2].years, 1969);
    bb_year_set_add(&s[2].years, 2106);
    s[1].preliminary = 1;
    l.joins = joins;
    l.n_joins = 2;
    write_it(&l, &out);
    assert_int_equal(read_it(bb_buf_str(&out), &h, &head), BB_OK);
    assert_int_equal(head.year, 2024);
    assert_int_equal(head.half, BB_NODAL);
    assert_int_equal(head.dataset.iso, BB_PJM);
    assert_int_equal(head.dataset.minutes, 60);
    assert_int_equal(head.rows, 100);
    assert_int_equal(head.duplicates, 3);
    assert_int_equal(head.revisions, 2);
    assert_int_equal(h.n_sources, 3);
    assert_string_equal(h.texts[0], "a.csv||pjm.da_hrl_lmps");
    assert_string_equal(h.texts[1], "b.zip|m\xC3\xA9\n.csv|pjm.da_hrl_lmps");
    assert_int_equal(h.sources[0].publication_utc_s, 0);
    assert_int_equal(h.sources[1].publication_utc_s, 1709548200);
    assert_int_equal(h.sources[0].first_utc_s, 1704085200);
    assert_int_equal(h.sources[0].last_utc_s, 1704168000);
    assert_int_equal(h.sources[0].content_nbytes, 12345);
    assert_int_equal(h.sources[0].code, 2);
    assert_int_equal(h.sources[1].code, UINT32_MAX);
    assert_true(h.sources[1].preliminary && !h.sources[1].joined && !h.sources[0].preliminary);
    assert_string_equal(h.sources[2].hash, "00000000000000000000000000000003");
    for (int year = 1960; year < 2120; year++) {
        assert_int_equal(bb_year_set_has(&h.sources[2].years, year), year == 1969 || year == 2024 || year == 2106);
        assert_false(bb_year_set_has(&h.sources[0].years, year)); /* the file's own year goes without saying */
    }
    assert_int_equal(h.n_joins, 2);
    assert_int_equal(h.joins[1].code, 9);
    assert_int_equal(h.joins[1].of[3], 2);
    bb_buf_reset(&out);
    assert_int_equal(budget.used_nbytes, 0);
}

static void any_order_gives_the_same_bytes(void **state)
{
    struct bb_buf first, other;
    (void)state;
    for (int turn = 0; turn < 24; turn++) {
        struct bb_ledger_source all[] = { source("a.csv", "", "1", 0), source("a.csv", "", "2", 1),
                                          source("a.zip", "x", "1", UINT32_MAX), source("a.zip", "y", "1", 3) };
        struct bb_ledger_source s[4];
        struct bb_ledger l = ledger_of(s, 4);
        int left[] = { 0, 1, 2, 3 }, code = turn;
        for (int i = 0; i < 4; i++) { /* the turn-th permutation */
            int k = code % (4 - i);
            code /= 4 - i;
            s[i] = all[left[k]];
            for (; k < 3; k++) left[k] = left[k + 1];
        }
        write_it(&l, turn ? &other : &first);
        if (turn == 0) continue;
        assert_true(bb_str_eq(bb_buf_str(&first), bb_buf_str(&other)));
        bb_buf_reset(&other);
    }
    bb_buf_reset(&first);
}

/* The same content twice: the one that rows name stays; if none is named, the later posting. */
static void twins(void **state)
{
    struct bb_ledger_source s[] = { source("a.csv", "", "1", UINT32_MAX), source("a.csv", "", "1", 5),
                                    source("b.csv", "", "1", UINT32_MAX), source("b.csv", "", "1", UINT32_MAX) };
    struct bb_ledger l = ledger_of(s, 4), head;
    struct heard h = { .n_sources = 0 };
    struct bb_buf out;
    (void)state;
    s[1].publication_utc_s = 1;
    s[2].publication_utc_s = 100;
    s[3].publication_utc_s = 200;
    write_it(&l, &out);
    assert_int_equal(read_it(bb_buf_str(&out), &h, &head), BB_OK);
    assert_int_equal(h.n_sources, 2);
    assert_int_equal(h.sources[0].code, 5);
    assert_int_equal(h.sources[1].publication_utc_s, 200);
    bb_buf_reset(&out);
}

static void no_room(void **state)
{
    struct bb_ledger_source s[] = { source("a.csv", "", "1", 0) };
    struct bb_ledger l = ledger_of(s, 1);
    struct bb_buf out;
    (void)state;
    bb_buf_init(&out, &budget, 40);
    assert_false(bb_ledger_write(&l, &out));
    bb_buf_reset(&out);
}

static void the_listener_may_stop(void **state)
{
    struct bb_ledger_source s[] = { source("a.csv", "", "1", 0) };
    struct bb_ledger l = ledger_of(s, 1), head;
    struct heard h = { .answer = BB_BUDGET };
    struct bb_buf out;
    (void)state;
    write_it(&l, &out);
    assert_int_equal(read_it(bb_buf_str(&out), &h, &head), BB_BUDGET);
    bb_buf_reset(&out);
    assert_int_equal(budget.used_nbytes, 0);
}

static void damaged(void **state)
{
    static const char *const texts[] = {
        "",
        "x",
        "[]",
        "{}",
        "{\"iso\":\"PJM\"}",
        "{\"iso\":\"PJM\",\"dataset\":\"da_energy_hourly_nodal\"}",
        "{\"iso\":\"XXX\",\"dataset\":\"da_energy_hourly_nodal\",\"year\":2024}",
        "{\"iso\":\"PJM\",\"dataset\":\"da_energy_hourly_nodal\",\"year\":2024",
        "{\"iso\":\"PJM\",\"dataset\":\"da_energy_hourly_nodal\",\"year\":2024,\"sources\":{}}",
        "{\"iso\":\"PJM\",\"dataset\":\"da_energy_hourly_nodal\",\"year\":2024,\"sources\":[1]}",
        "{\"iso\":\"PJM\",\"dataset\":\"da_energy_hourly_nodal\",\"year\":2024,\"sources\":[{\"name\":[]}]}",
        "{\"iso\":\"PJM\",\"dataset\":\"da_energy_hourly_nodal\",\"year\":2024,\"sources\":[{\"name\":}]}",
        "{\"iso\":\"PJM\",\"dataset\":\"da_energy_hourly_nodal\",\"year\":2024,\"joins\":[[1,2]]}",
        "{\"iso\":\"PJM\",\"dataset\":\"da_energy_hourly_nodal\",\"year\":2024,\"joins\":[[1,2,3,4,5,6]]}",
        "{\"iso\":\"PJM\",\"dataset\":\"da_energy_hourly_nodal\",\"year\":2024,\"joins\":[[1,2,3,4,\"5\"]]}",
    };
    struct bb_ledger head;
    (void)state;
    for (size_t i = 0; i < BB_ARRAY_LEN(texts); i++) {
        struct heard h = { .n_sources = 0 };
        assert_int_equal(read_it(bb_str_of(texts[i]), &h, &head), BB_SKIP);
    }
    assert_int_equal(budget.used_nbytes, 0);
}

/* Every cut and every changed byte of a sound ledger: an answer, no step outside, nothing kept. */
static void cut_and_changed(void **state)
{
    struct bb_ledger_source s[] = { source("a.zip", "m\"1\".csv", "1", 0), source("b.csv", "", "2", 1) };
    struct bb_ledger_join joins[] = { { 2, { 0, 1, 0, 1 } } };
    struct bb_ledger l = ledger_of(s, 2), head;
    struct bb_buf out;
    (void)state;
    l.joins = joins;
    l.n_joins = 1;
    write_it(&l, &out);
    for (size_t n = 0; n < out.n; n++) {
        struct heard h = { .n_sources = 0 };
        char *copy = malloc(n + 1);
        memcpy(copy, out.p, n);
        assert_int_equal(read_it((struct bb_str){ copy, n }, &h, &head), BB_SKIP);
        free(copy);
    }
    for (size_t at = 0; at < out.n; at++)
        for (int bit = 0; bit < 8; bit++) {
            struct heard h = { .n_sources = 0 };
            enum bb_status status;
            out.p[at] ^= (char)(1 << bit);
            status = read_it(bb_buf_str(&out), &h, &head);
            assert_true(status == BB_OK || status == BB_SKIP);
            out.p[at] ^= (char)(1 << bit);
        }
    bb_buf_reset(&out);
    assert_int_equal(budget.used_nbytes, 0);
}

/* A source whose texts are longer than any of busbar's. */
static void endless_name(void **state)
{
    struct bb_buf json;
    struct bb_ledger head;
    struct heard h = { .n_sources = 0 };
    (void)state;
    bb_buf_init(&json, &budget, (size_t)1 << 20);
    assert_true(bb_buf_puts(
        &json, "{\"iso\":\"PJM\",\"dataset\":\"da_energy_hourly_nodal\",\"year\":2024,\"sources\":[{\"name\":\""));
    for (int i = 0; i < 100000; i++) assert_true(bb_buf_putc(&json, 'x'));
    assert_true(bb_buf_puts(&json, "\"}]}"));
    assert_int_equal(read_it(bb_buf_str(&json), &h, &head), BB_SKIP);
    bb_buf_reset(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(any_order_gives_the_same_bytes),
        cmocka_unit_test(twins),
        cmocka_unit_test(no_room),
        cmocka_unit_test(the_listener_may_stop),
        cmocka_unit_test(damaged),
        cmocka_unit_test(cut_and_changed),
        cmocka_unit_test(endless_name),
    };
    bb_budget_init(&budget, (size_t)16 << 20, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
