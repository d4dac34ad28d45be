"""Sliding windows over NHWC arrays, and the checks and regions that operators with windows share."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hilbench.ir.graph import Array
from hilbench.ir.region import Region, Window


def taps(x: Array, rows: Window, cols: Window, padding: float) -> Iterator[tuple[int, int, Array]]:
    """(i, j, view) per place in the window: view[n, oy, ox, c] is what output (oy, ox) meets there.

    Padding has the value `padding`, which the array's dtype has to hold.
    """
    height, width = rows.outputs(x.shape[1]), cols.outputs(x.shape[2])
    pads = ((0, 0), (rows.before, rows.after), (cols.before, cols.after), (0, 0))
    padded = np.pad(x, pads, constant_values=padding)
    for i in range(rows.kernel):
        for j in range(cols.kernel):
            yield i, j, padded[:, _places(rows, i, height), _places(cols, j, width), :]


def _places(window: Window, tap: int, outputs: int) -> slice:
    start = tap * window.dilation
    return slice(start, start + (outputs - 1) * window.stride + 1, window.stride)


def output_shape(shape: tuple[int, ...], rows: Window, cols: Window, channels: int) -> tuple[int, ...]:
    """Shape of what windows make of a feature map.

    Raises:
        ValueError: the map is smaller than the window.
    """
    height, width = rows.outputs(shape[1]), cols.outputs(shape[2])
    if height < 1 or width < 1:
        raise ValueError(f"the window is larger than the padded input of {shape[1]} by {shape[2]} pixels")
    return (shape[0], height, width, channels)


def window_region(out: Region, rows: Window, cols: Window, shape: tuple[int, ...]) -> Region:
    """What output region `out` reads of an input of this shape."""
    return inside(Region(*rows.needs(out.y0, out.y1), *cols.needs(out.x0, out.x1)), shape)


def inside(region: Region, shape: tuple[int, ...]) -> Region:
    """Clipped to the map; what lies wholly outside becomes the nearest pixel."""
    y0, y1 = _clip(region.y0, region.y1, shape[1])
    x0, x1 = _clip(region.x0, region.x1, shape[2])
    return Region(y0, y1, x0, x1)


def _clip(start: int, stop: int, size: int) -> tuple[int, int]:
    first = min(max(start, 0), size - 1)
    return first, max(min(stop, size), first + 1)
