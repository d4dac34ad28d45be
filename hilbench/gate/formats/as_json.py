"""Format `json`: everything that the gate found, for other programs."""

from __future__ import annotations

import json
import math
from typing import Any

from hilbench.gate.formats.format import FORMATS, Format
from hilbench.gate.verdict import Finding, Verdict

FORMAT_VERSION = 1


def _json(verdict: Verdict) -> str:
    raw = {
        "format": "hilbench verdict",
        "version": FORMAT_VERSION,
        "exit_code": int(verdict.exit_code),
        "headline": verdict.headline,
        "baseline": verdict.baseline.name,
        "current": verdict.current.name,
        "conditions_crossed": list(verdict.crossed),
        "findings": [_plain(finding) for finding in verdict.findings],
    }
    return json.dumps(raw, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(finding: Finding) -> dict[str, Any]:
    quantity = finding.quantity._asdict() if finding.quantity else {"metric": "", "provenance": "", "step": ""}
    endless = finding.change_pct is not None and math.isinf(finding.change_pct)
    return {
        **finding.key._asdict(),
        **quantity,
        "kind": finding.kind.value,
        "action": finding.action.value,
        "before": finding.before,
        "after": finding.after,
        "unit": finding.unit,
        "change_pct": None if endless else finding.change_pct,
        "steps": list(finding.steps),
        "text": finding.text,
    }


FORMATS.add("json", Format("other programs", _json))
