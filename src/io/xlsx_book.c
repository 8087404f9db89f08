#include "io/xlsx_book.h"
#include "io/zip_directory.h"

#include <stdio.h>

#define MAX_PARTS        1024
#define MAX_STYLES       65536
#define MAX_FORMATS      512
#define MAX_TEXTS_NBYTES ((size_t)64 << 20)
#define PIECE_NBYTES     ((size_t)16 << 10)

struct sheet_name {
    char id[64];
};

/* State of the small parts while they are read. */
struct reading {
    struct bb_xlsx_book *book;
    struct sheet_name ids[BB_XLSX_MAX_SHEETS]; /* relationship ids in sheet order */
    size_t n_ids;
    int32_t sheet_part[BB_XLSX_MAX_SHEETS]; /* -1: none yet */
    int32_t date_formats[MAX_FORMATS];
    size_t n_date_formats;
    int in_cell_styles, in_text, in_phonetic, n_items;
};

static void no_room(struct bb_xml *xml, struct bb_budget *budget)
{
    struct bb_error why;
    bb_fail_budget(&why, budget, "reading a workbook");
    bb_xml_stop(xml, &why);
}

static void too_much(struct bb_xml *xml, const char *what)
{
    struct bb_error why;
    bb_fail(&why, BB_SKIP, "the workbook has more %s than can be read; save its sheets as CSV", what);
    bb_xml_stop(xml, &why);
}

/* ---- parts ---- */

static enum bb_status list_parts(struct bb_xlsx_book *book, const struct bb_byte_range *range, struct bb_error *err)
{
    struct bb_zip_directory zip;
    struct bb_zip_entry entry;
    enum bb_status status = bb_zip_directory_init(&zip, range, book->budget, err);
    while (status == BB_OK && (status = bb_zip_directory_next(&zip, &entry, err)) == BB_OK) {
        uint64_t starts[BB_ZIP_MAX_STARTS];
        struct bb_xlsx_part *part;
        unsigned n = 0;
        int certain;
        if (entry.name.n < 4 || entry.name.n >= sizeof part->name || memcmp(entry.name.p, "xl/", 3) != 0) continue;
        if (entry.method != 0 && entry.method != 8) continue;
        if (entry.flags & (1u | 1u << 6)) {
            status = bb_fail(err, BB_SKIP, "the workbook is encrypted; save it without a password");
            break;
        }
        if (book->n_parts == MAX_PARTS) break;
        if (!bb_grow(book->budget, (void **)&book->parts, &book->cap_parts, book->n_parts + 1,
                     sizeof *book->parts)) {
            status = bb_fail_budget(err, book->budget, "reading a workbook");
            break;
        }
        status = bb_zip_data_starts(&zip, &entry, starts, &n, &certain, err);
        if (status != BB_OK) break;
        if (n == 0) continue;
        part = &book->parts[book->n_parts++];
        memset(part, 0, sizeof *part);
        memcpy(part->name, entry.name.p, entry.name.n);
        part->range = bb_byte_range_part(range, starts[0], entry.stored_size);
        part->stored_size = entry.stored_size;
        part->packed = (struct bb_packed){ .n_packings = 1, .checked = 1, .crc = entry.crc, .size = entry.size };
        part->packed.packings[0] = entry.method == 0 ? BB_PACKING_STORED : BB_PACKING_DEFLATE;
    }
    bb_zip_directory_reset(&zip);
    return status == BB_EOF ? BB_OK : status;
}

static const struct bb_xlsx_part *part_named(const struct bb_xlsx_book *book, const char *name)
{
    for (size_t i = 0; i < book->n_parts; i++)
        if (bb_str_eq_nocase(bb_str_of(book->parts[i].name), bb_str_of(name))) return &book->parts[i];
    return NULL;
}

static enum bb_status read_part(struct bb_xlsx_book *book, const struct bb_xlsx_part *part,
                                const struct bb_xml_calls *calls, struct bb_error *err)
{
    struct bb_inflate *inflate = NULL;
    struct bb_xml *xml = NULL;
    char *piece = bb_alloc(book->budget, PIECE_NBYTES);
    enum bb_status status = piece ? BB_OK : bb_fail_budget(err, book->budget, "reading a workbook");
    if (status == BB_OK) status = bb_inflate_new(&part->range, &part->packed, 0, book->budget, &inflate, err);
    if (status == BB_OK) status = bb_xml_new(calls, book->budget, &xml, err);
    while (status == BB_OK) {
        size_t n = 0;
        status = bb_inflate_read(inflate, piece, PIECE_NBYTES, &n, err);
        if (status == BB_OK) status = bb_xml_feed(xml, piece, n, 0, err);
    }
    if (status == BB_EOF) status = bb_xml_feed(xml, "", 0, 1, err);
    bb_xml_free(xml);
    bb_inflate_free(inflate);
    bb_free(piece);
    if (status == BB_SKIP && err) bb_fail_prefix(err, "%s", part->name);
    return status;
}

/* ---- workbook.xml and its relationships ---- */

static void book_start(void *ctx, struct bb_xml *xml, const char *name, const char **attributes)
{
    struct reading *r = ctx;
    const char *id, *state;
    if (strcmp(name, "workbookPr") == 0) {
        const char *v = bb_xml_attribute(attributes, "date1904");
        r->book->epoch_1904 = v && (strcmp(v, "1") == 0 || strcmp(v, "true") == 0);
    }
    if (strcmp(name, "sheet") != 0) return;
    state = bb_xml_attribute(attributes, "state");
    id = bb_xml_attribute(attributes, "id");
    if (!id || strlen(id) >= sizeof r->ids[0].id || (state && strcmp(state, "visible") != 0)) return;
    if (r->n_ids == BB_XLSX_MAX_SHEETS) {
        too_much(xml, "sheets");
        return;
    }
    snprintf(r->ids[r->n_ids].id, sizeof r->ids[0].id, "%s", id);
    r->sheet_part[r->n_ids++] = -1;
}

static void relation_start(void *ctx, struct bb_xml *xml, const char *name, const char **attributes)
{
    struct reading *r = ctx;
    const char *id = bb_xml_attribute(attributes, "Id"), *target = bb_xml_attribute(attributes, "Target");
    const struct bb_xlsx_part *part;
    char path[160];
    (void)xml;
    if (strcmp(name, "Relationship") != 0 || !id || !target) return;
    snprintf(path, sizeof path, "%s%s", target[0] == '/' ? "" : "xl/", target[0] == '/' ? target + 1 : target);
    part = part_named(r->book, path);
    for (size_t i = 0; part && i < r->n_ids; i++)
        if (strcmp(r->ids[i].id, id) == 0) r->sheet_part[i] = (int32_t)(part - r->book->parts);
}

/* ---- styles.xml ---- */

static int is_date_code(const char *code)
{
    for (const char *p = code; *p; p++) {
        if (*p == '"') {
            while (p[1] && p[1] != '"') p++;
            if (p[1]) p++;
        } else if (*p == '[') {
            while (p[1] && p[1] != ']') p++;
        } else if (*p == '\\' || *p == '_' || *p == '*') {
            if (p[1]) p++;
        } else if (strchr("yYmMdDhHsS", *p)) {
            return 1;
        }
    }
    return 0;
}

static int is_date_format(const struct reading *r, int32_t id)
{
    if ((id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) || (id >= 50 && id <= 58))
        return 1;
    for (size_t i = 0; i < r->n_date_formats; i++)
        if (r->date_formats[i] == id) return 1;
    return 0;
}

/* An id of the styles; -1 when it is none. */
static int32_t small_id(const char *digits)
{
    int32_t v = 0;
    if (!digits || !*digits) return -1;
    for (; *digits; digits++) {
        if (*digits < '0' || *digits > '9' || v > 1000000) return -1;
        v = v * 10 + (*digits - '0');
    }
    return v;
}

static void style_start(void *ctx, struct bb_xml *xml, const char *name, const char **attributes)
{
    struct reading *r = ctx;
    struct bb_xlsx_book *book = r->book;
    const char *id = bb_xml_attribute(attributes, "numFmtId"), *code;
    if (strcmp(name, "cellXfs") == 0) r->in_cell_styles = 1;
    if (strcmp(name, "numFmt") == 0 && small_id(id) >= 0 &&
        (code = bb_xml_attribute(attributes, "formatCode")) != NULL && is_date_code(code) &&
        r->n_date_formats < MAX_FORMATS)
        r->date_formats[r->n_date_formats++] = small_id(id);
    if (!r->in_cell_styles || strcmp(name, "xf") != 0) return;
    if (book->n_styles == MAX_STYLES) {
        too_much(xml, "cell styles");
        return;
    }
    if (!bb_grow(book->budget, (void **)&book->style_is_date, &book->cap_styles, book->n_styles + 1, 1)) {
        no_room(xml, book->budget);
        return;
    }
    book->style_is_date[book->n_styles++] = (uint8_t)is_date_format(r, small_id(id));
}

static void style_end(void *ctx, struct bb_xml *xml, const char *name)
{
    struct reading *r = ctx;
    (void)xml;
    if (strcmp(name, "cellXfs") == 0) r->in_cell_styles = 0;
}

/* ---- sharedStrings.xml ---- */

static void shared_start(void *ctx, struct bb_xml *xml, const char *name, const char **attributes)
{
    struct reading *r = ctx;
    (void)xml, (void)attributes;
    if (strcmp(name, "rPh") == 0) r->in_phonetic = 1;
    if (strcmp(name, "t") == 0) r->in_text = !r->in_phonetic;
}

static void shared_text(void *ctx, struct bb_xml *xml, const char *p, size_t n)
{
    struct reading *r = ctx;
    struct bb_buf *texts = &r->book->texts;
    if (!r->in_text || bb_buf_put(texts, p, n)) return;
    if (texts->n + n > texts->max_nbytes)
        too_much(xml, "text in its cells");
    else
        no_room(xml, r->book->budget);
}

static void shared_end(void *ctx, struct bb_xml *xml, const char *name)
{
    struct reading *r = ctx;
    struct bb_xlsx_book *book = r->book;
    if (strcmp(name, "t") == 0) r->in_text = 0;
    if (strcmp(name, "rPh") == 0) r->in_phonetic = 0;
    if (strcmp(name, "si") != 0) return;
    if (book->n_texts >= book->texts.max_nbytes / sizeof *book->text_ends) {
        too_much(xml, "text in its cells");
        return;
    }
    if (!bb_grow(book->budget, (void **)&book->text_ends, &book->cap_texts, book->n_texts + 1,
                 sizeof *book->text_ends)) {
        no_room(xml, book->budget);
        return;
    }
    book->text_ends[book->n_texts++] = (uint32_t)book->texts.n;
}

/* ---- all of it ---- */

static enum bb_status read_parts(struct reading *r, struct bb_error *err)
{
    struct bb_xlsx_book *book = r->book;
    const struct bb_xml_calls book_calls = { .start = book_start, .ctx = r };
    const struct bb_xml_calls relation_calls = { .start = relation_start, .ctx = r };
    const struct bb_xml_calls style_calls = { .start = style_start, .end = style_end, .ctx = r };
    const struct bb_xml_calls shared_calls = {
        .start = shared_start, .end = shared_end, .text = shared_text, .ctx = r
    };
    const struct bb_xlsx_part *workbook = part_named(book, "xl/workbook.xml"),
                              *relations = part_named(book, "xl/_rels/workbook.xml.rels"),
                              *styles = part_named(book, "xl/styles.xml"),
                              *shared = part_named(book, "xl/sharedStrings.xml");
    if (!workbook || !relations) return bb_fail(err, BB_SKIP, "an Office document without the parts of a workbook");
    BB_TRY(read_part(book, workbook, &book_calls, err));
    BB_TRY(read_part(book, relations, &relation_calls, err));
    for (size_t i = 0; i < r->n_ids; i++)
        if (r->sheet_part[i] >= 0) book->sheets[book->n_sheets++] = (size_t)r->sheet_part[i];
    if (book->n_sheets == 0) return bb_fail(err, BB_SKIP, "a workbook without sheets");
    if (styles) BB_TRY(read_part(book, styles, &style_calls, err));
    return shared ? read_part(book, shared, &shared_calls, err) : BB_OK;
}

enum bb_status bb_xlsx_book_init(struct bb_xlsx_book *book, const struct bb_byte_range *range,
                                 struct bb_budget *budget, struct bb_error *err)
{
    struct reading *r;
    enum bb_status status;
    memset(book, 0, sizeof *book);
    book->budget = budget;
    bb_buf_init(&book->texts, budget, BB_MIN(MAX_TEXTS_NBYTES, bb_budget_left(budget) / 8));
    r = bb_calloc(budget, sizeof *r);
    if (!r) return bb_fail_budget(err, budget, "reading a workbook");
    r->book = book;
    status = list_parts(book, range, err);
    if (status == BB_OK) status = read_parts(r, err);
    bb_free(r);
    return status;
}

void bb_xlsx_book_reset(struct bb_xlsx_book *book)
{
    bb_free(book->parts);
    bb_buf_reset(&book->texts);
    bb_free(book->text_ends);
    bb_free(book->style_is_date);
    memset(book, 0, sizeof *book);
}

int bb_xlsx_book_text(const struct bb_xlsx_book *book, size_t i, struct bb_str *text_ret)
{
    size_t from;
    if (i >= book->n_texts) return 0;
    from = i ? book->text_ends[i - 1] : 0;
    *text_ret = (struct bb_str){ book->texts.p ? book->texts.p + from : "", book->text_ends[i] - from };
    return 1;
}
