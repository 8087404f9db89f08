/* Runs one job: reads its sources by all threads, drains what no open source can still reach, spills when memory is short, finishes the files. */
#ifndef BB_JOB_H
#define BB_JOB_H

#include "convert/tables.h"

/* On BB_OK the finished, not yet published files are in *tables_ret (init'ed here; reset by the caller), and the sources of the plan carry
 * what was learnt while reading (hash, size, damage). A source found damaged is refused and contributes nothing. */
enum bb_status bb_job_run(struct bb_run *run, struct bb_plan *plan, const struct bb_job *job,
                          const struct bb_zone *zone, struct bb_tables *tables_ret,
                          struct bb_error *err) BB_WARN_UNUSED;

#endif
