/* JSON as a stream of tokens: what RFC 8259 calls a text is taken, what it does not is refused where it goes wrong, and nothing
 * reads past the end. */
#include "base/json_pull.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct bb_budget budget;

static struct bb_json_pull pull_of(const char *text)
{
    struct bb_json_pull p;
    bb_json_pull_init(&p, bb_str_of(text));
    return p;
}

/* The tokens as letters: { } [ ] k s n w, then . for the end or ! for an error. */
static const char *tokens(struct bb_str text)
{
    static char out[256];
    static const char letters[] = {
        [BB_JSON_END] = '.',       [BB_JSON_OBJECT] = '{', [BB_JSON_OBJECT_END] = '}', [BB_JSON_ARRAY] = '[',
        [BB_JSON_ARRAY_END] = ']', [BB_JSON_KEY] = 'k',    [BB_JSON_STRING] = 's',     [BB_JSON_NUMBER] = 'n',
        [BB_JSON_WORD] = 'w',      [BB_JSON_ERROR] = '!'
    };
    struct bb_json_pull p;
    size_t n = 0;
    bb_json_pull_init(&p, text);
    while (n < sizeof out - 1) {
        enum bb_json_token t = bb_json_pull_next(&p);
        out[n++] = letters[t];
        if (t == BB_JSON_END || t == BB_JSON_ERROR) break;
    }
    out[n] = '\0';
    return out;
}

static void shapes(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        { "{}", "{}." },
        { "[]", "[]." },
        { " [ ] ", "[]." },
        { "{\"a\":1}", "{kn}." },
        { "{ \"a\" : [ 1 , -2.5e3 , \"x\" , true , null ] , \"b\" : { } }", "{k[nnsww]k{}}." },
        { "[[],[[]],{}]", "[[][[]]{}]." },
        { "\"text\"", "s." },
        { "17", "n." },
        { "", "!" },
        { "[", "[!" },
        { "[1", "[n!" },
        { "[1,]", "[n!" },
        { "[,1]", "[!" },
        { "[1 2]", "[n!" },
        { "[1}", "[n!" },
        { "{]", "{!" },
        { "{,}", "{!" },
        { "{\"a\"}", "{!" },
        { "{\"a\":}", "{k!" },
        { "{\"a\":1,}", "{kn!" },
        { "{\"a\" 1}", "{!" },
        { "{a:1}", "{!" },
        { "{\"a\":1 \"b\":2}", "{kn!" },
        { "[\"open]", "[!" },
        { "[\"open\\", "[!" },
        { "]", "!" },
        { "{} {}", "{}!" },
        { "1,2", "n!" },
    };
    (void)state;
    for (size_t i = 0; i < BB_ARRAY_LEN(cases); i++)
        assert_string_equal(tokens(bb_str_of(cases[i].text)), cases[i].want);
    assert_string_equal(tokens((struct bb_str){ "[1]\0[2]", 7 }), "[n]!"); /* a NUL is no end */
}

static void depth(void **state)
{
    char deep[200];
    (void)state;
    memset(deep, '[', sizeof deep);
    assert_int_equal(strlen(tokens((struct bb_str){ deep, sizeof deep })), 65); /* 64 levels, then refused */
}

static void texts(void **state)
{
    static const struct {
        const char *json, *want;
    } cases[] = {
        { "\"plain\"", "plain" },
        { "\"a\\\"b\\\\c\\/d\"", "a\"b\\c/d" },
        { "\"\\b\\f\\n\\r\\t\"", "\b\f\n\r\t" },
        { "\"\\u0041\\u00e9\\u20AC\"", "A\xC3\xA9\xE2\x82\xAC" },
        { "\"\\uZZZZ\"", "uZZZZ" }, /* not busbar's: kept as it can be */
        { "\"\\u00\"", "u00" },
        { "\"\"", "" },
    };
    (void)state;
    for (size_t i = 0; i < BB_ARRAY_LEN(cases); i++) {
        struct bb_json_pull p = pull_of(cases[i].json);
        struct bb_buf out;
        bb_buf_init(&out, &budget, 100);
        assert_int_equal(bb_json_pull_next(&p), BB_JSON_STRING);
        assert_true(bb_json_pull_text(&p, &out));
        assert_int_equal(out.n, strlen(cases[i].want));
        assert_memory_equal(bb_buf_str(&out).p, cases[i].want, out.n);
        bb_buf_reset(&out);
    }
}

static void a_text_that_has_no_room(void **state)
{
    struct bb_json_pull p = pull_of("\"0123456789\\n\"");
    struct bb_buf out;
    (void)state;
    bb_buf_init(&out, &budget, 10);
    bb_json_pull_next(&p);
    assert_false(bb_json_pull_text(&p, &out));
    bb_buf_reset(&out);
}

static void integers(void **state)
{
    static const struct {
        const char *json;
        int64_t want;
    } cases[] = { { "0", 0 },   { "-17", -17 }, { "999999999999999999", 999999999999999999 },
                  { "1.5", 0 }, { "1e3", 0 },   { "99999999999999999999999", 0 },
                  { "-", 0 } };
    (void)state;
    for (size_t i = 0; i < BB_ARRAY_LEN(cases); i++) {
        struct bb_json_pull p = pull_of(cases[i].json);
        assert_int_equal(bb_json_pull_next(&p), BB_JSON_NUMBER);
        assert_int_equal(bb_json_pull_int(&p), cases[i].want);
    }
}

/* Each beginning of a text, in memory of exactly its size so that a sanitizer sees a step too far. */
static void cut_anywhere(void **state)
{
    static const char text[] = "{\"a\\\"\":[1,-2,\"x\\u0041\\\\\",true],\"b\":{\"c\":null}}";
    (void)state;
    assert_string_equal(tokens(BB_STR(text)), "{k[nnsw]k{kw}}.");
    for (size_t n = 0; n < sizeof text - 1; n++) {
        char *copy = malloc(n ? n : 1);
        const char *got;
        memcpy(copy, text, n);
        got = tokens((struct bb_str){ copy, n });
        assert_int_equal(got[strlen(got) - 1], '!');
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(shapes),   cmocka_unit_test(depth),
                                        cmocka_unit_test(texts),    cmocka_unit_test(a_text_that_has_no_room),
                                        cmocka_unit_test(integers), cmocka_unit_test(cut_anywhere) };
    bb_budget_init(&budget, (size_t)1 << 20, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
