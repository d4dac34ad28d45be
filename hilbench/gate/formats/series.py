"""The current values of a verdict as the tools that draw series want them: one name, one number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from hilbench.gate.verdict import Verdict
from hilbench.results.baseline import Key, Quantity
from hilbench.results.schema import Status


@dataclass(frozen=True)
class Point:
    """One whole-model value: the median of its repeats, the least and the largest of them."""

    key: Key
    quantity: Quantity
    unit: str
    value: float
    low: float
    high: float


def points(verdict: Verdict) -> Iterator[Point]:
    """Values of the whole model of every result that is ok, sorted."""
    for key, result in sorted(verdict.current.results.items()):
        if result.status is not Status.OK:
            continue
        for quantity, samples in sorted(result.samples.items()):
            if not quantity.step and not quantity.metric.endswith("_error_pct"):
                unit = result.units.get(quantity.metric, "")
                yield Point(key, quantity, unit, median(samples), min(samples), max(samples))
