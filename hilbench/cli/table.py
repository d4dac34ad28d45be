"""Tables on a terminal: with lines and colours; to a pipe plain, one line per row, however wide."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import groupby

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from hilbench.report.table import Cell, Table
from hilbench.results.schema import Status


def print_table(table: Table) -> None:
    """A grid per model, board and target."""
    console = _console()
    for (model, board, target), rows in groupby(table.rows, key=lambda row: row.group):
        grid = _grid()
        for place, head in enumerate(("variant", "status", *(f"{each.title}\n{each.kind}" for each in table.columns))):
            grid.add_column(head, justify="left" if place < 2 else "right", overflow="fold")
        for row in rows:
            style = None if row.status in (Status.OK, "") else "yellow"
            grid.add_row(row.variant, row.status, *map(_text, row.cells), style=style)
        console.print(f"{model} on {board} ({target})", style="bold", markup=False)
        console.print(grid)


def plain_grid(headers: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Any other table, printed in the same way."""
    grid = _grid()
    for header in headers:
        grid.add_column(header, overflow="fold")
    for row in rows:
        grid.add_row(*row)
    _console().print(grid)


def _text(cell: Cell) -> str:
    return f"{cell.text} ({cell.change})" if cell.change else cell.text


def _console() -> Console:
    return Console() if sys.stdout.isatty() else Console(width=10_000, color_system=None)


def _grid() -> RichTable:
    lines = box.SIMPLE_HEAD if sys.stdout.isatty() else None
    return RichTable(box=lines, pad_edge=False, padding=(0, 2, 0, 0))
