"""`hilbench boards`: the boards there are files for, or one of them in full."""

from __future__ import annotations

from typing import Annotated

import typer
from serial.tools.list_ports import comports

from hilbench.boards import Board, boards, find, load
from hilbench.boards.draft import draft
from hilbench.cli.table import plain_grid
from hilbench.errors import UsageError
from hilbench.targets.attached import attached_probes
from hilbench.targets.probe import choose, debugger
from hilbench.wire.messages import CORES

_CPUID = 0xE000_ED00


def command(
    name: Annotated[
        str, typer.Argument(help="A board, to see all that its file says; or new.", show_default=False)
    ] = "",
    target: Annotated[str, typer.Option(help="For new: the chip by pyOCD's name (pyocd list --targets).")] = "",
    probe: Annotated[str, typer.Option(metavar="ID", help="For new: a debug probe, to ask the chip itself.")] = "",
) -> None:
    """List the boards, the working directory's own `boards/` first, and what is attached.

    hilbench boards new --target stm32f412xg > boards/mine.toml begins a board file.
    """
    if name == "new":
        _new(target, probe)
    elif name:
        _one(find(name))
    else:
        rows = [_row(load(path)) for _, path in sorted(boards().items())]
        plain_grid(("board", "core", "flash KiB", "RAM KiB", "emulated by", "proven on", "what it is"), rows)
        _attached()


def _new(target: str, probe: str) -> None:
    if not target:
        raise UsageError("new needs --target, a chip by pyOCD's name: hilbench boards new --target stm32f412xg")
    with debugger() as process:
        memory = process.ask("describe", target=target)
        core = ""
        if probe:
            process.ask("connect", probe=choose(probe), target=target, mode="halt", pack="")
            core = CORES.get(process.ask("read_word", address=_CPUID) >> 4 & 0xFFF, "")
    print(draft(target, tuple(memory["flash"]), tuple(memory["ram"]), core), end="")


def _attached() -> None:
    """Probes with the boards whose chip sits beside them, and serial ports."""
    chips: dict[str, list[str]] = {}
    for board in (load(path) for _, path in sorted(boards().items())):
        if board.probe is not None:
            chips.setdefault(board.probe.target, []).append(board.name)
    for found in attached_probes():
        print(f"probe  {found.unique_id}  {found.description}  {', '.join(chips.get(found.target, [])) or 'any board'}")
    for port in comports():
        print(f"serial {port.device}  {port.description}")


def _row(board: Board) -> tuple[str, ...]:
    flash, ram = (region.size / 1024 for region in (board.memory.flash, board.memory.ram))
    machine = board.emulator.machine if board.emulator else "-"
    return board.name, board.core.name, f"{flash:g}", f"{ram:g}", machine, board.proven, board.title


def _one(board: Board) -> None:
    print(board.model_dump_json(indent=2, exclude_none=True))
