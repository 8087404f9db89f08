"""Reads the sample files of test_pq_write with pyarrow, DuckDB and Polars and compares values, schema and all metadata with what the
sample's formulas say.   usage: check_pq_writer.py TEST_PQ_WRITE [DIRECTORY]"""

import base64
import datetime
import math
import os
import subprocess
import sys
import tempfile

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq

BASE_UTC_S = 1704067200
GROUP_ROWS = [150000, 1003]
N_ROWS = sum(GROUP_ROWS)
N_LOCATIONS = 500

TYPES = {
    "utc": pa.timestamp("us", "UTC"), "local": pa.timestamp("us", "America/New_York"), "nano": pa.timestamp("ns", "US/Pacific"),
    "market": pa.string(), "location": pa.string(), "day": pa.date32(), "i8": pa.int8(), "i16": pa.int16(), "i32": pa.int32(),
    "u8": pa.uint8(), "u16": pa.uint16(), "u32": pa.uint32(), "flag": pa.bool_(), "noisy": pa.float64(), "cents": pa.float64(),
    "energy": pa.float64(), "nothing": pa.float64(), "single": pa.float32(), "sequence": pa.int64(), "long_text": pa.string(),
}
NULLABLE = {"nano", "location", "i16", "flag", "cents", "energy", "nothing"}
LEGACY = {
    "utc": "TIMESTAMP_MICROS", "local": "TIMESTAMP_MICROS", "market": "UTF8", "location": "UTF8", "long_text": "UTF8", "day": "DATE",
    "i8": "INT_8", "i16": "INT_16", "i32": "INT_32", "u8": "UINT_8", "u16": "UINT_16", "u32": "UINT_32",
}


def number(column, i):
    """Value of row i as it is stored; None: NULL."""
    block = i // N_LOCATIONS
    if column in ("utc", "local"):
        return (BASE_UTC_S + block * 3600) * 1000000
    if column == "nano":
        return None if block % 7 == 3 else (BASE_UTC_S + block * 300) * 1000000000 + 1
    if column == "day":
        return 19723 + i // 2000
    if column == "i8":
        return i // 100 % 256 - 128
    if column == "i16":
        return None if i % 3 == 0 else i % 65536 - 32768
    if column == "i32":
        return (i % 1000 - 500) * 4000000
    if column == "u8":
        return i % 256
    if column == "u16":
        return i // 10 % 65536
    if column == "u32":
        return 4294967295 - i % 7
    if column == "flag":
        return None if i % 11 == 0 else i // 37 % 2
    if column == "sequence":
        return i * 1000003 - 7
    if column == "noisy":
        return float(i * 2654435761 % 4294967296) / 1e6 - 2000
    if column == "cents":
        return None if i % 13 == 5 else (i * 7919 % 3001 - 1500) / 100
    if column == "energy":
        return None if block == 2 else (block % 40) / 4
    if column == "nothing":
        return None
    if column == "single":
        return (i % 1000) / 8
    if column == "market":
        return "PJM"
    if column == "location":
        return None if i % 1001 == 0 else f"LOC {i % N_LOCATIONS:04d} ünï"
    if column == "long_text":
        k = i // 50 % 90
        return chr(ord("A") + (3000 + k) % 26) + "0123456789" * 6 + "0" + "é and then some" + f"{k:03d}"
    raise KeyError(column)


def wanted_table():
    arrays = []
    for name, kind in TYPES.items():
        values = [number(name, i) for i in range(N_ROWS)]
        if name == "flag":
            values = [None if v is None else bool(v) for v in values]
        if pa.types.is_timestamp(kind):
            arrays.append(pa.array(values, pa.int64()).cast(kind))
        elif pa.types.is_date(kind):
            arrays.append(pa.array(values, pa.int32()).cast(kind))
        else:
            arrays.append(pa.array(values, kind))
    fields = [pa.field(n, t, nullable=n in NULLABLE) for n, t in TYPES.items()]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def stored_bound(v):
    """pyarrow's statistics value -> the number stored."""
    if isinstance(v, datetime.datetime):
        v = v.replace(tzinfo=datetime.timezone.utc)
        return int((v - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) / datetime.timedelta(microseconds=1))
    if isinstance(v, datetime.date):
        return (v - datetime.date(1970, 1, 1)).days
    return v


def cut(text, up):
    """First 64 bytes of whole characters; up: with the last character raised."""
    if len(text.encode()) <= 64:
        return text
    start = ""
    for c in text:
        if len((start + c).encode()) > 64:
            break
        start += c
    return start[:-1] + chr(ord(start[-1]) + 1) if up else start


def check_metadata(path, codec, dense):
    file = pq.ParquetFile(path)
    meta = file.metadata
    check(meta.created_by.startswith("busbar version "), meta.created_by)
    check(meta.format_version == "2.6", meta.format_version)
    check(meta.num_row_groups == 2 and meta.num_rows == N_ROWS, "rows")
    check(meta.metadata[b"busbar"] == b'{"ledger": []}', "key-value")
    message = base64.b64decode(meta.metadata[b"ARROW:schema"])
    check(pa.ipc.read_schema(pa.py_buffer(message)).equals(pa.schema([pa.field(n, t, n in NULLABLE) for n, t in TYPES.items()])),
          "ARROW:schema")
    check(file.schema_arrow.remove_metadata().equals(pa.schema([pa.field(n, t, n in NULLABLE) for n, t in TYPES.items()])),
          f"schema {file.schema_arrow}")
    for c, name in enumerate(TYPES):
        column = file.schema.column(c)
        check(column.converted_type == LEGACY.get(name, "NONE"), f"{name}: converted type {column.converted_type}")
        check(column.max_definition_level == (name in NULLABLE), f"{name}: definition level")
        text = str(column.logical_type)
        if name == "utc":
            check("isAdjustedToUTC=true" in text and "microseconds" in text, text)
        if name == "nano":
            check("isAdjustedToUTC=true" in text and "nanoseconds" in text, text)
    row = 0
    for g, rows in enumerate(GROUP_ROWS):
        group = meta.row_group(g)
        check(group.num_rows == rows, "rows of a group")
        check([(s.column_index, s.descending, s.nulls_first) for s in group.sorting_columns] == [(0, False, True), (4, False, True)],
              f"sorting {group.sorting_columns}")
        check(group.total_byte_size == sum(group.column(c).total_uncompressed_size for c in range(len(TYPES))), "total_byte_size")
        for c, name in enumerate(TYPES):
            chunk = group.column(c)
            check(chunk.has_offset_index and chunk.has_column_index, f"{name}: page index")
            check(chunk.compression == {"none": "UNCOMPRESSED", "lz4": "LZ4"}.get(codec, codec.upper()), chunk.compression)
            check(chunk.file_offset == 0, "file_offset")
            values = [number(name, i) for i in range(row, row + rows)]
            there = [v for v in values if v is not None]
            stats = chunk.statistics
            check(stats.null_count == rows - len(there), f"{name}: null_count {stats.null_count}")
            check(stats.has_min_max == bool(there), f"{name}: bounds")
            if there:
                least, most = stored_bound(stats.min), stored_bound(stats.max)
                if name == "nano":
                    least, most = stats.min_raw, stats.max_raw
                want = (cut(min(there), False), cut(max(there), True)) if isinstance(there[0], str) else (min(there), max(there))
                check((least, most) == want, f"{name}: {least} {most} instead of {want}")
                exact = not isinstance(there[0], str) or want == (min(there), max(there))
                if hasattr(stats, "is_min_value_exact"):
                    check(stats.is_min_value_exact == exact and stats.is_max_value_exact == exact, f"{name}: exactness")
                if least == 0 and isinstance(least, float):
                    check(math.copysign(1, least) < 0, f"{name}: a zero minimum must be -0.0")
            if name == "noisy" and rows > 100000:
                kind = "BYTE_STREAM_SPLIT" if dense and codec != "none" else "PLAIN"
                check(kind in chunk.encodings and "RLE_DICTIONARY" not in chunk.encodings, f"{name}: {chunk.encodings}")
            if name == "sequence":
                kind = "DELTA_BINARY_PACKED" if dense else "PLAIN"
                check(kind in chunk.encodings and not chunk.has_dictionary_page, f"{name}: {chunk.encodings}")
            if name in ("utc", "market", "location", "energy", "day") or (name == "cents" and not dense and codec != "none" and rows > 100000):
                check("RLE_DICTIONARY" in chunk.encodings and chunk.has_dictionary_page, f"{name}: {chunk.encodings}")
                check(chunk.data_page_offset > chunk.dictionary_page_offset > 0, f"{name}: offsets")
            if name in ("market", "utc", "nothing") and rows > 100000:
                pages = 1 + rows // (1000 if codec == "none" else 65536)
                check(chunk.total_compressed_size < 3600 + 100 * pages, f"{name}: {chunk.total_compressed_size} bytes are too many")
        row += rows


def check_duckdb(path, want):
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'")
    got = con.sql(f"select * from '{path}'").to_arrow_table()
    for name, kind in TYPES.items():
        a, b = got[name], want[name]
        if pa.types.is_timestamp(kind):
            a, b = a.cast(pa.timestamp("us", "UTC"), safe=False).cast(pa.int64()), b.cast(pa.timestamp("us", "UTC"), safe=False).cast(pa.int64())
        check(a.combine_chunks().equals(b.cast(a.type).combine_chunks()), f"DuckDB: {name} differs")
    rows = con.execute(f"select path_in_schema, row_group_id, bloom_filter_offset, bloom_filter_length, stats_min_value, stats_min "
                       f"from parquet_metadata('{path}')").fetchall()
    for name, group, offset, length, min_value, legacy_min in rows:
        wants = name == "location" or name == "u16"
        check((offset is not None) == wants, f"{name}: bloom filter {offset}")
        check(not wants or length > 32, f"{name}: bloom filter length {length}")
        check(legacy_min is None or not TYPES[name] in (pa.string(), pa.float64(), pa.uint8(), pa.uint32()), f"{name}: legacy min")
        check((legacy_min is not None) == (name in ("utc", "local", "nano", "day", "i8", "i16", "i32", "sequence")),
              f"{name}: legacy min {legacy_min}")
    for value, excluded in (("LOC 0007 ünï", False), ("LOC 0499 ünï", False), ("LOC 0007 unï", True)):
        probe = con.execute(f"select bloom_filter_excludes from parquet_bloom_probe('{path}', 'location', '{value}')").fetchall()
        check(len(probe) == 2 and all(p[0] == excluded for p in probe), f"bloom filter: {value} {probe}")
    found = con.execute(f"select count(*) from '{path}' where location = 'LOC 0007 ünï'").fetchone()[0]
    check(found == sum(number("location", i) == "LOC 0007 ünï" for i in range(N_ROWS)), "DuckDB: filter on location")
    hour = con.execute(f"select count(*) from '{path}' where utc = timestamptz '2024-01-03 04:00:00+00'").fetchone()[0]
    check(hour == N_LOCATIONS, f"DuckDB: filter on time {hour}")
    cents = con.execute(f"select count(*) from '{path}' where cents = 0").fetchone()[0]
    check(cents == sum(number("cents", i) == 0 for i in range(N_ROWS)), "DuckDB: filter on zero")


def check_polars(path, want):
    got = polars.read_parquet(path).to_arrow()
    for name, kind in TYPES.items():
        check(got[name].cast(want[name].type).combine_chunks().equals(want[name].combine_chunks()), f"Polars: {name} differs")
    check(polars.read_parquet_schema(path)["local"] == polars.Datetime("us", "America/New_York"), "Polars: zone")
    lazy = polars.scan_parquet(path).filter(polars.col("location") == "LOC 0007 ünï").select(polars.len()).collect().item()
    check(lazy == sum(number("location", i) == "LOC 0007 ünï" for i in range(N_ROWS)), "Polars: filter")


def check_damage(path):
    """A flipped bit in a page must be noticed by its checksum."""
    offset = pq.ParquetFile(path).metadata.row_group(0).column(13).data_page_offset
    with open(path, "rb") as f:
        data = bytearray(f.read())
    data[offset + 5000] ^= 1
    try:
        pq.ParquetFile(pa.BufferReader(bytes(data)), page_checksum_verification=True).read(columns=["noisy"])
    except OSError as e:
        check("CRC" in str(e) or "checksum" in str(e), str(e))
        return
    raise AssertionError("a damaged page was read")


def check_unique_texts(path):
    want = [None if i % 997 == 5 else f"unique text number {10000 + i // 2:08d} that is long enough to fill a dictionary" for i in range(300000)]
    check(pq.ParquetFile(path, page_checksum_verification=True).read()["location"].to_pylist() == want, "unique texts: pyarrow")
    check([r[0] for r in duckdb.sql(f"select location from '{path}'").fetchall()] == want, "unique texts: DuckDB")
    check(polars.read_parquet(path)["location"].to_list() == want, "unique texts: Polars")
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(0)
    check({"PLAIN", "RLE_DICTIONARY"} <= set(chunk.encodings), f"unique texts: {chunk.encodings}")


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as scratch:
        directory = sys.argv[2] if len(sys.argv) > 2 else scratch
        subprocess.run([program, directory], check=True, stdout=subprocess.DEVNULL)
        want = wanted_table()
        for codec in ("none", "snappy", "gzip", "zstd", "lz4"):
            for dense in (False, True):
                path = os.path.join(directory, codec + ("_dense" if dense else "") + ".parquet")
                got = pq.ParquetFile(path, page_checksum_verification=True).read().replace_schema_metadata(None)
                for name in TYPES:
                    check(got[name].combine_chunks().equals(want[name].combine_chunks()), f"{path}: pyarrow: {name} differs")
                check_metadata(path, codec, dense)
                check_duckdb(path, want)
                check_polars(path, want)
                print("ok", os.path.basename(path))
        check_damage(os.path.join(directory, "zstd.parquet"))
        check_unique_texts(os.path.join(directory, "unique_texts.parquet"))
        print("ok")


main()
