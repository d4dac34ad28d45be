"""RELU, RELU6, LOGISTIC and SOFTMAX as operators of their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hilbench.ir.attrs import Activation, Softmax, attributes
from hilbench.ir.checks import activate, computed, present
from hilbench.ir.dtype import DType
from hilbench.ir.fixedpoint import (
    clamp,
    doubling_high_multiply,
    exp_on_negative,
    logistic,
    multiply,
    reciprocal,
    rounding_shift_right,
    wraps,
)
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.opdef import OPS, OpDef, whole_range
from hilbench.ir.quantized import (
    INT8_MAX,
    INT8_MIN,
    LOGISTIC_INTEGER_BITS,
    SOFTMAX_INTEGER_BITS,
    SOFTMAX_SUM_INTEGER_BITS,
    LogisticConstants,
    RequantizeConstants,
    SoftmaxConstants,
    logistic_constants,
    relu_constants,
    softmax_constants,
)
from hilbench.ir.region import Region


def requantize(x: Array, constants: RequantizeConstants, dtype: DType = DType.INT8) -> Array:
    """Integers moved to another scale and zero point, and clamped."""
    scaled = multiply(x.astype(np.int64) + constants.input_offset, constants.multiplier, constants.shift)
    return np.asarray(np.clip(scaled + constants.output_offset, constants.act_min, constants.act_max), dtype.numpy)


def requantized_bounds(
    op: Op, graph: Graph, corners: tuple[Array | None, Array | None], constants: RequantizeConstants
) -> tuple[Array, Array]:
    """Bounds of integers moved to another scale; their order is kept unless they wrap around."""
    (low, high), y = corners, graph[op.outputs[0]]
    if low is None or high is None or wraps(2**8, constants.shift):
        return whole_range(y)
    return requantize(low, constants, y.dtype), requantize(high, constants, y.dtype)


class PixelWise(OpDef):
    """An operator that makes of every pixel a pixel of the same shape."""

    def infer(self, op: Op, graph: Graph) -> list[tuple[tuple[int, ...], DType]]:
        """The input's shape."""
        x = computed(op, graph)
        if x.dtype == DType.INT8:
            self._int8(op, graph, np.zeros((1, 1), np.int8))
        return [(x.shape, x.dtype)]

    def evaluate(self, op: Op, graph: Graph, inputs: Sequence[Array | None]) -> list[Array]:
        """In float32, or in integers."""
        (x,) = present(inputs)
        return [self._int8(op, graph, x) if x.dtype == np.int8 else self._float(op, x).astype(np.float32)]

    def input_region(self, op: Op, graph: Graph, which: int, out: Region) -> Region | None:
        """The same region."""
        return out

    def _float(self, op: Op, x: Array) -> Array:
        raise TypeError(f"{self.kind} has no float32 form")

    def _int8(self, op: Op, graph: Graph, x: Array) -> Array:
        raise TypeError(f"{self.kind} has no int8 form")


class Relu(PixelWise):
    """RELU."""

    kind = "RELU"

    def bounds(
        self, op: Op, graph: Graph, low: Sequence[Array | None], high: Sequence[Array | None]
    ) -> tuple[Array, Array]:
        """What it makes of the lowest and of the highest inputs."""
        return requantized_bounds(op, graph, (low[0], high[0]), relu_constants(op, graph))

    def _float(self, op: Op, x: Array) -> Array:
        return activate(x, Activation(self.kind))

    def _int8(self, op: Op, graph: Graph, x: Array) -> Array:
        return requantize(x, relu_constants(op, graph))


class Relu6(Relu):
    """RELU6."""

    kind = "RELU6"


class Logistic(PixelWise):
    """LOGISTIC: 1 / (1 + exp(-x))."""

    kind = "LOGISTIC"

    def _float(self, op: Op, x: Array) -> Array:
        # exp of a negative number on either side of zero, so that nothing overflows
        decay = np.exp(-np.abs(x.astype(np.float64)))
        return np.where(x >= 0, 1.0, decay) / (1.0 + decay)

    def _int8(self, op: Op, graph: Graph, x: Array) -> Array:
        return logistic_int8(x, logistic_constants(op, graph))

    def bounds(
        self, op: Op, graph: Graph, low: Sequence[Array | None], high: Sequence[Array | None]
    ) -> tuple[Array, Array]:
        """What it makes of the lowest and of the highest inputs, where all 256 outputs are seen to rise."""
        table = logistic_int8(np.arange(INT8_MIN, INT8_MAX + 1), logistic_constants(op, graph)).astype(np.int64)
        if (np.diff(table) < 0).any():
            return whole_range(graph[op.outputs[0]])
        return self.evaluate(op, graph, low)[0], self.evaluate(op, graph, high)[0]


def logistic_int8(x: Array, constants: LogisticConstants) -> Array:
    """LOGISTIC of int8 values, whatever their shape; also what a table of all 256 outputs is made with."""
    centred = x.astype(np.int64) + constants.input_offset
    fixed = multiply(centred, constants.multiplier, constants.left_shift)
    scaled = rounding_shift_right(logistic(fixed, LOGISTIC_INTEGER_BITS), 23) + INT8_MIN
    low, high = centred <= -constants.radius, centred >= constants.radius
    return clamp(np.where(low, INT8_MIN, np.where(high, INT8_MAX, scaled)), INT8_MIN, INT8_MAX)


class SoftmaxActivation(PixelWise):
    """SOFTMAX over the last axis."""

    kind = "SOFTMAX"
    attrs = Softmax

    def infer(self, op: Op, graph: Graph) -> list[tuple[tuple[int, ...], DType]]:
        """The input's shape."""
        if not computed(op, graph).shape:
            raise ValueError(f"'{op.inputs[0]}' is a scalar; it has to have a last axis")
        return super().infer(op, graph)

    def _float(self, op: Op, x: Array) -> Array:
        attrs = attributes(op, Softmax)
        exponentials = np.exp((x - x.max(-1, keepdims=True)).astype(np.float64) * attrs.beta)
        return np.asarray(exponentials / exponentials.sum(-1, keepdims=True))

    def _int8(self, op: Op, graph: Graph, x: Array) -> Array:
        constants = softmax_constants(op, graph)
        wide = x.astype(np.int64)
        difference = wide - wide.max(-1, keepdims=True)
        counts = difference >= constants.diff_min
        exponential = np.where(counts, softmax_exponential(difference, constants), 0)
        total = rounding_shift_right(exponential, SOFTMAX_SUM_INTEGER_BITS).sum(-1, keepdims=True)
        scale, bits = reciprocal(total, SOFTMAX_SUM_INTEGER_BITS)
        output = rounding_shift_right(doubling_high_multiply(scale, exponential), bits + 23)
        return clamp(np.where(counts, output + INT8_MIN, INT8_MIN), INT8_MIN, INT8_MAX)


def softmax_exponential(difference: Array, constants: SoftmaxConstants) -> Array:
    """exp of x - max >= diff_min, in Q0.31."""
    fixed = multiply(np.maximum(difference, constants.diff_min), constants.multiplier, constants.left_shift)
    return exp_on_negative(fixed, SOFTMAX_INTEGER_BITS)


OPS.add(Relu.kind, Relu())
OPS.add(Relu6.kind, Relu6())
OPS.add(Logistic.kind, Logistic())
OPS.add(SoftmaxActivation.kind, SoftmaxActivation())
