"""What every flash controller of a virtual chip does to its array: sectors go blank, faults show."""

from __future__ import annotations

from collections.abc import Mapping

from hilbench.virtual.bus import Memory, Peripheral
from hilbench.virtual.faults import Faults


class FlashPeripheral(Peripheral):
    """Registers at `base` that control `array`, which plain stores of the core reach through `store`."""

    def __init__(self, base: int, initial: Mapping[int, int], array: Memory, faults: Faults) -> None:
        super().__init__(base, initial)
        self.faults, self.array = faults, array
        array.controller = self

    def store(self, address: int, size: int, value: int) -> None:
        """A bus write of `size` bytes arrived at the array; nothing is programmed unless a chip says so."""

    def _blank(self, memory: Memory, address: int, count: int) -> None:
        if not self.faults.dead_erase and memory.holds(address, count):
            memory.fill(0xFF, address, count)
            self._stick()

    def _clear_bits(self, memory: Memory, address: int, size: int, value: int) -> None:
        """Flash cells go from 1 to 0 only."""
        at = address - memory.origin
        old = int.from_bytes(memory.truth[at : at + size], "little")
        memory.poke(address, (old & value).to_bytes(size, "little"))
        self._stick()

    def _stick(self) -> None:
        if (stuck := self.faults.stuck_bit) is not None and self.array.holds(stuck // 8):
            held = self.array.truth[stuck // 8 - self.array.origin]
            self.array.poke(stuck // 8, bytes([held & ~(1 << stuck % 8)]))
