"""Weights laid out for words of two activations give the sums that the plain layout gives."""

from __future__ import annotations

import numpy as np
import pytest

from hilbench.kernels.thumb import (
    pair_bias,
    pair_channels,
    pair_weights,
    quad_channels,
    quad_inputs,
    quad_weights,
    word_terms,
)
from hilbench.kernels.twoproducts import TwoProducts


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 8, 9, 17])
def test_every_byte_lies_in_one_halfword(count: int) -> None:
    terms = word_terms(count)
    assert sorted(terms[terms >= 0].tolist()) == list(range(count))
    assert len(terms) == count // 4 * 2 + (count % 4 + 1) // 2


@pytest.mark.parametrize(("channels", "rows", "count"), [(1, 1, 1), (2, 3, 9), (5, 2, 8), (3, 4, 7)])
def test_pairs_give_the_sums(channels: int, rows: int, count: int) -> None:
    rng = np.random.default_rng(count)
    weights = rng.integers(-128, 128, (channels, rows, count)).astype(np.int8)
    bias = rng.integers(-999, 999, channels).astype(np.int32)
    x, offset = rng.integers(-128, 128, (rows, count)), -31
    terms = word_terms(count)
    words = np.where(terms >= 0, x[:, np.maximum(terms, 0)] + 128, 0).reshape(-1, 2)
    full = np.zeros((20, 2), np.int64)
    full[: len(words)] = words
    packed = pair_weights(weights, len(full)).reshape(-1, len(full), 2, 2).astype(np.int64)
    sums = np.einsum("pwhc,wh->pc", packed, full).reshape(-1)[:channels]
    begun = pair_bias(weights.reshape(channels, -1), bias, offset)
    assert len(begun) == -(-channels // 2) * 2
    expected = ((x + offset) * weights.astype(np.int64)).sum(axis=(1, 2)) + bias
    np.testing.assert_array_equal(sums + begun[:channels], expected)


@pytest.mark.parametrize("taps", [1, 3, 4, 9])
def test_quads_hold_every_weight_once(taps: int) -> None:
    weights = np.arange(taps * 8, dtype=np.int8).reshape(taps, 8) + 1
    packed = quad_weights(weights).reshape(2, -1, 4)
    assert packed.shape[1] % 3 == 0
    np.testing.assert_array_equal(packed[:, :taps].transpose(1, 0, 2).reshape(taps, 8), weights)
    assert not packed[:, taps:].any()


def test_quads_of_inputs_lie_channel_by_channel() -> None:
    weights = np.arange(8 * 12, dtype=np.int8).reshape(8, 12)
    packed = quad_inputs(weights).reshape(2, 3, 4, 4)
    for c, i in ((0, 0), (3, 5), (6, 11)):
        assert packed[c // 4, i // 4, c % 4, i % 4] == weights[c, i]
    assert sorted(packed.reshape(-1).tolist()) == list(range(96))


def test_channels_lie_group_by_group() -> None:
    begun = np.arange(4, dtype=np.int32)
    solved = TwoProducts((10, 0, 0, 0), *((n, n + 1, n + 2, n + 3) for n in (20, 30, 40, 50, 60)))
    scales = [[20 + c, 30 + c, 40 + c, 50 + c, 60 + c] for c in range(4)]
    pairs = [10, 1, *scales[0], *scales[1], 2, 3, *scales[2], *scales[3]]
    assert pair_channels(begun, solved).tolist() == pairs
    assert quad_channels(begun, solved).tolist() == [10, 1, 2, 3, *scales[0], *scales[1], *scales[2], *scales[3]]
