#!/usr/bin/env python3
"""Profiles lake, seed and dense of the same raw files, read by pyarrow, pandas, DuckDB and Polars: the types that each profile promises,
and the same rows in all. (Spark: spark_check.py.) And how large they are, on real files, beside what DuckDB makes of the same rows with zstd.

usage: profiles_check.py PROGRAM      real files: $BUSBAR_SAMPLES, else ../shared/samples
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from readers_check import energy_schema, first_unequal

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
import sizes

GENERATED = [("pjm.da_hrl_lmps", 300, "2024-11-02", 2), ("ercot.NP4-523", 1, "2024-06-01", 20), ("spp.RTBM-LMP-DAILY-SL", 40, "2024-06-01", 2),
             ("caiso.dam_lmp_grp", 20, "2024-12-30", 3), ("nyiso.damasp", 11, "2024-03-10", 1)]
UNSIGNED = {"int8": pa.uint8(), "int16": pa.uint16(), "int32": pa.uint32()}
ZONES = {"pjm": "America/New_York", "ercot": "America/Chicago", "spp": "America/Chicago", "caiso": "America/Los_Angeles"}
passed, failures = 0, []


def check(name, problem):
    global passed
    if problem:
        failures.append(name)
        print(f"FAILED {name}\n    {problem}")
    else:
        passed += 1


def promised(profile, iso):
    schema = energy_schema(ZONES[iso], "ns" if profile == "seed" else "us")
    if profile != "seed":
        return schema
    return pa.schema([f.with_type(UNSIGNED.get(str(f.type), f.type)) for f in schema])


def check_sizes(program):
    """Returns whether there were real files. The limits are on all of them together: small files hold more ledger than rows."""
    found = sizes.run(program)
    if not found or found["all"]["duckdb"] < 1_000_000:
        print("SKIPPED sizes on real files: " + ("too few of them" if found else "no folder of them (set BUSBAR_SAMPLES)"))
        return False
    for market, r in found.items():
        print(f"{market}: {r['rows']:,} rows, DuckDB {r['duckdb']:,} bytes, lake {r['lake']:,} ({r['lake'] / r['duckdb']:.3f} of it), dense {r['dense']:,} ({r['dense'] / r['duckdb']:.3f})")
    all_of_them = found["all"]
    check("lake: not larger than DuckDB's zstd", None if all_of_them["lake"] <= all_of_them["duckdb"] else str(all_of_them))
    check("dense: a quarter smaller at least", None if all_of_them["dense"] <= 0.75 * all_of_them["duckdb"] else str(all_of_them))
    return True


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="busbar-profiles-") as scratch:
        scratch, tables, encodings = Path(scratch), {}, {}
        for report, nodes, first, days in GENERATED:
            subprocess.run([program, "generate", report, "-o", str(scratch / "raw" / report), "--nodes", str(nodes), "--from", first, "--days", str(days),
                            "--seed", "5"], check=True, capture_output=True)
        for profile in ("lake", "seed", "dense"):
            lake = scratch / profile
            subprocess.run([program, "convert", str(scratch / "raw"), "-o", str(lake), "--profile", profile], check=True, capture_output=True)
            done = subprocess.run([program, "verify", str(lake)], capture_output=True, text=True)
            check(f"{profile}: verify", None if done.returncode == 0 else done.stdout[-500:])
            for path in sorted(lake.rglob("*.parquet")):
                name, iso = "/".join(path.parts[-3:]), path.parts[-3]
                file = pq.ParquetFile(path, page_checksum_verification=True)
                mine = file.read()
                plain = tables.setdefault(name, mine)
                if "lmp_total" in mine.column_names:
                    want = promised(profile, iso)
                    got = mine.schema.remove_metadata()
                    differing = [str(f) for f in got if f not in list(want)]
                    check(f"{profile}: {name}: types", None if got.equals(want) else str(differing))
                for c in range(file.metadata.num_columns):
                    column = file.metadata.row_group(0).column(c)
                    encodings.setdefault(profile, set()).update(column.encodings)
                check(f"{profile}: {name}: the rows of lake", first_unequal(plain, mine))
                connection = duckdb.connect()
                connection.execute("SET TimeZone='UTC'")
                theirs = connection.sql("SELECT * FROM read_parquet(?)", params=[str(path)]).to_arrow_table()
                check(f"{profile}: {name}: DuckDB", first_unequal(plain, theirs))
                check(f"{profile}: {name}: Polars", first_unequal(plain, pl.read_parquet(path).to_arrow()))
                frame = pd.read_parquet(path)
                problem = None
                for column in plain.column_names:
                    a, b = plain[column].to_pandas(), frame[column]
                    if pa.types.is_timestamp(plain.schema.field(column).type):
                        same = a.dt.tz_convert("UTC").astype("datetime64[us, UTC]").equals(b.dt.tz_convert("UTC").astype("datetime64[us, UTC]"))
                    elif pa.types.is_integer(plain.schema.field(column).type):
                        same = a.astype("int64").equals(b.astype("int64"))
                    else:
                        same = a.equals(b)
                    problem = problem if same else f"{column} differs"
                check(f"{profile}: {name}: pandas", problem)
        check("lake and seed use what everybody reads", None if encodings["lake"] | encodings["seed"] == {"PLAIN", "RLE", "RLE_DICTIONARY"} else str(encodings))
        check("dense uses the newer encodings", None if {"BYTE_STREAM_SPLIT", "DELTA_BINARY_PACKED"} <= encodings["dense"] else str(encodings["dense"]))
    skipped = "" if check_sizes(program) else ", 1 skipped"
    print(f"{passed} passed, {len(failures)} failed{skipped}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
