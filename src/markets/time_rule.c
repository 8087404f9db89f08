#include "markets/time_rule.h"
#include "markets/repeated_hour.h"

/* Prices before 1990 or after 2099 do not exist; a stamp there is a typing error. */
#define FIRST_UTC_S INT64_C(631152000)
#define END_UTC_S   INT64_C(4102444800)

struct parts {
    int64_t begin, end;
    int32_t check_day;
    struct bb_wall check_end, check_begin;
    int check_hour;
    int begin_field, end_field, check_field, check_end_field, check_begin_field, check_hour_field; /* -1: none */
    struct bb_local_parts local;
};

static int instant(const struct bb_reader *reader, struct bb_str s, int64_t *utc_s)
{
    struct bb_wall wall;
    if (bb_stamp_utc(s.p, s.n, utc_s) == 0) return 1;
    if (reader->format->flags & BB_FORMAT_OFFSETS) return 0;
    if (bb_stamp_wall(s.p, s.n, &wall) != 0) return 0;
    *utc_s = bb_wall_as_utc(wall); /* the column says that it is UTC */
    return 1;
}

static int read_parts(const struct bb_reader *reader, const struct bb_str *texts, struct parts *p,
                      struct bb_flaw *flaw)
{
    for (int i = 0; i < reader->time.n; i++) {
        struct bb_str s = texts[i];
        int field = reader->time.field[i], ok = 1, extra;
        switch ((int)reader->time.role[i]) {
        case BB_TIME_UTC_BEGIN:
            ok = instant(reader, s, &p->begin);
            p->begin_field = field;
            break;
        case BB_TIME_UTC_END:
            ok = instant(reader, s, &p->end);
            p->end_field = field;
            break;
        case BB_TIME_CHECK_LOCAL:
            ok = bb_stamp_date(s.p, s.n, &p->check_day) == 0;
            p->check_field = field;
            break;
        case BB_TIME_CHECK_LOCAL_BEGIN:
            if (bb_stamp_wall(s.p, s.n, &p->check_begin) == 0) p->check_begin_field = field;
            break;
        case BB_TIME_CHECK_LOCAL_HOUR:
            if (bb_stamp_hour_ending(s.p, s.n, &p->check_hour, &extra) == 0) p->check_hour_field = field;
            break;
        case BB_TIME_CHECK_LOCAL_END:
            ok = bb_stamp_wall(s.p, s.n, &p->check_end) == 0;
            p->check_end_field = field;
            break;
        default: ok = bb_local_take(&p->local, reader->time.role[i], s, field); break;
        }
        if (ok) continue;
        if (s.n == 0)
            bb_flaw_set(flaw, "missing_time", field, "the time is empty");
        else
            bb_flaw_set(flaw, "bad_time", field, "\"%.*s\" is no date and time", BB_STR_ARG(s));
        return 0;
    }
    return 1;
}

/* The label of an interval that ends when the clock changes: by the new clock in spring (03:00), by the old one in autumn
 * (02:00, which the next hour bears again). Both are taken on both days. */
static int labels_end(const struct bb_zone *zone, int64_t begin, int64_t step, struct bb_wall label)
{
    int64_t text = bb_wall_as_utc(label);
    return text == bb_wall_as_utc(bb_zone_local(zone, begin + step).wall) ||
           text == bb_wall_as_utc(bb_zone_local(zone, begin).wall) + step;
}

/* 25 is not the last hour of the autumn day but the second pass through hour 2. */
static int labels_hour(const struct bb_zone *zone, int64_t begin, int hour_ending)
{
    struct bb_local local = bb_zone_local(zone, begin);
    return hour_ending == local.wall.second / 3600 + 1 || (hour_ending == 25 && local.second_of_two);
}

static int agrees(const struct bb_reader *reader, const struct parts *p, int64_t step, struct bb_flaw *flaw)
{
    const struct bb_zone *zone = reader->zone;
    if (p->check_field >= 0 && bb_zone_local(zone, p->begin).wall.day != p->check_day)
        bb_flaw_set(flaw, "contradiction", p->check_field,
                    "the operator's local day of the interval's start is another one");
    else if (p->check_hour_field >= 0 && !labels_hour(zone, p->begin, p->check_hour))
        bb_flaw_set(flaw, "contradiction", p->check_hour_field,
                    "hour ending %d is not the operator's local hour of the interval's start", p->check_hour);
    else if (p->check_begin_field >= 0 &&
             bb_wall_as_utc(bb_zone_local(zone, p->begin).wall) != bb_wall_as_utc(p->check_begin))
        bb_flaw_set(flaw, "contradiction", p->check_begin_field,
                    "the local label is not the start of the interval that the UTC column names");
    else if (p->check_end_field >= 0 && !labels_end(zone, p->begin, step, p->check_end))
        bb_flaw_set(flaw, "contradiction", p->check_end_field,
                    "the local label is not the end of the interval that the UTC column names");
    else
        return 1;
    return 0;
}

int bb_time_resolve(const struct bb_reader *reader, const struct bb_str *texts, uint32_t *utc_s_ret,
                    struct bb_order_need *need, struct bb_flaw *flaw)
{
    struct parts p = { .begin_field = -1,
                       .end_field = -1,
                       .check_field = -1,
                       .check_end_field = -1,
                       .check_begin_field = -1,
                       .check_hour_field = -1,
                       .local = BB_LOCAL_PARTS_INIT };
    int64_t step = (int64_t)reader->dataset.minutes * 60;
    int field;
    need->kind = BB_ORDER_SETTLED;
    need->run_s = 0;
    if (!read_parts(reader, texts, &p, flaw)) return 0;
    if (p.local.field >= 0) {
        if (!bb_local_begin(reader, &p.local, &p.begin, need, flaw)) return 0;
        p.begin_field = p.local.field;
    }
    field = p.begin_field >= 0 ? p.begin_field : p.end_field;
    if (p.begin_field < 0)
        p.begin = p.end - step;
    else if (p.end_field >= 0 && p.end - p.begin != step) {
        bb_flaw_set(flaw, "contradiction", p.end_field,
                    "the interval lasts %lld seconds in a report of %d-minute prices", (long long)(p.end - p.begin),
                    reader->dataset.minutes);
        return 0;
    }
    p.begin += reader->shift_s;
    if (reader->format->flags & BB_FORMAT_FLOOR) {
        if (p.begin % step > 0)
            need->run_s = (uint16_t)(p.begin % step); /* local stamps have been put back already */
        p.begin -= p.begin % step;
    }
    if (p.begin < FIRST_UTC_S || p.begin >= END_UTC_S) {
        bb_flaw_set(flaw, "bad_time", field, "the year is not one of 1990 to 2099");
        return 0;
    }
    if (reader->until_utc_s && (p.begin < reader->from_utc_s || p.begin >= reader->until_utc_s)) {
        need->kind = BB_ORDER_LEFT_OUT;
        return 1;
    }
    if (p.begin % step != 0 && !(reader->format->flags & BB_FORMAT_OFF_GRID)) {
        bb_flaw_set(flaw, "off_grid", field, "not on the grid of a report of %d-minute prices",
                    reader->dataset.minutes);
        return 0;
    }
    if (!agrees(reader, &p, step, flaw)) return 0;
    *utc_s_ret = (uint32_t)p.begin;
    if (reader->cut_from_utc_s && p.begin + step > reader->cut_from_utc_s && p.begin < reader->cut_to_utc_s)
        need->kind = BB_ORDER_LEFT_OUT;
    return 1;
}
