"""FULLY_CONNECTED."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hilbench.ir.attrs import FullyConnected
from hilbench.ir.checks import check_bias, computed, weights
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.opdef import OPS, OpDef
from hilbench.ir.ops.convolution import finish, requantize, requantized_bounds, signs
from hilbench.ir.quantized import fully_connected_constants


class FullyConnectedLayer(OpDef):
    """FULLY_CONNECTED: the input as rows of `in` values times the weights' transpose."""

    kind = "FULLY_CONNECTED"
    attrs = FullyConnected

    def infer(self, op: Op, graph: Graph) -> list[tuple[tuple[int, ...], DType]]:
        """[rows, out], or the input's shape with its last axis replaced."""
        assert isinstance(op.attrs, FullyConnected)
        x, w = computed(op, graph), weights(op, graph, 2)
        outputs, depth = w.shape
        fits = x.shape[-1:] == (depth,) if op.attrs.keep_dims else x.elements % depth == 0
        if not fits:
            raise ValueError(f"'{x.name}' of shape {x.shape} does not fit weights '{w.name}' of shape {w.shape}")
        check_bias(op, graph, outputs)
        if x.dtype == DType.INT8:
            fully_connected_constants(op, graph)
        leading = x.shape[:-1] if op.attrs.keep_dims else (x.elements // depth,)
        return [((*leading, outputs), x.dtype)]

    def evaluate(self, op: Op, graph: Graph, inputs: Sequence[Array | None]) -> list[Array]:
        """A matrix product in float64, exact for int8 as in CONV_2D."""
        assert isinstance(op.attrs, FullyConnected)
        x, w, bias = (*inputs, None)[:3]
        assert x is not None
        assert w is not None
        rows = x.reshape(-1, w.shape[1]).astype(np.float64)
        shape = graph[op.outputs[0]].shape
        if x.dtype != np.int8:
            return [finish(rows @ w.T.astype(np.float64), bias, op.attrs.activation).reshape(shape)]
        constants = fully_connected_constants(op, graph)
        acc = (rows + constants.input_offset) @ w.T.astype(np.float64)
        return [requantize(acc.astype(np.int64), bias, constants).reshape(shape)]

    def bounds(
        self, op: Op, graph: Graph, low: Sequence[Array | None], high: Sequence[Array | None]
    ) -> tuple[Array, Array]:
        """Sums of the corners that each weight's sign asks for."""
        (x0, w, bias), x1 = (*low, None)[:3], high[0]
        assert x0 is not None
        assert x1 is not None
        assert w is not None
        constants, (plus, minus) = fully_connected_constants(op, graph), signs(w.astype(np.float64))
        least, most = (x.reshape(-1, w.shape[1]).astype(np.float64) + constants.input_offset for x in (x0, x1))
        lowest = (least @ plus.T + most @ minus.T).astype(np.int64)
        highest = (most @ plus.T + least @ minus.T).astype(np.int64)
        shape = graph[op.outputs[0]].shape
        below, above = requantized_bounds(lowest, highest, bias, constants)
        return below.reshape(shape), above.reshape(shape)

    def macs(self, op: Op, graph: Graph) -> int:
        """Outputs times inputs."""
        return graph[op.outputs[0]].elements * graph[op.present_inputs[1]].shape[1]


OPS.add(FullyConnectedLayer.kind, FullyConnectedLayer())
