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


BAND = "cycles_error_pct"
"""Metric that holds the error band of everything modelled from cycles: cycles and latency alike."""

COSTS: tuple[Column, ...] = (
    ("latency_ms", "measured"),
    ("cycles", "measured"),
    ("latency_ms", "modelled"),
    ("cycles", "modelled"),
    ("instructions", "counted"),
)
MEMORIES: tuple[Column, ...] = tuple(("sram_total_bytes", kind) for kind in ("measured", "counted", "static"))
"""What stands for cost and for memory, the most telling first."""


def axes(frame: pd.DataFrame) -> tuple[Column, Column] | None:
    """Memory and cost columns that most runs have, the most telling of those; None where one is missing."""
    found = totals(frame)
    runs = found.groupby(["metric", "provenance"]).size().to_dict()
    memory, cost = (
        max((column for column in wanted if column in runs), key=lambda column: int(runs[column]), default=None)
        for wanted in (MEMORIES, COSTS)
    )
    return None if memory is None or cost is None else (memory, cost)


def bands(frame: pd.DataFrame) -> pd.DataFrame:
    """Error band in per cent by variant, of a frame that holds one model on one board."""
    found = totals(frame)
    return found[found["metric"] == BAND].set_index("variant")[["value"]]


def with_bands(frame: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Totals of `metric` with `low` and `high`, the ends of the band, `band` as text, and `label` to print."""
    found = totals(frame)
    found = found[found["metric"] == metric]
    error = found["variant"].map(bands(frame)["value"].to_dict()).astype(float).fillna(0.0)
    error = error.where(found["provenance"] == "modelled", 0.0)
    text = [f"± {pct:g} %" if pct else "" for pct in error]
    low, high = found["value"] * (1 - error / 100), found["value"] * (1 + error / 100)
    label = [f"{show(metric, value)} {band}".strip() for value, band in zip(found["value"], text, strict=True)]
    return found.assign(low=low, high=high, band=text, label=label)


def show(metric: str, value: float) -> str:
    """A value as people read it: thousands apart, accuracy in per cent, three decimals where they matter."""
    if metric == "accuracy":
        return f"{100 * value:.2f} %"
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 10_000 else f"{value:,.3f}"


def variants(frame: pd.DataFrame) -> list[str]:
    """Variant names in the frame's order."""
    return [str(name) for name in frame["variant"].drop_duplicates()]
