"""BOTTLENECK: the three convolutions of an inverted residual (Sandler et al. 2018, "MobileNetV2", figure 3) as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hilbench.ir.attrs import Bottleneck, attributes
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.opdef import OPS, OpDef
from hilbench.ir.region import Region, Window
from hilbench.ir.sliding import window_region

POINT = Window(1)
"""The window of a convolution that works pixel by pixel."""


def parts(op: Op, graph: Graph) -> Graph:
    """The three convolutions as operators of a graph of their own."""
    attrs, (x, *constants) = attributes(op, Bottleneck), op.inputs
    first, second = (tensor.name for tensor in attrs.maps)
    ops = (
        Op("CONV_2D", (x, *constants[:2]), (first,), attrs.expand, op.index),
        Op("DEPTHWISE_CONV_2D", (first, *constants[2:4]), (second,), attrs.depthwise, op.index),
        Op("CONV_2D", (second, *constants[4:]), op.outputs, attrs.project, op.index),
    )
    tensors = {**graph.tensors, **{tensor.name: tensor for tensor in attrs.maps}}
    return replace(graph, tensors=tensors, ops=ops, inputs=(str(x),), outputs=op.outputs)


class InvertedBottleneck(OpDef):
    """What the three convolutions compute one after the other."""

    kind = "BOTTLENECK"
    attrs = Bottleneck

    def infer(self, op: Op, graph: Graph) -> list[tuple[tuple[int, ...], DType]]:
        """What the last one writes."""
        attrs = attributes(op, Bottleneck)
        if len(op.inputs) != 7:
            raise ValueError(f"{len(op.inputs)} inputs; right: the map, and weights and bias of three convolutions")
        if any((each.y, each.x) != (POINT, POINT) for each in (attrs.expand, attrs.project)):
            raise ValueError("a convolution beside the depthwise one has a window of more than a pixel, or strides")
        if attrs.depthwise.multiplier != 1:
            raise ValueError(f"a depthwise convolution with multiplier {attrs.depthwise.multiplier}; right: 1")
        return _inferred(op, parts(op, graph))

    def evaluate(self, op: Op, graph: Graph, inputs: Sequence[Array | None]) -> list[Array]:
        """One after the other."""
        inner = parts(op, graph)
        values = dict(zip(op.inputs, inputs, strict=True))
        for each in inner.ops:
            operands = [None if name is None else values[name] for name in each.inputs]
            values |= dict(zip(each.outputs, OPS[each.kind].evaluate(each, inner, operands), strict=True))
        return [values[op.outputs[0]]]  # type: ignore[list-item]

    def macs(self, op: Op, graph: Graph) -> int:
        """Those of the three, every pixel computed once."""
        inner = parts(op, graph)
        return sum(OPS[each.kind].macs(each, inner) for each in inner.ops)

    def input_region(self, op: Op, graph: Graph, which: int, out: Region) -> Region | None:
        """The receptive field of the depthwise convolution."""
        attrs = attributes(op, Bottleneck)
        return None if which else window_region(out, attrs.y, attrs.x, graph[op.present_inputs[0]].shape)


def _inferred(op: Op, inner: Graph) -> list[tuple[tuple[int, ...], DType]]:
    for each in inner.ops:
        found = OPS[each.kind].infer(each, inner)
        (out,) = each.outputs
        if out not in op.outputs and found != [(inner[out].shape, inner[out].dtype)]:
            raise ValueError(f"'{out}' is {inner[out].dtype} {inner[out].shape}; its convolution makes it {found[0]}")
    return found


OPS.add(InvertedBottleneck.kind, InvertedBottleneck())
