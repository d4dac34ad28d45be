"""The flash ledger: weights, code and tables of the model, and the harness. The items add up to the totals.

`flash_index_bytes` are those of the weights' item that say where the weights of sparse layers are.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hilbench.ir.graph import Graph
from hilbench.kernels.catalogue import catalogue
from hilbench.kernels.family import family_of
from hilbench.kernels.sparse import record_bytes
from hilbench.metrics.metric import METRICS, Evidence, Metric
from hilbench.plan.plan import Step
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
    sizes["flash_index_bytes"] = sum(_index_bytes(step, evidence.plan.graph) for step in evidence.plan.steps)
    for metric, size in sizes.items():
        yield Value(metric, size, "B", Provenance.STATIC)


def _index_bytes(step: Step, graph: Graph) -> int:
    """What the arrays of a sparse kernel hold besides weights that are not zero, biases, and requantization."""
    kernel = catalogue().get(str(step.kernel))
    if kernel is None or kernel.contract.weights == "dense":
        return 0
    op = graph.ops[step.op]
    family = family_of(op.kind)
    call = family.calls(op, graph)[0]
    held = [family.array(name, op, graph, call) for name in kernel.contract.arrays if name not in _EPILOGUE]
    weights = graph[str(op.inputs[1])].values
    other = sum(array.nbytes for array in held) - int(np.count_nonzero(weights)) * weights.itemsize
    stream = next((name.removeprefix("sparse_") for name in kernel.contract.arrays if name.startswith("sparse_")), None)
    if stream is None:
        return other
    used = int(weights.reshape(len(weights), -1).any(axis=1).sum())
    return other - record_bytes(stream, len(weights), used, bool(call.arguments.get("staircase")))


_EPILOGUE = ("bias", "multiplier", "shift", "thumb_channels")


_TOTALS = ("flash_index_bytes", "flash_harness_bytes", "flash_model_bytes", "flash_total_bytes")
METRICS.add("flash", Metric(dict.fromkeys((*ITEMS, *_TOTALS), "B"), _flash))
