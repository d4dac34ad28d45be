"""Format `openmetrics`: GitLab's metrics report, Prometheus' text format (openmetrics.io, version 1.0)."""

from __future__ import annotations

from itertools import groupby

from hilbench.gate.formats.format import FORMATS, Format
from hilbench.gate.formats.series import Point, points
from hilbench.gate.verdict import Verdict


def _openmetrics(verdict: Verdict) -> str:
    lines = []
    by_metric = sorted(points(verdict), key=lambda point: point.quantity.metric)
    for metric, group in groupby(by_metric, key=lambda point: point.quantity.metric):
        lines += [f"# TYPE hilbench_{metric} gauge", *map(_line, group)]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _line(point: Point) -> str:
    labels = {**point.key._asdict(), "provenance": point.quantity.provenance.value}
    said = ",".join(f'{name}="{_escape(text)}"' for name, text in labels.items())
    return f"hilbench_{point.quantity.metric}{{{said}}} {point.value:.15g}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


FORMATS.add("openmetrics", Format("GitLab's metrics report, Prometheus", _openmetrics))
