"""Operators that change every element by itself: structure `hb_unary_args`."""

from __future__ import annotations

import numpy as np

from hilbench.ir.attrs import Activation
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.opdef import OPS
from hilbench.ir.quantized import affine_constants
from hilbench.kernels.family import FAMILIES, Argument, Call, Family, elementwise
from hilbench.kernels.weighted import float_clamp


class Unary(Family):
    """A function of one number."""

    kinds = ("DEQUANTIZE", "LOGISTIC", "QUANTIZE", "RELU", "RELU6")
    form = "map"

    def struct(self, op: Op, graph: Graph) -> str:
        """One structure for all."""
        return "hb_unary_args"

    def calls(self, op: Op, graph: Graph) -> tuple[Call, ...]:
        """One call."""
        x, y = elementwise(op.present_inputs[0], graph), elementwise(op.outputs[0], graph)
        return (Call((x,), y, {"channels": x.channels, **_members(op, graph)}),)

    def array(self, name: str, op: Op, graph: Graph, call: Call) -> Array:
        """The table: the reference's output for every 8-bit number, in the order of the bytes that hold them."""
        if name != "table":
            return super().array(name, op, graph, call)
        every = np.arange(256, dtype=np.uint8).view(graph[op.present_inputs[0]].dtype.numpy)
        (results,) = OPS[op.kind].evaluate(op, graph, [every])
        return results.view(np.uint8)


def _members(op: Op, graph: Graph) -> dict[str, Argument]:
    x, y = graph[op.present_inputs[0]], graph[op.outputs[0]]
    if DType.FLOAT32 not in (x.dtype, y.dtype):
        return {}
    if op.kind in ("QUANTIZE", "DEQUANTIZE"):
        constants = affine_constants(op, graph)
        return {"scale": constants.scale, "zero_point": constants.zero_point}
    return float_clamp(Activation(op.kind)) if op.kind.startswith("RELU") else {}


FAMILIES.add("unary", Unary())
