/* What the location columns of a record mean. */
#ifndef BB_PLACE_RULE_H
#define BB_PLACE_RULE_H

#include "markets/mapper.h"

/* texts[i] belongs to reader->place.role[i], unquoted. 1: *key_ret is filled with slices of texts, *unknown_ret says that the type
 * word is not in the map; 0: flaw says why not. */
int bb_place_resolve(const struct bb_reader *reader, const struct bb_str *texts, struct bb_place_key *key_ret,
                     int *unknown_ret, struct bb_flaw *flaw);

#endif
