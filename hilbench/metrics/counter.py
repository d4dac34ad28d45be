"""What the target's counter gives, per step and in total: instructions under emulation, cycles and time on a board."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hilbench.metrics.metric import METRICS, Evidence, Metric
from hilbench.results.schema import Value
from hilbench.targets.target import StepSample

_METRIC = {"icount": "instructions", "dwt": "cycles", "systick": "cycles"}
OVERHEAD = "overhead"
"""Step name of what runs between the steps; steps and overhead add up to the total."""


def _counts(evidence: Evidence) -> Iterator[Value]:
    metric = _METRIC.get(evidence.hello.counter)
    if metric is None or evidence.provenance is None or evidence.profiles:
        return  # the block profile says the same, exactly
    for repeat, samples in enumerate(evidence.samples):
        total, kind = sum(sample.ticks for sample in samples), evidence.provenance
        how = f"counter {evidence.hello.counter}{_clock(evidence)}, {'cold' if repeat == 0 else 'warm'}"
        how += _stand_in(evidence)
        yield Value(metric, total, metric, kind, repeat=repeat, detail=how)
        for name, ticks in _by_step(evidence, samples):
            yield Value(metric, ticks, metric, kind, step=name, repeat=repeat, detail=how)
        if metric == "cycles":
            yield Value("latency_ms", 1e3 * total / evidence.hello.clock_hz, "ms", kind, repeat=repeat, detail=how)


def _clock(evidence: Evidence) -> str:
    """The clock that the chip says it runs at; under emulation it means nothing."""
    hello = evidence.hello
    return "" if hello.counter == "icount" else f" at {hello.clock_hz / 1e6:g} MHz"


def _stand_in(evidence: Evidence) -> str:
    """A counter that was simulated says so in every row."""
    simulator = evidence.hello.simulator
    return f", simulated by {simulator}" if simulator else ""


def _by_step(evidence: Evidence, samples: Sequence[StepSample]) -> Iterator[tuple[str, int]]:
    for sample in samples:
        yield (OVERHEAD if sample.step < 0 else evidence.plan.steps[sample.step].name), sample.ticks


_UNITS = {"instructions": "instructions", "cycles": "cycles", "latency_ms": "ms"}
METRICS.add("counter", Metric(_UNITS, _counts, timing=True))
