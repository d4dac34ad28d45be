"""Cortex-M33: one instruction per cycle in order, with a bubble where a load is used at once.

Arm publishes no instruction timings for this core (DDI 100230 has none). The rules here are those that measured code
confirms: single loads and stores take one cycle, a load whose result the next instruction reads costs one more, every
further register of a multiple costs one, a taken branch two. Limited dual issue earns nothing measurable. Division
and floating point carry over from the Cortex-M4 (DDI 0439B) and were not exercised by any calibration.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from hilbench.profile.core import CoreTiming
from hilbench.profile.decode import DUAL, LOADS, MULTIPLE, Instruction, Kind
from hilbench.profile.timing import TIMINGS

EXTRA: dict[Kind, float] = {
    **dict.fromkeys((Kind.ALU, Kind.SHIFT, Kind.EXTEND, Kind.FIELD, Kind.CLZ, Kind.REVERSE), 0),
    **dict.fromkeys((Kind.SIMD, Kind.SATURATE, Kind.MUL, Kind.MAC, Kind.DUAL_MAC, Kind.LONG_MUL), 0),
    **dict.fromkeys((Kind.IT, Kind.HINT, Kind.BRANCH, Kind.TABLE_BRANCH, Kind.BARRIER, Kind.SYSTEM), 0),
    **dict.fromkeys((Kind.LOAD, Kind.STORE, Kind.LOAD_EXCLUSIVE, Kind.STORE_EXCLUSIVE, Kind.VALU), 0),
    Kind.TRANSFER: 0,
    Kind.VLOAD: 0,
    Kind.VSTORE: 0,
    Kind.LOAD_DUAL: 1,
    Kind.STORE_DUAL: 1,
    Kind.DIV: 5,
    Kind.VMAC: 2,
    Kind.VDIV: 13,
}


def _cycles(instruction: Instruction, after: Instruction | None) -> float:
    cycles = 1 + EXTRA.get(instruction.kind, 0)
    if instruction.kind in MULTIPLE:
        cycles += max(instruction.count - 1, 0)
    elif instruction.double and instruction.kind not in DUAL:
        cycles += instruction.kind in (Kind.VLOAD, Kind.VSTORE)
    if after is not None and instruction.kind in LOADS and instruction.loaded & after.sources:
        cycles += 1
    return cycles


def issue(block: Sequence[Instruction]) -> tuple[float, ...]:
    """Cycles of each instruction of `block`; the cycle that a user waits is booked on the load."""
    return tuple(_cycles(now, after) for now, after in zip_longest(block, block[1:]))


M33 = TIMINGS.add(
    "cortex-m33",
    CoreTiming(
        "cortex-m33",
        "measured code; Arm DDI 0439B table 3-1 for division and floating point",
        issue,
        frozenset(EXTRA) | MULTIPLE,
        {"taken": 2},
        peak_macs=2,
    ),
)
