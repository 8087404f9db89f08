"""An independent reading of raw PJM, CAISO and MISO energy files: plain Python, written from the operators' layouts, sharing
nothing with busbar. Slow and simple on purpose.

read(path) gives candidate rows; winners(candidates) keeps one per key by the rules of the lake.
"""
import csv
import io
import re
import zipfile
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

UTC = timezone.utc
ZONES = {"PJM": "America/New_York", "CAISO": "America/Los_Angeles", "MISO": "Etc/GMT+5"}
HUB_TYPES = {"HUB", "ZONE", "INTERFACE", "DC_TIE", "SYSTEM"}
PJM_TYPES = {w: w for w in ("HUB", "ZONE", "INTERFACE", "AGGREGATE", "GEN", "LOAD")} | {
    "TIE": "INTERFACE", "EXT": "INTERFACE", "RESIDUAL_METERED_EDC": "AGGREGATE", "EHV": "BUS"}
RESOLUTION_WORDS = {5: "5min", 15: "15min", 60: "hourly"}
PRICES = ("lmp_total", "lmp_energy", "lmp_congestion", "lmp_loss")


class NotReadable(Exception):
    """The file is none of the layouts, or lacks a column."""


class Candidate:
    """One key of one posting; prices may be incomplete (CAISO components in several files)."""

    __slots__ = ("iso", "market", "minutes", "start", "identity", "name", "id", "type", "zone", "voltage", "prices", "version",
                 "is_current", "source", "publication", "file", "prefix")

    def __init__(self, **fields):
        for name, value in fields.items():
            setattr(self, name, value)

    def key(self):
        return self.iso, self.prefix, self.minutes, self.start, self.identity

    def rank(self):
        return self.version, self.is_current, self.publication, self.file


def price(text):
    """The double nearest to the text; None when there is none. Never a negative zero."""
    text = text.strip().replace("$", "").replace(",", "")
    return None if text == "" else float(text) + 0.0


def us_stamp(text):
    m = re.fullmatch(r"(\d+)/(\d+)/(\d{4}) (\d+):(\d\d):(\d\d) (AM|PM)", text)
    if m:
        month, day, year, hour, minute, second = (int(g) for g in m.groups()[:6])
        return datetime(year, month, day, hour % 12 + (12 if m[7] == "PM" else 0), minute, second)
    return datetime.fromisoformat(text)


def rows_of_csv(text):
    return list(csv.reader(io.StringIO(text, newline="")))


def read_pjm(name, rows):
    header = [h.strip() for h in rows[0]]
    product = next((p for p in ("da", "rt") if f"total_lmp_{p}" in header), None)
    if product is None:
        raise NotReadable("no total_lmp column")
    at = {h: i for i, h in enumerate(header)}
    starts = sorted({us_stamp(r[at["datetime_beginning_utc"]]) for r in rows[1:]})
    minutes = 60 if len(starts) < 2 else int((starts[1] - starts[0]).total_seconds()) // 60
    report = {("da", 60): "da_hrl_lmps", ("rt", 60): "rt_hrl_lmps", ("rt", 5): "rt_fivemin_hrl_lmps"}[product, minutes]
    columns = [f"total_lmp_{product}", f"system_energy_price_{product}", f"congestion_price_{product}", f"marginal_loss_price_{product}"]
    for r in rows[1:]:
        voltage = r[at["voltage"]].replace("KV", "").strip()
        yield Candidate(
            iso="PJM", market=product.upper(), prefix=product, minutes=minutes,
            start=us_stamp(r[at["datetime_beginning_utc"]]).replace(tzinfo=UTC), identity=r[at["pnode_id"]],
            name=r[at["pnode_name"]], id=r[at["pnode_id"]], type=PJM_TYPES.get(r[at["type"]], "NODE"), zone=r[at["zone"]] or None,
            voltage=float(voltage) if voltage else None, prices=[price(r[at[c]]) for c in columns],
            version=int(r[at["version_nbr"]]), is_current=r[at["row_is_current"]].lower() in ("true", "1"),
            source=f"PJM {report}", publication="", file=name)


CAISO_REPORTS = {"DAM": ("PRC_LMP", "DA", "da"), "RTPD": ("PRC_RTPD_LMP", "RT", "rt"), "RTM": ("PRC_INTVL_LMP", "RT", "rt"),
                 "HASP": ("PRC_HASP_LMP", "HASP", "hasp")}


def caiso_type(node):
    if node.startswith("TH_"):
        return "HUB"
    if node.startswith("DLAP_"):
        return "ZONE"
    return "AGGREGATE" if node.endswith("-APND") else "NODE"


def read_caiso(name, rows):
    at = {h.strip(): i for i, h in enumerate(rows[0])}
    value = next((at[c] for c in ("MW", "VALUE", "PRC") if c in at), None)
    if value is None:
        raise NotReadable("no price column")
    stamp = re.search(r"_(\d{8}_\d\d_\d\d_\d\d)_v\d+", name)
    which = {"LMP": 0, "MCE": 1, "MCC": 2, "MCL": 3}
    merged = {}
    for r in rows[1:]:
        start = datetime.fromisoformat(r[at["INTERVALSTARTTIME_GMT"]].replace("-00:00", "+00:00"))
        end = datetime.fromisoformat(r[at["INTERVALENDTIME_GMT"]].replace("-00:00", "+00:00"))
        minutes = int((end - start).total_seconds()) // 60
        report, market, prefix = CAISO_REPORTS[r[at["MARKET_RUN_ID"]]]
        node = r[at["NODE"]]
        key = report, start, node
        if r[at["LMP_TYPE"]] == "MGHG":
            continue
        if key not in merged:
            merged[key] = Candidate(iso="CAISO", market=market, prefix=prefix, minutes=minutes, start=start, identity=r[at["NODE_ID"]],
                                    name=node, id=r[at["NODE_ID"]], type=caiso_type(node), zone=None, voltage=None, prices=[None] * 4,
                                    version=1, is_current=True, source=f"CAISO {report}", publication=stamp[1] if stamp else "", file=name)
            if str(start.astimezone(ZoneInfo(ZONES["CAISO"])).date()) != r[at["OPR_DT"]]:
                raise NotReadable(f"trade date {r[at['OPR_DT']]} is not the local date of {start}")
        merged[key].prices[which[r[at["LMP_TYPE"]]]] = price(r[value])
    yield from merged.values()


MISO_TITLES = {"day ahead market expost lmps": "da_expost_lmp", "day ahead market exante lmps": "da_exante_lmp",
               "realtime market lmps": "rt_lmp"}


def miso_type(node, word):
    word = word.lower()
    if word == "hub":
        return "HUB" if node.upper().endswith(".HUB") else "AGGREGATE"
    return {"loadzone": "ZONE", "interface": "INTERFACE", "gennode": "GEN"}.get(word, "NODE")


def read_miso(name, rows):
    head = next(i for i, r in enumerate(rows[:10]) if [c.strip().lower() for c in r[:3]] == ["node", "type", "value"])
    report, day = None, None
    for r in rows[:head]:
        first = r[0].strip() if r else ""
        report = MISO_TITLES.get(first.lower(), report)
        m = re.fullmatch(r"(\d+)/(\d+)/(\d{4})", first)
        if m:
            day = date(int(m[3]), int(m[1]), int(m[2]))
    if day is None:
        m = re.search(r"(\d{4})(\d\d)(\d\d)_", name)
        day = date(int(m[1]), int(m[2]), int(m[3]))
    if report in (None, "rt_lmp"):
        report = next(w for w in ("da_expost_lmp", "da_exante_lmp", "rt_lmp_final", "rt_lmp_prelim") if w in name)
    market, prefix = {"da_expost_lmp": ("DA", "da"), "da_exante_lmp": ("DA_EXANTE", "da_exante")}.get(report, ("RT", "rt"))
    hours = [int(re.sub(r"[^0-9]", "", h)) for h in rows[head][3:27]]
    texts, types = {}, {}
    for r in rows[head + 1:]:
        if len(r) < 27:
            continue
        node, word, component = r[0].strip(), r[1].strip(), r[2].strip().upper()
        types[node] = miso_type(node, word)
        for hour, text in zip(hours, r[3:27]):
            texts.setdefault((node, hour), {})[component] = text
    for (node, hour), parts in texts.items():
        total, congestion, loss = (price(parts.get(c, "")) for c in ("LMP", "MCC", "MLC"))
        energy = None
        if None not in (total, congestion, loss):
            d = [Decimal(parts[c].strip().replace("$", "").replace(",", "")) for c in ("LMP", "MCC", "MLC")]
            energy = float(d[0] - d[1] - d[2]) + 0.0
        start = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour - 1 + 5)
        yield Candidate(iso="MISO", market=market, prefix=prefix, minutes=60, start=start, identity=node, name=node, id=node,
                        type=types[node], zone=None, voltage=None, prices=[total, energy, congestion, loss],
                        version=2 if report == "rt_lmp_final" else 1, is_current=True, source=f"MISO {report}", publication="", file=name)


def texts_of(path):
    """(name, text) of the file, or of every member of the zip."""
    path = Path(path)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as z:
            for name in z.namelist():
                yield Path(name).name, z.read(name).decode()
    else:
        yield path.name, path.read_bytes().decode()


def read(path):
    """All candidates of a file or archive."""
    candidates = []
    for name, text in texts_of(path):
        rows = [r for r in rows_of_csv(text)]
        header = [c.strip() for c in rows[0]] if rows else []
        if "datetime_beginning_utc" in header:
            reader = read_pjm
        elif "INTERVALSTARTTIME_GMT" in header:
            reader = read_caiso
        elif any([c.strip().lower() for c in r[:3]] == ["node", "type", "value"] for r in rows[:10]):
            reader = read_miso
        else:
            raise NotReadable(f"{name}: no known layout")
        candidates += reader(name, [r for r in rows if r or reader is read_miso])
    return candidates


def winners(candidates):
    """{key: candidate}: the highest version wins; components of one vintage complete each other."""
    groups = {}
    for c in candidates:
        groups.setdefault(c.key(), []).append(c)
    result = {}
    for key, group in groups.items():
        group.sort(key=Candidate.rank)
        best = group[-1]
        joined = list(best.prices)
        for other in reversed(group[:-1]):
            if (other.version, other.is_current) == (best.version, best.is_current):
                joined = [b if b is not None else o for b, o in zip(joined, other.prices)]
        winner = Candidate(**{s: getattr(best, s) for s in Candidate.__slots__})
        winner.prices = joined
        result[key] = winner
    return result


def lake_row(c):
    """(dataset file, row) as the lake must hold it; instants are aware datetimes in UTC."""
    zone = ZoneInfo(ZONES[c.iso])
    local = c.start.astimezone(zone)
    half = "hub" if c.type in HUB_TYPES else "nodal"
    dataset = f"{c.prefix}_energy_{RESOLUTION_WORDS[c.minutes]}_{half}"
    # an hour that the clock shows a second time has fold 1
    second_pass = local.fold == 1
    row = {
        "datetime_utc": c.start,
        "datetime_local": (local.replace(tzinfo=None), local.utcoffset()),
        "interval_start_utc": c.start,
        "interval_end_utc": c.start + timedelta(minutes=c.minutes),
        "delivery_date": local.date(),
        "delivery_hour": local.hour + 1,
        "delivery_interval": 0 if c.minutes == 60 else local.minute // c.minutes + 1,
        "interval_minutes": c.minutes,
        "iso": c.iso,
        "market_type": c.market,
        "settlement_location": c.name,
        "settlement_location_type": c.type,
        "settlement_location_id": c.id,
        "zone": c.zone,
        "voltage_kv": c.voltage,
        **dict(zip(PRICES, c.prices)),
        "system_lambda": c.prices[1] if c.iso in ("PJM", "MISO") else None,
        "dst_flag": "Y" if second_pass else "N",
        "data_source": c.source,
        "version": c.version,
        "is_current": c.is_current,
    }
    return f"parquet/{c.iso.lower()}/{dataset}/{dataset}_{local.year}.parquet", row
