"""Winograd's filtering in integers: transformed weights fit 16 bits and give the sums of the window, to the bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hilbench.kernels.winograd import FILTER, stored_row_weights, stored_weights

INPUT = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
OUTPUT = np.array([[1, -1, -1, 1, 1, 0], [0, -1, 1, 2, -2, 0], [0, -1, -1, 4, 4, 0], [0, -1, 1, 8, -8, 2]])


def test_operands_fit_16_bits() -> None:
    assert 255 * np.abs(INPUT).sum(axis=1).max() ** 2 < 2**15
    assert 128 * np.abs(FILTER).sum(axis=1).max() ** 2 < 2**15


@given(st.integers(0, 2**32), st.integers(1, 5), st.integers(1, 9))
def test_stored_weights_give_576_times_the_sums(seed: int, outputs: int, fours: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.integers(-128, 128, (outputs, 3, 3, 4 * fours)).astype(np.int8)
    x = rng.integers(0, 256, (6, 6, 4 * fours))
    places = np.einsum("iy,jx,yxc->ijc", INPUT, INPUT, x).reshape(36, fours, 2, 2)  # place, fours, half, word
    stored = stored_weights(weights).view(np.int16).astype(np.int64)
    words = stored.reshape(-(-outputs // 2), 36, -(-fours // 4) * 4, 2, 2, 2)  # pair, place, fours, word, channel, half
    assert not words[:, :, fours:].any()
    products = np.einsum("pfhw,qpfwch->qcp", places, words[:, :, :fours]).reshape(-1, 6, 6)
    sums = np.einsum("yi,xj,oij->oyx", OUTPUT, OUTPUT, products)
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (0, 1))
    expected = np.einsum("yxcij,oijc->oyx", windows, weights.astype(np.int64))
    assert (sums[:outputs] == 576 * expected).all()
    assert not sums[outputs:].any()


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 3), st.integers(1, 5))
def test_stored_row_weights_give_24_times_the_sums(seed: int, outputs: int, height: int, fours: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.integers(-128, 128, (outputs, height, 3, 4 * fours)).astype(np.int8)
    x = rng.integers(0, 256, (height, 6, 4 * fours))
    terms = np.einsum("jx,yxc->jyc", INPUT, x).reshape(6, height * fours, 2, 2)  # place, fours, half, word
    stored = stored_row_weights(weights).view(np.int16).astype(np.int64)
    words = stored.reshape(-(-outputs // 2), 6, -(-height * fours // 4) * 4, 2, 2, 2)
    products = np.einsum("pfhw,qpfwch->qcp", terms, words[:, :, : height * fours]).reshape(-1, 6)
    windows = np.lib.stride_tricks.sliding_window_view(x, 3, 1)
    expected = np.einsum("yxcj,oyjc->ox", windows, weights.astype(np.int64))
    assert (np.einsum("xj,oj->ox", OUTPUT, products)[:outputs] == 24 * expected).all()
