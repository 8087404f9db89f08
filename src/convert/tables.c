#include "convert/tables.h"

#include <stdlib.h>

#define LEDGER_MAX_NBYTES ((size_t)64 << 20)
#define UNKNOWN_HALF      0xFF

/* ---- what the files ask about rows ---- */

static const struct bb_slice *slices_of(void *ctx) { return ((struct bb_tables *)ctx)->slices; }

static const struct bb_plan_source *source_of(const struct bb_tables *t, uint32_t source)
{
    return &t->plan->sources[t->job->sources[source]];
}

static struct bb_str report_text(void *ctx, uint32_t source) { return bb_str_of(source_of(ctx, source)->data_source); }

/* ---- tables ---- */

enum bb_status bb_tables_init(struct bb_tables *t, struct bb_run *run, const struct bb_plan *plan, const struct bb_job *job,
                              const struct bb_zone *zone, struct bb_error *err)
{
    *t = (struct bb_tables){ .run = run, .plan = plan, .job = job, .zone = zone };
    for (size_t i = 0; i < job->n_sources; i++) t->derive_energy |= plan->sources[job->sources[i]].derive_energy;
    pthread_mutex_init(&t->mutex, NULL);
    t->places = bb_places_new(&run->budget);
    return t->places ? BB_OK : bb_fail_budget(err, &run->budget, "the list of locations");
}

static void free_table(struct bb_table *table)
{
    if (!table) return;
    bb_sort_free(table->sort);
    bb_year_file_free(table->file);
    bb_free(table->sources);
    bb_free(table);
}

void bb_tables_reset(struct bb_tables *t)
{
    for (size_t i = 0; i < t->n; i++) free_table(t->list[i]);
    bb_free(t->list);
    bb_free(t->slices);
    bb_places_free(t->places);
    pthread_mutex_destroy(&t->mutex);
    *t = (struct bb_tables){ 0 };
}

void bb_tables_keep_files_only(struct bb_tables *t)
{
    for (size_t i = 0; i < t->n; i++) {
        bb_sort_free(t->list[i]->sort);
        t->list[i]->sort = NULL;
        if (t->list[i]->file) bb_year_file_rest(t->list[i]->file);
    }
    bb_free(t->slices);
    t->slices = NULL;
    bb_places_free(t->places);
    t->places = NULL;
}

enum bb_status bb_tables_add_slice(struct bb_tables *t, size_t source, uint32_t sequence, uint32_t *slice_ret, struct bb_error *err)
{
    enum bb_status status = BB_OK;
    pthread_mutex_lock(&t->mutex);
    if (!bb_grow(&t->run->budget, (void **)&t->slices, &t->cap_slices, t->n_slices + 1, sizeof *t->slices)) {
        status = bb_fail_budget(err, &t->run->budget, "the list of blocks");
    } else {
        t->slices[t->n_slices].order = (uint64_t)source_of(t, (uint32_t)source)->rank << 32 | sequence;
        t->slices[t->n_slices].source = (uint32_t)source;
        *slice_ret = (uint32_t)t->n_slices++;
    }
    pthread_mutex_unlock(&t->mutex);
    return status;
}

static enum bb_status new_table(struct bb_tables *t, enum bb_half half, int year, struct bb_table **table_ret, struct bb_error *err)
{
    struct bb_run *run = t->run;
    struct bb_sort_options options = { .budget = &run->budget, .pool = run->pool, .n_workers = bb_pool_threads(run->pool),
                                       .places = t->places, .slices = slices_of, .slices_ctx = t,
                                       .derive_energy = t->derive_energy, .temp_dir = run->temp_dir };
    struct bb_table *table = bb_calloc(&run->budget, sizeof *table);
    enum bb_status status;
    if (!table) return bb_fail_budget(err, &run->budget, "a table");
    table->half = half;
    table->year = year;
    table->tables = t;
    table->sources = bb_calloc(&run->budget, t->job->n_sources * sizeof *table->sources);
    status = table->sources && bb_grow(&run->budget, (void **)&t->list, &t->cap, t->n + 1, sizeof *t->list)
                 ? bb_sort_new(&options, &table->sort, err)
                 : bb_fail_budget(err, &run->budget, "a table");
    if (status != BB_OK) {
        free_table(table);
        return status;
    }
    for (size_t i = 0; i < t->job->n_sources; i++) table->sources[i].first_utc_s = UINT32_MAX;
    t->list[t->n++] = table;
    *table_ret = table;
    return BB_OK;
}

static enum bb_status find_table(struct bb_tables *t, enum bb_half half, int year, struct bb_table **table_ret, struct bb_error *err)
{
    enum bb_status status = BB_OK;
    *table_ret = NULL;
    pthread_mutex_lock(&t->mutex);
    for (size_t i = 0; i < t->n && !*table_ret; i++)
        if (t->list[i]->half == half && t->list[i]->year == year) *table_ret = t->list[i];
    if (!*table_ret) status = new_table(t, half, year, table_ret, err);
    pthread_mutex_unlock(&t->mutex);
    return status;
}

/* ---- routing ---- */

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
    if (r->halves[place] == UNKNOWN_HALF) r->halves[place] = (uint8_t)bb_type_half(bb_places_get(t->places, place).type);
    *half_ret = (enum bb_half)r->halves[place];
    return BB_OK;
}

static int year_wanted(const struct busbar_convert_options *o, int year)
{
    for (size_t i = 0; i < o->n_years; i++)
        if (year >= o->year_from[i] && year <= o->year_to[i]) return 1;
    return o->n_years == 0;
}

static void find_year(struct bb_router *r, uint32_t start_utc_s)
{
    const struct bb_zone *zone = r->tables->zone;
    int64_t end;
    if (start_utc_s >= r->year_start_utc_s && start_utc_s < r->year_end_utc_s) return;
    r->year = bb_date_of(bb_zone_local(zone, start_utc_s).wall.day).year;
    bb_zone_day(zone, bb_day_of((struct bb_date){ r->year, 1, 1 }), &r->year_start_utc_s, &end);
    bb_zone_day(zone, bb_day_of((struct bb_date){ r->year + 1, 1, 1 }), &r->year_end_utc_s, &end);
    r->year_wanted = year_wanted(r->tables->run->options, r->year);
    for (int h = 0; h < BB_N_HALF; h++) r->last[h] = NULL;
}

static void widen(struct bb_table_source *s, uint32_t from, uint32_t to, uint64_t n)
{
    uint32_t seen = s->first_utc_s;
    s->rows += n;
    while (from < seen && !atomic_compare_exchange_weak(&s->first_utc_s, &seen, from)) {}
    seen = s->last_utc_s;
    while (to > seen && !atomic_compare_exchange_weak(&s->last_utc_s, &seen, to)) {}
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
        if (!r->year_wanted) {
            r->tables->n_filtered += k - i;
        } else {
            if (!r->last[half]) BB_TRY(find_table(r->tables, half, r->year, &r->last[half], err));
            BB_TRY(bb_sort_add(r->last[half]->sort, r->worker, rows + i, k - i, err));
            widen(&r->last[half]->sources[r->source], from, to, k - i);
        }
        i = k;
    }
    return BB_OK;
}

/* ---- out ---- */

size_t bb_tables_held_nbytes(const struct bb_tables *t)
{
    size_t sum = 0;
    for (size_t i = 0; i < t->n; i++) sum += bb_sort_held_nbytes(t->list[i]->sort);
    return sum;
}

int bb_tables_late(const struct bb_tables *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (bb_sort_late(t->list[i]->sort)) return 1;
    return 0;
}

static enum bb_status emit(void *ctx, const struct bb_row *rows, size_t n, struct bb_error *err)
{
    struct bb_table *table = ctx;
    struct bb_tables *t = table->tables;
    if (bb_run_stopped(t->run)) return bb_fail(err, BB_INTERRUPTED, "interrupted");
    table->rows_out += n;
    if (!t->run->lake) return BB_OK;
    if (!table->file) {
        struct bb_year_file_setup setup = { .budget = &t->run->budget, .pool = t->run->pool, .dataset = &t->job->dataset,
                                            .style = &t->run->style, .zone = t->zone, .places = t->places, .slices = slices_of,
                                            .report_text = report_text, .ctx = t };
        char path[BB_PATH_MAX];
        bb_lake_path(bb_lake_root(t->run->lake), t->run->style.hive, &t->job->dataset, table->half, table->year, path);
        BB_TRY(bb_year_file_new(&setup, path, &table->file, err));
    }
    bb_run_progress(t->run, "writing");
    return bb_year_file_add(table->file, rows, n, err);
}

/* Rows per emitted batch: large enough that handing columns to threads costs nothing, small beside the budget. */
static size_t batch_rows(const struct bb_run *run)
{
    size_t rows = run->budget.limit_nbytes / 64 / sizeof(struct bb_row);
    return BB_MAX(BB_MIN(rows, (size_t)128 << 10), (size_t)8 << 10);
}

enum bb_status bb_tables_drain(struct bb_tables *t, uint32_t before_utc_s, struct bb_error *err)
{
    for (size_t i = 0; i < t->n; i++) {
        struct bb_table *table = t->list[i];
        if (bb_sort_first_instant(table->sort) >= before_utc_s) continue;
        BB_TRY(bb_sort_drain(table->sort, before_utc_s, batch_rows(t->run), emit, table, err));
    }
    return BB_OK;
}

enum bb_status bb_tables_spill(struct bb_tables *t, struct bb_error *err)
{
    for (size_t i = 0; i < t->n; i++) BB_TRY(bb_sort_spill(t->list[i]->sort, err));
    return BB_OK;
}

static enum bb_status write_ledger(struct bb_table *table, struct bb_buf *out, struct bb_error *err)
{
    struct bb_tables *t = table->tables;
    struct bb_ledger ledger = { .dataset = t->job->dataset, .half = table->half, .year = table->year, .rows = table->rows_out,
                                .duplicates = table->counts.duplicates, .revisions = table->counts.revisions };
    int ok;
    ledger.sources = bb_calloc(&t->run->budget, t->job->n_sources * sizeof *ledger.sources);
    if (!ledger.sources) return bb_fail_budget(err, &t->run->budget, "the list of sources");
    for (size_t i = 0; i < t->job->n_sources; i++) {
        const struct bb_plan_source *s = source_of(t, (uint32_t)i);
        struct bb_ledger_source *to;
        if (table->sources[i].rows == 0) continue;
        to = &ledger.sources[ledger.n_sources++];
        *to = (struct bb_ledger_source){ .name = s->leaf->member.n ? bb_path_base(s->leaf->path) : s->leaf->name,
                                         .member = s->leaf->member, .report = bb_str_of(s->report),
                                         .content_nbytes = s->content_nbytes, .rows = table->sources[i].rows,
                                         .publication_utc_s = s->publication_utc_s, .first_utc_s = table->sources[i].first_utc_s,
                                         .last_utc_s = table->sources[i].last_utc_s };
        memcpy(to->hash, s->hash, sizeof to->hash);
    }
    ok = bb_ledger_write(&ledger, out);
    bb_free(ledger.sources);
    return ok ? BB_OK : bb_fail_budget(err, &t->run->budget, "the list of sources");
}

static enum bb_status finish_table(struct bb_table *table, struct bb_error *err)
{
    struct bb_run *run = table->tables->run;
    struct bb_buf ledger;
    enum bb_status status;
    uint64_t rows = 0;
    BB_TRY(bb_sort_drain(table->sort, UINT32_MAX, batch_rows(run), emit, table, err));
    bb_sort_get_counts(table->sort, &table->counts);
    if (!table->file) return BB_OK;
    bb_buf_init(&ledger, &run->budget, LEDGER_MAX_NBYTES);
    status = write_ledger(table, &ledger, err);
    if (status == BB_OK) status = bb_year_file_finish(table->file, bb_buf_str(&ledger), &rows, &table->nbytes, err);
    bb_buf_reset(&ledger);
    return status;
}

static int by_half_and_year(const void *a_, const void *b_)
{
    const struct bb_table *a = *(struct bb_table *const *)a_, *b = *(struct bb_table *const *)b_;
    if (a->year != b->year) return a->year < b->year ? -1 : 1;
    return (int)a->half - (int)b->half;
}

enum bb_status bb_tables_finish(struct bb_tables *t, struct bb_error *err)
{
    if (t->n) qsort(t->list, t->n, sizeof *t->list, by_half_and_year);
    for (size_t i = 0; i < t->n; i++) BB_TRY(finish_table(t->list[i], err));
    return BB_OK;
}
