"""Which stages to take: a shortest bottleneck path over the cuts of the graph, within a budget of extra MACs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

from hilbench.ir.graph import Graph
from hilbench.variants.cuts import Candidate, Cuts
from hilbench.variants.schedule import Schedule, Stage

_BETWEEN = 4
"""Steps between the least bytes with overlaps and those without."""

Edges = list[list[tuple[int, Candidate]]]
"""By the cut where a stage ends: the cut where it begins, and the stage."""


@dataclass(frozen=True)
class _Path:
    """Stages up to a cut: what they cost, and the MACs that they execute besides those of the operators."""

    cost: float = 0.0
    extra: int = 0
    stages: tuple[Stage, ...] = ()


def best_stages(edges: Edges, limit: float = inf, extra: int = 0) -> list[Schedule]:
    """The stages that need the least memory, or no more than `limit` bytes, and the least time of those.

    Then, as bytes may have no place, those in the fewest pieces too. At most `extra` MACs are executed besides those of
    the operators. Empty where no sequence of stages is possible.
    """
    if (most := bottleneck(edges, extra)) > limit or most == inf:
        return []
    most = most if limit == inf else limit
    fitting = [[(start, one) for start, one in incoming if one.bytes <= most] for incoming in edges]
    return [
        _least(fitting, extra, lambda path, one: path.cost + one.cost(most)),
        _least(fitting, extra, lambda path, one: path.cost + one.pieces),
    ]


def between(edges: Edges, graph: Graph, extra: int = 0) -> Iterator[Schedule]:
    """Schedules with few overlaps, for several sizes from the least that there is to the least without any overlap.

    Outputs that overlap one after the other each begin a little before the last; where that leads too far, the arena
    is larger than any stage.
    """
    free = apart(edges, graph)
    low, high = bottleneck(edges, extra), bottleneck(free, extra)
    for part in range(1, _BETWEEN if high < inf else 1):
        limit = low + (high - low) * part / _BETWEEN
        fitting = [[(start, one) for start, one in incoming if one.bytes <= limit] for incoming in joined(edges, free)]
        yield _least(fitting, extra, lambda path, one: path.cost + one.overlaps)


def _least(edges: Edges, extra: int, cost: Callable[[_Path, Candidate], float]) -> Schedule:
    paths = _fronts(edges, extra, cost)[-1]
    return Schedule(min(paths, key=lambda path: (path.cost, len(path.stages))).stages)


def bottleneck(edges: Edges, extra: int = 0) -> float:
    """The least number of bytes for which there is a path."""
    found = _fronts(edges, extra, lambda path, one: max(path.cost, one.bytes))
    return min((path.cost for path in found[-1]), default=inf)


def fullest(edges: Edges, extra: int = 0) -> Candidate | None:
    """The stage that needs most on the path that needs least; None where there is no path."""
    paths = _fronts(edges, extra, lambda path, one: max(path.cost, one.bytes))[-1]
    if not paths:
        return None
    taken = {id(stage) for stage in min(paths, key=lambda path: path.cost).stages}
    return max((one for incoming in edges for _, one in incoming if id(one.stage) in taken), key=lambda one: one.bytes)


def apart(edges: Edges, graph: Graph) -> Edges:
    """The same stages with output and input beside each other: more bytes, but bytes that are easier to place."""
    return [[(start, one.apart(graph)) for start, one in incoming] for incoming in edges]


def all_stages(cuts: Cuts, mosts: Sequence[int], limit: float = inf, extra: int = 0) -> Edges:
    """Every stage of at most `limit` bytes that the graph can be cut into; see `Cuts.candidates`."""
    end = len(cuts.graph.ops)
    found: Edges = [[] for _ in range(end + 1)]
    for start in range(end):
        for stop in range(start + 1, end + 1):
            found[stop] += [(start, candidate) for candidate in cuts.candidates(start, stop, mosts, limit, extra)]
    return found


def joined(*parts: Edges) -> Edges:
    """The stages of all parts."""
    return [[each for part in parts for each in part[stop]] for stop in range(len(parts[0]))]


def _fronts(edges: Edges, extra: int, cost: Callable[[_Path, Candidate], float]) -> list[list[_Path]]:
    """For every cut the paths to it of which none is both dearer and executes more MACs than another."""
    found = [[_Path()]]
    for incoming in edges[1:]:
        paths = (
            _Path(cost(path, one), path.extra + one.extra, (*path.stages, one.stage))
            for start, one in incoming
            for path in found[start]
            if path.extra + one.extra <= extra
        )
        found.append(_front(paths))
    return found


def _front(paths: Iterable[_Path]) -> list[_Path]:
    """Those of which no other is cheaper and executes fewer extra MACs; of equal ones that in fewest stages."""
    front: list[_Path] = []
    for path in sorted(paths, key=lambda path: (path.cost, path.extra, len(path.stages))):
        if not front or path.extra < front[-1].extra:
            front.append(path)
    return front
