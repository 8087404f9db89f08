#include "convert/old_file.h"

#include "base/decimal.h"
#include "convert/lake_file.h"
#include "convert/row_origins.h"
#include "convert/row_scan.h"
#include "table/columns.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FEED_ROWS 4096

/* ---- opening: ledger, codes, places of groups ---- */

struct opening {
    struct bb_old_file *old;
    enum bb_status (*on_source)(void *ctx, const struct bb_ledger_source *s, size_t source);
    void *ctx;
};

static enum bb_status set_code(struct bb_old_file *old, uint32_t code, uint32_t origin, struct bb_error *err)
{
    size_t before = old->cap_codes;
    if (code == UINT32_MAX) return BB_OK;
    if (code >= BB_ORIGIN_JOIN || code > bb_pq_reader_file_nbytes(old->reader))
        return bb_fail(err, BB_SKIP, "the ledger's codes are damaged");
    if (!bb_grow(&old->tables->run->budget, (void **)&old->origin_of_code, &old->cap_codes, (size_t)code + 1,
                 sizeof *old->origin_of_code))
        return bb_fail_budget(err, &old->tables->run->budget, "the list of sources");
    for (size_t i = before; i < old->cap_codes; i++) old->origin_of_code[i] = BB_NO_CODE;
    if (code >= old->n_codes) old->n_codes = (size_t)code + 1;
    old->origin_of_code[code] = origin;
    return BB_OK;
}

static enum bb_status on_source(void *ctx, const struct bb_ledger_source *s, struct bb_error *err)
{
    struct opening *o = ctx;
    size_t source;
    if (!bb_tables_find_source(o->old->tables, s, &source))
        return bb_fail(err, BB_BUG, "a source of the ledger has no place in the plan: %.*s", BB_STR_ARG(s->name));
    BB_TRY(o->on_source(o->ctx, s, source));
    return set_code(o->old, s->code, (uint32_t)source, err);
}

static enum bb_status on_join(void *ctx, const struct bb_ledger_join *join, struct bb_error *err)
{
    struct bb_old_file *old = ((struct opening *)ctx)->old;
    uint32_t sources[BB_N_VALUES], id;
    for (int v = 0; v < BB_N_VALUES; v++) {
        if (join->of[v] >= old->n_codes || old->origin_of_code[join->of[v]] >= BB_ORIGIN_JOIN)
            return bb_fail(err, BB_SKIP, "the ledger's joins are damaged");
        sources[v] = old->origin_of_code[join->of[v]];
    }
    BB_TRY(bb_tables_join(old->tables, sources, &id, err));
    return set_code(old, join->code, id, err);
}

static int64_t int64_of(struct bb_str bytes)
{
    int64_t v = 0;
    if (bytes.n == sizeof v) memcpy(&v, bytes.p, sizeof v);
    return v;
}

static enum bb_status locate_groups(struct bb_old_file *old, struct bb_error *err)
{
    struct bb_str places = bb_pq_reader_kv(old->reader, "busbar.provenance");
    int64_t unit = bb_pq_reader_column(old->reader, 0)->logical == BB_PQ_TIMESTAMP_NS ? 1000000000 : 1000000;
    old->n_groups = bb_pq_reader_groups(old->reader);
    old->groups = bb_calloc(&old->tables->run->budget, (old->n_groups + 1) * sizeof *old->groups);
    if (!old->groups) return bb_fail_budget(err, &old->tables->run->budget, "the row groups of the lake's file");
    for (size_t g = 0; g < old->n_groups; g++) {
        const struct bb_pq_read_stats *stats = &bb_pq_group_chunk(old->reader, g, 0)->stats;
        uint64_t offset = 0, nbytes = 0;
        if (!stats->has_min_max ||
            !bb_provenance_place(&places, bb_pq_reader_file_nbytes(old->reader), &offset, &nbytes))
            return bb_fail(err, BB_SKIP, "row group %zu does not say where its rows came from", g);
        if (int64_of(stats->min) / unit < 0 || int64_of(stats->max) / unit >= UINT32_MAX ||
            int64_of(stats->min) > int64_of(stats->max) ||
            (g > 0 && int64_of(stats->min) / unit <= old->groups[g - 1].last_utc_s))
            return bb_fail(err, BB_SKIP, "row group %zu does not follow the one before it in time", g);
        old->groups[g] = (struct bb_old_group){ (uint32_t)(int64_of(stats->min) / unit),
                                                (uint32_t)(int64_of(stats->max) / unit), offset, nbytes };
    }
    return BB_OK;
}

/* A state that cannot be read only costs time: every row group is taken apart then. */
static enum bb_status load_quality(struct bb_old_file *old, struct bb_error *err)
{
    enum bb_status status =
        bb_quality_of_file(old->path, old->reader, &old->tables->run->budget, &old->quality, err);
    return status == BB_EOF || status == BB_SKIP ? BB_OK : status;
}

static enum bb_status open_file(struct bb_old_file *old, struct opening *o, struct bb_error *err)
{
    struct bb_ledger_reading reading = { on_source, on_join, o };
    struct bb_str json;
    BB_TRY(bb_pq_reader_open(old->path, &old->tables->run->budget, &old->reader, err));
    json = bb_pq_reader_kv(old->reader, "busbar.ledger");
    if (!json.p) return bb_fail(err, BB_SKIP, "it has no ledger");
    BB_TRY(bb_ledger_read(json, &reading, &old->tables->run->budget, &old->head, err));
    BB_TRY(load_quality(old, err));
    return locate_groups(old, err);
}

enum bb_status bb_old_file_open(const char *path, struct bb_tables *tables,
                                enum bb_status (*on_source_fn)(void *ctx, const struct bb_ledger_source *s,
                                                               size_t source),
                                void *ctx, struct bb_old_file **old_ret, struct bb_error *err)
{
    struct bb_old_file *old = bb_calloc(&tables->run->budget, sizeof *old);
    struct opening o = { old, on_source_fn, ctx };
    size_t n = strlen(path) + 1;
    enum bb_status status;
    if (!old) return bb_fail_budget(err, &tables->run->budget, "the lake's file");
    old->tables = tables;
    bb_pq_decompress_init(&old->unpacker, BB_PQ_ZSTD, &tables->run->budget);
    old->path = bb_alloc(&tables->run->budget, n);
    if (!old->path) {
        bb_old_file_close(old);
        return bb_fail_budget(err, &tables->run->budget, "the lake's file");
    }
    memcpy(old->path, path, n);
    status = open_file(old, &o, err);
    if (status != BB_OK) {
        if (status == BB_SKIP) {
            bb_fail_prefix(err, "%s cannot be updated (convert everything with --rebuild, or move it away)", path);
            status = bb_fail_as(err, BB_IO);
        }
        bb_old_file_close(old);
        return status;
    }
    *old_ret = old;
    return BB_OK;
}

void bb_old_file_close(struct bb_old_file *old)
{
    if (!old) return;
    bb_pq_reader_close(old->reader);
    bb_pq_decompress_reset(&old->unpacker);
    bb_quality_state_free(old->quality);
    bb_free(old->path);
    bb_free(old->origin_of_code);
    bb_free(old->groups);
    bb_free(old);
}

/* ---- provenance of a group ---- */

static enum bb_status open_list(struct bb_old_file *old, size_t group, struct bb_provenance_list *list,
                                struct bb_error *err)
{
    const struct bb_old_group *g = &old->groups[group];
    char *packed = bb_alloc(&old->tables->run->budget, g->provenance_nbytes + 1);
    enum bb_status status;
    if (!packed) return bb_fail_budget(err, &old->tables->run->budget, "the list of sources");
    status = bb_pq_reader_bytes(old->reader, g->provenance_offset, packed, g->provenance_nbytes, err);
    if (status == BB_OK)
        status = bb_provenance_open(list, (struct bb_str){ packed, g->provenance_nbytes }, &old->unpacker, err);
    bb_free(packed);
    return status;
}

static enum bb_status next_run(struct bb_old_file *old, struct bb_provenance_list *list, uint64_t *rows,
                               uint32_t *origin, struct bb_error *err)
{
    uint32_t code;
    int got = bb_provenance_next(list, rows, &code);
    if (got == 0) return BB_EOF;
    if (got < 0 || code >= old->n_codes || old->origin_of_code[code] == BB_NO_CODE)
        return bb_fail(err, BB_IO, "%s: the list of sources is damaged; convert everything with --rebuild",
                       old->path);
    *origin = old->origin_of_code[code];
    return BB_OK;
}

enum bb_status bb_old_file_origins(struct bb_old_file *old, size_t group,
                                   enum bb_status (*on_run)(void *ctx, uint32_t origin, uint64_t rows,
                                                            struct bb_error *err),
                                   void *ctx, struct bb_error *err)
{
    struct bb_provenance_list list;
    uint64_t left = (uint64_t)bb_pq_group_rows(old->reader, group);
    enum bb_status status = open_list(old, group, &list, err);
    if (status == BB_SKIP) bb_fail_prefix(err, "%s", old->path), status = bb_fail_as(err, BB_IO);
    if (status != BB_OK) return status;
    for (;;) {
        uint64_t rows = 0;
        uint32_t origin = BB_NO_CODE;
        status = next_run(old, &list, &rows, &origin, err);
        if (status == BB_OK ? rows > left : status == BB_EOF && left > 0)
            status = bb_fail(
                err, BB_IO,
                "%s: the list of sources has not as many rows as row group %zu; convert everything with --rebuild",
                old->path, group);
        if (status != BB_OK) break;
        left -= rows;
        status = on_run(ctx, origin, rows, err);
        if (status != BB_OK) break;
    }
    bb_provenance_close(&list);
    return status == BB_EOF ? BB_OK : status;
}

/* ---- rows of a group ---- */

enum wanted {
    W_TIME,
    W_NAME,
    W_ID,
    W_ZONE,
    W_UNIT,
    W_TYPE,
    W_VOLTAGE,
    W_VALUE0,
    W_VALUE1,
    W_VALUE2,
    W_VALUE3,
    W_VERSION,
    W_CURRENT,
    N_WANTED
};

struct loader {
    struct bb_old_file *old;
    struct bb_row_scan scan;
    int at[N_WANTED]; /* place in the scan, -1: this kind has no such column */
    struct bb_provenance_list list;
    uint64_t run_rows;
    uint32_t origin;
    int64_t unit;
    /* places come in the same order in every instant: the next one is guessed from the last round */
    uint32_t *ring;
    size_t n_ring, cap_ring, guess;
    struct bb_row rows[FEED_ROWS + 2 * BB_N_VALUES];
    size_t n;
    uint32_t slice_of_last_source, last_source;
};

static const char *const energy_names[N_WANTED] = { "datetime_utc",
                                                    "settlement_location",
                                                    "settlement_location_id",
                                                    "zone",
                                                    NULL,
                                                    "settlement_location_type",
                                                    "voltage_kv",
                                                    "lmp_total",
                                                    "lmp_energy",
                                                    "lmp_congestion",
                                                    "lmp_loss",
                                                    "version",
                                                    "is_current" };
static const char *const ancillary_names[N_WANTED] = { "datetime_utc",
                                                       "as_product",
                                                       "as_region",
                                                       "as_product_standard",
                                                       "unit",
                                                       NULL,
                                                       NULL,
                                                       "market_clearing_price",
                                                       "cleared_quantity_mw",
                                                       NULL,
                                                       NULL,
                                                       "version",
                                                       "is_current" };

static struct bb_str text_at(const struct loader *l, enum wanted w, size_t i)
{
    const struct bb_pq_values *v;
    if (l->at[w] < 0) return (struct bb_str){ "", 0 };
    v = &l->scan.at[l->at[w]];
    return v->valid[i] ? v->v.str[i] : (struct bb_str){ "", 0 };
}

static enum bb_type type_of(struct bb_str word)
{
    for (int t = 0; t < BB_N_TYPE; t++)
        if (bb_str_is(word, bb_type_names[t])) return (enum bb_type)t;
    return BB_TYPE_NODE;
}

static int same_place(const struct bb_place_key *a, const struct bb_place_key *b)
{
    return bb_str_eq(a->name, b->name) && bb_str_eq(a->id, b->id) && bb_str_eq(a->zone, b->zone) &&
           a->type == b->type && bb_str_eq(a->unit, b->unit) &&
           (a->voltage_kv == b->voltage_kv || (isnan(a->voltage_kv) && isnan(b->voltage_kv))) &&
           bb_str_eq(a->identity, b->identity);
}

static enum bb_status place_of(struct loader *l, size_t i, uint32_t source, uint32_t *place, struct bb_error *err)
{
    struct bb_tables *t = l->old->tables;
    int energy = t->job->dataset.kind == BB_ENERGY;
    char joined[1024];
    struct bb_place_key key = { .name = text_at(l, W_NAME, i),
                                .id = text_at(l, W_ID, i),
                                .zone = text_at(l, W_ZONE, i),
                                .unit = text_at(l, W_UNIT, i),
                                .type = energy ? type_of(text_at(l, W_TYPE, i)) : BB_TYPE_NODE,
                                .voltage_kv = NAN };
    if (l->at[W_VOLTAGE] >= 0 && l->scan.at[l->at[W_VOLTAGE]].valid[i])
        key.voltage_kv = l->scan.at[l->at[W_VOLTAGE]].v.f64[i];
    if (!energy) {
        int n = snprintf(joined, sizeof joined, "%.*s\x1f%.*s", BB_STR_ARG(key.name), BB_STR_ARG(key.id));
        key.identity = (struct bb_str){ joined, (size_t)BB_MIN(n, (int)sizeof joined - 1) };
    } else {
        key.identity = bb_tables_source(t, source)->identity_is_id ? key.id : key.name;
    }
    if (l->guess < l->n_ring) {
        struct bb_place_key known = *bb_places_at(t->places, l->ring[l->guess]);
        if (same_place(&known, &key)) {
            *place = l->ring[l->guess++];
            return BB_OK;
        }
    }
    BB_TRY(bb_places_intern(t->places, &key, place, err));
    for (size_t k = 0; k < l->n_ring; k++)
        if (l->ring[k] == *place) {
            l->guess = k + 1;
            return BB_OK;
        }
    if (!bb_grow(&t->run->budget, (void **)&l->ring, &l->cap_ring, l->n_ring + 1, sizeof *l->ring))
        return bb_fail_budget(err, &t->run->budget, "the list of locations");
    l->ring[l->n_ring++] = *place;
    l->guess = l->n_ring;
    return BB_OK;
}

static enum bb_status slice_of(struct loader *l, uint32_t source, uint32_t *slice, struct bb_error *err)
{
    if (source != l->last_source) {
        BB_TRY(bb_tables_old_slice(l->old->tables, source, &l->slice_of_last_source, err));
        l->last_source = source;
    }
    *slice = l->slice_of_last_source;
    return BB_OK;
}

/* Derived energy is left out and derived anew: an operand may change, and rows that were read now come without it. */
static void finish_row(const struct loader *l, struct bb_row *row, uint32_t source)
{
    const struct bb_plan_source *s = bb_tables_source(l->old->tables, source);
    if (s->joined) row->flags |= BB_ROW_PARTIAL;
    if (s->preliminary) row->flags |= BB_ROW_PRELIMINARY;
    if (s->derive_energy) {
        row->present &= (uint8_t) ~(1u << BB_VALUE_ENERGY);
        row->value[BB_VALUE_ENERGY] = 0;
    }
}

/* A joined row becomes one partial row per source again. */
static enum bb_status split_row(struct loader *l, const struct bb_row *whole, uint32_t join, struct bb_error *err)
{
    const struct bb_join j = l->old->tables->joins[join];
    for (unsigned v = 0; v < BB_N_VALUES; v++) {
        struct bb_row part = *whole;
        int first = 1;
        part.present = 0;
        memset(part.value, 0, sizeof part.value);
        for (unsigned u = 0; u < v; u++) first &= j.sources[u] != j.sources[v];
        if (!first) continue;
        for (unsigned u = v; u < BB_N_VALUES; u++)
            if (j.sources[u] == j.sources[v] && (whole->present >> u & 1)) {
                part.present |= (uint8_t)(1u << u);
                part.value[u] = whole->value[u];
            }
        BB_TRY(slice_of(l, j.sources[v], &part.slice, err));
        finish_row(l, &part, j.sources[v]);
        part.flags |= BB_ROW_PARTIAL;
        if (part.present) l->rows[l->n++] = part;
    }
    return BB_OK;
}

static enum bb_status take_row(struct loader *l, size_t i, struct bb_error *err)
{
    struct bb_row row = { .start_utc_s = (uint32_t)(l->scan.at[l->at[W_TIME]].v.i64[i] / l->unit) };
    uint32_t main_source;
    while (l->run_rows == 0) {
        enum bb_status status = next_run(l->old, &l->list, &l->run_rows, &l->origin, err);
        if (status == BB_EOF)
            return bb_fail(err, BB_IO, "%s: the list of sources is too short; convert everything with --rebuild",
                           l->old->path);
        if (status != BB_OK) return status;
    }
    l->run_rows--;
    row.version = (uint16_t)l->scan.at[l->at[W_VERSION]].v.i64[i];
    if (!l->scan.at[l->at[W_CURRENT]].v.i64[i]) row.flags |= BB_ROW_NOT_CURRENT;
    for (unsigned v = 0; v < BB_N_VALUES; v++) {
        const struct bb_pq_values *values = l->at[W_VALUE0 + v] >= 0 ? &l->scan.at[l->at[W_VALUE0 + v]] : NULL;
        if (!values || !values->valid[i]) continue;
        row.present |= (uint8_t)(1u << v);
        row.value[v] = values->v.f64[i];
    }
    main_source = l->origin & BB_ORIGIN_JOIN ? l->old->tables->joins[l->origin & ~BB_ORIGIN_JOIN].main : l->origin;
    BB_TRY(place_of(l, i, main_source, &row.place, err));
    if (l->origin & BB_ORIGIN_JOIN) return split_row(l, &row, l->origin & ~BB_ORIGIN_JOIN, err);
    BB_TRY(slice_of(l, l->origin, &row.slice, err));
    finish_row(l, &row, l->origin);
    l->rows[l->n++] = row;
    return BB_OK;
}

static enum bb_status load_rows(struct loader *l, size_t group, bb_old_rows feed, void *ctx, struct bb_error *err)
{
    const char *const *names = l->old->tables->job->dataset.kind == BB_ENERGY ? energy_names : ancillary_names;
    int columns[N_WANTED];
    size_t n = 0, got = 0;
    enum bb_status status;
    for (int w = 0; w < N_WANTED; w++) {
        int column = names[w] ? bb_pq_reader_find(l->old->reader, names[w]) : -1;
        if (names[w] && column < 0)
            return bb_fail(err, BB_IO, "%s has no column %s; convert everything with --rebuild", l->old->path,
                           names[w]);
        l->at[w] = column >= 0 ? (int)n : -1;
        if (column >= 0) columns[n++] = column;
    }
    l->unit = bb_pq_reader_column(l->old->reader, (size_t)columns[0])->logical == BB_PQ_TIMESTAMP_NS ? 1000000000
                                                                                                     : 1000000;
    BB_TRY(bb_row_scan_open(&l->scan, l->old->reader, group, columns, n, err));
    while ((status = bb_row_scan_next(&l->scan, &got, err)) == BB_OK) {
        for (size_t i = 0; i < got; i++) {
            int64_t start = l->scan.at[l->at[W_TIME]].v.i64[i] / l->unit;
            if (l->n > 0 && l->rows[l->n - 1].start_utc_s != start) {
                l->guess = 0; /* a new instant begins with the first location again */
                if (l->n >= FEED_ROWS / 2) {
                    BB_TRY(feed(ctx, l->rows, l->n, err));
                    l->n = 0;
                }
            } else if (l->n >= FEED_ROWS) { /* one instant alone is more */
                BB_TRY(feed(ctx, l->rows, l->n, err));
                l->n = 0;
            }
            BB_TRY(take_row(l, i, err));
        }
    }
    if (status != BB_EOF) return status;
    return l->n ? feed(ctx, l->rows, l->n, err) : BB_OK;
}

enum bb_status bb_old_file_load(struct bb_old_file *old, size_t group, bb_old_rows feed, void *ctx,
                                struct bb_error *err)
{
    struct loader *l = bb_calloc(&old->tables->run->budget, sizeof *l);
    enum bb_status status;
    if (!l) return bb_fail_budget(err, &old->tables->run->budget, "the rows of the lake's file");
    l->old = old;
    l->last_source = BB_NO_CODE;
    status = open_list(old, group, &l->list, err);
    if (status == BB_OK) {
        status = load_rows(l, group, feed, ctx, err);
        bb_row_scan_close(&l->scan);
        bb_provenance_close(&l->list);
    }
    if (status == BB_SKIP) bb_fail_prefix(err, "%s", old->path), status = bb_fail_as(err, BB_IO);
    bb_free(l->ring);
    bb_free(l);
    return status;
}
