#include "convert/verify_ledger.h"

#include "lake/quality_view.h"
#include "parquet/pq_read.h"

#include <stdio.h>

#define NAMES_MAX_NBYTES ((size_t)256 << 20)
#define NONE             UINT32_MAX

struct bb_claim {
    uint64_t rows, won;
    uint32_t first_utc_s, last_utc_s;
    uint32_t won_first_utc_s, won_last_utc_s;
    size_t name_at, name_nbytes;
    int joined;
};

static void problem(const struct bb_verify_ledger *v, const char *where, const char *fmt, ...) BB_PRINTF(3, 4);
static void problem(const struct bb_verify_ledger *v, const char *where, const char *fmt, ...)
{
    char what[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    v->on_problem(v->ctx, where, what);
}

/* ---- the ledger ---- */

static enum bb_status set_code(struct bb_verify_ledger *v, uint32_t code, uint32_t claim, uint32_t join,
                               struct bb_error *err)
{
    size_t before = v->cap_claim_codes, before_joins = v->cap_join_codes, n = (size_t)code + 1;
    if (code >= BB_ORIGIN_JOIN || code > bb_pq_reader_file_nbytes(v->reader))
        return bb_fail(err, BB_SKIP, "the ledger's codes are damaged");
    if (!bb_grow(v->budget, (void **)&v->claim_of_code, &v->cap_claim_codes, n, sizeof *v->claim_of_code) ||
        !bb_grow(v->budget, (void **)&v->join_of_code, &v->cap_join_codes, n, sizeof *v->join_of_code))
        return bb_fail_budget(err, v->budget, "the list of sources");
    for (size_t i = before; i < v->cap_claim_codes; i++) v->claim_of_code[i] = NONE;
    for (size_t i = before_joins; i < v->cap_join_codes; i++) v->join_of_code[i] = NONE;
    if (n > v->n_codes) v->n_codes = n;
    if (v->claim_of_code[code] != NONE || v->join_of_code[code] != NONE)
        return bb_fail(err, BB_SKIP, "the ledger gives code %u twice", (unsigned)code);
    v->claim_of_code[code] = claim;
    v->join_of_code[code] = join;
    return BB_OK;
}

static enum bb_status on_source(void *ctx, const struct bb_ledger_source *s, struct bb_error *err)
{
    struct bb_verify_ledger *v = ctx;
    struct bb_claim *claim;
    if (!bb_grow(v->budget, (void **)&v->claims, &v->cap_claims, v->n_claims + 1, sizeof *v->claims))
        return bb_fail_budget(err, v->budget, "the list of sources");
    claim = &v->claims[v->n_claims];
    *claim = (struct bb_claim){ .rows = s->rows,
                                .first_utc_s = s->first_utc_s,
                                .last_utc_s = s->last_utc_s,
                                .won_first_utc_s = UINT32_MAX,
                                .name_at = v->names.n,
                                .joined = s->joined };
    if (!bb_buf_put(&v->names, s->name.p, s->name.n) ||
        (s->member.n && (!bb_buf_putc(&v->names, '!') || !bb_buf_put(&v->names, s->member.p, s->member.n))))
        return bb_fail_budget(err, v->budget, "the list of sources");
    claim->name_nbytes = v->names.n - claim->name_at;
    if (s->code != UINT32_MAX) BB_TRY(set_code(v, s->code, (uint32_t)v->n_claims, NONE, err));
    v->n_claims++;
    return BB_OK;
}

static enum bb_status on_join(void *ctx, const struct bb_ledger_join *join, struct bb_error *err)
{
    struct bb_verify_ledger *v = ctx;
    for (int i = 0; i < BB_N_VALUES; i++)
        if (join->of[i] >= v->n_codes || v->claim_of_code[join->of[i]] == NONE)
            return bb_fail(err, BB_SKIP, "the ledger's joins are damaged");
    if (!bb_grow(v->budget, (void **)&v->joins, &v->cap_joins, v->n_joins + 1, sizeof *v->joins))
        return bb_fail_budget(err, v->budget, "the list of sources");
    v->joins[v->n_joins] = *join;
    return set_code(v, join->code, NONE, (uint32_t)v->n_joins++, err);
}

enum bb_status bb_verify_ledger_open(struct bb_verify_ledger *v, struct bb_pq_reader *reader,
                                     struct bb_budget *budget, bb_pq_on_problem on_problem, void *ctx,
                                     struct bb_error *err)
{
    struct bb_ledger_reading reading = { on_source, on_join, v };
    struct bb_str ledger = bb_pq_reader_kv(reader, "busbar.ledger");
    *v = (struct bb_verify_ledger){
        .budget = budget, .reader = reader, .on_problem = on_problem, .ctx = ctx, .first_utc_s = UINT32_MAX
    };
    bb_buf_init(&v->names, budget, NAMES_MAX_NBYTES);
    bb_pq_decompress_init(&v->unpacker, BB_PQ_ZSTD, budget);
    if (!ledger.p) return bb_fail(err, BB_SKIP, "it has no ledger in its footer: not a file of a lake");
    BB_TRY(bb_ledger_read(ledger, &reading, budget, &v->head, err));
    v->places = bb_pq_reader_kv(reader, "busbar.provenance");
    return BB_OK;
}

void bb_verify_ledger_close(struct bb_verify_ledger *v)
{
    if (v->list_is_open) bb_provenance_close(&v->list);
    bb_pq_decompress_reset(&v->unpacker);
    bb_free(v->claims);
    bb_free(v->claim_of_code);
    bb_free(v->join_of_code);
    bb_free(v->joins);
    bb_buf_reset(&v->names);
    *v = (struct bb_verify_ledger){ 0 };
}

/* ---- rows ---- */

/* Told once per row group; the group's rows are of nobody then. */
static void bad_list(struct bb_verify_ledger *v, const char *what)
{
    char where[64];
    snprintf(where, sizeof where, "row group %zu, list of sources", v->group);
    if (!v->list_is_bad) problem(v, where, "%s", what);
    v->list_is_bad = 1;
    v->run_code = BB_NO_CODE;
    v->run_left = UINT64_MAX;
}

enum bb_status bb_verify_ledger_group_begin(struct bb_verify_ledger *v, size_t group, struct bb_error *err)
{
    uint64_t offset = 0, nbytes = 0;
    char *packed;
    enum bb_status status;
    v->group = group;
    v->run_left = v->run_rows = 0;
    v->run_code = BB_NO_CODE;
    v->list_is_bad = 0;
    if (!bb_provenance_place(&v->places, bb_pq_reader_file_nbytes(v->reader), &offset, &nbytes)) {
        bad_list(v, "the footer does not say where it lies");
        return BB_OK;
    }
    packed = bb_alloc(v->budget, nbytes + 1);
    if (!packed) return bb_fail_budget(err, v->budget, "the list of sources");
    status = bb_pq_reader_bytes(v->reader, offset, packed, nbytes, err);
    if (status == BB_OK)
        status = bb_provenance_open(&v->list, (struct bb_str){ packed, nbytes }, &v->unpacker, err);
    bb_free(packed);
    v->list_is_open = status == BB_OK;
    if (status != BB_SKIP) return status;
    bad_list(v, "is damaged");
    return BB_OK;
}

static void note_won(struct bb_verify_ledger *v, uint32_t claim_number)
{
    struct bb_claim *claim = &v->claims[claim_number];
    claim->won += v->run_rows;
    claim->won_first_utc_s = BB_MIN(claim->won_first_utc_s, v->run_first_utc_s);
    claim->won_last_utc_s = BB_MAX(claim->won_last_utc_s, v->now_utc_s);
}

static void end_run(struct bb_verify_ledger *v)
{
    v->rows += v->run_rows;
    if (v->run_rows && v->run_code != BB_NO_CODE) {
        uint32_t join = v->join_of_code[v->run_code];
        if (join == NONE) {
            note_won(v, v->claim_of_code[v->run_code]);
        } else {
            const uint32_t *of = v->joins[join].of;
            for (int i = 0; i < BB_N_VALUES; i++) { /* each source once */
                int first = 1;
                for (int k = 0; k < i; k++) first &= of[k] != of[i];
                if (first) note_won(v, v->claim_of_code[of[i]]);
            }
        }
    }
    v->run_rows = 0;
}

void bb_verify_ledger_next_run(struct bb_verify_ledger *v, uint32_t utc_s)
{
    int got;
    end_run(v);
    v->first_utc_s = BB_MIN(v->first_utc_s, utc_s);
    v->run_first_utc_s = utc_s;
    got = bb_provenance_next(&v->list, &v->run_left, &v->run_code);
    if (got == 0)
        bad_list(v, "has fewer rows than the row group");
    else if (got < 0)
        bad_list(v, "is damaged");
    else if (v->run_code >= v->n_codes ||
             (v->claim_of_code[v->run_code] == NONE && v->join_of_code[v->run_code] == NONE))
        bad_list(v, "names a source that the ledger does not know");
}

void bb_verify_ledger_group_end(struct bb_verify_ledger *v)
{
    uint64_t more;
    uint32_t code;
    end_run(v);
    if (v->list_is_open) {
        if (!v->list_is_bad && (v->run_left || bb_provenance_next(&v->list, &more, &code) != 0))
            bad_list(v, "has more rows than the row group");
        bb_provenance_close(&v->list);
    }
    v->list_is_open = 0;
}

void bb_verify_ledger_end(struct bb_verify_ledger *v)
{
    uint64_t delivered = 0, delivered_whole = 0;
    uint32_t first_utc_s = UINT32_MAX, last_utc_s = 0;
    int any_joined = 0;
    char says[BB_TIME_TEXT], are[BB_TIME_TEXT];
    if (v->head.rows != v->rows)
        problem(v, "ledger, rows", "says %llu, the file holds %llu", (unsigned long long)v->head.rows,
                (unsigned long long)v->rows);
    for (size_t i = 0; i < v->n_claims; i++) {
        const struct bb_claim *c = &v->claims[i];
        char where[256];
        snprintf(where, sizeof where, "ledger, source %.*s", (int)BB_MIN(c->name_nbytes, (size_t)200),
                 v->names.p + c->name_at);
        delivered += c->rows;
        if (!c->joined) delivered_whole += c->rows;
        any_joined |= c->joined;
        first_utc_s = BB_MIN(first_utc_s, c->first_utc_s);
        last_utc_s = BB_MAX(last_utc_s, c->last_utc_s);
        if (c->won > c->rows)
            problem(v, where, "delivered %llu rows by the ledger, but %llu rows of the file came from it",
                    (unsigned long long)c->rows, (unsigned long long)c->won);
        if (c->won && (c->won_first_utc_s < c->first_utc_s || c->won_last_utc_s > c->last_utc_s))
            problem(v, where, "its first and last instant leave out rows of the file that came from it (%s … %s)",
                    bb_utc_text(c->won_first_utc_s, says), bb_utc_text(c->won_last_utc_s, are));
    }
    if (delivered < v->rows)
        problem(v, "ledger, sources", "delivered %llu rows together, the file holds %llu",
                (unsigned long long)delivered, (unsigned long long)v->rows);
    if (!any_joined && delivered_whole > v->rows + v->head.duplicates + v->head.revisions)
        problem(v, "ledger, duplicates and revisions",
                "the sources delivered %llu rows, but rows, duplicates and revisions are %llu together",
                (unsigned long long)delivered_whole,
                (unsigned long long)(v->rows + v->head.duplicates + v->head.revisions));
    if (v->rows && first_utc_s != v->first_utc_s)
        problem(v, "ledger, sources", "begin at %s, the rows at %s", bb_utc_text(first_utc_s, says),
                bb_utc_text(v->first_utc_s, are));
    if (v->rows && last_utc_s != v->now_utc_s)
        problem(v, "ledger, sources", "end at %s, the rows at %s", bb_utc_text(last_utc_s, says),
                bb_utc_text(v->now_utc_s, are));
}
