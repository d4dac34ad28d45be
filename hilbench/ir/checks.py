"""What several operators demand of their inputs, where a demand not met is a ValueError; and the fused activation."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from hilbench.ir.attrs import Activation
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Graph, Op, Tensor

COMPUTED = (DType.FLOAT32, DType.INT8)
"""Element types that every operator computes in."""


def present(inputs: Iterable[Array | None]) -> list[Array]:
    """The inputs that are there; only the last ones of an operator are optional."""
    return [array for array in inputs if array is not None]


def operand(op: Op, graph: Graph, which: int) -> Tensor:
    """Input `which`, which has to be there."""
    name = op.inputs[which] if which < len(op.inputs) else None
    if name is None:
        raise ValueError(f"input {which} is missing")
    return graph[name]


def computed(op: Op, graph: Graph, which: int = 0) -> Tensor:
    """Input `which`, float32 or int8, and of the output's element type."""
    tensor, output = operand(op, graph, which), graph[op.outputs[0]]
    if tensor.dtype not in COMPUTED:
        raise ValueError(f"'{tensor.name}' is {tensor.dtype}; {op.kind} computes in {' or '.join(COMPUTED)}")
    if output.dtype != tensor.dtype:
        raise ValueError(f"'{tensor.name}' is {tensor.dtype} and '{output.name}' is {output.dtype}")
    return tensor


def feature_map(op: Op, graph: Graph) -> Tensor:
    """Input 0 as `computed` has it, and with four axes."""
    tensor = computed(op, graph)
    if len(tensor.shape) != 4:
        raise ValueError(f"'{tensor.name}' has {len(tensor.shape)} axes; right: [batch, rows, columns, channels]")
    return tensor


def weights(op: Op, graph: Graph, axes: int) -> Tensor:
    """Input 1: constant weights of the input's element type with this many axes."""
    tensor, x = operand(op, graph, 1), operand(op, graph, 0)
    if tensor.data is None:
        raise ValueError(f"weights '{tensor.name}' are computed; they have to be constant")
    if tensor.dtype != x.dtype:
        raise ValueError(f"weights '{tensor.name}' are {tensor.dtype} and the input is {x.dtype}")
    if len(tensor.shape) != axes:
        raise ValueError(f"weights '{tensor.name}' have {len(tensor.shape)} axes; they have to have {axes}")
    return tensor


def check_bias(op: Op, graph: Graph, channels: int) -> None:
    """Input 2, if it is there: one constant per output channel, float32, or int32 beside int8."""
    if len(op.inputs) < 3 or op.inputs[2] is None:
        return
    bias = graph[op.inputs[2]]
    dtype = DType.FLOAT32 if operand(op, graph, 0).dtype == DType.FLOAT32 else DType.INT32
    if bias.data is None or bias.dtype != dtype or bias.elements != channels:
        raise ValueError(f"bias '{bias.name}' is {bias.dtype} {bias.shape}; right: {channels} constants of {dtype}")


def activate(value: Array, activation: Activation) -> Array:
    """The fused activation on float32."""
    low, high = activation.bounds
    if low is None and high is None:
        return value.astype(np.float32)
    return np.clip(value, low, high).astype(np.float32)
