#!/usr/bin/env python3
"""NYISO: the operator's files (real and reconstructed) read here in plain Python by the rules of the format's description, and by
gridstatus, against what busbar makes of them, row by row.

usage: check_nyiso.py PROGRAM [SAMPLES]
"""
import csv
import datetime
import io
import os
import sys
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from lake_compare import UTC, Checks, Clock, ancillary_row, check_generated, converted, differences, energy_part, energy_row, key_of, price

PROXIES = {"61844", "61845", "61846", "61847"}
ZONES = {str(n) for n in range(61752, 61763)}


def stamp(text):
    for form in ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%Y/%m/%d %H:%M:%S", "%m/%d/%y %H:%M"):
        try:
            return datetime.datetime.strptime(text, form)
        except ValueError:
            pass
    raise ValueError(text)


def kind_of(ptid):
    return "INTERFACE" if ptid in PROXIES else "ZONE" if ptid in ZONES else "GEN"


def lbmp_rows(records, market, minutes, is_end, source, version=None):
    clock = Clock()
    for r in records:
        time, name, ptid, total, loss, congestion = r[:6]
        start = clock.utc(stamp(time), ptid) - datetime.timedelta(minutes=minutes if is_end else 0)
        turned = str(-Decimal(congestion))
        kind = kind_of(ptid)
        yield energy_row("NYISO", market, minutes, start, name, ptid, kind, name if kind == "ZONE" else None, None, price(total),
                         energy_part(total, turned, loss), price(turned), price(loss), source, int(r[6]) if version else 1)


WORDS = [("10 Min Spin", "10_MIN_SPIN", "SPIN", "$/MW"), ("10 Min Non", "10_MIN_NON_SYNC", "NON_SPIN", "$/MW"),
         ("30 Min", "30_MIN_OR", "SUPPLEMENTAL", "$/MW"), ("Movement", "REGULATION_MOVEMENT", "REG_MILEAGE", "$/MW-mile"),
         ("Regulation", "REGULATION_CAPACITY", "REG", "$/MW")]


def as_rows(header, records, market, minutes, source):
    clock = Clock()
    offsets = {"EDT": 4, "EST": 5}
    for r in records:
        cells = dict(zip(header, r))
        wall = stamp(cells["Time Stamp"])
        zone = cells.get("Name")
        if "Time Zone" in cells:
            start = (wall + datetime.timedelta(hours=offsets[cells["Time Zone"]])).replace(tzinfo=UTC)
        else:
            start = clock.utc(wall, zone)
        if market == "RT":
            start -= datetime.timedelta(minutes=5)
        for title, text in cells.items():
            word = next((w for w in WORDS if w[0] in title), None)
            if word is None:
                continue
            region = zone or ("EAST" if title.startswith("East") else "WEST" if title.startswith("West") else "NYCA")
            yield ancillary_row("NYISO", market, minutes, start, word[1], word[2], region, price(text), None, word[3], source, 1)


def read(path):
    records = [r for r in csv.reader(io.StringIO(path.read_text())) if r]
    header, records = [h.strip() for h in records[0]], records[1:]
    name = path.name
    if header[0] == "Eastern Date Hour":
        offsets = {"EDT": 4, "EST": 5}
        for r in records:
            start = (stamp(r[0]) + datetime.timedelta(hours=offsets[r[1]])).replace(tzinfo=UTC)
            row = next(lbmp_rows([["01/01/2000 00:00"] + r[2:]], "DA", 60, False, "NYISO oasis_dam_zonal_lbmp", True))[1]
            yield energy_row("NYISO", "DA", 60, start, row["settlement_location"], row["settlement_location_id"],
                             row["settlement_location_type"], row["zone"], None, row["lmp_total"], row["lmp_energy"], row["lmp_congestion"],
                             row["lmp_loss"], row["data_source"], row["version"])
    elif header[0] == "RTC End Time Stamp":
        for dataset, row in lbmp_rows(records, "RTC", 15, True, "NYISO oasis_rtc_zonal_lbmp", True):
            yield dataset, row
    elif "damasp" in name:
        yield from as_rows(header, records, "DA", 60, "NYISO damasp")
    elif "rtasp" in name:
        yield from as_rows(header, records, "RT", 5, "NYISO rtasp")
    else:
        report = next(w for w in ("damlbmp_zone", "damlbmp_gen", "rtlbmp_zone", "rtlbmp_gen", "realtime_zone", "realtime_gen") if w in name)
        market, minutes = {"da": ("DA", 60), "rt": ("RT", 60), "re": ("RT", 5)}[report[:2]]
        yield from lbmp_rows(records, market, minutes, minutes == 5, f"NYISO {report}")


def gridstatus_agrees(path, want):
    """gridstatus reads the same text; it rounds its energy part to cents, where ours is exact."""
    import gridstatus
    import pandas as pd
    from gridstatus.base import Markets

    nyiso = gridstatus.NYISO()
    dataset = next(w for w in ("damlbmp", "rtlbmp", "realtime") if w in path.name)
    market = {"damlbmp": Markets.DAY_AHEAD_HOURLY, "rtlbmp": Markets.REAL_TIME_HOURLY, "realtime": Markets.REAL_TIME_5_MIN}[dataset]
    frame = nyiso._handle_time(pd.read_csv(path, float_precision="round_trip"), dataset)
    frame = nyiso._process_lmp_data(frame, "latest", market, "generator" if "_gen" in path.name else "zone", "ALL")
    theirs = {}
    for start, end, name, *values in frame[["Interval Start", "Interval End", "Location", "LMP", "Energy", "Congestion", "Loss"]].itertuples(index=False):
        theirs[start.tz_convert("UTC").to_pydatetime(), name] = [end.tz_convert("UTC").to_pydatetime()] + [v + 0.0 for v in values]
    mine = {(row["datetime_utc"], row["settlement_location"]):
            [row["interval_end_utc"], row["lmp_total"], row["lmp_energy"], row["lmp_congestion"], row["lmp_loss"]] for _, row in want}
    differing = [k for k in set(theirs) | set(mine) if theirs.get(k) != mine.get(k)]
    return f"{len(differing)} differ, {[(k, theirs.get(k), mine.get(k)) for k in sorted(differing, key=str)[:2]]}" if differing else None


def gridstatus_agrees_as(path, want):
    import gridstatus
    import pandas as pd

    nyiso = gridstatus.NYISO()
    real_time = "rtasp" in path.name
    frame = nyiso._handle_time(pd.read_csv(path, float_precision="round_trip"), "rtasp" if real_time else "damasp")
    frame = nyiso._handle_as_prices(frame, "rt" if real_time else "dam")
    words = {"10 Min Spin Reserves": "10_MIN_SPIN", "10 Min Non-Spin Reserves": "10_MIN_NON_SYNC", "30 Min Reserves": "30_MIN_OR",
             "Regulation Capacity": "REGULATION_CAPACITY"}
    theirs = {(row["Interval Start"].tz_convert("UTC").to_pydatetime(), words[title], row["Zone"]): row[title]
              for _, row in frame.iterrows() for title in words}
    mine = {key_of(row): row["market_clearing_price"] for _, row in want if row["as_product"] != "REGULATION_MOVEMENT"}
    return None if theirs == mine else f"theirs {sorted(theirs.items(), key=str)[:2]}, ours {sorted(mine.items(), key=str)[:2]}"


# What NYISO publishes as hourly real-time prices of CAPITL for 2021-11-07 01:00, the first pass (EDT) and the second (EST).
FALL_BACK = {datetime.datetime(2021, 11, 7, 5, tzinfo=UTC): Decimal("124.31"), datetime.datetime(2021, 11, 7, 6, tzinfo=UTC): Decimal("77.54")}


def hourly_prices_agree(rows):
    """The operator's hourly price is the mean of the dispatch runs, each weighted by the time from the stamp before to its own. That comes
    out only if every run, those off the five-minute grid as well, lies in the right one of the two hours."""
    by_end = sorted((row["interval_end_utc"], Decimal(str(row["lmp_total"]))) for row in rows)
    for hour, want in FALL_BACK.items():
        end, before, total = hour + datetime.timedelta(hours=1), hour, Decimal(0)
        for stamp_utc, value in by_end:
            if hour < stamp_utc <= end:
                total += value * int((stamp_utc - before).total_seconds())
                before = stamp_utc
        if before != end:
            return f"the hour from {hour} has prices up to {before} only"
        got = (total / 3600).quantize(Decimal("0.01"), ROUND_HALF_UP)
        if got != want:
            return f"the hour from {hour}: {got}, NYISO says {want}"
    return None


def main():
    busbar = os.path.abspath(sys.argv[1])
    samples = Path(sys.argv[2] if len(sys.argv) > 2 else os.environ.get("BUSBAR_SAMPLES", "../shared/samples")) / "nyiso"
    check = Checks()
    check_generated(check, busbar, [f"nyiso.{r}" for r in ("damlbmp_zone", "damlbmp_gen", "rtlbmp_zone", "rtlbmp_gen", "realtime_zone",
                                                           "realtime_gen", "damasp", "rtasp")], read)
    if not samples.is_dir():
        print(f"SKIPPED: no folder {samples}")
        return check.end()
    files = sorted(p for p in samples.glob("*/*.csv") if p.parent.name != "realtime_latest")
    for path in files:
        code, stderr, got = converted(busbar, [path])
        want = list(read(path))
        check(f"{path.name}: exit code", None if code == 0 else f"{code}: {stderr[-300:]}")
        check(f"{path.name}: {len(want)} rows", differences(want, got) if want else "nothing was read")
        try:
            if any(w in path.name for w in ("damlbmp", "rtlbmp", "realtime")):
                check(f"{path.name}: gridstatus", gridstatus_agrees(path, want))
            elif path.name in ("20240530rtasp.reconstructed.csv", "20251102damasp.reconstructed.csv"):  # it knows the layout by zone only
                check(f"{path.name}: gridstatus", gridstatus_agrees_as(path, want))
        except ImportError:
            print("SKIPPED gridstatus: not installed")
    fall_back = sorted(samples.rglob("20211107realtime_zone*.csv"))
    check("fall-back day: a real file", None if fall_back else "no 20211107realtime_zone*.csv among the samples")
    for path in fall_back:
        _, _, got = converted(busbar, [path])
        rows = [row for row in got.get("rt_energy_5min_hub", {}).values() if row["settlement_location"] == "CAPITL"]
        check(f"{path.name}: weighted by time it is the hourly prices", hourly_prices_agree(rows))
    together = {}
    for path in files:
        for dataset, row in read(path):
            together[dataset, key_of(row)[0], row.get("settlement_location_id") or key_of(row)] = (dataset, row)
    code, stderr, got = converted(busbar, files[::-1])
    check("all files together: exit code", None if code == 0 else stderr)
    check("all files together", differences(list(together.values()), got))
    for path in sorted((samples / "realtime_latest").glob("*.csv")):
        code, stderr, got = converted(busbar, [path])
        check(f"{path.name}: refused", None if code == 3 and not got and path.name in stderr else f"exit {code}: {stderr}")
    return check.end()


if __name__ == "__main__":
    sys.exit(main())
