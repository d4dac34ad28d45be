"""Requantization in two products of 32 bits, for cores that multiply 32 by 32 bits into 32: solved, for every sum.

The output of a channel rises by one at up to 255 thresholds. A short form that is monotone, and has its steps at the
same sums as far as sums can go, gives the same outputs: looking at the thresholds is a proof, not a test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from hilbench.ir.fixedpoint import multiply
from hilbench.ir.graph import Array
from hilbench.ir.quantized import INT8_MAX, INT8_MIN, ConvConstants

SUM_BITS, PART_BITS = 4, 10
"""HB_TWO_PRODUCTS_SUM_BITS and HB_TWO_PRODUCTS_PART_BITS of `hb_thumb.h`: parts of instructions, so one for all."""

_STEPS = np.arange(INT8_MIN + 1, INT8_MAX + 1, dtype=np.int64)
_PHASES = sorted(range(-16, 16), key=abs)
_COARSER = (0, 1, 2)
_FACTORS_TRIED = np.arange(-40, 41)
_OUT_OF_REACH = 2**62
_ROOM = 2**31 - 2**24


@dataclass(frozen=True)
class TwoProducts:
    """Per channel, with s = sum + phase, all of it in int32:

    y + 128 = clamp((s * whole + ((s >> 4) * part >> 10) - (kink if s < 0) + addend) >> shift, 0, 255).

    The kink makes halves round away from zero on both sides, which matters where the zero point is not an end.
    """

    phase: tuple[int, ...]
    whole: tuple[int, ...]
    part: tuple[int, ...]
    addend: tuple[int, ...]
    shift: tuple[int, ...]
    kink: tuple[int, ...]


@dataclass(frozen=True)
class _Channels:
    """Some of the channels: arrays of shape [channel] and, for the thresholds, [channel, step]."""

    multiplier: Array
    right: Array
    least: Array
    most: Array
    rising: Array

    def some(self, which: Array) -> _Channels:
        return _Channels(*(getattr(self, name)[which] for name in self.__dataclass_fields__))


@lru_cache(maxsize=256)
def solve_two_products(constants: ConvConstants, least: tuple[int, ...], most: tuple[int, ...]) -> TwoProducts | None:
    """Constants of the short form for outputs of -128 to 127; None if some channel has none.

    Args:
        constants: those of the operator; shifts are at most 0.
        least, most: between which the channels' sums lie.
    """
    low, high = np.array(least, np.int64), np.array(most, np.int64)
    scale, right = np.array(constants.multiplier, np.int64), -np.array(constants.shift, np.int64)
    channels = _Channels(scale, right, low, high, thresholds(constants, low, high))
    found = np.zeros((6, len(scale)), np.int64)
    open_ = np.arange(len(scale))
    for phase, coarser in product(_PHASES, _COARSER):
        solved, columns = _try(channels.some(open_), phase, coarser)
        found[:, open_[solved]] = columns
        open_ = open_[~solved]
        if not len(open_):
            return TwoProducts(*(tuple(row.tolist()) for row in found))
    return None


def thresholds(constants: ConvConstants, least: Array, most: Array) -> Array:
    """int64 [channel, step]: the least sum whose output is at least -127, -126, ... 127; most + 1 where none is."""
    low, high = (np.repeat(end[None], len(_STEPS), axis=0) for end in (least - 1, most + 1))
    while (high - low > 1).any():
        middle = (low + high) >> 1
        output = multiply(middle, constants.multiplier, constants.shift) + constants.output_offset
        reached = output >= _STEPS[:, None]
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    return np.asarray(high.T)


def _try(c: _Channels, phase: int, coarser: int) -> tuple[Array, Array]:
    """Which channels have constants with this phase, and these [constant, channel]; `coarser` bits are given away."""
    scale = c.multiplier * 2.0 ** (-31 - c.right)
    reach = np.maximum(np.abs(c.least), np.abs(c.most)) + abs(phase)
    shift = np.floor(np.log2(_ROOM / (1.01 * reach * scale + 600))).astype(np.int64).clip(coarser, 22) - coarser
    nominal = np.round(scale * 2.0 ** (shift + SUM_BITS + PART_BITS)).astype(np.int64)
    factor = np.maximum(nominal[:, None] + _FACTORS_TRIED, 1)
    whole, part = factor >> (SUM_BITS + PART_BITS), factor & ((1 << (SUM_BITS + PART_BITS)) - 1)
    kink = np.where(shift >= c.right, 1 << np.maximum(shift - c.right, 0), 0)

    def scaled(sums: Array) -> Array:
        s = (sums + phase)[:, None, :]
        below = np.where(s < 0, kink[:, None, None], 0)
        return np.asarray(s * whole[:, :, None] + ((s >> SUM_BITS) * part[:, :, None] >> PART_BITS) - below)

    steps = (_STEPS - INT8_MIN) << shift[:, None]
    first, last = _addends(c, steps[:, None, :], scaled)
    addend = (first + last) >> 1
    ends = scaled(np.stack([c.least, c.most], axis=1)) + addend[:, :, None]
    fits = (np.abs(ends).max(axis=2) < 2**31) & (np.abs(addend) < 2**31)
    fits &= ((reach[:, None] >> SUM_BITS) + 1) * part < 2**31
    good = (first <= last) & fits
    best, each = good.argmax(axis=1), np.arange(len(scale))
    columns = (np.full(len(scale), phase), whole[each, best], part[each, best], addend[each, best], shift, kink)
    solved = good.any(axis=1)
    return solved, np.stack(columns)[:, solved]


def _addends(c: _Channels, steps: Array, scaled: Callable[[Array], Array]) -> tuple[Array, Array]:
    """First and last addend [channel, factor] with which no step within reach comes too late or too early."""
    within, begun = (c.rising <= c.most[:, None])[:, None, :], (c.rising > c.least[:, None])[:, None, :]
    first = np.where(within, steps - scaled(c.rising), -_OUT_OF_REACH).max(axis=2)
    last = np.where(begun, steps - 1 - scaled(c.rising - 1), _OUT_OF_REACH).min(axis=2)
    return np.where(first == -_OUT_OF_REACH, last, first), np.where(last == _OUT_OF_REACH, first, last)
