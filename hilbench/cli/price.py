"""`hilbench price`: cycles of a profile file on a board."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from hilbench.boards import Board, boards, find
from hilbench.boards.board import Timing
from hilbench.errors import ConfigError, UsageError, one_of
from hilbench.profile import Priced, jsonform, price

FORMATS = ("table", "json")


def command(
    profile: Annotated[
        Path, typer.Argument(help="Profile as JSON (docs/profile.schema.json).", metavar="PROFILE.json")
    ],
    board: Annotated[str, typer.Option("--board", help="The board whose [timing] prices it.")],
    form: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
) -> None:
    """Price a block profile: modelled cycles on a board, with their error band.

    Example: hilbench price profile.json --board nucleo_l4r5zi --format json
    """
    if form not in FORMATS:
        raise UsageError(one_of("format", form, FORMATS))
    chosen = find(board)
    priced = price(jsonform.read(profile), timing_of(chosen))
    if form == "json":
        typer.echo(json.dumps(as_json(priced, chosen), indent=2))
    else:
        show(priced, chosen)


def timing_of(board: Board) -> Timing:
    """The board's timing.

    Raises:
        ConfigError: the board file has none; those that have are named.
    """
    if board.timing is None:
        known = [name for name in boards() if find(name).timing is not None]
        raise ConfigError("no [timing], so cycles cannot be modelled", where=board.name, right=f"have one: {known}")
    return board.timing


def as_json(priced: Priced, board: Board) -> dict[str, Any]:
    """`priced` as JSON values: `cycles` and `error_pct` first."""
    timing = timing_of(board)
    return {
        **_figures(priced),
        "latency_ms": priced.cycles / board.clock.hz[timing.clock] * 1e3,
        "provenance": "modelled",
        "board": board.name,
        "fit": timing.fit.model_dump(),
        "sections": [_figures(section) for section in priced.sections],
    }


def _figures(priced: Priced) -> dict[str, Any]:
    return {
        "name": priced.name,
        "step": priced.step,
        "cycles": priced.cycles,
        "error_pct": priced.error_pct,
        "instructions": priced.instructions,
        "parts": {name: round(cycles, 1) for name, cycles in priced.parts.items()},
        "warnings": list(priced.warnings),
    }


def show(priced: Priced, board: Board) -> None:
    """Print `priced` as a table with its warnings."""
    table = Table(title=f"modelled cycles on {board.name}")
    for heading in ("section", "instructions", "cycles", "± %", "flash wait %"):
        table.add_column(heading, justify="left" if heading == "section" else "right")
    for row in (*(priced.sections if len(priced.sections) > 1 else ()), priced):
        table.add_row(
            row.name, f"{row.instructions:,}", f"{row.cycles:,}", f"{row.error_pct:g}", f"{100 * row.flash_share:.1f}"
        )
    console = Console()
    console.print(table)
    for warning in priced.warnings:
        console.print(f"warning: {warning}", style="yellow")
