"""The SRAM ledger: static, arena and stack, model and harness apart, predicted next to measured."""

from __future__ import annotations

from collections.abc import Iterator

from hilbench.metrics.metric import METRICS, Evidence, Metric
from hilbench.results.schema import Provenance, Value

_UNITS = dict.fromkeys(("static_ram_bytes", "stack_bytes", "sram_model_bytes", "sram_total_bytes"), "B")


def _sram(evidence: Evidence) -> Iterator[Value]:
    ledger = evidence.ledger
    if ledger is None:
        return
    static = ledger.static_model + ledger.static_harness
    split = f"model {ledger.static_model}, harness {ledger.static_harness}"
    yield Value("static_ram_bytes", static, "B", Provenance.STATIC, detail=split)
    yield from _sums(evidence, Provenance.STATIC, evidence.plan.arena_bytes, ledger.stack_bound)
    arena, stack = evidence.watermarks.get("arena"), evidence.watermarks.get("stack")
    if arena is not None and stack is not None and evidence.provenance is not None:
        yield from _sums(evidence, evidence.provenance, arena.used, stack.used)


def _sums(evidence: Evidence, provenance: Provenance, arena: int, stack: int) -> Iterator[Value]:
    """The ledger's totals for one way of knowing arena and stack; static RAM is the same in both."""
    ledger = evidence.ledger
    assert ledger is not None
    above = stack > ledger.stack_bound
    note = f"above the compiler's bound of {ledger.stack_bound}" if above else ""
    model = ledger.static_model + arena + stack
    yield Value("stack_bytes", stack, "B", provenance, detail=note)
    yield Value("sram_model_bytes", model, "B", provenance)
    yield Value("sram_total_bytes", model + ledger.static_harness, "B", provenance)


METRICS.add("sram", Metric(_UNITS, _sram))
