"""Layers that run twice, for squeeze-and-excitation (Hu et al. 2018) and whatever else averages what it still needs.

Where a map is averaged and then multiplied by what came of the average, it has to exist whole between the two. Unless
what lies between an earlier, smaller tensor and the average runs once for the average and once more for the product:
then no stage holds the map, and the smaller tensor waits instead.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace

from hilbench.ir.graph import Graph, Op
from hilbench.variants.demand import sums
from hilbench.variants.schedules.patch import is_local
from hilbench.variants.strips import op_macs


@dataclass(frozen=True)
class Stretch:
    """Operators (positions, ascending) that compute all that the one at `mean` reads from `source` alone."""

    source: str
    ops: tuple[int, ...]
    mean: int


def again_macs(graph: Graph) -> int:
    """Multiply-accumulates of the operators that run for the second time."""
    return sum(op_macs(op, graph) for op in graph.ops if op.again)


def first_macs(graph: Graph) -> int:
    """Multiply-accumulates of all others."""
    return sum(op_macs(op, graph) for op in graph.ops if not op.again)


def repeated(graph: Graph, maps: Container[str], macs: int) -> Iterator[Graph]:
    """The graph with layers run twice for at most `macs`, for each of `maps` that outlives its average.

    Each time from the smallest tensor that allows it.
    """
    for mean, op in enumerate(graph.ops):
        held = op.present_inputs[0]
        if held in maps and held not in graph.outputs and sums(op, graph) and graph.consumers[held][-1] > mean:
            found = [s for s in _stretches(graph, mean, macs) if graph[s.source].nbytes < graph[held].nbytes]
            if found:
                yield run_twice(graph, min(found, key=lambda s: (graph[s.source].nbytes, len(s.ops))))


def _stretches(graph: Graph, mean: int, macs: int) -> Iterator[Stretch]:
    """Longer and longer stretches before an average, as far as they run in pieces and cost at most `macs`."""
    missing, ops = {graph.ops[mean].present_inputs[0]}, list[int]()
    while all(name in graph.producer for name in missing):
        last = max(graph.producer[name] for name in missing)
        op = graph.ops[last]
        macs -= op_macs(op, graph)
        if macs < 0 or op.again or len(op.outputs) != 1 or not is_local(op, graph):
            return
        ops.insert(0, last)
        computed = {name for name in op.present_inputs if graph[name].data is None}
        missing = (missing | computed) - set(op.outputs)
        if len(missing) == 1 and missing <= set(graph.producer):
            yield Stretch(next(iter(missing)), tuple(ops), mean)


def run_twice(graph: Graph, stretch: Stretch) -> Graph:
    """The graph with a stretch that runs for its average alone, and again before the first of its other readers."""
    names = {graph.ops[p].outputs[0]: f"{graph.ops[p].outputs[0]} for the average" for p in stretch.ops}
    late = [replace(graph.ops[p], again=True) for p in stretch.ops]
    ops: list[Op] = []
    for position, op in enumerate(graph.ops):
        if position in stretch.ops or position == stretch.mean:
            ops.append(_renamed(op, names))
            continue
        if late and names.keys() & set(op.inputs):
            ops, late = ops + late, []
        ops.append(op)
    copies = {new: replace(graph[name], name=new) for name, new in names.items()}
    return replace(graph, ops=tuple(ops), tensors={**graph.tensors, **copies})


def _renamed(op: Op, names: dict[str, str]) -> Op:
    def renamed(each: Sequence[str | None]) -> tuple[str | None, ...]:
        return tuple(names.get(name, name) if name is not None else None for name in each)

    outputs = tuple(names.get(name, name) for name in op.outputs)
    return replace(op, inputs=renamed(op.inputs), outputs=outputs)
