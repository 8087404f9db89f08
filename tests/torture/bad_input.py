#!/usr/bin/env python3
"""Whatever is wrong with the input: the message says where, what and what to do, the exit code says so, the rejects file has the details, all
other rows arrive, nothing is published that should not be, and memory stays inside the limit.

TORTURE_LINE_MB: length of the endless lines and size of the archive bombs (1024).
"""
import gzip
import io
import os
import re
import shutil
import struct
import zipfile
import zlib

from stand import MB, Stand, hidden_files, lake_hashes, reject_entries, total_rows

LINE_MB = int(os.environ.get("TORTURE_LINE_MB", "1024"))
NODES, HOURS = 30, 24
DAY_ROWS = NODES * HOURS
GOOD_ROWS = 2 * DAY_ROWS
HTML = b"<!DOCTYPE html><html><head><title>503</title></head><body>Service Unavailable</body></html>\n"


def zipped(*members, **how):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **how) as z:
        for name, data in members:
            z.writestr(name, data)
    return out.getvalue()


def stored_zip_with_crc(name, data, crc):
    """A deflated member whose directory entry and local header agree on a wrong CRC."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush()
    fields = (20, 0, 8, 0, 0x58A1, crc, len(packed), len(data), len(name), 0)
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, *fields) + name
    central = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, *fields, 0, 0, 0, 0, 0) + name
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(central), len(local) + len(packed), 0)
    return local + packed + central + end


def gzip_of_zeros(path, nbytes, fill=b"\0", before=b"", after=b""):
    """A gzip file of a few MB at most that unpacks to nbytes of one byte."""
    with gzip.open(path, "wb", compresslevel=9) as f:
        f.write(before)
        block = fill * MB
        for _ in range(nbytes // MB):
            f.write(block)
        f.write(after)


class Cases:
    def __init__(self, stand):
        self.stand = stand
        stand.generate("pjm.da_hrl_lmps", "good", "--nodes", str(NODES), "--from", "2024-01-01", "--days", "2")
        stand.generate("pjm.da_hrl_lmps", "other", "--nodes", str(NODES), "--from", "2024-01-05", "--days", "1")
        stand.generate("miso.da_expost_lmp", "miso", "--nodes", "8", "--from", "2024-01-05", "--days", "1")
        stand.generate("caiso.prc_lmp", "caiso", "--nodes", "4", "--from", "2024-03-10", "--days", "1")
        read = lambda folder: next((stand.root / folder).iterdir()).read_bytes()
        self.other, self.miso, self.caiso = read("other"), read("miso"), read("caiso")
        self.miso_name = next((stand.root / "miso").iterdir()).name
        self.newline = b"\r\n" if b"\r\n" in self.other else b"\n"
        self.lines = self.other.split(self.newline)
        self.header = self.lines[0]

    def joined(self, lines):
        return self.newline.join(lines)

    def changed(self, line, column, value):
        """other, with one field of one line replaced."""
        lines = list(self.lines)
        fields = lines[line].split(b",")
        fields[column] = value
        lines[line] = b",".join(fields)
        return self.joined(lines)

    def run(self, name, files, code=1, says=(), rows=GOOD_ROWS, rejects=None, reason=None, prepare=None, options=(), memory="64M", peak=64, files_of=None):
        """files: {name: bytes} beside two good files. says: patterns of the messages. rejects: number of reject entries; reason: of all of them."""
        s = self.stand
        folder = s.fresh("in")
        shutil.copytree(s.root / "good", folder)
        for file_name, data in files.items():
            with open(os.path.join(os.fsencode(folder), file_name if isinstance(file_name, bytes) else file_name.encode()), "wb") as f:
                f.write(data)
        if prepare:
            prepare(folder)
        lake = s.fresh("lake")
        ran = s.convert(folder, "-o", lake, "-m", memory, "-j", "2", *options, timeout=120)
        tail = ran.err[-3000:]
        s.check(ran.code == code, f"{name}: exit code {code}", f"{ran.code}\n{tail}")
        for pattern in says:
            s.check(re.search(pattern, ran.err) is not None, f"{name}: says {pattern!r}", tail)
        if rows is not None:
            got = total_rows(s, lake)
            s.check(got == rows, f"{name}: {rows} rows arrived", f"{got}\n{tail}")
        if rejects is not None:
            entries = reject_entries(lake)
            s.check(len(entries) == rejects and (reason is None or all(e["reason"] == reason for e in entries)),
                    f"{name}: {rejects} in the rejects file" + (f", reason {reason}" if reason else ""), str(entries)[:2000])
            for e in entries:
                row = e["reason"] != "file"
                missing = {"path", "reason", "detail"} | ({"line", "byte", "column", "text"} if row else set())
                if not missing <= e.keys():
                    s.check(False, f"{name}: a reject tells everything", str(e)[:500])
        if not s.sanitized:
            s.check(ran.peak_mb <= peak, f"{name}: {ran.peak_mb:.1f} MiB at most", f"limit {peak}")
        if hidden_files(lake):
            s.check(False, f"{name}: nothing left behind", str(hidden_files(lake)))
        return ran, lake


def files_that_are_none(c):
    refused = dict(rejects=1, reason="file")
    c.run("empty file", {"x.csv": b""}, says=[r"refused: .*x\.csv: .*empty"], **refused)
    c.run("HTML page", {"da_hrl_lmps.csv": HTML}, says=[r"refused: .*da_hrl_lmps\.csv: .*HTML page.*download"], **refused)
    c.run("wrong header", {"x.csv": b"a,b,c\n1,2,3\n"}, says=[r"refused: .*x\.csv: not a report.*busbar formats.*a,b,c"], **refused)
    c.run("renamed column", {"x.csv": c.other.replace(b"total_lmp_da", b"lmp_da")},
          says=[r"x\.csv: .*closest: pjm\.da_hrl_lmps, missing column: total_lmp_da"], **refused)
    c.run("UTF-16", {"x.csv": c.other.decode().encode("utf-16")}, says=[r"x\.csv: .*UTF-16.*UTF-8"], **refused)
    c.run("binary", {"x.csv": bytes(range(256)) * 40}, says=[r"x\.csv: .*binary"], **refused)
    c.run("a million columns", {"x.csv": b",".join(b"c%d" % i for i in range(1000000)) + b"\n" + b"1," * 999999 + b"1\n"}, says=[r"x\.csv: not a report"], **refused)
    c.run("a known header and a million columns more",
          {"x.csv": c.header + b"," + b",".join(b"c%d" % i for i in range(1000000)) + c.newline + c.lines[1] + b"," * 1000000 + c.newline}, says=[r"refused: .*x\.csv"], **refused)
    c.run("header only", {"x.csv": c.header + c.newline}, code=0, rows=GOOD_ROWS)
    ran, lake = c.run("nothing but bad files", {"x.csv": HTML}, code=3, rows=0, prepare=lambda folder: [p.unlink() for p in folder.glob("da_hrl*")],
                      says=[r"no input was recognised.*busbar detect"])
    ran, lake = c.run("strict: one bad file", {"x.csv": HTML}, options=["--strict"], rows=0, says=[r"--strict.*nothing was published"])


def rows_that_are_bad(c):
    total = GOOD_ROWS + DAY_ROWS
    one = dict(rows=total - 1, rejects=1)
    c.run("bad number", {"x.csv": c.changed(3, 9, b"1.2.3")}, says=[r'x\.csv:4: total_lmp_da: "1\.2\.3" is not a decimal number'], reason="bad_number", **one)
    c.run("a number beyond any double", {"x.csv": c.changed(3, 9, b"1e400")}, says=[r'x\.csv:4: total_lmp_da: "1e400" is too large'], reason="bad_number", **one)
    c.run("quoted thousands of a spreadsheet", {"x.csv": c.changed(3, 9, b'"1,204.55"')}, code=0, rows=total)
    c.run("bad time", {"x.csv": c.changed(7, 0, b"13/45/2024 5:00:00 AM")}, says=[r'x\.csv:8: datetime_beginning_utc: "13/45/2024'], **one)
    c.run("NUL bytes in a row", {"x.csv": c.joined(c.lines[:400] + [c.lines[400].replace(b"M,", b"\0M,", 1)] + c.lines[401:])}, says=[r"x\.csv:401: "], **one)
    c.run("cut in the middle of a record", {"x.csv": c.other[:-40]}, says=[r"x\.csv:721: .*14.*cut"], reason="field_count", **one)
    c.run("a quote that is never closed", {"x.csv": c.changed(5, 3, b'"WESTERN HUB')}, rows=None)
    c.run("invalid UTF-8 in a name", {"x.csv": c.changed(5, 3, b"W\xff\xfeX")}, says=[r"x\.csv:6: pnode_name"], **one)
    c.run("too many fields", {"x.csv": c.joined(c.lines[:5] + [c.lines[5] + b",9,9,9"] + c.lines[6:])}, says=[r"x\.csv:6: .*17 fields"], **one)
    c.run("byte order mark", {"x.csv": b"\xef\xbb\xbf" + c.other}, code=0, rows=total, rejects=0)
    c.run("byte order mark, preamble", {c.miso_name: b"\xef\xbb\xbf" + c.miso}, code=0, rows=None, rejects=0)
    c.run("old Mac line ends", {"x.csv": c.other.replace(c.newline, b"\r")}, rows=None)
    c.run("no newline at the end", {"x.csv": c.other.rstrip(b"\r\n")}, code=0, rows=total, rejects=0)
    c.run("empty lines between and behind", {"x.csv": c.newline.join(c.lines[:100] + [b"", b""] + c.lines[100:]) + c.newline * 5}, code=0, rows=total)

    # A duplicate with another price is no reject: one wins, by the rules, and the other is counted.
    again = c.changed(1, 9, b"999.25")
    ran, lake = c.run("duplicate with another price", {"da_hrl_lmps_z.csv": again, "da_hrl_lmps_a.csv": c.other}, code=0, rows=total,
                      says=[r"719 duplicates, 1 revision"], rejects=0)
    shown = c.stand.run("show", lake / "parquet/pjm/da_energy_hourly_hub/da_energy_hourly_hub_2024.parquet", "--csv", "-n", "all", "-c", "lmp_total")
    c.stand.check(shown.out.splitlines().count("999.25") == 1, "duplicate with another price: the later source wins", shown.out[:300])

    # A local time that the clock jumped over, in a report whose only time is local.
    head = b'"Time Stamp","Name","PTID","LBMP ($/MWHr)","Marginal Cost Losses ($/MWHr)","Marginal Cost Congestion ($/MWHr)"\r\n'
    spring = head + b"".join(b'"03/10/2024 %02d:00","CAPITL",61757,31.10,1.25,-3.50\r\n' % h for h in range(24))
    c.run("impossible local time", {"20240310damlbmp_zone.csv": spring}, says=[r"zone\.csv:4: Time Stamp: this local time does not exist"], rows=GOOD_ROWS + 23,
          rejects=1, reason="no_such_local_time")
    c.run("CAISO: a trade date that does not match the GMT time", {"x.csv": re.sub(rb",2024-03-10,11,", b",2024-03-11,11,", c.caiso, count=1)}, says=[r"x\.csv:\d+: OPR_DT: "],
          rows=None, rejects=1, reason="contradiction")
    c.run("MISO: the day in the name is not the day in the file", {c.miso_name.replace("20240105", "20240106"): c.miso}, says=[r"20240106_da_expost_lmp\.csv.*2024"])
    many = c.joined([c.header] + [line.replace(b"AM,", b"XM,", 1).replace(b"PM,", b"XM,", 1) for line in c.lines[1:]])
    c.run("every row is bad", {"x.csv": many}, rows=GOOD_ROWS, rejects=DAY_ROWS, says=[r"x\.csv:2: ", "more rejected rows, see"])
    c.run("more rejects than allowed", {"x.csv": many}, rows=0, options=["--max-rejects", "10"], says=[r"rejected, more than --max-rejects allows; nothing was published"])


def archives(c):
    refused = dict(rejects=1, reason="file")
    member = ("da_hrl_lmps.csv", c.other)
    good = zipped(member)
    total = GOOD_ROWS + DAY_ROWS
    c.run("truncated zip", {"x.zip": good[:len(good) // 2]}, says=[r"refused: .*x\.zip: .*cut.*fetch it again"], **refused)
    c.run("zip whose beginning is missing", {"x.zip": good[100:]}, says=[r"refused: .*x\.zip"], **refused)
    c.run("zip with a wrong CRC", {"x.zip": stored_zip_with_crc(b"a.csv", c.other, zlib.crc32(c.other) ^ 1)}, says=[r"x\.zip\(a\.csv\): .*CRC"], **refused)
    c.run("one damaged member among three", {"x.zip": zipped(member, ("page.csv", HTML), ("empty.csv", b""))}, rows=total, rejects=2, reason="file",
          says=[r"x\.zip\(page\.csv\): .*HTML", r"x\.zip\(empty\.csv\): .*empty"])
    packed = bytearray(gzip.compress(c.other))
    c.run("gzip, good", {"x.csv.gz": bytes(packed)}, code=0, rows=total, rejects=0)
    c.run("gzip with trailing bytes", {"x.csv.gz": bytes(packed) + b"garbage"}, says=[r"x\.csv\.gz: other bytes follow"], **refused)
    c.run("gzip cut off", {"x.csv.gz": bytes(packed[:len(packed) // 2])}, says=[r"refused: .*x\.csv\.gz: "], **refused)
    packed[-8] ^= 1
    c.run("gzip with a wrong CRC", {"x.csv.gz": bytes(packed)}, says=[r"x\.csv\.gz: .*checksum"], **refused)
    inner = good
    for depth in range(5):
        inner = zipped((f"n{depth}.zip", inner))
        if depth == 1:
            c.run("zip in zip in zip", {"x.zip": inner}, code=0, rows=total, rejects=0)
    c.run("zips five deep", {"x.zip": inner}, says=[r"x\.zip\(n4\.zip/.*deep; unpack"], **refused)
    outside = c.stand.root / "evil.csv"
    for name in ("../../evil.csv", str(outside), "..\\..\\evil.csv", "a/../../../evil.csv"):
        c.run(f"member named {name.replace(str(c.stand.root), '')}", {"x.zip": zipped((name, c.other))}, code=0, rows=total)
    c.stand.check(not outside.exists() and not list(c.stand.root.parent.glob("evil.csv")), "no member was written to where its name points")
    c.run("member name of invalid UTF-8, with a newline", {"x.zip": zipped(("y.csv", HTML)).replace(b"y.csv", b"\xff\n\x1b\xfez")}, says=[r"x\.zip\(\\xff[^\n\x1b]*\\xfez\): "], **refused)
    c.run("file name of invalid UTF-8, with a newline", {b"\xff\n\x1b[31m.csv": HTML}, says=[r"\\xff\\x0a\\x1b\[31m\.csv: "], **refused)
    c.run("ten thousand empty members", {"x.zip": zipped(*((f"{i}.csv", b"") for i in range(10000)))}, rejects=None, says=[r"10,000 refused|refused"])

    # Overlapping members (one deflate stream named by many entries), as in the archives that unpack to petabytes.
    one = stored_zip_with_crc(b"a.csv", c.other, zlib.crc32(c.other))
    at = one.index(b"PK\1\2")
    entry, end = one[at:one.index(b"PK\5\6")], one[one.index(b"PK\5\6"):]
    n = 5000
    bomb = one[:at] + entry * n + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, n, n, len(entry) * n, at, 0)
    c.run("zip whose members overlap", {"x.zip": bomb}, says=[r"x\.zip: .*more bytes than the archive|x\.zip.*overlap"], rows=None)
    c.stand.check(len(end) == 22, "zip whose members overlap: was made as intended")


def endless(c):
    refused = dict(rejects=1, reason="file")
    total = GOOD_ROWS + DAY_ROWS
    size = LINE_MB * MB
    c.run(f"gzip of {LINE_MB} MB of zeros", {}, prepare=lambda f: gzip_of_zeros(f / "x.csv.gz", size), says=[r"x\.csv\.gz: .*binary"], **refused)
    c.run(f"a line of {LINE_MB} MB in a gzip, nothing else", {}, prepare=lambda f: gzip_of_zeros(f / "x.csv.gz", size, b"1"), says=[r"refused: .*x\.csv\.gz: "], **refused)
    rest = c.newline + c.joined(c.lines[1:])
    c.run(f"a line of {LINE_MB} MB in a gzip, between good ones", {}, prepare=lambda f: gzip_of_zeros(f / "x.csv.gz", size, b"7", c.header + c.newline + b"1/5/2024", rest),
          says=[r"x\.csv\.gz:2: the line is longer than any record: passed over; download the file anew"], rows=total, rejects=1, reason="line_too_long")

    def sparse(before, after=b""):
        def make(folder):
            with open(folder / "x.csv", "wb") as f:
                f.write(before)
                f.seek(size, os.SEEK_CUR)
                f.write(after or b"\0")
        return make
    c.run(f"a plain file with a line of {LINE_MB} MB of NUL bytes, between good ones", {}, prepare=sparse(c.joined(c.lines[:300]) + c.newline, c.newline + c.joined(c.lines[300:])),
          says=[r"x\.csv:301: the line is longer"], rows=total, rejects=1)
    c.run(f"a plain file that ends in {LINE_MB} MB of NUL bytes", {}, prepare=sparse(c.other), says=[r"x\.csv:722: the line is longer"], rows=total, rejects=1)

    def bomb(folder):
        with zipfile.ZipFile(folder / "x.zip", "w", zipfile.ZIP_DEFLATED) as z:
            with z.open("da_hrl_lmps.csv", "w", force_zip64=True) as f:
                f.write(c.header + c.newline)
                block = (c.newline * 512 * 1024)[:MB]
                for _ in range(LINE_MB // 2):
                    f.write(block)
    c.run(f"archive bomb: {LINE_MB // 2} MB of empty lines", {}, prepare=bomb, code=None or 0, rows=GOOD_ROWS)


def places(c):
    s = c.stand
    root = os.geteuid() == 0

    def unreadable(folder):
        (folder / "x.csv").write_bytes(c.other)
        (folder / "x.csv").chmod(0)
        (folder / "sub").mkdir()
        (folder / "sub").chmod(0)
    if root:
        s.skip("unreadable file and folder", "root may read everything")
    else:
        c.run("unreadable file and folder", {}, prepare=unreadable, says=[r"x\.csv: .*[Pp]ermission denied", r"sub: .*[Pp]ermission denied"], rejects=2, reason="file")

    def loops(folder):
        (folder / "loop").symlink_to(folder)
        (folder / "sub").mkdir()
        (folder / "sub" / "up").symlink_to("..")
        (folder / "self.csv").symlink_to("self.csv")
        (folder / "nowhere.csv").symlink_to("missing.csv")
    c.run("symbolic links in a circle and to nowhere", {}, prepare=loops, rejects=2, reason="file", says=[r"self\.csv: ", r"nowhere\.csv: "])
    c.run("a pipe and a deep folder", {}, prepare=lambda f: (os.mkfifo(f / "x.csv"), os.makedirs(f / "/".join("d" * 80))), rejects=2, reason="file",
          says=[r"x\.csv: is neither a file nor a folder", r"deep"])

    good = s.root / "good"
    ran = s.convert(s.root / "missing.csv", "-o", s.fresh("lake"))
    s.check(ran.code == 4 and "missing.csv" in ran.err and "No such file" in ran.err, "an input that does not exist: exit code 4, named", f"{ran.code}\n{ran.err}")
    as_file = s.root / "lake_is_a_file"
    as_file.write_text("precious")
    ran = s.convert(good, "-o", as_file)
    s.check(ran.code == 4 and "lake_is_a_file" in ran.err and as_file.read_text() == "precious", "the lake's path is a file: exit code 4, named, untouched", f"{ran.code}\n{ran.err}")
    ran = s.convert(good, "-o", as_file / "below")
    s.check(ran.code == 4 and "lake_is_a_file" in ran.err, "the lake lies below a file: exit code 4, named", f"{ran.code}\n{ran.err}")
    for blocked in ("parquet", "parquet/pjm/da_energy_hourly_hub", "rejects"):
        lake = s.fresh("lake")
        path = lake / blocked
        path.parent.mkdir(parents=True)
        path.write_text("in the way")
        bad = s.root / "bad.csv"
        bad.write_bytes(c.changed(3, 9, b"x"))
        ran = s.convert(good, bad, "-o", lake)
        s.check(ran.code == 4 and blocked in ran.err, f"a file lies where the lake wants its folder {blocked}: exit code 4, named", f"{ran.code}\n{ran.err}")
        s.check(lake_hashes(lake).keys() <= {blocked} and hidden_files(lake) == [], f"a file in the way of {blocked}: nothing else was made",
                lambda: f"{list(lake_hashes(lake))} {hidden_files(lake)}")
    lake = s.fresh("lake")
    (lake / "parquet/pjm/da_energy_hourly_hub/da_energy_hourly_hub_2024.parquet").mkdir(parents=True)
    ran = s.convert(good, "-o", lake)
    s.check(ran.code == 4 and "da_energy_hourly_hub_2024.parquet" in ran.err, "a folder has the name of a lake file: exit code 4, named", f"{ran.code}\n{ran.err}")
    if root:
        s.skip("lake not writable", "root may write everywhere")
    else:
        lake = s.fresh("lake")
        lake.mkdir()
        lake.chmod(0o500)
        ran = s.convert(good, "-o", lake)
        s.check(ran.code == 4 and "ermission denied" in ran.err, "lake not writable: exit code 4", f"{ran.code}\n{ran.err}")
    ran = s.convert(good, "-o", s.fresh("lake"), "--temp-dir", s.root / "no such folder")
    s.check(ran.code in (0, 4), "no temporary folder: not needed, or named", f"{ran.code}\n{ran.err}")

    # The lake inside of what is converted: the second run meets what the first one wrote.
    inside = s.fresh("inside")
    shutil.copytree(good, inside)
    s.convert(inside, "-o", inside / "lake")
    before = lake_hashes(inside / "lake")
    ran = s.convert(inside, "-o", inside / "lake")
    s.check(ran.code in (0, 1) and lake_hashes(inside / "lake") == before, "the lake lies inside the input folder, second run: nothing changed", f"{ran.code}\n{ran.err}")


def full_disk(c):
    s = c.stand
    s.generate("pjm.da_hrl_lmps", "more", "--nodes", "2000", "--from", "2024-01-01", "--days", "20", "--shuffle")
    good, lake = s.root / "good", s.fresh("lake")
    s.convert(good, "-o", lake)
    before = lake_hashes(lake)
    for what, limit, options in (("of the lake's file", 2 * MB, ("-m", "2G")), ("of rows put aside", 12 * MB, ("-m", "64M")), ("before the first page", 4096, ("-m", "64M"))):
        ran = s.convert(s.root / "more", "-o", lake, *options, limits={"RLIMIT_FSIZE": limit})
        s.check(ran.code == 4 and re.search(r"too large|[Nn]o space", ran.err) is not None, f"a file may not grow (in the middle {what}): exit code 4 and the reason", f"{ran.code}\n{ran.err}")
        s.check(lake_hashes(lake) == before and hidden_files(lake) == [], f"a file may not grow (in the middle {what}): the lake is as before", lambda: str(hidden_files(lake)))
        s.verify(lake, f"a file may not grow (in the middle {what})")
    mount = s.folder("small_disk")
    if os.geteuid() == 0 and os.system(f"mount -t tmpfs -o size=3m none '{mount}' 2>/dev/null") == 0:
        try:
            lake = mount / "lake"
            s.convert(good, "-o", lake)
            before = lake_hashes(lake)
            for options in (("-m", "2G"), ("-m", "64M"), ("-m", "64M", "--temp-dir", s.root)):
                ran = s.convert(s.root / "more", "-o", lake, *options)
                name = "disk full, " + " ".join(str(o) for o in options if o != s.root)
                s.check(ran.code == 4 and "No space left" in ran.err, f"{name}: exit code 4 and the reason", f"{ran.code}\n{ran.err}")
                s.check(lake_hashes(lake) == before and hidden_files(lake) == [], f"{name}: the lake is as before", lambda: str(hidden_files(lake)))
        finally:
            os.system(f"umount '{mount}'")
    else:
        s.skip("disk full", "needs root to mount a small disk; the file size limit stands for it")
    ran = s.convert(s.root / "more", "-o", s.fresh("lake"), "-m", "2G")
    s.check(ran.code == 0, "and with room it works", ran.err)


def main():
    stand = Stand("bad_input")
    cases = Cases(stand)
    for part in (files_that_are_none, rows_that_are_bad, archives, endless, places, full_disk):
        part(cases)
    stand.end()


if __name__ == "__main__":
    main()
