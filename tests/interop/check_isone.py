#!/usr/bin/env python3
"""ISO-NE: the operator's files (real and reconstructed) read here in plain Python by the rules of the format's description against
what busbar makes of them, row by row.

usage: check_isone.py PROGRAM [SAMPLES]
"""
import csv
import datetime
import io
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from lake_compare import EASTERN, UTC, Checks, Clock, ancillary_row, check_generated, converted, differences, energy_row, price

TYPES = {"HUB": "HUB", "LOAD ZONE": "ZONE", "EXT. NODE": "INTERFACE", "HUB NODE": "NODE", "DRRAZ": "AGGREGATE", "NETWORK NODE": "NODE"}
ZONES = {"7000": "ROS", "7001": "SWCT", "7002": "CT", "7003": "NEMABSTN"}


NAMED = dict(line.split(" ", 1) for line in """4000 .H.INTERNAL_HUB
4001 .Z.MAINE
4002 .Z.NEWHAMPSHIRE
4003 .Z.VERMONT
4004 .Z.CONNECTICUT
4005 .Z.RHODEISLAND
4006 .Z.SEMASS
4007 .Z.WCMASS
4008 .Z.NEMASSBOST
4010 .I.SALBRYNB345 1
4011 .I.ROSETON 345 1
4013 .I.HQHIGATE120 2""".splitlines())


def midnight(day):
    return datetime.datetime.combine(day, datetime.time()).replace(tzinfo=EASTERN).astimezone(UTC)


def hours_of(day):
    return int((midnight(day + datetime.timedelta(days=1)) - midnight(day)).total_seconds()) // 3600


def hour_start(day, label, seen_before):
    """HE n is the n-th hour of an ordinary day; the long day has 02 and 02X (or 02 twice), the short one has no 03."""
    n, length = int(label.rstrip("X")), hours_of(day)
    index = n - 1
    if length == 25 and (label == "02X" or (label == "02" and seen_before) or n > 2):
        index += 1
    if length == 23 and n > 3:
        index -= 1
    return midnight(day) + datetime.timedelta(hours=index)


def voltage(name):
    if not name.startswith(("UN.", "LD.", "HC.", "AR.", ".I.")):
        return None
    text = name[11:15].strip()
    return float(text) if re.fullmatch(r"[0-9.]+", text) else None


def type_by_name(name):
    return {".H.": "HUB", ".Z.": "ZONE", ".I.": "INTERFACE", "DR.": "AGGREGATE"}.get(name[:3], "NODE")


def read(path, prelim=False):
    names, seen, clock = None, {}, Clock()
    day_of_file = None
    for r in csv.reader(io.StringIO(path.read_text())):
        if not r:
            continue
        if r[0] == "C":
            m = re.search(r"Report for: (\d\d/\d\d/\d{4})", r[1])
            if m:
                day_of_file = datetime.datetime.strptime(m[1], "%m/%d/%Y").date()
        if r[0] == "H" and names is None:
            names = r
        if r[0] != "D":
            continue
        cells = dict(zip(names, r))
        parts = [cells.get("Locational Marginal Price", cells.get("LMP")), cells.get("Energy Component"), cells.get("Congestion Component"),
                 cells.get("Marginal Loss Component", cells.get("Loss Component"))]
        date = cells.get("Date") or cells.get("Local Date")
        day = datetime.datetime.strptime(date, "%m/%d/%Y").date() if date else None
        where = cells.get("Location ID") or cells.get("Location") or cells.get("Reserve Zone ID")
        if "Hour Ending" in cells:
            key = day, cells["Hour Ending"], where
            seen[key] = seen.get(key, 0) + 1
            start = hour_start(day, cells["Hour Ending"], seen[key] > 1)
        if "daasreservedata" in path.name:
            for product, standard, title, megawatts in (
                    ("TMSR", "SPIN", "Ten Minute Spinning Reserve Clearing Price", "TMSR Designated MW"),
                    ("TMNSR", "NON_SPIN", "Ten Minute Reserve Clearing Price", "TMNSR Designated MW"),
                    ("TMOR", "SUPPLEMENTAL", "Total Thirty Reserve Clearing Price", "TMOR Designated MW"),
                    ("FER", "FORECAST_ENERGY", "FER Price", "EIR Designated MW")):
                yield ancillary_row("ISONE", "DA", 60, start, product, standard, ZONES[where], price(cells[title]), price(cells[megawatts]),
                                    "$/MW", "ISONE daasreservedata", 1)
        elif "fiveminreserve" in path.name:
            wall = datetime.datetime.strptime(cells["Local Time"], "%m/%d/%Y %H:%M:%S")
            start = clock.utc(wall, where)
            for product, standard, title, megawatts in (
                    ("TMSR", "SPIN", "Ten-Minute Spinning Reserve Clearing Price", "Ten Minute Spinning Reserve Designated MW"),
                    ("TMNSR", "NON_SPIN", "Ten-Minute Reserve Clearing Price", "Ten Minute Non Spinning Reserve Designated MW"),
                    ("TMOR", "SUPPLEMENTAL", "Total Reserve Clearing Price", "Thirty Minute OperatingReserve Designated MW")):
                yield ancillary_row("ISONE", "RT", 5, start, product, standard, cells["Reserve Zone Name"], price(cells[title]),
                                    price(cells[megawatts]), "$/MW", "ISONE fiveminreserveprice_final", 2)
        elif "finalhourlyreserve" in path.name:
            for product, standard, title in (("TMSR", "SPIN", "Ten Minute Spinning Reserve Clearing Price"),
                                             ("TMNSR", "NON_SPIN", "Ten Minute Reserve Clearing Price"),
                                             ("TMOR", "SUPPLEMENTAL", "Total Reserve Clearing Price")):
                yield ancillary_row("ISONE", "RT", 60, start, product, standard, ZONES[where], price(cells[title]),
                                    price(cells[f"{product} Designated MW"]), "$/MW", "ISONE finalhourlyreserveprice", 2)
        elif "fiveminrcp" in path.name:
            start = clock.utc(datetime.datetime.strptime(cells["Local Time"], "%m/%d/%Y %H:%M:%S"), "")
            for product, standard, unit, title in (("REG_SERVICE", "REG_MILEAGE", "$/MW-mile", "Regulation Service Price"),
                                                   ("REG_CAPACITY", "REG", "$/MW", "Regulation Capacity Price")):
                yield ancillary_row("ISONE", "RT", 5, start, product, standard, "SYSTEM", price(cells[title]), None, unit,
                                    "ISONE fiveminrcp_final", 2)
        elif "lmp_5min" in path.name:
            start = clock.utc(datetime.datetime.combine(day_of_file, datetime.time.fromisoformat(cells["Local Time"])), where)
            kind = "HUB" if where == "4000" else "ZONE" if 4001 <= int(where) <= 4009 else "INTERFACE" if 4010 <= int(where) <= 4099 else "NODE"
            name = NAMED.get(where, where)
            yield energy_row("ISONE", "RT", 5, start, name, where, kind, None, voltage(name), *map(price, parts),
                             "ISONE lmp_5min_prelim" if prelim else "ISONE lmp_5min_final", 1 if prelim else 2)
        elif "prelim" in path.name:
            name = cells["Location"]
            yield energy_row("ISONE", "RT", 60, start, name, None, type_by_name(name), None, voltage(name), *map(price, parts),
                             "ISONE lmp_rt_prelim", 1)
        else:
            report = "lmp_rt_final" if "rt_final" in path.name else "WW_DALMP_ISO"
            name = cells["Location Name"]
            yield energy_row("ISONE", "RT" if report == "lmp_rt_final" else "DA", 60, start, name, where, TYPES[cells["Location Type"]], None,
                             voltage(name), *map(price, parts), f"ISONE {report}", 2 if report == "lmp_rt_final" else 1)


def main():
    busbar = os.path.abspath(sys.argv[1])
    samples = Path(sys.argv[2] if len(sys.argv) > 2 else os.environ.get("BUSBAR_SAMPLES", "../shared/samples")) / "isone"
    check = Checks()
    check_generated(check, busbar, [f"isone.{r}" for r in ("WW_DALMP_ISO", "lmp_rt_final", "lmp_rt_prelim", "lmp_5min_final", "lmp_5min_prelim",
                                                           "daasreservedata", "finalhourlyreserveprice", "fiveminreserveprice_final",
                                                           "fiveminrcp_final")], lambda path: read(path, "prelim" in str(path)))
    if not samples.is_dir():
        print(f"SKIPPED: no folder {samples}")
        return check.end()
    files = sorted(p for p in samples.glob("*/*.csv") if p.parent.name != "dst_excerpts")
    for path in files:
        want = list(read(path))
        if "lmp_5min" in path.name:
            code, stderr, got = converted(busbar, [path])
            check(f"{path.name}: preliminary or final is not guessed", None if code == 3 and not got else f"exit {code}: {stderr}")
            for folder, prelim in (("5min-rt-final", False), ("5min-rt-prelim", True)):
                with tempfile.TemporaryDirectory() as scratch:
                    copy = Path(scratch) / folder / path.name
                    copy.parent.mkdir()
                    shutil.copy(path, copy)
                    code, stderr, got = converted(busbar, [copy])
                    check(f"{folder}/{path.name}", stderr if code else differences(list(read(path, prelim)), got))
            continue
        code, stderr, got = converted(busbar, [path])
        check(f"{path.name}: exit code", None if code == 0 else f"{code}: {stderr[-300:]}")
        check(f"{path.name}: {len(want)} rows", differences(want, got) if want else "nothing was read")
    # labels as published on both switch days: every label has its hour
    for path in sorted((samples / "dst_excerpts").glob("*.csv")):
        for r in csv.DictReader(path.open()):
            day = datetime.date.fromisoformat(r["date"])
            want = midnight(day) + datetime.timedelta(hours=int(r["seq"]))
            check(f"{r['date']} {r['hour_ending']}", None if hour_start(day, r["hour_ending"], False) == want else f"not hour {r['seq']}")
    # a cut download and a stub
    whole = next(samples.glob("rt_lmp_hourly_final/*.csv"))
    with tempfile.TemporaryDirectory() as scratch:
        lines = whole.read_text().splitlines(keepends=True)
        for what, text in (("without its trailer", "".join(lines[:1000])), ("with lines missing", "".join(lines[:1000] + lines[1100:]))):
            cut = Path(scratch) / whole.name
            cut.write_text(text)
            code, stderr, got = converted(busbar, [cut])
            check(f"a file {what} is refused", None if code in (1, 3) and not got and cut.name in stderr else f"exit {code}: {stderr[-300:]}")
        stub = Path(scratch) / "lmp_rt_final_20150101.csv"
        stub.write_text("No data exists for this period.")
        code, stderr, got = converted(busbar, [stub, samples / "reconstructed/WW_DALMP_ISO_20251102.reconstructed.csv"])
        check("an answer without data is no failure", None if code == 0 else f"exit {code}: {stderr[-300:]}")
    return check.end()


if __name__ == "__main__":
    sys.exit(main())
