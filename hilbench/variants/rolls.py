"""Rolling stages: the rings, rows and overlaps with which given operators roll, and the bytes that these need."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hilbench.ir.graph import Graph, Op
from hilbench.variants.blocks import Blocks
from hilbench.variants.demand import Followed, Raster, grid, piece_of, spans, sums, windows
from hilbench.variants.handed import handed, readers
from hilbench.variants.schedule import Overlap, Rolling, Spans
from hilbench.variants.stages import STATE_BYTES, across, aligned, gathered, ring_bytes, saved, sum_bytes
from hilbench.variants.strips import rasters
from hilbench.variants.variant import Ways

Most = int | Mapping[str, int]
"""Pixels that are written at a time, at most: of every map, or by map."""

FETCHED = 4
"""Streamed inputs have few channels: so many times more of their pixels are fetched at a time."""

SHARING = 4
"""Pixels of a BOTTLENECK that are written at a time for each one of other maps, where those are to be few."""

ROW = 1 << 15
"""More pixels than any row has."""


@dataclass(frozen=True)
class Rolled:
    """A rolling stage; `fixed` bytes are its own all the while it runs, `handed[p]` more while operator p does, and
    `gathers[p]` with a kernel that cannot read views that turn. It runs in so many `pieces`.
    """

    stage: Rolling
    fixed: int
    handed: Mapping[int, int]
    gathers: Mapping[int, int]
    pieces: int


class Rolls:
    """Finds the rolling stages of a graph; `ways` and `streamed` as in `Cuts`."""

    def __init__(self, graph: Graph, ways: Ways, streamed: tuple[str, ...], reread: bool) -> None:
        self.graph, self.ways, self.streamed, self.reread = graph, ways, streamed, reread
        self._blocks = Blocks(graph, streamed)
        self._gathered: dict[tuple[int, int, Raster], int] = {}
        self._across: dict[tuple[int, int, Raster, Raster, int], int] = {}

    def sources(self, ops: Sequence[int]) -> tuple[str, ...]:
        """Streamed inputs that the operators read."""
        return tuple(n for n in self.streamed if any(p in ops for p in self.graph.consumers[n]))

    def least(self, ops: range, strip: Spans, most: int) -> int:
        """Bytes that the rings of a strip have at least: of the rows that are read at once all but one, and a piece.

        Rings that are read row by row may be handed over.
        """
        tall: dict[str, int] = {}
        for p in ops:
            for name, rows in self._tall[p].items():
                if name in strip:
                    tall[name] = max(rows, tall.get(name, 0))
        total = 0
        for name, rows in tall.items():
            if rows > 1 and self.graph.consumers[name][-1] < ops.stop and name not in self.graph.outputs:
                width = strip[name][1] - strip[name][0]
                total += ((rows - 1) * width + min(most, width) // 2) * self._pixel_bytes(name)
        return total

    @cached_property
    def _tall(self) -> list[dict[str, int]]:
        """Rows that a row of an operator's output reads of each input that it sees through a window, at most."""
        return [self._rows_read(op) for op in self.graph.ops]

    def _rows_read(self, op: Op) -> dict[str, int]:
        found: dict[str, int] = {}
        for which, name in enumerate(op.inputs if len(op.outputs) == 1 else ()):
            if name is not None and self.graph[name].data is None and windows(op, self.graph, which) is not None:
                rows, cols = grid(op, self.graph)
                tall, _ = spans(op, self.graph, which, Raster(rows, 0, cols, cols))
                found[name] = int((tall[:, 1] - tall[:, 0]).max())
        return found

    def mosts(self, ops: range, most: int) -> Iterator[Most]:
        """That many pixels of every map; those of a BOTTLENECK share much of what they read, and are more at a time."""
        tiled = {op.outputs[0] for op in (self.graph.ops[p] for p in ops) if op.kind == "BOTTLENECK"}
        if not tiled:
            yield most
            return
        names = dict.fromkeys(self.sources(ops), FETCHED * most) | {self.graph.ops[p].outputs[0]: most for p in ops}
        for wide in (SHARING * most, ROW):
            yield {name: wide if name in tiled else pixels for name, pixels in names.items()}

    def roll(
        self,
        ops: range,
        strips: tuple[Spans, ...],
        most: Most,
        outputs: tuple[str, ...],
        dying: Iterable[str],
        *,
        room: float,
    ) -> Rolled | None:
        """The operators in pieces of at most `most` pixels, of all maps or of each; None if rings exceed `room` bytes.

        The one output may overlap an input in `dying`.
        """
        pieces = self._pieces(ops, strips, most)
        found = [rasters(self.graph, pieces, strip) for strip in strips]
        working = max(aligned(self.ways(p, pieces[self.graph.ops[p].outputs[0]], 0)[-1].scratch) for p in ops)
        if any(self._least_bytes(ops, maps, frozenset(outputs)) + working > room for maps in found):
            return None
        followed = [self._blocks.follow(ops.start, ops.stop, maps, frozenset(outputs)) for maps in found]
        rings: dict[str, int] = {}
        for each in (each for blocks in followed for each in blocks):
            rings |= {name: max(pixels, rings.get(name, 0)) for name, pixels in each.rings.items()}
        overlap = self._overlap(outputs, dying, found[0], followed[0]) if len(strips) == 1 else None
        again = self._again(ops, rings, found)
        stage = Rolling(tuple(ops), pieces, rings, outputs, strips, self.sources(ops), self.reread, overlap, again)
        gathers = {p: self._gathers(stage, p, found) for p in ops}
        between = handed(self.graph, stage)
        fixed, number = self._fixed(stage, between), sum(r.pieces for maps in found for r in maps.values())
        return Rolled(stage, fixed, self._handed(stage, between), gathers, number)

    def _pieces(self, ops: range, strips: tuple[Spans, ...], most: Most) -> dict[str, int]:
        sources = self.sources(ops)
        names = (*sources, *(self.graph.ops[p].outputs[0] for p in ops))
        if isinstance(most, int):
            most = {name: FETCHED * most if name in sources else most for name in names}
        wide = {name: max(strip[name][1] - strip[name][0] for strip in strips) for name in names}
        return {name: piece_of(wide[name], most[name]) for name in names}

    def _least_bytes(self, ops: range, maps: Mapping[str, Raster], outputs: frozenset[str]) -> int:
        """Bytes of rings and state that a strip needs at least; rings with one reader may be handed over."""
        alone = readers(self.graph)
        least = self._blocks.least(ops.start, ops.stop, maps, outputs)
        rings = sum(ring_bytes(self.graph, name, pixels) for name, pixels in least.items() if name not in alone)
        return rings + aligned(STATE_BYTES * len(maps))

    def _handed(self, stage: Rolling, between: Mapping[str, tuple[int, int]]) -> dict[int, int]:
        """Bytes of the rings that are handed over, for every operator."""
        found = dict.fromkeys(stage.ops, 0)
        for name, (first, last) in between.items():
            for position in range(first, last + 1):
                found[position] += ring_bytes(self.graph, name, stage.pixels(name))
        return found

    def _fixed(self, stage: Rolling, between: Container[str]) -> int:
        """Bytes of a stage all the while it runs."""
        rings = sum(ring_bytes(self.graph, n, stage.pixels(n)) for n in stage.rings if n not in between)
        state = aligned(STATE_BYTES * len(stage.pieces)) + sum_bytes(self.graph, stage)
        return rings + state - saved(self.graph, stage.overlap)

    def _gathers(self, stage: Rolling, position: int, found: Sequence[Mapping[str, Raster]]) -> int:
        """Bytes of the windows that are gathered for an operator whose kernel needs that."""
        op = self.graph.ops[position]
        sizes: dict[str, int] = {}
        for which, name in enumerate(op.inputs):
            if name is not None and name in stage.rings:
                for maps in found:
                    key = (position, which, maps[op.outputs[0]])
                    if key not in self._gathered:
                        self._gathered[key] = gathered(op, self.graph, *key[1:])
                    sizes[name] = max(sizes.get(name, 0), self._gathered[key])
        return sum(sizes.values())

    def _again(self, ops: range, rings: Mapping[str, int], found: Sequence[Mapping[str, Raster]]) -> dict[str, int]:
        """Pixels of every ring that are read across its end."""
        most: dict[str, int] = {}
        for position, maps in ((p, maps) for p in ops for maps in found):
            op = self.graph.ops[position]
            for which, name in enumerate(op.inputs):
                if name is not None and name in rings:
                    key = (position, which, maps[op.outputs[0]], maps[name], rings[name])
                    if key not in self._across:
                        _, wide = spans(op, self.graph, which, key[2])
                        self._across[key] = across(wide, *key[3:])
                    most[name] = max(most.get(name, 0), self._across[key])
        return {name: pixels for name, pixels in most.items() if pixels}

    def _overlap(
        self, outputs: tuple[str, ...], dying: Iterable[str], maps: Mapping[str, Raster], blocks: Sequence[Followed]
    ) -> Overlap | None:
        """The input that dies in the stage and whose bytes its one output can take, where that saves most."""
        if len(outputs) != 1 or sums(self.graph.ops[self.graph.producer[outputs[0]]], self.graph):
            return None
        read = {name for block in blocks for name in block.unread}
        found = [Overlap(outputs[0], n, self._lead(n, outputs[0], maps, blocks)) for n in dying if n in read]
        best = max(found, key=lambda overlap: saved(self.graph, overlap), default=None)
        return best if saved(self.graph, best) > 0 else None

    def _lead(self, name: str, output: str, maps: Mapping[str, Raster], blocks: Sequence[Followed]) -> int:
        """Bytes by which the output has to begin before the input, so that it never catches up with what is unread."""
        piece = np.arange(maps[output].pieces)
        written = maps[output].pixels(piece + 1)
        unread = np.full(len(piece), self.graph[name].shape[1] * self.graph[name].shape[2])
        for block in reversed(blocks):
            if name in block.unread:
                unread = np.minimum(unread, block.unread[name][piece])
            for source, asked in block.asked.items():
                if block is not blocks[0]:
                    piece = np.maximum(asked[piece] // maps[source].piece - 1, 0)
        behind = written * self._pixel_bytes(output) - unread * self._pixel_bytes(name)
        return max(aligned(int(behind.max())), 0)

    def _pixel_bytes(self, name: str) -> int:
        return self.graph[name].shape[3] * self.graph[name].dtype.size
