"""How pruned weights are stored: sparse where that is the cheaper way to multiply them, dense where it is not."""

from __future__ import annotations

from dataclasses import replace
from math import inf

from hilbench.ir.graph import Graph, Op, Tensor
from hilbench.kernels.catalogue import options


def stored_by_price(graph: Graph, features: frozenset[str]) -> Graph:
    """The graph with those sparse weights stored dense whose operators take fewer cycles so, on a core with `features`.

    With that a pruned layer is never slower than before. What the firmware computes is the same; multiply-accumulates
    are counted as the chosen kernels execute them.
    """
    return graph.with_tensors(_dense(weights) for weights in _sparse(graph) if _dearer(weights, graph, features))


def _sparse(graph: Graph) -> list[Tensor]:
    return [tensor for tensor in graph.tensors.values() if tensor.storage != "dense" and graph.consumers[tensor.name]]


def _dense(weights: Tensor) -> Tensor:
    return replace(weights, storage="dense")


def _dearer(weights: Tensor, graph: Graph, features: frozenset[str]) -> bool:
    """Whether kernels for sparse weights take more cycles, all operators that use them together."""
    users = [graph.ops[position] for position in graph.consumers[weights.name]]
    other = graph.with_tensors([_dense(weights)])
    return sum(_cycles(op, other, features) for op in users) < sum(_cycles(op, graph, features) for op in users)


def _cycles(op: Op, graph: Graph, features: frozenset[str]) -> float:
    """Of the cheapest kernel; without end where none serves."""
    try:
        return options(op, graph, features)[0].cycles
    except LookupError:
        return inf
