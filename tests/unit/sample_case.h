/* Drives the tests over real files, where they lie beside the source tree (or in $BUSBAR_SAMPLES): which report each is, and its rows,
 * first and last instant and sum of all prices and quantities, taken from the files by other programs written from the formats'
 * descriptions. Nothing of the files themselves is kept in the tests. */
#ifndef BB_SAMPLE_CASE_H
#define BB_SAMPLE_CASE_H

#include "io/source.h"
#include "market_case.h"

#include <math.h>

struct sample {
    const char *path, *report; /* report NULL: refused */
    size_t rows;               /* parts of a row count each */
    uint32_t first, last;
    double sum;
};

/* The content of the file as a stream delivers it; NULL: there is no such file. */
static inline char *sample_load(const char *folder, const char *path, size_t *n)
{
    char full[4096], *text = NULL;
    const char *input = full;
    struct bb_budget budget;
    struct bb_leaf_list *list;
    struct bb_stream *stream;
    struct bb_error err;
    size_t cap = 0, got = 0;
    enum bb_status status;
    snprintf(full, sizeof full, "%s/%s", folder, path);
    bb_budget_init(&budget, 0, 0);
    *n = 0;
    if (bb_leaf_list_new(&input, 1, NULL, &budget, &list, &err) != BB_OK) return NULL;
    assert_int_equal(bb_leaf_count(list), 1);
    assert_int_equal(bb_stream_open(bb_leaf_at(list, 0), &budget, &stream, &err), BB_OK);
    do {
        if (*n + 65536 > cap) text = realloc(text, cap = cap * 2 + 65536);
        status = bb_stream_read(stream, text + *n, 65536, &got, &err);
        *n += got;
    } while (status == BB_OK);
    assert_int_equal(status, BB_EOF);
    bb_stream_close(stream);
    bb_leaf_list_free(list);
    assert_int_equal(budget.used_nbytes, 0);
    return text;
}

/* block_nbytes 0: the text in one block. sequential: rows stand in time order, so that detection knows the first instant. */
static inline void sample_check(const struct sample *s, const char *text, size_t n, size_t block_nbytes,
                                int sequential)
{
    struct market_case c;
    double sum = 0;
    size_t n_rows = 0;
    case_detect_n(&c, s->path, text, n, n < 65536 ? n : 65536, NULL);
    if (!s->report) {
        if (c.status != BB_SKIP) fail_msg("%s: taken for %s", s->path, c.detection.report);
        case_end(&c);
        return;
    }
    if (c.status != BB_OK) fail_msg("%s: %s", s->path, c.err.text);
    if (strcmp(c.detection.report, s->report) != 0) fail_msg("%s: taken for %s", s->path, c.detection.report);
    if (c.detection.is_reference) {
        case_end(&c);
        return;
    }
    if (sequential && c.detection.first_utc_s != s->first)
        fail_msg("%s: detection says that it begins at %u", s->path, c.detection.first_utc_s);
    if (sequential) assert_true(c.detection.sequential);
    case_read_n(&c, text, n, block_nbytes, 0);
    if (c.status != BB_OK) fail_msg("%s: %s", s->path, c.err.text);
    for (size_t i = 0; i < c.n_rows; i++) {
        n_rows += c.rows[i].flags & BB_ROW_PARTIAL ? (size_t)__builtin_popcount(c.rows[i].present) : 1;
        for (int k = 0; k < BB_N_VALUES; k++) sum += c.rows[i].value[k];
    }
    if (c.n_rejects != 0 || n_rows != s->rows || c.counts.min_utc_s != s->first || c.counts.max_utc_s != s->last ||
        fabs(sum - s->sum) > 1e-5)
        fail_msg("%s: %zu rows (%zu), %u to %u (%u to %u), sum %.6f (%.6f), %zu rejects", s->path, n_rows, s->rows,
                 c.counts.min_utc_s, c.counts.max_utc_s, s->first, s->last, sum, s->sum, c.n_rejects);
    assert_int_equal(c.counts.unknown_words, 0);
    case_end(&c);
}

static inline void samples_check(const struct sample *samples, size_t n_samples, size_t block_nbytes,
                                 int sequential)
{
    const char *set = getenv("BUSBAR_SAMPLES"), *folder = set && *set ? set : "../shared/samples";
    size_t n_checked = 0;
    for (size_t i = 0; i < n_samples; i++) {
        size_t n;
        char *text = sample_load(folder, samples[i].path, &n);
        if (!text) continue;
        sample_check(&samples[i], text, n, block_nbytes, sequential);
        if (sequential)
            sample_check(&samples[i], text, n, 700, 1); /* what is remembered from row to row outlives a block */
        free(text);
        n_checked++;
    }
    printf("%zu of %zu sample files checked\n", n_checked, n_samples);
    if (n_checked == 0) {
        printf("SKIPPED: no sample files in %s (set BUSBAR_SAMPLES)\n", folder);
        skip();
    }
}

#endif
