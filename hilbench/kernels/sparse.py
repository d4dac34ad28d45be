"""How sparse weights are stored: the non-zero weights, each with the distance from the one before.

Distances are one byte; a longer one is bridged by entries of weight 0, so that kernels need no special case
(relative indices as in Han et al. 2016, "EIE", section 3).

Plain kernels read three arrays (`encode`). Those for cores with SMLAL and SMLAD read a stream of everything that a
channel needs (`hb_sparse.h`), in one of these encodings. An entry has the weights of

    singles   one term
    pairs     two adjacent terms of a row of the window, the first at an even place: for blocks of 1x2 and 1x4
    quads     any two of four such terms: for N:M of four
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from hilbench.ir.fixedpoint import multiply, wrap32
from hilbench.ir.graph import Array
from hilbench.ir.quantized import ConvConstants
from hilbench.kernels.requantize import PACKED_FACTOR, PACKED_SHIFT, Staircase

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
_SINGLE_CODE, _PAIR_CODE, _ROUND_HEAD = 44, 80, 4
"""Bytes of code of an entry, and of what a round begins with (HB_SPARSE_ROUNDS)."""

_SINGLE_HEAD, _PAIR_HEAD = 7, 12
"""Bytes of a channel before its second entry, or what ends it."""

_ONE, _LAST, _FOUR = 0, 1, 2
"""Where rounds are entered that there are none of: one output, the end of a stream, four outputs."""

_SUM_LIMIT = 2**23
"""Of the sums that share 64 bits, and of those that are multiplied by PACKED_FACTOR."""


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
    """What makes outputs of sums: int32 [channel] each, in the order of a stream.

    `bias` is for sums of activations as they are, `biased` for those of activations + 128; both, like the constants,
    are for PACKED_FACTOR times the sums. `alone` are the outputs of channels whose weights are all zero.
    """

    biased: Array
    bias: Array
    constants: tuple[Array, ...]
    alone: Array


def epilogue(constants: ConvConstants, bias: Array, weights: Array, solved: Staircase | None) -> Epilogue:
    """Of int8 weights [channel, term].

    Args:
        constants: those of the operator.
        bias: int32 [channel].
        weights: int8 [channel, term].
        solved: requantization in two instructions for sums times PACKED_FACTOR; else that of `hb_dsp.h`.
    """
    scaled = multiply(bias, constants.multiplier, constants.shift) + constants.output_offset
    alone = np.clip(scaled, constants.act_min, constants.act_max)
    together = weights.astype(np.int64).sum(axis=1)
    total = PACKED_FACTOR * (bias.astype(np.int64) + constants.input_offset * together)
    numbers: tuple[Array, ...]
    if solved is not None:
        total += np.array(solved.bias)
        numbers = (np.array(solved.multiplier), np.array(solved.nudge) + (-255 << (PACKED_SHIFT - 1)))
    else:
        shift = -np.array(constants.shift)
        numbers = (np.array(constants.multiplier), (2 * constants.output_offset + 1) << (shift - 1), shift)
    return Epilogue(wrap32(total - PACKED_FACTOR * _OFFSET * together), wrap32(total), numbers, alone)


def fits(weights: Array, reach: Array) -> bool:
    """Whether sums of int8 weights [channel, term] times x or x + 128 stay within 24 bits.

    `reach` is the largest sum with bias and offset per channel; those stay there too.
    """
    wide = weights.astype(np.int64)
    largest = np.maximum(np.maximum(wide, 0).sum(axis=1), np.maximum(-wide, 0).sum(axis=1))
    return bool(reach.max() < _SUM_LIMIT and 2 * _OFFSET * largest.max() < _SUM_LIMIT)


def singles(weights: Array, finish: Epilogue) -> Array:
    """int32: the stream of int8 weights [channel, term] in singles."""
    tails = np.stack([finish.biased, finish.bias, *finish.constants], axis=1).astype("<i4")

    def alone(output: int, enter: int) -> bytes:
        return bytes([output % 256, _END]) + enter.to_bytes(2, "little")

    used = np.asarray(weights.any(axis=1))
    return _stream(used, finish.alone, alone, lambda channel: _single(weights[channel], tails[channel]))


def pairs(weights: Array, finish: Epilogue, words: int) -> Array:
    """int32: the stream of int8 weights [channel, row of the window, term] in pairs (words = 2) or quads (6)."""
    twos = _twos(weights, words)
    tails = np.stack(finish.constants, axis=1).astype("<i4")

    def alone(output: int, enter: int) -> bytes:
        return bytes(_WORD) + enter.to_bytes(2, "little") + bytes([0, output % 256])

    def entries(channel: int) -> bytes:
        return _pair(twos[channel], int(finish.bias[channel]), tails[channel])

    return _stream(np.asarray(twos.any(axis=(1, 2))), finish.alone, alone, entries)


def _stream(used: Array, outputs: Array, alone: Callable[[int, int], bytes], entries: Callable[[int], bytes]) -> Array:
    """Channels in their order; `alone` makes what stands for those without entries, and for the end."""
    parts, channel, channels = [], 0, len(used)
    while channel < channels:
        if used[channel]:
            parts.append(entries(channel))
        elif channel + _WORD > channels:
            parts.append(alone(int(outputs[channel]), _ONE))
        else:
            run = int(np.argmax([*used[channel : channel + _WORD], True]))
            four = np.where(used, 0, outputs)[channel : channel + _WORD].astype(np.int8)
            parts.append(alone(run, _FOUR) + four.tobytes())
            channel += run - 1
        channel += 1
    return np.frombuffer(b"".join([*parts, alone(0, _LAST)]), "<i4")


def pair_entries(weights: Array, words: int) -> int:
    """Entries of weights [channel, row of the window, term] in pairs (words = 2) or quads (6), bridges left out."""
    return int(_twos(weights, words).any(axis=2).sum())


def record_bytes(encoding: str, channels: int, used: int, staircase: bool) -> int:
    """Bytes of a stream that are biases, requantization and outputs; `used` channels have entries."""
    words = (4 if encoding == "singles" else 3) + (0 if staircase else 1)
    return _WORD * words * used + channels - used


def _twos(weights: Array, words: int) -> Array:
    """The weights of each word of a tile, [channel, place, 2]; rows of the window are filled up to whole fours."""
    filled = np.pad(weights, ((0, 0), (0, 0), (0, -weights.shape[2] % 4)))
    if words == PAIR_WORDS["pairs"]:
        return filled.reshape(len(filled), -1, 2)
    fours = filled.reshape(len(filled), -1, 4)
    pattern = (fours != 0) @ np.array([1, 2, 4, 8])
    return np.asarray((fours[..., LANES] * _served()[pattern]).reshape(len(fours), -1, 2))


@cache
def _served() -> Array:
    """bool [which of four terms there are, word of quads, 2]: which words serve which terms."""
    served = np.zeros((16, len(LANES), 2), np.bool_)
    for pattern in range(16):
        there = [term for term in range(4) if pattern >> term & 1]
        if len(there) in (2, 3):
            served[pattern, LANES.index((there[0], there[1]))] = True
        for term in there if len(there) in (1, 4) else there[2:]:
            served[pattern, term // 2, term % 2] = True
    return served


def _single(channel: Array, tail: Array) -> bytes:
    """One channel, int8 [term]; `tail` are its biases and requantization."""
    place = np.flatnonzero(channel)
    gaps, values = _bridged(place, channel[place, None])
    first, enter = _first_round(len(gaps), _SINGLE_CODE)
    fill = -(_SINGLE_HEAD + 2 * (len(gaps) - 1)) % _WORD
    after = [*gaps[1:].tolist(), _END]
    weights = values[:, 0].view(np.uint8).tolist()
    head = bytes([weights[0], gaps[0]]) + enter + bytes([_SINGLE_HEAD + fill + 2 * first, after[0], first])
    rest = (number for weight, gap in zip(weights[1:], after[1:], strict=True) for number in (weight, gap))
    return head + bytes(fill) + bytes(rest) + tail.tobytes()


def _pair(channel: Array, bias: int, tail: Array) -> bytes:
    """One channel, int8 [place, 2]; `tail` is its requantization."""
    place = np.flatnonzero(channel.any(axis=1))
    gaps, values = _bridged(place, channel[place])
    first, enter = _first_round(len(gaps), _PAIR_CODE)
    entries = np.zeros((len(gaps) + 1, _WORD), np.uint8)
    entries[:-1, 0], entries[:-1, 1], entries[:-1, 2] = values[:, 0].view(np.uint8), gaps, values[:, 1].view(np.uint8)
    skip = bytes([_PAIR_HEAD + _WORD * (first + 1), 0])
    head = entries[:1].tobytes() + enter + skip + bias.to_bytes(_WORD, "little", signed=True)
    return head + entries[1:].tobytes() + tail.tobytes()


def _first_round(entries: int, code: int) -> tuple[int, bytes]:
    """Entries of the first round, after the first entry of the channel, and where its code is entered."""
    first = (entries - 2) % ROUND + 1 if entries > 1 else 0
    return first, (_ROUND_HEAD + (ROUND - first) * code).to_bytes(2, "little")


def _bridged(place: Array, values: Array) -> tuple[Array, Array]:
    """Gaps and values [entry, ...] of entries at ascending places."""
    gap = np.diff(place, prepend=0)
    bridges = np.maximum(gap - 1, 0) // GAP_MAX
    ends = np.cumsum(bridges + 1)
    entries = int(ends[-1]) if len(ends) else 0
    gaps, spread = np.full(entries, GAP_MAX, np.uint8), np.zeros((entries, values.shape[1]), np.int8)
    gaps[ends - 1], spread[ends - 1] = gap - GAP_MAX * bridges, values
    return gaps, spread
