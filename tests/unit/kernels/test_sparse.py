"""Sparse weights decode to what was encoded, for any matrix, as arrays and as streams."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilbench.kernels.sparse import GAP_MAX, LANES, PAIR_WORDS, ROUND, Epilogue, encode, pair_entries, pairs, singles


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


def finish(channels: int) -> Epilogue:
    numbers = np.arange(channels)
    return Epilogue(numbers, (numbers + 1000, numbers - 1000), numbers - 100)


def unstreamed_singles(stream: np.ndarray, channels: int, width: int) -> np.ndarray:
    """What the kernels do, with the numbers around the entries checked on the way."""
    data, at = stream.tobytes(), 0
    dense = np.zeros((channels, width), np.int64)
    for channel in range(channels):
        if data[at + 5] == GAP_MAX + 1:
            assert np.frombuffer(data[at : at + 4], "<i4") == channel - 100
            at += 8
            continue
        assert int.from_bytes(data[at : at + 4], "little") == channel
        jump, at, place, entries = data[at + 4], at + 5, 0, 0
        while data[at] != GAP_MAX + 1:
            place += data[at]
            dense[channel, place] += np.int8(data[at + 1] - 256 * (data[at + 1] > 127))
            at, entries = at + 2, entries + 1
        assert entries == 1 or jump == (entries - 2) % ROUND + 1
        at = (at + 1 + 3) // 4 * 4
        assert np.frombuffer(data[at : at + 8], "<i4").tolist() == [channel + 1000, channel - 1000]
        at += 8
    assert at == len(data)
    return dense


def unstreamed_pairs(stream: np.ndarray, channels: int, rows: int, width: int, words: int) -> np.ndarray:
    """The same of pairs or quads: every word of a tile stands for two terms."""
    data, at = stream.view(np.uint8), 0
    fours = -(-width // 4)
    dense = np.zeros((channels, rows, 4 * fours), np.int64)
    for channel in range(channels):
        if not data[at + 4 : at + 8].any():
            assert data[at : at + 4].view("<i4") == channel - 100
            at += 8
            continue
        jump, at, place, entries = data[at + 7], at + 4, 0, 0
        while data[at : at + 4].any():
            first, gap, second = (
                data[at : at + 3].view(np.int8)[0],
                int(data[at + 1]),
                data[at + 2 : at + 3].view(np.int8)[0],
            )
            place += gap
            row, four = divmod(place // words, fours)
            for term, weight in zip(LANES[place % words], (first, second), strict=True):
                dense[channel, row, 4 * four + term] += weight
            at, entries = at + 4, entries + 1
        assert entries == 1 or jump == (entries - 2) % ROUND + 1
        at += 4 + 8
    assert at == len(data) and not dense[:, :, width:].any()
    return dense[:, :, :width]


def some(rng: np.random.Generator, shape: tuple[int, ...], density: float) -> np.ndarray:
    return np.where(rng.random(shape) < density, rng.integers(-127, 128, shape), 0).astype(np.int8)


@given(st.integers(0, 2**32), st.integers(1, 5), st.integers(1, 700), st.floats(0, 1))
def test_stream_of_singles(seed: int, channels: int, width: int, density: float) -> None:
    dense = some(np.random.default_rng(seed), (channels, width), density**3)
    np.testing.assert_array_equal(unstreamed_singles(singles(dense, finish(channels)), channels, width), dense)


@pytest.mark.parametrize("encoding", PAIR_WORDS)
@given(st.integers(0, 2**32), st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 250)), st.floats(0, 1))
def test_stream_of_pairs(encoding: str, seed: int, shape: tuple[int, int, int], density: float) -> None:
    dense, words = some(np.random.default_rng(seed), shape, density**3), PAIR_WORDS[encoding]
    stream = pairs(dense, finish(shape[0]), words)
    np.testing.assert_array_equal(unstreamed_pairs(stream, *shape, words), dense)


def test_entries_that_blocks_and_n_of_m_need() -> None:
    blocks = np.array([[[1, 2, 0, 0, 3, 4, 5, 6]]], np.int8)
    assert pair_entries(blocks, PAIR_WORDS["pairs"]) == 3
    scattered = np.array([[[1, 0, 2, 0, 0, 3, 4, 0]]], np.int8)
    assert pair_entries(scattered, PAIR_WORDS["pairs"]) == 4
    assert pair_entries(scattered, PAIR_WORDS["quads"]) == 2
