"""Metric `scratch_bytes`: per step the working space of its kernel, which the row names."""

from __future__ import annotations

from collections.abc import Iterator

from hilbench.metrics.metric import METRICS, Evidence, Metric
from hilbench.results.schema import Provenance, Value


def _kernels(evidence: Evidence) -> Iterator[Value]:
    plan = evidence.plan
    sizes = {buffer.name: buffer.size for buffer in plan.buffers if buffer.kind == "scratch"}
    for step in plan.steps:
        if step.kernel is not None:
            size = sizes[step.scratch] if step.scratch else 0
            yield Value("scratch_bytes", size, "B", Provenance.STATIC, step=step.name, detail=step.kernel)


METRICS.add("kernel", Metric({"scratch_bytes": "B"}, _kernels))
