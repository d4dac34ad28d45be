"""Graphs of one operator at the edges of what kernels have to serve, which random ones seldom reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from hilbench.ir.attrs import (
    Activation,
    Concat,
    Conv2D,
    DepthwiseConv2D,
    Elementwise,
    FullyConnected,
    Mean,
    Pad,
    Pool2D,
    Softmax,
    Transpose,
)
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Attrs, Graph, QuantParams
from hilbench.ir.region import Window
from hilbench.variants.channelwise import as_one
from tests.graphs import UNIT, Builder, weighted

I8, F32 = DType.INT8, DType.FLOAT32
ONE = Window(1)
SMALLEST, LARGEST = (0.25, -128), (0.25, 127)


def quant(scale: float, zero_point: int, dtype: DType = I8) -> QuantParams | None:
    return QuantParams((float(np.float32(scale)),), (zero_point,)) if dtype == I8 else None


def single(b: Builder, kind: str, inputs: tuple[str | None, ...], attrs: Attrs, output: QuantParams | None) -> Graph:
    b.op(kind, inputs, attrs, output)
    graph = b.done()
    return Graph("special", graph.tensors, graph.ops, graph.inputs, graph.outputs)


def convolution(
    shape: tuple[int, ...], weights: tuple[int, ...], attrs: Conv2D | DepthwiseConv2D, dtype: DType
) -> Graph:
    b = Builder(7, dtype)
    x = b.input(shape)
    axis = 0 if isinstance(attrs, Conv2D) else 3
    kind = "CONV_2D" if axis == 0 else "DEPTHWISE_CONV_2D"
    terms = int(np.prod(weights[1:] if axis == 0 else weights[1:3]))
    w, bias, output = weighted(b, x, weights, axis, terms)
    return single(b, kind, (x, w, bias), attrs, output)


def rectified(
    zero_point: int, shape: tuple[int, ...], weights: tuple[int, ...], attrs: Conv2D | DepthwiseConv2D
) -> Graph:
    """An output that is clamped at its zero point -128, of inputs with this zero point."""
    b = Builder(zero_point + 200, I8)
    x = b.add("in0", shape, quant(0.05, zero_point))
    b.inputs.append(x)
    axis = 0 if isinstance(attrs, Conv2D) else 3
    terms = int(np.prod(weights[1:] if axis == 0 else weights[1:3]))
    w, bias, output = weighted(b, x, weights, axis, terms)
    kind = "CONV_2D" if axis == 0 else "DEPTHWISE_CONV_2D"
    return single(b, kind, (x, w, bias), attrs, quant(output.scale[0], -128))


def extreme(kind: str, zero_point: int, scale: float, bias: int) -> Graph:
    """Weights and biases at their limits; the output's scale makes the multiplier small, or large enough to wrap."""
    b = Builder(11, I8)
    x = b.add("in0", (1, 3, 4, 8), quant(0.5, zero_point))
    b.inputs.append(x)
    conv = kind == "CONV_2D"
    shape = (5, 1, 1, 8) if conv else (1, 3, 3, 8)
    w = b.constant(np.full(shape, -127, np.int8), quant(0.5, 0))
    limits = b.constant(np.resize(np.array([bias, -bias, 0], np.int64), 5 if conv else 8).astype(np.int32))
    attrs = (
        Conv2D(ONE, ONE, Activation.RELU6) if conv else DepthwiseConv2D(Window(3, 2, 1, 2, 0), Window(3, 1, 1, 0, 2))
    )
    return single(b, kind, (x, w, limits), attrs, quant(scale, -zero_point - 1))


def convolutions(dtype: DType) -> Iterator[Graph]:
    yield convolution((1, 1, 9, 3), (4, 1, 5, 3), Conv2D(ONE, Window(5, 3, 1, 1, 3)), dtype)
    yield convolution((1, 9, 8, 2), (3, 7, 7, 2), Conv2D(Window(7, 2, 1, 5, 1), Window(7, 1, 1, 0, 6)), dtype)
    yield convolution((2, 5, 4, 3), (5, 3, 2, 3), Conv2D(Window(3, 1, 2, 2, 1), Window(2)), dtype)
    yield convolution((1, 4, 5, 6), (9, 2, 2, 2), Conv2D(Window(2), Window(2, 2)), dtype)
    yield convolution((1, 2, 3, 700), (2, 1, 1, 700), Conv2D(ONE, ONE, Activation.RELU), dtype)
    yield convolution((1, 6, 7, 32), (17, 1, 1, 32), Conv2D(ONE, ONE), dtype)
    yield convolution((1, 7, 6, 16), (8, 3, 3, 16), Conv2D(Window(3, 1, 1, 1, 1), Window(3, 1, 1, 1, 1)), dtype)
    # Windows that lie wholly in padding, as where a PAD was folded.
    yield convolution((1, 3, 2, 3), (5, 2, 2, 3), Conv2D(Window(2, 1, 1, 3, 4), Window(2, 1, 1, 4, 3)), dtype)
    yield convolution((1, 4, 5, 16), (4, 1, 1, 16), Conv2D(Window(1, 1, 1, 0, 2), Window(1, 2, 1, 2, 1)), dtype)
    yield convolution((1, 5, 4, 16), (4, 3, 3, 16), Conv2D(Window(3, 1, 1, 4, 1), Window(3, 1, 1, 1, 4)), dtype)
    three = Window(3, 1, 1, 1, 1)
    yield convolution((1, 5, 9, 24), (10, 3, 3, 24), Conv2D(Window(3, 1, 1, 0, 2), Window(3, 1, 1, 2, 0)), dtype)
    yield convolution((2, 6, 6, 16), (8, 3, 3, 16), Conv2D(three, three, Activation.RELU), dtype)
    yield convolution((1, 1, 2, 32), (12, 3, 3, 32), Conv2D(three, three), dtype)
    if dtype == I8:
        relu = Conv2D(Window(3, 2, 1, 1, 0), three, Activation.RELU)
        yield from (rectified(zero, (1, 8, 7, 6), (9, 3, 3, 6), relu) for zero in (-128, 3, 127))
        same = Conv2D(three, three, Activation.RELU)
        yield from (rectified(zero, (1, 6, 9, 12), (5, 3, 3, 12), same) for zero in (-128, 3, 127))
        yield from (rectified(zero, (1, 5, 6, 8), (12, 3, 3, 8), relu) for zero in (-128, 127))
        yield from (rectified(zero, (2, 4, 3, 4), (4, 1, 1, 4), Conv2D(ONE, ONE)) for zero in (-128, 5))
        colours, spectrum = Conv2D(Window(3, 2, 1, 0, 1), three), Conv2D(Window(10, 2, 1, 4, 5), Window(4, 2, 1, 1, 1))
        yield from (rectified(zero, (1, 13, 11, 3), (6, 3, 3, 3), colours) for zero in (-128, 7))
        yield from (rectified(zero, (2, 15, 10, 1), (5, 10, 4, 1), spectrum) for zero in (-128, 127))
        yield extreme("CONV_2D", -128, 0.001, 2**31 - 1)
        yield extreme("CONV_2D", 127, 1000.0, 2**31 - 1)
        yield extreme("CONV_2D", 0, 1e-7, 1000)


def depthwise(dtype: DType) -> Iterator[Graph]:
    yield convolution(
        (1, 5, 6, 2), (1, 3, 3, 16), DepthwiseConv2D(Window(3, 2, 1, 0, 1), Window(3, 3, 1, 2, 2), 8), dtype
    )
    yield convolution((1, 1, 7, 17), (1, 1, 3, 17), DepthwiseConv2D(ONE, Window(3, 1, 2, 2, 2)), dtype)
    yield convolution(
        (1, 9, 9, 16), (1, 3, 3, 16), DepthwiseConv2D(Window(3, 1, 1, 1, 1), Window(3, 1, 1, 1, 1)), dtype
    )
    yield convolution((1, 9, 8, 8), (1, 3, 3, 8), DepthwiseConv2D(Window(3, 2, 1, 0, 1), Window(3, 2, 1, 0, 1)), dtype)
    far, wide = Window(3, 1, 1, 4, 3), Window(3, 2, 1, 3, 5)
    yield convolution((1, 4, 3, 8), (1, 3, 3, 8), DepthwiseConv2D(far, wide), dtype)
    yield convolution((1, 4, 3, 8), (1, 3, 3, 8), DepthwiseConv2D(far, far), dtype)
    yield convolution((2, 9, 8, 4), (1, 7, 5, 4), DepthwiseConv2D(Window(7, 2, 1, 3, 3), Window(5, 2, 1, 1, 2)), dtype)
    if dtype == I8:
        for zero, stride in ((-128, 1), (3, 1), (-128, 2), (127, 2)):
            window = Window(3, stride, 1, 1, 1)
            attrs = DepthwiseConv2D(window, window, activation=Activation.RELU)
            yield rectified(zero, (1, 9, 9, 8), (1, 3, 3, 8), attrs)
        yield from sweeps()
        yield extreme("DEPTHWISE_CONV_2D", -128, 0.001, 2**31 - 1)
        yield extreme("DEPTHWISE_CONV_2D", 127, 1e-7, 2**31 - 1)


def sweeps() -> Iterator[Graph]:
    """Maps that are tall, wide, of one pixel, of channels that are not fours; padding on either side or none."""
    shapes = [(13, 5, 8), (5, 17, 5), (1, 1, 4), (2, 3, 7), (3, 2, 17), (1, 9, 6), (8, 1, 4), (14, 15, 4)]
    for number, shape in enumerate(shapes):
        stride, before = 1 + number % 3 // 2, 2 if number % 4 == 0 else 1
        rows, cols = Window(3, stride, 1, 1, 1), Window(3, stride, 1, before, 1)
        if number % 2:
            yield convolution((1, *shape), (1, 3, 3, shape[2]), DepthwiseConv2D(rows, cols), I8)
        else:
            attrs = DepthwiseConv2D(rows, cols, activation=Activation.RELU)
            yield rectified((-128, 127, 3)[number % 3], (1, *shape), (1, 3, 3, shape[2]), attrs)
    bare = DepthwiseConv2D(Window(3), Window(3), activation=Activation.RELU)
    yield rectified(-5, (2, 7, 6, 8), (1, 3, 3, 8), bare)


def bottlenecks() -> Iterator[Graph]:
    """Windows of 7×7, strides that leave pixels out, one pixel; zero points at both ends; biases that wrap."""
    seven, two = Window(7, 2, 1, 2, 3), Window(3, 2, 1, 0, 1)
    yield bottleneck((1, 11, 9, 6), (9, 5), DepthwiseConv2D(seven, seven), -128)
    yield bottleneck((1, 8, 7, 16), (8, 3), DepthwiseConv2D(two, two), 127)
    yield bottleneck((1, 1, 1, 3), (5, 17), DepthwiseConv2D(Window(3, 1, 1, 1, 1), Window(3, 1, 1, 2, 0)), 127)
    yield bottleneck((1, 7, 9, 4), (4, 4), DepthwiseConv2D(Window(1, 3), Window(2, 3)), -128)
    yield bottleneck((1, 9, 4, 7), (6, 2), DepthwiseConv2D(Window(3, 1, 2, 2, 2), Window(5, 1, 1, 2, 2)), 0)


def bottleneck(shape: tuple[int, ...], channels: tuple[int, int], attrs: DepthwiseConv2D, zero: int) -> Graph:
    """With so many channels inside and of the output; zero points of maps are `zero` and the one opposite to it."""
    b, (inside, out), window = Builder(shape[1], I8), channels, (attrs.y.kernel, attrs.x.kernel)
    x = b.add("in0", shape, quant(0.05, zero))
    b.inputs.append(x)
    w, bias, output = weighted(b, x, (inside, 1, 1, shape[3]), 0, shape[3])
    wide = b.op("CONV_2D", (x, w, bias), Conv2D(ONE, ONE, Activation.RELU6), quant(output.scale[0], -zero - 1))
    w, _, output = weighted(b, wide, (1, *window, inside), 3, int(np.prod(window)))
    limits = b.constant(np.resize(np.array([2**31 - 1, -9, 2**30, 700], np.int64), inside).astype(np.int32))
    deep = b.op("DEPTHWISE_CONV_2D", (wide, w, limits), attrs, quant(output.scale[0], zero))
    w, bias, output = weighted(b, deep, (out, 1, 1, inside), 0, inside)
    y = b.op("CONV_2D", (deep, w, bias), Conv2D(ONE, ONE), output)
    return as_one(replace(b.done(), name="special", outputs=(y,)), 0)


def fully_connected(dtype: DType) -> Iterator[Graph]:
    for batches, inputs, outputs in ((1, 640, 9), (3, 7, 5), (1, 1, 1), (2, 128, 8)):
        b = Builder(inputs, dtype)
        x = b.input((batches, inputs))
        w, bias, output = weighted(b, x, (outputs, inputs), 0, inputs)
        yield single(b, "FULLY_CONNECTED", (x, w, bias), FullyConnected(Activation.RELU), output)


def binary(kind: str, dtype: DType) -> Iterator[Graph]:
    pairs = [
        ((2, 3, 4, 5), (2, 3, 4, 5)),
        ((2, 3, 4, 5), (4, 1)),
        ((3, 1, 2), (1, 5, 2)),
        ((6,), (1,)),
        ((1, 4, 5, 3), (1, 1, 1, 3)),
    ]
    for first, second in [*pairs, ((1, 4, 5, 3), (1, 4, 1, 1)), ((2, 2, 1, 3, 2), (1, 1, 4, 3, 2))]:
        b = Builder(len(first), dtype)
        names = tuple(
            b.add(f"in{i}", shape, quant(*q, dtype))
            for i, (shape, q) in enumerate(((first, SMALLEST), (second, LARGEST)))
        )
        b.inputs += names
        yield single(b, kind, names, Elementwise(Activation.RELU), quant(0.4, -20, dtype))


def means(dtype: DType) -> Iterator[Graph]:
    for shape, axes in (
        ((2, 3, 4, 5), (1, 3)),
        ((7,), (0,)),
        ((2, 3, 4), (1,)),
        ((2, 3, 2, 3, 2), (0, 2, 4)),
        ((1, 9, 9, 4), (1, 2)),
    ):
        b = Builder(len(shape), dtype)
        x = b.add("in0", shape, quant(*SMALLEST, dtype))
        b.inputs.append(x)
        yield single(b, "MEAN", (x,), Mean(axes, False), quant(0.2, 5, dtype))


def pools(kind: str, dtype: DType) -> Iterator[Graph]:
    for rows, cols in ((Window(7, 7), Window(5, 5)), (Window(3, 2, 1, 2, 1), Window(2, 3, 1, 1, 0))):
        b = Builder(3, dtype)
        x = b.input((2, 7, 5, 3))
        yield single(b, kind, (x,), Pool2D(rows, cols, Activation.RELU6), b.like(x))


def softmaxes(dtype: DType) -> Iterator[Graph]:
    for shape, scale in (((4, 3), 0.5), ((2, 1000), 1e-4), ((1, 1), 1.0), ((3, 2, 7), 3.0)):
        b = Builder(len(shape), dtype)
        x = b.add("in0", shape, quant(scale, 3, dtype))
        b.inputs.append(x)
        yield single(b, "SOFTMAX", (x,), Softmax(0.75), UNIT if dtype == I8 else None)


def transposes(dtype: DType) -> Iterator[Graph]:
    for shape, perm in (
        ((2, 3), (1, 0)),
        ((2, 3, 4), (2, 0, 1)),
        ((2, 3, 4, 5), (3, 1, 0, 2)),
        ((2, 2, 3, 2, 3, 2), (5, 3, 1, 0, 4, 2)),
    ):
        b = Builder(5, dtype)
        x = b.input(shape)
        yield single(b, "TRANSPOSE", (x,), Transpose(perm), b.like(x))


def pads(dtype: DType) -> Iterator[Graph]:
    some = [((3,), ((2, 1),)), ((2, 3), ((0, 1), (2, 0))), ((2, 3, 4), ((1, 0), (0, 0), (0, 2)))]
    for shape, amounts in [
        *some,
        ((2, 2, 3, 2), ((0, 0), (1, 1), (0, 2), (1, 0))),
        ((2, 2, 3, 2), ((1, 0), (0, 0), (0, 2), (0, 0))),
    ]:
        b = Builder(6, dtype)
        x = b.input(shape)
        yield single(b, "PAD", (x,), Pad(amounts), b.like(x))


def concatenations(dtype: DType) -> Iterator[Graph]:
    for first, second, axis in (
        ((2, 3), (4, 3), 0),
        ((2, 3), (2, 1), 1),
        ((2, 2, 2, 3), (3, 2, 2, 3), 0),
        ((2, 2, 2, 3), (2, 2, 5, 3), 2),
    ):
        for same in (True, False):
            b = Builder(8, dtype)
            x, y = (b.add(f"in{i}", shape, quant(*SMALLEST, dtype)) for i, shape in enumerate((first, second)))
            b.inputs += [x, y]
            output = quant(*(SMALLEST if same else LARGEST), dtype)
            yield single(b, "CONCATENATION", (x, y), Concat(axis), output)


SPECIAL: dict[tuple[str, DType], Callable[[], Iterator[Graph]]] = {}
SPECIAL[("BOTTLENECK", I8)] = bottlenecks
for _dtype in (I8, F32):
    SPECIAL[("CONV_2D", _dtype)] = lambda d=_dtype: convolutions(d)  # type: ignore[misc]
    SPECIAL[("DEPTHWISE_CONV_2D", _dtype)] = lambda d=_dtype: depthwise(d)  # type: ignore[misc]
    SPECIAL[("FULLY_CONNECTED", _dtype)] = lambda d=_dtype: fully_connected(d)  # type: ignore[misc]
    SPECIAL[("MEAN", _dtype)] = lambda d=_dtype: means(d)  # type: ignore[misc]
    SPECIAL[("SOFTMAX", _dtype)] = lambda d=_dtype: softmaxes(d)  # type: ignore[misc]
    SPECIAL[("TRANSPOSE", _dtype)] = lambda d=_dtype: transposes(d)  # type: ignore[misc]
    SPECIAL[("PAD", _dtype)] = lambda d=_dtype: pads(d)  # type: ignore[misc]
    SPECIAL[("CONCATENATION", _dtype)] = lambda d=_dtype: concatenations(d)  # type: ignore[misc]
    for _kind in ("ADD", "SUB", "MUL"):
        SPECIAL[(_kind, _dtype)] = lambda k=_kind, d=_dtype: binary(k, d)  # type: ignore[misc]
    for _kind in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        SPECIAL[(_kind, _dtype)] = lambda k=_kind, d=_dtype: pools(k, d)  # type: ignore[misc]
