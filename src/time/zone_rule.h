/* The rule by which a zone's clock goes on after the last entry of its table: a POSIX TZ text such as
 * "EST5EDT,M3.2.0,M11.1.0" or "<-05>5", with the extensions of RFC 8536 (hours of a day from -167 to 167). */
#ifndef BB_ZONE_RULE_H
#define BB_ZONE_RULE_H

#include "base/str.h"

struct bb_zone_rule_date {
    char kind; /* 'M': month.week.day; 'J': day 1 … 365 without 29 February; 'N': day 0 … 365 */
    int32_t month, week, weekday; /* of 'M'; week 5 is the last, weekday 0 is Sunday */
    int32_t day_of_year;          /* of 'J' and 'N' */
    int32_t second;               /* of the wall clock that holds until then; may lie outside of the day */
};

struct bb_zone_rule {
    int32_t std_offset_s, dst_offset_s; /* east of UTC is positive */
    int has_dst;
    struct bb_zone_rule_date to_dst, to_std;
};

/* 0 on success, -1 when text is no such rule. */
int bb_zone_rule_parse(struct bb_str text, struct bb_zone_rule *rule_ret);

/* The stretch of constant offset around an instant (years 0 … 12000); without daylight saving time it has no limits. */
void bb_zone_rule_span(const struct bb_zone_rule *rule, int64_t utc_s, int64_t *start_utc_s_ret,
                       int64_t *end_utc_s_ret, int32_t *offset_s_ret);

#endif
