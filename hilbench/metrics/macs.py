"""Metrics `macs` and `extra_macs`: multiply-accumulates executed, and those of them that compute something again.

Again is what the halos of patches, the columns that strips share and operators that run twice add. Every tap of a
window counts, on padding too, as is the custom in the field.
"""

from __future__ import annotations

from collections.abc import Iterator

from hilbench.metrics.metric import METRICS, Evidence, Metric
from hilbench.results.schema import Provenance, Value


def _macs(evidence: Evidence) -> Iterator[Value]:
    plan = evidence.plan
    executed = plan.macs + plan.extra_macs
    yield Value("macs", executed, "MACs", Provenance.STATIC)
    yield Value("extra_macs", plan.extra_macs, "MACs", Provenance.STATIC, detail=_share(plan.extra_macs, plan.macs))
    for step in plan.steps:
        yield Value("macs", step.macs, "MACs", Provenance.STATIC, step=step.name)


def _share(extra: int, needed: int) -> str:
    return f"{100 * extra / needed:.1f} % of the {needed:,} needed" if extra and needed else ""


METRICS.add("macs", Metric({"macs": "MACs", "extra_macs": "MACs"}, _macs))
