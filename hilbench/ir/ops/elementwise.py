"""ADD, SUB and MUL."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hilbench.ir.attrs import Elementwise, attributes
from hilbench.ir.checks import activate, computed, present
from hilbench.ir.dtype import DType
from hilbench.ir.fixedpoint import Int, clamp, multiply, wrap32, wraps
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.opdef import OPS, OpDef, whole_range
from hilbench.ir.quantized import add_constants, mul_constants
from hilbench.ir.region import Region


class Binary(OpDef):
    """An operator on two tensors, element by element, with numpy's broadcasting."""

    attrs = Elementwise

    def infer(self, op: Op, graph: Graph) -> list[tuple[tuple[int, ...], DType]]:
        """The broadcast shape."""
        a, b = computed(op, graph, 0), computed(op, graph, 1)
        if a.dtype == DType.INT8:
            self._int8(op, graph, np.zeros(1, np.int64), np.zeros(1, np.int64))
        return [(np.broadcast_shapes(a.shape, b.shape), a.dtype)]

    def evaluate(self, op: Op, graph: Graph, inputs: Sequence[Array | None]) -> list[Array]:
        """In float32, or in integers."""
        attrs = attributes(op, Elementwise)
        a, b = present(inputs)
        if a.dtype != np.int8:
            return [activate(self._float(a, b), attrs.activation)]
        return [self._int8(op, graph, a.astype(np.int64), b.astype(np.int64))]

    def input_region(self, op: Op, graph: Graph, which: int, out: Region) -> Region | None:
        """The same region, save that an axis of length 1 is read whole."""
        shape = graph[op.present_inputs[which]].shape
        if len(shape) != 4:
            return None
        rows = (0, 1) if shape[1] == 1 else (out.y0, out.y1)
        cols = (0, 1) if shape[2] == 1 else (out.x0, out.x1)
        return Region(*rows, *cols)

    def bounds(
        self, op: Op, graph: Graph, low: Sequence[Array | None], high: Sequence[Array | None]
    ) -> tuple[Array, Array]:
        """The least and the most of the four corners: each operator is monotone in either input."""
        if self._wraps(op, graph):
            return whole_range(graph[op.outputs[0]])
        firsts, seconds = (low[0], high[0]), (low[1], high[1])
        corners = np.stack([self.evaluate(op, graph, (a, b))[0] for a in firsts for b in seconds])
        return corners.min(0), corners.max(0)

    def _wraps(self, op: Op, graph: Graph) -> bool:
        return False

    def _float(self, a: Array, b: Array) -> Array:
        raise TypeError(f"{self.kind} has no float32 form")

    def _int8(self, op: Op, graph: Graph, a: Int, b: Int) -> Array:
        raise TypeError(f"{self.kind} has no int8 form")


class Add(Binary):
    """ADD."""

    kind = "ADD"
    sign = 1

    def _float(self, a: Array, b: Array) -> Array:
        return np.asarray(a + self.sign * b)

    def _int8(self, op: Op, graph: Graph, a: Int, b: Int) -> Array:
        k = add_constants(op, graph)
        first = multiply((a + k.input1_offset) << k.left_shift, k.input1_multiplier, k.input1_shift)
        second = multiply((b + k.input2_offset) << k.left_shift, k.input2_multiplier, k.input2_shift)
        total = multiply(first + self.sign * second, k.output_multiplier, k.output_shift)
        return clamp(total + k.output_offset, k.act_min, k.act_max)


class Subtract(Add):
    """SUB."""

    kind = "SUB"
    sign = -1


class Multiply(Binary):
    """MUL."""

    kind = "MUL"

    def _wraps(self, op: Op, graph: Graph) -> bool:
        return bool(wraps(2**16, mul_constants(op, graph).shift))

    def _float(self, a: Array, b: Array) -> Array:
        return np.asarray(a * b)

    def _int8(self, op: Op, graph: Graph, a: Int, b: Int) -> Array:
        k = mul_constants(op, graph)
        product = wrap32((a + k.input1_offset) * (b + k.input2_offset))
        return clamp(multiply(product, k.multiplier, k.shift) + k.output_offset, k.act_min, k.act_max)


OPS.add(Add.kind, Add())
OPS.add(Subtract.kind, Subtract())
OPS.add(Multiply.kind, Multiply())
