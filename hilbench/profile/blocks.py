"""Profiles as plain data: which basic blocks ran how often, how they were left, and which data they touched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce

from hilbench.errors import ConfigError


@dataclass(frozen=True)
class Cache:
    """A set-associative cache with LRU replacement that was simulated: bytes, ways, bytes per line."""

    size: int
    ways: int
    line: int

    def __str__(self) -> str:
        return f"{self.size} bytes, {self.ways} ways, {self.line}-byte lines"


@dataclass(frozen=True)
class Block:
    """A basic block: straight code that is entered at `address` and left after its last instruction.

    `executions` counts entries, `taken` those after which the next executed block was not the fall-through, `changes`
    how often that outcome (taken or not) differed from the block's previous one.
    """

    address: int
    code: bytes
    executions: int
    taken: int = 0
    changes: int = 0

    @property
    def end(self) -> int:
        """Address of the fall-through."""
        return self.address + len(self.code)

    def __post_init__(self) -> None:
        where = f"block at 0x{self.address:08x}"
        if self.address % 2:
            raise ConfigError("address is odd", where=where, right="the address of its code, without the Thumb bit")
        if not self.code or len(self.code) % 2:
            raise ConfigError(f"{len(self.code)} bytes of code", where=where, right="whole Thumb instructions")
        if not 0 <= self.taken <= self.executions or not 0 <= self.changes <= self.executions:
            raise ConfigError(
                f"executions {self.executions}, taken {self.taken}, changes {self.changes}",
                where=where,
                right="0 <= taken, changes <= executions",
            )


@dataclass(frozen=True)
class Counters:
    """Data accesses of one section; a None was not recorded, and a timing model that needs it says so.

    Args:
        reads: data reads (one per access, an LDM counts its registers) by region of memory: "flash", "ram", ...
        writes: data writes, likewise.
        flash_line8_changes: flash data reads whose aligned 8-byte line differs from the previous flash data read's.
        unaligned: data accesses of 2 or 4 bytes whose address is not a multiple of their size.
        flash_line_misses: flash data reads that missed the simulated data cache.
        cache: the cache that was simulated for `flash_line_misses`.
    """

    reads: Mapping[str, int] = field(default_factory=dict)
    writes: Mapping[str, int] = field(default_factory=dict)
    flash_line8_changes: int | None = None
    unaligned: int | None = None
    flash_line_misses: int | None = None
    cache: Cache | None = None

    def __add__(self, other: Counters) -> Counters:
        if self.cache != other.cache and self.cache and other.cache:
            raise ConfigError("sections of one profile simulate different caches", right="one cache for the whole run")
        return Counters(
            _sum_by_key(self.reads, other.reads),
            _sum_by_key(self.writes, other.writes),
            _sum(self.flash_line8_changes, other.flash_line8_changes),
            _sum(self.unaligned, other.unaligned),
            _sum(self.flash_line_misses, other.flash_line_misses),
            self.cache or other.cache,
        )


@dataclass(frozen=True)
class Section:
    """What ran between two marks: a step of the model by number, or -1 for what lies between the steps."""

    step: int
    name: str
    blocks: tuple[Block, ...]
    counters: Counters


@dataclass(frozen=True)
class Profile:
    """One run: its sections in order of first execution. Their sum is the total, by construction.

    `machine` says what executed it, for provenance.
    """

    sections: tuple[Section, ...]
    machine: str = ""

    def total(self) -> Section:
        """Blocks and counters of all sections, added up."""
        return merge("total", self.sections)


OVERHEAD = -1
"""The step number of what runs between the steps."""


def merge(name: str, sections: Iterable[Section], step: int = OVERHEAD) -> Section:
    """One section that holds the sum of `sections`; blocks are the same where address and code are."""
    parts = tuple(sections)
    sums: dict[tuple[int, bytes], list[int]] = {}
    for block in (block for part in parts for block in part.blocks):
        seen = sums.setdefault((block.address, block.code), [0, 0, 0])
        for index, count in enumerate((block.executions, block.taken, block.changes)):
            seen[index] += count
    blocks = tuple(Block(address, code, *counts) for (address, code), counts in sorted(sums.items()))
    counters = reduce(Counters.__add__, (part.counters for part in parts)) if parts else Counters()
    return Section(step, name, blocks, counters)


def _sum(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a + b


def _sum_by_key(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
    return {key: a.get(key, 0) + b.get(key, 0) for key in sorted({*a, *b})}
