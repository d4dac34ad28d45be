"""Simplification: operators that do nothing, whose results nobody reads, or that work on constants alone go away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from hilbench.ir.attrs import Pad, Transpose, attributes
from hilbench.ir.graph import Graph, Op
from hilbench.ir.opdef import OPS
from hilbench.ir.quantized import requantize_constants

LARGEST_CONSTANT = 2**24
"""Bytes of the largest constant worth making: more than the flash of any microcontroller."""


def simplify(graph: Graph) -> Graph:
    """The same function with fewer operators; names and contents of graph inputs and outputs stay."""
    return _without_dead(_without_identities(_with_folded_constants(graph)))


def _with_folded_constants(graph: Graph) -> Graph:
    """Operators that read nothing but constants become constants; those that write graph outputs stay."""
    kept = []
    for op in graph.ops:
        if _is_constant(op, graph):
            operands = [graph.constant(name) for name in op.inputs]
            results = zip(op.outputs, OPS[op.kind].evaluate(op, graph, operands), strict=True)
            graph = graph.with_tensors(replace(graph[name], data=data) for name, data in results)
        else:
            kept.append(op)
    return replace(graph, ops=tuple(kept))


def _is_constant(op: Op, graph: Graph) -> bool:
    output = graph[op.outputs[0]]
    if output.name in graph.outputs or output.nbytes > LARGEST_CONSTANT:
        return False
    return all(graph.constant(name) is not None for name in op.present_inputs)


def _without_identities(graph: Graph) -> Graph:
    """Readers of an operator that does nothing read its input instead."""
    source: dict[str, str] = {}
    kept = []
    for op in graph.ops:
        inputs = tuple(None if name is None else source.get(name, name) for name in op.inputs)
        if op.outputs[0] not in graph.outputs and _is_identity(op, graph):
            source[op.outputs[0]] = str(inputs[0])
        else:
            kept.append(replace(op, inputs=inputs))
    return replace(graph, ops=tuple(kept))


def _is_identity(op: Op, graph: Graph) -> bool:
    x, y = graph[op.present_inputs[0]], graph[op.outputs[0]]
    if len(op.present_inputs) != 1 or (x.shape, x.dtype, x.quant) != (y.shape, y.dtype, y.quant):
        return False
    return op.kind in _IDENTITY and _IDENTITY[op.kind](op, graph)


def _no_padding(op: Op, graph: Graph) -> bool:
    return not any(n for pair in attributes(op, Pad).pads for n in pair)


def _no_permutation(op: Op, graph: Graph) -> bool:
    perm = attributes(op, Transpose).perm
    return perm == tuple(range(len(perm)))


_IDENTITY: Mapping[str, Callable[[Op, Graph], bool]] = {
    "PAD": _no_padding,
    "TRANSPOSE": _no_permutation,
    "RESHAPE": lambda op, graph: True,
    "RESIZE_NEAREST_NEIGHBOR": lambda op, graph: True,
    "QUANTIZE": lambda op, graph: requantize_constants(op, graph).identity,
}
"""When an operator with one input, whose output has the same shape, element type and quantization, does nothing."""


def _without_dead(graph: Graph) -> Graph:
    """Operators that no graph output needs, and tensors that nothing refers to, are left out."""
    needed = set(graph.outputs)
    kept: list[Op] = []
    for op in reversed(graph.ops):
        if needed.intersection(op.outputs):
            kept.insert(0, op)
            needed.update(op.present_inputs)
    needed.update(graph.inputs)
    return replace(graph, ops=tuple(kept), tensors={k: t for k, t in graph.tensors.items() if k in needed})
