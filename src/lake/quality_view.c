#include "lake/quality_view.h"

#include <stdlib.h>

static void put_digits(char *out, unsigned value, int n)
{
    while (n-- > 0) {
        out[n] = (char)('0' + value % 10);
        value /= 10;
    }
}

const char *bb_day_text(int32_t day, char out[BB_TIME_TEXT])
{
    struct bb_date d = bb_date_of(day);
    memcpy(out, "0000-00-00", 11);
    put_digits(out, (unsigned)d.year % 10000, 4);
    put_digits(out + 5, (unsigned)d.month, 2);
    put_digits(out + 8, (unsigned)d.day, 2);
    return out;
}

const char *bb_utc_text(int64_t utc_s, char out[BB_TIME_TEXT])
{
    int64_t day = utc_s / 86400 - (utc_s % 86400 < 0);
    unsigned second = (unsigned)(utc_s - day * 86400);
    bb_day_text((int32_t)day, out);
    memcpy(out + 10, "T00:00:00Z", 11);
    put_digits(out + 11, second / 3600, 2);
    put_digits(out + 14, second / 60 % 60, 2);
    put_digits(out + 17, second % 60, 2);
    return out;
}

double bb_quality_percent(uint64_t seen, uint64_t expected)
{
    double percent;
    if (seen >= expected) return 100.0;
    percent = 100.0 * (double)seen / (double)expected;
    return percent > 99.99 ? 99.99 : (double)(int64_t)(percent * 100.0 + 0.5) / 100.0;
}

double bb_quality_completeness(const struct bb_quality_view *v)
{
    double intervals = bb_quality_percent(v->slots_seen, v->slots_expected),
           values = bb_quality_percent(v->values_seen, v->values_expected);
    return BB_MIN(intervals, values);
}

/* ---- locations ---- */

static int by_identity(const void *a_, const void *b_)
{
    const struct bb_quality_entry *a = *(const struct bb_quality_entry *const *)a_,
                                  *b = *(const struct bb_quality_entry *const *)b_;
    int c = bb_str_cmp(a->key.identity, b->key.identity);
    return c ? c : a < b ? -1 : a > b;
}

static int by_entry(const void *a_, const void *b_)
{
    const struct bb_quality_location *a = a_, *b = b_;
    return a->entry < b->entry ? -1 : a->entry > b->entry;
}

/* Joins the entries first … last - 1 of one identity. */
static enum bb_status add_location(struct bb_quality_view *v, const struct bb_quality_entry *const *entries,
                                   size_t n, struct bb_budget *budget, struct bb_error *err)
{
    const struct bb_quality_state *s = v->state;
    struct bb_quality_location *l = &v->locations[v->n_locations++];
    size_t at = v->ranges.n;
    *l = (struct bb_quality_location){ .entry = entries[0], .first_utc_s = UINT32_MAX, .first_range = at };
    for (size_t i = 0; i < n; i++) {
        const struct bb_quality_entry *e = entries[i];
        if (e->last_utc_s > l->entry->last_utc_s) l->entry = e;
        l->first_utc_s = BB_MIN(l->first_utc_s, e->first_utc_s);
        l->last_utc_s = BB_MAX(l->last_utc_s, e->last_utc_s);
        if (!bb_grow(budget, (void **)&v->ranges.p, &v->ranges.cap, v->ranges.n + e->n_ranges, sizeof *v->ranges.p))
            return bb_fail_budget(err, budget, "the quality of a file");
        memcpy(v->ranges.p + v->ranges.n, s->ranges + e->first_range, e->n_ranges * sizeof *v->ranges.p);
        v->ranges.n += e->n_ranges;
    }
    bb_ranges_join(&v->ranges, at);
    l->n_ranges = v->ranges.n - at;
    l->first_slot = bb_quality_slot_of(s, v->ranges.p[at].first);
    l->last_slot = bb_quality_slot_of(s, v->ranges.p[v->ranges.n - 1].last);
    for (size_t i = at; i < v->ranges.n; i++) l->n_seen += v->ranges.p[i].last - v->ranges.p[i].first + 1;
    v->values_expected += bb_location_expected(l);
    v->values_seen += l->n_seen;
    v->n_with_gaps += l->n_ranges > 1;
    v->n_late += v->ranges.p[at].first > 0;
    v->n_gone += v->ranges.p[v->ranges.n - 1].last + 1 < s->n_ordinals;
    return BB_OK;
}

enum bb_status bb_quality_view_init(struct bb_quality_view *v, const struct bb_quality_state *s,
                                    struct bb_budget *budget, struct bb_error *err)
{
    const struct bb_quality_entry **sorted = bb_alloc(budget, (s->n_entries + 1) * sizeof *sorted);
    enum bb_status status = BB_OK;
    *v = (struct bb_quality_view){ .state = s, .slots_seen = s->n_ordinals };
    v->locations = bb_alloc(budget, (s->n_entries + 1) * sizeof *v->locations);
    if (!sorted || !v->locations) status = bb_fail_budget(err, budget, "the quality of a file");
    if (status == BB_OK) {
        for (size_t i = 0; i < s->n_entries; i++) sorted[i] = &s->entries[i];
        if (s->n_entries) qsort(sorted, s->n_entries, sizeof *sorted, by_identity);
        for (size_t i = 0; i < s->n_entries && status == BB_OK;) {
            size_t k = i + 1;
            while (k < s->n_entries && bb_str_eq(sorted[k]->key.identity, sorted[i]->key.identity)) k++;
            status = add_location(v, sorted + i, k - i, budget, err);
            i = k;
        }
        if (v->n_locations) qsort(v->locations, v->n_locations, sizeof *v->locations, by_entry);
        if (s->n_slots) v->slots_expected = s->slots[s->n_slots - 1].last - s->slots[0].first + 1;
    }
    bb_free(sorted);
    if (status != BB_OK) bb_quality_view_reset(v);
    return status;
}

void bb_quality_view_reset(struct bb_quality_view *v)
{
    bb_free(v->locations);
    bb_free(v->ranges.p);
    *v = (struct bb_quality_view){ 0 };
}

/* ---- days ---- */

struct day_counts {
    int32_t *expected; /* per slot: locations that exist then */
    int32_t *seen;     /* per ordinal: locations with a row */
    uint8_t *has;      /* per slot: has a row */
};

static void count_slots(const struct bb_quality_view *v, struct day_counts *c)
{
    const struct bb_quality_state *s = v->state;
    uint32_t n_slots = s->slots[s->n_slots - 1].last + 1;
    for (size_t i = 0; i < v->n_locations; i++) {
        const struct bb_quality_location *l = &v->locations[i];
        c->expected[l->first_slot]++;
        c->expected[l->last_slot + 1]--;
        for (size_t k = 0; k < l->n_ranges; k++) {
            c->seen[v->ranges.p[l->first_range + k].first]++;
            c->seen[v->ranges.p[l->first_range + k].last + 1]--;
        }
    }
    for (uint32_t i = 1; i < n_slots; i++) c->expected[i] += c->expected[i - 1];
    for (uint32_t i = 1; i < s->n_ordinals; i++) c->seen[i] += c->seen[i - 1];
    for (size_t i = 0; i < s->n_slots; i++)
        memset(c->has + s->slots[i].first, 1, s->slots[i].last - s->slots[i].first + 1);
}

static void fill_days(const struct bb_quality_view *v, const struct bb_zone *zone, const struct day_counts *c,
                      int32_t first_day, struct bb_quality_day *days, size_t n)
{
    const struct bb_quality_state *s = v->state;
    int64_t slot_s = (int64_t)s->dataset.minutes * 60, first = s->slots[0].first,
            end = (int64_t)s->slots[s->n_slots - 1].last + 1;
    uint32_t ordinal = 0;
    for (size_t i = 0; i < n; i++) {
        struct bb_quality_day *d = &days[i];
        int64_t start_utc_s, end_utc_s, from, to;
        *d = (struct bb_quality_day){ .day = first_day + (int32_t)i };
        bb_zone_day(zone, d->day, &start_utc_s, &end_utc_s);
        d->slots_in_day = (uint32_t)((end_utc_s - start_utc_s) / slot_s);
        from = BB_MAX((start_utc_s - s->base_utc_s) / slot_s, first);
        to = BB_MIN((end_utc_s - s->base_utc_s) / slot_s, end);
        if (to > from) d->slots_expected = (uint32_t)(to - from);
        for (int64_t k = from; k < to; k++) {
            d->values_expected += (uint32_t)c->expected[k];
            if (!c->has[k]) continue;
            d->slots_seen++;
            d->values_seen += (uint32_t)c->seen[ordinal];
            d->locations = BB_MAX(d->locations, (uint32_t)c->seen[ordinal]);
            ordinal++;
        }
    }
}

enum bb_status bb_quality_days(const struct bb_quality_view *v, const struct bb_zone *zone,
                               struct bb_budget *budget, struct bb_quality_day **days_ret, size_t *n_ret,
                               struct bb_error *err)
{
    const struct bb_quality_state *s = v->state;
    struct day_counts c = { 0 };
    struct bb_quality_day *days = NULL;
    uint32_t n_slots = s->n_slots ? s->slots[s->n_slots - 1].last + 1 : 0;
    int32_t first_day, last_day;
    *days_ret = NULL;
    *n_ret = 0;
    if (n_slots == 0) return BB_OK;
    first_day = bb_zone_local(zone, bb_quality_slot_utc_s(s, s->slots[0].first)).wall.day;
    last_day = bb_zone_local(zone, bb_quality_slot_utc_s(s, n_slots - 1)).wall.day;
    c.expected = bb_calloc(budget, ((size_t)n_slots + 1) * sizeof *c.expected);
    c.seen = bb_calloc(budget, ((size_t)s->n_ordinals + 1) * sizeof *c.seen);
    c.has = bb_calloc(budget, n_slots);
    days = bb_alloc(budget, (size_t)(last_day - first_day + 1) * sizeof *days);
    if (c.expected && c.seen && c.has && days) {
        count_slots(v, &c);
        fill_days(v, zone, &c, first_day, days, (size_t)(last_day - first_day + 1));
        *days_ret = days;
        *n_ret = (size_t)(last_day - first_day + 1);
        days = NULL;
    }
    bb_free(c.expected);
    bb_free(c.seen);
    bb_free(c.has);
    bb_free(days);
    return *days_ret ? BB_OK : bb_fail_budget(err, budget, "the quality of a file");
}
