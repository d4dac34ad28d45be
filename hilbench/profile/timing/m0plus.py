"""Cortex-M0+: two pipeline stages, everything in one cycle but memory accesses.

Instruction cycles: Arm DDI 0484C (Cortex-M0+ TRM) table 3-1, with the single-cycle multiplier. What a taken branch
costs beyond its own cycle is an event: 1 by the TRM, more where the flash makes the refill wait (the board's
coefficient).
"""

from __future__ import annotations

from collections.abc import Sequence

from hilbench.profile.core import CoreTiming
from hilbench.profile.decode import Instruction, Kind
from hilbench.profile.timing import TIMINGS

CYCLES: dict[Kind, float] = {
    **dict.fromkeys((Kind.ALU, Kind.SHIFT, Kind.EXTEND, Kind.REVERSE, Kind.MUL, Kind.BRANCH, Kind.HINT), 1),
    Kind.LOAD: 2,
    Kind.STORE: 2,
    Kind.BARRIER: 3,
    Kind.SYSTEM: 3,  # MRS and MSR; CPS takes 1
}
_MULTIPLE = (Kind.LOAD_MULTIPLE, Kind.STORE_MULTIPLE)


def issue(block: Sequence[Instruction]) -> tuple[float, ...]:
    """Cycles of each instruction of `block`."""
    return tuple(1 + i.count if i.kind in _MULTIPLE else CYCLES.get(i.kind, 1) for i in block)


M0PLUS = TIMINGS.add(
    "cortex-m0plus",
    CoreTiming(
        "cortex-m0plus",
        "Arm DDI 0484C table 3-1",
        issue,
        frozenset(CYCLES) | frozenset(_MULTIPLE),
        {"taken": 1},
        peak_macs=0.5,
    ),
)
