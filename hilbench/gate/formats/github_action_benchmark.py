"""Format `github-action-benchmark`: its tool `customSmallerIsBetter`; accuracy, where larger is better, is left out."""

from __future__ import annotations

import json

from hilbench.gate.change import HIGHER_IS_BETTER
from hilbench.gate.formats.format import FORMATS, Format
from hilbench.gate.formats.series import points
from hilbench.gate.verdict import Verdict


def _series(verdict: Verdict) -> str:
    entries = [
        {
            "name": f"{point.key}: {point.quantity}",
            "unit": point.unit,
            "value": point.value,
            "range": f"{point.low:g} to {point.high:g}",
        }
        for point in points(verdict)
        if point.quantity.metric not in HIGHER_IS_BETTER
    ]
    return json.dumps(entries, indent=1, ensure_ascii=False) + "\n"


FORMATS.add("github-action-benchmark", Format("github-action-benchmark, tool customSmallerIsBetter", _series))
