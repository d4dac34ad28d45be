"""Inverted residuals in bands of rows: what each band reads and costs, and how far its output may lie in its input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hilbench.boards import find
from hilbench.ir.graph import Graph, Op
from hilbench.ir.opdef import OPS
from hilbench.ir.reference import run
from hilbench.ir.region import Region
from hilbench.plan.describe import describe_schedule
from hilbench.plan.plan import Plan
from hilbench.plan.search import place_schedule
from hilbench.plan.working import Kernels
from hilbench.variants.bands import band_heights, band_lead, banded_macs, bands
from hilbench.variants.channelwise import as_one, expand_macs, inverted
from hilbench.variants.schedule import Layer, Overlap, Schedule
from hilbench.variants.strips import op_macs
from tests.conformance.test_variants import executed
from tests.graphs import random_inputs
from tests.nets import bottlenecks
from tests.unit.plan.simulate import Machine

FEATURES = find("mps2-an386").core.features


@pytest.fixture(scope="module")
def graph() -> Graph:
    """Every inverted residual as one operator."""
    made = bottlenecks(6)
    for first in sorted(inverted(made), reverse=True):
        made = as_one(made, first)
    return made


def blocks(graph: Graph) -> list[Op]:
    return [op for op in graph.ops if op.kind == "BOTTLENECK"]


def banded(graph: Graph, which: int) -> Plan:
    """Each block in the which-th height of bands, over its input if that dies."""
    stages = []
    for position, op in enumerate(graph.ops):
        if op.kind != "BOTTLENECK":
            stages.append(Layer(position))
            continue
        heights = band_heights(op, graph)
        rows, (name, *_) = heights[which % len(heights)], op.present_inputs
        dies = graph.consumers[name][-1] == position
        overlap = Overlap(op.outputs[0], name, band_lead(op, graph, rows)) if dies else None
        stages.append(Layer(position, rows, overlap))
    schedule = Schedule(tuple(stages))
    lean = [ways[-1] for ways in Kernels(graph, FEATURES).along(schedule)]
    return place_schedule(graph, schedule, lean, tuple(op_macs(op, graph) for op in graph.ops))


@pytest.mark.parametrize("which", range(6))
def test_bands_compute_the_references_bytes(graph: Graph, which: int) -> None:
    inputs, (name,) = random_inputs(graph, 3), graph.outputs
    plan = banded(graph, which)
    np.testing.assert_array_equal(Machine(plan).run(inputs)[name], run(graph, inputs)[name])


def test_firmware_computes_them_too(graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HILBENCH_CACHE", str(tmp_path))
    inputs, (name,) = random_inputs(graph, 3), graph.outputs
    np.testing.assert_array_equal(executed(banded(graph, 1), inputs)[name], run(graph, inputs)[name])


def test_a_lead_is_as_long_as_the_bands_need_it(graph: Graph) -> None:
    """After each band nothing is written that a later one reads; four bytes less would be too few."""
    for op in blocks(graph):
        x, y = graph[op.present_inputs[0]], graph[op.outputs[0]]
        for rows in band_heights(op, graph):
            read = bands(op, graph, rows)
            unread = [min(first for first, _ in read[i + 1 :]) for i in range(len(read) - 1)] + [x.shape[1]]
            written = [min((i + 1) * rows, y.shape[1]) for i in range(len(read))]
            ahead = max(
                after * y.nbytes // y.shape[1] - before * x.nbytes // x.shape[1]
                for after, before in zip(written, unread, strict=True)
            )
            assert max(ahead, 0) <= band_lead(op, graph, rows) < max(ahead, 0) + 4


def test_macs_are_those_of_the_pixels_that_bands_read(graph: Graph) -> None:
    for op in blocks(graph):
        (_, tall, wide, _), (_, height, cols, _) = graph[op.present_inputs[0]].shape, graph[op.outputs[0]].shape
        for rows in (0, *band_heights(op, graph)):
            times = np.zeros((tall, wide), int)
            read = []
            for y in range(0, height, rows or height):
                part = Region(y, min(y + (rows or height), height), 0, cols)
                need = OPS[op.kind].input_region(op, graph, 0, part)
                assert need is not None
                times[need.y0 : need.y1, need.x0 : need.x1] += 1
                read.append((need.y0, need.y1))
            assert bands(op, graph, rows) == read
            other = OPS[op.kind].macs(op, graph) - expand_macs(op, graph)
            assert banded_macs(op, graph, rows) == other + expand_macs(op, graph) * times.sum() // times.size
            once = np.count_nonzero(times)
            assert banded_macs(op, graph, rows, once=True) == other + expand_macs(op, graph) * once // times.size


def test_all_rows_at_once_are_expanded_once(graph: Graph) -> None:
    plan = banded(graph, -1)
    assert plan.extra_macs == 0
    assert plan.macs == sum(op_macs(op, graph) for op in graph.ops)
    assert banded(graph, 0).extra_macs > 0


def test_bands_are_told(graph: Graph) -> None:
    text = describe_schedule(banded(graph, 0))
    assert text.count("as one (BOTTLENECK), 1 row at a time") == 3
    assert text.endswith("; the rest layer by layer")
