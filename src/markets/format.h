/* A report as data. A market file (market_pjm.c, …) is: column maps, one table of formats, at most a few odd-case functions
 * named in the table. One mapper (mapper.c) runs all of them; shared code never asks which market it is. */
#ifndef BB_FORMAT_H
#define BB_FORMAT_H

#include "csv/csv_scan.h"
#include "table/places.h"
#include "table/row.h"
#include "time/stamp.h"

/* What a column means to the mapper. */
enum bb_role {
    BB_IGNORED = 0,
    BB_TIME_UTC_BEGIN, BB_TIME_UTC_END,     /* instants with an offset or known to be UTC */
    BB_TIME_LOCAL_BEGIN, BB_TIME_LOCAL_END, /* wall clock of the operator's zone, no offset */
    BB_TIME_DATE, BB_TIME_HOUR_ENDING, BB_TIME_INTERVAL, BB_TIME_REPEATED, /* date, hour ending, number in the hour, repeated-hour flag */
    BB_TIME_CHECK_LOCAL,                    /* redundant, only compared */
    BB_LOCATION_NAME, BB_LOCATION_ID, BB_LOCATION_TYPE, BB_LOCATION_ZONE, BB_LOCATION_VOLTAGE,
    BB_PRICE_TOTAL, BB_PRICE_ENERGY, BB_PRICE_CONGESTION, BB_PRICE_LOSS,
    BB_COMPONENT,                           /* LONG shapes: the word that says which price the record holds */
    BB_COMPONENT_VALUE,                     /* LONG: that price */
    BB_HOUR_VALUES,                         /* WIDE: the first of the hour columns; the others follow */
    BB_AS_PRODUCT, BB_AS_REGION, BB_AS_UNIT, BB_AS_PRICE, BB_AS_QUANTITY,
    BB_AS_WIDE_PRICE,                       /* a column that is one product's price; its product map entry names it */
    BB_VERSION, BB_IS_CURRENT, BB_MARKET_RUN
};

struct bb_column {
    const char *header; /* as published; compared without case, blanks around, and (BB_FORMAT_LOOSE) inner blanks and underscores */
    enum bb_role role;
    unsigned optional : 1; /* may be missing */
    unsigned negated : 1;  /* NYISO congestion: the sign is turned */
    unsigned either : 1;   /* the header is one of several names for one role: the first present is bound */
    const char *product;   /* BB_AS_WIDE_PRICE: as_product */
};

enum bb_shape { BB_FLAT, BB_LONG, BB_WIDE, BB_WIDE_LONG };

/* How far rows inside one file may be out of time order: what the pipeline may emit early. Only a hint, never trusted. */
enum bb_file_order { BB_ORDER_TIME, BB_ORDER_DAY, BB_ORDER_NONE };

struct bb_word { const char *word; int value; }; /* operator's word -> enum bb_type, value index, … ; ends with word NULL */

struct bb_format; /* the table entry: see the struct in this file's second half, owned by the markets floor */

#endif
