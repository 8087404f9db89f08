#!/usr/bin/env python3
"""How large each column is in the profiles lake and dense: the table of docs/parquet.md.

usage: profile_sizes.py PROGRAM [RAW...]
RAW: folders of raw files, one block of the table each; more than the real files ($BUSBAR_SAMPLES, else ../shared/samples) and a
generated set, which are always measured when they are there. Compression is zstd in both profiles. Ends with 1 if a column takes
more than 2 % and 4 KiB more in dense than in lake.
"""
import collections
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

GENERATED = [("pjm.da_hrl_lmps", 500, 31), ("pjm.rt_fivemin_hrl_lmps", 60, 7), ("caiso.dam_lmp_grp", 500, 10), ("caiso.rtm_lmp_grp", 60, 3),
             ("miso.da_expost_lmp", 500, 31), ("miso.5MIN_LMP", 100, 7), ("nyiso.realtime_gen", 100, 10), ("ercot.NP6-905", 300, 5),
             ("isone.WW_DALMP_ISO", 500, 10), ("spp.RTBM-LMP-DAILY-SL", 100, 5), ("nyiso.rtasp", 11, 10), ("spp.RTBM-MCP-DAILY", 5, 10)]


def measure(program, raw, profile, lake):
    done = subprocess.run([program, "convert", *map(str, raw), "-o", str(lake), "--profile", profile, "--quiet"], capture_output=True, text=True)
    if done.returncode not in (0, 1):  # 1: samples hold files that have to be refused
        raise SystemExit(f"convert --profile {profile}: exit {done.returncode}\n{done.stderr[-2000:]}")
    sizes, encodings = collections.Counter(), collections.defaultdict(set)
    for path in lake.rglob("*.parquet"):
        sizes["whole files"] += path.stat().st_size
        meta = pq.ParquetFile(path).metadata
        sizes["rows"] += meta.num_rows
        kind = "ancillary" if "as_product" in meta.schema.names else "energy"
        for g in range(meta.num_row_groups):
            for c in range(meta.num_columns):
                column = meta.row_group(g).column(c)
                sizes[kind, column.path_in_schema] += column.total_compressed_size
                encodings[kind, column.path_in_schema] |= {e for e in column.encodings if e not in ("RLE", "PLAIN", "RLE_DICTIONARY")}
    return sizes, encodings


def block(program, title, raw, scratch, floor):
    lake, _ = measure(program, raw, "lake", scratch / "lake")
    dense, encodings = measure(program, raw, "dense", scratch / "dense")
    print(f"\n{title}: {lake['rows']} rows\n\n| column | lake, bytes | dense, bytes | dense / lake | also written as |\n|---|---|---|---|---|")
    larger = []
    keys = sorted((k for k in lake if isinstance(k, tuple)), key=lambda k: (k[0] != "energy", -lake[k]))
    for key in keys + ["whole files"]:
        if lake[key] > 1.02 * dense[key] or dense[key] > 1.02 * lake[key] or key == "whole files" or lake[key] > floor:
            name = key if key == "whole files" else f"`{key[1]}`" + (" (ancillary)" if key[0] == "ancillary" else "")
            print(f"| {name} | {lake[key]} | {dense[key]} | {dense[key] / max(lake[key], 1):.3f} | {', '.join(sorted(encodings.get(key, [])))} |")
        if dense[key] > 1.02 * lake[key] + 4096:
            larger.append(f"{title}: {key}")
    return larger


def main():
    program = os.path.abspath(sys.argv[1])
    samples = Path(os.environ.get("BUSBAR_SAMPLES") or Path(__file__).resolve().parents[2] / "shared" / "samples")
    larger = []
    with tempfile.TemporaryDirectory(prefix="busbar-profiles-") as scratch:
        scratch = Path(scratch)
        if samples.is_dir():
            larger += block(program, "Real files", [samples], scratch / "real", 20000)
        for folder in sys.argv[2:]:
            larger += block(program, folder, [folder], scratch / folder.replace("/", "_"), 20000)
        generated = scratch / "generated"
        for report, nodes, days in GENERATED:
            subprocess.run([program, "generate", report, "-o", str(generated / report), "--nodes", str(nodes), "--days", str(days), "--from",
                            "2024-06-01", "--seed", "5"], check=True, capture_output=True)
        larger += block(program, "Generated files", [generated], scratch / "made", 100000)
    for what in larger:
        print(f"larger in dense: {what}")
    return 1 if larger else 0


if __name__ == "__main__":
    sys.exit(main())
