#include "base/json.h"
#include "lake/lake.h"
#include "lake/quality_view.h"
#include "lake/sum_tolerance.h"

#include <stdio.h>

#define MAX_GAPS      200 /* ranges listed for the whole file */
#define MAX_LOCATIONS 200 /* listed with gaps, as late, as gone */
#define MAX_RANGES    20  /* per location */

static void put_utc(struct bb_json *j, const char *key, int64_t utc_s)
{
    char text[BB_TIME_TEXT];
    bb_json_put_cstr(j, key, bb_utc_text(utc_s, text));
}

static void put_location(struct bb_json *j, const struct bb_quality_state *s, const struct bb_place_key *k)
{
    int energy = s->dataset.kind == BB_ENERGY;
    bb_json_put_str(j, energy ? "location" : "product", k->name);
    if (k->id.n) bb_json_put_str(j, energy ? "id" : "region", k->id);
}

/* n slots of from … to - 1 are missing. */
static void put_missing(struct bb_json *j, const struct bb_quality_state *s, uint32_t from, uint32_t to, uint32_t n)
{
    bb_json_open(j, '{');
    put_utc(j, "from", bb_quality_slot_utc_s(s, from));
    put_utc(j, "to", bb_quality_slot_utc_s(s, to));
    bb_json_put_int(j, "intervals", n);
    bb_json_close(j, '}');
}

static void put_intervals(struct bb_json *j, const struct bb_quality_view *v)
{
    const struct bb_quality_state *s = v->state;
    bb_json_key(j, "intervals");
    bb_json_open(j, '{');
    bb_json_put_int(j, "expected", v->slots_expected);
    bb_json_put_int(j, "seen", v->slots_seen);
    bb_json_key(j, "missing_for_all");
    bb_json_open(j, '[');
    for (size_t i = 1; i < s->n_slots && i <= MAX_GAPS; i++)
        put_missing(j, s, s->slots[i - 1].last + 1, s->slots[i].first,
                    s->slots[i].first - s->slots[i - 1].last - 1);
    bb_json_close(j, ']');
    if (s->n_slots > MAX_GAPS + 1)
        bb_json_put_int(j, "missing_ranges_not_listed", (int64_t)s->n_slots - 1 - MAX_GAPS);
    bb_json_close(j, '}');
}

static void put_days(struct bb_json *j, const struct bb_quality_state *s, const struct bb_quality_day *days,
                     size_t n)
{
    int64_t seen = 0, complete = 0;
    char text[BB_TIME_TEXT];
    for (size_t i = 0; i < n; i++) {
        seen += days[i].slots_seen > 0;
        complete += days[i].slots_seen == days[i].slots_in_day;
    }
    bb_json_key(j, "days");
    bb_json_open(j, '{');
    bb_json_put_int(j, "expected", (int64_t)n);
    bb_json_put_int(j, "seen", seen);
    bb_json_put_int(j, "with_every_interval", complete);
    for (int hours = 23; hours <= 25; hours += 2) {
        bb_json_key(j, hours == 23 ? "of_23_hours" : "of_25_hours");
        bb_json_open(j, '[');
        for (size_t i = 0; i < n; i++)
            if (days[i].slots_in_day * (uint32_t)s->dataset.minutes == (uint32_t)hours * 60)
                bb_json_str(j, bb_str_of(bb_day_text(days[i].day, text)));
        bb_json_close(j, ']');
    }
    bb_json_close(j, '}');
}

/* Intervals for which others have a row; those that are missing for all may lie among them, but do not count. */
static void put_gaps_of(struct bb_json *j, const struct bb_quality_view *v, const struct bb_quality_location *l)
{
    const struct bb_quality_range *r = v->ranges.p + l->first_range;
    int64_t missing = 0;
    for (size_t i = 1; i < l->n_ranges; i++) missing += r[i].first - r[i - 1].last - 1;
    bb_json_open(j, '{');
    put_location(j, v->state, &l->entry->key);
    bb_json_put_int(j, "intervals", missing);
    bb_json_key(j, "ranges");
    bb_json_open(j, '[');
    for (size_t i = 1; i < l->n_ranges && i <= MAX_RANGES; i++)
        put_missing(j, v->state, bb_quality_slot_of(v->state, r[i - 1].last + 1),
                    bb_quality_slot_of(v->state, r[i].first - 1) + 1, r[i].first - r[i - 1].last - 1);
    bb_json_close(j, ']');
    if (l->n_ranges > MAX_RANGES + 1)
        bb_json_put_int(j, "ranges_not_listed", (int64_t)l->n_ranges - 1 - MAX_RANGES);
    bb_json_close(j, '}');
}

enum which { WITH_GAPS, LATE, GONE };

static void put_list(struct bb_json *j, const struct bb_quality_view *v, enum which which, const char *key,
                     size_t n)
{
    size_t listed = 0;
    bb_json_key(j, key);
    bb_json_open(j, '[');
    for (size_t i = 0; i < v->n_locations && listed < MAX_LOCATIONS; i++) {
        const struct bb_quality_location *l = &v->locations[i];
        const struct bb_quality_range *first = &v->ranges.p[l->first_range], *last = first + l->n_ranges - 1;
        int wanted = which == WITH_GAPS ? l->n_ranges > 1
                     : which == LATE    ? first->first > 0
                                        : last->last + 1 < v->state->n_ordinals;
        if (!wanted) continue;
        listed++;
        if (which == WITH_GAPS) {
            put_gaps_of(j, v, l);
            continue;
        }
        bb_json_open(j, '{');
        put_location(j, v->state, &l->entry->key);
        put_utc(j, which == LATE ? "first" : "last", which == LATE ? l->first_utc_s : l->last_utc_s);
        bb_json_close(j, '}');
    }
    bb_json_close(j, ']');
    if (n > listed) {
        char more[64];
        snprintf(more, sizeof more, "%s_not_listed", key);
        bb_json_put_int(j, more, (int64_t)(n - listed));
    }
}

static void put_locations(struct bb_json *j, const struct bb_quality_view *v)
{
    bb_json_key(j, "locations");
    bb_json_open(j, '{');
    bb_json_put_int(j, "count", (int64_t)v->n_locations);
    bb_json_put_int(j, "with_gaps", (int64_t)v->n_with_gaps);
    bb_json_put_int(j, "appear_late", (int64_t)v->n_late);
    bb_json_put_int(j, "vanish_early", (int64_t)v->n_gone);
    if (v->state->n_unlisted_gaps)
        bb_json_put_int(j, "gaps_counted_as_present", (int64_t)v->state->n_unlisted_gaps);
    put_list(j, v, WITH_GAPS, "missing", v->n_with_gaps);
    put_list(j, v, LATE, "late", v->n_late);
    put_list(j, v, GONE, "gone", v->n_gone);
    bb_json_close(j, '}');
}

static void put_extremes(struct bb_json *j, const struct bb_quality_state *s, const char *key,
                         const struct bb_quality_extreme *e, unsigned n)
{
    bb_json_key(j, key);
    bb_json_open(j, '[');
    for (unsigned i = 0; i < n; i++) {
        bb_json_open(j, '{');
        put_utc(j, "datetime_utc", e[i].start_utc_s);
        put_location(j, s, &s->entries[e[i].entry].key);
        bb_json_put_num(j, "price", e[i].price);
        bb_json_close(j, '}');
    }
    bb_json_close(j, ']');
}

static void put_prices(struct bb_json *j, const struct bb_quality_state *s, const struct bb_quality_group *t)
{
    const char *remark = bb_sum_remark(&s->dataset);
    bb_json_key(j, "prices");
    bb_json_open(j, '{');
    bb_json_put_int(j, "null", (int64_t)t->null_prices);
    bb_json_put_int(j, "below_-1000_or_above_10000", (int64_t)t->outside);
    put_extremes(j, s, "highest", t->high, t->n_high);
    put_extremes(j, s, "lowest", t->low, t->n_low);
    bb_json_close(j, '}');
    if (s->dataset.kind != BB_ENERGY) return;
    bb_json_key(j, "component_sums");
    bb_json_open(j, '{');
    bb_json_put_num(j, "tolerance", bb_sum_tolerance(&s->dataset));
    bb_json_put_int(j, "rows_checked", (int64_t)t->sums_checked);
    bb_json_put_int(j, "rows_off", (int64_t)t->sums_off);
    bb_json_put_num(j, "largest_difference", t->largest_sum_error);
    if (remark) bb_json_put_cstr(j, "remark", remark);
    bb_json_close(j, '}');
}

/* The next one by reason: the caller counts them in the order in which its threads met them. */
static const struct bb_quality_reject *reject_after(const struct bb_quality_facts *f,
                                                    const struct bb_quality_reject *last)
{
    const struct bb_quality_reject *next = NULL;
    for (size_t i = 0; i < f->n_rejects; i++) {
        const struct bb_quality_reject *r = &f->rejects[i];
        if ((!last || bb_str_cmp(r->reason, last->reason) > 0) &&
            (!next || bb_str_cmp(r->reason, next->reason) < 0))
            next = r;
    }
    return next;
}

static void put_facts(struct bb_json *j, const struct bb_quality_facts *f)
{
    bb_json_put_int(j, "duplicates", (int64_t)f->duplicates);
    bb_json_put_int(j, "revisions", (int64_t)f->revisions);
    bb_json_key(j, "rejects");
    bb_json_open(j, '[');
    for (const struct bb_quality_reject *r = reject_after(f, NULL); r; r = reject_after(f, r)) {
        bb_json_open(j, '{');
        bb_json_put_str(j, "reason", r->reason);
        bb_json_put_int(j, "rows", (int64_t)r->n);
        bb_json_close(j, '}');
    }
    bb_json_close(j, ']');
    bb_json_key(j, "sources");
    bb_json_open(j, '[');
    for (size_t i = 0; i < f->n_sources && i < BB_QUALITY_LISTED_SOURCES; i++) {
        const struct bb_quality_source *s = &f->sources[i];
        bb_json_open(j, '{');
        bb_json_put_str(j, "name", s->name);
        if (s->member.n) bb_json_put_str(j, "member", s->member);
        bb_json_put_str(j, "report", s->report);
        bb_json_put_int(j, "rows", (int64_t)s->rows);
        put_utc(j, "first", s->first_utc_s);
        put_utc(j, "last", s->last_utc_s);
        bb_json_close(j, '}');
    }
    bb_json_close(j, ']');
    if (f->n_sources > BB_QUALITY_LISTED_SOURCES)
        bb_json_put_int(j, "sources_not_listed", (int64_t)(f->n_sources - BB_QUALITY_LISTED_SOURCES));
}

enum bb_status bb_quality_json(const struct bb_quality_state *s, const struct bb_zone *zone,
                               const struct bb_quality_facts *facts, struct bb_budget *budget, struct bb_buf *out,
                               struct bb_error *err)
{
    struct bb_quality_view view;
    struct bb_quality_group totals;
    struct bb_quality_day *days = NULL;
    size_t n_days = 0;
    struct bb_json j;
    char name[64];
    enum bb_status status;
    BB_TRY(bb_quality_view_init(&view, s, budget, err));
    status = bb_quality_days(&view, zone, budget, &days, &n_days, err);
    if (status == BB_OK) {
        bb_quality_totals(s, &totals);
        bb_dataset_name(&s->dataset, s->half, name);
        bb_json_init(&j, out, 1);
        bb_json_open(&j, '{');
        bb_json_put_cstr(&j, "iso", bb_iso_infos[s->dataset.iso].name);
        bb_json_put_cstr(&j, "dataset", name);
        bb_json_put_int(&j, "year", s->year);
        bb_json_put_cstr(&j, "zone", bb_zone_name(zone));
        bb_json_put_int(&j, "interval_minutes", s->dataset.minutes);
        bb_json_put_cstr(&j, "expected_means",
                         "every interval from the first to the last one in this file, by UTC, so that days of 23 "
                         "and 25 hours have theirs; of a "
                         "location: from its own first to its own last interval");
        bb_json_put_int(&j, "rows", (int64_t)totals.rows);
        bb_json_put_int(&j, "row_groups", (int64_t)s->n_groups);
        if (s->n_slots) {
            put_utc(&j, "first", s->first_utc_s);
            put_utc(&j, "last", s->last_utc_s);
        }
        bb_json_put_num(&j, "completeness_percent", bb_quality_completeness(&view));
        bb_json_put_cstr(&j, "completeness_means",
                         "the smaller one of intervals seen of those expected and values seen of those expected");
        bb_json_put_int(&j, "values_expected", (int64_t)view.values_expected);
        bb_json_put_int(&j, "values_seen", (int64_t)view.values_seen);
        put_intervals(&j, &view);
        put_days(&j, s, days, n_days);
        put_locations(&j, &view);
        put_prices(&j, s, &totals);
        put_facts(&j, facts);
        bb_json_close(&j, '}');
        if (!bb_json_ok(&j) || !bb_buf_putc(out, '\n'))
            status = bb_fail_budget(err, budget, "the quality of a file");
    }
    bb_free(days);
    bb_quality_view_reset(&view);
    return status;
}

void bb_quality_path(const char *root, const struct bb_dataset *dataset, enum bb_half half, int year, char *out)
{
    char name[64];
    bb_dataset_name(dataset, half, name);
    snprintf(out, BB_PATH_MAX, "%s/quality/%s/%s_%d.json", root, bb_iso_infos[dataset->iso].folder, name, year);
}
