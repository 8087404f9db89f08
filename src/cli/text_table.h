/* Aligned columns of text on a stream. The cells are asked for twice, so nothing is stored. */
#ifndef BUSBAR_CLI_TEXT_TABLE_H
#define BUSBAR_CLI_TEXT_TABLE_H

#include <stddef.h>
#include <stdio.h>

enum { CLI_TABLE_MAX_COLUMNS = 8, CLI_TABLE_CELL_NBYTES = 512 };

struct cli_table {
    int n_columns;
    const char *titles[CLI_TABLE_MAX_COLUMNS];
    unsigned right_mask; /* bit i: column i is aligned to the right */
    size_t n_rows;
    /* Writes the cell's text, at most CLI_TABLE_CELL_NBYTES with the NUL. */
    void (*cell)(const void *ctx, size_t row, int column, char *text);
    const void *ctx;
    int width; /* cut lines at so many columns, the last cell ending in "…"; 0: do not */
};
void cli_put_table(FILE *file, const struct cli_table *table);

#endif
