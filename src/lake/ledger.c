#include "lake/ledger.h"
#include "base/json.h"
#include "time/zone.h"

#include <stdio.h>
#include <stdlib.h>

static int by_name(const void *a_, const void *b_)
{
    const struct bb_ledger_source *a = a_, *b = b_;
    int c = bb_str_cmp(a->name, b->name);
    if (c == 0) c = bb_str_cmp(a->member, b->member);
    if (c == 0) c = strcmp(a->hash, b->hash);
    if (c == 0) c = a->code < b->code ? -1 : a->code > b->code; /* one that rows name first */
    if (c == 0) c = a->publication_utc_s > b->publication_utc_s ? -1 : a->publication_utc_s < b->publication_utc_s;
    return c;
}

static int same_source(const struct bb_ledger_source *a, const struct bb_ledger_source *b)
{
    return bb_str_eq(a->name, b->name) && bb_str_eq(a->member, b->member) && strcmp(a->hash, b->hash) == 0;
}

static void put_time(struct bb_json *j, const char *key, int64_t utc_s)
{
    struct bb_date d = bb_date_of((int32_t)(utc_s / 86400));
    int second = (int)(utc_s % 86400);
    char text[40];
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", d.year, d.month, d.day, second / 3600,
             second / 60 % 60, second % 60);
    bb_json_put_cstr(j, key, text);
}

/* Nearly every source is of one year: that of the file, which needs no words. */
static void put_years(struct bb_json *j, const struct bb_ledger_source *s, int year)
{
    char text[(BB_LAST_YEAR - BB_FIRST_YEAR + 1) * 5 + 1] = "";
    int n = 0, others = 0;
    for (int y = BB_FIRST_YEAR; y <= BB_LAST_YEAR; y++)
        if (bb_year_set_has(&s->years, y)) {
            n += snprintf(text + n, sizeof text - (size_t)n, "%s%d", n ? " " : "", y);
            others += y != year;
        }
    if (others) bb_json_put_cstr(j, "years", text);
}

static void put_source(struct bb_json *j, const struct bb_ledger_source *s, int year)
{
    bb_json_open(j, '{');
    bb_json_put_str(j, "name", s->name);
    if (s->member.n) bb_json_put_str(j, "member", s->member);
    bb_json_put_str(j, "report", s->report);
    bb_json_put_int(j, "bytes", (int64_t)s->content_nbytes);
    bb_json_put_cstr(j, "xxh3", s->hash);
    bb_json_put_int(j, "rows", (int64_t)s->rows);
    put_time(j, "first", s->first_utc_s);
    put_time(j, "last", s->last_utc_s);
    if (s->publication_utc_s) put_time(j, "published", s->publication_utc_s);
    bb_json_put_int(j, "files", s->n_files);
    put_years(j, s, year);
    if (s->code != UINT32_MAX) bb_json_put_int(j, "code", s->code);
    if (s->joined) bb_json_put_bool(j, "joined", 1);
    if (s->preliminary) bb_json_put_bool(j, "preliminary", 1);
    if (s->derived) bb_json_put_bool(j, "derived", 1);
    bb_json_close(j, '}');
}

static void put_joins(struct bb_json *j, const struct bb_ledger *l)
{
    bb_json_key(j, "joins");
    bb_json_open(j, '[');
    for (size_t i = 0; i < l->n_joins; i++) {
        bb_json_open(j, '[');
        bb_json_int(j, l->joins[i].code);
        for (int v = 0; v < BB_N_VALUES; v++) bb_json_int(j, l->joins[i].of[v]);
        bb_json_close(j, ']');
    }
    bb_json_close(j, ']');
}

/* The same content given twice under one name. */
static void leave_out_repeated(struct bb_ledger *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n_sources; i++)
        if (n == 0 || !same_source(&l->sources[n - 1], &l->sources[i]) || l->sources[i].code != UINT32_MAX)
            l->sources[n++] = l->sources[i];
    l->n_sources = n;
}

int bb_ledger_write(struct bb_ledger *l, struct bb_buf *out)
{
    struct bb_json j;
    char name[64];
    bb_dataset_name(&l->dataset, l->half, name);
    if (l->n_sources) qsort(l->sources, l->n_sources, sizeof *l->sources, by_name);
    leave_out_repeated(l);
    bb_json_init(&j, out, 0);
    bb_json_open(&j, '{');
    bb_json_put_cstr(&j, "busbar", BUSBAR_VERSION);
    bb_json_put_cstr(&j, "iso", bb_iso_infos[l->dataset.iso].name);
    bb_json_put_cstr(&j, "dataset", name);
    bb_json_put_int(&j, "year", l->year);
    bb_json_put_int(&j, "rows", (int64_t)l->rows);
    bb_json_put_int(&j, "duplicates", (int64_t)l->duplicates);
    bb_json_put_int(&j, "revisions", (int64_t)l->revisions);
    bb_json_key(&j, "sources");
    bb_json_open(&j, '[');
    for (size_t i = 0; i < l->n_sources; i++) {
        put_source(&j, &l->sources[i], l->year);
    }
    bb_json_close(&j, ']');
    if (l->n_joins) put_joins(&j, l);
    bb_json_close(&j, '}');
    return bb_json_ok(&j);
}
