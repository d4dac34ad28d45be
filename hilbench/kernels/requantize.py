"""Short forms of rounding, solved: constants with which a shift gives what two roundings give, for every input.

What has to be computed is a staircase; a shorter form of it is right if it has the same steps. Here all inputs are
looked at, so that what is found is proven, not likely.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import log2

import numpy as np

from hilbench.ir.fixedpoint import multiply
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.quantized import AddConstants, add_constants

_INT8 = np.arange(-128, 128, dtype=np.int64)
_NEARBY = (0, -1, 1)
_SHIFTS_TRIED = 4

STAIRCASE_FACTOR = 128
"""What activations are multiplied by where outputs are staircases: the most that leaves them in 16 bits."""

PACKED_FACTOR, PACKED_SHIFT = 256, 11
"""What sums are multiplied by where weights are packed (`hb_packed.h`), and the shift there."""

STAIRCASE_SHIFT = 10
"""HB_STAIRCASE_SHIFT of `hb_dsp.h`: one for all channels, because it is part of an instruction."""

STAIRCASE_ADDEND = -255 << (STAIRCASE_SHIFT - 1)
"""HB_STAIRCASE_ADDEND of `hb_dsp.h`: the zero point -128 and the half of rounding, in units of the shift."""

_STEPS = np.arange(-127, 128, dtype=np.int64)
_NUDGES = sorted(range(-128, 128), key=abs)
_OUT_OF_REACH = 2**62


@dataclass(frozen=True)
class SolvedAdd:
    """y = clamp((a * first + b * second + offset) >> shift), all in int32."""

    first: int
    second: int
    offset: int
    shift: int


def solve_add(op: Op, graph: Graph) -> SolvedAdd | None:
    """Constants of the short form of an int8 ADD or SUB; None if none were found."""
    k = add_constants(op, graph)
    output = add_outputs(op.kind, k)
    for shift, first, second in _candidates(op, graph):
        sums = first * _INT8[:, None] + second * _INT8[None, :]
        # Every output y needs y * 2^shift <= sum + offset < (y + 1) * 2^shift; the clamp frees one side of its ends.
        least = np.where(output > k.act_min, (output << shift) - sums, -(2**40)).max()
        most = np.where(output < k.act_max, ((output + 1) << shift) - sums - 1, 2**40).min()
        offset = int(least + most) // 2
        if least <= most and np.abs(sums).max() + abs(offset) < 2**31:
            return SolvedAdd(first, second, offset, shift)
    return None


def add_outputs(kind: str, k: AddConstants) -> Array:
    """int64 [a + 128, b + 128]: output of ADD or SUB for every pair of inputs."""
    first = multiply((_INT8 + k.input1_offset) << k.left_shift, k.input1_multiplier, k.input1_shift)
    second = multiply((_INT8 + k.input2_offset) << k.left_shift, k.input2_multiplier, k.input2_shift)
    sums = first[:, None] + (-1 if kind == "SUB" else 1) * second[None, :]
    total = multiply(sums, k.output_multiplier, k.output_shift) + k.output_offset
    return np.clip(total, k.act_min, k.act_max)


def _candidates(op: Op, graph: Graph) -> Iterator[tuple[int, int, int]]:
    """(shift, first, second): the real factors at the finest resolutions that fit, and their neighbours."""
    a, b, y = (graph[name].scale for name in (*op.present_inputs[:2], op.outputs[0]))
    first, second = a / y, (-b if op.kind == "SUB" else b) / y
    finest = min(int(log2(2**23 / (abs(first) + abs(second)))), 30)
    for shift in range(finest, max(finest - _SHIFTS_TRIED, 0), -1):
        for d1, d2 in product(_NEARBY, _NEARBY):
            yield shift, round(first * 2**shift) + d1, round(second * 2**shift) + d2


@dataclass(frozen=True)
class Staircase:
    """Per channel: y = saturate(((scaled * multiplier >> 32) + addend + nudge) >> shift), scaled = factor * sum + bias.

    Factor, addend and shift are those above; all of it fits int32.
    """

    bias: tuple[int, ...]
    multiplier: tuple[int, ...]
    nudge: tuple[int, ...]


@lru_cache(maxsize=256)
def solve_staircase(
    multiplier: tuple[int, ...],
    shift: tuple[int, ...],
    least: tuple[int, ...],
    most: tuple[int, ...],
    factor: int = STAIRCASE_FACTOR,
    *,
    last_shift: int = STAIRCASE_SHIFT,
) -> Staircase | None:
    """Constants of the short form of a requantization to int8 with zero point -128; None if some channel has none.

    The output rises by one at 255 thresholds; a short form that does so at the same ones is equal for every sum.

    Args:
        multiplier, shift: those of the channels; shifts are -22 to -1.
        least, most: between which the channels' sums lie.
        factor: what sums are multiplied by.
        last_shift: the shift of the short form.
    """
    scale, right, low, high = (np.array(a, np.int64)[:, None] for a in (multiplier, shift, least, most))
    right = -right
    rising = thresholds(scale, right)
    nominal = np.round(scale * 2.0 ** (last_shift + 1 - right) / factor).astype(np.int64)
    found = np.zeros((3, len(scale)), np.int64)
    open_ = np.arange(len(scale))
    for nudge, off in product(_NUDGES, _NEARBY):
        m = np.clip(nominal[open_] + off, 1, 2**31 - 1)
        first, last = _biases(m, factor, _addends(last_shift, nudge), rising[open_], (low[open_], high[open_]))
        bias = (first + last) >> 1
        largest = np.maximum(np.abs(factor * low[open_, 0] + bias), np.abs(factor * high[open_, 0] + bias))
        done = (first <= last) & (largest < 2**31)
        found[:, open_[done]] = bias[done], m[done, 0], np.full(done.sum(), nudge)
        open_ = open_[~done]
        if not len(open_):
            return Staircase(*(tuple(row.tolist()) for row in found))
    return None


def thresholds(multiplier: Array, right: Array) -> Array:
    """int64 [channel, step]: the least sum whose output is at least -127, -126, ... 127.

    Sums above zero round to y + 128 = (((sum * multiplier + 2^30) >> 31) + 2^(right - 1)) >> right.
    """
    scaled = ((_STEPS + 128) << right) - (1 << right >> 1)
    return np.asarray(-((2**30 - (scaled << 31)) // multiplier))


def _addends(shift: int, nudge: int) -> Array:
    """What is added up to each step: zero point, rounding and nudge, less the step, in units of the shift."""
    return (-255 << (shift - 1)) + nudge - (_STEPS << shift)


def _biases(m: Array, factor: int, addends: Array, rising: Array, within: tuple[Array, Array]) -> tuple[Array, Array]:
    """First and last bias [channel] with which no step within reach comes too late or too early."""
    low, high = within
    needed = -((addends << 32) // m)
    first = np.where(rising <= high, needed - factor * np.maximum(rising, low), -_OUT_OF_REACH)
    last = np.where(rising > low, needed - 1 - factor * np.minimum(rising - 1, high), _OUT_OF_REACH)
    first, last = first.max(axis=1), last.min(axis=1)
    return np.where(first == -_OUT_OF_REACH, last, first), np.where(last == _OUT_OF_REACH, first, last)
