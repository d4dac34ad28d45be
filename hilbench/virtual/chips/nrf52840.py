"""nRF52840 (Nordic PS v1.7): 1 MiB of flash, 256 KiB of RAM, NVMC, UART0 on P0.06 and P0.08, CTRL-AP."""

from __future__ import annotations

from hilbench.virtual.bus import Memory, Peripheral
from hilbench.virtual.chip import CHIPS, Chip, Parts, Wiring
from hilbench.virtual.faults import Faults
from hilbench.virtual.flash import FlashPeripheral

FLASH_SIZE, PAGE, UICR = 0x10_0000, 0x1000, 0x1000_1000
_AAD0, _QIAA = 0x4141_4430, 0x2004
_BAUDS = {
    0x0027_5000: 9600,
    0x01D7_E000: 115200,
    0x03AF_B000: 230400,
    0x075F_7000: 460800,
    0x0EBE_D000: 921600,
    0x1000_0000: 1_000_000,
}


class Nvmc(FlashPeripheral):
    """Non-volatile memory controller: words are programmed by plain stores while CONFIG allows it (PS, 4.3)."""

    size = 0x1000
    READY, READYNEXT, CONFIG, ERASEPAGE, ERASEALL, ERASEUICR = 0x400, 0x408, 0x504, 0x508, 0x50C, 0x514
    WRITE, ERASE = 1, 2

    def __init__(self, faults: Faults) -> None:
        super().__init__(0x4001_E000, {0x400: 1, 0x408: 1}, Memory.of(0, FLASH_SIZE, fill=0xFF), faults)
        self.uicr = Memory.of(UICR, 0x400, fill=0xFF)
        self.uicr.controller = self

    def write(self, offset: int, value: int) -> None:
        """Erase registers act while CONFIG is "erase"."""
        if offset in (self.READY, self.READYNEXT):
            return
        super().write(offset, value)
        if self.registers.get(self.CONFIG, 0) != self.ERASE:
            return
        if offset == self.ERASEPAGE:
            self._blank(self.array, value & ~(PAGE - 1), PAGE)
        elif offset == self.ERASEALL and value & 1:
            self.erase_all()
        elif offset == self.ERASEUICR and value & 1:
            self._blank(self.uicr, UICR, self.uicr.size)

    def erase_all(self) -> None:
        """Flash and UICR."""
        self._blank(self.array, 0, FLASH_SIZE)
        self._blank(self.uicr, UICR, self.uicr.size)

    def store(self, address: int, size: int, value: int) -> None:
        """Bits go from 1 to 0, whole words only; everything else is lost."""
        bad = self.faults.program_error
        if self.registers.get(self.CONFIG, 0) != self.WRITE or size != 4 or bad == address:
            return
        memory = self.array if self.array.holds(address, 4) else self.uicr
        self._clear_bits(memory, address, 4, value)


class ClockControl(Peripheral):
    """CLOCK: the crystal oscillator starts at once (PS, 5.4). The core runs at 64 MHz either way."""

    size = 0x1000
    HFCLKSTART, HFCLKSTARTED, HFCLKSTAT = 0x000, 0x100, 0x40C

    def write(self, offset: int, value: int) -> None:
        """A task makes its event and shows in the status."""
        super().write(offset, value)
        if offset == self.HFCLKSTART and value & 1:
            self.registers[self.HFCLKSTARTED] = 1
            self.registers[self.HFCLKSTAT] = 0x1_0001


class Uart(Peripheral):
    """UART without DMA: six bytes of receive FIFO stand before RXD (PS, 6.33)."""

    size = 0x1000
    STARTRX, STOPRX, STARTTX, STOPTX, RXDRDY, TXDRDY = 0x000, 0x004, 0x008, 0x00C, 0x108, 0x11C
    ENABLE, PSELTXD, PSELRXD, RXD, TXD, BAUDRATE = 0x500, 0x50C, 0x514, 0x518, 0x51C, 0x524
    ON, TX_PIN, RX_PIN, UNCONNECTED = 4, 6, 8, 0xFFFF_FFFF

    def __init__(self, wiring: Wiring) -> None:
        unconnected = dict.fromkeys((0x508, 0x50C, 0x510, 0x514), self.UNCONNECTED)
        super().__init__(0x4000_2000, unconnected | {0x524: 0x0400_0000})
        self.line, self._doze, self._polls = wiring.line, wiring.doze, 0
        self._sending = self._receiving = False
        wiring.line.baud = self.baud

    def baud(self) -> float:
        """The rate that BAUDRATE stands for; 0 while the unit is off or its pins are not those of the board."""
        return float(_BAUDS.get(self.registers.get(self.BAUDRATE, 0), 0)) if self._on() else 0.0

    def _on(self) -> bool:
        pins = (self.registers[self.PSELTXD], self.registers[self.PSELRXD])
        return self.registers.get(self.ENABLE, 0) == self.ON and pins == (self.TX_PIN, self.RX_PIN)

    def reset(self) -> None:
        """Both directions stop."""
        super().reset()
        self._sending = self._receiving = False

    def read(self, offset: int) -> int:
        """RXDRDY shows that a byte came and has not been announced yet; RXD takes it."""
        if offset == self.RXDRDY:
            return self._ready()
        if offset == self.RXD:
            return self.line.received.popleft() if self.line.received else 0
        return super().read(offset)

    def _ready(self) -> int:
        if self._receiving and self._on() and self.line.received:
            self._polls = 0
            return 1
        self._polls += 1
        if self._polls > 200:
            self._doze()
        return 0

    def write(self, offset: int, value: int) -> None:
        """Tasks, and TXD which sends."""
        super().write(offset, value)
        if offset in (self.STARTTX, self.STOPTX):
            self._sending = offset == self.STARTTX
        elif offset in (self.STARTRX, self.STOPRX):
            self._receiving = offset == self.STARTRX
        elif offset == self.TXD and self._sending and self._on():
            self._polls = 0
            self.line.send(bytes([value & 0xFF]))
            self.registers[self.TXDRDY] = 1


class CtrlAp:
    """Access port 1: erase all and readout protection (PS, CTRL-AP)."""

    def __init__(self, nvmc: Nvmc, locked: bool) -> None:
        self.nvmc, self.locked = nvmc, locked

    def read(self, register: int, count: int) -> list[int]:
        """RESET, ERASEALL, ERASEALLSTATUS, APPROTECTSTATUS, IDR."""
        return [{0x0C: 0 if self.locked else 1, 0xFC: 0x1288_0000}.get(register, 0)] * count

    def write(self, register: int, values: list[int]) -> None:
        """ERASEALL."""
        if register == 0x04 and values[-1] & 1:
            self.nvmc.erase_all()


def _build(wiring: Wiring) -> Parts:
    faults, nvmc = wiring.faults, Nvmc(wiring.faults)
    part = 0x52833 if faults.wrong_chip else 0x52840
    ficr = {0x010: PAGE, 0x014: 0x100, 0x060: 0x9A1C_52E7, 0x064: 0x3B0D_64F1, 0x100: part}
    ficr |= {0x104: _AAD0, 0x108: _QIAA, 0x10C: 0x100, 0x110: 0x400}
    memories = [nvmc.array, nvmc.uicr, Memory.of(0x2000_0000, 0x4_0000)]
    pins = Peripheral(0x5000_0000)
    pins.size = 0x1000
    watchdog = Peripheral(0x4001_0000)
    watchdog.size = 0x1000
    units = [ClockControl(0x4000_0000), Uart(wiring), nvmc, Peripheral(0x1000_0000, ficr), pins, watchdog]
    return Parts(memories, units, ports={1: CtrlAp(nvmc, faults.locked)}, hidden=lambda address: faults.locked)


CHIPS.add("nrf52840", Chip(core="cortex-m4", build=_build))
