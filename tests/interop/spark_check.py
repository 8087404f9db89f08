#!/usr/bin/env python3
"""Apache Spark's vectorised reader over what busbar writes, against pyarrow: schema, rows, sums, instants, for every profile and codec;
the hive layout with its partition columns in Spark, DuckDB and Polars; the CREATE TABLE statements of `busbar schema` in Spark and DuckDB.

usage: spark_check.py PROGRAM      needs PySpark and Java 17
"""
import math
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

# report, locations, first day, days; switch days among them
GENERATED = [("pjm.da_hrl_lmps", 60, "2024-03-09", 3), ("pjm.rt_fivemin_hrl_lmps", 8, "2024-11-02", 2), ("caiso.dam_lmp_grp", 40, "2024-12-30", 4),
             ("nyiso.damlbmp_zone", 11, "2024-11-02", 2), ("ercot.NP4-190", 30, "2024-11-02", 2), ("miso.da_expost_lmp", 40, "2024-03-09", 2),
             ("isone.WW_DALMP_ISO", 30, "2024-11-03", 1), ("spp.DA-LMP-SL", 30, "2024-03-10", 1), ("nyiso.damasp", 11, "2024-11-03", 1)]
LONG = [("pjm.da_hrl_lmps", 3000, "2024-06-01", 2), ("spp.RTBM-LMP-DAILY-SL", 60, "2024-06-01", 4),
        ("ercot.NP4-523", 1, "2024-06-01", 9)]  # more than a page; noisy prices; an instant per row
CODECS = ["zstd", "snappy", "lz4", "gzip", "none"]
SPARK_TYPES = {"int8": "tinyint", "int16": "smallint", "int32": "int", "double": "double", "string": "string", "bool": "boolean", "date32[day]": "date"}
passed, failures = 0, []


def check(name, problem):
    global passed
    if problem:
        failures.append(name)
        print(f"FAILED {name}\n    {problem}", flush=True)
    else:
        passed += 1


def run(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise RuntimeError(f"busbar {' '.join(map(str, arguments))}: exit {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


def lake_of(program, raw, folder, *options):
    run(program, "convert", raw, "-o", folder, "--threads", 2, *options)
    files = sorted(folder.rglob("*.parquet"))
    if not files:
        raise RuntimeError(f"no file in {folder}")
    return files


def reason_to_skip():
    if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
        return "no Java (package openjdk-17-jre-headless)"
    try:
        import pyspark  # noqa: F401
    except ImportError as e:
        return f"{e}"
    return None


def start_spark(scratch):
    from pyspark.sql import SparkSession

    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    log4j = scratch / "log4j2.properties"
    log4j.write_text("rootLogger.level = off\n")
    spark = (SparkSession.builder.master("local[2]").appName("busbar")
             .config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1").config("spark.driver.memory", "1g")
             .config("spark.ui.showConsoleProgress", "false").config("spark.sql.shuffle.partitions", "2")
             .config("spark.sql.session.timeZone", "UTC").config("spark.sql.parquet.enableVectorizedReader", "true")
             .config("spark.sql.warehouse.dir", str(scratch / "warehouse"))
             .config("spark.driver.extraJavaOptions", f"-Dlog4j.configurationFile={log4j} -Duser.timezone=UTC -Dderby.system.home={scratch}")
             .getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    return spark


def spark_type(arrow):
    return "timestamp" if pa.types.is_timestamp(arrow) else SPARK_TYPES[str(arrow)]


def is_ancillary(path):
    return "as_product" in pq.ParquetFile(path).schema_arrow.names


def name_of(path):
    return "/".join(str(path).split("/")[-3:])


def compare(spark, name, files, batched=True):
    """All files of a schema at once: counts, sums and bounds per file, and every value where there are few rows."""
    from pyspark.sql.functions import expr, input_file_name

    for ancillary in (False, True):
        paths = [p for p in files if is_ancillary(p) == ancillary]
        if not paths:
            continue
        tables = {name_of(p): pq.read_table(p) for p in paths}
        schema = next(iter(tables.values())).schema
        want = [(f.name, spark_type(f.type)) for f in schema]
        label = f"{name}{', ancillary' if ancillary else ''}"
        frame = spark.read.option("mergeSchema", "true").parquet(*map(str, paths))
        check(f"{label}: schema", None if frame.dtypes == want else f"{[d for d in zip(frame.dtypes, want) if d[0] != d[1]]}")
        plan = frame._jdf.queryExecution().executedPlan().toString()
        check(f"{label}: reader", None if batched == ("ColumnarToRow" in plan) else plan[:300])
        prices = [n for n, t in want if t == "double"]
        terms = ["count(*)", *[f"sum({n})" for n in prices], *[f"count({n})" for n in prices], "min(unix_micros(datetime_utc))",
                 "max(unix_micros(datetime_local))", "sum(unix_micros(interval_end_utc) div 1000000)"]
        rows = frame.groupBy(input_file_name().alias("file")).agg(*[expr(t) for t in terms]).collect()
        sums = {name_of(r[0]): list(r)[1:] for r in rows}
        check(f"{label}: files", None if set(sums) == set(tables) else f"{sorted(sums)}")
        micros = {}
        for file, mine in tables.items():
            micros[file] = m = {n: mine[n].cast(pa.timestamp("us", "UTC")).cast(pa.int64()) for n, t in want if t == "timestamp"}
            theirs = [mine.num_rows, *[pc.sum(mine[n]).as_py() for n in prices], *[mine.num_rows - mine[n].null_count for n in prices],
                      pc.min(m["datetime_utc"]).as_py(), pc.max(m["datetime_local"]).as_py(), pc.sum(pc.divide(m["interval_end_utc"], 1000000)).as_py()]
            wrong = [(t, x, y) for t, x, y in zip(terms, sums.get(file, []), theirs) if x != y and
                     not (isinstance(x, float) and isinstance(y, float) and math.isclose(x, y, rel_tol=1e-9, abs_tol=1e-6))]
            check(f"{label}: {file}: counts, sums, bounds of {mine.num_rows} rows", f"Spark and pyarrow: {wrong[:3]}" if wrong else None)
        if sum(t.num_rows for t in tables.values()) > 40000:
            continue
        # instants as microseconds, so that no time zone of Python's stands between
        columns = [f"unix_micros({n}) as {n}" if t == "timestamp" else n for n, t in want]
        got = {}
        for row in frame.select(input_file_name().alias("file"), *map(expr, columns)).collect():
            got.setdefault(name_of(row[0]), []).append(tuple(row)[1:])
        for file, mine in tables.items():
            expected = list(zip(*[(micros[file].get(n) if t == "timestamp" else mine[n]).to_pylist() for n, t in want]))
            i = next((i for i, (x, y) in enumerate(zip(got.get(file, []), expected)) if x != y), None)
            check(f"{label}: {file}: every value", None if got.get(file) == expected else f"row {i}: {got.get(file, [None])[i or 0]}, pyarrow has {expected[i or 0]}")


def encodings(files):
    found = set()
    for path in files:
        meta = pq.ParquetFile(path).metadata
        for g in range(meta.num_row_groups):
            for c in range(meta.num_columns):
                found |= set(meta.row_group(g).column(c).encodings)
    return found


def check_dense(spark, files):
    """The vectorised reader of Spark 3.5 knows no BYTE_STREAM_SPLIT and says so; the row reader does."""
    split = [p for p in files if "BYTE_STREAM_SPLIT" in encodings([p])]
    others = [p for p in files if p not in split]
    check("dense: files with and without BYTE_STREAM_SPLIT", None if split and others else f"{len(split)} and {len(others)}")
    check("dense: differences of instants", None if "DELTA_BINARY_PACKED" in encodings(files) else str(encodings(files)))
    compare(spark, "dense", others)
    for path in split:
        try:
            spark.read.parquet(str(path)).selectExpr("sum(lmp_total)", "sum(lmp_energy)", "sum(lmp_congestion)", "sum(lmp_loss)").collect()
            refused = None
        except Exception as e:  # noqa: BLE001: whatever the JVM throws is the finding
            refused = str(e)
        if refused is None:
            compare(spark, "dense with BYTE_STREAM_SPLIT", [path])
            continue
        check(f"dense: {path.name}: Spark names the encoding", None if "BYTE_STREAM_SPLIT" in refused else refused[:400])
        spark.conf.set("spark.sql.parquet.enableVectorizedReader", "false")
        compare(spark, "dense with BYTE_STREAM_SPLIT, row reader", [path], batched=False)
        spark.conf.set("spark.sql.parquet.enableVectorizedReader", "true")


def check_hive(spark, lake, plain):
    """Every engine, pointed at a folder, finds iso, dataset and year as columns, and the rows of the plain layout. (iso stands in the
    files, too, in capitals; each engine takes one of the two.)"""
    n = 0
    for kind in ("energy", "ancillary"):
        root, want = lake / kind, {}
        for path in root.rglob("*.parquet"):
            parts = dict(p.split("=", 1) for p in path.relative_to(root).parts if "=" in p)
            check(f"hive: {path.name}", None if list(parts) == ["iso", "dataset", "year"] else str(path.relative_to(lake)))
            key = parts["iso"].upper(), parts["dataset"], int(parts["year"])
            want[key] = want.get(key, 0) + pq.ParquetFile(path).metadata.num_rows
        n += sum(want.values())
        frame = spark.read.parquet(str(root))
        rows = {"Spark": [tuple(r) for r in frame.groupBy("iso", "dataset", "year").count().collect()],
                "DuckDB": duckdb.execute("SELECT iso, dataset, year, count(*) FROM read_parquet(?, hive_partitioning = true) GROUP BY ALL",
                                         [f"{root}/**/*.parquet"]).fetchall(),
                "Polars": pl.scan_parquet(root, hive_partitioning=True).group_by("iso", "dataset", "year").len().collect().rows()}
        for engine, found in rows.items():
            got = {(i.upper(), d, int(y)): c for i, d, y, c in found}
            check(f"hive, {kind}: {engine}", None if got == want and want else f"{got}, want {want}")
        iso, dataset, year = sorted(want)[0]
        plan = frame.where(f"dataset = '{dataset}' and year = {year} and iso = '{iso.lower()}'")._jdf.queryExecution().executedPlan().toString()
        pruned = plan[plan.find("PartitionFilters: ["):].split("]")[0]
        check(f"hive, {kind}: Spark opens only what the folders leave", None if all(w in pruned for w in ("iso", "dataset", "year")) else plan[-600:])
    total = sum(pq.ParquetFile(p).metadata.num_rows for p in plain)
    check("hive: as many rows as plain", None if n == total else f"{n}, plain has {total}")


def check_ddl(spark, program, plain):
    for kind in ("energy", "ancillary"):
        files = [p for p in plain if is_ancillary(p) == (kind == "ancillary")]
        ddl = run(program, "schema", kind, "--ddl", "duckdb")
        connection = duckdb.connect()
        try:
            connection.execute(ddl)
            connection.execute(f"INSERT INTO {kind} SELECT * FROM read_parquet(?)", [[str(p) for p in files]])
            got = connection.execute(f"SELECT count(*) FROM {kind}").fetchone()[0]
            types = {r[0]: r[1] for r in connection.execute(f"DESCRIBE {kind}").fetchall()}
            read = {r[0]: r[1] for r in connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(files[0])]).fetchall()}
            want = sum(pq.ParquetFile(p).metadata.num_rows for p in files)
            check(f"DDL for DuckDB, {kind}: rows", None if got == want else f"{got}, want {want}")
            check(f"DDL for DuckDB, {kind}: types as read_parquet finds them", None if types == read else str(set(types.items()) ^ set(read.items())))
        except duckdb.Error as e:
            check(f"DDL for DuckDB, {kind}", str(e))
        folder = files[0].parent
        ddl = run(program, "schema", kind, "--ddl", "spark").replace("PATH", str(folder)).strip().rstrip(";")
        try:
            spark.sql(ddl)
            got = spark.sql(f"SELECT count(*) FROM {kind}").collect()[0][0]
            want = sum(pq.ParquetFile(p).metadata.num_rows for p in files if p.parent == folder)
            check(f"DDL for Spark, {kind}: rows", None if got == want else f"{got}, want {want}")
            types = [(f.name, f.dataType.simpleString()) for f in spark.table(kind).schema]
            read = [(f.name, f.dataType.simpleString()) for f in spark.read.parquet(str(files[0])).schema]
            check(f"DDL for Spark, {kind}: types as the files have them", None if types == read else str(set(types) ^ set(read)))
        except Exception as e:  # noqa: BLE001: whatever the JVM throws is the finding
            check(f"DDL for Spark, {kind}", str(e)[:400])


def main():
    program = os.path.abspath(sys.argv[1])
    why = reason_to_skip()
    if why:
        print(f"SKIPPED Spark: {why}\n0 passed, 0 failed, 1 skipped")
        return 0
    with tempfile.TemporaryDirectory(prefix="busbar-spark-") as scratch:
        scratch = Path(scratch)
        raw, long_raw = scratch / "raw", scratch / "long"
        for folder, reports in ((raw, GENERATED), (long_raw, LONG)):
            for report, nodes, first, days in reports:
                run(program, "generate", report, "-o", folder / report, "--nodes", nodes, "--from", first, "--days", days, "--seed", 3)
        spark = start_spark(scratch)
        try:
            plain = lake_of(program, raw, scratch / "lake")
            check("files of every operator", None if {p.relative_to(scratch / "lake").parts[1] for p in plain} == {"pjm", "caiso", "nyiso", "ercot", "miso", "isone", "spp"} else str(plain))
            compare(spark, "lake", plain)
            compare(spark, "lake, long", lake_of(program, long_raw, scratch / "long-lake"))
            dense = lake_of(program, long_raw, scratch / "long-dense", "--profile", "dense") + lake_of(
                program, raw / "caiso.dam_lmp_grp", scratch / "dense", "--profile", "dense")
            check_dense(spark, dense)
            few = raw / "nyiso.damlbmp_zone"
            for codec in CODECS:
                compare(spark, codec, lake_of(program, few, scratch / f"codec-{codec}", "--compression", codec))
            # nanoseconds: Spark has no such type and says so instead of reading something wrong
            for path in lake_of(program, few, scratch / "seed", "--profile", "seed"):
                try:
                    rows = spark.read.parquet(str(path)).count()
                    check(f"seed: {path.name}: Spark refuses nanoseconds", f"it read {rows} rows")
                except Exception as e:  # noqa: BLE001
                    check(f"seed: {path.name}: Spark refuses nanoseconds", None if "NANOS" in str(e) else str(e)[:400])
                # … unless it is told to take them for integers
                spark.conf.set("spark.sql.legacy.parquet.nanosAsLong", "true")
                frame = spark.read.parquet(str(path))
                want = pq.read_table(path)
                got = frame.selectExpr("min(datetime_utc)", "sum(lmp_total)", "max(delivery_hour)").collect()[0]
                expected = [pc.min(want["datetime_utc"].cast(pa.timestamp("ns", "UTC")).cast(pa.int64())).as_py(), pc.sum(want["lmp_total"]).as_py(),
                            pc.max(want["delivery_hour"]).as_py()]
                check(f"seed: {path.name}: as integers", None if all(math.isclose(a, b, rel_tol=1e-12) for a, b in zip(got, expected)) else f"{got}, want {expected}")
                spark.conf.set("spark.sql.legacy.parquet.nanosAsLong", "false")
            lake_of(program, raw, scratch / "hive", "--layout", "hive")
            check_hive(spark, scratch / "hive", plain)
            check_ddl(spark, program, plain)
            print(f"Spark {spark.version}; dense: {', '.join(sorted(encodings(dense)))}")
        finally:
            spark.stop()
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
