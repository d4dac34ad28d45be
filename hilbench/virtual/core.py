"""The processor core: unicorn executes blocks of instructions, this module does what unicorn leaves out.

One thread owns the core; everything else (debug port, serial line) hands it work with `Core.call`, which is done
between two blocks. Time is counted in core cycles, block by block, by a `Price`.

unicorn's ways that this code rests on: a stop asked for in a block hook leaves before that block, which is hooked again
at the restart; one asked for in a hook on memory leaves before that instruction, whose store is done all the same;
stores to write-protected memory reach the cells after the hook (`Memory.mend` puts them back); a hook inside an IT
block leaves the IT state set; WFE and YIELD are refused as invalid; exceptions are left to the hooks.
"""

from __future__ import annotations

import ctypes
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from enum import Enum
from typing import Any, TypeVar

import unicorn as u
import unicorn.arm_const as arm

from hilbench.boards.board import CoreName
from hilbench.virtual.bus import Bus, BusFaultError, Peripheral
from hilbench.virtual.meter import Meter, Price

T = TypeVar("T")
NOWHERE = 1  # an odd address that the program counter cannot reach
MODELS = {
    "cortex-m0": arm.UC_CPU_ARM_CORTEX_M0,
    "cortex-m0plus": arm.UC_CPU_ARM_CORTEX_M0,
    "cortex-m3": arm.UC_CPU_ARM_CORTEX_M3,
    "cortex-m4": arm.UC_CPU_ARM_CORTEX_M4,
    "cortex-m7": arm.UC_CPU_ARM_CORTEX_M7,
    "cortex-m33": arm.UC_CPU_ARM_CORTEX_M33,
}
_WFI, _HINTS = b"\x30\xbf", (b"\x20\xbf", b"\x10\xbf")
_EXC_SVC, _EXC_PREFETCH, _EXC_BKPT = 2, 3, 7  # interrupt numbers of unicorn's Arm core
_EXC_RETURNS = {0xFFFF_FFE0, 0xFFFF_FFE8, 0xFFFF_FFEC, 0xFFFF_FFF0, 0xFFFF_FFF8, 0xFFFF_FFFC}  # without bit 0
_IT_BITS = 0x0600_FC00  # ICI/IT of xPSR (DDI 0403, B1.4.2)
_FETCHES = (u.UC_MEM_FETCH_UNMAPPED, u.UC_MEM_FETCH_PROT, u.UC_MEM_FETCH)


class State(Enum):
    """What the core does: nothing (held in reset, halted by the debugger, locked up) or run."""

    HELD = "held in reset"
    HALTED = "halted"
    RUNNING = "running"
    LOCKUP = "locked up"


def count_instructions(code: bytes, address: int) -> tuple[int, int]:
    """Price of one cycle per instruction, an IT instruction included (DDI 0403, A5.1: 32-bit encodings)."""
    del address
    at = count = 0
    while at < len(code):
        at += 4 if code[at + 1] >> 3 in (0b11101, 0b11110, 0b11111) else 2
        count += 1
    return count, 0


class Core(threading.Thread):
    """A Cortex-M core on `bus`. `on_trap` (set by the system control space) decides about exceptions."""

    def __init__(self, name: CoreName, bus: Bus, price: Price = count_instructions) -> None:
        super().__init__(name="core", daemon=True)
        self.bus, self.price = bus, price
        self.still = threading.Event()
        self.state = State.HELD
        self.meter = Meter()
        self.on_event: Callable[[], None] = lambda: None
        self.on_bkpt: Callable[[], None] = lambda: None
        self.on_svc: Callable[[], None] = lambda: None
        self.on_fault: Callable[[str, int], None] = lambda kind, address: None
        self.mpu_applies: Callable[[], bool] = lambda: True
        self.on_return: Callable[[int], None] = lambda exc_return: None
        self.uc = u.Uc(u.UC_ARCH_ARM, u.UC_MODE_THUMB)
        self.uc.ctl_set_cpu_model(MODELS[name])
        self._jobs: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._wake = threading.Condition()
        self._closing = self._clear_it = False
        self._stale = True
        self._trap: Callable[[], None] | None = None
        self._watch_hooks: list[int] = []
        self._read_only: list[tuple[int, int]] = []
        self._break_hooks: list[int] = []
        self._entered = self._passing = NOWHERE

    # -- for everybody else ------------------------------------------------------------------------------------------

    def call(self, work: Callable[[], T]) -> T:
        """Do `work` on the core's thread, between two blocks of instructions; its result or its exception."""
        if threading.current_thread() is self:
            return work()
        future: Future[T] = Future()
        with self._wake:
            self._jobs.append((future, work))
            self.meter.attention = 1
            self._wake.notify_all()
        return future.result(timeout=30)

    def later(self, work: Callable[[], None]) -> None:
        """Do `work` after the present block; from within a hook."""
        with self._wake:
            self._jobs.append((Future(), work))
            self.meter.attention = 1

    @property
    def cycles(self) -> int:
        """Cycles since power-up."""
        return int(self.meter.cycles)

    @property
    def state(self) -> State:
        """What the core does; `still` is set while it does nothing."""
        return self._state

    @state.setter
    def state(self, state: State) -> None:
        self._state = state
        if state is State.RUNNING:
            self.still.clear()
        else:
            self.still.set()

    def close(self) -> None:
        """End the thread; needed before the interpreter exits."""
        with self._wake:
            self._closing = True
            self.meter.attention = 1
            self._wake.notify_all()
        self.join(timeout=5)

    def doze(self, seconds: float) -> None:
        """Let the core's thread sleep, from within a hook, unless somebody wants it: for firmware that only polls."""
        with self._wake:
            if not self.meter.attention:
                self._wake.wait(seconds)

    def nudge(self) -> None:
        """Wake a dozing core: a byte came in."""
        with self._wake:
            self._wake.notify_all()

    # -- on the core's thread ----------------------------------------------------------------------------------------

    def map(self) -> None:
        """Make the bus visible to unicorn; once, before the thread starts."""
        for memory in self.bus.memories:
            rights = u.UC_PROT_READ | u.UC_PROT_EXEC | (0 if memory.controller else u.UC_PROT_WRITE)
            self.uc.mem_map_ptr(memory.origin, memory.size, rights, ctypes.addressof(memory.cells))
        pages: dict[int, list[Peripheral]] = {}
        for unit in self.bus.peripherals:
            for page in range(unit.base & ~0x3FF, unit.base + unit.size, 0x400):
                pages.setdefault(page, []).append(unit)
        for page in pages:
            self.uc.mmio_map(page, 0x400, self._device_read, page, self._device_write, page)
        self._hook()

    def _hook(self) -> None:
        add = self.uc.hook_add
        self.meter.attach(self.uc, self._code, self.price)
        add(u.UC_HOOK_INTR, self._on_interrupt)
        add(u.UC_HOOK_INSN_INVALID, self._on_invalid)
        add(u.UC_HOOK_MEM_UNMAPPED, self._on_unmapped)
        add(u.UC_HOOK_MEM_WRITE_PROT, self._on_flash_store)

    def stop_soon(self) -> None:
        """Leave unicorn after the present block; from within a hook."""
        self.meter.leave = 1

    def touched(self) -> None:
        """Memory changed behind unicorn's back: translated code may be stale."""
        self._stale = True

    def protect(self, ranges: list[tuple[int, int]], read_only: list[tuple[int, int]]) -> None:
        """Report accesses to `ranges` (first and last byte) and stores to flash in `read_only` as faults of the MPU."""
        self._read_only = read_only
        for handle in self._watch_hooks:
            self.uc.hook_del(handle)
        kinds = u.UC_HOOK_MEM_WRITE | u.UC_HOOK_MEM_READ
        self._watch_hooks = [self.uc.hook_add(kinds, self._on_watched, None, lo, hi) for lo, hi in ranges]
        self.touched()
        self.stop_soon()

    def break_at(self, addresses: frozenset[int]) -> None:
        """Stop before the instructions at `addresses`, and nowhere else."""
        for handle in self._break_hooks:
            self.uc.hook_del(handle)
        self._break_hooks = [self.uc.hook_add(u.UC_HOOK_CODE, self._on_break, None, a, a) for a in addresses]
        self.touched()

    def run(self) -> None:
        """The thread: jobs between slices of execution."""
        while not self._closing:
            self._work()
            if self.state is State.RUNNING:
                self._slice()
            else:
                self._sleep()

    def _work(self) -> None:
        while self._jobs:
            future, work = self._jobs.popleft()
            try:
                future.set_result(work())
            except Exception as error:
                future.set_exception(error)
        with self._wake:
            self.meter.attention = bool(self._jobs) or self._closing

    def _sleep(self) -> None:
        with self._wake:
            self._wake.wait_for(lambda: self.meter.attention, timeout=1.0)

    def _slice(self) -> None:
        if self.cycles >= self.meter.next_event:
            self.on_event()
            if self.state is not State.RUNNING:
                return
        self._refresh()
        self._execute()
        self._settle()

    def step(self) -> None:
        """Execute one instruction."""
        self._refresh()
        self._execute(count=1)
        self._settle()

    def _refresh(self) -> None:
        if self._stale:
            self._stale = False
            self.uc.ctl_flush_tb()
            self.meter.forget()

    def _execute(self, count: int = 0) -> None:
        self._entered = self._passing = self.register(15)
        try:
            self.uc.emu_start(self._entered | 1, NOWHERE, count=count)
        except u.UcError as error:
            if self._trap is None and error.errno != u.UC_ERR_OK:
                self._trap = lambda: self.on_fault("undefined", self.register(15))

    def _settle(self) -> None:
        self.meter.leave = 0
        for memory in self.bus.memories:
            memory.mend()
        if self._clear_it:
            self._clear_it = False
            self.set_register(16, self.register(16) & ~_IT_BITS)
        trap, self._trap = self._trap, None
        if trap is not None:
            trap()
        elif self._code(self.register(15) - 2, 2) == _WFI:
            self.doze(0.001)

    def _code(self, address: int, size: int) -> bytes:
        memory = self.bus.memory(address, size)
        return memory.peek(address, size) if memory else b""

    # -- hooks -------------------------------------------------------------------------------------------------------

    def _on_break(self, uc: u.Uc, address: int, size: int, _: object) -> None:
        if address == self._passing:
            self._passing = NOWHERE
        else:
            self._stop_with(self.on_bkpt)

    def _stop_with(self, trap: Callable[[], None]) -> None:
        self._trap = trap
        self.uc.emu_stop()

    def _on_interrupt(self, uc: u.Uc, number: int, _: object) -> None:
        pc = uc.reg_read(arm.UC_ARM_REG_PC)
        if number == _EXC_BKPT:
            self._stop_with(self.on_bkpt)
        elif number == _EXC_SVC:
            self._stop_with(self.on_svc)
        elif number == _EXC_PREFETCH and pc in _EXC_RETURNS:
            self._stop_with(lambda: self.on_return(pc | 1))
        else:
            self._stop_with(lambda: self.on_fault("fetch", pc))

    def _on_invalid(self, uc: u.Uc, _: object) -> bool:
        pc = uc.reg_read(arm.UC_ARM_REG_PC)
        hint = pc != self._entered and self._code(pc - 2, 2) in _HINTS
        self._trap = (lambda: None) if hint else lambda: self.on_fault("undefined", pc)
        return False

    def _on_unmapped(self, uc: u.Uc, access: int, address: int, size: int, value: int, _: object) -> bool:
        kind = "fetch" if access in _FETCHES else "bus"
        self._trap = lambda: self.on_fault(kind, address & 0xFFFF_FFFF)
        return False

    def _on_watched(self, uc: u.Uc, access: int, address: int, size: int, value: int, _: object) -> None:
        if self.mpu_applies():
            self._stop_with(lambda: self.on_fault("mpu", address))

    def _on_flash_store(self, uc: u.Uc, access: int, address: int, size: int, value: int, _: object) -> bool:
        memory = self.bus.memory(address, size)
        if memory is None or memory.controller is None or self._is_read_only(address):
            kind = "bus" if memory is None else "mpu"
            self._trap = lambda: self.on_fault(kind, address)
            return False
        memory.spoiled.append((address - memory.origin, size))
        memory.controller.store(address, size, value & ((1 << 8 * size) - 1))
        self._clear_it = True
        self.stop_soon()
        return True

    def _is_read_only(self, address: int) -> bool:
        return any(lo <= address <= hi for lo, hi in self._read_only) and self.mpu_applies()

    def _device_read(self, uc: u.Uc, offset: int, size: int, page: int) -> int:
        try:
            return self.bus.read(page + offset, size)
        except BusFaultError as error:
            self._device_fault(error)
            return 0

    def _device_write(self, uc: u.Uc, offset: int, size: int, value: int, page: int) -> None:
        try:
            self.bus.write(page + offset, size, value)
        except BusFaultError as error:
            self._device_fault(error)

    def _device_fault(self, error: BusFaultError) -> None:
        address = error.address
        self._stop_with(lambda: self.on_fault("bus", address))

    # -- registers by the numbers of DCRSR.REGSEL (DDI 0403, C1.6.3) ---------------------------------------------------

    def register(self, number: int) -> int:
        """Value of a core register: 0 to 15, 16 xPSR, 17 MSP, 18 PSP, 20 the mask registers, 33 FPSCR, 64 to 95 S0."""
        if number == 20:
            parts = [self.uc.reg_read(reg) & 0xFF for reg in _MASKS]
            return int.from_bytes(bytes(parts), "little")
        return int(self.uc.reg_read(_REGISTERS[number])) & 0xFFFF_FFFF

    def set_register(self, number: int, value: int) -> None:
        """Write a core register; numbers as for `register`."""
        if number == 20:
            for reg, part in zip(_MASKS, value.to_bytes(4, "little"), strict=True):
                self.uc.reg_write(reg, part)
        elif number == 15:
            self.uc.reg_write(arm.UC_ARM_REG_PC, value | 1)
        else:
            self.uc.reg_write(_REGISTERS[number], value)


_MASKS = (arm.UC_ARM_REG_PRIMASK, arm.UC_ARM_REG_BASEPRI, arm.UC_ARM_REG_FAULTMASK, arm.UC_ARM_REG_CONTROL)
_REGISTERS = {n: arm.UC_ARM_REG_R0 + n for n in range(13)} | {
    13: arm.UC_ARM_REG_SP,
    14: arm.UC_ARM_REG_LR,
    15: arm.UC_ARM_REG_PC,
    16: arm.UC_ARM_REG_XPSR,
    17: arm.UC_ARM_REG_MSP,
    18: arm.UC_ARM_REG_PSP,
    33: arm.UC_ARM_REG_FPSCR,
}
_REGISTERS |= {64 + n: arm.UC_ARM_REG_S0 + n for n in range(32)}
