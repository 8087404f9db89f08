#include "parquet/pq_compress.h"

#include "parquet/pq_decimal_repeats.h"
#include "parquet/pq_defaults.h"

#include <libdeflate.h>
#include <pthread.h>
#include <lz4.h>
#include <snappy-c.h>
#include <string.h>
#define ZSTD_STATIC_LINKING_ONLY /* for a context that allocates from our budget */
#include <zstd.h>
#include <zstd_errors.h>

/* What libdeflate holds at most (levels 10 to 12; it has no way to ask), and snappy for the time of a call. */
#define DEFLATE_NEAR_NBYTES ((size_t)9 << 20)
#define DEFLATE_FAST_NBYTES ((size_t)1 << 20)
#define SNAPPY_NBYTES       ((size_t)128 << 10)

struct bb_pq_compressor {
    enum bb_pq_codec codec;
    int level, default_level;
    struct bb_budget *budget;
    ZSTD_CCtx *zstd;
    struct bb_pq_decimal_repeats *repeats; /* made for the first page that wants it */
    struct libdeflate_compressor *deflate;
    void *lz4;
    size_t charged_nbytes;
    struct bb_pq_compressors *shared; /* then what is above is borrowed */
    struct bb_pq_compressor *next;    /* in the list of those at rest */
};

/* As many as pages are compressed at one time: a file has two dozen columns, the machine a few processors. */
struct bb_pq_compressors {
    struct bb_budget *budget;
    pthread_mutex_t mutex;
    struct bb_pq_compressor *at_rest;
};

static void *zstd_alloc(void *budget, size_t nbytes) { return bb_alloc(budget, nbytes); }
static void zstd_free(void *budget, void *p)
{
    (void)budget;
    bb_free(p);
}

static const char *codec_name(enum bb_pq_codec codec)
{
    switch (codec) {
    case BB_PQ_NONE: return "none";
    case BB_PQ_SNAPPY: return "snappy";
    case BB_PQ_GZIP: return "gzip";
    case BB_PQ_ZSTD: return "zstd";
    case BB_PQ_LZ4_RAW: return "lz4";
    }
    return NULL;
}

static enum bb_status check_level(enum bb_pq_codec codec, int level, struct bb_error *err)
{
    int most = codec == BB_PQ_ZSTD ? ZSTD_maxCLevel() : codec == BB_PQ_GZIP ? 12 : 0;
    if (!codec_name(codec))
        return bb_fail(err, BB_MISUSE, "compression codec %d is not one that busbar writes", (int)codec);
    if (level < 0 || level > most)
        return bb_fail(err, BB_MISUSE, "compression level %d: %s takes %s%d", level, codec_name(codec),
                       most ? "1 to " : "only ", most);
    return BB_OK;
}

static int set(struct bb_pq_compressor *c, ZSTD_cParameter which, int value)
{
    return !ZSTD_isError(ZSTD_CCtx_setParameter(c->zstd, which, value));
}

static int allocate(struct bb_pq_compressor *c)
{
    if (c->codec == BB_PQ_ZSTD) {
        c->zstd = ZSTD_createCCtx_advanced((ZSTD_customMem){ zstd_alloc, zstd_free, c->budget });
        /* For sequences: blocks are told, and pages and their room stay where they are, so that zstd makes no copies of its own (1.3 MB). */
        return c->zstd != NULL && set(c, ZSTD_c_compressionLevel, c->level) &&
               set(c, ZSTD_c_blockDelimiters, ZSTD_sf_explicitBlockDelimiters) &&
               set(c, ZSTD_c_stableInBuffer, 1) && set(c, ZSTD_c_stableOutBuffer, 1) &&
               (c->level < BB_PQ_ZSTD_LARGE_LEVEL || set(c, ZSTD_c_hashLog, BB_PQ_ZSTD_LARGE_HASH_LOG));
    }
    if (c->codec == BB_PQ_GZIP) {
        size_t nbytes = c->level >= 10 ? DEFLATE_NEAR_NBYTES : DEFLATE_FAST_NBYTES;
        if (!bb_budget_charge(c->budget, nbytes)) return 0;
        c->charged_nbytes = nbytes;
        c->deflate = libdeflate_alloc_compressor(c->level);
        return c->deflate != NULL;
    }
    if (c->codec == BB_PQ_LZ4_RAW) {
        c->lz4 = bb_alloc(c->budget, (size_t)LZ4_sizeofState());
        return c->lz4 != NULL;
    }
    if (c->codec == BB_PQ_SNAPPY) {
        if (!bb_budget_charge(c->budget, SNAPPY_NBYTES)) return 0;
        c->charged_nbytes = SNAPPY_NBYTES;
    }
    return 1;
}

enum bb_status bb_pq_compressor_new(enum bb_pq_codec codec, int level, struct bb_pq_compressors *shared,
                                    struct bb_budget *budget, struct bb_pq_compressor **compressor_ret,
                                    struct bb_error *err)
{
    struct bb_pq_compressor *c;
    BB_TRY(check_level(codec, level, err));
    c = bb_calloc(budget, sizeof *c);
    if (!c) return bb_fail_budget(err, budget, "a compressor");
    *c = (struct bb_pq_compressor){
        .codec = codec, .level = level, .default_level = level == 0, .budget = budget, .shared = shared
    };
    if (codec == BB_PQ_ZSTD && !level) c->level = BB_PQ_ZSTD_LEVEL;
    if (codec == BB_PQ_GZIP && !level) c->level = BB_PQ_GZIP_LEVEL;
    if (!shared && !allocate(c)) {
        bb_pq_compressor_free(c);
        return bb_fail_budget(err, budget, "a compressor");
    }
    *compressor_ret = c;
    return BB_OK;
}

struct bb_pq_compressors *bb_pq_compressors_new(struct bb_budget *budget)
{
    struct bb_pq_compressors *s = bb_calloc(budget, sizeof *s);
    if (!s) return NULL;
    s->budget = budget;
    pthread_mutex_init(&s->mutex, NULL);
    return s;
}

void bb_pq_compressors_give_back(struct bb_pq_compressors *s)
{
    struct bb_pq_compressor *at;
    pthread_mutex_lock(&s->mutex);
    at = s->at_rest;
    s->at_rest = NULL;
    pthread_mutex_unlock(&s->mutex);
    while (at) {
        struct bb_pq_compressor *next = at->next;
        bb_pq_compressor_free(at);
        at = next;
    }
}

void bb_pq_compressors_free(struct bb_pq_compressors *s)
{
    if (!s) return;
    bb_pq_compressors_give_back(s);
    pthread_mutex_destroy(&s->mutex);
    bb_free(s);
}

static struct bb_pq_compressor *borrow(const struct bb_pq_compressor *c)
{
    struct bb_pq_compressor **at, *found = NULL;
    pthread_mutex_lock(&c->shared->mutex);
    for (at = &c->shared->at_rest; *at && !found;) {
        if ((*at)->codec == c->codec && (*at)->level == c->level && (*at)->default_level == c->default_level) {
            found = *at;
            *at = found->next;
        } else {
            at = &(*at)->next;
        }
    }
    pthread_mutex_unlock(&c->shared->mutex);
    if (found) return found;
    found = bb_calloc(c->budget, sizeof *found);
    if (!found) return NULL;
    *found = (struct bb_pq_compressor){
        .codec = c->codec, .level = c->level, .default_level = c->default_level, .budget = c->budget
    };
    if (allocate(found)) return found;
    bb_pq_compressor_free(found);
    return NULL;
}

static void give_back(struct bb_pq_compressors *s, struct bb_pq_compressor *c)
{
    pthread_mutex_lock(&s->mutex);
    c->next = s->at_rest;
    s->at_rest = c;
    pthread_mutex_unlock(&s->mutex);
}

void bb_pq_compressor_free(struct bb_pq_compressor *c)
{
    if (!c) return;
    ZSTD_freeCCtx(c->zstd);
    bb_free(c->repeats);
    libdeflate_free_compressor(c->deflate);
    bb_free(c->lz4);
    bb_budget_release(c->budget, c->charged_nbytes);
    bb_free(c);
}

size_t bb_pq_compress_bound(const struct bb_pq_compressor *c, size_t n)
{
    switch (c->codec) {
    case BB_PQ_NONE: return n;
    case BB_PQ_SNAPPY: return snappy_max_compressed_length(n);
    case BB_PQ_GZIP: return libdeflate_gzip_compress_bound(c->deflate, n);
    case BB_PQ_ZSTD: return ZSTD_compressBound(n);
    case BB_PQ_LZ4_RAW: return n > LZ4_MAX_INPUT_SIZE ? SIZE_MAX / 2 : (size_t)LZ4_compressBound((int)n);
    }
    return SIZE_MAX / 2;
}

int bb_pq_has_efforts(const struct bb_pq_compressor *c) { return c->codec == BB_PQ_ZSTD && c->default_level; }

/* All that efforts differ in is set each time: the context may have served another effort before. False: zstd refused. */
static int set_effort(struct bb_pq_compressor *c, enum bb_pq_effort effort, size_t n)
{
    int thorough = effort == BB_PQ_THOROUGH, hasty = effort == BB_PQ_HASTY, hash_log = 0, window_log = 0;
    if (effort == BB_PQ_FAR) hash_log = BB_PQ_FAR_HASH_LOG;
    if (thorough) hash_log = BB_PQ_THOROUGH_TABLE_LOG;
    if (effort == BB_PQ_DECIMALS) { /* zstd's own table is not used; each repetition is within reach */
        hash_log = ZSTD_HASHLOG_MIN;
        window_log = ZSTD_WINDOWLOG_MIN;
        while ((size_t)1 << window_log < n) window_log++;
    }
    const struct {
        ZSTD_cParameter which;
        int value;
    } wanted[] = {
        { ZSTD_c_compressionLevel, thorough ? BB_PQ_ZSTD_THOROUGH_LEVEL : c->level },
        /* zstd's stride through what does not repeat; 0 is the level's own */
        { ZSTD_c_targetLength, hasty ? BB_PQ_HASTY_STRIDE : 0 },
        { ZSTD_c_literalCompressionMode, hasty ? ZSTD_ps_enable : ZSTD_ps_auto },
        { ZSTD_c_windowLog, window_log },
        { ZSTD_c_hashLog, hash_log },
        { ZSTD_c_chainLog, thorough ? BB_PQ_THOROUGH_TABLE_LOG : 0 },
        { ZSTD_c_minMatch, effort == BB_PQ_FAR || effort == BB_PQ_NEAR ? BB_PQ_NUMBER_MIN_MATCH : 0 },
    };
    /* After sequences the context believes itself in the middle of a frame, where it takes only some of these. */
    if (ZSTD_isError(ZSTD_CCtx_reset(c->zstd, ZSTD_reset_session_only))) return 0;
    for (size_t i = 0; i < BB_ARRAY_LEN(wanted); i++) {
        if (!set(c, wanted[i].which, wanted[i].value)) return 0;
    }
    return 1;
}

/* Room for a page's sequences; what was there is made anew, for it holds nothing between pages. */
static int make_repeats(struct bb_pq_compressor *c, size_t n)
{
    size_t most = bb_pq_decimal_repeats_most(n);
    if (c->repeats && c->repeats->cap >= most) return 1;
    bb_free(c->repeats);
    c->repeats = bb_pq_decimal_repeats_new(most, c->budget);
    return c->repeats != NULL;
}

static enum bb_status compress_zstd(struct bb_pq_compressor *c, const void *src, size_t n, size_t values_at,
                                    enum bb_pq_effort effort, void *dst, size_t dst_cap, size_t *n_ret,
                                    struct bb_error *err)
{
    size_t got;
    if (effort == BB_PQ_DECIMALS && (n - values_at) / 8 > BB_PQ_DECIMAL_REPEATS_VALUES) effort = BB_PQ_FAR;
    if (!bb_pq_has_efforts(c)) {
        effort = BB_PQ_USUAL;
    } else if (!set_effort(c, effort, n)) {
        return bb_fail(err, BB_BUG, "zstd %s refused a parameter for effort %d", ZSTD_versionString(), (int)effort);
    }
    if (effort == BB_PQ_DECIMALS && n > 0) {
        if (!make_repeats(c, n)) return bb_fail_budget(err, c->budget, "a compressor");
        got = ZSTD_compressSequences(c->zstd, dst, dst_cap, c->repeats->sequences,
                                     bb_pq_decimal_repeats_find(c->repeats, src, n, values_at), src, n);
    } else {
        got = ZSTD_compress2(c->zstd, dst, dst_cap, src, n);
    }
    if (ZSTD_isError(got)) {
        if (ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation)
            return bb_fail_budget(err, c->budget, "zstd's working memory");
        return bb_fail(err, BB_BUG, "zstd refused a page of %zu bytes: %s", n, ZSTD_getErrorName(got));
    }
    *n_ret = got;
    return BB_OK;
}

static enum bb_status compress_page(struct bb_pq_compressor *c, const void *src, size_t n, size_t values_at,
                                    enum bb_pq_effort effort, void *dst, size_t dst_cap, size_t *n_ret,
                                    struct bb_error *err)
{
    size_t got = 0;
    switch (c->codec) {
    case BB_PQ_NONE:
        if (n <= dst_cap) {
            if (n) memcpy(dst, src, n);
            *n_ret = n;
            return BB_OK;
        }
        break;
    case BB_PQ_SNAPPY:
        got = dst_cap;
        if (snappy_compress(src, n, dst, &got) != SNAPPY_OK) got = 0;
        break;
    case BB_PQ_GZIP: got = libdeflate_gzip_compress(c->deflate, src, n, dst, dst_cap); break;
    case BB_PQ_ZSTD: return compress_zstd(c, src, n, values_at, effort, dst, dst_cap, n_ret, err);
    case BB_PQ_LZ4_RAW:
        got = (size_t)LZ4_compress_fast_extState(c->lz4, src, dst, (int)n,
                                                 dst_cap > INT32_MAX ? INT32_MAX : (int)dst_cap, 1);
        break;
    }
    if (got == 0) return bb_fail(err, BB_BUG, "%s refused a page of %zu bytes", codec_name(c->codec), n);
    *n_ret = got;
    return BB_OK;
}

enum bb_status bb_pq_compress(struct bb_pq_compressor *c, const void *src, size_t n, size_t values_at,
                              enum bb_pq_effort effort, void *dst, size_t dst_cap, size_t *n_ret,
                              struct bb_error *err)
{
    struct bb_pq_compressor *borrowed;
    enum bb_status status;
    if (!c->shared) return compress_page(c, src, n, values_at, effort, dst, dst_cap, n_ret, err);
    borrowed = borrow(c);
    if (!borrowed) return bb_fail_budget(err, c->budget, "a compressor");
    status = compress_page(borrowed, src, n, values_at, effort, dst, dst_cap, n_ret, err);
    give_back(c->shared, borrowed);
    return status;
}
