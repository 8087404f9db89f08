"""make bench: busbar against the tools that people would pick instead, on generated files, in one run.

    python bench/run.py --busbar BINARY [--limits BINARY] [--only NAME,...] [--no-peers] [--keep-docs] [--render]

Environment: BENCH_MB size of each input as plain text (600), BENCH_ROWS most rows of one input (4630000, a month of PJM; the
smaller of both counts), BENCH_DIR where inputs and outputs lie (a tmpfs when there is one), BENCH_RUNS runs of busbar per figure (5),
BENCH_UPDATE_DAYS days of the year that is updated (365; 0 leaves that out).

Every tool makes one sorted Parquet file (busbar: one per table) of the unified schema, one row per key, zstd, with as many
threads as the machine has processors and 256 MB where it can be told so. Runs of the tools are interleaved, so that a busy
minute hits all of them; figures are medians. What the machine gives to all processors at best is measured beside it: as many separate runs of
one thread at the same time, each pinned to its own processor, share only memory and third-level cache ("together"). What a peer wrote is compared with busbar's lake: rows, instants and the sums
of the prices per location have to be the same, or the peer has failed.

Runs: busbar has a warm-up and BENCH_RUNS runs (three with one thread, together or with the small limit, but for PJM's plain file). A peer has a
warm-up and three runs; where the warm-up takes longer than SLOW_S, or the whole has taken HURRY_AFTER_S, it is the figure itself, but for
PJM's plain file, where it is the first of three runs (of two, if those two take longer than PATIENCE_S). "Sorted only" has one run. A
quarter of an hour has to do for all of it; the runs column says how many there were.

Quiet or not: before each input the benchmark does nothing for a second and asks the kernel how many processors are busy all the
same; while the input is measured, processor time that is not of its own processes is counted. Both are in the results, and the
tables warn where more than half a processor was busy. Peak memory is what the kernel says of the process (VmHWM).
Results: bench/results/DATE.json, and the tables in docs/performance.md (bench/tables.py).
"""
import argparse
import collections
import concurrent.futures
import contextlib
import datetime
import functools
import importlib.metadata
import json
import os
import pathlib
import platform
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import tables

HERE = pathlib.Path(__file__).resolve().parent
SLOW_S = 2
PATIENCE_S = 45
HURRY_AFTER_S = 420
LIMIT, SMALL_LIMIT = "256M", "64M"
FEWER_RUNS = PEER_RUNS = 3

# report, what a row takes as plain text, rows of a day, more options, name for peers.py, tools, what it is
Input = collections.namedtuple("Input", "report row_nbytes day_rows options peer tools title")
EVERY = ["duckdb", "polars", "pyarrow", "pandas"]
NO_PYARROW = ["duckdb", "polars", "pandas"]  # it has no pivot
PJM, CAISO, MISO, NYISO, ERCOT, ISONE, SPP = (121.5, 288_000), (704, 397_848), (17.7, 62_688), (61, 216_000), (39.7, 109_000), (100, 29_000), (87, 37_920)
INPUTS = {
    "pjm": Input("pjm.da_hrl_lmps", *PJM, "--nodes 12000 --files-per all", "pjm", ["duckdb", "duckdb-sorted", "polars", "pyarrow", "pandas"], "PJM day-ahead, flat, one file"),
    "pjm-zip": Input("pjm.da_hrl_lmps", *PJM, "--nodes 12000 -z", "pjm", ["duckdb"], "PJM day-ahead, zipped"),
    "pjm-shuffled": Input("pjm.da_hrl_lmps", *PJM, "--nodes 12000 --files-per all --shuffle", "pjm", [], "PJM day-ahead, one file, rows in random order"),
    "caiso": Input("caiso.prc_lmp", *CAISO, "", "caiso", NO_PYARROW, "CAISO day-ahead, one component per line"),
    "caiso-zip": Input("caiso.dam_lmp_grp", *CAISO, "-z", "caiso", [], "CAISO day-ahead, group zips, a member per component"),
    "miso": Input("miso.da_expost_lmp", *MISO, "", "miso", NO_PYARROW, "MISO day-ahead ex-post, 24 hours side by side"),
    "miso-zip": Input("miso.da_expost_lmp", *MISO, "-z", "miso", [], "MISO day-ahead ex-post, zipped"),
    "nyiso": Input("nyiso.realtime_gen", *NYISO, "", "nyiso", EVERY, "NYISO five-minute, local time"),
    "nyiso-zip": Input("nyiso.realtime_gen", *NYISO, "-z", "nyiso", [], "NYISO five-minute, zipped"),
    "ercot": Input("ercot.NP6-905", *ERCOT, "", "ercot", [], "ERCOT 15-minute, a small file each"),
    "ercot-zip": Input("ercot.NP6-905", *ERCOT, "-z --zip-of-zips --files-per month", "ercot", EVERY, "ERCOT 15-minute, zips of zips"),
    "isone": Input("isone.WW_DALMP_ISO", *ISONE, "", "isone", EVERY, "ISO-NE day-ahead"),
    "isone-zip": Input("isone.WW_DALMP_ISO", *ISONE, "-z", "isone", [], "ISO-NE day-ahead, zipped"),
    "spp": Input("spp.DA-LMP-SL", *SPP, "", "spp", EVERY, "SPP day-ahead by settlement location; the header changes from time to time"),
    "spp-zip": Input("spp.DA-LMP-SL", *SPP, "-z", "spp", [], "SPP day-ahead by settlement location, zipped"),
}
STAGED = ("pjm", "pjm-zip", "caiso", "miso")

# Stage of a function, first match; what the kernel does in read() and write() shows in its copy functions.
STAGES = [
    ("read", r"copy_to_iter|copy_page_to_iter|filemap|shmem_file_read|shmem_get_folio|folio_mark|rep_movs"),
    ("write", r"copy_from_iter|fault_in|shmem_write|generic_perform_write|shmem_.*"),
    ("memory pages", r"clear_page|clear_huge|page_fault|handle_mm|.*lru.*|.*folio.*|.*_page.*|zap_|unmap|error_entry|sync_regs|irqentry"),
    ("hash of the input", r"bb_hasher_update|XXH|bb_hash64"),
    ("inflate", r"isal|inflate|decode_huffman|crc32_gzip|bb_inflate|loop_block|libisal|libz\b"),
    ("split and scan", r".*_scan$|bb_csv|bb_feed_next|count_lines"),
    ("parse", r"bb_map_|bb_decimal|bb_pass|bb_place_cache|bb_reader_block|memcmp|bb_stamp|bb_time|bb_record|bb_zone|parse_|bb_integer"),
    ("rows", r"bb_router_send|bb_row_store|append|finer_grid|half_of|bb_sort_add"),
    ("texts beside the rows", r"bb_metadata|bb_buf_|bb_json|quoted|write_category|.*printf|IO_|strtod|.*strtod|mpn_|padn|itoa|strchrnul|strlen|msort|by_|bb_places_intern|bb_str_cmp"),
    ("sort", r"bb_slots|bb_instants|bb_resolve|best_of|order_task|bb_row_walk|group_window|scatter|bb_merge|bb_run_|qsort|survey|bb_drain"),
    ("encode", r"bb_pq_|put_places|put_numbers|put_segment|column_task|index_values|bounds_of|put_row_runs|bb_year_file|note_origins|pack|measure|list_instants|bb_quality|bb_provenance|bb_places_get|.*quality.*"),
    ("compress", r"ZSTD|HUF_|FSE_|libzstd"),
    ("copies", r"memmove|memcpy|memset"),
]


def describe_machine():
    def first(path, key):
        try:
            for line in open(path):
                if line.startswith(key):
                    return line.split(":", 1)[1].strip()
        except OSError:
            pass
        return "unknown"

    return {"processor": first("/proc/cpuinfo", "model name"), "processors": len(os.sched_getaffinity(0)), "memory": first("/proc/meminfo", "MemTotal"),
            "system": platform.platform(), "virtual": "hypervisor" in first("/proc/cpuinfo", "flags")}


def run(command, env=None):
    """Wall, processor seconds, peak KiB, exit status, the end of what it said. The kernel counts this process's own memory
    into the child's peak until the child has begun, so nothing large may be imported here."""
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        return ended(subprocess.Popen(command, stdout=said, stderr=said, env={**os.environ, **(env or {})}), said, began)


def run_together(commands):
    """The same of commands that run at the same time, each on a processor of its own; the last one's wall is that of all."""
    with contextlib.ExitStack() as files:
        began, started = time.perf_counter(), []
        for command, processor in zip(commands, sorted(os.sched_getaffinity(0))):
            said = files.enter_context(tempfile.TemporaryFile())
            pin = functools.partial(os.sched_setaffinity, 0, [processor])
            started.append((subprocess.Popen(command, stdout=said, stderr=said, preexec_fn=pin), said))
        return [ended(child, said, began) for child, said in started]


def ended(child, said, began):
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began
    said.seek(0)
    text = said.read().decode(errors="replace")
    return {"wall_s": round(wall, 4), "cpu_s": round(usage.ru_utime + usage.ru_stime, 4), "peak_kib": usage.ru_maxrss, "status": child.returncode, "text": text[-2000:]}


class Watch:
    """How busy other work keeps the machine: processors, on average since the start."""

    def __init__(self):
        self.began, self.busy, self.stolen, self.own = time.monotonic(), *self.kernel(), self.used()

    @staticmethod
    def kernel():
        try:
            user, nice, system, _, _, irq, softirq, steal = map(int, open("/proc/stat").readline().split()[1:9])
        except (OSError, ValueError):
            return 0.0, 0.0
        tick = os.sysconf("SC_CLK_TCK")
        return (user + nice + system + irq + softirq) / tick, steal / tick

    @staticmethod
    def used():
        both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(u.ru_utime + u.ru_stime for u in both)

    def since(self):
        took = time.monotonic() - self.began
        busy, stolen = self.kernel()
        return {"others": round(max(0.0, busy - self.busy - (self.used() - self.own)) / took, 3), "stolen": round((stolen - self.stolen) / took, 3)}


def idle_second():
    watch = Watch()
    time.sleep(1)
    return watch.since()


def median(runs, key="wall_s"):
    return statistics.median(r[key] for r in runs)


class Bench:
    def __init__(self, args, peers):
        self.args = args
        self.busbar = str(pathlib.Path(args.busbar).resolve())
        self.mb = float(os.environ.get("BENCH_MB", 600))
        self.rows = int(os.environ.get("BENCH_ROWS", 4_630_000))
        self.n_runs = int(os.environ.get("BENCH_RUNS", 5))
        self.update_days = int(os.environ.get("BENCH_UPDATE_DAYS", 365))
        self.peers = peers
        base = os.environ.get("BENCH_DIR") or ("/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="busbar-bench-", dir=base))
        self.began = time.monotonic()
        self.threads = len(os.sched_getaffinity(0))

    def make(self, name, factor=1.0):
        """The input's folder, or None when it cannot be generated."""
        spec = INPUTS[name]
        rows = min(self.mb * 1e6 * factor / spec.row_nbytes, self.rows * factor)
        days = max(1, round(rows / spec.day_rows))
        folder = self.dir / f"in-{name}-{factor:g}"
        if not folder.exists():
            done = subprocess.run([self.busbar, "generate", spec.report, "-o", str(folder), "--days", str(days), "-q", *spec.options.split()], capture_output=True, text=True)
            if done.returncode != 0:
                print(f"  cannot generate {spec.report}: {done.stderr.strip()}", file=sys.stderr)
                return None
        return folder

    def make_zips(self, names):
        """Deflating takes the generator most of its time: all archives at once, before anything is measured."""
        with concurrent.futures.ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(self.make, [n for n in names if n.endswith("-zip")]))

    def convert_command(self, folder, out, threads, limit=LIMIT, more=()):
        shutil.rmtree(out, ignore_errors=True)
        return [self.busbar, "convert", str(folder), "-o", str(out), "-m", limit, "-j", str(threads), "--progress", "json", *more]

    def convert(self, folder, threads, limit=LIMIT, more=(), out="lake"):
        out = self.dir / out
        done = run(self.convert_command(folder, out, threads, limit, more))
        last = done["text"].strip().splitlines()[-1:] or ["{}"]
        said = json.loads(last[0]) if done["status"] == 0 and last[0].startswith("{") else {}
        done.update(rows=said.get("rows", 0), lines=said.get("records", 0), plain_nbytes=said.get("input_nbytes", 0), spilled_nbytes=said.get("spilled_nbytes", 0))
        done["out_nbytes"] = sum(p.stat().st_size for p in out.rglob("*.parquet")) if out.exists() else 0
        return done

    def convert_together(self, folder):
        """A run of one thread on each processor, all at the same time: the last one's figures."""
        outs = [self.dir / f"lake-together-{i}" for i in range(self.threads)]
        done = run_together([self.convert_command(folder, out, 1) for out in outs])
        last = next((d for d in done if d["status"] != 0), done[-1])
        last["wall_s"] = max(d["wall_s"] for d in done)
        last["out_nbytes"] = sum(p.stat().st_size for p in outs[0].rglob("*.parquet"))
        for out in outs:
            shutil.rmtree(out, ignore_errors=True)
        return last

    def peer(self, tool, name, folder, memory, check=False):
        out = self.dir / f"peer-{tool}.parquet"
        done = run([sys.executable, str(HERE / "peers.py"), tool, INPUTS[name].peer, str(folder), str(out), "--threads", str(self.threads), "--memory", memory],
                   {"POLARS_MAX_THREADS": str(self.threads), "OMP_NUM_THREADS": str(self.threads), "ARROW_NUM_THREADS": str(self.threads)})
        done["memory_limit"] = memory if tool.startswith("duckdb") else None
        if done["status"] == 0:
            done["out_nbytes"] = out.stat().st_size
            if check:
                said = subprocess.run([sys.executable, str(HERE / "peers.py"), "check", str(out), str(self.dir / "lake")], capture_output=True, text=True)
                if not re.fullmatch(r"\d+ rows\s*", said.stdout):
                    done.update(status=1, text=(said.stdout or said.stderr)[-500:])
        out.unlink(missing_ok=True)
        return done

    def first_of(self, tool, name, folder, failed):
        """A peer's first run, compared with busbar's lake; DuckDB gets twice the memory until it is enough."""
        memory = "256MB"
        while True:
            first = self.peer(tool, name, folder, memory, check=True)
            if first["status"] == 0:
                return first
            said = (first["text"].strip().splitlines() or ["failed"])[-1][:300]
            if not tool.startswith("duckdb") or "Out of Memory" not in first["text"] or memory == "4096MB":
                failed[tool] = said
                return None
            memory = f"{int(memory[:-2]) * 2}MB"

    def compare(self, name):
        spec = INPUTS[name]
        folder = self.make(name)
        if not folder:
            print(f"{name}: cannot be generated, left out")
            return None
        load, before, watch = os.getloadavg()[0], idle_second(), Watch()
        ours = {"all": [], "one": [], "together": [], "small": []}
        fewer = self.n_runs if name == "pjm" else min(self.n_runs, FEWER_RUNS)
        how = {"all": (lambda: self.convert(folder, self.threads), self.n_runs), "one": (lambda: self.convert(folder, 1), fewer),
               "together": (lambda: self.convert_together(folder), min(self.n_runs, FEWER_RUNS)),
               "small": (lambda: self.convert(folder, self.threads, SMALL_LIMIT), min(self.n_runs, FEWER_RUNS))}
        warm_up = self.convert(folder, self.threads)
        if warm_up["status"] != 0:
            raise SystemExit(f"{name}: busbar: exit {warm_up['status']}: {warm_up['text']}")
        failed, theirs, enough = {}, {}, {}
        for tool in spec.tools if self.peers else []:
            first = self.first_of(tool, name, folder, failed)
            if first:
                counts = tool == "duckdb-sorted" or first["wall_s"] > SLOW_S or time.monotonic() - self.began > HURRY_AFTER_S
                theirs[tool] = [first] if counts else []
                enough[tool] = 1 if tool == "duckdb-sorted" or (counts and name != "pjm") else PEER_RUNS
                enough[tool, "memory"] = first["memory_limit"] or "256MB"
        for n in range(max(self.n_runs, PEER_RUNS)):
            for kind, (convert, runs) in how.items():
                if n < runs:
                    ours[kind].append(convert())
            for tool, runs in theirs.items():
                if len(runs) < enough[tool] and (len(runs) < 2 or sum(r["wall_s"] for r in runs) < PATIENCE_S):
                    runs.append(self.peer(tool, name, folder, enough[tool, "memory"]))
        result = {"title": spec.title, "rows": warm_up["rows"], "lines": warm_up["lines"], "plain_nbytes": warm_up["plain_nbytes"],
                  "stored_nbytes": sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()), "load": round(load, 2), "before": before, "busbar": {}, "tools": {},
                  "failed": failed}
        for where, each in ((result["busbar"], ours), (result["tools"], theirs)):
            for tool, runs in each.items():
                bad = next((r for r in runs if r["status"] != 0), None)
                if bad:
                    failed[tool] = f"exit {bad['status']}: {bad['text'].strip()[-300:]}"
                    continue
                where[tool] = {"wall_s": round(median(runs), 4), "cpu_s": round(median(runs, "cpu_s"), 4), "peak_mib": round(max(r["peak_kib"] for r in runs) / 1024, 1),
                               "all_wall_s": [r["wall_s"] for r in runs], "out_nbytes": runs[0]["out_nbytes"]}
                for more in ("memory_limit", "spilled_nbytes"):
                    if runs[0].get(more):
                        where[tool][more] = max(r[more] for r in runs)
        if name.endswith("-zip") and self.args.limits:
            done = run([self.args.limits, "inflate", str(folder), str(self.threads)])
            result["inflate"] = json.loads(done["text"]) if done["status"] == 0 else None
        result["during"] = watch.since()
        line = ", ".join(f"{t} {v['wall_s']:.2f} s" for t, v in (result["busbar"] | result["tools"]).items())
        inflate = f"; inflating alone {result['inflate']['all_s']:.3f} s" if result.get("inflate") else ""
        print(f"[{time.monotonic() - self.began:4.0f} s] {name}: {result['rows']:,} rows, {result['plain_nbytes'] / 1e6:.0f} MB; {line}{inflate}; "
              f"other work: {before['others']:.2f} processors before, {result['during']['others']:.2f} meanwhile" + (f"; failed {failed}" if failed else ""), flush=True)
        return result

    def done_with(self, name):
        shutil.rmtree(self.dir / f"in-{name}-1", ignore_errors=True)

    def growth(self):
        """Peak memory and rate at 1, 4 and 16 times the input."""
        rows = []
        for factor in (0.25, 1.0, 4.0):
            folder = self.make("pjm", factor)
            runs = [self.convert(folder, self.threads) for _ in range(min(self.n_runs, 3))]
            rows.append({"times": round(factor * 4), "plain_nbytes": runs[0]["plain_nbytes"], "rows": runs[0]["rows"], "peak_mib": round(max(r["peak_kib"] for r in runs) / 1024, 1),
                         "wall_s": round(median(runs), 4)})
            shutil.rmtree(folder)
        shutil.rmtree(self.dir / "lake", ignore_errors=True)
        print("growth: " + ", ".join(f"{r['plain_nbytes'] / 1e6:.0f} MB: {r['peak_mib']} MiB, {r['wall_s']:.2f} s" for r in rows), flush=True)
        return rows

    def limits(self):
        folder = self.make("pjm")
        self.convert(folder, self.threads, LIMIT, ("--compression", "none"), "plain-lake")
        lake = max((self.dir / "plain-lake").rglob("*.parquet"), key=lambda p: p.stat().st_size)
        text = next(p for p in sorted(folder.iterdir()) if p.is_file())
        done = run([self.args.limits, str(text), str(lake), str(self.threads)])
        shutil.rmtree(self.dir / "plain-lake", ignore_errors=True)
        if done["status"] != 0:
            print(f"limits: {done['text']}")
            return None
        found = json.loads(done["text"])
        print(f"limits: {found}", flush=True)
        return found

    def script(self, name, *arguments):
        """A script of this folder that writes --json: what it wrote, or None."""
        out = self.dir / f"{name}.json"
        done = subprocess.run([sys.executable, str(HERE / name), self.busbar, "--json", str(out), "--dir", str(self.dir), *arguments], capture_output=True, text=True)
        print(f"{name}:\n" + "\n".join("    " + line for line in (done.stdout + done.stderr).strip().splitlines()), flush=True)
        return json.loads(out.read_text()) if out.exists() else None

    def stages(self, name):
        """Shares of the processor's time by stage, from perf's samples of one thread's run."""
        if not shutil.which("perf"):
            print("stages: perf is not installed, left out")
            return None
        folder = self.make(name)
        if not folder:
            return None
        data, lake = self.dir / "perf.data", self.dir / "lake"
        shutil.rmtree(lake, ignore_errors=True)
        done = run(["perf", "record", "-q", "-F", "2999", "-o", str(data), self.busbar, "convert", str(folder), "-o", str(lake), "-m", LIMIT, "-j", "1", "-q"])
        said = subprocess.run(["perf", "report", "-i", str(data), "--stdio", "--no-children", "-g", "none", "--sort", "dso,sym", "-t", "|"], capture_output=True, text=True).stdout
        data.unlink(missing_ok=True)
        shares = collections.Counter()
        for line in said.splitlines():
            parts = [p.strip() for p in line.split("|")]
            if len(parts) < 3 or not parts[0].endswith("%"):
                continue
            what = f"{parts[2].split('] ')[-1]}"
            what = re.sub(r"^_+", "", what)
            stage = next((s for s, pattern in STAGES if re.match(pattern, what) or re.match(pattern, parts[1].split(".so")[0])), "other")
            shares[stage] += float(parts[0][:-1])
            if os.environ.get("BENCH_OTHER") and stage == "other":
                print(f"    {parts[0]} {parts[1]} {what}")
        if not shares:
            print(f"stages: perf gave nothing ({done['text'].strip()[-200:]})")
            return None
        usual = self.convert(folder, 1)
        result = {"cpu_s": usual["cpu_s"], "rows": usual["rows"], "plain_nbytes": usual["plain_nbytes"], "shares": dict(shares.most_common())}
        print(f"stages {name}: " + ", ".join(f"{k} {v:.1f} %" for k, v in shares.most_common()), flush=True)
        return result


def main():
    p = argparse.ArgumentParser(description="see the head of this file")
    p.add_argument("--busbar", default="build/busbar")
    p.add_argument("--limits")
    p.add_argument("--only", default="", help="these inputs, and of the rest: growth, limits, sizes, update")
    p.add_argument("--no-peers", action="store_true")
    p.add_argument("--keep-docs", action="store_true", help="write the results, leave docs/performance.md alone")
    p.add_argument("--render", action="store_true", help="make the tables again from the newest results")
    p.add_argument("--output", type=pathlib.Path, help="where the results go instead of bench/results/DATE.json")
    args = p.parse_args()
    if args.render:
        tables.render(json.loads(max((HERE / "results").glob("*.json")).read_text()))
        return
    peers = {}
    for module in ("duckdb", "polars", "pyarrow", "pandas"):
        try:
            peers[module] = importlib.metadata.version(module)
        except importlib.metadata.PackageNotFoundError:
            print(f"the peers are left out: {module} is not there; run 'make deps' with network to PyPI")
            peers = {}
            break
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the folder is removed on the way out
    bench = Bench(args, bool(peers) and not args.no_peers)
    try:
        only = [n for n in args.only.split(",") if n]
        wanted = lambda part: not only or part in only
        version = subprocess.run([bench.busbar, "--version"], capture_output=True, text=True).stdout.split()
        commit = subprocess.run(["git", "-C", str(HERE), "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
        results = {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"), "version": version[1] if len(version) > 1 else "?", "commit": commit,
                   "machine": describe_machine(), "peers": peers, "bench_mb": bench.mb, "bench_rows": bench.rows, "limit": LIMIT, "small_limit": SMALL_LIMIT,
                   "load": [round(os.getloadavg()[0], 2)], "before": idle_second(), "inputs": {}, "stages": {}}
        names = [n for n in INPUTS if wanted(n)]
        bench.make_zips(names)
        for name in names:
            found = bench.compare(name)
            if found:
                results["inputs"][name] = found
            if found and name in STAGED:
                results["stages"][name] = bench.stages(name)
            bench.done_with(name)
        if args.limits and wanted("limits"):
            results["limits"] = bench.limits()
        if wanted("growth"):
            results["growth"] = bench.growth()
        bench.done_with("pjm")
        shutil.rmtree(bench.dir / "lake", ignore_errors=True)
        if peers and wanted("sizes"):
            results["sizes"] = bench.script("sizes.py")
        if bench.update_days and wanted("update"):
            results["update"] = bench.script("update.py", "--days", str(bench.update_days))
        results["seconds"] = round(time.monotonic() - bench.began)
        results["load"].append(round(os.getloadavg()[0], 2))
        if args.output or not only:
            where = args.output or HERE / "results" / f"{results['date']}.json"
            where.parent.mkdir(exist_ok=True)
            where.write_text(json.dumps(results, indent=1) + "\n")
            if not args.keep_docs and not args.output:
                tables.render(results)
            print(f"results: {where.name}" + ("" if args.keep_docs or args.output else " and docs/performance.md"))
        print("\n" + tables.targets(results))
    finally:
        shutil.rmtree(bench.dir, ignore_errors=True)


if __name__ == "__main__":
    main()
