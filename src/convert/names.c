#include "convert/names.h"

#include "convert/lake_file.h"

#include <stdio.h>

struct learning {
    struct bb_run *run;
    enum bb_iso iso;
};

static enum bb_status no_memory(struct bb_run *run, struct bb_error *err)
{
    return bb_fail_budget(err, &run->budget, "the names of locations");
}

static int is_of(const char *path, enum bb_iso iso)
{
    char plain[32], hive[32];
    snprintf(plain, sizeof plain, "/parquet/%s/", bb_iso_infos[iso].folder);
    snprintf(hive, sizeof hive, "/iso=%s/", bb_iso_infos[iso].folder);
    return strstr(path, plain) || strstr(path, hive);
}

/* A file without a state teaches nothing: names are a help, not a need. */
static enum bb_status learn_file(void *ctx, const char *path, struct bb_error *err)
{
    struct learning *l = ctx;
    struct bb_pq_reader *reader;
    struct bb_quality_state *state = NULL;
    enum bb_status status;
    if (!is_of(path, l->iso)) return BB_OK;
    status = bb_pq_reader_open_head(path, &l->run->budget, &reader, err);
    if (status != BB_OK) return status == BB_SKIP ? BB_OK : status;
    status = bb_quality_of_file(path, reader, &l->run->budget, &state, err);
    bb_pq_reader_close(reader);
    if (status != BB_OK) return status == BB_EOF || status == BB_SKIP ? BB_OK : status;
    for (size_t i = 0; i < state->n_entries && status == BB_OK && state->dataset.kind == BB_ENERGY; i++)
        if (!bb_known_names_learn(l->run->names, l->iso, &state->entries[i].key)) status = no_memory(l->run, err);
    bb_quality_state_free(state);
    return status;
}

enum bb_status bb_names_prepare(struct bb_run *run, enum bb_iso iso, struct bb_error *err)
{
    struct learning l = { run, iso };
    if (!bb_iso_infos[iso].names_travel || run->names_of >> iso & 1) return BB_OK;
    run->names_of |= 1u << iso;
    if (!run->names) run->names = bb_known_names_new(&run->budget);
    if (!run->names) return no_memory(run, err);
    return run->lake ? bb_lake_walk(bb_lake_root(run->lake), learn_file, &l, err) : BB_OK;
}

enum bb_status bb_names_learn(struct bb_run *run, struct bb_tables *t, struct bb_error *err)
{
    const struct bb_place_order *order;
    if (!bb_iso_infos[t->job->dataset.iso].names_travel || t->job->dataset.kind != BB_ENERGY) return BB_OK;
    BB_TRY(bb_places_rank(t->places, &order, err));
    for (size_t rank = 0; rank < order->n_places; rank++) {
        const struct bb_place_key *key = bb_places_at(t->places, order->place_at[rank]);
        if (!bb_known_names_learn(run->names, t->job->dataset.iso, key)) return no_memory(run, err);
    }
    return BB_OK;
}
