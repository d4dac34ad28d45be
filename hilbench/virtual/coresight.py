"""Debug components beside the core: DWT (cycle counter), FPB (breakpoints), ITM, and the ROM table that lists them."""

from __future__ import annotations

from hilbench.virtual.bus import Peripheral
from hilbench.virtual.core import Core
from hilbench.virtual.scs import SystemControl

_TRCENA = 1 << 24


def _identity(part: int, class_: int = 0xE) -> dict[int, int]:
    """Peripheral and component identification registers of an Arm part (DDI 0439, table 4-1)."""
    return {
        0xFD0: 0x04,
        0xFE0: part & 0xFF,
        0xFE4: 0xB0 | part >> 8,
        0xFE8: 0x0B,
        0xFF0: 0x0D,
        0xFF4: class_ << 4,
        0xFF8: 0x05,
        0xFFC: 0xB1,
    }


class Dwt(Peripheral):
    """Data watchpoint and trace unit: the cycle counter counts; there are no comparators (DDI 0403, C1.8)."""

    size = 0x1000
    _CTRL, _CYCCNT = 0x000, 0x004

    def __init__(self, core: Core, scs: SystemControl) -> None:
        super().__init__(0xE000_1000, _identity(0x002))
        self.core, self.scs = core, scs
        self._offset = 0

    def _counting(self) -> bool:
        return bool(self.registers.get(self._CTRL, 0) & 1 and self.scs.demcr & _TRCENA)

    def read(self, offset: int) -> int:
        """CYCCNT follows the core's cycles while it is enabled."""
        if offset == self._CYCCNT:
            return ((self.core.cycles + self._offset) if self._counting() else self._offset) & 0xFFFF_FFFF
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        """Keep the count over changes of CYCCNTENA."""
        if offset in (self._CTRL, self._CYCCNT):
            count = value if offset == self._CYCCNT else self.read(self._CYCCNT)
            if offset == self._CTRL:
                super().write(offset, value)
            self._offset = count - self.core.cycles if self._counting() else count
        elif offset not in self.initial:
            super().write(offset, value)


class Fpb(Peripheral):
    """Flash patch and breakpoint unit: six instruction comparators (DDI 0403, C1.11, version 1)."""

    size = 0x1000

    def __init__(self, core: Core) -> None:
        super().__init__(0xE000_2000, _identity(0x003) | {0x000: 0x60})
        self.core = core

    def write(self, offset: int, value: int) -> None:
        """Comparators become breakpoints of the core."""
        if offset == 0:
            value = 0x60 | (value & 1 if value & 2 else self.registers[0] & 1)
        if offset < 0x20:
            super().write(offset, value)
        on = self.registers[0] & 1
        cells = [self.registers.get(o, 0) for o in range(0x008, 0x020, 4)] if on else []
        self.core.break_at(frozenset(a for c in cells if c & 1 for a in _addresses(c)))


def _addresses(comparator: int) -> list[int]:
    """Addresses that an FP_COMP register matches: REPLACE (bits 31:30) picks the lower or upper halfword, or both."""
    word, replace = comparator & 0x1FFF_FFFC, comparator >> 30
    return [word + offset for bit, offset in ((1, 0), (2, 2)) if replace & bit]


class RomTable(Peripheral):
    """The table at 0xE00FF000 from which debuggers find SCS, DWT, FPB and ITM."""

    size = 0x1000

    def __init__(self) -> None:
        entries = {0x00: 0xFFF0_F003, 0x04: 0xFFF0_2003, 0x08: 0xFFF0_3003, 0x0C: 0xFFF0_1003}
        super().__init__(0xE00F_F000, _identity(0x4C4, class_=0x1) | entries | {0xFCC: 1})

    def write(self, offset: int, value: int) -> None:
        """Read only."""


def components(core: Core, scs: SystemControl) -> list[Peripheral]:
    """All of them; the ITM is registers without a trace port."""
    itm = Peripheral(0xE000_0000, _identity(0x001))
    itm.size = 0x1000
    return [scs, Dwt(core, scs), Fpb(core), itm, RomTable()]
