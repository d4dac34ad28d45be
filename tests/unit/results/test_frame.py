"""The tidy frame has the same columns and dtypes whatever the run holds."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pandas as pd

from hilbench.results.frame import DTYPES, load, tidy, to_csv, to_json, write
from hilbench.results.schema import COLUMNS, Provenance, RunRecord, Status, Value
from hilbench.results.store import open_store

VALUES = (
    Value("instructions", 7_844_789, "instructions", Provenance.COUNTED, repeat=0),
    Value("instructions", 44, "instructions", Provenance.COUNTED, step="00_conv_2d", repeat=0),
    Value("accuracy", 0.902, "1", Provenance.COUNTED, detail="451 of 500 right"),
)


def record(status: Status, values: tuple[Value, ...] = ()) -> RunRecord:
    return RunRecord("r", "s", "m", "b", "qemu", "int8", status, "why", "id", "gcc", "0.1.0", values)


def test_one_observation_per_row() -> None:
    frame = tidy([record(Status.OK, VALUES)])
    assert tuple(frame.columns) == COLUMNS
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == DTYPES
    assert frame["value"].tolist() == [7_844_789, 44, 0.902]
    assert frame["step"].tolist() == ["", "00_conv_2d", ""]
    assert frame["detail"].tolist() == ["why", "why", "451 of 500 right"]


def test_a_run_without_values_keeps_a_row() -> None:
    frame = tidy([record(Status.DOES_NOT_FIT)])
    assert frame["status"].tolist() == ["does_not_fit"]
    assert frame["metric"].tolist() == [""]
    assert frame["value"].isna().all()


def test_an_empty_run_has_the_columns() -> None:
    frame = tidy([])
    assert tuple(frame.columns) == COLUMNS
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == DTYPES


def test_csv_and_json_say_the_same(tmp_path: Path) -> None:
    frame = tidy([record(Status.OK, VALUES), record(Status.FAILED)])
    rows = json.loads(to_json(frame))
    assert [row["value"] for row in rows] == [7_844_789, 44, 0.902, None]
    csv = pd.read_csv(StringIO(to_csv(frame)), keep_default_na=False, na_values={"value": ""})
    assert csv["value"].dropna().tolist() == [7_844_789, 44, 0.902]
    assert ",7844789," in to_csv(frame)
    write(frame, tmp_path)
    assert (tmp_path / "results.csv").read_text() == to_csv(frame)


def test_load_reads_a_folder(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.append(record(Status.OK, VALUES))
    pd.testing.assert_frame_equal(load(tmp_path), tidy([record(Status.OK, VALUES)]))
