/* How far energy + congestion + loss may lie from the total before a row counts as one whose components do not add up. */
#ifndef BB_SUM_TOLERANCE_H
#define BB_SUM_TOLERANCE_H

#include "table/dataset.h"

/* In $/MWh. Four prices rounded to cents can miss by two half cents more than one; hourly real-time prices of PJM and MISO are averages
 * of five-minute ones, each component rounded by itself. */
static inline double bb_sum_tolerance(const struct bb_dataset *dataset)
{
    int averaged =
        dataset->minutes == 60 && dataset->market == BB_RT && (dataset->iso == BB_PJM || dataset->iso == BB_MISO);
    return averaged ? 0.0201 : 0.0111;
}

/* What a person must know to judge the number; NULL: nothing. */
static inline const char *bb_sum_remark(const struct bb_dataset *dataset)
{
    return dataset->iso == BB_CAISO ? "CAISO: the greenhouse-gas part of the price is no column, so points outside "
                                      "of its own area need not add up"
                                    : NULL;
}

#endif
