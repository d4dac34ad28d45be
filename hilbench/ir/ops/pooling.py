"""AVERAGE_POOL_2D, MAX_POOL_2D and MEAN."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hilbench.ir.attrs import Mean, Pool2D, attributes
from hilbench.ir.checks import activate, computed, feature_map, present
from hilbench.ir.dtype import DType
from hilbench.ir.fixedpoint import clamp, multiply, wraps
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.opdef import OPS, Monotone, whole_range
from hilbench.ir.quantized import INT8_MAX, INT8_MIN, mean_constants, pool_constants
from hilbench.ir.region import Region, Window
from hilbench.ir.sliding import output_shape, taps, window_region


class Pool(Monotone):
    """Pooling: padding takes no part in it."""

    attrs = Pool2D

    def infer(self, op: Op, graph: Graph) -> list[tuple[tuple[int, ...], DType]]:
        """[batch, rows, columns, channels]."""
        attrs = attributes(op, Pool2D)
        x = feature_map(op, graph)
        shape = output_shape(x.shape, attrs.y, attrs.x, x.shape[-1])
        for window, size in ((attrs.y, x.shape[1]), (attrs.x, x.shape[2])):
            _check_padding(window, size)
        if x.dtype == DType.INT8:
            pool_constants(op, graph)
        return [(shape, x.dtype)]

    def evaluate(self, op: Op, graph: Graph, inputs: Sequence[Array | None]) -> list[Array]:
        """The pooled map, clamped by the activation."""
        attrs = attributes(op, Pool2D)
        (x,) = present(inputs)
        pooled = self._pool(x, attrs)
        if x.dtype != np.int8:
            return [activate(pooled, attrs.activation)]
        constants = pool_constants(op, graph)
        return [clamp(pooled, constants.act_min, constants.act_max)]

    def input_region(self, op: Op, graph: Graph, which: int, out: Region) -> Region | None:
        """The windows' receptive field."""
        attrs = attributes(op, Pool2D)
        return window_region(out, attrs.y, attrs.x, graph[op.present_inputs[0]].shape)

    def _pool(self, x: Array, attrs: Pool2D) -> Array:
        raise TypeError(f"{self.kind} has no pooling function")


def _check_padding(window: Window, size: int) -> None:
    last = (window.outputs(size) - 1) * window.stride - window.before
    if window.before >= window.extent or last >= size:
        raise ValueError("a pooling window lies wholly in padding")


class AveragePool(Pool):
    """AVERAGE_POOL_2D: int8 means are rounded half away from zero."""

    kind = "AVERAGE_POOL_2D"

    def _pool(self, x: Array, attrs: Pool2D) -> Array:
        wide = x.astype(np.int64 if x.dtype == np.int8 else np.float64)
        total = np.sum([view for _, _, view in taps(wide, attrs.y, attrs.x, 0)], axis=0)
        pixels = np.ones((1, *x.shape[1:3], 1), np.int64)
        count = np.sum([view for _, _, view in taps(pixels, attrs.y, attrs.x, 0)], axis=0)
        if x.dtype != np.int8:
            return np.asarray(total / count)
        return np.asarray(np.sign(total) * ((np.abs(total) + count // 2) // count))


class MaxPool(Pool):
    """MAX_POOL_2D."""

    kind = "MAX_POOL_2D"

    def _pool(self, x: Array, attrs: Pool2D) -> Array:
        lowest = INT8_MIN if x.dtype == np.int8 else -np.inf
        return np.asarray(np.max([view for _, _, view in taps(x, attrs.y, attrs.x, lowest)], axis=0))


class MeanReduction(Monotone):
    """MEAN over some axes."""

    kind = "MEAN"
    attrs = Mean

    def infer(self, op: Op, graph: Graph) -> list[tuple[tuple[int, ...], DType]]:
        """The input's shape with the axes gone, or of length 1."""
        attrs = attributes(op, Mean)
        x, axes = computed(op, graph), attrs.axes
        if not all(0 <= axis < len(x.shape) for axis in axes):
            raise ValueError(f"axes {axes} of an input with {len(x.shape)} axes")
        if x.dtype == DType.INT8:
            mean_constants(op, graph)
        kept = [(1 if i in axes else n) for i, n in enumerate(x.shape) if attrs.keep_dims or i not in axes]
        return [(tuple(kept), x.dtype)]

    def evaluate(self, op: Op, graph: Graph, inputs: Sequence[Array | None]) -> list[Array]:
        """Sums in int64 or float64, divided once."""
        attrs = attributes(op, Mean)
        (x,) = present(inputs)
        axes, keep = attrs.axes, attrs.keep_dims
        if x.dtype != np.int8:
            return [np.asarray(x.mean(axes, np.float64, keepdims=keep)).astype(np.float32)]
        constants = mean_constants(op, graph)
        total = x.sum(axes, np.int64, keepdims=keep)
        centred = total - constants.count * constants.input_zero_point
        scaled = multiply(centred, constants.multiplier, constants.shift)
        return [clamp(scaled + constants.output_zero_point, INT8_MIN, INT8_MAX)]

    def bounds(
        self, op: Op, graph: Graph, low: Sequence[Array | None], high: Sequence[Array | None]
    ) -> tuple[Array, Array]:
        """What it makes of the lowest and of the highest inputs, unless their sums could wrap around."""
        constants = mean_constants(op, graph)
        if wraps(2**8 * constants.count, constants.shift):
            return whole_range(graph[op.outputs[0]])
        return super().bounds(op, graph, low, high)


OPS.add(AveragePool.kind, AveragePool())
OPS.add(MaxPool.kind, MaxPool())
OPS.add(MeanReduction.kind, MeanReduction())
