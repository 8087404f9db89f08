/* Archives of many members: listed in pieces by several threads, looked at meanwhile, small inner archives kept until they are read. What a
 * list must hold is written down while the archive is put together. */
#include "io/leaf_list.h"

#include <fcntl.h>
#include <unistd.h>

#include "zip_case.h"

#define N_MEMBERS 200

static struct bb_budget budget;
static char path[1000];

static int setup(void **state)
{
    const char *base = getenv("TMPDIR");
    int fd;
    (void)state;
    bb_budget_init(&budget, (size_t)64 << 20, 0);
    snprintf(path, sizeof path, "%s/test_leaf_pieces.XXXXXX", base ? base : P_tmpdir);
    fd = mkstemp(path);
    if (fd >= 0) close(fd);
    return fd < 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return budget.used_nbytes == 0 ? 0 : -1; /* everything was given back */
}

static void write_zip(struct zip *z)
{
    struct bytes all = zip_end(z, 0, "");
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(all.p, 1, all.n, f), all.n);
    fclose(f);
    free(all.p);
}

/* What was put into the archive, in its order. */
struct want {
    char member[64];
    struct bytes content;
    const char *damage; /* told when it is read; NULL: none */
};
struct wants {
    struct want leaves[2 * N_MEMBERS];
    size_t n;
    char problems[8][64];
    const char *texts[8];
    size_t n_problems;
};

static void wants_free(struct wants *w)
{
    for (size_t i = 0; i < w->n; i++) free(w->leaves[i].content.p);
    free(w);
}

static void want_leaf(struct wants *w, const char *member, struct bytes content, const char *damage)
{
    struct want *l = &w->leaves[w->n++];
    snprintf(l->member, sizeof l->member, "%s", member);
    l->content = content;
    l->damage = damage;
}

static void want_problem(struct wants *w, const char *member, const char *text)
{
    snprintf(w->problems[w->n_problems], sizeof w->problems[0], "%s", member);
    w->texts[w->n_problems++] = text;
}

/* A zip of zips with all that can be wrong with one of them, plain members, and one that is too large to be read with its neighbours; data
 * before the archive. */
static struct wants *make_archive(void)
{
    struct wants *w = calloc(1, sizeof *w);
    struct zip z = { 0 };
    put(&z.all, "PK\3\4", 4); /* what a zip is known by */
    put_le(&z.all, 0, 996);
    z.shift = 1000;
    for (unsigned i = 0; i < N_MEMBERS; i++) {
        struct zip in = { 0 };
        struct bytes one = table(i == 70 ? 40000 : 100 + i, i), two = table(50, i + 1000), inner;
        char name[32], member[64];
        snprintf(name, sizeof name, "%03u.zip", i);
        if (i % 20 == 3) { /* no zip, whatever its name says */
            zip_add(&z, name, one.p, one.n, i == 70 ? 0 : 8, 0);
            want_leaf(w, name, one, NULL);
            free(two.p);
            continue;
        }
        zip_add(&in, "a.csv", one.p, one.n, 8, i == 50 ? WRONG_CRC : 0);
        if (i % 3 == 0) zip_add(&in, "b.csv", two.p, two.n, 8, 0);
        inner = zip_end(&in, 0, "");
        if (i == 90) inner.n -= 30; /* cut, and packed so */
        zip_add(&z, name, inner.p, inner.n, i % 7 == 0 ? 0 : 8,
                (i == 37 ? WRONG_CRC : 0) | (i == 60 ? ENCRYPTED : 0));
        free(inner.p);
        if (i == 37) want_problem(w, name, "the content's CRC is");
        if (i == 60) want_problem(w, name, "the member is encrypted");
        if (i == 90) want_problem(w, name, "it was cut");
        if (i == 37 || i == 60 || i == 90) {
            free(one.p);
            free(two.p);
            continue;
        }
        snprintf(member, sizeof member, "%s/a.csv", name);
        want_leaf(w, member, one, i == 50 ? "the content's CRC is" : NULL);
        snprintf(member, sizeof member, "%s/b.csv", name);
        if (i % 3 == 0)
            want_leaf(w, member, two, NULL);
        else
            free(two.p);
    }
    write_zip(&z);
    return w;
}

static enum bb_status read_all(const struct bb_leaf *leaf, struct bytes *content, struct bb_error *err)
{
    struct bb_stream *stream;
    char block[5000];
    size_t n;
    enum bb_status status = bb_stream_open(leaf, &budget, &stream, err);
    *content = (struct bytes){ 0 };
    if (status != BB_OK) return status;
    while ((status = bb_stream_read(stream, block, sizeof block, &n, err)) == BB_OK) put(content, block, n);
    bb_stream_close(stream);
    return status;
}

static void expect_content(const struct bb_leaf *leaf, const struct want *want)
{
    struct bb_error err = { 0 };
    struct bytes got;
    enum bb_status status = read_all(leaf, &got, &err);
    if (status != (want->damage ? BB_SKIP : BB_EOF)) fail_msg("%s: %d %s", want->member, (int)status, err.text);
    if (want->damage && !strstr(err.text, want->damage))
        fail_msg("\"%s\" is not in \"%s\"", want->damage, err.text);
    assert_true(want->damage || got.n == want->content.n);
    assert_memory_equal(got.p, want->content.p, got.n);
    free(got.p);
}

static void expect_list(const struct bb_leaf_list *list, const struct wants *w)
{
    assert_int_equal(bb_leaf_count(list), w->n);
    for (size_t i = 0; i < w->n; i++) {
        const struct bb_leaf *leaf = bb_leaf_at(list, i);
        assert_int_equal(leaf->member.n, strlen(w->leaves[i].member));
        assert_memory_equal(leaf->member.p, w->leaves[i].member, leaf->member.n);
        assert_int_equal(leaf->gone, 0);
    }
    assert_int_equal(bb_leaf_problem_count(list), w->n_problems);
    for (size_t i = 0; i < w->n_problems; i++) {
        const struct bb_leaf_problem *p = bb_leaf_problem_at(list, i);
        assert_memory_equal(p->member.p, w->problems[i], strlen(w->problems[i]));
        if (!strstr(p->error.text, w->texts[i])) fail_msg("\"%s\" is not in \"%s\"", w->texts[i], p->error.text);
    }
}

/* Reads the beginning, as who wants to know what a leaf is does. */
static void look(void *ctx, struct bb_leaf *leaf, struct bb_str known)
{
    struct bb_stream *stream;
    struct bb_error err;
    char head[BB_LEAF_HEAD_NBYTES];
    size_t n;
    (void)ctx;
    if (bb_stream_open_to_look(leaf, &budget, &stream, &err) != BB_OK) return;
    if (bb_stream_read(stream, head, sizeof head, &n, &err) == BB_OK && memcmp(head, "01/01/2024", 10) == 0 &&
        (known.n == 0 ? n < sizeof head : n == known.n && memcmp(head, known.p, n) == 0))
        leaf->looked_at++;
    bb_stream_close(stream);
}

static struct bb_leaf_list *list_by(unsigned n_threads)
{
    const char *input = path;
    struct bb_pool *pool = n_threads ? bb_pool_new(&budget, n_threads) : NULL;
    const struct bb_listing listing = { .pool = pool, .look = look };
    struct bb_leaf_list *list;
    struct bb_error err;
    if (bb_leaf_list_with(&input, 1, &listing, NULL, &budget, &list, &err) != BB_OK) fail_msg("%s", err.text);
    bb_pool_free(pool);
    return list;
}

static void test_any_number_of_threads(void **state)
{
    static const unsigned n_threads[] = { 0, 1, 2, 5 };
    struct wants *w = make_archive();
    (void)state;
    for (unsigned t = 0; t < BB_ARRAY_LEN(n_threads); t++) {
        struct bb_leaf_list *list = list_by(n_threads[t]);
        expect_list(list, w);
        for (size_t i = 0; i < w->n; i++) {
            assert_int_equal(bb_leaf_at(list, i)->looked_at, 1);
            expect_content(bb_leaf_at(list, i), &w->leaves[i]);
        }
        bb_leaf_list_free(list);
    }
    wants_free(w);
}

static size_t kept(const struct bb_leaf_list *list)
{
    return bb_archive_set_kept_nbytes(bb_leaf_at(list, 0)->locator->archives);
}

/* Each inner archive is kept until its last member was read. */
static void test_kept_until_read(void **state)
{
    struct wants *w = make_archive();
    struct bb_leaf_list *list = list_by(2);
    size_t before = kept(list);
    (void)state;
    assert_true(before > 50000 && before <= budget.limit_nbytes / 8);
    /* the bytes count as free */
    assert_int_equal(bb_budget_left(&budget), budget.limit_nbytes - budget.used_nbytes + before);
    expect_content(bb_leaf_at(list, 0), &w->leaves[0]); /* of 000.zip, which is stored: nothing is kept of it */
    assert_int_equal(kept(list), before);
    for (size_t i = 0; i < w->n; i++)
        if (!w->leaves[i].damage) expect_content(bb_leaf_at(list, i), &w->leaves[i]);
    assert_true(kept(list) > 0 && kept(list) < 10000); /* 050.zip, of which the end was never reached */
    bb_leaf_list_free(list);
    wants_free(w);
}

/* Given up as soon as anything else needs the room, and unpacked again for who reads them all the same. */
static void test_given_up_when_short(void **state)
{
    struct wants *w = make_archive();
    struct bb_leaf_list *list = list_by(2);
    size_t before = kept(list), some = before / 2;
    void *rest = bb_alloc(&budget, bb_budget_left(&budget) - before - 4096), *more;
    (void)state;
    assert_non_null(rest);
    assert_int_equal(kept(list), before); /* that fitted beside them */
    more = bb_alloc(&budget, some);
    assert_non_null(more);
    assert_true(kept(list) < before - some / 2 && kept(list) > 0);
    bb_free(more);
    more = bb_alloc(&budget, before - before / 16);
    assert_non_null(more);
    assert_true(kept(list) < before / 4);
    bb_free(more);
    bb_free(rest);
    for (size_t i = 0; i < w->n; i++) expect_content(bb_leaf_at(list, i), &w->leaves[i]);
    bb_leaf_list_free(list);
    wants_free(w);
}

/* Held by a reader, they cannot be given up. */
static void test_not_while_read(void **state)
{
    struct wants *w = make_archive();
    struct bb_leaf_list *list = list_by(1);
    struct bb_stream *stream;
    struct bb_error err;
    char block[5000];
    struct bytes got = { 0 };
    size_t n, i = 1;
    void *all;
    (void)state;
    while (!strstr(w->leaves[i].member, "001.zip/a")) i++;
    assert_int_equal(bb_stream_open(bb_leaf_at(list, i), &budget, &stream, &err), BB_OK);
    all = bb_alloc(&budget, bb_budget_left(&budget) - 100000);
    assert_non_null(all);
    while (bb_stream_read(stream, block, sizeof block, &n, &err) == BB_OK) put(&got, block, n);
    assert_int_equal(got.n, w->leaves[i].content.n);
    assert_memory_equal(got.p, w->leaves[i].content.p, got.n);
    bb_stream_close(stream);
    bb_free(all);
    free(got.p);
    bb_leaf_list_free(list);
    wants_free(w);
}

/* More problems than are named: where the list ends must not depend on who was first. */
static void test_limit(void **state)
{
    struct zip z = { 0 };
    struct bytes text = table(10, 1);
    char name[32];
    (void)state;
    for (unsigned i = 0; i < 400; i++) {
        snprintf(name, sizeof name, "%03u.csv", i);
        zip_add(&z, name, text.p, text.n, 8, i % 4 ? ENCRYPTED : 0);
    }
    write_zip(&z);
    for (unsigned n_threads = 1; n_threads <= 4; n_threads++) {
        struct bb_leaf_list *list = list_by(n_threads);
        assert_int_equal(bb_leaf_count(list), 100);
        assert_int_equal(bb_leaf_problem_count(list), 201);
        for (unsigned i = 0; i < 100; i++) {
            snprintf(name, sizeof name, "%03u.csv", i * 4);
            assert_memory_equal(bb_leaf_at(list, i)->member.p, name, 7);
            assert_int_equal(bb_leaf_at(list, i)->looked_at, 1);
            assert_int_equal(bb_leaf_at(list, i)->gone, 0);
        }
        for (unsigned i = 0; i < 200; i++) {
            snprintf(name, sizeof name, "%03u.csv", i / 3 * 4 + i % 3 + 1);
            assert_memory_equal(bb_leaf_problem_at(list, i)->member.p, name, 7);
        }
        assert_non_null(strstr(bb_leaf_problem_at(list, 200)->error.text, "more than 200 members"));
        bb_leaf_list_free(list);
    }
    free(text.p);
}

static void test_nothing_but_folders(void **state)
{
    struct zip z = { 0 };
    char name[32];
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "%03u/", i);
        zip_add(&z, name, "", 0, 0, 0);
    }
    write_zip(&z);
    for (unsigned n_threads = 1; n_threads <= 2; n_threads++) {
        struct bb_leaf_list *list = list_by(n_threads);
        assert_int_equal(bb_leaf_count(list), 0);
        assert_int_equal(bb_leaf_problem_count(list), 1);
        assert_string_equal(bb_leaf_problem_at(list, 0)->error.text, "the archive holds no files");
        bb_leaf_list_free(list);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_any_number_of_threads), TEST(test_kept_until_read), TEST(test_given_up_when_short),
        TEST(test_not_while_read),        TEST(test_limit),           TEST(test_nothing_but_folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
