"""The requantization in two products equals the long one: at every threshold that sums can reach, and at both ends."""

from __future__ import annotations

import numpy as np
import pytest

from hilbench.ir.fixedpoint import multiply
from hilbench.ir.quantized import ConvConstants
from hilbench.kernels.twoproducts import PART_BITS, SUM_BITS, TwoProducts, solve_two_products, thresholds


def channels(seed: int, zero: int, count: int) -> tuple[ConvConstants, np.ndarray, np.ndarray]:
    """Constants, least and largest sums as convolutions have them."""
    rng = np.random.default_rng(seed)
    multiplier, shift = rng.integers(2**30, 2**31, count), -rng.integers(5, 11, count)
    least = -rng.integers(0, 2**17, count)
    least[::7] = 3  # sums that no input makes negative, and then ones that have one value
    most = np.where(np.arange(count) % 14 == 0, least, least + rng.integers(1, 2**18, count))
    return ConvConstants(3, zero, tuple(multiplier.tolist()), tuple(shift.tolist()), -128, 127), least, most


def long_form(sums: np.ndarray, k: ConvConstants) -> np.ndarray:
    """Outputs of sums [..., channel]."""
    return np.clip(multiply(sums, k.multiplier, k.shift) + k.output_offset, -128, 127)


def short_form(sums: np.ndarray, solved: TwoProducts) -> np.ndarray:
    """What the firmware computes; every number on the way is an int32."""
    phase, whole, part, addend, shift, kink = (np.array(getattr(solved, n)) for n in solved.__dataclass_fields__)
    s = sums + phase
    coarse = (s >> SUM_BITS) * part
    scaled = s * whole + (coarse >> PART_BITS) - np.where(s < 0, kink, 0) + addend
    for number in (s * whole, coarse, addend, scaled):
        assert (np.abs(number) < 2**31).all()
    assert (whole >= 0).all() and (part >= 0).all(), "a form that falls somewhere is not proven by its thresholds"
    return np.clip(scaled >> shift, 0, 255) - 128


@pytest.mark.parametrize("zero", [-128, -17, 0, 127])
def test_thresholds_are_where_the_output_rises(zero: int) -> None:
    k, least, most = channels(1, zero, 30)
    rising = thresholds(k, least, most).T
    steps = np.arange(-127, 128)[:, None]
    reached = (rising <= most) & (rising > least)
    assert reached.sum() > 1000
    assert (np.where(reached, long_form(rising, k), steps) >= steps).all()
    assert (np.where(reached, long_form(rising - 1, k), -128) < steps).all()


@pytest.mark.parametrize("zero", [-128, -17, 0, 127])
def test_two_products_are_equal_at_every_threshold_and_end(zero: int) -> None:
    k, least, most = channels(2, zero, 70)
    solved = solve_two_products(k, tuple(least.tolist()), tuple(most.tolist()))
    assert solved is not None
    rising = thresholds(k, least, most).T
    random = np.random.default_rng(zero + 128).integers(least, most + 1, (200, len(least)))
    sums = np.clip(np.concatenate([rising, rising - 1, [least, most], random]), least, most)
    np.testing.assert_array_equal(short_form(sums, solved), long_form(sums, k))


def test_channels_that_cannot_be_solved_are_none() -> None:
    k = ConvConstants(0, 0, (1431655765,), (-20,), -128, 127)
    assert solve_two_products(k, (-(2**29),), (2**29,)) is None
