#include "convert/tables.h"

#include <stdlib.h>
#include <unistd.h>

#define LEDGER_MAX_NBYTES ((size_t)64 << 20)
#define UNKNOWN_HALF      0xFF
#define SMALL_LIMIT       ((size_t)128 << 20) /* below it, batches are half as large a share */

/* ---- what the files ask about rows ---- */

static const struct bb_plan_source *source_of(const struct bb_tables *t, uint32_t source)
{
    return &t->plan->sources[t->job->sources[source]];
}

static const struct bb_slice *slices_of(void *ctx)
{
    struct bb_tables *t = ctx;
    const struct bb_slice *slices;
    pthread_mutex_lock(&t->mutex);
    slices = t->slices;
    pthread_mutex_unlock(&t->mutex);
    return slices;
}

static const struct bb_join *joins_of(void *ctx)
{
    struct bb_tables *t = ctx;
    const struct bb_join *joins;
    pthread_mutex_lock(&t->joins_mutex);
    joins = t->joins;
    pthread_mutex_unlock(&t->joins_mutex);
    return joins;
}

/* Room for one more, by a new array: who reads the old one goes on reading it. */
static int grow_beside(struct bb_tables *t, void **array, size_t *cap, size_t n, size_t element_nbytes)
{
    size_t new_cap = *cap ? *cap * 2 : 64;
    void *larger;
    if (n < *cap) return 1;
    larger = t->n_outgrown < BB_MAX_OUTGROWN ? bb_alloc(&t->run->budget, new_cap * element_nbytes) : NULL;
    if (!larger) return 0;
    if (n > 0) memcpy(larger, *array, n * element_nbytes);
    if (*array) t->outgrown[t->n_outgrown++] = *array;
    *array = larger;
    *cap = new_cap;
    return 1;
}

const struct bb_plan_source *bb_tables_source(const struct bb_tables *t, uint32_t source)
{
    return source_of(t, source);
}

static struct bb_str report_text(void *ctx, uint32_t source)
{
    return bb_str_of(source_of(ctx, source)->data_source);
}

/* ---- sources of the lake's files ---- */

struct source_key {
    struct bb_str name, member;
    const char *hash;
    int64_t publication_utc_s;
};

static int key_cmp(const struct source_key *a, const struct source_key *b)
{
    int c = bb_str_cmp(a->name, b->name);
    if (c == 0) c = bb_str_cmp(a->member, b->member);
    if (c == 0) c = strcmp(a->hash, b->hash);
    if (c == 0) c = a->publication_utc_s < b->publication_utc_s ? -1 : a->publication_utc_s > b->publication_utc_s;
    return c;
}

static struct bb_str ledger_name(const struct bb_leaf *leaf)
{
    return leaf->member.n ? bb_path_base(leaf->path) : leaf->name;
}

static struct source_key key_of(const struct bb_tables *t, uint32_t source)
{
    const struct bb_plan_source *s = source_of(t, source);
    return (struct source_key){ ledger_name(s->leaf), s->leaf->member, s->hash, s->publication_utc_s };
}

static int by_name(const void *a_, const void *b_, void *ctx)
{
    struct source_key a = key_of(ctx, *(const uint32_t *)a_), b = key_of(ctx, *(const uint32_t *)b_);
    return key_cmp(&a, &b);
}

int bb_tables_find_source(const struct bb_tables *t, const struct bb_ledger_source *s, size_t *source_ret)
{
    struct source_key wanted = { s->name, s->member, s->hash, s->publication_utc_s };
    size_t low = 0, high = t->n_by_name;
    while (low < high) {
        size_t mid = (low + high) / 2;
        struct source_key at = key_of(t, t->by_name[mid]);
        int c = key_cmp(&at, &wanted);
        if (c == 0) {
            *source_ret = t->by_name[mid];
            return 1;
        }
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return 0;
}

enum bb_status bb_tables_old_slice(struct bb_tables *t, uint32_t source, uint32_t *slice_ret, struct bb_error *err)
{
    if (t->old_slices[source] == BB_NO_CODE)
        BB_TRY(bb_tables_add_slice(t, source, UINT32_MAX, &t->old_slices[source], err));
    *slice_ret = t->old_slices[source];
    return BB_OK;
}

static size_t join_slot(const struct bb_tables *t, const uint32_t sources[BB_N_VALUES])
{
    uint64_t h = 0;
    for (int v = 0; v < BB_N_VALUES; v++) h = (h ^ sources[v]) * 0x9E3779B97F4A7C15u;
    for (size_t i = (size_t)(h >> 20);; i++) {
        uint32_t join = t->join_table[i & (t->join_table_size - 1)];
        if (join == 0 || memcmp(t->joins[join - 1].sources, sources, sizeof t->joins->sources) == 0)
            return i & (t->join_table_size - 1);
    }
}

static int grow_joins(struct bb_tables *t)
{
    uint32_t *old = t->join_table;
    if (!grow_beside(t, (void **)&t->joins, &t->cap_joins, t->n_joins, sizeof *t->joins)) return 0;
    if (t->join_table_size && (t->n_joins + 1) * 2 <= t->join_table_size) return 1;
    t->join_table =
        bb_calloc(&t->run->budget, (t->join_table_size ? t->join_table_size * 2 : 64) * sizeof *t->join_table);
    if (!t->join_table) {
        t->join_table = old;
        return 0;
    }
    t->join_table_size = t->join_table_size ? t->join_table_size * 2 : 64;
    bb_free(old);
    for (size_t i = 0; i < t->n_joins; i++) t->join_table[join_slot(t, t->joins[i].sources)] = (uint32_t)i + 1;
    return 1;
}

static int join_locked(struct bb_tables *t, const uint32_t sources[BB_N_VALUES], uint32_t *origin_ret)
{
    size_t slot;
    struct bb_join *join;
    if (!grow_joins(t)) return 0;
    slot = join_slot(t, sources);
    if (t->join_table[slot] == 0) {
        join = &t->joins[t->n_joins++];
        memcpy(join->sources, sources, sizeof join->sources);
        join->main = sources[0];
        for (int v = 1; v < BB_N_VALUES; v++)
            if (source_of(t, sources[v])->rank > source_of(t, join->main)->rank) join->main = sources[v];
        t->join_table[slot] = (uint32_t)t->n_joins;
    }
    *origin_ret = BB_ORIGIN_JOIN | (t->join_table[slot] - 1);
    return 1;
}

enum bb_status bb_tables_join(struct bb_tables *t, const uint32_t sources[BB_N_VALUES], uint32_t *origin_ret,
                              struct bb_error *err)
{
    int ok;
    pthread_mutex_lock(&t->joins_mutex);
    ok = join_locked(t, sources, origin_ret);
    pthread_mutex_unlock(&t->joins_mutex);
    return ok ? BB_OK : bb_fail_budget(err, &t->run->budget, "the list of joined sources");
}

/* The sort's way to name a row of several sources. Without memory the row keeps its first slice: an update would then know less than it could. */
static uint32_t combine(void *ctx, const uint32_t from[BB_N_VALUES])
{
    struct bb_tables *t = ctx;
    const struct bb_slice *slices = slices_of(t);
    uint32_t sources[BB_N_VALUES], origin = from[0];
    for (int v = 0; v < BB_N_VALUES; v++) sources[v] = slices[from[v]].source;
    if (bb_tables_join(t, sources, &origin, NULL) != BB_OK) t->joins_lost = 1;
    return origin;
}

/* ---- tables ---- */

enum bb_status bb_tables_init(struct bb_tables *t, struct bb_run *run, const struct bb_plan *plan,
                              const struct bb_job *job, const struct bb_zone *zone, unsigned frugal,
                              struct bb_error *err)
{
    size_t n = job->n_sources;
    *t = (struct bb_tables){ .run = run, .plan = plan, .job = job, .zone = zone, .frugal = frugal };
    for (size_t i = 0; i < n; i++) t->derive_energy |= plan->sources[job->sources[i]].derive_energy;
    pthread_mutex_init(&t->mutex, NULL);
    pthread_mutex_init(&t->joins_mutex, NULL);
    t->places = bb_places_new(&run->budget);
    t->old_slices = bb_alloc(&run->budget, n * sizeof *t->old_slices);
    t->by_name = bb_alloc(&run->budget, n * sizeof *t->by_name);
    t->years = bb_calloc(&run->budget, n * sizeof *t->years);
    t->held = bb_calloc(&run->budget, n * sizeof *t->held);
    if (!t->places || !t->old_slices || !t->by_name || !t->years || !t->held) {
        bb_tables_reset(t);
        return bb_fail_budget(err, &run->budget, "the list of locations and sources");
    }
    for (size_t i = 0; i < n; i++) {
        const struct bb_plan_source *s = source_of(t, (uint32_t)i);
        t->old_slices[i] = BB_NO_CODE;
        for (int k = 0; k < s->n_datasets; k++)
            if (bb_dataset_cmp(&s->datasets[k], &job->dataset) == 0) t->held[i] = s->held[k];
        if (s->hash[0])
            t->by_name[t->n_by_name++] =
                (uint32_t)i; /* others are no ledger's, and get theirs while tables are opened */
    }
    qsort_r(t->by_name, t->n_by_name, sizeof *t->by_name, by_name, t);
    return BB_OK;
}

static void free_table(struct bb_table *table)
{
    if (!table) return;
    bb_sort_free(table->sort);
    bb_year_file_free(table->file); /* may still be copying from the old one */
    bb_old_file_close(table->old);
    if (table->has_quality) bb_publish_abort(&table->quality);
    bb_free(table->sources);
    bb_free(table);
}

void bb_tables_reset(struct bb_tables *t)
{
    for (size_t i = 0; i < t->n; i++) free_table(t->list[i]);
    bb_free(t->list);
    bb_free(t->slices);
    bb_free(t->joins);
    for (unsigned i = 0; i < t->n_outgrown; i++) bb_free(t->outgrown[i]);
    bb_free(t->join_table);
    bb_free(t->old_slices);
    bb_free(t->by_name);
    bb_free(t->years);
    bb_free(t->held);
    bb_places_free(t->places);
    pthread_mutex_destroy(&t->mutex);
    pthread_mutex_destroy(&t->joins_mutex);
    *t = (struct bb_tables){ 0 };
}

void bb_tables_keep_files_only(struct bb_tables *t)
{
    for (size_t i = 0; i < t->n; i++) {
        bb_sort_free(t->list[i]->sort);
        t->list[i]->sort = NULL;
        if (t->list[i]->file) bb_year_file_rest(t->list[i]->file);
        bb_old_file_close(t->list[i]->old);
        t->list[i]->old = NULL;
    }
    bb_free(t->slices);
    t->slices = NULL;
    bb_places_free(t->places);
    t->places = NULL;
}

enum bb_status bb_tables_add_slice(struct bb_tables *t, size_t source, uint32_t sequence, uint32_t *slice_ret,
                                   struct bb_error *err)
{
    enum bb_status status = BB_OK;
    int ok;
    pthread_mutex_lock(&t->mutex);
    pthread_mutex_lock(&t->joins_mutex);
    ok = grow_beside(t, (void **)&t->slices, &t->cap_slices, t->n_slices, sizeof *t->slices);
    pthread_mutex_unlock(&t->joins_mutex);
    if (!ok) {
        status = bb_fail_budget(err, &t->run->budget, "the list of blocks");
    } else {
        t->slices[t->n_slices].order = (uint64_t)source_of(t, (uint32_t)source)->rank << 32 | sequence;
        t->slices[t->n_slices].source = (uint32_t)source;
        *slice_ret = (uint32_t)t->n_slices++;
    }
    pthread_mutex_unlock(&t->mutex);
    return status;
}

static enum bb_status on_old_source(void *ctx, const struct bb_ledger_source *s, size_t source)
{
    struct bb_table *table = ctx;
    struct bb_table_source *to = &table->sources[source];
    to->held = source_of(table->tables, (uint32_t)source)->old ||
               bb_year_set_has(&table->tables->held[source], table->year);
    if (!to->held) return BB_OK; /* is read again: it counts anew */
    to->rows = s->rows;
    to->first_utc_s = s->first_utc_s;
    to->last_utc_s = s->last_utc_s;
    to->n_files = s->n_files;
    to->years = s->years;
    return BB_OK;
}

static void table_path(const struct bb_table *table, char path[BB_PATH_MAX])
{
    const struct bb_tables *t = table->tables;
    bb_lake_path(bb_lake_root(t->run->lake), t->run->style.hive, &t->job->dataset, table->half, table->year, path);
}

/* What the lake holds of this table is merged; --rebuild starts over. */
static enum bb_status open_old(struct bb_table *table, struct bb_error *err)
{
    const struct bb_run *run = table->tables->run;
    char path[BB_PATH_MAX];
    if (!run->lake || run->options->rebuild) return BB_OK;
    table_path(table, path);
    if (access(path, F_OK) != 0) return BB_OK;
    return bb_old_file_open(path, table->tables, on_old_source, table, &table->old, err);
}

static enum bb_status new_table(struct bb_tables *t, enum bb_half half, int year, struct bb_table **table_ret,
                                struct bb_error *err)
{
    struct bb_run *run = t->run;
    struct bb_sort_options options = { .budget = &run->budget,
                                       .pool = run->pool,
                                       .n_workers = bb_pool_threads(run->pool),
                                       .places = t->places,
                                       .slices = slices_of,
                                       .slices_ctx = t,
                                       .derive_energy = t->derive_energy,
                                       .temp_dir = run->temp_dir,
                                       .combine = combine };
    struct bb_table *table = bb_calloc(&run->budget, sizeof *table);
    int64_t next_day_utc_s;
    enum bb_status status;
    if (!table) return bb_fail_budget(err, &run->budget, "a table");
    table->half = half;
    table->year = year;
    bb_zone_day(t->zone, bb_day_of((struct bb_date){ year + 1, 1, 1 }), &table->end_utc_s, &next_day_utc_s);
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
    status = open_old(table, err);
    if (status != BB_OK) {
        free_table(table);
        return status;
    }
    t->list[t->n++] = table;
    *table_ret = table;
    return BB_OK;
}

static enum bb_status find_table(struct bb_tables *t, enum bb_half half, int year, struct bb_table **table_ret,
                                 struct bb_error *err)
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

void bb_tables_count_reject(struct bb_tables *t, const char *reason)
{
    size_t i = 0;
    pthread_mutex_lock(&t->mutex);
    while (i < t->n_rejects && !bb_str_is(t->rejects[i].reason, reason)) i++;
    if (i < BB_MAX_REJECT_REASONS) {
        t->rejects[i].reason = bb_str_of(reason);
        t->rejects[i].n++;
        if (i == t->n_rejects) t->n_rejects++;
    }
    pthread_mutex_unlock(&t->mutex);
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
            if (!r->last[half]) BB_TRY(find_table(r->tables, half, r->year, &r->last[half], err));
            BB_TRY(bb_sort_add(r->last[half]->sort, r->worker, rows + i, k - i, err));
            widen(&r->last[half]->sources[r->source], from, to, count_rows(rows + i, k - i));
        }
        i = k;
    }
    return BB_OK;
}

/* ---- out ---- */

size_t bb_tables_held_nbytes(struct bb_tables *t)
{
    size_t sum = 0;
    pthread_mutex_lock(&t->mutex); /* another worker may be adding a table */
    for (size_t i = 0; i < t->n; i++) sum += bb_sort_held_nbytes(t->list[i]->sort);
    pthread_mutex_unlock(&t->mutex);
    return sum;
}

/* NULL behind the last one; a worker may be adding one. */
static struct bb_table *table_at(struct bb_tables *t, size_t i)
{
    struct bb_table *table = NULL;
    pthread_mutex_lock(&t->mutex);
    if (i < t->n) table = t->list[i];
    pthread_mutex_unlock(&t->mutex);
    return table;
}

size_t bb_tables_left_nbytes(struct bb_tables *t)
{
    size_t sum = 0;
    const struct bb_table *table;
    for (size_t i = 0; (table = table_at(t, i)); i++) sum += bb_sort_left_nbytes(table->sort);
    return sum;
}

int bb_tables_late(struct bb_tables *t)
{
    const struct bb_table *table;
    for (size_t i = 0; (table = table_at(t, i)); i++)
        if (bb_sort_late(table->sort)) return 1;
    return 0;
}

enum bb_status bb_tables_seal(struct bb_tables *t, struct bb_error *err)
{
    const struct bb_table *table;
    for (size_t i = 0; (table = table_at(t, i)); i++) BB_TRY(bb_sort_seal(table->sort, err));
    return BB_OK;
}

static enum bb_status begin_file(struct bb_table *table, struct bb_error *err)
{
    struct bb_tables *t = table->tables;
    struct bb_year_file_setup setup = { .budget = &t->run->budget,
                                        .pool = t->run->pool,
                                        .compressors = t->run->compressors,
                                        .one_by_one = t->frugal > 0,
                                        .dataset = &t->job->dataset,
                                        .half = table->half,
                                        .year = table->year,
                                        .old_quality = table->old ? table->old->quality : NULL,
                                        .style = &t->run->style,
                                        .zone = t->zone,
                                        .places = t->places,
                                        .slices = slices_of,
                                        .joins = joins_of,
                                        .report_text = report_text,
                                        .n_sources = t->job->n_sources,
                                        .ctx = t };
    char path[BB_PATH_MAX];
    if (table->file) return BB_OK;
    table_path(table, path);
    return bb_year_file_new(&setup, path, &table->file, err);
}

static enum bb_status emit(void *ctx, const struct bb_row *rows, size_t n, struct bb_error *err)
{
    struct bb_table *table = ctx;
    struct bb_tables *t = table->tables;
    if (bb_run_stopped(t->run)) return bb_fail(err, BB_INTERRUPTED, "interrupted");
    if (t->joins_lost) return bb_fail_budget(err, &t->run->budget, "the list of joined sources");
    table->rows_out += n;
    if (!t->run->lake) return BB_OK;
    BB_TRY(begin_file(table, err));
    bb_run_progress(t->run, "writing");
    return bb_year_file_add(table->file, rows, n, err);
}

/* Rows per emitted batch: large enough that handing columns to threads costs nothing, small beside the budget. */
static size_t batch_rows(const struct bb_tables *t)
{
    size_t limit = t->run->budget.limit_nbytes,
           rows = limit / (limit < SMALL_LIMIT ? 64 : 32) / sizeof(struct bb_row) >> t->frugal;
    return BB_MAX(BB_MIN(rows, (size_t)128 << 10), (size_t)8 << 10);
}

/* ---- merging with what the lake holds ---- */

static enum bb_status drain_sort(struct bb_table *table, uint32_t before_utc_s, struct bb_error *err)
{
    return bb_sort_drain(table->sort, before_utc_s, batch_rows(table->tables), emit, table, err);
}

/* Rows of the old file come in order and in whole instants but for the last: all before it can go on at once. */
static enum bb_status feed_old(void *ctx, const struct bb_row *rows, size_t n, struct bb_error *err)
{
    struct bb_table *table = ctx;
    BB_TRY(bb_sort_add(table->sort, 0, rows, n, err));
    table->rows_decoded += n;
    if (bb_sort_held_nbytes(table->sort) > table->tables->run->budget.limit_nbytes / 16)
        return drain_sort(table, rows[n - 1].start_utc_s, err);
    return BB_OK;
}

struct copied {
    struct bb_old_file *old;
    struct bb_provenance *to;
    size_t group;
};

static enum bb_status add_run(void *ctx, uint32_t origin, uint64_t rows, struct bb_error *err)
{
    return bb_provenance_add(((struct copied *)ctx)->to, origin, rows, err);
}

static enum bb_status add_origins(void *ctx, struct bb_provenance *to, struct bb_error *err)
{
    struct copied *c = ctx;
    c->to = to;
    return bb_old_file_origins(c->old, c->group, add_run, c, err);
}

static enum bb_status copy_group(struct bb_table *table, size_t group, struct bb_error *err)
{
    struct copied c = { .old = table->old, .group = group };
    enum bb_status status;
    BB_TRY(begin_file(table, err));
    status = bb_year_file_copy_group(table->file, table->old->reader, group, add_origins, &c, err);
    if (status == BB_OK) {
        table->rows_copied += (uint64_t)bb_pq_group_rows(table->old->reader, group);
        for (size_t i = 0; i < bb_pq_reader_columns(table->old->reader); i++)
            table->copied_nbytes +=
                (uint64_t)bb_pq_group_chunk(table->old->reader, group, i)->total_compressed_nbytes;
        table->rows_out += (uint64_t)bb_pq_group_rows(table->old->reader, group);
        table->groups_copied++;
    }
    return status;
}

/* Emits everything before the bound. Row groups of the old file that no new row reaches are carried over as they are; small ones, which many
 * updates leave, are always taken apart, so that they grow together: this is the whole rule of compaction. */
static enum bb_status advance(struct bb_table *table, uint32_t before_utc_s, struct bb_error *err)
{
    struct bb_old_file *old = table->old;
    for (; old && old->next_group < old->n_groups; old->next_group++) {
        const struct bb_old_group *g = &old->groups[old->next_group];
        enum bb_status status = BB_EOF;
        if (g->last_utc_s >= before_utc_s) return drain_sort(table, BB_MIN(before_utc_s, g->first_utc_s), err);
        BB_TRY(drain_sort(table, g->first_utc_s, err));
        if (bb_sort_first_instant(table->sort) > g->last_utc_s &&
            (uint64_t)bb_pq_group_rows(old->reader, old->next_group) >= BB_GROUP_MIN_ROWS)
            status = copy_group(table, old->next_group, err);
        if (status == BB_OK) /* a row may have come for it meanwhile */
            status = bb_sort_pass_over(table->sort, (uint64_t)g->last_utc_s + 1, err);
        else if (status == BB_EOF) {
            BB_TRY(bb_old_file_load(old, old->next_group, feed_old, table, err));
            status = drain_sort(table, g->last_utc_s + 1, err);
        }
        if (status != BB_OK) return status;
    }
    return drain_sort(table, before_utc_s, err);
}

enum bb_status bb_tables_drain(struct bb_tables *t, uint32_t before_utc_s, struct bb_error *err)
{
    struct bb_table *table;
    for (size_t i = 0; (table = table_at(t, i)); i++) {
        BB_TRY(advance(table, before_utc_s, err));
        /* A row that comes for this year all the same is late and voids the pass. */
        if (table->file && before_utc_s >= table->end_utc_s) BB_TRY(bb_year_file_end_rows(table->file, err));
    }
    return BB_OK;
}

enum bb_status bb_tables_spill(struct bb_tables *t, struct bb_error *err)
{
    struct bb_table *table;
    for (size_t i = 0; (table = table_at(t, i)); i++) BB_TRY(bb_sort_spill(table->sort, err));
    return BB_OK;
}

/* ---- the ledger ---- */

static uint32_t count_files(const struct bb_tables *t, int year, size_t source)
{
    uint32_t n = 0;
    for (size_t i = 0; i < t->n; i++) n += t->list[i]->year == year && t->list[i]->sources[source].rows > 0;
    return n;
}

static void fill_source(const struct bb_table *table, size_t i, const struct bb_provenance *p,
                        struct bb_ledger_source *to)
{
    const struct bb_tables *t = table->tables;
    const struct bb_plan_source *s = source_of(t, (uint32_t)i);
    const struct bb_table_source *from = &table->sources[i];
    *to = (struct bb_ledger_source){ .name = ledger_name(s->leaf),
                                     .member = s->leaf->member,
                                     .report = bb_str_of(s->report),
                                     .content_nbytes = s->content_nbytes,
                                     .rows = from->rows,
                                     .publication_utc_s = s->publication_utc_s,
                                     .first_utc_s = from->first_utc_s,
                                     .last_utc_s = from->last_utc_s,
                                     .n_files = from->held ? from->n_files : count_files(t, table->year, i),
                                     .code = p->code_of_source[i],
                                     .years = from->held ? from->years : t->years[i],
                                     .joined = s->joined,
                                     .preliminary = s->preliminary,
                                     .derived = s->derive_energy };
    memcpy(to->hash, s->hash, sizeof to->hash);
}

static size_t fill_joins(const struct bb_tables *t, const struct bb_provenance *p, struct bb_ledger_join *joins)
{
    size_t n = 0;
    for (size_t code = 0; code < p->n_codes; code++) {
        uint32_t origin = p->codes[code].origin;
        if (!(origin & BB_ORIGIN_JOIN)) continue;
        joins[n].code = (uint32_t)code;
        for (int v = 0; v < BB_N_VALUES; v++)
            joins[n].of[v] = p->code_of_source[t->joins[origin & ~BB_ORIGIN_JOIN].sources[v]];
        n++;
    }
    return n;
}

static enum bb_status fill_ledger(struct bb_table *table, struct bb_ledger *ledger, struct bb_error *err)
{
    struct bb_tables *t = table->tables;
    const struct bb_provenance *p = bb_year_file_provenance(table->file);
    *ledger = (struct bb_ledger){ .dataset = t->job->dataset,
                                  .half = table->half,
                                  .year = table->year,
                                  .rows = table->rows_out,
                                  .duplicates = table->counts.duplicates,
                                  .revisions = table->counts.revisions };
    if (table->old) {
        ledger->duplicates += table->old->head.duplicates;
        ledger->revisions += table->old->head.revisions;
    }
    ledger->sources = bb_calloc(&t->run->budget, t->job->n_sources * sizeof *ledger->sources);
    ledger->joins = bb_calloc(&t->run->budget, (p->n_codes + 1) * sizeof *ledger->joins);
    if (!ledger->sources || !ledger->joins) return bb_fail_budget(err, &t->run->budget, "the list of sources");
    for (size_t i = 0; i < t->job->n_sources; i++)
        if (table->sources[i].rows > 0) fill_source(table, i, p, &ledger->sources[ledger->n_sources++]);
    ledger->n_joins = fill_joins(t, p, ledger->joins);
    return BB_OK;
}

/* LAKE/quality/…: written under a hidden name now, named with the file. */
static enum bb_status write_quality(struct bb_table *table, const struct bb_ledger *ledger, struct bb_error *err)
{
    struct bb_tables *t = table->tables;
    struct bb_quality_facts facts = { .duplicates = ledger->duplicates,
                                      .revisions = ledger->revisions,
                                      .rejects = t->rejects,
                                      .n_rejects = t->n_rejects,
                                      .n_sources = ledger->n_sources };
    struct bb_quality_source *sources = bb_calloc(&t->run->budget, (ledger->n_sources + 1) * sizeof *sources);
    struct bb_buf json;
    char path[BB_PATH_MAX];
    enum bb_status status;
    if (!sources) return bb_fail_budget(err, &t->run->budget, "the quality file");
    for (size_t i = 0; i < ledger->n_sources; i++) {
        const struct bb_ledger_source *s = &ledger->sources[i];
        sources[i] =
            (struct bb_quality_source){ s->name, s->member, s->report, s->rows, s->first_utc_s, s->last_utc_s };
    }
    facts.sources = sources;
    bb_buf_init(&json, &t->run->budget, LEDGER_MAX_NBYTES);
    status = bb_quality_json(bb_year_file_quality(table->file), t->zone, &facts, &t->run->budget, &json, err);
    bb_quality_path(bb_lake_root(t->run->lake), &t->job->dataset, table->half, table->year, path);
    if (status == BB_OK) status = bb_publish_begin(path, &table->quality, err);
    if (status == BB_OK) {
        table->has_quality = 1;
        status = bb_publish_write(&table->quality, bb_buf_str(&json), err);
    }
    bb_buf_reset(&json);
    bb_free(sources);
    return status;
}

/* Somebody does it while the file is synced and read back. */
struct quality_writer {
    struct bb_table *table;
    const struct bb_ledger *ledger;
    _Atomic int taken;
    enum bb_status status;
    struct bb_error error;
};

static int write_quality_piece(void *ctx, unsigned worker)
{
    struct quality_writer *w = ctx;
    (void)worker;
    if (!atomic_exchange(&w->taken, 1)) w->status = write_quality(w->table, w->ledger, &w->error);
    return 0;
}

static enum bb_status finish_file(struct bb_table *table, struct bb_ledger *ledger, struct bb_error *err)
{
    struct bb_run *run = table->tables->run;
    struct bb_buf json;
    uint64_t rows = 0;
    enum bb_status status;
    BB_TRY(fill_ledger(table, ledger, err));
    bb_buf_init(&json, &run->budget, LEDGER_MAX_NBYTES);
    status = bb_ledger_write(ledger, &json) ? BB_OK : bb_fail_budget(err, &run->budget, "the list of sources");
    if (status == BB_OK) {
        struct quality_writer w = { .table = table, .ledger = ledger };
        bb_pool_background(run->pool, write_quality_piece, &w);
        status = bb_year_file_finish(table->file, bb_buf_str(&json), &rows, &table->nbytes, err);
        bb_pool_background(run->pool, NULL, NULL);
        write_quality_piece(&w, 0);
        if (status == BB_OK && w.status != BB_OK) {
            status = w.status;
            if (err) *err = w.error;
        }
    }
    bb_buf_reset(&json);
    return status;
}

static enum bb_status finish_table(struct bb_table *table, struct bb_error *err)
{
    struct bb_ledger ledger = { 0 };
    enum bb_status status;
    BB_TRY(advance(table, UINT32_MAX, err));
    bb_sort_get_counts(table->sort, &table->counts);
    if (!table->file) return BB_OK;
    BB_TRY(bb_year_file_end_rows(table->file, err));
    status = finish_file(table, &ledger, err);
    bb_free(ledger.sources);
    bb_free(ledger.joins);
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
