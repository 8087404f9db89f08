#include "convert/table_finish.h"

#include "convert/row_origins.h"
#include "convert/table_merge.h"

#define LEDGER_MAX_NBYTES ((size_t)64 << 20)

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
    const struct bb_plan_source *s = bb_tables_source(t, (uint32_t)i);
    const struct bb_table_source *from = &table->sources[i];
    *to = (struct bb_ledger_source){ .name = bb_ledger_name_of(s->leaf),
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

enum bb_status bb_table_finish(struct bb_table *table, struct bb_error *err)
{
    struct bb_ledger ledger = { 0 };
    enum bb_status status;
    BB_TRY(bb_table_advance(table, UINT32_MAX, err));
    bb_sort_get_counts(table->sort, &table->counts);
    if (!table->file) return BB_OK;
    BB_TRY(bb_year_file_end_rows(table->file, err));
    status = finish_file(table, &ledger, err);
    bb_free(ledger.sources);
    bb_free(ledger.joins);
    return status;
}
