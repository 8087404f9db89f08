/* What the location columns of a record mean. */
#ifndef BB_PLACE_RULE_H
#define BB_PLACE_RULE_H

#include "markets/mapper.h"

/* texts[i] belongs to reader->place.role[i], unquoted. scratch (BB_PLACE_ROOM_NBYTES) holds texts that are put together and
 * must outlive the key. wide: the product columns of a WIDE_AS record that the place is for, else NULL. Ancillary reports: product
 * and region, see product_rule.h. 1: *key_ret is filled with slices of texts, *unknown_ret says that the type
 * word is not in the map; 0: flaw says why not. */
#define BB_PLACE_ROOM_NBYTES 1040
int bb_place_resolve(const struct bb_reader *reader, const struct bb_str *texts, const struct bb_wide_column *wide,
                     char *scratch, struct bb_place_key *key_ret, int *unknown_ret, struct bb_flaw *flaw);
/* "230 KV" -> 230; NaN when there is no number. */
double bb_place_voltage(struct bb_str text);
/* 1: short enough, UTF-8, no control characters; else flaw names the field. */
int bb_place_text_ok(struct bb_str text, int field, struct bb_flaw *flaw);

#endif
