/* Header -> column map. Columns are bound by name: operators change their order, add some and drop some. */
#include "markets/reader.h"

#include <stdio.h>

static size_t squeeze(struct bb_str s, char out[64])
{
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < 64; i++)
        if (s.p[i] != ' ' && s.p[i] != '_' && s.p[i] != '\t') out[n++] = bb_lower(s.p[i]);
    return n;
}

/* '*' any text, '?' any character; nothing else is special. */
static int fits(const char *p, const char *end, const char *pattern)
{
    for (; *pattern; p++, pattern++) {
        if (*pattern == '*') {
            while (*pattern == '*') pattern++;
            for (;; p++) {
                if (fits(p, end, pattern)) return 1;
                if (p == end) return 0;
            }
        }
        if (p == end || (*pattern != '?' && bb_lower(*p) != bb_lower(*pattern))) return 0;
    }
    return p == end;
}

static int same_name(struct bb_str field, const char *header, int loose)
{
    struct bb_str h = bb_str_of(header);
    char a[64], b[64];
    size_t n;
    if (strpbrk(header, "*?")) return field.n <= 200 && fits(field.p, field.p + field.n, header);
    if (!loose) return bb_str_eq_nocase(field, h);
    if (field.n > 63) return 0;
    n = squeeze(field, a);
    return n == squeeze(h, b) && memcmp(a, b, n) == 0;
}

static int find(const struct bb_str *fields, size_t n, const char *header, int loose)
{
    for (size_t i = 0; i < n; i++)
        if (same_name(fields[i], header, loose)) return (int)i;
    return -1;
}

static int nameless(const struct bb_str *fields, size_t n, int at, const char *header)
{
    if (at < 0 || (size_t)at >= n) return -1;
    return fields[at].n == 0 || bb_str_eq_nocase(fields[at], bb_str_of(header)) ? at : -1;
}

static void note_missing(struct bb_binding *b, const char *header)
{
    size_t n = strlen(b->missing);
    snprintf(b->missing + n, sizeof b->missing - n, "%s%s", n ? ", " : "", header);
}

/* The hour columns that follow the first: "HE 2", "HE 3" … */
static int count_hours(const struct bb_str *fields, size_t n, int first, const char *first_header)
{
    char header[32];
    size_t stem = strlen(first_header);
    int hours = 1;
    while (stem && first_header[stem - 1] >= '0' && first_header[stem - 1] <= '9') stem--;
    while (hours < BB_MAX_HOURS && (size_t)(first + hours) < n) {
        snprintf(header, sizeof header, "%.*s%d", (int)BB_MIN(stem, (size_t)20), first_header, hours + 1);
        if (!same_name(fields[first + hours], header, 1)) break;
        hours++;
    }
    return hours;
}

void bb_initials_of(const struct bb_str *fields, size_t n, struct bb_initials *set)
{
    memset(set, 0, sizeof *set);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < fields[i].n; k++) {
            unsigned char c = (unsigned char)bb_lower(fields[i].p[k]);
            set->bits[c >> 6] |= 1ull << (c & 63);
            if (c != '_' && c != ' ') break; /* loose names begin behind these */
        }
}

/* What a field must begin with for the column to be there; 0: that depends. */
static unsigned char letter_of(const struct bb_column *c)
{
    unsigned char first = (unsigned char)bb_lower(c->header[0]);
    if (c->optional || c->either || c->beside || c->role == BB_FORBIDDEN || first == '*' || first == '?' ||
        first == ' ')
        return 0;
    return first;
}

unsigned char bb_bind_letter(const struct bb_format *format)
{
    unsigned char letter = 0;
    for (const struct bb_column *c = format->columns; c->header && !letter; c++) letter = letter_of(c);
    return letter;
}

int bb_bind_possible(const struct bb_format *format, const struct bb_initials *set)
{
    for (const struct bb_column *c = format->columns; c->header; c++) {
        unsigned char first = letter_of(c);
        if (first && !(set->bits[first >> 6] >> (first & 63) & 1)) return 0;
    }
    return 1;
}

int bb_column_is_known(const struct bb_format *format, struct bb_str header)
{
    for (const struct bb_column *c = format->columns; c->header; c++)
        if (same_name(header, c->header, (format->flags & BB_FORMAT_LOOSE) != 0)) return 1;
    return 0;
}

static int same_product(const char *a, const char *b) { return a == b || (a && b && strcmp(a, b) == 0); }

int bb_bind(const struct bb_format *format, const struct bb_str *fields, size_t n, struct bb_binding *b)
{
    int loose = (format->flags & BB_FORMAT_LOOSE) != 0, either_role = -1, either_found = 0, before = -1;
    const char *either_header = "", *either_product = NULL;
    memset(b, 0, sizeof *b);
    b->in_order = 1;
    while (n && fields[n - 1].n == 0) n--;
    b->n_fields = (int)n;
    for (int i = 0; i < BB_MAX_COLUMNS; i++) b->field[i] = -1;
    for (int i = 0;; i++) {
        const struct bb_column *c = &format->columns[i];
        int f;
        if (either_role >= 0 && (!c->header || !c->either || (int)c->role != either_role ||
                                 !same_product(c->product, either_product))) {
            b->n_required++;
            if (either_found)
                b->n_required_found++;
            else
                note_missing(b, either_header);
            either_role = -1;
        }
        if (!c->header || i == BB_MAX_COLUMNS) break;
        f = c->beside ? nameless(fields, n, before + c->beside, c->header)
                      : find(fields, n, c->header, loose || c->role == BB_HOUR_VALUES);
        if (c->role == BB_FORBIDDEN) {
            if (f >= 0) b->forbidden = c->header;
            continue;
        }
        if (c->either) {
            if (either_role < 0) {
                either_role = (int)c->role;
                either_found = 0;
                either_header = c->header;
                either_product = c->product;
            }
            if (either_found) continue;
            either_found = f >= 0;
        } else if (!c->optional) {
            b->n_required++;
            if (f >= 0)
                b->n_required_found++;
            else
                note_missing(b, c->header);
        }
        if (f < 0) {
            b->n_absent += c->optional;
            continue;
        }
        b->field[i] = (int16_t)f;
        b->n_found++;
        if (f < before) b->in_order = 0;
        before = f;
        if (c->role == BB_HOUR_VALUES) {
            b->n_hours = count_hours(fields, n, f, c->header);
            if (b->n_hours < 24) note_missing(b, "an hour column");
        }
    }
    return b->missing[0] == 0 && !b->forbidden;
}
