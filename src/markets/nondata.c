#include "markets/nondata.h"

static int starts(struct bb_str s, const char *with)
{
    struct bb_str w = bb_str_of(with);
    return s.n >= w.n && bb_str_eq_nocase((struct bb_str){ s.p, w.n }, w);
}

static int holds(struct bb_str s, const char *needle) { return bb_str_find_nocase(s, bb_str_of(needle)) != NULL; }

static struct bb_str skip_blank(struct bb_str s)
{
    while (s.n && (*s.p == ' ' || *s.p == '\t' || *s.p == '\r' || *s.p == '\n')) s.p++, s.n--;
    return s;
}

/* Text of the first element whose name ends with tag, up to the next '<'. */
static struct bb_str element(struct bb_str s, const char *tag)
{
    const char *at = bb_str_find_nocase(s, bb_str_of(tag)), *end = s.p + s.n, *stop;
    if (!at) return (struct bb_str){ "", 0 };
    at += strlen(tag);
    stop = memchr(at, '<', (size_t)(end - at));
    return bb_str_trim((struct bb_str){ at, (size_t)((stop ? stop : end) - at) });
}

/* One line of printable text out of a foreign file, for a message. */
static struct bb_str printable(struct bb_str s, char out[200])
{
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < 199; i++)
        out[n++] = s.p[i] >= ' ' && s.p[i] < 127 ? s.p[i] : s.p[i] == '\n' ? ' ' : '?';
    return (struct bb_str){ out, n };
}

static enum bb_status markup(struct bb_str s, int *iso_ret, struct bb_error *err)
{
    char text[200];
    struct bb_str code, desc;
    if (holds(s, "Acceptable Use Policy")) {
        *iso_ret = BB_CAISO;
        return bb_fail(err, BB_SKIP,
                       "this is the page that CAISO sends instead of data when requests come too fast (acceptable "
                       "use policy); download the report again, more slowly");
    }
    if (starts(s, "<!doctype") || starts(s, "<html") || (holds(s, "<html") && !starts(s, "<?xml")))
        return bb_fail(err, BB_SKIP,
                       "this is an HTML page, not a report: the download failed or saved the page around it; "
                       "download the CSV itself");
    code = element(s, "ERR_CODE>");
    if (code.n) {
        *iso_ret = BB_CAISO;
        desc = printable(element(s, "ERR_DESC>"), text);
        if (bb_str_is(code, "1000"))
            return bb_fail(err, BB_REJECT, "CAISO answered that it has no data for the request (error 1000: %.*s)",
                           BB_STR_ARG(desc));
        return bb_fail(err, BB_SKIP,
                       "this is an error answer of CAISO, not a report (error %.*s: %.*s); request it again",
                       BB_STR_ARG(code), BB_STR_ARG(desc));
    }
    return bb_fail(err, BB_SKIP, "this is XML; busbar reads the CSV twin of the same report");
}

static enum bb_status binary(const struct bb_evidence *e, struct bb_str s, struct bb_error *err)
{
    struct bb_str suffix = bb_path_suffix(e->name);
    if (starts(s, "%PDF")) return bb_fail(err, BB_SKIP, "this is a PDF document, not a report");
    if (starts(s, "PAR1"))
        return bb_fail(err, BB_SKIP, "this is a Parquet file; busbar converts the operators' raw files");
    if (s.n >= 4 && memcmp(s.p, "\xD0\xCF\x11\xE0", 4) == 0)
        return bb_fail(err, BB_SKIP,
                       "this is an old Excel workbook (xls); save its sheet as CSV or use the CSV report");
    if (s.n >= 4 && memcmp(s.p, "PK\3\4", 4) == 0) {
        if (bb_str_eq_nocase(suffix, BB_STR(".xlsx")) || holds(s, "xl/") || holds(s, "[Content_Types].xml"))
            return bb_fail(err, BB_SKIP,
                           "this is an Excel workbook (xlsx) of a report that busbar reads as CSV only");
        return bb_fail(err, BB_SKIP, "this is a zip archive where a report was expected; unpack it");
    }
    if (s.n >= 2 && memcmp(s.p, "\x1F\x8B", 2) == 0)
        return bb_fail(err, BB_SKIP, "this is gzip data where a report was expected; unpack it");
    if (s.n >= 4 && memcmp(s.p, "\x28\xB5\x2F\xFD", 4) == 0)
        return bb_fail(err, BB_SKIP, "this is Zstandard data where a report was expected; unpack it");
    if (s.n >= 2 && (memcmp(s.p, "\xFF\xFE", 2) == 0 || memcmp(s.p, "\xFE\xFF", 2) == 0))
        return bb_fail(err, BB_SKIP, "this is UTF-16 text; save it as UTF-8");
    if (memchr(s.p, 0, BB_MIN(s.n, (size_t)4096)))
        return bb_fail(err, BB_SKIP, "this is a binary file, not the text of a report");
    return BB_OK;
}

enum bb_status bb_nondata(const struct bb_evidence *e, int *iso_ret, struct bb_error *err)
{
    struct bb_str head = e->head, s;
    if (head.n == 0) return bb_fail(err, BB_SKIP, "the file is empty");
    BB_TRY(binary(e, head, err));
    if (head.n >= 3 && memcmp(head.p, "\xEF\xBB\xBF", 3) == 0) head.p += 3, head.n -= 3;
    s = skip_blank(head);
    if (s.n == 0) return bb_fail(err, BB_SKIP, "the file holds nothing but blanks");
    if (starts(s, "No data exists for this period")) {
        *iso_ret = BB_ISONE;
        return bb_fail(err, BB_REJECT, "ISO-NE answered that it has no data for this period");
    }
    if (starts(s, "[object Object]"))
        return bb_fail(
            err, BB_SKIP,
            "the file holds the words \"[object Object]\": a failed browser download; download it again");
    if (*s.p == '<') return markup((struct bb_str){ s.p, BB_MIN(s.n, (size_t)64 << 10) }, iso_ret, err);
    if (*s.p == '{' || *s.p == '[')
        return bb_fail(err, BB_SKIP, "this is JSON; busbar reads the CSV form of the same report");
    return BB_OK;
}
