#!/usr/bin/env python3
"""status, quality, metadata and report against counts made here, with pyarrow and numpy, from the rows of the lake; and the report in a browser.

usage: check_report.py BUSBAR [LAKE] [--keep FOLDER]
Without LAKE, synthetic raw files with holes are made and converted. Needs pyarrow; the browser part needs chromium and says so when it
is missing. Ends with "N passed, N failed".
"""
import glob
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

try:
    import numpy as np
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
except ImportError as e:
    print(f"skipped: {e}")
    print("0 passed, 0 failed")
    sys.exit(0)

passed = failed = 0


def check(what, got, want):
    global passed, failed
    if got == want:
        passed += 1
    else:
        failed += 1
        print(f"FAILED {what}: {got!r}, expected {want!r}")


def make_lake(busbar, folder):
    def generate(report, *options):
        raw = os.path.join(folder, "raw", report)
        subprocess.run([busbar, "generate", report, "-o", raw, "-q", *options], check=True)
        return sorted(glob.glob(os.path.join(raw, "*")))

    days = generate("pjm.da_hrl_lmps", "--from", "2023-10-20", "--days", "150", "--nodes", "40")
    for day in days[20:24] + days[60:61] + days[140:141]:
        os.remove(day)
    few = generate("caiso.prc_lmp", "--from", "2024-03-01", "--days", "40", "--nodes", "12")
    os.remove(few[9])
    generate("miso.da_expost_lmp", "--from", "2024-06-01", "--days", "20", "--nodes", "10")
    lines = open(days[3]).read().splitlines(keepends=True)  # one location alone lacks a day
    open(days[3], "w").writelines(line for k, line in enumerate(lines) if k == 0 or line.split(",")[2] != lines[5].split(",")[2])
    lake = os.path.join(folder, "lake")
    subprocess.run([busbar, "convert", os.path.join(folder, "raw"), "-o", lake, "-q"], check=True)
    return lake


def facts_of(path, minutes, energy):
    """What the rows say, by the definitions on the report's last lines."""
    names = ["settlement_location", "settlement_location_id", "lmp_total", "lmp_energy", "lmp_congestion", "lmp_loss"] if energy else \
        ["as_product", "as_region", "market_clearing_price"]
    t = pq.read_table(path, columns=["datetime_utc"] + names)
    seconds = pc.cast(t["datetime_utc"], "int64").to_numpy() // (10**9 if "ns" in str(t.schema.field("datetime_utc").type) else 10**6)
    slot = seconds // (minutes * 60)
    name = np.array([f"{a}\x1f{b}" for a, b in zip(t[names[0]].to_pylist(), t[names[1]].to_pylist())])
    prices = t[names[2]].to_numpy(zero_copy_only=False).astype(float)
    seen = np.unique(slot)
    ordinal = np.searchsorted(seen, slot)
    f = dict(rows=len(slot), locations=0, intervals_expected=int(seen[-1] - seen[0] + 1), intervals_seen=len(seen), values_expected=0, values_seen=0,
             locations_with_gaps=0, locations_late=0, locations_gone=0, null_prices=int(np.isnan(prices).sum()),
             outliers=int(((prices < -1000) | (prices > 10000)).sum()), first=int(seconds.min()), last=int(seconds.max()))
    for one in np.unique(name):
        mine = np.unique(ordinal[name == one])
        f["locations"] += 1
        f["values_seen"] += len(mine)
        f["values_expected"] += int(seen[mine[-1]] - seen[mine[0]] + 1)
        f["locations_with_gaps"] += int(mine[-1] - mine[0] + 1 > len(mine))
        f["locations_late"] += int(mine[0] > 0)
        f["locations_gone"] += int(mine[-1] < len(seen) - 1)
    percents = [100.0 if s >= e else min(99.99, int(10000 * s / e + 0.5) / 100) for s, e in
                ((f["intervals_seen"], f["intervals_expected"]), (f["values_seen"], f["values_expected"]))]
    f["completeness_percent"] = min(percents)
    f["highest"] = float(np.nanmax(prices))
    f["lowest"] = float(np.nanmin(prices))
    return f


def utc(seconds):
    return str(np.datetime64(int(seconds), "s")) + "Z"


def check_status(busbar, lake):
    status = json.loads(subprocess.run([busbar, "status", "--json", lake], check=True, capture_output=True, text=True).stdout)
    paths = sorted(glob.glob(os.path.join(lake, "parquet", "*", "*", "*.parquet")))
    check("files of status", sorted(f["path"] for f in status["files"]), paths)
    facts = {}
    for entry in status["files"]:
        want = facts_of(entry["path"], entry["interval_minutes"], "energy" in entry["dataset"])
        facts[entry["path"]] = (entry, want)
        label = f"{entry['iso']} {entry['dataset']} {entry['year']}"
        for key, value in want.items():
            if key in ("highest", "lowest"):
                continue
            check(f"status, {label}: {key}", entry[key], utc(value) if key in ("first", "last") else value)
        check(f"status, {label}: bytes", entry["bytes"], os.path.getsize(entry["path"]))
    table = subprocess.run([busbar, "status", lake], check=True, capture_output=True, text=True).stdout.splitlines()
    check("lines of the table", len(table), len(paths) + 2)
    check("last line of the table", table[-1].split(",")[0], f"{len(paths)} file{'' if len(paths) == 1 else 's'}")
    return facts


def check_quality(lake, facts):
    written = 0
    for entry, want in facts.values():
        path = os.path.join(lake, "quality", entry["iso"].lower(), f"{entry['dataset']}_{entry['year']}.json")
        if not os.path.exists(path):
            continue
        written += 1
        q = json.load(open(path))
        label = f"quality, {entry['iso']} {entry['dataset']} {entry['year']}: "
        check(label + "rows", q["rows"], want["rows"])
        check(label + "intervals", (q["intervals"]["expected"], q["intervals"]["seen"]), (want["intervals_expected"], want["intervals_seen"]))
        if "missing_ranges_not_listed" not in q["intervals"]:
            check(label + "missing for all", sum(g["intervals"] for g in q["intervals"]["missing_for_all"]), want["intervals_expected"] - want["intervals_seen"])
        check(label + "values", (q["values_expected"], q["values_seen"]), (want["values_expected"], want["values_seen"]))
        check(label + "highest", q["prices"]["highest"][0]["price"], want["highest"])
        check(label + "lowest", q["prices"]["lowest"][0]["price"], want["lowest"])
        check(label + "sources", len(q["sources"]), entry["sources"])
    check("quality files", written, len(facts))


def check_metadata(lake):
    found = {}
    for path in glob.glob(os.path.join(lake, "metadata", "*", "*.json")):
        kind = os.path.basename(os.path.dirname(path))
        for one in json.load(open(path))[kind]:
            iso = os.path.basename(path).split("_")[0]
            key = (iso, one.get("name", one.get("product")), one.get("id", one.get("region")))
            found[key] = (one["first"], one["last"])
    want = {}
    for path in glob.glob(os.path.join(lake, "parquet", "*", "*", "*.parquet")):
        energy = "_energy_" in path
        names = ["settlement_location", "settlement_location_id"] if energy else ["as_product", "as_region"]
        t = pq.read_table(path, columns=["datetime_utc"] + names)
        for row in t.group_by(names).aggregate([("datetime_utc", "min"), ("datetime_utc", "max")]).to_pylist():
            key = (path.split(os.sep)[-3], row[names[0]], row[names[1]])
            low, high = (row[f"datetime_utc_{m}"].strftime("%Y-%m-%dT%H:%M:%SZ") for m in ("min", "max"))
            old = want.get(key, (low, high))
            want[key] = (min(old[0], low), max(old[1], high))
    check("locations and products in metadata", sorted(map(str, found.items())), sorted(map(str, want.items())))
    check("market_info.json", os.path.exists(os.path.join(lake, "metadata", "market_info.json")), True)


def png_colours(path):
    """How often each colour occurs in an 8-bit PNG."""
    data = open(path, "rb").read()
    at, idat, width, height, channels = 8, b"", 0, 0, 3
    while at < len(data):
        n, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + n]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            channels = {2: 3, 6: 4}[colour]
            assert depth == 8
        elif kind == b"IDAT":
            idat += body
        at += 12 + n
    raw = np.frombuffer(zlib.decompress(idat), np.uint8).reshape(height, 1 + width * channels)
    out = np.zeros((height, width * channels), np.uint8)
    for y in range(height):
        f, line = raw[y, 0], raw[y, 1:].astype(np.int32)
        up = out[y - 1].astype(np.int32) if y else np.zeros_like(line)
        if f == 0:
            out[y] = line
        elif f == 2:
            out[y] = (line + up) & 255
        elif f == 1:
            for c in range(channels):
                out[y, c::channels] = np.cumsum(line[c::channels]) & 255
        else:
            cur = [0] * len(line)
            for i, v in enumerate(line.tolist()):
                left = cur[i - channels] if i >= channels else 0
                above = int(up[i])
                if f == 3:
                    p = (left + above) // 2
                else:
                    corner = int(up[i - channels]) if i >= channels else 0
                    e = left + above - corner
                    pa, pb, pcn = abs(e - left), abs(e - above), abs(e - corner)
                    p = left if pa <= pb and pa <= pcn else above if pb <= pcn else corner
                cur[i] = (v + p) & 255
            out[y] = cur
    pixels = out.reshape(-1, channels)[:, :3].astype(np.uint32)
    values, counts = np.unique(pixels[:, 0] << 16 | pixels[:, 1] << 8 | pixels[:, 2], return_counts=True)
    return dict(zip(values.tolist(), counts.tolist()))


def check_report(busbar, lake, facts, folder, has_holes):
    page = os.path.join(folder, "report.html")
    subprocess.run([busbar, "report", lake, "-o", page], check=True)
    html = open(page, encoding="utf-8").read()
    check("the page needs no scripts", "<script" in html, False)
    check("the page needs no network", re.findall(r"""(?:src|href|url)\s*[=(]\s*['"]?(?!#|'#)(?:https?:)?//""", html), [])
    check("nothing is left over", [f for f in os.listdir(folder) if ".tmp-" in f], [])
    chromium = next((c for c in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if c), None)
    text = re.sub(r"<[^>]+>", " ", html)
    if not chromium:
        print("skipped: no chromium here, the page is not looked at in a browser")
    else:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                 "--disable-component-update", "--disable-sync", "--hide-scrollbars", f"--user-data-dir={folder}/profile"]
        dom = subprocess.run([chromium, *flags, "--dump-dom", f"file://{page}"], capture_output=True, text=True, timeout=120).stdout
        check("the browser keeps every table and figure", [dom.count(f"<{t}") for t in ("article", "table", "svg")],
              [html.count(f"<{t}") for t in ("article", "table", "svg")])
        text = re.sub(r"<[^>]+>", " ", dom)
        shot = os.path.join(folder, "report.png")
        subprocess.run([chromium, *flags, "--window-size=1240,3000", f"--screenshot={shot}", f"file://{page}"], capture_output=True, timeout=120)
        colours = png_colours(shot)
        check("the page is light", max(colours, key=colours.get) in (0xFFFFFF, 0xF5F7F9), True)
        check("complete days are drawn", colours.get(0x23847C, 0) > 2000, True)
        if has_holes:
            check("missing days are drawn", colours.get(0xC9403A, 0) > 20, True)
    rows = sum(w["rows"] for _, w in facts.values())
    check("rows on the page", f"{rows:,}" in text, True)
    for entry, want in facts.values():
        label = f"report, {entry['iso']} {entry['dataset']} {entry['year']}: "
        article = html.split(f"<article id='{entry['iso'].lower()}-{entry['dataset']}'")[1].split("</article>")[0]
        check(label + "rows", f"<td>{entry['year']}</td><td class=num>{want['rows']:,}</td>" in article, True)
    for iso, dataset in {(e["iso"], e["dataset"]) for e, _ in facts.values()}:
        article = html.split(f"<article id='{iso.lower()}-{dataset}'")[1].split("</article>")[0]
        mine = [w for e, w in facts.values() if (e["iso"], e["dataset"]) == (iso, dataset)]
        check(f"report, {iso} {dataset}: highest price", f"<td class=num>{max(w['highest'] for w in mine):.2f}</td>" in article, True)
        check(f"report, {iso} {dataset}: lowest price", f"<td class=num>{min(w['lowest'] for w in mine):.2f}</td>" in article, True)
    check_monthly(html, lake)


def check_monthly(html, lake):
    """Monthly means of PJM's hubs, by pyarrow."""
    paths = sorted(glob.glob(os.path.join(lake, "parquet", "pjm", "da_energy_hourly_hub", "*.parquet")))
    if not paths:
        return
    article = html.split("<article id='pjm-da_energy_hourly_hub'")[1].split("</article>")[0]
    sums = {}
    for path in paths:
        t = pq.read_table(path, columns=["settlement_location", "settlement_location_type", "delivery_date", "lmp_total"])
        for name, kind, day, price in zip(*(t[c].to_pylist() for c in t.column_names)):
            if kind == "HUB" and price is not None:
                sums.setdefault((day.year, day.month, name), []).append(price)
    shown = [re.sub("&amp;", "&", h) for h in re.findall(r"<th class=num colspan=3>([^<]*)</th>", article)]
    check("hubs are shown", 0 < len(shown) <= 6, True)
    for year, month in sorted({k[:2] for k in sums}):
        label = f"{'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split()[month - 1]} {year}"
        line = article.split(f"<td class=when>{label}</td>")[1].split("</tr>")[0]
        got = [float(x) for x in re.findall(r">(-?[0-9.]+)<", line)]
        want = [f(sums[(year, month, h)]) for h in shown for f in (lambda v: sum(v) / len(v), min, max)]
        check(f"prices of {label}", all(abs(a - b) <= 0.00501 for a, b in zip(got, want)) and len(got) == len(want), True)


def main():
    arguments = [a for a in sys.argv[1:]]
    keep = None
    if "--keep" in arguments:
        at = arguments.index("--keep")
        keep = arguments[at + 1]
        del arguments[at:at + 2]
    busbar = os.path.abspath(arguments[0])
    folder = tempfile.mkdtemp(prefix="busbar-report-")
    try:
        lake = arguments[1] if len(arguments) > 1 else make_lake(busbar, folder)
        facts = check_status(busbar, lake)
        check_quality(lake, facts)
        check_metadata(lake)
        check_report(busbar, lake, facts, folder, len(arguments) == 1)
        if keep:
            for name in ("report.html", "report.png"):
                if os.path.exists(os.path.join(folder, name)):
                    shutil.copy(os.path.join(folder, name), keep)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
