"""The stages that a graph can be cut into, and what each needs.

A cut lies between two operators; what crosses it exists whole. Between two cuts one operator runs whole, or several run
as a rolling stage. The memory of a stage depends on its two cuts alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

import numpy as np

from hilbench.ir.graph import Graph
from hilbench.ir.opdef import OPS
from hilbench.variants.demand import Followed, follow, grid, piece_of, sums, windows
from hilbench.variants.schedule import Layer, Overlap, Rolling, Stage
from hilbench.variants.schedules.patch import is_local
from hilbench.variants.stages import (
    STATE_BYTES,
    VIEWS,
    aligned,
    gathered,
    jumps,
    ring_bytes,
    saved,
    stage_gathers,
    sum_bytes,
)
from hilbench.variants.variant import Scratch

PIECES = (1, 2, 4, 8, 16, 1 << 15)
"""Pixels of a row that are written at a time: those tried; the last means whole rows."""

FETCHED = 4
"""Streamed inputs have few channels: so many times more of their pixels are fetched at a time."""

SLIDE_SHARE = 12
"""A map that slides has room for this part of its pixels more: each pixel is moved about so many times."""


PIECE_COST, FAST_COST, SLOW_COST = 1500.0, 1.5, 10.0
"""Instructions of a piece besides its MACs, and of a MAC in fast and in other kernels: this project's own kernels on a
Cortex-M4, roughly; they only rank stages that fit."""


@dataclass(frozen=True)
class Load:
    """One operator of a stage: its MACs, and the bytes alive while it runs, with the leanest and the fastest kernel."""

    macs: int
    lean: int
    fast: int


@dataclass(frozen=True)
class Candidate:
    """A stage between two cuts: what its operators need, and the pieces it is run in (0: one whole layer)."""

    loads: tuple[Load, ...]
    pieces: int
    stage: Stage

    @property
    def bytes(self) -> int:
        """Bytes alive while it runs, with the leanest kernels."""
        return max(load.lean for load in self.loads)

    def cost(self, limit: float) -> float:
        """Instructions, roughly, with the fastest kernels that fit into `limit` bytes."""
        work = sum(load.macs * (FAST_COST if load.fast <= limit else SLOW_COST) for load in self.loads)
        return work + PIECE_COST * self.pieces

    def apart(self, graph: Graph) -> Candidate:
        """With output and input beside each other instead of overlapping."""
        if not isinstance(self.stage, Rolling) or self.stage.overlap is None:
            return self
        more = saved(graph, self.stage.overlap)
        loads = tuple(Load(load.macs, load.lean + more, load.fast + more) for load in self.loads)
        return Candidate(loads, self.pieces, replace(self.stage, overlap=None))


@dataclass(frozen=True)
class _Block:
    """Operators of a stage from `start` to before `stop`, joined to the others by one map at each end.

    `sources` flow in, `ends` flow on; `maps` are all that are written in it, sources included.
    """

    start: int
    stop: int
    sources: frozenset[str]
    ends: frozenset[str]
    maps: frozenset[str]


class Cuts:
    """The stages that a graph can be cut into, with what each needs.

    `scratch(p, piece)` is the working space in bytes of operator p's leanest and fastest kernel, run whole (0) or
    `piece` pixels at a time; graph inputs in `streamed` never exist whole.
    """

    def __init__(self, graph: Graph, scratch: Scratch, streamed: tuple[str, ...], most: Sequence[int]) -> None:
        self.graph, self.scratch, self.streamed, self.most = graph, scratch, streamed, most
        self._blocks: dict[tuple[int, int], list[_Block]] = {}
        self._followed: dict[tuple[_Block, frozenset[str], int], Followed] = {}
        self._gathered: dict[tuple[int, int, int], int] = {}

    @cached_property
    def lives(self) -> dict[str, tuple[int, int]]:
        """For every computed tensor that has bytes of its own: the operators that write it and read it last.

        A graph input is written by operator -1, and a graph output read by one after the last.
        """
        graph, end = self.graph, len(self.graph.ops)
        found: dict[str, tuple[int, int]] = {}
        owner: dict[str, str] = {}
        for name in (*graph.inputs, *(out for op in graph.ops for out in op.outputs)):
            position = graph.producer.get(name, -1)
            last = end if name in graph.outputs else max(graph.consumers[name], default=position)
            view = graph.ops[position].inputs[0] if position >= 0 and graph.ops[position].kind in VIEWS else None
            owner[name] = owner.get(str(view), name)
            first, until = found.get(owner[name], (position, last))
            found[owner[name]] = (first, max(until, last))
        return found

    def candidates(self, start: int, stop: int) -> Iterator[Candidate]:
        """Every way to run the operators from `start` to before `stop` as one stage."""
        if stop - start == 1 and not self._feeds(start, stop):
            yield Candidate((self._load(start, self._whole(start, stop), 0),), 0, Layer(start))
        if self._rolls(start, stop):
            found = {candidate.pieces: candidate for candidate in self._all_rolled(start, stop)}
            yield from found.values()

    def _all_rolled(self, start: int, stop: int) -> Iterator[Candidate]:
        """With shorter and longer pieces; one operator alone only where that saves something."""
        for most in self.most:
            stage = self._rolled(start, stop, most)
            if stop - start > 1 or stage.overlap or stage.streamed:
                fixed, pieces = self._fixed(stage)
                loads = (self._load(p, fixed + self._gather(stage, p), self._piece(stage, p)) for p in stage.ops)
                yield Candidate(tuple(loads), pieces, stage)

    def _load(self, position: int, besides: int, piece: int) -> Load:
        lean, fast = self.scratch(position, piece)
        return Load(self._macs[position], besides + aligned(lean), besides + aligned(fast))

    @cached_property
    def _macs(self) -> list[int]:
        return [OPS[op.kind].macs(op, self.graph) for op in self.graph.ops]

    def _feeds(self, start: int, stop: int) -> bool:
        """Whether a streamed input is read here."""
        return any(start <= p < stop for name in self.streamed for p in self.graph.consumers[name])

    def _inner(self, name: str, start: int, stop: int) -> bool:
        first, last = self.lives[name]
        return start <= first and last < stop

    def _whole(self, start: int, stop: int) -> int:
        """Bytes of the tensors that exist whole while the stage runs; of one operator also what nobody reads."""
        return sum(
            aligned(self.graph[name].nbytes)
            for name, (first, last) in self.lives.items()
            if first < stop and last >= start and name not in self.streamed
            and not (stop - start > 1 and self._inner(name, start, stop))
        )  # fmt: skip

    def _rolls(self, start: int, stop: int) -> bool:
        """Whether the operators can run in pieces, and all but the last write for one another."""
        if any(
            self.graph.consumers[n] and (self.graph.consumers[n][-1] >= stop > 0) and start == 0 for n in self.streamed
        ):
            return False
        return all(self._op_rolls(position, start, stop) for position in range(start, stop))

    @cached_property
    def _windowed(self) -> list[frozenset[str]]:
        """For every operator the inputs that it sees through windows."""
        return [
            frozenset(
                name
                for which, name in enumerate(op.inputs)
                if name is not None and len(op.outputs) == 1 and windows(op, self.graph, which) is not None
            )
            for op in self.graph.ops
        ]

    def _op_rolls(self, position: int, start: int, stop: int) -> bool:
        op = self.graph.ops[position]
        if op.kind in VIEWS or len(op.outputs) != 1:
            return False
        if position < stop - 1 and not any(start <= p < stop for p in self.graph.consumers[op.outputs[0]]):
            return False
        flowing = {n for n in op.present_inputs if n in self.streamed or start <= self.graph.producer.get(n, -1)}
        if sums(op, self.graph):
            return position == stop - 1 and flowing <= self._windowed[position]
        return is_local(op, self.graph) and flowing <= self._windowed[position]

    def _rolled(self, start: int, stop: int, most: int) -> Rolling:
        graph = self.graph
        ops = tuple(range(start, stop))
        written = [graph.ops[p].outputs[0] for p in ops]
        sources = [n for n in self.streamed if any(p in ops for p in graph.consumers[n])]
        pieces = {name: piece_of(graph[name].shape[2], FETCHED * most) for name in sources}
        pieces |= {graph.ops[p].outputs[0]: piece_of(grid(graph.ops[p], graph)[1], most) for p in ops}
        outputs = tuple(name for name in written if not self._inner(name, start, stop))
        blocks = self._stage_blocks(start, stop, pieces, frozenset(outputs), most)
        kept = {name: pixels for block in blocks for name, pixels in block.rings.items()}
        overlap = self._overlap(start, stop, pieces, outputs, blocks)
        return self._slid(Rolling(ops, pieces, kept, outputs, tuple(sources), overlap))

    def _slid(self, stage: Rolling) -> Rolling:
        """The stage with as many rings sliding as that makes it smaller: those first that most is gathered of."""
        best, least = stage, self._least(stage)
        while (name := self._most_gathered(best)) is not None:
            room = stage.rings[name] + max(stage.rings[name] // SLIDE_SHARE, 1)
            pixels = -(-room // stage.pieces[name]) * stage.pieces[name]
            slid = replace(best, slides={**best.slides, name: pixels})
            size = self._least(slid)
            if size >= least:
                return best
            best, least = slid, size
        return best

    def _most_gathered(self, stage: Rolling) -> str | None:
        """The map of which a window is gathered where working space is largest."""
        position = max(stage.ops, key=lambda p: self._work(stage, p))
        gathers = stage_gathers(self.graph, stage, self.graph.ops[position])
        return max(gathers, key=lambda name: gathers[name], default=None)

    def _least(self, stage: Rolling) -> int:
        """Bytes alive while a stage runs, with the leanest kernels."""
        return self._fixed(stage)[0] + max(self._work(stage, position) for position in stage.ops)

    def _fixed(self, stage: Rolling) -> tuple[int, int]:
        """Bytes alive all the while a stage runs, and the pieces that it runs in."""
        whole = self._whole(stage.ops[0], stage.ops[-1] + 1) - saved(self.graph, stage.overlap)
        ring = sum(ring_bytes(self.graph, name, stage.pixels(name)) for name in stage.rings)
        pieces = sum(self._steps(name) // piece for name, piece in stage.pieces.items())
        state = aligned(STATE_BYTES * len(stage.pieces)) + sum_bytes(self.graph, stage)
        return whole + ring + state, pieces

    def _steps(self, name: str) -> int:
        """Pixels that are worked through to write a map."""
        position = self.graph.producer.get(name)
        return self._pixels(name) if position is None else prod(grid(self.graph.ops[position], self.graph))

    def _overlap(
        self, start: int, stop: int, pieces: dict[str, int], outputs: tuple[str, ...], blocks: Sequence[Followed]
    ) -> Overlap | None:
        """The input that dies in the stage and whose bytes its one output can take, where that saves most."""
        if len(outputs) != 1 or sums(self.graph.ops[stop - 1], self.graph):
            return None
        dying = [n for n in dict.fromkeys(n for b in blocks for n in b.unread) if self._dies(n, start, stop)]
        found = [Overlap(outputs[0], name, self._lead(name, outputs[0], pieces, blocks)) for name in dying]
        best = max(found, key=lambda overlap: saved(self.graph, overlap), default=None)
        return best if saved(self.graph, best) > 0 else None

    def _dies(self, name: str, start: int, stop: int) -> bool:
        """Whether a tensor has bytes of its own that nobody needs after the stage."""
        if name not in self.lives or any(self.graph.ops[p].kind in VIEWS for p in self.graph.consumers[name]):
            return False
        first, last = self.lives[name]
        return first < start <= last < stop

    def _lead(self, name: str, output: str, pieces: dict[str, int], blocks: Sequence[Followed]) -> int:
        """Bytes by which the output has to begin before the input, so that it never catches up with what is unread."""
        piece = np.arange(self._pixels(output) // pieces[output])
        written = (piece + 1) * pieces[output] * self._pixel_bytes(output)
        unread = np.full(len(piece), self._pixels(name))
        for block in reversed(blocks):
            if name in block.unread:
                unread = np.minimum(unread, block.unread[name][piece])
            for source, asked in block.asked.items():
                if block is not blocks[0]:
                    piece = np.maximum(asked[piece] // pieces[source] - 1, 0)
        return max(aligned(int((written - unread * self._pixel_bytes(name)).max())), 0)

    def _pixels(self, name: str) -> int:
        return self.graph[name].shape[1] * self.graph[name].shape[2]

    def _pixel_bytes(self, name: str) -> int:
        return self.graph[name].shape[3] * self.graph[name].dtype.size

    def _work(self, stage: Rolling, position: int) -> int:
        """Scratch of the leanest kernel, and of the windows that are gathered for it."""
        lean, _ = self.scratch(position, self._piece(stage, position))
        return aligned(lean) + self._gather(stage, position)

    def _piece(self, stage: Rolling, position: int) -> int:
        return stage.pieces[self.graph.ops[position].outputs[0]]

    def _gather(self, stage: Rolling, position: int) -> int:
        """Bytes of the windows that are gathered for an operator."""
        op, piece = self.graph.ops[position], self._piece(stage, position)
        rings = [which for which, name in enumerate(op.inputs) if jumps(stage, name)]
        for which in rings:
            if (position, which, piece) not in self._gathered:
                self._gathered[position, which, piece] = gathered(op, self.graph, which, piece)
        return sum(self._gathered[position, which, piece] for which in rings)

    def _stage_blocks(
        self, start: int, stop: int, pieces: dict[str, int], outputs: frozenset[str], most: int
    ) -> list[Followed]:
        """What a stage needs, block by block: where one map alone crosses, what comes after asks for it in order."""
        found = []
        for block in self._cut_up(start, stop):
            key = (block, outputs & block.maps, most)
            if key not in self._followed:
                ops, sources = range(block.start, block.stop), sorted(block.sources)
                self._followed[key] = follow(self.graph, ops, pieces, sources, outputs | block.ends)
            found.append(self._followed[key])
        return found

    def _cut_up(self, start: int, stop: int) -> list[_Block]:
        """The blocks of a stage."""
        if (start, stop) not in self._blocks:
            crossing = self._crossing(start, stop)
            bounds = [start, *(cut for cut, names in crossing.items() if len(names) == 1), stop]
            self._blocks[start, stop] = [
                self._block(first, last, crossing.get(first, frozenset()), crossing.get(last, frozenset()))
                for first, last in itertools.pairwise(bounds)
            ]
        return self._blocks[start, stop]

    def _block(self, start: int, stop: int, before: frozenset[str], after: frozenset[str]) -> _Block:
        fed = {n for n in self.streamed if any(start <= p < stop for p in self.graph.consumers[n])}
        written = {self.graph.ops[p].outputs[0] for p in range(start, stop)}
        sources = before | fed
        return _Block(start, stop, sources, after - sources, sources | written)

    def _crossing(self, start: int, stop: int) -> dict[int, frozenset[str]]:
        """For every cut inside a stage the maps that flow across it within the stage."""
        found: dict[int, set[str]] = {cut: set() for cut in range(start + 1, stop)}
        made = [(self.graph.ops[p].outputs[0], p) for p in range(start, stop)]
        for name, position in [*made, *((name, -1) for name in self.streamed)]:
            readers = [p for p in self.graph.consumers[name] if start <= p < stop]
            if readers:
                for cut in range((readers[0] if position < 0 else position) + 1, readers[-1] + 1):
                    found[cut].add(name)
        return {cut: frozenset(names) for cut, names in found.items()}
