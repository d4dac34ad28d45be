"""Cortex-M3: the M4's pipeline without DSP and floating point, and with a slower multiplier.

Instruction cycles: Arm DDI 0337I (Cortex-M3 r2p1 TRM) table 3-1. No board of this core was calibrated.
"""

from __future__ import annotations

from collections.abc import Sequence

from hilbench.profile.core import CoreTiming
from hilbench.profile.decode import FLOAT, Instruction, Kind
from hilbench.profile.timing import TIMINGS, m4

_LONG = {"umull": 4, "smull": 4, "umlal": 5.5, "smlal": 5.5}
"""Middle of 3 to 5 and of 4 to 7 cycles: they terminate early with the size of the operands."""

_NONE = frozenset({Kind.SIMD, Kind.DUAL_MAC, Kind.TRANSFER}) | FLOAT


def _cycles(instruction: Instruction, before: Instruction | None) -> float:
    if instruction.kind is Kind.MAC:
        return 2  # MLA and MLS
    return _LONG.get(instruction.name) or m4.cycles(instruction, before)


def issue(block: Sequence[Instruction]) -> tuple[float, ...]:
    """Cycles of each instruction of `block`."""
    return tuple(_cycles(now, before) for before, now in zip((None, *block), block, strict=False))


TIMINGS.add(
    "cortex-m3",
    CoreTiming(
        "cortex-m3", "Arm DDI 0337I table 3-1", issue, m4.M4.covers - _NONE, m4.M4.events, peak_macs=0.5
    ),
)  # fmt: skip
