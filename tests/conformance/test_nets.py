"""Nets of the shapes that people deploy: firmware gives the reference's bytes, rolling needs less than layers do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hilbench.ir.reference import run
from hilbench.plan.make import make_plan
from hilbench.variants.variant import Part, Variant
from tests.conformance.test_variants import FEATURES, executed, planned
from tests.graphs import random_inputs
from tests.nets import NETS

RUNS = (
    ("detector", "int8+rolling:input=streamed"),
    ("sequence", "int8+patch:1x4"),
    ("sequence", "int8+rolling:pixels=3,mac=1.5"),
    ("squeezed", "int8+rolling:pixels=4,mac=1.5"),
    ("bottlenecks", "int8+rolling:input=reread,mac=1.1"),
)


@pytest.mark.parametrize(("net", "variant"), RUNS)
def test_firmware_gives_the_references_bytes(
    net: str, variant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HILBENCH_CACHE", str(tmp_path))
    ready, plan = planned(NETS[net](2), Variant.parse(variant))
    inputs = random_inputs(ready, 2)
    expected, found = run(ready, inputs), executed(plan, inputs)
    assert any(op.again for op in plan.graph.ops) == (net == "squeezed")
    assert any(op.kind == "BOTTLENECK" for op in plan.graph.ops) == (net == "bottlenecks")
    for name in ready.outputs:
        assert len(np.unique(expected[name])) > 2
        np.testing.assert_array_equal(found[name], expected[name])


@pytest.mark.parametrize("net", [name for name in NETS if name != "image"])
def test_rolling_never_needs_more_than_layers(net: str) -> None:
    graph = NETS[net](2)
    layers = make_plan(graph, Part("layers"), FEATURES)
    rolling = make_plan(graph, Part("rolling"), FEATURES)
    assert rolling.arena_bytes < layers.arena_bytes
    assert rolling.extra_macs == 0


def test_a_large_image_streams_through_little() -> None:
    graph = NETS["image"](2)
    plan = make_plan(graph, Part("rolling", "input=streamed"), FEATURES)
    assert plan.arena_bytes * 6 < graph[graph.inputs[0]].nbytes
