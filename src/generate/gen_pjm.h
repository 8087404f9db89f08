/* What all of PJM's feeds have in common: how files are cut and named, and the two times at the start of a record. */
#ifndef BB_GEN_PJM_H
#define BB_GEN_PJM_H

#include "generate/gen_report.h"

/* For struct bb_gen_report. */
enum bb_status bb_gen_pjm_plan(struct bb_gen_run *run, uint64_t i, struct bb_gen_file *file, int *found_ret,
                               struct bb_error *err);
void bb_gen_pjm_label_slot(const struct bb_gen_run *run, struct bb_gen_slot *slot);

#endif
