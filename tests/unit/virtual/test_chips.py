"""Flash controllers, clock tree and pins by the manuals' rules, without a core."""

from __future__ import annotations

import pytest

from hilbench.virtual.bus import Bus, BusFaultError, Memory, Peripheral
from hilbench.virtual.chips.nrf52840 import Nvmc, Uart
from hilbench.virtual.chips.stm32l475 import FLASH, PAGE, Flash, Rcc
from hilbench.virtual.faults import Faults

KEYS = (0x4567_0123, 0xCDEF_89AB)


def unlocked(faults: Faults | None = None) -> Flash:
    flash = Flash(faults or Faults())
    for key in KEYS:
        flash.write(flash.KEYR, key)
    return flash


def program(flash: Flash, address: int, value: int) -> int:
    """Program a double word; the status afterwards."""
    flash.write(flash.SR, 0xFFFF_FFFF)
    flash.write(flash.CR, flash.PG | flash.EOPIE)
    flash.store(address, 4, value & 0xFFFF_FFFF)
    flash.store(address + 4, 4, value >> 32)
    return flash.read(flash.SR)


def test_stm32_flash_needs_its_keys() -> None:
    flash = Flash(Faults())
    flash.write(flash.CR, flash.PG)
    assert flash.read(flash.CR) & flash.LOCK
    flash.store(FLASH, 4, 0)
    assert flash.read(flash.SR) == flash.PGSERR
    assert flash.array.peek(FLASH, 8) == b"\xff" * 8


def test_stm32_flash_programs_erased_double_words_once() -> None:
    flash = unlocked()
    assert program(flash, FLASH, 0x1122_3344_5566_7788) == flash.EOP
    assert flash.array.peek(FLASH, 8) == bytes.fromhex("8877665544332211")
    assert program(flash, FLASH, 0x1122_3344_5566_7788) == flash.PROGERR
    assert program(flash, FLASH, 0) == flash.EOP, "all zeros may be programmed over anything"


@pytest.mark.parametrize(("address", "size", "error"), [(FLASH, 2, "SIZERR"), (FLASH + 4, 4, "PGAERR")])
def test_stm32_flash_refuses_parts_of_double_words(address: int, size: int, error: str) -> None:
    flash = unlocked()
    flash.write(flash.CR, flash.PG)
    flash.store(address, size, 0)
    assert flash.read(flash.SR) == getattr(flash, error)


def test_stm32_flash_does_nothing_until_errors_are_cleared() -> None:
    flash = unlocked()
    flash.write(flash.CR, flash.PG)
    flash.store(FLASH, 1, 0)
    flash.store(FLASH, 4, 1)
    flash.store(FLASH + 4, 4, 2)
    assert flash.array.peek(FLASH, 8) == b"\xff" * 8


def test_stm32_pages_lie_in_two_banks() -> None:
    flash = unlocked()
    second = FLASH + 0x8_0000 + 3 * PAGE
    for address in (FLASH + 3 * PAGE, second):
        assert program(flash, address, 0) == flash.EOP
    flash.write(flash.CR, flash.PER | 1 << 11 | 3 << 3 | flash.STRT)
    assert flash.array.peek(second, 8) == b"\xff" * 8
    assert flash.array.peek(FLASH + 3 * PAGE, 8) == bytes(8)


def test_stm32_clock_from_hsi_through_the_pll() -> None:
    rcc = Rcc()
    assert rcc.hz() == 4_000_000
    rcc.write(rcc.CR, rcc.read(rcc.CR) | 1 << 8 | 1 << 24)
    rcc.write(rcc.PLLCFGR, 2 | 1 << 4 | 20 << 8 | 1 << 24)
    rcc.write(rcc.CFGR, 3)
    assert rcc.hz() == 80_000_000
    assert rcc.read(rcc.CFGR) >> 2 & 3 == 3


def test_nvmc_programs_words_from_one_to_zero() -> None:
    nvmc = Nvmc(Faults())
    nvmc.store(0x100, 4, 0)
    assert nvmc.array.peek(0x100, 4) == b"\xff" * 4, "writing is not enabled"
    nvmc.write(nvmc.CONFIG, nvmc.WRITE)
    nvmc.store(0x100, 4, 0xFFFF_0F0F)
    nvmc.store(0x100, 4, 0xFF00_FFFF)
    assert nvmc.array.peek(0x100, 4) == bytes.fromhex("0f0f00ff")
    nvmc.write(nvmc.ERASEPAGE, 0)
    assert nvmc.array.peek(0x100, 4) == bytes.fromhex("0f0f00ff"), "erasing is not enabled"
    nvmc.write(nvmc.CONFIG, nvmc.ERASE)
    nvmc.write(nvmc.ERASEPAGE, 0)
    assert nvmc.array.peek(0x100, 4) == b"\xff" * 4


@pytest.mark.parametrize("bit", [0, 7])
def test_stuck_bit_reads_zero_whatever_is_programmed(bit: int) -> None:
    nvmc = Nvmc(Faults.parse([f"stuck-bit:0x200:{bit}"]))
    nvmc.write(nvmc.CONFIG, nvmc.WRITE)
    nvmc.store(0x200, 4, 0xFFFF_FFFF)
    assert nvmc.array.peek(0x200, 1)[0] == 0xFF & ~(1 << bit)


def test_uart_of_the_nrf_has_a_rate_only_with_its_pins() -> None:
    class Wires:
        baud = None

    class Wiring:
        line, doze = Wires(), staticmethod(lambda: None)

    uart = Uart(Wiring())  # type: ignore[arg-type]
    uart.write(uart.BAUDRATE, 0x01D7_E000)
    uart.write(uart.ENABLE, uart.ON)
    assert uart.baud() == 0
    uart.write(uart.PSELTXD, uart.TX_PIN)
    uart.write(uart.PSELRXD, uart.RX_PIN)
    assert uart.baud() == 115200


def test_bus_merges_narrow_writes_and_faults_where_nothing_is() -> None:
    bus = Bus([Memory.of(0x2000_0000, 64)], [Peripheral(0x4000_0000, {4: 0x1122_3344})])
    bus.write(0x4000_0005, 1, 0xAA)
    assert bus.read(0x4000_0004, 4) == 0x1122_AA44
    assert bus.read(0x4000_0006, 2) == 0x1122
    bus.write_words(0x2000_0000, [1, 2])
    assert bus.read_words(0x2000_0000, 2) == [1, 2]
    for address in (0x2000_003E, 0x5000_0000):
        with pytest.raises(BusFaultError):
            bus.read(address, 4)
