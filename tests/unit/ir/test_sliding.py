"""Windows: what they read, counted pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilbench.ir.region import Region, Window
from hilbench.ir.sliding import inside, output_shape, taps, window_region

WINDOWS = st.builds(
    Window, st.integers(1, 5), st.integers(1, 3), st.integers(1, 3), st.integers(0, 4), st.integers(0, 4)
)


@given(window=WINDOWS, size=st.integers(1, 12), data=st.data())
def test_regions_are_the_pixels_that_taps_touch(window: Window, size: int, data: st.DataObject) -> None:
    outputs = window.outputs(size)
    if outputs < 1:
        return
    first = data.draw(st.integers(0, outputs - 1))
    last = data.draw(st.integers(first, outputs - 1))
    column = Window(1)
    found = window_region(Region(first, last + 1, 0, 1), window, column, (1, size, 1, 1))
    places = [o * window.stride - window.before + k * window.dilation
              for o in range(first, last + 1) for k in range(window.kernel)]  # fmt: skip
    touched = [place for place in places if 0 <= place < size]
    assert 0 <= found.y0 < found.y1 <= size
    assert all(found.y0 <= place < found.y1 for place in touched)
    if len(touched) == len(places):
        assert (found.y0, found.y1) == (min(touched), max(touched) + 1)


@given(rows=WINDOWS, cols=WINDOWS, seed=st.integers(0, 99))
def test_taps_are_the_padded_map_shifted(rows: Window, cols: Window, seed: int) -> None:
    x = np.random.default_rng(seed).integers(1, 100, (1, 7, 9, 2))
    shape = (1, rows.outputs(7), cols.outputs(9), 2)
    if min(shape) < 1:
        return
    for i, j, view in taps(x, rows, cols, 0):
        assert view.shape == shape
        for oy, ox in ((0, 0), (shape[1] - 1, shape[2] - 1)):
            y, xx = (
                oy * rows.stride - rows.before + i * rows.dilation,
                ox * cols.stride - cols.before + j * cols.dilation,
            )
            expected = x[0, y, xx] if 0 <= y < 7 and 0 <= xx < 9 else np.zeros(2)
            np.testing.assert_array_equal(view[0, oy, ox], expected)


def test_what_lies_in_padding_becomes_the_nearest_pixel() -> None:
    assert inside(Region(-3, -1, 8, 12), (1, 5, 6, 1)) == Region(0, 1, 5, 6)


def test_output_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match="larger than the padded input"):
        output_shape((1, 5, 5, 1), Window(6), Window(1), 3)
