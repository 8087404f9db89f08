#include "generate/gen_isone_records.h"

static char *comment(char *p, const char *text)
{
    p = bb_gen_puts(p, "\"C\",\"");
    return bb_gen_puts(p, text);
}
static char *close_line(char *p) { return bb_gen_puts(p, "\"\n"); }

char *bb_gen_isone_comments(const struct bb_gen_file *file, const char *title, char *p)
{
    const char *base = strrchr(file->name, '/');
    p = close_line(comment(p, title));
    p = comment(p, "Filename: ");
    p = close_line(bb_gen_puts(p, base ? base + 1 : file->name));
    p = comment(p, "Report for: ");
    p = bb_gen_us_date(p, file->first_day, 1);
    p = bb_gen_puts(p, " - ");
    p = close_line(bb_gen_us_date(p, file->first_day + file->n_days - 1, 1));
    p = comment(p, "Report generated: ");
    p = bb_gen_us_date(p, file->stamp.day, 1);
    *p++ = ' ';
    p = bb_gen_clock(p, file->stamp.second, ':');
    return close_line(bb_gen_puts(p, " EST"));
}

char *bb_gen_isone_header(const char *fields, char *p)
{
    p = bb_gen_puts(p, "\"H\",\"");
    for (; *fields; fields++) {
        if (*fields == '|')
            p = bb_gen_puts(p, "\",\"");
        else
            *p++ = *fields;
    }
    return close_line(p);
}

char *bb_gen_isone_trailer(const struct bb_gen_run *run, const struct bb_gen_file *file, char *p)
{
    (void)run;
    p = bb_gen_puts(p, "\"T\",\"");
    p = bb_gen_uint(p, file->n_written);
    return bb_gen_puts(p, " lines\"");
}

char *bb_gen_isone_hour(const struct bb_gen_slot *slot, int with_mark, char *p)
{
    p = bb_gen_padded(p, (uint32_t)slot->wall.second / 3600 + 1, 2);
    if (with_mark && slot->second_of_two) *p++ = 'X';
    return p;
}

char *bb_gen_isone_number(int64_t cents, char *p)
{
    p = bb_gen_fixed(p, cents, 2);
    if (p[-1] == '0') p--;
    return p;
}
