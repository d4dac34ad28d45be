"""Rings: how many pixels of each map a rolling stage has to keep, found by running its demands without its numbers.

The last operator of a stage asks for its pieces one after the other; each piece asks for the pixels that it reads, and
these are written, a piece at a time, when they are not there yet. The firmware follows the same rule (`hb_roll.h`), so
the rings found here are exactly large enough.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hilbench.ir.attrs import Mean, Pad, Pool2D, ResizeNearest
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, Op
from hilbench.ir.opdef import OPS
from hilbench.ir.ops.movement import nearest_window
from hilbench.ir.region import Region, Window, full

POINT = Window(1)
"""The window of an operator that works pixel by pixel."""

Windows = tuple[Window, Window]
Ints = NDArray[np.int64]


def windows(op: Op, graph: Graph, which: int) -> Windows | None:
    """Windows along rows and columns through which the operator sees input `which`; None where it has none."""
    tensor, out = graph[str(op.inputs[which])], graph[op.outputs[0]]
    if sums(op, graph):
        return POINT, POINT
    if len(tensor.shape) != 4 or len(out.shape) != 4 or out.shape[0] != 1:
        return None
    if isinstance(op.attrs, Pad | ResizeNearest):
        return _moving(op.attrs, tensor.shape, out.shape)
    rows, cols = getattr(op.attrs, "y", None), getattr(op.attrs, "x", None)
    if isinstance(rows, Window) and isinstance(cols, Window):
        return rows, cols
    if tensor.shape[1:3] != out.shape[1:3]:
        return None
    corner, whole = Region(0, 1, 0, 1), full(out.shape)
    local = all(OPS[op.kind].input_region(op, graph, which, part) == part for part in (corner, whole))
    return (POINT, POINT) if local else None


def _moving(attrs: Pad | ResizeNearest, shape: tuple[int, ...], out: tuple[int, ...]) -> Windows | None:
    """Windows of operators that move pixels."""
    if isinstance(attrs, Pad):
        (top, _), (left, _) = attrs.pads[1:3]
        return (Window(1, before=top), Window(1, before=left)) if not any(attrs.pads[3]) else None
    rows, cols = (nearest_window(shape[axis], out[axis], attrs) for axis in (1, 2))
    return (rows, cols) if rows and cols else None


def sums(op: Op, graph: Graph) -> bool:
    """Whether the operator averages each channel over a whole map: then it may take the map's pixels one by one."""
    tensor = graph[str(op.inputs[0])]
    if len(tensor.shape) != 4 or tensor.shape[0] != 1 or tensor.dtype not in (DType.INT8, DType.FLOAT32):
        return False
    if isinstance(op.attrs, Mean):
        return op.attrs.axes == (1, 2)
    if op.kind != "AVERAGE_POOL_2D" or not isinstance(op.attrs, Pool2D):
        return False
    plain = (Window(size, stride=w.stride) for size, w in zip(tensor.shape[1:3], (op.attrs.y, op.attrs.x), strict=True))
    return (op.attrs.y, op.attrs.x) == tuple(plain)


def grid(op: Op, graph: Graph) -> tuple[int, int]:
    """Rows and columns that the operator works through: those that it writes, or those that it sums."""
    _, rows, cols, _ = graph[str(op.inputs[0]) if sums(op, graph) else op.outputs[0]].shape
    return rows, cols


def reads(window: Window, start: int, stop: int, size: int) -> tuple[int, int]:
    """Inputs that outputs [start, stop) read, clipped to `size`; what lies wholly outside becomes the nearest one."""
    first, last = window.needs(start, stop)
    first = min(max(first, 0), size - 1)
    return first, max(min(last, size), first + 1)


def piece_of(cols: int, most: int) -> int:
    """Pixels of the pieces, of at most `most`, in which a row of `cols` is written.

    They are equal where that does not take more than twice as many; otherwise the last of a row is shorter.
    """
    most = min(most, cols)
    even = max(n for n in range(1, most + 1) if cols % n == 0)
    return even if 2 * even >= most else -(-cols // -(-cols // most))


class Raster(NamedTuple):
    """A map, or one strip of it, written row by row: columns [first, stop) of `rows` rows, `piece` pixels at a time.

    Pixels are counted as if every piece were full: so many lie in a ring between one row's beginning and the next.
    """

    rows: int
    first: int
    stop: int
    piece: int

    @property
    def across(self) -> int:
        """Pieces of a row."""
        return -(-(self.stop - self.first) // self.piece)

    @property
    def pitch(self) -> int:
        """Pixels between the beginnings of two rows."""
        return self.across * self.piece

    @property
    def pieces(self) -> int:
        """Pieces of all rows."""
        return self.rows * self.across

    def pixels(self, pieces: Ints | int) -> Ints:
        """Pixels that the first so many pieces really are."""
        rows, more = np.divmod(pieces, self.across)
        width = self.stop - self.first
        return np.asarray(rows * width + np.minimum(more * self.piece, width))

    def place(self, number: int) -> tuple[int, int, int]:
        """Row, and columns from and to, of a piece."""
        y, along = divmod(number, self.across)
        x = self.first + along * self.piece
        return y, x, min(x + self.piece, self.stop)

    def starts(self) -> range:
        """Where the pieces of a row begin."""
        return range(self.first, self.stop, self.piece)


def there(graph: Graph, name: str) -> Raster:
    """A map that exists whole."""
    _, rows, cols, _ = graph[name].shape
    return Raster(rows, 0, cols, 1)


@lru_cache(maxsize=1 << 14)
def _spans(seen: Windows, shape: tuple[int, ...], own: Raster) -> tuple[Ints, Ints]:
    tall = [reads(seen[0], y, y + 1, shape[1]) for y in range(own.rows)]
    wide = [reads(seen[1], x, min(x + own.piece, own.stop), shape[2]) for x in own.starts()]
    return np.array(tall, np.int64), np.array(wide, np.int64)


def spans(op: Op, graph: Graph, which: int, own: Raster) -> tuple[Ints, Ints]:
    """Rows of one map that each row of the output reads, and columns that each piece of a row reads: first and stop."""
    seen = windows(op, graph, which)
    assert seen is not None, f"{op.kind} cannot run in pieces"
    return _spans(seen, graph[str(op.inputs[which])].shape, own)


def need_of(op: Op, graph: Graph, which: int, own: Raster, source: Raster) -> tuple[Ints, Ints]:
    """What an operator asks of one map, per piece of its own.

    Before piece i there have to be `need[i]` pixels of the map; those from `oldest[i]` on are read by it or later ones.
    """
    tall, wide = spans(op, graph, which, own)
    assert source.first <= wide.min() and wide.max() <= source.stop, "a strip holds what is read of it"
    need = ((tall[:, 1, None] - 1) * source.pitch + wide[None, :, 1] - source.first).reshape(-1)
    first = (tall[:, 0, None] * source.pitch + wide[None, :, 0] - source.first).reshape(-1)
    return need, np.minimum.accumulate(first[::-1])[::-1]


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

    `rasters` are the maps that are written; `sources` among them arrive from outside; those in `whole` are kept.
    """

    def __init__(
        self, graph: Graph, ops: Sequence[int], rasters: Mapping[str, Raster], sources: Iterable[str],
        whole: Container[str],
    ) -> None:  # fmt: skip
        self.rings: dict[str, int] = {}
        self._nodes: dict[str, _Node] = {}
        for name in (*sources, *(graph.ops[op].outputs[0] for op in ops)):
            self._nodes[name] = _Node(name, rasters[name].piece, rasters[name].pieces, name in whole)
        for op in ops:
            self._connect(graph.ops[op], graph, rasters)

    def _connect(self, op: Op, graph: Graph, rasters: Mapping[str, Raster]) -> None:
        node = self._nodes[op.outputs[0]]
        for which, name in enumerate(op.inputs):
            if name in self._nodes:
                source = self._nodes[str(name)]
                need, oldest = need_of(op, graph, which, rasters[node.name], rasters[source.name])
                node.inputs.append((source, need.tolist()))
                source.readers.append((node, [*oldest.tolist(), source.pieces * source.piece]))

    def written(self, name: str) -> int:
        """Pixels of a map that have been written."""
        return self._nodes[name].done * self._nodes[name].piece

    def pieces_of(self, name: str) -> int:
        """Pieces of a map that have been written."""
        return self._nodes[name].done

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


@dataclass(frozen=True)
class Followed:
    """What a stage (or a block of one) needs: `rings` in pixels of every map that is not kept whole, sources included.

    When its last operator writes its piece k, `asked[source][k]` pixels of a source have been asked for; of a map
    that is there whole, `unread[map][k]` is the first pixel that this piece or anything later reads.
    """

    rings: Mapping[str, int]
    asked: Mapping[str, Ints]
    unread: Mapping[str, Ints]


def follow(
    graph: Graph, ops: Sequence[int], rasters: Mapping[str, Raster], sources: Sequence[str], whole: Container[str]
) -> Followed:
    """Run the demands of operators `ops`; `sources` arrive in pieces, maps in `whole` are kept in full."""
    if len(ops) == 1 and len(set(graph.ops[ops[0]].present_inputs) & set(sources)) == len(sources):
        return _followed_one(graph, graph.ops[ops[0]], rasters, sources, whole)
    flow = Flow(graph, ops, rasters, sources, whole)
    readers = _whole_readers(graph, ops, rasters, sources)
    asked: dict[str, list[int]] = {name: [] for name in sources}
    unread: dict[str, list[int]] = {name: [] for name in readers}
    last = graph.ops[ops[-1]].outputs[0]
    for name, _ in flow.run():
        if name == last:
            for source, pixels in asked.items():
                pixels.append(flow.written(source))
            for tensor, reading in readers.items():
                unread[tensor].append(min(int(oldest[flow.pieces_of(out)]) for out, oldest in reading))
    return Followed(flow.rings, _arrays(asked), _arrays(unread))


def least_rings(
    graph: Graph, ops: Sequence[int], rasters: Mapping[str, Raster], sources: Sequence[str]
) -> dict[str, int]:
    """At most as many pixels of each map but the last as `follow` finds, in less time.

    That is what is alive before a reader of the map writes any piece, as far as this reader knows, and what is alive
    whenever the last operator has written one. Between these the pieces of several readers take turns.
    """
    flowing = {*sources, *(graph.ops[p].outputs[0] for p in ops)}
    last = graph.ops[ops[-1]].outputs[0]
    pieces: dict[str, Ints] = {last: np.arange(rasters[last].pieces + 1)}
    oldest: dict[str, Ints] = {}
    alive: dict[str, int] = {}
    for op in (graph.ops[p] for p in reversed(ops)):
        done = pieces.setdefault(op.outputs[0], 0 * pieces[last])
        for which, name in enumerate(op.inputs):
            if name is not None and name in flowing:
                source = rasters[name]
                need, first = need_of(op, graph, which, rasters[op.outputs[0]], source)
                asked = -(-np.append(0, np.maximum.accumulate(need)) // source.piece)
                pieces[name] = np.maximum(pieces.get(name, 0), asked[done])
                unread = np.append(first, source.pieces * source.piece)[done]
                oldest[name] = np.minimum(oldest.get(name, unread), unread)
                before = (asked[1:] * source.piece - first)[: done[-1]]
                alive[name] = max(alive.get(name, 0), int(before.max(initial=0)))
    for name, unread in oldest.items():
        alive[name] = max(alive[name], int((pieces[name] * rasters[name].piece - unread).max()))
    return {name: -(-pixels // rasters[name].piece) * rasters[name].piece for name, pixels in alive.items()}


def _followed_one(
    graph: Graph, op: Op, rasters: Mapping[str, Raster], sources: Sequence[str], whole: Container[str]
) -> Followed:
    """The same of one operator, without running it: each of its pieces asks a source for what it reads."""
    out = op.outputs[0]
    rings, asked = {} if out in whole else {out: rasters[out].piece}, {}
    for source in sources:
        piece, seen = rasters[source].piece, [which for which, name in enumerate(op.inputs) if name == source]
        needs = [need_of(op, graph, which, rasters[out], rasters[source]) for which in seen]
        written = np.maximum.accumulate(-(-np.max([need for need, _ in needs], axis=0) // piece) * piece)
        alive = (written - np.min([oldest for _, oldest in needs], axis=0)).max()
        rings |= {} if source in whole else {source: -(-int(alive) // piece) * piece}
        asked[source] = written
    readers = _whole_readers(graph, [graph.producer[out]], rasters, sources)
    unread = {name: np.min([oldest[:-1] for _, oldest in reading], axis=0) for name, reading in readers.items()}
    return Followed(rings, asked, unread)


def _arrays(lists: Mapping[str, list[int]]) -> dict[str, Ints]:
    return {name: np.array(values, np.int64) for name, values in lists.items()}


def _whole_readers(
    graph: Graph, ops: Sequence[int], rasters: Mapping[str, Raster], sources: Sequence[str]
) -> dict[str, list[tuple[str, Ints]]]:
    """For each map that is there whole and read through windows: who reads it, and from which pixel on."""
    written = {graph.ops[op].outputs[0] for op in ops} | set(sources)
    found: dict[str, list[tuple[str, Ints]]] = {}
    for op in (graph.ops[position] for position in ops):
        for which, name in enumerate(op.inputs):
            if name is None or name in written or graph[name].data is not None or windows(op, graph, which) is None:
                continue
            _, oldest = need_of(op, graph, which, rasters[op.outputs[0]], there(graph, name))
            pixels = graph[name].shape[1] * graph[name].shape[2]
            found.setdefault(name, []).append((op.outputs[0], np.append(oldest, pixels)))
    return found
