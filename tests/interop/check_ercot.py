#!/usr/bin/env python3
"""ERCOT: the operator's files (real, and values of real ones laid out anew) read here in plain Python by the rules of the
format's description, and by gridstatus' parsers, against what busbar makes of them, row by row.

usage: check_ercot.py PROGRAM [SAMPLES]
"""
import csv
import datetime
import io
import os
import re
import subprocess
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import lake_compare
from lake_compare import UTC, Checks, ancillary_row, converted, differences, energy_row, key_of

CENTRAL = lake_compare.EASTERN = ZoneInfo("America/Chicago")
TYPES = {"HU": "HUB", "SH": "HUB", "AH": "HUB", "LZ": "ZONE", "LZEW": "ZONE", "LZ_DC": "DC_TIE", "LZ_DCEW": "DC_TIE",
         "RN": "GEN", "PCCRN": "GEN", "LCCRN": "GEN", "PUN": "GEN"}
STANDARD = {"REGUP": "REG_UP", "REGDN": "REG_DOWN", "RRS": "SPIN", "NSPIN": "NON_SPIN", "ECRS": "CONTINGENCY"}
NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def start_of(wall, second_pass):
    start = wall.replace(tzinfo=CENTRAL, fold=1 if second_pass else 0).astimezone(UTC)
    if start.astimezone(CENTRAL).replace(tzinfo=None) != wall:
        raise ValueError(f"{wall} does not exist")
    if second_pass and wall.replace(tzinfo=CENTRAL, fold=0).utcoffset() == wall.replace(tzinfo=CENTRAL, fold=1).utcoffset():
        raise ValueError(f"{wall} is not repeated")
    return start


def is_second(text):
    return {"Y": True, "true": True, "True": True, "N": False, "false": False, "False": False}[text]


def day_of(text):
    return datetime.datetime.strptime(text, "%m/%d/%Y" if "/" in text else "%Y-%m-%d")


def type_of_name(name):
    if re.fullmatch("DC_[ELNRS]", name):
        return "DC_TIE"
    return "HUB" if name.startswith("HB_") else "ZONE" if name.startswith("LZ_") else "GEN"


def number(text):
    return float(text.replace(",", "")) + 0.0


def sheet_rows(path):
    """Every row of every sheet of a workbook, cells as the texts that stand in it."""
    with zipfile.ZipFile(path) as z:
        shared = ["".join(t.text or "" for t in si.iter(NS + "t")) for si in ElementTree.fromstring(z.read("xl/sharedStrings.xml"))]
        book = ElementTree.fromstring(z.read("xl/workbook.xml"))
        targets = {r.get("Id"): r.get("Target") for r in ElementTree.fromstring(z.read("xl/_rels/workbook.xml.rels"))}
        for sheet in book.iter(NS + "sheet"):
            target = targets[sheet.get("{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id")]
            for row in ElementTree.fromstring(z.read("xl/" + target)).iter(NS + "row"):
                cells = []
                for c in row:
                    v = c.find(NS + "v")
                    text = "" if v is None else v.text
                    cells.append(shared[int(text)] if c.get("t") == "s" else text)
                yield cells


def records_of(path):
    if path.suffix == ".xlsx":
        rows = sheet_rows(path)
    else:
        rows = csv.reader(io.StringIO(path.read_text(), newline=""))
    header = None
    for row in rows:
        row = [c.strip() for c in row]
        if header is None:
            header = [c.lower().replace(" ", "") for c in row]
        elif row and [c.lower().replace(" ", "") for c in row] != header:
            yield dict(zip(header, row))


def rows_of(path):
    """[(dataset, row)] of one file."""
    for r in records_of(path):
        at = r.get("scedtimestamp")
        if at is not None:
            wall = datetime.datetime.strptime(at, "%m/%d/%Y %H:%M:%S")
            minutes, market, wall = 5, "RT", wall - datetime.timedelta(minutes=wall.minute % 5, seconds=wall.second)
        elif "deliveryhour" in r:
            minutes, market = 15, "RT"
            wall = day_of(r["deliverydate"]) + datetime.timedelta(hours=int(r["deliveryhour"]) - 1, minutes=15 * (int(r["deliveryinterval"]) - 1))
        else:
            minutes, market = 60, "DA"
            wall = day_of(r["deliverydate"]) + datetime.timedelta(hours=int(r["hourending"].split(":")[0]) - 1)
        start = start_of(wall, is_second(r.get("dstflag") or r.get("repeatedhourflag")))
        if "regdn" in r:
            for product, standard in STANDARD.items():
                if r[product.lower()]:
                    yield ancillary_row("ERCOT", market, minutes, start, product, standard, "SYSTEM", number(r[product.lower()]), None, "$/MW",
                                        "ERCOT NP4-181", 1)
            continue
        product = r.get("astype") or r.get("ancillarytype")
        if product:
            source = {60: "NP4-188", 15: "NP6-331", 5: "NP6-332"}[minutes]
            yield ancillary_row("ERCOT", market, minutes, start, product, STANDARD[product], "SYSTEM", number(r.get("mcpc") or r["cappedmcpc"]),
                                None, "$/MW", "ERCOT " + source, 1)
            continue
        point, kind, total = r.get("settlementpoint") or r.get("settlementpointname"), None, r.get("settlementpointprice") or r.get("lmp")
        if point and "settlementpointtype" in r:
            source, kind = ("NP6-785" if "repeatedhourflag" in r else "NP6-905"), TYPES[r["settlementpointtype"]]
            point += "_EW" if r["settlementpointtype"].endswith("EW") else ""
        elif point:
            source, kind = ("NP6-788" if minutes == 5 else "NP4-180" if "repeatedhourflag" in r else "NP4-190"), type_of_name(point)
        elif "busname" in r or "electricalbus" in r:
            point, kind = r.get("busname") or r["electricalbus"], "BUS"
            source = "NP4-183" if minutes == 60 else "NP6-787"
        else:
            point, kind, total = "SYSTEM_LAMBDA", "SYSTEM", r.get("systemlambda") or r["cappedsystemlambda"]
            source = "NP4-523" if minutes == 60 else "NP6-322"
        dataset, row = energy_row("ERCOT", market, minutes, start, point, point, kind, None, None, number(total), None, None, None, "ERCOT " + source, 1)
        if kind == "SYSTEM":
            row["system_lambda"] = row["lmp_total"]
        yield dataset, row


def gridstatus_rows(path):
    """(start, name, price) as gridstatus reads the file, or None where it has no parser that takes a local file."""
    try:
        import pandas as pd
        from gridstatus import Ercot, Markets
        from gridstatus.ercot import ELECTRICAL_BUS_LOCATION_TYPE
    except ImportError:
        return None
    warnings.simplefilter("ignore")
    ercot = Ercot()
    ercot._get_settlement_point_mapping = lambda verbose=False: pd.DataFrame({"RESOURCE_NODE": []})
    if path.suffix == ".xlsx":
        frame = pd.concat(pd.read_excel(path, sheet_name=None).values())
    else:
        frame = pd.read_csv(path, float_precision="round_trip", thousands=",", skipinitialspace=True, dtype={"ElectricalBus": str})
    columns = set(frame.columns)
    if "ASType" in columns and "SCEDTimestamp" in columns:
        frame = ercot._handle_mcpc_sced(frame)
        frame["Interval Start"] = frame["SCED Timestamp"].dt.floor("5min")
        name, price = "AS Type", "MCPC"
    elif "ASType" in columns:
        frame, name, price = ercot._handle_mcpc_real_time_15_min(frame), "AS Type", "MCPC"
    elif "AncillaryType" in columns:
        frame, name, price = ercot._handle_mcpc_dam_df(ercot.parse_doc(frame)), "AS Type", "MCPC"
    elif "LMP" in columns and "BusName" not in columns:
        frame = ercot._handle_lmp_df(frame, location_type=ELECTRICAL_BUS_LOCATION_TYPE if "ElectricalBus" in columns else "Settlement Point")
        name, price = "Location", "LMP"
    elif "BusName" in columns:
        frame, name, price = ercot._handle_lmp_by_bus_dam_df(ercot.parse_doc(frame)), "Location", "LMP"
    elif columns & {"SystemLambda", "CappedSystemLambda"} and "DeliveryDate" not in columns:
        frame, name, price = ercot._handle_sced_system_lambda_df(frame), None, "System Lambda"
    elif "Settlement Point Price" in columns or "SettlementPointPrice" in columns:
        is_quarter = "Delivery Interval" in columns or "DeliveryInterval" in columns
        frame = frame.rename(columns={"Settlement Point Type": "SettlementPointType"})
        frame = ercot._finalize_spp_df(ercot.parse_doc(frame), Markets.REAL_TIME_15_MIN if is_quarter else Markets.DAY_AHEAD_HOURLY,
                                       locations="ALL", location_type="ALL")
        name, price = "Location", "SPP"
    else:
        return None
    return [(start.to_pydatetime().astimezone(UTC), point, float(value))
            for start, point, value in zip(frame["Interval Start"], frame[name] if name else ["SYSTEM_LAMBDA"] * len(frame), frame[price])]


def check_gridstatus(path, got):
    mine = {}
    for rows in got.values():
        for key, row in rows.items():
            mine[key[0], key[1]] = row["lmp_total"] if "lmp_total" in row else row["market_clearing_price"]
    theirs = gridstatus_rows(path)
    if theirs is None:
        return "no parser"
    theirs = {(start, point): value for start, point, value in theirs}
    wrong = [k for k in set(mine) | set(theirs) if mine.get(k) != theirs.get(k)]
    return f"{len(wrong)} disagreements, first {wrong[0]}: busbar {mine.get(wrong[0])}, gridstatus {theirs.get(wrong[0])}" if wrong else None


def workbook(path, sheets):
    """A workbook with inline texts, numbers, and dates as serial numbers (style 1), as other programs write them."""
    def cell(column, row, value):
        ref = f"{chr(65 + column)}{row}"
        if value is None:
            return ""
        if isinstance(value, datetime.datetime):
            days = (value - datetime.datetime(1899, 12, 30)).total_seconds() / 86400
            return f'<c r="{ref}" s="1"><v>{days!r}</v></c>'
        if isinstance(value, str):
            return f'<c r="{ref}" t="inlineStr"><is><t>{value}</t></is></c>'
        return f'<c r="{ref}"><v>{value!r}</v></c>'

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("[Content_Types].xml", "<Types/>")
        z.writestr("xl/workbook.xml", f'<workbook xmlns="{NS[1:-1]}" xmlns:r="x"><sheets>' +
                   "".join(f'<sheet name="{i}" sheetId="{i}" r:id="r{i}"/>' for i in range(1, len(sheets) + 1)) + "</sheets></workbook>")
        z.writestr("xl/_rels/workbook.xml.rels", "<Relationships>" + "".join(
            f'<Relationship Id="r{i}" Target="worksheets/sheet{i}.xml"/>' for i in range(1, len(sheets) + 1)) + "</Relationships>")
        z.writestr("xl/styles.xml", f'<styleSheet xmlns="{NS[1:-1]}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>')
        for i, rows in enumerate(sheets, 1):
            z.writestr(f"xl/worksheets/sheet{i}.xml", f'<worksheet xmlns="{NS[1:-1]}"><sheetData>' + "".join(
                f'<row r="{n}">' + "".join(cell(c, n, v) for c, v in enumerate(row)) + "</row>" for n, row in enumerate(rows, 1)) +
                "</sheetData></worksheet>")


def check_workbooks(check, busbar, scratch):
    """The workbooks of which no real one is at hand, as their description has them."""
    day = datetime.datetime(2026, 1, 5)
    path = scratch / "rpt.00025570.0000000000000000.HIST_15Min_RTM_MCPC_2026.xlsx"
    head = ["Delivery Date", "Delivery Hour", "Delivery Interval", "AS Type", "MCPC", "Repeated Hour Flag"]
    sheets = [[["Historical RTM MCPC"], [], head, [day, 1, 2, "REGUP", 1.25, "N"], [day, 24, 4, "ECRS", 0.4, "N"]],
              [["Historical RTM MCPC"], [], head, [day + datetime.timedelta(days=31), 2, 1, "RRS", 5, "N"]]]
    workbook(path, sheets)
    want = [ancillary_row("ERCOT", "RT", 15, start_of(wall, False), product, STANDARD[product], "SYSTEM", value, None, "$/MW", "ERCOT NP6-796", 1)
            for wall, product, value in ((datetime.datetime(2026, 1, 5, 0, 15), "REGUP", 1.25), (datetime.datetime(2026, 1, 5, 23, 45), "ECRS", 0.4),
                                         (datetime.datetime(2026, 2, 5, 1), "RRS", 5.0))]
    code, stderr, got = converted(busbar, [path])
    check("workbook NP6-796: exit code", f"exit {code}: {stderr}" if code else None)
    check("workbook NP6-796: every row", differences(want, got))
    path = scratch / "rpt.00013091.0000000000000000.20261004080005.DAMASMCPC_2026.xlsx"
    head = ["Delivery Date", "Hour Ending", "Repeated Hour Flag", "REGDN", "REGUP ", "RRS", "NSPIN", "ECRS"]
    workbook(path, [[["Historical DAM Clearing Prices for Capacity"], ["a"], [], ["b"], head,
                     ["11/01/2026", "02:00", "N", 1.5, 2, 3, 4.25, None], ["11/01/2026", "02:00", "Y", 1.75, 2, 3, 4, 5]]])
    want = [ancillary_row("ERCOT", "DA", 60, start_of(datetime.datetime(2026, 11, 1, 1), second), product, STANDARD[product], "SYSTEM", value, None,
                          "$/MW", "ERCOT NP4-181", 1)
            for second, values in ((False, (1.5, 2.0, 3.0, 4.25)), (True, (1.75, 2.0, 3.0, 4.0, 5.0)))
            for product, value in zip(("REGDN", "REGUP", "RRS", "NSPIN", "ECRS"), values)]
    code, stderr, got = converted(busbar, [path])
    check("workbook NP4-181: exit code", f"exit {code}: {stderr}" if code else None)
    check("workbook NP4-181: every row", differences(want, got))


def check_generated(check, busbar):
    """What busbar generates in ERCOT's layouts, on both switch days: plain, and packed with rows in no order and told twice."""
    listed = subprocess.run([busbar, "generate", "--list"], capture_output=True, text=True, check=True).stdout
    reports = [line.split()[0] for line in listed.splitlines() if line.strip().startswith("ercot.")]
    check("generated reports are listed", None if len(reports) >= 13 else listed)
    for report in reports:
        for first in ("2024-03-10", "2024-11-02"):
            with tempfile.TemporaryDirectory(prefix="busbar-ercot-") as scratch:
                options = ["--nodes", "13", "--from", first, "--days", "2", "--seed", "5"]
                for folder, more in (("plain", []), ("packed", ["--zip-of-zips", "--shuffle", "--duplicates", "0.1"])):
                    subprocess.run([busbar, "generate", report, "-o", f"{scratch}/{folder}", *options, *more], capture_output=True, check=True)
                want = [row for path in sorted(Path(scratch, "plain").iterdir()) for row in rows_of(path)]
                for folder in ("plain", "packed"):
                    code, stderr, got = converted(busbar, [Path(scratch, folder)])
                    check(f"generated {report} {first} {folder}: every row", f"exit {code}: {stderr[-400:]}" if code else differences(want, got))


def main():
    busbar = os.path.abspath(sys.argv[1])
    samples = Path(sys.argv[2] if len(sys.argv) > 2 else os.environ.get("BUSBAR_SAMPLES") or Path(__file__).resolve().parents[3] / "shared" / "samples")
    check = Checks()
    with tempfile.TemporaryDirectory(prefix="busbar-ercot-") as scratch:
        check_workbooks(check, busbar, Path(scratch))
    check_generated(check, busbar)
    if not (samples / "ercot").is_dir():
        print("SKIPPED samples: no folder of real files (BUSBAR_SAMPLES)")
        return check.end()
    files = [p for folder in ("api_csv_dam", "archive_first_rows", "derived_not_raw", "dam_lzhb_yearly_xlsx", "lmp_settlement_point_np6788", "rt_mcpc_np6332",
                              "rtm_spp_np6905", "system_lambda_np6322") for p in sorted((samples / "ercot" / folder).iterdir()) if p.suffix in (".csv", ".xlsx")]
    n_rows = n_theirs = 0
    for path in files:
        name = f"{path.parent.name}/{path.name}"
        want = list({(dataset, key_of(row)): (dataset, row) for dataset, row in rows_of(path)}.values())
        n_rows += len(want)
        code, stderr, got = converted(busbar, [path])
        check(f"{name}: exit code", f"exit {code}: {stderr[-400:]}" if code else None)
        check(f"{name}: every row", differences(want, got))
        problem = check_gridstatus(path, got)
        n_theirs += problem is None
        check(f"{name}: gridstatus agrees", problem if problem != "no parser" else None)
    for path in sorted((samples / "ercot").rglob("*.json")):
        code, stderr, got = converted(busbar, [path])
        check(f"{path.name}: refused and named", None if code == 3 and path.name in stderr and not got else f"exit {code}: {stderr[-300:]}")
    print(f"{len(files)} files, {n_rows} rows compared, {n_theirs} files also as gridstatus reads them")
    return check.end()


if __name__ == "__main__":
    sys.exit(main())
