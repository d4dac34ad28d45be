"""Fixed-point arithmetic of TFLite Micro on arrays: what its int8 operators do to an int32 accumulator, bit for bit.

Numbers are int64 arrays that hold int32 values. Qm.n below means m integer and n = 31 - m fractional bits. The
definitions are those of gemmlowp's `fixedpoint.h` and TensorFlow Lite's `MultiplyByQuantizedMultiplier` with double
rounding (TFLITE_SINGLE_ROUNDING off, as TFLite Micro is built).

TFLite Micro leaves int32 overflow undefined; here, and in the firmware, sums and left shifts wrap around.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Int = NDArray[np.int64]

INT32_MAX = 2**31 - 1
INT32_MIN = -(2**31)


def wrap32(value: ArrayLike) -> Int:
    """Reduced to int32 modulo 2**32, as a 32-bit register does it."""
    wide = np.asarray(value, np.int64)
    return np.asarray((wide + 2**31) % 2**32 - 2**31)


def doubling_high_multiply(a: ArrayLike, b: ArrayLike) -> Int:
    """round(a * b / 2**31), saturated: gemmlowp's SaturatingRoundingDoublingHighMul."""
    product = np.asarray(a, np.int64) * np.asarray(b, np.int64)
    return np.asarray(np.minimum((product + 2**30) >> 31, INT32_MAX))


def rounding_shift_right(value: ArrayLike, exponent: ArrayLike) -> Int:
    """value / 2**exponent rounded half away from zero: gemmlowp's RoundingDivideByPOT; exponent from 0 to 31."""
    x, bits = np.asarray(value, np.int64), np.asarray(exponent, np.int64)
    half = (np.int64(1) << bits) >> 1
    return np.asarray((x + half - ((x < 0) & (bits > 0))) >> bits)


def multiply(value: ArrayLike, multiplier: ArrayLike, shift: ArrayLike) -> Int:
    """value * multiplier * 2**(shift - 31), rounded twice: TensorFlow Lite's MultiplyByQuantizedMultiplier."""
    shifts = np.asarray(shift, np.int64)
    shifted = wrap32(np.asarray(value, np.int64) << np.maximum(shifts, 0))
    return rounding_shift_right(doubling_high_multiply(shifted, multiplier), np.maximum(-shifts, 0))


def wraps(largest: ArrayLike, shift: ArrayLike) -> NDArray[np.bool_]:
    """Whether `multiply` of some value of magnitude up to `largest` would leave int32 on its way."""
    return np.asarray(np.asarray(largest, np.int64) << np.maximum(np.asarray(shift, np.int64), 0)) > INT32_MAX


def saturating_shift_left(value: Int, bits: int) -> Int:
    """value * 2**bits, saturated to int32: gemmlowp's SaturatingRoundingMultiplyByPOT with a positive exponent."""
    return np.asarray(np.clip(value << bits, INT32_MIN, INT32_MAX))


_EXP_MINUS_ONE_EIGHTH = 1895147668
_ONE_THIRD = 715827883
# exp(-2**k) in Q0.31 for k = -2 .. 4
_EXP_POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)


def exp_on_negative(value: ArrayLike, integer_bits: int) -> Int:
    """exp(value) in Q0.31 for value <= 0 in Q(integer_bits), integer_bits <= 5: gemmlowp's exp_on_negative_values."""
    a = np.asarray(value, np.int64)
    fractional_bits = 31 - integer_bits
    quarter = 1 << (fractional_bits - 2)
    low = (a & (quarter - 1)) - quarter
    result = _exp_near_zero(saturating_shift_left(low, integer_bits))
    remainder = low - a
    for place, factor in enumerate(_EXP_POWERS[: integer_bits + 2]):
        has_bit = (remainder >> (fractional_bits - 2 + place)) & 1 == 1
        result = np.where(has_bit, doubling_high_multiply(result, factor), result)
    return np.where(a == 0, INT32_MAX, result)


def _exp_near_zero(a: Int) -> Int:
    """exp(a) in Q0.31 for -1/4 <= a < 0: Taylor's series around -1/8."""
    x = a + (1 << 28)
    x2 = doubling_high_multiply(x, x)
    x3 = doubling_high_multiply(x2, x)
    x4_over_4 = rounding_shift_right(doubling_high_multiply(x2, x2), 2)
    rest = rounding_shift_right(doubling_high_multiply(x4_over_4 + x3, _ONE_THIRD) + x2, 1)
    return _EXP_MINUS_ONE_EIGHTH + doubling_high_multiply(_EXP_MINUS_ONE_EIGHTH, x + rest)


def one_over_one_plus(value: ArrayLike) -> Int:
    """1 / (1 + value) in Q0.31 for 0 <= value < 1 in Q0.31: three Newton-Raphson steps, as gemmlowp does it."""
    a = np.asarray(value, np.int64)
    half_denominator = (a + INT32_MAX + 1) // 2  # both are >= 0, so that rounding half up is half away
    x = 1515870810 + doubling_high_multiply(half_denominator, -1010580540)  # Q2.29: 48/17 - 32/17 d
    for _ in range(3):
        error = (1 << 29) - doubling_high_multiply(half_denominator, x)
        x = x + saturating_shift_left(doubling_high_multiply(x, error), 2)
    return saturating_shift_left(x, 1)


def reciprocal(value: ArrayLike, integer_bits: int) -> tuple[Int, Int]:
    """(scale, bits) with 1 / value = scale * 2**-bits for value > 0 in Q(integer_bits), scale in Q0.31."""
    x = np.asarray(value, np.int64)
    headroom = 32 - np.frexp(x.astype(np.float64))[1].astype(np.int64)
    return one_over_one_plus((x << headroom) - 2**31), integer_bits - headroom


def logistic(value: ArrayLike, integer_bits: int) -> Int:
    """1 / (1 + exp(-value)) in Q0.31 for value in Q(integer_bits)."""
    a = np.asarray(value, np.int64)
    positive = one_over_one_plus(exp_on_negative(-np.abs(a), integer_bits))
    return np.where(a == 0, 1 << 30, np.where(a > 0, positive, INT32_MAX - positive))


def clamp(value: Any, lowest: int, highest: int) -> NDArray[np.int8]:
    """Clipped to [lowest, highest] within int8, and stored as int8."""
    return np.asarray(np.clip(value, lowest, highest), np.int8)
