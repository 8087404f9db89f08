#include "io/xlsx_text.h"
#include "base/decimal.h"
#include "io/xlsx_book.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>

#define PIECE_NBYTES    ((size_t)16 << 10)
#define OUT_NBYTES      ((size_t)128 << 10) /* a pause is made when so much waits */
#define LINE_MAX_NBYTES ((size_t)64 << 10)
#define MAX_COLUMNS     1024
#define TOP_ROWS        16
#define TOP_MAX_NBYTES  4096

enum value_kind { NUMBER, SHARED, TEXT, TRUTH };

struct bb_xlsx_text {
    struct bb_budget *budget;
    struct bb_xlsx_book book;
    size_t next_sheet;
    struct bb_inflate *inflate; /* of the sheet at hand; NULL: between sheets */
    struct bb_xml *xml;
    char *piece;
    int part_ended;
    uint64_t done_nbytes;
    _Atomic uint64_t position;
    struct bb_error failure; /* status 0: none */
    int ended;
    /* lines on their way out */
    struct bb_buf out;
    size_t taken;
    /* the row at hand */
    size_t line_from;
    int columns, width, n_rows;
    /* the cell at hand */
    int column;
    enum value_kind kind;
    int is_date, in_value;
    struct bb_buf value;
    /* the top of the first sheet: lines, and where they end */
    char top[TOP_MAX_NBYTES];
    size_t top_ends[TOP_ROWS];
    int n_top, is_top;
};

static void stop(struct bb_xlsx_text *t, struct bb_xml *xml, const char *why_text)
{
    struct bb_error why;
    (void)t;
    bb_fail(&why, BB_SKIP, "%s", why_text);
    bb_xml_stop(xml, &why);
}

static void stop_full(struct bb_xlsx_text *t, struct bb_xml *xml, int at_ceiling)
{
    struct bb_error why;
    if (at_ceiling) {
        stop(t, xml, "a row of the workbook is longer than any record (64 KiB)");
        return;
    }
    bb_fail_budget(&why, t->budget, "reading a workbook");
    bb_xml_stop(xml, &why);
}

/* "AB12" -> 27; -1 when it is no reference */
static int column_of(const char *ref)
{
    int column = 0;
    const char *p = ref;
    for (; (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z'); p++) {
        column = column * 26 + (bb_lower(*p) - 'a' + 1);
        if (column > MAX_COLUMNS) return -1;
    }
    return p == ref ? -1 : column - 1;
}

static int put_field(struct bb_xlsx_text *t, struct bb_str s)
{
    int quote = memchr(s.p, ',', s.n) || memchr(s.p, '"', s.n);
    if (!bb_buf_reserve(&t->out, 2 * s.n + 2)) return 0;
    if (quote) t->out.p[t->out.n++] = '"';
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '"') t->out.p[t->out.n++] = '"';
        t->out.p[t->out.n++] = (unsigned char)c < 0x20 ? ' ' : c;
    }
    if (quote) t->out.p[t->out.n++] = '"';
    return 1;
}

/* Days since 1970 to year, month, day: whole 400-year cycles from the first of March of year 0. */
static void civil_of(int64_t day, int *year, int *month, int *mday)
{
    int64_t z = day + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    unsigned doe = (unsigned)(z - era * 146097), yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    *mday = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400) + (*month <= 2);
}

/* A serial number of days; 0: it is none. */
static int date_text(const struct bb_xlsx_text *t, struct bb_str s, char out[40])
{
    double serial, day;
    int year, month, mday, second;
    if (bb_decimal_parse(s.p, s.n, &serial) != BB_NUMBER_OK || serial < 0 || serial > 2958465) return 0;
    day = floor(serial);
    second = (int)floor((serial - day) * 86400 + 0.5);
    if (second == 86400) day += 1, second = 0;
    if (day == 0) {
        snprintf(out, 40, "%02d:%02d:%02d", second / 3600, second / 60 % 60, second % 60);
        return 1;
    }
    civil_of((int64_t)day - 25569 + (t->book.epoch_1904 ? 1462 : 0), &year, &month, &mday);
    if (second == 0)
        snprintf(out, 40, "%04d-%02d-%02d", year, month, mday);
    else
        snprintf(out, 40, "%04d-%02d-%02d %02d:%02d:%02d", year, month, mday, second / 3600, second / 60 % 60,
                 second % 60);
    return 1;
}

static void put_cell(struct bb_xlsx_text *t, struct bb_xml *xml)
{
    struct bb_str s = bb_buf_str(&t->value);
    char date[40];
    if (t->kind == SHARED) {
        size_t index = 0;
        struct bb_str digits = bb_str_trim(s);
        int ok = digits.n > 0 && digits.n < 10;
        for (size_t i = 0; ok && i < digits.n; i++) {
            ok = digits.p[i] >= '0' && digits.p[i] <= '9';
            index = index * 10 + (size_t)(digits.p[i] - '0');
        }
        if (digits.n && (!ok || !bb_xlsx_book_text(&t->book, index, &s))) {
            stop(t, xml, "a cell of the workbook names a shared text that does not exist: the workbook is damaged");
            return;
        }
    } else if (t->kind == TRUTH) {
        s = bb_str_is(s, "1") ? BB_STR("TRUE") : bb_str_is(s, "0") ? BB_STR("FALSE") : s;
    } else if (t->kind == NUMBER && t->is_date && date_text(t, bb_str_trim(s), date)) {
        s = bb_str_of(date);
    }
    if (t->column < t->columns - 1) {
        stop(t, xml, "the cells of a row do not stand in order: the workbook is damaged");
        return;
    }
    for (; t->columns <= t->column; t->columns++)
        if (t->columns > 0 && !bb_buf_putc(&t->out, ',')) {
            stop_full(t, xml, t->out.n == t->out.max_nbytes);
            return;
        }
    if (s.n > LINE_MAX_NBYTES / 2 || t->out.n - t->line_from + 2 * s.n + 2 > LINE_MAX_NBYTES)
        stop_full(t, xml, 1);
    else if (!put_field(t, s))
        stop_full(t, xml, 0);
}

static void start(void *ctx, struct bb_xml *xml, const char *name, const char **attributes)
{
    struct bb_xlsx_text *t = ctx;
    const char *value;
    if (strcmp(name, "row") == 0) {
        t->line_from = t->out.n;
        t->columns = 0;
        t->column = -1;
    } else if (strcmp(name, "c") == 0) {
        value = bb_xml_attribute(attributes, "r");
        t->column = value ? column_of(value) : t->column + 1;
        if (t->column < 0 || t->column >= MAX_COLUMNS) stop(t, xml, "a sheet of the workbook has too many columns");
        value = bb_xml_attribute(attributes, "t");
        t->kind = !value || strcmp(value, "n") == 0 ? NUMBER
                  : strcmp(value, "s") == 0         ? SHARED
                  : strcmp(value, "b") == 0         ? TRUTH
                                                    : TEXT;
        value = bb_xml_attribute(attributes, "s");
        t->is_date = 0;
        if (value) {
            unsigned style = 0;
            while (*value >= '0' && *value <= '9' && style < 100000)
                style = style * 10 + (unsigned)(*value++ - '0');
            t->is_date = style < t->book.n_styles && t->book.style_is_date[style];
        }
        t->value.n = 0;
    } else if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0) {
        t->in_value = 1;
    } else if (strcmp(name, "rPh") == 0) {
        stop(t, xml, "a cell of the workbook has phonetic text; save its sheets as CSV");
    }
}

static void text(void *ctx, struct bb_xml *xml, const char *p, size_t n)
{
    struct bb_xlsx_text *t = ctx;
    if (t->in_value && !bb_buf_put(&t->value, p, n)) stop_full(t, xml, t->value.n + n > t->value.max_nbytes);
}

/* Keeps the top of the first sheet; 1: the row repeats it in a further sheet. */
static int repeats_top(struct bb_xlsx_text *t, struct bb_str line)
{
    int row = t->n_rows;
    size_t from = row > 0 && row <= t->n_top ? t->top_ends[row - 1] : 0;
    if (t->next_sheet == 1) {
        if (row == t->n_top && row < TOP_ROWS && from + line.n <= TOP_MAX_NBYTES) {
            memcpy(t->top + from, line.p, line.n);
            t->top_ends[t->n_top++] = from + line.n;
        }
        return 0;
    }
    if (!t->is_top || row >= t->n_top ||
        !bb_str_eq(line, (struct bb_str){ t->top + from, t->top_ends[row] - from }))
        t->is_top = 0;
    return t->is_top;
}

static void end(void *ctx, struct bb_xml *xml, const char *name)
{
    struct bb_xlsx_text *t = ctx;
    if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0) {
        t->in_value = 0;
    } else if (strcmp(name, "c") == 0) {
        if (t->value.n) put_cell(t, xml);
    } else if (strcmp(name, "row") == 0 && t->columns > 0) {
        if (t->columns > t->width) t->width = t->columns;
        for (; t->columns < t->width; t->columns++)
            if (!bb_buf_putc(&t->out, ',')) break;
        if (t->columns < t->width || !bb_buf_putc(&t->out, '\n')) {
            stop_full(t, xml, 0);
            return;
        }
        if (repeats_top(t, (struct bb_str){ t->out.p + t->line_from, t->out.n - t->line_from }))
            t->out.n = t->line_from;
        t->n_rows++;
        if (t->out.n >= OUT_NBYTES) bb_xml_pause(xml);
    }
}

/* ---- the stream ---- */

enum bb_status bb_xlsx_text_new(const struct bb_byte_range *range, struct bb_budget *budget,
                                struct bb_xlsx_text **text_ret, struct bb_error *err)
{
    struct bb_xlsx_text *t = bb_calloc(budget, sizeof *t);
    enum bb_status status;
    *text_ret = NULL;
    if (!t) return bb_fail_budget(err, budget, "reading a workbook");
    t->budget = budget;
    bb_buf_init(&t->out, budget, OUT_NBYTES + 4 * LINE_MAX_NBYTES);
    bb_buf_init(&t->value, budget, LINE_MAX_NBYTES);
    t->piece = bb_alloc(budget, PIECE_NBYTES);
    status = t->piece ? bb_xlsx_book_init(&t->book, range, budget, err)
                      : bb_fail_budget(err, budget, "reading a workbook");
    if (status != BB_OK) {
        bb_xlsx_text_free(t);
        return status;
    }
    *text_ret = t;
    return BB_OK;
}

static void close_sheet(struct bb_xlsx_text *t)
{
    bb_xml_free(t->xml);
    bb_inflate_free(t->inflate);
    t->xml = NULL;
    t->inflate = NULL;
}

void bb_xlsx_text_free(struct bb_xlsx_text *t)
{
    if (!t) return;
    close_sheet(t);
    bb_xlsx_book_reset(&t->book);
    bb_buf_reset(&t->out);
    bb_buf_reset(&t->value);
    bb_free(t->piece);
    bb_free(t);
}

static enum bb_status open_sheet(struct bb_xlsx_text *t, struct bb_error *err)
{
    const struct bb_xlsx_part *part = &t->book.parts[t->book.sheets[t->next_sheet]];
    const struct bb_xml_calls calls = { start, end, text, t };
    t->next_sheet++;
    t->part_ended = t->in_value = 0;
    t->width = t->n_rows = 0;
    t->is_top = 1;
    BB_TRY(bb_inflate_new(&part->range, &part->packed, 0, t->budget, &t->inflate, err));
    return bb_xml_new(&calls, t->budget, &t->xml, err);
}

/* Some more of the sheet at hand. */
static enum bb_status advance(struct bb_xlsx_text *t, struct bb_error *err)
{
    enum bb_status status;
    size_t n = 0;
    if (!t->xml) {
        if (t->next_sheet == t->book.n_sheets) return BB_EOF;
        return open_sheet(t, err);
    }
    if (bb_xml_is_paused(t->xml)) return bb_xml_resume(t->xml, err);
    if (t->part_ended) {
        t->done_nbytes += t->book.parts[t->book.sheets[t->next_sheet - 1]].stored_size;
        close_sheet(t);
        return BB_OK;
    }
    status = bb_inflate_read(t->inflate, t->piece, PIECE_NBYTES, &n, err);
    atomic_store_explicit(&t->position, t->done_nbytes + bb_inflate_position(t->inflate), memory_order_relaxed);
    if (status == BB_EOF) {
        t->part_ended = 1;
        return bb_xml_feed(t->xml, "", 0, 1, err);
    }
    BB_TRY(status);
    return bb_xml_feed(t->xml, t->piece, n, 0, err);
}

enum bb_status bb_xlsx_text_read(struct bb_xlsx_text *t, char *p, size_t cap, size_t *n_ret, struct bb_error *err)
{
    size_t n = 0;
    *n_ret = 0;
    while (n < cap) {
        size_t ready = t->out.n - t->taken, now;
        /* a row that is not complete yet stays: its line may still be left out */
        if (t->xml && t->columns > 0 && t->line_from < t->out.n && t->out.p[t->out.n - 1] != '\n')
            ready = t->line_from - t->taken;
        now = BB_MIN(ready, cap - n);
        if (now > 0) {
            memcpy(p + n, t->out.p + t->taken, now);
            t->taken += now;
            n += now;
            continue;
        }
        if (t->failure.status != BB_OK || t->ended) break;
        if (t->taken > 0) {
            memmove(t->out.p, t->out.p + t->taken, t->out.n - t->taken);
            t->out.n -= t->taken;
            t->line_from -= BB_MIN(t->taken, t->line_from);
            t->taken = 0;
        }
        switch (advance(t, &t->failure)) {
        case BB_OK: t->failure.status = BB_OK; break;
        case BB_EOF:
            t->failure.status = BB_OK;
            t->ended = 1;
            break;
        case BB_SKIP:
            if (t->next_sheet > 0)
                bb_fail_prefix(&t->failure, "%s", t->book.parts[t->book.sheets[t->next_sheet - 1]].name);
            break;
        default: break;
        }
    }
    *n_ret = n;
    if (n > 0 || cap == 0) return BB_OK;
    if (t->failure.status == BB_OK) return BB_EOF;
    if (err) *err = t->failure;
    return t->failure.status;
}

uint64_t bb_xlsx_text_position(const struct bb_xlsx_text *t)
{
    return atomic_load_explicit(&((struct bb_xlsx_text *)t)->position, memory_order_relaxed);
}
