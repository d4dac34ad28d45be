"""The comparison table as a pure function of the frame: which columns, whose numbers, and how each stands to the
baseline variant of the same model, board and target. How it looks is for those who print it.

A column is one metric of one provenance, so that a change never mixes two kinds of numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from hilbench.report.select import BAND, Reading
from hilbench.results.run import GROUP, KEY
from hilbench.results.schema import Provenance

HEADLINES = (
    "instructions",
    "cycles",
    "latency_ms",
    "arena_bytes",
    "sram_model_bytes",
    "sram_total_bytes",
    "flash_model_bytes",
    "extra_macs",
    "accuracy",
)
"""Metrics in the order of their columns; those that no run has are left out."""

_ABSOLUTE = ("accuracy", "extra_macs")
_BAND = (BAND, "modelled")


@dataclass(frozen=True)
class Column:
    """One metric of one provenance."""

    metric: str
    provenance: str
    unit: str

    @property
    def title(self) -> str:
        """What it is, in words."""
        return self.metric.removesuffix("_bytes").removesuffix("_ms").replace("_", " ")

    @property
    def kind(self) -> str:
        """What kind of number it is: unit and provenance."""
        return self.provenance if self.unit in (self.metric, "1", "") else f"{self.unit}, {self.provenance}"


@dataclass(frozen=True)
class Cell:
    """A number as it is shown, the exact one for sorting, and its change from the baseline variant ("" where none)."""

    text: str = ""
    value: float | None = None
    change: str = ""


@dataclass(frozen=True)
class Row:
    """One run; `baseline` marks the one that the others of its group are compared with."""

    model: str
    board: str
    target: str
    variant: str
    status: str
    detail: str
    cells: tuple[Cell, ...]
    baseline: bool

    @property
    def group(self) -> tuple[str, str, str]:
        """What its numbers may be compared within."""
        return self.model, self.board, self.target


@dataclass(frozen=True)
class Table:
    """A row per run, in the frame's order within each group."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def comparison(frame: pd.DataFrame, baseline: str = "", metrics: tuple[str, ...] = HEADLINES) -> Table:
    """The table of a frame; `baseline` names the variant to compare with, the first of each group where it is "" or
    not there."""
    reading = Reading(frame)
    columns = _columns(reading.totals, metrics)
    table = reading.wide([*((column.metric, column.provenance) for column in columns), _BAND])
    rows: list[Row] = []
    for _, group in table.groupby(GROUP, sort=False):
        named = group[group["variant"] == baseline]
        base = (named if len(named) else group).iloc[0]
        rows += [_row(run, base, columns) for _, run in group.iterrows()]
    return Table(tuple(columns), tuple(rows))


def _columns(totals: pd.DataFrame, metrics: tuple[str, ...]) -> list[Column]:
    """What some run has; what was observed takes the place of its prediction where all runs that have one have both."""
    kinds = totals[["metric", "provenance", "unit"]].drop_duplicates(["metric", "provenance"])
    columns = [Column(*row) for row in kinds.itertuples(index=False)]
    runs = {kind: set(these[KEY].itertuples(index=False)) for kind, these in totals.groupby(["metric", "provenance"])}
    shown = [column for name in metrics for column in columns if column.metric == name]
    return [column for column in shown if not _foreseen(column, runs)]


def _foreseen(column: Column, runs: dict[Any, set[Any]]) -> bool:
    """A prediction that an observation stands for in every run."""
    observed = [of for (metric, kind), of in runs.items() if metric == column.metric and kind != Provenance.STATIC]
    return column.provenance == Provenance.STATIC and runs[column.metric, column.provenance] <= set().union(*observed)


def _row(run: pd.Series[Any], base: pd.Series[Any], columns: list[Column]) -> Row:
    texts = {name: str(run[name]) for name in (*KEY, "status", "detail")}
    return Row(**texts, cells=tuple(_cell(run, base, each) for each in columns), baseline=run.name == base.name)


def _cell(run: pd.Series[Any], base: pd.Series[Any], column: Column) -> Cell:
    value, reference = (float(row[column.metric, column.provenance]) for row in (run, base))
    if pd.isna(value):
        return Cell()
    comparable = column.metric not in _ABSOLUTE and run.name != base.name and reference and not pd.isna(reference)
    change = f"{100 * (value / reference - 1):+.1f} %" if comparable else ""
    return Cell(_number(value, column) + _band(float(run[_BAND]), column), value, change)


def _number(value: float, column: Column) -> str:
    whole = value.is_integer() or abs(value) >= 1000
    return f"{value:,.0f}" if whole and column.unit != "1" else f"{value:.4g}"


def _band(pct: float, column: Column) -> str:
    """The error band of a modelled figure: it is never printed without."""
    return f" ±{pct:.2g} %" if column.provenance == Provenance.MODELLED and not pd.isna(pct) else ""
