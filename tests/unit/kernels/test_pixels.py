"""Streams of `hb_pixels.h` hold, pair by pair, what `hb_packed.h` keeps in arrays of its own."""

from __future__ import annotations

import numpy as np
import pytest

from hilbench.ir.attrs import Conv2D
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph
from hilbench.ir.quantized import ConvConstants
from hilbench.ir.region import Window
from hilbench.kernels.families.convolution import Convolution
from hilbench.kernels.packed import packed_bias, packed_pairs
from hilbench.kernels.pixels import collected, stream
from hilbench.kernels.requantize import Staircase
from tests.conformance.kernel_cases import convolution

CONSTANTS = ConvConstants(
    input_offset=128,
    output_offset=-3,
    multiplier=(1 << 30, 5, 6, 7, 8),
    shift=(-1, -2, -3, -4, -5),
    act_min=-128,
    act_max=127,
)
STAIRCASE = Staircase((10, 20, 30, 40, 50), (1, 2, 3, 4, 5), (0, 1, -1, 2, -2))


@pytest.mark.parametrize("solved", [None, STAIRCASE])
def test_stream_holds_bias_words_and_constants_of_pairs(solved: Staircase | None) -> None:
    weights = np.random.default_rng(3).integers(-127, 128, (5, 2, 1, 3)).astype(np.int8)
    terms = np.pad(weights.reshape(5, -1), ((0, 0), (0, 2)))
    begun = packed_bias(terms, np.arange(5, dtype=np.int32), 128).astype(np.int64)
    pairs = stream(weights, np.arange(5, dtype=np.int32), CONSTANTS, solved).reshape(3, -1)
    assert (pairs[:, 2:6].reshape(-1) == packed_pairs(terms).view(np.int32)).all()
    order = np.array([[0, 1], [2, 3], [3, 4]])
    added = np.zeros(5, np.int64) if solved is None else np.array(solved.bias)
    assert (pairs[:, :2] == (begun + added)[order]).all()
    multiplier = CONSTANTS.multiplier if solved is None else solved.multiplier
    assert (pairs[:, 6:8] == np.array(multiplier)[order]).all()
    assert pairs.shape[1] == (12 if solved is None else 10)
    if solved is None:
        assert (pairs[:, 10:] == -np.array(CONSTANTS.shift)[order]).all()


def conv(in_cols: int, channels: int, rows: int, cols: int) -> Graph:
    attrs = Conv2D(Window(rows, 1, 1, rows // 2, rows // 2), Window(cols, 1, 1, cols // 2, cols // 2))
    return convolution((1, 8, in_cols, channels), (4, rows, cols, channels), attrs, DType.INT8)


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        (conv(8, 8, 3, 3), False),
        (conv(8, 6, 3, 3), True),  # pixels are no whole words
        (conv(8, 8, 5, 3), True),  # a tall window
        (conv(3, 8, 3, 5), True),  # padding at both sides of one row
    ],
)
def test_what_is_collected(graph: Graph, expected: bool) -> None:
    (op,) = graph.ops
    assert collected(op, graph) == expected
    call = Convolution().calls(op, graph)[0]
    assert call.arguments["pixels_collected"] == expected
    zeros = Convolution().array("pixels_padding", op, graph, call)
    assert len(zeros) == op.attrs.x.extent * graph[op.inputs[0]].shape[3]  # type: ignore[union-attr, index]
