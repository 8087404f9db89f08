#!/usr/bin/env python3
"""Writes docs/formats.md and the lower part of docs/formats/*.md from what the program says about its reports, what is known about them
(tests/evidence.tsv) and the tests that cover them.

usage: formats_table.py [--check] [build/busbar]
--check writes nothing and fails when a page is not what would be written, or a report has no test.
"""
import collections
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = {"PJM": "pjm", "CAISO": "caiso", "NYISO": "nyiso", "ERCOT": "ercot", "MISO": "miso", "ISONE": "isone", "SPP": "spp"}
EXPORTS = "gridstatus_export"
MARK = "<!-- Below this line: scripts/formats_table.py. Above it: written by hand. -->"

# Which test reads a report's real files (or, where there are none, reconstructed ones) a second time, by itself.
READ_AGAIN = {
    "sample_check": "pjm.da_hrl_lmps pjm.rt_hrl_lmps pjm.rt_fivemin_hrl_lmps caiso.PRC_LMP caiso.PRC_RTPD_LMP caiso.PRC_INTVL_LMP "
                    "miso.da_expost_lmp miso.da_exante_lmp miso.rt_lmp_final miso.rt_lmp_prelim",
    "check_miso": "miso.5MIN_LMP miso.RT_LMPs miso.asm_expost_damcp miso.asm_rtmcp_final",
    "check_spp": "spp.DA-LMP-SL spp.RTBM-LMP-SL spp.RTBM-LMP-DAILY-SL spp.DA-MCP",
    "check_nyiso": "nyiso.damlbmp_zone nyiso.damlbmp_gen nyiso.rtlbmp_zone nyiso.realtime_zone nyiso.oasis_dam_zonal_lbmp "
                   "nyiso.oasis_rtc_zonal_lbmp nyiso.damasp nyiso.rtasp",
    "check_isone": "isone.WW_DALMP_ISO isone.lmp_rt_final isone.lmp_rt_prelim isone.lmp_5min_final isone.lmp_5min_prelim "
                   "isone.daasreservedata isone.fiveminreserveprice_final",
    "check_ercot": "ercot.NP4-190 ercot.NP6-905 ercot.NP4-180 ercot.NP6-785 ercot.NP4-183 ercot.NP6-788 ercot.NP6-787 ercot.NP4-523 "
                   "ercot.NP6-322 ercot.NP4-188 ercot.NP6-331 ercot.NP6-332",
    "check_exports": "pjm.ancillary_services pjm.reserve_market_results caiso.PRC_AS nyiso.gridstatus_lmp spp.gridstatus_lmp "
                     "caiso.gridstatus_api",
}


def generated_by(report):
    """The test that converts generated files of a report and reads them a second time."""
    iso = report.split(".")[0]
    if "gridstatus" in report:
        return "generated_rest_check"
    if iso in ("nyiso", "isone", "ercot"):
        return f"check_{iso}"
    return "generated_check" if report in READ_AGAIN["sample_check"].split() + ["caiso.PRC_HASP_LMP"] else "generated_rest_check"


def run(program, *arguments):
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False).stdout


def detected(program, folder):
    """(path, report or reason) of every file below a folder."""
    for line in run(program, "detect", "--json", folder).splitlines():
        told = json.loads(line)
        yield Path(told["path"]), told.get("report"), told.get("why_not", "")


def golden_cases(program, reports):
    """report -> folders of tests/golden that hold a file of it"""
    golden, cases = ROOT / "tests" / "golden", collections.defaultdict(set)
    by_name = {r["id"]: r for r in reports}
    for case in golden.glob("*/*/*"):
        iso, report = case.relative_to(golden).parts[:2]
        if f"{iso}.{report}" in by_name:
            cases[f"{iso}.{report}"].add(case)
    for path, report, why in detected(program, golden):
        if "in" not in path.relative_to(golden).parts[3:4]:
            continue
        case = golden.joinpath(*path.relative_to(golden).parts[:3])
        if report:
            cases[report].add(case)
        else:
            for r in reports:
                if r["refusal"] and r["refusal"] in why:
                    cases[r["id"]].add(case)
    return cases


def generators(program, reports):
    """report -> names of generators whose files are detected as it"""
    ids, found = {r["id"] for r in reports}, collections.defaultdict(set)
    names = [line.split()[0] for line in run(program, "generate", "--list").splitlines() if "." in line.split(" ")[0]]
    with tempfile.TemporaryDirectory(prefix="busbar-formats-") as scratch:
        for name in names:
            run(program, "generate", name, "-o", f"{scratch}/{name}", "--nodes", 3, "--days", 1)
        for path, report, _ in detected(program, scratch):
            if report:
                found[report].add(path.relative_to(scratch).parts[0])
    for name in names:
        if name in ids:
            found[name].add(name)
    return found


def evidence():
    rows = [line.split("\t") for line in (ROOT / "tests" / "evidence.tsv").read_text().splitlines() if line and not line.startswith("#")]
    return {r[0]: (r[1], "" if r[2] == "-" else r[2]) for r in rows[1:]}


def cell(text):
    return text.replace("|", "\\|").replace("<", "\\<")


def words(report, known):
    kind, layouts = known.get(report["id"], ("none", ""))
    text = {"real": "real files", "reconstructed": "reconstructed", "none": "description only"}[kind]
    return f"{text}: {layouts}" if layouts else text


def tests_of(report, cases, made, known):
    """[(markdown, counts as a test without real files)]"""
    id, tests = report["id"], []
    for case in sorted(cases.get(id, ())):
        short = case.relative_to(ROOT / "tests" / "golden")
        tests.append(f"[{short.parts[1]}/{short.parts[2]}](../tests/golden/{short})")
    if made.get(id):
        tests.append(f"`{generated_by(id)}` over generated files")
    for check, ids in READ_AGAIN.items():
        if id in ids.split() and known.get(id, ("none",))[0] != "none":
            tests.append(f"`{check}` over {'real' if known[id][0] == 'real' else 'reconstructed'} files")
    return tests


def table(reports, cases, made, known, problems):
    out = ["# Reports, and what proves that they are read right", "",
           "Written by `scripts/formats_table.py` from `busbar formats --json`, `busbar generate --list`, `tests/evidence.tsv` and the folders of",
           "`tests/golden/`; a check fails when it is not up to date, or when a report has no test.", "",
           "*Evidence*: real files of the operator (whole, or lines of them) were read; files reconstructed from descriptions, or from real values in",
           "another layout; or the operator's description only. *Generated*: `busbar generate` writes the report in the operator's layout.", "",
           "*Tests*: links are golden cases (raw files, wanted rows); names are programs in `tests/interop/` that read the same raw files by",
           "themselves, in Python, and compare every row. Real files are not part of the project: those tests run where `BUSBAR_SAMPLES` names them.", ""]
    kinds = collections.Counter(r["kind"] for r in reports)
    shown = collections.Counter(known.get(r["id"], ("none",))[0] for r in reports if r["kind"] == "prices")
    out += [f"{kinds['prices']} price reports are read ({shown['real']} checked against real files, {shown['reconstructed']} against reconstructed ones, "
            f"{sum(1 for r in reports if r['kind'] == 'prices' and made.get(r['id']))} generated), {kinds['locations']} lists of locations; "
            f"{kinds['refused']} are known and refused with the reason.", ""]
    for iso, page in [*PAGES.items(), ("gridstatus exports", EXPORTS)]:
        mine = [r for r in reports if page_of(r) == page]
        out += [f"## {iso}", "", f"Details: [formats/{page}.md](formats/{page}.md)", "",
                "| report | datasets | layouts that are read | evidence | generated | tests |", "|---|---|---|---|---|---|"]
        for r in mine:
            tests = tests_of(r, cases, made, known)
            if not tests:
                problems.append(f"{r['id']} has no test")
            if r["id"] not in known:
                problems.append(f"{r['id']} is not in tests/evidence.tsv")
            what = {"prices": r["datasets"], "locations": "list of locations", "refused": "refused"}[r["kind"]]
            out.append(f"| `{r['id']}` | {cell(what)} | {cell(r['layouts'])} | {cell(words(r, known))} | "
                       f"{', '.join(f'`{m}`' for m in sorted(made.get(r['id'], ())))} | {'; '.join(tests)} |")
        out.append("")
    return "\n".join(out).rstrip() + "\n"


def page_of(report):
    return EXPORTS if ".gridstatus" in report["id"] else PAGES[report["iso"]]


def lower_part(reports, page):
    out = []
    for kind, title in (("prices", "Reports that are read"), ("locations", "Lists of locations"), ("refused", "Known and refused")):
        mine = [r for r in reports if page_of(r) == page and r["kind"] == kind]
        if not mine:
            continue
        out += [f"## {title}", ""]
        for r in mine:
            out += [f"### {r['id']}", "", f"{r['title']}.", "", f"- Usual file names: {r['file_names']}"]
            if kind == "refused":
                out.append(f"- Refused: {r['refusal']}")
            else:
                out.append(f"- Layouts: {r['layouts']}")
            if kind == "prices":
                out += [f"- Datasets: {r['datasets']}", f"- Time: {r['time_rule']}"]
            out.append("")
    return "\n".join(out).rstrip() + "\n"


def main():
    arguments = sys.argv[1:]
    check = "--check" in arguments
    arguments = [a for a in arguments if a != "--check"]
    program = os.path.abspath(arguments[0] if arguments else ROOT / "build" / "busbar")
    reports = json.loads(run(program, "formats", "--json") or "[]")
    if not reports:
        print(f"{program} does not run; build first")
        return 1
    problems, known = [], evidence()
    problems += [f"tests/evidence.tsv: {id} is not a report" for id in known if id not in {r["id"] for r in reports}]
    for script in [*READ_AGAIN, "generated_check", "generated_rest_check"]:
        if not (ROOT / "tests" / "interop" / f"{script}.py").exists():
            problems.append(f"tests/interop/{script}.py is missing")
    cases, made = golden_cases(program, reports), generators(program, reports)
    pages = {ROOT / "docs" / "formats.md": table(reports, cases, made, known, problems)}
    for page in [*PAGES.values(), EXPORTS]:
        path = ROOT / "docs" / "formats" / f"{page}.md"
        text = path.read_text() if path.exists() else ""
        if MARK not in text:
            problems.append(f"{path.relative_to(ROOT)} lacks the line {MARK}")
            continue
        pages[path] = text[:text.index(MARK)] + MARK + "\n\n" + lower_part(reports, page)
    for path, text in pages.items():
        if check:
            if not path.exists() or path.read_text() != text:
                problems.append(f"{path.relative_to(ROOT)} is not what the program says; write it anew: scripts/formats_table.py {arguments[0] if arguments else ''}")
        else:
            path.write_text(text)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
