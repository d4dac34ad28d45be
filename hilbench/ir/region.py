"""Rectangles of a feature map, and how far an operator must read to write one (receptive field arithmetic)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """Rows y0 to y1 and columns x0 to x1 of an NHWC tensor, half open, all channels."""

    y0: int
    y1: int
    x0: int
    x1: int

    @property
    def rows(self) -> int:
        """Height in pixels."""
        return self.y1 - self.y0

    @property
    def cols(self) -> int:
        """Width in pixels."""
        return self.x1 - self.x0

    @property
    def pixels(self) -> int:
        """Area in pixels."""
        return self.rows * self.cols

    def hull(self, other: Region) -> Region:
        """The smallest region that holds both."""
        return Region(min(self.y0, other.y0), max(self.y1, other.y1), min(self.x0, other.x0), max(self.x1, other.x1))

    def clip(self, rows: int, cols: int) -> Region:
        """The part inside a feature map of `rows` by `cols` pixels."""
        return Region(max(self.y0, 0), min(self.y1, rows), max(self.x0, 0), min(self.x1, cols))


def full(shape: tuple[int, ...]) -> Region:
    """The whole of an NHWC tensor."""
    return Region(0, shape[1], 0, shape[2])


@dataclass(frozen=True)
class Window:
    """Sliding window along one axis: output i reads inputs (i*stride - before) // over + j*dilation, j < kernel.

    `before` and `after` are zero-padding in pixels. `over` is above 1 where outputs lie closer than inputs.
    """

    kernel: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0
    over: int = 1

    @property
    def extent(self) -> int:
        """Pixels between the first and the last input read, both included."""
        return (self.kernel - 1) * self.dilation + 1

    def outputs(self, inputs: int) -> int:
        """Length of the output for `inputs` pixels, where `over` is 1."""
        return (inputs + self.before + self.after - self.extent) // self.stride + 1

    def needs(self, start: int, stop: int) -> tuple[int, int]:
        """Inputs that outputs [start, stop) read, half open and not clipped: outside the map lies padding."""
        first, last = (start * self.stride - self.before) // self.over, (stop - 1) * self.stride - self.before
        return first, last // self.over + self.extent
