"""Format `sarif`: SARIF 2.1.0 (OASIS) for code scanning; findings point at the baseline file."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from hilbench import __version__
from hilbench.gate.formats.format import FORMATS, Format
from hilbench.gate.rules import Action
from hilbench.gate.verdict import Finding, Kind, Verdict

_LEVEL = {Action.FAIL: "error", Action.WARN: "warning"}
_SAYS = {
    Kind.WORSE: "A value is worse than in the baseline, beyond its tolerance.",
    Kind.IMPROVED: "A value is better than in the baseline, which no longer holds it.",
    Kind.INCONCLUSIVE: "There are not enough samples to tell.",
    Kind.OVER_BUDGET: "A value breaks its budget.",
    Kind.NEW: "A result or value is not in the baseline.",
    Kind.VANISHED: "A result or value of the baseline is gone.",
    Kind.STATUS: "A result did not end well.",
    Kind.INFRASTRUCTURE: "A tool or target failed; nothing was measured.",
}


def _sarif(verdict: Verdict) -> str:
    rules = [{"id": kind.name.lower(), "shortDescription": {"text": text}} for kind, text in _SAYS.items()]
    driver = {"name": "hilbench", "version": __version__, "rules": rules}
    shown = [finding for finding in verdict.findings if finding.action in _LEVEL]
    run = {"tool": {"driver": driver}, "results": [_result(finding, verdict) for finding in shown]}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _result(finding: Finding, verdict: Verdict) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": verdict.baseline.name}, "region": {"startLine": 1}}
    identity = hashlib.sha256(f"{finding.what} {finding.kind}".encode()).hexdigest()
    return {
        "ruleId": finding.kind.name.lower(),
        "level": _LEVEL[finding.action],
        "message": {"text": "\n".join((f"{finding.what}: {finding.text}", *finding.steps))},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"hilbench/v1": identity},
    }


FORMATS.add("sarif", Format("code scanning", _sarif))
