"""What changed between two snapshots, and by how much: the common ground of `compare` and the gate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from hilbench.errors import ConfigError
from hilbench.results.baseline import Key, Quantity, Result, Snapshot
from hilbench.results.schema import Provenance
from hilbench.stats import shift

HIGHER_IS_BETTER = frozenset({"accuracy"})
"""Every other metric is a cost."""

NOISY = (Provenance.MEASURED, Provenance.WALLCLOCK)


@dataclass(frozen=True)
class Change:
    """From `before` to `after`: `pct` per cent of the former, which lies between `low` and `high`.

    Exact values have low = pct = high. Noisy ones with too few samples for any evidence have None for both.
    """

    before: float
    after: float
    pct: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Difference:
    """A change with what it is a change of."""

    key: Key
    quantity: Quantity
    unit: str
    change: Change


def change(quantity: Quantity, before: Sequence[float], after: Sequence[float], confidence: float) -> Change:
    """Exact values change by what they change by; noisy ones by an estimate, with its confidence interval."""
    if quantity.provenance not in NOISY or min(*before, *after) <= 0:
        # Repeats of an exact value agree; where they do not, the worst of them counts.
        worst = min if quantity.metric in HIGHER_IS_BETTER else max
        old, new = worst(before), worst(after)
        pct = percent(old, new)
        return Change(old, new, pct, pct, pct)
    old, new = median(before), median(after)
    found = shift(before, after, confidence)
    if found is None:
        return Change(old, new, percent(old, new), None, None)
    pct, low, high = (100 * (ratio - 1) for ratio in (found.ratio, found.low, found.high))
    return Change(old, new, pct, low, high)


def percent(before: float, after: float) -> float:
    """Change in per cent of `before`; from 0 to something it is infinite."""
    if before == after:
        return 0.0
    return 100 * (after - before) / abs(before) if before else float("inf") if after > 0 else float("-inf")


def differences(before: Snapshot, after: Snapshot, confidence: float) -> list[Difference]:
    """Every value that both have and that changed, the largest relative change first; totals before their steps."""
    common = sorted(before.results.keys() & after.results.keys())
    found = [d for key in common for d in _of_result(before.results[key], after.results[key], confidence)]
    found.sort(key=lambda d: (bool(d.quantity.step), -abs(d.change.pct), d.key, d.quantity))
    return found


def _of_result(before: Result, after: Result, confidence: float) -> Iterator[Difference]:
    for quantity in sorted(before.samples.keys() & after.samples.keys()):
        found = change(quantity, before.samples[quantity], after.samples[quantity], confidence)
        if found.pct:
            yield Difference(after.key, quantity, after.units.get(quantity.metric, ""), found)


def check_conditions(before: Snapshot, after: Snapshot, across: Sequence[str]) -> tuple[str, ...]:
    """The conditions that differ between results of the same name, as text.

    Raises:
        ConfigError: one differs that is not in `across`, or the two have no result in common.
    """
    common = sorted(before.results.keys() & after.results.keys())
    if not common:
        what = f"no result in common: {_listed(before)} there, {_listed(after)} here"
        raise ConfigError(what, where=before.name, right="the same models, boards, targets and variants")
    differing: dict[str, str] = {}
    for key in common:
        old, new = before.results[key].conditions, after.results[key].conditions
        # Results that never got to the compiler or the target state fewer conditions.
        for name in old.keys() & new.keys():
            if old[name] != new[name]:
                differing.setdefault(name, f"{name}: {old[name]} before, {new[name]} now ({key})")
    refused = sorted(set(differing) - set(across))
    if refused:
        what = "taken under other conditions, not comparable:\n  " + "\n  ".join(differing[name] for name in refused)
        allow = " ".join(f"--across {name}" for name in refused)
        raise ConfigError(what, where=before.name, right=f"make a new baseline, or compare all the same with {allow}")
    return tuple(differing[name] for name in sorted(differing))


def _listed(snapshot: Snapshot) -> str:
    keys = [str(key) for key in sorted(snapshot.results)]
    return "; ".join(keys[:2]) + (f" and {len(keys) - 2} more" if len(keys) > 2 else "")
