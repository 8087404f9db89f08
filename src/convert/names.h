/* Names that travel between reports of one operator (markets/known_names.h): from the lake before its first job, from each job to the next. Jobs go
 * from hourly to five-minute reports, so that what says more comes first. */
#ifndef BB_NAMES_H
#define BB_NAMES_H

#include "convert/tables.h"
#include "markets/known_names.h"

/* Before a job of this operator. Does nothing for operators whose reports say everything, and the second time. */
enum bb_status bb_names_prepare(struct bb_run *run, enum bb_iso iso, struct bb_error *err) BB_WARN_UNUSED;
/* After a job, while its places are there. */
enum bb_status bb_names_learn(struct bb_run *run, struct bb_tables *tables, struct bb_error *err) BB_WARN_UNUSED;

#endif
