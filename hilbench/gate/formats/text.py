"""Format `text`: for a terminal and a CI log."""

from __future__ import annotations

from hilbench.gate.formats.format import FORMATS, Format
from hilbench.gate.rules import Action
from hilbench.gate.verdict import Finding, Verdict

_LABEL = {Action.FAIL: "FAIL", Action.WARN: "warn"}


def _text(verdict: Verdict) -> str:
    lines = [verdict.headline]
    lines += [f"conditions differ, as allowed: {crossed}" for crossed in verdict.crossed]
    lines += [line for f in verdict.findings if f.action is not Action.IGNORE for line in _lines(f)]
    return "\n".join(lines) + "\n"


def _lines(finding: Finding) -> list[str]:
    first = f"{_LABEL[finding.action]}  {finding.what}\n      {finding.kind}: {finding.text}"
    return [first, *(f"      in {step}" for step in finding.steps)]


FORMATS.add("text", Format("a terminal or a CI log", _text))
