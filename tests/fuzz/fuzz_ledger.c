/* Any bytes as a ledger and as a provenance list: read to the end or refused, what was read is written and read again the same, nothing stays. */
#include "convert/provenance.h"
#include "lake/ledger.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_SOURCES 64

struct kept {
    struct bb_budget *budget;
    struct bb_ledger_source sources[MAX_SOURCES];
    struct bb_ledger_join joins[MAX_SOURCES];
    char *texts[MAX_SOURCES];
    size_t n_sources, n_joins;
};

static struct bb_str copy_text(struct bb_str s, char **at)
{
    struct bb_str copy = { *at, s.n };
    if (s.n) memcpy(*at, s.p, s.n);
    *at += s.n;
    return copy;
}

static enum bb_status on_source(void *ctx, const struct bb_ledger_source *s, struct bb_error *err)
{
    struct kept *k = ctx;
    char *at;
    if (k->n_sources == MAX_SOURCES) return bb_fail(err, BB_EOF, "enough");
    at = k->texts[k->n_sources] = bb_alloc(k->budget, s->name.n + s->member.n + s->report.n + 1);
    if (!at) return bb_fail(err, BB_EOF, "enough");
    k->sources[k->n_sources] = *s;
    k->sources[k->n_sources].name = copy_text(s->name, &at);
    k->sources[k->n_sources].member = copy_text(s->member, &at);
    k->sources[k->n_sources].report = copy_text(s->report, &at);
    k->n_sources++;
    return BB_OK;
}

static enum bb_status on_join(void *ctx, const struct bb_ledger_join *j, struct bb_error *err)
{
    struct kept *k = ctx;
    if (k->n_joins == MAX_SOURCES) return bb_fail(err, BB_EOF, "enough");
    k->joins[k->n_joins++] = *j;
    return BB_OK;
}

static void write_and_read(struct kept *k, struct bb_ledger *head)
{
    struct bb_ledger_reading nothing = { NULL, NULL, NULL };
    struct bb_ledger again;
    struct bb_error err;
    struct bb_buf out;
    head->sources = k->sources;
    head->n_sources = k->n_sources;
    head->joins = k->joins;
    head->n_joins = k->n_joins;
    bb_buf_init(&out, k->budget, (size_t)4 << 20);
    if (bb_ledger_write(head, &out)) {
        if (bb_ledger_read(bb_buf_str(&out), &nothing, k->budget, &again, &err) == BB_SKIP) abort();
        if (again.year != head->year || again.dataset.iso != head->dataset.iso) abort();
    }
    bb_buf_reset(&out);
}

static void as_provenance(const uint8_t *data, size_t size, struct bb_budget *budget)
{
    struct bb_provenance_list list;
    struct bb_pq_decompress unpacker;
    struct bb_error err;
    uint64_t rows;
    uint32_t code;
    bb_pq_decompress_init(&unpacker, BB_PQ_ZSTD, budget);
    if (bb_provenance_open(&list, (struct bb_str){ (const char *)data, size }, &unpacker, &err) != BB_OK) {
        bb_pq_decompress_reset(&unpacker);
        return;
    }
    while (bb_provenance_next(&list, &rows, &code) == 1)
        if (rows == 0) abort();
    bb_provenance_close(&list);
    bb_pq_decompress_reset(&unpacker);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t nothing[1];
    struct bb_budget budget;
    struct kept k = { .budget = &budget };
    struct bb_ledger_reading reading = { on_source, on_join, &k };
    struct bb_ledger head;
    struct bb_error err;
    if (size == 0) data = nothing;
    bb_budget_init(&budget, (size_t)16 << 20, 0);
    if (bb_ledger_read((struct bb_str){ (const char *)data, size }, &reading, &budget, &head, &err) == BB_OK)
        write_and_read(&k, &head);
    for (size_t i = 0; i < k.n_sources; i++) bb_free(k.texts[i]);
    as_provenance(data, size, &budget);
    if (budget.used_nbytes != 0) abort();
    return 0;
}
