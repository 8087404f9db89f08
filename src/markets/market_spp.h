/* What SPP's energy and ancillary reports share. */
#ifndef BB_MARKET_SPP_H
#define BB_MARKET_SPP_H

#include "markets/reader.h"

/* Interval is the local label of the interval's end, the other column its end in GMT; only the daily real-time files call it
 * GMT Interval. */
#define BB_SPP_TIME                                                                                                \
    { "Interval", BB_TIME_CHECK_LOCAL_END }, { "GMTIntervalEnd", BB_TIME_UTC_END, .either = 1 },                   \
    {                                                                                                              \
        "GMT Interval", BB_TIME_UTC_END, .either = 1                                                               \
    }
#define BB_SPP_TIME_RULE                                                                                           \
    "GMTIntervalEnd (daily files: GMT Interval) is the end of the interval in UTC; the local label must agree"

/* The trading hubs and interfaces, by name; others keep their type. */
enum bb_type bb_spp_type_of(struct bb_str name, enum bb_type type);

/* The judge of every SPP report: day-ahead or real-time by the step between instants, interval or daily file by header and name. */
int bb_spp_judge(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *binding,
                 struct bb_facts *facts, char why[200]);

#endif
