#include "markets/eastern_hint.h"

/* The first Sunday on or after a day of a month. */
static int32_t sunday_from(int32_t year, int32_t month, int32_t day)
{
    int32_t d = bb_day_of((struct bb_date){ year, month, day });
    return d + (10 - d % 7) % 7; /* 1970-01-01 was a Thursday, 1970-01-04 a Sunday */
}

uint32_t bb_eastern_hint(struct bb_wall wall)
{
    struct bb_date date = bb_date_of(wall.day);
    int64_t wall_s = (int64_t)wall.day * 86400 + wall.second, begin, end, utc_s;
    if (date.year < 1970 || date.year > 2105) return 0;
    begin = (int64_t)(date.year >= 2007 ? sunday_from(date.year, 3, 8) : sunday_from(date.year, 4, 1)) * 86400;
    end = (int64_t)(date.year >= 2007 ? sunday_from(date.year, 11, 1) : sunday_from(date.year, 10, 25)) * 86400;
    utc_s = wall_s + (wall_s >= begin + 7200 && wall_s < end + 7200 ? 4 : 5) * 3600;
    return utc_s > 0 && utc_s < UINT32_MAX ? (uint32_t)utc_s : 0;
}
