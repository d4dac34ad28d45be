"""Layers that run twice: the same outputs, the MACs that are said, less memory where a mean feeds a product."""

from __future__ import annotations

import numpy as np
import pytest

from hilbench.boards import find
from hilbench.codegen import generate
from hilbench.ir.graph import Graph
from hilbench.ir.reference import run
from hilbench.ir.verify import verify
from hilbench.plan.make import make_plan
from hilbench.plan.plan import Plan
from hilbench.variants.twice import again_macs, first_macs, repeated
from hilbench.variants.variant import Part
from tests.graphs import random_inputs
from tests.nets import Net
from tests.unit.plan.simulate import Machine

FEATURES = find("nucleo_l4r5zi").core.features


@pytest.fixture(scope="module")
def graph() -> Graph:
    """Two squeezed blocks, the first with a residual."""
    b = Net(4)
    x = b.conv(b.input((1, 12, 12, 3)), 4, 3)
    b.classes(b.inverted(b.inverted(x, 4, squeezed=True), 6, 3, 2, squeezed=True))
    return b.done()


def planned(graph: Graph, argument: str) -> Plan:
    return make_plan(graph, Part("rolling", argument), FEATURES)


def test_every_way_to_run_layers_twice_computes_the_same(graph: Graph) -> None:
    inputs = random_inputs(graph, 1)
    (name,) = graph.outputs
    expected = run(graph, inputs)[name]
    ways = list(repeated(graph, graph.tensors, 10**9))
    assert len(ways) == 2
    for way in ways:
        verify(way)
        np.testing.assert_array_equal(run(way, inputs)[name], expected)
        assert first_macs(way) == first_macs(graph)
        assert again_macs(way) > 0 == again_macs(graph)


def test_a_stretch_within_the_budget_is_taken(graph: Graph) -> None:
    (costs,) = {tuple(again_macs(way) for way in repeated(graph, graph.tensors, 10**9))}
    assert not list(repeated(graph, graph.tensors, 0))
    assert all(again_macs(way) < max(costs) for way in repeated(graph, graph.tensors, max(costs) - 1))


def test_nothing_is_run_twice_for_a_map_that_is_an_output_or_not_alive(graph: Graph) -> None:
    assert not list(repeated(graph, (), 10**9))
    held = {op.inputs[0] for op in graph.ops if op.kind == "MEAN"}
    outputs = Graph("", graph.tensors, graph.ops, graph.inputs, (*graph.outputs, *map(str, held)))
    assert not list(repeated(outputs, outputs.tensors, 10**9))


@pytest.mark.parametrize("ratio", ["1.3", "2"])
def test_the_plan_needs_less_and_keeps_its_budget(graph: Graph, ratio: str) -> None:
    once, twice = planned(graph, ""), planned(graph, f"mac={ratio}")
    assert twice.arena_bytes < once.arena_bytes
    assert once.extra_macs == 0 < twice.extra_macs <= (float(ratio) - 1) * twice.macs
    assert twice.macs == once.macs == first_macs(graph)
    assert sum(step.macs for step in twice.steps) == twice.macs + twice.extra_macs


def test_the_plan_computes_the_references_bytes(graph: Graph) -> None:
    inputs = random_inputs(graph, 2)
    plan = planned(graph, "mac=2")
    assert any(op.again for op in plan.graph.ops)
    (name,) = graph.outputs
    np.testing.assert_array_equal(Machine(plan).run(inputs)[name], run(graph, inputs)[name])


def test_weights_that_are_used_twice_are_there_once(graph: Graph) -> None:
    once, twice = planned(graph, ""), planned(graph, "mac=2")
    assert len(twice.steps) > len(once.steps)
    sizes = [len(generate(plan, "net")["weights.c"]) for plan in (once, twice)]
    assert sizes[1] < 1.1 * sizes[0]
