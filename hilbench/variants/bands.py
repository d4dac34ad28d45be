"""Inverted residuals as one operator, run whole: so many rows of the output at a time, written over what was read."""

from __future__ import annotations

from hilbench.ir.attrs import Bottleneck, attributes
from hilbench.ir.graph import Graph, Op
from hilbench.ir.opdef import OPS
from hilbench.variants.channelwise import expand_macs
from hilbench.variants.demand import reads
from hilbench.variants.stages import aligned


def bands(op: Op, graph: Graph, rows: int) -> list[tuple[int, int]]:
    """Rows of its input that a BOTTLENECK reads for so many rows of its output at a time (0: all of them)."""
    window, (_, height, _, _) = attributes(op, Bottleneck).y, graph[op.outputs[0]].shape
    size = graph[op.present_inputs[0]].shape[1]
    starts = range(0, height, rows or height)
    return [reads(window, start, min(start + (rows or height), height), size) for start in starts]


def banded_macs(op: Op, graph: Graph, rows: int, *, once: bool = False) -> int:
    """Multiply-accumulates of a BOTTLENECK in such bands; with `once` those of pixels expanded again left out."""
    (_, tall, wide, _), (_, _, cols, _) = graph[op.present_inputs[0]].shape, graph[op.outputs[0]].shape
    first, last = reads(attributes(op, Bottleneck).x, 0, cols, wide)
    read = [range(*band) for band in bands(op, graph, rows)]
    height = len({row for band in read for row in band}) if once else sum(map(len, read))
    inside = expand_macs(op, graph)
    return OPS[op.kind].macs(op, graph) - inside + inside * height * (last - first) // (tall * wide)


def band_heights(op: Op, graph: Graph) -> list[int]:
    """Rows of the output at a time worth trying: of those with as many bands only the least."""
    height = graph[op.outputs[0]].shape[1]
    return sorted({-(-height // count) for count in range(1, height + 1)})


def band_lead(op: Op, graph: Graph, rows: int) -> int:
    """Bytes by which the output has to begin before the input, so that no band is written on what later ones read."""
    x, y = graph[op.present_inputs[0]], graph[op.outputs[0]]
    unread = [first * x.shape[2] * x.shape[3] for first, _ in bands(op, graph, rows)[1:]]
    written = [(band + 1) * rows * y.shape[2] * y.shape[3] for band in range(len(unread))]
    ahead = (ends - begins for ends, begins in zip([*written, y.nbytes], [*unread, x.nbytes], strict=True))
    return max(aligned(max(ahead)), 0)
