"""Cortex-M4: one instruction per cycle in order, loads that pipeline behind loads and stores, 32-bit fetches.

Instruction cycles: Arm DDI 0439B (Cortex-M4 TRM) table 3-1, reproduced in TI SWCU192 table 3-25; pairing of loads and
stores: TI SWCU185G and Arm DDI 0337I, "load/store timings". A taken branch refills a pipeline of three stages: the TRM
gives 1 + P cycles with P from 1 to 3, and 2 is what measured code shows.
"""

from __future__ import annotations

from collections.abc import Sequence

from hilbench.profile.core import CoreTiming
from hilbench.profile.decode import LOADS, STORES, Instruction, Kind
from hilbench.profile.timing import TIMINGS

CYCLES: dict[Kind, float] = {
    **dict.fromkeys((Kind.ALU, Kind.SHIFT, Kind.EXTEND, Kind.FIELD, Kind.CLZ, Kind.REVERSE), 1),
    **dict.fromkeys((Kind.SIMD, Kind.SATURATE, Kind.MUL, Kind.MAC, Kind.DUAL_MAC, Kind.LONG_MUL), 1),
    **dict.fromkeys((Kind.IT, Kind.HINT, Kind.BRANCH, Kind.BARRIER), 1),
    Kind.DIV: 6,  # TRM: 2 to 12, terminates early with the size of the quotient
    Kind.SYSTEM: 2,  # MRS and MSR; CPS takes 1 or 2
    Kind.LOAD: 2,
    Kind.VLOAD: 2,
    Kind.LOAD_EXCLUSIVE: 2,
    Kind.STORE: 1,  # address in the first cycle, data beside the next instruction
    Kind.VSTORE: 1,
    Kind.STORE_EXCLUSIVE: 2,
    Kind.LOAD_DUAL: 3,
    Kind.STORE_DUAL: 3,
    Kind.TABLE_BRANCH: 4,
    Kind.TRANSFER: 1,  # per word: DDI 0439B table 7-1
    Kind.VALU: 1,
    Kind.VMAC: 3,
    Kind.VDIV: 14,
}
_MULTIPLE = (Kind.LOAD_MULTIPLE, Kind.STORE_MULTIPLE, Kind.VLOAD_MULTIPLE, Kind.VSTORE_MULTIPLE)


def pipelines(before: Instruction | None, load: Instruction) -> bool:
    """Whether `load` takes its address while `before` waits for its data.

    `before` is a single load, or a single store with an immediate offset, and what it loaded is no part of the address.
    A written-back base is ready in time. Two words (LDRD, VLDR of a double) never pipeline.
    """
    if before is None or before.double or load.double:
        return False
    opens = before.kind in LOADS or (before.kind in STORES and not before.register_offset)
    return opens and not (before.loaded & load.address)


def cycles(instruction: Instruction, before: Instruction | None) -> float:
    """Cycles of one instruction after `before`, the one that precedes it in its block."""
    kind = instruction.kind
    if kind in _MULTIPLE:
        return 1 + instruction.count
    if kind is Kind.TRANSFER:
        return instruction.count
    if kind in (Kind.VLOAD, Kind.VSTORE) and instruction.double:
        return CYCLES[Kind.LOAD_DUAL]
    if kind in LOADS and pipelines(before, instruction):
        return 1
    return CYCLES.get(kind, 1)


def issue(block: Sequence[Instruction]) -> tuple[float, ...]:
    """Cycles of each instruction of `block`; what ran before the block is not known, so its first load takes 2."""
    return tuple(cycles(now, before) for before, now in zip((None, *block), block, strict=False))


M4 = TIMINGS.add(
    "cortex-m4",
    CoreTiming(
        "cortex-m4",
        "Arm DDI 0439B table 3-1; TI SWCU192 table 3-25; TI SWCU185G; Arm DDI 0337I",
        issue,
        frozenset(CYCLES) | frozenset(_MULTIPLE),
        {"taken": 2, "unaligned": 1},
        peak_macs=2,
    ),
)
