"""`hilbench boards`: the boards there are files for, or one of them in full."""

from __future__ import annotations

from typing import Annotated

import typer

from hilbench.boards import Board, boards, find, load
from hilbench.cli.table import plain_grid


def command(
    name: Annotated[str, typer.Argument(help="A board, to see all that its file says.", show_default=False)] = "",
) -> None:
    """List the boards, the working directory's own `boards/` first."""
    if name:
        _one(find(name))
        return
    rows = [_row(load(path)) for _, path in sorted(boards().items())]
    plain_grid(("board", "core", "flash KiB", "RAM KiB", "emulated by", "proven on", "what it is"), rows)


def _row(board: Board) -> tuple[str, ...]:
    flash, ram = (region.size / 1024 for region in (board.memory.flash, board.memory.ram))
    machine = board.emulator.machine if board.emulator else "-"
    return board.name, board.core.name, f"{flash:g}", f"{ram:g}", machine, board.proven, board.title


def _one(board: Board) -> None:
    print(board.model_dump_json(indent=2, exclude_none=True))
