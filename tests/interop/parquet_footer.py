"""The footer, the page headers and the checksums of a Parquet file, read from the format's definition with nothing but the
standard library: a second opinion on what pyarrow and DuckDB do not show."""
import struct
import zlib


class Compact:
    """Thrift's compact protocol; structs become {field id: value}, lists become lists."""

    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        value = shift = 0
        while True:
            b = self.byte()
            value |= (b & 127) << shift
            if b < 128:
                return value
            shift += 7

    def zigzag(self):
        v = self.varint()
        return v >> 1 ^ -(v & 1)

    def value(self, kind):
        if kind in (1, 2):
            return kind == 1
        if kind == 3:
            return struct.unpack("b", bytes([self.byte()]))[0]
        if kind in (4, 5, 6):
            return self.zigzag()
        if kind == 7:
            self.at += 8
            return struct.unpack("<d", self.data[self.at - 8:self.at])[0]
        if kind == 8:
            n = self.varint()
            self.at += n
            return bytes(self.data[self.at - n:self.at])
        if kind in (9, 10):
            head = self.byte()
            n = head >> 4
            if n == 15:
                n = self.varint()
            # in a list a boolean is a byte of its own
            return [self.byte() == 1 if head & 15 in (1, 2) else self.value(head & 15) for _ in range(n)]
        if kind == 12:
            return self.struct()
        raise ValueError(f"thrift type {kind} at {self.at}")

    def struct(self):
        fields, last = {}, 0
        while True:
            head = self.byte()
            if head == 0:
                return fields
            last = last + (head >> 4) if head >> 4 else self.zigzag()
            fields[last] = self.value(head & 15)


CODECS = {0: "none", 1: "snappy", 2: "gzip", 5: "lz4 (old)", 6: "zstd", 7: "lz4_raw"}
ENCODINGS = {0: "PLAIN", 2: "PLAIN_DICTIONARY", 3: "RLE", 5: "DELTA_BINARY_PACKED", 6: "DELTA_LENGTH_BYTE_ARRAY",
             7: "DELTA_BYTE_ARRAY", 8: "RLE_DICTIONARY", 9: "BYTE_STREAM_SPLIT"}
PAGE_KINDS = {0: "data v1", 2: "dictionary", 3: "data v2"}


def footer(data):
    assert data[:4] == b"PAR1" and data[-4:] == b"PAR1", "no Parquet magic"
    n = struct.unpack("<I", data[-8:-4])[0]
    return Compact(data[len(data) - 8 - n:len(data) - 8]).struct()


def problems_of(data, n_distinct=None):
    """What is missing or wrong. n_distinct[group][column]: number of different values; location columns of 64 and more want a
    bloom filter (below that the dictionary is read as fast)."""
    problems = []
    meta = footer(data)
    names = [e[4].decode() for e in meta[2][1:]]
    rows_seen = 0
    for g, group in enumerate(meta[4]):
        rows_seen += group[3]
        place = f"row group {g}"
        if not group.get(4):
            problems.append(f"{place}: no sorting_columns")
        if group.get(7) != g:
            problems.append(f"{place}: ordinal {group.get(7)}")
        if 5 not in group or 6 not in group:
            problems.append(f"{place}: no file_offset or total_compressed_size")
        for c, chunk in enumerate(group[1]):
            column = chunk[3]
            place = f"row group {g}, {names[c]}"
            pages, at = [], column.get(11, column[9])
            end = at + column[7]
            values = 0
            while at < end:
                reader = Compact(data, at)
                head = reader.struct()
                body = data[reader.at:reader.at + head[3]]
                kind = PAGE_KINDS.get(head[1], head[1])
                if 4 not in head:
                    problems.append(f"{place}: page at {at} has no checksum")
                elif head[4] & 0xffffffff != zlib.crc32(body):
                    problems.append(f"{place}: page at {at}: wrong checksum")
                encoding = ENCODINGS.get((head.get(5) or head.get(7) or head.get(8)).get(2 if kind != "data v2" else 4))
                pages.append((head[1], encoding, at))
                if kind == "data v1":
                    values += head[5][1]
                elif kind != "dictionary":
                    problems.append(f"{place}: page kind {kind}, want data v1")
                at = reader.at + head[3]
            if at != end:
                problems.append(f"{place}: pages end at {at}, the footer says {end}")
            if values != group[3]:
                problems.append(f"{place}: {values} values in pages, {group[3]} rows")
            stats = {(s[1], ENCODINGS[s[2]]): s[3] for s in column.get(13, [])}
            counted = {}
            for kind, encoding, _ in pages:
                counted[kind, encoding] = counted.get((kind, encoding), 0) + 1
            if stats != counted:
                problems.append(f"{place}: encoding_stats {stats}, pages are {counted}")
            for key in (4, 5, 6, 7):
                if key not in chunk:
                    problems.append(f"{place}: no {'offset' if key < 6 else 'column'} index")
            if 4 in chunk:
                index = Compact(data, chunk[4]).struct()
                located = [p[1] for p in index[1]]
                if located != [p[2] for p in pages if p[0] != 2]:
                    problems.append(f"{place}: the offset index does not point to the pages")
                firsts = [p[3] for p in index[1]]
                if firsts[0] != 0 or firsts != sorted(set(firsts)):
                    problems.append(f"{place}: first rows in the offset index: {firsts[:4]}")
            if 6 in chunk:
                index = Compact(data, chunk[6]).struct()
                n_data = sum(1 for p in pages if p[0] != 2)
                if not len(index[1]) == len(index[2]) == len(index[3]) == n_data:
                    problems.append(f"{place}: column index of {len(index[1])} pages, there are {n_data}")
            if 12 not in column:
                problems.append(f"{place}: no statistics")
            if n_distinct and n_distinct[g].get(names[c], 0) >= 64 and (14 not in column or column.get(15, 0) <= 0):
                problems.append(f"{place}: no bloom filter offset and length")
            if column[4] == 5:
                problems.append(f"{place}: the old LZ4 codec")
            if column[1] == 3:
                problems.append(f"{place}: INT96")
    if rows_seen != meta[3]:
        problems.append(f"{rows_seen} rows in row groups, {meta[3]} in the file")
    for element in meta[2][1:]:
        name = element[4].decode()
        if name.startswith(("datetime", "interval_start", "interval_end")) and (10 not in element or 6 not in element) and not (
                10 in element and element[10].get(8, {}).get(2, {}).get(3) is not None):
            problems.append(f"{name}: want a logical and a legacy converted type")
        if name.startswith("settlement") and (6 not in element or 10 not in element):
            problems.append(f"{name}: text wants a logical and a legacy converted type")
    if b"ARROW:schema" not in [kv[1] for kv in meta.get(5, [])]:
        problems.append("no ARROW:schema")
    return problems
