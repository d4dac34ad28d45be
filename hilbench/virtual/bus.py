"""The memory map: memories and peripherals as core and debug port both see them."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

WORD = 0xFFFF_FFFF


class BusFaultError(Exception):
    """Nothing answers at `address`, or what is there refuses the access."""

    def __init__(self, address: int, what: str = "nothing there") -> None:
        self.address = address
        super().__init__(f"bus fault at 0x{address:08x}: {what}")


class Peripheral:
    """Registers of 32 bits at `base`; a subclass gives them their meaning by overriding `read` and `write`.

    `initial` maps register offsets to their values after reset; registers that are not named reset to 0.
    """

    size = 0x400

    def __init__(self, base: int, initial: Mapping[int, int] | None = None) -> None:
        self.base, self.initial = base, dict(initial or {})
        self.registers = dict(self.initial)

    def read(self, offset: int) -> int:
        """Value of the register at `offset` (a multiple of 4)."""
        return self.registers.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        """Write the register at `offset` (a multiple of 4)."""
        self.registers[offset] = value & WORD

    def reset(self) -> None:
        """Back to the values after reset."""
        self.registers = dict(self.initial)


class Programmable(Protocol):
    """What stands behind a memory that plain stores cannot change: a flash controller."""

    def store(self, address: int, size: int, value: int) -> None:
        """A bus write of `size` bytes arrived at the flash array."""


@dataclass
class Memory:
    """Bytes at `origin`. With a `controller` it is flash: stores go there, and only the controller changes `cells`.

    `cells` are shared with the emulated core, which may spoil them for the rest of one block of instructions when it
    stores into flash; `truth` is what the array really holds.
    """

    origin: int
    cells: ctypes.Array[ctypes.c_uint8]
    controller: Programmable | None = None
    truth: bytearray = field(default_factory=bytearray)
    spoiled: list[tuple[int, int]] = field(default_factory=list)

    @classmethod
    def of(cls, origin: int, size: int, fill: int = 0) -> Memory:
        """`size` bytes of RAM (fill 0) or erased flash (fill 0xFF)."""
        memory = cls(origin, (ctypes.c_uint8 * size)())
        ctypes.memset(memory.cells, fill, size)
        memory.truth = bytearray(memory.cells)
        return memory

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.cells)

    def holds(self, address: int, count: int = 1) -> bool:
        """Whether all of the `count` bytes at `address` lie here."""
        return self.origin <= address and address + count <= self.origin + self.size

    def peek(self, address: int, count: int) -> bytes:
        """`count` bytes at `address`."""
        at = address - self.origin
        return bytes(memoryview(self.cells)[at : at + count])

    def poke(self, address: int, data: bytes) -> None:
        """Change the cells themselves, past any controller."""
        at = address - self.origin
        ctypes.memmove(ctypes.addressof(self.cells) + at, data, len(data))
        if self.controller is not None:
            self.truth[at : at + len(data)] = data

    def fill(self, value: int, address: int, count: int) -> None:
        """Set `count` bytes at `address` to `value`."""
        self.poke(address, bytes([value]) * count)

    def mend(self) -> None:
        """Put back what stores of the core have spoiled."""
        for at, count in self.spoiled:
            ctypes.memmove(ctypes.addressof(self.cells) + at, bytes(self.truth[at : at + count]), count)
        self.spoiled.clear()


@dataclass
class Bus:
    """Every memory and peripheral of the chip."""

    memories: list[Memory]
    peripherals: list[Peripheral]

    def memory(self, address: int, count: int = 1) -> Memory | None:
        """The memory that holds all of `count` bytes at `address`."""
        return next((m for m in self.memories if m.holds(address, count)), None)

    def peripheral(self, address: int) -> Peripheral:
        """The peripheral at `address`.

        Raises:
            BusFaultError: there is none.
        """
        for unit in self.peripherals:
            if unit.base <= address < unit.base + unit.size:
                return unit
        raise BusFaultError(address)

    def read(self, address: int, size: int) -> int:
        """`size` (1, 2, 4) bytes at `address`, little endian."""
        if memory := self.memory(address, size):
            return int.from_bytes(memory.peek(address, size), "little")
        unit = self.peripheral(address)
        word = unit.read((address - unit.base) & ~3)
        return (word >> 8 * (address & 3)) & ((1 << 8 * size) - 1)

    def write(self, address: int, size: int, value: int) -> None:
        """Write `size` (1, 2, 4) bytes; narrow writes to peripherals keep the other bytes of the register."""
        if memory := self.memory(address, size):
            if memory.controller is not None:
                memory.controller.store(address, size, value)
            else:
                memory.poke(address, value.to_bytes(size, "little"))
            return
        unit = self.peripheral(address)
        offset, shift = (address - unit.base) & ~3, 8 * (address & 3)
        if size < 4:
            mask = ((1 << 8 * size) - 1) << shift
            value = (unit.read(offset) & ~mask) | ((value << shift) & mask)
        unit.write(offset, value & WORD)

    def read_words(self, address: int, count: int) -> list[int]:
        """`count` words at `address`, as one block transfer of the debug port reads them."""
        if memory := self.memory(address, 4 * count):
            data = memory.peek(address, 4 * count)
            return [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]
        return [self.read(address + 4 * i, 4) for i in range(count)]

    def write_words(self, address: int, words: list[int]) -> None:
        """Write words at `address` in order."""
        memory = self.memory(address, 4 * len(words))
        if memory and memory.controller is None:
            memory.poke(address, b"".join(word.to_bytes(4, "little") for word in words))
            return
        for index, word in enumerate(words):
            self.write(address + 4 * index, 4, word)
