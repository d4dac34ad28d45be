"""Interval arithmetic through a graph: between which bounds every int8 value lies, whatever the inputs are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.opdef import OPS, whole_range


@dataclass(frozen=True, eq=False)
class Interval:
    """Lowest and highest value of every element, both included."""

    low: Array
    high: Array

    @property
    def channel_constants(self) -> Mapping[int, int]:
        """Channels (last axis) that have one value, always and everywhere, with that value."""
        channels = self.low.shape[-1] if self.low.shape else 1
        low, high = (a.reshape(-1, channels) for a in (self.low, self.high))
        lowest, highest = low.min(0), high.max(0)
        return {int(c): int(lowest[c]) for c in np.nonzero(lowest == highest)[0]}

    def holds(self, values: Array) -> bool:
        """Whether all values lie in it."""
        return bool(((self.low <= values) & (values <= self.high)).all())


def intervals(graph: Graph) -> dict[str, Interval]:
    """An interval for every computed tensor; for graph inputs and float32 tensors the whole range."""
    found: dict[str, Interval] = {name: Interval(*whole_range(graph[name])) for name in graph.inputs}
    for op in graph.ops:
        found[op.outputs[0]] = Interval(*_bounds(op, graph, found))
    return found


def _bounds(op: Op, graph: Graph, found: Mapping[str, Interval]) -> tuple[Array, Array]:
    names = (op.inputs[0], op.outputs[0])
    if any(name is None or graph[name].dtype != DType.INT8 for name in names):
        return whole_range(graph[op.outputs[0]])
    low = [_corner(graph, found, name, "low") for name in op.inputs]
    high = [_corner(graph, found, name, "high") for name in op.inputs]
    return OPS[op.kind].bounds(op, graph, low, high)


def _corner(graph: Graph, found: Mapping[str, Interval], name: str | None, end: str) -> Array | None:
    if name is None:
        return None
    constant = graph[name].data
    return getattr(found[name], end) if constant is None else constant
