"""Nets of the shapes that people deploy, small, with random weights: to try planners, kernels and schedules on.

`NETS[name](seed)` is a graph in int8.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hilbench.ir.attrs import (
    Activation,
    Attrs,
    Concat,
    Conv2D,
    DepthwiseConv2D,
    Elementwise,
    FullyConnected,
    Mean,
    Pool2D,
    Reshape,
    ResizeNearest,
)
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, QuantParams
from hilbench.ir.region import Window
from tests.graphs import UNIT, Builder, weighted


class Net(Builder):
    """Layers with SAME padding. Zero points lie near the middle: through a deep net nothing else keeps its spread."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, DType.INT8)

    def activation(self) -> Activation:
        return Activation.RELU if self.number(0, 3) == 0 else Activation.NONE

    def quant(self, scale: float | None = None) -> QuantParams:
        return QuantParams((float(np.float32((scale or self.scale()) * 0.45)),), (self.number(-20, 20),))

    def done(self) -> Graph:
        """The graph; its outputs are what nothing reads."""
        self.chance = lambda percent: False  # type: ignore[method-assign]
        return super().done()

    def conv(self, x: str, channels: int, kernel: int | tuple[int, int] = 1, stride: int = 1) -> str:
        rows, cols = self._same(x, kernel, stride)
        shape = (channels, rows.kernel, cols.kernel, self.shape(x)[3])
        w, bias, quant = weighted(self, x, shape, 0, rows.kernel * cols.kernel * shape[3])
        return self.op("CONV_2D", (x, w, bias), Conv2D(rows, cols, self.activation()), quant)

    def depthwise(self, x: str, kernel: int | tuple[int, int] = 3, stride: int = 1) -> str:
        rows, cols = self._same(x, kernel, stride)
        shape = (1, rows.kernel, cols.kernel, self.shape(x)[3])
        w, bias, quant = weighted(self, x, shape, 3, rows.kernel * cols.kernel)
        return self.op("DEPTHWISE_CONV_2D", (x, w, bias), DepthwiseConv2D(rows, cols, 1, self.activation()), quant)

    def _same(self, x: str, kernel: int | tuple[int, int], stride: int) -> tuple[Window, Window]:
        """Windows whose padding makes the output as large as the input over the stride; axes of one pixel keep it."""
        sizes, kernels = self.shape(x)[1:3], (kernel, kernel) if isinstance(kernel, int) else kernel
        rows, cols = (_same(size, k, stride if size > 1 else 1) for size, k in zip(sizes, kernels, strict=True))
        return rows, cols

    def separable(self, x: str, channels: int, kernel: int = 3, stride: int = 1) -> str:
        return self.conv(self.depthwise(x, kernel, stride), channels)

    def inverted(self, x: str, channels: int, kernel: int = 3, stride: int = 1, squeezed: bool = False) -> str:
        """MobileNetV2's block, six times as wide inside; V3's where it is squeezed."""
        inside = self.depthwise(self.conv(x, 6 * self.shape(x)[3]), kernel, stride)
        out = self.conv(self.squeeze(inside) if squeezed else inside, channels)
        return self.plus(x, out) if self.shape(x) == self.shape(out) else out

    def squeeze(self, x: str) -> str:
        """Each channel times a number that is computed from the mean of all."""
        channels = self.shape(x)[3]
        mean = self.op("MEAN", (x,), Mean((1, 2), True), self.like(x))
        gate = self.op("LOGISTIC", (self.conv(self.conv(mean, max(channels // 4, 1)), channels),), Attrs(), UNIT)
        return self.op("MUL", (x, gate), Elementwise(), self.quant(self.tensors[x].scale))

    def plus(self, a: str, b: str) -> str:
        return self.op("ADD", (a, b), Elementwise(), self.quant(self.tensors[a].scale + self.tensors[b].scale))

    def concat(self, *parts: str) -> str:
        return self.op("CONCATENATION", parts, Concat(3), self.like(parts[0]))

    def pool(self, x: str) -> str:
        return self.op("MAX_POOL_2D", (x,), Pool2D(*self._same(x, 2, 2)), self.like(x))

    def larger(self, x: str, times: int = 2) -> str:
        batch, rows, cols, channels = self.shape(x)
        shape = (batch, times * rows, times * cols, channels)
        return self.op("RESIZE_NEAREST_NEIGHBOR", (x,), ResizeNearest(False, True), self.like(x), shape)

    def classes(self, x: str) -> str:
        """Ten numbers from the mean of a map."""
        mean = self.op("MEAN", (x,), Mean((1, 2), False), self.quant(self.tensors[x].scale / 2))
        w, bias, quant = weighted(self, mean, (10, self.shape(mean)[1]), 0, self.shape(mean)[1])
        return self.op("FULLY_CONNECTED", (mean, w, bias), FullyConnected(Activation.NONE, False), quant)

    def flat(self, x: str) -> str:
        return self.op("RESHAPE", (x,), Reshape(), self.like(x), (1, self.tensors[x].elements))


def _same(size: int, kernel: int, stride: int) -> Window:
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return Window(kernel, stride, 1, total // 2, total - total // 2)


def detector(seed: int) -> Graph:
    """Features at two scales, the coarse one enlarged and joined to the fine one; boxes and classes of both."""
    b = Net(seed)
    x = b.conv(b.input((1, 48, 48, 3)), 8, 3, 2)
    fine = b.separable(b.separable(x, 12, stride=2), 12)
    coarse = b.separable(b.separable(fine, 24, stride=2), 24)
    joined = b.concat(b.larger(b.conv(coarse, 12)), fine)
    for scale in (coarse, b.separable(joined, 16)):
        b.flat(b.conv(scale, 12))
        b.flat(b.conv(b.separable(scale, 8), 6))
    return b.done()


def segmenter(seed: int) -> Graph:
    """A U-net: down and up again, with a skip connection at each size."""
    b = Net(seed)
    levels = [b.conv(b.input((1, 32, 32, 3)), 8, 3)]
    for channels in (12, 16):
        levels.append(b.separable(b.pool(levels[-1]), channels))
    x = b.separable(b.pool(levels[-1]), 16)
    for level in reversed(levels):
        x = b.separable(b.concat(b.larger(x), level), b.shape(level)[3])
    b.conv(x, 3)
    return b.done()


def sequence(seed: int) -> Graph:
    """A net over time: one row of 256 samples with 4 channels."""
    b = Net(seed)
    x = b.conv(b.input((1, 1, 256, 4)), 16, (1, 9), 2)
    for channels, stride in ((16, 1), (24, 2), (24, 1), (32, 2)):
        x = b.conv(b.depthwise(x, (1, 5), stride), channels)
    b.classes(x)
    return b.done()


def tall(seed: int) -> Graph:
    """The same over one column."""
    b = Net(seed)
    x = b.conv(b.input((1, 128, 1, 6)), 12, (5, 1), 2)
    x = b.plus(x, b.conv(b.conv(x, 12, (5, 1)), 12, (3, 1)))
    b.classes(b.conv(x, 16, (3, 1), 2))
    return b.done()


def image(seed: int) -> Graph:
    """MobileNetV2's first blocks on an image of 224×224."""
    b = Net(seed)
    x = b.separable(b.conv(b.input((1, 224, 224, 3)), 8, 3, 2), 4)
    for channels, stride in ((6, 2), (6, 1), (8, 2), (16, 2), (16, 1), (24, 2)):
        x = b.inverted(x, channels, stride=stride)
    b.classes(x)
    return b.done()


def wide(seed: int) -> Graph:
    """Kernels of 7×7 and 5×5."""
    b = Net(seed)
    x = b.separable(b.conv(b.input((1, 40, 40, 3)), 8, 7, 2), 8, 5)
    for channels, kernel, stride in ((12, 7, 2), (12, 5, 1), (16, 7, 1)):
        x = b.inverted(x, channels, kernel, stride)
    b.classes(x)
    return b.done()


def squeezed(seed: int) -> Graph:
    """MobileNetV3's blocks, with squeeze and excitation."""
    b = Net(seed)
    x = b.conv(b.input((1, 48, 48, 3)), 8, 3, 2)
    for channels, kernel, stride in ((8, 3, 1), (12, 5, 2), (12, 5, 1), (16, 3, 2)):
        x = b.inverted(x, channels, kernel, stride, squeezed=True)
    b.classes(x)
    return b.done()


def bottlenecks(seed: int) -> Graph:
    """MobileNetV2's blocks, with and without a residual, over windows of 3×3 and 7×7."""
    b = Net(seed)
    x = b.inverted(b.conv(b.input((1, 24, 24, 3)), 6, 3, 2), 6)
    b.classes(b.inverted(b.inverted(x, 8, 7, 2), 8, 3, 2))
    return b.done()


NETS: dict[str, Callable[[int], Graph]] = {
    each.__name__: each for each in (detector, segmenter, sequence, tall, image, wide, squeezed, bottlenecks)
}
"""Graphs by name."""


def mobilenet(seed: int) -> Graph:
    """MobileNetV2 for ImageNet: 17 blocks at 224×224, with the widths of the paper (Sandler et al. 2018, table 2)."""
    b = Net(seed)
    x = b.separable(b.conv(b.input((1, 224, 224, 3)), 32, 3, 2), 16)
    for channels, count, stride in ((24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1)):
        for number in range(count):
            x = b.inverted(x, channels, stride=stride if number == 0 else 1)
    b.classes(b.conv(x, 1280))
    return b.done()


def pyramid(seed: int) -> Graph:
    """A detector at three scales, each enlarged and added to a finer one (Lin et al. 2017, feature pyramids)."""
    b = Net(seed)
    x = b.separable(b.conv(b.input((1, 160, 160, 3)), 16, 3, 2), 8)
    scales = []
    for channels, count, stride in ((16, 2, 2), (24, 3, 2), (32, 3, 2), (64, 2, 2)):
        for number in range(count):
            x = b.inverted(x, channels, stride=stride if number == 0 else 1)
        scales.append(x)
    x = b.conv(scales.pop(), 32)
    for scale in (*reversed(scales[1:]), None):
        b.flat(b.conv(b.separable(x, 32), 24))
        b.flat(b.conv(b.separable(x, 32), 18))
        x = b.plus(b.larger(x), b.conv(scale, 32)) if scale else x
    return b.done()


def excited(seed: int) -> Graph:
    """MobileNetV3-small for ImageNet, without its swish (Howard et al. 2019, table 2)."""
    b = Net(seed)
    x = b.conv(b.squeeze(b.depthwise(b.conv(b.input((1, 224, 224, 3)), 16, 3, 2), 3, 2)), 16)
    x = b.inverted(b.inverted(x, 24, stride=2), 24)
    for channels, stride in ((40, 2), (40, 1), (40, 1), (48, 1), (48, 1), (96, 2), (96, 1), (96, 1)):
        x = b.inverted(x, channels, 5, stride, squeezed=True)
    b.classes(b.conv(x, 576))
    return b.done()


def unet(seed: int) -> Graph:
    """A U-net of two convolutions per size (Ronneberger et al. 2015), narrow, on 128×128."""
    b = Net(seed)
    x, levels = b.input((1, 128, 128, 3)), []
    for channels in (8, 16, 32, 64):
        x = b.conv(b.conv(x, channels, 3), channels, 3)
        levels.append(x)
        x = b.pool(x)
    x = b.conv(b.conv(x, 128, 3), 128, 3)
    for level in reversed(levels):
        channels = b.shape(level)[3]
        x = b.conv(b.conv(b.concat(b.conv(b.larger(x), channels), level), channels, 3), channels, 3)
    b.conv(x, 1)
    return b.done()


def waveform(seed: int) -> Graph:
    """A residual net over one row of 2048 samples, kernels of 1×9."""
    b = Net(seed)
    x = b.conv(b.input((1, 1, 2048, 3)), 16, (1, 9), 2)
    for channels in (16, 24, 32, 48, 64):
        x = b.conv(b.depthwise(x, (1, 9), 2), channels)
        x = b.plus(x, b.conv(b.depthwise(b.conv(b.depthwise(x, (1, 9)), channels), (1, 9)), channels))
    b.classes(x)
    return b.done()


def keywords(seed: int) -> Graph:
    """DS-CNN, large (Zhang et al. 2017, "Hello Edge"): 49×10 features, six separable layers of 276 channels."""
    b = Net(seed)
    x = b.conv(b.input((1, 49, 10, 1)), 276, (10, 4), 2)
    for _ in range(5):
        x = b.separable(x, 276)
    b.classes(x)
    return b.done()


LARGE: dict[str, Callable[[int], Graph]] = {
    each.__name__: each for each in (mobilenet, pyramid, excited, unet, waveform, keywords)
}
"""Nets as large as they are deployed, by name: for planners alone."""
