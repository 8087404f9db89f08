#include "convert/provenance.h"

#include "base/decimal.h"

#include <zstd.h>

#define RUNS_MAX_NBYTES   ((size_t)64 << 20) /* a million rows of ten bytes each would need 10 MiB */
#define PLACES_MAX_NBYTES ((size_t)16 << 20)
#define ZSTD_LEVEL        1
#define WRITE_NBYTES      ((size_t)64 << 10) /* a year of day files stays far below: its row groups stand side by side */

enum bb_status bb_provenance_init(struct bb_provenance *p, size_t n_sources,
                                  const struct bb_join *(*joins)(void *ctx), void *ctx, struct bb_budget *budget,
                                  struct bb_error *err)
{
    *p = (struct bb_provenance){
        .budget = budget, .joins = joins, .ctx = ctx, .n_sources = n_sources, .last_origin = BB_NO_CODE
    };
    bb_buf_init(&p->runs, budget, RUNS_MAX_NBYTES);
    bb_buf_init(&p->packed, budget, 2 * RUNS_MAX_NBYTES);
    bb_buf_init(&p->places, budget, PLACES_MAX_NBYTES);
    BB_TRY(bb_pq_compressor_new(BB_PQ_ZSTD, ZSTD_LEVEL, NULL, budget, &p->packer, err));
    p->code_of_source = bb_alloc(budget, (n_sources + 1) * sizeof *p->code_of_source);
    if (!p->code_of_source) return bb_fail_budget(err, budget, "the list of sources");
    for (size_t i = 0; i < n_sources; i++) p->code_of_source[i] = BB_NO_CODE;
    return BB_OK;
}

void bb_provenance_reset(struct bb_provenance *p)
{
    bb_pq_compressor_free(p->packer);
    bb_buf_reset(&p->runs);
    bb_buf_reset(&p->packed);
    bb_buf_reset(&p->places);
    bb_free(p->packed_nbytes);
    bb_free(p->code_of_source);
    bb_free(p->code_of_join);
    bb_free(p->codes);
    *p = (struct bb_provenance){ 0 };
}

static int new_code(struct bb_provenance *p, uint32_t origin, uint32_t *code)
{
    if (*code != BB_NO_CODE) return 1;
    if (!bb_grow(p->budget, (void **)&p->codes, &p->cap_codes, p->n_codes + 1, sizeof *p->codes)) return 0;
    *code = (uint32_t)p->n_codes;
    p->codes[p->n_codes++].origin = origin;
    return 1;
}

/* A join's sources get their codes before it, so that the ledger can name them. */
static int code_of(struct bb_provenance *p, uint32_t origin, uint32_t *code_ret)
{
    uint32_t join = origin & ~BB_ORIGIN_JOIN;
    const struct bb_join *j;
    if (!(origin & BB_ORIGIN_JOIN)) {
        if (!new_code(p, origin, &p->code_of_source[origin])) return 0;
        *code_ret = p->code_of_source[origin];
        return 1;
    }
    if (join >= p->n_joins) {
        size_t old = p->cap_joins;
        if (!bb_grow(p->budget, (void **)&p->code_of_join, &p->cap_joins, (size_t)join + 1,
                     sizeof *p->code_of_join))
            return 0;
        for (size_t i = old; i < p->cap_joins; i++) p->code_of_join[i] = BB_NO_CODE;
        p->n_joins = p->cap_joins;
    }
    j = &p->joins(p->ctx)[join];
    for (unsigned v = 0; v < BB_N_VALUES; v++)
        if (!new_code(p, j->sources[v], &p->code_of_source[j->sources[v]])) return 0;
    if (!new_code(p, origin, &p->code_of_join[join])) return 0;
    *code_ret = p->code_of_join[join];
    return 1;
}

static int put_varint(struct bb_buf *b, uint64_t v)
{
    char bytes[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7) bytes[n++] = (char)(v | 0x80);
    bytes[n++] = (char)v;
    return bb_buf_put(b, bytes, n);
}

static int put_run(struct bb_provenance *p)
{
    int ok = p->run_rows == 0 || (put_varint(&p->runs, p->run_rows) && put_varint(&p->runs, p->code));
    p->run_rows = 0;
    return ok;
}

enum bb_status bb_provenance_add(struct bb_provenance *p, uint32_t origin, uint64_t n, struct bb_error *err)
{
    if (origin != p->last_origin) {
        if (!put_run(p) || !code_of(p, origin, &p->code))
            return bb_fail_budget(err, p->budget, "the list of sources");
        p->last_origin = origin;
    }
    p->run_rows += n;
    return BB_OK;
}

enum bb_status bb_provenance_end_group(struct bb_provenance *p, struct bb_pq_file *file, struct bb_error *err)
{
    size_t bound, n = 0;
    if (!put_run(p)) return bb_fail_budget(err, p->budget, "the list of sources");
    bound = bb_pq_compress_bound(p->packer, p->runs.n);
    if (!bb_buf_reserve(&p->packed, bound) ||
        !bb_grow(p->budget, (void **)&p->packed_nbytes, &p->cap_packed, p->n_packed + 1, sizeof *p->packed_nbytes))
        return bb_fail_budget(err, p->budget, "the list of sources");
    BB_TRY(bb_pq_compress(p->packer, p->runs.p ? p->runs.p : "", p->runs.n, p->runs.n, BB_PQ_USUAL,
                          p->packed.p + p->packed.n, bound, &n, err));
    p->packed.n += n;
    p->packed_nbytes[p->n_packed++] = (uint32_t)n;
    p->runs.n = 0;
    p->last_origin = BB_NO_CODE;
    return p->packed.n < WRITE_NBYTES ? BB_OK : bb_provenance_write(p, file, err);
}

enum bb_status bb_provenance_write(struct bb_provenance *p, struct bb_pq_file *file, struct bb_error *err)
{
    uint64_t offset;
    if (p->n_packed == 0) return BB_OK;
    BB_TRY(bb_pq_file_append_blob(file, bb_buf_str(&p->packed), &offset, err));
    for (size_t i = 0; i < p->n_packed; offset += p->packed_nbytes[i++])
        if (!bb_buf_printf(&p->places, "%s%llu:%u", p->places.n ? " " : "", (unsigned long long)offset,
                           (unsigned)p->packed_nbytes[i]))
            return bb_fail_budget(err, p->budget, "the list of sources");
    p->packed.n = 0;
    p->n_packed = 0;
    return BB_OK;
}

int bb_provenance_place(struct bb_str *places, uint64_t file_nbytes, uint64_t *offset_ret, uint64_t *nbytes_ret)
{
    const char *p = places->p, *end = places->p + places->n;
    const char *blank = places->n ? memchr(p, ' ', places->n) : NULL, *stop = blank ? blank : end;
    const char *colon = places->n ? memchr(p, ':', (size_t)(stop - p)) : NULL;
    int64_t offset = 0, nbytes = 0;
    if (!colon || bb_integer_parse(p, (size_t)(colon - p), &offset) != 0 ||
        bb_integer_parse(colon + 1, (size_t)(stop - colon - 1), &nbytes) != 0 || (uint64_t)offset > file_nbytes ||
        (uint64_t)nbytes > file_nbytes - (uint64_t)offset)
        return 0;
    *offset_ret = (uint64_t)offset;
    *nbytes_ret = (uint64_t)nbytes;
    *places = blank ? (struct bb_str){ blank + 1, (size_t)(end - blank - 1) } : (struct bb_str){ end, 0 };
    return 1;
}

enum bb_status bb_provenance_open(struct bb_provenance_list *list, struct bb_str compressed,
                                  struct bb_pq_decompress *unpacker, struct bb_error *err)
{
    unsigned long long n = ZSTD_getFrameContentSize(compressed.p, compressed.n);
    enum bb_status status;
    list->at = 0;
    bb_buf_init(&list->bytes, unpacker->budget, RUNS_MAX_NBYTES);
    if (n > RUNS_MAX_NBYTES || compressed.n == 0) return bb_fail(err, BB_SKIP, "the list of sources is damaged");
    if (!bb_buf_reserve(&list->bytes, (size_t)n + 1))
        return bb_fail_budget(err, unpacker->budget, "the list of sources");
    status = bb_pq_decompress_page(unpacker, compressed.p, compressed.n, list->bytes.p, (size_t)n, err);
    if (status != BB_OK) bb_buf_reset(&list->bytes);
    if (status == BB_SKIP) return bb_fail(err, BB_SKIP, "the list of sources is damaged");
    list->bytes.n = status == BB_OK ? (size_t)n : 0;
    return status;
}

static int get_varint(struct bb_provenance_list *list, uint64_t *v)
{
    *v = 0;
    for (unsigned shift = 0; shift < 64 && list->at < list->bytes.n; shift += 7) {
        unsigned char c = (unsigned char)list->bytes.p[list->at++];
        *v |= (uint64_t)(c & 0x7F) << shift;
        if (!(c & 0x80)) return 1;
    }
    return 0;
}

int bb_provenance_next(struct bb_provenance_list *list, uint64_t *rows_ret, uint32_t *code_ret)
{
    uint64_t code;
    if (list->at == list->bytes.n) return 0;
    if (!get_varint(list, rows_ret) || !get_varint(list, &code) || code >= BB_ORIGIN_JOIN || *rows_ret == 0)
        return -1;
    *code_ret = (uint32_t)code;
    return 1;
}

void bb_provenance_close(struct bb_provenance_list *list) { bb_buf_reset(&list->bytes); }
