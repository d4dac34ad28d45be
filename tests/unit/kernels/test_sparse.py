"""Sparse weights decode to what was encoded, for any matrix, as arrays and as streams."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilbench.kernels.sparse import (
    GAP_MAX,
    LANES,
    PAIR_WORDS,
    ROUND,
    Epilogue,
    encode,
    fits,
    pair_entries,
    pairs,
    singles,
)


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


END = GAP_MAX + 1


def finish(channels: int) -> Epilogue:
    numbers = np.arange(channels)
    return Epilogue(numbers + 2000, numbers, (numbers + 1000, numbers - 1000), numbers - 100)


def signed(byte: int) -> int:
    return byte - 256 * (byte > 127)


def alone(enter: int, head: int, four: bytes, channel: int, used: np.ndarray) -> int:
    """Checks what stands for channels without entries, and says how many there are."""
    if enter == 0:
        assert head == channel - 100 and not used[channel] and channel + 4 > len(used)
        return 1
    assert enter == 2 and not used[channel : channel + head].any() and (head == 4 or used[channel + head])
    expected = [0 if used[i] else i - 100 for i in range(channel, channel + 4)]
    assert [signed(byte) for byte in four] == expected
    return head


def unstreamed_singles(stream: np.ndarray, channels: int, width: int, used: np.ndarray) -> np.ndarray:
    """What the kernels do, with the numbers around the entries checked on the way."""
    data, at, channel = stream.tobytes(), 0, 0
    dense = np.zeros((channels, width), np.int64)
    while channel < channels:
        enter = int.from_bytes(data[at + 2 : at + 4], "little")
        if data[at + 1] == END:
            channel += alone(enter, signed(data[at]), data[at + 4 : at + 8], channel, used)
            at += 4 + 2 * enter
            continue
        skip, first = data[at + 4], data[at + 6]
        assert enter == 4 + 44 * (ROUND - first)
        entries = [(data[at + 1], data[at])]
        after, other = data[at + 5], at + skip - 2 * first
        while after != END:
            entries.append((after, data[other]))
            after, other = data[other + 1], other + 2
        place = 0
        for gap, weight in entries:
            place += gap
            dense[channel, place] += signed(weight)
        assert first == (0 if len(entries) == 1 else (len(entries) - 2) % ROUND + 1)
        at = other + 16
        numbers = [channel + 2000, channel, channel + 1000, channel - 1000]
        assert np.frombuffer(data[other:at], "<i4").tolist() == numbers
        channel += 1
    assert data[at:] == bytes([0, END, 1, 0])
    return dense


def unstreamed_pairs(stream: np.ndarray, shape: tuple[int, int, int], used: np.ndarray, words: int) -> np.ndarray:
    """The same of pairs or quads: every word of a tile stands for two terms."""
    channels, rows, width = shape
    data, at, channel = stream.tobytes(), 0, 0
    fours = -(-width // 4)
    dense = np.zeros((channels, rows, 4 * fours), np.int64)
    while channel < channels:
        enter, skip, head = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6], at
        if not any(data[at : at + 4]):
            channel += alone(enter, signed(data[at + 7]), data[at + 8 : at + 12], channel, used)
            at += 8 + 2 * enter
            continue
        assert int.from_bytes(data[at + 8 : at + 12], "little", signed=True) == channel
        place, entries, entry = 0, 0, at
        while any(data[entry : entry + 4]):
            place += data[entry + 1]
            row, four = divmod(place // words, fours)
            for term, weight in zip(LANES[place % words], (data[entry], data[entry + 2]), strict=True):
                dense[channel, row, 4 * four + term] += signed(weight)
            entry, entries = (at + 12 if entry == at else entry + 4), entries + 1
        first = 0 if entries == 1 else (entries - 2) % ROUND + 1
        assert enter == 4 + 80 * (ROUND - first) and skip == 16 + 4 * first
        at = entry + 12
        assert np.frombuffer(data[entry + 4 : at], "<i4").tolist() == [channel + 1000, channel - 1000]
        assert (at - head - 8 - skip) % (4 * ROUND) == 0
        channel += 1
    assert data[at:] == bytes([0, 0, 0, 0, 1, 0, 0, 0]) and not dense[:, :, width:].any()
    return dense[:, :, :width]


def some(rng: np.random.Generator, shape: tuple[int, ...], density: float) -> np.ndarray:
    return np.where(rng.random(shape) < density, rng.integers(-127, 128, shape), 0).astype(np.int8)


@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 700), st.floats(0, 1))
def test_stream_of_singles(seed: int, channels: int, width: int, density: float) -> None:
    dense = some(np.random.default_rng(seed), (channels, width), density**3)
    np.testing.assert_array_equal(
        unstreamed_singles(singles(dense, finish(channels)), channels, width, dense.any(axis=1)), dense
    )


@pytest.mark.parametrize("words", PAIR_WORDS.values(), ids=PAIR_WORDS)
@given(st.integers(0, 2**32), st.tuples(st.integers(1, 12), st.integers(1, 3), st.integers(1, 250)), st.floats(0, 1))
def test_stream_of_pairs(words: int, seed: int, shape: tuple[int, int, int], density: float) -> None:
    dense = some(np.random.default_rng(seed), shape, density**3)
    stream = pairs(dense, finish(shape[0]), words)
    np.testing.assert_array_equal(unstreamed_pairs(stream, shape, dense.any(axis=(1, 2)), words), dense)


def test_entries_that_blocks_and_n_of_m_need() -> None:
    blocks = np.array([[[1, 2, 0, 0, 3, 4, 5, 6]]], np.int8)
    assert pair_entries(blocks, PAIR_WORDS["pairs"]) == 3
    scattered = np.array([[[1, 0, 2, 0, 0, 3, 4, 0]]], np.int8)
    assert pair_entries(scattered, PAIR_WORDS["pairs"]) == 4
    assert pair_entries(scattered, PAIR_WORDS["quads"]) == 2


def test_sums_that_fit() -> None:
    weights = np.full((1, 258), 127, np.int8)
    assert fits(weights, np.array([1])) and not fits(weights, np.array([2**23]))
    assert not fits(np.full((1, 260), -127, np.int8), np.array([1]))
    assert fits(np.resize(np.array([127, -127], np.int8), (1, 500)), np.array([1]))
