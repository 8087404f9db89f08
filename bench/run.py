"""make bench: busbar against the tools that people would pick instead, on generated files, in one run.

    python bench/run.py --busbar BINARY [--limits BINARY] [--only NAME,...] [--no-peers] [--render]

Environment: BENCH_MB size of each input as plain text (600), BENCH_ROWS most rows of one input (5000000; the smaller of both
counts), BENCH_DIR where inputs and outputs lie (a tmpfs when there is one), BENCH_RUNS runs per tool behind the warm-up (5).

Every tool makes one sorted Parquet file (busbar: one per table) of the unified schema, one row per key, zstd, with as many
threads as the machine has processors and 256 MB where it can be told so. Runs of the tools are interleaved, so that a busy
minute hits all of them. A peer's first run is a warm-up; if it takes longer than 12 s, or ten minutes of the whole are over, it
is the figure as well, because a quarter of an hour shall do for all of it. Peak memory is
what the kernel says of the process (VmHWM). Results: bench/results/DATE.json, and the table in docs/performance.md.
"""
import argparse
import collections
import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SLOW_S = 12
HURRY_AFTER_S = 600
LIMIT = "256M"
MEBI = 1 << 20

# name: report, peers' name of it, what a row takes as plain text, rows of a day, more options, what it is
Input = collections.namedtuple("Input", "report peer row_nbytes day_rows options title")
INPUTS = {
    "pjm": Input("pjm.da_hrl_lmps", "pjm", 121.5, 288_000, "--nodes 12000 --files-per all", "PJM day-ahead, flat, one file"),
    "pjm-zip": Input("pjm.da_hrl_lmps", "pjm", 121.5, 288_000, "--nodes 12000 -z", "PJM day-ahead, a zip per day"),
    "pjm-shuffled": Input("pjm.da_hrl_lmps", None, 121.5, 288_000, "--nodes 12000 --files-per all --shuffle", "PJM day-ahead, one file, rows in random order"),
    "caiso": Input("caiso.prc_lmp", "caiso", 704, 397_848, "", "CAISO day-ahead, one component per line"),
    "caiso-groups": Input("caiso.dam_lmp_grp", "caiso", 704, 397_848, "-z", "CAISO day-ahead, group zips, a member per component"),
    "miso": Input("miso.da_expost_lmp", "miso", 17.7, 62_688, "", "MISO day-ahead ex-post, 24 hours side by side"),
    "nyiso": Input("nyiso.realtime_gen", "nyiso", 61, 216_000, "", "NYISO five-minute, local time"),
    "ercot": Input("ercot.NP6-905", "ercot", 39.7, 109_000, "-z --zip-of-zips --files-per month", "ERCOT 15-minute, zips of zips"),
    "isone": Input("isone.WW_DALMP_ISO", None, 100, 29_000, "", "ISO-NE day-ahead"),
    "spp": Input("spp.DA-LMP-SL", None, 87, 37_920, "", "SPP day-ahead by settlement location; the header changes from time to time"),
}
PEERS = ["duckdb", "duckdb-sorted", "polars", "pyarrow", "pandas"]
NO_PIVOT = {"caiso", "miso"}  # pyarrow has none
TITLES = {"duckdb": "DuckDB", "duckdb-sorted": "DuckDB, sorted only", "polars": "Polars, streaming", "pyarrow": "pyarrow", "pandas": "pandas, batches of 50 files"}

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


def run(command, env=None, quiet=True):
    """Wall, processor seconds, peak KiB, exit status, the end of what it said. The kernel counts this process's own memory
    into the child's peak until the child has begun, so nothing large may be imported here."""
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        child = subprocess.Popen(command, stdout=said, stderr=said, env={**os.environ, **(env or {})})
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - began
        said.seek(0)
        text = said.read().decode(errors="replace")
    return {"wall_s": round(wall, 4), "cpu_s": round(usage.ru_utime + usage.ru_stime, 4), "peak_kib": usage.ru_maxrss, "status": child.returncode, "text": text[-2000:]}


def median(runs, key="wall_s"):
    return statistics.median(r[key] for r in runs)


class Bench:
    def __init__(self, args):
        self.args = args
        self.busbar = str(pathlib.Path(args.busbar).resolve())
        self.mb = float(os.environ.get("BENCH_MB", 600))
        self.rows = int(os.environ.get("BENCH_ROWS", 5_000_000))
        self.n_runs = int(os.environ.get("BENCH_RUNS", 5))
        base = os.environ.get("BENCH_DIR") or ("/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="busbar-bench-", dir=base))
        self.began = time.monotonic()
        self.threads = len(os.sched_getaffinity(0))
        self.offered = subprocess.run([self.busbar, "generate", "--list"], capture_output=True, text=True).stdout

    def report_id(self, want):
        names = [line.split()[0] for line in self.offered.splitlines()[1:] if line.split()]
        return want if want in names else next((n for n in names if n.startswith(want)), None)

    def make(self, name, factor=1.0):
        """The input's folder, what it holds as plain text in bytes, or None when the report cannot be generated."""
        spec = INPUTS[name]
        report = self.report_id(spec.report)
        if not report:
            return None
        rows = min(self.mb * 1e6 * factor / spec.row_nbytes, self.rows * factor)
        days = max(1, round(rows / spec.day_rows))
        folder = self.dir / f"in-{name}-{factor:g}"
        if not folder.exists():
            done = run([self.busbar, "generate", report, "-o", str(folder), "--days", str(days), "-q", *spec.options.split()])
            if done["status"] != 0:
                print(f"  cannot generate {report}: {done['text'].strip()}", file=sys.stderr)
                return None
        return folder

    def convert(self, folder, threads, more=(), out="lake"):
        out = self.dir / out
        shutil.rmtree(out, ignore_errors=True)
        done = run([self.busbar, "convert", str(folder), "-o", str(out), "-m", LIMIT, "-j", str(threads), "--progress", "never", *more])
        m = re.search(r"^rows\s+([\d,]+)", done["text"], re.M)
        done["rows"] = int(m.group(1).replace(",", "")) if m else 0
        m = re.search(r"for ([\d.]+) (k|M|G)?B", done["text"])
        done["plain_nbytes"] = float(m.group(1)) * {"k": 1e3, "M": 1e6, "G": 1e9, None: 1}[m.group(2)] if m else 0
        m = re.search(r"([\d.]+ [kMG]?B) went through temporary files", done["text"])
        done["spilled"] = m.group(1) if m else None
        done["out_nbytes"] = sum(p.stat().st_size for p in out.rglob("*.parquet")) if out.exists() else 0
        return done

    def peer(self, tool, name, folder, memory="256MB"):
        out = self.dir / f"peer-{tool}.parquet"
        done = run([sys.executable, str(HERE / "peers.py"), tool, INPUTS[name].peer, str(folder), str(out), "--threads", str(self.threads), "--memory", memory],
                   {"POLARS_MAX_THREADS": str(self.threads), "OMP_NUM_THREADS": str(self.threads), "ARROW_NUM_THREADS": str(self.threads)})
        done["memory_limit"] = memory if tool.startswith("duckdb") else None
        done["out_nbytes"] = 0
        done["rows"] = 0
        if done["status"] == 0:
            done["out_nbytes"] = out.stat().st_size
            count = "import sys, pyarrow.parquet as pq; print(pq.read_metadata(sys.argv[1]).num_rows)"
            done["rows"] = int(subprocess.run([sys.executable, "-c", count, str(out)], capture_output=True, text=True).stdout or 0)
        out.unlink(missing_ok=True)
        return done

    def compare(self, name):
        spec = INPUTS[name]
        folder = self.make(name)
        if not folder:
            print(f"{name}: cannot be generated, left out")
            return None
        one, all_threads = "busbar, 1 thread", f"busbar, {self.threads} threads"
        runs = {one: [], all_threads: []}
        self.convert(folder, self.threads)  # warm-up
        tools = [] if self.args.no_peers or not spec.peer else [t for t in PEERS if not (t == "pyarrow" and spec.peer in NO_PIVOT) and not (t == "duckdb-sorted" and spec.peer in NO_PIVOT)]
        if name in ("pjm-zip", "caiso-groups"):
            tools = [t for t in tools if t == "duckdb"]
        memory = {t: "256MB" for t in tools}
        failed = {}
        for tool in tools:
            while True:
                first = self.peer(tool, name, folder, memory[tool])
                if first["status"] == 0 or not tool.startswith("duckdb") or memory[tool] == "4096MB":
                    break
                failed.setdefault(tool, []).append(memory[tool])
                memory[tool] = f"{int(memory[tool][:-2]) * 2}MB"
            if first["status"] != 0:
                failed[tool] = [first["text"].strip().splitlines()[-1] if first["text"].strip() else "failed"]
                continue
            first["warm_up"] = first["wall_s"] > SLOW_S or time.monotonic() - self.began > HURRY_AFTER_S
            runs[tool] = [first] if first["warm_up"] else []
        for _ in range(self.n_runs):
            runs[all_threads].append(self.convert(folder, self.threads))
            runs[one].append(self.convert(folder, 1))
            for tool in tools:
                if tool in runs and (not runs[tool] or not runs[tool][0].get("warm_up")) and len(runs[tool]) < 3:
                    runs[tool].append(self.peer(tool, name, folder, memory[tool]))
        ours = runs[all_threads][0]
        result = {"title": spec.title, "rows": ours["rows"], "plain_nbytes": ours["plain_nbytes"],
                  "stored_nbytes": sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()), "tools": {}, "failed": failed}
        for tool, each in runs.items():
            bad = [r for r in each if r["status"] != 0]
            if bad or not each:
                result["failed"].setdefault(tool, [bad[0]["text"].strip()[-300:] if bad else "no run"])
                continue
            result["tools"][tool] = {"wall_s": median(each), "cpu_s": median(each, "cpu_s"), "peak_mib": round(max(r["peak_kib"] for r in each) / 1024, 1),
                                     "runs": len(each), "all_wall_s": [r["wall_s"] for r in each], "out_nbytes": each[0]["out_nbytes"], "rows": each[0]["rows"],
                                     "memory_limit": each[0].get("memory_limit", LIMIT), "spilled": each[0].get("spilled")}
            if each[0]["rows"] != ours["rows"] and tool != "duckdb-sorted":
                result["failed"][tool] = [f"{each[0]['rows']} rows, busbar has {ours['rows']}"]
        line = ", ".join(f"{t} {v['wall_s']:.2f} s" for t, v in result["tools"].items())
        print(f"{name}: {result['rows']:,} rows, {result['plain_nbytes'] / 1e6:.0f} MB; {line}" + (f"; failed {failed}" if failed else ""), flush=True)
        if not name.startswith("pjm"):
            shutil.rmtree(folder)
        return result

    def growth(self):
        """Peak memory and rate at 1, 4 and 16 times the input."""
        rows = []
        for factor in (0.25, 1.0, 4.0):
            folder = self.make("pjm", factor)
            done = self.convert(folder, self.threads)
            rows.append({"plain_nbytes": done["plain_nbytes"], "rows": done["rows"], "peak_mib": round(done["peak_kib"] / 1024, 1), "wall_s": done["wall_s"]})
            if factor != 1.0:
                shutil.rmtree(folder)
        shutil.rmtree(self.dir / "lake", ignore_errors=True)
        print("growth: " + ", ".join(f"{r['plain_nbytes'] / 1e6:.0f} MB: {r['peak_mib']} MiB, {r['wall_s']:.2f} s" for r in rows), flush=True)
        return rows

    def limits(self):
        folder = self.make("pjm")
        self.convert(folder, self.threads, ("--compression", "none"), "plain-lake")
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


def table(results):
    out = []
    machine = results["machine"]
    out += [f"Measured {results['date']} with busbar {results['version']} on {machine['processors']} processors of {machine['processor']}, {machine['memory']} of memory, "
            f"{machine['system']}{', a virtual machine' if machine['virtual'] else ''}; inputs and outputs on tmpfs; load of the machine before the run {results['load'][0]:.1f}, after it {results['load'][1]:.1f}.",
            "Peers: " + ", ".join(f"{k} {v}" for k, v in results["peers"].items()) + ".", "",
            "| input | tool | time, s | M rows/s | busbar is faster by | processor time, s | peak memory, MiB | file, MB | runs |", "|---|---|---:|---:|---:|---:|---:|---:|---:|"]
    for name, r in results["inputs"].items():
        ours = next((v for k, v in r["tools"].items() if k.startswith("busbar") and not k.startswith("busbar, 1 ")), None) or next(iter(r["tools"].values()))
        first = f"**{r['title']}**, {r['rows'] / 1e6:.2f} M rows, {r['plain_nbytes'] / 1e6:.0f} MB plain"
        if r["stored_nbytes"] < r["plain_nbytes"] * 0.8:
            first += f", {r['stored_nbytes'] / 1e6:.0f} MB packed"
        for tool, v in r["tools"].items():
            ratio = "" if tool.startswith("busbar") else f"{v['wall_s'] / ours['wall_s']:.1f} ×"
            label = TITLES.get(tool, tool)
            if tool.startswith("duckdb") and v["memory_limit"] != "256MB":
                label += f", limit {v['memory_limit']}: it fails with less"
            if v.get("spilled"):
                label += f", {v['spilled']} through temporary files"
            out.append(f"| {first} | {label} | {v['wall_s']:.2f} | {r['rows'] / v['wall_s'] / 1e6:.2f} | {ratio} | {v['cpu_s']:.2f} | {v['peak_mib']:.0f} | {v['out_nbytes'] / 1e6:.1f} | {v['runs']} |")
            first = ""
        for tool, why in r["failed"].items():
            if tool not in r["tools"]:
                out.append(f"| | {TITLES.get(tool, tool)} | failed: {'; '.join(why)[:120]} | | | | | | |")
    if results.get("growth"):
        out += ["", "Peak memory as the input grows (PJM, limit 256 MB = 256 MiB):", "", "| input, MB | rows, M | peak, MiB | M rows/s |", "|---:|---:|---:|---:|"]
        out += [f"| {g['plain_nbytes'] / 1e6:.0f} | {g['rows'] / 1e6:.2f} | {g['peak_mib']:.0f} | {g['rows'] / g['wall_s'] / 1e6:.2f} |" for g in results["growth"]]
    if results.get("stages"):
        names = [n for n, s in results["stages"].items() if s]
        stages = []
        for n in names:
            stages += [s for s in results["stages"][n]["shares"] if s not in stages]
        out += ["", "Where the time goes, nanoseconds of processor time per row on one thread (share):", "", "| stage | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
        for s in stages:
            cells = []
            for n in names:
                r = results["stages"][n]
                share = r["shares"].get(s, 0)
                cells.append(f"{r['cpu_s'] * 1e9 / r['rows'] * share / 100:.1f} ({share:.1f} %)")
            out.append(f"| {s} | " + " | ".join(cells) + " |")
        out.append("| all | " + " | ".join(f"{results['stages'][n]['cpu_s'] * 1e9 / results['stages'][n]['rows']:.0f}" for n in names) + " |")
    if results.get("limits"):
        names = {"memcpy": "memcpy of the text", "read": "read() of the text from the page cache, 1 MiB at a time", "inflate": "ISA-L inflating the text (MB/s of text)",
                 "zstd_1": "zstd level 1 on the file's own pages (MB/s of pages)"}
        out += ["", "What the machine does at best with the same bytes, in the same run:", "", "| | one thread, MB/s | all threads, MB/s |", "|---|---:|---:|"]
        out += [f"| {names[k]} | {v['one']:.0f} | {v['all']:.0f} |" for k, v in results["limits"].items()]
    return "\n".join(out) + "\n"


def render(results):
    page = HERE.parent / "docs" / "performance.md"
    text = page.read_text()
    begin, end = "<!-- bench:begin -->\n", "<!-- bench:end -->\n"
    page.write_text(text[:text.index(begin) + len(begin)] + table(results) + text[text.index(end):])


def main():
    p = argparse.ArgumentParser(description="see the head of this file")
    p.add_argument("--busbar", default="build/busbar")
    p.add_argument("--limits")
    p.add_argument("--only", default="")
    p.add_argument("--no-peers", action="store_true")
    p.add_argument("--keep-docs", action="store_true", help="write the results, leave docs/performance.md alone")
    p.add_argument("--render", action="store_true", help="make the table again from the newest results")
    args = p.parse_args()
    folder = HERE / "results"
    if args.render:
        render(json.loads(max(folder.glob("*.json")).read_text()))
        return
    bench = Bench(args)
    try:
        peers = {}
        for module in ("duckdb", "polars", "pyarrow", "pandas"):
            try:
                peers[module] = importlib.metadata.version(module)
            except importlib.metadata.PackageNotFoundError:
                args.no_peers = True
                print(f"the peers are left out: {module} is not there; run 'make deps' with network to PyPI")
                break
        only = [n for n in args.only.split(",") if n] or list(INPUTS)
        version = subprocess.run([bench.busbar, "--version"], capture_output=True, text=True).stdout.split()
        results = {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"), "version": version[1] if len(version) > 1 else "?",
                   "machine": describe_machine(), "peers": peers, "bench_mb": bench.mb, "load": [os.getloadavg()[0]], "inputs": {}}
        for name in only:
            found = bench.compare(name)
            if found:
                results["inputs"][name] = found
        if not args.only:
            results["growth"] = bench.growth()
            if args.limits:
                results["limits"] = bench.limits()
            results["stages"] = {n: bench.stages(n) for n in ("pjm", "pjm-zip", "caiso", "miso")}
        results["load"].append(os.getloadavg()[0])
        if not args.only:
            folder.mkdir(exist_ok=True)
            (folder / f"{results['date']}.json").write_text(json.dumps(results, indent=1) + "\n")
            if not args.keep_docs:
                render(results)
            print(f"results: bench/results/{results['date']}.json, docs/performance.md")
    finally:
        shutil.rmtree(bench.dir, ignore_errors=True)


if __name__ == "__main__":
    main()
