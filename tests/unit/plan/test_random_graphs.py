"""Random graphs: every schedule computes the reference's bytes in exactly the planned arena."""

from __future__ import annotations

from math import prod

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hilbench.errors import UnsupportedModel
from hilbench.ir.graph import Graph
from hilbench.ir.opdef import OPS
from hilbench.ir.reference import run
from hilbench.ir.verify import verify
from hilbench.plan.fold import fold
from hilbench.plan.lifetime import Working
from hilbench.plan.order import best_order, reordered
from hilbench.plan.plan import Plan
from hilbench.plan.search import choose_plan, place_schedule
from hilbench.variants.cuts import Cuts
from hilbench.variants.demand import Flow, grid
from hilbench.variants.schedule import Layer, Patches, Rolling, Schedule
from hilbench.variants.strips import op_macs, rasters
from hilbench.variants.variant import SCHEDULES, Way
from tests.unit.plan.simulate import Machine, covered
from tests.unit.plan.small import random_graph

IN_PLACE = ("ADD", "RELU", "MUL")
GRAPHS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def working(graph: Graph) -> list[Working]:
    return [Working("k", 5 * (i % 3), op.kind in IN_PLACE) for i, op in enumerate(graph.ops)]


def none(position: int, piece: int, gathered: int) -> list[Way]:
    """No scratch."""
    return [Way(1.0, 0)]


def inputs_of(graph: Graph) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    return {name: rng.integers(-128, 128, graph[name].shape).astype(np.int8) for name in graph.inputs}


def check(graph: Graph, plan: Plan) -> None:
    """Outputs of the plan against the reference of the graph that it was made for."""
    inputs = inputs_of(graph)
    machine = Machine(plan)
    expected, found = run(graph, inputs), machine.run(inputs)
    assert {name: array.tolist() for name, array in found.items()} == {n: expected[n].tolist() for n in graph.outputs}
    for step in plan.steps:
        if isinstance(plan.schedule.stages[step.stage], Rolling):
            op = plan.graph.ops[step.op]
            per_pixel = op_macs(op, plan.graph) / prod(grid(op, plan.graph))
            assert step.macs == machine.pixels[op.outputs[0]] * per_pixel
    assert plan.extra_macs == sum(step.macs for step in plan.steps) - plan.macs


def proposals(graph: Graph) -> list[Schedule]:
    return list(SCHEDULES["patch"].propose(graph, "", none))


@GRAPHS
@given(st.data())
def test_layer_by_layer(data: st.DataObject) -> None:
    graph = random_graph(data)
    verify(graph)
    folded = fold(graph)
    verify(folded)
    order = best_order(folded, working(folded))
    ready = reordered(folded, order)
    plan = choose_plan(
        ready, SCHEDULES["layers"].propose(ready, "", none), lambda _: [working(folded)[i] for i in order]
    )
    check(graph, plan)
    given_order = choose_plan(folded, SCHEDULES["layers"].propose(folded, "", none), lambda _: working(folded))
    assert plan.lower_bound_bytes <= given_order.lower_bound_bytes


@GRAPHS
@given(st.data())
def test_any_patch_schedule(data: st.DataObject) -> None:
    graph = random_graph(data)
    schedule = data.draw(st.sampled_from(proposals(graph)))
    whole = tuple(op_macs(op, graph) for op in graph.ops)
    plan = place_schedule(graph, schedule, working(graph), whole)
    check(graph, plan)
    for stage in schedule.stages:
        if isinstance(stage, Patches):
            assert all(covered(stage, name, graph[name].shape) for name in stage.outputs)
            assert plan.extra_macs == sum(_again(graph, stage, op) for op in stage.ops)


def _again(graph: Graph, stage: Patches, position: int) -> int:
    """Multiply-accumulates of pixels that an operator computes again, counted pixel by pixel."""
    op = graph.ops[position]
    _, rows, cols, _ = graph[op.outputs[0]].shape
    times = np.zeros((rows, cols), int)
    for regions in stage.regions:
        r = regions[op.outputs[0]]
        times[r.y0 : r.y1, r.x0 : r.x1] += 1
    return round((times.sum() - (times > 0).sum()) * OPS[op.kind].macs(op, graph) / (rows * cols))


WISHES = (
    "", "pixels=1", "pixels=3", "pixels=rows", "input=streamed", "input=streamed,pixels=2", "mac=1.5", "mac=4,pixels=2",
    "input=streamed,mac=2", "input=reread,mac=1.05", "input=reread,mac=2", "input=reread,pixels=3,mac=3",
)  # fmt: skip


@GRAPHS
@given(st.data())
def test_rolling(data: st.DataObject) -> None:
    graph = random_graph(data)
    wish = data.draw(st.sampled_from(WISHES))
    try:
        schedules = list(SCHEDULES["rolling"].propose(graph, wish, lambda p, *_: [Way(1.0, working(graph)[p].scratch)]))
    except UnsupportedModel:
        assert "streamed" in wish or "reread" in wish
        return
    whole = tuple(op_macs(op, graph) for op in graph.ops)
    plan = place_schedule(graph, data.draw(st.sampled_from(schedules)), working(graph), whole)
    check(graph, plan)
    budget = float(wish.partition("mac=")[2].partition(",")[0] or 1)
    assert plan.macs <= sum(whole)
    assert plan.macs + plan.extra_macs <= budget * sum(whole)
    assert plan.extra_macs >= 0
    assert plan.extra_macs == 0 or budget > 1
    if "input" not in wish:
        layers = choose_plan(graph, schedules[:1], lambda _: working(graph))
        assert choose_plan(graph, schedules, lambda _: working(graph)).arena_bytes <= layers.arena_bytes


@GRAPHS
@given(st.data())
def test_every_stretch_of_operators_rolls_in_exactly_its_rings(data: st.DataObject) -> None:
    graph = random_graph(data)
    cuts = Cuts(graph, none, *data.draw(st.sampled_from([((), False), (graph.inputs, True)])))
    ends = st.integers(1, len(graph.ops))
    stop = data.draw(ends)
    start = 0 if cuts.streamed else data.draw(st.integers(0, stop - 1))
    extra = data.draw(st.sampled_from((0, 10**9)))
    found = cuts.candidates(start, stop, (data.draw(st.integers(1, 5)),), extra=extra)
    around = [[Layer(p) for p in range(a, b)] for a, b in ((0, start), (stop, len(graph.ops)))]
    for stage in [c.stage for c in found if isinstance(c.stage, Rolling)][:4]:
        schedule = Schedule((*around[0], stage, *around[1]))
        check(graph, place_schedule(graph, schedule, working(graph), tuple(op_macs(op, graph) for op in graph.ops)))
        needed: dict[str, int] = {}
        all_read = True
        for strip in stage.strips:
            maps = rasters(graph, stage.pieces, strip)
            flow = Flow(graph, stage.ops, maps, stage.streamed, stage.outputs)
            list(flow.run())
            all_read &= all(flow.pieces_of(name) == maps[name].pieces for name in stage.pieces)
            needed |= {name: max(pixels, needed.get(name, 0)) for name, pixels in flow.rings.items()}
        # Between two blocks of a stage every pixel counts as read, also where the second leaves some out.
        assert stage.rings.keys() == needed.keys()
        assert all(stage.rings[name] >= pixels for name, pixels in needed.items())
        assert not all_read or stage.rings == needed


@GRAPHS
@given(st.data())
def test_the_chosen_patch_schedule_is_never_worse(data: st.DataObject) -> None:
    graph = random_graph(data)
    layers = choose_plan(graph, SCHEDULES["layers"].propose(graph, "", none), lambda _: working(graph))
    patched = choose_plan(graph, proposals(graph), lambda _: working(graph))
    assert patched.arena_bytes <= layers.arena_bytes
    assert patched.lower_bound_bytes <= patched.arena_bytes
    check(graph, patched)
