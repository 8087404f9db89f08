/* Drives the markets floor in tests: a text in memory is detected and read, rows and rejects are kept. */
#ifndef BB_MARKET_CASE_H
#define BB_MARKET_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "markets/reader.h"

struct kept_reject {
    uint64_t line, byte;
    char column[64], reason[32], detail[256], text[256];
};

struct market_case {
    struct bb_budget budget;
    struct bb_places *places;
    struct bb_zone *zone;
    struct bb_evidence evidence;
    struct bb_detection detection;
    struct bb_error err;
    enum bb_status status;
    struct bb_row *rows;
    size_t n_rows, cap_rows;
    struct kept_reject rejects[32];
    size_t n_rejects;
    struct bb_block_counts counts;
    const struct bb_reference *reference; /* NULL: none */
    char *full;                           /* what evidence.more hands out; NULL: nothing */
    size_t full_n;
};

static inline enum bb_status case_more(void *ctx, struct bb_evidence *e, struct bb_error *err)
{
    struct market_case *c = ctx;
    (void)err;
    if (e->head_is_all) return BB_EOF;
    e->head.n = c->full_n;
    e->head_is_all = 1;
    return BB_OK;
}

/* Detection only. name is the path; its last part the base name. */
static inline void case_detect_n(struct market_case *c, const char *name, const char *text, size_t n, size_t head_n,
                                 const char *forced)
{
    struct bb_error none = { BB_OK, "" };
    memset(c, 0, sizeof *c);
    c->err = none;
    bb_budget_init(&c->budget, 0, 0);
    c->full_n = n;
    c->evidence.path = bb_str_of(name);
    c->evidence.name = bb_path_base(c->evidence.path);
    c->evidence.member = (struct bb_str){ "", 0 };
    c->evidence.head = (struct bb_str){ text, head_n };
    c->evidence.head_is_all = head_n == n;
    c->evidence.more = case_more;
    c->evidence.more_ctx = c;
    c->evidence.forced_report = forced;
    c->evidence.forced_iso = -1;
    c->status = bb_detect(&c->evidence, &c->detection, &c->err);
}
static inline void case_detect(struct market_case *c, const char *name, const char *text)
{
    case_detect_n(c, name, text, strlen(text), strlen(text), NULL);
}

static inline enum bb_status case_flush(struct bb_row_batch *batch, struct bb_error *err)
{
    struct market_case *c = batch->ctx;
    (void)err;
    if (c->n_rows + batch->n > c->cap_rows) {
        c->cap_rows = (c->n_rows + batch->n) * 2;
        c->rows = realloc(c->rows, c->cap_rows * sizeof *c->rows);
    }
    if (batch->n) memcpy(c->rows + c->n_rows, batch->rows, batch->n * sizeof *batch->rows);
    c->n_rows += batch->n;
    batch->n = 0;
    return BB_OK;
}

static inline void case_reject(void *ctx, const struct bb_reject *r)
{
    struct market_case *c = ctx;
    struct kept_reject *k = &c->rejects[c->n_rejects < 32 ? c->n_rejects : 31];
    c->n_rejects++;
    k->line = r->line;
    k->byte = r->byte;
    snprintf(k->column, sizeof k->column, "%s", r->column);
    snprintf(k->reason, sizeof k->reason, "%s", r->reason);
    snprintf(k->detail, sizeof k->detail, "%s", r->detail);
    snprintf(k->text, sizeof k->text, "%.*s", (int)(r->text.n < 200 ? r->text.n : 200), r->text.p);
}

/* Reads the whole text in blocks of about block_nbytes (0: one block), as the pipeline would. part: which dataset. */
static inline void case_read_n(struct market_case *c, const char *text, size_t n, size_t block_nbytes, int part)
{
    struct bb_reader *reader = NULL;
    struct bb_worker *worker;
    struct bb_row rows[7];
    struct bb_row_batch batch = { rows, 0, 7, case_flush, c };
    size_t at = 0;
    uint64_t line = 1;
    const struct bb_dataset *dataset = &c->detection.datasets[part];
    assert_int_equal(c->status, BB_OK);
    c->places = bb_places_new(&c->budget);
    c->status = bb_zone_open(bb_iso_infos[dataset->iso].zone_name, NULL, &c->budget, &c->zone, &c->err);
    assert_int_equal(c->status, BB_OK);
    c->status =
        bb_reader_new(&c->detection, dataset, &c->evidence, c->zone, c->places, &c->budget, &reader, &c->err);
    if (c->status != BB_OK) return;
    bb_reader_use_reference(reader, c->reference);
    worker = bb_worker_new(&c->budget);
    assert_non_null(worker);
    memset(&c->counts, 0, sizeof c->counts);
    c->counts.min_utc_s = UINT32_MAX;
    while (at < n && c->status == BB_OK) {
        size_t take = block_nbytes && block_nbytes < n - at ? block_nbytes : n - at, pad = 64;
        char *buffer;
        struct bb_block block = { 0 };
        struct bb_block_counts counts;
        while (at + take < n && text[at + take - 1] != '\n') take++;
        buffer = calloc(1, take + 1 + 2 * pad);
        memcpy(buffer + pad, text + at, take);
        block.text = buffer + pad;
        block.n = take;
        if (text[at + take - 1] != '\n') block.text[block.n++] = '\n';
        block.first_line = line;
        block.first_byte = at;
        block.slice = 9;
        block.is_first = at == 0;
        block.is_last = at + take == n;
        block.on_reject = case_reject;
        block.reject_ctx = c;
        c->status = bb_reader_block(reader, worker, &block, &batch, &counts, &c->err);
        c->counts.records += counts.records;
        c->counts.rows += counts.rows;
        c->counts.rejects += counts.rejects;
        c->counts.unknown_words += counts.unknown_words;
        if (counts.min_utc_s < c->counts.min_utc_s) c->counts.min_utc_s = counts.min_utc_s;
        if (counts.max_utc_s > c->counts.max_utc_s) c->counts.max_utc_s = counts.max_utc_s;
        for (size_t i = 0; i < block.n; i++) line += block.text[i] == '\n';
        at += take;
        free(buffer);
    }
    (void)!case_flush(&batch, &c->err);
    bb_worker_free(worker);
    bb_reader_free(reader);
}
static inline void case_read(struct market_case *c, const char *name, const char *text)
{
    case_detect(c, name, text);
    if (c->status != BB_OK) return;
    case_read_n(c, text, strlen(text), 0, 0);
}

static inline void case_end(struct market_case *c)
{
    if (c->places) bb_places_free(c->places);
    if (c->zone) bb_zone_close(c->zone);
    free(c->rows);
    assert_int_equal(c->budget.used_nbytes, 0);
}

static inline struct bb_place_key case_place(const struct market_case *c, size_t row)
{
    return *bb_places_at(c->places, c->rows[row].place);
}
/* Appends to a text of cap bytes. */
static inline __attribute__((format(printf, 4, 5))) void case_put(char *text, size_t cap, size_t *n,
                                                                  const char *fmt, ...)
{
    va_list ap;
    int more;
    va_start(ap, fmt);
    more = vsnprintf(text + *n, cap - *n, fmt, ap);
    va_end(ap);
    assert_true(more >= 0 && (size_t)more < cap - *n);
    *n += (size_t)more;
}
#define assert_text(s, literal) assert_true(bb_str_is((s), (literal)))

#endif
