/* A first look at a file: its first lines, the fields of its first record, the step between its first two instants. */
#include "markets/reader.h"

void bb_sniff_init(struct bb_sniff *sniff, struct bb_evidence *evidence)
{
    struct bb_str head = evidence->head;
    size_t at = head.n >= 3 && memcmp(head.p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    memset(sniff, 0, sizeof *sniff);
    sniff->evidence = evidence;
    while (at < head.n && sniff->n_lines < BB_SNIFF_LINES) {
        const char *end = memchr(head.p + at, '\n', head.n - at);
        size_t n = end ? (size_t)(end - head.p) - at : head.n - at;
        struct bb_str line = { head.p + at, n };
        if (line.n && line.p[line.n - 1] == '\r') line.n--;
        sniff->line_at[sniff->n_lines] = at;
        sniff->lines[sniff->n_lines++] = line;
        at += n + 1;
    }
}

struct bb_str bb_sniff_line(const struct bb_sniff *sniff, size_t i)
{
    return i < sniff->n_lines ? sniff->lines[i] : (struct bb_str){ "", 0 };
}

static struct bb_str bare(struct bb_str s)
{
    s = bb_str_trim(s);
    if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"') {
        s.p++;
        s.n -= 2;
    }
    return s;
}

size_t bb_line_fields(struct bb_str line, struct bb_str *fields, size_t max)
{
    size_t n = 0, from = 0;
    int quoted = 0;
    for (size_t i = 0; i <= line.n; i++) {
        if (i < line.n && line.p[i] == '"') quoted = !quoted;
        if (i < line.n && (line.p[i] != ',' || quoted)) continue;
        if (n < max) fields[n] = bb_str_trim(bare((struct bb_str){ line.p + from, i - from }));
        n++;
        from = i + 1;
    }
    return n;
}

static int role_field(const struct bb_format *format, const struct bb_binding *b, enum bb_role role)
{
    for (int i = 0; format->columns[i].header; i++)
        if (format->columns[i].role == role && b->field[i] >= 0) return b->field[i];
    return -1;
}

/* The next line that is not blank, without its end; *at moves behind it. n == 0: the head holds no further whole line. */
static struct bb_str next_line(const struct bb_evidence *e, size_t *at)
{
    while (*at < e->head.n) {
        const char *from = e->head.p + *at, *end = memchr(from, '\n', e->head.n - *at);
        struct bb_str line = { from, end ? (size_t)(end - from) : e->head.n - *at };
        if (!end && !e->head_is_all) break;
        *at += line.n + (end != NULL);
        if (line.n && line.p[line.n - 1] == '\r') line.n--;
        if (bb_str_trim(line).n) return line;
    }
    return (struct bb_str){ "", 0 };
}

struct bb_str bb_sniff_next_line(struct bb_sniff *sniff, size_t *at)
{
    struct bb_evidence *e = sniff->evidence;
    for (;;) {
        struct bb_str line = next_line(e, at);
        struct bb_error ignored;
        enum bb_status status;
        if (line.n || e->head_is_all || !e->more) return line;
        status = e->more(e->more_ctx, e, &ignored);
        bb_sniff_init(sniff, e); /* the text may have moved, also where there is no more of it */
        if (status != BB_OK) return line;
    }
}

struct bb_str bb_sniff_field(const struct bb_sniff *sniff, const struct bb_format *format,
                             const struct bb_binding *b, enum bb_role role)
{
    struct bb_str fields[BB_MAX_FIELDS], line;
    int f = role_field(format, b, role);
    size_t at = b->data_at;
    if (f < 0) return (struct bb_str){ "", 0 };
    line = next_line(sniff->evidence, &at);
    if (line.n == 0 || bb_line_fields(line, fields, BB_MAX_FIELDS) <= (size_t)f) return (struct bb_str){ "", 0 };
    return fields[f];
}

static int instant(struct bb_str text, int64_t *utc_s)
{
    struct bb_wall wall;
    if (bb_stamp_utc(text.p, text.n, utc_s) == 0) return 1;
    if (bb_stamp_wall(text.p, text.n, &wall) != 0) return 0;
    *utc_s = bb_wall_as_utc(wall);
    return 1;
}

static int step_minutes(int64_t a, int64_t b)
{
    int64_t step = a < b ? b - a : a - b;
    if (step % 3600 == 0 && a % 3600 == 0) return 60;
    if (step % 900 == 0 && step % 3600 != 0 && a % 900 == 0) return 15;
    return step % 300 == 0 ? 5 : -1;
}

int bb_sniff_minutes(struct bb_sniff *sniff, const struct bb_format *format, const struct bb_binding *b,
                     uint32_t *first_utc_s_ret)
{
    struct bb_str fields[BB_MAX_FIELDS];
    char first_text[64], prefix[160];
    size_t first_n = 0, prefix_n = 0, at = b->data_at;
    int64_t first = 0, other;
    int f = role_field(format, b, BB_TIME_UTC_BEGIN), have_first = 0;
    *first_utc_s_ret = 0;
    if (f < 0) f = role_field(format, b, BB_TIME_UTC_END);
    if (f < 0) return 0;
    for (;;) {
        struct bb_str line = bb_sniff_next_line(sniff, &at);
        if (line.n == 0) return 0;
        /* most lines begin as the first one does, up to the stamp: compare before taking the line apart */
        if (prefix_n && line.n >= prefix_n && memcmp(line.p, prefix, prefix_n) == 0) continue;
        if (bb_line_fields(line, fields, (size_t)f + 1) <= (size_t)f) continue;
        if (have_first && fields[f].n == first_n && memcmp(fields[f].p, first_text, first_n) == 0) continue;
        if (!instant(fields[f], &other)) continue;
        if (have_first && other != first) return step_minutes(first, other);
        if (have_first) continue;
        first = other;
        have_first = 1;
        first_n = BB_MIN(fields[f].n, sizeof first_text);
        memcpy(first_text, fields[f].p, first_n);
        prefix_n = (size_t)(fields[f].p + fields[f].n - line.p);
        while (prefix_n < line.n && line.p[prefix_n] != ',') prefix_n++;
        prefix_n = prefix_n < line.n && prefix_n < sizeof prefix ? prefix_n + 1 : 0;
        memcpy(prefix, line.p, prefix_n);
        if (first > 0 && first < UINT32_MAX) *first_utc_s_ret = (uint32_t)first;
    }
}

int bb_name_day(struct bb_str name, int32_t *day_ret)
{
    size_t run = 0;
    for (size_t i = 0; i <= name.n; i++) {
        if (i < name.n && name.p[i] >= '0' && name.p[i] <= '9') {
            run++;
            continue;
        }
        if (run == 8 && name.p[i - 8] != '0' && bb_stamp_date(name.p + i - 8, 8, day_ret) == 0) {
            struct bb_date date = bb_date_of(*day_ret);
            if (date.year >= 1990 && date.year <= 2099) return 1;
        }
        run = 0;
    }
    return 0;
}
