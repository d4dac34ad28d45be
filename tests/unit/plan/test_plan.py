"""Lifetimes, order and search on graphs whose memory can be counted on paper."""

from __future__ import annotations

import pytest

from hilbench.ir.graph import Graph
from hilbench.plan.lifetime import Working, lives
from hilbench.plan.make import make_plan
from hilbench.plan.order import best_order, reordered
from hilbench.plan.plan import Plan
from hilbench.plan.search import choose_plan
from hilbench.variants.schedule import Patches
from hilbench.variants.variant import SCHEDULES, Part, Way
from tests.unit.plan.small import Builder


def plan_of(graph: Graph, schedule: str = "layers", argument: str = "", scratch: int = 0) -> Plan:
    """A plan in which every kernel needs `scratch`, and ADD works in place."""
    every = [Working("k", scratch, op.kind == "ADD") for op in graph.ops]
    return choose_plan(
        graph,
        SCHEDULES[schedule].propose(graph, argument, lambda position, piece: [Way(1.0, scratch)]),
        lambda _: every,
    )


def chain() -> Graph:
    b = Builder((1, 16, 16, 3))
    return b.done(b.conv(b.depthwise(b.conv("x", 8, stride=2)), 4, kernel=1, pad=0))


def test_a_chain_holds_input_and_output_of_each_step() -> None:
    plan = plan_of(chain())
    assert [step.live_bytes for step in plan.steps] == [768 + 512, 512 + 512, 512 + 256]
    assert plan.arena_bytes == plan.lower_bound_bytes == 1280
    assert plan.extra_macs == 0


def test_scratch_lives_in_its_step_only() -> None:
    plan = plan_of(chain(), scratch=101)
    assert plan.lower_bound_bytes == 1280 + 104
    assert [b.first for b in plan.buffers if b.kind == "scratch"] == [0, 1, 2]
    assert plan.steps[1].scratch == "scratch of t1"


def test_a_residual_keeps_its_input() -> None:
    b = Builder((1, 8, 8, 4))
    first = b.conv("x", 4)
    graph = b.done(b.add(first, b.conv(first, 4)))
    plan = plan_of(graph)
    assert [step.live_bytes for step in plan.steps] == [512, 512, 512]
    assert plan.buffer_of("t2") is plan.buffer_of("t0")


def test_in_place_never_overwrites_what_is_still_read() -> None:
    b = Builder((1, 4, 4, 4))
    first = b.conv("x", 4)
    total = b.add(first, "x")
    graph = b.done(total, b.add(total, first))
    plan = plan_of(graph)
    assert plan.buffer_of("t0").holds == ("t0", "t2")
    assert plan.buffer_of("t1").holds == ("x", "t1")


def test_a_view_shares_its_inputs_bytes() -> None:
    b = Builder((1, 4, 4, 2))
    view = b.reshape(b.conv("x", 2), (1, 1, 1, 32))
    graph = b.done(b.conv(view, 5, kernel=1, pad=0))
    plan = plan_of(graph)
    assert plan.buffer_of("t0") is plan.buffer_of("t1")
    assert [step.kernel for step in plan.steps] == ["k", None, "k"]


def test_graph_outputs_live_to_the_end_and_inputs_to_their_last_use() -> None:
    b = Builder((1, 4, 4, 4))
    early = b.conv("x", 2)
    graph = b.done(early, b.conv(b.conv(early, 2), 2))
    plan = plan_of(graph)
    assert (plan.buffer_of("t0").first, plan.buffer_of("t0").last) == (0, 2)
    assert (plan.buffer_of("x").first, plan.buffer_of("x").last) == (0, 0)


def test_the_order_that_needs_least_is_found() -> None:
    b = Builder((1, 8, 8, 4))
    wide = b.conv("x", 32)
    other = b.conv("x", 32)
    left, right = b.conv(wide, 2), b.conv(other, 2)
    graph = b.done(b.concat(left, right))
    working = [Working("k")] * 5
    order = best_order(graph, working)
    assert order in ((0, 2, 1, 3, 4), (1, 3, 0, 2, 4))
    peak = plan_of(reordered(graph, order)).lower_bound_bytes
    assert peak == 256 + 2048 + 128
    assert peak < plan_of(graph).lower_bound_bytes


def test_ties_keep_the_given_order() -> None:
    graph = chain()
    assert best_order(graph, [Working("k")] * 3) == (0, 1, 2)


def test_patches_hold_windows_and_leave_whole_outputs() -> None:
    plan = plan_of(chain(), "patch", "2x2")
    stage = plan.schedule.stages[0]
    assert isinstance(stage, Patches)
    windows = {
        life.name: life for life in lives(plan.graph, plan.schedule, [Working("k")] * 3) if life.kind == "window"
    }
    assert set(windows) == {name for op in stage.ops for name in plan.graph.ops[op].outputs} - set(stage.outputs)
    whole = [plan.buffer_of(name) for name in ("x", *stage.outputs)]
    assert all(buffer.kind == "tensor" for buffer in whole)
    assert plan.buffer_of("x").last == len(stage.ops) - 1


def test_patch_without_a_grid_is_never_worse() -> None:
    assert plan_of(chain(), "patch").arena_bytes <= plan_of(chain()).arena_bytes


@pytest.mark.parametrize("schedule", [("patch", "2x2"), ("rolling", "input=streamed")])
def test_pixels_that_nobody_reads_are_saved_and_are_no_extra_macs(schedule: tuple[str, str]) -> None:
    b = Builder((1, 9, 9, 2))
    graph = b.done(b.conv(b.conv("x", 3), 2, kernel=1, stride=3, pad=0))  # reads pixels 0, 3 and 6
    found = make_plan(graph, Part(*schedule), frozenset())
    layers = make_plan(graph, Part("layers"), frozenset())
    assert layers.macs == 9 * 9 * 3 * 18 + 3 * 3 * 2 * 3
    assert found.macs < layers.macs
    assert found.extra_macs == 0
    assert sum(step.macs for step in found.steps) == found.macs


def test_unknown_tensor() -> None:
    with pytest.raises(KeyError):
        plan_of(chain()).buffer_of("nothing")
