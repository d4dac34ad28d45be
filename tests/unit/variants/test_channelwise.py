"""Inverted residuals as one operator: the same outputs, less memory, and the MACs that are said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hilbench.boards import find
from hilbench.ir.graph import Graph
from hilbench.ir.opdef import OPS
from hilbench.ir.ops.bottleneck import parts
from hilbench.ir.reference import run
from hilbench.ir.verify import verify
from hilbench.plan.make import make_plan
from hilbench.plan.plan import Plan
from hilbench.variants.channelwise import as_one, expand_macs, expanded, inverted
from hilbench.variants.demand import Flow, Raster, reads
from hilbench.variants.schedule import Rolling
from hilbench.variants.strips import op_macs, rasters
from hilbench.variants.variant import Part
from tests.graphs import random_inputs
from tests.nets import bottlenecks
from tests.unit.plan.simulate import Machine

FEATURES = find("nucleo_l4r5zi").core.features


@pytest.fixture(scope="module")
def graph() -> Graph:
    return bottlenecks(6)


def planned(graph: Graph, argument: str) -> Plan:
    return make_plan(graph, Part("rolling", argument), FEATURES)


def test_every_inverted_residual_as_one_computes_the_same(graph: Graph) -> None:
    inputs, (name,) = random_inputs(graph, 1), graph.outputs
    expected = run(graph, inputs)[name]
    found = [as_one(graph, first) for first in inverted(graph)]
    assert len(found) == 3
    for one in found:
        verify(one)
        assert len(one.ops) == len(graph.ops) - 2
        assert sum(op_macs(op, one) for op in one.ops) == sum(op_macs(op, graph) for op in graph.ops)
        np.testing.assert_array_equal(run(one, inputs)[name], expected)


def test_maps_that_others_read_stay(graph: Graph) -> None:
    first = next(inverted(graph))
    for position in (first, first + 1):
        seen = (*graph.outputs, *graph.ops[position].outputs)
        assert first not in inverted(replace(graph, outputs=seen))


def test_sparse_weights_stay(graph: Graph) -> None:
    first = next(inverted(graph))
    weights = graph[graph.ops[first].present_inputs[1]]
    assert first not in inverted(graph.with_tensors([replace(weights, storage="sparse")]))


@pytest.mark.parametrize("piece", [1, 2, 5, 12])
def test_pixels_are_expanded_as_often_as_pieces_read_them(graph: Graph, piece: int) -> None:
    for first in inverted(graph):
        one = as_one(graph, first)
        op = one.ops[first]
        own = Raster(one[op.outputs[0]].shape[1], 0, one[op.outputs[0]].shape[2], piece)
        times = np.zeros(one[op.inputs[0] or ""].shape[1:3], int)
        for number in range(own.pieces):
            np.testing.assert_array_equal(expanded(op, one, own, number), times)
            _read(times, op.attrs, own.place(number))


def _read(times: np.ndarray, attrs: object, place: tuple[int, int, int]) -> None:
    y, x0, x1 = place
    (top, bottom), (left, right) = (
        reads(window, *span, size)
        for window, span, size in zip((attrs.y, attrs.x), ((y, y + 1), (x0, x1)), times.shape, strict=True)  # type: ignore[attr-defined]
    )
    times[top:bottom, left:right] += 1


@pytest.mark.parametrize("argument", ["mac=1.4", "input=reread,mac=1.2", "input=streamed,mac=1.3,pixels=2"])
def test_the_plan_needs_less_keeps_its_budget_and_computes_the_references_bytes(graph: Graph, argument: str) -> None:
    once, plan = planned(graph, argument.partition("mac=")[0].strip(",")), planned(graph, argument)
    assert any(op.kind == "BOTTLENECK" for op in plan.graph.ops)
    assert plan.arena_bytes < once.arena_bytes
    assert plan.macs == once.macs
    budget = float(argument.partition("mac=")[2].partition(",")[0])
    assert 0 <= plan.extra_macs <= (budget - 1) * plan.macs
    inputs, (name,) = random_inputs(graph, 2), graph.outputs
    np.testing.assert_array_equal(Machine(plan).run(inputs)[name], run(graph, inputs)[name])


def test_macs_are_those_of_the_pieces(graph: Graph) -> None:
    plan = planned(graph, "input=reread,mac=1.2")
    for step in plan.steps:
        stage, op = plan.schedule.stages[step.stage], plan.graph.ops[step.op]
        if op.kind == "BOTTLENECK" and isinstance(stage, Rolling):
            times = np.zeros(plan.graph[op.inputs[0] or ""].shape[1:3], int)
            pixels = 0
            for strip in stage.strips:
                maps = rasters(plan.graph, stage.pieces, strip)
                for name, number in Flow(plan.graph, stage.ops, maps, stage.streamed, stage.outputs).run():
                    if name == op.outputs[0]:
                        _read(times, op.attrs, maps[name].place(number))
            inner = parts(op, plan.graph)
            per_pixel = [
                OPS[each.kind].macs(each, inner) / np.prod(inner[each.outputs[0]].shape[:3]) for each in inner.ops
            ]
            assert per_pixel[0] * times.size == expand_macs(op, plan.graph)
            assert step.macs == times.sum() * per_pixel[0] + pixels * sum(per_pixel[1:])
