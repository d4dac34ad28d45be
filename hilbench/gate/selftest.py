"""The gate's self-test: regressions of known size, put into a copy of a snapshot one at a time, must be caught."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType

from hilbench.gate.change import HIGHER_IS_BETTER, NOISY
from hilbench.gate.judge import judge
from hilbench.gate.rules import Rules
from hilbench.gate.verdict import Kind
from hilbench.results.baseline import Key, Quantity, Result, Snapshot
from hilbench.results.schema import Provenance, Status
from hilbench.stats import samples_needed

BEYOND = 2.0
"""A noisy value is made worse by this many times its tolerance."""


@dataclass(frozen=True)
class Injection:
    """One regression that was put in. `caught`: the gate failed for exactly this value. `blind`: too few samples."""

    key: Key
    quantity: Quantity
    size: str
    caught: bool
    blind: bool


@dataclass(frozen=True)
class SelfTest:
    """What became of the injections, and whether an unchanged copy passed."""

    unchanged_passes: bool
    injections: tuple[Injection, ...]

    @property
    def missed(self) -> tuple[Injection, ...]:
        """Regressions that the gate would have let through."""
        return tuple(injection for injection in self.injections if not injection.caught)

    @property
    def ok(self) -> bool:
        """All caught, at least one, and no false alarm."""
        return self.unchanged_passes and bool(self.injections) and not self.missed


def self_test(snapshot: Snapshot, rules: Rules) -> SelfTest:
    """Inject a regression into every value that `rules` judge."""
    passes = not judge(snapshot, snapshot, rules).of(Kind.WORSE)
    return SelfTest(passes, tuple(_injections(snapshot, rules)))


def _injections(snapshot: Snapshot, rules: Rules) -> Iterator[Injection]:
    for result in snapshot.results.values():
        if result.status is not Status.OK:
            continue
        # Budgets are absolute and have nothing to do with a change: they stay out of this.
        alone = Snapshot(snapshot.name, {result.key: result})
        for quantity in sorted(result.samples):
            tolerance = rules.tolerance(result.key, quantity)
            if tolerance is not None:
                yield _inject(alone, result, quantity, tolerance, rules)


def _inject(alone: Snapshot, result: Result, quantity: Quantity, tolerance: float, rules: Rules) -> Injection:
    samples = result.samples[quantity]
    worse, size = _worse(quantity, samples, tolerance)
    changed = replace(result, samples={**result.samples, quantity: worse})
    verdict = judge(alone, replace(alone, results={result.key: changed}), rules.model_copy(update={"budget": ()}))
    caught = [finding.quantity for finding in verdict.of(Kind.WORSE)] == [quantity]
    blind = quantity.provenance in NOISY and len(samples) < samples_needed(rules.confidence)
    return Injection(result.key, quantity, size, caught, blind)


def _worse(quantity: Quantity, samples: tuple[float, ...], tolerance: float) -> tuple[tuple[float, ...], str]:
    """The least that must be caught: one unit of an exact value beyond what is tolerated, a share of a noisy one."""
    cost = -1 if quantity.metric in HIGHER_IS_BETTER else 1
    if quantity.provenance in NOISY:
        pct = cost * BEYOND * tolerance
        return tuple(sample * (1 + pct / 100) for sample in samples), f"{pct:+g} %"
    # One wrong answer among many changes a share by less than one: a ten-thousandth stands for it.
    unit = 1.0 if all(float(sample).is_integer() and abs(sample) > 1 for sample in samples) else 1e-4
    step = unit + abs(max(samples, key=abs)) * tolerance / 100
    return tuple(sample + cost * step for sample in samples), f"{cost * step:+g}"


EXAMPLE = Snapshot(
    "example",
    MappingProxyType(
        {
            (key := Key("example", "example", "board", "int8")): Result(
                key,
                Status.OK,
                samples={
                    Quantity("instructions", Provenance.COUNTED): (7_844_789.0,),
                    Quantity("sram_total_bytes", Provenance.STATIC): (24_788.0,),
                    Quantity("accuracy", Provenance.COUNTED): (0.918,),
                    Quantity("latency_ms", Provenance.MEASURED): (94.981, 94.983, 94.979, 94.982, 94.990, 94.980),
                },
            )
        }
    ),
)
"""For a self-test without a run: every kind of value that is judged, with the spread that boards show."""
