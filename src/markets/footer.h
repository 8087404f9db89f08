/* Lines behind the last record that are no data: disclaimers, notes. */
#ifndef BB_FOOTER_H
#define BB_FOOTER_H

#include <stddef.h>

/* Offset in the last block's text where the footer begins; n if there is none. A footer is at most max_lines lines, blank ones not
 * counted, none of which begins with a digit: every record of a report with a footer begins with its date, so a record that
 * was cut off is never taken for one. A footer that lies across two blocks is found only as far as the last one goes. */
size_t bb_footer_at(const char *text, size_t n, int max_lines);

#endif
