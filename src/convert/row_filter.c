#include "convert/row_filter.h"

#define BATCH_ROWS 4096

static int64_t int64_of(struct bb_str bytes)
{
    int64_t v = 0;
    if (bytes.n == sizeof v) memcpy(&v, bytes.p, sizeof v);
    return v;
}

static int page_may_match(const struct bb_row_filter *f, int column, const struct bb_pq_read_page *page)
{
    struct bb_str text = column == f->name_column ? f->name : f->id;
    if (page->null_page) return 0;
    if (!page->min.p || !page->max.p) return 1;
    if (column == f->time_column) return int64_of(page->max) >= f->from_utc && int64_of(page->min) < f->to_utc;
    return bb_str_cmp(page->min, text) <= 0 && bb_str_cmp(page->max, text) >= 0;
}

static enum bb_status put_range(const struct bb_row_filter *f, struct bb_row_ranges *out, int64_t from, int64_t to,
                                struct bb_error *err)
{
    if (from >= to) return BB_OK;
    if (out->n && out->p[out->n - 1].to == from) {
        out->p[out->n - 1].to = to;
        return BB_OK;
    }
    if (!bb_grow(f->budget, (void **)&out->p, &out->cap, out->n + 1, sizeof *out->p))
        return bb_fail_budget(err, f->budget, "the rows to show");
    out->p[out->n++] = (struct bb_row_range){ from, to };
    return BB_OK;
}

/* What is left of in once the pages of a column are looked up in its index. */
static enum bb_status narrow_by_pages(const struct bb_row_filter *f, size_t group, int column,
                                      const struct bb_row_ranges *in, struct bb_row_ranges *out,
                                      struct bb_error *err)
{
    struct bb_pq_read_page *pages = NULL;
    size_t n = 0;
    int64_t rows = bb_pq_group_rows(f->reader, group);
    enum bb_status status = bb_pq_read_pages(f->reader, group, (size_t)column, &pages, &n, err);
    out->n = 0;
    if (status == BB_EOF) { /* no index: everything is left */
        for (size_t i = 0; i < in->n; i++) BB_TRY(put_range(f, out, in->p[i].from, in->p[i].to, err));
        return BB_OK;
    }
    for (size_t i = 0, k = 0; i < n && status == BB_OK; i++) {
        int64_t from = pages[i].first_row, to = i + 1 < n ? pages[i + 1].first_row : rows;
        if (!page_may_match(f, column, &pages[i])) continue;
        while (k < in->n && in->p[k].to <= from) k++;
        for (size_t j = k; j < in->n && in->p[j].from < to && status == BB_OK; j++)
            status = put_range(f, out, BB_MAX(in->p[j].from, from), BB_MIN(in->p[j].to, to), err);
    }
    bb_free(pages);
    return status;
}

static int row_matches(const struct bb_row_filter *f, int column, const struct bb_pq_values *v, size_t i)
{
    struct bb_str text = column == f->name_column ? f->name : f->id;
    if (!v->valid[i]) return 0;
    if (column == f->time_column) return v->v.i64[i] >= f->from_utc && v->v.i64[i] < f->to_utc;
    return bb_str_eq(v->v.str[i], text);
}

static enum bb_status narrow_by_rows(const struct bb_row_filter *f, struct bb_pq_cursor *cursor, int column,
                                     const struct bb_row_ranges *in, struct bb_row_ranges *out,
                                     struct bb_error *err)
{
    int64_t row = 0;
    out->n = 0;
    for (size_t i = 0; i < in->n; i++) {
        BB_TRY(bb_pq_cursor_skip(cursor, in->p[i].from - row, err));
        for (row = in->p[i].from; row < in->p[i].to;) {
            struct bb_pq_values v;
            BB_TRY(bb_pq_cursor_next(cursor, (size_t)BB_MIN(in->p[i].to - row, (int64_t)BATCH_ROWS), &v, err));
            for (size_t k = 0; k < v.n; k++)
                if (row_matches(f, column, &v, k))
                    BB_TRY(put_range(f, out, row + (int64_t)k, row + (int64_t)k + 1, err));
            row += (int64_t)v.n;
        }
    }
    return BB_OK;
}

/* By the statistics of the whole chunk: the footer is read already. */
static int group_may_match(const struct bb_row_filter *f, size_t group, int column)
{
    const struct bb_pq_read_stats *stats = &bb_pq_group_chunk(f->reader, group, (size_t)column)->stats;
    struct bb_pq_read_page whole = { .min = stats->min, .max = stats->max };
    return !stats->has_min_max || page_may_match(f, column, &whole);
}

/* ranges becomes what the column leaves of it; other is room to work in. */
static enum bb_status narrow(const struct bb_row_filter *f, size_t group, int column, struct bb_row_ranges *ranges,
                             struct bb_row_ranges *other, struct bb_error *err)
{
    struct bb_pq_cursor *cursor = NULL;
    enum bb_status status;
    if (column < 0 || ranges->n == 0) return BB_OK;
    if (!group_may_match(f, group, column)) {
        ranges->n = 0;
        return BB_OK;
    }
    if (column != f->time_column && bb_pq_bloom_may_contain(f->reader, group, (size_t)column,
                                                            column == f->name_column ? f->name : f->id, err) == 0) {
        ranges->n = 0;
        return BB_OK;
    }
    BB_TRY(narrow_by_pages(f, group, column, ranges, other, err));
    ranges->n = 0;
    if (other->n == 0) return BB_OK;
    BB_TRY(bb_pq_cursor_open(f->reader, group, (size_t)column, &cursor, err));
    status = narrow_by_rows(f, cursor, column, other, ranges, err);
    bb_pq_cursor_close(cursor);
    return status == BB_EOF ? bb_fail(err, BB_SKIP, "a column has fewer rows than its row group") : status;
}

enum bb_status bb_row_filter_group(const struct bb_row_filter *f, size_t group, struct bb_row_ranges *ranges,
                                   struct bb_error *err)
{
    struct bb_row_ranges other = { 0 };
    enum bb_status status;
    ranges->n = 0;
    status = put_range(f, ranges, 0, bb_pq_group_rows(f->reader, group), err);
    if (status == BB_OK) status = narrow(f, group, f->time_column, ranges, &other, err);
    if (status == BB_OK) status = narrow(f, group, f->id_column, ranges, &other, err);
    if (status == BB_OK) status = narrow(f, group, f->name_column, ranges, &other, err);
    bb_free(other.p);
    return status;
}
