"""Format `bencher`: Bencher Metric Format, adapter `json` (bencher.dev, "Bencher Metric Format")."""

from __future__ import annotations

import json

from hilbench.gate.formats.format import FORMATS, Format
from hilbench.gate.formats.series import points
from hilbench.gate.verdict import Verdict


def _bencher(verdict: Verdict) -> str:
    benchmarks: dict[str, dict[str, dict[str, float]]] = {}
    for point in points(verdict):
        measures = benchmarks.setdefault(str(point.key), {})
        name = f"{point.quantity.metric}-{point.quantity.provenance}"
        measures[name] = {"value": point.value, "lower_value": point.low, "upper_value": point.high}
    return json.dumps(benchmarks, indent=1, ensure_ascii=False) + "\n"


FORMATS.add("bencher", Format("Bencher, adapter json", _bencher))
