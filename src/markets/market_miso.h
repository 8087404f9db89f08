/* What MISO's energy and ancillary reports share. */
#ifndef BB_MARKET_MISO_H
#define BB_MARKET_MISO_H

#include "markets/reader.h"

#define BB_MISO_EST_RULE                                                                                           \
    "Eastern Standard Time all year; HE h is [h-1, h); the day stands in the preamble or the file name"

/* The day of a daily report: a date in the lines before the header, or in the name. Two that differ, or none, are a doubt about
 * the file. */
void bb_miso_settle_day(const struct bb_sniff *sniff, const struct bb_binding *binding, struct bb_facts *facts);

#endif
