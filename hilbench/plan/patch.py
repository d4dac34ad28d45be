"""What a schedule computes: multiply-accumulates of every operator, zeros of sparse weights left out, halos counted."""

from __future__ import annotations

import numpy as np

from hilbench.ir.graph import Graph, Op
from hilbench.ir.opdef import OPS
from hilbench.plan.lifetime import stage_ops
from hilbench.variants.schedule import Patches, Schedule, Spans


def op_macs(op: Op, graph: Graph) -> int:
    """Multiply-accumulates of one operator run whole; of weights stored sparse only those that are not zero count."""
    macs = OPS[op.kind].macs(op, graph)
    weights = graph[op.inputs[1]] if macs and len(op.inputs) > 1 and op.inputs[1] is not None else None
    if weights is None or weights.data is None or weights.storage == "dense":
        return macs
    zero = weights.quant.zero_point[0] if weights.quant else 0
    return macs * int(np.count_nonzero(weights.data != zero)) // weights.elements


def executed_macs(graph: Graph, schedule: Schedule, whole: tuple[int, ...]) -> tuple[int, ...]:
    """Multiply-accumulates that each step of the schedule executes; `whole[p]` is `op_macs` of operator p."""
    found: list[int] = []
    for stage in schedule.stages:
        for position in stage_ops(stage):
            macs = whole[position]
            if macs and isinstance(stage, Patches):
                macs = _patched(graph, stage, graph.ops[position].outputs[0], macs)
            found.append(macs)
    return tuple(found)


def _patched(graph: Graph, stage: Patches, out: str, macs: int) -> int:
    """Each output pixel costs the same; a patch computes those that its region holds."""
    _, rows, cols, _ = graph[out].shape
    return macs * _summed(stage.rows, out) * _summed(stage.cols, out) // (rows * cols)


def _summed(spans: tuple[Spans, ...], name: str) -> int:
    return sum(span[name][1] - span[name][0] for span in spans)
