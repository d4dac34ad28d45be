"""The tidy frame: one observation per row, columns and dtypes fixed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from hilbench.results.schema import COLUMNS, RunRecord, Value
from hilbench.results.store import read_records, write_atomic

DTYPES: dict[str, str] = dict.fromkeys(COLUMNS, "string") | {
    "repeat": "int64",
    "value": "float64",
    "schema_version": "int64",
}
"""Dtype of every column, in order. Texts are never missing ("" where they do not apply); `value` is NaN in the one
row of a run that has no values, which keeps its status visible."""


def load(folder: Path) -> pd.DataFrame:
    """The rows of a finished (or interrupted) run.

    Raises:
        UsageError: there is no run in `folder`.
        ConfigError: its records are damaged or of another schema version.
    """
    return tidy(read_records(Path(folder)))


def tidy(records: Iterable[RunRecord]) -> pd.DataFrame:
    """One row per value of every record; a record without values gives one row with an empty metric."""
    rows = [_row(record, value) for record in records for value in (record.values or (None,))]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype(DTYPES)


def write(frame: pd.DataFrame, folder: Path) -> None:
    """Write `results.csv` and `results.json` (a list of objects) into the run folder."""
    write_atomic(folder / "results.csv", to_csv(frame).encode())
    write_atomic(folder / "results.json", to_json(frame).encode())


def to_csv(frame: pd.DataFrame) -> str:
    """CSV with a header line, integers written without a fraction."""
    return str(_plain(frame).to_csv(index=False, lineterminator="\n"))


def to_json(frame: pd.DataFrame) -> str:
    """JSON: a list of objects, one per row; a missing value is null."""
    return str(_plain(frame).to_json(orient="records", indent=1, double_precision=15)) + "\n"


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Values as people expect to read them: 7844789, not 7844789.0."""
    numbers = [None if pd.isna(v) else int(v) if float(v).is_integer() else v for v in frame["value"]]
    return frame.assign(value=pd.Series(numbers, index=frame.index, dtype=object))


def _row(record: RunRecord, value: Value | None) -> dict[str, Any]:
    whole_run = {name: getattr(record, name, "") for name in COLUMNS}
    if value is None:
        return {**whole_run, "provenance": "", "repeat": -1, "value": float("nan"), "status": record.status.value}
    return {
        **whole_run,
        "step": value.step,
        "repeat": value.repeat,
        "metric": value.metric,
        "value": value.value,
        "unit": value.unit,
        "provenance": value.provenance.value,
        "status": record.status.value,
        "detail": value.detail or record.detail,
    }
