"""SOFTMAX over the last axis, the channels: structure `hb_softmax_args`."""

from __future__ import annotations

from math import prod

import numpy as np

from hilbench.ir.attrs import Softmax
from hilbench.ir.dtype import DType
from hilbench.ir.fixedpoint import exp_on_negative, multiply
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.quantized import SOFTMAX_INTEGER_BITS, softmax_constants
from hilbench.kernels.family import FAMILIES, Argument, Call, Family, Operand, operand


class SoftmaxOverChannels(Family):
    """Exponentials of the distances from the largest number, divided by their sum."""

    kinds = ("SOFTMAX",)
    form = "map"

    def struct(self, op: Op, graph: Graph) -> str:
        """One structure for all."""
        return "hb_softmax_args"

    def calls(self, op: Op, graph: Graph) -> tuple[Call, ...]:
        """One call."""
        assert isinstance(op.attrs, Softmax)
        x, y = _pixels(op.present_inputs[0], graph), _pixels(op.outputs[0], graph)
        members: dict[str, Argument] = {"channels": x.channels}
        if graph[x.tensor].dtype == DType.INT8:
            members["exponentials_length"] = len(_exponentials(op, graph))
        else:
            members["beta"] = op.attrs.beta
        return (Call((x,), y, members),)

    def array(self, name: str, op: Op, graph: Graph, call: Call) -> Array:
        """The table of exponentials."""
        return _exponentials(op, graph) if name == "exponentials" else super().array(name, op, graph, call)


def _pixels(tensor: str, graph: Graph) -> Operand:
    """A tensor of rank 4 as it lies; of another rank as one row of pixels."""
    shape = graph[tensor].shape
    return operand(tensor, shape if len(shape) == 4 else (1, 1, prod(shape[:-1]), shape[-1]))


def _exponentials(op: Op, graph: Graph) -> Array:
    """int32: exp(beta * scale * -d) in Q0.31 for every distance d that is not too large to count."""
    k = softmax_constants(op, graph)
    distances = np.arange(min(256, 1 - k.diff_min))
    return exp_on_negative(multiply(-distances, k.multiplier, k.left_shift), SOFTMAX_INTEGER_BITS).astype(np.int32)


FAMILIES.add("softmax", SoftmaxOverChannels())
