/* Dates and times as the operators spell them. All parsers take exactly [p, p + n), blanks around allowed, and return 0 on
 * success, -1 when the text is none of the accepted spellings or no real date or time. No locale, no allocation. */
#ifndef BB_STAMP_H
#define BB_STAMP_H

#include "time/zone.h"

/* Dates: 2024-01-31, 20240131, 1/31/2024, 01/31/2024, 2024/01/31, 1/31/24 (years 00-68 are 2000s), 31-Jan-2024.
 * A trailing time of zero ("2024-01-31 00:00:00", "T00:00:00", "1/31/2024 12:00:00 AM") is accepted. */
int bb_stamp_date(const char *p, size_t n, int32_t *day_ret);

/* Date and time without zone: the date spellings above, then 'T' or blanks, then H:MM, HH:MM, HH:MM:SS, HH:MM:SS.ffffff
 * (a fraction is dropped), optionally " AM" / " PM". 24:00 is 0:00 of the next day. A date alone is midnight. */
int bb_stamp_wall(const char *p, size_t n, struct bb_wall *wall_ret);

/* Date and time with an offset: …Z, …+00:00, …-00:00, …-0500, …-05 (also with a blank before it). */
int bb_stamp_utc(const char *p, size_t n, int64_t *utc_s_ret);

/* Seconds since 1970 of a wall-clock time taken as UTC (PJM datetime_beginning_utc, SPP GMTIntervalEnd). */
static inline int64_t bb_wall_as_utc(struct bb_wall w) { return (int64_t)w.day * 86400 + w.second; }

/* Hour ending: "1" … "24", "01", "01:00" … "24:00", "01:00:00", "HE 1", "HE01"; also "25" (CAISO's repeated hour) and "02X"
 * (ISO-NE's), which set *extra_ret to 1
 * (*hour_ret is 25 and 2 then). Minutes and seconds must be zero. */
int bb_stamp_hour_ending(const char *p, size_t n, int *hour_ret, int *extra_ret);

#endif
