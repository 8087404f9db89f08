/* Quality states from damaged bytes: as they are, and as the content of a sound packing; what is accepted must survive all that looks at it, and
 * come out of writing and reading as it was. */
#include "lake/quality_view.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bb_zone *zone;
static struct bb_budget zone_budget;

static void look(struct bb_str bytes)
{
    struct bb_budget budget;
    struct bb_quality_state *state = NULL, *again = NULL;
    struct bb_quality_view view;
    struct bb_quality_day *days;
    struct bb_quality_facts facts = { 0 };
    struct bb_buf out;
    size_t n;
    bb_budget_init(&budget, (size_t)64 << 20, 0);
    if (bb_quality_read_state(bytes, &budget, &state, NULL) != BB_OK) return;
    if (bb_quality_view_init(&view, state, &budget, NULL) == BB_OK) {
        if (bb_quality_days(&view, zone, &budget, &days, &n, NULL) == BB_OK) bb_free(days);
        bb_quality_view_reset(&view);
    }
    bb_buf_init(&out, &budget, (size_t)16 << 20);
    if (bb_quality_json(state, zone, &facts, &budget, &out, NULL) == BB_OK && out.n == 0) abort();
    bb_buf_reset(&out);
    if (bb_quality_write_state(state, &out, NULL) == BB_OK) {
        if (bb_quality_read_state(bb_buf_str(&out), &budget, &again, NULL) != BB_OK) abort();
        if (again->n_entries != state->n_entries || again->n_ranges != state->n_ranges ||
            again->n_groups != state->n_groups)
            abort();
    }
    bb_buf_reset(&out);
    bb_quality_state_free(state);
    bb_quality_state_free(again);
    if (budget.used_nbytes != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char packed[16 + (1 << 16)];
    size_t n;
    if (!zone) {
        bb_budget_init(&zone_budget, 0, 0);
        if (bb_zone_open("America/New_York", NULL, &zone_budget, &zone, NULL) != BB_OK) abort();
    }
    look((struct bb_str){ (const char *)data, size });
    if (size > 1 << 15) return 0;
    memcpy(packed, "bbqual\0\1", 8);
    for (int i = 0; i < 8; i++) packed[8 + i] = (char)((uint64_t)size >> 8 * i);
    n = ZSTD_compress(packed + 16, sizeof packed - 16, data, size, 1);
    if (!ZSTD_isError(n)) look((struct bb_str){ packed, 16 + n });
    return 0;
}
