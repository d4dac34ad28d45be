"""STM32F767xI (ST RM0410): 2 MiB of flash in one bank, 512 KiB of RAM, USART3 on PD8 and PD9."""

from __future__ import annotations

from typing import ClassVar

from hilbench.virtual.bus import Memory, Peripheral
from hilbench.virtual.chip import CHIPS, Chip, Parts, Wiring
from hilbench.virtual.faults import Faults
from hilbench.virtual.stm32 import HSI_HZ, ClockControl, FlashController, Gpio, Usart

FLASH, FLASH_SIZE, ITCM_FLASH = 0x0800_0000, 0x20_0000, 0x0020_0000
SECTORS = tuple(1024 * size for size in (32, 32, 32, 32, 128, *[256] * 7))
IDCODE, OTHER_IDCODE = 0x1001_6451, 0x1001_6449  # DEV_ID 0x451; 0x449 is an STM32F746
_HZ_PER_WAIT_STATE = 30_000_000  # 2.7 to 3.6 V
_HZ_WITHOUT_OVER_DRIVE = 180_000_000


class Rcc(ClockControl):
    """Reset and clock control (RM0410, 5.3)."""

    PLLCFGR, CFGR = 0x04, 0x08
    AHB1ENR, APB1ENR = 0x30, 0x40
    READY: ClassVar = {0: 1, 16: 17, 24: 25}  # HSI, HSE, PLL

    def __init__(self) -> None:
        super().__init__(0x4002_3800, {0x00: 0x83, 0x04: 0x2400_3010, 0x30: 0x0010_0000})

    def hz(self) -> float:
        """SYSCLK = HCLK: the core's prescaler is left at 1; there is no crystal."""
        source = self.registers.get(self.CFGR, 0) & 3
        return (float(HSI_HZ), 0.0, self._pll(), 0.0)[source]

    def _pll(self) -> float:
        setting = self.registers[self.PLLCFGR]
        if not self.registers[self.CR] >> 24 & 1 or setting >> 22 & 1:
            return 0.0
        return HSI_HZ / max(setting & 0x3F, 1) * (setting >> 6 & 0x1FF) / (2 * ((setting >> 16 & 3) + 1))

    def apb1_hz(self) -> float:
        """PCLK1: undivided for PPRE1 below 4, then by 2, 4, 8, 16."""
        divider = self.registers.get(self.CFGR, 0) >> 10 & 7
        return self.hz() / (1 if divider < 4 else 2 << (divider - 4))


class Flash(FlashController):
    """Sector erase, programming of words while PSIZE says so, and the errors of misuse (RM0410, 3.3 and 3.7)."""

    KEYR, SR, CR, OPTCR = 0x04, 0x0C, 0x10, 0x14
    PG, SER, MER = 1 << 0, 1 << 1, 1 << 2
    PGPERR, ERSERR = 1 << 6, 1 << 7
    ERRORS = 0xF2
    WORDS = 2

    def __init__(self, faults: Faults) -> None:
        optcr = 0xFFFF_00FD | (0x55 if faults.locked else 0xAA) << 8
        registers = {0x10: self.LOCK, 0x14: optcr}
        super().__init__(0x4002_3C00, registers, Memory.of(FLASH, FLASH_SIZE, fill=0xFF), faults)

    def _erase(self, control: int) -> None:
        if self._failed():
            return
        sector = control >> 3 & 0x1F
        if control & self.SER and sector < len(SECTORS):
            self._blank(self.array, FLASH + sum(SECTORS[:sector]), SECTORS[sector])
        if control & self.MER:
            self._blank(self.array, FLASH, FLASH_SIZE)
        self._done()

    def store(self, address: int, size: int, value: int) -> None:
        """A word is programmed at once, its bits going from 1 to 0."""
        control = self.registers[self.CR]
        if not control & self.PG or self._failed():
            self._status(self.ERSERR)
        elif size != 4 or control >> 8 & 3 != self.WORDS or self.faults.program_error == address:
            self._status(self.PGPERR)
        else:
            self._clear_bits(self.array, address, 4, value)
            self._done()


class Power(Peripheral):
    """PWR: over-drive is ready and switched as soon as it is asked for (RM0410, 4.4)."""

    CR1, CSR1 = 0x00, 0x04
    OVER_DRIVE = 3 << 16

    def __init__(self) -> None:
        super().__init__(0x4000_7000, {0x00: 0xC000})

    def read(self, offset: int) -> int:
        """ODRDY and ODSWRDY of CSR1 follow ODEN and ODSWEN of CR1."""
        followed = self.registers.get(self.CR1, 0) & self.OVER_DRIVE if offset == self.CSR1 else 0
        return super().read(offset) | followed

    @property
    def over_drive(self) -> bool:
        """Whether it is on."""
        return self.registers[self.CR1] & self.OVER_DRIVE == self.OVER_DRIVE


def _build(wiring: Wiring) -> Parts:
    faults, rcc, power, flash = wiring.faults, Rcc(), Power(), Flash(wiring.faults)
    pins = Gpio(0x4002_0C00, modes=0)
    usart = Usart(
        0x4000_4800,
        wiring,
        clocked=lambda: rcc.enabled(Rcc.APB1ENR, 18),
        wired=lambda: rcc.enabled(Rcc.AHB1ENR, 3) and pins.on_function(8, 7) and pins.on_function(9, 7),
    )
    usart.hz = rcc.apb1_hz

    def check_clock() -> None:
        hz = rcc.hz()
        if hz > _HZ_PER_WAIT_STATE * (flash.wait_states + 1):
            wiring.lock_up(f"flash with {flash.wait_states} wait states cannot follow {hz / 1e6:g} MHz")
        elif hz > _HZ_WITHOUT_OVER_DRIVE and not power.over_drive:
            wiring.lock_up(f"{hz / 1e6:g} MHz without over-drive")

    rcc.on_clock = check_clock
    identity = Peripheral(0xE004_2000, {0x00: OTHER_IDCODE if faults.wrong_chip else IDCODE})
    alias = Memory(ITCM_FLASH, flash.array.cells, flash, flash.array.truth, flash.array.spoiled)
    memories = [flash.array, alias, Memory.of(0, 0x4000), Memory.of(0x2000_0000, 0x8_0000)]
    units = [rcc, power, flash, pins, usart, identity, Peripheral(0x4000_3000)]
    return Parts(memories, units, hidden=lambda at: faults.locked and flash.array.holds(at), vectors=ITCM_FLASH)


CHIPS.add("stm32f767zi", Chip(core="cortex-m7", build=_build))
