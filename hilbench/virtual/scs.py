"""The system control space of a Cortex-M: NVIC, SysTick, system control block, MPU, debug (Arm DDI 0403, B3, C1)."""

from __future__ import annotations

from collections.abc import Callable

from hilbench.boards.board import CoreName
from hilbench.virtual import exceptions
from hilbench.virtual.bus import Bus, BusFaultError, Peripheral
from hilbench.virtual.core import Core, State
from hilbench.virtual.meter import NEVER

BASE = 0xE000_E000
CPUID = {
    "cortex-m0": 0x410C_C200,
    "cortex-m0plus": 0x410C_C601,
    "cortex-m3": 0x412F_C230,
    "cortex-m4": 0x410F_C241,
    "cortex-m7": 0x411F_C272,
    "cortex-m33": 0x410F_D213,
}
_CTRL, _LOAD, _VAL, _CALIB = 0x010, 0x014, 0x018, 0x01C
_ISER, _ICER, _ISPR, _ICPR = (
    range(0x100, 0x120, 4),
    range(0x180, 0x1A0, 4),
    range(0x200, 0x220, 4),
    range(0x280, 0x2A0, 4),
)
_CPUID, _ICSR, _VTOR, _AIRCR, _CCR = 0xD00, 0xD04, 0xD08, 0xD0C, 0xD14
_SHCSR, _CFSR, _HFSR, _DFSR, _MMFAR, _BFAR = 0xD24, 0xD28, 0xD2C, 0xD30, 0xD34, 0xD38
_MVFR0, _MVFR1 = 0xF40, 0xF44
_MPU_TYPE, _MPU_CTRL, _MPU_RNR, _MPU_RBAR, _MPU_RASR = 0xD90, 0xD94, 0xD98, 0xD9C, 0xDA0
_DHCSR, _DCRSR, _DCRDR, _DEMCR = 0xDF0, 0xDF4, 0xDF8, 0xDFC
_KEY = 0xA05F
_C_DEBUGEN, _C_HALT, _C_STEP = 1, 2, 4
_SYSRESETREQ, _VECTKEY = 1 << 2, 0x05FA
_PID = {0xFD0: 0x04, 0xFE0: 0x0C, 0xFE4: 0xB0, 0xFE8: 0x0B, 0xFF0: 0x0D, 0xFF4: 0xE0, 0xFF8: 0x05, 0xFFC: 0xB1}


class SystemControl(Peripheral):
    """Registers at 0xE000E000. `on_reset` is what SYSRESETREQ does to the whole chip."""

    size = 0x1000

    def __init__(self, core: Core, name: CoreName, bus: Bus, vectors: int) -> None:
        identity = {_CPUID: CPUID[name], _MPU_TYPE: 8 << 8, _CALIB: 0, _CCR: 0x200, _VTOR: vectors}
        if name in ("cortex-m4", "cortex-m7", "cortex-m33"):
            identity |= {_MVFR0: 0x1011_0021, _MVFR1: 0x1100_0011}
        super().__init__(BASE, identity | _PID)
        self.core, self.bus = core, bus
        self.on_reset: Callable[[], None] = lambda: None
        self.dhcsr = self.demcr = self.dcrdr = 0
        self.extra_event: tuple[int, Callable[[], None]] = (NEVER, lambda: None)
        self.reset()
        core.on_bkpt, core.on_svc = self._breakpoint, lambda: exceptions.enter(self, exceptions.SVCALL)
        core.on_fault = lambda kind, address: exceptions.fault(self, kind, address)
        core.on_return = self._returned
        core.on_event = self._event
        core.mpu_applies = self._mpu_applies

    def reset(self) -> None:
        """Everything but the debug registers, which a system reset leaves alone."""
        super().reset()
        self.shcsr = self.cfsr = self.hfsr = self.mmfar = self.bfar = 0
        self.pending: set[int] = set()
        self.enabled: set[int] = set()
        self.regions: dict[int, tuple[int, int]] = {}
        self._tick_start, self._seen = self.core.cycles, 0
        self._schedule()

    # -- exceptions --------------------------------------------------------------------------------------------------

    def vector(self, number: int) -> int:
        """Handler of exception `number`."""
        try:
            return self.bus.read(self.registers.get(_VTOR, 0) + 4 * number, 4) & ~1
        except BusFaultError:
            return 0xFFFF_FFFE

    def start(self) -> None:
        """What the core does when it leaves reset: stack pointer and program counter from the vector table."""
        core = self.core
        core.set_register(exceptions.XPSR, 1 << 24)
        core.set_register(exceptions.MASKS, 0)
        core.set_register(exceptions.SP, self.bus.read(self.registers.get(_VTOR, 0), 4))
        core.set_register(exceptions.LR, 0xFFFF_FFFF)
        core.set_register(exceptions.PC, self.vector(1))
        self.dhcsr |= 1 << 25
        core.state = State.RUNNING
        if self.catches(1):  # VC_CORERESET
            self.halt(8)

    def catches(self, bit: int) -> bool:
        """Whether the debugger catches the vectors of this bit of DEMCR."""
        return bool(self.dhcsr & _C_DEBUGEN and self.demcr & bit)

    def halt(self, reason: int) -> None:
        """Enter debug state for `reason` (bits of DFSR)."""
        self.registers[_DFSR] = self.registers.get(_DFSR, 0) | reason
        self.core.state = State.HALTED
        self.core.stop_soon()

    def _breakpoint(self) -> None:
        if self.dhcsr & _C_DEBUGEN:
            self.halt(2)
        else:
            exceptions.hard_fault(self, 1 << 31)  # DEBUGEVT

    def _returned(self, exc_return: int) -> None:
        exceptions.leave(self, exc_return)
        self._deliver()

    def _deliver(self) -> None:
        """Take the pending interrupt of the lowest number, where nothing masks it."""
        ready = [n for n in sorted(self.pending) if n < 16 or n - 16 in self.enabled]
        masked = self.core.register(exceptions.MASKS) & 0x0001_FF01
        if ready and not masked and not self.core.register(exceptions.XPSR) & 0x1FF:
            self.pending.discard(ready[0])
            exceptions.enter(self, ready[0])

    # -- SysTick -----------------------------------------------------------------------------------------------------

    def _period(self) -> int:
        return (self.registers.get(_LOAD, 0) & 0xFF_FFFF) + 1

    def _ticks(self) -> int:
        return self.core.cycles - self._tick_start

    def _schedule(self) -> None:
        """When the core must look up next: the next SysTick interrupt, or what a fault has planned."""
        due = self.extra_event[0]
        if self.registers.get(_CTRL, 0) & 3 == 3:
            period = self._period()
            due = min(due, self._tick_start + (self._ticks() // period + 1) * period)
        self.core.meter.next_event = due

    def plan(self, at: int, action: Callable[[], None]) -> None:
        """Do `action` when the core has counted `at` cycles."""
        self.extra_event = (at, action)
        self._schedule()

    def _event(self) -> None:
        at, action = self.extra_event
        if self.core.cycles >= at:
            self.extra_event = (NEVER, lambda: None)
            action()
        if self.registers.get(_CTRL, 0) & 3 == 3:
            self.pending.add(exceptions.SYSTICK)
        self._schedule()
        self._deliver()

    def _read_systick(self) -> int:
        if not self.registers.get(_CTRL, 0) & 1:
            return self.registers.get(_VAL, 0)
        period = self._period()
        return (period - self._ticks() % period) % period

    def _read_ctrl(self) -> int:
        control = self.registers.get(_CTRL, 0)
        wrapped = bool(control & 1) and self._ticks() // self._period() > self._seen
        self._seen = self._ticks() // self._period() if control & 1 else 0
        return control | (1 << 16 if wrapped else 0)

    def _write_systick(self, offset: int, value: int) -> None:
        if offset != _VAL:
            self.registers[offset] = value
        if offset != _CTRL or value & 1:
            self._tick_start, self._seen = self.core.cycles, 0
        self._schedule()
        self.core.stop_soon()

    # -- registers ---------------------------------------------------------------------------------------------------

    def read(self, offset: int) -> int:
        """One register."""
        if offset in _READS:
            return _READS[offset](self)
        if offset in _ISER or offset in _ICER:
            base = ((offset & 0x7F) // 4) * 32
            return sum(1 << (n - base) for n in self.enabled if base <= n < base + 32)
        return self.registers.get(offset, 0)

    def _read_icsr(self) -> int:
        return (self.core.register(exceptions.XPSR) & 0x1FF) | (exceptions.SYSTICK in self.pending) << 26

    def _read_dhcsr(self) -> int:
        halted = self.core.state is State.HALTED
        locked = self.core.state is State.LOCKUP
        sticky = self.dhcsr & (1 << 25)
        self.dhcsr &= ~(1 << 25)
        retired = 1 << 24 if self.core.state is State.RUNNING else 0
        return (self.dhcsr & 0xF) | 1 << 16 | halted << 17 | locked << 19 | retired | sticky

    def write(self, offset: int, value: int) -> None:
        """One register."""
        if offset in (_CTRL, _LOAD, _VAL):
            self._write_systick(offset, value)
        elif offset in _WRITES:
            _WRITES[offset](self, value)
        elif 0x100 <= offset < 0x300:
            self._write_nvic(offset, value)
        elif _MPU_CTRL <= offset < 0xDC0:
            self._write_mpu(offset, value)
        elif offset not in self.initial or offset in (_CCR, _VTOR):
            self.registers[offset] = value

    def _write_nvic(self, offset: int, value: int) -> None:
        first = ((offset & 0x7F) // 4) * 32
        numbers = {first + bit for bit in range(32) if value >> bit & 1}
        if offset in _ISER:
            self.enabled |= numbers
        elif offset in _ICER:
            self.enabled -= numbers
        elif offset in _ISPR:
            self.pending |= {16 + n for n in numbers}
        elif offset in _ICPR:
            self.pending -= {16 + n for n in numbers}
        self.core.later(self._deliver)

    def _write_mpu(self, offset: int, value: int) -> None:
        self.registers[offset] = value
        if offset == _MPU_RBAR and value & 0x10:
            self.registers[_MPU_RNR] = value & 0xF
        number = self.registers.get(_MPU_RNR, 0)
        self.regions[number] = (self.registers.get(_MPU_RBAR, 0), self.regions.get(number, (0, 0))[1])
        if offset == _MPU_RASR:
            self.regions[number] = (self.registers.get(_MPU_RBAR, 0), value)
        self.core.later(lambda: self.core.protect(self._regions((0,)), self._regions((5, 6, 7))))

    def _mpu_applies(self) -> bool:
        """HardFault and NMI run without the MPU unless HFNMIENA is set (DDI 0403, B3.5.1)."""
        in_hard_fault = self.core.register(exceptions.XPSR) & 0x1FF in (2, exceptions.HARD_FAULT)
        return not in_hard_fault or bool(self.registers.get(_MPU_CTRL, 0) & 2)

    def _regions(self, rights: tuple[int, ...]) -> list[tuple[int, int]]:
        """First and last byte of the regions whose AP field is one of `rights`: 0 no access, 5 to 7 read-only."""
        found = []
        for base, attributes in self.regions.values():
            if self.registers.get(_MPU_CTRL, 0) & 1 and attributes & 1 and (attributes >> 24 & 7) in rights:
                size = 2 << (attributes >> 1 & 0x1F)
                start = base & ~(size - 1) & 0xFFFF_FFE0
                found.append((start, start + size - 1))
        return found

    def _write_aircr(self, value: int) -> None:
        if value >> 16 == _VECTKEY and value & _SYSRESETREQ:
            self.core.later(self.on_reset)

    def _write_icsr(self, value: int) -> None:
        if value & 1 << 28:
            self.pending.add(exceptions.PENDSV)
        if value & 1 << 26:
            self.pending.add(exceptions.SYSTICK)
        if value & 1 << 25:
            self.pending.discard(exceptions.SYSTICK)
        self.core.later(self._deliver)

    def _write_dhcsr(self, value: int) -> None:
        if value >> 16 != _KEY:
            return
        self.dhcsr = (self.dhcsr & ~0xF) | (value & 0xF)
        if not value & _C_DEBUGEN:
            value = self.dhcsr = self.dhcsr & ~0xF
        state = self.core.state
        if value & _C_HALT and state in (State.RUNNING, State.LOCKUP):
            self.halt(1)
        elif not value & _C_HALT and state is State.HALTED:
            self._resume(bool(value & _C_STEP))

    def _resume(self, step: bool) -> None:
        self.core.touched()
        self.core.state = State.RUNNING
        if step:
            self.core.step()
            self.halt(1)

    def _write_dcrsr(self, value: int) -> None:
        number = value & 0x7F
        try:
            if value & 1 << 16:
                self.core.set_register(number, self.dcrdr)
            else:
                self.dcrdr = self.core.register(number)
        except KeyError:
            self.dcrdr = 0  # a register that this core does not have reads 0

    def _set(self, name: str, value: int) -> None:
        setattr(self, name, value)

    def _clear(self, name: str, value: int) -> None:
        setattr(self, name, getattr(self, name) & ~value)


_READS: dict[int, Callable[[SystemControl], int]] = {
    _CTRL: SystemControl._read_ctrl,
    _VAL: SystemControl._read_systick,
    _ICSR: SystemControl._read_icsr,
    _AIRCR: lambda scs: 0xFA05_0000,
    _SHCSR: lambda scs: scs.shcsr,
    _CFSR: lambda scs: scs.cfsr,
    _HFSR: lambda scs: scs.hfsr,
    _MMFAR: lambda scs: scs.mmfar,
    _BFAR: lambda scs: scs.bfar,
    _DHCSR: SystemControl._read_dhcsr,
    _DCRDR: lambda scs: scs.dcrdr,
    _DEMCR: lambda scs: scs.demcr,
}
_WRITES: dict[int, Callable[[SystemControl, int], None]] = {
    _ICSR: SystemControl._write_icsr,
    _AIRCR: SystemControl._write_aircr,
    _SHCSR: lambda scs, value: scs._set("shcsr", value),
    _CFSR: lambda scs, value: scs._clear("cfsr", value),
    _HFSR: lambda scs, value: scs._clear("hfsr", value),
    _DFSR: lambda scs, value: scs.registers.update({_DFSR: scs.registers.get(_DFSR, 0) & ~value}),
    _MMFAR: lambda scs, value: scs._set("mmfar", value),
    _BFAR: lambda scs, value: scs._set("bfar", value),
    _DHCSR: SystemControl._write_dhcsr,
    _DCRSR: SystemControl._write_dcrsr,
    _DCRDR: lambda scs, value: scs._set("dcrdr", value),
    _DEMCR: lambda scs, value: scs._set("demcr", value),
}
