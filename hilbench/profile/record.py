"""Reading what the block profiler wrote, and cutting it into the runs of a model or the calls of a function.

The file is little-endian: "HBPROF", version and 0; the number of regions and their names (16 bytes each); 1 where a
cache was simulated. Then records, each begun by its kind as a 32-bit word:

1. block: address, bytes of code (32 bits each), the code. Blocks are numbered in this order.
2. segment: what ended it (1 the watched function was called, 2 it returned, 3 the emulator ended), the mark that was
   spelled in it (0xffffffff for none); reads and writes of each region, changes of the 8-byte line of flash, unaligned
   accesses, cache misses (64 bits each); the number of blocks that ran; of each its number (32 bits), executions,
   taken, changes (64 bits).
3. end: the emulator ended in good order.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from hilbench.errors import ToolError
from hilbench.profile.blocks import OVERHEAD, Block, Cache, Counters, Profile, Section
from hilbench.profile.pieces import whole_blocks

_MAGIC = b"HBPROF\1\0"
_BLOCK, _SEGMENT, _END = 1, 2, 3
NO_MARK = 0xFFFFFFFF

Counts = dict[int, tuple[int, int, int]]


class EndedBy(IntEnum):
    """What ends a segment."""

    CALL = 1
    RETURN = 2
    EXIT = 3


@dataclass(frozen=True)
class Segment:
    """What ran between two events. `counts` are executions, taken and changes by number of block."""

    ended_by: EndedBy
    mark: int | None
    counters: Counters
    counts: Counts


@dataclass(frozen=True)
class Recording:
    """A whole recording. `code[n]` is address and code of block n; `complete`: the emulator ended in good order."""

    code: tuple[tuple[int, bytes], ...]
    segments: tuple[Segment, ...]
    complete: bool


def read(path: Path, cache: Cache | None = None) -> Recording:
    """Read a recording; `cache` is what the profiler was told to simulate.

    Raises:
        ToolError: the file is missing or is no recording. One that breaks off (a killed emulator) is read up to there.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ToolError("block profiler", f"no recording: {error.strerror} ({path})") from error
    if data[:8] != _MAGIC:
        raise ToolError("block profiler", f"not a recording of this version: {path}")
    return _Reader(data, cache).recording()


@dataclass
class _Reader:
    """A position in the bytes of a recording."""

    data: bytes
    cache: Cache | None
    at: int = 8
    regions: list[str] = field(default_factory=list)

    def recording(self) -> Recording:
        code: list[tuple[int, bytes]] = []
        segments: list[Segment] = []
        try:
            self.regions = [self.take(16).split(b"\0")[0].decode() for _ in range(self.words(1)[0])]
            simulated = self.words(1)[0]
            self.cache = self.cache if simulated else None
            while (kind := self.words(1)[0]) != _END:
                code.append(self.block()) if kind == _BLOCK else segments.append(self.segment(kind))
            complete = True
        except struct.error:
            complete = False
        return Recording(tuple(code), tuple(segments), complete)

    def take(self, size: int) -> bytes:
        if self.at + size > len(self.data):
            raise struct.error("breaks off")
        self.at += size
        return self.data[self.at - size : self.at]

    def words(self, count: int, form: str = "I") -> tuple[int, ...]:
        return struct.unpack(f"<{count}{form}", self.take(count * struct.calcsize(f"<{form}")))

    def block(self) -> tuple[int, bytes]:
        address, length = self.words(2)
        return address, self.take(length)

    def segment(self, kind: int) -> Segment:
        if kind != _SEGMENT:
            raise ToolError("block profiler", f"the recording holds an unknown record {kind} at byte {self.at - 4}")
        ended_by, mark = self.words(2)
        counters = self.counters()
        counts: Counts = {}
        entries = self.words(1)[0]
        for number, executions, taken, changes in struct.iter_unpack("<IQQQ", self.take(28 * entries)):
            counts[number] = (executions, taken, changes)
        return Segment(EndedBy(ended_by), None if mark == NO_MARK else mark, counters, counts)

    def counters(self) -> Counters:
        reads: dict[str, int] = {}
        writes: dict[str, int] = {}
        for name in self.regions:
            read, written = self.words(2, "Q")
            reads[name] = reads.get(name, 0) + read
            writes[name] = writes.get(name, 0) + written
        line8, unaligned, misses = self.words(3, "Q")
        return Counters(reads, writes, line8, unaligned, misses if self.cache else None, self.cache)


def runs(
    recording: Recording, steps: Sequence[str], count: int, machine: str = "", waiting: range = range(0)
) -> tuple[Profile, ...]:
    """Profiles of the last `count` runs of a model whose steps have the names `steps`.

    A run lasts from the call that begins its first step to the one that says that all are done (mark == number of
    steps). Between two calls of the watched function the step that was marked last runs; within a call, overhead.
    Repeated begins of a step (patches) are added up; what runs before the first step, as where rows are fetched for it,
    is overhead. Earlier runs, of which the firmware makes one to find out what an empty step costs, are left out; so is
    a call of the watched function in which code at the addresses `waiting` ran, which waits for the host.

    Raises:
        ToolError: the recording holds fewer runs.
    """
    found: list[Profile] = []
    parts: dict[int, list[Segment]] = {}
    now: int | None = None
    inside = False
    for segment in recording.segments:
        began = now is None and segment.mark is not None
        if began or (inside and now is not None and segment.ended_by is EndedBy.RETURN):
            if not any(recording.code[number][0] in waiting for number in segment.counts):
                parts.setdefault(OVERHEAD, []).append(segment)
        elif now is not None and not inside:
            parts.setdefault(now if now < len(steps) else OVERHEAD, []).append(segment)
        now = now if segment.mark is None else segment.mark
        inside = segment.ended_by is EndedBy.CALL
        if now == len(steps):
            found.append(_profile(recording, parts, steps, machine))
            parts, now = {}, None
    if len(found) < count:
        raise ToolError("block profiler", f"the recording holds {len(found)} runs, not {count}")
    return tuple(found[len(found) - count :])


def calls(recording: Recording, name: str, machine: str = "") -> tuple[Profile, ...]:
    """Profiles of the calls of the watched function, each one section called `name`."""
    found = []
    for before, segment in zip(recording.segments, recording.segments[1:], strict=False):
        if before.ended_by is EndedBy.CALL and segment.ended_by is EndedBy.RETURN:
            found.append(Profile((_section(recording, 0, name, [segment]),), machine))
    return tuple(found)


def _profile(recording: Recording, parts: dict[int, list[Segment]], steps: Sequence[str], machine: str) -> Profile:
    names = {**dict(enumerate(steps)), OVERHEAD: "overhead"}
    ordered = sorted(parts, key=lambda step: (step == OVERHEAD, step))
    return Profile(tuple(_section(recording, step, names[step], parts[step]) for step in ordered), machine)


def _section(recording: Recording, step: int, name: str, segments: Iterable[Segment]) -> Section:
    sums: dict[int, list[int]] = {}
    counters = None
    for segment in segments:
        counters = segment.counters if counters is None else counters + segment.counters
        for number, counts in segment.counts.items():
            seen = sums.setdefault(number, [0, 0, 0])
            for index, value in enumerate(counts):
                seen[index] += value
    return Section(step, name, whole_blocks(_blocks(recording, sums)), counters or Counters())


def _blocks(recording: Recording, sums: dict[int, list[int]]) -> Iterator[Block]:
    for number in sorted(sums, key=lambda number: recording.code[number]):
        executions, taken, changes = sums[number]
        if executions:
            address, code = recording.code[number]
            yield Block(address, code, executions, taken, changes)
