/* A set of delivery years, of those that struct bb_row can reach. */
#ifndef BB_YEAR_SET_H
#define BB_YEAR_SET_H

#include <stdint.h>

#define BB_FIRST_YEAR 1969 /* the first hours of 1970 UTC are of this year in America */
#define BB_LAST_YEAR  2106 /* where the seconds of struct bb_row end */

struct bb_year_set {
    uint64_t bits[3];
};

static inline int bb_year_set_has(const struct bb_year_set *s, int year)
{
    unsigned i = (unsigned)(year - BB_FIRST_YEAR);
    return i < 192 && (s->bits[i / 64] >> i % 64 & 1);
}

/* Years out of reach are left out. */
static inline void bb_year_set_add(struct bb_year_set *s, int year)
{
    unsigned i = (unsigned)(year - BB_FIRST_YEAR);
    if (i < 192) s->bits[i / 64] |= (uint64_t)1 << i % 64;
}

static inline void bb_year_set_join(struct bb_year_set *s, const struct bb_year_set *more)
{
    for (int i = 0; i < 3; i++) s->bits[i] |= more->bits[i];
}

#endif
