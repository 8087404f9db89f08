/* What the tables of gridstatus exports share: energy (market_gridstatus.c) and ancillary services (market_gridstatus_as.c). */
#ifndef BB_MARKET_GRIDSTATUS_H
#define BB_MARKET_GRIDSTATUS_H

#include "markets/reader.h"

/* Which operator an export is of: --iso, else what columns, location types and names, offsets of its times, file and folder names
 * speak for. -1: nothing decides. */
int bb_export_iso(const struct bb_format *format, const struct bb_sniff *sniff, const struct bb_binding *binding);

/* First record's field for a role as an instant; 0: none, or it carries no offset where the format demands one. */
int bb_export_instant(const struct bb_sniff *sniff, const struct bb_format *format,
                      const struct bb_binding *binding, enum bb_role role, int64_t *utc_s_ret);

#endif
