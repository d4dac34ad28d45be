"""Streams of `hb_pixels.h`: packed weights of pairs of output channels, each with what its sums begin and end with."""

from __future__ import annotations

import numpy as np

from hilbench.ir.attrs import Conv2D
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.quantized import ConvConstants
from hilbench.kernels.family import constant
from hilbench.kernels.packed import packed_bias, packed_pairs, packed_records, staircase_records
from hilbench.kernels.requantize import Staircase

_WORD = 4
"""Bytes of activations that are read at a time."""

_ROWS = 3
"""Of HB_PIXELS_RUNS: rows of a window of which each is one run, or two at a border."""


def collected(op: Op, graph: Graph) -> bool:
    """Whether what an output pixel reads has to be put together before it can be read in whole words."""
    assert isinstance(op.attrs, Conv2D)
    _, kernel_h, kernel_w, depth = constant(op.inputs[1], op, graph).shape
    narrow = graph[op.present_inputs[0]].shape[2] < kernel_w
    return bool(depth % _WORD or kernel_h > _ROWS or narrow)


def padding(op: Op, graph: Graph, input_offset: int) -> Array:
    """int8 [kernel_w * in_channels]: zero points of the input; one where none is read."""
    _, _, kernel_w, depth = constant(op.inputs[1], op, graph).shape
    assert isinstance(op.attrs, Conv2D)
    padded = any(w.before > 0 or w.after > 0 for w in (op.attrs.y, op.attrs.x))
    return np.full(kernel_w * depth if padded else 1, -input_offset, np.int8)


def stream(weights: Array, bias: Array, constants: ConvConstants, solved: Staircase | None = None) -> Array:
    """int32 words: of each pair of channels biases, weights, multipliers, addends, and shifts if it is no staircase.

    An odd last channel makes a pair with the one before it once more.

    Args:
        weights: int8 [output, row, column, channel].
        bias: int32 [channel].
        constants: those of the operator.
        solved: requantization in two instructions.
    """
    rows = weights.reshape(len(weights), -1)
    terms = np.pad(rows, ((0, 0), (0, -rows.shape[1] % _WORD)))
    begun = packed_bias(terms, bias, constants.input_offset)
    pairs = -(-len(terms) // 2)
    words = packed_pairs(terms).view(np.int32).reshape(pairs, -1)
    if solved is not None:
        records = staircase_records(begun, solved).reshape(pairs, -1)
    else:
        records = packed_records(begun, constants).reshape(pairs, -1)
        shifts = records[:, -1:]
        records = np.concatenate([records[:, :-1], shifts & 0xFF, shifts >> 8], axis=1)
    return np.concatenate([records[:, :2], words, records[:, 2:]], axis=1).astype(np.int32).reshape(-1)
