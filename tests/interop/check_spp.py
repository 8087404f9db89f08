#!/usr/bin/env python3
"""SPP's real files, converted by busbar and compared row by row with a reading of our own (plain Python, from the operator's layouts)
and with gridstatus' parsers fed with the same files.

usage: check_spp.py PROGRAM [SAMPLES]      SAMPLES: a folder with SPP's files; else $BUSBAR_SAMPLES, else ../shared/samples
"""
import csv
import os
import re
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

UTC = timezone.utc
CHICAGO = ZoneInfo("America/Chicago")
HUBS = {"SPPNORTH_HUB", "SPPSOUTH_HUB", "SWPW_HUB"}
INTERFACES = set("AECI ALTW AMRN BLKW CLEC DPC EDDY EES ERCOTE ERCOTN GRE LAM345 MCWEST MDU MEC MISO NSP OTP RCEAST SCSE SGE SPA SPC "
                 "CISO BPA AESO AVA AVRN".split())
STANDARD = {"RegUP": "REG_UP", "RegUPService": "REG_UP", "RegDN": "REG_DOWN", "RegDNService": "REG_DOWN", "Spin": "SPIN",
            "Supp": "SUPPLEMENTAL", "RampUP": "RAMP_UP", "RampDN": "RAMP_DOWN", "UncUP": "UNCERTAINTY_UP",
            "RegUpMile": "REG_UP_MILEAGE", "RegDNMile": "REG_DOWN_MILEAGE"}
passed, failures = 0, []


def check(name, problem):
    global passed
    if problem:
        failures.append(name)
        print(f"FAILED {name}\n    {problem}")
    else:
        passed += 1


def squeeze(header):
    return re.sub(r"[ _]", "", header).upper()


def stamp(text):
    m = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}):(\d\d)(?::(\d\d))?", text.strip())
    month, day, year, hour, minute = (int(g) for g in m.groups()[:5])
    return datetime(year, month, day, hour, minute, int(m[6] or 0))


def number(text):
    return float(text) + 0.0 if text.strip() else None


def times(start, minutes):
    local = start.astimezone(CHICAGO)
    return {"datetime_utc": start, "datetime_local": (local.replace(tzinfo=None, fold=0), local.utcoffset()), "interval_start_utc": start,
            "interval_end_utc": start + timedelta(minutes=minutes), "delivery_date": local.date(), "delivery_hour": local.hour + 1,
            "interval_minutes": minutes, "iso": "SPP", "version": None, "is_current": True}, local


def read(path):
    """[(dataset, year, key, row)] of one file."""
    with open(path, newline="") as f:
        rows = list(csv.reader(f))
    at = {squeeze(h): i for i, h in enumerate(rows[0])}
    gmt = at.get("GMTINTERVALEND", at.get("GMTINTERVAL"))
    name = path.name
    day_ahead = "DA-LMP" in name or "DA-MCP" in name
    minutes, market = (60, "DA") if day_ahead else (5, "RT")
    daily = "DAILY" in name
    result = []
    for r in rows[1:]:
        start = stamp(r[gmt]).replace(tzinfo=UTC) - timedelta(minutes=minutes)
        row, local = times(start, minutes)
        row["market_type"] = market
        row["version"] = 2 if daily else 1
        if "RESERVEZONE" in at:
            zone = r[at["RESERVEZONE"]].strip()
            for product, standard in STANDARD.items():
                i = at.get(squeeze(product))
                if i is None or squeeze(rows[0][i]) != squeeze(product) or not r[i].strip():
                    continue
                result.append((f"{market.lower()}_as_{'hourly' if day_ahead else '5min'}", local.year, (start, product, zone),
                               row | {"as_product": product, "as_product_standard": standard, "as_region": zone,
                                      "market_clearing_price": number(r[i]), "cleared_quantity_mw": None,
                                      "unit": "$/MW-mile" if "Mile" in product else "$/MW",
                                      "data_source": "SPP " + ("DA-MCP" if day_ahead else "RTBM-MCP-DAILY" if daily else "RTBM-MCP")}))
            continue
        place = r[at.get("SETTLEMENTLOCATION", at.get("SETTLEMENTLOCATIONNAME"))]
        kind = "HUB" if place in HUBS else "INTERFACE" if place in INTERFACES else "NODE"
        dataset = f"{market.lower()}_energy_{'hourly' if day_ahead else '5min'}_{'nodal' if kind == 'NODE' else 'hub'}"
        result.append((dataset, local.year, (start, place),
                       row | {"settlement_location": place, "settlement_location_type": kind,
                              "settlement_location_id": r[at.get("PNODE", at.get("PNODENAME"))],
                              "zone": (r[at["BAA"]] if "BAA" in at else "") or "SPP", "voltage_kv": None,
                              "lmp_total": number(r[at["LMP"]]), "lmp_energy": number(r[at["MEC"]]),
                              "lmp_congestion": number(r[at["MCC"]]), "lmp_loss": number(r[at["MLC"]]), "system_lambda": None,
                              "delivery_interval": 0 if day_ahead else local.minute // 5 + 1, "dst_flag": "Y" if local.fold else "N",
                              "data_source": "SPP " + ("DA-LMP-SL" if day_ahead else "RTBM-LMP-DAILY-SL" if daily else "RTBM-LMP-SL")}))
    return result


def lake_rows(lake):
    result = {}
    for path in sorted(lake.rglob("*.parquet")):
        dataset, year = path.stem.rsplit("_", 1)
        for row in pq.read_table(path).to_pylist():
            if path.parts[-3] != "spp":
                raise ValueError(path)
            row = {k: (v.replace(tzinfo=None, fold=0), v.utcoffset()) if k == "datetime_local" else
                   v.astimezone(UTC) if isinstance(v, datetime) else v for k, v in row.items()}
            key = (row["datetime_utc"], row["settlement_location"]) if "settlement_location" in row else \
                  (row["datetime_utc"], row["as_product"], row["as_region"])
            if (dataset, int(year), key) in result:
                raise ValueError(f"{path.name}: {key} twice")
            result[dataset, int(year), key] = row
    return result


def convert(program, files, lake):
    done = subprocess.run([program, "convert", *map(str, files), "-o", str(lake), "--memory-limit", "64M", "--threads", "2"],
                          capture_output=True, text=True)
    return done.returncode, done.stderr


def compare(name, program, files):
    """Converts files together; the daily file's version wins over the interval file's. Returns the lake's rows."""
    want = {}
    for path in files:
        for dataset, year, key, row in read(path):
            old = want.get((dataset, year, key))
            if old is None or row["version"] >= old["version"]:
                want[dataset, year, key] = row
    with tempfile.TemporaryDirectory(prefix="busbar-spp-") as scratch:
        lake = Path(scratch) / "lake"
        code, stderr = convert(program, files, lake)
        check(f"{name}: exit code", None if code == 0 else f"exit {code}: {stderr[-400:]}")
        got = lake_rows(lake)
    problems = [f"missing {k}" for k in want if k not in got] + [f"unexpected {k}" for k in got if k not in want]
    for key in want.keys() & got.keys():
        for column, value in want[key].items():
            if got[key].get(column) != value:
                problems.append(f"{key} {column}: file {value!r}, lake {got[key].get(column)!r}")
    check(f"{name}: {len(want)} rows", "\n    ".join(problems[:6]) + f"\n    {len(problems)} problems" if problems else None)
    return got


def gridstatus_agrees(name, path, got):
    try:
        import pandas as pd
        from gridstatus import SPP
        from gridstatus.base import Markets
    except ImportError:
        return
    frame = pd.read_csv(path)
    lake = {key[2]: row for key, row in got.items()}
    problems, n = [], 0
    if "Reserve Zone" in frame:
        words = {"RegUP": "Reg_Up", "RegDN": "Reg_Dn", "RampUP": "Ramp_Up", "RampDN": "Ramp_Dn", "Spin": "Spin", "Supp": "Supp", "UncUP": "Unc_Up"}
        parse = SPP()._process_day_ahead_operating_reserve_prices
        if "DA-MCP" not in path.name:
            words = {"RegUPService": "Reg Up Service", "RegDNService": "Reg DN Service", "RegUpMile": "Reg Up Mile", "RegDNMile": "Reg DN Mile",
                     "RampUP": "Ramp Up", "RampDN": "Ramp DN", "Spin": "Spin", "Supp": "Supp", "UncUP": "Unc Up"}
            parse = SPP()._process_as_prices_real_time
        for r in parse(frame).to_dict("records"):
            for ours, theirs in words.items():
                n += 1
                mine = lake.get((r["Interval Start"].tz_convert("UTC").to_pydatetime(), ours, str(r["Reserve Zone"])))
                if mine is None or abs(mine["market_clearing_price"] - r[theirs]) > 1e-12:
                    problems.append(f"{r['Interval Start']} {ours} {r['Reserve Zone']}: gridstatus {r[theirs]}, lake {mine}")
    else:
        # gridstatus knows one spelling of the header; the daily files, which it renames by its caller, get theirs here
        known = {squeeze(c): c for c in ("Interval", "GMTIntervalEnd", "Settlement Location", "Pnode", "LMP", "MLC", "MCC", "MEC", "BAA")} | {
            "GMTINTERVAL": "GMTIntervalEnd", "SETTLEMENTLOCATIONNAME": "Settlement Location", "PNODENAME": "Pnode"}
        frame = frame.rename(columns={c: known[squeeze(c)] for c in frame})
        market = Markets.DAY_AHEAD_HOURLY if "DA-LMP" in path.name else Markets.REAL_TIME_5_MIN
        for r in SPP()._finalize_spp_df(frame, market=market, location_type="ALL", include_baa=True).to_dict("records"):
            n += 1
            mine = lake.get((r["Interval Start"].tz_convert("UTC").to_pydatetime(), r["Location"]))
            pairs = (("LMP", "lmp_total"), ("Energy", "lmp_energy"), ("Congestion", "lmp_congestion"), ("Loss", "lmp_loss"))
            if mine is None or any(abs(mine[b] - r[a]) > 1e-12 for a, b in pairs) or mine["zone"] != r["BAA"] or \
                    mine["settlement_location_id"] != r["PNode"]:
                problems.append(f"{r['Interval Start']} {r['Location']}: gridstatus {r}, lake {mine}")
            theirs = {"Hub": "HUB", "Interface": "INTERFACE"}.get(r["Location Type"], "NODE")
            # SWPW_HUB and the western seams are younger than gridstatus' list
            if mine and theirs != mine["settlement_location_type"] and r["Location"] not in {"SWPW_HUB", "CISO", "BPA", "AESO", "AVA", "AVRN"}:
                problems.append(f"{r['Location']}: gridstatus {theirs}, lake {mine['settlement_location_type']}")
    if n != len(lake):
        problems.append(f"gridstatus reads {n} rows, the lake holds {len(lake)}")
    check(f"{name}: gridstatus agrees", "\n    ".join(problems[:5]) + f"\n    {len(problems)} disagreements" if problems else None)


def main():
    program = os.path.abspath(sys.argv[1])
    root = Path(__file__).resolve().parents[2]
    samples = Path(sys.argv[2] if len(sys.argv) > 2 else os.environ.get("BUSBAR_SAMPLES") or root.parent / "shared" / "samples")
    files = sorted(p for p in samples.rglob("*.csv") if re.search(r"(DA|RTBM)-(LMP|MCP)-", p.name) and "spp" in str(p).lower())
    if not files:
        print(f"SKIPPED: no file of SPP below {samples}\n0 passed, 0 failed, 1 skipped")
        return 0
    for path in files:
        got = compare(path.name, program, [path])
        gridstatus_agrees(path.name, path, got)
    compare("all together", program, files)
    compare("all together, in the other order", program, files[::-1])
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
