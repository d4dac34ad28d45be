"""Attributes of the operator kinds that have some; padding is in explicit pixels, SAME and VALID are resolved."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from hilbench.ir.graph import Attrs, Op, Tensor
from hilbench.ir.region import Window


class Activation(StrEnum):
    """The function fused into an operator; the value is TFLite's name of it."""

    NONE = "NONE"
    RELU = "RELU"
    RELU6 = "RELU6"
    RELU_N1_TO_1 = "RELU_N1_TO_1"

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """Lowest and highest real output, None where there is no bound."""
        return _BOUNDS[self]


_BOUNDS: dict[Activation, tuple[float | None, float | None]] = {
    Activation.NONE: (None, None),
    Activation.RELU: (0.0, None),
    Activation.RELU6: (0.0, 6.0),
    Activation.RELU_N1_TO_1: (-1.0, 1.0),
}


@dataclass(frozen=True)
class Conv2D(Attrs):
    """CONV_2D(input, weights [out, kh, kw, in], bias [out] or None); groups where `in` divides the input's channels."""

    y: Window
    x: Window
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class DepthwiseConv2D(Attrs):
    """DEPTHWISE_CONV_2D(input, weights [1, kh, kw, out], bias [out] or None).

    Output channel c reads input channel c // multiplier.
    """

    y: Window
    x: Window
    multiplier: int = 1
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class Bottleneck(Attrs):
    """BOTTLENECK(input, weights and bias of each): three convolutions that run as one; no model file has it.

    `expand` and `project` work pixel by pixel, `depthwise` between them has a multiplier of 1. `maps` are what the
    first two write: they never exist whole.
    """

    expand: Conv2D
    depthwise: DepthwiseConv2D
    project: Conv2D
    maps: tuple[Tensor, Tensor]

    @property
    def y(self) -> Window:
        """The window along rows."""
        return self.depthwise.y

    @property
    def x(self) -> Window:
        """The window along columns."""
        return self.depthwise.x


@dataclass(frozen=True)
class Pool2D(Attrs):
    """AVERAGE_POOL_2D and MAX_POOL_2D; padding takes no part in the average or the maximum."""

    y: Window
    x: Window
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class FullyConnected(Attrs):
    """FULLY_CONNECTED(input, weights [out, in], bias [out] or None).

    `keep_dims`: the output keeps the input's leading axes; otherwise they become one.
    """

    activation: Activation = Activation.NONE
    keep_dims: bool = False


@dataclass(frozen=True)
class Elementwise(Attrs):
    """ADD, SUB and MUL of two tensors, with numpy's broadcasting."""

    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class Mean(Attrs):
    """MEAN over `axes` (ascending, not negative); `keep_dims` leaves them with length 1."""

    axes: tuple[int, ...]
    keep_dims: bool = False


@dataclass(frozen=True)
class Softmax(Attrs):
    """SOFTMAX over the last axis of beta * x."""

    beta: float = 1.0


@dataclass(frozen=True)
class Concat(Attrs):
    """CONCATENATION along `axis` (not negative)."""

    axis: int
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class Pad(Attrs):
    """PAD with zero: (before, after) per axis, none negative."""

    pads: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Reshape(Attrs):
    """RESHAPE: the output tensor's own shape says it all."""


@dataclass(frozen=True)
class Transpose(Attrs):
    """TRANSPOSE: axis i of the output is axis perm[i] of the input."""

    perm: tuple[int, ...]


@dataclass(frozen=True)
class ResizeNearest(Attrs):
    """RESIZE_NEAREST_NEIGHBOR of rows and columns to the output tensor's own shape."""

    align_corners: bool = False
    half_pixel_centers: bool = False


A = TypeVar("A", bound=Attrs)


def attributes(op: Op, kind: type[A]) -> A:
    """The operator's attributes, which have to be of the type that its kind has."""
    if not isinstance(op.attrs, kind):
        raise TypeError(f"attributes of {op.kind} are {type(op.attrs).__name__}; they have to be {kind.__name__}")
    return op.attrs
