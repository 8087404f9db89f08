#include "markets/repeated_hour.h"

static int take_flag(struct bb_local_parts *p, struct bb_str s)
{
    static const char *const yes[] = { "Y", "true", "1", "1.0", "yes", "T" };
    static const char *const no[] = { "N", "false", "0", "0.0", "no", "F" };
    if (s.n == 0) return 1;
    for (size_t i = 0; i < BB_ARRAY_LEN(yes); i++) {
        if (bb_str_eq_nocase(s, bb_str_of(yes[i])))
            p->pass = BB_PASS_SECOND;
        else if (bb_str_eq_nocase(s, bb_str_of(no[i])))
            p->pass = p->pass == BB_PASS_SECOND ? BB_PASS_SECOND : BB_PASS_FIRST;
        else
            continue;
        return 1;
    }
    return 0;
}

static int take_interval(struct bb_local_parts *p, struct bb_str s)
{
    int v = 0;
    /* spreadsheets make "3.0" of a column that once held an empty cell */
    if (s.n > 2 && memcmp(s.p + s.n - 2, ".0", 2) == 0) s.n -= 2;
    if (s.n == 0 || s.n > 2) return 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') return 0;
        v = v * 10 + s.p[i] - '0';
    }
    p->interval = v;
    p->has_interval = 1;
    return 1;
}

static int take_hour(struct bb_local_parts *p, struct bb_str s)
{
    int extra = 0;
    if (s.n > 2 && memcmp(s.p + s.n - 2, ".0", 2) == 0) s.n -= 2;
    if (bb_stamp_hour_ending(s.p, s.n, &p->hour, &extra) != 0 || p->hour > 24) return 0;
    if (extra) p->pass = BB_PASS_SECOND;
    p->has_hour = 1;
    return 1;
}

/* "EST", "EDT", "CST" …: letter, S or D, T */
static int take_label(struct bb_local_parts *p, struct bb_str s)
{
    static const char zones[] = "ecmp"; /* five to eight hours west */
    const char *zone;
    if (s.n != 3 || bb_lower(s.p[2]) != 't' || (zone = memchr(zones, bb_lower(s.p[0]), 4)) == NULL) return 0;
    if (bb_lower(s.p[1]) != 's' && bb_lower(s.p[1]) != 'd') return 0;
    p->has_label = 1;
    p->label_offset_s = -((int32_t)(zone - zones) + 5 - (bb_lower(s.p[1]) == 'd')) * 3600;
    return 1;
}

/* A stamp, or a time of day without its date. */
static int take_stamp(struct bb_local_parts *p, struct bb_str s)
{
    char text[40];
    if (bb_stamp_wall(s.p, s.n, &p->stamp) == 0) return 1;
    if (s.n == 0 || s.n > 12 || s.p[0] < '0' || s.p[0] > '9') return 0;
    memcpy(text, "2000-01-01 ", 11);
    memcpy(text + 11, s.p, s.n);
    p->only_clock = 1;
    return bb_stamp_wall(text, 11 + s.n, &p->stamp) == 0;
}

int bb_local_take(struct bb_local_parts *p, enum bb_role role, struct bb_str s, int field)
{
    switch ((int)role) {
    case BB_TIME_LOCAL_BEGIN:
    case BB_TIME_LOCAL_END:
        p->field = field;
        p->has_stamp = 1;
        p->stamp_is_end = role == BB_TIME_LOCAL_END;
        return take_stamp(p, s);
    case BB_TIME_ZONE_LABEL: return take_label(p, s);
    case BB_TIME_DATE:
        if (p->field < 0) p->field = field;
        p->has_day = 1;
        return bb_stamp_date(s.p, s.n, &p->day) == 0;
    case BB_TIME_HOUR_ENDING: p->field = field; return take_hour(p, s);
    case BB_TIME_INTERVAL: return take_interval(p, s);
    case BB_TIME_REPEATED: p->pass_field = field; return take_flag(p, s);
    default: return 0;
    }
}

/* The record itself names the zone its stamp is written in. */
static int by_label(const struct bb_reader *reader, const struct bb_local_parts *p, struct bb_wall wall,
                    int64_t *stamp_utc_s)
{
    *stamp_utc_s = bb_wall_as_utc(wall) - p->label_offset_s;
    /* an end may still bear the label of the interval that it ends */
    return bb_zone_local(reader->zone, *stamp_utc_s).offset_s == p->label_offset_s ||
           (p->stamp_is_end && bb_zone_local(reader->zone, *stamp_utc_s - 1).offset_s == p->label_offset_s);
}

/* Hours by number on the short and the long day; what row_order.h has to look at. */
static enum bb_order_kind hour_order(const struct bb_reader *reader, const struct bb_local_parts *p,
                                     struct bb_wall wall)
{
    int64_t start, end;
    if (p->hour > 3) return BB_ORDER_SETTLED;
    bb_zone_day(reader->zone, wall.day, &start, &end);
    if (end - start != 23 * 3600) return BB_ORDER_SETTLED;
    return p->hour == 1 ? BB_ORDER_SHORT_FIRST : p->hour == 2 ? BB_ORDER_SHORT_SECOND : BB_ORDER_SHORT_THIRD;
}

int bb_local_begin(const struct bb_reader *reader, const struct bb_local_parts *p, int64_t *utc_s_ret,
                   struct bb_order_need *need, struct bb_flaw *flaw)
{
    int by_order = (reader->format->flags & BB_FORMAT_ROW_ORDER) != 0;
    int step = reader->dataset.minutes * 60;
    struct bb_wall wall = p->stamp;
    enum bb_wall_kind kind;
    int64_t utc_s[2];
    if (!p->has_stamp) {
        int per_hour = 3600 / step;
        if (p->has_interval && (p->interval < 1 || p->interval > per_hour)) {
            bb_flaw_set(flaw, "bad_time", p->field, "interval %d of an hour that has %d", p->interval, per_hour);
            return 0;
        }
        wall.day = p->day;
        wall.second = (p->has_hour ? p->hour - 1 : 0) * 3600 + (p->has_interval ? (p->interval - 1) * step : 0);
    }
    if (p->only_clock) {
        if (!p->has_day && !reader->day_known) {
            bb_flaw_set(flaw, "bad_time", p->field, "a time without its date, and the file does not say the day");
            return 0;
        }
        wall.day += (p->has_day ? p->day : reader->day) - bb_day_of((struct bb_date){ 2000, 1, 1 });
    }
    if (reader->format->flags & BB_FORMAT_FLOOR) {
        need->run_s = (uint16_t)(wall.second % step);
        wall.second -= wall.second % step;
    }
    if (p->has_label) {
        if (by_label(reader, p, wall, &utc_s[0])) {
            *utc_s_ret = utc_s[0] - (p->stamp_is_end ? step : 0);
            return 1;
        }
        bb_flaw_set(flaw, "contradiction", p->field, "the zone named beside this local time does not hold then");
        return 0;
    }
    kind = bb_zone_utc(reader->zone, wall, utc_s);
    if (by_order && p->has_hour && !p->has_stamp) {
        need->kind = hour_order(reader, p, wall);
        need->field = p->field;
        if (need->kind == BB_ORDER_SHORT_THIRD) { /* the second hour of the day, if it is one */
            *utc_s_ret = bb_wall_as_utc(wall) - bb_zone_local(reader->zone, bb_wall_as_utc(wall)).offset_s - 3600;
            return 1;
        }
    }
    if (kind == BB_WALL_TWICE && p->pass == BB_PASS_UNSAID && by_order) {
        if (p->has_stamp || (reader->format->flags & BB_FORMAT_DOUBLED_HOUR)) {
            need->kind = BB_ORDER_TWICE;
            need->field = p->field;
            need->second_utc_s = (uint32_t)(utc_s[1] - (p->stamp_is_end ? step : 0));
        }
        kind = BB_WALL_UNIQUE; /* the first pass until the order of rows says otherwise */
        utc_s[1] = utc_s[0];
    }
    if (kind == BB_WALL_GAP) {
        bb_flaw_set(flaw, "no_such_local_time", p->field,
                    "this local time does not exist: the clock was put forward over it");
        return 0;
    }
    if (kind == BB_WALL_TWICE && p->pass == BB_PASS_UNSAID) {
        bb_flaw_set(flaw, "ambiguous_hour", p->field,
                    "this local time occurs twice and nothing in the record says which one is meant");
        return 0;
    }
    if (kind != BB_WALL_TWICE && p->pass == BB_PASS_SECOND) {
        bb_flaw_set(flaw, "contradiction", p->pass_field >= 0 ? p->pass_field : p->field,
                    "marked as the repeated hour, but this local time occurs only once");
        return 0;
    }
    *utc_s_ret = utc_s[p->pass == BB_PASS_SECOND] - (p->stamp_is_end ? step : 0);
    return 1;
}
