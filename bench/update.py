#!/usr/bin/env python3
"""What an update costs: a PJM year of 55 million rows converted in one run, then a new day, a correction in summer, and nothing new.

usage: update.py BUSBAR [--nodes 6435] [--days 365] [--dir FOLDER] [--memory-limit 256M] [--threads N] [--json FILE]

The folder (a memory disk when it has room, else the system's temporary one) needs about 20 MB per day for 6,435 nodes; it is emptied afterwards.
Targets: the new day costs less than 2 % of the year, nothing new less than 0.2 s. Exit code 1 when one is missed.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time

MB = 1e6


def room_for(nbytes):
    for folder in ("/dev/shm", tempfile.gettempdir()):
        if os.path.isdir(folder) and shutil.disk_usage(folder).free > nbytes * 1.5:
            return folder
    sys.exit(f"no folder has {nbytes * 1.5 / 1e9:.0f} GB free; name one with --dir, or take fewer days")


def run(busbar, *arguments):
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([busbar, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, arguments))[:300]}: exit code {done.returncode}\n{done.stderr[-2000:]}")
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stderr


def main():
    p = argparse.ArgumentParser()
    p.add_argument("busbar")
    p.add_argument("--nodes", type=int, default=6435)
    p.add_argument("--days", type=int, default=365)
    p.add_argument("--dir")
    p.add_argument("--memory-limit", default="256M")
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    p.add_argument("--repeats", type=int, default=3)
    p.add_argument("--json")
    o = p.parse_args()
    busbar = os.path.abspath(o.busbar)
    base = o.dir or room_for(o.nodes * o.days * 24 * 145)
    root = pathlib.Path(tempfile.mkdtemp(prefix="busbar-update-", dir=base))
    try:
        measure(o, busbar, root)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def measure(o, busbar, root):
    first = datetime.date(2024, 1, 1)
    day = [first + datetime.timedelta(days=n) for n in range(o.days + 1)]
    generate = ["generate", "pjm.da_hrl_lmps", "--nodes", o.nodes, "--quiet"]
    run(busbar, *generate, "-o", root / "year", "--from", day[0], "--days", o.days)
    run(busbar, *generate, "-o", root / "new", "--from", day[-1], "--days", 1)
    run(busbar, *generate, "-o", root / "correction", "--from", day[o.days // 2], "--days", 1, "--seed", 99)
    means = ["-m", o.memory_limit, "-j", o.threads, "--progress", "json", "-o", root / "lake"]
    results = {}

    def convert(name, *inputs):
        seconds, cpu, err = run(busbar, "convert", *inputs, *means)
        said = [json.loads(line) for line in err.splitlines() if line.startswith('{"event":"summary"')][-1]
        results[name] = {"seconds": round(seconds, 3), "cpu_seconds": round(cpu, 3), "rows": said["rows"], "rows_kept": said["rows_kept"], "groups_kept": said["groups_kept"],
                         "output_nbytes": said["output_nbytes"], "input_nbytes": said["input_nbytes"], "peak_rss_nbytes": said["peak_rss_nbytes"]}

    def again(name, *inputs, reset):
        """The median of several runs, each on the lake as it was."""
        kept = root / "kept"
        runs = []
        for n in range(o.repeats):
            if reset:
                shutil.rmtree(root / "lake", ignore_errors=True)
                shutil.copytree(kept, root / "lake")
                os.sync()
            convert(name, *inputs)
            runs.append(results[name])
        results[name] = sorted(runs, key=lambda r: r["seconds"])[len(runs) // 2]

    convert("the year in one run", root / "year")
    shutil.copytree(root / "lake", root / "kept")
    again("one correction in summer", root / "correction", reset=True)
    again("one new day", root / "new", reset=True)
    again("the new day again", root / "new", reset=False)
    again("all files again", root / "year", root / "new", reset=False)

    year, year_cpu = results["the year in one run"]["seconds"], results["the year in one run"]["cpu_seconds"]
    size = results["the year in one run"]["output_nbytes"]
    print(f"{platform.machine()}, {o.threads} threads, memory limit {o.memory_limit}, in {root.parent}: {o.nodes:,} nodes, {o.days} days, "
          f"{results['the year in one run']['rows']:,} rows, {results['the year in one run']['input_nbytes'] / MB:,.0f} MB of CSV, lake {size / MB:,.0f} MB")
    print(f"{'':26} {'seconds':>8} {'of year':>8} {'CPU s':>7} {'of year':>8} {'read MB':>9} {'groups kept':>12} {'rows kept':>12} {'rows anew':>12} {'written MB':>11} {'peak MiB':>9}")
    for name, r in results.items():
        print(f"{name:26} {r['seconds']:8.3f} {r['seconds'] / year:8.2%} {r['cpu_seconds']:7.3f} {r['cpu_seconds'] / year_cpu:8.2%} {r['input_nbytes'] / MB:9.1f} {r['groups_kept']:12,} {r['rows_kept']:12,} "
              f"{r['rows'] - r['rows_kept']:12,} {r['output_nbytes'] / MB:11.1f} {r['peak_rss_nbytes'] / 2**20:9.1f}")
    if o.json:
        pathlib.Path(o.json).write_text(json.dumps(results, indent=1) + "\n")
    missed = [f"one new day costs {results['one new day']['seconds'] / year:.2%} of the year, target 2 %"] if results["one new day"]["seconds"] > 0.02 * year else []
    missed += [f"{name}: {results[name]['seconds']} s, target 0.2 s" for name in ("the new day again", "all files again") if results[name]["seconds"] > 0.2]
    for line in missed:
        print("MISSED " + line)
    sys.exit(1 if missed else 0)


main()
