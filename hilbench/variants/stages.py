"""What a rolling stage needs in bytes besides tensors that exist whole."""

from __future__ import annotations

import numpy as np

from hilbench.ir.graph import Graph, Op
from hilbench.variants.demand import Ints, Raster, spans, sums
from hilbench.variants.schedule import Overlap, Rolling
from hilbench.variants.strips import rasters

STATE_BYTES = 12
"""What the firmware keeps per map of a rolling stage: where it is, and what was asked of it (`hb_roll.h`)."""

SUM_BYTES = 4
"""A sum over a map: int32 or float32."""

ALIGNMENT = 4
"""Every arena offset is a multiple of this many bytes: the widest access of a kernel (int32, float32)."""

VIEWS = frozenset({"RESHAPE"})
"""Operators whose output is their input's bytes under another shape: nothing is executed."""


def aligned(size: int) -> int:
    """`size` in bytes, rounded up to the alignment of the arena."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def gathered(op: Op, graph: Graph, which: int, own: Raster) -> int:
    """Bytes of the window that is put together of a ring for a kernel that cannot read views that turn; 0 where it is
    never more than a row."""
    tensor = graph[str(op.inputs[which])]
    tall, wide = (int((part[:, 1] - part[:, 0]).max()) for part in spans(op, graph, which, own))
    return aligned(tall * wide * tensor.shape[3] * tensor.dtype.size) if tall > 1 else 0


def across(wide: Ints, source: Raster, ring: int) -> int:
    """Pixels of a ring that are read across its end, at most, in runs of columns `wide` (first, stop) of its rows."""
    rows = np.arange(source.rows)[:, None] * source.pitch
    stop = (rows + wide[None, :, 0] - source.first) % ring + wide[None, :, 1] - wide[None, :, 0]
    return max(int(stop.max()) - ring, 0)


def stage_gathers(graph: Graph, stage: Rolling, op: Op) -> dict[str, int]:
    """Bytes of the windows of the rings that an operator of a rolling stage reads, where its kernel needs them put
    together."""
    found: dict[str, int] = {}
    for strip in stage.strips:
        maps = rasters(graph, stage.pieces, strip)
        for which, name in enumerate(op.inputs):
            if name is not None and name in stage.rings:
                size = gathered(op, graph, which, maps[op.outputs[0]])
                found[name] = max(found.get(name, 0), size)
    return {name: size for name, size in found.items() if size}


def ring_inputs(op: Op, stage: Rolling) -> tuple[str, ...]:
    """Inputs of an operator that are written in pieces while its stage runs, each once."""
    return tuple(dict.fromkeys(name for name in op.present_inputs if name in stage.pieces))


def sum_bytes(graph: Graph, stage: Rolling) -> int:
    """Bytes of the sums, one per channel, where the last operator of a stage averages a whole map."""
    last = graph.ops[stage.ops[-1]]
    return SUM_BYTES * graph[str(last.inputs[0])].shape[3] if sums(last, graph) else 0


def saved(graph: Graph, overlap: Overlap | None) -> int:
    """Bytes that input and output of a stage need less together than apart."""
    if overlap is None:
        return 0
    above, below = aligned(graph[overlap.input].nbytes), aligned(graph[overlap.output].nbytes)
    return above + below - max(above + overlap.lead, below)


def ring_bytes(graph: Graph, name: str, pixels: int) -> int:
    """Bytes of a ring of so many pixels."""
    return aligned(pixels * graph[name].shape[3] * graph[name].dtype.size)
