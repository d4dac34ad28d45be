"""Kernels are chosen with the schedule: the cheapest where memory is free, the cheapest that fit where it is not."""

from __future__ import annotations

import pytest

from hilbench.errors import UnsupportedModel, UsageError
from hilbench.ir.attrs import Activation, Conv2D, DepthwiseConv2D
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph
from hilbench.ir.region import Window
from hilbench.kernels.catalogue import options
from hilbench.plan.make import CODE_BYTES, make_plan
from hilbench.plan.plan import Plan
from hilbench.variants.schedule import Layer
from hilbench.variants.variant import SCHEDULES, Part
from tests.graphs import Builder, weighted

DSP = frozenset({"dsp"})


@pytest.fixture(scope="module")
def graph() -> Graph:
    """Three convolutions; the maps of the first are the largest."""
    b = Builder(3, DType.INT8)
    x = b.input((1, 16, 16, 8))
    window = Window(3, 2, 1, 1, 1)
    for channels in (8, 16, 16):
        w, bias, output = weighted(b, x, (channels, 3, 3, b.shape(x)[3]), 0, 9 * b.shape(x)[3])
        x = b.op("CONV_2D", (x, w, bias), Conv2D(window, window, Activation.NONE), output)
    return b.done()


def planned(graph: Graph, schedule: str, argument: str = "") -> Plan:
    return make_plan(graph, Part(schedule, argument), DSP)


def test_without_a_limit_every_kernel_is_the_cheapest(graph: Graph) -> None:
    plan = planned(graph, "layers")
    cheapest = [options(op, graph, DSP)[0] for op in graph.ops]
    assert [step.kernel for step in plan.steps] == [each.kernel.name for each in cheapest]
    assert [step.cycles for step in plan.steps] == [each.cycles for each in cheapest]


def test_kernels_are_given_up_for_an_arena_as_far_as_needed(graph: Graph) -> None:
    free = planned(graph, "layers")
    seen = [free]
    for less in range(1, 40):
        limit = free.arena_bytes - 256 * less
        try:
            plan = planned(graph, "layers", f"arena={limit}")
        except UnsupportedModel as error:
            assert "bytes of arena" in error.ops[0].why
            break
        assert plan.arena_bytes <= limit
        assert plan.cycles >= seen[-1].cycles
        seen.append(plan)
    assert len({plan.cycles for plan in seen}) > 1
    assert less < 39, "an arena of nothing was enough"


def test_within_its_limit_no_step_has_a_cheaper_kernel_that_fits(graph: Graph) -> None:
    limit = planned(graph, "layers").arena_bytes - 512
    plan = planned(graph, "layers", f"arena={limit}")
    for step in plan.steps:
        scratch = next((b.size for b in plan.buffers if b.name == step.scratch), 0)
        for option in options(graph.ops[step.op], graph, DSP):
            fits = step.live_bytes - scratch + option.scratch <= limit
            assert option.cycles >= step.cycles or not fits


def test_a_rolling_plan_keeps_its_limit_and_is_faster_with_more(graph: Graph) -> None:
    least = planned(graph, "rolling")
    more = planned(graph, "rolling", f"arena={least.arena_bytes + 2048}")
    assert more.arena_bytes <= least.arena_bytes + 2048
    assert more.cycles < least.cycles
    with pytest.raises(UnsupportedModel, match="bytes of arena"):
        planned(graph, "rolling", f"arena={least.arena_bytes - 4}")


def test_a_depthwise_layer_runs_whole_in_the_place_of_its_input_where_both_have_no_room() -> None:
    b = Builder(3, DType.INT8)
    x = b.input((1, 16, 16, 4))
    one, three = Window(1, 1, 1, 0, 0), Window(3, 1, 1, 1, 1)
    w, bias, wide = weighted(b, x, (32, 1, 1, 4), 0, 4)
    x = b.op("CONV_2D", (x, w, bias), Conv2D(one, one, Activation.NONE), wide)
    w, bias, output = weighted(b, x, (1, 3, 3, 32), 3, 9)
    x = b.op("DEPTHWISE_CONV_2D", (x, w, bias), DepthwiseConv2D(three, three, 1, Activation.NONE), output)
    w, bias, narrow = weighted(b, x, (4, 1, 1, 32), 0, 32)
    b.op("CONV_2D", (x, w, bias), Conv2D(one, one, Activation.NONE), narrow)
    graph, map_bytes = b.done(), 16 * 16 * 32
    plan = planned(graph, "rolling", f"arena={map_bytes * 3 // 2}")
    assert plan.arena_bytes <= map_bytes * 3 // 2
    assert Layer(1, in_place=True) in plan.schedule.stages
    assert plan.buffer_of(graph.ops[1].outputs[0]) is plan.buffer_of(str(graph.ops[1].inputs[0]))
    assert plan.steps[1].kernel == options(graph.ops[1], graph, DSP)[0].kernel.name
    roomy = planned(graph, "rolling", f"arena={map_bytes * 3}")
    assert roomy.cycles <= plan.cycles


@pytest.mark.parametrize("argument", ["arena=0", "arena=2x", "sram=5", "arena"])
def test_wrong_limits_are_refused(argument: str) -> None:
    with pytest.raises(UsageError, match="right: layers, layers:arena=65536"):
        SCHEDULES["layers"].check(argument)


def test_a_forced_kernel_is_taken_where_it_serves_and_by_its_step(graph: Graph) -> None:
    everywhere = make_plan(graph, Part("layers"), DSP, ("conv_2d_int8",))
    assert {step.kernel for step in everywhere.steps} == {"conv_2d_int8"}
    once = make_plan(graph, Part("layers"), DSP, ("1=conv_2d_int8",))
    taken = [step.kernel == "conv_2d_int8" for step in once.steps]
    assert taken == [False, True, False]
    mixed = make_plan(graph, Part("rolling"), DSP, ("2=conv_2d_int8", "conv_2d_dsp_int8"))
    assert [step.kernel for step in mixed.steps] == ["conv_2d_dsp_int8", "conv_2d_dsp_int8", "conv_2d_int8"]


@pytest.mark.parametrize(
    ("forced", "said"),
    [
        ("conv_2d_int9", "Did you mean 'conv_2d_int8'"),
        ("7=conv_2d_int8", "there are steps 0 to 2"),
        ("1=add_int8", "does not serve step 1; right: conv_2d"),
        ("add_int8", "does not serve any step of this model"),
        ("conv_2d_fpu_float32", "right: conv_2d"),
    ],
)
def test_a_kernel_that_cannot_be_taken_is_refused_with_those_that_can(graph: Graph, forced: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        make_plan(graph, Part("layers"), DSP, (forced,))
    assert said in str(error.value)


def test_weights_are_expanded_only_where_there_is_flash_for_them() -> None:
    b = Builder(5, DType.INT8)
    x = b.input((1, 12, 12, 16))
    window = Window(3, 1, 1, 1, 1)
    w, bias, output = weighted(b, x, (16, 3, 3, 16), 0, 144)
    b.op("CONV_2D", (x, w, bias), Conv2D(window, window, Activation.NONE), output)
    graph, name = b.done(), "conv_2d_3x3_winograd_stored_dsp_int8"
    weights, expansion = 16 * 144 + 4 * 16, 63 * 16 * 16

    def kernel(flash: int, forced: tuple[str, ...] = ()) -> str | None:
        return make_plan(graph, Part("layers"), DSP, forced, flash).steps[0].kernel

    assert kernel(weights + expansion + CODE_BYTES) == name
    assert kernel(weights + expansion + CODE_BYTES - 1) != name
    assert kernel(0, (name,)) == name
