"""What makes a chip: its core, and a function that builds its memories, peripherals and access ports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hilbench.boards.board import CoreName
from hilbench.registry import Registry
from hilbench.virtual.bus import Memory, Peripheral
from hilbench.virtual.debugport import AccessPort
from hilbench.virtual.faults import Faults
from hilbench.virtual.line import Line


@dataclass(frozen=True)
class Wiring:
    """What a chip is connected to. `lock_up(why)` stops the core for good; `doze()` lets a polling core rest."""

    line: Line
    faults: Faults
    lock_up: Callable[[str], None]
    doze: Callable[[], None]


@dataclass(frozen=True)
class Parts:
    """What a chip consists of, besides its core. `ports` are access ports beside AP 0; `hidden(address)`: readout
    protection refuses this address to the debug port. `vectors`: where the core boots from."""

    memories: list[Memory]
    peripherals: list[Peripheral]
    ports: dict[int, AccessPort] = field(default_factory=dict)
    hidden: Callable[[int], bool] = lambda address: False
    vectors: int = 0


@dataclass(frozen=True)
class Chip:
    """A chip by the name that pyOCD gives it."""

    core: CoreName
    build: Callable[[Wiring], Parts]


CHIPS: Registry[Chip] = Registry("virtual chip", "hilbench.virtual.chips")
