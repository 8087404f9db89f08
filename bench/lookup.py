#!/usr/bin/env python3
"""What it costs to look up one location over a year, and a day and a month of all locations: time and bytes read, by busbar show, pyarrow, DuckDB and
Polars, from the file as busbar writes it and from the same pages without page index, without bloom filters, and without either.

usage: lookup.py BUSBAR [--nodes 6435] [--days 365] [--dir FOLDER] [--repeats 5] [--file FILE] [--json FILE] [--markdown FILE]

A PJM day-ahead year is generated and converted in pieces of 30 days (2 GB of room for 6,435 nodes; a memory disk when it has room), or --file names a file
of a lake. The variants are the same file with other footers: the fields that say where indexes and filters lie are left out, so that no
reader can find them; every page stays where it is. Each question is asked in a process of its own, once to warm up and then --repeats times: the median
of the times, and the bytes that the system counted as read for it (rchar of /proc/self/io: what an object store would have to deliver; a memory-mapped
file would not be counted, so each reader is checked once for having mapped it).
"""
import argparse
import json
import os
import pathlib
import platform
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time

VARIANTS = {"as written": (), "no page index": ("index",), "no bloom filter": ("bloom",), "neither": ("index", "bloom")}
READERS = ("busbar", "pyarrow", "duckdb", "polars")
COLUMNS = ("datetime_utc", "lmp_total")


# ---- Thrift's compact protocol, as far as a footer needs it: fields as (id, type, value), and back ----

class Compact:
    def __init__(self, data):
        self.data, self.at = data, 0

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        value = shift = 0
        while True:
            b = self.byte()
            value |= (b & 127) << shift
            shift += 7
            if b < 128:
                return value

    def take(self, n):
        self.at += n
        return self.data[self.at - n:self.at]

    def value(self, kind):
        if kind in (1, 2):
            return None
        if kind == 3:
            return self.byte()
        if kind in (4, 5, 6):
            return self.varint()
        if kind == 7:
            return self.take(8)
        if kind == 8:
            return self.take(self.varint())
        if kind in (9, 10):
            head = self.byte()
            n, item = head >> 4, head & 15
            n = self.varint() if n == 15 else n
            return item, [self.byte() if item in (1, 2) else self.value(item) for _ in range(n)]
        if kind == 12:
            return self.struct()
        raise ValueError(f"type {kind} in a footer")

    def struct(self):
        fields, last = [], 0
        while True:
            head = self.byte()
            if head == 0:
                return fields
            if head >> 4:
                last += head >> 4
            else:
                z = self.varint()
                last = z >> 1 ^ -(z & 1)
            fields.append((last, head & 15, self.value(head & 15)))


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def encoded(kind, value):
    if kind in (1, 2):
        return b""
    if kind == 3:
        return bytes([value])
    if kind in (4, 5, 6):
        return varint(value)
    if kind == 7:
        return value
    if kind == 8:
        return varint(len(value)) + value
    if kind in (9, 10):
        item, items = value
        head = bytes([len(items) << 4 | item]) if len(items) < 15 else bytes([240 | item]) + varint(len(items))
        return head + b"".join(bytes([v]) if item in (1, 2) else encoded(item, v) for v in items)
    out, last = bytearray(), 0
    for number, kind, v in value:
        delta = number - last
        out += bytes([delta << 4 | kind]) if 0 < delta < 16 else bytes([kind]) + varint(number << 1)
        out += encoded(kind, v)
        last = number
    return bytes(out) + b"\0"


def without(fields, numbers):
    return [f for f in fields if f[0] not in numbers]


def write_variant(path, to, leave_out):
    """FileMetaData 4: row groups, 1: their columns; ColumnChunk 4 … 7: offset and column index; ColumnMetaData 14, 15: bloom filter."""
    shutil.copyfile(path, to)
    with open(to, "r+b") as f:
        f.seek(-8, os.SEEK_END)
        end = f.tell()
        n = struct.unpack("<I", f.read(4))[0]
        f.seek(end - n)
        footer = Compact(f.read(n)).struct()
        for g in next(v for number, _, v in footer if number == 4)[1]:
            chunks = next(v for number, _, v in g if number == 1)[1]
            for i, chunk in enumerate(chunks):
                if "index" in leave_out:
                    chunk = without(chunk, (4, 5, 6, 7))
                if "bloom" in leave_out:
                    chunk = [(number, kind, without(v, (14, 15)) if number == 3 else v) for number, kind, v in chunk]
                chunks[i] = chunk
        data = encoded(12, footer)
        assert leave_out or len(data) == n
        f.seek(end - n)
        f.truncate()
        f.write(data + struct.pack("<I", len(data)) + b"PAR1")


# ---- the questions ----

def ask_with(reader, path, question, busbar):
    """A function that answers the question and returns the number of rows."""
    column, value, begin, end = question["column"], question["value"], question["from"], question["to"]
    if reader == "busbar":
        options = ["--where", f"{'location' if column == 'settlement_location' else 'location_id'}={value}"] if column else ["--from", begin[:10], "--to", end[:10]]

        def ask():
            show = subprocess.Popen([busbar, "show", path, "-n", "all", "--csv", "-q", "-c", ",".join(COLUMNS), *options], stdout=subprocess.PIPE)
            out = show.stdout.read()
            os.waitid(os.P_PID, show.pid, os.WEXITED | os.WNOWAIT)  # its counters are there until it is waited for
            ask.read = rchar(show.pid)
            if show.wait():
                sys.exit(f"busbar show: exit {show.returncode}")
            return out.count(b"\n") - 1
        return ask
    if reader == "pyarrow":
        import pyarrow as pa
        import pyarrow.dataset as ds
        at = [pa.scalar(t[:-1]).cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC")) for t in (begin, end)] if not column else None
        rows = ds.field(column) == value if column else (ds.field("datetime_utc") >= at[0]) & (ds.field("datetime_utc") < at[1])
        return lambda: ds.dataset(path).to_table(columns=list(COLUMNS), filter=rows).num_rows
    if reader == "duckdb":
        import duckdb
        db = duckdb.connect()
        where = f"{column} = '{value}'" if column else f"datetime_utc >= '{begin}'::timestamptz and datetime_utc < '{end}'::timestamptz"
        return lambda: db.sql(f"select {', '.join(COLUMNS)} from read_parquet('{path}') where {where}").to_arrow_table().num_rows
    import datetime

    import polars as pl
    at = [datetime.datetime.fromisoformat(t.replace("Z", "+00:00")) for t in (begin, end)] if not column else None
    rows = pl.col(column) == value if column else (pl.col("datetime_utc") >= at[0]) & (pl.col("datetime_utc") < at[1])
    return lambda: pl.scan_parquet(path).filter(rows).select(*COLUMNS).collect().height


def rchar(process="self"):
    with open(f"/proc/{process}/io") as f:
        return int(f.readline().split()[1])


def child(task):
    ask = ask_with(task["reader"], task["path"], task["question"], task["busbar"])
    ask()
    seconds = []
    for _ in range(task["repeats"]):
        before, began = rchar(), time.perf_counter()
        rows = ask()
        seconds.append(time.perf_counter() - began)
        nbytes = getattr(ask, "read", rchar() - before)
    with open("/proc/self/maps") as f:
        mapped = task["path"] in f.read()
    print(json.dumps({"rows": rows, "seconds": statistics.median(seconds), "nbytes": nbytes, "mapped": mapped}))


# ---- the file ----

def make_file(o, busbar, root):
    import datetime
    lake, day = root / "lake", datetime.date(2023, 1, 1)
    last = day + datetime.timedelta(days=o.days)
    while day < last:
        n = min(30, (last - day).days)
        subprocess.run([busbar, "generate", "pjm.da_hrl_lmps", "-o", root / "raw", "--quiet", "--nodes", str(o.nodes), "--from", str(day), "--days", str(n)], check=True)
        subprocess.run([busbar, "convert", root / "raw", "-o", lake, "-q"], check=True)
        shutil.rmtree(root / "raw")
        day += datetime.timedelta(days=n)
    return max((p for p in lake.rglob("*nodal*.parquet")), key=lambda p: p.stat().st_size)


def questions_of(path):
    import pyarrow.parquet as pq
    f = pq.ParquetFile(path)
    g = f.metadata.num_row_groups // 2
    some = f.read_row_group(g, columns=["datetime_utc", "settlement_location", "settlement_location_id"])
    row = some.slice(some.num_rows // 2, 1).to_pylist()[0]
    day = row["datetime_utc"].strftime("%Y-%m-%d")
    month = row["datetime_utc"].replace(day=1)
    after = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
    import datetime
    next_day = (datetime.date.fromisoformat(day) + datetime.timedelta(days=1)).isoformat()

    def q(name, column=None, value=None, begin=None, end=None):
        return {"name": name, "column": column, "value": value, "from": begin, "to": end}
    return f.metadata, [
        q("one location, all the time", "settlement_location", row["settlement_location"]),
        q("the same by its id", "settlement_location_id", row["settlement_location_id"]),
        q("a location that is not there", "settlement_location", row["settlement_location"] + " X"),
        q("an id that is not there", "settlement_location_id", row["settlement_location_id"] + "0000001"),
        q("a day, all locations", begin=day + "T00:00:00Z", end=next_day + "T00:00:00Z"),
        q("a month, all locations", begin=f"{month:%Y-%m-%d}T00:00:00Z", end=f"{after:%Y-%m-%d}T00:00:00Z")]


def main():
    if sys.argv[1:2] == ["--child"]:
        return child(json.loads(sys.argv[2]))
    p = argparse.ArgumentParser()
    p.add_argument("busbar")
    p.add_argument("--nodes", type=int, default=6435)
    p.add_argument("--days", type=int, default=365)
    p.add_argument("--dir")
    p.add_argument("--repeats", type=int, default=5)
    p.add_argument("--file")
    p.add_argument("--json")
    p.add_argument("--markdown")
    o = p.parse_args()
    busbar = os.path.abspath(o.busbar)
    room = o.nodes * o.days * 24 * 60 + 1e9
    base = o.dir or ("/dev/shm" if os.path.isdir("/dev/shm") and shutil.disk_usage("/dev/shm").free > room * 1.5 else None)
    root = pathlib.Path(tempfile.mkdtemp(prefix="busbar-lookup-", dir=base))
    try:
        measure(o, busbar, root)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def measure(o, busbar, root):
    import duckdb
    import polars
    import pyarrow
    path = o.file or make_file(o, busbar, root)
    metadata, questions = questions_of(path)
    results, lines = [], []
    for variant, leave_out in VARIANTS.items():
        copy = root / (variant.replace(" ", "-") + ".parquet")
        write_variant(path, copy, leave_out)
        for question in questions:
            rows = set()
            for reader in READERS:
                task = {"reader": reader, "path": str(copy), "question": question, "busbar": busbar, "repeats": o.repeats}
                done = subprocess.run([sys.executable, __file__, "--child", json.dumps(task)], capture_output=True, text=True)
                if done.returncode:
                    sys.exit(f"{reader}, {question['name']}: {done.stderr[-2000:]}")
                got = json.loads(done.stdout)
                if got["mapped"]:
                    sys.exit(f"{reader} maps the file into memory: its bytes would not be counted")
                rows.add(got["rows"])
                results.append({"variant": variant, "question": question["name"], "reader": reader, **got})
            if len(rows) != 1:
                sys.exit(f"{question['name']}: the readers found {rows} rows")
        copy.unlink()
    size = os.path.getsize(path)
    head = (f"{metadata.num_rows:,} rows, {metadata.num_row_groups} row groups, {size / 1e6:.1f} MB. {platform.machine()}, {len(os.sched_getaffinity(0))} processors; "
            f"pyarrow {pyarrow.__version__}, DuckDB {duckdb.__version__}, Polars {polars.__version__}; columns {', '.join(COLUMNS)}; medians of {o.repeats}.")
    lines += [head, "", "| question | file | " + " | ".join(READERS) + " |", "|---|---|" + "---|" * len(READERS)]
    for question in questions:
        for variant in VARIANTS:
            cells = [next(r for r in results if (r["variant"], r["question"], r["reader"]) == (variant, question["name"], reader)) for reader in READERS]
            lines.append(f"| {question['name']} ({cells[0]['rows']:,} rows) | {variant} | " + " | ".join(f"{c['seconds'] * 1e3:.0f} ms, {c['nbytes'] / 1e6:.2f} MB" for c in cells) + " |")
    text = "\n".join(lines)
    print(text)
    if o.markdown:
        pathlib.Path(o.markdown).write_text(text + "\n")
    if o.json:
        pathlib.Path(o.json).write_text(json.dumps({"about": head, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
