"""The flash ledger: weights, code and tables of the model, and the harness."""

from __future__ import annotations

from collections.abc import Iterator

from hilbench.metrics.metric import METRICS, Evidence, Metric
from hilbench.results.schema import Provenance, Value


def _flash(evidence: Evidence) -> Iterator[Value]:
    ledger = evidence.ledger
    if ledger is None:
        return
    items = {
        "weights": ledger.flash_weights,
        "code": ledger.flash_model_code,
        "tables": ledger.flash_model_tables,
    }
    model = sum(items.values())
    split = ", ".join(f"{name} {size}" for name, size in items.items())
    yield Value("flash_model_bytes", model, "B", Provenance.STATIC, detail=split)
    total = model + ledger.flash_harness
    yield Value("flash_total_bytes", total, "B", Provenance.STATIC, detail=f"harness {ledger.flash_harness}")


METRICS.add("flash", Metric({"flash_model_bytes": "B", "flash_total_bytes": "B"}, _flash))
