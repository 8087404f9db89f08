#!/usr/bin/env python3
"""usage: show_check.py BUSBAR

`busbar show` with filters against pyarrow: locations, ids, spans of time and all of them together, on lakes of several pages and row groups in all
profiles, with every column and with some; and it says that it read less than the file.
"""
import csv
import io
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

passed = failed = 0


def check(ok, name, why=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print(f"{'ok' if ok else 'FAILED'} {name}")
    if not ok:
        print("    " + "\n    ".join(str(why)[:2000].splitlines()))


def show(busbar, path, *options):
    done = subprocess.run([busbar, "show", str(path), "-n", "all", "--csv", *options], capture_output=True, text=True)
    return done.returncode, [row or [""] for row in csv.reader(io.StringIO(done.stdout))], done.stderr


def text(value, kind):
    if value is None:
        return ""
    if pa.types.is_timestamp(kind):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return repr(value) if isinstance(value, float) else str(value)


def same(row, want):
    """Numbers may be spelled in two ways."""
    return len(row) == len(want) and all(a == b or (a and b and re.fullmatch(r"-?[\d.e+-]+", b) and float(a) == float(b)) for a, b in zip(row, want))


def questions(r, table):
    names, ids = (sorted(set(table[c].to_pylist()) - {None}) for c in ("settlement_location", "settlement_location_id"))
    first, last = (f(table["datetime_utc"]).as_py() for f in (pc.min, pc.max))
    day = lambda: (first + (last - first) * r.random()).strftime("%Y-%m-%d")  # noqa: E731
    for _ in range(3):
        yield {"location": r.choice(names)}
        yield {"id": r.choice(ids)}
        a, b = sorted((day(), day()))
        yield {"location": r.choice(names), "from": a}
        yield {"id": r.choice(ids), "from": a, "to": b + "T07:00:00Z"}
    yield {"location": names[0]}
    yield {"location": names[-1]}
    yield {"location": "NOT THERE"}
    yield {"id": "0"}
    yield {"from": first.strftime("%Y-%m-%dT%H:%M:%SZ"), "to": first.strftime("%Y-%m-%dT%H:30:00Z")}
    yield {"from": last.strftime("%Y-%m-%dT%H:%M:%SZ")}
    yield {"from": "2030-01-01"}
    yield {"to": "2000-01-01"}


def one(busbar, r, path, what):
    columns = ["datetime_utc", "settlement_location", "settlement_location_id", "zone", "voltage_kv", "lmp_total", "lmp_congestion", "dst_flag"]
    table = pq.read_table(path)
    for asked in questions(r, table):
        shown = r.sample(columns, r.randint(1, len(columns)))
        options, mask = ["--columns", ",".join(shown)], pa.array([True] * table.num_rows)
        if "location" in asked:
            options += ["--where", "location=" + asked["location"]]
            mask = pc.and_(mask, pc.equal(table["settlement_location"], asked["location"]))
        if "id" in asked:
            options += ["--where", "location_id=" + asked["id"]]
            mask = pc.and_(mask, pc.fill_null(pc.equal(table["settlement_location_id"], asked["id"]), False))
        for bound, compare in (("from", pc.greater_equal), ("to", pc.less)):
            if bound in asked:
                options += ["--" + bound, asked[bound]]
                instant = asked[bound] if "T" in asked[bound] else asked[bound] + "T00:00:00Z"
                mask = pc.and_(mask, compare(table["datetime_utc"], pa.scalar(instant[:-1]).cast(pa.timestamp("us")).cast(table["datetime_utc"].type)))
        want = table.filter(mask).select(shown)
        want = [[text(v, want.schema.field(c).type) for v, c in zip(row.values(), shown)] for row in want.to_pylist()]
        code, got, said = show(busbar, path, *options)
        ok = code == 0 and got[:1] == [shown] and len(got) == len(want) + 1 and all(same(g, w) for g, w in zip(got[1:], want))
        check(ok, f"{what}: {asked}: {len(want)} rows", f"exit code {code}, {len(got) - 1} rows, {said}\n"
              + "\n".join(f"{g} against {w}" for g, w in list(zip(got[1:], want)) if not same(g, w))[:600])
        read = re.match(r"read ([\d.]+) (k?M?G?B) of ([\d.]+) (k?M?G?B), (\d+) of (\d+) row groups", said)
        nbytes = [float(n) * {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}[unit] for n, unit in (read.group(1, 2), read.group(3, 4))] if read else [1, 0]
        check(nbytes[0] < nbytes[1] and (want or asked.get("id") or asked.get("location") or read[5] == "0"), f"{what}: {asked}: {said.strip()}", said)


def main():
    busbar, r = str(pathlib.Path(sys.argv[1]).resolve()), random.Random(3)
    with tempfile.TemporaryDirectory(prefix="busbar-show-") as folder:
        root = pathlib.Path(folder)
        for report, nodes, days in (("pjm.da_hrl_lmps", 5000, 4), ("nyiso.realtime_gen", 300, 5)):
            subprocess.run([busbar, "generate", report, "-o", root / report, "--quiet", "--nodes", str(nodes), "--days", str(days)], check=True)
            for profile in ("lake", "dense", "seed"):
                lake = root / (report + profile)
                subprocess.run([busbar, "convert", root / report, "-o", lake, "-q", "--profile", profile], check=True)
                for path in sorted(lake.rglob("*.parquet")):
                    one(busbar, r, path, f"{profile} {path.stem}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


main()
