/* How long a row takes to be counted by quality.h, and that it counts every one. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lake/quality.h"

#define N_PLACES   6435
#define N_INSTANTS 720
#define YEAR0      1704085200u

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(void)
{
    struct bb_budget budget;
    struct bb_zone *zone;
    struct bb_quality *q;
    struct bb_quality_group totals;
    const struct bb_quality_state *state;
    const struct bb_dataset dataset = { BB_PJM, BB_DA, BB_ENERGY, 60 };
    struct bb_row *rows = calloc(N_PLACES, sizeof *rows);
    struct bb_places *places;
    double seconds = 0.0;
    bb_budget_init(&budget, 0, 0);
    places = bb_places_new(&budget);
    if (!rows || !places || bb_zone_open("America/New_York", NULL, &budget, &zone, NULL) != BB_OK) return 1;
    for (unsigned i = 0; i < N_PLACES; i++) { /* sorted places are scattered ids */
        char name[16];
        struct bb_place_key key = { .name = { name, (size_t)snprintf(name, sizeof name, "N%05u", i) } };
        key.identity = key.name;
        if (bb_places_intern(places, &key, &rows[i].place, NULL) != BB_OK) return 1;
        rows[i].place = (uint32_t)(i * 4799u % N_PLACES);
        rows[i].present = 15;
        for (int v = 0; v < BB_N_VALUES; v++)
            rows[i].value[v] = v == 0 ? 33.25 : v == 1 ? 30.0 : v == 2 ? 3.0 : 0.25;
    }
    if (bb_quality_new(&budget, &dataset, BB_NODAL, 2024, zone, places, &q, NULL) != BB_OK) return 1;
    for (unsigned t = 0; t < N_INSTANTS; t++) {
        for (unsigned i = 0; i < N_PLACES; i++) {
            rows[i].start_utc_s = YEAR0 + 3600 * t;
            rows[i].value[0] = 33.25 + (i * t % 7 == 0 ? 0.5 : 0.0);
        }
        double start = now_s();
        if (bb_quality_add(q, rows, N_PLACES, NULL) != BB_OK) return 1;
        seconds += now_s() - start;
    }
    double start = now_s();
    if (bb_quality_finish(q, &state, NULL) != BB_OK) return 1;
    bb_quality_totals(state, &totals);
    printf("quality: %.2f ns per row, finish %.2f ms\n", seconds / N_PLACES / N_INSTANTS * 1e9,
           (now_s() - start) * 1e3);
    int ok = totals.rows == (uint64_t)N_PLACES * N_INSTANTS && totals.sums_checked == totals.rows &&
             state->n_entries == N_PLACES && state->n_ranges == N_PLACES;
    size_t n_entries = state->n_entries, n_ranges = state->n_ranges;
    bb_quality_free(q);
    bb_places_free(places);
    bb_zone_close(zone);
    free(rows);
    if (!ok)
        printf("quality: rows were not counted rightly: %llu rows, %llu sums, %zu locations, %zu ranges\n",
               (unsigned long long)totals.rows, (unsigned long long)totals.sums_checked, n_entries, n_ranges);
    return !ok;
}
