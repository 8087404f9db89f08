#!/usr/bin/env python3
"""Every file of a lake, read by pyarrow, DuckDB and Polars, and taken apart by parquet_footer.py: one schema, the same rows in
the same order, true statistics, and everything that the contract promises about the file.

usage: readers_check.py PROGRAM [LAKE]      without LAKE one is made of generated files
"""
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import parquet_footer

ZONES = {"pjm": "America/New_York", "caiso": "America/Los_Angeles", "miso": "Etc/GMT+5"}
SORTED_BY = ["datetime_utc", "settlement_location", "settlement_location_id"]
passed, failures = 0, []


def check(name, problem):
    global passed
    if problem:
        failures.append(name)
        print(f"FAILED {name}\n    {problem}")
    else:
        passed += 1


def energy_schema(zone, unit="us"):
    """The 24 columns of the contract."""
    instant = pa.timestamp(unit, "UTC")
    f = pa.field
    return pa.schema([
        f("datetime_utc", instant, False), f("datetime_local", pa.timestamp(unit, zone), False),
        f("interval_start_utc", instant, False), f("interval_end_utc", instant, False), f("delivery_date", pa.date32(), False),
        f("delivery_hour", pa.int8(), False), f("delivery_interval", pa.int8(), False), f("interval_minutes", pa.int16(), False),
        f("iso", pa.string(), False), f("market_type", pa.string(), False), f("settlement_location", pa.string(), False),
        f("settlement_location_type", pa.string(), False), f("settlement_location_id", pa.string()), f("zone", pa.string()),
        f("voltage_kv", pa.float64()), f("lmp_total", pa.float64()), f("lmp_energy", pa.float64()), f("lmp_congestion", pa.float64()),
        f("lmp_loss", pa.float64()), f("system_lambda", pa.float64()), f("dst_flag", pa.string(), False),
        f("data_source", pa.string(), False), f("version", pa.int32(), False), f("is_current", pa.bool_(), False)])


def first_unequal(mine, theirs):
    """None when two tables hold the same rows; columns are compared in the types of the first."""
    if mine.column_names != theirs.column_names:
        return f"columns {theirs.column_names}"
    if mine.num_rows != theirs.num_rows:
        return f"{theirs.num_rows} rows, pyarrow has {mine.num_rows}"
    for name in mine.column_names:
        a = mine[name].combine_chunks()
        b = theirs[name].combine_chunks()
        if pa.types.is_timestamp(a.type):
            a, b = a.cast(pa.timestamp("us", "UTC")), b.cast(pa.timestamp("us", "UTC"))
        elif b.type != a.type:
            b = b.cast(a.type)
        if isinstance(a, pa.ChunkedArray):
            a, b = pa.concat_arrays(a.chunks), pa.concat_arrays(b.chunks)
        if not a.equals(b):
            i = next(i for i, (x, y) in enumerate(zip(a, b)) if x.as_py() != y.as_py())
            return f"{name}, row {i}: {b[i]}, pyarrow has {a[i]}"
    return None


def duckdb_table(connection, path):
    return connection.sql("SELECT * FROM read_parquet(?)", params=[str(path)]).to_arrow_table()


def check_file(path, relative, unit="us"):
    iso = relative.split("/")[1]
    data = path.read_bytes()
    file = pq.ParquetFile(path, page_checksum_verification=True)
    want = energy_schema(ZONES[iso], unit)
    got = file.schema_arrow.remove_metadata()
    check(f"{relative}: schema", None if got.equals(want) else f"differs:\n{[str(f) for f in got if f not in list(want)]}")
    mine = file.read()
    check(f"{relative}: datetime_local has its zone", None if mine.schema.field("datetime_local").type.tz == ZONES[iso] else str(mine.schema.field("datetime_local").type))

    connection = duckdb.connect()
    connection.execute("SET TimeZone='UTC'")
    check(f"{relative}: DuckDB reads the same rows", first_unequal(mine, duckdb_table(connection, path)))
    bears = pl.read_parquet(path)
    check(f"{relative}: Polars reads the same rows", first_unequal(mine, bears.to_arrow()))
    sums = [pc.sum(mine["lmp_total"]).as_py(), connection.execute("SELECT sum(lmp_total) FROM read_parquet(?)", [str(path)]).fetchone()[0],
            bears["lmp_total"].sum()]
    check(f"{relative}: sums agree", None if all(math.isclose(s, sums[0], rel_tol=1e-9, abs_tol=1e-6) for s in sums) else str(sums))

    times = mine["datetime_utc"].cast(pa.timestamp(unit, "UTC")).cast(pa.int64()).to_pylist()
    keys = list(zip(times, (s.encode() for s in mine["settlement_location"].to_pylist()),
                    (b"" if s is None else b"\x01" + s.encode() for s in mine["settlement_location_id"].to_pylist())))
    out_of_order = next((i for i in range(1, len(keys)) if keys[i - 1] >= keys[i]), None)
    check(f"{relative}: sorted, each key once", None if out_of_order is None else f"rows {out_of_order - 1} and {out_of_order}: {keys[out_of_order - 1]}, {keys[out_of_order]}")

    # statistics tell the truth, row groups end on day borders, sorting is declared
    meta, problems, last_day, at = file.metadata, [], None, 0
    for g in range(meta.num_row_groups):
        group = meta.row_group(g)
        rows = mine.slice(at, group.num_rows)
        at += group.num_rows
        days = pc.min_max(rows["delivery_date"]).as_py()
        if last_day is not None and days["min"] <= last_day:
            problems.append(f"row group {g} begins on {days['min']}, the one before ends on {last_day}")
        last_day = days["max"]
        order = [(s.column_index, s.descending, s.nulls_first) for s in group.sorting_columns]
        if order != [(mine.column_names.index(n), False, True) for n in SORTED_BY]:
            problems.append(f"row group {g}: sorting_columns {order}")
        for c in range(group.num_columns):
            column = group.column(c)
            name = column.path_in_schema
            if not column.has_offset_index or not column.has_column_index:
                problems.append(f"row group {g}, {name}: no page index according to pyarrow")
            stats = column.statistics
            if stats is None or not stats.has_null_count or stats.null_count != rows[name].null_count:
                problems.append(f"row group {g}, {name}: null count in statistics")
                continue
            if rows[name].null_count == group.num_rows:
                continue
            if not stats.has_min_max:
                problems.append(f"row group {g}, {name}: no minimum and maximum")
                continue
            span = pc.min_max(rows[name]).as_py()
            low, high = stats.min, stats.max
            if pa.types.is_string(rows[name].type):
                # text bounds may be cut short
                low_ok = span["min"].encode() >= (low if isinstance(low, bytes) else low.encode())
                high_ok = span["max"].encode() <= (high if isinstance(high, bytes) else high.encode())
            elif pa.types.is_timestamp(rows[name].type):
                low_ok, high_ok = low.timestamp() == span["min"].timestamp(), high.timestamp() == span["max"].timestamp()
            else:
                low_ok, high_ok = low == span["min"], high == span["max"]
            if not low_ok or not high_ok:
                problems.append(f"row group {g}, {name}: statistics say {low!r} to {high!r}, rows are {span['min']!r} to {span['max']!r}")
    check(f"{relative}: statistics, page index, sorting columns, day borders", "; ".join(problems[:5]))
    n_distinct = [{name: file.read_row_group(g, [name])[name].value_counts().__len__() for name in ("settlement_location", "settlement_location_id")}
                  for g in range(meta.num_row_groups)]
    check(f"{relative}: footer and pages", "; ".join(parquet_footer.problems_of(data, n_distinct)[:5]))

    names = sorted(set(mine["settlement_location"].to_pylist()))
    probe = "SELECT row_group_id, bloom_filter_excludes FROM parquet_bloom_probe(?, 'settlement_location', ?)"
    problem, n_excluded, n_asked = None, 0, 0
    groups_of = [set(file.read_row_group(g, ["settlement_location"])["settlement_location"].to_pylist()) for g in range(meta.num_row_groups)]
    for name in names[:: max(1, len(names) // 20)]:
        for g, excluded in connection.execute(probe, [str(path), name]).fetchall():
            if excluded and name in groups_of[g]:
                problem = f"row group {g}: the bloom filter excludes {name}, which is there"
    for i in range(20):
        for g, excluded in connection.execute(probe, [str(path), f"NO SUCH PLACE {i}"]).fetchall():
            if len(groups_of[g]) >= 64:
                n_asked, n_excluded = n_asked + 1, n_excluded + bool(excluded)
    if n_excluded < n_asked * 0.8:
        problem = problem or f"only {n_excluded} of {n_asked} questions for absent names are answered"
    check(f"{relative}: bloom filter as DuckDB probes it", problem)
    some = names[len(names) // 2]
    counted = connection.execute("SELECT count(*) FROM read_parquet(?) WHERE settlement_location = ?", [str(path), some]).fetchone()[0]
    lazily = pl.scan_parquet(path).filter(pl.col("settlement_location") == some).select(pl.len()).collect().item()
    filtered = pq.read_table(path, filters=[("settlement_location", "=", some)]).num_rows
    want_count = pc.sum(pc.equal(mine["settlement_location"], some)).as_py()
    check(f"{relative}: filters find all rows of {some}", None if counted == lazily == filtered == want_count else f"{counted} {lazily} {filtered} {want_count}")
    # an hour in the middle: readers that skip by the page index must find the same
    when = mine["datetime_utc"][mine.num_rows // 2].as_py()
    counted = connection.execute("SELECT count(*), sum(lmp_total) FROM read_parquet(?) WHERE datetime_utc = ?", [str(path), when]).fetchone()
    lazily = pl.scan_parquet(path).filter(pl.col("datetime_utc") == when).select(pl.len(), pl.col("lmp_total").sum()).collect().row(0)
    part = pq.read_table(path, filters=[("datetime_utc", "=", when)])
    check(f"{relative}: filters on time", None if counted[0] == lazily[0] == part.num_rows > 0 and math.isclose(counted[1], lazily[1], rel_tol=1e-9, abs_tol=1e-6)
          and math.isclose(counted[1], pc.sum(part["lmp_total"]).as_py(), rel_tol=1e-9, abs_tol=1e-6) else f"{counted} {lazily} {part.num_rows}")
    return mine


def run(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise RuntimeError(f"busbar {' '.join(map(str, arguments))}: exit {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


def make_lake(program, folder):
    raw, lake = folder / "raw", folder / "lake"
    for report, nodes, first, days, packed in (
            ("pjm.da_hrl_lmps", 700, "2024-03-08", 5, False), ("pjm.da_hrl_lmps", 700, "2024-11-01", 4, False),
            ("pjm.rt_fivemin_hrl_lmps", 60, "2024-11-02", 2, False), ("caiso.dam_lmp_grp", 300, "2024-03-09", 3, True),
            ("caiso.rtpd_lmp_grp", 80, "2024-11-02", 2, True), ("miso.da_expost_lmp", 400, "2024-12-28", 6, True),
            ("miso.rt_lmp_prelim", 100, "2024-03-09", 3, False), ("miso.rt_lmp_final", 100, "2024-03-10", 3, False)):
        run(program, "generate", report, "-o", raw, "--nodes", nodes, "--from", first, "--days", days, "--seed", 5, *(["--zip"] if packed else []))
    run(program, "convert", raw, "-o", lake, "--memory-limit", "256M", "--threads", "2")
    return raw, lake


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="busbar-readers-") as scratch:
        folder = Path(scratch)
        raw, lake = (None, Path(sys.argv[2])) if len(sys.argv) > 2 else make_lake(program, folder)
        files = sorted(lake.rglob("*_energy_*.parquet"))
        check("files to read", None if len(files) >= (1 if raw is None else 12) else f"only {len(files)} files in the lake")
        for path in files:
            check_file(path, str(path.relative_to(lake)))
        done = subprocess.run([program, "verify", str(lake)], capture_output=True, text=True)
        check("busbar verify agrees", None if done.returncode == 0 else f"exit {done.returncode}: {done.stdout[-500:]}{done.stderr[-300:]}")
        if raw is not None:
            # the same rows whichever way they are packed
            some = [p for p in raw.iterdir() if p.name.startswith("da_hrl_lmps_2024-03")]
            tables = {}
            for name in ("zstd", "zstd:9", "snappy", "lz4", "gzip", "none"):
                target = folder / f"lake-{name.replace(':', '-')}"
                run(program, "convert", *some, "-o", target, "--compression", name)
                for path in sorted(target.rglob("*.parquet")):
                    relative = f"{name}: {path.name}"
                    codecs = {pq.ParquetFile(path).metadata.row_group(0).column(c).compression for c in range(24)}
                    want = {"zstd": "ZSTD", "zstd:9": "ZSTD", "snappy": "SNAPPY", "lz4": "LZ4", "gzip": "GZIP", "none": "UNCOMPRESSED"}[name]
                    check(f"{relative}: codec", None if codecs == {want} else str(codecs))
                    check(f"{relative}: footer and pages", "; ".join(parquet_footer.problems_of(path.read_bytes())[:3]))
                    mine = pq.read_table(path)
                    check(f"{relative}: Polars", first_unequal(mine, pl.read_parquet(path).to_arrow()))
                    check(f"{relative}: DuckDB", first_unequal(mine, duckdb_table(duckdb.connect(), path)))
                    check(f"{relative}: same rows as zstd", first_unequal(tables.setdefault(path.name, mine), mine))
            target = folder / "lake-ns"
            run(program, "convert", *some, "-o", target, "--timestamp-unit", "ns")
            for path in sorted(target.rglob("*.parquet")):
                mine = pq.read_table(path)
                want = energy_schema("America/New_York", "ns")
                check(f"ns: {path.name}: schema", None if mine.schema.remove_metadata().equals(want) else str(mine.schema.remove_metadata()))
                check(f"ns: {path.name}: same rows", first_unequal(tables[path.name], mine))
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
