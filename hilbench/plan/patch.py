"""What a schedule computes: multiply-accumulates of every operator, halos and strips counted."""

from __future__ import annotations

from collections.abc import Callable

from hilbench.ir.graph import Graph
from hilbench.plan.lifetime import stage_ops
from hilbench.variants.bands import banded_macs
from hilbench.variants.schedule import Patches, Rolling, Schedule, Spans
from hilbench.variants.strips import rolled_macs


def executed_macs(graph: Graph, schedule: Schedule, whole: tuple[int, ...]) -> tuple[int, ...]:
    """Multiply-accumulates that each step of the schedule executes; `whole[p]` is `op_macs` of operator p."""
    return _macs(graph, schedule, whole, once=False)


def needed_macs(graph: Graph, schedule: Schedule, whole: tuple[int, ...]) -> int:
    """Those of `executed_macs` that compute something for the first time: every pixel counts once."""
    found = _macs(graph, schedule, whole, once=True)
    order = (graph.ops[op] for stage in schedule.stages for op in stage_ops(stage))
    return sum(macs for macs, op in zip(found, order, strict=True) if not op.again)


def _macs(graph: Graph, schedule: Schedule, whole: tuple[int, ...], *, once: bool) -> tuple[int, ...]:
    found: list[int] = []
    for stage in schedule.stages:
        if isinstance(stage, Rolling):
            found += rolled_macs(graph, stage, whole, once=once)
        elif isinstance(stage, Patches):
            count = _joined if once else _summed
            found += [_patched(graph, stage, op, whole[op], count) if whole[op] else 0 for op in stage.ops]
        else:
            op = graph.ops[stage.op]
            found.append(banded_macs(op, graph, stage.rows, once=once) if op.kind == "BOTTLENECK" else whole[stage.op])
    return tuple(found)


Count = Callable[[tuple[Spans, ...], str], int]


def _patched(graph: Graph, stage: Patches, position: int, macs: int, count: Count) -> int:
    """Each output pixel costs the same; a patch computes those that its region holds."""
    out = graph.ops[position].outputs[0]
    _, rows, cols, _ = graph[out].shape
    return macs * count(stage.rows, out) * count(stage.cols, out) // (rows * cols)


def _summed(spans: tuple[Spans, ...], name: str) -> int:
    return sum(span[name][1] - span[name][0] for span in spans)


def _joined(spans: tuple[Spans, ...], name: str) -> int:
    return len({at for span in spans for at in range(*span[name])})
