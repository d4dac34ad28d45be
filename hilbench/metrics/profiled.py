"""What the block profile gives, per step and in total: instructions (counted), cycles and time (modelled)."""

from __future__ import annotations

from collections.abc import Iterator

from hilbench.metrics.counter import OVERHEAD
from hilbench.metrics.metric import METRICS, Evidence, Metric
from hilbench.profile import Priced, Profile, price
from hilbench.profile.price import executed
from hilbench.results.schema import Provenance, Value


def _profiled(evidence: Evidence) -> Iterator[Value]:
    for repeat, profile in enumerate(evidence.profiles):
        how = f"block profile, {'cold' if repeat == 0 else 'warm'}"
        yield from _instructions(evidence, profile, repeat, how)
        if evidence.board.timing is not None:
            yield from _cycles(evidence, price(profile, evidence.board.timing), repeat, how)


def _instructions(evidence: Evidence, profile: Profile, repeat: int, how: str) -> Iterator[Value]:
    counts = {section.step: executed(section.blocks) for section in profile.sections}
    total = sum(counts.values())
    yield Value("instructions", total, "instructions", Provenance.COUNTED, repeat=repeat, detail=how)
    for step, count in counts.items():
        name = _name(evidence, step)
        yield Value("instructions", count, "instructions", Provenance.COUNTED, name, repeat, how)


def _cycles(evidence: Evidence, priced: Priced, repeat: int, how: str) -> Iterator[Value]:
    board, kind = evidence.board, Provenance.MODELLED
    assert board.timing is not None
    band = _band(priced, how)
    milliseconds = 1e3 * priced.cycles / board.clock.hz[board.timing.clock]
    macs = evidence.plan.macs + evidence.plan.extra_macs
    yield Value("cycles", priced.cycles, "cycles", kind, repeat=repeat, detail=band)
    yield Value("latency_ms", milliseconds, "ms", kind, repeat=repeat, detail=band)
    yield Value("cycles_error_pct", priced.error_pct, "%", kind, repeat=repeat, detail=band)
    if macs:
        yield Value("cycles_per_mac", priced.cycles / macs, "cycles/MAC", kind, repeat=repeat, detail=band)
    for section in priced.sections:
        name, text = _name(evidence, section.step), _band(section, how)
        yield Value("cycles", section.cycles, "cycles", kind, name, repeat, text)
        if section.step >= 0 and (step_macs := evidence.plan.steps[section.step].macs):
            yield Value("cycles_per_mac", section.cycles / step_macs, "cycles/MAC", kind, name, repeat, text)


def _name(evidence: Evidence, step: int) -> str:
    return OVERHEAD if step < 0 else evidence.plan.steps[step].name


def _band(priced: Priced, how: str) -> str:
    return "; ".join((f"±{priced.error_pct:g} %, {how}", *priced.warnings))


_UNITS = {
    "instructions": "instructions", "cycles": "cycles", "latency_ms": "ms", "cycles_error_pct": "%",
    "cycles_per_mac": "cycles/MAC",
}  # fmt: skip
METRICS.add("profiled", Metric(_UNITS, _profiled, timing=True))
