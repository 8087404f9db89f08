#include "convert/router.h"

#define UNKNOWN_HALF 0xFF

void bb_router_init(struct bb_router *r, struct bb_tables *t, unsigned worker)
{
    *r = (struct bb_router){ .tables = t, .worker = worker };
}

void bb_router_reset(struct bb_router *r)
{
    bb_free(r->halves);
    *r = (struct bb_router){ 0 };
}

static enum bb_status half_of(struct bb_router *r, uint32_t place, enum bb_half *half_ret, struct bb_error *err)
{
    struct bb_tables *t = r->tables;
    if (t->job->dataset.kind == BB_ANCILLARY) {
        *half_ret = BB_AS;
        return BB_OK;
    }
    if (place >= r->n_halves) {
        size_t cap = r->n_halves, old = cap;
        if (!bb_grow(&t->run->budget, (void **)&r->halves, &cap, (size_t)place + 1, 1))
            return bb_fail_budget(err, &t->run->budget, "the list of locations");
        memset(r->halves + old, UNKNOWN_HALF, cap - old);
        r->n_halves = cap;
    }
    if (r->halves[place] == UNKNOWN_HALF)
        r->halves[place] = (uint8_t)bb_type_half(bb_places_at(t->places, place)->type);
    *half_ret = (enum bb_half)r->halves[place];
    return BB_OK;
}

static void note_year(struct bb_router *r)
{
    struct bb_tables *t = r->tables;
    if (r->noted_year == r->year && r->noted_source == r->source) return;
    pthread_mutex_lock(&t->mutex);
    bb_year_set_add(&t->years[r->source], r->year);
    pthread_mutex_unlock(&t->mutex);
    r->noted_year = r->year;
    r->noted_source = r->source;
}

static void find_year(struct bb_router *r, uint32_t start_utc_s)
{
    const struct bb_zone *zone = r->tables->zone;
    int64_t end;
    if (start_utc_s >= r->year_start_utc_s && start_utc_s < r->year_end_utc_s) return;
    r->year = bb_date_of(bb_zone_local(zone, start_utc_s).wall.day).year;
    bb_zone_day(zone, bb_day_of((struct bb_date){ r->year, 1, 1 }), &r->year_start_utc_s, &end);
    bb_zone_day(zone, bb_day_of((struct bb_date){ r->year + 1, 1, 1 }), &r->year_end_utc_s, &end);
    r->year_wanted = bb_run_wants_year(r->tables->run, r->year);
    for (int h = 0; h < BB_N_HALF; h++) r->last[h] = NULL;
}

static void widen(struct bb_table_source *s, uint32_t from, uint32_t to, uint64_t n)
{
    uint32_t seen = s->first_utc_s;
    s->rows += n;
    while (from < seen && !atomic_compare_exchange_weak(&s->first_utc_s, &seen, from)) {
    }
    seen = s->last_utc_s;
    while (to > seen && !atomic_compare_exchange_weak(&s->last_utc_s, &seen, to)) {
    }
}

/* Partial rows count by their components: how many of them the reader could put together is chance. */
static uint64_t count_rows(const struct bb_row *rows, size_t n)
{
    uint64_t sum = 0;
    if (!(rows[0].flags & BB_ROW_PARTIAL)) return n;
    for (size_t i = 0; i < n; i++) sum += (unsigned)__builtin_popcount(rows[i].present);
    return sum;
}

enum bb_status bb_router_send(struct bb_router *r, const struct bb_row *rows, size_t n, struct bb_error *err)
{
    for (size_t i = 0; i < n;) {
        enum bb_half half = BB_NODAL, next = BB_NODAL;
        uint32_t from = rows[i].start_utc_s, to = from;
        size_t k = i + 1;
        find_year(r, rows[i].start_utc_s);
        BB_TRY(half_of(r, rows[i].place, &half, err));
        for (; k < n; k++) {
            uint32_t at = rows[k].start_utc_s;
            if (at < r->year_start_utc_s || at >= r->year_end_utc_s) break;
            BB_TRY(half_of(r, rows[k].place, &next, err));
            if (next != half) break;
            if (at < from) from = at;
            if (at > to) to = at;
        }
        note_year(r);
        if (!r->year_wanted || bb_year_set_has(&r->tables->held[r->source], r->year)) {
            r->tables->n_filtered += count_rows(rows + i, k - i);
        } else {
            if (!r->last[half]) BB_TRY(bb_tables_find(r->tables, half, r->year, &r->last[half], err));
            BB_TRY(bb_sort_add(r->last[half]->sort, r->worker, rows + i, k - i, err));
            widen(&r->last[half]->sources[r->source], from, to, count_rows(rows + i, k - i));
        }
        i = k;
    }
    return BB_OK;
}
