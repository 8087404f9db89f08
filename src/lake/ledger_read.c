#include "base/json_pull.h"
#include "lake/ledger.h"
#include "time/stamp.h"

#include <stdio.h>

#define TEXTS_MAX_NBYTES ((size_t)64 << 10) /* of one source */

struct reading {
    struct bb_json_pull pull;
    const struct bb_ledger_reading *to;
    struct bb_buf texts;
    struct bb_error *err;
};

static enum bb_status damaged(struct reading *r, const char *what)
{
    return bb_fail(r->err, BB_SKIP, "the ledger is damaged at byte %zu: %s", r->pull.at, what);
}

static int key_is(const struct reading *r, const char *name) { return bb_str_is(r->pull.raw, name); }

static int64_t instant_of(struct bb_str s)
{
    int64_t utc_s;
    return bb_stamp_utc(s.p, s.n, &utc_s) == 0 ? utc_s : 0;
}

/* Where in texts a string of the source begins; slices are made when texts no longer moves. */
struct span {
    size_t from, n;
};

static enum bb_status keep_text(struct reading *r, struct span *span)
{
    span->from = r->texts.n;
    if (!bb_json_pull_text(&r->pull, &r->texts)) return damaged(r, "a text is too long");
    span->n = r->texts.n - span->from;
    return BB_OK;
}

static void read_years(struct bb_str text, struct bb_year_set *years)
{
    int year = 0;
    for (size_t i = 0; i <= text.n; i++) {
        if (i < text.n && text.p[i] >= '0' && text.p[i] <= '9') {
            year = year < 10000 ? year * 10 + (text.p[i] - '0') : year;
        } else {
            bb_year_set_add(years, year);
            year = 0;
        }
    }
}

static enum bb_status read_source(struct reading *r)
{
    struct bb_ledger_source s = { .code = UINT32_MAX };
    struct span name = { 0, 0 }, member = { 0, 0 }, report = { 0, 0 };
    r->texts.n = 0;
    for (;;) {
        enum bb_json_token t = bb_json_pull_next(&r->pull);
        struct bb_str key = r->pull.raw;
        if (t == BB_JSON_OBJECT_END) break;
        if (t != BB_JSON_KEY) return damaged(r, "expected a key");
        t = bb_json_pull_next(&r->pull);
        if (t == BB_JSON_ERROR || t == BB_JSON_END || t == BB_JSON_OBJECT || t == BB_JSON_ARRAY)
            return damaged(r, "expected a plain value");
        if (bb_str_is(key, "name"))
            BB_TRY(keep_text(r, &name));
        else if (bb_str_is(key, "member"))
            BB_TRY(keep_text(r, &member));
        else if (bb_str_is(key, "report"))
            BB_TRY(keep_text(r, &report));
        else if (bb_str_is(key, "bytes"))
            s.content_nbytes = (uint64_t)bb_json_pull_int(&r->pull);
        else if (bb_str_is(key, "xxh3"))
            snprintf(s.hash, sizeof s.hash, "%.*s", BB_STR_ARG(r->pull.raw));
        else if (bb_str_is(key, "rows"))
            s.rows = (uint64_t)bb_json_pull_int(&r->pull);
        else if (bb_str_is(key, "first"))
            s.first_utc_s = (uint32_t)instant_of(r->pull.raw);
        else if (bb_str_is(key, "last"))
            s.last_utc_s = (uint32_t)instant_of(r->pull.raw);
        else if (bb_str_is(key, "published"))
            s.publication_utc_s = instant_of(r->pull.raw);
        else if (bb_str_is(key, "files"))
            s.n_files = (uint32_t)bb_json_pull_int(&r->pull);
        else if (bb_str_is(key, "code"))
            s.code = (uint32_t)bb_json_pull_int(&r->pull);
        else if (bb_str_is(key, "years"))
            read_years(r->pull.raw, &s.years);
        else if (bb_str_is(key, "joined"))
            s.joined = 1;
        else if (bb_str_is(key, "preliminary"))
            s.preliminary = 1;
        else if (bb_str_is(key, "derived"))
            s.derived = 1;
    }
    if (name.n == 0 || !s.hash[0]) return damaged(r, "expected a source to have a name and a hash");
    s.name = (struct bb_str){ r->texts.p + name.from, name.n };
    s.member = (struct bb_str){ r->texts.p + member.from, member.n };
    s.report = (struct bb_str){ r->texts.p + report.from, report.n };
    return r->to->on_source ? r->to->on_source(r->to->ctx, &s, r->err) : BB_OK;
}

static enum bb_status read_join(struct reading *r)
{
    struct bb_ledger_join join = { 0 };
    for (int i = 0; i <= BB_N_VALUES; i++) {
        uint32_t value;
        if (bb_json_pull_next(&r->pull) != BB_JSON_NUMBER) return damaged(r, "expected a code");
        value = (uint32_t)bb_json_pull_int(&r->pull);
        if (i == 0)
            join.code = value;
        else
            join.of[i - 1] = value;
    }
    if (bb_json_pull_next(&r->pull) != BB_JSON_ARRAY_END) return damaged(r, "expected the end of a join");
    return r->to->on_join ? r->to->on_join(r->to->ctx, &join, r->err) : BB_OK;
}

static enum bb_status read_list(struct reading *r, enum bb_json_token element,
                                enum bb_status (*read)(struct reading *r))
{
    if (bb_json_pull_next(&r->pull) != BB_JSON_ARRAY) return damaged(r, "expected a list");
    for (;;) {
        enum bb_json_token t = bb_json_pull_next(&r->pull);
        if (t == BB_JSON_ARRAY_END) return BB_OK;
        if (t != element) return damaged(r, "expected another kind of element");
        BB_TRY(read(r));
    }
}

static enum bb_status read_head(struct reading *r, struct bb_ledger *head)
{
    int iso = -1, have_dataset = 0;
    if (bb_json_pull_next(&r->pull) != BB_JSON_OBJECT) return damaged(r, "expected an object");
    for (;;) {
        enum bb_json_token t = bb_json_pull_next(&r->pull);
        if (t == BB_JSON_OBJECT_END) break;
        if (t != BB_JSON_KEY) return damaged(r, "expected a key");
        if (key_is(r, "sources")) {
            BB_TRY(read_list(r, BB_JSON_OBJECT, read_source));
        } else if (key_is(r, "joins")) {
            BB_TRY(read_list(r, BB_JSON_ARRAY, read_join));
        } else {
            struct bb_str key = r->pull.raw;
            t = bb_json_pull_next(&r->pull);
            if (t == BB_JSON_OBJECT || t == BB_JSON_ARRAY || t == BB_JSON_ERROR || t == BB_JSON_END)
                return damaged(r, "expected a plain value");
            if (bb_str_is(key, "iso"))
                iso = bb_iso_of(r->pull.raw);
            else if (bb_str_is(key, "dataset"))
                have_dataset = bb_dataset_parse(r->pull.raw, &head->dataset, &head->half);
            else if (bb_str_is(key, "year"))
                head->year = (int)bb_json_pull_int(&r->pull);
            else if (bb_str_is(key, "rows"))
                head->rows = (uint64_t)bb_json_pull_int(&r->pull);
            else if (bb_str_is(key, "duplicates"))
                head->duplicates = (uint64_t)bb_json_pull_int(&r->pull);
            else if (bb_str_is(key, "revisions"))
                head->revisions = (uint64_t)bb_json_pull_int(&r->pull);
        }
    }
    if (iso < 0 || !have_dataset || head->year == 0)
        return damaged(r, "it does not name operator, dataset and year");
    head->dataset.iso = (enum bb_iso)iso;
    return BB_OK;
}

enum bb_status bb_ledger_read(struct bb_str json, const struct bb_ledger_reading *reading, struct bb_budget *budget,
                              struct bb_ledger *head_ret, struct bb_error *err)
{
    struct reading r = { .to = reading, .err = err };
    enum bb_status status;
    *head_ret = (struct bb_ledger){ 0 };
    bb_json_pull_init(&r.pull, json);
    bb_buf_init(&r.texts, budget, TEXTS_MAX_NBYTES);
    if (!bb_buf_reserve(&r.texts, TEXTS_MAX_NBYTES))
        return bb_fail_budget(err, budget, "a ledger"); /* never moves while slices point into it */
    status = read_head(&r, head_ret);
    bb_buf_reset(&r.texts);
    return status;
}
