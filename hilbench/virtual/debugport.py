"""SW-DP and its access ports, register by register (Arm IHI 0031, ADIv5): what a probe on the wires would talk to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from hilbench.virtual.bus import WORD, Bus, BusFaultError
from hilbench.virtual.core import Core

DPIDR = 0x2BA0_1477  # SW-DP version 1 of Cortex-M3 and M4
AHB_AP_IDR, ROM_TABLE = 0x2477_0011, 0xE00F_F003
_CSW, _TAR, _DRW, _BASE, _IDR = 0x00, 0x04, 0x0C, 0xF8, 0xFC
_DHCSR = 0xE000_EDF0
_STICKYERR, _POWERED = 1 << 5, 0xF000_0000
_POLL_SECONDS = 0.002


class TransferFaultError(Exception):
    """The debug port answered FAULT."""


class AccessPort(Protocol):
    """An access port: 32-bit registers at 0x00 to 0xFC."""

    def read(self, register: int, count: int) -> list[int]:
        """`count` reads of one register."""

    def write(self, register: int, values: list[int]) -> None:
        """Writes to one register."""


class AhbAp:
    """MEM-AP on the system bus: CSW, TAR with increment, DRW, BD0 to BD3 (IHI 0031, C2)."""

    def __init__(self, bus: Bus, core: Core, hidden: Callable[[int], bool]) -> None:
        self.bus, self.core, self.hidden = bus, core, hidden
        self.csw, self.tar = 0x2300_0052, 0

    def read(self, register: int, count: int) -> list[int]:
        """A read of one register; DRW reads move through memory as CSW says."""
        if register == _DRW or 0x10 <= register <= 0x1C:
            self._let_core_run(register)
            return self.core.call(lambda: self._transfer_in(register, count))
        fixed = {_CSW: self.csw, _TAR: self.tar, 0xF4: 0, _BASE: ROM_TABLE, _IDR: AHB_AP_IDR}
        return [fixed.get(register, 0)] * count

    def write(self, register: int, values: list[int]) -> None:
        """A write to one register."""
        values = [value & WORD for value in values]  # pyOCD leaves the mask to the wires
        if register == _DRW or 0x10 <= register <= 0x1C:
            self.core.call(lambda: self._transfer_out(register, values))
        elif register == _CSW:
            self.csw = (values[-1] & ~0xC0) | 0x40  # DeviceEn is always set
        elif register == _TAR:
            self.tar = values[-1]

    def _let_core_run(self, register: int) -> None:
        """A debugger that polls DHCSR would take all of the core's time: it gets its answer a little later."""
        if (self.tar if register == _DRW else (self.tar & ~0xF) + register - 0x10) == _DHCSR:
            self.core.still.wait(_POLL_SECONDS)

    def _size(self) -> int:
        return 1 << (self.csw & 7)

    def _check(self) -> None:
        if self.hidden(self.tar):
            raise BusFaultError(self.tar, "readout protection")

    def _transfer_in(self, register: int, count: int) -> list[int]:
        self._check()
        if register != _DRW:
            return [self.bus.read((self.tar & ~0xF) + register - 0x10, 4)] * count
        size, increment = self._size(), self.csw >> 4 & 3
        if size == 4 and increment == 1:
            words = self.bus.read_words(self.tar, count)
            self._advance(4 * count)
            return words
        values = []
        for _ in range(count):
            values.append(self.bus.read(self.tar, size) << 8 * (self.tar & 3))
            self._advance(size if increment else 0)
        return values

    def _transfer_out(self, register: int, values: list[int]) -> None:
        self._check()
        self.core.touched()
        if register != _DRW:
            self.bus.write((self.tar & ~0xF) + register - 0x10, 4, values[-1])
            return
        size, increment = self._size(), self.csw >> 4 & 3
        if size == 4 and increment == 1:
            self.bus.write_words(self.tar, values)
            self._advance(4 * len(values))
            return
        for value in values:
            lane = value >> 8 * (self.tar & 3) & ((1 << 8 * size) - 1)
            self.bus.write(self.tar, size, lane)
            self._advance(size if increment else 0)

    def _advance(self, count: int) -> None:
        """The increment carries within 10 bits of the address, not beyond (IHI 0031, C2.2.2)."""
        self.tar = (self.tar & ~0x3FF) | ((self.tar + count) & 0x3FF)


class DebugPort:
    """The DP registers: identification, power-up requests, SELECT, sticky errors, and the way to the access ports."""

    def __init__(self, ports: dict[int, AccessPort]) -> None:
        self.ports = ports
        self.control, self.select, self.rdbuff = 0, 0, 0

    def read_dp(self, address: int) -> int:
        """DPIDR, CTRL/STAT, RESEND, RDBUFF."""
        if address == 0x4:
            powered = (self.control & 0x5000_0000) << 1
            return (self.control & 0x5FFF_FFFF) | powered
        return {0x0: DPIDR, 0x8: self.rdbuff, 0xC: self.rdbuff}[address & 0xC]

    def write_dp(self, address: int, value: int) -> None:
        """ABORT, CTRL/STAT, SELECT."""
        if address == 0x0 and value & 0x1E:
            self.control &= ~_STICKYERR
        elif address == 0x4:
            self.control = (value & 0x5000_0F00) | (self.control & _STICKYERR)
        elif address == 0x8:
            self.select = value

    def read_ap(self, address: int, count: int = 1) -> list[int]:
        """Read an AP register `count` times; SELECT chooses the port and the bank."""
        values = self._guarded(lambda port, register: port.read(register, count), address)
        self.rdbuff = values[-1]
        return values

    def write_ap(self, address: int, values: list[int]) -> None:
        """Write an AP register."""
        self._guarded(lambda port, register: _write(port, register, values), address)

    def _guarded(self, work: Callable[[AccessPort, int], list[int]], address: int) -> list[int]:
        if self.control & _STICKYERR:
            raise TransferFaultError("STICKYERR is set")
        if self.control & 0x5000_0000 != 0x5000_0000:
            raise TransferFaultError("the debug domain is not powered up")
        port = self.ports.get(self.select >> 24)
        if port is None:
            return [0]
        try:
            return work(port, (self.select & 0xF0) | (address & 0xC))
        except BusFaultError as error:
            self.control |= _STICKYERR
            raise TransferFaultError(str(error)) from error


def _write(port: AccessPort, register: int, values: list[int]) -> list[int]:
    port.write(register, values)
    return []
