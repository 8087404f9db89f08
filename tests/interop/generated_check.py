#!/usr/bin/env python3
"""PJM's, CAISO's and MISO's daily energy reports, generated on both switch days, spoilt with duplicates and revisions, packed and shuffled: what busbar
converts must equal what raw_reading.py reads from the same files.

usage: generated_check.py PROGRAM
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import sample_check
from raw_reading import lake_row, read, winners
from sample_check import check, compare, lake_rows


# What raw_reading.py reads; the other reports have readings of their own (check_*.py).
READ_HERE = """pjm.da_hrl_lmps pjm.rt_hrl_lmps pjm.rt_fivemin_hrl_lmps caiso.prc_lmp caiso.dam_lmp_grp caiso.prc_rtpd_lmp caiso.rtpd_lmp_grp
caiso.prc_intvl_lmp caiso.rtm_lmp_grp caiso.prc_hasp_lmp caiso.hasp_lmp_grp miso.da_expost_lmp miso.da_exante_lmp miso.rt_lmp_final
miso.rt_lmp_prelim""".split()


def generate(program, folder, report, first, days, *more):
    done = subprocess.run([program, "generate", report, "-o", str(folder), "--nodes", "23", "--from", first, "--days", str(days), "--seed", "11",
                           *more], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)


def main():
    program = os.path.abspath(sys.argv[1])
    listed = subprocess.run([program, "generate", "--list"], capture_output=True, text=True, check=True).stdout
    reports = [line.split()[0] for line in listed.splitlines() if line.split() and "." in line.split()[0]]
    check("reports are listed", None if set(READ_HERE) <= set(reports) else listed)
    cases = []
    for report in reports:
        if report not in READ_HERE:
            continue
        cases.append((report, "plain", ["--files-per", "day"]))
        cases.append((report, "packed, shuffled", ["--zip", "--shuffle", "--files-per", "month"]))
        cases.append((report, "duplicates", ["--zip-of-zips", "--duplicates", "0.1"]))
        if report.startswith("pjm."):
            cases.append((report, "revisions", ["--revisions", "0.2", "--duplicates", "0.05", "--shuffle"]))
    for report, what, more in cases:
        with tempfile.TemporaryDirectory(prefix="busbar-generated-") as scratch:
            raw, plain, lake = Path(scratch) / "raw", Path(scratch) / "plain", Path(scratch) / "lake"
            for first in ("2024-03-10", "2024-11-02"):
                generate(program, raw, report, first, 2, *more)
                # the independent reading needs the faults, not the packing
                generate(program, plain, report, first, 2, *[m for m in more if not m.startswith("--zip")])
            candidates = [c for path in sorted(plain.iterdir()) for c in read(path)]
            done = subprocess.run([program, "convert", str(raw), "-o", str(lake), "--memory-limit", "64M", "--threads", "3"], capture_output=True, text=True)
            name = f"{report}, {what}"
            check(f"{name}: exit code", None if done.returncode == 0 else f"exit {done.returncode}: {done.stderr[-500:]}")
            problems = []
            got = lake_rows(lake, problems) if lake.exists() else {}
            check(f"{name}: every row", problems[0] if problems else compare([lake_row(c) for c in winners(candidates).values()], got))
    # a preliminary and a final posting of one day: the final wins, in whichever order they are named
    with tempfile.TemporaryDirectory(prefix="busbar-generated-") as scratch:
        raw = Path(scratch) / "raw"
        generate(program, raw, "miso.rt_lmp_prelim", "2024-03-10", 2)
        generate(program, raw, "miso.rt_lmp_final", "2024-03-10", 1)
        files = sorted(raw.iterdir())
        want = [lake_row(c) for c in winners([c for path in files for c in read(path)]).values()]
        check("the final posting wins: versions", None if {r["version"] for _, r in want} == {1, 2} else "the generator made no difference")
        for order, name in ((files, "final first"), (files[::-1], "preliminary first")):
            lake = Path(scratch) / name
            subprocess.run([program, "convert", *map(str, order), "-o", str(lake)], capture_output=True)
            check(f"the final posting wins, {name}", compare(want, lake_rows(lake, [])))
    # spoilt rows are rejected one by one, all others arrive
    for report in ("pjm.rt_hrl_lmps", "pjm.rt_fivemin_hrl_lmps"):
        with tempfile.TemporaryDirectory(prefix="busbar-generated-") as scratch:
            raw, sound, lake = Path(scratch) / "raw", Path(scratch) / "sound", Path(scratch) / "lake"
            generate(program, raw, report, "2024-11-03", 1, "--bad-rows", "0.1")
            generate(program, sound, report, "2024-11-03", 1)
            (spoilt,), (whole,) = list(raw.iterdir()), list(sound.iterdir())
            good = set(spoilt.read_text().splitlines()) & set(whole.read_text().splitlines())
            kept = [line for line in whole.read_text().splitlines() if line in good]
            whole.write_text("\n".join(kept) + "\n")
            n_bad = len(spoilt.read_text().splitlines()) - len(kept)
            done = subprocess.run([program, "convert", str(spoilt), "-o", str(lake), "--report", report], capture_output=True, text=True)
            check(f"{report}, spoilt rows: exit code", None if done.returncode == 1 and n_bad > 10 else f"exit {done.returncode}, {n_bad} bad rows")
            check(f"{report}, spoilt rows: all others", compare([lake_row(c) for c in winners(read(whole)).values()], lake_rows(lake, [])))
            lines = sum(len(p.read_text(errors="replace").splitlines()) for p in lake.rglob("rejects/**/*.jsonl"))
            check(f"{report}, spoilt rows: each is kept", None if lines == n_bad else f"{lines} lines in rejects, {n_bad} bad rows")
    print(f"{sample_check.passed} passed, {len(sample_check.failures)} failed")
    return 1 if sample_check.failures else 0


if __name__ == "__main__":
    sys.exit(main())
