#!/usr/bin/env python3
"""A lake that grows by updates holds the same rows as one conversion of everything, whatever happens on the way.

Random raw files of PJM, CAISO and MISO (revisions, duplicates, overlapping and late days, re-posted archives, missing components, shuffled rows,
New Year in the middle) are given in 1 to 20 updates in random order, with inputs repeated and threads and budgets varied. After every step `busbar
verify` passes; at the end rows and ledgers equal those of one conversion, and one more update changes no byte. Then: row groups carried over, also
where the file system shares their blocks (XFS in an image, when the script may mount one), rows that come late for them, --year, --rebuild, changed sources, kills at random moments, damaged lakes, other codecs and profiles, a small budget.

TORTURE_ROUNDS: random rounds (14). TORTURE_KILLS: runs that are killed (160; some thousand for a night). TORTURE_SEED: another world.
Rows are compared by DuckDB where it can be imported, else as the sorted lines of `busbar show`.
"""
import datetime
import fcntl
import gzip
import io
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import time
import zipfile
import zoneinfo

from stand import Stand, hidden_files, lake_files, lake_hashes

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import xfs_image

try:
    import duckdb
except ImportError:
    duckdb = None

ROUNDS = int(os.environ.get("TORTURE_ROUNDS", "14"))
KILLS = int(os.environ.get("TORTURE_KILLS", "160"))
UTC = datetime.timezone.utc
HOUR = datetime.timedelta(hours=1)


# ---- raw files ----

def price(*key):
    """A price that looks random and is the same for the same words."""
    h = 14695981039346656037
    for c in "/".join(str(k) for k in key).encode():
        h = ((h ^ c) * 1099511628211) & (1 << 64) - 1
    return (h >> 20) % 20_000_000 / 100_000 - 40


PJM_HEADER = ("datetime_beginning_utc,datetime_beginning_ept,pnode_id,pnode_name,voltage,equipment,type,zone,system_energy_price_da,total_lmp_da,"
              "congestion_price_da,marginal_loss_price_da,row_is_current,version_nbr")
PJM_NODES = [(1, "PJM-RTO", "", "", "ZONE", ""), (51288, "WESTERN HUB", "", "", "HUB", ""), (48592, "ALDENE", "230 KV", "T-10", "LOAD", "PSEG"),
             (48599, "BUBAP", "69 KV", "TX21", "LOAD", "DUQ"), (2156110345, "MT STORM", "500 KV", "GEN 1", "GEN", "DOM"),
             (50390, "BUBAP", "138 KV", "T-2", "BUS", "")]


EASTERN = zoneinfo.ZoneInfo("America/New_York")


def us_time(t):
    return f"{t.month}/{t.day}/{t.year} {t.hour % 12 or 12}:{t:%M:%S} {'AM' if t.hour < 12 else 'PM'}"


def pjm_rows(r, start, hours, nodes, editions, versions):
    for h in range(hours):
        t = start + h * HOUR
        for node in nodes:
            for _ in range(1 + (r.random() < 0.05)):
                edition, version = r.choice(editions), r.choice(versions)
                pid, name, volt, equipment, kind, zone = node
                if edition == 2 and pid == 48592:
                    name = "ALDENE 2"  # a node that was renamed
                energy, congestion, loss = (round(price("pjm", pid, t, edition, version, c), 2) for c in "ecl")
                current = version == max(versions) or r.random() < 0.2
                yield (f"{us_time(t)},{us_time(t.astimezone(EASTERN))},{pid},{name},{volt},{equipment},{kind},{zone},{energy:.2f},"
                       f"{energy + congestion + loss:.6f},{congestion:.6f},{loss:.6f},{current},{version}")


def pjm_file(r, name, day, days, nodes=PJM_NODES, editions=(0,), versions=(1,), shuffle=False):
    start = datetime.datetime(day.year, day.month, day.day, 5, tzinfo=UTC)
    rows = list(pjm_rows(r, start, days * 24, nodes, editions, versions))
    if shuffle:
        r.shuffle(rows)
    return name, ("\r\n".join([PJM_HEADER, *rows]) + "\r\n").encode()


CAISO_HEADER = ("INTERVALSTARTTIME_GMT,INTERVALENDTIME_GMT,OPR_DT,OPR_HR,OPR_INTERVAL,NODE_ID_XML,NODE_ID,NODE,MARKET_RUN_ID,LMP_TYPE,XML_DATA_ITEM,"
                "PNODE_RESMRID,GRP_TYPE,POS,MW,GROUP")
CAISO_NODES = ["TH_NP15_GEN-APND", "DLAP_PGAE-APND", "HERAAA_7_N012", "YALE_7_UNITS-APND"]
COMPONENTS = {"LMP": "LMP_PRC", "MCC": "LMP_CONG_PRC", "MCE": "LMP_ENE_PRC", "MCL": "LMP_LOSS_PRC"}


def caiso_rows(r, day, days, components, edition, nodes):
    for d in range(days):
        opr = day + datetime.timedelta(days=d)
        start = datetime.datetime(opr.year, opr.month, opr.day, 8, tzinfo=UTC)
        for node in nodes:
            for component in components:
                hours = list(range(24))
                r.shuffle(hours)
                for h in hours:
                    t = start + h * HOUR
                    for _ in range(1 + (r.random() < 0.03)):
                        yield (f"{t:%Y-%m-%dT%H:%M:%S}-00:00,{t + HOUR:%Y-%m-%dT%H:%M:%S}-00:00,{opr},{h + 1},0,{node},{node},{node},DAM,{component},"
                               f"{COMPONENTS[component]},{node},ALL,1,{price('caiso', node, t, component, edition):.5f},1")


def zipped(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, when, text in members:
            z.writestr(zipfile.ZipInfo(name, date_time=when.timetuple()[:6]), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def some_components(r):
    return list(COMPONENTS) if r.random() < 0.7 else sorted(r.sample(list(COMPONENTS), r.randint(1, 3)))


def caiso_single(r, day, days, posted, edition):
    stem = f"{day:%Y%m%d}_{day + datetime.timedelta(days=days):%Y%m%d}_PRC_LMP_DAM_{posted:%Y%m%d_%H_%M_%S}_v1"
    nodes = r.sample(CAISO_NODES, r.randint(1, 4))
    text = "\n".join([CAISO_HEADER, *caiso_rows(r, day, days, some_components(r), edition, nodes)]) + "\n"
    return stem + ".zip", zipped([(stem + ".csv", posted, text)])


def caiso_group(r, day, posted, edition):
    span, members = f"{day:%Y%m%d}_{day:%Y%m%d}", []
    for component in some_components(r):
        text = "\n".join([CAISO_HEADER, *caiso_rows(r, day, 1, [component], edition, CAISO_NODES)]) + "\n"
        members.append((f"{span}_PRC_LMP_DAM_{component}_v12.csv", posted, text))
    r.shuffle(members)
    return f"{span}_DAM_LMP_GRP_N_N_v12_csv.zip", zipped(members)


MISO_NODES = [("ILLINOIS.HUB", "Hub"), ("AECI", "Interface"), ("ALTW.ALTW", "Loadzone"), ("IPL.DOKO0", "Gennode")]
MISO_REPORTS = {"da_expost_lmp": ("Day Ahead Market ExPost LMPs", "%m/%d/%Y"), "rt_lmp_final": ("Realtime Market LMPs", None),
                "rt_lmp_prelim": ("Realtime Market LMPs", None)}


def miso_file(r, report, day, edition, shuffle):
    title, spelling = MISO_REPORTS[report]
    head = [title, day.strftime(spelling) if spelling else f"{day.month}/{day.day}/{day.year}", "",
            ",,,All Hours-Ending are Eastern Standard Time (EST)", "Node,Type,Value," + ",".join(f"HE {h}" for h in range(1, 25))]
    rows = []
    for value in ("LMP", "MCC", "MLC"):
        for node, kind in MISO_NODES:
            if r.random() < 0.03:
                continue  # a component that is missing
            rows.append(f"{node},{kind},{value}," + ",".join(f"{price('miso', report[:2], node, day, h, value, edition):.2f}" for h in range(24)))
    if shuffle:
        r.shuffle(rows)
    return f"{day:%Y%m%d}_{report}.csv", ("\n".join(head + rows) + "\n").encode()


def make_world(r, root, markets):
    """Writes the raw files below root and returns their paths; several may share a base name, in folders of their own."""
    first = datetime.date(2023, 12, 26) + datetime.timedelta(days=r.randint(0, 5))
    files = []
    for number in range(r.randint(4, 24)):
        market = r.choice(markets)
        day, edition, shuffle = first + datetime.timedelta(days=r.randint(0, 9)), r.randint(0, 2), r.random() < 0.4
        posted = datetime.datetime(2024, 2, r.randint(1, 20), r.randint(0, 23), 2 * r.randint(0, 29), 0)
        if market == "pjm":
            versions = r.choice([(1,), (1, 2), (2,), (1, 2, 3)])
            name, data = pjm_file(r, r.choice(["da_hrl_lmps.csv", f"da_hrl_lmps_{number}.csv"]), day, r.randint(1, 4),
                                  r.sample(PJM_NODES, r.randint(2, len(PJM_NODES))), [edition], versions, shuffle)
        elif market == "caiso":
            name, data = caiso_single(r, day, r.randint(1, 3), posted, edition) if r.random() < 0.5 else caiso_group(r, day, posted, edition)
        else:
            name, data = miso_file(r, r.choice(list(MISO_REPORTS)), day, edition, shuffle)
        path = root / f"{market}-{number}" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        files.append(path)
        if r.random() < 0.15:  # the same file once more, elsewhere
            twin = root / f"{market}-{number}-again" / name
            twin.parent.mkdir()
            twin.write_bytes(data)
            files.append(twin)
    return files


# ---- looking at lakes ----

class Seen:
    """What one run gave, with less ado than stand.run."""

    def __init__(self, code, err, seconds):
        self.code, self.err, self.seconds = code, err, seconds

    def __str__(self):
        return f"exit code {self.code}\n{self.err[-1500:]}"


def busbar(stand, *arguments, kill_after=None):
    began = time.monotonic()
    p = subprocess.Popen([stand.busbar, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=stand.root)
    if kill_after is not None:
        try:
            p.wait(kill_after)
        except subprocess.TimeoutExpired:
            p.send_signal(signal.SIGKILL)
    out, err = p.communicate(timeout=120)
    return Seen(p.returncode, (out + err).decode("utf-8", "replace"), time.monotonic() - began)


def ledger(path):
    data = path.read_bytes()
    return json.JSONDecoder().raw_decode(data[data.rindex(b'{"busbar":'):].decode("utf-8", "replace"))[0]


def ledger_sources(lake):
    """What the ledgers say of sources and rows; codes are a file's own business, and losers are counted as they are met."""
    said = {}
    for path in lake_files(lake):
        book = ledger(path)
        said[path.stem + "/" + path.parent.parent.name] = (book["rows"], sorted(
            tuple(sorted((k, v) for k, v in s.items() if k != "code")) for s in book["sources"]))
    return said


def rows_of(stand, path):
    shown = subprocess.run([stand.busbar, "show", str(path), "-n", "all", "--csv"], capture_output=True, check=True).stdout.decode().splitlines()
    source = shown[0].split(",").index("data_source")
    return sorted(",".join(part for i, part in enumerate(line.split(",")) if i != source) for line in shown[1:])


def difference(stand, a, b):
    """'' when both lakes hold the same rows, else what differs."""
    names = [sorted(str(p.relative_to(lake)) for p in lake_files(lake)) for lake in (a, b)]
    if names[0] != names[1]:
        return f"files {names[0]} against {names[1]}"
    for name in names[0]:
        if duckdb:
            one, two = (f"(select * exclude (data_source) from read_parquet('{lake}/{name}', hive_partitioning=false))" for lake in (a, b))
            more = duckdb.sql(f"(select 'first' as only_in, * from ({one} except all {two})) union all (select 'second', * from ({two} except all {one})) "
                              "order by settlement_location, datetime_utc, only_in limit 6").fetchall()
            if more:
                return f"{name}:\n" + "\n".join(str(m) for m in more)
        else:
            one, two = rows_of(stand, a / name), rows_of(stand, b / name)
            if one != two:
                return f"{name}:\n" + "\n".join(sorted(set(one) ^ set(two))[:6])
    return ""


def options_of(r):
    return ["-j", r.choice([1, 2, 4]), "-m", r.choice(["32M", "64M", "256M"]), "-q"]


def update(stand, lake, inputs, *options):
    return busbar(stand, "convert", *inputs, "-o", lake, *options)


def verified(stand, lake):
    if not lake_files(lake):
        return ""
    ran = busbar(stand, "verify", lake, "-q")
    return "" if ran.code == 0 else str(ran)


def same_lake(stand, lake, want, what):
    why = difference(stand, lake, want)
    stand.check(not why, f"{what}: the rows of one conversion", why)
    one, two = ledger_sources(lake), ledger_sources(want)
    stand.check(one == two, f"{what}: the sources of one conversion",
                lambda: "\n".join(f"{k}: {set(one.get(k, (0, []))[1]) ^ set(two.get(k, (0, []))[1])}" for k in sorted(set(one) | set(two)) if one.get(k) != two.get(k)))


def nothing_new(stand, lake, inputs, what, *options, limit=0.2):
    before = lake_hashes(lake)
    ran = min((update(stand, lake, inputs, *options) for _ in range(3)), key=lambda one: (one.code == 0, one.seconds))  # a failure first, else the quickest
    stand.check(ran.code == 0 and lake_hashes(lake) == before, f"{what}: once more changes no byte", lambda: str(ran))
    stand.check("0 read" in ran.err and "known already" in ran.err, f"{what}: all files are known", lambda: str(ran))
    stand.check(ran.seconds < limit or stand.sanitized, f"{what}: once more takes {ran.seconds:.3f} s", f"{ran.seconds:.3f} s, limit {limit} s")


# ---- the checks ----

def random_round(stand, number):
    r = stand.random
    root = stand.folder(f"round{number}")
    markets = r.choice([["pjm"], ["caiso"], ["miso"], ["pjm", "caiso", "miso"]])
    files = make_world(r, root / "raw", markets)
    whole, lake = root / "whole", root / "lake"
    ran = update(stand, whole, files, *options_of(r))
    if not stand.check(ran.code == 0, f"round {number}: one conversion of {len(files)} files", lambda: str(ran)):
        return
    order = files[:]
    r.shuffle(order)
    n = min(len(order), r.randint(1, 20))
    cuts = sorted(r.sample(range(1, len(order)), n - 1)) if n > 1 else []
    steps = [order[a:b] for a, b in zip([0, *cuts], [*cuts, len(order)])]
    broken = ""
    for i, step in enumerate(steps):
        given = step + [f for f in order[:order.index(step[0])] if r.random() < 0.3]
        r.shuffle(given)
        ran = update(stand, lake, given, *options_of(r))
        broken = broken or ("" if ran.code == 0 else f"step {i}: {ran}") or verified(stand, lake)
    what = f"round {number} ({'+'.join(markets)}, {len(files)} files, {len(steps)} updates)"
    stand.check(not broken, f"{what}: verified after every update", broken)
    same_lake(stand, lake, whole, what)
    nothing_new(stand, lake, files, what, "-j", r.choice([1, 2]))
    if not stand.n_failed:
        stand.remove(root)


def groups_kept(stand):
    """Days of 60,000 rows make row groups of three days: late days, corrections and a new day, most groups carried over."""
    r = stand.random
    raw = stand.folder("groups/raw")
    stand.generate("pjm.da_hrl_lmps", "groups/raw", "--nodes", "2500", "--from", "2024-03-01", "--days", "18", "--seed", "5")
    stand.generate("pjm.da_hrl_lmps", "groups/more", "--nodes", "2500", "--from", "2024-03-05", "--days", "1", "--seed", "6")
    correction = raw / "corrected.csv"  # the prices of another day's making, as version 2
    text = next((stand.root / "groups/more").iterdir()).read_text().replace("True,1", "True,2")
    lines = text.splitlines(keepends=True)
    correction.write_text(lines[0] + "".join(r.sample(lines[1:], 5000)))
    days = sorted(raw.iterdir())
    whole, lake = stand.root / "groups/whole", stand.root / "groups/lake"
    update(stand, whole, days, "-q")
    late = [days[i] for i in (4, 9, 10)]
    last, early = days[-1], [d for d in days[:-1] if d not in late and d != correction]
    if last == correction:
        last = early.pop()
    broken, told = "", []
    for step in (early, [last], late[:1], late[1:], [correction]):
        ran = update(stand, lake, step, "-j", r.choice([1, 2, 4]), "-m", r.choice(["64M", "256M"]))
        broken = broken or ("" if ran.code == 0 else str(ran)) or verified(stand, lake)
        told.append(next((line for line in ran.err.splitlines() if "row groups kept" in line), ""))
    stand.check(not broken, "row groups: verified after every update", broken)
    stand.check(all(told[1:]), f"row groups: kept in every update: {' | '.join(t.strip() for t in told[1:])}", told)
    same_lake(stand, lake, whole, "row groups")
    nothing_new(stand, lake, days, "row groups")


def counted(stand, *arguments):
    """A run, and the bytes that the kernel says it read; None where the kernel does not say."""
    with (stand.root / "said").open("w+b") as said:
        began = time.monotonic()
        p = subprocess.Popen([stand.busbar, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=stand.root)
        os.waitid(os.P_PID, p.pid, os.WEXITED | os.WNOWAIT)  # its counters are there until it is waited for
        seconds = time.monotonic() - began
        try:
            read_nbytes = int(pathlib.Path(f"/proc/{p.pid}/io").read_text().split()[1])
        except OSError:
            read_nbytes = None
        p.wait()
        said.seek(0)
        return Seen(p.returncode, said.read().decode("utf-8", "replace"), seconds), read_nbytes


def late_rows(stand):
    """A file that begins with day 4 has days 1 to 3 carried over at once; then corrected rows of days 1 and 2 come, which are out already, or on their way. That spoils
    the pass, and the file is read a second time, as the bytes show that were read. The same for a file that is damaged behind rows that were used.
    Wanted are the rows of a conversion that gets the corrections as a file of their own."""
    r = stand.random
    stand.generate("pjm.da_hrl_lmps", "late/raw", "--nodes", "6000", "--from", "2024-03-01", "--days", "7", "--seed", "8")  # 144,000 rows a day: a row group each
    days = sorted((stand.root / "late/raw").iterdir())
    texts = [d.read_bytes().splitlines(keepends=True) for d in days]
    head, rows = texts[0][0], [row for text in texts[3:] for row in text[1:]]
    late = [row.replace(b"True,1", b"True,2") for row in texts[1][1 + r.randrange(2000)::2000]]
    late += [row.replace(b"True,1", b"True,2") for row in texts[0][1 + r.randrange(2000)::2000]]
    corrected, given, before, lake, want, whole = (stand.root / "late" / n for n in ("corrected.csv", "given.csv", "before", "lake", "want", "whole"))
    corrected.write_bytes(head + b"".join(late))
    update(stand, before, days[:5], "-q")
    update(stand, want, [*days, corrected], "-q")
    behind = 400_000  # a round of 16 MiB holds 350,000 rows: behind it a drain is under way
    ways = {"none": [], "in the last block": [len(rows)] * len(late), "at one place": [r.randrange(behind, len(rows) - 50_000)] * len(late),
            "all over": sorted(r.randrange(behind, len(rows)) for _ in late)}
    if stand.sanitized:  # which is slow
        ways = {way: ways[way] for way in ("none", "all over")}
    read_of = {}
    for way, places in ways.items():
        out, at = [head], 0
        for place, row in zip(places, late):
            out += [*rows[at:place], row]
            at = place
        given.write_bytes(b"".join(out + rows[at:]))
        late_here, hashes, broken = way != "none", [], ""
        for threads in (1, 2, 4):
            stand.remove(lake)
            shutil.copytree(before, lake)
            ran, read_of[way, threads] = counted(stand, "convert", given, "-o", lake, "-j", threads)
            broken = broken or ("" if ran.code == 0 and f"{1 if late_here else 3} row groups kept" in ran.err else str(ran))
            hashes.append(lake_hashes(lake))
        broken = broken or verified(stand, lake)
        stand.check(not broken, f"late rows ({way}): the other days are carried over, verified", broken)
        stand.check(hashes[0] == hashes[1] == hashes[2], f"late rows ({way}): the same bytes with 1, 2 and 4 threads", "files differ")
        if late_here:
            why = difference(stand, lake, want)
            stand.check(not why, f"late rows ({way}): the rows of one conversion", why)
    update(stand, stand.fresh("late/whole"), [*days[:5], given], "-q")
    one, two = ledger_sources(lake), ledger_sources(whole)
    stand.check(one == two, "late rows: the sources of one conversion", lambda: f"{one}\n{two}")
    if None in read_of.values():
        stand.skip("late rows: the file is read twice", "the kernel does not say what a process read")
    else:
        # of one thread: several may come to the late rows before the first drain has come to day 1, which then needs no second reading
        once, again = read_of["none", 1], min(v for (way, threads), v in read_of.items() if way != "none" and threads == 1)
        stand.check(again > once + 0.9 * given.stat().st_size, f"late rows: the file is read twice ({again >> 20} MiB instead of {once >> 20})", read_of)
    packed = stand.root / "late" / "damaged.csv.gz"
    packed.write_bytes(gzip.compress(head + b"".join(rows), 1)[:-200_000])
    stand.remove(lake)
    shutil.copytree(before, lake)
    update(stand, stand.fresh("late/want"), [*days[:5], days[6]], "-q")
    ran = update(stand, lake, [packed, days[6]], "-j", r.choice([1, 2, 4]))
    why = verified(stand, lake) or difference(stand, lake, want)
    stand.check(ran.code == 1 and not why, "a file that is damaged behind rows that were used: the lake has none of them", f"{ran}\n{why}")


FS_IOC_FIEMAP = 0xC020660B


def shared_nbytes(path):
    """Bytes of the file in blocks that another file has too, as the kernel says."""
    n_extents, flag_sync, extent_shared = 2000, 1, 0x2000
    call = bytearray(struct.pack("=QQLLLL", 0, (1 << 64) - 1, flag_sync, 0, n_extents, 0) + bytes(56 * n_extents))
    with open(path, "rb") as f:
        fcntl.ioctl(f, FS_IOC_FIEMAP, call)
    n_mapped = struct.unpack_from("=L", call, 20)[0]
    extents = (struct.unpack_from("=QQQQQLLLL", call, 32 + 56 * i) for i in range(n_mapped))
    return sum(length for _, _, length, _, _, flags, *_ in extents if flags & extent_shared)


def shared_blocks(stand):
    """Days of 144,000 rows make a row group each. The file before is held open, so that what the new one shares with it stays shared."""
    r = stand.random
    stand.generate("pjm.da_hrl_lmps", "shared/raw", "--nodes", "6000", "--from", "2024-03-01", "--days", "9", "--seed", "8")
    stand.generate("pjm.da_hrl_lmps", "shared/more", "--nodes", "6000", "--from", "2024-03-04", "--days", "1", "--seed", "9")
    days = sorted((stand.root / "shared/raw").iterdir())
    more = next((stand.root / "shared/more").iterdir())
    more.write_text(more.read_text().replace("True,1", "True,2"))
    whole = stand.root / "shared/whole"
    update(stand, whole, [*days, more], "-q")
    try:
        with xfs_image.XfsImage(stand.root, 1 << 30) as disk:
            lake, broken, least, n_killed = disk / "lake", "", {}, 0
            name = "parquet/pjm/da_energy_hourly_nodal/da_energy_hourly_nodal_2024.parquet"
            for what, inputs in (("the first days", days[:6]), ("a new day", [days[6]]), ("a correction", [more]), ("two new days", days[7:])):
                for kill_after in [*(r.uniform(0.005, 0.12) for _ in range(3)), None]:  # after each kill the lake is whole, and at last all is there
                    before = (lake / name).open("rb") if (lake / name).exists() else None
                    ran = busbar(stand, "convert", *inputs, "-o", lake, "-j", r.choice([1, 2, 4]), "-q", kill_after=kill_after)
                    n_killed += ran.code == -signal.SIGKILL
                    broken = broken or ("" if ran.code in (0, kill_after and -signal.SIGKILL) else str(ran)) or verified(stand, lake)
                    if before and os.fstat(before.fileno()).st_ino != (lake / name).stat().st_ino:
                        least[what] = shared_nbytes(lake / name) / (lake / name).stat().st_size
                    if before:
                        before.close()
            stand.check(not broken, f"shared blocks: {n_killed} runs killed, verified after every run", broken)
            stand.check(len(least) == 3 and min(least.values()) > 0.5, "shared blocks: shared with the file before: " + ", ".join(f"{k} {v:.0%}" for k, v in least.items()), least)
            same_lake(stand, lake, whole, "shared blocks")
            nothing_new(stand, lake, [*days, more], "shared blocks")
    except xfs_image.Unavailable as e:
        stand.skip("shared blocks", f"no file system that shares blocks: {e}")


def years(stand):
    r = stand.random
    root = stand.folder("years")
    files = make_world(r, root / "raw", ["pjm", "caiso", "miso"])
    name, data = pjm_file(r, "over_new_year.csv", datetime.date(2023, 12, 29), 6)
    (root / "raw" / name).write_bytes(data)
    files.append(root / "raw" / name)
    whole = root / "whole"
    update(stand, whole, files, "-q")
    for order in (["2023", "2024"], ["2024"], ["2030", "2023"], ["2024", "2024", "2023"]):
        lake = root / ("lake-" + "-".join(order))
        broken = ""
        for year in order:
            ran = update(stand, lake, files, "--year", year, "-q")
            broken = broken or ("" if ran.code in (0, 3) else str(ran)) or verified(stand, lake)
            held = {p.stem[-4:] for p in lake_files(lake)}
            broken = broken or ("" if held <= set(order) else f"--year {year} made {held}")
        ran = update(stand, lake, files, "-q")
        broken = broken or ("" if ran.code == 0 else str(ran)) or verified(stand, lake)
        what = f"--year {', then '.join(order)}, then all"
        stand.check(not broken, f"{what}: verified", broken)
        same_lake(stand, lake, whole, what)
        nothing_new(stand, lake, files, what)
    lake = root / "lake-again"
    update(stand, lake, files, "--year", "2024", "-q")
    before = lake_hashes(lake)
    update(stand, lake, files, "--year", "2024", "-q")
    stand.check(lake_hashes(lake) == before, "--year twice: changes no byte", "files differ")


def rebuild(stand):
    r = stand.random
    root = stand.folder("rebuild")
    old, new = make_world(r, root / "old", ["pjm", "miso"]), make_world(r, root / "new", ["pjm", "miso"])
    lake, whole = root / "lake", root / "whole"
    update(stand, lake, old, "-q")
    ran = update(stand, lake, new, "--rebuild", "-q")
    update(stand, whole, new, "-q")
    met = {p.relative_to(whole) for p in lake_files(whole)}
    for p in lake_files(lake):  # years that the new files do not reach stay
        if p.relative_to(lake) not in met:
            p.unlink()
    stand.check(ran.code == 0, "--rebuild: done", lambda: str(ran))
    one, two = lake_hashes(root / "lake" / "parquet"), lake_hashes(root / "whole" / "parquet")
    stand.check(one == two, "--rebuild: the bytes of a new lake", f"{one}\n{two}")


def changed(stand):
    """The same path with other content: the later content wins where both have a row, and the user is told."""
    r = stand.random
    root = stand.folder("changed")
    path = root / "da_hrl_lmps.csv"
    for turn in range(6):  # whichever content has the greater hash
        lake, want = root / f"lake{turn}", root / f"want{turn}"
        path.write_bytes(pjm_file(r, "", datetime.date(2024, 5, 1), 2, editions=[turn * 10])[1])
        update(stand, lake, [path], "-q")
        path.write_bytes(pjm_file(r, "", datetime.date(2024, 5, 1), 2, editions=[turn * 10 + 1])[1])
        os.utime(path, (time.time() + turn + 5,) * 2)
        ran = update(stand, lake, [path])
        update(stand, want, [path], "-q")
        why = difference(stand, lake, want)
        stand.check(ran.code == 0 and not why, f"changed source {turn}: its later rows are in the lake", f"{ran}\n{why}")
        stand.check("changed since" in ran.err, f"changed source {turn}: is told", lambda: str(ran))
        nothing_new(stand, lake, [path], f"changed source {turn}")
    day = datetime.date(2024, 5, 1)
    for turn, option in enumerate([["--strict"], ["--max-rejects", "1%"], ["--max-rejects", "0"]] * 2):  # a run between that publishes nothing changes nothing
        lake, want = root / f"unpublished{turn}", root / f"wanted{turn}"
        path.write_bytes(pjm_file(r, "", day, 2, editions=[turn * 10])[1])
        update(stand, lake, [path], "-q")
        path.write_bytes(pjm_file(r, "", day, 2, editions=[turn * 10 + 1])[1] + b"x,y,z\r\n" * 20)
        os.utime(path, (time.time() + turn + 5,) * 2)
        before = lake_hashes(lake)
        ran = update(stand, lake, [path], *option)
        stand.check(ran.code == 1 and lake_hashes(lake) == before, f"changed source, {' '.join(option)}: nothing is published", lambda: str(ran))
        ran = update(stand, lake, [path])
        update(stand, want, [path], "-q")
        why = difference(stand, lake, want)
        stand.check("changed since" in ran.err and not why, f"changed source, after {' '.join(option)}: its later rows are in the lake", f"{ran}\n{why}")
    path = root / "da_hrl_lmps_2.csv"
    lake = root / "days"
    path.write_bytes(pjm_file(r, "", day, 2)[1])
    update(stand, lake, [path], "-q")
    path.write_bytes(pjm_file(r, "", datetime.date(2024, 5, 3), 1)[1])  # the same path is used for the next day
    ran = update(stand, lake, [path])
    stand.check("changed since" not in ran.err, "a path used again for another day: no warning", lambda: str(ran))
    stand.check(sum(ledger(p)["rows"] for p in lake_files(lake)) == 3 * 24 * len(PJM_NODES), "a path used again for another day: all days are there")


def kills(stand):
    r = stand.random
    root = stand.folder("kills")
    files = make_world(r, root / "raw", ["pjm", "caiso", "miso"])
    while len(files) < 12:
        files += make_world(r, root / f"raw{len(files)}", ["pjm", "caiso", "miso"])
    stand.generate("pjm.da_hrl_lmps", "kills/large", "--nodes", "900", "--from", "2023-12-28", "--days", "8")
    files += sorted((root / "large").iterdir())
    whole = root / "whole"
    update(stand, whole, files, "-q")
    n_killed = n_runs = n_left = 0
    broken = ""
    lake = None
    last_seconds = 0.3
    pending = []
    while n_killed < KILLS and not broken:
        if not pending:
            if lake:
                why = difference(stand, lake, whole)
                broken = broken or (f"after {n_killed} kills: {why}" if why else "")
                one, two = ledger_sources(lake), ledger_sources(whole)
                broken = broken or ("" if one == two else f"after {n_killed} kills the sources differ: "
                                    + "\n".join(f"{k}: {set(one.get(k, (0, []))[1]) ^ set(two.get(k, (0, []))[1])}" for k in two if one.get(k) != two[k]))
            lake = stand.fresh("kills/lake")
            pending = files[:]
            r.shuffle(pending)
        n = r.randint(3, 12)
        step, pending = pending[:n], pending[n:]
        while not broken:
            ran = update(stand, lake, step, "-q", "-j", r.choice([1, 2])) if r.random() < 0.12 else \
                busbar(stand, "convert", *step, "-o", lake, "-q", "-j", r.choice([1, 2]), kill_after=r.random() * last_seconds)
            n_runs += 1
            if lake.exists():
                n_left += bool([h for h in hidden_files(lake) if ".tmp-" in h])
                broken = verified(stand, lake)
            if ran.code == 0:
                last_seconds = max(0.03, min(0.4, ran.seconds))
                break
            if ran.code == -signal.SIGKILL:
                n_killed += 1
            else:
                broken = broken or str(ran)
    stand.check(not broken, f"kills: {n_killed} of {n_runs} runs killed ({n_left} left temporary files), the lake verified after each and was completed", broken)
    ran = update(stand, lake, files, "-q")
    same_lake(stand, lake, whole, "kills")
    stand.check(not [h for h in hidden_files(lake) if ".tmp-" in h], "kills: no temporary files are left", lambda: hidden_files(lake))


def damage(stand):
    r = stand.random
    root = stand.folder("damage")
    day = datetime.date(2024, 5, 1)
    for name, d in (("a.csv", 0), ("b.csv", 1)):
        (root / name).write_bytes(pjm_file(r, name, day + datetime.timedelta(days=d), 1)[1])
    lake = root / "lake"
    update(stand, lake, [root / "a.csv"], "-q")
    victim = next(p for p in lake_files(lake) if "nodal" in p.name)
    sound = victim.read_bytes()
    footer = len(sound) - 8 - int.from_bytes(sound[-8:-4], "little")
    ways = {"cut short": sound[:-100], "empty": b"", "cut in the middle": sound[:len(sound) // 2], "another kind of file": b"hello\n" * 1000,
            "a byte of a page": sound[:100] + bytes([sound[100] ^ 255]) + sound[101:],
            "a byte of the footer": sound[:footer + 300] + bytes([sound[footer + 300] ^ 255]) + sound[footer + 301:],
            "a ledger that is cut": sound.replace(b'"sources":[{', b'"sources":[x'),
            "a source without a hash": sound.replace(b'"xxh3":"', b'"xxh4":"'),
            "codes that do not exist": sound.replace(b'"code":0', b'"code":7')}
    try:
        import pyarrow
        import pyarrow.parquet
        pyarrow.parquet.write_table(pyarrow.table({"datetime_utc": [1, 2]}), root / "foreign.parquet")
        ways["foreign Parquet"] = (root / "foreign.parquet").read_bytes()
    except ImportError:
        stand.skip("foreign Parquet in place", "pyarrow is not installed")
    for name, data in ways.items():
        if data == sound:
            stand.check(False, f"damage ({name}): is one")
        victim.write_bytes(data)
        before = lake_hashes(lake)
        ran = update(stand, lake, [root / "b.csv"])
        stand.check(ran.code == 4 and victim.name in ran.err, f"damage ({name}): exit code 4 and the file's name", lambda: str(ran))
        stand.check(lake_hashes(lake) == before and not [h for h in hidden_files(lake) if ".tmp-" in h], f"damage ({name}): nothing changed", "files differ")
        ran = update(stand, lake, [root / "a.csv", root / "b.csv"], "--rebuild", "-q")
        why = verified(stand, lake)
        stand.check(ran.code == 0 and not why, f"damage ({name}): --rebuild heals it", lambda: f"{ran}\n{why}")
        stand.remove(lake)
        update(stand, lake, [root / "a.csv"], "-q")
    # a ledger that no longer names what rows come from is found out when new rows reach the file: no fault of the new file
    victim.write_bytes(sound.replace(b'"xxh3":"', b'"xxh3":"\\'))
    before = lake_hashes(lake)
    ran = update(stand, lake, [root / "b.csv"])
    stand.check(ran.code == 4 and "refused" not in ran.err and lake_hashes(lake) == before, "damage (a hash in the ledger): exit code 4, nothing changed, no input is blamed",
                lambda: str(ran))
    victim.write_bytes(sound)
    # bytes of every kind, turned at random: never a crash, never a lake that verify rejects
    broken, codes = "", set()
    for _ in range(60):
        data = bytearray(sound)
        for _ in range(r.randint(1, 3)):
            at = r.randrange(footer, len(data)) if r.random() < 0.7 else r.randrange(len(data))
            data[at] ^= 1 << r.randrange(8)
        victim.write_bytes(data)
        rejected = bool(verified(stand, lake))
        before = lake_hashes(lake)
        ran = update(stand, lake, [root / "b.csv"], "-q")
        codes.add(ran.code)
        if ran.code not in (0, 4):
            broken = broken or f"exit code {ran.code}: {ran}"
        elif ran.code == 4 and lake_hashes(lake) != before:
            broken = broken or f"exit code 4, but the lake changed: {ran}"
        elif ran.code == 0 and not rejected:
            broken = broken or verified(stand, lake)
        stand.remove(lake)
        update(stand, lake, [root / "a.csv"], "-q")
    stand.check(not broken, f"damage: 60 files with turned bits, exit codes {sorted(codes)}", broken)


def styles(stand):
    """A lake of another codec, profile or unit is decoded and written in the new one."""
    r = stand.random
    stand.generate("pjm.da_hrl_lmps", "styles/raw", "--nodes", "3000", "--from", "2024-03-01", "--days", "4")
    days = sorted((stand.root / "styles/raw").iterdir())
    for before, after in ((["--compression", "snappy"], []), ([], ["--compression", "lz4"]), (["--profile", "seed"], []), ([], ["--profile", "seed"]),
                          (["--profile", "dense"], []), ([], ["--profile", "dense"]), (["--timestamp-unit", "ns"], []), (["--layout", "hive"],) * 2):
        what = f"from {' '.join(before) or 'the default'} to {' '.join(after) or 'the default'}"
        lake, want = stand.fresh("styles/lake"), stand.fresh("styles/want")
        update(stand, lake, days[:2], "-q", *before)
        update(stand, lake, days[2:3], "-q", *before)
        ran = update(stand, lake, days[3:], *after, "-j", r.choice([1, 2]))
        update(stand, want, days, "-q", *after)
        why = str(ran) if ran.code else verified(stand, lake)
        stand.check(not why, f"{what}: verified", why)
        same_lake(stand, lake, want, what)
        if before != after:
            described = [subprocess.run([stand.busbar, "show", "--describe", str(p)], capture_output=True).stdout.decode() for root in (lake, want)
                         for p in lake_files(root) if "nodal" in p.name]
            kinds = [sorted({tuple(w for w in line.split() if not w.isdigit()) for line in d.splitlines() if " INT" in line or " DOUBLE" in line}) for d in described]
            if "dense" not in after:
                stand.check(kinds[0] == kinds[1], f"{what}: every column as in a new lake", f"{kinds[0]}\n{kinds[1]}")


def both_layouts(stand):
    """A lake that is asked for in the other layout gets files of their own beside the old ones; every one of them stays true."""
    stand.generate("pjm.da_hrl_lmps", "layouts/raw", "--nodes", "300", "--from", "2024-03-01", "--days", "4")
    days = sorted((stand.root / "layouts/raw").iterdir())
    lake = stand.root / "layouts/lake"
    for inputs, options in ((days[:2], ()), (days[2:3], ("--layout", "hive")), (days, ()), (days, ("--layout", "hive"))):
        ran = update(stand, lake, inputs, "-q", *options)
        why = str(ran) if ran.code else verified(stand, lake)
        stand.check(not why, f"both layouts, {len(inputs)} days {' '.join(options)}: verified", why)


def small_budget(stand):
    stand.generate("pjm.da_hrl_lmps", "small/raw", "--nodes", "6435", "--from", "2024-01-01", "--days", "12")
    stand.generate("pjm.da_hrl_lmps", "small/more", "--nodes", "6435", "--from", "2024-01-05", "--days", "1", "--seed", "3", "--shuffle")
    days = sorted((stand.root / "small/raw").iterdir())
    extra = next((stand.root / "small/more").iterdir())
    extra.write_text(extra.read_text().replace("True,1", "True,2"))
    lake, want = stand.root / "small/lake", stand.root / "small/want"
    update(stand, want, [*days, extra], "-q")
    for step in (days[:3] + days[5:], days[3:5], [extra]):
        ran = stand.convert(*step, "-o", lake, "-m", "64M", "-j", "2")
        stand.check(ran.code == 0 and (ran.peak_mb <= 64 or stand.sanitized), f"64 MB: {ran.peak_mb:.1f} MiB resident at most", ran.last_lines())
    stand.verify(lake, "64 MB")
    same_lake(stand, lake, want, "64 MB")
    # every row group decoded: another codec
    ran = stand.convert(extra, days[0], "-o", lake, "-m", "64M", "-j", "2", "--compression", "lz4")
    stand.check(ran.code == 0, "64 MB: known files stay known under another codec", ran.last_lines())


def main():
    stand = Stand("updates")
    xfs_image.own_mounts()  # before there are threads
    if not duckdb:
        print("DuckDB is not installed: rows are compared as busbar shows them")
    for number in range(ROUNDS):
        random_round(stand, number)
    for part in (groups_kept, late_rows, shared_blocks, years, rebuild, changed, damage, styles, both_layouts, small_budget, kills):
        part(stand)
        if not stand.n_failed:
            for name in ("groups", "late", "shared", "years", "rebuild", "changed", "damage", "styles", "layouts", "small", "kills"):
                stand.remove(stand.root / name)
    stand.end()


main()
