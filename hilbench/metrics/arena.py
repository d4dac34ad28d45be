"""Metrics of the arena: planned size, touched high-water mark, lower bound, and bytes live in each step."""

from __future__ import annotations

from collections.abc import Iterator

from hilbench.metrics.metric import METRICS, Evidence, Metric
from hilbench.results.schema import Provenance, Value


def _arena(evidence: Evidence) -> Iterator[Value]:
    plan, mark = evidence.plan, evidence.watermarks.get("arena")
    planned = plan.arena_bytes
    disagree = f"planned {planned}, touched {mark.used}" if mark is not None and mark.used != planned else ""
    yield Value("arena_bytes", planned, "B", Provenance.STATIC, detail=disagree)
    yield Value("arena_lower_bound_bytes", plan.lower_bound_bytes, "B", Provenance.STATIC)
    for step in plan.steps:
        yield Value("live_bytes", step.live_bytes, "B", Provenance.STATIC, step=step.name)
    if mark is not None and evidence.provenance is not None:
        yield Value("arena_bytes", mark.used, "B", evidence.provenance, detail=disagree)


METRICS.add("arena", Metric({"arena_bytes": "B", "arena_lower_bound_bytes": "B", "live_bytes": "B"}, _arena))
