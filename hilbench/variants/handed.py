"""Maps that are handed over: each piece is read by the one operator that reads it before any other operator runs.

So such a ring holds one piece, and only while the two operators run; others that are handed over lie in its bytes. A
reader asks for a piece of what it reads, and takes its turn as soon as that is there, unless it lacks something else:
that cannot be where the rest of what it reads has to be there before, because the map itself was made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from hilbench.ir.graph import Graph, Op
from hilbench.variants.demand import POINT, grid, windows
from hilbench.variants.schedule import Rolling


@dataclass(frozen=True)
class Reader:
    """The operator at `position` is the only one to read a map, pixel by pixel.

    Where one of `others`, which it reads too, flows as well, it may still be missing when a piece of the map is there.
    """

    position: int
    others: frozenset[str]


@lru_cache(maxsize=16)
def readers(graph: Graph) -> Mapping[str, Reader]:
    """The maps that one operator alone reads, pixel by pixel."""
    found = {}
    for name in graph.producer:
        if len(set(graph.consumers[name])) == 1 and name not in graph.outputs:
            position = graph.consumers[name][0]
            op = graph.ops[position]
            if _points(op, graph, name):
                others = set(op.present_inputs) - {name}
                early = {other for other in others if _points(op, graph, other) and _made_of(graph, name, other)}
                found[name] = Reader(position, frozenset(others - early))
    return found


def handed(graph: Graph, stage: Rolling) -> dict[str, tuple[int, int]]:
    """The rings of a stage that are handed over, with the positions of the operators that write and read them."""
    found = {}
    for name in stage.rings:
        reader = readers(graph).get(name)
        if reader is not None and reader.position in stage.ops and not reader.others & stage.pieces.keys():
            out = graph.ops[reader.position].outputs[0]
            alike = all(strip[name] == strip[out] for strip in stage.strips)
            if alike and stage.pieces[name] == stage.pieces[out]:
                found[name] = (graph.producer[name], reader.position)
    return found


def _points(op: Op, graph: Graph, name: str) -> bool:
    """Whether an operator reads, for every pixel, the one at the same place of a map, and no other of it."""
    seen = (windows(op, graph, which) for which, each in enumerate(op.inputs) if each == name)
    return len(op.outputs) == 1 and all(each == (POINT, POINT) for each in seen)


def _made_of(graph: Graph, name: str, other: str) -> bool:
    """Whether every pixel of a map is made of what comes no earlier than the same pixel of another map."""
    seen: set[str] = set()
    back = [name]
    while back and other not in seen:
        each = back.pop()
        if each not in seen and each in graph.producer:
            op = graph.ops[graph.producer[each]]
            back += [x for x in op.present_inputs if _follows(op, graph, x)]
        seen.add(each)
    return other in seen


def _follows(op: Op, graph: Graph, name: str) -> bool:
    """Whether an operator reads, for every pixel, the one at the same place of a map of that size, or a later one."""
    if graph[name].data is not None or len(graph[name].shape) != 4 or graph[name].shape[1:3] != grid(op, graph):
        return False
    seen = [windows(op, graph, which) for which, each in enumerate(op.inputs) if each == name]
    axes = [axis for each in seen if each for axis in each]
    return len(axes) == 2 * len(seen) and all(a.stride == a.over == 1 and a.before < a.extent for a in axes)
