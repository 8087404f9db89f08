#include "convert/table_merge.h"

#include "convert/row_origins.h"

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
                                        .slices = bb_tables_slices,
                                        .joins = bb_tables_joins,
                                        .report_text = bb_tables_report_text,
                                        .n_sources = t->job->n_sources,
                                        .ctx = t };
    char path[BB_PATH_MAX];
    if (table->file) return BB_OK;
    bb_table_path(table, path);
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

/* Rows per emitted batch: large enough that handing columns to threads costs nothing, small beside the budget, for two are there at once. */
static size_t batch_rows(const struct bb_tables *t)
{
    size_t rows = t->run->budget.limit_nbytes / 64 / sizeof(struct bb_row) >> t->frugal;
    return BB_MAX(BB_MIN(rows, (size_t)128 << 10), (size_t)8 << 10);
}

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
    table->rows_waiting += n; /* not what the sort holds: others may be sending it rows at the same time */
    if (table->rows_waiting * sizeof *rows <= table->tables->run->budget.limit_nbytes / 16) return BB_OK;
    table->rows_waiting = 0;
    return drain_sort(table, rows[n - 1].start_utc_s, err);
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
enum bb_status bb_table_advance(struct bb_table *table, uint32_t before_utc_s, struct bb_error *err)
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
