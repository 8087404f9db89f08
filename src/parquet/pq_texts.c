/* BYTE_ARRAY columns. Text arrives as the caller's codes; the chunk gives each text its own index in order of first appearance. */
#include "parquet/pq_chunk.h"

#include "base/hash.h"

#define UNSEEN           UINT32_MAX
#define IS_NULL          (UINT32_MAX - 1) /* instead of an index: the code stands for NULL */
#define FIRST_LOG2_SLOTS 8u

struct bb_str bb_pq_dict_text_at(const struct bb_pq_dict_text *d, size_t i)
{
    size_t end = i + 1 < d->n ? d->starts[i + 1] - 4 : d->plain.n;
    return (struct bb_str){ d->plain.p + d->starts[i], end - d->starts[i] };
}

void bb_pq_dict_text_clear(struct bb_pq_dict_text *d)
{
    d->n = d->plain.n = 0;
    if (d->slots) memset(d->slots, 0, sizeof *d->slots << d->log2_slots);
    if (d->of_code) memset(d->of_code, 0xff, d->of_code_cap * sizeof *d->of_code);
}

void bb_pq_dict_text_free(struct bb_pq_dict_text *d)
{
    bb_buf_reset(&d->plain);
    bb_free(d->starts);
    bb_free(d->prefixes);
    bb_free(d->marks);
    bb_free(d->slots);
    bb_free(d->of_code);
}

static uint64_t prefix_of(struct bb_str s)
{
    uint8_t first[8] = { 0 };
    uint64_t v;
    if (s.n) memcpy(first, s.p, BB_MIN(s.n, 8));
    memcpy(&v, first, 8);
    return __builtin_bswap64(v);
}

static size_t slot_of(const struct bb_pq_dict_text *d, struct bb_str s)
{
    return (size_t)(bb_hash64(s.p, s.n) >> (64 - d->log2_slots));
}

static int grow_slots(struct bb_pq_dict_text *d, struct bb_budget *budget)
{
    unsigned log2_slots = d->slots ? d->log2_slots + 1 : FIRST_LOG2_SLOTS;
    uint32_t *slots;
    if (d->slots && (d->n + 1) * 2 <= (size_t)1 << d->log2_slots) return 1;
    slots = bb_calloc(budget, sizeof *slots << log2_slots);
    if (!slots) return 0;
    bb_free(d->slots);
    d->slots = slots;
    d->log2_slots = log2_slots;
    for (size_t i = 0; i < d->n; i++) {
        size_t at = slot_of(d, bb_pq_dict_text_at(d, i)), mask = ((size_t)1 << log2_slots) - 1;
        while (slots[at]) at = (at + 1) & mask;
        slots[at] = (uint32_t)(i + 1);
    }
    return 1;
}

/* Index of a text, added when it is new. *idx_ret UNSEEN: the dictionary is full. */
static enum bb_status index_of_text(struct bb_pq_chunk *c, struct bb_str s, uint32_t *idx_ret, struct bb_error *err)
{
    struct bb_pq_dict_text *d = &c->dict_text;
    size_t at, mask;
    uint32_t length = (uint32_t)s.n;
    if (!grow_slots(d, c->budget)) return bb_pq_chunk_no_memory(c, err);
    mask = ((size_t)1 << d->log2_slots) - 1;
    for (at = slot_of(d, s); d->slots[at]; at = (at + 1) & mask) {
        if (bb_str_eq(bb_pq_dict_text_at(d, d->slots[at] - 1), s)) {
            *idx_ret = d->slots[at] - 1;
            return BB_OK;
        }
    }
    if (s.n > BB_PQ_DICT_TEXT_NBYTES || d->plain.n + 4 + s.n > BB_PQ_DICT_TEXT_NBYTES) {
        *idx_ret = UNSEEN;
        return BB_OK;
    }
    if (!bb_grow(c->budget, (void **)&d->starts, &d->starts_cap, d->n + 1, sizeof *d->starts) ||
        !bb_grow(c->budget, (void **)&d->prefixes, &d->prefixes_cap, d->n + 1, sizeof *d->prefixes) ||
        !bb_buf_reserve(&d->plain, 4 + s.n))
        return bb_pq_chunk_no_memory(c, err);
    if (!bb_buf_put(&d->plain, &length, 4) || !bb_buf_put(&d->plain, s.p, s.n))
        return bb_pq_chunk_no_memory(c, err);
    d->starts[d->n] = (uint32_t)(d->plain.n - s.n);
    d->prefixes[d->n] = prefix_of(s);
    d->slots[at] = (uint32_t)++d->n;
    *idx_ret = (uint32_t)(d->n - 1);
    return BB_OK;
}

static enum bb_status text_of_code(struct bb_pq_chunk *c, uint32_t code, struct bb_str *text_ret,
                                   struct bb_error *err)
{
    if (!c->text_of) return bb_fail(err, BB_BUG, "column %s: no table of texts", c->column.name);
    *text_ret = c->text_of(c->text_ctx, code);
    if (text_ret->n > INT32_MAX / 4)
        return bb_fail(err, BB_BUG, "column %s: a text of %zu bytes", c->column.name, text_ret->n);
    return BB_OK;
}

/* A code's first time in this chunk. UNSEEN: the dictionary is full. */
static enum bb_status index_of_new_code(struct bb_pq_chunk *c, uint32_t code, uint32_t *idx_ret,
                                        struct bb_error *err)
{
    struct bb_pq_dict_text *d = &c->dict_text;
    size_t old_cap = d->of_code_cap;
    struct bb_str text = { 0 };
    if (code >= old_cap) {
        if (!bb_grow(c->budget, (void **)&d->of_code, &d->of_code_cap, (size_t)code + 1, sizeof *d->of_code))
            return bb_pq_chunk_no_memory(c, err);
        memset(d->of_code + old_cap, 0xff, (d->of_code_cap - old_cap) * sizeof *d->of_code);
    }
    BB_TRY(text_of_code(c, code, &text, err));
    if (!text.p)
        *idx_ret = IS_NULL;
    else
        BB_TRY(index_of_text(c, text, idx_ret, err));
    d->of_code[code] = *idx_ret;
    return BB_OK;
}

static enum bb_status add_run(struct bb_pq_chunk *c, uint32_t value, size_t n, struct bb_error *err)
{
    BB_TRY(bb_pq_chunk_levels(c, 1, n, err));
    if (!bb_pq_run_add(c->budget, &c->runs, &c->n_runs, &c->runs_cap, value, (uint32_t)n))
        return bb_pq_chunk_no_memory(c, err);
    return BB_OK;
}

static enum bb_status put_nulls(struct bb_pq_chunk *c, size_t n, struct bb_error *err)
{
    while (n) {
        size_t part = BB_MIN(n, c->page_rows - c->n);
        BB_TRY(bb_pq_chunk_levels(c, 0, part, err));
        n -= part;
        if (c->n == c->page_rows) BB_TRY(bb_pq_chunk_cut(c, err));
    }
    return BB_OK;
}

/* Plain texts: a page also ends with the text that brings it to its bytes. */
static enum bb_status put_plain_run(struct bb_pq_chunk *c, uint32_t code, size_t n, struct bb_error *err)
{
    struct bb_str text = { 0 };
    BB_TRY(text_of_code(c, code, &text, err));
    if (!text.p) return put_nulls(c, n, err);
    while (n) {
        size_t each = text.n + 4, until_full = (BB_PQ_TEXT_PAGE_NBYTES - c->text_nbytes + each - 1) / each;
        size_t part = BB_MIN(BB_MIN(n, c->page_rows - c->n), until_full);
        BB_TRY(add_run(c, code, part, err));
        c->text_nbytes += part * each;
        n -= part;
        if (c->n == c->page_rows || c->text_nbytes >= BB_PQ_TEXT_PAGE_NBYTES) BB_TRY(bb_pq_chunk_cut(c, err));
    }
    return BB_OK;
}

enum bb_status bb_pq_put_code_run(struct bb_pq_chunk *c, uint32_t code, size_t n, struct bb_error *err)
{
    struct bb_pq_dict_text *d = &c->dict_text;
    if (code == BB_PQ_NULL_CODE) return put_nulls(c, n, err);
    while (n) {
        size_t part = BB_MIN(n, c->page_rows - c->n);
        uint32_t idx;
        if (c->plain) return put_plain_run(c, code, n, err);
        idx = code < d->of_code_cap ? d->of_code[code] : UNSEEN;
        if (idx == UNSEEN) BB_TRY(index_of_new_code(c, code, &idx, err));
        if (idx == IS_NULL) return put_nulls(c, n, err);
        if (idx == UNSEEN) {
            BB_TRY(bb_pq_chunk_cut(c, err)); /* the last page of indexes; runs hold codes from now on */
            c->plain = 1;
            continue;
        }
        BB_TRY(add_run(c, idx, part, err));
        n -= part;
        if (c->n == c->page_rows) BB_TRY(bb_pq_chunk_cut(c, err));
    }
    return BB_OK;
}

/* The caller's codes, each a stride behind the one before. */
struct codes {
    const char *p;
    size_t stride_nbytes, n;
};

static inline uint32_t code_at(const struct codes *codes, size_t i)
{
    uint32_t code;
    memcpy(&code, codes->p + i * codes->stride_nbytes, sizeof code);
    return code;
}

/* As many of codes as are known to the dictionary and fit into the page. */
static enum bb_status put_known_codes(struct bb_pq_chunk *c, const struct codes *codes, size_t *done_ret,
                                      struct bb_error *err)
{
    const struct bb_pq_dict_text *d = &c->dict_text;
    size_t room = BB_MIN(codes->n, c->page_rows - c->n), i;
    struct bb_pq_run *run;
    /* bb_grow doubles to a power of two of at least this, so asking for the page's rows does not overshoot. */
    if (c->runs_cap < c->n_runs + room &&
        !bb_grow(c->budget, (void **)&c->runs, &c->runs_cap, c->n_runs + room, sizeof *c->runs))
        return bb_pq_chunk_no_memory(c, err);
    run = c->runs + c->n_runs;
    for (i = 0; i < room; i++) {
        uint32_t code = code_at(codes, i), idx;
        if (code >= d->of_code_cap) break; /* BB_PQ_NULL_CODE as well */
        idx = d->of_code[code];
        if (idx >= IS_NULL) break;
        if (run > c->runs && run[-1].value == idx) {
            run[-1].n++;
        } else {
            *run++ = (struct bb_pq_run){ idx, 1 };
        }
    }
    c->n_runs = (size_t)(run - c->runs);
    *done_ret = i;
    if (i) BB_TRY(bb_pq_chunk_levels(c, 1, i, err));
    return BB_OK;
}

/* Codes from the first on that are the same, or all known to be NULL. */
static size_t equal_codes(const struct bb_pq_chunk *c, const struct codes *codes)
{
    const struct bb_pq_dict_text *d = &c->dict_text;
    uint32_t first = code_at(codes, 0);
    size_t n = 1;
    if (first < d->of_code_cap && d->of_code[first] == IS_NULL)
        for (uint32_t code;
             n < codes->n && (code = code_at(codes, n)) < d->of_code_cap && d->of_code[code] == IS_NULL;)
            n++;
    else
        while (n < codes->n && code_at(codes, n) == first) n++;
    return n;
}

enum bb_status bb_pq_put_codes(struct bb_pq_chunk *c, const void *codes, size_t stride_nbytes, size_t n,
                               struct bb_error *err)
{
    struct codes left = { codes, stride_nbytes, n };
    while (left.n) {
        size_t done = 0;
        if (!c->plain) {
            BB_TRY(put_known_codes(c, &left, &done, err));
            if (c->n == c->page_rows) BB_TRY(bb_pq_chunk_cut(c, err));
        }
        if (done == 0) {
            done = equal_codes(c, &left);
            BB_TRY(bb_pq_put_code_run(c, code_at(&left, 0), done, err));
        }
        left.p += done * stride_nbytes;
        left.n -= done;
    }
    return BB_OK;
}

/* Least and greatest of the texts that the page's runs use: each dictionary entry is compared once, by its first 8 bytes. */
static enum bb_status index_bounds(struct bb_pq_chunk *c, struct bb_pq_bounds *bounds_ret, struct bb_error *err)
{
    struct bb_pq_dict_text *d = &c->dict_text;
    size_t min = SIZE_MAX, max = SIZE_MAX;
    if (!bb_grow(c->budget, (void **)&d->marks, &d->marks_cap, d->n, 1)) return bb_pq_chunk_no_memory(c, err);
    memset(d->marks, 0, d->n);
    for (size_t i = 0; i < c->n_runs; i++) d->marks[c->runs[i].value] = 1;
    for (size_t i = 0; i < d->n; i++) {
        if (!d->marks[i]) continue;
        if (min == SIZE_MAX) {
            min = max = i;
            continue;
        }
        if (d->prefixes[i] < d->prefixes[min] ||
            (d->prefixes[i] == d->prefixes[min] &&
             bb_str_cmp(bb_pq_dict_text_at(d, i), bb_pq_dict_text_at(d, min)) < 0))
            min = i;
        if (d->prefixes[i] > d->prefixes[max] ||
            (d->prefixes[i] == d->prefixes[max] &&
             bb_str_cmp(bb_pq_dict_text_at(d, i), bb_pq_dict_text_at(d, max)) > 0))
            max = i;
    }
    return bb_pq_text_bounds(c, bb_pq_dict_text_at(d, min), bb_pq_dict_text_at(d, max), bounds_ret, err);
}

static enum bb_status plain_page(struct bb_pq_chunk *c, struct bb_error *err)
{
    struct bb_str min = { 0 }, max = { 0 };
    struct bb_pq_bounds bounds;
    BB_TRY(bb_pq_page_begin(c, err));
    for (size_t i = 0; i < c->n_runs; i++) {
        struct bb_str s;
        uint32_t length;
        BB_TRY(text_of_code(c, c->runs[i].value, &s, err));
        length = (uint32_t)s.n;
        for (uint32_t k = 0; k < c->runs[i].n; k++)
            if (!bb_buf_put(&c->raw, &length, 4) || !bb_buf_put(&c->raw, s.p, s.n))
                return bb_pq_chunk_no_memory(c, err);
        if (i == 0 || bb_str_cmp(s, min) < 0) min = s;
        if (i == 0 || bb_str_cmp(s, max) > 0) max = s;
    }
    BB_TRY(bb_pq_text_bounds(c, min, max, &bounds, err));
    return bb_pq_page_end(c, BB_PQ_PLAIN, &bounds, err);
}

enum bb_status bb_pq_texts_page(struct bb_pq_chunk *c, struct bb_error *err)
{
    struct bb_pq_bounds bounds;
    if (c->plain) return plain_page(c, err);
    BB_TRY(index_bounds(c, &bounds, err));
    BB_TRY(bb_pq_page_begin(c, err));
    BB_TRY(bb_pq_put_indexes(c, c->dict_text.n, err));
    return bb_pq_page_end(c, BB_PQ_RLE_DICTIONARY, &bounds, err);
}
