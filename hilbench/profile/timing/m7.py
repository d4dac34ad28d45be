"""Cortex-M7: in-order dual issue, as the resources and latencies of the core allow; mispredictions are events.

Pipes, latencies and pairing limits are those of LLVM's scheduling model of the core (ARMScheduleM7.td), restated here.
Every block starts with all registers ready: stalls from one block into the next are not modelled. Branches are
predicted; a change of direction stands for a misprediction. Code that is bound by floating point was measured up to
38 % off this model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hilbench.profile.core import CoreTiming
from hilbench.profile.decode import MULTIPLE, Instruction, Kind
from hilbench.profile.timing import TIMINGS

_UNITS = {"alu": 2, "load": 2, "store": 1, "mac": 1, "shifter": 1, "simd": 1, "branch": 1, "vfp": 1}
"""How many instructions per cycle each unit takes."""


@dataclass(frozen=True)
class _Rule:
    """Units that an instruction takes, cycles until its result can be used, and how it pairs."""

    units: tuple[str, ...]
    latency: int = 1
    first_slot: bool = False
    alone: bool = False
    busy: int = 1


_RULES: dict[Kind, _Rule] = {
    Kind.ALU: _Rule(("alu",)),
    Kind.SHIFT: _Rule(("alu", "shifter")),
    Kind.EXTEND: _Rule(("simd", "alu"), first_slot=True),
    Kind.FIELD: _Rule(("alu", "shifter"), first_slot=True),
    Kind.CLZ: _Rule(("alu",), first_slot=True),
    Kind.REVERSE: _Rule(("simd", "alu", "shifter"), first_slot=True),
    Kind.SIMD: _Rule(("simd", "alu"), first_slot=True),
    Kind.SATURATE: _Rule(("simd", "alu"), latency=2, first_slot=True),
    Kind.MUL: _Rule(("mac",), latency=2),
    Kind.MAC: _Rule(("mac",), latency=2),
    Kind.DUAL_MAC: _Rule(("mac",), latency=2),
    Kind.LONG_MUL: _Rule(("mac",), latency=2),
    Kind.DIV: _Rule(("alu",), alone=True, busy=7),
    Kind.LOAD: _Rule(("load",)),
    Kind.STORE: _Rule(("store",)),
    Kind.LOAD_DUAL: _Rule(("load",), alone=True),
    Kind.STORE_DUAL: _Rule(("store",), alone=True),
    Kind.LOAD_EXCLUSIVE: _Rule(("load",), first_slot=True),
    Kind.STORE_EXCLUSIVE: _Rule(("store",), alone=True),
    Kind.BRANCH: _Rule(("branch",)),
    Kind.TABLE_BRANCH: _Rule(("load",), alone=True, busy=2),
    Kind.IT: _Rule(()),
    Kind.HINT: _Rule(()),
    Kind.BARRIER: _Rule((), latency=3, alone=True),
    Kind.SYSTEM: _Rule((), latency=3, alone=True),
    Kind.VLOAD: _Rule(("load",)),
    Kind.VSTORE: _Rule(("store",)),
    Kind.TRANSFER: _Rule(("vfp",), latency=3),
    Kind.VALU: _Rule(("vfp",), latency=3),
    Kind.VMAC: _Rule(("vfp",), latency=6),
    Kind.VDIV: _Rule(("vfp",), latency=16),
}
_NARROW = frozenset({"ldrb", "ldrh", "ldrsb", "ldrsh", "ldrexb", "ldrexh", "ldrbt", "ldrht", "ldrsbt", "ldrsht"})
_UNRULED = _Rule((), alone=True)


def _rule(instruction: Instruction) -> _Rule:
    kind = instruction.kind
    if kind in MULTIPLE:
        busy = max(1, (instruction.count + 1) // 2)  # 64 bits per cycle
        return _Rule(("load",), latency=busy, alone=True, busy=busy)
    if instruction.name in _NARROW:
        return _Rule(("load",), latency=2)
    return _RULES.get(kind, _UNRULED)


def _advance(instruction: Instruction, register: str) -> int:
    """Cycles after issue at which `register` is needed: -1 one earlier than the ALU stage, 1 one later."""
    if register in instruction.address or register in instruction.shifted:
        return -1
    if register in instruction.accumulator:
        return 3 if instruction.kind is Kind.VMAC else 1
    if register in instruction.data and instruction.kind not in MULTIPLE:
        return 1
    return 0


@dataclass
class _Pipeline:
    """State of the issue stage while a block runs through it."""

    now: int = 0
    slots: int = 0
    used: Counter[str] = field(default_factory=Counter)
    closed: bool = False
    ready: dict[str, int] = field(default_factory=dict)

    def issue(self, instruction: Instruction) -> int:
        """Issue `instruction`; the cycle at which it leaves the issue stage."""
        rule = _rule(instruction)
        needed = (self.ready[r] - _advance(instruction, r) for r in instruction.sources if r in self.ready)
        earliest = max(needed, default=0)
        if earliest > self.now or not self._pairs(rule):
            self._next_cycle(max(earliest, self.now + 1 if self.slots else self.now))
        self.slots += 1
        self.used.update(rule.units)
        self._write(instruction, rule)
        if rule.alone:
            self.closed = True
            self.now += rule.busy - 1
        return self.now + 1

    def _pairs(self, rule: _Rule) -> bool:
        """Whether there is room beside what was issued in this cycle."""
        if self.slots == 0:
            return not self.closed
        free = all(self.used[unit] < _UNITS[unit] for unit in rule.units)
        return self.slots < 2 and free and not (self.closed or rule.alone or rule.first_slot)

    def _next_cycle(self, cycle: int) -> None:
        self.now, self.slots, self.closed = cycle, 0, False
        self.used.clear()

    def _write(self, instruction: Instruction, rule: _Rule) -> None:
        for register in instruction.results:
            latency = rule.latency
            if instruction.address and register not in instruction.loaded:
                latency = 0  # a written-back base leaves the address stage at once
            self.ready[register] = self.now + latency


def _issued(block: Sequence[Instruction]) -> Iterator[float]:
    pipeline, before = _Pipeline(), 0
    for instruction in block:
        after = pipeline.issue(instruction)
        yield after - before
        before = after


def issue(block: Sequence[Instruction]) -> tuple[float, ...]:
    """Cycles that each instruction of `block` adds; 0 for the second of a pair."""
    return tuple(_issued(block))


M7 = TIMINGS.add(
    "cortex-m7",
    CoreTiming(
        "cortex-m7",
        "LLVM ARMScheduleM7.td: pipes, latencies, pairing",
        issue,
        frozenset(_RULES) | MULTIPLE,
        {"changes": 7.6},
        peak_macs=2,
    ),
)
