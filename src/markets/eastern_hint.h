/* About when an Eastern wall-clock time is, for what a first look at a file tells people and the pipeline: by the rules of the
 * United States since 1987, without the zone's data, which detection does not have. Rows never use it. */
#ifndef BB_EASTERN_HINT_H
#define BB_EASTERN_HINT_H

#include "time/zone.h"

/* Seconds since 1970 UTC, the first of two in autumn; 0 outside of 1970 to 2105. */
uint32_t bb_eastern_hint(struct bb_wall wall);

#endif
