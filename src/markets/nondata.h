/* What lies in price folders and is no data: error pages saved as CSV, stubs, archives, workbooks. */
#ifndef BB_NONDATA_H
#define BB_NONDATA_H

#include "markets/reader.h"

/* BB_OK: the head may be a report. BB_REJECT: a harmless empty answer. BB_SKIP: something else, named in err with a way out.
 * *iso_ret is set to the operator whose answer it is, where that shows. */
enum bb_status bb_nondata(const struct bb_evidence *evidence, int *iso_ret, struct bb_error *err);

#endif
