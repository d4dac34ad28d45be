"""What a block of instructions costs on the virtual board: the timing model of its core, without the chip's flash.

Waits for flash, unaligned data and caches depend on more than the code of a block and are not counted; a figure of a
virtual board is for trying the flow, never a result about the real one.
"""

from __future__ import annotations

from collections.abc import Callable

from hilbench.boards.board import CoreName
from hilbench.profile.price import instruction_cycles
from hilbench.profile.timing import TIMINGS
from hilbench.virtual.core import count_instructions
from hilbench.virtual.meter import Price


def cycles_of(core: CoreName) -> Price:
    """Cycles by the core's timing model: documented cycles of each instruction, and the refill after a taken branch."""
    taken = round(TIMINGS[core].events.get("taken", 0))

    def price(code: bytes, address: int) -> tuple[int, int]:
        return round(sum(instruction_cycles(address, code, core))), taken

    return price


COUNTS: dict[str, Callable[[CoreName], Price]] = {
    "cycles": cycles_of,
    "instructions": lambda core: count_instructions,
}
"""What CYCCNT and SysTick count, by name."""
