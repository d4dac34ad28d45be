"""Which channels of an operator's inputs and output belong together: what may be removed only in company.

The channels of a tensor are the places along its last axis. An operator is one of three: it mixes channels (every
output channel reads every input channel, through weights), it goes channel by channel, or neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from hilbench.ir.attrs import Concat, DepthwiseConv2D, Mean, Pad, Transpose, attributes
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, Op

Places = NDArray[np.int64]

Links = list[tuple[str, Places, Places]]
"""(input, input channels, output channels): pairs of channels of which neither can be without the other."""


def channels(graph: Graph, tensor: str) -> int:
    """Number of channels; a scalar has one."""
    return graph[tensor].shape[-1] if graph[tensor].shape else 1


def mixes(op: Op, graph: Graph) -> bool:
    """Whether it is a convolution of one group, or fully connected over whole pixels, in int8."""
    if op.kind not in ("CONV_2D", "FULLY_CONNECTED") or graph[op.outputs[0]].dtype != DType.INT8:
        return False
    x, w = graph[str(op.inputs[0])], graph[str(op.inputs[1])]
    return w.shape[-1] == x.shape[-1] or (op.kind == "FULLY_CONNECTED" and w.shape[-1] % x.shape[-1] == 0)


def links(op: Op, graph: Graph) -> Links | None:
    """The pairs of an operator that goes channel by channel; None for one that does not."""
    if graph[op.outputs[0]].dtype != DType.INT8 or op.kind not in _LINKS:
        return None
    return _LINKS[op.kind](op, graph)


def _same(op: Op, graph: Graph) -> Links | None:
    """Output channel c is made of channel c of every input; constants are sliced, and need no pairs."""
    count = np.arange(channels(graph, op.outputs[0]))
    inputs = [name for name in op.present_inputs if graph[name].data is None]
    if any(channels(graph, name) != len(count) for name in inputs):
        return None
    return [(name, count, count) for name in inputs]


def _depthwise(op: Op, graph: Graph) -> Links | None:
    outputs = np.arange(channels(graph, op.outputs[0]))
    return [(str(op.inputs[0]), outputs // attributes(op, DepthwiseConv2D).multiplier, outputs)]


def _mean(op: Op, graph: Graph) -> Links | None:
    last = len(graph[op.present_inputs[0]].shape) - 1
    return None if last in attributes(op, Mean).axes else _same(op, graph)


def _pad(op: Op, graph: Graph) -> Links | None:
    return _same(op, graph) if attributes(op, Pad).pads[-1] == (0, 0) else None


def _transpose(op: Op, graph: Graph) -> Links | None:
    perm = attributes(op, Transpose).perm
    return _same(op, graph) if perm[-1] == len(perm) - 1 else None


def _reshape(op: Op, graph: Graph) -> Links | None:
    """A last axis that holds several whole pixels repeats their channels."""
    inputs, outputs = channels(graph, op.present_inputs[0]), channels(graph, op.outputs[0])
    if outputs % inputs:
        return None
    places = np.arange(outputs)
    return [(op.present_inputs[0], places % inputs, places)]


def _concatenation(op: Op, graph: Graph) -> Links | None:
    if any(graph[name].data is not None for name in op.present_inputs):
        return None
    if attributes(op, Concat).axis != len(graph[op.outputs[0]].shape) - 1:
        return _same(op, graph)
    found, start = [], 0
    for name in op.present_inputs:
        places = np.arange(channels(graph, name))
        found.append((name, places, places + start))
        start += len(places)
    return found


_LINKS: Mapping[str, Callable[[Op, Graph], Links | None]] = {
    "DEPTHWISE_CONV_2D": _depthwise,
    "MEAN": _mean,
    "PAD": _pad,
    "TRANSPOSE": _transpose,
    "RESHAPE": _reshape,
    "CONCATENATION": _concatenation,
    "ADD": _same,
    "SUB": _same,
    "MUL": _same,
    "AVERAGE_POOL_2D": _same,
    "MAX_POOL_2D": _same,
    "RELU": _same,
    "RELU6": _same,
    "LOGISTIC": _same,
    "QUANTIZE": _same,
    "RESIZE_NEAREST_NEIGHBOR": _same,
}
