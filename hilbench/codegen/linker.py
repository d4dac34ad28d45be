"""The linker script: the board's memory regions, with model and harness in sections of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hilbench.boards import Board

VECTORS_BYTES = 256
GUARD_BYTES = 256
"""Below each stack; the smallest region of an ARMv6-M MPU (Arm DDI 0419, B3.5)."""
HARNESS_STACK_BYTES = 1024


@dataclass(frozen=True)
class LinkRegion:
    """A region of memory as the linker sees it; `attributes` as in a MEMORY command."""

    name: str
    attributes: str
    origin: int
    size: int


def link_regions(board: Board, *, emulated: bool) -> tuple[LinkRegion, ...]:
    """Flash and RAM with the board's sizes, where the emulator has its memories or where the board has them."""
    flash, ram = board.memory.flash, board.memory.ram
    places = (flash.origin, ram.origin)
    if emulated and board.emulator:
        places = (board.emulator.flash_origin, board.emulator.ram_origin)
    return (LinkRegion("flash", "rx", places[0], flash.size), LinkRegion("ram", "rwx", places[1], ram.size))


def linker_script(title: str, regions: tuple[LinkRegion, ...]) -> str:
    """Text of link.ld."""
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
    return environment.get_template("link.ld.j2").render(
        title=title,
        regions=regions,
        vectors_bytes=VECTORS_BYTES,
        guard_bytes=GUARD_BYTES,
        harness_stack_bytes=HARNESS_STACK_BYTES,
    )
