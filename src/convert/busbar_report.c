/* busbar_report: collects what the quality states of all files say, then writes the page. */
#include "convert/report_page.h"

#include <stdio.h>
#include <stdlib.h>

enum bb_report_level bb_report_level(uint64_t seen, uint64_t expected)
{
    double percent = bb_quality_percent(seen, expected);
    if (seen == 0) return BB_LEVEL_NONE;
    if (percent < 50.0) return BB_LEVEL_POOR;
    if (percent < 90.0) return BB_LEVEL_HALF;
    if (percent < 99.0) return BB_LEVEL_MOST;
    return percent < 100.0 ? BB_LEVEL_NEARLY : BB_LEVEL_ALL;
}

/* ---- collecting ---- */

static enum bb_status no_room(struct bb_report *r, struct bb_error *err)
{
    return bb_fail_budget(err, &r->budget, "the report");
}

static void name_of(const struct bb_quality_state *s, const struct bb_place_key *key, char out[BB_REPORT_NAME])
{
    if (s->dataset.kind == BB_ANCILLARY && key->id.n)
        snprintf(out, BB_REPORT_NAME, "%.*s, %.*s", BB_STR_ARG(key->name), BB_STR_ARG(key->id));
    else
        snprintf(out, BB_REPORT_NAME, "%.*s", BB_STR_ARG(key->name));
}

/* Keeps the list's longest gaps, the longest first. */
static void keep_gap(struct bb_report_gap *list, size_t *n, const struct bb_report_gap *gap)
{
    size_t at = *n;
    while (at > 0 && list[at - 1].n < gap->n) at--;
    if (at == BB_REPORT_GAPS) return;
    if (*n < BB_REPORT_GAPS) ++*n;
    memmove(list + at + 1, list + at, (*n - 1 - at) * sizeof *list);
    list[at] = *gap;
}

static void collect_gaps(struct bb_report_year *y, const struct bb_quality_view *v)
{
    const struct bb_quality_state *s = v->state;
    for (size_t i = 1; i < s->n_slots; i++) {
        struct bb_report_gap gap = { .from_utc_s = bb_quality_slot_utc_s(s, s->slots[i - 1].last + 1),
                                     .to_utc_s = bb_quality_slot_utc_s(s, s->slots[i].first),
                                     .n = s->slots[i].first - s->slots[i - 1].last - 1,
                                     .n_ranges = 1 };
        keep_gap(y->gaps_for_all, &y->n_listed_for_all, &gap);
    }
    y->n_gaps_for_all = s->n_slots ? s->n_slots - 1 : 0;
    for (size_t i = 0; i < v->n_locations; i++) {
        const struct bb_quality_location *l = &v->locations[i];
        const struct bb_quality_range *ranges = &v->ranges.p[l->first_range];
        struct bb_report_gap gap = { .n_ranges = l->n_ranges - 1 };
        if (l->n_ranges < 2) continue;
        for (size_t k = 1; k < l->n_ranges; k++) gap.n += ranges[k].first - ranges[k - 1].last - 1;
        gap.from_utc_s = bb_quality_slot_utc_s(s, bb_quality_slot_of(s, ranges[0].last + 1));
        gap.to_utc_s = bb_quality_slot_utc_s(s, bb_quality_slot_of(s, ranges[l->n_ranges - 1].first - 1) + 1);
        name_of(s, &l->entry->key, gap.name);
        keep_gap(y->gaps, &y->n_listed, &gap);
    }
}

static void keep_price(struct bb_report_price *list, unsigned *n, const struct bb_quality_state *s,
                       const struct bb_quality_extreme *e, double direction)
{
    unsigned at = *n;
    while (at > 0 && list[at - 1].price * direction < e->price * direction) at--;
    if (at == BB_QUALITY_EXTREMES) return;
    if (*n < BB_QUALITY_EXTREMES) ++*n;
    memmove(list + at + 1, list + at, (*n - 1 - at) * sizeof *list);
    list[at] = (struct bb_report_price){ .start_utc_s = e->start_utc_s, .price = e->price };
    name_of(s, &s->entries[e->entry].key, list[at].name);
}

static int hub_is_better(const struct bb_report_hub *a, const struct bb_report_hub *b)
{
    if (a->rank != b->rank) return a->rank < b->rank;
    if (a->n_seen != b->n_seen) return a->n_seen > b->n_seen;
    return strcmp(a->name, b->name) < 0;
}

/* The hubs that are shown are chosen over all years, so every year's file may push one out; a hub's count goes on over years only while it
 * stays listed, which is fine: the first year decides among many. */
static void collect_hubs(struct bb_report_dataset *d, const struct bb_quality_view *v)
{
    for (size_t i = 0; i < v->n_locations; i++) {
        const struct bb_place_key *key = &v->locations[i].entry->key;
        struct bb_report_hub hub = { .n_seen = v->locations[i].n_seen,
                                     .rank = key->type == BB_TYPE_HUB    ? 0
                                             : key->type == BB_TYPE_ZONE ? 1
                                                                         : 2 };
        size_t at = 0;
        snprintf(hub.name, sizeof hub.name, "%.*s", BB_STR_ARG(key->name));
        while (at < d->n_hubs && strcmp(d->hubs[at].name, hub.name) != 0) at++;
        if (at < d->n_hubs) {
            hub.n_seen += d->hubs[at].n_seen;
            memmove(d->hubs + at, d->hubs + at + 1, (--d->n_hubs - at) * sizeof *d->hubs);
        }
        at = d->n_hubs;
        while (at > 0 && hub_is_better(&hub, &d->hubs[at - 1])) at--;
        if (at == BB_REPORT_HUBS) continue;
        if (d->n_hubs < BB_REPORT_HUBS) d->n_hubs++;
        memmove(d->hubs + at + 1, d->hubs + at, (d->n_hubs - 1 - at) * sizeof *d->hubs);
        d->hubs[at] = hub;
    }
}

static enum bb_status collect_days(struct bb_report *r, struct bb_report_year *y, const struct bb_quality_view *v,
                                   struct bb_error *err)
{
    struct bb_quality_day *days = NULL;
    struct bb_zone *zone;
    size_t n = 0;
    enum bb_status status;
    BB_TRY(bb_zone_open(bb_iso_infos[v->state->dataset.iso].zone_name, NULL, &r->budget, &zone, err));
    status = bb_quality_days(v, zone, &r->budget, &days, &n, err);
    bb_zone_close(zone);
    BB_TRY(status);
    y->days = bb_alloc(&r->budget, (n + 1) * sizeof *y->days);
    if (!y->days) {
        bb_free(days);
        return no_room(r, err);
    }
    for (size_t i = 0; i < n; i++) {
        /* a day on which no location is expected is still a day of the file's span: its intervals are missing */
        uint64_t expected = days[i].values_expected ? days[i].values_expected : days[i].slots_expected;
        y->days[i] = (struct bb_report_day){ days[i].day, days[i].locations,
                                             (uint8_t)bb_report_level(days[i].values_seen, expected),
                                             bb_quality_percent(days[i].values_seen, expected) };
    }
    y->n_days = n;
    bb_free(days);
    return BB_OK;
}

static enum bb_status find_dataset(struct bb_report *r, const struct bb_quality_state *s,
                                   struct bb_report_dataset **d_ret, struct bb_error *err)
{
    for (size_t i = 0; i < r->n_datasets; i++)
        if (bb_dataset_cmp(&r->datasets[i].dataset, &s->dataset) == 0 && r->datasets[i].half == s->half) {
            *d_ret = &r->datasets[i];
            return BB_OK;
        }
    if (!bb_grow(&r->budget, (void **)&r->datasets, &r->cap_datasets, r->n_datasets + 1, sizeof *r->datasets))
        return no_room(r, err);
    *d_ret = &r->datasets[r->n_datasets++];
    **d_ret = (struct bb_report_dataset){ .dataset = s->dataset, .half = s->half };
    return BB_OK;
}

static char *take(char **from)
{
    char *p = *from;
    *from = NULL;
    return p;
}

static enum bb_status collect_year(struct bb_report *r, struct bb_lake_file *f, const struct bb_quality_view *v,
                                   struct bb_error *err)
{
    const struct bb_quality_state *s = f->state;
    struct bb_report_dataset *d = NULL;
    struct bb_report_year *y;
    size_t n_path = strlen(f->path) + 1;
    BB_TRY(find_dataset(r, s, &d, err));
    if (!bb_grow(&r->budget, (void **)&d->years, &d->cap_years, d->n_years + 1, sizeof *d->years))
        return no_room(r, err);
    y = &d->years[d->n_years++];
    *y = (struct bb_report_year){ .year = s->year,
                                  .nbytes = f->nbytes,
                                  .n_sources = f->n_sources,
                                  .duplicates = f->ledger.duplicates,
                                  .revisions = f->ledger.revisions,
                                  .n_locations = v->n_locations,
                                  .n_with_gaps = v->n_with_gaps,
                                  .n_late = v->n_late,
                                  .n_gone = v->n_gone,
                                  .slots_expected = v->slots_expected,
                                  .slots_seen = v->slots_seen,
                                  .completeness = bb_quality_completeness(v),
                                  .first_utc_s = s->first_utc_s,
                                  .last_utc_s = s->last_utc_s,
                                  .changed_utc_s = f->changed_utc_s,
                                  .first_source = take(&f->first_source),
                                  .last_source = take(&f->last_source) };
    y->path = bb_alloc(&r->budget, n_path);
    if (!y->path) return no_room(r, err);
    memcpy(y->path, f->path, n_path);
    bb_quality_totals(s, &y->totals);
    collect_gaps(y, v);
    for (unsigned i = 0; i < y->totals.n_high; i++) keep_price(d->high, &d->n_high, s, &y->totals.high[i], 1.0);
    for (unsigned i = 0; i < y->totals.n_low; i++) keep_price(d->low, &d->n_low, s, &y->totals.low[i], -1.0);
    if (d->half == BB_HUB) collect_hubs(d, v);
    r->rows += y->totals.rows;
    r->nbytes += y->nbytes;
    r->first_year = r->n_files == 0 ? s->year : BB_MIN(r->first_year, s->year);
    r->last_year = r->n_files == 0 ? s->year : BB_MAX(r->last_year, s->year);
    r->changed_utc_s = BB_MAX(r->changed_utc_s, f->changed_utc_s);
    r->n_files++;
    return collect_days(r, y, v, err);
}

static enum bb_status visit(void *ctx, const char *path, struct bb_error *err)
{
    struct bb_report *r = ctx;
    struct bb_lake_file *file;
    struct bb_quality_view view;
    enum bb_status status = bb_lake_file_load(path, &r->budget, &file, err);
    if (status == BB_SKIP) {
        r->n_strange++;
        return BB_OK;
    }
    BB_TRY(status);
    status = bb_quality_view_init(&view, file->state, &r->budget, err);
    if (status == BB_OK) {
        if (file->state->n_entries) status = collect_year(r, file, &view, err);
        bb_quality_view_reset(&view);
    }
    bb_lake_file_free(file);
    return status;
}

static int by_dataset(const void *a_, const void *b_)
{
    const struct bb_report_dataset *a = a_, *b = b_;
    int c = bb_dataset_cmp(&a->dataset, &b->dataset);
    return c ? c : (int)a->half - (int)b->half;
}

static int by_year(const void *a_, const void *b_)
{
    return ((const struct bb_report_year *)a_)->year - ((const struct bb_report_year *)b_)->year;
}
static int by_hub(const void *a_, const void *b_)
{
    return strcmp(((const struct bb_report_hub *)a_)->name, ((const struct bb_report_hub *)b_)->name);
}

/* What is missing between two years' files is a gap of neither file: it is told with the later year. */
static void note_gap_between(const struct bb_report_dataset *d, const struct bb_report_year *before,
                             struct bb_report_year *y)
{
    int64_t step_s = (int64_t)d->dataset.minutes * 60, from = before->last_utc_s / step_s * step_s + step_s,
            to = y->first_utc_s / step_s * step_s;
    struct bb_report_gap gap = { .from_utc_s = from, .to_utc_s = to, .n_ranges = 1 };
    if (to <= from) return;
    gap.n = (uint64_t)((to - from) / step_s);
    y->n_gaps_for_all++;
    keep_gap(y->gaps_for_all, &y->n_listed_for_all, &gap);
}

static void put_in_order(struct bb_report *r)
{
    if (r->n_datasets) qsort(r->datasets, r->n_datasets, sizeof *r->datasets, by_dataset);
    for (size_t i = 0; i < r->n_datasets; i++) {
        struct bb_report_dataset *d = &r->datasets[i];
        int best = d->n_hubs ? d->hubs[0].rank : 0;
        size_t n = 0;
        qsort(d->years, d->n_years, sizeof *d->years, by_year);
        for (size_t k = 1; k < d->n_years; k++) note_gap_between(d, &d->years[k - 1], &d->years[k]);
        while (n < d->n_hubs && d->hubs[n].rank == best) n++; /* zones only where there is no hub */
        d->n_hubs = n;
        if (n) qsort(d->hubs, n, sizeof *d->hubs, by_hub);
    }
}

/* Of one operator, market and kind, prices are drawn from the coarsest resolution only: the files of the others are large and tell the same. */
static int has_price_figures(const struct bb_report *r, const struct bb_report_dataset *d)
{
    if (d->half != BB_HUB || (d->dataset.market != BB_DA && d->dataset.market != BB_RT)) return 0;
    for (size_t i = 0; i < r->n_datasets; i++) {
        const struct bb_report_dataset *other = &r->datasets[i];
        if (other->half == BB_HUB && other->dataset.iso == d->dataset.iso &&
            other->dataset.market == d->dataset.market && other->dataset.minutes > d->dataset.minutes)
            return 0;
    }
    return 1;
}

static enum bb_status write_page(struct bb_report *r, struct bb_error *err)
{
    bb_report_head(r);
    for (size_t i = 0; i < r->n_datasets; i++) {
        const struct bb_report_dataset *d = &r->datasets[i];
        if (i == 0 || d->dataset.iso != d[-1].dataset.iso)
            bb_out_printf(&r->out, "%s<section class=iso id=%s><h2>%s</h2>\n", i ? "</section>\n" : "",
                          bb_iso_infos[d->dataset.iso].folder, bb_iso_infos[d->dataset.iso].name);
        bb_report_dataset_head(r, d);
        bb_report_calendars(r, d);
        bb_report_location_chart(r, d);
        bb_report_gaps(r, d);
        if (has_price_figures(r, d)) BB_TRY(bb_report_prices(r, d, err));
        bb_report_oddities(r, d);
        bb_report_sources(r, d);
        bb_out_put(&r->out, BB_STR("</article>\n"));
    }
    bb_report_foot(r);
    return BB_OK;
}

static void free_report(struct bb_report *r)
{
    for (size_t i = 0; i < r->n_datasets; i++) {
        struct bb_report_dataset *d = &r->datasets[i];
        for (size_t k = 0; k < d->n_years; k++) {
            bb_free(d->years[k].path);
            bb_free(d->years[k].first_source);
            bb_free(d->years[k].last_source);
            bb_free(d->years[k].days);
        }
        bb_free(d->years);
    }
    bb_free(r->datasets);
}

enum busbar_result busbar_report(const char *lake, busbar_write write, void *ctx, struct busbar_error *error)
{
    struct bb_report r = { .lake = lake };
    struct bb_error err, out_err;
    enum bb_status status, out_status;
    bb_budget_init(&r.budget, 0, 0);
    bb_out_init(&r.out, write, ctx, &r.budget);
    status = bb_lake_walk(lake, visit, &r, &err);
    if (status == BB_OK && r.n_files == 0)
        status = bb_fail(&err, BB_MISUSE, "%s holds no file of a busbar lake", lake);
    if (status == BB_OK) {
        put_in_order(&r);
        status = write_page(&r, &err);
    }
    out_status = bb_out_end(&r.out, &out_err);
    if (status == BB_OK && out_status != BB_OK) err = out_err, status = out_status;
    free_report(&r);
    return bb_leave(status == BB_SKIP ? BB_IO : status, &err, error);
}
