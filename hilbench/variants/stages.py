"""Which consecutive operators to roll together: a shortest bottleneck path over the cuts of the graph.

A cut lies between two operators; what crosses it exists whole. Between two cuts one operator runs whole, or several run
as a rolling stage. The memory of a stage depends on its two cuts alone, so the best sequence of stages is a path.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf

from hilbench.ir.graph import Graph, Op
from hilbench.variants.demand import POINT, piece_of, reads, rings, windows
from hilbench.variants.schedule import Layer, Rolling, Schedule, Stage

PIECES = (1, 2, 4, 8, 16, 1 << 15)
"""Pixels of a row that are written at a time: those tried; the last means whole rows."""

STATE_BYTES = 12
"""What the firmware keeps per map of a rolling stage: where it is, and what was asked of it (`hb_roll.h`)."""

_WORD = 4
_VIEWS = frozenset({"RESHAPE"})


def _aligned(size: int) -> int:
    return -(-size // _WORD) * _WORD


def gathered(op: Op, graph: Graph, which: int, piece: int) -> int:
    """Bytes of the window that is put together of a ring before a piece is computed; 0 where it lies in one run."""
    seen = windows(op, graph, which)
    assert seen is not None, f"{op.kind} cannot run in pieces"
    if seen == (POINT, POINT):
        return 0
    tensor = graph[str(op.inputs[which])]
    _, rows, cols, channels = tensor.shape
    _, height, width, _ = graph[op.outputs[0]].shape
    tall = max(last - first for first, last in (reads(seen[0], y, y + 1, rows) for y in range(height)))
    parts = (reads(seen[1], x, x + piece, cols) for x in range(0, width, piece))
    wide = max(last - first for first, last in parts)
    return _aligned(tall * wide * channels * tensor.dtype.size)


def stage_gathers(graph: Graph, stage: Rolling, op: Op) -> dict[str, int]:
    """Bytes of the gathered window of each ring that an operator of a rolling stage reads through one."""
    piece = stage.pieces[op.outputs[0]]
    found = {name: gathered(op, graph, i, piece) for i, name in enumerate(op.inputs) if name in stage.rings}
    return {str(name): size for name, size in found.items() if size}


def ring_inputs(op: Op, stage: Rolling) -> tuple[str, ...]:
    """Inputs of an operator that are written in pieces while its stage runs, each once."""
    return tuple(dict.fromkeys(name for name in op.present_inputs if name in stage.pieces))


def ring_bytes(graph: Graph, name: str, pixels: int) -> int:
    """Bytes of a ring of so many pixels."""
    return _aligned(pixels * graph[name].shape[3] * graph[name].dtype.size)


@dataclass(frozen=True)
class Candidate:
    """A stage between two cuts: the bytes alive while it runs, and the pieces it is run in (0: one whole layer)."""

    bytes: int
    pieces: int
    stage: Stage


class Cuts:
    """The stages that a graph can be cut into, with what each needs.

    `scratch[p]` is the working space of operator p's kernel in bytes; graph inputs in `streamed` never exist whole.
    """

    def __init__(self, graph: Graph, scratch: Sequence[int], streamed: tuple[str, ...], most: Sequence[int]) -> None:
        self.graph, self.scratch, self.streamed, self.most = graph, scratch, streamed, most
        self._blocks: dict[tuple[int, int, frozenset[str], int], dict[str, int]] = {}

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
            view = graph.ops[position].inputs[0] if position >= 0 and graph.ops[position].kind in _VIEWS else None
            owner[name] = owner.get(str(view), name)
            first, until = found.get(owner[name], (position, last))
            found[owner[name]] = (first, max(until, last))
        return found

    def candidates(self, start: int, stop: int) -> Iterator[Candidate]:
        """Every way to run the operators from `start` to before `stop` as one stage."""
        if stop - start == 1 and not self._feeds(start, stop):
            whole = self._whole(start, stop) + _aligned(self.scratch[start])
            yield Candidate(whole, 0, Layer(start))
        if self._rolls(start, stop):
            seen = set()
            for most in self.most:
                candidate = self._rolled(start, stop, most)
                if candidate.pieces not in seen:
                    seen.add(candidate.pieces)
                    yield candidate

    def _feeds(self, start: int, stop: int) -> bool:
        """Whether a streamed input is read here."""
        return any(start <= p < stop for name in self.streamed for p in self.graph.consumers[name])

    def _inner(self, name: str, start: int, stop: int) -> bool:
        first, last = self.lives[name]
        return start <= first and last < stop

    def _whole(self, start: int, stop: int) -> int:
        """Bytes of the tensors that exist whole while the stage runs; of one operator also what nobody reads."""
        return sum(
            _aligned(self.graph[name].nbytes)
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

    def _op_rolls(self, position: int, start: int, stop: int) -> bool:
        op = self.graph.ops[position]
        if op.kind in _VIEWS or len(op.outputs) != 1:
            return False
        if position < stop - 1 and not any(start <= p < stop for p in self.graph.consumers[op.outputs[0]]):
            return False
        inner = [
            i for i, n in enumerate(op.inputs) if n in self.streamed or start <= self.graph.producer.get(str(n), -1)
        ]
        shape = self.graph[op.outputs[0]].shape
        return len(shape) == 4 and shape[0] == 1 and all(windows(op, self.graph, i) is not None for i in inner)

    def _rolled(self, start: int, stop: int, most: int) -> Candidate:
        graph = self.graph
        ops = tuple(range(start, stop))
        written = [graph.ops[p].outputs[0] for p in ops]
        sources = [n for n in self.streamed if any(p in ops for p in graph.consumers[n])]
        pieces = {name: piece_of(graph[name].shape[2], most) for name in (*sources, *written)}
        outputs = tuple(name for name in written if not self._inner(name, start, stop))
        kept = self._stage_rings(start, stop, pieces, frozenset(outputs), most)
        stage = Rolling(ops, pieces, kept, outputs, tuple(sources))
        ring = sum(ring_bytes(graph, name, pixels) for name, pixels in kept.items())
        work = max(self._work(stage, p) for p in ops)
        size = self._whole(start, stop) + ring + work + _aligned(STATE_BYTES * len(pieces))
        return Candidate(size, sum(graph[n].shape[1] * graph[n].shape[2] // m for n, m in pieces.items()), stage)

    def _work(self, stage: Rolling, position: int) -> int:
        """Scratch of the kernel and of the windows that are gathered for it."""
        gathers = stage_gathers(self.graph, stage, self.graph.ops[position])
        return _aligned(self.scratch[position]) + sum(gathers.values())

    def _stage_rings(
        self, start: int, stop: int, pieces: dict[str, int], outputs: frozenset[str], most: int
    ) -> dict[str, int]:
        """Rings of a stage, block by block: where one map alone crosses, what comes after only asks for it in order."""
        found: dict[str, int] = {}
        bounds = [start, *(b for b in range(start + 1, stop) if len(self._crossing(start, b, stop)) == 1), stop]
        for first, last in itertools.pairwise(bounds):
            sources = self._crossing(start, first, stop) | self._fed(first, last)
            key = (first, last, outputs & (sources | self._written(first, last)), most)
            if key not in self._blocks:
                ends = outputs | (self._crossing(start, last, stop) - sources)
                self._blocks[key] = rings(self.graph, range(first, last), pieces, sorted(sources), ends)
            found |= self._blocks[key]
        return found

    def _crossing(self, start: int, cut: int, stop: int) -> frozenset[str]:
        """Maps that flow within the stage from operators before `cut` to operators after it."""
        made = self._written(start, cut) | (frozenset(self.streamed) if self._feeds(start, cut) else frozenset())
        return frozenset(n for n in made if any(cut <= p < stop for p in self.graph.consumers[n]))

    def _fed(self, start: int, stop: int) -> frozenset[str]:
        return frozenset(n for n in self.streamed if any(start <= p < stop for p in self.graph.consumers[n]))

    def _written(self, start: int, stop: int) -> frozenset[str]:
        return frozenset(self.graph.ops[p].outputs[0] for p in range(start, stop))


def best_stages(cuts: Cuts, limit: float = inf) -> Schedule | None:
    """The stages that need the least memory, or at most `limit` bytes; of those the ones run in the fewest pieces.

    None where no sequence of stages is possible, or within the limit.
    """
    edges = _edges(cuts)
    most = _bottleneck(edges)
    if most == inf or most > limit:
        return None
    return _fewest(edges, most if limit == inf else limit)


Edges = list[list[tuple[int, Candidate]]]
"""By the cut where a stage ends: the cut where it begins, and the stage."""


def _edges(cuts: Cuts) -> Edges:
    end = len(cuts.graph.ops)
    found: Edges = [[] for _ in range(end + 1)]
    for start in range(end):
        for stop in range(start + 1, end + 1):
            found[stop] += [(start, candidate) for candidate in cuts.candidates(start, stop)]
    return found


def _bottleneck(edges: Edges) -> float:
    """The least number of bytes for which there is a path."""
    least = [0.0]
    for incoming in edges[1:]:
        least.append(min((max(least[start], stage.bytes) for start, stage in incoming), default=inf))
    return least[-1]


def _fewest(edges: Edges, limit: float) -> Schedule:
    """The path of fewest pieces, then of fewest stages, that stays within `limit` bytes."""
    best: list[tuple[float, int, tuple[Stage, ...]]] = [(0.0, 0, ())]
    for incoming in edges[1:]:
        options = [
            (best[start][0] + one.pieces, best[start][1] + 1, (*best[start][2], one.stage))
            for start, one in incoming
            if one.bytes <= limit and best[start][0] < inf
        ]
        best.append(min(options, key=lambda option: option[:2], default=(inf, 0, ())))
    return Schedule(best[-1][2])
