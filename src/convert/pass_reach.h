/* How far the sources of a pass have been read. The pass's mutex is taken where nothing else is said. */
#ifndef BB_PASS_REACH_H
#define BB_PASS_REACH_H

#include "convert/pass_read.h"

int bb_pass_is_reading(const struct bb_pass *pass); /* a source is open or about to be; the mutex is held */
int bb_pass_all_read(struct bb_pass *pass);         /* none is open, about to be, or left */
/* No row before this instant can come any more, if the hints hold. 0: nothing is known. */
uint32_t bb_pass_low_water(struct bb_pass *pass);

#endif
