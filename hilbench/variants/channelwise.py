"""Inverted residuals that run as one operator, a few channels at a time, in the place of three convolutions.

The wide maps inside then never exist, neither whole nor in rings: the first convolution runs again for each tile of the
output, for the pixels that it reads (BOTTLENECK). Rings move to its narrow input.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from hilbench.ir.attrs import Bottleneck, Conv2D, DepthwiseConv2D
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, Op
from hilbench.ir.opdef import OPS
from hilbench.ir.ops.bottleneck import POINT, parts
from hilbench.variants.demand import Ints, Raster, spans


def inverted(graph: Graph) -> Iterator[int]:
    """Positions of the first of three operators that could run as one."""
    for position in range(len(graph.ops) - 2):
        if _convolutions(graph.ops[position : position + 3], graph):
            yield position


def _convolutions(ops: tuple[Op, ...], graph: Graph) -> bool:
    expand, depthwise, project = (op.attrs for op in ops)
    if not isinstance(expand, Conv2D) or not isinstance(depthwise, DepthwiseConv2D) or not isinstance(project, Conv2D):
        return False
    plain = all((each.y, each.x) == (POINT, POINT) for each in (expand, project)) and depthwise.multiplier == 1
    return plain and all(_reads_only(*pair, graph) for pair in zip((None, *ops), ops, strict=False))


def _reads_only(before: Op | None, op: Op, graph: Graph) -> bool:
    """Whether an operator, of dense int8 weights without groups, is all that reads what the one before it writes."""
    x, weights = graph[op.present_inputs[0]], graph[op.present_inputs[1]]
    grouped = op.kind == "CONV_2D" and weights.shape[3] != x.shape[3]
    if x.dtype != DType.INT8 or x.shape[0] != 1 or weights.storage != "dense" or grouped:
        return False
    return before is None or (
        before.outputs == (x.name,) and len(graph.consumers[x.name]) == 1 and x.name not in graph.outputs
    )


def as_one(graph: Graph, position: int) -> Graph:
    """The graph with three operators from `position` on run as one."""
    ops = graph.ops[position : position + 3]
    expand, depthwise, project = (op.attrs for op in ops)
    assert isinstance(expand, Conv2D) and isinstance(depthwise, DepthwiseConv2D) and isinstance(project, Conv2D)
    maps = (graph[ops[0].outputs[0]], graph[ops[1].outputs[0]])
    attrs = Bottleneck(expand, depthwise, project, maps)
    inputs = (ops[0].inputs[0], *(name for op in ops for name in (*op.inputs[1:], None)[:2]))
    one = replace(ops[0], kind="BOTTLENECK", inputs=inputs, outputs=ops[2].outputs, attrs=attrs)
    gone = {tensor.name for tensor in maps}
    tensors = {name: tensor for name, tensor in graph.tensors.items() if name not in gone}
    return replace(graph, ops=(*graph.ops[:position], one, *graph.ops[position + 3 :]), tensors=tensors)


def expand_macs(op: Op, graph: Graph) -> int:
    """Multiply-accumulates of the first convolution of a BOTTLENECK, every pixel computed once; 0 of others."""
    if op.kind != "BOTTLENECK":
        return 0
    inner = parts(op, graph)
    return OPS[inner.ops[0].kind].macs(inner.ops[0], inner)


def expanded(op: Op, graph: Graph, own: Raster, pieces: int) -> Ints:
    """How often each pixel of its input, [row, column], a BOTTLENECK expands to write the first so many pieces."""
    _, rows, cols, _ = graph[str(op.inputs[0])].shape
    tall, wide = spans(op, graph, 0, own)
    full, rest = divmod(pieces, own.across)
    found = np.outer(_times(tall[:full], rows), _times(wide, cols))
    return found + np.outer(_times(tall[full : full + 1], rows), _times(wide[:rest], cols))


def _times(spans: Ints, size: int) -> Ints:
    """In how many of the spans each of `size` places lies."""
    begun = np.bincount(spans[:, 0], minlength=size + 1) - np.bincount(spans[:, 1], minlength=size + 1)
    return np.cumsum(begun)[:size]
