"""Winograd's minimal filtering of 3×3 windows with stride 1 in integers, as `hb_winograd.h` computes it.

F(4×4, 3×3) of Lavin and Gray (2016, section 4.1; arXiv 1509.09308) with G, whose entries are fractions, times 24 makes
576 times the sums. Inputs are taken as x + 128, so that padding and every transformed number are known to fit 16 bits;
what that is away from x + input_offset goes into the bias. Sums are right modulo 2^32, hence 576 sums give 64 sums (9
has an inverse modulo 2^32), or 128 sums for the staircase.
"""

from __future__ import annotations

import numpy as np

from hilbench.ir.fixedpoint import wrap32
from hilbench.ir.graph import Array
from hilbench.ir.quantized import ConvConstants
from hilbench.kernels.requantize import STAIRCASE_ADDEND, STAIRCASE_FACTOR, Staircase

KERNEL = 3
"""Rows and columns of the windows."""

SUM_FACTOR = 64
"""What sums are multiplied by where outputs are no staircases."""

SUM_LIMIT = 2**31 // SUM_FACTOR

FILTER = np.array([[6, 0, 0], [4, 4, 4], [4, -4, 4], [1, 2, 4], [1, -2, 4], [0, 0, 12]])
"""24 G, two rows with the other sign; the last is halved, which keeps products of two rows within 16 bits."""

_ROUND_CHANNELS = 16
_TILES_BYTES = 20480


def tiles(channels: int, rows: int, cols: int) -> int:
    """How many tiles of 4×4 of so many outputs are transformed at a time where weights are not stored: blocks of four.

    The weights' transform is shared by all of them. A tile takes 72 bytes per input channel.
    """
    blocks = -(-(-(-rows // 4) * -(-cols // 4)) // 4)
    fitting = max(_TILES_BYTES // (4 * 72 * -(-channels // _ROUND_CHANNELS) * _ROUND_CHANNELS), 1)
    return 4 * -(-blocks // -(-blocks // fitting))


def stored_weights(weights: Array) -> Array:
    """Transformed weights, int32: words of two int16 for [pair of output channels, place, word, channel of the pair].

    Of four input channels 0 and 2 make a word, then 1 and 3, as `hb_dsp.h` widens bytes; zeros fill up whole rounds of
    the inner loop, and the last pair.

    Args:
        weights: int8 [output channel, 3, 3, input channel], a multiple of four input channels.
    """
    places = np.einsum("yi,xj,oijc->oyxc", FILTER, FILTER, weights.astype(np.int64))
    return _pairs(places.reshape(len(weights), FILTER.shape[0] ** 2, -1))


def stored_row_weights(weights: Array) -> Array:
    """The same of weights [output channel, kernel height, 3, input channel], transformed along rows: six places."""
    places = np.einsum("xj,oijc->oxic", FILTER, weights.astype(np.int64))
    return _pairs(places.reshape(len(weights), FILTER.shape[0], -1))


def _pairs(places: Array) -> Array:
    """Words for [pair of output channels, place, word, channel of the pair] of [output channel, place, input]."""
    outputs, count, inputs = places.shape
    filled = np.zeros((-(-outputs // 2) * 2, count, -(-inputs // _ROUND_CHANNELS) * _ROUND_CHANNELS), "<i2")
    filled[:outputs, :, :inputs] = places
    halves = filled.reshape(-1, 2, count, filled.shape[2] // 4, 2, 2)  # pair, channel of it, place, fours, half, word
    words = np.ascontiguousarray(halves.transpose(0, 2, 3, 5, 1, 4))  # pair, place, fours, word, channel of it, half
    return words.reshape(-1).view("<i4").astype(np.int32)


def requantization(constants: ConvConstants, terms: Array, bias: Array, solved: Staircase | None) -> Array:
    """int32 [4 × channels]: bias, multiplier, addend and shift of `hb_dsp_channel`; shift 0 where it is a staircase.

    Args:
        constants, bias: those of the operator.
        terms: int8 [channel, term].
        solved: the staircases, where there are any.
    """
    offset = constants.input_offset - 128
    biases = bias.astype(np.int64) + offset * terms.astype(np.int64).sum(axis=1)
    if solved is None:
        right = -np.array(constants.shift, np.int64)
        addend = (2 * constants.output_offset + 1) << (right - 1)
        columns = [SUM_FACTOR * biases, np.array(constants.multiplier), addend, right]
    else:
        addend = STAIRCASE_ADDEND + np.array(solved.nudge)
        columns = [STAIRCASE_FACTOR * biases + np.array(solved.bias), np.array(solved.multiplier), addend, 0 * biases]
    return wrap32(np.stack(columns, axis=1).reshape(-1)).astype(np.int32)
