"""The order of operators: on small branching graphs no other one has a smaller peak; beyond them a beam is no worse."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hilbench.ir.graph import Graph
from hilbench.plan import order
from hilbench.plan.lifetime import Working, live_bytes, lives
from hilbench.plan.order import best_order, reordered
from hilbench.variants.schedules.layers import layer_by_layer
from tests.unit.plan.small import random_graph


def working(graph: Graph) -> list[Working]:
    return [Working("k", 0) for _ in graph.ops]


def peak(graph: Graph) -> int:
    """Most bytes alive in a step, by the buffers that a plan would have."""
    return max(live_bytes(lives(graph, layer_by_layer(graph), working(graph)), len(graph.ops)))


def orders(graph: Graph, done: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Every order in which no operator comes before one whose output it reads."""
    if len(done) == len(graph.ops):
        yield done
    for position, op in enumerate(graph.ops):
        ready = all(graph.producer.get(name, -1) in (*done, -1) for name in op.present_inputs)
        if position not in done and ready:
            yield from orders(graph, (*done, position))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_order_has_a_smaller_peak(data: st.DataObject) -> None:
    graph = random_graph(data)
    least = min(peak(reordered(graph, each)) for each in orders(graph))
    assert peak(reordered(graph, best_order(graph, working(graph)))) == least


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_beam_is_never_worse_than_the_given_order(data: st.DataObject) -> None:
    graph = random_graph(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(order, "EXACT_STATES", 1)
        patch.setattr(order, "BEAM", 2)
        found = reordered(graph, best_order(graph, working(graph)))
    assert peak(found) <= peak(graph)
