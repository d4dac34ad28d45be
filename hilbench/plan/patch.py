"""What a schedule computes: multiply-accumulates of every operator, halos and strips counted."""

from __future__ import annotations

from hilbench.ir.graph import Graph
from hilbench.plan.lifetime import stage_ops
from hilbench.variants.schedule import Patches, Rolling, Schedule, Spans
from hilbench.variants.strips import rolled_macs


def executed_macs(graph: Graph, schedule: Schedule, whole: tuple[int, ...]) -> tuple[int, ...]:
    """Multiply-accumulates that each step of the schedule executes; `whole[p]` is `op_macs` of operator p."""
    found: list[int] = []
    for stage in schedule.stages:
        if isinstance(stage, Rolling):
            found += rolled_macs(graph, stage, whole)
            continue
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
