"""Packed weights give 256 times the sums, as `hb_packed.h` multiplies them, whatever the window leaves of its rows."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hilbench.ir.quantized import ConvConstants
from hilbench.kernels.packed import (
    packed_bias,
    packed_fits,
    packed_pairs,
    packed_records,
    packed_terms,
    packed_weights,
    padded_inputs,
    staircase_records,
)
from hilbench.kernels.requantize import Staircase


def products(words: np.ndarray, x: np.ndarray) -> int:
    """What two SMLAD per quad add up, with int32 words of weights and activations [quad, 4]."""
    halves = words.copy().view(np.int16).reshape(-1, 2).astype(np.int64)
    low = (halves & 0xFF).astype(np.uint8).view(np.int8).astype(np.int64)
    first, second = x[:, 0::2], 256 * x[:, 1::2] + 127 - x[:, 0::2]
    assert (np.abs(second + 0.5) < 2**15).all(), "the second word has to fit 16 bits"
    return int((halves * first + low * second).sum())


@given(st.integers(0, 2**32), st.integers(1, 9), st.integers(1, 21))
def test_fully_connected(seed: int, outputs: int, inputs: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
    bias, offset = rng.integers(-999, 999, outputs).astype(np.int32), int(rng.integers(-127, 129))
    full = np.zeros(padded_inputs(inputs), np.int64)
    full[:inputs] = rng.integers(-128, 128, inputs)
    words = packed_weights(weights).view(np.int32).reshape(-1, len(full) // 4, 4)
    sums = (full[:inputs] + offset) @ weights.T.astype(np.int64) + bias
    for o in range(outputs):
        total = products(words[o // 4, :, o % 4], full.reshape(-1, 4)) + int(packed_bias(weights, bias, offset)[o])
        assert (total - 256 * int(sums[o])) % 2**32 == 0


@given(st.integers(0, 2**32), st.integers(2, 7), st.integers(1, 5), st.integers(1, 11))
def test_convolution(seed: int, outputs: int, rows: int, run: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.integers(-127, 128, (outputs, rows, 1, run)).astype(np.int8)
    window = rng.integers(-128, 128, (1, rows, 1, run)).astype(np.int8)
    terms, x = packed_terms(weights), packed_terms(window).astype(np.int64).reshape(-1, 4)
    words = packed_pairs(terms).view(np.int32).reshape(-1, len(x), 2)
    begun = packed_bias(terms, np.zeros(outputs, np.int32), 128)
    for o in range(outputs):
        pair, which = (o // 2, o % 2) if o + 1 < outputs or outputs % 2 == 0 else (o // 2, 1)
        total = products(words[pair, :, which], x) + int(begun[o])
        assert (total - 256 * int(((window.astype(np.int64) + 128) * weights[o]).sum())) % 2**32 == 0


def test_records_of_an_odd_channel_hold_the_one_before_it_again() -> None:
    constants = ConvConstants(128, 3, (5, 6, 7), (-1, -2, -9), -128, 127)
    records = packed_records(np.array([10, 20, 30], np.int32), constants).reshape(2, 7)
    assert records.tolist() == [[10, 20, 5, 6, 7, 14, 1 | 2 << 8], [20, 30, 6, 7, 14, 7 << 8, 2 | 9 << 8]]
    solved = Staircase((1, 2, 3), (4, 5, 6), (-7, 0, 7))
    steps = staircase_records(np.array([10, 20, 2**31 - 1]), solved).reshape(2, 6)
    zero = -255 << 10
    assert steps.tolist() == [[11, 22, 4, 5, zero - 7, zero], [22, -(2**31) + 2, 5, 6, zero, zero + 7]]


def test_what_does_not_fit() -> None:
    weights, small = np.full((2, 4), -127, np.int8), np.array([100, 2**23 - 1])
    assert packed_fits(weights, small)
    assert not packed_fits(weights, small + 1)
    assert not packed_fits(weights - 1, small)
