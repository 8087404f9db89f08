#include "time/zone_rule.h"

#include "time/zone.h"

struct cursor {
    const char *p, *end;
};

static int peek(const struct cursor *c) { return c->p < c->end ? (unsigned char)*c->p : -1; }

static int take(struct cursor *c, char wanted)
{
    if (peek(c) != (unsigned char)wanted) return 0;
    c->p++;
    return 1;
}

static int take_number(struct cursor *c, int32_t max, int32_t *value_ret)
{
    int32_t value = 0;
    const char *first = c->p;
    while (c->p < c->end && *c->p >= '0' && *c->p <= '9') {
        value = value * 10 + (*c->p++ - '0');
        if (value > max) return -1;
    }
    *value_ret = value;
    return c->p > first ? 0 : -1;
}

/* [+-]hours[:minutes[:seconds]] */
static int take_time(struct cursor *c, int32_t max_hours, int32_t *seconds_ret)
{
    int32_t hours, minutes = 0, seconds = 0;
    int negative = take(c, '-');
    if (!negative) (void)take(c, '+');
    if (take_number(c, max_hours, &hours) != 0) return -1;
    if (take(c, ':')) {
        if (take_number(c, 59, &minutes) != 0) return -1;
        if (take(c, ':') && take_number(c, 59, &seconds) != 0) return -1;
    }
    seconds += hours * 3600 + minutes * 60;
    *seconds_ret = negative ? -seconds : seconds;
    return 0;
}

static int take_name(struct cursor *c)
{
    const char *first = c->p;
    if (take(c, '<')) {
        while (c->p < c->end && *c->p != '>') c->p++;
        return take(c, '>') ? 0 : -1;
    }
    while (c->p < c->end && ((*c->p >= 'A' && *c->p <= 'Z') || (*c->p >= 'a' && *c->p <= 'z'))) c->p++;
    return c->p - first >= 3 ? 0 : -1;
}

static int take_date(struct cursor *c, struct bb_zone_rule_date *date)
{
    date->second = 7200;
    if (!take(c, ',')) return -1;
    if (take(c, 'M')) {
        date->kind = 'M';
        if (take_number(c, 12, &date->month) != 0 || !take(c, '.') || take_number(c, 5, &date->week) != 0 ||
            !take(c, '.') || take_number(c, 6, &date->weekday) != 0 || date->month < 1 || date->week < 1)
            return -1;
    } else if (take(c, 'J')) {
        date->kind = 'J';
        if (take_number(c, 365, &date->day_of_year) != 0 || date->day_of_year < 1) return -1;
    } else {
        date->kind = 'N';
        if (take_number(c, 365, &date->day_of_year) != 0) return -1;
    }
    return take(c, '/') ? take_time(c, 167, &date->second) : 0;
}

int bb_zone_rule_parse(struct bb_str text, struct bb_zone_rule *rule_ret)
{
    struct cursor c = { text.p, text.p + text.n };
    struct bb_zone_rule rule = { .has_dst = 0 };
    int32_t west_s;
    if (take_name(&c) != 0 || take_time(&c, 24, &west_s) != 0) return -1;
    rule.std_offset_s = -west_s;
    if (c.p < c.end) {
        rule.has_dst = 1;
        if (take_name(&c) != 0) return -1;
        rule.dst_offset_s = rule.std_offset_s + 3600;
        if (peek(&c) != ',') {
            if (take_time(&c, 24, &west_s) != 0) return -1;
            rule.dst_offset_s = -west_s;
        }
        if (take_date(&c, &rule.to_dst) != 0 || take_date(&c, &rule.to_std) != 0) return -1;
    }
    if (c.p != c.end) return -1;
    *rule_ret = rule;
    return 0;
}

static int is_leap(int32_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

/* When the rule's date and time comes in this year, as seconds of the wall clock. */
static int64_t wall_of_year(const struct bb_zone_rule_date *date, int32_t year)
{
    int32_t day = bb_day_of((struct bb_date){ year, 1, 1 });
    if (date->kind == 'J') {
        day += date->day_of_year - 1 + (is_leap(year) && date->day_of_year >= 60);
    } else if (date->kind == 'N') {
        day += date->day_of_year;
    } else {
        int32_t first = bb_day_of((struct bb_date){ year, date->month, 1 });
        int32_t next = date->month == 12 ? bb_day_of((struct bb_date){ year + 1, 1, 1 })
                                         : bb_day_of((struct bb_date){ year, date->month + 1, 1 });
        int32_t weekday = (first % 7 + 7 + 4) % 7; /* 1970-01-01 was a Thursday */
        day = first + (date->weekday - weekday + 7) % 7 + (date->week - 1) * 7;
        if (day >= next) day -= 7;
    }
    return (int64_t)day * 86400 + date->second;
}

void bb_zone_rule_span(const struct bb_zone_rule *rule, int64_t utc_s, int64_t *start_utc_s_ret,
                       int64_t *end_utc_s_ret, int32_t *offset_s_ret)
{
    int64_t day = utc_s / 86400 - (utc_s % 86400 < 0), start = INT64_MIN, end = INT64_MAX;
    int32_t year;
    *start_utc_s_ret = start;
    *end_utc_s_ret = end;
    *offset_s_ret = rule->std_offset_s;
    if (!rule->has_dst) return;
    /* A change may fall outside of its own year by some days, so the years around are looked at too. The latest change at
     * or before the instant decides. A zone on daylight saving time for good ends one year's and starts the next year's at
     * the same moment: then the start, which comes second here, wins. */
    year = bb_date_of((int32_t)day).year;
    for (int32_t y = year - 2; y <= year + 1; y++) {
        const int64_t at[2] = { wall_of_year(&rule->to_std, y) - rule->dst_offset_s,
                                wall_of_year(&rule->to_dst, y + 1) - rule->std_offset_s };
        for (int i = 0; i < 2; i++) {
            if (at[i] > utc_s) {
                end = BB_MIN(end, at[i]);
            } else if (at[i] >= start) {
                start = at[i];
                *offset_s_ret = i == 0 ? rule->std_offset_s : rule->dst_offset_s;
            }
        }
    }
    *start_utc_s_ret = start;
    *end_utc_s_ret = end;
}
