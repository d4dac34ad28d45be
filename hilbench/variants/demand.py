"""Rings: how many pixels of each map a rolling stage has to keep, found by running its demands without its numbers.

The last operator of a stage asks for its pieces one after the other; each piece asks for the pixels that it reads, and
these are written, a piece at a time, when they are not there yet. The firmware follows the same rule (`hb_roll.h`), so
the rings found here are exactly large enough.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hilbench.ir.attrs import Pad
from hilbench.ir.graph import Graph, Op
from hilbench.ir.opdef import OPS
from hilbench.ir.region import Region, Window, full

POINT = Window(1)
"""The window of an operator that works pixel by pixel."""

Windows = tuple[Window, Window]


def windows(op: Op, graph: Graph, which: int) -> Windows | None:
    """Windows along rows and columns through which the operator sees input `which`; None where it has none."""
    tensor, out = graph[str(op.inputs[which])], graph[op.outputs[0]]
    if len(tensor.shape) != 4 or len(out.shape) != 4 or out.shape[0] != 1:
        return None
    if isinstance(op.attrs, Pad):
        (top, _), (left, _) = op.attrs.pads[1:3]
        return (Window(1, before=top), Window(1, before=left)) if not any(op.attrs.pads[3]) else None
    rows, cols = getattr(op.attrs, "y", None), getattr(op.attrs, "x", None)
    if isinstance(rows, Window) and isinstance(cols, Window):
        return rows, cols
    if tensor.shape[1:3] != out.shape[1:3]:
        return None
    corner, whole = Region(0, 1, 0, 1), full(out.shape)
    local = all(OPS[op.kind].input_region(op, graph, which, part) == part for part in (corner, whole))
    return (POINT, POINT) if local else None


def reads(window: Window, start: int, stop: int, size: int) -> tuple[int, int]:
    """Inputs that outputs [start, stop) read, clipped to `size`; what lies wholly outside becomes the nearest one."""
    first, last = window.needs(start, stop)
    first = min(max(first, 0), size - 1)
    return first, max(min(last, size), first + 1)


def piece_of(cols: int, most: int) -> int:
    """The longest piece of at most `most` pixels that divides a row of `cols`."""
    return max(n for n in range(1, min(most, cols) + 1) if cols % n == 0)


def need_of(op: Op, graph: Graph, which: int, piece: int) -> tuple[list[int], list[int]]:
    """What an operator asks of one map, per piece of its own.

    Before piece i there have to be `need[i]` pixels of the map; those from `oldest[i]` on are read by it or later ones.
    """
    seen = windows(op, graph, which)
    assert seen is not None, f"{op.kind} cannot run in pieces"
    (_, rows, cols, _), (_, height, width, _) = graph[str(op.inputs[which])].shape, graph[op.outputs[0]].shape
    tall = np.array([reads(seen[0], y, y + 1, rows) for y in range(height)])
    wide = np.array([reads(seen[1], x, x + piece, cols) for x in range(0, width, piece)])
    need = ((tall[:, 1, None] - 1) * cols + wide[None, :, 1]).reshape(-1)
    first = (tall[:, 0, None] * cols + wide[None, :, 0]).reshape(-1)
    return need.tolist(), np.minimum.accumulate(first[::-1])[::-1].tolist()


@dataclass
class _Node:
    """A map that is written in pieces of `piece` pixels, `pieces` of them in all, `done` so far, `asked` by now."""

    name: str
    piece: int
    pieces: int
    kept_whole: bool
    inputs: list[tuple[_Node, list[int]]] = field(default_factory=list)
    readers: list[tuple[_Node, list[int]]] = field(default_factory=list)
    done: int = 0
    asked: int = 0


class Flow:
    """A stage (or a block of one) run on demand; `rings` holds the pixels that each map needed so far.

    `sources` arrive in pieces from outside; maps in `whole` are kept in full.
    """

    def __init__(
        self, graph: Graph, ops: Sequence[int], pieces: Mapping[str, int], sources: Iterable[str], whole: Container[str]
    ) -> None:
        self.rings: dict[str, int] = {}
        self._nodes: dict[str, _Node] = {}
        for name in (*sources, *(graph.ops[op].outputs[0] for op in ops)):
            pixels, piece = graph[name].shape[1] * graph[name].shape[2], pieces[name]
            self._nodes[name] = _Node(name, piece, pixels // piece, name in whole)
        for op in ops:
            self._connect(graph.ops[op], graph)

    def _connect(self, op: Op, graph: Graph) -> None:
        node = self._nodes[op.outputs[0]]
        for which, name in enumerate(op.inputs):
            if name in self._nodes:
                source = self._nodes[str(name)]
                need, oldest = need_of(op, graph, which, node.piece)
                node.inputs.append((source, need))
                source.readers.append((node, [*oldest, source.pieces * source.piece]))

    def run(self) -> Iterator[tuple[str, int]]:
        """Each piece as it is written: (map, number of the piece)."""
        nodes = list(self._nodes.values())
        yield from self._demand(nodes[-1])
        for node in nodes:
            if node.kept_whole:
                yield from self._demand(node)

    def _demand(self, node: _Node) -> Iterator[tuple[str, int]]:
        """Everything of one map, and of others what it asks for."""
        node.asked = node.pieces
        stack = [node]
        while stack:
            node = stack[-1]
            if node.done >= node.asked:
                stack.pop()
                continue
            missing = self._missing(node)
            if missing is not None:
                stack.append(missing)
                continue
            yield node.name, node.done
            node.done += 1
            self._keep(node)

    @staticmethod
    def _missing(node: _Node) -> _Node | None:
        """The first input of which pixels are missing for the next piece; it is asked for them."""
        for source, need in node.inputs:
            pixels = need[node.done]
            if source.done * source.piece < pixels:
                source.asked = -(-pixels // source.piece)
                return source
        return None

    def _keep(self, node: _Node) -> None:
        """Note how many pixels live now that a piece has been written: from the oldest still read to the newest."""
        if node.kept_whole:
            return
        newest = node.done * node.piece
        oldest = min((first[reader.done] for reader, first in node.readers), default=newest - node.piece)
        kept = -(-(newest - oldest) // node.piece) * node.piece
        if kept > self.rings.get(node.name, 0):
            self.rings[node.name] = kept


def rings(
    graph: Graph, ops: Sequence[int], pieces: Mapping[str, int], sources: Iterable[str], whole: Container[str]
) -> dict[str, int]:
    """Pixels of the ring of every map that operators `ops` write and that is not kept whole, and of the sources."""
    flow = Flow(graph, ops, pieces, sources, whole)
    for _ in flow.run():
        pass
    return flow.rings
