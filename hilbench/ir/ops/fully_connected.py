"""FULLY_CONNECTED."""

from __future__ import annotations

import numpy as np

from hilbench.ir.attrs import Activation, FullyConnected, attributes
from hilbench.ir.checks import computed, weights
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.opdef import OPS
from hilbench.ir.quantized import ConvConstants, fully_connected_constants
from hilbench.ir.weighted import Weighted


class FullyConnectedLayer(Weighted):
    """FULLY_CONNECTED: the input as rows of `in` values times the weights' transpose."""

    kind = "FULLY_CONNECTED"
    attrs = FullyConnected

    def infer(self, op: Op, graph: Graph) -> list[tuple[tuple[int, ...], DType]]:
        """[rows, out], or the input's shape with its last axis replaced."""
        x, w, keep = computed(op, graph), weights(op, graph, 2), attributes(op, FullyConnected).keep_dims
        outputs, depth = w.shape
        fits = x.shape[-1:] == (depth,) if keep else x.elements % depth == 0
        if not fits:
            raise ValueError(f"'{x.name}' of shape {x.shape} does not fit weights '{w.name}' of shape {w.shape}")
        self.check(op, graph, outputs)
        leading = x.shape[:-1] if keep else (x.elements // depth,)
        return [((*leading, outputs), x.dtype)]

    def sums(self, op: Op, graph: Graph, x: Array, w: Array) -> Array:
        """A matrix product."""
        return np.asarray(x.reshape(-1, w.shape[1]) @ w.T).reshape(graph[op.outputs[0]].shape)

    def constants(self, op: Op, graph: Graph) -> ConvConstants:
        """One multiplier per output."""
        return fully_connected_constants(op, graph)

    def activation(self, op: Op) -> Activation:
        """The fused activation."""
        return attributes(op, FullyConnected).activation

    def macs(self, op: Op, graph: Graph) -> int:
        """Outputs times inputs."""
        return graph[op.outputs[0]].elements * graph[op.present_inputs[1]].shape[1]


OPS.add(FullyConnectedLayer.kind, FullyConnectedLayer())
