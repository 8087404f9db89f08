#!/usr/bin/env python3
"""Real files of PJM, CAISO and MISO, converted by busbar and compared row by row with two other readings: raw_reading.py (plain
Python from the operators' layouts) and gridstatus' own parsers fed with the same files.

usage: sample_check.py PROGRAM [part of a file name...]      files: $BUSBAR_SAMPLES, else ../shared/samples
"""
import datetime
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

import raw_reading
from raw_reading import PRICES, ZONES, NotReadable, lake_row, read, winners

ROOT = Path(__file__).resolve().parents[2]
UTC = datetime.timezone.utc
passed, failures, table = 0, [], []


def check(name, problem):
    """One test: problem is None or a text."""
    global passed
    if problem:
        failures.append(name)
        print(f"FAILED {name}\n    {problem}")
    else:
        passed += 1


def energy_files(samples):
    """Every energy file of the three operators, and those that must be refused."""
    good = []
    for pattern in ("pjm/da_hrl_lmps/*.csv", "pjm/rt_hrl_lmps/[!E]*.csv", "pjm/DERIVED_or_RECONSTRUCTED/*_hrl_lmps_*.csv",
                    "caiso/PRC_LMP_DAM/*", "caiso/PRC_RTPD_LMP/*", "caiso/DERIVED_or_RECONSTRUCTED/*LMP*.csv",
                    "caiso/DERIVED_or_RECONSTRUCTED/*LMP*.zip", "miso/da_e*_lmp/*.csv", "miso/rt_lmp_*/*.csv",
                    "miso/reconstructed/*_da_expost_lmp_*.csv"):
        good += sorted(samples.glob(pattern))
    bad = sorted(samples.glob("pjm/rt_hrl_lmps/EDITED_EXCEL*")) + sorted(samples.glob("caiso/DERIVED_or_RECONSTRUCTED/*http429*"))
    return good, bad


def convert(program, files, lake):
    done = subprocess.run([program, "convert", *map(str, files), "-o", str(lake), "--memory-limit", "256M", "--threads", "2"],
                          capture_output=True, text=True, errors="replace")
    return done.returncode, done.stderr


def lake_rows(lake, problems):
    """{file: [row, ...]} of a lake as pyarrow decodes it."""
    result = {}
    for path in sorted(lake.rglob("*.parquet")):
        data = pq.read_table(path)
        relative = str(path.relative_to(lake))
        iso = relative.split("/")[1].upper()
        zone = getattr(data.schema.field("datetime_local").type, "tz", None)
        if zone != ZONES.get(iso):
            problems.append(f"{relative}: datetime_local has zone {zone}, want {ZONES.get(iso)}")
        result[relative] = data.to_pylist()
    return result


def spelled(name, value):
    """Decoded values in the form of raw_reading.lake_row."""
    if name == "datetime_local" and value is not None:
        return value.replace(tzinfo=None, fold=0), value.utcoffset()
    if isinstance(value, datetime.datetime):
        return value.astimezone(UTC)
    return value


def same(want, got):
    if isinstance(want, float) and isinstance(got, float):
        return want == got and math.copysign(1, want) == math.copysign(1, got)
    return want == got and isinstance(want, bool) == isinstance(got, bool)


def compare(want_rows, got_files):
    """None, or the first disagreements. want_rows: [(file, row)]."""
    problems = []
    want_files = {}
    for file, row in want_rows:
        want_files.setdefault(file, {})[row["datetime_utc"], row["settlement_location_id"] or row["settlement_location"]] = row
    if set(want_files) != set(got_files):
        problems.append(f"files: missing {sorted(set(want_files) - set(got_files))}, unexpected {sorted(set(got_files) - set(want_files))}")
    n_differ = 0
    for file in sorted(set(want_files) & set(got_files)):
        want, seen = want_files[file], set()
        for raw in got_files[file]:
            got = {name: spelled(name, value) for name, value in raw.items()}
            key = got["datetime_utc"], got["settlement_location_id"] or got["settlement_location"]
            if key in seen:
                problems.append(f"{file}: key {key} twice")
            seen.add(key)
            row = want.get(key)
            if row is None:
                problems.append(f"{file}: unexpected row {key}")
                continue
            for name, value in row.items():
                if not same(value, got.get(name)):
                    n_differ += 1
                    if len(problems) < 8:
                        problems.append(f"{file}: {key}: {name}: raw file says {value!r}, lake says {got.get(name)!r}")
        lost = [k for k in want if k not in seen]
        if lost:
            problems.append(f"{file}: {len(lost)} rows are missing, first {lost[0]}")
    if not problems:
        return None
    return "\n    ".join(problems[:8]) + (f"\n    … {n_differ} values differ in all, {len(problems)} problems" if len(problems) > 8 else "")


def per_day(rows):
    """{(file, day): (rows, exact sum of lmp_total)}"""
    days = {}
    for file, row in rows:
        days.setdefault((file, row["delivery_date"]), []).append(row["lmp_total"])
    return {k: (len(v), math.fsum(x for x in v if x is not None)) for k, v in days.items()}


def check_conversion(name, program, files, scratch):
    """Converts, compares; returns what the lake holds."""
    lake = scratch / "lake"
    code, stderr = convert(program, files, lake)
    check(f"{name}: exit code", None if code == 0 else f"exit {code}: {stderr.strip()[-600:]}")
    candidates = [c for f in files for c in read(f)]
    want = [lake_row(c) for c in winners(candidates).values()]
    problems = []
    got = lake_rows(lake, problems) if lake.exists() else {}
    check(f"{name}: zone of datetime_local", problems[0] if problems else None)
    check(f"{name}: every row", compare(want, got))
    want_days, got_days = per_day(want), per_day((f, r) for f, rows in got.items() for r in rows)
    differing = [k for k in sorted(set(want_days) | set(got_days), key=str) if want_days.get(k) != got_days.get(k)]
    check(f"{name}: rows and sums per day",
          f"{differing[0]}: raw {want_days.get(differing[0])}, lake {got_days.get(differing[0])}; {len(differing)} days" if differing else None)
    check(f"{name}: something to compare", None if want else "the independent reading found no row")
    table.append((name, len(want), len({day for _, day in want_days}), math.fsum(v[1] for v in want_days.values())))
    return got


def check_gridstatus(name, path, samples, got, scratch):
    """gridstatus' reading of the same file against the lake. It parses CSV with pandas' fast float reader, which may be off in the last
    bit, and derives MISO's energy part in binary arithmetic: equality is to 1e-9 there, exact for PJM (fed as JSON)."""
    import gridstatus_reading

    lake = {}
    for rows in got.values():
        for row in rows:
            lake[row["datetime_utc"].astimezone(UTC), row["settlement_location_id"] or row["settlement_location"]] = row
    source = next(iter(lake.values()))["data_source"]
    iso, report = source.split(" ")
    tolerance = 0.0 if iso == "PJM" else 1e-9
    if iso == "PJM":
        theirs = gridstatus_reading.pjm(path, next(samples.glob("pjm/pnode/*.csv")), report)
    elif iso == "CAISO":
        if report not in ("PRC_LMP", "PRC_RTPD_LMP", "PRC_INTVL_LMP"):
            return
        theirs = gridstatus_reading.caiso(path, report)
    else:
        rows = raw_reading.rows_of_csv(path.read_bytes().decode())
        head = next(i for i, r in enumerate(rows) if r and r[0].strip().lower() == "node")
        if head == 0:
            return  # a hubs-only file: gridstatus has no such layout
        if not {"LMP", "MCC", "MLC"} <= {r[2] for r in rows[head + 1:] if len(r) > 2}:
            return  # gridstatus demands all three components
        day = next(iter(lake.values()))["delivery_date"]
        theirs = gridstatus_reading.miso(path, report, day, head)
    n, problems = 0, []
    for start, identity, *prices in theirs:
        n += 1
        row = lake.get((start, identity))
        if row is None:
            problems.append(f"gridstatus has {start} {identity}, the lake has not")
            continue
        for column, value in zip(PRICES, prices):
            mine = row[column]
            if (value is None) != (mine is None) or (value is not None and abs(value - mine) > tolerance):
                # a component that the file lacks: gridstatus leaves MISO's energy part out as well
                problems.append(f"{start} {identity} {column}: gridstatus {value!r}, lake {mine!r}")
    current = sum(1 for row in lake.values() if row["is_current"])
    if n != current:
        problems.append(f"gridstatus reads {n} rows, the lake holds {current} current ones")
    check(f"{name}: gridstatus agrees", "\n    ".join(problems[:5]) + f"\n    {len(problems)} disagreements" if problems else None)


def check_refused(bad, good, program, scratch):
    """A refused file is named, costs nothing else, and shows in the exit code."""
    lake = scratch / "lake"
    code, stderr = convert(program, [good, bad], lake)
    problem = None
    if code != 1:
        problem = f"exit {code}, want 1"
    elif bad.name not in stderr:
        problem = f"stderr does not name the file: {stderr[-400:]}"
    else:
        problem = compare([lake_row(c) for c in winners(read(good)).values()], lake_rows(lake, []))
    check(f"{bad.name}: refused, named, nothing else lost", problem)


def main():
    program = os.path.abspath(sys.argv[1])
    only = sys.argv[2:]
    samples = Path(os.environ.get("BUSBAR_SAMPLES") or ROOT.parent / "shared" / "samples")
    if not samples.is_dir():
        print("SKIPPED samples: no folder of real files (BUSBAR_SAMPLES)")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    good, bad = energy_files(samples)
    for path in good:
        if only and not any(part in path.name for part in only):
            continue
        with tempfile.TemporaryDirectory(prefix="busbar-samples-") as scratch:
            name = f"{path.parts[len(samples.parts)]}/{path.name}"
            try:
                got = check_conversion(name, program, [path], Path(scratch))
                if got:
                    check_gridstatus(name, path, samples, got, Path(scratch))
            except (NotReadable, KeyError, StopIteration, ValueError) as e:
                check(name, f"{type(e).__name__}: {e}")
    for iso in ("pjm", "caiso", "miso"):
        if only and iso not in only:
            continue
        with tempfile.TemporaryDirectory(prefix="busbar-samples-") as scratch:
            check_conversion(f"all of {iso} together", program, [p for p in good if p.parts[len(samples.parts)] == iso], Path(scratch))
    for path in bad:
        if only and not any(part in path.name for part in only):
            continue
        with tempfile.TemporaryDirectory(prefix="busbar-samples-") as scratch:
            check_refused(path, next(p for p in good if "TRANSCRIBED" in p.name), program, Path(scratch))
    print(f"{'files':74} {'rows':>7} {'days':>5} {'sum of lmp_total':>18}")
    for name, n_rows, n_days, total in table:
        print(f"{name[:74]:74} {n_rows:7} {n_days:5} {total:18.5f}")
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
