/* Prices that look like prices: a daily shape in the operator's local time, days that differ, congestion by area, losses by
 * node, now and then a spike or a negative hour. Every number follows from the seed and the key alone. */
#ifndef BB_GEN_PRICE_H
#define BB_GEN_PRICE_H

#include "base/mem.h"
#include "time/zone.h"

#define BB_GEN_AREAS 24

/* One interval: what all nodes share. */
struct bb_gen_slot {
    int64_t utc_s;
    struct bb_wall wall; /* local start */
    int32_t day;         /* market day */
    int second_of_two;
    uint32_t day_first_slot, day_n_slots; /* the slots of the same market day: index of the first, number */
    int64_t energy;                       /* micro-dollars per MWh */
    int32_t congestion[BB_GEN_AREAS];     /* micro-dollars, by area */
    uint64_t noise;
    uint32_t n_text;
    char text[84]; /* the report's own label for the interval */
};

struct bb_gen_node {
    int64_t id;
    uint32_t noise;
    uint8_t area, kind, n_name, n_text;
    int16_t sensitivity; /* to the area's congestion, 1/256 */
    int16_t loss;        /* share of energy, 1/8192 */
    char name[40];
    char text[104]; /* the report's own columns for the location */
};

struct bb_gen_price {
    int64_t energy, congestion, loss;
}; /* micro-dollars; additive */

/* 64 well mixed bits. */
static inline uint64_t bb_gen_mix(uint64_t a, uint64_t b)
{
    uint64_t x = a ^ (b + 0x9e3779b97f4a7c15u) * 0xd6e8feb86659fd93u;
    x = (x ^ x >> 32) * 0xd6e8feb86659fd93u;
    x = (x ^ x >> 29) * 0x9fb21c651e98df25u;
    return x ^ x >> 32;
}
/* -65,535 … 65,535, most often near 0 */
static inline int64_t bb_gen_triangle(uint64_t bits)
{
    return (int64_t)(bits & 0xffff) + (int64_t)(bits >> 16 & 0xffff) - 65535;
}

/* All intervals of minutes length of the local days first_day … first_day + n_days - 1: 23, 24 or 25 hours each. The array is
 * bb_free'd by the caller. */
enum bb_status bb_gen_slots(const struct bb_zone *zone, int32_t first_day, int32_t n_days, int minutes,
                            uint64_t seed, struct bb_budget *budget, struct bb_gen_slot **slots_ret,
                            size_t *n_slots_ret, struct bb_error *err) BB_WARN_UNUSED;

/* Sets the node's own character from the seed. */
void bb_gen_node_character(struct bb_gen_node *node, uint64_t seed, uint64_t number);

/* earlier != 0 gives another price for the same key: what an earlier posting said. */
static inline struct bb_gen_price bb_gen_price_at(const struct bb_gen_slot *slot, const struct bb_gen_node *node,
                                                  int earlier)
{
    struct bb_gen_price price;
    uint64_t bits = bb_gen_mix(slot->noise, node->noise);
    int64_t area = slot->congestion[node->area];
    price.energy = slot->energy;
    price.congestion = area == 0 ? 0 : area * node->sensitivity / 256 + bb_gen_triangle(bits) * 6;
    price.loss = slot->energy / 8192 * node->loss + bb_gen_triangle(bits >> 32) / 2;
    if (earlier) price.congestion += 730000 + (int64_t)(bits >> 48) * 10;
    return price;
}

/* Nearest multiple of unit, halves away from zero. */
static inline int64_t bb_gen_round(int64_t micro, int64_t unit)
{
    return (micro < 0 ? micro - unit / 2 : micro + unit / 2) / unit;
}

#endif
