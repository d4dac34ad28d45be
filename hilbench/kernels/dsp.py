"""What kernels with SMLAD (`hb_dsp.h`) need to know beforehand: tile sizes, and whether their short forms are exact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hilbench.ir.fixedpoint import multiply
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.quantized import INT8_MAX, INT8_MIN, ConvConstants
from hilbench.kernels.family import Argument, constant

SCRATCH_BYTES = 4608
"""What tiles and planes may take: 16 pixels of a 3×3 convolution with 16 channels."""
SMALL_MAPS, SMALL_MAPS_SCRATCH_BYTES = 16384, 9216
"""Where input and output take no more bytes than this, memory is not at its peak, and tiles may take more."""
TILE_PIXELS = 48
"""More pixels than this make the weights' share of the time hardly smaller."""

_ROUND = 4
_SHIFT_MAX = 22
_SUM_LIMIT = 2**30


def tile_members(op: Op, graph: Graph, pixels: int) -> dict[str, Argument]:
    """Words that a pixel of a CONV_2D reads, in rounds of the inner loop, and how many of `pixels` make a tile."""
    _, kernel_h, kernel_w, depth = constant(op.inputs[1], op, graph).shape
    words = -(-kernel_h * wide_words(kernel_w * depth) // _ROUND) * _ROUND
    fitting = max(allowance(op, graph) // (4 * words), 4)
    tiles = -(-pixels // min(fitting // 4 * 4, TILE_PIXELS))
    terms = kernel_h * kernel_w * depth
    return {"terms": terms, "tile_words": words, "tile_pixels": -(-pixels // (4 * tiles)) * 4}


def allowance(op: Op, graph: Graph) -> int:
    """Bytes that tiles and planes may take."""
    maps = graph[op.present_inputs[0]].nbytes + graph[op.outputs[0]].nbytes
    return SMALL_MAPS_SCRATCH_BYTES if maps <= SMALL_MAPS else SCRATCH_BYTES


def wide_words(count: int) -> int:
    """Words that `count` bytes take when they are widened (HB_WIDE_WORDS)."""
    return count // 4 * 2 + (count % 4 + 1) // 2


def sum_bounds(constants: ConvConstants, weights: Array, bias: Array) -> tuple[Array, Array]:
    """Least and largest sum, each int64 [channel], of any input, also where padding (0) takes the place of inputs.

    Args:
        constants: those of the operator.
        weights: int8 [channel, term].
        bias: int32 [channel].
    """
    wide, low, high = weights.astype(np.int64), INT8_MIN + constants.input_offset, INT8_MAX + constants.input_offset
    least = np.minimum(wide * low, wide * high).sum(axis=1) + bias
    most = np.maximum(wide * low, wide * high).sum(axis=1) + bias
    return np.asarray(least), np.asarray(most)


def reach(constants: ConvConstants, weights: Array, bias: Array) -> Array:
    """int64 [channel]: the magnitude that no sum exceeds (`sum_bounds`)."""
    least, most = sum_bounds(constants, weights, bias)
    return np.asarray(np.maximum(np.abs(least), np.abs(most)))


def settled(constants: ConvConstants, weights: Array, bias: Array) -> tuple[ConvConstants, Array]:
    """Constants and bias that give the same outputs, with plain numbers for channels whose weights are all zero.

    Such a channel has one output, whatever its input. Converters leave biases near 2^30 and multipliers near 2^-31 for
    it; a bias of 4 * d, multiplier 2^30 and shift -1 give output_offset + d just as well, for
    round(round(4 d * 2^30 / 2^31) / 2) = d.
    """
    constant = np.array(~weights.any(axis=1))
    scaled = multiply(bias, constants.multiplier, constants.shift)
    output = np.clip(scaled + constants.output_offset, constants.act_min, constants.act_max)
    settled_bias = np.where(constant, 4 * (output - constants.output_offset), bias).astype(np.int32)
    multiplier = tuple(1 << 30 if c else m for c, m in zip(constant, constants.multiplier, strict=True))
    shift = tuple(-1 if c else e for c, e in zip(constant, constants.shift, strict=True))
    return replace(constants, multiplier=multiplier, shift=shift), settled_bias


def short_requantization(constants: ConvConstants, reach_of: Array) -> bool:
    """Whether no sum that any input can give is too large for the requantization of `hb_dsp.h`."""
    shifts = -np.array(constants.shift)
    return bool((reach_of < _SUM_LIMIT).all() and (shifts >= 1).all() and (shifts <= _SHIFT_MAX).all())
