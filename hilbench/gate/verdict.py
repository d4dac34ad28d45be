"""The verdict of a gate: what was found, each finding with the rule that judged it, and the exit code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from hilbench.errors import ExitCode
from hilbench.gate.rules import Action
from hilbench.results.baseline import Key, Quantity, Snapshot


class Kind(StrEnum):
    """What happened to a value or a result."""

    SAME = "same"
    WORSE = "worse"
    IMPROVED = "improved"
    INCONCLUSIVE = "inconclusive"
    OVER_BUDGET = "over budget"
    NEW = "new"
    VANISHED = "vanished"
    STATUS = "status"
    INFRASTRUCTURE = "infrastructure"


@dataclass(frozen=True)
class Finding:
    """One judgement. `quantity` is None where it is about a result as a whole; `text` says it to a person.

    `change_pct` is the change in per cent of the baseline, positive for larger; None where there is none to state.
    `steps` names where most of it comes from.
    """

    key: Key
    kind: Kind
    action: Action
    text: str
    quantity: Quantity | None = None
    before: float | None = None
    after: float | None = None
    unit: str = ""
    change_pct: float | None = None
    steps: tuple[str, ...] = ()
    exit_code: int = 0

    @property
    def what(self) -> str:
        """The result and the value that it is about."""
        return f"{self.key}" + (f": {self.quantity}" if self.quantity else "")


@dataclass(frozen=True)
class Verdict:
    """All findings, the worst first. `crossed` are the conditions that differ and were allowed to."""

    baseline: Snapshot
    current: Snapshot
    findings: tuple[Finding, ...]
    crossed: tuple[str, ...] = ()

    def of(self, *kinds: Kind) -> tuple[Finding, ...]:
        """Findings of some kinds."""
        return tuple(finding for finding in self.findings if finding.kind in kinds)

    @property
    def failures(self) -> tuple[Finding, ...]:
        """What the gate fails for."""
        return tuple(finding for finding in self.findings if finding.action is Action.FAIL)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What is said without failing."""
        return tuple(finding for finding in self.findings if finding.action is Action.WARN)

    @property
    def regressions(self) -> tuple[Finding, ...]:
        """Failures that are not the fault of tools or targets."""
        return tuple(finding for finding in self.failures if finding.kind is not Kind.INFRASTRUCTURE)

    @property
    def exit_code(self) -> ExitCode:
        """1 for a regression, and for nothing else; the code of the failure where only infrastructure failed."""
        if self.regressions:
            return ExitCode.GATE_FAILED
        codes = [finding.exit_code for finding in self.of(Kind.INFRASTRUCTURE)]
        return ExitCode(max(codes)) if codes else ExitCode.OK

    @property
    def headline(self) -> str:
        """One line."""
        judged = f"{len(self.current.results)} results against {self.baseline.name}"
        if self.regressions:
            return f"FAILED: {_count(self.regressions, 'regression')}, {judged}"
        if self.exit_code:
            return f"NO VERDICT: {_count(self.of(Kind.INFRASTRUCTURE), 'result')} could not be measured, {judged}"
        return f"passed: {judged}" + (f", {_count(self.warnings, 'warning')}" if self.warnings else "")


def _count(findings: Sequence[Finding], noun: str) -> str:
    return f"{len(findings)} {noun}" + ("" if len(findings) == 1 else "s")
