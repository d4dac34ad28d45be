"""A plan's schedule in a few words, for rows and headers."""

from __future__ import annotations

from hilbench.plan.plan import Plan
from hilbench.variants.schedule import Patches


def describe_schedule(plan: Plan) -> str:
    """What runs patch by patch, or that everything runs layer by layer."""
    stages = [stage for stage in plan.schedule.stages if isinstance(stage, Patches)]
    if not stages:
        return "layer by layer"
    return "; ".join(_patched(plan, stage) for stage in stages)


def _patched(plan: Plan, stage: Patches) -> str:
    rows, cols = stage.grid
    last = plan.graph.ops[stage.ops[-1]]
    return f"operators 0 to {last.index} ({last.kind}) in {rows}x{cols} patches, the rest layer by layer"
