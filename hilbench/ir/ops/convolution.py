"""CONV_2D and DEPTHWISE_CONV_2D."""

from __future__ import annotations

from math import prod

import numpy as np

from hilbench.ir.attrs import Activation, Conv2D, DepthwiseConv2D, attributes
from hilbench.ir.checks import feature_map, weights
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.opdef import OPS
from hilbench.ir.quantized import ConvConstants, conv_constants
from hilbench.ir.region import Region
from hilbench.ir.sliding import output_shape, taps, window_region
from hilbench.ir.weighted import Weighted


class Convolution(Weighted):
    """CONV_2D: cross-correlation; groups where the weights have fewer input channels than the input."""

    kind = "CONV_2D"
    attrs = Conv2D

    def infer(self, op: Op, graph: Graph) -> list[tuple[tuple[int, ...], DType]]:
        """[batch, rows, columns, out]."""
        x, w, attrs = feature_map(op, graph), weights(op, graph, 4), attributes(op, Conv2D)
        channels, height, width, depth = w.shape
        if (height, width) != (attrs.y.kernel, attrs.x.kernel):
            raise ValueError(f"weights '{w.name}' of shape {w.shape} do not fit the window")
        if x.shape[3] % depth or channels % (x.shape[3] // depth):
            raise ValueError(f"{depth} input channels of '{w.name}' do not fit {x.shape[3]} of '{x.name}'")
        self.check(op, graph, channels)
        return [(output_shape(x.shape, attrs.y, attrs.x, channels), x.dtype)]

    def sums(self, op: Op, graph: Graph, x: Array, w: Array) -> Array:
        """A matrix product over unrolled windows, one per group."""
        attrs, (channels, *_, depth) = attributes(op, Conv2D), w.shape
        groups = x.shape[3] // depth
        places = np.stack([view for _, _, view in taps(x, attrs.y, attrs.x, 0)], axis=3)
        pixels = places.reshape(*places.shape[:4], groups, depth)
        filters = w.reshape(groups, channels // groups, -1)
        return np.concatenate([_product(pixels[..., g, :], filters[g]) for g in range(groups)], axis=3)

    def constants(self, op: Op, graph: Graph) -> ConvConstants:
        """One multiplier per output channel."""
        return conv_constants(op, graph)

    def activation(self, op: Op) -> Activation:
        """The fused activation."""
        return attributes(op, Conv2D).activation

    def macs(self, op: Op, graph: Graph) -> int:
        """Outputs times weights per output."""
        return graph[op.outputs[0]].elements * prod(graph[op.present_inputs[1]].shape[1:])

    def input_region(self, op: Op, graph: Graph, which: int, out: Region) -> Region | None:
        """The windows' receptive field."""
        attrs = attributes(op, Conv2D)
        return None if which else window_region(out, attrs.y, attrs.x, graph[op.present_inputs[0]].shape)


def _product(places: Array, filters: Array) -> Array:
    """[n, y, x, taps, depth] with [out, taps * depth]."""
    return np.asarray(places.reshape(*places.shape[:3], -1) @ filters.T)


class DepthwiseConvolution(Weighted):
    """DEPTHWISE_CONV_2D: every output channel reads one input channel."""

    kind = "DEPTHWISE_CONV_2D"
    attrs = DepthwiseConv2D

    def infer(self, op: Op, graph: Graph) -> list[tuple[tuple[int, ...], DType]]:
        """[batch, rows, columns, in * multiplier]."""
        x, w, attrs = feature_map(op, graph), weights(op, graph, 4), attributes(op, DepthwiseConv2D)
        channels = x.shape[3] * attrs.multiplier
        if w.shape != (1, attrs.y.kernel, attrs.x.kernel, channels):
            raise ValueError(f"weights '{w.name}' of shape {w.shape} do not fit the window and {channels} channels")
        self.check(op, graph, channels)
        return [(output_shape(x.shape, attrs.y, attrs.x, channels), x.dtype)]

    def sums(self, op: Op, graph: Graph, x: Array, w: Array) -> Array:
        """A product per tap."""
        attrs = attributes(op, DepthwiseConv2D)
        repeated = np.repeat(x, attrs.multiplier, axis=3)
        total = np.zeros(graph[op.outputs[0]].shape)
        for i, j, view in taps(repeated, attrs.y, attrs.x, 0):
            total += view * w[0, i, j]
        return total

    def constants(self, op: Op, graph: Graph) -> ConvConstants:
        """One multiplier per output channel."""
        return conv_constants(op, graph)

    def activation(self, op: Op) -> Activation:
        """The fused activation."""
        return attributes(op, DepthwiseConv2D).activation

    def macs(self, op: Op, graph: Graph) -> int:
        """Outputs times the window."""
        attrs = attributes(op, DepthwiseConv2D)
        return graph[op.outputs[0]].elements * attrs.y.kernel * attrs.x.kernel

    def input_region(self, op: Op, graph: Graph, which: int, out: Region) -> Region | None:
        """The windows' receptive field."""
        attrs = attributes(op, DepthwiseConv2D)
        return None if which else window_region(out, attrs.y, attrs.x, graph[op.present_inputs[0]].shape)


OPS.add(Convolution.kind, Convolution())
OPS.add(DepthwiseConvolution.kind, DepthwiseConvolution())
