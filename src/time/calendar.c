/* The proleptic Gregorian calendar. Years are counted from March, so that the leap day is the last day of its year. */
#include "time/zone.h"

#define DAYS_PER_ERA  146097 /* 400 years */
#define DAYS_TO_EPOCH 719468 /* 0000-03-01 … 1970-01-01 */

int32_t bb_day_of(struct bb_date date)
{
    int32_t year = date.year - (date.month <= 2);
    int32_t era = (year >= 0 ? year : year - 399) / 400;
    int32_t year_of_era = year - era * 400;
    int32_t month_from_march = date.month > 2 ? date.month - 3 : date.month + 9;
    int32_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    int32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_EPOCH;
}

struct bb_date bb_date_of(int32_t day)
{
    int64_t shifted = (int64_t)day + DAYS_TO_EPOCH;
    int32_t era = (int32_t)((shifted >= 0 ? shifted : shifted - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA);
    int32_t day_of_era = (int32_t)(shifted - (int64_t)era * DAYS_PER_ERA);
    int32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int32_t month_from_march = (5 * day_of_year + 2) / 153;
    struct bb_date date;
    date.day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    date.month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    date.year = era * 400 + year_of_era + (date.month <= 2);
    return date;
}

int bb_date_valid(int32_t year, int32_t month, int32_t day)
{
    static const int8_t month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (year < 1600 || year > 9999 || month < 1 || month > 12 || day < 1) return 0;
    return day <= month_days[month - 1] + (month == 2 && leap);
}
