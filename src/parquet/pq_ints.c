/* BOOLEAN, INT32 and INT64 columns. They hold few distinct values repeated thousands of times (an instant for all locations), so
 * everything works on runs; a row costs nothing. */
#include "parquet/pq_chunk.h"

static int in_range(const struct bb_pq_column *column, int64_t v)
{
    switch (column->logical) {
    case BB_PQ_INT8: return v >= INT8_MIN && v <= INT8_MAX;
    case BB_PQ_INT16: return v >= INT16_MIN && v <= INT16_MAX;
    case BB_PQ_UINT8: return v >= 0 && v <= UINT8_MAX;
    case BB_PQ_UINT16: return v >= 0 && v <= UINT16_MAX;
    case BB_PQ_UINT_32: return v >= 0 && v <= UINT32_MAX;
    default: break;
    }
    if (column->type == BB_PQ_BOOLEAN) return v == 0 || v == 1;
    return column->type == BB_PQ_INT64 || (v >= INT32_MIN && v <= INT32_MAX);
}

enum bb_status bb_pq_put_run(struct bb_pq_chunk *c, int64_t value, int valid, size_t n, struct bb_error *err)
{
    if (valid && !in_range(&c->column, value))
        return bb_fail(err, BB_BUG, "column %s: %lld is outside its type", c->column.name, (long long)value);
    while (n) {
        size_t part = BB_MIN(n, c->page_rows - c->n);
        BB_TRY(bb_pq_chunk_levels(c, valid, part, err));
        if (valid) {
            if (c->n_int_runs && c->int_runs[c->n_int_runs - 1].value == value) {
                c->int_runs[c->n_int_runs - 1].n += (uint32_t)part;
            } else {
                if (!bb_grow(c->budget, (void **)&c->int_runs, &c->int_runs_cap, c->n_int_runs + 1,
                             sizeof *c->int_runs))
                    return bb_pq_chunk_no_memory(c, err);
                c->int_runs[c->n_int_runs++] = (struct bb_pq_run64){ value, (uint32_t)part };
            }
        }
        n -= part;
        if (c->n == c->page_rows) BB_TRY(bb_pq_chunk_cut(c, err));
    }
    return BB_OK;
}

/* Starts of intervals with few rows each, for a codec that finds what repeats. */
static int follow_closely(const struct bb_pq_chunk *c)
{
    int is_time = c->column.logical == BB_PQ_TIMESTAMP_US || c->column.logical == BB_PQ_TIMESTAMP_NS;
    int finds = c->options.codec == BB_PQ_ZSTD || c->options.codec == BB_PQ_GZIP;
    return is_time && finds && c->n_int_runs > 1 && (c->n - c->nulls) / c->n_int_runs < BB_PQ_TIME_RUN_ROWS;
}

/* Fills chunk->runs; *fits_ret 0: the dictionary does not pay, and stands as before. */
static enum bb_status index_runs(struct bb_pq_chunk *c, int *fits_ret, struct bb_error *err)
{
    size_t before = c->dict64.n, values = c->n - c->nulls;
    size_t most = BB_MIN(before + BB_MAX(values / BB_PQ_DICT_NEW_SHARE, 1), BB_PQ_DICT_NUMBERS);
    c->n_runs = 0;
    if (!bb_grow(c->budget, (void **)&c->runs, &c->runs_cap, c->n_int_runs, sizeof *c->runs))
        return bb_pq_chunk_no_memory(c, err);
    for (size_t i = 0; i < c->n_int_runs; i++) {
        uint32_t idx;
        if (!bb_pq_dict64_add(&c->dict64, c->budget, (uint64_t)c->int_runs[i].value, &idx))
            return bb_pq_chunk_no_memory(c, err);
        if (c->dict64.n > most) {
            c->dict64.n = before; /* the table behind it is not looked at again */
            *fits_ret = 0;
            return BB_OK;
        }
        c->runs[c->n_runs++] = (struct bb_pq_run){ idx, c->int_runs[i].n };
    }
    *fits_ret = 1;
    return BB_OK;
}

static enum bb_status put_bits(struct bb_pq_chunk *c, struct bb_error *err)
{
    size_t values = c->n - c->nulls, at = 0;
    uint8_t *p;
    if (!bb_buf_reserve(&c->raw, (values + 7) / 8)) return bb_pq_chunk_no_memory(c, err);
    p = (uint8_t *)c->raw.p + c->raw.n;
    memset(p, 0, (values + 7) / 8);
    for (size_t i = 0; i < c->n_int_runs; i++) {
        size_t end = at + c->int_runs[i].n;
        if (c->int_runs[i].value) {
            for (; at < end && (at & 7); at++) p[at >> 3] |= (uint8_t)(1u << (at & 7));
            memset(p + (at >> 3), 0xff, (end - at) / 8);
            for (at += (end - at) & ~(size_t)7; at < end; at++) p[at >> 3] |= (uint8_t)(1u << (at & 7));
        }
        at = end;
    }
    c->raw.n += (values + 7) / 8;
    return BB_OK;
}

static enum bb_status put_plain(struct bb_pq_chunk *c, struct bb_error *err)
{
    size_t width = c->column.type == BB_PQ_INT32 ? 4 : 8;
    if (!bb_buf_reserve(&c->raw, (c->n - c->nulls) * width)) return bb_pq_chunk_no_memory(c, err);
    for (size_t i = 0; i < c->n_int_runs; i++) {
        for (uint32_t k = 0; k < c->int_runs[i].n; k++) {
            memcpy(c->raw.p + c->raw.n, &c->int_runs[i].value, width);
            c->raw.n += width;
        }
    }
    return BB_OK;
}

static struct bb_pq_bounds bounds_of(const struct bb_pq_run64 *runs, size_t n_runs)
{
    int64_t min = runs[0].value, max = min;
    for (size_t i = 1; i < n_runs; i++) {
        min = BB_MIN(min, runs[i].value);
        max = BB_MAX(max, runs[i].value);
    }
    return (struct bb_pq_bounds){
        .min = (uint64_t)min, .max = (uint64_t)max, .has = 1, .min_exact = 1, .max_exact = 1
    };
}

enum bb_status bb_pq_ints_page(struct bb_pq_chunk *c, struct bb_error *err)
{
    struct bb_pq_bounds bounds = bounds_of(c->int_runs, c->n_int_runs);
    int fits = 0;
    BB_TRY(bb_pq_page_begin(c, err));
    if (c->column.type == BB_PQ_BOOLEAN) {
        BB_TRY(put_bits(c, err));
        return bb_pq_page_end(c, BB_PQ_PLAIN, &bounds, err);
    }
    if (c->dict64.n == 0 && follow_closely(c)) c->plain = 1;
    if (!c->plain) BB_TRY(index_runs(c, &fits, err));
    if (fits) {
        BB_TRY(bb_pq_put_indexes(c, c->dict64.n, err));
        return bb_pq_page_end(c, BB_PQ_RLE_DICTIONARY, &bounds, err);
    }
    c->plain = 1;
    if (c->options.dense) {
        if (!bb_pq_delta_encode(c->int_runs, c->n_int_runs, c->column.type == BB_PQ_INT32 ? 32 : 64, &c->raw))
            return bb_pq_chunk_no_memory(c, err);
        return bb_pq_page_end(c, BB_PQ_DELTA_BINARY_PACKED, &bounds, err);
    }
    BB_TRY(put_plain(c, err));
    if (c->effort != BB_PQ_THOROUGH) c->effort = BB_PQ_NEAR;
    return bb_pq_page_end(c, BB_PQ_PLAIN, &bounds, err);
}
