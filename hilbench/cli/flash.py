"""`hilbench flash`: put a firmware on a board, and read it back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hilbench.boards import find, wired
from hilbench.errors import UsageError
from hilbench.targets.board import connect, flash, probe_of
from hilbench.targets.probe import choose, debugger, locked


def command(
    elf: Annotated[Path, typer.Argument(metavar="FIRMWARE.elf", help="As hilbench build writes it.")],
    *,
    board: Annotated[str, typer.Option(help="Board: name, or a .toml file.")],
    probe: Annotated[str, typer.Option(metavar="ID", help="Its debug probe, where several are there.")] = "",
) -> None:
    """Flash a board: chip checked, sectors erased, programmed, read back and compared, started.

    What is there already is not flashed again.
    """
    if not elf.is_file():
        raise UsageError(f"no file {elf}; hilbench build writes one")
    where = wired(find(board), probe)
    unique_id = choose(probe_of(where).unique_id)
    with locked(unique_id), debugger() as process:
        connect(process, where, unique_id)
        programmed = flash(process, elf)
        process.ask("reset")
    print(f"{elf} is on {where.name}, read back and compared" + ("" if programmed else " (it was there already)"))
