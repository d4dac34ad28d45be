"""The profiler in front of hilbench's own firmware: where its marks are, and the profiles of its runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hilbench.boards import Board
from hilbench.build.image import FirmwareImage
from hilbench.errors import ToolError
from hilbench.profile import plugin, record
from hilbench.profile.blocks import Cache, Profile
from hilbench.profile.plugin import Watch

BEGIN, MARK, TICK, WAIT = "hb_step_begin", "hb_step_mark", "hb_systick", "hb_serve_request"
"""The function that each step begins with, the bytes in which it spells the step's number, the interrupt handler of
the counter, which runs whenever it likes and is no part of a model, and the function that waits for the host to send
rows of a streamed input."""


def arguments(image: FirmwareImage, board: Board, out: Path) -> tuple[str, ...]:
    """What to add to QEMU's command line so that it records the runs of `image` in `out`.

    Raises:
        ToolError: the profiler cannot be built, or is not for this QEMU.
    """
    return plugin.arguments(plugin.build(), out, watch(image), cache_of(board))


def profiles(out: Path, image: FirmwareImage, board: Board, steps: Sequence[str], count: int) -> tuple[Profile, ...]:
    """Profiles of the last `count` runs of `image` that `out` holds; `steps` are the names of the model's steps."""
    machine = board.emulator.machine if board.emulator else ""
    wait = image.symbols[WAIT]
    waiting = range(wait.address & ~1, (wait.address & ~1) + wait.size)
    return record.runs(record.read(out, cache_of(board)), steps, count, machine, waiting)


def watch(image: FirmwareImage) -> Watch:
    """Where the marks of `image` are."""
    missing = [name for name in (BEGIN, MARK, TICK, WAIT) if name not in image.symbols]
    if missing:
        raise ToolError("block profiler", f"the image has no symbol {', '.join(missing)}: {image.elf}")
    tick = image.symbols[TICK]
    return Watch(
        function=image.symbols[BEGIN].address & ~1,
        mark=image.symbols[MARK].address,
        ignore=(tick.address & ~1, tick.size),
    )


def cache_of(board: Board) -> Cache | None:
    """The data cache that the board's timing asks the profiler to simulate."""
    asked = board.timing.cache if board.timing else None
    return Cache(asked.size, asked.ways, asked.line) if asked else None
