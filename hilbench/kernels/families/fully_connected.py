"""FULLY_CONNECTED: structure `hb_fully_connected_int8_args` or `hb_fully_connected_float32_args`."""

from __future__ import annotations

import numpy as np

from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.quantized import ConvConstants, fully_connected_constants
from hilbench.kernels.family import FAMILIES, Argument, Call, Family, constant, flat
from hilbench.kernels.sparse import encode
from hilbench.kernels.weighted import bias, clamp_members, per_channel


class FullyConnected(Family):
    """Rows of numbers times a matrix; the arrays are described in `hb_fully_connected.h`."""

    kinds = ("FULLY_CONNECTED",)
    form = "flat"

    def struct(self, op: Op, graph: Graph) -> str:
        """By element type."""
        return f"hb_fully_connected_{graph[op.present_inputs[0]].dtype}_args"

    def calls(self, op: Op, graph: Graph) -> tuple[Call, ...]:
        """One call."""
        x, y = flat(op.present_inputs[0], graph), flat(op.outputs[0], graph)
        outputs, inputs = constant(op.inputs[1], op, graph).shape
        members: dict[str, Argument] = {"batches": x.channels // inputs, "inputs": inputs, "outputs": outputs}
        return (Call((x,), y, members | clamp_members(op, graph, _constants(op, graph))),)

    def array(self, name: str, op: Op, graph: Graph, call: Call) -> Array:
        """Weights, dense or sparse, bias and requantization."""
        weights = constant(op.inputs[1], op, graph)
        if name == "weights":
            return weights.reshape(-1)
        if name in ("values", "gaps", "counts"):
            return np.asarray(getattr(encode(weights), name))
        if name == "bias":
            return bias(op, graph, len(weights))
        return (
            per_channel(name, _constants(op, graph))
            if name in ("multiplier", "shift")
            else super().array(name, op, graph, call)
        )


def _constants(op: Op, graph: Graph) -> ConvConstants | None:
    return fully_connected_constants(op, graph) if graph[op.present_inputs[0]].dtype == DType.INT8 else None


FAMILIES.add("fully_connected", FullyConnected())
