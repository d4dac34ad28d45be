"""Verification: what every graph has to fulfil before anything is made of it."""

from __future__ import annotations

from collections.abc import Iterator

from hilbench.errors import ModelError
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, Op
from hilbench.ir.opdef import OPS


def verify(graph: Graph) -> None:
    """Check names, order, single assignment, shapes, element types and quantization.

    Raises:
        ModelError: something does not hold; the text names the operator and the tensor.
    """
    for problem in _problems(graph):
        raise ModelError(problem, where=graph.name)


def _problems(graph: Graph) -> Iterator[str]:
    """Every reason why the graph is not one; each check may rely on those before it."""
    yield from _undefined(graph)
    yield from _constants(graph)
    yield from _order(graph)
    for op in graph.ops:
        if problem := op_problem(op, graph):
            yield f"{place(op)}: {problem}"


def place(op: Op) -> str:
    """How messages call an operator."""
    return f"operator {op.index} {op.kind} (output '{op.outputs[0] if op.outputs else ''}')"


def op_problem(op: Op, graph: Graph) -> str | None:
    """Why an operator cannot be as it is, or None."""
    if op.kind not in OPS:
        return f"unknown operator; known: {', '.join(OPS)}"
    definition = OPS[op.kind]
    if not isinstance(op.attrs, definition.attrs):
        return f"attributes are {type(op.attrs).__name__}; they have to be {definition.attrs.__name__}"
    try:
        inferred = definition.infer(op, graph)
    except ValueError as error:
        return str(error)
    for name, (shape, dtype) in zip(op.outputs, inferred, strict=True):
        if (graph[name].shape, graph[name].dtype) != (shape, dtype):
            stated = f"{graph[name].dtype} {graph[name].shape}"
            return f"'{name}' is {stated}, and the inputs make it {dtype} {shape}"
    return None


def _undefined(graph: Graph) -> Iterator[str]:
    for op in graph.ops:
        for name in (*op.present_inputs, *op.outputs):
            if name not in graph.tensors:
                yield f"{place(op)}: there is no tensor '{name}'"
    for name in (*graph.inputs, *graph.outputs):
        if name not in graph.tensors:
            yield f"graph input or output '{name}' is not a tensor"


def _constants(graph: Graph) -> Iterator[str]:
    for name, tensor in graph.tensors.items():
        if name != tensor.name:
            yield f"tensor '{tensor.name}' is listed as '{name}'"
        if tensor.data is not None and (tensor.data.shape, tensor.data.dtype) != (tensor.shape, tensor.dtype.numpy):
            stated = f"{tensor.dtype} {tensor.shape}"
            yield f"constant '{name}' is {stated} and holds {tensor.data.dtype} {tensor.data.shape}"
        if tensor.dtype in (DType.INT8, DType.UINT8) and tensor.quant is None:
            yield f"tensor '{name}' is {tensor.dtype} and has no quantization"


def _order(graph: Graph) -> Iterator[str]:
    written = set(graph.inputs)
    yield from (f"graph input '{name}' is a constant" for name in written if graph[name].data is not None)
    for op in graph.ops:
        for name in op.present_inputs:
            if graph[name].data is None and name not in written:
                yield f"{place(op)}: '{name}' is read before it is written"
        for name in op.outputs:
            if name in written or graph[name].data is not None:
                yield f"{place(op)}: '{name}' is written twice"
            written.add(name)
    yield from (f"graph output '{name}' is never written" for name in graph.outputs if name not in written)
