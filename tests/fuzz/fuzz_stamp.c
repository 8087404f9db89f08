/* The parsers of stamp.h on any text: no access outside, results in range, and doors that agree where they must. */
#include "time/stamp.h"

#include "time/zone_rule.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int32_t day_min = bb_day_of((struct bb_date){ 1600, 1, 1 }),
                  day_max = bb_day_of((struct bb_date){ 10000, 1, 1 });
    char *text = malloc(size ? size : 1), *zulu = malloc(size + 1);
    struct bb_wall wall = { 0 };
    struct bb_zone_rule rule;
    int32_t day = 0, offset_s;
    int64_t utc_s = 0, start, end;
    int hour = 0, extra = 0, has_wall;

    if (!text || !zulu) abort();
    if (size) memcpy(text, data, size);
    has_wall = bb_stamp_wall(text, size, &wall) == 0;
    if (has_wall) {
        check(wall.second >= 0 && wall.second < 86400 && wall.day >= day_min && wall.day <= day_max);
        /* The same text with a Z is UTC, unless it is a date alone. */
        memcpy(zulu, text, size);
        zulu[size] = 'Z';
        if (bb_stamp_utc(zulu, size + 1, &utc_s) == 0)
            check(utc_s == bb_wall_as_utc(wall));
        else
            check(bb_stamp_date(text, size, &day) == 0 && !memchr(text, ':', size));
    }
    if (bb_stamp_date(text, size, &day) == 0) check(has_wall && wall.day == day && wall.second == 0);
    if (bb_stamp_utc(text, size, &utc_s) == 0)
        check(!has_wall && utc_s > (int64_t)(day_min - 2) * 86400 && utc_s < (int64_t)(day_max + 2) * 86400);
    if (bb_stamp_hour_ending(text, size, &hour, &extra) == 0)
        check(hour >= 1 && hour <= 25 && (hour < 25 || extra == 1) && (extra == 0 || extra == 1));
    if (bb_zone_rule_parse((struct bb_str){ text, size }, &rule) == 0)
        for (int64_t t = 0; t < 2000000000; t += 123456789) {
            bb_zone_rule_span(&rule, t, &start, &end, &offset_s);
            check(start <= t && t < end && (offset_s == rule.std_offset_s || offset_s == rule.dst_offset_s));
        }
    free(text);
    free(zulu);
    return 0;
}
