"""The comparison table: every variant against the baseline variant of the same model, board and target.

A column is one metric of one provenance, named in its header, so that a ratio never mixes two kinds of numbers.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from hilbench.results.schema import Provenance, Status

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
_CELL = ["model", "board", "target", "variant"]
_BAND = "cycles_error_pct"
_RATIOS = frozenset(HEADLINES) - {"extra_macs", "accuracy"}


@dataclass(frozen=True)
class Column:
    """Values of one metric of one provenance, by row of the table."""

    metric: str
    unit: str
    provenance: str

    @property
    def header(self) -> str:
        """Two lines: what it is, and what kind of number it is."""
        name = self.metric.removesuffix("_bytes").removesuffix("_ms").replace("_", " ")
        unit = "" if self.unit in (self.metric, "1") else f"{self.unit}, "
        return f"{name}\n{unit}{self.provenance}"


@dataclass(frozen=True)
class Table:
    """Texts, ready to print. `groups[i]` names the model, board and target of row i."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    groups: tuple[str, ...]
    baseline: str


def comparison(frame: pd.DataFrame, baseline: str) -> Table:
    """The table of a run; `baseline` "" takes the first variant of each group."""
    columns = _columns(frame)
    rows, groups = [], []
    for (model, board, target), group in frame.groupby(_CELL[:3], sort=False):
        values, variants = _values(group), list(dict.fromkeys(group["variant"]))
        first = baseline if baseline in variants else variants[0]
        for variant in variants:
            texts = [_text(values, variant, first, column) for column in columns]
            rows.append((variant, _status(group, variant), *texts))
            groups.append(f"{model} on {board} ({target})")
    headers = ("variant", "status", *(column.header for column in columns))
    return Table(headers, tuple(rows), tuple(groups), baseline)


def print_table(table: Table) -> None:
    """To a terminal with lines and colours; to a pipe plain, one line per row, however wide."""
    console = _console()
    for group in dict.fromkeys(table.groups):
        grid = _grid()
        for place, header in enumerate(table.headers):
            grid.add_column(header, justify="left" if place < 2 else "right", overflow="fold")
        for name, row in zip(table.groups, table.rows, strict=True):
            if name == group:
                grid.add_row(*row, style=None if row[1] in (Status.OK, "") else "yellow")
        console.print(group, style="bold", markup=False)
        console.print(grid)


def plain_grid(headers: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Any other table, printed in the same way."""
    grid = _grid()
    for header in headers:
        grid.add_column(header, overflow="fold")
    for row in rows:
        grid.add_row(*row)
    _console().print(grid)


def markdown(table: Table) -> str:
    """GitHub's tables, one per group."""
    lines: list[str] = []
    for group in dict.fromkeys(table.groups):
        lines += [f"**{group}**", "", _pipe(h.replace("\n", "<br>") for h in table.headers)]
        lines.append(_pipe("---" if place < 2 else "---:" for place in range(len(table.headers))))
        lines += [_pipe(row) for name, row in zip(table.groups, table.rows, strict=True) if name == group]
        lines.append("")
    return "\n".join(lines).rstrip()


def _console() -> Console:
    return Console() if sys.stdout.isatty() else Console(width=10_000, color_system=None)


def _grid() -> RichTable:
    lines = box.SIMPLE_HEAD if sys.stdout.isatty() else None
    return RichTable(box=lines, pad_edge=False, padding=(0, 2, 0, 0))


def _pipe(texts: Iterable[str]) -> str:
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"


def _columns(frame: pd.DataFrame) -> list[Column]:
    """Headline metrics that the frame holds; what was observed takes the place of its prediction."""
    whole = frame[frame["step"] == ""]
    kinds = whole[["metric", "unit", "provenance"]].drop_duplicates()
    columns = [Column(*row) for row in kinds.itertuples(index=False)]
    observed = {column.metric for column in columns if column.provenance != Provenance.STATIC}
    shown = [c for c in columns if c.provenance != Provenance.STATIC or c.metric not in observed]
    return [column for name in HEADLINES for column in shown if column.metric == name]


def _values(group: pd.DataFrame) -> dict[tuple[str, str, str], float]:
    """Of every (variant, metric, provenance) of the whole model the median over warm repeats, or the one cold run."""
    keys = ["variant", "metric", "provenance"]
    whole = group[group["step"] == ""].dropna(subset=["value"])
    warm = whole.groupby(keys)["repeat"].transform("max") > 0
    medians = whole[~warm | (whole["repeat"] > 0)].groupby(keys)["value"].median()
    return {(str(key[0]), str(key[1]), str(key[2])): float(value) for key, value in medians.items()}  # type: ignore[index]


def _text(values: dict[tuple[str, str, str], float], variant: str, baseline: str, column: Column) -> str:
    value = values.get((variant, column.metric, column.provenance))
    reference = values.get((baseline, column.metric, column.provenance))
    if value is None:
        return ""
    text = _number(value, column) + _band(values, variant, column)
    if column.metric not in _RATIOS or variant == baseline or not reference:
        return text
    return f"{text} ({100 * (value / reference - 1):+.1f} %)"


def _number(value: float, column: Column) -> str:
    whole = value.is_integer() or abs(value) >= 1000
    return f"{value:,.0f}" if whole and column.unit != "1" else f"{value:.4g}"


def _band(values: dict[tuple[str, str, str], float], variant: str, column: Column) -> str:
    """The error band of a modelled figure: it is never printed without."""
    band = values.get((variant, _BAND, column.provenance))
    return f" ±{band:.2g} %" if column.provenance == Provenance.MODELLED and band is not None else ""


def _status(group: pd.DataFrame, variant: str) -> str:
    return str(group.loc[group["variant"] == variant, "status"].iloc[0])
