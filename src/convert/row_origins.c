#include "convert/row_origins.h"

#include <stdlib.h>

/* ---- what sorts and files ask; callbacks with the tables as ctx ---- */

const struct bb_slice *bb_tables_slices(void *ctx)
{
    struct bb_tables *t = ctx;
    const struct bb_slice *slices;
    pthread_mutex_lock(&t->mutex);
    slices = t->slices;
    pthread_mutex_unlock(&t->mutex);
    return slices;
}

const struct bb_join *bb_tables_joins(void *ctx)
{
    struct bb_tables *t = ctx;
    const struct bb_join *joins;
    pthread_mutex_lock(&t->joins_mutex);
    joins = t->joins;
    pthread_mutex_unlock(&t->joins_mutex);
    return joins;
}

const struct bb_plan_source *bb_tables_source(const struct bb_tables *t, uint32_t source)
{
    return &t->plan->sources[t->job->sources[source]];
}

struct bb_str bb_tables_report_text(void *ctx, uint32_t source)
{
    return bb_str_of(bb_tables_source(ctx, source)->data_source);
}

/* ---- sources as the ledgers of the lake name them ---- */

struct source_key {
    struct bb_str name, member;
    const char *hash;
    int64_t publication_utc_s;
};

static int key_cmp(const struct source_key *a, const struct source_key *b)
{
    int c = bb_str_cmp(a->name, b->name);
    if (c == 0) c = bb_str_cmp(a->member, b->member);
    if (c == 0) c = strcmp(a->hash, b->hash);
    if (c == 0) c = a->publication_utc_s < b->publication_utc_s ? -1 : a->publication_utc_s > b->publication_utc_s;
    return c;
}

struct bb_str bb_ledger_name_of(const struct bb_leaf *leaf)
{
    return leaf->member.n ? bb_path_base(leaf->path) : leaf->name;
}

static struct source_key key_of(const struct bb_tables *t, uint32_t source)
{
    const struct bb_plan_source *s = bb_tables_source(t, source);
    return (struct source_key){ bb_ledger_name_of(s->leaf), s->leaf->member, s->hash, s->publication_utc_s };
}

static int by_name(const void *a_, const void *b_, void *ctx)
{
    struct source_key a = key_of(ctx, *(const uint32_t *)a_), b = key_of(ctx, *(const uint32_t *)b_);
    return key_cmp(&a, &b);
}

void bb_tables_index_sources(struct bb_tables *t)
{
    for (size_t i = 0; i < t->job->n_sources; i++)
        if (bb_tables_source(t, (uint32_t)i)->hash[0])
            t->by_name[t->n_by_name++] =
                (uint32_t)i; /* others are no ledger's, and get theirs while tables are opened */
    qsort_r(t->by_name, t->n_by_name, sizeof *t->by_name, by_name, t);
}

int bb_tables_find_source(const struct bb_tables *t, const struct bb_ledger_source *s, size_t *source_ret)
{
    struct source_key wanted = { s->name, s->member, s->hash, s->publication_utc_s };
    size_t low = 0, high = t->n_by_name;
    while (low < high) {
        size_t mid = (low + high) / 2;
        struct source_key at = key_of(t, t->by_name[mid]);
        int c = key_cmp(&at, &wanted);
        if (c == 0) {
            *source_ret = t->by_name[mid];
            return 1;
        }
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return 0;
}

/* ---- slices and joins ---- */

/* Room for one more, by a new array: who reads the old one goes on reading it. */
static int grow_beside(struct bb_tables *t, void **array, size_t *cap, size_t n, size_t element_nbytes)
{
    size_t new_cap = *cap ? *cap * 2 : 64;
    void *larger;
    if (n < *cap) return 1;
    larger = t->n_outgrown < BB_MAX_OUTGROWN ? bb_alloc(&t->run->budget, new_cap * element_nbytes) : NULL;
    if (!larger) return 0;
    if (n > 0) memcpy(larger, *array, n * element_nbytes);
    if (*array) t->outgrown[t->n_outgrown++] = *array;
    *array = larger;
    *cap = new_cap;
    return 1;
}

enum bb_status bb_tables_add_slice(struct bb_tables *t, size_t source, uint32_t sequence, uint32_t *slice_ret,
                                   struct bb_error *err)
{
    enum bb_status status = BB_OK;
    int ok;
    pthread_mutex_lock(&t->mutex);
    pthread_mutex_lock(&t->joins_mutex);
    ok = grow_beside(t, (void **)&t->slices, &t->cap_slices, t->n_slices, sizeof *t->slices);
    pthread_mutex_unlock(&t->joins_mutex);
    if (!ok) {
        status = bb_fail_budget(err, &t->run->budget, "the list of blocks");
    } else {
        t->slices[t->n_slices].order = (uint64_t)bb_tables_source(t, (uint32_t)source)->rank << 32 | sequence;
        t->slices[t->n_slices].source = (uint32_t)source;
        *slice_ret = (uint32_t)t->n_slices++;
    }
    pthread_mutex_unlock(&t->mutex);
    return status;
}

enum bb_status bb_tables_old_slice(struct bb_tables *t, uint32_t source, uint32_t *slice_ret, struct bb_error *err)
{
    if (t->old_slices[source] == BB_NO_CODE)
        BB_TRY(bb_tables_add_slice(t, source, UINT32_MAX, &t->old_slices[source], err));
    *slice_ret = t->old_slices[source];
    return BB_OK;
}

static size_t join_slot(const struct bb_tables *t, const uint32_t sources[BB_N_VALUES])
{
    uint64_t h = 0;
    for (int v = 0; v < BB_N_VALUES; v++) h = (h ^ sources[v]) * 0x9E3779B97F4A7C15u;
    for (size_t i = (size_t)(h >> 20);; i++) {
        uint32_t join = t->join_table[i & (t->join_table_size - 1)];
        if (join == 0 || memcmp(t->joins[join - 1].sources, sources, sizeof t->joins->sources) == 0)
            return i & (t->join_table_size - 1);
    }
}

static int grow_joins(struct bb_tables *t)
{
    uint32_t *old = t->join_table;
    if (!grow_beside(t, (void **)&t->joins, &t->cap_joins, t->n_joins, sizeof *t->joins)) return 0;
    if (t->join_table_size && (t->n_joins + 1) * 2 <= t->join_table_size) return 1;
    t->join_table =
        bb_calloc(&t->run->budget, (t->join_table_size ? t->join_table_size * 2 : 64) * sizeof *t->join_table);
    if (!t->join_table) {
        t->join_table = old;
        return 0;
    }
    t->join_table_size = t->join_table_size ? t->join_table_size * 2 : 64;
    bb_free(old);
    for (size_t i = 0; i < t->n_joins; i++) t->join_table[join_slot(t, t->joins[i].sources)] = (uint32_t)i + 1;
    return 1;
}

static int join_locked(struct bb_tables *t, const uint32_t sources[BB_N_VALUES], uint32_t *origin_ret)
{
    size_t slot;
    struct bb_join *join;
    if (!grow_joins(t)) return 0;
    slot = join_slot(t, sources);
    if (t->join_table[slot] == 0) {
        join = &t->joins[t->n_joins++];
        memcpy(join->sources, sources, sizeof join->sources);
        join->main = sources[0];
        for (int v = 1; v < BB_N_VALUES; v++)
            if (bb_tables_source(t, sources[v])->rank > bb_tables_source(t, join->main)->rank)
                join->main = sources[v];
        t->join_table[slot] = (uint32_t)t->n_joins;
    }
    *origin_ret = BB_ORIGIN_JOIN | (t->join_table[slot] - 1);
    return 1;
}

enum bb_status bb_tables_join(struct bb_tables *t, const uint32_t sources[BB_N_VALUES], uint32_t *origin_ret,
                              struct bb_error *err)
{
    int ok;
    pthread_mutex_lock(&t->joins_mutex);
    ok = join_locked(t, sources, origin_ret);
    pthread_mutex_unlock(&t->joins_mutex);
    return ok ? BB_OK : bb_fail_budget(err, &t->run->budget, "the list of joined sources");
}

/* The sort's way to name a row of several sources. Without memory the row keeps its first slice: an update would then know less than it could. */
uint32_t bb_tables_combine(void *ctx, const uint32_t from[BB_N_VALUES])
{
    struct bb_tables *t = ctx;
    const struct bb_slice *slices = bb_tables_slices(t);
    uint32_t sources[BB_N_VALUES], origin = from[0];
    for (int v = 0; v < BB_N_VALUES; v++) sources[v] = slices[from[v]].source;
    if (bb_tables_join(t, sources, &origin, NULL) != BB_OK) t->joins_lost = 1;
    return origin;
}
