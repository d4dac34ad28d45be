"""Reading the tidy frame: totals per run, values per step, and one wide row per run for tables.

Two provenances of a metric never meet in one column: a wide column is a (metric, provenance) pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from hilbench.results.run import KEY

Column = tuple[str, str]
"""A metric and the provenance of its values."""

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


@dataclass(frozen=True, eq=False)
class Reading:
    """A tidy frame, or a part of one; what many ask of it is worked out once. What names one variant (`bands`,
    `with_bands`) is for a part that holds one model on one board."""

    frame: pd.DataFrame

    @cached_property
    def statuses(self) -> pd.DataFrame:
        """One row per run in the frame's order: KEY, status, detail (why, where the run is not ok)."""
        first = self.frame.drop_duplicates(KEY)[[*KEY, "status", "detail"]].reset_index(drop=True)
        return first.assign(detail=first["detail"].where(first["status"] != "ok", ""))

    @cached_property
    def totals(self) -> pd.DataFrame:
        """Whole-model values: KEY, metric, provenance, value, unit. The median over the warm repeats, or the cold
        run where there is no other."""
        whole = self._values(self.frame["step"] == "")
        keys = [*KEY, "metric", "provenance"]
        warm = whole.groupby(keys, sort=False)["repeat"].transform("max") > 0
        return _medians(whole[~warm | (whole["repeat"] > 0)], keys)

    @cached_property
    def _steps(self) -> pd.DataFrame:
        return _medians(self._values(self.frame["step"] != ""), [*KEY, "metric", "step", "provenance"])

    def _values(self, chosen: pd.Series[bool]) -> pd.DataFrame:
        return self.frame[chosen & (self.frame["metric"] != "") & self.frame["value"].notna()]

    def per_step(self, metric: str) -> pd.DataFrame:
        """Values of `metric` per step, the median over repeats, with `position`: the step's place in its run."""
        found = self._steps[self._steps["metric"] == metric]
        return found.assign(position=found.groupby([*KEY, "provenance"], sort=False).cumcount())

    def of(self, metric: str) -> pd.DataFrame:
        """The totals of one metric."""
        return self.totals[self.totals["metric"] == metric]

    def wide(self, columns: Sequence[Column]) -> pd.DataFrame:
        """One row per run: KEY, status, detail, and a column for each of `columns`; NaN where a run has none."""
        found = self.totals
        names = pd.MultiIndex.from_frame(self.statuses[KEY])
        columns_of = {}
        for metric, provenance in columns:
            these = found[(found["metric"] == metric) & (found["provenance"] == provenance)]
            values = names.map(these.set_index(KEY)["value"].to_dict()).astype("float64")
            columns_of[metric, provenance] = pd.Series(values, index=self.statuses.index, name=(metric, provenance))
        return pd.concat([self.statuses, *columns_of.values()], axis=1)

    @cached_property
    def columns(self) -> dict[Column, int]:
        """How many runs have a value of each metric and provenance."""
        return self.totals.groupby(["metric", "provenance"], sort=False).size().to_dict()  # type: ignore[return-value]

    @cached_property
    def axes(self) -> tuple[Column, Column] | None:
        """Memory and cost columns that most runs have, the most telling of those; None where one is missing."""
        memory, cost = (
            max((column for column in wanted if column in self.columns), key=self.columns.__getitem__, default=None)
            for wanted in (MEMORIES, COSTS)
        )
        return None if memory is None or cost is None else (memory, cost)

    @cached_property
    def bands(self) -> dict[str, float]:
        """Error band of modelled values in per cent by variant."""
        found = self.of(BAND)
        return dict(zip(found["variant"], found["value"], strict=True))

    def with_bands(self, metric: str) -> pd.DataFrame:
        """Totals of `metric` with `low` and `high`, the ends of the band, `band` as text, and `label` to print."""
        found = self.of(metric)
        error = found["variant"].map(self.bands).astype(float).fillna(0.0)
        error = error.where(found["provenance"] == "modelled", 0.0)
        text = [f"± {pct:g} %" if pct else "" for pct in error]
        low, high = found["value"] * (1 - error / 100), found["value"] * (1 + error / 100)
        label = [f"{show(metric, value)} {band}".strip() for value, band in zip(found["value"], text, strict=True)]
        return found.assign(low=low, high=high, band=text, label=label)

    @cached_property
    def variants(self) -> list[str]:
        """Variant names in the frame's order."""
        return [str(name) for name in self.frame["variant"].drop_duplicates()]


def _medians(values: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    grouped = values.groupby(keys, sort=False)
    return grouped.agg(value=("value", "median"), unit=("unit", "first")).reset_index()


def show(metric: str, value: float) -> str:
    """A value as people read it: thousands apart, accuracy in per cent, three decimals where they matter."""
    if metric == "accuracy":
        return f"{100 * value:.2f} %"
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 10_000 else f"{value:,.3f}"
