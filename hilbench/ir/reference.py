"""The reference: a graph computed in numpy, bit for bit as TFLite Micro computes it where it is int8."""

from __future__ import annotations

from collections.abc import Mapping

from hilbench.errors import ConfigError
from hilbench.ir.graph import Array, Graph
from hilbench.ir.opdef import OPS


def run(graph: Graph, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Every computed tensor by name, the graph inputs included, for one array per graph input.

    Raises:
        ConfigError: an input is missing, or not of its tensor's shape and element type.
    """
    values = {name: _checked(graph, name, inputs) for name in graph.inputs}
    for op in graph.ops:
        operands = [None if name is None else _value(graph, values, name) for name in op.inputs]
        values.update(zip(op.outputs, OPS[op.kind].evaluate(op, graph, operands), strict=True))
    return values


def macs(graph: Graph) -> int:
    """Multiply-accumulates of the dense graph, each operator run whole."""
    return sum(OPS[op.kind].macs(op, graph) for op in graph.ops)


def _value(graph: Graph, values: Mapping[str, Array], name: str) -> Array:
    constant = graph[name].data
    return values[name] if constant is None else constant


def _checked(graph: Graph, name: str, inputs: Mapping[str, Array]) -> Array:
    tensor = graph[name]
    if name not in inputs:
        raise ConfigError(f"input '{name}' is missing", right=f"inputs: {', '.join(graph.inputs)}")
    given = inputs[name]
    if (given.shape, given.dtype) != (tensor.shape, tensor.dtype.numpy):
        right = f"{tensor.dtype} {tensor.shape}"
        raise ConfigError(f"input '{name}' is {given.dtype} {given.shape}", right=right)
    return given
