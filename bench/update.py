#!/usr/bin/env python3
"""What an update costs: a PJM year of 55 million rows converted in one run, then a new day, a correction in summer, and nothing new.

usage: update.py BUSBAR [--nodes 6435] [--days 365] [--dir FOLDER] [--memory-limit 256M] [--threads N] [--repeats 5] [--json FILE]

The folder (a memory disk when it has room, else the system's temporary one) needs about 28 MB per day for 6,435 nodes; it is emptied afterwards.
Then the same with the lake on a file system whose files can share blocks: XFS in an image in that folder, mounted through a loop device. It needs root,
mkfs.xfs and a loop device; without them it is left out with a word.
Targets: the new day costs less than 2 % of the year, nothing new less than 0.2 s. Exit code 1 when one is missed where blocks are shared (or, without such a file
system, in the folder); the JSON file is written all the same.

FILE gets one object:
  machine, threads, memory_limit, folder, file_system   where it ran
  nodes, days, rows, csv_nbytes, lake_nbytes            the year
  new_day_share, new_day_share_target                   wall time of the new day / of the year (medians), and what it should be below
  repeat_seconds, repeat_seconds_target                 the slower of the two runs with nothing new, and what it should be below
  met                                                   true when both are
  sharing                                               the same figures where blocks are shared: an object like this one without sharing, or
                                                        {"left_out": why}
  "the year in one run", "one correction in summer", "one new day", "the new day again", "all files again"
      one object each: seconds (median), seconds_min, seconds_max, runs, share_of_year, cpu_seconds, input_nbytes (read),
      rows, rows_kept, groups_kept, output_nbytes (of the files written), copied_nbytes (of it, row groups carried over byte for byte),
      reencoded_nbytes (of it, the rest: new and touched row groups, indexes, footers), peak_rss_nbytes
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

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "scripts"))
import xfs_image

MB = 1e6


def room_for(nbytes):
    for folder in ("/dev/shm", tempfile.gettempdir()):
        if os.path.isdir(folder) and shutil.disk_usage(folder).free > nbytes * 1.2:
            return folder
    sys.exit(f"no folder has {nbytes * 1.2 / 1e9:.0f} GB free; name one with --dir, or take fewer days")


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
    p.add_argument("--repeats", type=int, default=5)
    p.add_argument("--json")
    o = p.parse_args()
    busbar = os.path.abspath(o.busbar)
    base = o.dir or room_for(o.nodes * o.days * 24 * 145 + image_nbytes(o))
    root = pathlib.Path(tempfile.mkdtemp(prefix="busbar-update-", dir=base))
    try:
        make_inputs(o, busbar, root)
        result = {**measure(o, busbar, root, root, file_system(root)), "sharing": measure_sharing(o, busbar, root)}
    finally:
        shutil.rmtree(root, ignore_errors=True)
    if o.json:
        pathlib.Path(o.json).write_text(json.dumps(result, indent=1) + "\n")
    tell(result)
    if "left_out" in result["sharing"]:
        print(f"no file system that shares blocks: {result['sharing']['left_out']}")
    else:
        tell(result["sharing"])
    sys.exit(0 if result["sharing"].get("met", result["met"]) else 1)


def image_nbytes(o):
    """Room for two lakes and what updates write beside them."""
    return o.nodes * o.days * 24 * 24 + 500_000_000


YEAR, CORRECTION, DAY, DAY_AGAIN, ALL_AGAIN = ("the year in one run", "one correction in summer", "one new day", "the new day again", "all files again")
SHARE_TARGET, REPEAT_TARGET = 0.02, 0.2


def file_system(folder):
    """Of the mount that holds it, as /proc/mounts spells it."""
    best, kind = "", "unknown"
    with open("/proc/mounts") as f:
        for line in f:
            _, mount, fs = line.split()[:3]
            if (os.path.realpath(folder) + "/").startswith(mount.rstrip("/") + "/") and len(mount) >= len(best):
                best, kind = mount, fs
    return kind


def make_inputs(o, busbar, root):
    first = datetime.date(2024, 1, 1)
    day = [first + datetime.timedelta(days=n) for n in range(o.days + 1)]
    generate = ["generate", "pjm.da_hrl_lmps", "--nodes", o.nodes, "--quiet"]
    run(busbar, *generate, "-o", root / "year", "--from", day[0], "--days", o.days)
    run(busbar, *generate, "-o", root / "new", "--from", day[-1], "--days", 1)
    run(busbar, *generate, "-o", root / "correction", "--from", day[o.days // 2], "--days", 1, "--seed", 99)


def measure_sharing(o, busbar, root):
    try:
        with xfs_image.XfsImage(root, image_nbytes(o)) as disk:
            return measure(o, busbar, root, disk, "xfs")
    except xfs_image.Unavailable as e:
        return {"left_out": str(e)}


def copy_lake(of, to):
    shutil.rmtree(to, ignore_errors=True)
    subprocess.run(["cp", "-a", "--reflink=auto", str(of), str(to)], check=True)
    os.sync()


def measure(o, busbar, root, disk, file_system):
    """The inputs lie in root, the lake in disk."""
    means = ["-m", o.memory_limit, "-j", o.threads, "--progress", "json", "-o", disk / "lake"]
    steps = {}

    def convert(*inputs):
        seconds, cpu, err = run(busbar, "convert", *inputs, *means)
        said = [json.loads(line) for line in err.splitlines() if line.startswith('{"event":"summary"')][-1]
        return {"seconds": round(seconds, 3), "cpu_seconds": round(cpu, 3), "input_nbytes": said["input_nbytes"], "rows": said["rows"], "rows_kept": said["rows_kept"],
                "groups_kept": said["groups_kept"], "output_nbytes": said["output_nbytes"], "copied_nbytes": said["kept_nbytes"],
                "reencoded_nbytes": said["output_nbytes"] - said["kept_nbytes"], "peak_rss_nbytes": said["peak_rss_nbytes"]}

    def step(name, *inputs, repeats, reset=False):
        """The median of several runs, on the lake as it was when reset."""
        runs = []
        for _ in range(repeats):
            if reset:
                copy_lake(disk / "kept", disk / "lake")
            runs.append(convert(*inputs))
        runs.sort(key=lambda r: r["seconds"])
        steps[name] = {**runs[len(runs) // 2], "seconds_min": runs[0]["seconds"], "seconds_max": runs[-1]["seconds"], "runs": repeats}
        steps[name]["share_of_year"] = round(steps[name]["seconds"] / steps[YEAR]["seconds"], 5)

    step(YEAR, root / "year", repeats=1)
    copy_lake(disk / "lake", disk / "kept")
    step(CORRECTION, root / "correction", repeats=o.repeats, reset=True)
    step(DAY, root / "new", repeats=o.repeats, reset=True)
    step(DAY_AGAIN, root / "new", repeats=o.repeats)
    step(ALL_AGAIN, root / "year", root / "new", repeats=o.repeats)
    shutil.rmtree(disk / "lake")
    shutil.rmtree(disk / "kept")

    year = steps[YEAR]
    repeat = max(steps[DAY_AGAIN]["seconds"], steps[ALL_AGAIN]["seconds"])
    return {"machine": platform.machine(), "threads": o.threads, "memory_limit": o.memory_limit, "folder": str(root.parent), "file_system": file_system,
            "nodes": o.nodes, "days": o.days, "rows": year["rows"], "csv_nbytes": year["input_nbytes"], "lake_nbytes": year["output_nbytes"],
            "new_day_share": steps[DAY]["share_of_year"], "new_day_share_target": SHARE_TARGET, "repeat_seconds": repeat, "repeat_seconds_target": REPEAT_TARGET,
            "met": steps[DAY]["share_of_year"] < SHARE_TARGET and repeat < REPEAT_TARGET, **steps}


def tell(r):
    print(f"{r['machine']}, {r['threads']} threads, memory limit {r['memory_limit']}, in {r['folder']} ({r['file_system']}): {r['nodes']:,} nodes, {r['days']} days, "
          f"{r['rows']:,} rows, {r['csv_nbytes'] / MB:,.0f} MB of CSV, lake {r['lake_nbytes'] / MB:,.0f} MB")
    print(f"{'':24} {'seconds':>8} {'min':>7} {'max':>7} {'of year':>8} {'CPU s':>7} {'read MB':>9} {'groups kept':>12} {'rows kept':>12} {'rows anew':>12} {'copied MB':>10} {'anew MB':>9} {'peak MiB':>9}")
    for name, s in ((n, s) for n, s in r.items() if isinstance(s, dict) and "seconds" in s):
        print(f"{name:24} {s['seconds']:8.3f} {s['seconds_min']:7.3f} {s['seconds_max']:7.3f} {s['share_of_year']:8.2%} {s['cpu_seconds']:7.3f} {s['input_nbytes'] / MB:9.1f} {s['groups_kept']:12,} "
              f"{s['rows_kept']:12,} {s['rows'] - s['rows_kept']:12,} {s['copied_nbytes'] / MB:10.1f} {s['reencoded_nbytes'] / MB:9.1f} {s['peak_rss_nbytes'] / 2**20:9.1f}")
    if r["new_day_share"] >= r["new_day_share_target"]:
        print(f"MISSED one new day costs {r['new_day_share']:.2%} of the year, target {r['new_day_share_target']:.0%}")
    if r["repeat_seconds"] >= r["repeat_seconds_target"]:
        print(f"MISSED nothing new: {r['repeat_seconds']} s, target {r['repeat_seconds_target']} s")


main()
