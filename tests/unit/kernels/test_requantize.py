"""Short forms of rounding equal the long ones: ADD on every pair of inputs, a requantization at every threshold."""

from __future__ import annotations

import numpy as np
import pytest

from hilbench.ir.fixedpoint import multiply
from hilbench.ir.quantized import add_constants
from hilbench.kernels.requantize import (
    PACKED_FACTOR,
    PACKED_SHIFT,
    STAIRCASE_FACTOR,
    STAIRCASE_SHIFT,
    add_outputs,
    solve_add,
    solve_staircase,
    thresholds,
)
from tests.graphs import only


@pytest.mark.parametrize("kind", ["ADD", "SUB"])
def test_short_add_on_all_pairs(kind: str) -> None:
    every = np.arange(-128, 128, dtype=np.int64)
    found = 0
    for seed in range(12):
        graph = only(kind, seed)
        (op,) = graph.ops
        solved = solve_add(op, graph)
        if solved is None:
            continue
        found += 1
        k = add_constants(op, graph)
        sums = solved.first * every[:, None] + solved.second * every[None, :] + solved.offset
        assert np.abs(sums).max() < 2**31
        short = np.clip(sums >> solved.shift, k.act_min, k.act_max)
        np.testing.assert_array_equal(short, add_outputs(kind, k))
    assert found >= 8, "a solver that finds nothing proves nothing"


def channels(seed: int, count: int) -> tuple[np.ndarray, ...]:
    """Multipliers, shifts, least and largest sums as convolutions have them."""
    rng = np.random.default_rng(seed)
    multiplier, shift = rng.integers(2**30, 2**31, count), -rng.integers(5, 13, count)
    least = -rng.integers(0, 2**18, count)
    least[::7] = 3  # sums that no input makes negative, and then ones that have one value
    most = np.where(np.arange(count) % 14 == 0, least, least + rng.integers(1, 2**19, count))
    return multiplier, shift, least, most


def long_form(sums: np.ndarray, multiplier: int, shift: int) -> np.ndarray:
    return np.clip(multiply(sums, multiplier, shift) - 128, -128, 127)


def test_thresholds_are_where_the_output_rises() -> None:
    multiplier, shift, _, _ = channels(1, 60)
    rising = thresholds(multiplier[:, None], -shift[:, None])
    steps = np.arange(-127, 128)
    for c in range(len(shift)):
        np.testing.assert_array_equal(long_form(rising[c], multiplier[c], shift[c]), steps)
        np.testing.assert_array_equal(long_form(rising[c] - 1, multiplier[c], shift[c]), steps - 1)


@pytest.mark.parametrize(("factor", "step"), [(STAIRCASE_FACTOR, STAIRCASE_SHIFT), (PACKED_FACTOR, PACKED_SHIFT)])
def test_staircases_are_equal_at_every_threshold_and_end(factor: int, step: int) -> None:
    found = 0
    for c, (multiplier, shift, least, most) in enumerate(zip(*(a.tolist() for a in channels(2, 140)), strict=True)):
        solved = solve_staircase((multiplier,), (shift,), (least,), (most,), factor, last_shift=step)
        if solved is None:
            continue
        found += 1
        rising = thresholds(np.array([[multiplier]]), np.array([[-shift]]))[0]
        ends = np.array([least, most])
        sums = np.concatenate([rising, rising - 1, ends, np.random.default_rng(c).integers(least, most + 1, 200)])
        sums = sums[(sums >= least) & (sums <= most)]
        scaled = factor * sums + solved.bias[0]
        assert (np.abs(scaled) < 2**31).all()
        assert 0 < solved.multiplier[0] < 2**31
        assert -128 <= solved.nudge[0] <= 127
        high = (scaled * solved.multiplier[0] >> 32) + (-255 << (step - 1)) + solved.nudge[0]
        np.testing.assert_array_equal(np.clip(high >> step, -128, 127), long_form(sums, multiplier, shift))
    assert found >= 130, "a solver that finds little is of little use"


def test_channels_are_solved_together_or_not_at_all() -> None:
    easy, coarse = (2**30 + 12345, -8, -5000, 90000), (2**31 - 1, -2, -5000, 90000)
    assert solve_staircase(*((value,) for value in easy)) is not None
    assert solve_staircase(*((value,) for value in coarse)) is None
    assert solve_staircase(*zip(easy, coarse, strict=True)) is None
