"""AVERAGE_POOL_2D and MAX_POOL_2D: structure `hb_pool_int8_args` or `hb_pool_float32_args`."""

from __future__ import annotations

from hilbench.ir.attrs import Pool2D
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, Op
from hilbench.ir.quantized import pool_constants
from hilbench.kernels.family import FAMILIES, Argument, Call, Family, natural
from hilbench.kernels.weighted import clamp_members, sliding_members


class Pooling(Family):
    """Windows that slide over maps, channel by channel."""

    kinds = ("AVERAGE_POOL_2D", "MAX_POOL_2D")
    form = "map"

    def struct(self, op: Op, graph: Graph) -> str:
        """By element type."""
        return f"hb_pool_{graph[op.present_inputs[0]].dtype}_args"

    def calls(self, op: Op, graph: Graph) -> tuple[Call, ...]:
        """One call."""
        assert isinstance(op.attrs, Pool2D)
        x, y = natural(op.present_inputs[0], graph), natural(op.outputs[0], graph)
        constants = pool_constants(op, graph) if graph[x.tensor].dtype == DType.INT8 else None
        members: dict[str, Argument] = {"in_rows": x.rows, "in_cols": x.cols, "channels": x.channels}
        members |= sliding_members(op.attrs.y, op.attrs.x) | clamp_members(op, graph, constants)
        return (Call((x,), y, members),)


FAMILIES.add("pooling", Pooling())
