"""The history of runs: one Parquet file per run in a folder, which pandas opens as one frame.

    pandas.read_parquet("reports/history")

Rows are those of the tidy frame for the whole model, with the commit and the time of the run. Adding a run adds a file,
so that two CI jobs cannot hurt each other.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from hilbench.errors import ConfigError, ToolError, UsageError
from hilbench.results.frame import DTYPES
from hilbench.results.run import KEY, Run
from hilbench.results.schema import SCHEMA_VERSION
from hilbench.results.store import write_atomic

EXTRA = "history"
SERIES = [*KEY, "metric", "provenance"]
"""What names a series of values over time."""


def add(run: Run, folder: Path, commit: str, time: datetime) -> Path:
    """Add a run; the same commit at the same time replaces what was there.

    Raises:
        ToolError: Parquet cannot be written on this machine, or the disk failed.
        ConfigError: the run holds nothing.
    """
    _need("pyarrow")
    frame = run.frame[(run.frame["step"] == "") & run.frame["value"].notna()]
    if frame.empty:
        raise ConfigError("the run holds no values", where="history", right="a run with at least one result")
    stamp = time.astimezone(UTC)
    rows = frame.assign(commit=pd.Series(commit, index=frame.index, dtype="string"), time=pd.Timestamp(stamp))
    path = folder / f"{stamp:%Y%m%dT%H%M%S}-{re.sub(r'[^0-9A-Za-z.-]', '-', commit)}.parquet"
    write_atomic(path, rows.to_parquet(index=False))
    return path


def load(folder: Path) -> pd.DataFrame:
    """All runs, oldest first: the columns of the tidy frame, `commit` and `time`.

    Raises:
        UsageError: there is no history in `folder`.
        ConfigError: a file is damaged or of another schema version.
    """
    _need("pyarrow")
    paths = sorted(folder.glob("*.parquet"))
    if not paths:
        raise UsageError(f"no history in {folder} (hilbench history RUN --store {folder})")
    return pd.concat([_read(path) for path in paths], ignore_index=True).sort_values("time", kind="stable")


def medians(history: pd.DataFrame) -> pd.DataFrame:
    """One row per series and run: SERIES, time, commit, value (median of the repeats), unit; oldest first."""
    grouped = history.groupby([*SERIES, "time", "commit"], sort=False, observed=True)
    found = grouped.agg(value=("value", "median"), unit=("unit", "first")).reset_index()
    return found.sort_values("time", kind="stable").reset_index(drop=True)


def _read(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"not a readable Parquet file: {error}", where=str(path)) from error
    missing = set(DTYPES) - set(frame.columns)
    versions = set() if missing else set(frame["schema_version"])
    if missing or versions != {SCHEMA_VERSION}:
        what = f"columns {sorted(missing)} are missing" if missing else f"schema version {versions}"
        raise ConfigError(f"not history of this hilbench: {what}", where=str(path), right=f"version {SCHEMA_VERSION}")
    return frame


def _need(package: str) -> None:
    if find_spec(package) is None:
        raise ToolError(package, "is not installed", f"pip install 'hilbench[{EXTRA}]'")
