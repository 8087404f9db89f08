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

int bb_local_take(struct bb_local_parts *p, enum bb_role role, struct bb_str s, int field)
{
    switch ((int)role) {
    case BB_TIME_LOCAL_BEGIN:
    case BB_TIME_LOCAL_END:
        p->field = field;
        p->has_stamp = 1;
        p->stamp_is_end = role == BB_TIME_LOCAL_END;
        return bb_stamp_wall(s.p, s.n, &p->stamp) == 0;
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

int bb_local_begin(const struct bb_reader *reader, const struct bb_local_parts *p, int64_t *utc_s_ret,
                   struct bb_flaw *flaw)
{
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
    if (reader->format->flags & BB_FORMAT_FLOOR) wall.second -= wall.second % step;
    kind = bb_zone_utc(reader->zone, wall, utc_s);
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
