"""The tables of docs/performance.md, made from a file of bench/results. `python bench/run.py --render` makes them again."""
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
BUSY = 0.5  # processors: more than this taken by others is said in the table
TOOLS = {"duckdb": "DuckDB", "duckdb-sorted": "DuckDB, sorted only", "polars": "Polars, streaming", "pyarrow": "pyarrow", "pandas": "pandas, batches of 50 files"}
MARKETS = {"pjm": "PJM", "caiso": "CAISO", "nyiso": "NYISO", "ercot": "ERCOT", "miso": "MISO", "isone": "ISO-NE", "spp": "SPP", "all": "all"}


def lines_of(title, align, rows):
    return [f"| {' | '.join(title)} |", "|" + "|".join("---:" if a == "r" else "---" for a in align) + "|"] + [f"| {' | '.join(r)} |" for r in rows]


def million(n, seconds):
    return n / seconds / 1e6


def busy(r):
    return max(r["before"]["others"] + r["before"]["stolen"], r["during"]["others"] + r["during"]["stolen"])


def threads_of(results):
    return results["machine"]["processors"]


def busbar_name(results, kind):
    n = threads_of(results)
    return {"all": f"{n} threads", "one": "1 thread", "small": f"{n} threads, 64 MB"}[kind]


def machine(results):
    m = results["machine"]
    out = [f"Measured {results['date']} with busbar {results['version']} (commit {results['commit']}) on {m['processors']} processors of {m['processor']}, "
           f"{m['memory']} of memory, {m['system']}{', a virtual machine' if m['virtual'] else ''}; inputs and outputs on tmpfs; {results['seconds'] / 60:.0f} minutes in all."]
    if results["peers"]:
        out[-1] += " Peers: " + ", ".join(f"{k} {v}" for k, v in results["peers"].items()) + "."
    noisy = [n for n, r in results["inputs"].items() if busy(r) > BUSY]
    most = max((busy(r) for r in results["inputs"].values()), default=0)
    out[-1] += f" Load of the machine before the run {results['load'][0]:.2f}; "
    if noisy:
        out[-1] += (f"**other work was going on** while {', '.join(noisy)} {'was' if len(noisy) == 1 else 'were'} measured: up to {most:.2f} processors that are not the benchmark's (marked ⚠). "
                    "Such figures say little about times; processor times and ratios of interleaved runs suffer less.")
    else:
        out[-1] += f"other work took {most:.2f} processors at most, before any input or while it was measured: a quiet machine."
    return out


def mark(r):
    return " ⚠" if busy(r) > BUSY else ""


def ceiling(results, busbar):
    """How many times faster than one thread all threads could be at best: separate runs, one on each processor, beside one alone."""
    return threads_of(results) * busbar["one"]["wall_s"] / busbar["together"]["wall_s"] if "together" in busbar and "one" in busbar else None


def speed(results):
    n, rows = threads_of(results), []
    with_best = any(ceiling(results, r["busbar"]) for r in results["inputs"].values())
    for name, r in results["inputs"].items():
        b = r["busbar"]
        if "all" not in b:
            continue
        a, best = b["all"], ceiling(results, b)
        packed = f" ({r['stored_nbytes'] / 1e6:.0f} packed)" if r["stored_nbytes"] < 0.8 * r["plain_nbytes"] else ""
        lines = "" if r["lines"] == r["rows"] else f" ({million(r['lines'], a['wall_s']):.1f} lines)"
        rows.append([r["title"] + mark(r), f"{r['rows'] / 1e6:.2f}", f"{r['plain_nbytes'] / 1e6:.0f}{packed}", f"{a['wall_s']:.2f}",
                     f"**{million(r['rows'], a['wall_s']):.2f}**{lines}", f"{million(r['plain_nbytes'], a['wall_s']):.0f}",
                     f"{b['one']['wall_s']:.2f}" if "one" in b else "", f"{b['one']['wall_s'] / a['wall_s']:.2f} ×" if "one" in b else "",
                     *([f"{best:.2f} ×" if best else ""] if with_best else []),
                     f"{b['small']['wall_s']:.2f}" if "small" in b else "", f"{a['peak_mib']:.0f}", f"{b['small']['peak_mib']:.0f}" if "small" in b else "",
                     f"{a['out_nbytes'] / 1e6:.1f}"])
    if not rows:
        return []
    said = ("busbar alone: M rows/s are rows of the lake (where the operator's lines are not rows: CAISO has a line per component, MISO one for 24 hours of a "
            "component, the lines stand beside), MB/s are of the text, unpacked. ")
    if with_best:
        said += (f"\"At best\" is what the machine gives to {n} threads: {n} separate runs of one thread at the same time, each pinned to a processor of its own, "
                 "beside one alone; they share nothing but memory and third-level cache. ")
    said += f"Median of {len(next(iter(results['inputs'].values()))['busbar']['all']['all_wall_s'])} runs."
    title = ["input", "M rows", "MB of text", f"{n} threads, s", "M rows/s", "MB/s", "1 thread, s", f"1 to {n} threads", *(["at best"] if with_best else []),
             f"{n} threads, 64 MB, s", "peak, MiB", "peak at 64 MB, MiB", "file, MB"]
    return ["", said, "", *lines_of(title, "l" + "r" * (len(title) - 1), rows)]


def archives(results):
    rows = []
    for name, r in results["inputs"].items():
        if not r.get("inflate") or "all" not in r["busbar"]:
            continue
        i, a = r["inflate"], r["busbar"]["all"]["wall_s"]
        plain = results["inputs"].get(name.removesuffix("-zip"))
        rows.append([r["title"] + mark(r), str(i["members"]), f"{i['one_s']:.3f}", f"{i['all_s']:.3f}", f"{million(i['plain_nbytes'], i['all_s']):.0f}", f"{a:.3f}", f"{a / i['all_s']:.2f} ×",
                     f"{a / plain['busbar']['all']['wall_s']:.2f} ×" if plain and "all" in plain["busbar"] and plain["plain_nbytes"] > 0.9 * r["plain_nbytes"] else ""])
    if not rows:
        return []
    return ["", "Archives, beside inflating the same archives from memory and doing nothing with the text (ISA-L, no checksum, one member per thread):", "",
            *lines_of(["input", "members", "inflating alone, 1 thread, s", "on all, s", "MB/s of text", "busbar on all, s", "busbar / inflating", "busbar, zipped / plain"], "lrrrrrrr", rows)]


def peers(results):
    rows = []
    for name, r in results["inputs"].items():
        if not r["tools"] and not r["failed"]:
            continue
        ours = r["busbar"]["all"]
        first = f"**{r['title']}**{mark(r)}, {r['rows'] / 1e6:.2f} M rows, {r['plain_nbytes'] / 1e6:.0f} MB"
        for kind in ("all", "small"):
            if kind in r["busbar"]:
                v = r["busbar"][kind]
                rows.append([first, f"busbar, {busbar_name(results, kind)}", f"{v['wall_s']:.2f}", f"{million(r['rows'], v['wall_s']):.2f}", f"{million(r['plain_nbytes'], v['wall_s']):.0f}", "", f"{v['cpu_s']:.2f}",
                             f"{v['peak_mib']:.0f}", "", f"{v['out_nbytes'] / 1e6:.1f}", str(len(v["all_wall_s"]))])
                first = ""
        for tool, v in r["tools"].items():
            label = TOOLS.get(tool, tool)
            if tool.startswith("duckdb"):
                label += f", {v['memory_limit']}" + ("" if v["memory_limit"] == "256MB" else ": it fails with less")
            rows.append(["", label, f"{v['wall_s']:.2f}", f"{million(r['rows'], v['wall_s']):.2f}", f"{million(r['plain_nbytes'], v['wall_s']):.0f}", f"**{v['wall_s'] / ours['wall_s']:.1f} ×**", f"{v['cpu_s']:.2f}",
                         f"{v['peak_mib']:.0f}", f"{v['peak_mib'] / ours['peak_mib']:.1f} ×", f"{v['out_nbytes'] / 1e6:.1f}", str(len(v["all_wall_s"]))])
        for tool, why in r["failed"].items():
            rows.append(["", TOOLS.get(tool, tool), "failed: " + " ".join(why.replace("|", "/").split())[:160]] + [""] * 8)
    if not rows:
        return []
    return ["", "Beside the peers. What each one wrote was compared with busbar's lake: rows, instants, sums of the prices per location.", "",
            *lines_of(["input", "tool", "time, s", "M rows/s", "MB/s", "busbar is faster by", "processor time, s", "peak, MiB", "busbar takes less by", "file, MB", "runs"], "llrrrrrrrrr", rows)]


def growth(results):
    rows = [[f"{g['times']} ×", f"{g['plain_nbytes'] / 1e6:.0f}", f"{g['rows'] / 1e6:.2f}", f"{g['peak_mib']:.0f}", f"{million(g['rows'], g['wall_s']):.2f}"] for g in results.get("growth") or []]
    return ["", "Peak memory as the input grows (PJM, limit 256 MB, which is 256 MiB):", "", *lines_of(["", "MB", "M rows", "peak, MiB", "M rows/s"], "lrrrr", rows)] if rows else []


def sizes(results):
    found = results.get("sizes")
    if not found:
        return ["", "Sizes on real files were not measured: no folder of them was there (set BUSBAR_SAMPLES)."]
    percent = lambda a, b: f"{100 * (a / b - 1):+.1f} %"
    rows = [[MARKETS.get(n, n), str(r["files"]), f"{r['rows']:,}", f"{r['lake']:,}", f"{r['duckdb']:,}", percent(r["lake"], r["duckdb"]), f"{r['dense']:,}", percent(r["dense"], r["duckdb"]),
             percent(r["lake_columns"], r["duckdb_columns"]), percent(r["dense_columns"], r["duckdb_columns"]), f"{r['duckdb_v2']:,}"] for n, r in found.items()]
    return ["", "Real files, in bytes: the operators' samples converted with the profiles `lake` and `dense`, and the same rows in the same order written by DuckDB with zstd at its "
            "usual level. busbar's files also hold the ledger, the origin of each row, quality, page index and checksums; \"columns\" compares without what is beside them.", "",
            *lines_of(["market", "files", "rows", "`lake`", "DuckDB", "`lake` is", "`dense`", "`dense` is", "columns: `lake`", "columns: `dense`", "DuckDB, v2 pages"], "lrrrrrrrrrr", rows)]


def update_disks(results):
    """(file system, measurements by case) of the folder, and of the file system that shares blocks where there was one."""
    found = results.get("update") or {}
    for r in (found, found.get("sharing") or {}):
        cases = {n: v for n, v in r.items() if isinstance(v, dict) and "seconds" in v}
        if "the year in one run" in cases:
            shares = " (shares blocks)" if r is not found else ""
            yield r.get("file_system", "unknown") + shares, cases


def update(results):
    said = []
    for disk, cases in update_disks(results):
        year, rows = cases["the year in one run"], []
        for name, r in cases.items():
            rows.append([name, f"{r['seconds']:.3f}", f"{r['seconds'] / year['seconds']:.2%}", f"{r['cpu_seconds']:.3f}" if "cpu_seconds" in r else "",
                         f"{r['rows'] - r['rows_kept']:,}" if "rows_kept" in r else "", f"{r['rows_kept']:,}" if "rows_kept" in r else "",
                         f"{r['peak_rss_nbytes'] / 2**20:.0f}" if "peak_rss_nbytes" in r else ""])
        said += ["", f"What an update of a lake of {year['rows']:,} PJM rows costs on {disk} (`bench/update.py`):", "",
                 *lines_of(["", "seconds", "of the year", "processor time, s", "rows written anew", "rows copied", "peak, MiB"], "lrrrrrr", rows)]
    left_out = ((results.get("update") or {}).get("sharing") or {}).get("left_out")
    if left_out:
        said += ["", f"An update on a file system that shares blocks was not measured: {left_out}."]
    return said


def stages(results):
    found = {n: s for n, s in (results.get("stages") or {}).items() if s}
    if not found:
        return []
    names = []
    for s in found.values():
        names += [k for k in s["shares"] if k not in names]
    cell = lambda s, k: f"{s['cpu_s'] * 1e9 / s['rows'] * s['shares'].get(k, 0) / 100:.1f} ({s['shares'].get(k, 0):.1f} %)"
    rows = [[k] + [cell(s, k) for s in found.values()] for k in names]
    rows.append(["all"] + [f"{s['cpu_s'] * 1e9 / s['rows']:.0f}" for s in found.values()])
    return ["", "Where the time goes, nanoseconds of processor time per row on one thread (share):", "", *lines_of(["stage", *found], "l" + "r" * len(found), rows)]


def limits(results):
    if not results.get("limits"):
        return []
    names = {"memcpy": "memcpy of the text", "read": "read() of the text from the page cache, 1 MiB at a time", "inflate": "ISA-L inflating the text (MB/s of text)",
             "zstd_1": "zstd level 1 on the file's own pages (MB/s of pages)"}
    return ["", "What the machine does at best with the same bytes, in the same run:", "",
            *lines_of(["", "one thread, MB/s", "all threads, MB/s"], "lrr", [[names[k], f"{v['one']:.0f}", f"{v['all']:.0f}"] for k, v in results["limits"].items()])]


def targets(results):
    """Each target beside what was measured. A verdict stands on every figure it names; nothing is met on average."""
    rows, inputs = [], results["inputs"]
    wall = lambda n, kind="all": inputs[n]["busbar"][kind]["wall_s"]
    rate = lambda n: million(inputs[n]["rows"], wall(n))
    have = [n for n in inputs if "all" in inputs[n]["busbar"]]
    plain = [n for n in have if not n.endswith("-zip") and n != "pjm-shuffled"]
    zipped = [n for n in have if n.endswith("-zip")]

    def add(what, least, aim, said, met, aimed=None):
        rows.append([what, least, aim, said, "" if met is None else "yes" if met else "**no**", "" if aimed is None else "yes" if aimed else "no"])

    def rates(names):
        shown = lambda n: f"{n.removesuffix('-zip')} {rate(n):.2f}" + ("" if inputs[n]["lines"] <= inputs[n]["rows"] else f" ({million(inputs[n]['lines'], wall(n)):.1f} M lines/s)")
        return ", ".join(shown(n) for n in names)

    if "pjm" in have:
        add("PJM plain, 256 MB, M rows/s", "5", "8", f"{rate('pjm'):.2f}", rate("pjm") >= 5, rate("pjm") >= 8)
        duck = inputs["pjm"]["tools"].get("duckdb")
        if duck:
            ratio = duck["wall_s"] / wall("pjm")
            add(f"times DuckDB with {duck['memory_limit']}", "10 ×", "25 ×", f"{ratio:.1f} ×", ratio >= 10, ratio >= 25)
    if "pjm-zip" in have:
        add("PJM zipped, M rows/s", "3", "", f"{rate('pjm-zip'):.2f}", rate("pjm-zip") >= 3)
    inflating = {n: wall(n) / inputs[n]["inflate"]["all_s"] for n in zipped if inputs[n].get("inflate")}
    if inflating:
        add("zipped, beside inflating alone on all processors", "", "within 15 %", ", ".join(f"{n.removesuffix('-zip')} {v:.2f} ×" for n, v in inflating.items()), None, max(inflating.values()) <= 1.15)
    others = [n for n in plain if n != "pjm"]
    if others:
        per_byte = {n: inputs[n]["plain_nbytes"] / wall(n) for n in plain}
        add("each other report plain, M rows/s", "2.5", "as PJM per byte", rates(others), min(map(rate, others)) >= 2.5,
            "pjm" in have and all(per_byte[n] >= per_byte["pjm"] for n in others))
        add("the slowest report plain, M rows/s", "2", "", f"least: {min(plain, key=rate)} {rate(min(plain, key=rate)):.2f}", min(map(rate, plain)) >= 2)
    if zipped:
        add("each zipped, M rows/s", "", "", rates(zipped), None)
    scaling = {n: wall(n, "one") / wall(n) for n in plain + zipped if "one" in inputs[n]["busbar"]}
    if scaling and threads_of(results) == 2:
        best = {n: ceiling(results, inputs[n]["busbar"]) for n in scaling}
        add("1 to 2 threads" + (" (what the machine gives at best)" if any(best.values()) else ""), "1.8 ×", "1.95 ×", ", ".join(f"{n} {v:.2f}" + (f" ({best[n]:.2f})" if best[n] else "") for n, v in scaling.items()), min(scaling.values()) >= 1.8, min(scaling.values()) >= 1.95)
    grown = results.get("growth")
    if grown:
        peaks = [g["peak_mib"] for g in grown]
        add("peak at 1, 4, 16 × the input, limit 256 MiB", "under the limit", "the same at all", ", ".join(f"{p:.0f}" for p in peaks) + " MiB", max(peaks) <= 256, max(peaks) <= 1.05 * min(peaks))
    if "pjm" in have and "pjm-shuffled" in have:
        said, shares = [], []
        for kind, limit in (("all", "256 MB"), ("small", "64 MB")):
            if kind in inputs["pjm-shuffled"]["busbar"] and kind in inputs["pjm"]["busbar"]:
                hinted, unhinted = (inputs[n]["rows"] / wall(n, kind) for n in ("pjm", "pjm-shuffled"))
                spilled = inputs["pjm-shuffled"]["busbar"][kind].get("spilled_nbytes", 0)
                shares.append(unhinted / hinted)
                said.append(f"{shares[-1]:.2f} at {limit} ({spilled / 1e6:.0f} MB spilled)")
        add("shuffled rows, share of the hinted speed", "1/2", "2/3", ", ".join(said), min(shares) >= 0.5, min(shares) >= 2 / 3)
    found = (results.get("sizes") or {}).get("all")
    if found:
        lake, dense = found["lake"] / found["duckdb"], found["dense"] / found["duckdb"]
        add("size on real files, `lake` / DuckDB's zstd", "not larger", "", f"{lake:.3f} (columns alone {found['lake_columns'] / found['duckdb_columns']:.3f})", lake <= 1)
        add("the same, `dense`", "", "25 % smaller", f"{100 * (1 - dense):.1f} % smaller (columns alone {100 * (1 - found['dense_columns'] / found['duckdb_columns']):.1f} %)", None, dense <= 0.75)
    pandas = {n: inputs[n]["tools"]["pandas"] for n in have if "pandas" in inputs[n]["tools"]}
    if pandas:
        faster = {n: v["wall_s"] / wall(n) for n, v in pandas.items()}
        less = {n: v["peak_mib"] / inputs[n]["busbar"]["all"]["peak_mib"] for n, v in pandas.items()}
        least = {n: v["peak_mib"] / inputs[n]["busbar"]["small"]["peak_mib"] for n, v in pandas.items() if "small" in inputs[n]["busbar"]}
        add("faster than the pandas pipeline", "40 ×", "100 ×", ", ".join(f"{n} {v:.0f} ×" for n, v in faster.items()), min(faster.values()) >= 40, min(faster.values()) >= 100)
        add("its memory / busbar's at 256 MB", "40 ×", "", ", ".join(f"{n} {v:.0f} ×" for n, v in less.items()), min(less.values()) >= 40)
        if least:
            add("its memory / busbar's at 64 MB", "40 ×", "", ", ".join(f"{n} {v:.0f} ×" for n, v in least.items()), min(least.values()) >= 40)
    for disk, cases in update_disks(results):
        year = cases["the year in one run"]
        if "one new day" in cases:
            share = cases["one new day"]["seconds"] / year["seconds"]
            add(f"one new day into {year['rows'] / 1e6:.0f} M rows, of the year's time, on {disk}", "under 2 %", "", f"{share:.2%}", share < 0.02)
        again = {n: r["seconds"] for n, r in cases.items() if n.endswith("again")}
        if again:
            add(f"nothing new, s, on {disk}", "under 0.2", "", ", ".join(f"{n} {v:.3f}" for n, v in again.items()), max(again.values()) < 0.2)
    return "\n".join(lines_of(["target", "at least", "aim", "measured", "met", "aim met"], "lrrlll", rows))


def page(results):
    parts = [*machine(results), "", "The targets, each beside what this run measured:", "", targets(results)]
    for part in (speed, archives, peers, growth, sizes, update, stages, limits):
        parts += part(results)
    return "\n".join(parts) + "\n"


def render(results):
    where = HERE.parent / "docs" / "performance.md"
    text = where.read_text()
    begin, end = "<!-- bench:begin -->\n", "<!-- bench:end -->\n"
    where.write_text(text[:text.index(begin) + len(begin)] + page(results) + text[text.index(end):])
