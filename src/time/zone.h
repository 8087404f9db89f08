/* Time zones and the calendar. An instant is int64_t …_utc_s (seconds since 1970-01-01 UTC); a wall-clock time is struct
 * bb_wall and cannot be assigned to it. Rules come from the system's IANA data (TZif files). */
#ifndef BB_ZONE_H
#define BB_ZONE_H

#include "base/mem.h"

struct bb_wall {    /* a wall-clock time, without saying where */
    int32_t day;    /* days since 1970-01-01 of the proleptic Gregorian calendar */
    int32_t second; /* 0 … 86399 (86400 is normalised by the parsers to second 0 of the next day) */
};

struct bb_zone;
/* name like "America/New_York" or "Etc/GMT+5". dir NULL: the system's zoneinfo folder. The zone is immutable; share it between
 * threads. BB_IO with place and way out ("install tzdata") when the file is missing or damaged. */
enum bb_status bb_zone_open(const char *name, const char *dir, struct bb_budget *budget, struct bb_zone **zone_ret,
                            struct bb_error *err) BB_WARN_UNUSED;
void bb_zone_close(struct bb_zone *zone);
const char *bb_zone_name(const struct bb_zone *zone);

struct bb_local {
    struct bb_wall wall;
    int32_t offset_s;  /* east of UTC is positive */
    int second_of_two; /* this wall-clock hour happened before: the repeated hour in autumn */
};
struct bb_local bb_zone_local(const struct bb_zone *zone, int64_t utc_s);

enum bb_wall_kind { BB_WALL_UNIQUE, BB_WALL_GAP, BB_WALL_TWICE };
/* GAP: no such time, nothing is written. TWICE: utc_s_ret[0] is the first pass, [1] the second. UNIQUE: both are equal. */
enum bb_wall_kind bb_zone_utc(const struct bb_zone *zone, struct bb_wall wall, int64_t utc_s_ret[2]);

/* First instant of a local day, and of the next: their distance is 23, 24 or 25 hours. */
void bb_zone_day(const struct bb_zone *zone, int32_t day, int64_t *start_utc_s_ret, int64_t *end_utc_s_ret);

/* Calendar */
struct bb_date {
    int32_t year, month, day;
}; /* month and day from 1 */
int32_t bb_day_of(struct bb_date date);
struct bb_date bb_date_of(int32_t day);
int bb_date_valid(int32_t year, int32_t month, int32_t day); /* 1600 … 9999 */

#endif
