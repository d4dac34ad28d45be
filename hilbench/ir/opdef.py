"""What an operator kind means: one definition per kind, registered by a module of `hilbench.ir.ops`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Attrs, Graph, Op, Tensor
from hilbench.ir.region import Region
from hilbench.registry import Registry


class OpDef(ABC):
    """Semantics of one operator kind. Stateless; everything comes from the operator and its graph."""

    kind: ClassVar[str]
    attrs: ClassVar[type[Attrs]] = Attrs

    @abstractmethod
    def infer(self, op: Op, graph: Graph) -> list[tuple[tuple[int, ...], DType]]:
        """Shape and dtype of every output.

        Raises:
            ValueError: the inputs do not go together; the text says which and why.
        """

    @abstractmethod
    def evaluate(self, op: Op, graph: Graph, inputs: Sequence[Array | None]) -> list[Array]:
        """The outputs, as TFLite Micro computes them bit for bit where the dtype is an integer."""

    def macs(self, op: Op, graph: Graph) -> int:
        """Multiply-accumulates of the dense operator; 0 for operators that do not multiply by weights."""
        return 0

    def input_region(self, op: Op, graph: Graph, which: int, out: Region) -> Region | None:
        """Part of input `which` that output region `out` reads, clipped to the map.

        None where the operator has no such locality (it needs its whole input), the default. An empty region never
        arises: a part that lies wholly in padding is widened to one pixel.
        """
        return None

    def bounds(
        self, op: Op, graph: Graph, low: Sequence[Array | None], high: Sequence[Array | None]
    ) -> tuple[Array, Array]:
        """Lowest and highest output, element by element, for int8 inputs that lie between `low` and `high`.

        Interval arithmetic (Moore 1966): never too narrow. The default is the whole range of the element type.
        """
        return whole_range(graph[op.outputs[0]])


def whole_range(tensor: Tensor) -> tuple[Array, Array]:
    """Bounds of a tensor of which nothing is known but its element type."""
    dtype = tensor.dtype.numpy
    ends = (-np.inf, np.inf) if tensor.dtype == DType.FLOAT32 else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return np.full(tensor.shape, ends[0], dtype), np.full(tensor.shape, ends[1], dtype)


class Monotone(OpDef):
    """An operator none of whose outputs ever falls when an input rises."""

    def bounds(
        self, op: Op, graph: Graph, low: Sequence[Array | None], high: Sequence[Array | None]
    ) -> tuple[Array, Array]:
        """What it makes of the lowest and of the highest inputs."""
        return self.evaluate(op, graph, low)[0], self.evaluate(op, graph, high)[0]


OPS: Registry[OpDef] = Registry("operator", "hilbench.ir.ops")
