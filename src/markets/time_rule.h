/* What the time columns of a record mean. */
#ifndef BB_TIME_RULE_H
#define BB_TIME_RULE_H

#include "markets/mapper.h"

/* texts[i] belongs to reader->time.role[i], blanks and quotes removed. 1: *utc_s_ret is the start of the interval; 0: flaw says why
 * not (field is the number of the field). */
int bb_time_resolve(const struct bb_reader *reader, const struct bb_str *texts, uint32_t *utc_s_ret,
                    struct bb_order_need *need_ret, struct bb_flaw *flaw);

#endif
