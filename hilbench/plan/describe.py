"""A plan's schedule in a few words, for rows and headers."""

from __future__ import annotations

from hilbench.plan.plan import Plan
from hilbench.variants.schedule import Layer, Patches, Rolling


def describe_schedule(plan: Plan) -> str:
    """What runs patch by patch or rolls, or that everything runs layer by layer."""
    stages = [stage for stage in plan.schedule.stages if not isinstance(stage, Layer)]
    if not stages:
        return "layer by layer"
    texts = [_patched(plan, stage) if isinstance(stage, Patches) else _rolled(plan, stage) for stage in stages]
    return "; ".join(texts) + "; the rest layer by layer"


def _patched(plan: Plan, stage: Patches) -> str:
    rows, cols = stage.grid
    last = plan.graph.ops[stage.ops[-1]]
    return f"operators 0 to {last.index} ({last.kind}) in {rows}x{cols} patches"


def _rolled(plan: Plan, stage: Rolling) -> str:
    first, last = plan.graph.ops[stage.ops[0]], plan.graph.ops[stage.ops[-1]]
    pieces, strips = max(stage.pieces.values()), len(stage.strips)
    how = f"{pieces} pixel{'s' * (pieces > 1)} at a time" + f", in {strips} strips" * (strips > 1)
    return f"operators {first.index} to {last.index} ({last.kind}) rolling, {how}"
