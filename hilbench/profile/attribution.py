"""Where the time goes: every instruction and cycle of a profile booked on a step, a function, a line and an address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import fsum

from hilbench.boards.board import Timing
from hilbench.profile.blocks import Block, Profile, Section
from hilbench.profile.core import CoreTiming
from hilbench.profile.decode import Instruction, Kind, decode
from hilbench.profile.lines import Source
from hilbench.profile.price import coefficients, count, instruction_cycles
from hilbench.profile.timing import TIMINGS

IN_CODE = frozenset({"taken", "changes", "wide_unaligned"})
"""Events that belong to an instruction; the others are known per section alone and booked on lines of their own."""

_WAITS = {
    "flash_line8_changes": "(waiting for data in flash)",
    "flash_reads": "(waiting for data in flash)",
    "flash_line_misses": "(waiting for data in flash)",
    "unaligned": "(unaligned data)",
}


@dataclass(frozen=True)
class Cost:
    """What one instruction of one section cost in all its executions; cycles are 0 where there is no timing.

    A wait that no instruction can be named for has no text and executes nothing; its function says why, in parentheses.
    """

    step: str
    function: str
    line: str
    address: int
    text: str
    kind: Kind
    executions: int
    cycles: float


def attribute(profile: Profile, source: Source, timing: Timing | None) -> tuple[Cost, ...]:
    """Every instruction of every section with its cost; they add up to the profile's instructions and cycles."""
    return tuple(cost for section in profile.sections for cost in _section(section, source, timing))


def _section(section: Section, source: Source, timing: Timing | None) -> Iterator[Cost]:
    core = TIMINGS[timing.model] if timing else None
    per_event = coefficients(core, timing) if core and timing else {}
    for block in section.blocks:
        spent = block_costs(block, core, per_event)
        for instruction, cycles in zip(decode(block.address, block.code), spent, strict=True):
            at = instruction.address_of
            yield Cost(
                section.name, source.function(at), source.line(at), at, instruction.text, instruction.kind,
                block.executions, cycles,
            )  # fmt: skip
    for event, each in per_event.items():
        if event not in IN_CODE and (cycles := each * count(section, event)):
            yield Cost(section.name, _WAITS[event], _WAITS[event], -1, "", Kind.UNKNOWN, 0, cycles)


def block_costs(block: Block, core: CoreTiming | None, per_event: Mapping[str, float]) -> list[float]:
    """Cycles of each instruction of `block` in all its executions; how it was left is booked on its last one."""
    instructions = decode(block.address, block.code)
    if core is None:
        return [0.0] * len(instructions)
    each = instruction_cycles(block.address, block.code, core.name)
    wide = per_event.get("wide_unaligned", 0.0)
    costs = [
        block.executions * (cycles + wide * instruction.wide_unaligned)
        for instruction, cycles in zip(instructions, each, strict=True)
    ]
    costs[-1] += block.taken * per_event.get("taken", 0.0) + block.changes * per_event.get("changes", 0.0)
    return costs


@dataclass(frozen=True)
class Share:
    """Instructions and cycles of what has one name."""

    name: str
    instructions: int
    cycles: float


def shares(costs: Iterable[Cost], key: Callable[[Cost], str]) -> list[Share]:
    """Sums of `costs` by `key`, the largest first (by cycles, then by instructions, then by name)."""
    instructions: Counter[str] = Counter()
    cycles: dict[str, list[float]] = {}
    for cost in costs:
        name = key(cost)
        instructions[name] += cost.executions
        cycles.setdefault(name, []).append(cost.cycles)
    found = [Share(name, instructions[name], fsum(parts)) for name, parts in cycles.items()]
    return sorted(found, key=lambda share: (-share.cycles, -share.instructions, share.name))


def by_step(cost: Cost) -> str:
    """Name of the step."""
    return cost.step


def by_function(cost: Cost) -> str:
    """Name of the function, or of what is waited for."""
    return cost.function


def by_line(cost: Cost) -> str:
    """Source line, or what is waited for."""
    return cost.line


def by_kind(cost: Cost) -> str:
    """Class of instruction, or what is waited for."""
    return str(cost.kind) if cost.text else cost.function


@dataclass(frozen=True)
class HotBlock:
    """A block with what it cost in all its executions, and its instructions with their cycles per execution."""

    block: Block
    steps: tuple[str, ...]
    function: str
    cycles: float
    instructions: tuple[tuple[Instruction, float], ...]


def hottest(profile: Profile, source: Source, timing: Timing | None, number: int) -> list[HotBlock]:
    """The `number` blocks that cost most cycles (executed most instructions, where there is no timing)."""
    core = TIMINGS[timing.model] if timing else None
    per_event = coefficients(core, timing) if core and timing else {}
    steps: dict[tuple[int, bytes], list[str]] = {}
    for section in profile.sections:
        for block in section.blocks:
            steps.setdefault((block.address, block.code), []).append(section.name)
    found = [
        _hot(block, steps[block.address, block.code], source, block_costs(block, core, per_event))
        for block in profile.total().blocks
    ]
    found.sort(key=lambda hot: (-hot.cycles, -hot.block.executions * len(hot.instructions), hot.block.address))
    return found[:number]


def _hot(block: Block, steps: Iterable[str], source: Source, costs: list[float]) -> HotBlock:
    each = ((i, cost / block.executions) for i, cost in zip(decode(block.address, block.code), costs, strict=True))
    return HotBlock(block, tuple(steps), source.function(block.address), fsum(costs), tuple(each))
