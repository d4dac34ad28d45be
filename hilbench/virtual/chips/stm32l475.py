"""STM32L475xG (ST RM0351): 1 MiB of flash in two banks, 96 + 32 KiB of SRAM, USART1 on PB6 and PB7."""

from __future__ import annotations

from typing import ClassVar

from hilbench.virtual.bus import Memory, Peripheral
from hilbench.virtual.chip import CHIPS, Chip, Parts, Wiring
from hilbench.virtual.faults import Faults
from hilbench.virtual.stm32 import HSI_HZ, ClockControl, FlashController, Gpio, Usart

FLASH, FLASH_SIZE, BANK, PAGE = 0x0800_0000, 0x10_0000, 0x8_0000, 0x800
IDCODE, OTHER_IDCODE = 0x1007_6415, 0x1000_6461  # DEV_ID 0x415; 0x461 is an STM32L496
_MSI_HZ = (100, 200, 400, 800, 1000, 2000, 4000, 8000, 16000, 24000, 32000, 48000)  # kHz, RM0351 6.2.3
_HZ_PER_WAIT_STATE = 16_000_000  # voltage range 1, RM0351 3.3.3


class Rcc(ClockControl):
    """Reset and clock control (RM0351, 6.4)."""

    CFGR, PLLCFGR = 0x08, 0x0C
    AHB2ENR, APB1ENR1, APB2ENR = 0x4C, 0x58, 0x60
    READY: ClassVar = {0: 1, 8: 10, 16: 17, 24: 25}  # MSI, HSI16, HSE, PLL

    def __init__(self) -> None:
        super().__init__(0x4002_1000, {0x00: 0x63, 0x0C: 0x1000, 0x48: 0x100, 0x94: 0x0C00_0600})

    def hz(self) -> float:
        """SYSCLK = HCLK = PCLK2: the prescalers are left at 1."""
        source = self.registers.get(self.CFGR, 0) & 3
        return (self._msi, lambda: HSI_HZ, lambda: 0.0, self._pll)[source]()

    def _msi(self) -> float:
        control = self.registers[self.CR]
        if not control & 8:
            return 4e6
        return 1e3 * _MSI_HZ[min(control >> 4 & 0xF, 11)]

    def _pll(self) -> float:
        setting = self.registers[self.PLLCFGR]
        if not (self.registers[self.CR] >> 24 & 1 and setting >> 24 & 1):
            return 0.0
        source = (lambda: 0.0, self._msi, lambda: float(HSI_HZ), lambda: 0.0)[setting & 3]()
        return source / ((setting >> 4 & 7) + 1) * (setting >> 8 & 0x7F) / (2 * ((setting >> 25 & 3) + 1))


class Flash(FlashController):
    """Page erase, double-word programming, and the errors of misuse (RM0351, 3.3 and 3.7)."""

    KEYR, SR, CR, OPTR = 0x08, 0x10, 0x14, 0x20
    PG, PER, MER1, MER2 = 1 << 0, 1 << 1, 1 << 2, 1 << 15
    PROGERR, PGAERR, SIZERR, PGSERR = 1 << 3, 1 << 5, 1 << 6, 1 << 7
    ERRORS = 0xC3FA

    def __init__(self, faults: Faults) -> None:
        optr = 0xFFEF_F800 | (0xBB if faults.locked else 0xAA)
        registers = {0x00: 0x600, 0x14: 0xC000_0000, 0x20: optr}
        super().__init__(0x4002_2000, registers, Memory.of(FLASH, FLASH_SIZE, fill=0xFF), faults)
        self._half: tuple[int, int] | None = None

    def _erase(self, control: int) -> None:
        if self._failed():
            self._status(self.PGSERR)
            return
        if control & self.PER:
            bank = FLASH + (BANK if control & 1 << 11 else 0)
            self._blank(self.array, bank + PAGE * (control >> 3 & 0xFF), PAGE)
        for bit, start in ((self.MER1, FLASH), (self.MER2, FLASH + BANK)):
            if control & bit:
                self._blank(self.array, start, BANK)
        self._done()

    def store(self, address: int, size: int, value: int) -> None:
        """A word of a double word arrives; the second one programs both."""
        if not self.registers[self.CR] & self.PG or self._failed():
            self._status(self.PGSERR)
        elif size != 4:
            self._status(self.SIZERR)
        elif self._half is None and address % 8 == 0:
            self._half = (address, value)
        elif self._half is not None and address == self._half[0] + 4:
            first, self._half = self._half, None
            self._program(first[0], first[1] | value << 32)
        else:
            self._half = None
            self._status(self.PGAERR)

    def _program(self, address: int, value: int) -> None:
        at, bad = address - FLASH, self.faults.program_error
        erased = self.array.truth[at : at + 8] == b"\xff" * 8
        if (not erased and value != 0) or (bad is not None and address <= bad < address + 8):
            self._status(self.PROGERR)
            return
        self.array.poke(address, value.to_bytes(8, "little"))
        self._stick()
        self._done()


def _build(wiring: Wiring) -> Parts:
    faults, rcc, flash = wiring.faults, Rcc(), Flash(wiring.faults)
    port_b = Gpio(0x4800_0400, modes=0xFFFF_FEBF)
    usart = Usart(
        0x4001_3800,
        wiring,
        clocked=lambda: rcc.enabled(Rcc.APB2ENR, 14),
        wired=lambda: rcc.enabled(Rcc.AHB2ENR, 1) and port_b.on_function(6, 7) and port_b.on_function(7, 7),
    )
    usart.hz = rcc.hz

    def check_clock() -> None:
        if rcc.hz() > _HZ_PER_WAIT_STATE * (flash.wait_states + 1):
            wiring.lock_up(f"flash with {flash.wait_states} wait states cannot follow {rcc.hz() / 1e6:g} MHz")

    def hidden(address: int) -> bool:
        """Readout protection level 1: flash cannot be read while a debugger is there (RM0351, 3.5.1)."""
        return faults.locked and flash.array.holds(address)

    rcc.on_clock = check_clock
    identity = Peripheral(0xE004_2000, {0x00: OTHER_IDCODE if faults.wrong_chip else IDCODE})
    engineering = Peripheral(0x1FFF_7400, {0x190: 0x0041_0021, 0x194: 0x5033_5005, 0x198: 0x2035_3338, 0x1E0: 0x400})
    power = Peripheral(0x4000_7000, {0x00: 0x200})
    boot = Memory(0, flash.array.cells, flash, flash.array.truth, flash.array.spoiled)
    memories = [flash.array, boot, Memory.of(0x2000_0000, 0x1_8000), Memory.of(0x1000_0000, 0x8000)]
    watchdog = Peripheral(0x4000_3000)
    return Parts(memories, [rcc, flash, port_b, usart, identity, engineering, power, watchdog], hidden=hidden)


CHIPS.add("stm32l475xg", Chip(core="cortex-m4", build=_build))
