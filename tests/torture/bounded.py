#!/usr/bin/env python3
"""The memory limit is a limit: input of at least 20 times 64 MB converts under 64 MB by the kernel's own count.

Three counts: the peak resident size (ru_maxrss), an address-space limit (RLIMIT_AS) and a memory cgroup (v1 or v2) where this user may make one.

An address space is larger than what is resident: besides the limit it holds what AS_ALLOWANCE_MB below names.

TORTURE_BOUNDED_MB: size of the largest inputs (1340). TORTURE_BUDGET_MB: the memory limit (64).
"""
import os
import pathlib

from stand import MB, Stand, lake_hashes, total_rows

SIZE_MB = int(os.environ.get("TORTURE_BOUNDED_MB", "1340"))
BUDGET_MB = int(os.environ.get("TORTURE_BUDGET_MB", "64"))
THREADS = 4
# Reserved but never resident: stacks (8 MB and a guard page per thread), the heap's arenas (64 MB reserved each, two of them), program and
# libraries (read from disk), and what a mapping of 2 MiB pages reserves for a moment while it is aligned.
AS_ALLOWANCE_MB = THREADS * 8 + 2 * 64 + 24 + 8
MB_PER_DAY_OF_6435 = 18.6


def days_for(mb):
    return str(max(1, round(mb / MB_PER_DAY_OF_6435)))


def size_mb(path):
    return sum(p.stat().st_size for p in pathlib.Path(path).rglob("*") if p.is_file()) / MB


class Cgroup:
    """A memory cgroup of our own below the one this process is in, or why there is none."""

    def __init__(self):
        self.path = self.why = None
        try:
            lines = [line.rstrip("\n").split(":", 2) for line in open("/proc/self/cgroup")]
            mine = {controllers: path for _, controllers, path in lines}
            v1 = next((path for controllers, path in mine.items() if "memory" in controllers.split(",")), None)
            if v1 is not None:
                roots, limit = ["/sys/fs/cgroup/memory"], "memory.limit_in_bytes"
                own = v1
            elif "" in mine:
                roots, limit = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"], "memory.max"
                own = mine[""]
            else:
                self.why = "no memory controller"
                return
            for root in roots:
                for base in (root + own, root):
                    path = os.path.join(base, f"busbar-torture-{os.getpid()}")
                    try:
                        os.mkdir(path)
                    except OSError as e:
                        self.why = f"{path}: {e.strerror}"
                        continue
                    if os.path.exists(os.path.join(path, limit)):
                        self.path, self.limit, self.version = path, limit, 1 if v1 is not None else 2
                        return
                    os.rmdir(path)
                    self.why = f"{path} has no {limit}"
        except OSError as e:
            self.why = f"{e.filename}: {e.strerror}"

    def set(self, nbytes):
        with open(os.path.join(self.path, self.limit), "w") as f:
            f.write(str(nbytes))

    def read(self, name):
        with open(os.path.join(self.path, name)) as f:
            return f.read()

    def peak_mb(self):
        for name in ("memory.max_usage_in_bytes", "memory.peak"):
            try:
                return int(self.read(name)) / MB
            except OSError:
                pass
        return float("nan")

    def procs(self):
        return [os.path.join(self.path, "cgroup.procs")]

    def close(self):
        if self.path:
            os.rmdir(self.path)


def main():
    stand = Stand("bounded")
    g = stand.generate
    n = ("--nodes", "6435")
    month = ("--from", "2024-01-01", "--days", days_for(SIZE_MB))
    spilled = "went through temporary files"

    def bounded(name, source, *options, threads=2, expect_spill=None, rows=None, limits=None, code=0, keep=None, budget_mb=BUDGET_MB):
        lake = stand.fresh(keep or "lake")
        ran = stand.convert(source, "-o", lake, "-m", f"{budget_mb}M", "-j", str(threads), *options, limits=limits)
        ok = stand.check(ran.code == code, f"{name}: exit code {code}", f"{ran.code}\n{ran.err[-2000:]}")
        if limits is None and not stand.sanitized:
            stand.check(ran.peak_mb <= budget_mb, f"{name}: {size_mb(source):.0f} MB of input, {threads} threads, {ran.seconds:.1f} s: "
                        f"{ran.peak_mb:.1f} MiB resident at most, limit {budget_mb}", ran.last_lines())
        if expect_spill is not None:
            stand.check((spilled in ran.err) == expect_spill, f"{name}: {'rows were' if expect_spill else 'no rows were'} put aside on disk", ran.last_lines())
        if ok and rows is not None:
            stand.check(total_rows(stand, lake) == rows, f"{name}: all {rows} rows arrived", lambda: str(total_rows(stand, lake)))
        return ran, lake

    # ---- sorted day files: hints make spilling unnecessary ----
    g("pjm.da_hrl_lmps", "sorted", *n, *month)
    rows = sum(sum(1 for _ in open(p, "rb")) - 1 for p in (stand.root / "sorted").iterdir())
    stand.check(size_mb(stand.root / "sorted") >= 20 * BUDGET_MB or "TORTURE_BOUNDED_MB" in os.environ, "the input is 20 times the limit")
    bounded("day files", stand.root / "sorted", threads=2, rows=rows, keep="whole")
    want = lake_hashes(stand.root / "whole")
    bounded("day files, 4 threads", stand.root / "sorted", threads=4, rows=rows)
    stand.check(lake_hashes(stand.root / "lake") == want, "day files, 4 threads: same bytes")
    stand.verify(stand.root / "lake", "day files")

    # ---- address space ----
    if stand.sanitized:
        stand.skip("address space", "sanitizers reserve terabytes")
    else:
        limit = (BUDGET_MB + AS_ALLOWANCE_MB) * MB
        bounded(f"address space of {limit // MB} MB", stand.root / "sorted", threads=THREADS, rows=rows, limits={"RLIMIT_AS": limit})
        stand.check(lake_hashes(stand.root / "lake") == want, "address space: same bytes")

    # ---- cgroup ----
    cgroup = Cgroup()
    if cgroup.path and not stand.sanitized:
        try:
            cgroup.set(BUDGET_MB * MB)
            for threads in (THREADS,):
                ran, _ = bounded(f"cgroup (v{cgroup.version}) of {BUDGET_MB} MB, {threads} threads", stand.root / "sorted", threads=threads, rows=rows,
                                 limits={"cgroup": cgroup.procs()})
                stand.check(lake_hashes(stand.root / "lake") == want, f"cgroup, {threads} threads: same bytes; the group's peak with the page cache "
                            f"was {cgroup.peak_mb():.1f} MiB, {ran.seconds:.1f} s")
        except OSError as e:
            stand.skip("cgroup", f"{e.filename}: {e.strerror}")
    else:
        stand.skip("cgroup", cgroup.why or "sanitizers need more memory")
    stand.remove(stand.root / "sorted")

    # ---- shuffled rows: every file's order is broken, rows must be put aside ----
    g("pjm.da_hrl_lmps", "shuffled", *n, *month, "--shuffle")
    bounded("shuffled rows", stand.root / "shuffled", threads=2, rows=rows)
    bounded("shuffled rows, 4 threads", stand.root / "shuffled", threads=4, rows=rows)
    stand.remove(stand.root / "shuffled")

    # ---- one huge file, its rows in random order: no hint at all ----
    g("pjm.da_hrl_lmps", "huge", *n, *month, "--files-per", "all", "--shuffle")
    bounded("one huge shuffled file", stand.root / "huge", threads=4, expect_spill=True, rows=rows)
    stand.check(lake_hashes(stand.root / "lake").keys() == want.keys(), "one huge shuffled file: the same files")
    if cgroup.path and not stand.sanitized:
        bounded("one huge shuffled file in the cgroup", stand.root / "huge", threads=2, expect_spill=True, rows=rows, limits={"cgroup": cgroup.procs()})
    cgroup.close()
    stand.remove(stand.root / "huge")

    # ---- two components per line, group zips, hundreds of members; the wide layout; five minutes ----
    part = max(1, SIZE_MB // 8)
    g("caiso.dam_lmp_grp", "caiso", "--nodes", "2500", "--from", "2024-03-01", "--days", str(max(1, part // 45)), "--zip")
    g("caiso.rtpd_lmp_grp", "caiso_rt", "--nodes", "300", "--from", "2024-03-08", "--days", str(max(1, part // 25)), "--zip")
    bounded("CAISO group zips", stand.root / "caiso", threads=4)
    bounded("CAISO hourly group zips", stand.root / "caiso_rt", threads=4)
    # every location of CAISO, components in files of their own: what a file's columns take leaves less for rows
    g("caiso.dam_lmp_grp", "caiso_all", "--from", "2024-03-01", "--days", "2", "--zip")
    bounded("CAISO group zips of all locations", stand.root / "caiso_all", threads=2, keep="whole")
    want = lake_hashes(stand.root / "whole")
    for threads, budget_mb in ((1, BUDGET_MB), (4, BUDGET_MB), (8, BUDGET_MB), (1, BUDGET_MB * 3 // 4), (2, BUDGET_MB * 3 // 4), (4, BUDGET_MB * 3 // 4)):
        if stand.sanitized and budget_mb < BUDGET_MB:
            continue # what a sanitizer holds counts as well
        name = f"CAISO group zips of all locations, {threads} threads, {budget_mb} MB: the job starts over with less where it must"
        bounded(name, stand.root / "caiso_all", threads=threads, budget_mb=budget_mb)
        stand.check(lake_hashes(stand.root / "lake") == want, f"{name}: same bytes")
    stand.remove(stand.root / "caiso_all")
    g("miso.da_expost_lmp", "miso", "--nodes", "3000", "--from", "2024-03-01", "--days", str(max(2, part // 2)))
    bounded("MISO", stand.root / "miso", threads=4)
    g("pjm.rt_fivemin_hrl_lmps", "five", "--nodes", "400", "--from", "2024-03-08", "--days", str(max(1, part // 14)), "--zip")
    bounded("PJM five-minute zips", stand.root / "five", threads=4)

    # ---- many small files, and many years at once ----
    g("pjm.da_hrl_lmps", "small", "--nodes", "12", "--from", "2015-01-01", "--days", str(max(30, SIZE_MB * 2)), "--zip")
    count = sum(1 for _ in (stand.root / "small").iterdir())
    bounded(f"{count} small zips of {count // 365 + 1} years", stand.root / "small", threads=4)
    stand.verify(stand.root / "lake", f"{count} small zips")
    g("pjm.da_hrl_lmps", "years", "--nodes", "12", "--from", "2000-01-01", "--days", str(max(30, SIZE_MB * 5)), "--files-per", "all", "--shuffle")
    bounded("one shuffled file of all years", stand.root / "years", threads=4)
    stand.end()


if __name__ == "__main__":
    main()
