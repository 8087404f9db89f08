"""gridstatus' own parsing functions, fed with local files where they would fetch from the operators' servers.

Each reader yields (start in UTC, identity, total, energy, congestion, loss); a component that gridstatus does not give is None.
"""
import csv
import inspect
import io
import logging
import warnings
import zipfile
from unittest import mock

import pandas as pd

from raw_reading import texts_of, us_stamp

warnings.filterwarnings("ignore")
logging.disable(logging.INFO)


def number(value):
    return None if value is None or pd.isna(value) else float(value)


def tuples(frame, identity):
    for row in frame.to_dict("records"):
        yield (row["Interval Start"].tz_convert("UTC").to_pydatetime(), str(row[identity]),
               *(number(row.get(c)) for c in ("LMP", "Energy", "Congestion", "Loss")))


def pjm(path, pnode_path, market_name):
    """_get_lmp with the pages of the Data Miner API made of the file; the API itself filters on row_is_current."""
    from gridstatus import PJM
    from gridstatus.base import Markets

    market = {"da_hrl_lmps": Markets.DAY_AHEAD_HOURLY, "rt_hrl_lmps": Markets.REAL_TIME_HOURLY,
              "rt_fivemin_hrl_lmps": Markets.REAL_TIME_5_MIN}[market_name]
    items = []
    for _, text in texts_of(path):
        for row in csv.DictReader(io.StringIO(text, newline="")):
            if row["row_is_current"].lower() != "true":
                continue
            for name, value in row.items():
                if name.startswith("datetime_"):
                    row[name] = us_stamp(value).isoformat()
                elif "price" in name or "lmp" in name:
                    row[name] = float(value)
            row["pnode_id"] = int(row["pnode_id"])
            items.append(row)
    with open(pnode_path, newline="") as f:
        pnodes = [dict(row, pnode_id=int(row["pnode_id"])) for row in csv.DictReader(f)]

    def page(self, endpoint, params):
        rows = pnodes if endpoint == "pnode" else items
        first = params["startRow"] - 1
        return {"totalRows": len(rows), "items": rows[first:first + params["rowCount"]]}

    with mock.patch.object(PJM, "_data_miner_page", page):
        get = inspect.unwrap(PJM._get_lmp)
        frame = get(PJM(api_key="none"), date=pd.Timestamp("2025-01-01", tz="US/Eastern"), market=market, locations="ALL")
    return tuples(frame, "Location Id")


class Answer:
    status_code = 200

    def __init__(self, content):
        self.content = content
        self.headers = {"Content-Disposition": "attachment; filename=answer.zip;"}


def caiso(path, market_name):
    """get_oasis_dataset and, where the file holds what it asks for, _get_lmp."""
    from gridstatus import CAISO
    from gridstatus.base import Markets

    packed = io.BytesIO()
    has_ghg = False
    with zipfile.ZipFile(packed, "w") as z:
        for name, text in texts_of(path):
            z.writestr(name, text)
            has_ghg |= ",MGHG," in text
    date = pd.Timestamp("2025-01-01", tz="US/Pacific")
    dataset, market, column = {
        "PRC_LMP": ("lmp_day_ahead_hourly", Markets.DAY_AHEAD_HOURLY, "MW"),
        "PRC_RTPD_LMP": ("lmp_real_time_15_min", Markets.REAL_TIME_15_MIN, "PRC"),
        "PRC_INTVL_LMP": ("lmp_real_time_5_min", Markets.REAL_TIME_5_MIN, "VALUE"),
    }[market_name]
    with mock.patch("gridstatus.caiso.caiso.requests.get", lambda *a, **k: Answer(packed.getvalue())):
        if has_ghg:
            get = inspect.unwrap(CAISO._get_lmp)
            return tuples(get(CAISO(), date=date, market=market, locations=["X"], sleep=0), "Location")
        # _get_lmp demands the GHG column, which older files do not have: its parser, and the pivot that it would do
        frame = inspect.unwrap(CAISO.get_oasis_dataset)(CAISO(), dataset=dataset, date=date, raw_data=False, sleep=0)
    frame = frame.pivot_table(index=["Interval Start", "NODE"], columns="LMP_TYPE", values=column, aggfunc="first").reset_index()
    return tuples(frame.rename(columns={"MCE": "Energy", "MCC": "Congestion", "MCL": "Loss"}), "NODE")


def miso(path, report, day, n_preamble_lines):
    """_get_lmp with its download answered by the file. It skips four lines; reduced files may have fewer or more."""
    from gridstatus import MISO
    from gridstatus.base import Markets

    market = {"da_expost_lmp": Markets.DAY_AHEAD_HOURLY, "da_exante_lmp": Markets.DAY_AHEAD_HOURLY,
              "rt_lmp_final": Markets.REAL_TIME_HOURLY_FINAL, "rt_lmp_prelim": Markets.REAL_TIME_HOURLY_PRELIM}[report]
    read_csv = pd.read_csv
    with mock.patch("gridstatus.miso.pd.read_csv", lambda url, skiprows: read_csv(path, skiprows=n_preamble_lines, skip_blank_lines=False)):
        frame = inspect.unwrap(MISO._get_lmp)(MISO(), date=pd.Timestamp(day, tz="EST"), market=market, locations="ALL")
    return tuples(frame, "Location")
