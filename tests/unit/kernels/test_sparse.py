"""Sparse weights decode to what was encoded, for any matrix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilbench.kernels.sparse import GAP_MAX, encode


def decode(values: np.ndarray, gaps: np.ndarray, counts: np.ndarray, width: int) -> np.ndarray:
    """What the kernels do: walk along a segment, entry by entry."""
    dense = np.zeros((len(counts), width), values.dtype)
    entry = 0
    for segment, count in enumerate(counts):
        place = 0
        for _ in range(count):
            place += int(gaps[entry])
            dense[segment, place] += values[entry]
            entry += 1
    assert entry == len(values)
    return dense


@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 1100), st.floats(0, 1))
def test_round_trip(seed: int, segments: int, width: int, density: float) -> None:
    rng = np.random.default_rng(seed)
    dense = np.where(rng.random((segments, width)) < density**3, rng.integers(-127, 128, (segments, width)), 0).astype(
        np.int8
    )
    encoded = encode(dense)
    np.testing.assert_array_equal(decode(*encoded, width), dense)


@pytest.mark.parametrize(
    ("place", "entries"), [(0, 1), (GAP_MAX, 1), (GAP_MAX + 1, 2), (2 * GAP_MAX, 2), (2 * GAP_MAX + 1, 3)]
)
def test_bridges_are_as_few_as_possible(place: int, entries: int) -> None:
    dense = np.zeros((1, 1000), np.int8)
    dense[0, place] = 5
    assert encode(dense).counts.tolist() == [entries]


def test_segment_too_long() -> None:
    with pytest.raises(LookupError, match="70000 entries; at most 65535"):
        encode(np.ones((1, 70000), np.int8))
