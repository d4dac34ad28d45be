"""Pruned weights are stored sparse only where that is the cheaper way to multiply them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hilbench.boards import find
from hilbench.ir.attrs import Conv2D
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph
from hilbench.ir.region import Window
from hilbench.plan.make import make_plan
from hilbench.plan.storage import stored_by_price
from hilbench.variants.sparsity.magnitude import prune, pruning
from hilbench.variants.variant import LAYERS, Part
from tests.graphs import Builder, weighted

FEATURES = find("nucleo_l4r5zi").core.features


def pruned(argument: str, dtype: DType) -> Graph:
    """A convolution of 64 channels at 12 by 12 pixels."""
    b = Builder(3, dtype)
    x = b.input((1, 12, 12, 64))
    w, bias, output = weighted(b, x, (64, 1, 1, 64), 0, 64)
    b.op("CONV_2D", (x, w, bias), Conv2D(Window(1), Window(1)), output)
    graph = b.done()
    rng = np.random.default_rng(5)
    weights = graph[str(graph.ops[0].inputs[1])]
    spread = rng.integers(-127, 128, weights.shape) if dtype == DType.INT8 else rng.standard_normal(weights.shape)
    filled = replace(weights, data=spread.astype(weights.values.dtype))
    return graph.with_tensors([prune(filled, pruning(argument))])


@pytest.mark.parametrize("dtype", [DType.INT8, DType.FLOAT32])
@pytest.mark.parametrize(("argument", "storage"), [("0.05", "dense"), ("0.9", "sparse")])
def test_the_cheaper_one(argument: str, storage: str, dtype: DType) -> None:
    graph = pruned(argument, dtype)
    ready = stored_by_price(graph, FEATURES)
    assert ready[str(graph.ops[0].inputs[1])].storage == storage


def test_macs_are_those_that_the_kernel_executes() -> None:
    every = 144 * 64 * 64
    dense, sparse = (make_plan(pruned(r, DType.INT8), Part(LAYERS), FEATURES) for r in ("0.05", "0.9"))
    assert dense.macs == every and "sparse" not in str(dense.steps[0].kernel)
    assert every * 0.09 < sparse.macs < every * 0.11 and "sparse" in str(sparse.steps[0].kernel)


@pytest.mark.parametrize(
    ("argument", "kernel"),
    [
        ("0.9", "conv_2d_sparse_dsp_int8"),
        ("0.75,block=1x2", "conv_2d_sparse_pairs_dsp_int8"),
        ("0.75,block=1x4", "conv_2d_sparse_pairs_dsp_int8"),
        ("2:4", "conv_2d_sparse_quads_dsp_int8"),
        ("1:4", "conv_2d_sparse_dsp_int8"),
    ],
)
def test_the_encoding_that_suits_the_shape(argument: str, kernel: str) -> None:
    assert make_plan(pruned(argument, DType.INT8), Part(LAYERS), FEATURES).steps[0].kernel == kernel
