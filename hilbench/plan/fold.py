"""PAD folded into the operators that read it, RELU and RELU6 into the one before, where that is the same to the bit."""

from __future__ import annotations

from dataclasses import replace

from hilbench.ir.attrs import Activation, Conv2D, DepthwiseConv2D, Elementwise, FullyConnected, Pad, Pool2D
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, Op
from hilbench.ir.region import Window

INT8_LOWEST = -128

ACTIVATED = Conv2D | DepthwiseConv2D | Elementwise | FullyConnected | Pool2D
"""Operators whose outputs can be clamped as they are written."""


def fold(graph: Graph) -> Graph:
    """The graph with everything folded that can be."""
    return fold_pads(fold_activations(graph))


def fold_activations(graph: Graph) -> Graph:
    """The graph without the RELU and RELU6 operators whose input is made for them alone, with their quantization.

    What makes it then clamps at the same numbers. Where quantizations differ, the value is rounded twice: never folded.
    """
    for op in graph.ops:
        if op.kind in (Activation.RELU, Activation.RELU6) and _clampable(op, graph):
            graph = _clamped(op, graph)
    return graph


def _clampable(op: Op, graph: Graph) -> bool:
    name = str(op.inputs[0])
    if name not in graph.producer:
        return False
    made_by = graph.ops[graph.producer[name]].attrs
    if not isinstance(made_by, ACTIVATED) or made_by.activation is not Activation.NONE:
        return False
    alone = len(graph.consumers[name]) == 1 and name not in graph.outputs
    return alone and graph[name].quant == graph[op.outputs[0]].quant


def _clamped(op: Op, graph: Graph) -> Graph:
    """The graph in which the operator before writes the output of `op`."""
    name = op.inputs[0]
    ops = [_activated(each, op) if name in each.outputs else each for each in graph.ops if each is not op]
    tensors = {key: tensor for key, tensor in graph.tensors.items() if key != name}
    return replace(graph, ops=tuple(ops), tensors=tensors)


def _activated(maker: Op, op: Op) -> Op:
    assert isinstance(maker.attrs, ACTIVATED)
    return replace(maker, outputs=op.outputs, attrs=replace(maker.attrs, activation=Activation(op.kind)))


def fold_pads(graph: Graph) -> Graph:
    """The graph without the PAD operators whose every reader can pad for itself.

    Convolutions pad with their input's zero point, as PAD does. MAX_POOL_2D leaves padding out of the maximum, which
    is the same where PAD writes the lowest value and no window lies wholly in padding. AVERAGE_POOL_2D leaves padding
    out of its count: never the same.
    """
    for op in graph.ops:
        if op.kind == "PAD" and _foldable(op, graph):
            graph = _fold(op, graph)
    return graph


def _foldable(pad: Op, graph: Graph) -> bool:
    assert isinstance(pad.attrs, Pad)
    source, out = graph[str(pad.inputs[0])], graph[pad.outputs[0]]
    pads = pad.attrs.pads
    if out.name in graph.outputs or len(pads) != 4 or pads[0] != (0, 0) or pads[3] != (0, 0):
        return False
    if source.data is not None or source.quant != out.quant:
        return False
    readers = [graph.ops[position] for position in graph.consumers[out.name]]
    return bool(readers) and all(_pads_alike(reader, pad.attrs, out.name, graph) for reader in readers)


def _pads_alike(reader: Op, pad: Pad, name: str, graph: Graph) -> bool:
    if reader.inputs.count(name) != 1 or reader.inputs[0] != name:
        return False
    if isinstance(reader.attrs, Conv2D | DepthwiseConv2D):
        return True
    if reader.kind != "MAX_POOL_2D" or not isinstance(reader.attrs, Pool2D):
        return False
    tensor = graph[name]
    lowest = tensor.dtype is DType.INT8 and tensor.quant is not None and tensor.zero_point == INT8_LOWEST
    return lowest and all(_always_inside(w) for w in _padded(reader.attrs, pad))


def _always_inside(window: Window) -> bool:
    """Whether no window lies wholly in padding."""
    return window.dilation == 1 and max(window.before, window.after) < window.kernel


def _padded(attrs: Conv2D | DepthwiseConv2D | Pool2D, pad: Pad) -> tuple[Window, Window]:
    """Windows of rows and columns that pad for themselves what PAD did."""
    return tuple(  # type: ignore[return-value]
        replace(window, before=window.before + before, after=window.after + after)
        for window, (before, after) in zip((attrs.y, attrs.x), pad.pads[1:3], strict=True)
    )


def _fold(pad: Op, graph: Graph) -> Graph:
    assert isinstance(pad.attrs, Pad)
    name = pad.outputs[0]
    ops = [_reads_unpadded(op, pad, name) if name in op.inputs else op for op in graph.ops if op is not pad]
    tensors = {key: tensor for key, tensor in graph.tensors.items() if key != name}
    return replace(graph, ops=tuple(ops), tensors=tensors)


def _reads_unpadded(op: Op, pad: Op, name: str) -> Op:
    assert isinstance(op.attrs, Conv2D | DepthwiseConv2D | Pool2D) and isinstance(pad.attrs, Pad)
    y, x = _padded(op.attrs, pad.attrs)
    inputs = tuple(pad.inputs[0] if item == name else item for item in op.inputs)
    return replace(op, inputs=inputs, attrs=replace(op.attrs, y=y, x=x))
