#!/usr/bin/env python3
"""Generated files of the reports that no other check generates (MISO's bundles and ancillary files, SPP, ancillary files of PJM and CAISO,
exports of gridstatus), on both switch days: every price that busbar converts must be the one that a short reading of our own finds at the
same instant and place.

usage: generated_rest_check.py PROGRAM
"""
import csv
import os
import re
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq

UTC, EST = timezone.utc, timezone(timedelta(hours=-5))
ELSEWHERE = {"generated_check": ("pjm.da_hrl_lmps", "pjm.rt_hrl_lmps", "pjm.rt_fivemin_hrl_lmps", "caiso.prc_", "caiso.dam_", "caiso.rt", "caiso.hasp_",
                                 "miso.da_e", "miso.rt_lmp_"),
             "check_ercot": ("ercot.NP",), "check_isone": ("isone.",),
             "check_nyiso": ("nyiso.dam", "nyiso.rt", "nyiso.realtime")}
PRICES = ("lmp_total", "lmp_energy", "lmp_congestion", "lmp_loss")
passed, failures = 0, []


def check(name, problem):
    global passed
    if problem:
        failures.append(name)
        print(f"FAILED {name}\n    {problem}")
    else:
        passed += 1


def number(text):
    text = (text or "").strip().replace(",", "").replace("$", "")
    return float(Decimal(text)) + 0.0 if text else None


def minus(total, *parts):
    return None if total is None or None in parts else float(Decimal(str(total)) - sum(Decimal(str(p)) for p in parts)) + 0.0


def us_stamp(text):
    for form in ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M"):
        try:
            return datetime.strptime(text, form)
        except ValueError:
            pass
    raise ValueError(text)


def energy(start, place, total, en, congestion, loss):
    return start, place, (total, en, congestion, loss)


def pjm(report, rows):
    """(start, (product, region), (price, quantity)); the words of prices and of results are one product's."""
    spelled = {"SR": "Synchronized Reserve", "PR": "Primary Reserve", "30MIN": "Thirty Minutes Reserve", "REG": "Regulation", "NSR": "Non-Synchronized Reserve"}
    for r in rows:
        start = us_stamp(r["datetime_beginning_utc"]).replace(tzinfo=UTC)
        if "ancillary_service" in r:
            region, product = r["ancillary_service"].split(" ", 1)
            yield start, (product, region), (number(r["value"]), None)
        else:
            region = "RTO" if "RTO" in r["locale"] else "MAD"
            yield start, (spelled.get(r["service"], r["service"]), region), (number(r["mcp"]), number(r["total_mw"]))


def caiso(report, rows):
    for r in rows:
        start, key = datetime.fromisoformat(r["INTERVALSTARTTIME_GMT"][:19]).replace(tzinfo=UTC), (r["ANC_TYPE"], r["ANC_REGION"])
        if r.get("RESULT_TYPE", "AS_MW") == "AS_MW":
            yield start, key, (None, number(r["MW"])) if "RESULT_TYPE" in r else (number(r["MW"]), None)


def spp(report, rows):
    for r in rows:
        r = {re.sub(r"[ _]", "", k).upper(): v for k, v in r.items()}
        start = us_stamp(r.get("GMTINTERVALEND") or r.get("GMTINTERVAL")).replace(tzinfo=UTC) - timedelta(minutes=60 if ".DA-" in report else 5)
        if "LMP" in r:
            place = r.get("SETTLEMENTLOCATION") or r.get("SETTLEMENTLOCATIONNAME") or r.get("PNODE") or r.get("PNODENAME")
            yield energy(start, place, *(number(r[c]) for c in ("LMP", "MEC", "MCC", "MLC")))
            continue
        words = {"REGUPCLR": "RegUPService", "REGDNCLR": "RegDNService", "RAMPUPCLR": "RampUP", "RAMPDNCLR": "RampDN", "SPINCLR": "Spin", "SUPPCLR": "Supp",
                 "UNCUPCLR": "UncUP"} if "-OR" in report else {w.upper(): w for w in (
                     "RegUP RegDN RegUPService RegDNService RegUpMile RegDNMile RampUP RampDN Spin Supp UncUP").split()}
        for column, product in words.items():
            if r.get(column):
                value = number(r[column])
                yield start, (product, r["RESERVEZONE"].strip()), (None, value) if "-OR" in report else (value, None)


def miso(report, path):
    rows = list(csv.reader(path.open(newline="")))
    if "5MIN" in report:
        head = next(i for i, r in enumerate(rows) if r and r[0] == "MKTHOUR_EST")
        for r in rows[head + 1:]:
            if len(r) == len(rows[head]) and r[0]:
                c = dict(zip(rows[head], r))
                total, congestion, loss = (number(c[n]) for n in ("LMP", "CON_LMP", "LOSS_LMP"))
                yield energy(us_stamp(c["MKTHOUR_EST"]).replace(tzinfo=EST), c["PNODENAME"], total, minus(total, congestion, loss), congestion, loss)
        return
    parts, days = {}, [m for r in rows if r and (m := re.fullmatch(r"(\d+)/(\d+)/(\d{4})", r[0].strip()))]
    for r in rows:
        day = re.fullmatch(r"(\d+)/(\d+)/(\d{4})", r[0].strip()) if r and "LMPs" in report else days[0]
        if len(r) < 27 or r[2].strip() == "MCP Type" or not day:
            continue
        for h in range(24):
            start = datetime(int(day[3]), int(day[1]), int(day[2]), h, tzinfo=EST)
            if "LMPs" in report:
                parts.setdefault((start, r[1]), {})[r[3]] = number(r[4 + h])
            else:
                parts[start, (r[2].strip(), "MISO" if r[1] == "-" else r[1])] = number(r[3 + h])
    for (start, place), v in parts.items():
        if "LMPs" in report:
            yield energy(start, place, v["LMP"], minus(v["LMP"], v["MCC"], v["MLC"]), v["MCC"], v["MLC"])
        else:
            yield start, place, (v, None)


def gridstatus(report, rows):
    words = {"10 Min Spin Reserves": "10_MIN_SPIN", "10 Min Non-Spin Reserves": "10_MIN_NON_SYNC", "30 Min Reserves": "30_MIN_OR",
             "Regulation Capacity": "REGULATION_CAPACITY"}
    for r in rows:
        if "interval_start_utc" in r:
            text = r["interval_start_utc"]
            start = datetime.fromisoformat(text if " " in text else f"{text} 00:00:00").replace(tzinfo=UTC)
            yield energy(start, r["location"], *(number(r[c]) for c in ("lmp", "energy", "congestion", "loss")))
        elif "LMP" in r:
            yield energy(datetime.fromisoformat(r["Interval Start"]), r["Location"], *(number(r[c]) for c in ("LMP", "Energy", "Congestion", "Loss")))
        else:
            for title, product in words.items():
                yield datetime.fromisoformat(r["Interval Start"]), (product, r["Zone"]), (number(r[title]), None)


def read(report, path):
    iso = report.split(".")[0]
    if iso == "miso":
        return miso(report, path)
    rows = list(csv.DictReader(path.open(newline="")))
    return (gridstatus if "gridstatus" in report else {"pjm": pjm, "caiso": caiso, "spp": spp}[iso])(report, rows)


def lake_values(lake):
    values = {}
    for path in sorted(lake.rglob("*.parquet")):
        for row in pq.read_table(path).to_pylist():
            if "as_product" in row:
                key, value = (row["datetime_utc"].astimezone(UTC), (row["as_product"], row["as_region"])), (row["market_clearing_price"], row["cleared_quantity_mw"])
            else:
                key, value = (row["datetime_utc"].astimezone(UTC), row["settlement_location"]), tuple(row[c] for c in PRICES)
            if key in values:
                raise ValueError(f"{key} twice")
            values[key] = value
    return values


def main():
    program = os.path.abspath(sys.argv[1])
    listed = subprocess.run([program, "generate", "--list"], capture_output=True, text=True, check=True).stdout
    reports = [line.split()[0] for line in listed.splitlines() if "." in line.split(" ")[0]]
    mine = [r for r in reports if "gridstatus" in r or not r.startswith(tuple(p for ps in ELSEWHERE.values() for p in ps))]
    check("reports without another check", None if len(mine) >= 20 else str(mine))
    for report in mine:
        with tempfile.TemporaryDirectory(prefix="busbar-generated-") as scratch:
            raw, lake = Path(scratch) / report.split(".")[0], Path(scratch) / "lake"
            for first in ("2024-03-09", "2024-11-02"):
                subprocess.run([program, "generate", report, "-o", str(raw), "--nodes", "5", "--from", first, "--days", "2", "--seed", "7",
                                "--duplicates", "0.05"], check=True, capture_output=True)
            want = {}
            for path in sorted(p for p in raw.rglob("*") if p.is_file()):
                for start, place, value in read(report, path):
                    want[start.astimezone(UTC), place] = value
            done = subprocess.run([program, "convert", str(raw), "-o", str(lake), "--memory-limit", "64M"], capture_output=True, text=True)
            check(f"{report}: exit code", None if done.returncode == 0 else f"exit {done.returncode}: {done.stderr[-400:]}")
            got = lake_values(lake) if lake.exists() else {}
            wrong = [(k, want.get(k), got.get(k)) for k in sorted(want.keys() | got.keys(), key=str) if want.get(k) != got.get(k)]
            check(f"{report}: {len(want)} rows", f"{len(wrong)} of {len(want)} differ (file, lake): {wrong[:2]}" if wrong or not want else None)
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
