#include "table/columns.h"

#define BB_COLUMN(id, name, kind, nullable, unit, meaning) { name, BB_KIND_##kind, nullable, unit, meaning },
static const struct bb_column_info energy[] = {
#define BB_ENERGY_COLUMNS
#include "table/columns.def"
#undef BB_ENERGY_COLUMNS
};
static const struct bb_column_info ancillary[] = {
#define BB_ANCILLARY_COLUMNS
#include "table/columns.def"
#undef BB_ANCILLARY_COLUMNS
};
#undef BB_COLUMN
_Static_assert(sizeof energy / sizeof *energy == 24, "contract 3.2: 24 energy columns");
_Static_assert(sizeof ancillary / sizeof *ancillary == 18, "contract 3.2: 18 ancillary columns");

const struct bb_column_info *bb_columns(enum bb_kind kind, size_t *n_ret)
{
    *n_ret = kind == BB_ENERGY ? BB_N_ENERGY_COLUMNS : BB_N_ANCILLARY_COLUMNS;
    return kind == BB_ENERGY ? energy : ancillary;
}
