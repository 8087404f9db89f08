/* Leaves and streams, over archives that are put together byte by byte (zip_case.h), and over real ones when they are at hand. */
#include "io/source.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "zip_case.h"

/* ---- looking at lists ---- */

static struct bb_budget budget;

static int setup(void **state)
{
    (void)state;
    bb_budget_init(&budget, (size_t)64 << 20, 0);
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    return budget.used_nbytes == 0 ? 0 : -1; /* everything was given back */
}

static struct bb_leaf_list *list_of(const struct bytes *b, const char *name)
{
    struct bb_leaf_list *list;
    struct bb_error err;
    if (bb_leaf_list_of_bytes(name, b->p, b->n, NULL, &budget, &list, &err) != BB_OK) fail_msg("%s", err.text);
    return list;
}

/* Reads a leaf in steps of step bytes; *content has what came before the end or the failure. */
static enum bb_status read_leaf(const struct bb_leaf *leaf, size_t step, struct bytes *content,
                                struct bb_error *err)
{
    struct bb_stream *stream;
    char *block = malloc(step);
    size_t n, again;
    enum bb_status status = bb_stream_open(leaf, &budget, &stream, err);
    *content = (struct bytes){ 0 };
    if (status == BB_OK) {
        while ((status = bb_stream_read(stream, block, step, &n, err)) == BB_OK) {
            assert_true(n > 0 && n <= step);
            put(content, block, n);
        }
        assert_int_equal(n, 0);
        assert_int_equal(bb_stream_read(stream, block, step, &again, NULL), status);
        assert_true(bb_stream_stored_position(stream) <= leaf->stored_size);
        bb_stream_close(stream);
    }
    free(block);
    return status;
}

static void expect_leaf(const struct bb_leaf_list *list, size_t i, const char *member, const char *name,
                        const struct bytes *want)
{
    static const size_t steps[] = { 1 << 20, 4099, 65536, 77 };
    const struct bb_leaf *leaf = bb_leaf_at(list, i);
    struct bb_error err = { 0 };
    assert_int_equal(leaf->member.n, strlen(member));
    assert_memory_equal(leaf->member.p, member, leaf->member.n);
    assert_int_equal(leaf->name.n, strlen(name));
    assert_memory_equal(leaf->name.p, name, leaf->name.n);
    for (unsigned s = 0; s < BB_ARRAY_LEN(steps); s++) {
        struct bytes got;
        if (read_leaf(leaf, steps[s], &got, &err) != BB_EOF) fail_msg("%s: %s", member, err.text);
        assert_int_equal(got.n, want->n);
        if (want->n > 0) assert_memory_equal(got.p, want->p, want->n);
        free(got.p);
    }
}

static void expect_damaged(const struct bb_leaf_list *list, size_t i, size_t min_n, const char *text)
{
    struct bb_error err = { 0 };
    struct bytes got;
    assert_int_equal(read_leaf(bb_leaf_at(list, i), 4096, &got, &err), BB_SKIP);
    if (!strstr(err.text, text)) fail_msg("\"%s\" is not in \"%s\"", text, err.text);
    assert_true(got.n >= min_n);
    free(got.p);
}

static void expect_problem(const struct bb_leaf_list *list, size_t i, const char *member, const char *text)
{
    const struct bb_leaf_problem *p;
    assert_true(i < bb_leaf_problem_count(list));
    p = bb_leaf_problem_at(list, i);
    if (!strstr(p->error.text, text)) fail_msg("\"%s\" is not in \"%s\"", text, p->error.text);
    assert_int_equal(p->error.status, BB_SKIP);
    assert_int_equal(p->member.n, strlen(member));
    assert_memory_equal(p->member.p, member, p->member.n);
}

/* ---- tests ---- */

static void test_every_form_of_member(void **state)
{
    static const struct {
        unsigned method, how;
    } forms[] = {
        { 0, 0 },
        { 8, 0 },
        { 93, 0 },
        { 8, DESCRIPTOR },
        { 0, DESCRIPTOR },
        { 8, DESCRIPTOR | ZIP64 },
        { 8, ZIP64 },
        { 8, LOCAL_EXTRA },
        { 93, DESCRIPTOR | LOCAL_EXTRA },
        { 8, BROKEN_LOCAL },
        { 8, BROKEN_LOCAL | DESCRIPTOR },
        { 0, BROKEN_LOCAL },
        { 8, BROKEN_LOCAL | LOCAL_EXTRA },
        { 8, BROKEN_LOCAL | LOCAL_EXTRA | DESCRIPTOR | ZIP64 },
        { 0, BROKEN_LOCAL | LOCAL_EXTRA | DESCRIPTOR },
        { 93, BROKEN_LOCAL },
    };
    struct bytes want = table(20000, 7), small = table(3, 1);
    (void)state;
    for (unsigned shift = 0; shift < 2; shift++) {
        for (unsigned zip64 = 0; zip64 < 2; zip64++) {
            struct zip z = { 0 };
            struct bytes all;
            struct bb_leaf_list *list;
            char name[30];
            put(&z.all, "#!/bin/sh\n", shift ? 10 : 0);
            z.shift = z.all.n;
            for (unsigned i = 0; i < BB_ARRAY_LEN(forms); i++) {
                sprintf(name, "day/f%u.csv", i);
                zip_add(&z, name, want.p, want.n, forms[i].method, forms[i].how);
                zip_add(&z, "small.csv", small.p, small.n, 8, 0);
            }
            all = zip_end(&z, (int)zip64, zip64 ? "a comment that says PK\5\6 and more text of some length" : "");
            if (shift) { /* self-extracting: begins as something else, so it is one leaf */
                list = list_of(&all, "x.sh");
                assert_int_equal(bb_leaf_count(list), 1);
                bb_leaf_list_free(list);
                memcpy(all.p, "PK\3\4", 4); /* but the offsets of such an archive are found when it is walked */
            }
            list = list_of(&all, "x.zip");
            if (bb_leaf_problem_count(list) > 0) fail_msg("%s", bb_leaf_problem_at(list, 0)->error.text);
            assert_int_equal(bb_leaf_count(list), 2 * BB_ARRAY_LEN(forms));
            for (unsigned i = 0; i < BB_ARRAY_LEN(forms); i++) {
                sprintf(name, "day/f%u.csv", i);
                expect_leaf(list, 2 * i, name, name + 4, &want);
                expect_leaf(list, 2 * i + 1, "small.csv", "small.csv", &small);
                assert_int_equal(bb_leaf_at(list, 2 * i)->size, want.n);
                assert_int_equal(bb_leaf_at(list, 2 * i)->member_time_s,
                                 1711129294); /* date -ud 2024-03-22T17:41:34 +%s */
            }
            bb_leaf_list_free(list);
            free(all.p);
        }
    }
    free(want.p);
    free(small.p);
}

static void test_damage_is_told(void **state)
{
    struct bytes want = table(20000, 3), all, cut;
    struct bb_leaf_list *list;
    struct zip z = { 0 };
    (void)state;
    zip_add(&z, "crc.csv", want.p, want.n, 8, WRONG_CRC);
    zip_add(&z, "stored.csv", want.p, want.n, 0, WRONG_CRC);
    zip_add(&z, "secret.csv", want.p, want.n, 8, ENCRYPTED);
    zip_add(&z, "bz.csv", want.p, want.n, 12, 0);
    zip_add(&z, "more.csv", want.p, want.n, 8, SIZE_TOO_SMALL);
    zip_add(&z, "good.csv", want.p, want.n, 8, 0);
    all = zip_end(&z, 0, "");
    list = list_of(&all, "x.zip");
    assert_int_equal(bb_leaf_count(list), 4);
    assert_int_equal(bb_leaf_problem_count(list), 2);
    expect_damaged(list, 0, want.n, "CRC");
    expect_damaged(list, 1, want.n, "CRC");
    expect_damaged(list, 2, want.n - 1, "holds more than");
    expect_leaf(list, 3, "good.csv", "good.csv", &want);
    expect_problem(list, 0, "secret.csv", "encrypted");
    expect_problem(list, 1, "bz.csv", "method 12");
    bb_leaf_list_free(list);

    cut = (struct bytes){ .p = all.p, .n = all.n - 30 };
    list = list_of(&cut, "x.zip");
    assert_int_equal(bb_leaf_count(list), 0);
    expect_problem(list, 0, "", "was cut");
    bb_leaf_list_free(list);

    memset(all.p + 40, 0xff, 2000); /* in the first member's data */
    list = list_of(&all, "x.zip");
    expect_damaged(list, 0, 0, "damaged");
    bb_leaf_list_free(list);
    free(all.p);
    free(want.p);
}

static void test_names_only_show(void **state)
{
    struct bytes want = table(5, 3), all;
    struct bb_leaf_list *list;
    struct zip z = { 0 };
    (void)state;
    zip_add(&z, "../../etc/x.csv", want.p, want.n, 8, 0);
    zip_add(&z, "/abs.csv", want.p, want.n, 8, 0);
    zip_add(&z, "a\x1b[31mred\x7f.csv", want.p, want.n, 8, 0);
    zip_add(&z, "dos\\y.csv", want.p, want.n, 8, 0);
    zip_add(&z, "folder/", NULL, 0, 0, 0);
    zip_add(&z, "__MACOSX/._x.csv", want.p, want.n, 8, 0);
    zip_add(&z, "\x81.csv", want.p, want.n, 8, 0);
    zip_add(&z, "none.csv", "", 0, 0, 0);
    zip_add(&z, "", want.p, want.n, 8, 0);
    all = zip_end(&z, 0, "");
    list = list_of(&all, "x.zip");
    assert_int_equal(bb_leaf_problem_count(list), 0);
    assert_int_equal(bb_leaf_count(list), 7);
    expect_leaf(list, 0, "../../etc/x.csv", "x.csv", &want);
    expect_leaf(list, 1, "/abs.csv", "abs.csv", &want);
    expect_leaf(list, 2, "a?[31mred?.csv", "a?[31mred?.csv", &want);
    expect_leaf(list, 3, "dos/y.csv", "y.csv", &want);
    expect_leaf(list, 4, "\x81.csv", "\x81.csv", &want);
    expect_leaf(list, 5, "none.csv", "none.csv", &(struct bytes){ 0 });
    expect_leaf(list, 6, "(no name)", "(no name)", &want);
    bb_leaf_list_free(list);
    free(all.p);
    free(want.p);
}

static void test_gzip_and_zstd(void **state)
{
    struct bytes want = table(30000, 9), rest = table(1000, 4), both = { 0 }, gz, gz2, all = { 0 }, z;
    struct bb_leaf_list *list;
    (void)state;
    put(&both, want.p, want.n);
    put(&both, rest.p, rest.n);
    gz = deflated(want.p, want.n, 31);
    gz2 = deflated(rest.p, rest.n, 31);
    /* the first member with every optional header field */
    put(&all,
        "\x1f\x8b\x08\x1e\0\0\0\0\0\3"
        "\5\0extra"
        "name\0comment\0"
        "ab",
        10 + 7 + 5 + 8 + 2);
    put(&all, gz.p + 10, gz.n - 10);
    put(&all, gz2.p, gz2.n);
    list = list_of(&all, "d/prices.CSV.GZ");
    assert_int_equal(bb_leaf_count(list), 1);
    expect_leaf(list, 0, "", "prices.CSV", &both);
    assert_int_equal(bb_leaf_at(list, 0)->size, 0);
    assert_int_equal(bb_leaf_at(list, 0)->stored_size, all.n);
    bb_leaf_list_free(list);

    put(&all, "\0\0\0\0\0", 5); /* padding is fine */
    list = list_of(&all, "x");
    expect_leaf(list, 0, "", "x", &both);
    bb_leaf_list_free(list);
    put(&all, "?", 1);
    list = list_of(&all, "x.gz");
    expect_damaged(list, 0, both.n, "other bytes follow");
    bb_leaf_list_free(list);

    for (size_t n = gz.n - 9; n < gz.n; n += 4) {
        struct bytes cut = { .p = gz.p, .n = n };
        list = list_of(&cut, "x.csv.gz");
        expect_damaged(list, 0, want.n - 1000, "end early");
        bb_leaf_list_free(list);
    }
    gz.p[gz.n - 6] ^= 1; /* CRC */
    list = list_of(&gz, "x.csv.gz");
    expect_damaged(list, 0, want.n, "checksum");
    bb_leaf_list_free(list);
    gz.p[gz.n - 6] ^= 1;
    gz.p[gz.n - 2] ^= 1; /* size */
    list = list_of(&gz, "x.csv.gz");
    expect_damaged(list, 0, want.n, "checksum");
    bb_leaf_list_free(list);

    z.p = malloc(ZSTD_compressBound(both.n) * 2);
    z.n = ZSTD_compress(z.p, ZSTD_compressBound(want.n), want.p, want.n, 3);
    z.n += ZSTD_compress(z.p + z.n, ZSTD_compressBound(rest.n), rest.p, rest.n, 3);
    list = list_of(&z, "x.csv.zst");
    expect_leaf(list, 0, "", "x.csv", &both);
    bb_leaf_list_free(list);
    z.n -= 3;
    list = list_of(&z, "x.csv.zst");
    expect_damaged(list, 0, want.n, "end early");
    bb_leaf_list_free(list);
    free(z.p);
    free(gz.p);
    free(gz2.p);
    free(all.p);
    free(want.p);
    free(rest.p);
    free(both.p);
}

static void test_archives_in_archives(void **state)
{
    struct bytes want = table(4000, 5), big = table(400000, 6), gz = deflated(want.p, want.n, 31), inner, large,
                 all, wrapped;
    struct bb_leaf_list *list;
    struct zip a = { 0 }, b = { 0 }, c = { 0 };
    (void)state;
    zip_add(&a, "one.csv", want.p, want.n, 8, 0);
    zip_add(&a, "two.csv.gz", gz.p, gz.n, 8, DESCRIPTOR);
    inner = zip_end(&a, 0, "");
    zip_add(&b, "big.csv", big.p, big.n, 0, 0); /* stored: beyond what is kept in memory */
    zip_add(&b, "after.csv", want.p, want.n, 8, 0);
    large = zip_end(&b, 1, "");
    assert_true(large.n > (5u << 20));
    zip_add(&c, "x/inner.zip", inner.p, inner.n, 8, 0);
    zip_add(&c, "plain.csv", want.p, want.n, 8, 0);
    zip_add(&c, "large.dat", large.p, large.n, 8, 0); /* what it is, its bytes say */
    zip_add(&c, "kept.zip", inner.p, inner.n, 0, 0);
    zip_add(&c, "bad.zip", inner.p, inner.n, 8, WRONG_CRC);
    all = zip_end(&c, 0, "");
    for (int packed = 0; packed < 2; packed++) {
        wrapped = packed ? deflated(all.p, all.n, 31) : all;
        list = list_of(&wrapped, packed ? "all.zip.gz" : "all.zip");
        assert_int_equal(bb_leaf_count(list), 7);
        expect_leaf(list, 0, "x/inner.zip/one.csv", "one.csv", &want);
        expect_leaf(list, 1, "x/inner.zip/two.csv.gz", "two.csv", &want);
        expect_leaf(list, 2, "plain.csv", "plain.csv", &want);
        expect_leaf(list, 3, "large.dat/big.csv", "big.csv", &big);
        expect_leaf(list, 4, "large.dat/after.csv", "after.csv", &want);
        expect_leaf(list, 5, "kept.zip/one.csv", "one.csv", &want);
        expect_leaf(list, 6, "kept.zip/two.csv.gz", "two.csv", &want);
        assert_int_equal(bb_leaf_problem_count(list), 1);
        expect_problem(list, 0, "bad.zip", "CRC");
        bb_leaf_list_free(list);
        if (packed) free(wrapped.p);
    }
    free(inner.p);
    free(large.p);
    free(all.p);
    free(want.p);
    free(big.p);
    free(gz.p);
}

static void test_depth_ends(void **state)
{
    struct bytes content = table(10, 5), next;
    struct bb_leaf_list *list;
    (void)state;
    for (unsigned depth = 1; depth <= 6; depth++) {
        struct zip z = { 0 };
        zip_add(&z, depth == 1 ? "x.csv" : "in.zip", content.p, content.n, 8, 0);
        next = zip_end(&z, 0, "");
        free(content.p);
        content = next;
        list = list_of(&content, "x.zip");
        assert_int_equal(bb_leaf_count(list), depth <= 4);
        if (depth > 4) expect_problem(list, 0, "in.zip/in.zip/in.zip/in.zip", "4 deep");
        bb_leaf_list_free(list);
    }
    free(content.p);
}

static void test_what_is_not_an_archive_to_walk(void **state)
{
    struct bytes want = table(50, 5), book, html = { 0 }, none = { 0 }, empty;
    struct bb_leaf_list *list;
    struct zip z = { 0 }, e = { 0 }, overlap = { 0 };
    char entry[46 + 5];
    (void)state;
    zip_add(&z, "xl/workbook.xml", want.p, want.n, 8, 0);
    zip_add(&z, "[Content_Types].xml", want.p, want.n, 8, 0);
    book = zip_end(&z, 0, "");
    list = list_of(&book, "hubs.xlsx");
    assert_int_equal(bb_leaf_count(list), 1);
    expect_damaged(list, 0, 0, "without the parts of a workbook"); /* one leaf: its members are not prices */
    bb_leaf_list_free(list);

    put(&html, "<html>too many requests</html>", 30);
    list = list_of(&html, "prices.zip");
    expect_leaf(list, 0, "", "prices.zip", &html);
    bb_leaf_list_free(list);

    list = list_of(&none, "prices.csv");
    assert_int_equal(bb_leaf_count(list), 1);
    expect_leaf(list, 0, "", "prices.csv", &none);
    bb_leaf_list_free(list);

    empty = zip_end(&e, 0, "");
    list = list_of(&empty, "prices.zip");
    assert_int_equal(bb_leaf_count(list), 0);
    expect_problem(list, 0, "", "holds no files");
    bb_leaf_list_free(list);
    free(empty.p);

    zip_add(&overlap, "a.csv", want.p, want.n, 0, 0);
    assert_int_equal(overlap.directory.n, sizeof entry);
    memcpy(entry, overlap.directory.p, sizeof entry);
    for (int i = 0; i < 3; i++) put(&overlap.directory, entry, sizeof entry); /* the same data again and again */
    overlap.n = 4;
    empty = zip_end(&overlap, 0, "");
    list = list_of(&empty, "bomb.zip");
    assert_int_equal(bb_leaf_count(list), 0);
    expect_problem(list, 0, "", "claim more bytes");
    bb_leaf_list_free(list);
    free(empty.p);
    free(book.p);
    free(html.p);
    free(want.p);
}

static void test_small_budget(void **state)
{
    struct bytes want = table(20000, 5), all;
    struct zip z = { 0 };
    struct bb_error err;
    (void)state;
    for (int i = 0; i < 20; i++) zip_add(&z, "x.csv", want.p, want.n, 8, 0);
    all = zip_end(&z, 0, "");
    /* every allocation on the way may fail: the answer is BB_BUDGET and nothing leaks */
    for (long n = 1;; n++) {
        struct bb_leaf_list *list = NULL;
        struct bb_stream *stream = NULL;
        enum bb_status status;
        bb_mem_fail_countdown = n;
        status = bb_leaf_list_of_bytes("x.zip", all.p, all.n, NULL, &budget, &list, &err);
        if (status == BB_OK) status = bb_stream_open(bb_leaf_at(list, 3), &budget, &stream, &err);
        if (status == BB_OK) {
            long left = bb_mem_fail_countdown;
            bb_mem_fail_countdown = 0;
            bb_stream_close(stream);
            bb_leaf_list_free(list);
            assert_true(n > 5);
            if (left > 0) break;
            continue;
        }
        bb_mem_fail_countdown = 0;
        assert_int_equal(status, BB_BUDGET);
        bb_leaf_list_free(list);
        assert_int_equal(budget.used_nbytes, 0);
    }
    free(all.p);
    free(want.p);
}

/* ---- files ---- */

static char folder[1000];

static void write_file(const char *name, const void *p, size_t n)
{
    char path[1200];
    FILE *f;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    fclose(f);
}

static void make_folder(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/test_io_source.XXXXXX", base ? base : P_tmpdir);
    assert_non_null(mkdtemp(folder));
}

static void remove_folder(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *e;
    while ((e = readdir(dir)) != NULL) {
        char inner[2000];
        struct stat st;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
        if (lstat(inner, &st) == 0 && S_ISDIR(st.st_mode)) {
            remove_folder(inner);
        } else {
            unlink(inner);
        }
    }
    closedir(dir);
    rmdir(path);
}

static void expect_path(const struct bb_leaf_list *list, size_t i, const char *want)
{
    const struct bb_leaf *leaf = bb_leaf_at(list, i);
    assert_true(leaf->path.n > strlen(folder) + 1);
    assert_string_equal(leaf->path.p + strlen(folder) + 1, want);
}

static void test_folder(void **state)
{
    struct bytes want = table(40000, 5);
    struct bb_leaf_list *list;
    struct bb_error err = { 0 };
    const char *inputs[3];
    char path[1200], link[1400];
    (void)state;
    make_folder();
    snprintf(path, sizeof path, "%s/b", folder);
    mkdir(path, 0700);
    snprintf(link, sizeof link, "%s/loop", path);
    assert_int_equal(symlink("..", link), 0);
    write_file("b/2.csv", want.p, want.n);
    write_file("b/10.csv", "x", 1);
    write_file("b.csv", "y", 1);
    write_file(".hidden.csv", "z", 1);
    write_file("a.tmp", "", 0);
    snprintf(link, sizeof link, "%s/c.csv", folder);
    assert_int_equal(symlink("b/2.csv", link), 0);
    snprintf(link, sizeof link, "%s/gone.csv", folder);
    assert_int_equal(symlink("nowhere", link), 0);
    snprintf(link, sizeof link, "%s/pipe", folder);
    assert_int_equal(mkfifo(link, 0600), 0);
    snprintf(link, sizeof link, "%s/b.csv", folder);
    snprintf(path, sizeof path, "%s///", folder);
    inputs[0] = link;
    inputs[1] = path;
    if (bb_leaf_list_new(inputs, 2, NULL, &budget, &list, &err) != BB_OK) fail_msg("%s", err.text);
    assert_int_equal(bb_leaf_count(list), 5); /* b.csv once, though named twice */
    expect_path(list, 0, "a.tmp");
    expect_path(list, 1, "b.csv");
    expect_path(list, 2, "b/10.csv");
    expect_path(list, 3, "b/2.csv");
    expect_path(list, 4, "c.csv");
    expect_leaf(list, 3, "", "2.csv", &want);
    expect_leaf(list, 4, "", "c.csv", &want);
    assert_int_equal(bb_leaf_at(list, 3)->size, want.n);
    assert_int_equal(bb_leaf_at(list, 3)->member_time_s, 0);
    assert_int_equal(bb_leaf_problem_count(list), 2);
    expect_problem(list, 0, "", "No such file");
    expect_problem(list, 1, "", "neither a file nor a folder");
    bb_leaf_list_free(list);

    snprintf(path, sizeof path, "%s/nothing", folder);
    inputs[1] = path;
    assert_int_equal(bb_leaf_list_new(inputs, 2, NULL, &budget, &list, &err), BB_IO);
    assert_non_null(strstr(err.text, "nothing"));
    assert_non_null(strstr(err.text, "No such file"));
    remove_folder(folder);
    free(want.p);
}

struct reader {
    const struct bb_leaf_list *list;
    const struct bytes *want;
    size_t first;
    int ok;
};

static void *read_some(void *p)
{
    struct reader *r = p;
    size_t n = bb_leaf_count(r->list);
    r->ok = 1;
    for (size_t k = 0; k < n; k++) {
        size_t i = (r->first + k) % n;
        struct bytes got;
        struct bb_error err;
        if (read_leaf(bb_leaf_at(r->list, i), 30000, &got, &err) != BB_EOF || got.n != r->want->n ||
            memcmp(got.p, r->want->p, got.n) != 0)
            r->ok = 0;
        free(got.p);
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct bytes want = table(3000, 5), inner, all;
    struct bb_leaf_list *list;
    struct bb_error err = { 0 };
    struct reader readers[4];
    pthread_t threads[4];
    struct zip a = { 0 }, z = { 0 };
    const char *input;
    char path[1200];
    (void)state;
    make_folder();
    for (int i = 0; i < 6; i++) zip_add(&a, "x.csv", want.p, want.n, 8, 0);
    inner = zip_end(&a, 0, "");
    for (int i = 0; i < 4; i++) zip_add(&z, "in.zip", inner.p, inner.n, 8, 0);
    for (int i = 0; i < 6; i++) zip_add(&z, "x.csv", want.p, want.n, 8, 0);
    all = zip_end(&z, 0, "");
    write_file("all.zip", all.p, all.n);
    snprintf(path, sizeof path, "%s/all.zip", folder);
    input = path;
    if (bb_leaf_list_new(&input, 1, folder, &budget, &list, &err) != BB_OK) fail_msg("%s", err.text);
    assert_int_equal(bb_leaf_count(list), 30);
    for (unsigned i = 0; i < 4; i++) {
        readers[i] = (struct reader){ list, &want, i * 7, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, read_some, &readers[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_true(readers[i].ok);
    }
    truncate(path, (off_t)all.n - 1);
    {
        struct bb_stream *stream;
        assert_int_equal(bb_stream_open(bb_leaf_at(list, 29), &budget, &stream, &err), BB_SKIP);
        assert_non_null(strstr(err.text, "changed"));
    }
    bb_leaf_list_free(list);
    remove_folder(folder);
    free(inner.p);
    free(all.p);
    free(want.p);
}

/* A bomb: one member of 3 GB of zeros in 3 MB. Listing costs nothing; reading is bounded memory; stopping early is fine. */
static void test_large_content_in_little_memory(void **state)
{
    struct bytes zeros = { .p = calloc(1, 64 << 20), .n = 64 << 20 }, gz = deflated(zeros.p, zeros.n, 31),
                 all = { 0 };
    struct bb_leaf_list *list;
    struct bb_stream *stream;
    struct bb_error err;
    char *block = malloc(1 << 20);
    uint64_t total = 0;
    size_t n;
    (void)state;
    for (int i = 0; i < 48; i++) put(&all, gz.p, gz.n);
    bb_budget_init(&budget, 1 << 20, 0);
    list = list_of(&all, "zeros.gz");
    assert_int_equal(bb_stream_open(bb_leaf_at(list, 0), &budget, &stream, &err), BB_OK);
    while (total < (uint64_t)600 << 20 && bb_stream_read(stream, block, 1 << 20, &n, &err) == BB_OK) total += n;
    assert_int_equal(total, (uint64_t)600 << 20);
    bb_stream_close(stream);
    bb_leaf_list_free(list);
    free(block);
    free(zeros.p);
    free(gz.p);
    free(all.p);
}

static void test_real_archives(void **state)
{
    const char *samples = getenv("BUSBAR_SAMPLES");
    static const struct {
        const char *path;
        size_t n_leaves;
        const char *member;
        uint64_t size;
    } cases[] = {
        { "caiso/PRC_LMP_DAM/temp_20200101_PRC_LMP_DAM_allapnodes_v1_csv.zip", 1, NULL, 0 },
        { "nyiso/mis_zip_container/20200301pal_csv.zip", 31, "20200331pal.csv", 158614 },
        { "caiso/DERIVED_or_RECONSTRUCTED/TRANSCRIBED_http429_body_saved_as.zip", 1, "", 0 },
    };
    (void)state;
    if (!samples) samples = "../shared/samples";
    for (unsigned i = 0; i < BB_ARRAY_LEN(cases); i++) {
        struct bb_leaf_list *list;
        struct bb_error err;
        struct stat st;
        char path[5000];
        const char *input = path;
        snprintf(path, sizeof path, "%s/%s", samples, cases[i].path);
        if (stat(path, &st) != 0) {
            print_message("skipped: no real files; set BUSBAR_SAMPLES to a folder that has them\n");
            skip();
        }
        if (bb_leaf_list_new(&input, 1, NULL, &budget, &list, &err) != BB_OK) fail_msg("%s", err.text);
        assert_int_equal(bb_leaf_problem_count(list), 0);
        assert_int_equal(bb_leaf_count(list), cases[i].n_leaves);
        for (size_t k = 0; k < bb_leaf_count(list); k++) {
            const struct bb_leaf *leaf = bb_leaf_at(list, k);
            struct bytes got;
            if (read_leaf(leaf, 1 << 20, &got, &err) != BB_EOF) fail_msg("%s: %s", path, err.text);
            assert_int_equal(got.n, leaf->size);
            free(got.p);
        }
        if (cases[i].member) {
            const struct bb_leaf *last = bb_leaf_at(list, cases[i].n_leaves - 1);
            assert_true(bb_str_is(last->member, cases[i].member));
            if (cases[i].size) assert_int_equal(last->size, cases[i].size);
        }
        bb_leaf_list_free(list);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_form_of_member),
        TEST(test_damage_is_told),
        TEST(test_names_only_show),
        TEST(test_gzip_and_zstd),
        TEST(test_archives_in_archives),
        TEST(test_depth_ends),
        TEST(test_what_is_not_an_archive_to_walk),
        TEST(test_small_budget),
        TEST(test_folder),
        TEST(test_threads),
        TEST(test_large_content_in_little_memory),
        TEST(test_real_archives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
