"""Weights laid out for words of two activations give the sums that the plain layout gives."""

from __future__ import annotations

import numpy as np
import pytest

from hilbench.kernels.thumb import pair_bias, pair_weights, word_terms


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
