"""Which stages to take: a shortest bottleneck path over the cuts of the graph."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from hilbench.ir.graph import Graph
from hilbench.variants.cuts import Candidate, Cuts
from hilbench.variants.schedule import Schedule, Stage

Edges = list[list[tuple[int, Candidate]]]
"""By the cut where a stage ends: the cut where it begins, and the stage."""


def best_stages(edges: Edges, limit: float = inf) -> Schedule | None:
    """The stages that need the least memory, run in the fewest pieces; or the cheapest ones within `limit` bytes.

    None where no sequence of stages is possible, or within the limit.
    """
    most = _bottleneck(edges)
    if most == inf or most > limit:
        return None
    if limit == inf:
        return _cheapest(edges, most, lambda stage: stage.pieces)
    return _cheapest(edges, limit, lambda stage: stage.cost(limit))


def apart(edges: Edges, graph: Graph) -> Edges:
    """The same stages with output and input beside each other: more bytes, but bytes that are easier to place."""
    return [[(start, one.apart(graph)) for start, one in incoming] for incoming in edges]


def all_stages(cuts: Cuts) -> Edges:
    """Every stage that the graph can be cut into."""
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


def _cheapest(edges: Edges, limit: float, cost: Callable[[Candidate], float]) -> Schedule:
    """The path of least cost, then of fewest stages, that stays within `limit` bytes."""
    best: list[tuple[float, int, tuple[Stage, ...]]] = [(0.0, 0, ())]
    for incoming in edges[1:]:
        options = [
            (best[start][0] + cost(one), best[start][1] + 1, (*best[start][2], one.stage))
            for start, one in incoming
            if one.bytes <= limit and best[start][0] < inf
        ]
        best.append(min(options, key=lambda option: option[:2], default=(inf, 0, ())))
    return Schedule(best[-1][2])
