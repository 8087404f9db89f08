#include "convert/verify_quality.h"

#include "base/json_pull.h"
#include "convert/lake_file.h"
#include "lake/intent.h"
#include "lake/quality_view.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define JSON_MAX_NBYTES ((size_t)256 << 20)

static void problem(struct bb_verify_quality *v, const char *where, const char *fmt, ...) BB_PRINTF(3, 4);
static void problem(struct bb_verify_quality *v, const char *where, const char *fmt, ...)
{
    char what[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    v->n_problems++;
    v->on_problem(v->ctx, where, what);
}

/* ---- the stored state ---- */

static void compare_count(struct bb_verify_quality *v, size_t group, const char *what, uint64_t says, uint64_t is)
{
    char where[64];
    if (says == is) return;
    snprintf(where, sizeof where, "quality, row group %zu", group);
    problem(v, where, "says %llu %s, the rows say %llu", (unsigned long long)says, what, (unsigned long long)is);
}

static void compare_extremes(struct bb_verify_quality *v, size_t group, const char *what,
                             const struct bb_quality_state *a, const struct bb_quality_extreme *says,
                             unsigned n_says, const struct bb_quality_state *b, const struct bb_quality_extreme *is,
                             unsigned n_is)
{
    char where[64], time[BB_TIME_TEXT];
    snprintf(where, sizeof where, "quality, row group %zu", group);
    if (n_says != n_is) {
        problem(v, where, "lists %u %s prices, the rows give %u", n_says, what, n_is);
        return;
    }
    for (unsigned i = 0; i < n_is; i++) {
        const struct bb_place_key *at = &a->entries[says[i].entry].key, *want = &b->entries[is[i].entry].key;
        if (says[i].start_utc_s == is[i].start_utc_s && says[i].price == is[i].price &&
            bb_str_eq(at->name, want->name) && bb_str_eq(at->id, want->id))
            continue;
        problem(v, where, "%s price number %u is not %g of \"%.*s\" at %s", what, i + 1, is[i].price,
                BB_STR_ARG(want->name), bb_utc_text(is[i].start_utc_s, time));
        return;
    }
}

static void compare_groups(struct bb_verify_quality *v, const struct bb_quality_state *stored,
                           const struct bb_quality_state *rescan)
{
    if (stored->n_groups != rescan->n_groups) {
        problem(v, "quality, row groups", "says %zu, the file has %zu", stored->n_groups, rescan->n_groups);
        return;
    }
    for (size_t g = 0; g < rescan->n_groups; g++) {
        const struct bb_quality_group *a = &stored->groups[g], *b = &rescan->groups[g];
        compare_count(v, g, "rows", a->rows, b->rows);
        compare_count(v, g, "rows without a price", a->null_prices, b->null_prices);
        compare_count(v, g, "prices outside of -1000 … 10000", a->outside, b->outside);
        compare_count(v, g, "component sums checked", a->sums_checked, b->sums_checked);
        compare_count(v, g, "component sums off", a->sums_off, b->sums_off);
        if (!(a->largest_sum_error == b->largest_sum_error)) {
            char where[64];
            snprintf(where, sizeof where, "quality, row group %zu", g);
            problem(v, where, "says the largest difference of a component sum is %g, the rows say %g",
                    a->largest_sum_error, b->largest_sum_error);
        }
        compare_extremes(v, g, "highest", stored, a->high, a->n_high, rescan, b->high, b->n_high);
        compare_extremes(v, g, "lowest", stored, a->low, a->n_low, rescan, b->low, b->n_low);
    }
}

/* The first slot that only one of the two has. */
static int compare_slots(struct bb_verify_quality *v, const struct bb_quality_state *stored,
                         const struct bb_quality_state *rescan)
{
    char time[BB_TIME_TEXT];
    for (size_t i = 0; i < BB_MAX(stored->n_slots, rescan->n_slots); i++) {
        const struct bb_quality_slots *a = i < stored->n_slots ? &stored->slots[i] : NULL,
                                      *b = i < rescan->n_slots ? &rescan->slots[i] : NULL;
        uint32_t slot;
        int stored_has;
        if (a && b && a->first == b->first && a->last == b->last) continue;
        if (!a || !b || a->first != b->first) {
            stored_has = a && (!b || a->first < b->first);
            slot = stored_has ? a->first : b->first;
        } else {
            stored_has = a->last > b->last;
            slot = BB_MIN(a->last, b->last) + 1;
        }
        problem(v, "quality, intervals", "says that the interval at %s has %s, but it has %s",
                bb_utc_text(bb_quality_slot_utc_s(rescan, slot), time), stored_has ? "rows" : "none",
                stored_has ? "none" : "some");
        return 0;
    }
    return 1;
}

static int spelling_cmp(const struct bb_place_key *a, const struct bb_place_key *b)
{
    double va = isnan(a->voltage_kv) ? -1.0 : a->voltage_kv, vb = isnan(b->voltage_kv) ? -1.0 : b->voltage_kv;
    int c = bb_str_cmp(a->name, b->name);
    if (c == 0) c = bb_str_cmp(a->id, b->id);
    if (c == 0) c = bb_str_cmp(a->zone, b->zone);
    if (c == 0) c = (int)a->type - (int)b->type;
    if (c == 0 && va != vb) c = va < vb ? -1 : 1;
    return c ? c : bb_str_cmp(a->unit, b->unit);
}

static int by_spelling(const void *a_, const void *b_)
{
    const struct bb_quality_entry *a = *(const struct bb_quality_entry *const *)a_,
                                  *b = *(const struct bb_quality_entry *const *)b_;
    return spelling_cmp(&a->key, &b->key);
}

/* Every spelling in the rows is one of the state's; *same_ret 0 when one is not. */
static enum bb_status take_identities(struct bb_verify_quality *v, const struct bb_quality_state *stored,
                                      struct bb_quality_state *rescan, int *same_ret, struct bb_error *err)
{
    const struct bb_quality_entry **sorted = bb_alloc(v->budget, (stored->n_entries + 1) * sizeof *sorted);
    if (!sorted) return bb_fail_budget(err, v->budget, "the quality of a file");
    for (size_t i = 0; i < stored->n_entries; i++) sorted[i] = &stored->entries[i];
    if (stored->n_entries) qsort(sorted, stored->n_entries, sizeof *sorted, by_spelling);
    *same_ret = 1;
    for (size_t i = 0; i < rescan->n_entries && *same_ret; i++) {
        struct bb_quality_entry *e = &rescan->entries[i];
        const struct bb_quality_entry *key = e, *const *found = bsearch(&key, sorted, stored->n_entries,
                                                                        sizeof *sorted, by_spelling);
        if (found) {
            e->key.identity = (*found)->key.identity;
            continue;
        }
        problem(v, "quality, locations",
                "\"%.*s\" (%.*s) has rows with attributes that the quality state does not know",
                BB_STR_ARG(e->key.name), BB_STR_ARG(e->key.id));
        *same_ret = 0;
    }
    bb_free(sorted);
    return BB_OK;
}

static int by_identity(const void *a_, const void *b_)
{
    const struct bb_quality_location *a = a_, *b = b_;
    return bb_str_cmp(a->entry->key.identity, b->entry->key.identity);
}

static void compare_location(struct bb_verify_quality *v, const struct bb_quality_view *stored,
                             const struct bb_quality_location *a, const struct bb_quality_view *rescan,
                             const struct bb_quality_location *b, int with_ranges)
{
    char where[256], says[BB_TIME_TEXT], is[BB_TIME_TEXT];
    const struct bb_place_key *key = &b->entry->key;
    snprintf(where, sizeof where, "quality, location %.*s%s%.*s", (int)BB_MIN(key->name.n, (size_t)150),
             key->name.p, key->id.n ? " " : "", (int)BB_MIN(key->id.n, (size_t)60), key->id.n ? key->id.p : "");
    if (a->first_utc_s != b->first_utc_s)
        problem(v, where, "says it begins at %s, its rows begin at %s", bb_utc_text(a->first_utc_s, says),
                bb_utc_text(b->first_utc_s, is));
    if (a->last_utc_s != b->last_utc_s)
        problem(v, where, "says it ends at %s, its rows end at %s", bb_utc_text(a->last_utc_s, says),
                bb_utc_text(b->last_utc_s, is));
    if (with_ranges &&
        (a->n_ranges != b->n_ranges || memcmp(stored->ranges.p + a->first_range, rescan->ranges.p + b->first_range,
                                              a->n_ranges * sizeof *stored->ranges.p) != 0))
        problem(v, where, "says it has %u intervals with %zu gaps, its rows are %u with %zu gaps, or elsewhere",
                (unsigned)a->n_seen, a->n_ranges - 1, (unsigned)b->n_seen, b->n_ranges - 1);
}

static void compare_views(struct bb_verify_quality *v, struct bb_quality_view *stored,
                          struct bb_quality_view *rescan)
{
    int with_ranges = !stored->state->n_unlisted_gaps && !rescan->state->n_unlisted_gaps;
    if (stored->n_locations) qsort(stored->locations, stored->n_locations, sizeof *stored->locations, by_identity);
    if (rescan->n_locations) qsort(rescan->locations, rescan->n_locations, sizeof *rescan->locations, by_identity);
    for (size_t i = 0, k = 0; i < stored->n_locations || k < rescan->n_locations;) {
        const struct bb_quality_location *a = i < stored->n_locations ? &stored->locations[i] : NULL,
                                         *b = k < rescan->n_locations ? &rescan->locations[k] : NULL;
        int order = !a ? 1 : !b ? -1 : by_identity(a, b);
        if (order < 0)
            problem(v, "quality, locations", "\"%.*s\" (%.*s) has no rows", BB_STR_ARG(a->entry->key.name),
                    BB_STR_ARG(a->entry->key.id));
        else if (order > 0)
            problem(v, "quality, locations", "\"%.*s\" (%.*s) has rows and is not there",
                    BB_STR_ARG(b->entry->key.name), BB_STR_ARG(b->entry->key.id));
        else
            compare_location(v, stored, a, rescan, b, with_ranges);
        i += order <= 0;
        k += order >= 0;
    }
}

static enum bb_status compare_presence(struct bb_verify_quality *v, const struct bb_quality_state *stored,
                                       struct bb_quality_state *rescan, struct bb_error *err)
{
    struct bb_quality_view a, b;
    enum bb_status status;
    int same = 0;
    BB_TRY(take_identities(v, stored, rescan, &same, err));
    if (!same) return BB_OK;
    BB_TRY(bb_quality_view_init(&a, stored, v->budget, err));
    status = bb_quality_view_init(&b, rescan, v->budget, err);
    if (status == BB_OK) {
        compare_views(v, &a, &b);
        bb_quality_view_reset(&b);
    }
    bb_quality_view_reset(&a);
    return status;
}

static enum bb_status compare_states(struct bb_verify_quality *v, const struct bb_quality_state *stored,
                                     struct bb_quality_state *rescan, struct bb_error *err)
{
    if (bb_dataset_cmp(&stored->dataset, &rescan->dataset) != 0 || stored->half != rescan->half ||
        stored->year != rescan->year || stored->base_utc_s != rescan->base_utc_s) {
        problem(v, "quality", "is that of another dataset or year");
        return BB_OK;
    }
    compare_groups(v, stored, rescan);
    return compare_slots(v, stored, rescan) ? compare_presence(v, stored, rescan, err) : BB_OK;
}

/* ---- LAKE/quality/… ---- */

struct facts {
    struct bb_verify_quality *v;
    struct bb_quality_facts facts;
    struct bb_quality_source *sources;
    struct bb_quality_reject *rejects;
    size_t cap_sources, cap_rejects;
    struct bb_buf text; /* one after the other; at: where each begins */
    size_t *at;
    size_t n_at, cap_at;
};

static int keep_text(struct facts *f, struct bb_str text)
{
    if (!bb_grow(f->v->budget, (void **)&f->at, &f->cap_at, f->n_at + 1, sizeof *f->at)) return 0;
    f->at[f->n_at++] = f->text.n;
    return bb_buf_put(&f->text, text.p, text.n);
}

static struct bb_str kept_text(const struct facts *f, size_t i)
{
    size_t end = i + 1 < f->n_at ? f->at[i + 1] : f->text.n;
    return (struct bb_str){ f->text.p ? f->text.p + f->at[i] : "", end - f->at[i] };
}

static enum bb_status on_source(void *ctx, const struct bb_ledger_source *s, struct bb_error *err)
{
    struct facts *f = ctx;
    if (f->facts.n_sources++ >= BB_QUALITY_LISTED_SOURCES) return BB_OK;
    if (!bb_grow(f->v->budget, (void **)&f->sources, &f->cap_sources, f->facts.n_sources, sizeof *f->sources) ||
        !keep_text(f, s->name) || !keep_text(f, s->member) || !keep_text(f, s->report))
        return bb_fail_budget(err, f->v->budget, "the list of sources");
    f->sources[f->facts.n_sources - 1] =
        (struct bb_quality_source){ .rows = s->rows, .first_utc_s = s->first_utc_s, .last_utc_s = s->last_utc_s };
    return BB_OK;
}

/* Rejects stand nowhere else: they are taken as the JSON has them. */
static enum bb_status read_rejects(struct facts *f, struct bb_str json, struct bb_error *err)
{
    struct bb_json_pull p;
    struct bb_buf word;
    enum bb_json_token token;
    enum bb_status status = BB_OK;
    int inside = 0, is_reason = 0;
    bb_buf_init(&word, f->v->budget, (size_t)1 << 20);
    bb_json_pull_init(&p, json);
    while (status == BB_OK && (token = bb_json_pull_next(&p)) != BB_JSON_END && token != BB_JSON_ERROR) {
        word.n = 0;
        if ((token == BB_JSON_KEY || token == BB_JSON_STRING) && !bb_json_pull_text(&p, &word))
            status = bb_fail_budget(err, f->v->budget, "a quality file");
        else if (token == BB_JSON_KEY && p.depth == 1)
            inside = bb_str_is(bb_buf_str(&word), "rejects");
        else if (token == BB_JSON_KEY)
            is_reason = bb_str_is(bb_buf_str(&word), "reason");
        else if (inside && token == BB_JSON_STRING && is_reason) {
            if (!bb_grow(f->v->budget, (void **)&f->rejects, &f->cap_rejects, f->facts.n_rejects + 1,
                         sizeof *f->rejects) ||
                !keep_text(f, bb_buf_str(&word)))
                status = bb_fail_budget(err, f->v->budget, "a quality file");
            else
                f->rejects[f->facts.n_rejects++] = (struct bb_quality_reject){ .n = 0 };
        } else if (inside && token == BB_JSON_NUMBER && !is_reason && f->facts.n_rejects) {
            f->rejects[f->facts.n_rejects - 1].n = (uint64_t)bb_json_pull_int(&p);
        }
    }
    bb_buf_reset(&word);
    return status;
}

static enum bb_status gather_facts(struct facts *f, struct bb_str json, struct bb_error *err)
{
    struct bb_ledger_reading reading = { on_source, NULL, f };
    struct bb_ledger ignored;
    size_t n_listed;
    BB_TRY(bb_ledger_read(bb_pq_reader_kv(f->v->reader, "busbar.ledger"), &reading, f->v->budget, &ignored, err));
    BB_TRY(read_rejects(f, json, err));
    n_listed = BB_MIN(f->facts.n_sources, (size_t)BB_QUALITY_LISTED_SOURCES);
    for (size_t i = 0; i < n_listed; i++) {
        f->sources[i].name = kept_text(f, 3 * i);
        f->sources[i].member = kept_text(f, 3 * i + 1);
        f->sources[i].report = kept_text(f, 3 * i + 2);
    }
    for (size_t i = 0; i < f->facts.n_rejects; i++) f->rejects[i].reason = kept_text(f, 3 * n_listed + i);
    f->facts.sources = f->sources;
    f->facts.rejects = f->rejects;
    f->facts.duplicates = f->v->head->duplicates;
    f->facts.revisions = f->v->head->revisions;
    return BB_OK;
}

/* The lake that path lies in, by its layout; 0: in none. */
static int lake_of(const struct bb_verify_quality *v, int hive, char root[BB_PATH_MAX])
{
    char below[BB_PATH_MAX], here[BB_PATH_MAX];
    size_t n_below, n;
    int length;
    bb_lake_path("", hive, &v->head->dataset, v->head->half, v->head->year, below);
    if (*v->path == '/')
        length = snprintf(root, BB_PATH_MAX, "%s", v->path);
    else if (getcwd(here, sizeof here))
        length = snprintf(root, BB_PATH_MAX, "%s/%s", here, v->path);
    else
        return 0;
    if (length < 0 || length >= BB_PATH_MAX) return 0;
    n = (size_t)length;
    n_below = strlen(below);
    if (n < n_below || strcmp(root + n - n_below, below) != 0) return 0;
    root[n - n_below] = '\0';
    return 1;
}

/* A run may be at work, or was killed while it gave files their names: then what lies there need not belong together. */
static int is_moving(const struct bb_verify_quality *v, const char *root)
{
    struct stat now;
    return bb_intent_is_declared(root) || stat(v->path, &now) != 0 || now.st_ino != v->before.st_ino ||
           now.st_dev != v->before.st_dev;
}

static int other_layout_has_it(const struct bb_verify_quality *v, const char *root, int hive)
{
    char path[BB_PATH_MAX];
    struct stat st;
    bb_lake_path(root, !hive, &v->head->dataset, v->head->half, v->head->year, path);
    return stat(path, &st) == 0;
}

static enum bb_status read_text(const char *path, struct bb_buf *out, struct bb_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? BB_EOF : bb_fail_errno(err, BB_IO, errno, "%s: cannot be opened", path);
    for (;;) {
        ssize_t n;
        if (!bb_buf_reserve(out, (size_t)64 << 10)) {
            close(fd);
            return bb_fail_budget(err, out->budget, "a quality file");
        }
        n = read(fd, out->p + out->n, (size_t)64 << 10);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            int why = errno;
            close(fd);
            return bb_fail_errno(err, BB_IO, why, "%s: cannot be read", path);
        }
        if (n == 0) break;
        out->n += (size_t)n;
    }
    close(fd);
    return BB_OK;
}

static struct bb_str trimmed_line(struct bb_str text, size_t from)
{
    const char *p = text.p + from, *end = from < text.n ? memchr(p, '\n', text.n - from) : NULL;
    struct bb_str line = { p, end ? (size_t)(end - p) : text.n - from };
    while (line.n && *line.p == ' ') line.p++, line.n--;
    line.n = BB_MIN(line.n, (size_t)150);
    return line;
}

/* The first line that differs. */
static void tell_line(struct bb_verify_quality *v, const char *json_path, struct bb_str says, struct bb_str is)
{
    size_t at = 0, line_at = 0, line = 1;
    char where[BB_PATH_MAX + 32];
    struct bb_str a, b;
    for (; at < says.n && at < is.n && says.p[at] == is.p[at]; at++)
        if (says.p[at] == '\n') line++, line_at = at + 1;
    a = trimmed_line(says, line_at);
    b = trimmed_line(is, line_at);
    snprintf(where, sizeof where, "%s, line %zu", json_path, line);
    problem(v, where, "says %.*s where the file's rows and ledger give %.*s", BB_STR_ARG(a), BB_STR_ARG(b));
}

static int same_version(const struct bb_verify_quality *v)
{
    struct bb_str ledger = bb_pq_reader_kv(v->reader, "busbar.ledger");
    return bb_str_find_nocase(ledger, BB_STR("{\"busbar\":\"" BUSBAR_VERSION "\"")) == ledger.p;
}

static enum bb_status check_json_at(struct bb_verify_quality *v, const char *root, int hive,
                                    const struct bb_quality_state *stored, struct bb_error *err)
{
    struct facts f = { .v = v };
    struct bb_buf says, is;
    char path[BB_PATH_MAX];
    enum bb_status status;
    bb_buf_init(&says, v->budget, JSON_MAX_NBYTES);
    bb_buf_init(&is, v->budget, JSON_MAX_NBYTES);
    bb_buf_init(&f.text, v->budget, JSON_MAX_NBYTES);
    bb_quality_path(root, &v->head->dataset, v->head->half, v->head->year, path);
    status = read_text(path, &says, err);
    if (status == BB_EOF) {
        if (!is_moving(v, root)) problem(v, path, "the quality file is missing");
        status = BB_OK;
    } else if (status == BB_OK) {
        status = gather_facts(&f, bb_buf_str(&says), err);
        if (status == BB_OK) status = bb_quality_json(stored, v->zone, &f.facts, v->budget, &is, err);
        if (status == BB_OK && !bb_str_eq(bb_buf_str(&says), bb_buf_str(&is)) && !is_moving(v, root) &&
            !other_layout_has_it(v, root, hive))
            tell_line(v, path, bb_buf_str(&says), bb_buf_str(&is));
    }
    bb_free(f.sources);
    bb_free(f.rejects);
    bb_free(f.at);
    bb_buf_reset(&f.text);
    bb_buf_reset(&says);
    bb_buf_reset(&is);
    return status;
}

enum bb_status bb_verify_quality(struct bb_verify_quality *v, struct bb_quality_state *rescan, struct bb_error *err)
{
    struct bb_quality_state *stored = NULL;
    char root[BB_PATH_MAX];
    enum bb_status status;
    if (!bb_pq_reader_kv(v->reader, "busbar.quality").p) {
        problem(v, "quality", "the file carries no quality state");
        return BB_OK;
    }
    status = bb_quality_of_file(v->path, v->reader, v->budget, &stored, err);
    if (status == BB_EOF) {
        problem(v, "quality", "the quality state is damaged, or of another version of busbar");
        return BB_OK;
    }
    BB_TRY(status);
    status = compare_states(v, stored, rescan, err);
    for (int hive = 0; hive < 2 && status == BB_OK && v->n_problems == 0; hive++)
        if (lake_of(v, hive, root) && same_version(v)) status = check_json_at(v, root, hive, stored, err);
    bb_quality_state_free(stored);
    return status;
}
