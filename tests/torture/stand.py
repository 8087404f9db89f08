"""What the torture scripts share: a place to work in, a way to run busbar under limits and see what it took, and the count of checks.

Every script takes the program as its first argument, prints a line per check and ends with "N passed, N failed[, N skipped]".
TORTURE_DIR: where to put the generated files (the system's temporary folder unless told; needs up to 4 GB for bounded.py).
"""
import hashlib
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

# A process inherits the peak of the program that started it; a bare interpreter is small, the caller may not be.
LAUNCHER = """
import json, os, resource, sys
seen, limits = sys.argv[1], json.loads(sys.argv[2])
pid = os.fork()
if pid == 0:
    for name, value in limits.items():
        if name == "cgroup":
            for procs in value:
                with open(procs, "w") as f:
                    f.write(str(os.getpid()))
        elif name == "nice":
            os.nice(value)
        else:
            resource.setrlimit(getattr(resource, name), (value, value))
    os.execv(sys.argv[3], sys.argv[3:])
_, status, usage = os.wait4(pid, 0)
with open(seen, "w") as out:
    json.dump({"code": os.waitstatus_to_exitcode(status), "peak_kb": usage.ru_maxrss,
               "seconds": usage.ru_utime + usage.ru_stime}, out)
"""
MB = 1 << 20


class Ran:
    """What a run gave: code (negative: the signal that ended it), out, err, peak_mb, seconds (wall)."""

    def __init__(self, code, out, err, peak_mb, seconds):
        self.code, self.out, self.err, self.peak_mb, self.seconds = code, out, err, peak_mb, seconds

    def last_lines(self, n=6):
        return "\n".join("      " + line[:400] for line in self.err.splitlines()[-n:])


class Stand:
    def __init__(self, name):
        if len(sys.argv) < 2:
            sys.exit(f"usage: {name}.py BUSBAR")
        self.busbar = os.path.abspath(sys.argv[1])
        self.n_passed = self.n_failed = self.n_skipped = 0
        self.sanitized = bool(os.environ.get("BUSBAR_SANITIZED"))
        self.root = pathlib.Path(tempfile.mkdtemp(prefix=f"busbar-{name}-", dir=os.environ.get("TORTURE_DIR")))
        self.random = random.Random(int(os.environ.get("TORTURE_SEED", "1")))
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits these two ignored, and so would busbar
        signal.signal(signal.SIGHUP, signal.SIG_DFL)

    def check(self, ok, name, why=""):
        """One line per check; why (text or a function that makes it) is shown when it failed."""
        if ok:
            self.n_passed += 1
            print(f"ok {name}", flush=True)
        else:
            self.n_failed += 1
            print(f"FAILED {name}", flush=True)
            text = why() if callable(why) else why
            for line in str(text).splitlines():
                print(f"    {line}", flush=True)
        return ok

    def skip(self, name, why):
        self.n_skipped += 1
        print(f"SKIPPED {name}: {why}", flush=True)

    def end(self):
        self.remove(self.root)
        tail = f", {self.n_skipped} skipped" if self.n_skipped else ""
        print(f"{self.n_passed} passed, {self.n_failed} failed{tail}")
        sys.exit(1 if self.n_failed else 0)

    @staticmethod
    def remove(path):
        for folder, names, _ in os.walk(path):
            for name in names:
                try:
                    os.chmod(os.path.join(folder, name), 0o755)
                except OSError:
                    pass
        shutil.rmtree(path, ignore_errors=True)

    def folder(self, name):
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def fresh(self, name):
        self.remove(self.root / name)
        return self.root / name

    def run(self, *arguments, limits=None, cwd=None, timeout=600):
        seen = self.root / f"seen-{time.monotonic_ns()}.json"
        began = time.monotonic()
        done = subprocess.run([sys.executable, "-I", "-S", "-c", LAUNCHER, str(seen), json.dumps(limits or {}), self.busbar,
                               *[a if isinstance(a, bytes) else str(a) for a in arguments]],
                              stdin=subprocess.DEVNULL, capture_output=True, cwd=cwd or self.root, timeout=timeout)
        seconds = time.monotonic() - began
        try:
            saw = json.loads(seen.read_text())
        except (OSError, ValueError):
            return Ran(-1, "", done.stderr.decode("utf-8", "replace"), 0, seconds)
        seen.unlink()
        return Ran(saw["code"], done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"), saw["peak_kb"] / 1024, seconds)

    def generate(self, report, out, *options):
        out = self.root / out
        ran = self.run("generate", report, "-o", out, "--quiet", *options)
        if ran.code != 0:
            sys.exit(f"busbar generate {report}: exit code {ran.code}\n{ran.err}")
        return out

    def convert(self, *arguments, **how):
        return self.run("convert", *arguments, **how)

    def verify(self, lake, name):
        ran = self.run("verify", lake)
        return self.check(ran.code == 0, f"{name}: verify", lambda: f"exit code {ran.code}\n{ran.out}\n{ran.err}")


def lake_hashes(lake):
    """{path below the lake: SHA-256} of everything that is published data, and of nothing hidden."""
    hashes = {}
    for path in sorted(pathlib.Path(lake).rglob("*")):
        if path.is_file() and path.relative_to(lake).parts[0] not in ("rejects",) and not path.name.startswith("."):
            hashes[str(path.relative_to(lake))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return hashes


def hidden_files(lake):
    """Files that a killed run may leave, without the lock and the notes on what was read, which stay."""
    return sorted(str(p.relative_to(lake)) for p in pathlib.Path(lake).rglob(".*") if p.is_file() and p.name not in (".busbar.lock", ".busbar.seen"))


def reject_entries(lake):
    entries = []
    for path in sorted(pathlib.Path(lake).glob("rejects/*/*.jsonl")):
        for line in path.read_bytes().splitlines():
            entries.append(json.loads(line.decode("utf-8")))  # strict: a rejects file is UTF-8 whatever the input was
    return entries


def lake_files(lake):
    return sorted(p for p in pathlib.Path(lake).rglob("*.parquet") if not p.name.startswith("."))


def rows_of_lake(stand, lake):
    """{path below the lake: rows}, by pyarrow or, without it, by busbar's own reader row by row."""
    try:
        import pyarrow.parquet as pq
        return {str(p.relative_to(lake)): pq.read_table(p, columns=["datetime_utc", "iso"]).num_rows for p in lake_files(lake)}
    except ImportError:
        counts = {}
        for p in lake_files(lake):
            shown = stand.run("show", p, "-n", "all", "--csv", "--columns", "datetime_utc")
            counts[str(p.relative_to(lake))] = len(shown.out.splitlines()) - 1
        return counts


def total_rows(stand, lake):
    return sum(rows_of_lake(stand, lake).values())
