/* What the tables of CAISO's energy and ancillary reports share. */
#ifndef BB_MARKET_CAISO_H
#define BB_MARKET_CAISO_H

#include "markets/reader.h"

/* The stamp of the request in a name like 20200101_20200201_PRC_LMP_DAM_20200603_08_27_07_v1.csv, taken as it stands: it
 * only orders postings of one report. 0: there is none. */
int64_t bb_caiso_request_stamp(struct bb_str name);
/* For the judges of both: sets publication and first instant; MARKET_RUN_ID says which report it is. Points, or -1 with why. */
int bb_caiso_judge_run(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *binding,
                       struct bb_facts *facts, char why[200]);

#endif
