"""Column strips of a rolling stage: which columns of each map a strip writes, and what that computes in all.

A stage in strips runs once per strip, over narrower rings; columns that two strips read are written by both. Found
backwards from the strip's columns of the stage's outputs, by the windows that the operators read through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from hilbench.ir.graph import Graph, Op
from hilbench.ir.opdef import OPS
from hilbench.variants.channelwise import expand_macs, expanded
from hilbench.variants.demand import Raster, grid, need_of, reads, windows
from hilbench.variants.schedule import Rolling, Spans


def op_macs(op: Op, graph: Graph) -> int:
    """Multiply-accumulates of one operator run whole; of weights stored sparse only those that are not zero count."""
    macs = OPS[op.kind].macs(op, graph)
    weights = graph[op.inputs[1]] if macs and len(op.inputs) > 1 and op.inputs[1] is not None else None
    if weights is None or weights.data is None or weights.storage == "dense":
        return macs
    zero = weights.quant.zero_point[0] if weights.quant else 0
    return macs * int(np.count_nonzero(weights.data != zero)) // weights.elements


MOST_STRIPS = 16
"""A stage is tried in up to so many strips: more are narrower than the columns that they share."""


def strip_counts(graph: Graph, outputs: Sequence[str]) -> list[int]:
    """Numbers of strips worth trying: of those with equal widest strips only the least."""
    cols = min(_cols(graph, name) for name in outputs)
    return [n for n in range(2, min(cols, MOST_STRIPS) + 1) if -(-cols // n) < -(-cols // (n - 1))]


def strips_of(
    graph: Graph, ops: Sequence[int], sources: Sequence[str], outputs: Sequence[str], count: int
) -> tuple[Spans, ...]:
    """Columns of each map that each of `count` strips writes, and of `sources` that it reads."""
    flowing = {*sources, *(graph.ops[p].outputs[0] for p in ops)}
    found = []
    for index in range(count):
        tiles = {name: _cols(graph, name) for name in outputs}
        held = {name: (index * cols // count, (index + 1) * cols // count) for name, cols in tiles.items()}
        found.append(_widened(graph, ops, flowing, held))
    return tuple(found)


def _widened(graph: Graph, ops: Sequence[int], flowing: set[str], held: Mapping[str, tuple[int, int]]) -> Spans:
    """The columns `held` of some maps, and those of all maps in `flowing` that are read to write them."""
    found = dict(held)
    for op in (graph.ops[p] for p in reversed(ops)):
        for which, name in enumerate(op.inputs):
            if name is not None and name in flowing:
                seen = windows(op, graph, which)
                assert seen is not None, f"{op.kind} cannot run in pieces"
                need = reads(seen[1], *found[op.outputs[0]], graph[name].shape[2])
                found[name] = _hull(found.get(name, need), need)
    return found


def _hull(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    return min(a[0], b[0]), max(a[1], b[1])


def rasters(graph: Graph, pieces: Mapping[str, int], strip: Spans) -> dict[str, Raster]:
    """The maps of a stage as one strip writes them."""
    return {name: Raster(_rows(graph, name), *strip[name], piece) for name, piece in pieces.items()}


def _rows(graph: Graph, name: str) -> int:
    position = graph.producer.get(name)
    return graph[name].shape[1] if position is None else grid(graph.ops[position], graph)[0]


def _cols(graph: Graph, name: str) -> int:
    return grid(graph.ops[graph.producer[name]], graph)[1]


def _width(graph: Graph, name: str) -> int:
    return _cols(graph, name) if name in graph.producer else graph[name].shape[2]


def written(graph: Graph, stage: Rolling) -> dict[str, int]:
    """Pixels of each map that a stage writes, all strips together: what is read of a map, in whole pieces."""
    total = dict.fromkeys(stage.pieces, 0)
    for strip in stage.strips:
        found = rasters(graph, stage.pieces, strip)
        for name, pieces in _asked(graph, stage, found).items():
            total[name] += int(found[name].pixels(pieces))
    return total


def different(graph: Graph, stage: Rolling) -> dict[str, int]:
    """Pixels of each map that a stage writes, each counted once, however many strips write it."""
    if len(stage.strips) == 1:
        return written(graph, stage)
    seen: dict[str, NDArray[np.bool_]] = {}
    for strip in stage.strips:
        found = rasters(graph, stage.pieces, strip)
        for name, pieces in _asked(graph, stage, found).items():
            map_, (rows, more) = found[name], divmod(pieces, found[name].across)
            there = seen.setdefault(name, np.zeros((map_.rows, _width(graph, name)), np.bool_))
            there[:rows, map_.first : map_.stop] = True
            there[rows : rows + 1, map_.first : min(map_.first + more * map_.piece, map_.stop)] = True
    return {name: int(there.sum()) for name, there in seen.items()}


def _asked(graph: Graph, stage: Rolling, found: Mapping[str, Raster]) -> dict[str, int]:
    """Pieces of each map that are asked for in one strip: all of an output, of others as far as anybody reads."""
    asked = {name: found[name].pieces if name in stage.outputs else 0 for name in found}
    for op in (graph.ops[p] for p in reversed(stage.ops)):
        out = op.outputs[0]
        for which, name in enumerate(op.inputs):
            if name is not None and name in found and asked[out]:
                need, _ = need_of(op, graph, which, found[out], found[name])
                asked[name] = max(asked[name], -(-int(need[: asked[out]].max()) // found[name].piece))
    return asked


def rolled_macs(graph: Graph, stage: Rolling, whole: Sequence[int], *, once: bool = False) -> list[int]:
    """Multiply-accumulates of each operator of a stage as it is executed; `whole[p]` is `op_macs` of operator p.

    With `once` those of pixels that are computed again are left out.
    """
    pixels = different(graph, stage) if once else written(graph, stage)
    found = []
    for op, macs in ((graph.ops[position], whole[position]) for position in stage.ops):
        rows, cols = grid(op, graph)
        first = expand_macs(op, graph)
        inside = (
            first * _expanded(graph, stage, op, once) // prod(graph[op.present_inputs[0]].shape[1:3]) if first else 0
        )
        found.append((macs - first) * pixels[op.outputs[0]] // (rows * cols) + inside)
    return found


def _expanded(graph: Graph, stage: Rolling, op: Op, once: bool) -> int:
    """Pixels that a BOTTLENECK expands in all strips, or (`once`) how many different ones."""
    total = np.zeros(graph[op.present_inputs[0]].shape[1:3], np.int64)
    for strip in stage.strips:
        found = rasters(graph, stage.pieces, strip)
        total += expanded(op, graph, found[op.outputs[0]], _asked(graph, stage, found)[op.outputs[0]])
    return int(np.count_nonzero(total) if once else total.sum())
