"""Resizing seen through a window: the same pixels as the operator itself picks, or no window."""

from __future__ import annotations

from itertools import product

import pytest

from hilbench.ir.attrs import ResizeNearest
from hilbench.ir.ops.movement import nearest, nearest_window

FLAGS = list(product((False, True), repeat=2))


@pytest.mark.parametrize("flags", FLAGS)
def test_a_window_picks_the_operators_pixels(flags: tuple[bool, bool]) -> None:
    attrs = ResizeNearest(*flags)
    for inputs, outputs in product(range(1, 20), range(1, 40)):
        window = nearest_window(inputs, outputs, attrs)
        if window is not None:
            picked = [min(window.needs(i, i + 1)[0], inputs - 1) for i in range(outputs)]
            assert picked == nearest(inputs, outputs, attrs)
            assert window.before <= 0, "the firmware divides numbers that are not negative"


@pytest.mark.parametrize("flags", FLAGS[:-1])  # both at once is no option of the format
@pytest.mark.parametrize("times", [2, 3, 4])
def test_every_usual_enlargement_has_one(flags: tuple[bool, bool], times: int) -> None:
    assert all(nearest_window(size, times * size, ResizeNearest(*flags)) for size in range(2, 60))


def test_a_ratio_that_float32_rounds_otherwise_has_none() -> None:
    assert nearest_window(2, 82, ResizeNearest(False, False)) is None
