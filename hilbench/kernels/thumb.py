"""Weights as kernels without SMLAD read them (`hb_thumb.h`): of two output channels, for words of two activations."""

from __future__ import annotations

import numpy as np

from hilbench.ir.fixedpoint import wrap32
from hilbench.ir.graph import Array
from hilbench.kernels.twoproducts import TwoProducts
from hilbench.kernels.weighted import whole_bias

_RECENTRED = 128
"""Activations are held as x + 128."""


def word_terms(count: int) -> Array:
    """int64 [word, 2]: which of `count` bytes lie in the low and the high halfword of each word; -1 where none does.

    Of every four bytes 0 and 2 make a word, then 1 and 3; of a rest of one or two, they do; of three, 0 and 2, then 1.
    """
    words = [(4 * i + low, 4 * i + low + 2) for i in range(count // 4) for low in (0, 1)]
    rest = count // 4 * 4
    ends: list[list[tuple[int, int]]] = [[], [(0, -1)], [(0, 1)], [(0, 2), (1, -1)]]
    words += [(rest + low, rest + high if high >= 0 else -1) for low, high in ends[count % 4]]
    return np.array(words, np.int64).reshape(-1, 2)


def pair_weights(weights: Array, words: int) -> Array:
    """int8 weights [channel, row, byte] as [channel pair, word, halfword, channel of the pair], one after another.

    Zeros fill up to `words` words, and take the place of the partner that an odd last channel lacks.
    """
    channels, rows, count = weights.shape
    terms = word_terms(count)
    padded = np.concatenate([weights, np.zeros((channels, rows, 1), np.int8)], axis=2)  # -1 finds the zero at the end
    taken = padded[:, :, terms].reshape(channels, -1, 2)
    full = np.zeros((-(-channels // 2) * 2, words, 2), np.int8)
    full[:channels, : taken.shape[1]] = taken
    return np.ascontiguousarray(full.reshape(-1, 2, words, 2).transpose(0, 2, 3, 1)).reshape(-1)


def pair_bias(weights: Array, bias: Array, input_offset: int) -> Array:
    """int32 [channel, filled up to pairs]: the bias for activations that are held as x + 128 (`whole_bias`)."""
    total = whole_bias(weights, bias, input_offset - _RECENTRED)
    return np.concatenate([total, np.zeros(-len(total) % 2, np.int32)])


def pair_channels(begun: Array, solved: TwoProducts) -> Array:
    """int32: an hb_pair_channels for every two channels, whose sums begin with `begun` and the phase."""
    return _channels(begun, solved, 2)


def single_channels(begun: Array, solved: TwoProducts) -> Array:
    """int32: an hb_thumb_channel for every channel, whose sum begins with `begun` and the phase."""
    return _channels(begun, solved, 1)


def quad_weights(weights: Array) -> Array:
    """int8 weights [tap, channel] as [four channels, tap, channel of them]; zeros fill up to rounds of three taps."""
    taps, channels = weights.shape
    full = np.zeros((-(-taps // 3) * 3, channels), np.int8)
    full[:taps] = weights
    return np.ascontiguousarray(full.reshape(len(full), -1, 4).transpose(1, 0, 2)).reshape(-1)


def quad_inputs(weights: Array) -> Array:
    """int8 weights [channel, input] as [four channels, four inputs, channel of the four, input of the four]."""
    channels, inputs = weights.shape
    return np.ascontiguousarray(weights.reshape(channels // 4, 4, inputs // 4, 4).transpose(0, 2, 1, 3)).reshape(-1)


def quad_channels(begun: Array, solved: TwoProducts) -> Array:
    """int32: an hb_quad_channels for every four channels, whose sums begin with `begun` and the phase."""
    return _channels(begun, solved, 4)


def _channels(begun: Array, solved: TwoProducts, group: int) -> Array:
    """For every `group` channels what their sums begin with, then the constants of each (hb_two_products)."""
    phased = wrap32(begun.astype(np.int64) + np.array(solved.phase)).astype(np.int32).reshape(-1, group)
    scales = np.array([solved.whole, solved.part, solved.addend, solved.shift, solved.kink], np.int32)
    return np.concatenate([phased, scales.T.reshape(len(phased), -1)], axis=1).reshape(-1)
