#include "time/stamp.h"

#include "base/str.h"

/* What is left of a text while it is taken apart. A take_… function moves p on success and leaves the rest to its caller to
 * judge; every parser ends with at_end(). */
struct cursor {
    const char *p, *end;
};

static struct cursor open_text(const char *p, size_t n)
{
    struct bb_str s = bb_str_trim((struct bb_str){ p, n });
    return (struct cursor){ s.p, s.p + s.n };
}

static int at_end(const struct cursor *c) { return c->p == c->end; }
static int peek(const struct cursor *c) { return c->p < c->end ? (unsigned char)*c->p : -1; }

static int take(struct cursor *c, char wanted)
{
    if (peek(c) != (unsigned char)wanted) return 0;
    c->p++;
    return 1;
}

static int skip_blanks(struct cursor *c)
{
    const char *first = c->p;
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t')) c->p++;
    return c->p > first;
}

/* Up to max_digits digits; returns how many there were. */
static int take_digits(struct cursor *c, int max_digits, int32_t *value_ret)
{
    int n = 0;
    int32_t value = 0;
    while (n < max_digits && c->p < c->end && (unsigned char)(*c->p - '0') <= 9) {
        value = value * 10 + (*c->p++ - '0');
        n++;
    }
    *value_ret = value;
    return n;
}

static int32_t month_named(struct cursor *c)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    if (c->end - c->p < 3) return 0;
    for (int32_t month = 0; month < 12; month++)
        if (bb_str_eq_nocase((struct bb_str){ c->p, 3 }, (struct bb_str){ names + 3 * month, 3 })) {
            c->p += 3;
            return month + 1;
        }
    return 0;
}

static int take_date(struct cursor *c, int32_t *day_ret)
{
    int32_t first, year, month, day;
    int n_first = take_digits(c, 8, &first), n;
    if (n_first == 8) {
        year = first / 10000, month = first / 100 % 100, day = first % 100;
    } else if (n_first == 4) {
        char sep = (char)peek(c);
        if (sep != '-' && sep != '/') return -1;
        year = first;
        if (!take(c, sep) || !(n = take_digits(c, 2, &month)) || (sep == '-' && n != 2)) return -1;
        if (!take(c, sep) || !(n = take_digits(c, 2, &day)) || (sep == '-' && n != 2)) return -1;
    } else if (n_first == 1 || n_first == 2) {
        if (take(c, '/')) {
            month = first;
            if (!take_digits(c, 2, &day) || !take(c, '/')) return -1;
            n = take_digits(c, 4, &year);
            if (n == 2)
                year += year <= 68 ? 2000 : 1900;
            else if (n != 4)
                return -1;
        } else {
            day = first;
            if (!take(c, '-') || !(month = month_named(c)) || !take(c, '-') || take_digits(c, 4, &year) != 4)
                return -1;
        }
    } else {
        return -1;
    }
    if (!bb_date_valid(year, month, day)) return -1;
    *day_ret = bb_day_of((struct bb_date){ year, month, day });
    return 0;
}

/* H:MM[:SS[.f…]] [AM|PM]; 86400 for 24:00. A time must be followed by nothing that belongs to it. */
static int take_time(struct cursor *c, int32_t *second_ret)
{
    int32_t hour, minute, second = 0, fraction;
    struct cursor behind;
    if (!take_digits(c, 2, &hour) || !take(c, ':') || take_digits(c, 2, &minute) != 2) return -1;
    if (take(c, ':')) {
        if (take_digits(c, 2, &second) != 2) return -1;
        if (take(c, '.')) {
            if (!take_digits(c, 1, &fraction)) return -1;
            while (take_digits(c, 9, &fraction)) {
            }
        }
    }
    if (minute > 59 || second > 59) return -1;
    behind = *c;
    (void)skip_blanks(&behind);
    if (behind.end - behind.p >= 2 && bb_lower(behind.p[1]) == 'm') {
        char half = bb_lower(behind.p[0]);
        if ((half != 'a' && half != 'p') || hour < 1 || hour > 12) return -1;
        hour = hour % 12 + (half == 'p' ? 12 : 0);
        behind.p += 2;
        *c = behind;
    }
    if (hour > 24 || (hour == 24 && (minute || second))) return -1;
    *second_ret = hour * 3600 + minute * 60 + second;
    return 0;
}

/* Blanks or a 'T' between a date and its time. */
static int take_gap(struct cursor *c) { return take(c, 'T') || skip_blanks(c); }

static struct bb_wall wall_at(int32_t day, int32_t second)
{
    return second == 86400 ? (struct bb_wall){ day + 1, 0 } : (struct bb_wall){ day, second };
}

static unsigned two_digits(const char *p, unsigned *wrong)
{
    unsigned tens = (unsigned char)(p[0] - '0'), ones = (unsigned char)(p[1] - '0');
    *wrong |= (tens > 9) | (ones > 9);
    return tens * 10 + ones;
}

/* "2020-01-02T05:00:00" at the end or before an offset: CAISO has two such stamps in each row, seldom the same as in the row
 * before, and without a branch per digit they cost a third. -1 says nothing about the text: ask the general way. */
static int take_iso(struct cursor *c, int32_t *day_ret, int32_t *second_ret)
{
    const char *p = c->p;
    unsigned wrong = 0, century, year, month, day, hour, minute, second;
    if (c->end - p < 19 || (c->end - p > 19 && p[19] != 'Z' && p[19] != '-' && p[19] != '+')) return -1;
    century = two_digits(p, &wrong);
    year = century * 100 + two_digits(p + 2, &wrong);
    month = two_digits(p + 5, &wrong);
    day = two_digits(p + 8, &wrong);
    hour = two_digits(p + 11, &wrong);
    minute = two_digits(p + 14, &wrong);
    second = two_digits(p + 17, &wrong);
    wrong |= (p[4] != '-') | (p[7] != '-') | (p[13] != ':') | (p[16] != ':') | ((p[10] != 'T') & (p[10] != ' '));
    wrong |= (hour > 23) | (minute > 59) | (second > 59);
    if (wrong || !bb_date_valid((int32_t)year, (int32_t)month, (int32_t)day)) return -1;
    *day_ret = bb_day_of((struct bb_date){ (int32_t)year, (int32_t)month, (int32_t)day });
    *second_ret = (int32_t)(hour * 3600 + minute * 60 + second);
    c->p += 19;
    return 0;
}

int bb_stamp_date(const char *p, size_t n, int32_t *day_ret)
{
    struct cursor c = open_text(p, n);
    int32_t day, second = 0;
    if (take_date(&c, &day) != 0) return -1;
    if (!at_end(&c) && (!take_gap(&c) || take_time(&c, &second) != 0)) return -1;
    if (!at_end(&c) || second != 0) return -1;
    *day_ret = day;
    return 0;
}

int bb_stamp_wall(const char *p, size_t n, struct bb_wall *wall_ret)
{
    struct cursor c = open_text(p, n);
    int32_t day, second = 0;
    if (take_iso(&c, &day, &second) != 0) {
        if (take_date(&c, &day) != 0) return -1;
        if (!at_end(&c) && (!take_gap(&c) || take_time(&c, &second) != 0)) return -1;
    }
    if (!at_end(&c)) return -1;
    *wall_ret = wall_at(day, second);
    return 0;
}

/* Z, +00:00, -0500, -05 */
static int take_offset(struct cursor *c, int32_t *offset_s_ret)
{
    int32_t hours, minutes = 0;
    int negative;
    *offset_s_ret = 0;
    if (take(c, 'Z') || take(c, 'z')) return 0;
    negative = take(c, '-');
    if (!negative && !take(c, '+')) return -1;
    if (take_digits(c, 2, &hours) != 2 || hours > 23) return -1;
    if (!at_end(c)) {
        (void)take(c, ':');
        if (take_digits(c, 2, &minutes) != 2 || minutes > 59) return -1;
    }
    *offset_s_ret = (hours * 3600 + minutes * 60) * (negative ? -1 : 1);
    return 0;
}

int bb_stamp_utc(const char *p, size_t n, int64_t *utc_s_ret)
{
    struct cursor c = open_text(p, n);
    int32_t day, second, offset_s;
    if (take_iso(&c, &day, &second) != 0 &&
        (take_date(&c, &day) != 0 || !take_gap(&c) || take_time(&c, &second) != 0))
        return -1;
    (void)skip_blanks(&c);
    if (take_offset(&c, &offset_s) != 0 || !at_end(&c)) return -1;
    *utc_s_ret = bb_wall_as_utc(wall_at(day, second)) - offset_s;
    return 0;
}

int bb_stamp_hour_ending(const char *p, size_t n, int *hour_ret, int *extra_ret)
{
    struct cursor c = open_text(p, n);
    int32_t hour, zero;
    int extra = 0, hour_max = 24;
    if (c.end - c.p > 2 && bb_lower(c.p[0]) == 'h' && bb_lower(c.p[1]) == 'e') {
        c.p += 2;
        (void)skip_blanks(&c);
    }
    if (!take_digits(&c, 2, &hour)) return -1;
    if (take(&c, 'X') || take(&c, 'x')) {
        extra = 1;
    } else if (take(&c, ':')) {
        if (take_digits(&c, 2, &zero) != 2 || zero != 0) return -1;
        if (take(&c, ':') && (take_digits(&c, 2, &zero) != 2 || zero != 0)) return -1;
    } else if (hour == 25) {
        extra = 1;
        hour_max = 25;
    }
    if (!at_end(&c) || hour < 1 || hour > hour_max) return -1;
    *hour_ret = hour;
    *extra_ret = extra;
    return 0;
}
