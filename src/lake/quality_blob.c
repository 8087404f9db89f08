/* A state as bytes: 8 bytes of magic and version, the unpacked size (8 bytes, little endian), one zstd frame. Inside, numbers are LEB128;
 * ranges, slots and instants are differences; doubles are their 8 bytes. */
#include "lake/quality.h"

#define ZSTD_STATIC_LINKING_ONLY /* for contexts that allocate from our budget */
#include <zstd.h>

#define MAGIC       "bbqual\0\1"
#define HEAD_NBYTES 16
/* Packed tightly; with all nodes of a market that alone would take 2 % of the time that its month takes. */
#define SMALL_NBYTES ((size_t)128 << 10)
#define MAX_TEXT     ((uint64_t)1 << 20) /* of one text */
#define ENTRY_LEAST  17 /* bytes that an entry, range or group takes at least: bounds what a count may claim */
#define RANGE_LEAST  2
#define GROUP_LEAST  15
#define WINDOW_LOG   23 /* more than level 6 ever uses */

static void *zstd_alloc(void *budget, size_t nbytes) { return bb_alloc(budget, nbytes); }
static void zstd_free(void *budget, void *p)
{
    (void)budget;
    bb_free(p);
}

/* ---- writing ---- */

struct writer {
    struct bb_buf buf;
    int failed;
};

static void put_bytes(struct writer *w, const void *p, size_t n)
{
    if (!w->failed && !bb_buf_put(&w->buf, p, n)) w->failed = 1;
}

static void put(struct writer *w, uint64_t v)
{
    uint8_t bytes[10];
    size_t n = 0;
    do {
        bytes[n++] = (uint8_t)((v & 127) | (v > 127 ? 128 : 0));
        v >>= 7;
    } while (v);
    put_bytes(w, bytes, n);
}

static void put_double(struct writer *w, double v)
{
    uint64_t bits;
    uint8_t bytes[8];
    memcpy(&bits, &v, sizeof bits);
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(bits >> 8 * i);
    put_bytes(w, bytes, 8);
}

static void put_text(struct writer *w, struct bb_str text)
{
    put(w, text.n);
    put_bytes(w, text.p, text.n);
}

static void put_extremes(struct writer *w, const struct bb_quality_state *s, const struct bb_quality_extreme *e,
                         unsigned n)
{
    put(w, n);
    for (unsigned i = 0; i < n; i++) {
        put(w, (uint64_t)(e[i].start_utc_s - s->base_utc_s));
        put(w, e[i].entry);
        put_double(w, e[i].price);
    }
}

static void put_state(struct writer *w, const struct bb_quality_state *s)
{
    uint32_t at = 0;
    put(w, (uint64_t)s->dataset.iso);
    put(w, (uint64_t)s->dataset.market);
    put(w, (uint64_t)s->dataset.kind);
    put(w, (uint64_t)s->dataset.minutes);
    put(w, (uint64_t)s->half);
    put(w, (uint64_t)s->year);
    put(w, (uint64_t)s->base_utc_s);
    put(w, s->n_unlisted_gaps);
    put(w, s->n_slots);
    for (size_t i = 0; i < s->n_slots; i++) {
        put(w, s->slots[i].first - at);
        put(w, s->slots[i].last - s->slots[i].first);
        at = s->slots[i].last;
    }
    put(w, s->n_ranges);
    put(w, s->n_entries);
    for (size_t i = 0; i < s->n_entries; i++) {
        const struct bb_quality_entry *e = &s->entries[i];
        int same = bb_str_eq(e->key.identity, e->key.id) ? 1 : bb_str_eq(e->key.identity, e->key.name) ? 2 : 0;
        put_text(w, e->key.name);
        put_text(w, e->key.id);
        put_text(w, e->key.zone);
        put_text(w, e->key.unit);
        put(w, (uint64_t)same);
        if (!same) put_text(w, e->key.identity);
        put(w, (uint64_t)e->key.type);
        put_double(w, e->key.voltage_kv);
        put(w, (uint64_t)(e->first_utc_s - s->base_utc_s));
        put(w, e->last_utc_s - e->first_utc_s);
        put(w, e->n_ranges);
        at = 0;
        for (size_t k = 0; k < e->n_ranges; k++) {
            const struct bb_quality_range *r = &s->ranges[e->first_range + k];
            put(w, r->first - at);
            put(w, r->last - r->first);
            at = r->last;
        }
    }
    put(w, s->n_groups);
    for (size_t i = 0; i < s->n_groups; i++) {
        const struct bb_quality_group *g = &s->groups[i];
        put(w, g->rows);
        put(w, g->null_prices);
        put(w, g->outside);
        put(w, g->sums_checked);
        put(w, g->sums_off);
        put_double(w, g->largest_sum_error);
        put_extremes(w, s, g->high, g->n_high);
        put_extremes(w, s, g->low, g->n_low);
    }
}

static enum bb_status pack(const struct bb_buf *raw, struct bb_buf *out, struct bb_error *err)
{
    ZSTD_CCtx *zstd = ZSTD_createCCtx_advanced((ZSTD_customMem){ zstd_alloc, zstd_free, raw->budget });
    enum bb_status status = BB_OK;
    size_t bound = ZSTD_compressBound(raw->n), n;
    uint8_t head[HEAD_NBYTES];
    memcpy(head, MAGIC, 8);
    for (int i = 0; i < 8; i++) head[8 + i] = (uint8_t)((uint64_t)raw->n >> 8 * i);
    if (!zstd || !bb_buf_put(out, head, sizeof head) || !bb_buf_reserve(out, bound)) {
        status = bb_fail_budget(err, raw->budget, "the quality of a file");
    } else {
        n = ZSTD_compressCCtx(zstd, out->p + out->n, bound, raw->p, raw->n, raw->n <= SMALL_NBYTES ? 6 : 3);
        if (ZSTD_isError(n))
            status = bb_fail_budget(err, raw->budget, "the quality of a file");
        else
            out->n += n;
    }
    ZSTD_freeCCtx(zstd);
    return status;
}

enum bb_status bb_quality_write_state(const struct bb_quality_state *s, struct bb_buf *out, struct bb_error *err)
{
    struct writer w = { .failed = 0 };
    enum bb_status status;
    bb_buf_init(&w.buf, out->budget, BB_QUALITY_MAX_NBYTES);
    put_state(&w, s);
    status = w.failed ? bb_fail_budget(err, out->budget, "the quality of a file") : pack(&w.buf, out, err);
    bb_buf_reset(&w.buf);
    return status;
}

/* ---- reading ---- */

struct reader {
    const uint8_t *p, *end;
    int bad;
};

static uint64_t get(struct reader *r, uint64_t most)
{
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        uint8_t byte;
        if (r->p == r->end) break;
        byte = *r->p++;
        v |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            if (v > most) break;
            return v;
        }
    }
    r->bad = 1;
    r->p = r->end;
    return 0;
}

/* A count of things of which each takes at least so many bytes. */
static size_t get_count(struct reader *r, size_t least_nbytes)
{
    return (size_t)get(r, (uint64_t)(r->end - r->p) / least_nbytes);
}

static double get_double(struct reader *r)
{
    uint64_t bits = 0;
    double v;
    if (r->end - r->p < 8) {
        r->bad = 1;
        return 0.0;
    }
    for (int i = 0; i < 8; i++) bits |= (uint64_t)*r->p++ << 8 * i;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static struct bb_str get_text(struct reader *r)
{
    size_t n = (size_t)get(r, BB_MIN(MAX_TEXT, (uint64_t)(r->end - r->p)));
    struct bb_str text;
    if (n > (size_t)(r->end - r->p)) n = 0, r->bad = 1;
    text = (struct bb_str){ (const char *)r->p, n };
    r->p += n;
    return text;
}

/* The texts stay where they are: the state keeps the unpacked bytes. */
static void get_entry(struct reader *r, struct bb_quality_state *s, struct bb_quality_entry *e, size_t ranges_cap)
{
    uint64_t same, at = 0;
    e->key.name = get_text(r);
    e->key.id = get_text(r);
    e->key.zone = get_text(r);
    e->key.unit = get_text(r);
    same = get(r, 2);
    e->key.identity = same == 0 ? get_text(r) : same == 1 ? e->key.id : e->key.name;
    e->key.type = (enum bb_type)get(r, BB_N_TYPE - 1);
    e->key.voltage_kv = get_double(r);
    e->first_utc_s = (uint32_t)(get(r, 366 * 86400) + (uint64_t)s->base_utc_s);
    e->last_utc_s = (uint32_t)(get(r, 366 * 86400) + e->first_utc_s);
    e->first_range = s->n_ranges;
    e->n_ranges = get_count(r, RANGE_LEAST);
    if (e->n_ranges > ranges_cap - s->n_ranges) e->n_ranges = 0, r->bad = 1;
    for (size_t i = 0; i < e->n_ranges && !r->bad; i++) {
        uint64_t first = at + get(r, UINT32_MAX), last = first + get(r, UINT32_MAX);
        if ((i > 0 && first <= at + 1) || last >= s->n_ordinals)
            r->bad = 1;
        else
            s->ranges[s->n_ranges++] = (struct bb_quality_range){ (uint32_t)first, (uint32_t)last };
        at = last;
    }
    if (e->n_ranges == 0) r->bad = 1;
    s->first_utc_s = BB_MIN(s->first_utc_s, e->first_utc_s);
    s->last_utc_s = BB_MAX(s->last_utc_s, e->last_utc_s);
}

static unsigned get_extremes(struct reader *r, const struct bb_quality_state *s, struct bb_quality_extreme *e)
{
    unsigned n = (unsigned)get(r, BB_QUALITY_EXTREMES);
    for (unsigned i = 0; i < n; i++) {
        e[i].start_utc_s = (uint32_t)(get(r, 366 * 86400) + (uint64_t)s->base_utc_s);
        e[i].entry = (uint32_t)get(r, s->n_entries ? s->n_entries - 1 : 0);
        e[i].price = get_double(r);
    }
    if (n && s->n_entries == 0) r->bad = 1;
    return n;
}

static void get_group(struct reader *r, const struct bb_quality_state *s, struct bb_quality_group *g)
{
    uint64_t most = UINT64_MAX >> 16; /* sums over groups stay far from overflow */
    g->rows = get(r, most);
    g->null_prices = get(r, most);
    g->outside = get(r, most);
    g->sums_checked = get(r, most);
    g->sums_off = get(r, most);
    g->largest_sum_error = get_double(r);
    g->n_high = get_extremes(r, s, g->high);
    g->n_low = get_extremes(r, s, g->low);
}

static void get_slots(struct reader *r, struct bb_quality_state *s)
{
    uint64_t at = 0, most = (uint64_t)366 * 86400 / ((uint64_t)s->dataset.minutes * 60);
    for (size_t i = 0; i < s->n_slots && !r->bad; i++) {
        uint64_t first = at + get(r, most), last = first + get(r, most);
        if ((i > 0 && first <= at + 1) || last >= most)
            r->bad = 1;
        else
            s->slots[i] = (struct bb_quality_slots){ (uint32_t)first, (uint32_t)last, s->n_ordinals };
        s->n_ordinals += (uint32_t)(last - first + 1);
        at = last;
    }
}

static enum bb_status get_state(struct reader *r, struct bb_quality_state *s, struct bb_budget *budget,
                                struct bb_error *err)
{
    size_t n_entries, ranges_cap;
    s->dataset.iso = (enum bb_iso)get(r, BB_N_ISO - 1);
    s->dataset.market = (enum bb_market)get(r, BB_N_MARKET - 1);
    s->dataset.kind = (enum bb_kind)get(r, BB_ANCILLARY);
    s->dataset.minutes = (int)get(r, 60);
    s->half = (enum bb_half)get(r, BB_N_HALF - 1);
    s->year = (int)get(r, 9999);
    s->base_utc_s = (int64_t)get(r, UINT32_MAX - (uint64_t)3 * 366 * 86400);
    s->n_unlisted_gaps = get(r, UINT64_MAX >> 16);
    if (s->dataset.minutes != 60 && s->dataset.minutes != 15 && s->dataset.minutes != 5) r->bad = 1;
    if (r->bad) return BB_OK;
    s->n_slots = get_count(r, 2);
    s->slots = bb_calloc(budget, (s->n_slots + 1) * sizeof *s->slots);
    if (!s->slots) return bb_fail_budget(err, budget, "the quality of a file");
    get_slots(r, s);
    ranges_cap = get_count(r, RANGE_LEAST);
    n_entries = get_count(r, ENTRY_LEAST);
    s->ranges = bb_calloc(budget, (ranges_cap + 1) * sizeof *s->ranges);
    s->entries = bb_calloc(budget, (n_entries + 1) * sizeof *s->entries);
    if (!s->ranges || !s->entries) return bb_fail_budget(err, budget, "the quality of a file");
    s->first_utc_s = UINT32_MAX;
    for (; s->n_entries < n_entries && !r->bad; s->n_entries++)
        get_entry(r, s, &s->entries[s->n_entries], ranges_cap);
    if (n_entries == 0) s->first_utc_s = 0;
    s->n_groups = get_count(r, GROUP_LEAST);
    s->groups = bb_calloc(budget, (s->n_groups + 1) * sizeof *s->groups);
    if (!s->groups) return bb_fail_budget(err, budget, "the quality of a file");
    for (size_t i = 0; i < s->n_groups && !r->bad; i++) get_group(r, s, &s->groups[i]);
    if (r->p != r->end || (n_entries == 0) != (s->n_slots == 0)) r->bad = 1;
    return BB_OK;
}

/* Unpacks into s->text, growing with what really comes out, so that a lie about the size costs nothing. */
static enum bb_status unpack(struct bb_str bytes, struct bb_quality_state *s, struct bb_budget *budget,
                             struct bb_error *err)
{
    ZSTD_DCtx *zstd;
    struct bb_buf raw;
    ZSTD_inBuffer in = { bytes.p + HEAD_NBYTES, bytes.n - HEAD_NBYTES, 0 };
    enum bb_status status = BB_OK;
    uint64_t nbytes = 0;
    size_t left = 1;
    for (int i = 0; i < 8; i++) nbytes |= (uint64_t)(uint8_t)bytes.p[8 + i] << 8 * i;
    if (nbytes > BB_QUALITY_MAX_NBYTES)
        return bb_fail(err, BB_SKIP, "the quality state claims %llu bytes", (unsigned long long)nbytes);
    zstd = ZSTD_createDCtx_advanced((ZSTD_customMem){ zstd_alloc, zstd_free, budget });
    if (!zstd) return bb_fail_budget(err, budget, "the quality of a file");
    ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax, WINDOW_LOG);
    bb_buf_init(&raw, budget, (size_t)nbytes + 1);
    while (status == BB_OK && left != 0) {
        ZSTD_outBuffer out;
        if (raw.n > nbytes ||
            (raw.n == raw.cap && !bb_buf_reserve(&raw, BB_MIN((size_t)nbytes + 1 - raw.n, (size_t)64 << 10)))) {
            status = raw.n > nbytes ? bb_fail(err, BB_SKIP, "the quality state is longer than it says")
                                    : bb_fail_budget(err, budget, "the quality of a file");
            break;
        }
        out = (ZSTD_outBuffer){ raw.p, raw.cap, raw.n };
        left = ZSTD_decompressStream(zstd, &out, &in);
        if (ZSTD_isError(left))
            status = bb_fail(err, BB_SKIP, "the quality state is damaged: %s", ZSTD_getErrorName(left));
        else if (left != 0 && in.pos == in.size && out.pos < out.size)
            status = bb_fail(err, BB_SKIP, "the quality state is cut off");
        raw.n = out.pos;
    }
    if (status == BB_OK && (raw.n != nbytes || in.pos != in.size))
        status = bb_fail(err, BB_SKIP, "the quality state is not as long as it says");
    ZSTD_freeDCtx(zstd);
    s->text = raw.p;
    s->text_nbytes = raw.n;
    return status;
}

enum bb_status bb_quality_read_state(struct bb_str bytes, struct bb_budget *budget,
                                     struct bb_quality_state **state_ret, struct bb_error *err)
{
    struct bb_quality_state *s;
    struct reader r;
    enum bb_status status;
    if (bytes.n < HEAD_NBYTES || memcmp(bytes.p, MAGIC, 8) != 0)
        return bb_fail(err, BB_SKIP, "no quality state, or one of another version");
    s = bb_calloc(budget, sizeof *s);
    if (!s) return bb_fail_budget(err, budget, "the quality of a file");
    status = unpack(bytes, s, budget, err);
    if (status == BB_OK) {
        r = (struct reader){ (const uint8_t *)s->text, (const uint8_t *)s->text + s->text_nbytes, 0 };
        status = get_state(&r, s, budget, err);
        if (status == BB_OK && r.bad) status = bb_fail(err, BB_SKIP, "the quality state is damaged");
    }
    if (status != BB_OK) {
        bb_quality_state_free(s);
        return status;
    }
    *state_ret = s;
    return BB_OK;
}
