/* The unified schemas, as data. */
#ifndef BB_COLUMNS_H
#define BB_COLUMNS_H

#include "table/dataset.h"

enum bb_column_kind {
    BB_KIND_TIME,
    BB_KIND_TIME_LOCAL,
    BB_KIND_DATE,
    BB_KIND_TINY,
    BB_KIND_SMALL,
    BB_KIND_INT,
    BB_KIND_TEXT,
    BB_KIND_PRICE,
    BB_KIND_NUMBER,
    BB_KIND_FLAG
};

struct bb_column_info {
    const char *name;
    enum bb_column_kind kind;
    int nullable;
    const char *unit, *meaning;
};

#define BB_COLUMN(id, name, kind, nullable, unit, meaning) BB_COL_##id,
enum bb_energy_column {
#define BB_ENERGY_COLUMNS
#include "table/columns.def"
#undef BB_ENERGY_COLUMNS
    BB_N_ENERGY_COLUMNS
};
enum bb_ancillary_column {
#define BB_ANCILLARY_COLUMNS
#include "table/columns.def"
#undef BB_ANCILLARY_COLUMNS
    BB_N_ANCILLARY_COLUMNS
};
#undef BB_COLUMN
#define BB_LAKE_MAX_COLUMNS BB_N_ENERGY_COLUMNS

/* The columns of a kind and their number. */
const struct bb_column_info *bb_columns(enum bb_kind kind, size_t *n_ret);

#endif
