"""What CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED share: sums of products, a bias per channel, a rescaling."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from hilbench.ir.attrs import Activation
from hilbench.ir.checks import activate, check_bias, present
from hilbench.ir.dtype import DType
from hilbench.ir.fixedpoint import clamp, multiply, wrap32, wraps
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.opdef import OpDef
from hilbench.ir.quantized import ConvConstants


class Weighted(OpDef):
    """An operator on (input, weights, optional bias) whose last output axis is the output channel."""

    @abstractmethod
    def sums(self, op: Op, graph: Graph, x: Array, w: Array) -> Array:
        """Sums of products x * w in float64, of the output's shape; padding counts as 0.

        For int8 they are exact: a product is below 2**16, so that fewer than 2**37 of them stay below 2**53.
        """

    @abstractmethod
    def constants(self, op: Op, graph: Graph) -> ConvConstants:
        """The constants of the int8 form."""

    @abstractmethod
    def activation(self, op: Op) -> Activation:
        """The fused activation."""

    def check(self, op: Op, graph: Graph, outputs: int) -> None:
        """Refuse a bias or a quantization that does not fit `outputs` channels."""
        check_bias(op, graph, outputs)
        if graph[op.present_inputs[0]].dtype == DType.INT8:
            self.constants(op, graph)

    def evaluate(self, op: Op, graph: Graph, inputs: Sequence[Array | None]) -> list[Array]:
        """Sums, bias, then activation or requantization."""
        x, w, *bias = present(inputs)
        if x.dtype != np.int8:
            total = self.sums(op, graph, x.astype(np.float64), w.astype(np.float64)) + sum(b.reshape(-1) for b in bias)
            return [activate(total, self.activation(op))]
        constants = self.constants(op, graph)
        centred = x.astype(np.float64) + constants.input_offset
        return [requantize(_biased(self.sums(op, graph, centred, w.astype(np.float64)), bias), constants)]

    def bounds(
        self, op: Op, graph: Graph, low: Sequence[Array | None], high: Sequence[Array | None]
    ) -> tuple[Array, Array]:
        """Sums of the corners that each weight's sign asks for; requantization keeps the order unless sums wrap."""
        x, w, *bias = present(low)
        constants, weights = self.constants(op, graph), w.astype(np.float64)
        least, most = (corner.astype(np.float64) + constants.input_offset for corner in (x, present(high)[0]))
        plus, minus = np.maximum(weights, 0), np.minimum(weights, 0)
        lowest = _biased(self.sums(op, graph, least, plus) + self.sums(op, graph, most, minus), bias)
        highest = _biased(self.sums(op, graph, most, plus) + self.sums(op, graph, least, minus), bias)
        unknown = wraps(np.maximum(np.abs(lowest), np.abs(highest)), constants.shift)
        below = np.where(unknown, constants.act_min, requantize(lowest, constants))
        above = np.where(unknown, constants.act_max, requantize(highest, constants))
        return below.astype(np.int8), above.astype(np.int8)


def _biased(sums: Array, bias: Sequence[Array]) -> Array:
    """int64 sums with the bias, if there is one."""
    return np.asarray(sums.astype(np.int64) + sum(b.reshape(-1).astype(np.int64) for b in bias))


def requantize(total: Array, constants: ConvConstants) -> Array:
    """int8 outputs of sums whose last axis is the output channel."""
    scaled = multiply(wrap32(total), constants.multiplier, constants.shift)
    return clamp(scaled + constants.output_offset, constants.act_min, constants.act_max)
