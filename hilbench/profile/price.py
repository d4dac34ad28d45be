"""Cycles of a profile: each block's instructions by the core's rules, plus cycles per event, with the board's band."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import fsum

from hilbench.boards.board import Timing
from hilbench.errors import ConfigError, one_of
from hilbench.profile.blocks import Block, Profile, Section
from hilbench.profile.core import CoreTiming
from hilbench.profile.decode import FLOAT, Instruction, Kind, decode
from hilbench.profile.timing import TIMINGS

FLASH_EVENTS = frozenset({"flash_line8_changes", "flash_reads", "flash_line_misses"})
"""Events that are waits for data in flash."""


@dataclass(frozen=True)
class Priced:
    """Modelled cycles and their band.

    Args:
        name: the section's name, or "total".
        step: the section's step, -1 for the total and for what runs between steps.
        cycles: of a section the sum of `parts`, rounded; of a profile the sum of its sections.
        error_pct: the true cycles are expected within this percentage.
        instructions: executed instructions, exact.
        parts: cycles by cause: "instructions" and the events of the core and the board.
        warnings: why the band is wide, and instructions that no rule covers.
        sections: the parts of a whole profile.
    """

    name: str
    step: int
    cycles: int
    error_pct: float
    instructions: int
    parts: Mapping[str, float]
    warnings: tuple[str, ...] = ()
    sections: tuple[Priced, ...] = field(default=(), repr=False)

    @property
    def flash_share(self) -> float:
        """Share of the cycles spent waiting for data in flash."""
        return fsum(self.parts.get(event, 0.0) for event in FLASH_EVENTS) / max(fsum(self.parts.values()), 1.0)


def price(profile: Profile, timing: Timing) -> Priced:
    """Cycles of `profile` on a board with `timing`, in total and by section.

    Raises:
        ConfigError: the profile lacks a counter that the board's model needs, or simulated another cache.
        UsageError: the timing names a core model that does not exist.
    """
    sections = tuple(price_section(section, timing) for section in profile.sections)
    # The total is the sum of what is printed for the sections, each rounded once, so that a table adds up.
    cycles = sum(section.cycles for section in sections)
    return replace(price_section(profile.total(), timing), cycles=cycles, sections=sections)


def price_section(section: Section, timing: Timing) -> Priced:
    """Cycles of one section; see `price`."""
    core = TIMINGS[timing.model]
    _check_cache(section, timing)
    parts = {"instructions": fsum(block.executions * block_cycles(block, core) for block in section.blocks)}
    for event, cycles in coefficients(core, timing).items():
        parts[event] = cycles * count(section, event)
    shares, instructions = _shares(section), executed(section.blocks)
    shares["flash_share"] = fsum(parts.get(event, 0.0) for event in FLASH_EVENTS) / max(fsum(parts.values()), 1.0)
    error, warnings = _band(shares, timing)
    warnings += _uncovered(section, core)
    return Priced(section.name, section.step, round(fsum(parts.values())), error, instructions, parts, tuple(warnings))


def coefficients(core: CoreTiming, timing: Timing) -> dict[str, float]:
    """Cycles per event: the core's and the board's added up."""
    for event in timing.coefficients:
        if event not in EVENTS:
            raise ConfigError(one_of("event", event, EVENTS), where="timing.coefficients")
    names = {**core.events, **timing.coefficients}
    return {name: core.events.get(name, 0.0) + timing.coefficients.get(name, 0.0) for name in names}


def executed(blocks: tuple[Block, ...]) -> int:
    """Executed instructions of `blocks`."""
    return sum(block.executions * len(decode(block.address, block.code)) for block in blocks)


def block_cycles(block: Block, core: CoreTiming) -> float:
    """Cycles of one execution of `block`, events apart."""
    return fsum(instruction_cycles(block.address, block.code, core.name))


@lru_cache(maxsize=65536)
def instruction_cycles(address: int, code: bytes, model: str) -> tuple[float, ...]:
    """Cycles of each instruction of a block by the core model called `model`."""
    return TIMINGS[model].issue(decode(address, code))


def count(section: Section, event: str) -> int:
    """How often `event` happened in `section`.

    Raises:
        ConfigError: the profile does not hold the counter.
    """
    found = EVENTS[event](section)
    if found is None:
        raise ConfigError(
            f"the counter of {event} is missing, and this board's timing needs it",
            where=f"section '{section.name}'",
            right=_COUNTERS.get(event, f'"counters": {{"{event}": 0, ...}}'),
        )
    return found


def _wide_unaligned(section: Section) -> int:
    return sum(
        block.executions * sum(i.wide_unaligned for i in decode(block.address, block.code)) for block in section.blocks
    )


EVENTS: dict[str, Callable[[Section], int | None]] = {
    "taken": lambda section: sum(block.taken for block in section.blocks),
    "changes": lambda section: sum(block.changes for block in section.blocks),
    "wide_unaligned": _wide_unaligned,
    "unaligned": lambda section: section.counters.unaligned,
    "flash_reads": lambda section: section.counters.reads.get("flash"),
    "flash_line8_changes": lambda section: section.counters.flash_line8_changes,
    "flash_line_misses": lambda section: section.counters.flash_line_misses,
}
"""Events that may cost cycles; `wide_unaligned` counts 32-bit instructions executed at an address % 4 == 2."""

_COUNTERS = {"flash_reads": '"counters": {"reads": {"flash": 0}, ...}'}


def _check_cache(section: Section, timing: Timing) -> None:
    seen, wanted = section.counters.cache, timing.cache
    if seen and wanted and (seen.size, seen.ways, seen.line) != (wanted.size, wanted.ways, wanted.line):
        right = f"size {wanted.size}, ways {wanted.ways}, line {wanted.line}"
        raise ConfigError(f"the profile simulated a cache of {seen}", where=f"section '{section.name}'", right=right)


def _shares(section: Section) -> dict[str, float]:
    """Shares of the executed instructions that bands look at."""
    floating = divides = instructions = 0
    for block in section.blocks:
        kinds = Counter(i.kind for i in decode(block.address, block.code))
        floating += block.executions * sum(kinds[kind] for kind in FLOAT)
        divides += block.executions * kinds[Kind.DIV]
        instructions += block.executions * kinds.total()
    return {"float_share": floating / max(instructions, 1), "divide_share": divides / max(instructions, 1)}


def _band(shares: Mapping[str, float], timing: Timing) -> tuple[float, list[str]]:
    """The widest band that applies, and why."""
    error, why = timing.fit.worst_error_pct, []
    for band in timing.bands:
        if shares[band.when] > band.above:
            error = max(error, band.error_pct)
            why.append(f"{band.when} {shares[band.when]:.1%}: {band.why}")
    return error, why


def _uncovered(section: Section, core: CoreTiming) -> list[str]:
    """A warning per instruction that the core's model has no rule for; each was priced as one cycle."""
    seen: Counter[str] = Counter()
    for block, instruction in _instructions(section):
        if instruction.kind not in core.covers:
            seen[instruction.name] += block.executions
    return [
        f"no timing rule for {name} on {core.name}: {n:,} executions at 1 cycle" for name, n in sorted(seen.items())
    ]


def _instructions(section: Section) -> Iterator[tuple[Block, Instruction]]:
    for block in section.blocks:
        for instruction in decode(block.address, block.code):
            yield block, instruction
