#include "convert/pass_reach.h"

int bb_pass_is_reading(const struct bb_pass *p)
{
    int n = p->n_opening > 0;
    for (unsigned i = 0; i < p->n_workers; i++) n |= p->workers[i].own != NULL;
    return n;
}

static uint32_t low_water(struct bb_pass *p)
{
    uint32_t low = UINT32_MAX;
    for (unsigned i = 0; i < p->n_workers; i++) {
        struct bb_open_source *os = p->workers[i].own;
        size_t opening = p->workers[i].opening;
        uint32_t reached;
        if (opening > 0 && opening <= p->job->n_sources)
            low = BB_MIN(low, bb_floor_to_day(p->zone, bb_pass_source(p, opening - 1)->first_utc_s));
        if (!os) continue;
        reached = bb_open_source_reached(os, bb_pass_source(p, os->source)->order, p->zone);
        if (reached == 0) return 0;
        low = BB_MIN(low, reached);
    }
    for (size_t s = p->next_source; s < p->job->n_sources; s++) {
        const struct bb_plan_source *source = bb_pass_source(p, s);
        if (bb_plan_source_is_out(source)) continue;
        return BB_MIN(low, bb_floor_to_day(
                               p->zone, source->first_utc_s)); /* the first one is the earliest: they are sorted */
    }
    return low;
}

int bb_pass_all_read(struct bb_pass *p)
{
    int all;
    pthread_mutex_lock(&p->mutex);
    all = !bb_pass_is_reading(p) && p->next_source >= p->job->n_sources;
    pthread_mutex_unlock(&p->mutex);
    return all;
}

uint32_t bb_pass_low_water(struct bb_pass *p)
{
    uint32_t low;
    pthread_mutex_lock(&p->mutex);
    low = low_water(p);
    pthread_mutex_unlock(&p->mutex);
    return low;
}
