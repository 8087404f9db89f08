/* What surrounds the sheets of an xlsx workbook: its parts in the zip, the order of the sheets, shared texts, which cell styles
 * are dates. */
#ifndef BB_XLSX_BOOK_H
#define BB_XLSX_BOOK_H

#include "base/buf.h"
#include "io/inflate_stream.h"
#include "io/xml_feed.h"

#define BB_XLSX_MAX_SHEETS 64

struct bb_xlsx_part {
    char name[120]; /* "xl/worksheets/sheet1.xml" */
    struct bb_byte_range range;
    struct bb_packed packed;
    uint64_t stored_size;
};

struct bb_xlsx_book {
    struct bb_budget *budget;
    struct bb_xlsx_part *parts;
    size_t n_parts, cap_parts;
    size_t sheets[BB_XLSX_MAX_SHEETS]; /* parts, in the order of the workbook; hidden sheets are left out */
    size_t n_sheets;
    int epoch_1904;
    struct bb_buf texts; /* shared texts, one after the other */
    uint32_t *text_ends;
    size_t n_texts, cap_texts;
    uint8_t *style_is_date; /* by cell style */
    size_t n_styles, cap_styles;
};

/* range holds the workbook's zip and must stay readable. BB_SKIP: not a workbook that can be read. */
enum bb_status bb_xlsx_book_init(struct bb_xlsx_book *book, const struct bb_byte_range *range,
                                 struct bb_budget *budget, struct bb_error *err) BB_WARN_UNUSED;
void bb_xlsx_book_reset(struct bb_xlsx_book *book);
/* 1 and the text, or 0 when there is no such. */
int bb_xlsx_book_text(const struct bb_xlsx_book *book, size_t i, struct bb_str *text_ret);

#endif
