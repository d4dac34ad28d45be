"""Exceptions of the core: entry with stacking, return, escalation (Arm DDI 0403, B1.5), as far as firmware needs.

Interrupts are taken in thread mode only: handlers do not nest, faults excepted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hilbench.virtual.bus import BusFaultError
from hilbench.virtual.core import Core, State

if TYPE_CHECKING:
    from hilbench.virtual.scs import SystemControl

HARD_FAULT, MEM_MANAGE, BUS_FAULT, USAGE_FAULT, SVCALL, PENDSV, SYSTICK = 3, 4, 5, 6, 11, 14, 15

SP, LR, PC, XPSR, MSP, PSP, MASKS, FPSCR, S0 = 13, 14, 15, 16, 17, 18, 20, 33, 64
_CALLER_SAVED = (0, 1, 2, 3, 12, LR)
_SPSEL, _FPCA = 1 << 25, 1 << 26  # CONTROL in the mask registers
_IT_BITS = 0x0600_FC00

# kind of fault -> exception, its enable bit in SHCSR, bits of CFSR, whether BFAR or MMFAR holds the address
_KINDS = {
    "bus": (BUS_FAULT, 1 << 17, 0x0000_8200),  # PRECISERR, BFARVALID
    "fetch": (BUS_FAULT, 1 << 17, 0x0000_0100),  # IBUSERR
    "mpu": (MEM_MANAGE, 1 << 16, 0x0000_0082),  # DACCVIOL, MMARVALID
    "undefined": (USAGE_FAULT, 1 << 18, 0x0001_0000),  # UNDEFINSTR
    "state": (USAGE_FAULT, 1 << 18, 0x0002_0000),  # INVSTATE
}
_STKERR = 0x0000_1000


def fault(scs: SystemControl, kind: str, address: int) -> None:
    """A fault of `kind` at `address`: to its own handler where that is enabled, to HardFault otherwise."""
    number, enable, status = _KINDS[kind]
    scs.cfsr |= status
    if kind == "bus":
        scs.bfar = address
    elif kind == "mpu":
        scs.mmfar = address
    active = scs.core.register(XPSR) & 0x1FF
    if scs.shcsr & enable and active not in (HARD_FAULT, MEM_MANAGE, BUS_FAULT, USAGE_FAULT):
        enter(scs, number)
    else:
        hard_fault(scs, 1 << 30)  # HFSR.FORCED


def hard_fault(scs: SystemControl, status: int) -> None:
    """HardFault with these bits of HFSR; a second one locks the core up."""
    core = scs.core
    if core.register(XPSR) & 0x1FF == HARD_FAULT:
        core.state = State.LOCKUP
        return
    scs.hfsr |= status
    if scs.catches(1 << 10):  # DEMCR.VC_HARDERR
        scs.halt(8)
        return
    enter(scs, HARD_FAULT)


def enter(scs: SystemControl, number: int) -> None:
    """Take exception `number`: stack the frame, set LR to EXC_RETURN, go to the handler in handler mode."""
    core = scs.core
    on_process_stack = bool(core.register(MASKS) & _SPSEL) and not core.register(XPSR) & 0x1FF
    extended = bool(core.register(MASKS) & _FPCA)
    exc_return = 0xFFFF_FFF1 if core.register(XPSR) & 0x1FF else (0xFFFF_FFFD if on_process_stack else 0xFFFF_FFF9)
    try:
        _stack(core, extended)
    except BusFaultError:
        scs.cfsr |= _STKERR
    core.set_register(MASKS, core.register(MASKS) & ~(_SPSEL | _FPCA))
    core.set_register(XPSR, (core.register(XPSR) & ~(0x1FF | _IT_BITS)) | number | 1 << 24)
    core.set_register(LR, exc_return & ~0x10 if extended else exc_return)
    core.set_register(PC, scs.vector(number))


def _stack(core: Core, extended: bool) -> None:
    size = 0x68 if extended else 0x20
    old = core.register(SP)
    top = (old - size) & ~7
    padded = (1 << 9) if old & 4 else 0
    core.set_register(SP, top)
    frame = [core.register(n) for n in (*_CALLER_SAVED, PC)] + [core.register(XPSR) | padded]
    if extended:
        frame += [core.register(S0 + n) for n in range(16)] + [core.register(FPSCR), 0]
    core.bus.write_words(top, frame)


def leave(scs: SystemControl, exc_return: int) -> None:
    """Return from an exception: unstack, back to where it came from."""
    core = scs.core
    if not core.register(XPSR) & 0x1FF:
        fault(scs, "state", 0)
        return
    extended = not exc_return & 0x10
    process = exc_return & 0xF == 0xD
    at = core.register(PSP if process else MSP)
    try:
        frame = core.bus.read_words(at, 26 if extended else 8)
    except BusFaultError:
        hard_fault(scs, 1 << 30)
        return
    _unstack(core, frame, at, process)


def _unstack(core: Core, frame: list[int], at: int, process: bool) -> None:
    xpsr = frame[7]
    core.set_register(XPSR, (core.register(XPSR) & ~0x1FF) | (xpsr & 0x1FF))
    core.set_register(MASKS, (core.register(MASKS) & ~_SPSEL) | (_SPSEL if process else 0))
    core.set_register(SP, at + 4 * len(frame) + (4 if xpsr & (1 << 9) else 0))
    for number, value in zip(_CALLER_SAVED, frame, strict=False):
        core.set_register(number, value)
    for index, value in enumerate(frame[8:24]):
        core.set_register(S0 + index, value)
    if len(frame) > 8:
        core.set_register(FPSCR, frame[24])
        core.set_register(MASKS, core.register(MASKS) | _FPCA)
    core.set_register(XPSR, xpsr & ~(1 << 9))
    core.set_register(PC, frame[6])
