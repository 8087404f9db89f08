/* An xlsx workbook as the CSV text that a spreadsheet program would save: one line for each row, sheet after sheet, so that
 * everything behind reads text only. Streaming: only shared texts, styles and one row are held.
 *
 * Numbers stand as the workbook stores them (no thousands separators, no rounding); cells with a date format become
 * 2025-01-31, 2025-01-31 23:55:00 or 23:55:00. Rows are filled up with empty fields to the widest row before. Rows at the top of a further sheet
 * that repeat the top of the first one (title, header) are left out; empty rows are. */
#ifndef BB_XLSX_TEXT_H
#define BB_XLSX_TEXT_H

#include "io/byte_range.h"
#include "base/mem.h"

struct bb_xlsx_text;

/* range must stay readable. About 1.4 MB and the shared texts. BB_SKIP: not a workbook that can be read. */
enum bb_status bb_xlsx_text_new(const struct bb_byte_range *range, struct bb_budget *budget,
                                struct bb_xlsx_text **text_ret, struct bb_error *err) BB_WARN_UNUSED;
void bb_xlsx_text_free(struct bb_xlsx_text *text);
/* As bb_stream_read in source.h. */
enum bb_status bb_xlsx_text_read(struct bb_xlsx_text *text, char *p, size_t cap, size_t *n_ret,
                                 struct bb_error *err);
/* Bytes of the sheets' parts consumed; any thread. */
uint64_t bb_xlsx_text_position(const struct bb_xlsx_text *text);

#endif
