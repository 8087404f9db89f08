#include "parquet/pq_verify.h"
#include "parquet/pq_meta.h"
#include "parquet/pq_value.h"

#include <stdio.h>

#define TEXT_MAX     ((size_t)256 << 20)
#define N_PAGE_TYPES 4
#define N_ENCODINGS  16

void bb_pq_problem(struct bb_pq_verify *v, size_t group, size_t column, int64_t row, const char *fmt, ...)
{
    char where[600], what[1024];
    size_t n = 0;
    va_list args;
    if (v->n_problems >= v->max_problems) return;
    if (group == BB_PQ_NOWHERE) {
        n = (size_t)snprintf(where, sizeof where, "footer");
    } else {
        n = (size_t)snprintf(where, sizeof where, "row group %zu", group);
    }
    if (column != BB_PQ_NOWHERE)
        n += (size_t)snprintf(where + n, sizeof where - n, ", column %.*s",
                              BB_STR_ARG(v->reader->columns[column].name));
    if (row >= 0) snprintf(where + n, sizeof where - n, ", row %lld", (long long)row);
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    v->n_problems++;
    v->on_problem(v->ctx, where, what);
}

/* The reader's errors begin with the path and the chunk, which on_problem gets otherwise. */
static const char *without_place(const char *path, const char *text, const char *chunk)
{
    size_t n = strlen(path);
    if (strncmp(text, path, n) == 0 && strncmp(text + n, ": ", 2) == 0) text += n + 2;
    n = strlen(chunk);
    if (n > 0 && strncmp(text, chunk, n) == 0 && (text[n] == ',' || text[n] == ':')) text += n + 2;
    return text;
}

/* ---- smallest and largest value ---- */

struct extremes {
    int has;
    struct bb_pq_value min, max;
    struct bb_buf min_text, max_text;
};

static void extremes_take(struct extremes *e, enum bb_pq_type type, const struct bb_pq_value *value)
{
    if (!e->has) {
        e->has = 1;
        e->min = e->max = *value;
        return;
    }
    if (bb_pq_value_cmp(type, value, &e->min) < 0) e->min = *value;
    if (bb_pq_value_cmp(type, value, &e->max) > 0) e->max = *value;
}

static int keep(struct bb_buf *text, struct bb_str *s)
{
    if (s->p == text->p && s->n == text->n) return 1;
    text->n = 0;
    if (!bb_buf_put(text, s->p, s->n)) return 0;
    *s = bb_buf_str(text);
    return 1;
}

/* Makes texts independent of the cursor. Neither slice may lie in the other's buffer: a value is both only right after it was taken. */
static int extremes_keep(struct extremes *e, enum bb_pq_type type)
{
    if (!e->has || type != BB_PQ_BYTE_ARRAY) return 1;
    return keep(&e->min_text, &e->min.s) && keep(&e->max_text, &e->max.s);
}

/* ---- one chunk ---- */

/* Arrow's own writer counts data pages of version 2 as data pages; so do we, the kind of a page is in its header. */
static int kind_of_page(int32_t type) { return type == BB_PQ_DATA_PAGE_V2 ? BB_PQ_DATA_PAGE : type; }

struct chunk {
    struct bb_pq_verify *v;
    size_t group, number;
    const struct bb_pq_read_column *column;
    const struct bb_pq_read_chunk *meta;
    struct bb_pq_cursor *cursor;
    struct bb_pq_read_page *index;
    size_t n_index;
    struct bb_pq_index_head index_head;
    struct bb_pq_bloom bloom;
    int is_ordered;

    int64_t row, n_nulls, n_nan, uncompressed_nbytes;
    struct extremes all, page;
    int64_t page_nulls, page_nan, page_row;
    size_t n_pages;
    int32_t counts[N_PAGE_TYPES][N_ENCODINGS];
    int no_checksum, dictionary_is_done;
    int64_t n_not_in_bloom;
    struct bb_pq_value not_in_bloom;
    char not_in_bloom_text[64];
};

#define PROBLEM(c, row, ...) bb_pq_problem((c)->v, (c)->group, (c)->number, (row), __VA_ARGS__)

static void check_bloom(struct chunk *c, const struct bb_pq_value *value)
{
    uint8_t scratch[8];
    uint64_t hash = bb_pq_read_bloom_hash(bb_pq_value_to_plain(c->column->type, value, scratch));
    if (bb_pq_bloom_block_has(c->bloom.bits + (size_t)bb_pq_bloom_block(hash, c->bloom.n_blocks) * 32, hash))
        return;
    if (c->n_not_in_bloom++ == 0) bb_pq_value_text(c->column->type, value, c->not_in_bloom_text);
}

/* Is a value there twice? By a set of their hashes. */
static enum bb_status check_twice(struct chunk *c, const struct bb_pq_values *values, struct bb_error *err)
{
    size_t n_slots = 16;
    uint64_t *slots;
    while (n_slots < values->n * 2) n_slots *= 2;
    slots = bb_calloc(c->v->reader->budget, n_slots * sizeof *slots);
    if (!slots) return bb_fail_budget(err, c->v->reader->budget, "checking a Parquet dictionary");
    for (size_t i = 0; i < values->n; i++) {
        struct bb_pq_value value = bb_pq_value_at(c->column->type, values, i);
        uint8_t scratch[8];
        char text[64];
        uint64_t hash = bb_pq_read_bloom_hash(bb_pq_value_to_plain(c->column->type, &value, scratch)) |
                        1; /* 0 is an empty slot */
        size_t at = (size_t)(hash >> 1) & (n_slots - 1);
        while (slots[at] != 0 && slots[at] != hash) at = (at + 1) & (n_slots - 1);
        if (slots[at] == hash) {
            PROBLEM(c, -1, "the dictionary has %s twice", bb_pq_value_text(c->column->type, &value, text));
            break;
        }
        slots[at] = hash;
    }
    bb_free(slots);
    return BB_OK;
}

static void count_page(struct chunk *c, const struct bb_pq_page_seen *seen)
{
    const struct bb_pq_page_head *head = &seen->head;
    if (head->encoding >= 0 && head->encoding < N_ENCODINGS) c->counts[kind_of_page(head->type)][head->encoding]++;
    c->uncompressed_nbytes += (int64_t)head->head_nbytes + head->uncompressed_nbytes;
    if (!head->has_crc && !c->no_checksum) {
        c->no_checksum = 1;
        PROBLEM(c, seen->first_row, "the page at %lld has no checksum", (long long)seen->offset);
    }
}

static enum bb_status check_dictionary(struct chunk *c, struct bb_error *err)
{
    const struct bb_pq_page_seen *seen = bb_pq_cursor_dictionary(c->cursor);
    struct bb_pq_values values;
    c->dictionary_is_done = 1;
    if (!seen) return BB_OK;
    count_page(c, seen);
    if (c->meta->dictionary_page_offset != seen->offset)
        PROBLEM(c, -1, "the footer does not tell where the dictionary page is");
    if (seen->trailing_nbytes > 0)
        PROBLEM(c, -1, "%zu bytes are left over behind the dictionary's values", seen->trailing_nbytes);
    bb_pq_cursor_dictionary_values(c->cursor, &values);
    for (size_t i = 0; i < values.n && c->bloom.bits; i++) {
        struct bb_pq_value value = bb_pq_value_at(c->column->type, &values, i);
        check_bloom(c, &value);
    }
    return check_twice(c, &values, err);
}

static int is_coded(int32_t encoding)
{
    return encoding == BB_PQ_PLAIN_DICTIONARY || encoding == BB_PQ_RLE_DICTIONARY;
}

static void check_bounds(struct chunk *c, int64_t row, const char *of, const struct extremes *e, struct bb_str min,
                         struct bb_str max, int min_is_exact, int max_is_exact)
{
    struct bb_pq_value lo, hi;
    enum bb_pq_type type = c->column->type;
    char a[64], b[64];
    if (!bb_pq_value_from_plain(c->column, min, &lo) || !bb_pq_value_from_plain(c->column, max, &hi)) {
        PROBLEM(c, row, "minimum or maximum of the %s has not the size of a value", of);
        return;
    }
    if (!e->has) return;
    if (bb_pq_value_cmp(type, &lo, &e->min) > 0 || lo.d != lo.d ||
        (min_is_exact && bb_pq_value_cmp(type, &lo, &e->min) != 0))
        PROBLEM(c, row, "the minimum of the %s is given as %s, but the smallest value is %s", of,
                bb_pq_value_text(type, &lo, a), bb_pq_value_text(type, &e->min, b));
    if (bb_pq_value_cmp(type, &hi, &e->max) < 0 || hi.d != hi.d ||
        (max_is_exact && bb_pq_value_cmp(type, &hi, &e->max) != 0))
        PROBLEM(c, row, "the maximum of the %s is given as %s, but the largest value is %s", of,
                bb_pq_value_text(type, &hi, a), bb_pq_value_text(type, &e->max, b));
}

static void begin_page(struct chunk *c, const struct bb_pq_page_seen *seen)
{
    count_page(c, seen);
    c->page.has = 0;
    c->page_nulls = c->page_nan = c->page_row = 0;
    if (c->index && c->n_pages < c->n_index) {
        const struct bb_pq_read_page *told = &c->index[c->n_pages];
        int64_t nbytes = (int64_t)seen->head.head_nbytes + seen->head.compressed_nbytes;
        if (told->offset != seen->offset || told->compressed_nbytes != nbytes || told->first_row != seen->first_row)
            PROBLEM(c, seen->first_row,
                    "the offset index says %d bytes at %lld from row %lld, the page has %lld bytes at %lld from "
                    "row %lld",
                    (int)told->compressed_nbytes, (long long)told->offset, (long long)told->first_row,
                    (long long)nbytes, (long long)seen->offset, (long long)seen->first_row);
    }
}

static enum bb_status end_page(struct chunk *c, const struct bb_pq_page_seen *seen, struct bb_error *err)
{
    if (seen->trailing_nbytes > 0)
        PROBLEM(c, seen->first_row, "%zu bytes are left over behind the values of the page", seen->trailing_nbytes);
    if (seen->head.type == BB_PQ_DATA_PAGE_V2 && seen->head.n_nulls != c->page_nulls)
        PROBLEM(c, seen->first_row, "the page header says %d NULLs, there are %lld", (int)seen->head.n_nulls,
                (long long)c->page_nulls);
    if (c->index_head.has_column_index && c->n_pages < c->n_index) {
        const struct bb_pq_read_page *told = &c->index[c->n_pages];
        int all_null = c->page_nulls == c->page_row;
        if (told->null_page != all_null)
            PROBLEM(c, seen->first_row, "the column index says that %s, the page has %lld NULLs in %lld rows",
                    told->null_page ? "all values are NULL" : "there are values", (long long)c->page_nulls,
                    (long long)c->page_row);
        if (c->index_head.has_null_counts && told->null_count != c->page_nulls)
            PROBLEM(c, seen->first_row, "the column index says %lld NULLs, there are %lld",
                    (long long)told->null_count, (long long)c->page_nulls);
        if (!told->null_page && c->is_ordered)
            check_bounds(c, seen->first_row, "page in the column index", &c->page, told->min, told->max, 0, 0);
    }
    c->n_nulls += c->page_nulls;
    c->n_nan += c->page_nan;
    if (c->page.has) {
        extremes_take(&c->all, c->column->type, &c->page.min);
        extremes_take(&c->all, c->column->type, &c->page.max);
        if (!extremes_keep(&c->all, c->column->type))
            return bb_fail_budget(err, c->v->reader->budget, "a text of a Parquet file");
    }
    c->n_pages++;
    return BB_OK;
}

static enum bb_status check_values(struct chunk *c, const struct bb_pq_values *values, int hash_them,
                                   struct bb_error *err)
{
    enum bb_pq_type type = c->column->type;
    struct bb_pq_value before = { 0 };
    for (size_t i = 0; i < values->n; i++) {
        struct bb_pq_value value;
        if (!values->valid[i]) {
            c->page_nulls++;
            continue;
        }
        value = bb_pq_value_at(type, values, i);
        if (value.d != value.d) { /* a NaN has no place in an order */
            if (c->n_nan + c->page_nan++ == 0) PROBLEM(c, c->row + (int64_t)i, "the value is not a number (NaN)");
            continue;
        }
        if (hash_them) check_bloom(c, &value);
        if (c->page.has && type == BB_PQ_BYTE_ARRAY && value.s.p == before.s.p && value.s.n == before.s.n) continue;
        extremes_take(&c->page, type, &value);
        before = value;
    }
    c->row += (int64_t)values->n;
    c->page_row += (int64_t)values->n;
    return extremes_keep(&c->page, type) ? BB_OK
                                         : bb_fail_budget(err, c->v->reader->budget, "a text of a Parquet file");
}

static void check_boundary_order(struct chunk *c)
{
    int order = c->index_head.boundary_order;
    const struct bb_pq_read_page *last = NULL;
    if (!c->index_head.has_column_index || order == 0 || !c->is_ordered) return;
    for (size_t i = 0; i < c->n_index; i++) {
        struct bb_pq_value a_min, a_max, b_min, b_max;
        int lo, hi;
        if (c->index[i].null_page) continue;
        if (last && bb_pq_value_from_plain(c->column, last->min, &a_min) &&
            bb_pq_value_from_plain(c->column, last->max, &a_max) &&
            bb_pq_value_from_plain(c->column, c->index[i].min, &b_min) &&
            bb_pq_value_from_plain(c->column, c->index[i].max, &b_max)) {
            lo = bb_pq_value_cmp(c->column->type, &a_min, &b_min);
            hi = bb_pq_value_cmp(c->column->type, &a_max, &b_max);
            if (order == 1 ? lo > 0 || hi > 0 : lo < 0 || hi < 0) {
                PROBLEM(c, c->index[i].first_row, "the column index says that its pages are %s, this one is not",
                        order == 1 ? "ascending" : "descending");
                return;
            }
        }
        last = &c->index[i];
    }
}

static void check_lists(struct chunk *c)
{
    uint32_t used = 0, listed = c->meta->encodings, levels = (uint32_t)1 << BB_PQ_RLE | (uint32_t)1 << 4;
    int32_t told[N_PAGE_TYPES][N_ENCODINGS] = { { 0 } };
    for (int t = 0; t < N_PAGE_TYPES; t++)
        for (int e = 0; e < N_ENCODINGS; e++)
            if (c->counts[t][e] > 0) used |= (uint32_t)1 << e;
    for (int e = 0; e < 32; e++) {
        uint32_t bit = (uint32_t)1 << e;
        if ((used & bit) && !(listed & bit))
            PROBLEM(c, -1, "a page is encoded as %s, which the column's encodings lack", bb_pq_encoding_name(e));
        if ((listed & bit) && !((used | levels) & bit))
            PROBLEM(c, -1, "the column's encodings list %s, which no page has", bb_pq_encoding_name(e));
    }
    if (c->column->nullable && !(listed & levels))
        PROBLEM(c, -1, "the column's encodings lack RLE, which its levels have");
    if (!c->meta->has_encoding_stats) {
        PROBLEM(c, -1, "it has no encoding_stats");
        return;
    }
    for (size_t i = 0; i < c->meta->n_encoding_stats; i++) {
        const struct bb_pq_encoding_stat *s = &c->v->reader->stats[c->meta->first_encoding_stat + i];
        if (s->page < 0 || s->page >= N_PAGE_TYPES || s->encoding < 0 || s->encoding >= N_ENCODINGS ||
            s->count < 0) {
            PROBLEM(c, -1, "its encoding_stats name a page type or an encoding that does not exist");
            return;
        }
        if (told[kind_of_page(s->page)][s->encoding] <= INT32_MAX - s->count)
            told[kind_of_page(s->page)][s->encoding] += s->count;
    }
    for (int t = 0; t < N_PAGE_TYPES; t++)
        for (int e = 0; e < N_ENCODINGS; e++)
            if (told[t][e] != c->counts[t][e])
                PROBLEM(c, -1, "its encoding_stats say %d %ss encoded as %s, there are %d", (int)told[t][e],
                        bb_pq_page_name(t), bb_pq_encoding_name(e), (int)c->counts[t][e]);
}

static void check_whole(struct chunk *c)
{
    const struct bb_pq_read_stats *stats = &c->meta->stats;
    int64_t end = bb_pq_chunk_start(c->meta) + c->meta->total_compressed_nbytes;
    if (bb_pq_cursor_offset(c->cursor) != end)
        PROBLEM(c, -1, "%lld bytes of its data lie behind the last page",
                (long long)(end - bb_pq_cursor_offset(c->cursor)));
    if (c->uncompressed_nbytes != c->meta->total_uncompressed_nbytes)
        PROBLEM(c, -1, "the footer says %lld bytes uncompressed, the pages have %lld",
                (long long)c->meta->total_uncompressed_nbytes, (long long)c->uncompressed_nbytes);
    if (!c->index) {
        PROBLEM(c, -1, "it has no offset index");
    } else if (c->n_pages != c->n_index) {
        PROBLEM(c, -1, "the offset index has %zu pages, the column %zu", c->n_index, c->n_pages);
    }
    if (c->index && !c->index_head.has_column_index && c->n_nan == 0) PROBLEM(c, -1, "it has no column index");
    if (c->index_head.has_column_index && !c->index_head.has_null_counts)
        PROBLEM(c, -1, "its column index does not count NULLs");
    if (!stats->has_null_count) {
        PROBLEM(c, -1, "its statistics do not count NULLs");
    } else if (stats->null_count != c->n_nulls) {
        PROBLEM(c, -1, "its statistics say %lld NULLs, there are %lld", (long long)stats->null_count,
                (long long)c->n_nulls);
    }
    if (c->is_ordered && !stats->has_min_max && c->all.has)
        PROBLEM(c, -1, "its statistics have no minimum and maximum");
    if (c->is_ordered && stats->has_min_max)
        check_bounds(c, -1, "statistics", &c->all, stats->min, stats->max, stats->min_is_exact,
                     stats->max_is_exact);
    if (c->n_not_in_bloom > 0)
        PROBLEM(c, -1, "the bloom filter lacks %s (%lld such values)", c->not_in_bloom_text,
                (long long)c->n_not_in_bloom);
    check_boundary_order(c);
    check_lists(c);
}

static enum bb_status check_chunk(struct chunk *c, struct bb_error *err)
{
    struct bb_pq_reader *reader = c->v->reader;
    struct bb_pq_values values;
    enum bb_status status =
        bb_pq_read_index(reader, c->group, c->number, &c->index, &c->n_index, &c->index_head, err);
    if (status != BB_OK && status != BB_EOF) return status;
    status = bb_pq_bloom_read(reader, c->group, c->number, 1, &c->bloom, err);
    if (status != BB_OK && status != BB_EOF) return status;
    BB_TRY(bb_pq_cursor_open(reader, c->group, c->number, &c->cursor, err));
    while ((status = bb_pq_cursor_next(c->cursor, SIZE_MAX, &values, err)) == BB_OK) {
        const struct bb_pq_page_seen *seen = bb_pq_cursor_page(c->cursor);
        if (!c->dictionary_is_done) BB_TRY(check_dictionary(c, err));
        if (seen->first_row == c->row) begin_page(c, seen);
        BB_TRY(check_values(c, &values, c->bloom.bits && !is_coded(seen->head.encoding), err));
        if (c->page_row == seen->head.n_values) BB_TRY(end_page(c, seen, err));
    }
    if (status != BB_EOF) return status;
    check_whole(c);
    return BB_OK;
}

static enum bb_status verify_chunk(struct bb_pq_verify *v, size_t group, size_t number, uint8_t *damaged,
                                   struct bb_error *err)
{
    struct chunk c = { .v = v, .group = group, .number = number, .column = &v->reader->columns[number] };
    enum bb_status status;
    c.meta = bb_pq_group_chunk(v->reader, group, number);
    c.is_ordered = bb_pq_column_is_ordered(c.column);
    bb_buf_init(&c.all.min_text, v->reader->budget, TEXT_MAX);
    bb_buf_init(&c.all.max_text, v->reader->budget, TEXT_MAX);
    bb_buf_init(&c.page.min_text, v->reader->budget, TEXT_MAX);
    bb_buf_init(&c.page.max_text, v->reader->budget, TEXT_MAX);
    status = check_chunk(&c, err);
    if (status == BB_SKIP) {
        char place[600];
        snprintf(place, sizeof place, "row group %zu, column %.*s", group, BB_STR_ARG(c.column->name));
        PROBLEM(&c, c.row, "%s", without_place(v->reader->path, err->text, place));
        *damaged = 1;
        status = BB_OK;
    }
    bb_pq_cursor_close(c.cursor);
    bb_free(c.index);
    bb_free(c.bloom.bits);
    bb_buf_reset(&c.all.min_text);
    bb_buf_reset(&c.all.max_text);
    bb_buf_reset(&c.page.min_text);
    bb_buf_reset(&c.page.max_text);
    return status;
}

static void check_footer(struct bb_pq_verify *v)
{
    struct bb_pq_reader *reader = v->reader;
    if (bb_pq_reader_kv(reader, "ARROW:schema").n == 0)
        bb_pq_problem(v, BB_PQ_NOWHERE, BB_PQ_NOWHERE, -1,
                      "ARROW:schema is missing; Arrow readers lose the zone of timestamps");
    if (reader->created_by.n == 0) bb_pq_problem(v, BB_PQ_NOWHERE, BB_PQ_NOWHERE, -1, "created_by is missing");
    if (reader->n_column_orders != reader->n_columns)
        bb_pq_problem(v, BB_PQ_NOWHERE, BB_PQ_NOWHERE, -1,
                      "%zu column orders for %zu columns; readers ignore minima and maxima without",
                      reader->n_column_orders, reader->n_columns);
    for (size_t i = 0; i < reader->n_columns; i++) {
        const struct bb_pq_read_column *column = &reader->columns[i];
        if (column->annotations_differ)
            bb_pq_problem(v, BB_PQ_NOWHERE, i, -1,
                          "its logical type and its legacy converted type do not mean the same");
        if (column->logical == BB_PQ_PLAIN_TYPE) continue;
        if (!column->has_logical_type)
            bb_pq_problem(v, BB_PQ_NOWHERE, i, -1,
                          "its logical type is missing, only the legacy converted type is there");
        if (!column->has_converted_type && column->logical != BB_PQ_TIMESTAMP_NS)
            bb_pq_problem(v, BB_PQ_NOWHERE, i, -1,
                          "its legacy converted type is missing, only the logical type is there");
    }
}

static void check_group_sums(struct bb_pq_verify *v, size_t g)
{
    const struct bb_pq_group *group = &v->reader->groups[g];
    uint64_t total = 0,
             compressed = 0; /* of numbers that were checked to be positive; unsigned, so that lies may wrap */
    for (size_t c = 0; c < v->reader->n_columns; c++) {
        total += (uint64_t)bb_pq_group_chunk(v->reader, g, c)->total_uncompressed_nbytes;
        compressed += (uint64_t)bb_pq_group_chunk(v->reader, g, c)->total_compressed_nbytes;
    }
    if ((uint64_t)group->total_nbytes != total)
        bb_pq_problem(v, g, BB_PQ_NOWHERE, -1, "total_byte_size is %lld, its columns have %llu bytes",
                      (long long)group->total_nbytes, (unsigned long long)total);
    if (group->compressed_nbytes >= 0 && (uint64_t)group->compressed_nbytes != compressed)
        bb_pq_problem(v, g, BB_PQ_NOWHERE, -1, "total_compressed_size is %lld, its columns have %llu bytes",
                      (long long)group->compressed_nbytes, (unsigned long long)compressed);
    if (group->file_offset >= 0 && group->file_offset != bb_pq_chunk_start(bb_pq_group_chunk(v->reader, g, 0)))
        bb_pq_problem(v, g, BB_PQ_NOWHERE, -1, "file_offset is %lld, its first page is at %lld",
                      (long long)group->file_offset,
                      (long long)bb_pq_chunk_start(bb_pq_group_chunk(v->reader, g, 0)));
}

enum bb_status bb_pq_verify_file(const char *path, struct bb_budget *budget, size_t max_problems,
                                 bb_pq_on_problem on_problem, void *ctx, size_t *n_problems_ret,
                                 struct bb_error *err)
{
    struct bb_pq_verify v = { .max_problems = max_problems, .on_problem = on_problem, .ctx = ctx };
    uint8_t *damaged;
    enum bb_status status = bb_pq_reader_open(path, budget, &v.reader, err);
    *n_problems_ret = 0;
    if (status == BB_SKIP && max_problems > 0) {
        *n_problems_ret = 1;
        on_problem(ctx, "footer", without_place(path, err->text, ""));
        return BB_OK;
    }
    if (status != BB_OK) return status;
    damaged = bb_calloc(budget, v.reader->n_groups + 1);
    if (!damaged) {
        bb_pq_reader_close(v.reader);
        return bb_fail_budget(err, budget, "the check of a Parquet file");
    }
    check_footer(&v);
    for (size_t g = 0; g < v.reader->n_groups; g++) check_group_sums(&v, g);
    for (size_t g = 0; g < v.reader->n_groups && status == BB_OK; g++)
        for (size_t c = 0; c < v.reader->n_columns && status == BB_OK && v.n_problems < max_problems; c++)
            status = verify_chunk(&v, g, c, &damaged[g], err);
    if (status == BB_OK && v.n_problems < max_problems) status = bb_pq_verify_order(&v, damaged, err);
    *n_problems_ret = v.n_problems;
    bb_free(damaged);
    bb_pq_reader_close(v.reader);
    return status;
}
