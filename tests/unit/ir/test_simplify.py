"""Simplification changes no output, and leaves out what does nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hilbench.ir.attrs import Concat, Pad, Reshape, ResizeNearest, Transpose
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Attrs, Graph
from hilbench.ir.reference import run
from hilbench.ir.simplify import simplify
from hilbench.ir.verify import verify
from tests.graphs import Builder, random_graph, random_inputs


def same(graph: Graph, seed: int) -> Graph:
    """The simplified graph, which has to compute the same."""
    found = simplify(graph)
    verify(found)
    inputs = random_inputs(graph, seed)
    before, after = run(graph, inputs), run(found, inputs)
    for name in graph.outputs:
        np.testing.assert_array_equal(before[name], after[name])
    return found


@pytest.mark.parametrize("dtype", [DType.INT8, DType.FLOAT32])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_random_graphs(dtype: DType, seed: int) -> None:
    graph = random_graph(seed, dtype)
    same(replace(graph, outputs=graph.outputs[:1]), seed)


@pytest.mark.parametrize(
    ("kind", "attrs"),
    [
        ("PAD", Pad(((0, 0),) * 4)),
        ("TRANSPOSE", Transpose((0, 1, 2, 3))),
        ("RESHAPE", Reshape()),
        ("RESIZE_NEAREST_NEIGHBOR", ResizeNearest()),
        ("QUANTIZE", Attrs()),
    ],
)
def test_operators_that_do_nothing(kind: str, attrs: Attrs) -> None:
    b = Builder(0, DType.INT8)
    x = b.input((1, 3, 4, 2))
    y = b.op(kind, (x,), attrs, b.like(x), b.shape(x))
    b.op("RELU", (y,), Attrs(), b.like(x))
    found = same(b.done(), 0)
    assert [op.kind for op in found.ops] == ["RELU"]
    assert found.ops[0].inputs == (x,)


def test_an_output_of_the_graph_keeps_its_operator() -> None:
    b = Builder(0, DType.INT8)
    x = b.input((1, 3, 4, 2))
    b.op("RESHAPE", (x,), Reshape(), b.like(x), b.shape(x))
    assert len(same(b.done(), 0).ops) == 1


def test_constants_are_computed_once() -> None:
    b = Builder(0, DType.INT8)
    x, c = b.input((1, 4)), b.values((1, 4))
    relu = b.op("RELU", (c,), Attrs(), b.quant())
    b.op("CONCATENATION", (x, relu), Concat(1), b.like(x))
    found = same(b.done(), 0)
    assert [op.kind for op in found.ops] == ["CONCATENATION"]
    assert found[relu].data is not None


def test_what_nobody_reads_is_left_out() -> None:
    graph = random_graph(3)
    found = same(replace(graph, outputs=(graph.ops[0].outputs[0],)), 0)
    assert len(found.ops) == 1
    assert set(found.tensors) == {*found.ops[0].present_inputs, *found.ops[0].outputs, *graph.inputs}
