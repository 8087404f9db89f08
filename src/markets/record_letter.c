#include "markets/mapper.h"

#include <stdio.h>

/* "29016 lines" */
static int trailer_count(struct bb_str s, uint64_t *count_ret)
{
    int64_t n;
    size_t digits = 0;
    while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9') digits++;
    if (bb_integer_parse(s.p, digits, &n) != 0) return 0;
    *count_ret = (uint64_t)n;
    return 1;
}

static int in_doubt(struct bb_pass *pass, const struct bb_record *rec, const char *what)
{
    pass->status = bb_fail(pass->err, BB_SKIP, "line %llu: %s; download the report again",
                           (unsigned long long)(pass->line + rec->r), what);
    return 0;
}

static int end_of_report(struct bb_pass *pass, const struct bb_record *rec)
{
    struct bb_letters *letters = &pass->reader->letters;
    struct bb_str s = { "", 0 };
    char what[200];
    uint64_t count = 0;
    if (rec->n > 1) s = bb_csv_unquote(bb_record_field(pass->text, rec, 1), pass->worker->unquoted);
    if (!trailer_count(s, &count)) return in_doubt(pass, rec, "the trailer has no count of lines");
    if (count != letters->n_data) {
        snprintf(what, sizeof what, "the trailer says %llu lines and the file has %llu: it was cut or edited",
                 (unsigned long long)count, (unsigned long long)letters->n_data);
        return in_doubt(pass, rec, what);
    }
    letters->ended = 1;
    letters->n_data = 0;
    return 0;
}

static int has_date(const struct bb_reader *reader)
{
    for (int i = 0; i < reader->time.n; i++)
        if (reader->time.role[i] == BB_TIME_DATE) return 1;
    return 0;
}

/* A header in the middle: of a second report that somebody joined to the first. */
static int header_again(struct bb_pass *pass, const struct bb_record *rec)
{
    const struct bb_reader *reader = pass->reader;
    struct bb_letters *letters = &pass->reader->letters;
    uint32_t from = rec->start, to = rec->sep[rec->n - 1];
    if (to > from && pass->text[to - 1] == '\r') to--;
    if (!letters->ended) return 0; /* the line of units */
    if (!has_date(reader))
        return in_doubt(pass, rec, "a second report follows in the same file, and its records carry no date");
    if (!bb_str_eq((struct bb_str){ pass->text + from, to - from }, reader->header_line))
        return in_doubt(pass, rec, "a report with other columns follows in the same file");
    letters->ended = 0;
    return 0;
}

int bb_record_letter(struct bb_pass *pass, const struct bb_record *rec)
{
    struct bb_letters *letters = &pass->reader->letters;
    struct bb_str s = bb_record_field(pass->text, rec, 0);
    char letter;
    if (BB_LIKELY(s.n == 3 && s.p[0] == '"' && s.p[1] == 'D' && s.p[2] == '"' && !letters->ended)) {
        letters->n_data++;
        return 1;
    }
    if (pass->status != BB_OK) return 0;
    s = bb_csv_unquote(s, pass->worker->unquoted);
    letter = s.n == 1 ? s.p[0] : 0;
    if (s.n == 0 && rec->n == 1) return 0; /* a blank line */
    switch (letter) {
    case 'D':
        if (letters->ended) return in_doubt(pass, rec, "records follow behind the trailer");
        letters->n_data++;
        return 1;
    case 'C': return 0;
    case 'H': return header_again(pass, rec);
    case 'T': return letters->ended ? in_doubt(pass, rec, "two trailers") : end_of_report(pass, rec);
    default: return 1; /* rejected by whoever reads its fields */
    }
}
