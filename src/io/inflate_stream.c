#define ZSTD_STATIC_LINKING_ONLY /* for contexts that allocate from the budget */
#include "io/inflate_stream.h"

#include <isa-l.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#define INPUT_NBYTES ((size_t)64 << 10)
/* ISA-L's inner loop can look at some bytes behind its input. Our own buffers have room there; of foreign memory the end is
 * copied to such a place first. */
#define SLACK_NBYTES          ((size_t)32)
#define TAIL_NBYTES           ((size_t)64)
#define MAX_STEP_NBYTES       ((size_t)1 << 30) /* the libraries count in 32 bits */
#define GZIP_FIELD_MAX_NBYTES ((size_t)64 << 10)
/* Windows up to 8 MB are what every zstd reader is asked to bear; more is the file's fault, not the budget's. */
#define ZSTD_EXPECTED_WINDOW_NBYTES ((size_t)8 << 20)

enum gzip_place { GZIP_FIRST_HEADER, GZIP_NEXT_HEADER, GZIP_BODY, GZIP_END };

/* One packing. Pulls packed bytes from the layer below or, the lowest one, from the range. */
struct layer {
    struct layer *below;
    struct bb_inflate *owner;
    enum bb_packing packing;
    const uint8_t *in; /* packed bytes not yet used */
    size_t in_n;
    uint8_t *input; /* where they are read to; NULL when they lie in the range's memory */
    int in_ended;
    uint8_t tail[TAIL_NBYTES + SLACK_NBYTES];
    struct inflate_state *deflate;
    ZSTD_DStream *zstd;
    int zstd_in_frame;
    enum gzip_place gzip_place;
    uint8_t left_over[8]; /* bytes that the bit buffer took from behind the deflate data */
    unsigned left_over_n;
    int checked;
    uint32_t want_crc, crc;
    uint64_t want_size, out_n;
    int ended;
    struct bb_error failure; /* sticky; status 0: none */
};

struct bb_inflate {
    struct bb_byte_range range;
    _Atomic uint64_t position;
    size_t next_read_nbytes;
    struct bb_budget *budget;
    unsigned n_layers;
    struct layer layers[BB_MAX_PACKINGS];
};

static enum bb_status layer_read(struct layer *l, uint8_t *p, size_t cap, size_t *n_ret);

/* Makes l->in_n > 0, or sets l->in_ended. */
static enum bb_status pull(struct layer *l)
{
    struct bb_inflate *f = l->owner;
    uint64_t position;
    size_t n;
    if (l->in_n > 0 || l->in_ended) return BB_OK;
    if (l->below) {
        enum bb_status status = layer_read(l->below, l->input, INPUT_NBYTES, &n);
        if (status == BB_EOF) {
            l->in_ended = 1;
            return BB_OK;
        }
        if (status != BB_OK) {
            l->failure = l->below->failure;
            return status;
        }
        l->in = l->input;
        l->in_n = n;
        return BB_OK;
    }
    position = atomic_load_explicit(&f->position, memory_order_relaxed);
    if (f->range.mem && f->range.n - position > TAIL_NBYTES) {
        n = (size_t)BB_MIN(f->range.n - position - TAIL_NBYTES, (uint64_t)MAX_STEP_NBYTES);
        if (f->next_read_nbytes < INPUT_NBYTES) n = BB_MIN(n, f->next_read_nbytes);
        f->next_read_nbytes = BB_MIN(f->next_read_nbytes * 2, INPUT_NBYTES);
        l->in = f->range.mem + position;
    } else if (f->range.mem) {
        n = (size_t)(f->range.n - position);
        memcpy(l->tail, f->range.mem + position, n);
        l->in = l->tail;
    } else {
        BB_TRY(bb_byte_range_read(&f->range, position, l->input, f->next_read_nbytes, &n, &l->failure));
        f->next_read_nbytes = BB_MIN(f->next_read_nbytes * 2, INPUT_NBYTES);
        l->in = l->input;
    }
    l->in_n = n;
    if (n == 0) l->in_ended = 1;
    atomic_store_explicit(&f->position, position + n, memory_order_relaxed);
    return BB_OK;
}

static enum bb_status fail_truncated(struct layer *l)
{
    return bb_fail(&l->failure, BB_SKIP, "the packed data end early, after %llu bytes of content: the file was cut",
                   (unsigned long long)l->out_n);
}

static enum bb_status stored_read(struct layer *l, uint8_t *p, size_t cap, size_t *n_ret)
{
    BB_TRY(pull(l));
    *n_ret = BB_MIN(cap, l->in_n);
    if (*n_ret > 0) memcpy(p, l->in, *n_ret);
    l->in += *n_ret;
    l->in_n -= *n_ret;
    if (*n_ret == 0) l->ended = 1;
    return BB_OK;
}

/* Fills p until it is full or the deflate data end (*end_ret). */
static enum bb_status deflate_read(struct layer *l, uint8_t *p, size_t cap, size_t *n_ret, int *end_ret)
{
    struct inflate_state *s = l->deflate;
    *n_ret = 0;
    *end_ret = 0;
    while (*n_ret < cap) {
        size_t step = BB_MIN(cap - *n_ret, MAX_STEP_NBYTES), out_n, used;
        int result;
        BB_TRY(pull(l));
        s->next_in = (uint8_t *)l->in;
        s->avail_in = (uint32_t)l->in_n;
        s->next_out = p + *n_ret;
        s->avail_out = (uint32_t)step;
        result = isal_inflate(s);
        if (result < 0 || result == ISAL_NEED_DICT) {
            /* its counts are not to be trusted any more: it can have looked at a few bytes behind the input */
            if (s->avail_out <= step) *n_ret += step - s->avail_out;
            return bb_fail(&l->failure, BB_SKIP, "the packed data are damaged, about %llu bytes of content in",
                           (unsigned long long)(l->out_n + *n_ret));
        }
        used = l->in_n - s->avail_in;
        out_n = step - s->avail_out;
        l->in += used;
        l->in_n -= used;
        *n_ret += out_n;
        if (s->block_state == ISAL_BLOCK_FINISH) {
            /* Whole bytes in the bit buffer lie behind the data and may be from an earlier input. At most 8: the trailer
             * takes them all, so the next member starts clean. */
            unsigned n_bits = (unsigned)BB_MAX(s->read_in_length, 0);
            l->left_over_n = BB_MIN(n_bits / 8, (unsigned)sizeof l->left_over);
            s->read_in >>= n_bits % 8;
            for (unsigned i = 0; i < l->left_over_n; i++) {
                l->left_over[i] = (uint8_t)s->read_in;
                s->read_in >>= 8;
            }
            *end_ret = 1;
            return BB_OK;
        }
        if (out_n == 0 && used == 0) return fail_truncated(l); /* out of input, or the library does not get on */
    }
    return BB_OK;
}

/* *byte_ret is -1 at the end of the input. */
static enum bb_status next_byte(struct layer *l, int *byte_ret)
{
    if (l->left_over_n > 0) {
        *byte_ret = l->left_over[0];
        memmove(l->left_over, l->left_over + 1, --l->left_over_n);
        return BB_OK;
    }
    BB_TRY(pull(l));
    *byte_ret = -1;
    if (l->in_n == 0) return BB_OK;
    *byte_ret = *l->in++;
    l->in_n--;
    return BB_OK;
}

static enum bb_status gzip_bytes(struct layer *l, uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int c;
        BB_TRY(next_byte(l, &c));
        if (c < 0) return fail_truncated(l);
        p[i] = (uint8_t)c;
    }
    return BB_OK;
}

static enum bb_status gzip_skip(struct layer *l, size_t n, int until_zero)
{
    uint8_t c;
    for (size_t i = 0; i < n; i++) {
        BB_TRY(gzip_bytes(l, &c, 1));
        if (until_zero && c == 0) return BB_OK;
    }
    return until_zero
               ? bb_fail(&l->failure, BB_SKIP, "a gzip header holds a name or comment of more than %zu KB: damaged",
                         GZIP_FIELD_MAX_NBYTES >> 10)
               : BB_OK;
}

/* Reads a member's header; at the end of the input, or of padding with zeros as tapes have it, l->gzip_place says END. */
static enum bb_status gzip_header(struct layer *l)
{
    enum { HEADER_CRC = 2, EXTRA = 4, NAME = 8, COMMENT = 16 };
    int first, padded = 0;
    uint8_t h[9], n[2];
    for (;;) {
        BB_TRY(next_byte(l, &first));
        if (first != 0 || l->gzip_place == GZIP_FIRST_HEADER) break;
        padded = 1;
    }
    if (first < 0 && l->gzip_place == GZIP_NEXT_HEADER) {
        l->gzip_place = GZIP_END;
        return BB_OK;
    }
    if (first < 0) return fail_truncated(l);
    h[0] = h[1] = 0;
    if (first == 0x1f && !padded) BB_TRY(gzip_bytes(l, h, sizeof h));
    if (first != 0x1f || h[0] != 0x8b) {
        return l->gzip_place == GZIP_FIRST_HEADER
                   ? bb_fail(&l->failure, BB_SKIP, "these are not gzip data")
                   : bb_fail(&l->failure, BB_SKIP, "other bytes follow the gzip data, after %llu bytes of content",
                             (unsigned long long)l->out_n);
    }
    if (h[1] != 8) return bb_fail(&l->failure, BB_SKIP, "gzip data with method %u; only 8 (deflate) exists", h[1]);
    if (h[2] & 0xe0) return bb_fail(&l->failure, BB_SKIP, "a gzip header has unknown flags 0x%02x: damaged", h[2]);
    if (h[2] & EXTRA) {
        BB_TRY(gzip_bytes(l, n, 2));
        BB_TRY(gzip_skip(l, (size_t)(n[0] | n[1] << 8), 0));
    }
    if (h[2] & NAME) BB_TRY(gzip_skip(l, GZIP_FIELD_MAX_NBYTES, 1));
    if (h[2] & COMMENT) BB_TRY(gzip_skip(l, GZIP_FIELD_MAX_NBYTES, 1));
    if (h[2] & HEADER_CRC) BB_TRY(gzip_skip(l, 2, 0));
    isal_inflate_reset(l->deflate);
    l->want_size = l->out_n; /* where this member began */
    l->crc = 0;
    l->gzip_place = GZIP_BODY;
    return BB_OK;
}

static enum bb_status gzip_read(struct layer *l, uint8_t *p, size_t cap, size_t *n_ret)
{
    enum bb_status status;
    uint8_t t[8];
    uint32_t crc, size;
    int end;
    *n_ret = 0;
    while (*n_ret == 0) {
        if (l->gzip_place == GZIP_FIRST_HEADER || l->gzip_place == GZIP_NEXT_HEADER) BB_TRY(gzip_header(l));
        if (l->gzip_place == GZIP_END) {
            l->ended = 1;
            return BB_OK;
        }
        status = deflate_read(l, p, cap, n_ret, &end);
        l->crc = crc32_gzip_refl(l->crc, p, *n_ret);
        if (status != BB_OK) return status;
        if (!end) continue;
        BB_TRY(gzip_bytes(l, t, sizeof t));
        crc = (uint32_t)t[0] | (uint32_t)t[1] << 8 | (uint32_t)t[2] << 16 | (uint32_t)t[3] << 24;
        size = (uint32_t)t[4] | (uint32_t)t[5] << 8 | (uint32_t)t[6] << 16 | (uint32_t)t[7] << 24;
        if (crc != l->crc || size != (uint32_t)(l->out_n + *n_ret - l->want_size))
            return bb_fail(&l->failure, BB_SKIP, "the gzip data do not have the checksum they should: damaged");
        l->gzip_place = GZIP_NEXT_HEADER;
    }
    return BB_OK;
}

static enum bb_status fail_zstd(struct layer *l, size_t result)
{
    ZSTD_ErrorCode code = ZSTD_getErrorCode(result);
    if (code == ZSTD_error_memory_allocation || code == ZSTD_error_frameParameter_windowTooLarge) {
        ZSTD_frameHeader header;
        size_t window = 0;
        if (ZSTD_getFrameHeader(&header, l->in, l->in_n) == 0) window = (size_t)header.windowSize;
        if (code == ZSTD_error_memory_allocation && window <= ZSTD_EXPECTED_WINDOW_NBYTES)
            return bb_fail_budget(&l->failure, l->owner->budget, "unpacking zstd data");
        return bb_fail(&l->failure, BB_SKIP,
                       "unpacking needs a zstd window of more memory than there is; pack it again with a "
                       "window of at most %zu MB (no --long, no --ultra), or unpack it first",
                       ZSTD_EXPECTED_WINDOW_NBYTES >> 20);
    }
    return bb_fail(&l->failure, BB_SKIP, "the zstd data are damaged (%s), about %llu bytes of content in",
                   ZSTD_getErrorName(result), (unsigned long long)l->out_n);
}

static enum bb_status zstd_read(struct layer *l, uint8_t *p, size_t cap, size_t *n_ret)
{
    *n_ret = 0;
    while (*n_ret < cap) {
        ZSTD_outBuffer out = { p, cap, *n_ret };
        ZSTD_inBuffer in;
        size_t result;
        BB_TRY(pull(l));
        if (l->in_n == 0 && !l->zstd_in_frame) {
            if (*n_ret == 0) l->ended = 1;
            return BB_OK;
        }
        in = (ZSTD_inBuffer){ l->in, l->in_n, 0 };
        result = ZSTD_decompressStream(l->zstd, &out, &in);
        if (ZSTD_isError(result)) {
            *n_ret = out.pos;
            return fail_zstd(l, result);
        }
        if (in.pos == 0 && out.pos == *n_ret && l->in_ended) return fail_truncated(l);
        l->in += in.pos;
        l->in_n -= in.pos;
        *n_ret = out.pos;
        l->zstd_in_frame = result != 0;
    }
    return BB_OK;
}

static enum bb_status unpack(struct layer *l, uint8_t *p, size_t cap, size_t *n_ret)
{
    enum bb_status status;
    int end;
    switch (l->packing) {
    case BB_PACKING_STORED: return stored_read(l, p, cap, n_ret);
    case BB_PACKING_GZIP: return gzip_read(l, p, cap, n_ret);
    case BB_PACKING_ZSTD: return zstd_read(l, p, cap, n_ret);
    case BB_PACKING_DEFLATE: break;
    }
    status = deflate_read(l, p, cap, n_ret, &end);
    if (status == BB_OK && end) l->ended = 1;
    return status;
}

/* The check of a zip member: what is more than promised is not delivered. */
static enum bb_status check(struct layer *l, const uint8_t *p, size_t *n)
{
    uint64_t left = l->want_size - l->out_n;
    if (*n > left) {
        *n = (size_t)left;
        return bb_fail(&l->failure, BB_SKIP,
                       "holds more than the %llu bytes that the archive's directory says: damaged or hostile",
                       (unsigned long long)l->want_size);
    }
    l->crc = crc32_gzip_refl(l->crc, p, *n);
    if (!l->ended) return BB_OK;
    if (*n < left)
        return bb_fail(&l->failure, BB_SKIP, "holds %llu bytes where the archive's directory says %llu: damaged",
                       (unsigned long long)(l->out_n + *n), (unsigned long long)l->want_size);
    if (l->crc != l->want_crc)
        return bb_fail(&l->failure, BB_SKIP, "the content's CRC is %08x, the archive says %08x: damaged",
                       (unsigned)l->crc, (unsigned)l->want_crc);
    return BB_OK;
}

/* Full reads, sticky failures: what came before a failure is delivered first. */
static enum bb_status layer_read(struct layer *l, uint8_t *p, size_t cap, size_t *n_ret)
{
    *n_ret = 0;
    while (*n_ret < cap && !l->ended && l->failure.status == BB_OK) {
        size_t n = 0;
        enum bb_status status = unpack(l, p + *n_ret, cap - *n_ret, &n);
        if (l->checked && (status == BB_OK || n > l->want_size - l->out_n)) (void)check(l, p + *n_ret, &n);
        l->out_n += n;
        *n_ret += n;
    }
    if (*n_ret > 0) return BB_OK;
    return l->failure.status != BB_OK ? l->failure.status : cap == 0 ? BB_OK : BB_EOF;
}

static void *zstd_alloc(void *opaque, size_t n) { return bb_alloc(opaque, n); }
static void zstd_free(void *opaque, void *p)
{
    (void)opaque;
    bb_free(p);
}

/* Takes over what the layer had for an earlier content. */
static int layer_start(struct bb_inflate *f, struct layer *l, struct layer *below, enum bb_packing packing)
{
    int inflates = packing == BB_PACKING_DEFLATE || packing == BB_PACKING_GZIP;
    *l = (struct layer){
        .below = below, .owner = f, .packing = packing, .input = l->input, .deflate = l->deflate, .zstd = l->zstd
    };
    if (!l->input && (below || !f->range.mem)) {
        l->input = bb_alloc(f->budget, INPUT_NBYTES + SLACK_NBYTES);
        if (!l->input) return 0;
    }
    if (inflates && !l->deflate) {
        l->deflate = bb_alloc(f->budget, sizeof *l->deflate);
        if (!l->deflate) return 0;
    }
    if (inflates) isal_inflate_init(l->deflate);
    if (packing == BB_PACKING_ZSTD) {
        ZSTD_customMem mem = { zstd_alloc, zstd_free, f->budget };
        ZSTD_freeDStream(l->zstd);
        l->zstd = ZSTD_createDStream_advanced(mem);
        if (!l->zstd) return 0;
    }
    return 1;
}

enum bb_status bb_inflate_restart(struct bb_inflate *f, const struct bb_byte_range *range,
                                  const struct bb_packed *packed, size_t first_read_nbytes, struct bb_error *err)
{
    unsigned n = packed->n_packings;
    f->range = *range;
    f->next_read_nbytes = first_read_nbytes > 0 ? BB_MIN(first_read_nbytes, INPUT_NBYTES) : INPUT_NBYTES;
    atomic_store_explicit(&f->position, 0, memory_order_relaxed);
    f->n_layers = n > 0 ? n : 1;
    for (unsigned i = 0; i < f->n_layers; i++) {
        if (!layer_start(f, &f->layers[i], i > 0 ? &f->layers[i - 1] : NULL,
                         i < n ? (enum bb_packing)packed->packings[i] : BB_PACKING_STORED))
            return bb_fail_budget(err, f->budget, "unpacking a file");
    }
    f->layers[0].checked = packed->checked;
    f->layers[0].want_crc = packed->crc;
    if (packed->checked) f->layers[0].want_size = packed->size;
    return BB_OK;
}

enum bb_status bb_inflate_new(const struct bb_byte_range *range, const struct bb_packed *packed,
                              size_t first_read_nbytes, struct bb_budget *budget, struct bb_inflate **inflate_ret,
                              struct bb_error *err)
{
    struct bb_inflate *f = bb_calloc(budget, sizeof *f);
    enum bb_status status;
    *inflate_ret = NULL;
    if (!f) return bb_fail_budget(err, budget, "unpacking a file");
    f->budget = budget;
    status = bb_inflate_restart(f, range, packed, first_read_nbytes, err);
    if (status == BB_OK) {
        *inflate_ret = f;
    } else {
        bb_inflate_free(f);
    }
    return status;
}

void bb_inflate_free(struct bb_inflate *f)
{
    if (!f) return;
    for (unsigned i = 0; i < BB_MAX_PACKINGS; i++) {
        ZSTD_freeDStream(f->layers[i].zstd);
        bb_free(f->layers[i].deflate);
        bb_free(f->layers[i].input);
    }
    bb_free(f);
}

enum bb_status bb_inflate_read(struct bb_inflate *f, void *p, size_t cap, size_t *n_ret, struct bb_error *err)
{
    struct layer *top = &f->layers[f->n_layers - 1];
    enum bb_status status = layer_read(top, p, cap, n_ret);
    if (status != BB_OK && status != BB_EOF && err) *err = top->failure;
    return status;
}

uint64_t bb_inflate_position(const struct bb_inflate *f)
{
    return atomic_load_explicit(&((struct bb_inflate *)f)->position, memory_order_relaxed);
}
