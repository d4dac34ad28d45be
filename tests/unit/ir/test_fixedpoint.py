"""Fixed-point arithmetic against its definition in unlimited integers and in real numbers.

The exponential is a Taylor series of four terms on a quarter, whose first neglected term is (1/8)**5 / 120 = 2.5e-7.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from hilbench.ir.fixedpoint import (
    INT32_MAX,
    INT32_MIN,
    doubling_high_multiply,
    exp_on_negative,
    logistic,
    multiply,
    one_over_one_plus,
    reciprocal,
    rounding_shift_right,
    wrap32,
)

INT32 = st.integers(INT32_MIN, INT32_MAX)


def nearest(value: Fraction, *, half_up: bool) -> int:
    """Rounded; halves toward plus infinity, or away from zero."""
    if half_up or value >= 0:
        return math.floor(value + Fraction(1, 2))
    return -math.floor(-value + Fraction(1, 2))


@given(a=INT32, b=INT32)
@example(a=INT32_MIN, b=INT32_MIN)
@example(a=-1, b=1 << 30)
def test_doubling_high_multiply(a: int, b: int) -> None:
    expected = min(nearest(Fraction(a * b, 2**31), half_up=True), INT32_MAX)
    assert int(doubling_high_multiply(a, b)) == expected


@given(value=INT32, bits=st.integers(0, 31))
@example(value=-3, bits=1)
@example(value=-1, bits=0)
def test_rounding_shift_right(value: int, bits: int) -> None:
    assert int(rounding_shift_right(value, bits)) == nearest(Fraction(value, 2**bits), half_up=False)


@given(value=st.integers(-(2**40), 2**40))
def test_wrap32_is_twos_complement(value: int) -> None:
    assert int(wrap32(value)) == int(np.array([value], np.int64).astype(np.int32)[0])


@given(value=INT32, multiplier=st.integers(1 << 30, INT32_MAX), shift=st.integers(-31, 0))
def test_multiply_is_within_one_of_the_real_product(value: int, multiplier: int, shift: int) -> None:
    real = Fraction(value * multiplier) * Fraction(2) ** (shift - 31)
    assert abs(int(multiply(value, multiplier, shift)) - real) < 1


@given(values=st.lists(INT32, min_size=1, max_size=5), shifts=st.lists(st.integers(-31, 8), min_size=5, max_size=5))
def test_multiply_works_element_by_element(values: list[int], shifts: list[int]) -> None:
    shifts = shifts[: len(values)]
    together = multiply(np.array(values), 1 << 30, shifts)
    assert list(together) == [int(multiply(v, 1 << 30, s)) for v, s in zip(values, shifts, strict=True)]


@given(value=st.integers(INT32_MIN, 0), bits=st.sampled_from([4, 5]))
@example(value=0, bits=5)
def test_exponential(value: int, bits: int) -> None:
    real = math.exp(value / 2 ** (31 - bits))
    assert abs(int(exp_on_negative(value, bits)) / 2**31 - real) < 1e-6


@given(value=INT32)
@example(value=0)
def test_logistic(value: int) -> None:
    real = 1 / (1 + math.exp(-value / 2**27))
    assert abs(int(logistic(value, 4)) / 2**31 - real) < 1e-6


@given(value=st.integers(0, INT32_MAX))
def test_one_over_one_plus(value: int) -> None:
    assert abs(int(one_over_one_plus(value)) / 2**31 - 1 / (1 + value / 2**31)) < 1e-7


@given(value=st.integers(1, INT32_MAX), bits=st.integers(0, 12))
def test_reciprocal(value: int, bits: int) -> None:
    scale, over = reciprocal(value, bits)
    real = 1 / (value / 2 ** (31 - bits))
    assert math.isclose(int(scale) / 2**31 * 2.0 ** -int(over), real, rel_tol=1e-7)
