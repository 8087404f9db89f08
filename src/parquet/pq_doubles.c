/* DOUBLE (and FLOAT) columns, the busiest of all: four prices per row. Prices with two decimals repeat and take a dictionary;
 * prices with six hardly ever do and are written PLAIN; which it is, each chunk finds out from its own values. */
#include "parquet/pq_chunk.h"

static uint64_t bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, 8);
    return bits;
}

/* Puts the values that are only counted so far where the others go. */
static enum bb_status spell_out(struct bb_pq_chunk *c, size_t room, struct bb_error *err)
{
    if (!bb_grow(c->budget, (void **)&c->doubles, &c->doubles_cap, BB_MAX(c->n_doubles, c->one_n) + room,
                 sizeof *c->doubles))
        return bb_pq_chunk_no_memory(c, err);
    if (c->one_n) {
        for (size_t i = 0; i < c->one_n; i++) c->doubles[i] = c->one;
        c->n_doubles = c->one_n;
        c->one_n = 0;
    }
    return BB_OK;
}

/* n values inside one page, all there. */
static enum bb_status add_values(struct bb_pq_chunk *c, const double *values, size_t n, struct bb_error *err)
{
    BB_TRY(bb_pq_chunk_levels(c, 1, n, err));
    BB_TRY(spell_out(c, n, err));
    if (c->column.type == BB_PQ_FLOAT) {
        for (size_t i = 0; i < n; i++) c->doubles[c->n_doubles + i] = (float)values[i];
    } else {
        memcpy(c->doubles + c->n_doubles, values, n * sizeof *values);
    }
    c->n_doubles += n;
    return BB_OK;
}

enum bb_status bb_pq_put_doubles(struct bb_pq_chunk *c, const double *values, const uint8_t *valid, size_t n,
                                 struct bb_error *err)
{
    while (n) {
        size_t room = BB_MIN(n, c->page_rows - c->n), part = room;
        const uint8_t *hole = valid ? memchr(valid, 0, room) : NULL;
        if (hole) part = (size_t)(hole - valid);
        if (part) {
            BB_TRY(add_values(c, values, part, err));
        } else {
            while (part < room && !valid[part]) part++;
            BB_TRY(bb_pq_chunk_levels(c, 0, part, err));
        }
        values += part;
        if (valid) valid += part;
        n -= part;
        if (c->n == c->page_rows) BB_TRY(bb_pq_chunk_cut(c, err));
    }
    return BB_OK;
}

static enum bb_status add_run(struct bb_pq_chunk *c, double value, size_t n, struct bb_error *err)
{
    if (c->n_doubles == 0 && (c->one_n == 0 || bits_of(c->one) == bits_of(value))) {
        c->one = value;
        c->one_n += n;
        return BB_OK;
    }
    BB_TRY(spell_out(c, n, err));
    for (size_t i = 0; i < n; i++) c->doubles[c->n_doubles + i] = value;
    c->n_doubles += n;
    return BB_OK;
}

enum bb_status bb_pq_put_double_run(struct bb_pq_chunk *c, double value, int valid, size_t n, struct bb_error *err)
{
    if (c->column.type == BB_PQ_FLOAT) value = (float)value;
    while (n) {
        size_t part = BB_MIN(n, c->page_rows - c->n);
        BB_TRY(bb_pq_chunk_levels(c, valid, part, err));
        if (valid) BB_TRY(add_run(c, value, part, err));
        n -= part;
        if (c->n == c->page_rows) BB_TRY(bb_pq_chunk_cut(c, err));
    }
    return BB_OK;
}

static struct bb_pq_bounds bounds_of(const double *v, size_t n)
{
    /* Four chains, because one comparison waits for the one before it. NaN never is less or greater. */
    double min[4] = { __builtin_inf(), __builtin_inf(), __builtin_inf(), __builtin_inf() };
    double max[4] = { -__builtin_inf(), -__builtin_inf(), -__builtin_inf(), -__builtin_inf() };
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        for (unsigned k = 0; k < 4; k++) {
            min[k] = v[i + k] < min[k] ? v[i + k] : min[k];
            max[k] = v[i + k] > max[k] ? v[i + k] : max[k];
        }
    }
    for (; i < n; i++) {
        min[0] = v[i] < min[0] ? v[i] : min[0];
        max[0] = v[i] > max[0] ? v[i] : max[0];
    }
    for (unsigned k = 1; k < 4; k++) {
        min[0] = BB_MIN(min[0], min[k]);
        max[0] = BB_MAX(max[0], max[k]);
    }
    if (!(min[0] <= max[0])) return (struct bb_pq_bounds){ .has = 0 };
    /* A zero bound stands for both zeros, so that a reader that tells them apart skips nothing. */
    if (min[0] == 0) min[0] = -0.0;
    if (max[0] == 0) max[0] = 0.0;
    return (struct bb_pq_bounds){
        .min = bits_of(min[0]), .max = bits_of(max[0]), .has = 1, .min_exact = 1, .max_exact = 1
    };
}

/* Fills chunk->runs from n values. Adds at most `most - dict64.n` entries; *fits_ret 0 when that is not enough. */
static enum bb_status index_values(struct bb_pq_chunk *c, const double *v, size_t n, size_t most, int *fits_ret,
                                   struct bb_error *err)
{
    struct bb_pq_dict64 *d = &c->dict64;
    struct bb_pq_run *next;
    uint64_t previous;
    if (!bb_grow(c->budget, (void **)&c->runs, &c->runs_cap, n, sizeof *c->runs) ||
        !bb_pq_dict64_grow(d, c->budget))
        return bb_pq_chunk_no_memory(c, err);
    previous = ~bits_of(v[0]);
    next = c->runs;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = bits_of(v[i]);
        size_t at, mask = ((size_t)1 << d->log2_slots) - 1;
        uint32_t idx;
        if (bits == previous) {
            next[-1].n++;
            continue;
        }
        previous = bits;
        at = bb_pq_dict64_slot(d, bits);
        while ((idx = d->slots[at]) != 0 && d->values[idx - 1] != bits) at = (at + 1) & mask;
        if (BB_UNLIKELY(idx == 0)) {
            if (d->n >= most) {
                *fits_ret = 0;
                return BB_OK;
            }
            d->values[d->n] = bits;
            d->slots[at] = idx = (uint32_t)++d->n;
            if (!bb_pq_dict64_grow(d, c->budget)) return bb_pq_chunk_no_memory(c, err);
        }
        *next++ = (struct bb_pq_run){ idx - 1, 1 };
    }
    c->n_runs = (size_t)(next - c->runs);
    *fits_ret = 1;
    return BB_OK;
}

/* Indexes the page if the dictionary pays; if it does not, it stands as before and is not used again. */
static enum bb_status index_page(struct bb_pq_chunk *c, int *fits_ret, struct bb_error *err)
{
    size_t before = c->dict64.n, n = c->one_n ? c->one_n : c->n_doubles;
    size_t most = BB_MIN(before + BB_MAX(n / BB_PQ_DICT_NEW_SHARE, 1), BB_PQ_DICT_NUMBERS);
    *fits_ret = 0;
    if (c->one_n) {
        BB_TRY(index_values(c, &c->one, 1, most, fits_ret, err));
        if (*fits_ret) c->runs[0].n = (uint32_t)c->one_n;
    } else {
        if (before == 0 && n >= BB_PQ_SAMPLE_VALUES) {
            BB_TRY(index_values(c, c->doubles, BB_PQ_SAMPLE_VALUES,
                                BB_PQ_SAMPLE_VALUES * BB_PQ_SAMPLE_DISTINCT_NUM / BB_PQ_SAMPLE_DISTINCT_DEN,
                                fits_ret, err));
            if (!*fits_ret) {
                c->dict64.n = 0;
                return BB_OK;
            }
        }
        BB_TRY(index_values(c, c->doubles, n, most, fits_ret, err));
    }
    if (!*fits_ret) c->dict64.n = before;
    return BB_OK;
}

static enum bb_status put_plain(struct bb_pq_chunk *c, struct bb_error *err)
{
    if (c->column.type == BB_PQ_DOUBLE) {
        if (!bb_buf_put(&c->raw, c->doubles, c->n_doubles * sizeof *c->doubles))
            return bb_pq_chunk_no_memory(c, err);
        return BB_OK;
    }
    if (!bb_buf_reserve(&c->raw, c->n_doubles * sizeof(float))) return bb_pq_chunk_no_memory(c, err);
    for (size_t i = 0; i < c->n_doubles; i++) {
        float f = (float)c->doubles[i];
        memcpy(c->raw.p + c->raw.n, &f, sizeof f);
        c->raw.n += sizeof f;
    }
    return BB_OK;
}

/* Byte k of all values, for k = 0, 1, … */
static enum bb_status put_split(struct bb_pq_chunk *c, struct bb_error *err)
{
    size_t width = c->column.type == BB_PQ_DOUBLE ? 8 : 4, n = c->n_doubles;
    uint8_t *p;
    if (!bb_buf_reserve(&c->raw, n * width)) return bb_pq_chunk_no_memory(c, err);
    p = (uint8_t *)c->raw.p + c->raw.n;
    for (size_t i = 0; i < n; i++) {
        uint8_t out[8];
        bb_pq_plain_number(c, bits_of(c->doubles[i]), out);
        for (size_t k = 0; k < width; k++) p[k * n + i] = out[k];
    }
    c->raw.n += n * width;
    return BB_OK;
}

static enum bb_status try_encoding(struct bb_pq_chunk *c, enum bb_pq_encoding encoding, size_t *nbytes_ret,
                                   struct bb_error *err)
{
    BB_TRY(bb_pq_page_begin(c, err));
    if (encoding == BB_PQ_RLE_DICTIONARY) {
        BB_TRY(bb_pq_put_indexes(c, c->dict64.n, err));
    } else if (encoding == BB_PQ_BYTE_STREAM_SPLIT) {
        BB_TRY(put_split(c, err));
    } else {
        BB_TRY(put_plain(c, err));
    }
    return nbytes_ret ? bb_pq_page_try(c, BB_PQ_USUAL, SIZE_MAX, nbytes_ret, err) : BB_OK;
}

/* How PLAIN pages are compressed: hastily if that makes little difference, else with what decimals repeat; floats, and doubles that do
 * not repeat as decimals do, with a search for far repetitions. */
static enum bb_status choose_effort(struct bb_pq_chunk *c, struct bb_error *err)
{
    enum bb_pq_effort best = c->column.type == BB_PQ_DOUBLE ? BB_PQ_DECIMALS : BB_PQ_FAR;
    size_t sample, nbytes, other;
    BB_TRY(try_encoding(c, BB_PQ_PLAIN, NULL, err));
    sample = BB_MIN(c->raw.n, BB_PQ_HASTY_SAMPLE_NBYTES);
    BB_TRY(bb_pq_page_try(c, best, sample, &nbytes, err));
    if (best == BB_PQ_DECIMALS && nbytes > sample - sample / BB_PQ_DECIMALS_LEAST_SHARE) {
        BB_TRY(bb_pq_page_try(c, BB_PQ_FAR, sample, &other, err));
        if (other + other * BB_PQ_HASTY_MOST_PERCENT / 100 < nbytes) best = BB_PQ_FAR;
        nbytes = BB_MIN(nbytes, other);
    }
    BB_TRY(bb_pq_page_try(c, BB_PQ_HASTY, sample, &other, err));
    if (nbytes >= sample / BB_PQ_HASTY_LEAST_SHARE && other <= nbytes + nbytes * BB_PQ_HASTY_MOST_PERCENT / 100)
        best = BB_PQ_HASTY;
    c->effort = best;
    return BB_OK;
}

/* How pages without dictionary are written, found out once per chunk, on its first such page. dense: the smaller of PLAIN and
 * BYTE_STREAM_SPLIT. Otherwise PLAIN. */
static enum bb_status choose_plain(struct bb_pq_chunk *c, struct bb_error *err)
{
    size_t plain, split;
    if (c->plain_encoding != BB_PQ_RLE) return BB_OK;
    c->plain_encoding = BB_PQ_PLAIN;
    if (c->options.codec == BB_PQ_NONE) return BB_OK;
    if (!c->options.dense)
        return c->effort != BB_PQ_THOROUGH && bb_pq_has_efforts(c->compressor) ? choose_effort(c, err) : BB_OK;
    BB_TRY(try_encoding(c, BB_PQ_PLAIN, &plain, err));
    BB_TRY(try_encoding(c, BB_PQ_BYTE_STREAM_SPLIT, &split, err));
    if (split < plain) c->plain_encoding = BB_PQ_BYTE_STREAM_SPLIT;
    return BB_OK;
}

/* What the dictionary costs each page: what the second half of this one added, once more in every half page to come, and a share of what
 * stands. A chunk of one page pays all of it. */
static enum bb_status dictionary_cost(struct bb_pq_chunk *c, size_t *nbytes_ret, struct bb_error *err)
{
    size_t whole, values = 0, known = 0, half = (c->n - c->nulls) / 2;
    for (size_t i = 0; i < c->n_runs && values < half; i++) {
        values += c->runs[i].n;
        known = BB_MAX(known, (size_t)c->runs[i].value + 1);
    }
    c->raw.n = 0;
    BB_TRY(bb_pq_dict64_plain(c, err));
    BB_TRY(bb_pq_page_try(c, BB_PQ_USUAL, SIZE_MAX, &whole, err));
    *nbytes_ret = c->n < c->page_rows
                      ? whole
                      : BB_MAX(whole / BB_PQ_DENSE_DICT_SHARE, 2 * whole * (c->dict64.n - known) / c->dict64.n);
    return BB_OK;
}

/* dense, on a chunk's first page: is the dictionary smaller than the better of PLAIN and BYTE_STREAM_SPLIT? That is found out by
 * compressing all three, because nothing simpler foretells it: a sequence that repeats with small changes is smallest PLAIN,
 * full of digits is smallest split, and few values in no order are smallest as indexes. */
static enum bb_status keep_dictionary(struct bb_pq_chunk *c, int *keep_ret, struct bb_error *err)
{
    size_t indexes, dictionary, plain, split;
    BB_TRY(dictionary_cost(c, &dictionary, err));
    BB_TRY(try_encoding(c, BB_PQ_RLE_DICTIONARY, &indexes, err));
    BB_TRY(try_encoding(c, BB_PQ_PLAIN, &plain, err));
    BB_TRY(try_encoding(c, BB_PQ_BYTE_STREAM_SPLIT, &split, err));
    *keep_ret = indexes + dictionary <= BB_MIN(plain, split) + BB_PQ_DENSE_LEAST_GAIN_NBYTES;
    if (!*keep_ret) c->plain_encoding = split < plain ? BB_PQ_BYTE_STREAM_SPLIT : BB_PQ_PLAIN;
    return BB_OK;
}

enum bb_status bb_pq_doubles_page(struct bb_pq_chunk *c, struct bb_error *err)
{
    struct bb_pq_bounds bounds = c->one_n ? bounds_of(&c->one, 1) : bounds_of(c->doubles, c->n_doubles);
    int fits = 0, first = c->dict64.n == 0;
    if (!c->plain) {
        BB_TRY(index_page(c, &fits, err));
        c->plain = !fits;
    }
    if (fits && first && c->options.dense && c->options.codec != BB_PQ_NONE && c->n_runs > 1) {
        BB_TRY(keep_dictionary(c, &fits, err));
        if (!fits) {
            c->plain = 1;
            c->dict64.n = 0;
        }
    }
    if (fits) {
        BB_TRY(try_encoding(c, BB_PQ_RLE_DICTIONARY, NULL, err));
        return bb_pq_page_end(c, BB_PQ_RLE_DICTIONARY, &bounds, err);
    }
    BB_TRY(spell_out(c, 0, err));
    BB_TRY(choose_plain(c, err));
    BB_TRY(try_encoding(c, c->plain_encoding, NULL, err));
    return bb_pq_page_end(c, c->plain_encoding, &bounds, err);
}
