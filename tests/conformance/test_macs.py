"""The multiply-accumulates that are printed against those that the emulated core executed, step by step.

The plain kernels multiply once per tap and channel, in one statement, and leave out the taps on padding; what is
printed counts these too. So a count is what is printed less the taps on padding, exactly, of every pixel as often as it
was computed: in halos, in columns that strips share and in layers that run twice. Inverted residuals that run as one
operator go over the padding too, in instructions of one or two products.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from hilbench.boards import find
from hilbench.build import execute, prepare
from hilbench.codegen import generate
from hilbench.ir.attrs import Conv2D, DepthwiseConv2D
from hilbench.ir.graph import Array, Graph
from hilbench.ir.reference import macs
from hilbench.ir.region import Window
from hilbench.plan.make import make_plan
from hilbench.plan.plan import Plan, Step
from hilbench.profile import harness
from hilbench.profile.attribution import attribute
from hilbench.profile.decode import Kind
from hilbench.profile.lines import read_source
from hilbench.resources import shipped
from hilbench.targets.target import TARGETS
from hilbench.variants.demand import Flow, grid
from hilbench.variants.schedule import Patches, Rolling
from hilbench.variants.strips import rasters
from hilbench.variants.variant import Part
from tests.graphs import random_inputs
from tests.nets import Net

pytestmark = pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="no emulator: install qemu-system-arm")

BOARD = find("mps2-an386")
SINGLES = ("conv_2d_int8", "depthwise_conv_2d_int8", "fully_connected_int8")
WHOLE = "bottleneck_int8"
PRODUCTS = {Kind.MUL: 1, Kind.MAC: 1, Kind.DUAL_MAC: 2}


def squeezed() -> Graph:
    """Blocks with a residual, and with squeeze and excitation over a 5×5 window."""
    b = Net(4)
    x = b.inverted(b.conv(b.input((1, 16, 16, 3)), 4, 3, 2), 4)
    b.classes(b.inverted(b.inverted(x, 6, 5, 2, squeezed=True), 6))
    return b.done()


def residuals() -> Graph:
    """Two inverted residuals."""
    b = Net(4)
    b.classes(b.inverted(b.inverted(b.conv(b.input((1, 16, 16, 3)), 8, 3, 2), 8), 8))
    return b.done()


NETS = {"squeezed": squeezed, "residuals": residuals}


def multiplied(plan: Plan, folder: Path) -> Counter[int]:
    """Products in the statements that add them up, by step, as a run under the profiler executed them."""
    image = execute(prepare(generate(plan, "macs"), BOARD, target="qemu"))
    out = folder / "profile"
    with TARGETS["qemu"].open(BOARD, image, extra=harness.arguments(image, BOARD, out)) as session:  # type: ignore[call-arg]
        for index, data in enumerate(random_inputs(plan.graph, 1).values()):
            session.write_input(index, data.tobytes())
        session.run()
    steps = [step.name for step in plan.steps]
    profile = harness.profiles(out, image, BOARD, steps, 1)[-1]
    found: Counter[int] = Counter()
    products = {line for kernel in (*SINGLES, WHOLE) for line in product_lines(kernel)}
    for cost in attribute(profile, read_source(image.elf), None):
        if cost.line in products or cost.kind is Kind.DUAL_MAC:
            found[steps.index(cost.step)] += PRODUCTS.get(cost.kind, 0) * cost.executions
    return found


def product_lines(kernel: str) -> list[str]:
    """Lines of the statements in a kernel that add a product to a sum."""
    file = shipped("firmware", "kernels") / f"{kernel}.h"
    text = file.read_text()
    found = [statement.span() for statement in re.finditer(r"sums?(\[\d\])? \+= [^;]*\*[^;]*;", text)]
    assert found
    spans = [[text.count("\n", 0, at) + 1 for at in span] for span in found]
    return [f"{file.name}:{line}" for first, last in spans for line in range(first, last + 1)]


def times(plan: Plan, step: Step) -> Array:
    """How often each pixel of what a step writes is computed."""
    stage, op = plan.schedule.stages[step.stage], plan.graph.ops[step.op]
    name, counts = (
        op.outputs[0],
        np.zeros(grid(op, plan.graph) if len(plan.graph[op.outputs[0]].shape) == 4 else 1, int),
    )
    if isinstance(stage, Patches):
        for regions in stage.regions:
            r = regions[name]
            counts[r.y0 : r.y1, r.x0 : r.x1] += 1
    elif isinstance(stage, Rolling):
        for strip in stage.strips:
            maps = rasters(plan.graph, stage.pieces, strip)
            for written, number in Flow(plan.graph, stage.ops, maps, stage.streamed, stage.outputs).run():
                if written == name:
                    y, x0, x1 = maps[name].place(number)
                    counts[y, x0:x1] += 1
    else:
        counts += 1
    return counts


def taps(window: Window, outputs: int, size: int) -> Array:
    """Taps of each output's window that lie in the tensor."""
    first = np.arange(outputs)[:, None] * window.stride - window.before
    at = first + np.arange(window.kernel) * window.dilation
    return np.asarray(((at >= 0) & (at < size)).sum(axis=1))


def share_inside(plan: Plan, step: Step) -> float:
    """Of all taps that a step goes over, the share that is not on padding."""
    op = plan.graph.ops[step.op]
    if not isinstance(op.attrs, Conv2D | DepthwiseConv2D):  # BOTTLENECK has windows that count whole
        return 1.0
    counts, (_, rows, cols, _) = times(plan, step), plan.graph[op.present_inputs[0]].shape
    inside = np.outer(taps(op.attrs.y, counts.shape[0], rows), taps(op.attrs.x, counts.shape[1], cols))
    return float((counts * inside).sum() / (counts.sum() * op.attrs.y.kernel * op.attrs.x.kernel))


@pytest.mark.parametrize(
    ("net", "schedule", "extra"),
    [
        ("squeezed", Part("layers"), ()),
        ("squeezed", Part("patch", "2x2"), ("halos",)),
        ("squeezed", Part("rolling"), ()),
        ("squeezed", Part("rolling", "mac=1.5,input=reread"), ("strips", "again")),
        ("residuals", Part("rolling", "mac=1.5"), ("strips", "as one")),
    ],
    ids=str,
)
def test_macs_that_are_printed_are_those_that_are_executed(
    net: str, schedule: Part, extra: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HILBENCH_CACHE", str(tmp_path))
    plan = make_plan(NETS[net](), schedule, frozenset())
    stages = plan.schedule.stages
    assert ("strips" in extra) == any(isinstance(each, Rolling) and len(each.strips) > 1 for each in stages)
    assert ("again" in extra) == any(op.again for op in plan.graph.ops)
    assert ("as one" in extra) == any(step.kernel == WHOLE for step in plan.steps)
    assert (plan.extra_macs > 0) == bool(extra)
    counted = multiplied(plan, tmp_path)
    for step in plan.steps:
        assert step.macs == 0 or step.kernel in (*SINGLES, WHOLE)
        assert counted[step.index] == round(step.macs * share_inside(plan, step)), step.name
    assert plan.extra_macs == sum(step.macs for step in plan.steps) - macs(NETS[net]())
