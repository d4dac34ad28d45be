"""The comparison table: a row per run, a column per metric and provenance, each number beside the baseline's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from hilbench.report import select
from hilbench.report.select import Column
from hilbench.results.run import GROUP, KEY

WANTED: tuple[Column, ...] = (
    ("accuracy", "counted"),
    ("latency_ms", "measured"),
    ("latency_ms", "modelled"),
    ("cycles", "measured"),
    ("cycles", "modelled"),
    ("instructions", "counted"),
    ("sram_total_bytes", "measured"),
    ("sram_total_bytes", "counted"),
    ("sram_total_bytes", "static"),
    ("arena_bytes", "static"),
    ("flash_total_bytes", "static"),
    ("macs", "static"),
    ("extra_macs", "static"),
)
"""Columns in the order in which people ask for them; those that no run has are left out."""


_NO_RATIO = ("accuracy", "extra_macs")
_BAND: Column = (select.BAND, "modelled")


@dataclass(frozen=True)
class Cell:
    """A number as it is shown, the exact one for sorting, and its ratio to the baseline variant ("" where none)."""

    text: str
    value: float | None = None
    ratio: str = ""


@dataclass(frozen=True)
class Table:
    """Column heads (metric, provenance) and rows of (run, status, detail, cells)."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


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


def comparison(frame: pd.DataFrame, baseline: str = "") -> Table:
    """The table of a frame; `baseline` names the variant to compare with, the first of each group where it is "" or
    not there."""
    columns = select.present(frame, WANTED)
    table = select.wide(frame, [*columns, _BAND])
    rows: dict[int, Row] = {}
    for _, group in table.groupby(GROUP, sort=False):
        named = group[group["variant"] == baseline]
        base = (named if len(named) else group).iloc[0]
        for place, run in group.iterrows():
            rows[int(str(place))] = _row(run, base, columns)
    return Table(tuple(columns), tuple(rows[place] for place in sorted(rows)))


def _row(run: pd.Series[Any], base: pd.Series[Any], columns: list[Column]) -> Row:
    cells = tuple(_cell(column, float(run[column]), float(base[column]), float(run[_BAND])) for column in columns)
    texts = {name: str(run[name]) for name in (*KEY, "status", "detail")}
    return Row(**texts, cells=cells, baseline=run["variant"] == base["variant"])


def _cell(column: Column, value: float, base: float, band: float) -> Cell:
    if pd.isna(value):
        return Cell("")
    ratio = "" if column[0] in _NO_RATIO or not base or pd.isna(base) or value == base else f"×{value / base:.3g}"
    error = f" ± {band:g} %" if column[1] == "modelled" and band > 0 else ""
    return Cell(select.show(column[0], value) + error, value, ratio)
