"""The stages that a graph can be cut into, and what each needs.

A cut lies between two operators; what crosses it exists whole. Between two cuts one operator runs whole, or several run
as a rolling stage. The memory of a stage depends on its two cuts alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from math import inf, prod

import numpy as np

from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph
from hilbench.variants.bands import band_heights, band_lead, banded_macs, bands
from hilbench.variants.channelwise import expand_macs, expanded
from hilbench.variants.demand import Ints, Raster, grid, sums, windows
from hilbench.variants.prices import calls, overhead
from hilbench.variants.rolls import ROW, Most, Rolls
from hilbench.variants.schedule import Layer, Overlap, Patches, Rolling, Spans, Stage
from hilbench.variants.schedules.patch import is_local
from hilbench.variants.stages import VIEWS, aligned, saved
from hilbench.variants.strips import op_macs, strip_counts, strips_of
from hilbench.variants.variant import Way, Ways

PIECES = (1, 2, 4, 8, 16, ROW)
"""Pixels of a row that are written at a time: those tried; the last means whole rows."""


@dataclass(frozen=True)
class Load:
    """One operator of a stage: calls of its kernel, bytes alive besides scratch, and the kernels that serve it."""

    calls: int
    besides: int
    ways: Sequence[Way]

    @property
    def lean(self) -> int:
        """Bytes alive while it runs, with the kernel that needs least."""
        return self.besides + aligned(self.ways[-1].scratch)

    def cost(self, limit: float) -> float:
        """Cycles with the cheapest kernel that fits into `limit` bytes; without end where none does."""
        fitting = (way.cycles for way in self.ways if self.besides + aligned(way.scratch) <= limit)
        return self.calls * next(fitting, inf)


@dataclass(frozen=True)
class Candidate:
    """A stage between two cuts: what its operators need, and the pieces it is run in (0: one whole layer).

    `extra` MACs are executed besides those of its operators; `overhead` are cycles besides those of its kernels.
    """

    loads: tuple[Load, ...]
    pieces: int
    stage: Stage
    extra: int = 0
    overhead: float = 0.0

    @cached_property
    def bytes(self) -> int:
        """Bytes alive while it runs, with the leanest kernels."""
        return max(load.lean for load in self.loads)

    def cost(self, limit: float) -> float:
        """Cycles with the cheapest kernels that fit into `limit` bytes."""
        return self.overhead + sum(load.cost(limit) for load in self.loads)

    @property
    def overlaps(self) -> bool:
        """Whether its output lies in its input's bytes."""
        return not isinstance(self.stage, Patches) and self.stage.overlap is not None

    def apart(self, graph: Graph) -> Candidate:
        """With output and input beside each other instead of overlapping."""
        if isinstance(self.stage, Patches) or self.stage.overlap is None:
            return self
        more = saved(graph, self.stage.overlap)
        loads = tuple(replace(load, besides=load.besides + more) for load in self.loads)
        return replace(self, loads=loads, stage=replace(self.stage, overlap=None))


class Cuts:
    """The stages that a graph can be cut into, with what each needs.

    `ways` are as in `Scheduling`; graph inputs in `streamed` never exist whole, but with `reread` come as often as
    asked. Fewer bytes than `enough` are of no use.
    """

    def __init__(
        self, graph: Graph, ways: Ways, streamed: tuple[str, ...] = (), reread: bool = False, enough: int = 0
    ) -> None:
        self.graph, self.ways, self.streamed, self.enough = graph, ways, streamed, enough
        self.rolls = Rolls(graph, ways, streamed, reread)
        self._known: dict[tuple[int, int], bool] = {}
        self._exist: dict[tuple[int, int], int] = {}
        self._tiles: dict[tuple[int, int, int], tuple[Spans, ...]] = {}

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

    def candidates(
        self, start: int, stop: int, mosts: Sequence[int], limit: float = inf, extra: int = 0
    ) -> Iterator[Candidate]:
        """Every way to run the operators from `start` to before `stop` as one stage, in pieces of up to `mosts` pixels.

        Strips are tried where `extra` MACs may be spent on them; what needs more than `limit` bytes is left out.
        """
        whole = self._whole(start, stop)
        least = whole - (0 if extra else self._most_saved(stop))
        if least > limit:
            return
        if stop - start == 1 and not extra and not self._feeds(start, stop):
            yield from (layer for layer in self._layers(start, whole) if layer.loads[0].besides <= limit)
        if self._rolls(start, stop) and not all(self._easy[start:stop]):
            dying = [name for name in self.lives if self._dies(name, start, stop)]
            found = (
                self._rolled(range(start, stop), strips, each, dying, limit)
                for strips in self._strips(start, stop, extra)
                for most in mosts
                for each in self.rolls.mosts(range(start, stop), most)
                if least + self.rolls.least(range(start, stop), strips[0], most) <= limit
            )
            yield from {(c.pieces, c.extra): c for c in found if c and c.bytes <= limit}.values()

    def _layers(self, position: int, whole: int) -> Iterator[Candidate]:
        """An operator run whole, beside its inputs or in the place of one that dies; a BOTTLENECK in bands of few or
        many rows, written over what it has read."""
        op = self.graph.ops[position]
        if op.kind != "BOTTLENECK":
            ways = self.ways(position, 0, 0)
            yield Candidate((Load(1, whole, ways),), 0, Layer(position))
            if self._replaces(position) and (over := [way for way in ways if way.in_place]):
                besides = whole - aligned(self.graph[op.outputs[0]].nbytes)
                yield Candidate((Load(1, besides, over),), 0, Layer(position, in_place=True))
            return
        (name, *_), (out,) = op.present_inputs, op.outputs
        for rows in band_heights(op, self.graph):
            dies, lead = self._dies(name, position, position + 1), band_lead(op, self.graph, rows)
            overlap = Overlap(out, name, lead) if dies else None
            count, ways = len(bands(op, self.graph, rows)), self.ways(position, rows * self.graph[out].shape[2], 0)
            again = banded_macs(op, self.graph, rows) - banded_macs(op, self.graph, rows, once=True)
            load = Load(count, whole - saved(self.graph, overlap), ways)
            yield Candidate((load,), count, Layer(position, rows, overlap), again)

    def _replaces(self, position: int) -> bool:
        """Whether an input as large as the output dies with the operator, for kernels that can write over it."""
        op = self.graph.ops[position]
        out = self.graph[op.outputs[0]]
        alike = (n for n in op.present_inputs if (self.graph[n].shape, self.graph[n].dtype) == (out.shape, out.dtype))
        return len(op.outputs) == 1 and any(self._dies(name, position, position + 1) for name in alike)

    @cached_property
    def floor(self) -> int:
        """Bytes that every sequence of stages needs at least: where an operator runs, whatever stage it is part of."""
        end = len(self.graph.ops)
        least = np.full(end, np.iinfo(np.int64).max)
        for start, stop in combinations(range(end + 1), 2):
            if stop - start == 1 or self._rolls(start, stop):
                bytes_ = self._whole(start, stop) - self._most_saved(stop)
                least[start:stop] = np.minimum(least[start:stop], bytes_)
        return int(least.max(initial=0))

    @cached_property
    def _easy(self) -> list[bool]:
        """Operators that run whole with their fastest kernels where any schedule has room for that."""
        room = max(self.floor, self.enough)
        return [
            not self._feeds(p, p + 1)
            and self.graph.ops[p].kind != "BOTTLENECK"
            and self._whole(p, p + 1) + aligned(self.ways(p, 0, 0)[0].scratch) <= room
            for p in range(len(self.graph.ops))
        ]

    def again(self, stage: Rolling, pieces: Mapping[str, int], limit: float) -> Candidate | None:
        """A rolling stage with pieces of up to so many pixels of each map; output and input overlap if they did.

        None if that takes more than `limit` bytes.
        """
        ops = range(stage.ops[0], stage.ops[-1] + 1)
        dying = [stage.overlap.input] if stage.overlap else []
        found = self._rolled(ops, stage.strips, pieces, dying, limit)
        return found if found and found.bytes <= limit else None

    def _most_saved(self, stop: int) -> int:
        """Bytes that no overlap of the stage's last output with an input can exceed."""
        return max(aligned(self.graph[name].nbytes) for name in self.graph.ops[stop - 1].outputs)

    def _least_of(self, *names: str) -> int:
        """Bytes of the smallest of some tensors."""
        return min(aligned(self.graph[name].nbytes) for name in names)

    def _strips(self, start: int, stop: int, extra: int) -> Iterator[tuple[Spans, ...]]:
        """The columns of the whole stage, or else (`extra` > 0) of as many strips as the extra MACs allow."""
        if not extra:
            yield self._in_strips(start, stop, 1)
            return
        if (not self.rolls.reread and self.rolls.sources(range(start, stop))) or self._sums_floats(stop - 1):
            return
        for count in strip_counts(self.graph, self._outputs(start, stop)):
            strips = self._in_strips(start, stop, count)
            if sum(self._striped_macs(p, strips) - self._macs[p] for p in range(start, stop)) > extra:
                return
            yield strips

    def _in_strips(self, start: int, stop: int, count: int) -> tuple[Spans, ...]:
        """The columns of every map of a stage in so many strips."""
        key = start, stop, count
        if key not in self._tiles:
            ops = range(start, stop)
            found = strips_of(self.graph, ops, self.rolls.sources(ops), self._outputs(start, stop), count)
            self._tiles[key] = found
        return self._tiles[key]

    def _sums_floats(self, position: int) -> bool:
        """Whether an operator adds up floats, which is not to be done in another order."""
        op = self.graph.ops[position]
        return sums(op, self.graph) and self.graph[op.outputs[0]].dtype is DType.FLOAT32

    def _striped_macs(self, position: int, strips: tuple[Spans, ...]) -> int:
        """MACs of an operator in all strips, at most."""
        op = self.graph.ops[position]
        widths = (strip[op.outputs[0]] for strip in strips)
        return self._macs[position] * sum(stop - first for first, stop in widths) // grid(op, self.graph)[1]

    def _executed_macs(self, position: int, strips: tuple[Spans, ...], piece: int) -> int:
        """The same in pieces: of a BOTTLENECK each expands all that it reads."""
        op = self.graph.ops[position]
        macs, first = self._striped_macs(position, strips), expand_macs(op, self.graph)
        if first == 0:
            return macs
        rows, cols = grid(op, self.graph)
        own = [Raster(rows, *strip[op.outputs[0]], piece) for strip in strips]
        read = sum(int(expanded(op, self.graph, each, each.pieces).sum()) for each in own)
        once = first * sum(each.stop - each.first for each in own) // cols
        return macs - once + first * read // prod(self.graph[op.present_inputs[0]].shape[1:3])

    def _rolled(
        self, ops: range, strips: tuple[Spans, ...], most: Most, dying: Sequence[str], limit: float
    ) -> Candidate | None:
        """The operators as a rolling stage; one alone only where that saves something, none that is too large.

        Of inputs in `dying` one may be overlapped by the output.
        """
        outputs, whole = self._outputs(ops.start, ops.stop), self._whole(ops.start, ops.stop)
        shared = max((self._least_of(name, *outputs) for name in dying if len(outputs) == 1), default=0)
        rolled = self.rolls.roll(ops, strips, most, outputs, dying, room=limit - whole + shared)
        if rolled is None or whole + rolled.fixed > limit:
            return None
        stage = rolled.stage
        if len(ops) == len(strips) == 1 and not (stage.overlap or stage.streamed):
            return None
        loads, overheads, macs = [], [], []
        for p in ops:
            op = self.graph.ops[p]
            ways = self.ways(p, stage.pieces[op.outputs[0]], rolled.gathers[p])
            loads.append(Load(calls(self.graph, stage, op), whole + rolled.fixed + rolled.handed[p], ways))
            overheads.append(overhead(self.graph, stage, op))
            macs.append(self._executed_macs(p, strips, stage.pieces[op.outputs[0]]))
        extra = sum(macs) - sum(self._macs[p] for p in ops)
        return Candidate(tuple(loads), rolled.pieces, stage, extra, sum(overheads))

    def _outputs(self, start: int, stop: int) -> tuple[str, ...]:
        """What the operators write and others read."""
        written = (self.graph.ops[p].outputs[0] for p in range(start, stop))
        return tuple(name for name in written if not self._inner(name, start, stop))

    @cached_property
    def _macs(self) -> list[int]:
        return [op_macs(op, self.graph) for op in self.graph.ops]

    def _feeds(self, start: int, stop: int) -> bool:
        """Whether a streamed input is read here."""
        return any(start <= p < stop for name in self.streamed for p in self.graph.consumers[name])

    def _inner(self, name: str, start: int, stop: int) -> bool:
        first, last = self.lives[name]
        return start <= first and last < stop

    def _whole(self, start: int, stop: int) -> int:
        """Bytes of the tensors that exist whole while the stage runs; of one operator also what nobody reads."""
        if (start, stop) not in self._exist:
            first, last, sizes = self._spans
            there = (first < stop) & (last >= start)
            if stop - start > 1:
                there &= (first < start) | (last >= stop)
            self._exist[start, stop] = int(sizes[there].sum())
        return self._exist[start, stop]

    @cached_property
    def _spans(self) -> tuple[Ints, Ints, Ints]:
        """For every tensor that may exist whole: the operators that write it and read it last, and its bytes."""
        found = [(*self.lives[n], aligned(self.graph[n].nbytes)) for n in self.lives if n not in self.streamed]
        first, last, sizes = np.array(found, np.int64).reshape(-1, 3).T
        return first, last, sizes

    def _rolls(self, start: int, stop: int) -> bool:
        """Whether the operators can run in pieces, and all but the last write for one another."""
        if (start, stop) not in self._known:
            self._known[start, stop] = self._all_roll(start, stop)
        return self._known[start, stop]

    def _all_roll(self, start: int, stop: int) -> bool:
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
        if self._sums[position]:
            return position == stop - 1 and flowing <= self._windowed[position]
        return self._local[position] and flowing <= self._windowed[position]

    @cached_property
    def _sums(self) -> list[bool]:
        return [sums(op, self.graph) for op in self.graph.ops]

    @cached_property
    def _local(self) -> list[bool]:
        return [is_local(op, self.graph) for op in self.graph.ops]

    def _dies(self, name: str, start: int, stop: int) -> bool:
        """Whether a tensor has bytes of its own that nobody needs after the stage."""
        if name not in self.lives or any(self.graph.ops[p].kind in VIEWS for p in self.graph.consumers[name]):
            return False
        first, last = self.lives[name]
        return first < start <= last < stop
