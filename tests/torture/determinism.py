#!/usr/bin/env python3
"""The same inputs and options give byte-identical files: whatever the order of the inputs, the folders they lie in, the number of threads
and the memory budget.

TORTURE_SCALE: multiplies the number of nodes (1).
"""
import itertools
import json
import os
import shutil
import sys

from stand import Stand, hidden_files, lake_hashes, reject_entries, total_rows

SCALE = float(os.environ.get("TORTURE_SCALE", "1"))
FAULTS = ("--duplicates", "2%", "--revisions", "2%", "--bad-rows", "0.5%")


def nodes(n):
    return ("--nodes", str(max(4, int(n * SCALE))))


def make_inputs(stand):
    """Overlapping days, twice the same days with other prices, the switch days, shuffled rows, plain and packed in every way."""
    g = stand.generate
    spring = ("--from", "2024-03-09")
    g("pjm.da_hrl_lmps", "in/pjm1", *nodes(3000), "--from", "2024-03-01", "--days", "12", "--seed", "1", *FAULTS)
    g("pjm.da_hrl_lmps", "in/pjm2", *nodes(2000), "--from", "2024-03-08", "--days", "6", "--seed", "2", *FAULTS, "--shuffle")
    g("pjm.da_hrl_lmps", "in/pjm3", *nodes(1000), "--from", "2024-03-05", "--days", "8", "--seed", "3", "--zip")  # names of pjm1 again, zipped
    g("pjm.rt_hrl_lmps", "in/pjm4", *nodes(300), *spring, "--days", "3", *FAULTS)
    g("pjm.rt_fivemin_hrl_lmps", "in/pjm5", *nodes(60), *spring, "--days", "3", *FAULTS, "--shuffle", "--zip")
    g("pjm.da_hrl_lmps", "in/pjm6", *nodes(500), "--from", "2023-12-30", "--days", "4", "--files-per", "all")  # two years in one file
    g("caiso.prc_lmp", "in/caiso1", *nodes(150), *spring, "--days", "4", "--seed", "5", *FAULTS, "--zip")
    g("caiso.dam_lmp_grp", "in/caiso2", *nodes(150), "--from", "2024-03-10", "--days", "3", "--seed", "6", *FAULTS, "--zip")
    g("caiso.dam_lmp_grp", "in/caiso3", *nodes(150), "--from", "2024-03-11", "--days", "3", "--seed", "6", "--zip", "--zip-of-zips")
    g("caiso.prc_rtpd_lmp", "in/caiso4", *nodes(30), *spring, "--days", "2", *FAULTS, "--shuffle")
    g("miso.da_expost_lmp", "in/miso1", *nodes(400), "--from", "2024-11-01", "--days", "4", *FAULTS)
    g("miso.rt_lmp_prelim", "in/miso2", *nodes(400), "--from", "2024-11-01", "--days", "4", *FAULTS, "--shuffle")
    g("miso.rt_lmp_final", "in/miso3", *nodes(400), "--from", "2024-11-02", "--days", "4", *FAULTS, "--zip")
    g("miso.da_expost_lmp", "in/miso4", *nodes(400), "--from", "2024-11-03", "--days", "3", "--seed", "9", *FAULTS)  # same names, other content
    return sorted(p for p in (stand.root / "in").rglob("*") if p.is_file())


def rejects_without_paths(lake):
    """The order of rejects depends on threads, and the folder is where the run happened to find the file."""
    entries = []
    for e in reject_entries(lake):
        e["path"] = os.path.basename(e["path"])
        entries.append(json.dumps(e, sort_keys=True))
    return sorted(entries)


def compare(stand, name, lake, want, want_rejects):
    got, rejects = lake_hashes(lake), rejects_without_paths(lake)
    stand.check(got == want, f"{name}: bytes",
                lambda: "differ: " + ", ".join(sorted(k for k in want.keys() | got.keys() if want.get(k) != got.get(k))))
    stand.check(rejects == want_rejects, f"{name}: rejects",
                lambda: f"{len(rejects)} instead of {len(want_rejects)}; " + str(sorted(set(rejects) ^ set(want_rejects))[:2]))
    stand.check(hidden_files(lake) == [], f"{name}: nothing left behind", lambda: str(hidden_files(lake)))


def main():
    stand = Stand("determinism")
    files = make_inputs(stand)
    rng = stand.random
    first = stand.fresh("first")
    ran = stand.convert(stand.root / "in", "-o", first, "-m", "256M", "-j", "1")
    stand.check(ran.code == 1, "a first run: exit code 1, for there are bad rows", f"{ran.code}\n{ran.err[-2000:]}")
    stand.verify(first, "a first run")
    want, want_rejects = lake_hashes(first), rejects_without_paths(first)
    stand.check(len(want) >= 14 and len(want_rejects) > 100, "a first run: files and rejects are there",
                lambda: f"{len(want)} files, {len(want_rejects)} rejects, {total_rows(stand, first)} rows")

    for threads, budget in itertools.product((1, 2, 4), ("64M", "256M", "2G")):
        rng.shuffle(files)
        lake = stand.fresh("lake")
        ran = stand.convert(*files, "-o", lake, "-m", budget, "-j", str(threads))
        name = f"files in random order, {threads} threads, {budget}"
        stand.check(ran.code == 1, f"{name}: exit code", f"{ran.code}\n{ran.err[-2000:]}")
        compare(stand, name, lake, want, want_rejects)

    # The smallest budgets: many short rounds and, with shuffled rows, much spilling.
    for threads, budget in ((1, "24M"), (2, "32M"), (4, "48M"), (4, "64M")):
        lake = stand.fresh("lake")
        temp = stand.folder("temp")
        ran = stand.convert(stand.root / "in", "-o", lake, "-m", budget, "-j", str(threads), "--temp-dir", temp)
        name = f"{threads} threads, {budget}, rows put aside elsewhere"
        if ran.code == 5 and budget != "64M":
            stand.check("memory" in ran.err and lake_hashes(lake) == {}, f"{name}: says that it is too small", ran.err[-2000:])
            continue
        stand.check(ran.code == 1, f"{name}: exit code", f"{ran.code}\n{ran.err[-2000:]}")
        compare(stand, name, lake, want, want_rejects)

    # The same files in other folders, made in another order, so that the directory lists them otherwise.
    for turn in range(3):
        place = stand.fresh(f"moved{turn}")
        rng.shuffle(files)
        for i, path in enumerate(files):
            to = place / f"{'abcdef'[rng.randrange(6)]}{rng.randrange(3)}" / str(i % 5)
            while (to / path.name).exists():
                to = to / "again"
            to.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to / path.name)
        lake = stand.fresh("lake")
        ran = stand.convert(place, "-o", lake, "-m", "64M", "-j", "2")
        name = f"other folders ({turn})"
        stand.check(ran.code == 1, f"{name}: exit code", f"{ran.code}\n{ran.err[-2000:]}")
        compare(stand, name, lake, want, want_rejects)
        stand.remove(place)

    # Naming a file twice, or its folder as well, changes nothing.
    lake = stand.fresh("lake")
    ran = stand.convert(stand.root / "in", *files[:7], stand.root / "in" / ".." / "in", "-o", lake, "-j", "2")
    stand.check(lake_hashes(lake).keys() == want.keys(), "inputs named more than once: files", ran.err[-2000:])
    stand.end()


if __name__ == "__main__":
    main()
