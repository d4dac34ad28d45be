"""How sparse weights are stored: the non-zero weights, each with the distance from the one before.

Distances are one byte; a longer one is bridged by entries of weight 0, so that kernels need no special case
(relative indices as in Han et al. 2016, "EIE", section 3).

Plain kernels read three arrays (`encode`). Those for cores with SMLA and SMLAD read a stream of everything that a
channel needs (`hb_sparse.h`), in one of these encodings. An entry has the weights of

    singles   one term
    pairs     two adjacent terms of a row of the window, the first at an even place: for blocks of 1x2 and 1x4
    quads     any two of four such terms: for N:M of four, and for unstructured weights that are not very sparse
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hilbench.ir.fixedpoint import multiply, wrap32
from hilbench.ir.graph import Array
from hilbench.ir.quantized import ConvConstants
from hilbench.kernels.requantize import STAIRCASE_ADDEND, STAIRCASE_FACTOR, Staircase

GAP_MAX = 254
"""255 marks the end of a channel in a stream."""

COUNT_MAX = 2**16 - 1

ROUND = 8
"""Entries in a round of the loops of `hb_sparse.h`."""

LANES = ((0, 1), (2, 3), (0, 2), (1, 3), (0, 3), (1, 2))
"""Which two of four terms lie in each of the six words of `quads`; the first two are those of `pairs`."""

PAIR_WORDS = {"pairs": 2, "quads": len(LANES)}
"""Words of a pixel that four terms make."""

_OFFSET, _WORD = 128, 4
_END = 255


class Encoded(NamedTuple):
    """`values` (the weights' dtype) and `gaps` (uint8) of all entries; `counts` (uint16), entries per segment."""

    values: Array
    gaps: Array
    counts: Array


def encode(segments: Array) -> Encoded:
    """Encode weights [segment, place]: an entry's place is its gap after the place of the entry before (0 at first).

    Raises:
        LookupError: a segment has more than 65535 entries.
    """
    segment, place = np.nonzero(segments)
    first = np.diff(segment, prepend=-1) != 0
    gap = np.where(first, place, np.diff(place, prepend=0))
    bridges = np.maximum(gap - 1, 0) // GAP_MAX
    ends = np.cumsum(bridges + 1)
    entries = int(ends[-1]) if len(ends) else 0
    values, gaps = np.zeros(entries, segments.dtype), np.full(entries, GAP_MAX, np.uint8)
    values[ends - 1] = segments[segment, place]
    gaps[ends - 1] = gap - GAP_MAX * bridges
    counts = np.bincount(segment, bridges + 1, minlength=len(segments)).astype(np.int64)
    if counts.max(initial=0) > COUNT_MAX:
        raise LookupError(f"a segment of sparse weights has {counts.max()} entries; at most {COUNT_MAX} can be stored")
    return Encoded(values, gaps, counts.astype(np.uint16))


@dataclass(frozen=True)
class Epilogue:
    """What makes outputs of sums of scaled activations: int32 [channel] each, in the order of a stream.

    `alone` are the outputs of channels whose weights are all zero.
    """

    bias: Array
    constants: tuple[Array, ...]
    alone: Array


def epilogue(constants: ConvConstants, bias: Array, weights: Array, solved: Staircase | None) -> Epilogue:
    """Of activations x held as x + 128, doubled, or times STAIRCASE_FACTOR where outputs are staircases.

    Args:
        constants: those of the operator.
        bias: int32 [channel].
        weights: int8 [channel, term].
        solved: requantization in two instructions, if there is one; else that of `hb_dsp.h` in four.
    """
    scaled = multiply(bias, constants.multiplier, constants.shift) + constants.output_offset
    alone = np.clip(scaled, constants.act_min, constants.act_max)
    total = bias.astype(np.int64) + (constants.input_offset - _OFFSET) * weights.astype(np.int64).sum(axis=1)
    if solved is not None:
        addend = np.array(solved.nudge) + STAIRCASE_ADDEND
        return Epilogue(wrap32(STAIRCASE_FACTOR * total + solved.bias), (np.array(solved.multiplier), addend), alone)
    shift = -np.array(constants.shift)
    addend = (2 * constants.output_offset + 1) << (shift - 1)
    return Epilogue(wrap32(2 * total), (np.array(constants.multiplier), addend, shift), alone)


def singles(weights: Array, finish: Epilogue) -> Array:
    """int32: the stream of int8 weights [channel, term] in singles."""
    return _stream(map(_single_bytes, weights), np.any(weights, axis=1), finish)


def pairs(weights: Array, finish: Epilogue, words: int) -> Array:
    """int32: the stream of int8 weights [channel, row of the window, term] in pairs (words = 2) or quads (6)."""
    filled = np.pad(weights, ((0, 0), (0, 0), (0, -weights.shape[2] % 4)))
    fours = filled.reshape(len(filled), -1, 4)
    return _stream((_pair_bytes(channel, words) for channel in fours), np.any(fours, axis=(1, 2)), finish)


def pair_entries(weights: Array, words: int) -> int:
    """Entries of weights [channel, row of the window, term] in pairs (words = 2) or quads (6), bridges left out."""
    filled = np.pad(weights, ((0, 0), (0, 0), (0, -weights.shape[2] % 4))) != 0
    if words == 2:
        return int(filled.reshape(-1, 2).any(axis=1).sum())
    return int(((filled.reshape(-1, 4).sum(axis=1) + 1) // 2).sum())


def _stream(channels: Iterator[bytes], used: ArrayLike, finish: Epilogue) -> Array:
    """`used` [channel] says which channels have an entry."""
    heads = np.where(used, finish.bias, finish.alone).astype("<i4")
    tails = np.stack(finish.constants, axis=1).astype("<i4")
    parts = (
        head.tobytes() + body + (tail.tobytes() if entries else b"")
        for head, body, tail, entries in zip(heads, channels, tails, np.asarray(used), strict=True)
    )
    return np.frombuffer(b"".join(parts), "<i4")


def _single_bytes(channel: Array) -> bytes:
    """Jump, entries and the mark of one channel, int8 [term]."""
    place = np.flatnonzero(channel)
    gaps, values = _bridged(place, channel[place, None])
    body = np.concatenate([gaps[:, None], values.view(np.uint8)], axis=1).astype(np.uint8).tobytes()
    marked = bytes([_jump(len(gaps))]) + body + bytes([_END])
    return marked + bytes(-len(marked) % _WORD)


def _pair_bytes(channel: Array, words: int) -> bytes:
    """Entries and the mark of one channel, int8 [four, lane]."""
    found = [
        (words * four + lane, [row[first] * (first in used), row[second] * (second in used)])
        for four, row in enumerate(channel.tolist())
        if any(row)
        for lane, used in _lanes(tuple(value != 0 for value in row), words)
        for first, second in (LANES[lane],)
    ]
    place, values = np.array([p for p, _ in found], np.int64), np.array([v for _, v in found], np.int8).reshape(-1, 2)
    gaps, values = _bridged(place, values)
    entries = np.zeros((len(gaps) + 1, 4), np.uint8)
    entries[:-1, 0], entries[:-1, 1], entries[:-1, 2] = values[:, 0].view(np.uint8), gaps, values[:, 1].view(np.uint8)
    entries[0, 3] = _jump(len(gaps))
    return entries.tobytes()


def _lanes(there: tuple[bool, ...], words: int) -> list[tuple[int, tuple[int, ...]]]:
    """Which words the weights of four terms need, ascending, and the terms that each of them serves."""
    left = [term for term in range(4) if there[term]]
    if words == 6 and len(left) == 2:
        return [(LANES.index((left[0], left[1])), tuple(left))]
    if words == 6 and len(left) == 3:
        alone = left.pop() if left[:2] == [0, 1] else left.pop(0)
        return sorted([(LANES.index((left[0], left[1])), tuple(left)), (alone // 2, (alone,))])
    halves = [(half, tuple(term for term in left if term // 2 == half)) for half in range(2)]
    return [(half, used) for half, used in halves if used]


def _bridged(place: Array, values: Array) -> tuple[Array, Array]:
    """Gaps and values [entry, ...] of entries at ascending places."""
    gap = np.diff(place, prepend=0)
    bridges = np.maximum(gap - 1, 0) // GAP_MAX
    ends = np.cumsum(bridges + 1)
    entries = int(ends[-1]) if len(ends) else 0
    gaps, spread = np.full(entries, GAP_MAX, np.uint8), np.zeros((entries, values.shape[1]), np.int8)
    gaps[ends - 1], spread[ends - 1] = gap - GAP_MAX * bridges, values
    return gaps, spread


def _jump(entries: int) -> int:
    """Entries of the first round, after the first entry; 0 if there are no more."""
    return (entries - 2) % ROUND + 1 if entries > 1 else 0
