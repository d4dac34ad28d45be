"""Reading the tidy frame: totals per run, values per step, and one wide row per run for tables.

Two provenances of a metric never meet in one column: a wide column is a (metric, provenance) pair.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from hilbench.results.run import KEY

Column = tuple[str, str]
"""A metric and the provenance of its values."""


def statuses(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per run in the frame's order: KEY, status, detail (why, where the run is not ok)."""
    first = frame.drop_duplicates(KEY)[[*KEY, "status", "detail"]].reset_index(drop=True)
    return first.assign(detail=first["detail"].where(first["status"] != "ok", ""))


def totals(frame: pd.DataFrame) -> pd.DataFrame:
    """Whole-model values, the median over repeats: KEY, metric, provenance, value, unit."""
    whole = frame[(frame["step"] == "") & (frame["metric"] != "") & frame["value"].notna()]
    grouped = whole.groupby([*KEY, "metric", "provenance"], sort=False, observed=True)
    return grouped.agg(value=("value", "median"), unit=("unit", "first")).reset_index()


def per_step(frame: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Values of `metric` per step, the median over repeats, with `position`: the step's place in its run, from 0."""
    steps = frame[(frame["step"] != "") & (frame["metric"] == metric) & frame["value"].notna()]
    grouped = steps.groupby([*KEY, "step", "provenance"], sort=False, observed=True)
    found = grouped.agg(value=("value", "median"), unit=("unit", "first")).reset_index()
    return found.assign(position=found.groupby([*KEY, "provenance"], sort=False).cumcount())


def wide(frame: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """One row per run: KEY, status, detail, and a column for each of `columns`; NaN where a run has no such value."""
    table = statuses(frame)
    found = totals(frame)
    for metric, provenance in columns:
        these = found[(found["metric"] == metric) & (found["provenance"] == provenance)]
        values = these.set_index(KEY)["value"]
        column = pd.MultiIndex.from_frame(table[KEY]).map(values.to_dict()).astype("float64")
        table = pd.concat([table, pd.Series(column, name=(metric, provenance), index=table.index)], axis=1)
    return table


def present(frame: pd.DataFrame, wanted: Sequence[Column]) -> list[Column]:
    """Those of `wanted` that some run of the frame has."""
    here = set(totals(frame)[["metric", "provenance"]].itertuples(index=False, name=None))
    return [column for column in wanted if column in here]


def variants(frame: pd.DataFrame) -> list[str]:
    """Variant names in the frame's order."""
    return [str(name) for name in frame["variant"].drop_duplicates()]
