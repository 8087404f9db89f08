/* The structural index of a block of CSV text: where the separators are. One record is one line; a newline inside quotes
 * does not occur in any operator's report and ends the record (the row is then rejected by its reader).
 *
 * Kernels for SSE2, AVX2, AVX-512 and NEON are one template header each; the scalar one is the reference, all give the same
 * result byte for byte. The kernel is chosen once at run time (bb_cpu). */
#ifndef BB_CSV_SCAN_H
#define BB_CSV_SCAN_H

#include "base/mem.h"
#include "base/str.h"

/* The text of one call is at most this long: the index of a piece stays in the second-level cache. */
#define BB_CSV_PIECE_MAX_NBYTES ((size_t)128 << 10)

struct bb_csv_index {
    /* Both have room for piece + 64 entries, and an entry [-1] that is one less than 0 (modulo 2^32): so every field begins behind the
     * separator before it, the first one too. */
    uint32_t *seps;  /* offsets of ',' outside quotes and of '\n', ascending */
    uint32_t *lines; /* for each '\n': its index in seps */
    size_t n_seps, n_lines;
    int has_quotes; /* any '"' in the piece: fields may be quoted and need bb_csv_unquote */
};

/* The buffers of one worker, for pieces up to BB_CSV_PIECE_MAX_NBYTES. */
enum bb_status bb_csv_index_init(struct bb_csv_index *index, struct bb_budget *budget, struct bb_error *err);
void bb_csv_index_reset(struct bb_csv_index *index);

/* text[0 … n) must start at the start of a record; n <= BB_CSV_PIECE_MAX_NBYTES. What follows the last '\n' is not a record
 * yet: the caller moves it to the next piece (or adds a '\n' at the end of the file). '\r' before '\n' stays part of the
 * last field: bb_csv_field trims it. At least 64 bytes behind text + n must be readable (their content does not matter). */
void bb_csv_scan(const char *text, size_t n, struct bb_csv_index *index);

/* Scalar reference of the same, for tests and benchmarks; name one of "scalar", "sse2", "avx2", "avx512", "neon";
 * NULL if this machine cannot run it. */
typedef void (*bb_csv_scan_fn)(const char *text, size_t n, struct bb_csv_index *index);
bb_csv_scan_fn bb_csv_scan_kernel(const char *name);

/* Record r of an index: fields 0 … n_fields-1. */
static inline size_t bb_csv_first_sep(const struct bb_csv_index *ix, size_t r)
{
    return (uint32_t)(ix->lines[(ptrdiff_t)r - 1] + 1);
}
static inline size_t bb_csv_n_fields(const struct bb_csv_index *ix, size_t r)
{
    return ix->lines[r] - bb_csv_first_sep(ix, r) + 1;
}
/* Raw field f of record r, as it stands (blanks and quotes included, a '\r' before the newline excluded). */
static inline struct bb_str bb_csv_field(const char *text, const struct bb_csv_index *ix, size_t r, size_t f)
{
    const uint32_t *sep = ix->seps + bb_csv_first_sep(ix, r) + f;
    uint32_t from = sep[-1] + 1, to = sep[0];
    if (text[to] == '\n' && to > from && text[to - 1] == '\r') to--;
    return (struct bb_str){ text + from, to - from };
}

/* Blanks around and one pair of quotes removed. A field with doubled quotes inside ("a ""b""") is copied into scratch
 * (at least field.n bytes) with the doubling undone. */
struct bb_str bb_csv_unquote(struct bb_str field, char *scratch);

#endif
