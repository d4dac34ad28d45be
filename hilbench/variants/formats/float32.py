"""float32: a float model as it is; a quantized one with its weights dequantized and its quantization dropped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from hilbench.ir.attrs import Reshape
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, Op, QuantParams, Tensor
from hilbench.variants.variant import FORMATS, Calibration, Format, Transformed, no_argument

CONVERSIONS = ("QUANTIZE", "DEQUANTIZE")
"""Operators that mean nothing once every number is real."""

WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
"""Operators whose bias has the scale of input times weights, with or without the file saying so."""


def _apply(graph: Graph, argument: str, calibration: Calibration | None) -> Transformed:
    if not any(_is_quantized(tensor) for tensor in graph.tensors.values()):
        return Transformed(graph)
    biases = _bias_scales(graph)
    real = graph.with_tensors(_real(tensor, biases.get(name)) for name, tensor in graph.tensors.items())
    return Transformed(_without_conversions(real), ("weights dequantized from the quantized file",))


def _is_quantized(tensor: Tensor) -> bool:
    return tensor.quant is not None and tensor.dtype is not DType.FLOAT32


def _real(tensor: Tensor, bias: QuantParams | None) -> Tensor:
    """The tensor as float32; a constant has the values that its integers stand for."""
    quant = tensor.quant or bias
    if quant is None or tensor.dtype is DType.FLOAT32:
        return tensor
    data = None if tensor.data is None else quant.real(tensor.data).astype(np.float32)
    return replace(tensor, dtype=DType.FLOAT32, quant=None, data=data)


def _bias_scales(graph: Graph) -> dict[str, QuantParams]:
    """Quantization of the biases that the file gives none for: input scale times weight scale."""
    found: dict[str, QuantParams] = {}
    for op in graph.ops:
        if op.kind in WEIGHTED and len(op.inputs) == 3 and op.inputs[2] is not None:
            x, w = graph[str(op.inputs[0])], graph[str(op.inputs[1])]
            if x.quant is not None and w.quant is not None:
                scale = tuple(x.scale * each for each in w.quant.scale)
                found[op.inputs[2]] = QuantParams(scale, (0,) * len(scale), None if len(scale) == 1 else 0)
    return found


def _without_conversions(graph: Graph) -> Graph:
    """The graph without QUANTIZE and DEQUANTIZE: readers and writers name the tensor on the other side.

    One from a graph input (or constant) to a graph output has neither; it becomes a RESHAPE to the same shape.
    """
    for op in graph.ops:
        if op.kind in CONVERSIONS:
            graph = _without(graph, op)
    return graph


def _without(graph: Graph, op: Op) -> Graph:
    source, out = str(op.inputs[0]), op.outputs[0]
    if out in graph.outputs:
        if source in graph.outputs or source not in graph.producer:
            copy = replace(op, kind="RESHAPE", attrs=Reshape())
            return replace(graph, ops=tuple(copy if each.outputs == op.outputs else each for each in graph.ops))
        source, out = out, source
    ops = tuple(_renamed(each, out, source) for each in graph.ops if each.outputs != op.outputs)
    tensors = {name: tensor for name, tensor in graph.tensors.items() if name != out}
    return replace(graph, ops=ops, tensors=tensors)


def _renamed(op: Op, old: str, new: str) -> Op:
    def rename(names: Iterable[str | None]) -> tuple[str | None, ...]:
        return tuple(new if name == old else name for name in names)

    return replace(op, inputs=rename(op.inputs), outputs=tuple(str(name) for name in rename(op.outputs)))


FORMATS.add("float32", Format("float32", "IEEE 754 single precision throughout", no_argument("float32"), _apply))
