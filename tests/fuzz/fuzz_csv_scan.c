/* All kernels of csv_scan.h must agree with the scalar one, and fields must lie inside the text. */
#include "csv/csv_scan.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "sse2", "avx2", "avx512", "neon" };
    struct bb_budget budget;
    struct bb_csv_index want, got;
    size_t n = BB_MIN(size, BB_CSV_PIECE_MAX_NBYTES);
    char *text = malloc(n + 64), scratch[1];

    bb_budget_init(&budget, 0, 0);
    if (!text || bb_csv_index_init(&want, &budget, NULL) || bb_csv_index_init(&got, &budget, NULL)) abort();
    if (n) memcpy(text, data, n);
    memset(text + n, '"', 64);
    bb_csv_scan_kernel("scalar")(text, n, &want);
    for (size_t k = 0; k < BB_ARRAY_LEN(names); k++) {
        bb_csv_scan_fn scan = bb_csv_scan_kernel(names[k]);
        if (!scan) continue;
        scan(text, n, &got);
        check(want.n_seps == got.n_seps && want.n_lines == got.n_lines && want.has_quotes == got.has_quotes);
        check(memcmp(want.seps, got.seps, want.n_seps * sizeof *want.seps) == 0);
        check(memcmp(want.lines, got.lines, want.n_lines * sizeof *want.lines) == 0);
    }
    for (size_t r = 0; r < want.n_lines; r++)
        for (size_t f = 0; f < bb_csv_n_fields(&want, r); f++) {
            struct bb_str field = bb_csv_field(text, &want, r, f), plain;
            char *room = field.n ? malloc(field.n) : scratch;
            check(field.p >= text && field.p + field.n <= text + n);
            if (!room) abort();
            plain = bb_csv_unquote(field, room);
            check(plain.n <= field.n);
            if (room != scratch) free(room);
        }
    bb_csv_index_reset(&want);
    bb_csv_index_reset(&got);
    free(text);
    return 0;
}
