"""The flash ledger: weights, code and tables of the model, and the harness. The items add up to the totals."""

from __future__ import annotations

from collections.abc import Iterator

from hilbench.metrics.metric import METRICS, Evidence, Metric
from hilbench.results.schema import Provenance, Value

ITEMS = ("flash_weights_bytes", "flash_code_bytes", "flash_tables_bytes")
"""What `flash_model_bytes` is the sum of; with `flash_harness_bytes` they are `flash_total_bytes`."""


def _flash(evidence: Evidence) -> Iterator[Value]:
    ledger = evidence.ledger
    if ledger is None:
        return
    sizes = dict(zip(ITEMS, (ledger.flash_weights, ledger.flash_model_code, ledger.flash_model_tables), strict=True))
    model = sum(sizes.values())
    sizes |= {"flash_harness_bytes": ledger.flash_harness, "flash_model_bytes": model}
    sizes["flash_total_bytes"] = model + ledger.flash_harness
    for metric, size in sizes.items():
        yield Value(metric, size, "B", Provenance.STATIC)


_TOTALS = ("flash_harness_bytes", "flash_model_bytes", "flash_total_bytes")
METRICS.add("flash", Metric(dict.fromkeys((*ITEMS, *_TOTALS), "B"), _flash))
