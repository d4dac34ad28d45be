"""In which order the operators of a branching graph run, so that the most bytes alive at once are fewest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from heapq import heappop, heappush, nsmallest

from hilbench.ir.graph import Graph
from hilbench.plan.lifetime import Working, in_place_inputs, is_view
from hilbench.variants.stages import aligned

EXACT_STATES = 20_000
"""Sets of executed operators that the exact search looks at; a graph with more is ordered by a beam search."""

BEAM = 64
"""Sets that the beam search keeps after each operator."""


def best_order(graph: Graph, working: Sequence[Working]) -> tuple[int, ...]:
    """Positions of the operators in the order that needs the least memory layer by layer; the given order wins ties.

    Exact (a shortest bottleneck path over the sets of executed operators, as in Ahn et al. 2020, "Ordering Chaos") up
    to EXACT_STATES sets, beyond that the best that a beam search finds.
    """
    problem = _Problem(graph, working)
    given = tuple(range(len(graph.ops)))
    limit = problem.peak(given)
    try:
        return _exact(problem, limit) or given
    except _TooMany:
        found = _beam(problem)
        return found if problem.peak(found) < limit else given


def reordered(graph: Graph, order: Sequence[int]) -> Graph:
    """The graph with its operators in another order."""
    return replace(graph, ops=tuple(graph.ops[position] for position in order))


class _TooMany(Exception):
    """The exact search has looked at EXACT_STATES sets."""


class _Problem:
    """Bytes alive while an operator runs, given the set (a bit mask) of those that have run.

    A value is a tensor with all the views of it: it is read by whoever reads one of them.
    """

    def __init__(self, graph: Graph, working: Sequence[Working]) -> None:
        self.ops = len(graph.ops)
        self.full = (1 << self.ops) - 1
        value: dict[str, str] = {name: name for name in graph.inputs}
        self.before = [0] * self.ops
        self.reads: list[set[str]] = []
        self.writes: list[list[str]] = []
        self.scratch = [aligned(w.scratch) for w in working]
        self.readers: dict[str, int] = dict.fromkeys(graph.inputs, 0)
        self.size = {name: aligned(graph[name].nbytes) for name in graph.inputs}
        self.replaces: list[list[str]] = []
        for position, op in enumerate(graph.ops):
            sources = [name for name in op.present_inputs if graph[name].data is None]
            self.before[position] = sum({1 << graph.producer[name] for name in sources if name in graph.producer})
            self.reads.append({value[name] for name in sources})
            for name in self.reads[-1]:
                self.readers[name] |= 1 << position
            self._write(position, graph, value)
            self.replaces.append([value[name] for name in in_place_inputs(op, graph, working[position])])
        self.kept = {value[name] for name in graph.outputs if name in value}

    def _write(self, position: int, graph: Graph, value: dict[str, str]) -> None:
        op = graph.ops[position]
        if is_view(op, graph):
            value[op.outputs[0]] = value[str(op.inputs[0])]
            self.writes.append([])
            return
        self.writes.append(list(op.outputs))
        for name in op.outputs:
            value[name], self.readers[name], self.size[name] = name, 0, aligned(graph[name].nbytes)

    def ready(self, done: int) -> Iterator[int]:
        """Operators whose inputs are there."""
        for position in range(self.ops):
            if not done >> position & 1 and self.before[position] & ~done == 0:
                yield position

    def start(self) -> int:
        """Bytes of the graph inputs."""
        return sum(self.size[name] for name in self.size if name in self.readers and self._is_input(name))

    def _is_input(self, name: str) -> bool:
        return all(name not in written for written in self.writes)

    def run(self, done: int, live: int, position: int) -> tuple[int, int]:
        """Bytes alive while an operator runs, and after it; `live` before it."""
        after = done | 1 << position
        dying = {n for n in self.reads[position] if n not in self.kept and self.readers[n] & ~after == 0}
        written = sum(self.size[name] for name in self.writes[position])
        reused = next((self.size[name] for name in self.replaces[position] if name in dying), 0)
        during = live + written - reused + self.scratch[position]
        unread = sum(self.size[n] for n in self.writes[position] if not self.readers[n] and n not in self.kept)
        return during, live + written - unread - sum(self.size[name] for name in dying)

    def peak(self, order: Sequence[int]) -> int:
        """Most bytes alive at once in an order."""
        done, live, most = 0, self.start(), 0
        for position in order:
            during, live = self.run(done, live, position)
            most, done = max(most, during), done | 1 << position
        return most


def _exact(problem: _Problem, limit: int) -> tuple[int, ...] | None:
    """The order of least peak; None when none is below `limit`."""
    heap: list[tuple[int, int, int, int]] = [(0, problem.ops, 0, problem.start())]
    came: dict[int, tuple[int, int]] = {}
    closed: set[int] = set()
    best = {0: 0}
    while heap:
        peak, left, done, live = heappop(heap)
        if done in closed:
            continue
        if done == problem.full:
            return _path(came, done)
        closed.add(done)
        if len(closed) > EXACT_STATES:
            raise _TooMany
        for position in problem.ready(done):
            during, after = problem.run(done, live, position)
            state, most = done | 1 << position, max(peak, during)
            if most < min(limit, best.get(state, limit)):
                best[state], came[state] = most, (done, position)
                heappush(heap, (most, left - 1, state, after))
    return None


def _path(came: dict[int, tuple[int, int]], state: int) -> tuple[int, ...]:
    order = []
    while state:
        state, position = came[state]
        order.append(position)
    return tuple(reversed(order))


def _beam(problem: _Problem) -> tuple[int, ...]:
    """A good order: of the sets of each size, those of least peak (then least alive) are carried on."""
    kept: dict[int, tuple[int, int, tuple[int, ...]]] = {0: (0, problem.start(), ())}
    for _ in range(problem.ops):
        found: dict[int, tuple[int, int, tuple[int, ...]]] = {}
        for done, (peak, live, order) in kept.items():
            for position in problem.ready(done):
                during, after = problem.run(done, live, position)
                rival = (max(peak, during), after, (*order, position))
                state = done | 1 << position
                if state not in found or rival < found[state]:
                    found[state] = rival
        kept = dict(nsmallest(BEAM, found.items(), key=lambda item: item[1]))
    (_, _, order) = kept[problem.full]
    return order
