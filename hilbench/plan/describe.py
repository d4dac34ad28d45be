"""A plan's schedule in a few words, for rows and headers."""

from __future__ import annotations

from hilbench.plan.plan import Plan
from hilbench.variants.schedule import Layer, Patches, Rolling, Stage


def describe_schedule(plan: Plan) -> str:
    """What runs patch by patch, rolls, or in bands of rows, or that everything runs layer by layer."""
    stages = [stage for stage in plan.schedule.stages if not isinstance(stage, Layer) or stage.rows]
    if not stages:
        return "layer by layer"
    return "; ".join(_described(plan, stage) for stage in stages) + "; the rest layer by layer"


def _described(plan: Plan, stage: Stage) -> str:
    if isinstance(stage, Layer):
        op = plan.graph.ops[stage.op]
        return f"operators from {op.index} on as one ({op.kind}), {stage.rows} row{'s' * (stage.rows > 1)} at a time"
    return _patched(plan, stage) if isinstance(stage, Patches) else _rolled(plan, stage)


def _patched(plan: Plan, stage: Patches) -> str:
    rows, cols = stage.grid
    last = plan.graph.ops[stage.ops[-1]]
    return f"operators 0 to {last.index} ({last.kind}) in {rows}x{cols} patches"


def _rolled(plan: Plan, stage: Rolling) -> str:
    first, last = plan.graph.ops[stage.ops[0]], plan.graph.ops[stage.ops[-1]]
    pieces, strips = max(stage.pieces.values()), len(stage.strips)
    how = f"{pieces} pixel{'s' * (pieces > 1)} at a time" + f", in {strips} strips" * (strips > 1)
    return f"operators {first.index} to {last.index} ({last.kind}) rolling, {how}"
