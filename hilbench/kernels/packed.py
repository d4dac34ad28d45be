"""Weights packed for SMLAD (`hb_packed.h`): words of four, of several outputs in turn.

Of weights w0, w1 the number 256 * w0 + w1 makes two bytes, which is why the upper one is w0 - 1 where w1 is negative,
and w0 cannot be -128 (int8 weights are symmetric, -127 to 127, but files may hold others).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hilbench.ir.attrs import Conv2D
from hilbench.ir.fixedpoint import wrap32
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.quantized import INT8_MIN, ConvConstants
from hilbench.kernels.family import Argument, constant
from hilbench.kernels.requantize import PACKED_SHIFT, Staircase

PIXELS = 256
"""More pixels in a tile than this make the weights' share of the time hardly smaller."""

MOST_BYTES = 16384
"""What a tile takes at most."""

ALWAYS_PIXELS, ALWAYS_BYTES = 128, 5632
"""The tile that may always be, if it takes no more than this."""

COPY_BLOCKS = 4
"""HB_PACKED_COPY_BLOCKS."""

_BLOCK = 4
"""Pixels that are computed at a time, unless there are fewer."""

_SPARE_BYTES = 1024
"""Kept for what lies beside a tile."""

_BAND_CHANNELS, _BAND_BYTES = 4, 3072
"""With fewer channels than this, what a tile reads is copied with its padding, where that takes no more bytes."""

_SUM_LIMIT = 2**23


def packed_members(op: Op, graph: Graph, pixels: int) -> dict[str, Argument]:
    """Quads that a pixel of a CONV_2D reads, how many of `pixels` make a tile, and what is done about padding."""
    assert isinstance(op.attrs, Conv2D)
    quads = packed_terms(constant(op.inputs[1], op, graph)[:1]).shape[1] // 4
    fitting = max(_tile_pixels(op, graph, 8 * quads), _BLOCK)
    tiles = -(-pixels // (fitting // _BLOCK * _BLOCK))
    padded = any(w.before > 0 or w.after > 0 for w in (op.attrs.y, op.attrs.x))
    tile = pixels if pixels < _BLOCK else -(-pixels // (_BLOCK * tiles)) * _BLOCK
    band = _band_bytes(op, graph, tile) if padded else 0
    return {"packed_quads": quads, "packed_pixels": tile, "padded": int(padded), "packed_band": band}


def _band_bytes(op: Op, graph: Graph, tile: int) -> int:
    """What a tile reads in bytes, rows of the padded input, or 0 where it is not to be copied."""
    assert isinstance(op.attrs, Conv2D)
    _, kernel_h, kernel_w, depth = map(int, constant(op.inputs[1], op, graph).shape)
    _, rows, cols, _ = graph[op.outputs[0]].shape
    y, x = op.attrs.y, op.attrs.x
    spanned = min(tile // cols + (2 if tile % cols else 0), rows)
    height = (spanned - 1) * y.stride + (kernel_h - 1) * y.dilation + 1
    size = height * ((cols - 1) * x.stride + kernel_w) * depth
    return size if depth < _BAND_CHANNELS and size <= _BAND_BYTES else 0


def _tile_pixels(op: Op, graph: Graph, size: int) -> int:
    """As many of `size` bytes as fit beside the operator's maps into what the largest maps of an operator take."""
    largest = max(_map_bytes(other, graph) for other in graph.ops)
    room = min(largest - _map_bytes(op, graph) - _SPARE_BYTES, MOST_BYTES)
    return max(min(room // size, PIXELS), min(ALWAYS_BYTES // size, ALWAYS_PIXELS))


def _map_bytes(op: Op, graph: Graph) -> int:
    return sum(graph[name].nbytes for name in {*op.present_inputs, *op.outputs} if graph[name].data is None)


def packed_spare(op: Op, graph: Graph, members: Mapping[str, Argument]) -> int:
    """Bytes that such a tile needs beside it: for what has padding, then for the weights of a pair."""
    _, _, kernel_w, depth = map(int, constant(op.inputs[1], op, graph).shape)
    quads, pixels, padded = (int(str(members[name])) for name in ("packed_quads", "packed_pixels", "padded"))
    copied = max(2 * kernel_w * depth * padded, int(str(members["packed_band"])))
    return max(-(-copied // 4) * 4, 8 * quads if pixels >= _BLOCK * COPY_BLOCKS else 0)


def packed_fits(weights: Array, reach: Array) -> bool:
    """Whether 256 times any sum fits 32 bits, and pairs of weights 16 bits; `reach` is the largest sum per channel."""
    return bool(reach.max() < _SUM_LIMIT and weights.min() > INT8_MIN)


def padded_inputs(inputs: int) -> int:
    """Inputs of a FULLY_CONNECTED, filled up to whole half rounds of its inner loop."""
    return -(-inputs // 8) * 8


def packed_weights(weights: Array) -> Array:
    """int8 weights [output, input] as `fully_connected_dsp_int8.h` reads them.

    Zeros fill up to four outputs and eight inputs.
    """
    outputs, inputs = weights.shape
    full = np.zeros((-(-outputs // 4) * 4, padded_inputs(inputs)), np.int8)
    full[:outputs, :inputs] = weights
    return _interleaved(full, 4)


def packed_pairs(terms: Array) -> Array:
    """int8 weights [output, term] of whole quads by pairs of outputs; an odd last one has the one before it again."""
    return _interleaved(terms[_pairs(len(terms)).reshape(-1)], 2)


def packed_terms(weights: Array) -> Array:
    """int8 weights [output, row, column, channel] as [output, term], in the order in which tiles hold terms.

    First come the whole words of all rows of the window, then what is left of the rows, four at a time in reverse.
    Zeros fill up the last quad.
    """
    rows = weights.reshape(*weights.shape[:2], -1)
    whole = rows.shape[2] // 4 * 4
    words, rest = (part.reshape(len(rows), -1) for part in (rows[:, :, :whole], rows[:, :, whole:]))
    fours = [rest[:, i : i + 4][:, ::-1] for i in range(0, rest.shape[1], 4)]
    fill = np.zeros((len(rows), -rest.shape[1] % 4), np.int8)
    return np.concatenate([words, *fours, fill], axis=1)


def packed_bias(weights: Array, bias: Array, input_offset: int) -> Array:
    """int32: 256 times the bias that makes good the input's offset, less 127 times odd weights; modulo 2^32.

    Args:
        weights: int8 [channel, term], in the order in which they are packed.
        bias: int32 [channel].
        input_offset: sums are of x + input_offset.
    """
    wide = weights.astype(np.int64)
    total = bias.astype(np.int64) + input_offset * wide.sum(axis=1)
    return wrap32(256 * total - 127 * wide[:, 1::2].sum(axis=1)).astype(np.int32)


def packed_records(bias: Array, constants: ConvConstants) -> Array:
    """Records of pairs of channels (`hb_packed.h`) for sums that begin with `bias`: the longer requantization.

    Args:
        bias: int32 [channel].
        constants: those of the operator.
    """
    shift = -np.array(constants.shift, np.int64)
    addend = (2 * constants.output_offset + 1) << (shift - 1)
    records = _by_pairs(bias, np.array(constants.multiplier), addend)
    pairs = _by_pairs(shift)
    return np.concatenate([records, pairs[:, :1] | pairs[:, 1:] << 8], axis=1).astype(np.int32).reshape(-1)


def staircase_records(bias: Array, solved: Staircase) -> Array:
    """The same for the requantization in two instructions."""
    begun = wrap32(bias.astype(np.int64) + solved.bias)
    addend = np.array(solved.nudge, np.int64) + (-255 << (PACKED_SHIFT - 1))
    return _by_pairs(begun, np.array(solved.multiplier), addend).astype(np.int32).reshape(-1)


def _by_pairs(*columns: Array) -> Array:
    """int64 [pair of channels, 2 * column]; an odd last channel has the one before it again."""
    order = _pairs(len(columns[0]))
    return np.stack([column.astype(np.int64)[order] for column in columns], axis=1).reshape(len(order), -1)


def _pairs(channels: int) -> Array:
    """Which channels make pairs, [pair, 2]."""
    last = (channels - 2, channels - 1) if channels % 2 else ()
    return np.array([*range(channels // 2 * 2), *last]).reshape(-1, 2)


def _interleaved(weights: Array, outputs: int) -> Array:
    """Weights [output, term] as words of four, of so many outputs in turn."""
    full = weights.astype(np.int16)
    pairs = (256 * full[:, 0::2] + full[:, 1::2]).astype("<i2")
    words = pairs.reshape(len(full) // outputs, outputs, -1, 2)
    return np.ascontiguousarray(words.transpose(0, 2, 1, 3)).reshape(-1).view(np.int8)
