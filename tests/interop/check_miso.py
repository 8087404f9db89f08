#!/usr/bin/env python3
"""MISO's five-minute, quarterly and ancillary files, converted by busbar and compared row by row with a reading of our own (plain Python,
from the operator's layouts); the weekly files with gridstatus' parser too. The daily LMP files are sample_check.py's.

usage: check_miso.py PROGRAM [SAMPLES]      SAMPLES: a folder with MISO's files; else $BUSBAR_SAMPLES, else ../shared/samples
"""
import csv
import os
import re
import subprocess
import sys
import tempfile
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq

UTC = timezone.utc
EST = timezone(timedelta(hours=-5))
TYPES = {"loadzone": "ZONE", "interface": "INTERFACE", "gennode": "GEN"}
STANDARD = {"GENREGMCP": "REG", "DEMREGMCP": "REG", "SERREGMCP": "REG", "GENSPINMCP": "SPIN", "DEMSPINMCP": "SPIN",
            "GENSUPPMCP": "SUPPLEMENTAL", "DEMSUPPMCP": "SUPPLEMENTAL", "REGMILEAGEMCP": "REG_MILEAGE"}
passed, failures = 0, []


def check(name, problem):
    global passed
    if problem:
        failures.append(name)
        print(f"FAILED {name}\n    {problem}")
    else:
        passed += 1


def number(text):
    text = text.strip().replace("$", "").replace(",", "")
    return Decimal(text) if text else None


def as_float(d):
    return None if d is None else float(d) + 0.0


def us_date(text):
    m = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text.strip())
    return date(int(m[3]), int(m[1]), int(m[2])) if m else None


def times(local, minutes, market, version, source):
    return {"datetime_utc": local.astimezone(UTC), "datetime_local": local, "interval_start_utc": local.astimezone(UTC),
            "interval_end_utc": local.astimezone(UTC) + timedelta(minutes=minutes), "delivery_date": local.date(),
            "delivery_hour": local.hour + 1, "interval_minutes": minutes, "iso": "MISO", "market_type": market, "version": version,
            "is_current": True, "data_source": f"MISO {source}"}


def energy_row(local, minutes, node, kind, parts, version, source):
    total, congestion, loss = parts
    energy = None if None in parts else total - congestion - loss
    half = "hub" if kind in ("HUB", "ZONE", "INTERFACE") else "nodal"
    row = times(local, minutes, "RT", version, source) | {
        "settlement_location": node, "settlement_location_type": kind, "settlement_location_id": node, "zone": None, "voltage_kv": None,
        "lmp_total": as_float(total), "lmp_energy": as_float(energy), "lmp_congestion": as_float(congestion), "lmp_loss": as_float(loss),
        "system_lambda": as_float(energy), "delivery_interval": 0 if minutes == 60 else local.minute // 5 + 1, "dst_flag": "N"}
    return f"rt_energy_{'hourly' if minutes == 60 else '5min'}_{half}", local.year, (row["datetime_utc"], node), row


def read_weekly(rows):
    head = next(i for i, r in enumerate(rows) if r and r[0] == "MKTHOUR_EST")
    at = {h: i for i, h in enumerate(rows[head])}
    for r in rows[head + 1:]:
        if len(r) != len(rows[head]):
            continue
        local = datetime.strptime(r[at["MKTHOUR_EST"]], "%m/%d/%Y %H:%M").replace(tzinfo=EST)
        node = r[at["PNODENAME"]]
        yield energy_row(local, 5, node, "HUB" if node.endswith(".HUB") else "NODE",
                         [number(r[at[c]]) for c in ("LMP", "CON_LMP", "LOSS_LMP")], 2, "5MIN_LMP")


def read_quarterly(rows):
    head = next(i for i, r in enumerate(rows) if r and r[0] == "MARKET_DAY")
    cells, types = {}, {}
    for r in rows[head + 1:]:
        for h in range(24):
            cells.setdefault((us_date(r[0]), r[1], h), {})[r[3]] = number(r[4 + h])
        types[r[1]] = ("HUB" if r[1].endswith(".HUB") else "AGGREGATE") if r[2] == "Hub" else TYPES.get(r[2].lower(), "NODE")
    for (day, node, h), parts in cells.items():
        local = datetime(day.year, day.month, day.day, h, tzinfo=EST)
        yield energy_row(local, 60, node, types[node], [parts.get(c) for c in ("LMP", "MCC", "MLC")], 2, "RT_LMPs")


def read_ancillary(rows, report):
    day = next(us_date(r[0]) for r in rows if r and us_date(r[0]))
    market, version = {"asm_expost_damcp": ("DA", 1), "asm_rtmcp_final": ("RT", 2)}[report]
    cells = {}
    for r in rows:
        if len(r) < 27 or r[2].strip() == "MCP Type":
            continue
        for h in range(24):
            cells.setdefault((r[2], "MISO" if r[1] == "-" else r[1], h), set()).add(number(r[3 + h]))
    for (product, region, h), prices in cells.items():
        local = datetime(day.year, day.month, day.day, h, tzinfo=EST)
        (price,) = prices  # the resources of a zone agree
        row = times(local, 60, market, version, report) | {
            "as_product": product, "as_product_standard": STANDARD[product], "as_region": region, "market_clearing_price": as_float(price),
            "cleared_quantity_mw": None, "unit": "$/MW-mile" if "MILEAGE" in product else "$/MW"}
        yield f"{market.lower()}_as_hourly", local.year, (row["datetime_utc"], product, region), row


def read(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))
    if "5MIN_LMP" in path.name:
        return list(read_weekly(rows))
    if "RT_LMPs" in path.name:
        return list(read_quarterly(rows))
    return list(read_ancillary(rows, next(w for w in ("asm_expost_damcp", "asm_rtmcp_final") if w in path.name)))


def lake_rows(lake):
    result = {}
    for path in sorted(lake.rglob("*.parquet")):
        dataset, year = path.stem.rsplit("_", 1)
        for row in pq.read_table(path).to_pylist():
            for name, value in row.items():
                if isinstance(value, datetime):
                    row[name] = value.astimezone(EST if name == "datetime_local" else UTC)
                if name == "datetime_local" and value.utcoffset() != timedelta(hours=-5):
                    raise ValueError(f"{path}: {value}")
            key = (row["datetime_utc"], row["settlement_location"]) if "settlement_location" in row else \
                  (row["datetime_utc"], row["as_product"], row["as_region"])
            result[dataset, int(year), key] = row
    return result


def compare(name, program, files):
    want = {(dataset, year, key): row for path in files for dataset, year, key, row in read(path)}
    with tempfile.TemporaryDirectory(prefix="busbar-miso-") as scratch:
        lake = Path(scratch) / "lake"
        done = subprocess.run([program, "convert", *map(str, files), "-o", str(lake), "--memory-limit", "64M", "--threads", "2"],
                              capture_output=True, text=True)
        check(f"{name}: exit code", None if done.returncode == 0 else f"exit {done.returncode}: {done.stderr[-400:]}")
        got = lake_rows(lake)
    problems = [f"missing {k}" for k in want if k not in got] + [f"unexpected {k}" for k in got if k not in want]
    for key in want.keys() & got.keys():
        for column, value in want[key].items():
            if got[key].get(column) != value:
                problems.append(f"{key} {column}: file {value!r}, lake {got[key].get(column)!r}")
    check(f"{name}: {len(want)} rows", "\n    ".join(problems[:6]) + f"\n    {len(problems)} problems" if problems else None)
    return got


def gridstatus_agrees(path, got):
    try:
        import pandas as pd
        from gridstatus import MISO
    except ImportError:
        return
    from unittest import mock
    frame = pd.read_csv(path, skiprows=4, skipfooter=1, engine="python").dropna(subset=["LMP"])
    nodes = pd.DataFrame({"Node": frame["PNODENAME"].unique(), "Location Type": "Hub"})
    with mock.patch.object(MISO, "_get_node_to_type_mapping", lambda *a, **k: nodes):
        theirs = MISO()._handle_lmp_real_time_5_min_final(frame)
    lake = {key[2]: row for key, row in got.items()}
    problems = []
    for r in theirs.to_dict("records"):
        mine = lake.get((r["Interval Start"].tz_convert("UTC").to_pydatetime(), r["Location"]))
        pairs = (("LMP", "lmp_total"), ("Energy", "lmp_energy"), ("Congestion", "lmp_congestion"), ("Loss", "lmp_loss"))
        if mine is None or any(abs(mine[b] - r[a]) > 1e-9 for a, b in pairs):
            problems.append(f"{r['Interval Start']} {r['Location']}: {r} {mine}")
    if len(theirs) != len(lake):
        problems.append(f"gridstatus reads {len(theirs)} rows, the lake holds {len(lake)}")
    check(f"{path.name}: gridstatus agrees", "\n    ".join(problems[:4]) if problems else None)


def main():
    program = os.path.abspath(sys.argv[1])
    root = Path(__file__).resolve().parents[2]
    samples = Path(sys.argv[2] if len(sys.argv) > 2 else os.environ.get("BUSBAR_SAMPLES") or root.parent / "shared" / "samples")
    files = sorted(p for p in samples.rglob("*.csv") if re.search(r"5MIN_LMP|RT_LMPs|asm_expost_damcp|asm_rtmcp_final", p.name))
    if not files:
        print(f"SKIPPED: no such file of MISO below {samples}\n0 passed, 0 failed, 1 skipped")
        return 0
    for path in files:
        got = compare(path.name, program, [path])
        if "5MIN_LMP" in path.name:
            gridstatus_agrees(path, got)
    compare("all together", program, files)
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
