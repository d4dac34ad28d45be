"""What is folded computes the same, to the bit, and what could not is left alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hilbench.ir.attrs import Activation, Attrs
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, Op, QuantParams
from hilbench.ir.reference import run
from hilbench.plan.fold import ACTIVATED, fold, fold_activations
from tests.graphs import only, random_inputs

MAKERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD", "SUB", "MUL", "AVERAGE_POOL_2D", "MAX_POOL_2D")
SEEDS = range(12)


def activated(kind: str, activation: str, seed: int, dtype: DType) -> Graph:
    """An operator that clamps nothing, and a RELU or RELU6 of its output, in the same quantization."""
    graph = only(kind, seed, dtype)
    last = graph.ops[-1]
    assert isinstance(last.attrs, ACTIVATED)
    made, name = graph[last.outputs[0]], "clamped"
    ops = (
        *graph.ops[:-1],
        replace(last, attrs=replace(last.attrs, activation=Activation.NONE)),
        Op(activation, (made.name,), (name,), Attrs(), len(graph.ops)),
    )
    return replace(graph, ops=ops, tensors={**graph.tensors, name: replace(made, name=name)}, outputs=(name,))


@pytest.mark.parametrize("dtype", [DType.INT8, DType.FLOAT32])
@pytest.mark.parametrize("activation", ["RELU", "RELU6"])
@pytest.mark.parametrize("kind", MAKERS)
def test_the_operator_before_clamps(kind: str, activation: str, dtype: DType) -> None:
    for seed in SEEDS:
        graph = activated(kind, activation, seed, dtype)
        folded, inputs = fold(graph), random_inputs(graph, seed)
        assert len(folded.ops) < len(graph.ops) and activation not in {op.kind for op in folded.ops}
        np.testing.assert_array_equal(run(folded, inputs)["clamped"], run(graph, inputs)["clamped"])


def test_what_somebody_else_reads_stays() -> None:
    graph = activated("CONV_2D", "RELU", 0, DType.INT8)
    both = replace(graph, outputs=(*graph.outputs, graph.ops[-1].inputs[0] or ""))
    assert fold_activations(both) is both


def test_what_is_rounded_again_stays() -> None:
    graph = activated("CONV_2D", "RELU", 0, DType.INT8)
    other = replace(graph["clamped"], quant=QuantParams((0.5,), (-128,)))
    assert fold_activations(graph) is not graph
    rounded = replace(graph, tensors={**graph.tensors, "clamped": other})
    assert fold_activations(rounded) is rounded


def test_what_is_clamped_already_stays() -> None:
    graph = activated("ADD", "RELU6", 0, DType.INT8)
    twice = fold_activations(graph)
    last = Op("RELU", ("clamped",), ("again",), Attrs(), 9)
    more = replace(
        twice, ops=(*twice.ops, last), tensors={**twice.tensors, "again": replace(graph["clamped"], name="again")}
    )
    more = replace(more, outputs=("again",))
    assert fold_activations(more) is more
