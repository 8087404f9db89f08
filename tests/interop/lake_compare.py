"""Converts files with busbar and compares every row of the lake with wanted rows: for the scripts that read an operator's files on
their own (check_nyiso.py, check_isone.py)."""
import datetime
import math
import subprocess
import tempfile
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

UTC = datetime.timezone.utc
EASTERN = ZoneInfo("America/New_York")
HUB_TYPES = {"HUB", "ZONE", "INTERFACE", "DC_TIE", "SYSTEM"}
RESOLUTION = {60: "hourly", 15: "15min", 5: "5min"}


class Clock:
    """Wall clock to UTC by the order of a location's rows: first pass until the stamp fails to grow."""

    def __init__(self):
        self.last, self.second = {}, set()

    def utc(self, wall, place):
        first, second = (wall.replace(tzinfo=EASTERN, fold=f).astimezone(UTC) for f in (0, 1))
        if first.astimezone(EASTERN).replace(tzinfo=None) != wall:
            raise ValueError(f"{wall} does not exist")
        if first == second:
            return first
        if place in self.last and wall <= self.last[place]:
            self.second.add(place)
        self.last[place] = wall
        return second if place in self.second else first


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, name, problem=None):
        if problem:
            self.failed += 1
            print(f"FAILED {name}\n    {problem}")
        else:
            self.passed += 1

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def price(text):
    """The nearest double, never a negative zero; None for an empty field."""
    text = text.strip()
    return None if text == "" else float(text) + 0.0


def energy_part(total, congestion, loss):
    """total - congestion - loss of three texts in decimal arithmetic; congestion already turned."""
    return float(Decimal(total) - Decimal(congestion) - Decimal(loss)) + 0.0


def offset_hours(start):
    return int(start.astimezone(EASTERN).utcoffset().total_seconds()) // 3600


def is_second_pass(start):
    """The same wall clock was there an hour ago."""
    return start.astimezone(EASTERN).replace(tzinfo=None) == (start - datetime.timedelta(hours=1)).astimezone(EASTERN).replace(tzinfo=None)


def time_columns(start, minutes, energy):
    local = start.astimezone(EASTERN)
    row = {"datetime_utc": start, "interval_start_utc": start, "interval_end_utc": start + datetime.timedelta(minutes=minutes),
           "datetime_local": local.replace(tzinfo=None, fold=0), "delivery_date": local.date(), "delivery_hour": local.hour + 1,
           "interval_minutes": minutes}
    if energy:
        row["delivery_interval"] = 0 if minutes == 60 else local.minute // minutes + 1
        row["dst_flag"] = "Y" if is_second_pass(start) else "N"
    return row


def energy_row(iso, market, minutes, start, name, id_, type_, zone, voltage, total, energy, congestion, loss, source, version):
    row = time_columns(start, minutes, True)
    row.update(iso=iso, market_type=market, settlement_location=name, settlement_location_id=id_, settlement_location_type=type_, zone=zone,
               voltage_kv=voltage, lmp_total=total, lmp_energy=energy, lmp_congestion=congestion, lmp_loss=loss,
               system_lambda=energy if iso == "ISONE" else None, data_source=source, version=version, is_current=True)
    half = "hub" if type_ in HUB_TYPES else "nodal"
    return f"{market.lower()}_energy_{RESOLUTION[minutes]}_{half}", row


def ancillary_row(iso, market, minutes, start, product, standard, region, clearing_price, quantity, unit, source, version):
    row = time_columns(start, minutes, False)
    row.update(iso=iso, market_type=market, as_product=product, as_product_standard=standard, as_region=region,
               market_clearing_price=clearing_price, cleared_quantity_mw=quantity, unit=unit, data_source=source, version=version,
               is_current=True)
    return f"{market.lower()}_as_{RESOLUTION[minutes]}", row


def key_of(row):
    if "as_product" in row:
        return row["datetime_utc"], row["as_product"], row["as_region"]
    return row["datetime_utc"], row["settlement_location"], row["settlement_location_id"]


def plain(value):
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    return value


def lake_of(folder):
    got = {}
    for path in sorted(Path(folder).rglob("*.parquet")):
        dataset = path.parent.name
        table = pq.read_table(path)
        if table.schema.field("datetime_local").type.tz != EASTERN.key:
            raise ValueError(f"{path}: datetime_local is in {table.schema.field('datetime_local').type.tz}")
        last = None
        for row in table.to_pylist():
            row["datetime_local"] = row["datetime_local"].astimezone(EASTERN).replace(tzinfo=None, fold=0)
            row = {name: plain(value) for name, value in row.items()}
            order = tuple("" if part is None else part.encode() if isinstance(part, str) else part for part in key_of(row))
            if last is not None and not last < order:
                raise ValueError(f"{path}: rows are not in order at {order}")
            last = order
            got.setdefault(dataset, {})[key_of(row)] = row
    return got


def same(want, got):
    if isinstance(want, float) and isinstance(got, float):
        return want == got and math.copysign(1, want) == math.copysign(1, got)
    return want == got


def differences(want, got):
    """None, or a text; want: [(dataset, row)], got: lake_of()."""
    problems = []
    wanted = {}
    for dataset, row in want:
        wanted.setdefault(dataset, {})[key_of(row)] = row
    for dataset in sorted(set(wanted) | set(got)):
        a, b = wanted.get(dataset, {}), got.get(dataset, {})
        missing, extra = [k for k in a if k not in b], [k for k in b if k not in a]
        if missing or extra:
            problems.append(f"{dataset}: {len(missing)} rows missing {missing[:1]}, {len(extra)} unexpected {extra[:1]}")
        for key in a:
            for name, value in a[key].items():
                if key in b and not same(value, b[key].get(name)):
                    problems.append(f"{dataset} {key} {name}: want {value!r}, got {b[key].get(name)!r}")
        for key in b:
            if key in a and set(a[key]) != set(b[key]):
                problems.append(f"{dataset}: columns {set(a[key]) ^ set(b[key])}")
                break
    return "\n    ".join(problems[:6] + ([f"{len(problems)} in all"] if len(problems) > 6 else [])) or None


def converted(busbar, files, *options):
    """(exit code, stderr, lake_of())"""
    with tempfile.TemporaryDirectory(prefix="busbar-check-") as scratch:
        done = subprocess.run([busbar, "convert", *map(str, files), "-o", f"{scratch}/lake", "--memory-limit", "128M", *options],
                              capture_output=True, text=True, errors="replace")
        return done.returncode, done.stderr, lake_of(f"{scratch}/lake")


def generated(busbar, report, first, days, folder):
    """Raw files of one report, in the operator's layout but made up."""
    done = subprocess.run([busbar, "generate", report, "-o", str(folder), "--nodes", "23", "--from", first, "--days", str(days), "--seed", "5"],
                          capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return sorted(p for p in Path(folder).rglob("*") if p.is_file())


def check_generated(check, busbar, reports, read):
    """Both switch days and their neighbours of every report."""
    for report in reports:
        with tempfile.TemporaryDirectory(prefix="busbar-generated-") as scratch:
            files = [p for first, days in (("2024-03-09", 2), ("2024-11-02", 2), ("2023-12-31", 2))
                     for p in generated(busbar, report, first, days, f"{scratch}/{first}")]
            want = [row for path in files for row in read(path)]
            code, stderr, got = converted(busbar, files)
            check(f"generated {report}: exit code", None if code == 0 else f"{code}: {stderr[-400:]}")
            check(f"generated {report}: {len(want)} rows", differences(want, got) if want else "nothing was read")
