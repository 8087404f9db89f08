#include "convert/known.h"

#include "base/hash.h"
#include "lake/ledger.h"
#include "parquet/pq_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_NBYTES ((size_t)64 << 10)

struct old_source {
    struct bb_old_text *text; /* leaf: name and member */
    char hash[33];
    const char *report, *data_source;
    uint64_t content_nbytes;
    int64_t publication_utc_s;
    uint32_t first_utc_s, last_utc_s, n_files;
    int year;                         /* of the file that lists it */
    struct bb_year_set years, listed; /* of its rows; that the lake has in full */
    uint8_t replaced, joined, preliminary, derived, identity_is_id;
};

struct loading { /* one dataset */
    struct bb_run *run;
    struct bb_plan *plan;
    int year; /* of the ledger being read */
    struct old_source *list;
    size_t n, cap;
    size_t n_read_again; /* inputs whose content the ledger names, but that must be read */
};

/* ---- ledgers ---- */

static void find_report(struct bb_str id, struct old_source *o)
{
    struct bb_format_info f = bb_format_info_named(id);
    o->report = f.report ? f.report : "unknown"; /* of a later busbar */
    o->data_source = f.report ? f.data_source : "unknown";
    o->identity_is_id = (uint8_t)f.id_is_identity;
}

static enum bb_status keep_names(struct loading *l, const struct bb_ledger_source *s, struct bb_old_text **text_ret,
                                 struct bb_error *err)
{
    struct bb_old_text *t = bb_calloc(&l->run->budget, sizeof *t + s->name.n + s->member.n);
    struct bb_str member;
    if (!t) return bb_fail_budget(err, &l->run->budget, "the lake's list of sources");
    memcpy(t->text, s->name.p, s->name.n);
    if (s->member.n) memcpy(t->text + s->name.n, s->member.p, s->member.n);
    member = (struct bb_str){ t->text + s->name.n, s->member.n };
    t->leaf.path = (struct bb_str){ t->text, s->name.n };
    t->leaf.member = member;
    t->leaf.name = member.n ? bb_path_base(member) : t->leaf.path;
    t->next = l->plan->old_texts;
    l->plan->old_texts = t;
    *text_ret = t;
    return BB_OK;
}

static enum bb_status on_source(void *ctx, const struct bb_ledger_source *s, struct bb_error *err)
{
    struct loading *l = ctx;
    struct old_source *o;
    if (!bb_grow(&l->run->budget, (void **)&l->list, &l->cap, l->n + 1, sizeof *l->list))
        return bb_fail_budget(err, &l->run->budget, "the lake's list of sources");
    o = &l->list[l->n];
    *o = (struct old_source){ .content_nbytes = s->content_nbytes,
                              .publication_utc_s = s->publication_utc_s,
                              .first_utc_s = s->first_utc_s,
                              .last_utc_s = s->last_utc_s,
                              .n_files = s->n_files,
                              .year = l->year,
                              .years = s->years,
                              .joined = s->joined,
                              .preliminary = s->preliminary,
                              .derived = s->derived };
    memcpy(o->hash, s->hash, sizeof o->hash);
    bb_year_set_add(&o->years, l->year);
    find_report(s->report, o);
    BB_TRY(keep_names(l, s, &o->text, err));
    l->n++;
    return BB_OK;
}

static enum bb_status read_ledger(struct loading *l, const char *path, struct bb_error *err)
{
    const struct bb_ledger_reading reading = { .on_source = on_source, .ctx = l };
    struct bb_pq_reader *reader;
    struct bb_ledger head;
    struct bb_str json;
    enum bb_status status;
    if (access(path, F_OK) != 0) return BB_OK;
    status = bb_pq_reader_open_head(path, &l->run->budget, &reader, err);
    if (status == BB_SKIP)
        status =
            bb_fail_prefix(err, "%s is no readable lake file; move it away or rebuild it with --rebuild", path),
        status = bb_fail_as(err, BB_IO);
    if (status != BB_OK) return status;
    json = bb_pq_reader_kv(reader, "busbar.ledger");
    if (!json.p)
        status = bb_fail(err, BB_IO, "%s has no ledger: busbar did not write it; move it away", path);
    else
        status = bb_ledger_read(json, &reading, &l->run->budget, &head, err);
    if (status == BB_SKIP) bb_fail_prefix(err, "%s", path), status = bb_fail_as(err, BB_IO);
    bb_pq_reader_close(reader);
    return status;
}

static int posting_cmp(const struct old_source *a, const struct old_source *b)
{
    int c = bb_str_cmp(a->text->leaf.path, b->text->leaf.path);
    if (c == 0) c = bb_str_cmp(a->text->leaf.member, b->text->leaf.member);
    if (c == 0) c = strcmp(a->hash, b->hash);
    if (c == 0) c = a->publication_utc_s < b->publication_utc_s ? -1 : a->publication_utc_s > b->publication_utc_s;
    return c;
}

static int by_posting_and_year(const void *a_, const void *b_)
{
    const struct old_source *a = a_, *b = b_;
    int c = posting_cmp(a, b);
    return c ? c : a->year - b->year;
}

/* One entry per posting of a content, however many files of the lake list it; a year counts as listed when all its files do: a run may have
 * been killed between two of them. */
static void fold(struct loading *l)
{
    size_t n = 0;
    if (l->n) qsort(l->list, l->n, sizeof *l->list, by_posting_and_year);
    for (size_t i = 0; i < l->n;) {
        struct old_source *to = &l->list[n];
        *to = l->list[i];
        for (size_t first = i; i < l->n && (i == first || posting_cmp(to, &l->list[i]) == 0);) {
            int year = l->list[i].year;
            uint32_t n_listed = 0, n_files = 0;
            for (; i < l->n && l->list[i].year == year && (i == first || posting_cmp(to, &l->list[i]) == 0); i++) {
                const struct old_source *from = &l->list[i];
                n_listed++;
                n_files = BB_MAX(n_files, from->n_files);
                bb_year_set_join(&to->years, &from->years);
                to->first_utc_s = BB_MIN(to->first_utc_s, from->first_utc_s);
                to->last_utc_s = BB_MAX(to->last_utc_s, from->last_utc_s);
            }
            if (n_listed >= n_files) bb_year_set_add(&to->listed, year);
        }
        n++;
    }
    l->n = n;
}

static enum bb_status load_dataset(struct loading *l, const struct bb_dataset *d, struct bb_error *err)
{
    int first_half = d->kind == BB_ENERGY ? BB_HUB : BB_AS, last_half = d->kind == BB_ENERGY ? BB_NODAL : BB_AS;
    for (int half = first_half; half <= last_half; half++)
        for (int year = BB_FIRST_YEAR; year <= BB_LAST_YEAR; year++) {
            char path[BB_PATH_MAX];
            bb_lake_path(bb_lake_root(l->run->lake), l->run->style.hive, d, (enum bb_half)half, year, path);
            l->year = year;
            BB_TRY(read_ledger(l, path, err));
        }
    fold(l);
    return BB_OK;
}

/* ---- which inputs are in them ---- */

enum bb_status bb_known_hash(struct bb_run *run, const struct bb_leaf *leaf, char hash[33], struct bb_error *err)
{
    struct bb_stream *stream;
    struct bb_hasher *hasher = bb_hasher_new(&run->budget);
    char *text = bb_alloc(&run->budget, READ_NBYTES);
    enum bb_status status = hasher && text ? bb_stream_open(leaf, &run->budget, &stream, err)
                                           : bb_fail_budget(err, &run->budget, "comparing files of one name");
    if (status == BB_OK) {
        do {
            size_t got = 0;
            status = bb_stream_read(stream, text, READ_NBYTES, &got, err);
            bb_hasher_update(hasher, text, got);
        } while (status == BB_OK && !bb_run_stopped(run));
        bb_stream_close(stream);
        if (status == BB_EOF || status == BB_SKIP) status = BB_OK; /* damage is reported when the file is read */
        bb_hasher_hex(hasher, hash);
    }
    bb_hasher_free(hasher);
    bb_free(text);
    return status;
}

static struct bb_str ledger_name(const struct bb_leaf *leaf)
{
    return leaf->member.n ? bb_path_base(leaf->path) : leaf->name;
}

/* The entries of one name stand together. */
static size_t first_of_name(const struct loading *l, const struct bb_leaf *leaf)
{
    struct bb_str name = ledger_name(leaf);
    size_t low = 0, high = l->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int c = bb_str_cmp(l->list[mid].text->leaf.path, name);
        if (c == 0) c = bb_str_cmp(l->list[mid].text->leaf.member, leaf->member);
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static int same_name(const struct old_source *o, const struct bb_leaf *leaf)
{
    return bb_str_eq(o->text->leaf.path, ledger_name(leaf)) && bb_str_eq(o->text->leaf.member, leaf->member);
}

/* The file had other content when it was last converted: that content is an earlier posting now, so that where both have a row, the new one
 * wins. Rows that only the earlier content had stay: the same path may be used for one day after the other. */
static void note_change(struct loading *l, const struct bb_plan_source *s, struct bb_seen *seen)
{
    char before[33], text[1024];
    if (!bb_seen_before(seen, s->leaf, before) || strcmp(before, s->hash) == 0) return;
    for (size_t i = first_of_name(l, s->leaf); i < l->n && same_name(&l->list[i], s->leaf); i++) {
        struct old_source *o = &l->list[i];
        if (strcmp(o->hash, before) != 0) continue;
        o->replaced = 1;
        if (s->first_utc_s < o->first_utc_s || s->first_utc_s > o->last_utc_s)
            continue; /* other days: nothing to say */
        snprintf(text, sizeof text,
                 "%.*s%s%.*s changed since it was converted: its rows replace those it had given; rows that it no "
                 "longer has stay in the "
                 "lake (--rebuild with all files starts over)",
                 (int)BB_MIN(s->leaf->path.n, 400u), s->leaf->path.p, s->leaf->member.n ? ": " : "",
                 (int)BB_MIN(s->leaf->member.n, 300u), s->leaf->member.n ? s->leaf->member.p : "");
        bb_run_warn(l->run, text);
    }
}

static int wants_more(const struct loading *l, const struct old_source *o)
{
    for (int year = BB_FIRST_YEAR; year <= BB_LAST_YEAR; year++)
        if (bb_year_set_has(&o->years, year) && !bb_year_set_has(&o->listed, year) &&
            bb_run_wants_year(l->run, year))
            return 1;
    return 0;
}

/* No ledger names a file that gave no row: one is passed over while --year still leaves out all its rows. */
static int is_filtered_out(const struct loading *l, const struct bb_plan_source *s, struct bb_seen *seen)
{
    struct bb_year_set years;
    if (!bb_seen_years(seen, s->leaf, &years)) return 0;
    for (int year = BB_FIRST_YEAR; year <= BB_LAST_YEAR; year++)
        if (bb_year_set_has(&years, year) && bb_run_wants_year(l->run, year)) return 0;
    return 1;
}

/* Not known: *held_ret has the years that the lake holds all the same. */
static enum bb_status is_known(struct loading *l, struct bb_plan_source *s, struct bb_seen *seen, int *known_ret,
                               struct bb_year_set *held_ret, struct bb_error *err)
{
    *known_ret = is_filtered_out(l, s, seen);
    if (*known_ret) return BB_OK;
    for (size_t i = first_of_name(l, s->leaf); i < l->n && same_name(&l->list[i], s->leaf); i++) {
        const struct old_source *o = &l->list[i];
        if (s->leaf->size && s->leaf->size != o->content_nbytes) continue;
        if (!s->hash[0] && !bb_seen_find(seen, s->leaf, s->hash))
            BB_TRY(bb_known_hash(l->run, s->leaf, s->hash, err));
        if (strcmp(s->hash, o->hash) != 0 || o->publication_utc_s < s->publication_utc_s)
            continue; /* posted anew: it may win now */
        *known_ret = !wants_more(l, o);
        *held_ret = o->listed;
        l->n_read_again += !*known_ret;
        return BB_OK;
    }
    note_change(l, s, seen);
    return BB_OK;
}

static void remove_dataset(struct bb_plan_source *s, const struct bb_dataset *d)
{
    uint8_t n = 0;
    for (int k = 0; k < s->n_datasets; k++)
        if (bb_dataset_cmp(&s->datasets[k], d) != 0) s->held[n] = s->held[k], s->datasets[n++] = s->datasets[k];
    s->n_datasets = n;
}

static enum bb_status apply_dataset(struct loading *l, const struct bb_dataset *d, struct bb_seen *seen,
                                    int *anything_new, struct bb_error *err)
{
    *anything_new = 0;
    for (size_t i = 0; i < l->plan->n_sources; i++) {
        struct bb_plan_source *s = &l->plan->sources[i];
        int k = 0, known = 0;
        while (k < s->n_datasets && bb_dataset_cmp(&s->datasets[k], d) != 0) k++;
        if (k == s->n_datasets || s->old) continue;
        if (bb_run_stopped(l->run)) return bb_fail(err, BB_INTERRUPTED, "interrupted");
        BB_TRY(is_known(l, s, seen, &known, &s->held[k], err));
        if (known)
            remove_dataset(s, d);
        else
            *anything_new = 1;
        if (known && s->n_datasets == 0) l->run->result->files_skipped++;
    }
    return BB_OK;
}

/* An input that is read again although the ledger names its content (it was filtered, or a run was killed between two files): the rows that it
 * gave then are its rows now. */
static int is_read_again(const struct loading *l, const struct old_source *o, const struct bb_dataset *d,
                         size_t n_inputs)
{
    for (size_t i = 0; i < n_inputs; i++) {
        const struct bb_plan_source *s = &l->plan->sources[i];
        int has = 0;
        if (s->old || strcmp(s->hash, o->hash) != 0 || s->publication_utc_s != o->publication_utc_s ||
            !same_name(o, s->leaf))
            continue;
        for (int k = 0; k < s->n_datasets; k++) has |= bb_dataset_cmp(&s->datasets[k], d) == 0;
        if (has) return 1;
    }
    return 0;
}

static enum bb_status append_old(struct loading *l, const struct bb_dataset *d, struct bb_error *err)
{
    size_t n_inputs = l->plan->n_sources;
    for (size_t i = 0; i < l->n; i++) {
        const struct old_source *o = &l->list[i];
        if (l->n_read_again && is_read_again(l, o, d, n_inputs)) continue;
        struct bb_plan_source s = { .leaf = &o->text->leaf,
                                    .report = o->report,
                                    .data_source = o->data_source,
                                    .datasets = { *d },
                                    .n_datasets = 1,
                                    .derive_energy = o->derived,
                                    .first_utc_s = o->first_utc_s,
                                    .publication_utc_s = o->publication_utc_s,
                                    .content_nbytes = o->content_nbytes,
                                    .old = 1,
                                    .replaced = o->replaced,
                                    .joined = o->joined,
                                    .preliminary = o->preliminary,
                                    .identity_is_id = o->identity_is_id };
        memcpy(s.hash, o->hash, sizeof s.hash);
        if (!bb_grow(&l->run->budget, (void **)&l->plan->sources, &l->plan->cap_sources, l->plan->n_sources + 1,
                     sizeof *l->plan->sources))
            return bb_fail_budget(err, &l->run->budget, "the lake's list of sources");
        l->plan->sources[l->plan->n_sources++] = s;
    }
    return BB_OK;
}

enum bb_status bb_known_apply(struct bb_run *run, struct bb_plan *plan, const struct bb_dataset *datasets,
                              size_t n_datasets, struct bb_seen *seen, struct bb_error *err)
{
    for (size_t i = 0; i < n_datasets; i++) {
        struct loading l = { .run = run, .plan = plan };
        int anything_new = 0;
        enum bb_status status = load_dataset(&l, &datasets[i], err);
        if (status == BB_OK) status = apply_dataset(&l, &datasets[i], seen, &anything_new, err);
        if (status == BB_OK && anything_new) status = append_old(&l, &datasets[i], err);
        bb_free(l.list);
        if (status != BB_OK) return status;
    }
    return BB_OK;
}
