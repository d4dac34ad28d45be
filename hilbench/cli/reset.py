"""`hilbench reset`: start a board's firmware from its reset vector."""

from __future__ import annotations

from typing import Annotated

import typer

from hilbench.boards import find, wired
from hilbench.targets.board import probe_of
from hilbench.targets.probe import choose, debugger, locked


def command(
    board: Annotated[str, typer.Argument(help="Board: name, or a .toml file.")],
    *,
    probe: Annotated[str, typer.Option(metavar="ID", help="Its debug probe, where several are there.")] = "",
) -> None:
    """Reset a board through its debug probe, connected under reset so that it works whatever the firmware does."""
    where = wired(find(board), probe)
    chip = probe_of(where)
    unique_id = choose(chip.unique_id)
    with locked(unique_id), debugger() as process:
        process.ask("connect", probe=unique_id, target=chip.target, mode="under-reset", pack=chip.pack)
        process.ask("reset")
    print(f"{where.name} was reset")
