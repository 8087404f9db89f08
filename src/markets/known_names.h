/* What one report says of a location and another of the same operator leaves out: ISO-NE's five-minute files have ids only, its preliminary ones
 * names only, MISO's weekly file no types. Learnt from the files of a run and from what the lake holds; never decides a location's identity
 * or the half of its dataset. */
#ifndef BB_KNOWN_NAMES_H
#define BB_KNOWN_NAMES_H

#include "table/places.h"

struct bb_known_names;
struct bb_known_names *bb_known_names_new(struct bb_budget *budget); /* NULL: no memory */
void bb_known_names_free(struct bb_known_names *names);

/* Takes name, id and type of a place that has at least two of them. While nobody fills. Of two names for one id the later call's
 * counts: call in an order that does not depend on threads. 0: no memory. */
int bb_known_names_learn(struct bb_known_names *names, enum bb_iso iso,
                         const struct bb_place_key *key) BB_WARN_UNUSED;

/* Completes a place: a name that only repeats the id, a missing id, the type NODE where a narrower one of the same half is known. Any number of
 * threads. The texts live as long as names. */
void bb_known_names_fill(const struct bb_known_names *names, enum bb_iso iso, struct bb_place_key *key);

#endif
