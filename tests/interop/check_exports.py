#!/usr/bin/env python3
"""gridstatus exports and the ancillary files of PJM and CAISO, converted by busbar and compared row by row with a reading of our own
(plain Python, from the format cards). NYISO exports are also made here by gridstatus itself from NYISO's real files, and must give the
rows that the files themselves give.

usage: check_exports.py PROGRAM [SAMPLES]      SAMPLES: the folder of real files; else $BUSBAR_SAMPLES, else ../shared/samples
"""
import csv
import math
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

UTC = timezone.utc
ZONES = {"NYISO": "America/New_York", "PJM": "America/New_York", "SPP": "America/Chicago", "CAISO": "America/Los_Angeles"}
NYISO_ZONES = {"WEST": 61752, "GENESE": 61753, "CENTRL": 61754, "NORTH": 61755, "MHK VL": 61756, "CAPITL": 61757, "HUD VL": 61758,
               "MILLWD": 61759, "DUNWOD": 61760, "N.Y.C.": 61761, "LONGIL": 61762, "H Q": 61844, "NPX": 61845, "O H": 61846,
               "PJM": 61847}
MARKETS = {"DAY_AHEAD_HOURLY": ("DA", 60), "REAL_TIME_5_MIN": ("RT", 5), "REAL_TIME_15_MIN": ("RT", 15)}
RESOLUTION = {60: "hourly", 15: "15min", 5: "5min"}
passed = failed = 0


def check(name, problem=None):
    global passed, failed
    if problem:
        failed += 1
        print(f"FAILED {name}\n    {problem}")
    else:
        passed += 1


def number(text):
    return float(text) + 0.0 if text.strip() else None


def base(iso, market, minutes, start):
    local = start.astimezone(ZoneInfo(ZONES[iso]))
    return {"datetime_utc": start, "interval_start_utc": start, "interval_end_utc": start + timedelta(minutes=minutes),
            "datetime_local": (local.replace(tzinfo=None, fold=0), local.utcoffset()), "delivery_date": local.date(),
            "delivery_hour": local.hour + 1, "interval_minutes": minutes, "iso": iso, "market_type": market, "version": 1,
            "is_current": True}, local


def energy(iso, market, minutes, start, name, id_, type_, zone, prices):
    row, local = base(iso, market, minutes, start)
    row |= dict(zip(("lmp_total", "lmp_energy", "lmp_congestion", "lmp_loss"), prices))
    row |= {"settlement_location": name, "settlement_location_id": id_, "settlement_location_type": type_, "zone": zone,
            "voltage_kv": None, "system_lambda": None, "dst_flag": "Y" if local.fold else "N",
            "delivery_interval": 0 if minutes == 60 else local.minute // minutes + 1, "data_source": iso + " gridstatus"}
    half = "nodal" if type_ in ("NODE", "GEN", "AGGREGATE") else "hub"
    return f"{market.lower()}_energy_{RESOLUTION[minutes]}_{half}", (start, name), row


def ancillary(iso, market, minutes, start, product, standard, region, price, quantity, unit, source, version=1):
    row, _ = base(iso, market, minutes, start)
    row |= {"as_product": product, "as_product_standard": standard, "as_region": region, "market_clearing_price": price,
            "cleared_quantity_mw": quantity, "unit": unit, "data_source": source, "version": version}
    return f"{market.lower()}_as_{RESOLUTION[minutes]}", (start, product, region), row


def read_export(path):
    with open(path, newline="") as f:
        records = [{k.lower().replace(" ", "_"): v for k, v in r.items()} for r in csv.DictReader(f)]
    iso = "SPP" if "pnode" in records[0] else "CAISO" if "interval_start_utc" in records[0] else "NYISO"
    turned = False
    if iso == "NYISO":
        if not any(r["congestion"].startswith("-0.0") and float(r["congestion"]) == 0 for r in records):
            as_is = sum(abs(float(r["lmp"]) - float(r["energy"]) - float(r["congestion"]) - float(r["loss"])) for r in records)
            other = sum(abs(float(r["lmp"]) - float(r["energy"]) + float(r["congestion"]) - float(r["loss"])) for r in records)
            turned = other < as_is
    result = []
    for r in records:
        market, minutes = MARKETS[r["market"]]
        if "interval_start_utc" in r:
            text = r["interval_start_utc"]
            start = datetime.fromisoformat(text if " " in text else text + " 00:00:00").replace(tzinfo=UTC)
        else:
            start = datetime.fromisoformat(r.get("interval_start") or r["time"]).astimezone(UTC)
        name, id_, zone = r["location"], r["location"], None
        if iso == "SPP":
            type_, id_, zone = "NODE", r["pnode"], "SPP"
        elif iso == "CAISO":
            type_ = "NODE"
        else:
            id_ = str(NYISO_ZONES[name])
            type_ = "INTERFACE" if int(id_) > 61800 else "ZONE"
            zone = name if type_ == "ZONE" else None
        congestion = number(r["congestion"])
        prices = number(r["lmp"]), number(r["energy"]), -congestion + 0.0 if turned else congestion, number(r["loss"])
        result.append(energy(iso, market, minutes, start, name, id_, type_, zone, prices))
    return result


def us_stamp(text):
    return datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC)


def read_pjm(path):
    result = []
    with open(path, newline="") as f:
        for r in csv.DictReader(f):
            start = us_stamp(r["datetime_beginning_utc"])
            if "ancillary_service" in r:
                region, product = r["ancillary_service"].split(" ", 1)
                result.append(ancillary("PJM", "RT", 60, start, product, {"Synchronized Reserve": "SPIN"}[product], region,
                                        number(r["value"]), None, "$/MW", "PJM ancillary_services", int(r["version_nbr"])))
            else:
                product, standard = {"REG": ("Regulation", "REG")}[r["service"]]
                result.append(ancillary("PJM", "RT", 5, start, product, standard, {"PJM_RTO": "RTO"}[r["locale"]], number(r["mcp"]),
                                        number(r["total_mw"]), "$/MW", "PJM reserve_market_results"))
    return result


def read_caiso(path):
    standard = {"NR": "NON_SPIN", "RU": "REG_UP", "RD": "REG_DOWN", "SR": "SPIN"}
    with open(path, newline="") as f:
        return [ancillary("CAISO", "DA", 60, datetime.fromisoformat(r["INTERVALSTARTTIME_GMT"][:19]).replace(tzinfo=UTC), r["ANC_TYPE"],
                          standard[r["ANC_TYPE"]], r["ANC_REGION"], number(r["MW"]), None, "$/MW", "CAISO PRC_AS")
                for r in csv.DictReader(f)]


def lake_rows(lake):
    result = {}
    for path in sorted(lake.rglob("*.parquet")):
        for row in pq.read_table(path).to_pylist():
            row = {k: (v.replace(tzinfo=None, fold=0), v.utcoffset()) if k == "datetime_local" else
                   v.astimezone(UTC) if isinstance(v, datetime) else v for k, v in row.items()}
            key = (row["datetime_utc"], row["as_product"], row["as_region"]) if "as_product" in row else \
                  (row["datetime_utc"], row["settlement_location"])
            if (path.parent.name, key) in result:
                raise ValueError(f"{path.name}: {key} twice")
            if str(row["delivery_date"].year) not in path.stem:
                raise ValueError(f"{path.name}: {row['delivery_date']}")
            result[path.parent.name, key] = row
    return result


def convert(program, files, lake, *options):
    done = subprocess.run([program, "convert", *map(str, files), "-o", str(lake), "--memory-limit", "64M", *options],
                          capture_output=True, text=True, errors="replace")
    return done.returncode, done.stderr


def same(a, b):
    if isinstance(a, float) and isinstance(b, float):
        return a == b and math.copysign(1, a) == math.copysign(1, b)
    return a == b


def compare(name, program, path, wanted):
    with tempfile.TemporaryDirectory() as folder:
        code, text = convert(program, [path], folder)
        if code:
            return check(name, f"exit {code}: {text}")
        got = lake_rows(Path(folder))
    want = {(dataset, key): row for dataset, key, row in wanted}
    missing, extra = want.keys() - got.keys(), got.keys() - want.keys()
    if missing or extra:
        return check(name, f"{len(missing)} rows missing, {len(extra)} too many: {sorted(map(str, missing or extra))[:2]}")
    for key, row in want.items():
        wrong = {k: (v, got[key].get(k)) for k, v in row.items() if not same(v, got[key].get(k))}
        if wrong or row.keys() != got[key].keys():
            return check(name, f"{key}: {wrong or row.keys() ^ got[key].keys()}")
    check(f"{name}: {len(want)} rows")


def exports_by_gridstatus(program, samples):
    """The library's own frames of NYISO's real files, saved as people save them."""
    try:
        import gridstatus
        import pandas
    except ImportError:
        print("SKIPPED: gridstatus is not installed; no exports made by the library itself")
        return
    import io
    import logging
    from types import SimpleNamespace
    from unittest import mock

    import gridstatus.nyiso
    logging.disable(logging.INFO)
    files = [(p, "DAY_AHEAD_HOURLY") for p in sorted(samples.glob("nyiso/**/*damlbmp_zone*.csv"))]
    files += [(p, "REAL_TIME_5_MIN") for p in sorted(samples.glob("nyiso/**/*realtime_zone*.csv"))]
    for path, market in files:
        day = re.search(r"\d{8}", path.name)[0]
        answer = SimpleNamespace(content=path.read_bytes(), raise_for_status=lambda: None, status_code=200)
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w") as z:  # the library takes days that are not recent from their month's archive
            name = "damlbmp_zone" if market[0] == "D" else "realtime_zone"
            z.writestr(f"{day}{name}.csv", path.read_bytes())
        archive = SimpleNamespace(content=zipped.getvalue(), raise_for_status=lambda: None, status_code=200)
        with mock.patch.object(gridstatus.nyiso.requests, "get",
                               lambda url, *a, **k: archive if url.endswith(".zip") else answer):
            try:
                frame = gridstatus.NYISO().get_lmp(date(int(day[:4]), int(day[4:6]), int(day[6:])), market=market)
            except Exception as error:
                print(f"SKIPPED: gridstatus cannot read {path.name}: {type(error).__name__} {error}")
                continue
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            export = folder / f"{day}_lmp_{market.lower()}.csv"
            frame.to_csv(export, index=False)
            problem = None
            for lake, file in (("a", path), ("b", export)):
                code, text = convert(program, [file], folder / lake)
                problem = problem or (f"exit {code}: {text}" if code else None)
            if not problem:
                a, b = lake_rows(folder / "a"), lake_rows(folder / "b")
                lost = {key[1][0] for key in a.keys() - b.keys()}
                if b.keys() - a.keys() or len(lost) > (market[0] == "R"):
                    problem = f"rows differ: {len(a)} raw, {len(b)} exported: {sorted(lost)[:3]}"
                for instant in lost:  # the library leaves out the newest real-time stamp of a file
                    print(f"{path.name}: gridstatus drops {instant}")
                for key in a.keys() & b.keys():
                    wrong = {k: (v, b[key][k]) for k, v in a[key].items() if k != "data_source" and v != b[key][k]}
                    problem = problem or (f"{key}: {wrong}" if wrong else None)
            check(f"{path.name} and its export: {len(frame)} rows", problem)


def main():
    program = sys.argv[1]
    samples = Path(sys.argv[2] if len(sys.argv) > 2 else os.environ.get("BUSBAR_SAMPLES") or
                   Path(__file__).resolve().parents[2].parent / "shared/samples")
    jobs = [(p, read_export) for p in sorted(samples.glob("gridstatus_export/*/*.csv"))]
    jobs += [(p, read_pjm) for p in sorted(samples.glob("pjm/ancillary_services/*.csv"))]
    jobs += [(p, read_pjm) for p in sorted(samples.glob("pjm/reserve_market_results/*.csv"))]
    jobs += [(p, read_caiso) for p in sorted(samples.glob("caiso/PRC_AS_DAM/*.csv"))]
    jobs += [(p, read_caiso) for p in sorted(samples.glob("caiso/DERIVED_or_RECONSTRUCTED/*PRC_AS_DAM*.csv"))]
    if not jobs:
        print(f"SKIPPED: no sample files in {samples}")
        return 0
    for path, read in jobs:
        compare(path.name, program, path, read(path))
    exports_by_gridstatus(program, samples)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
