"""QUANTIZE and DEQUANTIZE."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hilbench.ir.checks import operand, present
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.opdef import OPS, OpDef
from hilbench.ir.ops.activation import requantize, requantized_bounds
from hilbench.ir.quantized import affine_constants, requantize_constants
from hilbench.ir.region import Region


class Conversion(OpDef):
    """An operator that changes the element type or the quantization, element by element."""

    legal: frozenset[tuple[DType, DType]]

    def infer(self, op: Op, graph: Graph) -> list[tuple[tuple[int, ...], DType]]:
        """The input's shape, the output's element type."""
        x, y = operand(op, graph, 0), graph[op.outputs[0]]
        if (x.dtype, y.dtype) not in self.legal:
            known = ", ".join(sorted(f"{a} to {b}" for a, b in self.legal))
            raise ValueError(f"{x.dtype} to {y.dtype}; {op.kind} makes {known}")
        if DType.FLOAT32 in (x.dtype, y.dtype):
            affine_constants(op, graph)
        else:
            requantize_constants(op, graph)
        return [(x.shape, y.dtype)]

    def input_region(self, op: Op, graph: Graph, which: int, out: Region) -> Region | None:
        """The same region."""
        return out


class Quantize(Conversion):
    """QUANTIZE: float32 to int8, int8 to another scale, and from or to uint8, as files have it at their ends."""

    kind = "QUANTIZE"
    legal = frozenset(
        {(DType.FLOAT32, DType.INT8), (DType.INT8, DType.INT8), (DType.UINT8, DType.INT8), (DType.INT8, DType.UINT8)}
    )

    def evaluate(self, op: Op, graph: Graph, inputs: Sequence[Array | None]) -> list[Array]:
        """The division is float32; halves are rounded away from zero."""
        (x,) = present(inputs)
        if x.dtype != np.float32:
            return [requantize(x, requantize_constants(op, graph), graph[op.outputs[0]].dtype)]
        constants = affine_constants(op, graph)
        ratio = (x / np.float32(constants.scale)).astype(np.float64)
        rounded = np.trunc(ratio + np.copysign(0.5, ratio)) + constants.zero_point
        return [np.clip(rounded, -128, 127).astype(np.int8)]

    def bounds(
        self, op: Op, graph: Graph, low: Sequence[Array | None], high: Sequence[Array | None]
    ) -> tuple[Array, Array]:
        """What it makes of the lowest and of the highest inputs."""
        return requantized_bounds(op, graph, (low[0], high[0]), requantize_constants(op, graph))


class Dequantize(Conversion):
    """DEQUANTIZE: int8 to float32."""

    kind = "DEQUANTIZE"
    legal = frozenset({(DType.INT8, DType.FLOAT32)})

    def evaluate(self, op: Op, graph: Graph, inputs: Sequence[Array | None]) -> list[Array]:
        """One float32 multiplication."""
        (x,) = present(inputs)
        constants = affine_constants(op, graph)
        return [np.float32(constants.scale) * (x.astype(np.int32) - constants.zero_point).astype(np.float32)]


OPS.add(Quantize.kind, Quantize())
OPS.add(Dequantize.kind, Dequantize())
