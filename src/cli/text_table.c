#include "cli/text_table.h"

#include <string.h>

#include "cli/terminal.h"

/* Bytes of text that take at most so many columns. */
static size_t nbytes_of_columns(const char *text, size_t columns)
{
    size_t i = 0;
    for (; text[i]; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80 && columns-- == 0) break;
    return i;
}

static void put_cell(FILE *file, const char *text, size_t width, int right, int is_last, int room)
{
    size_t taken = cli_text_width(text, strlen(text));
    int pad = width > taken ? (int)(width - taken) : 0;
    if (right) fprintf(file, "%*s", pad, "");
    if (room > 0 && taken > (size_t)room) {
        fwrite(text, 1, nbytes_of_columns(text, (size_t)room - 1), file);
        fputs("…", file);
    } else
        cli_put_safe(file, text);
    if (!right && !is_last) fprintf(file, "%*s", pad, "");
}

void cli_put_table(FILE *file, const struct cli_table *table)
{
    char text[CLI_TABLE_CELL_NBYTES];
    size_t widths[CLI_TABLE_MAX_COLUMNS];
    for (int c = 0; c < table->n_columns; c++) {
        widths[c] = cli_text_width(table->titles[c], strlen(table->titles[c]));
        for (size_t r = 0; r < table->n_rows; r++) {
            table->cell(table->ctx, r, c, text);
            size_t width = cli_text_width(text, strlen(text));
            if (width > widths[c]) widths[c] = width;
        }
    }
    for (size_t r = 0; r <= table->n_rows; r++) {
        int at = 0;
        for (int c = 0; c < table->n_columns; c++) {
            int room = table->width ? table->width - at : 0;
            if (table->width && room < 2) break;
            if (r == 0)
                snprintf(text, sizeof text, "%s", table->titles[c]);
            else
                table->cell(table->ctx, r - 1, c, text);
            put_cell(file, text, widths[c], (int)(table->right_mask >> c & 1), c == table->n_columns - 1, room);
            at += (int)widths[c] + 2;
            if (c < table->n_columns - 1) fputs("  ", file);
        }
        fputc('\n', file);
    }
}
