"""CONV_2D and DEPTHWISE_CONV_2D."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from hilbench.ir.attrs import Activation, Conv2D, DepthwiseConv2D
from hilbench.ir.checks import activate, check_bias, feature_map, weights
from hilbench.ir.dtype import DType
from hilbench.ir.fixedpoint import clamp, multiply, wrap32, wraps
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.opdef import OPS, OpDef
from hilbench.ir.quantized import ConvConstants, conv_constants
from hilbench.ir.region import Region
from hilbench.ir.sliding import output_shape, taps, window_region


def requantize(acc: Array, bias: Array | None, constants: ConvConstants) -> Array:
    """int8 outputs of sums of products whose last axis is the output channel."""
    total = wrap32(acc if bias is None else acc + bias.reshape(-1))
    scaled = multiply(total, constants.multiplier, constants.shift)
    return clamp(scaled + constants.output_offset, constants.act_min, constants.act_max)


def requantized_bounds(low: Array, high: Array, bias: Array | None, constants: ConvConstants) -> tuple[Array, Array]:
    """Bounds of the outputs from bounds of the sums; requantization keeps the order unless the sum wraps around."""
    shift = 0 if bias is None else bias.reshape(-1).astype(np.int64)
    largest = np.maximum(np.abs(low + shift), np.abs(high + shift))
    unknown = wraps(largest, constants.shift)
    lowest = np.where(unknown, constants.act_min, requantize(low, bias, constants))
    highest = np.where(unknown, constants.act_max, requantize(high, bias, constants))
    return lowest.astype(np.int8), highest.astype(np.int8)


def signs(weights: Array) -> tuple[Array, Array]:
    """The positive and the negative part of weights: sums rise with the inputs of one, and fall with the other's."""
    return np.maximum(weights, 0), np.minimum(weights, 0)


def finish(acc: Array, bias: Array | None, activation: Activation) -> Array:
    """float32 outputs of float64 sums of products."""
    return activate(acc if bias is None else acc + bias.reshape(-1), activation)


class Convolution(OpDef):
    """CONV_2D: cross-correlation; groups where the weights have fewer input channels than the input."""

    kind = "CONV_2D"
    attrs = Conv2D

    def infer(self, op: Op, graph: Graph) -> list[tuple[tuple[int, ...], DType]]:
        """[batch, rows, columns, out]."""
        assert isinstance(op.attrs, Conv2D)
        x, w = feature_map(op, graph), weights(op, graph, 4)
        channels = w.shape[0]
        shape = output_shape(x.shape, op.attrs.y, op.attrs.x, channels)
        if w.shape[1:3] != (op.attrs.y.kernel, op.attrs.x.kernel):
            raise ValueError(f"weights '{w.name}' of shape {w.shape} do not fit the window")
        if x.shape[3] % w.shape[3] or channels % (x.shape[3] // w.shape[3]):
            raise ValueError(f"{w.shape[3]} input channels of '{w.name}' do not fit {x.shape[3]} of '{x.name}'")
        check_bias(op, graph, channels)
        if x.dtype == DType.INT8:
            conv_constants(op, graph)
        return [(shape, x.dtype)]

    def evaluate(self, op: Op, graph: Graph, inputs: Sequence[Array | None]) -> list[Array]:
        """A matrix product over unrolled windows, in float64.

        For int8 it is exact: every product is below 2**15, so that sums of fewer than 2**38 stay below 2**53.
        """
        assert isinstance(op.attrs, Conv2D)
        x, w, bias = (*inputs, None)[:3]
        assert x is not None
        assert w is not None
        if x.dtype != np.int8:
            return [finish(_correlate(x.astype(np.float64), w, op.attrs), bias, op.attrs.activation)]
        constants = conv_constants(op, graph)
        acc = _correlate(x.astype(np.float64) + constants.input_offset, w, op.attrs)
        return [requantize(acc.astype(np.int64), bias, constants)]

    def macs(self, op: Op, graph: Graph) -> int:
        """Outputs times weights per output."""
        return graph[op.outputs[0]].elements * prod(graph[op.present_inputs[1]].shape[1:])

    def input_region(self, op: Op, graph: Graph, which: int, out: Region) -> Region | None:
        """The windows' receptive field."""
        assert isinstance(op.attrs, Conv2D)
        return None if which else window_region(out, op.attrs.y, op.attrs.x, graph[op.present_inputs[0]].shape)

    def bounds(
        self, op: Op, graph: Graph, low: Sequence[Array | None], high: Sequence[Array | None]
    ) -> tuple[Array, Array]:
        """Sums of the corners that each weight's sign asks for."""
        (x0, w, bias), x1 = (*low, None)[:3], high[0]
        assert isinstance(op.attrs, Conv2D)
        assert x0 is not None
        assert x1 is not None
        assert w is not None
        constants, (plus, minus) = conv_constants(op, graph), signs(w)
        least, most = (x.astype(np.float64) + constants.input_offset for x in (x0, x1))
        lowest = _correlate(least, plus, op.attrs) + _correlate(most, minus, op.attrs)
        highest = _correlate(most, plus, op.attrs) + _correlate(least, minus, op.attrs)
        return requantized_bounds(lowest.astype(np.int64), highest.astype(np.int64), bias, constants)


def _correlate(x: Array, w: Array, attrs: Conv2D) -> Array:
    """[n, y, x, out] sums of x * w; padding is 0."""
    channels, depth = w.shape[0], w.shape[3]
    groups = x.shape[3] // depth
    places = np.stack([view for _, _, view in taps(x, attrs.y, attrs.x, 0)], axis=3)
    filters = w.astype(np.float64).reshape(groups, channels // groups, -1)
    parts = [
        places[..., g * depth : (g + 1) * depth].reshape(*places.shape[:3], -1) @ filters[g].T for g in range(groups)
    ]
    return np.concatenate(parts, axis=3)


class DepthwiseConvolution(OpDef):
    """DEPTHWISE_CONV_2D: every output channel reads one input channel."""

    kind = "DEPTHWISE_CONV_2D"
    attrs = DepthwiseConv2D

    def infer(self, op: Op, graph: Graph) -> list[tuple[tuple[int, ...], DType]]:
        """[batch, rows, columns, in * multiplier]."""
        assert isinstance(op.attrs, DepthwiseConv2D)
        x, w = feature_map(op, graph), weights(op, graph, 4)
        shape = output_shape(x.shape, op.attrs.y, op.attrs.x, x.shape[-1] * op.attrs.multiplier)
        if w.shape != (1, op.attrs.y.kernel, op.attrs.x.kernel, shape[3]):
            raise ValueError(f"weights '{w.name}' of shape {w.shape} do not fit the window and {shape[3]} channels")
        check_bias(op, graph, shape[3])
        if x.dtype == DType.INT8:
            conv_constants(op, graph)
        return [(shape, x.dtype)]

    def evaluate(self, op: Op, graph: Graph, inputs: Sequence[Array | None]) -> list[Array]:
        """A product per tap: float64 for float32; int64 for int8."""
        assert isinstance(op.attrs, DepthwiseConv2D)
        x, w, bias = (*inputs, None)[:3]
        assert x is not None
        assert w is not None
        if x.dtype != np.int8:
            return [finish(_depthwise(x.astype(np.float64), w, op.attrs), bias, op.attrs.activation)]
        constants = conv_constants(op, graph)
        acc = _depthwise(x.astype(np.int64) + constants.input_offset, w, op.attrs)
        return [requantize(acc, bias, constants)]

    def macs(self, op: Op, graph: Graph) -> int:
        """Outputs times the window."""
        assert isinstance(op.attrs, DepthwiseConv2D)
        return graph[op.outputs[0]].elements * op.attrs.y.kernel * op.attrs.x.kernel

    def input_region(self, op: Op, graph: Graph, which: int, out: Region) -> Region | None:
        """The windows' receptive field."""
        assert isinstance(op.attrs, DepthwiseConv2D)
        return None if which else window_region(out, op.attrs.y, op.attrs.x, graph[op.present_inputs[0]].shape)

    def bounds(
        self, op: Op, graph: Graph, low: Sequence[Array | None], high: Sequence[Array | None]
    ) -> tuple[Array, Array]:
        """Sums of the corners that each weight's sign asks for."""
        (x0, w, bias), x1 = (*low, None)[:3], high[0]
        assert isinstance(op.attrs, DepthwiseConv2D)
        assert x0 is not None
        assert x1 is not None
        assert w is not None
        constants, (plus, minus) = conv_constants(op, graph), signs(w)
        least, most = (x.astype(np.float64) + constants.input_offset for x in (x0, x1))
        lowest = _depthwise(least, plus, op.attrs) + _depthwise(most, minus, op.attrs)
        highest = _depthwise(most, plus, op.attrs) + _depthwise(least, minus, op.attrs)
        return requantized_bounds(lowest.astype(np.int64), highest.astype(np.int64), bias, constants)


def _depthwise(x: Array, w: Array, attrs: DepthwiseConv2D) -> Array:
    repeated = np.repeat(x, attrs.multiplier, axis=3)
    products = (view * w[0, i, j].astype(x.dtype) for i, j, view in taps(repeated, attrs.y, attrs.x, 0))
    acc = next(products).copy()
    for product in products:
        acc += product
    return np.asarray(acc)


OPS.add(Convolution.kind, Convolution())
OPS.add(DepthwiseConvolution.kind, DepthwiseConvolution())
