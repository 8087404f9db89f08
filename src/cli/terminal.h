/* What the program knows about the terminal, and how text that came from files and names is put there unharmed. */
#ifndef BUSBAR_CLI_TERMINAL_H
#define BUSBAR_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Columns of the terminal behind the file, 0 if it is no terminal. */
int cli_terminal_width(FILE *file);

/* Bytes (1 … 4) of the well-formed UTF-8 character at a NUL-terminated text, 0 if it is not well formed. */
size_t cli_utf8_nbytes(const char *text);

/* Writes text; control characters and bytes that are not UTF-8 become \xNN, so that a hostile name cannot steer the
 * terminal. A line break inside becomes \x0a. */
void cli_put_safe(FILE *file, const char *text);

/* Columns that a UTF-8 text takes (one per code point). */
size_t cli_text_width(const char *text, size_t nbytes);

/* Writes text in lines of at most `width` columns, broken at spaces. The first line continues at column `at`, the others
 * start at column `indent`. Ends with a line break. */
void cli_put_wrapped(FILE *file, const char *text, int at, int indent, int width);

/* A busbar_write callback for asked-for data on stdout. On a terminal control characters other than tab and line break are
 * shown as '?'. ctx: NULL. Non-zero when stdout cannot be written to. */
int cli_write_stdout(void *ctx, const char *text, size_t nbytes);

/* The same for tables: lines are cut at the width of the terminal, if it is one. ctx: a struct cli_line_cut. */
struct cli_line_cut {
    int width;  /* 0: do not cut */
    int column; /* state: begin with 0 */
};
int cli_write_cut(void *ctx, const char *text, size_t nbytes);

/* Flushes stdout. Returns code, or 4 after a sentence on stderr if something could not be written and code is 0 or 1. */
int cli_finish_stdout(int code);

#endif
