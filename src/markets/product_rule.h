/* What the ancillary columns of a record mean: a product in a region. */
#ifndef BB_PRODUCT_RULE_H
#define BB_PRODUCT_RULE_H

#include "markets/mapper.h"

/* A place for ancillary prices. texts[i] belongs to reader->place.role[i], unquoted: BB_AS_PRODUCT (or BB_LOCATION_NAME),
 * BB_AS_REGION (or BB_LOCATION_ID), BB_AS_ITEM, BB_AS_UNIT. wide names product and perhaps region of a WIDE_AS column, else
 * NULL. Without a region the format's as_region. scratch (BB_PLACE_ROOM_NBYTES) holds the identity and must outlive the key.
 * *unknown_ret: the word is not in the format's list, standard OTHER. 0: flaw says why there is no place. */
int bb_product_resolve(const struct bb_reader *reader, const struct bb_str *texts,
                       const struct bb_wide_column *wide, char *scratch, struct bb_place_key *key_ret,
                       int *unknown_ret, struct bb_flaw *flaw);

#endif
