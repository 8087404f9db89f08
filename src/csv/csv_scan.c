#include "csv/csv_scan.h"

#include "base/cpu.h"

/* One loop serves as reference and as the repair of blocks with a newline inside quotes: the quote state goes in and
 * comes out. */
static unsigned scan_bytes(const char *text, size_t from, size_t to, unsigned in_quotes, struct bb_csv_index *index)
{
    for (size_t i = from; i < to; i++) {
        char c = text[i];
        if (c == '\n') {
            index->lines[index->n_lines++] = (uint32_t)index->n_seps;
            index->seps[index->n_seps++] = (uint32_t)i;
            in_quotes = 0;
        } else if (c == '"') {
            in_quotes ^= 1;
            index->has_quotes = 1;
        } else if (c == ',' && !in_quotes) {
            index->seps[index->n_seps++] = (uint32_t)i;
        }
    }
    return in_quotes;
}

static void scan_scalar(const char *text, size_t n, struct bb_csv_index *index)
{
    index->n_seps = index->n_lines = 0;
    index->has_quotes = 0;
    scan_bytes(text, 0, n, 0, index);
}

bb_csv_scan_fn bb_csv_scan_kernel(const char *name)
{
    if (strcmp(name, "scalar") == 0) return scan_scalar;
    return NULL;
}

void bb_csv_scan(const char *text, size_t n, struct bb_csv_index *index) { scan_scalar(text, n, index); }

enum bb_status bb_csv_index_init(struct bb_csv_index *index, struct bb_budget *budget, struct bb_error *err)
{
    size_t nbytes = (BB_CSV_PIECE_MAX_NBYTES + 64) * sizeof(uint32_t);
    memset(index, 0, sizeof *index);
    index->seps = bb_alloc(budget, nbytes);
    index->lines = bb_alloc(budget, nbytes);
    if (!index->seps || !index->lines) {
        bb_csv_index_reset(index);
        return bb_fail_budget(err, budget, "the index of a piece of CSV text");
    }
    return BB_OK;
}

void bb_csv_index_reset(struct bb_csv_index *index)
{
    bb_free(index->seps);
    bb_free(index->lines);
    memset(index, 0, sizeof *index);
}

struct bb_str bb_csv_unquote(struct bb_str field, char *scratch)
{
    struct bb_str s = bb_str_trim(field);
    const char *quote;
    size_t n = 0;
    if (s.n < 2 || s.p[0] != '"' || s.p[s.n - 1] != '"') return s;
    s.p++, s.n -= 2;
    quote = s.n ? memchr(s.p, '"', s.n) : NULL;
    if (!quote) return s;
    for (size_t i = 0; i < s.n; i++) {
        scratch[n++] = s.p[i];
        if (s.p[i] == '"' && i + 1 < s.n && s.p[i + 1] == '"') i++;
    }
    return (struct bb_str){ scratch, n };
}
