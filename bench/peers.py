"""The same work done with the tools that people would pick instead of busbar.

    python peers.py TOOL REPORT INPUT-FOLDER OUT-FILE --threads N --memory SIZE
    python peers.py check OUT-FILE LAKE

TOOL is duckdb, duckdb-sorted (sorted only, duplicates stay: less than busbar does), polars, pyarrow or pandas.
INPUT-FOLDER holds what `busbar generate` made. OUT-FILE is one Parquet file with busbar's 24 columns, sorted by
(datetime_utc, settlement_location, settlement_location_id), one row per key, zstd.

Every tool is used as its documentation says a careful user would: column types given, only the needed columns read, lazy
where there is a lazy way, several files as one input. Archives are unpacked first, because no one of them reads zip; the time
for that counts.

The pandas pipeline is in the style of the system that busbar replaces: batches of 50 files; chunks of 100,000 rows that are put
together again; columns of Python texts and dates; the year of each row asked for twice, by a function per row; all batches
put together, sorted, duplicates dropped; written in row groups of a million under another name, read back whole to count the
rows, renamed. What that system did besides is left out (a list of locations, a second parse of local time, log lines), and its
errors are mended, so that the rows are the same as everybody's.

check compares a peer's file with what busbar made of the same input: rows, locations, the sum of the instants, and the sums of the
four prices per location; it prints the number of rows, or what differs.
"""
import argparse
import io
import pathlib
import shutil
import sys
import tempfile
import zipfile

KEY = ["datetime_utc", "settlement_location", "settlement_location_id"]
UNIQUE = KEY + ["settlement_location_type"]  # ERCOT gives one name to points of two types
CAISO_PART = {"LMP": "lmp_total", "MCE": "lmp_energy", "MCC": "lmp_congestion", "MCL": "lmp_loss"}
MISO_PART = {"LMP": "lmp_total", "MCC": "lmp_congestion", "MLC": "lmp_loss"}

# iso, market, minutes, zone, name of the source
ABOUT = {
    "pjm": ("PJM", "DA", 60, "America/New_York", "PJM da_hrl_lmps"),
    "caiso": ("CAISO", "DA", 60, "America/Los_Angeles", "CAISO PRC_LMP"),
    "miso": ("MISO", "DA", 60, "Etc/GMT+5", "MISO da_expost_lmp"),
    "nyiso": ("NYISO", "RT", 5, "America/New_York", "NYISO realtime"),
    "ercot": ("ERCOT", "RT", 15, "America/Chicago", "ERCOT NP6-905"),
    "spp": ("SPP", "DA", 60, "America/Chicago", "SPP DA-LMP-SL"),
    "isone": ("ISONE", "DA", 60, "America/New_York", "ISONE WW_DALMP_ISO"),
}
# SPP's header and the form of its times change from file to file, the order of the columns does not. ISO-NE has six lines before the
# rows, a mark in front of each line, and a last line with the number of lines.
SPP = ["Interval", "GMTIntervalEnd", "Location", "Pnode", "LMP", "MLC", "MCC", "MEC"]
SPP_TIMES = ["%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M"]
ISONE = ["mark", "day", "hour", "id", "location", "type", "total", "energy", "congestion", "loss"]
ISONE_ABOVE = 6
MISO = ["Node", "Type", "Value"] + [f"HE {h}" for h in range(1, 25)]
NYISO = ["Time Stamp", "Name", "PTID", "LBMP ($/MWHr)", "Marginal Cost Losses ($/MWHr)", "Marginal Cost Congestion ($/MWHr)"]
ERCOT = ["DeliveryDate", "DeliveryHour", "DeliveryInterval", "SettlementPointName", "SettlementPointType", "SettlementPointPrice", "DSTFlag"]
ERCOT_EW = ("LZEW", "LZ_DCEW")  # the same names as LZ and LZ_DC: told apart by an ending
PRICES = {"total", "energy", "congestion", "loss", "LMP", "MLC", "MCC", "MEC", "SettlementPointPrice", *MISO[3:], *NYISO[3:]}


def unpack(data, to):
    with zipfile.ZipFile(data) as z:
        for name in z.namelist():
            if name.lower().endswith(".zip"):
                unpack(io.BytesIO(z.read(name)), to)
            else:
                z.extract(name, to)


def files_of(folder, scratch):
    found = sorted(p for p in pathlib.Path(folder).iterdir() if p.is_file())
    if any(p.suffix == ".zip" for p in found):
        for p in found:
            unpack(p, scratch)
        found = sorted(scratch.rglob("*.csv"))
    return [str(p) for p in found]


# ---- DuckDB ----

def duckdb_rows(report, files):
    listed = "[" + ", ".join(f"'{f}'" for f in files) + "]"
    text = lambda *names: "{" + ", ".join(f"'{n}': 'VARCHAR'" for n in names) + "}"

    def given(names, above, more=""):
        """Many small files: all columns given, nothing to be found out from each file (for MISO's that takes 50 times as long)."""
        columns = "{" + ", ".join(f"'{n}': '{'DOUBLE' if n in PRICES else 'VARCHAR'}'" for n in names) + "}"
        return f"read_csv({listed}, header=false, skip={above}, delim=',', quote='\"', columns={columns}{more})"

    if report == "pjm":
        types = text("datetime_beginning_utc", "pnode_id", "pnode_name", "voltage", "type", "zone")
        return f"""SELECT strptime(datetime_beginning_utc, '%m/%d/%Y %I:%M:%S %p') AS t, pnode_name AS location, type,
            pnode_id AS id, zone, TRY_CAST(replace(voltage, ' KV', '') AS DOUBLE) AS kv, total_lmp_da::DOUBLE AS total,
            system_energy_price_da::DOUBLE AS energy, congestion_price_da::DOUBLE AS congestion,
            marginal_loss_price_da::DOUBLE AS loss, version_nbr::INTEGER AS version
            FROM read_csv({listed}, header=true, types={types})"""
    if report == "caiso":
        types = text("INTERVALSTARTTIME_GMT", "NODE", "LMP_TYPE")
        parts = ", ".join(f"max(MW) FILTER (LMP_TYPE = '{k}') AS {v[4:]}" for k, v in CAISO_PART.items())
        return f"""SELECT strptime(INTERVALSTARTTIME_GMT[:19], '%Y-%m-%dT%H:%M:%S') AS t, NODE AS location, 'NODE' AS type, NODE AS id,
            NULL::VARCHAR AS zone, NULL::DOUBLE AS kv, {parts}, 1 AS version
            FROM read_csv({listed}, header=true, types={types}) GROUP BY INTERVALSTARTTIME_GMT, NODE"""
    if report == "miso":
        prices = "[" + ", ".join(f'"HE {h}"' for h in range(1, 25)) + "]"
        parts = ", ".join(f"any_value({prices}) FILTER (Value = '{k}') AS {v[4:]}" for k, v in MISO_PART.items())
        each = ", ".join(f"unnest({v[4:]}) AS {v[4:]}" for v in MISO_PART.values())
        return f"""SELECT strptime(day, '%Y%m%d') + INTERVAL (hour + 4) HOUR AS t, location, type, location AS id, NULL::VARCHAR AS zone,
            NULL::DOUBLE AS kv, total, congestion, loss, total - congestion - loss AS energy, 2 AS version FROM (
            SELECT parse_filename(filename)[:8] AS day, unnest(range(1, 25)) AS hour, location, type, {each} FROM (
            SELECT filename, Node AS location, any_value(Type) AS type, {parts} FROM {given(MISO, 5, ", filename=true")} GROUP BY filename, Node))"""
    if report == "nyiso":
        return f"""SELECT timezone('UTC', timezone('America/New_York', strptime("Time Stamp", '%m/%d/%Y %H:%M:%S'))) - INTERVAL 5 MINUTE AS t,
            Name AS location, 'GEN' AS type, PTID AS id, NULL::VARCHAR AS zone, NULL::DOUBLE AS kv,
            "LBMP ($/MWHr)"::DOUBLE AS total, -("Marginal Cost Congestion ($/MWHr)"::DOUBLE) AS congestion,
            "Marginal Cost Losses ($/MWHr)"::DOUBLE AS loss, total - congestion - loss AS energy, 1 AS version FROM {given(NYISO, 1)}"""
    if report == "ercot":
        return f"""SELECT timezone('UTC', timezone('America/Chicago', strptime(DeliveryDate, '%m/%d/%Y')
            + INTERVAL ((DeliveryHour::INTEGER - 1) * 60 + (DeliveryInterval::INTEGER - 1) * 15) MINUTE)) AS t,
            SettlementPointName || CASE WHEN SettlementPointType IN {ERCOT_EW} THEN '_EW' ELSE '' END AS location, SettlementPointType AS type,
            location AS id, NULL::VARCHAR AS zone, NULL::DOUBLE AS kv, SettlementPointPrice AS total, NULL::DOUBLE AS energy,
            NULL::DOUBLE AS congestion, NULL::DOUBLE AS loss, 1 AS version FROM {given(ERCOT, 1)}"""
    if report == "isone":
        return f"""SELECT timezone('UTC', timezone('America/New_York', strptime(day, '%m/%d/%Y') + INTERVAL (hour::INTEGER - 1) HOUR)) AS t,
            location, type, id, NULL::VARCHAR AS zone, NULL::DOUBLE AS kv, total, energy, congestion, loss, 1 AS version
            FROM {given(ISONE, ISONE_ABOVE, ", null_padding=true")} WHERE mark = 'D'"""
    return f"""SELECT strptime(GMTIntervalEnd, {SPP_TIMES}) - INTERVAL 1 HOUR AS t, Location AS location,
        'SETTLEMENT_LOCATION' AS type, Pnode AS id, NULL::VARCHAR AS zone, NULL::DOUBLE AS kv, LMP AS total, MEC AS energy, MCC AS congestion,
        MLC AS loss, 1 AS version FROM {given(SPP, 1)}"""


def run_duckdb(report, files, out, threads, memory, scratch, unique=True):
    import duckdb

    iso, market, minutes, zone, source = ABOUT[report]
    db = duckdb.connect()
    db.execute(f"SET threads={threads}; SET memory_limit='{memory}'; SET temp_directory='{scratch}/duckdb'; SET TimeZone='UTC'")
    db.execute("SET preserve_insertion_order=false")
    rows = duckdb_rows(report, files)
    if unique and report not in ("caiso", "miso"):  # those are grouped by their key already
        rows = f"SELECT DISTINCT ON (t, location, id, type) * FROM ({rows}) ORDER BY t, location, id, type, version DESC"
    local = f"timezone('{zone}', timezone('UTC', t))"
    utc = "timezone('UTC', t)"
    db.execute(f"""COPY (SELECT {utc} AS datetime_utc, {utc} AS datetime_local, {utc} AS interval_start_utc,
        {utc} + INTERVAL {minutes} MINUTE AS interval_end_utc, {local}::DATE AS delivery_date,
        (hour({local}) + 1)::TINYINT AS delivery_hour, (minute({local}) // {minutes})::TINYINT AS delivery_interval,
        {minutes}::SMALLINT AS interval_minutes, '{iso}' AS iso, '{market}' AS market_type, location AS settlement_location,
        type AS settlement_location_type, id AS settlement_location_id, zone, kv AS voltage_kv, total AS lmp_total,
        energy AS lmp_energy, congestion AS lmp_congestion, loss AS lmp_loss, energy AS system_lambda, 'N' AS dst_flag,
        '{source}' AS data_source, version, true AS is_current FROM ({rows})
        ORDER BY datetime_utc, settlement_location, settlement_location_id) TO '{out}' (FORMAT parquet, COMPRESSION zstd)""")


# ---- Polars ----

def run_polars(report, files, out, threads, memory, scratch):
    import polars as pl

    iso, market, minutes, zone, source = ABOUT[report]
    c, none = pl.col, pl.lit(None, dtype=pl.Float64)
    no_text = pl.lit(None, dtype=pl.String)
    local_to_utc = lambda e: e.dt.replace_time_zone(zone, ambiguous="earliest").dt.convert_time_zone("UTC")
    if report == "pjm":
        rows = pl.scan_csv(files, schema_overrides={"pnode_id": pl.String}).select(
            t=c("datetime_beginning_utc").str.to_datetime("%m/%d/%Y %I:%M:%S %p").dt.replace_time_zone("UTC"), location=c("pnode_name"),
            type=c("type"), id=c("pnode_id"), zone=c("zone"), kv=c("voltage").str.strip_suffix(" KV").cast(pl.Float64, strict=False),
            total=c("total_lmp_da"), energy=c("system_energy_price_da"), congestion=c("congestion_price_da"),
            loss=c("marginal_loss_price_da"), version=c("version_nbr").cast(pl.Int32))
    elif report == "caiso":
        rows = pl.scan_csv(files).group_by("INTERVALSTARTTIME_GMT", "NODE").agg(
            *[c("MW").filter(c("LMP_TYPE") == k).first().alias(v[4:]) for k, v in CAISO_PART.items()]).select(
            t=c("INTERVALSTARTTIME_GMT").str.head(19).str.to_datetime("%Y-%m-%dT%H:%M:%S").dt.replace_time_zone("UTC"), location=c("NODE"),
            type=pl.lit("NODE"), id=c("NODE"), zone=no_text, kv=none, total=c("total"), energy=c("energy"), congestion=c("congestion"),
            loss=c("loss"), version=pl.lit(1, dtype=pl.Int32))
    elif report == "miso":
        hours = [f"HE {h}" for h in range(1, 25)]
        each = [pl.scan_csv(f, skip_rows=4, schema_overrides={h: pl.Float64 for h in hours}).with_columns(
            day=pl.lit(pathlib.Path(f).name[:8])) for f in files]
        rows = pl.concat(each).select("day", "Node", "Type", "Value", prices=pl.concat_list(hours)).group_by("day", "Node").agg(
            c("Type").first(), *[c("prices").filter(c("Value") == k).first().alias(v[4:]) for k, v in MISO_PART.items()]).with_columns(
            hour=pl.lit(list(range(1, 25)), dtype=pl.List(pl.Int64))).explode("hour", *[v[4:] for v in MISO_PART.values()]).select(
            t=(c("day").str.to_datetime("%Y%m%d") + pl.duration(hours=c("hour") + 4)).dt.replace_time_zone("UTC"),
            location=c("Node"), type=c("Type"), id=c("Node"), zone=no_text, kv=none, total=c("total"),
            energy=c("total") - c("congestion") - c("loss"), congestion=c("congestion"), loss=c("loss"), version=pl.lit(2, dtype=pl.Int32))
    elif report == "nyiso":
        rows = pl.scan_csv(files, schema_overrides={"PTID": pl.String}).select(
            t=local_to_utc(c("Time Stamp").str.to_datetime("%m/%d/%Y %H:%M:%S")) - pl.duration(minutes=5), location=c("Name"),
            type=pl.lit("GEN"), id=c("PTID"), zone=no_text, kv=none, total=c("LBMP ($/MWHr)"),
            energy=c("LBMP ($/MWHr)") + c("Marginal Cost Congestion ($/MWHr)") - c("Marginal Cost Losses ($/MWHr)"),
            congestion=-c("Marginal Cost Congestion ($/MWHr)"), loss=c("Marginal Cost Losses ($/MWHr)"), version=pl.lit(1, dtype=pl.Int32))
    elif report == "ercot":
        point = c("SettlementPointName") + pl.when(c("SettlementPointType").is_in(ERCOT_EW)).then(pl.lit("_EW")).otherwise(pl.lit(""))
        rows = pl.scan_csv(files).select(
            t=local_to_utc(c("DeliveryDate").str.to_datetime("%m/%d/%Y") + pl.duration(minutes=(c("DeliveryHour") - 1) * 60 + (c("DeliveryInterval") - 1) * 15)),
            location=point, type=c("SettlementPointType"), id=point, zone=no_text, kv=none,
            total=c("SettlementPointPrice"), energy=none, congestion=none, loss=none, version=pl.lit(1, dtype=pl.Int32))
    else:
        names = {"isone": ISONE, "spp": SPP}[report]
        read = pl.scan_csv(files, has_header=False, skip_rows=ISONE_ABOVE if report == "isone" else 1,
                           schema={n: pl.Float64 if n in PRICES else pl.String for n in names})
        if report == "isone":
            rows = read.filter(c("mark") == "D").select(
                t=local_to_utc(c("day").str.to_datetime("%m/%d/%Y") + pl.duration(hours=c("hour").cast(pl.Int64) - 1)), location=c("location"), type=c("type"),
                id=c("id"), zone=no_text, kv=none, total=c("total"), energy=c("energy"), congestion=c("congestion"), loss=c("loss"), version=pl.lit(1, dtype=pl.Int32))
        else:
            when = pl.coalesce([c("GMTIntervalEnd").str.to_datetime(f, strict=False) for f in SPP_TIMES])
            rows = read.select(
                t=when.dt.replace_time_zone("UTC") - pl.duration(hours=1), location=c("Location"), type=pl.lit("SETTLEMENT_LOCATION"), id=c("Pnode"),
                zone=no_text, kv=none, total=c("LMP"), energy=c("MEC"), congestion=c("MCC"), loss=c("MLC"), version=pl.lit(1, dtype=pl.Int32))
    if report not in ("caiso", "miso"):
        rows = rows.sort("version", descending=True).unique(["t", "location", "id", "type"], keep="first") if report == "pjm" else rows.unique(["t", "location", "id", "type"])
    local = c("t").dt.convert_time_zone(zone)
    rows.select(
        datetime_utc=c("t"), datetime_local=local, interval_start_utc=c("t"), interval_end_utc=c("t") + pl.duration(minutes=minutes),
        delivery_date=local.dt.date(), delivery_hour=(local.dt.hour() + 1).cast(pl.Int8), delivery_interval=(local.dt.minute() // minutes).cast(pl.Int8),
        interval_minutes=pl.lit(minutes, dtype=pl.Int16), iso=pl.lit(iso), market_type=pl.lit(market), settlement_location=c("location"),
        settlement_location_type=c("type"), settlement_location_id=c("id"), zone=c("zone"), voltage_kv=c("kv"), lmp_total=c("total"),
        lmp_energy=c("energy"), lmp_congestion=c("congestion"), lmp_loss=c("loss"), system_lambda=c("energy"), dst_flag=pl.lit("N"),
        data_source=pl.lit(source), version=c("version"), is_current=pl.lit(True)).sort(KEY).sink_parquet(out, compression="zstd")


# ---- pyarrow: flat reports only, it has no pivot ----

def run_pyarrow(report, files, out, threads, memory, scratch):
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as csv
    import pyarrow.parquet as pq

    iso, market, minutes, zone, source = ABOUT[report]
    names = {"pjm": ("datetime_beginning_utc", "pnode_name", "type", "pnode_id", "zone", "voltage", "total_lmp_da", "system_energy_price_da",
                     "congestion_price_da", "marginal_loss_price_da", "version_nbr"),
             "nyiso": ("Time Stamp", "Name", "PTID", "LBMP ($/MWHr)", "Marginal Cost Losses ($/MWHr)", "Marginal Cost Congestion ($/MWHr)"),
             "ercot": ("DeliveryDate", "DeliveryHour", "DeliveryInterval", "SettlementPointName", "SettlementPointType", "SettlementPointPrice"),
             "spp": SPP[1:], "isone": ISONE}[report]
    kinds = {n: pa.string() for n in ("pnode_id", "PTID", "voltage", "datetime_beginning_utc", "Time Stamp", "DeliveryDate", "GMTIntervalEnd", "day", "hour", "id")}
    kinds.update({n: pa.float64() for n in PRICES})
    pa.set_cpu_count(threads)
    how = {"spp": {"read_options": csv.ReadOptions(column_names=SPP, skip_rows=1)},
           "isone": {"read_options": csv.ReadOptions(column_names=ISONE, skip_rows=ISONE_ABOVE),
                     "parse_options": csv.ParseOptions(invalid_row_handler=lambda row: "skip")}}.get(report, {})
    raw = pa.concat_tables([csv.read_csv(f, convert_options=csv.ConvertOptions(include_columns=list(names), column_types=kinds), **how) for f in files])
    n, none = raw.num_rows, pa.nulls(raw.num_rows, pa.float64())
    stamp = lambda name, fmt: pc.strptime(raw[name], fmt, "us")
    minute = lambda e, m: pc.add(e, pa.scalar(m * 60_000_000, pa.duration("us")))
    to_utc = lambda e: pc.cast(pc.assume_timezone(e, zone, ambiguous="earliest"), pa.timestamp("us", "UTC"))
    if report == "pjm":
        t = pc.assume_timezone(stamp("datetime_beginning_utc", "%m/%d/%Y %I:%M:%S %p"), "UTC")
        kv = pc.cast(pc.if_else(pc.equal(pc.replace_substring(raw["voltage"], " KV", ""), ""), None, pc.replace_substring(raw["voltage"], " KV", "")), pa.float64())
        cols = (t, raw["pnode_name"], raw["type"], raw["pnode_id"], raw["zone"], kv, raw["total_lmp_da"], raw["system_energy_price_da"],
                raw["congestion_price_da"], raw["marginal_loss_price_da"], pc.cast(raw["version_nbr"], pa.int32()))
    elif report == "nyiso":
        congestion, loss, total = pc.negate(raw["Marginal Cost Congestion ($/MWHr)"]), raw["Marginal Cost Losses ($/MWHr)"], raw["LBMP ($/MWHr)"]
        cols = (minute(to_utc(stamp("Time Stamp", "%m/%d/%Y %H:%M:%S")), -5), raw["Name"], pa.array(["GEN"] * n), raw["PTID"], pa.nulls(n, pa.string()), none,
                total, pc.subtract(pc.subtract(total, congestion), loss), congestion, loss, pa.array([1] * n, pa.int32()))
    elif report == "ercot":
        length = pc.add(pc.multiply(pc.subtract(raw["DeliveryHour"], 1), 3_600_000_000), pc.multiply(pc.subtract(raw["DeliveryInterval"], 1), 900_000_000))
        t = to_utc(pc.add(stamp("DeliveryDate", "%m/%d/%Y"), pc.cast(length, pa.duration("us"))))
        ending = pc.if_else(pc.is_in(raw["SettlementPointType"], pa.array(ERCOT_EW)), "_EW", "")
        point = pc.binary_join_element_wise(raw["SettlementPointName"], ending, "")
        cols = (t, point, raw["SettlementPointType"], point, pa.nulls(n, pa.string()), none,
                raw["SettlementPointPrice"], none, none, none, pa.array([1] * n, pa.int32()))
    elif report == "isone":
        hours = pc.cast(pc.multiply(pc.subtract(pc.cast(raw["hour"], pa.int64()), 1), 3_600_000_000), pa.duration("us"))
        cols = (to_utc(pc.add(stamp("day", "%m/%d/%Y"), hours)), raw["location"], raw["type"], raw["id"], pa.nulls(n, pa.string()), none, raw["total"],
                raw["energy"], raw["congestion"], raw["loss"], pa.array([1] * n, pa.int32()))
    else:
        when = pc.coalesce(*[pc.strptime(raw["GMTIntervalEnd"], f, "us", error_is_null=True) for f in SPP_TIMES])
        t = minute(pc.assume_timezone(when, "UTC"), -60)
        cols = (t, raw["Location"], pa.array(["SETTLEMENT_LOCATION"] * n), raw["Pnode"], pa.nulls(n, pa.string()), none, raw["LMP"], raw["MEC"],
                raw["MCC"], raw["MLC"], pa.array([1] * n, pa.int32()))
    rows = pa.table(list(cols), ["t", "location", "type", "id", "zone", "kv", "total", "energy", "congestion", "loss", "version"])
    del raw
    rows = rows.take(pc.sort_indices(rows, [("t", "ascending"), ("location", "ascending"), ("id", "ascending"), ("type", "ascending"), ("version", "descending")])).combine_chunks()
    same = pa.array([False])
    parts = [pc.equal(rows[k].chunk(0)[1:], rows[k].chunk(0)[:-1]) for k in ("t", "location", "id", "type")]
    same = pa.concat_arrays([same, pc.and_(pc.and_(parts[0], parts[1]), pc.and_(parts[2], parts[3]))])
    rows = rows.filter(pc.invert(same))
    n, t = rows.num_rows, rows["t"]
    local = pc.cast(t, pa.timestamp("us", zone))
    const = lambda v, kind: pa.repeat(pa.scalar(v, kind), n)
    full = {"datetime_utc": t, "datetime_local": local, "interval_start_utc": t, "interval_end_utc": minute(t, minutes),
            "delivery_date": pc.cast(pc.local_timestamp(local), pa.date32(), safe=False), "delivery_hour": pc.cast(pc.add(pc.hour(local), 1), pa.int8()),
            "delivery_interval": pc.cast(pc.divide(pc.minute(local), minutes), pa.int8()), "interval_minutes": const(minutes, pa.int16()),
            "iso": const(iso, pa.string()), "market_type": const(market, pa.string()), "settlement_location": rows["location"],
            "settlement_location_type": rows["type"], "settlement_location_id": rows["id"], "zone": rows["zone"], "voltage_kv": rows["kv"],
            "lmp_total": rows["total"], "lmp_energy": rows["energy"], "lmp_congestion": rows["congestion"], "lmp_loss": rows["loss"],
            "system_lambda": rows["energy"], "dst_flag": const("N", pa.string()), "data_source": const(source, pa.string()),
            "version": rows["version"], "is_current": const(True, pa.bool_())}
    pq.write_table(pa.table(full), out, compression="zstd")


# ---- pandas, batches of files and chunks of rows ----

def pandas_batch(report, files):
    import pandas as pd

    iso, market, minutes, zone, source = ABOUT[report]
    chunks = []
    how = {"miso": {"skiprows": 4}, "spp": {"skiprows": 1, "names": SPP}, "isone": {"skiprows": ISONE_ABOVE, "names": ISONE}}.get(report, {})
    for f in files:
        for chunk in pd.read_csv(f, chunksize=100_000, dtype={"PTID": str, "pnode_id": str, "hour": str, "id": str}, low_memory=False, **how):
            if report == "miso":
                chunk["day"] = pathlib.Path(f).name[:8]
            elif report == "spp":  # a file has one of two forms of time
                chunk["GMTIntervalEnd"] = pd.to_datetime(chunk["GMTIntervalEnd"])
            elif report == "isone":
                chunk = chunk[chunk["mark"] == "D"]
            chunks.append(chunk)
    df = pd.concat(chunks, ignore_index=True)
    utc = lambda s, fmt: pd.to_datetime(s, format=fmt).dt.tz_localize("UTC")
    local = lambda s: s.dt.tz_localize(zone, ambiguous=True, nonexistent="shift_forward").dt.tz_convert("UTC")
    out = pd.DataFrame()
    if report == "pjm":
        out["t"] = utc(df["datetime_beginning_utc"], "%m/%d/%Y %I:%M:%S %p")
        out = out.assign(location=df["pnode_name"], type=df["type"], id=df["pnode_id"], zone=df["zone"],
                         kv=pd.to_numeric(df["voltage"].str.replace(" KV", "", regex=False), errors="coerce"), total=df["total_lmp_da"],
                         energy=df["system_energy_price_da"], congestion=df["congestion_price_da"], loss=df["marginal_loss_price_da"], version=df["version_nbr"])
    elif report == "caiso":
        wide = df.pivot_table(index=["INTERVALSTARTTIME_GMT", "NODE"], columns="LMP_TYPE", values="MW", aggfunc="first").reset_index()
        out["t"] = utc(wide["INTERVALSTARTTIME_GMT"].str[:19], "%Y-%m-%dT%H:%M:%S")
        out = out.assign(location=wide["NODE"], type="NODE", id=wide["NODE"], zone=None, kv=None, total=wide["LMP"], energy=wide["MCE"],
                         congestion=wide["MCC"], loss=wide["MCL"], version=1)
    elif report == "miso":
        long = df.melt(["day", "Node", "Type", "Value"], [f"HE {h}" for h in range(1, 25)], "hour", "price")
        wide = long.pivot_table(index=["day", "hour", "Node", "Type"], columns="Value", values="price", aggfunc="first").reset_index()
        out["t"] = (pd.to_datetime(wide["day"], format="%Y%m%d") + pd.to_timedelta(wide["hour"].str[3:].astype(int) + 4, unit="h")).dt.tz_localize("UTC")
        out = out.assign(location=wide["Node"], type=wide["Type"], id=wide["Node"], zone=None, kv=None, total=wide["LMP"],
                         energy=wide["LMP"] - wide["MCC"] - wide["MLC"], congestion=wide["MCC"], loss=wide["MLC"], version=2)
    elif report == "nyiso":
        out["t"] = local(pd.to_datetime(df["Time Stamp"], format="%m/%d/%Y %H:%M:%S")) - pd.Timedelta(minutes=5)
        total, congestion, loss = df["LBMP ($/MWHr)"], -df["Marginal Cost Congestion ($/MWHr)"], df["Marginal Cost Losses ($/MWHr)"]
        out = out.assign(location=df["Name"], type="GEN", id=df["PTID"], zone=None, kv=None, total=total, energy=total - congestion - loss,
                         congestion=congestion, loss=loss, version=1)
    elif report == "ercot":
        out["t"] = local(pd.to_datetime(df["DeliveryDate"], format="%m/%d/%Y")
                         + pd.to_timedelta((df["DeliveryHour"] - 1) * 60 + (df["DeliveryInterval"] - 1) * 15, unit="min"))
        point = df["SettlementPointName"] + df["SettlementPointType"].isin(ERCOT_EW).map({True: "_EW", False: ""})
        out = out.assign(location=point, type=df["SettlementPointType"], id=point, zone=None, kv=None,
                         total=df["SettlementPointPrice"], energy=None, congestion=None, loss=None, version=1)
    elif report == "isone":
        out["t"] = local(pd.to_datetime(df["day"], format="%m/%d/%Y") + pd.to_timedelta(df["hour"].astype(int) - 1, unit="h"))
        out = out.assign(location=df["location"], type=df["type"], id=df["id"], zone=None, kv=None, total=df["total"], energy=df["energy"],
                         congestion=df["congestion"], loss=df["loss"], version=1)
    else:
        out["t"] = df["GMTIntervalEnd"].dt.tz_localize("UTC") - pd.Timedelta(hours=1)
        out = out.assign(location=df["Location"], type="SETTLEMENT_LOCATION", id=df["Pnode"], zone=None, kv=None, total=df["LMP"],
                         energy=df["MEC"], congestion=df["MCC"], loss=df["MLC"], version=1)
    at = out["t"].dt.tz_convert(zone)
    return pd.DataFrame({
        "datetime_utc": out["t"], "datetime_local": at, "interval_start_utc": out["t"], "interval_end_utc": out["t"] + pd.Timedelta(minutes=minutes),
        "delivery_date": at.dt.date, "delivery_hour": (at.dt.hour + 1).astype("uint8"), "delivery_interval": (at.dt.minute // minutes).astype("uint8"),
        "interval_minutes": minutes, "iso": iso, "market_type": market, "settlement_location": out["location"],
        "settlement_location_type": out["type"], "settlement_location_id": out["id"].astype(str), "zone": out["zone"], "voltage_kv": out["kv"],
        "lmp_total": out["total"].astype("float64"), "lmp_energy": out["energy"].astype("float64"), "lmp_congestion": out["congestion"].astype("float64"),
        "lmp_loss": out["loss"].astype("float64"), "system_lambda": out["energy"].astype("float64"), "dst_flag": "N", "data_source": source,
        "version": out["version"].astype("int32"), "is_current": True})


def run_pandas(report, files, out, threads, memory, scratch):
    import pandas as pd

    parts = []
    for i in range(0, len(files), 50):
        batch = pandas_batch(report, files[i:i + 50])
        for year in batch["delivery_date"].apply(lambda day: day.year).unique():
            parts.append(batch[batch["delivery_date"].apply(lambda day: day.year) == year])
    del batch
    rows = pd.concat(parts, ignore_index=True)
    del parts
    rows = rows.sort_values(UNIQUE + ["version"], kind="stable").drop_duplicates(UNIQUE, keep="last")
    rows.to_parquet(f"{out}.tmp", compression="zstd", index=False, row_group_size=1_000_000)
    if len(pd.read_parquet(f"{out}.tmp")) != len(rows):
        raise SystemExit("not all rows were written")
    pathlib.Path(f"{out}.tmp").rename(out)


# ---- is it the same work? ----

def check(out, lake):
    """The number of rows when a peer's file says the same as busbar's lake, else what differs."""
    import duckdb

    sums = ", ".join(f"coalesce(sum({c}), 0) AS {c[4:]}" for c in ("lmp_total", "lmp_energy", "lmp_congestion", "lmp_loss"))
    said = lambda files: f"""(SELECT settlement_location_id AS id, settlement_location AS name, count(*)::BIGINT AS n, {sums},
        sum(epoch_us(datetime_utc::TIMESTAMPTZ)::HUGEINT) AS instants FROM read_parquet('{files}') GROUP BY ALL)"""
    near = " AND ".join(f"abs(a.{k} - b.{k}) <= 1e-6 * (1 + abs(b.{k}))" for k in ("total", "energy", "congestion", "loss"))
    same = f"coalesce(a.n = b.n AND a.instants = b.instants AND {near}, false)"
    n, differ, example = duckdb.execute(f"""SELECT sum(a.n)::BIGINT, count(*) FILTER (WHERE NOT {same}),
        any_value([a::VARCHAR, b::VARCHAR]) FILTER (WHERE NOT {same})
        FROM {said(out)} a FULL JOIN {said(f'{lake}/parquet/**/*.parquet')} b USING (id, name)""").fetchone()
    print(f"{differ} locations differ from busbar's: {example}" if differ else f"{n} rows")


def main():
    p = argparse.ArgumentParser()
    if sys.argv[1:2] == ["check"]:
        check(*sys.argv[2:])
        return
    p.add_argument("tool")
    p.add_argument("report", choices=ABOUT)
    p.add_argument("input")
    p.add_argument("out")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--memory", default="256MB")
    a = p.parse_args()
    scratch = pathlib.Path(tempfile.mkdtemp(dir=pathlib.Path(a.out).parent))
    try:
        args = (a.report, files_of(a.input, scratch), a.out, a.threads, a.memory, scratch)
        if a.tool == "duckdb-sorted":
            run_duckdb(*args, unique=False)
        else:
            {"duckdb": run_duckdb, "polars": run_polars, "pyarrow": run_pyarrow, "pandas": run_pandas}[a.tool](*args)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
