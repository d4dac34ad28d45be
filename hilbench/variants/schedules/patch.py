"""Patch by patch: a prefix of the network runs once per patch, its halo recomputed (MCUNetV2, Lin et al. 2021)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

from hilbench.errors import UnsupportedModel, UnsupportedOp, UsageError
from hilbench.ir.graph import Graph, Op
from hilbench.ir.opdef import OPS
from hilbench.ir.region import Region, full
from hilbench.variants.schedule import Layer, Patches, Schedule, Spans
from hilbench.variants.schedules.layers import layer_by_layer
from hilbench.variants.variant import SCHEDULES, Scheduling, Ways

NAME = "patch"
_GRID = re.compile(r"([1-9]\d{0,3})x([1-9]\d{0,3})")


def _grid(argument: str) -> tuple[int, int] | None:
    """Rows and columns of "RxC"; None for the empty argument."""
    if not argument:
        return None
    match = _GRID.fullmatch(argument)
    if match is None or argument == "1x1":
        raise UsageError(
            f"'{NAME}' takes a grid of at least two patches as ROWSxCOLUMNS, got '{argument}'; right: patch:2x3"
        )
    return int(match[1]), int(match[2])


def _check(argument: str) -> None:
    _grid(argument)


def _propose(graph: Graph, argument: str, ways: Ways) -> Iterator[Schedule]:
    """Every prefix with the grid of `argument`; without one layer by layer, and every prefix with every grid."""
    grid = _grid(argument)
    prefixes = _prefixes(graph)
    if grid is None:
        yield layer_by_layer(graph)
        for length in prefixes:
            yield from _all_grids(graph, length)
        return
    served = [
        length
        for length in prefixes
        if _smallest(graph, length, 0) >= grid[0] and _smallest(graph, length, 1) >= grid[1]
    ]
    if not served:
        raise _cannot(graph, prefixes, argument)
    for length in served:
        rows, cols = _tilings(graph, length, {max(grid)} | set(grid))
        yield _schedule(graph, length, rows[grid[0]], cols[grid[1]])


def _prefixes(graph: Graph) -> range:
    """Lengths of the prefixes of which every operator reads a part of its inputs to write a part of its output."""
    length = 0
    while length < len(graph.ops) and is_local(graph.ops[length], graph):
        length += 1
    return range(1, length + 1)


def is_local(op: Op, graph: Graph) -> bool:
    """Whether a part of the outputs can be written from a part of each computed input, all of one image."""
    computed = [i for i, name in enumerate(op.inputs) if name is not None and graph[name].data is None]
    names = [*op.outputs, *(str(op.inputs[i]) for i in computed)]
    if not computed or any(len(graph[name].shape) != 4 or graph[name].shape[0] != 1 for name in names):
        return False
    out = full(graph[op.outputs[0]].shape)
    return all(OPS[op.kind].input_region(op, graph, i, out) is not None for i in computed)


def _outputs(graph: Graph, length: int) -> tuple[str, ...]:
    """Tensors that the first `length` operators write and that somebody else reads."""
    return tuple(
        name
        for op in graph.ops[:length]
        for name in op.outputs
        if name in graph.outputs or not graph.consumers[name] or graph.consumers[name][-1] >= length
    )


def _smallest(graph: Graph, length: int, axis: int) -> int:
    """Fewest rows (axis 0) or columns (axis 1) of a tensor that leaves the prefix: no grid can have more."""
    return min(graph[name].shape[1 + axis] for name in _outputs(graph, length))


def _counts(size: int) -> set[int]:
    """Numbers of tiles worth trying along `size` pixels: of those with equal largest tiles only the least."""
    return {-(-size // tile) for tile in range(1, size + 1)}


def _all_grids(graph: Graph, length: int) -> Iterator[Schedule]:
    counts = [_counts(_smallest(graph, length, axis)) for axis in (0, 1)]
    rows, cols = _tilings(graph, length, counts[0] | counts[1])
    for r, c in product(*(sorted(count) for count in counts)):
        if (r, c) != (1, 1):
            yield _schedule(graph, length, rows[r], cols[c])


def _schedule(graph: Graph, length: int, rows: tuple[Spans, ...], cols: tuple[Spans, ...]) -> Schedule:
    stage = Patches(tuple(range(length)), rows, cols, _outputs(graph, length))
    return Schedule((stage, *(Layer(position) for position in range(length, len(graph.ops)))))


Tilings = dict[int, tuple[Spans, ...]]
"""Spans of every tile, by the number of tiles."""


def _tilings(graph: Graph, length: int, counts: set[int]) -> tuple[Tilings, Tilings]:
    """What each row and each column of patches holds, for every number of them in `counts`.

    Rows and columns do not depend on each other, so tile i of both is found in one walk.
    """
    rows: Tilings = {}
    cols: Tilings = {}
    for count in counts:
        tiles = [_patch(graph, length, index, count) for index in range(count)]
        rows[count] = tuple({name: (r.y0, r.y1) for name, r in tile.items()} for tile in tiles)
        cols[count] = tuple({name: (r.x0, r.x1) for name, r in tile.items()} for tile in tiles)
    return rows, cols


def _patch(graph: Graph, length: int, index: int, count: int) -> dict[str, Region]:
    """What patch (index, index) of a count × count grid holds of every tensor, found from the outputs backwards."""
    held = {name: _tile(graph[name].shape, index, count) for name in _outputs(graph, length)}
    for op in reversed(graph.ops[:length]):
        for name in op.outputs:
            for which, source in enumerate(op.inputs):
                if source is None or graph[source].data is not None:
                    continue
                need = OPS[op.kind].input_region(op, graph, which, held[name])
                assert need is not None, f"{op.kind} is not local"
                held[source] = held[source].hull(need) if source in held else need
    return held


def _tile(shape: tuple[int, ...], index: int, count: int) -> Region:
    """Tile `index` of `count` along both axes; tiles differ by one pixel at most."""
    (y0, y1), (x0, x1) = (_cut(size, index, count) for size in shape[1:3])
    return Region(y0, y1, x0, x1)


def _cut(size: int, index: int, count: int) -> tuple[int, int]:
    if count > size:  # walked along only for the other axis' sake
        return 0, size
    return index * size // count, (index + 1) * size // count


def _cannot(graph: Graph, prefixes: range, argument: str) -> UnsupportedModel:
    if prefixes:
        most = [max(_smallest(graph, length, axis) for length in prefixes) for axis in (0, 1)]
        why = f"no prefix of the model ends in a map that can be cut {argument}; at most {most[0]}x{most[1]} here"
    else:
        why = "the model's first operator cannot write a part of its output from a part of its input"
    first = graph.ops[0]
    return UnsupportedModel(graph.name, [UnsupportedOp(first.kind, first.index, first.outputs[0], why)])


SCHEDULES.add(
    NAME,
    Scheduling(
        NAME,
        "patch[:ROWSxCOLUMNS]: a prefix patch by patch, halo recomputed (MCUNetV2)",
        _check,
        _propose,
        lambda argument: 0,
    ),
)
