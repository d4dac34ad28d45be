"""Writes a network like MobileNetV2 of width 0.35 for images of 96x96x3, with seeded weights, untrained.

    python mobilenet.py [FOLDER]

writes mobilenetv2_035_96.tflite (float32). Its first layers hold many times more than the rest: in int8, layer by
layer, 138,240 bytes in the depthwise convolution from 48x48x48 to 24x24x48; about 8 KB in the median. The blocks are
those of the paper (Sandler et al. 2018, "MobileNetV2", table 2) up to its 160 channels; the last stages, which hold
most of the weights and little of the memory, are left out. Weights are scaled so that activations keep the spread that
a trained network has, hence it can be quantized; what it says about an image means nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from layers import Array, Chain, Conv, Dense, Depthwise, GlobalMean, Layer, Residual, Softmax, write_model

SEED = 35
SHAPE = (96, 96, 3)
WIDTH = 0.35
CLASSES = 10


class Group(NamedTuple):
    """Inverted residuals after one another: `channels` are those at width 1, `stride` is that of the first."""

    expansion: int
    channels: int
    repeats: int
    stride: int
    kernel: int = 3


GROUPS = (
    Group(1, 16, 1, 1),
    Group(6, 24, 2, 2),
    Group(6, 32, 3, 2),
    Group(6, 64, 4, 2),
    Group(6, 96, 3, 1),
    Group(6, 160, 2, 2),
)


def channels(full: int) -> int:
    """Channels at WIDTH, a multiple of 8 and not less than 90 % of the exact number, as the authors round."""
    rounded = max(8, int(full * WIDTH + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * full * WIDTH else rounded


def bottleneck(rng: np.random.Generator, into: int, out: int, group: Group, stride: int) -> Layer:
    """Inverted residual: expand, depthwise, project; added to its input where the shapes agree."""
    wide = into * group.expansion
    expand = [Conv(rng, (into, wide), act="RELU6")] if group.expansion > 1 else []
    layers = [*expand, Depthwise(rng, wide, group.kernel, stride, act="RELU6"), Conv(rng, (wide, out))]
    return Residual(layers) if stride == 1 and into == out else Chain(layers)


def network(rng: np.random.Generator, groups: Sequence[Group] = GROUPS) -> Chain:
    """The whole network with weights drawn from `rng`."""
    at = channels(32)
    layers: list[Layer] = [Conv(rng, (3, at), kernel=3, stride=2, act="RELU6")]
    for group in groups:
        for repeat in range(group.repeats):
            layers.append(bottleneck(rng, at, channels(group.channels), group, group.stride if repeat == 0 else 1))
            at = channels(group.channels)
    return Chain(
        [*layers, Conv(rng, (at, 4 * at), act="RELU6"), GlobalMean(), Dense(rng, (4 * at, CLASSES)), Softmax()]
    )


def images(rng: np.random.Generator, count: int) -> Array:
    """Noise with structure at several sizes, in [-1, 1], [count, *SHAPE]: blocks of 1 to 32 pixels added up."""
    x = sum(np.kron(rng.normal(size=(count, 96 // n, 96 // n, 3)), np.ones((1, n, n, 1))) for n in (1, 4, 16, 32))
    return np.clip(x / 4, -1, 1)


def standardise(layer: Layer, x: Array) -> Array:
    """Give every convolution outputs of mean 0 (linear) or 1 (before RELU6) and deviation 1; the output for `x`."""
    if isinstance(layer, Conv):
        layer.standardise(x, mean=0.0 if layer.activation == "NONE" else 1.0, deviation=1.0)
        return layer.forward(x)
    if not isinstance(layer, Chain):
        return layer.forward(x)
    y = x
    for inner in layer.layers:
        y = standardise(inner, y)
    return x + y if isinstance(layer, Residual) else y


def make() -> Chain:
    """The network with its final weights."""
    rng = np.random.default_rng(SEED)
    net = network(rng)
    standardise(net, images(rng, 4))
    return net


def main(folder: Path) -> None:
    """Write the model into `folder`."""
    (folder / "mobilenetv2_035_96.tflite").write_bytes(write_model(make(), "mobilenetv2_035_96", SHAPE))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
