"""Judging a snapshot against a baseline: pairs of values go in, findings come out."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from hilbench.errors import ConfigError, one_of
from hilbench.gate.change import HIGHER_IS_BETTER, Change, change, check_conditions
from hilbench.gate.rules import OPERATORS, Action, Budget, Rules, parse_budget
from hilbench.gate.verdict import Finding, Kind, Verdict
from hilbench.results.baseline import Key, Quantity, Result, Snapshot
from hilbench.results.schema import Status
from hilbench.stats import samples_needed

STEPS_NAMED = 3
_ORDER = {Action.FAIL: 0, Action.WARN: 1, Action.IGNORE: 2}


def judge(baseline: Snapshot, current: Snapshot, rules: Rules) -> Verdict:
    """The verdict on `current`.

    Raises:
        ConfigError: the two cannot be compared: no result in common, conditions that differ and may not, or a budget
            for a metric that no result has.
    """
    crossed = check_conditions(baseline, current, rules.across)
    findings = [*_results(baseline, current, rules), *_budgets(current, rules)]
    findings.sort(
        key=lambda f: (_ORDER[f.action], f.kind, -round(abs(f.change_pct or 0), 6), f.key, f.quantity or ("",))
    )
    return Verdict(baseline, current, tuple(findings), crossed)


def _results(baseline: Snapshot, current: Snapshot, rules: Rules) -> Iterator[Finding]:
    for key in sorted(baseline.results.keys() | current.results.keys()):
        before, after = baseline.results.get(key), current.results.get(key)
        if after is None:
            yield Finding(key, Kind.VANISHED, rules.vanished, "was measured in the baseline, and is no longer there")
        elif before is None:
            yield Finding(key, Kind.NEW, rules.new, f"not in the baseline ({after.status}); make a new baseline")
            yield from _status(None, after, rules)
        else:
            yield from _status(before, after, rules)
            yield from _values(before, after, rules)


def _status(before: Result | None, after: Result, rules: Rules) -> Iterator[Finding]:
    """A wrong output is judged always; the other bad ends only where the baseline ended otherwise."""
    if after.status is Status.OK:
        if before is not None and before.status is not Status.OK:
            yield Finding(after.key, Kind.IMPROVED, rules.improved, f"is ok, was {before.status}; make a new baseline")
        return
    text = f"{after.status}: {after.detail}" if after.detail else str(after.status)
    if after.status is Status.FAILED:
        yield Finding(after.key, Kind.INFRASTRUCTURE, Action.FAIL, text, exit_code=after.exit_code or 3)
        return
    known = before is None or before.status in (after.status, Status.FAILED)
    action = getattr(rules, after.status.value)
    if known and after.status is not Status.MISMATCH:
        action = Action.IGNORE
    yield Finding(after.key, Kind.STATUS, action, text)


def _values(before: Result, after: Result, rules: Rules) -> Iterator[Finding]:
    if after.status is not Status.OK or before.status is not Status.OK:
        return
    for quantity in sorted(before.samples.keys() | after.samples.keys()):
        tolerance = rules.tolerance(after.key, quantity)
        if tolerance is None:
            continue
        if quantity not in after.samples:
            yield Finding(after.key, Kind.VANISHED, rules.vanished, "is no longer measured", quantity)
        elif quantity not in before.samples:
            yield Finding(after.key, Kind.NEW, rules.new, "is not in the baseline; make a new one", quantity)
        else:
            yield _value(before, after, quantity, tolerance, rules)


def _value(before: Result, after: Result, quantity: Quantity, tolerance: float, rules: Rules) -> Finding:
    found = change(quantity, before.samples[quantity], after.samples[quantity], rules.confidence)
    kind = _kind(found, tolerance, -1 if quantity.metric in HIGHER_IS_BETTER else 1)
    action = {
        Kind.WORSE: Action.FAIL,
        Kind.IMPROVED: rules.improved,
        Kind.INCONCLUSIVE: rules.inconclusive,
        Kind.SAME: Action.IGNORE,
    }[kind]
    unit = after.units.get(quantity.metric, "")
    steps = _where(before, after, quantity) if kind in (Kind.WORSE, Kind.IMPROVED) else ()
    text = _text(found, kind, tolerance, rules)
    return Finding(after.key, kind, action, text, quantity, found.before, found.after, unit, found.pct, steps)


def _kind(change: Change, tolerance: float, cost: int) -> Kind:
    """`cost` is 1 where larger is worse, -1 where it is better. Beyond the tolerance means all of the interval is."""
    if change.low is None or change.high is None:
        return Kind.INCONCLUSIVE
    worst, best = sorted((cost * change.low, cost * change.high), reverse=True)
    if best > tolerance:
        return Kind.WORSE
    if worst < -tolerance:
        return Kind.IMPROVED
    return Kind.INCONCLUSIVE if cost * change.pct > tolerance else Kind.SAME


def _text(change: Change, kind: Kind, tolerance: float, rules: Rules) -> str:
    if change.low is None:
        return (
            f"not enough samples for {rules.confidence:.0%} confidence: {samples_needed(rules.confidence)} on each side"
        )
    band = "" if change.low == change.high else f" ({change.low:+.3f} to {change.high:+.3f} %)"
    said = f"{change.before:,.6g} → {change.after:,.6g}" if band else f"{change.before:,.9g} → {change.after:,.9g}"
    advice = {
        Kind.WORSE: f", beyond the tolerance of {tolerance:g} %",
        Kind.IMPROVED: "; make a new baseline to hold it",
        Kind.INCONCLUSIVE: f", perhaps beyond the tolerance of {tolerance:g} %: more repeats would tell",
    }.get(kind, "")
    return f"{said}, {change.pct:+.3f} %{band}{advice}"


def _where(before: Result, after: Result, quantity: Quantity) -> tuple[str, ...]:
    """The steps that changed most, in the direction of the total or against it."""
    changes: list[tuple[float, str]] = []
    for step in {q.step for q in (*before.samples, *after.samples) if q.step}:
        at = quantity._replace(step=step)
        old, new = (median(r.samples.get(at, (0.0,))) for r in (before, after))
        if old != new:
            changes.append((new - old, step))
    changes.sort(key=lambda change: (-abs(change[0]), change[1]))
    return tuple(f"{step} {amount:+,.9g}" for amount, step in changes[:STEPS_NAMED])


def _budgets(current: Snapshot, rules: Rules) -> Iterator[Finding]:
    for budget in (*rules.budget, *(Budget(require=text) for text in current.budgets)):
        metric, relation, limit = parse_budget(budget.require)
        known = {q.metric for r in current.results.values() for q in r.samples if not q.step}
        # A misspelt metric must not pass in silence; where nothing at all was measured, that is said elsewhere.
        if known and metric not in known:
            raise ConfigError(one_of("metric", metric, known), where=f"budget '{budget.require}'")
        selected = [result for key, result in sorted(current.results.items()) if budget.selects(key)]
        if known and not any(_is_about(budget, metric, q) for result in selected for q in result.samples):
            place = Key(budget.model, budget.board, budget.target, budget.variant)
            text = f"the budget '{budget.require}' found no value to hold"
            yield Finding(place, Kind.INCONCLUSIVE, rules.inconclusive, text)
        for result in selected:
            yield from _held(result, budget, (metric, relation, limit), rules)


def _is_about(budget: Budget, metric: str, quantity: Quantity) -> bool:
    wanted = budget.provenance in ("*", quantity.provenance)
    return wanted and quantity.metric == metric and not quantity.step


def _held(result: Result, budget: Budget, limit: tuple[str, str, float], rules: Rules) -> Iterator[Finding]:
    metric, relation, bound = limit
    for quantity, samples in sorted(result.samples.items()):
        if not _is_about(budget, metric, quantity):
            continue
        value = (max if relation.startswith("<") else min)(samples)
        slack = value * result.error_pct(quantity) / 100
        held = {OPERATORS[relation](value + sign * slack, bound) for sign in (-1, 1)}
        if held == {True}:
            continue
        kind, action = (Kind.INCONCLUSIVE, rules.inconclusive) if True in held else (Kind.OVER_BUDGET, Action.FAIL)
        band = f" ± {result.error_pct(quantity):g} %" if slack else ""
        text = f"{value:,.9g}{band}, budget: {budget.require}"
        yield Finding(result.key, kind, action, text, quantity, bound, value, result.units.get(metric, ""))
