"""Which inverted residuals to run as one operator, so that a graph can be cut into smaller stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf

from hilbench.ir.graph import Graph
from hilbench.variants.channelwise import as_one, inverted
from hilbench.variants.cuts import Candidate
from hilbench.variants.paths import Edges, fullest
from hilbench.variants.schedule import Layer, Patches


def narrowed(graph: Graph, stages: Callable[[Graph, float], Edges], enough: int, extra: int) -> Graph:
    """The graph with as many inverted residuals as one operator each as makes the stage that needs most smaller.

    One after the other, as long as there is no path of `enough` bytes. `stages(graph, limit)` are those of at most so
    many bytes, without a limit as many as a path takes.
    """
    if next(inverted(graph), None) is None:
        return graph
    found = [(fullest(stages(graph, inf), extra), graph)]
    best: Candidate | None = None
    while found:
        least, graph_of_least = min(found, key=lambda each: _bytes(each[0]))
        if least is None or (best is not None and least.bytes >= best.bytes):
            break
        best, graph = least, graph_of_least
        found = [(fullest(stages(way, best.bytes), extra), way) for way in _ways(graph, best) if best.bytes > enough]
    return graph


def _bytes(candidate: Candidate | None) -> float:
    return inf if candidate is None else candidate.bytes


def _ways(graph: Graph, fullest: Candidate) -> Iterator[Graph]:
    """The graph with one more inverted residual as one operator, of those in a stage."""
    stage = fullest.stage
    assert not isinstance(stage, Patches)
    ops = {stage.op} if isinstance(stage, Layer) else set(stage.ops)
    return (as_one(graph, first) for first in inverted(graph) if ops & {first, first + 1, first + 2})
