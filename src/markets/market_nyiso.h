/* What NYISO's two files share: energy (market_nyiso.c) and ancillary services (market_nyiso_as.c). */
#ifndef BB_MARKET_NYISO_H
#define BB_MARKET_NYISO_H

#include "base/decimal.h"
#include "markets/reader.h"

/* Real-time files and hourly ones share headers; their stamps tell. QUARTERS: nothing but whole quarters of an hour, the shape
 * of advisory commitment prices. */
enum bb_nyiso_grid { BB_NYISO_NO_STAMP, BB_NYISO_HOURLY, BB_NYISO_FIVE_MINUTES, BB_NYISO_QUARTERS };
/* Looks at as much of the file as it takes. *first_s_ret: the first stamp as if it were UTC, 0: none. */
enum bb_nyiso_grid bb_nyiso_grid(struct bb_sniff *sniff, const struct bb_binding *binding, int time_field,
                                 int64_t *first_s_ret);
/* facts->first_utc_s from that stamp, which is an end if end_minutes is not 0. */
void bb_nyiso_note_first(struct bb_facts *facts, int64_t first_s, int end_minutes);
extern const char bb_nyiso_quarters[]; /* why such a file is refused */

#endif
