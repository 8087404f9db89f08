#!/usr/bin/env python3
"""How large the files are, on real raw files, beside what DuckDB makes of the same rows.

    python bench/sizes.py BUSBAR [--raw FOLDER] [--dir FOLDER] [--columns MARKET[/DATASET]] [--json FILE]

The raw files (--raw, else $BUSBAR_SAMPLES, else ../shared/samples) are converted with the profiles lake and dense. DuckDB reads each
lake file and writes the same rows in the same order with COMPRESSION zstd at its usual level, once as it does unless told (data pages
v1: PLAIN and dictionary, as in lake) and once with PARQUET_VERSION v2 (delta and BYTE_STREAM_SPLIT, as in dense). Sizes are of whole
files: busbar's hold the ledger, the origin of every row, quality, page index and checksums beside the rows, DuckDB's do not; what
the columns alone take is in the second pair of figures. --columns prints the columns of one market, in busbar's files and in DuckDB's.
"""
import argparse
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
KINDS = ["lake", "duckdb", "dense", "duckdb_v2"]


def samples():
    folder = pathlib.Path(os.environ.get("BUSBAR_SAMPLES") or HERE.parent.parent / "shared" / "samples")
    return folder if folder.is_dir() else None


def columns_of(path):
    import pyarrow.parquet as pq

    found, how = collections.Counter(), collections.defaultdict(set)
    meta = pq.read_metadata(path)
    for g in range(meta.num_row_groups):
        for c in range(meta.num_columns):
            column = meta.row_group(g).column(c)
            found[column.path_in_schema] += column.total_compressed_size
            how[column.path_in_schema] |= set(column.encodings)
    return found, how, meta.num_rows


def measure(busbar, raw, scratch):
    """A dict per lake file: market, dataset, rows, and for each kind of file its size, its columns and their encodings."""
    import duckdb

    for profile in ("lake", "dense"):
        done = subprocess.run([busbar, "convert", str(raw), "-o", str(scratch / profile), "--profile", profile, "-q", "--progress", "never"], capture_output=True, text=True)
        if done.returncode not in (0, 1):  # 1: real folders hold files that have to be refused
            raise SystemExit(f"convert --profile {profile}: exit {done.returncode}\n{done.stderr[-2000:]}")
    files = []
    for path in sorted((scratch / "lake").rglob("*.parquet")):
        inside = path.relative_to(scratch / "lake" / "parquet")
        made = {"lake": path, "dense": scratch / "dense" / "parquet" / inside}
        db = duckdb.connect()
        for kind, more in (("duckdb", ""), ("duckdb_v2", ", PARQUET_VERSION v2")):
            made[kind] = scratch / f"{kind}.parquet"
            db.execute(f"COPY (SELECT * FROM read_parquet('{path}')) TO '{made[kind]}' (FORMAT parquet, COMPRESSION zstd{more})")
        db.close()
        one = {"market": inside.parts[0], "dataset": inside.parts[1], "file": path.name}
        for kind, where in made.items():
            one[kind] = where.stat().st_size
            one[kind, "columns"], one[kind, "how"], one["rows"] = columns_of(where)
        files.append(one)
    return files


def sums(files):
    """Per market, then all: rows, files, and the size of the files and of their columns, for each kind."""
    out = {}
    for one in files:
        for name in (one["market"], "all"):
            row = out.setdefault(name, collections.Counter())
            row["files"] += 1
            row["rows"] += one["rows"]
            for kind in KINDS:
                row[kind] += one[kind]
                row[f"{kind}_columns"] += sum(one[kind, "columns"].values())
    return {n: dict(out[n]) for n in sorted(out, key=lambda n: (n == "all", n))}


def print_columns(files, what):
    market, _, dataset = what.partition("/")
    chosen = [f for f in files if (market == "all" or f["market"] == market) and (not dataset or f["dataset"] == dataset)]
    total = {k: collections.Counter() for k in KINDS}
    how = {k: collections.defaultdict(set) for k in KINDS}
    for one in chosen:
        for kind in KINDS:
            total[kind].update(one[kind, "columns"])
            for c, e in one[kind, "how"].items():
                how[kind][c] |= e
    print(f"{what}: {len(chosen)} files, {sum(f['rows'] for f in chosen):,} rows")
    print(f"{'column':28}" + "".join(f"{k:>11}" for k in KINDS) + "  how in lake | in DuckDB's")
    short = lambda e: "+".join(sorted({"RLE_DICTIONARY": "DICT", "BYTE_STREAM_SPLIT": "BSS", "DELTA_BINARY_PACKED": "DELTA"}.get(x, x) for x in e if x != "RLE"))
    for c in sorted(total["lake"], key=lambda c: -total["lake"][c]):
        print(f"{c:28}" + "".join(f"{total[k][c]:11,}" for k in KINDS) + f"  {short(how['lake'][c])} | {short(how['duckdb'][c])}")
    print(f"{'all columns':28}" + "".join(f"{sum(total[k].values()):11,}" for k in KINDS))
    print(f"{'beside the columns':28}" + "".join(f"{sum(f[k] for f in chosen) - sum(total[k].values()):11,}" for k in KINDS))


def run(busbar, raw=None, folder=None, columns=()):
    raw = raw or samples()
    if not raw:
        return None
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="busbar-sizes-", dir=folder))
    try:
        files = measure(busbar, raw, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    for what in columns:
        print_columns(files, what)
    return sums(files)


def main():
    p = argparse.ArgumentParser(description="see the head of this file")
    p.add_argument("busbar")
    p.add_argument("--raw", type=pathlib.Path)
    p.add_argument("--dir")
    p.add_argument("--columns", action="append", default=[])
    p.add_argument("--json")
    a = p.parse_args()
    found = run(os.path.abspath(a.busbar), a.raw, a.dir, a.columns)
    if not found:
        print("SKIPPED: no real files; set BUSBAR_SAMPLES to a folder of them")
        return
    print(f"{'market':8}{'files':>6}{'rows':>12}" + "".join(f"{k:>12}" for k in KINDS) + f"{'lake/duckdb':>13}{'dense/duckdb':>14}{'columns only':>14}{'dense':>8}")
    for name, r in found.items():
        print(f"{name:8}{r['files']:6}{r['rows']:12,}" + "".join(f"{r[k]:12,}" for k in KINDS) + f"{r['lake'] / r['duckdb']:13.3f}{r['dense'] / r['duckdb']:14.3f}"
              f"{r['lake_columns'] / r['duckdb_columns']:14.3f}{r['dense_columns'] / r['duckdb_columns']:8.3f}")
    if a.json:
        pathlib.Path(a.json).write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
