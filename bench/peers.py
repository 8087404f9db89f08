"""The same work done with the tools that people would pick instead of busbar.

    python peers.py TOOL REPORT INPUT-FOLDER OUT-FILE --threads N --memory SIZE

TOOL is duckdb, duckdb-sorted (sorted only, duplicates stay: less than busbar does), polars, pyarrow or pandas.
INPUT-FOLDER holds what `busbar generate` made. OUT-FILE is one Parquet file with busbar's 24 columns, sorted by
(datetime_utc, settlement_location, settlement_location_id), one row per key, zstd.

Every tool is used as its documentation says a careful user would: column types given, only the needed columns read, lazy
where there is a lazy way, several files as one input. The pandas pipeline is in the style of the system that busbar
replaces: 50 files a batch, chunks of 100,000 rows, everything put together, then sorted and written.
Archives are unpacked first, because no one of them reads zip; the time for that counts.
"""
import argparse
import io
import pathlib
import shutil
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
}


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
        hours = ", ".join(f'"HE {h}"' for h in range(1, 25))
        types = "{'Node': 'VARCHAR', 'Type': 'VARCHAR', 'Value': 'VARCHAR'}"
        parts = ", ".join(f"max(price) FILTER (Value = '{k}') AS {v[4:]}" for k, v in MISO_PART.items())
        return f"""SELECT t, location, any_value(Type) AS type, location AS id, NULL::VARCHAR AS zone, NULL::DOUBLE AS kv, {parts},
            total - congestion - loss AS energy, 2 AS version FROM (
            SELECT strptime(parse_filename(filename)[:8], '%Y%m%d') + INTERVAL (substr(hour, 4)::INTEGER + 4) HOUR AS t,
            Node AS location, Type, Value, price FROM (UNPIVOT (SELECT * FROM
            read_csv({listed}, header=true, skip=4, filename=true, types={types})) ON {hours} INTO NAME hour VALUE price))
            GROUP BY t, location"""
    if report == "nyiso":
        types = text("Time Stamp", "Name", "PTID")
        return f"""SELECT timezone('UTC', timezone('America/New_York', strptime("Time Stamp", '%m/%d/%Y %H:%M:%S'))) - INTERVAL 5 MINUTE AS t,
            Name AS location, 'GEN' AS type, PTID AS id, NULL::VARCHAR AS zone, NULL::DOUBLE AS kv,
            "LBMP ($/MWHr)"::DOUBLE AS total, -("Marginal Cost Congestion ($/MWHr)"::DOUBLE) AS congestion,
            "Marginal Cost Losses ($/MWHr)"::DOUBLE AS loss, total - congestion - loss AS energy, 1 AS version
            FROM read_csv({listed}, header=true, types={types})"""
    if report == "ercot":
        types = text("DeliveryDate", "SettlementPointName", "SettlementPointType")
        return f"""SELECT timezone('UTC', timezone('America/Chicago', strptime(DeliveryDate, '%m/%d/%Y')
            + INTERVAL ((DeliveryHour - 1) * 60 + (DeliveryInterval - 1) * 15) MINUTE)) AS t,
            SettlementPointName AS location, SettlementPointType AS type, SettlementPointName AS id, NULL::VARCHAR AS zone,
            NULL::DOUBLE AS kv, SettlementPointPrice::DOUBLE AS total, NULL::DOUBLE AS energy, NULL::DOUBLE AS congestion,
            NULL::DOUBLE AS loss, 1 AS version FROM read_csv({listed}, header=true, types={types})"""
    types = text("GMTIntervalEnd", "Settlement Location", "Pnode")
    return f"""SELECT strptime(GMTIntervalEnd, '%m/%d/%Y %H:%M:%S') - INTERVAL 1 HOUR AS t, "Settlement Location" AS location,
        'SETTLEMENT_LOCATION' AS type, Pnode AS id, NULL::VARCHAR AS zone, NULL::DOUBLE AS kv, LMP::DOUBLE AS total,
        MEC::DOUBLE AS energy, MCC::DOUBLE AS congestion, MLC::DOUBLE AS loss, 1 AS version
        FROM read_csv({listed}, header=true, types={types})"""


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
        rows = pl.concat(each).unpivot(hours, index=["day", "Node", "Type", "Value"], variable_name="hour", value_name="price").group_by(
            "day", "hour", "Node").agg(c("Type").first(), *[c("price").filter(c("Value") == k).first().alias(v[4:]) for k, v in MISO_PART.items()]).select(
            t=(c("day").str.to_datetime("%Y%m%d") + pl.duration(hours=c("hour").str.slice(3).cast(pl.Int64) + 4)).dt.replace_time_zone("UTC"),
            location=c("Node"), type=c("Type"), id=c("Node"), zone=no_text, kv=none, total=c("total"),
            energy=c("total") - c("congestion") - c("loss"), congestion=c("congestion"), loss=c("loss"), version=pl.lit(2, dtype=pl.Int32))
    elif report == "nyiso":
        rows = pl.scan_csv(files, schema_overrides={"PTID": pl.String}).select(
            t=local_to_utc(c("Time Stamp").str.to_datetime("%m/%d/%Y %H:%M:%S")) - pl.duration(minutes=5), location=c("Name"),
            type=pl.lit("GEN"), id=c("PTID"), zone=no_text, kv=none, total=c("LBMP ($/MWHr)"),
            energy=c("LBMP ($/MWHr)") + c("Marginal Cost Congestion ($/MWHr)") - c("Marginal Cost Losses ($/MWHr)"),
            congestion=-c("Marginal Cost Congestion ($/MWHr)"), loss=c("Marginal Cost Losses ($/MWHr)"), version=pl.lit(1, dtype=pl.Int32))
    elif report == "ercot":
        rows = pl.scan_csv(files).select(
            t=local_to_utc(c("DeliveryDate").str.to_datetime("%m/%d/%Y") + pl.duration(minutes=(c("DeliveryHour") - 1) * 60 + (c("DeliveryInterval") - 1) * 15)),
            location=c("SettlementPointName"), type=c("SettlementPointType"), id=c("SettlementPointName"), zone=no_text, kv=none,
            total=c("SettlementPointPrice"), energy=none, congestion=none, loss=none, version=pl.lit(1, dtype=pl.Int32))
    else:
        rows = pl.scan_csv(files).select(
            t=c("GMTIntervalEnd").str.to_datetime("%m/%d/%Y %H:%M:%S").dt.replace_time_zone("UTC") - pl.duration(hours=1),
            location=c("Settlement Location"), type=pl.lit("SETTLEMENT_LOCATION"), id=c("Pnode"), zone=no_text, kv=none, total=c("LMP"),
            energy=c("MEC"), congestion=c("MCC"), loss=c("MLC"), version=pl.lit(1, dtype=pl.Int32))
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
             "spp": ("GMTIntervalEnd", "Settlement Location", "Pnode", "LMP", "MLC", "MCC", "MEC")}[report]
    as_text = {n: pa.string() for n in ("pnode_id", "PTID", "voltage", "datetime_beginning_utc", "Time Stamp", "DeliveryDate", "GMTIntervalEnd")}
    pa.set_cpu_count(threads)
    raw = pa.concat_tables([csv.read_csv(f, convert_options=csv.ConvertOptions(include_columns=list(names), column_types=as_text)) for f in files])
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
        cols = (t, raw["SettlementPointName"], raw["SettlementPointType"], raw["SettlementPointName"], pa.nulls(n, pa.string()), none,
                raw["SettlementPointPrice"], none, none, none, pa.array([1] * n, pa.int32()))
    else:
        t = minute(pc.assume_timezone(stamp("GMTIntervalEnd", "%m/%d/%Y %H:%M:%S"), "UTC"), -60)
        cols = (t, raw["Settlement Location"], pa.array(["SETTLEMENT_LOCATION"] * n), raw["Pnode"], pa.nulls(n, pa.string()), none, raw["LMP"], raw["MEC"],
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
    for f in files:
        for chunk in pd.read_csv(f, chunksize=100_000, skiprows=4 if report == "miso" else 0, dtype={"PTID": str, "pnode_id": str}, low_memory=False):
            if report == "miso":
                chunk["day"] = pathlib.Path(f).name[:8]
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
        out = out.assign(location=df["SettlementPointName"], type=df["SettlementPointType"], id=df["SettlementPointName"], zone=None, kv=None,
                         total=df["SettlementPointPrice"], energy=None, congestion=None, loss=None, version=1)
    else:
        out["t"] = utc(df["GMTIntervalEnd"], "%m/%d/%Y %H:%M:%S") - pd.Timedelta(hours=1)
        out = out.assign(location=df["Settlement Location"], type="SETTLEMENT_LOCATION", id=df["Pnode"], zone=None, kv=None, total=df["LMP"],
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

    batches = [pandas_batch(report, files[i:i + 50]) for i in range(0, len(files), 50)]
    rows = pd.concat(batches, ignore_index=True)
    del batches
    rows = rows.sort_values(UNIQUE + ["version"], kind="stable").drop_duplicates(UNIQUE, keep="last")
    rows.to_parquet(out, compression="zstd", index=False)


def main():
    p = argparse.ArgumentParser()
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
