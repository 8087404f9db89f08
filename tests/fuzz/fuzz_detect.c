/* Any bytes as a file: detection, and when it names a report its reader over the whole text, cut into blocks at a place that the
 * input chooses. The first byte picks a name. */
#include "markets/reader.h"

#include <stdlib.h>

static const char *const names[] = { "x.csv",
                                     "20260926_rt_lmp_final.csv",
                                     "20260926_rt_lmp_prelim.csv",
                                     "rt_5min/x.csv",
                                     "20240728_da_expost_lmp_hubs_only.csv",
                                     "20200101_20200201_PRC_LMP_DAM_20200603_08_27_07_v1.csv",
                                     "rt_hrl_lmps.csv",
                                     "20251102_da_exante_lmp.csv",
                                     "RTBM-LMP-SL-202507011205.csv",
                                     "DA-MCP-202507010100.csv",
                                     "RTBM-MCP-DAILY-20250701.csv",
                                     "20241014_5MIN_LMP.csv",
                                     "20241001_asm_rtmcp_final.csv",
                                     "2024_Jul-Sep_RT_LMPs.csv" };

static enum bb_status flush(struct bb_row_batch *batch, struct bb_error *err)
{
    (void)err;
    for (size_t i = 0; i < batch->n; i++)
        if (batch->rows[i].present > 15 || batch->rows[i].start_utc_s < 631152000u) abort();
    batch->n = 0;
    return BB_OK;
}

static void on_reject(void *ctx, const struct bb_reject *reject)
{
    uint64_t *last_line = ctx;
    if (reject->line < *last_line || reject->text.n > 4096 || !reject->reason[0]) abort();
    *last_line = reject->line;
}

static void read_all(struct bb_evidence *evidence, const struct bb_detection *detection,
                     const struct bb_dataset *dataset, size_t cut)
{
    struct bb_budget budget;
    struct bb_places *places;
    struct bb_zone *zone = NULL;
    struct bb_reader *reader = NULL;
    struct bb_worker *worker;
    struct bb_error err;
    struct bb_row rows[16];
    struct bb_row_batch batch = { rows, 0, 16, flush, NULL };
    struct bb_str text = evidence->head;
    uint64_t line = 1, last_line = 0;
    bb_budget_init(&budget, 0, 0);
    places = bb_places_new(&budget);
    worker = bb_worker_new(&budget);
    if (bb_zone_open(bb_iso_infos[dataset->iso].zone_name, NULL, &budget, &zone, &err) != BB_OK ||
        bb_reader_new(detection, dataset, evidence, zone, places, &budget, &reader, &err) != BB_OK)
        abort();
    for (size_t at = 0; at < text.n;) {
        size_t n = text.n - at < cut ? text.n - at : cut;
        struct bb_block block = {
            .first_line = line, .first_byte = at, .on_reject = on_reject, .reject_ctx = &last_line
        };
        struct bb_block_counts counts;
        enum bb_status status;
        char *buffer;
        while (at + n < text.n && text.p[at + n - 1] != '\n') n++;
        buffer = calloc(1, n + 1 + 128);
        memcpy(buffer + 64, text.p + at, n);
        block.text = buffer + 64;
        block.n = n;
        if (block.text[n - 1] != '\n') block.text[block.n++] = '\n';
        block.is_first = at == 0;
        block.is_last = at + n == text.n;
        status = bb_reader_block(reader, worker, &block, &batch, &counts, &err);
        if (status != BB_OK && status != BB_SKIP) abort();
        if (counts.rejects > counts.records * 24) abort();
        for (size_t i = 0; i < block.n; i++) line += block.text[i] == '\n';
        free(buffer);
        at += n;
        if (status != BB_OK) break; /* the file as a whole is in doubt */
    }
    (void)!flush(&batch, &err);
    bb_worker_free(worker);
    bb_reader_free(reader);
    bb_places_free(places);
    bb_zone_close(zone);
    if (budget.used_nbytes != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bb_evidence evidence = { .forced_iso = -1, .head_is_all = 1 };
    struct bb_detection detection;
    struct bb_error err;
    char *copy;
    size_t cut;
    if (size < 2) return 0;
    evidence.path = bb_str_of(names[data[0] % BB_ARRAY_LEN(names)]);
    evidence.name = bb_path_base(evidence.path);
    evidence.member = (struct bb_str){ "", 0 };
    cut = (size_t)data[1] * 8 + 1;
    copy = malloc(size); /* of exact size, so that a read behind the end is seen */
    memcpy(copy, data + 2, size - 2);
    evidence.head = (struct bb_str){ copy, size - 2 };
    if (bb_detect(&evidence, &detection, &err) == BB_OK)
        for (int i = 0; i < detection.n_datasets; i++) read_all(&evidence, &detection, &detection.datasets[i], cut);
    free(copy);
    return 0;
}
