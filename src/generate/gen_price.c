#include "generate/gen_price.h"

/* cents by local hour: night valley, morning ramp, solar noon, evening peak */
static const int32_t shape[25] = { 2350, 2210, 2140, 2100, 2180, 2460, 3120, 3680, 3410, 2980, 2620, 2380, 2290,
                                   2260, 2340, 2650, 3270, 4380, 5240, 5010, 4300, 3560, 2950, 2600, 2350 };

static int64_t energy_at(uint64_t seed, int64_t utc_s, struct bb_wall wall)
{
    uint64_t day_bits = bb_gen_mix(seed, (uint64_t)(uint32_t)wall.day | (uint64_t)1 << 40);
    uint64_t bits = bb_gen_mix(seed, (uint64_t)utc_s);
    int32_t hour = wall.second / 3600, within = wall.second % 3600;
    int64_t cents = shape[hour] + (int64_t)(shape[hour + 1] - shape[hour]) * within / 3600;
    int weekend = (wall.day + 3) % 7 >= 5; /* 1970-01-01 was a Thursday */
    int64_t micro;
    cents = cents * (int64_t)(60 + day_bits % 110) / 100;
    if (weekend) cents = cents * 85 / 100;
    /* on a sunny spring day the price falls below zero around noon */
    if ((day_bits >> 32) % 16 == 0 && hour >= 10 && hour < 15) cents -= 4200;
    if (bits % 397 == 0) cents = cents * 9 + 4000;
    micro = cents * 10000 + bb_gen_triangle(bits >> 20) * 45;
    return micro;
}

enum bb_status bb_gen_slots(const struct bb_zone *zone, int32_t first_day, int32_t n_days, int minutes,
                            uint64_t seed, struct bb_budget *budget, struct bb_gen_slot **slots_ret,
                            size_t *n_slots_ret, struct bb_error *err)
{
    int64_t start, end, ignored;
    size_t n, i = 0;
    struct bb_gen_slot *slots;
    bb_zone_day(zone, first_day, &start, &ignored);
    bb_zone_day(zone, first_day + n_days - 1, &ignored, &end);
    n = (size_t)((end - start) / (minutes * 60));
    slots = bb_alloc(budget, n * sizeof *slots);
    *slots_ret = slots;
    *n_slots_ret = n;
    if (!slots)
        return bb_fail_budget(err, budget, "the intervals of one generated file; write more, smaller files");
    for (int64_t t = start; i < n; i++, t += minutes * 60) {
        struct bb_gen_slot *s = &slots[i];
        struct bb_local local = bb_zone_local(zone, t);
        uint64_t calm = bb_gen_mix(seed, (uint64_t)t | (uint64_t)1 << 41);
        s->utc_s = t;
        s->wall = local.wall;
        s->day = local.wall.day;
        s->second_of_two = local.second_of_two;
        s->day_first_slot = i > 0 && s[-1].day == s->day ? s[-1].day_first_slot : (uint32_t)i;
        s->energy = energy_at(seed, t, local.wall);
        s->noise = bb_gen_mix(seed, (uint64_t)t | (uint64_t)1 << 42);
        s->n_text = 0;
        for (unsigned area = 0; area < BB_GEN_AREAS; area++) {
            uint64_t bits = bb_gen_mix(calm, area);
            int64_t scale = bits >> 60 == 0 ? 400 : 22; /* one area in 16 is behind a real constraint */
            /* in one interval of four nothing is congested anywhere */
            s->congestion[area] = (calm & 3) == 0 ? 0 : (int32_t)(bb_gen_triangle(bits) * scale);
        }
    }
    for (size_t k = 0; k < n; k++)
        slots[slots[k].day_first_slot].day_n_slots = (uint32_t)(k - slots[k].day_first_slot + 1);
    for (size_t k = 0; k < n; k++) slots[k].day_n_slots = slots[slots[k].day_first_slot].day_n_slots;
    return BB_OK;
}

void bb_gen_node_character(struct bb_gen_node *node, uint64_t seed, uint64_t number)
{
    uint64_t bits = bb_gen_mix(seed ^ 0x6e6f6465u, number);
    node->noise = (uint32_t)(bits >> 32);
    node->sensitivity = (int16_t)(bits % 300);
    node->loss = (int16_t)((int64_t)(bits >> 10 & 1023) - 480);
}
