#!/usr/bin/env python3
"""Writes zone_expectations.h: what Python's zoneinfo says about the zones of the operators (and three odd ones), 1999-2045.

Run it again when the IANA rules change:  python3 make_zone_expectations.py > zone_expectations.h
"""
import datetime as dt
import zoneinfo

ZONES = ["America/New_York", "America/Los_Angeles", "America/Chicago", "Etc/GMT+5",
         "America/Sao_Paulo",      # days that start at 01:00
         "Australia/Lord_Howe",    # half an hour, southern
         "Europe/Dublin"]          # "daylight saving time" in winter, with a negative shift
FIRST, LAST = 1999, 2045
UTC = dt.timezone.utc


def offset(zone, utc_s):
    return int(dt.datetime.fromtimestamp(utc_s, UTC).astimezone(zone).utcoffset().total_seconds())


def changes(zone):
    """Every change of the offset: look once an hour, then halve."""
    t, end = (int(dt.datetime(y, 1, 1, tzinfo=UTC).timestamp()) for y in (FIRST, LAST + 1))
    before = offset(zone, t)
    while t < end:
        after = offset(zone, t + 3600)
        if after != before:
            low, high = t, t + 3600
            while high - low > 1:
                middle = (low + high) // 2
                if offset(zone, middle) == before:
                    low = middle
                else:
                    high = middle
            yield high, before, after
            before = after
        t += 3600


def day_of_change(zone, utc_s):
    """Local date of the second before the change or, when that date is over, of the change; its first and last second."""
    day = dt.datetime.fromtimestamp(utc_s - 1, UTC).astimezone(zone).date()
    if dt.datetime.fromtimestamp(utc_s, UTC).astimezone(zone).date() > day:
        day += dt.timedelta(days=1)
    seconds = [s for s in range(utc_s - 30 * 3600, utc_s + 30 * 3600, 1800)
               if dt.datetime.fromtimestamp(s, UTC).astimezone(zone).date() == day]
    return (day - dt.date(1970, 1, 1)).days, seconds[0], seconds[-1] + 1800


print("/* Made by make_zone_expectations.py from Python's zoneinfo; not from the code under test. */")
print("static const struct expected_change {")
print("    int64_t utc_s;                    /* the first second with the new offset */")
print("    int32_t before_s, after_s;        /* offsets, east positive */")
print("    int32_t day;                      /* the local day in which it falls */")
print("    int64_t day_start_utc_s, day_end_utc_s;")
print("} expected_changes[] = {")
table, n = [], 0
for name in ZONES:
    zone = zoneinfo.ZoneInfo(name)
    first = n
    start = offset(zone, int(dt.datetime(FIRST, 1, 1, tzinfo=UTC).timestamp()))
    for utc_s, before, after in changes(zone):
        day, day_start, day_end = day_of_change(zone, utc_s)
        print(f"    {{ {utc_s}, {before}, {after}, {day}, {day_start}, {day_end} }},")
        n += 1
    table.append((name, first, n, start))
print("};")
print("static const struct expected_zone {")
print("    const char *name;")
print("    size_t first, end; /* of expected_changes */")
print("    int32_t start_s;   /* the offset at the start of %d */" % FIRST)
print("} expected_zones[] = {")
for name, first, end, start in table:
    print(f'    {{ "{name}", {first}, {end}, {start} }},')
print("};")
for name, year in (("EXPECTED_FIRST_UTC_S", FIRST), ("EXPECTED_END_UTC_S", LAST + 1)):
    print(f"#define {name} INT64_C({int(dt.datetime(year, 1, 1, tzinfo=UTC).timestamp())})")
