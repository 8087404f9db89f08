#!/usr/bin/env python3
"""Golden cases. A folder tests/golden/<market>/<report>/<case>/ is a test:

  in/               raw files; or in.sh, which makes them in $IN (with $BUSBAR, the program)
  cmd               arguments of busbar with $IN and $OUT; without the file: convert $IN -o $OUT
  want.csv          the rows of every Parquet file below $OUT, decoded, in file order: column "file" (path below $OUT), then
                    whichever columns the case is about; NULL is empty; empty file: no Parquet file at all
  want.exit         exit code, 0 when missing
  want.stderr.glob  each line must match a line of stderr, in this order; a line that begins with ! must match none
  want.limits       "peak_rss_mb N", "seconds N": of the run with --memory-limit 64M

A convert case runs with --memory-limit 64M and 256M and --threads 1 and 4; all four must give the same bytes.
"""
import argparse
import csv
import fnmatch
import io
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

try:
    import pyarrow.parquet as pq
except ImportError:
    pq = None

HERE = pathlib.Path(__file__).resolve().parent
COLUMNS = """datetime_utc datetime_local interval_end_utc delivery_date delivery_hour delivery_interval interval_minutes
market_type settlement_location settlement_location_type settlement_location_id zone voltage_kv lmp_total lmp_energy
lmp_congestion lmp_loss system_lambda dst_flag data_source version is_current""".split()
VARIANTS = [("64M", 1), ("64M", 4), ("256M", 1), ("256M", 4)]


def text_of(value):
    """One spelling per value, whichever reader decoded it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
    if hasattr(value, "isoformat"):
        text = value.isoformat()
        return text[:-6] + "Z" if text.endswith("+00:00") else text
    text = str(value)
    return text[:-6] + "Z" if text.endswith("+00:00") and "T" in text else text


def rows_of(path, columns, busbar):
    """The rows of one Parquet file as texts: by pyarrow, or, where that is not installed, by busbar's own reader."""
    if pq is not None:
        batches = pq.ParquetFile(path).iter_batches(columns=list(columns))
        records = (row for batch in batches for row in batch.to_pylist())
    else:
        out = subprocess.run([busbar, "show", str(path), "--json", "--rows", "all", "--quiet"], capture_output=True, check=True, text=True).stdout
        records = (json.loads(line) for line in out.splitlines())
    for record in records:
        yield [text_of(record[c]) for c in columns]


def lake_files(out):
    return sorted((p for p in out.rglob("*.parquet")), key=lambda p: str(p.relative_to(out)).encode())


def got_csv(out, columns, busbar):
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    files = lake_files(out)
    if not files:
        return ""
    writer.writerow(["file"] + columns)
    for path in files:
        for row in rows_of(path, columns, busbar):
            writer.writerow([str(path.relative_to(out))] + row)
    return stream.getvalue()


def reject_lines(out):
    """What was rejected, without the order, which depends on threads."""
    lines = []
    for path in sorted(out.rglob("rejects/**/*.jsonl")):
        lines += path.read_text(errors="surrogateescape").splitlines()
    return sorted(lines)


# A process inherits the peak of the program that started it; a bare interpreter is small, this one with pyarrow is not.
LAUNCHER = """
import os, sys
pid = os.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "w") as out:
    print(os.waitstatus_to_exitcode(status), usage.ru_maxrss, file=out)
"""


def run_busbar(arguments, env, cwd):
    """(exit code or minus signal, stderr, peak resident MB, seconds)"""
    began = time.monotonic()
    seen = pathlib.Path(cwd) / "launcher.txt"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", LAUNCHER, str(seen), *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env, cwd=cwd)
    code, peak_kb = seen.read_text().split()
    return int(code), done.stderr.decode("utf-8", "replace"), int(peak_kb) / 1024, time.monotonic() - began


def stderr_problem(globs, stderr):
    lines = stderr.splitlines()
    at = 0
    for pattern in globs:
        if not pattern.strip():
            continue
        if pattern.startswith("!"):
            hit = next((line for line in lines if fnmatch.fnmatchcase(line, pattern[1:])), None)
            if hit is not None:
                return f"stderr has a line that it must not have: {hit}"
            continue
        while at < len(lines) and not fnmatch.fnmatchcase(lines[at], pattern):
            at += 1
        if at == len(lines):
            return f"stderr has no line like: {pattern}\n    it says:\n      " + "\n      ".join(lines[-25:])
        at += 1
    return None


def first_difference(want, got):
    want, got = want.splitlines(), got.splitlines()
    for i, (w, g) in enumerate(zip(want, got)):
        if w != g:
            return f"row {i}:\n      want {w}\n      got  {g}"
    return f"want {len(want)} lines, got {len(got)}; first beyond: {(want + got)[min(len(want), len(got)):][:1]}" if len(want) != len(got) else "?"


def run_case(case, busbar, variants, scratch, bless, sanitized):
    """None, or what is wrong."""
    problems = []
    env = dict(os.environ, TZ="Asia/Kathmandu", LC_ALL="C.UTF-8", BUSBAR=busbar)
    source = case / "in"
    if (case / "in.sh").exists():
        source = scratch / "in"
        source.mkdir()
        subprocess.run(["bash", str(case / "in.sh")], env=dict(env, IN=str(source)), check=True, stdout=subprocess.DEVNULL)
    template = (case / "cmd").read_text() if (case / "cmd").exists() else "convert $IN -o $OUT"
    words = shlex.split(template, comments=True)
    if words[0] != "convert":
        variants = [(None, None)]
    want_exit = int((case / "want.exit").read_text()) if (case / "want.exit").exists() else 0
    first = None
    for memory, threads in variants:
        out = scratch / f"out-{memory}-{threads}"
        out.mkdir()
        fill = {"$IN": str(source), "$OUT": str(out / "lake")}
        arguments = [busbar]
        for word in words:
            for name, value in fill.items():
                word = word.replace(name, value)
            arguments.append(word)
        if memory:
            arguments += ["--memory-limit", memory, "--threads", str(threads)]
        label = f"--memory-limit {memory} --threads {threads}: " if memory else ""
        code, stderr, rss, seconds = run_busbar(arguments, env, scratch)
        lake = out / "lake"
        if bless and first is None:
            want_exit = code
            (case / "want.exit").write_text(f"{code}\n")
        if code != want_exit:
            problems.append(f"{label}exit {code}, want {want_exit}; stderr:\n      " + "\n      ".join(stderr.splitlines()[-25:]))
            continue
        if (case / "want.stderr.glob").exists():
            problem = stderr_problem((case / "want.stderr.glob").read_text().splitlines(), stderr)
            if problem:
                problems.append(label + problem)
        if (case / "want.limits").exists() and memory == "64M" and not sanitized:
            for line in (case / "want.limits").read_text().splitlines():
                name, limit = line.split()
                seen = {"peak_rss_mb": rss, "seconds": seconds}[name]
                if seen > float(limit):
                    problems.append(f"{label}{name} {seen:.1f}, want at most {limit}")
        bytes_of = {str(p.relative_to(lake)): p.read_bytes() for p in lake_files(lake)} if lake.exists() else {}
        rejects = reject_lines(lake)
        if first is None:
            first = bytes_of, rejects
            want_path = case / "want.csv"
            if want_path.exists() or bless:
                old = want_path.read_text() if want_path.exists() else ""
                header = old.splitlines()[0].split(",")[1:] if old else COLUMNS
                got = got_csv(lake, header, busbar)
                if bless:
                    want_path.write_text(got)
                elif got != old:
                    problems.append(label + "rows differ from want.csv, " + first_difference(old, got))
        else:
            if bytes_of != first[0]:
                differing = sorted(k for k in set(bytes_of) | set(first[0]) if bytes_of.get(k) != first[0].get(k))
                problems.append(f"{label}other bytes than with {variants[0]}: {', '.join(differing)}")
            if rejects != first[1]:
                problems.append(f"{label}other rejects than with {variants[0]}: {len(rejects)} and {len(first[1])}")
        left = [str(p.relative_to(out)) for p in out.rglob("*") if ".tmp" in p.name or p.name.endswith(".partial")]
        if left:
            problems.append(f"{label}temporary files are left: {left}")
    return "\n    ".join(problems) or None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--busbar", default="build/busbar")
    parser.add_argument("--bless", action="store_true", help="write want.csv and want.exit from what busbar says now; read the diff")
    parser.add_argument("--quick", action="store_true", help="one variant (64M, 4 threads), no limits: for sanitized programs")
    parser.add_argument("filter", nargs="*", help="only cases whose path holds one of these")
    args = parser.parse_args()
    busbar = os.path.abspath(args.busbar)
    cases = sorted({p.parent for name in ("in", "in.sh") for p in HERE.glob(f"*/*/*/{name}")})
    cases = [c for c in cases if not args.filter or any(f in str(c) for f in args.filter)]
    if pq is None:
        print("pyarrow is not installed: rows are decoded by busbar itself")
    failed = 0
    for case in cases:
        with tempfile.TemporaryDirectory(prefix="busbar-golden-") as scratch:
            try:
                problem = run_case(case, busbar, [("64M", 4)] if args.quick else VARIANTS, pathlib.Path(scratch), args.bless, args.quick)
            except (OSError, ValueError, KeyError, subprocess.CalledProcessError, IndexError) as e:
                problem = f"{type(e).__name__}: {e}"
        print(f"{'FAILED' if problem else 'ok    '} {case.relative_to(HERE)}")
        if problem:
            print("    " + problem)
            failed += 1
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
