"""Format `junit`: JUnit XML, which GitLab, Jenkins and Azure read. A suite per result, a case per judged value."""

from __future__ import annotations

from collections import Counter
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from hilbench.gate.formats.format import FORMATS, Format
from hilbench.gate.rules import Action
from hilbench.gate.verdict import Finding, Kind, Verdict


def _junit(verdict: Verdict) -> str:
    root = Element("testsuites", {"name": "hilbench gate", **_counts(verdict.findings)})
    for key in sorted({finding.key for finding in verdict.findings}):
        findings = tuple(finding for finding in verdict.findings if finding.key == key)
        suite = SubElement(root, "testsuite", {"name": str(key), **_counts(findings)})
        for finding in findings:
            _case(suite, finding)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _outcome(finding: Finding) -> str:
    """The element inside a case; "" for one that passed."""
    if finding.kind is Kind.INFRASTRUCTURE:
        return "error"
    if finding.action is Action.FAIL:
        return "failure"
    return "skipped" if finding.kind is Kind.INCONCLUSIVE else ""


def _counts(findings: tuple[Finding, ...]) -> dict[str, str]:
    found = Counter(map(_outcome, findings))
    outcomes = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    return {"tests": str(len(findings))} | {name: str(found[outcome]) for name, outcome in outcomes.items()}


def _case(suite: Element, finding: Finding) -> None:
    name = f"{finding.quantity or 'result'}" + (" budget" if finding.kind is Kind.OVER_BUDGET else "")
    case = SubElement(suite, "testcase", {"classname": ".".join(finding.key), "name": name})
    if outcome := _outcome(finding):
        element = SubElement(case, outcome, {"message": f"{finding.kind}: {finding.text}"})
        element.text = "\n".join(finding.steps)
    else:
        SubElement(case, "system-out").text = finding.text


FORMATS.add("junit", Format("JUnit XML for GitLab, Jenkins and Azure", _junit))
